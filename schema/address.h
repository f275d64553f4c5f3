/*
 * E-mail addresses, domains and patterns of them (design: "Words").
 *
 * The compared form of an address: ASCII letters in lower case, the domain as A-labels (IDNA 2008
 * through libidn2). Plus-tags are part of it. Local parts are taken as RFC 5321 dot-atoms, or UTF-8
 * as in RFC 6531 without case folding; quoted local parts are refused (no mail system in use has them).
 */
#ifndef ZSCTL_ADDRESS_H
#define ZSCTL_ADDRESS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define ADDRESS_MAX 254 /* RFC 5321 §4.5.3.1.3 less the angle brackets */

/*
 * Brings an address into the compared form, in the arena. -1 with the reason in *err ("has no @",
 * "the domain 'ex ample.org' has a blank", …; the address itself is not repeated).
 * Fast path: plain ASCII costs one scan and one copy.
 */
int address_normalize(struct arena *arena, struct str text, struct str *out, struct err *err);
struct str address_domain(struct str address); /* behind the last @ */

/* A domain in compared form: lower case, A-labels, no trailing dot. */
int domain_normalize(struct arena *arena, struct str text, struct str *out, struct err *err);

/* `*` matches any run, `?` one character; ASCII case ignored; linear in practice (no
 * backtracking over more than one star). */
bool pattern_match(struct str pattern, struct str text);
bool pattern_match_any(const struct str *patterns, size_t count, struct str text);

/*
 * A skeleton for "looks like": equal for two addresses that differ only by characters people
 * confuse (0/o, 1/l/i, rn/m, Cyrillic and Greek look-alikes of Latin letters, combining marks).
 */
struct str address_skeleton(struct arena *arena, struct str address);

#endif
