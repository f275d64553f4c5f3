/* Reading files and accounts out of the record. */
#include "state_internal.h"

#include "canonical.h"
#include "yaml_write.h"

#include <stdlib.h>
#include <string.h>

int state_blob(struct state *state, const git_oid *id, const char *path, struct buf *out,
	       struct err *err)
{
	git_odb_object *object;

	if (git_odb_read(&object, state->odb, id) < 0)
		return state_git_error(err, "%s: cannot read %s", state->path, path);
	buf_clear(out);
	buf_add(out, (struct str){git_odb_object_data(object), git_odb_object_size(object)});
	git_odb_object_free(object);
	if (out->cut)
		return err_set(err, ERR_FAILED, "%s: %s is too large", state->path, path);
	return 0;
}

int state_file(struct state *state, const char *commit, const char *path, struct buf *out,
	       bool *found, struct err *err)
{
	git_tree *tree;
	git_tree_entry *entry = NULL;
	int status;

	if (state_tree(state, commit, &tree, err) < 0)
		return -1;
	*found = false;
	if (!tree)
		return 0;
	status = git_tree_entry_bypath(&entry, tree, path);
	git_tree_free(tree);
	if (status == GIT_ENOTFOUND)
		return 0;
	if (status < 0)
		return state_git_error(err, "%s: cannot read %s", state->path, path);
	if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB) {
		status = state_blob(state, git_tree_entry_id(entry), path, out, err);
		*found = status == 0;
	}
	git_tree_entry_free(entry);
	return status;
}

/* --- comparing trees ---------------------------------------------------------------------- */

struct level {
	git_tree *old_tree, *new_tree; /* owned; NULL: none */
	size_t old_at, new_at;
	size_t prefix; /* length of the path up to here */
};

struct comparison {
	struct state *state;
	struct level levels[STATE_DEPTH_MAX];
	size_t depth;
	struct buf path;
	int (*file)(void *context, const struct state_difference *difference, struct err *err);
	void *context;
};

static const git_tree_entry *entry_at(const git_tree *tree, size_t index)
{
	return tree && index < git_tree_entrycount(tree) ? git_tree_entry_byindex(tree, index)
							 : NULL;
}

static bool is_tree(const git_tree_entry *entry)
{
	return entry && git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

static const git_oid *id_of(const git_tree_entry *entry)
{
	return entry ? git_tree_entry_id(entry) : NULL;
}

/* Opens the trees of an entry, one of which may be missing. */
static int descend(struct comparison *c, const git_tree_entry *old, const git_tree_entry *new,
		   struct err *err)
{
	git_repository *repo = c->state->repo;
	struct level *level = &c->levels[c->depth];

	if (c->depth == STATE_DEPTH_MAX)
		return err_set(err, ERR_FAILED, "%s: %s is nested too deep", c->state->path,
			       c->path.ptr);
	*level = (struct level){.prefix = 0};
	buf_char(&c->path, '/');
	level->prefix = c->path.len;
	c->depth++;
	if ((old && git_tree_lookup(&level->old_tree, repo, git_tree_entry_id(old)) < 0) ||
	    (new &&git_tree_lookup(&level->new_tree, repo, git_tree_entry_id(new)) < 0))
		return state_git_error(err, "%s: cannot read the tree %s", c->state->path,
				       c->path.ptr);
	return 0;
}

/* One entry, present in one or both trees. */
static int compare_entry(struct comparison *c, const git_tree_entry *old,
			 const git_tree_entry *new, struct err *err)
{
	struct level *level = &c->levels[c->depth - 1];
	struct state_difference difference;

	level->old_at += old != NULL;
	level->new_at += new != NULL;
	if (old && new &&git_oid_equal(id_of(old), id_of(new)))
		return 0;
	c->path.len = level->prefix;
	buf_puts(&c->path, git_tree_entry_name(old ? old : new));
	if (is_tree(old) || is_tree(new))
		return descend(c, old, new, err);
	difference = (struct state_difference){buf_str(&c->path), id_of(old), id_of(new)};
	return c->file(c->context, &difference, err);
}

static int compare_next(struct comparison *c, struct err *err)
{
	struct level *level = &c->levels[c->depth - 1];
	const git_tree_entry *old = entry_at(level->old_tree, level->old_at);
	const git_tree_entry *new = entry_at(level->new_tree, level->new_at);

	if (!old && !new) {
		git_tree_free(level->old_tree);
		git_tree_free(level->new_tree);
		c->depth--;
		return 0;
	}
	/* In git's order a tree's name ends in '/': a file never meets a tree as its equal. */
	if (old && new) {
		int order = git_tree_entry_cmp(old, new);

		if (order < 0)
			new = NULL;
		else if (order > 0)
			old = NULL;
	}
	return compare_entry(c, old, new, err);
}

int state_compare(struct state *state, const git_tree *old_tree, const git_tree *new_tree,
		  const char *prefix,
		  int (*file)(void *context, const struct state_difference *difference,
			      struct err *err),
		  void *context, struct err *err)
{
	struct comparison c = {.state = state, .file = file, .context = context};
	int status = 0;

	buf_puts(&c.path, prefix);
	c.levels[0].prefix = c.path.len;
	c.depth = 1;
	if ((old_tree && git_tree_dup(&c.levels[0].old_tree, (git_tree *)old_tree) < 0) ||
	    (new_tree && git_tree_dup(&c.levels[0].new_tree, (git_tree *)new_tree) < 0))
		status = state_git_error(err, "%s: cannot read a tree", state->path);
	while (status == 0 && c.depth > 0)
		status = compare_next(&c, err);
	while (c.depth > 0) {
		git_tree_free(c.levels[c.depth - 1].old_tree);
		git_tree_free(c.levels[--c.depth].new_tree);
	}
	buf_release(&c.path);
	return status;
}

/* --- what changed ------------------------------------------------------------------------- */

/* The accounts/ of a commit; "" is the empty record here, not the head. */
static int accounts_tree(struct state *state, const char *commit, git_tree **tree,
			 struct err *err)
{
	git_tree *root = NULL;
	int status;

	*tree = NULL;
	if (commit[0] == '\0')
		return 0;
	if (state_tree(state, commit, &root, err) < 0)
		return -1;
	status = state_subtree(state, root, "accounts", tree, err);
	git_tree_free(root);
	return status;
}

struct listing {
	struct arena *arena;
	struct strs *paths;
};

static int add_path(void *context, const struct state_difference *difference, struct err *err)
{
	struct listing *listing = context;

	(void)err;
	strs_add(listing->arena, listing->paths, difference->path);
	return 0;
}

int state_changed_accounts(struct state *state, const char *from, const char *to,
			   struct arena *arena, struct strs *paths, struct err *err)
{
	struct listing listing = {arena, paths};
	git_tree *old_tree = NULL, *new_tree = NULL;
	int status = accounts_tree(state, from, &old_tree, err);

	if (status == 0)
		status = accounts_tree(state, to, &new_tree, err);
	if (status == 0)
		status = state_compare(state, old_tree, new_tree, "accounts/", add_path,
				       &listing, err);
	git_tree_free(old_tree);
	git_tree_free(new_tree);
	return status;
}
