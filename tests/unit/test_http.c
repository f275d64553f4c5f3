/* What becomes of a request. */
#include "http_client.h"
#include "http_server.h"

#include "base/os.h"

struct fate {
	const char *name;
	enum http_method method;
	bool replay;
	struct step steps[6];
	struct http_settings tweak; /* zero: as quick() has it */
	size_t body_limit;
	/* expected */
	enum http_sent sent;
	enum http_failure failure;
	unsigned status, attempts, requests;
	const char *body, *text; /* text: a part of it */
};

static const struct fate fates[] = {
	{"plain",
	 HTTP_GET,
	 true,
	 {{OK_BODY}},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello"},
	{"chunked",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	   "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"}},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello"},
	{"until the end",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 200 OK\r\n\r\nhello", CLOSE}},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello"},
	{"a 100 before",
	 HTTP_POST,
	 false,
	 {{"HTTP/1.1 100 Continue\r\n\r\n" OK_BODY}},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello"},
	{"refused for good",
	 HTTP_PUT,
	 true,
	 {{"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad"}},
	 .sent = HTTP_ANSWERED,
	 .status = 400,
	 .attempts = 1,
	 .requests = 1,
	 .body = "bad"},
	{"unauthorised",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\nno"}},
	 .sent = HTTP_ANSWERED,
	 .status = 401,
	 .attempts = 1,
	 .requests = 1,
	 .body = "no"},
	{"redirect",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 302 Found\r\nLocation: https://evil.example.org/x?token=1\r\n"
	   "Content-Length: 0\r\n\r\n"}},
	 .sent = HTTP_ANSWERED,
	 .failure = HTTP_REDIRECT,
	 .status = 302,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "(302) to \"https://evil.example.org/x\""},

	/* In trouble: again where that is safe. */
	{"5xx, then fine",
	 HTTP_PUT,
	 true,
	 {{BUSY("")}, {BUSY("")}, {OK_BODY}},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 3,
	 .requests = 3,
	 .body = "hello"},
	{"5xx for ever",
	 HTTP_PUT,
	 true,
	 {{BUSY("X-Request-Id: r7\r\n")}},
	 .sent = HTTP_UNKNOWN,
	 .status = 503,
	 .attempts = 3,
	 .requests = 3,
	 .body = "busy",
	 .text = "request id r7"},
	{"5xx, not to be repeated",
	 HTTP_POST,
	 false,
	 {{BUSY("")}, {OK_BODY}},
	 .sent = HTTP_UNKNOWN,
	 .status = 503,
	 .attempts = 1,
	 .requests = 1,
	 .body = "busy",
	 .text = "answered 503"},
	{"501 is final",
	 HTTP_PUT,
	 true,
	 {{"HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n"}, {OK_BODY}},
	 .sent = HTTP_UNKNOWN,
	 .status = 501,
	 .attempts = 1,
	 .requests = 1,
	 .body = ""},
	{"reset, then fine",
	 HTTP_GET,
	 true,
	 {{NULL, RESET}, {NULL, CLOSE}, {OK_BODY}},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 3,
	 .requests = 3,
	 .body = "hello"},
	{"reset, not to be repeated",
	 HTTP_POST,
	 false,
	 {{NULL, RESET}, {OK_BODY}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "connection was lost before an answer"},
	{"closed, not to be repeated",
	 HTTP_POST,
	 false,
	 {{NULL, CLOSE}, {OK_BODY}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "connection was lost before an answer"},
	{"truncated, then fine",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", CLOSE}, {OK_BODY}},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 2,
	 .requests = 2,
	 .body = "hello"},
	{"truncated",
	 HTTP_PUT,
	 false,
	 {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", CLOSE}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello",
	 .text = "breaks off"},
	{"truncated chunks",
	 HTTP_PUT,
	 false,
	 {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", CLOSE}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello",
	 .text = "breaks off"},
	{"no last chunk",
	 HTTP_PUT,
	 false,
	 {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", CLOSE}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello",
	 .text = "breaks off"},
	{"truncated refusal",
	 HTTP_PUT,
	 true,
	 {{"HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nhello", CLOSE}},
	 .tweak = {.attempts = 1},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .status = 403,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello",
	 .text = "breaks off"},
	{"no answer in time",
	 HTTP_PUT,
	 false,
	 {{NULL, HANG}},
	 .tweak = {.whole_ms = 50},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_TIMEOUT,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "no complete answer in time"},
	{"half an answer in time",
	 HTTP_PUT,
	 false,
	 {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", HANG}},
	 .tweak = {.whole_ms = 50},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_TIMEOUT,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "hello",
	 .text = "no complete answer in time"},
	{"late, then fine",
	 HTTP_GET,
	 true,
	 {{NULL, HANG}, {OK_BODY}},
	 .tweak = {.whole_ms = 50},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 2,
	 .requests = 2,
	 .body = "hello"},

	/* What one attempt may have done, a later one that was not sent does not undo. */
	{"reset, then refused",
	 HTTP_PUT,
	 true,
	 {{NULL, RESET}, {REFUSED("", ""), CLOSE}},
	 .tweak = {.rate_requests = 50, .rate_period_ms = 200, .refused_attempts = 2},
	 .sent = HTTP_UNKNOWN,
	 .status = 429,
	 .attempts = 3,
	 .requests = 3,
	 .body = "",
	 .text = "too many requests"},

	/* Not HTTP, or too much of it. */
	{"garbage",
	 HTTP_PUT,
	 false,
	 {{"SSH-2.0-OpenSSH_9.2\r\n", CLOSE}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "connection was lost before an answer"},
	{"a header that is none",
	 HTTP_PUT,
	 false,
	 {{"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n", CLOSE}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "breaks off before its body"},
	{"a length that is none",
	 HTTP_PUT,
	 false,
	 {{"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", CLOSE}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_BROKEN,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "breaks off before its body"},
	{"too large",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", KEEP, 9}},
	 .body_limit = 8,
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_TOO_LARGE,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .text = "larger than 8 bytes"},
	{"just not too large",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", KEEP, 8}},
	 .body_limit = 8,
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "xxxxxxxx"},
	{"endless",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 200 OK\r\n\r\n", KEEP, 16 << 20}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_TOO_LARGE,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .text = "larger than 4194304 bytes"},
	{"endless refusal",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 404 No\r\n\r\n", KEEP, 16 << 20}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_TOO_LARGE,
	 .status = 404,
	 .attempts = 1,
	 .requests = 1,
	 .text = "larger than"},
	{"large refusal",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 404 No\r\nContent-Length: 1000005\r\n\r\nhello", KEEP, 1000000}},
	 .sent = HTTP_ANSWERED,
	 .status = 404,
	 .attempts = 1,
	 .requests = 1},
	{"an endless header",
	 HTTP_GET,
	 true,
	 {{"HTTP/1.1 200 OK\r\nX: ", KEEP, 16 << 20}},
	 .sent = HTTP_UNKNOWN,
	 .failure = HTTP_TOO_LARGE,
	 .status = 200,
	 .attempts = 1,
	 .requests = 1,
	 .body = "",
	 .text = "head of its answer is too large"},

	/* 429: did not happen, so again, whatever the request. */
	{"429, then fine",
	 HTTP_POST,
	 false,
	 {{REFUSED("", "{}"), CLOSE}, {REFUSED("", ""), CLOSE}, {OK_BODY}},
	 .tweak = {.rate_requests = 50, .rate_period_ms = 200},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 3,
	 .requests = 3,
	 .body = "hello"},
	{"429 that breaks off",
	 HTTP_POST,
	 false,
	 {{REFUSED("Content-Length: 99\r\n", "{"), CLOSE}, {OK_BODY}},
	 .tweak = {.rate_requests = 50, .rate_period_ms = 200},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 2,
	 .requests = 2,
	 .body = "hello"},
	{"429 is no failure",
	 HTTP_POST,
	 false,
	 {{REFUSED("", ""), CLOSE}, {REFUSED("", ""), CLOSE}, {OK_BODY}},
	 .tweak = {.rate_requests = 50,
		   .rate_period_ms = 200,
		   .attempts = 1,
		   .breaker_failures = 1},
	 .sent = HTTP_ANSWERED,
	 .status = 200,
	 .attempts = 3,
	 .requests = 3,
	 .body = "hello"},
	{"429 for ever",
	 HTTP_POST,
	 false,
	 {{REFUSED("", ""), CLOSE}},
	 .tweak = {.rate_requests = 50, .rate_period_ms = 200, .refused_attempts = 4},
	 .sent = HTTP_NOT_SENT,
	 .status = 429,
	 .attempts = 4,
	 .requests = 4,
	 .body = "",
	 .text = "still after 4 attempts"},
};

static void check_fate(const struct fate *fate, const struct server *server,
		       const struct http_answer *answer)
{
	if (answer->sent != fate->sent || answer->failure != fate->failure ||
	    answer->status != fate->status || answer->attempts != fate->attempts ||
	    server->requests != fate->requests)
		fail_msg("%s: sent %d, %s, status %u, attempts %u, requests %u: %.*s",
			 fate->name, answer->sent, http_failure_names[answer->failure],
			 answer->status, answer->attempts, server->requests,
			 STR_FMT(answer->text));
	if (fate->body && !str_is(answer->body, fate->body))
		fail_msg("%s: body \"%.*s\"", fate->name, STR_FMT(answer->body));
	if (fate->text ? !strstr(answer->text.ptr ? answer->text.ptr : "", fate->text)
		       : fate->failure == HTTP_FINE && fate->status < 429 && answer->text.len)
		fail_msg("%s: %.*s", fate->name, STR_FMT(answer->text));
	if (fate->text)
		assert_non_null(strstr(answer->text.ptr, "127.0.0.1: "));
}

static size_t steps_of(const struct fate *fate)
{
	size_t count = 1;

	while (count < COUNT(fate->steps) &&
	       (fate->steps[count].answer || fate->steps[count].after))
		count++;
	return count;
}

static void every_request_has_one_true_fate(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fates); i++) {
		const struct fate *fate = &fates[i];
		struct http_request request = {.method = fate->method,
					       .path = STR("/x"),
					       .replay = fate->replay,
					       .body_limit = fate->body_limit};
		struct buf url = BUF_INIT;
		struct http_answer answer;
		struct http_settings settings;
		struct server server;
		struct http *http;

		server_start(&server, fate->steps, steps_of(fate));
		settings = quick(server.port, &url);
		settings.rate_requests = fate->tweak.rate_requests;
		settings.rate_period_ms = fate->tweak.rate_period_ms;
		settings.whole_ms = fate->tweak.whole_ms;
		settings.refused_attempts = fate->tweak.refused_attempts;
		settings.breaker_failures = fate->tweak.breaker_failures;
		if (fate->tweak.attempts)
			settings.attempts = fate->tweak.attempts;
		if (fate->method != HTTP_GET)
			request.body = STR("{}");
		http = open_client(&settings);
		answer = call(http, &request);
		server_stop(&server);
		check_fate(fate, &server, &answer);
		http_free(http);
		buf_release(&server.log);
		buf_release(&url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_has_one_true_fate),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
