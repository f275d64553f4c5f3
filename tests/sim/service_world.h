/*
 * For the tests of the service: a small organisation, and requests to it as tables of steps. JSON
 * is written with ' for ".
 */
#ifndef ZIVVER_SIM_SERVICE_WORLD_H
#define ZIVVER_SIM_SERVICE_WORLD_H

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
#define U_EXT "'urn:ietf:params:scim:schemas:zivver:0.1:User'"
#define G_EXT "'urn:ietf:params:scim:schemas:zivver:0.1:Group'"
#define E_EXT "'" ENTERPRISE "'"

#define JANE "11111111-0000-4000-a000-000000000001"
#define BOB "11111111-0000-4000-a000-000000000002"
#define KIM "11111111-0000-4000-a000-000000000003" /* suspended */
#define INFO "22222222-0000-4000-a000-000000000001"
#define NOBODY "99999999-0000-4000-a000-000000000009"
#define USERS "/scim/v2/Users"
#define GROUPS "/scim/v2/Groups"
#define JANES_KEY "sha256:0123456789012345678901234567890123456789012345678901234567890123"

#define ORGANIZATION                                                                        \
	"{'users':[\n"                                                                      \
	"{'id':'" JANE "','userName':'jane@example.org','active':true,"                     \
	"'name':{'formatted':'Jane'}," U_EXT                                                \
	":{'aliases':['j.doe@example.org'],'delegates':['bob@example.org'],"                \
	"'ExternalAccountId':'E1'}},\n"                                                     \
	"{'id':'" BOB "','userName':'bob@example.org','active':true},\n"                    \
	"{'id':'" KIM "','userName':'kim@example.org','active':false}],\n"                  \
	"'groups':[\n"                                                                      \
	"{'id':'" INFO "','externalId':'info@example.org','displayName':'Info','members':[" \
	"{'value':'" JANE "'}]," G_EXT ":{'aliases':['desk@example.org']}}],\n"             \
	"'keys':[{'id':'" JANE "','key':'" JANES_KEY "'}],\n"                               \
	"'guests':['guest@example.org'],'units':['Cardiology'],\n"                          \
	"'domains':['example.org','example.com'],'outside':['free@example.org']}"

struct world {
	struct unknowns unknowns;
	struct state state;
	struct service service;
	struct service_answer answer; /* the last */
	struct arena arena;
};

static inline struct str quoted(struct world *w, const char *text)
{
	struct str copy = arena_str(&w->arena, str_of(text));

	for (size_t i = 0; i < copy.len; i++) {
		if (copy.ptr[i] == '\'')
			((char *)copy.ptr)[i] = '"';
	}
	return copy;
}

/* As a file. */
static inline int load_text(struct state *state, struct str text, struct err *err)
{
	char path[] = "/tmp/zivver-sim-XXXXXX";
	int fd = mkstemp(path), result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.ptr, text.len), (ssize_t)text.len);
	close(fd);
	result = state_load(state, path, err);
	unlink(path);
	return result;
}

/* `switches`: "NAME=VALUE NAME=VALUE". */
static inline void world_open(struct world *w, const char *switches, const char *organization)
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
	if (load_text(&w->state, quoted(w, organization), &err))
		fail_msg("%s", err.text);
}

static inline void world_close(struct world *w)
{
	shared_release(w->answer.body);
	state_release(&w->state);
	arena_release(&w->arena);
}

static inline struct str body_of(const struct world *w)
{
	return w->answer.body ? w->answer.body->text : STR("");
}

static inline void ask_request(struct world *w, const struct service_request *request)
{
	shared_release(w->answer.body);
	w->answer = service_answer(&w->service, request, NULL);
}

/* `target`: "PATH?QUERY". */
static inline void ask(struct world *w, const char *method, struct str target, struct str body)
{
	struct service_request request = {
		.method = str_of(method),
		.query = target,
		.authorization = STR("Bearer " KEY),
		.accept = STR(SCIM),
		.content_type = STR(SCIM),
		.body = body,
	};

	str_split(&request.query, '?', &request.path);
	ask_request(w, &request);
}

/* --- steps ---------------------------------------------------------------------------------- */

struct step {
	const char *method; /* also "SAVE" (answers the state file), "PORTAL" (200, 400) */
	const char *target, *body;
	unsigned status;
	const char *has, *lacks; /* in the answer; NULL: whatever */
};

static inline void save(struct world *w)
{
	struct buf out = BUF_INIT;

	shared_release(w->answer.body);
	state_write(&w->state, &out);
	w->answer = (struct service_answer){.status = 200, .body = shared_take(&out)};
}

static inline void act_in_portal(struct world *w, struct str text)
{
	struct err err = ERR_INIT;
	unsigned status = service_portal(&w->service, text, &err) ? 400 : 200;

	shared_release(w->answer.body);
	w->answer = (struct service_answer){
		.status = status, .body = status == 400 ? shared_copy(str_of(err.text)) : NULL};
}

static inline bool has_part(struct str text, struct str part)
{
	return memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* `name` says which case it is. */
static inline void take_step(struct world *w, const struct step *step, const char *name)
{
	struct str body = quoted(w, step->body ? step->body : "");

	if (strcmp(step->method, "SAVE") == 0)
		save(w);
	else if (strcmp(step->method, "PORTAL") == 0)
		act_in_portal(w, body);
	else
		ask(w, step->method, quoted(w, step->target), body);
	if (w->answer.status != step->status)
		fail_msg("%s: %s %s: %u, not %u: %.*s", name, step->method, step->target,
			 w->answer.status, step->status, STR_FMT(body_of(w)));
	if (step->has && !has_part(body_of(w), quoted(w, step->has)))
		fail_msg("%s: %s %s: lacks %s: %.*s", name, step->method, step->target,
			 step->has, STR_FMT(body_of(w)));
	if (step->lacks && has_part(body_of(w), quoted(w, step->lacks)))
		fail_msg("%s: %s %s: has %s: %.*s", name, step->method, step->target,
			 step->lacks, STR_FMT(body_of(w)));
}

struct play {
	const char *name, *switches;
	struct step steps[10]; /* the last is empty */
};

static inline void perform_all(const struct play *plays, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct world w;

		world_open(&w, plays[i].switches, ORGANIZATION);
		for (const struct step *step = plays[i].steps; step->method; step++)
			take_step(&w, step, plays[i].name);
		world_close(&w);
	}
}

#endif
