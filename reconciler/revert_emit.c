/*
 * The net change of each account on its way back, as a plan entry like any other.
 */
#include "revert.h"

#include "address.h"

static struct str copy(struct reverting *reverting, const struct sym *sym)
{
	return sym ? arena_str(&reverting->plan->arena, sym_str(sym)) : STR_NONE;
}

static struct undo *undo_by_id(const struct reverting *reverting, const struct sym *id)
{
	const struct account *current = accounts_by_id(&reverting->index, id);
	uint32_t at = current ? reverting->undo_at[current - reverting->input->current->items]
			      : 0;

	return at ? &reverting->undos.items[at - 1] : NULL;
}

/* --- what can be ---------------------------------------------------------------------------------- */

/* Whether a delegate will be an active user when this plan is done; foreign ones stay as they are. */
static bool will_be_active(const struct reverting *reverting, const struct sym *person)
{
	const struct account *user = accounts_by_id(&reverting->index, person);
	const struct undo *undo = undo_by_id(reverting, person);

	if (undo)
		return undo->wanted.active;
	return user && user->kind == KIND_USER && user->active;
}

static const struct sym *address_after(const struct reverting *reverting,
				       const struct sym *person)
{
	const struct account *user = accounts_by_id(&reverting->index, person);
	const struct undo *undo = undo_by_id(reverting, person);

	return undo ? undo->wanted.address : user ? user->address : person;
}

static bool is_protected(const struct reverting *reverting, const struct sym *address)
{
	return guard_protects(reverting->input->config, sym_str(address));
}

/* An address that comes back must be nobody's, or be given back by this plan too. */
static bool is_free(const struct reverting *reverting, const struct undo *undo,
		    const struct sym *address)
{
	const struct account *owner = accounts_owner(&reverting->index, address);
	const struct undo *other;

	if (!owner || owner == undo->current)
		return true;
	other = undo_by_id(reverting, owner->id);
	return other && other->wanted.address != address &&
	       !set_has(other->wanted.aliases, address);
}

static void drop_taken(struct reverting *reverting, struct undo *undo)
{
	struct set *aliases = &undo->wanted.aliases;
	enum account_kind kind = (enum account_kind)undo->current->kind;
	struct set kept = {arena_array(&reverting->arena, const struct sym *, aliases->count),
			   0};

	if (!is_free(reverting, undo, undo->wanted.address)) {
		revert_manual(
			reverting, kind, sym_str(undo->current->address),
			arena_strf(&reverting->plan->arena,
				   "cannot be %s again: that address is another account's",
				   undo->wanted.address->text),
			"free the address first, then plan again");
		undo->wanted.address = undo->current->address;
	}
	for (uint32_t i = 0; i < aliases->count; i++) {
		const struct sym *alias = aliases->items[i];

		if (is_free(reverting, undo, alias)) {
			if (alias != undo->wanted.address)
				kept.items[kept.count++] = alias;
			continue;
		}
		revert_manual(reverting, kind, sym_str(undo->current->address),
			      arena_strf(&reverting->plan->arena,
					 "cannot get alias %s back: it is another account's",
					 alias->text),
			      "free the address first, then plan again");
	}
	*aliases = kept;
}

/* --- keys ------------------------------------------------------------------------------------------- */

