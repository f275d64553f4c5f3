/*
 * The only user of libldap (and, under it, of GnuTLS and Kerberos): a connection to one directory (LDAP v3) that only reads, and that gives
 * either everything that was asked for or the reason why not.
 *
 *     struct directory *directory;
 *     directory_open(&directory, &settings, err);      checks the settings, no connection yet
 *     directory_connect(directory, err);               a server, TLS, credentials
 *     directory_search(directory, &query, err);        as often as needed
 *     directory_free(directory);
 *
 * Not called ldap.h, and no function ldap_…: those names are libldap's own.
 *
 * Kept always:
 * - ldaps, or ldap with StartTLS; TLS 1.2 or newer, certificate and name verified. Plain ldap only to
 *   127.0.0.0/8, ::1 and localhost.
 * - What this host's ldap.conf, ldaprc and LDAP… variables say does not count.
 * - Referrals are never followed, with or without credentials.
 * - One request under way at a time. Each wait has an end.
 * - Passwords are wiped from this process's memory, libldap's copies included, once the server has
 *   been sent them.
 *
 * directory_begin(), or else the first directory_open(), changes the environment of the process for a
 * moment (LDAPNOINIT): no other thread may be running then. Later each directory belongs to one thread.
 *
 * Facts about Active Directory: Microsoft's [MS-ADTS] and the limits of its LDAP policies.
 */
#ifndef ZSCTL_DIRECTORY_H
#define ZSCTL_DIRECTORY_H

#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "mapping.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct directory;

/* --- the connection ----------------------------------------------------------------------- */

enum directory_bind {
	DIRECTORY_ANONYMOUS,
	DIRECTORY_SIMPLE, /* a DN, DOMAIN\user or user@domain, and a password */
	DIRECTORY_GSSAPI, /* Kerberos, with a keytab */
};

enum {
	DIRECTORY_URLS_MOST = 16,
	DIRECTORY_CONNECT_MS = 10000,
	/* Active Directory gives a search up after 120 s, and then says so itself. */
	DIRECTORY_ANSWER_MS = 150000,
};

/* Zero means the default in every member but `urls`. */
struct directory_settings {
	const struct str *urls; /* "ldaps://dc1.corp.example.org[:636]", tried in order */
	size_t url_count;
	/* PEM file of the certificates that are trusted, in place of the system's; NULL: those. */
	const char *ca_file;
	bool starttls; /* for all urls, which must be ldap:// then */
	enum directory_bind bind;
	struct str user; /* DIRECTORY_GSSAPI: the principal, or empty: the keytab's first */
	const struct secret *password;
	const char *keytab; /* a file that others cannot read */
	unsigned
		connect_ms; /* name aside, one address of one url: connection, TLS, each step of a
			      * bind */
	unsigned answer_ms; /* until the next message of an answer */
};

/* Again and again is fine. */
void directory_begin(void);

/*
 * Errors (ERR_FAILED): a url that is none, or plain ldap to another host; StartTLS over ldaps; a
 * ca_file or keytab that cannot be read; no user or password where one is needed (an empty password
 * would be an anonymous bind that succeeds). Everything is copied, the password too.
 */
int directory_open(struct directory **directory, const struct directory_settings *settings,
		   struct err *err);
/* Closes the connection. NULL is fine. */
void directory_free(struct directory *directory);

/* Every wait ends when `fd` is readable (os_signal_fd()), with DIRECTORY_STOPPED. -1: none. */
void directory_watch(struct directory *directory, int fd);

/*
 * Connects and binds, after closing what was open. The next url's turn comes when a server cannot be
 * reached, trusted or used (busy, shutting down), not when it refuses the credentials: that would
 * lock accounts. On failure the message tells of every url that was tried.
 */
int directory_connect(struct directory *directory, struct err *err);

/* The url that is, or was last, connected; the first one before. Valid as long as the directory. */
struct str directory_url(const struct directory *directory);

/* Where and why the last directory_connect() or directory_search() failed, in the order in which one
 * gets there: all steps before were fine. */
