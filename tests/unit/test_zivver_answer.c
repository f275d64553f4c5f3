/* What becomes of a change: done is what an answer shows, and what none tells is not known. */
#include "zivver_people.h"

struct ending_case {
	const char *name;
	struct asked asked;
	struct exchange exchanges[4];
	enum outcome_class class;
	/* How the answer is described, NULL: there is none; or a part of the text. */
	const char *told;
};

#define NAME                                                                          \
	{                                                                             \
		REQUEST_UPDATE, .id = "u1", .set = ATTR_NAME, .name = "N", .key = "k" \
	}
#define NAMED(key) JANE_KEYED("N", "true", key)
#define NAME_PUT(...)                                    \
	{                                                \
		"PUT /Users/u1", NAMED(KEY), __VA_ARGS__ \
	}
#define NAME_GET(...)                              \
	{                                          \
		"GET /Users/u1", NULL, __VA_ARGS__ \
	}
#define IS_JANE "u1 jane@example.org active [j.doe@example.org] [bob@example.org]\n"

static const struct ending_case settled[] = {
	/* --- the answer shows it --- */
	{"shown", NAME, {NAME_PUT(200, NAMED(""))}, OUTCOME_DONE, IS_JANE},
	{"shown, with more than was sent",
	 NAME,
	 {NAME_PUT(201,
		   "{\"id\":\"u1\",\"userName\":\"Jane@Example.org\",\"name\":{\"formatted\":"
		   "\"N\"},\"new\":[]}",
		   .type = "Application/SCIM+json; charset=utf-8")},
	 OUTCOME_DONE,
	 "u1 jane@example.org active [] []\n"},
	{"shown, of no type",
	 NAME,
	 {NAME_PUT(200, NAMED(""), .type = "")},
	 OUTCOME_DONE,
	 IS_JANE},
	{"not shown", NAME, {NAME_PUT(200, JANE)}, OUTCOME_UNKNOWN, "does not show the change"},
	/* --- the answer does not tell: one reading does --- */
	{"no answer's body",
	 NAME,
	 {NAME_PUT(200), NAME_GET(200, NAMED(""))},
	 OUTCOME_DONE,
	 IS_JANE},
	{"204", NAME, {NAME_PUT(204), NAME_GET(200, NAMED(""))}, OUTCOME_DONE, IS_JANE},
	{"202 and a text",
	 NAME,
	 {NAME_PUT(202, "later", .type = "text/plain"), NAME_GET(200, NAMED(""))},
	 OUTCOME_DONE,
	 IS_JANE},
	{"JSON that is said to be none",
	 NAME,
	 {NAME_PUT(200, NAMED(""), .type = "text/html"), NAME_GET(200, NAMED(""))},
	 OUTCOME_DONE,
	 IS_JANE},
	{"JSON that ends early",
	 NAME,
	 {NAME_PUT(200, "{\"id\":\"u1\""), NAME_GET(200, JANE)},
	 OUTCOME_UNKNOWN,
	 "does not show the change"},
	{"somebody else",
	 NAME,
	 {NAME_PUT(200, BOB), NAME_GET(200, BOB)},
	 OUTCOME_UNKNOWN,
	 "is not the account"},
	{"a list",
	 NAME,
	 {NAME_PUT(200, "[" JANE "]"), NAME_GET(200, "null")},
	 OUTCOME_UNKNOWN,
	 "is not the account"},
	{"gone when it is read",
	 NAME,
	 {NAME_PUT(200), NAME_GET(400, "Unknown account with uuid: u1")},
	 OUTCOME_UNKNOWN,
	 "Unknown account with uuid: u1"},
	{"a refused reading is no refusal",
	 NAME,
	 {NAME_PUT(200), NAME_GET(400, "Alias is a guest: j.doe@example.org")},
	 OUTCOME_UNKNOWN,
	 "Alias is a guest"},
	{"no right to read", NAME, {NAME_PUT(200), NAME_GET(403)}, OUTCOME_UNKNOWN, "403"},
	{"a redirected reading", NAME, {NAME_PUT(200), NAME_GET(302)}, OUTCOME_UNKNOWN, "302"},
	{"no answer to the reading either",
	 NAME,
	 {NAME_PUT(200), NAME_GET(502), NAME_GET(503)},
	 OUTCOME_UNKNOWN,
	 "503"},
	/* --- no complete answer: it is not sent again --- */
	{"silence",
	 NAME,
	 {NAME_PUT(.ending = SILENT)},
	 OUTCOME_UNKNOWN,
	 "before an answer came"},
	{"half an answer",
	 NAME,
	 {NAME_PUT(200, NAMED(""), .ending = CUT)},
	 OUTCOME_UNKNOWN,
	 "breaks off"},
	{"500", NAME, {NAME_PUT(500, "{\"detail\":\"oops\"}")}, OUTCOME_UNKNOWN, "500"},
	{"502", NAME, {NAME_PUT(502, "<html>")}, OUTCOME_UNKNOWN, "502"},
	{"503", NAME, {NAME_PUT(503)}, OUTCOME_UNKNOWN, "503"},
	/* --- other values --- */
	{"a number that did not stay",
	 {REQUEST_UPDATE, .id = "u2", .set = ATTR_MOBILE, .mobile = "+31687654321", .key = "k"},
	 {{"PUT /Users/u2",
	   "{\"id\":\"u2\",\"userName\":\"bob@example.org\",\"phoneNumbers\":[{\"value\":"
	   "\"+31687654321\"}]," USER ":{\"aliases\":[],\"delegates\":[]" KEY "}}",
	   200, BOB}},
	 OUTCOME_UNKNOWN,
	 "does not show the change"},
	{"still active",
	 {REQUEST_SUSPEND, .id = "u1"},
	 {{"PUT /Users/u1", JANE_KEYED("Jane Doe", "false", ""), 200, JANE}},
	 OUTCOME_UNKNOWN,
	 "does not show the change"},
	{"an alias that was to go",
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_ALIASES, .key = "k"},
	 {{"PUT /Users/u1",
	   JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/", "[]",
		   JANE_DELEGATES, KEY),
	   200, JANE}},
	 OUTCOME_UNKNOWN,
	 "still shows what was to go"},
	{"a delegate who was to go",
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_DELEGATES, .key = "k"},
	 {{"PUT /Users/u1",
	   JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/", JANE_ALIASES, "[]",
		   KEY),
	   200, JANE}},
	 OUTCOME_UNKNOWN,
	 "still shows what was to go"},
	/* The service may keep the old address. */
	{"an alias of the rename's",
	 {REQUEST_UPDATE, .id = "u2", .set = ATTR_ADDRESS | ATTR_ALIASES,
	  .address = "b@example.org", .key = "k"},
	 {{"PUT /Users/u2",
	   "{\"id\":\"u2\",\"userName\":\"b@example.org\"," USER
	   ":{\"aliases\":[],\"delegates\":[]" KEY "}}",
	   200,
	   "{\"id\":\"u2\",\"userName\":\"b@example.org\"," USER
	   ":{\"aliases\":[\"bob@example.org\"]}}"}},
	 OUTCOME_DONE,
	 "u2 b@example.org active [bob@example.org] []\n"},
	/* What was asked for and is not there is the caller's to see. */
	{"an alias that was dropped",
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_ALIASES,
	  .aliases = "j.doe@example.org a@example.org", .key = "k"},
	 {{"PUT /Users/u1",
	   JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/",
		   "[\"a@example.org\",\"j.doe@example.org\"]", JANE_DELEGATES, KEY),
	   200, JANE}},
	 OUTCOME_DONE,
	 IS_JANE},
	{"a deletion",
	 {REQUEST_DELETE, .id = "u1"},
	 {{"DELETE /Users/u1", .status = 200}},
	 OUTCOME_DONE},
	{"a deletion without an answer",
	 {REQUEST_DELETE, .id = "u1"},
	 {{"DELETE /Users/u1", .ending = SILENT}},
	 OUTCOME_UNKNOWN,
	 "before an answer came"},
};

