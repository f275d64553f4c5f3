/*
 * Inside revert and rollback (history.h has the signatures):
 *
 *     revert_runs.c   which runs, as the record has them
 *     revert.c        the inverse of each of their entries
 *     revert_emit.c   the net change of each account as a plan entry
 *
 * Several runs become one plan: the inverses are applied, newest run first, to a copy of each
 * account as it is now; what the copy differs in at last is the change.
 */
#ifndef ZSCTL_REVERT_H
#define ZSCTL_REVERT_H

#include "expect.h"
#include "history.h"
#include "result.h"

/* One account on its way back. */
struct undo {
	const struct account *current;
	const struct recorded_account *recorded; /* NULL: not recorded */
	struct account wanted;                   /* its delegates are in `persons` */
	struct set persons; /* delegates by target id; out of sight: by address */
	struct str because; /* in the plan's arena */
};

struct reverting {
	struct state *state;
	const struct reconcile_input *input;
	struct plan *plan;
	struct arena arena;
	struct accounts_index index;
	uint32_t *recorded_at; /* by symbol number of the target id, + 1 */
	uint32_t recorded_size;
	uint32_t *undo_at; /* by index in current, + 1 */
	struct {
		struct undo *items;
		size_t count, capacity;
	} undos;
};

/* One run that is undone. */
struct past {
	struct plan plan;
	struct run_result result;
	struct str id;
	char end[COMMIT_TEXT_SIZE];
};

/* Takes back what the run's change number i did. */
int revert_change(struct reverting *reverting, const struct past *past, size_t i,
		  struct err *err);

/* "KIND ADDRESS": `problem` is made with arena_strf in the plan's arena. */
void revert_manual(struct reverting *reverting, enum account_kind kind, struct str address,
		   struct str problem, const char *todo);
/* Delegates as persons: target ids, or addresses of those that are out of sight. */
struct set revert_persons(struct reverting *reverting, const struct account *account);

/* Changes, manual entries, warnings and counts. */
void revert_emit(struct reverting *reverting);

#endif
