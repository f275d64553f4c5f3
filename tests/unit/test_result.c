#include "result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/os.h"

static const char example[] = "zsctl_result: 1\n"
			      "plan: 20261120T101500Z-7f3c2a10\n"
			      "digest: sha256:ab\n"
			      "user: ci\n"
			      "host: runner7\n"
			      "started: 2026-11-20T10:20:00Z\n"
			      "ended: 2026-11-20T10:21:00Z\n"
			      "closed: true\n"
			      "stopped: \"interrupted: by a signal\"\n"
			      "counts: {done: 2, failed: 2, left_out: 2, open: 1}\n"
			      "changes:\n"
			      "  - suspend: user bob@example.org\n"
			      "    outcome: done\n"
			      "  - grant: functional cardio@example.org\n"
			      "    outcome: partly done\n"
			      "    text: kim@example.org was left out\n"
			      "    advice: plan again\n"
			      "  - update: user jane@example.org\n"
			      "    outcome: refused\n"
			      "    text: \"no guest aliases\\nhere \\u001b[31m\"\n"
			      "    refusals:\n"
			      "      - alias x@example.org\n"
			      "      - alias y@example.org\n"
			      "  - create: functional desk@example.org\n"
			      "    outcome: failed\n"
			      "    id: 8c21\n"
			      "  - create: user new@example.org\n"
			      "    outcome: depends\n"
			      "  - create: user old@example.org\n"
			      "    outcome: stale\n"
			      "  - delete: user zoe@example.org\n"
			      "    outcome: open\n";

