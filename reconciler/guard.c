/*
 * Limits on what one plan may do, counted from its entries: the last thing between a mistake
 * elsewhere and the accounts.
 */
#include "tally.h"

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
		facts.protected_ += guard_protects(config, sym_str(account->address));
		if (account->id && account->id->number >= size)
			size = account->id->number + 1;
	}
	for (size_t i = 0; i < current->hidden.count; i++)
		if (current->hidden.items[i]->number >= size)
			size = current->hidden.items[i]->number + 1;
	for (size_t i = 0; desired && i < desired->count; i++)
		facts.desired[desired->items[i].account.kind]++;
	there = mem_calloc(size + 1u, sizeof(*there));
	for (size_t i = 0; i < current->count; i++)
		if (current->items[i].id)
			there[current->items[i].id->number] = true;
	for (size_t i = 0; i < current->hidden.count; i++)
		there[current->hidden.items[i]->number] = true;
	for (size_t i = 0; i < recorded->count; i++) {
		const struct sym *id = recorded->items[i].account.id;

		/* What the scope leaves out by now is not gone, only unseen. */
		if (!id || !target_in_scope(config, &recorded->items[i].account))
			continue;
		facts.recorded_ids++;
		if (id->number < size && there[id->number])
			continue;
		if (facts.recorded_missing < GUARD_NAMED)
			facts.missing[facts.recorded_missing] =
				recorded->items[i].account.address;
		facts.recorded_missing++;
	}
	return facts;
}

/* --- one rule --------------------------------------------------------------------------------- */

struct guard {
	const struct config *config;
	struct plan *plan;
};

struct rule {
	enum limit_rule rule;
	struct str narrow; /* a kind, a source, "SOURCE:delegations", or empty */
	struct str label;  /* as the plan calls it: "suspend user" */
	struct limit limit;
	const struct counted *planned;
	uint64_t of;
};

/* "suspend:user=12", "suspend=12": the value for this rule. The narrower one counts, and of several
 * such the largest. */
static bool find_allow(const struct plan *plan, const struct rule *rule, uint64_t *value)
{
	bool found = false, exact = false;

	for (size_t i = 0; i < plan->options.allow.count; i++) {
		struct str number = plan->options.allow.items[i], key, name;
		uint64_t given;

		if (!str_split(&number, '=', &key) || !str_to_u64(number, &given) ||
		    !str_split(&key, ':', &name) || !str_is(name, limit_rule_names[rule->rule]))
			continue;
		if (key.len > 0 ? !str_eq(key, rule->narrow) : exact)
			continue;
		if (!found || (key.len > 0 && !exact) || given > *value)
			*value = given;
		found = true;
		exact = key.len > 0;
	}
	return found;
}

static uint64_t share_of(struct limit limit, uint64_t of)
{
	return of / 100 * limit.value + of % 100 * limit.value / 100;
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
	share = share_of(limit, of);
	least = config->free < of / 2 ? config->free : of / 2;
	return share > least ? share : least;
}

/* What has been counted, in words. */
static const char *counted_text(enum limit_rule rule, uint64_t count)
{
	switch (rule) {
	case LIMIT_SOURCE_SHRINK:
		return "fewer than at the last run";
	case LIMIT_TARGET_SHRINK:
		return count == 1 ? "recorded account gone from the target"
				  : "recorded accounts gone from the target";
	case LIMIT_HELD:
		return "held";
	case LIMIT_CREATE:
	case LIMIT_UPDATE:
	case LIMIT_SUSPEND:
	case LIMIT_REACTIVATE:
	case LIMIT_KEYS:
	case LIMIT_GRANT:
	case LIMIT_REVOKE:
	case LIMIT_RULES:
		break;
	}
	return "planned";
}

/* Who it is about, when they are few; how many, when they are many. */
static void add_counted(const struct rule *rule, struct buf *out)
{
	const struct counted *planned = rule->planned;

	buf_addf(out, "%" PRIu64 " %s", planned->count,
		 counted_text(rule->rule, planned->count));
	if (planned->count > GUARD_NAMED || !planned->named[0].len)
		return;
	for (uint64_t i = 0; i < planned->count; i++) {
		buf_puts(out, i ? ", " : " (");
		buf_add(out, planned->named[i]);
	}
	buf_char(out, ')');
}

