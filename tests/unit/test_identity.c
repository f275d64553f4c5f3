#include "reconcile.h"
#include "scenario.h"

static void test_identity(void **state)
{
	static const struct scenario scenarios[] = {
		{"a recorded id finds the account under its old address: rename",
		 "want user janet id=7\nis user jane\nwas user jane link=declared:7",
		 "update user jane address=janet name=JANET; declared: address, name\n", NULL,
		 true},
		{"the old address stays only where it is wanted",
		 "want user janet id=7 alias=jane name=JANE\nis user jane\n"
		 "was user jane link=declared:7",
		 "update user jane address=janet alias+jane\n", NULL, false},
		{"a new person at the address of one who is renamed",
		 "want user janet id=7 name=JANE\nwant user jane id=8\nis user jane\n"
		 "was user jane link=declared:7",
		 "update user jane address=janet\ncreate user jane\n", NULL, false},
		{"recorded under another id: another person's address",
		 "want user jane id=8\nis user jane suspended\n"
		 "was user jane link=declared:7 suspended_by=r1:9",
		 "manual user jane: the address was another person's: the account that has it is "
		 "recorded under another id\n",
		 "0 0 0 1", false},
		{"the same while the first still is active: she leaves, he waits",
		 "want user jane id=8\nis user jane\nwas user jane link=declared:7",
		 "suspend user jane; declared: no longer listed\n"
		 "manual user jane: the address was another person's: the account that has it is "
		 "recorded under another id\n",
		 "0 0 0 0", true},
		{"--same-person makes it ordinary",
		 "opt same_person=jane\nwant user jane id=8\nis user jane suspended\n"
		 "was user jane link=declared:7 suspended_by=r1:9",
		 "reactivate user jane\n", NULL, false},
		{"--same-person, nothing differs: the new id is adopted",
		 "opt same_person=jane\nwant user jane id=8\nis user jane\n"
		 "was user jane link=declared:7",
		 "adopt user jane declared id\n", "1 0 0 0", false},
		{"an id of another source says nothing against",
		 "cfg source=ad\nwant user jane source=ad id=8\nis user jane\n"
		 "was user jane link=declared:7",
		 "adopt user jane ad id\n", "1 0 0 0", false},
		{"an entry without id may match one that has one",
		 "want user jane\nis user jane\nwas user jane link=declared:7", "", "1 0 0 0",
		 false},
		{"an id for an account that had none: adopted",
		 "want user jane id=7\nis user jane\nwas user jane",
		 "adopt user jane declared id\n", "1 0 0 0", false},
		{"listed for the first time by a second source",
		 "cfg source=ad\nwant user jane\nwant user jane source=ad\nis user jane\n"
		 "was user jane",
		 "adopt user jane ad\n", "1 0 0 0", false},
		{"recorded, linked, but never desired: adopted",
		 "want user jane\nis user jane\nwas user jane undesired",
		 "adopt user jane declared\n", "1 0 0 0", false},
		{"ids come before addresses",
		 "want user jane id=7\nwant user bob id=8\nis user jane id=u1\nis user bob "
		 "id=u2\nwas user jane id=u1 link=declared:8\nwas user bob id=u2 link=declared:7",
		 "manual user bob: its address jane is still that of user jane, and in the end "
		 "each waits for the other\n"
		 "manual user jane: its address bob is still that of user bob, and in the end "
		 "each waits for the other\n",
		 NULL, false},
		{"one account, two entries by the ids of two sources: the first source has it",
		 "cfg source=ad\nwant user jane id=7\nwant user janet source=ad id=9\n"
		 "is user jane\nwas user jane link=declared:7,ad:9",
		 "manual user janet: it was user jane, which another entry is already\n",
		 "1 0 0 0", false},
		{"one entry, two accounts by the ids of two sources",
		 "cfg source=ad\nwant user jane id=7\nwant user jane source=ad id=9\n"
		 "is user jane\nis user jj\nwas user jane link=declared:7\nwas user jj link=ad:9",
		 "manual user jj: by the sources' ids it is one with user jane\n", "1 0 0 0",
		 false},
		{"the target's ExternalAccountId where the record has no id",
		 "cfg external_id=declared\nwant user janet id=7 name=JANE\nis user jane "
		 "external=7",
		 "update user jane address=janet\n", NULL, false},
		{"the record's id is more than the target's note",
		 "cfg external_id=declared\nwant user janet id=7\nis user jane external=7\n"
		 "was user jane link=declared:5",
		 "suspend user jane\ncreate user janet\n", NULL, false},
		{"the target's note is no id of another source",
		 "cfg source=ad external_id=ad\nwant user janet id=7\nis user jane external=7",
		 "create user janet\n", NULL, false},
		{"was: a rename without ids",
		 "want user janet was=jane name=JANE\nis user jane\nwas user jane",
		 "update user jane address=janet; declared: address; was: jane\n", NULL, true},
		{"was: of one who is suspended: comes back renamed",
		 "want user janet was=jane name=JANE\nis user jane suspended\n"
		 "was user jane suspended_by=r1:9",
		 "reactivate user jane address=janet\n", NULL, false},
		{"was: done already",
		 "want user janet was=jane\nis user janet\nis user jane\nwas user janet\n"
		 "was user jane undesired",
		 "", "1 1 0 0", false},
		{"was: once only: the renamed account is gone, the other is not hers",
		 "want user janet was=jane\nis user jane\nwas user janet\n"
		 "was user jane undesired",
		 "create user janet\n", "0 1 0 0", false},
		{"was: another entry has the old address: who is who cannot be told",
		 "want user janet was=jane\nwant user jane\nis user jane\nwas user jane",
		 "held user jane (declared): by 'was' jane is also that of user janet\n"
		 "held user janet (declared): earlier address jane is also that of user jane\n",
		 NULL, false},
		{"was: an account of the other kind",
		 "want functional desk was=jane delegates=kim\nis user jane\nis user kim",
		 "create functional desk +kim\n", "0 2 0 0", false},
		{"was: two were the same: of two sources the first has it",
		 "cfg source=ad\nwant user jan was=jane name=JANE\nwant user janet was=jane "
		 "source=ad\nis user jane",
		 "update user jane address=jan\n"
		 "held user janet (ad): earlier address jane is also that of user jan\n",
		 NULL, false},
		{"was: two were the same, says one source: neither",
		 "want user jan was=jane\nwant user janet was=jane\nis user jane\nwas user jane",
		 "held user jan (declared): earlier address jane is claimed by two accounts of "
		 "source 'declared'\n"
		 "held user janet (declared): earlier address jane is also that of user jan\n",
		 NULL, false},
		{"was: against the record's id",
		 "want user janet was=jane id=8\nis user jane\nwas user jane link=declared:7",
		 "suspend user jane\n"
		 "manual user janet: the address was another person's: the account that has it is "
		 "recorded under another id\n",
		 NULL, false},
		{"looks like a rename: alias of one who would be suspended",
		 "want user janet alias=jane\nis user jane\nwas user jane",
		 "manual user jane: it would be suspended (declared: no longer listed), but user "
		 "janet may be the same one under another address: both have jane\n"
		 "manual user janet: looks like a rename of user jane, which no source lists any "
		 "more: both have jane\n",
		 NULL, false},
		{"looks like a rename: two who look like the same leaver",
		 "want user janet alias=jane\nwant user jan alias=j\nis user jane alias=j\n"
		 "was user jane",
		 "manual user jan: looks like a rename of user jane, which no source lists any "
		 "more: both have j\n"
		 "manual user jane: it would be suspended (declared: no longer listed), but user "
		 "jan may be the same one under another address: both have j\n"
		 "manual user janet: looks like a rename of user jane, which no source lists any "
		 "more: both have jane\n",
		 NULL, false},
		{"looks like a rename: the leaver keeps what she can read until it is decided",
		 "want user janet alias=jane\nwant functional info name=INFO delegates=janet\n"
		 "is user jane\nis functional info delegates=jane\nwas user jane\n"
		 "was functional info",
		 "manual user jane: it would be suspended (declared: no longer listed), but user "
		 "janet may be the same one under another address: both have jane\n"
		 "manual user janet: looks like a rename of user jane, which no source lists any "
		 "more: both have jane\n",
		 NULL, false},
		{"looks like a rename: of one whom the sources list as inactive",
		 "want user janet alias=j\nwant user jane inactive\nis user jane alias=j\n"
		 "was user jane",
		 "suspend user jane\n"
		 "manual user janet: looks like a rename of user jane, which this plan suspends: "
		 "both have j\n",
		 NULL, false},
		{"looks like a rename: another id is another person",
		 "want user janet alias=jane id=8\nis user jane\nwas user jane link=declared:7",
		 "suspend user jane\n"
		 "manual user janet: looks like a rename of user jane, which this plan suspends: "
		 "both have jane\n",
		 NULL, false},
		{"looks like a rename: of a functional account",
		 "want user bob\nwant functional help name=HELP alias=info delegates=bob\n"
		 "is user bob\nis functional info delegates=bob\nwas user bob\n"
		 "was functional info",
		 "manual functional help: looks like a rename of functional info, which no source "
		 "lists any more: both have info\n"
		 "manual functional info: it would be suspended (declared: no longer listed), but "
		 "functional help may be the same one under another address: both have info\n",
		 NULL, false},
		{"looks like a rename: an alias in common with one who is suspended",
		 "want user janet alias=j\nis user jane alias=j suspended\n"
		 "was user jane suspended_by=r1:9",
		 "manual user janet: looks like a rename of user jane, which is suspended: "
		 "both have j\n",
		 NULL, false},
		{"looks like a rename: its address was an alias",
		 "want user j\nis user jane alias=j suspended",
		 "manual user j: looks like a rename of user jane, which is suspended: both have "
		 "j\n",
		 NULL, false},
		{"looks like a rename: of a functional account",
		 "want user janet alias=info\nis functional info delegates=bob\nis user bob\n"
		 "was functional info\nwas user bob\nwant user bob",
		 "suspend functional info -bob\n"
		 "manual user janet: looks like a rename of functional info, which this plan "
		 "suspends: both have info\n",
		 NULL, false},
		{"looks like a rename: confirmed",
		 "opt same_person=janet\nwant user janet alias=jane name=JANE\nis user jane\n"
		 "was user jane",
		 "update user jane address=janet alias+jane; declared: address, aliases; "
		 "--same-person: was jane\n",
		 NULL, true},
		{"looks like a rename: confirmed, of one listed as inactive",
		 "opt same_person=janet\nwant user janet alias=j name=JANE\nwant user jane "
		 "inactive\nis user jane alias=j\nwas user jane",
		 "update user jane address=janet\n", NULL, false},
		{"looks like a rename: confirmed of two: of neither",
		 "opt same_person=janet\nwant user janet alias=j,k\nis user jane alias=j "
		 "suspended\nis user jake alias=k suspended",
		 "manual user janet: looks like a rename of user jane, which is suspended: both "
		 "have j\n"
		 "warning --same-person janet decided nothing: no entry of that address waits for "
		 "it, or more than one account could be meant\n",
		 NULL, false},
		{"ignored aliases are nothing in common",
		 "cfg ignore=o365.example.com\nwant user janet alias=j@o365.example.com\n"
		 "is user jane alias=j@o365.example.com suspended",
		 "create user janet\n", NULL, false},
		{"look-alikes are different accounts, with a warning",
		 "want user jane1\nwant user jane2\nis user janel\nis user bob",
		 "create user jane1\ncreate user jane2\n"
		 "warning user jane1 looks like user janel: they are different accounts\n",
		 NULL, false},
		{"new look-alikes", "want user c1ara\nwant user clara",
		 "create user c1ara\ncreate user clara\n"
		 "warning user clara looks like user c1ara: they are different accounts\n",
		 NULL, false},
	};

	(void)state;
	RUN(scenarios);
}

