/*
 * The way through an apply: lock, verify, look, begin, carry out, end.
 */
#include "apply_internal.h"
#include "base/log.h"

#include <unistd.h>

/* --- opening ------------------------------------------------------------------------------------ */

static void run_init(struct apply_run *run, const struct apply_input *input, struct plan *plan,
		     struct run_result *result)
{
	*run = (struct apply_run){
		.input = input,
		.config = input->config,
		.plan = plan,
		.result = result,
		.lock = OS_LOCK_INIT,
		.journal = JOURNAL_INIT,
	};
	policy_init(&run->policy);
	policy_init(&run->wanted_policy);
	approvals_init(&run->approvals);
	recorded_init(&run->recorded);
}

static void run_release(struct apply_run *run)
{
	tasks_release(run);
	expect_release(&run->world);
	accounts_index_release(&run->index);
	accounts_release(&run->current);
	accounts_release(&run->first);
	recorded_release(&run->recorded);
	sym_table_release(&run->recorded_at);
	if (!run->input->target)
		target_free(run->target);
	free(run->dispatch.lines.items);
	journal_close(&run->journal);
	secret_release(&run->fingerprint_key);
	approvals_release(&run->approvals);
	policy_release(&run->policy);
	policy_release(&run->wanted_policy);
	os_unlock(&run->lock);
	state_free(run->state);
	buf_release(&run->bytes);
	sym_pool_release(&run->names);
	arena_release(&run->flights);
	arena_release(&run->look);
	arena_release(&run->arena);
}

static int take_lock(struct os_lock *lock, struct state *state, const char *command,
		     int64_t now, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct str dir = arena_str(&arena, state_private_dir(state));
	struct str path = os_join(&arena, dir, STR("lock"));
	char time[TIME_TEXT_SIZE];
	struct str holder;

	time_text(now, time);
	holder = arena_strf(&arena, "%.*s@%.*s, pid %ld, zsctl %s, since %s",
			    STR_FMT(os_user(&arena)), STR_FMT(os_host(&arena)), (long)getpid(),
			    command, time);
	if (os_make_dirs(dir.ptr, 0700, err) < 0)
		return -1;
	return os_lock(lock, path.ptr, holder, err);
}

static int open_record(struct apply_run *run, struct err *err)
{
	bool writes = run->input->mode != APPLY_DRY_RUN;

	if (state_open(&run->state, run->config->state_path.ptr, writes, err) < 0 ||
	    (writes && take_lock(&run->lock, run->state, "apply", run->input->now, err) < 0) ||
	    state_head(run->state, run->head, err) < 0)
		return -1;
	/* A run can be closed whatever has become of the configuration. */
	if (run->input->mode == APPLY_CLOSE)
		return policy_from_state(&run->policy, run->state, err);
	return policy_read(&run->policy, &run->wanted_policy, run->config, run->state, err);
}

static int read_record(struct apply_run *run, struct err *err)
{
	recorded_release(&run->recorded);
	if (state_recorded(run->state, &run->names, &run->recorded, err) < 0)
		return -1;
	for (size_t i = 0; i < run->recorded.count; i++) {
		const struct sym *id = run->recorded.items[i].account.id;

		if (id)
			sym_table_put(&run->recorded_at, id, (uint32_t)i + 1);
	}
	return 0;
}

/* --- a new run ------------------------------------------------------------------------------------ */

/* The first run records the policy that every later one is judged by. */
static int confirm_policy(struct apply_run *run, struct str *approver, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct state_file files[2];

	if (run->policy.recorded || run->input->mode != APPLY_RUN)
		return 0;
	policy_files(&run->policy, &run->arena, files);
	buf_add(&text, files[0].bytes);
	buf_add(&text, files[1].bytes);
	if (!run->input->confirm_policy)
		return err_set(
			err, ERR_PERSON,
			"no policy is recorded yet, and nobody is there to confirm the first");
	return run->input->confirm_policy(run->input->context, buf_str(&text), &run->arena,
					  approver, err);
}

/* What was decided before the run begins is on disk before anything is sent: a continuation must
 * not mistake what was there already for what it did itself. */
static int write_first_lines(struct apply_run *run, struct err *err)
{
	struct str dir = state_private_dir(run->state);

	journal_remove(dir, run->plan->id);
	if (journal_open(&run->journal, dir, run->plan->id, err) < 0)
		return -1;
	return lines_write(run, true, err);
}