#define CREATE                                                                          \
	{                                                                               \
		REQUEST_CREATE, .set = ATTR_NAME | ATTR_ALIASES | ATTR_ACTIVE,          \
				.address = "new@example.org", .name = "New",            \
				.aliases = "n@example.org", .active = false, .key = "k" \
	}
#define CREATE_POST(...)                                                                                       \
	{                                                                                                      \
		"POST /Users",                                                                                 \
			"{\"userName\":\"new@example.org\",\"name\":{\"formatted\":\"New\"},\"active\":false," \
			"\"schemas\":[\"" SCHEMAS "core:2.0:User\"," ENTERPRISE ",\"" SCHEMAS                  \
			"zivver:0.1:User\"]," ENTERPRISE ":{\"division\":\"/\"}," USER                         \
			":{\"aliases\":[\"n@example.org\"],\"delegates\":[]" KEY "}}",                         \
			__VA_ARGS__                                                                            \
	}
#define MADE(more) "{\"id\":\"u8\",\"userName\":\"new@example.org\"" more "}"
#define MADE_NAME ",\"name\":{\"formatted\":\"New\"}"
#define MADE_ALIAS "," USER ":{\"aliases\":[\"n@example.org\"]}"
#define IS_MADE "u8 new@example.org active [] []\n"

