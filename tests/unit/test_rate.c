/*
 * The rate limit against services that count in every way they may, simulated in time: requests
 * take a while to arrive and to be answered, up to `parallel` are under way.
 */
#include "rate.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MS (RATE_SECOND / 1000)

/* --- a service ------------------------------------------------------------------------------ */

enum form { FIXED, SLIDING, DRIP };

struct service {
	enum form form;
	uint64_t requests, period;
	uint64_t phase;        /* FIXED: when a window begins */
	bool counts_refused;   /* FIXED, SLIDING */
	uint64_t window, used; /* FIXED */
	uint64_t *log, next;   /* SLIDING: the last `requests` moments */
	long double tokens;    /* DRIP */
	uint64_t tokens_at;
};

static void service_open(struct service *service)
{
	service->log = mem_calloc(service->requests, sizeof(*service->log));
	service->tokens = (long double)service->requests;
}

static void count_one(struct service *service, uint64_t now)
{
	switch (service->form) {
	case FIXED:
		service->used++;
		break;
	case SLIDING:
		service->log[service->next++ % service->requests] = now;
		break;
	case DRIP:
		service->tokens -= 1;
		break;
	}
}

/* Whether it would be granted, without counting it. */
static bool has_room(struct service *service, uint64_t now)
{
	uint64_t window = (now + service->phase) / service->period;
	long double gained;

	switch (service->form) {
	case FIXED:
		if (window != service->window)
			service->used = 0;
		service->window = window;
		return service->used < service->requests;
	case SLIDING:
		/* The one that was counted `requests` ago is still within the period. */
		return service->next < service->requests ||
		       service->log[service->next % service->requests] + service->period <= now;
	case DRIP:
		gained = (long double)(now - service->tokens_at) *
			 (long double)service->requests / (long double)service->period;
		service->tokens += gained;
		if (service->tokens > (long double)service->requests)
			service->tokens = (long double)service->requests;
		service->tokens_at = now;
		return service->tokens >= 1;
	}
	return false;
}

static bool grants(struct service *service, uint64_t now)
{
	bool granted = has_room(service, now);

	if (granted || (service->counts_refused && service->form != DRIP))
		count_one(service, now);
	return granted;
}

/* --- the world in between -------------------------------------------------------------------- */

struct flight {
	bool used, arrived, refused;
	uint64_t ticket, arrives, answered;
};

enum tells { NOTHING, BODY, RETRY_AFTER, REMAINING };

struct run {
	const char *name;
	uint64_t configured, configured_ms; /* of the client */
	struct service service;
	enum tells tells;
	uint64_t latency, jitter; /* one way; plus 0..jitter at random */
	unsigned parallel;
	uint64_t others;       /* one request of others every so many ns; 0: none */
	uint64_t used_before;  /* by others at the start */
	uint64_t wanted;       /* granted requests */
	bool no_refusal;       /* none is allowed */
	unsigned use_percent;  /* at least, of the service's limit, after the first portion */
	unsigned refused_most; /* percent of wanted */
};

static uint64_t seed;

static uint64_t random_below(uint64_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return limit ? seed % limit : 0;
}

static struct flight *free_flight(struct flight *flights, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!flights[i].used)
			return &flights[i];
	return NULL;
}

static uint64_t due(const struct flight *flight)
{
	if (!flight->used)
		return UINT64_MAX;
	return flight->arrived ? flight->answered : flight->arrives;
}

static struct flight *next_flight(struct flight *flights, unsigned count)
{
	struct flight *first = &flights[0];

	for (unsigned i = 1; i < count; i++)
		if (due(&flights[i]) < due(first))
			first = &flights[i];
	return first;
}

static struct rate_hint hint_of(const struct run *run, const struct service *service,
				bool refused, uint64_t now)
{
	uint64_t in_window = (now + service->phase) % service->period;
	uint64_t left_s = (service->period - in_window + RATE_SECOND - 1) / RATE_SECOND;
	struct rate_hint hint = {.requests = 0};

	switch (run->tells) {
	case NOTHING:
		break;
	case BODY:
		if (refused)
			hint = (struct rate_hint){.requests = service->requests,
						  .window_s = service->period / RATE_SECOND};
		break;
	case RETRY_AFTER:
		if (refused)
			hint = (struct rate_hint){.has_retry = true, .retry_s = left_s};
		break;
	case REMAINING:
		hint = (struct rate_hint){.has_remaining = true,
					  .remaining = service->requests - service->used,
					  .reset_s = left_s};
		break;
	}
	return hint;
}