static int look_before(struct apply_run *run, struct str approver, struct err *err)
{
	struct err stale = ERR_INIT;
	int nothing_left;

	if (look_now(run, err) < 0 || look_limits(run, err) < 0)
		return -1;
	nothing_left = look_first(run, &stale);
	if (look_links(run, err) < 0)
		return -1;
	if (run->input->mode == APPLY_DRY_RUN)
		return 0;
	if (approver.len && commit_policy(run, approver, err) < 0)
		return -1;
	if (look_observe(run, err) < 0)
		return -1;
	if (nothing_left)
		*err = stale;
	return nothing_left;
}

static int begin(struct apply_run *run, struct err *err)
{
	struct str approver = STR_NONE;

	run->result->started = run->input->now;
	if (confirm_policy(run, &approver, err) < 0 || keys_load(run, err) < 0)
		return -1;
	if (run->plan->options.policy_only) {
		if (approver.len && commit_policy(run, approver, err) < 0)
			return -1;
	} else if (look_before(run, approver, err) < 0) {
		return -1;
	}
	if (run->input->mode == APPLY_DRY_RUN)
		return 0;
	if (os_interrupted())
		return err_set(err, ERR_FAILED,
			       "interrupted before the run began: nothing was changed");
	if (write_first_lines(run, err) < 0 || commit_begin(run, err) < 0)
		return -1;
	run->begun = true;
	buf_release(&run->bytes);
	return 0;
}

/* --- an open run ---------------------------------------------------------------------------------- */

static int proceed(struct apply_run *run, struct err *err)
{
	struct err damaged = ERR_INIT;

	run->begun = true;
	if (run->input->mode != APPLY_CLOSE && keys_load(run, err) < 0)
		return -1;
	/* Without the journal the target still tells what is there. */
	if (run->input->mode == APPLY_CLOSE && look_journal(run, &damaged) < 0)
		log_warning("%s", damaged.text);
	else if (run->input->mode != APPLY_CLOSE && look_journal(run, err) < 0)
		return -1;
	if (!run->plan->options.policy_only) {
		if (look_now(run, err) < 0)
			return -1;
		look_again(run);
	}
	if (run->input->mode != APPLY_RUN)
		return 0;
	return journal_open(&run->journal, state_private_dir(run->state), run->plan->id, err);
}

static void close_run(struct apply_run *run)
{
	run->result->closed = true;
	for (size_t i = 0; i < run->plan->changes.count; i++) {
		struct task *task = &run->tasks[i];

		if (task->decided)
			continue;
		task_note(run, task,
			  task->standing == STANDS_HALF ? "done in part when the run was closed"
							: "not done when the run was closed");
		task->result->advice = STR("plan again");
	}
}

/* --- the end -------------------------------------------------------------------------------------- */

/* PLAN.result.yaml for PLAN.yaml. */
static struct str result_path(struct apply_run *run)
{
	struct str path = str_of(run->input->plan_path);

	if (str_ends(path, ".yaml"))
		path.len -= strlen(".yaml");
	return arena_strf(&run->arena, "%.*s.result.yaml", STR_FMT(path));
}

static void write_result(struct apply_run *run)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct str path = result_path(run);

	if (!run->result->ended)
		run->result->ended = run->input->now;
	result_write(run->result, run->plan, &text);
	if (os_write_file(path.ptr, buf_str(&text), 0644, &err) < 0)
		log_warning("the result could not be written beside the plan: %s", err.text);
}

/* A process that ended its run and was killed before it could clear up. */
static void clear_up(struct apply_run *run)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct str path = verify_run_path(&run->arena, run->plan, "result.yaml");
	struct str beside = result_path(run);
	struct err err = ERR_INIT;
	bool found;

	if (state_file(run->state, NULL, path.ptr, &text, &found, &err) < 0 || !found)
		return;
	journal_remove(state_private_dir(run->state), run->plan->id);
	if (!os_exists(beside.ptr) && os_write_file(beside.ptr, buf_str(&text), 0644, &err) < 0)
		log_warning("%s", err.text);
}

static int end(struct apply_run *run, struct err *err)
{
	adoptions_count(run);
	if (commit_end(run, err) == 0) {
		journal_remove(state_private_dir(run->state), run->plan->id);
		return 0;
	}
	err->class = ERR_PARTIAL;
	return err_prefix(err,
			  "what was done could not be recorded, the run is still open and the "
			  "same command continues it");
}

static int say_outcome(const struct apply_run *run, struct err *err)
{
	const struct result_counts counts = result_count(run->result);

	if (!counts.failed && !counts.left_out && !counts.open && !counts.partly)
		return 0;
	return err_set(err, ERR_PARTIAL, "%s; next: zsctl plan",
		       counts.done || run->adopted ? "applied in part" : "nothing was applied");
}

