/*
 * One account's difference between what is wanted and what is there, and the plan entry it becomes.
 * Only managed attributes are compared; everything else stays as the target has it.
 */
#include "reconcile.h"

#include "address.h"

uint32_t deciding_source(const struct desired_account *desired, enum attribute attribute)
{
	const uint8_t source = desired->source_of[__builtin_ctz(attribute)];

	if (source != UINT8_MAX)
		return source;
	return desired->link_count ? desired->links[0].source : 0;
}

/* --- what differs ------------------------------------------------------------------------- */

static bool alias_comes(const struct world *w, uint32_t s, const struct sym *alias)
{
	const struct account *current = current_at(w, s);

	return (!current || !set_has(current->aliases, alias)) &&
	       !is_dropped(&w->subjects[s], alias);
}

/* As a difference of its own: an alias that becomes the primary address goes with the rename. */
static bool alias_goes(const struct world *w, uint32_t s, const struct sym *alias)
{
	const struct account *wanted = &desired_at(w, s)->account;

	return (wanted->has & ATTR_ALIASES) && alias != wanted->address &&
	       !set_has(wanted->aliases, alias) && !alias_ignored(w, alias);
}

static bool aliases_differ(const struct world *w, uint32_t s)
{
	const struct set is = current_at(w, s)->aliases;
	const struct set wanted = desired_at(w, s)->account.aliases;

	if (set_equal(is, wanted))
		return false;
	for (uint32_t i = 0; i < wanted.count; i++)
		if (alias_comes(w, s, wanted.items[i]))
			return true;
	for (uint32_t i = 0; i < is.count; i++)
		if (alias_goes(w, s, is.items[i]))
			return true;
	return false;
}

static bool refreshes_key(const struct world *w, uint32_t s)
{
	const struct str pattern = w->in->options->refresh_keys;

	return pattern.len > 0 &&
	       (pattern_match(pattern, sym_str(current_at(w, s)->address)) ||
		pattern_match(pattern, sym_str(desired_at(w, s)->account.address)));
}

/* The key that goes with every request for the user; NULL: none. */
static const struct sym *key_of(const struct world *w, uint32_t s)
{
	const struct desired_account *desired = desired_at(w, s);

	if (w->config->target.sign_in != SIGN_IN_SSO || subject_kind(w, s) != KIND_USER)
		return NULL;
	return desired ? desired->fingerprint : NULL;
}

/* A key that is not recorded yet is no difference: it goes with the next one. */
static bool key_differs(const struct world *w, uint32_t s)
{
	const struct sym *key = key_of(w, s);
	const struct recorded_account *recorded = recorded_at(w, s);

	if (!key)
		return false;
	return refreshes_key(w, s) || (recorded && recorded->key && recorded->key != key);
}

static bool sets_attribute(const struct world *w, uint32_t s, enum attribute attribute)
{
	const struct account *is = current_at(w, s);
	const struct account *wanted = &desired_at(w, s)->account;

	switch (attribute) {
	case ATTR_ADDRESS:
		return wanted->address != is->address;
	case ATTR_NAME:
		return wanted->name && wanted->name != is->name;
	case ATTR_ALIASES:
		return (wanted->has & ATTR_ALIASES) && aliases_differ(w, s);
	case ATTR_MOBILE:
		return is->kind == KIND_USER && (wanted->has & ATTR_MOBILE) &&
		       wanted->mobile != is->mobile;
	case ATTR_UNIT:
		return (wanted->has & ATTR_UNIT) && wanted->unit != is->unit;
	case ATTR_KEY:
		return key_differs(w, s);
	case ATTR_DELEGATES:
	case ATTR_ACTIVE:
		break;
	}
	return false;
}

bool alias_differs(const struct world *w, uint32_t s, uint32_t source)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct set is = current_at(w, s)->aliases, wanted = desired->account.aliases;

	for (uint32_t i = 0; i < wanted.count; i++)
		if (desired->alias_sources[i] == source && alias_comes(w, s, wanted.items[i]))
			return true;
	/* What nobody lists is for the one to say whose opinion won. */
	for (uint32_t i = 0; source == deciding_source(desired, ATTR_ALIASES) && i < is.count;
	     i++)
		if (alias_goes(w, s, is.items[i]))
			return true;
	return false;
}

void difference_find(const struct world *w, uint32_t s, struct difference *difference)
{
	difference->attributes = 0;
	delegates_compare(w, s, &difference->add, &difference->remove, &difference->leaving);
	if (difference->add.count + difference->remove.count > 0)
		difference->attributes |= ATTR_DELEGATES;
	for (unsigned bit = 0; bit < ATTR_COUNT; bit++)
		if (current_at(w, s) && sets_attribute(w, s, (enum attribute)(1u << bit)))
			difference->attributes |= 1u << bit;
}

void difference_release(struct difference *difference)
{
	free(difference->add.items);
	free(difference->remove.items);
	free(difference->leaving.items);
}

