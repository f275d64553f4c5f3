#include "yaml_write.h"

#include "yaml_tree.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* `flow` NULL: the same as in block context. Both NULL: plain, as it is. */
static const struct {
	const char *text, *block, *flow;
} cases[] = {
	{"jane@example.org", NULL, NULL},
	{"Jane Doe", NULL, NULL},
	{"Bob Vos, Cardiology", NULL, "\"Bob Vos, Cardiology\""},
	{"sha256:0a1b", NULL, NULL},
	{"https://example.org/x", NULL, "\"https://example.org/x\""},
	{"TOPdesk W2611-0432", NULL, NULL},
	{"o'neil@example.org", NULL, NULL},
	{"a  b", NULL, NULL},
	{"a!b%c&d;e=f+g", NULL, NULL},
	{"a?b", NULL, "\"a?b\""},
	{"/", NULL, NULL},
	{"(vacant)", NULL, NULL},
	{"Zoë Müller", NULL, NULL},
	{"Ørsted", NULL, NULL},
	{"用户", NULL, NULL},
	{"20261120T101500Z-7f3c2a10", NULL, NULL},
	{"20261120T101500Z-12345678", NULL, NULL},
	{"9a8b7c", NULL, NULL},
	{"10%", NULL, NULL},
	{"1st floor", NULL, NULL},
	{"group:frontdesk", NULL, NULL},
	{"yesterday", NULL, NULL},

	{"", "\"\"", NULL},
	{" ", "\" \"", NULL},
	{" a", "\" a\"", NULL},
	{"a ", "\"a \"", NULL},
	{"y", "\"y\"", NULL},
	{"N", "\"N\"", NULL},
	{"No", "\"No\"", NULL},
	{"YES", "\"YES\"", NULL},
	{"on", "\"on\"", NULL},
	{"oFF", "\"oFF\"", NULL},
	{"true", "\"true\"", NULL},
	{"False", "\"False\"", NULL},
	{"null", "\"null\"", NULL},
	{"~", "\"~\"", NULL},
	{"0", "\"0\"", NULL},
	{"4711", "\"4711\"", NULL},
	{"0123", "\"0123\"", NULL},
	{"0x1f", "\"0x1f\"", NULL},
	{"0o17", "\"0o17\"", NULL},
	{"0b1", "\"0b1\"", NULL},
	{"1_000", "\"1_000\"", NULL},
	{"1,000", "\"1,000\"", NULL},
	{"1.5", "\"1.5\"", NULL},
	{"1e10", "\"1e10\"", NULL},
	{"12e4567", "\"12e4567\"", NULL},
	{"1.5E+3", "\"1.5E+3\"", NULL},
	{"12:30", "\"12:30\"", NULL},
	{"190:20:30.15", "\"190:20:30.15\"", NULL},
	{"2026-11-20", "\"2026-11-20\"", NULL},
	{"2026-1-2", "\"2026-1-2\"", NULL},
	{"2026-11-20T10:15:00Z", "\"2026-11-20T10:15:00Z\"", NULL},
	{"2026-11-20 10:15:00 -5", "\"2026-11-20 10:15:00 -5\"", NULL},
	{"+31612345678", "\"+31612345678\"", NULL},
	{"-1", "\"-1\"", NULL},
	{".5", "\".5\"", NULL},
	{".inf", "\".inf\"", NULL},
	{".NaN", "\".NaN\"", NULL},
	{"=", "\"=\"", NULL},
	{"<<", "\"<<\"", NULL},
	{"-", "\"-\"", NULL},
	{"---", "\"---\"", NULL},
	{"...", "\"...\"", NULL},
	{"- a", "\"- a\"", NULL},
	{"? a", "\"? a\"", NULL},
	{": a", "\": a\"", NULL},
	{"a: b", "\"a: b\"", NULL},
	{"a:", "\"a:\"", NULL},
	{"a #b", "\"a #b\"", NULL},
	{"#a", "\"#a\"", NULL},
	{"&a", "\"&a\"", NULL},
	{"*a", "\"*a\"", NULL},
	{"!a", "\"!a\"", NULL},
	{"%a", "\"%a\"", NULL},
	{"@a", "\"@a\"", NULL},
	{"`a", "\"`a\"", NULL},
	{"|", "\"|\"", NULL},
	{">", "\">\"", NULL},
	{"'a'", "\"'a'\"", NULL},
	{"\"a\"", "\"\\\"a\\\"\"", NULL},
	{"[a]", "\"[a]\"", NULL},
	{"a]b", "\"a]b\"", NULL},
	{"{a}", "\"{a}\"", NULL},
	{"a\\b", "\"a\\\\b\"", NULL},
	{"a\nb", "\"a\\nb\"", NULL},
	{"a\r\nb", "\"a\\u000d\\nb\"", NULL},
	{"a\tb", "\"a\\tb\"", NULL},
	{"\x1b[31mred", "\"\\u001b[31mred\"", NULL},
	{"a\x7f", "\"a\\u007f\"", NULL},
	{"a\xc2\x85", "\"a\\u0085\"", NULL},
	{"a\xc2\xa0z", "\"a\\u00a0z\"", NULL},
	{"a\xe2\x80\xae"
	 "b",
	 "\"a\\u202eb\"", NULL},
	{"a\xe2\x80\xa8"
	 "b",
	 "\"a\\u2028b\"", NULL},
	{"\xef\xbb\xbfx", "\"\\ufeffx\"", NULL},
	{"\xef\xbf\xbf", "\"\\uffff\"", NULL},
	{"x\xf3\xa0\x80\x81", "\"x\\U000e0001\"", NULL},
	{"\xf0\x9f\x98\x80", NULL, NULL},
	{"../../etc/passwd", "\"../../etc/passwd\"", NULL},
};

