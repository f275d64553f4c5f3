/*
 * Tables as text (csv.h) as a source: each row an entry, each column an attribute.
 */
#ifndef ZSCTL_SOURCE_CSV_H
#define ZSCTL_SOURCE_CSV_H

#include "provider.h"

/* See provider.h for what the source does. */
int source_csv_open(struct source **source, const struct config *config, uint32_t index,
		    struct err *err);

#endif
