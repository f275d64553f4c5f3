/*
 * Step 4: the plan's requests, in order, as many at once as order and target allow. Nothing is sent
 * before what it rests on is known to be done, and a create not before its intent is on disk.
 */
#include "apply_internal.h"
#include "base/log.h"

#define WAIT_MS 1000

/* --- the queue ------------------------------------------------------------------------------- */

void step_ready(struct apply_run *run, uint32_t number)
{
	struct dispatch *d = &run->dispatch;

	d->ready[(d->first + d->ready_count++) % d->schedule.count] = number;
}

static uint32_t step_next(struct dispatch *d)
{
	uint32_t number = d->ready[d->first];

	d->first = (d->first + 1) % d->schedule.count;
	d->ready_count--;
	return number;
}

static void dispatch_init(struct apply_run *run)
{
	struct dispatch *d = &run->dispatch;
	size_t count;

	schedule_make(&run->arena, run->plan, &d->schedule);
	count = d->schedule.count + 1;
	d->waits = mem_calloc(count, sizeof(*d->waits));
	d->broken_by = mem_calloc(count, sizeof(*d->broken_by));
	d->ready = mem_calloc(count, sizeof(*d->ready));
	d->flights = mem_calloc(count, sizeof(*d->flights));
	for (uint32_t i = 0; i < d->schedule.count; i++) {
		const struct step *step = &d->schedule.steps[i];

		run->tasks[step->change].steps_left++;
		d->waits[i] = step->waits_for;
		if (!step->waits_for)
			step_ready(run, i);
	}
}

static void dispatch_release(struct dispatch *d)
{
	free(d->waits);
	free(d->broken_by);
	free(d->ready);
	free(d->flights);
	free(d->unknown.items);
	free(d->lines.items);
	memset(d, 0, sizeof(*d));
}

/* --- what stands in the way for a moment ----------------------------------------------------- */

/*
 * A request that names somebody as a delegate names his address. While that address is changing it
 * would name nobody, and the target would drop him silently. So such a request and the renaming do
 * not go together; which of the two comes first does not matter.
 */
static bool must_wait(struct apply_run *run, const struct task *task,
		      const struct flight *flight)
{
	if (!run->renames)
		return false;
	if (flight->set & ATTR_ADDRESS && task->named > 0)
		return true;
	for (uint32_t i = 0; flight->set & ATTR_DELEGATES && i < flight->persons.count; i++) {
		const struct task *person = task_of(run, &run->by_id, flight->persons.items[i]);

		if (person && person->renaming)
			return true;
	}
	return false;
}

static void mark_names(struct apply_run *run, struct task *task, const struct flight *flight,
		       bool under_way)
{
	if (!run->renames)
		return;
	if (flight->set & ATTR_ADDRESS)
		task->renaming = under_way;
	for (uint32_t i = 0; flight->set & ATTR_DELEGATES && i < flight->persons.count; i++) {
		struct task *person = task_of(run, &run->by_id, flight->persons.items[i]);

		if (person && under_way)
			person->named++;
		else if (person)
			person->named--;
	}
}

/* The request of a step is not under way any more. */
static void ended(struct apply_run *run, const struct target_outcome *outcome)
{
	struct dispatch *d = &run->dispatch;
	struct flight *flight;

	if (outcome->number >= d->schedule.count || !d->flights[outcome->number])
		return;
	flight = d->flights[outcome->number];
	mark_names(run, &run->tasks[d->schedule.steps[outcome->number].change], flight, false);
	outcome_take(run, outcome);
	d->flights[outcome->number] = NULL;
}

/* --- sending ---------------------------------------------------------------------------------- */

static void depends(struct apply_run *run, struct task *task, uint32_t on)
{
	const struct task *cause = &run->tasks[on];

	task->failed = true;
	task_decide(run, task, task->touched ? CHANGE_PARTLY : CHANGE_DEPENDS);
	task_note(run, task, "it depends on %s %s %s, which was not done",
		  action_names[cause->change->action], kind_names[cause->change->kind],
		  cause->goal->text);
	task->result->advice = STR("plan again");
}

