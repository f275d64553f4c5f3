/*
 * What all sources say together, one account each: entries are sorted by address once, neighbours
 * become one account, and what two sources claim is held where it cannot be decided.
 */
#include "desired.h"

/* By address, then in the order that decides opinions, then as written. */
static int entry_cmp(const void *a, const void *b, void *context)
{
	const struct address_key *x = a, *y = b;
	const struct entries *entries = context;
	const struct entry *e = &entries->items[x->index], *f = &entries->items[y->index];
	int order = address_key_cmp(x, y);

	if (order == 0)
		order = sym_cmp(e->account.address, f->account.address);
	if (order == 0 && e->source != f->source)
		order = e->source < f->source ? -1 : 1;
	if (order == 0 && e->account.kind != f->account.kind)
		order = e->account.kind < f->account.kind ? -1 : 1;
	if (order == 0)
		order = sym_cmp(e->file, f->file);
	if (order == 0 && e->line != f->line)
		order = e->line < f->line ? -1 : 1;
	/* What one source says twice is held; these decide how. */
	if (order == 0)
		order = sym_cmp(e->held, f->held);
	if (order == 0)
		order = sym_cmp(e->id_digest, f->id_digest);
	if (order == 0)
		order = sym_cmp(e->was, f->was);
	return order ? order : sym_cmp(e->account.name, f->account.name);
}

static struct address_key *sort_entries(const struct entries *entries)
{
	struct address_key *keys = mem_calloc(entries->count + 1, sizeof(*keys));
	bool sorted = true;

	for (size_t i = 0; i < entries->count; i++) {
		keys[i] = address_key(0, entries->items[i].account.address, i);
		sorted = sorted &&
			 (i == 0 || entry_cmp(&keys[i - 1], &keys[i], (void *)entries) <= 0);
	}
	if (!sorted)
		qsort_r(keys, entries->count, sizeof(*keys), entry_cmp, (void *)entries);
	return keys;
}

/* --- one account from the entries at one address -------------------------------------------- */

static const struct config_source *source_at(const struct merge *m, const struct entry *entry)
{
	return &m->config->sources[entry->source];
}

static bool lists(const struct merge *m, const struct entry *entry)
{
	return config_source_manage(source_at(m, entry), entry->account.kind) == 0;
}

const struct sym *desired_say(struct merge *m, struct said *last, uint32_t source,
			      const struct sym *text)
{
	if (last->text == text && last->source == source)
		return last->result;
	buf_clear(&m->scratch);
	buf_add(&m->scratch, m->config->sources[source].name);
	buf_puts(&m->scratch, ": ");
	buf_add(&m->scratch, sym_str(text));
	*last = (struct said){text, source, sym_get(m->names, buf_str(&m->scratch))};
	return last->result;
}

static bool has_opinion(const struct merge *m, const struct entry *entry,
			enum attribute attribute)
{
	const unsigned manage = config_source_manage(source_at(m, entry), entry->account.kind);

	if (manage && !(manage & attribute))
		return false;
	switch (attribute) {
	case ATTR_ADDRESS:
		return lists(m, entry);
	case ATTR_NAME:
		return entry->account.name != NULL;
	case ATTR_KEY:
		return entry->key != NULL;
	case ATTR_ACTIVE:
		return (entry->account.has & ATTR_ACTIVE) || !entry->account.active;
	case ATTR_ALIASES:
	case ATTR_DELEGATES:
	case ATTR_MOBILE:
	case ATTR_UNIT:
		break;
	}
	return entry->account.has & attribute;
}

static void take_scalar(struct merge *m, struct desired_account *item,
			const struct entry *entry, enum attribute attribute)
{
	struct account *account = &item->account;

	switch (attribute) {
	case ATTR_ADDRESS:
	case ATTR_ALIASES:
	case ATTR_DELEGATES:
		break;
	case ATTR_NAME:
		account->name = entry->account.name;
		break;
	case ATTR_MOBILE:
		account->mobile = entry->account.mobile;
		break;
	case ATTR_UNIT:
		account->unit = entry->account.unit;
		break;
	case ATTR_KEY:
		item->key = entry->key;
		break;
	case ATTR_ACTIVE:
		account->active = entry->account.active;
		item->inactive_because = NULL;
		if (!account->active)
			item->inactive_because = desired_say(m, &m->inactive, entry->source,
							     entry->inactive_because
								     ? entry->inactive_because
								     : m->not_active);
		break;
	}
}

/* The first opinion wins, and sources that add are united with it. */
static void merge_attribute(struct merge *m, struct desired_account *item,
			    enum attribute attribute)
{
	const struct entry *base = NULL, *added = NULL;
	size_t united = 0;

