/* Rules as a configuration has them, over entries with attributes. */
#include "filter.h"

#include "config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CONFIG                                                        \
	"zsctl: 1\norganization: example.org\n"                       \
	"target: {provider: file, path: t.json}\n"                    \
	"sources:\n  - name: a\n    provider: csv\n    path: a.csv\n" \
	"    users:\n      map: {address: \"{mail}\", name: \"{cn}\"}\n"

/* One entry; slots are mail, cn, then what the rules name. */
static const struct {
	const char *name;
	struct values values;
} attributes[] = {
	{"mail", {(const struct str[]){{"jane@example.org", 16}}, 1}},
	{"cn", {(const struct str[]){{"Jane Doe", 8}}, 1}},
	{"department", {(const struct str[]){{" Care ", 6}, {"Ärzte", 6}}, 2}},
	{"dn", {(const struct str[]){{"CN=Jane\\, D,OU=Staff,DC=Example,DC=org", 38}}, 1}},
	{"odd", {(const struct str[]){{"no name", 7}}, 1}},
	{"empty", {NULL, 0}},
	{"blank", {(const struct str[]){{"", 0}}, 1}},
};
#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static void load(struct config *config, const char *rules)
{
	struct diags diags = DIAGS_INIT;
	struct buf text = BUF_INIT;

	buf_puts(&text, CONFIG);
	buf_puts(&text, rules);
	if (config_parse(config, "zsctl.yaml", buf_str(&text), &diags) < 0)
		fail_msg("%s: %.*s", rules, STR_FMT(diags.items[0].message));
	buf_release(&text);
	diags_release(&diags);
}

/* The values by slot. */
static void find_values(const struct config_section *section, struct values *values)
{
	for (size_t i = 0; i < section->attribute_count; i++) {
		for (size_t j = 0; j < ATTRIBUTES; j++) {
			if (str_is(section->attributes[i], attributes[j].name))
				values[i] = attributes[j].values;
		}
	}
}

static void judges(void **state)
{
	static const struct {
		const char *rules, *expected;
	} cases[] = {
		{"", "in"},
		{"      include: []\n", "in"},
		{"      include: [{attribute: department, values: [Cure, Care]}]\n",
		 "in: department is 'cure' or 'care'; care"},
		{"      include: [{attribute: department, values: ärzte}]\n",
		 "in: department is 'ärzte'; ärzte"},
		{"      include: [{attribute: department, values: Ca}]\n", "out"},
		{"      include: [{attribute: department, prefix: CA}]\n",
		 "in: department begins with 'ca'; ca"},
		{"      include: [{attribute: department, prefix: [Careful, Cares]}]\n", "out"},
		{"      include: [{attribute: department, matches: [\"?är*\", \"*ZTE\"]}]\n",
		 "in: department is like '?är*' or '*zte'; *zte"},
		{"      include: [{attribute: missing, matches: \"*\"}]\n", "out"},
		{"      include: [{attribute: empty, matches: \"*\"}]\n", "out"},
		{"      include: [{attribute: dn, under: \"ou=STAFF, dc=example, dc=org\"}]\n",
		 "in: dn lies under 'ou=staff,dc=example,dc=org'; ou=staff,dc=example,dc=org"},
		{"      include: [{attribute: dn, under: \"OU=Guests,DC=example,DC=org\"}]\n",
		 "out"},
		{"      include: [{attribute: odd, under: \"DC=org\"}]\n", "out"},
		{"      exclude: [{attribute: department, values: Care}]\n",
		 "out: department is 'care'; care"},
		{"      exclude: [{attribute: department, values: Cure}]\n", "in"},
		{"      include: [{attribute: department, values: Care}]\n"
		 "      exclude: [{attribute: mail, matches: \"*@example.org\"}]\n",
		 "out: mail is like '*@example.org'; *@example.org"},
		{"      include: [{attribute: department, values: x}, {attribute: cn, prefix: j}]\n",
		 "in: cn begins with 'j'; j"},
		{"      include: [{attribute: cn, values: [a, b, c, d, jane doe]}]\n",
		 "in: cn is 'a' or 'b' or 'c' or one of 2 more; jane doe"},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct values values[16] = {0};
		const struct filter_entry entry = {.values = values};
		const struct config_section *section;
		struct filter_verdict verdict;
		struct config config;

		load(&config, cases[i].rules);
		section = &config.sources[0].sections[KIND_USER];
		find_values(section, values);
		verdict = filter_judge(section, &entry, &arena);
		buf_clear(&text);
		buf_puts(&text, verdict.in ? "in" : "out");
		if (verdict.rule) {
			buf_puts(&text, ": ");
			filter_describe(verdict.rule, &text);
			buf_addf(&text, "; %.*s", STR_FMT(verdict.text));
		}
		if (strcmp(text.ptr, cases[i].expected) != 0)
			fail_msg("%s: '%s'", cases[i].rules, text.ptr);
		config_release(&config);
	}
	buf_release(&text);
}

/* Names that differ in case only share a slot. */
static void shares_slots(void **state)
{
	struct config config;
	const struct config_section *section;

	(void)state;
	load(&config,
	     "      include: [{attribute: MAIL, values: x}, {attribute: Cn, values: x}]\n"
	     "      unit: \"{cN|other}\"\n");
	section = &config.sources[0].sections[KIND_USER];
	assert_int_equal(section->attribute_count, 3);
	assert_int_equal(section->include[0].slot, 0);
	assert_int_equal(section->include[1].slot, 1);
	assert_int_equal(section->unit.value.parts[0].choices[0].slot, 1);
	assert_int_equal(section->unit.value.parts[0].choices[1].slot, 2);
	config_release(&config);
}

static bool member_of_first(void *context, const struct config_rule *rule)
{
	*(unsigned *)context += 1;
	return str_is(rule->texts[RULE_MEMBERS_OF].items[0], "staff") && rule->nested;
}

static void asks_for_members(void **state)
{
	struct str groups[] = {STR("guests"), STR("staff")};
	struct config_rule rules[] = {
		{.test = RULE_MEMBERS_OF, .texts[RULE_MEMBERS_OF] = {&groups[0], 1}},
		{.test = RULE_MEMBERS_OF,
		 .texts[RULE_MEMBERS_OF] = {&groups[1], 1},
		 .nested = true},
	};
	const struct config_section section = {.include = rules, .include_count = 2};
	unsigned asked = 0;
	const struct filter_entry entry = {.member_of = member_of_first, .context = &asked};
	const struct filter_entry without = {.member_of = NULL};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct filter_verdict verdict = filter_judge(&section, &entry, &arena);
	struct buf text = BUF_INIT;

	(void)state;
	assert_true(verdict.in);
	assert_ptr_equal(verdict.rule, &rules[1]);
	assert_int_equal(asked, 2);
	filter_describe(verdict.rule, &text);
	assert_string_equal(text.ptr, "member of 'staff'");
	assert_false(filter_judge(&section, &without, &arena).in);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges),
		cmocka_unit_test(shares_slots),
		cmocka_unit_test(asks_for_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
