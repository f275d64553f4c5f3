#include "apply_bench.h"

/* --- requests that end in all ways ---------------------------------------------------------------------- */

#define ALL_DONE                                                                     \
	"suspend kim: done\ngrant info: done\nupdate bob: done\nupdate jane: done\n" \
	"create sam: done\ncreate front: done\n"

static void applies_and_records(void **unused)
{
	static const struct {
		const char *script, *expected;
		int class; /* 0: done */
		bool same; /* as without faults, in the target and in the record */
	} cases[] = {
		{"", ALL_DONE, 0, true},
		{"update jane lost", ALL_DONE, 0, true},
		{"update jane dropped", ALL_DONE, 0, true},
		{"create sam lost", ALL_DONE, 0, true},
		{"create sam dropped", ALL_DONE, 0, true},
		{"create sam lost; update sam lost; suspend kim lost; update info lost; "
		 "update front lost",
		 ALL_DONE, 0, true},
		{"create sam dropped; update sam dropped; suspend kim dropped; update info "
		 "dropped; create front dropped",
		 ALL_DONE, 0, true},
		{"update jane dropped 2",
		 "suspend kim: done\ngrant info: done\nupdate bob: done\n"
		 "update jane: failed: the target gave no answer, and nothing has changed\n"
		 "create sam: done\ncreate front: done\n",
		 ERR_PARTIAL, false},
		{"suspend kim failed",
		 "suspend kim: failed: out of order\ngrant info: done\nupdate bob: done\n"
		 "update jane: done\ncreate sam: done\ncreate front: done\n",
		 ERR_PARTIAL, false},
		/* A delegation to a failed create is left out, the rest of it is sent. */
		{"create sam failed",
		 "suspend kim: done\n"
		 "grant info: partly done: sam@example.org was left out: no active account of "
		 "that address\n"
		 "update bob: done\nupdate jane: done\ncreate sam: failed: out of order\n"
		 "create front: done\n",
		 ERR_PARTIAL, false},
		/* An address that was not freed stops its claim. */
		{"update bob failed",
		 "suspend kim: done\ngrant info: done\nupdate bob: failed: out of order\n"
		 "update jane: done\ncreate sam: done\n"
		 "create front: partly done: it depends on update user bob@example.org, which was "
		 "not done\n",
		 ERR_PARTIAL, false},
		{"update sam failed",
		 "suspend kim: done\ngrant info: done\nupdate bob: done\nupdate jane: done\n"
		 "create sam: partly done: out of order\ncreate front: done\n",
		 ERR_PARTIAL, false},
		/* Changed by somebody else while the request was lost. */
		{"update jane edit",
		 "suspend kim: done\ngrant info: done\nupdate bob: done\n"
		 "update jane: stale: it was changed after the plan was made\n"
		 "create sam: done\ncreate front: done\n",
		 ERR_PARTIAL, false},
	};
	const char *tree = NULL, *target = NULL;

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;
		int failed;

		if (i > 0)
			assert_int_equal(scratch_make(NULL), 0);
		bench_open(&bench);
		make_plan(&bench, "20261120T101500Z-00000001");
		failed = apply_plan(&bench, APPLY_RUN, cases[i].script);
		if (strcmp(outcomes(&bench), cases[i].expected) != 0 ||
		    (failed ? (int)bench.err.class : 0) != cases[i].class)
			fail_msg("'%s':\n%s\n%s", cases[i].script, outcomes(&bench),
				 failed ? bench.err.text : "");
		if (i == 0) {
			tree = record_tree();
			target = organization_now();
		}
		if (cases[i].same) {
			if (strcmp(organization_now(), target) != 0)
				fail_msg("'%s': %s\n%s", cases[i].script, target,
					 organization_now());
			if (strcmp(record_tree(), tree) != 0)
				fail_msg("'%s': the record is\n%s", cases[i].script,
					 output_of("git", "-C", in_scratch("state"), "log",
						   "-p", "-1", NULL));
		}
		bench_close(&bench);
		if (i + 1 < COUNT(cases)) {
			struct arena kept = scratch_arena;

			scratch_arena = (struct arena)ARENA_INIT;
			scratch_clear(NULL);
			scratch_arena = kept;
		}
	}
}

/* --- runs that stop ------------------------------------------------------------------------------------- */

static const char *head_subject(void)
{
	return output_of("git", "-C", in_scratch("state"), "log", "-1", "--format=%s", NULL);
}

