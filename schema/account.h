/*
 * The model: what an account is, in the words of the design. The same struct serves the desired,
 * current and recorded state; all text is interned in the run's one symbol pool, so equal text is an
 * equal pointer, and sets compare by walking two sorted arrays.
 */
#ifndef ZSCTL_ACCOUNT_H
#define ZSCTL_ACCOUNT_H

#include "base/sha256.h"
#include "base/str.h"

enum account_kind { KIND_USER, KIND_FUNCTIONAL };
#define KIND_COUNT 2
extern const char *const kind_names[KIND_COUNT]; /* "user", "functional" */
bool kind_parse(struct str text, enum account_kind *out);

/* Bits: which attributes are given ("managed"), sent, or compared. */
enum attribute {
	ATTR_ADDRESS = 1 << 0,
	ATTR_NAME = 1 << 1,
	ATTR_ALIASES = 1 << 2,
	ATTR_DELEGATES = 1 << 3,
	ATTR_MOBILE = 1 << 4,
	ATTR_UNIT = 1 << 5,
	ATTR_KEY = 1 << 6,
	ATTR_ACTIVE = 1 << 7,
};
#define ATTR_COUNT 8
extern const char *const attribute_names[ATTR_COUNT]; /* "address", "name", …, by bit number */

/* Addresses, sorted by text, each once. */
struct set {
	const struct sym **items;
	uint32_t count;
};

/* A delegate by its primary address in the world that the account belongs to. */
struct delegate {
	const struct sym *address;
	const struct sym *why; /* NULL: no reason of its own */
};
struct delegates {
	struct delegate *items; /* sorted by address text, each once */
	uint32_t count;
};

struct account {
	uint8_t kind; /* enum account_kind */
	bool active;
	uint8_t has; /* attribute bits: known in this world; in the desired state: managed */
	const struct sym *address; /* primary, compared form */
	const struct sym *id;      /* the target's; NULL when it has none (yet) */
	const struct sym *name;    /* NULL: none */
	const struct sym *mobile;
	const struct sym *unit;        /* NULL: none ("/" on the wire) */
	const struct sym *external_id; /* the target's ExternalAccountId; NULL: none */
	struct set aliases;
	struct delegates delegates;
};

/* A list of accounts. Sets and delegates live in `arena`. */
struct accounts {
	struct account *items;
	size_t count, capacity;
	/* Ids and addresses of a target's accounts that its scope leaves out, in any order: nothing else is
	 * known of them, but they are there. */
	struct {
		const struct sym **items;
		size_t count, capacity;
	} hidden;
	struct arena arena;
};
#define ACCOUNTS_INIT                                \
	{                                            \
		NULL, 0, 0, {NULL, 0, 0}, ARENA_INIT \
	}
void accounts_release(struct accounts *accounts);

/* Sorts and removes doubles in place; returns the new count. For delegates the first `why` that is given wins. */
uint32_t set_sort(const struct sym **items, uint32_t count);
uint32_t delegates_sort(struct delegate *items, uint32_t count);
bool set_has(struct set set, const struct sym *address);
const struct delegate *delegates_find(struct delegates delegates, const struct sym *address);
bool set_equal(struct set a, struct set b);

/* Orders by kind (users first), then address text: the order of every list zsctl prints. */
int account_cmp(const struct account *a, const struct account *b);
void accounts_sort(struct account *items, size_t count);

/*
 * For sorting many things by an address: its first bytes, which tell nearly all apart without
 * a look at the text itself.
 */
struct address_key {
	uint32_t rank;     /* sorts before the text */
	uint32_t index;    /* which thing */
	uint64_t bytes[3]; /* big-endian, zeroes behind a shorter text */
};
/* NULL sorts first. */
struct address_key address_key(uint32_t rank, const struct sym *address, size_t index);
/* 0: equal as far as the key goes, sym_cmp() decides. */
int address_key_cmp(const struct address_key *a, const struct address_key *b);

/*
 * What a plan expects of an account: over kind, id, primary address, active, aliases, delegates
 * and the attributes in `attributes` (of name, mobile and unit; the others always or never count).
 * `delegate_ids` are the target ids of its delegates that count, sorted by text: ids, because
 * renaming a delegate changes nobody else.
 */
void account_expect(const struct account *account, unsigned attributes,
		    const struct sym *const *delegate_ids, uint32_t delegate_count,
		    char out[SHA256_TEXT_SIZE]);

/* "sha256:…" over (source name, source id): how source ids are recorded, since the same GUID may
 * be the account key. */
void source_id_digest(struct str source, struct str id, char out[SHA256_TEXT_SIZE]);

/* E.164: `^\+[1-9][0-9]{6,14}$`. */
bool mobile_valid(struct str text);

#endif
