/*
 * The stages of pipeline.h run one after the other, for the commands that need them.
 */
#ifndef ZSCTL_PLANNER_H
#define ZSCTL_PLANNER_H

#include "command.h"
#include "pipeline.h"
#include "policy.h"

/* The three worlds and the policy that judges. */
struct worlds {
	struct target *target;
	struct entries entries; /* after the merge without items */
	struct desired desired;
	struct accounts current;
	struct recorded recorded;
	struct policy policy;        /* recorded; before the first run the configuration's */
	struct policy wanted_policy; /* the configuration's */
};
void worlds_init(struct worlds *worlds);
void worlds_release(struct worlds *worlds);

/* The configured sources only: entries → desired, without keys. Sends credentials to whatever endpoint is
 * configured: worlds_read_policy() comes before. */
int worlds_read_desired(struct context *context, int64_t now, struct worlds *worlds);
/* Fingerprints of the account keys behind what was read; `renew`: with a new fingerprint key too. */
int worlds_read_keys(struct context *context, bool renew, struct worlds *worlds);
/* The target's accounts in scope, sorted; after worlds_read_policy(), too. The target can then say what it
 * is, but takes no requests. */
int worlds_read_current(struct context *context, struct worlds *worlds);
/* Both of them, at the same time as far as they have to be waited for. */
int worlds_read_both(struct context *context, int64_t now, struct worlds *worlds);
int worlds_read_recorded(struct context *context, struct worlds *worlds);
/* What was read, as reconcile takes it. */
struct reconcile_input worlds_input(struct context *context, const struct worlds *worlds,
				    int64_t now, const struct plan_options *options);
/* The recorded policy and the configuration's; pinned endpoints checked unless `endpoints` is false. */
int worlds_read_policy(struct context *context, struct worlds *worlds, bool endpoints);

/* Reads --allow into plan->options, checked and in canonical spelling. */
int plan_allow(struct context *context, struct plan *plan);

/*
 * Everything around the entries of a plan: id, author, times, configuration, base, target,
 * sources, from the arguments of PLAN_MAKING_OPTIONS. plan->options must be filled before.
 */
int plan_head(struct context *context, const struct worlds *worlds, int64_t now,
	      struct plan *plan);
/* Policy entries, limits, requests; sorts the plan. */
void plan_finish(struct context *context, const struct worlds *worlds, struct plan *plan);
/* Prints it, writes it with -o, says what comes next, and sets the exit status. */
int plan_deliver(struct context *context, struct plan *plan);

/* An open run stands in the way of new plans: ERR_PERSON with what to do. */
int refuse_open_run(struct context *context);

#endif
