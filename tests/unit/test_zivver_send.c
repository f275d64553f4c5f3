/* Requests to the byte. */
#include "zivver_people.h"

struct sending {
	const char *name;
	struct asked asked;
	struct exchange exchanges[3];
};

/* A PUT of a user, answered with what was sent. */
#define PUT(path, body)                              \
	{                                            \
		{                                    \
			"PUT " path, body, 200, body \
		}                                    \
	}

static const struct sending user_updates[] = {
	{"a name",
	 {.id = "u1", .set = ATTR_NAME, .name = "Jane \"X\" Roe", .key = "k"},
	 PUT("/Users/u1", JANE_KEYED("Jane \\\"X\\\" Roe", "true", KEY))},
	{"only the key",
	 {.id = "u1", .set = ATTR_KEY, .key = "k"},
	 PUT("/Users/u1", JANE_KEYED("Jane Doe", "true", KEY))},
	{"a key of any characters",
	 {.id = "u1", .set = ATTR_KEY, .key = "\"\\/\b\x1f\x7f\xc3\xa9"},
	 PUT("/Users/u1",
	     JANE_KEYED("Jane Doe", "true",
			",\"SsoAccountKey\":\"\\\"\\\\/\\u0008\\u001f\x7f\xc3\xa9\""))},
	{"aliases, and the delegates are not erased",
	 {.id = "u1",
	  .set = ATTR_ALIASES,
	  .aliases = "a@example.org b@example.org",
	  .key = "k"},
	 PUT("/Users/u1",
	     JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/",
		     "[\"a@example.org\",\"b@example.org\"]", JANE_DELEGATES, KEY))},
	{"no alias left",
	 {.id = "u1", .set = ATTR_ALIASES, .key = "k"},
	 PUT("/Users/u1", JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/",
				  "[]", JANE_DELEGATES, KEY))},
	{"delegates, and the aliases are not erased",
	 {.id = "u1",
	  .set = ATTR_DELEGATES,
	  .delegates = "bob@example.org kim@example.org nobody@example.org info@example.org",
	  .key = "k"},
	 PUT("/Users/u1",
	     JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/", JANE_ALIASES,
		     "[\"bob@example.org\",\"kim@example.org\"]", KEY))},
	{"no delegate left",
	 {.id = "u1", .set = ATTR_DELEGATES, .key = "k"},
	 PUT("/Users/u1", JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/",
				  JANE_ALIASES, "[]", KEY))},
	{"the first number, and the second stays",
	 {.id = "u1", .set = ATTR_MOBILE, .mobile = "+31687654321", .key = "k"},
	 PUT("/Users/u1",
	     JANE_AS("jane@example.org", "Jane Doe", "true",
		     "[{\"type\":\"work\",\"value\":\"+31687654321\"},{\"value\":\"+3170\"}]",
		     "/", JANE_ALIASES, JANE_DELEGATES, KEY))},
	{"no number",
	 {.id = "u1", .set = ATTR_MOBILE, .key = "k"},
	 PUT("/Users/u1", JANE_AS("jane@example.org", "Jane Doe", "true", "[]", "/",
				  JANE_ALIASES, JANE_DELEGATES, KEY))},
	{"a unit, and the cost centre stays",
	 {.id = "u1", .set = ATTR_UNIT, .unit = "ICU", .key = "k"},
	 PUT("/Users/u1", JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "ICU",
				  JANE_ALIASES, JANE_DELEGATES, KEY))},
	{"no unit",
	 {.id = "u1", .set = ATTR_UNIT, .key = "k"},
	 PUT("/Users/u1", JANE_KEYED("Jane Doe", "true", KEY))},
	{"an address, and ExternalAccountId stays",
	 {.id = "u1", .set = ATTR_ADDRESS, .address = "jane.roe@example.org", .key = "k"},
	 PUT("/Users/u1", JANE_AS("jane.roe@example.org", "Jane Doe", "true", JANE_PHONES, "/",
				  JANE_ALIASES, JANE_DELEGATES, KEY))},
	{"an alias becomes the address",
	 {.id = "u1", .set = ATTR_ADDRESS, .address = "j.doe@example.org", .key = "k"},
	 PUT("/Users/u1", JANE_AS("j.doe@example.org", "Jane Doe", "true", JANE_PHONES, "/",
				  "[]", JANE_DELEGATES, KEY))},
	{"they change places",
	 {.id = "u1",
	  .set = ATTR_ADDRESS | ATTR_ALIASES,
	  .address = "j.doe@example.org",
	  .aliases = "jane@example.org",
	  .key = "k"},
	 PUT("/Users/u1", JANE_AS("j.doe@example.org", "Jane Doe", "true", JANE_PHONES, "/",
				  "[\"jane@example.org\"]", JANE_DELEGATES, KEY))},
	{"all at once",
	 {.id = "u1",
	  .set = 0xFF,
	  .address = "a@example.org",
	  .name = "A",
	  .aliases = "b@example.org",
	  .delegates = "kim@example.org",
	  .mobile = "+31687654321",
	  .unit = "ICU",
	  .active = false,
	  .key = "k"},
	 PUT("/Users/u1",
	     JANE_AS("a@example.org", "A", "false",
		     "[{\"type\":\"work\",\"value\":\"+31687654321\"},{\"value\":\"+3170\"}]",
		     "ICU", "[\"b@example.org\"]", "[\"kim@example.org\"]", KEY))},
	/* The object for the key would erase what it does not mention. */
	{"an account without the service's own object",
	 {.id = "u2", .set = ATTR_NAME, .name = "Bob", .key = "k"},
	 PUT("/Users/u2",
	     "{\"id\":\"u2\",\"userName\":\"bob@example.org\",\"name\":"
	     "{\"formatted\":\"Bob\"}," USER ":{\"aliases\":[],\"delegates\":[]" KEY "}}")},
	{"reactivated",
	 {.id = "u3", .set = ATTR_ACTIVE, .active = true, .key = "k"},
	 PUT("/Users/u3",
	     "{\"id\":\"u3\",\"userName\":\"kim@example.org\",\"active\":true," USER
	     ":{\"aliases\":[],\"delegates\":[]" KEY "}}")},
	{"suspended without a key",
	 {REQUEST_SUSPEND, .id = "u1", .active = true},
	 PUT("/Users/u1", JANE_KEYED("Jane Doe", "false", ""))},
	{"suspended with a key",
	 {REQUEST_SUSPEND, .id = "u1", .active = true, .key = "k"},
	 PUT("/Users/u1", JANE_KEYED("Jane Doe", "false", KEY))},
	{"deleted", {REQUEST_DELETE, .id = "u1"}, {{"DELETE /Users/u1", .status = 204}}},
};

