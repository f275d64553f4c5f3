/*
 * How an account stands to its change: untouched, done, half done by this plan, or changed by
 * somebody else. The plan carries a digest of the account as it was. Undoing the change on what is
 * there now must give that digest again; then nothing but this plan has touched it.
 */
#include "apply_internal.h"

#include <stdarg.h>

struct str plan_value(struct str text)
{
	return str_is(text, "/") ? STR_NONE : text;
}

void task_note(struct apply_run *run, struct task *task, const char *format, ...)
{
	struct buf note = {.limit = 4096};
	char line[2048];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len < 0)
		return;
	buf_add(&note, task->result->text);
	if (note.len)
		buf_puts(&note, "; ");
	buf_puts(&note, line);
	task->result->text = arena_str(&run->result->arena, buf_str(&note));
	buf_release(&note);
}

/* --- sets --------------------------------------------------------------------------------- */

/* Those of `set` that are not in `without`. */
static struct set set_minus(struct arena *arena, struct set set, struct set without)
{
	struct set rest = {.count = 0};

	if (!without.count || !set.count)
		return set;
	rest.items = arena_array(arena, const struct sym *, set.count);
	for (uint32_t i = 0; i < set.count; i++) {
		if (!set_has(without, set.items[i]))
			rest.items[rest.count++] = set.items[i];
	}
	return rest;
}

static struct set set_plus(struct arena *arena, struct set set, struct set more)
{
	struct set both = {.count = 0};

	if (!more.count)
		return set;
	both.items = arena_array(arena, const struct sym *, (size_t)set.count + more.count);
	if (set.count)
		memcpy(both.items, set.items, set.count * sizeof(*set.items));
	memcpy(both.items + set.count, more.items, more.count * sizeof(*more.items));
	both.count = set_sort(both.items, set.count + more.count);
	return both;
}

static struct set address_set(struct apply_run *run, const struct strs *list,
			      struct arena *arena)
{
	struct set set = {.count = 0};

	if (!list->count)
		return set;
	set.items = arena_array(arena, const struct sym *, list->count);
	for (size_t i = 0; i < list->count; i++)
		set.items[set.count++] = sym_get(&run->names, list->items[i]);
	set.count = set_sort(set.items, set.count);
	return set;
}

static struct set removed_persons(struct apply_run *run, const struct task *task,
				  struct arena *arena)
{
	const struct plan_pairs *pairs = &task->change->delegates_remove;
	struct set set = {.count = 0};

	if (!pairs->count)
		return set;
	set.items = arena_array(arena, const struct sym *, pairs->count);
	for (size_t i = 0; i < pairs->count; i++)
		set.items[set.count++] = person_removed(run, pairs->items[i].address);
	set.count = set_sort(set.items, set.count);
	return set;
}

/* Whoever cannot be a delegate now is left out, unless `anyway`. */
static struct set added_persons(struct apply_run *run, const struct task *task, bool anyway,
				struct arena *arena)
{
	const struct plan_pairs *pairs = &task->change->delegates_add;
	struct set set = {.count = 0};

	if (!pairs->count)
		return set;
	set.items = arena_array(arena, const struct sym *, pairs->count);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct sym *person = person_added(run, &pairs->items[i]);
		const struct account *account = person ? person_now(run, person) : NULL;

		if (account && (anyway || (account->kind == KIND_USER && account->active)))
			set.items[set.count++] = person;
	}
	set.count = set_sort(set.items, set.count);
	return set;
}

/* The address that a rename leaves; empty when the account keeps its address. */
static struct set old_address(const struct task *task, struct arena *arena)
{
	struct set set = {.count = 0};

	if (!task->address || task->goal == task->address)
		return set;
	set.items = arena_array(arena, const struct sym *, 1);
	set.items[set.count++] = task->address;
	return set;
}

static bool gives_old_address_away(struct apply_run *run, const struct task *task)
{
	const struct task *to = task_of(run, &run->by_claim, task->address);

	return to && to != task && task->goal != task->address;
}

