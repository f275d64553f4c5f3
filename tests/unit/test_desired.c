#include "scenario.h"

/* "user jane name=JANE alias=a,b delegates=bob(declared: W1) in=declared#,ad held(ad)=…" */
static void add_desired(struct buf *out, const struct test_world *t,
			const struct desired_account *item)
{
	const struct account *account = &item->account;

	buf_addf(out, "%s ", kind_names[account->kind]);
	add_short(out, sym_str(account->address));
	buf_addf(out, " name=%.*s", STR_FMT(sym_str(account->name)));
	if (account->unit)
		buf_addf(out, " unit=%s", account->unit->text);
	if (account->mobile)
		buf_addf(out, " mobile=%s", account->mobile->text);
	if (account->has & ATTR_ALIASES)
		buf_puts(out, " alias=");
	for (uint32_t i = 0; i < account->aliases.count; i++) {
		buf_puts(out, i ? "," : "");
		add_short(out, sym_str(account->aliases.items[i]));
	}
	if (account->has & ATTR_DELEGATES)
		buf_puts(out, " delegates=");
	for (uint32_t i = 0; i < account->delegates.count; i++) {
		const struct delegate *delegate = &account->delegates.items[i];

		buf_puts(out, i ? "," : "");
		add_short(out, sym_str(delegate->address));
		if (delegate->why)
			buf_addf(out, "(%s)", delegate->why->text);
	}
	buf_puts(out, " in=");
	for (uint32_t i = 0; i < item->link_count; i++)
		buf_addf(out, "%s%.*s%s", i ? "," : "",
			 STR_FMT(t->sources[item->links[i].source].name),
			 item->links[i].digest ? "#" : "");
	if (item->was)
		buf_addf(out, " was=%s", item->was->text);
	if (item->key)
		buf_addf(out, " key=%.*s", STR_FMT(item->key->name));
	if (!account->active)
		buf_addf(out, " inactive=%s", item->inactive_because->text);
	if (item->held) {
		buf_addf(out, " held(%.*s)=", STR_FMT(t->sources[item->held_source].name));
		add_short(out, sym_str(item->held));
	}
	buf_char(out, '\n');
}

