/*
 * Plans that somebody wrote by hand and people signed: canonical, fresh, approved, and not what
 * zsctl would have made.
 */
#include "apply_bench.h"

/* Approves the plan as it is now. */
static void sign(struct bench *bench)
{
	struct buf bytes = BUF_INIT;
	struct policy policy;

	plan_write(&bench->plan, &bytes);
	write_scratch(in_scratch("plan.yaml"), buf_str(&bytes));
	policy_init(&policy);
	must(policy_from_config(&policy, &bench->config, &bench->err), &bench->err);
	must(approve_local(&policy, &bench->plan, in_scratch("plan.yaml"),
			   STR("kim@example.org"), NOW, &bench->err),
	     &bench->err);
	policy_release(&policy);
	buf_release(&bytes);
}

static struct plan_change *change_of(struct bench *bench, const char *address)
{
	for (size_t i = 0; i < bench->plan.changes.count; i++)
		if (str_is(bench->plan.changes.items[i].address, address))
			return &bench->plan.changes.items[i];
	fail_msg("no change of %s", address);
	return NULL;
}

/* --- what an entry says of its account ------------------------------------------------------ */

static void call_him_another(struct bench *bench)
{
	change_of(bench, "kim@example.org")->who = STR("Nobody of note");
}

static void hide_his_unit(struct bench *bench)
{
	edit_organization("\"active\":true},\n{\"id\":\"u2\"",
			  "\"active\":true,\"urn:ietf:params:scim:schemas:extension:enterprise:"
			  "2.0:User\":{\"division\":\"Board\"}},\n{\"id\":\"u2\"");
	(void)bench;
}

static void lie_about_before(struct bench *bench)
{
	change_of(bench, "bob@example.org")->name.from = STR("Bob Voss");
}

static void call_the_delegate_another(struct bench *bench)
{
	change_of(bench, "info@example.org")->delegates_add.items[0].who = STR("Jane Doe");
}

static void leaves_out_what_is_called_otherwise(void **unused)
{
	static const struct {
		void (*forge)(struct bench *bench);
		const char *expected;
	} cases[] = {
		{call_him_another,
		 "suspend kim: stale: the account is 'Kim Jansen', and the plan says 'Nobody of "
		 "note'"},
		{hide_his_unit, "update jane: stale: the account is 'Jane Doe, Board', and the "
				"plan says 'Jane Doe'"},
		{lie_about_before,
		 "update bob: stale: the name is 'Bob Vos', and the plan says 'Bob Voss'"},
		{call_the_delegate_another,
		 "grant info: stale: the name of sam@example.org is 'Sam New', and the plan says "
		 "'Jane Doe'"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		if (i > 0)
			assert_int_equal(scratch_make(NULL), 0);
		bench_plan(&bench);
		cases[i].forge(&bench);
		sign(&bench);
		expect_apply(&bench, APPLY_RUN, "", ERR_PARTIAL, "in part");
		if (!strstr(outcomes(&bench), cases[i].expected))
			fail_msg("%zu: not '%s' but\n%s", i, cases[i].expected,
				 outcomes(&bench));
		bench_close(&bench);
		if (i + 1 < COUNT(cases))
			scratch_clear(NULL);
	}
}

/* --- what a plan says it was made from ------------------------------------------------------ */

static void hide_a_source(struct bench *bench)
{
	bench->plan.sources.count = 0;
}

static void name_another_source(struct bench *bench)
{
	bench->plan.sources.items[0].name = STR("other");
}

static void know_more_of_a_source(struct bench *bench)
{
	bench->plan.sources.items[0].known = true;
	bench->plan.sources.items[0].before = 1;
}

static void invent_changes(struct bench *bench)
{
	strs_add(&bench->plan.arena, &bench->plan.config_changed, STR("report"));
}

static void refuses_what_it_was_not_made_from(void **unused)
{
	static const struct {
		void (*forge)(struct bench *bench);
		const char *expected;
	} cases[] = {
		{hide_a_source, "the plan's sources are not"},
		{name_another_source, "the plan's sources are not"},
		{know_more_of_a_source, "the plan's sources are not"},
		{invent_changes, "does not say what changed in the configuration"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench bench;

		if (i > 0)
			assert_int_equal(scratch_make(NULL), 0);
		bench_plan(&bench);
		cases[i].forge(&bench);
		sign(&bench);
		expect_apply(&bench, APPLY_RUN, "", ERR_PERSON, cases[i].expected);
		assert_int_equal(failing.submitted, 0);
		bench_close(&bench);
		if (i + 1 < COUNT(cases))
			scratch_clear(NULL);
	}
}

/* --- source ids ----------------------------------------------------------------------------- */

static void declare(const char *jane)
{
	struct buf text = BUF_INIT;

	buf_addf(&text,
		 "zsctl_accounts: 1\nusers:\n"
		 "  - {address: jane@example.org, id: 1, name: %s}\n"
		 "  - {address: bob@example.org, id: 2, name: Robert Vos, aliases: []}\n"
		 "  - {address: kim@example.org, id: 3, name: Kim Jansen}\n"
		 "functional:\n"
		 "  - {address: info@example.org, name: Information, delegates: "
		 "[bob@example.org]}\n",
		 jane);
	write_scratch(in_scratch("accounts.yaml"), buf_str(&text));
	buf_release(&text);
}

/* Whoever is recorded as another one stays him for every plan that follows. */
static void gives_nobody_the_id_of_another(void **unused)
{
	struct bench bench;
	struct str digest;

	(void)unused;
	bench_open(&bench);
	declare("Jane Smith");
	make_plan(&bench, "20261120T101500Z-00000001");
	digest = arena_str(&scratch_arena,
			   change_of(&bench, "bob@example.org")->links[0].digest);
	assert_true(digest.len > 0);
	expect_apply(&bench, APPLY_RUN, "", 0, "");
	declare("Jane Third");
	make_plan(&bench, "20261120T101600Z-00000002");
	change_of(&bench, "jane@example.org")->links[0].digest = digest;
	sign(&bench);
	expect_apply(&bench, APPLY_RUN, "", ERR_PERSON,
		     "recorded for user bob@example.org, which is another account");
	assert_int_equal(failing.submitted, 0);
	/* Unless a person said that it is he. */
	strs_add(&bench.plan.arena, &bench.plan.options.same_person, STR("jane@example.org"));
	sign(&bench);
	expect_apply(&bench, APPLY_RUN, "", 0, "");
	bench_close(&bench);
}

/* --- the first policy ------------------------------------------------------------------------ */

static void records_no_policy_that_was_not_approved(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_plan(&bench);
	bench.plan.policy_digest =
		STR("sha256:0000000000000000000000000000000000000000000000000000000000000000");
	sign(&bench);
	expect_apply(&bench, APPLY_RUN, "", ERR_STALE, "the policy (approval, signers");
	assert_false(os_exists(in_scratch("state/refs/heads/main")));
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(leaves_out_what_is_called_otherwise),
		TEST(refuses_what_it_was_not_made_from),
		TEST(gives_nobody_the_id_of_another),
		TEST(records_no_policy_that_was_not_approved),
	};

	return bench_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