static enum action action_of(const struct difference *difference)
{
	if (difference->add.count > 0)
		return ACTION_GRANT;
	return difference->remove.count > 0 ? ACTION_REVOKE : ACTION_UPDATE;
}

bool update_action(const struct world *w, uint32_t s, enum action *out)
{
	struct difference difference = {.attributes = 0};
	bool differs;

	difference_find(w, s, &difference);
	differs = difference.attributes != 0;
	*out = action_of(&difference);
	difference_release(&difference);
	return differs;
}

/* --- parts of the entry ------------------------------------------------------------------- */

static void set_scalar(struct plan_scalar *scalar, const struct sym *from, const struct sym *to)
{
	*scalar = (struct plan_scalar){true, sym_str(from), sym_str(to)};
}

static void add_scalars(struct world *w, uint32_t s, struct plan_change *change,
			unsigned attributes)
{
	static const struct account none;
	const struct account *is = current_at(w, s) ? current_at(w, s) : &none;
	const struct account *wanted = &desired_at(w, s)->account;

	if (attributes & ATTR_ADDRESS)
		set_scalar(&change->rename, is->address, wanted->address);
	if (attributes & ATTR_NAME)
		set_scalar(&change->name, is->name, wanted->name);
	if (attributes & ATTR_MOBILE)
		set_scalar(&change->mobile, is->mobile, wanted->mobile);
	if (attributes & ATTR_UNIT)
		set_scalar(&change->unit, is->unit, wanted->unit);
}

static void add_aliases(struct world *w, uint32_t s, struct plan_change *change)
{
	struct arena *arena = &w->plan->arena;
	const struct account *is = current_at(w, s);
	const struct account *wanted = &desired_at(w, s)->account;

	for (uint32_t i = 0; i < wanted->aliases.count; i++)
		if (alias_comes(w, s, wanted->aliases.items[i]))
			strs_add(arena, &change->aliases_add,
				 sym_str(wanted->aliases.items[i]));
	for (uint32_t i = 0; is && i < is->aliases.count; i++) {
		const struct sym *alias = is->aliases.items[i];

		if (alias == wanted->address || alias_goes(w, s, alias))
			strs_add(arena, &change->aliases_remove, sym_str(alias));
	}
}

/* A delegate's name. The writer turns its ';' into ','. */
static struct str delegate_name(struct world *w, uint32_t user)
{
	const struct account *current = current_at(w, user);

	return sym_str(current ? current->name : desired_at(w, user)->account.name);
}

static const struct config_source *source_of(const struct world *w, uint32_t s,
					     enum attribute attribute)
{
	return &w->config->sources[deciding_source(desired_at(w, s), attribute)];
}

const struct sym *delegate_ended(const struct world *w, uint32_t s, uint32_t user)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct delegate *found = NULL;

	if (desired && desired->ended)
		found = delegates_find(*desired->ended, subject_address_after(w, user));
	if (desired && desired->ended && !found)
		found = delegates_find(*desired->ended, subject_address(w, user));
	return found ? found->why : NULL;
}

/* "declared: listed", "ad: member" */
static struct str delegate_reason(struct world *w, uint32_t s,
				  const struct config_source *source)
{
	struct buf text = BUF_INIT;
	struct str reason;

	buf_addf(&text, "%.*s: ", STR_FMT(source->name));
	config_origins(source, subject_kind(w, s), ATTR_DELEGATES, "listed", &text);
	reason = arena_str(&w->plan->arena, buf_str(&text));
	buf_release(&text);
	return reason;
}

static void add_delegates(struct world *w, uint32_t s, struct plan_change *change,
			  const struct difference *difference)
{
	struct arena *arena = &w->plan->arena;
	const struct config_source *source = source_of(w, s, ATTR_DELEGATES);
	struct str reason = STR_NONE;

	for (size_t i = 0; i < difference->add.count; i++) {
		const struct delegation *add = &difference->add.items[i];
		struct plan_pair *pair = pairs_add(arena, &change->delegates_add);

		pair->address = sym_str(subject_address_after(w, add->subject));
		pair->who = delegate_name(w, add->subject);
		/* A new account's are all listed: only reasons of their own are said. */
		if (add->why)
			pair->why = sym_str(add->why);
		else if (change->action != ACTION_CREATE)
			pair->why = reason = reason.len ? reason
							: delegate_reason(w, s, source);
	}
	for (size_t i = 0; i < difference->remove.count; i++) {
		const uint32_t user = difference->remove.items[i].subject;
		const struct sym *ended = delegate_ended(w, s, user);
		struct plan_pair *pair = pairs_add(arena, &change->delegates_remove);

		pair->address = sym_str(subject_address(w, user));
		pair->who = delegate_name(w, user);
		pair->why = ended ? sym_str(ended)
				  : arena_strf(arena, "%.*s: no longer listed as delegate",
					       STR_FMT(source->name));
	}
	/* Who goes anyway is only mentioned where delegates are the subject. */
	if (difference->add.count + difference->remove.count == 0)
		return;
	for (size_t i = 0; i < difference->leaving.count; i++) {
		const uint32_t user = difference->leaving.items[i].subject;
		struct plan_pair *pair = pairs_add(arena, &change->delegates_remove);

		pair->address = sym_str(subject_address(w, user));
		pair->who = delegate_name(w, user);
		pair->why = STR("suspended by this plan");
	}
}

