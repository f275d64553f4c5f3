/*
 * A rate limit of somebody else's service, kept from this side: at most N requests in any period
 * T. Pure: the time is passed in (nanoseconds of any clock that never goes back), nothing waits.
 *
 *     while (work is left) {
 *         while (rate_ready(&rate, now) > now)
 *             wait until then, or until an answer comes
 *         ticket = rate_take(&rate, now);
 *         send; never left this host: rate_return(&rate, ticket); else, when it ended:
 *         rate_answered(&rate, ticket, now);
 *         rate_learn(&rate, ticket, now, status == 429, &hint);
 *     }
 *
 * How the service counts is unknown (reference: zivver-api.md, "Not known"): windows that begin
 * at fixed moments, or any stretch of length T, or tokens that drip in. What holds for any
 * stretch holds for the others too, so that is what is kept. The service counts a request at some
 * moment between its sending and its answer, so a slot is free again T after the *answer*: then
 * no jitter of the network can bring N + 1 requests into one period of the service. An answer
 * slower than T / 25 (at least 50 ms) is not waited for: the slot is free T after that moment,
 * which assumes that no request takes longer to be counted. With the slack for clocks (T / 500) a
 * client that always has work uses at least 1 / 1.042 = 95.9 % of the limit.
 *
 * When the service refuses all the same (others use the same key, an earlier process did), one
 * request at a time goes out, after what the service asked for, or else after T / 20, T / 10, and
 * then every T / 5, until one is granted. Refused requests count as requests.
 */
#ifndef ZSCTL_RATE_H
#define ZSCTL_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_SECOND UINT64_C(1000000000)
/* rate_ready(): only an answer to something under way can tell. */
#define RATE_NEVER UINT64_MAX

enum {
	RATE_REQUESTS_MOST = 1000000, /* larger limits are none */
	RATE_WINDOW_MOST_S = 86400,
	RATE_HOLD_MOST_S = 900, /* however long the service asks to stay away */
};

struct rate_limit {
	uint64_t requests; /* 0: no limit */
	uint64_t period;   /* nanoseconds */
	uint64_t tail;     /* the oldest ticket that still counts */
};

struct rate_slot {
	uint64_t taken;
	uint64_t counted; /* the latest moment at which the service can have counted it */
};

struct rate {
	struct rate_limit configured, learned;
	struct rate_slot *slots; /* by ticket, a ring */
	uint64_t slot_count;     /* a power of two */
	uint64_t next;           /* ticket */
	uint64_t held_until;
	uint64_t refused_at; /* what was taken before that ticket tells nothing new */
	uint64_t pause;      /* the last one that was chosen here; 0 when nothing is refused */
	bool probing;        /* one request at a time */
	uint64_t probe;      /* its ticket, when one is under way */
	bool probe_under_way;
};

#define RATE_INIT             \
	{                     \
		.slots = NULL \
	}

/* What an answer says about the limit; each part may be absent. */
struct rate_hint {
	/* Of 429 bodies ("budget", "windowSeconds") and RateLimit-Limit; 0: not said. Values out
	 * of bounds are as good as absent. */
	uint64_t requests, window_s;
	bool has_remaining; /* RateLimit-Remaining and RateLimit-Reset, both */
	uint64_t remaining, reset_s;
	bool has_retry; /* Retry-After, already in seconds from now */
	uint64_t retry_s;
};

/* `requests` per `period_ms`; either 0: no limit until the service tells one. */
void rate_init(struct rate *rate, uint64_t requests, uint64_t period_ms);
void rate_release(struct rate *rate);

/* When the next request may go: a moment, maybe past, or RATE_NEVER. `now` moves what is over
 * out of the count. */
uint64_t rate_ready(struct rate *rate, uint64_t now);
/* Only when rate_ready() <= now. */
uint64_t rate_take(struct rate *rate, uint64_t now);
/* That request never left this host: it does not count. */
void rate_return(struct rate *rate, uint64_t ticket);
/* It ended, whichever way. Every ticket ends by this or by rate_return(), once. */
void rate_answered(struct rate *rate, uint64_t ticket, uint64_t now);
/* After rate_answered(): with what the answer told. `refused`: it was a 429. */
void rate_learn(struct rate *rate, uint64_t ticket, uint64_t now, bool refused,
		const struct rate_hint *hint);
/* Nothing goes out before now + seconds (at most RATE_HOLD_MOST_S): a 503 with Retry-After. */
void rate_hold(struct rate *rate, uint64_t now, uint64_t seconds);

#endif
