/*
 * What the file target knows of its file between requests: where each resource lies and who has
 * which id and address. Text stays in the file, so a million accounts cost some 60 bytes each.
 *
 * Changes are collected as pending texts, each change seen by the next; file_index_write() makes
 * a file of them. Until then, and when it fails, the file is as it was.
 */
#ifndef ZSCTL_FILE_INDEX_H
#define ZSCTL_FILE_INDEX_H

#include "scim.h"

#include <sys/stat.h>

/* The arrays this target writes to; the first two have the numbers of enum account_kind. */
enum file_part { PART_USERS, PART_GROUPS, PART_KEYS, PART_COUNT };

/* Bytes of one resource: a functional account with a million delegates fits. */
#define FILE_PIECE_MAX (64u << 20)

#define PIECE_NOWHERE UINT64_MAX
#define PIECE_GONE UINT32_MAX

/* One element of an array. */
struct file_piece {
	uint64_t offset; /* in the file, or PIECE_NOWHERE: not there (yet, or any more) */
	uint32_t size;   /* there */
	uint32_t
		pending; /* 0: as in the file; PIECE_GONE: deleted; else 1 + number of the text */
};

struct file_resource {
	struct file_piece piece;
	const struct sym *id, *address;
	uint32_t key; /* 1 + index of its entry in keys, or 0 */
	uint8_t kind; /* enum account_kind */
	bool active;  /* users: may become a delegate */
};

struct file_key {
	struct file_piece piece;
	const struct sym *id;
};

/* Resources that mention a symbol as a delegate or member, as a list for each symbol. Entries
 * may be outdated, none is missing. */
struct file_mention {
	uint32_t resource;
	uint32_t next; /* 1 + index, or 0 */
};

struct file_index {
	struct str shown; /* the path for messages */
	struct sym_pool *names;
	struct scim_reader reader;
	int fd; /* of the file that offsets are about; -1: nothing loaded */
	struct stat status;
	bool stale; /* must be loaded again before use */

	/* In the order of the file, users and groups in one list, new ones at the end. */
	struct {
		struct file_resource *items;
		size_t count, capacity;
	} resources;
	struct {
		struct file_key *items;
		size_t count, capacity;
	} keys;
	struct {
		struct file_mention *items;
		size_t count, capacity;
	} mentions;
	/* By symbol number: 1 + index of the resource that has the id or address, and 1 + index of
	 * the first mention. Ids have no @, so one table does for both. */
	uint32_t *owners, *mentioned;
	size_t known; /* symbols these have room for */

	/* The arrays' places: behind the '['; and the closing brace. */
	struct {
		bool there;
		uint64_t open;
	} parts[PART_COUNT];
	uint64_t end;
	bool has_members; /* something stands between the braces */

	struct set guests, units; /* sorted */
	bool has_units;
	struct arena arena; /* of guests and units */

	struct {
		struct str *items;
		size_t count, capacity;
	} texts;      /* pending */
	bool changed; /* something is pending */
	struct arena pending;
};

#define FILE_INDEX_INIT  \
	{                \
		.fd = -1 \
	}

void file_index_release(struct file_index *index);

/*
 * Reads the whole file. `accounts` may be NULL; otherwise it is replaced by all accounts, linked,
 * in the order of index->resources. Errors are positioned ("organisation.json:12: …"); a file
 * that is missing or cannot be opened is ERR_UNREACHABLE. On failure the index is stale.
 */
int file_index_load(struct file_index *index, const char *path, struct sym_pool *names,
		    struct accounts *accounts, struct err *err);
/* True when the file at `path` is not the one that was loaded, or was changed since. */
bool file_index_changed(const struct file_index *index, const char *path);

/* NULL when nobody has it. Invalid after the next file_index_add(). */
struct file_resource *file_index_owner(const struct file_index *index,
				       const struct sym *id_or_address);
uint32_t file_index_number(const struct file_index *index,
			   const struct file_resource *resource);
void file_index_claim(struct file_index *index, const struct sym *name, uint32_t resource);
void file_index_free_name(struct file_index *index, const struct sym *name);
void file_index_mention(struct file_index *index, const struct sym *name, uint32_t resource);
/* A scim_find_user whose context is the index. */
const struct sym *file_index_user(void *index, const struct sym *name, bool by_id);

/* --- pending changes ------------------------------------------------------------------- */

/* The resource as it would be written now; in `arena`. -1: the file cannot be read. */
int file_index_text(const struct file_index *index, const struct file_piece *piece,
		    struct arena *arena, struct str *text, struct err *err);
void file_index_replace(struct file_index *index, struct file_piece *piece, struct str text);
uint32_t file_index_add(struct file_index *index, const struct file_resource *resource,
			struct str text);
/* Says that the user was given a key; `text` is the whole entry. */
void file_index_set_key(struct file_index *index, uint32_t resource, struct str text);
void file_index_delete(struct file_index *index, uint32_t resource);

/* How writing ended, for those who must know what is true now. */
enum file_written {
	FILE_WRITTEN,
	FILE_CHANGED_MEANWHILE, /* by somebody else; nothing written: load again */
	FILE_NOT_WRITTEN,       /* *err says why; the old file is untouched */
	FILE_IN_DOUBT,          /* replaced, but perhaps not durably; *err says why */
};
/* Replaces the file and clears what is pending. Stale after everything but FILE_WRITTEN. */
enum file_written file_index_write(struct file_index *index, const char *path, struct err *err);

#endif