static const struct desired_account *desired_of(const struct reverting *reverting,
						const struct undo *undo)
{
	const struct desired *desired = reverting->input->desired;
	size_t low = 0, high = desired ? desired->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct desired_account *item = &desired->items[middle];
		int order = item->account.address ? account_cmp(&item->account, &undo->wanted)
						  : -1;

		if (order == 0)
			return item;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The rules of any other plan: a key goes with every request for a user; without the key that was
 * known a suspend says so, and an update would break the sign-in. */
static bool set_key(struct reverting *reverting, struct undo *undo, struct plan_change *change)
{
	const struct desired_account *desired = desired_of(reverting, undo);
	const struct sym *known = undo->recorded ? undo->recorded->key : NULL;
	bool lost = known && str_is(sym_str(known), "lost");

	if (reverting->input->config->target.sign_in != SIGN_IN_SSO ||
	    undo->current->kind != KIND_USER)
		return true;
	if (desired && desired->fingerprint) {
		change->key = copy(reverting, desired->fingerprint);
		return true;
	}
	if (!known)
		return true;
	if (change->action == ACTION_SUSPEND) {
		change->key = STR("lost");
		return true;
	}
	if (lost && change->action != ACTION_REACTIVATE)
		return true;
	revert_manual(
		reverting, KIND_USER, change->address,
		STR("no source has its account key any more, and a change without it would "
		    "break the sign-in"),
		"give its entry an sso_key in a source, then plan again");
	return false;
}

/* --- the entry -------------------------------------------------------------------------------------- */

static void set_scalar(struct reverting *reverting, struct plan_scalar *scalar,
		       const struct sym *from, const struct sym *to)
{
	if (from == to)
		return;
	scalar->set = true;
	scalar->from = copy(reverting, from);
	scalar->to = copy(reverting, to);
}

static void set_attributes(struct reverting *reverting, const struct undo *undo,
			   struct plan_change *change)
{
	const struct account *is = undo->current, *wanted = &undo->wanted;
	struct arena *arena = &reverting->plan->arena;

	set_scalar(reverting, &change->rename, is->address, wanted->address);
	set_scalar(reverting, &change->name, is->name, wanted->name);
	set_scalar(reverting, &change->mobile, is->mobile, wanted->mobile);
	set_scalar(reverting, &change->unit, is->unit, wanted->unit);
	for (uint32_t i = 0; i < wanted->aliases.count; i++) {
		if (!set_has(is->aliases, wanted->aliases.items[i]))
			strs_add(arena, &change->aliases_add,
				 sym_str(wanted->aliases.items[i]));
	}
	for (uint32_t i = 0; i < is->aliases.count; i++) {
		if (!set_has(wanted->aliases, is->aliases.items[i]))
			strs_add(arena, &change->aliases_remove, sym_str(is->aliases.items[i]));
	}
}

static void add_pair(struct reverting *reverting, struct plan_pairs *pairs,
		     const struct sym *address, const struct sym *person, const char *why)
{
	const struct account *user = accounts_by_id(&reverting->index, person);
	struct plan_pair *pair = pairs_add(&reverting->plan->arena, pairs);

	pair->address = copy(reverting, address);
	pair->who = user ? copy(reverting, user->name) : STR_NONE;
	pair->why = str_of(why);
}

static void set_delegates(struct reverting *reverting, const struct undo *undo,
			  struct plan_change *change)
{
	struct set now = revert_persons(reverting, undo->current);

	for (uint32_t i = 0; i < undo->persons.count; i++) {
		const struct sym *person = undo->persons.items[i];

		if (set_has(now, person))
			continue;
		if (will_be_active(reverting, person)) {
			add_pair(reverting, &change->delegates_add,
				 address_after(reverting, person), person, "given back");
			continue;
		}
		revert_manual(reverting, (enum account_kind)undo->current->kind,
			      sym_str(undo->current->address),
			      arena_strf(&reverting->plan->arena,
					 "cannot be given back to %s, who is not active",
					 address_after(reverting, person)->text),
			      "activate that account first, then plan again");
	}
	for (uint32_t i = 0; i < now.count; i++) {
		const struct account *user = accounts_by_id(&reverting->index, now.items[i]);
		const struct undo *other = undo_by_id(reverting, now.items[i]);
		bool leaves = other && other->current->active && !other->wanted.active;

		if (!set_has(undo->persons, now.items[i]))
			add_pair(reverting, &change->delegates_remove,
				 user ? user->address : now.items[i], now.items[i],
				 leaves ? "suspended by this plan" : "taken back");
	}
}

/* Delegates that can read, now and in the end. */
static void count_readers(const struct reverting *reverting, const struct undo *undo,
			  uint32_t *now, uint32_t *then)
{
	*now = *then = 0;
	for (uint32_t i = 0; i < undo->current->delegates.count; i++) {
		const struct account *user = accounts_owner(
			&reverting->index, undo->current->delegates.items[i].address);

		*now += user && user->kind == KIND_USER && user->active;
	}
	for (uint32_t i = 0; i < undo->persons.count; i++)
		*then += will_be_active(reverting, undo->persons.items[i]);
}

static void set_action(const struct reverting *reverting, const struct undo *undo,
		       struct plan_change *change)
{
	bool was = undo->current->active, is = undo->wanted.active;
	uint32_t now, then;

	if (undo->current->kind == KIND_FUNCTIONAL) {
		count_readers(reverting, undo, &now, &then);
		was = now > 0;
		is = then > 0;
	}
	if (was && !is)
		change->action = ACTION_SUSPEND;
	else if (!was && is)
		change->action = ACTION_REACTIVATE;
	else
		change->action = ACTION_UPDATE;
}

static void set_links(struct reverting *reverting, const struct undo *undo,
		      struct plan_change *change)
{
	for (uint32_t i = 0; undo->recorded && i < undo->recorded->link_count; i++) {
		const struct recorded_link *link = &undo->recorded->links[i];

		*links_add(&reverting->plan->arena, change) = (struct plan_link){
			copy(reverting, link->source), copy(reverting, link->digest)};
	}
}

static bool changes_something(const struct plan_change *change)
{
	return change->action == ACTION_SUSPEND || change->action == ACTION_REACTIVATE ||
	       change->rename.set || change->name.set || change->mobile.set ||
	       change->unit.set ||
	       change->aliases_add.count + change->aliases_remove.count +
			       change->delegates_add.count + change->delegates_remove.count >
		       0;
}

static void suspend_functional(struct reverting *reverting, const struct undo *undo,
			       struct plan_change *change)
{
	struct set now = revert_persons(reverting, undo->current);

	for (uint32_t i = 0; i < now.count; i++) {
		const struct account *user = accounts_by_id(&reverting->index, now.items[i]);

		add_pair(reverting, &change->delegates_remove,
			 user ? user->address : now.items[i], now.items[i],
			 "the account is suspended");
	}
}

/* --- what the sources say ----------------------------------------------------------------------------- */

static bool wants_delegate(const struct desired_account *desired, struct str address)
{
	for (uint32_t i = 0; i < desired->account.delegates.count; i++) {
		if (str_eq(sym_str(desired->account.delegates.items[i].address), address))
			return true;
	}
	return false;
}

static void disagree(struct buf *what, const char *text, struct str more)
{
	buf_addf(what, "%s%s%.*s", what->len ? ", " : "", text, STR_FMT(more));
}

static bool disagrees(const struct plan_scalar *scalar, const struct account *wanted,
		      unsigned attribute, const struct sym *value)
{
	return scalar->set && wanted->has & attribute && !str_eq(sym_str(value), scalar->to);
}

/* What is undone and still asked for comes back with the next plan. */
static void warn(struct reverting *reverting, const struct undo *undo,
		 const struct plan_change *change)
{
	const struct desired_account *desired = desired_of(reverting, undo);
	bool listed = desired && !desired->held && desired->account.active;
	struct arena *arena = &reverting->plan->arena;
	CLEANUP(buf_release) struct buf what = BUF_INIT;

	if (!reverting->input->desired)
		return;
	if (change->action == ACTION_SUSPEND && listed)
		disagree(&what, "active", STR_NONE);
	if (change->action == ACTION_REACTIVATE && !listed)
		disagree(&what, "not active", STR_NONE);
	if (listed) {
		const struct account *wanted = &desired->account;

		if (disagrees(&change->name, wanted, ATTR_NAME, wanted->name))
			disagree(&what, "name ", sym_str(wanted->name));
		if (disagrees(&change->mobile, wanted, ATTR_MOBILE, wanted->mobile))
			disagree(&what, "mobile ", sym_str(wanted->mobile));
		if (disagrees(&change->unit, wanted, ATTR_UNIT, wanted->unit))
			disagree(&what, "unit ", sym_str(wanted->unit));
	}
	for (size_t i = 0;
	     listed && desired->account.has & ATTR_DELEGATES &&
	     change->action != ACTION_SUSPEND && i < change->delegates_remove.count;
	     i++) {
		struct str address = change->delegates_remove.items[i].address;

		if (wants_delegate(desired, address))
			disagree(&what, "delegate ", address);
	}
	for (size_t i = 0;
	     listed && desired->account.has & ATTR_DELEGATES && i < change->delegates_add.count;
	     i++) {
		struct str address = change->delegates_add.items[i].address;

		if (!wants_delegate(desired, address))
			disagree(&what, "no delegate ", address);
	}
	if (what.len)
		strs_add(arena, &reverting->plan->warnings,
			 arena_strf(arena,
				    "%s %.*s: the sources still ask for: %s; without a change "
				    "there the next plan brings it back",
				    kind_names[change->kind], STR_FMT(change->address),
				    what.ptr));
}

/* --- all of them -------------------------------------------------------------------------------------- */

/* What a suspended user could read. */
static void set_losses(struct reverting *reverting)
{
	const struct accounts *current = reverting->input->current;
	struct plan *plan = reverting->plan;
	uint32_t *change_at = mem_calloc(current->count + 1, sizeof(*change_at));
	bool any = false;

	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];
		const struct account *account = accounts_by_id(
			&reverting->index, sym_find(reverting->input->names, change->id));

		if (change->action != ACTION_SUSPEND || change->kind != KIND_USER || !account)
			continue;
		change_at[account - current->items] = (uint32_t)i + 1;
		any = true;
	}
	for (size_t i = 0; any && i < current->count; i++) {
		const struct account *account = &current->items[i];

		for (uint32_t d = 0; d < account->delegates.count; d++) {
			const struct account *user = accounts_owner(
				&reverting->index, account->delegates.items[d].address);
			uint32_t at = user ? change_at[user - current->items] : 0;

			if (at)
				strs_add(&plan->arena, &plan->changes.items[at - 1].loses,
					 sym_str(account->address));
		}
	}
	free(change_at);
}

