/* What becomes of an attempt: an answer, another attempt, the end of it all. */
#include "http_internal.h"

#include "base/log.h"
#include "base/os.h"

#include <sodium.h>
#include <string.h>

#define MILLISECOND (RATE_SECOND / 1000)

/* SplitMix64 (Steele, Lea, Flood 2014), for tests; otherwise the system's. */
static uint64_t random_below(struct http *http, uint64_t limit)
{
	uint64_t x;

	if (limit == 0)
		return 0;
	if (!http->settings.seed)
		return randombytes_uniform((uint32_t)(limit < UINT32_MAX ? limit : UINT32_MAX));
	x = http->random += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (x ^ (x >> 31)) % limit;
}

/* Before attempt n + 1 after n failures, in nanoseconds: half fixed, half jitter. */
static uint64_t backoff(struct http *http, unsigned failures)
{
	uint64_t longest = http->settings.backoff_most_ms * MILLISECOND;
	uint64_t delay = http->settings.backoff_ms * MILLISECOND;

	while (--failures > 0 && delay < longest)
		delay *= 2;
	if (delay > longest)
		delay = longest;
	return delay / 2 + random_below(http, delay / 2 + 1);
}

/* The service or the way to it is in trouble, as opposed to this one request. */
static bool is_trouble(const struct http_job *job)
{
	switch (job->failure) {
	case HTTP_RESOLVE:
	case HTTP_PROXY:
	case HTTP_CONNECT:
	case HTTP_TLS:
	case HTTP_CERTIFICATE:
	case HTTP_TIMEOUT:
	case HTTP_BROKEN:
		return true;
	case HTTP_FINE:
		return job->status >= 500;
	case HTTP_STOPPED:
	case HTTP_BREAKER:
	case HTTP_STALE:
	case HTTP_TOO_LARGE:
	case HTTP_SINK:
	case HTTP_REDIRECT:
		return false;
	}
	return false;
}

/* Trouble that may be over by the next attempt. */
static bool may_pass(const struct http_job *job)
{
	enum { NOT_IMPLEMENTED = 501, VERSION_NOT_SUPPORTED = 505 };

	return is_trouble(job) && job->failure != HTTP_CERTIFICATE &&
	       job->status != NOT_IMPLEMENTED && job->status != VERSION_NOT_SUPPORTED;
}

static void classify(const struct http_transfer *transfer, CURLcode code, struct http_job *job)
{
	job->status = transfer->head.status;
	if (code != CURLE_OK) {
		job->sent = transfer->sendings > 0 ? HTTP_UNKNOWN : HTTP_NOT_SENT;
		job->failure = http_failure_of(transfer, code);
		return;
	}
	job->failure = HTTP_FINE;
	job->sent = HTTP_ANSWERED;
	if (job->status < 200) {
		job->failure = HTTP_BROKEN;
		job->sent = HTTP_UNKNOWN;
	} else if (job->status / 100 == 3) {
		job->failure = HTTP_REDIRECT;
	} else if (job->status >= 500) {
		job->sent = HTTP_UNKNOWN;
	}
}

/* The path without its query, which may name people. */
static void log_attempt(const struct http_transfer *transfer, const struct http_job *job)
{
	struct str url = buf_str(&job->url), shown = STR_NONE;
	const char *id = transfer->head.request_id;

	str_split(&url, '?', &shown);
	if (job->failure == HTTP_FINE || job->failure == HTTP_REDIRECT)
		log_debug("%s %.*s: %u in %llu ms%s%s", http_method_names[job->method],
			  STR_FMT(shown), job->status, (unsigned long long)job->milliseconds,
			  id[0] ? ", request id " : "", id);
	else
		log_debug("%s %.*s: %s after %llu ms: %s", http_method_names[job->method],
			  STR_FMT(shown), http_failure_names[job->failure],
			  (unsigned long long)job->milliseconds, transfer->curl_text);
}

