#include "fold.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void same_letters(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"Jane", "JANE", true},
		{"Jane", "Jan", false},
		{"a[", "A{", false},
		{"Ärzte", "äRZTE", true},
		/* With a combining mark in place of the letter. */
		{"A\xCC\x88rzte", "ärzte", true},
		{"Straße", "STRASSE", true},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", true},
		/* Turkish letters are letters of their own. */
		{"ılgaz", "ILGAZ", false},
		{"病院", "病院", true},
		{"病院", "病室", false},
		{"\xFF"
		 "A",
		 "\xFF"
		 "A",
		 true},
		{"\xFF"
		 "A",
		 "\xFF"
		 "a",
		 false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str a = str_of(cases[i].a), b = str_of(cases[i].b);
		CLEANUP(arena_release) struct arena arena = ARENA_INIT;

		if (fold_same(a, b) != cases[i].same || fold_same(b, a) != cases[i].same)
			fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
		if (str_eq(fold_text(&arena, a), fold_text(&arena, b)) != cases[i].same)
			fail_msg("the folded '%s' and '%s'", cases[i].a, cases[i].b);
	}
}

static void lower_and_upper(void **state)
{
	static const struct {
		const char *text, *lower, *upper;
	} cases[] = {
		{"", "", ""},
		{"abc", "abc", "ABC"},
		{"Jane D. 1", "jane d. 1", "JANE D. 1"},
		{"Çağrı", "çağrı", "ÇAĞRI"},
		{"Straße", "straße", "STRASSE"},
		{"\xC3", "\xC3", "\xC3"},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = str_of(cases[i].text);

		assert_true(str_is(fold_lower(&arena, text), cases[i].lower));
		assert_true(str_is(fold_upper(&arena, text), cases[i].upper));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_letters),
		cmocka_unit_test(lower_and_upper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
