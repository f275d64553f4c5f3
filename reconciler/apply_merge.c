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
	sym_table_release(&record->set);
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
		/* Out of scope, it had another address before this one could be given away. */
		if (a < old->count && b < fresh_count &&
		    changed_cmp(&old->items[a], &fresh[b]) == 0) {
			a++;
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

/* Only who can read: what the target keeps of suspended users is nobody's access. */
static struct delegates readers(struct apply_run *run, const struct account *account,
				const struct delegates *old)
{
	struct delegates now = {.count = 0};

	now.items = arena_array(&run->arena, struct delegate, account->delegates.count);
	for (uint32_t i = 0; i < account->delegates.count; i++) {
		const struct sym *address = account->delegates.items[i].address;
		const struct account *user = accounts_owner(&run->index, address);

		if (user && user->address == address && !user->active)
			continue;
		now.items[now.count++] = (struct delegate){address,
							   record_why(run, NULL, old, address)};
	}
	return now;
}

void record_observed(struct apply_run *run, const struct drifts *drifts,
		     struct record_change *out)
{
	struct followed followed = {.any = false};
	struct record record;

	record_init(&record, run);
	for (size_t i = 0; i < drifts->count; i++) {
		const struct drift *drift = &drifts->items[i];
		struct recorded_account *account;
		const struct sym *address;
		struct delegates old;

		if (drift->kind == DRIFT_GONE) {
			record_gone(&record, drift->recorded->account.id);
			continue;
		}
		if (!drift->current->id)
			continue;
		account = record_changed(&record, drift->current->id);
		old = account->account.delegates;
		address = account->account.address;
		account->account = *drift->current;
		if (address && address != account->account.address)
			recorded_keep_listed(account, address, &run->arena);
		/* Active again or suspended by somebody else: no run's doing any more. */
		if (account->account.active) {
			account->suspended_since = DATE_NONE;
			account->suspended_by = NULL;
		}
		account->account.delegates = readers(run, drift->current, &old);
		if (account->account.kind == KIND_FUNCTIONAL)
			account->account.active = account->account.delegates.count > 0;
		if (drift->attributes & ATTR_ADDRESS && account->account.kind == KIND_USER)
			followed_put(&followed, drift->recorded->account.address,
				     drift->current->address);
	}
	record_followers(&record, &followed);
	followed_release(&followed);
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
