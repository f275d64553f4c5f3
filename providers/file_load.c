/*
 * Loading: the streaming reader hands out the elements; what stands between them (keys, brackets)
 * is looked at here, because elements can only be put into an array whose place is known, and an
 * empty one is not handed out.
 */
#include "file_index.h"
#include "json_view.h"

#include "address.h"
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RESOURCES_MAX = 16 * 1000 * 1000, KEY_MAX = 64, GAP_CHUNK = 4096, ATTEMPTS = 3 };

/* Top-level members. The first are enum file_part. */
enum member { USERS, GROUPS, KEYS, GUESTS, UNITS, OTHER };
static const char *const member_names[] = {"users", "groups", "keys", "guests", "units"};

static enum member find_member(struct str name)
{
	int member = 0;

	while (member < OTHER && !str_is(name, member_names[member]))
		member++;
	return (enum member)member;
}

struct loading {
	struct file_index *index;
	struct accounts *accounts; /* NULL: only the index is wanted */
	struct arena sets;         /* of accounts that are not wanted */
	bool begun;                /* an item was seen; the last one: */
	enum member member;
	uint64_t behind; /* where it ends */
	struct {
		const struct sym **items;
		size_t count, capacity;
	} guests, units;
};

/* --- between the elements --------------------------------------------------------------- */

struct gap {
	char key[KEY_MAX + 2]; /* with quotes; cut */
	size_t key_len;
	bool in_key, escaped;
};

/* An array begins behind `offset`. */
static void open_array(struct loading *l, struct gap *gap, uint64_t offset)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	enum member member;
	struct str key;

	if (!json_view_str(&scratch, (struct str){gap->key, gap->key_len}, &key))
		return;
	member = find_member(key);
	if (member < (enum member)PART_COUNT) {
		l->index->parts[member].there = true;
		l->index->parts[member].open = offset + 1;
	}
	if (member == UNITS)
		l->index->has_units = true;
}

static void gap_byte(struct loading *l, struct gap *gap, char c, uint64_t offset)
{
	if (gap->in_key) {
		if (gap->key_len < sizeof(gap->key))
			gap->key[gap->key_len++] = c;
		gap->in_key = c != '"' || gap->escaped;
		gap->escaped = c == '\\' && !gap->escaped;
	} else if (c == '"') {
		gap->key[0] = c;
		gap->key_len = 1;
		gap->in_key = true;
		l->index->has_members = true;
	} else if (c == '[') {
		open_array(l, gap, offset);
	} else if (c == '}') {
		l->index->end = offset;
	}
}

/* The reader has found these bytes to be in order, or will. */
static int read_gap(struct loading *l, uint64_t from, uint64_t to, struct err *err)
{
	struct gap gap = {.key_len = 0};
	char chunk[GAP_CHUNK];

	while (from < to) {
		size_t wanted = to - from < sizeof(chunk) ? (size_t)(to - from) : sizeof(chunk);
		ssize_t got = pread(l->index->fd, chunk, wanted, (off_t)from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_FAILED, "cannot read");
		if (got == 0)
			return 0; /* shorter than it was: the status will tell */
		for (ssize_t i = 0; i < got; i++)
			gap_byte(l, &gap, chunk[i], from + (uint64_t)i);
		from += (uint64_t)got;
	}
	return 0;
}

/* --- elements --------------------------------------------------------------------------- */

/* "line 3, column 7: …", counted from the element's first line, becomes a line of the file. */
static int at_line(struct err *err, unsigned line)
{
	struct err inner = *err;
	unsigned within, column;
	int skip = 0;

	if (sscanf(inner.text, "line %u, column %u: %n", &within, &column, &skip) == 2 && skip)
		line += within - 1;
	return err_set(err, inner.class, "line %u: %s", line, inner.text + skip);
}

static int taken(const struct loading *l, const char *what, const struct sym *name,
		 struct err *err)
{
	const struct file_resource *owner = file_index_owner(l->index, name);

	return err_set(err, ERR_FAILED, "the %s '%s' is also that of %s %s", what, name->text,
		       kind_names[owner->kind], owner->address->text);
}

