#include "base/os.h"
#include "command.h"
#include "result.h"
#include "show.h"

#include <string.h>

static const struct option options[] = {
	{"format", 0, "FORMAT", "how to print it", false, "text|json"},
	{"full", 0, NULL, "print long lists whole", false, NULL},
	{NULL, 0, NULL, NULL, false, NULL},
};

static int print_plan(struct context *context, const struct plan *plan,
		      const struct run_result *result)
{
	const char *format = value_of(&context->arguments, "format");
	struct show_options show = {.color = context->color,
				    .full = given(&context->arguments, "full")};
	struct buf text = BUF_INIT;
	if (format && !strcmp(format, "json"))
		show_json(plan, &text);
	else
		show_text(plan, &show, &text);
	if (result && !(format && !strcmp(format, "json"))) {
		buf_puts(&text, "\nWhat became of it:\n");
		result_show(result, plan, context->color, &text);
	}
	int failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	return failed;
}

struct found_run {
	struct arena *arena;
	struct str id;
};

static int find_run(void *data, const struct state_log_entry *entry, struct err *err)
{
	(void)err;
	struct found_run *run = data;
	run->id = arena_str(run->arena, entry->run);
	return 1;
}

/* The plan and the result that the record holds of a run. */
static int show_run(struct context *context, const char *name)
{
	char commit[COMMIT_TEXT_SIZE];
	struct err *err = &context->err;
	if (config_load(&context->config, context->config_path, &context->diags) < 0)
		return err_set(
			err, ERR_FAILED,
			"'%s' is no file, and the configuration that names the record has "
			"errors",
			name);
	if (state_open(&context->state, context->config.state_path.ptr, false, err) < 0)
		return -1;
	if (state_resolve(context->state, name, commit, err) < 0)
		return err_prefix(err, "'%s' is no file, and in the record", name);
	struct found_run run = {.arena = &context->arena};
	if (state_log(context->state, commit, find_run, &run, err) < 0)
		return -1;
	if (!run.id.len)
		return err_set(err, ERR_FAILED, "%s is a commit of no run", commit);
	struct str plan_path = arena_strf(&context->arena, "runs/%s/plan.yaml", run.id.ptr);
	struct str result_path = arena_strf(&context->arena, "runs/%s/result.yaml", run.id.ptr);
	struct buf bytes = BUF_INIT;
	struct plan plan;
	struct run_result result;
	bool found;
	run_result_init(&result, 0);
	plan_init(&plan);
	int failed = state_file(context->state, commit, plan_path.ptr, &bytes, &found, err);
	if (!failed)
		failed = plan_read(&plan, buf_str(&bytes), plan_path.ptr, err);
	bool ended = false;
	if (!failed)
		failed = state_file(context->state, commit, result_path.ptr, &bytes, &ended,
				    err);
	if (!failed && ended)
		failed = result_read(&result, &plan, buf_str(&bytes), result_path.ptr, err);
	if (!failed)
		failed = print_plan(context, &plan, ended ? &result : NULL);
	plan_release(&plan);
	run_result_release(&result);
	buf_release(&bytes);
	return failed;
}

static int run(struct context *context)
{
	const char *name = context->arguments.words[0];
	if (!os_exists(name))
		return show_run(context, name);
	struct plan plan;
	plan_init(&plan);
	int failed = plan_read_file(&plan, name, NULL, &context->err);
	if (!failed)
		failed = print_plan(context, &plan, NULL);
	plan_release(&plan);
	return failed;
}

const struct command cmd_show = {
	.name = "show",
	.arguments = "FILE|RUN|COMMIT",
	.summary = "print a plan, or a run that the record holds",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.run = run,
};
