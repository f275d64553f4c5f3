/*
 * The source of declared accounts: files of `zsctl_accounts: 1` (declared.h).
 */
#ifndef ZSCTL_SOURCE_YAML_H
#define ZSCTL_SOURCE_YAML_H

#include "provider.h"

/* For source_open() only: opens config.sources[index], whose provider is `yaml`. */
int source_yaml_open(struct source **source, const struct config *config, uint32_t index,
		     struct err *err);

#endif
