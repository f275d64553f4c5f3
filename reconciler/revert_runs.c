/*
 * Which runs are undone, and their plans and results from the record.
 */
#include "revert.h"

static void past_release(struct past *past)
{
	plan_release(&past->plan);
	run_result_release(&past->result);
}

static int read_run_file(struct reverting *reverting, const struct past *past, const char *file,
			 struct buf *bytes, struct str *path, struct err *err)
{
	bool found;

	*path = arena_strf(&reverting->arena, "runs/%.*s/%s", STR_FMT(past->id), file);
	if (state_file(reverting->state, past->end, path->ptr, bytes, &found, err) < 0)
		return -1;
	return found ? 0 : err_set(err, ERR_FAILED, "the record has no %.*s", STR_FMT(*path));
}

static int undo_policy(struct reverting *reverting, const struct past *past)
{
	for (size_t i = 0; i < past->plan.policy.count; i++) {
		struct plan_manual *manual = vec_push(&reverting->plan->manual);

		manual->account = arena_strf(&reverting->plan->arena, "policy %.*s",
					     STR_FMT(past->plan.policy.items[i].what));
		manual->problem = arena_strf(&reverting->plan->arena,
					     "was changed by run %.*s and is not undone here",
					     STR_FMT(past->id));
		manual->todo = STR("change the configuration back and plan with --policy-only");
	}
	return 0;
}

/* `end` is the run's end commit. */
static int undo_run(struct reverting *reverting, const char *end, struct str id,
		    struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	struct past past = {.id = arena_str(&reverting->arena, id)};
	struct str path;
	int failed;

	memcpy(past.end, end, sizeof(past.end));
	plan_init(&past.plan);
	run_result_init(&past.result, 0);
	failed = read_run_file(reverting, &past, "plan.yaml", &bytes, &path, err);
	if (!failed)
		failed = plan_read(&past.plan, buf_str(&bytes), path.ptr, err);
	if (!failed)
		failed = read_run_file(reverting, &past, "result.yaml", &bytes, &path, err);
	if (!failed)
		failed = result_read(&past.result, &past.plan, buf_str(&bytes), path.ptr, err);
	for (size_t i = past.plan.changes.count; !failed && i > 0; i--)
		failed = revert_change(reverting, &past, i - 1, err);
	if (!failed)
		failed = undo_policy(reverting, &past);
	past_release(&past);
	return failed;
}

static void reverting_init(struct reverting *reverting, struct state *state,
			   const struct reconcile_input *input, struct plan *plan)
{
	uint32_t size = input->names->count;

	*reverting = (struct reverting){.state = state, .input = input, .plan = plan};
	accounts_index_init(&reverting->index, input->current, input->names);
	reverting->recorded_size = size;
	reverting->recorded_at = mem_calloc(size + 1u, sizeof(uint32_t));
	reverting->undo_at = mem_calloc(input->current->count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < input->recorded->count; i++) {
		const struct sym *id = input->recorded->items[i].account.id;

		if (id)
			reverting->recorded_at[id->number] = (uint32_t)i + 1;
	}
}

static void reverting_release(struct reverting *reverting)
{
	accounts_index_release(&reverting->index);
	free(reverting->recorded_at);
	free(reverting->undo_at);
	free(reverting->undos.items);
	arena_release(&reverting->arena);
}

/* --- which runs -------------------------------------------------------------------------------------- */

struct ends {
	const char *until; /* a commit that is not looked at any more; NULL: only the first */
	struct arena *arena;
	struct {
		struct end {
			char commit[COMMIT_TEXT_SIZE];
			struct str run;
		} * items;
		size_t count, capacity;
	} list;
};

static int collect_end(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct ends *ends = context;

	(void)err;
	if (ends->until && strcmp(entry->commit, ends->until) == 0)
		return 1;
	if (entry->kind == COMMIT_END) {
		struct end *end = vec_push(&ends->list);

		memcpy(end->commit, entry->commit, sizeof(end->commit));
		end->run = arena_str(ends->arena, entry->run);
	}
	return ends->until ? 0 : 1;
}

static int undo_ends(struct reverting *reverting, struct ends *ends, struct err *err)
{
	int failed = 0;

	for (size_t i = 0; !failed && i < ends->list.count; i++)
		failed = undo_run(reverting, ends->list.items[i].commit,
				  ends->list.items[i].run, err);
	free(ends->list.items);
	ends->list.items = NULL;
	ends->list.count = ends->list.capacity = 0;
	if (!failed)
		revert_emit(reverting);
	return failed;
}

static bool is_named(const struct ends *wanted, const char *commit)
{
	for (size_t i = 0; i < wanted->list.count; i++) {
		if (strcmp(wanted->list.items[i].commit, commit) == 0)
			return true;
	}
	return false;
}

/* The named runs in the order of the record, newest first. */
static int order_runs(struct state *state, struct ends *wanted, struct err *err)
{
	struct ends all = {.until = "", .arena = wanted->arena};
	size_t kept = 0;

	if (state_log(state, NULL, collect_end, &all, err) < 0) {
		free(all.list.items);
		return -1;
	}
	for (size_t i = 0; i < all.list.count; i++) {
		if (is_named(wanted, all.list.items[i].commit))
			all.list.items[kept++] = all.list.items[i];
	}
	free(wanted->list.items);
	wanted->list.items = all.list.items;
	wanted->list.count = kept;
	wanted->list.capacity = all.list.capacity;
	return 0;
}

int plan_revert(struct state *state, const struct reconcile_input *input,
		const struct strs *runs, struct plan *plan, struct err *err)
{
	struct reverting reverting;
	struct ends ends = {.arena = &reverting.arena};
	int failed = 0;

	reverting_init(&reverting, state, input, plan);
	for (size_t i = 0; !failed && i < runs->count; i++) {
		char commit[COMMIT_TEXT_SIZE];
		struct str name = arena_str(&reverting.arena, runs->items[i]);
		size_t before = ends.list.count;

		failed = state_resolve(state, name.ptr, commit, err);
		if (!failed)
			failed = state_log(state, commit, collect_end, &ends, err);
		if (!failed && ends.list.count == before)
			failed = err_set(err, ERR_FAILED,
					 "%s is not the end of a run: `zsctl log` lists them",
					 name.ptr);
	}
	if (!failed)
		failed = order_runs(state, &ends, err);
	if (!failed)
		failed = undo_ends(&reverting, &ends, err);
	free(ends.list.items);
	reverting_release(&reverting);
	return failed;
}

int plan_rollback(struct state *state, const struct reconcile_input *input, const char *commit,
		  struct plan *plan, struct err *err)
{
	struct reverting reverting;
	char until[COMMIT_TEXT_SIZE], head[COMMIT_TEXT_SIZE];
	struct ends ends = {.until = until, .arena = &reverting.arena};
	int failed, ancestor;

	reverting_init(&reverting, state, input, plan);
	failed = state_resolve(state, commit, until, err);
	if (!failed)
		failed = state_head(state, head, err);
	if (!failed) {
		ancestor = state_is_ancestor(state, until, head, err);
		failed = ancestor < 0 ? -1 : 0;
		if (!failed && !ancestor)
			failed = err_set(err, ERR_FAILED,
					 "%s is not in the history of this record", commit);
	}
	if (!failed)
		failed = state_log(state, NULL, collect_end, &ends, err);
	if (!failed)
		failed = undo_ends(&reverting, &ends, err);
	free(ends.list.items);
	reverting_release(&reverting);
	return failed;
}
