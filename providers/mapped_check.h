/*
 * `check` of the sources that share mapped.h: reads all of it, and says what does not look as it should:
 * attributes that nobody has, sections without entries, entries that cannot become accounts.
 */
#ifndef ZSCTL_MAPPED_CHECK_H
#define ZSCTL_MAPPED_CHECK_H

#include "mapped.h"

/* What is the source's own about it. */
struct mapped_check {
	const char *named; /* how its attributes are called: "the attribute", "a value in" */
	const char *cure;  /* for those that nobody has: "check its name" */
	/* An attribute that the source finds out itself: it may well be nobody's. NULL: none. */
	bool (*is_own)(const struct config_section *section, struct str attribute);
	/* Of a section without entries: what is wrong, as the rest of a line. False: it is no failure. */
	bool (*explain_nothing)(const struct config_source *config, enum account_kind kind,
				struct buf *out);
	/* Before the line "ok"; may be NULL. */
	void (*remark)(const struct config_source *config, struct buf *out);
};

/* As source_ops.check. */
int mapped_check(struct source *source, const struct mapped_check *check, struct buf *out,
		 struct err *err);

#endif
