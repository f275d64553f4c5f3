/*
 * The recorded state: what runs have left behind. One canonical YAML file per account in git
 * (design: "The recorded state"), and in memory the same model as everywhere.
 */
#ifndef ZSCTL_RECORDED_H
#define ZSCTL_RECORDED_H

#include "account.h"
#include "base/err.h"
#include "declared.h"

struct recorded_link {
	const struct sym *source; /* its name */
	const struct sym *digest; /* "sha256:…"; NULL: it listed the account and has no ids */
	/* Without an id: the address it listed the account under, when that is not the account's. NULL:
	 * it is. */
	const struct sym *address;
};

struct recorded_account {
	struct account
		account;       /* as last seen or answered; delegates with their recorded why */
	int32_t desired_since; /* days since 1970 when a run first had it as desired, or DATE_NONE */
	int32_t suspended_since;        /* by a run, or DATE_NONE */
	const struct sym *suspended_by; /* that run's id; NULL: not suspended by a run */
	const struct sym *key;          /* "hmac:…", "lost", or NULL: unknown */
	struct recorded_link *links;    /* sorted by source name */
	uint32_t link_count;
	struct set
		refusals; /* what the service refused for good: "alias x@example.org"; sorted */
};

struct recorded_source {
	const struct sym *name;
	uint64_t users, functional, delegations;
};

struct recorded {
	struct recorded_account *items; /* sorted by account_cmp */
	size_t count, capacity;
	struct recorded_source *sources; /* of the last run, sorted by name */
	size_t source_count;
	struct arena arena;
	char head[65]; /* hex id of the commit this was read at; empty: nothing recorded */
};
void recorded_init(struct recorded *recorded);
void recorded_release(struct recorded *recorded);

/* The address under which a link without an id knows the account. */
const struct sym *recorded_listed_as(const struct recorded_account *account,
				     const struct recorded_link *link);
/* The account's address was `before`, and that it is another one now is no entry's doing: sources
 * without ids go on listing it as they did. `links` are made anew in `arena` when they change. */
void recorded_keep_listed(struct recorded_account *account, const struct sym *before,
			  struct arena *arena);

/* What the target can tell of an account (keys cannot be read back): `has` of every recorded
 * one. */
#define RECORDED_HAS                                                                          \
	(ATTR_ADDRESS | ATTR_NAME | ATTR_ALIASES | ATTR_DELEGATES | ATTR_MOBILE | ATTR_UNIT | \
	 ATTR_ACTIVE)

/* The account's file: bytes and path ("accounts/user/3f/jane@example.org.yaml"). */
void recorded_write(const struct recorded_account *account, struct buf *out);
void recorded_path(const struct account *account, struct buf *out);
/* Strict: the canonical spelling only. `name` is for messages. Sets and links go to `arena`. */
int recorded_parse(struct str bytes, const char *name, struct sym_pool *names,
		   struct arena *arena, struct recorded_account *out, struct err *err);

#endif
