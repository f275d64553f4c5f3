/*
 * TLS: what is not as it must be is refused before anything is sent, each with its own reason. The
 * server is OpenSSL's in a thread, its certificates are made here.
 */
#include "http_client.h"

#include "base/os.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DAY = 86400 };

struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* Valid from `first` to `last` seconds from now. `issuer` NULL: a CA of its own. */
static struct identity make(const char *name, const char *subjects, long first, long last,
			    const struct identity *issuer)
{
	struct identity made = {X509_new(), EVP_EC_gen("P-256")};
	X509 *signer = issuer ? issuer->certificate : made.certificate;
	X509_NAME *subject = X509_get_subject_name(made.certificate);
	static long serial;

	X509_set_version(made.certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(made.certificate), first);
	X509_gmtime_adj(X509_getm_notAfter(made.certificate), last);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
				   -1, 0);
	X509_set_issuer_name(made.certificate, X509_get_subject_name(signer));
	X509_set_pubkey(made.certificate, made.key);
	if (issuer)
		extend(made.certificate, signer, NID_subject_alt_name, subjects);
	else
		extend(made.certificate, signer, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(made.certificate, issuer ? issuer->key : made.key, EVP_sha256()) >
		    0);
	return made;
}

static void identity_release(struct identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
}

/* --- the server ---------------------------------------------------------------------------- */

enum manner { TALK, SILENT, PLAIN, RUDE };

struct tls_server {
	SSL_CTX *context;
	enum manner manner;
	int fd;
	uint16_t port;
	unsigned requests; /* read when the thread has ended */
	pthread_t thread;
};

static void talk(struct tls_server *server, int fd)
{
	static const char answer[] = OK_BODY;
	SSL *ssl = SSL_new(server->context);
	char request[4096];

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		while (SSL_read(ssl, request, sizeof(request)) > 0) {
			server->requests++;
			SSL_write(ssl, answer, sizeof(answer) - 1);
		}
	}
	SSL_free(ssl);
}

static void *serve(void *context)
{
	struct tls_server *server = context;
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	char byte;
	int fd;

	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		switch (server->manner) {
		case TALK:
			talk(server, fd);
			break;
		case SILENT:
			while (recv(fd, &byte, 1, 0) > 0)
				;
			break;
		case PLAIN:
			send(fd, "HTTP/1.1 400 Bad\r\n\r\n", 20, MSG_NOSIGNAL);
			break;
		case RUDE:
			recv(fd, &byte, 1, 0);
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
			break;
		}
		close(fd);
	}
	return NULL;
}

static void start(struct tls_server *server, const struct identity *identity,
		  enum manner manner, int version)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*server = (struct tls_server){.manner = manner};
	server->context = SSL_CTX_new(TLS_server_method());
	/* Old versions are off by default, and need old ciphers. */
	SSL_CTX_set_min_proto_version(server->context, version);
	SSL_CTX_set_max_proto_version(server->context, version);
	SSL_CTX_set_cipher_list(server->context, "DEFAULT:@SECLEVEL=0");
	SSL_CTX_use_certificate(server->context, identity->certificate);
	SSL_CTX_use_PrivateKey(server->context, identity->key);
	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server->fd, (struct sockaddr *)&address, size) || listen(server->fd, 16) ||
	    getsockname(server->fd, (struct sockaddr *)&address, &size) ||
	    pthread_create(&server->thread, NULL, serve, server))
		abort();
	server->port = ntohs(address.sin_port);
}

/* The client has gone: its connections have ended. */
static void stop(struct tls_server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	SSL_CTX_free(server->context);
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

static char ca_path[] = "/tmp/zsctl-test-ca-XXXXXX";
static struct identity ca;

static int make_ca(void **state)
{
	int fd = mkstemp(ca_path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	(void)state;
	ca = make("A test's CA", NULL, -9 * DAY, 9 * DAY, NULL);
	return !file || PEM_write_X509(file, ca.certificate) != 1 || fclose(file);
}

static int remove_ca(void **state)
{
	(void)state;
	unlink(ca_path);
	identity_release(&ca);
	return 0;
}

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
		struct identity identity = make("localhost", cases[i].subjects, cases[i].first,
						cases[i].last, &ca);
		struct http_settings settings;
		struct buf url = BUF_INIT;
		struct http_answer answer;
		struct tls_server server;
		struct http *http;

		start(&server, &identity, cases[i].manner, cases[i].version);
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
		stop(&server);
		assert_int_equal(server.requests, fine ? 1 : 0);
		buf_release(&url);
		identity_release(&identity);
	}
}

/* One handshake for many requests. */
static void connections_are_used_again(void **state)
{
	struct identity identity = make("localhost", "IP:127.0.0.1", -DAY, DAY, &ca);
	struct http_settings settings;
	struct buf url = BUF_INIT;
	struct tls_server server;
	struct http *http;

	(void)state;
	start(&server, &identity, TALK, TLS1_3_VERSION);
	settings = settings_for(&server, true, &url);
	http = open_client(&settings);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(call(http, &(struct http_request){.method = HTTP_PUT}).status,
				 200);
	assert_int_equal(http_counts(http).connections, 1);
	http_free(http);
	stop(&server);
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
