/*
 * UTC and the proleptic Gregorian calendar without the C library's time zone. Day numbers follow
 * Howard Hinnant's "chrono-compatible low-level date algorithms": years start in March, so that
 * the leap day is a year's last, and 400 years have 146,097 days.
 */
#include "os.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DAY = 86400,
	ERA_DAYS = 146097,
	EPOCH = 719468,       /* days from 0000-03-01 to 1970-01-01 */
	FIRST_DATE = -719162, /* 0001-01-01 */
	LAST_DATE = 2932896,  /* 9999-12-31 */
	LONGEST_DAYS = 36525, /* durations: a century */
};

int64_t os_now(void)
{
	return time(NULL);
}

uint64_t os_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static int32_t days_from_civil(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year; /* >= 0: dates start in the year 1 */
	int era = y / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - EPOCH;
}

void date_text(int32_t days, char out[DATE_TEXT_SIZE])
{
	int shifted, era, day_of_era, year_of_era, day_of_year, month, day, year;

	if (days < FIRST_DATE)
		days = FIRST_DATE;
	if (days > LAST_DATE)
		days = LAST_DATE;
	shifted = days + EPOCH;
	era = shifted / ERA_DAYS;
	day_of_era = shifted - era * ERA_DAYS;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
		       day_of_era / (ERA_DAYS - 1)) /
		      365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	day = day_of_year - (153 * month + 2) / 5 + 1;
	month += month < 10 ? 3 : -9;
	year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
	/* The remainders tell the compiler that everything fits. */
	snprintf(out, DATE_TEXT_SIZE, "%04u-%02u-%02u", (unsigned)year % 10000u,
		 (unsigned)month % 100u, (unsigned)day % 100u);
}

/* Reads `count` digits and the byte behind them; -1 when something else stands there. */
static int number(const char *text, unsigned count, char behind)
{
	int value = 0;

	for (unsigned i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return behind == '\0' || text[count] == behind ? value : -1;
}

bool date_parse(struct str text, int32_t *days)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day, length;

	if (text.len != DATE_TEXT_SIZE - 1)
		return false;
	year = number(text.ptr, 4, '-');
	month = number(text.ptr + 5, 2, '-');
	day = number(text.ptr + 8, 2, '\0');
	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	length = lengths[month - 1];
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		length = 29;
	if (day > length)
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

int32_t date_of(int64_t seconds)
{
	int64_t days = seconds / DAY - (seconds % DAY < 0 ? 1 : 0);

	if (days < FIRST_DATE)
		return FIRST_DATE;
	return days > LAST_DATE ? LAST_DATE : (int32_t)days;
}

void time_text(int64_t seconds, char out[TIME_TEXT_SIZE])
{
	int32_t days = date_of(seconds);
	int64_t rest = seconds - (int64_t)days * DAY;
	unsigned of_day = rest < 0 ? 0 : rest >= DAY ? DAY - 1 : (unsigned)rest;
	char date[DATE_TEXT_SIZE];

	date_text(days, date);
	snprintf(out, TIME_TEXT_SIZE, "%sT%02u:%02u:%02uZ", date, of_day / 3600 % 24,
		 of_day / 60 % 60, of_day % 60);
}

bool time_parse(struct str text, int64_t *seconds)
{
	int hour, minute, second;
	int32_t days;

	if (text.len != TIME_TEXT_SIZE - 1 || text.ptr[10] != 'T' ||
	    !date_parse((struct str){text.ptr, 10}, &days))
		return false;
	hour = number(text.ptr + 11, 2, ':');
	minute = number(text.ptr + 14, 2, ':');
	second = number(text.ptr + 17, 2, 'Z');
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	*seconds = (int64_t)days * DAY + hour * 3600 + minute * 60 + second;
	return true;
}

static const struct {
	char name;
	int64_t seconds;
} units[] = {{'d', DAY}, {'h', 3600}, {'m', 60}, {'s', 1}};

bool duration_parse(struct str text, int64_t *seconds)
{
	uint64_t count;

	if (text.len < 2 || !str_to_u64((struct str){text.ptr, text.len - 1}, &count) ||
	    count == 0)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].name != text.ptr[text.len - 1])
			continue;
		if (count > (uint64_t)(LONGEST_DAYS * (int64_t)DAY / units[i].seconds))
			return false;
		*seconds = (int64_t)count * units[i].seconds;
		return true;
	}
	return false;
}

void duration_text(int64_t seconds, char *out, size_t size)
{
	size_t i = 0;

	while (seconds == 0 ? units[i].seconds > 1 : seconds % units[i].seconds != 0)
		i++;
	snprintf(out, size, "%" PRId64 "%c", seconds / units[i].seconds, units[i].name);
}
