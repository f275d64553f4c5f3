/*
 * Looking back and undoing: log, drift, revert, rollback. Reads the record; revert and rollback
 * make plans that are approved and applied like any other.
 */
#ifndef ZSCTL_HISTORY_H
#define ZSCTL_HISTORY_H

#include "pipeline.h"
#include "state.h"

/* `zsctl log [ADDRESS]`: runs newest first, or what happened to one account (it follows renames).
 * `json`: one object a line. */
int history_log(struct state *state, struct str address /* empty: all */, bool json, bool color,
		struct buf *out, struct err *err);

/* What differs in the target from the record: one entry per account, sorted. */
enum drift_kind { DRIFT_APPEARED, DRIFT_GONE, DRIFT_CHANGED };
struct drift {
	enum drift_kind kind;
	const struct account *current;           /* NULL when gone */
	const struct recorded_account *recorded; /* NULL when appeared */
	unsigned attributes;                     /* CHANGED: enum attribute bits that differ */
	/* CHANGED: delegates who can read it now, by their address in the target, and who could
	 * by the record, by their address there. Both are in the arena. */
	struct set added, removed;
};
struct drifts {
	struct drift *items;
	size_t count, capacity;
	struct arena arena;
};
void drifts_release(struct drifts *drifts);
/* Joined by target id. Pure. Points into both; `drifts` is set, and released by the caller. */
void drift_find(const struct accounts *current, const struct recorded *recorded,
		struct drifts *drifts);
void drift_show(const struct drifts *drifts, bool json, bool color, struct buf *out);

/*
 * Plans the inverse of runs: of each entry that still stands as the run left it; the others are
 * manual entries that say why. Fills changes, manual, warnings and counts as reconcile does, and
 * warns where the sources (desired may be NULL when they cannot be read) still ask for what is undone.
 */
int plan_revert(struct state *state, const struct reconcile_input *input,
		const struct strs *runs, struct plan *plan, struct err *err);
/* The inverse of all runs after `commit`, newest first, as one plan. */
int plan_rollback(struct state *state, const struct reconcile_input *input, const char *commit,
		  struct plan *plan, struct err *err);

#endif