#define INFO_PUT(members, name) \
	PUT("/Groups/g1", INFO_AS("info@example.org", name, members, "/", "[]"))
#define INFO_EMPTY INFO_AS("info@example.org", "Info", "[]", "/", "[]")

static const struct sending functional_updates[] = {
	{"a name, and its members as they were",
	 {.id = "g1", .set = ATTR_NAME, .name = "Desk"},
	 INFO_PUT(INFO_MEMBERS, "Desk")},
	{"never a key",
	 {.id = "g1", .set = ATTR_NAME, .name = "Desk", .key = "k"},
	 INFO_PUT(INFO_MEMBERS, "Desk")},
	{"members by id, suspended ones too",
	 {.id = "g1",
	  .set = ATTR_DELEGATES,
	  .delegates = "kim@example.org bob@example.org nobody@example.org info@example.org"},
	 INFO_PUT("[{\"value\":\"u2\"},{\"value\":\"u3\"}]", "Info")},
	{"an address, a unit and an alias",
	 {.id = "g1",
	  .set = ATTR_ADDRESS | ATTR_UNIT | ATTR_ALIASES,
	  .address = "desk@example.org",
	  .unit = "ICU",
	  .aliases = "info@example.org"},
	 PUT("/Groups/g1", INFO_AS("desk@example.org", "Info", INFO_MEMBERS, "ICU",
				   "[\"info@example.org\"]"))},
	/* A PUT without members does nothing. */
	{"no delegate left, in one request",
	 {.id = "g1", .set = ATTR_DELEGATES},
	 {{"PATCH /Groups/g1", REMOVE_MEMBERS, 200, INFO_EMPTY}}},
	{"suspended, in one request",
	 {REQUEST_SUSPEND, .id = "g1"},
	 {{"PATCH /Groups/g1", REMOVE_MEMBERS, 200, INFO_EMPTY}}},
	{"a name and no delegate left: these last",
	 {.id = "g1", .set = ATTR_NAME | ATTR_DELEGATES, .name = "Desk"},
	 {{"PUT /Groups/g1", INFO_AS("info@example.org", "Desk", INFO_MEMBERS, "/", "[]"), 200,
	   INFO_AS("info@example.org", "Desk", INFO_MEMBERS, "/", "[]")},
	  {"PATCH /Groups/g1", REMOVE_MEMBERS, 200,
	   INFO_AS("info@example.org", "Desk", "[]", "/", "[]")}}},
	{"deleted", {REQUEST_DELETE, .id = "g1"}, {{"DELETE /Groups/g1", .status = 204}}},
};

