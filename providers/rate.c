#include "rate.h"

#include "base/arena.h"

#include <stdlib.h>

enum {
	LATE_PART = 25,   /* an answer later than a period / 25 is not waited for … */
	SLACK_PART = 500, /* between two clocks */
	PAUSE_PART = 20,  /* the first pause after a refusal … */
	PAUSE_MOST = 4,   /* … and the longest, in first ones */
	SLOTS_FIRST = 64,
	PERIOD_UNKNOWN_S = 10,
};
#define MILLISECOND (RATE_SECOND / 1000)
#define LATE_LEAST (50 * MILLISECOND)
#define PAUSE_LEAST (10 * MILLISECOND)

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void rate_init(struct rate *rate, uint64_t requests, uint64_t period_ms)
{
	*rate = (struct rate)RATE_INIT;
	if (requests == 0 || period_ms == 0 || requests > RATE_REQUESTS_MOST)
		return;
	rate->configured.requests = requests;
	rate->configured.period = least(period_ms, UINT64_C(1000) * RATE_WINDOW_MOST_S) *
				  MILLISECOND;
}

void rate_release(struct rate *rate)
{
	free(rate->slots);
	*rate = (struct rate)RATE_INIT;
}

static struct rate_slot *slot_of(const struct rate *rate, uint64_t ticket)
{
	return &rate->slots[ticket & (rate->slot_count - 1)];
}

/* The oldest ticket that is remembered. */
static uint64_t oldest(const struct rate *rate)
{
	return least(rate->configured.tail, rate->learned.tail);
}

static uint64_t free_at(const struct rate *rate, const struct rate_limit *limit,
			uint64_t ticket)
{
	const struct rate_slot *slot = slot_of(rate, ticket);
	uint64_t late = slot->taken + most(limit->period / LATE_PART, LATE_LEAST);

	if (slot->counted == 0)
		return 0;
	return least(slot->counted, late) + limit->period +
	       most(limit->period / SLACK_PART, MILLISECOND);
}

/*
 * In order: a slot counts at least as long as those taken before it. That keeps the count exact
 * enough for a ring, and costs less than LATE_PART where answers overtake each other.
 */
static void advance(const struct rate *rate, struct rate_limit *limit, uint64_t now)
{
	if (limit->requests == 0) {
		limit->tail = rate->next;
		return;
	}
	while (limit->tail < rate->next && free_at(rate, limit, limit->tail) <= now)
		limit->tail++;
}

static uint64_t ready_by(const struct rate *rate, const struct rate_limit *limit)
{
	if (rate->next - limit->tail < limit->requests || limit->requests == 0)
		return 0;
	return most(free_at(rate, limit, limit->tail),
		    free_at(rate, limit, rate->next - limit->requests));
}

uint64_t rate_ready(struct rate *rate, uint64_t now)
{
	advance(rate, &rate->configured, now);
	advance(rate, &rate->learned, now);
	if (rate->probing && rate->probe_under_way)
		return RATE_NEVER;
	return most(rate->held_until,
		    most(ready_by(rate, &rate->configured), ready_by(rate, &rate->learned)));
}

/* Room for one more ticket. */
static void grow(struct rate *rate)
{
	uint64_t count = rate->slot_count ? 2 * rate->slot_count : SLOTS_FIRST;
	struct rate_slot *slots;

	if (rate->slot_count > 0 && rate->next - oldest(rate) < rate->slot_count)
		return;
	slots = mem_calloc(count, sizeof(*slots));
	for (uint64_t ticket = oldest(rate); ticket < rate->next; ticket++)
		slots[ticket & (count - 1)] = *slot_of(rate, ticket);
	free(rate->slots);
	rate->slots = slots;
	rate->slot_count = count;
}

uint64_t rate_take(struct rate *rate, uint64_t now)
{
	uint64_t ticket;

	grow(rate);
	ticket = rate->next++;
	*slot_of(rate, ticket) = (struct rate_slot){.taken = now, .counted = UINT64_MAX};
	if (rate->probing) {
		rate->probe = ticket;
		rate->probe_under_way = true;
	}
	return ticket;
}

