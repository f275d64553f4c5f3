/*
 * What came of a request, and of the change it belongs to.
 */
#include "apply_internal.h"

bool task_done(const struct task *task)
{
	return outcome_done(task->result->outcome);
}

void task_decide(struct apply_run *run, struct task *task, enum change_outcome outcome)
{
	struct dispatch *d = &run->dispatch;

	task->result->outcome = outcome;
	task->decided = true;
	if (task->touched)
		task_keep(run, task);
	d->decided++;
	if (outcome == CHANGE_DONE && task->change->action == ACTION_CREATE && task->id)
		task->result->id = arena_str(&run->result->arena, sym_str(task->id));
	*vec_push(&d->lines) = (struct journal_line){
		.type = JOURNAL_OUTCOME,
		.change = (uint32_t)(task - run->tasks),
		.outcome = outcome,
	};
}

/* What of a decided change nothing but the journal could tell the next process. */
static struct str lasting(const struct apply_run *run, const struct journal_line *line)
{
	const struct change_result *result = &run->result->items[line->change];
	const struct task *task = &run->tasks[line->change];

	if (line->type == JOURNAL_INTENT)
		return STR_NONE;
	if (line->type == JOURNAL_PART)
		return task->change->action == ACTION_CREATE ? sym_str(task->id) : STR_NONE;
	switch (result->outcome) {
	case CHANGE_DONE:
		return result->id;
	case CHANGE_ALREADY:
	case CHANGE_STALE:
		return result->text;
	case CHANGE_OPEN:
	case CHANGE_PARTLY:
	case CHANGE_DEPENDS:
	case CHANGE_REFUSED:
	case CHANGE_FAILED:
		break;
	}
	return STR_NONE;
}

int lines_write(struct apply_run *run, bool durable, struct err *err)
{
	struct dispatch *d = &run->dispatch;

	/* Now, since the words come after the decision. */
	for (size_t i = 0; i < d->lines.count; i++)
		d->lines.items[i].text = lasting(run, &d->lines.items[i]);
	if (d->lines.count &&
	    journal_add(&run->journal, d->lines.items, d->lines.count, durable, err) < 0)
		return -1;
	d->lines.count = 0;
	return 0;
}

/* --- the change --------------------------------------------------------------------------------- */

/* What of the change is missing in the end: refused, dropped by the target, or left out because
 * the delegate is not there. */
static bool note_missing(struct apply_run *run, struct task *task)
{
	const struct plan_change *change = task->change;
	bool missing = task->result->refusals.count > 0;

	if (change->action == ACTION_DELETE || change->action == ACTION_SUSPEND)
		return false;
	for (size_t i = 0; i < change->aliases_add.count; i++) {
		const struct sym *alias = sym_get(&run->names, change->aliases_add.items[i]);

		if (set_has(task->now.aliases, alias) || task_refused(task, alias))
			continue;
		task_note(run, task, "the target did not take the alias %s", alias->text);
		missing = true;
	}
	for (size_t i = 0; i < change->delegates_add.count; i++) {
		const struct plan_pair *pair = &change->delegates_add.items[i];
		const struct sym *person = person_added(run, pair);
		const char *why = person_missing(run, pair);

		if (person && set_has(task->persons, person))
			continue;
		task_note(run, task, "%.*s was left out: %s", STR_FMT(pair->address),
			  why ? why : "the target did not take it");
		missing = true;
	}
	return missing;
}

/* The last of its steps is done. */
static void finish(struct apply_run *run, struct task *task)
{
	bool missing = note_missing(run, task);

	task_decide(run, task, missing ? CHANGE_PARTLY : CHANGE_DONE);
	if (missing && !task->result->advice.len)
		task->result->advice = STR("plan again");
}

void step_end(struct apply_run *run, uint32_t number, bool ok)
{
	struct dispatch *d = &run->dispatch;
	const struct step *step = &d->schedule.steps[number];
	struct task *task = &run->tasks[step->change];

	task->tries = 0;
	if (task->steps_left > 0 && --task->steps_left == 0 && ok && !task->decided)
		finish(run, task);
	else if (ok && task->touched && !task->decided)
		*vec_push(&d->lines) = (struct journal_line){
			.type = JOURNAL_PART,
			.change = step->change,
		};
	for (uint32_t i = 0; i < step->release_count; i++) {
		uint32_t released = step->releases[i];

		if (!ok && step->hard[i] && !d->broken_by[released])
			d->broken_by[released] = step->change + 1;
		if (--d->waits[released] == 0)
			step_ready(run, released);
	}
}

/* --- the request -------------------------------------------------------------------------------- */

static void count_end(struct apply_run *run, bool failed)
{
	struct dispatch *d = &run->dispatch;
	bool *slot = &d->recent[d->recent_at++ % FAILURES_SEEN];

	d->failures = d->failures - *slot + failed;
	*slot = failed;
	if (d->failures >= FAILURES_MOST)
		run_stop(run, arena_strf(&run->result->arena,
					 "%u of the last %u requests failed", d->failures,
					 d->recent_at < FAILURES_SEEN ? d->recent_at
								      : FAILURES_SEEN));
}

