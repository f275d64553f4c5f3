#include "scenario.h"

/* --- addresses -------------------------------------------------------------------------------- */

static void test_addresses(void **state)
{
	static const struct scenario scenarios[] = {
		{"an alias that is an account of its own: manual, the rest goes on",
		 "want user kim alias=k,kk\nis user kim\nis user k\nwas user kim",
		 "update user kim alias+kk\nmanual user kim: alias k (declared) is an account of its own\n",
		 "0 1 0 0", false},
		{"only that alias differs: nothing but manual",
		 "want user kim alias=k\nis user kim\nis user k\nwas user kim",
		 "manual user kim: alias k (declared) is an account of its own\n", "0 1 0 0",
		 false},
		{"an alias of another who keeps it",
		 "want user kim alias=x\nis user kim\nis user bob alias=x\nwas user kim",
		 "manual user kim: alias x (declared) is an alias of user bob, which keeps it\n",
		 NULL, false},
		{"an alias moves",
		 "want user kim alias=x\nwant user bob alias=\nis user kim\nis user bob alias=x\n"
		 "was user kim\nwas user bob",
		 "update user bob alias-x\nupdate user kim alias+x\n", NULL, false},
		{"an alias moves between the kinds",
		 "want user kim alias=x delegates=\nwant functional info alias= delegates=kim\n"
		 "is user kim\nis functional info alias=x delegates=kim\nwas user kim\n"
		 "was functional info",
		 "update user kim alias+x\nupdate functional info alias-x\n", NULL, false},
		{"aliases change places",
		 "want user kim alias=x\nwant user bob alias=y\nis user kim alias=y\n"
		 "is user bob alias=x\nwas user kim\nwas user bob",
		 "update user bob alias+y alias-x\nupdate user kim alias+x alias-y\n", NULL,
		 false},
		{"an address freed by a rename",
		 "want user janet id=1 name=JANE\nwant user bob alias=jane id=2\nis user jane\n"
		 "is user bob\nwas user jane link=declared:1\nwas user bob link=declared:2",
		 "update user bob alias+jane\nupdate user jane address=janet\n", NULL, false},
		{"an address not freed, because its owner has it as alias again",
		 "want user janet id=1 name=JANE alias=jane\nwant user bob alias=j id=2\n"
		 "is user jane alias=j\nis user bob\nwas user jane link=declared:1\n"
		 "was user bob link=declared:2",
		 "update user bob alias+j\nupdate user jane address=janet alias+jane alias-j\n",
		 NULL, false},
		{"a chain of renames",
		 "want user b id=1 name=A\nwant user c id=2 name=B\nis user a\nis user b\n"
		 "was user a link=declared:1\nwas user b link=declared:2",
		 "update user a address=b\nupdate user b address=c\n", NULL, false},
		{"a chain whose end cannot move: all of it waits",
		 "want user b id=1\nwant user c id=2\nis user a\nis user b\nis user c\n"
		 "was user a link=declared:1\nwas user b link=declared:2",
		 "manual user a: its address b belongs to user b, which keeps it\n"
		 "manual user b: its address c belongs to user c, which keeps it\n",
		 NULL, false},
		{"a circle of three, and who hangs on it",
		 "want user b id=1\nwant user c id=2 alias=\nwant user a id=3\nwant user x alias=bb\n"
		 "is user a\nis user b alias=bb\nis user c\nis user x\nwas user a link=declared:1\n"
		 "was user b link=declared:2\nwas user c link=declared:3\nwas user x",
		 "manual user a: its address b is still that of user b, and in the end each waits "
		 "for the other\n"
		 "manual user b: its address c is still that of user c, and in the end each waits "
		 "for the other\n"
		 "manual user c: its address a is still that of user a, and in the end each waits "
		 "for the other\n"
		 "manual user x: alias bb (declared) is an alias of user b, which keeps it\n",
		 NULL, false},
		{"a primary address becomes the own alias, and back",
		 "want user j id=1 alias=jane name=JANE\nis user jane alias=j\n"
		 "was user jane link=declared:1",
		 "update user jane address=j alias+jane alias-j\n", NULL, false},
		{"an own alias becomes the primary, aliases not managed",
		 "want user j id=1 name=JANE\nis user jane alias=j,k\nwas user jane link=declared:1",
		 "update user jane address=j alias-j\n", NULL, false},
		{"a rename to another's alias that goes",
		 "want user x id=1 name=JANE\nwant user bob alias= id=2\nis user jane\n"
		 "is user bob alias=x\nwas user jane link=declared:1\nwas user bob link=declared:2",
		 "update user bob alias-x\nupdate user jane address=x\n", NULL, false},
		{"a rename to another's alias that stays",
		 "want user x id=1\nis user jane\nis user bob alias=x\nwas user jane link=declared:1",
		 "manual user jane: its address x belongs to user bob, which keeps it\n", NULL,
		 false},
		{"through an alias no circle is closed",
		 "want user b id=1 name=A\nwant user c id=2 name=B alias=a\nis user a\nis user b\n"
		 "was user a link=declared:1\nwas user b link=declared:2",
		 "update user a address=b\nupdate user b address=c alias+a\n", NULL, false},
		{"a create on an alias that goes",
		 "want user x\nwant user bob alias=\nis user bob alias=x\nwas user bob",
		 "update user bob alias-x\ncreate user x\n", NULL, false},
		{"a create on an alias that stays", "want user x\nis user bob alias=x",
		 "manual user x: its address x belongs to user bob, which keeps it\n", NULL,
		 false},
		{"a create goes on without an alias that is taken",
		 "want user x alias=b,y\nis user bob alias=b",
		 "create user x alias+y\n"
		 "manual user x: alias b (declared) is an alias of user bob, which keeps it\n",
		 NULL, false},
		{"a held owner gives nothing up",
		 "want user kim alias=x\nwant user bob alias= held=bad\nis user kim\n"
		 "is user bob alias=x\nwas user kim\nwas user bob",
		 "manual user kim: alias x (declared) is an alias of user bob, which keeps it\n"
		 "held user bob (declared): bad\n",
		 NULL, false},
		{"a protected owner gives nothing up",
		 "cfg protect=bob@*\nwant user kim alias=x\nwant user bob alias=\nis user kim\n"
		 "is user bob alias=x\nwas user kim\nwas user bob",
		 "manual user kim: alias x (declared) is an alias of user bob, which keeps it\n",
		 "0 0 1 0", false},
		{"an owner that is suspended gives nothing up",
		 "want user kim alias=x\nis user kim\nis user bob alias=x\nwas user kim\n"
		 "was user bob",
		 "suspend user bob\n"
		 "manual user kim: alias x (declared) is an alias of user bob, which keeps it\n",
		 NULL, false},
		{"ignored aliases are neither added nor removed",
		 "cfg ignore=o365.example.com\nwant user kim alias=k,k@o365.example.com\n"
		 "is user kim alias=x@o365.example.com\nwas user kim",
		 "update user kim alias+k\n", NULL, false},
		{"what the service refused for good does not come back",
		 "want user kim alias=k,x\nis user kim\nwas user kim refused=x",
		 "update user kim alias+k\n"
		 "manual user kim: alias x (declared) was refused by the service for good\n",
		 NULL, false},
		{"refused, but there now",
		 "want user kim alias=x\nis user kim alias=x\nwas user kim "
		 "refused=x",
		 "", "1 0 0 0", false},
		{"two sources claim an alias: the later entry is held",
		 "cfg source=ad\nwant user kim alias=x\nwant user bob source=ad alias=x\n"
		 "is user kim\nis user bob\nwas user kim\nwas user bob",
		 "update user kim alias+x\n"
		 "held user bob (ad): alias x is also that of user kim\n",
		 NULL, false},
		{"a functional account that falls gives its address back",
		 "want functional help id=1 name=INFO delegates=new\nwant user new alias=old\n"
		 "want user info2 alias=info\nis functional info delegates=bob\nis user old\n"
		 "is user bob\nis user info2\nwas functional info link=declared:1\nwas user old\n"
		 "was user bob undesired\nwas user info2",
		 "suspend functional info -bob\n"
		 "manual user info2: alias info (declared) is an account of its own\n"
		 "manual user new: looks like a rename of user old, which no source lists any more: "
		 "both have old\n"
		 "manual user old: it would be suspended (declared: no longer listed), but user new "
		 "may be the same one under another address: both have old\n",
		 NULL, false},
	};

	(void)state;
	RUN(scenarios);
}

