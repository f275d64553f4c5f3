/*
 * The merged tree as text that does not depend on layout, key order or comments:
 * config.canonical. Private to config*.c.
 */
#ifndef ZSCTL_CONFIG_CANONICAL_H
#define ZSCTL_CONFIG_CANONICAL_H

#include "yaml_tree.h"

/*
 * Sorted lines "path = value", in the arena. Lists of texts are one value, since their order
 * counts: "domains.claimed = [example.org, example.com]". Maps in lists are named by their
 * `name`, else by their number from 1, and the list's own line says their order:
 * "sources = [ad, declared]".
 */
struct str config_canonical(struct arena *arena, const struct node *root);

#endif
