#include "state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "record_fixture.h"

/* Commits on top of the head; returns the new id, in the scratch arena. */
static const char *commit_files(struct state *state, const char *message,
				const struct state_file *files, size_t count)
{
	char out[COMMIT_TEXT_SIZE];
	struct err err = ERR_INIT;
	struct state_commit commit = {.expected_head = head_of(state),
				      .message = str_of(message),
				      .author = STR("jane@laptop"),
				      .time = 1800000000,
				      .files = files,
				      .file_count = count};

	if (state_commit(state, &commit, NULL, out, &err) < 0)
		fail_msg("%s", err.text);
	return arena_str(&scratch_arena, str_of(out)).ptr;
}

/* --- what was there once ------------------------------------------------------------------- */

static void takes_no_lost_branch_for_a_first_run(void **unused)
{
	static const struct state_file file = {{"a", 1}, {"1\n", 2}};
	static const char *const lost[] = {"refs/heads/main", "HEAD"};
	struct state *state = open_state(true);
	struct err err = ERR_INIT;

	(void)unused;
	commit_files(state, "policy: a", &file, 1);
	state_free(state);
	for (size_t i = 0; i < 2; i++) {
		const char *path = in_scratch("state/%s", lost[i]);

		assert_int_equal(rename(path, in_scratch("kept")), 0);
		assert_int_equal(state_open(&state, in_scratch("state"), false, &err), -1);
		assert_int_equal(err.class, ERR_FAILED);
		if (i == 0)
			assert_non_null(
				strstr(err.text, "is damaged: its branch main is gone"));
		assert_int_equal(rename(in_scratch("kept"), path), 0);
	}
	assert_int_equal(state_open(&state, in_scratch("state"), false, &err), 0);
	state_free(state);
}

/* --- nothing there yet -------------------------------------------------------------------- */

static void reads_a_missing_record_as_empty(void **unused)
{
	struct state *state = open_state(false);
	struct sym_pool names = SYM_POOL_INIT;
	struct arena arena = ARENA_INIT;
	struct recorded recorded;
	struct state_open_run run;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	bool found = true;

	(void)unused;
	assert_string_equal(head_of(state), "");
	assert_int_equal(state_recorded(state, &names, &recorded, &err), 0);
	assert_int_equal(recorded.count, 0);
	assert_string_equal(recorded.head, "");
	assert_int_equal(state_file(state, NULL, "format", &bytes, &found, &err), 0);
	assert_false(found);
	assert_int_equal(state_open_run(state, &arena, &run, &err), 0);
	assert_int_equal(run.id.len, 0);
	assert_int_equal(run.kind, COMMIT_NONE);
	assert_int_equal(state_is_ancestor(state, "", "", &err), 1);
	assert_false(os_exists(in_scratch("state")));
	recorded_release(&recorded);
	sym_pool_release(&names);
	arena_release(&arena);
	state_free(state);
}

