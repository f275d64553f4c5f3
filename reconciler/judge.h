/*
 * A plan file with the policy it is judged by and the approvals beside it: what approve and verify
 * look at.
 */
#ifndef ZSCTL_JUDGE_H
#define ZSCTL_JUDGE_H

#include "approval.h"
#include "command.h"

struct judged {
	struct plan plan;
	struct buf bytes;
	struct policy policy;        /* recorded; before the first run the configuration's */
	struct policy wanted_policy; /* the configuration's; `policy` may be a view of it */
	struct approvals approvals;
	int64_t now;
};

/* Reads all of it. `judged` is initialised here and released by the caller in any case. */
int judge_plan(struct context *context, const char *path, struct judged *judged);
void judged_release(struct judged *judged);

/* One line per approval and one that says how many count and are needed; made safe for terminals. */
void judge_show(const struct judged *judged, struct buf *out);

#endif
