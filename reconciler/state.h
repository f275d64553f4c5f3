/*
 * The record: a bare git repository, written through libgit2 only (the only user of it).
 *
 *     accounts/user/3f/jane@example.org.yaml   one file per account
 *     accounts/functional/…
 *     sources.yaml                              what each source counted at the last run
 *     runs/<id>/plan.yaml, result.yaml, approvals/…
 *     policy/…                                  the recorded root of trust (policy.h)
 *     config                                    zsctl.yaml of the last run (config.canonical)
 *     format                                    "1"
 *
 * Commits are made with the head they expect; somebody else's commit in between is an error
 * (ERR_LOCKED), never overwritten. New objects go into one pack per commit, fsynced before the
 * branch moves. A crash leaves the previous commit. A cache of the accounts beside the
 * repository's objects (<gitdir>/zsctl/accounts.cache, keyed by the id of the tree accounts/,
 * checked by digest) spares reading 100,000 blobs: only what differs from that tree is read
 * from git. Any defect of it and it is made anew.
 *
 * The first line of a commit's message says what it is: "policy", "begin ID", "takeover ID",
 * "observed …", "end ID: …".
 */
#ifndef ZSCTL_STATE_H
#define ZSCTL_STATE_H

#include "plan.h"
#include "recorded.h"

#define COMMIT_TEXT_SIZE 65
#define STATE_CONFIG "config"

enum commit_kind {
	COMMIT_NONE, /* an empty repository */
	COMMIT_POLICY,
	COMMIT_BEGIN,
	COMMIT_TAKEOVER,
	COMMIT_OBSERVED,
	COMMIT_END,
	COMMIT_OTHER, /* not zsctl's */
};

struct state;

/* Opens the repository at `path`; makes it when `create`. Without `create` a missing one is
 * fine and reads as empty. A newer `format` is an error. */
int state_open(struct state **state, const char *path, bool create, struct err *err);
void state_free(struct state *state); /* NULL is fine */

/* Where the lock, the journal, the fingerprint key and the cache lie: "<path>/zsctl/". */
struct str state_private_dir(const struct state *state);

/* The head's id, or "" for an empty repository. Reads the reference anew. */
int state_head(struct state *state, char out[COMMIT_TEXT_SIZE], struct err *err);

/* All recorded accounts at the head, through the cache. `recorded` is initialised here. */
int state_recorded(struct state *state, struct sym_pool *names, struct recorded *recorded,
		   struct err *err);
/* The same at any commit. */
int state_recorded_at(struct state *state, const char *commit, struct sym_pool *names,
		      struct recorded *recorded, struct err *err);

/* Only what the sources counted, at a commit; `recorded` is initialised here. */
int state_sources_at(struct state *state, const char *commit, struct sym_pool *names,
		     struct recorded *recorded, struct err *err);

/* The file at `path` in `commit` ("" or NULL: the head); *found false when there is none. */
int state_file(struct state *state, const char *commit, const char *path, struct buf *out,
	       bool *found, struct err *err);

/* The run that is open: the head (behind any "observed" after it) is a begin or a takeover.
 * `id` empty: none. */
struct state_open_run {
	struct str id; /* in the arena given */
	char commit[COMMIT_TEXT_SIZE];
	enum commit_kind kind;
	struct str host, user; /* who began it or took it over */
};
int state_open_run(struct state *state, struct arena *arena, struct state_open_run *run,
		   struct err *err);

/* --- writing ------------------------------------------------------------------------------ */

struct state_file {
	struct str path;
	struct str bytes; /* ptr NULL: removed */
};

struct state_commit {
	const char *expected_head; /* "" for an empty repository */
	struct str message;        /* whole */
	struct str author;         /* "user@host"; control characters and <> are replaced */
	int64_t time;
	/* Accounts to write (by account address and kind) … */
	const struct recorded_account *const *write;
	size_t write_count;
	/* … and to remove (deleted, or renamed: the old path). */
	const struct account *const *remove;
	size_t remove_count;
	const struct state_file *files;
	size_t file_count;
};
/*
 * Makes one commit; `out` is its id. Nothing changed is no reason not to commit (begin and end
 * always commit). `recorded` (may be NULL) is the whole state after this commit: sources.yaml
 * is written from it, and the cache when many accounts change. The caller holds the lock.
 */
int state_commit(struct state *state, const struct state_commit *commit,
		 const struct recorded *recorded, char out[COMMIT_TEXT_SIZE], struct err *err);

/* --- history ------------------------------------------------------------------------------ */

struct state_log_entry {
	char commit[COMMIT_TEXT_SIZE];
	enum commit_kind kind;
	int64_t time;
	struct str author;  /* "user@host" */
	struct str message; /* whole */
	struct str run;     /* run id of begin, takeover and end; else empty */
};
/* First-parent history, newest first, until the callback returns 1 (stop) or -1 (with *err). */
int state_log(struct state *state, const char *from /* NULL: head */,
	      int (*entry)(void *context, const struct state_log_entry *entry, struct err *err),
	      void *context, struct err *err);
/* Which account files differ between two commits: paths, sorted. */
int state_changed_accounts(struct state *state, const char *from, const char *to,
			   struct arena *arena, struct strs *paths, struct err *err);
/* 1 yes, 0 no, -1 error. Every commit has "" as an ancestor. */
int state_is_ancestor(struct state *state, const char *ancestor, const char *of,
		      struct err *err);
/* Resolves a (short) commit id, or a run id to its end commit. ERR_FAILED when unknown or
 * ambiguous. */
int state_resolve(struct state *state, const char *name, char out[COMMIT_TEXT_SIZE],
		  struct err *err);

/* The git commit that `dir`'s work tree is at, when `path` is a file of a git repository
 * there; "" when not, with "-dirty" behind it when `path` differs from it. For the plan's
 * config line. */
int git_commit_of(const char *dir, const char *path, char out[COMMIT_TEXT_SIZE + 8]);
/* git's user.email as configured for `dir`; empty when none. In the arena. */
struct str git_user_email(struct arena *arena, const char *dir);

#endif