/* One resource: who it is and what it has goes into the tables. */
static int index_account(struct loading *l, const struct account *account,
			 const struct json_item *item, struct err *err)
{
	struct file_index *index = l->index;
	uint32_t number = (uint32_t)index->resources.count;

	if (number == RESOURCES_MAX)
		return err_set(err, ERR_FAILED, "more than %d resources", RESOURCES_MAX);
	if (file_index_owner(index, account->id))
		return taken(l, "id", account->id, err);
	if (file_index_owner(index, account->address))
		return taken(l, "address", account->address, err);
	*vec_push(&index->resources) = (struct file_resource){
		.piece = {item->offset, (uint32_t)item->text.len, 0},
		.id = account->id,
		.address = account->address,
		.kind = account->kind,
		.active = account->kind == KIND_USER && account->active,
	};
	file_index_claim(index, account->id, number);
	file_index_claim(index, account->address, number);
	for (uint32_t i = 0; i < account->aliases.count; i++) {
		if (file_index_owner(index, account->aliases.items[i]))
			return taken(l, "alias", account->aliases.items[i], err);
		file_index_claim(index, account->aliases.items[i], number);
	}
	for (uint32_t i = 0; i < account->delegates.count; i++)
		file_index_mention(index, account->delegates.items[i].address, number);
	return 0;
}

static int take_account(struct loading *l, enum account_kind kind, const struct json_item *item,
			struct err *err)
{
	struct arena *sets = l->accounts ? &l->accounts->arena : &l->sets;
	struct account account;

	if (!l->accounts)
		arena_reset(&l->sets);
	if (scim_read(&l->index->reader, kind, item->text, sets, &account, err) ||
	    index_account(l, &account, item, err))
		return at_line(err, item->line);
	if (l->accounts)
		*vec_push(l->accounts) = account;
	return 0;
}

/* {"id": "…", "key": "sha256:…"}: only whose it is matters. */
static int take_key(struct loading *l, const struct json_item *item, struct err *err)
{
	struct arena *scratch = &l->index->reader.scratch;
	struct str id;

	arena_reset(scratch);
	if (json_check(item->text, err))
		return at_line(err, item->line);
	if (!json_view_str(scratch, json_view_member(item->text, scratch, "id"), &id) ||
	    !scim_id_valid(id))
		return err_set(err, ERR_FAILED,
			       "line %u: an entry of \"keys\" must be an object with an \"id\"",
			       item->line);
	*vec_push(&l->index->keys) = (struct file_key){
		{item->offset, (uint32_t)item->text.len, 0},
		sym_get(l->index->names, id),
	};
	return 0;
}

/* An element of "guests" or "units". */
static int take_text(struct loading *l, bool guest, const struct json_item *item,
		     struct err *err)
{
	struct arena *scratch = &l->index->reader.scratch;
	struct str text;

	arena_reset(scratch);
	if (!json_view_str(scratch, item->text, &text))
		return err_set(err, ERR_FAILED, "line %u: \"%s\" must be a list of texts",
			       item->line, member_names[l->member]);
	if (guest && address_normalize(scratch, text, &text, err)) {
		err_prefix(err, "\"guests\": this is no e-mail address");
		return at_line(err, item->line);
	}
	if (guest)
		*vec_push(&l->guests) = sym_get(l->index->names, text);
	else
		*vec_push(&l->units) = sym_get(l->index->names, text);
	return 0;
}

static int take_item(void *context, const struct json_item *item, struct err *err)
{
	struct loading *l = context;
	enum member member = find_member(item->member);

	/* Between two elements of one array stand only a comma and blanks. */
	if ((member != l->member || member == OTHER || !l->begun) &&
	    read_gap(l, l->behind, item->offset, err))
		return -1;
	l->begun = true;
	l->member = member;
	l->behind = item->offset + item->text.len;
	if (!item->element && member != OTHER)
		return err_set(err, ERR_FAILED, "line %u: \"%s\" must be a list", item->line,
			       member_names[member]);
	switch (member) {
	case USERS:
		return take_account(l, KIND_USER, item, err);
	case GROUPS:
		return take_account(l, KIND_FUNCTIONAL, item, err);
	case KEYS:
		return take_key(l, item, err);
	case GUESTS:
	case UNITS:
		return take_text(l, member == GUESTS, item, err);
	case OTHER:
		break;
	}
	return json_check(item->text, err) ? at_line(err, item->line) : 0;
}