static void continues_what_was_stopped(void **unused)
{
	static const char *const scripts[] = {
		"suspend kim fatal", "update info fatal", "update jane fatal",
		"create sam fatal",  "update sam fatal",  "create front fatal",
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct bench bench;

		if (i > 0)
			assert_int_equal(scratch_make(NULL), 0);
		bench_plan(&bench);
		expect_apply(&bench, APPLY_RUN, scripts[i], ERR_PARTIAL, "still open");
		assert_true(bench.result.stopped);
		assert_string_equal(head_subject(), "begin 20261120T101500Z-00000001\n");
		expect_apply(&bench, APPLY_RUN, "", 0, "");
		assert_string_equal(outcomes(&bench), ALL_DONE);
		expect_apply(&bench, APPLY_RUN, "", ERR_STALE, "applied already");
		bench_close(&bench);
		if (i + 1 < COUNT(scripts))
			scratch_clear(NULL);
	}
}

static void closes_what_was_stopped(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_plan(&bench);
	expect_apply(&bench, APPLY_CLOSE, "", ERR_PERSON, "nothing to close");
	expect_apply(&bench, APPLY_RUN, "update jane fatal", ERR_PARTIAL, "still open");
	make_plan(&bench, "20261120T101600Z-00000002");
	expect_apply(&bench, APPLY_RUN, "", ERR_PERSON, "still open: continue it");
	/* The plan of the open run, as the record has it. */
	write_scratch(in_scratch("plan.yaml"),
		      str_of(output_of("git", "-C", in_scratch("state"), "show",
				       "HEAD:runs/20261120T101500Z-00000001/plan.yaml", NULL)));
	plan_release(&bench.plan);
	must(plan_read_file(&bench.plan, in_scratch("plan.yaml"), NULL, &bench.err),
	     &bench.err);
	expect_apply(&bench, APPLY_CLOSE, "", ERR_PARTIAL, "in part");
	assert_true(bench.result.closed);
	assert_true(str_starts(str_of(head_subject()), "end 20261120T101500Z-00000001: "));
	bench_close(&bench);
}

/* As if another machine had taken the run. */
static void take_elsewhere(void)
{
	struct err err = ERR_INIT;
	char head[COMMIT_TEXT_SIZE], made[COMMIT_TEXT_SIZE];
	struct state_commit commit = {.expected_head = head,
				      .message = STR("takeover 20261120T101500Z-00000001\n"),
				      .author = STR("ci@elsewhere.example.org"),
				      .time = NOW};
	struct state *state;

	must(state_open(&state, "state", false, &err), &err);
	must(state_head(state, head, &err), &err);
	must(state_commit(state, &commit, NULL, made, &err), &err);
	state_free(state);
}

static void takes_over_from_another_host(void **unused)
{
	struct bench bench;
	struct buf said = BUF_INIT;

	(void)unused;
	bench_plan(&bench);
	expect_apply(&bench, APPLY_RUN, "update jane fatal", ERR_PARTIAL, "still open");
	take_elsewhere();
	expect_apply(&bench, APPLY_RUN, "", ERR_PERSON, "ci@elsewhere.example.org began");
	assert_int_equal(failing.submitted, 0);
	must(apply_unlock(&bench.config, NOW + 60, &said, &bench.err), &bench.err);
	assert_non_null(strstr(said.ptr, "of ci@elsewhere.example.org is taken over"));
	expect_apply(&bench, APPLY_RUN, "", 0, "");
	assert_string_equal(outcomes(&bench), ALL_DONE);
	buf_clear(&said);
	must(apply_unlock(&bench.config, NOW + 60, &said, &bench.err), &bench.err);
	assert_non_null(strstr(said.ptr, "No run is open"));
	buf_release(&said);
	bench_close(&bench);
}

static void stops_when_most_fails(void **unused)
{
	struct bench bench;
	struct buf users = BUF_INIT, wanted = BUF_INIT;

	(void)unused;
	bench_open(&bench);
	buf_puts(&users, "{\"users\":[\n");
	buf_puts(&wanted, "zsctl_accounts: 1\nusers:\n");
	for (int i = 0; i < 100; i++) {
		buf_addf(&users,
			 "%s{\"id\":\"u%d\",\"userName\":\"u%d@example.org\",\"active\":true,"
			 "\"name\":{\"formatted\":\"U\"}}",
			 i ? ",\n" : "", i, i);
		buf_addf(&wanted, "  - {address: u%d@example.org, name: New}\n", i);
	}
	buf_puts(&users, "\n],\"groups\":[]}\n");
	write_scratch(in_scratch("organization.json"), buf_str(&users));
	write_scratch(in_scratch("accounts.yaml"), buf_str(&wanted));
	make_plan(&bench, "20261120T101500Z-00000001");
	expect_apply(&bench, APPLY_RUN, "update * failed 100", ERR_PARTIAL, "requests failed");
	assert_true(failing.submitted < 30);
	buf_release(&users);
	buf_release(&wanted);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(applies_and_records),     TEST(continues_what_was_stopped),
		TEST(closes_what_was_stopped), TEST(takes_over_from_another_host),
		TEST(stops_when_most_fails),
	};

	return bench_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
