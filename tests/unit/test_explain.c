#include "scenario.h"

static const struct {
	const char *what, *worlds, *address, *expected;
} cases[] = {
	{"nobody knows it", "is user kim", "jane", ""},
	{"an update",
	 "cfg ignore=o.example\n"
	 "want user janet id=7 alias=j,k,l delegates=kim,bob,nobody:W1,old unit=Law key=k\n"
	 "is user jane alias=j,m,z@o.example delegates=kim,piet,leaver\nis user kim alias=k\n"
	 "is user bob\nis user piet\nis user leaver\nis user old suspended\n"
	 "was user jane link=declared:7 refused=l key=k\nwas user leaver\nwas user bob undesired",
	 "janet",
	 "user jane\n"
	 "  sources: declared: listed in a.yaml, as janet; in declared with an id\n"
	 "  target:  active, id id-jane, aliases: j, m, z@o.example\n"
	 "  record:  desired since 1970-01-02; linked to declared by an id; account key known\n"
	 "  who:     matched by its id\n"
	 "  rule:    wanted active and active: an update when something differs\n"
	 "  address: jane -> janet\n"
	 "  name: JANE -> JANET\n"
	 "  mobile: none, not managed\n"
	 "  unit: none -> Law\n"
	 "  alias j: stays\n"
	 "  alias k: left out: alias k (declared) is an alias of user kim, which keeps it\n"
	 "  alias l: left out: alias l (declared) was refused by the service for good\n"
	 "  alias m: removed\n"
	 "  alias z@o.example: ignored (domains.ignore_aliases)\n"
	 "  sso_key: no reason to send it by itself; goes with any change\n"
	 "  delegate bob: added\n"
	 "  delegate kim: stays\n"
	 "  delegate old: listed, and ignored: will not be active\n"
	 "  delegate leaver: suspended by this plan\n"
	 "  delegate piet: removed: not listed\n"
	 "  result:  grant, because declared: address, name, aliases, delegates, unit\n"},
	{"a create", "want user jane alias=j key=k", "j",
	 "user jane\n"
	 "  sources: declared: listed in a.yaml; in declared without id\n"
	 "  target:  does not have it\n"
	 "  record:  does not know it\n"
	 "  who:     nobody yet: no id and no address leads to an account\n"
	 "  rule:    wanted active and not there: create\n"
	 "  address: none -> jane\n"
	 "  name: none -> JANE\n"
	 "  mobile: none, not managed\n"
	 "  unit: none, not managed\n"
	 "  alias j: added\n"
	 "  sso_key: sent\n"
	 "  result:  create, because declared: listed in a.yaml\n"},
	{"an absent one", "is user jane\nwas user jane suspended_by=r1:9", "jane",
	 "user jane\n"
	 "  sources: none lists it\n"
	 "  target:  active, id id-jane, aliases: none\n"
	 "  record:  desired since 1970-01-02, suspended since 1970-01-10 by run r1; linked to "
	 "declared\n"
	 "  rule:    active and not wanted: suspend\n"
	 "  result:  suspend, because declared: no longer listed\n"},
	{"one that is gone", "was user jane", "jane",
	 "user jane\n"
	 "  sources: none lists it\n"
	 "  target:  does not have it any more\n"
	 "  record:  desired since 1970-01-02; linked to declared\n"
	 "  result:  no change\n"},
};

static void test_explain(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_world t;
		struct reconcile_input input;
		struct explanation explanation = {.text = BUF_INIT};
		struct buf out = BUF_INIT;
		struct plan plan;

		world_read(&t, cases[i].worlds, 0);
		explanation.address = world_address_sym(&t, str_of(cases[i].address));
		input = world_input(&t);
		plan_init(&plan);
		reconcile(&input, &plan, &explanation);
		add_short(&out, buf_str(&explanation.text));
		if (!str_is(buf_str(&out), cases[i].expected)) {
			failed++;
			print_error("%s:\n--- expected\n%s--- got\n%s", cases[i].what,
				    cases[i].expected, out.ptr ? out.ptr : "");
		}
		buf_release(&explanation.text);
		buf_release(&out);
		plan_release(&plan);
		world_free(&t);
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
