/*
 * The whole record to be: what was gathered, put in the place of what was recorded before.
 */
#include "apply_record.h"

/* --- gathering ---------------------------------------------------------------------------------- */

void record_init(struct record *record, struct apply_run *run)
{
	*record = (struct record){.run = run,
				  .today = date_of(run->result->started),
				  .run_id = sym_get(&run->names, run->plan->id)};
	record->replaced = mem_calloc(run->recorded.count + 1, 1);
}

void record_release(struct record *record)
{
	free(record->changed.items);
	free(record->replaced);
	sym_table_release(&record->changed_at);
}

const struct recorded_account *record_before(const struct record *record, const struct sym *id)
{
	uint32_t at = sym_table_get(&record->run->recorded_at, id);

	return at ? &record->run->recorded.items[at - 1] : NULL;
}

struct recorded_account *record_changed(struct record *record, const struct sym *id)
{
	uint32_t at = sym_table_get(&record->changed_at, id);
	const struct recorded_account *old = record_before(record, id);
	struct recorded_account *account;

	if (at)
		return &record->changed.items[at - 1];
	account = vec_push(&record->changed);
	sym_table_put(&record->changed_at, id, (uint32_t)record->changed.count);
	if (old) {
		*account = *old;
		record->replaced[old - record->run->recorded.items] = 1;
	} else {
		account->account.id = id;
		account->desired_since = DATE_NONE;
		account->suspended_since = DATE_NONE;
	}
	return account;
}

void record_gone(struct record *record, const struct sym *id)
{
	uint32_t at = sym_table_get(&record->run->recorded_at, id);

	if (at)
		record->replaced[at - 1] = 1;
}

/* --- everybody else ----------------------------------------------------------------------------- */

/* Accounts outside the plan that name a user who was renamed or deleted by it. */
static bool follow(struct apply_run *run, const struct sym_table *left,
		   struct recorded_account *account)
{
	struct delegates *delegates = &account->account.delegates;
	struct delegate *items;
	uint32_t count = 0;
	bool touched = false;

	for (uint32_t i = 0; i < delegates->count && !touched; i++)
		touched = sym_table_get(left, delegates->items[i].address) != 0;
	if (!touched)
		return false;
	items = arena_array(&run->arena, struct delegate, delegates->count);
	for (uint32_t i = 0; i < delegates->count; i++) {
		uint32_t at = sym_table_get(left, delegates->items[i].address);

		if (at && run->tasks[at - 1].change->action == ACTION_DELETE)
			continue;
		items[count] = delegates->items[i];
		if (at)
			items[count].address = run->tasks[at - 1].goal;
		count++;
	}
	*delegates = (struct delegates){items, delegates_sort(items, count)};
	return true;
}

static bool has_left(const struct task *task)
{
	if (task->change->kind != KIND_USER || !task->address)
		return false;
	switch (task->result->outcome) {
	case CHANGE_DONE:
	case CHANGE_ALREADY:
		return task->change->action == ACTION_DELETE || task->goal != task->address;
	case CHANGE_PARTLY:
		return task->there && task->goal != task->address &&
		       task->now.address == task->goal;
	case CHANGE_OPEN:
	case CHANGE_STALE:
	case CHANGE_DEPENDS:
	case CHANGE_REFUSED:
	case CHANGE_FAILED:
		break;
	}
	return false;
}

static void record_followers(struct record *record)
{
	struct apply_run *run = record->run;
	struct sym_table left = {NULL, 0};
	bool any = false;

	for (size_t i = 0; i < run->plan->changes.count; i++) {
		if (!has_left(&run->tasks[i]))
			continue;
		sym_table_put(&left, run->tasks[i].address, (uint32_t)i + 1);
		any = true;
	}
	for (size_t i = 0; any && i < run->recorded.count; i++) {
		struct recorded_account copy = run->recorded.items[i];

		if (!record->replaced[i] && copy.account.id && follow(run, &left, &copy))
			*record_changed(record, copy.account.id) = copy;
	}
	sym_table_release(&left);
}

/* --- the whole record --------------------------------------------------------------------------- */

