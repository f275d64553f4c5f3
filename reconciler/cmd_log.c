#include "address.h"
#include "command.h"
#include "history.h"

#include <string.h>

static const struct option options[] = {
	{"format", 0, "FORMAT", "how to print it", false, "text|json"},
	{NULL, 0, NULL, NULL, false, NULL},
};

static int run(struct context *context)
{
	const char *format = value_of(&context->arguments, "format");
	struct str address = STR_NONE;
	if (context->arguments.word_count &&
	    address_normalize(&context->arena, str_of(context->arguments.words[0]), &address,
			      &context->err) < 0) {
		context->err.class = ERR_USAGE;
		return err_prefix(&context->err, "%s", context->arguments.words[0]);
	}
	struct buf text = BUF_INIT;
	int failed = history_log(context->state, address, format && !strcmp(format, "json"),
				 context->color, &text, &context->err);
	if (!failed)
		failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	return failed;
}

const struct command cmd_log = {
	.name = "log",
	.arguments = "[ADDRESS]",
	.summary = "runs, newest first, or what happened to one account",
	.details =
		"The record is a git repository: 'git log -p' there shows the same, and more.",
	.options = options,
	.words_max = 1,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