static const struct ending_case created[] = {
	{"everything was taken",
	 CREATE,
	 {CREATE_POST(201, MADE(MADE_NAME MADE_ALIAS ",\"active\":false"))},
	 OUTCOME_DONE,
	 "u8 new@example.org suspended [n@example.org] []\n"},
	/* As the service does: the caller completes it with one more request. */
	{"active, whatever was sent, and without its alias",
	 CREATE,
	 {CREATE_POST(201, MADE(MADE_NAME ",\"active\":true"))},
	 OUTCOME_DONE,
	 IS_MADE},
	{"just who it is",
	 CREATE,
	 {CREATE_POST(201, MADE("")), {"GET /Users/u8", NULL, 200, MADE(MADE_NAME)}},
	 OUTCOME_DONE,
	 IS_MADE},
	{"another name than was asked for",
	 CREATE,
	 {CREATE_POST(201, MADE("")), {"GET /Users/u8", NULL, 200, MADE("")}},
	 OUTCOME_DONE,
	 IS_MADE},
	{"and then it cannot be read",
	 CREATE,
	 {CREATE_POST(201, MADE("")),
	  {"GET /Users/u8", NULL, 400, "Unknown account with uuid: u8"}},
	 OUTCOME_UNKNOWN,
	 "Unknown account"},
	/* A listing tells its id. */
	{"nothing is said of it", CREATE, {CREATE_POST(201)}, OUTCOME_DONE},
	{"somebody else is said", CREATE, {CREATE_POST(201, JANE)}, OUTCOME_DONE},
	{"silence",
	 CREATE,
	 {CREATE_POST(.ending = SILENT)},
	 OUTCOME_UNKNOWN,
	 "before an answer came"},
	{"500", CREATE, {CREATE_POST(500)}, OUTCOME_UNKNOWN, "500"},
	{"half an answer",
	 CREATE,
	 {CREATE_POST(201, MADE(MADE_NAME), .ending = CUT)},
	 OUTCOME_UNKNOWN,
	 "breaks off"},
};

#define EMPTIED INFO_AS("info@example.org", "Info", "[]", "/", "[]")
#define DESK(members) INFO_AS("info@example.org", "Desk", members, "/", "[]")
#define EMPTY_DESK                                                                    \
	{                                                                             \
		REQUEST_UPDATE, KIND_FUNCTIONAL,                                      \
			.id = "g1", .set = ATTR_NAME | ATTR_DELEGATES, .name = "Desk" \
	}
#define DESK_PUT                                                              \
	{                                                                     \
		"PUT /Groups/g1", DESK(INFO_MEMBERS), 200, DESK(INFO_MEMBERS) \
	}
#define PATCH(...)                                              \
	{                                                       \
		"PATCH /Groups/g1", REMOVE_MEMBERS, __VA_ARGS__ \
	}
#define IS_EMPTIED "g1 info@example.org suspended [] []\n"

