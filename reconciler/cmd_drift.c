#include "history.h"
#include "planner.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
	{"format", 0, "FORMAT", "how to print it", false, "text|json"},
	{NULL, 0, NULL, NULL, false, NULL},
};

static int run(struct context *context)
{
	const char *format = value_of(&context->arguments, "format");
	struct worlds worlds;
	struct drifts drifts = {0};
	struct buf text = BUF_INIT;
	worlds_init(&worlds);
	int failed = worlds_read_policy(context, &worlds, true);
	if (!failed)
		failed = worlds_read_recorded(context, &worlds);
	if (!failed && !worlds.recorded.head[0])
		failed = err_set(
			&context->err, ERR_FAILED,
			"nothing is recorded yet: the first 'zsctl apply' records what is "
			"there");
	if (!failed)
		failed = worlds_read_current(context, &worlds);
	if (!failed) {
		drift_find(&worlds.current, &worlds.recorded, &drifts);
		drift_show(&drifts, format && !strcmp(format, "json"), context->color, &text);
		failed = print_out(buf_str(&text), &context->err);
		context->status = drifts.count ? 2 : 0;
	}
	drifts_release(&drifts);
	buf_release(&text);
	worlds_release(&worlds);
	return failed;
}

const struct command cmd_drift = {
	.name = "drift",
	.summary = "what changed in the target behind zsctl's back",
	.details =
		"Compares the target with the record; reads only. Exit status 2 when they differ.",
	.options = options,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
