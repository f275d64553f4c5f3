#include "base/json.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* Every item as a line "member[ or member=, line, offset, text". */
struct seen {
	struct buf text;
	struct str whole;
	unsigned stop_after;
	unsigned count;
};

static int see(void *context, const struct json_item *item, struct err *err)
{
	struct seen *seen = context;

	if (seen->stop_after && seen->count == seen->stop_after)
		return err_set(err, ERR_LIMIT, "enough");
	seen->count++;
	buf_addf(&seen->text, "%.*s%c%u@%llu %.*s\n", STR_FMT(item->member),
		 item->element ? '[' : '=', item->line, (unsigned long long)item->offset,
		 STR_FMT(item->text));
	/* The offset leads to the same bytes. */
	assert_true(item->offset + item->text.len <= seen->whole.len);
	assert_memory_equal(seen->whole.ptr + item->offset, item->text.ptr, item->text.len);
	return 0;
}

static int memory_file(struct str text)
{
	int fd = memfd_create("json", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* In pieces of `size`, each in memory of its own. */
static int feed(struct str text, size_t size, const struct json_reader *reader, struct err *err)
{
	struct json_stream *stream = json_stream_open(reader);
	int result = 0;

	for (size_t at = 0; at < text.len && result == 0; at += size) {
		size_t len = text.len - at < size ? text.len - at : size;
		char *copy = mem_alloc(len);

		memcpy(copy, text.ptr + at, len);
		result = json_stream_feed(stream, (struct str){copy, len}, err);
		free(copy);
	}
	if (result == 0)
		result = json_stream_end(stream, err);
	json_stream_free(stream);
	return result;
}

/* By memory, file, pipe and pieces; all must agree. `expected` begins with "line" for an error. */
static void check(struct str text, size_t limit, const char *expected)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64, 4093};

	for (size_t way = 0; way < 3 + sizeof(pieces) / sizeof(pieces[0]); way++) {
		struct seen seen = {.whole = text};
		struct json_reader reader = {see, &seen, limit};
		struct err err = ERR_INIT;
		int result, fds[2] = {-1, -1};

		if (way == 0) {
			result = feed(text, text.len, &reader, &err);
		} else if (way > 2) {
			result = feed(text, pieces[way - 3], &reader, &err);
		} else {
			if (way == 1) {
				fds[0] = memory_file(text);
			} else {
				if (text.len > 60000)
					continue; /* more than a pipe holds */
				assert_int_equal(pipe(fds), 0);
				assert_int_equal(write(fds[1], text.ptr, text.len),
						 (ssize_t)text.len);
				close(fds[1]);
			}
			result = json_read_stream(fds[0], &reader, &err);
			close(fds[0]);
		}
		if (strncmp(expected, "line ", 5) == 0) {
			assert_int_equal(result, -1);
			assert_string_equal(err.text, expected);
		} else {
			if (result)
				fail_msg("%s", err.text);
			assert_string_equal(buf_str(&seen.text).ptr, expected);
		}
		buf_release(&seen.text);
	}
}

