#include "apply.h"
#include "base/os.h"
#include "judge.h"

/* Who approved, what is missing, and whether the plan could be applied now. */
static int run(struct context *context)
{
	struct judged judged;
	struct buf text = BUF_INIT;
	int failed = judge_plan(context, context->arguments.words[0], &judged);
	if (!failed) {
		judge_show(&judged, &text);
		failed = print_out(buf_str(&text), &context->err);
	}
	if (!failed)
		failed = apply_fresh(&context->config, &judged.policy, &judged.wanted_policy,
				     context->state, &judged.plan, judged.now, &context->err);
	if (!failed)
		failed = approvals_enough(&judged.approvals, &context->err);
	if (!failed)
		failed = print_out(STR("The plan is approved and fresh.\n"), &context->err);
	judged_release(&judged);
	buf_release(&text);
	return failed;
}

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "FILE",
	.summary = "say who approved a plan, what is missing, and whether it is fresh",
	.details =
		"Exit status 0: it could be applied now. 3: plan again. 4: a limit refuses. 5: not "
		"approved,\naltered, or foreign.",
	.words_min = 1,
	.words_max = 1,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
