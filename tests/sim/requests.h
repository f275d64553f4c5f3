/*
 * The log of requests: one JSON object a line, written when the answer is decided and before any
 * of it is sent, so whoever has an answer finds its line.
 */
#ifndef ZIVVER_SIM_REQUESTS_H
#define ZIVVER_SIM_REQUESTS_H

#include "base/err.h"
#include "faults.h"

struct request_line {
	uint64_t number;     /* from 1 */
	uint64_t connection; /* from 1: which one it came by */
	int64_t wall;        /* when it had come whole: microseconds since 1970 */
	uint64_t monotonic;  /* the same moment, nanoseconds */
	struct str method, path, query, user_agent;
	unsigned status; /* 0: nothing is answered */
	const struct strikes *strikes;
	bool limited; /* refused by the bucket */
	bool changed; /* it changed the organisation */
	size_t received;
	uint64_t sent; /* bytes of the bodies; the latter as decided */
};

struct requests {
	int fd; /* -1: no log */
	struct buf line;
};
#define REQUESTS_INIT    \
	{                \
		.fd = -1 \
	}

/* A file that is there is written anew. */
int requests_open(struct requests *requests, const char *path, struct err *err);
int requests_add(struct requests *requests, const struct request_line *line, struct err *err);
void requests_release(struct requests *requests);

#endif
