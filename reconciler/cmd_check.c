#include "address.h"
#include "check_key.h"
#include "desired.h"
#include "planner.h"

/* What each part says of itself; the first failure does not hide the others. */
struct checking {
	struct context *context;
	struct worlds worlds;
	struct buf text;
	unsigned failures;
	enum err_class class; /* of the first */
};

/* Whether it is fine. */
static bool note(struct checking *checking, int failed, const struct err *err)
{
	if (failed && !checking->failures++)
		checking->class = err->class;
	return !failed;
}

static void check_source(struct checking *checking, uint32_t index)
{
	struct source *source = NULL;
	struct err err = ERR_INIT;
	int failed = source_open(&source, &checking->context->config, index, &err);
	if (!failed)
		failed = source->ops->check(source, &checking->text, &err);
	source_free(source);
	note(checking, failed, &err);
}

static bool check_target(struct checking *checking)
{
	struct target *target = NULL;
	struct err err = ERR_INIT;
	int failed = target_open(&target, &checking->context->config, &err);
	if (!failed)
		failed = target->ops->check(target, &checking->text, &err);
	target_free(target);
	return note(checking, failed, &err);
}

/* --- what the target holds ------------------------------------------------------------------ */

static void add_counts(struct buf *text, const struct accounts *accounts)
{
	size_t counts[KIND_COUNT] = {0};

	for (size_t i = 0; i < accounts->count; i++)
		counts[accounts->items[i].kind]++;
	buf_addf(text, "%zu user%s and %zu functional account%s", counts[KIND_USER],
		 counts[KIND_USER] == 1 ? "" : "s", counts[KIND_FUNCTIONAL],
		 counts[KIND_FUNCTIONAL] == 1 ? "" : "s");
}

static void check_domains(struct checking *checking)
{
	const struct patterns *claimed = &checking->context->config.claimed;
	const struct accounts *current = &checking->worlds.current;
	struct buf *text = &checking->text;
	struct err err = ERR_INIT;
	size_t outside = 0;

	for (size_t i = 0; claimed->count && i < current->count; i++)
		outside += !in_domains(claimed, current->items[i].address);
	if (current->count && outside == current->count) {
		buf_puts(text, "FAILED accounts: all of the target's ");
		add_counts(text, current);
		buf_puts(text,
			 " are outside the claimed domains: if it is another organisation's, "
			 "correct what target says; else correct domains.claimed\n");
		note(checking, -1, &err);
		return;
	}
	buf_puts(text, "ok accounts: ");
	add_counts(text, current);
	if (outside)
		buf_addf(text, ", %zu of them outside the claimed domains", outside);
	else if (claimed->count && current->count)
		buf_puts(text, ", all in the claimed domains");
	buf_puts(text, "\n");
	if (!claimed->count)
		buf_puts(text,
			 "note accounts: no domains are claimed, so those of every domain "
			 "count as the organisation's: list its domains in "
			 "domains.claimed\n");
}

/* A slip of the pen would leave somebody without protection. */
static void check_protect(struct checking *checking)
{
	const struct patterns *protect = &checking->context->config.target.protect;
	const struct accounts *current = &checking->worlds.current;

	for (size_t i = 0; i < protect->count; i++) {
		size_t k = 0;

		while (k < current->count &&
		       !pattern_match(protect->items[i], sym_str(current->items[k].address)))
			k++;
		if (k == current->count)
			buf_addf(
				&checking->text,
				"note accounts: target.protect: there is no account %.*s: check "
				"the spelling\n",
				STR_FMT(protect->items[i]));
	}
}

static void check_accounts(struct checking *checking)
{
	struct context *context = checking->context;

	if (worlds_read_current(context, &checking->worlds) < 0) {
		buf_addf(&checking->text, "FAILED accounts: %s\n", context->err.text);
		note(checking, -1, &context->err);
		return;
	}
	check_domains(checking);
	check_protect(checking);
}

/* --- the record, and all of it -------------------------------------------------------------- */

static void check_record(struct checking *checking)
{
	struct context *context = checking->context;
	struct recorded *recorded = &checking->worlds.recorded;
	int failed = worlds_read_recorded(context, &checking->worlds);
	if (failed)
		buf_addf(&checking->text, "FAILED record: %s\n", context->err.text);
	else if (!recorded->head[0])
		buf_puts(&checking->text, "ok record: none yet; the first run makes it\n");
	else
		buf_addf(&checking->text, "ok record: %zu accounts at commit %.12s\n",
			 recorded->count, recorded->head);
	note(checking, failed, &context->err);
}

static void check_all(struct checking *checking)
{
	const struct config *config = &checking->context->config;
	const struct policy *policy = &checking->worlds.policy;

	buf_addf(&checking->text, "ok approval: %u needed, by the %s policy\n",
		 policy->required, policy->recorded ? "recorded" : "configured");
	for (uint32_t i = 0; i < config->source_count; i++)
		check_source(checking, i);
	sources_overlap(&checking->context->config, &checking->text);
	if (check_target(checking))
		check_accounts(checking);
	check_record(checking);
}

static void check_one_key(struct checking *checking, const char *given_address)
{
	struct context *context = checking->context;
	struct str address;
	int failed = address_normalize(&context->arena, str_of(given_address), &address,
				       &context->err);

	if (failed)
		buf_addf(&checking->text, "FAILED --sso-key: '%s' %s\n", given_address,
			 context->err.text);
	else
		failed = check_key(context, address, &checking->text);
	note(checking, failed, &context->err);
}

static int run(struct context *context)
{
	const char *key_of = value_of(&context->arguments, "sso-key");
	struct checking checking = {.context = context, .text = BUF_INIT};
	struct buf shown = BUF_INIT;
	worlds_init(&checking.worlds);
	/* No credential goes to an endpoint that is not the recorded one. */
	int failed = worlds_read_policy(context, &checking.worlds, true);
	if (!failed) {
		if (key_of)
			check_one_key(&checking, key_of);
		else
			check_all(&checking);
		buf_add_visible(&shown, buf_str(&checking.text), true);
		failed = print_out(buf_str(&shown), &context->err);
	}
	if (!failed && checking.failures)
		failed = err_set(&context->err, checking.class,
				 "%u check%s failed: see the lines with FAILED",
				 checking.failures, checking.failures == 1 ? "" : "s");
	worlds_release(&checking.worlds);
	buf_release(&checking.text);
	buf_release(&shown);
	return failed;
}

static const struct option options[] = {
	{.name = "sso-key",
	 .value = "ADDRESS",
	 .help = "only this: asks what the identity provider sends for that user, and says which "
		 "attribute and conversion of the source give it"},
	{.name = NULL},
};

const struct command cmd_check = {
	.name = "check",
	.summary = "connect to every source and the target, and say what works",
	.details =
		"One line for each: 'ok', 'FAILED' with the cure, or a 'note'. Changes nothing.",
	.options = options,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
