/*
 * Undoing runs: worlds before a run, from which its plan is made, and worlds after it, in which it
 * is undone.
 */
#include "scenario.h"

#include "history.h"
#include "result.h"
#include "scratch.h"

#define RUN1 "20261120T101500Z-00000001"
#define RUN2 "20261120T101500Z-00000002"

static void must(int failed, const struct err *err)
{
	if (failed)
		fail_msg("%s", err->text);
}

/* The plan's texts lie in the world. */
static void plan_of_world(struct test_world *t, const char *text, const char *id,
			  struct plan *plan)
{
	static const char digest[] = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef"
				     "0123456789abcdef";
	struct reconcile_input input;

	plan_init(plan);
	world_read(t, text, 0);
	input = world_input(t);
	reconcile(&input, plan, NULL);
	plan_sort(plan);
	plan->id = str_of(id);
	plan->organization = STR("example.org");
	plan->author = STR("jane@example.org");
	plan->created = 1795169700;
	plan->expires = 1795173300;
	plan->config_digest = plan->policy_digest = str_of(digest);
	plan->target_provider = STR("file");
	plan->target_endpoint = STR("organization.json");
}

/* Everything done but what `undone` names; created accounts have the ids of world.h. */
static void result_of_plan(const struct plan *plan, const char *undone,
			   struct run_result *result)
{
	run_result_init(result, plan->changes.count);
	result->host = result->user = STR("test");
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];
		struct str address = change->address, local;

		str_split(&address, '@', &local);
		result->items[i].outcome = CHANGE_DONE;
		if (undone && str_is(local, undone))
			result->items[i].outcome = CHANGE_ALREADY;
		if (change->action == ACTION_CREATE)
			result->items[i].id = arena_strf(&result->arena, "id-%.*s",
							 STR_FMT(local));
	}
}

/* Commits the end of the run whose plan the worlds `before` give. */
static void record_run(struct state *state, struct test_world *after, const char *before,
		       const char *id, const char *undone)
{
	struct err err = ERR_INIT;
	struct test_world then;
	struct plan plan;
	struct run_result result;
	struct buf bytes = BUF_INIT, ended = BUF_INIT, message = BUF_INIT;
	char head[COMMIT_TEXT_SIZE], made[COMMIT_TEXT_SIZE];
	const struct recorded_account *write[64];
	struct state_file files[2];
	struct state_commit commit = {.expected_head = head,
				      .author = STR("test@host"),
				      .write = write,
				      .files = files,
				      .file_count = 2};

	plan_of_world(&then, before, id, &plan);
	plan_write(&plan, &bytes);
	result_of_plan(&plan, undone, &result);
	result_write(&result, &plan, &ended);
	for (size_t i = 0; i < after->recorded.count; i++)
		write[commit.write_count++] = &after->recorded.items[i];
	files[0] = (struct state_file){arena_strf(&scratch_arena, "runs/%s/plan.yaml", id),
				       buf_str(&bytes)};
	files[1] = (struct state_file){arena_strf(&scratch_arena, "runs/%s/result.yaml", id),
				       buf_str(&ended)};
	buf_addf(&message, "end %s: done\n", id);
	commit.message = buf_str(&message);
	must(state_head(state, head, &err), &err);
	must(state_commit(state, &commit, NULL, made, &err), &err);
	run_result_release(&result);
	plan_release(&plan);
	world_free(&then);
	buf_release(&bytes);
	buf_release(&ended);
	buf_release(&message);
}

struct undo_case {
	const char *what;
	const char *first, *second; /* worlds before the runs; `second` may be NULL */
	const char *undone;         /* was so already */
	const char *after;          /* worlds now */
	const char *expected;
};

static void undo(const struct undo_case *c, struct buf *out)
{
	struct err err = ERR_INIT;
	struct test_world t;
	struct reconcile_input input;
	struct strs runs = {NULL, 0, 0};
	struct state *state;
	struct plan plan;

	must(state_open(&state, in_scratch("state"), true, &err), &err);
	world_read(&t, c->after, 0);
	input = world_input(&t);
	record_run(state, &t, c->first, RUN1, c->undone);
	strs_add(&t.arena, &runs, STR(RUN1));
	if (c->second) {
		record_run(state, &t, c->second, RUN2, NULL);
		strs_add(&t.arena, &runs, STR(RUN2));
	}
	plan_init(&plan);
	must(plan_revert(state, &input, &runs, &plan, &err), &err);
	plan_sort(&plan);
	render(out, &plan, false);
	plan_release(&plan);
	world_free(&t);
	state_free(state);
}

#define BY1 " suspended_by=" RUN1 ":100"

