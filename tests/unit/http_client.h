/* What the tests of the HTTP client have in common: a client that fails at once. */
#ifndef ZSCTL_TEST_HTTP_CLIENT_H
#define ZSCTL_TEST_HTTP_CLIENT_H

#include "http.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define OK_BODY "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 5\r\n\r\nhello"
#define BUSY(more) "HTTP/1.1 503 Busy\r\n" more "Content-Length: 4\r\n\r\nbusy"
#define REFUSED(more, body) \
	"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n" more "\r\n" body

/* Tiny time-outs and pauses, so that failures take no time. `url` keeps the base URL. */
static inline struct http_settings quick(uint16_t port, struct buf *url)
{
	buf_clear(url);
	buf_addf(url, "http://127.0.0.1:%u/api", port);
	return (struct http_settings){.base_url = buf_str(url),
				      .backoff_ms = 1,
				      .backoff_most_ms = 4,
				      .attempts = 3,
				      .seed = 7};
}

static inline struct http *open_client(const struct http_settings *settings)
{
	struct http *http = NULL;
	struct err err = ERR_INIT;

	if (http_open(&http, settings, &err))
		fail_msg("%s", err.text);
	return http;
}

static inline void submit(struct http *http, const struct http_request *request)
{
	struct err err = ERR_INIT;

	if (http_submit(http, request, &err))
		fail_msg("%s", err.text);
}

/* `count` POSTs, each with its number in its path. */
static inline void submit_numbered(struct http *http, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct buf path = BUF_INIT;

		buf_addf(&path, "/n%u-", i);
		submit(http, &(struct http_request){
				     .number = i, .method = HTTP_POST, .path = buf_str(&path)});
		buf_release(&path);
	}
	assert_int_equal(http_under_way(http), count);
}

static inline struct http_answer call(struct http *http, const struct http_request *request)
{
	struct http_answer answer;
	struct err err = ERR_INIT;

	if (http_call(http, request, &answer, &err))
		fail_msg("%s", err.text);
	return answer;
}

static inline void wait_for(struct http *http, int timeout_ms, struct http_answers *answers)
{
	struct err err = ERR_INIT;

	if (http_wait(http, timeout_ms, answers, &err))
		fail_msg("%s", err.text);
}

#endif
