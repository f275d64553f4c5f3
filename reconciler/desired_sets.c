/*
 * The sets of desired accounts: united, without what is ignored, and each address with one owner.
 */
#include "desired.h"

#include "address.h"

bool in_domains(const struct patterns *domains, const struct sym *address)
{
	struct str domain;

	if (domains->count == 0 || !address)
		return false;
	domain = address_domain(sym_str(address));
	for (size_t i = 0; i < domains->count; i++)
		if (str_eq(domains->items[i], domain))
			return true;
	return false;
}

/* --- union -------------------------------------------------------------------------------- */

static bool alias_counts(const struct merge *m, const struct account *account,
			 const struct sym *alias)
{
	return alias != account->address && !in_domains(&m->config->ignore_aliases, alias);
}

/* The first source that lists the alias. */
static uint8_t alias_source(const struct merge *m, size_t count, const struct sym *alias)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (set_has(m->united[i]->account.aliases, alias))
			return (uint8_t)m->united[i]->source;
	return (uint8_t)m->united[count - 1]->source;
}

void desired_unite_aliases(struct merge *m, struct desired_account *item,
			   const struct entry *base, size_t count)
{
	const struct set given = base->account.aliases;
	const struct sym **items;
	uint8_t *sources;
	size_t room = 0;
	uint32_t kept = 0;
	bool all = count == 1;

	for (uint32_t i = 0; all && i < given.count; i++)
		all = alias_counts(m, &item->account, given.items[i]);
	if (all) {
		item->account.aliases = given;
		return;
	}
	for (size_t i = 0; i < count; i++)
		room += m->united[i]->account.aliases.count;
	items = arena_array(&m->out->arena, const struct sym *, room);
	for (size_t i = 0; i < count; i++) {
		const struct set set = m->united[i]->account.aliases;

		for (uint32_t j = 0; j < set.count; j++)
			if (alias_counts(m, &item->account, set.items[j]))
				items[kept++] = set.items[j];
	}
	item->account.aliases = (struct set){items, set_sort(items, kept)};
	if (count == 1)
		return;
	sources = arena_array(&m->out->arena, uint8_t, item->account.aliases.count);
	for (uint32_t i = 0; i < item->account.aliases.count; i++)
		sources[i] = alias_source(m, count, items[i]);
	item->alias_sources = sources;
}

/* Those whose last day has passed, of all that have a say. */
static void unite_ended(struct merge *m, struct desired_account *item, size_t count)
{
	struct delegates *ended;
	size_t room = 0;
	uint32_t kept = 0;

	for (size_t i = 0; i < count; i++)
		room += m->united[i]->ended ? m->united[i]->ended->count : 0;
	if (room == 0)
		return;
	ended = arena_new(&m->out->arena, struct delegates);
	ended->items = arena_array(&m->out->arena, struct delegate, room);
	for (size_t i = 0; i < count; i++) {
		const struct delegates *given = m->united[i]->ended;

		for (uint32_t j = 0; given && j < given->count; j++)
			ended->items[kept++] = (struct delegate){
				given->items[j].address,
				desired_say(m, &m->ended, m->united[i]->source,
					    given->items[j].why)};
	}
	ended->count = delegates_sort(ended->items, kept);
	item->ended = ended;
}

/* The first source that lists the delegate. */
static uint8_t delegate_source(const struct merge *m, size_t count, const struct sym *address)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (delegates_find(m->united[i]->account.delegates, address))
			return (uint8_t)m->united[i]->source;
	return (uint8_t)m->united[count - 1]->source;
}

/* Why somebody is a delegate when the source says no more. */
static const struct sym *plain_reason(struct merge *m, const struct entry *entry)
{
	const struct config_source *source = &m->config->sources[entry->source];

	if (!source->mapped)
		return m->listed;
	buf_clear(&m->scratch);
	config_origins(source, entry->account.kind, ATTR_DELEGATES, "listed", &m->scratch);
	return sym_get(m->names, buf_str(&m->scratch));
}

