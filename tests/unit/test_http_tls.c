/*
 * TLS: what is not as it must be is refused before anything is sent, each with its own reason. The
 * server is OpenSSL's in a thread, its certificates are made here.
 */
#include "http_client.h"
#include "tls_server.h"

static void answer_requests(struct tls_server *server, SSL *ssl)
{
	static const char answer[] = OK_BODY;
	char request[4096];

	while (SSL_read(ssl, request, sizeof(request)) > 0) {
		server->requests++;
		SSL_write(ssl, answer, sizeof(answer) - 1);
	}
}

static const struct {
	enum http_failure failure;
	const char *text; /* a part of it */
} expected[] = {
	[CASE_TLS_1_3] = {HTTP_FINE, ""},
	[CASE_TLS_1_2] = {HTTP_FINE, ""},
	[CASE_TLS_1_1] = {HTTP_TLS, "offers no TLS 1.2 or newer"},
	[CASE_UNKNOWN] = {HTTP_CERTIFICATE, "authority unknown here"},
	[CASE_EXPIRED] = {HTTP_CERTIFICATE, "certificate has expired"},
	[CASE_TOMORROW] = {HTTP_CERTIFICATE, "not valid yet"},
	[CASE_OTHER_NAME] = {HTTP_CERTIFICATE, "not for that name"},
	[CASE_OTHER_ADDRESS] = {HTTP_CERTIFICATE, "not for that name"},
	[CASE_NOBODY] = {HTTP_CERTIFICATE, "not for that name"},
	[CASE_SILENT] = {HTTP_TLS, "no TLS handshake within 300 ms"},
	[CASE_NO_TLS] = {HTTP_TLS, "does not speak TLS"},
	[CASE_RUDE] = {HTTP_TLS, "may cut it off"},
};
_Static_assert(COUNT(expected) == TLS_CASES, "every case has its expectation");

/* `url` keeps the base URL. */
static struct http *open_tls_client(const struct tls_server *server, struct buf *url)
{
	struct http_settings settings = {
		.ca_file = server->ca_file, .connect_ms = server->connect_ms, .attempts = 1};

	buf_addf(url, "https://127.0.0.1:%u", server->port);
	settings.base_url = buf_str(url);
	return open_client(&settings);
}

static void only_verified_tls_is_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < TLS_CASES; i++) {
		bool fine = expected[i].failure == HTTP_FINE;
		struct buf url = BUF_INIT;
		struct http_answer answer;
		struct tls_server server;
		struct http *http;

		tls_server_start(&server, &tls_cases[i], answer_requests);
		http = open_tls_client(&server, &url);
		answer = call(http, &(struct http_request){.method = HTTP_POST});
		if (answer.failure != expected[i].failure ||
		    answer.sent != (fine ? HTTP_ANSWERED : HTTP_NOT_SENT) ||
		    answer.status != (fine ? 200 : 0) ||
		    !strstr(answer.text.ptr ? answer.text.ptr : "", expected[i].text))
			fail_msg("%s: %s, sent %d, status %u: %.*s", tls_cases[i].name,
				 http_failure_names[answer.failure], answer.sent, answer.status,
				 STR_FMT(answer.text));
		assert_int_equal(http_counts(http).attempts, fine ? 1 : 0);
		http_free(http);
		tls_server_stop(&server);
		assert_int_equal(server.requests, fine ? 1 : 0);
		buf_release(&url);
	}
}

/* One handshake for many requests. */
static void connections_are_used_again(void **state)
{
	struct buf url = BUF_INIT;
	struct tls_server server;
	struct http *http;

	(void)state;
	tls_server_start(&server, &tls_cases[CASE_TLS_1_3], answer_requests);
	http = open_tls_client(&server, &url);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(call(http, &(struct http_request){.method = HTTP_PUT}).status,
				 200);
	assert_int_equal(http_counts(http).connections, 1);
	http_free(http);
	tls_server_stop(&server);
	buf_release(&url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_verified_tls_is_used),
		cmocka_unit_test(connections_are_used_again),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, make_ca, remove_ca);
}
