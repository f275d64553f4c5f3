/*
 * Accounts that nothing was done to, and that still read differently after a run: the delegates of
 * theirs who were renamed, suspended, deleted or brought back by it. The record says who can read
 * what, under the address that they have.
 */
#include "apply_record.h"

void followed_put(struct followed *followed, const struct sym *address, const struct sym *to)
{
	*vec_push(&followed->to) = to;
	sym_table_put(&followed->at, address, (uint32_t)followed->to.count);
	followed->any = true;
}

void followed_release(struct followed *followed)
{
	free(followed->to.items);
	sym_table_release(&followed->at);
}

/* The functional account that nobody reads is suspended. */
static void set_delegates(struct recorded_account *account, struct delegate *items,
			  uint32_t count)
{
	account->account.delegates = (struct delegates){items, delegates_sort(items, count)};
	if (account->account.kind == KIND_FUNCTIONAL)
		account->account.active = count > 0;
}

static bool follow(struct apply_run *run, const struct followed *followed,
		   struct recorded_account *account)
{
	const struct delegates delegates = account->account.delegates;
	struct delegate *items;
	uint32_t count = 0;
	bool touched = false;

	for (uint32_t i = 0; i < delegates.count && !touched; i++)
		touched = sym_table_get(&followed->at, delegates.items[i].address) != 0;
	if (!touched)
		return false;
	items = arena_array(&run->arena, struct delegate, delegates.count);
	for (uint32_t i = 0; i < delegates.count; i++) {
		uint32_t at = sym_table_get(&followed->at, delegates.items[i].address);

		if (at && !followed->to.items[at - 1])
			continue;
		items[count] = delegates.items[i];
		if (at)
			items[count].address = followed->to.items[at - 1];
		count++;
	}
	set_delegates(account, items, count);
	return true;
}

void record_followers(struct record *record, const struct followed *followed)
{
	struct apply_run *run = record->run;

	for (size_t i = 0; followed->any && i < run->recorded.count; i++) {
		struct recorded_account copy = run->recorded.items[i];

		if (!record->replaced[i] && copy.account.id && follow(run, followed, &copy))
			*record_changed(record, copy.account.id) = copy;
	}
}

/* --- what the plan did to delegates ---------------------------------------------------------------- */

/* NULL: it was not done. */
static bool has_come_true(const struct task *task)
{
	if (task->result->outcome != CHANGE_PARTLY)
		return task_done(task);
	/* The target knows how far it went. */
	return task->there && task->now.address == task->goal &&
	       (task->now.active || task->change->action != ACTION_REACTIVATE);
}

static void follow_task(struct followed *followed, const struct task *task)
{
	switch (task->change->action) {
	case ACTION_DELETE:
	case ACTION_SUSPEND:
		followed_put(followed, task->address, NULL);
		break;
	case ACTION_REACTIVATE:
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_UPDATE:
		if (task->goal != task->address)
			followed_put(followed, task->address, task->goal);
		break;
	case ACTION_CREATE:
		break;
	}
}

/* Whether the plan says that he reads it again; what it does not say is found by the next look. */
static bool is_reviewed(struct apply_run *run, const struct account *account,
			const struct task *task)
{
	const struct task *entry = task_of(run, &run->by_id, account->id);
	const struct sym *address = entry && entry->address ? entry->address : account->address;

	return strs_has_sorted(&task->change->reads, sym_str(address));
}

/* Who comes back reads again what the target still lists him for. */
static void give_back(struct record *record, const struct account *account,
		      const struct task *task)
{
	struct apply_run *run = record->run;
	struct recorded_account *recorded;
	struct delegates old;
	struct delegate *items;

	if (sym_table_get(&record->set, account->id) || !record_before(record, account->id) ||
	    !is_reviewed(run, account, task))
		return;
	recorded = record_changed(record, account->id);
	old = recorded->account.delegates;
	if (delegates_find(old, task->goal))
		return;
	items = arena_array(&run->arena, struct delegate, old.count + 1);
	if (old.count)
		memcpy(items, old.items, old.count * sizeof(*items));
	items[old.count].address = task->goal;
	set_delegates(recorded, items, old.count + 1);
}

static void follow_returns(struct record *record, const struct sym_table *returned)
{
	struct apply_run *run = record->run;

	for (size_t i = 0; i < run->current.count; i++) {
		const struct account *account = &run->current.items[i];

		for (uint32_t d = 0; d < account->delegates.count; d++) {
			const struct sym *address = account->delegates.items[d].address;
			const struct account *user = accounts_owner(&run->index, address);
			uint32_t at = user && user->address == address
					      ? sym_table_get(returned, user->id)
					      : 0;

			if (at && account->id)
				give_back(record, account, &run->tasks[at - 1]);
		}
	}
}

void record_delegates(struct record *record)
{
	struct apply_run *run = record->run;
	struct followed followed = {.any = false};
	struct sym_table returned = {NULL, 0};
	bool any = false;

	for (size_t i = 0; i < run->plan->changes.count; i++) {
		const struct task *task = &run->tasks[i];

		if (task->change->kind != KIND_USER || !has_come_true(task))
			continue;
		follow_task(&followed, task);
		if (task->change->action != ACTION_REACTIVATE)
			continue;
		sym_table_put(&returned, task->id, (uint32_t)i + 1);
		any = true;
	}
	record_followers(record, &followed);
	if (any)
		follow_returns(record, &returned);
	followed_release(&followed);
	sym_table_release(&returned);
}
