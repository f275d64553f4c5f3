#include "exchange.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32768, DRIP_MS = 100, DRIP_BYTES = 1 };
#define HUGE_HEAD "{\"detail\":\""
#define HUGE_TAIL "\"}"

static uint64_t body_length(const struct answer *answer)
{
	return answer->body ? answer->body->text.len : 0;
}

/* What a cut answer still brings: never all of it. */
static uint64_t cut_length(uint64_t length, const struct fault *fault)
{
	uint64_t bytes = fault->bytes == FAULT_UNSET ? length / 2 : fault->bytes;

	return length == 0 ? 0 : bytes < length ? bytes : length - 1;
}

uint64_t response_bytes(const struct answer *answer, const struct fault *fault)
{
	uint64_t length = body_length(answer);

	if (fault && fault->kind == FAULT_TRUNCATE)
		return cut_length(length, fault);
	if (fault && fault->kind == FAULT_HUGE)
		return fault->bytes;
	return length;
}

/* --- bodies that are made while they are sent ----------------------------------------------- */

struct stream {
	struct exchange *exchange;
	uint64_t length; /* what is sent in all */
	uint64_t piece;  /* most at once; 0: no limit */
	uint64_t pause;  /* after each, nanoseconds */
	bool paused;
	bool breaks; /* the connection is closed in place of the rest */
	bool huge;
};

static ssize_t huge_bytes(const struct stream *stream, uint64_t from, char *out, size_t size)
{
	const uint64_t head = strlen(HUGE_HEAD), tail = strlen(HUGE_TAIL);

	for (size_t i = 0; i < size; i++) {
		uint64_t at = from + i, left = stream->length - at;

		out[i] = left <= tail ? HUGE_TAIL[tail - left]
			 : at < head  ? HUGE_HEAD[at]
				      : 'x';
	}
	return (ssize_t)size;
}

static ssize_t next_bytes(void *cls, uint64_t from, char *out, size_t size)
{
	struct stream *stream = cls;

	if (from >= stream->length)
		return stream->breaks ? MHD_CONTENT_READER_END_WITH_ERROR
				      : MHD_CONTENT_READER_END_OF_STREAM;
	if (stream->pause && !stream->paused) {
		stream->paused = true;
		exchange_wait(stream->exchange, stream->pause);
		return 0;
	}
	stream->paused = false;
	if (stream->piece && size > stream->piece)
		size = (size_t)stream->piece;
	if (size > stream->length - from)
		size = (size_t)(stream->length - from);
	if (stream->huge)
		return huge_bytes(stream, from, out, size);
	memcpy(out, stream->exchange->answer.body->text.ptr + from, size);
	return (ssize_t)size;
}

static uint64_t or_else(uint64_t number, uint64_t otherwise)
{
	return number == FAULT_UNSET ? otherwise : number;
}

static struct MHD_Response *stream_start(const struct stream *start, uint64_t announced)
{
	struct stream *stream = mem_alloc(sizeof(*stream));

	*stream = *start;
	return MHD_create_response_from_callback(announced, BLOCK, next_bytes, stream, free);
}

static void release_body(void *body)
{
	shared_release(body);
}

/* The bytes of lists are shared, not copied. */
static struct MHD_Response *whole(const struct answer *answer, uint64_t length)
{
	if (!answer->body)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	answer->body->uses++;
	return MHD_create_response_from_buffer_with_free_callback_cls(
		(size_t)length, (void *)(uintptr_t)answer->body->text.ptr, release_body,
		answer->body);
}

struct MHD_Response *response_make(struct exchange *exchange, const struct fault *fault)
{
	const struct answer *answer = &exchange->answer;
	uint64_t length = body_length(answer), sent = response_bytes(answer, fault);
	struct stream stream = {.exchange = exchange, .length = sent};
	struct MHD_Response *response;

	if (fault && fault->kind == FAULT_TRUNCATE && !fault->framed && length > 0) {
		stream.breaks = true;
		response = stream_start(&stream, length);
	} else if (fault && fault->kind == FAULT_DRIP) {
		stream.piece = or_else(fault->bytes, DRIP_BYTES);
		stream.pause = or_else(fault->ms, DRIP_MS) * 1000000;
		response = stream_start(&stream, length);
	} else if (fault && fault->kind == FAULT_HUGE) {
		stream.huge = true;
		response = stream_start(&stream, fault->chunked ? MHD_SIZE_UNKNOWN : sent);
	} else {
		response = whole(answer, sent);
	}
	if (!response)
		err_out_of_memory();
	return response;
}
