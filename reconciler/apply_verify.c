/*
 * Step 1: may this plan be applied at all? Judged by the record, before anything is read from a
 * source or the target.
 */
#include "apply_internal.h"
#include "base/log.h"

/* How far a plan may have been made in the future: clocks of two hosts differ. */
#define CLOCK_SKEW_S 300

/* --- the organisation and its target ------------------------------------------------------- */

static int check_organization(const struct config *config, const struct policy *policy,
			      const struct plan *plan, struct err *err)
{
	if (!str_eq(plan->organization, config->organization))
		return err_set(
			err, ERR_PERSON,
			"the plan is for the organisation %.*s, and this configuration is "
			"for %.*s: use the configuration it was made with",
			STR_FMT(plan->organization), STR_FMT(config->organization));
	if (policy->recorded && !str_eq(plan->organization, policy->organization))
		return err_set(
			err, ERR_PERSON,
			"the plan is for the organisation %.*s, and the record is that of "
			"%.*s: each organisation needs a record of its own",
			STR_FMT(plan->organization), STR_FMT(policy->organization));
	return 0;
}

static int check_target(const struct config *config, const struct plan *plan, struct err *err)
{
	CLEANUP(buf_release) struct buf ours = BUF_INIT;
	CLEANUP(buf_release) struct buf theirs = BUF_INIT;
	struct target *target;

	if (target_open(&target, config, err) < 0)
		return -1;
	target->ops->endpoint(target, &ours);
	target_free(target);
	buf_addf(&theirs, "%.*s %.*s", STR_FMT(plan->target_provider),
		 STR_FMT(plan->target_endpoint));
	if (!str_eq(buf_str(&ours), buf_str(&theirs)))
		return err_set(err, ERR_PERSON,
			       "the plan is for another target: %s, and this configuration has "
			       "%s",
			       theirs.ptr, ours.ptr);
	return 0;
}

/* --- the configuration and the policy ------------------------------------------------------ */

static int check_config(const struct config *config, const struct plan *plan, struct err *err)
{
	char now[COMMIT_TEXT_SIZE + 8] = "";
	autofree char *dir = NULL;
	struct buf text = BUF_INIT;

	if (str_is(plan->config_digest, config->digest))
		return 0;
	buf_add(&text, config->dir);
	dir = buf_take(&text);
	if (plan->config_commit.len && dir)
		git_commit_of(dir, config->path.ptr, now);
	if (now[0])
		return err_set(
			err, ERR_STALE,
			"the configuration changed since the plan was made (it was at commit "
			"%.*s and is at %s now): plan again",
			STR_FMT(plan->config_commit), now);
	return err_set(err, ERR_STALE,
		       "the configuration changed since the plan was made: plan again");
}

static bool same_policy_entries(const struct plan *plan, struct plan *fresh)
{
	plan_sort(fresh);
	if (plan->policy.count != fresh->policy.count)
		return false;
	for (size_t i = 0; i < plan->policy.count; i++) {
		const struct plan_policy *a = &plan->policy.items[i];
		const struct plan_policy *b = &fresh->policy.items[i];

		if (!str_eq(a->what, b->what) || !str_eq(a->from, b->from) ||
		    !str_eq(a->to, b->to))
			return false;
	}
	return true;
}

/* What the run would record as the policy must be what the plan says and people approved. */
static int check_policy(const struct policy *policy, const struct policy *wanted,
			const struct plan *plan, struct err *err)
{
	CLEANUP(plan_release) struct plan fresh;
	char digest[SHA256_TEXT_SIZE];

	plan_init(&fresh);
	policy_digest(wanted, digest);
	if (policy->recorded)
		policy_diff(policy, wanted, &fresh);
	/* The first policy has no entries to compare: the digest has the signers in it. */
	if (!str_is(plan->policy_digest, digest) || !same_policy_entries(plan, &fresh))
		return err_set(
			err, ERR_STALE,
			"the policy (approval, signers or endpoints) is not what the plan "
			"was made with: plan again");
	return 0;
}

/* Such a plan is applied without a look at the target, so it cannot change anything there. */
static int check_policy_only(const struct plan *plan, struct err *err)
{
	if (!plan->options.policy_only || (!plan->changes.count && !plan->adopt.count))
		return 0;
	return err_set(err, ERR_PERSON,
		       "the plan is one of --policy-only, and holds changes of accounts: "
		       "somebody wrote them by hand");
}

/* --- time ----------------------------------------------------------------------------------- */

static int check_expiry(const struct policy *policy, const struct plan *plan, int64_t now,
			struct err *err)
{
	int64_t expires = plan->expires;
	char text[TIME_TEXT_SIZE];

	if (plan->created > now + CLOCK_SKEW_S) {
		time_text(plan->created, text);
		return err_set(
			err, ERR_PERSON,
			"the plan says it was made at %s, which has not come yet: a clock is "
			"wrong, or somebody wrote the plan by hand",
			text);
	}
	/* A hand-written plan does not live longer than the policy lets plans live. */
	if (policy->expires > 0 && expires > plan->created + policy->expires)
		expires = plan->created + policy->expires;
	if (now < expires)
		return 0;
	time_text(expires, text);
	return err_set(err, ERR_STALE, "the plan expired at %s: plan again", text);
}

/* --- open runs ------------------------------------------------------------------------------ */

int refuse_other_run(const struct state_open_run *open, struct err *err)
{
	return err_set(
		err, ERR_PERSON,
		"run %.*s, begun by %.*s@%.*s, is still open: continue it with `zsctl apply` "
		"and its plan there, or end it with `zsctl apply --close` and its plan (after "
		"`zsctl unlock` when that host is gone)",
		STR_FMT(open->id), STR_FMT(open->user), STR_FMT(open->host));
}

