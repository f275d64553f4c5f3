/*
 * Accounts as a table, JSON, CSV or YAML: what list, export and drift print.
 */
#ifndef ZSCTL_LISTING_H
#define ZSCTL_LISTING_H

#include "account.h"
#include "base/err.h"

enum listing_format { LISTING_TABLE, LISTING_JSON, LISTING_CSV, LISTING_YAML };
bool listing_format_parse(const char *text, enum listing_format *out);

/* `accounts` in the order given. CSV cells that a spreadsheet would take for a formula get an
 * apostrophe in front. YAML is a file of declared accounts. */
void listing_write(const struct accounts *accounts, enum listing_format format,
		   struct buf *out);

#endif
