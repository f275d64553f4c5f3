/* What stands around the entries of a plan, and where it goes. */
#include "planner.h"

#include "apply.h"
#include "approval.h"
#include "base/log.h"
#include "base/os.h"
#include "character.h"
#include "order.h"
#include "show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int refuse_open_run(struct context *context)
{
	struct state_open_run run = {0};
	if (state_open_run(context->state, &context->arena, &run, &context->err) < 0)
		return -1;
	return run.id.len ? refuse_other_run(&run, &context->err) : 0;
}

/* --- the head of a plan --------------------------------------------------------------------- */

/* "20261120T101500Z-7f3c2a10" */
static int plan_make_id(struct context *context, int64_t now, struct plan *plan)
{
	const char *fixed = getenv("ZSCTL_ID");
	char time[TIME_TEXT_SIZE];
	time_text(now, time);
	char compact[TIME_TEXT_SIZE];
	size_t length = 0;
	for (const char *c = time; *c; c++) {
		if (*c != '-' && *c != ':')
			compact[length++] = *c;
	}
	compact[length] = '\0';
	unsigned char random[4];
	char hex[9];
	random_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), hex);
	if (fixed && *fixed) {
		const char *unused;
		if (context_rehearsal_variable(context, "ZSCTL_ID", &unused) < 0)
			return -1;
		if (strlen(fixed) != 8 || strspn(fixed, "0123456789abcdef") != 8)
			return err_set(&context->err, ERR_USAGE,
				       "ZSCTL_ID is '%s'; it is 8 lower-case hex digits",
				       fixed);
		memcpy(hex, fixed, sizeof(hex));
	}
	plan->id = arena_strf(&plan->arena, "%s-%s", compact, hex);
	return 0;
}

static int plan_author(struct context *context, struct plan *plan)
{
	const char *author = value_of(&context->arguments, "author");
	if (!author || !*author)
		author = getenv("ZSCTL_AUTHOR");
	if (author && *author) {
		plan->author = arena_str(&plan->arena, str_of(author));
	} else {
		plan->author = git_user_email(&plan->arena, context->config.dir.ptr);
		if (!plan->author.len && given(&context->arguments, "out"))
			return err_set(
				&context->err, ERR_USAGE,
				"a plan says who asks for it: --author PRINCIPAL, ZSCTL_AUTHOR, "
				"or git's user.email");
		if (!plan->author.len)
			plan->author = STR("nobody");
	}
	const char *reason = value_of(&context->arguments, "message");
	if (reason)
		plan->reason = arena_str(&plan->arena, str_of(reason));
	if (!str_is_utf8(plan->reason))
		return err_set(&context->err, ERR_USAGE, "the reason (-m) is not UTF-8");
	if (plan->author.len > 254 || !character_visible_line(plan->author))
		return err_set(
			&context->err, ERR_USAGE,
			"the author has a name of one line, at most 254 bytes and all of it "
			"visible");
	if (plan->reason.len > 2000)
		return err_set(&context->err, ERR_USAGE,
			       "the reason (-m) has %zu bytes, at most 2,000 are kept",
			       plan->reason.len);
	return 0;
}

static int plan_validity(struct context *context, const struct policy *policy, int64_t now,
			 struct plan *plan)
{
	int64_t valid = policy->expires;
	const char *text = value_of(&context->arguments, "expires");
	if (text) {
		int64_t wanted;
		if (!duration_parse(str_of(text), &wanted))
			return err_set(&context->err, ERR_USAGE,
				       "--expires %s: a duration is written like 4h or 90m",
				       text);
		if (wanted > valid) {
			char most[32];
			duration_text(valid, most, sizeof(most));
			return err_set(&context->err, ERR_USAGE,
				       "--expires %s: only shorter than the policy's %s", text,
				       most);
		}
		valid = wanted;
	}
	plan->created = now;
	plan->expires = now + valid;
	return 0;
}

