/* The client: opening and closing it, its key; libcurl's memory. */
#include "http_internal.h"

#include "base/os.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { CA_LIMIT = 4 << 20 };

const char *const http_method_names[5] = {
	[HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
	[HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
};

/* --- libcurl's memory ---------------------------------------------------------------------- */

/*
 * What libcurl frees held headers and bodies with secrets, so it is wiped. The size stands before
 * each block.
 */
union block {
	size_t size;
	max_align_t alignment;
};

static void *wiped_malloc(size_t size)
{
	union block *block = size <= SIZE_MAX - sizeof(*block) ? malloc(sizeof(*block) + size)
							       : NULL;

	if (!block)
		return NULL;
	block->size = size;
	return block + 1;
}

static void wiped_free(void *pointer)
{
	union block *block = pointer;

	if (!block)
		return;
	block--;
	sodium_memzero(block, sizeof(*block) + block->size);
	free(block);
}

static void *wiped_realloc(void *pointer, size_t size)
{
	union block *old = pointer;
	void *new = wiped_malloc(size);

	if (!new || !old)
		return new;
	memcpy(new, pointer, old[-1].size < size ? old[-1].size : size);
	wiped_free(pointer);
	return new;
}

static void *wiped_calloc(size_t count, size_t size)
{
	void *new;

	if (size > 0 && count > SIZE_MAX / size)
		return NULL;
	new = wiped_malloc(count * size);
	if (new)
		memset(new, 0, count * size);
	return new;
}

static char *wiped_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *new = wiped_malloc(size);

	if (new)
		memcpy(new, text, size);
	return new;
}

static int start_libcurl(struct err *err)
{
	static bool started;

	if (!started && curl_global_init_mem(CURL_GLOBAL_ALL, wiped_malloc, wiped_free,
					     wiped_realloc, wiped_strdup, wiped_calloc))
		return err_set(err, ERR_FAILED, "libcurl does not start");
	started = true;
	return 0;
}

/* --- opening and closing --------------------------------------------------------------------- */

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

static void fill_settings(struct http_settings *settings)
{
	enum { PARALLEL = 4, CONNECT_MS = 15000, STALLED_S = 60, WHOLE_MS = 600000 };
	enum { ATTEMPTS = 6, BACKOFF_MS = 500, BACKOFF_MOST_MS = 30000, REFUSED = 200 };
	enum { FAILURES = 10, WINDOW = 20, WINDOW_MOST = 64 };

	settings->parallel = or_default(settings->parallel, PARALLEL);
	if (settings->parallel > HTTP_PARALLEL_MOST)
		settings->parallel = HTTP_PARALLEL_MOST;
	settings->connect_ms = or_default(settings->connect_ms, CONNECT_MS);
	settings->stalled_s = or_default(settings->stalled_s, STALLED_S);
	settings->whole_ms = or_default(settings->whole_ms, WHOLE_MS);
	settings->attempts = or_default(settings->attempts, ATTEMPTS);
	settings->backoff_ms = or_default(settings->backoff_ms, BACKOFF_MS);
	settings->backoff_most_ms = or_default(settings->backoff_most_ms, BACKOFF_MOST_MS);
	settings->refused_attempts = or_default(settings->refused_attempts, REFUSED);
	settings->breaker_failures = or_default(settings->breaker_failures, FAILURES);
	settings->breaker_window = or_default(settings->breaker_window, WINDOW);
	if (settings->breaker_window > WINDOW_MOST)
		settings->breaker_window = WINDOW_MOST;
}

static int read_ca(struct http *http, const char *path, struct err *err)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
	struct buf own = BUF_INIT, all = BUF_INIT;
	struct err unread = ERR_INIT;
	int result;

	if (os_read_file(path, CA_LIMIT, &own, &unread))
		return err_set(err, unread.class,
			       "ca_file: %s: correct the path, or leave ca_file out where "
			       "nothing opens TLS on the way",
			       unread.text);
	if (!own.ptr || !strstr(own.ptr, "-----BEGIN CERTIFICATE-----")) {
		buf_release(&own);
		return err_set(err, ERR_FAILED,
			       "ca_file %s holds no certificate: it must be PEM text with "
			       "\"-----BEGIN CERTIFICATE-----\"",
			       path);
	}
	/* The blob hides the system's bundle; where no directory stands beside that, it goes into
	 * the blob. */
	result = !curl->capath && curl->cainfo ? os_read_file(curl->cainfo, CA_LIMIT, &all, err)
					       : 0;
	buf_char(&all, '\n');
	buf_add(&all, buf_str(&own));
	buf_release(&own);
	http->ca_len = all.len;
	http->ca = buf_take(&all);
	return result;
}