static void add_allow(const struct rule *rule, struct buf *out)
{
	buf_addf(out, "; to allow it: --allow %s%s%.*s=%" PRIu64, limit_rule_names[rule->rule],
		 rule->narrow.len ? ":" : "", STR_FMT(rule->narrow), rule->planned->count);
}

/* Where the number allowed comes from. */
static void add_why_allowed(const struct config *config, const struct rule *rule,
			    const struct plan_limit *entry, struct buf *out)
{
	char limit[LIMIT_TEXT_SIZE];

	if (entry->overridden) {
		buf_puts(out, " (--allow)");
		return;
	}
	if (rule->limit.type != LIMIT_PERCENT)
		return;
	limit_text(rule->limit, limit);
	buf_addf(out, " (%s of %" PRIu64, limit, rule->of);
	if (entry->allowed > share_of(rule->limit, rule->of))
		buf_puts(out, entry->allowed == config->free ? ", or limits.free"
							     : ", or limits.free up to half");
	buf_char(out, ')');
}

static void refuse(struct guard *guard, const struct rule *rule, const struct plan_limit *entry)
{
	struct buf text = BUF_INIT;

	buf_add(&text, rule->label);
	buf_puts(&text, ": ");
	add_counted(rule, &text);
	buf_addf(&text, ", %" PRIu64 " allowed", entry->allowed);
	add_why_allowed(guard->config, rule, entry, &text);
	add_allow(rule, &text);
	strs_add(&guard->plan->arena, &guard->plan->refused, buf_str(&text));
	buf_release(&text);
}

/* NULL when there is nothing to measure. */
static struct plan_limit *measure(struct guard *guard, const struct rule *rule)
{
	struct plan_limit *entry;
	uint64_t allowed = passes(guard->config, rule->limit, rule->of), given;
	bool raised = find_allow(guard->plan, rule, &given) && given > allowed;

	if (rule->planned->count == 0)
		return NULL;
	entry = vec_push(&guard->plan->limits);
	entry->rule = arena_str(&guard->plan->arena, rule->label);
	entry->limit = rule->limit;
	entry->planned = rule->planned->count;
	entry->of = rule->of;
	entry->overridden = raised;
	entry->allowed = raised ? given : allowed;
	/* Not planned is not worth a number: nothing more than this can be. */
	if (entry->allowed == UINT64_MAX)
		entry->allowed = entry->planned;
	return entry;
}

static void judge(struct guard *guard, const struct rule *rule)
{
	const struct plan_limit *entry = measure(guard, rule);

	if (entry && entry->planned > entry->allowed)
		refuse(guard, rule, entry);
}

static void judge_kind(struct guard *guard, enum limit_rule which, enum account_kind kind,
		       const struct counted *planned, uint64_t of)
{
	const struct rule rule = {
		.rule = which,
		.narrow = str_of(kind_names[kind]),
		.label = arena_strf(&guard->plan->arena, "%s %s", limit_rule_names[which],
				    kind_names[kind]),
		.limit = guard->config->limits[kind][which],
		.planned = planned,
		.of = of,
	};

	judge(guard, &rule);
}

/* A rule that does not tell kinds apart. */
static void judge_all(struct guard *guard, enum limit_rule which, const struct counted *planned,
		      uint64_t of)
{
	const struct rule rule = {
		.rule = which,
		.label = str_of(limit_rule_names[which]),
		.limit = guard->config->limits[KIND_USER][which],
		.planned = planned,
		.of = of,
	};

	judge(guard, &rule);
}

/* Pairs of both kinds together, unless the kinds have limits of their own. */
static void judge_pairs(struct guard *guard, enum limit_rule rule,
			const struct counted planned[KIND_COUNT],
			const uint64_t active[KIND_COUNT])
{
	const struct limit user = guard->config->limits[KIND_USER][rule];
	const struct limit functional = guard->config->limits[KIND_FUNCTIONAL][rule];
	const struct counted together = tally_both(planned);

	if (user.type == functional.type && user.value == functional.value) {
		judge_all(guard, rule, &together, active[KIND_USER] + active[KIND_FUNCTIONAL]);
		return;
	}
	for (int kind = 0; kind < KIND_COUNT; kind++)
		judge_kind(guard, rule, (enum account_kind)kind, &planned[kind], active[kind]);
}

/* --- sources and the target ----------------------------------------------------------------- */

