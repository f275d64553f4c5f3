/* What the service says when it refuses: what it means, what is to be done, what comes of it. */
#include "zivver_errors.h"
#include "zivver_people.h"

/* --- words --------------------------------------------------------------------------------- */

static const struct {
	unsigned status;
	const char *body;
	enum outcome_class class;
	enum zivver_about about;
	const char *text;
	const char *advice; /* its beginning */
	const char *secret;
} refusals[] = {
	/* The reference's table. */
	{400, "Error creating alias: Alias is already taken for j@example.org", OUTCOME_REFUSED,
	 ZIVVER_ABOUT_ALIAS, "Error creating alias: Alias is already taken for j@example.org",
	 "merge the two accounts in the Zivver portal, or drop the address"},
	{409, "Error creating alias: Alias is a guest: j@example.org", OUTCOME_REFUSED,
	 ZIVVER_ABOUT_ALIAS, "Error creating alias: Alias is a guest: j@example.org",
	 "merge the guest account in the Zivver portal"},
	{403,
	 "You are not allowed to add this address to your organization. Does the account belong to "
	 "a registered domain name?",
	 OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "You are not allowed to add this address to your organization. Does the account belong to "
	 "a registered domain name?",
	 "claim the domain in the Zivver portal, or use Adopt"},
	{400, "Account is outside the organization", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "Account is outside the organization", "adopt the account in the Zivver portal"},
	{400, "Invalid division: ICU", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "Invalid division: ICU", "create this Organizational Unit in the Zivver portal"},
	{400, "Unknown account with uuid: u9", OUTCOME_FAILED, ZIVVER_ABOUT_ID,
	 "Unknown account with uuid: u9", "it was deleted meanwhile: plan again"},
	{401, "", OUTCOME_FATAL, ZIVVER_ABOUT_THE_KEY,
	 "the service answered 401 without a reason",
	 "the key is wrong or incomplete, or the administrator"},
	/* A status says more than the words, where it says that nothing will be different. */
	{401, "Invalid division: ICU", OUTCOME_FATAL, ZIVVER_ABOUT_THE_KEY,
	 "the service answered 401: Invalid division: ICU", "the key is wrong"},
	{403, "{\"message\":\"Forbidden\"}", OUTCOME_FATAL, ZIVVER_ABOUT_THE_KEY,
	 "the service answered 403: Forbidden", "the key may not do this"},
	{404, "<html><h1>Not Found</h1></html>", OUTCOME_FAILED, ZIVVER_ABOUT_ID,
	 "the service answered 404 without a reason", "it was deleted meanwhile"},
	{418, "  teapot\r\n", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "the service answered 418: teapot", ""},
	{400, NULL, OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "the service answered 400 without a reason", ""},
	/* The same words in other clothes. */
	{400,
	 "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"detail\":"
	 "\"INVALID DIVISION: \\u0041\",\"status\":\"400\"}",
	 OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING, "INVALID DIVISION: A", "create this"},
	{400, "{\"detail\":\"\",\"message\":\" Alias is a guest: a@example.org \"}",
	 OUTCOME_REFUSED, ZIVVER_ABOUT_ALIAS, "Alias is a guest: a@example.org",
	 "merge the guest"},
	{400, "{\"detail\":null,\"error\":\"Alias is a guest\"}", OUTCOME_REFUSED,
	 ZIVVER_ABOUT_ALIAS, "Alias is a guest", "merge the guest"},
	{400, "\"Invalid division: B\"", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "Invalid division: B", "create this"},
	{400, "{\"error\":\"invalid_grant\",\"error_description\":\"Alias is a guest\"}",
	 OUTCOME_REFUSED, ZIVVER_ABOUT_ALIAS, "Alias is a guest", "merge"},
	/* JSON without words, or words that are not the service's. */
	{400, "{\"detail\":{\"text\":\"Alias is a guest\"}}", OUTCOME_FAILED,
	 ZIVVER_ABOUT_NOTHING, "the service answered 400 without a reason", ""},
	{400, "[\"Alias is a guest\"]", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "the service answered 400 without a reason", ""},
	{400, "<p>Alias is a guest</p>", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "the service answered 400 without a reason", ""},
	{400, "null", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "the service answered 400 without a reason", ""},
	/* JSON that is none is a text. */
	{400, "{\"detail\":\"Alias is a guest\"", OUTCOME_REFUSED, ZIVVER_ABOUT_ALIAS,
	 "{\"detail\":\"Alias is a guest\"", "merge"},
	/* Should it repeat what it was sent. */
	{400, "{\"detail\":\"no key: S3\\u0063r\\nt\"}", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "the service answered 400: (words that hold the account key)", "", "s3CR\nT"},
	{400, "Invalid division: A1B2", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "(words that hold the account key)", "create this", "a1b2"},
	{400, "Invalid division: A", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "Invalid division: A", "create this", "a1b2"},
	{400, "Invalid division: A", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "Invalid division: A", "create this", "a"},
	/* Nothing that a terminal obeys, in one line. */
	{400, "a\x1b[2J\nb\xe2\x80\xae\xff", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING,
	 "the service answered 400: a<U+001B>[2J<U+000A>b<U+202E><0xFF>", ""},
};