static const char *proxy_variable(const struct http_origin *origin)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
					    "ALL_PROXY"};

	for (size_t i = 0; !origin->loopback && i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return names[i];
	}
	return NULL;
}

static int open_transfers(struct http *http, struct err *err)
{
	unsigned count = http->settings.parallel;

	http->multi = curl_multi_init();
	if (!http->multi || curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)count))
		err_out_of_memory();
	http->transfers = mem_calloc(count, sizeof(*http->transfers));
	for (unsigned i = 0; i < count; i++) {
		if (http_transfer_init(&http->transfers[i], http, err))
			return -1;
	}
	return 0;
}

int http_open(struct http **http, const struct http_settings *settings, struct err *err)
{
	struct http *new;

	if (start_libcurl(err))
		return -1;
	new = mem_calloc(1, sizeof(*new));
	new->settings = *settings;
	new->random = settings->seed;
	fill_settings(&new->settings);
	rate_init(&new->rate, settings->rate_requests, settings->rate_period_ms);
	if (http_origin_parse(&new->origin, settings->base_url, err) ||
	    (settings->ca_file && new->origin.tls &&read_ca(new, settings->ca_file, err)) ||
	    open_transfers(new, err)) {
		http_free(new);
		return -1;
	}
	new->settings.base_url = str_of(new->origin.base);
	new->settings.ca_file = NULL;
	new->proxy_variable = proxy_variable(&new->origin);
	*http = new;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	for (unsigned i = 0; http->transfers && i < http->settings.parallel; i++) {
		struct http_transfer *transfer = &http->transfers[i];

		if (transfer->job) {
			curl_multi_remove_handle(http->multi, transfer->easy);
			http_job_free(transfer->job);
		}
		http_transfer_release(transfer);
	}
	curl_multi_cleanup(http->multi);
	free(http->transfers);
	http_list_free(&http->queue);
	http_list_free(&http->ended);
	http_list_free(&http->handed);
	http_list_free(&http->spare);
	rate_release(&http->rate);
	secret_release(&http->authorization);
	http_origin_release(&http->origin);
	buf_release(&http->broken);
	free(http->ca);
	free(http);
}

int http_authorize(struct http *http, const struct secret *token, struct err *err)
{
	static const char scheme[] = "Authorization: Bearer ";
	struct str text = secret_str(token);
	struct secret line = {.len = sizeof(scheme) - 1 + text.len};

	if (text.len > 0 && str_trim(text).len < text.len)
		return err_set(err, ERR_FAILED,
			       "the key begins or ends with white space: it was copied with "
			       "too much; remove that");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return err_set(err, ERR_FAILED,
				       "the key holds %s at byte %zu, which no key does: it "
				       "was copied wrongly",
				       text.ptr[i] == ' ' ? "a space"
				       : (unsigned char)text.ptr[i] >= 128
					       ? "a letter that is not ASCII"
					       : "a control character",
				       i + 1);
	}
	http->generation++;
	secret_release(&http->authorization);
	if (text.len == 0)
		return 0;
	line.ptr = mem_alloc(line.len + 1);
	memcpy(line.ptr, scheme, sizeof(scheme) - 1);
	memcpy(line.ptr + sizeof(scheme) - 1, text.ptr, text.len);
	line.ptr[line.len] = '\0';
	http->authorization = line;
	return 0;
}

struct str http_base_url(const struct http *http)
{
	return str_of(http->origin.base);
}

struct http_counts http_counts(const struct http *http)
{
	return http->counts;
}

size_t http_under_way(const struct http *http)
{
	return http->queue.count + http->running + http->ended.count;
}