struct outcome {
	uint64_t granted, refused, elapsed;
};

static void answer(const struct run *run, struct service *service, struct rate *rate,
		   struct flight *flight, uint64_t now, struct outcome *outcome)
{
	struct rate_hint hint = hint_of(run, service, flight->refused, now);

	rate_answered(rate, flight->ticket, now);
	rate_learn(rate, flight->ticket, now, flight->refused, &hint);
	flight->used = false;
	if (flight->refused)
		outcome->refused++;
	else
		outcome->granted++;
}

static struct outcome simulate(const struct run *run)
{
	struct service service = run->service;
	struct flight flights[64] = {{0}};
	uint64_t now = 5 * RATE_SECOND + random_below(service.period), start = now;
	uint64_t others_at = now;
	struct outcome outcome = {0};
	struct rate rate;

	service_open(&service);
	has_room(&service, now);
	for (uint64_t i = 0; i < run->used_before; i++)
		grants(&service, now);
	rate_init(&rate, run->configured, run->configured_ms);
	while (outcome.granted < run->wanted) {
		struct flight *idle = free_flight(flights, run->parallel);
		struct flight *event = next_flight(flights, run->parallel);
		uint64_t ready = idle ? rate_ready(&rate, now) : UINT64_MAX;
		uint64_t at = ready < now ? now : ready;
		uint64_t others = run->others ? others_at : UINT64_MAX;

		assert_true(outcome.granted + outcome.refused < 40 * run->wanted);
		if (others <= at && others <= due(event)) {
			now = others > now ? others : now;
			grants(&service, now);
			others_at += run->others / 2 + random_below(run->others);
		} else if (at <= due(event)) {
			assert_true(at != UINT64_MAX);
			now = at;
			if (rate_ready(&rate, now) > now)
				continue;
			*idle = (struct flight){.used = true,
						.ticket = rate_take(&rate, now),
						.arrives = now + run->latency +
							   random_below(run->jitter)};
		} else if (!event->arrived) {
			now = event->arrives;
			event->refused = !grants(&service, now);
			event->arrived = true;
			event->answered = now + run->latency + random_below(run->jitter);
		} else {
			now = event->answered;
			answer(run, &service, &rate, event, now, &outcome);
		}
	}
	outcome.elapsed = now - start;
	rate_release(&rate);
	free(service.log);
	return outcome;
}

#define SECONDS(n) ((n)*RATE_SECOND)
#define OF(kind, n, s) .service = {.form = (kind), .requests = (n), .period = SECONDS(s)}