static void words_have_a_meaning(void **state)
{
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct zivver_refusal refusal = zivver_refusal(&arena, refusals[i].status,
							       str_of(refusals[i].body),
							       str_of(refusals[i].secret));

		if (refusal.class != refusals[i].class || refusal.about != refusals[i].about ||
		    !str_is(refusal.text, refusals[i].text) ||
		    !str_starts(refusal.advice, refusals[i].advice) ||
		    (refusal.advice.len > 0) != (refusals[i].advice[0] != '\0'))
			fail_msg("%s: %d, %d, '%.*s', '%.*s'", refusals[i].text,
				 (int)refusal.class, (int)refusal.about, STR_FMT(refusal.text),
				 STR_FMT(refusal.advice));
	}
	arena_release(&arena);
}

/* However long the answer is, and wherever it is cut. */
static void texts_are_short(void **state)
{
	struct arena arena = ARENA_INIT;
	struct buf body = BUF_INIT;

	(void)state;
	buf_puts(&body, "Alias is a guest: x");
	for (size_t i = 0; i < 20000; i++)
		buf_puts(&body, "\xc3\xa9");
	for (size_t len = 250; len < 350; len++) {
		struct str text =
			zivver_refusal(&arena, 400, (struct str){body.ptr, len}, STR_NONE).text;

		assert_true(str_starts(text, "Alias is a guest: "));
		assert_in_range(text.len, 200, 310);
		assert_true(str_is_utf8(text));
	}
	/* In no character's middle. */
	assert_true(str_ends(zivver_refusal(&arena, 400, buf_str(&body), STR_NONE).text,
			     "\xc3\xa9"));
	buf_release(&body);
	arena_release(&arena);
}

/* --- what comes of them -------------------------------------------------------------------- */

struct refused_case {
	const char *name;
	struct asked asked;
	struct exchange exchanges[3];
	enum outcome_class class;
	const char *text;      /* a part */
	const char *attribute; /* refused for good; NULL: none */
};

#define ALIASES(wanted)                                                                        \
	{                                                                                      \
		REQUEST_UPDATE, .id = "u1", .set = ATTR_ALIASES, .aliases = wanted, .key = "k" \
	}
