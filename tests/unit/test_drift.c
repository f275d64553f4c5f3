#include "world.h"

#include "history.h"

static void render_delegates(struct buf *out, char sign, struct set delegates)
{
	for (uint32_t i = 0; i < delegates.count; i++)
		buf_addf(out, " %c%.*s", sign, (int)strcspn(delegates.items[i]->text, "@"),
			 delegates.items[i]->text);
}

/* What differs, a line each: "~ user jane name,aliases", "~ functional info delegates -bob". */
static void render(const struct drifts *drifts, struct buf *out)
{
	for (size_t i = 0; i < drifts->count; i++) {
		const struct drift *drift = &drifts->items[i];
		const struct account *account = drift->current ? drift->current
							       : &drift->recorded->account;
		const char *separator = " ";

		buf_addf(out, "%c %s %.*s", "+-~"[drift->kind], kind_names[account->kind],
			 (int)strcspn(account->address->text, "@"), account -> address -> text);
		for (unsigned bit = 0; bit < ATTR_COUNT; bit++) {
			if (!(drift->attributes & 1U << bit))
				continue;
			buf_addf(out, "%s%s", separator, attribute_names[bit]);
			separator = ",";
		}
		render_delegates(out, '-', drift->removed);
		render_delegates(out, '+', drift->added);
		buf_char(out, '\n');
	}
}

static void finds_what_differs(void **state)
{
	static const struct {
		const char *world, *expected;
	} cases[] = {
		{"", ""},
		{"is user jane\nwas user jane", ""},
		{"is user jane", "+ user jane\n"},
		{"was user jane", "- user jane\n"},
		/* Made again under the same address: another account. */
		{"is user jane id=2\nwas user jane id=1", "- user jane\n+ user jane\n"},
		{"is user jane name=J\nwas user jane", "~ user jane name\n"},
		{"is user jane.new id=1\nwas user jane id=1 name=JANE.NEW",
		 "~ user jane.new address\n"},
		{"is user jane alias=a,b\nwas user jane alias=b,c", "~ user jane aliases\n"},
		{"is user jane unit=U mobile=+31612345678\nwas user jane",
		 "~ user jane mobile,unit\n"},
		{"is user jane suspended\nwas user jane", "~ user jane active\n"},
		{"is user jane\nwas user jane suspended_by=r:1", "~ user jane active\n"},
		/* Delegates are accounts. */
		{"is user bob\nwas user bob\n"
		 "is functional info delegates=bob\nwas functional info delegates=bob",
		 ""},
		{"is user bob.new id=1 name=B\nwas user bob id=1 name=B\n"
		 "is functional info delegates=bob.new\nwas functional info delegates=bob",
		 "~ user bob.new address\n"},
		{"is user bob\nwas user bob\nis user kim\nwas user kim\n"
		 "is functional info delegates=bob,kim\nwas functional info delegates=bob",
		 "~ functional info delegates +kim\n"},
		/* Who cannot read is no delegate, listed or not. */
		{"is user bob suspended\nwas user bob suspended_by=r:1\n"
		 "is user kim\nwas user kim\n"
		 "is functional info delegates=bob,kim\nwas functional info delegates=kim",
		 ""},
		{"is user bob suspended\nwas user bob\n"
		 "is functional info delegates=bob\nwas functional info delegates=bob",
		 "~ user bob active\n~ functional info delegates,active -bob\n"},
		{"is user bob\nwas user bob suspended_by=r:1\n"
		 "is functional info delegates=bob\nwas functional info",
		 "~ user bob active\n~ functional info delegates,active +bob\n"},
		{"is user bob suspended\nwas user bob suspended_by=r:1\n"
		 "is user kim suspended\nwas user kim\n"
		 "is functional info delegates=bob,kim\nwas functional info delegates=kim",
		 "~ user kim active\n~ functional info delegates,active -kim\n"},
		{"is user kim.new id=1 name=K\nwas user kim id=1 name=K\n"
		 "is user bob\nwas user bob\n"
		 "is functional info delegates=kim.new\nwas functional info delegates=kim,bob",
		 "~ user kim.new address\n~ functional info delegates -bob\n"},
		/* The same address, another person. */
		{"is user bob id=2\nwas user bob id=1\n"
		 "is functional info delegates=bob\nwas functional info delegates=bob",
		 "- user bob\n+ user bob\n~ functional info delegates -bob +bob\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_world t;
		struct drifts drifts;
		struct buf out = BUF_INIT;

		world_read(&t, cases[i].world, 0);
		drift_find(&t.current, &t.recorded, &drifts);
		render(&drifts, &out);
		if (!str_is(buf_str(&out), cases[i].expected))
			fail_msg("case %zu: %s\nbut:\n%s", i, cases[i].world,
				 out.ptr ? out.ptr : "");
		buf_release(&out);
		drifts_release(&drifts);
		world_free(&t);
	}
}

static const char differences[] =
	"is user jane name=\x1b[31mred alias=a\n"
	"was user jane alias=b\n"
	"is user bob\nwas user bob\n"
	"is functional info delegates=bob\nwas functional info suspended_by=r:1\n"
	"was user gone\nis user fresh\n";

static void shows_them(void **state)
{
	static const struct {
		bool json;
		const char *expected;
	} cases[] = {
		{false, "  + user fresh@example.org appeared\n"
			"  - user gone@example.org gone\n"
			"  ~ user jane@example.org changed\n"
			"      name: JANE -> <U+001B>[31mred\n"
			"      - alias b@example.org\n"
			"      + alias a@example.org\n"
			"  ~ functional info@example.org changed\n"
			"      active again\n"
			"      + delegate bob@example.org\n"
			"2 changed, 1 appeared, 1 gone since the record.\n"},
		{true,
		 "{\"drift\":\"appeared\",\"kind\":\"user\",\"address\":\"fresh@example.org\","
		 "\"id\":\"id-fresh\"}\n"
		 "{\"drift\":\"gone\",\"kind\":\"user\",\"address\":\"gone@example.org\","
		 "\"id\":\"id-gone\"}\n"
		 "{\"drift\":\"changed\",\"kind\":\"user\",\"address\":\"jane@example.org\","
		 "\"id\":\"id-jane\",\"name\":{\"from\":\"JANE\",\"to\":\"\\u001b[31mred\"},"
		 "\"aliases_added\":[\"a@example.org\"],"
		 "\"aliases_removed\":[\"b@example.org\"]}\n"
		 "{\"drift\":\"changed\",\"kind\":\"functional\","
		 "\"address\":\"info@example.org\",\"id\":\"id-info\",\"active\":true,"
		 "\"delegates_added\":[\"bob@example.org\"],\"delegates_removed\":[]}\n"},
	};
	struct test_world t;
	struct drifts drifts;

	(void)state;
	world_read(&t, differences, 0);
	drift_find(&t.current, &t.recorded, &drifts);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		drift_show(&drifts, cases[i].json, false, &out);
		assert_string_equal(out.ptr, cases[i].expected);
		buf_release(&out);
	}
	drifts_release(&drifts);
	world_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_differs),
		cmocka_unit_test(shows_them),
	};
	struct err err = ERR_INIT;

	return base_init(&err) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
