#include "base/os.h"
#include "listing.h"
#include "planner.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
	{"format", 0, "FORMAT", "how to print them", false, "table|json|csv|yaml"},
	{NULL, 0, NULL, NULL, false, NULL},
};

static int find_source(struct context *context, const char *name, uint32_t *index)
{
	const struct config *config = &context->config;
	for (uint32_t i = 0; i < config->source_count; i++) {
		if (str_is(config->sources[i].name, name)) {
			*index = i;
			return 0;
		}
	}
	return err_set(&context->err, ERR_USAGE, "%s has no source named '%s'",
		       context->config_path, name);
}

/* What one source says, before it is merged with the others. */
static int list_source(struct context *context, int64_t now, const char *name,
		       struct worlds *worlds, struct accounts *out)
{
	const struct source_input input = {.names = &context->names, .today = date_of(now)};
	uint32_t index = 0;
	if (find_source(context, name, &index) < 0 ||
	    read_entries(&context->config, &input, NULL, &worlds->entries,
			 &context->diags, &context->err) < 0)
		return -1;
	for (size_t i = 0; i < worlds->entries.count; i++) {
		if (worlds->entries.items[i].source == index)
			*vec_push(out) = worlds->entries.items[i].account;
	}
	return 0;
}

static int gather(struct context *context, struct worlds *worlds, struct accounts *out)
{
	const struct arguments *arguments = &context->arguments;
	const char *what = arguments->words[0];
	int64_t now;
	if (context_now(context, &now) < 0)
		return -1;
	if (strcmp(what, "source") != 0 && arguments->word_count > 1)
		return err_set(&context->err, ERR_USAGE, "'%s' is one word too many",
			       arguments->words[1]);
	if (!strcmp(what, "source")) {
		if (arguments->word_count < 2)
			return err_set(&context->err, ERR_USAGE, "list source needs its name");
		return list_source(context, now, arguments->words[1], worlds, out);
	}
	if (!strcmp(what, "desired")) {
		if (worlds_read_desired(context, now, worlds) < 0)
			return -1;
		for (size_t i = 0; i < worlds->desired.count; i++)
			*vec_push(out) = worlds->desired.items[i].account;
		return 0;
	}
	if (!strcmp(what, "target")) {
		if (worlds_read_policy(context, worlds, true) < 0 ||
		    worlds_read_current(context, worlds) < 0)
			return -1;
		for (size_t i = 0; i < worlds->current.count; i++)
			*vec_push(out) = worlds->current.items[i];
		return 0;
	}
	if (!strcmp(what, "recorded")) {
		if (worlds_read_recorded(context, worlds) < 0)
			return -1;
		for (size_t i = 0; i < worlds->recorded.count; i++)
			*vec_push(out) = worlds->recorded.items[i].account;
		return 0;
	}
	return err_set(
		&context->err, ERR_USAGE,
		"'%s' cannot be listed; there are source NAME, desired, target and recorded",
		what);
}

static int run(struct context *context)
{
	const char *word = value_of(&context->arguments, "format");
	enum listing_format format = LISTING_TABLE;
	if (word)
		listing_format_parse(word, &format);
	struct worlds worlds;
	struct accounts accounts = ACCOUNTS_INIT;
	struct buf text = BUF_INIT;
	worlds_init(&worlds);
	int failed = gather(context, &worlds, &accounts);
	if (!failed) {
		accounts_sort(accounts.items, accounts.count);
		listing_write(&accounts, format, &text);
		failed = print_out(buf_str(&text), &context->err);
	}
	buf_release(&text);
	accounts_release(&accounts);
	worlds_release(&worlds);
	return failed;
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "source NAME|desired|target|recorded",
	.summary = "print accounts as one of the worlds has them",
	.options = options,
	.words_min = 1,
	.words_max = 2,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.words = "source|desired|target|recorded",
	.run = run,
};
