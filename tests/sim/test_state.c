/* The state file, what a person does in the portal, and lists. */
#include "service_world.h"

#define AT_JANE USERS "/" JANE
#define AT_BOB USERS "/" BOB
#define AT_INFO GROUPS "/" INFO

/* --- the file ------------------------------------------------------------------------------- */

static void test_wrong_files(void **context)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "object"},
		{"[]", "object"},
		{"{'users':[{'userName':'a@example.org'}]", "line 1"},
		{"{'users':{'userName':'a@example.org'}}", "line 1: users must be a list"},
		{"{'keys':5}", "line 1: keys must be a list"},
		{"{'users':[\n5]}", "line 2: must be an object"},
		{"{'users':[\n{}]}", "line 2: userName must be an e-mail address"},
		{"{'users':[\n\n{'userName':'a@example.org','active':'x'}]}", "line 3: active"},
		{"{'users':[{'userName':'a@example.org','id':'a\\\\b'}]}", "the id is none"},
		{"{'users':[{'userName':'a@example.org','id':''}]}", "the id is none"},
		{"{'users':[{'userName':'a@example.org','id':5}]}", "the id is none"},
		{"{'users':[{'userName':'a@example.org','id':'1'},\n"
		 "{'userName':'b@example.org','id':'1'}]}",
		 "line 2: the id 1 comes twice"},
		{"{'users':[{'userName':'a@example.org'}],\n"
		 "'groups':[{'externalId':'A@example.org'}]}",
		 "line 2: the address a@example.org comes twice"},
		{"{'users':[\n{'userName':'a@example.org'},\n{'userName':'b@example.org'," U_EXT
		 ":{'aliases':['a@example.org']}}]}",
		 "line 3: the address a@example.org comes twice"},
		{"{'users':[\n{'userName':'a@example.org'," U_EXT
		 ":{'aliases':['a@example.org']}}]}",
		 "line 2: the address a@example.org comes twice"},
		{"{'users':[\n{'userName':'a@example.org'," U_EXT ":{'delegates':5}}]}",
		 "line 2: delegates"},
		{"{'users':[\n{'userName':'a@example.org'," U_EXT ":5}]}", "line 2: urn:"},
		{"{'groups':[\n{'externalId':'a@example.org','members':[5]}]}",
		 "line 2: members"},
		{"{'guests':[5]}", "line 1: must be a text"},
		{"{'keys':[{}]}", "line 1: must be an object with an id"},
		{"{'keys':[\n\n{'id':'1','key':'plain'}]}", "line 3: the key must be"},
		{"{'users':[{'a':1,'a':2}]}", "line 1: "},
		{"{'users':[{'userName':'\\u0000@example.org'}]}", "line 1: "},
		{"{'users':[{'userName':'a@example.org'}],'users':[]}", "users"},
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct unknowns unknowns = {.swap = 0};
		struct world w = {.state.unknowns = &unknowns};
		struct err err = ERR_INIT;

		if (load_text(&w.state, quoted(&w, cases[i].text), &err) == 0)
			fail_msg("taken: %s", cases[i].text);
		if (!strstr(err.text, cases[i].error))
			fail_msg("%s\nlacks %s", err.text, cases[i].error);
		world_close(&w);
	}
}

static void test_missing_file(void **context)
{
	struct unknowns unknowns = {.swap = 0};
	struct state state = {.unknowns = &unknowns};
	struct err err = ERR_INIT;

	(void)context;
	assert_int_equal(state_load(&state, "/nonexistent/state.json", &err), -1);
	assert_non_null(strstr(err.text, "/nonexistent/state.json"));
	assert_int_equal(state_save(&state, "/nonexistent/state.json", &err), -1);
	state_release(&state);
}

static void expect_loaded(const char *organization, const char *saved)
{
	struct world w;

	world_open(&w, "", organization);
	save(&w);
	if (!str_eq(body_of(&w), quoted(&w, saved)))
		fail_msg("%.*s\nnot\n%s", STR_FMT(body_of(&w)), saved);
	world_close(&w);
}

#define META(collection, type, id)                                               \
	"'meta':{'created':'2024-06-13','location':'/scim/v2/" collection "/" id \
	"','resourceType':'" type "'}"
