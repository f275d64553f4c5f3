/* Every switch, every value. */
#include "service_world.h"

#define AT_JANE USERS "/" JANE
#define AT_BOB USERS "/" BOB
#define AT_INFO GROUPS "/" INFO
#define NEW_USER                                                        \
	"{'userName':'new@example.org'," U_EXT                          \
	":{'aliases':['n@example.org'],'delegates':['bob@example.org'," \
	"'kim@example.org']}}"
#define NEW_GROUP                                                                \
	"{'externalId':'new@example.org','members':[{'value':'" BOB "'}]," G_EXT \
	":{'aliases':['n@example.org']}}"
#define SUSPEND_BOB "{'userName':'bob@example.org','active':false}"
#define REACTIVATE_BOB "{'userName':'bob@example.org','active':true}"
#define RENAME_BOB "{'userName':'robert@example.org'}"
#define INFO_WITH(id) "{'externalId':'info@example.org','members':[{'value':'" id "'}]}"
#define ONLY_BOB "'delegates':['bob@example.org']"
#define NONE "{'aliases':[],'delegates':[]}"

static void test_creating(void **context)
{
	static const struct play plays[] = {
		{"both",
		 "create-drops=both",
		 {{"POST", USERS, NEW_USER, 201, NONE}, {"DELETE", AT_INFO, "", 204}}},
		{"aliases",
		 "create-drops=aliases",
		 {{"POST", USERS, NEW_USER, 201, "{'aliases':[]," ONLY_BOB "}"}}},
		{"delegates",
		 "create-drops=delegates",
		 {{"POST", USERS, NEW_USER, 201,
		   "{'aliases':['n@example.org'],'delegates':[]}"}}},
		{"none",
		 "create-drops=none",
		 {{"POST", USERS, NEW_USER, 201,
		   "{'aliases':['n@example.org']," ONLY_BOB "}"}}},
		{"members",
		 "create-drops=aliases",
		 {{"POST", GROUPS, NEW_GROUP, 201, "'members':[{'value':'" BOB "'}]",
		   "n@example.org"}}},
		{"no members",
		 "create-drops=delegates",
		 {{"POST", GROUPS, NEW_GROUP, 201, "'aliases':['n@example.org']", BOB}}},
		{"what is dropped is not judged",
		 "create-drops=both",
		 {{"POST", USERS,
		   "{'userName':'new@example.org'," U_EXT ":{'aliases':['guest@example.org']}}",
		   201, NONE}}},
		{"what is taken is",
		 "create-drops=delegates",
		 {{"POST", USERS,
		   "{'userName':'new@example.org'," U_EXT ":{'aliases':['guest@example.org']}}",
		   409, "Alias is a guest: guest@example.org"}}},
		{"the answer is the resource",
		 "create-answer=taken",
		 {{"POST", USERS, NEW_USER, 201, "'active':true"}}},
		{"the answer is bare",
		 "create-answer=bare",
		 {{"POST", USERS, NEW_USER, 201, "','userName':'new@example.org','meta':{",
		   "active"},
		  {"GET", USERS, "", 200, "'totalResults':4"},
		  {"POST", GROUPS, "{'externalId':'two@example.org'}", 201,
		   "','externalId':'two@example.org','meta':{", "members"}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_delegates(void **context)
{
	static const struct play plays[] = {
		{"suspended: stays",
		 "suspended-delegate=stays",
		 {{"PUT", AT_BOB, SUSPEND_BOB, 200}, {"GET", AT_JANE, "", 200, ONLY_BOB}}},
		{"suspended: removed",
		 "suspended-delegate=removed",
		 {{"PUT", AT_INFO, INFO_WITH(BOB), 200},
		  {"PUT", AT_BOB, SUSPEND_BOB, 200},
		  {"GET", AT_JANE, "", 200, "'delegates':[]"},
		  {"GET", AT_INFO, "", 200, "'members':[]"},
		  {"PUT", AT_BOB, REACTIVATE_BOB, 200},
		  {"GET", AT_JANE, "", 200, "'delegates':[]"}}},
		{"suspended: hidden",
		 "suspended-delegate=hidden",
		 {{"PUT", AT_INFO, INFO_WITH(BOB), 200},
		  {"PUT", AT_BOB, SUSPEND_BOB, 200},
		  {"GET", USERS, "", 200, NULL, ONLY_BOB},
		  {"GET", AT_INFO, "", 200, "'members':[]"},
		  {"PUT", AT_BOB, REACTIVATE_BOB, 200},
		  {"GET", USERS, "", 200, ONLY_BOB},
		  {"GET", AT_INFO, "", 200, "'members':[{'value':'" BOB "'}]"}}},
		{"renamed: follows",
		 "renamed-delegate=follows",
		 {{"PUT", AT_BOB, RENAME_BOB, 200},
		  {"GET", AT_JANE, "", 200, "'delegates':['robert@example.org']"}}},
		{"renamed: removed",
		 "renamed-delegate=removed",
		 {{"PUT", AT_BOB, RENAME_BOB, 200},
		  {"GET", AT_JANE, "", 200, "'delegates':[]"}}},
		{"renamed: stale",
		 "renamed-delegate=stale",
		 {{"PUT", AT_INFO, INFO_WITH(BOB), 200},
		  {"PUT", AT_BOB, RENAME_BOB, 200},
		  {"GET", AT_JANE, "", 200, ONLY_BOB},
		  {"GET", AT_INFO, "", 200, "'members':[{'value':'" BOB "'}]"},
		  {"PUT", AT_BOB, "{'userName':'rob@example.org'}", 200},
		  {"GET", AT_JANE, "", 200, ONLY_BOB},
		  {"PUT", AT_JANE, "{'userName':'jane@example.org'," U_EXT ":{" ONLY_BOB "}}",
		   200, "'delegates':[]"}}},
		{"member: taken",
		 "suspended-member=taken",
		 {{"PUT", AT_INFO, INFO_WITH(KIM), 200, KIM}}},
		{"member: dropped",
		 "suspended-member=dropped",
		 {{"PUT", AT_INFO, INFO_WITH(KIM), 200, "'members':[]"}}},
		{"member: refused",
		 "suspended-member=refused",
		 {{"PUT", AT_INFO, INFO_WITH(KIM), 400, "Unknown account with uuid: " KIM},
		  {"PATCH", AT_INFO,
		   "{'Operations':[{'op':'replace','path':'members','value':[{'value':'" KIM
		   "'}]}]}",
		   400, "Unknown account with uuid: " KIM},
		  {"PUT", AT_INFO, INFO_WITH(BOB), 200, BOB}}},
		{"own member: absent",
		 "own-member=absent",
		 {{"GET", AT_INFO, "", 200, "'members':[{'value':'" JANE "'}]"}}},
		{"own member: shown",
		 "own-member=shown",
		 {{"GET", AT_INFO, "", 200,
		   "'members':[{'value':'" INFO "'},{'value':'" JANE "'}]"},
		  {"PATCH", AT_INFO, "{'Operations':[{'op':'remove','path':'members'}]}", 200,
		   "'members':[{'value':'" INFO "'}]"}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

#define SWAP_JANE                                \
	"{'userName':'j.doe@example.org'," U_EXT \
	":{'aliases':['jane@example.org'],'SsoAccountKey':'K'}}"
#define PROMOTE "{'userName':'j.doe@example.org'}"
#define DEMOTE "{'userName':'x@example.org'," U_EXT ":{'aliases':['jane@example.org']}}"

static void test_addresses(void **context)
{
	static const struct play plays[] = {
		{"the old one is gone",
		 "old-primary=gone",
		 {{"PUT", AT_BOB, RENAME_BOB, 200, "'aliases':[]"},
		  {"POST", USERS, "{'userName':'bob@example.org'}", 201}}},
		{"the old one is an alias",
		 "old-primary=alias",
		 {{"PUT", AT_BOB, RENAME_BOB, 200, "'aliases':['bob@example.org']"},
		  {"POST", USERS, "{'userName':'bob@example.org'}", 409},
		  {"PUT", AT_INFO, "{'externalId':'help@example.org'}", 200,
		   "'aliases':['info@example.org']"},
		  {"PUT", AT_BOB, RENAME_BOB, 200, "'aliases':[]"}}},
		{"the old one is an alias that was asked for",
		 "old-primary=alias",
		 {{"PUT", AT_JANE, SWAP_JANE, 200, "'aliases':['jane@example.org']"}}},
		{"swaps are allowed",
		 "swap=allowed",
		 {{"PUT", AT_JANE, PROMOTE, 200, "'userName':'j.doe@example.org'"},
		  {"PUT", AT_JANE, "{'userName':'jane@example.org'}", 200},
		  {"PUT", AT_JANE, DEMOTE, 200, "'aliases':['jane@example.org']"}}},
		{"swaps are refused",
		 "swap=refused",
		 {{"PUT", AT_JANE, SWAP_JANE, 409, "already taken for j.doe@example.org"},
		  {"PUT", AT_JANE, PROMOTE, 409, "already taken for j.doe@example.org"},
		  {"PUT", AT_JANE, DEMOTE, 409, "already taken for jane@example.org"},
		  {"GET", AT_JANE, "", 200, "'aliases':['j.doe@example.org']"},
		  {"PUT", AT_JANE, "{'userName':'jane@example.org'}", 200},
		  {"PUT", AT_JANE, PROMOTE, 200}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_updating(void **context)
{
	static const struct play plays[] = {
		{"without the object: erased",
		 "no-extension=erases",
		 {{"PUT", AT_JANE, "{'userName':'jane@example.org'}", 200, NONE}}},
		{"without the object: kept",
		 "no-extension=keeps",
		 {{"PUT", AT_JANE, "{'userName':'jane@example.org'}", 200,
		   "{'aliases':['j.doe@example.org']," ONLY_BOB},
		  {"PUT", AT_INFO, "{'externalId':'info@example.org'}", 200,
		   "desk@example.org"},
		  {"PUT", AT_JANE, "{'userName':'jane@example.org'," U_EXT ":{}}", 200, NONE}}},
		{"a suspend without key",
		 "keyless-suspend=harmless",
		 {{"PUT", AT_JANE, "{'userName':'jane@example.org','active':false}", 200},
		  {"SAVE", "", "", 200, NULL, "broken"}}},
		{"a suspend without key that harms",
		 "keyless-suspend=breaks",
		 {{"PUT", AT_JANE, "{'userName':'jane@example.org','active':false}", 200},
		  {"SAVE", "", "", 200, "'broken':true}"}}},
		{"empty members: nothing",
		 "empty-members=nothing",
		 {{"PUT", AT_INFO, "{'externalId':'i@example.org','members':[]}", 200, JANE,
		   "'i@example.org"}}},
		{"empty members: the rest",
		 "empty-members=rest",
		 {{"PUT", AT_INFO, "{'externalId':'i@example.org','members':[]}", 200,
		   "'externalId':'i@example.org'"},
		  {"GET", AT_INFO, "", 200, "'members':[{'value':'" JANE "'}]", "info@"}}},
		{"a PATCH answers",
		 "patch-answer=resource",
		 {{"PATCH", AT_INFO, "{'Operations':[{'op':'remove','path':'members'}]}", 200,
		   "'members':[]"}}},
		{"a PATCH answers nothing",
		 "patch-answer=empty",
		 {{"PATCH", AT_INFO, "{'Operations':[{'op':'remove','path':'members'}]}", 204},
		  {"GET", AT_INFO, "", 200, "'members':[]"}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_answers(void **context)
{
	static const struct play plays[] = {
		{"an unknown id",
		 "unknown-id=400",
		 {{"GET", USERS "/" NOBODY, "", 400, "'status':'400'"},
		  {"DELETE", GROUPS "/" NOBODY, "", 400}}},
		{"an unknown id is not found",
		 "unknown-id=404",
		 {{"GET", USERS "/" NOBODY, "", 404, "'status':'404'"},
		  {"DELETE", GROUPS "/" NOBODY, "", 404}}},
		{"errors are objects",
		 "error-body=scim",
		 {{"GET", USERS "/x'y", "", 400,
		   "{'schemas':['urn:ietf:params:scim:api:messages:2.0:Error'],"
		   "'detail':'Unknown account with uuid: x\\'y','status':'400'}"}}},
		{"errors are text",
		 "error-body=plain",
		 {{"GET", USERS "/" NOBODY, "", 400, "Unknown account with uuid: " NOBODY,
		   "{"}}},
		{"the organization",
		 "organization=known",
		 {{"GET", "/scim/v2/Organization", "", 200, "'resourceType':'Organization'"}}},
		{"no organization",
		 "organization=absent",
		 {{"GET", "/scim/v2/Organization", "", 404}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_paging(void **context)
{
	static const struct play plays[] = {
		{"off: everything, whatever is asked for",
		 "paging=off",
		 {{"GET", USERS "?startIndex=2&count=1", "", 200, "'totalResults':3}",
		   "itemsPer"},
		  {"GET", USERS "?startIndex=2&count=1", "", 200, JANE}}},
		{"two at a time",
		 "paging=2",
		 {{"GET", USERS, "", 200, "'totalResults':3,'startIndex':1,'itemsPerPage':2}",
		   KIM},
		  {"GET", USERS "?startIndex=3", "", 200,
		   "'totalResults':3,'startIndex':3,'itemsPerPage':1}", BOB},
		  {"GET", USERS "?count=1&startIndex=2", "", 200, BOB, KIM},
		  {"GET", USERS "?startIndex=4", "", 200, "{'Resources':[],'totalResults':3,"},
		  {"GET", USERS "?count=0", "", 200, "{'Resources':[],'totalResults':3,"},
		  {"GET", USERS "?count=-1", "", 200, "{'Resources':[],'totalResults':3,"},
		  {"GET", USERS "?startIndex=0&count=99", "", 200, "'itemsPerPage':2}"},
		  {"GET", USERS "?startIndex=-5&count=x", "", 200, "'itemsPerPage':2}"}}},
		{"not over the deleted",
		 "paging=2",
		 {{"DELETE", AT_BOB, "", 204},
		  {"GET", USERS "?startIndex=2", "", 200, KIM, JANE},
		  {"GET", USERS "?startIndex=18446744073709551615", "", 200, "'Resources':[]"},
		  {"GET", USERS "?startIndex=18446744073709551616", "", 200, JANE}}},
		{"a filter does not page",
		 "paging=2",
		 {{"GET", USERS "?filter=userName eq 'kim@example.org'&startIndex=2", "", 200,
		   KIM, "startIndex"}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_setting(void **context)
{
	static const char *const wrong[] = {
		"",
		"swap",
		"swap=",
		"swap=x",
		"swap=Allowed",
		"swapp=allowed",
		"=",
		"paging=0",
		"paging=x",
		"paging=-1",
		"paging=1000001",
		"paging",
		"swap=allowed|refused",
		"window= sliding",
	};
	struct unknowns unknowns = {.swap = 0};
	struct err err = ERR_INIT;
	struct buf help = BUF_INIT;

	(void)context;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		err.class = ERR_FAILED;
		if (!unknown_set(&unknowns, str_of(wrong[i]), &err))
			fail_msg("taken: %s", wrong[i]);
		assert_int_equal(err.class, ERR_USAGE);
	}
	assert_int_equal(unknown_set(&unknowns, STR("paging=1000000"), &err), 0);
	assert_int_equal(unknowns.page, 1000000);
	assert_int_equal(unknown_set(&unknowns, STR("paging=off"), &err), 0);
	assert_int_equal(unknowns.page, 0);
	unknown_help(&help);
	assert_true(has_part(buf_str(&help), STR("create-drops")));
	assert_true(has_part(buf_str(&help), STR("paging")));
	buf_release(&help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_creating),  cmocka_unit_test(test_delegates),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_updating),
		cmocka_unit_test(test_answers),   cmocka_unit_test(test_paging),
		cmocka_unit_test(test_setting),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
