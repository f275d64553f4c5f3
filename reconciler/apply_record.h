/*
 * The recorded accounts to be, gathered one by one: apply_record.c fills them from a run,
 * apply_merge.c makes the whole record of them.
 */
#ifndef ZSCTL_APPLY_RECORD_H
#define ZSCTL_APPLY_RECORD_H

#include "apply_internal.h"

struct record {
	struct apply_run *run;
	struct {
		struct recorded_account *items; /* in any order */
		size_t count, capacity;
	} changed;
	struct sym_table changed_at; /* index + 1 by target id */
	struct sym_table set;    /* 1 by target id: delegates and all are as they shall be */
	unsigned char *replaced; /* by index in the record: not as it is there */
	int32_t today;
	const struct sym *run_id;
};

void record_init(struct record *record, struct apply_run *run);
void record_release(struct record *record);

/* The account as it was recorded before; NULL: it was not. */
const struct recorded_account *record_before(const struct record *record, const struct sym *id);
/* The account's record to be, begun from the one before. Valid until the next call. */
struct recorded_account *record_changed(struct record *record, const struct sym *id);
/* It is in the record no more. */
void record_gone(struct record *record, const struct sym *id);

/* What the entries and adoptions of the plan come to. */
void record_entries(struct record *record);

/* Users whose address became another, or who are delegates no more (NULL). */
struct followed {
	struct sym_table at; /* index + 1 in `to`, by the address before */
	struct {
		const struct sym **items;
		size_t count, capacity;
	} to;
	bool any;
};
void followed_put(struct followed *followed, const struct sym *address, const struct sym *to);
void followed_release(struct followed *followed);
/* Accounts of the record that are not changed otherwise and name them. */
void record_followers(struct record *record, const struct followed *followed);
/* The same for what the plan did to users. */
void record_delegates(struct record *record);

/* Why somebody may read an account: as the entry's plan says (NULL: none), or as it was recorded. */
const struct sym *record_why(struct apply_run *run, const struct task *task,
			     const struct delegates *old, const struct sym *address);

#endif