int verify_open_run(struct apply_run *run, struct err *err)
{
	struct state_open_run open;

	if (state_open_run(run->state, &run->arena, &open, err) < 0)
		return -1;
	run->continuing = open.id.len > 0;
	if (!run->continuing)
		return 0;
	if (!str_eq(open.id, run->plan->id))
		return refuse_other_run(&open, err);
	if (!str_eq(open.host, os_host(&run->arena)) && run->input->mode != APPLY_DRY_RUN)
		return err_set(
			err, ERR_PERSON,
			"%.*s@%.*s began this run and may still be at it: when that process "
			"is gone, take the run over with `zsctl unlock`, then apply again",
			STR_FMT(open.user), STR_FMT(open.host));
	return 0;
}

/* --- together ------------------------------------------------------------------------------- */

int apply_fresh(const struct config *config, const struct policy *policy,
		const struct policy *wanted, struct state *state, const struct plan *plan,
		int64_t now, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct state_open_run open;

	if (check_organization(config, policy, plan, err) < 0 ||
	    verify_not_applied(state, plan, err) < 0 ||
	    state_open_run(state, &arena, &open, err) < 0)
		return -1;
	if (open.id.len && str_eq(open.id, plan->id))
		return err_set(err, ERR_PARTIAL,
			       "the plan is being applied: `zsctl apply` continues its run");
	if (open.id.len)
		return refuse_other_run(&open, err);
	if (check_target(config, plan, err) < 0 || check_expiry(policy, plan, now, err) < 0 ||
	    check_config(config, plan, err) < 0 || check_policy(policy, wanted, plan, err) < 0)
		return -1;
	if (plan->refused.count)
		return plan_refused(plan, "a limit refuses the plan; plan again", err);
	if (check_policy_only(plan, err) < 0 || guard_protected(config, plan, err) < 0)
		return -1;
	if (verify_base(state, plan, err) < 0)
		return -1;
	return verify_made(config, state, plan, err);
}

static int check_approvals(struct apply_run *run, struct err *err)
{
	struct approvals *approvals = &run->approvals;
	const struct apply_input *input = run->input;

	if (approvals_read(approvals, &run->policy, run->plan, input->plan_path,
			   buf_str(&run->bytes), input->now, err) < 0)
		return -1;
	for (size_t i = 0; i < approvals->count; i++) {
		const struct approval *approval = &approvals->items[i];

		if (approval->counts)
			strs_add(&run->arena, &run->approved_by,
				 arena_strf(&run->arena, "%.*s%s%.*s",
					    STR_FMT(approval->principal),
					    approval->key.len ? " " : "",
					    STR_FMT(approval->key)));
	}
	if (approvals_enough(approvals, err) == 0)
		return 0;
	if (input->mode != APPLY_DRY_RUN)
		return -1;
	log_warning("%s", err->text);
	return 0;
}

int verify_new(struct apply_run *run, struct err *err)
{
	const struct plan *plan = run->plan;

	if (run->input->mode == APPLY_CLOSE)
		return err_set(err, ERR_PERSON,
			       "there is nothing to close: the run of this plan is not open");
	if (apply_fresh(run->config, &run->policy, &run->wanted_policy, run->state, plan,
			run->input->now, err) < 0)
		return -1;
	if (!plan->options.policy_only &&
	    policy_check_endpoints(&run->policy, run->config, err) < 0)
		return -1;
	return check_approvals(run, err);
}

/* --- continuing ----------------------------------------------------------------------------- */

struct begun {
	struct apply_run *run;
	bool found;
};

/* The commit that began the run: when, and by whose approvals. */
static int find_begin(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct begun *begun = context;
	struct apply_run *run = begun->run;
	struct str rest = entry->message, line;

	(void)err;
	if (entry->kind != COMMIT_BEGIN || !str_eq(entry->run, run->plan->id))
		return 0;
	begun->found = true;
	run->result->started = entry->time;
	while (str_split(&rest, '\n', &line)) {
		const size_t skip = strlen("Approved-by: ");

		if (str_starts(line, "Approved-by: "))
			strs_add(&run->arena, &run->approved_by,
				 (struct str){line.ptr + skip, line.len - skip});
	}
	return 1;
}

/*
 * The plan was verified when the run began, and the record keeps what was verified: these very bytes
 * go on, whatever the clock says by now.
 */
int verify_continued(struct apply_run *run, struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	const struct plan *plan = run->plan;
	struct begun begun = {.run = run};
	bool found;

	if (state_file(run->state, NULL, verify_run_path(&run->arena, plan, "plan.yaml").ptr,
		       &bytes, &found, err) < 0 ||
	    state_log(run->state, NULL, find_begin, &begun, err) < 0)
		return -1;
	if (!found || !begun.found || !str_eq(buf_str(&bytes), buf_str(&run->bytes)))
		return err_set(err, ERR_PERSON,
			       "this is not the plan that run %.*s began with: use that one "
			       "(runs/%.*s/plan.yaml in the record)",
			       STR_FMT(plan->id), STR_FMT(plan->id));
	if (check_organization(run->config, &run->policy, plan, err) < 0 ||
	    check_target(run->config, plan, err) < 0)
		return -1;
	if (!plan->options.policy_only &&
	    policy_check_endpoints(&run->policy, run->config, err) < 0)
		return -1;
	if (run->input->mode == APPLY_CLOSE)
		return 0;
	if (check_config(run->config, plan, err) < 0 ||
	    check_policy(&run->policy, &run->wanted_policy, plan, err) < 0) {
		err->class = ERR_PERSON;
		return err_prefix(err,
				  "the open run cannot go on (bring the configuration back, or "
				  "end the run with --close)");
	}
	return 0;
}
