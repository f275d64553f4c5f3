/*
 * allowed_signers files as ssh-keygen(1) describes them ("ALLOWED SIGNERS"), narrowed to what
 * can be counted: one person per line, one line per person, one key each.
 */
#ifndef ZSCTL_SIGNERS_H
#define ZSCTL_SIGNERS_H

#include "base/err.h"
#include "plan.h"

#define FINGERPRINT_SIZE 64 /* "SHA256:" + 43 base64 characters + NUL, rounded up */

struct signer {
	struct str principal; /* views into the file's text */
	struct str options;   /* 'valid-before="20261231"'; empty: none */
	struct str key_type, key;
	unsigned line;
	char fingerprint[FINGERPRINT_SIZE]; /* as `ssh-keygen -l` prints it */
};
struct signers {
	struct signer *items; /* in the order of the file, in the arena */
	size_t count, capacity;
};

/* Reads and checks: wildcard principals, several principals or keys for one person,
 * cert-authority, options that are not understood, namespaces without zsctl-plan: ERR_FAILED,
 * "NAME:12: …". */
int signers_parse(struct str text, const char *name, struct arena *arena, struct signers *out,
		  struct err *err);
/* NULL when none has that key. */
const struct signer *signers_by_key(const struct signers *signers, const char *fingerprint);

/* The fingerprint of a public key of this type in base64, or of its bytes; false when it is
 * none. */
bool key_fingerprint(struct str type, struct str base64, char out[FINGERPRINT_SIZE]);
void blob_fingerprint(struct str blob, char out[FINGERPRINT_SIZE]);

/* Takes an SSH string (RFC 4251, section 5) off `rest`; false when there is no whole one. */
bool ssh_string(struct str *rest, struct str *out);

#endif
