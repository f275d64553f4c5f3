/* The service's rules, request by request, without a network. */
#include "service.h"
#include "text.h"

#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define KEY "secret"
#define SCIM "application/scim+json"
#define USER_EXT "\"urn:ietf:params:scim:schemas:zivver:0.1:User\""
#define GROUP_EXT "\"urn:ietf:params:scim:schemas:zivver:0.1:Group\""
#define UNIT "\"" ENTERPRISE "\""

/* --- an organisation under test ------------------------------------------------------------- */

#define JANE "11111111-0000-4000-a000-000000000001"
#define BOB "11111111-0000-4000-a000-000000000002"
#define KIM "11111111-0000-4000-a000-000000000003" /* suspended */
#define INFO "22222222-0000-4000-a000-000000000001"
#define NOBODY "99999999-0000-4000-a000-000000000009"

#define FILE_TEXT                                                                             \
	"{\"users\":[{\"id\":\"" JANE "\",\"userName\":\"jane@example.org\",\"active\":true," \
	"\"name\":{\"formatted\":\"Jane\"}," USER_EXT                                         \
	":{\"aliases\":[\"j.doe@example.org\"],\"delegates\":[\"bob@example.org\"],"          \
	"\"ExternalAccountId\":\"E1\"}},\n"                                                   \
	"{\"id\":\"" BOB "\",\"userName\":\"bob@example.org\",\"active\":true},\n"            \
	"{\"id\":\"" KIM "\",\"userName\":\"kim@example.org\",\"active\":false}],\n"          \
	"\"groups\":[{\"id\":\"" INFO "\",\"externalId\":\"info@example.org\",\"members\":["  \
	"{\"value\":\"" JANE "\"}]," GROUP_EXT ":{\"aliases\":[\"desk@example.org\"]}}],\n"   \
	"\"keys\":[{\"id\":\"" JANE "\",\"key\":\"sha256:"                                    \
	"0123456789012345678901234567890123456789012345678901234567890123\"}],\n"             \
	"\"guests\":[\"guest@example.org\"],\"units\":[\"Cardiology\"],"                      \
	"\"domains\":[\"example.org\",\"example.com\"],\"outside\":[\"free@example.org\"]}"

struct world {
	struct unknowns unknowns;
	struct state state;
	struct service service;
	struct service_answer answer; /* the last */
};

static void load(struct state *state, const char *text)
{
	char path[] = "/tmp/zivver-sim-XXXXXX";
	struct err err = ERR_INIT;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	if (state_load(state, path, &err))
		fail_msg("%s", err.text);
	unlink(path);
}

/* `switches`: "NAME=VALUE NAME=VALUE". */
static void open_world(struct world *w, const char *switches, const char *text)
{
	struct str rest = str_of(switches), one;
	struct err err = ERR_INIT;

	*w = (struct world){.answer = {.status = 0}};
	while (rest.len > 0 && str_split(&rest, ' ', &one)) {
		if (unknown_set(&w->unknowns, one, &err))
			fail_msg("%s", err.text);
	}
	w->state.unknowns = &w->unknowns;
	w->service = (struct service){&w->state, &w->unknowns, STR(KEY)};
	load(&w->state, text);
}

static void close_world(struct world *w)
{
	shared_release(w->answer.body);
	state_release(&w->state);
}

static unsigned send_request(struct world *w, const struct service_request *request)
{
	shared_release(w->answer.body);
	w->answer = service_answer(&w->service, request, NULL);
	return w->answer.status;
}

/* `target`: "PATH?QUERY". */
static unsigned ask(struct world *w, const char *method, const char *target, const char *body)
{
	struct str query = str_of(target), path;

	str_split(&query, '?', &path);
	return send_request(w, &(struct service_request){
				       .method = str_of(method),
				       .path = path,
				       .query = query,
				       .authorization = STR("Bearer " KEY),
				       .accept = STR(SCIM),
				       .content_type = STR(SCIM),
				       .body = str_of(body),
			       });
}

static struct str body_of(const struct world *w)
{
	return w->answer.body ? w->answer.body->text : STR("");
}

static bool contains(struct str text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void expect_part(const struct world *w, const char *part)
{
	if (!contains(body_of(w), part))
		fail_msg("%u %.*s\nlacks %s", w->answer.status, STR_FMT(body_of(w)), part);
}

static void expect_no_part(const struct world *w, const char *part)
{
	if (contains(body_of(w), part))
		fail_msg("%u %.*s\nhas %s", w->answer.status, STR_FMT(body_of(w)), part);
}

/* --- creating ------------------------------------------------------------------------------- */

#define NEW_USER                                                                          \
	"{\"userName\":\"New@Example.org\",\"active\":false,\"nickName\":\"N\"," USER_EXT \
	":{\"aliases\":[\"n@example.org\"],\"delegates\":[\"bob@example.org\","           \
	"\"kim@example.org\"],\"SsoAccountKey\":\"K1\"}}"

static void test_create(void **context)
{
	static const struct {
		const char *switches, *aliases, *delegates;
	} cases[] = {
		{"create-drops=both", "[]", "[]"},
		{"create-drops=aliases", "[]", "[\"bob@example.org\"]"},
		{"create-drops=delegates", "[\"n@example.org\"]", "[]"},
		{"create-drops=none", "[\"n@example.org\"]", "[\"bob@example.org\"]"},
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct world w;
		struct str extension;

		open_world(&w, cases[i].switches, FILE_TEXT);
		assert_int_equal(ask(&w, "POST", "/scim/v2/Users", NEW_USER), 201);
		assert_true(w.answer.changed);
		expect_part(&w, "\"active\":true");
		expect_part(&w, "\"nickName\":\"N\"");
		expect_no_part(&w, "K1");
		extension = text_find(body_of(&w),
				      "urn:ietf:params:scim:schemas:zivver:0.1:User");
		assert_true(str_is(text_find(extension, "aliases"), cases[i].aliases));
		assert_true(str_is(text_find(extension, "delegates"), cases[i].delegates));
		assert_true(state_by_address(&w.state, STR("new@example.org"))->has_key);
		arena_release(&arena);
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
