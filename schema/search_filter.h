/*
 * LDAP filters (RFC 4515) as people write them into the configuration: whether a server could
 * understand one.
 */
#ifndef ZSCTL_SEARCH_FILTER_H
#define ZSCTL_SEARCH_FILTER_H

#include "base/err.h"
#include "base/str.h"

#define SEARCH_FILTER_MAX 8192 /* bytes */
#define SEARCH_FILTER_DEPTH_MAX 32

/* -1 with the reason, and where in `text` it begins, in bytes. */
int search_filter_check(struct str text, size_t *at, struct err *err);

#endif