void desired_unite_delegates(struct merge *m, struct desired_account *item,
			     const struct entry *base, size_t count)
{
	const struct delegates given = base->account.delegates;
	struct delegate *items;
	uint8_t *sources;
	size_t room = 0;
	uint32_t kept = 0;
	bool plain = count == 1;

	unite_ended(m, item, count);
	for (uint32_t i = 0; plain && i < given.count; i++)
		plain = !given.items[i].why;
	if (plain) {
		item->account.delegates = given;
		return;
	}
	for (size_t i = 0; i < count; i++)
		room += m->united[i]->account.delegates.count;
	items = arena_array(&m->out->arena, struct delegate, room);
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = m->united[i];
		const struct delegates set = entry->account.delegates;

		for (uint32_t j = 0; j < set.count; j++) {
			const struct sym *why = set.items[j].why;

			if (why || entry->source != base->source)
				why = desired_say(m, &m->delegate, entry->source,
						  why ? why : plain_reason(m, entry));
			items[kept++] = (struct delegate){set.items[j].address, why};
		}
	}
	item->account.delegates = (struct delegates){items, delegates_sort(items, kept)};
	if (count == 1)
		return;
	sources = arena_array(&m->out->arena, uint8_t, item->account.delegates.count);
	for (uint32_t i = 0; i < item->account.delegates.count; i++)
		sources[i] = delegate_source(m, count, items[i].address);
	item->delegate_sources = sources;
}

/* --- one owner for each address and id ------------------------------------------------------ */

/* By symbol number: who claims an address first, and of which source that claim is. */
struct claims {
	uint32_t *owner;  /* index of an account + 1 */
	uint16_t *source; /* 2 * source, and 1 when two accounts of that source claim it */
};

/* Where sources add aliases each is the one's that says it. */
static unsigned source_of_alias(const struct desired_account *item, uint32_t alias)
{
	return item->alias_sources ? item->alias_sources[alias]
				   : item->source_of[__builtin_ctz(ATTR_ALIASES)];
}

static unsigned source_of_address(const struct desired_account *item)
{
	return item->link_count ? item->links[0].source : UINT8_MAX;
}

static void claim(struct claims *claims, const struct sym *address, size_t item,
		  unsigned source)
{
	const uint32_t n = address->number;

	if (!claims->owner[n] || source < claims->source[n] / 2) {
		claims->owner[n] = (uint32_t)item + 1;
		claims->source[n] = (uint16_t)(source * 2);
	} else if (source == claims->source[n] / 2) {
		claims->source[n] |= 1;
	}
}

static bool stands(const struct claims *claims, const struct sym *address, size_t item)
{
	return claims->owner[address->number] == item + 1 &&
	       !(claims->source[address->number] & 1);
}

static void hold_for(struct merge *m, size_t item, const struct sym *address, const char *what,
		     size_t other, unsigned source)
{
	struct desired_account *held = &m->out->items[item];
	const struct desired_account *owner = &m->out->items[other];

	if (held->held)
		return;
	buf_clear(&m->scratch);
	if (item == other)
		buf_addf(&m->scratch, "%s%.*s is claimed by two accounts of source '%.*s'",
			 what, STR_FMT(sym_str(address)),
			 STR_FMT(m->config->sources[source].name));
	else
		buf_addf(&m->scratch, "%s%.*s is also that of %s %.*s", what,
			 STR_FMT(sym_str(address)), kind_names[owner->account.kind],
			 STR_FMT(sym_str(owner->account.address)));
	held->held = sym_get(m->names, buf_str(&m->scratch));
	held->held_source = source;
}

/* The addresses of a million accounts lie anywhere: they are asked for some steps before. */
static void addresses_ahead(const struct merge *m, const struct claims *claims, size_t i)
{
	enum { FAR = 12, NEAR = 6 };
	const struct account *account;

	if (i + FAR >= m->out->count)
		return;
	account = &m->out->items[i + FAR].account;
	__builtin_prefetch(account->address);
	for (uint32_t j = 0; j < account->aliases.count; j++)
		__builtin_prefetch(account->aliases.items[j]);
	account = &m->out->items[i + NEAR].account;
	if (account->address)
		__builtin_prefetch(&claims->owner[account->address->number]);
	for (uint32_t j = 0; j < account->aliases.count; j++)
		__builtin_prefetch(&claims->owner[account->aliases.items[j]->number]);
}

