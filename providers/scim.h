/*
 * Accounts as Zivver's SCIM resources (reference: "Resources" and "Writing"): reading one, and
 * making the text of a changed or new one. Used by every target that speaks or imitates the service.
 *
 * A resource is kept as text, because it is sent back whole: what is not known here must come back
 * as it was read.
 */
#ifndef ZSCTL_SCIM_H
#define ZSCTL_SCIM_H

#include "account.h"
#include "base/json.h"

/* How the two kinds differ on the wire. */
struct scim_wire {
	const char *resource;  /* meta.resourceType; with an s, the collection's path */
	const char *address;   /* the member with the primary address */
	const char *schema;    /* the core schema */
	const char *extension; /* the schema, and member, with the service's own attributes */
};
extern const struct scim_wire scim_wires[KIND_COUNT];
/* Holds the unit, for both kinds. */
#define SCIM_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

/* What reading many resources needs again and again. */
struct scim_reader {
	struct sym_pool *names;
	struct arena scratch; /* emptied by each scim_read() */
	struct {
		const struct sym **items;
		size_t count, capacity;
	} list;
	struct err problem; /* with one value; here, because it is large and rarely needed */
};
void scim_reader_release(struct scim_reader *reader);

/* Attributes the service can tell; it never tells account keys. */
unsigned scim_attributes(enum account_kind kind);

/* An id of the service: 1 to 64 of A-Z a-z 0-9 . _ -, so no id can be an address. */
bool scim_id_valid(struct str id);

/*
 * Reads one resource (any bytes). Sets go to `sets`. Delegates come as they are written, unsorted:
 * addresses in a User, ids in a Group (its own left out); scim_link() makes users of them. A
 * functional account is not active before that. Aliases that repeat the primary address are left
 * out, as are delegates that are no addresses. -1 with the reason: not JSON ("line N, column M: …", within
 * the resource), no id, no valid address, a member of another type.
 */
int scim_read(struct scim_reader *reader, enum account_kind kind, struct str resource,
	      struct arena *sets, struct account *account, struct err *err);

/* The primary address of the user whose id (`by_id`) or primary address it is; NULL: no user. */
typedef const struct sym *scim_find_user(void *context, const struct sym *name, bool by_id);

/* Second pass, once all resources are read: delegates become primary addresses of users, sorted;
 * those that name no user are dropped. A functional account with a delegate left is active. */
void scim_link(struct account *account, scim_find_user *find, void *context);

struct scim_change {
	unsigned set;                 /* enum attribute bits of `wanted` */
	const struct account *wanted; /* its delegates are not looked at, but: */
	const struct sym *const
		*delegates; /* a user's: addresses; a functional account's: ids */
	size_t delegate_count;
	/* For a new resource: meta, schemas, ExternalAccountId and empty lists are added. */
	bool create;
	struct str id, created; /* of a new one; empty: the service gives them */
};

/* Adds the text of `resource` (as read; STR_NONE for a new one) with the change made, compact.
 * ATTR_KEY is passed over: who sends keys puts SsoAccountKey in at the end, in memory it wipes. */
void scim_edit(struct buf *out, enum account_kind kind, struct str resource,
	       struct arena *scratch, const struct scim_change *change);

#endif
