#include "judge.h"

int judge_plan(struct context *context, const char *path, struct judged *judged)
{
	struct err *err = &context->err;
	*judged = (struct judged){.bytes = BUF_INIT};
	plan_init(&judged->plan);
	policy_init(&judged->policy);
	policy_init(&judged->wanted_policy);
	approvals_init(&judged->approvals);
	if (context_now(context, &judged->now) < 0 ||
	    plan_read_file(&judged->plan, path, &judged->bytes, err) < 0 ||
	    policy_read(&judged->policy, &judged->wanted_policy, &context->config,
			context->state, err) < 0)
		return -1;
	return approvals_read(&judged->approvals, &judged->policy, &judged->plan, path,
			      buf_str(&judged->bytes), judged->now, err);
}

void judged_release(struct judged *judged)
{
	approvals_release(&judged->approvals);
	policy_release(&judged->policy);
	policy_release(&judged->wanted_policy);
	plan_release(&judged->plan);
	buf_release(&judged->bytes);
}

void judge_show(const struct judged *judged, struct buf *out)
{
	const struct approvals *approvals = &judged->approvals;
	struct buf text = BUF_INIT;
	if (!judged->policy.recorded)
		buf_puts(&text,
			 "No policy is recorded yet: judged by the configuration's, which the "
			 "first run records.\n");
	for (size_t i = 0; i < approvals->count; i++) {
		const struct approval *approval = &approvals->items[i];
		if (approval->counts)
			buf_addf(&text, "  approved by %.*s%s%.*s\n",
				 STR_FMT(approval->principal), approval->key.len ? "  " : "",
				 STR_FMT(approval->key));
		else
			buf_addf(&text, "  %.*s does not count: %.*s\n",
				 STR_FMT(approval->file), STR_FMT(approval->problem));
	}
	if (approvals->counted > approvals->required)
		buf_addf(&text, "%u approvals, %u needed", approvals->counted,
			 approvals->required);
	else
		buf_addf(&text, "%u of %u approvals", approvals->counted, approvals->required);
	if (approvals->required_because.len)
		buf_addf(&text, " (%.*s)", STR_FMT(buf_str(&approvals->required_because)));
	buf_char(&text, '\n');
	buf_add_visible(out, buf_str(&text), true);
	buf_release(&text);
}