	for (size_t i = 0; i < m->group_count; i++) {
		const struct entry *entry = m->group[i];

		if (!has_opinion(m, entry, attribute))
			continue;
		if (source_at(m, entry)->adds & attribute) {
			added = added ? added : entry;
			m->united[united++] = entry;
		} else if (!base) {
			base = entry;
			m->united[united++] = entry;
		}
	}
	if (united == 0)
		return;
	base = base ? base : added;
	item->account.has |= (uint8_t)attribute;
	item->source_of[__builtin_ctz(attribute)] = (uint8_t)base->source;
	if (attribute == ATTR_ALIASES)
		desired_unite_aliases(m, item, base, united);
	else if (attribute == ATTR_DELEGATES)
		desired_unite_delegates(m, item, base, united);
	else
		take_scalar(m, item, base, attribute);
}

static void hold(struct desired_account *item, const struct sym *why, uint32_t source)
{
	if (item->held)
		return;
	item->held = why;
	item->held_source = source;
}

static struct desired_account *add_account(struct merge *m, const struct entry *lead)
{
	struct desired_account *item = vec_push(&m->kinds[lead->account.kind]);

	item->account.kind = lead->account.kind;
	item->account.address = lead->account.address;
	item->account.active = true;
	memset(item->source_of, UINT8_MAX, sizeof(item->source_of));
	item->because = desired_say(m, &m->because, lead->source,
				    lead->because ? lead->because : m->listed);
	return item;
}

/* Another kind than the address has: an account of its own, held. Returns why. */
static const struct sym *add_other_kind(struct merge *m, const struct entry *lead,
					const struct entry *entry)
{
	struct desired_account *item = add_account(m, entry);

	buf_clear(&m->scratch);
	buf_addf(&m->scratch, "source '%.*s' %s it as %s, source '%.*s' as %s",
		 STR_FMT(source_at(m, entry)->name), lists(m, entry) ? "lists" : "manages",
		 kind_names[entry->account.kind], STR_FMT(source_at(m, lead)->name),
		 kind_names[lead->account.kind]);
	hold(item, sym_get(m->names, buf_str(&m->scratch)), entry->source);
	if (lists(m, entry)) {
		item->links = arena_new(&m->out->arena, struct desired_link);
		item->links[0] = (struct desired_link){entry->source, entry->id_digest};
		item->link_count = 1;
	}
	return item->held;
}

static void add_links(struct merge *m, struct desired_account *item)
{
	uint32_t count = 0;

	for (size_t i = 0; i < m->group_count; i++)
		count += lists(m, m->group[i]);
	item->links = arena_array(&m->out->arena, struct desired_link, count);
	for (size_t i = 0; i < m->group_count; i++) {
		const struct entry *entry = m->group[i];

		if (entry->held)
			hold(item, entry->held, entry->source);
		if (i > 0 && m->group[i - 1]->source == entry->source) {
			buf_clear(&m->scratch);
			buf_addf(&m->scratch, "source '%.*s' lists it twice",
				 STR_FMT(source_at(m, entry)->name));
			hold(item, sym_get(m->names, buf_str(&m->scratch)), entry->source);
		}
		if (!lists(m, entry))
			continue;
		item->was = item->was ? item->was : entry->was;
		item->links[item->link_count++] = (struct desired_link){entry->source,
									entry->id_digest};
	}
}

/* The entries `keys` … share an address, or are one entry without any. */
static void merge_group(struct merge *m, const struct entries *entries,
			const struct address_key *keys, size_t count)
{
	const struct entry *lead = NULL;
	const struct sym *both_kinds = NULL;
	struct desired_account *item;

	for (size_t i = 0; i < count && !lead; i++)
		lead = lists(m, &entries->items[keys[i].index]) ? &entries->items[keys[i].index]
								: NULL;
	if (!lead)
		return; /* managed only, and nobody lists it */
	if (count > m->group_capacity) {
		m->group_capacity = count * 2;
		m->group = mem_realloc(m->group, m->group_capacity, sizeof(*m->group));
		m->united = mem_realloc(m->united, m->group_capacity, sizeof(*m->united));
	}
	m->group_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries->items[keys[i].index];
		const struct sym *why;

		if (entry->account.kind == lead->account.kind) {
			m->group[m->group_count++] = entry;
			continue;
		}
		why = add_other_kind(m, lead, entry);
		if (entry->source == lead->source && lists(m, entry))
			both_kinds = why;
	}
	item = add_account(m, lead);
	/* One source that says both is wrong about both. */
	if (both_kinds)
		hold(item, both_kinds, lead->source);
	add_links(m, item);
	for (unsigned bit = 0; bit < ATTR_COUNT; bit++)
		if (lead->account.kind == KIND_USER || !(1u << bit & (ATTR_MOBILE | ATTR_KEY)))
			merge_attribute(m, item, (enum attribute)(1u << bit));
}

