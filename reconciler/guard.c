/*
 * Limits on what one plan may do, counted from its entries: the last thing between a mistake
 * elsewhere and the accounts.
 */
#include "pipeline.h"

#include "address.h"

#include <inttypes.h>
#include <string.h>

/* --- what is measured against ----------------------------------------------------------------- */

struct guard_facts guard_measure(const struct config *config, const struct accounts *current,
				 const struct desired *desired, const struct recorded *recorded)
{
	struct guard_facts facts = {.recorded = recorded};
	autofree bool *there = NULL;
	uint32_t size = 0;

	for (size_t i = 0; i < current->count; i++) {
		const struct account *account = &current->items[i];

		facts.active[account->kind] += account->active;
		if (account->id && account->id->number >= size)
			size = account->id->number + 1;
	}
	for (size_t i = 0; desired && i < desired->count; i++)
		facts.desired[desired->items[i].account.kind]++;
	there = mem_calloc(size + 1u, sizeof(*there));
	for (size_t i = 0; i < current->count; i++)
		if (current->items[i].id)
			there[current->items[i].id->number] = true;
	for (size_t i = 0; i < recorded->count; i++) {
		const struct sym *id = recorded->items[i].account.id;

		/* What the scope leaves out by now is not gone, only unseen. */
		if (!id || !target_in_scope(config, &recorded->items[i].account))
			continue;
		facts.recorded_ids++;
		facts.recorded_missing += id->number >= size || !there[id->number];
	}
	return facts;
}

/* --- what is planned -------------------------------------------------------------------------- */

struct tally {
	uint64_t changes[KIND_COUNT][ACTION_COUNT];
	uint64_t granted[KIND_COUNT], revoked[KIND_COUNT];
	uint64_t held[KIND_COUNT];
	uint64_t keys;
};

/* Addresses of users that the plan takes away: who loses those as a delegate is counted there. */
static void find_leavers(const struct plan *plan, struct sym_pool *leavers)
{
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		if (change->kind == KIND_USER &&
		    (change->action == ACTION_SUSPEND || change->action == ACTION_DELETE))
			sym_get(leavers, change->address);
	}
}

static void count_pairs(struct tally *tally, const struct plan_change *change,
			const struct sym_pool *leavers)
{
	/* A new account has no mail that a delegate could be wrongly given; a suspended one loses
	 * all of them by being suspended. */
	if (change->action == ACTION_CREATE || change->action == ACTION_SUSPEND ||
	    change->action == ACTION_DELETE)
		return;
	tally->granted[change->kind] += change->delegates_add.count + change->reads.count;
	for (size_t i = 0; i < change->delegates_remove.count; i++)
		tally->revoked[change->kind] +=
			!sym_find(leavers, change->delegates_remove.items[i].address);
}

/* Creates, suspensions and reactivations have limits of their own. */
static bool sends_key(const struct plan_change *change)
{
	if (change->key.len == 0 || str_is(change->key, "lost"))
		return false;
	return change->action == ACTION_UPDATE || change->action == ACTION_GRANT ||
	       change->action == ACTION_REVOKE;
}

/* Keys that the record does not know as sent: first ones and others than before. */
static uint64_t count_keys(const struct plan *plan, const struct recorded *recorded)
{
	struct sym_pool sent = SYM_POOL_INIT; /* "ID KEY" */
	struct buf text = BUF_INIT;
	uint64_t count = 0;

	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		if (!sends_key(change))
			continue;
		buf_clear(&text);
		buf_addf(&text, "%.*s %.*s", STR_FMT(change->id), STR_FMT(change->key));
		sym_get(&sent, buf_str(&text));
		count++;
	}
	for (size_t i = 0; count && recorded && i < recorded->count; i++) {
		const struct recorded_account *account = &recorded->items[i];

		if (!account->key || !account->account.id)
			continue;
		buf_clear(&text);
		buf_addf(&text, "%s %s", account->account.id->text, account->key->text);
		count -= sym_find(&sent, buf_str(&text)) != NULL;
	}
	buf_release(&text);
	sym_pool_release(&sent);
	return count;
}

static struct tally count_plan(const struct plan *plan, const struct recorded *recorded)
{
	struct tally tally = {.keys = count_keys(plan, recorded)};
	struct sym_pool leavers = SYM_POOL_INIT;

