/*
 * The only user of libcurl: an HTTP/1.1 client of one origin that has many requests under way
 * without threads, keeps a service's rate limit, and says truthfully what became of each request.
 *
 *     struct http *http;
 *     http_open(&http, &settings, err);            no connection yet
 *     http_authorize(http, &key, err);
 *     while (work is left) {
 *         while (http_under_way(http) < parallel && something is ready)
 *             http_submit(http, &request, err);    copies, does not wait
 *         http_wait(http, timeout_ms, &answers, err);
 *         for each answer: look at `sent` first, then at `status`
 *     }
 *     http_free(http);
 *
 * Kept for every request:
 * - https with TLS 1.2 or newer, verified always; http only to 127.0.0.0/8, ::1 and localhost.
 * - A proxy comes from the environment by libcurl's rules (https_proxy, all_proxy, no_proxy and
 *   their upper-case forms), never for loopback.
 * - Redirects are not followed: the answer is an error that names where it pointed.
 * - At most `parallel` connections, kept alive and used again.
 * - It is sent a second time only when that is safe: it was provably never sent, or `replay` says
 *   so, or the service refused it unlooked-at (429). libcurl's own resending on a connection that
 *   died is forbidden for all others.
 * - Authorization, bodies and paths are wiped from this process's memory, libcurl's copies
 *   included, when they are no longer needed. With --log-level debug each attempt is one line:
 *   method, path without its query, status, milliseconds, request id; never more.
 *
 * Order: requests go out in the order of http_submit(), up to `parallel` at a time, so two of them
 * that must not overtake one another are not submitted together. One that is refused with 429
 * goes back to its place; one that waits to be tried again lets the others pass.
 *
 * Not thread-safe; several clients may live in one process. SIGPIPE must be ignored (base_init).
 */
#ifndef ZSCTL_HTTP_H
#define ZSCTL_HTTP_H

#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- the client --------------------------------------------------------------------------- */

struct http;

enum {
	HTTP_PARALLEL_MOST = 64,
	HTTP_BODY_LIMIT = 4 << 20,   /* default of http_request.body_limit */
	HTTP_ERROR_LIMIT = 64 << 10, /* of an answer outside 2xx; what is more is dropped */
	HTTP_HEADERS_LIMIT = 64 << 10,
};

/* Zero means the default in every member, so `{.base_url = …}` is a client. */
struct http_settings {
	/* "https://app.zivver.com/api": scheme, host, optional port and path. No user, no query,
	 * no fragment. A '/' at its end is dropped. */
	struct str base_url;
	/* PEM file of certificates that are trusted in addition to the system's; NULL: none. */
	const char *ca_file;
	unsigned parallel; /* 1..HTTP_PARALLEL_MOST; 4 */
	/* The service's limit, all attempts counted: `rate_requests` per `rate_period_ms`; see
	 * rate.h. 0: none, until the service tells one. */
	unsigned rate_requests;
	unsigned rate_period_ms;
	/* Time-outs. Waiting for the rate limit and between attempts does not count. */
	unsigned connect_ms; /* name, connection, proxy and TLS handshake; 15 s */
	unsigned stalled_s;  /* less than a byte a second for so long; 60 s */
	unsigned whole_ms;   /* one attempt; 10 min */
	/* Sendings again of what is safe to send again; 429 is not counted. */
	unsigned attempts;         /* 6 in all */
	unsigned backoff_ms;       /* before the second attempt, doubled for each next; half of
				    * it is jitter; 500 */
	unsigned backoff_most_ms;  /* 30 s */
	unsigned refused_attempts; /* 429 for one request before it is given up; 200 */
	/* The circuit breaker: once `breaker_failures` of the last `breaker_window` (at most 64)
	 * requests that ended did so without a usable answer (no complete answer, or 5xx, after
	 * all attempts), nothing is sent any more. 10 of 20; window 1: no breaker. */
	unsigned breaker_failures, breaker_window;
	/* Jitter comes from this seed (tests); 0: from the system. */
	uint64_t seed;
};

/*
 * Errors (ERR_FAILED): a URL that is none, or http to another host; a ca_file that cannot be read
 * or holds no certificate. The settings are copied.
 *
 * ca_file: given to libcurl as CURLOPT_CAINFO_BLOB, which takes the place of the system's bundle
 * file but not of its certificate directory: with the OpenSSL flavour both are searched. Where
 * libcurl knows no such directory (not Debian), the bundle's bytes are put into the blob too.
 */
int http_open(struct http **http, const struct http_settings *settings, struct err *err);
/* Ends what is under way without telling; NULL is fine. */
void http_free(struct http *http);

/*
 * From now on every request carries "Authorization: Bearer <token>" (copied; an empty or absent
 * one: no such header). Attempts made later carry the newest one. Refused (ERR_FAILED, the reason
 * without the token, the old one stays): white space at either end, white space or control
 * characters within, bytes that are no ASCII.
 */
int http_authorize(struct http *http, const struct secret *token, struct err *err);

/* "https://app.zivver.com/api", valid as long as the client. */
struct str http_base_url(const struct http *http);

/* --- requests ----------------------------------------------------------------------------- */

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };
extern const char *const http_method_names[5]; /* "GET" … */

/*
 * A body that is too large to be collected. Only bodies of 2xx answers come here; others are
 * collected. `begin` is called before the first bytes of every attempt: what came earlier is void
 * (only with `replay` can it be called twice). A callback that returns -1 with *err set ends the
 * request with HTTP_SINK and that text. Complete is the body only when the answer says
 * HTTP_ANSWERED without a failure. The callbacks must not call this client.
 */