static const struct run runs[] = {
	/* Alone: never refused, at least 95 % used, however the service counts. */
	{"fixed", 50, 10000, OF(FIXED, 50, 10), NOTHING, 20 * MS, 60 * MS, 4, .wanted = 3000,
	 .no_refusal = true, .use_percent = 95},
	{"sliding", 50, 10000, OF(SLIDING, 50, 10), NOTHING, 20 * MS, 60 * MS, 4,
	 .wanted = 3000, .no_refusal = true, .use_percent = 95},
	{"drip", 50, 10000, OF(DRIP, 50, 10), NOTHING, 20 * MS, 60 * MS, 4, .wanted = 3000,
	 .no_refusal = true, .use_percent = 95},
	{"sliding, near", 50, 10000, OF(SLIDING, 50, 10), NOTHING, MS / 2, MS, 4,
	 .wanted = 3000, .no_refusal = true, .use_percent = 99},
	/* Answers far slower than is waited for, but counted in time. */
	{"slow", 50, 10000, OF(SLIDING, 50, 10), NOTHING, 300 * MS, 90 * MS, 8, .wanted = 3000,
	 .no_refusal = true, .use_percent = 95},
	{"jitter of a second", 50, 10000, OF(SLIDING, 50, 10), BODY, 20 * MS, SECONDS(1), 8,
	 .wanted = 3000, .use_percent = 90, .refused_most = 5},
	{"a thousand a second", 1000, 1000, OF(SLIDING, 1000, 1), NOTHING, MS / 10, MS, 16,
	 .wanted = 30000, .no_refusal = true, .use_percent = 95},
	{"one at a time", 1, 1000, OF(SLIDING, 1, 1), NOTHING, MS, MS, 4, .wanted = 200,
	 .no_refusal = true, .use_percent = 95},
	{"headers of a fixed window", 50, 10000, OF(FIXED, 50, 10), REMAINING, 20 * MS, 60 * MS,
	 4, .wanted = 3000, .no_refusal = true, .use_percent = 95},
	/* Somebody used it up just before. */
	{"used before", 50, 10000, OF(SLIDING, 50, 10), NOTHING, 20 * MS, 60 * MS, 4,
	 .used_before = 50, .wanted = 3000, .use_percent = 95, .refused_most = 1},
	{"used before, refusals count", 50, 10000,
	 .service = {.form = SLIDING,
		     .requests = 50,
		     .period = SECONDS(10),
		     .counts_refused = true},
	 NOTHING, 20 * MS, 60 * MS, 4, .used_before = 50, .wanted = 3000, .use_percent = 95,
	 .refused_most = 1},
	{"used before, told when", 50, 10000, OF(FIXED, 50, 10), RETRY_AFTER, 20 * MS, 60 * MS,
	 4, .used_before = 50, .wanted = 3000, .use_percent = 95, .refused_most = 1},
	/* The limit is lower than configured, or not configured at all. */
	{"told by the body", 50, 10000, OF(SLIDING, 20, 10), BODY, 20 * MS, 60 * MS, 4,
	 .wanted = 2000, .use_percent = 95, .refused_most = 1},
	{"not configured, told by the body", 0, 0, OF(SLIDING, 50, 10), BODY, 20 * MS, 60 * MS,
	 4, .wanted = 2000, .use_percent = 95, .refused_most = 1},
	{"longer windows", 50, 10000, OF(FIXED, 100, 60), BODY, 20 * MS, 60 * MS, 4,
	 .wanted = 2000, .use_percent = 95, .refused_most = 1},
	{"lower and never told", 50, 10000, OF(SLIDING, 40, 10), NOTHING, 20 * MS, 60 * MS, 4,
	 .wanted = 2000, .use_percent = 85, .refused_most = 25},
	{"lower, told when", 50, 10000, OF(FIXED, 40, 10), RETRY_AFTER, 20 * MS, 60 * MS, 4,
	 .wanted = 2000, .use_percent = 95, .refused_most = 12},
	/* Others use a half of it all the time: what is left is used. */
	{"shared", 50, 10000, OF(SLIDING, 50, 10), BODY, 20 * MS, 60 * MS, 4,
	 .others = SECONDS(10) / 25, .wanted = 2000, .use_percent = 50, .refused_most = 30},
	{"shared, with headers", 50, 10000, OF(FIXED, 50, 10), REMAINING, 20 * MS, 60 * MS, 4,
	 .others = SECONDS(10) / 25, .wanted = 2000, .use_percent = 50, .refused_most = 10},
};

static void services_are_used_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(runs); i++) {
		const struct run *run = &runs[i];

		for (unsigned round = 1; round <= 8; round++) {
			struct outcome outcome;
			long double use;

			seed = round * UINT64_C(0x9e3779b97f4a7c15);
			outcome = simulate(run);
			/* The first portion comes at once, so it is left out. */
			use = 100.0L * (long double)(run->wanted - run->service.requests) *
			      (long double)run->service.period /
			      ((long double)run->service.requests *
			       (long double)outcome.elapsed);
			if (use < run->use_percent ||
			    (run->no_refusal && outcome.refused > 0) ||
			    100 * outcome.refused > run->refused_most * run->wanted)
				fail_msg("%s, round %u: %.1Lf %% used, %lu refused of %lu",
					 run->name, round, use, (unsigned long)outcome.refused,
					 (unsigned long)run->wanted);
			if (round == 1)
				print_message("%-34s %5.1Lf %% used, %lu refused of %lu\n",
					      run->name, use, (unsigned long)outcome.refused,
					      (unsigned long)run->wanted);
		}
	}
}

/* --- single steps ---------------------------------------------------------------------------- */

static const struct rate_hint no_hint;

