/* Many requests of one client: order, connections, interruption, trouble, what is sent at all. */
#include "http_client.h"
#include "http_internal.h"
#include "http_server.h"

#include "base/log.h"
#include "base/os.h"

#include <fcntl.h>
#include <unistd.h>

struct fixture {
	struct server server;
	struct http_settings settings;
	struct buf url;
	struct http *http;
	struct http_answers answers;
};

static void begin(struct fixture *f, const struct step *steps, size_t count)
{
	*f = (struct fixture){.http = NULL};
	server_start(&f->server, steps, count);
	f->settings = quick(f->server.port, &f->url);
}

/* Stops the server; its log can be read until finish(). */
static void end(struct fixture *f)
{
	http_free(f->http);
	f->http = NULL;
	server_stop(&f->server);
}

static void finish(struct fixture *f)
{
	buf_release(&f->server.log);
	buf_release(&f->url);
	free(f->answers.items);
}

/* --- what is sent --------------------------------------------------------------------------- */

static unsigned occurrences(const struct buf *log, const char *text)
{
	unsigned count = 0;

	for (const char *at = log->ptr; at && (at = strstr(at, text)); at++)
		count++;
	return count;
}

static void requests_say_what_they_should(void **state)
{
	static const struct step steps[] = {{OK_EMPTY}};
	static const char *const expected[] = {
		"PUT /api/x/y?q=%20 HTTP/1.1\r\nHost: 127.0.0.1:",
		"\r\nAccept: application/json\r\n",
		"\r\nContent-Type: application/scim+json\r\n",
		"\r\nAuthorization: Bearer first-key\r\n",
		"\r\nX-Extra: 1\r\n",
		"\r\nContent-Length: 7\r\n",
		"\r\n\r\n{\"a\":1}GET /api HTTP/1.1\r\n",
		"POST /api/z HTTP/1.1\r\n",
		"\r\nContent-Length: 0\r\n",
		"DELETE /api/z HTTP/1.1\r\n",
		"PATCH /api/z HTTP/1.1\r\n",
		"\r\nAuthorization: Bearer second-key\r\n",
	};
	const struct http_header extra = {STR("X-Extra"), STR("1")};
	const struct http_request put = {.method = HTTP_PUT,
					 .path = STR("/x/y?q=%20"),
					 .accept = STR("application/json"),
					 .content_type = STR("application/scim+json"),
					 .body = STR("{\"a\":1}"),
					 .headers = &extra,
					 .header_count = 1};
	struct secret key = SECRET_INIT;
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	begin(&f, steps, COUNT(steps));
	f.settings.parallel = 1;
	f.http = open_client(&f.settings);
	secret_set(&key, STR("first-key"));
	assert_int_equal(http_authorize(f.http, &key, &err), 0);
	secret_release(&key);
	assert_int_equal(call(f.http, &put).status, 200);
	/* Nothing of the first is left over for the next, whatever their methods. */
	assert_int_equal(http_authorize(f.http, &key, &err), 0);
	call(f.http, &(struct http_request){.method = HTTP_GET});
	call(f.http, &(struct http_request){.method = HTTP_POST, .path = STR("/z")});
	call(f.http, &(struct http_request){.method = HTTP_DELETE, .path = STR("/z")});
	secret_set(&key, STR("second-key"));
	assert_int_equal(http_authorize(f.http, &key, &err), 0);
	secret_release(&key);
	call(f.http, &(struct http_request){.method = HTTP_PATCH, .path = STR("/z")});
	assert_int_equal(http_counts(f.http).connections, 1);
	assert_int_equal(http_counts(f.http).attempts, 5);
	end(&f);
	for (size_t i = 0; i < COUNT(expected); i++) {
		if (occurrences(&f.server.log, expected[i]) != 1)
			fail_msg("%u times \"%s\" in:\n%s",
				 occurrences(&f.server.log, expected[i]), expected[i],
				 f.server.log.ptr);
	}
	assert_int_equal(occurrences(&f.server.log, "Authorization"), 2);
	assert_int_equal(occurrences(&f.server.log, "Accept:"), 1);
	assert_int_equal(occurrences(&f.server.log, "Content-Type"), 1);
	assert_int_equal(occurrences(&f.server.log, "Expect"), 0);
	assert_int_equal(
		occurrences(&f.server.log, "\r\nUser-Agent: zsctl/" ZSCTL_VERSION "\r\n"), 5);
	finish(&f);
}

