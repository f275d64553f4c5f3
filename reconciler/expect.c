#include "expect.h"

/* --- who is where ------------------------------------------------------------------------- */

void accounts_index_init(struct accounts_index *index, const struct accounts *accounts,
			 const struct sym_pool *names)
{
	index->accounts = accounts;
	index->size = names->count;
	index->by_address = mem_calloc(index->size ? index->size : 1, sizeof(uint32_t));
	index->by_id = mem_calloc(index->size ? index->size : 1, sizeof(uint32_t));

	/* The later entry wins: aliases, then functional accounts, then users. */
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->items[i];

		for (uint32_t a = 0; a < account->aliases.count; a++)
			index->by_address[account->aliases.items[a]->number] = (uint32_t)i + 1;
		if (account->id)
			index->by_id[account->id->number] = (uint32_t)i + 1;
	}
	for (int kind = KIND_COUNT - 1; kind >= 0; kind--) {
		for (size_t i = 0; i < accounts->count; i++) {
			const struct account *account = &accounts->items[i];

			if (account->kind == kind && account->address)
				index->by_address[account->address->number] = (uint32_t)i + 1;
		}
	}
}

void accounts_index_release(struct accounts_index *index)
{
	free(index->by_address);
	free(index->by_id);
	*index = (struct accounts_index){0};
}

static const struct account *at(const struct accounts_index *index, const uint32_t *table,
				const struct sym *sym)
{
	if (!sym || sym->number >= index->size || !table[sym->number])
		return NULL;
	return &index->accounts->items[table[sym->number] - 1];
}

const struct account *accounts_owner(const struct accounts_index *index,
				     const struct sym *address)
{
	return at(index, index->by_address, address);
}

const struct account *accounts_by_id(const struct accounts_index *index, const struct sym *id)
{
	return at(index, index->by_id, id);
}

/* --- the listing, seen through a plan ----------------------------------------------------- */

static const struct plan_change *entry_of(const struct expect_world *world,
					  const struct account *account)
{
	const uint32_t entry = world->entry[account - world->index->accounts->items];

	return entry ? &world->plan->changes.items[entry - 1] : NULL;
}

/* Who comes back, and finds what still lists him. */
static bool returns(const struct plan_change *change)
{
	return change->action == ACTION_REACTIVATE && change->kind == KIND_USER;
}

/* The user's own entry, when he is listed by his primary address and this plan brings him back. */
static const struct plan_change *returning(const struct expect_world *world,
					   const struct sym *address)
{
	const struct account *user = accounts_owner(world->index, address);
	const struct plan_change *change;

	if (!user || user->kind != KIND_USER || user->address != address)
		return NULL;
	change = entry_of(world, user);
	return change && returns(change) ? change : NULL;
}

/* Numbers of changes + 1 by symbol. */
struct returners {
	uint32_t *now, *then; /* by the address of who comes back, before and after */
	uint32_t *settled;    /* by change: account + 1 whose entry gives or takes him */
};

static void put(const struct expect_world *world, uint32_t *table, struct str address, size_t i)
{
	const struct sym *sym = sym_find(world->names, address);

	if (sym && sym->number < world->index->size)
		table[sym->number] = (uint32_t)i + 1;
}

static uint32_t get(const struct expect_world *world, const uint32_t *table, struct str address)
{
	const struct sym *sym = sym_find(world->names, address);

	return sym && sym->number < world->index->size ? table[sym->number] : 0;
}

/* What an account's own entry says of somebody is read there. */
static void settle(const struct expect_world *world, struct returners *returners,
		   const struct plan_change *change, uint32_t account)
{
	for (size_t i = 0; i < change->delegates_remove.count; i++) {
		const uint32_t at = get(world, returners->now,
					change->delegates_remove.items[i].address);

		if (at)
			returners->settled[at - 1] = account + 1;
	}
	for (size_t i = 0; i < change->delegates_add.count; i++) {
		const uint32_t at = get(world, returners->then,
					change->delegates_add.items[i].address);

		if (at)
			returners->settled[at - 1] = account + 1;
	}
}

