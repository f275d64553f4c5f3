#include "json_view.h"
#include "scim.h"

#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ENTERPRISE "\"" SCIM_ENTERPRISE "\""
#define USER "\"urn:ietf:params:scim:schemas:zivver:0.1:User\""
#define GROUP "\"urn:ietf:params:scim:schemas:zivver:0.1:Group\""
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* "kind id address active|suspended name|- mobile|- unit|- external|- aliases delegates" */
static void describe(const struct account *account, struct buf *out)
{
	const struct sym *const texts[] = {account->name, account->mobile, account->unit,
					   account->external_id};

	buf_addf(out, "%s %s %s %s", kind_names[account->kind], account->id->text,
		 account->address->text, account->active ? "active" : "suspended");
	for (size_t i = 0; i < COUNT(texts); i++) {
		buf_char(out, ' ');
		buf_puts(out, texts[i] ? texts[i]->text : "-");
	}
	buf_puts(out, " [");
	for (uint32_t i = 0; i < account->aliases.count; i++)
		buf_addf(out, "%s%s", i ? "," : "", account->aliases.items[i]->text);
	buf_puts(out, "] [");
	for (uint32_t i = 0; i < account->delegates.count; i++)
		buf_addf(out, "%s%s", i ? "," : "", account->delegates.items[i].address->text);
	buf_puts(out, "]");
}

static const struct {
	enum account_kind kind;
	const char *resource;
	const char *expected; /* an error when it begins with "error: " */
} readings[] = {
	{KIND_USER, "{\"id\":\"u1\",\"userName\":\"Jane@Example.org\"}",
	 "user u1 jane@example.org active - - - - [] []"},
	{KIND_USER,
	 "{ \"userName\" : \"jane@example.org\" , \"id\" : \"u1\", \"active\": false,\n"
	 " \"name\": {\"formatted\": \"J\\u0061ne \\\"}{\\\" Doe\", \"familyName\": 1},\n"
	 " \"phoneNumbers\": [{\"type\":\"x\"},{\"value\":\"+31612345678\"},{\"value\":\"+1\"}],"
	 " " ENTERPRISE ": {\"division\": \"Cardiology\"},"
	 " " USER ": {\"aliases\": [\"B@example.org\", \"a@example.org\", \"b@example.org\"],"
	 "  \"delegates\": [\"kim@example.org\", \"not one\", \"Bob@example.org\"],"
	 "  \"ExternalAccountId\": \"x-1\", \"more\": {\"aliases\": 4}}}",
	 "user u1 jane@example.org suspended Jane \"}{\" Doe +31612345678 Cardiology x-1 "
	 "[a@example.org,b@example.org] [kim@example.org,bob@example.org]"},
	{KIND_USER,
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":null,\"phoneNumbers\":[],"
	 "\"phoneNumbers2\":7," ENTERPRISE ":{\"division\":\"/\"}," USER
	 ":{\"aliases\":[\"JANE@example.org\"],\"delegates\":null,\"ExternalAccountId\":\"\"}}",
	 "user u1 jane@example.org active - - - - [] []"},
	{KIND_FUNCTIONAL,
	 "{\"id\":\"g1\",\"externalId\":\"info@example.org\",\"displayName\":\"Info desk\","
	 "\"members\":[{\"value\":\"u2\"},{\"value\":\"g1\"},{\"value\":\"u1\"}]," GROUP
	 ":{\"aliases\":[\"desk@example.org\"],\"delegates\":[3]}}",
	 "functional g1 info@example.org suspended Info desk - - - [desk@example.org] [u2,u1]"},
	{KIND_USER, "[]", "error: a resource must be an object"},
	{KIND_USER, "{\"id\":\"u1\",}", "error: line 1, column 12: expected a key"},
	{KIND_USER, "{\"id\":\"u1\",\"id\":\"u2\"}", "error: line 1, column 12: duplicate key"},
	{KIND_USER, "{\"userName\":\"jane@example.org\"}", "error: this User has no \"id\""},
	{KIND_USER, "{\"id\":\"u1\"}", "error: this User has no \"userName\""},
	{KIND_FUNCTIONAL, "{\"id\":\"g1\"}", "error: this Group has no \"externalId\""},
	{KIND_USER, "{\"id\":\"\"}", "error: \"id\" must be 1 to 64"},
	{KIND_USER, "{\"id\":\"a@b\"}", "error: \"id\" must be 1 to 64"},
	{KIND_USER, "{\"id\":7}", "error: \"id\" must be 1 to 64"},
	{KIND_USER, "{\"userName\":true}", "error: \"userName\" must be a text"},
	{KIND_USER, "{\"userName\":\"jane\"}", "error: \"userName\" is no e-mail address: "},
	{KIND_USER, "{\"active\":\"yes\"}", "error: \"active\" must be true or false"},
	{KIND_USER, "{\"active\":null}", "error: \"active\" must be true or false"},
	{KIND_USER, "{\"name\":\"Jane\"}", "error: \"name\" must be an object"},
	{KIND_USER, "{\"name\":{\"formatted\":1}}", "error: \"name.formatted\" must be a text"},
	{KIND_USER, "{\"phoneNumbers\":{}}", "error: \"phoneNumbers\" must be a list"},
	{KIND_USER, "{\"phoneNumbers\":[1]}",
	 "error: \"phoneNumbers\" must be a list of objects"},
	{KIND_USER, "{\"phoneNumbers\":[{\"value\":[]}]}", "error: \"value\" must be a text"},
	{KIND_USER, "{" ENTERPRISE ":[]}", "error: \"" SCIM_ENTERPRISE "\" must be an object"},
	{KIND_USER, "{" ENTERPRISE ":{\"division\":4}}", "error: \"division\" must be a text"},
	{KIND_USER, "{" USER ":[]}", "error: \"urn:ietf:params:scim:schemas:zivver:0.1:User\""},
	{KIND_USER, "{" USER ":{\"aliases\":\"x\"}}", "error: \"aliases\" must be a list"},
	{KIND_USER, "{" USER ":{\"aliases\":[null]}}",
	 "error: \"aliases\" must be a list of texts"},
	{KIND_USER, "{" USER ":{\"aliases\":[\"x\"]}}",
	 "error: \"aliases\": 'x' is no e-mail address: "},
	{KIND_USER, "{" USER ":{\"delegates\":[{}]}}",
	 "error: \"delegates\" must be a list of texts"},
	{KIND_FUNCTIONAL, "{\"members\":[\"u1\"]}",
	 "error: \"members\" must be a list of objects"},
};

