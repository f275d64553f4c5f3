#include "base/os.h"
#include "findings.h"
#include "yaml_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* A tree as text: maps {key@line:column value …}, lists [ … ], quoted scalars in quotes. */
static void draw(struct buf *out, const struct node *root)
{
	/* What is still to be written, innermost last; closing brackets have no node. */
	struct {
		const struct node *node;
		bool key;
		char close;
	} stack[256] = {{root, false, 0}};
	size_t depth = 1;

	while (depth > 0) {
		const struct node *node = stack[--depth].node;
		bool key = stack[depth].key;

		if (!node) {
			buf_char(out, stack[depth].close);
			continue;
		}
		/* A key's or item's neighbour comes after it and what is in it. */
		if (node->next) {
			stack[depth].node = node->next;
			stack[depth++].key = key;
		}
		if (out->len && !strchr("{[ \n", out->ptr[out->len - 1]))
			buf_char(out, ' ');
		if (key) {
			buf_addf(out, "%.*s@%u:%u", STR_FMT(node->text), node->line,
				 node->column);
			node = node->value;
			buf_char(out, ' ');
		}
		if (node->type == NODE_SCALAR) {
			buf_addf(out, node->plain ? "%.*s" : "\"%.*s\"", STR_FMT(node->text));
			continue;
		}
		buf_addf(out, "%s%c", node->flow ? "~" : "",
			 node->type == NODE_MAP ? '{' : '[');
		stack[depth].node = NULL;
		stack[depth].key = false;
		stack[depth++].close = node->type == NODE_MAP ? '}' : ']';
		if (node->first) {
			stack[depth].node = node->first;
			stack[depth++].key = node->type == NODE_MAP;
		}
	}
}