	find_leavers(plan, &leavers);
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		for (int action = 0; action < ACTION_COUNT; action++)
			tally.changes[change->kind][action] += change_does(change,
									   (enum action)action);
		count_pairs(&tally, change, &leavers);
	}
	for (size_t i = 0; i < plan->held.count; i++)
		tally.held[str_starts(plan->held.items[i].account,
				      kind_names[KIND_FUNCTIONAL])]++;
	sym_pool_release(&leavers);
	return tally;
}

/* --- one rule --------------------------------------------------------------------------------- */

struct guard {
	const struct config *config;
	struct plan *plan;
};

/* "suspend:user=12", "suspend=12": the value for this rule. The narrower one counts. */
static bool find_allow(const struct plan *plan, const char *rule, struct str narrow,
		       uint64_t *value)
{
	bool found = false;

	for (size_t i = 0; i < plan->options.allow.count; i++) {
		struct str number = plan->options.allow.items[i], key, name;
		uint64_t given;

		if (!str_split(&number, '=', &key) || !str_to_u64(number, &given) ||
		    !str_split(&key, ':', &name) || !str_is(name, rule))
			continue;
		if (key.len > 0 && str_eq(key, narrow)) {
			*value = given;
			return true;
		}
		if (key.len == 0) {
			*value = given;
			found = true;
		}
	}
	return found;
}

/* What passes without being asked for. */
static uint64_t passes(const struct config *config, struct limit limit, uint64_t of)
{
	uint64_t share, least;

	switch (limit.type) {
	case LIMIT_NONE:
		return UINT64_MAX;
	case LIMIT_COUNT:
		return limit.value;
	case LIMIT_PERCENT:
		break;
	}
	share = of / 100 * limit.value + of % 100 * limit.value / 100;
	least = config->free < of / 2 ? config->free : of / 2;
	return share > least ? share : least;
}

/* What has been counted, in words. */
static const char *counted(const char *rule)
{
	if (!strcmp(rule, limit_rule_names[LIMIT_SOURCE_SHRINK]))
		return "fewer than at the last run";
	if (!strcmp(rule, limit_rule_names[LIMIT_TARGET_SHRINK]))
		return "recorded accounts gone from the target";
	if (!strcmp(rule, limit_rule_names[LIMIT_HELD]))
		return "held";
	return "planned";
}

static void refuse(struct guard *guard, const char *rule, struct str narrow,
		   const struct plan_limit *entry)
{
	struct buf text = BUF_INIT;
	char limit[LIMIT_TEXT_SIZE];

	limit_text(entry->limit, limit);
	buf_add(&text, entry->rule);
	buf_addf(&text, ": %" PRIu64 " %s, %" PRIu64 " allowed", entry->planned, counted(rule),
		 entry->allowed);
	if (entry->limit.type == LIMIT_PERCENT)
		buf_addf(&text, " (%s of %" PRIu64 ")", limit, entry->of);
	buf_addf(&text, "; to allow it: --allow %s%s%.*s=%" PRIu64, rule, narrow.len ? ":" : "",
		 STR_FMT(narrow), entry->planned);
	strs_add(&guard->plan->arena, &guard->plan->refused, buf_str(&text));
	buf_release(&text);
}

/* `label` is the rule as the plan calls it; `narrow` a kind, a source, or empty. */
static struct plan_limit *measure(struct guard *guard, const char *rule, struct str narrow,
				  struct str label, struct limit limit, uint64_t planned,
				  uint64_t of)
{
	struct plan_limit *entry;
	uint64_t allowed = passes(guard->config, limit, of), given;
	bool raised = find_allow(guard->plan, rule, narrow, &given) && given > allowed;

	if (planned == 0)
		return NULL;
	entry = vec_push(&guard->plan->limits);
	entry->rule = arena_str(&guard->plan->arena, label);
	entry->limit = limit;
	entry->planned = planned;
	entry->of = of;
	entry->overridden = raised;
	entry->allowed = raised ? given : allowed;
	/* Not planned is not worth a number: nothing more than this can be. */
	if (entry->allowed == UINT64_MAX)
		entry->allowed = planned;
	return entry;
}

static void judge(struct guard *guard, const char *rule, struct str narrow, struct str label,
		  struct limit limit, uint64_t planned, uint64_t of)
{
	const struct plan_limit *entry = measure(guard, rule, narrow, label, limit, planned,
						 of);

	if (entry && entry->planned > entry->allowed)
		refuse(guard, rule, narrow, entry);
}

