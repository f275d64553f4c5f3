#include "world.h"

#include "expect.h"

/*
 * A plan made in one world and looked at in another: the entries that expect something else there,
 * in the words "reactivate bob", in the order of the plan.
 */
static void meet(const char *then, const char *now, struct buf *out)
{
	struct test_world before, after;
	struct reconcile_input input;
	struct accounts_index index;
	struct expect_world world;
	struct plan plan;

	world_read(&before, then, 0);
	world_read(&after, now, 0);
	input = world_input(&before);
	plan_init(&plan);
	reconcile(&input, &plan, NULL);
	plan_sort(&plan);
	accounts_index_init(&index, &after.current, &after.names);
	expect_init(&world, &index, &after.names, &plan, NULL);
	for (size_t i = 0; i < plan.changes.count; i++) {
		const struct plan_change *change = &plan.changes.items[i];
		const struct account *account =
			accounts_by_id(&index, sym_find(&after.names, change->id));
		char digest[SHA256_TEXT_SIZE] = "absent";

		if (account)
			expect_of(&world, account, change, digest);
		if (!str_is(change->expect, digest))
			buf_addf(out, "%s %.*s\n", action_names[change->action],
				 (int)strcspn(change->address.ptr, "@"), change->address.ptr);
	}
	expect_release(&world);
	accounts_index_release(&index);
	plan_release(&plan);
	world_free(&before);
	world_free(&after);
}

/* Bob comes back: cardio and kim still list him, desk is to be his, info not any more. */
#define WANTED                                                          \
	"want user bob\nwant user jane\nwant user kim name=K\n"         \
	"want functional desk delegates=bob,jane\n"                     \
	"want functional info delegates=jane\n"                         \
	"was user bob suspended_by=r1:9\nwas user jane\nwas user kim\n" \
	"was functional desk\nwas functional info\n"
#define USERS "is user bob suspended\nis user jane\nis user kim delegates=bob\n"
#define CARDIO "is functional cardio delegates=bob,jane\n"
#define DESK "is functional desk delegates=jane\n"
#define INFO "is functional info delegates=bob,jane\n"

static void knows_what_somebody_reads_again(void **state)
{
	static const char then[] = WANTED USERS CARDIO DESK INFO;
	static const struct {
		const char *now, *differ;
	} cases[] = {
		{USERS CARDIO DESK INFO, ""},
		/* Given, or given somewhere else, after the plan was made. */
		{USERS CARDIO DESK INFO "is functional more delegates=bob\n",
		 "reactivate bob\n"},
		{"is user bob suspended\nis user jane delegates=bob\nis user kim delegates=bob\n" CARDIO
			 DESK INFO,
		 "reactivate bob\n"},
		/* Taken away by somebody else. */
		{USERS "is functional cardio delegates=jane\n" DESK INFO, "reactivate bob\n"},
		/* Others come and go there. */
		{USERS "is functional cardio delegates=bob,kim\n" DESK INFO, ""},
		/* Another account under the same address. */
		{USERS "is functional cardio id=other delegates=bob,jane\n" DESK INFO,
		 "reactivate bob\n"},
		/* The plan under way: what it takes is taken, what it gives is given. */
		{USERS CARDIO DESK "is functional info delegates=jane\n", "revoke info\n"},
		{USERS CARDIO "is functional desk delegates=bob,jane\n" INFO, "grant desk\n"},
		/* Its own request for kim made the target drop him. */
		{"is user bob suspended\nis user jane\nis user kim name=K\n" CARDIO DESK INFO,
		 "update kim\n"},
		/* Delegates of suspended users that the plan is not about. */
		{USERS CARDIO DESK INFO
		 "is user piet suspended\nis functional more delegates=piet\n",
		 ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		meet(then, cases[i].now, &out);
		if (!str_is(buf_str(&out), cases[i].differ))
			fail_msg("case %zu: expected\n%sbut\n%s", i, cases[i].differ,
				 out.ptr ? out.ptr : "");
		buf_release(&out);
	}
}

/* The words of the plan decide: a list that names less than the digest was made of fits nothing. */
static void reads_nothing_that_is_not_named(void **state)
{
	struct test_world t;
	struct reconcile_input input;
	struct accounts_index index;
	struct expect_world world;
	struct plan_change *change;
	char digest[SHA256_TEXT_SIZE];
	struct plan plan;

	(void)state;
	world_read(&t, WANTED USERS CARDIO DESK INFO, 0);
	input = world_input(&t);
	plan_init(&plan);
	reconcile(&input, &plan, NULL);
	plan_sort(&plan);
	accounts_index_init(&index, &t.current, &t.names);
	expect_init(&world, &index, &t.names, &plan, NULL);
	for (change = plan.changes.items; change->action != ACTION_REACTIVATE; change++)
		;
	assert_int_equal(change->reads.count, 2);
	assert_null(expect_unreviewed(&world, change));
	change->reads.count = 1;
	assert_string_equal(expect_unreviewed(&world, change)->address->text,
			    "kim@example.org");
	expect_of(&world, accounts_by_id(&index, sym_find(&t.names, change->id)), change,
		  digest);
	assert_string_equal(digest, "");
	expect_release(&world);
	accounts_index_release(&index);
	plan_release(&plan);
	world_free(&t);
}

/* Added delegates are accounts of the target, or such as have an entry of their own. */
static void says_who_is_let_in(void **state)
{
	static const struct {
		const char *delegate, *id;
	} expected[] = {{"bob", ""}, {"jane", "id-jane"}, {"kim.new", ""}, {"sam", ""}};
	struct test_world t;
	struct reconcile_input input;
	struct plan_change *change;
	struct plan plan;

	(void)state;
	world_read(&t,
		   "want user bob\nwant user jane\nwant user kim.new was=kim\nwant user sam\n"
		   "want functional info delegates=bob,jane,kim.new,sam\n"
		   "is user bob suspended\nis user jane\nis user kim\n"
		   "is functional info\n"
		   "was user bob suspended_by=r1:9\nwas user jane\nwas user kim\n"
		   "was functional info suspended_by=r1:9\n",
		   0);
	input = world_input(&t);
	plan_init(&plan);
	reconcile(&input, &plan, NULL);
	plan_sort(&plan);
	for (change = plan.changes.items; change->kind != KIND_FUNCTIONAL; change++)
		;
	assert_int_equal(change->delegates_add.count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct plan_pair *pair = &change->delegates_add.items[i];

		assert_true(str_starts(pair->address, expected[i].delegate));
		assert_true(str_is(pair->id, expected[i].id));
	}
	plan_release(&plan);
	world_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_somebody_reads_again),
		cmocka_unit_test(reads_nothing_that_is_not_named),
		cmocka_unit_test(says_who_is_let_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
