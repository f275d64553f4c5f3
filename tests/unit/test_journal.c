#include "journal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "scratch.h"

#define RUN STR("20261120T101500Z-7f3c2a10")

static const struct journal_line lines[] = {
	{JOURNAL_INTENT, 0, CHANGE_OPEN, {NULL, 0}},
	{JOURNAL_INTENT, 4000000000U, CHANGE_OPEN, {NULL, 0}},
	{JOURNAL_PART, 7, CHANGE_OPEN, {"5ee9", sizeof("5ee9") - 1}},
	{JOURNAL_OUTCOME, 7, CHANGE_DONE, {"5ee9", sizeof("5ee9") - 1}},
	{JOURNAL_OUTCOME, 8, CHANGE_ALREADY, {"", sizeof("") - 1}},
	{JOURNAL_OUTCOME,
	 9,
	 CHANGE_REFUSED,
	 {"alias x@example.org: \"no\"\n\x1b[m # ",
	  sizeof("alias x@example.org: \"no\"\n\x1b[m # ") - 1}},
	{JOURNAL_OUTCOME,
	 10,
	 CHANGE_PARTLY,
	 {"Zo\xc3\xab \xe2\x80\xae", sizeof("Zo\xc3\xab \xe2\x80\xae") - 1}},
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

static void open_journal(struct journal *journal)
{
	struct err err = ERR_INIT;

	*journal = (struct journal)JOURNAL_INIT;
	if (journal_open(journal, str_of(scratch), RUN, &err) < 0)
		fail_msg("%s", err.text);
}

static void print_line(struct buf *out, const struct journal_line *line)
{
	buf_addf(out, "%d %u %d [%.*s]\n", (int)line->type, line->change, (int)line->outcome,
		 STR_FMT(line->text));
}

static int collect(void *context, const struct journal_line *line, struct err *err)
{
	(void)err;
	print_line(context, line);
	return 0;
}

/* What is in the journal are the first `count` lines. */
static void check_lines(size_t count)
{
	struct buf expected = BUF_INIT, found = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < count; i++)
		print_line(&expected, &lines[i]);
	if (journal_read(str_of(scratch), RUN, collect, &found, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(found.ptr ? found.ptr : "", expected.ptr ? expected.ptr : "");
	buf_release(&expected);
	buf_release(&found);
}

static void write_all(void)
{
	struct journal journal;
	struct err err = ERR_INIT;

	open_journal(&journal);
	assert_int_equal(journal_add(&journal, lines, 2, true, &err), 0);
	assert_int_equal(journal_add(&journal, lines, 0, true, &err), 0);
	journal_close(&journal);
	open_journal(&journal);
	assert_int_equal(journal_add(&journal, lines + 2, LINES - 2, false, &err), 0);
	journal_close(&journal);
}

static const char *path(void)
{
	return in_scratch("journal-%s", RUN.ptr);
}

static void reads_what_it_writes(void **unused)
{
	struct stat status;

	(void)unused;
	check_lines(0);
	write_all();
	check_lines(LINES);
	assert_int_equal(stat(path(), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	journal_remove(str_of(scratch), RUN);
	assert_false(os_exists(path()));
	journal_remove(str_of(scratch), RUN);
	check_lines(0);
}

/* Cut anywhere: the whole lines are there, and the next one is read again. */
static void ignores_a_torn_end(void **unused)
{
	struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;

	(void)unused;
	write_all();
	assert_int_equal(os_read_file(path(), 1 << 20, &whole, &err), 0);
	for (size_t size = 0; size <= whole.len; size++) {
		size_t count = 0;
		struct journal journal;

		for (size_t i = 0; i < size; i++)
			count += whole.ptr[i] == '\n';
		write_scratch(path(), (struct str){whole.ptr, size});
		check_lines(count);
		open_journal(&journal);
		if (count < LINES)
			assert_int_equal(journal_add(&journal, lines + count, 1, false, &err),
					 0);
		journal_close(&journal);
		check_lines(count < LINES ? count + 1 : LINES);
	}
	buf_release(&whole);
}

/* One bit anywhere: only what makes the end look torn goes unnoticed. */
static void refuses_damage(void **unused)
{
	struct buf whole = BUF_INIT, none = BUF_INIT;
	struct err err = ERR_INIT;

	(void)unused;
	write_all();
	assert_int_equal(os_read_file(path(), 1 << 20, &whole, &err), 0);
	for (size_t i = 0; i < whole.len; i++) {
		bool torn = i + 1 == whole.len;

		whole.ptr[i] = (char)(whole.ptr[i] ^ 1);
		write_scratch(path(), buf_str(&whole));
		assert_int_equal(journal_read(str_of(scratch), RUN, collect, &none, &err),
				 torn ? 0 : -1);
		if (!torn)
			assert_non_null(strstr(err.text, path()));
		whole.ptr[i] = (char)(whole.ptr[i] ^ 1);
	}
	buf_release(&whole);
	buf_release(&none);
}

static int refuse(void *context, const struct journal_line *line, struct err *err)
{
	(void)context;
	(void)line;
	return err_set(err, ERR_FAILED, "not so");
}

static void keeps_runs_apart(void **unused)
{
	struct err err = ERR_INIT;

	(void)unused;
	write_all();
	assert_int_equal(journal_read(str_of(scratch), STR("other"), refuse, NULL, &err), 0);
	assert_int_equal(journal_read(str_of(scratch), RUN, refuse, NULL, &err), -1);
	assert_non_null(strstr(err.text, "not so"));
}

int main(void)
{
#define HERE(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_clear)
	const struct CMUnitTest tests[] = {
		HERE(reads_what_it_writes),
		HERE(ignores_a_torn_end),
		HERE(refuses_damage),
		HERE(keeps_runs_apart),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
