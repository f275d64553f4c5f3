#include "scenario.h"

/* --- the rule table --------------------------------------------------------------------------- */

static void test_rules(void **state)
{
	static const struct scenario scenarios[] = {
		{"nothing at all", "", "", "0 0 0 0", false},
		{"active, absent: create", "want user jane alias=jd unit=Law",
		 "create user jane unit=Law alias+jd; declared: listed in a.yaml\n", "0 0 0 0",
		 true},
		{"inactive, absent: nothing", "want user jane inactive", "", "0 0 0 0", false},
		{"active, same: nothing",
		 "want user jane alias=jd\nis user jane alias=jd\nwas user jane", "", "1 0 0 0",
		 false},
		{"active, same, not recorded: adopt", "want user jane\nis user jane",
		 "adopt user jane declared\n", "1 0 0 0", false},
		{"active, differs: update",
		 "want user jane name=Janet unit=Law mobile=+31612345678 alias=a,b\n"
		 "is user jane unit=Ops alias=b,c\nwas user jane",
		 "update user jane name=Janet mobile=+31612345678 unit=Law alias+a alias-c; "
		 "declared: name, aliases, mobile, unit\n",
		 "0 0 0 0", true},
		{"an update brings its links: no adoption besides",
		 "want user jane name=Janet id=7\nis user jane",
		 "update user jane name=Janet\n", "0 0 0 0", false},
		{"unmanaged attributes stay",
		 "want user jane\nis user jane alias=a unit=Ops mobile=+31612345678\nwas user jane",
		 "", "1 0 0 0", false},
		{"a managed unit of none is taken away",
		 "want user jane unit=\nis user jane unit=Ops\nwas user jane",
		 "update user jane unit=\n", NULL, false},
		{"managed empty aliases are taken away",
		 "want user jane alias=\nis user jane alias=x\nwas user jane",
		 "update user jane alias-x\n", NULL, false},
		{"active, suspended by a run: reactivate",
		 "want user jane\nis user jane suspended\nwas user jane suspended_by=r1:50",
		 "reactivate user jane; declared: listed in a.yaml; suspended since 1970-02-20 "
		 "by run r1\n",
		 "0 0 0 0", true},
		{"active, suspended by nobody we know: manual",
		 "want user jane\nis user jane suspended\nwas user jane",
		 "manual user jane: it should be active, but was suspended outside zsctl\n",
		 "0 0 0 0", false},
		{"the same with reactivate: always",
		 "cfg reactivate=always\nwant user jane name=J\nis user jane suspended\nwas user jane",
		 "reactivate user jane name=J; declared: listed in a.yaml; suspended outside "
		 "zsctl; declared: name\n",
		 "0 0 0 0", true},
		{"reactivate: never leaves it",
		 "cfg reactivate=never\nwant user jane\nis user jane suspended\n"
		 "was user jane suspended_by=r1:50",
		 "", "0 1 0 0", false},
		{"listed as inactive, active: suspend, recorded or not",
		 "want user jane inactive\nis user jane",
		 "suspend user jane; declared: not active\n", "0 0 0 0", true},
		{"until has passed",
		 "want user jane inactive until=until_1970-04-09_has_passed\nis user jane",
		 "suspend user jane; declared: until_1970-04-09_has_passed\n", NULL, true},
		{"listed as inactive, suspend: never",
		 "cfg suspend=never\nwant user jane inactive\nis user jane", "", "0 1 0 0",
		 false},
		{"absent, recorded as desired: suspend",
		 "is user jane\nwas user jane link=declared,ad:4\ncfg source=ad",
		 "suspend user jane; ad, declared: no longer listed\n", "0 0 0 0", true},
		{"absent, recorded but never desired: unmanaged",
		 "is user jane\nwas user jane undesired", "", "0 1 0 0", false},
		{"absent, not recorded: unmanaged", "is user jane", "", "0 1 0 0", false},
		{"absent, suspend: always", "cfg suspend=always\nis user jane",
		 "suspend user jane; no source lists it\n", "0 0 0 0", true},
		{"absent, suspend: never", "cfg suspend=never\nis user jane\nwas user jane", "",
		 "0 1 0 0", false},
		{"outside the claimed domains counts as absent",
		 "cfg claimed=example.org\nwant user jane@example.com\nis user "
		 "jane@example.com\nwas user jane@example.com",
		 "suspend user jane@example.com; declared: jane@example.com is outside "
		 "domains.claimed\n",
		 NULL, true},
		{"outside the claimed domains, never recorded",
		 "cfg claimed=example.org\nwant user jane@example.com\nis user jane@example.com",
		 "", "0 1 0 0", false},
		{"outside the claimed domains, not there",
		 "cfg claimed=example.org\nwant user jane@example.com", "", "0 0 0 0", false},
		{"inactive, suspended: so wanted",
		 "want user jane inactive\nis user jane suspended", "", "0 0 0 1", false},
		{"absent, suspended by us: so wanted",
		 "is user jane suspended\nwas user jane suspended_by=r1:9", "", "0 0 0 1",
		 false},
		{"absent, suspended by others: unmanaged", "is user jane suspended", "",
		 "0 1 0 0", false},
		{"inactive with an id, suspended: the id is recorded",
		 "want user jane inactive id=7\nis user jane suspended",
		 "adopt user jane declared id\n", "0 0 0 1", false},
		{"held: nothing changes",
		 "want user jane name=J held=bad_entry\nis user jane\nwas user jane",
		 "held user jane (declared): bad_entry\n", "0 0 0 0", false},
		{"held and absent", "want user jane held=bad_entry",
		 "held user jane (declared): bad_entry\n", "0 0 0 0", false},
		{"held, known by its id, under another address: stays",
		 "want user jan held=bad id=7\nis user jane\nwas user jane link=declared:7",
		 "held user jan (declared): bad\n", "0 0 0 0", false},
		{"held, known by was: stays",
		 "want user jan held=bad was=jane\nis user jane\nwas user jane",
		 "held user jan (declared): bad\n", "0 0 0 0", false},
		{"held without an address",
		 "want user - held=no_address id=7\nis user jane\nwas user jane link=declared:7",
		 "held user declared: listed in a.yaml (declared): no_address\n", NULL, false},
		{"kind differs: manual",
		 "want functional info delegates=\nis user info\nwas user info",
		 "manual user info: it is a user account in the target, and a functional account "
		 "in the sources\n",
		 "0 0 0 0", false},
		{"protected: nothing, counted",
		 "cfg protect=admin@*\nis user admin\nwas user admin\nwant user admin name=Root",
		 "", "0 0 1 0", false},
		{"a protected address is not created or taken",
		 "cfg protect=admin@*\nwant user jane was=x\nwant user admin was=root\nis user root\n"
		 "was user root\nis user jane\nwas user jane",
		 "", "1 0 1 0", false},
		{"create: off", "cfg create=off\nwant user jane", "", "0 0 0 0", false},
		{"update: off",
		 "cfg update=off\nwant user jane name=J\nis user jane\nwas user jane\n"
		 "want user bob\nis user bob",
		 "adopt user bob declared\n", "1 1 0 0", false},
		{"no name: held, for a create only",
		 "want user jane name=\nwant user bob name=\nis user bob\nwas user bob",
		 "held user jane (declared): no name, and no account can be created without one\n",
		 "1 0 0 0", false},
		{"recorded, its target id gone: matched by address and adopted",
		 "want user jane\nis user jane id=new\nwas user jane id=old",
		 "adopt user jane declared\n"
		 "warning user jane: the account that was recorded is gone from the target; another "
		 "one stands at its address, made outside zsctl\n",
		 "1 0 0 0", false},
		{"recorded, its target id gone, nobody at the address: created again",
		 "want user jane\nwas user jane",
		 "create user jane; declared: listed in a.yaml; it had been deleted in the target\n",
		 NULL, true},
		{"gone, known by id, under a new address",
		 "want user janet id=7\nwas user jane link=declared:7",
		 "create user janet; declared: listed in a.yaml; it had been deleted in the "
		 "target\n",
		 NULL, true},
		{"absent and gone: nothing", "was user jane", "", "0 0 0 0", false},
		{"another account at the address of a recorded one that is gone is not ours",
		 "is user jane id=new\nwas user jane id=old", "", "0 1 0 0", false},
	};

	(void)state;
	RUN(scenarios);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void test_keys(void **state)
{
	static const struct scenario scenarios[] = {
		{"a create with its key", "want user jane key=k", "create user jane key\n",
		 NULL, false},
		{"where some have keys, a create without one is held",
		 "want user jane key=k\nwant user bob",
		 "create user jane key\n"
		 "held user bob (declared): no account key (sso_key), and nobody can sign in to a "
		 "new account without one\n",
		 NULL, false},
		{"where the record knows keys, too",
		 "want user bob\nis user x\nwas user x key=k undesired",
		 "held user bob (declared): no account key (sso_key), and nobody can sign in to a "
		 "new account without one\n",
		 NULL, false},
		{"functional accounts need none",
		 "want user jane key=k\nwant functional info delegates=jane",
		 "create user jane key\ncreate functional info +jane\n", NULL, false},
		{"an unknown key is no difference",
		 "want user jane key=k\nis user jane\nwas user jane", "", "1 0 0 0", false},
		{"but goes with the next one",
		 "want user jane key=k name=J\nis user jane\nwas user jane",
		 "update user jane name=J key\n", NULL, false},
		{"the same key is no difference",
		 "want user jane key=k\nis user jane\nwas user jane key=k", "", "1 0 0 0",
		 false},
		{"another key is one",
		 "want user jane key=k2\nis user jane\nwas user jane key=k",
		 "update user jane key; declared: sso_key\n", NULL, true},
		{"a key for one whose key was lost",
		 "want user jane key=k\nis user jane\nwas user jane key=lost",
		 "update user jane key; declared: sso_key\n", NULL, true},
		{"a suspend with its key",
		 "want user jane key=k inactive\nis user jane\nwas user jane key=k",
		 "suspend user jane key\n", NULL, false},
		{"a suspend without the key that was known: lost",
		 "is user jane\nwas user jane key=k", "suspend user jane key:lost\n", NULL,
		 false},
		{"a suspend where no key was known", "is user jane\nwas user jane",
		 "suspend user jane\n", NULL, false},
		{"back with a key",
		 "want user jane key=k\nis user jane suspended\nwas user jane key=lost "
		 "suspended_by=r1:9",
		 "reactivate user jane key\n", NULL, false},
		{"back without the key that was lost: manual",
		 "want user jane\nis user jane suspended\nwas user jane key=lost suspended_by=r1:9",
		 "manual user jane: its account key was lost when it was suspended; without one "
		 "nobody could sign in\n",
		 NULL, false},
		{"an update without the known key would break the sign-in: manual",
		 "want user jane name=J\nis user jane\nwas user jane key=k",
		 "manual user jane: it differs (declared: name), but no source has its account key "
		 "any more, and a change without it would break the sign-in\n",
		 "0 0 0 0", false},
		{"nothing differs: nothing to break",
		 "want user jane\nis user jane\nwas user jane key=k", "", "1 0 0 0", false},
		{"such an account gives nothing up",
		 "want user jane alias=\nwant user bob alias=x\nis user jane alias=x\nis user bob\n"
		 "was user jane key=k\nwas user bob",
		 "manual user bob: alias x (declared) is an alias of user jane, which keeps it\n"
		 "manual user jane: it differs (declared: aliases), but no source has its account "
		 "key any more, and a change without it would break the sign-in\n",
		 NULL, false},
		{"the service takes nothing of a user without his key",
		 "cfg service\nwant user jane name=J\nwant user bob\nwant user kim key=k name=K\n"
		 "want user new\nwant user back\nwant functional info delegates=bob,kim\n"
		 "is user jane\nis user bob\nis user kim\nis user gone\nis user back suspended\n"
		 "is functional info delegates=bob\nwas user jane\nwas user bob\nwas user kim\n"
		 "was user gone\nwas user back suspended_by=r1:9\nwas functional info",
		 "suspend user gone\ngrant functional info +kim\nupdate user kim name=K key\n"
		 "manual user back: no source has its account key; without one nobody could "
		 "sign in\n"
		 "manual user jane: it differs (declared: name), but no source has its account "
		 "key, and a change without it would break the sign-in\n"
		 "held user new (declared): no account key (sso_key), and nobody can sign in to a "
		 "new account without one\n",
		 NULL, false},
		{"unless people sign in with passwords",
		 "cfg service sign_in=password\nwant user jane name=J\nwant user new\nis user jane\n"
		 "was user jane",
		 "update user jane name=J\ncreate user new\n", NULL, false},
		{"--refresh-keys",
		 "opt refresh_keys=j*\nwant user jane key=k\nwant user bob key=b\n"
		 "want user jim\nis user jane\nis user bob\nis user jim\nwas user jane key=k\n"
		 "was user bob key=b\nwas user jim",
		 "update user jane key; declared: sso_key; --refresh-keys\n", "2 0 0 0", true},
		{"sign_in password: no keys, said once",
		 "cfg sign_in=password\nwant user jane key=k\nwant user bob key=b name=B\n"
		 "is user jane\nis user bob\nwas user jane key=x\nwas user bob",
		 "update user bob name=B\n"
		 "warning target.sign_in is password: the sources' account keys (sso_key) are not "
		 "sent\n",
		 NULL, false},
	};

	(void)state;
	RUN(scenarios);
}

/* --- what narrows ----------------------------------------------------------------------------- */

static void test_narrowing(void **state)
{
	static const struct scenario scenarios[] = {
		{"--only a kind",
		 "opt only=functional\nwant user jane\nwant functional info delegates=bob\n"
		 "is user bob",
		 "create functional info +bob\n", NULL, false},
		{"--only an action: no suspends are assumed, and nobody loses a delegate",
		 "opt only=grant\nwant functional info delegates=kim\nwant user kim\n"
		 "is functional info delegates=bob\nis user bob\nis user kim\nwas user bob\n"
		 "was functional info\nwas user kim",
		 "grant functional info +kim -bob\n", "1 1 0 0", false},
		{"--only create: neither updates nor adoptions",
		 "opt only=create\nwant user kim name=K\nwant user new\nwant user bob\nis user kim\n"
		 "is user bob\nwas user kim",
		 "create user new\n", "0 2 0 0", false},
		{"--only an action of a kind",
		 "opt only=suspend:user\nis user bob\nis functional info delegates=kim\n"
		 "is user kim\nwant user kim\nwas user bob\nwas functional info\nwas user kim",
		 "suspend user bob\n", "0 2 0 0", false},
		{"--only create: a functional account does not count on suspends",
		 "opt only=create\nwant user new alias=x\nwant functional desk delegates=bob\n"
		 "is user bob\nwas user bob",
		 "create user new alias+x\ncreate functional desk +bob\n", "0 1 0 0", false},
		{"--only revoke: grants keep their addresses",
		 "opt only=revoke,create\nwant user a delegates=c alias=\nwant user b alias=x\n"
		 "want user c delegates=\nis user a alias=x\nis user c delegates=b2\nis user b2\n"
		 "was user a\nwas user c",
		 "revoke user c -b2\ncreate user b\n"
		 "manual user b: alias x (declared) is an alias of user a, which keeps it\n",
		 NULL, false},
		{"--exclude: as if unmanaged, its address is not freed",
		 "opt exclude=bob\nwant user kim alias=x\nwant user bob alias=\nis user kim\n"
		 "is user bob alias=x\nwas user kim\nwas user bob",
		 "manual user kim: alias x (declared) is an alias of user bob, which keeps it\n",
		 "0 1 0 0", false},
		{"--exclude a leaver: he stays a delegate",
		 "opt exclude=bob\nwant functional info delegates=bob\n"
		 "is functional info delegates=bob\nis user bob\nwas functional info\nwas user bob",
		 "", "1 1 0 0", false},
		{"--exclude a coming delegate: he does not come",
		 "opt exclude=new\nwant user new\nwant functional info delegates=new,bob\nis user bob",
		 "create functional info +bob\n"
		 "warning functional info: delegate new (declared) is left out: the account is not "
		 "active, and --exclude leaves out the change that would make it so\n",
		 "0 1 0 0", false},
		{"--include",
		 "opt include=j*\nwant user jane name=J\nwant user bob name=B\nwant user jim\n"
		 "is user jane\nis user bob\nis user old\nwas user jane\nwas user bob\nwas user old",
		 "update user jane name=J\ncreate user jim\n", "0 2 0 0", false},
		{"--include by the new address, too",
		 "opt include=janet\nwant user janet id=7\nis user jane\n"
		 "was user jane link=declared:7",
		 "update user jane address=janet name=JANET\n", NULL, false},
		{"actions.update off frees nothing",
		 "cfg user.update=off\nwant user kim alias=\nwant user new alias=x\n"
		 "is user kim alias=x\nwas user kim",
		 "create user new\n"
		 "manual user new: alias x (declared) is an alias of user kim, which keeps it\n",
		 "0 1 0 0", false},
		{"outside the scope: neither created nor suspended",
		 "cfg scope_exclude=*@sister.example\nwant user x@sister.example\n"
		 "want user y@sister.example inactive\nwant user z@sister.example held=bad",
		 "", "0 0 0 0", false},
		{"nothing is moved out of the scope",
		 "cfg scope_exclude=*@sister.example\nwant user jane@sister.example id=7\n"
		 "is user jane\nwas user jane link=declared:7",
		 "manual user jane: the change would take it out of target.scope\n", NULL,
		 false},
		{"a scope by unit: new accounts must be in one",
		 "cfg units=Law\nwant user jane\nwant user kim unit=Law\nwant user bob\n"
		 "is user bob unit=Law\nwas user bob",
		 "create user kim unit=Law\n", "1 0 0 0", false},
	};

	(void)state;
	RUN(scenarios);
}

/* --- deletes ---------------------------------------------------------------------------------- */

static void test_deletes(void **state)
{
	static const struct scenario scenarios[] = {
		{"suspended long enough, absent",
		 "cfg protect=admin@*\nopt delete=suspended for=30d\nis user bob suspended\n"
		 "is functional info delegates=bob,kim\nis user kim\nwas user bob suspended_by=r1:70",
		 "delete user bob loses info; declared: no longer listed; suspended since "
		 "1970-03-12 by run r1; --delete suspended, --suspended-for 30d; its messages are lost for ever\n",
		 "0 2 0 0", true},
		{"one day less",
		 "cfg protect=admin@*\nopt delete=suspended for=30d\nis user bob suspended\n"
		 "was user bob suspended_by=r1:71",
		 "", "0 0 0 1", false},
		{"part of a day counts as one",
		 "cfg protect=admin@*\nopt delete=suspended for=721h\nis user bob suspended\n"
		 "was user bob suspended_by=r1:70",
		 "", "0 0 0 1", false},
		{"listed as inactive: when asked for suspended ones",
		 "cfg protect=admin@*\nopt delete=suspended for=1d\nwant user bob inactive\n"
		 "is user bob suspended\nwas user bob suspended_by=r1:70",
		 "delete user bob\n", NULL, false},
		{"listed as inactive: not when asked for missing ones",
		 "cfg protect=admin@*\nopt delete=suspended-and-missing for=1d\n"
		 "want user bob inactive\nis user bob suspended\nwas user bob suspended_by=r1:70",
		 "", "0 0 0 1", false},
		{"missing",
		 "cfg protect=admin@*\nopt delete=suspended-and-missing for=1d\n"
		 "is user bob suspended\nwas user bob suspended_by=r1:70",
		 "delete user bob\n", NULL, false},
		{"suspended by others: never",
		 "cfg protect=admin@*\nopt delete=suspended for=1d\nis user bob suspended\nwas user bob",
		 "", "0 0 0 1", false},
		{"protected: never",
		 "cfg protect=bob@*\nopt delete=suspended for=1d\nis user bob suspended\n"
		 "was user bob suspended_by=r1:9",
		 "", "0 0 1 0", false},
		{"nothing is protected: nothing is deleted",
		 "opt delete=suspended for=1d\nis user bob suspended\nwas user bob suspended_by=r1:9",
		 "", "0 0 0 1", false},
		{"held: never",
		 "cfg protect=admin@*\nopt delete=suspended for=1d\nwant user bob held=bad\n"
		 "is user bob suspended\nwas user bob suspended_by=r1:9",
		 "held user bob (declared): bad\n", NULL, false},
		{"wanted back: comes back",
		 "cfg protect=admin@*\nopt delete=suspended for=1d\nwant user bob\n"
		 "is user bob suspended\nwas user bob suspended_by=r1:9",
		 "reactivate user bob\n", NULL, false},
		{"a functional account",
		 "cfg protect=admin@*\nopt delete=suspended for=1d\nis functional info\n"
		 "was functional info suspended_by=r1:9",
		 "delete functional info\n", NULL, false},
		{"its address serves the next plan, not this one",
		 "cfg protect=admin@*\nopt delete=suspended for=1d\nwant user new alias=bob\n"
		 "is user bob suspended\nwas user bob suspended_by=r1:9",
		 "manual user bob: it would be deleted, but user new may be the same one under "
		 "another address: both have bob\n"
		 "manual user new: looks like a rename of user bob, which is suspended: both have "
		 "bob\n",
		 NULL, false},
		{"its address serves the next plan, when it is not that of a newcomer",
		 "cfg protect=admin@*\nopt delete=suspended for=1d exclude=new@*\n"
		 "want user new alias=bob\nis user bob suspended\nwas user bob suspended_by=r1:9",
		 "delete user bob\n", NULL, false},
	};

	(void)state;
	RUN(scenarios);
}

static void test_check(void **state)
{
	static const struct {
		const char *worlds, *message;
	} cases[] = {
		{"", NULL},
		{"opt for=30d", "--suspended-for needs --delete"},
		{"cfg protect=a\nopt delete=suspended for=30d", NULL},
		{"cfg protect=a\nopt delete=all for=30d",
		 "--delete all: 'suspended' or 'suspended-and-missing' is expected"},
		{"cfg protect=a\nopt delete=suspended",
		 "--delete needs --suspended-for with a duration such as 30d: deleted messages are "
		 "lost for ever"},
		{"opt delete=suspended for=30d",
		 "--delete needs target.protect: name the accounts that must never be deleted, "
		 "such as the administrators'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_world t;
		struct err err = ERR_INIT;

		world_read(&t, cases[i].worlds, 0);
		assert_int_equal(reconcile_check(&t.config, &t.options, &err),
				 cases[i].message ? -1 : 0);
		if (cases[i].message) {
			assert_string_equal(err.text, cases[i].message);
			assert_int_equal(err.class, ERR_USAGE);
		}
		world_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),     cmocka_unit_test(test_keys),
		cmocka_unit_test(test_narrowing), cmocka_unit_test(test_deletes),
		cmocka_unit_test(test_check),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
