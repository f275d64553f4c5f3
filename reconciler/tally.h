/*
 * What a plan does, as limits count it: how many of each sort, and who, as long as they are few.
 */
#ifndef ZSCTL_TALLY_H
#define ZSCTL_TALLY_H

#include "pipeline.h"

struct counted {
	uint64_t count;
	struct str named[GUARD_NAMED]; /* the first of them; empty where there are no names */
};

struct tally {
	struct counted changes[KIND_COUNT][ACTION_COUNT]; /* as change_does() says */
	struct counted granted[KIND_COUNT], revoked[KIND_COUNT];
	struct counted held[KIND_COUNT];
	struct counted keys; /* first ones, and others than the record knows */
};

/* Fills `tally`, which must be zero. The names are the plan's, or in its arena. */
void tally_plan(struct plan *plan, const struct recorded *recorded /* or NULL */,
		struct tally *tally);
struct counted tally_both(const struct counted counted[KIND_COUNT]);

#endif
