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

/* "; declared: 3 users, 1 functional account" for what the sources of that sort say. */
static void add_counts(const struct config *config, const struct entries *entries,
		       enum source_provider provider, const char *what, struct buf *out)
{
	size_t counts[KIND_COUNT] = {0};
	bool some = false;

	for (size_t i = 0; i < config->source_count; i++)
		some = some || config->sources[i].provider == provider;
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];

		if (config->sources[entry->source].provider == provider)
			counts[entry->account.kind]++;
	}
	if (some)
		buf_addf(out, "; %s: %zu user%s, %zu functional account%s", what,
			 counts[KIND_USER], counts[KIND_USER] == 1 ? "" : "s",
			 counts[KIND_FUNCTIONAL], counts[KIND_FUNCTIONAL] == 1 ? "" : "s");
}

static void add_summary(const struct context *context, const struct entries *entries,
			struct buf *out)
{
	const struct config *config = &context->config;
	size_t remote = 0;

	buf_addf(out, "%s is valid: %zu source%s", context->config_path, config->source_count,
		 config->source_count == 1 ? "" : "s");
	add_counts(config, entries, SOURCE_YAML, "declared", out);
	add_counts(config, entries, SOURCE_CSV, "in tables", out);
	for (size_t i = 0; i < config->source_count; i++) {
		if (config->sources[i].provider != SOURCE_LDAP)
			continue;
		buf_addf(out, "%s%.*s", remote++ ? ", " : "; not connected to: ",
			 STR_FMT(config->sources[i].name));
	}
	buf_char(out, '\n');
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
		struct buf text = BUF_INIT;

		add_summary(context, &entries, &text);
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
