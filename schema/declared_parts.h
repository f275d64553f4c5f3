/*
 * Between the parts of declared_*.c; not for others.
 *
 * Reading goes in two steps: each entry is interned as it streams by (declared.c), and once all
 * files are read, what refers to other entries is resolved (declared_check.c).
 */
#ifndef ZSCTL_DECLARED_PARTS_H
#define ZSCTL_DECLARED_PARTS_H

#include "declared.h"
#include "field.h"

/* --- one value, as written (declared_fields.c) ---------------------------------------------- */

/* An address and where it stands. */
struct located {
	const struct sym *address;
	uint32_t line, column;
};

/* Bits of `has` beside those of enum attribute. */
enum {
	HAS_ID = 1 << ATTR_COUNT,
	HAS_WAS = 1 << (ATTR_COUNT + 1),
	HAS_UNTIL = 1 << (ATTR_COUNT + 2),
	HAS_GROUP = 1 << (ATTR_COUNT + 3),
};
#define HAS_ATTRIBUTES ((1u << ATTR_COUNT) - 1)

struct written_delegate {
	struct position position;
	unsigned has;
	struct located who;   /* address NULL: a group */
	struct located group; /* the symbol is "group:NAME" */
	int32_t until;
	struct str why;
};

struct written_account {
	struct position position;
	unsigned has;
	struct located address, was;
	struct str id, name, unit;
	const struct sym *mobile;
	struct located *aliases;
	size_t alias_count;
	struct written_delegate *delegates;
	size_t delegate_count;
	struct secret_ref key;
	bool active;
	int32_t until;
};

struct written_group {
	struct str name;
	struct located *members;
	size_t member_count;
};

struct written_file {
	unsigned version;
	struct written_account *users, *functional;
	size_t user_count, functional_count;
	struct written_group *groups;
	size_t group_count;
};

extern const struct field_table declared_file_table;
extern const struct field
	*const declared_items[KIND_COUNT];       /* one user, one functional account */
extern const struct field *const declared_group; /* of a struct written_group */

/* What the parsers of the tables need; walk->context. */
struct declared_names {
	struct sym_pool *pool;
	struct arena scratch; /* of one address */
	struct buf text;
	struct err err;
};
/* The symbol "group:NAME" that stands for a group: no address has a ':' before its @. */
const struct sym *declared_group_sym(struct declared_names *names, struct str name);
#define GROUP_PREFIX "group:"
struct str declared_group_name(const struct sym *group);

/* --- one source ------------------------------------------------------------------------------- */

struct group {
	const struct sym *name; /* "group:NAME" */
	const struct sym *file;
	uint32_t line, column;
	struct located *members; /* as written; once resolved: primary addresses, sorted */
	uint32_t count;
	const struct sym *why; /* "group NAME" */
};

/* An item of `delegates:`. */
struct wish {
	const struct sym *who; /* an address, or "group:NAME" */
	const struct sym *why; /* of one that has ended: which day that was */
	uint32_t entry;        /* index in entries->items */
	uint32_t line, column;
	bool ended; /* its last day has passed */
};

struct former {
	const struct sym *address;
	uint32_t entry;
	uint32_t line, column;
};

struct reading {
	struct str source_name;
	uint32_t source;
	bool overlay; /* other sources list the accounts */
	int32_t today;
	struct entries *entries;
	size_t first; /* of this source's entries */
	struct diags *diags;
	struct declared_names names;
	struct arena scratch; /* of one value */
	struct arena kept;    /* until the source is read: groups */
	struct field_walk walk;
	/* By symbol number: 1 + the index of the entry whose address or id it is; for group
	 * symbols 1 + the index of the group. */
	uint32_t *owner;
	size_t owner_count;
	struct {
		struct wish *items;
		size_t count, capacity;
	} wishes; /* ordered by entry */
	struct {
		struct group *items;
		size_t count, capacity;
	} groups;
	struct {
		struct former *items;
		size_t count, capacity;
	} formers;
	/* Of the file being read. */
	const struct sym *file;
	const struct sym *because, *inactive_because;
	bool version_seen;
};

/* 1 + index, or 0. */
uint32_t declared_owner(const struct reading *reading, const struct sym *sym);
/* The entry that has this primary address or alias; NULL: none in this source. */
struct entry *declared_owner_entry(const struct reading *reading, const struct sym *address);

/* "until 2026-12-31 has passed" */
const struct sym *declared_passed(struct reading *reading, int32_t until);
/* Keeps what is written of the delegates of entry number `index`. */
void declared_wishes(struct reading *reading, size_t index,
		     const struct written_account *written);
/* After the last file: the delegates of all entries, through groups and aliases. */
void declared_delegates(struct reading *reading);
/* Finds what is wrong between entries. */
void declared_check(struct reading *reading);

#endif
