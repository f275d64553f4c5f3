/*
 * The program: parses the command line, provides what the command needs, turns the outcome into
 * the exit status.
 */
#include "base/log.h"
#include "base/os.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct command cmd_init, cmd_validate, cmd_check, cmd_list, cmd_plan, cmd_show,
	cmd_approve, cmd_verify, cmd_apply, cmd_drift, cmd_export, cmd_log, cmd_revert,
	cmd_rollback, cmd_unlock, cmd_schema, cmd_completion, cmd_version;

const struct command *const commands[] = {
	&cmd_init,   &cmd_validate,   &cmd_check,   &cmd_list,     &cmd_plan,
	&cmd_show,   &cmd_approve,    &cmd_verify,  &cmd_apply,    &cmd_drift,
	&cmd_export, &cmd_log,        &cmd_revert,  &cmd_rollback, &cmd_unlock,
	&cmd_schema, &cmd_completion, &cmd_version, NULL,
};

const struct option global_options[] = {
	{"directory", 'C', "DIR", "work as if started in that folder", false, NULL},
	{"config", 'c', "FILE", "the configuration (default zsctl.yaml)", false, NULL},
	{"log-level", 0, "LEVEL", "how much to say on stderr", false,
	 "error|warning|info|debug"},
	{"log-format", 0, "FORMAT", "how to say it", false, "text|json"},
	{"no-color", 0, NULL, "no colours, as with NO_COLOR in the environment", false, NULL},
	{"quiet", 'q', NULL, "warnings and errors only", false, NULL},
	{"help", 'h', NULL, "this text", false, NULL},
	{NULL, 0, NULL, NULL, false, NULL},
};

static bool wants_color(const struct arguments *arguments, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	return !given(arguments, "no-color") && !(no_color && *no_color) && isatty(fd) &&
	       !(term && !strcmp(term, "dumb"));
}

static void set_up_log(const struct arguments *arguments)
{
	enum log_level level = LOG_INFO;
	const char *name = value_of(arguments, "log-level");
	if (name)
		log_level_parse(name, &level);
	else if (given(arguments, "quiet"))
		level = LOG_WARNING;
	const char *format = value_of(arguments, "log-format");
	log_setup(level, format && !strcmp(format, "json") ? LOG_JSON : LOG_TEXT,
		  wants_color(arguments, STDERR_FILENO));
}

int context_config(struct context *context)
{
	if (!os_exists(context->config_path))
		return err_set(&context->err, ERR_FAILED,
			       "there is no %s here; 'zsctl init' makes one, -c names another",
			       context->config_path);
	if (config_load(&context->config, context->config_path, &context->diags) < 0)
		return err_set(&context->err, ERR_FAILED, "the configuration has %zu error%s",
			       context->diags.errors, context->diags.errors == 1 ? "" : "s");
	return 0;
}

/* The configuration and the record, as the command's row asks. */
static int provide(struct context *context)
{
	const unsigned needs = context->command->needs;
	if (needs & NEEDS_CONFIG && context_config(context) < 0)
		return -1;
	if (needs & NEEDS_STATE)
		return state_open(&context->state, context->config.state_path.ptr, false,
				  &context->err);
	return 0;
}

static void say_findings(const struct diags *diags)
{
	if (!diags->count)
		return;
	struct buf text = BUF_INIT;
	diags_format(diags, &text);
	fwrite(text.ptr, 1, text.len, stderr);
	buf_release(&text);
}

static int run_command(struct context *context)
{
	int failed = provide(context);
	if (!failed)
		failed = context->command->run(context);
	say_findings(&context->diags);
	if (failed)
		log_error("%s", context->err.text);
	state_free(context->state);
	config_release(&context->config);
	sym_pool_release(&context->names);
	arena_release(&context->arena);
	diags_release(&context->diags);
	return failed ? (int)context->err.class : context->status;
}

static int help(const struct command *command)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	if (command)
		help_command(command, &text);
	else
		help_program(&text);
	int failed = print_out(buf_str(&text), &err);
	buf_release(&text);
	return failed ? ERR_FAILED : 0;
}

int main(int argc, char **argv)
{
	struct context context = {
		.names = SYM_POOL_INIT, .arena = ARENA_INIT, .diags = DIAGS_INIT};
	struct err *err = &context.err;
	if (base_init(err) < 0) {
		fprintf(stderr, "zsctl: %s\n", err->text);
		return ERR_FAILED;
	}
	log_setup(LOG_INFO, LOG_TEXT, false);
	if (options_parse(argc, argv, &context.command, &context.arguments, err) < 0) {
		log_error("%s", err->text);
		return ERR_USAGE;
	}
	set_up_log(&context.arguments);
	if (!context.command || given(&context.arguments, "help")) {
		int status = help(context.command);
		return context.command || given(&context.arguments, "help") ? status
									    : ERR_USAGE;
	}
	const char *dir = value_of(&context.arguments, "directory");
	if (dir && chdir(dir) < 0) {
		err_errno(err, ERR_FAILED, "-C %s", dir);
		log_error("%s", err->text);
		return ERR_FAILED;
	}
	const char *config_path = value_of(&context.arguments, "config");
	context.config_path = config_path ? config_path : "zsctl.yaml";
	context.color = wants_color(&context.arguments, STDOUT_FILENO);
	context.quiet = given(&context.arguments, "quiet");
	return run_command(&context);
}
