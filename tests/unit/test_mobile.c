#include "mobile.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void numbers(void **state)
{
	static const struct {
		const char *country, *written, *expected; /* the number, or why it is none */
	} cases[] = {
		{"NL", "0612345678", "+31612345678"},
		{"NL", "06-12345678", "+31612345678"},
		{"NL", "06 - 12 34 56 78", "+31612345678"},
		{"NL", "+31 (0)6 12345678", "+31612345678"},
		{"NL", "+31 06 12345678", "+31612345678"},
		{"NL", "0031612345678", "+31612345678"},
		{"NL", "+31612345678", "+31612345678"},
		/* What spreadsheets make of them. */
		{"NL", "612345678", "+31612345678"},
		{"NL", "31612345678", "+31612345678"},
		{"NL",
		 "06\xC2\xA0"
		 "12345678",
		 "+31612345678"},
		{"NL", "6,12346E+08", "has something in it that is no digit"},
		{"NL", "020 1234567", "is no mobile number, which a code could be sent to"},
		{"NL", "+31 20 1234567", "is no mobile number, which a code could be sent to"},
		{"NL", "0881234567", "is no mobile number, which a code could be sent to"},
		{"NL", "4711", "is too short for a mobile number"},
		{"NL", "06123456789012", "is too long for a mobile number"},
		{"NL", "06 1234 5678 (private)", "has something in it that is no digit"},
		{"NL", "", "has something in it that is no digit"},
		{"NL", "+", "is no telephone number with its country code"},
		{"NL", "-", "has something in it that is no digit"},
		{"NL", "06+12345678", "has something in it that is no digit"},
		/* Other countries' numbers by their own rules, wherever they are met. */
		{"NL", "+32 470 12 34 56", "+32470123456"},
		{"NL", "+32 2 123 45 67", "is too short for a mobile number"},
		{"NL", "+49 (0)171 1234567", "+491711234567"},
		{"NL", "+49 30 1234567", "is too short for a mobile number"},
		{"NL", "+90 532 123 45 67", "+905321234567"},
		{"NL", "+90", "is no telephone number with its country code"},
		{"NL", "+1234567890123456", "is too long for a mobile number"},
		{"NL", "+9012345678901234", "is no telephone number with its country code"},
		{"BE", "0470/12.34.56", "+32470123456"},
		{"BE", "02/123.45.67", "is too short for a mobile number"},
		{"DE", "0151 12345678", "+4915112345678"},
		{"DE", "0160 1234567", "+491601234567"},
		{"DE", "030 123456789", "is no mobile number, which a code could be sent to"},
		{"GB", "07700 900123", "+447700900123"},
		{"GB", "07624 400123", "+447624400123"},
		{"GB", "07012 345678", "is no mobile number, which a code could be sent to"},
		{"GB", "020 7946 0018", "is no mobile number, which a code could be sent to"},
		{"FR", "06 12 34 56 78", "+33612345678"},
		{"FR", "07 00 12 34 56", "is no mobile number, which a code could be sent to"},
		{"LU", "621 123 456", "+352621123456"},
		{"LU", "+352 26 12 34", "is too short for a mobile number"},
		/* The leading 0 belongs to Italian landlines, and no mobile number has it. */
		{"IT", "347 1234567", "+393471234567"},
		{"IT", "06 12345678", "is no mobile number, which a code could be sent to"},
		{"US", "(202) 555-0123", "+12025550123"},
		{"US", "1-202-555-0123", "+12025550123"},
		{"CA", "+1 604 555 0123", "+16045550123"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct mobile_country *country = mobile_country(str_of(cases[i].country));
		char number[MOBILE_TEXT_SIZE];
		const char *why = NULL, *got;

		assert_non_null(country);
		got = mobile_normalize(country, str_of(cases[i].written), number, &why) ? number
											: why;
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s '%s': '%s', not '%s'", cases[i].country, cases[i].written,
				 got, cases[i].expected);
	}
}

static void knows_countries(void **state)
{
	struct buf known = BUF_INIT;

	(void)state;
	assert_null(mobile_country(STR("XX")));
	assert_null(mobile_country(STR("nl")));
	assert_null(mobile_country(STR("")));
	mobile_countries(&known);
	assert_string_equal(known.ptr, "NL, BE, DE, GB, FR, LU, IT, US, CA");
	buf_release(&known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(knows_countries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
