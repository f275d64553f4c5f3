/*
 * What is known of whom before anybody is matched: tables by symbol number.
 */
#include "identity.h"

/* --- joins -------------------------------------------------------------------------------- */

/* Recorded accounts by the target's id; those without one by kind and address. */
static void join_recorded(struct world *w)
{
	const struct accounts *current = w->in->current;
	const struct recorded *recorded = w->in->recorded;

	w->recorded_of = mem_alloc((current->count + 1) * sizeof(uint32_t));
	w->current_of = mem_alloc((recorded->count + 1) * sizeof(uint32_t));
	for (size_t i = 0; i < current->count; i++)
		w->recorded_of[i] = NOBODY;
	for (size_t i = 0; i < recorded->count; i++) {
		const struct account *was = &recorded->items[i].account;
		const struct account *is = was->id ? accounts_by_id(&w->index, was->id)
						   : accounts_owner(&w->index, was->address);
		uint32_t c;

		w->current_of[i] = NOBODY;
		if (!is || is->kind != was->kind || (!was->id && is->address != was->address))
			continue;
		c = (uint32_t)(is - current->items);
		w->current_of[i] = c;
		if (w->recorded_of[c] == NOBODY)
			w->recorded_of[c] = (uint32_t)i;
	}
}

static void name_sources(struct world *w)
{
	w->source_names = arena_array(&w->arena, const struct sym *, w->config->source_count);
	for (size_t i = 0; i < w->config->source_count; i++)
		w->source_names[i] = sym_find(w->in->names, w->config->sources[i].name);
}

const struct recorded_link *recorded_link_of(const struct world *w,
					     const struct recorded_account *recorded,
					     uint32_t source)
{
	const struct sym *name = w->source_names[source];

	for (uint32_t i = 0; name && i < recorded->link_count; i++)
		if (recorded->links[i].source == name)
			return &recorded->links[i];
	return NULL;
}

bool was_listed(const struct world *w, const struct desired_account *item, uint32_t r)
{
	for (uint32_t j = 0; r != NOBODY && j < item->link_count; j++)
		if (recorded_link_of(w, &w->in->recorded->items[r], item->links[j].source))
			return true;
	return false;
}

bool has_left_scope(const struct world *w, const struct desired_account *item, uint32_t r)
{
	return was_listed(w, item, r) && is_hidden(w, w->in->recorded->items[r].account.id);
}

/* --- by id -------------------------------------------------------------------------------- */

/*
 * Of two recorded accounts with one id (no run leaves such): the one that is still there, then by the
 * target's id, which no plan changes.
 */
static bool better_holder(const struct world *w, uint32_t a, uint32_t b)
{
	const struct recorded_account *items = w->in->recorded->items;
	const bool a_there = w->current_of[a] != NOBODY, b_there = w->current_of[b] != NOBODY;

	if (a_there != b_there)
		return a_there;
	return sym_cmp(items[a].account.id, items[b].account.id) < 0;
}

static void index_digests(struct passes *p)
{
	const struct recorded *recorded = p->w->in->recorded;

	for (uint32_t i = 0; i < recorded->count; i++) {
		const struct recorded_account *r = &recorded->items[i];

		for (uint32_t j = 0; j < r->link_count; j++) {
			const struct sym *digest = r->links[j].digest;
			uint32_t *slot;

			if (!digest || digest->number >= p->w->index.size)
				continue;
			slot = &p->by_digest[digest->number];
			if (!*slot || better_holder(p->w, i, *slot - 1))
				*slot = i + 1;
		}
	}
}

/* The target's own note of a source's id counts where the record has none of that source. */
static void index_external(struct passes *p)
{
	const struct world *w = p->w;
	const struct str name = w->config->target.external_id;

	p->external_source = NOBODY;
	for (uint32_t i = 0; name.len && i < w->config->source_count; i++)
		if (str_eq(w->config->sources[i].name, name))
			p->external_source = i;
	if (p->external_source == NOBODY)
		return;
	p->external = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	for (uint32_t i = 0; i < w->in->current->count; i++) {
		const struct sym *id = w->in->current->items[i].external_id;
		const struct sym *digest;
		const struct recorded_link *link = NULL;
		char text[SHA256_TEXT_SIZE];

		if (w->recorded_of[i] != NOBODY)
			link = recorded_link_of(w, &w->in->recorded->items[w->recorded_of[i]],
						p->external_source);
		if (!id || (link && link->digest))
			continue;
		source_id_digest(name, sym_str(id), text);
		digest = sym_find(w->in->names, str_of(text));
		if (digest && digest->number < w->index.size && !p->external[digest->number])
			p->external[digest->number] = i + 1;
	}
}