static const struct undo_case cases[] = {
	{"a grant",
	 "want user bob\nis user bob\nwas user bob\n"
	 "want user jane\nis user jane\nwas user jane\n"
	 "want functional info delegates=bob,jane\nis functional info delegates=jane\n"
	 "was functional info delegates=jane",
	 NULL, NULL,
	 "is user bob\nwas user bob\nis user jane\nwas user jane\n"
	 "is functional info delegates=bob,jane\nwas functional info delegates=bob,jane\n"
	 "want functional info delegates=bob,jane\nwant user bob\nwant user jane",
	 "revoke functional info -bob\n"
	 "warning functional info: the sources still ask for: delegate bob; without a change "
	 "there the next plan brings it back\n"},
	{"a grant that is gone already",
	 "want user bob\nis user bob\nwas user bob\n"
	 "want user jane\nis user jane\nwas user jane\n"
	 "want functional info delegates=bob,jane\nis functional info delegates=jane\n"
	 "was functional info delegates=jane",
	 NULL, NULL,
	 "is user bob\nwas user bob\nis user jane\nwas user jane\n"
	 "is functional info delegates=jane\nwas functional info delegates=bob,jane",
	 "manual functional info: is no longer read by bob\n"},
	{"a revoke",
	 "want user bob\nis user bob\nwas user bob\n"
	 "want user jane\nis user jane\nwas user jane\n"
	 "want functional info delegates=jane\nis functional info delegates=bob,jane\n"
	 "was functional info delegates=bob,jane",
	 NULL, NULL,
	 "is user bob\nwas user bob\nis user jane\nwas user jane\n"
	 "is functional info delegates=jane\nwas functional info delegates=jane",
	 "grant functional info +bob\n"},
	{"a revoke from somebody whose address is another person's now",
	 "want user bob\nis user bob\nwas user bob\n"
	 "want user jane\nis user jane\nwas user jane\n"
	 "want functional info delegates=jane\nis functional info delegates=bob,jane\n"
	 "was functional info delegates=bob,jane",
	 NULL, NULL,
	 "is user bob id=other\nwas user bob\nis user jane\nwas user jane\n"
	 "is functional info delegates=jane\nwas functional info delegates=jane",
	 "manual functional info: cannot be given back to a delegate who is gone: bob\n"},
	{"an update, of which the name has changed since",
	 "want user jane name=J alias=a unit=U\nis user jane alias=b\nwas user jane alias=b",
	 NULL, NULL, "is user jane name=K alias=a unit=U\nwas user jane name=J alias=a unit=U",
	 "update user jane unit= alias+b alias-a\n"
	 "manual user jane: has been changed since: its name\n"},
	{"an alias that is somebody else's now",
	 "want user jane alias=\nis user jane alias=b\nwas user jane alias=b", NULL, NULL,
	 "is user jane\nwas user jane\nis user kim alias=b",
	 "manual user jane: cannot get alias b back: it is another account's\n"},
	{"a rename",
	 "want user nina.new id=7 name=NINA\nis user nina\nwas user nina link=declared:7", NULL,
	 NULL, "is user nina.new id=id-nina name=NINA\nwas user nina.new id=id-nina name=NINA",
	 "update user nina.new address=nina\n"},
	{"a suspend", "is user bob\nwas user bob", NULL, NULL,
	 "is user bob suspended\nwas user bob" BY1,
	 "reactivate user bob\n"
	 "warning user bob: the sources still ask for: not active; without a change there the "
	 "next plan brings it back\n"},
	{"a suspend that was so already", "is user bob\nwas user bob", NULL, "bob",
	 "is user bob suspended\nwas user bob" BY1, ""},
	{"a suspend by somebody else", "is user bob\nwas user bob", NULL, NULL,
	 "is user bob suspended\nwas user bob suspended_by=other:100",
	 "manual user bob: is active again, or was suspended by somebody else since\n"},
	{"a suspend of a user and his access",
	 "is user bob\nwas user bob\nwant user jane\nis user jane\nwas user jane\n"
	 "want functional info delegates=jane\nis functional info delegates=bob\n"
	 "was functional info delegates=bob",
	 NULL, NULL,
	 "is user bob suspended\nwas user bob" BY1 "\nis user jane\nwas user jane\n"
	 "is functional info delegates=jane\nwas functional info delegates=jane\n"
	 "want user bob\nwant user jane\nwant functional info delegates=bob",
	 "grant functional info +bob -jane\nreactivate user bob\n"},
	{"a functional account that was suspended",
	 "want user bob\nis user bob\nwas user bob\nis functional info delegates=bob\n"
	 "was functional info delegates=bob",
	 NULL, NULL, "is user bob\nwas user bob\nis functional info\nwas functional info" BY1,
	 "reactivate functional info +bob\n"
	 "warning functional info: the sources still ask for: not active; without a change "
	 "there the next plan brings it back\n"},
	{"a create", "want user sam\nwant functional desk delegates=sam", NULL, NULL,
	 "is user sam\nwas user sam\nis functional desk delegates=sam\n"
	 "was functional desk delegates=sam",
	 "suspend user sam loses desk\nsuspend functional desk -sam\n"},
	{"a reactivation",
	 "want user bob\nis user bob suspended\nwas user bob suspended_by=r:1", NULL, NULL,
	 "is user bob\nwas user bob", "suspend user bob\n"},
	{"an account that is gone", "want user jane name=J\nis user jane\nwas user jane", NULL,
	 NULL, "was user jane name=J",
	 "manual user jane: is not in the target any more: nothing of it can be undone\n"},
	{"one that is protected", "want user jane name=J\nis user jane\nwas user jane", NULL,
	 NULL, "cfg protect=jane@example.org\nis user jane name=J\nwas user jane name=J",
	 "manual user jane: is protected (target.protect) and stays as it is\n"},
	{"without its account key",
	 "want user jane name=J key=k\nis user jane\nwas user jane key=k", NULL, NULL,
	 "is user jane name=J\nwas user jane name=J key=k",
	 "manual user jane: no source has its account key any more, and a change without it "
	 "would break the sign-in\n"},
	{"with it", "want user jane name=J key=k\nis user jane\nwas user jane key=k", NULL,
	 NULL,
	 "want user jane name=JANE key=k\nis user jane name=J\nwas user jane name=J key=k",
	 "update user jane name=JANE key\n"},
	{"two runs at once", "want user jane name=J\nis user jane\nwas user jane",
	 "want user jane name=K alias=a\nis user jane name=J\nwas user jane name=J", NULL,
	 "is user jane name=K alias=a\nwas user jane name=K alias=a",
	 "update user jane name=JANE alias-a\n"},
	{"two runs that cancel each other out",
	 "want user jane name=J\nis user jane\nwas user jane",
	 "want user jane name=JANE\nis user jane name=J\nwas user jane name=J", NULL,
	 "is user jane\nwas user jane", ""},
	{"a suspend in the first, a return in the second", "is user bob\nwas user bob",
	 "want user bob\nis user bob suspended\nwas user bob" BY1, NULL,
	 "is user bob\nwas user bob", ""},
};

