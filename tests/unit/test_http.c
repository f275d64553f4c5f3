/* What a client accepts, and what becomes of a request. */
#include "http_client.h"
#include "http_server.h"

#include "base/os.h"

/* --- settings --------------------------------------------------------------------------------- */

static const struct {
	const char *url;
	const char *error; /* NULL: fine */
} urls[] = {
	{"https://app.zivver.com/api", NULL},
	{"https://app.zivver.com:8443", NULL},
	{"http://127.0.0.1:8080/api/", NULL},
	{"http://127.9.9.9", NULL},
	{"http://localhost:1", NULL},
	{"http://[::1]:1/x", NULL},
	{"http://app.zivver.com/api", "use https://"},
	{"http://127.0.0.1.example.org/", "use https://"},
	{"http://localhost.example.org/", "use https://"},
	{"http://128.0.0.1/", "use https://"},
	{"ftp://127.0.0.1/", "must begin with https://"},
	{"file:///etc/passwd", "no URL"},
	{"app.zivver.com", "no URL"},
	{"", "empty"},
	{"https://", "no URL"},
	{"https://jane:secret@example.org/", "credentials"},
	{"https://example.org/?a=b", "must end with its path"},
	{"https://example.org/#a", "must end with its path"},
	{"https://exa mple.org/", "no URL"},
	{"https://example.org:99999/", "no URL"},
};

static void only_safe_addresses_are_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct http_settings settings = {.base_url = str_of(urls[i].url)};
		struct err err = ERR_INIT;
		struct http *http = NULL;
		int result = http_open(&http, &settings, &err);

		if (!urls[i].error != (result == 0) ||
		    (urls[i].error && !strstr(err.text, urls[i].error)))
			fail_msg("%s: %d, %s", urls[i].url, result, err.text);
		if (result == 0)
			assert_false(str_ends(http_base_url(http), "/"));
		http_free(http);
	}
}

static void certificates_must_be_some(void **state)
{
	static const struct {
		const char *path, *error;
	} cases[] = {
		{"/nonexistent.pem", "cannot open"},
		{"/dev/null", "ca_file"},
		{ZSCTL_TESTS_DIR "/CMakeLists.txt", "holds no certificate"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_settings settings = {.base_url = STR("https://example.org"),
						 .ca_file = cases[i].path};
		struct err err = ERR_INIT;
		struct http *http = NULL;

		assert_int_equal(http_open(&http, &settings, &err), -1);
		if (!strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].path, err.text);
	}
}

static const struct {
	const char *key, *error;
} keys[] = {
	{"abc.DEF-123_~+/=", NULL},
	{" abc", "white space"},
	{"abc ", "white space"},
	{"abc\n", "white space"},
	{"\tabc", "white space"},
	{"ab c", "a space at byte 3"},
	{"ab\r\nX: y", "a control character at byte 3"},
	{"ab\x7f", "a control character at byte 3"},
	{"ab\xc3\xa9", "not ASCII at byte 3"},
};

static void keys_are_checked_and_not_shown(void **state)
{
	struct http_settings settings = {.base_url = STR("https://example.org")};
	struct http *http = open_client(&settings);

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct secret key = SECRET_INIT;
		struct err err = ERR_INIT;
		int result;

		secret_set(&key, str_of(keys[i].key));
		result = http_authorize(http, &key, &err);
		if (!keys[i].error != (result == 0) ||
		    (keys[i].error && !strstr(err.text, keys[i].error)))
			fail_msg("key %zu: %d, %s", i, result, err.text);
		assert_null(strstr(err.text, "ab"));
		secret_release(&key);
	}
	http_free(http);
}

#define PATH(text) .path = {"" text, sizeof(text) - 1}

static const struct {
	struct http_request request;
	struct http_header header;
	const char *error; /* NULL: fine */
} requests[] = {
	{{PATH("")}},
	{{PATH("/scim/v2/Users?filter=userName%20eq%20%22a%22&b=(c)")}},
	{{PATH("/...")}},
	{{PATH("/a?x=/../")}},
	{{PATH("Users")}, .error = "must begin with"},
	{{PATH("/a b")}, .error = "percent-encoded"},
	{{PATH("/a\r\nb")}, .error = "percent-encoded"},
	{{PATH("/a#b")}, .error = "percent-encoded"},
	{{PATH("/a\xc3\xa9")}, .error = "percent-encoded"},
	{{PATH("/a%2")}, .error = "percent-encoded"},
	{{PATH("/a%zz")}, .error = "percent-encoded"},
	{{PATH("/a\0b")}, .error = "percent-encoded"},
	{{PATH("/a/../b")}, .error = "segment"},
	{{PATH("/a/.")}, .error = "segment"},
	{{PATH("/%2e%2E/b")}, .error = "segment"},
	{{PATH("/.%2e?x")}, .error = "segment"},
	{{PATH("/"), .accept = {"a\r\nX: y", 7}}, .error = "header"},
	{{PATH("/"), .content_type = {"a\nb", 3}}, .error = "header"},
	{{PATH("/")}, {{"X-A", 3}, {"b c", 3}}},
	{{PATH("/")}, {{"X A", 3}, {"b", 1}}, "no name"},
	{{PATH("/")}, {{"X-A", 3}, {NULL, 0}}, "no name or no value"},
	{{PATH("/")}, {{"X-A", 3}, {"b\nc", 3}}, "header"},
	{{PATH("/"), .header_count = 9}, .error = "headers"},
};

static void requests_are_checked(void **state)
{
	struct http_settings settings = {.base_url = STR("https://example.org")};
	struct http *http = open_client(&settings);
	size_t fine = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct http_request request = requests[i].request;
		struct err err = ERR_INIT;
		int result;

		if (requests[i].header.name.ptr) {
			request.headers = &requests[i].header;
			request.header_count = 1;
		}
		result = http_submit(http, &request, &err);

		if (!requests[i].error != (result == 0) ||
		    (requests[i].error && !strstr(err.text, requests[i].error)))
			fail_msg("request %zu: %d, %s", i, result, err.text);
		fine += result == 0;
		assert_int_equal(http_under_way(http), fine);
	}
	http_free(http);
}

static void anything_can_be_encoded(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	http_add_encoded(&out, STR("aZ09-._~/?#% \"\0\xc3\xa9"));
	assert_string_equal(out.ptr, "aZ09-._~%2F%3F%23%25%20%22%00%C3%A9");
	buf_release(&out);
}

/* --- what becomes of a request ------------------------------------------------------------------- */

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
		cmocka_unit_test(only_safe_addresses_are_accepted),
		cmocka_unit_test(certificates_must_be_some),
		cmocka_unit_test(keys_are_checked_and_not_shown),
		cmocka_unit_test(requests_are_checked),
		cmocka_unit_test(anything_can_be_encoded),
		cmocka_unit_test(every_request_has_one_true_fate),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
