/*
 * The policy's file in the record: canonical, so that it can be read by people and compared by bytes.
 */
#include "policy_internal.h"

#include "base/os.h"
#include "canonical.h"
#include "yaml_write.h"

#define POLICY_FILE "policy/policy.yaml"
#define SIGNERS_FILE "policy/allowed_signers"
#define RULES_MAX 100

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
	buf_addf(out, "sign_in: %s\n", sign_in_names[policy->sign_in]);
	buf_addf(out, "method: %s\nrequired: %u\nexpires: %s\n",
		 approval_method_names[policy->method], policy->required, expires);
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
	policy_copy_rules(policy, rules, count);
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
	canonical_take(&in, "sign_in: ", &text);
	if (str_is(text, sign_in_names[SIGN_IN_PASSWORD]))
		policy->sign_in = SIGN_IN_PASSWORD;
	else if (!str_is(text, sign_in_names[SIGN_IN_SSO]))
		canonical_bad(&in, "is no way to sign in that this version knows");
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
