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
	const char *name;
	const char *subjects; /* of the certificate */
	long first, last;     /* its time */
	bool trusted;         /* its CA is in ca_file */
	enum manner manner;
	int version;
	/* expected */
	enum directory_failure failure;
	const char *text;
} cases[] = {
	{"TLS 1.3", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_3_VERSION, DIRECTORY_FINE, ""},
	{"TLS 1.2", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_2_VERSION, DIRECTORY_FINE, ""},
	{"TLS 1.1", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_1_VERSION, DIRECTORY_TLS,
	 "TLS 1.2 or newer"},
	{"unknown", "IP:127.0.0.1", -DAY, DAY, false, TALK, TLS1_3_VERSION,
	 DIRECTORY_CERTIFICATE, "that is not trusted here (CN=A test's CA)"},
	{"expired", "IP:127.0.0.1", -9 * DAY, -DAY, true, TALK, TLS1_3_VERSION,
	 DIRECTORY_CERTIFICATE, "certificate has expired (on 2"},
	{"of tomorrow", "IP:127.0.0.1", DAY, 9 * DAY, true, TALK, TLS1_3_VERSION,
	 DIRECTORY_CERTIFICATE, "not valid yet (only from 2"},
	{"of another name", "DNS:dc1.example.org,DNS:dc2.example.org", -DAY, DAY, true, TALK,
	 TLS1_3_VERSION, DIRECTORY_CERTIFICATE,
	 "not for 127.0.0.1 but for: dc1.example.org, dc2.example.org"},
	{"of another address", "IP:127.0.0.2,IP:::1", -DAY, DAY, true, TALK, TLS1_3_VERSION,
	 DIRECTORY_CERTIFICATE, "not for 127.0.0.1 but for: 127.0.0.2, ::1"},
	{"of nobody", "email:a@example.org", -DAY, DAY, true, TALK, TLS1_3_VERSION,
	 DIRECTORY_CERTIFICATE, "but for: no name at all"},
	{"silent", "IP:127.0.0.1", -DAY, DAY, true, SILENT, TLS1_3_VERSION, DIRECTORY_TLS,
	 "no TLS handshake within 300 ms"},
	{"no TLS", "IP:127.0.0.1", -DAY, DAY, true, PLAIN, TLS1_3_VERSION, DIRECTORY_TLS,
	 "does not speak TLS"},
	{"rude", "IP:127.0.0.1", -DAY, DAY, true, RUDE, TLS1_3_VERSION, DIRECTORY_TLS,
	 "without a certificate does so"},
};

static void only_verified_tls_is_used(void **state)
{
	struct secret password = SECRET_INIT;

	(void)state;
	secret_set(&password, STR("hunter2"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct identity identity = identity_make("localhost", cases[i].subjects,
							 cases[i].first, cases[i].last, &ca);
		struct directory *directory;
		struct err err = ERR_INIT;
		struct tls_server server;
		struct buf text = BUF_INIT;
		struct str url;
		struct directory_settings settings;
		int failed;

		tls_server_start(&server, &identity, cases[i].manner, cases[i].version,
				 answer_bind);
		buf_addf(&text, "ldaps://127.0.0.1:%u", server.port);
		url = buf_str(&text);
		settings = (struct directory_settings){
			.urls = &url,
			.url_count = 1,
			.ca_file = cases[i].trusted ? ca_path : NULL,
			.bind = DIRECTORY_SIMPLE,
			.user = STR("reader"),
			.password = &password,
			.connect_ms = cases[i].manner == SILENT ? 300 : 10000,
		};
		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		failed = directory_connect(directory, &err);
		if (directory_failure(directory) != cases[i].failure ||
		    failed != (cases[i].failure ? -1 : 0) ||
		    (failed && !strstr(err.text, cases[i].text)))
			fail_msg("%s: %s: %s", cases[i].name,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		directory_free(directory);
		tls_server_stop(&server);
		/* The bind, and at the end the unbind; nothing at all to the others. */
		assert_int_equal(server.requests, cases[i].failure ? 0 : 2);
		buf_release(&text);
		identity_release(&identity);
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
