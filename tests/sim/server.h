/*
 * The HTTP half: connections, bodies, the rate limit, faults, the log. One thread does it all,
 * and what a request does to the organisation happens in one go, so nothing is locked; requests
 * that a fault delays wait aside.
 *
 * Below "/api" is the service: every request there has a number, takes from the bucket, meets
 * the faults (unless the bucket refused it) and is logged. Beside it, for tests, neither counted
 * nor logged:
 *
 *     GET  /sim/state    the organisation as it stands, like the state file
 *     POST /sim/portal   an edit, as service_portal() takes it
 *     PUT  /sim/faults   another fault script, its requests counted anew
 */
#ifndef ZIVVER_SIM_SERVER_H
#define ZIVVER_SIM_SERVER_H

#include "base/err.h"
#include "bucket.h"
#include "faults.h"
#include "requests.h"
#include "service.h"

#include <netinet/in.h>

/* All that is pointed to stays the caller's, and outlives the server. */
struct server_settings {
	struct sockaddr_in address;    /* port 0: any that is free */
	const char *certificate, *key; /* PEM; both NULL: plain http */
	struct service *service;
	struct bucket *bucket;
	struct faults *faults;
	struct requests *requests;
};

struct server;
/* Listens already when it returns; NULL on error. */
struct server *server_start(const struct server_settings *settings, struct err *err);
uint16_t server_port(const struct server *server);
/* Serves until `fd` is readable. */
int server_run(struct server *server, int fd, struct err *err);
void server_stop(struct server *server); /* NULL is fine */

#endif
