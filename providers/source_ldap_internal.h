/*
 * Between the files of the LDAP source: source_ldap.c (the source, and its course), source_ldap_base.c
 * (connection and bases), source_ldap_groups.c (groups, rules with members_of), source_ldap_section.c
 * (entries of one section), source_ldap_check.c.
 */
#ifndef ZSCTL_SOURCE_LDAP_INTERNAL_H
#define ZSCTL_SOURCE_LDAP_INTERNAL_H

#include "directory.h"
#include "mapped.h"
#include "membership.h"
#include "source_ldap.h"

/* A rule with members_of, resolved. */
struct ldap_rule {
	const struct config_rule *rule;
	uint32_t *groups; /* as it names them; those of `nested` too */
	size_t group_count;
	unsigned char *members; /* a bit for each number of a name below `known` */
	uint32_t known;
};

struct ldap_rules {
	struct ldap_rule *items;
	size_t count, capacity;
};

/* One reading of a source. */
struct ldap_reading {
	const struct config_source *source;
	const struct source_input *input;
	const struct source_scan *scan;
	struct diags *diags;
	struct directory *directory;
	struct arena arena;
	struct str naming_context; /* what the directory says is all of it; or empty */
	struct membership *groups; /* NULL: nobody asks */
	struct ldap_rules rules;
	struct sym_pool claimed;              /* names of users that are functional accounts */
	uint64_t delegations;                 /* of functional accounts so far */
	uint64_t entries_before, entries_now; /* of searches that are over, and of this one */
	struct str elsewhere; /* where a part is that another server has; or empty */
};

/* --- source_ldap_base.c ------------------------------------------------------------------------- */

/* Loads the password, connects, asks the directory for its base. */
int ldap_reading_connect(struct ldap_reading *reading, struct err *err);
/* `own`, else `common`, else all of the directory. -1: it does not say. */
int ldap_bases(struct ldap_reading *reading, const struct texts *own,
	       const struct texts *common, struct texts *out, struct err *err);
/* The same query below each base, with progress. */
int ldap_search(struct ldap_reading *reading, const struct texts *bases,
		struct directory_query *query, struct err *err);

/* --- source_ldap_groups.c ----------------------------------------------------------------------- */

/* Whether it can only be read when groups are known. */
bool ldap_section_needs_groups(const struct config_section *section);
/* Whether one of its rules names groups. */
bool ldap_section_has_group_rules(const struct config_section *section);
/* All groups, and what the rules name. */
int ldap_read_groups(struct ldap_reading *reading, struct err *err);
void ldap_rules_release(struct ldap_rules *rules);
/* Whether the entry with this name and primary group (or MEMBERSHIP_NOBODY) is a member by that rule. */
bool ldap_is_member(const struct ldap_reading *reading, const struct config_rule *rule,
		    uint32_t number, uint32_t primary);

/* --- source_ldap_section.c ------------------------------------------------------------------------ */

/* Whether users that are its functional accounts are none of its users. */
bool ldap_claims_users(const struct config_source *source);
/* Every entry of a section to reading->scan. Users come first. */
int ldap_read_section(struct ldap_reading *reading, enum account_kind kind, struct err *err);

/* --- source_ldap_check.c -------------------------------------------------------------------------- */

int source_ldap_check(struct source *source, struct buf *out, struct err *err);

#endif
