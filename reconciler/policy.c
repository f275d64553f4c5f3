#include "policy.h"

#include "approval.h"
#include "base/os.h"
#include "canonical.h"
#include "provider.h"
#include "signers.h"
#include "yaml_write.h"

#include <stdlib.h>
#include <string.h>

#define POLICY_FILE "policy/policy.yaml"
#define SIGNERS_FILE "policy/allowed_signers"
#define SIGNERS_SIZE_MAX (1u << 20)
#define RULES_MAX 100

static const char *const method_names[] = {"local", "ssh"};

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

/* Asks each provider, without connecting. */
static int read_endpoints(struct policy *policy, const struct config *config, struct err *err)
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

static void copy_rules(struct policy *policy, const struct approval_rule *rules, size_t count)
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
	policy->method = approval->method;
	policy->required = approval->required;
	policy->expires = approval->expires;
	copy_rules(policy, approval->rules, approval->rule_count);
	if (read_endpoints(policy, config, err) < 0)
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

/* --- the file in the record --------------------------------------------------------------- */

static void write_text(struct buf *out, const char *prefix, struct str value)
{
	buf_puts(out, prefix);
	yaml_add_text(out, value);
	buf_char(out, '\n');
}

static void write_policy(const struct policy *policy, struct buf *out)
{
	char expires[32];

	duration_text(policy->expires, expires, sizeof(expires));
	buf_puts(out, "zsctl_policy: 1\n");
	write_text(out, "organization: ", policy->organization);
	buf_addf(out, "method: %s\nrequired: %u\nexpires: %s\n", method_names[policy->method],
		 policy->required, expires);
	buf_puts(out, policy->rule_count ? "rules:\n" : "rules: []\n");
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct approval_rule *rule = &policy->rules[i];

		buf_addf(out, "  - required: %u\n", rule->required);
		if (rule->action.len)
			write_text(out, "    action: ", rule->action);
		if (rule->kind >= 0)
			buf_addf(out, "    kind: %s\n", kind_names[rule->kind]);
		if (rule->over_limit)
			buf_puts(out, "    over_limit: true\n");
	}
	buf_puts(out, "endpoints:\n");
	for (size_t i = 0; i < policy->endpoint_count; i++) {
		buf_puts(out, "  ");
		yaml_add_text(out, policy->endpoints[i].name);
		write_text(out, ": ", policy->endpoints[i].endpoint);
	}
}

static void take_unsigned(struct canonical *in, const char *prefix, unsigned *value)
{
	struct str text = STR_NONE;
	uint64_t number = 0;

	canonical_take(in, prefix, &text);
	if (!str_to_u64(text, &number) || number > 1000)
		canonical_bad(in, "is no number of approvals");
	*value = (unsigned)number;
}

static void take_rules(struct canonical *in, struct policy *policy)
{
	struct approval_rule rules[RULES_MAX] = {{.kind = -1}};
	struct str text = STR_NONE;
	uint64_t number;
	size_t count = 0;

	if (canonical_line(in, "rules: []") || !canonical_line(in, "rules:"))
		return;
	while (count < RULES_MAX && canonical_maybe(in, "  - required: ", &text)) {
		struct approval_rule *rule = &rules[count++];
		enum account_kind kind;

		*rule = (struct approval_rule){.kind = -1};
		if (!str_to_u64(text, &number) || number > 1000)
			canonical_bad(in, "is no number of approvals");
		rule->required = (unsigned)number;
		canonical_maybe(in, "    action: ", &rule->action);
		if (canonical_maybe(in, "    kind: ", &text)) {
			if (!kind_parse(text, &kind))
				canonical_bad(in, "is no kind of account");
			else
				rule->kind = (int)kind;
		}
		rule->over_limit = canonical_line(in, "    over_limit: true");
	}
	copy_rules(policy, rules, count);
}

static int parse_policy(struct policy *policy, struct str bytes, struct err *err)
{
	struct arena *arena = &policy->arena;
	struct canonical in = canonical_open(arena_str(arena, bytes), POLICY_FILE, arena);
	struct str text = STR_NONE, key;
	struct buf again = BUF_INIT;

	canonical_take(&in, "zsctl_policy: ", &text);
	if (!str_is(text, "1"))
		canonical_bad(&in, "is a format that this version of zsctl does not know");
	canonical_take(&in, "organization: ", &policy->organization);
	canonical_take(&in, "method: ", &text);
	if (str_is(text, "ssh"))
		policy->method = APPROVAL_SSH;
	else if (!str_is(text, "local"))
		canonical_bad(&in, "is no method of approval that this version knows");
	take_unsigned(&in, "required: ", &policy->required);
	canonical_take(&in, "expires: ", &text);
	if (!duration_parse(text, &policy->expires))
		canonical_bad(&in, "is no duration");
	take_rules(&in, policy);
	canonical_line(&in, "endpoints:");
	policy->endpoints = arena_array(arena, struct policy_endpoint,
					canonical_count(&in, "  ") + 1);
	while (canonical_pair(&in, "  ", &key, &text))
		policy->endpoints[policy->endpoint_count++] = (struct policy_endpoint){key,
										       text};
	write_policy(policy, &again);
	int failed = canonical_end(&in, buf_str(&again), err);
	buf_release(&again);
	return failed;
}

