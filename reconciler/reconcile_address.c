/*
 * Each address has one owner, over primaries and aliases of both kinds. At first everything
 * that is wanted is taken to go through. Then whoever wants an address that its owner keeps loses the
 * alias, or, for a primary address, becomes manual; and what such an account would have
 * given up or made active falls away with it. Falls only cause falls, so this ends, and each
 * account, address and delegation is looked at a bounded number of times.
 */
#include "reconcile.h"

bool is_dropped(const struct subject *subject, const struct sym *alias)
{
	for (const struct dropped *at = subject->dropped; at; at = at->next)
		if (at->alias == alias)
			return true;
	return false;
}

static void drop(struct world *w, uint32_t s, const struct sym *alias, enum dropped_why why,
		 uint32_t owner)
{
	struct dropped *dropped;

	if (is_dropped(&w->subjects[s], alias))
		return;
	dropped = arena_new(&w->arena, struct dropped);
	*dropped = (struct dropped){w->subjects[s].dropped, alias, why, owner};
	w->subjects[s].dropped = dropped;
}

bool alias_ignored(const struct world *w, const struct sym *alias)
{
	return in_domains(&w->config->ignore_aliases, alias);
}

bool keeps_address(const struct world *w, uint32_t s, const struct sym *address)
{
	const struct account *current = current_at(w, s);
	const struct account *wanted = &desired_at(w, s)->account;

	if (wanted->address == address)
		return true;
	if (!(wanted->has & ATTR_ALIASES))
		return current && set_has(current->aliases, address);
	if (set_has(wanted->aliases, address))
		return true;
	return current && current->address != address && alias_ignored(w, address);
}

/* The subject that has the address now and after the plan, or HIDDEN; NOBODY. */
static uint32_t kept_by(const struct world *w, uint32_t s, const struct sym *address)
{
	const struct account *account = accounts_owner(&w->index, address);
	uint32_t owner;

	if (!account)
		return is_hidden(w, address) ? HIDDEN : NOBODY;
	owner = (uint32_t)(account - w->in->current->items);
	if (owner == s || (is_live(w, owner) && !keeps_address(w, owner, address)))
		return NOBODY;
	return owner;
}

static bool is_or_will_be_suspended(const struct world *w, uint32_t s)
{
	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_SUSPEND:
	case RULING_DELETE:
		return true;
	case RULING_REACTIVATE:
		return false;
	case RULING_MANUAL:
		if (w->subjects[s].obstacle == OBSTACLE_RENAMED)
			return true;
		break;
	case RULING_NOTHING:
	case RULING_SAME:
	case RULING_KEPT:
	case RULING_CREATE:
	case RULING_INACTIVE:
	case RULING_UNMANAGED:
	case RULING_LEFT_OUT:
	case RULING_PROTECTED:
	case RULING_HELD:
		break;
	}
	return !current_at(w, s)->active;
}

/* --- a leaver and a newcomer with one address ------------------------------------------------- */

/* One source calls them by different ids: they are two. */
static bool ids_differ(const struct world *w, uint32_t owner, uint32_t created)
{
	const struct recorded_account *recorded = recorded_at(w, owner);
	const struct desired_account *desired = desired_at(w, created);

	for (uint32_t i = 0; recorded && i < desired->link_count; i++) {
		const struct desired_link *link = &desired->links[i];
		const struct recorded_link *known = recorded_link_of(w, recorded, link->source);

		if (known && known->digest && link->digest && known->digest != link->digest)
			return true;
	}
	return false;
}

/*
 * A leaver whom the sources still list is one for sure, and so is one of another kind or with
 * another id. But messages that are deleted on a guess do not come back.
 */
static bool may_be_renamed(const struct world *w, uint32_t owner, uint32_t created)
{
	const struct subject *subject = &w->subjects[owner];

	if (subject_kind(w, owner) != subject_kind(w, created) || ids_differ(w, owner, created))
		return false;
	return subject->ruling == RULING_DELETE ||
	       (subject->ruling == RULING_SUSPEND && subject->want == WANT_ABSENT);
}

static void hold_rename(struct world *w, uint32_t s, const struct sym *address)
{
	const uint32_t owner = kept_by(w, s, address);

	if (owner == NOBODY || owner == HIDDEN || !is_or_will_be_suspended(w, owner))
		return;
	if (may_be_renamed(w, owner, s))
		give_way(w, owner, OBSTACLE_RENAMED, s, address);
	if (w->subjects[s].ruling == RULING_CREATE)
		give_way(w, s, OBSTACLE_RENAME, owner, address);
}

void hold_renames(struct world *w, enum account_kind kind)
{
	for (uint32_t s = w->current_count; s < w->count; s++) {
		const struct account *wanted;

		if (w->subjects[s].ruling != RULING_CREATE || subject_kind(w, s) != kind)
			continue;
		wanted = &desired_at(w, s)->account;
		hold_rename(w, s, wanted->address);
		for (uint32_t i = 0; i < wanted->aliases.count; i++)
			hold_rename(w, s, wanted->aliases.items[i]);
	}
}

/* --- who gives way -------------------------------------------------------------------------- */

/* `s` wants the address: is it to be had? */
static void check_address(struct world *w, uint32_t s, const struct sym *address)
{
	const uint32_t owner = kept_by(w, s, address);

	if (owner == NOBODY)
		return;
	if (w->subjects[s].ruling == RULING_CREATE && owner != HIDDEN &&
	    is_or_will_be_suspended(w, owner))
		give_way(w, s, OBSTACLE_RENAME, owner, address);
	else if (desired_at(w, s)->account.address == address)
		give_way(w, s, OBSTACLE_TAKEN, owner, address);
	else
		drop(w, s, address, DROPPED_TAKEN, owner);
}

