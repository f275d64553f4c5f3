#include "plan_example.h"

#include "base/json.h"
#include "show.h"

static void show(struct plan *plan, struct show_options options, struct buf *out)
{
	buf_clear(out);
	plan_sort(plan);
	show_text(plan, &options, out);
}

static void assert_shows(const struct buf *out, const char *text)
{
	if (!memmem(out->ptr, out->len, text, strlen(text)))
		fail_msg("'%s' is not in\n%s", text, out->ptr);
}

static void assert_hides(const struct buf *out, const char *text)
{
	if (memmem(out->ptr, out->len, text, strlen(text)))
		fail_msg("'%s' is in\n%s", text, out->ptr);
}

static void shows_the_worked_example(void **state)
{
	struct buf file = BUF_INIT, out = BUF_INIT;
	struct str wanted = example_read(&file, "worked-example.txt");
	struct plan plan;

	(void)state;
	example_plan(&plan);
	show(&plan, (struct show_options){.color = false}, &out);
	if (!str_eq(buf_str(&out), wanted))
		fail_msg("shows\n%s\nnot\n%s", out.ptr, file.ptr);
	buf_release(&file);
	buf_release(&out);
	plan_release(&plan);
}

static void colors(void **state)
{
	struct buf out = BUF_INIT;
	struct plan plan;

	(void)state;
	example_plan(&plan);
	show(&plan, (struct show_options){.color = true}, &out);
	assert_shows(&out,
		     "\033[31m- suspend user bob@example.org\033[0m (Bob Vos, Cardiology)");
	assert_shows(&out, "\033[32m+ grant functional cardio@example.org\033[0m");
	assert_shows(&out, "\033[31m-\033[0m delegate bob@example.org");
	assert_shows(&out, "\033[33m~ update user jane@example.org\033[0m");
	buf_release(&out);
	plan_release(&plan);
}

static void says_what_must_not_be_overlooked(void **state)
{
	static const char refused[] = "REFUSED: this plan cannot be approved or applied\n  ! "
				      "suspend user: 12 planned, 9 allowed\n";
	struct buf out = BUF_INIT;
	struct plan plan;
	struct str text;

	(void)state;
	example_plan(&plan);
	strs_add(&plan.arena, &plan.refused, STR("suspend user: 12 planned, 9 allowed"));
	*vec_push(&plan.policy) = (struct plan_policy){STR("approval.required"), STR("2"),
						       STR("1")};
	*vec_push(&plan.policy) = (struct plan_policy){STR("signer eve@example.org"), STR_NONE,
						       STR("SHA256:abc")};
	*vec_push(&plan.policy) = (struct plan_policy){STR("signer kim@example.org"),
						       STR("SHA256:def"), STR_NONE};
	plan.limits.items[0].overridden = true;
	plan.limits.items[0].allowed = 12;
	strs_add(&plan.arena, &plan.options.allow, STR("suspend:user=12"));
	plan.options.undo = STR("revert 20261101T101500Z-00000000");
	plan.counts.unmanaged = 2;
	plan.counts.inactive = 1;
	plan.seconds_at_least = 181;
	show(&plan, (struct show_options){.now = plan.expires}, &out);
	assert_shows(&out, refused);
	text = buf_str(&out);
	assert_true(str_ends(text, refused));
	assert_true((const char *)memmem(text.ptr, text.len, "REFUSED", 7) <
		    (const char *)memmem(text.ptr, text.len, "Changes\n", 8));
	assert_shows(&out, "  ! approval.required: 2 -> 1\n"
			   "  ! signer eve@example.org: new: SHA256:abc\n"
			   "  ! signer kim@example.org: SHA256:def is taken out\n");
	assert_shows(&out, "2026-11-23T10:15:00Z - it has expired: plan again\n");
	assert_shows(&out, "  options   --allow suspend:user=12\n");
	assert_shows(&out, "  undoes    revert 20261101T101500Z-00000000\n");
	assert_shows(&out, "  untouched 2 not managed; 1 suspended, as wanted\n");
	assert_shows(&out, "1 of 90, limit 10%, raised to 12 by --allow\n");
	assert_shows(&out, "5 requests to the target, at least 3 minutes.\n");
	show(&plan, (struct show_options){.now = plan.expires - 1}, &out);
	assert_hides(&out, "expired");
	buf_release(&out);
	plan_release(&plan);
}

/* What is said to be the least must not be more. */
static void says_how_long_at_least(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{0, "5 requests to the target.\n"},
		{1, "5 requests to the target.\n"},
		{2, "5 requests to the target, at least 2 seconds.\n"},
		{119, "5 requests to the target, at least 119 seconds.\n"},
		{120, "5 requests to the target, at least 2 minutes.\n"},
		{7199, "5 requests to the target, at least 119 minutes.\n"},
		{7200, "5 requests to the target, at least 2.0 hours.\n"},
		{19990, "5 requests to the target, at least 5.5 hours.\n"},
		{1000000, "5 requests to the target, at least 277.7 hours.\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;
		struct plan plan;

		example_plan(&plan);
		plan.seconds_at_least = cases[i].seconds;
		show(&plan, (struct show_options){.now = plan.created}, &out);
		assert_shows(&out, cases[i].text);
		buf_release(&out);
		plan_release(&plan);
	}
}