static void builds_trees(void **state)
{
	static const struct {
		const char *yaml, *tree;
	} cases[] = {
		{"", "{}"},
		{"# nothing\n", "{}"},
		{"---\n", "{}"},
		{"---\na: 1\n...\n", "{a@2:1 1}"},
		{"a: 1\nb: 'x'\n", "{a@1:1 1 b@2:1 \"x\"}"},
		{"a:\n  - 1\n  - [2, 3]\n  - {k: v}\n", "{a@1:1 [1 ~[2 3] ~{k@4:6 v}]}"},
		{"a:\n- x: 1\n  y: 2\n- x: 3\n", "{a@1:1 [{x@2:3 1 y@3:3 2} {x@4:3 3}]}"},
		{"a:\nb: ~\nc: null\nd: 'null'\n", "{a@1:1 b@2:1 ~ c@3:1 null d@4:1 \"null\"}"},
		{"- 0123\n- yes\n- 1e3\n", "[0123 yes 1e3]"},
		{"a: |\n  one\n  two\nb: >-\n  x\n  y\n",
		 "{a@1:1 \"one\ntwo\n\" b@4:1 \"x y\"}"},
		{"\"\\u202e\": \"\\x41\"\n", "{\xe2\x80\xae@1:1 \"A\"}"},
		{"\xef\xbb\xbf\x61: 1\r\nb: 2\r\n", "{a@1:1 1 b@2:1 2}"},
		{"a: 1\rb: 2\r", "{a@1:1 1 b@2:1 2}"},
		{"{\xc3\xa9: 1, b: 2}", "~{\xc3\xa9@1:2 1 b@1:8 2}"},
		{"? a\n: 1\n", "{a@1:3 1}"},
		{"a: x # *not* an alias & no anchor\n", "{a@1:1 x}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena arena = ARENA_INIT;
		struct diags diags = DIAGS_INIT;
		struct buf tree = BUF_INIT;
		struct node *root = yaml_parse(&arena, STR("t"), str_of(cases[i].yaml), &diags);

		assert_int_equal(diags.count, 0);
		assert_non_null(root);
		draw(&tree, root);
		assert_string_equal(tree.ptr, cases[i].tree);
		buf_release(&tree);
		diags_release(&diags);
		arena_release(&arena);
	}
}

#define HEAD "zsctl: 1\norganization: example.org\n"
#define CASE(text, findings)                       \
	{                                          \
		{text, sizeof(text) - 1}, findings \
	}

static const struct {
	struct str yaml;
	const char *findings;
} wrong[] = {
	CASE(HEAD "target: {provider: file, path: t.json}\n"
		  "apply: &a {on_mismatch: skip}\n"
		  "state: *a\n",
	     "4:8: anchors ('&') are not used here; text that begins with '&' needs quotes\n"
	     "5:8: aliases ('*') are not used here; text that begins with '*' needs quotes\n"),
	CASE(HEAD "target: {provider: file, path: t.json}\n"
		  "apply: !x {on_mismatch: skip}\n",
	     "4:8: tags ('!') are not used here; text that begins with '!' needs quotes\n"),
	CASE(HEAD "target: {provider: file, path: t.json}\n"
		  "apply: {<<: {on_mismatch: skip}}\n",
	     "4:9: merge keys ('<<') are not used here\n"),
	CASE(HEAD "target: {provider: file, path: t.json}\n"
		  "---\n"
		  "zsctl: 1\n",
	     "4:1: a second document begins here; one file is one document\n"),
	CASE("%YAML 1.1\n"
	     "---\n"
	     "zsctl: 1\n"
	     "organization: example.org\n"
	     "target: {provider: file, path: t.json}\n",
	     "1:1: directives ('%') are not used here\n"),
	CASE("%FOO\n"
	     "---\n"
	     "zsctl: 1\n"
	     "organization: example.org\n"
	     "target: {provider: file, path: t.json}\n",
	     "1:1: directives ('%') are not used here\n"),
	CASE(HEAD "target:\n"
		  "\tprovider: file\n",
	     "4:1: a tab cannot indent here; use blanks\n"),
	CASE(HEAD "target:\n"
		  "  provider: file\n"
		  "\tpath: t\n",
	     "5:1: a tab cannot indent here; use blanks\n"),
	CASE(HEAD "target:\n"
		  "  provider: file\n"
		  "   path: t\n",
	     "5:8: a ':' cannot stand here: text that has ': ' in it needs quotes, and a key "
	     "must be indented like the keys beside it\n"),
	CASE(HEAD "target:\n"
		  "    provider: file\n"
		  "  path: t\n",
	     "5:3: a key is expected here: is this line indented like the keys above it?\n"),
	CASE(HEAD "target: provider: file\n",
	     "3:17: a ':' cannot stand here: text that has ': ' in it needs quotes, and a "
	     "key must be indented like the keys beside it\n"),
	CASE(HEAD "target\n"
		  "sources: []\n",
	     "3:1: a ':' is missing behind this key (or the key is longer than 1024 "
	     "characters)\n"),
	CASE(HEAD "target: {provider: file\n"
		  "sources: []\n",
	     "3:9: this map is not closed properly: a ',' or '}' is missing in it\n"),
	CASE(HEAD "sources: [a, b\n"
		  "x: y\n",
	     "3:10: this list is not closed properly: a ',' or ']' is missing in it\n"),
	CASE(HEAD "target: \"abc\n", "3:9: the quoted text that begins here is not closed\n"),
	CASE(HEAD "target: \"CORP\\svc\"\n",
	     "3:14: this backslash means nothing in double quotes; use single quotes for "
	     "text with backslashes\n"),
	CASE(HEAD "{{ x }}: 1\n",
	     "3:1: a key must be a text; text that begins with '{' needs quotes\n"
	     "3:2: a key must be a text; text that begins with '{' needs quotes\n"),
	CASE(HEAD "? [a]\n"
		  ": 1\n",
	     "3:3: a key must be a text; text that begins with '[' needs quotes\n"),
	CASE(HEAD ": 1\n",
	     "3:1: a key is expected here: is this line indented like the keys above it?\n"),
	CASE(HEAD "target: a\001b\n",
	     "3:10: the control character U+0001 cannot stand in YAML\n"),
	CASE(HEAD "target: a\000b\n",
	     "3:10: the control character U+0000 cannot stand in YAML\n"),
	CASE("zsctl: 1\n"
	     "organization: \"a\\0b\"\n"
	     "target: {provider: file, path: t.json}\n",
	     "2:15: the text has a NUL character (\\0) in it\n"),
	CASE(HEAD "target: a\377\n", "3:10: this is not UTF-8 (byte 0xFF)\n"),
	CASE(HEAD "target: a\300\200\n", "3:10: this is not UTF-8 (byte 0xC0)\n"),
	CASE(HEAD "target: {provider: file, path: t.json}\n"
		  "# \342\200\256 harmless\n",
	     "4:3: the invisible character U+202E makes the text read differently from what "
	     "it says; remove it, or write it in double quotes as \\u202E\n"),
	CASE(HEAD "target:\n"
		  "  provider: file\n"
		  "  path: t\n"
		  "  protect:\n"
		  "    - *@example.org\n",
	     "7:7: text that begins with '*' needs quotes\n"),
	CASE(HEAD "target:\n"
		  "  provider: file\n"
		  "  path: t\n"
		  "  protect:\n"
		  "    - @example.org\n",
	     "7:7: text that begins with '@' needs quotes\n"),
	CASE(HEAD "target: {provider: file, path: t.json}\n"
		  "state: {}\n"
		  "state: {}\n",
	     "5:1: 'state' is given twice; the first is in line 4\n"),
	CASE("a: &\n", "1:4: text that begins with '&' needs quotes\n"),
	CASE("- &@x\n", "1:3: text that begins with '&' needs quotes\n"),
	CASE("a: \"b\n"
	     "---\n",
	     "1:4: the quoted text that begins here is not closed\n"),
	CASE("a: !x!y z\n",
	     "1:4: tags ('!') are not used here; text that begins with '!' needs quotes\n"),
	CASE("a: %b\n", "1:4: text that begins with '%' needs quotes\n"),
	CASE("a: `b`\n", "1:4: text that begins with '`' needs quotes\n"),
	CASE("[a, , b]\n", "1:5: a value is expected here, in front of the ',', ']' or '}'\n"),
	CASE("a: - b\n",
	     "1:4: a '- ' cannot stand here: list items go on lines of their own, indented "
	     "alike\n"),
	CASE("- a\n"
	     "b: c\n",
	     "2:1: a list item ('- ') is expected here: is this line indented like the items "
	     "above it?\n"),
	CASE("a: &x 1\n"
	     "b: *x\n"
	     "a: 2\n"
	     "? {}\n"
	     ": !t 3\n",
	     "1:4: anchors ('&') are not used here; text that begins with '&' needs quotes\n"
	     "2:4: aliases ('*') are not used here; text that begins with '*' needs quotes\n"
	     "3:1: 'a' is given twice; the first is in line 1\n"
	     "4:3: a key must be a text; text that begins with '{' needs quotes\n"
	     "5:3: tags ('!') are not used here; text that begins with '!' needs quotes\n"),
	CASE("\377\376a\000:\000 \0001\000\n"
	     "\000",
	     "1:1: this is UTF-16; save it as UTF-8\n"),
	CASE("*a : 1\n",
	     "1:1: aliases ('*') are not used here; text that begins with '*' needs quotes\n"),
	CASE("{: 1}\n", "1:2: a value is expected here, in front of the ',', ']' or '}'\n"),
	CASE("%TAG ! tag:x,2000:\n"
	     "---\n"
	     "a: 1\n",
	     "1:1: directives ('%') are not used here\n"),
	CASE("\"a\\0\": 1\n", "1:1: the text has a NUL character (\\0) in it\n"),
	CASE("\"\\ud800\": 1\n",
	     "1:4: this is not YAML: found invalid Unicode character escape code\n"),
	CASE("a\n"
	     "b: c\n",
	     "2:2: a ':' cannot stand here: text that has ': ' in it needs quotes, and a key "
	     "must be indented like the keys beside it\n"),
	CASE("{a: b} c\n",
	     "1:8: nothing may follow the document; is this line indented like the keys "
	     "above it?\n"),
};

static void reports_with_positions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct arena arena = ARENA_INIT;
		struct diags diags = DIAGS_INIT;
		struct buf found = BUF_INIT;

		assert_null(yaml_parse(&arena, STR("t"), wrong[i].yaml, &diags));
		add_findings(&found, &diags, "t");
		assert_string_equal(found.ptr, wrong[i].findings);
		buf_release(&found);
		diags_release(&diags);
		arena_release(&arena);
	}
}