#define USER_REST                  \
	META("Users", "User", "1") \
	",'schemas':['urn:ietf:params:scim:schemas:core:2.0:User','" ENTERPRISE "'," U_EXT "]}"
#define GROUP_REST                   \
	META("Groups", "Group", "2") \
	",'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group'," G_EXT "," E_EXT "]}"

static void test_loading(void **context)
{
	(void)context;
	expect_loaded("{}", "{'users':[],\n'groups':[],\n'keys':[]");
	expect_loaded("{'what':{'else':[1]},'users':[],'units':[]}",
		      "{'users':[],\n'groups':[],\n'keys':[]");
	/* What the service always sends is added, who is nobody dropped, all else kept. */
	expect_loaded(
		"{'keys':[{'id':'1','broken':true},{'id':'9','key':'" JANES_KEY
		"'},{'id':'8','broken':true}],'guests':['G@example.org','g@example.org'],"
		"'units':['A'],'domains':['Example.org'],'outside':['f@example.org'],"
		"'groups':[{'id':'2','externalId':'info@example.org','members':["
		"{'value':'1'},{'value':'2'},{'value':'9'}]}],'users':[{'x' : 1.0,"
		"'id':'1','userName':'Jane@example.org'," U_EXT
		":{'delegates':['info@example.org','x@example.org'],'\\u0061liases':["
		"'J@example.org','j@EXAMPLE.org'],'SsoAccountKey':'K','y':[ ]}}]}",
		"{'users':[\n{'id':'1','x':1.0,'userName':'Jane@example.org','active':true," E_EXT
		":{'division':'/'}," U_EXT
		":{'aliases':['j@example.org'],'delegates':[],'y':[ ]}," USER_REST
		"],\n'groups':[\n{'id':'2','externalId':'info@example.org',"
		"'members':[{'value':'1'}]," E_EXT ":{'division':'/'}," G_EXT
		":{'aliases':[]}," GROUP_REST "],\n'keys':[\n{'id':'1','broken':true},\n"
		"{'id':'8','broken':true}],\n'guests':[\n'g@example.org'],\n'units':[\n'A'],\n"
		"'domains':[\n'example.org'],\n'outside':[\n'f@example.org']");
}

/* What was saved is loaded as the same. */
static void test_saving(void **context)
{
	char path[] = "/tmp/zivver-sim-XXXXXX";
	struct err err = ERR_INIT;
	struct world w, again;
	int fd = mkstemp(path);

	(void)context;
	assert_true(fd >= 0);
	close(fd);
	world_open(&w, "", ORGANIZATION);
	ask(&w, "PUT", STR(AT_JANE),
	    quoted(&w, "{'userName':'jane@example.org','x':'\\u20ac'}"));
	assert_int_equal(w.answer.status, 200);
	ask(&w, "DELETE", STR(AT_BOB), STR(""));
	assert_int_equal(state_save(&w.state, path, &err), 0);
	world_open(&again, "", "{}");
	assert_int_equal(state_load(&again.state, path, &err), 0);
	save(&w);
	save(&again);
	if (!str_eq(body_of(&w), body_of(&again)))
		fail_msg("%.*s\nnot\n%.*s", STR_FMT(body_of(&again)), STR_FMT(body_of(&w)));
	assert_true(has_part(body_of(&w), STR("\"broken\":true")));
	unlink(path);
	world_close(&w);
	world_close(&again);
}

/* --- the portal ----------------------------------------------------------------------------- */

