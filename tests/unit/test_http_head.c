/* What the heads of answers say. */
#include "http_internal.h"

#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define BUCKET(budget, window)                                                       \
	"{\"code\":429,\"message\":\"Too Many Requests\",\"emptiedBucketDetails\":{" \
	"\"limiterId\":\"cab\",\"budget\":" budget ",\"windowSeconds\":" window "}}"
#define DATE "Date: Fri, 20 Nov 2026 10:15:00 GMT"

static int read_lines(struct http_head *head, const char *lines)
{
	struct str rest = str_of(lines), line;

	*head = (struct http_head){.status = 0};
	while (str_split(&rest, '\n', &line)) {
		if (http_head_line(head, line))
			return -1;
	}
	return 0;
}

static const struct {
	const char *lines, *body;
	struct rate_hint hint;
} hints[] = {
	{"HTTP/1.1 200 OK\r\nContent-Type: text/plain", "", {0}},
	/* Retry-After: RFC 9110 §10.2.3, seconds or a date. */
	{"HTTP/1.1 503 Busy\nRetry-After: 120", "", {.has_retry = true, .retry_s = 120}},
	{"HTTP/1.1 503 Busy\nretry-after:0", "", {.has_retry = true}},
	{"HTTP/1.1 503 Busy\n" DATE "\nRetry-After: Fri, 20 Nov 2026 10:16:30 GMT",
	 "",
	 {.has_retry = true, .retry_s = 90}},
	{"HTTP/1.1 503 Busy\nRetry-After: Fri, 20 Nov 2026 10:14:00 GMT\n" DATE,
	 "",
	 {.has_retry = true, .retry_s = 0}},
	{"HTTP/1.1 503 Busy\nRetry-After: -5", "", {0}},
	{"HTTP/1.1 503 Busy\nRetry-After: soon", "", {0}},
	{"HTTP/1.1 503 Busy\nRetry-After: 99999999999999999999", "", {0}},
	{"HTTP/1.1 503 Busy\nRetry-After:", "", {0}},
	/* draft-polli-ratelimit-headers-02 */
	{"HTTP/1.1 200 OK\nRateLimit-Limit: 50\nRateLimit-Remaining: 7\nRateLimit-Reset: 4",
	 "",
	 {.has_remaining = true, .remaining = 7, .reset_s = 4}},
	{"HTTP/1.1 200 OK\nRateLimit-Limit: 50, 50;window=10\nratelimit-remaining: 7",
	 "",
	 {.requests = 50, .window_s = 10, .remaining = 7}},
	{"HTTP/1.1 200 OK\nRateLimit-Limit: 50, 10;window=1, 50;comment=\"x\"; window=60",
	 "",
	 {.requests = 50, .window_s = 60}},
	{"HTTP/1.1 200 OK\nRateLimit-Limit: 50, 10;window=1", "", {0}},
	{"HTTP/1.1 200 OK\nRateLimit-Limit: , ;window=\nRateLimit-Reset: x", "", {0}},
	{"HTTP/1.1 200 OK\nRateLimit-Remaining: 0\nRateLimit-Reset: never", "", {0}},
	/* What a 100 (Continue) said is void. */
	{"HTTP/1.1 100 Continue\nRetry-After: 5\n\nHTTP/1.1 200 OK", "", {0}},
	/* The body of a 429, and only of that. */
	{"HTTP/1.1 429 No", BUCKET("50", "10"), {.requests = 50, .window_s = 10}},
	{"HTTP/1.1 429 No", BUCKET("50", "0.5"), {.requests = 50, .window_s = 1}},
	{"HTTP/1.1 200 OK", BUCKET("50", "10"), {0}},
	{"HTTP/1.1 429 No", BUCKET("0", "10"), {0}},
	{"HTTP/1.1 429 No", BUCKET("-1", "10"), {0}},
	{"HTTP/1.1 429 No", BUCKET("1e300", "10"), {0}},
	{"HTTP/1.1 429 No", BUCKET("50", "1e300"), {0}},
	{"HTTP/1.1 429 No", BUCKET("\"50\"", "10"), {0}},
	{"HTTP/1.1 429 No", BUCKET("50", "null"), {0}},
	{"HTTP/1.1 429 No", "{\"emptiedBucketDetails\":[1]}", {0}},
	{"HTTP/1.1 429 No", "{\"emptiedBucketDetails\":7}", {0}},
	{"HTTP/1.1 429 No", "[]", {0}},
	{"HTTP/1.1 429 No", "7", {0}},
	{"HTTP/1.1 429 No", "<html>", {0}},
};

