/*
 * The inverse of runs: what each entry did is taken back where it still stands as the run left it.
 */
#include "revert.h"

#include "base/os.h"

/* --- sets ----------------------------------------------------------------------------------------- */

static void set_add(struct arena *arena, struct set *set, const struct sym *item)
{
	const struct sym **items = arena_array(arena, const struct sym *, set->count + 1);

	if (set->count)
		memcpy(items, set->items, set->count * sizeof(*items));
	items[set->count] = item;
	*set = (struct set){items, set_sort(items, set->count + 1)};
}

static void set_remove(struct arena *arena, struct set *set, const struct sym *item)
{
	const struct sym **items = arena_array(arena, const struct sym *, set->count);
	uint32_t count = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		if (set->items[i] != item)
			items[count++] = set->items[i];
	}
	*set = (struct set){items, count};
}

/* --- accounts --------------------------------------------------------------------------------------- */

void revert_manual(struct reverting *reverting, enum account_kind kind, struct str address,
		   struct str problem, const char *todo)
{
	struct plan_manual *manual = vec_push(&reverting->plan->manual);

	manual->account = arena_strf(&reverting->plan->arena, "%s %.*s", kind_names[kind],
				     STR_FMT(address));
	manual->problem = problem;
	manual->todo = str_of(todo);
}

static const struct recorded_account *recorded_at(const struct reverting *reverting,
						  const struct sym *id)
{
	if (!id || id->number >= reverting->recorded_size ||
	    !reverting->recorded_at[id->number])
		return NULL;
	return &reverting->input->recorded->items[reverting->recorded_at[id->number] - 1];
}

struct set revert_persons(struct reverting *reverting, const struct account *account)
{
	struct set persons = {.count = 0};

	if (!account->delegates.count)
		return persons;
	persons.items = arena_array(&reverting->arena, const struct sym *,
				    account->delegates.count);
	for (uint32_t i = 0; i < account->delegates.count; i++) {
		const struct sym *address = account->delegates.items[i].address;
		const struct account *user = accounts_owner(&reverting->index, address);
		bool known = user && user->kind == KIND_USER && user->address == address;

		persons.items[persons.count++] = known && user->id ? user->id : address;
	}
	persons.count = set_sort(persons.items, persons.count);
	return persons;
}

/* The account on its way back; NULL when the target does not have it any more. */
static struct undo *undo_of(struct reverting *reverting, const struct sym *id)
{
	const struct account *current = accounts_by_id(&reverting->index, id);
	size_t at;
	struct undo *undo;

	if (!current)
		return NULL;
	at = (size_t)(current - reverting->input->current->items);
	if (reverting->undo_at[at])
		return &reverting->undos.items[reverting->undo_at[at] - 1];
	undo = vec_push(&reverting->undos);
	reverting->undo_at[at] = (uint32_t)reverting->undos.count;
	undo->current = current;
	undo->recorded = recorded_at(reverting, id);
	undo->wanted = *current;
	undo->persons = revert_persons(reverting, current);
	return undo;
}

/* Who had an address when the run ended. The same address may be somebody else's by now, and he
 * must not be given the access of the one before him. */