static void test_portal(void **context)
{
	static const struct play plays[] = {
		{"an edit replaces what it names and breaks no sign-in",
		 "",
		 {{"PORTAL", "",
		   "{'edit':'Jane@example.org','merge':{'name':{'formatted':'J'}}}", 200},
		  {"GET", AT_JANE, "", 200, "'name':{'formatted':'J'}"},
		  {"GET", AT_JANE, "", 200,
		   "{'aliases':['j.doe@example.org'],'delegates':['bob@example.org'],"
		   "'ExternalAccountId':'E1'}"},
		  {"SAVE", "", "", 200, JANES_KEY, "broken"}}},
		{"delegates, past the rules",
		 "",
		 {{"PORTAL", "",
		   "{'edit':'j.doe@example.org','merge':{" U_EXT
		   ":{'delegates':['kim@example.org','nobody@example.org']}}}",
		   200},
		  {"GET", AT_JANE, "", 200,
		   "{'aliases':['j.doe@example.org'],'delegates':['kim@example.org'],'Ext"},
		  {"PORTAL", "", "{'edit':'jane@example.org','merge':{" U_EXT ":null}}", 200},
		  {"GET", AT_JANE, "", 200, "{'aliases':[],'delegates':[]}"}}},
		{"members",
		 "",
		 {{"PORTAL", "",
		   "{'edit':'info@example.org','merge':{'members':[{'value':'" KIM "'}]}}",
		   200},
		  {"GET", AT_INFO, "", 200, "'members':[{'value':'" KIM "'}]"},
		  {"PORTAL", "", "{'edit':'info@example.org','merge':{'displayName':null}}",
		   200},
		  {"GET", AT_INFO, "", 200, KIM, "displayName"},
		  {"PORTAL", "", "{'edit':'info@example.org','merge':{'members':[]}}", 200},
		  {"GET", AT_INFO, "", 200, "'members':[]"}}},
		{"suspending, renaming to any domain",
		 "",
		 {{"PORTAL", "",
		   "{'edit':'bob@example.org','merge':{'active':false,"
		   "'userName':'bob@elsewhere.example.net'}}",
		   200},
		  {"GET", AT_BOB, "", 200, "'active':false"},
		  {"GET", AT_JANE, "", 200, "'delegates':['bob@elsewhere.example.net']"}}},
		{"delegates that are hidden stay",
		 "suspended-delegate=hidden",
		 {{"PORTAL", "", "{'edit':'bob@example.org','merge':{'active':false}}", 200},
		  {"PORTAL", "", "{'edit':'jane@example.org','merge':{'x':1}}", 200},
		  {"GET", AT_JANE, "", 200, "'delegates':[]"},
		  {"PORTAL", "", "{'edit':'bob@example.org','merge':{'active':true}}", 200},
		  {"GET", AT_JANE, "", 200, "'delegates':['bob@example.org']"}}},
		{"an id is for ever",
		 "",
		 {{"PORTAL", "", "{'edit':'bob@example.org','merge':{'id':'1','meta':null}}",
		   200},
		  {"GET", AT_BOB, "", 200, "'location':'/scim/v2/Users/" BOB "'"}}},
		{"a key",
		 "",
		 {{"PORTAL", "",
		   "{'edit':'bob@example.org','merge':{" U_EXT ":{'SsoAccountKey':'K'}}}", 200},
		  {"GET", AT_BOB, "", 200, NULL, "'K'"},
		  {"SAVE", "", "", 200, "{'id':'" BOB "','key':'sha256:"}}},
		{"creating, complete at once",
		 "",
		 {{"PORTAL", "",
		   "{'create':'user','resource':{'userName':'new@example.net','active':false,"
		   "'\\u0069d':'1'," U_EXT ":{'aliases':['n@example.org'],"
		   "'delegates':['bob@example.org'],'SsoAccountKey':'K'}}}",
		   200},
		  {"GET", USERS "?filter=userName eq 'new@example.net'", "", 200,
		   "'active':false," E_EXT ":{'division':'/'}," U_EXT
		   ":{'aliases':['n@example.org'],'delegates':['bob@example.org']}",
		   "'1'"},
		  {"PORTAL", "",
		   "{'create':'group','resource':{'externalId':'g@example.org','members':["
		   "{'value':'" BOB "'}]}}",
		   200},
		  {"GET", GROUPS, "", 200, "'members':[{'value':'" BOB "'}]"}}},
		{"deleting",
		 "",
		 {{"PORTAL", "", "{'delete':'desk@example.org'}", 200},
		  {"GET", AT_INFO, "", 400},
		  {"PORTAL", "", "{'delete':'bob@example.org'}", 200},
		  {"GET", AT_JANE, "", 200, "'delegates':[]"}}},
	};

	(void)context;
	perform_all(plays, COUNT(plays));
}

