#include "base/os.h"
#include "command.h"
#include "pipeline.h"

static int run(struct context *context)
{
	int64_t now;
	if (context_now(context, &now) < 0)
		return -1;
	const struct config *config = &context->config;
	struct entries entries = ENTRIES_INIT;
	struct buf text = BUF_INIT;
	int failed = 0;
	for (uint32_t i = 0; i < config->source_count; i++) {
		const struct config_source *source = &config->sources[i];
		/* Declared files are read here; sources that need a connection are for `check`.
		 * One that only adds to others may leave names out. */
		bool overlay = source->manage || source->adds;
		if (source->provider == SOURCE_YAML &&
		    (overlay ? declared_read_overlay
			     : declared_read)(source->path, source->name, i, date_of(now),
					      &context->names, &entries, &context->diags) < 0)
			failed = -1;
	}
	if (failed) {
		err_set(&context->err, ERR_FAILED, "%zu error%s in declared files",
			context->diags.errors, context->diags.errors == 1 ? "" : "s");
	} else {
		size_t users = 0;
		for (size_t i = 0; i < entries.count; i++)
			users += entries.items[i].account.kind == KIND_USER;
		buf_addf(&text,
			 "%s is valid: %zu source%s, %zu users and %zu functional accounts "
			 "declared\n",
			 context->config_path, config->source_count,
			 config->source_count == 1 ? "" : "s", users, entries.count - users);
		failed = print_out(buf_str(&text), &context->err);
	}
	buf_release(&text);
	entries_release(&entries);
	return failed;
}

const struct command cmd_validate = {
	.name = "validate",
	.summary = "check the configuration and the declared accounts",
	.details =
		"Reports every error of every file in one run, as FILE:LINE:COLUMN. Connects to "
		"nothing.",
	.needs = NEEDS_CONFIG,
	.run = run,
};
