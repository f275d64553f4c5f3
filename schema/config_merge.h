/*
 * `extends`: one tree on top of another. Private to config*.c.
 */
#ifndef ZSCTL_CONFIG_MERGE_H
#define ZSCTL_CONFIG_MERGE_H

#include "yaml_tree.h"

/*
 * Puts `over` into `base`: maps merge, `sources` at the top merge by name (new ones come last),
 * everything else is replaced. The key `extends` of `over` is dropped. Nodes keep the file and
 * position they were written at; maps that both have get those of `over`. -1 after a finding.
 */
int config_merge(struct node *base, struct node *over, struct diags *diags);

#endif
