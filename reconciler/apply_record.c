/*
 * Step 6: the recorded accounts after a run. What is recorded does not depend on how often the run
 * was cut off: either the account as the target answered or shows it, when nobody else has touched
 * it; or the account as it was recorded before, with the change carried out. What somebody else did
 * to it meanwhile shows at the next look as a difference, without approvals.
 */
#include "apply_record.h"

/* --- delegates and why ----------------------------------------------------------------------- */

/* Why he may read it: as this plan says, or as it was recorded, under his address then. */
const struct sym *record_why(struct apply_run *run, const struct task *task,
			     const struct delegates *old, const struct sym *address)
{
	const struct task *renamed = task_of(run, &run->by_goal, address);
	const struct delegate *known = delegates_find(*old, address);

	if (task) {
		const struct plan_pairs *pairs = &task->change->delegates_add;

		for (size_t i = 0; i < pairs->count; i++) {
			if (str_eq(pairs->items[i].address, sym_str(address)))
				return pairs->items[i].why.len
					       ? sym_get(&run->names, pairs->items[i].why)
					       : NULL;
		}
	}
	if (!known && renamed && renamed->address)
		known = delegates_find(*old, renamed->address);
	return known ? known->why : NULL;
}

/* Only who can read: a suspended user that some targets keep in their lists is not one. */
static struct delegates readers(struct apply_run *run, const struct task *task,
				struct set persons, const struct delegates *old)
{
	struct set active = {.count = 0};
	struct delegates delegates;

	active.items = arena_array(&run->arena, const struct sym *, persons.count);
	for (uint32_t i = 0; i < persons.count; i++) {
		const struct account *account = person_now(run, persons.items[i]);

		if (!account || account->active)
			active.items[active.count++] = persons.items[i];
	}
	delegates = persons_addresses(run, active, &run->arena);
	for (uint32_t i = 0; i < delegates.count; i++)
		delegates.items[i].why = record_why(run, task, old, delegates.items[i].address);
	return delegates;
}

/* --- what the plan brings --------------------------------------------------------------------- */

static void set_link(struct record *record, struct recorded_account *account, struct str source,
		     struct str digest)
{
	struct apply_run *run = record->run;
	const struct sym *name = sym_get(&run->names, source);
	struct recorded_link *links = arena_array(&run->arena, struct recorded_link,
						  account->link_count + 1);
	uint32_t count = 0, at = 0;

	while (at < account->link_count && sym_cmp(account->links[at].source, name) < 0)
		links[count++] = account->links[at++];
	links[count++] = (struct recorded_link){
		.source = name, .digest = digest.len ? sym_get(&run->names, digest) : NULL};
	if (at < account->link_count && account->links[at].source == name)
		at++;
	while (at < account->link_count)
		links[count++] = account->links[at++];
	account->links = links;
	account->link_count = count;
}

static bool has_listed(const struct recorded_account *account, struct str source)
{
	for (uint32_t i = 0; i < account->link_count; i++)
		if (str_eq(sym_str(account->links[i].source), source))
			return !account->links[i].digest;
	return false;
}

static void set_links(struct record *record, struct recorded_account *account,
		      const struct task *task)
{
	const struct plan_change *change = task->change;
	/* Who is suspended keeps what is known of him: he may come back. And what undoes a run
	 * knows nothing of what sources list by now. */
	const bool keeps = change->action == ACTION_SUSPEND ||
			   change->action == ACTION_DELETE ||
			   record->run->plan->options.undo.len > 0;

	if (!change->link_count)
		return;
	if (!keeps)
		account->link_count = 0;
	for (size_t i = 0; i < change->link_count; i++) {
		const struct plan_link *link = &change->links[i];

		if (!keeps || link->digest.len || !has_listed(account, link->source))
			set_link(record, account, link->source, link->digest);
	}
	if (keeps)
		return;
	/* Where the new address has not come about the sources list it so all the same. */
	if (account->account.address != task->goal)
		recorded_keep_listed(account, task->goal, &record->run->arena);
	if (account->desired_since == DATE_NONE)
		account->desired_since = record->today;
}

