/*
 * Between the parts of mapping*.c; not for others.
 */
#ifndef ZSCTL_MAPPING_PARTS_H
#define ZSCTL_MAPPING_PARTS_H

#include "mapping.h"

/* Results while they grow; the array moves within the arena. */
struct mapping_list {
	struct str *items;
	size_t count, capacity;
};

void mapping_add(struct mapping_work *work, struct mapping_list *list, struct str value);
/* What becomes of one value that is not blank: none, one, or several. */
void mapping_convert(struct mapping_work *work, const struct conversion *conversion,
		     struct str value, struct mapping_list *out);

#endif
