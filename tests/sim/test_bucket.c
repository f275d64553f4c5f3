/* The rate limit against a count of all that was granted. */
#include "service_world.h"

#include "bucket.h"

#define MS 1000000ull
#define SECOND 1000000000ull

static void open_bucket(struct bucket *bucket, const char *text)
{
	struct err err = ERR_INIT;

	*bucket = (struct bucket){.budget = 0};
	if (bucket_parse(bucket, str_of(text), &err))
		fail_msg("%s", err.text);
}

static void test_parsing(void **context)
{
	static const struct {
		const char *text;
		uint64_t budget, period;
	} right[] = {
		{"50/10s", 50, 10 * SECOND},
		{"1/1ms", 1, MS},
		{"50/100ms", 50, 100 * MS},
		{"1000000/86400s", 1000000, 86400 * SECOND},
		{"off", 0, 0},
	};
	static const char *const wrong[] = {
		"",
		"50",
		"50/",
		"50/10",
		"50/s",
		"50/ms",
		"0/10s",
		"50/0s",
		"/10s",
		"-1/10s",
		"50/-1s",
		"1000001/1s",
		"50/10s/2s",
		"Off",
		"50 /1s",
		"5x/1s",
		"50/10m",
		"50/99999999999s",
		"99999999999999999999/1s",
	};

	(void)context;
	for (size_t i = 0; i < COUNT(right); i++) {
		struct bucket bucket;

		open_bucket(&bucket, right[i].text);
		assert_int_equal(bucket.budget, right[i].budget);
		assert_int_equal(bucket.period, right[i].period);
		bucket_release(&bucket);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct bucket bucket = {.budget = 0};
		struct err err = ERR_INIT;

		if (!bucket_parse(&bucket, str_of(wrong[i]), &err))
			fail_msg("taken: %s", wrong[i]);
		assert_int_equal(err.class, ERR_USAGE);
		bucket_release(&bucket);
	}
}

static void test_off(void **context)
{
	struct unknowns unknowns = {.window = WINDOW_FIXED};
	struct bucket bucket;

	(void)context;
	open_bucket(&bucket, "off");
	for (uint64_t i = 0; i < 1000; i++)
		assert_true(bucket_take(&bucket, &unknowns, 5));
	assert_int_equal(bucket_reset(&bucket, &unknowns, 5), 0);
	bucket_release(&bucket);
}

/* Requests at these moments (ms) of a bucket of 3 in 100 ms: + granted, - refused. */
static void test_moments(void **context)
{
	static const struct {
		const char *name;
		enum window window;
		enum refused_count refused;
		struct {
			uint64_t at;
			char end;
		} steps[12];
	} cases[] = {
		{"sliding",
		 WINDOW_SLIDING,
		 REFUSED_FREE,
		 {{0, '+'},
		  {50, '+'},
		  {90, '+'},
		  {99, '-'},
		  {100, '+'},
		  {101, '-'},
		  {150, '+'},
		  {189, '-'},
		  {190, '+'},
		  {199, '-'},
		  {200, '+'}}},
		{"sliding, refused ones count",
		 WINDOW_SLIDING,
		 REFUSED_COUNTED,
		 {{0, '+'},
		  {50, '+'},
		  {90, '+'},
		  {99, '-'},
		  {100, '-'},
		  {150, '-'},
		  {189, '-'},
		  {249, '+'},
		  {250, '+'},
		  {251, '-'},
		  {289, '-'}}},
		{"fixed",
		 WINDOW_FIXED,
		 REFUSED_FREE,
		 {{1050, '+'},
		  {1051, '+'},
		  {1099, '+'},
		  {1099, '-'},
		  {1100, '+'},
		  {1101, '+'},
		  {1102, '+'},
		  {1199, '-'},
		  {1200, '+'}}},
		{"fixed, refused ones count",
		 WINDOW_FIXED,
		 REFUSED_COUNTED,
		 {{1050, '+'},
		  {1051, '+'},
		  {1099, '+'},
		  {1099, '-'},
		  {1100, '+'},
		  {1101, '+'},
		  {1102, '+'},
		  {1199, '-'},
		  {1200, '+'}}},
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct unknowns unknowns = {.window = (unsigned char)cases[i].window,
					    .refused_count = (unsigned char)cases[i].refused};
		struct bucket bucket;

		open_bucket(&bucket, "3/100ms");
		for (size_t k = 0; k < COUNT(cases[i].steps) && cases[i].steps[k].end; k++) {
			uint64_t at = cases[i].steps[k].at;
			char end = bucket_take(&bucket, &unknowns, at * MS) ? '+' : '-';

			if (end != cases[i].steps[k].end)
				fail_msg("%s: at %llu: %c", cases[i].name,
					 (unsigned long long)at, end);
		}
		bucket_release(&bucket);
	}
}

/* Never more than the budget in any window that counts, never refused without need, and the
 * time until there is more is the truth. */
static void test_against_count(void **context)
{
	enum { BUDGET = 5, REQUESTS = 20000 };
	uint64_t *granted = mem_calloc(REQUESTS, sizeof(*granted)), seed = 1;

	(void)context;
	for (unsigned window = 0; window < 2; window++) {
		struct unknowns unknowns = {.window = (unsigned char)window};
		uint64_t now = 0, count = 0;
		struct bucket bucket;

		open_bucket(&bucket, "5/10ms");
		for (size_t i = 0; i < REQUESTS; i++) {
			uint64_t from, used = 0, reset;
			bool took;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			now += (seed >> 40) % (4 * MS);
			from = window == WINDOW_FIXED ? now / (10 * MS) * (10 * MS)
						      : now - 10 * MS;
			for (uint64_t k = count; k > 0 && k + BUDGET > count; k--)
				used += window == WINDOW_FIXED ? granted[k - 1] >= from
							       : granted[k - 1] + 10 * MS > now;
			took = bucket_take(&bucket, &unknowns, now);
			assert_int_equal(took, used < BUDGET);
			if (took) {
				granted[count++] = now;
				used++;
			}
			assert_int_equal(bucket_remaining(&bucket), BUDGET - used);
			reset = bucket_reset(&bucket, &unknowns, now);
			assert_true(reset > 0 && reset <= 10 * MS);
			if (took)
				continue;
			/* One moment earlier it is still refused, which changes nothing. */
			assert_false(bucket_take(&bucket, &unknowns, now + reset - 1));
			now += reset;
			assert_true(bucket_take(&bucket, &unknowns, now));
			granted[count++] = now;
		}
		assert_true(count > REQUESTS / 2);
		bucket_release(&bucket);
	}
	free(granted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parsing),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_against_count),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
