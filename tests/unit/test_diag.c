#include "base/os.h"
#include "diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* Makes an empty folder the current one; files are then named as people name them. */
static int enter(void **state)
{
	char *dir = strdup("/tmp/zsctl-diag-XXXXXX");

	*state = dir;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	unlink("a.yaml");
	unlink("b.yaml");
	(void)!chdir("/");
	rmdir(*state);
	free(*state);
	return 0;
}

static void write_file(const char *name, struct str text)
{
	struct err err = ERR_INIT;

	assert_int_equal(os_write_file(name, text, 0600, &err), 0);
}

static void check(struct diags *diags, const char *expected)
{
	struct buf out = BUF_INIT;

	diags_format(diags, &out);
	assert_string_equal(out.ptr ? out.ptr : "", expected);
	buf_release(&out);
	diags_release(diags);
}

static void shows_lines_in_order(void **state)
{
	struct diags diags = DIAGS_INIT;

	(void)state;
	write_file("a.yaml", STR("one: 1\n\ttwo: \x1b[31m2\nthr\xc3\xa9\xc3\xa9: 3"));
	write_file("b.yaml", STR("\xef\xbb\xbfx\r\ny\rz\n"));
	diag_error(&diags, STR("b.yaml"), 3, 1, "about z");
	diag_error(&diags, STR("a.yaml"), 3, 5, "about \xc3\xa9");
	diag_warning(&diags, STR("a.yaml"), 2, 7, "about two");
	diag_error(&diags, STR("a.yaml"), 0, 0, "about %s", "all");
	diag_error(&diags, STR("a.yaml"), 2, 0, "about a line");
	diag_error(&diags, STR("b.yaml"), 4, 1, "behind the end");
	diag_error(&diags, STR("b.yaml"), 1, 2, "about x");
	diag_error(&diags, STR("c\n.yaml"), 1, 1, "no\nsuch file");
	check(&diags, "a.yaml: error: about all\n"
		      "a.yaml:2: error: about a line\n"
		      "      2 |  two: <U+001B>[31m2\n"
		      "a.yaml:2:7: warning: about two\n"
		      "      2 |  two: <U+001B>[31m2\n"
		      "        |       ^\n"
		      "a.yaml:3:5: error: about \xc3\xa9\n"
		      "      3 | thr\xc3\xa9\xc3\xa9: 3\n"
		      "        |     ^\n"
		      "b.yaml:1:2: error: about x\n"
		      "      1 | x\n"
		      "        |  ^\n"
		      "b.yaml:3:1: error: about z\n"
		      "      3 | z\n"
		      "        | ^\n"
		      "b.yaml:4:1: error: behind the end\n"
		      "c<U+000A>.yaml:1:1: error: no<U+000A>such file\n"
		      "7 errors, 1 warning\n");
}

static void moves_the_caret_with_what_is_escaped(void **state)
{
	struct diags diags = DIAGS_INIT;

	(void)state;
	write_file("a.yaml", STR("a\xe2\x80\xae\x62: c\n"));
	diag_error(&diags, STR("a.yaml"), 1, 3, "here");
	check(&diags, "a.yaml:1:3: error: here\n"
		      "      1 | a<U+202E>b: c\n"
		      "        |          ^\n"
		      "1 error\n");
}

static void cuts_long_lines_around_the_caret(void **state)
{
	struct diags diags = DIAGS_INIT;
	struct buf line = BUF_INIT, out = BUF_INIT;
	struct str rest, source, caret;
	const char *at;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_char(&line, (char)('0' + i % 10));
	write_file("a.yaml", buf_str(&line));
	diag_error(&diags, STR("a.yaml"), 1, 50008, "here");
	diags_format(&diags, &out);
	rest = buf_str(&out);
	assert_true(str_split(&rest, '\n', &source) && str_split(&rest, '\n', &source) &&
		    str_split(&rest, '\n', &caret));
	/* 160 columns behind the margin; the ellipses have three bytes each. */
	assert_int_equal(source.len, 10 + 160 + 4);
	at = memchr(caret.ptr, '^', caret.len);
	assert_non_null(at);
	/* Column 50008 has a 7. */
	assert_int_equal(source.ptr[at - caret.ptr + 2], '7');
	buf_release(&line);
	buf_release(&out);
	diags_release(&diags);
}

static void never_shows_secrets(void **state)
{
	static const struct {
		const char *line;
		bool shown;
	} cases[] = {
		{"password: hunter2", false},
		{"  api_key: hunter2", false},
		{"x: {url: a, client-secret: hunter2}", false},
		{"\"PassWord\" : hunter2", false},
		{"password: \"hunter2", false},
		{"password: {env: HUNTER}", true},
		{"password:", true},
		{"limits: {keys: 1O%}", true},
		{"name: hunter2", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct diags diags = DIAGS_INIT;
		struct buf out = BUF_INIT;

		write_file("a.yaml", str_of(cases[i].line));
		diag_error(&diags, STR("a.yaml"), 1, 1, "here");
		diags_format(&diags, &out);
		if ((strstr(out.ptr, " | ") != NULL) != cases[i].shown)
			fail_msg("%s", cases[i].line);
		buf_release(&out);
		diags_release(&diags);
	}
}

static void hides_lines_when_told(void **state)
{
	struct diags diags = DIAGS_INIT;

	(void)state;
	write_file("a.yaml", STR("one\ntwo\n"));
	diag_error(&diags, STR("a.yaml"), 1, 1, "before");
	diag_hide_line(&diags, STR("a.yaml"), 1);
	diag_error(&diags, STR("a.yaml"), 1, 2, "behind");
	diag_error(&diags, STR("a.yaml"), 2, 1, "beside");
	check(&diags, "a.yaml:1:1: error: before\n"
		      "a.yaml:1:2: error: behind\n"
		      "a.yaml:2:1: error: beside\n"
		      "      2 | two\n"
		      "        | ^\n"
		      "3 errors\n");
	for (unsigned i = 0; i < 1000; i++)
		diag_hide_line(&diags, STR("b.yaml"), i + 10);
	diag_error(&diags, STR("a.yaml"), 2, 1, "when there are too many");
	check(&diags, "a.yaml:2:1: error: when there are too many\n1 error\n");
}

static void keeps_two_hundred(void **state)
{
	struct diags diags = DIAGS_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++)
		diag_error(&diags, STR("a.yaml"), 0, 0, "finding %d", i);
	assert_int_equal(diags.count, 200);
	assert_int_equal(diags.errors, 1000);
	assert_int_equal(diags.dropped, 800);
	diags_format(&diags, &out);
	assert_true(str_ends(buf_str(&out),
			     "finding 199\n\xe2\x80\xa6 and 800 more\n1000 errors\n"));
	buf_release(&out);
	diags_release(&diags);
	check(&diags, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows_lines_in_order, enter, leave),
		cmocka_unit_test_setup_teardown(moves_the_caret_with_what_is_escaped, enter,
						leave),
		cmocka_unit_test_setup_teardown(cuts_long_lines_around_the_caret, enter, leave),
		cmocka_unit_test_setup_teardown(never_shows_secrets, enter, leave),
		cmocka_unit_test_setup_teardown(hides_lines_when_told, enter, leave),
		cmocka_unit_test_setup_teardown(keeps_two_hundred, enter, leave),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
