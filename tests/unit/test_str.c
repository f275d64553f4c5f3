#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_str(struct str actual, const char *expected)
{
	if (!str_is(actual, expected))
		fail_msg("'%.*s' is not '%s'", STR_FMT(actual), expected);
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void compares(void **state)
{
	/* Ascending. */
	static const struct str order[] = {{"", 0},   {"\0", 1}, {"\0a", 2}, {"A", 1},
					   {"Ab", 2}, {"a", 1},  {"a\0", 2}, {"ab", 2},
					   {"b", 1},  {"é", 2},  {"\xFF", 1}};

	(void)state;
	for (int i = 0; i < (int)(sizeof(order) / sizeof(order[0])); i++) {
		for (int j = 0; j < (int)(sizeof(order) / sizeof(order[0])); j++) {
			assert_int_equal(sign(str_cmp(order[i], order[j])), sign(i - j));
			assert_int_equal(str_eq(order[i], order[j]), i == j);
		}
	}
	assert_true(str_eq(STR_NONE, STR("")));
	assert_true(str_is(str_of(NULL), ""));
	assert_true(str_starts(STR("ldaps://x"), "ldaps://"));
	assert_false(str_starts(STR("ldap"), "ldaps"));
	assert_true(str_starts(STR_NONE, ""));
	assert_true(str_ends(STR("a.yaml"), ".yaml"));
	assert_false(str_ends(STR("yaml"), ".yaml"));
	assert_true(str_ends(STR_NONE, ""));
	assert_str(str_trim(STR(" \t\r\n a b \n")), "a b");
	assert_str(str_trim(STR(" \n")), "");
	assert_str(str_trim(STR_NONE), "");
}

static void splits(void **state)
{
	static const struct {
		const char *text;
		const char *parts[4];
	} cases[] = {{"", {""}},
		     {"a", {"a"}},
		     {"a,b", {"a", "b"}},
		     {",", {"", ""}},
		     {"a,,b,", {"a", "", "b", ""}}};
	struct str part, none = STR_NONE;

	(void)state;
	assert_false(str_split(&none, ',', &part));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str rest = str_of(cases[i].text);
		size_t n = 0;

		while (str_split(&rest, ',', &part))
			assert_str(part, cases[i].parts[n++]);
		assert_true(n == 4 || !cases[i].parts[n]);
	}
}

static void reads_numbers(void **state)
{
	static const char *const wrong[] = {"",
					    "-1",
					    "+1",
					    " 1",
					    "1 ",
					    "1a",
					    "0x1",
					    "18446744073709551616",
					    "99999999999999999999999"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(str_to_u64(str_of(wrong[i]), &value));
		assert_int_equal(value, 7);
	}
	assert_true(str_to_u64(STR("18446744073709551615"), &value));
	assert_true(value == UINT64_MAX);
	assert_true(str_to_u64(STR("007"), &value));
	assert_int_equal(value, 7);
}

static void decodes_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint32_t code;
	} good[] = {{"a", 1, 'a'},
		    {"\x7F", 1, 0x7F},
		    {"\xC2\x80", 2, 0x80},
		    {"\xDF\xBF", 2, 0x7FF},
		    {"\xE0\xA0\x80", 3, 0x800},
		    {"\xED\x9F\xBF", 3, 0xD7FF},
		    {"\xEE\x80\x80", 3, 0xE000},
		    {"\xEF\xBF\xBF", 3, 0xFFFF},
		    {"\xF0\x90\x80\x80", 4, 0x10000},
		    {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF}};
	static const char *const bad[] = {"\x80",
					  "\xBF",
					  "\xC0\x80",
					  "\xC1\xBF",
					  "\xC2",
					  "\xC2\x41",
					  "\xC2\xC0",
					  "\xE0\x9F\xBF",
					  "\xE0\xA0",
					  "\xED\xA0\x80",
					  "\xED\xBF\xBF",
					  "\xEF\xBF\x41",
					  "\xF0\x8F\xBF\xBF",
					  "\xF4\x90\x80\x80",
					  "\xF5\x80\x80\x80",
					  "\xFE",
					  "\xFF",
					  "\xF0\x90\x80",
					  "\xE2\x82"};
	uint32_t code;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(str_utf8_next(str_of(good[i].bytes), &code), good[i].len);
		assert_int_equal(code, good[i].code);
		assert_true(str_is_utf8(str_of(good[i].bytes)));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(str_utf8_next(str_of(bad[i]), &code), 0);
		/* At every place of the eight bytes that are looked at together. */
		for (size_t at = 0; at < 9; at++) {
			char text[32] = "abcdefghijklmnop";

			memcpy(text + at, bad[i], strlen(bad[i]));
			assert_false(str_is_utf8((struct str){text, 16}));
		}
	}
	for (size_t at = 0; at < 17; at++) {
		char text[] = "abcdefghijklmnop";

		text[at] = '\0';
		assert_int_equal(str_is_utf8((struct str){text, 16}), at == 16);
	}
	assert_true(str_is_utf8(STR_NONE));
}

