/* Opening the record and finding one's way in it. */
#include "state_internal.h"

#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <git2/sys/mempack.h>

/* --- libgit2 ------------------------------------------------------------------------------ */

int state_git_error(struct err *err, const char *format, ...)
{
	/* Anything that libgit2 does from here on may overwrite it. */
	const git_error *last = git_error_last();
	char what[512];
	va_list args;

	snprintf(what, sizeof(what), "%s",
		 last && last->message ? last->message : "unknown error");
	err_set(err, ERR_FAILED, "%s", what);
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return err_prefix(err, "%s", what);
}

enum { PACK_WINDOW = 2 << 20, PACK_MAPPED = 8 << 20 }; /* bytes */

int state_git_begin(struct err *err)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
				     GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};

	if (git_libgit2_init() < 0)
		return state_git_error(err, "libgit2 does not start");
	/* What somebody configured for git on this host does not concern the record. */
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	/* Packs are read from one end to the other: what was read need not stay mapped. */
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)PACK_WINDOW);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)PACK_MAPPED);
	/* Every object is read once: checking digests again would double the cost of
	 * reading. */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	return 0;
}

/* libgit2 makes such a file to find out whether there are symbolic links. */
#define PROBE "_git2_"

/* --- opening ------------------------------------------------------------------------------ */

/* Names that a repository is made of before it has its HEAD, which comes last. */
static bool half_made(const char *name)
{
	static const char *const names[] = {".",        "..",          "zsctl",    "objects",
					    "refs",     "config",      "info",     "hooks",
					    "branches", "description", "HEAD.lock"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return str_starts(str_of(name), "config.") || str_starts(str_of(name), PROBE);
}

/* Nothing is recorded at `path`: it is not there, empty, or was cut off while it was made. */
static int check_absent(const char *path, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const char *branch = os_join(&arena, str_of(path), str_of("refs/heads/main")).ptr;
	const struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, ERR_FAILED, "cannot open %s", path);
	while ((entry = readdir(dir))) {
		if (half_made(entry->d_name))
			continue;
		err_set(err, ERR_FAILED,
			"%s is not a git repository, and holds %s: nothing is made there; give "
			"state.path a folder of its own",
			path, entry->d_name);
		closedir(dir);
		return -1;
	}
	closedir(dir);
	if (os_exists(branch))
		return err_set(
			err, ERR_FAILED,
			"%s is damaged: it has a branch main, but no HEAD; bring it back from "
			"a copy",
			path);
	return 0;
}

/* What a process has left behind that was killed while it made the repository. */
static void remove_leftovers(const struct state *state)
{
	DIR *dir = opendir(state->path);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		struct str name = str_of(entry->d_name);

		if (str_is(name, "config.lock") || str_is(name, "HEAD.lock") ||
		    str_starts(name, PROBE))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

/*
 * The last thing that is done to a new repository, so that without it another process was killed
 * on the way. Searching deltas between accounts takes as long as all the rest of a first record
 * and finds little; libgit2 1.5 takes this for the size of the largest object it tries.
 */
static int finish_repository(struct state *state, git_repository *repo, struct err *err)
{
	static const char setting[] = "pack.deltaCacheSize";
	git_config *config = NULL;
	int64_t size;
	int status = git_repository_config(&config, repo);

	if (status == 0 && git_config_get_int64(&size, config, setting) == GIT_ENOTFOUND) {
		remove_leftovers(state);
		status = git_config_set_int64(config, setting, 1);
	}
	if (status < 0)
		state_git_error(err, "cannot make the repository %s", state->path);
	git_config_free(config);
	return status < 0 ? -1 : 0;
}

static int make_repository(struct state *state, struct err *err)
{
	git_repository_init_options options = {.version = GIT_REPOSITORY_INIT_OPTIONS_VERSION};
	git_repository *repo = NULL;
	int failed;

	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_DOTGIT_DIR;
	options.initial_head = "main";
	if (os_make_dirs(state->path, 0700, err) < 0)
		return -1;
	remove_leftovers(state);
	os_fault("state-init");
	if (git_repository_init_ext(&repo, state->path, &options) < 0)
		failed = state_git_error(err, "cannot make the repository %s", state->path);
	else
		failed = finish_repository(state, repo, err);
	git_repository_free(repo);
	os_fault("state-init");
	return failed;
}

static bool repository_exists(const struct state *state)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	return os_exists(os_join(&arena, str_of(state->path), str_of("HEAD")).ptr);
}

/* Leaves `repo` NULL when there is none. */
static int open_repository(struct state *state, struct err *err)
{
	git_repository *repo = NULL;
	git_odb *odb = NULL;
	git_odb_backend *memory = NULL;

	if (!repository_exists(state))
		return check_absent(state->path, err);
	if (git_repository_open_bare(&repo, state->path) < 0)
		return state_git_error(err, "cannot open the repository %s", state->path);
	if (git_repository_odb(&odb, repo) < 0 || git_mempack_new(&memory) < 0 ||
	    git_odb_add_backend(odb, memory, 999) < 0) {
		state_git_error(err, "cannot open the objects of %s", state->path);
		git_odb_free(odb);
		git_repository_free(repo);
		return -1;
	}
	state->repo = repo;
	state->odb = odb;
	state->memory = memory;
	return 0;
}