static const struct {
	enum action action;
	enum account_kind kind;
	const char *address;
	enum change_outcome outcome;
	const char *text, *advice, *id;
} changes[] = {
	{ACTION_SUSPEND, KIND_USER, "bob@example.org", CHANGE_DONE, "", "", ""},
	{ACTION_GRANT, KIND_FUNCTIONAL, "cardio@example.org", CHANGE_PARTLY,
	 "kim@example.org was left out", "plan again", ""},
	{ACTION_UPDATE, KIND_USER, "jane@example.org", CHANGE_REFUSED,
	 "no guest aliases\nhere \x1b[31m", "", ""},
	{ACTION_CREATE, KIND_FUNCTIONAL, "desk@example.org", CHANGE_FAILED, "", "", "8c21"},
	{ACTION_CREATE, KIND_USER, "new@example.org", CHANGE_DEPENDS, "", "", ""},
	{ACTION_CREATE, KIND_USER, "old@example.org", CHANGE_STALE, "", "", ""},
	{ACTION_DELETE, KIND_USER, "zoe@example.org", CHANGE_OPEN, "", "", ""},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static void make_plan(struct plan *plan)
{
	plan_init(plan);
	plan->id = STR("20261120T101500Z-7f3c2a10");
	memcpy(plan->digest, "sha256:ab", sizeof("sha256:ab"));
	for (size_t i = 0; i < CHANGES; i++) {
		struct plan_change *change = vec_push(&plan->changes);

		change->action = changes[i].action;
		change->kind = changes[i].kind;
		change->address = str_of(changes[i].address);
	}
}

static void make_result(struct run_result *result)
{
	run_result_init(result, CHANGES);
	for (size_t i = 0; i < CHANGES; i++) {
		result->items[i].outcome = changes[i].outcome;
		result->items[i].text = str_of(changes[i].text);
		result->items[i].advice = str_of(changes[i].advice);
		result->items[i].id = str_of(changes[i].id);
	}
	strs_add(&result->arena, &result->items[2].refusals, STR("alias x@example.org"));
	strs_add(&result->arena, &result->items[2].refusals, STR("alias y@example.org"));
	result->user = STR("ci");
	result->host = STR("runner7");
	assert_true(time_parse(STR("2026-11-20T10:20:00Z"), &result->started));
	assert_true(time_parse(STR("2026-11-20T10:21:00Z"), &result->ended));
	result->closed = true;
	result->stopped = true;
	result->stopped_because = STR("interrupted: by a signal");
}

static void reads_what_it_writes(void **state)
{
	struct run_result result, read;
	struct plan plan;
	struct buf text = BUF_INIT, again = BUF_INIT;
	struct result_counts counts;
	struct err err = ERR_INIT;

	(void)state;
	make_plan(&plan);
	make_result(&result);
	counts = result_count(&result);
	assert_int_equal(counts.done, 2);
	assert_int_equal(counts.partly, 1);
	assert_int_equal(counts.failed, 2);
	assert_int_equal(counts.left_out, 2);
	assert_int_equal(counts.open, 1);
	result_write(&result, &plan, &text);
	assert_string_equal(text.ptr, example);
	run_result_init(&read, 0);
	if (result_read(&read, &plan, buf_str(&text), "result.yaml", &err) < 0)
		fail_msg("%s", err.text);
	result_write(&read, &plan, &again);
	assert_string_equal(again.ptr, example);
	for (size_t i = 0; i < CHANGES; i++) {
		assert_int_equal(read.items[i].outcome, changes[i].outcome);
		assert_true(str_is(read.items[i].text, changes[i].text));
	}
	assert_int_equal(read.items[2].refusals.count, 2);
	assert_true(read.closed);
	/* An adoption that was left out. */
	run_result_release(&read);
	buf_clear(&text);
	buf_clear(&again);
	strs_add(&result.arena, &result.not_adopted, STR("user kim@example.org"));
	result_write(&result, &plan, &text);
	assert_non_null(strstr(text.ptr, "left_out: 3, open: 1}\nnot_adopted:\n"
					 "  - user kim@example.org\nchanges:\n"));
	run_result_init(&read, 0);
	if (result_read(&read, &plan, buf_str(&text), "result.yaml", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(read.not_adopted.count, 1);
	result_show(&read, &plan, false, &again);
	assert_non_null(strstr(again.ptr, "  adopt user kim@example.org: left out: "));
	run_result_release(&result);
	run_result_release(&read);
	buf_release(&text);
	buf_release(&again);
	plan_release(&plan);
}

static void refuses_other_spellings(void **state)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"zsctl_result: 1", "zsctl_result: 2", "r:1: is a format"},
		{"plan: 2026", "plan: 2025", "r:2: "},
		{"sha256:ab", "sha256:ac", "r:3: "},
		{"10:21:00Z", "10:61:00Z", "r:7: is no time"},
		{"done: 2", "done: 3", "r:10: "},
		{"suspend: user bob", "suspend: user kim", "r:12: "},
		{"suspend: user bob", "delete: user bob", "r:12: "},
		{"outcome: done", "outcome: well", "r:13: is no outcome"},
		{"outcome: done", "outcome: open", "r:10: "},
		{"    advice: plan again\n", "    advice: \"plan again\"\n", "r:17: "},
		{"    refusals:\n", "    refusals: []\n", "r:21: "},
		{"  - delete: user zoe@example.org\n    outcome: open\n", "", "r:"},
		{"    outcome: open\n", "    outcome: open\n  - delete: user a@example.org\n",
		 "r:"},
	};
	struct plan plan;

	(void)state;
	make_plan(&plan);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = strstr(example, cases[i].from);
		struct run_result read;
		struct buf text = BUF_INIT;
		struct err err = ERR_INIT;

		assert_non_null(at);
		buf_add(&text, (struct str){example, (size_t)(at - example)});
		buf_puts(&text, cases[i].to);
		buf_puts(&text, at + strlen(cases[i].from));
		run_result_init(&read, 0);
		assert_int_equal(result_read(&read, &plan, buf_str(&text), "r", &err), -1);
		if (!str_starts(str_of(err.text), cases[i].message))
			fail_msg("'%s', not '%s'", err.text, cases[i].message);
		assert_int_equal(read.count, 0);
		run_result_release(&read);
		buf_release(&text);
	}
	plan_release(&plan);
}

/* Whatever the target said, the terminal shows it and does not obey it. */
static void shows_what_is_not_done(void **state)
{
	struct run_result result;
	struct plan plan;
	struct buf text = BUF_INIT;

	(void)state;
	make_plan(&plan);
	make_result(&result);
	result_show(&result, &plan, false, &text);
	for (size_t i = 0; i < CHANGES; i++)
		assert_non_null(strstr(text.ptr, changes[i].address));
	assert_non_null(
		strstr(text.ptr, "2 done (1 in part), 2 failed, 2 left out, 1 not tried\n"));
	assert_non_null(strstr(text.ptr, "plan again"));
	assert_null(strchr(text.ptr, '\x1b'));
	buf_clear(&text);
	result_show(&result, &plan, true, &text);
	assert_non_null(strchr(text.ptr, '\x1b'));
	assert_null(strstr(text.ptr, "here \x1b"));
	buf_release(&text);
	run_result_release(&result);
	plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses_other_spellings),
		cmocka_unit_test(shows_what_is_not_done),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
