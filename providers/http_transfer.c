/* One attempt: a libcurl handle, what it is given and what it calls back. */
#include "http_internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Answers outside 2xx are kept up to HTTP_ERROR_LIMIT; their rest may be this long. */
enum { DROPPED_LIMIT = 4 << 20, IDLE_MOST_S = 50 };

/*
 * libcurl sends a request again by itself when a connection that it used before turns out dead. It
 * cannot know whether the service acted on the first one, so only what may be done twice passes
 * here twice.
 */
static int on_sending(void *context, char *address, char *local, int port, int local_port)
{
	struct http_transfer *transfer = context;

	(void)address, (void)local, (void)port, (void)local_port;
	if (transfer->sendings > 0 && !transfer->job->replay)
		return CURL_PREREQFUNC_ABORT;
	transfer->sendings++;
	transfer->http->counts.attempts++;
	return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;

	if (http_head_line(&transfer->head, (struct str){bytes, size * count})) {
		transfer->too_large = true;
		return 0;
	}
	return size * count;
}

static int to_sink(struct http_transfer *transfer, struct str bytes)
{
	const struct http_sink *sink = transfer->job->sink;
	struct err *err = &transfer->sink_err;

	if (!transfer->sink_began && sink->begin && sink->begin(sink->context, err))
		return -1;
	transfer->sink_began = true;
	return sink->bytes(sink->context, bytes, err);
}

/* Answers hold tokens, so what they grow out of is wiped. */
static void collect(struct buf *answer, struct str part)
{
	size_t needed = answer->len + part.len + 1;

	if (needed > answer->capacity) {
		size_t capacity = needed > 2 * answer->capacity ? needed : 2 * answer->capacity;
		char *larger = mem_alloc(capacity);

		if (answer->ptr) {
			memcpy(larger, answer->ptr, answer->len);
			sodium_memzero(answer->ptr, answer->len);
			free(answer->ptr);
		}
		answer->ptr = larger;
		answer->capacity = capacity;
	}
	buf_add(answer, part);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;
	struct http_job *job = transfer->job;
	struct str part = {bytes, size * count};
	bool good = transfer->head.status / 100 == 2;
	uint64_t limit = good ? job->body_limit : HTTP_ERROR_LIMIT + DROPPED_LIMIT;

	transfer->received += part.len;
	if (transfer->received > limit) {
		transfer->too_large = true;
		return 0;
	}
	if (good && job->sink) {
		if (to_sink(transfer, part)) {
			transfer->sink_failed = true;
			return 0;
		}
		return size * count;
	}
	if (!good && part.len > HTTP_ERROR_LIMIT - job->answer.len)
		part.len = HTTP_ERROR_LIMIT - job->answer.len;
	collect(&job->answer, part);
	return size * count;
}

static int fail_setup(const char *what, struct err *err)
{
	return err_set(err, ERR_FAILED,
		       "libcurl %s does not know %s: install a newer one with TLS",
		       curl_version_info(CURLVERSION_NOW)->version, what);
}

#define SET(option, value)                                               \
	do {                                                             \
		if (curl_easy_setopt(transfer->easy, (option), (value))) \
			return fail_setup(#option, err);                 \
	} while (0)

static int set_tls(struct http_transfer *transfer, struct err *err)
{
	const struct http *http = transfer->http;
	struct curl_blob ca = {http->ca, http->ca_len, CURL_BLOB_NOCOPY};

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
	if (http->ca) {
		SET(CURLOPT_CAINFO_BLOB, &ca);
		SET(CURLOPT_PROXY_CAINFO_BLOB, &ca);
	}
	return 0;
}

int http_transfer_init(struct http_transfer *transfer, struct http *http, struct err *err)
{
	*transfer = (struct http_transfer){.http = http, .easy = curl_easy_init()};
	if (!transfer->easy)
		err_out_of_memory();
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_ERRORBUFFER, transfer->curl_text);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PROTOCOLS_STR, http->origin.tls ? "https" : "http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_USERAGENT, "zsctl/" ZSCTL_VERSION);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)http->settings.connect_ms);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, (long)http->settings.stalled_s);
	SET(CURLOPT_TIMEOUT_MS, (long)http->settings.whole_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	/* Below the idle times of usual load balancers, so that few connections die in our
	 * hands. */
	SET(CURLOPT_MAXAGE_CONN, (long)IDLE_MOST_S);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* A time-out is one even while the system still asks its name servers. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PREREQFUNCTION, on_sending);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, transfer);
	if (http->origin.loopback)
		SET(CURLOPT_NOPROXY, "*");
	return http->origin.tls ? set_tls(transfer, err) : 0;
}

void http_transfer_release(struct http_transfer *transfer)
{
	if (transfer->easy)
		curl_easy_cleanup(transfer->easy);
	secret_release(&transfer->authorization);
	*transfer = (struct http_transfer){.easy = NULL};
}

/* libcurl may read the list long after: each transfer has a copy of the secret in it. */
static void copy_authorization(struct http_transfer *transfer)
{
	const struct http *http = transfer->http;

	if (transfer->generation == http->generation)
		return;
	secret_release(&transfer->authorization);
	if (http->authorization.ptr)
		secret_set(&transfer->authorization, secret_str(&http->authorization));
	transfer->generation = http->generation;
}

static struct curl_slist *list_headers(struct http_transfer *transfer, struct http_job *job)
{
	/* No "Expect: 100-continue": it costs a round trip, or a second where nobody answers. */
	static char no_expect[] = "Expect:";
	struct curl_slist *node = transfer->nodes;
	char *line = job->lines.ptr;

	*node = (struct curl_slist){.data = no_expect};
	copy_authorization(transfer);
	if (transfer->authorization.ptr) {
		node->next = node + 1;
		*++node = (struct curl_slist){.data = transfer->authorization.ptr};
	}
	for (unsigned i = 0; i < job->line_count; i++) {
		node->next = node + 1;
		*++node = (struct curl_slist){.data = line};
		line += strlen(line) + 1;
	}
	return transfer->nodes;
}

static void must(CURLcode code)
{
	/* These options exist and their values are fine: what is left is memory. */
	if (code != CURLE_OK)
		err_out_of_memory();
}

void http_transfer_prepare(struct http_transfer *transfer, struct http_job *job)
{
	CURL *easy = transfer->easy;
	const char *custom = NULL;

	transfer->job = job;
	transfer->head = (struct http_head){.status = 0};
	transfer->sendings = 0;
	transfer->received = 0;
	transfer->sink_began = transfer->sink_failed = transfer->too_large = false;
	transfer->curl_text[0] = '\0';
	buf_clear(&job->answer);
	must(curl_easy_setopt(easy, CURLOPT_URL, job->url.ptr));
	must(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list_headers(transfer, job)));
	if (job->has_body || job->method == HTTP_POST) {
		must(curl_easy_setopt(easy, CURLOPT_POST, 1L));
		must(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				      (curl_off_t)job->body.len));
		must(curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
				      job->body.ptr ? job->body.ptr : ""));
		if (job->method != HTTP_POST)
			custom = http_method_names[job->method];
	} else {
		must(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL));
		must(curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L));
		if (job->method != HTTP_GET)
			custom = http_method_names[job->method];
	}
	must(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, custom));
}
