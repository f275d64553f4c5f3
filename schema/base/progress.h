/*
 * The line that shows how far a long piece of work is, how fast it goes and when it will be over.
 * Pure: the time is passed in, nothing is written. log_progress() draws it.
 *
 *     applying [=====>              ] 2500 of 10000 (25 %), 5.0/s, 25 min left
 */
#ifndef ZSCTL_PROGRESS_H
#define ZSCTL_PROGRESS_H

#include "str.h"

#include <stddef.h>
#include <stdint.h>

/* The rate is that of the last PROGRESS_WINDOW_MS to twice as long: a service that lets the first
 * requests through at once is soon forgotten. */
enum { PROGRESS_WINDOW_MS = 15000, PROGRESS_SURE_MS = 2000 };

struct progress_mark {
	uint64_t at; /* ms */
	size_t done;
};

struct progress {
	struct str what; /* of the work the marks belong to */
	struct progress_mark from, middle;
};

/*
 * Appends the line for `done` of `total` (0: unknown) at `now` (ms of a clock that never goes back).
 * Another `what`, or less done than before, begins anew; `what` must stay valid. Rate and time left
 * come after PROGRESS_SURE_MS.
 */
void progress_line(struct progress *progress, struct str what, size_t done, size_t total,
		   uint64_t now, struct buf *out);

#endif