static void limits_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hints); i++) {
		const struct rate_hint *expected = &hints[i].hint;
		struct http_head head;
		struct rate_hint hint;

		assert_int_equal(read_lines(&head, hints[i].lines), 0);
		hint = http_head_hint(&head, str_of(hints[i].body));
		if (hint.requests != expected->requests ||
		    hint.window_s != expected->window_s ||
		    hint.has_remaining != expected->has_remaining ||
		    (hint.has_remaining && (hint.remaining != expected->remaining ||
					    hint.reset_s != expected->reset_s)) ||
		    hint.has_retry != expected->has_retry ||
		    (hint.has_retry && hint.retry_s != expected->retry_s))
			fail_msg("%s\n%s: %lu in %lu s, remaining %d %lu, retry %d %lu",
				 hints[i].lines, hints[i].body, (unsigned long)hint.requests,
				 (unsigned long)hint.window_s, hint.has_remaining,
				 (unsigned long)hint.remaining, hint.has_retry,
				 (unsigned long)hint.retry_s);
	}
}

/* Without a Date the clock of this host has to do. */
static void dates_are_taken_by_our_clock_otherwise(void **state)
{
	struct http_head head;
	struct rate_hint hint;

	(void)state;
	assert_int_equal(
		read_lines(&head, "HTTP/1.1 503 X\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT"),
		0);
	hint = http_head_hint(&head, STR_NONE);
	assert_true(hint.has_retry);
	assert_int_equal(hint.retry_s, 0);
	assert_int_equal(
		read_lines(&head, "HTTP/1.1 503 X\nRetry-After: Thu, 01 Jan 2099 00:00:00 GMT"),
		0);
	assert_true(http_head_hint(&head, STR_NONE).retry_s > 86400);
}

static void the_rest_is_read(void **state)
{
	char lines[4096];
	struct http_head head;

	(void)state;
	assert_int_equal(read_lines(&head,
				    "HTTP/1.1 201 Created\r\n"
				    "Content-Type:  application/json; charset=utf-8 \r\n"
				    "X-Request-ID: one\r\nRequest-Id: two\r\n"
				    "Location: https://example.org/a\r\n: x\r\nno colon\r\n"
				    "\r\n"),
			 0);
	assert_int_equal(head.status, 201);
	assert_string_equal(head.content_type, "application/json; charset=utf-8");
	assert_string_equal(head.request_id, "one");
	assert_string_equal(head.location, "https://example.org/a");
	/* Cut, not overrun. */
	snprintf(lines, sizeof(lines), "HTTP/1.1 999999999999 X\nX-Request-Id: %01000d", 0);
	assert_int_equal(read_lines(&head, lines), 0);
	assert_int_equal(head.status, 0);
	assert_int_equal(strlen(head.request_id), 128);
}

static void too_much_is_refused(void **state)
{
	struct http_head head = {.status = 0};
	char line[1025];
	unsigned lines = 0;

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	/* A new status line does not start the count again. */
	while (!http_head_line(&head, str_of(line)) &&
	       !http_head_line(&head, STR("HTTP/1.1 100 Continue")))
		lines++;
	assert_in_range(lines, 60, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_read),
		cmocka_unit_test(dates_are_taken_by_our_clock_otherwise),
		cmocka_unit_test(the_rest_is_read),
		cmocka_unit_test(too_much_is_refused),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