#define ALIASES_PUT(list, ...)                                                            \
	{                                                                                 \
		"PUT /Users/u1",                                                          \
			JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/", \
				list, JANE_DELEGATES, KEY),                               \
			__VA_ARGS__                                                       \
	}
#define TWO "a@example.org anna@example.org j.doe@example.org"
#define TWO_PUT(...)                                                                  \
	ALIASES_PUT("[\"a@example.org\",\"anna@example.org\",\"j.doe@example.org\"]", \
		    __VA_ARGS__)
#define ONE "a@example.org j.doe@example.org"
#define ONE_PUT(...) ALIASES_PUT("[\"a@example.org\",\"j.doe@example.org\"]", __VA_ARGS__)
#define GUEST(address) "{\"detail\":\"Error creating alias: Alias is a guest: " address "\"}"
#define TAKEN(address) \
	"{\"detail\":\"Error creating alias: Alias is already taken for " address "\"}"
#define DESK(members) INFO_AS("info@example.org", "Desk", members, "/", "[]")
#define MEMBERS(delegate_list)                                                      \
	{                                                                           \
		REQUEST_UPDATE, KIND_FUNCTIONAL, .id = "g1", .set = ATTR_DELEGATES, \
						 .delegates = delegate_list         \
	}
#define MEMBERS_PUT(list, ...)                                                          \
	{                                                                               \
		"PUT /Groups/g1", INFO_AS("info@example.org", "Info", list, "/", "[]"), \
			__VA_ARGS__                                                     \
	}
#define UNKNOWN(id) "{\"detail\":\"Unknown account with uuid: " id "\"}"

static const struct refused_case cases[] = {
	/* --- aliases --- */
	{"a guest",
	 ALIASES(TWO),
	 {TWO_PUT(400, GUEST("a@example.org"))},
	 OUTCOME_REFUSED,
	 "Alias is a guest",
	 "alias a@example.org"},
	{"the one whose address ends alike",
	 ALIASES(TWO),
	 {TWO_PUT(400, GUEST("anna@example.org"))},
	 OUTCOME_REFUSED,
	 "Alias is a guest",
	 "alias anna@example.org"},
	{"in capitals, and at the end of a sentence",
	 ALIASES(TWO),
	 {TWO_PUT(409, "Alias is a guest: 'Anna@Example.ORG'.", .type = "text/plain")},
	 OUTCOME_REFUSED,
	 "Alias is a guest",
	 "alias anna@example.org"},
	/* Which of the two is not said: nothing can be recorded. */
	{"one of two",
	 ALIASES(TWO),
	 {TWO_PUT(400, "Alias is a guest")},
	 OUTCOME_FAILED,
	 "guest",
	 NULL},
	{"somebody else's",
	 ALIASES(TWO),
	 {TWO_PUT(400, GUEST("a@example.org.example.net"))},
	 OUTCOME_FAILED,
	 "guest",
	 NULL},
	{"the only one",
	 ALIASES(ONE),
	 {ONE_PUT(400, "Alias is already taken for u7")},
	 OUTCOME_REFUSED,
	 "taken for u7",
	 "alias a@example.org"},
	/* Nobody who can be seen has it. */
	{"taken out of sight",
	 ALIASES(ONE),
	 {ONE_PUT(400, TAKEN("a@example.org"))},
	 OUTCOME_REFUSED,
	 "already taken",
	 "alias a@example.org"},
	/* Tomorrow it may be free. */
	{"taken by somebody in sight",
	 ALIASES("bob@example.org j.doe@example.org"),
	 {ALIASES_PUT("[\"bob@example.org\",\"j.doe@example.org\"]", 400,
		      TAKEN("bob@example.org"))},
	 OUTCOME_FAILED,
	 "already taken",
	 NULL},
	{"no alias was asked for",
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_NAME, .name = "N", .key = "k"},
	 {{"PUT /Users/u1", JANE_KEYED("N", "true", KEY), 400, GUEST("j.doe@example.org")}},
	 OUTCOME_FAILED,
	 "Alias is a guest",
	 NULL},
	{"it is about the new address",
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_ADDRESS | ATTR_ALIASES,
	  .address = "new@example.org", .aliases = ONE, .key = "k"},
	 {{"PUT /Users/u1",
	   JANE_AS("new@example.org", "Jane Doe", "true", JANE_PHONES, "/",
		   "[\"a@example.org\",\"j.doe@example.org\"]", JANE_DELEGATES, KEY),
	   400, TAKEN("new@example.org")}},
	 OUTCOME_FAILED,
	 "already taken",
	 NULL},
	{"a new account's",
	 {REQUEST_CREATE, KIND_FUNCTIONAL, .set = ATTR_ALIASES, .address = "desk@example.org",
	  .aliases = "a@example.org b@example.org"},
	 {{"POST /Groups",
	   "{\"externalId\":\"desk@example.org\",\"members\":[],\"schemas\":[\"" SCHEMAS
	   "core:2.0:Group\"," ENTERPRISE "," GROUP "]," ENTERPRISE
	   ":{\"division\":\"/\"}," GROUP
	   ":{\"aliases\":[\"a@example.org\",\"b@example.org\"]}}",
	   400, GUEST("b@example.org")}},
	 OUTCOME_REFUSED,
	 "Alias is a guest",
	 "alias b@example.org"},
	/* --- the rest of the table --- */
	{"a domain",
	 ALIASES(ONE),
	 {ONE_PUT(403,
		  "{\"detail\":\"You are not allowed to add this address to your "
		  "organization. Does the account belong to a registered domain name?\"}")},
	 OUTCOME_FAILED,
	 "registered domain",
	 NULL},
	{"outside",
	 ALIASES(ONE),
	 {ONE_PUT(400, "Account is outside the organization")},
	 OUTCOME_FAILED,
	 "outside",
	 NULL},
	{"a unit",
	 {REQUEST_UPDATE, .id = "u1", .set = ATTR_UNIT, .unit = "X", .key = "k"},
	 {{"PUT /Users/u1",
	   JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "X", JANE_ALIASES,
		   JANE_DELEGATES, KEY),
	   400, "Invalid division: X"}},
	 OUTCOME_FAILED,
	 "Invalid division: X",
	 NULL},
	{"no reason",
	 ALIASES(ONE),
	 {ONE_PUT(422)},
	 OUTCOME_FAILED,
	 "answered 422 without a reason",
	 NULL},
	{"gone", ALIASES(ONE), {ONE_PUT(404)}, OUTCOME_FAILED, "answered 404", NULL},
	{"gone, as the service says it",
	 {REQUEST_DELETE, .id = "u1"},
	 {{"DELETE /Users/u1", NULL, 400, UNKNOWN("u1")}},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: u1",
	 NULL},
	/* --- what no other request would meet differently --- */
	{"401", ALIASES(ONE), {ONE_PUT(401)}, OUTCOME_FATAL, "answered 401", NULL},
	{"403", ALIASES(ONE), {ONE_PUT(403)}, OUTCOME_FATAL, "answered 403", NULL},
	{"a redirect", ALIASES(ONE), {ONE_PUT(302)}, OUTCOME_FATAL, "302", NULL},
	/* --- delegates who are suspended --- */
	{"are left out when they are refused",
	 MEMBERS("kim@example.org bob@example.org"),
	 {MEMBERS_PUT("[{\"value\":\"u2\"},{\"value\":\"u3\"}]", 400, UNKNOWN("u3")),
	  MEMBERS_PUT("[{\"value\":\"u2\"}]", 200,
		      INFO_AS("info@example.org", "Info", "[{\"value\":\"u2\"}]", "/", "[]"))},
	 OUTCOME_DONE,
	 "",
	 NULL},
	{"of a resource that goes back too",
	 {REQUEST_UPDATE, KIND_FUNCTIONAL, .id = "g1", .set = ATTR_NAME, .name = "Desk"},
	 {{"PUT /Groups/g1", DESK(INFO_MEMBERS), 400, UNKNOWN("u3")},
	  {"PUT /Groups/g1", DESK("[{\"value\":\"u1\"}]"), 200, DESK("[{\"value\":\"u1\"}]")}},
	 OUTCOME_DONE,
	 "",
	 NULL},
	{"once, not for ever",
	 MEMBERS("bob@example.org"),
	 {MEMBERS_PUT("[{\"value\":\"u2\"}]", 400, UNKNOWN("u2")),
	  MEMBERS_PUT("[{\"value\":\"u2\"}]", 400, UNKNOWN("u2"))},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: u2",
	 NULL},
	{"and nobody is left",
	 MEMBERS("kim@example.org"),
	 {MEMBERS_PUT("[{\"value\":\"u3\"}]", 400, UNKNOWN("u3"))},
	 OUTCOME_FAILED,
	 "none of its delegates",
	 NULL},
	{"it is itself what is unknown",
	 MEMBERS("bob@example.org"),
	 {MEMBERS_PUT("[{\"value\":\"u2\"}]", 400, UNKNOWN("g1"))},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: g1",
	 NULL},
};

static void refusals_have_consequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct refused_case *c = &cases[i];
		const struct target_outcome *outcome;
		struct service s;

		open_people(&s, c->exchanges, COUNT(c->exchanges), SIGN_IN_SSO, EVERYBODY);
		outcome = carry_out(&s, &c->asked);
		if (outcome->class != c->class ||
		    outcome->answered != (c->class == OUTCOME_DONE) ||
		    !str_is(outcome->refused_attribute, c->attribute ? c->attribute : "") ||
		    !memmem(outcome->text.ptr ? outcome->text.ptr : "", outcome->text.len,
			    c->text, strlen(c->text)))
			buf_addf(&s.problems, "%d '%.*s' '%.*s'\n", (int)outcome->class,
				 STR_FMT(outcome->text), STR_FMT(outcome->refused_attribute));
		close_service(&s, c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_a_meaning),
		cmocka_unit_test(texts_are_short),
		cmocka_unit_test(refusals_have_consequences),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