struct http_sink {
	int (*begin)(void *context, struct err *err); /* may be NULL */
	int (*bytes)(void *context, struct str bytes, struct err *err);
	void *context;
};

struct http_header {
	struct str name, value;
};

struct http_request {
	uint64_t number; /* the caller's; comes back with the answer */
	enum http_method method;
	/* Begins with '/' (or is empty), goes behind the base URL, may have a query. Built with
	 * http_add_encoded(); characters that must not be in a URL, and segments "." and "..",
	 * are refused. */
	struct str path;
	struct str accept;       /* "application/json"; empty: no such header */
	struct str content_type; /* of the body */
	struct str body;         /* none: ptr NULL. Copied, wiped after */
	size_t body_limit; /* of a 2xx answer's body, streamed or not; 0: HTTP_BODY_LIMIT */
	const struct http_sink *sink; /* NULL: collect. Valid until the answer */
	const struct http_header *headers;
	size_t header_count; /* further ones, at most 8 */
	bool replay; /* doing it twice is the same as doing it once, as far as you care */
	/* How long what it says stays true: once that is over, it is not sent, or sent again
	 * (HTTP_STALE). 0: always. */
	unsigned fresh_ms;
};

/* Appends `text` with every byte but letters, digits and "-._~" as %XX: for a segment of a path
 * and for a value in a query. */
void http_add_encoded(struct buf *path, struct str text);

/* Takes one request; everything but `sink` is copied. -1 (ERR_FAILED): nothing was taken; the path
 * or a header is not fit to be sent. */
int http_submit(struct http *http, const struct http_request *request, struct err *err);

/* Submitted and not yet handed out by http_wait(). */
size_t http_under_way(const struct http *http);

/* --- answers ------------------------------------------------------------------------------ */

/* Of all attempts together. */
enum http_sent {
	/* Nothing of it left this process, or the service refused it unlooked-at (429). */
	HTTP_NOT_SENT,
	/* A complete answer below 500: `status` tells. Redirects are among them. */
	HTTP_ANSWERED,
	/* Sent, at least in part, and then no complete answer, or one of 500 and above: it may
	 * or may not have happened. */
	HTTP_UNKNOWN,
};

/* Where the last attempt failed, in the order in which one gets there: all steps before were
 * fine. With an earlier attempt even HTTP_STOPPED may be HTTP_UNKNOWN. */
enum http_failure {
	HTTP_FINE,        /* a complete answer, whatever its status */
	HTTP_STOPPED,     /* http_drop() */
	HTTP_BREAKER,     /* the circuit breaker, before it was sent */
	HTTP_STALE,       /* fresh_ms was over before it was sent */
	HTTP_RESOLVE,     /* the host's name */
	HTTP_PROXY,       /* the proxy's name, connection or answer */
	HTTP_CONNECT,     /* refused, no route, or no answer in time (blocked) */
	HTTP_TLS,         /* the handshake: version, cipher, not TLS at all */
	HTTP_CERTIFICATE, /* expired, not yet valid, of another host, of an unknown authority */
	HTTP_TIMEOUT,     /* after sending */
	HTTP_BROKEN,      /* reset, truncated, or no HTTP */
	HTTP_TOO_LARGE,   /* body_limit or HTTP_HEADERS_LIMIT */
	HTTP_SINK,        /* the sink refused */
	HTTP_REDIRECT,    /* a complete answer of 3xx */
};
extern const char *const http_failure_names[14]; /* "fine", "stopped" … for tests and logs */

struct http_answer {
	uint64_t number;
	enum http_sent sent;
	enum http_failure failure;
	unsigned status;         /* of the last attempt; 0: none came */
	struct str body;         /* collected; what came of it when it is not complete */
	struct str content_type; /* as sent: "application/json; charset=utf-8"; may be empty */
	struct str request_id;   /* x-request-id or its like; may be empty; at most 128 bytes */
	unsigned attempts;       /* made, 429 included */
	uint64_t milliseconds;   /* the last attempt, from its start to its end */
	/* Not HTTP_FINE: what went wrong, where, and the cure, for people. HTTP_FINE with 429 or
	 * 5xx: "the service answered 503 …". Else empty. Never a body, never the token. */
	struct str text;
};

/* `items` belongs to the caller: free() it at the end. What its texts point to belongs to the
 * client and is valid until the next http_wait(), http_call() or http_free(). */
struct http_answers {
	struct http_answer *items;
	size_t count, capacity;
};

/*
 * Lets requests go on, replaces `answers`, and returns 0 once at least one has ended, the time is
 * over (0: without waiting; negative: without end), or nothing is under way. -1 (ERR_FAILED) only
 * when libcurl itself fails.
 */
int http_wait(struct http *http, int timeout_ms, struct http_answers *answers, struct err *err);

/*
 * Submits and waits for the one answer, whatever its kind: for callers with nothing else under
 * way (ERR_FAILED otherwise).
 */
int http_call(struct http *http, const struct http_request *request, struct http_answer *answer,
	      struct err *err);

/* What waits in the queue ends with HTTP_STOPPED at the next http_wait(); what is on its way goes on
 * to its answer, but is not sent again. What is submitted later is sent as ever. */
void http_drop(struct http *http);

/* Since http_open(): for reports and benchmarks. */
struct http_counts {
	uint64_t attempts;    /* requests that were sent */
	uint64_t connections; /* made */
	uint64_t refused;     /* 429 */
	uint64_t retried;     /* sent again for another reason */
};
struct http_counts http_counts(const struct http *http);

#endif
