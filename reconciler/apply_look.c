/*
 * Step 2: the target anew. What of the plan still stands, decided once before the run begins, and
 * again for what is left whenever the target is listed once more.
 */
#include "apply_internal.h"

/* --- listing -------------------------------------------------------------------------------- */

static void forget_listing(struct apply_run *run)
{
	expect_release(&run->world);
	accounts_index_release(&run->index);
	if (!run->first.items) {
		run->first = run->current;
		run->current = (struct accounts)ACCOUNTS_INIT;
	} else {
		accounts_release(&run->current);
	}
}

static void see_through_plan(struct apply_run *run)
{
	const size_t count = run->plan->changes.count;
	autofree const struct sym **created = mem_calloc(count + 1, sizeof(*created));

	for (size_t i = 0; i < count; i++)
		if (run->tasks[i].change->action == ACTION_CREATE)
			created[i] = run->tasks[i].id;
	expect_init(&run->world, &run->index, &run->names, run->plan, created);
}

static void announce_changes(struct apply_run *run)
{
	for (size_t i = 0; i < run->plan->changes.count; i++)
		if (run->tasks[i].id && !run->tasks[i].decided)
			target_will_change(run->target, run->tasks[i].id);
}

int look_now(struct apply_run *run, struct err *err)
{
	struct accounts fresh = ACCOUNTS_INIT;
	uint64_t at;

	announce_changes(run);
	if (run->target->ops->list(run->target, &run->names, &fresh, err) < 0) {
		accounts_release(&fresh);
		return -1;
	}
	target_apply_scope(run->config, &fresh);
	if (run->looked_at)
		forget_listing(run);
	run->current = fresh;
	/* From its end, or one that takes long would be repeated for ever. Of what it sends back whole
	 * the target itself knows how old it is. */
	at = os_monotonic_ms();
	run->looked_at = at ? at : 1;
	accounts_index_init(&run->index, &run->current, &run->names);
	tasks_take(run);
	see_through_plan(run);
	return 0;
}

/* --- limits --------------------------------------------------------------------------------- */

/* How many accounts each source had at the last run is the record's to say, not the plan's. */
static void recorded_sources(const struct apply_run *run, struct plan *copy)
{
	for (size_t i = 0; i < copy->sources.count; i++) {
		struct plan_source *source = &copy->sources.items[i];

		source->known = false;
		for (size_t r = 0; r < run->recorded.source_count; r++) {
			const struct recorded_source *recorded = &run->recorded.sources[r];

			if (!str_eq(sym_str(recorded->name), source->name))
				continue;
			source->known = true;
			source->before = recorded->users + recorded->functional;
			source->before_delegations = recorded->delegations;
		}
	}
}

int look_limits(struct apply_run *run, struct err *err)
{
	const struct guard_facts facts = guard_measure(run->config, &run->current, NULL,
						       &run->recorded);
	const struct plan *plan = run->plan;
	struct plan copy = *plan;
	size_t size = plan->sources.count * sizeof(*plan->sources.items);
	int failed = 0;

	copy.arena = (struct arena)ARENA_INIT;
	memset(&copy.limits, 0, sizeof(copy.limits));
	memset(&copy.refused, 0, sizeof(copy.refused));
	copy.sources.items = mem_alloc(size + 1);
	if (size)
		memcpy(copy.sources.items, plan->sources.items, size);
	recorded_sources(run, &copy);
	guard_limits(run->config, &facts, &copy);
	if (copy.refused.count)
		failed = plan_refused(
			&copy, "a limit refuses the plan, counted anew; plan again", err);
	free(copy.sources.items);
	free(copy.limits.items);
	arena_release(&copy.arena);
	return failed;
}

/* --- observed ------------------------------------------------------------------------------- */

int look_observe(struct apply_run *run, struct err *err)
{
	struct drifts drifts;
	int failed = 0;

	drift_find(&run->current, &run->recorded, &drifts);
	if (drifts.count)
		failed = commit_observed(run, &drifts, err);
	drifts_release(&drifts);
	return failed;
}

/* --- what still stands ---------------------------------------------------------------------- */

static const struct recorded_account *recorded_by_id(const struct apply_run *run,
						     const struct sym *id)
{
	uint32_t at = sym_table_get(&run->recorded_at, id);

	return at ? &run->recorded.items[at - 1] : NULL;
}

static void add_difference(struct buf *out, const char *what, bool differs)
{
	if (differs)
		buf_addf(out, "%s%s", out->len ? ", " : "", what);
}

/*
 * The account as it was recorded when the plan was made; what has been observed since is what this
 * is to be compared with.
 */
static bool recorded_at_base(struct apply_run *run, const struct task *task,
			     struct recorded_account *out)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	const struct account key = {.kind = (uint8_t)task->change->kind,
				    .address = task->address};
	struct err ignored = ERR_INIT;
	struct str base = arena_str(&run->look, run->plan->base);
	bool found;

	if (!base.len)
		return false;
	recorded_path(&key, &path);
	return state_file(run->state, base.ptr, path.ptr, &bytes, &found, &ignored) == 0 &&
	       found &&
	       recorded_parse(buf_str(&bytes), path.ptr, &run->names, &run->look, out,
			      &ignored) == 0;
}

