/* Plans that are not applied: nothing is sent for them, and no run begins. */
#include "apply_bench.h"

static void put_zsctl_yaml(struct bench *bench, const char *from, const char *to)
{
	const char *at = strstr(configuration, from);
	struct buf text = BUF_INIT;

	assert_non_null(at);
	buf_add(&text, (struct str){configuration, (size_t)(at - configuration)});
	buf_puts(&text, to);
	buf_puts(&text, at + strlen(from));
	write_scratch(in_scratch("zsctl.yaml"), buf_str(&text));
	buf_release(&text);
	config_release(&bench->config);
	bench_configure(bench);
}

/* Nothing was sent, and no run began. */
static void expect_refused(struct bench *bench, int class, const char *message)
{
	expect_apply(bench, APPLY_RUN, "", class, message);
	assert_int_equal(failing.submitted, 0);
	if (os_exists(in_scratch("state/HEAD")))
		assert_null(strstr(output_of("git", "-C", in_scratch("state"), "log", "--all",
					     "--format=%s", NULL),
				   "begin "));
}

static void refuses_plans(void **unused)
{
	struct bench bench;
	struct plan *plan = &bench.plan;

	(void)unused;
	bench_plan(&bench);
	plan->organization = STR("example.com");
	expect_refused(&bench, ERR_PERSON, "for the organisation example.com");
	plan->organization = STR("example.org");
	plan->target_endpoint = STR("other.json");
	expect_refused(&bench, ERR_PERSON, "another target: file other.json");
	plan->target_endpoint = STR("organization.json");
	plan->expires = NOW + 60;
	expect_refused(&bench, ERR_STALE, "expired at 2026-11-20T10:16:00Z");
	plan->expires = NOW + 3600;
	plan->created = NOW + 3000;
	expect_refused(&bench, ERR_PERSON, "has not come yet");
	/* However long it says it lives: not longer than the policy lets it. */
	plan->created = NOW - 73 * 3600;
	expect_refused(&bench, ERR_STALE, "expired at 2026-11-20T09:15:00Z");
	plan->created = NOW;
	plan->base = STR("0123456789012345678901234567890123456789");
	expect_refused(&bench, ERR_PERSON, "another record");
	plan->base = STR_NONE;
	strs_add(&plan->arena, &plan->refused, STR("suspend user: 12 planned"));
	expect_refused(&bench, ERR_LIMIT, "suspend user: 12 planned");
	plan->refused.count = 0;
	plan->reason = STR("altered after it was approved");
	expect_refused(&bench, ERR_PERSON, "not approved");
	plan->reason = STR_NONE;
	put_zsctl_yaml(&bench, "suspend: none", "suspend: 1%");
	expect_refused(&bench, ERR_STALE, "configuration changed");
	/* A plan whose limits somebody wrote by hand gains nothing. */
	put_zsctl_yaml(&bench, "suspend: none", "suspend: 0");
	plan->config_digest = arena_str(&plan->arena, str_of(bench.config.digest));
	struct policy policy;
	struct buf bytes = BUF_INIT;

	plan_write(plan, &bytes);
	buf_release(&bytes);
	policy_init(&policy);
	must(policy_from_config(&policy, &bench.config, &bench.err), &bench.err);
	must(approve_local(&policy, plan, in_scratch("plan.yaml"), STR("piet@example.org"), NOW,
			   &bench.err),
	     &bench.err);
	policy_release(&policy);
	expect_refused(&bench, ERR_LIMIT, "counted anew; plan again: suspend user: 1 planned");
	bench_close(&bench);
}

static void refuses_stale_plans(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_plan(&bench);
	edit_organization("Jane Doe", "Jane Jones");
	expect_apply(&bench, APPLY_DRY_RUN, "", ERR_PARTIAL, "1 of 6 changes");
	assert_false(os_exists(in_scratch("state/refs/heads/main")));
	put_zsctl_yaml(&bench, "on_mismatch: skip", "on_mismatch: refuse");
	make_plan(&bench, "20261120T101600Z-00000002");
	edit_organization("Jane Jones", "Jane Brown");
	expect_refused(&bench, ERR_STALE, "on_mismatch is refuse");
	put_zsctl_yaml(&bench, "on_mismatch: skip", "on_mismatch: skip");
	make_plan(&bench, "20261120T101700Z-00000003");
	edit_organization("Jane Brown", "Jane Black");
	edit_organization("Bob Vos", "Bob");
	edit_organization("\"Kim Jansen\"},\"active\":true", "\"Kim\"},\"active\":false");
	edit_organization("[{\"value\":\"u2\"}]", "[{\"value\":\"u1\"}]");
	edit_organization("],\"groups\"", ",{\"id\":\"u9\",\"userName\":\"sam@example.org\"},"
					  "{\"id\":\"u8\",\"userName\":\"front@example.org\"}],"
					  "\"groups\"");
	/* Suspended already is as wanted, though not by us. */
	expect_apply(&bench, APPLY_RUN, "", ERR_PARTIAL, "in part");
	assert_string_equal(
		outcomes(&bench),
		"suspend kim: already there\n"
		"grant info: stale: it was changed after the plan was made\n"
		"update bob: stale: it was changed after the plan was made (name)\n"
		"update jane: stale: it was changed after the plan was made (name)\n"
		"create sam: stale: an account with this address is there now\n"
		"create front: stale: the address front@example.org belongs to user "
		"front@example.org now\n");
	assert_int_equal(failing.submitted, 0);
	bench_close(&bench);
}

static void refuses_what_a_later_run_touched(void **unused)
{
	struct bench bench;

	(void)unused;
	bench_open(&bench);
	make_plan(&bench, "20261120T101500Z-00000001");
	rename(in_scratch("plan.yaml"), in_scratch("old.yaml"));
	rename(in_scratch("plan.yaml.approvals"), in_scratch("old.yaml.approvals"));
	make_plan(&bench, "20261120T101600Z-00000002");
	expect_apply(&bench, APPLY_RUN, "", 0, "");
	rename(in_scratch("old.yaml"), in_scratch("plan.yaml"));
	output_of("rm", "-r", in_scratch("plan.yaml.approvals"), NULL);
	rename(in_scratch("old.yaml.approvals"), in_scratch("plan.yaml.approvals"));
	plan_release(&bench.plan);
	must(plan_read_file(&bench.plan, in_scratch("plan.yaml"), NULL, &bench.err),
	     &bench.err);
	expect_apply(&bench, APPLY_RUN, "", ERR_STALE,
		     "run 20261120T101600Z-00000002 changed accounts of this plan");
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_plans),
		TEST(refuses_stale_plans),
		TEST(refuses_what_a_later_run_touched),
	};

	return bench_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