/* A large body would make libcurl ask first ("Expect: 100-continue"). */
static void large_bodies_go_at_once(void **state)
{
	static const struct step steps[] = {{OK_EMPTY}};
	struct http_request request = {.method = HTTP_PUT};
	struct buf body = BUF_INIT;
	struct fixture f;

	(void)state;
	while (body.len < 3 << 20)
		buf_puts(&body, "0123456789abcdef");
	request.body = buf_str(&body);
	begin(&f, steps, COUNT(steps));
	f.http = open_client(&f.settings);
	assert_int_equal(call(f.http, &request).status, 200);
	end(&f);
	assert_int_equal(occurrences(&f.server.log, "Expect"), 0);
	assert_true(f.server.log.len > body.len);
	finish(&f);
	buf_release(&body);
}

/* --- a connection that was used before and dies -------------------------------------------------- */

static void nothing_is_sent_twice_behind_our_back(void **state)
{
	static const struct {
		struct step steps[3];
		enum http_method method;
		bool replay;
		enum http_sent sent;
		unsigned requests;
	} cases[] = {
		{{{OK_BODY}, {NULL, RESET}, {OK_BODY}}, HTTP_POST, false, HTTP_UNKNOWN, 2},
		{{{OK_BODY}, {NULL, CLOSE}, {OK_BODY}}, HTTP_POST, false, HTTP_UNKNOWN, 2},
		{{{OK_BODY}, {NULL, CLOSE}, {OK_BODY}}, HTTP_PUT, false, HTTP_UNKNOWN, 2},
		{{{OK_BODY}, {NULL, CLOSE}, {OK_BODY}}, HTTP_GET, false, HTTP_UNKNOWN, 2},
		{{{OK_BODY}, {NULL, CLOSE}, {OK_BODY}}, HTTP_PUT, true, HTTP_ANSWERED, 3},
		{{{OK_BODY}, {NULL, RESET}, {OK_BODY}}, HTTP_GET, true, HTTP_ANSWERED, 3},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct http_request request = {
			.method = cases[i].method,
			.body = cases[i].method == HTTP_GET ? STR_NONE : STR("{}"),
			.replay = cases[i].replay};
		struct http_answer answer;
		struct fixture f;

		begin(&f, cases[i].steps, COUNT(cases[i].steps));
		f.http = open_client(&f.settings);
		assert_int_equal(call(f.http, &request).sent, HTTP_ANSWERED);
		answer = call(f.http, &request);
		if (answer.sent != cases[i].sent)
			fail_msg("case %zu: sent %d: %.*s", i, answer.sent,
				 STR_FMT(answer.text));
		end(&f);
		assert_int_equal(f.server.requests, cases[i].requests);
		finish(&f);
	}
}

/* --- order and number ----------------------------------------------------------------------------- */

static void submit_numbered(struct http *http, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct buf path = BUF_INIT;

		buf_addf(&path, "/n%u-", i);
		submit(http, &(struct http_request){
				     .number = i, .method = HTTP_POST, .path = buf_str(&path)});
		buf_release(&path);
	}
	assert_int_equal(http_under_way(http), count);
}

static void order_survives_refusals(void **state)
{
	enum { REQUESTS = 40 };
	static struct step steps[2 * REQUESTS];
	unsigned next = 0;
	struct fixture f;

	(void)state;
	/* Every other one is refused first. */
	for (size_t i = 0; i < COUNT(steps); i++)
		steps[i] = i % 3 ? (struct step){OK_BODY}
				 : (struct step){REFUSED("Retry-After: 0\r\n", ""), CLOSE};
	begin(&f, steps, COUNT(steps));
	f.settings.parallel = 1;
	f.settings.rate_requests = 1000;
	f.settings.rate_period_ms = 100;
	f.http = open_client(&f.settings);
	submit_numbered(f.http, REQUESTS);
	while (http_under_way(f.http) > 0) {
		wait_for(f.http, -1, &f.answers);
		for (size_t i = 0; i < f.answers.count; i++) {
			assert_int_equal(f.answers.items[i].number, next++);
			assert_int_equal(f.answers.items[i].status, 200);
		}
	}
	assert_int_equal(next, REQUESTS);
	assert_true(http_counts(f.http).refused >= REQUESTS / 2);
	assert_int_equal(http_counts(f.http).attempts, REQUESTS + http_counts(f.http).refused);
	assert_int_equal(http_counts(f.http).retried, 0);
	end(&f);
	finish(&f);
}

