#include "mapped.h"

#include "base/os.h"
#include "fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TODAY 20777 /* 2026-11-20 */

/* A source whose entries are made here, "NAME=VALUE" for each value. */
#define SOURCE(lines)                                                               \
	"zsctl: 1\norganization: example.org\n"                                     \
	"target: {provider: file, path: target.json}\n"                             \
	"sources:\n  - {name: other, provider: yaml, path: a.yaml}\n  - name: ad\n" \
	"    provider: csv\n    path: all.csv\n    kind: kind\n" lines

struct line {
	const char *name; /* of the entry, as a source calls it */
	enum account_kind kind;
	const char *values[12];
};

struct fixture {
	struct config config;
	struct sym_pool names;
	struct entries entries;
	struct diags diags;
	struct source_input input;
	struct mapped mapped;
	struct arena arena;
};

static void open_fixture(struct fixture *f, const char *configuration)
{
	struct buf found = BUF_INIT;

	*f = (struct fixture){.entries = ENTRIES_INIT, .diags = DIAGS_INIT};
	f->input = (struct source_input){.names = &f->names, .today = TODAY};
	if (config_parse(&f->config, "zsctl.yaml", str_of(configuration), &f->diags) < 0) {
		diags_format(&f->diags, &found);
		fail_msg("%s", found.ptr);
	}
	mapped_begin(&f->mapped, &f->config.sources[1], 1, &f->input, &f->entries, &f->diags);
}

static void close_fixture(struct fixture *f)
{
	entries_release(&f->entries);
	diags_release(&f->diags);
	sym_pool_release(&f->names);
	config_release(&f->config);
	arena_release(&f->arena);
}

static bool add_line(struct fixture *f, const struct line *line, unsigned number)
{
	const struct config_section *section = &f->config.sources[1].sections[line->kind];
	struct values *values = arena_array(&f->arena, struct values,
					    section->attribute_count + 1);
	const struct mapped_entry entry = {.kind = line->kind,
					   .values = values,
					   .name = str_of(line->name),
					   .file = sym_get(&f->names, STR("all.csv")),
					   .line = number};

	for (size_t slot = 0; slot < section->attribute_count; slot++) {
		struct str *items = arena_array(&f->arena, struct str, 12);

		for (size_t i = 0; i < 12 && line->values[i]; i++) {
			struct str value = str_of(line->values[i]), name;

			str_split(&value, '=', &name);
			if (fold_same(name, section->attributes[slot]))
				items[values[slot].count++] = value;
		}
		values[slot].items = items;
	}
	return mapped_add(&f->mapped, &entry);
}

static void add_text(struct buf *out, const char *name, const struct sym *text)
{
	if (text)
		buf_addf(out, " %s=%s", name, text->text);
}

/* What an entry became, on a line. */
static void describe(const struct entry *entry, struct buf *out)
{
	const struct account *account = &entry->account;

	buf_addf(out, "%s %s", kind_names[account->kind],
		 account->address ? account->address->text : "-");
	add_text(out, "name", account->name);
	add_text(out, "mobile", account->mobile);
	if (account->has & ATTR_UNIT)
		buf_addf(out, " unit=%s", account->unit ? account->unit->text : "/");
	if (account->has & ATTR_ALIASES)
		buf_puts(out, " aliases=");
	for (uint32_t i = 0; i < account->aliases.count; i++)
		buf_addf(out, "%s%s", i ? "," : "", account->aliases.items[i]->text);
	if (account->has & ATTR_DELEGATES)
		buf_puts(out, " delegates=");
	for (uint32_t i = 0; i < account->delegates.count; i++)
		buf_addf(out, "%s%s", i ? "," : "", account->delegates.items[i].address->text);
	if (entry->key)
		buf_addf(out, " key=%.*s", STR_FMT(entry->key->name));
	buf_puts(out, entry->id_digest ? " id" : "");
	if (account->has & ATTR_ACTIVE)
		buf_puts(out, account->active ? " active" : " inactive");
	add_text(out, "inactive", entry->inactive_because);
	add_text(out, "held", entry->held);
	buf_char(out, '\n');
}

static void describe_all(const struct fixture *f, struct buf *out)
{
	buf_puts(out, "");
	for (size_t i = 0; i < f->entries.count; i++)
		describe(&f->entries.items[i], out);
	for (size_t i = 0; i < f->diags.count; i++)
		buf_addf(out, "%u: %s\n", f->diags.items[i].line,
			 f->diags.items[i].message.ptr);
}

struct story {
	const char *configuration;
	struct line lines[8];
	const char *expected;
};