/* A source that says nothing at all is broken far more often than it is right, whatever the limit. */
static void judge_empty(struct guard *guard, const struct rule *rule, struct plan_limit *entry)
{
	const uint64_t before = rule->planned->count;
	struct buf text = BUF_INIT;
	uint64_t given;

	if (find_allow(guard->plan, rule, &given) && given >= before) {
		if (entry) {
			entry->overridden = true;
			entry->allowed = given;
		}
		return;
	}
	buf_add(&text, rule->label);
	buf_puts(&text, ": the source lists no account at all");
	if (before > 0)
		buf_addf(&text, ", at the last run it listed %" PRIu64, before);
	buf_puts(
		&text,
		"; mend it, or what its filters leave out, or take it out of the configuration");
	add_allow(rule, &text);
	strs_add(&guard->plan->arena, &guard->plan->refused, buf_str(&text));
	buf_release(&text);
}

static void judge_delegations(struct guard *guard, const struct plan_source *source)
{
	struct arena *arena = &guard->plan->arena;
	const struct counted lost = {.count = source->before_delegations - source->delegations};
	const struct rule rule = {
		.rule = LIMIT_SOURCE_SHRINK,
		.narrow = arena_strf(arena, "%.*s:delegations", STR_FMT(source->name)),
		.label = arena_strf(arena, "%s %.*s delegations",
				    limit_rule_names[LIMIT_SOURCE_SHRINK],
				    STR_FMT(source->name)),
		.limit = guard->config->limits[KIND_USER][LIMIT_SOURCE_SHRINK],
		.planned = &lost,
		.of = source->before_delegations,
	};

	judge(guard, &rule);
}

static void judge_source(struct guard *guard, const struct plan_source *source)
{
	const uint64_t accounts = source->users + source->functional;
	const uint64_t before = source->known ? source->before : 0;
	const struct counted lost = {.count = before > accounts ? before - accounts : 0};
	const struct rule rule = {
		.rule = LIMIT_SOURCE_SHRINK,
		.narrow = source->name,
		.label = arena_strf(&guard->plan->arena, "%s %.*s",
				    limit_rule_names[LIMIT_SOURCE_SHRINK],
				    STR_FMT(source->name)),
		.limit = guard->config->limits[KIND_USER][LIMIT_SOURCE_SHRINK],
		.planned = &lost,
		.of = before,
	};

	if (accounts > 0)
		judge(guard, &rule);
	else
		judge_empty(guard, &rule, measure(guard, &rule));
	if (source->known && source->before_delegations > source->delegations)
		judge_delegations(guard, source);
}

/* Who mistypes an administrator's address should not find out by a delete. */
static void judge_deletes(struct guard *guard, uint64_t planned,
			  const struct guard_facts *facts)
{
	struct plan *plan = guard->plan;

	if (planned == 0 || facts->protected_ > 0)
		return;
	strs_add(
		&plan->arena, &plan->refused,
		arena_strf(&plan->arena,
			   "delete: %" PRIu64
			   " planned, and target.protect names no account that the target has: "
			   "nothing is deleted while that protects nobody",
			   planned));
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
	struct counted missing = {.count = facts->recorded_missing};
	struct guard guard = {config, plan};
	struct tally tally = {.keys = {.count = 0}};

	for (size_t i = 0; i < GUARD_NAMED; i++)
		missing.named[i] = sym_str(facts->missing[i]);
	tally_plan(plan, facts->recorded, &tally);
	plan->limits.count = 0;
	plan->refused.count = 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		for (int kind = 0; kind < KIND_COUNT; kind++)
			judge_kind(&guard, rules[i].rule, (enum account_kind)kind,
				   &tally.changes[kind][rules[i].action], facts->active[kind]);
	judge_all(&guard, LIMIT_KEYS, &tally.keys, facts->active[KIND_USER]);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		judge_kind(&guard, LIMIT_HELD, (enum account_kind)kind, &tally.held[kind],
			   facts->active[kind]);
	judge_pairs(&guard, LIMIT_GRANT, tally.granted, facts->active);
	judge_pairs(&guard, LIMIT_REVOKE, tally.revoked, facts->active);
	for (size_t i = 0; i < plan->sources.count; i++)
		judge_source(&guard, &plan->sources.items[i]);
	judge_deletes(&guard,
		      tally.changes[KIND_USER][ACTION_DELETE].count +
			      tally.changes[KIND_FUNCTIONAL][ACTION_DELETE].count,
		      facts);
	judge_all(&guard, LIMIT_TARGET_SHRINK, &missing, facts->recorded_ids);
}