static int say_prediction(struct apply_run *run, struct err *err)
{
	size_t left_out = 0, count = run->plan->changes.count;
	size_t partly = run_execute_nothing(run);

	adoptions_count(run);
	for (size_t i = 0; i < count; i++)
		left_out += run->result->items[i].outcome == CHANGE_STALE ||
			    run->result->items[i].outcome == CHANGE_DEPENDS;
	if (left_out)
		return err_set(err,
			       left_out == count && !run->adopted ? ERR_STALE : ERR_PARTIAL,
			       "%zu of %zu changes would be left out: plan again", left_out,
			       count);
	if (partly)
		return err_set(err, ERR_PARTIAL,
			       "%zu of %zu changes would go through in part: plan again",
			       partly, count);
	if (run->result->not_adopted.count)
		return err_set(err, ERR_PARTIAL,
			       "%zu adopted accounts would be left out: plan again",
			       run->result->not_adopted.count);
	return 0;
}

static int carry_out(struct apply_run *run, struct err *err)
{
	switch (run->input->mode) {
	case APPLY_DRY_RUN:
		return say_prediction(run, err);
	case APPLY_CLOSE:
		close_run(run);
		break;
	case APPLY_RUN:
		if (run_execute(run, err) < 0)
			return -1;
		break;
	}
	if (end(run, err) < 0)
		return -1;
	return say_outcome(run, err);
}

static int apply_all(struct apply_run *run, struct err *err)
{
	plan_write(run->plan, &run->bytes);
	if (open_record(run, err) < 0 || verify_open_run(run, err) < 0)
		return -1;
	if (!run->continuing && run->input->mode == APPLY_RUN)
		clear_up(run);
	if (run->continuing ? verify_continued(run, err) : verify_new(run, err))
		return -1;
	tasks_prepare(run);
	if (read_record(run, err) < 0)
		return -1;
	if (run->input->target)
		run->target = run->input->target;
	else if (!run->plan->options.policy_only &&
		 target_open(&run->target, run->config, err) < 0)
		return -1;
	if (run->continuing ? proceed(run, err) : begin(run, err))
		return -1;
	return carry_out(run, err);
}

int apply(const struct apply_input *input, struct plan *plan, struct run_result *result,
	  struct err *err)
{
	struct apply_run run;
	int failed;

	run_init(&run, input, plan, result);
	failed = apply_all(&run, err);
	if (run.begun && !run.lost && input->mode != APPLY_DRY_RUN)
		write_result(&run);
	run_release(&run);
	return failed;
}

/* --- unlock --------------------------------------------------------------------------------------- */

static int take_over(struct state *state, int64_t now, struct buf *said, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	char head[COMMIT_TEXT_SIZE], made[COMMIT_TEXT_SIZE];
	struct state_open_run open;
	struct str author;
	struct state_commit commit = {.expected_head = head, .time = now};

	if (state_head(state, head, err) < 0 || state_open_run(state, &arena, &open, err) < 0)
		return -1;
	if (!open.id.len) {
		buf_puts(said, "No run is open: there is nothing to unlock.\n");
		return 0;
	}
	author = arena_strf(&arena, "%.*s@%.*s", STR_FMT(os_user(&arena)),
			    STR_FMT(os_host(&arena)));
	commit.author = author;
	commit.message = arena_strf(&arena,
				    "takeover %.*s\n\nTaken-from: %.*s@%.*s\n"
				    "Taken-by: %.*s\n",
				    STR_FMT(open.id), STR_FMT(open.user), STR_FMT(open.host),
				    STR_FMT(author));
	if (state_commit(state, &commit, NULL, made, err) < 0)
		return -1;
	buf_addf(
		said,
		"Run %.*s of %.*s@%.*s is taken over by %.*s. Continue it with `zsctl apply` and "
		"its plan (runs/%.*s/plan.yaml in the record), or end it with `zsctl apply "
		"--close`.\n",
		STR_FMT(open.id), STR_FMT(open.user), STR_FMT(open.host), STR_FMT(author),
		STR_FMT(open.id));
	return 0;
}

int apply_unlock(const struct config *config, int64_t now, struct buf *said, struct err *err)
{
	struct os_lock lock = OS_LOCK_INIT;
	struct state *state = NULL;
	int failed = state_open(&state, config->state_path.ptr, false, err);

	if (!failed && !os_exists(config->state_path.ptr)) {
		buf_puts(said, "Nothing is recorded yet: there is nothing to unlock.\n");
	} else if (!failed) {
		failed = take_lock(&lock, state, "unlock", now, err);
		if (!failed)
			failed = take_over(state, now, said, err);
	}
	os_unlock(&lock);
	state_free(state);
	return failed;
}
