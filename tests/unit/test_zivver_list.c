/* Reading the whole organisation: complete, or an error. */
#include "zivver_people.h"

#define A(n) "{\"id\":\"a" #n "\",\"userName\":\"a" #n "@example.org\"}"
#define G(n) "{\"id\":\"g" #n "\",\"externalId\":\"g" #n "@example.org\"}"
#define IS_A(n) "a" #n " a" #n "@example.org active [] []\n"
#define IS_G(n) "g" #n " g" #n "@example.org suspended [] []\n"
#define GET_USERS(page, ...)                         \
	{                                            \
		"GET /Users" page, NULL, __VA_ARGS__ \
	}
#define GET_GROUPS(page, ...)                         \
	{                                             \
		"GET /Groups" page, NULL, __VA_ARGS__ \
	}
#define NESTED8(text) "[[[[[[[[" text "]]]]]]]]"

/* --- complete ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	struct exchange exchanges[6];
	const char *expected;
} complete[] = {
	{"nobody", {GET_USERS("", 200, LIST_OF(0, ""))}, ""},
	{"nobody, in other words",
	 {GET_USERS("", 200, "{\"totalResults\":0}"),
	  GET_GROUPS("", 200, "{\"Resources\":null,\"startIndex\":0,\"totalResults\":0}")},
	 ""},
	{"both lists",
	 {GET_USERS("", 200, LIST_OF(2, A(1) "," A(2))), GET_GROUPS("", 200, LIST_OF(1, G(1)))},
	 IS_A(1) IS_A(2) IS_G(1)},
	{"the number first, and what nobody knows",
	 {GET_USERS("", 200,
		    " {\"totalResults\" : 1 , \"schemas\":[\"x\",{\"Resources\":[1]}],"
		    "\"itemsPerPage\":-1.5e3, \"next\":null,\r\n\"Resources\" : [ " A(
			    1) " ] } \n")},
	 IS_A(1)},
	{"types that are JSON",
	 {GET_USERS("", 200, LIST_OF(1, A(1)), .type = "application/scim+json"),
	  GET_GROUPS("", 200, LIST_OF(1, G(1)), .type = "")},
	 IS_A(1) IS_G(1)},
	{"three pages",
	 {GET_USERS("", 200, LIST_OF(5, A(1) "," A(2))),
	  GET_USERS("?startIndex=3&count=2", 200, LIST_OF(5, A(3) "," A(4))),
	  GET_USERS("?startIndex=5&count=2", 200, LIST_OF(5, A(5)))},
	 IS_A(1) IS_A(2) IS_A(3) IS_A(4) IS_A(5)},
	{"pages that say where they begin, each of its own size",
	 {GET_GROUPS("", 200, "{\"totalResults\":4,\"startIndex\":1,\"Resources\":[" G(1) "]}"),
	  GET_GROUPS("?startIndex=2&count=1", 200,
		     "{\"totalResults\":4,\"startIndex\":2,\"Resources\":[" G(2) "," G(3) "]}"),
	  GET_GROUPS("?startIndex=4&count=1", 200,
		     "{\"totalResults\":4,\"startIndex\":4,\"Resources\":[" G(4) "]}")},
	 IS_G(1) IS_G(2) IS_G(3) IS_G(4)},
	/* What came of the first attempt is void. */
	{"a page that broke off is asked for again",
	 {GET_USERS("", 200, LIST_OF(2, A(1) "," A(2)), .ending = CUT),
	  GET_USERS("", 200, LIST_OF(3, A(1) "," A(2))),
	  GET_USERS("?startIndex=3&count=2", 200, LIST_OF(3, A(3)), .ending = CUT),
	  GET_USERS("?startIndex=3&count=2", 200, LIST_OF(3, A(3)))},
	 IS_A(1) IS_A(2) IS_A(3)},
	{"a service that was away for a moment",
	 {GET_USERS("", 503), GET_USERS("", 200, LIST_OF(1, A(1))),
	  GET_GROUPS("", .ending = SILENT), GET_GROUPS("", 200, LIST_OF(1, G(1)))},
	 IS_A(1) IS_G(1)},
	/* Links go from page to page and from list to list, and only to users. */
	{"delegates",
	 {GET_USERS("", 200,
		    LIST_OF(2,
			    "{\"id\":\"a1\",\"userName\":\"a1@example.org\"," USER
			    ":{\"delegates\":[\"A2@example.org\",\"g1@example.org\","
			    "\"alias@example.org\",\"\"],\"aliases\":[\"a1@example.org\"]}}")),
	  GET_USERS("?startIndex=2&count=1", 200,
		    LIST_OF(2, "{\"id\":\"a2\",\"userName\":\"a2@example.org\"," USER
			       ":{\"aliases\":[\"Alias@example.org\"]}}")),
	  GET_GROUPS("", 200,
		     LIST_OF(2, "{\"id\":\"g1\",\"externalId\":\"g1@example.org\",\"members\":"
				"[{\"value\":\"a2\"},{\"value\":\"g1\"},{\"value\":\"g2\"},"
				"{\"value\":\"a1@example.org\"}]}," G(2)))},
	 "a1 a1@example.org active [] [a2@example.org]\n"
	 "a2 a2@example.org active [alias@example.org] []\n"
	 "g1 g1@example.org active [] [a2@example.org]\n" IS_G(2)},
};

