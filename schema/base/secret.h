/*
 * Secrets are a type of their own: never formatted, never logged, wiped when released.
 */
#ifndef ZSCTL_SECRET_H
#define ZSCTL_SECRET_H

#include "err.h"
#include "str.h"

struct secret {
	char *ptr;  /* owned; NULL when there is none */
	size_t len; /* ends in NUL, not counted */
};

#define SECRET_INIT         \
	{                   \
		.ptr = NULL \
	}

/*
 * Where a secret lies; never the secret itself, but for SECRET_HELD: what a source read is only in memory
 * that its owner wipes. The configuration's arena owns the text of the others.
 */
enum secret_kind { SECRET_ABSENT, SECRET_ENV, SECRET_FILE, SECRET_CREDENTIAL, SECRET_HELD };
struct secret_ref {
	enum secret_kind kind;
	struct str name; /* variable, path (already resolved), credential name; or the secret */
};

/*
 * Loads a secret. One line end at its end is dropped; nothing else is trimmed. At most 64 KiB.
 * Errors (ERR_FAILED) name the reference: unset variable, unreadable file, a file that group or
 * others can read or write ("chmod 600 …"), a directory in place of a file, an empty value,
 * a credential without $CREDENTIALS_DIRECTORY or with a '/' in its name.
 */
int secret_load(const struct secret_ref *ref, struct secret *out, struct err *err);
void secret_set(struct secret *secret, struct str value); /* copies */
void secret_release(struct secret *secret);               /* wipes and frees */
struct str secret_str(const struct secret *secret);       /* valid until released */

#endif
