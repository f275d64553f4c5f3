#include "apply.h"
#include "base/log.h"
#include "base/os.h"
#include "judge.h"
#include "show.h"

#include <stdlib.h>

static const struct option options[] = {
	{"key", 'k', "FILE",
	 "method ssh: the private key, or a public key whose private half the agent holds "
	 "(else ZSCTL_SSH_KEY)",
	 false, NULL},
	{"as", 0, "NAME", "method local: who approves (else user@host)", false, NULL},
	{NULL, 0, NULL, NULL, false, NULL},
};

static size_t count_deletes(const struct plan *plan)
{
	size_t deletes = 0;
	for (size_t i = 0; i < plan->changes.count; i++)
		deletes += plan->changes.items[i].action == ACTION_DELETE;
	return deletes;
}

/* What a person types is what the plan does for ever, or the end of its id: never just "yes". */
static int confirm(struct context *context, const struct plan *plan)
{
	size_t deletes = count_deletes(plan);
	struct str answer;
	struct str wanted;
	struct str question;
	if (deletes) {
		wanted = arena_strf(&context->arena, "%zu", deletes);
		question = str_of(
			"\nThis plan deletes accounts and their messages for ever. Type how "
			"many accounts it deletes: ");
	} else {
		wanted = plan->id.len > 8 ? (struct str){plan->id.ptr + plan->id.len - 8, 8}
					  : plan->id;
		question = arena_strf(
			&context->arena,
			"\nTo approve this plan, type the last 8 characters of its id "
			"(%.*s): ",
			STR_FMT(plan->id));
	}
	if (terminal_ask(question.ptr, &context->arena, &answer, &context->err) < 0)
		return -1;
	if (!str_eq(answer, wanted))
		return err_set(&context->err, ERR_PERSON, "not approved: '%.*s' was expected",
			       STR_FMT(wanted));
	return 0;
}

static int approve_typed(struct context *context, struct judged *judged, const char *path)
{
	const char *fixed;
	const char *as = value_of(&context->arguments, "as");
	if (context_approver(context, &fixed) < 0)
		return -1;
	if (!fixed && confirm(context, &judged->plan) < 0)
		return -1;
	struct str approver = as ? str_of(as) : str_of(fixed);
	if (!approver.len)
		approver = arena_strf(&context->arena, "%.*s@%.*s",
				      STR_FMT(os_user(&context->arena)),
				      STR_FMT(os_host(&context->arena)));
	return approve_local(&judged->policy, &judged->plan, path, approver, judged->now,
			     &context->err);
}

static int approve(struct context *context, struct judged *judged, const char *path)
{
	const char *key = value_of(&context->arguments, "key");
	switch (judged->policy.method) {
	case APPROVAL_LOCAL:
		return approve_typed(context, judged, path);
	case APPROVAL_SSH:
		if (!key)
			key = getenv("ZSCTL_SSH_KEY");
		if (!key || !*key)
			return err_set(&context->err, ERR_USAGE,
				       "say which key signs: --key FILE, or ZSCTL_SSH_KEY");
		if (count_deletes(&judged->plan) && confirm(context, &judged->plan) < 0)
			return -1;
		return approve_ssh(&judged->policy, path, buf_str(&judged->bytes), key,
				   &context->err);
	}
	return -1;
}

static size_t count_worthless(const struct approvals *approvals)
{
	size_t count = 0;
	for (size_t i = 0; i < approvals->count; i++)
		count += !approvals->items[i].counts;
	return count;
}

static int run(struct context *context)
{
	const char *path = context->arguments.words[0];
	struct judged judged;
	struct buf text = BUF_INIT;
	int failed = judge_plan(context, path, &judged);
	if (!failed)
		failed = apply_fresh(&context->config, &judged.policy, &judged.wanted_policy,
				     context->state, &judged.plan, judged.now, &context->err);
	if (!failed) {
		struct show_options show = {.color = context->color, .full = true};
		show_text(&judged.plan, &show, &text);
		failed = print_out(buf_str(&text), &context->err);
	}
	size_t worthless = count_worthless(&judged.approvals);
	if (!failed)
		failed = approve(context, &judged, path);
	if (!failed) {
		approvals_release(&judged.approvals);
		failed = approvals_read(&judged.approvals, &judged.policy, &judged.plan, path,
					buf_str(&judged.bytes), judged.now, &context->err);
	}
	if (!failed) {
		buf_clear(&text);
		const bool counts = judged.approvals.counted &&
				    count_worthless(&judged.approvals) <= worthless;
		buf_puts(&text, counts ? "\nShown whole and approved.\n" : "\nShown whole.\n");
		judge_show(&judged, &text);
		failed = print_out(buf_str(&text), &context->err);
		if (!failed && !counts)
			failed = err_set(
				&context->err, ERR_PERSON,
				"this approval does not count; the line above says why");
		if (judged.approvals.counted >= judged.approvals.required)
			log_info("next: zsctl apply %s", path);
	}
	buf_release(&text);
	judged_release(&judged);
	return failed;
}

const struct command cmd_approve = {
	.name = "approve",
	.arguments = "FILE",
	.summary = "show a plan and approve it",
	.details =
		"The approval lies beside the plan in FILE.approvals/. With method ssh it is a "
		"signature that\nany reviewer can make without zsctl:\n"
		"    ssh-keygen -Y sign -n zsctl-plan -f KEY FILE\n"
		"With method local it is typed at the terminal.",
	.options = options,
	.words_min = 1,
	.words_max = 1,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