static void open_lists(struct service *s, const struct exchange *exchanges, size_t count)
{
	open_service(s, exchanges, count, SIGN_IN_SSO);
	s->loose = true;
	s->users = s->groups = (struct exchange){.status = 200, .answer = LIST_OF(0, "")};
}

static void complete_lists_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(complete); i++) {
		struct service s;

		open_lists(&s, complete[i].exchanges, COUNT(complete[i].exchanges));
		expect_listing(&s.w, complete[i].expected);
		close_service(&s, complete[i].name);
	}
}

/* --- not complete -------------------------------------------------------------------------- */

#define ONE(body)                        \
	{                                \
		GET_USERS("", 200, body) \
	}
#define INCOMPLETE "A list that is not complete would read as if people had left"
#define NOT_OURS "this is not a complete answer of the service"
#define TWO_OF(more) LIST_OF(2, A(1) ",{\"id\":\"a2\",\"userName\":\"a2@example.org\"" more "}")

static const struct {
	const char *name;
	struct exchange exchanges[4];
	const char *error;
	enum err_class class;
} broken[] = {
	/* --- counts --- */
	{"fewer than it says, and no more to come",
	 {GET_USERS("", 200, LIST_OF(3, A(1) "," A(2))),
	  GET_USERS("?startIndex=3&count=2", 200, LIST_OF(3, ""))},
	 INCOMPLETE,
	 ERR_UNREACHABLE},
	{"it says some and sends none", ONE(LIST_OF(3, "")), INCOMPLETE, ERR_UNREACHABLE},
	{"more than it says", ONE(LIST_OF(1, A(1) "," A(2))), "there are 1 and has sent 2",
	 ERR_UNREACHABLE},
	{"it says none", ONE(LIST_OF(0, A(1))), "there are 0 and has sent 1", ERR_UNREACHABLE},
	{"the second page has more",
	 {GET_USERS("", 200, LIST_OF(2, A(1))),
	  GET_USERS("?startIndex=2&count=1", 200, LIST_OF(2, A(2) "," A(3)))},
	 "there are 2 and has sent 3",
	 ERR_UNREACHABLE},
	{"the number changes",
	 {GET_USERS("", 200, LIST_OF(3, A(1))),
	  GET_USERS("?startIndex=2&count=1", 200, LIST_OF(2, A(2)))},
	 "there were 3 and now there are 2",
	 ERR_UNREACHABLE},
	{"another page than was asked for",
	 {GET_USERS("", 200, LIST_OF(3, A(1))),
	  GET_USERS("?startIndex=2&count=1", 200,
		    "{\"totalResults\":3,\"startIndex\":3,\"Resources\":[" A(3) "]}")},
	 "asked for what begins at 2, the service sent what begins at 3",
	 ERR_UNREACHABLE},
	{"it does not begin at the beginning",
	 ONE("{\"totalResults\":1,\"startIndex\":2,\"Resources\":[" A(1) "]}"),
	 "asked for what begins at 1", ERR_UNREACHABLE},
	{"no number", ONE("{\"Resources\":[" A(1) "]}"), "no \"totalResults\"",
	 ERR_UNREACHABLE},
	{"no number on the second page",
	 {GET_USERS("", 200, LIST_OF(2, A(1))),
	  GET_USERS("?startIndex=2&count=1", 200, "{\"Resources\":[" A(2) "]}")},
	 "no \"totalResults\"",
	 ERR_UNREACHABLE},
	{"nothing at all", ONE("{}"), "no \"totalResults\"", ERR_UNREACHABLE},
	{"a service that does not page, but says so",
	 {GET_USERS("", 200, LIST_OF(2, A(1))),
	  GET_USERS("?startIndex=2&count=1", 200, LIST_OF(2, A(1)))},
	 "user a1@example.org is listed twice",
	 ERR_UNREACHABLE},
	/* --- who is who --- */
	{"pages that overlap",
	 {GET_USERS("", 200, LIST_OF(3, A(1) "," A(2))),
	  GET_USERS("?startIndex=3&count=2", 200, LIST_OF(3, A(2)))},
	 "user a2@example.org is listed twice",
	 ERR_UNREACHABLE},
	{"one id for two",
	 ONE(LIST_OF(2, A(1) ",{\"id\":\"a1\",\"userName\":\"b@example.org\"}")),
	 "is listed twice", ERR_UNREACHABLE},
	{"one address for two",
	 ONE(LIST_OF(2, A(1) ",{\"id\":\"b\",\"userName\":\"A1@EXAMPLE.org\"}")),
	 "the address a1@example.org of user a1@example.org is also that of user a1@example.org",
	 ERR_FAILED},
	{"an alias that is an address",
	 ONE(TWO_OF("," USER ":{\"aliases\":[\"a1@example.org\"]}")),
	 "the alias a1@example.org of user a2@example.org is also that of user a1@example.org",
	 ERR_FAILED},
	{"an alias twice",
	 ONE(LIST_OF(2, "{\"id\":\"a1\",\"userName\":\"a1@example.org\"," USER
			":{\"aliases\":[\"x@example.org\"]}},{\"id\":\"a2\",\"userName\":"
			"\"a2@example.org\"," USER ":{\"aliases\":[\"X@example.org\"]}}")),
	 "the alias x@example.org of user a2@example.org is also that of user a1@example.org",
	 ERR_FAILED},
	{"an address in both lists",
	 {GET_USERS("", 200, LIST_OF(1, A(1))),
	  GET_GROUPS("", 200, LIST_OF(1, "{\"id\":\"g\",\"externalId\":\"a1@example.org\"}"))},
	 "of functional a1@example.org is also that of user a1@example.org",
	 ERR_FAILED},
	{"an id in both lists",
	 {GET_USERS("", 200, LIST_OF(1, A(1))),
	  GET_GROUPS("", 200, LIST_OF(1, "{\"id\":\"a1\",\"externalId\":\"g@example.org\"}"))},
	 "the id a1 of functional g@example.org is also that of user a1@example.org",
	 ERR_FAILED},
	/* --- bodies that end early --- */
	{"the connection ends",
	 {GET_USERS("", 200, LIST_OF(1, A(1)), .ending = CUT),
	  GET_USERS("", 200, LIST_OF(1, A(1)), .ending = CUT)},
	 "breaks off",
	 ERR_UNREACHABLE},
	/* libcurl sends it once more by itself where a connection had been used before. */
	{"no answer comes",
	 {GET_USERS("", .ending = SILENT), GET_USERS("", .ending = SILENT),
	  GET_USERS("", .ending = SILENT), GET_USERS("", .ending = SILENT)},
	 "before an answer came",
	 ERR_UNREACHABLE},
	{"within a resource",
	 ONE("{\"totalResults\":1,\"Resources\":[{\"id\":\"a1\",\"userName\":\"a"), NOT_OURS,
	 ERR_UNREACHABLE},
	{"between two", ONE("{\"totalResults\":1,\"Resources\":[" A(1) ","), NOT_OURS,
	 ERR_UNREACHABLE},
	{"before the last brace", ONE("{\"totalResults\":1,\"Resources\":[" A(1) "]"), NOT_OURS,
	 ERR_UNREACHABLE},
	{"before it begins", ONE(""), NOT_OURS, ERR_UNREACHABLE},
	{"204", {GET_USERS("", 204)}, "answered 204", ERR_FAILED},
	/* --- other things than a list --- */
	{"an array", ONE("[" A(1) "]"), NOT_OURS, ERR_UNREACHABLE},
	{"a page of a proxy", ONE("<html>hello</html>"), NOT_OURS, ERR_UNREACHABLE},
	{"which says so",
	 {GET_USERS("", 200, "<html>hello</html>", .type = "text/html")},
	 "the answer is text/html, not JSON",
	 ERR_UNREACHABLE},
	{"JSON of another type",
	 {GET_USERS("", 200, LIST_OF(0, ""), .type = "text/plain")},
	 "the answer is text/plain, not JSON",
	 ERR_UNREACHABLE},
	{"something behind it", ONE(LIST_OF(0, "") "{}"), NOT_OURS, ERR_UNREACHABLE},
	{"two lists in one", ONE("{\"totalResults\":0,\"Resources\":[],\"Resources\":[]}"),
	 NOT_OURS, ERR_UNREACHABLE},
	{"two numbers", ONE("{\"totalResults\":0,\"totalResults\":1}"), NOT_OURS,
	 ERR_UNREACHABLE},
	/* --- wrong types --- */
	{"a text for the number", ONE("{\"totalResults\":\"0\"}"),
	 "\"totalResults\" must be a number", ERR_UNREACHABLE},
	{"less than nobody", ONE("{\"totalResults\":-1}"), "must be a number", ERR_UNREACHABLE},
	{"half a person", ONE("{\"totalResults\":0.5}"), "must be a number", ERR_UNREACHABLE},
	{"a power", ONE("{\"totalResults\":1e0}"), "must be a number", ERR_UNREACHABLE},
	{"null", ONE("{\"totalResults\":null}"), "must be a number", ERR_UNREACHABLE},
	{"a huge number", ONE("{\"totalResults\":18446744073709551616}"), "must be a number",
	 ERR_UNREACHABLE},
	{"the largest number", ONE("{\"totalResults\":18446744073709551615}"), INCOMPLETE,
	 ERR_UNREACHABLE},
	{"a list of numbers", ONE("{\"totalResults\":[0]}"), "must be a number",
	 ERR_UNREACHABLE},
	{"an object for the list", ONE("{\"totalResults\":0,\"Resources\":{}}"),
	 "\"Resources\" must be a list", ERR_UNREACHABLE},
	{"resources that are none", ONE(LIST_OF(1, "7")),
	 "resource 1: a resource must be an object", ERR_UNREACHABLE},
	{"null among them", ONE(LIST_OF(2, A(1) ",null")),
	 "resource 2: a resource must be an object", ERR_UNREACHABLE},
	{"a user among functional accounts",
	 {GET_GROUPS("", 200, LIST_OF(1, A(1)))},
	 "this Group has no \"externalId\"",
	 ERR_UNREACHABLE},
	{"no id", ONE(LIST_OF(1, "{\"userName\":\"a@example.org\"}")),
	 "resource 1: this User has no \"id\"", ERR_UNREACHABLE},
	{"on the second page too",
	 {GET_USERS("", 200, LIST_OF(2, A(1))),
	  GET_USERS("?startIndex=2&count=1", 200, LIST_OF(2, "{}"))},
	 "resource 2: this User has no \"id\"",
	 ERR_UNREACHABLE},
	{"too deep within one",
	 ONE(LIST_OF(1, "{\"id\":\"a\",\"userName\":\"a@example.org\",\"x\":" NESTED8(
				NESTED8(NESTED8(NESTED8("1")))) "}")),
	 "nested too deeply", ERR_UNREACHABLE},
	{"too deep beside them",
	 ONE("{\"totalResults\":0,\"x\":" NESTED8(NESTED8(
		 NESTED8(NESTED8(NESTED8(NESTED8(NESTED8(NESTED8(NESTED8("1"))))))))) "}"),
	 "nested too deeply", ERR_UNREACHABLE},
	{"no text", ONE("{\"totalResults\":0,\"x\":\"\xff\"}"), NOT_OURS, ERR_UNREACHABLE},
	{"a name that is cut short",
	 ONE(LIST_OF(1, "{\"id\":\"a\",\"userName\":\"a@example.org\\u0000\"}")),
	 "resource 1: ", ERR_UNREACHABLE},
	/* --- refusals --- */
	{"401",
	 {GET_USERS("", 401)},
	 "answered 401 without a reason: the key is wrong",
	 ERR_FAILED},
	{"403",
	 {GET_GROUPS("", 403, "{\"detail\":\"no\"}")},
	 "403: no: the key may not do this",
	 ERR_FAILED},
	{"404",
	 {GET_USERS("", 404)},
	 "answered 404 without a reason: check target.url",
	 ERR_FAILED},
	{"a redirect", {GET_USERS("", 301)}, "301", ERR_FAILED},
	{"500", {GET_USERS("", 500), GET_USERS("", 500)}, "500", ERR_UNREACHABLE},
	{"503 of the other list",
	 {GET_GROUPS("", 503), GET_GROUPS("", 503)},
	 "503",
	 ERR_UNREACHABLE},
};

static void forget_exchanges(struct service *s)
{
	pthread_mutex_lock(&s->server.lock);
	s->count = 0;
	pthread_mutex_unlock(&s->server.lock);
}

static void a_list_that_is_not_complete_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct err err = ERR_INIT;
		struct service s;

		open_lists(&s, broken[i].exchanges, COUNT(broken[i].exchanges));
		*vec_push(&s.w.accounts) = (struct account){.address = sym(&s.w, "before")};
		if (s.w.target->ops->list(s.w.target, &s.w.names, &s.w.accounts, &err) == 0 ||
		    !strstr(err.text, broken[i].error) || err.class != broken[i].class)
			fail_msg("%s: class %d: %s", broken[i].name, (int)err.class, err.text);
		assert_true(str_starts(str_of(err.text), "target: "));
		/* Nothing of it is left. */
		assert_int_equal(s.w.accounts.count, 1);
		assert_string_equal(s.w.accounts.items[0].address->text, "before");
		/* And the next one is as good as any. */
		forget_exchanges(&s);
		s.users.answer = LIST_OF(1, A(7));
		expect_listing(&s.w, IS_A(7));
		close_service(&s, broken[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete_lists_are_read),
		cmocka_unit_test(a_list_that_is_not_complete_is_none),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
