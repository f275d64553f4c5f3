/*
 * From a plan's entries to requests and what each has to wait for. Pure.
 *
 * One request per entry where that is possible: suspend 1, update 1, create 2 (the second sets
 * what the service drops on creation; apply leaves it out when the answer shows everything was
 * taken), delete 1. An entry is split in two (what it takes away, then the rest) only to break a cycle of addresses.
 *
 *   - what only takes away goes first, deletes last;
 *   - an address is freed before it is claimed;
 *   - creates, reactivations and renames come before delegations that name them; within a
 *     cycle of new accounts the creates come before all second requests;
 *   - a removal of a delegate who is being reactivated comes before the reactivation.
 */
#ifndef ZSCTL_ORDER_H
#define ZSCTL_ORDER_H

#include "plan.h"

enum step_kind {
	STEP_TAKE,     /* the part of an update that only takes away (revokes, freed addresses) */
	STEP_SUSPEND,
	STEP_CREATE,   /* primary address, name, unit, mobile, key */
	STEP_COMPLETE, /* a create's aliases and delegates */
	STEP_UPDATE,   /* everything of an update, or the rest behind a STEP_TAKE; reactivations */
	STEP_DELETE,
};

struct step {
	enum step_kind kind;
	uint32_t change;      /* index in plan->changes */
	uint32_t waits_for;   /* how many steps must end before it starts */
	uint32_t *releases;   /* steps that wait for this one */
	uint32_t release_count;
	/* When this step's change fails, these of the released steps cannot go on as they are:
	 * bit i belongs to releases[i]. A delegation to a failed create is left out, the rest is
	 * sent (soft); an address that was not freed stops its claim (hard). */
	uint8_t *hard; /* one byte per release: 1 hard, 0 soft */
};

struct schedule {
	struct step *steps; /* in an order that respects all dependencies: executing them one by
			     * one from the first to the last is right */
	uint32_t count;
	uint64_t writes; /* requests, for the plan */
};

/* Everything is allocated in `arena`; `plan` must be sorted (plan_sort) and outlive the schedule. */
void schedule_make(struct arena *arena, const struct plan *plan, struct schedule *out);

#endif
