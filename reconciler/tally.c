#include "tally.h"

static void count_one(struct counted *counted, struct str who)
{
	if (counted->count < GUARD_NAMED)
		counted->named[counted->count] = who;
	counted->count++;
}

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

/* "kim@example.org for info@example.org" */
static void count_pair(struct arena *arena, struct counted *counted, struct str reader,
		       struct str account)
{
	struct str who = STR_NONE;

	if (counted->count < GUARD_NAMED)
		who = arena_strf(arena, "%.*s for %.*s", STR_FMT(reader), STR_FMT(account));
	count_one(counted, who);
}

static void count_pairs(struct arena *arena, struct tally *tally,
			const struct plan_change *change, const struct sym_pool *leavers)
{
	struct counted *granted = &tally->granted[change->kind];
	struct counted *revoked = &tally->revoked[change->kind];

	/* A new account has no mail that a delegate could be wrongly given; a suspended one loses
	 * all of them by being suspended. */
	if (change->action == ACTION_CREATE || change->action == ACTION_SUSPEND ||
	    change->action == ACTION_DELETE)
		return;
	for (size_t i = 0; i < change->delegates_add.count; i++)
		count_pair(arena, granted, change->delegates_add.items[i].address,
			   change->address);
	for (size_t i = 0; i < change->reads.count; i++)
		count_pair(arena, granted, change->address, change->reads.items[i]);
	for (size_t i = 0; i < change->delegates_remove.count; i++) {
		const struct str reader = change->delegates_remove.items[i].address;

		if (!sym_find(leavers, reader))
			count_pair(arena, revoked, reader, change->address);
	}
}

/* Creates, suspensions and reactivations have limits of their own. */
static bool sends_key(const struct plan_change *change)
{
	if (change->key.len == 0 || str_is(change->key, "lost"))
		return false;
	return change->action == ACTION_UPDATE || change->action == ACTION_GRANT ||
	       change->action == ACTION_REVOKE;
}

static const struct sym *sent_key(struct sym_pool *sent, struct buf *text, struct str id,
				  struct str key, bool add)
{
	buf_clear(text);
	buf_addf(text, "%.*s %.*s", STR_FMT(id), STR_FMT(key));
	return add ? sym_get(sent, buf_str(text)) : sym_find(sent, buf_str(text));
}

/* Keys that the record does not know as sent: first ones and others than before. */
static void count_keys(const struct plan *plan, const struct recorded *recorded,
		       struct counted *keys)
{
	struct sym_pool sent = SYM_POOL_INIT; /* "ID KEY" */
	struct buf text = BUF_INIT;
	bool *known = NULL;

	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		if (sends_key(change))
			sent_key(&sent, &text, change->id, change->key, true);
	}
	known = mem_calloc(sent.count + 1, sizeof(*known));
	for (size_t i = 0; sent.count && recorded && i < recorded->count; i++) {
		const struct recorded_account *account = &recorded->items[i];
		const struct sym *key = NULL;

		if (account->key && account->account.id)
			key = sent_key(&sent, &text, sym_str(account->account.id),
				       sym_str(account->key), false);
		if (key)
			known[key->number] = true;
	}
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		if (sends_key(change) &&
		    !known[sent_key(&sent, &text, change->id, change->key, false)->number])
			count_one(keys, change->address);
	}
	free(known);
	buf_release(&text);
	sym_pool_release(&sent);
}

static void count_held(const struct plan_held *held, struct tally *tally)
{
	struct str who = held->account, kind;

	str_split(&who, ' ', &kind);
	count_one(&tally->held[str_is(kind, kind_names[KIND_FUNCTIONAL])], who);
}

void tally_plan(struct plan *plan, const struct recorded *recorded, struct tally *tally)
{
	struct sym_pool leavers = SYM_POOL_INIT;

	find_leavers(plan, &leavers);
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		for (int action = 0; action < ACTION_COUNT; action++)
			if (change_does(change, (enum action)action))
				count_one(&tally->changes[change->kind][action],
					  change->address);
		count_pairs(&plan->arena, tally, change, &leavers);
	}
	for (size_t i = 0; i < plan->held.count; i++)
		count_held(&plan->held.items[i], tally);
	count_keys(plan, recorded, &tally->keys);
	sym_pool_release(&leavers);
}

struct counted tally_both(const struct counted counted[KIND_COUNT])
{
	struct counted sum = counted[KIND_USER];

	for (uint64_t i = 0; i < counted[KIND_FUNCTIONAL].count && i < GUARD_NAMED; i++)
		count_one(&sum, counted[KIND_FUNCTIONAL].named[i]);
	sum.count = counted[KIND_USER].count + counted[KIND_FUNCTIONAL].count;
	return sum;
}
