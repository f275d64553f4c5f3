/*
 * Approvals: files in PLAN.approvals/, judged under the recorded policy.
 *
 *   NAME.sig    an SSH signature of the plan's bytes, namespace "zsctl-plan", as
 *               `ssh-keygen -Y sign -n zsctl-plan -f KEY PLAN` makes it
 *   NAME.local  a typed confirmation: canonical YAML with approver, user, host, time, plan
 *               digest and the policy's digest
 *
 * They count by distinct key and distinct principal. Signatures are checked by ssh-keygen
 * (OpenSSH) against the recorded allowed_signers.
 */
#ifndef ZSCTL_APPROVAL_H
#define ZSCTL_APPROVAL_H

#include "policy.h"

struct approval {
	struct str file; /* name within PLAN.approvals; what is unsafe in a path as %XX */
	bool counts;
	struct str principal; /* who; empty when unknown */
	struct str key;       /* "SHA256:…" of the key; empty with local */
	struct str problem;   /* why it does not count; what to do */
	struct str bytes;     /* the file, for the record */
};

struct approvals {
	struct arena arena;
	struct approval *items; /* sorted by file name */
	size_t count, capacity;
	unsigned counted; /* distinct approvers */
	unsigned required;
	struct buf required_because;
};
void approvals_init(struct approvals *approvals);
void approvals_release(struct approvals *approvals);

/* "PLAN.approvals" in the arena. */
struct str approvals_dir(struct arena *arena, const char *plan_path);

/*
 * Reads and judges all approvals of a plan. -1 only when they cannot be read or ssh-keygen
 * cannot be run; too few is not an error here. `bytes` are the plan file's. A signer must be
 * valid at `now` (seconds; the plan's creation when that is later).
 */
int approvals_read(struct approvals *approvals, const struct policy *policy,
		   const struct plan *plan, const char *plan_path, struct str bytes,
		   int64_t now, struct err *err);
/* ERR_PERSON with who has approved, whose approval does not count and why, and what is
 * missing. */
int approvals_enough(const struct approvals *approvals, struct err *err);

/* Signs `bytes` (the plan file's, as they were shown) with ssh-keygen (`key`: a private key,
 * or a public key whose private half the agent holds) into PLAN.approvals/PRINCIPAL.sig.
 * Asks on the terminal for a passphrase. ERR_PERSON when the key is no recorded signer's. */
int approve_ssh(const struct policy *policy, const char *plan_path, struct str bytes,
		const char *key, struct err *err);
/* Writes PLAN.approvals/APPROVER.local. The caller has asked and got the confirmation. */
int approve_local(const struct policy *policy, const struct plan *plan, const char *plan_path,
		  struct str approver, int64_t now, struct err *err);

#endif
