#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The C library is the yardstick. */
static void agrees_with_gmtime(void **state)
{
	(void)state;
	for (int64_t t = -62135596800; t <= 253402300799; t += 86400 * 13 + 12347) {
		struct tm parts;
		time_t library = (time_t)t;
		char expected[64], text[TIME_TEXT_SIZE], date[DATE_TEXT_SIZE];
		int64_t back = 0;
		int32_t days = 0;

		assert_non_null(gmtime_r(&library, &parts));
		snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
			 parts.tm_min, parts.tm_sec);
		time_text(t, text);
		assert_string_equal(text, expected);
		assert_true(time_parse(str_of(text), &back));
		assert_true(back == t);
		date_text(date_of(t), date);
		assert_memory_equal(date, expected, 10);
		assert_true(date_parse(str_of(date), &days));
		assert_int_equal(days, date_of(t));
	}
}

static void refuses_other_forms(void **state)
{
	static const char *const dates[] = {"",           "2026-11-2",  "2026-11-201",
					    "2026/11/20", "2026-13-01", "2026-00-01",
					    "2026-01-00", "2026-01-32", "2026-04-31",
					    "2026-02-29", "2100-02-29", "0000-01-01",
					    "-026-01-01", "2026-1a-01", "2026-01- 1",
					    "20261120"};
	static const char *const times[] = {"2026-11-20",           "2026-11-20T10:15:00",
					    "2026-11-20 10:15:00Z", "2026-11-20T24:00:00Z",
					    "2026-11-20T10:60:00Z", "2026-11-20T10:15:60Z",
					    "2026-11-20T10:15:00z", "2026-11-20T1a:15:00Z",
					    "2026-02-30T10:15:00Z", "2026-11-20T10.15:00Z",
					    "2026-11-20T10:15:00Z "};
	int64_t seconds = 7;
	int32_t days = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
		if (date_parse(str_of(dates[i]), &days))
			fail_msg("%s is no date", dates[i]);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (time_parse(str_of(times[i]), &seconds))
			fail_msg("%s is no time", times[i]);
	assert_int_equal(seconds, 7);
	assert_int_equal(days, 7);
	assert_true(date_parse(STR("2024-02-29"), &days));
	assert_true(date_parse(STR("1970-01-02"), &days));
	assert_int_equal(days, 1);
	assert_true(date_parse(STR("2000-02-29"), &days));
}

static void stays_within_its_range(void **state)
{
	char text[TIME_TEXT_SIZE], date[DATE_TEXT_SIZE];

	(void)state;
	time_text(INT64_MIN, text);
	assert_string_equal(text, "0001-01-01T00:00:00Z");
	time_text(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	date_text(INT32_MIN, date);
	assert_string_equal(date, "0001-01-01");
	date_text(INT32_MAX, date);
	assert_string_equal(date, "9999-12-31");
	assert_int_equal(date_of(-1), -1);
	assert_int_equal(date_of(-86400), -1);
	assert_int_equal(date_of(86399), 0);
}

static void reads_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* 0: refused */
		const char *shortest;
	} cases[] = {{"90s", 90, "90s"},
		     {"15m", 900, "15m"},
		     {"72h", 259200, "3d"},
		     {"30d", 2592000, "30d"},
		     {"60m", 3600, "1h"},
		     {"36h", 129600, "36h"},
		     {"36525d", 3155760000, "36525d"},
		     {"36526d", 0, ""},
		     {"18446744073709551615s", 0, ""},
		     {"0d", 0, ""},
		     {"", 0, ""},
		     {"d", 0, ""},
		     {"30", 0, ""},
		     {"-1d", 0, ""},
		     {"1.5h", 0, ""},
		     {"1w", 0, ""},
		     {"1D", 0, ""},
		     {"1d ", 0, ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t seconds = 0;
		char text[32];

		assert_int_equal(duration_parse(str_of(cases[i].text), &seconds),
				 cases[i].seconds != 0);
		assert_true(seconds == cases[i].seconds);
		if (seconds) {
			duration_text(seconds, text, sizeof(text));
			assert_string_equal(text, cases[i].shortest);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_gmtime),
		cmocka_unit_test(refuses_other_forms),
		cmocka_unit_test(stays_within_its_range),
		cmocka_unit_test(reads_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