static void each_address(struct merge *m, struct claims *claims, bool claiming,
			 const bool *was_held)
{
	for (size_t i = 0; i < m->out->count; i++) {
		const struct desired_account *item = &m->out->items[i];
		const struct sym *address = item->account.address;
		unsigned source = source_of_address(item);

		addresses_ahead(m, claims, i);
		if (was_held[i])
			continue;
		if (claiming)
			claim(claims, address, i, source);
		else if (!stands(claims, address, i))
			hold_for(m, i, address, "address ", claims->owner[address->number] - 1,
				 source);
		for (uint32_t j = 0; j < item->account.aliases.count; j++) {
			const struct sym *alias = item->account.aliases.items[j];

			source = source_of_alias(item, j);
			if (claiming)
				claim(claims, alias, i, source);
			else if (!stands(claims, alias, i))
				hold_for(m, i, alias, "alias ",
					 claims->owner[alias->number] - 1, source);
		}
	}
}

/*
 * Two accounts cannot both be the one that had an address: of the later source is held. And who
 * has it now cannot be told from who had it before: both are held.
 */
static void hold_shared_formers(struct merge *m, struct claims *formers, const bool *was_held)
{
	struct desired_account *items = m->out->items;

	bool some = false;

	for (size_t i = 0; i < m->out->count; i++) {
		if (!items[i].was || was_held[i])
			continue;
		claim(formers, items[i].was, i, source_of_address(&items[i]));
		some = true;
	}
	for (size_t i = 0; some && i < m->out->count; i++) {
		const struct sym *was = items[i].was, *address = items[i].account.address;
		size_t former;

		if (was_held[i])
			continue;
		if (was && !stands(formers, was, i))
			hold_for(m, i, was, "earlier address ", formers->owner[was->number] - 1,
				 source_of_address(&items[i]));
		if (!formers->owner[address->number])
			continue;
		former = formers->owner[address->number] - 1;
		hold_for(m, i, address, "by 'was' ", former, source_of_address(&items[i]));
		hold_for(m, former, address, "earlier address ", i,
			 source_of_address(&items[former]));
	}
}

/* An id names one account: entries that share one are all held, since nobody knows whose it is. */
static void hold_shared_ids(struct merge *m, uint32_t *first)
{
	for (size_t i = 0; i < m->out->count; i++) {
		const struct desired_account *item = &m->out->items[i];

		for (uint32_t j = 0; j < item->link_count; j++) {
			const struct desired_link link = item->links[j];
			uint32_t *slot;

			if (!link.digest)
				continue;
			slot = &first[link.digest->number];
			if (*slot == 0) {
				*slot = (uint32_t)i + 1;
			} else if (*slot - 1 != i) {
				hold_for(m, i, NULL, "its id", *slot - 1, link.source);
				hold_for(m, *slot - 1, NULL, "its id", i, link.source);
			}
		}
	}
}

void desired_hold_duplicates(struct merge *m)
{
	const uint32_t size = m->names->count;
	autofree uint32_t *owner = mem_calloc(size + 1u, sizeof(*owner));
	autofree uint16_t *source = mem_calloc(size + 1u, sizeof(*source));
	autofree bool *was_held = mem_calloc(m->out->count + 1, sizeof(*was_held));
	struct claims claims = {owner, source};

	for (size_t i = 0; i < m->out->count; i++)
		was_held[i] = m->out->items[i].held != NULL;
	each_address(m, &claims, true, was_held);
	each_address(m, &claims, false, was_held);
	memset(owner, 0, size * sizeof(*owner));
	hold_shared_ids(m, owner);
	memset(owner, 0, size * sizeof(*owner));
	hold_shared_formers(m, &claims, was_held);
}

/* --- account keys ------------------------------------------------------------------------- */

int desired_keys(struct desired *desired, struct str fingerprint_key, struct sym_pool *names,
		 struct err *err)
{
	for (size_t i = 0; i < desired->count; i++) {
		struct desired_account *item = &desired->items[i];
		CLEANUP(secret_release) struct secret key = SECRET_INIT;
		char fingerprint[HMAC_TEXT_SIZE];

		if (!item->key)
			continue;
		if (secret_load(item->key, &key, err) != 0)
			return err_prefix(err, "%s %.*s: account key",
					  kind_names[item->account.kind],
					  STR_FMT(sym_str(item->account.address)));
		hmac_text(fingerprint_key, secret_str(&key), fingerprint);
		item->fingerprint = sym_get(names, str_of(fingerprint));
	}
	return 0;
}
