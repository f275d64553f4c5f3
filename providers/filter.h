/*
 * Include and exclude rules: which entries of a source are accounts.
 *
 * An entry is in when an include rule holds (or there is none) and no exclude rule does. Letters count
 * in either case. Whether it is a member of groups only its source knows: that one says so.
 */
#ifndef ZSCTL_FILTER_H
#define ZSCTL_FILTER_H

#include "config_mapping.h"
#include "mapping.h"

struct filter_entry {
	const struct values *values; /* by slot */
	/* Whether it is a member of one of the groups of a RULE_MEMBERS_OF; NULL: the source has no
	 * groups, and its rules none of these. */
	bool (*member_of)(void *context, const struct config_rule *rule);
	void *context;
};

/* Which rule decided, for those who ask why. */
struct filter_verdict {
	bool in;
	const struct config_rule *rule; /* NULL: no include rule holds, or there is no rule */
	struct str text;                /* of the rule: which one of its texts held */
};

/* `arena` is for scratch. */
struct filter_verdict filter_judge(const struct config_section *section,
				   const struct filter_entry *entry, struct arena *arena);

/* "department is one of 'care', …": for people. */
void filter_describe(const struct config_rule *rule, struct buf *out);

#endif