#define NEW_SCHEMAS(kind)                                                         \
	"\"schemas\":[\"" SCHEMAS "core:2.0:" kind "\"," ENTERPRISE ",\"" SCHEMAS \
	"zivver:0.1:" kind "\"]"
#define NEW_USER(values, division, aliases, delegates, more)                            \
	"{\"userName\":\"new@example.org\"" values                                      \
	"," NEW_SCHEMAS("User") "," ENTERPRISE ":{\"division\":\"" division "\"}," USER \
				":{\"aliases\":" aliases ",\"delegates\":" delegates more "}}"
/* As the service would answer. */
#define MADE_USER \
	"{\"id\":\"u8\",\"userName\":\"new@example.org\",\"name\":{\"formatted\":\"New\"}}"
#define NEW_GROUP(values, members, aliases, more)                              \
	"{\"externalId\":\"desk@example.org\"" values ",\"members\":" members  \
	"," NEW_SCHEMAS("Group") "," ENTERPRISE ":{\"division\":\"/\"}," GROUP \
				 ":{\"aliases\":" aliases more "}}"
#define MADE_GROUP \
	"{\"id\":\"g8\",\"externalId\":\"desk@example.org\",\"displayName\":\"Desk\"}"

static const struct sending creates[] = {
	{"a user",
	 {REQUEST_CREATE, .set = ATTR_ADDRESS | ATTR_NAME, .address = "new@example.org",
	  .name = "New", .active = true, .key = "k"},
	 {{"POST /Users",
	   NEW_USER(",\"name\":{\"formatted\":\"New\"},\"active\":true", "/", "[]", "[]", KEY),
	   201, MADE_USER}}},
	{"a user with everything",
	 {REQUEST_CREATE, .set = 0xFF, .address = "new@example.org", .name = "New",
	  .aliases = "n@example.org", .delegates = "kim@example.org jane@example.org",
	  .mobile = "+31687654321", .unit = "ICU", .external_id = "x \"8\"", .active = true,
	  .key = "k"},
	 {{"POST /Users",
	   NEW_USER(",\"name\":{\"formatted\":\"New\"},\"active\":true,\"phoneNumbers\":"
		    "[{\"value\":\"+31687654321\"}]",
		    "ICU", "[\"n@example.org\"]", "[\"jane@example.org\",\"kim@example.org\"]",
		    ",\"ExternalAccountId\":\"x \\\"8\\\"\"" KEY),
	   201,
	   "{\"id\":\"u8\",\"userName\":\"new@example.org\",\"name\":{\"formatted\":\"New\"},"
	   "\"phoneNumbers\":[{\"value\":\"+31687654321\"}]," ENTERPRISE
	   ":{\"division\":\"ICU\"}}"}}},
	{"a functional account",
	 {REQUEST_CREATE, KIND_FUNCTIONAL,
	  .set = ATTR_ADDRESS | ATTR_NAME | ATTR_DELEGATES | ATTR_ALIASES,
	  .address = "desk@example.org", .name = "Desk", .aliases = "d@example.org",
	  .delegates = "kim@example.org jane@example.org", .key = "k"},
	 {{"POST /Groups",
	   NEW_GROUP(",\"displayName\":\"Desk\"", "[{\"value\":\"u1\"},{\"value\":\"u3\"}]",
		     "[\"d@example.org\"]", ""),
	   201, MADE_GROUP}}},
	{"a functional account of nobody's",
	 {REQUEST_CREATE, KIND_FUNCTIONAL, .set = ATTR_ADDRESS | ATTR_NAME,
	  .address = "desk@example.org", .name = "Desk", .external_id = "x8"},
	 {{"POST /Groups",
	   NEW_GROUP(",\"displayName\":\"Desk\"", "[]", "[]", ",\"ExternalAccountId\":\"x8\""),
	   201, MADE_GROUP}}},
};