/* A functional account that an entry left without readers on its way: no one else has suspended it. */
static void set_emptied(struct record *record, struct recorded_account *account,
			const struct task *task)
{
	const struct recorded_account *before = record_before(record, account->account.id);

	if (!task->clean || account->account.kind != KIND_FUNCTIONAL ||
	    account->account.active || account->suspended_by || !before ||
	    !before->account.active)
		return;
	account->suspended_since = record->today;
	account->suspended_by = record->run_id;
}

static void set_refusals(struct record *record, struct recorded_account *account,
			 const struct task *task)
{
	struct apply_run *run = record->run;
	const struct strs *more = &task->result->refusals;
	struct set set = {.count = 0};

	if (!more->count && !account->refusals.count)
		return;
	set.items = arena_array(&run->arena, const struct sym *,
				account->refusals.count + more->count);
	for (uint32_t i = 0; i < account->refusals.count; i++) {
		struct str refusal = sym_str(account->refusals.items[i]);
		struct str alias = {refusal.ptr + 6, refusal.len - 6};
		const struct sym *sym = NULL;

		/* What the target takes now is not refused any more. */
		if (str_starts(refusal, "alias "))
			sym = sym_find(&run->names, alias);
		if (!sym || !set_has(account->account.aliases, sym))
			set.items[set.count++] = account->refusals.items[i];
	}
	for (size_t i = 0; i < more->count; i++)
		set.items[set.count++] = sym_get(&run->names, more->items[i]);
	set.count = set_sort(set.items, set.count);
	account->refusals = set;
}

static void set_fate(struct record *record, struct recorded_account *account,
		     const struct task *task)
{
	const struct plan_change *change = task->change;

	switch (change->action) {
	case ACTION_SUSPEND:
		/* When it was so already, somebody else has done it and may have had a reason. */
		if (task->result->outcome != CHANGE_ALREADY) {
			account->suspended_since = record->today;
			account->suspended_by = record->run_id;
		}
		break;
	case ACTION_REACTIVATE:
	case ACTION_CREATE:
		if (account->account.active) {
			account->suspended_since = DATE_NONE;
			account->suspended_by = NULL;
		} else if (change->action == ACTION_CREATE) {
			/* Its delegates are missing, and a later plan may give it some. */
			account->suspended_since = record->today;
			account->suspended_by = record->run_id;
		}
		break;
	case ACTION_DELETE:
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_UPDATE:
		break;
	}
	/* Of an update that failed halfway it is not known whether the key went with it. */
	if (change->key.len && (!task->failed || change->action == ACTION_CREATE))
		account->key = sym_get(&record->run->names, change->key);
}

/* --- the account itself ----------------------------------------------------------------------- */

static struct set recorded_persons(struct apply_run *run, const struct delegates *delegates)
{
	struct set persons = {.count = 0};

	persons.items = arena_array(&run->arena, const struct sym *, delegates->count);
	for (uint32_t i = 0; i < delegates->count; i++)
		persons.items[persons.count++] =
			person_removed(run, sym_str(delegates->items[i].address));
	persons.count = set_sort(persons.items, persons.count);
	return persons;
}

static bool as_it_is(const struct apply_run *run, const struct task *task)
{
	if (!task->there)
		return false;
	if (task->touched || run->result->closed)
		return true;
	/* What this run had done, and somebody has undone, is for the next look to see. */
	if (task->done_before && task->standing == STANDS_UNTOUCHED)
		return false;
	switch (task->standing) {
	case STANDS_UNTOUCHED:
	case STANDS_DONE:
	case STANDS_HALF:
		return task->clean;
	case STANDS_OTHER:
	case STANDS_GONE:
		break;
	}
	return false;
}

static void set_account(struct record *record, struct recorded_account *account,
			struct task *task)
{
	struct apply_run *run = record->run;
	const struct delegates old = account->account.delegates;
	const struct sym *address = account->account.address;
	struct set persons;

	if (as_it_is(run, task)) {
		account->account = task->now;
		persons = task->persons;
	} else {
		account->account.kind = (uint8_t)task->change->kind;
		persons = recorded_persons(run, &old);
		change_apply(run, task, &account->account, &persons, &run->arena);
	}
	sym_table_put(&record->set, task->id, 1);
	if (address && address != account->account.address)
		recorded_keep_listed(account, address, &run->arena);
	account->account.id = task->id;
	account->account.delegates = readers(run, task, persons, &old);
	if (account->account.kind == KIND_FUNCTIONAL)
		account->account.active = account->account.delegates.count > 0;
}

