#include "search_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void filters(void **state)
{
	static const struct {
		const char *text, *reason; /* NULL: fine */
		size_t at;
	} cases[] = {
		{"(objectClass=user)", NULL, 0},
		{"(&(objectClass=user)(!(cn=a*b)))", NULL, 0},
		{"(|(a=1)(b>=2)(c<=3)(d~=4)(e=*))", NULL, 0},
		{"(memberOf:1.2.840.113556.1.4.1941:=CN=x,DC=y)", NULL, 0},
		{"(cn:dn:2.4.6.8.10:=Dino)", NULL, 0},
		{"(:DN:2.4.6.8.10:=Dino)", NULL, 0},
		{"(cn=Doe \\28Jane\\29)", NULL, 0},
		{"(cn=Jörg = 山田)", NULL, 0},
		{"(!(!(a=b)))", NULL, 0},
		{"", "stands in brackets", 0},
		{"objectClass=user", "stands in brackets", 0},
		{" (a=b)", "stands in brackets", 0},
		{"(a=b", "')' is missing", 4},
		{"(a=b))", "ends before this", 5},
		{"(a=b)(c=d)", "ends before this", 5},
		{"(a=b) ", "ends before this", 5},
		{"(&(a=b)", "')' is missing", 7},
		{"(&(a=b)c=d)", "'(' or ')' is missing", 7},
		{"(&)", "nothing in this pair", 2},
		{"(|(a=b)(&))", "nothing in this pair", 9},
		{"(!(a=b)(c=d))", "before one filter", 12},
		{"(=b)", "name of an attribute", 1},
		{"(a)", "'=' is missing", 2},
		{"(a>b)", "'=' is missing", 3},
		{"(a b=c)", "'=' is missing", 2},
		{"(a=)", "value is missing", 3},
		{"(a=(b=c))", "written \\28", 3},
		{"(a=b\\)", "two hexadecimal digits", 4},
		{"(a=\\4)", "two hexadecimal digits", 3},
		{"(a=\\2", "two hexadecimal digits", 3},
		{"()", "name of an attribute", 1},
		{"(", "name of an attribute", 1},
		{"(&", "')' is missing", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		size_t at = 0;
		int result = search_filter_check(str_of(cases[i].text), &at, &err);

		if (!cases[i].reason) {
			if (result)
				fail_msg("%s: %s at %zu", cases[i].text, err.text, at);
			continue;
		}
		if (result == 0 || !strstr(err.text, cases[i].reason) || at != cases[i].at)
			fail_msg("%s: %s at %zu", cases[i].text, err.text, at);
	}
}

static void bounds(void **state)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	size_t at = 0;

	(void)state;
	for (unsigned depth = SEARCH_FILTER_DEPTH_MAX; depth <= SEARCH_FILTER_DEPTH_MAX + 1;
	     depth++) {
		buf_clear(&text);
		for (unsigned i = 0; i < depth; i++)
			buf_puts(&text, "(!");
		buf_puts(&text, "(a=b)");
		for (unsigned i = 0; i < depth; i++)
			buf_char(&text, ')');
		assert_int_equal(search_filter_check(buf_str(&text), &at, &err),
				 depth > SEARCH_FILTER_DEPTH_MAX ? -1 : 0);
	}
	buf_clear(&text);
	buf_puts(&text, "(a=");
	while (text.len < SEARCH_FILTER_MAX)
		buf_char(&text, 'x');
	buf_char(&text, ')');
	assert_int_equal(search_filter_check(buf_str(&text), &at, &err), -1);
	assert_non_null(strstr(err.text, "too long"));
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(filters), cmocka_unit_test(bounds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