static int check_format(struct state *state, struct err *err)
{
	CLEANUP(buf_release) struct buf format = BUF_INIT;
	char head[COMMIT_TEXT_SIZE];
	uint64_t number;
	bool found;

	if (state_head(state, head, err) < 0)
		return -1;
	if (head[0] == '\0')
		return 0;
	if (state_file(state, head, "format", &format, &found, err) < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_FAILED,
			       "%s is a git repository, but no record of zsctl: it has no file "
			       "'format'; give state.path a folder of its own",
			       state->path);
	if (str_is(str_trim(buf_str(&format)), STATE_FORMAT))
		return 0;
	if (str_to_u64(str_trim(buf_str(&format)), &number))
		return err_set(err, ERR_FAILED,
			       "%s has format %llu, this zsctl knows up to " STATE_FORMAT
			       ": use a newer zsctl",
			       state->path, (unsigned long long)number);
	return err_set(err, ERR_FAILED, "%s: its file 'format' holds no number", state->path);
}

int state_open(struct state **out, const char *path, bool create, struct err *err)
{
	struct state *state;
	struct buf private_dir = BUF_INIT, own_path = BUF_INIT;

	if (state_git_begin(err) < 0)
		return -1;
	state = mem_calloc(1, sizeof(*state));
	buf_puts(&own_path, path);
	while (own_path.len > 1 && own_path.ptr[own_path.len - 1] == '/')
		own_path.ptr[--own_path.len] = '\0';
	state->path = buf_take(&own_path);
	buf_addf(&private_dir, "%s/zsctl", state->path);
	state->private_dir = buf_take(&private_dir);
	if (open_repository(state, err) < 0)
		goto failed;
	if (!state->repo && create &&
	    (make_repository(state, err) < 0 || open_repository(state, err) < 0))
		goto failed;
	if (create && finish_repository(state, state->repo, err) < 0)
		goto failed;
	if (create && os_make_dirs(state->private_dir, 0700, err) < 0)
		goto failed;
	if (check_format(state, err) < 0)
		goto failed;
	*out = state;
	return 0;
failed:
	state_free(state);
	return -1;
}

void state_free(struct state *state)
{
	if (!state)
		return;
	git_odb_free(state->odb);
	git_repository_free(state->repo);
	free(state->path);
	free(state->private_dir);
	free(state);
	git_libgit2_shutdown();
}

struct str state_private_dir(const struct state *state)
{
	return str_of(state->private_dir);
}

/* --- finding one's way -------------------------------------------------------------------- */

/* It is there since the first commit: without the branch the record has not vanished by itself. */
struct str state_marker(const struct state *state, struct arena *arena)
{
	return os_join(arena, state_private_dir(state), STR("recorded"));
}

static int check_never_recorded(const struct state *state, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	if (!os_exists(state_marker(state, &arena).ptr))
		return 0;
	return err_set(
		err, ERR_FAILED,
		"the record at %s is damaged: its branch main is gone; bring it back from "
		"a backup, or with what `git fsck --lost-found` finds",
		state->path);
}

int state_head_id(struct state *state, git_oid *id, bool *empty, struct err *err)
{
	int status;

	/* Another process may have made it since. */
	if (!state->repo && open_repository(state, err) < 0)
		return -1;
	*empty = true;
	if (!state->repo)
		return check_never_recorded(state, err);
	status = git_reference_name_to_id(id, state->repo, STATE_BRANCH);
	if (status == GIT_ENOTFOUND)
		return check_never_recorded(state, err);
	if (status < 0)
		return state_git_error(err, "%s: cannot read the branch main", state->path);
	*empty = false;
	return 0;
}

int state_head(struct state *state, char out[COMMIT_TEXT_SIZE], struct err *err)
{
	git_oid id;
	bool empty;

	if (state_head_id(state, &id, &empty, err) < 0)
		return -1;
	out[0] = '\0';
	if (!empty)
		git_oid_tostr(out, COMMIT_TEXT_SIZE, &id);
	return 0;
}

int state_parse_id(const char *text, git_oid *id, struct err *err)
{
	if (strlen(text) != GIT_OID_HEXSZ || git_oid_fromstr(id, text) < 0)
		return err_set(err, ERR_FAILED, "'%.80s' is no commit id", text);
	return 0;
}

int state_tree(struct state *state, const char *commit, git_tree **tree, struct err *err)
{
	git_commit *object = NULL;
	git_oid id;
	bool empty = false;
	int status;

	*tree = NULL;
	if (commit && commit[0]) {
		if (state_parse_id(commit, &id, err) < 0)
			return -1;
		if (!state->repo)
			return err_set(err, ERR_FAILED, "%s has no commit %s", state->path,
				       commit);
	} else if (state_head_id(state, &id, &empty, err) < 0) {
		return -1;
	}
	if (empty)
		return 0;
	status = git_commit_lookup(&object, state->repo, &id);
	if (status == 0)
		status = git_commit_tree(tree, object);
	git_commit_free(object);
	if (status < 0)
		return state_git_error(err, "%s: cannot read commit %s", state->path,
				       git_oid_tostr_s(&id));
	return 0;
}

int state_subtree(struct state *state, const git_tree *tree, const char *name, git_tree **out,
		  struct err *err)
{
	const git_tree_entry *entry = tree ? git_tree_entry_byname(tree, name) : NULL;

	*out = NULL;
	if (!entry || git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		return 0;
	if (git_tree_lookup(out, state->repo, git_tree_entry_id(entry)) < 0)
		return state_git_error(err, "%s: cannot read the tree %s", state->path, name);
	return 0;
}