static void record_done(struct record *record, struct task *task)
{
	struct recorded_account *account;

	if (task->change->action == ACTION_DELETE) {
		record_gone(record, task->id);
		return;
	}
	/* A create whose id nobody knows any more: the next look finds it. */
	if (!task->id)
		return;
	/* Deleted halfway by somebody else: as far as it was recorded, the next look says so. */
	if (task->result->outcome == CHANGE_PARTLY && !task->there)
		return;
	account = record_changed(record, task->id);
	if (task->result->outcome != CHANGE_ALREADY || !account->account.address)
		set_account(record, account, task);
	set_links(record, account, task);
	set_fate(record, account, task);
	set_emptied(record, account, task);
	set_refusals(record, account, task);
}

/* An entry that was not done: only what is true of the account anyway. */
static void record_undone(struct record *record, struct task *task)
{
	struct apply_run *run = record->run;
	bool seen = run->result->closed && task->standing != STANDS_UNTOUCHED;

	if (seen && task->id && task->there) {
		struct recorded_account *account = record_changed(record, task->id);

		set_account(record, account, task);
		if (task->change->action == ACTION_CREATE) {
			set_links(record, account, task);
			set_fate(record, account, task);
		}
		set_emptied(record, account, task);
	} else if (seen && task->id && !task->there) {
		record_gone(record, task->id);
	}
}

/* What was refused for good is known, whatever else became of the entry. */
static void record_refusals(struct record *record)
{
	struct apply_run *run = record->run;

	for (size_t i = 0; i < run->plan->changes.count; i++) {
		const struct task *task = &run->tasks[i];

		if (task->id && task->result->refusals.count && record_before(record, task->id))
			set_refusals(record, record_changed(record, task->id), task);
	}
}

static void record_tasks(struct record *record)
{
	struct apply_run *run = record->run;

	for (size_t i = 0; i < run->plan->changes.count; i++) {
		struct task *task = &run->tasks[i];

		if (task_done(task))
			record_done(record, task);
		else
			record_undone(record, task);
	}
}

bool adoption_stands(struct apply_run *run, const struct plan_adopt *adopt)
{
	const struct sym *id = sym_get(&run->names, adopt->id);
	uint32_t at = sym_table_get(&run->recorded_at, id);
	const struct account *account = at ? &run->recorded.items[at - 1].account : NULL;

	/* A dry run has not recorded what it has seen. */
	if (run->input->mode == APPLY_DRY_RUN)
		account = accounts_by_id(&run->index, id);
	return account && account->kind == adopt->kind &&
	       str_eq(sym_str(account->address), adopt->address);
}

void adoptions_count(struct apply_run *run)
{
	struct strs *missing = &run->result->not_adopted;

	for (size_t i = 0; i < run->plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &run->plan->adopt.items[i];
		struct str account;

		if (adoption_stands(run, adopt)) {
			run->adopted++;
			continue;
		}
		account = arena_strf(&run->result->arena, "%s %.*s", kind_names[adopt->kind],
				     STR_FMT(adopt->address));
		/* Once, whoever lists it. */
		if (!missing->count || !str_eq(missing->items[missing->count - 1], account))
			*strs_push(&run->result->arena, missing) = account;
	}
}

static void record_adoptions(struct record *record)
{
	struct apply_run *run = record->run;

	for (size_t i = 0; i < run->plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &run->plan->adopt.items[i];
		const struct recorded_account *before;
		struct recorded_account *account;
		bool active;

		if (!adoption_stands(run, adopt))
			continue;
		account = record_changed(record, sym_get(&run->names, adopt->id));
		before = record_before(record, account->account.id);
		set_link(record, account, adopt->source, adopt->link);
		/* Of an account that stays suspended only the id is kept; not so where its last
		 * reader leaves with this run. */
		active = account->account.active || (before && before->account.active);
		if (active && account->desired_since == DATE_NONE)
			account->desired_since = record->today;
	}
}

void record_entries(struct record *record)
{
	record_tasks(record);
	record_delegates(record);
	record_adoptions(record);
	record_refusals(record);
}
