#include "address.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct str repeat(struct arena *arena, const char *text, size_t times, const char *end)
{
	struct buf buf = BUF_INIT;
	struct str out;

	while (times--)
		buf_puts(&buf, text);
	buf_puts(&buf, end);
	out = arena_str(arena, buf_str(&buf));
	buf_release(&buf);
	return out;
}

static void check_address(struct arena *arena, struct str text, const char *expected)
{
	struct err err = ERR_INIT;
	struct str out = STR("untouched");

	if (address_normalize(arena, text, &out, &err) == 0) {
		if (!str_is(out, expected))
			fail_msg("'%.*s' became '%.*s', not '%s'", STR_FMT(text), STR_FMT(out),
				 expected);
		/* What is in compared form stays as it is. */
		assert_int_equal(address_normalize(arena, out, &out, &err), 0);
		assert_true(str_is(out, expected));
	} else {
		/* What libidn2 says behind the colon is its own matter. */
		if (str_ends(str_of(expected), "name: ")
			    ? !str_starts(str_of(err.text), expected)
			    : strcmp(err.text, expected) != 0)
			fail_msg("'%s', not '%s': '%.*s'", err.text, expected, STR_FMT(text));
		assert_int_equal(err.class, ERR_FAILED);
		assert_true(str_is(out, "untouched"));
	}
}

static void normalizes_addresses(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"jane@example.org", "jane@example.org"},
		{"Jane.Doe@Example.ORG", "jane.doe@example.org"},
		{"jane+tag@example.org", "jane+tag@example.org"},
		{"o'neil@example.org", "o'neil@example.org"},
		{"a!#$%&'*+-/=?^_`{|}~z@example.org", "a!#$%&'*+-/=?^_`{|}~z@example.org"},
		{"jane@mail.example.org.", "jane@mail.example.org"},
		{"1@2.example.org", "1@2.example.org"},
		{"jane@münchen.example", "jane@xn--mnchen-3ya.example"},
		{"jane@MÜNCHEN.example", "jane@xn--mnchen-3ya.example"},
		{"jane@XN--MNCHEN-3YA.example", "jane@xn--mnchen-3ya.example"},
		{"jane@例え。example", "jane@xn--r8jz45g.example"},
		{"jane@ｅｘａｍｐｌｅ.org", "jane@example.org"},
		{"JOSÉ@example.org", "josÉ@example.org"},
		{"用户@example.org", "用户@example.org"},

		{"", "is empty"},
		{"jane", "has no @"},
		{"example.org", "has no @"},
		{"@example.org", "has nothing before the @"},
		{"jane@", "has no domain"},
		{"jane@.", "has no domain"},
		{"jane@doe@example.org", "has more than one @"},
		{"jane doe@example.org", "the local part has a blank"},
		{" jane@example.org", "the local part has a blank"},
		{"jane\t@example.org", "the local part has a blank"},
		{"jane\xc2\xa0@example.org", "the local part has a blank"},
		{"jane@example.org ", "the domain 'example.org ' has a blank"},
		{"jane@ex ample.org", "the domain 'ex ample.org' has a blank"},
		{"jane@ex\xe3\x80\x80"
		 "ample.org",
		 "the domain 'ex\xe3\x80\x80"
		 "ample.org' has a blank"},
		{".jane@example.org",
		 "the local part has a dot at its start or end, or two in a row"},
		{"jane.@example.org",
		 "the local part has a dot at its start or end, or two in a row"},
		{"jane..doe@example.org",
		 "the local part has a dot at its start or end, or two in a row"},
		{"\"jane\"@example.org", "the local part is quoted, which is not supported"},
		{"Jane <jane@example.org>", "the local part has a blank"},
		{"<jane@example.org>", "has a '<': write the address alone"},
		{"mailto:jane@example.org", "the local part may not have a ':'"},
		{"a,b@example.org", "the local part may not have a ','"},
		{"jane\n@example.org",
		 "the local part has an invisible or control character (U+000A)"},
		{"jane\x7f@example.org",
		 "the local part has an invisible or control character (U+007F)"},
		{"ja\xe2\x80\xaene@example.org",
		 "the local part has an invisible or control character (U+202E)"},
		{"ja\xe2\x80\x8bne@example.org",
		 "the local part has an invisible or control character (U+200B)"},
		{"ja\xf3\xa0\x80\xa1ne@example.org",
		 "the local part has an invisible or control character (U+E0021)"},
		{"ja\xffne@example.org", "the local part is not valid UTF-8"},
		{"ja\xc3", "has no @"},
		{"jane@exam\xc2\xadple.org",
		 "the domain 'exam\xc2\xadple.org' has an invisible or control character (U+00AD)"},
		{"jane@exam\xffple.org", "the domain 'exam\xffple.org' is not valid UTF-8"},
		{"jane@exam\x01ple.org",
		 "the domain 'exam\x01ple.org' has an invisible or control character (U+0001)"},
		{"jane@localhost", "the domain 'localhost' has no dot"},
		{"jane@192.0.2.1", "the domain '192.0.2.1' ends in a number"},
		{"jane@[192.0.2.1]", "the domain '[192.0.2.1]' may not have a '['"},
		{"jane@exa_mple.org", "the domain 'exa_mple.org' may not have a '_'"},
		{"jane@müll_er.org", "the domain 'müll_er.org' may not have a '_'"},
		{"jane@müll＿er.org", "the domain 'müll＿er.org' may not have a '_'"},
		{"jane@-example.org",
		 "the domain '-example.org' has a label that starts or ends with '-'"},
		{"jane@example-.org",
		 "the domain 'example-.org' has a label that starts or ends with '-'"},
		{"jane@example..org",
		 "the domain 'example..org' has a dot at its start, or two in a row"},
		{"jane@.example.org",
		 "the domain '.example.org' has a dot at its start, or two in a row"},
		{"jane@example.org..",
		 "the domain 'example.org.' has a dot at its start, or two in a row"},
		{"jane@xn--a.org",
		 "the domain 'xn--a.org' is no internationalised domain name: "},
		{"jane@xn--example-.com",
		 "the domain 'xn--example-.com' has a label that starts or ends with '-'"},
		{"jane@xn--99999999.com",
		 "the domain 'xn--99999999.com' is no internationalised domain name: "},
		{"jane@☃.example",
		 "the domain '☃.example' is no internationalised domain name: "},
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_address(&arena, str_of(cases[i].text), cases[i].expected);
	check_address(&arena, (struct str){"ja\0ne@example.org", 17},
		      "the local part is not valid UTF-8");
	arena_release(&arena);
}