static void parallel_bounds_the_connections(void **state)
{
	static const struct step steps[] = {{OK_BODY}};
	enum { REQUESTS = 500 };
	bool seen[REQUESTS] = {false};
	unsigned ended = 0;
	struct fixture f;

	(void)state;
	begin(&f, steps, COUNT(steps));
	f.settings.parallel = 5;
	f.http = open_client(&f.settings);
	submit_numbered(f.http, REQUESTS);
	while (http_under_way(f.http) > 0) {
		wait_for(f.http, -1, &f.answers);
		assert_true(f.answers.count > 0);
		for (size_t i = 0; i < f.answers.count; i++, ended++) {
			const struct http_answer *answer = &f.answers.items[i];

			assert_true(answer->number < REQUESTS && !seen[answer->number]);
			seen[answer->number] = true;
			assert_true(str_is(answer->body, "hello"));
			assert_true(str_is(answer->content_type, "text/x"));
		}
	}
	assert_int_equal(ended, REQUESTS);
	assert_true(http_counts(f.http).connections <= 5);
	end(&f);
	assert_int_equal(f.server.requests, REQUESTS);
	finish(&f);
}

/* --- dropping ------------------------------------------------------------------------------------------ */

static void what_is_dropped_was_not_sent(void **state)
{
	static const struct step steps[] = {{BUSY("")}, {OK_BODY}};
	unsigned stopped = 0, answered = 0;
	struct fixture f;

	(void)state;
	begin(&f, steps, COUNT(steps));
	f.settings.parallel = 1;
	f.http = open_client(&f.settings);
	for (unsigned i = 0; i < 10; i++)
		submit(f.http, &(struct http_request){.number = i, .replay = true});
	/* The first is on its way: its 503 would be tried again. */
	wait_for(f.http, 0, &f.answers);
	assert_int_equal(f.answers.count, 0);
	http_drop(f.http);
	while (http_under_way(f.http) > 0) {
		wait_for(f.http, -1, &f.answers);
		for (size_t i = 0; i < f.answers.count; i++) {
			const struct http_answer *answer = &f.answers.items[i];

			if (answer->failure == HTTP_STOPPED) {
				assert_int_equal(answer->sent, HTTP_NOT_SENT);
				assert_int_equal(answer->attempts, 0);
				stopped++;
			} else {
				assert_int_equal(answer->status, 503);
				assert_int_equal(answer->attempts, 1);
				answered++;
			}
		}
	}
	assert_int_equal(stopped, 9);
	assert_int_equal(answered, 1);
	assert_int_equal(call(f.http, &(struct http_request){.number = 11}).status, 200);
	end(&f);
	assert_int_equal(f.server.requests, 2);
	finish(&f);
}

static void what_may_have_happened_stays_so(void **state)
{
	static const struct step steps[] = {{NULL, RESET}, {OK_BODY}};
	struct fixture f;

	(void)state;
	begin(&f, steps, COUNT(steps));
	f.settings.backoff_ms = f.settings.backoff_most_ms = 3600000;
	f.http = open_client(&f.settings);
	submit(f.http, &(struct http_request){.method = HTTP_PUT, .replay = true});
	while (http_counts(f.http).retried == 0)
		wait_for(f.http, 10, &f.answers);
	http_drop(f.http);
	wait_for(f.http, -1, &f.answers);
	assert_int_equal(f.answers.count, 1);
	assert_int_equal(f.answers.items[0].failure, HTTP_STOPPED);
	assert_int_equal(f.answers.items[0].sent, HTTP_UNKNOWN);
	end(&f);
	finish(&f);
}

/* --- trouble --------------------------------------------------------------------------------------------- */

/* Seconds for which nothing is sent from now on. */
static uint64_t held_s(struct http *http)
{
	uint64_t now = http_now(), ready = rate_ready(&http->rate, now);

	return ready > now ? (ready - now) / RATE_SECOND : 0;
}

