/*
 * What became of each change of a plan: result.yaml, in the record and beside the plan.
 */
#ifndef ZSCTL_RESULT_H
#define ZSCTL_RESULT_H

#include "plan.h"

enum change_outcome {
	CHANGE_OPEN, /* not tried: the run stopped before it */
	CHANGE_DONE,
	CHANGE_ALREADY, /* was so when it was looked at */
	CHANGE_PARTLY,  /* done but for what `text` says (a delegate or a refused alias) */
	CHANGE_STALE,   /* left out: the account is not as the plan expects */
	CHANGE_DEPENDS, /* left out: what it depends on was not done */
	CHANGE_REFUSED, /* the target refused it for good */
	CHANGE_FAILED,
};
#define CHANGE_OUTCOMES 8
extern const char
	*const change_outcome_names[CHANGE_OUTCOMES]; /* "open", "done", "already there", … */

/* As the plan wants it, be it in part, and whoever did it. */
bool outcome_done(enum change_outcome outcome);
/* This run's own doing, be it in part: what was so already is not. */
bool outcome_own(enum change_outcome outcome);

struct change_result {
	enum change_outcome outcome;
	struct str text;      /* what the target said, or why; empty when done */
	struct str advice;    /* what to do; may be empty */
	struct strs refusals; /* for the record: "alias x@example.org" */
	struct str id;        /* of an account that was created */
};

/* One per change of the plan, in its order. Text in `arena`. */
struct run_result {
	struct arena arena;
	struct change_result *items;
	size_t count;
	struct str host, user; /* who applied it */
	int64_t started, ended;
	bool closed;  /* by --close */
	bool stopped; /* interrupted, or stopped by a fatal answer */
	struct str stopped_because;
	struct strs not_adopted; /* "user kim@example.org": adoptions that were left out */
};
#define RESULT_NOT_ADOPTED "it is not the account any more that the plan means"
void run_result_init(struct run_result *result, size_t changes);
void run_result_release(struct run_result *result);

struct result_counts {
	/* Done counts ALREADY and PARTLY too; left_out adoptions too. */
	size_t done, failed, left_out, open;
	size_t partly;
};
struct result_counts result_count(const struct run_result *result);
/* "3 done, 0 failed"; `open` is the word for what is neither. */
void result_counts_text(const struct run_result *result, const char *open, struct buf *out);

/* Canonical YAML with the plan's addresses; read again by `zsctl log` and `revert`. */
void result_write(const struct run_result *result, const struct plan *plan, struct buf *out);
int result_read(struct run_result *result, const struct plan *plan, struct str bytes,
		const char *name, struct err *err);
/* For terminals: each change that is not done with reason and advice, then the counts. */
void result_show(const struct run_result *result, const struct plan *plan, bool color,
		 struct buf *out);

#endif
