/*
 * Inside the policy: policy.c makes and judges, policy_file.c writes and reads, policy_diff.c compares.
 */
#ifndef ZSCTL_POLICY_INTERNAL_H
#define ZSCTL_POLICY_INTERNAL_H

#include "policy.h"

extern const char *const approval_method_names[]; /* by enum approval_method */

/* Asks each provider of the configuration what it would connect to, without connecting. */
int policy_endpoints(struct policy *policy, const struct config *config, struct err *err);
void policy_copy_rules(struct policy *policy, const struct approval_rule *rules, size_t count);

/* "delete user over a limit" */
void policy_rule_text(const struct approval_rule *rule, struct buf *out);

#endif