static int changed_cmp(const void *a, const void *b)
{
	const struct recorded_account *x = a, *y = b;

	return account_cmp(&x->account, &y->account);
}

/* Old and changed accounts as one sorted list, what is written, and the paths that go. */
static void merge(struct record *record, struct record_change *out)
{
	struct recorded *old = &record->run->recorded;
	struct recorded_account *fresh = record->changed.items;
	size_t fresh_count = record->changed.count, a = 0, b = 0;
	struct recorded_account *items =
		mem_alloc((old->count + fresh_count + 1) * sizeof(*items));

	*out = (struct record_change){.after = *old};
	out->after.items = items;
	out->after.count = 0;
	out->after.capacity = old->count + fresh_count + 1;
	out->write = mem_alloc((fresh_count + 1) * sizeof(const struct recorded_account *));
	out->remove = mem_alloc((old->count + 1) * sizeof(const struct account *));
	if (fresh_count)
		qsort(fresh, fresh_count, sizeof(*fresh), changed_cmp);
	while (a < old->count || b < fresh_count) {
		if (a < old->count && record->replaced[a]) {
			out->remove[out->remove_count++] = &old->items[a++].account;
			continue;
		}
		if (b == fresh_count ||
		    (a < old->count && changed_cmp(&old->items[a], &fresh[b]) <= 0)) {
			items[out->after.count++] = old->items[a++];
			continue;
		}
		out->write[out->write_count++] = &items[out->after.count];
		items[out->after.count++] = fresh[b++];
	}
}

void record_observed(struct apply_run *run, const struct drifts *drifts,
		     struct record_change *out)
{
	struct record record;

	record_init(&record, run);
	for (size_t i = 0; i < drifts->count; i++) {
		const struct drift *drift = &drifts->items[i];
		struct recorded_account *account;
		struct delegates old;

		if (drift->kind == DRIFT_GONE) {
			record_gone(&record, drift->recorded->account.id);
			continue;
		}
		if (!drift->current->id)
			continue;
		account = record_changed(&record, drift->current->id);
		old = account->account.delegates;
		account->account = *drift->current;
		/* Active again or suspended by somebody else: no run's doing any more. */
		if (account->account.active) {
			account->suspended_since = DATE_NONE;
			account->suspended_by = NULL;
		}
		if (drift->kind == DRIFT_CHANGED && old.count) {
			struct delegates *now = &account->account.delegates;
			struct delegate *items = arena_array(&run->arena, struct delegate,
							     now->count);

			for (uint32_t d = 0; d < now->count; d++) {
				items[d].address = now->items[d].address;
				items[d].why = record_why(run, NULL, &old, items[d].address);
			}
			now->items = items;
		}
	}
	merge(&record, out);
	record_release(&record);
}

static void record_sources(struct apply_run *run, struct recorded *after)
{
	const struct plan *plan = run->plan;

	if (!plan->sources.count)
		return;
	after->sources = arena_array(&run->arena, struct recorded_source, plan->sources.count);
	after->source_count = 0;
	for (size_t i = 0; i < plan->sources.count; i++) {
		const struct plan_source *source = &plan->sources.items[i];

		after->sources[after->source_count++] = (struct recorded_source){
			.name = sym_get(&run->names, source->name),
			.users = source->users,
			.functional = source->functional,
			.delegations = source->delegations,
		};
	}
}

static int source_cmp(const void *a, const void *b)
{
	const struct recorded_source *x = a, *y = b;

	return sym_cmp(x->name, y->name);
}

void record_run(struct apply_run *run, struct record_change *out)
{
	struct record record;

	record_init(&record, run);
	record_entries(&record);
	record_followers(&record);
	merge(&record, out);
	record_sources(run, &out->after);
	if (out->after.source_count)
		qsort(out->after.sources, out->after.source_count, sizeof(*out->after.sources),
		      source_cmp);
	record_release(&record);
}

void record_change_release(struct record_change *change)
{
	free(change->after.items);
	free(change->write);
	free(change->remove);
	*change = (struct record_change){.write_count = 0};
}