static void what_answers_say_is_kept(void **state)
{
	static const struct {
		const char *answer;
		unsigned status;
		uint64_t held_least_s, learned;
	} cases[] = {
		{OK_EMPTY, 200, 0, 0},
		{BUSY("Retry-After: 600\r\n"), 503, 590, 0},
		{"HTTP/1.1 200 OK\r\nRateLimit-Limit: 9, 9;window=60\r\n"
		 "RateLimit-Remaining: 0\r\nRateLimit-Reset: 300\r\nContent-Length: 0\r\n\r\n",
		 200, 290, 9},
		{"HTTP/1.1 429 No\r\nRetry-After: 600\r\nContent-Length: 62\r\n\r\n"
		 "{\"emptiedBucketDetails\":{\"budget\": 7,\"windowSeconds\":  10 } } ",
		 429, 590, 7},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct step step = {cases[i].answer, KEEP, 0};
		struct http_answer answer;
		struct fixture f;

		begin(&f, &step, 1);
		f.settings.rate_requests = 50;
		f.settings.rate_period_ms = 10000;
		f.settings.refused_attempts = 1;
		f.http = open_client(&f.settings);
		answer = call(f.http, &(struct http_request){.method = HTTP_POST});
		assert_int_equal(answer.status, cases[i].status);
		if (held_s(f.http) < cases[i].held_least_s ||
		    (cases[i].held_least_s == 0 && held_s(f.http) > 0) ||
		    f.http->rate.learned.requests != cases[i].learned)
			fail_msg("case %zu: held for %lu s, learned %lu", i,
				 (unsigned long)held_s(f.http),
				 (unsigned long)f.http->rate.learned.requests);
		end(&f);
		finish(&f);
	}
}

