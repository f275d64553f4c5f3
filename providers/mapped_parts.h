/*
 * Between the parts of mapped*.c; not for others.
 */
#ifndef ZSCTL_MAPPED_PARTS_H
#define ZSCTL_MAPPED_PARTS_H

#include "mapped.h"

#define MAPPED_WARNINGS_MAX 20
#define MAPPED_NAME "dn:" /* begins the symbols of entries' own names */

/* "WHAT 'VALUE' PROBLEM (people.csv:12)"; the first reason stays. The value may be empty. */
void mapped_hold(struct mapped *m, const struct mapped_entry *from, struct entry *entry,
		 const char *what, struct str value, const char *problem);
/* "people.csv:12: mobile '020…' is no mobile number: left out"; the value may be empty. */
void mapped_warn(struct mapped *m, const struct mapped_entry *from, const char *what,
		 struct str value, const char *problem);
/* What conversions could make nothing of: a warning each, and done with. */
void mapped_warn_notes(struct mapped *m, const struct mapped_entry *from, enum map_key key);
/* The same where it is not as good as nothing, since that would give or take access: the entry is held. */
void mapped_hold_notes(struct mapped *m, const struct mapped_entry *from, struct entry *entry,
		       enum map_key key);
/* Keeps the reason why an account of that address is not listed. */
void mapped_leave_out(struct mapped *m, const struct mapped_entry *from,
		      const struct config_rule *rule);
/* As people see it, tidied. NULL when there is none, or the entry is held for it. */
const struct sym *mapped_text(struct mapped *m, const struct mapped_entry *from,
			      struct entry *entry, const char *what, struct str value);
void mapped_take_unit(struct mapped *m, const struct mapped_entry *from, struct entry *entry);
/* Everything but what it is and where it stands. */
void mapped_take(struct mapped *m, const struct mapped_entry *from, struct entry *entry);

#endif
