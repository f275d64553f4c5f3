/*
 * Access is given to the accounts that were reviewed, whoever has their addresses by then, and to the
 * mail that was reviewed.
 */
#include "apply_bench.h"

static void declare(const char *accounts)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, "zsctl_accounts: 1\n");
	buf_puts(&text, accounts);
	write_scratch(in_scratch("accounts.yaml"), buf_str(&text));
	buf_release(&text);
}

#define JANE "  - {address: jane@example.org, name: Jane Doe}\n"
#define BOB "  - {address: bob@example.org, name: Bob Vos}\n"
#define KIM "  - {address: kim@example.org, name: Kim Jansen}\n"
#define INFO(who)                                                                          \
	"functional:\n  - {address: info@example.org, name: Information, delegates: [" who \
	"]}\n"

static void expect_outcomes(const struct bench *bench, const char *expected)
{
	if (strcmp(outcomes(bench), expected) != 0)
		fail_msg("expected\n%s, but\n%s", expected, outcomes(bench));
}

static const char *head_message(void)
{
	return output_of("git", "-C", in_scratch("state"), "log", "-1", "--format=%B", NULL);
}

/* What of the last commit's message is not there, or is and should not be. */
static void expect_message(const char *there, const char *not_there)
{
	const char *message = head_message();

	if ((there && !strstr(message, there)) || (not_there && strstr(message, not_there)))
		fail_msg("with '%s', without '%s': %s", there ? there : "",
			 not_there ? not_there : "", message);
}

/* --- who is given access ------------------------------------------------------------------ */

#define RECREATE "\"id\":\"u3\"", "\"id\":\"u9\""
#define ANOTHER \
	"grant info: stale: kim@example.org is another account now than the plan means\n"

/* Kim is adopted and let in; then her account is deleted and made anew. */
static void follows_the_account_and_not_the_address(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_open(&bench);
	declare("users:\n" JANE BOB KIM INFO("bob@example.org, kim@example.org"));
	make_plan(&bench, "20261120T101500Z-00000001");
	edit_organization(RECREATE);
	expect_apply(&bench, APPLY_DRY_RUN, "", ERR_PARTIAL, "would be left out");
	expect_outcomes(&bench, ANOTHER);
	assert_int_equal(bench.result.not_adopted.count, 1);
	expect_apply(&bench, APPLY_RUN, "", ERR_PARTIAL, "in part");
	expect_outcomes(&bench, ANOTHER);
	assert_int_equal(bench.result.not_adopted.count, 1);
	assert_int_equal(failing.submitted, 0);
	expect_message("! adoption of user kim@example.org: left out", "= user kim");
	expect_message("= user bob@example.org adopted (declared)", "3 adopted");
	/* Planned again, it is hers. */
	make_plan(&bench, "20261120T101500Z-00000002");
	expect_apply(&bench, APPLY_RUN, "", 0, "");
	expect_outcomes(&bench, "grant info: done\n");
	expect_message("+ kim@example.org may read info@example.org", "!");
	bench_close(&bench);
}

static void says_what_it_did_not_adopt_when_nothing_else_is_to_do(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_open(&bench);
	declare("users:\n" JANE BOB KIM INFO("bob@example.org"));
	make_plan(&bench, "20261120T101500Z-00000001");
	edit_organization(RECREATE);
	expect_apply(&bench, APPLY_DRY_RUN, "", ERR_PARTIAL, "1 adopted accounts");
	expect_apply(&bench, APPLY_RUN, "", ERR_PARTIAL, "applied in part");
	bench_close(&bench);
}

static void looks_again_when_it_goes_on(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_open(&bench);
	declare("users:\n" JANE BOB KIM INFO("bob@example.org, kim@example.org"));
	make_plan(&bench, "20261120T101500Z-00000001");
	expect_apply(&bench, APPLY_RUN, "update info fatal", ERR_PARTIAL, "still open");
	edit_organization(RECREATE);
	expect_apply(&bench, APPLY_RUN, "", ERR_PARTIAL, "in part");
	expect_outcomes(&bench,
			"grant info: partly done: kim@example.org was left out: another "
			"account than the plan means has that address now\n");
	assert_int_equal(failing.submitted, 0);
	expect_message(NULL, "kim@example.org may read");
	bench_close(&bench);
}

