/*
 * Step 1, the record since the plan was made: has it been applied already, was it made against this
 * record, and did a later run touch the accounts it is about?
 */
#include "apply_internal.h"

struct str verify_run_path(struct arena *arena, const struct plan *plan, const char *file)
{
	return arena_strf(arena, "runs/%.*s/%s", STR_FMT(plan->id), file);
}

int verify_not_applied(struct state *state, const struct plan *plan, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	bool found;

	if (state_file(state, NULL, verify_run_path(&arena, plan, "result.yaml").ptr, &bytes,
		       &found, err) < 0)
		return -1;
	if (found)
		return err_set(
			err, ERR_STALE,
			"the plan has been applied already (`zsctl log` shows the run, `zsctl "
			"show %.*s` what became of it): plan again",
			STR_FMT(plan->id));
	return 0;
}

/* The paths of all accounts a plan is about: those it changes, whose addresses it claims, and
 * whom it gives access. */
struct touched {
	struct sym_pool paths;
	struct buf path;
};

static void touch(struct touched *touched, struct sym_pool *scratch, enum account_kind kind,
		  struct str address)
{
	const struct account account = {.kind = (uint8_t)kind,
					.address = sym_get(scratch, address)};

	buf_clear(&touched->path);
	recorded_path(&account, &touched->path);
	sym_get(&touched->paths, buf_str(&touched->path));
}

static void touch_all(struct touched *touched, const struct plan *plan)
{
	struct sym_pool scratch = SYM_POOL_INIT;

	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		touch(touched, &scratch, change->kind, change->address);
		for (int kind = 0; kind < KIND_COUNT; kind++) {
			if (change->action == ACTION_CREATE)
				touch(touched, &scratch, (enum account_kind)kind,
				      change->address);
			if (change->rename.set)
				touch(touched, &scratch, (enum account_kind)kind,
				      change->rename.to);
			for (size_t a = 0; a < change->aliases_add.count; a++)
				touch(touched, &scratch, (enum account_kind)kind,
				      change->aliases_add.items[a]);
		}
		for (size_t d = 0; d < change->delegates_add.count; d++)
			touch(touched, &scratch, KIND_USER,
			      change->delegates_add.items[d].address);
	}
	for (size_t i = 0; i < plan->adopt.count; i++)
		touch(touched, &scratch, plan->adopt.items[i].kind,
		      plan->adopt.items[i].address);
	sym_pool_release(&scratch);
}

/* The commits behind the plan's base, newest first. */
struct later {
	const char *base;
	struct {
		struct later_commit {
			char commit[COMMIT_TEXT_SIZE];
			enum commit_kind kind;
			char run[64];
		} * items;
		size_t count, capacity;
	} commits;
};

static int later_commit(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct later *later = context;
	struct later_commit *commit;

	(void)err;
	if (strcmp(entry->commit, later->base) == 0)
		return 1;
	commit = vec_push(&later->commits);
	memcpy(commit->commit, entry->commit, sizeof(commit->commit));
	commit->kind = entry->kind;
	snprintf(commit->run, sizeof(commit->run), "%.*s", STR_FMT(entry->run));
	return 0;
}

/* "jane@example.org" of accounts/user/3f/jane@example.org.yaml */
static struct str path_address(struct str path)
{
	for (size_t i = path.len; i > 0; i--) {
		if (path.ptr[i - 1] == '/')
			return (struct str){path.ptr + i, path.len - i - strlen(".yaml")};
	}
	return path;
}

static int check_run(struct state *state, struct touched *touched, const char *before,
		     const struct later_commit *run, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct strs paths = {NULL, 0, 0};
	size_t hits = 0;

	if (state_changed_accounts(state, before, run->commit, &arena, &paths, err) < 0)
		return -1;
	for (size_t i = 0; i < paths.count; i++) {
		struct str address = path_address(paths.items[i]);

		if (!sym_find(&touched->paths, paths.items[i]))
			continue;
		if (hits++ < 5)
			buf_addf(&names, "%s%.*s", hits == 1 ? "" : ", ", STR_FMT(address));
	}
	if (!hits)
		return 0;
	if (hits > 5)
		buf_addf(&names, " and %zu more", hits - 5);
	return err_set(
		err, ERR_STALE,
		"run %s changed accounts of this plan after it was made (%s): plan again",
		run->run, names.ptr);
}

static int check_later_runs(struct state *state, const struct plan *plan, const char *base,
			    struct err *err)
{
	struct touched touched = {.paths = SYM_POOL_INIT, .path = BUF_INIT};
	struct later later = {.base = base, .commits = {NULL, 0, 0}};
	bool runs = false;
	int failed = state_log(state, NULL, later_commit, &later, err);

	for (size_t i = 0; i < later.commits.count; i++)
		runs = runs || later.commits.items[i].kind == COMMIT_END;
	if (!failed && runs)
		touch_all(&touched, plan);
	for (size_t i = 0; !failed && i < later.commits.count; i++) {
		const struct later_commit *commit = &later.commits.items[i];
		bool last = i + 1 == later.commits.count;

		if (commit->kind == COMMIT_END)
			failed = check_run(state, &touched,
					   last ? base : later.commits.items[i + 1].commit,
					   commit, err);
	}
	free(later.commits.items);
	buf_release(&touched.path);
	sym_pool_release(&touched.paths);
	return failed;
}

int verify_base(struct state *state, const struct plan *plan, struct err *err)
{
	char head[COMMIT_TEXT_SIZE], base[COMMIT_TEXT_SIZE];
	int ancestor;

	if (plan->base.len >= sizeof(base))
		return err_set(err, ERR_PERSON, "the plan's base is no commit");
	snprintf(base, sizeof(base), "%.*s", STR_FMT(plan->base));
	if (state_head(state, head, err) < 0)
		return -1;
	if (strcmp(head, base) == 0)
		return 0;
	ancestor = head[0] ? state_is_ancestor(state, base, head, err) : 0;
	if (ancestor < 0)
		return -1;
	if (!ancestor)
		return err_set(
			err, ERR_PERSON,
			"the plan was made against another record: its base %s is not in the "
			"history of this one; use the record it was made with, or plan again",
			base);
	return check_later_runs(state, plan, base, err);
}