enum directory_failure {
	DIRECTORY_FINE,
	DIRECTORY_STOPPED, /* the watched descriptor */
	DIRECTORY_NAME,    /* the host's name cannot be resolved */
	DIRECTORY_REACH,   /* refused, no route, or no answer (blocked) */
	DIRECTORY_TLS,     /* the handshake, or no TLS there */
	DIRECTORY_CERTIFICATE, /* expired, not yet valid, of another host, of an unknown authority */
	DIRECTORY_CREDENTIALS, /* refused, or none that can be used */
	DIRECTORY_UNAVAILABLE, /* the server says it is busy or shutting down */
	DIRECTORY_TIMEOUT,     /* no next message in time */
	DIRECTORY_BROKEN,     /* reset, cut off, or no LDAP (a message beyond our bound, too) */
	DIRECTORY_TOO_LARGE,  /* an attribute or an answer beyond our bounds */
	DIRECTORY_FILTER,     /* malformed */
	DIRECTORY_BASE,       /* there is no such entry, or it is no DN */
	DIRECTORY_RIGHTS,     /* the user may not read it */
	DIRECTORY_REFERRAL,   /* another server has it */
	DIRECTORY_SIZE_LIMIT, /* the server gave only so many entries */
	DIRECTORY_TIME_LIMIT, /* the server gave it up after so long */
	DIRECTORY_ADMIN_LIMIT, /* the server finds it too costly */
	DIRECTORY_PAGING,      /* no pages there, a cookie refused, or pages that are wrong */
	DIRECTORY_CHANGED,     /* an entry changed while its values were being read */
	DIRECTORY_SINK,        /* the caller's callback refused */
	DIRECTORY_REFUSED,     /* any other result but success */
};
extern const char *const directory_failure_names[22]; /* "fine" … for tests and logs */
enum directory_failure directory_failure(const struct directory *directory);

/* --- searches ------------------------------------------------------------------------------- */

enum directory_scope { DIRECTORY_SCOPE_BASE, DIRECTORY_SCOPE_ONE, DIRECTORY_SCOPE_SUBTREE };

enum {
	DIRECTORY_PAGE_MOST = 100000,
	DIRECTORY_ATTRIBUTES_MOST = 1024,
	DIRECTORY_FILTER_MOST = 64 << 10,
	DIRECTORY_FILTER_DEPTH_MOST = 64,
	DIRECTORY_MESSAGE_MOST = 256 << 20,
	DIRECTORY_VALUES_MOST = 10000000, /* of one attribute in ranges */
	DIRECTORY_WAITING_MOST =
		512 << 20, /* bytes of a page's entries whose values come in ranges */
	DIRECTORY_ENTRIES_MOST = 10000000,
};

/*
 * `values` by the place of the attribute in the query; its values sorted by their bytes, each once:
 * a directory promises no order, and two of its servers differ in it. Valid during the callback.
 */
struct directory_entry {
	struct str dn; /* as the server writes it */
	/* As in the query; where that names none or wants all, as the server writes them, in its
	 * order. */
	const struct str *names;
	const struct values *values;
	size_t count;
};

struct directory_query {
	struct str base; /* a DN; empty: the root DSE with DIRECTORY_SCOPE_BASE */
	enum directory_scope scope;
	struct str filter; /* RFC 4515; empty: every entry */
	/*
	 * Case does not matter. The server's own spelling, not another name of the same attribute:
	 * what comes under another name is not seen. None: all that it gives unasked; "1.1": none.
	 * Long lists of values that come in ranges (member;range=0-1499) are completed.
	 */
	const struct str *attributes;
	size_t attribute_count;
	/* Besides those that are named, all that the entry has, operational ones too; its names are then
	 * as where none is named. */
	bool all;
	/* Entries a page, 1 to DIRECTORY_PAGE_MOST. 0: no pages, for single entries; a server then
	 * gives no more than its limit, which is an error. */
	unsigned page;
	uint64_t entries_most; /* 0: DIRECTORY_ENTRIES_MOST; more are DIRECTORY_TOO_LARGE */
	/*
	 * Each entry once; order is the server's. Nothing that it gave counts unless the search
	 * returned 0. -1 with *err set ends the search with DIRECTORY_SINK and that text. May not
	 * call this directory.
	 */
	int (*entry)(void *context, const struct directory_entry *entry, struct err *err);
	/* Now and then, and at the end of each page; may be NULL. */
	void (*progress)(void *context, uint64_t entries);
	/* Below the base another server has more ("ldap://child.corp.example.org/DC=child…"): it is
	 * not read, and that is no error: Active Directory says so of parts without people. May be
	 * NULL. */
	void (*reference)(void *context, struct str url);
	void *context;
};

/*
 * Returns 0 only after complete success: every page, every range, and the server said so. Else -1,
 * the message begins with the url. ERR_UNREACHABLE: connection lost, time over, server unavailable.
 * The connection stays usable when it was the server that refused (DIRECTORY_FILTER and those after
 * it but PAGING, CHANGED and SINK); otherwise connect again.
 */
int directory_search(struct directory *directory, const struct directory_query *query,
		     struct err *err);

#endif
