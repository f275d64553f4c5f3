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
	uint32_t *gone_of;   /* by recorded: desired + 1 that it is by an id, when it is gone */
	uint32_t *gone;      /* symbol number → recorded + 1, by address */
	uint32_t *external;  /* symbol number → current + 1, by ExternalAccountId; or NULL */
	uint32_t external_source;
};

static uint32_t links_most(const struct passes *p)
{
	uint32_t most = 0;

	for (size_t i = 0; i < p->w->in->desired->count; i++)
		most = p->items[i].link_count > most ? p->items[i].link_count : most;
	return most;
}

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

/* As long as the sources' ids do not agree who it is, the record keeps what it has. */
static void contest(struct world *w, uint32_t c)
{
	if (!w->contested)
		w->contested = mem_calloc(w->in->current->count + 1, sizeof(*w->contested));
	w->contested[c] = true;
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
				if (w->desired_of[c] == NOBODY && known->match != MATCH_ID) {
					match(p, d, c, MATCH_ID);
					continue;
				}
				contest(w, c);
				if (known->match == MATCH_ID) {
					contest(w, known->current);
					also(w, c, d);
				} else {
					w->identity[d] = (struct identity){c, NOBODY,
									   MATCH_CONFLICT};
				}
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

/* The target's own note says that it is another one's, and the record does not say otherwise. */
static bool is_noted_otherwise(const struct passes *p, const struct desired_account *item,
			       uint32_t c)
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
	if (item->held ||
	    (!is_predecessor(w, item, w->recorded_of[c]) && !is_noted_otherwise(p, item, c))) {
		match(p, d, c, how);
	} else if (same_person(w, item->account.address)) {
		match(p, d, c, how);
		w->identity[d].confirmed = true;
	} else {
		w->identity[d] = (struct identity){c, NOBODY, MATCH_CONFLICT};
	}
	return true;
}

/* Recorded accounts that the target does not have any more: by address, and whose they are by id. */
static void index_gone(struct passes *p)
{
	const struct world *w = p->w;

	for (uint32_t i = 0; i < w->in->recorded->count; i++) {
		const struct sym *address = w->in->recorded->items[i].account.address;

		if (w->current_of[i] == NOBODY && address->number < w->index.size)
			p->gone[address->number] = i + 1;
	}
	for (uint32_t d = 0; d < w->in->desired->count; d++) {
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

/* The recorded account, gone by now, that the entry was, by its address; NOBODY. */
static uint32_t gone_account(const struct passes *p, uint32_t d)
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

/*
 * `was:` is followed once: not by an account that the record knows under its own address, even
 * if it was deleted since. No other
 * entry has the earlier address (desired_merge holds both).
 */
static void match_former(struct passes *p, bool held)
{
	struct world *w = p->w;

	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &p->items[d];
		uint32_t own;

		if (!item->was || !item->account.address || (item->held != NULL) != held ||
		    w->identity[d].match != MATCH_NEW || gone_account(p, d) != NOBODY)
			continue;
		own = primary(w, item->account.address);
		if (own == NOBODY || !is_free(w, own))
			match_address(p, d, item->was, MATCH_WAS);
	}
}

static void match_addresses(struct passes *p, bool held)
{
	struct world *w = p->w;

	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &p->items[d];

		if ((item->held != NULL) == held && item->account.address &&
		    w->identity[d].match == MATCH_NEW)
			match_address(p, d, item->account.address, MATCH_ADDRESS);
	}
}

/* Pass 2: addresses. Entries that can become an account come before held ones. */
static void match_by_address(struct passes *p)
{
	for (int held = 0; held < 2; held++) {
		match_former(p, held);
		match_addresses(p, held);
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

/* One round over those confirmed; false when nothing more was found. */
static bool match_confirmed(struct passes *p)
{
	struct world *w = p->w;
	bool found = false;

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
									  MATCH_NEW};
		match(p, d, c, MATCH_WAS);
		w->identity[d].confirmed = true;
		found = true;
	}
	return found;
}

/* Who stood in conflict with an account that turned out to be somebody else's finds its address free. */
static void clear_conflicts(struct world *w)
{
	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		struct identity *identity = &w->identity[d];
		const uint32_t owner = identity->match == MATCH_CONFLICT
					       ? w->desired_of[identity->current]
					       : NOBODY;

		if (owner != NOBODY && w->identity[owner].match == MATCH_WAS)
			*identity = (struct identity){NOBODY, NOBODY, MATCH_NEW};
	}
}

/* --- the result ------------------------------------------------------------------------------ */

bool is_new_link(const struct world *w, uint32_t c, const struct desired_link *link)
{
	const struct recorded_link *known = NULL;

	if (link->digest && w->contested && w->contested[c])
		return false;
	if (w->recorded_of[c] != NOBODY)
		known = recorded_link_of(w, &w->in->recorded->items[w->recorded_of[c]],
					 link->source);
	return !known || (link->digest && known->digest != link->digest);
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

	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &p->items[d];
		struct identity *identity = &w->identity[d];
		const struct recorded_account *r = NULL;

		if (identity->current != NOBODY) {
			identity->recorded = w->recorded_of[identity->current];
			if (identity->recorded != NOBODY)
				r = &w->in->recorded->items[identity->recorded];
			else
				identity->recreated = gone_account(p, d) != NOBODY;
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
		if (identity->recorded == NOBODY)
			identity->recorded = gone_account(p, d);
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
		w->identity[i] = (struct identity){NOBODY, NOBODY, MATCH_NEW};

	p.by_digest = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	p.gone = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	p.gone_of = mem_calloc(w->in->recorded->count + 1, sizeof(uint32_t));
	index_digests(&p);
	index_gone(&p);
	index_external(&p);
	match_ids(&p);
	match_by_address(&p);
	/* Each one found may leave another with one possibility only. */
	while (w->in->options->same_person.count > 0 && match_confirmed(&p))
		;
	clear_conflicts(w);
	find_recorded(&p);
	free(p.by_digest);
	free(p.gone);
	free(p.gone_of);
	free(p.external);
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