static int plan_config(struct context *context, const struct worlds *worlds, struct plan *plan)
{
	struct config *config = &context->config;
	char text[SHA256_TEXT_SIZE];
	plan->organization = arena_str(&plan->arena, config->organization);
	plan->config_digest = arena_str(&plan->arena, str_of(config->digest));
	policy_digest(&worlds->wanted_policy, text);
	plan->policy_digest = arena_str(&plan->arena, str_of(text));
	char commit[COMMIT_TEXT_SIZE + 8];
	if (git_commit_of(config->dir.ptr, config->path.ptr, commit) < 0)
		commit[0] = '\0';
	plan->config_commit = arena_str(&plan->arena, str_of(commit));

	struct buf before = BUF_INIT;
	bool found = false;
	if (state_file(context->state, NULL, STATE_CONFIG, &before, &found, &context->err) < 0)
		return -1;
	if (found) {
		struct str *paths;
		size_t count;
		config_changes(&plan->arena, buf_str(&before), config->canonical, &paths,
			       &count);
		for (size_t i = 0; i < count; i++)
			strs_add(&plan->arena, &plan->config_changed, paths[i]);
	}
	buf_release(&before);
	return 0;
}

/* What may stand behind the ':': a source for source_shrink, or "SOURCE:delegations"; else a kind;
 * nothing is fine too. */
static bool allow_is_for(const struct config *config, enum limit_rule rule, struct str of)
{
	enum account_kind kind;
	struct str source;

	if (!of.len)
		return true;
	if (rule == LIMIT_KEYS || rule == LIMIT_TARGET_SHRINK)
		return false;
	if (rule != LIMIT_SOURCE_SHRINK)
		return kind_parse(of, &kind);
	str_split(&of, ':', &source);
	if (of.len && !str_is(of, "delegations"))
		return false;
	for (size_t i = 0; i < config->source_count; i++) {
		if (str_eq(config->sources[i].name, source))
			return true;
	}
	return false;
}

static int allow_check(const struct config *config, struct str allow, struct err *err)
{
	struct str value = allow, of, rule;
	int known = 0;
	uint64_t number;

	str_split(&value, '=', &of);
	if (str_ends(of, ":"))
		return err_set(err, ERR_USAGE,
			       "--allow %.*s: nothing stands behind the ':'; a plan that is "
			       "refused says what to write",
			       STR_FMT(allow));
	str_split(&of, ':', &rule);
	while (known < LIMIT_RULES && !str_is(rule, limit_rule_names[known]))
		known++;
	if (known == LIMIT_RULES)
		return err_set(err, ERR_USAGE,
			       "--allow %.*s: there is no limit of that name; a plan that is "
			       "refused says what to write",
			       STR_FMT(allow));
	if (!allow_is_for(config, (enum limit_rule)known, of))
		return err_set(err, ERR_USAGE,
			       "--allow %.*s: the limit %s is not for '%.*s'; a plan that is "
			       "refused says what to write",
			       STR_FMT(allow), limit_rule_names[known], STR_FMT(of));
	if (!str_to_u64(value, &number))
		return err_set(err, ERR_USAGE,
			       "--allow %.*s: say how many, as in --allow suspend:user=12",
			       STR_FMT(allow));
	return 0;
}

int plan_allow(struct context *context, struct plan *plan)
{
	values_of(&context->arguments, "allow", &plan->arena, &plan->options.allow);
	for (size_t i = 0; i < plan->options.allow.count; i++) {
		if (allow_check(&context->config, plan->options.allow.items[i], &context->err) <
		    0)
			return -1;
	}
	return 0;
}

static void plan_sources(struct context *context, const struct worlds *worlds,
			 struct plan *plan)
{
	if (!worlds->desired.sources)
		return;
	for (size_t i = 0; i < context->config.source_count; i++) {
		const struct desired_source *now = &worlds->desired.sources[i];
		struct plan_source *source = vec_push(&plan->sources);
		*source = (struct plan_source){
			.name = arena_str(&plan->arena, context->config.sources[i].name),
			.users = now->users,
			.functional = now->functional,
			.delegations = now->delegations};
		for (size_t k = 0; k < worlds->recorded.source_count; k++) {
			const struct recorded_source *last = &worlds->recorded.sources[k];
			if (!str_eq(sym_str(last->name), source->name))
				continue;
			source->known = true;
			source->before = last->users + last->functional;
			source->before_delegations = last->delegations;
		}
	}
}

