#include "plan_example.h"

static void assert_same_text(struct str got, struct str wanted)
{
	size_t line = 1;
	struct str a = STR_NONE, b = STR_NONE;

	if (str_eq(got, wanted))
		return;
	while (str_split(&got, '\n', &a) && str_split(&wanted, '\n', &b) && str_eq(a, b))
		line++;
	fail_msg("line %zu is '%.*s', not '%.*s'", line, STR_FMT(a), STR_FMT(b));
}

static void writes_the_worked_example(void **state)
{
	char digest[SHA256_TEXT_SIZE];
	struct buf file = BUF_INIT, out = BUF_INIT;
	struct str wanted = example_read(&file, "worked-example.yaml");
	struct plan plan;

	(void)state;
	example_plan(&plan);
	plan_sort(&plan);
	plan_write(&plan, &out);
	assert_same_text(buf_str(&out), wanted);
	sha256_text(wanted, digest);
	assert_string_equal(plan.digest, digest);

	/* Behind something else: the digest is of the plan alone. */
	buf_clear(&out);
	buf_puts(&out, "before");
	plan_write(&plan, &out);
	assert_int_equal(out.len, wanted.len + 6);
	assert_string_equal(plan.digest, digest);
	buf_release(&file);
	buf_release(&out);
	plan_release(&plan);
	assert_int_equal(plan.changes.count, 0);
	plan_release(&plan);
}

static void parses_actions(void **state)
{
	enum action action;

	(void)state;
	for (int i = 0; i < ACTION_COUNT; i++) {
		assert_true(action_parse(str_of(action_names[i]), &action));
		assert_int_equal(action, i);
	}
	assert_false(action_parse(STR("Delete"), &action));
	assert_false(action_parse(STR(""), &action));
	assert_false(action_parse(STR("deletes"), &action));
}

static void sorts_once(void **state)
{
	static const char *const given[] = {"c", "a", "b", "a", "c", "b"};
	struct plan plan;

	(void)state;
	plan_init(&plan);
	for (size_t i = 0; i < 6; i++) {
		struct plan_change *change = example_change(&plan, (enum action)(5 - i),
							    KIND_USER, str_of(given[i]));

		strs_add(&plan.arena, &plan.config_changed, str_of(given[i]));
		for (size_t j = 0; j < 6; j++) {
			strs_add(&plan.arena, &change->loses, str_of(given[j]));
			example_pair(&plan, &change->delegates_add, str_of(given[j]), STR(""),
				     STR(""));
			example_link(&plan, change, str_of(given[j]), STR(""));
		}
	}
	plan_sort(&plan);
	assert_int_equal(plan.config_changed.count, 3);
	assert_true(str_is(plan.config_changed.items[2], "c"));
	assert_int_equal(plan.changes.count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct plan_change *change = &plan.changes.items[i];

		assert_int_equal(change->action, i);
		assert_int_equal(change->loses.count, 3);
		assert_true(str_is(change->loses.items[0], "a"));
		assert_int_equal(change->delegates_add.count, 3);
		assert_true(str_is(change->delegates_add.items[1].address, "b"));
		assert_int_equal(change->link_count, 3);
		assert_true(str_is(change->links[2].source, "c"));
	}
	assert_true(strs_has(&plan.config_changed, STR("b")));
	assert_false(strs_has(&plan.config_changed, STR("d")));
	plan_release(&plan);
}

static void summarises(void **state)
{
	struct buf out = BUF_INIT;
	struct plan plan;

	(void)state;
	plan_init(&plan);
	assert_true(plan_is_empty(&plan));
	plan_summary(&plan, &out);
	assert_string_equal(out.ptr, "no changes");
	plan.counts.unchanged = 7;
	buf_clear(&out);
	plan_summary(&plan, &out);
	assert_string_equal(out.ptr, "no changes; 7 unchanged");
	for (int i = 0; i < 2 * ACTION_COUNT; i++) {
		enum action action = (enum action)(i / 2);
		struct plan_change *change = example_change(&plan, action, KIND_USER,
							    STR("a@example.org"));

		if (action == ACTION_REVOKE || action == ACTION_GRANT ||
		    action == ACTION_SUSPEND)
			example_pair(&plan, &change->delegates_remove, STR("b"), STR(""),
				     STR(""));
		if (action == ACTION_GRANT || action == ACTION_CREATE)
			example_pair(&plan, &change->delegates_add, STR("c"), STR(""), STR(""));
	}
	vec_push(&plan.adopt);
	vec_push(&plan.policy);
	vec_push(&plan.manual);
	vec_push(&plan.manual);
	vec_push(&plan.held);
	buf_clear(&out);
	plan_summary(&plan, &out);
	assert_string_equal(
		out.ptr, "2 deleted, 2 suspended, 2 access granted, 4 removed, 2 reactivated, "
			 "2 updated, 2 created, 1 adopted, 1 policy change; 2 need a person; "
			 "1 held; 7 unchanged");
	assert_false(plan_is_empty(&plan));
	buf_clear(&out);
	plan_summary_changes(&plan, &out);
	assert_string_equal(
		out.ptr, "2 deleted, 2 suspended, 2 access granted, 4 removed, 2 reactivated, "
			 "2 updated, 2 created, 1 adopted, 1 policy change");
	buf_release(&out);
	plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_worked_example),
		cmocka_unit_test(parses_actions),
		cmocka_unit_test(sorts_once),
		cmocka_unit_test(summarises),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
