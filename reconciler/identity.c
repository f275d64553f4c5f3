/*
 * Who is who, in passes that each look only at what the ones before have left.
 */
#include "reconcile.h"

/* --- what is known of whom ------------------------------------------------------------------ */

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

/* --- the passes --------------------------------------------------------------------------- */

struct passes {
	struct world *w;
	const struct desired_account *items;
	uint32_t *by_digest; /* symbol number → recorded + 1 */
	uint32_t *external;  /* symbol number → current + 1, by ExternalAccountId; or NULL */
	uint32_t external_source;
	uint32_t *waiting; /* current → desired + 1 that waits for its address; was: chains */
	struct {
		uint32_t *items;
		size_t count, capacity;
	} ready;
};

static uint32_t links_most(const struct passes *p)
{
	uint32_t most = 0;

	for (size_t i = 0; i < p->w->in->desired->count; i++)
		most = p->items[i].link_count > most ? p->items[i].link_count : most;
	return most;
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
			/* One that is still there comes before one that is gone. */
			slot = &p->by_digest[digest->number];
			if (!*slot || (p->w->current_of[*slot - 1] == NOBODY &&
				       p->w->current_of[i] != NOBODY))
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

/* The account that a source's id means; NOBODY. */
static uint32_t by_link(const struct passes *p, const struct desired_link *link)
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

static void match(struct passes *p, uint32_t d, uint32_t c, enum identity_match how)
{
	p->w->identity[d].current = c;
	p->w->identity[d].match = how;
	p->w->desired_of[c] = d;
}

static void also(struct world *w, uint32_t c, uint32_t d)
{
	if (!w->also_of) {
		w->also_of = mem_alloc((w->in->current->count + 1) * sizeof(uint32_t));
		for (size_t i = 0; i < w->in->current->count; i++)
			w->also_of[i] = NOBODY;
	}
	if (w->also_of[c] == NOBODY)
		w->also_of[c] = d;
}

/* Another entry is this account already. As long as both say so the record keeps its ids. */
static void contest(struct world *w, uint32_t d, uint32_t c)
{
	if (!w->contested)
		w->contested = mem_calloc(w->in->current->count + 1, sizeof(*w->contested));
	w->contested[c] = true;
	w->identity[d] = (struct identity){c, NOBODY, MATCH_CONFLICT, false};
}

/* Pass 1: ids, source by source. */
static void match_ids(struct passes *p)
{
	struct world *w = p->w;
	const uint32_t most = links_most(p);

	for (uint32_t source = 0; most && source < w->config->source_count; source++) {
		for (uint32_t d = 0; d < w->in->desired->count; d++) {
			const struct desired_account *item = &p->items[d];
			const struct identity *known = &w->identity[d];

			for (uint32_t j = 0; j < item->link_count; j++) {
				uint32_t c;

				if (item->links[j].source != source)
					continue;
				c = by_link(p, &item->links[j]);
				if (c == NOBODY || known->current == c)
					continue;
				if (known->match == MATCH_ID)
					also(w, c, d);
				else if (w->desired_of[c] == NOBODY)
					match(p, d, c, MATCH_ID);
				else
					contest(w, d, c);
			}
		}
	}
	/* Who is one with another account by a second id is nobody else. */
	for (uint32_t c = 0; w->also_of && c < w->in->current->count; c++)
		if (w->desired_of[c] != NOBODY)
			w->also_of[c] = NOBODY;
}

static bool same_person(const struct world *w, const struct sym *address)
{
	return w->in->options->same_person.count > 0 &&
	       strs_has(&w->in->options->same_person, sym_str(address));
}

static bool is_free(const struct world *w, uint32_t c)
{
	return w->desired_of[c] == NOBODY && (!w->also_of || w->also_of[c] == NOBODY);
}

/* Recorded under another id of one of the entry's sources: another person. */
static bool is_predecessor(const struct world *w, const struct desired_account *item,
			   uint32_t r)
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

/* The account whose primary address this is; NOBODY. */
static uint32_t primary(const struct world *w, const struct sym *address)
{
	const struct account *owner = accounts_owner(&w->index, address);

	if (!owner || owner->address != address)
		return NOBODY;
	return (uint32_t)(owner - w->in->current->items);
}

/* True when `d` was decided: matched, or found to be somebody else. */
static bool match_address(struct passes *p, uint32_t d, const struct sym *address,
			  enum identity_match how)
{
	struct world *w = p->w;
	const struct desired_account *item = &p->items[d];
	const uint32_t c = primary(w, address);

	if (c == NOBODY || !is_free(w, c))
		return false;
	/* An account cannot have been one of the other kind. */
	if (how == MATCH_WAS && w->in->current->items[c].kind != item->account.kind)
		return false;
	/* Whatever exists for a held entry stays: better once too often than suspended. */
	if (!item->held && is_predecessor(w, item, w->recorded_of[c]) &&
	    !same_person(w, item->account.address))
		w->identity[d] = (struct identity){c, NOBODY, MATCH_CONFLICT, false};
	else
		match(p, d, c, how);
	return true;
}

/*
 * `was:` is followed once: not by an account that the record knows under its own address. Nor by one whose
 * own address still is a free account's; but that one may be on the move itself (a chain of
 * renames), so whoever waits for it is woken when it is matched.
 */
static void match_was(struct passes *p, uint32_t d)
{
	struct world *w = p->w;

	*vec_push(&p->ready) = d;
	while (p->ready.count > 0) {
		uint32_t next = p->ready.items[--p->ready.count];
		const struct desired_account *item = &p->items[next];
		const uint32_t own = primary(w, item->account.address);
		uint32_t found;

		if (own != NOBODY && is_free(w, own)) {
			p->waiting[own] = next + 1;
			continue;
		}
		if (!match_address(p, next, item->was, MATCH_WAS))
			continue;
		found = w->identity[next].current;
		if (w->identity[next].match == MATCH_WAS && p->waiting[found]) {
			*vec_push(&p->ready) = p->waiting[found] - 1;
			p->waiting[found] = 0;
		}
	}
}

/* By address: recorded accounts that some run had as desired. */
static void known_addresses(const struct world *w, uint32_t *known)
{
	for (uint32_t i = 0; i < w->in->recorded->count; i++) {
		const struct recorded_account *r = &w->in->recorded->items[i];

		if (r->account.address->number < w->index.size &&
		    (r->desired_since != DATE_NONE || r->link_count > 0))
			known[r->account.address->number] = i + 1;
	}
}

static void match_former(struct passes *p)
{
	struct world *w = p->w;
	autofree uint32_t *known = NULL;

	for (size_t i = 0; i < 2 * w->in->desired->count; i++) {
		const uint32_t d = (uint32_t)(i % w->in->desired->count);
		const bool held = i >= w->in->desired->count; /* the second time round */
		const struct desired_account *item = &p->items[d];

		if (!item->was || !item->account.address || (item->held != NULL) != held ||
		    w->identity[d].match != MATCH_NEW)
			continue;
		if (!known) {
			known = mem_calloc(w->index.size + 1u, sizeof(*known));
			w->former = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
			p->waiting = mem_calloc(w->in->current->count + 1, sizeof(uint32_t));
			known_addresses(w, known);
		}
		if (known[item->account.address->number])
			continue;
		if (!w->former[item->was->number])
			w->former[item->was->number] = d + 1;
		match_was(p, d);
	}
}

/* Pass 2: primary addresses. Entries that can become an account come before held ones. */
static void match_addresses(struct passes *p)
{
	struct world *w = p->w;

	for (int held = 0; held < 2; held++) {
		for (uint32_t d = 0; d < w->in->desired->count; d++) {
			const struct desired_account *item = &p->items[d];

			if ((item->held != NULL) == held && item->account.address &&
			    w->identity[d].match == MATCH_NEW)
				match_address(p, d, item->account.address, MATCH_ADDRESS);
		}
	}
}

/*
 * --same-person for what looks like a rename: the one account that has an address of the entry and
 * is nobody's, or that of an entry which does not want it active.
 */
static uint32_t shares_address(const struct passes *p, uint32_t d)
{
	const struct world *w = p->w;
	const struct account *account = &p->items[d].account;
	uint32_t found = NOBODY;

	for (uint32_t i = 0; i <= account->aliases.count; i++) {
		const struct sym *address = i ? account->aliases.items[i - 1]
					      : account->address;
		const struct account *owner = accounts_owner(&w->index, address);
		uint32_t c;

		if (!owner || owner->kind != account->kind)
			continue;
		c = (uint32_t)(owner - w->in->current->items);
		if (!is_free(w, c) &&
		    (w->desired_of[c] == NOBODY || p->items[w->desired_of[c]].account.active ||
		     p->items[w->desired_of[c]].held))
			continue;
		if (found != NOBODY && found != c)
			return NOBODY;
		found = c;
	}
	return found;
}

static void match_confirmed(struct passes *p)
{
	struct world *w = p->w;

	if (w->in->options->same_person.count == 0)
		return;
	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &p->items[d];
		uint32_t c;

		if (w->identity[d].match != MATCH_NEW || item->held || !item->account.active ||
		    !same_person(w, item->account.address))
			continue;
		c = shares_address(p, d);
		if (c == NOBODY)
			continue;
		if (w->desired_of[c] != NOBODY)
			w->identity[w->desired_of[c]] = (struct identity){NOBODY, NOBODY,
									  MATCH_NEW, false};
		match(p, d, c, MATCH_WAS);
	}
}