/* --- bounds ------------------------------------------------------------------------------- */

static void repeat(struct buf *out, const char *text, size_t times)
{
	while (times-- > 0)
		buf_puts(out, text);
}

static void check_generated(struct buf *yaml, const char *expected)
{
	struct arena arena = ARENA_INIT;
	struct diags diags = DIAGS_INIT;
	struct buf found = BUF_INIT;
	struct node *root = yaml_parse(&arena, STR("t"), buf_str(yaml), &diags);

	add_findings(&found, &diags, "t");
	assert_string_equal(found.ptr ? found.ptr : "", expected);
	assert_int_equal(root != NULL, expected[0] == '\0');
	buf_release(&found);
	diags_release(&diags);
	arena_release(&arena);
	buf_clear(yaml);
}

static void bounds_what_it_reads(void **state)
{
	struct buf yaml = BUF_INIT;

	(void)state;
	repeat(&yaml, "[", 32);
	repeat(&yaml, "]", 32);
	check_generated(&yaml, "");
	repeat(&yaml, "[", 100000);
	check_generated(&yaml, "1:33: this is nested deeper than 32 levels\n");
	repeat(&yaml, "{a: ", 1000);
	check_generated(&yaml, "1:129: this is nested deeper than 32 levels\n");
	repeat(&yaml, "- ", 100000);
	check_generated(&yaml, "1:65: this is nested deeper than 32 levels\n");
	repeat(&yaml, "k", 10000);
	buf_puts(&yaml, ": 1\n");
	check_generated(&yaml,
			"1:10001: a ':' cannot stand here: text that has ': ' in it needs "
			"quotes, and a key must be indented like the keys beside it\n");
	buf_puts(&yaml, "? ");
	repeat(&yaml, "k", 10000);
	buf_puts(&yaml, "\n: 1\n");
	check_generated(&yaml, "1:3: this key is longer than 1024 bytes\n");
	buf_puts(&yaml, "a: \"");
	repeat(&yaml, "x", YAML_SCALAR_MAX);
	buf_puts(&yaml, "\"\n");
	check_generated(&yaml, "");
	buf_puts(&yaml, "a: \"");
	repeat(&yaml, "x", YAML_SCALAR_MAX + 1);
	buf_puts(&yaml, "\"\n");
	check_generated(&yaml, "1:4: this text is longer than 1 MiB\n");
	repeat(&yaml, "[],", YAML_NODES_MAX / 10);
	check_generated(&yaml,
			"1:3: nothing may follow the document; is this line indented like "
			"the keys above it?\n");
	buf_release(&yaml);
}

