/*
 * Files of declared accounts (`zsctl_accounts: 1`): users, functional accounts and groups.
 *
 * An entry that cannot become an account is an error with its position, not held: the person who
 * wrote it is there to mend it. Groups may be defined in any of the files of one source and are
 * resolved after all of them are read.
 */
#ifndef ZSCTL_DECLARED_H
#define ZSCTL_DECLARED_H

#include "account.h"
#include "base/secret.h"
#include "diag.h"

#define DATE_NONE INT32_MIN

/* What one source says of one account. */
struct entry {
	struct account
		account; /* `has`: the attributes the source has an opinion on; delegates by
				 * primary address; `active` is false once `until` has passed */
	uint32_t source; /* index in config.sources */
	const struct sym *file; /* for declared and CSV entries; NULL otherwise */
	uint32_t line, column;
	int32_t until;               /* last day (UTC) as days since 1970, or DATE_NONE */
	const struct sym *id_digest; /* source_id_digest(); NULL: the source has no id for it */
	const struct sym *was;       /* earlier primary address, or NULL */
	const struct secret_ref *key; /* where its account key lies, or NULL */
	const struct sym
		*because; /* what in the source makes it so ("listed in accounts/a.yaml"),
				     * without the source's name */
	const struct sym *
		inactive_because; /* when not active: "active: false in …", "until … has passed" */
	const struct sym *held; /* why it cannot become an account; NULL: it can */
	/* Delegates it still lists although their last day has passed: `why` says which day that
	 * was ("until 2026-12-31 has passed"). NULL: none. */
	const struct delegates *ended;
};

/* What a source has, and its filters leave out: once by its address, and once by its id. */
struct left_out {
	const struct sym *who;     /* the address, or the digest of the id as in `id_digest` */
	const struct sym *because; /* "left out by exclude: Status is 'Left'" */
	uint32_t source;           /* index in config.sources */
	enum account_kind kind;
};

struct entries {
	struct entry *items; /* in the order read */
	size_t count, capacity;
	struct arena arena; /* sets, delegates, secret_refs */
	struct arena keys;  /* account keys that a source has read: wiped when released */
	struct {
		struct left_out *items; /* in the order read */
		size_t count, capacity;
	} left_out;
};
#define ENTRIES_INIT                                \
	{                                           \
		NULL, 0, 0, ARENA_INIT, ARENA_INIT, \
		{                                   \
			NULL, 0, 0                  \
		}                                   \
	}
void entries_release(struct entries *entries);
/* Moves what `from` has behind what `into` has; `from` is empty then. */
void entries_join(struct entries *into, struct entries *from);

/*
 * Reads every file that `pattern` (a glob, resolved) matches, sorted by name, as source number
 * `source` named `source_name`. Files whose name starts with '.' are left out. Text is interned in
 * `names`. `today` decides `until` of accounts and of delegates (a delegate past its day is
 * among `ended`). Delegates may be named by an alias of an entry in the same source; they come out as primary
 * addresses, as do group members. Findings go to `diags`; -1 when one is an error, then nothing is
 * added to `out`. An entry without a name is an error. No file that matches is an error: an empty
 * source must not read as "everybody left".
 */
int declared_read(struct str pattern, struct str source_name, uint32_t source, int32_t today,
		  struct sym_pool *names, struct entries *out, struct diags *diags);
/* The same for a source that adds to what others list: names may be missing. */
int declared_read_overlay(struct str pattern, struct str source_name, uint32_t source,
			  int32_t today, struct sym_pool *names, struct entries *out,
			  struct diags *diags);

/* Writes accounts (sorted) as a canonical zsctl_accounts file: what `zsctl export` writes. */
void declared_write(const struct accounts *accounts, struct str schema_comment,
		    struct buf *out);

/* JSON Schema (2020-12) of these files, and their reference as Markdown, from the same tables. */
void declared_json_schema(struct buf *out);
void declared_reference(struct buf *out);

#endif
