#include "base/os.h"
#include "command.h"
#include "provider.h"

/* Sources that need a connection are for `check`. All findings come out in one run. */
static int read_local(struct context *context, int64_t now, struct entries *entries)
{
	const struct source_input input = {.names = &context->names, .today = date_of(now)};
	int failed = 0;
	for (uint32_t i = 0; i < context->config.source_count; i++) {
		/* Of a configuration with errors not all may be there. */
		if (!config_source_readable(&context->config.sources[i]))
			continue;
		struct source *source = NULL;
		struct err err = ERR_INIT;
		int bad = source_open(&source, &context->config, i, &err);
		if (!bad && source->ops->local)
			bad = source->ops->read(source, &input, entries, &context->diags, &err);
		source_free(source);
		if (bad && !context->err.text[0])
			context->err = err;
		failed = failed || bad;
	}
	return failed ? -1 : 0;
}

static int run(struct context *context)
{
	int64_t now = os_now();
	int failed = context_config(context);
	if (!failed && context_now(context, &now) < 0)
		return -1;
	struct entries entries = ENTRIES_INIT;
	if (read_local(context, now, &entries) < 0)
		failed = -1;
	if (!failed) {
		const size_t sources = context->config.source_count;
		size_t users = 0;
		for (size_t i = 0; i < entries.count; i++)
			users += entries.items[i].account.kind == KIND_USER;
		struct buf text = BUF_INIT;
		buf_addf(
			&text,
			"%s is valid: %zu source%s; declared: %zu user%s, %zu functional account%s\n",
			context->config_path, sources, sources == 1 ? "" : "s", users,
			users == 1 ? "" : "s", entries.count - users,
			entries.count - users == 1 ? "" : "s");
		failed = print_out(buf_str(&text), &context->err);
		buf_release(&text);
	}
	entries_release(&entries);
	return failed;
}

const struct command cmd_validate = {
	.name = "validate",
	.summary = "check the configuration and the declared accounts",
	.details =
		"Reports every error of every file in one run, as FILE:LINE:COLUMN. Connects to "
		"nothing.",
	.run = run,
};