uint32_t by_link(const struct passes *p, const struct desired_link *link)
{
	uint32_t slot;

	if (!link->digest || link->digest->number >= p->w->index.size)
		return NOBODY;
	slot = p->by_digest[link->digest->number];
	if (slot && p->w->current_of[slot - 1] != NOBODY)
		return p->w->current_of[slot - 1];
	if (p->external && link->source == p->external_source)
		return p->external[link->digest->number] - 1; /* 0 becomes NOBODY */
	return NOBODY;
}

/* --- by address --------------------------------------------------------------------------- */

uint32_t primary(const struct world *w, const struct sym *address)
{
	const struct account *owner = accounts_owner(&w->index, address);

	if (!owner || owner->address != address)
		return NOBODY;
	return (uint32_t)(owner - w->in->current->items);
}

/* `r` had that address, or is listed under it, and has it no more. */
static void note_address(struct passes *p, uint32_t r, const struct sym *address)
{
	const struct world *w = p->w;
	const uint32_t c = w->current_of[r];
	uint32_t *slot;

	if (address->number >= w->index.size ||
	    (c != NOBODY && w->in->current->items[c].address == address))
		return;
	slot = c == NOBODY ? &p->gone[address->number] : &p->moved[address->number];
	/* Whose it was the last counts more than who is listed under it still. */
	if (!*slot || w->in->recorded->items[r].account.address == address)
		*slot = r + 1;
}

/*
 * Recorded accounts that the target does not have any more, or not under that address: by address;
 * and whose the former are by id.
 */
static void index_gone(struct passes *p)
{
	const struct world *w = p->w;

	for (uint32_t i = 0; i < w->in->recorded->count; i++) {
		const struct recorded_account *r = &w->in->recorded->items[i];

		note_address(p, i, r->account.address);
		for (uint32_t j = 0; j < r->link_count; j++)
			if (r->links[j].address)
				note_address(p, i, r->links[j].address);
	}
	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		if (p->items[d].account.address)
			p->asked[p->items[d].account.address->number] = true;
		for (uint32_t j = 0; j < p->items[d].link_count; j++) {
			const struct sym *digest = p->items[d].links[j].digest;
			uint32_t slot = 0;

			if (digest && digest->number < w->index.size)
				slot = p->by_digest[digest->number];
			if (slot && w->current_of[slot - 1] == NOBODY && !p->gone_of[slot - 1])
				p->gone_of[slot - 1] = d + 1;
		}
	}
}

bool is_predecessor(const struct world *w, const struct desired_account *item, uint32_t r)
{
	if (r == NOBODY)
		return false;
	for (uint32_t j = 0; j < item->link_count; j++) {
		const struct recorded_link *link =
			recorded_link_of(w, &w->in->recorded->items[r], item->links[j].source);

		if (link && link->digest && item->links[j].digest &&
		    link->digest != item->links[j].digest)
			return true;
	}
	return false;
}

bool has_lost_id(const struct world *w, const struct desired_account *item, uint32_t r)
{
	for (uint32_t j = 0; r != NOBODY && j < item->link_count; j++) {
		const struct recorded_link *link =
			recorded_link_of(w, &w->in->recorded->items[r], item->links[j].source);

		if (link && link->digest && !item->links[j].digest)
			return true;
	}
	return false;
}

bool is_noted_otherwise(const struct passes *p, const struct desired_account *item, uint32_t c)
{
	const struct world *w = p->w;
	const struct sym *id = w->in->current->items[c].external_id;
	const struct recorded_link *known = NULL;
	char text[SHA256_TEXT_SIZE];

	if (!id || p->external_source == NOBODY)
		return false;
	if (w->recorded_of[c] != NOBODY)
		known = recorded_link_of(w, &w->in->recorded->items[w->recorded_of[c]],
					 p->external_source);
	if (known && known->digest)
		return false;
	source_id_digest(w->config->target.external_id, sym_str(id), text);
	for (uint32_t j = 0; j < item->link_count; j++) {
		const struct desired_link *link = &item->links[j];

		if (link->source == p->external_source && link->digest &&
		    !str_is(sym_str(link->digest), text))
			return true;
	}
	return false;
}

