/* Failures: where it failed, and in words for people, with the cure. */
#include "http_internal.h"

#include "base/os.h"

#include <string.h>
#include <strings.h>

const char *const http_failure_names[14] = {
	[HTTP_FINE] = "fine",
	[HTTP_STOPPED] = "stopped",
	[HTTP_BREAKER] = "breaker",
	[HTTP_STALE] = "stale",
	[HTTP_RESOLVE] = "resolve",
	[HTTP_PROXY] = "proxy",
	[HTTP_CONNECT] = "connect",
	[HTTP_TLS] = "tls",
	[HTTP_CERTIFICATE] = "certificate",
	[HTTP_TIMEOUT] = "timeout",
	[HTTP_BROKEN] = "broken",
	[HTTP_TOO_LARGE] = "too large",
	[HTTP_SINK] = "sink",
	[HTTP_REDIRECT] = "redirect",
};

/* OpenSSL's X509_V_ERR_…, which CURLINFO_SSL_VERIFYRESULT hands through (verify(1)). */
enum { NOT_YET_VALID = 9, HAS_EXPIRED = 10 };

static long info_long(const struct http_transfer *transfer, CURLINFO which)
{
	long value = 0;

	return curl_easy_getinfo(transfer->easy, which, &value) ? 0 : value;
}

/* Whether it failed on the way to a proxy. libcurl tells only by naming who did not answer. */
static bool at_proxy(const struct http_transfer *transfer)
{
	const struct http *http = transfer->http;

	return http->proxy_variable && !strstr(transfer->curl_text, http->origin.host);
}

/* Nothing was sent and libcurl says no more than that time is over, or that something broke. */
static enum http_failure by_progress(const struct http_transfer *transfer)
{
	curl_off_t resolved = 0;

	if (curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved) ||
	    resolved == 0)
		return HTTP_RESOLVE;
	/* The time of connecting is known only after the handshake, its port at once. */
	if (info_long(transfer, CURLINFO_LOCAL_PORT) == 0)
		return at_proxy(transfer) ? HTTP_PROXY : HTTP_CONNECT;
	if (transfer->http->proxy_variable && !strstr(transfer->curl_text, "SSL"))
		return HTTP_PROXY;
	return transfer->http->origin.tls ? HTTP_TLS : HTTP_CONNECT;
}

enum http_failure http_failure_of(const struct http_transfer *transfer, CURLcode code)
{
	if (transfer->sink_failed)
		return HTTP_SINK;
	if (transfer->too_large)
		return HTTP_TOO_LARGE;
	/* libcurl says so of a header line above its own limit, too. */
	if (transfer->sendings > 0 && code == CURLE_OUT_OF_MEMORY)
		return HTTP_TOO_LARGE;
	if (transfer->sendings > 0)
		return code == CURLE_OPERATION_TIMEDOUT ? HTTP_TIMEOUT : HTTP_BROKEN;
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return HTTP_RESOLVE;
	if (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY)
		return HTTP_PROXY;
	if (code == CURLE_COULDNT_CONNECT)
		return at_proxy(transfer) ? HTTP_PROXY : HTTP_CONNECT;
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR ||
	    code == CURLE_SSL_CACERT_BADFILE)
		return HTTP_CERTIFICATE;
	if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CIPHER)
		return HTTP_TLS;
	return by_progress(transfer);
}

static void explain_resolve(const struct http_transfer *transfer, struct buf *out)
{
	const char *variable = transfer->http->proxy_variable;

	buf_addf(out,
		 "the name cannot be resolved (%s): check the URL, the network and this host's "
		 "name servers; ",
		 transfer->curl_text);
	if (variable)
		buf_addf(out, "it may also be the name of the proxy of $%s", variable);
	else
		buf_puts(out, "where only a proxy may go out, set https_proxy");
}

static void explain_connect(const struct http_transfer *transfer, CURLcode code,
			    struct buf *out)
{
	const struct http_origin *origin = &transfer->http->origin;

	if (code == CURLE_OPERATION_TIMEDOUT) {
		buf_addf(out,
			 "no answer from port %u within %u ms: a firewall drops it on the way. "
			 "Allow outgoing TCP to %s port %u, or set https_proxy where only a "
			 "proxy may go out",
			 origin->port, transfer->http->settings.connect_ms, origin->host,
			 origin->port);
		return;
	}
	buf_addf(
		out,
		"cannot connect to port %u (%s): nothing listens there, or a firewall refuses. "
		"Check the URL, and that this host may reach %s port %u",
		origin->port, transfer->curl_text, origin->host, origin->port);
}

static void explain_proxy(const struct http_transfer *transfer, struct buf *out)
{
	long status = info_long(transfer, CURLINFO_HTTP_CONNECTCODE);
	const char *variable = transfer->http->proxy_variable;

	buf_addf(out, "the proxy of $%s ", variable ? variable : "https_proxy");
	if (status == 407)
		buf_puts(out, "wants a user name and password (407): put them into its URL, "
			      "http://USER:PASSWORD@HOST:PORT");
	else if (status / 100 > 2)
		buf_addf(out,
			 "refuses to connect to port %u (%ld): it must be allowed there, or "
			 "the host be named in $no_proxy",
			 transfer->http->origin.port, status);
	else
		buf_addf(out,
			 "cannot be used (%s): correct the variable, or name the host in "
			 "$no_proxy",
			 transfer->curl_text);
}

