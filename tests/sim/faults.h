/*
 * Faults, and the script that says when they strike: one JSON object a line, or one array of
 * them. Each says what goes wrong, in which requests, and how often.
 *
 * In which: "method", "path" ('*' is any text; a pattern with '?' sees the query too; below
 * "/api") and "contains" (in the body) say which requests count. Of these, "request" is the
 * number of the first that is struck, "every" the distance to the next one, "times" a number or
 * "always". Without any of them it is the first one; with "every" alone each N-th, always.
 *
 *     {"fault": "reset", "when": "after", "method": "PUT", "path": "/scim/v2/U*", "request": 3}
 *     {"fault": "status", "status": 503, "retry_after": 1, "every": 7}
 *
 * What: "when" is "before" (the default) or "after" the request took effect.
 *
 *     delay     "ms": before or after; others are served meanwhile, and it takes effect even when
 *               its client does not wait so long
 *     status    "status", "retry_after" (seconds), "body": 429 with the service's own body
 *     reset     the connection is reset (RST), nothing is answered
 *     truncate  of the answer's body only "bytes" (default: half), then the connection is closed;
 *               "framed": true: its length is announced as what is sent, so only JSON ends
 *               early. Of an answer without a body nothing can be cut
 *     drip      "bytes" (default 1) of the body every "ms" (default 100)
 *     garbage   200 and "body", which is no JSON unless given
 *     huge      200 and an endless string of "bytes"; "chunked": true: of unknown length
 *     redirect  "status" (default 302), "location" (default: /api/elsewhere here)
 *     list      lists are wrong: "total" (added), "missing" (left out), "duplicate": true
 *     edit      "edits": [what service_portal() takes, …]: a person is faster, or comes next. One
 *               that cannot be done ends the simulator, unless "maybe": true
 *
 * Truncate, drip and list are of answers, so always after. A request suffers at most one fault of
 * each of: delay before, delay after, edit before, edit after, list, the others; one that finds
 * its place taken waits for the next request that counts.
 *
 *     {"random": {"seed": 7, "probability": 0.05, "kinds": [{"fault": "reset"}, …]}}
 *
 * strikes so many of all requests with one of the kinds; which ones depends on the seed and the
 * number of the request only. The kinds may say which requests and how often ("times").
 */
#ifndef ZIVVER_SIM_FAULTS_H
#define ZIVVER_SIM_FAULTS_H

#include "base/err.h"
#include "base/str.h"
#include "render.h"

enum fault_kind {
	FAULT_DELAY,
	FAULT_STATUS,
	FAULT_RESET,
	FAULT_TRUNCATE,
	FAULT_DRIP,
	FAULT_GARBAGE,
	FAULT_HUGE,
	FAULT_REDIRECT,
	FAULT_LIST,
	FAULT_EDIT
};
extern const char *const fault_names[];

#define FAULT_UNSET UINT64_MAX        /* of numbers that were not given */
#define FAULT_ALWAYS (UINT64_MAX - 1) /* of "times" */

struct fault {
	struct fault *next;
	enum fault_kind kind;
	bool after;

	struct str method, path, contains; /* ptr NULL: any */
	uint64_t request, every, times;
	uint64_t seed;
	double from, to;       /* the part of [0, 1) in which a draw strikes */
	uint64_t seen, struck; /* requests that counted */

	uint64_t ms, status, retry_after, bytes;
	struct str body, location; /* ptr NULL: the default */
	bool framed, chunked, maybe;
	struct list_faults list;
	uint64_t missing;
	struct str *edits;
	size_t edit_count;
};

struct faults {
	struct fault *first;
	struct arena arena; /* of all scripts so far: requests under way may still look */
};

/* Replaces the script, which stays as it was when the text is wrong. Errors name the entry. */
int faults_parse(struct faults *faults, struct str text, struct err *err);
void faults_release(struct faults *faults);

struct fault_request {
	uint64_t number;
	struct str method;
	struct str path, target; /* the latter with its query */
	struct str body;
};
enum { BEFORE, AFTER, MOMENT_COUNT };
/* What strikes one request; NULL where nothing does. */
struct strikes {
	const struct fault *delay[MOMENT_COUNT], *edit[MOMENT_COUNT];
	const struct fault *list;
	const struct fault *answer; /* all other kinds */
};
/* Counts the request. */
struct strikes faults_strike(struct faults *faults, const struct fault_request *request);

#endif
