/*
 * Two policies compared: what a plan lists for approval under the recorded one, and what is refused
 * before a credential is read.
 */
#include "policy_internal.h"

#include "base/os.h"
#include "signers.h"

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

		buf_addf(&text, "%s%u for ", i ? "; " : "", rule->required);
		policy_rule_text(rule, &text);
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

/* What only people can do when the way to sign in changes, and when. */
static void add_sign_in(struct plan *plan, enum sign_in from, enum sign_in to)
{
	struct plan_manual *manual;

	if (from == to)
		return;
	add_entry(plan, STR("target.sign_in"), str_of(sign_in_names[from]),
		  str_of(sign_in_names[to]));
	manual = vec_push(&plan->manual);
	manual->account = STR("target");
	switch (to) {
	case SIGN_IN_PASSWORD:
		manual->problem = STR(
			"target.sign_in changes from sso to password: once that is recorded, "
			"changes go out without account keys, and end the sign-in of everybody "
			"who still signs in with one");
		manual->todo = STR(
			"let everybody sign in with a password in the Zivver portal "
			"(Organization Settings) first; then approve and apply this change, "
			"by itself with --policy-only");
		break;
	case SIGN_IN_SSO:
		manual->problem = STR(
			"target.sign_in changes from password to sso: no account key is sent "
			"by that, so nobody can sign in with single sign-on yet");
		manual->todo = STR(
			"set up single sign-on in the Zivver portal (Organization Settings), "
			"approve and apply this change, by itself with --policy-only, and send "
			"the account keys with zsctl plan --refresh-keys");
		break;
	}
}

void policy_diff(const struct policy *recorded, const struct policy *wanted, struct plan *plan)
{
	char from[32], to[32];

	add_entry(plan, STR("organization"), recorded->organization, wanted->organization);
	add_sign_in(plan, recorded->sign_in, wanted->sign_in);
	add_entry(plan, STR("approval.method"), str_of(approval_method_names[recorded->method]),
		  str_of(approval_method_names[wanted->method]));
	add_numbers(plan, "approval.required", recorded->required, wanted->required);
	duration_text(recorded->expires, from, sizeof(from));
	duration_text(wanted->expires, to, sizeof(to));
	add_entry(plan, STR("approval.expires"), str_of(from), str_of(to));
	add_entry(plan, STR("approval.rules"), rules_text(recorded, &plan->arena),
		  rules_text(wanted, &plan->arena));
	add_signers(plan, recorded, wanted);
	add_endpoints(plan, recorded, wanted);
}

/* --- endpoints, before anything is read from them -------------------------------------------- */

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
	int failed = policy_endpoints(&now, config, err);
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
