/* Templates as people write them, with the values of entries as directories and tables have them. */
#include "mapping.h"

#include "fold.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW 1795169700 /* 2026-11-20T10:15:00Z */

/* Bytes with NULs in them need their length. */
#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
#define GUID BYTES("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f")

static const struct {
	const char *name;
	struct str values[4];
	size_t count;
} attributes[] = {
	{"cn", {BYTES("Jane Doe")}, 1},
	{"givenName", {BYTES("Jane")}, 1},
	{"sn", {BYTES(" Doe ")}, 1},
	{"mail", {BYTES("J.Doe@Example.org")}, 1},
	{"empty", {BYTES("")}, 1},
	{"blank", {BYTES(" \t"), BYTES("")}, 2},
	{"some", {BYTES(""), BYTES("a"), BYTES(" "), BYTES("b")}, 4},
	{"proxyAddresses",
	 {BYTES("smtp:j.doe@example.org"), BYTES("SMTP:jane@example.org"), BYTES("X500:/o=x"),
	  BYTES("plain@example.org")},
	 4},
	{"odd",
	 {BYTES("Smtp: a@example.org "), BYTES("SMTP:"), BYTES("sip:b"), BYTES(":c")},
	 4},
	{"objectGUID", {GUID}, 1},
	{"guid", {BYTES("{03020100-0504-0706-0809-0A0B0C0D0E0F}")}, 1},
	{"broken", {BYTES("03020100-0504-0706-0809_0a0b0c0d0e0f")}, 1},
	{"uac", {BYTES("514")}, 1},
	{"enabled", {BYTES("512")}, 1},
	{"groupType", {BYTES("-2147483646")}, 1},
	{"never", {BYTES("9223372036854775807")}, 1},
	{"zero", {BYTES("0")}, 1},
	/* 2026-11-20T10:15:00Z, and a second later. */
	{"past", {BYTES("134396433000000000")}, 1},
	{"soon", {BYTES("134396433010000000")}, 1},
	{"dn", {BYTES("CN=Doe\\, Jane,OU=Staff,DC=example,DC=org")}, 1},
	{"phones", {BYTES("020 1234567"), BYTES("06 12345678")}, 2},
	{"list", {BYTES("a@x; b@x;;c@x\n| d,x ")}, 1},
	{"status", {BYTES(" Actief ")}, 1},
	{"umlaut", {BYTES("Ärzte")}, 1},
	{"aaa", {BYTES("aaaa")}, 1},
	{"days", {BYTES("31-12-2026"), BYTES(" 1.2.2027 00:00:00"), BYTES("31122026")}, 3},
	{"baddays",
	 {BYTES("31-02-2026"), BYTES("1-2-26"), BYTES("soon"), BYTES("12-31-2026")},
	 4},
	{"E-mail: work", {BYTES("w")}, 1},
};
#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static void number(struct template *template)
{
	for (size_t i = 0; i < template->part_count; i++) {
		for (size_t j = 0; j < template->parts[i].choice_count; j++) {
			struct template_choice *choice = &template->parts[i].choices[j];
			unsigned slot = 0;

			while (slot < ATTRIBUTES &&
			       !fold_same(choice->attribute, str_of(attributes[slot].name)))
				slot++;
			choice->slot = slot; /* the one past the last has no values */
		}
	}
}

