/* TLS: the handshake, and what is wrong with a certificate. */
#include "directory_internal.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <string.h>

/* All else as GnuTLS, and the host's policy for it, have it. */
#define VERSIONS "-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

int directory_trust(struct directory *directory, struct err *err)
{
	int count;

	if (gnutls_certificate_allocate_credentials(&directory->trusted) < 0)
		err_out_of_memory();
	count = gnutls_certificate_set_x509_trust_file(directory->trusted, directory->ca_file,
						       GNUTLS_X509_FMT_PEM);
	if (count > 0)
		return 0;
	if (count == 0 || count == GNUTLS_E_BASE64_DECODING_ERROR ||
	    count == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return err_set(err, ERR_FAILED, "there is no certificate (PEM) in %s",
			       directory->ca_file);
	return err_set(err, ERR_FAILED, "the trusted certificates in %s cannot be read (%s)",
		       directory->ca_file, gnutls_strerror(count));
}

/* --- what is wrong ----------------------------------------------------------------------------- */

/* "dc1.corp.example.org, 10.1.2.3": what the server's certificate is for. */
static void add_names(gnutls_x509_crt_t certificate, struct buf *out)
{
	char name[256], text[INET6_ADDRSTRLEN];
	size_t before = out->len;

	for (unsigned i = 0; i < 20; i++) {
		size_t size = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size,
								NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_IPADDRESS)
			continue;
		if (type == GNUTLS_SAN_IPADDRESS) {
			if ((size != 4 && size != 16) ||
			    !inet_ntop(size == 4 ? AF_INET : AF_INET6, name, text,
				       sizeof(text)))
				continue;
			buf_addf(out, "%s%s", out->len > before ? ", " : "", text);
		} else {
			buf_addf(out, "%s%.*s", out->len > before ? ", " : "", (int)size, name);
		}
	}
}

/* The server's own certificate; false when it cannot be read. */
static bool get_certificate(const struct directory *directory, gnutls_x509_crt_t *certificate)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(directory->stream.tls,
								   &count);

	if (!chain || count == 0 || gnutls_x509_crt_init(certificate) < 0)
		return false;
	if (gnutls_x509_crt_import(*certificate, &chain[0], GNUTLS_X509_FMT_DER) == 0)
		return true;
	gnutls_x509_crt_deinit(*certificate);
	return false;
}

static void explain_owner(const struct directory *directory, const char *host, struct buf *out)
{
	gnutls_x509_crt_t certificate;
	size_t before;

	buf_addf(out, "its certificate is not for %s", host);
	if (!get_certificate(directory, &certificate))
		return;
	buf_puts(out, " but for: ");
	before = out->len;
	add_names(certificate, out);
	if (out->len == before)
		buf_puts(out, "no name at all");
	gnutls_x509_crt_deinit(certificate);
	buf_puts(out,
		 ". Write one of its names in the url, or have a certificate made for this "
		 "one");
}

static void explain_time(const struct directory *directory, bool expired, struct buf *out)
{
	gnutls_x509_crt_t certificate;
	char when[TIME_TEXT_SIZE], now[TIME_TEXT_SIZE];

	time_text(os_now(), now);
	buf_addf(out, "its certificate %s", expired ? "has expired" : "is not valid yet");
	if (get_certificate(directory, &certificate)) {
		time_t end = gnutls_x509_crt_get_expiration_time(certificate);
		time_t begin = gnutls_x509_crt_get_activation_time(certificate);

		gnutls_x509_crt_deinit(certificate);
		if (expired ? end < os_now() : begin > os_now()) {
			time_text(expired ? end : begin, when);
			buf_addf(out, " (%s %s)", expired ? "on" : "only from", when);
		} else {
			buf_puts(out, " (that of one of its authorities)");
		}
	}
	buf_addf(out, ": it must be renewed, unless the clock here is wrong (it says %s)", now);
}

static void explain_issuer(const struct directory *directory, struct buf *out)
{
	gnutls_x509_crt_t certificate;
	char issuer[512];
	size_t size = sizeof(issuer);

	buf_puts(out, "its certificate is of an authority that is not trusted here");
	if (get_certificate(directory, &certificate)) {
		if (gnutls_x509_crt_get_issuer_dn(certificate, issuer, &size) == 0)
			buf_addf(out, " (%.*s)", (int)size, issuer);
		gnutls_x509_crt_deinit(certificate);
	}
	buf_addf(out,
		 ". Name a file with that authority's certificate as `ca_file`; now %s counts. "
		 "Do not go on when you do not know it",
		 directory->ca_file);
}

