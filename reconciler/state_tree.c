/* The trees above changed files: only the directories on their paths are written anew. */
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

void state_writing_init(struct state_writing *w, struct state *state)
{
	*w = (struct state_writing){.state = state, .pack = {.state = state}};
}

void state_writing_release(struct state_writing *w)
{
	state_pack_release(&w->pack);
	git_tree_free(w->base);
	for (size_t i = 0; i < STATE_DEPTH_MAX; i++)
		free(w->levels[i].items);
	buf_release(&w->bytes);
	arena_release(&w->arena);
}

/* --- what changes ------------------------------------------------------------------------- */

static size_t depth_of(struct str path)
{
	size_t depth = 0;

	for (size_t i = 0; i < path.len; i++)
		depth += path.ptr[i] == '/';
	return depth;
}

/* No component that git, a shell or a person would misread. */
static bool path_is_safe(struct str path)
{
	struct str rest = path, part;

	if (path.len == 0 || path.ptr[path.len - 1] == '/' || depth_of(path) >= STATE_DEPTH_MAX)
		return false;
	while (str_split(&rest, '/', &part)) {
		if (part.len == 0 || part.len > 255 || part.ptr[0] == '.')
			return false;
		for (size_t i = 0; i < part.len; i++) {
			unsigned char c = (unsigned char)part.ptr[i];

			if (c < 0x20 || c >= 0x7f || c == '\\')
				return false;
		}
	}
	return true;
}

static struct state_change *add_change(struct state_writing *w, struct str path,
				       enum state_change_type type)
{
	struct state_change *change = vec_push(&w->levels[depth_of(path)]);

	change->path = path;
	change->type = type;
	return change;
}

int state_change_file(struct state_writing *w, struct str path, struct str bytes,
		      struct err *err)
{
	if (!path_is_safe(path))
		return err_set(err, ERR_FAILED, "the record cannot hold a file named '%.*s'",
			       STR_FMT(path));
	add_change(w, arena_str(&w->arena, path), bytes.ptr ? CHANGE_BYTES : CHANGE_REMOVED)
		->bytes = bytes;
	return 0;
}

static struct str account_path(struct state_writing *w, const struct account *account)
{
	buf_clear(&w->bytes);
	recorded_path(account, &w->bytes);
	return arena_str(&w->arena, buf_str(&w->bytes));
}

void state_change_account(struct state_writing *w, const struct recorded_account *account)
{
	add_change(w, account_path(w, &account->account), CHANGE_ACCOUNT)->account = account;
}

void state_remove_account(struct state_writing *w, const struct account *account)
{
	add_change(w, account_path(w, account), CHANGE_REMOVED);
}

/* --- trees -------------------------------------------------------------------------------- */

static struct str directory_of(struct str path)
{
	while (path.len > 0 && path.ptr[path.len - 1] != '/')
		path.len--;
	if (path.len > 0)
		path.len--;
	return path;
}

static struct str name_of(struct str path)
{
	size_t skip = directory_of(path).len;

	skip += skip > 0;
	return (struct str){path.ptr + skip, path.len - skip};
}

/* By path; of two changes of one path what is written comes last, and wins. */
static int change_cmp(const void *a, const void *b)
{
	const struct state_change *left = a, *right = b;
	int order = str_cmp(left->path, right->path);

	return order ? order : (left->type != CHANGE_REMOVED) - (right->type != CHANGE_REMOVED);
}

struct tree_item {
	struct str name;
	bool tree;
	const git_oid *id;
};

struct tree_items {
	struct tree_item *items;
	size_t count, capacity;
};

/* git's order within a tree: the names of trees as if they ended in '/'. */
static int entry_cmp(const void *left, const void *right)
{
	const struct tree_item *a = left, *b = right;
	size_t common = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order = memcmp(a->name.ptr, b->name.ptr, common);
	unsigned char after_a, after_b;

	if (order != 0)
		return order;
	after_a = common < a->name.len ? (unsigned char)a->name.ptr[common] : a->tree ? '/' : 0;
	after_b = common < b->name.len ? (unsigned char)b->name.ptr[common] : b->tree ? '/' : 0;
	return after_a - after_b;
}