static void check_read_back(const char *prefix, struct str written, const char *suffix,
			    const char *expected)
{
	struct arena arena = ARENA_INIT;
	struct diags diags = DIAGS_INIT;
	struct buf text = BUF_INIT;
	const struct node *root, *key, *value;

	buf_puts(&text, prefix);
	buf_add(&text, written);
	buf_puts(&text, ": ");
	buf_add(&text, written);
	buf_puts(&text, suffix);
	root = yaml_parse(&arena, STR("test.yaml"), buf_str(&text), &diags);
	if (!root)
		fail_msg("%s: %s", text.ptr, diags.items[0].message.ptr);
	root = node_get(root, "a");
	assert_non_null(root);
	key = root->first;
	value = key->value;
	assert_int_equal(root->count, 1);
	if (!str_is(key->text, expected) || !str_is(value->text, expected) ||
	    node_is_null(value))
		fail_msg("%s", text.ptr);
	buf_release(&text);
	diags_release(&diags);
	arena_release(&arena);
}

static void writes_and_reads_texts(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;
		const char *block = cases[i].block ? cases[i].block : text;

		buf_clear(&out);
		yaml_add_text(&out, str_of(text));
		if (!str_is(buf_str(&out), block))
			fail_msg("%s, not %s", out.ptr, block);
		check_read_back("a:\n  ", buf_str(&out), "\n", text);
		buf_clear(&out);
		yaml_add_text_flow(&out, str_of(text));
		assert_string_equal(out.ptr, cases[i].flow ? cases[i].flow : block);
		check_read_back("a: {", buf_str(&out), "}\n", text);
	}
	buf_release(&out);
}

/* Every character that may be written comes back; the others are U+FFFD. */
static void writes_every_character(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (uint32_t code = 1; code < 0x110000; code += code < 0x3100 ? 1 : 0x3f) {
		char text[8] = "a";
		size_t len = 1;

		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		if (code < 0x80) {
			text[len++] = (char)code;
		} else {
			int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

			text[len++] = (char)((more == 1   ? 0xc0u
					      : more == 2 ? 0xe0u
							  : 0xf0u) |
					     code >> 6 * (unsigned)more);
			for (; more--;)
				text[len++] = (char)(0x80 |
						     (code >> 6 * (unsigned)more & 0x3f));
		}
		text[len++] = 'b';
		text[len] = '\0';
		buf_clear(&out);
		yaml_add_text(&out, str_of(text));
		check_read_back("a:\n  ", buf_str(&out), "\n", text);
	}
	buf_clear(&out);
	yaml_add_text(&out, (struct str){"a\xff\0b\xc3", 5});
	assert_string_equal(out.ptr, "\"a\xef\xbf\xbd\\u0000b\xef\xbf\xbd\"");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_reads_texts),
		cmocka_unit_test(writes_every_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
