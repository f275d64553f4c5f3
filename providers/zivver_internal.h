/*
 * What the parts of the Zivver target share:
 *
 *     target_zivver.c    opening, the operations, requests on their way
 *     zivver_list.c      reading the organisation
 *     zivver_world.c     whose an id or address is; resources to be sent back
 *     zivver_send.c      requests as the service wants them
 *     zivver_answer.c    what came of them
 *     zivver_errors.c    what the service says when it refuses
 *     zivver_check.c     the steps of a connection, one by one
 */
#ifndef ZSCTL_ZIVVER_INTERNAL_H
#define ZSCTL_ZIVVER_INTERNAL_H

#include "provider.h"
#include "zivver_list.h"

/* Where a change is; mostly it is one request. */
enum zivver_stage {
	ZIVVER_FETCH,   /* GET: its resource was not at hand */
	ZIVVER_WRITE,   /* POST, PUT, DELETE, or PATCH where there is nothing else to send */
	ZIVVER_EMPTY,   /* PATCH: the delegates, which no PUT takes away, go last */
	ZIVVER_CONFIRM, /* GET: the answer to a change did not show what became of it */
};

/* A change under way. */
struct zivver_job {
	bool used;
	struct target_request request; /* the caller's; its key is this: */
	struct secret key;
	enum zivver_stage stage;
	unsigned set; /* enum attribute bits that the present request sends */
	/* The service refused a delegate who is suspended: they are left out. */
	bool active_only;
	bool emptied;  /* ZIVVER_EMPTY was sent */
	bool outdated; /* its resource grew old while it waited, and was read again */
};

struct zivver_target {
	struct target target;
	struct http *http;      /* NULL: nobody was asked yet */
	struct sym_pool *names; /* of the last listing; NULL: none was complete */
	struct zivver_world world;
	struct scim_reader reader;
	struct arena answers; /* until the next listing */
	struct {
		struct zivver_job **items; /* by the number of their request */
		size_t count, capacity;
	} jobs;
	size_t busy; /* of them */
	/* Ended already when they were submitted. */
	struct target_outcomes ended;
	struct http_answers received;
};

/* --- zivver_send.c ------------------------------------------------------------------------ */

/* A functional account loses its last delegate: no PUT does that. */
bool zivver_empties(const struct target_request *request);
/* Sends what the job's stage wants. -1: it cannot be sent, and nothing was. */
int zivver_send(struct zivver_target *t, struct zivver_job *job, uint64_t number,
		struct err *err);
/* The stage a fresh job begins with, and what it sends. */
void zivver_begin(struct zivver_target *t, struct zivver_job *job);

/* --- zivver_answer.c ---------------------------------------------------------------------- */

/* What came of the job's request: false when another one has to be sent (the stage is set), else
 * its end is in *outcome. */
bool zivver_answered(struct zivver_target *t, struct zivver_job *job,
		     const struct http_answer *answer, struct target_outcome *outcome);

/* --- target_zivver.c, zivver_check.c ------------------------------------------------------- */

/* How long a failing request is tried again: SOON is for people who wait for it. */
enum zivver_patience { ZIVVER_LONG, ZIVVER_SOON };
/* A client with the key. */
int zivver_connect(const struct config *config, enum zivver_patience patience,
		   struct http **http, struct err *err);
int zivver_check(struct target *target, struct buf *out, struct err *err);

#endif