/* The tree at `path` before; NULL when there was none. */
static int base_tree(struct state_writing *w, struct str path, git_tree **tree, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	git_tree_entry *entry = NULL;
	int status = 0;

	*tree = NULL;
	if (!w->base)
		return 0;
	if (path.len == 0)
		return git_tree_dup(tree, w->base);
	buf_add(&text, path);
	status = git_tree_entry_bypath(&entry, w->base, text.ptr);
	if (status == 0 && git_tree_entry_type(entry) == GIT_OBJECT_TREE)
		status = git_tree_lookup(tree, w->state->repo, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	if (status < 0 && status != GIT_ENOTFOUND)
		return state_git_error(err, "%s: cannot read %s", w->state->path, text.ptr);
	return 0;
}

/* Gives a change its id; what is as it was makes no object. */
static int store_change(struct state_writing *w, struct state_change *change,
			const git_tree *old, struct err *err)
{
	const git_tree_entry *entry;
	struct str bytes = change->bytes;

	if (change->type != CHANGE_ACCOUNT && change->type != CHANGE_BYTES)
		return 0;
	if (change->type == CHANGE_ACCOUNT) {
		buf_clear(&w->bytes);
		recorded_write(change->account, &w->bytes);
		bytes = buf_str(&w->bytes);
	}
	/* The path of a file ends in NUL. */
	entry = old ? git_tree_entry_byname(old, name_of(change->path).ptr) : NULL;
	return state_pack_add(&w->pack, GIT_OBJECT_BLOB, bytes,
			      entry ? git_tree_entry_id(entry) : NULL, &change->id, err);
}

/* Whether an entry of the old tree stays: no change, which are sorted, has its name. */
static bool stays(const git_tree_entry *entry, const struct state_change *changes, size_t count)
{
	struct str name = str_of(git_tree_entry_name(entry));
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(name, name_of(changes[middle].path));

		if (order == 0)
			return false;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return true;
}

/* All entries of a tree after the changes of one directory. */
static int store_tree(struct state_writing *w, struct state_change *changes, size_t count,
		      const git_tree *old, struct tree_items *entries, struct err *err)
{
	entries->count = 0;
	for (size_t i = 0; old && i < git_tree_entrycount(old); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(old, i);

		if (stays(entry, changes, count))
			*vec_push(entries) = (struct tree_item){
				str_of(git_tree_entry_name(entry)),
				git_tree_entry_type(entry) == GIT_OBJECT_TREE,
				git_tree_entry_id(entry)};
	}
	for (size_t i = 0; i < count; i++) {
		struct state_change *change = &changes[i];

		if (change->type == CHANGE_REMOVED)
			continue;
		if (store_change(w, change, old, err) < 0)
			return -1;
		*vec_push(entries) = (struct tree_item){
			name_of(change->path), change->type == CHANGE_TREE, &change->id};
	}
	if (entries->count > 1)
		qsort(entries->items, entries->count, sizeof(*entries->items), entry_cmp);
	buf_clear(&w->bytes);
	for (size_t i = 0; i < entries->count; i++) {
		const struct tree_item *entry = &entries->items[i];

		buf_puts(&w->bytes, entry->tree ? "40000 " : "100644 ");
		buf_add(&w->bytes, entry->name);
		buf_char(&w->bytes, '\0');
		buf_add(&w->bytes,
			(struct str){(const char *)entry->id->id, sizeof(entry->id->id)});
	}
	return 0;
}

/* The changes of one directory become one change of the directory above, or the root. */
static int write_directory(struct state_writing *w, struct state_change *changes, size_t count,
			   struct tree_items *entries, git_oid *root, struct err *err)
{
	struct str path = directory_of(changes[0].path);
	git_tree *old;
	git_oid id;
	int status;

	if (base_tree(w, path, &old, err) < 0)
		return -1;
	status = store_tree(w, changes, count, old, entries, err);
	if (status == 0 && entries->count == 0 && path.len > 0)
		add_change(w, path, CHANGE_REMOVED);
	else if (status == 0)
		status = state_pack_add(&w->pack, GIT_OBJECT_TREE, buf_str(&w->bytes),
					old ? git_tree_id(old) : NULL, &id, err);
	git_tree_free(old);
	if (status < 0)
		return -1;
	if (path.len == 0)
		*root = id;
	else if (entries->count > 0)
		add_change(w, path, CHANGE_TREE)->id = id;
	return 0;
}

/* Sorts and leaves one change for each path: the last. */
static size_t settle(struct state_change *changes, size_t count)
{
	size_t kept = 0;

	if (count == 0)
		return 0;
	qsort(changes, count, sizeof(*changes), change_cmp);
	for (size_t i = 1; i < count; i++) {
		if (!str_eq(changes[kept].path, changes[i].path))
			kept++;
		changes[kept] = changes[i];
	}
	return kept + 1;
}

/* From the deepest directories up to the root. */
int state_write_trees(struct state_writing *w, git_oid *root, struct err *err)
{
	struct tree_items entries = {NULL, 0, 0};
	int status = 0;

	/* Without a change the root stays; without a root there is always one. */
	if (w->base)
		*root = *git_tree_id(w->base);
	for (size_t depth = STATE_DEPTH_MAX; depth-- > 0 && status == 0;) {
		struct state_change *changes = w->levels[depth].items;
		size_t count = settle(changes, w->levels[depth].count), end;

		for (size_t i = 0; i < count && status == 0; i = end) {
			struct str directory = directory_of(changes[i].path);

			for (end = i + 1; end < count; end++) {
				if (!str_eq(directory_of(changes[end].path), directory))
					break;
			}
			status = write_directory(w, changes + i, end - i, &entries, root, err);
		}
	}
	free(entries.items);
	return status;
}