/* Nine levels of nine references each would be 387 million values. */
static void refuses_a_billion_laughs(void **state)
{
	struct arena arena = ARENA_INIT;
	struct diags diags = DIAGS_INIT;
	struct buf yaml = BUF_INIT;

	(void)state;
	buf_puts(&yaml, "a: &a [x,x,x,x,x,x,x,x,x]\n");
	for (char c = 'b'; c < 'k'; c++)
		buf_addf(&yaml, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1,
			 c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
	assert_null(yaml_parse(&arena, STR("t"), buf_str(&yaml), &diags));
	assert_int_equal(diags.errors, 10 + 9 * 9);
	buf_release(&yaml);
	diags_release(&diags);
	arena_release(&arena);
}

static void finds_duplicates_in_large_maps(void **state)
{
	struct buf yaml = BUF_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_addf(&yaml, "k%d: 1\n", i);
	check_generated(&yaml, "");
	for (int i = 0; i < 100000; i++)
		buf_addf(&yaml, "k%d: 1\n", i);
	buf_puts(&yaml, "k7: 1\nk99999: 1\nk7: 1\n");
	check_generated(&yaml,
			"100001:1: 'k7' is given twice; the first is in line 8\n"
			"100002:1: 'k99999' is given twice; the first is in line 100000\n"
			"100003:1: 'k7' is given twice; the first is in line 100001\n");
	buf_release(&yaml);
}

static void refuses_hidden_characters(void **state)
{
	static const char *const hidden[] = {"\xc2\x85",     "\xe2\x80\xa8", "\xe2\x80\xa9",
					     "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6",
					     "\xe2\x81\xa9"};
	struct buf yaml = BUF_INIT;

	(void)state;
	/* Also where pieces of the file meet. */
	for (size_t before = 16360; before < 16400; before++) {
		char expected[200];
		const char *character = hidden[before % 7];
		unsigned code = before % 7 == 0 ? 0x85
						: (unsigned)((character[1] & 0x3F) << 6 |
							     (character[2] & 0x3F) | 0x2000);

		buf_puts(&yaml, "a: 1\n#");
		repeat(&yaml, "x", before);
		buf_puts(&yaml, character);
		buf_puts(&yaml, "\n");
		snprintf(
			expected, sizeof(expected),
			"2:%zu: the invisible character U+%04X makes the text read "
			"differently "
			"from what it says; remove it, or write it in double quotes as \\u%04X\n",
			before + 2, code, code);
		check_generated(&yaml, expected);
	}
	/* Neighbours of theirs are ordinary characters. */
	buf_puts(&yaml, "a: \xe2\x80\x99\xe2\x80\xaf\xe2\x81\xa5\xc2\xa0\n");
	check_generated(&yaml, "");
	buf_release(&yaml);
}

/* --- streaming ---------------------------------------------------------------------------- */

struct seen {
	struct buf text;
	int left; /* before it says stop */
};

static int see(void *context, const struct node *key, const struct node *value, bool element)
{
	struct seen *seen = context;

	buf_addf(&seen->text, "%.*s%s ", STR_FMT(key->text), element ? "[]" : "");
	draw(&seen->text, value);
	buf_char(&seen->text, '\n');
	return seen->left-- == 0 ? -1 : 0;
}

static void check_stream(struct str yaml, int left, int expected, const char *seen_text,
			 const char *findings)
{
	static const char *const stream[] = {"users", "functional", NULL};
	char path[] = "/tmp/zsctl-stream-XXXXXX";
	int fd = mkstemp(path);
	struct seen seen = {BUF_INIT, left};
	struct yaml_reader reader = {stream, see, &seen};
	struct diags diags = DIAGS_INIT;
	struct buf found = BUF_INIT;

	assert_true(fd >= 0 && write(fd, yaml.ptr, yaml.len) == (ssize_t)yaml.len);
	close(fd);
	assert_int_equal(yaml_read_file(str_of(path), &reader, &diags), expected);
	add_findings(&found, &diags, path);
	assert_string_equal(seen.text.ptr ? seen.text.ptr : "", seen_text);
	assert_string_equal(found.ptr ? found.ptr : "", findings);
	unlink(path);
	buf_release(&seen.text);
	buf_release(&found);
	diags_release(&diags);
}

static void streams_large_files(void **state)
{
	(void)state;
	check_stream(STR(""), -1, 0, "", "");
	check_stream(STR("v: 1\nusers:\n  - {a: 1}\n  - b\ngroups: {x: [y, z]}\n"
			 "functional: [1, [2]]\n"),
		     -1, 0,
		     "v 1\nusers[] ~{a@3:6 1}\nusers[] b\ngroups ~{x@5:10 ~[y z]}\n"
		     "functional[] 1\nfunctional[] ~[2]\n",
		     "");
	check_stream(STR("users:\nfunctional: x\n"), -1, 0, "users \nfunctional x\n", "");
	check_stream(STR("users: []\n"), -1, 0, "", "");
	check_stream(STR("users: [1, 2, 3]\n"), 1, -1, "users[] 1\nusers[] 2\n", "");
	check_stream(STR("- a\n"), -1, -1, "",
		     "1:1: expected keys at the top of the file, found a list\n");
	check_stream(STR("a\n"), -1, -1, "",
		     "1:1: expected keys at the top of the file, found a text\n");
	/* What has findings of its own is left out, the rest goes on. */
	check_stream(STR("users:\n  - {a: 1, a: 2}\n  - &x b\n  - {b: 1}\n"), -1, -1,
		     "users[] ~{b@4:6 1}\n",
		     "2:12: 'a' is given twice; the first is in line 2\n"
		     "3:5: anchors ('&') are not used here; text that begins with '&' needs "
		     "quotes\n");
	check_stream(STR("users: [1]\nv: 1\nusers: [2]\n"), -1, -1,
		     "users[] 1\nv 1\nusers[] 2\n",
		     "3:1: 'users' is given twice; the first is in line 1\n");
	check_stream(
		STR("users:\n  - 1\n - 2\n"), -1, -1, "users[] 1\n",
		"3:2: a key is expected here: is this line indented like the keys above it?\n");
	check_stream(STR("? [users]\n: [1]\nusers: [2]\n"), -1, -1, "users[] 2\n",
		     "1:3: a key must be a text; text that begins with '[' needs quotes\n");
}

static void streams_many_items(void **state)
{
	struct buf yaml = BUF_INIT, expected = BUF_INIT;

	(void)state;
	buf_puts(&yaml, "users:\n");
	for (unsigned i = 0; i < 20000; i++) {
		buf_addf(&yaml, "  - {a: %u, b: [x, y]}\n", i);
		buf_addf(&expected, "users[] ~{a@%u:6 %u b@%u:%u ~[x y]}\n", i + 2, i, i + 2,
			 i < 10      ? 12
			 : i < 100   ? 13
			 : i < 1000  ? 14
			 : i < 10000 ? 15
				     : 16);
	}
	check_stream(buf_str(&yaml), -1, 0, expected.ptr, "");
	buf_release(&yaml);
	buf_release(&expected);
}

static void says_what_cannot_be_read(void **state)
{
	struct arena arena = ARENA_INIT;
	struct diags diags = DIAGS_INIT;
	struct buf found = BUF_INIT;

	(void)state;
	assert_null(yaml_parse_file(&arena, STR("/nonexistent/zsctl.yaml"), &diags));
	assert_null(yaml_parse_file(&arena, STR("/tmp"), &diags));
	assert_null(yaml_parse_file(&arena, STR("/dev/zero"), &diags));
	add_findings(&found, &diags, "t");
	assert_string_equal(
		found.ptr,
		"/dev/zero: is not a regular file\n"
		"/nonexistent/zsctl.yaml: cannot be read: No such file or directory\n"
		"/tmp: is not a regular file\n");
	buf_release(&found);
	diags_release(&diags);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_trees),
		cmocka_unit_test(reports_with_positions),
		cmocka_unit_test(bounds_what_it_reads),
		cmocka_unit_test(refuses_a_billion_laughs),
		cmocka_unit_test(finds_duplicates_in_large_maps),
		cmocka_unit_test(refuses_hidden_characters),
		cmocka_unit_test(streams_large_files),
		cmocka_unit_test(streams_many_items),
		cmocka_unit_test(says_what_cannot_be_read),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