bool task_left_behind(struct apply_run *run, const struct task *task)
{
	return task->there && task->now.address == task->goal &&
	       gives_old_address_away(run, task) && set_has(task->now.aliases, task->address);
}

/* --- applying and undoing ----------------------------------------------------------------- */

static const struct sym *value_sym(struct apply_run *run, struct str text)
{
	text = plan_value(text);
	return text.len ? sym_get(&run->names, text) : NULL;
}

static void set_scalars(struct apply_run *run, const struct task *task, struct account *account)
{
	const struct plan_change *change = task->change;

	account->address = task->goal;
	if (change->name.set)
		account->name = value_sym(run, change->name.to);
	if (change->mobile.set)
		account->mobile = value_sym(run, change->mobile.to);
	if (change->unit.set)
		account->unit = value_sym(run, change->unit.to);
	if (change->action == ACTION_REACTIVATE || change->action == ACTION_CREATE)
		account->active = true;
}

/* In the request that renames, so that the address before is never nobody's in between. */
static void leave_address(struct apply_run *run, const struct task *task,
			  struct account *account, struct arena *arena)
{
	const struct set old = old_address(task, arena);

	if (old.count == 0)
		return;
	if (gives_old_address_away(run, task))
		account->aliases = set_minus(arena, account->aliases, old);
	else if (strs_has(&task->change->aliases_add, sym_str(task->address)) &&
		 !task_refused(task, task->address))
		account->aliases = set_plus(arena, account->aliases, old);
}

static void give(struct apply_run *run, const struct task *task, struct account *account,
		 struct set *persons, struct arena *arena)
{
	struct set aliases = address_set(run, &task->change->aliases_add, arena);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < aliases.count; i++) {
		if (!task_refused(task, aliases.items[i]))
			aliases.items[kept++] = aliases.items[i];
	}
	aliases.count = kept;
	account->aliases = set_plus(arena, account->aliases, aliases);
	*persons = set_plus(arena, *persons, added_persons(run, task, false, arena));
}

static void apply_parts(struct apply_run *run, const struct task *task, unsigned parts,
			struct account *account, struct set *persons, struct arena *arena)
{
	if (parts & PART_TAKE) {
		account->aliases =
			set_minus(arena, account->aliases,
				  address_set(run, &task->change->aliases_remove, arena));
		*persons = set_minus(arena, *persons, removed_persons(run, task, arena));
	}
	if (parts & PART_SET) {
		set_scalars(run, task, account);
		leave_address(run, task, account, arena);
	}
	if (parts & PART_ADD)
		give(run, task, account, persons, arena);
}

void change_apply(struct apply_run *run, struct task *task, struct account *account,
		  struct set *persons, struct arena *arena)
{
	apply_parts(run, task, PART_TAKE | PART_SET | PART_ADD, account, persons, arena);
	if (task->change->action == ACTION_SUSPEND) {
		account->active = false;
		if (account->kind == KIND_FUNCTIONAL)
			persons->count = 0;
	}
}

/* Those of them whom this plan reactivates. */
static struct set returning(struct apply_run *run, struct set persons, struct arena *arena)
{
	struct set set = {.count = 0};

	if (persons.count)
		set.items = arena_array(arena, const struct sym *, persons.count);
	for (uint32_t i = 0; i < persons.count; i++) {
		const struct task *task = task_of(run, &run->by_id, persons.items[i]);

		if (task && task->change->action == ACTION_REACTIVATE)
			set.items[set.count++] = persons.items[i];
	}
	return set;
}

static bool is_expected(struct apply_run *run, const struct task *task, struct account account,
			struct set persons, struct arena *arena)
{
	char digest[SHA256_TEXT_SIZE];

	account.delegates = persons_addresses(run, persons, arena);
	expect_of(&run->world, &account, task->change, digest);
	return str_is(task->change->expect, digest);
}