static void bounds_addresses(void **state)
{
	struct arena arena = ARENA_INIT;
	struct str label = repeat(&arena, "a", 63, ""), text;

	(void)state;
	text = repeat(&arena, "a", 64, "@example.org");
	check_address(&arena, text, text.ptr);
	check_address(&arena, repeat(&arena, "a", 65, "@example.org"),
		      "the local part is longer than 64 bytes");
	check_address(&arena, repeat(&arena, "é", 33, "@example.org"),
		      "the local part is longer than 64 bytes");
	text = arena_strf(&arena, "a@%s.org", label.ptr);
	check_address(&arena, text, text.ptr);
	/* 63 + 1 + 63 + 1 + 63 + 1 + 60 = 252, and "a@". */
	text = arena_strf(&arena, "a@%s.%s.%s.%.60s", label.ptr, label.ptr, label.ptr,
			  label.ptr);
	assert_int_equal(text.len, ADDRESS_MAX);
	check_address(&arena, text, text.ptr);
	text = arena_strf(&arena, "a@%s.%s.%s.%.61s", label.ptr, label.ptr, label.ptr,
			  label.ptr);
	check_address(&arena, text, "is longer than 254 bytes");
	text = arena_strf(&arena, "a@a%s.org", label.ptr);
	check_address(
		&arena, text,
		"the domain 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…' "
		"has a label of more than 63 characters");
	check_address(&arena, repeat(&arena, "a", 10240, "@example.org"),
		      "the local part is longer than 64 bytes");
	text = arena_strf(&arena, "a@%s", repeat(&arena, "é", 5120, ".org").ptr);
	check_address(
		&arena, text,
		"the domain 'éééééééééééééééééééééééééééééééé…' is longer than 253 characters");
	text = arena_strf(&arena, "a@%s", repeat(&arena, "é", 500, ".org").ptr);
	check_address(&arena, text,
		      "the domain 'éééééééééééééééééééééééééééééééé…' is no internationalised "
		      "domain name: ");
	arena_release(&arena);
}

