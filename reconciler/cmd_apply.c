#include "apply.h"
#include "base/log.h"
#include "base/os.h"
#include "command.h"

static const struct option options[] = {
	{"dry-run", 'n', NULL,
	 "needs no approval and changes nothing: says for each entry whether it would go through",
	 false, NULL},
	{"close", 0, NULL, "end an open run: record what is there, and do no more", false,
	 NULL},
	{NULL, 0, NULL, NULL, false, NULL},
};

/* The first run records the policy that every later one is judged by: a person says yes to it. */
static int confirm_policy(void *data, struct str text, struct arena *arena,
			  struct str *approver, struct err *err)
{
	struct context *context = data;
	const char *fixed;
	if (context_approver(context, &fixed) < 0) {
		*err = context->err;
		return -1;
	}
	struct buf shown = BUF_INIT;
	buf_puts(&shown, "No policy is recorded yet. This run records:\n");
	buf_add_visible(&shown, text, true);
	int failed = print_out(buf_str(&shown), err);
	buf_release(&shown);
	if (failed)
		return -1;
	if (fixed) {
		*approver = arena_str(arena, str_of(fixed));
		return 0;
	}
	struct str answer;
	struct str question = arena_strf(arena,
					 "To record it, type the organisation's name (%.*s): ",
					 STR_FMT(context->config.organization));
	if (terminal_ask(question.ptr, arena, &answer, err) < 0)
		return err_prefix(err, "the first run records the approval policy");
	if (!str_eq(answer, context->config.organization))
		return err_set(err, ERR_PERSON, "not recorded: '%.*s' was expected",
			       STR_FMT(context->config.organization));
	*approver = arena_strf(arena, "%.*s@%.*s", STR_FMT(os_user(arena)),
			       STR_FMT(os_host(arena)));
	return 0;
}

/* A run that was refused before it began tried nothing; the error alone says why. */
static bool worth_showing(const struct run_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		if (result->items[i].outcome != CHANGE_OPEN || result->items[i].text.len)
			return true;
	}
	return result->stopped;
}

static void show_result(struct context *context, const struct run_result *result,
			const struct plan *plan, bool failed)
{
	struct err unwritten = ERR_INIT;
	struct buf text = BUF_INIT;
	if (worth_showing(result)) {
		result_show(result, plan, context->color, &text);
	} else if (!failed) {
		/* Nothing was sent, but what was approved is recorded. */
		buf_puts(&text, "recorded: ");
		plan_summary_changes(plan, &text);
		buf_char(&text, '\n');
	}
	if (print_out(buf_str(&text), &unwritten) < 0)
		log_warning("%s", unwritten.text);
	buf_release(&text);
}

static int run(struct context *context)
{
	const char *path = context->arguments.words[0];
	struct apply_input input = {.config = &context->config,
				    .plan_path = path,
				    .mode = APPLY_RUN,
				    .confirm_policy = confirm_policy,
				    .context = context};
	if (given(&context->arguments, "dry-run") && given(&context->arguments, "close"))
		return err_set(&context->err, ERR_USAGE,
			       "--dry-run and --close exclude each other");
	if (given(&context->arguments, "dry-run"))
		input.mode = APPLY_DRY_RUN;
	if (given(&context->arguments, "close"))
		input.mode = APPLY_CLOSE;
	if (context_now(context, &input.now) < 0)
		return -1;
	os_signals_watch();
	struct plan plan;
	struct run_result result;
	plan_init(&plan);
	run_result_init(&result, 0);
	int failed = plan_read_file(&plan, path, NULL, &context->err);
	if (!failed) {
		failed = apply(&input, &plan, &result, &context->err);
		log_progress_end();
	}
	if (input.mode != APPLY_DRY_RUN || plan.changes.count)
		show_result(context, &result, &plan, failed);
	run_result_release(&result);
	plan_release(&plan);
	return failed;
}

const struct command cmd_apply = {
	.name = "apply",
	.arguments = "FILE",
	.summary = "execute an approved plan; the same command continues one that was cut off",
	.details =
		"Does what the plan says and nothing else. An account that is not as the plan "
		"expects is left out\n(apply.on_mismatch). Exit status 6: something failed or was "
		"left out; the next step is 'zsctl plan'.",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.needs = NEEDS_CONFIG,
	.run = run,
};