/* What somebody did to the account, as far as the record can tell. */
static void stale(struct apply_run *run, struct task *task)
{
	struct recorded_account recorded;
	struct buf what = BUF_INIT;

	task_decide(run, task, task->touched ? CHANGE_PARTLY : CHANGE_STALE);
	if (task->change->action == ACTION_CREATE) {
		/* Somebody else's: nobody must be given access in his place. */
		if (task->id && !task->touched) {
			sym_table_put(&run->by_id, task->id, 0);
			task->id = NULL;
		}
		task_note(run, task,
			  !task->touched ? "an account with this address is there now"
			  : task->there
				  ? "somebody changed the account after this run made it"
				  : "somebody deleted the account after this run made it");
	} else if (!task->there) {
		task_note(run, task, "the account is not in the target any more");
	} else if (expect_unreviewed(&run->world, task->change)) {
		const struct account *more = expect_unreviewed(&run->world, task->change);

		task_note(run, task,
			  "%s lists it as a delegate, and it would read that again without the "
			  "plan saying so",
			  more->address->text);
	} else {
		if (recorded_at_base(run, task, &recorded)) {
			const struct account *was = &recorded.account, *is = &task->now;

			add_difference(&what, "address", was->address != is->address);
			add_difference(&what, "name", was->name != is->name);
			add_difference(&what, "mobile", was->mobile != is->mobile);
			add_difference(&what, "unit", was->unit != is->unit);
			add_difference(&what, "aliases", !set_equal(was->aliases, is->aliases));
			add_difference(&what, is->active ? "active again" : "suspended",
				       was->active != is->active);
		}
		task_note(run, task, "it was changed after the plan was made%s%s%s",
			  what.len ? " (" : "", what.len ? what.ptr : "", what.len ? ")" : "");
	}
	task->result->advice = STR("plan again");
	buf_release(&what);
}

/* Whether this plan frees the address that its present owner holds. */
static bool freed(struct apply_run *run, const struct account *owner, const struct sym *address)
{
	const struct task *task = task_of(run, &run->by_id, owner->id);

	if (!task)
		return false;
	if (task->change->action == ACTION_DELETE)
		return true;
	return (task->address == address && task->goal != address) ||
	       strs_has(&task->change->aliases_remove, sym_str(address));
}

/* An address that the entry claims and somebody else holds: makes it stale. */
static bool claim_fails(struct apply_run *run, struct task *task, const struct sym *address)
{
	const struct account *owner = accounts_owner(&run->index, address);

	if (!owner || (task->id && owner->id == task->id) || freed(run, owner, address))
		return false;
	task_decide(run, task, CHANGE_STALE);
	task_note(run, task, "the address %s belongs to %s %s now", address->text,
		  kind_names[owner->kind], owner->address->text);
	task->result->advice = STR("plan again");
	return true;
}

static bool claims_fail(struct apply_run *run, struct task *task)
{
	const struct plan_change *change = task->change;

	if (task->goal != task->address && claim_fails(run, task, task->goal))
		return true;
	for (size_t i = 0; i < change->aliases_add.count; i++) {
		if (claim_fails(run, task, sym_get(&run->names, change->aliases_add.items[i])))
			return true;
	}
	return false;
}

/* A delegate whose address meanwhile is that of another account must not be let in. */
static bool delegates_fail(struct apply_run *run, struct task *task)
{
	const struct plan_pairs *pairs = &task->change->delegates_add;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct plan_pair *pair = &pairs->items[i];
		const struct sym *address = sym_get(&run->names, pair->address);

		if (task_of(run, &run->by_goal, address) ||
		    person_at(run, address) == address || person_added(run, pair))
			continue;
		task_decide(run, task, CHANGE_STALE);
		task_note(run, task, "%s is another account now than the plan means",
			  address->text);
		task->result->advice = STR("plan again");
		return true;
	}
	return false;
}

/* The account key is what the change is about, not only what goes with every request. */
static bool key_is_new(const struct apply_run *run, const struct task *task)
{
	const struct recorded_account *recorded = recorded_by_id(run, task->id);

	if (!task->key.ptr || task->change->action == ACTION_SUSPEND)
		return false;
	return !recorded || !recorded->key ||
	       !str_eq(sym_str(recorded->key), task->change->key);
}

/* Deleted is what a run has suspended for as long as the plan says: whoever wrote the entry. */
static bool deletion_fails(struct apply_run *run, struct task *task)
{
	const struct recorded_account *recorded = recorded_by_id(run, task->id);
	int64_t seconds = 0;
	bool long_enough = recorded && recorded->suspended_by &&
			   recorded->suspended_since != DATE_NONE &&
			   duration_parse(run->plan->options.suspended_for, &seconds) &&
			   recorded->suspended_since + (seconds + 86399) / 86400 <=
				   date_of(run->plan->created);

	if (!task->now.active && long_enough)
		return false;
	task_decide(run, task, CHANGE_STALE);
	task_note(
		run, task, "%s",
		task->now.active
			? "only suspended accounts are deleted, and it is active"
			: "no run of the record has suspended it for as long as the plan says");
	return true;
}