static const struct ending_case emptied[] = {
	{"shown",
	 {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 {PATCH(200, EMPTIED)},
	 OUTCOME_DONE,
	 IS_EMPTIED},
	{"204", {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"}, {PATCH(204)}, OUTCOME_DONE},
	{"itself is left",
	 {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 {PATCH(200, INFO_AS("info@example.org", "Info", "[{\"value\":\"g1\"}]", "/", "[]"))},
	 OUTCOME_DONE,
	 IS_EMPTIED},
	{"somebody is left",
	 {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 {PATCH(200, INFO)},
	 OUTCOME_UNKNOWN,
	 "still shows delegates"},
	/* It cannot be said that he may not read. */
	{"somebody is left whom nobody knows",
	 {REQUEST_UPDATE, KIND_FUNCTIONAL, .id = "g1", .set = ATTR_DELEGATES},
	 {PATCH(200, INFO_AS("info@example.org", "Info", "[{\"value\":\"u9\"}]", "/", "[]"))},
	 OUTCOME_UNKNOWN,
	 "still shows delegates"},
	{"nothing is shown",
	 {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 {PATCH(200, "{}"), {"GET /Groups/g1", NULL, 200, EMPTIED}},
	 OUTCOME_DONE,
	 IS_EMPTIED},
	{"nothing is shown, and nothing happened",
	 {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 {PATCH(200, "{}"), {"GET /Groups/g1", NULL, 200, INFO}},
	 OUTCOME_UNKNOWN,
	 "still shows delegates"},
	{"media types that it does not take",
	 {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 {PATCH(415, "Unsupported Media Type", .type = "text/plain")},
	 OUTCOME_FAILED,
	 "the service answered 415: Unsupported Media Type"},
	{"silence",
	 {REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 {PATCH(.ending = SILENT)},
	 OUTCOME_UNKNOWN,
	 "before an answer came"},
	{"a name, then no delegates",
	 EMPTY_DESK,
	 {DESK_PUT, PATCH(200, DESK("[]"))},
	 OUTCOME_DONE,
	 IS_EMPTIED},
	{"a name without an answer, then no delegates",
	 EMPTY_DESK,
	 {{"PUT /Groups/g1", DESK(INFO_MEMBERS), 204},
	  {"GET /Groups/g1", NULL, 200, DESK(INFO_MEMBERS)},
	  PATCH(200, DESK("[]"))},
	 OUTCOME_DONE,
	 IS_EMPTIED},
	{"a name that is not there: nobody is taken away",
	 EMPTY_DESK,
	 {{"PUT /Groups/g1", DESK(INFO_MEMBERS), 200, INFO}},
	 OUTCOME_UNKNOWN,
	 "does not show the change"},
	/* Half of it is done: who calls it a failure does not look. */
	{"a name, then a refusal",
	 EMPTY_DESK,
	 {DESK_PUT, PATCH(400, "no")},
	 OUTCOME_UNKNOWN,
	 "no"},
	{"a name, then no rights", EMPTY_DESK, {DESK_PUT, PATCH(403)}, OUTCOME_UNKNOWN, "403"},
	{"a name, then a redirect", EMPTY_DESK, {DESK_PUT, PATCH(307)}, OUTCOME_UNKNOWN, "307"},
	{"a name, then silence",
	 EMPTY_DESK,
	 {DESK_PUT, PATCH(.ending = SILENT)},
	 OUTCOME_UNKNOWN,
	 "before an answer came"},
};

static void check(const struct ending_case *c, struct service *s,
		  const struct target_outcome *outcome)
{
	struct buf said = BUF_INIT;
	bool fine = outcome->class == c->class &&
		    outcome->answered == (c->class == OUTCOME_DONE && c->told);

	if (outcome->answered)
		describe(&outcome->answer, &said);
	else
		buf_add(&said, outcome->text);
	if (c->class == OUTCOME_DONE)
		fine = fine && str_eq(buf_str(&said), str_of(c->told));
	else
		fine = fine && said.ptr && strstr(said.ptr, c->told);
	if (!fine)
		buf_addf(&s->problems, "class %d: '%s' instead of '%s'\n", (int)outcome->class,
			 said.ptr ? said.ptr : "", c->told ? c->told : "");
	buf_release(&said);
}

static void check_all(const struct ending_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct service s;

		open_people(&s, cases[i].exchanges, COUNT(cases[i].exchanges), SIGN_IN_SSO,
			    EVERYBODY);
		check(&cases[i], &s, carry_out(&s, &cases[i].asked));
		close_service(&s, cases[i].name);
	}
}

static void what_an_answer_shows_is_done(void **state)
{
	(void)state;
	check_all(settled, COUNT(settled));
}

static void a_new_account_is_what_it_is_said_to_be(void **state)
{
	(void)state;
	check_all(created, COUNT(created));
}

static void delegates_are_gone_when_none_is_left(void **state)
{
	(void)state;
	check_all(emptied, COUNT(emptied));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_answer_shows_is_done),
		cmocka_unit_test(a_new_account_is_what_it_is_said_to_be),
		cmocka_unit_test(delegates_are_gone_when_none_is_left),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
