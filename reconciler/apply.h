/*
 * apply: the only thing that changes anything. Its steps are the design's ("Apply", 1 to 6).
 */
#ifndef ZSCTL_APPLY_H
#define ZSCTL_APPLY_H

#include "approval.h"
#include "pipeline.h"
#include "result.h"

enum apply_mode {
	APPLY_RUN,
	APPLY_DRY_RUN, /* needs no approval, writes nothing: says for each entry what would become of it */
	APPLY_CLOSE, /* reads, records what is there, and ends an open run */
};

struct apply_input {
	const struct config *config;
	const char *plan_path;
	enum apply_mode mode;
	int64_t now;
	/*
	 * First run only: asks the person to confirm the policy that will be recorded. `text`
	 * describes it. 0: confirmed by `approver`; -1: refused (sets *err).
	 */
	int (*confirm_policy)(void *context, struct str text, struct arena *arena,
			      struct str *approver, struct err *err);
	void *context;
	/* NULL: the configured target is opened. Tests give one that fails as they say; it is
	 * not freed. */
	struct target *target;
};

/*
 * Runs a plan, or continues the open run of the same plan. `result` is filled as far as known on
 * every way out, and result.yaml is written beside the plan once the run has begun.
 *
 * 0: everything done. -1 with the class of the design's exit status: ERR_STALE (stale, expired,
 * applied before), ERR_LIMIT, ERR_PERSON (not approved, altered, foreign, another run open),
 * ERR_PARTIAL (something failed, was left out, or the run is still open), ERR_UNREACHABLE, ERR_LOCKED.
 */
int apply(const struct apply_input *input, struct plan *plan, struct run_result *result,
	  struct err *err);

/*
 * Why a plan cannot be applied now, judged without the target and without approvals: expiry,
 * organisation, configuration, policy, limits as written, base, applied before. Also what `verify` says.
 * `policy` is the recorded one, or the configuration's before the first run; `wanted` is the configuration's.
 */
int apply_fresh(const struct config *config, const struct policy *policy,
		const struct policy *wanted, struct state *state, const struct plan *plan,
		int64_t now, struct err *err);

/* ERR_PERSON: another run is open, whose it is and how to go on with it. */
int refuse_other_run(const struct state_open_run *open, struct err *err);

/* Breaks the claim of a run whose process is gone: commits `takeover`. The lock must be free. */
int apply_unlock(const struct config *config, int64_t now, struct buf *said, struct err *err);

#endif