/* Counts, or fills in, the accounts that list somebody who comes back. */
static void listed_pass(struct expect_world *world, struct returners *returners, bool filling)
{
	const struct accounts *accounts = world->index->accounts;

	for (uint32_t a = 0; a < accounts->count; a++) {
		const struct account *account = &accounts->items[a];
		const struct plan_change *own = entry_of(world, account);
		bool settled = false;

		if (own && own->action == ACTION_DELETE)
			continue;
		for (uint32_t d = 0; d < account->delegates.count; d++) {
			const struct plan_change *user =
				returning(world, account->delegates.items[d].address);
			size_t at;

			if (!user)
				continue;
			if (own && !settled)
				settle(world, returners, own, a);
			settled = true;
			at = (size_t)(user - world->plan->changes.items);
			if (returners->settled[at] == a + 1)
				continue;
			if (filling)
				world->listed[world->listed_start[at + 1]++] = a;
			else
				world->listed_start[at + 2]++;
		}
	}
}

static void find_listed(struct expect_world *world)
{
	const struct plan *plan = world->plan;
	struct returners returners = {NULL, NULL, NULL};
	bool any = false;

	for (size_t i = 0; i < plan->changes.count && !any; i++)
		any = returns(&plan->changes.items[i]);
	if (!any)
		return;
	returners.now = mem_calloc(world->index->size + 1u, sizeof(uint32_t));
	returners.then = mem_calloc(world->index->size + 1u, sizeof(uint32_t));
	returners.settled = mem_calloc(plan->changes.count, sizeof(uint32_t));
	world->entry_at = mem_calloc(world->index->size + 1u, sizeof(uint32_t));
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		if (change->action != ACTION_CREATE)
			put(world, world->entry_at, change->address, i);
		if (!returns(change))
			continue;
		put(world, returners.now, change->address, i);
		put(world, returners.then,
		    change->rename.set ? change->rename.to : change->address, i);
	}
	world->listed_start = mem_calloc(plan->changes.count + 2, sizeof(uint32_t));
	listed_pass(world, &returners, false);
	for (size_t i = 2; i < plan->changes.count + 2; i++)
		world->listed_start[i] += world->listed_start[i - 1];
	world->listed = mem_calloc(world->listed_start[plan->changes.count + 1] + 1u,
				   sizeof(uint32_t));
	listed_pass(world, &returners, true);
	free(returners.now);
	free(returners.then);
	free(returners.settled);
}

void expect_init(struct expect_world *world, const struct accounts_index *index,
		 const struct sym_pool *names, const struct plan *plan,
		 const struct sym *const *created)
{
	*world = (struct expect_world){.index = index, .names = names, .plan = plan};
	world->entry = mem_calloc(index->accounts->count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];
		const struct sym *id = change->action == ACTION_CREATE
					       ? (created ? created[i] : NULL)
					       : sym_find(names, change->id);
		const struct account *account = accounts_by_id(index, id);

		if (account)
			world->entry[account - index->accounts->items] = (uint32_t)i + 1;
	}
	find_listed(world);
}

void expect_release(struct expect_world *world)
{
	free(world->entry);
	free(world->entry_at);
	free(world->listed_start);
	free(world->listed);
	*world = (struct expect_world){0};
}

/* The user behind a delegate, when it counts; else NULL. */
static const struct account *counting(const struct expect_world *world,
				      const struct sym *address)
{
	const struct account *user = accounts_owner(world->index, address);
	const struct plan_change *change;

	if (!user || user->kind != KIND_USER || user->address != address || !user->id)
		return NULL;
	change = entry_of(world, user);
	if (change && (change->action == ACTION_DELETE || change->action == ACTION_SUSPEND))
		return NULL;
	return user->active || (change && returns(change)) ? user : NULL;
}

/* --- what somebody reads again ------------------------------------------------------------- */

/* An account's address as the plan has it: its own requests change it under way. */
static struct str planned_address(const struct expect_world *world,
				  const struct account *account)
{
	const struct plan_change *change = entry_of(world, account);

	return change ? change->address : sym_str(account->address);
}

const struct account *expect_unreviewed(const struct expect_world *world,
					const struct plan_change *change)
{
	const size_t at = (size_t)(change - world->plan->changes.items);

	if (!returns(change))
		return NULL;
	for (uint32_t i = world->listed_start[at]; i < world->listed_start[at + 1]; i++) {
		const struct account *account =
			&world->index->accounts->items[world->listed[i]];

		if (!strs_has_sorted(&change->reads, planned_address(world, account)))
			return account;
	}
	return NULL;
}

/*
 * Adds the ids of what he reads again to the digest. Targets drop a suspended delegate when they are sent
 * the account's delegates: where this plan has an entry of its own the list of the plan counts, and
 * the account has an `expect` too.
 */
