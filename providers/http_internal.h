/*
 * Between the files of the HTTP client: http.c (the client and its queue), http_transfer.c (one
 * attempt), http_head.c (what answers say in their heads), http_error.c (failures in words),
 * http_url.c (addresses).
 */
#ifndef ZSCTL_HTTP_INTERNAL_H
#define ZSCTL_HTTP_INTERNAL_H

#include "http.h"
#include "rate.h"

#include <curl/curl.h>

enum { HTTP_EXTRA_HEADERS = 8, HTTP_URL_LIMIT = 16 << 10, HTTP_ID_SIZE = 129 };

/* --- addresses ---------------------------------------------------------------------------- */

struct http_origin {
	char *base; /* without '/' at its end; all of these are owned */
	char *host; /* as in the URL; IPv6 in brackets */
	uint16_t port;
	bool tls, loopback;
};

int http_origin_parse(struct http_origin *origin, struct str url, struct err *err);
void http_origin_release(struct http_origin *origin);
int http_path_check(struct str path, struct err *err);
/* name NULL: only a value. */
int http_header_check(const char *what, struct str value, struct err *err);
bool http_is_token(struct str text); /* RFC 9110 §5.6.2 */

/* --- an answer's head --------------------------------------------------------------------- */

struct http_head {
	unsigned status; /* 0: no status line yet */
	size_t size;
	char content_type[128], request_id[HTTP_ID_SIZE], location[512];
	int64_t date, retry_date; /* seconds since 1970; 0: absent */
	struct rate_hint hint;
	bool has_reset;
};

/* One line of it, with or without its line end. A status line starts afresh. -1: too much. */
int http_head_line(struct http_head *head, struct str line);
/* What the whole answer says about the limit. `body` only of a 429. */
struct rate_hint http_head_hint(const struct http_head *head, struct str body);

/* --- a request, from http_submit() to the end of its answer ------------------------------- */

struct http_job {
	struct http_job *next, *before; /* in one of the client's lists */
	uint64_t sequence;
	uint64_t number;
	enum http_method method;
	bool replay, has_body;
	bool dropped;                /* not sent again */
	bool maybe_done;             /* some attempt may have had its effect */
	struct buf url, body, lines; /* lines: headers, each with its NUL; all wiped */
	unsigned line_count;
	size_t body_limit;
	const struct http_sink *sink;
	uint64_t not_before, not_after;     /* not_after 0: ever */
	unsigned refused, failed, attempts; /* 429s, other failures, all */
	/* the answer */
	enum http_sent sent;
	enum http_failure failure;
	unsigned status;
	uint64_t milliseconds;
	struct buf answer, text;
	char content_type[128], request_id[HTTP_ID_SIZE];
};

/* --- one attempt --------------------------------------------------------------------------- */

struct http_transfer {
	struct http *http;
	CURL *easy;
	struct http_job *job; /* NULL: idle */
	struct curl_slist nodes[4 + HTTP_EXTRA_HEADERS];
	struct secret authorization; /* the header line, of this generation */
	uint64_t generation;
	uint64_t ticket, started;
	struct http_head head;
	unsigned sendings; /* how often the request went to a connection */
	uint64_t received;
	bool sink_began, sink_failed, too_large;
	struct err sink_err;
	char curl_text[CURL_ERROR_SIZE];
};

int http_transfer_init(struct http_transfer *transfer, struct http *http, struct err *err);
void http_transfer_release(struct http_transfer *transfer);
/* Gives the handle what it needs for `job`. The caller adds it to the multi handle. */
void http_transfer_prepare(struct http_transfer *transfer, struct http_job *job);

/* Where it failed, given that it did. */
enum http_failure http_failure_of(const struct http_transfer *transfer, CURLcode code);
/* Writes job->text for what job->failure, status and sent say. */
void http_explain(const struct http_transfer *transfer, CURLcode code, struct http_job *job);

/* --- the client ------------------------------------------------------------------------------ */

struct http_list {
	struct http_job *first, *last;
	size_t count;
};

struct http {
	struct http_settings settings; /* defaults filled in; base_url is origin.base */
	struct http_origin origin;
	const char *proxy_variable; /* of the environment, that may apply; NULL: none */
	char *ca;                   /* the blob, owned */
	size_t ca_len;
	struct secret authorization; /* the header line; ptr NULL: none */
	uint64_t generation;
	CURLM *multi;
	struct http_transfer *transfers; /* settings.parallel of them */
	unsigned running;
	struct http_list queue, ended, handed, spare;
	uint64_t sequence;
	struct rate rate;
	uint64_t random;
	/* Failures in a row slow everything down, too many of them stop it. */
	unsigned failing;
	uint64_t failed_at, pause_until;
	uint64_t ends; /* bit per request that ended, newest lowest; 1: failed */
	struct buf broken;
	struct http_counts counts;
};

/* --- http_queue.c --- */
uint64_t http_now(void); /* nanoseconds, monotonic */
void http_list_free(struct http_list *list);
void http_job_free(struct http_job *job);
void http_job_end(struct http *http, struct http_job *job);
void http_job_requeue(struct http *http, struct http_job *job);
/* Everything that waits ends unsent. */
void http_clear_queue(struct http *http, enum http_failure failure);

/* --- http_end.c --- */
/* An attempt is over: its job is ended or back in the queue, its transfer idle. */
void http_finish(struct http *http, struct http_transfer *transfer, CURLcode code);

#endif
