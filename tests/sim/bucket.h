/*
 * The service's rate limit: so many requests in so much time. Sliding: in any stretch of that
 * length. Fixed: in windows that begin at multiples of it.
 */
#ifndef ZIVVER_SIM_BUCKET_H
#define ZIVVER_SIM_BUCKET_H

#include "base/err.h"
#include "base/str.h"
#include "unknown.h"

struct bucket {
	uint64_t budget; /* 0: no limit */
	uint64_t period; /* nanoseconds */
	uint64_t *taken; /* when the last `budget` requests were granted: a ring */
	uint64_t next;   /* requests granted, so the place of the next one */
	uint64_t oldest; /* the first one that still counts */
};

/* "50/10s", "50/100ms" or "off". */
int bucket_parse(struct bucket *bucket, struct str text, struct err *err);
void bucket_release(struct bucket *bucket);
/* Whether a request at `now` is granted. Times never go back. */
bool bucket_take(struct bucket *bucket, const struct unknowns *unknowns, uint64_t now);
/* What is left since the last take, and how long until there is more (ns). */
uint64_t bucket_remaining(const struct bucket *bucket);
uint64_t bucket_reset(const struct bucket *bucket, const struct unknowns *unknowns,
		      uint64_t now);

#endif