/* Refused, it waits for a twentieth of the period: 50 ms. */
static void what_grew_old_is_not_sent_again(void **state)
{
	static const struct step steps[] = {
		{REFUSED("", "{\"emptiedBucketDetails\":{\"budget\":5,\"windowSeconds\":1}}"),
		 CLOSE},
		{OK_EMPTY}};
	static const struct {
		unsigned fresh_ms;
		enum http_failure failure;
		unsigned status, requests;
	} cases[] = {
		{0, HTTP_FINE, 200, 2}, {3600000, HTTP_FINE, 200, 2}, {1, HTTP_STALE, 429, 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_answer answer;
		struct fixture f;

		begin(&f, steps, COUNT(steps));
		f.http = open_client(&f.settings);
		answer = call(f.http, &(struct http_request){.method = HTTP_PUT,
							     .body = STR("{}"),
							     .fresh_ms = cases[i].fresh_ms});
		assert_int_equal(answer.failure, cases[i].failure);
		assert_int_equal(answer.status, cases[i].status);
		assert_int_equal(answer.sent, cases[i].failure ? HTTP_NOT_SENT : HTTP_ANSWERED);
		assert_int_equal(answer.text.len > 0, cases[i].failure != HTTP_FINE);
		end(&f);
		assert_int_equal(f.server.requests, cases[i].requests);
		finish(&f);
	}
}

static void failures_in_a_row_slow_down(void **state)
{
	static const struct step steps[] = {{BUSY("")}, {OK_BODY}, {BUSY("")}, {BUSY("")}};
	const struct http_request request = {.method = HTTP_POST};
	struct fixture f;

	(void)state;
	begin(&f, steps, COUNT(steps));
	f.settings.backoff_ms = f.settings.backoff_most_ms = 3600000;
	f.http = open_client(&f.settings);
	for (unsigned i = 0; i < 3; i++)
		call(f.http, &request);
	/* One at a time is no outage. */
	assert_int_equal(f.http->pause_until, 0);
	call(f.http, &request);
	assert_true(f.http->pause_until > http_now() + 1700 * RATE_SECOND);
	submit(f.http, &request);
	wait_for(f.http, 5, &f.answers);
	assert_int_equal(f.answers.count, 0);
	end(&f);
	assert_int_equal(f.server.requests, 4);
	finish(&f);
}

static void too_many_failures_stop_everything(void **state)
{
	static const struct step steps[] = {
		{OK_BODY}, {OK_BODY}, {BUSY("")}, {OK_BODY}, {BUSY("")}};
	unsigned failed = 0, broken = 0, fine = 0;
	struct http_answer answer;
	struct fixture f;

	(void)state;
	begin(&f, steps, COUNT(steps));
	f.settings.parallel = 2;
	f.settings.breaker_failures = 5;
	f.settings.breaker_window = 8;
	f.http = open_client(&f.settings);
	submit_numbered(f.http, 30);
	while (http_under_way(f.http) > 0) {
		wait_for(f.http, -1, &f.answers);
		for (size_t i = 0; i < f.answers.count; i++) {
			const struct http_answer *one = &f.answers.items[i];

			fine += one->status == 200;
			failed += one->status == 503;
			broken += one->failure == HTTP_BREAKER && one->sent == HTTP_NOT_SENT;
		}
	}
	assert_int_equal(fine, 3);
	/* The fifth failure within eight stops it; one more may be on its way. */
	assert_true(failed == 5 || failed == 6);
	assert_int_equal(fine + failed + broken, 30);
	answer = call(f.http, &(struct http_request){.number = 1});
	assert_int_equal(answer.failure, HTTP_BREAKER);
	assert_non_null(strstr(answer.text.ptr, "5 of the last 8 requests failed"));
	assert_non_null(strstr(answer.text.ptr, "answered 503"));
	end(&f);
	assert_int_equal(f.server.requests, fine + failed);
	finish(&f);
}

static void refusals_of_the_service_are_no_trouble(void **state)
{
	static const struct step steps[] = {{"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"}};
	struct fixture f;

	(void)state;
	begin(&f, steps, COUNT(steps));
	f.settings.breaker_failures = 1;
	f.http = open_client(&f.settings);
	submit_numbered(f.http, 100);
	while (http_under_way(f.http) > 0) {
		wait_for(f.http, -1, &f.answers);
		for (size_t i = 0; i < f.answers.count; i++)
			assert_int_equal(f.answers.items[i].status, 400);
	}
	end(&f);
	finish(&f);
}

/* --- streamed bodies ------------------------------------------------------------------------------------------ */

struct stream {
	unsigned begun;
	size_t bytes, stop_after;
};

static int on_begin(void *context, struct err *err)
{
	struct stream *stream = context;

	(void)err;
	stream->begun++;
	stream->bytes = 0;
	return 0;
}

static int on_bytes(void *context, struct str bytes, struct err *err)
{
	struct stream *stream = context;

	stream->bytes += bytes.len;
	if (stream->stop_after && stream->bytes > stream->stop_after)
		return err_set(err, ERR_FAILED, "resource 7 is not fit");
	return 0;
}

static void bodies_are_streamed(void **state)
{
	enum { LARGE = 20 << 20 };
	static const struct {
		struct step steps[2];
		size_t body_limit, stop_after;
		/* expected */
		enum http_failure failure;
		enum http_sent sent;
		unsigned status, begun;
		size_t bytes; /* 0: not known */
		const char *text, *body;
	} cases[] = {
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n", KEEP, LARGE}},
		 LARGE,
		 0,
		 HTTP_FINE,
		 HTTP_ANSWERED,
		 200,
		 1,
		 LARGE,
		 "",
		 ""},
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", CLOSE, 50}, {OK_BODY}},
		 0,
		 0,
		 HTTP_FINE,
		 HTTP_ANSWERED,
		 200,
		 2,
		 5,
		 "",
		 ""},
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n", KEEP, LARGE}},
		 LARGE - 1,
		 0,
		 HTTP_TOO_LARGE,
		 HTTP_UNKNOWN,
		 200,
		 1,
		 0,
		 "larger than",
		 ""},
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n", KEEP, LARGE}},
		 LARGE,
		 100000,
		 HTTP_SINK,
		 HTTP_UNKNOWN,
		 200,
		 1,
		 0,
		 "resource 7 is not fit",
		 ""},
		/* What is no success is for people, not for the parser. */
		{{{"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad"}},
		 0,
		 0,
		 HTTP_FINE,
		 HTTP_ANSWERED,
		 400,
		 0,
		 0,
		 "",
		 "bad"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stream stream = {.stop_after = cases[i].stop_after};
		const struct http_sink sink = {on_begin, on_bytes, &stream};
		const struct http_request request = {
			.sink = &sink, .body_limit = cases[i].body_limit, .replay = true};
		struct http_answer answer;
		struct fixture f;

		begin(&f, cases[i].steps, COUNT(cases[i].steps));
		f.http = open_client(&f.settings);
		answer = call(f.http, &request);
		if (answer.failure != cases[i].failure || answer.sent != cases[i].sent ||
		    answer.status != cases[i].status || stream.begun != cases[i].begun ||
		    (cases[i].bytes && stream.bytes != cases[i].bytes) ||
		    !str_is(answer.body, cases[i].body) ||
		    !strstr(answer.text.ptr ? answer.text.ptr : "", cases[i].text))
			fail_msg("case %zu: %s, sent %d, status %u, begun %u, %zu bytes: %.*s",
				 i, http_failure_names[answer.failure], answer.sent,
				 answer.status, stream.begun, stream.bytes,
				 STR_FMT(answer.text));
		end(&f);
		finish(&f);
	}
}

