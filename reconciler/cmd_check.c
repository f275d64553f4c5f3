#include "planner.h"

/* What each part says of itself; the first failure does not hide the others. */
struct checking {
	struct context *context;
	struct buf text;
	bool failed;
};

static void note(struct checking *checking, int failed, const struct err *err)
{
	if (!failed)
		return;
	if (!checking->failed)
		checking->context->err = *err;
	checking->failed = true;
}

static void check_source(struct checking *checking, uint32_t index)
{
	struct source *source = NULL;
	struct err err = ERR_INIT;
	int failed = source_open(&source, &checking->context->config, index, &err);
	if (!failed)
		failed = source->ops->check(source, &checking->text, &err);
	source_free(source);
	note(checking, failed, &err);
}

static void check_target(struct checking *checking)
{
	struct target *target = NULL;
	struct err err = ERR_INIT;
	int failed = target_open(&target, &checking->context->config, &err);
	if (!failed)
		failed = target->ops->check(target, &checking->text, &err);
	target_free(target);
	note(checking, failed, &err);
}

static void check_record(struct checking *checking)
{
	struct worlds worlds;
	worlds_init(&worlds);
	int failed = worlds_read_recorded(checking->context, &worlds);
	if (failed)
		buf_addf(&checking->text, "FAILED record: %s\n", checking->context->err.text);
	else if (!worlds.recorded.head[0])
		buf_puts(&checking->text, "ok record: none yet; the first run makes it\n");
	else
		buf_addf(&checking->text, "ok record: %zu accounts at commit %.12s\n",
			 worlds.recorded.count, worlds.recorded.head);
	struct err err = checking->context->err;
	note(checking, failed, &err);
	worlds_release(&worlds);
}

static int run(struct context *context)
{
	struct checking checking = {.context = context, .text = BUF_INIT};
	struct worlds worlds;
	worlds_init(&worlds);
	/* No credential goes to an endpoint that is not the recorded one. */
	int failed = worlds_read_policy(context, &worlds, true);
	if (!failed) {
		buf_addf(&checking.text, "ok approval: %u needed, by the %s policy\n",
			 worlds.policy.required,
			 worlds.policy.recorded ? "recorded" : "configured");
		for (uint32_t i = 0; i < context->config.source_count; i++)
			check_source(&checking, i);
		check_target(&checking);
		check_record(&checking);
		struct buf shown = BUF_INIT;
		struct err err = ERR_INIT;
		buf_add_visible(&shown, buf_str(&checking.text), true);
		note(&checking, print_out(buf_str(&shown), &err), &err);
		buf_release(&shown);
		failed = checking.failed;
	}
	worlds_release(&worlds);
	buf_release(&checking.text);
	return failed ? -1 : 0;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "connect to every source and the target, and say what works",
	.details = "One line for each: 'ok', or 'FAILED' with the cure.",
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
