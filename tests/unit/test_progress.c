#include "base/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void draws(void **state)
{
	/* In order: what was drawn before counts. */
	static const struct {
		const char *what;
		size_t done, total;
		uint64_t now;
		const char *line;
	} cases[] = {
		{"a", 0, 100, 1000, "a [>                   ] 0 of 100 (0 %)"},
		/* Too early for a rate. */
		{"a", 50, 100, 2999, "a [==========>         ] 50 of 100 (50 %)"},
		{"a", 50, 100, 6000,
		 "a [==========>         ] 50 of 100 (50 %), 10/s, 5 s left"},
		{"a", 55, 100, 16000,
		 "a [===========>        ] 55 of 100 (55 %), 3.7/s, 12 s left"},
		{"a", 56, 100, 31000,
		 "a [===========>        ] 56 of 100 (56 %), 0.1/s, 11 min left"},
		/* The burst at the beginning is forgotten. */
		{"a", 57, 100, 46000,
		 "a [===========>        ] 57 of 100 (57 %), 0.1/s, 11 min left"},
		{"a", 100, 100, 47000, "a [====================] 100 of 100 (100 %), 2.8/s"},
		{"a", 101, 100, 47000, "a [====================] 100 of 100 (100 %), 2.8/s"},
		/* Anew. */
		{"b", 5, 0, 50000, "b 5"},
		{"b", 1005, 0, 52000, "b 1005, 500/s"},
		{"b", 3, 100000, 60000, "b [>                   ] 3 of 100000 (0 %)"},
		{"b", 13, 100000, 65000,
		 "b [>                   ] 13 of 100000 (0 %), 2.0/s, 13.9 h left"},
		{"\x1B", 0, 1, 70000, "<U+001B> [>                   ] 0 of 1 (0 %)"},
	};
	struct progress progress = {.what = STR_NONE};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_clear(&out);
		progress_line(&progress, str_of(cases[i].what), cases[i].done, cases[i].total,
			      cases[i].now, &out);
		assert_string_equal(out.ptr, cases[i].line);
	}
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(draws)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