static int explain_certificate(struct directory *directory, struct err *err)
{
	unsigned wrong = gnutls_session_get_verify_cert_status(directory->stream.tls);
	const char *host = directory->places[directory->place].host;
	struct buf out = BUF_INIT;

	if (wrong & GNUTLS_CERT_SIGNER_NOT_FOUND)
		explain_issuer(directory, &out);
	else if (wrong & GNUTLS_CERT_EXPIRED)
		explain_time(directory, true, &out);
	else if (wrong & GNUTLS_CERT_NOT_ACTIVATED)
		explain_time(directory, false, &out);
	else if (wrong & GNUTLS_CERT_UNEXPECTED_OWNER)
		explain_owner(directory, host, &out);
	else if (wrong & GNUTLS_CERT_INSECURE_ALGORITHM)
		buf_puts(&out,
			 "its certificate, or that of its authority, has a key or signature "
			 "that is too weak (SHA-1, or RSA below 2048 bits): a new one is "
			 "needed");
	else if (wrong & GNUTLS_CERT_SIGNER_NOT_CA)
		buf_puts(&out,
			 "its certificate was issued by one that is none of an authority: "
			 "`ca_file` must hold the certificate of the authority itself");
	else if (wrong & GNUTLS_CERT_PURPOSE_MISMATCH)
		buf_puts(&out,
			 "its certificate is not for servers: it needs one with the purpose "
			 "\"server authentication\"");
	else if (wrong & GNUTLS_CERT_REVOKED)
		buf_puts(&out, "its certificate was revoked: do not go on, ask its owner");
	else
		buf_addf(&out, "its certificate is not valid (GnuTLS: 0x%x)", wrong);
	directory_fail(directory, DIRECTORY_CERTIFICATE, err, "%s", out.ptr);
	buf_release(&out);
	return -1;
}

static int explain_handshake(struct directory *directory, int code, struct err *err)
{
	const struct directory_place *place = &directory->places[directory->place];

	if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		return explain_certificate(directory, err);
	if (code == GNUTLS_E_UNEXPECTED_PACKET_LENGTH || code == GNUTLS_E_UNEXPECTED_PACKET ||
	    code == GNUTLS_E_UNSUPPORTED_VERSION_PACKET)
		return directory_fail(
			directory, DIRECTORY_TLS, err,
			"the TLS handshake failed (%s): port %u does not speak TLS, or "
			"nothing newer than TLS 1.1; check the url",
			gnutls_strerror(code), place->port);
	if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return directory_fail(
			directory, DIRECTORY_TLS, err,
			"the server refuses the TLS handshake (%s): it needs TLS 1.2 or newer, a "
			"cipher in common, and a certificate of its own",
			gnutls_alert_get_name(gnutls_alert_get(directory->stream.tls)));
	if (code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_PULL_ERROR ||
	    code == GNUTLS_E_PUSH_ERROR)
		return directory_fail(
			directory, DIRECTORY_TLS, err,
			"the server ends the connection in the TLS handshake: a domain controller "
			"without a certificate does so, or port %u does not speak TLS",
			place->port);
	return directory_fail(directory, DIRECTORY_TLS, err, "the TLS handshake failed (%s)",
			      gnutls_strerror(code));
}

/* --- the handshake ------------------------------------------------------------------------------ */

static bool is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static void prepare(struct directory *directory)
{
	const char *host = directory->places[directory->place].host;
	struct directory_stream *stream = &directory->stream;

	if (gnutls_init(&stream->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
	    gnutls_set_default_priority_append(stream->tls, VERSIONS, NULL, 0) < 0 ||
	    gnutls_credentials_set(stream->tls, GNUTLS_CRD_CERTIFICATE, directory->trusted) < 0)
		err_out_of_memory();
	/* RFC 6066 §3: addresses are not sent. */
	if (!is_address(host))
		gnutls_server_name_set(stream->tls, GNUTLS_NAME_DNS, host, strlen(host));
	gnutls_session_set_verify_cert(stream->tls, host, 0);
	gnutls_transport_set_int(stream->tls, stream->fd);
	gnutls_transport_set_ptr2(stream->tls, stream,
				  (gnutls_transport_ptr_t)(intptr_t)stream->fd);
	gnutls_transport_set_pull_function(stream->tls, directory_stream_pull);
	gnutls_handshake_set_timeout(stream->tls, GNUTLS_INDEFINITE_TIMEOUT); /* ours counts */
}

int directory_start_tls(struct directory *directory, struct err *err)
{
	uint64_t until = os_monotonic_ms() + directory->connect_ms;
	struct directory_stream *stream = &directory->stream;
	int code;

	/* What came with StartTLS's answer was said in the clear, by anybody. */
	if (!directory_stream_is_empty(directory))
		return directory_fail(directory, DIRECTORY_TLS, err,
				      "the server goes on in the clear after StartTLS");
	prepare(directory);
	while ((code = gnutls_handshake(stream->tls)) < 0) {
		bool wants = gnutls_record_get_direction(stream->tls);

		if (code == GNUTLS_E_INTERRUPTED)
			continue;
		if (gnutls_error_is_fatal(code))
			return explain_handshake(directory, code, err);
		/* A warning by alert: there may be more where poll() does not see it. */
		if (code != GNUTLS_E_AGAIN && os_monotonic_ms() < until)
			continue;
		if (directory_poll(directory, stream->fd, wants ? POLLOUT : POLLIN, until,
				   &stream->stopped))
			continue;
		if (stream->stopped)
			return directory_fail(directory, DIRECTORY_STOPPED, err, "interrupted");
		return directory_fail(
			directory, DIRECTORY_TLS, err,
			"connected, but no TLS handshake within %u ms: something "
			"between here and there holds it, or port %u does not speak "
			"TLS",
			directory->connect_ms, directory->places[directory->place].port);
	}
	return 0;
}

void directory_tls_binding(const struct directory *directory, struct buf *out)
{
	gnutls_datum_t hash = {0};

	if (!directory->stream.tls ||
	    gnutls_session_channel_binding(directory->stream.tls,
					   GNUTLS_CB_TLS_SERVER_END_POINT, &hash) < 0)
		return;
	buf_puts(out, "tls-server-end-point:");
	buf_add(out, (struct str){(const char *)hash.data, hash.size});
	gnutls_free(hash.data);
}
