/*
 * Mobile numbers as people write them, in E.164 form (reference: active-directory.md, "Phones").
 *
 * Only mobile numbers: a code that is sent to a landline is never read, and locks its owner out.
 */
#ifndef ZSCTL_MOBILE_H
#define ZSCTL_MOBILE_H

#include "base/str.h"

struct mobile_country;

#define MOBILE_TEXT_SIZE 17 /* '+', 15 digits, NUL */

/* By its two capital letters; NULL when there are no rules for it. */
const struct mobile_country *mobile_country(struct str code);
/* "NL, BE, …": which there are. */
void mobile_countries(struct buf *out);

/*
 * Numbers without a country code are taken as `country`'s. False with the reason ("is a landline or
 * another number that is not mobile") in *why, which reads on after the number. Numbers of countries
 * without rules are taken as they are.
 */
bool mobile_normalize(const struct mobile_country *country, struct str text,
		      char out[MOBILE_TEXT_SIZE], const char **why);

#endif
