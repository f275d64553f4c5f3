/*
 * revert and rollback: plans that undo, to be approved and applied like any other.
 */
#include "base/log.h"
#include "base/os.h"
#include "history.h"
#include "planner.h"

static const struct option options[] = {
	PLAN_MAKING_OPTIONS,
	{NULL, 0, NULL, NULL, false, NULL},
};

/* Sources only warn where they still ask for what is undone: a source that cannot be read does
 * not stop an undo. */
static void read_sources(struct context *context, int64_t now, struct worlds *worlds)
{
	if (worlds_read_desired(context, now, worlds) < 0 ||
	    worlds_read_keys(context, false, worlds) < 0) {
		log_warning("%s; the plan cannot say where the sources disagree",
			    context->err.text);
		desired_release(&worlds->desired);
	}
}

static void name_runs(struct context *context, const char *verb, struct plan *plan,
		      struct strs *runs)
{
	struct buf text = BUF_INIT;
	buf_puts(&text, verb);
	for (size_t i = 0; i < context->arguments.word_count; i++) {
		buf_addf(&text, " %s", context->arguments.words[i]);
		strs_add(&plan->arena, runs, str_of(context->arguments.words[i]));
	}
	plan->options.undo = arena_str(&plan->arena, buf_str(&text));
	buf_release(&text);
}

static int make_plan(struct context *context, struct worlds *worlds, struct plan *plan,
		     bool rollback)
{
	int64_t now;
	struct strs runs = {0};
	name_runs(context, rollback ? "rollback" : "revert", plan, &runs);
	if (context_now(context, &now) < 0 || plan_allow(context, plan) < 0 ||
	    refuse_open_run(context) < 0 || worlds_read_policy(context, worlds, true) < 0)
		return -1;
	read_sources(context, now, worlds);
	if (worlds_read_recorded(context, worlds) < 0 ||
	    worlds_read_current(context, worlds) < 0 ||
	    plan_head(context, worlds, now, plan) < 0)
		return -1;
	struct reconcile_input input = worlds_input(context, worlds, now, &plan->options);
	if (!worlds->desired.sources)
		input.desired = NULL;
	int failed = rollback ? plan_rollback(context->state, &input,
					      context->arguments.words[0], plan, &context->err)
			      : plan_revert(context->state, &input, &runs, plan, &context->err);
	if (failed)
		return -1;
	plan_finish(context, worlds, plan);
	worlds_release(worlds);
	return plan_deliver(context, plan);
}

static int undo(struct context *context, bool rollback)
{
	struct worlds worlds;
	struct plan plan;
	worlds_init(&worlds);
	plan_init(&plan);
	int failed = make_plan(context, &worlds, &plan, rollback);
	plan_release(&plan);
	worlds_release(&worlds);
	return failed;
}

static int run_revert(struct context *context)
{
	return undo(context, false);
}

static int run_rollback(struct context *context)
{
	return undo(context, true);
}

const struct command cmd_revert = {
	.name = "revert",
	.arguments = "RUN…",
	.summary = "plan the inverse of runs",
	.details =
		"Undoes what those runs did where it still stands; the rest is listed as manual. The "
		"plan also says\nwhere the sources still ask for what it undoes.",
	.options = options,
	.words_min = 1,
	.words_max = OPTION_LIMIT,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run_revert,
};

const struct command cmd_rollback = {
	.name = "rollback",
	.arguments = "COMMIT",
	.summary = "plan the inverse of all runs after a commit of the record",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run_rollback,
};
