/*
 * Who is a member of what: the groups of a directory and the people in them, by their distinguished
 * names, directly or through other groups, whatever circles these make.
 *
 *     for each group:  membership_group(m, dn, sid) and membership_member(m, dn) for its members
 *     for each person: membership_person(m, dn, sid, primary_group)
 *     membership_walk(m, roots, count, nested); membership_people(m, &count) …
 *
 * Names are kept normalised (dn.h), each once, and numbered; numbers are small.
 */
#ifndef ZSCTL_MEMBERSHIP_H
#define ZSCTL_MEMBERSHIP_H

#include "base/str.h"

struct membership;

#define MEMBERSHIP_NOBODY UINT32_MAX

struct membership *membership_new(void);
void membership_free(struct membership *membership); /* NULL is fine */

/* The name's number, new or not; MEMBERSHIP_NOBODY when it is no distinguished name. */
uint32_t membership_number(struct membership *membership, struct str dn);
/* The same for a name that is normalised already. */
uint32_t membership_normal(struct membership *membership, struct str dn);
/* The normalised name; ends in NUL. */
struct str membership_text(const struct membership *membership, uint32_t number);

/* How many names there are: their numbers are below. */
uint32_t membership_count(const struct membership *membership);

/* A group; the members that follow are its own. Its SID may be empty. */
void membership_group(struct membership *membership, uint32_t group, struct str sid);
void membership_member(struct membership *membership, uint32_t member);
bool membership_is_group(const struct membership *membership, uint32_t number);

/*
 * A person that others may be delegated to. `primary` is primaryGroupID, 0 for none: that group has no
 * list where this person stands. All groups are known before.
 */
void membership_person(struct membership *membership, uint32_t person, struct str sid,
		       uint32_t primary);
/* The group with the number `primary` in the domain of that SID, or MEMBERSHIP_NOBODY. */
uint32_t membership_primary(const struct membership *membership, struct str sid,
			    uint32_t primary);

/* Whose SID it is: a person's or a group's; MEMBERSHIP_NOBODY. */
uint32_t membership_by_sid(const struct membership *membership, struct str sid);

/*
 * Goes from `roots` to all their members; `nested`: to those of groups among them, too. Roots that are no
 * groups are found themselves, groups only where they are members. What was found stays until the next
 * walk.
 */
void membership_walk(struct membership *membership, const uint32_t *roots, size_t count,
		     bool nested);
/* The people that were found, each once, in no order. */
const uint32_t *membership_people(const struct membership *membership, size_t *count);
/* Whether this name, a group's or anybody's, was found. */
bool membership_found(const struct membership *membership, uint32_t number);
/* How many names were found that are neither people nor groups, and one of them. */
size_t membership_strangers(const struct membership *membership, uint32_t *example);

#endif
