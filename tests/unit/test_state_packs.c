/* Each commit makes a pack; from time to time many become one. */
#include "recorded_sample.h"

#include "state.h"

#include <setjmp.h>

#include <cmocka.h>

#include "record_fixture.h"

#include <sys/wait.h>

enum { COMMITS = 60 };

static void commit_account(struct state *state, struct sample *sample, uint32_t number)
{
	struct recorded_account account = sample_account(sample, &scratch_arena, number);
	const struct recorded_account *write[] = {&account};
	char head[COMMIT_TEXT_SIZE], out[COMMIT_TEXT_SIZE];
	struct err err = ERR_INIT;
	struct state_commit commit = {.expected_head = head,
				      .message = STR("end r1"),
				      .author = STR("jane@laptop"),
				      .write = write,
				      .write_count = 1};

	assert_int_equal(state_head(state, head, &err), 0);
	if (state_commit(state, &commit, NULL, out, &err) < 0)
		fail_msg("%s", err.text);
}

static unsigned pack_count(void)
{
	uint64_t count;

	assert_true(str_to_u64(
		str_trim(str_of(output_of("sh", "-c", "ls \"$1\" | grep -c 'pack$'", "sh",
					  in_scratch("state/objects/pack"), NULL))),
		&count));
	return (unsigned)count;
}

static size_t account_count(struct state *state)
{
	struct sym_pool names = SYM_POOL_INIT;
	struct recorded recorded;
	struct err err = ERR_INIT;
	size_t count = 0;

	if (state_recorded(state, &names, &recorded, &err) == 0)
		count = recorded.count;
	recorded_release(&recorded);
	sym_pool_release(&names);
	return count;
}

static void merges_small_packs(void **unused)
{
	struct state *state = open_state(true);
	struct sample sample = {SYM_POOL_INIT, 5};
	unsigned most = 0;

	(void)unused;
	for (uint32_t i = 0; i < COMMITS; i++) {
		unsigned packs;

		commit_account(state, &sample, i);
		packs = pack_count();
		most = packs > most ? packs : most;
	}
	assert_true(most < 50);
	assert_int_equal(account_count(state), COMMITS);
	output_of("git", "-C", in_scratch("state"), "fsck", "--strict", NULL);
	assert_string_equal(output_of("git", "-C", in_scratch("state"), "rev-list", "--count",
				      "main", NULL),
			    arena_strf(&scratch_arena, "%d\n", COMMITS).ptr);
	state_free(state);
	sym_pool_release(&sample.names);
}

/* What git's own tools have arranged stays, and zsctl goes on with it. */
static void leaves_others_packs_alone(void **unused)
{
	struct state *state = open_state(true);
	struct sample sample = {SYM_POOL_INIT, 5};
	const char *path = in_scratch("state");

	(void)unused;
	for (uint32_t i = 0; i < 10; i++)
		commit_account(state, &sample, i);
	output_of("git", "-C", path, "gc", "--quiet", "--prune=now", NULL);
	assert_int_equal(pack_count(), 1);
	output_of("git", "-C", path, "multi-pack-index", "write", NULL);
	for (uint32_t i = 10; i < 70; i++)
		commit_account(state, &sample, i);
	assert_int_equal(pack_count(), 61);
	assert_int_equal(account_count(state), 70);
	output_of("git", "-C", path, "fsck", "--strict", NULL);
	state_free(state);
	sym_pool_release(&sample.names);
}

/* A process that knows the old packs only finds what it wants in the new one. */
static void merges_beneath_a_reader(void **unused)
{
	struct state *state = open_state(true);
	struct sample sample = {SYM_POOL_INIT, 5};
	int ready[2], go[2], status;
	pid_t child;
	char c = 'x';

	(void)unused;
	for (uint32_t i = 0; i < 40; i++)
		commit_account(state, &sample, i);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct state *reader = open_state(false);
		char head[COMMIT_TEXT_SIZE];
		struct recorded recorded;
		struct sym_pool names = SYM_POOL_INIT;
		struct err err = ERR_INIT;
		bool good = state_head(reader, head, &err) == 0 &&
			    write(ready[1], &c, 1) == 1 && read(go[0], &c, 1) == 1 &&
			    state_recorded_at(reader, head, &names, &recorded, &err) == 0 &&
			    recorded.count == 40;

		_exit(good ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	for (uint32_t i = 40; i < 50; i++)
		commit_account(state, &sample, i);
	assert_true(pack_count() < 40);
	assert_int_equal(write(go[1], &c, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	state_free(state);
	sym_pool_release(&sample.names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HERE(merges_small_packs),
		HERE(leaves_others_packs_alone),
		HERE(merges_beneath_a_reader),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