static void check_addresses(struct world *w, uint32_t s)
{
	const struct account *wanted = &desired_at(w, s)->account;

	check_address(w, s, wanted->address);
	for (uint32_t i = 0; i < wanted->aliases.count && is_live(w, s); i++)
		check_address(w, s, wanted->aliases.items[i]);
}

/* The one who wants an address of a subject that fell, if it still counts on it. */
static void check_claimant(struct world *w, uint32_t owner, const struct sym *address)
{
	uint32_t s;

	if (address->number >= w->index.size || !w->wanted[address->number])
		return;
	s = w->wanted[address->number] - 1;
	if (s != owner && is_live(w, s))
		check_address(w, s, address);
}

static void follow_up(struct world *w)
{
	while (w->gave_way.count > 0) {
		const uint32_t s = w->gave_way.items[--w->gave_way.count];
		const struct account *current = current_at(w, s);

		if (current) {
			check_claimant(w, s, current->address);
			for (uint32_t i = 0; i < current->aliases.count; i++)
				check_claimant(w, s, current->aliases.items[i]);
		}
		/* Only those whose coming failed have readers. */
		if (subject_kind(w, s) == KIND_USER && !will_be_active(w, s))
			delegates_lose(w, s);
	}
}

/* --- swaps --------------------------------------------------------------------------------- */

/* The subject that has to give up its primary address before `s` can be renamed; NOBODY. */
static uint32_t waits_for(const struct world *w, uint32_t s)
{
	const struct account *owner;
	const struct sym *address;

	if (!is_live(w, s) || !current_at(w, s))
		return NOBODY;
	address = desired_at(w, s)->account.address;
	owner = accounts_owner(&w->index, address);
	if (!owner || owner->address != address)
		return NOBODY;
	return owner == current_at(w, s) ? NOBODY : (uint32_t)(owner - w->in->current->items);
}

/* Everybody waits for at most one other, so a walk that meets itself is a circle. */
static void break_circles(struct world *w)
{
	autofree uint32_t *walk = NULL;

	for (uint32_t first = 0; first < w->current_count; first++) {
		uint32_t s = first;

		if (waits_for(w, first) == NOBODY)
			continue;
		if (!walk)
			walk = mem_calloc(w->current_count, sizeof(*walk));
		while (s != NOBODY && !walk[s]) {
			walk[s] = first + 1;
			s = waits_for(w, s);
		}
		if (s == NOBODY || walk[s] != first + 1)
			continue;
		/* Once round: who gave way waits for nobody. */
		for (uint32_t next = waits_for(w, s); next != NOBODY; next = waits_for(w, s)) {
			give_way(w, s, OBSTACLE_SWAP, next, desired_at(w, s)->account.address);
			s = next;
		}
	}
}

/* --- --only with some of update, grant and revoke ----------------------------------------------- */

static bool is_partial(const struct world *w, uint32_t s)
{
	const unsigned updates = w->only[subject_kind(w, s)] & ONLY_UPDATES;

	return updates != ONLY_UPDATES;
}

/* An update that --only does not ask for is left out, whatever it would have given up. */
static void leave_out_updates(struct world *w)
{
	for (uint32_t s = 0; s < w->current_count; s++) {
		struct subject *subject = &w->subjects[s];
		enum action action;

		if (subject->ruling != RULING_SAME || !is_partial(w, s) ||
		    !update_action(w, s, &action) ||
		    (w->only[subject_kind(w, s)] & 1u << action))
			continue;
		subject->ruling = RULING_LEFT_OUT;
		*vec_push(&w->gave_way) = s;
	}
}

/* --- all of it ---------------------------------------------------------------------------- */

/* What the service refused for good is not tried again. */
static void drop_refused(struct world *w, uint32_t s)
{
	const struct recorded_account *recorded = recorded_at(w, s);
	const struct account *current = current_at(w, s);

	if (!current || !recorded)
		return;
	for (uint32_t i = 0; i < recorded->refusals.count; i++) {
		struct str rest = sym_str(recorded->refusals.items[i]), attribute;
		const struct sym *alias;

		if (!str_split(&rest, ' ', &attribute) || !str_is(attribute, "alias"))
			continue;
		alias = sym_find(w->in->names, rest);
		if (alias && set_has(desired_at(w, s)->account.aliases, alias) &&
		    !set_has(current->aliases, alias))
			drop(w, s, alias, DROPPED_REFUSED, NOBODY);
	}
}

/* What it has already it keeps; more of such addresses no service gives. */
static void drop_unclaimed(struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);
	const struct set wanted = desired_at(w, s)->account.aliases;

	for (uint32_t i = 0; w->config->claimed.count > 0 && i < wanted.count; i++) {
		const struct sym *alias = wanted.items[i];

		if (!in_domains(&w->config->claimed, alias) &&
		    !(current &&
		      (alias == current->address || set_has(current->aliases, alias))))
			drop(w, s, alias, DROPPED_UNCLAIMED, NOBODY);
	}
}

void address_settle(struct world *w)
{
	for (uint32_t s = 0; s < w->count; s++)
		if (is_live(w, s)) {
			drop_refused(w, s);
			drop_unclaimed(w, s);
		}
	for (uint32_t s = 0; s < w->count; s++)
		if (is_live(w, s))
			check_addresses(w, s);
	do {
		follow_up(w);
		break_circles(w);
		follow_up(w);
		leave_out_updates(w);
	} while (w->gave_way.count > 0);
}