/* Takes and answers `count` requests at `now`. */
static void use(struct rate *rate, unsigned count, uint64_t now)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t ticket;

		assert_true(rate_ready(rate, now) <= now);
		ticket = rate_take(rate, now);
		rate_answered(rate, ticket, now);
		rate_learn(rate, ticket, now, false, &no_hint);
	}
}

static void no_limit_is_none(void **state)
{
	static const struct {
		uint64_t requests, period_ms;
	} none[] = {{0, 0}, {0, 1000}, {50, 0}, {RATE_REQUESTS_MOST + 1, 1000}};

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		struct rate rate;

		rate_init(&rate, none[i].requests, none[i].period_ms);
		use(&rate, 100000, 7);
		assert_true(rate.slot_count <= 64);
		rate_release(&rate);
	}
}

static void what_was_not_sent_does_not_count(void **state)
{
	uint64_t now = SECONDS(1), over = now + SECONDS(10) + 20 * MS; /* with the slack */
	struct rate rate;

	(void)state;
	rate_init(&rate, 3, 10000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(rate_ready(&rate, now) <= now);
		rate_return(&rate, rate_take(&rate, now));
	}
	use(&rate, 3, now);
	assert_true(rate_ready(&rate, now) == over);
	assert_true(rate_ready(&rate, over) <= over);
	rate_release(&rate);
}

static void an_answer_is_waited_for_a_while(void **state)
{
	struct rate rate;
	uint64_t ticket;

	(void)state;
	rate_init(&rate, 1, 10000);
	ticket = rate_take(&rate, SECONDS(1));
	assert_true(rate_ready(&rate, SECONDS(2)) == SECONDS(11) + 420 * MS);
	rate_answered(&rate, ticket, SECONDS(1) + 100 * MS);
	assert_true(rate_ready(&rate, SECONDS(2)) == SECONDS(11) + 120 * MS);
	rate_release(&rate);
}

static const struct {
	struct rate_hint hint;
	bool refused;
	uint64_t ready; /* for a request of second 100, of 2 in 10 s */
} hints[] = {
	{{0}, false, SECONDS(100)},
	{{0}, true, SECONDS(100) + 500 * MS},
	{{.has_retry = true, .retry_s = 7}, true, SECONDS(107)},
	{{.has_retry = true, .retry_s = 0}, true, SECONDS(100) + 500 * MS},
	{{.has_retry = true, .retry_s = UINT64_MAX}, true, SECONDS(100 + RATE_HOLD_MOST_S)},
	/* Of others than 429 it is the caller's matter. */
	{{.has_retry = true, .retry_s = 7}, false, SECONDS(100)},
	{{.has_remaining = true, .remaining = 0, .reset_s = 4}, true, SECONDS(104)},
	{{.has_remaining = true, .remaining = 0, .reset_s = 4}, false, SECONDS(104)},
	{{.has_remaining = true, .remaining = 1, .reset_s = 4}, false, SECONDS(100)},
	{{.has_remaining = true, .reset_s = UINT64_MAX},
	 false,
	 SECONDS(100 + RATE_HOLD_MOST_S)},
	{{.requests = 1, .window_s = 10}, false, SECONDS(110) + 20 * MS},
	{{.requests = 1, .window_s = 10}, true, SECONDS(110) + 20 * MS},
	{{.requests = 1, .window_s = 100}, false, SECONDS(200) + 200 * MS},
	{{.requests = 1, .window_s = 5}, false, SECONDS(105) + 10 * MS},
	/* Not tighter, or nonsense. */
	{{.requests = 1, .window_s = 4}, false, SECONDS(100)},
	{{.requests = 3, .window_s = 15}, false, SECONDS(100)},
	{{.requests = 1, .window_s = 0}, false, SECONDS(100)},
	{{.requests = 0, .window_s = 100}, false, SECONDS(100)},
	{{.requests = 1, .window_s = UINT64_MAX}, false, SECONDS(100)},
	{{.requests = UINT64_MAX, .window_s = 1}, false, SECONDS(100)},
};

static void hints_are_followed_within_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hints); i++) {
		struct rate rate;
		uint64_t ticket, ready;

		rate_init(&rate, 2, 10000);
		rate_ready(&rate, SECONDS(100));
		ticket = rate_take(&rate, SECONDS(100));
		rate_answered(&rate, ticket, SECONDS(100));
		rate_learn(&rate, ticket, SECONDS(100), hints[i].refused, &hints[i].hint);
		ready = rate_ready(&rate, SECONDS(100));
		if (ready < SECONDS(100))
			ready = SECONDS(100);
		if (ready != hints[i].ready)
			fail_msg("hint %zu: ready %lu ms after", i,
				 (unsigned long)((ready - SECONDS(100)) / MS));
		rate_release(&rate);
	}
}

