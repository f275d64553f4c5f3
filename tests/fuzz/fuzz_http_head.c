/*
 * The head of an answer, as libcurl hands it out line by line, and the body of a refusal: whatever
 * they say, what is learned from them stays within its bounds.
 */
#include "http_internal.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(const struct http_head *head, const struct rate_hint *hint)
{
	uint64_t now = 1000 * RATE_SECOND, ticket, ready;
	struct rate rate;

	rate_init(&rate, 50, 10000);
	ticket = rate_take(&rate, now);
	rate_answered(&rate, ticket, now);
	rate_learn(&rate, ticket, now, head->status == 429, hint);
	if (hint->has_retry)
		rate_hold(&rate, now, hint->retry_s);
	ready = rate_ready(&rate, now);
	/* At most a day's window, with its slack. */
	if (ready == RATE_NEVER || ready > now + 2 * RATE_WINDOW_MOST_S * RATE_SECOND)
		abort();
	rate_release(&rate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, line;
	struct http_head head = {.status = 0};
	struct rate_hint hint;

	/* Lines up to an empty one, then the body. */
	while (str_split(&rest, '\n', &line) && str_trim(line).len > 0) {
		if (http_head_line(&head, line))
			return 0;
	}
	hint = http_head_hint(&head, rest);
	if (head.status > 999 || strlen(head.content_type) >= sizeof(head.content_type) ||
	    strlen(head.request_id) >= sizeof(head.request_id) ||
	    strlen(head.location) >= sizeof(head.location))
		abort();
	follow(&head, &hint);
	return 0;
}
