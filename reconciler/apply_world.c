/*
 * Who is who while a run goes on. Addresses change under way, ids do not: the delegates of the
 * plan's accounts are kept as target ids ("persons") and become addresses only when they are sent or
 * recorded.
 */
#include "apply_internal.h"

/* --- tables by symbol --------------------------------------------------------------------- */

void sym_table_put(struct sym_table *table, const struct sym *sym, uint32_t value)
{
	if (sym->number >= table->size) {
		uint32_t wanted = table->size ? table->size : 256;

		while (wanted <= sym->number)
			wanted *= 2;
		table->items = mem_realloc(table->items, wanted, sizeof(*table->items));
		memset(table->items + table->size, 0,
		       (wanted - table->size) * sizeof(*table->items));
		table->size = wanted;
	}
	table->items[sym->number] = value;
}

uint32_t sym_table_get(const struct sym_table *table, const struct sym *sym)
{
	return sym && sym->number < table->size ? table->items[sym->number] : 0;
}

void sym_table_release(struct sym_table *table)
{
	free(table->items);
	*table = (struct sym_table){NULL, 0};
}

/* --- tasks ------------------------------------------------------------------------------ */

static void prepare_task(struct apply_run *run, uint32_t i)
{
	struct task *task = &run->tasks[i];
	const struct plan_change *change = &run->plan->changes.items[i];
	const struct sym *address = sym_get(&run->names, change->address);

	task->change = change;
	task->result = &run->result->items[i];
	if (change->action == ACTION_CREATE) {
		task->goal = address;
	} else {
		task->id = sym_get(&run->names, change->id);
		task->address = address;
		task->goal = change->rename.set ? sym_get(&run->names, change->rename.to)
						: address;
		sym_table_put(&run->by_id, task->id, i + 1);
		sym_table_put(&run->by_address, address, i + 1);
	}
	if (change->rename.set)
		run->renames = true;
	if (change->action == ACTION_CREATE || change->rename.set) {
		sym_table_put(&run->by_goal, task->goal, i + 1);
		sym_table_put(&run->by_claim, task->goal, i + 1);
	}
	for (size_t a = 0; a < change->aliases_add.count; a++)
		sym_table_put(&run->by_claim,
			      sym_get(&run->names, change->aliases_add.items[a]), i + 1);
}

void tasks_prepare(struct apply_run *run)
{
	size_t count = run->plan->changes.count;
	int64_t started = run->result->started; /* of a run that goes on */

	run_result_release(run->result);
	run_result_init(run->result, count);
	run->result->started = started;
	run->result->host = os_host(&run->result->arena);
	run->result->user = os_user(&run->result->arena);
	run->tasks = mem_calloc(count + 1, sizeof(*run->tasks));
	for (size_t i = 0; i < count; i++)
		prepare_task(run, (uint32_t)i);
}

void tasks_release(struct apply_run *run)
{
	if (run->tasks) {
		for (size_t i = 0; i < run->plan->changes.count; i++)
			secret_release(&run->tasks[i].key);
	}
	free(run->tasks);
	run->tasks = NULL;
	sym_table_release(&run->by_address);
	sym_table_release(&run->by_goal);
	sym_table_release(&run->by_claim);
	sym_table_release(&run->by_id);
}

struct task *task_of(struct apply_run *run, const struct sym_table *table,
		     const struct sym *sym)
{
	uint32_t at = sym_table_get(table, sym);

	return at ? &run->tasks[at - 1] : NULL;
}

/* --- persons ------------------------------------------------------------------------------ */

const struct account *person_now(struct apply_run *run, const struct sym *person)
{
	struct task *task = task_of(run, &run->by_id, person);

	if (task)
		return task->there ? &task->now : NULL;
	return accounts_by_id(&run->index, person);
}

/* The task's id, when its account is a user that has this primary address at this moment. */
static const struct sym *task_at(const struct task *task, const struct sym *address)
{
	if (!task || !task->there || task->now.kind != KIND_USER ||
	    task->now.address != address)
		return NULL;
	return task->id;
}

const struct sym *person_at(struct apply_run *run, const struct sym *address)
{
	const struct sym *id = task_at(task_of(run, &run->by_goal, address), address);
	const struct account *owner;
	const struct task *task;

	if (!id)
		id = task_at(task_of(run, &run->by_address, address), address);
	if (id)
		return id;
	owner = accounts_owner(&run->index, address);
	if (!owner || !owner->id || owner->kind != KIND_USER || owner->address != address)
		return address;
	/* Where the plan's own accounts are the run knows better than the listing. */
	task = task_of(run, &run->by_id, owner->id);
	return !task || task_at(task, address) ? owner->id : address;
}

const struct sym *person_added(struct apply_run *run, const struct plan_pair *pair)
{
	const struct sym *address = sym_get(&run->names, pair->address);
	const struct task *task = task_of(run, &run->by_goal, address);
	const struct sym *person, *meant = NULL;

	if (task)
		return task->there ? task->id : NULL;
	task = task_of(run, &run->by_address, address);
	if (task)
		meant = task->id;
	else if (pair->id.len)
		meant = sym_get(&run->names, pair->id);
	person = person_at(run, address);
	return person == meant ? person : NULL;
}

