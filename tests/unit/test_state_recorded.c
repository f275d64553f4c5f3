#include "recorded_sample.h"

#include "state_internal.h"

#include <setjmp.h>

#include <cmocka.h>

#include "record_fixture.h"

/* --- accounts ----------------------------------------------------------------------------- */

enum { NUMBERS = 400, COMMITS = 60 };

/* What the record should hold. */
struct model {
	struct sample sample;
	struct arena arena;
	struct recorded_account accounts[NUMBERS];
	bool there[NUMBERS];
	struct recorded_source source;
};

/* All of it, sorted. */
static struct recorded whole_model(struct model *model, struct recorded_account sorted[NUMBERS])
{
	struct recorded recorded = {
		.items = sorted, .sources = &model->source, .source_count = 1};

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
	return recorded;
}

static void print_model(struct model *model, struct buf *out)
{
	struct recorded_account sorted[NUMBERS];
	struct recorded recorded = whole_model(model, sorted);

	sample_print(&recorded, out);
}

static void commit_some(struct state *state, struct model *model, uint32_t most)
{
	const struct recorded_account *write[NUMBERS];
	const struct account *remove[NUMBERS];
	struct recorded_account sorted[NUMBERS];
	struct recorded recorded;
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
	/* Also some that do not change; a removed one may have come back: what is written
	 * wins. */
	for (uint32_t i = 0; i < NUMBERS; i++) {
		if (model->there[i])
			write[commit.write_count++] = &model->accounts[i];
	}
	model->source.users += 3;
	recorded = whole_model(model, sorted);
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
	assert_true(os_exists(cache));
	for (size_t i = 0; i < COMMITS; i += 7)
		check_recorded(state, commits[i], texts[i]);
	unlink(cache);
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

/* --- the cache ---------------------------------------------------------------------------- */

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
		HERE(records_what_it_is_given),
		HERE(lists_changed_accounts),
		HERE(makes_a_defective_cache_anew),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