int policy_from_state(struct policy *policy, struct state *state, struct err *err)
{
	struct buf bytes = BUF_INIT;
	bool found = false;

	policy_init(policy);
	int failed = state_file(state, NULL, POLICY_FILE, &bytes, &found, err);
	if (!failed && found) {
		policy->recorded = true;
		failed = parse_policy(policy, buf_str(&bytes), err);
		buf_clear(&bytes);
		if (!failed)
			failed = state_file(state, NULL, SIGNERS_FILE, &bytes, &found, err);
		policy->signers = arena_str(&policy->arena, buf_str(&bytes));
	}
	buf_release(&bytes);
	return failed ? err_prefix(err, "the recorded policy") : 0;
}

int policy_read(struct policy *policy, struct policy *wanted, const struct config *config,
		struct state *state, struct err *err)
{
	if (policy_from_state(policy, state, err) < 0 ||
	    policy_from_config(wanted, config, err) < 0)
		return -1;
	if (policy->recorded)
		return 0;
	policy_release(policy);
	*policy = *wanted;
	policy->arena = (struct arena)ARENA_INIT;
	return 0;
}

void policy_digest(const struct policy *policy, char out[SHA256_TEXT_SIZE])
{
	struct sha256 state;
	struct buf text = BUF_INIT;

	write_policy(policy, &text);
	sha256_init(&state);
	sha256_add_field(&state, buf_str(&text));
	sha256_add_field(&state, policy->signers);
	sha256_final_text(&state, out);
	buf_release(&text);
}

void policy_files(const struct policy *policy, struct arena *arena, struct state_file files[2])
{
	struct buf text = BUF_INIT;

	write_policy(policy, &text);
	files[0] = (struct state_file){STR(POLICY_FILE), arena_str(arena, buf_str(&text))};
	files[1] = (struct state_file){STR(SIGNERS_FILE), arena_str(arena, policy->signers)};
	buf_release(&text);
}

/* --- what differs ------------------------------------------------------------------------- */

static void add_entry(struct plan *plan, struct str what, struct str from, struct str to)
{
	if (str_eq(from, to))
		return;
	*vec_push(&plan->policy) = (struct plan_policy){arena_str(&plan->arena, what),
							arena_str(&plan->arena, from),
							arena_str(&plan->arena, to)};
}

static void add_numbers(struct plan *plan, const char *what, unsigned from, unsigned to)
{
	add_entry(plan, str_of(what), arena_strf(&plan->arena, "%u", from),
		  arena_strf(&plan->arena, "%u", to));
}