/* --- the whole -------------------------------------------------------------------------- */

static struct set keep_set(struct arena *arena, const struct sym **items, size_t count)
{
	struct set set = {NULL, 0};

	if (count > 0) {
		set.items = arena_array(arena, const struct sym *, count);
		memcpy(set.items, items, count * sizeof(*items));
		set.count = set_sort(set.items, (uint32_t)count);
	}
	return set;
}

static void link_all(struct loading *l)
{
	struct file_index *index = l->index;

	for (size_t i = 0; i < index->keys.count; i++) {
		struct file_resource *owner = file_index_owner(index, index->keys.items[i].id);

		if (owner && owner->id == index->keys.items[i].id)
			owner->key = (uint32_t)i + 1;
	}
	for (size_t i = 0; l->accounts && i < l->accounts->count; i++)
		scim_link(&l->accounts->items[i], file_index_user, index);
	index->guests = keep_set(&index->arena, l->guests.items, l->guests.count);
	index->units = keep_set(&index->arena, l->units.items, l->units.count);
}

/* "line 3: …" of the reader and of the callbacks becomes "organisation.json:3: …". */
static int position(struct err *err, struct str shown)
{
	struct err inner = *err;
	unsigned line;
	int skip = 0;

	if (sscanf(inner.text, "line %u: %n", &line, &skip) == 1 && skip)
		return err_set(err, inner.class, "%.*s:%u: %s", STR_FMT(shown), line,
			       inner.text + skip);
	return err_prefix(err, "%.*s", STR_FMT(shown));
}

static int open_file(struct file_index *index, const char *path, struct err *err)
{
	index->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (index->fd < 0)
		return err_errno(err, ERR_UNREACHABLE, "cannot open");
	if (fstat(index->fd, &index->status))
		return err_errno(err, ERR_UNREACHABLE, "cannot look at");
	if (!S_ISREG(index->status.st_mode))
		return err_set(err, ERR_UNREACHABLE, "is not a regular file");
	posix_fadvise(index->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

bool file_index_changed(const struct file_index *index, const char *path)
{
	struct stat now;

	return stat(path, &now) != 0 || !os_same_file(&now, &index->status);
}

/* One reading. *changed: the file was written to meanwhile, so the result means nothing. */
static int load_once(struct loading *l, const char *path, bool *changed, struct err *err)
{
	const struct json_reader reader = {
		.item = take_item, .context = l, .item_limit = FILE_PIECE_MAX};
	struct file_index *index = l->index;
	struct stat after;
	int result;

	if (open_file(index, path, err))
		return -1;
	result = json_read_stream(index->fd, &reader, err);
	if (result == 0)
		result = read_gap(l, l->behind, (uint64_t)index->status.st_size, err);
	if (result == 0)
		link_all(l);
	*changed = fstat(index->fd, &after) != 0 || !os_same_file(&after, &index->status);
	return result;
}

int file_index_load(struct file_index *index, const char *path, struct sym_pool *names,
		    struct accounts *accounts, struct err *err)
{
	struct str shown = index->shown;
	struct err problem = ERR_INIT;
	bool changed = true;
	int result = -1;

	for (int i = 0; i < ATTEMPTS && changed; i++) {
		struct accounts fresh = ACCOUNTS_INIT;
		struct loading l = {.index = index, .accounts = accounts ? &fresh : NULL};

		file_index_release(index);
		index->shown = shown;
		index->names = index->reader.names = names;
		changed = false;
		result = load_once(&l, path, &changed, &problem);
		if (result == 0 && !changed && accounts) {
			accounts_release(accounts);
			*accounts = fresh;
		} else {
			accounts_release(&fresh);
		}
		arena_release(&l.sets);
		free(l.guests.items);
		free(l.units.items);
	}
	index->stale = result != 0 || changed;
	if (result) {
		*err = problem;
		return position(err, shown);
	}
	if (changed)
		return err_set(err, ERR_FAILED,
			       "%.*s: is written to again and again; try when that has ended",
			       STR_FMT(shown));
	return 0;
}
