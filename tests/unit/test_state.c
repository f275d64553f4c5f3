#include "recorded_sample.h"

#include "state_internal.h"

#include <setjmp.h>

#include <cmocka.h>

#include "scratch.h"

static struct state *open_state(bool create)
{
	struct err err = ERR_INIT;
	struct state *state;

	if (state_open(&state, in_scratch("state"), create, &err) < 0)
		fail_msg("%s", err.text);
	return state;
}

static const char *head_of(struct state *state)
{
	static char head[COMMIT_TEXT_SIZE];
	struct err err = ERR_INIT;

	assert_int_equal(state_head(state, head, &err), 0);
	return head;
}

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

/* --- nothing there yet -------------------------------------------------------------------------- */

static void reads_a_missing_record_as_empty(void **unused)
{
	struct state *state = open_state(false);
	struct sym_pool names = SYM_POOL_INIT;
	struct arena arena = ARENA_INIT;
	struct recorded recorded;
	struct strs paths = {NULL, 0, 0};
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
	assert_int_equal(state_files(state, "", "runs", &arena, &paths, &err), 0);
	assert_int_equal(paths.count, 0);
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

/* --- files -------------------------------------------------------------------------------------- */

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
	struct strs paths = {NULL, 0, 0};
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	bool found;

	(void)unused;
	second = commit_files(state, "two", removal, 4);
	assert_int_equal(state_files(state, first, "runs", &scratch_arena, &paths, &err), 0);
	assert_int_equal(paths.count, 4);
	assert_string_equal(paths.items[0].ptr, "runs/r1-2/plan.yaml");
	assert_string_equal(paths.items[1].ptr, "runs/r1/approvals/kim.sig");
	assert_string_equal(paths.items[3].ptr, "runs/r10/plan.yaml");
	paths.count = 0;
	assert_int_equal(state_files(state, second, "", &scratch_arena, &paths, &err), 0);
	assert_int_equal(paths.count, 4);
	assert_string_equal(paths.items[0].ptr, "format");

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

/* --- accounts ----------------------------------------------------------------------------------- */

enum { NUMBERS = 400, COMMITS = 60 };

/* What the record should hold. */
struct model {
	struct sample sample;
	struct arena arena;
	struct recorded_account accounts[NUMBERS];
	bool there[NUMBERS];
	struct recorded_source source;
};

static void print_model(struct model *model, struct buf *out)
{
	struct recorded_account sorted[NUMBERS];
	struct recorded recorded = {.items = sorted};

	for (size_t i = 0; i < NUMBERS; i++) {
		size_t at = recorded.count;

		if (!model->there[i])
			continue;
		while (at > 0 &&
		       account_cmp(&sorted[at - 1].account, &model->accounts[i].account) > 0)
			at--;
		memmove(sorted + at + 1, sorted + at, (recorded.count - at) * sizeof(*sorted));
		sorted[at] = model->accounts[i];
		recorded.count++;
	}
	recorded.sources = &model->source;
	recorded.source_count = 1;
	sample_print(&recorded, out);
}

static void commit_some(struct state *state, struct model *model, uint32_t most)
{
	const struct recorded_account *write[NUMBERS];
	const struct account *remove[NUMBERS];
	struct recorded recorded = {.sources = &model->source, .source_count = 1};
	struct state_commit commit = {.expected_head = head_of(state),
				      .message = STR("end r1: some"),
				      .author = STR("jane@laptop"),
				      .time = 1800000000,
				      .write = write,
				      .remove = remove};
	char out[COMMIT_TEXT_SIZE];
	struct err err = ERR_INIT;

	for (uint32_t n = sample_next(&model->sample, most + 1); n > 0; n--) {
		uint32_t i = sample_next(&model->sample, NUMBERS);

		if (model->there[i] && sample_next(&model->sample, 3) == 0) {
			remove[commit.remove_count++] = &model->accounts[i].account;
			model->there[i] = false;
			continue;
		}
		model->accounts[i] = sample_account(&model->sample, &model->arena, i);
		model->there[i] = true;
	}
	/* Also some that do not change; a removed one may have come back: what is written wins. */
	for (uint32_t i = 0; i < NUMBERS; i++) {
		if (model->there[i])
			write[commit.write_count++] = &model->accounts[i];
	}
	model->source.users += 3;
	if (state_commit(state, &commit, &recorded, out, &err) < 0)
		fail_msg("%s", err.text);
}

static void check_recorded(struct state *state, const char *commit, const char *expected)
{
	struct sym_pool names = SYM_POOL_INIT;
	struct recorded recorded;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	int status = commit ? state_recorded_at(state, commit, &names, &recorded, &err)
			    : state_recorded(state, &names, &recorded, &err);

	if (status < 0)
		fail_msg("%s", err.text);
	assert_string_equal(recorded.head, commit ? commit : head_of(state));
	sample_print(&recorded, &text);
	assert_string_equal(text.ptr, expected);
	for (size_t i = 0; i < recorded.count; i++)
		assert_int_equal(recorded.items[i].account.has, RECORDED_HAS);
	buf_release(&text);
	recorded_release(&recorded);
	sym_pool_release(&names);
}

static void records_what_it_is_given(void **unused)
{
	struct state *state = open_state(true);
	struct model *model = mem_calloc(1, sizeof(*model));
	const char *commits[COMMITS], *texts[COMMITS];
	const char *cache = in_scratch("state/zsctl/accounts.cache");
	struct err err = ERR_INIT;

	(void)unused;
	model->sample.seed = 7;
	model->source.name = sample_sym(&model->sample, "on");
	for (size_t i = 0; i < COMMITS; i++) {
		struct buf text = BUF_INIT;

		commit_some(state, model, i == 0 ? NUMBERS * 3 : (uint32_t)i % 20);
		if (i % 8 == 5) {
			state_free(state);
			state = open_state(false);
		}
		print_model(model, &text);
		texts[i] = arena_str(&scratch_arena, buf_str(&text)).ptr;
		commits[i] = arena_str(&scratch_arena, str_of(head_of(state))).ptr;
		if (i % 16 == 9)
			unlink(cache);
		check_recorded(state, NULL, texts[i]);
		buf_release(&text);
	}
	for (size_t i = 0; i < COMMITS; i += 7)
		check_recorded(state, commits[i], texts[i]);
	assert_int_equal(state_is_ancestor(state, commits[3], commits[9], &err), 1);
	assert_int_equal(state_is_ancestor(state, commits[9], commits[3], &err), 0);
	output_of("git", "-C", in_scratch("state"), "fsck", "--strict", NULL);
	assert_string_equal(output_of("git", "-C", in_scratch("state"), "count-objects", NULL),
			    "0 objects, 0 kilobytes\n");
	state_free(state);
	arena_release(&model->arena);
	sym_pool_release(&model->sample.names);
	free(model);
}

static void lists_changed_accounts(void **unused)
{
	struct state *state = open_state(true);
	struct sample sample = {SYM_POOL_INIT, 3};
	struct recorded_account accounts[3];
	const struct recorded_account *write[3] = {&accounts[0], &accounts[1], &accounts[2]};
	const struct account *remove[1] = {&accounts[1].account};
	struct state_commit commit = {.expected_head = "",
				      .message = STR("x"),
				      .author = STR("a"),
				      .write = write,
				      .write_count = 3};
	char first[COMMIT_TEXT_SIZE], second[COMMIT_TEXT_SIZE];
	struct strs paths = {NULL, 0, 0};
	struct err err = ERR_INIT;
	struct buf expected = BUF_INIT;

	(void)unused;
	for (uint32_t i = 0; i < 3; i++)
		accounts[i] = sample_account(&sample, &scratch_arena, i);
	assert_int_equal(state_commit(state, &commit, NULL, first, &err), 0);
	accounts[2].desired_since = 12345;
	commit = (struct state_commit){.expected_head = first,
				       .message = STR("x"),
				       .author = STR("a"),
				       .write = write,
				       .write_count = 3,
				       .remove = remove,
				       .remove_count = 1};
	commit.write = (const struct recorded_account *const[]){&accounts[0], &accounts[2]};
	commit.write_count = 2;
	assert_int_equal(state_commit(state, &commit, NULL, second, &err), 0);
	assert_int_equal(
		state_changed_accounts(state, first, second, &scratch_arena, &paths, &err), 0);
	assert_int_equal(paths.count, 2);
	recorded_path(&accounts[1].account, &expected);
	assert_true(strs_has(&paths, buf_str(&expected)));
	paths.count = 0;
	assert_int_equal(
		state_changed_accounts(state, "", second, &scratch_arena, &paths, &err), 0);
	assert_int_equal(paths.count, 2);
	assert_true(str_cmp(paths.items[0], paths.items[1]) < 0);
	buf_release(&expected);
	state_free(state);
	sym_pool_release(&sample.names);
}

/* --- the cache ---------------------------------------------------------------------------------- */

/* Few accounts are not worth a cache. */
static void write_cache(struct state *state, const struct recorded *recorded)
{
	struct err err = ERR_INIT;
	git_tree *root, *accounts;

	assert_int_equal(state_tree(state, NULL, &root, &err), 0);
	assert_int_equal(state_subtree(state, root, "accounts", &accounts, &err), 0);
	state_cache_write(state, git_tree_id(accounts), recorded);
	git_tree_free(accounts);
	git_tree_free(root);
}

static void makes_a_defective_cache_anew(void **unused)
{
	struct state *state = open_state(true);
	struct model *model = mem_calloc(1, sizeof(*model));
	const char *cache = in_scratch("state/zsctl/accounts.cache");
	struct buf text = BUF_INIT, whole = BUF_INIT;
	struct sym_pool names = SYM_POOL_INIT;
	struct recorded recorded;
	struct err err = ERR_INIT;

	(void)unused;
	model->sample.seed = 11;
	model->source.name = sample_sym(&model->sample, "ad");
	commit_some(state, model, 100);
	print_model(model, &text);
	assert_false(os_exists(cache));
	assert_int_equal(state_recorded(state, &names, &recorded, &err), 0);
	write_cache(state, &recorded);
	assert_int_equal(os_read_file(cache, 1 << 24, &whole, &err), 0);
	assert_true(whole.len > 5000);
	check_recorded(state, NULL, text.ptr);
	for (size_t i = 0; i < whole.len; i += i < 100 ? 1 : 97) {
		whole.ptr[i] = (char)(whole.ptr[i] ^ 0x41);
		write_scratch(cache, buf_str(&whole));
		check_recorded(state, NULL, text.ptr);
		whole.ptr[i] = (char)(whole.ptr[i] ^ 0x41);
		write_scratch(cache, (struct str){whole.ptr, i});
		check_recorded(state, NULL, text.ptr);
	}
	/* A whole one is believed: so it was read above. */
	recorded.items[0].desired_since = 4711;
	write_cache(state, &recorded);
	recorded_release(&recorded);
	assert_int_equal(state_recorded(state, &names, &recorded, &err), 0);
	assert_int_equal(recorded.items[0].desired_since, 4711);
	recorded_release(&recorded);
	sym_pool_release(&names);
	buf_release(&text);
	buf_release(&whole);
	state_free(state);
	arena_release(&model->arena);
	sym_pool_release(&model->sample.names);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_a_missing_record_as_empty, scratch_make,
						scratch_clear),
		cmocka_unit_test_setup_teardown(makes_a_private_repository, scratch_make,
						scratch_clear),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_record, scratch_make,
						scratch_clear),
		cmocka_unit_test_setup_teardown(keeps_files, scratch_make, scratch_clear),
		cmocka_unit_test_setup_teardown(refuses_paths_that_mislead, scratch_make,
						scratch_clear),
		cmocka_unit_test_setup_teardown(records_what_it_is_given, scratch_make,
						scratch_clear),
		cmocka_unit_test_setup_teardown(lists_changed_accounts, scratch_make,
						scratch_clear),
		cmocka_unit_test_setup_teardown(makes_a_defective_cache_anew, scratch_make,
						scratch_clear),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