/* --- the result ------------------------------------------------------------------------------ */

bool is_new_link(const struct world *w, uint32_t c, const struct desired_link *link)
{
	const struct recorded_link *known = NULL;

	if (w->recorded_of[c] != NOBODY)
		known = recorded_link_of(w, &w->in->recorded->items[w->recorded_of[c]],
					 link->source);
	if (!known)
		return true;
	return link->digest && known->digest != link->digest &&
	       !(known->digest && w->contested && w->contested[c]);
}

static bool has_new_link(const struct world *w, const struct desired_account *item, uint32_t c)
{
	for (uint32_t j = 0; j < item->link_count; j++)
		if ((item->links[j].digest || item->account.active) &&
		    is_new_link(w, c, &item->links[j]))
			return true;
	return false;
}

/* What the record says of each, also of those that the target does not have any more. */
static void find_recorded(struct passes *p)
{
	struct world *w = p->w;
	autofree uint32_t *gone = mem_calloc(w->index.size + 1u, sizeof(*gone));

	for (uint32_t i = 0; i < w->in->recorded->count; i++) {
		const struct sym *address = w->in->recorded->items[i].account.address;

		if (w->current_of[i] == NOBODY && address->number < w->index.size)
			gone[address->number] = i + 1;
	}
	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &p->items[d];
		struct identity *identity = &w->identity[d];
		const struct recorded_account *r = NULL;

		if (identity->current != NOBODY) {
			identity->recorded = w->recorded_of[identity->current];
			if (identity->recorded != NOBODY)
				r = &w->in->recorded->items[identity->recorded];
			identity->adopt = identity->match != MATCH_CONFLICT && !item->held &&
					  (has_new_link(w, item, identity->current) ||
					   (item->account.active &&
					    (!r || r->desired_since == DATE_NONE)));
			continue;
		}
		for (uint32_t j = 0; j < item->link_count && identity->recorded == NOBODY;
		     j++) {
			const struct sym *digest = item->links[j].digest;

			if (digest && digest->number < w->index.size)
				identity->recorded = p->by_digest[digest->number] - 1;
		}
		if (identity->recorded == NOBODY && item->account.address) {
			uint32_t slot = gone[item->account.address->number];

			if (slot &&
			    w->in->recorded->items[slot - 1].account.kind ==
				    item->account.kind &&
			    !is_predecessor(w, item, slot - 1))
				identity->recorded = slot - 1;
		}
	}
}