static void cuts_utf8(void **state)
{
	/* Where cutting "a€😀b" after n bytes ends. */
	static const size_t ends[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9};
	struct str text = STR("a\xE2\x82\xAC\xF0\x9F\x98\x80"
			      "b");

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		assert_int_equal(str_utf8_cut(text, i), ends[i]);
	assert_int_equal(str_utf8_cut(STR_NONE, 5), 0);
	/* What is no UTF-8 is cut anywhere. */
	assert_int_equal(str_utf8_cut(STR("\x80\x80\x80\x80\x80\x80"), 5), 5);
}

static void measures_distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {{"", "", 0},
		     {"delegate", "delegates", 1},
		     {"delagates", "delegates", 1},
		     {"Delegates", "delegates", 0},
		     {"kitten", "sitting", 3},
		     {"", "abc", 3},
		     {"abcdefgh", "ijklmnop", 5},
		     {"a", "abcdefgh", 5}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str a = str_of(cases[i].a), b = str_of(cases[i].b);

		assert_int_equal(str_distance(a, b, 5), cases[i].distance);
		assert_int_equal(str_distance(b, a, 5), cases[i].distance);
	}
}

static void builds(void **state)
{
	CLEANUP(buf_release) struct buf buf = BUF_INIT;
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	char *taken;

	(void)state;
	assert_str(buf_str(&buf), "");
	buf_add(&buf, STR_NONE);
	assert_string_equal(buf.ptr, "");
	for (int i = 0; i < 1000; i++) {
		buf_char(&buf, 'x');
		buf_puts(&buf, "yz");
		buf_addf(&buf, "%d", i % 10);
	}
	assert_int_equal(buf.len, 4000);
	assert_int_equal(strlen(buf.ptr), 4000);
	assert_memory_equal(buf.ptr + 3996, "xyz9", 4);
	taken = buf_take(&buf);
	assert_int_equal(strlen(taken), 4000);
	buf_addf(&buf, "%s", taken);
	assert_string_equal(buf.ptr, taken);
	assert_str(arena_strf(&arena, "%s", taken), taken);
	assert_str(arena_str(&arena, buf_str(&buf)), taken);
	assert_str(arena_str(&arena, STR_NONE), "");
	assert_non_null(arena_str(&arena, STR_NONE).ptr);
	free(taken);
	buf_clear(&buf);
	assert_str(buf_str(&buf), "");
	taken = buf_take(&buf);
	assert_string_equal(taken, "");
	free(taken);
}

static void cuts_at_its_limit(void **state)
{
	static const struct {
		size_t limit;
		const char *expected;
		bool cut;
	} cases[] = {{1, "a", true},   {2, "a", true},     {4, "a€", true},
		     {5, "a€b", true}, {8, "a€b12", true}, {9, "a€b12€c", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf buf = {.limit = cases[i].limit};

		if (cases[i].limit == 9)
			buf.limit = 11;
		buf_char(&buf, 'a');
		buf_puts(&buf, "€");
		buf_char(&buf, 'b');
		buf_addf(&buf, "12%s", "€");
		/* Nothing comes behind a gap. */
		buf_char(&buf, 'c');
		assert_str(buf_str(&buf), cases[i].expected);
		assert_int_equal(buf.cut, cases[i].cut);
		buf_release(&buf);
	}
}

#define TEXT(literal)                           \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static void shows_what_hides(void **state)
{
	static const struct {
		struct str raw;
		const char *visible;
	} cases[] = {
		{TEXT(""), ""},
		{TEXT("Jané O'Brien-Żółć 😀"), "Jané O'Brien-Żółć 😀"},
		{TEXT("a\0b"), "a<U+0000>b"},
		{TEXT("\x1B[31m"), "<U+001B>[31m"},
		{TEXT("a\nb\tc\r"), "a<U+000A>b<U+0009>c<U+000D>"},
		{TEXT("\x7F"), "<U+007F>"},
		{{"\xC2\x9B"
		  "1m",
		  4},
		 "<U+009B>1m"},
		{TEXT("\x9B"), "<0x9B>"},
		{TEXT("abc\xE2\x82"), "abc<0xE2><0x82>"},
		{TEXT("\xC0\xAF"), "<0xC0><0xAF>"},
		{TEXT("\xED\xA0\x80"), "<0xED><0xA0><0x80>"},
		{TEXT("x\u202Eexe.txt"), "x<U+202E>exe.txt"},
		{TEXT("\u061C\u200E\u200F\u202A\u2066\u2069"),
		 "<U+061C><U+200E><U+200F><U+202A><U+2066><U+2069>"},
		{TEXT("\u2028\u2029"), "<U+2028><U+2029>"},
		{TEXT("\u200B\u200D\u2060\uFEFF\u00AD"),
		 "<U+200B><U+200D><U+2060><U+FEFF><U+00AD>"},
		{TEXT("\U000E0041"), "<U+E0041>"},
	};
	struct buf buf = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&buf);
		buf_add_visible(&buf, cases[i].raw, false);
		assert_str(buf_str(&buf), cases[i].visible);
		/* What is visible stays as it is. */
		buf_clear(&buf);
		buf_add_visible(&buf, str_of(cases[i].visible), false);
		assert_str(buf_str(&buf), cases[i].visible);
	}
	buf_clear(&buf);
	buf_add_visible(&buf, STR("a\nb\r\n"), true);
	assert_str(buf_str(&buf), "a\nb<U+000D>\n");
	buf_release(&buf);
}