const char *person_missing(struct apply_run *run, const struct plan_pair *pair)
{
	const struct sym *address = sym_get(&run->names, pair->address);
	const struct sym *person = person_added(run, pair);
	const struct account *account = person ? person_now(run, person) : NULL;

	if (account && account->kind == KIND_USER && account->active)
		return NULL;
	if (!person && !task_of(run, &run->by_goal, address) &&
	    person_at(run, address) != address)
		return "another account than the plan means has that address now";
	return "no active account of that address";
}

const struct sym *person_removed(struct apply_run *run, struct str text)
{
	const struct sym *address = sym_get(&run->names, text);
	struct task *task = task_of(run, &run->by_address, address);

	return task ? task->id : person_at(run, address);
}

bool task_reads(struct apply_run *run, const struct task *task, struct str text)
{
	const struct sym *address = sym_find(&run->names, text);
	const struct task *entry = address ? task_of(run, &run->by_address, address) : NULL;
	const struct account *account = address ? accounts_owner(&run->index, address) : NULL;

	if (entry)
		return entry->there && set_has(entry->persons, task->id);
	if (!account || account->address != address)
		return false;
	for (uint32_t i = 0; i < account->delegates.count; i++)
		if (person_at(run, account->delegates.items[i].address) == task->id)
			return true;
	return false;
}

static struct set persons_of(struct apply_run *run, const struct account *account,
			     struct arena *arena)
{
	struct set persons = {.count = 0};

	if (!account->delegates.count)
		return persons;
	persons.items = arena_array(arena, const struct sym *, account->delegates.count);
	for (uint32_t i = 0; i < account->delegates.count; i++)
		persons.items[persons.count++] = person_at(run,
							   account->delegates.items[i].address);
	persons.count = set_sort(persons.items, persons.count);
	return persons;
}

struct delegates persons_addresses(struct apply_run *run, struct set persons,
				   struct arena *arena)
{
	struct delegates delegates = {.count = 0};

	if (!persons.count)
		return delegates;
	delegates.items = arena_array(arena, struct delegate, persons.count);
	for (uint32_t i = 0; i < persons.count; i++) {
		const struct account *account = person_now(run, persons.items[i]);

		delegates.items[delegates.count++].address = account ? account->address
								     : persons.items[i];
	}
	delegates.count = delegates_sort(delegates.items, delegates.count);
	return delegates;
}

/* --- listings and answers ----------------------------------------------------------------- */

/* The account of a create that an earlier process sent, or somebody else made. */
static const struct account *created(struct apply_run *run, const struct task *task)
{
	const struct account *owner = accounts_owner(&run->index, task->goal);

	if (!owner || owner->kind != task->change->kind || owner->address != task->goal ||
	    !owner->id)
		return NULL;
	/* It is the account of another task that has not let go of the address yet. */
	struct task *other = task_of(run, &run->by_id, owner->id);

	return !other || other == task ? owner : NULL;
}

void tasks_take(struct apply_run *run)
{
	size_t count = run->plan->changes.count;

	arena_reset(&run->look);
	for (size_t i = 0; i < count; i++) {
		struct task *task = &run->tasks[i];
		const struct account *account;

		/* What the target answered is what this run has done. */
		if (task->decided && task->touched)
			continue;
		if (task->id)
			account = accounts_by_id(&run->index, task->id);
		else
			account = created(run, task);
		task->there = account != NULL;
		task->kept = false;
		task->persons = (struct set){.count = 0};
		if (!account)
			continue;
		task->now = *account;
		/* Before a create of ours was sent, whoever is there is somebody else. */
		if (!task->id && task->intended) {
			task->id = account->id;
			sym_table_put(&run->by_id, task->id, (uint32_t)i + 1);
		}
	}
	/* When everybody's address is known. */
	for (size_t i = 0; i < count; i++) {
		struct task *task = &run->tasks[i];

		if (task->there && !(task->decided && task->touched))
			task->persons = persons_of(run, &task->now, &run->look);
	}
}

void task_answered(struct apply_run *run, struct task *task, const struct account *answer)
{
	size_t size = answer->aliases.count * sizeof(*answer->aliases.items);

	task->now = *answer;
	task->there = true;
	if (answer->aliases.count) {
		task->now.aliases.items = arena_alloc(&run->arena, size);
		memcpy(task->now.aliases.items, answer->aliases.items, size);
	}
	if (!task->id && answer->id) {
		task->id = answer->id;
		sym_table_put(&run->by_id, task->id, (uint32_t)(task - run->tasks) + 1);
	}
	task->persons = persons_of(run, answer, &run->arena);
	task->now.delegates = (struct delegates){.count = 0};
	task->kept = true;
}

void task_keep(struct apply_run *run, struct task *task)
{
	const struct account now = task->now;
	struct set persons = task->persons;

	task->touched = true;
	if (!task->there || task->kept)
		return;
	if (persons.count) {
		persons.items = arena_array(&run->arena, const struct sym *, persons.count);
		memcpy(persons.items, task->persons.items,
		       persons.count * sizeof(*persons.items));
	}
	task_answered(run, task, &now);
	task->persons = persons;
}
