/*
 * Presets of sources: lines that kinds of directories need, put below what is written, so that each of
 * them can be written differently. Private to config*.c.
 */
#ifndef ZSCTL_CONFIG_PRESET_H
#define ZSCTL_CONFIG_PRESET_H

#include "yaml_tree.h"

/*
 * To every source of the merged tree that names a preset. Sections that are not written get none, but
 * for `users` where neither is. Unknown presets are left to the tables. -1 after a finding.
 */
int config_presets(struct arena *arena, struct node *root, struct diags *diags);

/* Markdown: the lines of each. */
void config_presets_reference(struct buf *out);

#endif
