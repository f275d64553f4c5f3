#include "base/json.h"
#include "base/log.h"
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* What log_print() writes to stderr. */
static void capture(struct buf *out, enum log_level level, const char *message)
{
	int saved = dup(STDERR_FILENO);
	int file = memfd_create("stderr", MFD_CLOEXEC);
	char bytes[4096];
	ssize_t got;

	assert_true(saved >= 0 && file >= 0);
	assert_true(dup2(file, STDERR_FILENO) >= 0);
	log_print(level, "%s", message);
	/* Not a terminal: nothing is drawn. */
	log_progress("reading", 1, 2);
	log_progress_end();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	got = pread(file, bytes, sizeof(bytes), 0);
	assert_true(got >= 0);
	buf_clear(out);
	buf_add(out, (struct str){bytes, (size_t)got});
	close(saved);
	close(file);
}

static void prints_text(void **state)
{
	static const struct {
		enum log_level level;
		const char *message;
		const char *plain, *coloured;
	} cases[] = {
		{LOG_INFO, "done", "zsctl: done\n", "zsctl: done\n"},
		{LOG_WARNING, "odd\n", "zsctl: warning: odd\n",
		 "zsctl: \033[1;33mwarning:\033[0m odd\n"},
		{LOG_ERROR, "a\nb\n\nc\n\n", "zsctl: error: a\n  b\n\n  c\n",
		 "zsctl: \033[1;31merror:\033[0m a\n  b\n\n  c\n"},
		{LOG_ERROR, "\x1B[2J\xE2\x80\xAE", "zsctl: error: <U+001B>[2J<U+202E>\n",
		 "zsctl: \033[1;31merror:\033[0m <U+001B>[2J<U+202E>\n"},
		{LOG_DEBUG, "detail", "", ""},
		{LOG_INFO, "", "zsctl: \n", "zsctl: \n"},
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_setup(LOG_INFO, LOG_TEXT, false);
		capture(&out, cases[i].level, cases[i].message);
		assert_string_equal(out.ptr, cases[i].plain);
		log_setup(LOG_INFO, LOG_TEXT, true);
		capture(&out, cases[i].level, cases[i].message);
		assert_string_equal(out.ptr, cases[i].coloured);
	}
	buf_release(&out);
}

static void prints_json(void **state)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	int64_t when;
	cJSON *line;

	(void)state;
	log_setup(LOG_ERROR, LOG_JSON, true);
	capture(&out, LOG_WARNING, "too much");
	assert_string_equal(out.ptr, "");
	capture(&out, LOG_ERROR, "a\n\"b\" \x1B\n");
	assert_true(str_ends(buf_str(&out), "}\n"));
	line = json_parse(buf_str(&out), &err);
	assert_non_null(line);
	assert_string_equal(json_member(line, "level")->valuestring, "error");
	assert_string_equal(json_member(line, "message")->valuestring, "a\n\"b\" <U+001B>");
	assert_true(time_parse(str_of(json_member(line, "time")->valuestring), &when));
	cJSON_Delete(line);
	buf_release(&out);
}

static void draws_progress_on_terminals(void **state)
{
	static const struct {
		enum log_level level;
		enum log_format format;
		const char *drawn;
	} cases[] = {
		{LOG_INFO, LOG_TEXT,
		 "\r\033[Kreading <U+001B> [======>             ] 1 of 3 (33 %)\r\033[Kzsctl: done\r\n"},
		{LOG_WARNING, LOG_TEXT, ""},
		{LOG_INFO, LOG_JSON, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int saved = dup(STDERR_FILENO), terminal, other;
		char seen[512] = "";

		assert_int_equal(openpty(&terminal, &other, NULL, NULL, NULL), 0);
		assert_true(dup2(other, STDERR_FILENO) >= 0);
		log_setup(cases[i].level, cases[i].format, false);
		log_progress("reading \x1B", 1, 3);
		log_info("done");
		log_progress_end();
		assert_true(dup2(saved, STDERR_FILENO) >= 0);
		/* A terminal hands on what was written a little later: read up to a mark. */
		assert_int_equal(write(other, "|", 1), 1);
		for (size_t used = 0; used == 0 || seen[used - 1] != '|';) {
			ssize_t got = read(terminal, seen + used, sizeof(seen) - 1 - used);

			assert_true(got > 0);
			used += (size_t)got;
		}
		seen[strlen(seen) - 1] = '\0';
		if (cases[i].drawn)
			assert_string_equal(seen, cases[i].drawn);
		else
			assert_true(seen[0] == '{');
		close(saved);
		close(terminal);
		close(other);
	}
}

static void parses_levels(void **state)
{
	enum log_level level = LOG_INFO;

	(void)state;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_level_parse("error", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_level_parse("Error", &level));
	assert_false(log_level_parse("", &level));
	assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_text),
		cmocka_unit_test(prints_json),
		cmocka_unit_test(draws_progress_on_terminals),
		cmocka_unit_test(parses_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