static void a_hold_is_bounded_and_only_grows(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 0, 0);
	rate_hold(&rate, SECONDS(1), 5);
	rate_hold(&rate, SECONDS(2), 1);
	assert_true(rate_ready(&rate, SECONDS(2)) == SECONDS(6));
	rate_hold(&rate, SECONDS(2), UINT64_MAX);
	assert_true(rate_ready(&rate, SECONDS(2)) == SECONDS(2 + RATE_HOLD_MOST_S));
	rate_release(&rate);
}

static void after_a_refusal_one_goes_at_a_time(void **state)
{
	uint64_t now = SECONDS(1), first, second, probe;
	const uint64_t pauses[] = {500 * MS, SECONDS(1), SECONDS(2), SECONDS(2)};
	struct rate rate;

	(void)state;
	rate_init(&rate, 50, 10000);
	first = rate_take(&rate, now);
	second = rate_take(&rate, now);
	for (size_t i = 0; i < COUNT(pauses); i++) {
		probe = i == 0 ? first : rate_take(&rate, now);
		if (i > 0)
			assert_true(rate_ready(&rate, now) == RATE_NEVER);
		rate_answered(&rate, probe, now);
		rate_learn(&rate, probe, now, true, &no_hint);
		assert_true(rate_ready(&rate, now) == now + pauses[i]);
		now += pauses[i];
	}
	probe = rate_take(&rate, now);
	/* What was sent before the first refusal says nothing about now, either way. */
	rate_answered(&rate, second, now);
	rate_learn(&rate, second, now, false, &no_hint);
	assert_true(rate_ready(&rate, now) == RATE_NEVER);
	/* One that never left makes room for the next. */
	rate_return(&rate, probe);
	assert_true(rate_ready(&rate, now) <= now);
	probe = rate_take(&rate, now);
	rate_answered(&rate, probe, now);
	rate_learn(&rate, probe, now, false, &no_hint);
	use(&rate, 40, now);
	rate_release(&rate);
}

/* Any order of calls, any hints: nothing is out of bounds (sanitizers), and it always goes on. */
static void any_order_of_calls_is_fine(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 200; round++) {
		uint64_t open[40], now = 0;
		size_t count = 0;
		struct rate rate;

		seed = round * UINT64_C(0x9e3779b97f4a7c15);
		rate_init(&rate, random_below(200), random_below(3) * 500);
		for (unsigned step = 0; step < 2000; step++) {
			uint64_t ready = rate_ready(&rate, now);
			struct rate_hint hint = {0};

			if (ready <= now && count < COUNT(open)) {
				open[count++] = rate_take(&rate, now);
				continue;
			}
			if (count == 0) {
				assert_true(ready != RATE_NEVER);
				now = ready > now ? ready : now;
				continue;
			}
			for (size_t at = random_below(count--); at < count; at++) {
				uint64_t last = open[at];

				open[at] = open[count];
				open[count] = last;
			}
			now += random_below(300 * MS);
			if (random_below(10) == 0) {
				rate_return(&rate, open[count]);
				continue;
			}
			if (random_below(20) == 0)
				hint = (struct rate_hint){.requests = random_below(1000),
							  .window_s = random_below(5),
							  .has_remaining = random_below(2),
							  .remaining = random_below(2),
							  .reset_s = random_below(9)};
			rate_answered(&rate, open[count], now);
			rate_learn(&rate, open[count], now, random_below(15) == 0, &hint);
		}
		rate_release(&rate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit_is_none),
		cmocka_unit_test(what_was_not_sent_does_not_count),
		cmocka_unit_test(an_answer_is_waited_for_a_while),
		cmocka_unit_test(hints_are_followed_within_bounds),
		cmocka_unit_test(a_hold_is_bounded_and_only_grows),
		cmocka_unit_test(after_a_refusal_one_goes_at_a_time),
		cmocka_unit_test(any_order_of_calls_is_fine),
		cmocka_unit_test(services_are_used_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