/* A dry run says of a delegate what the run would say. */
static void foretells_who_is_left_out(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_open(&bench);
	declare("users:\n" JANE BOB KIM INFO("bob@example.org, kim@example.org"));
	make_plan(&bench, "20261120T101500Z-00000001");
	edit_organization("\"Kim Jansen\"},\"active\":true",
			  "\"Kim Jansen\"},\"active\":false");
	expect_apply(&bench, APPLY_DRY_RUN, "", ERR_PARTIAL,
		     "1 of 1 changes would go through in");
	expect_outcomes(&bench, "grant info: open: would go through; kim@example.org would be "
				"left out: no active account of that address\n");
	expect_apply(&bench, APPLY_RUN, "", ERR_PARTIAL, "in part");
	expect_outcomes(&bench,
			"grant info: partly done: kim@example.org was left out: no active "
			"account of that address\n");
	bench_close(&bench);
}

/* Whoever wrote a plan without the ids gives nobody access with it. */
static void lets_nobody_in_who_is_not_named_by_id(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_open(&bench);
	declare("users:\n" JANE BOB KIM INFO("bob@example.org, kim@example.org"));
	make_plan(&bench, "20261120T101500Z-00000001");
	assert_true(str_is(bench.plan.changes.items[0].delegates_add.items[0].id, "u3"));
	bench.plan.changes.items[0].delegates_add.items[0].id = STR_NONE;
	expect_apply(&bench, APPLY_DRY_RUN, "", ERR_PARTIAL, "would be left out");
	expect_outcomes(&bench, ANOTHER);
	bench_close(&bench);
}

/* --- what somebody reads again -------------------------------------------------------------- */

/* Bob, who could read info, has been suspended by a run and is wanted again. */
static void suspend_bob(struct bench *bench)
{
	bench_open(bench);
	declare("users:\n" JANE KIM);
	make_plan(bench, "20261120T101500Z-00000001");
	expect_apply(bench, APPLY_RUN, "", 0, "");
	expect_outcomes(bench, "suspend bob: done\n");
	declare("users:\n" JANE BOB KIM);
	make_plan(bench, "20261120T101500Z-00000002");
}

#define MORE                                                                              \
	"\"groups\":[", "\"groups\":[{\"id\":\"g2\",\"externalId\":\"more@example.org\"," \
			"\"displayName\":\"More\",\"members\":[{\"value\":\"u2\"}]},"
#define UNREVIEWED                                                                           \
	"reactivate bob: stale: more@example.org lists it as a delegate, and it would read " \
	"that again without the plan saying so\n"

static void brings_back_what_was_reviewed(void **unused)
{
	struct bench bench;

	(void)unused;
	suspend_bob(&bench);
	expect_apply(&bench, APPLY_RUN, "", 0, "");
	expect_outcomes(&bench, "reactivate bob: done\n");
	expect_message("+ bob@example.org may read info@example.org again (reactivated)\n",
		       NULL);
	assert_non_null(
		strstr(output_of("git", "-C", in_scratch("state"), "show", "HEAD", NULL),
		       "+  - bob@example.org"));
	make_plan(&bench, "20261120T101500Z-00000003");
	assert_true(plan_is_empty(&bench.plan));
	bench_close(&bench);
}

static void brings_back_nothing_else(void **unused)
{
	struct bench bench;

	(void)unused;
	suspend_bob(&bench);
	edit_organization(MORE);
	expect_apply(&bench, APPLY_DRY_RUN, "", ERR_STALE, "would be left out");
	expect_apply(&bench, APPLY_RUN, "", ERR_STALE, "every change of the plan is stale");
	expect_outcomes(&bench, UNREVIEWED);
	assert_int_equal(failing.submitted, 0);
	bench_close(&bench);
}

static void brings_back_nothing_else_when_it_goes_on(void **unused)
{
	struct bench bench;

	(void)unused;
	suspend_bob(&bench);
	expect_apply(&bench, APPLY_RUN, "update bob fatal", ERR_PARTIAL, "still open");
	edit_organization(MORE);
	expect_apply(&bench, APPLY_RUN, "", ERR_PARTIAL, "nothing was applied");
	expect_outcomes(&bench, UNREVIEWED);
	assert_int_equal(failing.submitted, 0);
	expect_message(NULL, "may read");
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(follows_the_account_and_not_the_address),
		TEST(says_what_it_did_not_adopt_when_nothing_else_is_to_do),
		TEST(looks_again_when_it_goes_on),
		TEST(foretells_who_is_left_out),
		TEST(lets_nobody_in_who_is_not_named_by_id),
		TEST(brings_back_what_was_reviewed),
		TEST(brings_back_nothing_else),
		TEST(brings_back_nothing_else_when_it_goes_on),
	};

	return bench_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