static void count_sources(const struct entries *entries, struct desired *out)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		struct desired_source *source = &out->sources[entry->source];

		if (entry->account.kind == KIND_USER)
			source->users++;
		else
			source->functional++;
		source->delegations += entry->account.delegates.count;
	}
}

/* Users, then functional accounts; both are sorted by address already. */
static void join_kinds(struct merge *m)
{
	struct desired *out = m->out;
	const size_t users = m->kinds[KIND_USER].count;
	const size_t functional = m->kinds[KIND_FUNCTIONAL].count;

	out->count = users + functional;
	out->items = mem_realloc(m->kinds[KIND_USER].items, out->count + 1,
				 sizeof(*out->items));
	if (functional > 0)
		memcpy(out->items + users, m->kinds[KIND_FUNCTIONAL].items,
		       functional * sizeof(*out->items));
	free(m->kinds[KIND_FUNCTIONAL].items);
}

/* The entries come in the order of their files: what lies some steps ahead is asked for early. */
static void entries_ahead(const struct entries *entries, const struct address_key *keys,
			  size_t i)
{
	enum { FAR = 12, NEAR = 6 };
	const struct entry *entry;

	if (i + FAR >= entries->count)
		return;
	entry = &entries->items[keys[i + FAR].index];
	__builtin_prefetch(entry);
	__builtin_prefetch((const char *)entry + 64);
	__builtin_prefetch((const char *)entry + 128);
	entry = &entries->items[keys[i + NEAR].index];
	__builtin_prefetch(entry->account.aliases.items);
	__builtin_prefetch(entry->account.delegates.items);
	__builtin_prefetch(entry->id_digest);
	__builtin_prefetch(entry->account.address);
}

/* --- what filters leave out --------------------------------------------------------------- */

/* By address or id, for look-ups only: the numbers depend on what was read first. */
static int left_out_cmp(const void *a, const void *b)
{
	const struct left_out *x = a, *y = b;

	if (x->who != y->who)
		return x->who->number < y->who->number ? -1 : 1;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

static int left_out_order(const void *a, const void *b)
{
	const struct left_out *x = a, *y = b;
	const int order = left_out_cmp(a, b);

	return order ? order : sym_cmp(x->because, y->because);
}

/* Of what one source has twice the first reason by text. */
static void keep_left_out(const struct entries *entries, struct desired *out)
{
	const size_t count = entries->left_out.count;

	if (count == 0)
		return;
	out->left_out = arena_array(&out->arena, struct left_out, count);
	memcpy(out->left_out, entries->left_out.items, count * sizeof(*out->left_out));
	qsort(out->left_out, count, sizeof(*out->left_out), left_out_order);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || left_out_cmp(&out->left_out[i - 1], &out->left_out[i]) != 0)
			out->left_out[out->left_out_count++] = out->left_out[i];
}

const struct sym *desired_left_out(const struct desired *desired, uint32_t source,
				   enum account_kind kind, const struct sym *who)
{
	const struct left_out key = {.who = who, .source = source, .kind = kind};
	const struct left_out *found = desired->left_out_count
					       ? bsearch(&key, desired->left_out,
							 desired->left_out_count, sizeof(key),
							 left_out_cmp)
					       : NULL;

	return found ? found->because : NULL;
}

void desired_merge(const struct config *config, const struct entries *entries,
		   struct sym_pool *names, struct desired *out)
{
	struct merge m = {.config = config, .names = names, .out = out};
	struct address_key *keys = sort_entries(entries);
	size_t end;

	out->sources = arena_array(&out->arena, struct desired_source, config->source_count);
	m.listed = sym_get(names, STR("listed"));
	m.not_active = sym_get(names, STR("not active"));
	count_sources(entries, out);
	for (size_t i = 0; i < entries->count; i = end) {
		const struct sym *address = entries->items[keys[i].index].account.address;

		entries_ahead(entries, keys, i);
		end = i + 1;
		while (address && end < entries->count &&
		       entries->items[keys[end].index].account.address == address)
			end++;
		merge_group(&m, entries, keys + i, end - i);
	}
	join_kinds(&m);
	desired_hold_duplicates(&m);
	keep_left_out(entries, out);
	free(keys);
	free(m.group);
	free(m.united);
	buf_release(&m.scratch);
}

void desired_release(struct desired *desired)
{
	free(desired->items);
	arena_release(&desired->arena);
	*desired = (struct desired)DESIRED_INIT;
}