static void reads_resources(void **state)
{
	struct sym_pool names = SYM_POOL_INIT;
	struct scim_reader reader = {.names = &names};
	struct arena sets = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(readings); i++) {
		struct account account;
		struct err err = ERR_INIT;
		struct buf said = BUF_INIT;

		if (scim_read(&reader, readings[i].kind, str_of(readings[i].resource), &sets,
			      &account, &err) == 0) {
			describe(&account, &said);
			assert_string_equal(said.ptr, readings[i].expected);
			assert_int_equal(account.has, scim_attributes(readings[i].kind));
		} else {
			buf_addf(&said, "error: %s", err.text);
			if (!str_starts(buf_str(&said), readings[i].expected))
				fail_msg("'%s' instead of '%s'", said.ptr,
					 readings[i].expected);
		}
		buf_release(&said);
	}
	scim_reader_release(&reader);
	arena_release(&sets);
	sym_pool_release(&names);
}

/* Users u1 = jane@, u2 = bob@; nobody else. */
static const struct sym *find_user(void *context, const struct sym *name, bool by_id)
{
	static const char *const users[][2] = {{"u1", "jane@example.org"},
					       {"u2", "bob@example.org"}};

	for (size_t i = 0; i < COUNT(users); i++) {
		if (str_is(sym_str(name), users[i][by_id ? 0 : 1]))
			return sym_get(context, str_of(users[i][1]));
	}
	return NULL;
}

static void links_delegates(void **state)
{
	static const struct {
		enum account_kind kind;
		const char *resource, *expected;
	} cases[] = {
		{KIND_USER,
		 "{\"id\":\"u3\",\"userName\":\"kim@example.org\"," USER ":{\"delegates\":"
		 "[\"nobody@example.org\",\"jane@example.org\",\"bob@example.org\"]}}",
		 "user u3 kim@example.org active - - - - [] [bob@example.org,jane@example.org]"},
		{KIND_FUNCTIONAL,
		 "{\"id\":\"g1\",\"externalId\":\"info@example.org\",\"members\":"
		 "[{\"value\":\"u1\"},{\"value\":\"u2\"},{\"value\":\"u1\"},{\"value\":\"u9\"}]}",
		 "functional g1 info@example.org active - - - - [] "
		 "[bob@example.org,jane@example.org]"},
		{KIND_FUNCTIONAL,
		 "{\"id\":\"g1\",\"externalId\":\"info@example.org\",\"members\":"
		 "[{\"value\":\"jane@example.org\"},{\"value\":\"u9\"}]}",
		 "functional g1 info@example.org suspended - - - - [] []"},
	};
	struct sym_pool names = SYM_POOL_INIT;
	struct scim_reader reader = {.names = &names};
	struct arena sets = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct account account;
		struct err err = ERR_INIT;
		struct buf said = BUF_INIT;

		assert_int_equal(scim_read(&reader, cases[i].kind, str_of(cases[i].resource),
					   &sets, &account, &err),
				 0);
		scim_link(&account, find_user, &names);
		describe(&account, &said);
		assert_string_equal(said.ptr, cases[i].expected);
		buf_release(&said);
	}
	scim_reader_release(&reader);
	arena_release(&sets);
	sym_pool_release(&names);
}

