#include "policy_internal.h"

#include "base/os.h"
#include "provider.h"
#include "signers.h"

#include <stdlib.h>

#define SIGNERS_SIZE_MAX (1u << 20)

const char *const approval_method_names[] = {"local", "ssh"};

void policy_init(struct policy *policy)
{
	*policy = (struct policy){.arena = ARENA_INIT};
}

void policy_release(struct policy *policy)
{
	arena_release(&policy->arena);
	policy_init(policy);
}

/* --- from the configuration --------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct policy_endpoint *)a)->name,
		       ((const struct policy_endpoint *)b)->name);
}

int policy_endpoints(struct policy *policy, const struct config *config, struct err *err)
{
	struct arena *arena = &policy->arena;
	struct target *target = NULL;
	struct buf text = BUF_INIT;

	policy->endpoint_count = config->source_count + 1;
	policy->endpoints = arena_array(arena, struct policy_endpoint, policy->endpoint_count);
	if (target_open(&target, config, err) < 0)
		return -1;
	target->ops->endpoint(target, &text);
	policy->endpoints[0].name = STR("target");
	policy->endpoints[0].endpoint = arena_str(arena, buf_str(&text));
	target_free(target);
	for (uint32_t i = 0; i < config->source_count; i++) {
		struct policy_endpoint *endpoint = &policy->endpoints[i + 1];
		struct source *source = NULL;

		if (source_open(&source, config, i, err) < 0) {
			buf_release(&text);
			return -1;
		}
		buf_clear(&text);
		source->ops->endpoint(source, &text);
		endpoint->name = arena_strf(arena, "source %.*s",
					    STR_FMT(config->sources[i].name));
		endpoint->endpoint = arena_str(arena, buf_str(&text));
		source_free(source);
	}
	buf_release(&text);
	qsort(policy->endpoints + 1, config->source_count, sizeof(*policy->endpoints), by_name);
	return 0;
}

static unsigned strictest(const struct policy *policy)
{
	unsigned most = policy->required;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].required > most)
			most = policy->rules[i].required;
	return most;
}

/* A policy that nobody could ever satisfy would lock everybody out. */
static int check_signers(const struct policy *policy, struct str path, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct signers signers;
	int failed = signers_parse(policy->signers, path.ptr, &arena, &signers, err);

	if (!failed && signers.count < strictest(policy))
		failed = err_set(
			err, ERR_FAILED,
			"%s names %zu signer%s, and the policy asks for %u: no plan could "
			"be approved",
			path.ptr, signers.count, signers.count == 1 ? "" : "s",
			strictest(policy));
	arena_release(&arena);
	return failed;
}

void policy_copy_rules(struct policy *policy, const struct approval_rule *rules, size_t count)
{
	policy->rule_count = count;
	policy->rules = arena_array(&policy->arena, struct approval_rule, count);
	for (size_t i = 0; i < count; i++) {
		policy->rules[i] = rules[i];
		policy->rules[i].action = arena_str(&policy->arena, rules[i].action);
	}
}

int policy_from_config(struct policy *policy, const struct config *config, struct err *err)
{
	const struct config_approval *approval = &config->approval;
	struct buf signers = BUF_INIT;

	policy_init(policy);
	policy->organization = arena_str(&policy->arena, config->organization);
	policy->sign_in = config->target.sign_in;
	policy->method = approval->method;
	policy->required = approval->required;
	policy->expires = approval->expires;
	policy_copy_rules(policy, approval->rules, approval->rule_count);
	if (policy_endpoints(policy, config, err) < 0)
		return -1;
	if (approval->method != APPROVAL_SSH)
		return 0;
	int failed = os_read_file(approval->allowed_signers.ptr, SIGNERS_SIZE_MAX, &signers,
				  err);
	policy->signers = arena_str(&policy->arena, buf_str(&signers));
	buf_release(&signers);
	if (failed)
		return err_prefix(err, "approval.allowed_signers");
	return check_signers(policy, approval->allowed_signers, err);
}

/* --- judging ------------------------------------------------------------------------------ */

void policy_rule_text(const struct approval_rule *rule, struct buf *out)
{
	buf_addf(out, "%.*s%s%s%s",
		 STR_FMT(rule->action.len ? rule->action : STR("any change")),
		 rule->kind >= 0 ? " " : "", rule->kind >= 0 ? kind_names[rule->kind] : "",
		 rule->over_limit ? " over a limit" : "");
}

static bool rule_matches(const struct approval_rule *rule, const struct plan_change *change)
{
	enum action action;

	if (rule->action.len && !action_parse(rule->action, &action))
		return false;
	/* Who comes back to mail that lists him is given access to accounts of whatever kind. */
	if (rule->action.len && action == ACTION_GRANT && change->reads.count)
		return true;
	return (!rule->action.len || change_does(change, action)) &&
	       (rule->kind < 0 || rule->kind == (int)change->kind);
}

static bool rule_applies(const struct approval_rule *rule, const struct plan *plan)
{
	if (rule->over_limit && !plan->options.allow.count)
		return false;
	if (!rule->action.len && rule->kind < 0)
		return true;
	for (size_t i = 0; i < plan->changes.count; i++) {
		if (rule_matches(rule, &plan->changes.items[i]))
			return true;
	}
	return false;
}

unsigned policy_required(const struct policy *policy, const struct plan *plan,
			 struct buf *because)
{
	unsigned required = policy->required;
	const struct approval_rule *strict = NULL;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct approval_rule *rule = &policy->rules[i];

		if (rule->required > required && rule_applies(rule, plan)) {
			required = rule->required;
			strict = rule;
		}
	}
	if (strict && because) {
		buf_puts(because, "the rule for ");
		policy_rule_text(strict, because);
	}
	return required;
}
