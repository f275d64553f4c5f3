/*
 * A server that speaks TLS in every way, right and wrong, for the tests of clients: OpenSSL's in a thread,
 * with certificates that are made here.
 */
#ifndef ZSCTL_TEST_TLS_SERVER_H
#define ZSCTL_TEST_TLS_SERVER_H

#include "base/os.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY = 86400 };

struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

static void identity_extend(X509 *certificate, X509 *issuer, int nid, const char *value)
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
static struct identity identity_make(const char *name, const char *subjects, long first,
				     long last, const struct identity *issuer)
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
		identity_extend(made.certificate, signer, NID_subject_alt_name, subjects);
	else
		identity_extend(made.certificate, signer, NID_basic_constraints,
				"critical,CA:TRUE");
	assert_true(X509_sign(made.certificate, issuer ? issuer->key : made.key, EVP_sha256()) >
		    0);
	return made;
}

static void identity_release(struct identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
}

/* A CA of the test's own, in a file; for the setup and teardown of a group of tests. */
static char ca_path[] = "/tmp/zsctl-test-ca-XXXXXX";
static struct identity ca;

static int make_ca(void **state)
{
	int fd = mkstemp(ca_path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	(void)state;
	ca = identity_make("A test's CA", NULL, -9 * DAY, 9 * DAY, NULL);
	return !file || PEM_write_X509(file, ca.certificate) != 1 || fclose(file);
}

static int remove_ca(void **state)
{
	(void)state;
	unlink(ca_path);
	identity_release(&ca);
	return 0;
}

/* --- cases ---------------------------------------------------------------------------------- */

enum manner { TALK, SILENT, PLAIN, RUDE };

/* A server as a client may meet it. */
struct tls_case {
	const char *name;
	const char *subjects; /* of the certificate */
	long first, last;     /* its time */
	bool trusted;         /* its CA is in the client's ca_file */
	enum manner manner;
	int version;
};

/* Every client's test says what it expects of each. */
enum {
	CASE_TLS_1_3,
	CASE_TLS_1_2,
	CASE_TLS_1_1,
	CASE_UNKNOWN,
	CASE_EXPIRED,
	CASE_TOMORROW,
	CASE_OTHER_NAME,
	CASE_OTHER_ADDRESS,
	CASE_NOBODY,
	CASE_SILENT,
	CASE_NO_TLS,
	CASE_RUDE,
	TLS_CASES
};

static const struct tls_case tls_cases[TLS_CASES] = {
	[CASE_TLS_1_3] = {"TLS 1.3", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_3_VERSION},
	[CASE_TLS_1_2] = {"TLS 1.2", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_2_VERSION},
	[CASE_TLS_1_1] = {"TLS 1.1", "IP:127.0.0.1", -DAY, DAY, true, TALK, TLS1_1_VERSION},
	[CASE_UNKNOWN] = {"unknown", "IP:127.0.0.1", -DAY, DAY, false, TALK, TLS1_3_VERSION},
	[CASE_EXPIRED] = {"expired", "IP:127.0.0.1", -9 * DAY, -DAY, true, TALK,
			  TLS1_3_VERSION},
	[CASE_TOMORROW] = {"of tomorrow", "IP:127.0.0.1", DAY, 9 * DAY, true, TALK,
			   TLS1_3_VERSION},
	[CASE_OTHER_NAME] = {"of another name", "DNS:dc1.example.org,DNS:dc2.example.org", -DAY,
			     DAY, true, TALK, TLS1_3_VERSION},
	[CASE_OTHER_ADDRESS] = {"of another address", "IP:127.0.0.2,IP:::1", -DAY, DAY, true,
				TALK, TLS1_3_VERSION},
	[CASE_NOBODY] = {"of nobody", "email:a@example.org", -DAY, DAY, true, TALK,
			 TLS1_3_VERSION},
	[CASE_SILENT] = {"silent", "IP:127.0.0.1", -DAY, DAY, true, SILENT, TLS1_3_VERSION},
	[CASE_NO_TLS] = {"no TLS", "IP:127.0.0.1", -DAY, DAY, true, PLAIN, TLS1_3_VERSION},
	[CASE_RUDE] = {"rude", "IP:127.0.0.1", -DAY, DAY, true, RUDE, TLS1_3_VERSION},
};

/* --- the server ---------------------------------------------------------------------------- */

struct tls_server {
	SSL_CTX *context;
	/* After the handshake, until the client goes. */
	void (*talk)(struct tls_server *server, SSL *ssl);
	enum manner manner;
	int fd;
	uint16_t port;
	/* For the client's settings. */
	const char *ca_file;
	unsigned connect_ms;
	unsigned requests; /* read when the thread has ended */
	pthread_t thread;
};

static void tls_talk(struct tls_server *server, int fd)
{
	SSL *ssl = SSL_new(server->context);

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1)
		server->talk(server, ssl);
	SSL_free(ssl);
}

static void *tls_serve(void *context)
{
	struct tls_server *server = context;
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	char byte;
	int fd;

	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		switch (server->manner) {
		case TALK:
			tls_talk(server, fd);
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

static void tls_server_start(struct tls_server *server, const struct tls_case *with,
			     void (*talk)(struct tls_server *server, SSL *ssl))
{
	struct identity identity = identity_make("localhost", with->subjects, with->first,
						 with->last, &ca);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*server = (struct tls_server){.talk = talk,
				      .manner = with->manner,
				      .ca_file = with->trusted ? ca_path : NULL,
				      .connect_ms = with->manner == SILENT ? 300 : 10000};
	server->context = SSL_CTX_new(TLS_server_method());
	/* Old versions are off by default, and need old ciphers. */
	SSL_CTX_set_min_proto_version(server->context, with->version);
	SSL_CTX_set_max_proto_version(server->context, with->version);
	SSL_CTX_set_cipher_list(server->context, "DEFAULT:@SECLEVEL=0");
	SSL_CTX_use_certificate(server->context, identity.certificate);
	SSL_CTX_use_PrivateKey(server->context, identity.key);
	identity_release(&identity);
	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server->fd, (struct sockaddr *)&address, size) || listen(server->fd, 16) ||
	    getsockname(server->fd, (struct sockaddr *)&address, &size) ||
	    pthread_create(&server->thread, NULL, tls_serve, server))
		abort();
	server->port = ntohs(address.sin_port);
}

/* The client has gone: its connections have ended. */
static void tls_server_stop(struct tls_server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	SSL_CTX_free(server->context);
}

#endif