/* The account from now on: as the target answered, or as it was asked for. */
static void take_answer(struct apply_run *run, struct task *task, const struct flight *flight,
			const struct target_outcome *outcome)
{
	struct account now = flight->wanted;

	task->touched = true;
	if (flight->set & ATTR_KEY)
		task->key_sent = true;
	if (flight->op == REQUEST_DELETE) {
		task->there = false;
		return;
	}
	if (!outcome->answered && flight->op == REQUEST_SUSPEND) {
		now.active = false;
		if (now.kind == KIND_FUNCTIONAL)
			now.delegates.count = 0;
	}
	now.has = task->now.has;
	task_answered(run, task, outcome->answered ? &outcome->answer : &now);
}

static void note_answer(struct apply_run *run, struct task *task,
			const struct target_outcome *outcome)
{
	struct str text = outcome->text.len ? outcome->text : STR("no reason given");

	task_note(run, task, "%.*s", STR_FMT(text));
	if (outcome->advice.len)
		task->result->advice = arena_str(&run->result->arena, outcome->advice);
}

/* The rest of the change was not done; what an earlier step of it did stays. */
static void fail(struct apply_run *run, uint32_t number, enum change_outcome outcome)
{
	struct task *task = &run->tasks[run->dispatch.schedule.steps[number].change];

	task->failed = true;
	if (!task->decided)
		task_decide(run, task, task->touched ? CHANGE_PARTLY : outcome);
	step_end(run, number, false);
}

bool task_refused(const struct task *task, const struct sym *alias)
{
	for (size_t i = 0; i < task->result->refusals.count; i++) {
		struct str refusal = task->result->refusals.items[i];

		if (str_starts(refusal, "alias ") &&
		    str_eq((struct str){refusal.ptr + 6, refusal.len - 6}, sym_str(alias)))
			return true;
	}
	return false;
}

/* An alias of the change that can be left out, so that the rest goes through. */
static bool can_leave_out(const struct task *task, struct str attribute)
{
	struct str alias = {attribute.ptr + 6, attribute.len - 6};

	return str_starts(attribute, "alias ") && strs_has(&task->change->aliases_add, alias) &&
	       !strs_has(&task->result->refusals, attribute);
}

static void refused(struct apply_run *run, uint32_t number,
		    const struct target_outcome *outcome)
{
	struct dispatch *d = &run->dispatch;
	const struct step *step = &d->schedule.steps[number];
	struct task *task = &run->tasks[step->change];
	bool again = can_leave_out(task, outcome->refused_attribute);
	struct flight rest;

	note_answer(run, task, outcome);
	if (outcome->refused_attribute.len)
		strs_add(&run->result->arena, &task->result->refusals,
			 outcome->refused_attribute);
	if (!again) {
		count_end(run, true);
		fail(run, number, CHANGE_REFUSED);
	} else if (step_wanted(run, task, step, &run->flights, &rest)) {
		step_ready(run, number);
	} else {
		/* It was all there was to do. */
		fail(run, number, CHANGE_REFUSED);
	}
}

void outcome_take(struct apply_run *run, const struct target_outcome *outcome)
{
	struct dispatch *d = &run->dispatch;
	uint32_t number = (uint32_t)outcome->number;
	struct flight *flight = d->flights[number];
	struct task *task = &run->tasks[d->schedule.steps[number].change];

	task->sent = flight->set;
	switch (outcome->class) {
	case OUTCOME_DONE:
		if (flight->op == REQUEST_CREATE &&
		    !(outcome->answered && outcome->answer.id)) {
			/* It exists, and only a reading can tell its id. */
			task->intended = true;
			*vec_push(&d->unknown) = number;
			break;
		}
		count_end(run, false);
		take_answer(run, task, flight, outcome);
		if (flight->set & ATTR_ADDRESS && task_left_behind(run, task))
			step_ready(run, number);
		else
			step_end(run, number, true);
		break;
	case OUTCOME_REFUSED:
		refused(run, number, outcome);
		break;
	case OUTCOME_FAILED:
		count_end(run, true);
		note_answer(run, task, outcome);
		fail(run, number, CHANGE_FAILED);
		break;
	case OUTCOME_UNKNOWN:
		count_end(run, true);
		if (flight->op == REQUEST_CREATE)
			task->intended = true;
		*vec_push(&d->unknown) = number;
		break;
	case OUTCOME_FATAL:
		run_stop(run,
			 arena_strf(&run->result->arena, "%.*s%s%.*s", STR_FMT(outcome->text),
				    outcome->advice.len ? "; " : "", STR_FMT(outcome->advice)));
		break;
	}
}
