/*
 * What the service says when it refuses, and what that means (reference: zivver-api.md, "Errors
 * seen"): the one place for its words.
 */
#ifndef ZSCTL_ZIVVER_ERRORS_H
#define ZSCTL_ZIVVER_ERRORS_H

#include "provider.h"

/* What the words are about. */
enum zivver_about {
	ZIVVER_ABOUT_NOTHING,
	ZIVVER_ABOUT_ALIAS,   /* an alias that was to be added */
	ZIVVER_ABOUT_ID,      /* an id that the service does not know, or not any more */
	ZIVVER_ABOUT_THE_KEY, /* nothing will be different for another account */
};

struct zivver_refusal {
	enum outcome_class class;
	enum zivver_about about;
	bool alias_taken;  /* ABOUT_ALIAS: by another account, as opposed to a guest */
	struct str text;   /* what the service said, in one line, for people; in the arena */
	struct str advice; /* static */
};

/*
 * Of a complete answer of 4xx. `body` may be anything: a SCIM error, a text, a page of somebody in
 * between. Words that hold `secret`, as the service may repeat what it was sent, are not shown.
 */
struct zivver_refusal zivver_refusal(struct arena *arena, unsigned status, struct str body,
				     struct str secret);

#endif
