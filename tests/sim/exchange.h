/* One request, from its first line until its answer is sent. */
#ifndef ZIVVER_SIM_EXCHANGE_H
#define ZIVVER_SIM_EXCHANGE_H

#include "server.h"

#include <microhttpd.h>

struct server {
	struct server_settings set;
	struct MHD_Daemon *daemon;
	struct exchange *waiting; /* suspended, the first due first */
	uint64_t connections, requests;
	struct err err; /* of what cannot be answered to anybody */
	bool failed;
};

enum phase {
	PHASE_HEAD,    /* its first line has come */
	PHASE_BODY,    /* its head has; the body comes */
	PHASE_ARRIVED, /* it has a number and its faults */
	PHASE_DECIDED, /* it has taken effect and has an answer */
};

struct answer {
	unsigned status;
	const char *content_type; /* static */
	struct shared *body;      /* NULL: empty */
};

struct exchange {
	struct server *server;
	struct MHD_Connection *connection;
	enum phase phase;
	const char *method;
	char *target; /* owned; as sent */
	struct str path, query;
	struct buf body;
	bool too_large;

	uint64_t number;
	int64_t wall;
	uint64_t monotonic;
	bool limited;
	struct strikes strikes;
	struct answer answer;

	uint64_t due; /* when it is to go on, while it waits */
	struct exchange *next;
};

uint64_t clock_now(void); /* monotonic, nanoseconds */
/* Suspends the connection. */
void exchange_wait(struct exchange *exchange, uint64_t nanoseconds);

/* The request has come whole: its number, its place in the bucket, its faults. */
void exchange_arrive(struct exchange *exchange);
/* It takes effect, if it does, and its answer is chosen and logged. */
void exchange_decide(struct exchange *exchange);
/* Sends the answer, or resets the connection. */
enum MHD_Result exchange_send(struct exchange *exchange);
/* The whole of a request beside the service (server.h). */
enum MHD_Result exchange_control(struct exchange *exchange);

/* The response without its headers, spoilt as the fault (or NULL) says. */
struct MHD_Response *response_make(struct exchange *exchange, const struct fault *fault);
/* Bytes of its body that will be sent. */
uint64_t response_bytes(const struct answer *answer, const struct fault *fault);

#endif
