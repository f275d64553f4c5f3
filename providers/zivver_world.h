/*
 * The organisation as the service last told it, as far as requests need it: whose an id or an
 * address is, and the resources that will be sent back.
 *
 * A resource is sent back whole, so its text is kept; of the accounts only that nothing will be
 * done to, which is nearly all, it is not. All symbols are of the pool of the last listing.
 */
#ifndef ZSCTL_ZIVVER_WORLD_H
#define ZSCTL_ZIVVER_WORLD_H

#include "scim.h"

struct zivver_account {
	const struct sym *id, *address;
	uint8_t kind; /* enum account_kind */
	bool active;  /* of a user */
};

/* A resource to be sent back. */
struct zivver_kept {
	const struct sym *id;
	char *text; /* owned; NULL: not known, or not any more */
	size_t len;
	uint64_t read_at; /* os_monotonic_ms(), or before */
	/* A user's delegates by id, because their addresses may change before it is sent. */
	const struct sym **delegates; /* owned */
	uint32_t delegate_count;
};

struct zivver_world {
	struct {
		struct zivver_account *items;
		size_t count, capacity;
	} accounts;
	struct {
		struct zivver_kept *items;
		size_t count, capacity;
	} kept;
	/* By symbol number: 1 + index in `accounts` of whose id or address it is, and 1 + index in
	 * `kept` of an id. Ids have no @, so one table does for both. */
	uint32_t *owners, *kept_at;
	size_t known;       /* symbols these have room for */
	bool renamed;       /* some user, since the last listing */
	uint64_t listed_at; /* when that listing began, os_monotonic_ms() */
};

#define ZIVVER_WORLD_INIT                  \
	{                                  \
		.accounts = { NULL, 0, 0 } \
	}

void zivver_world_release(struct zivver_world *world);

/* The resource of this account is to be kept, by listings and answers. */
void zivver_world_want(struct zivver_world *world, const struct sym *id);

/* Forgets everything but which resources are wanted; a listing begins. */
void zivver_world_clear(struct zivver_world *world);

/* While a listing comes in: keeps a resource that is wanted. */
void zivver_world_offer(struct zivver_world *world, const struct sym *id, struct str text);
/*
 * The accounts of a listing that is complete: takes them in, and makes their delegates primary
 * addresses of users (scim_link). -1: an id or an address comes twice.
 */
int zivver_world_take(struct zivver_world *world, struct accounts *accounts, struct err *err);

/* What the service answered to a request: an account and its resource. Links its delegates. */
void zivver_world_answer(struct zivver_world *world, struct account *account, struct str text);
/* Its resource may not be what is kept. */
void zivver_world_doubt(struct zivver_world *world, const struct sym *id);
void zivver_world_delete(struct zivver_world *world, const struct sym *id);

/* NULL: nobody's. Valid until the next answer. */
struct zivver_account *zivver_world_owner(const struct zivver_world *world,
					  const struct sym *id_or_address);
/* NULL: the resource is not at hand. Valid until the next answer or listing. */
const struct zivver_kept *zivver_world_kept(const struct zivver_world *world,
					    const struct sym *id);

#endif