#define TEXT(literal)                           \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static void reads(void **state)
{
	static const struct {
		struct str text;
		const char *expected;
	} cases[] = {
		{TEXT("{}"), ""},
		{TEXT(" { } \n"), ""},
		{TEXT("{\"a\":[]}"), ""},
		{TEXT("{\"a\":[1,\"x\",{\"y\":[2]}]}"),
		 "a[1@6 1\na[1@8 \"x\"\na[1@12 {\"y\":[2]}\n"},
		{TEXT("{\"a\":1,\"b\":{\"c\":[]},\"d\":null}"),
		 "a=1@5 1\nb=1@11 {\"c\":[]}\nd=1@24 null\n"},
		{TEXT("{\n \"users\" : [\n  {\n},\n  true ] ,\n\"n\" :\n-1 }\n"),
		 "users[3@17 {\n}\nusers[5@24 true\nn=7@39 -1\n"},
		{TEXT("{\"a\\u0062\":[\"}]\\\"\\\\\"]}"), "ab[1@12 \"}]\\\"\\\\\"\n"},
		/* Insides are only scanned. */
		{TEXT("{\"a\":[{x:}]}"), "a[1@6 {x:}\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].text, 0, cases[i].expected);
}

static void refuses(void **state)
{
	static const struct {
		struct str text;
		const char *message;
	} cases[] = {
		{TEXT(""), "line 1: empty: expected a JSON object"},
		{TEXT("\n\n"), "line 3: empty: expected a JSON object"},
		{TEXT("[]"), "line 1: expected a JSON object"},
		{TEXT("\xEF\xBB\xBF{}"),
		 "line 1: starts with a byte order mark: save it as UTF-8 without one"},
		{TEXT("{"), "line 1: the text ends too early"},
		{TEXT("{\"a\":[\n"), "line 2: the text ends too early"},
		{TEXT("{\"a\":[1"), "line 1: the text ends within this value"},
		{TEXT("{\"a\":[\n{\"b\":\n1"), "line 2: the text ends within this value"},
		{TEXT("{\"a\":\"x\\"), "line 1: the text ends within this value"},
		{TEXT("{\"a"), "line 1: the text ends within this value"},
		{TEXT("{\"a\":[1]"), "line 1: the text ends too early"},
		{TEXT("{\"a\":1}\n}"), "line 2: something follows the end of the object"},
		{TEXT("{\"a\":1,}"), "line 1: expected a key in double quotes"},
		{TEXT("{a:1}"), "line 1: expected a key in double quotes"},
		{TEXT("{\"a\",1}"), "line 1: expected ':' behind a key"},
		{TEXT("{\"a\":[1,]}"), "line 1: expected a value"},
		{TEXT("{\"a\":[,1]}"), "line 1: expected a value"},
		{TEXT("{\"a\":}"), "line 1: expected a value"},
		{TEXT("{\"a\":[1}}"), "line 1: expected ',' or ']' behind an element"},
		{TEXT("{\"a\":1]"), "line 1: expected ',' or '}' behind a member"},
		{TEXT("{\"a\":[{]}}"), "line 1: this bracket closes none that is open"},
		{TEXT("{\"a\":[\n{\n[}"), "line 3: this bracket closes none that is open"},
		{TEXT("{\"a\":[tru]}"), "line 1: this is not a JSON value"},
		{TEXT("{\"a\":\"\\u0000\"}"), "line 1: this is not a JSON value"},
		{TEXT("{\"\\u0000\":1}"), "line 1: this key is not valid JSON"},
		{TEXT("{\"a\":1,\n\"b\":2,\n\"\\u0061\":3}"), "line 3: duplicate key \"a\""},
		{TEXT("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"),
		 "line 1: nested too deeply: at most 32 levels"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].text, 0, cases[i].message);
}

/* Values of all sizes around the window's, so that its end falls everywhere. */
static void slides_its_window(void **state)
{
	struct buf text = BUF_INIT, expected = BUF_INIT;
	unsigned line = 1;

	(void)state;
	buf_puts(&text, "{\"users\":[");
	for (unsigned i = 0; i < 3000; i++) {
		size_t start;

		if (i > 0)
			buf_puts(&text, i % 3 ? "," : " ,\n ");
		line += i > 0 && i % 3 == 0;
		start = text.len;
		buf_puts(&text, "{\"name\":\"\\\"\\\\");
		for (unsigned j = 0; j < i * 37 % 700; j++)
			buf_char(&text, j % 11 ? 'x' : '}');
		buf_puts(&text, "\",\n\"list\":[1,2,[true]]}");
		buf_addf(&expected, "users[%u@%zu %s\n", line, start, text.ptr + start);
		line++;
		if (i == 1000) {
			/* Larger than the window. */
			start = text.len + 1;
			buf_puts(&text, ",\"");
			for (unsigned j = 0; j < 700000; j++)
				buf_char(&text, (char)('a' + j % 26));
			buf_char(&text, '"');
			buf_addf(&expected, "users[%u@%zu %s\n", line, start, text.ptr + start);
		}
	}
	buf_puts(&text, "]}");
	check(buf_str(&text), 0, expected.ptr);
	buf_release(&text);
	buf_release(&expected);
}

static void obeys_its_limit(void **state)
{
	struct str text = STR("{\"a\":[\n\"12345678\"],\"b\":123}");

	(void)state;
	check(text, 10, "a[2@7 \"12345678\"\nb=2@23 123\n");
	check(text, 9, "line 2: this value is larger than 9 bytes");
}

static void stops_when_told(void **state)
{
	struct str text = STR("{\"a\":[1,2,3]}");
	struct seen seen = {.whole = text, .stop_after = 2};
	struct json_reader reader = {see, &seen, 0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(feed(text, text.len, &reader, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	assert_string_equal(err.text, "enough");
	assert_int_equal(seen.count, 2);
	buf_release(&seen.text);
}

static void counts_from_the_files_start(void **state)
{
	struct str text = STR("skip {\"a\":[7]}");
	struct seen seen = {.whole = text};
	struct json_reader reader = {see, &seen, 0};
	struct err err = ERR_INIT;
	int fd = memory_file(text);

	(void)state;
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(json_read_stream(fd, &reader, &err), 0);
	assert_string_equal(seen.text.ptr, "a[1@11 7\n");
	close(fd);
	buf_release(&seen.text);
	assert_int_equal(json_read_stream(999, &reader, &err), -1);
	assert_string_equal(err.text, "cannot read: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(slides_its_window),
		cmocka_unit_test(obeys_its_limit),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(counts_from_the_files_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
