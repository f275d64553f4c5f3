/*
 * Between the files of the directory client: directory.c (the client, its urls in turn),
 * directory_url.c (urls and sockets), directory_stream.c (bytes, plain or in TLS), directory_tls.c
 * (the handshake, and what is wrong with a certificate), directory_bind.c and directory_gssapi.c
 * (credentials), directory_answer.c (waiting, results in words), directory_search.c (pages),
 * directory_entry.c (entries), directory_range.c (values in ranges).
 *
 * libldap encodes, decodes and matches answers to requests; connections and TLS are not left to it:
 * its handshake cannot be interrupted, does not say what is wrong with a certificate, and accepts one
 * for this host's own name in place of localhost.
 */
#ifndef ZSCTL_DIRECTORY_INTERNAL_H
#define ZSCTL_DIRECTORY_INTERNAL_H

#include "directory.h"

#include "base/arena.h"
#include "base/os.h"

#include <gnutls/gnutls.h>
#include <ldap.h>

#define DIRECTORY_SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

struct directory_place {
	char *text; /* the url as given; owned, as the others */
	char *host; /* without the brackets of IPv6 */
	uint16_t port;
	bool ldaps;
};

/* The connection's bytes. What failed first, for words about it. */
struct directory_stream {
	int fd;               /* -1: none, or closed by libldap */
	gnutls_session_t tls; /* NULL: plain */
	char *buffer;         /* read ahead, as libldap gets it */
	size_t used, filled;
	char *raw; /* the same as it came, for TLS: records are small, and there are many */
	size_t raw_used, raw_filled;
	bool stopped, late, closing;
	int failed;     /* errno */
	int tls_failed; /* GnuTLS's */
	unsigned messages;
};

struct directory {
	struct directory_place *places;
	size_t place_count, place;                /* which one is, or was last, connected */
	char *ca_file;                            /* the system's where none is given */
	gnutls_certificate_credentials_t trusted; /* what is in it; NULL: no TLS */
	bool starttls;
	enum directory_bind bind;
	char *user, *keytab; /* "" for none */
	struct secret password;
	unsigned connect_ms, answer_ms;
	int watched;
	bool connecting; /* waits are connect_ms */
	LDAP *ld;        /* NULL: not connected */
	struct directory_stream stream;
	enum directory_failure failure;
};

