/*
 * Where a directory is: ldaps://host, ldap://host, with a port or without. Nothing else may stand in it:
 * RFC 4516's bases, attributes and filters have settings of their own.
 */
#ifndef ZSCTL_SERVER_URL_H
#define ZSCTL_SERVER_URL_H

#include "base/err.h"
#include "base/str.h"

struct server_url {
	struct str host; /* a view, without the brackets of an IPv6 address */
	uint16_t port;
	bool ldaps;
	bool loopback; /* 127.0.0.0/8, ::1, localhost */
};

/* -1 with the reason, which does not repeat the text. */
int server_url_parse(struct str text, struct server_url *out, struct err *err);

/* Whether passwords and people may go there: encrypted, or not beyond this host. -1 with the reason. */
int server_url_check(const struct server_url *url, bool starttls, struct err *err);

#endif