/* `op` where a case says none. */
static void carry_out_all(const struct sending *cases, size_t count, enum request_op op,
			  enum account_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		struct asked asked = cases[i].asked;
		const struct target_outcome *outcome;
		struct service s;

		if (asked.op == REQUEST_CREATE)
			asked.op = op;
		if (op == REQUEST_UPDATE)
			asked.kind = kind;
		open_people(&s, cases[i].exchanges, COUNT(cases[i].exchanges), SIGN_IN_SSO,
			    EVERYBODY);
		outcome = carry_out(&s, &asked);
		if (outcome->class != OUTCOME_DONE ||
		    outcome->answered != (asked.op != REQUEST_DELETE))
			buf_addf(&s.problems, "%d: %.*s\n", (int)outcome->class,
				 STR_FMT(outcome->text));
		close_service(&s, cases[i].name);
	}
}

static void users_are_sent_back_whole(void **state)
{
	(void)state;
	carry_out_all(user_updates, COUNT(user_updates), REQUEST_UPDATE, KIND_USER);
}

static void functional_accounts_are_sent_back_whole(void **state)
{
	(void)state;
	carry_out_all(functional_updates, COUNT(functional_updates), REQUEST_UPDATE,
		      KIND_FUNCTIONAL);
}

static void new_accounts_are_sent_with_all_they_have(void **state)
{
	(void)state;
	carry_out_all(creates, COUNT(creates), REQUEST_CREATE, KIND_USER);
}

/* --- resources of all shapes --------------------------------------------------------------- */

/* As it is read, and as it goes back with the key "k" and a name. */
static const struct {
	const char *read, *sent;
} shapes[] = {
	/* Blanks are nobody's. */
	{" {\t\"id\" : \"u1\",\n\"userName\":\"jane@example.org\" , " USER
	 " : { \"aliases\" : [ ] , \"delegates\":[] } } ",
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\"," USER
	 ":{\"aliases\":[],\"delegates\":[]" KEY "},\"name\":{\"formatted\":\"N\"}}"},
	{"{\"id\":\"u1\",\"userName\":\"jane@example.org\"," USER ":{ }}",
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\"," USER
	 ":{\"SsoAccountKey\":\"k\"},\"name\":{\"formatted\":\"N\"}}"},
	{"{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":null," USER ":null}",
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":\"N\"}," USER
	 ":{\"aliases\":[],\"delegates\":[]" KEY "}}"},
	/* Should the service ever tell keys: the new one counts. */
	{"{\"id\":\"u1\",\"userName\":\"jane@example.org\"," USER
	 ":{\"SsoAccountKey\":\"old\",\"delegates\":[]}}",
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\"," USER
	 ":{\"SsoAccountKey\":\"k\",\"delegates\":[]},\"name\":{\"formatted\":\"N\"}}"},
	{"{\"id\":\"u1\",\"userName\":\"jane@example.org\"," USER
	 ":{\"SsoAccountKey\":null,\"SsoAccountKey2\":1}}",
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\"," USER
	 ":{\"SsoAccountKey\":\"k\",\"SsoAccountKey2\":1},\"name\":{\"formatted\":\"N\"}}"},
	/* Escaped names are the same names. */
	{"{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"n\\u0061me\":{\"x\":\"\\u00e9\"}," USER
	 ":{\"a\":\"SsoAccountKey\",\"Sso\\u0041ccountKey\":\"old\"}}",
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"x\":\"\\u00e9\","
	 "\"formatted\":\"N\"}," USER
	 ":{\"a\":\"SsoAccountKey\",\"Sso\\u0041ccountKey\":\"k\"}}"},
	/* The same word elsewhere is not it. */
	{"{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"SsoAccountKey\":\"mine\",\"x\":{" USER
	 ":{\"SsoAccountKey\":\"y\"}}}",
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"SsoAccountKey\":\"mine\",\"x\":{" USER
	 ":{\"SsoAccountKey\":\"y\"}},\"name\":{\"formatted\":\"N\"}," USER
	 ":{\"aliases\":[],\"delegates\":[]" KEY "}}"},
};

static void keys_find_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct exchange exchange = {"PUT /Users/u1", shapes[i].sent, 200,
						  shapes[i].sent};
		struct service s;
		struct buf all = BUF_INIT;

		buf_addf(&all, "{\"totalResults\":1,\"Resources\":[%s]}", shapes[i].read);
		open_service(&s, &exchange, 1, SIGN_IN_SSO);
		s.users = (struct exchange){.status = 200, .answer = all.ptr};
		s.groups = (struct exchange){.status = 200, .answer = LIST_OF(0, "")};
		target_will_change(s.w.target, sym(&s.w, "u1"));
		list(&s.w);
		carry_out(&s, &(struct asked){REQUEST_UPDATE, .id = "u1", .set = ATTR_NAME,
					      .name = "N", .key = "k"});
		close_service(&s, shapes[i].read);
		buf_release(&all);
	}
}

