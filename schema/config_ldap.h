/*
 * What provider ldap has in the configuration besides sections (config_mapping.h): where the directory
 * is, who asks, and which entries are read.
 */
#ifndef ZSCTL_CONFIG_LDAP_H
#define ZSCTL_CONFIG_LDAP_H

#include "config_mapping.h"

/* Either a password or a keytab. */
struct config_ldap_bind {
	struct position position;
	struct str user; /* a DN, DOMAIN\user or user@domain; with a keytab maybe empty */
	struct secret_ref password;
	struct str keytab; /* resolved, ends in NUL; or empty */
};

/* For members_of, members and Full Access. */
struct config_ldap_groups {
	struct texts
		base_dns; /* as written; none: the whole directory where it says its own base */
	struct str filter;
	struct str member; /* the attribute that lists the members */
};

struct config_ldap {
	int preset;        /* config_preset.h has put its lines in; 0: none */
	struct texts urls; /* server_url.h, in the order in which they are tried */
	bool starttls;
	struct str ca_file; /* resolved, ends in NUL; or empty: the system's */
	struct config_ldap_bind bind;
	struct texts base_dns; /* as written; none: as the directory says */
	unsigned page_size;
	int64_t connect_timeout, timeout; /* seconds */
	struct config_ldap_groups groups;
};

/* Attributes that no directory has: what the source finds out itself, for `delegates`. */
#define LDAP_MEMBERS "members"        /* the people in a group, where `read` is groups */
#define LDAP_FULL_ACCESS "fullAccess" /* those of msExchMailboxSecurityDescriptor */

#endif
