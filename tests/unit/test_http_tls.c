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

/* --- cases ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	const char *subjects; /* of the certificate */
	long first, last;     /* its time */
	bool trusted;         /* its CA is in ca_file */
	enum manner manner;
	int version;
	/* expected */
	enum http_failure failure;
	const char *text;
} cases[] = {
	{"TLS 1.3", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_3_VERSION, HTTP_FINE, ""},
	{"TLS 1.2", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_2_VERSION, HTTP_FINE, ""},
	{"TLS 1.1", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_1_VERSION, HTTP_TLS,
	 "offers no TLS 1.2 or newer"},
	{"unknown", "IP:127.0.0.1", -DAY, DAY, false, TALK, TLS1_3_VERSION, HTTP_CERTIFICATE,
	 "authority unknown here"},
	{"expired", "IP:127.0.0.1", -9 * DAY, -DAY, true, TALK, TLS1_3_VERSION,
	 HTTP_CERTIFICATE, "certificate has expired"},
	{"of tomorrow", "IP:127.0.0.1", DAY, 9 * DAY, true, TALK, TLS1_3_VERSION,
	 HTTP_CERTIFICATE, "not valid yet"},
	{"of another name", "DNS:zivver.example.org", -DAY, DAY, true, TALK, TLS1_3_VERSION,
	 HTTP_CERTIFICATE, "not for that name"},
	{"of another address", "IP:127.0.0.2", -DAY, DAY, true, TALK, TLS1_3_VERSION,
	 HTTP_CERTIFICATE, "not for that name"},
	{"silent", "IP:127.0.0.1", -DAY, DAY, true, SILENT, TLS1_3_VERSION, HTTP_TLS,
	 "no TLS handshake within 300 ms"},
	{"no TLS", "IP:127.0.0.1", -DAY, DAY, true, PLAIN, TLS1_3_VERSION, HTTP_TLS,
	 "does not speak TLS"},
	{"rude", "IP:127.0.0.1", -DAY, DAY, true, RUDE, TLS1_3_VERSION, HTTP_TLS,
	 "may cut it off"},
};

static struct http_settings settings_for(const struct tls_server *server, bool trusted,
					 struct buf *url)
{
	struct http_settings settings;

	buf_clear(url);
	buf_addf(url, "https://127.0.0.1:%u", server->port);
	settings = (struct http_settings){.base_url = buf_str(url),
					  .ca_file = trusted ? ca_path : NULL,
					  .connect_ms = 10000,
					  .attempts = 1};
	if (server->manner == SILENT)
		settings.connect_ms = 300;
	return settings;
}

static void only_verified_tls_is_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool fine = cases[i].failure == HTTP_FINE;
		struct identity identity = identity_make("localhost", cases[i].subjects,
							 cases[i].first, cases[i].last, &ca);
		struct http_settings settings;
		struct buf url = BUF_INIT;
		struct http_answer answer;
		struct tls_server server;
		struct http *http;

		tls_server_start(&server, &identity, cases[i].manner, cases[i].version,
				 answer_requests);
		settings = settings_for(&server, cases[i].trusted, &url);
		http = open_client(&settings);
		answer = call(http, &(struct http_request){.method = HTTP_POST});
		if (answer.failure != cases[i].failure ||
		    answer.sent != (fine ? HTTP_ANSWERED : HTTP_NOT_SENT) ||
		    answer.status != (fine ? 200 : 0) ||
		    !strstr(answer.text.ptr ? answer.text.ptr : "", cases[i].text))
			fail_msg("%s: %s, sent %d, status %u: %.*s", cases[i].name,
				 http_failure_names[answer.failure], answer.sent, answer.status,
				 STR_FMT(answer.text));
		assert_int_equal(http_counts(http).attempts, fine ? 1 : 0);
		http_free(http);
		tls_server_stop(&server);
		assert_int_equal(server.requests, fine ? 1 : 0);
		buf_release(&url);
		identity_release(&identity);
	}
}

/* One handshake for many requests. */
static void connections_are_used_again(void **state)
{
	struct identity identity = identity_make("localhost", "IP:127.0.0.1", -DAY, DAY, &ca);
	struct http_settings settings;
	struct buf url = BUF_INIT;
	struct tls_server server;
	struct http *http;

	(void)state;
	tls_server_start(&server, &identity, TALK, TLS1_3_VERSION, answer_requests);
	settings = settings_for(&server, true, &url);
	http = open_client(&settings);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(call(http, &(struct http_request){.method = HTTP_PUT}).status,
				 200);
	assert_int_equal(http_counts(http).connections, 1);
	http_free(http);
	tls_server_stop(&server);
	buf_release(&url);
	identity_release(&identity);
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