/* The passes by themselves: desired accounts in order of address, against both other worlds. */
static void test_identify(void **state)
{
	static const struct {
		const char *address;
		uint32_t current, recorded;
		enum identity_match match;
		bool adopt;
	} expected[] = {
		{"a", 0, 0, MATCH_ID, false},       {"b", 1, NOBODY, MATCH_ADDRESS, true},
		{"c", 2, 2, MATCH_CONFLICT, false}, {"d", 3, 3, MATCH_WAS, false},
		{"e", NOBODY, 1, MATCH_NEW, false}, {"f", NOBODY, NOBODY, MATCH_NEW, false},
	};
	struct test_world t;
	struct reconcile_input input;
	struct world w = {.in = &input};

	(void)state;
	world_read(
		&t,
		"want user a id=1\nwant user b\nwant user c id=3\nwant user d was=dd\n"
		"want user e id=5\nwant user f\nis user aa\nis user b\nis user c\nis user dd\n"
		"was user aa link=declared:1\nwas user b2 link=declared:5\n"
		"was user c link=declared:9\nwas user dd",
		3);
	input = world_input(&t);
	w.config = input.config;
	accounts_index_init(&w.index, input.current, input.names);
	world_identify(&w);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_true(str_starts(sym_str(t.desired.items[i].account.address),
				       expected[i].address));
		assert_int_equal(w.identity[i].match, expected[i].match);
		assert_int_equal(w.identity[i].current, expected[i].current);
		assert_int_equal(w.identity[i].recorded, expected[i].recorded);
		assert_int_equal(w.identity[i].adopt, expected[i].adopt);
	}
	world_release(&w);
	world_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_identify),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