static const struct {
	const char *what, *worlds, *expected;
} cases[] = {
	{"one source",
	 "want user jane alias=a,b unit=Law id=7\nwant functional info delegates=kim",
	 "user jane name=JANE unit=Law alias=a,b in=declared#\n"
	 "functional info name=INFO delegates=kim in=declared\n"},
	{"the first opinion wins, attribute by attribute",
	 "cfg source=ad\nwant user jane unit=Law\n"
	 "want user jane source=ad name=Janet unit=Ops mobile=+31612345678 alias=j id=9 key=k",
	 "user jane name=JANE unit=Law mobile=+31612345678 alias=j in=declared,ad# key=k\n"},
	{"an empty name is no opinion",
	 "cfg source=ad\nwant user jane name=\nwant user jane source=ad",
	 "user jane name=JANE in=declared,ad\n"},
	{"an empty set is one",
	 "cfg source=ad\nwant user jane alias=\nwant user jane source=ad alias=j",
	 "user jane name=JANE alias= in=declared,ad\n"},
	{"the own address is no alias", "want user jane alias=jane,j",
	 "user jane name=JANE alias=j in=declared\n"},
	{"ignored aliases are dropped",
	 "cfg ignore=o.example\nwant user jane alias=j@o.example,j@p.example,j@x.o.example",
	 "user jane name=JANE alias=j@p.example,j@x.o.example in=declared\n"},
	{"adds: sets are united, with the source that says so",
	 "cfg source=hr/adds:delegates,aliases\nwant functional info delegates=a,b:W1 alias=x\n"
	 "want functional info source=hr delegates=b:W2,c alias=y",
	 "functional info name=INFO alias=x,y delegates=a,b(declared: W1),c(hr: listed) "
	 "in=declared,hr\n"},
	{"adds: alone it is an opinion as well",
	 "cfg source=hr/adds:delegates\nwant functional info\n"
	 "want functional info source=hr delegates=b",
	 "functional info name=INFO delegates=b in=declared,hr\n"},
	{"manage: only these attributes, only for accounts that others list",
	 "cfg source=exo/manage:delegates\nwant user jane\n"
	 "want user jane source=exo name=X alias=x delegates=a id=5\n"
	 "want user kim source=exo delegates=a",
	 "user jane name=JANE delegates=a in=declared\n"},
	{"activity is an attribute like others",
	 "cfg source=ad\nwant user jane inactive\nwant user jane source=ad active\n"
	 "want user kim active\nwant user kim source=ad inactive\n"
	 "want user bob\nwant user bob source=ad inactive until=until_x",
	 "user bob name=BOB in=declared,ad inactive=ad: until_x\n"
	 "user jane name=JANE in=declared,ad inactive=declared: not active\n"
	 "user kim name=KIM in=declared,ad\n"},
	{"a functional account has neither mobile nor key",
	 "want functional info mobile=+31612345678 key=k delegates=a",
	 "functional info name=INFO delegates=a in=declared\n"},
	{"held by its source", "want user jane held=bad",
	 "user jane name=JANE in=declared held(declared)=bad\n"},
	{"held by one of two",
	 "cfg source=ad\nwant user jane\nwant user jane source=ad held=bad",
	 "user jane name=JANE in=declared,ad held(ad)=bad\n"},
	{"without address: each by itself", "want user - held=a id=1\nwant user - held=b id=2",
	 "user  name=- in=declared# held(declared)=a\n"
	 "user  name=- in=declared# held(declared)=b\n"},
	{"the kinds differ: the later entry is held",
	 "cfg source=ad\nwant user info\nwant functional info source=ad delegates=a id=1",
	 "user info name=INFO in=declared\n"
	 "functional info name= in=ad# held(ad)=source 'ad' lists it as functional, source "
	 "'declared' as user\n"},
	{"the kinds differ in one source: both are", "want user info\nwant functional info",
	 "user info name=INFO in=declared held(declared)=source 'declared' lists it as functional, "
	 "source 'declared' as user\n"
	 "functional info name= in=declared held(declared)=source 'declared' lists it as "
	 "functional, source 'declared' as user\n"},
	{"the kinds differ in one source that only manages one of them: the other is fine",
	 "cfg source=ad/functional.manage:delegates\nwant functional desk\n"
	 "want functional desk source=ad delegates=a\nwant user info source=ad\n"
	 "want functional info source=ad delegates=a id=1",
	 "user info name=INFO in=ad\n"
	 "functional desk name=DESK delegates=a in=declared\n"
	 "functional info name= in= held(ad)=source 'ad' manages it as functional, source 'ad' as "
	 "user\n"},
	{"listed twice by one source", "want user jane id=1\nwant user jane id=2",
	 "user jane name=JANE in=declared#,declared# held(declared)=source 'declared' lists it "
	 "twice\n"},
	{"twice in a source that only manages",
	 "cfg source=exo/manage:delegates\nwant user jane\nwant user jane source=exo delegates=a id=1\n"
	 "want user jane source=exo delegates=a id=2",
	 "user jane name=JANE delegates=a in=declared held(exo)=source 'exo' lists it twice\n"},
	{"an id twice", "want user jane id=1\nwant user kim id=1\nwant user bob id=2",
	 "user bob name=BOB in=declared#\n"
	 "user jane name=JANE in=declared# held(declared)=its id is also that of user kim\n"
	 "user kim name=KIM in=declared# held(declared)=its id is also that of user jane\n"},
	{"ids of two sources are two ids",
	 "cfg source=ad\nwant user jane id=1\nwant user kim source=ad id=1",
	 "user jane name=JANE in=declared#\nuser kim name=KIM in=ad#\n"},
	{"an alias that another source has as primary: the later entry is held",
	 "cfg source=ad\nwant user jane alias=kim\nwant user kim source=ad",
	 "user jane name=JANE alias=kim in=declared\n"
	 "user kim name=KIM in=ad held(ad)=address kim is also that of user jane\n"},
	{"and the other way round",
	 "cfg source=ad\nwant user jane source=ad alias=kim\nwant user kim",
	 "user jane name=JANE alias=kim in=ad held(ad)=alias kim is also that of user kim\n"
	 "user kim name=KIM in=declared\n"},
	{"whose alias it is counts, not who lists the account",
	 "cfg source=ad\nwant user jane\nwant user jane source=ad alias=x\nwant user kim alias=x",
	 "user jane name=JANE alias=x in=declared,ad held(ad)=alias x is also that of user "
	 "kim\n"
	 "user kim name=KIM alias=x in=declared\n"},
	{"two earlier addresses",
	 "cfg source=ad\nwant user jane was=j\nwant user kim source=ad was=j",
	 "user jane name=JANE in=declared was=j@example.org\n"
	 "user kim name=KIM in=ad was=j@example.org held(ad)=earlier address j is also that of "
	 "user jane\n"},
	{"an earlier address in use: both are held",
	 "cfg source=ad\nwant user jane was=kim\nwant user kim source=ad",
	 "user jane name=JANE in=declared was=kim@example.org held(declared)=earlier address kim "
	 "is also that of user kim\n"
	 "user kim name=KIM in=ad held(ad)=by 'was' kim is also that of user jane\n"},
};

