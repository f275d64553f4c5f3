/* Requests from http_submit() to their answers: the queue, what may go when, waiting. */
#include "http_internal.h"

#include "base/os.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SPARE_ANSWER = 256 << 10, /* an answer's memory above that is given back */
	TEXT_LIMIT = 2048,
};
#define MILLISECOND (RATE_SECOND / 1000)

/* --- lists of jobs --------------------------------------------------------------------------- */

static void list_remove(struct http_list *list, struct http_job *job)
{
	if (job->before)
		job->before->next = job->next;
	else
		list->first = job->next;
	if (job->next)
		job->next->before = job->before;
	else
		list->last = job->before;
	job->next = job->before = NULL;
	list->count--;
}

/* Behind `before`; NULL: first. */
static void list_insert(struct http_list *list, struct http_job *before, struct http_job *job)
{
	job->before = before;
	job->next = before ? before->next : list->first;
	if (job->next)
		job->next->before = job;
	else
		list->last = job;
	if (before)
		before->next = job;
	else
		list->first = job;
	list->count++;
}

static void list_append(struct http_list *list, struct http_job *job)
{
	list_insert(list, list->last, job);
}

static struct http_job *list_take(struct http_list *list)
{
	struct http_job *job = list->first;

	if (job)
		list_remove(list, job);
	return job;
}

static void wipe(struct buf *buf)
{
	if (buf->ptr)
		sodium_memzero(buf->ptr, buf->capacity);
	buf_clear(buf);
}

static void job_wipe(struct http_job *job)
{
	wipe(&job->url);
	wipe(&job->body);
	wipe(&job->lines);
}

void http_job_free(struct http_job *job)
{
	job_wipe(job);
	wipe(&job->answer);
	buf_release(&job->url);
	buf_release(&job->body);
	buf_release(&job->lines);
	buf_release(&job->answer);
	buf_release(&job->text);
	free(job);
}

/* An answer may hold a token, and a large one too much memory. */
static void recycle(struct http *http, struct http_list *list)
{
	struct http_job *job;

	while ((job = list_take(list))) {
		if (http->spare.count >= HTTP_PARALLEL_MOST) {
			http_job_free(job);
			continue;
		}
		sodium_memzero(job->answer.ptr ? job->answer.ptr : "", job->answer.len);
		buf_clear(&job->answer);
		if (job->answer.capacity > SPARE_ANSWER)
			buf_release(&job->answer);
		list_append(&http->spare, job);
	}
}

static struct http_job *job_new(struct http *http)
{
	struct http_job *job = list_take(&http->spare);
	struct http_job fresh;

	if (!job)
		return mem_calloc(1, sizeof(*job));
	fresh = (struct http_job){.url = job->url,
				  .body = job->body,
				  .lines = job->lines,
				  .answer = job->answer,
				  .text = job->text};
	*job = fresh;
	return job;
}

void http_list_free(struct http_list *list)
{
	struct http_job *job;

	while ((job = list_take(list)))
		http_job_free(job);
}

/* --- submitting ------------------------------------------------------------------------------ */

static int check_request(const struct http *http, const struct http_request *request,
			 struct err *err)
{
	if (http_path_check(request->path, err) ||
	    http_header_check("a request's media type", request->accept, err) ||
	    http_header_check("a request's media type", request->content_type, err))
		return -1;
	if (strlen(http->origin.base) + request->path.len > HTTP_URL_LIMIT)
		return err_set(err, ERR_FAILED, "a request's path has more than %d bytes",
			       HTTP_URL_LIMIT);
	if (request->header_count > HTTP_EXTRA_HEADERS)
		return err_set(err, ERR_FAILED, "a request has more than %d headers",
			       HTTP_EXTRA_HEADERS);
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		if (!http_is_token(header->name) || header->value.len == 0)
			return err_set(err, ERR_FAILED,
				       "a request's header has no name or no "
				       "value");
		if (http_header_check("a request's header", header->value, err))
			return -1;
	}
	return 0;
}

/* An empty value takes away what libcurl would say by itself. */
static void add_line(struct http_job *job, struct str name, struct str value)
{
	buf_add(&job->lines, name);
	buf_puts(&job->lines, value.len > 0 ? ": " : ":");
	buf_add(&job->lines, value);
	buf_add(&job->lines, (struct str){"", 1});
	job->line_count++;
}

