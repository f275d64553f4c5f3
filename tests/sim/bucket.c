#include "bucket.h"

#include <stdlib.h>

enum { BUDGET_MOST = 1000000 };

int bucket_parse(struct bucket *bucket, struct str text, struct err *err)
{
	struct str rest = text, part;
	uint64_t budget, period, unit = 1000000000;

	if (str_is(text, "off")) {
		bucket->budget = 0;
		return 0;
	}
	if (!str_split(&rest, '/', &part) || !str_to_u64(part, &budget) || budget == 0 ||
	    budget > BUDGET_MOST)
		return err_set(err, ERR_USAGE, "bucket: not %.*s, but 50/10s, 50/100ms or off",
			       STR_FMT(text));
	if (str_ends(rest, "ms")) {
		unit = 1000000;
		rest.len -= 2;
	} else if (str_ends(rest, "s")) {
		rest.len -= 1;
	} else {
		rest.len = 0;
	}
	if (!str_to_u64(rest, &period) || period == 0 || period > 86400000)
		return err_set(err, ERR_USAGE, "bucket: the window of %.*s is no time like 10s",
			       STR_FMT(text));
	bucket->budget = budget;
	bucket->period = period * unit;
	bucket->taken = mem_calloc(budget, sizeof(*bucket->taken));
	return 0;
}

void bucket_release(struct bucket *bucket)
{
	free(bucket->taken);
	*bucket = (struct bucket){0};
}

/* When the oldest request stops counting. */
static uint64_t oldest_until(const struct bucket *bucket, const struct unknowns *unknowns)
{
	uint64_t at = bucket->taken[bucket->oldest % bucket->budget];

	if (unknowns->window == WINDOW_FIXED)
		return (at / bucket->period + 1) * bucket->period;
	return at + bucket->period;
}

bool bucket_take(struct bucket *bucket, const struct unknowns *unknowns, uint64_t now)
{
	bool granted;

	if (bucket->budget == 0)
		return true;
	while (bucket->oldest < bucket->next && oldest_until(bucket, unknowns) <= now)
		bucket->oldest++;
	granted = bucket->next - bucket->oldest < bucket->budget;
	if (!granted && unknowns->refused_count == REFUSED_COUNTED)
		bucket->oldest++;
	if (granted || unknowns->refused_count == REFUSED_COUNTED)
		bucket->taken[bucket->next++ % bucket->budget] = now;
	return granted;
}

uint64_t bucket_remaining(const struct bucket *bucket)
{
	return bucket->budget - (bucket->next - bucket->oldest);
}

uint64_t bucket_reset(const struct bucket *bucket, const struct unknowns *unknowns,
		      uint64_t now)
{
	uint64_t until;

	if (bucket->oldest == bucket->next)
		return 0;
	until = oldest_until(bucket, unknowns);
	return until > now ? until - now : 0;
}