static void judge_kind(struct guard *guard, enum limit_rule rule, enum account_kind kind,
		       uint64_t planned, uint64_t of)
{
	struct str kind_name = str_of(kind_names[kind]);

	judge(guard, limit_rule_names[rule], kind_name,
	      arena_strf(&guard->plan->arena, "%s %s", limit_rule_names[rule],
			 kind_names[kind]),
	      guard->config->limits[kind][rule], planned, of);
}

/* Pairs of both kinds together, unless the kinds have limits of their own. */
static void judge_pairs(struct guard *guard, enum limit_rule rule,
			const uint64_t planned[KIND_COUNT], const uint64_t active[KIND_COUNT])
{
	const struct limit user = guard->config->limits[KIND_USER][rule];
	const struct limit functional = guard->config->limits[KIND_FUNCTIONAL][rule];

	if (user.type == functional.type && user.value == functional.value) {
		judge(guard, limit_rule_names[rule], STR_NONE, str_of(limit_rule_names[rule]),
		      user, planned[KIND_USER] + planned[KIND_FUNCTIONAL],
		      active[KIND_USER] + active[KIND_FUNCTIONAL]);
		return;
	}
	judge_kind(guard, rule, KIND_USER, planned[KIND_USER], active[KIND_USER]);
	judge_kind(guard, rule, KIND_FUNCTIONAL, planned[KIND_FUNCTIONAL],
		   active[KIND_FUNCTIONAL]);
}

/* --- sources and the target ----------------------------------------------------------------- */

/* A source that says nothing at all is broken far more often than it is right. */
static void judge_empty(struct guard *guard, const struct plan_source *source)
{
	const char *rule = limit_rule_names[LIMIT_SOURCE_SHRINK];
	const uint64_t before = source->known ? source->before : 0;
	struct buf text = BUF_INIT;
	uint64_t given;

	if (find_allow(guard->plan, rule, source->name, &given) && given >= before)
		return;
	buf_addf(&text, "%s %.*s: the source has no entries at all", rule,
		 STR_FMT(source->name));
	if (before > 0)
		buf_addf(&text, ", at the last run it had %" PRIu64, before);
	buf_addf(&text,
		 "; mend it or take it out of the configuration; to allow it: --allow "
		 "%s:%.*s=%" PRIu64,
		 rule, STR_FMT(source->name), before);
	strs_add(&guard->plan->arena, &guard->plan->refused, buf_str(&text));
	buf_release(&text);
}

static void judge_source(struct guard *guard, const struct plan_source *source)
{
	const char *rule = limit_rule_names[LIMIT_SOURCE_SHRINK];
	const struct limit limit = guard->config->limits[KIND_USER][LIMIT_SOURCE_SHRINK];
	const uint64_t accounts = source->users + source->functional;
	struct arena *arena = &guard->plan->arena;
	struct str label = arena_strf(arena, "%s %.*s", rule, STR_FMT(source->name));

	if (source->known && source->before > accounts) {
		const struct plan_limit *entry = measure(guard, rule, source->name, label,
							 limit, source->before - accounts,
							 source->before);

		if (accounts > 0 && entry->planned > entry->allowed)
			refuse(guard, rule, source->name, entry);
	}
	if (accounts == 0)
		judge_empty(guard, source);
	if (source->known && source->before_delegations > source->delegations)
		judge(guard, rule, source->name,
		      arena_strf(arena, "%.*s delegations", STR_FMT(label)), limit,
		      source->before_delegations - source->delegations,
		      source->before_delegations);
}

void guard_limits(const struct config *config, const struct guard_facts *facts,
		  struct plan *plan)
{
	static const struct {
		enum limit_rule rule;
		enum action action;
	} rules[] = {
		{LIMIT_CREATE, ACTION_CREATE},
		{LIMIT_UPDATE, ACTION_UPDATE},
		{LIMIT_SUSPEND, ACTION_SUSPEND},
		{LIMIT_REACTIVATE, ACTION_REACTIVATE},
	};
	struct guard guard = {config, plan};
	const struct tally tally = count_plan(plan, facts->recorded);

