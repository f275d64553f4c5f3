/*
 * The service's side of the API: what each request does to the organisation and what is answered,
 * as the public clients know it (quirks included), with the switches of unknown.h. No I/O, no
 * time: rate limit, faults and the log are the server's (server.h).
 */
#ifndef ZIVVER_SIM_SERVICE_H
#define ZIVVER_SIM_SERVICE_H

#include "render.h"
#include "state.h"

/* Views of what was received; header values may be empty. */
struct service_request {
	struct str method; /* "GET" */
	struct str path,
		query; /* below "/api": "/scim/v2/Users/…"; without '?'; both undecoded */
	struct str authorization; /* "Bearer …" */
	struct str accept, content_type;
	struct str body;
};

struct service_answer {
	unsigned status;
	const char *content_type; /* static */
	struct shared *body;      /* NULL: empty. The caller's to release */
	bool changed;             /* the organisation */
};

struct service {
	struct state *state;
	const struct unknowns *unknowns;
	struct str api_key;
};

/* `faults`: how a list is to be wrong, or NULL. */
struct service_answer service_answer(struct service *service,
				     const struct service_request *request,
				     const struct list_faults *faults);

/*
 * What a person does in the portal, past all quirks:
 *     {"edit": "ADDRESS", "merge": {…}}     RFC 7396 over the resource; delegates and members too
 *     {"create": "user"|"group", "resource": {…}}
 *     {"delete": "ADDRESS"}
 * The address may be any that belongs to the account now. -1: not such an object, nobody there.
 */
int service_portal(struct service *service, struct str edit, struct err *err);

#endif