static void emit(struct reverting *reverting, struct undo *undo)
{
	struct plan_change change = {.kind = (enum account_kind)undo->current->kind};
	struct arena *arena = &reverting->plan->arena;
	const struct account *is = undo->current;
	CLEANUP(buf_release) struct buf who = BUF_INIT;

	change.address = copy(reverting, is->address);
	change.id = copy(reverting, is->id);
	if (is_protected(reverting, is->address) ||
	    is_protected(reverting, undo->wanted.address)) {
		revert_manual(reverting, change.kind, change.address,
			      STR("is protected (target.protect) and stays as it is"),
			      "undo it by hand, if that is wanted");
		return;
	}
	drop_taken(reverting, undo);
	set_action(reverting, undo, &change);
	if (change.action == ACTION_SUSPEND) {
		if (change.kind == KIND_FUNCTIONAL)
			suspend_functional(reverting, undo, &change);
	} else {
		set_attributes(reverting, undo, &change);
		set_delegates(reverting, undo, &change);
	}
	if (change.action == ACTION_UPDATE && change.delegates_add.count)
		change.action = ACTION_GRANT;
	else if (change.action == ACTION_UPDATE && change.delegates_remove.count)
		change.action = ACTION_REVOKE;
	if (!changes_something(&change) || !set_key(reverting, undo, &change))
		return;
	plan_who(is, &who);
	change.who = arena_str(arena, buf_str(&who));
	change.because = undo->because;
	set_links(reverting, undo, &change);
	warn(reverting, undo, &change);
	*vec_push(&reverting->plan->changes) = change;
}

void revert_emit(struct reverting *reverting)
{
	struct plan *plan = reverting->plan;

	for (size_t i = 0; i < reverting->undos.count; i++)
		emit(reverting, &reverting->undos.items[i]);
	set_losses(reverting);
	plan->counts.unchanged = reverting->input->current->count - plan->changes.count;
	expect_fill(plan, reverting->input->current, reverting->input->names);
}