/* Sets failure, class and message; returns -1. */
int directory_fail(struct directory *directory, enum directory_failure failure, struct err *err,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Drops the connection: nothing more is sent on it. */
void directory_close(struct directory *directory);
/* A copy that ends in NUL; free it. */
char *directory_copy(struct str text);

/* --- directory_url.c ------------------------------------------------------------------------ */

int directory_place_parse(struct directory_place *place, struct str url, bool starttls,
			  struct err *err);
void directory_place_release(struct directory_place *place);
/* Waits for one of `events`. False when `until` (os_monotonic_ms) or the watched descriptor came
 * first; *stopped tells. */
bool directory_poll(const struct directory *directory, int fd, short events, uint64_t until,
		    bool *stopped);
/* A connected socket that does not block, or -1. */
int directory_reach(struct directory *directory, const struct directory_place *place,
		    struct err *err);

/* --- directory_stream.c --------------------------------------------------------------------- */

/* libldap over a connected socket, which is taken in any case. */
int directory_stream_open(struct directory *directory, int fd, struct err *err);
/* Nothing is waiting to be read. */
bool directory_stream_is_empty(const struct directory *directory);
/* For gnutls_transport_set_pull_function(); the pointer is the stream. */
ssize_t directory_stream_pull(void *stream, void *out, size_t size);
void directory_stream_close(struct directory *directory);

/* --- directory_tls.c ------------------------------------------------------------------------ */

int directory_trust(struct directory *directory, struct err *err);
/* On the connection that is there. */
int directory_start_tls(struct directory *directory, struct err *err);
/* RFC 5929 §4: hash of the server's certificate, with its prefix; appended. Nothing without TLS. */
void directory_tls_binding(const struct directory *directory, struct buf *out);

/* --- directory_bind.c, directory_gssapi.c ----------------------------------------------------- */

int directory_authenticate(struct directory *directory, struct err *err);
int directory_authenticate_gssapi(struct directory *directory, struct err *err);
/* The server's last word on a bind. */
struct directory_answer;
int directory_bind_result(struct directory *directory, const struct directory_answer *answer,
			  struct err *err);

/* --- directory_answer.c ----------------------------------------------------------------------- */

struct directory_answer {
	int code;           /* LDAP's */
	char text[512];     /* the server's diagnostic message, cut; often empty */
	char referral[256]; /* the first one, or empty */
};

/* The next message of request `id`, free it with ldap_msgfree(). -1: the connection is closed. */
int directory_wait(struct directory *directory, int id, LDAPMessage **message, struct err *err);
/* What the last message of a request says. Frees it. `controls` may be NULL. */
int directory_answer(struct directory *directory, LDAPMessage *message,
		     struct directory_answer *answer, LDAPControl ***controls, struct err *err);
/* The one answer to request `id`, which was sent with the result `code`. */
int directory_single_answer(struct directory *directory, int code, int id,
			    struct directory_answer *answer, struct err *err);
/* A request could not be sent: closes the connection. */
int directory_unsent(struct directory *directory, int code, struct err *err);
/* A message that no server of LDAP sends here: closes the connection. */
int directory_garbled(struct directory *directory, const char *what, struct err *err);
/* Any code that is no success, in words. */
int directory_refused(struct directory *directory, const struct directory_answer *answer,
		      struct err *err);
/* ` (the server says: "…")`, or nothing. */
void directory_quote(struct buf *out, const struct directory_answer *answer);

/* --- directory_search.c ------------------------------------------------------------------------ */

struct directory_texts {
	struct str *items;
	size_t count, capacity;
};

/* Values of one attribute: a run of reading->values. */
struct directory_span {
	size_t first, count;
	bool ranged; /* this is not all of them */
};

struct directory_spans {
	struct directory_span *items;
	size_t count, capacity;
};

struct directory_messages {
	LDAPMessage **items;
	size_t count, capacity;
};

/* A search under way. */
struct directory_reading {
	struct directory *directory;
	const struct directory_query *query;
	char *base, *filter; /* end in NUL; owned */
	char **attributes;   /* ends in NULL, and NULL when the query has none; owned */
	bool open;           /* more may come than is named */
	uint64_t entries, entries_before; /* before this page */
	unsigned pages, empty_pages;
	struct buf first;      /* the DN of the first entry of all */
	struct berval *cookie; /* libldap's; NULL at the beginning */
	/* Entries with values in ranges wait for the end of their page: one request at a time. */
	struct directory_messages waiting;
	size_t waiting_bytes;
	/* The entry at hand. Unless it is open, `spans` are by the query's attributes. */
	struct directory_texts names, values;
	struct directory_spans spans;
	struct values *slots;
	size_t slot_capacity;
	struct arena ranges; /* values that came in ranges */
};

/* One request; -1 with the connection closed. */
int directory_send_search(struct directory_reading *reading, const char *base, int scope,
			  const char *filter, char **attributes, LDAPControl **controls,
			  int *id, struct err *err);

/* --- directory_entry.c, directory_range.c --------------------------------------------------------- */

/* One entry to the caller, or to those that wait; takes the message. */
int directory_take_entry(struct directory_reading *reading, LDAPMessage *message,
			 struct err *err);
/* The rest of those that wait. */
int directory_take_waiting(struct directory_reading *reading, struct err *err);

/* The entry's DN and, in reading->names, ->values and ->spans, what it has. *ranged: not all. */
int directory_parse_entry(struct directory_reading *reading, LDAPMessage *message,
			  struct str *dn, bool *ranged, struct err *err);
/* What was parsed, to the caller. */
int directory_hand_out(struct directory_reading *reading, struct str dn, struct err *err);
/* Sorts values from `first` on, and drops doubles. */
void directory_order_values(struct directory_texts *values, size_t first);
/* Replaces what is not all of the entry at hand. */
int directory_complete(struct directory_reading *reading, struct str dn, struct err *err);

/* "member;range=0-1499": true with its parts; `last` is UINT64_MAX for "*". */
bool directory_range_parse(struct str description, struct str *name, uint64_t *first,
			   uint64_t *last);

#endif