static int id_then(struct reverting *reverting, const struct past *past, struct str text,
		   const struct sym **id, struct err *err)
{
	struct sym_pool *names = reverting->input->names;
	const struct account key = {.kind = KIND_USER, .address = sym_get(names, text)};
	struct recorded_account then = {.key = NULL};
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	bool found;

	*id = NULL;
	for (size_t i = 0; i < past->plan.changes.count; i++) {
		const struct plan_change *change = &past->plan.changes.items[i];

		if (change->kind != KIND_USER || !change->rename.set ||
		    !(str_eq(change->rename.to, text) || str_eq(change->address, text)))
			continue;
		*id = sym_get(names, change->id);
		return 0;
	}
	recorded_path(&key, &path);
	if (state_file(reverting->state, past->end, path.ptr, &bytes, &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	if (recorded_parse(arena_str(&reverting->arena, buf_str(&bytes)), path.ptr, names,
			   &reverting->arena, &then, err) < 0)
		return -1;
	*id = then.account.id;
	return 0;
}

/* --- the inverse of one entry ------------------------------------------------------------------------ */

static void stands_no_more(struct reverting *reverting, const struct plan_change *change,
			   const char *format, struct str what)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_addf(&text, "%s%.*s", format, STR_FMT(what));
	revert_manual(reverting, change->kind, change->address,
		      arena_str(&reverting->plan->arena, buf_str(&text)),
		      "nothing, if that is right; else change it in the sources");
}

static const struct sym *value(struct reverting *reverting, struct str text)
{
	return text.len && !str_is(text, "/") ? sym_get(reverting->input->names, text) : NULL;
}

static void undo_scalar(struct reverting *reverting, const struct plan_change *change,
			const struct plan_scalar *scalar, const struct sym **wanted,
			const char *what)
{
	if (!scalar->set)
		return;
	if (*wanted == value(reverting, scalar->to))
		*wanted = value(reverting, scalar->from);
	else
		stands_no_more(reverting, change, "has been changed since: its ", str_of(what));
}

static void undo_aliases(struct reverting *reverting, const struct plan_change *change,
			 struct undo *undo)
{
	struct sym_pool *names = reverting->input->names;
	struct set *aliases = &undo->wanted.aliases;

	for (size_t i = 0; i < change->aliases_add.count; i++) {
		const struct sym *alias = sym_get(names, change->aliases_add.items[i]);

		if (set_has(*aliases, alias))
			set_remove(&reverting->arena, aliases, alias);
	}
	for (size_t i = 0; i < change->aliases_remove.count; i++) {
		const struct sym *alias = sym_get(names, change->aliases_remove.items[i]);

		if (alias != undo->wanted.address && !set_has(*aliases, alias))
			set_add(&reverting->arena, aliases, alias);
	}
}

static int undo_delegates(struct reverting *reverting, const struct past *past,
			  const struct plan_change *change, struct undo *undo, struct err *err)
{
	const struct sym *id;

	for (size_t i = 0; i < change->delegates_add.count; i++) {
		struct str address = change->delegates_add.items[i].address;

		if (id_then(reverting, past, address, &id, err) < 0)
			return -1;
		if (id && set_has(undo->persons, id))
			set_remove(&reverting->arena, &undo->persons, id);
		else if (change->action != ACTION_CREATE)
			stands_no_more(reverting, change, "is no longer read by ", address);
	}
	for (size_t i = 0; i < change->delegates_remove.count; i++) {
		struct str address = change->delegates_remove.items[i].address;

		if (id_then(reverting, past, address, &id, err) < 0)
			return -1;
		if (!id || !accounts_by_id(&reverting->index, id))
			stands_no_more(
				reverting, change,
				"cannot be given back to a delegate who is gone: ", address);
		else if (!set_has(undo->persons, id))
			set_add(&reverting->arena, &undo->persons, id);
	}
	return 0;
}

static void undo_attributes(struct reverting *reverting, const struct plan_change *change,
			    struct undo *undo)
{
	undo_scalar(reverting, change, &change->rename, &undo->wanted.address, "address");
	undo_scalar(reverting, change, &change->name, &undo->wanted.name, "name");
	undo_scalar(reverting, change, &change->mobile, &undo->wanted.mobile, "mobile number");
	undo_scalar(reverting, change, &change->unit, &undo->wanted.unit, "unit");
	undo_aliases(reverting, change, undo);
}

/* Suspended by this run, and by nobody since. */
static bool still_suspended(const struct past *past, const struct undo *undo)
{
	if (undo->wanted.active)
		return false;
	/* On the way back a newer run has been undone already. */
	return undo->because.len ||
	       (undo->recorded && str_eq(sym_str(undo->recorded->suspended_by), past->id));
}

static void take_away(struct reverting *reverting, const struct plan_change *change,
		      struct undo *undo)
{
	bool active = undo->wanted.kind == KIND_USER ? undo->wanted.active
						     : undo->persons.count > 0;

	if (!active) {
		stands_no_more(reverting, change, "is suspended already", STR_NONE);
		return;
	}
	undo->wanted.active = false;
	undo->persons.count = 0;
}

static int undo_entry(struct reverting *reverting, const struct past *past,
		      const struct plan_change *change, struct undo *undo, struct err *err)
{
	int failed = 0;

	switch (change->action) {
	case ACTION_DELETE:
		break;
	case ACTION_SUSPEND:
		if (change->kind == KIND_FUNCTIONAL)
			failed = undo_delegates(reverting, past, change, undo, err);
		else if (still_suspended(past, undo))
			undo->wanted.active = true;
		else
			stands_no_more(
				reverting, change,
				"is active again, or was suspended by somebody else since",
				STR_NONE);
		break;
	case ACTION_CREATE:
		take_away(reverting, change, undo);
		break;
	case ACTION_REACTIVATE:
		undo_attributes(reverting, change, undo);
		if (change->kind == KIND_USER)
			undo->wanted.active = false;
		failed = undo_delegates(reverting, past, change, undo, err);
		break;
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_UPDATE:
		undo_attributes(reverting, change, undo);
		failed = undo_delegates(reverting, past, change, undo, err);
		break;
	}
	undo->because = arena_strf(&reverting->plan->arena, "%.*s%srevert of %.*s%s%.*s",
				   STR_FMT(undo->because), undo->because.len ? "; " : "",
				   STR_FMT(past->id), change->because.len ? ": " : "",
				   STR_FMT(change->because));
	return failed;
}

int revert_change(struct reverting *reverting, const struct past *past, size_t i,
		  struct err *err)
{
	const struct plan_change *change = &past->plan.changes.items[i];
	const struct change_result *result = &past->result.items[i];
	struct str id = change->action == ACTION_CREATE ? result->id : change->id;
	struct undo *undo;

	if (!outcome_own(result->outcome))
		return 0;
	if (change->action == ACTION_DELETE) {
		revert_manual(
			reverting, change->kind, change->address,
			STR("was deleted, and its messages with it: that cannot be undone"),
			"list it in a source to create a new account of that address");
		return 0;
	}
	undo = undo_of(reverting, sym_find(reverting->input->names, id));
	if (!undo || undo->current->kind != change->kind) {
		revert_manual(reverting, change->kind, change->address,
			      STR("is not in the target any more: nothing of it can be undone"),
			      "nothing, if that is right");
		return 0;
	}
	return undo_entry(reverting, past, change, undo, err);
}