/* "3 for delete user over a limit; 2 for grant" */
static struct str rules_text(const struct policy *policy, struct arena *arena)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct approval_rule *rule = &policy->rules[i];

		buf_addf(&text, "%s%u for %.*s%s%s%s", i ? "; " : "", rule->required,
			 STR_FMT(rule->action.len ? rule->action : STR("any change")),
			 rule->kind >= 0 ? " " : "",
			 rule->kind >= 0 ? kind_names[rule->kind] : "",
			 rule->over_limit ? " over a limit" : "");
	}
	struct str copy = arena_str(arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

static const struct signer *find_signer(const struct signers *signers, struct str principal)
{
	for (size_t i = 0; i < signers->count; i++)
		if (str_eq(signers->items[i].principal, principal))
			return &signers->items[i];
	return NULL;
}

/* Key and options; empty when there is no such signer. */
static struct str signer_text(const struct signer *signer, struct arena *arena)
{
	if (!signer)
		return STR_NONE;
	return arena_strf(arena, "%s%s%.*s", signer->fingerprint,
			  signer->options.len ? " " : "", STR_FMT(signer->options));
}

static void add_signers(struct plan *plan, const struct policy *from, const struct policy *to)
{
	struct arena *arena = &plan->arena;
	struct signers before, after;
	struct err err = ERR_INIT;
	char was[SHA256_TEXT_SIZE] = "", is[SHA256_TEXT_SIZE] = "";

	/* Both were read before: an unreadable one has been refused. */
	if (signers_parse(from->signers, "", arena, &before, &err) < 0)
		before.count = 0;
	if (signers_parse(to->signers, "", arena, &after, &err) < 0)
		after.count = 0;
	for (size_t i = 0; i < before.count; i++)
		add_entry(plan,
			  arena_strf(arena, "signer %.*s", STR_FMT(before.items[i].principal)),
			  signer_text(&before.items[i], arena),
			  signer_text(find_signer(&after, before.items[i].principal), arena));
	for (size_t i = 0; i < after.count; i++)
		if (!find_signer(&before, after.items[i].principal))
			add_entry(plan,
				  arena_strf(arena, "signer %.*s",
					     STR_FMT(after.items[i].principal)),
				  STR_NONE, signer_text(&after.items[i], arena));
	/* The bytes are what is recorded: these and no others are approved. */
	if (from->signers.len)
		sha256_text(from->signers, was);
	if (to->signers.len)
		sha256_text(to->signers, is);
	add_entry(plan, STR("allowed_signers"), str_of(was), str_of(is));
}

static const struct policy_endpoint *find_endpoint(const struct policy *policy, struct str name)
{
	for (size_t i = 0; i < policy->endpoint_count; i++)
		if (str_eq(policy->endpoints[i].name, name))
			return &policy->endpoints[i];
	return NULL;
}

static void add_endpoints(struct plan *plan, const struct policy *from, const struct policy *to)
{
	for (size_t i = 0; i < from->endpoint_count; i++) {
		const struct policy_endpoint *was = &from->endpoints[i];
		const struct policy_endpoint *is = find_endpoint(to, was->name);

		add_entry(plan, was->name, was->endpoint, is ? is->endpoint : STR_NONE);
	}
	for (size_t i = 0; i < to->endpoint_count; i++)
		if (!find_endpoint(from, to->endpoints[i].name))
			add_entry(plan, to->endpoints[i].name, STR_NONE,
				  to->endpoints[i].endpoint);
}

void policy_diff(const struct policy *recorded, const struct policy *wanted, struct plan *plan)
{
	char from[32], to[32];

	add_entry(plan, STR("organization"), recorded->organization, wanted->organization);
	add_entry(plan, STR("approval.method"), str_of(method_names[recorded->method]),
		  str_of(method_names[wanted->method]));
	add_numbers(plan, "approval.required", recorded->required, wanted->required);
	duration_text(recorded->expires, from, sizeof(from));
	duration_text(wanted->expires, to, sizeof(to));
	add_entry(plan, STR("approval.expires"), str_of(from), str_of(to));
	add_entry(plan, STR("approval.rules"), rules_text(recorded, &plan->arena),
		  rules_text(wanted, &plan->arena));
	add_signers(plan, recorded, wanted);
	add_endpoints(plan, recorded, wanted);
}

/* --- judging ------------------------------------------------------------------------------ */

int policy_check_endpoints(const struct policy *recorded, const struct config *config,
			   struct err *err)
{
	struct policy now;

	if (!recorded->recorded)
		return 0;
	if (!str_eq(recorded->organization, config->organization))
		return err_set(
			err, ERR_PERSON,
			"the record at %.*s is of organisation %.*s, and the configuration "
			"says %.*s: one record for each organisation",
			STR_FMT(config->state_path), STR_FMT(recorded->organization),
			STR_FMT(config->organization));
	policy_init(&now);
	int failed = read_endpoints(&now, config, err);
	for (size_t i = 0; !failed && i < now.endpoint_count; i++) {
		const struct policy_endpoint *is = &now.endpoints[i];
		const struct policy_endpoint *was = find_endpoint(recorded, is->name);

		if (was && str_eq(was->endpoint, is->endpoint))
			continue;
		failed = err_set(
			err, ERR_PERSON,
			"%.*s is configured as '%.*s', and %s%.*s%s; nothing was read from "
			"it. 'zsctl plan --policy-only' asks for the change, to be approved "
			"under the recorded policy",
			STR_FMT(is->name), STR_FMT(is->endpoint),
			was ? "the record pins '" : "the record pins none for it",
			STR_FMT(was ? was->endpoint : STR_NONE), was ? "'" : "");
	}
	policy_release(&now);
	return failed;
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
	if (strict && because)
		buf_addf(because, "the rule for %.*s%s%s%s",
			 STR_FMT(strict->action.len ? strict->action : STR("any change")),
			 strict->kind >= 0 ? " " : "",
			 strict->kind >= 0 ? kind_names[strict->kind] : "",
			 strict->over_limit ? " over a limit" : "");
	return required;
}