static void name_sources(struct world *w)
{
	w->source_names = arena_array(&w->arena, const struct sym *, w->config->source_count);
	for (size_t i = 0; i < w->config->source_count; i++)
		w->source_names[i] = sym_find(w->in->names, w->config->sources[i].name);
}

void world_identify(struct world *w)
{
	struct passes p = {.w = w, .items = w->in->desired->items};

	accounts_index_init(&w->index, w->in->current, w->in->names);
	name_sources(w);
	join_recorded(w);
	w->desired_of = mem_alloc((w->in->current->count + 1) * sizeof(uint32_t));
	for (size_t i = 0; i < w->in->current->count; i++)
		w->desired_of[i] = NOBODY;
	w->identity = mem_calloc(w->in->desired->count + 1, sizeof(*w->identity));
	for (size_t i = 0; i < w->in->desired->count; i++)
		w->identity[i] = (struct identity){NOBODY, NOBODY, MATCH_NEW, false};

	p.by_digest = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	index_digests(&p);
	index_external(&p);
	match_ids(&p);
	match_former(&p);
	match_addresses(&p);
	match_confirmed(&p);
	find_recorded(&p);
	free(p.by_digest);
	free(p.external);
	free(p.waiting);
	free(p.ready.items);
}

struct identity *identify(const struct reconcile_input *input, struct arena *arena)
{
	struct world w = {.in = input, .config = input->config};
	struct identity *identity = arena_array(arena, struct identity, input->desired->count);

	world_identify(&w);
	if (input->desired->count > 0)
		memcpy(identity, w.identity, input->desired->count * sizeof(*identity));
	world_release(&w);
	return identity;
}
