/*
 * Distinguished names (RFC 4514), compared as directories do: types and values without regard to
 * case, runs of blanks as one, escapes for what they stand for.
 */
#ifndef ZSCTL_DN_H
#define ZSCTL_DN_H

#include "base/err.h"
#include "base/str.h"

#define DN_MAX 8192 /* bytes as written */

/*
 * A spelling that is equal for equal names, in the arena: types in small letters (the well-known ones
 * by their short names, not as numbers), values folded, what RFC 4514 escapes as two hex digits, the
 * parts of a multi-valued RDN sorted. So in it a ',' only separates RDNs. The empty name is allowed. -1
 * with the reason, and where in `text`, in bytes.
 */
int dn_normalize(struct arena *arena, struct str text, struct str *out, size_t *at,
		 struct err *err);

/* Whether a normalised name is `base` or lies below it. Everything lies below the empty name. */
bool dn_under(struct str dn, struct str base);

/* The value of the first RDN as people read it, case kept: "Doe, Jane" of CN=Doe\, Jane,OU=Staff. False
 * when `text` is no distinguished name, or the value is no text ('#' and hex digits). */
bool dn_first_value(struct arena *arena, struct str text, struct str *out);

#endif