static void tell(const struct story *story)
{
	struct buf out = BUF_INIT;
	struct fixture f;

	open_fixture(&f, story->configuration);
	for (unsigned i = 0; i < 8 && story->lines[i].values[0]; i++)
		add_line(&f, &story->lines[i], i + 1);
	mapped_finish(&f.mapped);
	describe_all(&f, &out);
	if (strcmp(out.ptr, story->expected) != 0)
		fail_msg("became\n%s--- not\n%s", out.ptr, story->expected);
	close_fixture(&f);
	buf_release(&out);
}

#define USERS(rest) SOURCE("    users: {map: {address: \"{mail}\", name: \"{name}\"" rest "\n")

static void makes_accounts(void **state)
{
	static const struct story stories[] = {
		{USERS("}}"),
		 {{NULL, KIND_USER, {"mail=Jane@Example.org", "name= Jane \xC2\xA0  Doe "}},
		  {NULL,
		   KIND_USER,
		   {"mail=jane@b\xC3\xBC"
		    "cher.example",
		    "name=B\xE2\x80\xAE"
		    "ob"}},
		  {NULL, KIND_USER, {"name=Nobody"}},
		  {NULL, KIND_USER, {"mail=x y@example.org", "name=X"}},
		  {NULL, KIND_USER, {"mail=bob@example.org", "name=\xFF"}},
		  {NULL, KIND_USER, {"mail=kim@example.org"}}},
		 "user jane@example.org name=Jane Doe\n"
		 "user jane@xn--bcher-kva.example name=Bob\n"
		 "user - name=Nobody held=it has no address (all.csv:3)\n"
		 "user - name=X held=its address 'x y@example.org' is no address: the local part has a blank (all.csv:4)\n"
		 "user bob@example.org held=its name is no text (all.csv:5)\n"
		 "user kim@example.org held=it has no name (all.csv:6)\n"},
		/* Sets: an empty one is an opinion. */
		{USERS(", aliases: [\"{alias}\", \"{mail:local}@example.com\"]}}"),
		 {{NULL,
		   KIND_USER,
		   {"mail=a@example.org", "name=A", "alias=B@example.org", "alias=nobody",
		    "alias=a@example.org", "alias=b@example.org"}},
		  {NULL, KIND_USER, {"name=C", "mail=c@example.org"}}},
		 "user a@example.org name=A aliases=a@example.com,b@example.org\n"
		 "user c@example.org name=C aliases=c@example.com\n"
		 "1: alias 'nobody' is no address: has no @: left out\n"},
		/* Scalars: an empty one is none; `none` is none whatever there is. */
		{USERS(", mobile: \"{phone:mobile(NL)}\", sso_key: \"{key}\", id: \"{id}\"}, "
		       "unit: {attribute: dept, values: {Care: Nursing, Cure: /}}}"),
		 {{NULL,
		   KIND_USER,
		   {"mail=a@example.org", "name=A", "phone=020 1234567", "phone=06 12345678",
		    "key=K 1", "id=7", "dept=CARE"}},
		  {NULL, KIND_USER, {"mail=b@example.org", "name=B", "dept=cure", "key=a\tb"}},
		  {NULL,
		   KIND_USER,
		   {"mail=c@example.org", "name=C", "dept=other", "phone=12"}}},
		 "user a@example.org name=A mobile=+31612345678 unit=Nursing key=K 1 id\n"
		 "user b@example.org name=B unit=/ held=its account key is no text; a conversion "
		 "like base64 makes text of bytes (all.csv:2)\n"
		 "user c@example.org name=C\n"
		 "1: mobile '020 1234567' is no mobile number, which a code could be sent to: left "
		 "out\n"
		 "3: mobile '12' is too short for a mobile number: left out\n"},
		{USERS(", mobile: none, aliases: none}, unit: \"{dept|unit}\"}"),
		 {{NULL,
		   KIND_USER,
		   {"mail=a@example.org", "name=A", "dept=", "unit=U", "phone=1"}}},
		 "user a@example.org name=A unit=U\n"},
		{USERS("}, unit: {attribute: dn, under: {\"OU=a,DC=x\": A, \"OU=b,OU=A,DC=x\": B}, "
		       "otherwise: Other}}"),
		 {{NULL, KIND_USER, {"mail=a@example.org", "name=A", "dn=CN=a,OU=A,DC=X"}},
		  {NULL, KIND_USER, {"mail=b@example.org", "name=B", "dn=cn=a,ou=B,ou=a,dc=x"}},
		  {NULL, KIND_USER, {"mail=c@example.org", "name=C", "dn=CN=a,OU=c,DC=X"}},
		  {NULL, KIND_USER, {"mail=d@example.org", "name=D", "dn=nonsense"}}},
		 "user a@example.org name=A unit=A\n"
		 "user b@example.org name=B unit=B\n"
		 "user c@example.org name=C unit=Other\n"
		 "user d@example.org name=D unit=Other\n"},
		{USERS("}, unit: {domains: {example.org: Main, Example.com: Other}}}"),
		 {{NULL, KIND_USER, {"mail=a@EXAMPLE.org", "name=A"}},
		  {NULL, KIND_USER, {"mail=a@example.com", "name=A"}},
		  {NULL, KIND_USER, {"mail=a@example.net", "name=A"}}},
		 "user a@example.org name=A unit=Main\n"
		 "user a@example.com name=A unit=Other\n"
		 "user a@example.net name=A\n"},
		/* Every template of `active` must hold, and the last day not be over. */
		{USERS(", active: [\"{on}\", \"{status:is(here)}\"], until: \"{end}\"}}"),
		 {{NULL, KIND_USER, {"mail=a@example.org", "name=A", "on=yes", "status=Here"}},
		  {NULL, KIND_USER, {"mail=b@example.org", "name=B", "on=1", "status=gone"}},
		  {NULL, KIND_USER, {"mail=c@example.org", "name=C", "end=2026-11-20"}},
		  {NULL, KIND_USER, {"mail=d@example.org", "name=D", "end=2026-11-19"}},
		  {NULL, KIND_USER, {"mail=e@example.org", "name=E", "on=maybe"}},
		  {NULL, KIND_USER, {"mail=f@example.org", "name=F", "end=tomorrow"}}},
		 "user a@example.org name=A active\n"
		 "user b@example.org name=B inactive inactive=not active by status\n"
		 "user c@example.org name=C active\n"
		 "user d@example.org name=D inactive inactive=until 2026-11-19 has passed\n"
		 "user e@example.org name=E held='active' is 'maybe' and neither true nor false "
		 "(all.csv:5)\n"
		 "user f@example.org name=F held='until' is 'tomorrow' and no date like "
		 "2026-12-31, which date(…) brings days into (all.csv:6)\n"},
		/* What nothing can be made of is not the same as nothing: nobody may become active by it,
		 * nor anybody lose access. */
		{USERS(", active: [\"{uac:ad_enabled}\", \"{expires:ad_unexpired|on:is(yes)}\"], until: "
		       "[\"{end:date(DMY)}\", \"{end:date(YMD)}\"], id: \"{guid:guid}\", delegates: "
		       "\"{by:guid}\"}}"),
		 {{NULL, KIND_USER, {"mail=a@example.org", "name=A", "uac=x"}},
		  {NULL, KIND_USER, {"mail=b@example.org", "name=B", "uac=514", "expires=x"}},
		  {NULL, KIND_USER, {"mail=c@example.org", "name=C", "expires=x", "on=no"}},
		  {NULL, KIND_USER, {"mail=d@example.org", "name=D", "end=soon"}},
		  {NULL, KIND_USER, {"mail=e@example.org", "name=E", "end=2026-11-19"}},
		  {NULL, KIND_USER, {"mail=f@example.org", "name=F", "guid=x"}},
		  {NULL, KIND_USER, {"mail=g@example.org", "name=G", "by=\xFF"}},
		  {NULL, KIND_USER, {"mail=h@example.org", "name=H", "uac=", "end= "}}},
		 "user a@example.org name=A delegates= held='active' 'x' is no whole number "
		 "(all.csv:1)\n"
		 "user b@example.org name=B delegates= inactive inactive=not active by uac "
		 "held='active' 'x' is no time as Active Directory writes it (all.csv:2)\n"
		 "user c@example.org name=C delegates= inactive inactive=not active by expires, on\n"
		 "user d@example.org name=D delegates= held='until' 'soon' is no date that can be "
		 "read (all.csv:4)\n"
		 "user e@example.org name=E delegates= inactive inactive=until 2026-11-19 has "
		 "passed\n"
		 "user f@example.org name=F delegates= held=its id 'x' is no GUID (all.csv:6)\n"
		 "user g@example.org name=G delegates= held=its delegate is no GUID (all.csv:7)\n"
		 "user h@example.org name=H delegates=\n"},
		/* What only manages lists nobody, and says so of entries without an address. */
		{SOURCE("    manage: [aliases]\n    users: {map: {address: \"{mail}\", aliases: "
			"\"{alias}\"}}\n"),
		 {{NULL, KIND_USER, {"mail=a@example.org", "alias=b@example.org"}},
		  {NULL, KIND_USER, {"alias=c@example.org"}}},
		 "user a@example.org aliases=b@example.org\n"
		 "user - aliases=c@example.org held=it has no address (all.csv:2)\n"
		 "2: it has no valid address: left out\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		tell(&stories[i]);
}

#define BOTH                                                                               \
	SOURCE("    users: {map: {address: \"{mail}\", name: \"{name}\", aliases: "        \
	       "\"{alias}\", delegates: \"{reader}\"}}\n"                                  \
	       "    functional: {map: {address: \"{mail}\", name: \"{name}\", delegates: " \
	       "[\"{owner}\", \"{reader}\"]}}\n")

/* By address, by an alias, by what the source calls the entry. */
static void finds_delegates(void **state)
{
	static const struct story stories[] = {
		{BOTH,
		 {{"cn=jane,dc=x",
		   KIND_USER,
		   {"mail=jane@example.org", "name=J", "alias=j@example.org"}},
		  {"cn=bob,dc=x", KIND_USER, {"mail=bob@example.org", "name=B"}},
		  {NULL,
		   KIND_FUNCTIONAL,
		   {"mail=info@example.org", "name=I", "reader=CN=Bob, DC=X",
		    "reader=J@example.org", "owner=kim@example.org"}},
		  {NULL,
		   KIND_FUNCTIONAL,
		   {"mail=desk@example.org", "name=D", "reader=CN=Gone,DC=x",
		    "reader=desk@example.org", "reader=BOB@example.org", "reader=cn=bob,dc=x"}},
		  {NULL, KIND_FUNCTIONAL, {"mail=none@example.org", "name=N"}}},
		 "user jane@example.org name=J aliases=j@example.org delegates=\n"
		 "user bob@example.org name=B aliases= delegates=\n"
		 "functional info@example.org name=I "
		 "delegates=bob@example.org,jane@example.org,kim@example.org\n"
		 "functional desk@example.org name=D delegates=bob@example.org\n"
		 "functional none@example.org name=N delegates=\n"},
		/* One whose address nobody knows must not lose access, nor one that is misspelt. */
		{BOTH,
		 {{"cn=jane,dc=x", KIND_USER, {"mail=jane", "name=J"}},
		  {NULL,
		   KIND_FUNCTIONAL,
		   {"mail=info@example.org", "name=I", "reader=cn=Jane,dc=x"}},
		  {NULL,
		   KIND_FUNCTIONAL,
		   {"mail=desk@example.org", "name=D", "reader=bob(at)example.org"}}},
		 "user - name=J aliases= delegates= held=its address 'jane' is no address: has no @ (all.csv:1)\n"
		 "functional info@example.org name=I delegates= held=one of its delegates is held: "
		 "its address 'jane' is no address: has no @ (all.csv:1)\n"
		 "functional desk@example.org name=D delegates= held=its delegate "
		 "'bob(at)example.org' is no address: has no @ (all.csv:3)\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		tell(&stories[i]);
}

static void filters(void **state)
{
	static const struct line in = {
		NULL, KIND_USER, {"mail=a@example.org", "name=A", "dept=Care"}};
	static const struct line out = {
		NULL, KIND_USER, {"mail=b@example.org", "name=B", "dept=Care", "gone=yes"}};
	struct fixture f;

	(void)state;
	open_fixture(&f, USERS("}, include: [{attribute: Dept, values: care}], exclude: "
			       "[{attribute: gone, values: [yes, true]}]}"));
	assert_true(add_line(&f, &in, 1));
	assert_false(add_line(&f, &out, 2));
	f.mapped.unfiltered = true;
	assert_true(add_line(&f, &out, 3));
	assert_int_equal(f.mapped.out[KIND_USER], 1);
	mapped_finish(&f.mapped);
	assert_int_equal(f.entries.count, 2);
	close_fixture(&f);
}

/* What was there before stays. */
static void takes_back(void **state)
{
	static const struct line line = {NULL, KIND_USER, {"mail=a@example.org", "name=A"}};
	struct fixture f;

	(void)state;
	open_fixture(&f, USERS("}}"));
	mapped_abandon(&f.mapped);
	*vec_push(&f.entries) = (struct entry){.line = 77};
	mapped_begin(&f.mapped, &f.config.sources[1], 1, &f.input, &f.entries, &f.diags);
	assert_true(add_line(&f, &line, 1));
	mapped_abandon(&f.mapped);
	assert_int_equal(f.entries.count, 1);
	assert_int_equal(f.entries.items[0].line, 77);
	close_fixture(&f);
}

/* Twenty are told, the others counted. */
static void bounds_warnings(void **state)
{
	static const struct line line = {
		NULL, KIND_USER, {"mail=a@example.org", "name=A", "alias=b", "alias=c"}};
	struct fixture f;

	(void)state;
	open_fixture(&f, USERS(", aliases: \"{alias}\"}}"));
	for (unsigned i = 0; i < 50; i++)
		add_line(&f, &line, i + 1);
	mapped_finish(&f.mapped);
	assert_int_equal(f.diags.count, 21);
	assert_string_equal(f.diags.items[20].message.ptr,
			    "80 more values were left out that are not listed");
	assert_int_equal(f.diags.errors, 0);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_accounts),  cmocka_unit_test(finds_delegates),
		cmocka_unit_test(filters),         cmocka_unit_test(takes_back),
		cmocka_unit_test(bounds_warnings),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