int plan_head(struct context *context, const struct worlds *worlds, int64_t now,
	      struct plan *plan)
{
	if (plan_make_id(context, now, plan) < 0 || plan_author(context, plan) < 0 ||
	    plan_validity(context, &worlds->policy, now, plan) < 0 ||
	    plan_config(context, worlds, plan) < 0)
		return -1;
	char head[COMMIT_TEXT_SIZE];
	if (state_head(context->state, head, &context->err) < 0)
		return -1;
	plan->base = arena_str(&plan->arena, str_of(head));
	struct target *target = worlds->target;
	struct target *opened = NULL;
	if (!target) {
		if (target_open(&opened, &context->config, &context->err) < 0)
			return -1;
		target = opened;
	}
	struct buf endpoint = BUF_INIT;
	target->ops->endpoint(target, &endpoint);
	struct str place = buf_str(&endpoint);
	struct str provider;
	str_split(&place, ' ', &provider);
	plan->target_provider = arena_str(&plan->arena, provider);
	plan->target_endpoint = arena_str(&plan->arena, place);
	buf_release(&endpoint);
	target_free(opened);
	for (size_t i = 0; i < worlds->current.count; i++) {
		if (worlds->current.items[i].kind == KIND_USER)
			plan->target_users++;
		else
			plan->target_functional++;
	}
	plan_sources(context, worlds, plan);
	return 0;
}

void plan_finish(struct context *context, const struct worlds *worlds, struct plan *plan)
{
	if (worlds->policy.recorded)
		policy_diff(&worlds->policy, &worlds->wanted_policy, plan);
	plan_sort(plan);
	if (plan->options.policy_only)
		return;
	struct guard_facts facts = guard_measure(
		&context->config, &worlds->current,
		worlds->desired.sources ? &worlds->desired : NULL, &worlds->recorded);
	guard_limits(&context->config, &facts, plan);
	struct arena arena = ARENA_INIT;
	struct schedule schedule;
	schedule_make(&arena, plan, &schedule);
	plan->writes = schedule.writes;
	/* A period's requests may all go out at its beginning. */
	if (worlds->target->rate_requests && schedule.writes)
		plan->seconds_at_least = (schedule.writes - 1) / worlds->target->rate_requests *
					 worlds->target->rate_seconds;
	arena_release(&arena);
}

/* --- delivery --------------------------------------------------------------------------------- */

static int write_plan(struct context *context, struct plan *plan, const char *path)
{
	struct str approvals = approvals_dir(&context->arena, path);
	if (os_exists(approvals.ptr))
		return err_set(
			&context->err, ERR_FAILED,
			"%s has approvals already; write the new plan elsewhere, or remove it and "
			"%s",
			path, approvals.ptr);
	struct buf bytes = BUF_INIT;
	plan_write(plan, &bytes);
	int failed = os_write_file(path, buf_str(&bytes), 0644, &context->err);
	buf_release(&bytes);
	return failed;
}

static void say_next(const struct plan *plan, const char *path)
{
	if (plan->refused.count || plan_is_empty(plan))
		return;
	if (path)
		log_info("written to %s; next: zsctl approve %s", path, path);
	else
		log_info(
			"nothing was written; 'zsctl plan -o FILE' writes this plan for review and "
			"approval");
}

int plan_deliver(struct context *context, struct plan *plan)
{
	const char *path = value_of(&context->arguments, "out");
	if (path && write_plan(context, plan, path) < 0)
		return -1;
	struct buf text = BUF_INIT;
	const char *format = value_of(&context->arguments, "format");
	struct show_options options = {.color = context->color,
				       .full = given(&context->arguments, "full")};
	if (format && !strcmp(format, "json"))
		show_json(plan, &text);
	else
		show_text(plan, &options, &text);
	int failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	if (failed)
		return -1;
	say_next(plan, path);
	if (plan->refused.count)
		return plan_refused(plan, "refused", &context->err);
	bool changes = !plan_is_empty(plan);
	context->status = changes && given(&context->arguments, "detailed-exitcode") ? 2 : 0;
	return 0;
}