/* --- what is not sent ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum sign_in sign_in;
	struct asked asked;
	const char *text;
} unsent[] = {
	{"a user without a key",
	 SIGN_IN_SSO,
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_NAME, .name = "N"},
	 "no account key is at hand"},
	{"a new user without a key",
	 SIGN_IN_SSO,
	 {REQUEST_CREATE, .set = ATTR_NAME, .address = "n@example.org", .name = "N"},
	 "no account key is at hand"},
	{"a key that is no text",
	 SIGN_IN_SSO,
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_NAME, .name = "N", .key = "\xff"},
	 "its account key is not UTF-8 text"},
	{"a key that is no text, with passwords too",
	 SIGN_IN_PASSWORD,
	 {REQUEST_CREATE, .set = 0, .address = "n@example.org", .key = "k\xc3"},
	 "its account key is not UTF-8 text"},
	/* It would be a silent no-op. */
	{"nobody who could be a delegate",
	 SIGN_IN_SSO,
	 {REQUEST_UPDATE, KIND_FUNCTIONAL, .id = "g1", .set = ATTR_DELEGATES,
	  .delegates = "nobody@example.org"},
	 "none of its delegates is an account of the service now"},
};

static void what_would_do_harm_is_not_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unsent); i++) {
		const struct target_outcome *outcome;
		struct service s;

		open_people(&s, NULL, 0, unsent[i].sign_in, EVERYBODY);
		submit(&s.w, 7, &unsent[i].asked);
		/* It is told like any other end. */
		assert_int_equal(s.w.target->ops->under_way(s.w.target), 1);
		wait_all(&s.w);
		assert_int_equal(s.w.outcomes.count, 1);
		outcome = &s.w.outcomes.items[0];
		assert_int_equal(outcome->number, 7);
		assert_int_equal(outcome->class, OUTCOME_FAILED);
		if (!str_starts(outcome->text, unsent[i].text))
			fail_msg("%s: %.*s", unsent[i].name, STR_FMT(outcome->text));
		assert_true(outcome->advice.len > 0);
		assert_int_equal(s.changes, 0);
		close_service(&s, unsent[i].name);
	}
}

static void passwords_need_no_keys(void **state)
{
	static const struct exchange exchanges[] = {
		{"PUT /Users/u1", JANE_KEYED("N", "true", ""), 200,
		 JANE_KEYED("N", "true", "")},
		{"PUT /Users/u1", JANE_KEYED("N", "true", KEY), 200,
		 JANE_KEYED("N", "true", "")},
		{"POST /Users", NEW_USER(",\"active\":true", "/", "[]", "[]", ""), 201,
		 MADE_USER},
	};
	struct service s;

	(void)state;
	open_people(&s, exchanges, COUNT(exchanges), SIGN_IN_PASSWORD, EVERYBODY);
	assert_false(s.w.target->own_keys);
	carry_out(&s,
		  &(struct asked){REQUEST_UPDATE, .id = "u1", .set = ATTR_NAME, .name = "N"});
	carry_out(&s, &(struct asked){REQUEST_UPDATE, .id = "u1", .set = ATTR_NAME, .name = "N",
				      .key = "k"});
	carry_out(&s, &(struct asked){REQUEST_CREATE, .address = "new@example.org",
				      .active = true});
	close_service(&s, "passwords");
}

/* Ids come from the service: one that is no segment of a path is not followed. */
static void ids_lead_nowhere_else(void **state)
{
	const struct target_outcome *outcome;
	struct service s;

	(void)state;
	open_service(&s, NULL, 0, SIGN_IN_SSO);
	s.users = (struct exchange){
		.status = 200,
		.answer = LIST_OF(1, "{\"id\":\"..\",\"userName\":\"a@example.org\"}")};
	s.groups = (struct exchange){.status = 200, .answer = LIST_OF(0, "")};
	list(&s.w);
	outcome = carry_out(&s, &(struct asked){REQUEST_DELETE, .id = ".."});
	assert_int_equal(outcome->class, OUTCOME_FAILED);
	assert_true(outcome->text.len > 0);
	close_service(&s, "ids");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_sent_back_whole),
		cmocka_unit_test(functional_accounts_are_sent_back_whole),
		cmocka_unit_test(new_accounts_are_sent_with_all_they_have),
		cmocka_unit_test(keys_find_their_place),
		cmocka_unit_test(what_would_do_harm_is_not_sent),
		cmocka_unit_test(passwords_need_no_keys),
		cmocka_unit_test(ids_lead_nowhere_else),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