static void explain_tls(const struct http_transfer *transfer, CURLcode code, struct buf *out)
{
	const char *text = transfer->curl_text;

	if (code == CURLE_OPERATION_TIMEDOUT) {
		buf_addf(out,
			 "connected, but no TLS handshake within %u ms: something between here "
			 "and there holds it, or port %u does not speak TLS",
			 transfer->http->settings.connect_ms, transfer->http->origin.port);
		return;
	}
	buf_addf(out, "the TLS handshake failed (%s): ", text);
	if (strstr(text, "wrong version number") || strstr(text, "packet length too long"))
		buf_addf(out, "port %u does not speak TLS, check the URL",
			 transfer->http->origin.port);
	else if (strstr(text, "unsupported protocol") || strstr(text, "protocol version"))
		buf_puts(out, "the other side offers no TLS 1.2 or newer, it must be updated; "
			      "where an inspecting proxy or firewall is in between, that one");
	else
		buf_addf(out,
			 "port %u must speak TLS 1.2 or newer, with a common cipher: check the "
			 "URL; an inspecting proxy or firewall in between may cut it off",
			 transfer->http->origin.port);
}

static void explain_certificate(const struct http_transfer *transfer, CURLcode code,
				struct buf *out)
{
	const char *text = transfer->curl_text;
	long why = info_long(transfer, CURLINFO_SSL_VERIFYRESULT);
	char now[TIME_TEXT_SIZE];

	time_text(os_now(), now);
	if (code == CURLE_SSL_CACERT_BADFILE)
		buf_addf(out,
			 "the trusted certificates cannot be read (%s): check ca_file, and "
			 "install ca-certificates",
			 text);
	else if (why == HAS_EXPIRED || strstr(text, "has expired"))
		buf_addf(out,
			 "its certificate has expired: its owner must renew it, unless the "
			 "clock here is wrong (it says %s)",
			 now);
	else if (why == NOT_YET_VALID || strstr(text, "not yet valid"))
		buf_addf(out,
			 "its certificate is not valid yet: set the clock here (it says %s)",
			 now);
	else if (strstr(text, "subject name"))
		buf_addf(out,
			 "its certificate is not for that name (%s): check the URL, do not go "
			 "on when it is right",
			 text);
	else
		buf_addf(out,
			 "its certificate is of an authority unknown here (%s): where an "
			 "inspecting proxy or a CA of your own is expected, put that CA's "
			 "certificate into ca_file; else install ca-certificates, and do not "
			 "go on when that does not help",
			 text);
}

static void explain_status(const struct http_transfer *transfer, const struct http_job *job,
			   struct buf *out)
{
	if (job->failure == HTTP_REDIRECT) {
		/* A query may hold what is personal. */
		struct str place = str_of(transfer->head.location), shown = STR_NONE;

		str_split(&place, '?', &shown);
		buf_addf(
			out,
			"the answer is a redirect (%u) to \"%.*s\", which is not followed: the "
			"credentials would go there too. Correct the URL",
			job->status, STR_FMT(shown));
	} else if (job->status == 429) {
		buf_addf(out,
			 "too many requests (429) still after %u attempts: something else uses "
			 "the same key all the time, or the configured rate is too high: stop "
			 "the one, or lower the other",
			 job->refused);
	} else {
		buf_addf(out,
			 "the service answered %u: it is in trouble, or being worked at. Try "
			 "again later",
			 job->status);
		if (job->request_id[0])
			buf_addf(out, ", and name request id %s to its support",
				 job->request_id);
	}
}

static void explain_after_sending(const struct http_transfer *transfer, struct http_job *job,
				  struct buf *out)
{
	const char *text = transfer->curl_text;

	if (job->failure == HTTP_TIMEOUT)
		buf_puts(out, "no complete answer in time");
	else if (job->failure == HTTP_TOO_LARGE && transfer->received == 0)
		buf_puts(out, "the head of its answer is too large");
	else if (job->failure == HTTP_TOO_LARGE)
		buf_addf(out, "its answer is larger than %zu bytes", job->body_limit);
	else if (transfer->received > 0)
		buf_puts(out, "its answer breaks off");
	else if (job->status > 0)
		buf_puts(out, "its answer breaks off before its body");
	else
		buf_puts(out, "the connection was lost before an answer came");
	if (job->failure == HTTP_TOO_LARGE) {
		buf_puts(out, ": this is not what the service answers, check the URL");
		return;
	}
	if (text[0])
		buf_addf(out, " (%s)", text);
	buf_puts(out, ": try again, and when it goes on, look at what is in between");
}

void http_explain(const struct http_transfer *transfer, CURLcode code, struct http_job *job)
{
	struct buf *out = &job->text;

	buf_clear(out);
	if (job->failure == HTTP_SINK) {
		buf_puts(out, transfer->sink_err.text);
		return;
	}
	if (job->failure == HTTP_FINE && job->status < 500 && job->status != 429)
		return;
	buf_addf(out, "%s: ", transfer->http->origin.host);
	switch (job->failure) {
	case HTTP_RESOLVE:
		explain_resolve(transfer, out);
		break;
	case HTTP_PROXY:
		explain_proxy(transfer, out);
		break;
	case HTTP_CONNECT:
		explain_connect(transfer, code, out);
		break;
	case HTTP_TLS:
		explain_tls(transfer, code, out);
		break;
	case HTTP_CERTIFICATE:
		explain_certificate(transfer, code, out);
		break;
	case HTTP_TIMEOUT:
	case HTTP_BROKEN:
	case HTTP_TOO_LARGE:
		explain_after_sending(transfer, job, out);
		break;
	case HTTP_FINE:
	case HTTP_REDIRECT:
		explain_status(transfer, job, out);
		break;
	case HTTP_STOPPED:
	case HTTP_BREAKER:
	case HTTP_STALE:
	case HTTP_SINK:
		break;
	}
}