/* What the answer says about the limit, and that an attempt was used up, or not. */
static void tell_rate(struct http *http, const struct http_transfer *transfer,
		      const struct http_job *job, uint64_t now)
{
	bool refused = job->status == 429;
	struct rate_hint hint;

	if (transfer->sendings == 0) {
		rate_return(&http->rate, transfer->ticket);
		return;
	}
	rate_answered(&http->rate, transfer->ticket, now);
	if (job->status == 0)
		return;
	hint = http_head_hint(&transfer->head, refused ? buf_str(&job->answer) : STR_NONE);
	rate_learn(&http->rate, transfer->ticket, now, refused, &hint);
	if (job->status >= 500 && hint.has_retry)
		rate_hold(&http->rate, now, hint.retry_s);
}

/*
 * Failures in a row slow down everybody, from the second on: requests that may not be sent twice
 * should not all be thrown into an outage. What was under way when the first one failed tells
 * nothing new.
 */
static void slow_down(struct http *http, const struct http_transfer *transfer, bool trouble,
		      uint64_t now)
{
	if (!trouble) {
		http->failing = 0;
		return;
	}
	if (http->failing > 0 && transfer->started < http->failed_at)
		return;
	http->failed_at = now;
	if (http->failing++ > 0)
		http->pause_until = now + backoff(http, http->failing - 1);
}

static void count_end(struct http *http, const struct http_job *job)
{
	uint64_t window = http->settings.breaker_window;
	unsigned failed;

	http->ends = http->ends << 1 | (is_trouble(job) ? 1 : 0);
	if (window < 64)
		http->ends &= (UINT64_C(1) << window) - 1;
	failed = (unsigned)__builtin_popcountll(http->ends);
	if (failed < http->settings.breaker_failures || http->broken.len > 0)
		return;
	buf_addf(&http->broken,
		 "nothing more is sent, for %u of the last %u requests failed. The last one: ",
		 failed, http->settings.breaker_window);
	buf_add(&http->broken, buf_str(&job->text));
	http_clear_queue(http, HTTP_BREAKER);
}

static bool goes_again(struct http *http, struct http_job *job, uint64_t now)
{
	if (job->dropped || http->broken.len > 0)
		return false;
	if (job->status == 429) {
		http->counts.refused++;
		job->not_before = 0;
		return ++job->refused < http->settings.refused_attempts;
	}
	if (!may_pass(job) || !(job->replay || job->sent == HTTP_NOT_SENT) ||
	    ++job->failed >= http->settings.attempts)
		return false;
	http->counts.retried++;
	job->not_before = now + backoff(http, job->failed);
	return true;
}

void http_finish(struct http *http, struct http_transfer *transfer, CURLcode code)
{
	struct http_job *job = transfer->job;
	uint64_t now = http_now();
	long connections = 0;

	if (!transfer->curl_text[0])
		snprintf(transfer->curl_text, sizeof(transfer->curl_text), "%s",
			 curl_easy_strerror(code));
	classify(transfer, code, job);
	job->milliseconds = (now - transfer->started) / MILLISECOND;
	memcpy(job->content_type, transfer->head.content_type, sizeof(job->content_type));
	memcpy(job->request_id, transfer->head.request_id, sizeof(job->request_id));
	log_attempt(transfer, job);
	tell_rate(http, transfer, job, now);
	if (!curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections))
		http->counts.connections += (uint64_t)connections;
	/* Whatever its body: the service did not look at it. */
	if (job->status == 429) {
		job->sent = HTTP_NOT_SENT;
		job->failure = HTTP_FINE;
	}
	if (job->sent == HTTP_UNKNOWN)
		job->maybe_done = true;
	slow_down(http, transfer, is_trouble(job), now);
	curl_multi_remove_handle(http->multi, transfer->easy);
	transfer->job = NULL;
	http->running--;
	if (goes_again(http, job, now)) {
		http_job_requeue(http, job);
		return;
	}
	http_explain(transfer, code, job);
	if (job->status != 429)
		count_end(http, job);
	http_job_end(http, job);
}
