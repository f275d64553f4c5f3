/* The service's rules and quirks with every switch as it comes: what each request does. */
#include "service_world.h"

#define JANE_AS(rest) "{'userName':'jane@example.org'" rest "}"
#define INFO_AS(rest) "{'externalId':'info@example.org'" rest "}"
#define JANES_EXT "," U_EXT ":{'aliases':['j.doe@example.org'],'delegates':['bob@example.org']}"
#define WITH_KEY "," U_EXT ":{'SsoAccountKey':'K2'}"
#define AT_JANE USERS "/" JANE
#define AT_BOB USERS "/" BOB
#define AT_KIM USERS "/" KIM
#define AT_INFO GROUPS "/" INFO

/* --- creating ------------------------------------------------------------------------------- */

static void test_create(void **context)
{
	static const struct play plays[] = {
		{"a user is active whatever was sent, without aliases and delegates",
		 "",
		 {{"POST", USERS,
		   "{'userName':'New@Example.org','active':false,'nickName':'N'," U_EXT
		   ":{'aliases':['n@example.org'],'delegates':['bob@example.org'],"
		   "'ExternalAccountId':'E9','SsoAccountKey':'K1'}}",
		   201, "'active':true", "K1"},
		  {"GET", USERS "?filter=userName%20eq%20%22new@example.org%22", "", 200,
		   "{'aliases':[],'delegates':[],'ExternalAccountId':'E9'}", "n@example.org"},
		  {"GET", USERS, "", 200, "'nickName':'N'", "K1"},
		  {"GET", USERS, "", 200, "'totalResults':4}", "startIndex"},
		  {"SAVE", "", "", 200, "','key':'sha256:", "K1"}}},
		{"a functional account is without members",
		 "",
		 {{"POST", GROUPS,
		   "{'externalId':'new@example.org','displayName':'D','members':[{'value':'" BOB
		   "'}]," G_EXT ":{'aliases':['n@example.org']}}",
		   201, "'displayName':'D','members':[]", "n@example.org"},
		  {"GET", GROUPS, "", 200, "'totalResults':2", NULL}}},
		{"what the service says of an account is its own",
		 "",
		 {{"POST", USERS,
		   "{'id':'" NOBODY "','meta':{'created':'1999'},'schemas':[],"
		   "'userName':'new@example.org'}",
		   201, "'resourceType':'User'", "1999"},
		  {"GET", USERS "/" NOBODY, "", 400, "Unknown account with uuid: " NOBODY,
		   NULL}}},
		{"without a key there is none",
		 "",
		 {{"POST", USERS, "{'userName':'new@example.org'}", 201, NULL, NULL},
		  {"SAVE", "", "", 200, "'keys':[\n{'id':'" JANE "','key':'" JANES_KEY "'}]",
		   NULL}}},
		{"it must have an address",
		 "",
		 {{"POST", USERS, "{'userName':'new'}", 400, "userName", NULL},
		  {"POST", USERS, "{'externalId':'new@example.org'}", 400, "userName", NULL},
		  {"POST", GROUPS, "{'externalId':5}", 400, "externalId", NULL},
		  {"POST", USERS, "{'userName':'a b@example.org'}", 400, "userName", NULL},
		  {"POST", USERS, "{'userName':'@example.org'}", 400, "userName", NULL},
		  {"POST", USERS, "{'userName':'a@'}", 400, "userName", NULL},
		  {"POST", USERS, "{'userName':'a@b@example.org'}", 400, "userName", NULL}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

/* --- updating ------------------------------------------------------------------------------- */

static void test_put_user(void **context)
{
	static const struct play plays[] = {
		{"the whole resource as it was read changes nothing",
		 "",
		 {{"PUT", AT_JANE,
		   JANE_AS(",'active':true,'name':{'formatted':'Jane'}," U_EXT
			   ":{'aliases':['j.doe@example.org'],'delegates':['bob@example.org'],"
			   "'ExternalAccountId':'E1','SsoAccountKey':'K2'}"),
		   200, "'name':{'formatted':'Jane'},'active':true", "K2"},
		  {"GET", AT_JANE, "", 200,
		   "{'aliases':['j.doe@example.org'],'delegates':['bob@example.org'],"
		   "'ExternalAccountId':'E1'}",
		   NULL}}},
		{"aliases without delegates erase those and everything beside them",
		 "",
		 {{"PUT", AT_JANE, JANE_AS("," U_EXT ":{'aliases':['j.doe@example.org']}"), 200,
		   "{'aliases':['j.doe@example.org'],'delegates':[]}", "E1"}}},
		{"and the reverse",
		 "",
		 {{"PUT", AT_JANE, JANE_AS("," U_EXT ":{'delegates':['bob@example.org']}"), 200,
		   "{'aliases':[],'delegates':['bob@example.org']}", "E1"},
		  {"POST", GROUPS, "{'externalId':'j.doe@example.org'}", 201, NULL, NULL}}},
		{"delegates that are no active users by primary address are dropped",
		 "",
		 {{"PUT", AT_BOB,
		   "{'userName':'bob@example.org'," U_EXT
		   ":{'delegates':['nobody@example.org','kim@example.org','info@example.org',"
		   "'j.doe@example.org','x','bob@example.org','JANE@example.org',"
		   "'jane@example.org']}}",
		   200, "'delegates':['jane@example.org']", NULL}}},
		{"members nobody knows are kept as they are spelt, others replaced",
		 "",
		 {{"PUT", AT_BOB,
		   "{'userName':'bob@example.org','x':1.50e2,'y':{'z':[ null ]}," U_EXT
		   ":{'later':12345678901234567890}}",
		   200, "'x':1.50e2,'y':{'z':[ null ]}", NULL},
		  {"GET", AT_BOB, "", 200, "'later':12345678901234567890", NULL},
		  {"PUT", AT_BOB, "{'userName':'bob@example.org'}", 200, NULL, "later"}}},
		{"renaming, and the others' delegates follow",
		 "",
		 {{"PUT", AT_BOB, "{'userName':'robert@example.org'}", 200, NULL, "bob@"},
		  {"GET", AT_JANE, "", 200, "'delegates':['robert@example.org']", "bob@"},
		  {"POST", USERS, "{'userName':'bob@example.org'}", 201, NULL, NULL}}},
		{"a primary address becomes an alias and the reverse",
		 "",
		 {{"PUT", AT_JANE,
		   "{'userName':'j.doe@example.org'," U_EXT
		   ":{'aliases':['jane@example.org'],'SsoAccountKey':'K'}}",
		   200, "'userName':'j.doe@example.org'", NULL},
		  {"GET", USERS "?filter=userName+eq+%22J.DOE@example.org%22", "", 200, JANE,
		   NULL},
		  {"GET", USERS "?filter=userName+eq+'jane@example.org'", "", 200,
		   "{'Resources':[],'totalResults':0}", NULL}}},
		{"suspending leaves him with the others, but he is taken no more",
		 "",
		 {{"PUT", AT_BOB, "{'userName':'bob@example.org','active':false}", 200,
		   "'active':false", NULL},
		  {"GET", AT_JANE, "", 200, "'delegates':['bob@example.org']", NULL},
		  {"PUT", AT_JANE, JANE_AS(JANES_EXT), 200, "'delegates':[]", NULL}}},
		{"without active he stays as he is",
		 "",
		 {{"PUT", AT_KIM, "{'userName':'kim@example.org'}", 200, "'active':false",
		   NULL},
		  {"PUT", AT_KIM, "{'userName':'kim@example.org','active':true}", 200,
		   "'active':true", NULL},
		  {"PUT", AT_KIM, "{'userName':'kim@example.org','active':1}", 400, "active",
		   NULL}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_keys(void **context)
{
	static const struct play plays[] = {
		{"an update without key breaks the sign-in of who has one",
		 "",
		 {{"PUT", AT_JANE, JANE_AS(",'active':true"), 200, NULL, "broken"},
		  {"SAVE", "", "", 200, "','key':'" JANES_KEY "','broken':true}", NULL}}},
		{"an empty key is none",
		 "",
		 {{"PUT", AT_JANE, JANE_AS("," U_EXT ":{'SsoAccountKey':''}"), 200, NULL, NULL},
		  {"SAVE", "", "", 200, "'broken':true}", NULL}}},
		{"a key mends it, and it stays remembered",
		 "",
		 {{"PUT", AT_JANE, JANE_AS(""), 200, NULL, NULL},
		  {"PUT", AT_JANE, JANE_AS(WITH_KEY), 200, NULL, "K2"},
		  {"SAVE", "", "", 200, "'broken':true,'mended':true}", JANES_KEY},
		  {"PUT", AT_JANE, JANE_AS(""), 200, NULL, NULL},
		  {"SAVE", "", "", 200, "'broken':true}", "mended"}}},
		{"also when the user is deleted",
		 "",
		 {{"PUT", AT_JANE, JANE_AS(""), 200, NULL, NULL},
		  {"DELETE", AT_JANE, "", 204, NULL, NULL},
		  {"SAVE", "", "", 200, "'keys':[\n{'id':'" JANE "','broken':true}]", NULL}}},
		{"with the key nothing breaks",
		 "",
		 {{"PUT", AT_JANE, JANE_AS(WITH_KEY), 200, NULL, "Sso"},
		  {"SAVE", "", "", 200, "','key':'sha256:", "broken"}}},
		{"a suspend does not harm, a reactivation does",
		 "",
		 {{"PUT", AT_JANE, JANE_AS(",'active':false"), 200, NULL, NULL},
		  {"PUT", AT_JANE, JANE_AS(",'active':false"), 200, NULL, NULL},
		  {"SAVE", "", "", 200, JANES_KEY, "broken"},
		  {"PUT", AT_JANE, JANE_AS(",'active':true"), 200, NULL, NULL},
		  {"SAVE", "", "", 200, "broken", NULL}}},
		{"a suspend does harm",
		 "keyless-suspend=breaks",
		 {{"PUT", AT_JANE, JANE_AS(",'active':false"), 200, NULL, NULL},
		  {"SAVE", "", "", 200, "broken", NULL}}},
		{"who has no key loses none, and can be given one",
		 "",
		 {{"PUT", AT_BOB, "{'userName':'bob@example.org'}", 200, NULL, NULL},
		  {"SAVE", "", "", 200, NULL, "broken"},
		  {"PUT", AT_BOB, "{'userName':'bob@example.org'" WITH_KEY "}", 200, NULL,
		   NULL},
		  {"PUT", AT_BOB, "{'userName':'bob@example.org'}", 200, NULL, NULL},
		  {"SAVE", "", "", 200, "'broken':true}", NULL}}},
		{"what is refused breaks nothing",
		 "",
		 {{"PUT", AT_JANE, JANE_AS("," E_EXT ":{'division':'Nowhere'}"), 400, NULL,
		   NULL},
		  {"SAVE", "", "", 200, NULL, "broken"}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_put_group(void **context)
{
	static const struct play plays[] = {
		{"empty members: 200, and nothing",
		 "",
		 {{"PUT", AT_INFO, INFO_AS(",'displayName':'Other','members':[ ]"), 200,
		   "'displayName':'Info','members':[{'value':'" JANE "'}]", "Other"}}},
		{"its own id is ignored, everybody stands once",
		 "",
		 {{"PUT", AT_INFO,
		   INFO_AS(",'members':[{'value':'" INFO "'},{'value':'" BOB "'},{'value':'" BOB
			   "'}]"),
		   200, "'members':[{'value':'" BOB "'}]", INFO "'}"}}},
		{"members are ids of users",
		 "",
		 {{"PUT", AT_INFO, INFO_AS(",'members':[{'value':'bob@example.org'}]"), 400,
		   "Unknown account with uuid: bob@example.org", NULL},
		  {"PUT", AT_INFO, INFO_AS(",'members':[{'value':'" NOBODY "'}]"), 400,
		   "Unknown account with uuid: " NOBODY, NULL},
		  {"PUT", AT_INFO, INFO_AS(",'members':['" BOB "']"), 400, "members", NULL},
		  {"PUT", AT_INFO, INFO_AS(",'members':{}"), 400, "lists", NULL},
		  {"GET", AT_INFO, "", 200, JANE, NULL}}},
		{"without members they stay, aliases go with the extension object",
		 "",
		 {{"PUT", AT_INFO, INFO_AS(",'displayName':'Other'"), 200,
		   "'displayName':'Other','members':[{'value':'" JANE "'}]", "desk@"}}},
		{"renaming",
		 "",
		 {{"PUT", AT_INFO, "{'externalId':'help@example.com'}", 200,
		   "'externalId':'help@example.com'", "info@"},
		  {"GET", GROUPS "?filter=externalId eq 'help@example.com'", "", 200, INFO,
		   NULL}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_patch(void **context)
{
	static const struct play plays[] = {
		{"removing all members suspends",
		 "",
		 {{"PATCH", AT_INFO, "{'Operations':[{'op':'remove','path':'members'}]}", 200,
		   "'members':[]", JANE},
		  {"GET", AT_INFO, "", 200, "{'aliases':['desk@example.org']}", NULL}}},
		{"replacing them",
		 "",
		 {{"PATCH", AT_INFO,
		   "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],'Operations':["
		   "{'op':'Replace','path':'members','value':[{'value':'" BOB "'}]}]}",
		   200, "'members':[{'value':'" BOB "'}]", JANE},
		  {"PATCH", AT_INFO,
		   "{'Operations':[{'op':'replace','path':'members','value':[]}]}", 200,
		   "'members':[]", NULL}}},
		{"all or nothing",
		 "",
		 {{"PATCH", AT_INFO,
		   "{'Operations':[{'op':'remove','path':'members'},"
		   "{'op':'replace','path':'members','value':[{'value':'" NOBODY "'}]}]}",
		   400, "Unknown account with uuid: " NOBODY, NULL},
		  {"GET", AT_INFO, "", 200, JANE, NULL}}},
		{"what it cannot do",
		 "",
		 {{"PATCH", AT_INFO, "{'Operations':[{'op':'add','path':'members'}]}", 400,
		   NULL, NULL},
		  {"PATCH", AT_INFO, "{'Operations':[{'op':'remove','path':'displayName'}]}",
		   400, NULL, NULL},
		  {"PATCH", AT_INFO, "{'Operations':[]}", 400, NULL, NULL},
		  {"PATCH", AT_INFO, "{'Operations':['remove']}", 400, NULL, NULL},
		  {"PATCH", AT_JANE, "{'Operations':[]}", 405, NULL, NULL},
		  {"GET", AT_INFO, "", 200, JANE, NULL}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_delete(void **context)
{
	static const struct play plays[] = {
		{"for ever, and from the others' delegates and members",
		 "",
		 {{"DELETE", AT_JANE, "", 204, NULL, NULL},
		  {"GET", AT_JANE, "", 400, "Unknown account with uuid: " JANE, NULL},
		  {"GET", AT_INFO, "", 200, "'members':[]", NULL},
		  {"GET", USERS, "", 200, "'totalResults':2}", "jane@"},
		  {"POST", USERS, "{'userName':'j.doe@example.org'}", 201, NULL, NULL},
		  {"DELETE", AT_JANE, "", 400, NULL, NULL},
		  {"SAVE", "", "", 200, "'keys':[]", NULL}}},
		{"by its own path",
		 "",
		 {{"DELETE", GROUPS "/" JANE, "", 400, "Unknown account", NULL},
		  {"DELETE", USERS "/" INFO, "", 400, "Unknown account", NULL},
		  {"DELETE", AT_INFO, "", 204, NULL, NULL},
		  {"GET", GROUPS, "", 200, "{'Resources':[],'totalResults':0}", NULL}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

/* --- refusing ------------------------------------------------------------------------------- */

#define TAKEN "'detail':'Error creating alias: Alias is already taken for "
#define NOT_ALLOWED                                                                \
	"'detail':'You are not allowed to add this address to your organization. " \
	"Does the account belong to a registered domain name?'"
#define OUTSIDE "'detail':'Account is outside the organization'"
#define ALIAS(address) JANE_AS("," U_EXT ":{'aliases':['" address "']}")

static void test_refusals(void **context)
{
	static const struct step steps[] = {
		{"PUT", AT_JANE, ALIAS("bob@example.org"), 409, TAKEN "bob@example.org'"},
		{"PUT", AT_JANE, ALIAS("Info@example.org"), 409, TAKEN "info@example.org'"},
		{"PUT", AT_JANE, ALIAS("desk@example.org"), 409, TAKEN "desk@example.org'"},
		{"PUT", AT_JANE, ALIAS("jane@example.org"), 409, TAKEN "jane@example.org'"},
		{"PUT", AT_JANE, ALIAS("guest@example.org"), 409,
		 "'detail':'Error creating alias: Alias is a guest: guest@example.org'"},
		{"PUT", AT_JANE, ALIAS("jane@example.net"), 403, NOT_ALLOWED},
		{"PUT", AT_JANE, ALIAS("free@example.org"), 403, NOT_ALLOWED},
		{"PUT", AT_JANE, ALIAS("no address"), 400, "aliases"},
		{"PUT", AT_JANE, JANE_AS("," U_EXT ":{'aliases':[5]}"), 400, "aliases"},
		{"PUT", AT_JANE, JANE_AS("," U_EXT ":{'aliases':'x'}"), 400, "aliases"},
		{"PUT", AT_JANE, JANE_AS("," U_EXT ":{'delegates':[{}]}"), 400, "delegates"},
		{"PUT", AT_JANE, JANE_AS("," U_EXT ":{'SsoAccountKey':5}"), 400,
		 "SsoAccountKey"},
		{"PUT", AT_JANE, JANE_AS("," U_EXT ":[]"), 400, "must be an object"},
		{"PUT", AT_JANE, JANE_AS("," U_EXT ":null"), 400, "must be an object"},
		{"PUT", AT_JANE, JANE_AS("," E_EXT ":'/'"), 400, "must be an object"},
		{"PUT", AT_JANE, "{'userName':'bob@example.org'}", 409,
		 TAKEN "bob@example.org'"},
		{"PUT", AT_JANE, "{'userName':'desk@example.org'}", 409, TAKEN "desk"},
		{"PUT", AT_JANE, "{'userName':'info@example.org'}", 409, OUTSIDE},
		{"PUT", AT_JANE, "{'userName':'free@example.org'}", 409, OUTSIDE},
		{"PUT", AT_JANE, "{'userName':'jane@example.net'}", 403, NOT_ALLOWED},
		{"PUT", AT_JANE, "{}", 400, "userName"},
		{"POST", USERS, "{'userName':'bob@example.org'}", 409, TAKEN},
		{"POST", GROUPS, "{'externalId':'bob@example.org'}", 409, OUTSIDE},
		{"POST", GROUPS, "{'externalId':'j.doe@example.org'}", 409, TAKEN},
		{"POST", USERS, "{'userName':'free@example.org'}", 409, OUTSIDE},
		{"POST", USERS, "{'userName':'new@example.net'}", 403, NOT_ALLOWED},
		{"POST", USERS, "{'userName':'new@sub.example.org'}", 403, NOT_ALLOWED},
		{"PUT", AT_JANE, JANE_AS("," E_EXT ":{'division':'Nowhere'}"), 400,
		 "'detail':'Invalid division: Nowhere'"},
		{"PUT", AT_INFO, INFO_AS("," E_EXT ":{'division':'cardiology'}"), 400,
		 "'detail':'Invalid division: cardiology'"},
		{"PUT", AT_JANE, JANE_AS("," E_EXT ":{'division':5}"), 400, "division"},
		{"PUT", USERS "/" NOBODY, "{}", 400, "'detail':'Unknown account with uuid: "},
		{"GET", USERS "/%2e%2E/x", "", 400, "uuid: ../x'"},
		{"GET", USERS "?filter=userName%20co%20%22x%22", "", 400, "filter"},
		{"GET", USERS "?filter=externalId%20eq%20%22x%22", "", 400, "filter"},
		{"GET", USERS "?filter=userName eq 'x", "", 400, "filter"},
		{"GET", USERS "?filter=userName eq 5", "", 400, "filter"},
		{"GET", USERS "?filter=", "", 400, "filter"},
		{"PUT", USERS, "{}", 405, NULL},
		{"DELETE", GROUPS, "", 405, NULL},
		{"POST", AT_JANE, "{}", 405, NULL},
		{"POST", "/scim/v2/Organization", "{}", 405, NULL},
		{"GET", "/scim/v2/Devices", "", 404, NULL},
		{"GET", "/scim/v2", "", 404, NULL},
		{"GET", "/", "", 404, NULL},
		{"GET", "", "", 404, NULL},
	};
	struct world w;
	struct str before;

	(void)context;
	world_open(&w, "", ORGANIZATION);
	save(&w);
	before = arena_str(&w.arena, body_of(&w));
	for (size_t i = 0; i < COUNT(steps); i++) {
		take_step(&w, &steps[i], "refusals");
		assert_false(w.answer.changed);
	}
	save(&w);
	assert_true(str_eq(body_of(&w), before));
	world_close(&w);
}

static void test_units(void **context)
{
	static const struct play plays[] = {
		{"known ones, none",
		 "",
		 {{"PUT", AT_BOB,
		   "{'userName':'bob@example.org'," E_EXT ":{'division':'Cardiology'}}", 200,
		   E_EXT ":{'division':'Cardiology'}", NULL},
		  {"PUT", AT_BOB, "{'userName':'bob@example.org'," E_EXT ":{'division':'/'}}",
		   200, "'division':'/'", NULL},
		  {"PUT", AT_BOB, "{'userName':'bob@example.org'," E_EXT ":{'costs':1}}", 200,
		   E_EXT ":{'costs':1}", NULL},
		  {"PUT", AT_BOB, "{'userName':'bob@example.org'}", 200,
		   E_EXT ":{'division':'/'}", NULL}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

/* --- who may ask, and how ------------------------------------------------------------------- */

static void test_headers(void **context)
{
	static const struct {
		const char *method, *authorization, *accept, *type;
		unsigned status;
	} cases[] = {
		{"GET", "Bearer secret", "", "", 200},
		{"GET", "bearer secret", "", "", 200},
		{"GET", "", "", "", 401},
		{"GET", "Bearer", "", "", 401},
		{"GET", "Bearer ", "", "", 401},
		{"GET", "Bearer  secret", "", "", 401},
		{"GET", "Bearer secret ", "", "", 401},
		{"GET", "Bearer secreT", "", "", 401},
		{"GET", "Basic secret", "", "", 401},
		{"PUT", "Bearer secret", "application/json", "application/json", 200},
		{"PATCH", "Bearer secret", "application/json", SCIM, 406},
		{"PATCH", "Bearer secret", "", SCIM, 406},
		{"PATCH", "Bearer secret", "*/*", SCIM, 406},
		{"PATCH", "Bearer secret", SCIM, "application/json", 415},
		{"PATCH", "Bearer secret", SCIM, "", 415},
		{"PATCH", "Bearer secret", SCIM, SCIM, 200},
		{"PATCH", "Bearer secret", "text/html, " SCIM ";q=0.9", SCIM "; charset=utf-8",
		 200},
		{"PATCH", "Bearer wrong", "", "", 401},
	};
	struct world w;

	(void)context;
	world_open(&w, "", ORGANIZATION);
	for (size_t i = 0; i < COUNT(cases); i++) {
		ask_request(&w,
			    &(struct service_request){
				    .method = str_of(cases[i].method),
				    .path = STR(AT_INFO),
				    .authorization = str_of(cases[i].authorization),
				    .accept = str_of(cases[i].accept),
				    .content_type = str_of(cases[i].type),
				    .body = quoted(&w, INFO_AS(",'Operations':[{'op':'remove',"
							       "'path':'members'}]")),
			    });
		if (w.answer.status != cases[i].status)
			fail_msg("case %zu: %u: %.*s", i, w.answer.status,
				 STR_FMT(body_of(&w)));
	}
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),   cmocka_unit_test(test_put_user),
		cmocka_unit_test(test_keys),     cmocka_unit_test(test_put_group),
		cmocka_unit_test(test_patch),    cmocka_unit_test(test_delete),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_units),
		cmocka_unit_test(test_headers),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