static void interns(void **state)
{
	enum { COUNT = 20000 };
	CLEANUP(sym_pool_release) struct sym_pool pool = SYM_POOL_INIT;
	static const struct sym *symbols[COUNT];
	char text[32];

	(void)state;
	sym_expect(&pool, (struct str[]){STR("a")}, 1);
	assert_null(sym_find(&pool, STR("a")));
	for (unsigned i = 0; i < COUNT; i++) {
		int len = snprintf(text, sizeof(text), "user%u@example.org", i);

		symbols[i] = sym_get(&pool, (struct str){text, (size_t)len});
		assert_int_equal(symbols[i]->number, i);
		assert_string_equal(symbols[i]->text, text);
	}
	assert_int_equal(pool.count, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "user%u@example.org", i);
		assert_ptr_equal(sym_find(&pool, str_of(text)), symbols[i]);
		assert_ptr_equal(sym_get(&pool, str_of(text)), symbols[i]);
	}
	/* A hint changes nothing. */
	struct str expected[SYM_EXPECT_MAX + 1] = {STR("user7@example.org"), STR("nobody")};
	sym_expect(&pool, expected, SYM_EXPECT_MAX + 1);
	assert_int_equal(pool.count, COUNT);
	assert_null(sym_find(&pool, STR("nobody")));
	assert_null(sym_find(&pool, STR("user@example.org")));
	assert_ptr_equal(sym_get(&pool, STR_NONE), sym_get(&pool, STR("")));
	assert_ptr_not_equal(sym_get(&pool, STR("a\0b")), sym_get(&pool, STR("a")));
	assert_true(sym_cmp(symbols[1], symbols[2]) < 0);
	assert_true(sym_cmp(symbols[2], symbols[10]) > 0);
	assert_int_equal(sym_cmp(symbols[2], symbols[2]), 0);
	assert_true(sym_cmp(NULL, symbols[2]) < 0);
	assert_true(sym_cmp(symbols[2], NULL) > 0);
	assert_int_equal(sym_cmp(NULL, NULL), 0);
	assert_str(sym_str(NULL), "");
	assert_str(sym_str(symbols[3]), "user3@example.org");
}

/* Symbols lie in chunks of 2 MiB, the first 64 KiB; one of more than a quarter has its own. */
static void interns_long(void **state)
{
	static const size_t lengths[] = {
		65516,  65517,   1,       100,    262132, 262133, 262134, 262135,
		7,      1 << 20, 3 << 20, 524276, 524277, 524278, 0,      200000,
		200000, 200000,  200000,  200000, 200000, 3,
	};
	enum { COUNT = sizeof(lengths) / sizeof(lengths[0]) };
	CLEANUP(sym_pool_release) struct sym_pool pool = SYM_POOL_INIT;
	const struct sym *symbols[COUNT];
	autofree char *text = mem_alloc(3 << 20);

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			memset(text, 'a' + (int)i, lengths[i]);
			struct str wanted = {text, lengths[i]};

			if (round == 0)
				symbols[i] = sym_get(&pool, wanted);
			assert_ptr_equal(sym_find(&pool, wanted), symbols[i]);
			assert_int_equal(symbols[i]->number, i);
			assert_true(str_eq(sym_str(symbols[i]), wanted));
			assert_int_equal(symbols[i]->text[lengths[i]], 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),         cmocka_unit_test(splits),
		cmocka_unit_test(reads_numbers),    cmocka_unit_test(decodes_utf8),
		cmocka_unit_test(cuts_utf8),        cmocka_unit_test(measures_distance),
		cmocka_unit_test(builds),           cmocka_unit_test(cuts_at_its_limit),
		cmocka_unit_test(shows_what_hides), cmocka_unit_test(interns),
		cmocka_unit_test(interns_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
