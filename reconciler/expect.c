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

enum fate { FATE_AS_IT_IS, FATE_LEAVES, FATE_RETURNS };

void expect_init(struct expect_world *world, const struct accounts_index *index,
		 const struct sym_pool *names, const struct plan *plan)
{
	world->index = index;
	world->fate = mem_calloc(index->accounts->count + 1, 1);
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];
		const struct account *account;
		enum fate fate = FATE_AS_IT_IS;

		switch (change->action) {
		case ACTION_DELETE:
		case ACTION_SUSPEND:
			fate = FATE_LEAVES;
			break;
		case ACTION_REACTIVATE:
			fate = FATE_RETURNS;
			break;
		case ACTION_REVOKE:
		case ACTION_GRANT:
		case ACTION_UPDATE:
		case ACTION_CREATE:
			break;
		}
		if (fate == FATE_AS_IT_IS)
			continue;
		account = accounts_by_id(index, sym_find(names, change->id));
		if (account)
			world->fate[account - index->accounts->items] = (unsigned char)fate;
	}
}

void expect_release(struct expect_world *world)
{
	free(world->fate);
	*world = (struct expect_world){0};
}

/* The user behind a delegate, when it counts; else NULL. */
static const struct account *counting(const struct expect_world *world,
				      const struct sym *address)
{
	const struct account *user = accounts_owner(world->index, address);
	enum fate fate;

	if (!user || user->kind != KIND_USER || user->address != address || !user->id)
		return NULL;
	fate = (enum fate)world->fate[user - world->index->accounts->items];
	return fate == FATE_RETURNS || (fate == FATE_AS_IT_IS && user->active) ? user : NULL;
}

bool expect_counts(const struct expect_world *world, const struct sym *address)
{
	return counting(world, address) != NULL;
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
}

void expect_fill(struct plan *plan, const struct accounts *current, struct sym_pool *names)
{
	struct accounts_index index;
	struct expect_world world;

	accounts_index_init(&index, current, names);
	expect_init(&world, &index, names, plan);
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
