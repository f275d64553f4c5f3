/*
 * Reading the small canonical YAML files of the record (accounts, sources, policy, results,
 * typed approvals) line by line. The writers know one spelling only, so a reader takes what it
 * expects and in the end writes what it read again: canonical_end() compares. That makes it
 * strict with little code, and fast enough for 1,000,000 files.
 *
 *     struct canonical in = canonical_open(bytes, name, arena);
 *     canonical_take(&in, "address: ", &address);
 *     if (canonical_line(&in, "aliases:"))
 *             while (canonical_maybe(&in, "  - ", &alias))
 *                     …
 *     … write to `again` …
 *     return canonical_end(&in, buf_str(&again), err);
 *
 * A defect is noticed at the first line where it shows and then nothing matches any more, so
 * loops end and callers look at canonical_end() only.
 */
#ifndef ZSCTL_CANONICAL_H
#define ZSCTL_CANONICAL_H

#include "base/err.h"
#include "base/str.h"

struct canonical {
	struct str text, rest;
	const char *name;    /* for messages */
	struct arena *arena; /* texts with escapes are decoded into it; others are views */
	unsigned line;       /* 1-based, of what `rest` starts with */
	bool bad;
	const char *problem; /* a static text, or NULL: the line is not what was expected */
};

struct canonical canonical_open(struct str text, const char *name, struct arena *arena);
/* The scalar behind `prefix`, which the line must start with; bad, and empty, otherwise. */
void canonical_take(struct canonical *in, const char *prefix, struct str *value);
/* The same when the line starts with it; false, and nothing taken, when not. */
bool canonical_maybe(struct canonical *in, const char *prefix, struct str *value);
/* "PREFIXkey: value", both scalars; false when the line does not start with the prefix. */
bool canonical_pair(struct canonical *in, const char *prefix, struct str *key,
		    struct str *value);
/* "PREFIXkey:" alone on its line. */
bool canonical_key(struct canonical *in, const char *prefix, struct str *key);
/* How many of the next lines start with `prefix`: to make room for them. */
size_t canonical_count(const struct canonical *in, const char *prefix);
/* Takes this very line; false when it is another. */
bool canonical_line(struct canonical *in, const char *line);
/* The value just taken is wrong: "is no date". The line is the one before `rest`. */
void canonical_bad(struct canonical *in, const char *problem);
/* `again` is what was read, written again. -1: "NAME:12: …" (ERR_FAILED). */
int canonical_end(const struct canonical *in, struct str again, struct err *err);

#endif
