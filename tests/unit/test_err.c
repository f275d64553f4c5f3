#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void prefixes(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err.class, ERR_FAILED);
	assert_string_equal(err.text, "");
	assert_int_equal(err_set(&err, ERR_UNREACHABLE, "bind %s", "refused"), -1);
	assert_int_equal(err_prefix(&err, "source '%s'", "ad"), -1);
	assert_int_equal(err.class, ERR_UNREACHABLE);
	assert_string_equal(err.text, "source 'ad': bind refused");

	/* Its own text may be an argument. */
	err_set(&err, ERR_STALE, "again: %s", err.text);
	assert_string_equal(err.text, "again: source 'ad': bind refused");

	errno = ENOENT;
	assert_int_equal(err_errno(&err, ERR_LOCKED, "cannot open %s", "x"), -1);
	assert_int_equal(err.class, ERR_LOCKED);
	assert_string_equal(err.text, "cannot open x: No such file or directory");
}

static void cuts_between_characters(void **state)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	/* 4095 bytes fit: 1365 characters of three bytes, and then some. */
	for (int i = 0; i < 1400; i++)
		buf_puts(&text, "€");
	for (unsigned shift = 0; shift < 3; shift++) {
		size_t rest = sizeof(err.text) - 1 - shift;

		err_set(&err, ERR_FAILED, "%.*s%s", (int)shift, "ab", text.ptr);
		assert_true(str_is_utf8(str_of(err.text)));
		assert_int_equal(str_of(err.text).len, shift + rest - rest % 3);
		err_prefix(&err, "%s", "prefix");
		assert_true(str_is_utf8(str_of(err.text)));
		assert_true(str_starts(str_of(err.text), "prefix: "));
		err_prefix(&err, "%s", text.ptr);
		assert_true(str_is_utf8(str_of(err.text)));
		assert_true(str_starts(str_of(err.text), "€€"));
	}
	buf_release(&text);
}

static void ends_without_memory(void **state)
{
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		close(STDERR_FILENO);
		mem_calloc(SIZE_MAX / 2, 3);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(ends_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