static struct http_job *job_of(struct http *http, const struct http_request *request)
{
	struct http_job *job = job_new(http);

	job->sequence = http->sequence++;
	job->number = request->number;
	job->method = request->method;
	job->replay = request->replay;
	job->sink = request->sink;
	if (request->fresh_ms)
		job->not_after = http_now() + request->fresh_ms * MILLISECOND;
	job->body_limit = request->body_limit ? request->body_limit : HTTP_BODY_LIMIT;
	job->text.limit = TEXT_LIMIT;
	buf_puts(&job->url, http->origin.base);
	buf_add(&job->url, request->path);
	job->has_body = request->body.ptr != NULL;
	if (job->has_body)
		buf_add(&job->body, request->body);
	add_line(job, STR("Accept"), request->accept);
	add_line(job, STR("Content-Type"), job->has_body ? request->content_type : STR(""));
	for (size_t i = 0; i < request->header_count; i++)
		add_line(job, request->headers[i].name, request->headers[i].value);
	return job;
}

void http_job_end(struct http *http, struct http_job *job)
{
	job_wipe(job);
	if (job->maybe_done && job->sent == HTTP_NOT_SENT)
		job->sent = HTTP_UNKNOWN;
	list_append(&http->ended, job);
}

/* Without another attempt. A refusal (429) that it had stays as its status. */
static void end_unsent(struct http *http, struct http_job *job, enum http_failure failure)
{
	job->sent = HTTP_NOT_SENT;
	job->failure = failure;
	buf_clear(&job->text);
	if (failure == HTTP_BREAKER)
		buf_add(&job->text, buf_str(&http->broken));
	else if (failure == HTTP_STALE)
		buf_puts(&job->text,
			 "it waited too long for the rate limit: what it says may not "
			 "be true any more");
	else
		buf_puts(&job->text, "interrupted before it was sent");
	http_job_end(http, job);
}

int http_submit(struct http *http, const struct http_request *request, struct err *err)
{
	struct http_job *job;

	if (check_request(http, request, err))
		return -1;
	job = job_of(http, request);
	if (http->broken.len > 0)
		end_unsent(http, job, HTTP_BREAKER);
	else
		list_append(&http->queue, job);
	return 0;
}

/* Back to its place. */
void http_job_requeue(struct http *http, struct http_job *job)
{
	struct http_job *before = http->queue.last;

	while (before && before->sequence > job->sequence)
		before = before->before;
	list_insert(&http->queue, before, job);
}

void http_clear_queue(struct http *http, enum http_failure failure)
{
	struct http_job *job;

	while ((job = list_take(&http->queue)))
		end_unsent(http, job, failure);
}

void http_drop(struct http *http)
{
	http_clear_queue(http, HTTP_STOPPED);
	for (unsigned i = 0; i < http->settings.parallel; i++) {
		if (http->transfers[i].job)
			http->transfers[i].job->dropped = true;
	}
}

/* --- what goes when ---------------------------------------------------------------------------- */

uint64_t http_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * RATE_SECOND + (uint64_t)now.tv_nsec;
}

static struct http_transfer *idle_transfer(const struct http *http)
{
	for (unsigned i = 0; i < http->settings.parallel; i++) {
		if (!http->transfers[i].job)
			return &http->transfers[i];
	}
	return NULL;
}

/* The first in order that need not wait by itself, or the one that waits least. */
static struct http_job *next_job(const struct http *http, uint64_t now)
{
	struct http_job *best = http->queue.first;

	for (struct http_job *job = best; job && best->not_before > now; job = job->next) {
		if (job->not_before < best->not_before)
			best = job;
	}
	return best;
}

static int start(struct http *http, struct http_transfer *transfer, struct http_job *job,
		 uint64_t now, struct err *err)
{
	CURLMcode code;

	list_remove(&http->queue, job);
	http_transfer_prepare(transfer, job);
	transfer->ticket = rate_take(&http->rate, now);
	transfer->started = now;
	job->attempts++;
	http->running++;
	code = curl_multi_add_handle(http->multi, transfer->easy);
	if (code)
		return err_set(err, ERR_FAILED, "libcurl: %s", curl_multi_strerror(code));
	return 0;
}