/* Whether undoing the change gives what the plan was made from. */
static bool clean(struct apply_run *run, struct task *task)
{
	const struct plan_change *change = task->change;
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct account before = task->now;
	struct set added, persons, back, gone;

	if (change->action == ACTION_CREATE)
		return true;
	before.address = task->address;
	if (change->name.set)
		before.name = value_sym(run, change->name.from);
	if (change->mobile.set)
		before.mobile = value_sym(run, change->mobile.from);
	if (change->unit.set)
		before.unit = value_sym(run, change->unit.from);
	before.aliases = set_minus(&arena, before.aliases,
				   address_set(run, &change->aliases_add, &arena));
	before.aliases = set_minus(&arena, before.aliases, old_address(task, &arena));
	before.aliases = set_plus(&arena, before.aliases,
				  address_set(run, &change->aliases_remove, &arena));
	if (change->action == ACTION_SUSPEND)
		before.active = true;
	if (change->action == ACTION_REACTIVATE)
		before.active = false;
	added = added_persons(run, task, true, &arena);
	persons = set_plus(&arena, set_minus(&arena, task->persons, added),
			   removed_persons(run, task, &arena));
	if (is_expected(run, task, before, persons, &arena))
		return true;
	/* Who comes back may have been listed all the time; and some services drop him meanwhile. */
	back = returning(run, added, &arena);
	gone = set_minus(&arena, back, task->persons);
	return back.count > 0 &&
	       (is_expected(run, task, before,
			    set_plus(&arena, persons, set_minus(&arena, back, gone)), &arena) ||
		is_expected(run, task, before, set_plus(&arena, persons, back), &arena));
}

/* --- standing ----------------------------------------------------------------------------- */

static bool is_value(const struct sym *sym, struct str text)
{
	return str_eq(sym_str(sym), plan_value(text));
}

/* Every scalar of the change has the new value; with `or_old` the old one will do too. */
static bool scalars_at(const struct task *task, bool or_old)
{
	const struct plan_change *change = task->change;
	const struct {
		const struct plan_scalar *scalar;
		const struct sym *now;
	} scalars[] = {
		{&change->name, task->now.name},
		{&change->mobile, task->now.mobile},
		{&change->unit, task->now.unit},
	};

	if (task->now.address != task->goal && !(or_old && task->now.address == task->address))
		return false;
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		const struct plan_scalar *scalar = scalars[i].scalar;

		if (scalar->set && !is_value(scalars[i].now, scalar->to) &&
		    !(or_old && is_value(scalars[i].now, scalar->from)))
			return false;
	}
	return true;
}

/* Everything the plan wants is there. */
static bool at_goal(struct apply_run *run, struct task *task)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct plan_change *change = task->change;
	struct account wanted = task->now;
	struct set persons = task->persons;

	if (change->action == ACTION_SUSPEND)
		return task->now.kind == KIND_USER ? !task->now.active : !task->persons.count;
	if (change->action == ACTION_REACTIVATE && !task->now.active)
		return false;
	apply_parts(run, task, PART_TAKE | PART_ADD, &wanted, &persons, &arena);
	/* A delegate that cannot be added now is not there either. */
	if (added_persons(run, task, false, &arena).count != change->delegates_add.count)
		return false;
	return scalars_at(task, false) && !task_left_behind(run, task) &&
	       set_equal(wanted.aliases, task->now.aliases) &&
	       set_equal(persons, task->persons);
}

/* A create that was cut off: everything is as wanted or still empty. */
static bool half_made(struct apply_run *run, struct task *task)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct plan_change *change = task->change;
	struct set aliases = address_set(run, &change->aliases_add, &arena);
	struct set persons = added_persons(run, task, true, &arena);

	return scalars_at(task, true) &&
	       set_minus(&arena, task->now.aliases, aliases).count == 0 &&
	       set_minus(&arena, task->persons, persons).count == 0;
}

