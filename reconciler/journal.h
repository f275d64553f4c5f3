/*
 * The journal of one run: what was about to happen and what came of it.
 * A file in the state's private folder, one line a fact, each with a checksum; a torn last line is
 * ignored, a broken one before it is an error. It ends with the run's `end` commit.
 *
 * Only what is decided before the first request, and creates, must be on disk before more is sent (a
 * second create would make a second account); everything else can be settled by reading the target.
 */
#ifndef ZSCTL_JOURNAL_H
#define ZSCTL_JOURNAL_H

#include "base/os.h"
#include "result.h"

struct journal {
	int fd;
	char *path;
};
#define JOURNAL_INIT     \
	{                \
		-1, NULL \
	}

/* Opens (and makes, 0600) the journal of run `id` in `dir`. */
int journal_open(struct journal *journal, struct str dir, struct str id, struct err *err);
/* Several facts may be written at once. With `durable` they and all before outlive a power failure
 * when it returns, else the end of this process. */
struct journal_line {
	/* A create is about to be sent; a part of the change has been done and more is to come; the
	 * change is decided. */
	enum { JOURNAL_INTENT, JOURNAL_PART, JOURNAL_OUTCOME } type;
	uint32_t change;             /* index in the plan */
	enum change_outcome outcome; /* JOURNAL_OUTCOME */
	/* PART, OUTCOME of a create: the target's id; OUTCOME of what was left out: why. */
	struct str text;
};
int journal_add(struct journal *journal, const struct journal_line *lines, size_t count,
		bool durable, struct err *err);
/* What an earlier process left. `line` is called in order. */
int journal_read(struct str dir, struct str id,
		 int (*line)(void *context, const struct journal_line *line, struct err *err),
		 void *context, struct err *err);
void journal_close(struct journal *journal);
/* After `end` is committed. */
void journal_remove(struct str dir, struct str id);

#endif
