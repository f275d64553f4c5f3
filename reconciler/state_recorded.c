/* The recorded accounts: from the cache, and what differs from it out of git. */
#include "state_internal.h"

#include "canonical.h"
#include "yaml_write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- sources.yaml ------------------------------------------------------------------------- */

void sources_write(const struct recorded *recorded, struct buf *out)
{
	if (recorded->source_count == 0)
		buf_puts(out, "{}\n");
	for (size_t i = 0; i < recorded->source_count; i++) {
		const struct recorded_source *source = &recorded->sources[i];

		yaml_add_text(out, sym_str(source->name));
		buf_addf(out,
			 ":\n  users: %" PRIu64 "\n  functional: %" PRIu64
			 "\n  delegations: %" PRIu64 "\n",
			 source->users, source->functional, source->delegations);
	}
}

static void take_number(struct canonical *in, const char *prefix, uint64_t *number)
{
	struct str value;

	canonical_take(in, prefix, &value);
	if (!in->bad && !str_to_u64(value, number))
		canonical_bad(in, "is no number");
}

int sources_parse(struct str bytes, struct sym_pool *names, struct recorded *recorded,
		  struct err *err)
{
	CLEANUP(buf_release) struct buf again = BUF_INIT;
	struct canonical in = canonical_open(bytes, "sources.yaml", &recorded->arena);
	struct {
		struct recorded_source *items;
		size_t count, capacity;
	} sources = {NULL, 0, 0};
	struct str key;

	if (!canonical_line(&in, "{}")) {
		while (canonical_key(&in, "", &key)) {
			struct recorded_source *source = vec_push(&sources);

			source->name = sym_get(names, key);
			take_number(&in, "  users: ", &source->users);
			take_number(&in, "  functional: ", &source->functional);
			take_number(&in, "  delegations: ", &source->delegations);
		}
	}
	recorded->source_count = sources.count;
	recorded->sources = arena_array(&recorded->arena, struct recorded_source,
					sources.count);
	if (sources.count > 0)
		memcpy(recorded->sources, sources.items,
		       sources.count * sizeof(*sources.items));
	free(sources.items);
	sources_write(recorded, &again);
	return canonical_end(&in, buf_str(&again), err);
}

/* --- accounts ----------------------------------------------------------------------------- */

/* What differs from the cached accounts. */
struct difference {
	struct recorded_account account;
	bool removed;
};

struct differences {
	struct state *state;
	struct sym_pool *names;
	struct arena *arena;
	struct difference *items;
	size_t count, capacity;
	struct buf bytes, path;
};

static int read_difference(void *context, const struct state_difference *difference,
			   struct err *err)
{
	struct differences *differences = context;
	const git_oid *id = difference->new_id ? difference->new_id : difference->old_id;
	struct difference *item;
	struct recorded_account account;

	if (state_blob(differences->state, id, difference->path.ptr, &differences->bytes, err) <
	    0)
		return -1;
	if (recorded_parse(buf_str(&differences->bytes), difference->path.ptr,
			   differences->names, differences->arena, &account, err) < 0)
		return err_prefix(err, "%s", differences->state->path);
	/* One account, one file: else the same account could be recorded twice. */
	buf_clear(&differences->path);
	recorded_path(&account.account, &differences->path);
	if (!str_eq(buf_str(&differences->path), difference->path))
		return err_set(err, ERR_FAILED, "%s: %s is the file of another account: %s",
			       differences->state->path, difference->path.ptr,
			       account.account.address->text);
	item = vec_push(differences);
	item->account = account;
	item->removed = !difference->new_id;
	return 0;
}

static int difference_cmp(const void *a, const void *b)
{
	const struct difference *left = a, *right = b;

	return account_cmp(&left->account.account, &right->account.account);
}

/* Joins two sorted lists into `recorded`. */
static void merge(struct recorded *recorded, const struct differences *differences)
{
	const struct recorded_account *old = recorded->items;
	const struct difference *new = differences->items;
	struct recorded_account *items;
	size_t i = 0, j = 0, count = 0;

	items = mem_alloc((recorded->count + differences->count) * sizeof(*items));
	while (i < recorded->count || j < differences->count) {
		int order = i == recorded->count ? 1
			    : j == differences->count
				    ? -1
				    : account_cmp(&old[i].account, &new[j].account.account);

		if (order < 0) {
			items[count++] = old[i++];
			continue;
		}
		if (!new[j].removed)
			items[count++] = new[j].account;
		j++;
		i += order == 0;
	}
	free(recorded->items);
	recorded->items = items;
	recorded->count = count;
	recorded->capacity = recorded->count;
}