static enum standing stand_created(struct apply_run *run, struct task *task)
{
	if (!task->there)
		return task->id && task->touched ? STANDS_GONE : STANDS_UNTOUCHED;
	/* Somebody else made it, unless a create of ours went out: here, or before a crash. */
	if ((!task->intended && !task->touched) || task->now.kind != task->change->kind)
		return STANDS_OTHER;
	if (!half_made(run, task) || (task->now.kind == KIND_USER && !task->now.active))
		return STANDS_OTHER;
	return at_goal(run, task) ? STANDS_DONE : STANDS_HALF;
}

enum standing task_stand(struct apply_run *run, struct task *task)
{
	const struct plan_change *change = task->change;
	char digest[SHA256_TEXT_SIZE];

	task->clean = true;
	if (change->action == ACTION_CREATE)
		return stand_created(run, task);
	if (!task->there)
		return change->action == ACTION_DELETE ? STANDS_DONE : STANDS_GONE;
	if (task->now.kind != change->kind)
		return STANDS_OTHER;
	expect_of(&run->world, &task->now, change, digest);
	if (str_is(change->expect, digest))
		return task->now.address == task->address ? STANDS_UNTOUCHED : STANDS_OTHER;
	if (change->action == ACTION_DELETE)
		return STANDS_OTHER;
	task->clean = clean(run, task);
	if (at_goal(run, task))
		return STANDS_DONE;
	return task->clean && scalars_at(task, true) ? STANDS_HALF : STANDS_OTHER;
}

/* --- requests ----------------------------------------------------------------------------- */

/* The attributes in which two accounts differ, of those that requests set. */
static unsigned differing(const struct account *a, struct set a_persons,
			  const struct account *b, struct set b_persons)
{
	unsigned set = 0;

	if (a->address != b->address)
		set |= ATTR_ADDRESS;
	if (a->name != b->name)
		set |= ATTR_NAME;
	if (a->mobile != b->mobile)
		set |= ATTR_MOBILE;
	if (a->unit != b->unit)
		set |= ATTR_UNIT;
	if (a->active != b->active)
		set |= ATTR_ACTIVE;
	if (!set_equal(a->aliases, b->aliases))
		set |= ATTR_ALIASES;
	if (!set_equal(a_persons, b_persons))
		set |= ATTR_DELEGATES;
	return set;
}

bool step_wanted(struct apply_run *run, struct task *task, const struct step *step,
		 struct arena *arena, struct flight *flight)
{
	static const struct account nothing = {.active = true};
	/* What is left of a create that an earlier process sent is an update. */
	const bool create = step->kind == STEP_CREATE && !(task->there && task->id);
	const struct account *now = create ? &nothing : &task->now;
	const struct set persons = create ? (struct set){.count = 0} : task->persons;
	struct account *wanted = &flight->wanted;

	*wanted = *now;
	wanted->kind = (uint8_t)task->change->kind;
	wanted->id = task->id;
	flight->persons = persons;
	if (step->kind != STEP_SUSPEND && step->kind != STEP_DELETE)
		apply_parts(run, task, step->parts, wanted, &flight->persons, arena);
	wanted->delegates = persons_addresses(run, flight->persons, arena);
	flight->set = differing(now, persons, wanted, flight->persons);
	if (task->key.ptr && (step->kind == STEP_SUSPEND || step->parts & PART_SET))
		flight->set |= ATTR_KEY;
	/* A functional account is active through its delegates. */
	if (wanted->kind == KIND_FUNCTIONAL)
		flight->set &= ~(unsigned)ATTR_ACTIVE;
	wanted->has = (uint8_t)flight->set;
	switch (step->kind) {
	case STEP_SUSPEND:
		flight->op = REQUEST_SUSPEND;
		return wanted->kind == KIND_USER ? now->active : persons.count > 0;
	case STEP_DELETE:
		flight->op = REQUEST_DELETE;
		return task->there;
	case STEP_CREATE:
	case STEP_TAKE:
	case STEP_COMPLETE:
	case STEP_UPDATE:
		break;
	}
	flight->op = create ? REQUEST_CREATE : REQUEST_UPDATE;
	return flight->set != 0;
}