static void end(struct rate *rate, uint64_t ticket, uint64_t counted)
{
	if (ticket >= oldest(rate) && ticket < rate->next)
		slot_of(rate, ticket)->counted = counted;
	if (rate->probe_under_way && rate->probe == ticket)
		rate->probe_under_way = false;
}

void rate_return(struct rate *rate, uint64_t ticket)
{
	end(rate, ticket, 0);
}

void rate_answered(struct rate *rate, uint64_t ticket, uint64_t now)
{
	end(rate, ticket, most(now, 1)); /* 0 is for what was returned */
}

static bool sane(uint64_t requests, uint64_t window_s)
{
	return requests > 0 && requests <= RATE_REQUESTS_MOST && window_s > 0 &&
	       window_s <= RATE_WINDOW_MOST_S;
}

/* A lower rate, or the same one in smaller portions. Milliseconds, so that the products fit. */
static bool tighter(uint64_t requests, uint64_t period, const struct rate_limit *than)
{
	uint64_t theirs = than->requests * (period / MILLISECOND);
	uint64_t ours = requests * (than->period / MILLISECOND);

	return ours < theirs || (ours == theirs && requests < than->requests);
}

/* Never looser: a limit above the configured one is not ours to use. */
static void learn_limit(struct rate *rate, uint64_t requests, uint64_t period)
{
	if (rate->configured.requests > 0 && !tighter(requests, period, &rate->configured))
		return;
	if (rate->learned.requests > 0 && !tighter(requests, period, &rate->learned))
		return;
	/* What is forgotten by now is longer ago than the other limit's period; the pause after
	 * a refusal covers it. */
	rate->learned = (struct rate_limit){requests, period, oldest(rate)};
}

static uint64_t after(uint64_t now, uint64_t seconds)
{
	return now + least(seconds, RATE_HOLD_MOST_S) * RATE_SECOND;
}

void rate_hold(struct rate *rate, uint64_t now, uint64_t seconds)
{
	rate->held_until = most(rate->held_until, after(now, seconds));
}

static void refuse(struct rate *rate, uint64_t now, const struct rate_hint *hint, bool news)
{
	uint64_t period = rate->learned.requests      ? rate->learned.period
			  : rate->configured.requests ? rate->configured.period
						      : PERIOD_UNKNOWN_S * RATE_SECOND;
	uint64_t first = most(period / PAUSE_PART, PAUSE_LEAST);
	uint64_t until = 0;

	if (news) {
		rate->pause = rate->pause ? least(2 * rate->pause, PAUSE_MOST * first) : first;
		rate->refused_at = rate->next;
		until = now + rate->pause;
	}
	if (hint->has_retry)
		until = most(after(now, hint->retry_s), now + first);
	else if (hint->has_remaining && hint->remaining == 0)
		until = most(after(now, hint->reset_s), now + first);
	rate->held_until = most(rate->held_until, until);
	rate->probing = true;
}

void rate_learn(struct rate *rate, uint64_t ticket, uint64_t now, bool refused,
		const struct rate_hint *hint)
{
	/* Several were under way when the first refusal came: the others say the same again. */
	bool news = ticket >= rate->refused_at;

	if (sane(hint->requests, hint->window_s))
		learn_limit(rate, hint->requests, hint->window_s * RATE_SECOND);
	if (refused) {
		refuse(rate, now, hint, news);
		return;
	}
	if (news) {
		rate->probing = false;
		rate->pause = 0;
	}
	/* Nothing remains although our own count says that something does: others use it too.
	 * Where our count agrees it is the finer clock. */
	if (hint->has_remaining && hint->remaining == 0 && rate_ready(rate, now) <= now)
		rate->held_until = most(rate->held_until, after(now, hint->reset_s));
}
