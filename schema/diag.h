/*
 * Findings about files that people write: collected, sorted, and shown all at once as
 *
 *     accounts/staff.yaml:12:14: error: 'delegatse' is not known here; did you mean 'delegates'?
 *        12 |     delegatse: [bob@example.org]
 *           |     ^
 */
#ifndef ZSCTL_DIAG_H
#define ZSCTL_DIAG_H

#include "base/err.h"
#include "base/str.h"

struct diag {
	struct str file; /* as the user named it, or joined from what she named */
	unsigned line;   /* 1-based; 0: the file as a whole */
	unsigned column; /* 1-based, in characters; 0: the line as a whole */
	bool warning;
	struct str message;
};

/* A source line that must not be repeated, because a secret stands in it. */
struct diag_hidden {
	struct str file;
	unsigned line;
};

struct diag_hidden_lines {
	struct diag_hidden *items;
	size_t count, capacity;
	bool all; /* too many to list: no source line is shown */
};

struct diags {
	struct arena arena;
	struct diag *items;
	size_t count, capacity;
	size_t errors;  /* those that are not warnings */
	size_t dropped; /* past the bound of 200 findings */
	struct diag_hidden_lines hidden;
};

#define DIAGS_INIT            \
	{                     \
		.items = NULL \
	}

void diag_error(struct diags *diags, struct str file, unsigned line, unsigned column,
		const char *format, ...) __attribute__((format(printf, 5, 6)));
void diag_warning(struct diags *diags, struct str file, unsigned line, unsigned column,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * No finding, earlier or later, shows this line. Lines that look like `password: hunter2` are
 * never shown anyway.
 */
void diag_hide_line(struct diags *diags, struct str file, unsigned line);

/*
 * Writes all findings, ordered by file, line and column, each with its source line (read again
 * from the file, escaped, cut at 160 columns) and a caret, and a last line that counts them.
 */
void diags_format(const struct diags *diags, struct buf *out);
/* For a summary in a line: the error, with its place, when there is just one; else where to see all. */
void diags_summary(const struct diags *diags, struct buf *out);
void diags_release(struct diags *diags);
/* Moves what `from` has found to `into`, within its bound; `from` is empty then. */
void diags_join(struct diags *into, struct diags *from);

#endif
