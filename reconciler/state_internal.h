/*
 * Shared by state*.c, the only users of libgit2.
 */
#ifndef ZSCTL_STATE_INTERNAL_H
#define ZSCTL_STATE_INTERNAL_H

#include "state.h"

#include <git2.h>

#define STATE_BRANCH "refs/heads/main"
#define STATE_FORMAT "1"

enum {
	STATE_DEPTH_MAX = 8, /* components of a path in the record */
};

struct state {
	char *path;           /* of the bare repository */
	char *private_dir;    /* PATH/zsctl */
	git_repository *repo; /* NULL: nothing is there yet */
	git_odb *odb;
	git_odb_backend *memory; /* new objects on their way into a pack; the odb owns it */
};

/* libgit2 with its settings for this program; git_libgit2_shutdown() for each. */
int state_git_begin(struct err *err);
/* "<formatted>: what libgit2 says". Always -1. */
int state_git_error(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The head; *empty when there is no commit. */
int state_head_id(struct state *state, git_oid *id, bool *empty, struct err *err);
/* A whole hexadecimal commit id. */
int state_parse_id(const char *text, git_oid *id, struct err *err);
/* The root tree of `commit` ("" or NULL: the head), NULL when the record is empty. */
int state_tree(struct state *state, const char *commit, git_tree **tree, struct err *err);
/* The tree `name` within `tree` (NULL is fine); *out NULL when there is none. */
int state_subtree(struct state *state, const git_tree *tree, const char *name, git_tree **out,
		  struct err *err);
/* The bytes of a blob, replacing `out`. `path` is for messages. */
int state_blob(struct state *state, const git_oid *id, const char *path, struct buf *out,
	       struct err *err);

/*
 * Calls `file` for each file that differs between two trees (either may be NULL: none), in the
 * order of their paths, which begin with `prefix`. An id is NULL where the file is not there.
 * Equal subtrees are not read.
 */
struct state_difference {
	struct str path;
	const git_oid *old_id, *new_id;
};
int state_compare(struct state *state, const git_tree *old_tree, const git_tree *new_tree,
		  const char *prefix,
		  int (*file)(void *context, const struct state_difference *difference,
			      struct err *err),
		  void *context, struct err *err);

/* A file in the private folder that is there since the first commit. */
struct str state_marker(const struct state *state, struct arena *arena);

/* Files of what the sources counted. */
void sources_write(const struct recorded *recorded, struct buf *out);
int sources_parse(struct str bytes, struct sym_pool *names, struct recorded *recorded,
		  struct err *err);

/* --- the cache of the accounts (state_cache.c) -------------------------------------------- */

/* Fills items and arena of an initialised `recorded`; `tree` is what the cache holds. False
 * when there is no whole cache: nothing but symbols is left behind. */
bool state_cache_read(struct state *state, struct sym_pool *names, struct recorded *recorded,
		      git_oid *tree);
/* What cannot be written is left out: the cache only saves time. */
void state_cache_write(struct state *state, const git_oid *tree,
		       const struct recorded *recorded);
/* So many differences are cheaper to write once than to read at each run. */
bool state_cache_worth(size_t differences, size_t accounts);

/* --- new objects (state_pack.c) ----------------------------------------------------------- */

struct state_pack {
	struct state *state;
	git_packbuilder *builder; /* NULL: no object waits */
	size_t count, bytes;      /* that wait */
};
/* Takes an object unless it is the one that stood there `before` (or NULL); writes a pack
 * when many wait. */
int state_pack_add(struct state_pack *pack, git_object_t type, struct str bytes,
		   const git_oid *before, git_oid *id, struct err *err);
/* Writes what waits, durable when it returns. */
int state_pack_flush(struct state_pack *pack, struct err *err);
/* The same when something waits, with the name of the pack. */
#define STATE_PACK_NAME_SIZE 80
int state_pack_write(struct state_pack *pack, char name[STATE_PACK_NAME_SIZE], struct err *err);
/* Forgets what waits. */
void state_pack_release(struct state_pack *pack);

/* Makes one pack of many small ones, now and then. What cannot be done is left for the next
 * time. */
void state_merge_packs(struct state *state);

/* --- changed files and the trees above them (state_tree.c) -------------------------------- */

enum state_change_type { CHANGE_REMOVED, CHANGE_ACCOUNT, CHANGE_BYTES, CHANGE_TREE };

struct state_change {
	struct str path; /* whole, without a '/' at its ends; a file's ends in NUL */
	enum state_change_type type;
	const struct recorded_account *account;
	struct str bytes;
	git_oid id; /* CHANGE_TREE; later of all that are not removed */
};

struct state_writing {
	struct state *state;
	struct arena arena;
	struct state_pack pack;
	git_tree *base; /* the root tree before; NULL: none */
	struct {
		struct state_change *items;
		size_t count, capacity;
	} levels[STATE_DEPTH_MAX]; /* by the number of '/' in the path */
	struct buf bytes;          /* scratch */
};
void state_writing_init(struct state_writing *w, struct state *state);
void state_writing_release(struct state_writing *w);
/* Of several changes of one path what is written counts, not what is removed. The contents must
 * stay until the trees are written. */
void state_change_account(struct state_writing *w, const struct recorded_account *account);
void state_remove_account(struct state_writing *w, const struct account *account);
/* `bytes.ptr` NULL removes it. -1 for a path that git, a shell or a person would misread. */
int state_change_file(struct state_writing *w, struct str path, struct str bytes,
		      struct err *err);
/* Adds the new objects to the pack and gives the id of the new root tree. */
int state_write_trees(struct state_writing *w, git_oid *root, struct err *err);

#endif