static void undoes_runs(void **unused)
{
	size_t failed = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		if (i > 0)
			assert_int_equal(scratch_make(NULL), 0);
		undo(&cases[i], &out);
		if (!str_is(buf_str(&out), cases[i].expected)) {
			print_error("%s:\n--- expected\n%s--- got\n%s", cases[i].what,
				    cases[i].expected, out.ptr ? out.ptr : "");
			failed++;
		}
		buf_release(&out);
		if (i + 1 < sizeof(cases) / sizeof(cases[0]))
			scratch_clear(NULL);
	}
	assert_int_equal(failed, 0);
}

static void knows_which_runs(void **unused)
{
	struct err err = ERR_INIT;
	struct test_world t;
	struct reconcile_input input;
	struct strs runs = {NULL, 0, 0};
	char first[COMMIT_TEXT_SIZE];
	struct state *state;
	struct plan plan;
	struct buf out = BUF_INIT;

	(void)unused;
	must(state_open(&state, in_scratch("state"), true, &err), &err);
	world_read(&t, "is user jane name=K alias=a\nwas user jane name=K alias=a", 0);
	input = world_input(&t);
	record_run(state, &t, "want user jane name=J\nis user jane\nwas user jane", RUN1, NULL);
	must(state_head(state, first, &err), &err);
	record_run(state, &t,
		   "want user jane name=K alias=a\nis user jane name=J\nwas user jane name=J",
		   RUN2, NULL);

	plan_init(&plan);
	must(plan_rollback(state, &input, first, &plan, &err), &err);
	render(&out, &plan, true);
	assert_string_equal(out.ptr, "update user jane name=J alias-a; revert of " RUN2
				     ": declared: name, aliases\n");
	plan_release(&plan);

	plan_init(&plan);
	strs_add(&t.arena, &runs, STR("20261120T101500Z-0000000f"));
	assert_int_equal(plan_revert(state, &input, &runs, &plan, &err), -1);
	plan_release(&plan);
	buf_release(&out);
	world_free(&t);
	state_free(state);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(undoes_runs),
		TEST(knows_which_runs),
	};
	struct err err = ERR_INIT;

	return base_init(&err) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