struct editing_case {
	enum account_kind kind;
	unsigned set;
	bool create;
	const char *name, *mobile, *unit; /* NULL: none */
	const char *before;               /* NULL: a new one */
	const char *after;
};

static const struct editing_case edits[] = {
	/* Nothing to do: only blanks outside texts go, and what no double can hold stays. */
	{KIND_USER, 0, false, NULL, NULL, NULL,
	 " {\"n\" : 12345678901234567890.000, \"s\":\"a  b\\u0041\\/\",\n\"o\":{ },\"l\":[ 1 , 2 ]}",
	 "{\"n\":12345678901234567890.000,\"s\":\"a  b\\u0041\\/\",\"o\":{},\"l\":[1,2]}"},
	{KIND_USER, ATTR_ADDRESS | ATTR_NAME | ATTR_ACTIVE, false, "J \"D\"", NULL, NULL,
	 "{\"id\":\"u1\",\"active\":true,\"x\":1,\"name\":{\"familyName\":\"D\",\"formatted\":\"J\"},"
	 "\"userName\":\"old@example.org\"}",
	 "{\"id\":\"u1\",\"active\":false,\"x\":1,\"name\":{\"familyName\":\"D\",\"formatted\":"
	 "\"J \\\"D\\\"\"},\"userName\":\"jane@example.org\"}"},
	/* A member whose key is written with an escape is the same member. */
	{KIND_USER, ATTR_ACTIVE, false, NULL, NULL, NULL, "{\"\\u0061ctive\":true}",
	 "{\"active\":false}"},
	{KIND_USER, ATTR_UNIT | ATTR_ALIASES | ATTR_DELEGATES, false, NULL, NULL, NULL,
	 "{" ENTERPRISE ":{\"division\":\"A\",\"y\":[]}," USER
	 ":{\"z\":null,\"ExternalAccountId\":\"e\",\"delegates\":[\"x@example.org\"]}}",
	 "{" ENTERPRISE ":{\"division\":\"/\",\"y\":[]}," USER
	 ":{\"z\":null,\"ExternalAccountId\":\"e\",\"delegates\":[\"d1\",\"d2\"],"
	 "\"aliases\":[\"a@example.org\"]}}"},
	{KIND_USER, ATTR_UNIT, false, NULL, NULL, "B", "{}",
	 "{" ENTERPRISE ":{\"division\":\"B\"}}"},
	{KIND_USER, ATTR_MOBILE, false, NULL, "+31612345678", NULL, "{}",
	 "{\"phoneNumbers\":[{\"value\":\"+31612345678\"}]}"},
	{KIND_USER, ATTR_MOBILE, false, NULL, "+31612345678", NULL,
	 "{\"phoneNumbers\":[{\"type\":\"m\",\"value\":\"+1\"}, {\"value\":\"+2\"}]}",
	 "{\"phoneNumbers\":[{\"type\":\"m\",\"value\":\"+31612345678\"},{\"value\":\"+2\"}]}"},
	{KIND_USER, ATTR_MOBILE, false, NULL, NULL, NULL,
	 "{\"phoneNumbers\":[{\"value\":\"+1\"}]}", "{\"phoneNumbers\":[]}"},
	{KIND_FUNCTIONAL, ATTR_ADDRESS | ATTR_NAME | ATTR_DELEGATES | ATTR_MOBILE | ATTR_ACTIVE,
	 false, "Info", "+31612345678", NULL,
	 "{\"members\":[{\"value\":\"u1\"}],\"displayName\":\"x\",\"externalId\":\"o@example.org\"}",
	 "{\"members\":[{\"value\":\"d1\"},{\"value\":\"d2\"}],\"displayName\":\"Info\","
	 "\"externalId\":\"jane@example.org\"}"},
	/* What is no object where one belongs is replaced. */
	{KIND_USER, ATTR_NAME, false, "J", NULL, NULL, "{\"name\":\"text\"}",
	 "{\"name\":{\"formatted\":\"J\"}}"},
	{KIND_USER, ATTR_ADDRESS | ATTR_NAME | ATTR_ACTIVE | ATTR_MOBILE, true, "Jane",
	 "+31612345678", NULL, NULL,
	 "{\"id\":\"id-1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":\"Jane\"},"
	 "\"active\":false,\"phoneNumbers\":[{\"value\":\"+31612345678\"}],"
	 "\"meta\":{\"created\":\"2026-11-20\",\"location\":\"/scim/v2/Users/id-1\","
	 "\"resourceType\":\"User\"},\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"," ENTERPRISE
	 "," USER "]," ENTERPRISE ":{\"division\":\"/\"}," USER
	 ":{\"aliases\":[],\"delegates\":[],\"ExternalAccountId\":\"ext\"}}"},
	{KIND_FUNCTIONAL, ATTR_ADDRESS | ATTR_NAME | ATTR_UNIT, true, "Info", NULL, "B", NULL,
	 "{\"id\":\"id-1\",\"externalId\":\"jane@example.org\",\"displayName\":\"Info\","
	 "\"members\":[],\"meta\":{\"created\":\"2026-11-20\",\"location\":\"/scim/v2/Groups/id-1\","
	 "\"resourceType\":\"Group\"},\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"," ENTERPRISE
	 "," GROUP "]," ENTERPRISE ":{\"division\":\"B\"}," GROUP
	 ":{\"aliases\":[],\"ExternalAccountId\":\"ext\"}}"},
};