/* --- what is told ------------------------------------------------------------------------------------------------ */

static void the_log_has_no_secrets(void **state)
{
	static const struct step steps[] = {
		{BUSY("X-Request-Id: r-4711\r\n")},
		{"HTTP/1.1 200 OK\r\nRequest-Id: r-4712\r\nContent-Length: 6\r\n\r\nanswer"},
		{NULL, RESET}};
	static const char *const hidden[] = {"topsecret", "jane", "private", "answer", "busy"};
	static const char *const shown[] = {"PUT http://127.0.0.1:", "/api/Users/7: 503 in ",
					    ", request id r-4711\n", "/api/Users/7: 200 in ",
					    ", request id r-4712\n", "broken after "};
	char name[] = "/tmp/zsctl-test-log-XXXXXX";
	int file = mkstemp(name), saved = dup(STDERR_FILENO);
	struct http_request request = {.method = HTTP_PUT,
				       .path = STR("/Users/7?filter=jane"),
				       .body = STR("private"),
				       .replay = true};
	struct secret key = SECRET_INIT;
	struct buf log = BUF_INIT;
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	assert_true(file >= 0 && saved >= 0);
	begin(&f, steps, COUNT(steps));
	f.http = open_client(&f.settings);
	secret_set(&key, STR("topsecret"));
	assert_int_equal(http_authorize(f.http, &key, &err), 0);
	secret_release(&key);
	log_setup(LOG_DEBUG, LOG_TEXT, false);
	dup2(file, STDERR_FILENO);
	call(f.http, &request);
	request.replay = false;
	call(f.http, &request);
	dup2(saved, STDERR_FILENO);
	log_setup(LOG_INFO, LOG_TEXT, false);
	end(&f);
	assert_int_equal(os_read_file(name, 65536, &log, &err), 0);
	for (size_t i = 0; i < COUNT(shown); i++) {
		if (!strstr(log.ptr, shown[i]))
			fail_msg("no \"%s\" in:\n%s", shown[i], log.ptr);
	}
	for (size_t i = 0; i < COUNT(hidden); i++) {
		if (strstr(log.ptr, hidden[i]))
			fail_msg("\"%s\" in:\n%s", hidden[i], log.ptr);
	}
	finish(&f);
	buf_release(&log);
	unlink(name);
	close(file);
	close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_say_what_they_should),
		cmocka_unit_test(large_bodies_go_at_once),
		cmocka_unit_test(nothing_is_sent_twice_behind_our_back),
		cmocka_unit_test(order_survives_refusals),
		cmocka_unit_test(parallel_bounds_the_connections),
		cmocka_unit_test(what_is_dropped_was_not_sent),
		cmocka_unit_test(what_may_have_happened_stays_so),
		cmocka_unit_test(what_answers_say_is_kept),
		cmocka_unit_test(what_grew_old_is_not_sent_again),
		cmocka_unit_test(failures_in_a_row_slow_down),
		cmocka_unit_test(too_many_failures_stop_everything),
		cmocka_unit_test(refusals_of_the_service_are_no_trouble),
		cmocka_unit_test(bodies_are_streamed),
		cmocka_unit_test(the_log_has_no_secrets),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