static void test_portal_refuses(void **context)
{
	static const char *const edits[] = {
		"",
		"{",
		"5",
		"{}",
		"{'edit':'x@example.org','merge':{}}",
		"{'edit':5,'merge':{}}",
		"{'edit':'bob@example.org'}",
		"{'edit':'bob@example.org','merge':[]}",
		"{'edit':'bob@example.org','merge':{'userName':null}}",
		"{'edit':'bob@example.org','merge':{'userName':'J.Doe@example.org'}}",
		"{'edit':'bob@example.org','merge':{" U_EXT
		":{'aliases':['info@example.org']}}}",
		"{'edit':'bob@example.org','merge':{" U_EXT
		":{'aliases':['bob@example.org']}}}",
		"{'edit':'bob@example.org','merge':{" U_EXT ":5}}",
		"{'create':'robot','resource':{'userName':'new@example.org'}}",
		"{'create':'user','resource':{}}",
		"{'create':'user'}",
		"{'create':'user','resource':{'userName':'bob@example.org'}}",
		"{'delete':'x@example.org'}",
	};
	struct world w;
	struct str before;

	(void)context;
	world_open(&w, "", ORGANIZATION);
	save(&w);
	before = arena_str(&w.arena, body_of(&w));
	for (size_t i = 0; i < COUNT(edits); i++)
		take_step(&w, &(struct step){"PORTAL", edits[i], edits[i], 400}, "refused");
	save(&w);
	assert_true(str_eq(body_of(&w), before));
	world_close(&w);
}

/* --- lists ---------------------------------------------------------------------------------- */

static void test_list_faults(void **context)
{
	static const struct {
		struct list_faults faults;
		const char *total;
		unsigned resources;
	} cases[] = {
		{{.total = 0}, "'totalResults':3}", 3},
		{{.total = 2}, "'totalResults':5}", 3},
		{{.total = -5}, "'totalResults':-2}", 3},
		{{.missing = 1}, "'totalResults':2}", 2},
		{{.missing = 3}, "'totalResults':0}", 0},
		{{.missing = 9}, "'totalResults':0}", 0},
		{{.missing = 9, .duplicate = true}, "'totalResults':0}", 0},
		{{.duplicate = true}, "'totalResults':4}", 4},
		{{.missing = 1, .total = 1}, "'totalResults':3}", 2},
	};
	struct world w;

	(void)context;
	world_open(&w, "", ORGANIZATION);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct service_request request = {.method = STR("GET"),
							.path = STR(USERS),
							.authorization = STR("Bearer " KEY)};
		struct str rest, value;
		unsigned count = 0;

		shared_release(w.answer.body);
		w.answer = service_answer(&w.service, &request, &cases[i].faults);
		rest = text_inside(text_find(body_of(&w), "Resources"));
		while (text_element(&rest, &value))
			count++;
		assert_int_equal(count, cases[i].resources);
		assert_true(has_part(body_of(&w), quoted(&w, cases[i].total)));
	}
	world_close(&w);
}

/* The same bytes are served until something changes, and stay for those who still read them. */
static void test_list_is_kept(void **context)
{
	struct shared *first;
	struct world w;

	(void)context;
	world_open(&w, "", ORGANIZATION);
	ask(&w, "GET", STR(USERS), STR(""));
	first = w.answer.body;
	w.answer.body = NULL;
	ask(&w, "GET", STR(USERS), STR(""));
	assert_ptr_equal(w.answer.body, first);
	ask(&w, "DELETE", STR(AT_INFO), STR(""));
	ask(&w, "GET", STR(USERS), STR(""));
	assert_ptr_equal(w.answer.body, first);
	ask(&w, "DELETE", STR(AT_BOB), STR(""));
	ask(&w, "GET", STR(USERS), STR(""));
	assert_ptr_not_equal(w.answer.body, first);
	assert_true(has_part(first->text, STR(BOB)));
	assert_false(has_part(body_of(&w), STR(BOB)));
	shared_release(first);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_files), cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_loading),     cmocka_unit_test(test_saving),
		cmocka_unit_test(test_portal),      cmocka_unit_test(test_portal_refuses),
		cmocka_unit_test(test_list_faults), cmocka_unit_test(test_list_is_kept),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
