/*
 * Between the parts of source_view; not for others.
 */
#ifndef ZSCTL_SOURCE_VIEW_INTERNAL_H
#define ZSCTL_SOURCE_VIEW_INTERNAL_H

#include "base/json.h"
#include "mapped.h"
#include "source_view.h"

#define VIEW_HIDDEN "(not shown: account keys are made of it)"

/* What is printed, and when there is enough of it. */
struct view {
	const struct config_source *config;
	struct buf out;
	struct json_writer json;
	bool as_json;
};
int view_flush(struct view *view, size_t least, struct err *err);
#define VIEW_FLUSH_AT ((size_t)64 * 1024)

/* Whether account keys are made of it. */
bool view_hides(const struct config_source *config, struct str attribute);
char *view_base64(struct str bytes); /* free it */
void view_add_entry(struct view *view, const struct raw_entry *raw);
/* source_ops.scan, or an error where the source has none. */
int view_scan(struct source *source, const struct source_input *input,
	      const struct source_scan *scan, struct diags *diags, struct err *err);

#endif