/* Sends what may go; *wake is when there is more to do, UINT64_MAX when only an answer can tell. */
static int dispatch(struct http *http, uint64_t now, uint64_t *wake, struct err *err)
{
	*wake = UINT64_MAX;
	for (;;) {
		struct http_transfer *transfer = idle_transfer(http);
		struct http_job *job = next_job(http, now);
		uint64_t at;

		if (!transfer || !job)
			return 0;
		at = rate_ready(&http->rate, now);
		if (at < job->not_before)
			at = job->not_before;
		if (at < http->pause_until)
			at = http->pause_until;
		if (at > now) {
			*wake = at;
			return 0;
		}
		if (job->not_after && now > job->not_after) {
			list_remove(&http->queue, job);
			end_unsent(http, job, HTTP_STALE);
		} else if (start(http, transfer, job, now, err)) {
			return -1;
		}
	}
}

static int let_go_on(struct http *http, struct err *err)
{
	int running, left;
	CURLMcode code = curl_multi_perform(http->multi, &running);
	const CURLMsg *message;

	if (code)
		return err_set(err, ERR_FAILED, "libcurl: %s", curl_multi_strerror(code));
	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct http_transfer *transfer = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer))
			continue;
		http_finish(http, transfer, result);
	}
	return 0;
}

/* --- waiting ------------------------------------------------------------------------------------ */

static int poll_ms(uint64_t now, uint64_t until)
{
	uint64_t ms;

	if (until <= now)
		return 0;
	ms = (until - now - 1) / MILLISECOND + 1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static int wait_until(struct http *http, uint64_t until, struct err *err)
{
	CURLMcode code = curl_multi_poll(http->multi, NULL, 0, poll_ms(http_now(), until),
					 NULL);

	if (code)
		return err_set(err, ERR_FAILED, "libcurl: %s", curl_multi_strerror(code));
	return 0;
}

/* Until something has ended, or `deadline`. */
static int run(struct http *http, uint64_t deadline, struct err *err)
{
	uint64_t wake;

	for (;;) {
		if (dispatch(http, http_now(), &wake, err) || let_go_on(http, err))
			return -1;
		if (http->ended.count > 0 || http_under_way(http) == 0)
			return 0;
		/* What ended made room. */
		if (dispatch(http, http_now(), &wake, err))
			return -1;
		if (http->ended.count > 0 || http_now() >= deadline)
			return 0;
		if (wait_until(http, wake < deadline ? wake : deadline, err))
			return -1;
	}
}

static struct http_answer answer_of(const struct http_job *job)
{
	return (struct http_answer){
		.number = job->number,
		.sent = job->sent,
		.failure = job->failure,
		.status = job->status,
		.body = buf_str(&job->answer),
		.content_type = str_of(job->content_type),
		.request_id = str_of(job->request_id),
		.attempts = job->attempts,
		.milliseconds = job->milliseconds,
		.text = buf_str(&job->text),
	};
}

static uint64_t deadline_of(int timeout_ms)
{
	return timeout_ms < 0 ? UINT64_MAX : http_now() + (uint64_t)timeout_ms * MILLISECOND;
}

int http_wait(struct http *http, int timeout_ms, struct http_answers *answers, struct err *err)
{
	struct http_job *job;

	answers->count = 0;
	recycle(http, &http->handed);
	if (run(http, deadline_of(timeout_ms), err))
		return -1;
	while ((job = list_take(&http->ended))) {
		*vec_push(answers) = answer_of(job);
		list_append(&http->handed, job);
	}
	return 0;
}

int http_call(struct http *http, const struct http_request *request, struct http_answer *answer,
	      struct err *err)
{
	struct http_job *job;

	if (http_under_way(http) > 0)
		return err_set(err, ERR_FAILED, "another request is under way");
	recycle(http, &http->handed);
	if (http_submit(http, request, err) || run(http, UINT64_MAX, err))
		return -1;
	job = list_take(&http->ended);
	list_append(&http->handed, job);
	*answer = answer_of(job);
	return 0;
}