static void shortens_long_lists(void **state)
{
	struct buf out = BUF_INIT;
	struct plan plan;

	(void)state;
	example_plan(&plan);
	for (int i = 0; i < 100; i++) {
		struct str address = arena_strf(&plan.arena, "a%02d@example.org", i);

		*vec_push(&plan.adopt) = (struct plan_adopt){KIND_USER, address, STR("1"),
							     i < 94 ? STR("ad") : STR("exo"),
							     STR_NONE};
		*vec_push(&plan.held) = (struct plan_held){address, STR("ad"), STR("no name")};
		strs_add(&plan.arena, &plan.changes.items[3].loses, address);
		strs_add(&plan.arena, &plan.warnings, address);
	}
	show(&plan, (struct show_options){.full = false}, &out);
	assert_shows(&out, "  = ad: 94 accounts: a00@example.org, a01@example.org, "
			   "a02@example.org, a03@example.org, a04@example.org, … (--full shows "
			   "all)\n  = exo: 6 accounts: a94@example.org, ");
	assert_shows(&out, "        … and 81 more (--full shows all)\n");
	assert_shows(&out, "    … and 80 more (--full shows all)\n");
	assert_hides(&out, "a50@example.org");
	show(&plan, (struct show_options){.full = true}, &out);
	assert_shows(&out, "  = ad: 94 accounts\n  = exo: 6 accounts\n"
			   "      user a00@example.org (ad)\n");
	assert_hides(&out, "--full");
	buf_release(&out);
	plan_release(&plan);
}

/* --- hostile text --------------------------------------------------------------------------- */

static const char *const hostile[] = {
	"\x1b]0;title\x07\x1b[31mred",
	"evil\xe2\x80\xaegro.elpmaxe@nob",
	"line\nfeed",
	"carriage\rreturn",
	"\xc2\x9b[31m",
	"\xff\xfe invalid \xc3",
	"zero\xe2\x80\x8bwidth\xf3\xa0\x81\x81tag\xe2\x80\xa8",
	"\xef\xbb\xbf bom",
	"../../../etc/passwd",
	"\"quotes\" and \\ backslashes",
};

static void shows_nothing_invisible(void **state)
{
	struct buf out = BUF_INIT, visible = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct plan plan;

		example_plan(&plan);
		example_fill(&plan, str_of(hostile[i]));
		example_fill_addresses(&plan, str_of(hostile[i]));
		plan.id = plan.base = plan.config_commit = str_of(hostile[i]);
		show(&plan, (struct show_options){.full = i % 2 != 0}, &out);
		/* Nothing is left that the filter would change. */
		buf_clear(&visible);
		buf_add_visible(&visible, buf_str(&out), true);
		assert_string_equal(visible.ptr, out.ptr);
		assert_hides(&out, "line\nfeed");
		plan_release(&plan);
	}
	buf_release(&out);
	buf_release(&visible);
}

static void writes_json(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct err err = ERR_INIT;
		struct plan plan;
		const char *author;
		cJSON *json;

		example_plan(&plan);
		example_fill(&plan, str_of(hostile[i]));
		example_fill_addresses(&plan, str_of(hostile[i]));
		plan_sort(&plan);
		buf_clear(&out);
		show_json(&plan, &out);
		json = json_parse(buf_str(&out), &err);
		if (!json)
			fail_msg("%s\n%s", err.text, out.ptr);
		author = cJSON_GetStringValue(json_member(json, "author"));
		assert_non_null(author);
		if (str_is_utf8(str_of(hostile[i])))
			assert_string_equal(author, hostile[i]);
		assert_true(cJSON_IsNull(json_member(json, "digest")));
		cJSON_Delete(json);
		plan_release(&plan);
	}
	buf_clear(&out);
	show_json_schema(&out);
	cJSON_Delete(json_parse(buf_str(&out), &(struct err)ERR_INIT));
	buf_release(&out);
}

static void shows_an_empty_plan(void **state)
{
	struct buf out = BUF_INIT;
	struct plan plan;

	(void)state;
	plan_init(&plan);
	show(&plan, (struct show_options){.full = false}, &out);
	assert_shows(&out, "\n  no changes\n");
	assert_hides(&out, "Changes");
	assert_hides(&out, "request");
	buf_clear(&out);
	show_json(&plan, &out);
	assert_shows(&out, "\"changes\": []");
	buf_release(&out);
	plan_release(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_the_worked_example),
		cmocka_unit_test(colors),
		cmocka_unit_test(says_what_must_not_be_overlooked),
		cmocka_unit_test(says_how_long_at_least),
		cmocka_unit_test(shortens_long_lists),
		cmocka_unit_test(shows_nothing_invisible),
		cmocka_unit_test(writes_json),
		cmocka_unit_test(shows_an_empty_plan),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
