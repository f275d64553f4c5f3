/*
 * From a plan's entries to requests and what each has to wait for. Pure.
 *
 * One request per entry where that is possible: suspend 1, update 1, create 2 (the second sets
 * what the service drops on creation, its aliases and delegates; there is none without those, and
 * apply leaves it out when the answer shows everything was taken), delete 1. An entry is split
 * further only to break a cycle: what it takes away before the rest (addresses that go round),
 * or what it adds behind the rest (two users who are renamed and become each other's delegates).
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
	STEP_TAKE, /* the part of an update that only takes away (revokes, freed addresses) */
	STEP_SUSPEND,
	STEP_CREATE,   /* primary address, name, unit, mobile, key */
	STEP_COMPLETE, /* a create's aliases and delegates; of another entry what it adds of them,
			* when that had to wait */
	STEP_UPDATE,   /* an update or reactivation: what `parts` says, mostly everything */
	STEP_DELETE,
};

/* Which parts of its entry a step sends. */
enum step_part {
	PART_TAKE = 1 << 0, /* aliases and delegates that go; all of a suspend */
	PART_SET = 1 << 1,  /* address, name, mobile, unit, key, activity; all of a delete */
	PART_ADD = 1 << 2,  /* aliases and delegates that come */
};

struct step {
	enum step_kind kind;
	unsigned parts;  /* enum step_part; parts that the entry has nothing of are left out */
	uint32_t change; /* index in plan->changes */
	uint32_t waits_for; /* how many steps must end before it starts */
	uint32_t *releases; /* steps that wait for this one */
	uint32_t release_count;
	/* When this step fails, which of the released steps cannot go on as they are. A
	 * delegation to a failed create is left out, the rest is sent (soft); an address that was
	 * not freed stops its claim (hard). */
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
