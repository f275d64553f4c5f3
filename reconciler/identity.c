/*
 * Who is who, in passes that each look only at what the ones before have left.
 */
#include "identity.h"

static uint32_t links_most(const struct passes *p)
{
	uint32_t most = 0;

	for (size_t i = 0; i < p->w->in->desired->count; i++)
		most = p->items[i].link_count > most ? p->items[i].link_count : most;
	return most;
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

static bool is_claimed(const struct world *w, const struct sym *address)
{
	return w->config->claimed.count == 0 || in_domains(&w->config->claimed, address);
}

/* The record knows the entry as an account that the scope leaves out by now: `c` at its address is another's. */
static bool is_out_of_sight(const struct passes *p, uint32_t d, uint32_t c)
{
	const struct world *w = p->w;
	const struct desired_account *item = &p->items[d];

	return item->account.active && !item->held && has_new_link(w, item, c) &&
	       has_left_scope(w, item, absent_account(p, d));
}

/* True when `d` was decided: matched, or found to be somebody else. */
static bool match_address(struct passes *p, uint32_t d, const struct sym *address,
			  enum identity_match how)
{
	struct world *w = p->w;
	const struct desired_account *item = &p->items[d];
	const uint32_t c = primary(w, address);

	if (c == NOBODY || !is_free(w, c) || is_out_of_sight(p, d, c))
		return false;
	/* An account cannot have been one of the other kind; and what counts as absent is none. */
	if (w->in->current->items[c].kind != item->account.kind &&
	    (how == MATCH_WAS || !is_claimed(w, item->account.address)))
		return false;
	/* Whatever exists for a held entry stays: better once too often than suspended. */
	if (item->held ||
	    (!is_predecessor(w, item, w->recorded_of[c]) && !is_noted_otherwise(p, item, c))) {
		match(p, d, c, how);
		if (how == MATCH_ADDRESS && has_lost_id(w, item, w->recorded_of[c])) {
			w->identity[d].lost_id = true;
			w->identity[d].confirmed = !w->in->current->items[c].active &&
						   same_person(w, item->account.address);
		}
	} else if (same_person(w, item->account.address)) {
		match(p, d, c, how);
		w->identity[d].confirmed = true;
	} else {
		w->identity[d] = (struct identity){c, NOBODY, MATCH_CONFLICT};
	}
	return true;
}

/*
 * `was:` is followed once: not by an entry that has an account of its own at its own address by now, or had one
 * that somebody has deleted since. What merely is there, while the sources listed the other one, is a stranger's.
 * No other entry has the earlier address (desired_merge holds both).
 */
static bool has_moved(const struct passes *p, uint32_t d)
{
	const struct world *w = p->w;
	const struct desired_account *item = &p->items[d];
	const uint32_t own = primary(w, item->account.address);
	const uint32_t former = primary(w, item->was);

	if (was_listed(w, item, gone_account(p, d)))
		return true;
	if (own == NOBODY || !is_free(w, own) || former == NOBODY)
		return false;
	/* What exists at a held entry's address stays, whosever it is. */
	return item->held || was_listed(w, item, w->recorded_of[own]) ||
	       !was_listed(w, item, w->recorded_of[former]);
}

static void match_former(struct passes *p, bool held)
{
	struct world *w = p->w;

	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &p->items[d];

		if (item->was && item->account.address && (item->held != NULL) == held &&
		    w->identity[d].match == MATCH_NEW && !has_moved(p, d))
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

/* Who got another address in the portal is still whom the record knows, with an id or without. */
static void match_moved(struct passes *p, bool held)
{
	struct world *w = p->w;

	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &p->items[d];
		uint32_t c;

		if ((item->held != NULL) != held || !item->account.address ||
		    w->identity[d].match != MATCH_NEW)
			continue;
		c = moved_account(p, d);
		if (c != NOBODY && is_free(w, c))
			match(p, d, c, MATCH_RECORDED);
	}
}

/* Pass 2: addresses. Entries that can become an account come before held ones. */
static void match_by_address(struct passes *p)
{
	for (int held = 0; held < 2; held++) {
		match_former(p, held);
		match_moved(p, held);
		match_addresses(p, held);
	}
}

/* Nobody's, or that of an entry which does not want it active, and does not know it by an id. */
static bool is_to_be_had(const struct passes *p, uint32_t c)
{
	const struct world *w = p->w;
	const uint32_t owner = w->desired_of[c];

	if (owner == NOBODY)
		return is_free(w, c);
	return !p->items[owner].account.active && !p->items[owner].held &&
	       w->identity[owner].match != MATCH_ID;
}

/*
 * --same-person for what looks like a rename: the one account to be had that has an address of the
 * entry; NOBODY when there are several.
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
		if (!is_to_be_had(p, c))
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
		identity->recorded = absent_account(p, d);
	}
}

void world_identify(struct world *w)
{
	struct passes p;

	passes_init(&p, w);
	w->desired_of = mem_alloc((w->in->current->count + 1) * sizeof(uint32_t));
	for (size_t i = 0; i < w->in->current->count; i++)
		w->desired_of[i] = NOBODY;
	w->identity = mem_calloc(w->in->desired->count + 1, sizeof(*w->identity));
	for (size_t i = 0; i < w->in->desired->count; i++)
		w->identity[i] = (struct identity){NOBODY, NOBODY, MATCH_NEW};

	match_ids(&p);
	match_by_address(&p);
	/* Each one found may leave another with one possibility only. */
	while (w->in->options->same_person.count > 0 && match_confirmed(&p))
		;
	clear_conflicts(w);
	find_recorded(&p);
	passes_release(&p);
}
