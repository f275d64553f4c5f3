/* The record of a test, in its scratch folder. Include behind <cmocka.h>. */
#ifndef ZSCTL_TEST_RECORD_FIXTURE_H
#define ZSCTL_TEST_RECORD_FIXTURE_H

#include "scratch.h"
#include "state.h"

#define HERE(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_clear)

static inline struct state *open_state(bool create)
{
	struct err err = ERR_INIT;
	struct state *state;

	if (state_open(&state, in_scratch("state"), create, &err) < 0)
		fail_msg("%s", err.text);
	return state;
}

/* In the scratch arena. */
static inline const char *head_of(struct state *state)
{
	char head[COMMIT_TEXT_SIZE];
	struct err err = ERR_INIT;

	assert_int_equal(state_head(state, head, &err), 0);
	return arena_str(&scratch_arena, str_of(head)).ptr;
}

#endif