/* Takes steps that need no request off the queue; the next one that does, or UINT32_MAX. */
static uint32_t next_request(struct apply_run *run, uint32_t *tries, struct flight *flight)
{
	struct dispatch *d = &run->dispatch;

	while (d->ready_count && *tries) {
		uint32_t number = step_next(d);
		const struct step *step = &d->schedule.steps[number];
		struct task *task = &run->tasks[step->change];

		--*tries;
		if (!task->decided && d->broken_by[number])
			depends(run, task, d->broken_by[number] - 1);
		if (task->decided) {
			step_end(run, number, task_done(task));
		} else if (!step_wanted(run, task, step, &run->flights, flight)) {
			step_end(run, number, true);
		} else if (must_wait(run, task, flight)) {
			step_ready(run, number);
			continue;
		} else {
			return number;
		}
		/* What was released by it is new. */
		*tries = d->ready_count;
	}
	return UINT32_MAX;
}

/* Picks what goes out now, and notes the intents of creates: on disk when it returns. */
static int pick(struct apply_run *run, size_t room, uint32_t *picked, size_t *count,
		struct err *err)
{
	struct dispatch *d = &run->dispatch;
	uint32_t tries = d->ready_count;
	struct flight flight;
	bool creates = false;

	*count = 0;
	while (*count < room) {
		uint32_t number = next_request(run, &tries, &flight);
		struct task *task;

		if (number == UINT32_MAX)
			break;
		task = &run->tasks[d->schedule.steps[number].change];
		d->flights[number] = arena_new(&run->flights, struct flight);
		*d->flights[number] = flight;
		mark_names(run, task, &flight, true);
		picked[(*count)++] = number;
		if (flight.op != REQUEST_CREATE)
			continue;
		*vec_push(&d->lines) = (struct journal_line){
			.type = JOURNAL_INTENT, .change = d->schedule.steps[number].change};
		creates = true;
	}
	return lines_write(run, creates, err);
}

static void send(struct apply_run *run, uint32_t number)
{
	struct dispatch *d = &run->dispatch;
	const struct flight *flight = d->flights[number];
	const struct step *step = &d->schedule.steps[number];
	struct task *task = &run->tasks[step->change];
	struct err err = ERR_INIT;
	struct target_request request = {
		.number = number,
		.op = flight->op,
		.kind = task->change->kind,
		.id = task->id,
		.wanted = &flight->wanted,
		.set = flight->set,
		.key = secret_str(&task->key),
	};

	if (run->target->ops->submit(run->target, &request, &err) < 0) {
		struct target_outcome failed = {
			.number = number, .class = OUTCOME_FAILED, .text = str_of(err.text)};

		ended(run, &failed);
	}
}

static size_t under_way(const struct apply_run *run)
{
	return run->target->ops->under_way(run->target);
}

/* A reading that is too old is no base for changes: wait for what is under way, then look again. */
static bool too_old(const struct apply_run *run)
{
	return run->target->reading_valid_s > 0 &&
	       os_monotonic_ms() - run->looked_at >
		       run->target->reading_valid_s * UINT64_C(1000);
}

/* Somebody may have taken the run over, on a machine that does not see our lock. */
static void check_claim(struct apply_run *run)
{
	struct err err = ERR_INIT;
	char head[COMMIT_TEXT_SIZE];

	if (state_head(run->state, head, &err) < 0) {
		run_stop(run, arena_str(&run->result->arena, str_of(err.text)));
	} else if (strcmp(head, run->head) != 0) {
		run->lost = true;
		run_stop(run, STR("taken over"));
	}
}