static void makes_a_private_repository(void **unused)
{
	struct state *reader = open_state(false);
	struct state *state = open_state(true);
	struct state_file file = {STR("runs/r1/plan.yaml"), STR("zsctl_plan: 1\n")};
	const char *path = in_scratch("state");
	struct stat status;
	const char *id;

	(void)unused;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(stat(state_private_dir(state).ptr, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_string_equal(head_of(state), "");
	id = commit_files(state, "begin r1", &file, 1);
	assert_string_equal(head_of(reader), id);
	assert_string_equal(output_of("git", "-C", path, "rev-parse", "HEAD", NULL),
			    arena_strf(&scratch_arena, "%s\n", id).ptr);
	assert_string_equal(output_of("git", "-C", path, "show", "HEAD:runs/r1/plan.yaml",
				      NULL),
			    "zsctl_plan: 1\n");
	assert_string_equal(output_of("git", "-C", path, "show", "HEAD:format", NULL), "1\n");
	output_of("git", "-C", path, "fsck", "--strict", NULL);
	state_free(state);
	state_free(reader);
}

static void refuses_what_is_no_record(void **unused)
{
	const char *path = in_scratch("state");
	struct err err = ERR_INIT;
	struct state *state;
	struct state_file newer = {STR("format"), STR("2\n")};

	(void)unused;
	assert_int_equal(mkdir(path, 0700), 0);
	state_free(open_state(false));
	write_scratch(in_scratch("state/letter.txt"), STR("dear"));
	assert_int_equal(state_open(&state, path, true, &err), -1);
	assert_non_null(strstr(err.text, "is not a git repository, and holds letter.txt"));
	unlink(in_scratch("state/letter.txt"));

	/* As a process leaves it that is killed while it makes the repository. */
	assert_int_equal(mkdir(in_scratch("state/objects"), 0700), 0);
	write_scratch(in_scratch("state/config.lock"), STR("[core]"));
	write_scratch(in_scratch("state/HEAD.lock"), STR("ref:"));
	state_free(open_state(false));
	state = open_state(true);
	commit_files(state, "policy", NULL, 0);
	commit_files(state, "policy", &newer, 1);
	state_free(state);
	assert_int_equal(state_open(&state, path, false, &err), -1);
	assert_non_null(
		strstr(err.text, "has format 2, this zsctl knows up to 1: use a newer"));

	unlink(in_scratch("state/HEAD"));
	assert_int_equal(state_open(&state, path, false, &err), -1);
	assert_non_null(strstr(err.text, "is damaged: it has a branch main, but no HEAD"));

	output_of("git", "init", "-q", "--bare", "-b", "main", in_scratch("other"), NULL);
	output_of("git", "-C", in_scratch("other"), "-c", "user.name=a", "-c", "user.email=b",
		  "commit-tree", "-m", "x", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", NULL);
	output_of("sh", "-c",
		  "cd \"$1\" && git update-ref refs/heads/main $(git -c user.name=a -c "
		  "user.email=b commit-tree -m x 4b825dc642cb6eb9a060e54bf8d69288fbee4904)",
		  "sh", in_scratch("other"), NULL);
	assert_int_equal(state_open(&state, in_scratch("other"), true, &err), -1);
	assert_non_null(strstr(err.text, "but no record of zsctl"));
}

/* --- files -------------------------------------------------------------------------------- */

static void keeps_files(void **unused)
{
	struct state *state = open_state(true);
	struct state_file files[] = {{STR("runs/r1/plan.yaml"), STR("a\n")},
				     {STR("runs/r1/approvals/kim.sig"), STR("")},
				     {STR("runs/r10/plan.yaml"), STR("b\n")},
				     {STR("runs/r1-2/plan.yaml"), STR("c\n")},
				     {STR("policy/policy.yaml"), STR("p\n")}};
	struct state_file removal[] = {{STR("runs/r1/approvals/kim.sig"), STR_NONE},
				       {STR("policy/policy.yaml"), STR_NONE},
				       {STR("never/was/there"), STR_NONE},
				       {STR("runs/r10/plan.yaml"), STR("d\n")}};
	const char *first = commit_files(state, "one", files, 5), *second;
	const char *path = in_scratch("state");
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	bool found;

	(void)unused;
	second = commit_files(state, "two", removal, 4);
	assert_string_equal(output_of("git", "-C", path, "ls-tree", "-r", "--name-only", first,
				      "runs", NULL),
			    "runs/r1-2/plan.yaml\nruns/r1/approvals/kim.sig\n"
			    "runs/r1/plan.yaml\nruns/r10/plan.yaml\n");
	assert_string_equal(
		output_of("git", "-C", path, "ls-tree", "-r", "--name-only", second, NULL),
		"format\nruns/r1-2/plan.yaml\nruns/r1/plan.yaml\nruns/r10/plan.yaml\n");

	assert_int_equal(state_file(state, first, "runs/r10/plan.yaml", &bytes, &found, &err),
			 0);
	assert_string_equal(bytes.ptr, "b\n");
	assert_int_equal(state_file(state, NULL, "runs/r10/plan.yaml", &bytes, &found, &err),
			 0);
	assert_true(found);
	assert_string_equal(bytes.ptr, "d\n");
	assert_int_equal(
		state_file(state, first, "runs/r1/approvals/kim.sig", &bytes, &found, &err), 0);
	assert_true(found);
	assert_int_equal(bytes.len, 0);
	assert_int_equal(state_file(state, "", "policy/policy.yaml", &bytes, &found, &err), 0);
	assert_false(found);
	assert_int_equal(state_file(state, "", "runs", &bytes, &found, &err), 0);
	assert_false(found);
	output_of("git", "-C", in_scratch("state"), "fsck", "--strict", NULL);
	buf_release(&bytes);
	state_free(state);
}

static void refuses_paths_that_mislead(void **unused)
{
	static const char *const paths[] = {"",
					    "/",
					    "a/",
					    "/a",
					    "a//b",
					    ".",
					    "..",
					    "../a",
					    "a/../b",
					    ".git",
					    "runs/.git/config",
					    "runs/r\n/plan",
					    "runs/\x1b[m",
					    "a\\b",
					    "Zo\xc3\xab",
					    "a/b/c/d/e/f/g/h/i"};
	struct state *state = open_state(true);

	(void)unused;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct state_file file = {str_of(paths[i]), STR("x")};
		struct state_commit commit = {.expected_head = "",
					      .message = STR("x"),
					      .author = STR("a"),
					      .files = &file,
					      .file_count = 1};
		char out[COMMIT_TEXT_SIZE] = "untouched";
		struct err err = ERR_INIT;

		assert_int_equal(state_commit(state, &commit, NULL, out, &err), -1);
		assert_non_null(strstr(err.text, "cannot hold a file named"));
		assert_string_equal(out, "untouched");
		assert_string_equal(head_of(state), "");
	}
	state_free(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HERE(takes_no_lost_branch_for_a_first_run),
		HERE(makes_a_private_repository),
		HERE(reads_a_missing_record_as_empty),
		HERE(makes_a_private_repository),
		HERE(refuses_what_is_no_record),
		HERE(keeps_files),
		HERE(refuses_paths_that_mislead),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