static void first_stand(struct apply_run *run, struct task *task)
{
	task->standing = task_stand(run, task);
	switch (task->standing) {
	case STANDS_UNTOUCHED:
		if (task->change->action == ACTION_DELETE && deletion_fails(run, task))
			break;
		if (!claims_fail(run, task) && !delegates_fail(run, task))
			entry_untrue(run, task);
		break;
	case STANDS_DONE:
		/* Whether it was sent cannot be seen. */
		if (!key_is_new(run, task))
			task_decide(run, task, CHANGE_ALREADY);
		break;
	case STANDS_HALF:
	case STANDS_OTHER:
	case STANDS_GONE:
		stale(run, task);
		break;
	}
}

int look_first(struct apply_run *run, struct err *err)
{
	size_t stales = 0, count = run->plan->changes.count;
	const struct task *example = NULL;

	for (size_t i = 0; i < count; i++) {
		struct task *task = &run->tasks[i];

		first_stand(run, task);
		if (task->decided && task->result->outcome == CHANGE_STALE) {
			example = example ? example : task;
			stales++;
		}
	}
	if (!stales || run->input->mode == APPLY_DRY_RUN)
		return 0;
	if (run->config->on_mismatch == MISMATCH_REFUSE)
		return err_set(
			err, ERR_STALE,
			"%zu of %zu changes are stale and apply.on_mismatch is refuse, so "
			"nothing was changed; %s: %.*s: plan again",
			stales, count, example->goal->text, STR_FMT(example->result->text));
	if (stales == count && !run->plan->adopt.count && !run->plan->policy.count)
		return err_set(err, ERR_STALE,
			       "every change of the plan is stale, so nothing was changed; %s: "
			       "%.*s: plan again",
			       example->goal->text, STR_FMT(example->result->text));
	return 0;
}

void look_again(struct apply_run *run)
{
	for (size_t i = 0; i < run->plan->changes.count; i++) {
		struct task *task = &run->tasks[i];

		if (task->decided)
			continue;
		task->standing = task_stand(run, task);
		if (task->done_before) {
			task_decide(run, task, CHANGE_DONE);
			continue;
		}
		switch (task->standing) {
		case STANDS_UNTOUCHED:
			break;
		case STANDS_HALF:
			/* By the process before this one. */
			task_keep(run, task);
			break;
		case STANDS_DONE:
			/* Sending it once more does no harm. */
			if (key_is_new(run, task) && !task->key_sent)
				break;
			task_decide(run, task,
				    run->continuing || task->touched ? CHANGE_DONE
								     : CHANGE_ALREADY);
			break;
		case STANDS_OTHER:
		case STANDS_GONE:
			stale(run, task);
			break;
		}
		if (task->decided && task->change->action == ACTION_CREATE && task->id &&
		    task->result->outcome == CHANGE_DONE)
			task->result->id = sym_str(task->id);
	}
}

/* --- what an earlier process left ----------------------------------------------------------- */

static int journal_line(void *context, const struct journal_line *line, struct err *err)
{
	struct apply_run *run = context;
	struct task *task;

	if (line->change >= run->plan->changes.count)
		return err_set(err, ERR_FAILED,
			       "the journal speaks of change %u, and the plan has "
			       "only %zu",
			       line->change + 1, run->plan->changes.count);
	task = &run->tasks[line->change];
	if (line->type == JOURNAL_INTENT) {
		task->intended = true;
		return 0;
	}
	/* Whatever becomes of its address, that account is the one. */
	if (task->change->action == ACTION_CREATE && line->text.len &&
	    (line->type == JOURNAL_PART || line->outcome == CHANGE_DONE)) {
		task->id = sym_get(&run->names, line->text);
		sym_table_put(&run->by_id, task->id, line->change + 1);
	}
	if (line->type == JOURNAL_PART) {
		task->touched = true;
		return 0;
	}
	switch (line->outcome) {
	case CHANGE_DONE:
		task->done_before = true;
		if (task->change->action == ACTION_CREATE)
			task->result->id = sym_str(task->id);
		break;
	case CHANGE_ALREADY:
	case CHANGE_STALE:
		task_decide(run, task, line->outcome);
		task->result->text = arena_str(&run->result->arena, line->text);
		if (line->outcome == CHANGE_STALE)
			task->result->advice = STR("plan again");
		break;
	/* Whatever else was said is found out anew: the target decides. */
	case CHANGE_OPEN:
	case CHANGE_PARTLY:
	case CHANGE_DEPENDS:
	case CHANGE_REFUSED:
	case CHANGE_FAILED:
		break;
	}
	return 0;
}

int look_journal(struct apply_run *run, struct err *err)
{
	int failed = journal_read(state_private_dir(run->state), run->plan->id, journal_line,
				  run, err);

	/* What it decides is in it. */
	run->dispatch.lines.count = 0;
	return failed;
}
