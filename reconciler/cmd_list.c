#include "address.h"
#include "base/log.h"
#include "base/os.h"
#include "listing.h"
#include "planner.h"
#include "source_view.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
	{"format", 0, "FORMAT", "how to print them", false, "table|json|csv|yaml"},
	{"raw", 0, NULL, "of a source: its entries as they are before they are mapped", false,
	 NULL},
	{"attributes", 0, NULL,
	 "of a source: the attributes that its entries have, with examples", false, NULL},
	{"explain", 0, "ADDRESS", "of a source: why the entry with this address is in or out",
	 false, NULL},
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

/* No credential goes to an endpoint that is not the recorded one. */
static int check_endpoints(struct context *context)
{
	CLEANUP(policy_release) struct policy recorded;

	policy_init(&recorded);
	if (policy_from_state(&recorded, context->state, &context->err) < 0)
		return -1;
	return policy_check_endpoints(&recorded, &context->config, &context->err);
}

/* Files of one's own are looked at while their mapping is still being written. */
static int open_source(struct context *context, const char *name, struct source **source)
{
	uint32_t index = 0;

	if (find_source(context, name, &index) < 0 ||
	    source_open(source, &context->config, index, &context->err) < 0)
		return -1;
	return (*source)->ops->local ? 0 : check_endpoints(context);
}

#define HELD_SHOWN 20

/* No listing has a place for them. */
static void say_held(const struct entries *entries)
{
	size_t held = 0;

	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];

		if (!entry->held || held++ >= HELD_SHOWN)
			continue;
		log_info("held: %s%s%s: %s", kind_names[entry->account.kind],
			 entry->account.address ? " " : "",
			 entry->account.address ? entry->account.address->text : "",
			 entry->held->text);
	}
	if (held > HELD_SHOWN)
		log_info("held: %zu more", held - HELD_SHOWN);
}

/* What one source says, before it is merged with the others. */
static int list_source(struct context *context, int64_t now, const char *name,
		       struct worlds *worlds, struct accounts *out)
{
	const struct source_input input = {.names = &context->names, .today = date_of(now)};
	struct source *source = NULL;
	int failed = open_source(context, name, &source);

	if (!failed)
		failed = source->ops->read(source, &input, &worlds->entries, &context->diags,
					   &context->err);
	source_free(source);
	if (failed)
		return -1;
	for (size_t i = 0; i < worlds->entries.count; i++)
		*vec_push(out) = worlds->entries.items[i].account;
	say_held(&worlds->entries);
	return 0;
}

/* --- a source seen from within ------------------------------------------------------------ */

static int show_source(struct context *context, struct source *source,
		       const struct source_input *input, bool json)
{
	const struct arguments *arguments = &context->arguments;
	const char *given_address = value_of(arguments, "explain");
	struct diags *diags = &context->diags;
	struct str address;

	if (given(arguments, "raw"))
		return source_view_raw(source, input, json, diags, &context->err);
	if (given(arguments, "attributes"))
		return source_view_attributes(source, input, json, diags, &context->err);
	if (address_normalize(&context->arena, str_of(given_address), &address, &context->err) <
	    0) {
		context->err.class = ERR_USAGE;
		return err_prefix(&context->err, "--explain %s", given_address);
	}
	return source_view_explain(source, input, address, diags, &context->err);
}

static int view_source(struct context *context, const char *format)
{
	const struct arguments *arguments = &context->arguments;
	const bool json = format && !strcmp(format, "json");
	struct source_input input = {.names = &context->names};
	struct source *source = NULL;
	int64_t now;
	int failed;

	if (given(arguments, "raw") + given(arguments, "attributes") +
		    given(arguments, "explain") >
	    1)
		return err_set(&context->err, ERR_USAGE,
			       "--raw, --attributes and --explain are three questions");
	if (strcmp(arguments->words[0], "source") != 0 || arguments->word_count < 2)
		return err_set(&context->err, ERR_USAGE,
			       "--raw, --attributes and --explain are for list source NAME");
	if (format && (given(arguments, "explain") ||
		       (strcmp(format, "json") != 0 && strcmp(format, "table") != 0)))
		return err_set(&context->err, ERR_USAGE,
			       "--raw and --attributes print text, or JSON with --format json");
	if (context_now(context, &now) < 0)
		return -1;
	input.today = date_of(now);
	failed = open_source(context, arguments->words[1], &source);
	if (!failed)
		failed = show_source(context, source, &input, json);
	source_free(source);
	return failed;
}

/* --- one of the worlds -------------------------------------------------------------------- */

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
		if (check_endpoints(context) < 0 ||
		    worlds_read_desired(context, now, worlds) < 0)
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
	if (given(&context->arguments, "raw") || given(&context->arguments, "attributes") ||
	    given(&context->arguments, "explain"))
		return view_source(context, word);
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