/* A suspended functional account has no delegates left. */
static void remove_all_delegates(struct world *w, uint32_t s, struct plan_change *change)
{
	const struct delegates all = current_at(w, s)->delegates;

	for (uint32_t i = 0; i < all.count; i++) {
		const struct sym *address = all.items[i].address, *ended;
		const struct account *user = accounts_owner(&w->index, address);
		struct plan_pair *pair = pairs_add(&w->plan->arena, &change->delegates_remove);
		uint32_t u;

		pair->address = sym_str(address);
		pair->why = STR("the account is suspended");
		if (!user)
			continue;
		u = (uint32_t)(user - w->in->current->items);
		ended = delegate_ended(w, s, u);
		pair->who = sym_str(user->name);
		if (w->subjects[u].ruling == RULING_SUSPEND)
			pair->why = STR("suspended by this plan");
		else if (ended)
			pair->why = sym_str(ended);
	}
}

static void add_link(struct world *w, struct plan_change *change, struct str source,
		     const struct sym *digest)
{
	*links_add(&w->plan->arena, change) =
		(struct plan_link){arena_str(&w->plan->arena, source), sym_str(digest)};
}

/* What the sources say now, and what they said before: a leaver's id keeps the address from being
 * taken for somebody else's. */
static void add_links(struct world *w, uint32_t s, struct plan_change *change)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct recorded_account *recorded = recorded_at(w, s);
	const uint32_t count = desired ? desired->link_count : 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct desired_link *link = &desired->links[i];
		const struct recorded_link *known =
			recorded ? recorded_link_of(w, recorded, link->source) : NULL;

		if (!current_at(w, s) || is_new_link(w, desired, s, link))
			known = NULL;
		else if (!known)
			continue; /* an id in dispute */
		add_link(w, change, w->config->sources[link->source].name,
			 known ? known->digest : link->digest);
	}
	for (uint32_t i = 0; recorded && i < recorded->link_count; i++) {
		const struct recorded_link *link = &recorded->links[i];
		bool listed = false;

		for (uint32_t j = 0; j < count && !listed; j++)
			listed = w->source_names[desired->links[j].source] == link->source;
		if (!listed)
			add_link(w, change, sym_str(link->source), link->digest);
	}
}

static void add_key(struct world *w, uint32_t s, struct plan_change *change)
{
	const struct recorded_account *recorded = recorded_at(w, s);
	const struct sym *key = key_of(w, s);

	if (change->action == ACTION_DELETE)
		return;
	if (key)
		change->key = sym_str(key);
	else if (change->action == ACTION_SUSPEND && change->kind == KIND_USER &&
		 w->config->target.sign_in == SIGN_IN_SSO && recorded && recorded->key)
		change->key = STR("lost");
}

/* --- the entry ---------------------------------------------------------------------------- */

static enum action action_for(const struct world *w, uint32_t s,
			      const struct difference *difference)
{
	const unsigned actions = ruling_actions(w->subjects[s].ruling);

	for (unsigned action = 0; action < ACTION_COUNT; action++)
		if (actions == 1u << action)
			return (enum action)action;
	return action_of(difference);
}

/* A new account has no attributes to compare with: those that have a value are set. */
static unsigned new_attributes(const struct world *w, uint32_t s)
{
	const struct account *wanted = &desired_at(w, s)->account;

	return ATTR_NAME | (wanted->mobile && wanted->kind == KIND_USER ? ATTR_MOBILE : 0u) |
	       (wanted->unit ? ATTR_UNIT : 0u);
}

struct plan_change *emit_change(struct world *w, uint32_t s,
				const struct difference *difference)
{
	const enum action action = action_for(w, s, difference);
	const struct account *current = current_at(w, s);
	struct plan_change *change = vec_push(&w->plan->changes);

	change->action = action;
	change->kind = subject_kind(w, s);
	change->address = sym_str(subject_address(w, s));
	if (current) {
		change->who = who_text(w, s);
		change->id = sym_str(current->id);
	}
	if (action == ACTION_SUSPEND && change->kind == KIND_FUNCTIONAL)
		remove_all_delegates(w, s, change);
	if (action != ACTION_SUSPEND && action != ACTION_DELETE) {
		const unsigned attributes = current ? difference->attributes
						    : new_attributes(w, s);

		add_scalars(w, s, change, attributes);
		if (!current || (attributes & (ATTR_ADDRESS | ATTR_ALIASES)))
			add_aliases(w, s, change);
		add_delegates(w, s, change, difference);
	}
	add_key(w, s, change);
	add_links(w, s, change);
	change->because = because_text(w, s, difference);
	return change;
}
