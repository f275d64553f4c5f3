/*
 * The root of trust is the record, not the pull request: how approvals are judged, who signs,
 * which organisation and which endpoints. Plan and apply judge by the recorded policy; what the
 * configuration says differently becomes `policy:` entries of the plan, approved under the old
 * one.
 *
 * In the record: policy/policy.yaml (canonical) and policy/allowed_signers (verbatim).
 */
#ifndef ZSCTL_POLICY_H
#define ZSCTL_POLICY_H

#include "config.h"
#include "plan.h"
#include "state.h"

struct policy_endpoint {
	struct str name;     /* "target" or "source NAME" */
	struct str endpoint; /* as the provider describes it */
};

struct policy {
	struct arena arena;
	bool recorded; /* read from the record; false: there is none, or made from a configuration */
	struct str organization;
	enum sign_in sign_in; /* what holds until a run has recorded another */
	enum approval_method method;
	unsigned required;
	int64_t expires; /* seconds */
	struct approval_rule *rules;
	size_t rule_count;
	struct str signers;                /* contents of allowed_signers; empty with local */
	struct policy_endpoint *endpoints; /* target first, then sources by name */
	size_t endpoint_count;
};
void policy_init(struct policy *policy);
void policy_release(struct policy *policy);

/* From the configuration; reads allowed_signers (and refuses what approval.h refuses). */
int policy_from_config(struct policy *policy, const struct config *config, struct err *err);
/* From the record's head; `recorded` false and everything empty when there is none. */
int policy_from_state(struct policy *policy, struct state *state, struct err *err);

/*
 * The configuration's policy, read once, and what judges: the recorded one, else a view of `wanted`,
 * which must then outlive it. What was compared and shown is so what is recorded.
 */
int policy_read(struct policy *policy, struct policy *wanted, const struct config *config,
		struct state *state, struct err *err);

/* "sha256:…" of the canonical text with the signers. */
void policy_digest(const struct policy *policy, char out[SHA256_TEXT_SIZE]);
/* The two files of the record; bytes in the arena. */
void policy_files(const struct policy *policy, struct arena *arena, struct state_file files[2]);
/* What `wanted` says differently from `recorded`, for the plan; text in the plan's arena. */
void policy_diff(const struct policy *recorded, const struct policy *wanted, struct plan *plan);

/*
 * Before any credential is read: organisation and every endpoint as pinned, else ERR_PERSON:
 * "the target's endpoint is not the recorded one: X, recorded Y; …`zsctl plan --policy-only`
 * asks for the change". New sources, which the record has no endpoint for, are refused
 * likewise. Does nothing without a recorded policy.
 */
int policy_check_endpoints(const struct policy *recorded, const struct config *config,
			   struct err *err);

/* How many distinct approvers this plan needs: the strictest of `required` and the rules
 * that apply. `because` says which rule, for messages; it may be NULL. */
unsigned policy_required(const struct policy *policy, const struct plan *plan,
			 struct buf *because);

#endif
