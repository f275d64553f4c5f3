/*
 * Directories (LDAP) as a source: people, and functional accounts from groups or from users, with those
 * who are members or have Full Access as their delegates.
 */
#ifndef ZSCTL_SOURCE_LDAP_H
#define ZSCTL_SOURCE_LDAP_H

#include "provider.h"

/* No other thread may be running: see directory.h. */
int source_ldap_open(struct source **source, const struct config *config, uint32_t index,
		     struct err *err);

#endif