static void test_merge(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t seed = 0; seed < 4; seed++) {
			struct test_world t;
			struct buf out = BUF_INIT;

			world_read(&t, cases[i].worlds, seed);
			for (size_t j = 0; j < t.desired.count; j++)
				add_desired(&out, &t, &t.desired.items[j]);
			if (!str_is(buf_str(&out), cases[i].expected)) {
				failed++;
				print_error("%s (order %u):\n--- expected\n%s--- got\n%s",
					    cases[i].what, seed, cases[i].expected,
					    out.ptr ? out.ptr : "");
				seed = 4;
			}
			buf_release(&out);
			world_free(&t);
		}
	}
	assert_int_equal(failed, 0);
}

static void test_sources(void **state)
{
	struct test_world t;

	(void)state;
	world_read(
		&t,
		"cfg source=ad\nwant user a\nwant user b held=x\nwant functional c delegates=a,b\n"
		"want user a source=ad delegates=b",
		0);
	assert_int_equal(t.desired.sources[0].users, 2);
	assert_int_equal(t.desired.sources[0].functional, 1);
	assert_int_equal(t.desired.sources[0].delegations, 2);
	assert_int_equal(t.desired.sources[1].users, 1);
	assert_int_equal(t.desired.sources[1].delegations, 1);
	world_free(&t);
}

static void test_keys(void **state)
{
	struct test_world t;
	struct err err = ERR_INIT;
	char expected[HMAC_TEXT_SIZE];

	(void)state;
	world_read(&t, "want user jane key=ZSCTL_TEST_KEY\nwant user kim", 0);
	t.desired.items[0].fingerprint = NULL;
	setenv("ZSCTL_TEST_KEY", "secret", 1);
	assert_int_equal(desired_keys(&t.desired, STR("key"), &t.names, &err), 0);
	hmac_text(STR("key"), STR("secret"), expected);
	assert_string_equal(t.desired.items[0].fingerprint->text, expected);
	assert_null(t.desired.items[1].fingerprint);
	unsetenv("ZSCTL_TEST_KEY");
	assert_int_equal(desired_keys(&t.desired, STR("key"), &t.names, &err), -1);
	assert_true(str_starts(str_of(err.text), "user jane@example.org: account key: "));
	world_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_keys),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
