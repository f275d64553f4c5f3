#include "address.h"
#include "base/os.h"
#include "planner.h"

#include <string.h>

static const struct option options[] = {
	PLAN_MAKING_OPTIONS,
	{"only", 0, "LIST", "only these: user, functional, ACTION or ACTION:KIND", true, NULL},
	{"include", 0, "PATTERN", "only accounts whose address matches", true, NULL},
	{"exclude", 0, "PATTERN", "no accounts whose address matches", true, NULL},
	{"same-person", 0, "ADDRESS", "the account at this address is that same person's", true,
	 NULL},
	{"delete", 0, "WHICH", "also delete, for ever, accounts that runs have suspended",
	 false, "suspended|suspended-and-missing"},
	{"suspended-for", 0, "DURATION", "with --delete: only those suspended for that long",
	 false, NULL},
	{"refresh-keys", 0, "[PATTERN]", "send account keys again", false, NULL},
	{"policy-only", 0, NULL,
	 "only the approval policy, signers and endpoints; reads no source and no target",
	 false, NULL},
	{"explain", 0, "ADDRESS",
	 "print the whole reasoning for one account instead of the plan", false, NULL},
	{NULL, 0, NULL, NULL, false, NULL},
};

static const char *const only_words[] = {"user", "functional"};

static bool only_known(struct str word)
{
	for (size_t i = 0; i < sizeof(only_words) / sizeof(*only_words); i++) {
		if (str_is(word, only_words[i]))
			return true;
	}
	struct str rest = word;
	struct str first;
	enum action action;
	enum account_kind kind;
	str_split(&rest, ':', &first);
	return action_parse(first, &action) && (!rest.len || kind_parse(rest, &kind));
}

static int normalize_addresses(struct context *context, struct plan *plan, struct strs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct err reason = ERR_INIT;
		struct str address;
		if (address_normalize(&plan->arena, list->items[i], &address, &reason) < 0)
			return err_set(&context->err, ERR_USAGE, "--same-person %.*s: %s",
				       STR_FMT(list->items[i]), reason.text);
		list->items[i] = address;
	}
	return 0;
}

/* Puts the command line into the plan, in canonical spelling. */
static int read_options(struct context *context, struct plan *plan)
{
	const struct arguments *arguments = &context->arguments;
	struct plan_options *into = &plan->options;
	struct arena *arena = &plan->arena;
	values_of(arguments, "only", arena, &into->only);
	values_of(arguments, "include", arena, &into->include);
	values_of(arguments, "exclude", arena, &into->exclude);
	values_of(arguments, "same-person", arena, &into->same_person);
	for (size_t i = 0; i < into->only.count; i++) {
		if (!only_known(into->only.items[i]))
			return err_set(
				&context->err, ERR_USAGE,
				"--only %.*s: user, functional, or an action (create, update, "
				"grant, revoke, suspend, reactivate, delete) with or without :KIND",
				STR_FMT(into->only.items[i]));
	}
	const char *refresh = value_of(arguments, "refresh-keys");
	into->refresh_keys = arena_str(arena, str_of(refresh));
	into->policy_only = given(arguments, "policy-only");
	if (normalize_addresses(context, plan, &into->same_person) < 0)
		return -1;
	into->delete_ = arena_str(arena, str_of(value_of(arguments, "delete")));
	into->suspended_for = arena_str(arena, str_of(value_of(arguments, "suspended-for")));
	return reconcile_check(&context->config, into, &context->err);
}

static int read_worlds(struct context *context, int64_t now, const struct plan *plan,
		       struct worlds *worlds)
{
	if (worlds_read_both(context, now, worlds) < 0 ||
	    worlds_read_recorded(context, worlds) < 0)
		return -1;
	return worlds_read_keys(context, str_is(plan->options.refresh_keys, "*"), worlds);
}

static int explain(struct context *context, const struct reconcile_input *input,
		   struct plan *plan, const char *address)
{
	struct str normal;
	if (address_normalize(&context->arena, str_of(address), &normal, &context->err) < 0) {
		context->err.class = ERR_USAGE;
		return err_prefix(&context->err, "--explain %s", address);
	}
	struct explanation explanation = {.address = sym_get(&context->names, normal),
					  .text = BUF_INIT};
	reconcile(input, plan, &explanation);
	if (!explanation.text.len)
		buf_addf(
			&explanation.text,
			"%.*s: no source lists it, the target does not have it, no run has recorded "
			"it\n",
			STR_FMT(normal));
	int failed = print_out(buf_str(&explanation.text), &context->err);
	buf_release(&explanation.text);
	return failed;
}

static int make_plan(struct context *context, struct worlds *worlds, struct plan *plan)
{
	int64_t now;
	if (context_now(context, &now) < 0 || read_options(context, plan) < 0 ||
	    plan_allow(context, plan) < 0 || refuse_open_run(context) < 0 ||
	    worlds_read_policy(context, worlds, !plan->options.policy_only) < 0)
		return -1;
	if (plan->options.policy_only && !worlds->policy.recorded)
		return err_set(
			&context->err, ERR_USAGE,
			"--policy-only: no policy is recorded yet; the first run records it");
	if (!plan->options.policy_only && read_worlds(context, now, plan, worlds) < 0)
		return -1;
	const struct reconcile_input input = worlds_input(context, worlds, now, &plan->options);
	const char *address = value_of(&context->arguments, "explain");
	if (address)
		return explain(context, &input, plan, address);
	if (plan_head(context, worlds, now, plan) < 0)
		return -1;
	if (!plan->options.policy_only)
		reconcile(&input, plan, NULL);
	plan_finish(context, worlds, plan);
	/* The text of a large plan takes their room. */
	worlds_release(worlds);
	return plan_deliver(context, plan);
}

static int run(struct context *context)
{
	struct worlds worlds;
	struct plan plan;
	worlds_init(&worlds);
	plan_init(&plan);
	int failed = make_plan(context, &worlds, &plan);
	plan_release(&plan);
	worlds_release(&worlds);
	return failed;
}

const struct command cmd_plan = {
	.name = "plan",
	.summary = "compute what would change, print it, and write it with -o",
	.details =
		"Reads the sources, the target and the record, and changes nothing. A plan that a "
		"limit\nrefuses is written all the same and says which --allow would let it pass "
		"(exit status 4).",
	.options = options,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