static int read_accounts(struct state *state, const git_tree *old_tree,
			 const git_tree *new_tree, struct sym_pool *names,
			 struct recorded *recorded, size_t *count, struct err *err)
{
	struct differences differences = {
		.state = state, .names = names, .arena = &recorded->arena};
	int status = state_compare(state, old_tree, new_tree, "accounts/", read_difference,
				   &differences, err);

	if (status == 0 && differences.count > 0) {
		qsort(differences.items, differences.count, sizeof(*differences.items),
		      difference_cmp);
		merge(recorded, &differences);
	}
	*count = differences.count;
	free(differences.items);
	buf_release(&differences.bytes);
	buf_release(&differences.path);
	return status;
}

static int read_sources(struct state *state, const git_tree *root, struct sym_pool *names,
			struct recorded *recorded, struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	const git_tree_entry *entry = git_tree_entry_byname(root, "sources.yaml");

	if (!entry)
		return 0;
	if (state_blob(state, git_tree_entry_id(entry), "sources.yaml", &bytes, err) < 0)
		return -1;
	if (sources_parse(buf_str(&bytes), names, recorded, err) < 0)
		return err_prefix(err, "%s", state->path);
	return 0;
}

/* The accounts that the cache holds and the tree they were; both empty when it is of no use. */
static void read_cache(struct state *state, struct sym_pool *names, struct recorded *recorded,
		       git_tree **tree)
{
	git_oid id;

	*tree = NULL;
	if (!state_cache_read(state, names, recorded, &id))
		return;
	/* It may be gone, when somebody has rewritten history. */
	if (git_tree_lookup(tree, state->repo, &id) < 0)
		recorded_release(recorded);
}

static int read_recorded(struct state *state, const git_tree *root, bool head,
			 struct sym_pool *names, struct recorded *recorded, struct err *err)
{
	git_tree *tree, *cached_tree = NULL;
	size_t count = 0;
	int status = state_subtree(state, root, "accounts", &tree, err);

	if (status == 0 && tree)
		read_cache(state, names, recorded, &cached_tree);
	if (status == 0)
		status = read_accounts(state, cached_tree, tree, names, recorded, &count, err);
	if (status < 0 && cached_tree) {
		/* The files that the cache was made of may be gone. */
		recorded_release(recorded);
		status = read_accounts(state, NULL, tree, names, recorded, &count, err);
	}
	/* The cache is for the head; what it holds of other commits helps all the same. */
	if (status == 0 && head && tree && state_cache_worth(count, recorded->count))
		state_cache_write(state, git_tree_id(tree), recorded);
	if (status == 0)
		status = read_sources(state, root, names, recorded, err);
	git_tree_free(cached_tree);
	git_tree_free(tree);
	return status;
}

static int recorded_at(struct state *state, const char *commit, struct sym_pool *names,
		       struct recorded *out, struct err *err)
{
	char head[COMMIT_TEXT_SIZE];
	struct recorded recorded;
	git_tree *root;
	int status = 0;

	recorded_init(out);
	recorded_init(&recorded);
	if (commit)
		snprintf(head, sizeof(head), "%s", commit);
	else if (state_head(state, head, err) < 0)
		return -1;
	if (head[0] == '\0')
		return 0;
	if (state_tree(state, head, &root, err) < 0)
		return -1;
	status = read_recorded(state, root, !commit, names, &recorded, err);
	git_tree_free(root);
	if (status < 0) {
		recorded_release(&recorded);
		return -1;
	}
	memcpy(recorded.head, head, sizeof(head));
	*out = recorded;
	return 0;
}

int state_recorded(struct state *state, struct sym_pool *names, struct recorded *recorded,
		   struct err *err)
{
	return recorded_at(state, NULL, names, recorded, err);
}

int state_recorded_at(struct state *state, const char *commit, struct sym_pool *names,
		      struct recorded *recorded, struct err *err)
{
	return recorded_at(state, commit, names, recorded, err);
}

int state_sources_at(struct state *state, const char *commit, struct sym_pool *names,
		     struct recorded *recorded, struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	bool found;

	recorded_init(recorded);
	if (state_file(state, commit, "sources.yaml", &bytes, &found, err) < 0)
		return -1;
	if (found && sources_parse(buf_str(&bytes), names, recorded, err) < 0)
		return err_prefix(err, "%s", state->path);
	return 0;
}