/* --- delegates -------------------------------------------------------------------------------- */

static void test_delegates(void **state)
{
	static const struct scenario scenarios[] = {
		{"a functional account is created with its delegates",
		 "want user kim\nwant functional info delegates=kim,bob\nis user bob",
		 "create user kim\ncreate functional info +bob +kim\n", "0 1 0 0", false},
		{"without a delegate it counts as inactive: not created",
		 "want functional info delegates=", "", "0 0 0 0", false},
		{"with delegates not managed neither", "want functional info", "", "0 0 0 0",
		 false},
		{"its only delegate leaves: suspended",
		 "want functional info delegates=bob\nwant user bob inactive\n"
		 "is functional info delegates=bob\nis user bob\nwas functional info\nwas user bob",
		 "suspend user bob loses info; declared: not active\n"
		 "suspend functional info -bob; declared: no delegate of it will be active\n",
		 NULL, true},
		{"its only delegate leaves, delegates not managed",
		 "want functional info\nis functional info delegates=bob\nis user bob\n"
		 "was functional info\nwas user bob",
		 "suspend user bob loses info\nsuspend functional info -bob\n", NULL, false},
		{"delegates not managed stay",
		 "want functional info\nwant user bob\nis functional info delegates=bob,kim\n"
		 "is user bob\nis user kim\nwas functional info\nwas user bob",
		 "", "2 1 0 0", false},
		{"inactive and without any: so wanted",
		 "want functional info delegates=\nis functional info\nwas functional info", "",
		 "0 0 0 1", false},
		{"grant, revoke, and who leaves",
		 "want functional cardio delegates=jane,kim:W12\nwant user jane\nwant user kim\n"
		 "is functional cardio delegates=jane,bob,piet\nis user jane\nis user kim\n"
		 "is user bob\nis user piet\nwas functional cardio\nwas user jane\nwas user kim\n"
		 "was user bob\nwas user piet undesired",
		 "suspend user bob loses cardio\ngrant functional cardio +kim -bob -piet\n",
		 "2 1 0 0", false},
		{"who leaves is no difference by himself",
		 "want functional cardio delegates=jane\nwant user jane\n"
		 "is functional cardio delegates=jane,bob\nis user jane\nis user bob\n"
		 "was functional cardio\nwas user jane\nwas user bob",
		 "suspend user bob loses cardio\n", "2 0 0 0", false},
		{"nor with another attribute",
		 "want functional cardio name=C delegates=jane\nwant user jane\n"
		 "is functional cardio delegates=jane,bob\nis user jane\nis user bob\n"
		 "was functional cardio\nwas user jane\nwas user bob",
		 "suspend user bob loses cardio\nupdate functional cardio name=C\n", NULL,
		 false},
		{"revoke",
		 "want functional cardio name=C delegates=jane\nwant user jane\nwant user bob\n"
		 "is functional cardio delegates=jane,bob\nis user jane\nis user bob\n"
		 "was functional cardio\nwas user jane\nwas user bob",
		 "revoke functional cardio name=C -bob; declared: name, delegates\n", NULL,
		 true},
		{"suspended users are ignored on both sides",
		 "want functional cardio delegates=jane,bob\nwant user jane\n"
		 "is functional cardio delegates=jane,piet\nis user jane\nis user bob suspended\n"
		 "is user piet suspended\nwas functional cardio\nwas user jane",
		 "", "2 2 0 0", false},
		{"who is reactivated counts on both sides: unreviewed access does not come back",
		 "want functional cardio delegates=jane\nwant user jane\nwant user bob\n"
		 "is functional cardio delegates=jane,bob\nis user jane\nis user bob suspended\n"
		 "was functional cardio\nwas user jane\nwas user bob suspended_by=r1:9",
		 "revoke functional cardio -bob\nreactivate user bob\n", NULL, false},
		{"who is reactivated and listed keeps what he had",
		 "want functional cardio delegates=jane,bob\nwant user jane\nwant user bob\n"
		 "is functional cardio delegates=jane,bob\nis user jane\nis user bob suspended\n"
		 "was functional cardio\nwas user jane\nwas user bob suspended_by=r1:9",
		 "reactivate user bob reads cardio\n", "2 0 0 0", false},
		{"access that nobody manages comes back too",
		 "want user bob\nis functional cardio delegates=jane,bob\nis user jane\n"
		 "is user bob suspended\nwas user bob suspended_by=r1:9",
		 "reactivate user bob reads cardio\n", NULL, false},
		{"whoever comes back is listed by users too, and is not given what is taken",
		 "cfg protect=admin\nopt delete=suspended for=30d\n"
		 "want user bob alias=b\nwant user jane delegates=bob\nwant user kim\n"
		 "want functional cardio delegates=jane,kim\nwant functional desk delegates=bob\n"
		 "is user bob suspended\nis user jane delegates=bob\n"
		 "is user kim delegates=bob,jane\nis user piet suspended delegates=bob\n"
		 "is functional cardio delegates=bob,jane\n"
		 "is functional info delegates=bob,jane\n"
		 "was user bob suspended_by=r1:9\nwas user jane\nwas user kim\n"
		 "was user piet suspended_by=r1:9\n"
		 "was functional cardio\nwas functional info",
		 "delete user piet\n"
		 "suspend functional info -bob -jane\n"
		 "grant functional cardio +kim -bob\n"
		 "reactivate user bob alias+b reads jane reads kim\n"
		 "create functional desk +bob\n",
		 NULL, false},
		{"a functional account comes back with its delegates",
		 "want functional cardio delegates=jane\nwant user jane\nis functional cardio\n"
		 "is user jane\nwas functional cardio suspended_by=r1:9\nwas user jane",
		 "reactivate functional cardio +jane\n", NULL, false},
		{"a functional account without delegates outside zsctl",
		 "want functional cardio delegates=jane\nwant user jane\nis functional cardio\n"
		 "is user jane\nwas functional cardio\nwas user jane",
		 "manual functional cardio: it should be active, but lost its delegates outside "
		 "zsctl\n",
		 NULL, false},
		{"a delegate who is nowhere: left out, with a warning",
		 "want functional info delegates=kim,nobody\nis user kim",
		 "create functional info +kim\n"
		 "warning functional info: delegate nobody (declared) is left out: no such "
		 "active account\n",
		 NULL, false},
		{"a functional account cannot be a delegate",
		 "want functional info delegates=kim,desk\nis user kim\n"
		 "is functional desk delegates=kim",
		 "create functional info +kim\n"
		 "warning functional info: delegate desk (declared) is left out: it is a functional "
		 "account, and only users can be delegates\n",
		 NULL, false},
		{"nobody is her own delegate",
		 "want user kim delegates=kim\nis user kim\nwas user kim", "", "1 0 0 0",
		 false},
		{"a delegate by a current alias",
		 "want functional info delegates=k\nis user kim alias=k",
		 "create functional info +kim\n", NULL, false},
		{"a delegate twice, by two addresses",
		 "want functional info delegates=k,kim\nis user kim alias=k",
		 "create functional info +kim\n", NULL, false},
		{"a delegate is an account: renamed, nothing else changes",
		 "want user janet id=7 name=JANE\nwant functional info delegates=janet\n"
		 "is user jane\nis functional info delegates=jane\nwas user jane "
		 "link=declared:7\nwas functional info",
		 "update user jane address=janet\n", "1 0 0 0", false},
		{"a renamed delegate is granted under the new address",
		 "want user janet id=7 name=JANE\nwant functional info delegates=janet,bob\n"
		 "is user jane\nis user bob\nis functional info delegates=bob\nwas user jane "
		 "link=declared:7\nwas functional info",
		 "grant functional info +janet\nupdate user jane address=janet\n", NULL, false},
		{"the address of a delegate passes to a new person: other access",
		 "want user janet id=7 name=JANE\nwant user jane id=8\n"
		 "want functional info delegates=jane\nis user jane\n"
		 "is functional info delegates=jane\nwas user jane link=declared:7\n"
		 "was functional info",
		 "grant functional info +jane -jane\nupdate user jane address=janet\n"
		 "create user jane\n",
		 NULL, false},
		{"a delegate by the old address of one who is renamed: nobody, soon",
		 "want user janet id=7 name=JANE\nwant functional info delegates=jane,kim\n"
		 "is user jane\nis user kim\nis functional info delegates=jane,kim\n"
		 "was user jane link=declared:7\nwas functional info",
		 "revoke functional info -jane\nupdate user jane address=janet\n"
		 "warning functional info: delegate jane (declared) is left out: no such "
		 "active account\n",
		 NULL, false},
		{"the successor at an address is no delegate before the matter is clear",
		 "want user jane id=8\nwant functional info delegates=jane,kim\nis user kim\n"
		 "is user jane\nis functional info delegates=jane,kim\n"
		 "was user jane link=declared:7\nwas functional info",
		 "suspend user jane loses info\n"
		 "manual user jane: the address was another person's: the account that has it is "
		 "recorded under another id\n",
		 NULL, false},
		{"new accounts that delegate to each other",
		 "want user a delegates=b\nwant user b delegates=a",
		 "create user a +b\ncreate user b +a\n", NULL, false},
		{"a user's delegates",
		 "want user jane delegates=kim\nis user jane delegates=bob\nis user kim\nis user bob\n"
		 "was user jane",
		 "grant user jane +kim -bob\n", NULL, false},
		{"a held delegate who is there counts",
		 "want functional info delegates=kim\nwant user kim held=bad\nis user kim\n"
		 "is functional info delegates=kim\nwas functional info\nwas user kim",
		 "held user kim (declared): bad\n", "1 0 0 0", false},
		{"a protected or unmanaged delegate counts",
		 "cfg protect=admin@*\nwant functional info delegates=admin,x\nis user admin\n"
		 "is user x\nis functional info delegates=x\nwas functional info",
		 "grant functional info +admin\n", NULL, false},
		{"a delegate who cannot be created does not count",
		 "want functional info delegates=new\nwant user new name=\n"
		 "is functional info delegates=bob\nis user bob\nwas functional info",
		 "suspend functional info -bob\n"
		 "held user new (declared): no name, and no account can be created without one\n",
		 NULL, false},
		{"unmanaged functional accounts lose their readers unseen by the plan, but not unsaid",
		 "is user bob\nwas user bob\nis functional info delegates=bob",
		 "suspend user bob loses info\n", "0 1 0 0", false},
		{"adds: unites what two sources say",
		 "cfg source=hr/adds:delegates\nwant functional info delegates=a\n"
		 "want functional info source=hr delegates=b:W1\nis user a\nis user b",
		 "create functional info +a +b\n", NULL, false},
		{"manage: an opinion on accounts that others list",
		 "cfg source=exo/manage:delegates\nwant functional info\n"
		 "want functional info source=exo delegates=a name=X\n"
		 "want functional desk source=exo delegates=a\nis user a",
		 "create functional info +a\n", NULL, false},
		{"delegates whom the scope leaves out stay as they are",
		 "want functional info delegates=x,kim\nwant functional desk\nis user kim\n"
		 "is functional info delegates=x,y\nis functional desk delegates=y\n"
		 "was functional info\nwas functional desk",
		 "grant functional info +kim\n", "1 1 0 0", false},
		{"an old alias of a delegate who left",
		 "want functional info delegates=x,kim\nis user kim\nis user bob alias=x suspended",
		 "create functional info +kim\n", NULL, false},
	};

	(void)state;
	RUN(scenarios);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_delegates),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
