/*
 * Directories over TLS: what is not as it must be is refused before credentials are sent, each with its own
 * reason.
 */
#include "directory.h"
#include "tls_server.h"

/* LDAP's answer to the first request, a bind: success (RFC 4511 §4.2.2). */
static void answer_bind(struct tls_server *server, SSL *ssl)
{
	static const char success[] =
		"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
	char request[4096];

	while (SSL_read(ssl, request, sizeof(request)) > 0) {
		if (server->requests++ == 0)
			SSL_write(ssl, success, sizeof(success) - 1);
	}
}

static const struct {
	enum directory_failure failure;
	const char *text; /* a part of it */
} expected[] = {
	[CASE_TLS_1_3] = {DIRECTORY_FINE, ""},
	[CASE_TLS_1_2] = {DIRECTORY_FINE, ""},
	[CASE_TLS_1_1] = {DIRECTORY_TLS, "TLS 1.2 or newer"},
	[CASE_UNKNOWN] = {DIRECTORY_CERTIFICATE, "that is not trusted here (CN=A test's CA)"},
	[CASE_EXPIRED] = {DIRECTORY_CERTIFICATE, "certificate has expired (on 2"},
	[CASE_TOMORROW] = {DIRECTORY_CERTIFICATE, "not valid yet (only from 2"},
	[CASE_OTHER_NAME] = {DIRECTORY_CERTIFICATE,
			     "not for 127.0.0.1 but for: dc1.example.org, dc2.example.org"},
	[CASE_OTHER_ADDRESS] = {DIRECTORY_CERTIFICATE,
				"not for 127.0.0.1 but for: 127.0.0.2, ::1"},
	[CASE_NOBODY] = {DIRECTORY_CERTIFICATE, "but for: no name at all"},
	[CASE_SILENT] = {DIRECTORY_TLS, "no TLS handshake within 300 ms"},
	[CASE_NO_TLS] = {DIRECTORY_TLS, "does not speak TLS"},
	[CASE_RUDE] = {DIRECTORY_TLS, "without a certificate does so"},
};
_Static_assert(sizeof(expected) / sizeof(*expected) == TLS_CASES,
	       "every case has its expectation");

static void only_verified_tls_is_used(void **state)
{
	struct secret password = SECRET_INIT;

	(void)state;
	secret_set(&password, STR("hunter2"));
	for (size_t i = 0; i < TLS_CASES; i++) {
		struct directory *directory;
		struct err err = ERR_INIT;
		struct tls_server server;
		struct buf text = BUF_INIT;
		struct str url;
		struct directory_settings settings;
		int failed;

		tls_server_start(&server, &tls_cases[i], answer_bind);
		buf_addf(&text, "ldaps://127.0.0.1:%u", server.port);
		url = buf_str(&text);
		settings = (struct directory_settings){
			.urls = &url,
			.url_count = 1,
			.ca_file = server.ca_file,
			.bind = DIRECTORY_SIMPLE,
			.user = STR("reader"),
			.password = &password,
			.connect_ms = server.connect_ms,
		};
		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		failed = directory_connect(directory, &err);
		if (directory_failure(directory) != expected[i].failure ||
		    failed != (expected[i].failure ? -1 : 0) ||
		    (failed && !strstr(err.text, expected[i].text)))
			fail_msg("%s: %s: %s", tls_cases[i].name,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		directory_free(directory);
		tls_server_stop(&server);
		/* The bind, and at the end the unbind; nothing at all to the others. */
		assert_int_equal(server.requests, expected[i].failure ? 0 : 2);
		buf_release(&text);
	}
	secret_release(&password);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_verified_tls_is_used)};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, make_ca, remove_ca);
}