	plan->limits.count = 0;
	plan->refused.count = 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		for (int kind = 0; kind < KIND_COUNT; kind++)
			judge_kind(&guard, rules[i].rule, (enum account_kind)kind,
				   tally.changes[kind][rules[i].action], facts->active[kind]);
	judge(&guard, limit_rule_names[LIMIT_KEYS], STR_NONE,
	      str_of(limit_rule_names[LIMIT_KEYS]), config->limits[KIND_USER][LIMIT_KEYS],
	      tally.keys, facts->active[KIND_USER]);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		judge_kind(&guard, LIMIT_HELD, (enum account_kind)kind, tally.held[kind],
			   facts->active[kind]);
	judge_pairs(&guard, LIMIT_GRANT, tally.granted, facts->active);
	judge_pairs(&guard, LIMIT_REVOKE, tally.revoked, facts->active);
	for (size_t i = 0; i < plan->sources.count; i++)
		judge_source(&guard, &plan->sources.items[i]);
	judge(&guard, limit_rule_names[LIMIT_TARGET_SHRINK], STR_NONE,
	      str_of(limit_rule_names[LIMIT_TARGET_SHRINK]),
	      config->limits[KIND_USER][LIMIT_TARGET_SHRINK], facts->recorded_missing,
	      facts->recorded_ids);
}

/* --- what no plan may touch ------------------------------------------------------------------ */

static bool matches(const struct patterns *patterns, struct str address)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (pattern_match(patterns->items[i], address))
			return true;
	return false;
}

/* By address; a unit is only known to the target, and apply looks there. */
static bool out_of_scope(const struct config_scope *scope, struct str address)
{
	if (matches(&scope->exclude, address))
		return true;
	return scope->include.count > 0 && scope->include_units.count == 0 &&
	       !matches(&scope->include, address);
}

/* `entry` is the address that the entry goes by, `address` one that it is about. */
static int check_address(const struct config *config, const char *action,
			 enum account_kind kind, struct str entry, struct str address,
			 struct err *err)
{
	if (matches(&config->target.protect, address))
		return err_set(err, ERR_PERSON,
			       "%s %s %.*s: target.protect says that %.*s is never changed",
			       action, kind_names[kind], STR_FMT(entry), STR_FMT(address));
	if (out_of_scope(&config->target.scope, address))
		return err_set(err, ERR_PERSON, "%s %s %.*s: %.*s is outside target.scope",
			       action, kind_names[kind], STR_FMT(entry), STR_FMT(address));
	return 0;
}

/* What `actions:` never lets a plan do; who undoes a run asks for it himself. */
static int check_action(const struct config *config, const struct plan *plan,
			const struct plan_change *change, struct err *err)
{
	const struct config_actions *actions = &config->actions[change->kind];
	bool forbidden = false;

	switch (change->action) {
	case ACTION_DELETE:
		break;
	case ACTION_SUSPEND:
		forbidden = actions->suspend == SUSPEND_NEVER;
		break;
	case ACTION_REACTIVATE:
		forbidden = actions->reactivate == SUSPEND_NEVER;
		break;
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_UPDATE:
		forbidden = !actions->update;
		break;
	case ACTION_CREATE:
		forbidden = !actions->create;
		break;
	}
	if (!forbidden || plan->options.undo.len)
		return 0;
	return err_set(err, ERR_PERSON,
		       "%s %s %.*s: the configuration's actions do not let plans do that",
		       action_names[change->action], kind_names[change->kind],
		       STR_FMT(change->address));
}

static int check_delete(const struct config *config, const struct plan *plan,
			const struct plan_change *change, struct err *err)
{
	if (plan->options.delete_.len == 0)
		return err_set(err, ERR_PERSON,
			       "delete %s %.*s: nobody asked for deletes with --delete",
			       kind_names[change->kind], STR_FMT(change->address));
	if (config->target.protect.count == 0)
		return err_set(err, ERR_PERSON,
			       "delete %s %.*s: target.protect is empty, and nothing is "
			       "deleted without it",
			       kind_names[change->kind], STR_FMT(change->address));
	return 0;
}

int guard_protected(const struct config *config, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		const char *action = action_names[change->action];

		if (check_action(config, plan, change, err) != 0 ||
		    check_address(config, action, change->kind, change->address,
				  change->address, err) != 0 ||
		    (change->rename.set &&
		     check_address(config, action, change->kind, change->address,
				   change->rename.to, err) != 0))
			return -1;
		if (change->action == ACTION_DELETE &&
		    check_delete(config, plan, change, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		if (check_address(config, "adopt", adopt->kind, adopt->address, adopt->address,
				  err) != 0)
			return -1;
	}
	return 0;
}