uint32_t gone_account(const struct passes *p, uint32_t d)
{
	const struct recorded_account *items = p->w->in->recorded->items;
	const struct desired_account *item = &p->items[d];
	uint32_t slot = item->account.address ? p->gone[item->account.address->number] : 0;

	if (!slot || items[slot - 1].account.kind != item->account.kind ||
	    (p->gone_of[slot - 1] && p->gone_of[slot - 1] != d + 1) ||
	    is_predecessor(p->w, item, slot - 1))
		return NOBODY;
	return slot - 1;
}

uint32_t absent_account(const struct passes *p, uint32_t d)
{
	const struct desired_account *item = &p->items[d];

	for (uint32_t j = 0; j < item->link_count; j++) {
		const struct sym *digest = item->links[j].digest;

		if (digest && digest->number < p->w->index.size && p->by_digest[digest->number])
			return p->by_digest[digest->number] - 1;
	}
	return gone_account(p, d);
}

uint32_t moved_account(const struct passes *p, uint32_t d)
{
	const struct world *w = p->w;
	const struct desired_account *item = &p->items[d];
	const struct recorded_account *r;
	const uint32_t slot = p->moved[item->account.address->number];
	uint32_t c;

	if (!slot)
		return NOBODY;
	r = &w->in->recorded->items[slot - 1];
	c = w->current_of[slot - 1];
	if (r->account.kind != item->account.kind ||
	    p->asked[w->in->current->items[c].address->number])
		return NOBODY;
	for (uint32_t j = 0; j < item->link_count; j++) {
		const struct recorded_link *link = recorded_link_of(w, r,
								    item->links[j].source);

		if (link && !link->digest && !item->links[j].digest &&
		    recorded_listed_as(r, link) == item->account.address)
			return c;
	}
	return NOBODY;
}

/* --- links -------------------------------------------------------------------------------- */

/* A source without ids lists the account under its new address, too: it was renamed everywhere. */
static bool follows(const struct world *w, const struct desired_account *item, uint32_t c,
		    const struct recorded_link *known)
{
	const struct recorded_account *r = &w->in->recorded->items[w->recorded_of[c]];

	return !known->digest && item->account.address == w->in->current->items[c].address &&
	       recorded_listed_as(r, known) != item->account.address;
}

bool is_new_link(const struct world *w, const struct desired_account *item, uint32_t c,
		 const struct desired_link *link)
{
	const struct recorded_link *known = NULL;

	if (link->digest && w->contested && w->contested[c])
		return false;
	if (w->recorded_of[c] != NOBODY)
		known = recorded_link_of(w, &w->in->recorded->items[w->recorded_of[c]],
					 link->source);
	if (!known)
		return true;
	return link->digest ? known->digest != link->digest : follows(w, item, c, known);
}

bool has_new_link(const struct world *w, const struct desired_account *item, uint32_t c)
{
	for (uint32_t j = 0; j < item->link_count; j++)
		if ((item->links[j].digest || item->account.active) &&
		    is_new_link(w, item, c, &item->links[j]))
			return true;
	return false;
}

/* --- all of it ---------------------------------------------------------------------------- */

void passes_init(struct passes *p, struct world *w)
{
	*p = (struct passes){.w = w, .items = w->in->desired->items};
	name_sources(w);
	join_recorded(w);
	p->by_digest = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	p->gone = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	p->moved = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	p->asked = mem_calloc(w->index.size + 1u, sizeof(bool));
	p->gone_of = mem_calloc(w->in->recorded->count + 1, sizeof(uint32_t));
	index_digests(p);
	index_gone(p);
	index_external(p);
}

void passes_release(struct passes *p)
{
	free(p->by_digest);
	free(p->gone);
	free(p->moved);
	free(p->asked);
	free(p->gone_of);
	free(p->external);
}
