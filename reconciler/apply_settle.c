/*
 * Step 5: requests whose end is not known (a time-out after sending, a connection that died). The
 * target is listed again and says what became of them. Nothing is guessed, and nothing is sent twice
 * before that.
 */
#include "apply_internal.h"

/* Whether the request was carried out, as far as a reading can tell. */
static bool carried_out(struct apply_run *run, struct task *task, const struct step *step)
{
	struct flight rest;

	if (task->standing == STANDS_DONE || step->kind == STEP_CREATE) {
		/* Of a key alone there is nothing to see. */
		return step->kind == STEP_CREATE
			       ? task->there
			       : (task->sent & ~(unsigned)ATTR_KEY) != 0 || !task->key.ptr;
	}
	if (task->standing != STANDS_HALF)
		return false;
	return !step_wanted(run, task, step, &run->flights, &rest) ||
	       (rest.set & ~(unsigned)ATTR_KEY) == 0;
}

static void settle_step(struct apply_run *run, uint32_t number)
{
	const struct step *step = &run->dispatch.schedule.steps[number];
	struct task *task = &run->tasks[step->change];

	task->standing = task_stand(run, task);
	switch (task->standing) {
	case STANDS_OTHER:
	case STANDS_GONE:
		/* look_again() says so. */
		step_ready(run, number);
		return;
	case STANDS_UNTOUCHED:
	case STANDS_DONE:
	case STANDS_HALF:
		break;
	}
	if (carried_out(run, task, step)) {
		task_keep(run, task);
		step_end(run, number, true);
		return;
	}
	/* That half of it is done, and what is sent now is another request. */
	if (task->sent & ATTR_ADDRESS && task_left_behind(run, task))
		task->tries = 0;
	if (++task->tries < TRIES_MOST) {
		step_ready(run, number);
		return;
	}
	/* By an earlier process, or an earlier try: what was done is recorded. */
	if (task->standing != STANDS_UNTOUCHED)
		task_keep(run, task);
	task_note(run, task,
		  task->standing == STANDS_DONE
			  ? "the target gave no answer, and whether it took the account key "
			    "cannot be seen"
		  : task->touched ? "the target gave no answer, and the rest has not changed"
				  : "the target gave no answer, and nothing has changed");
	task->result->advice = STR("plan again");
	task->failed = true;
	task_decide(run, task, task->touched ? CHANGE_PARTLY : CHANGE_FAILED);
	step_end(run, number, false);
}

int run_settle(struct apply_run *run, struct err *err)
{
	struct dispatch *d = &run->dispatch;

	if (look_now(run, err) < 0)
		return -1;
	for (size_t i = 0; i < d->unknown.count; i++)
		settle_step(run, d->unknown.items[i]);
	d->unknown.count = 0;
	look_again(run);
	return 0;
}