/* The values, and what the notes say, each in a line of its own. */
static void map(struct mapping_work *work, const char *text, struct buf *out)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct values entry[ATTRIBUTES + 1] = {0}, values;
	struct template template;
	struct err err = ERR_INIT;
	size_t at;

	for (size_t i = 0; i < ATTRIBUTES; i++)
		entry[i] = (struct values){attributes[i].values, attributes[i].count};
	if (template_parse(&arena, str_of(text), &template, &at, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	number(&template);
	arena_reset(&work->arena);
	work->note_count = 0;
	values = mapping_values(work, &template, entry);
	for (size_t i = 0; i < values.count; i++)
		buf_addf(out, "%s%.*s", i ? "\n" : "", STR_FMT(values.items[i]));
	for (size_t i = 0; i < work->note_count; i++)
		buf_addf(out, "!%.*s %s", STR_FMT(work->notes[i].value),
			 work->notes[i].problem);
}

static void values(void **state)
{
	static const struct {
		const char *template, *expected;
	} cases[] = {
		{"", ""},
		{"Cardiology", "Cardiology"},
		{" ", ""},
		{"{cn}", "Jane Doe"},
		{"{CN}", "Jane Doe"},
		{"{'E-MAIL: WORK'}", "w"},
		{"{missing}", ""},
		{"{empty}", ""},
		{"{blank}", ""},
		{"{some}", "a\nb"},
		{"{missing|blank|cn}", "Jane Doe"},
		{"{givenName} {sn}", "Jane  Doe "},
		{"{givenName} {missing} {sn}", ""},
		{"{givenName} {missing|}{sn}", "Jane  Doe "},
		{"{missing|}", ""},
		{"x{some}y", "xay\nxby"},
		{"{cn}: {some}", "Jane Doe: a"},
		{"{{{givenName}}}", "{Jane}"},
		{"{mail:lower}", "j.doe@example.org"},
		{"{umlaut:lower}", "ärzte"},
		{"{umlaut:upper}", "ÄRZTE"},
		{"{sn:trim}", "Doe"},
		{"{some:first}", "a"},
		{"{mail:local:lower}", "j.doe"},
		{"{mail:domain}", "Example.org"},
		{"{cn:domain}", ""},
		{"{cn:domain|mail:domain}", "Example.org"},
		{"{proxyAddresses:smtp}", "jane@example.org"},
		{"{proxyAddresses:smtp_aliases}", "j.doe@example.org\nplain@example.org"},
		{"{odd:smtp}", ""},
		{"{odd:smtp|mail}", "J.Doe@Example.org"},
		{"{odd:smtp_aliases}", "a@example.org"},
		{"{objectGUID:guid}", "03020100-0504-0706-0809-0a0b0c0d0e0f"},
		{"{objectGUID:guid:upper}", "03020100-0504-0706-0809-0A0B0C0D0E0F"},
		{"{objectGUID:base64}", "AAECAwQFBgcICQoLDA0ODw=="},
		{"{objectGUID:hex}", "000102030405060708090a0b0c0d0e0f"},
		{"{guid:guid}", "03020100-0504-0706-0809-0a0b0c0d0e0f"},
		{"{guid:guid_bytes:base64}", "AAECAwQFBgcICQoLDA0ODw=="},
		{"{broken:guid}", "!03020100-0504-0706-0809_0a0b0c0d0e0f is no GUID"},
		{"{cn:guid_bytes|mail:text}", "J.Doe@Example.org!Jane Doe is no GUID"},
		{"{enabled:ad_enabled}", "true"},
		{"{uac:ad_enabled}", "false"},
		{"{cn:ad_enabled}", "!Jane Doe is no whole number"},
		{"{groupType:bit(31)}", "true"},
		{"{groupType:bit(1)}", "true"},
		{"{groupType:bit(2)}", "false"},
		{"{uac:bit(1):not}", "false"},
		{"{cn:not}", "!Jane Doe is neither true nor false"},
		{"{never:ad_unexpired}", "true"},
		{"{zero:ad_unexpired}", "true"},
		{"{past:ad_unexpired}", "false"},
		{"{soon:ad_unexpired}", "true"},
		{"{cn:ad_unexpired}", "!Jane Doe is no time as Active Directory writes it"},
		{"{dn:dn_rdn}", "Doe, Jane"},
		{"{cn:dn_rdn}", "!Jane Doe is no distinguished name"},
		{"{phones:mobile(NL)}",
		 "+31612345678!020 1234567 is no mobile number, which a code could be sent to"},
		{"{list:split}", "a@x\nb@x\nc@x\nd\nx"},
		{"{list:split(;)}", "a@x\nb@x\nc@x\n| d,x"},
		{"{list:split('; ')}", "a@x\nb@x;;c@x\n| d,x"},
		{"{cn:replace(' ',.)}", "Jane.Doe"},
		{"{cn:replace(Jane,'')}", " Doe"},
		{"{aaa:replace(aa,b)}", "bb"},
		{"{aaa:replace(aaa,b)}", "ba"},
		{"{aaa:replace(x,b)}", "aaaa"},
		{"{aaa:replace(a,'')}", ""},
		{"{status:is(actief,active)}", "true"},
		{"{status:is(inactief)}", "false"},
		{"{umlaut:is(ÄRZTE)}", "true"},
		{"{missing:is(x)}", ""},
		{"{days:date(DMY)}", "2026-12-31\n2027-02-01\n2026-12-31"},
		{"{baddays:date(DMY)}",
		 "!31-02-2026 is no date that can be read!1-2-26 is no date that can be read"
		 "!soon is no date that can be read!12-31-2026 is no date that can be read"},
	};
	struct mapping_work work = {.now = NOW};
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&text);
		buf_puts(&text, "");
		map(&work, cases[i].template, &text);
		if (!str_is(buf_str(&text), cases[i].expected))
			fail_msg("'%s': '%.*s', not '%s'", cases[i].template,
				 STR_FMT(buf_str(&text)), cases[i].expected);
	}
	buf_release(&text);
	arena_release(&work.arena);
}

static void many_notes(void **state)
{
	struct mapping_work work = {.now = NOW};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct str numbers[MAPPING_NOTES_MAX + 4];
	struct values entry = {numbers, sizeof(numbers) / sizeof(numbers[0])};
	struct template template;
	struct err err;
	size_t at;

	(void)state;
	for (size_t i = 0; i < entry.count; i++)
		numbers[i] = STR("x");
	assert_int_equal(template_parse(&arena, STR("{a:mobile(NL)}"), &template, &at, &err),
			 0);
	assert_int_equal(mapping_values(&work, &template, &entry).count, 0);
	assert_int_equal(work.note_count, MAPPING_NOTES_MAX);
	arena_release(&work.arena);
}

static void truths(void **state)
{
	static const struct {
		const char *text;
		int truth; /* -1: neither */
	} cases[] = {
		{"true", 1},  {"TRUE", 1},   {" yes ", 1},    {"1", 1},   {"Enabled", 1},
		{"false", 0}, {"No", 0},     {"inactive", 0}, {"0", 0},   {"off", 0},
		{"", -1},     {"maybe", -1}, {"2", -1},       {"ja", -1}, {"truely", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool truth;
		bool known = mapping_bool(str_of(cases[i].text), &truth);

		if ((known ? truth : -1) != cases[i].truth)
			fail_msg("'%s'", cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(many_notes),
		cmocka_unit_test(truths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
