/*
 * The organisation: its accounts, as the JSON text they are served as, and what the rules need
 * of them beside it: who is at which id and address, who is whose delegate, who signs in with a
 * key. Every look-up is by hash, a change costs what it changes.
 *
 * The state file has the shape of zsctl's `file` target, with parts of its own:
 *
 *     {"users":   [SCIM User, …],
 *      "groups":  [SCIM Group, …],
 *      "keys":    [{"id": "UUID of a user", "key": "sha256:…", "broken": true}, …],
 *      "guests":  ["x@example.org", …],
 *      "units":   ["Cardiology", …],
 *      "domains": ["example.org", …],
 *      "outside": ["free@example.org", …]}
 *
 * All members are optional. `keys`: who signs in with SSO and the digest of the key that was given
 * last. `broken`: a PUT without key has broken that sign-in; it stays there for ever, with
 * `"mended": true` beside it once a key came again, and without `key` once the user was deleted.
 * `guests`: addresses that have received messages as guests. Without `units` (or with an empty
 * list) every unit is known, without `domains` every domain is claimed. `outside`: free accounts
 * outside the organisation. Resources may lack what the service always sends (id, meta, schemas,
 * the extension objects): it is added. Delegates and members who are no users are dropped. Members
 * that are not known here are kept as they are spelt; what is not shown is not saved.
 */
#ifndef ZIVVER_SIM_STATE_H
#define ZIVVER_SIM_STATE_H

#include "base/err.h"
#include "base/sha256.h"
#include "base/str.h"
#include "unknown.h"

enum kind { USER, GROUP, KIND_COUNT };
struct wire {
	const char *collection; /* "Users" */
	const char *type;       /* meta.resourceType */
	const char *address;    /* the member with the primary address */
	const char *schemas;    /* as JSON */
	const char *extension;  /* the member with aliases and the service's own attributes */
	const char *member;     /* of the state file */
};
extern const struct wire wires[KIND_COUNT];
#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

struct resource;

struct delegate {
	struct resource *user;
	const struct sym *stale; /* an address that is no longer his: it is what is shown */
	size_t place;            /* in the user's named_by */
};
struct delegates {
	struct delegate *items;
	size_t count, capacity;
};
struct aliases {
	const struct sym **items;
	size_t count, capacity;
};

struct resource {
	enum kind kind;
	size_t place; /* in its list */
	const struct sym *id;
	struct str text; /* owned */
	const struct sym *primary;
	struct aliases aliases;
	struct delegates delegates; /* of a group: its members */
	struct {
		struct naming {
			struct resource *by;
			size_t place; /* in its delegates */
		} * items;            /* whose delegate this user is; each once */
		size_t count, capacity;
	} named_by;
	bool active; /* of a user */
	bool has_key, broken, mended;
	char key[SHA256_TEXT_SIZE];
	uint64_t seen; /* the round in which it was last put into a list */
};

/* A set of texts, in the order they came. */
struct names {
	struct sym_pool pool;
	const struct sym **items;
	size_t count, capacity;
};
void names_add(struct names *names, struct str text);
bool names_have(const struct names *names, struct str text);

/* The bytes of a list, shared by the answers that are under way. */
struct shared {
	unsigned uses;
	struct str text;
};
struct shared *shared_take(struct buf *buf); /* leaves it empty */
struct shared *shared_copy(struct str text);
void shared_release(struct shared *shared); /* NULL is fine */

/* Resources by symbol number. */
struct owners {
	struct sym_pool pool;
	struct {
		struct {
			struct resource *resource;
			uint64_t seen;
		} * items;
		size_t count, capacity;
	} of;
};

struct list {
	struct resource **items; /* in the order they were made; NULL: deleted */
	size_t count, capacity;
	size_t live;
	struct shared *served; /* the whole answer, until something changes */
};

struct state {
	const struct unknowns *unknowns;
	struct list lists[KIND_COUNT];
	struct owners ids, addresses;
	struct names guests, units, domains, outside;
	struct names broken; /* ids of the deleted whose sign-in had been broken */
	uint64_t made;       /* accounts since the start, for their ids */
	uint64_t round;      /* lists read since the start */
};

void state_release(struct state *state);

struct resource *state_by_id(const struct state *state, struct str id);
/* Whose primary address or alias it is; in lower case. */
struct resource *state_by_address(const struct state *state, struct str address);
const struct sym *state_address(struct state *state, struct str address);

/* A new, empty account. `id` empty: a new one. It has no address yet. */
struct resource *state_add(struct state *state, enum kind kind, struct str id);
/* Also from everybody's delegates. */
void state_delete(struct state *state, struct resource *resource);

/* What an account is to become. The lists are taken over. */
struct shape {
	const struct sym *primary;
	bool active;
	struct aliases aliases;
	struct delegates delegates;
	struct str text; /* everything else: as sent, or as it was */
};
void shape_release(struct shape *shape);
/* Makes it so, whatever it says: the rules have been kept or are meant to be broken. Others'
 * delegates follow by the switches. */
void state_change(struct state *state, struct resource *resource, struct shape *shape);
/* Gives a resource that has none its primary address, so that others can name it before its
 * first change. */
void state_name(struct state *state, struct resource *resource, const struct sym *primary);

/* Begins a list in which each may stand once; whether it is the first time in this one. */
void state_begin_list(struct state *state);
bool state_first_user(const struct state *state, struct resource *user);
bool state_first_address(struct state *state, const struct sym *address);

void state_set_key(struct resource *resource, struct str key);
void state_break(struct resource *resource);

/* --- the file ----------------------------------------------------------------------------- */

/* Errors name the line. The state must be empty but for its switches, and is to be released in any
 * case. */
int state_load(struct state *state, const char *path, struct err *err);
/* The members of the file, without the outermost brackets' end: what follows may add more. */
void state_write(const struct state *state, struct buf *out);
int state_save(const struct state *state, const char *path, struct err *err);

#endif
