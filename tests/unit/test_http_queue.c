/* Many requests of one client: what is sent, order, connections, interruption. */
#include "http_fixture.h"

#include "base/os.h"

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
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