static void add_reads(const struct expect_world *world, const struct plan_change *change,
		      char digest[SHA256_TEXT_SIZE])
{
	const size_t at = (size_t)(change - world->plan->changes.items);
	const uint32_t first = world->listed_start[at], end = world->listed_start[at + 1];
	autofree const struct sym **ids = mem_calloc(end - first + change->reads.count + 1,
						     sizeof(*ids));
	struct sha256 state;
	uint32_t count = 0;

	for (uint32_t i = first; i < end; i++) {
		const struct account *account =
			&world->index->accounts->items[world->listed[i]];

		ids[count++] = account->id ? account->id : account->address;
	}
	for (size_t i = 0; i < change->reads.count; i++) {
		const uint32_t entry = get(world, world->entry_at, change->reads.items[i]);
		const struct sym *id =
			entry ? sym_find(world->names, world->plan->changes.items[entry - 1].id)
			      : NULL;

		if (id)
			ids[count++] = id;
	}
	count = set_sort(ids, count);
	if (!count)
		return;
	sha256_init(&state);
	sha256_add_field(&state, STR("zsctl expect reads 1"));
	sha256_add_field(&state, str_of(digest));
	for (uint32_t i = 0; i < count; i++)
		sha256_add_field(&state, sym_str(ids[i]));
	sha256_final_text(&state, digest);
}

void expect_of(const struct expect_world *world, const struct account *account,
	       const struct plan_change *change, char out[SHA256_TEXT_SIZE])
{
	autofree const struct sym **ids = mem_calloc(account->delegates.count + 1,
						     sizeof(*ids));
	struct account as_expected = *account;
	uint32_t count = 0;
	unsigned attributes = 0;

	for (uint32_t i = 0; i < account->delegates.count; i++) {
		const struct account *user = counting(world,
						      account->delegates.items[i].address);

		if (user)
			ids[count++] = user->id;
	}
	count = set_sort(ids, count);
	if (account->kind == KIND_FUNCTIONAL)
		as_expected.active = count > 0;
	if (change->name.set)
		attributes |= ATTR_NAME;
	if (change->mobile.set)
		attributes |= ATTR_MOBILE;
	if (change->unit.set)
		attributes |= ATTR_UNIT;
	account_expect(&as_expected, attributes, ids, count, out);
	if (!returns(change))
		return;
	if (expect_unreviewed(world, change))
		out[0] = '\0';
	else
		add_reads(world, change, out);
}

static void fill_reads(const struct expect_world *world, struct plan *plan, size_t at)
{
	struct strs *reads = &plan->changes.items[at].reads;

	if (!returns(&plan->changes.items[at]))
		return;
	for (uint32_t i = world->listed_start[at]; i < world->listed_start[at + 1]; i++)
		strs_add(&plan->arena, reads,
			 sym_str(world->index->accounts->items[world->listed[i]].address));
	strs_sort(reads);
}

/* A delegate whom no entry speaks of is the account that he is now, whoever gets the address. */
static void fill_pins(const struct expect_world *world, struct plan *plan,
		      struct plan_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const struct sym *address = sym_find(world->names, pairs->items[i].address);
		const struct account *user = accounts_owner(world->index, address);

		if (user && user->kind == KIND_USER && user->address == address && user->id &&
		    !entry_of(world, user))
			pairs->items[i].id = arena_str(&plan->arena, sym_str(user->id));
	}
}

void expect_fill(struct plan *plan, const struct accounts *current, struct sym_pool *names)
{
	struct accounts_index index;
	struct expect_world world;

	accounts_index_init(&index, current, names);
	expect_init(&world, &index, names, plan, NULL);
	for (size_t i = 0; i < plan->changes.count; i++)
		fill_reads(&world, plan, i);
	for (size_t i = 0; i < plan->changes.count; i++)
		fill_pins(&world, plan, &plan->changes.items[i].delegates_add);
	for (size_t i = 0; i < plan->changes.count; i++) {
		struct plan_change *change = &plan->changes.items[i];
		const struct account *account = accounts_by_id(&index,
							       sym_find(names, change->id));

		if (account) {
			char digest[SHA256_TEXT_SIZE];

			expect_of(&world, account, change, digest);
			change->expect = arena_str(&plan->arena, str_of(digest));
		} else {
			change->expect = STR("absent");
		}
	}
	expect_release(&world);
	accounts_index_release(&index);
}