static void send_ready(struct apply_run *run)
{
	size_t room = run->target->parallel ? run->target->parallel : 1;
	size_t busy = under_way(run), count = 0;
	autofree uint32_t *picked = NULL;
	struct err err = ERR_INIT;

	if (os_interrupted() && run->dispatch.ready_count)
		run_stop(run, STR("interrupted"));
	if (run->dispatch.ready_count)
		check_claim(run);
	if (run->stopped || too_old(run) || busy >= room)
		return;
	/* Steps without a request release others, but never more than wait for something. */
	room -= busy;
	if (room > run->dispatch.schedule.count)
		room = run->dispatch.schedule.count;
	picked = mem_calloc(room + 1, sizeof(*picked));
	if (pick(run, room, picked, &count, &err) < 0) {
		run_stop(run, arena_str(&run->result->arena, str_of(err.text)));
		return;
	}
	for (size_t i = 0; i < count; i++)
		send(run, picked[i]);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void write_journal(struct apply_run *run)
{
	struct err err = ERR_INIT;

	/* Without it the next process finds out by reading; but something is wrong with the disk. */
	if (lines_write(run, false, &err) < 0)
		run_stop(run, arena_str(&run->result->arena, str_of(err.text)));
	run->dispatch.lines.count = 0;
}

static int receive(struct apply_run *run, struct target_outcomes *outcomes)
{
	struct err err = ERR_INIT;

	if (run->target->ops->wait(run->target, WAIT_MS, outcomes, &err) < 0) {
		run_stop(run, arena_str(&run->result->arena, str_of(err.text)));
		return -1;
	}
	for (size_t i = 0; i < outcomes->count; i++)
		ended(run, &outcomes->items[i]);
	write_journal(run);
	log_progress("applying", run->dispatch.decided, run->plan->changes.count);
	return 0;
}

static int look_once_more(struct apply_run *run, struct err *err)
{
	if (run->dispatch.unknown.count)
		return run_settle(run, err);
	if (look_now(run, err) < 0)
		return -1;
	look_again(run);
	return 0;
}

static void run_all(struct apply_run *run, struct target_outcomes *outcomes)
{
	struct dispatch *d = &run->dispatch;
	struct err err = ERR_INIT;

	for (;;) {
		send_ready(run);
		if (under_way(run)) {
			if (receive(run, outcomes) < 0)
				return;
			continue;
		}
		write_journal(run);
		arena_reset(&run->flights);
		if (run->stopped || (!d->ready_count && !d->unknown.count))
			return;
		if (!too_old(run) && d->ready_count)
			continue;
		if (look_once_more(run, &err) < 0) {
			run_stop(run, arena_str(&run->result->arena, str_of(err.text)));
			return;
		}
	}
}

int run_execute(struct apply_run *run, struct err *err)
{
	struct target_outcomes outcomes = {NULL, 0, 0};

	dispatch_init(run);
	/* A plan of policy entries alone has no target. */
	if (run->target)
		run_all(run, &outcomes);
	log_progress_end();
	free(outcomes.items);
	dispatch_release(&run->dispatch);
	if (!run->stopped)
		return 0;
	if (run->lost)
		return err_set(
			err, ERR_PARTIAL,
			"somebody has taken the run over meanwhile: this process stopped "
			"before its next request; `zsctl log` shows who goes on with it");
	return err_set(
		err, ERR_PARTIAL,
		"the run stopped (%.*s) and is still open: the same command continues it, "
		"`zsctl apply --close` ends it",
		STR_FMT(run->result->stopped_because));
}

/* Whether this plan makes somebody of whoever has the address in the end. */
static bool is_coming(struct apply_run *run, const struct plan_pair *pair)
{
	const struct sym *address = sym_get(&run->names, pair->address);
	const struct task *task = task_of(run, &run->by_goal, address);

	if (!task)
		task = task_of(run, &run->by_address, address);
	return task && (!task->decided || task_done(task)) &&
	       (task->change->action == ACTION_CREATE ||
		task->change->action == ACTION_REACTIVATE);
}

/* What an apply would note in the end. */
static bool foretell(struct apply_run *run, struct task *task)
{
	const struct plan_pairs *pairs = &task->change->delegates_add;
	bool missing = false;

	task_note(run, task, "would go through");
	for (size_t i = 0; i < pairs->count; i++) {
		const char *why = person_missing(run, &pairs->items[i]);

		if (!why || is_coming(run, &pairs->items[i]))
			continue;
		task_note(run, task, "%.*s would be left out: %s",
			  STR_FMT(pairs->items[i].address), why);
		missing = true;
	}
	return missing;
}

size_t run_execute_nothing(struct apply_run *run)
{
	struct dispatch *d = &run->dispatch;
	size_t partly = 0;

	dispatch_init(run);
	while (d->ready_count) {
		uint32_t number = step_next(d);
		struct task *task = &run->tasks[d->schedule.steps[number].change];

		if (!task->decided && d->broken_by[number])
			depends(run, task, d->broken_by[number] - 1);
		/* Nothing is finished: its last step does not count. */
		task->steps_left++;
		step_end(run, number, !task->decided || task_done(task));
	}
	for (size_t i = 0; i < run->plan->changes.count; i++) {
		if (!run->tasks[i].decided)
			partly += foretell(run, &run->tasks[i]);
	}
	dispatch_release(d);
	return partly;
}

void run_stop(struct apply_run *run, struct str because)
{
	if (run->stopped)
		return;
	run->stopped = true;
	run->result->stopped = true;
	run->result->stopped_because = because;
}
