/*
 * A source seen from within: what its entries have before they are mapped, and why each of them is an
 * account or is not. For `zsctl list source NAME`.
 *
 * Attributes that account keys are made of are never shown.
 */
#ifndef ZSCTL_SOURCE_VIEW_H
#define ZSCTL_SOURCE_VIEW_H

#include "provider.h"

/* All three print as they go; -1 when the source cannot be read, or nobody takes the output. Of a source
 * without scan() nothing can be seen: an error that says so. */

/* Every entry with what the mapping needs of it. Binary values as base64. */
int source_view_raw(struct source *source, const struct source_input *input, bool json,
		    struct diags *diags, struct err *err);
/* Every attribute there is: how many entries have it, what it is used for, examples. */
int source_view_attributes(struct source *source, const struct source_input *input, bool json,
			   struct diags *diags, struct err *err);
/* The entries that have this address (normalised) now or among their attributes: what they have, which
 * rule let them in or kept them out, and what they become. */
int source_view_explain(struct source *source, const struct source_input *input,
			struct str address, struct diags *diags, struct err *err);

#endif
