#include "apply.h"
#include "command.h"

static int run(struct context *context)
{
	int64_t now;
	struct buf said = BUF_INIT;
	int failed = context_now(context, &now);
	if (!failed)
		failed = apply_unlock(&context->config, now, &said, &context->err);
	if (!failed)
		failed = print_out(buf_str(&said), &context->err);
	buf_release(&said);
	return failed;
}

const struct command cmd_unlock = {
	.name = "unlock",
	.summary = "take over the open run of a machine that is gone",
	.details =
		"Commits a takeover to the record, after which 'zsctl apply' with the plan of that "
		"run continues it\nhere. Should the other process still run, it sees that and "
		"stops.",
	.needs = NEEDS_CONFIG,
	.run = run,
};
