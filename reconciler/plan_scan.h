/*
 * Reads canonical plan files line by line. A plan has one spelling, so this is no YAML parser: it
 * takes exactly what plan_write.c writes, in one pass and without a tree (a million entries would
 * need a gigabyte of nodes). What it takes by mistake, comparing the bytes afterwards finds.
 *
 * The first failure sticks: from then on nothing matches, every value is empty and every loop over
 * lines ends, so callers look at `failed` once.
 */
#ifndef ZSCTL_PLAN_SCAN_H
#define ZSCTL_PLAN_SCAN_H

#include "base/err.h"
#include "base/str.h"

struct scan {
	struct arena *arena; /* where text goes */
	struct str rest;     /* the lines behind the current one */
	struct str line;     /* what is left of the current one */
	size_t number;       /* of the current line, from 1 */
	bool failed;
	char message[512]; /* "line 12: 'id:' is expected" */
};

/* Starts at the first line. */
void scan_init(struct scan *scan, struct str bytes, struct arena *arena);
void scan_fail(struct scan *scan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Steps over `text` when the line goes on with it. */
bool scan_has(struct scan *scan, const char *text);
/* The same, and a failure when it does not. */
void scan_need(struct scan *scan, const char *text);
/* The line must be used up; goes to the next one. */
void scan_end(struct scan *scan);
/* Skips the rest of the line. */
void scan_skip(struct scan *scan);

/* A scalar up to the end of the line, and on to the next line. */
struct str scan_text(struct scan *scan);
/* A key and the ": " behind it. */
struct str scan_key(struct scan *scan);
/* A scalar within {} or [], up to what ends it there. */
struct str scan_flow(struct scan *scan);
uint64_t scan_number(struct scan *scan);

#endif