static void normalizes_domains(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"Example.ORG", "example.org"},
		{"example.org.", "example.org"},
		{"faß.example", "xn--fa-hia.example"},
		{"", "has no domain"},
		{"example", "the domain 'example' has no dot"},
		{"*.example.org", "the domain '*.example.org' may not have a '*'"},
		{"jane@example.org", "the domain 'jane@example.org' may not have a '@'"},
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct str out = STR_NONE;

		if (domain_normalize(&arena, str_of(cases[i].text), &out, &err) == 0)
			assert_string_equal(out.ptr, cases[i].expected);
		else
			assert_string_equal(err.text, cases[i].expected);
	}
	assert_true(str_is(address_domain(STR("a@b@example.org")), "example.org"));
	assert_int_equal(address_domain(STR("example.org")).len, 0);
	assert_int_equal(address_domain(STR_NONE).len, 0);
	arena_release(&arena);
}

static void matches_patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "jane@example.org", true},
		{"**", "jane@example.org", true},
		{"*@example.org", "jane@example.org", true},
		{"*@EXAMPLE.org", "JANE@example.ORG", true},
		{"*@example.org", "jane@example.org.evil", false},
		{"*@example.org", "jane@sub.example.org", false},
		{"jane@*", "jane@example.org", true},
		{"j?ne@*", "jane@example.org", true},
		{"j?ne@*", "jne@example.org", false},
		{"j??e@example.org", "jane@example.org", true},
		{"jos?@example.org", "josé@example.org", true},
		{"jos??@example.org", "josé@example.org", false},
		{"*?", "é", true},
		{"*??", "é", false},
		{"*a*b*c", "xxaxxbxxc", true},
		{"*a*b*c", "xxaxxcxxb", false},
		{"a.c", "abc", false},
		{"[a]", "a", false},
		{"[a]", "[a]", true},
		{"?", "", false},
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (pattern_match(str_of(cases[i].pattern), str_of(cases[i].text)) !=
		    cases[i].match)
			fail_msg("%s ~ %s", cases[i].pattern, cases[i].text);
	}
	/* Would take for ever if more than one star were tried again. */
	assert_false(
		pattern_match(repeat(&arena, "a*", 1000, "b"), repeat(&arena, "a", 5000, "")));
	arena_release(&arena);
}

static void finds_look_alikes(void **state)
{
	static const struct {
		const char *a, *b;
		bool alike;
	} cases[] = {
		{"jane@example.org", "jane@example.org", true},
		{"jane@example.org", "john@example.org", false},
		{"jo@example.org", "j0@example.org", true},
		{"bill@example.org", "bi11@example.org", true},
		{"bill@example.org", "biIl@example.org", true},
		{"arno@example.org", "amo@example.org", true},
		{"arno@example.org", "arn0@example.org", true},
		{"vvim@example.org", "wim@example.org", true},
		{"jаne@example.org", "jane@example.org", true}, /* Cyrillic а */
		{"jαne@example.org", "jane@example.org", true}, /* Greek α */
		{"josé@example.org", "jose@example.org", true},
		{"jose\xcc\x81@example.org", "josé@example.org", true},
		{"ｊane@example.org", "jane@example.org", true},
		{"jane@ex\xd0\xb0mple.org", "jane@example.org", true},
		{"jane@xn--exmple-4nf.org", "jane@example.org",
		 true}, /* the same as an A-label */
		{"jane@xn--mnchen-3ya.example", "jane@munchen.example", true},
		{"user10@example.org", "user01@example.org", false},
		{"a.b@example.org", "ab@example.org", false},
		{"用户@example.org", "用@example.org", false},
		{"\xff\xf0@example.org", "\xff@example.org", false},
		{"", "", true},
	};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str a = address_skeleton(&arena, str_of(cases[i].a));
		struct str b = address_skeleton(&arena, str_of(cases[i].b));

		if (str_eq(a, b) != cases[i].alike)
			fail_msg("%s ~ %s: %s, %s", cases[i].a, cases[i].b, a.ptr, b.ptr);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalizes_addresses), cmocka_unit_test(bounds_addresses),
		cmocka_unit_test(normalizes_domains),   cmocka_unit_test(matches_patterns),
		cmocka_unit_test(finds_look_alikes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