static const struct sym *optional(struct sym_pool *names, const char *text)
{
	return text ? sym_get(names, str_of(text)) : NULL;
}

static void edits_resources(void **state)
{
	struct sym_pool names = SYM_POOL_INIT;
	struct arena scratch = ARENA_INIT;
	const struct sym *aliases[] = {optional(&names, "a@example.org")};
	const struct sym *delegates[] = {optional(&names, "d1"), optional(&names, "d2")};

	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++) {
		const struct editing_case *c = &edits[i];
		const struct account wanted = {
			.kind = (uint8_t)c->kind,
			.address = optional(&names, "jane@example.org"),
			.name = optional(&names, c->name),
			.mobile = optional(&names, c->mobile),
			.unit = optional(&names, c->unit),
			.external_id = optional(&names, "ext"),
			.aliases = {aliases, 1},
		};
		const struct scim_change change = {
			.set = c->set,
			.wanted = &wanted,
			.delegates = delegates,
			.delegate_count = 2,
			.create = c->create,
			.id = STR("id-1"),
			.created = STR("2026-11-20"),
		};
		struct str before = str_trim(str_of(c->before));
		struct buf out = BUF_INIT;
		struct err err = ERR_INIT;

		scim_edit(&out, c->kind, before, &scratch, &change);
		assert_string_equal(out.ptr, c->after);
		assert_int_equal(json_check(buf_str(&out), &err), 0);
		buf_release(&out);
	}
	arena_release(&scratch);
	sym_pool_release(&names);
}

static void finds_members(void **state)
{
	static const struct {
		const char *object, *key, *value; /* NULL: not there */
	} cases[] = {
		{"{\"a\":1,\"b\":[{\"c\":2}],\"c\":\"x\"}", "c", "\"x\""},
		{"{\"a\":1,\"b\":[{\"c\":2}]}", "c", NULL},
		{"{ \"a\" : { \"b\" : \"}\\\"]\" } , \"b\" : null }", "b", "null"},
		{"{ \"a\" : { \"b\" : \"}\\\"]\" } , \"b\" : null }", "a",
		 "{ \"b\" : \"}\\\"]\" }"},
		{"{}", "a", NULL},
		{"[\"a\"]", "a", NULL},
		{"\"a\"", "a", NULL},
		{"{\"\\u0061\":-1e5}", "a", "-1e5"},
	};
	struct arena scratch = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str value = json_view_member(str_of(cases[i].object), &scratch,
						    cases[i].key);

		assert_true(str_eq(value, str_of(cases[i].value)));
		assert_int_equal(value.ptr == NULL, cases[i].value == NULL);
	}
	assert_null(json_view_member(STR_NONE, &scratch, "a").ptr);
	arena_release(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_resources),
		cmocka_unit_test(links_delegates),
		cmocka_unit_test(edits_resources),
		cmocka_unit_test(finds_members),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
