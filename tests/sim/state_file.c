#include "base/os.h"
#include "shape.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ITEM_MOST = 256 << 20, ID_MOST = 64 };

static const struct {
	const char *member;
	size_t offset;
	bool lower;
} name_lists[] = {
	{"guests", offsetof(struct state, guests), true},
	{"units", offsetof(struct state, units), false},
	{"domains", offsetof(struct state, domains), true},
	{"outside", offsetof(struct state, outside), true},
};
enum { NAME_LISTS = sizeof(name_lists) / sizeof(name_lists[0]) };

static struct names *names_of(struct state *state, size_t number)
{
	return (void *)((char *)state + name_lists[number].offset);
}

/* Accounts are first made with their ids and primary addresses; their aliases and delegates are
 * read when everybody is there. */
struct loading {
	struct state *state;
	struct arena arena;
	struct {
		unsigned *items; /* of each account, in the order of its list */
		size_t count, capacity;
	} lines[KIND_COUNT];
	struct {
		struct key_entry {
			struct str text; /* owned */
			unsigned line;
		} * items;
		size_t count, capacity;
	} keys;
};

static void loading_release(struct loading *l)
{
	for (size_t i = 0; i < l->keys.count; i++)
		free((char *)l->keys.items[i].text.ptr);
	free(l->keys.items);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		free(l->lines[kind].items);
	arena_release(&l->arena);
}

/* --- elements ----------------------------------------------------------------------------- */

static struct str copy(struct str text)
{
	struct buf buf = BUF_INIT;

	buf_add(&buf, text);
	return (struct str){buf.ptr, buf.len};
}

/* It goes into texts and paths as it is. */
static bool is_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
			    id.ptr[i]))
			return false;
	}
	return id.len > 0 && id.len <= ID_MOST;
}

static int take_account(struct loading *l, enum kind kind, const struct json_item *item,
			struct err *err)
{
	struct shape_reader reader = {l->state, SHAPE_STORED, kind, NULL, &l->arena};
	struct str text = text_plain_names(item->text, &l->arena);
	struct str id = text_find_string(text, "id", &l->arena);
	struct shape shape = {.primary = NULL};
	struct resource *resource;

	if (text_type(text) != TEXT_OBJECT)
		return err_set(err, ERR_FAILED, "must be an object");
	if (text_find(text, "id").ptr && !is_id(id))
		return err_set(err, ERR_FAILED, "the id is none");
	if (state_by_id(l->state, id))
		return err_set(err, ERR_FAILED, "the id %.*s comes twice", STR_FMT(id));
	if (!shape_read_primary(&reader, text, &shape) ||
	    !shape_read_active(&reader, text, &shape))
		return err_set(err, ERR_FAILED, "%.*s", STR_FMT(reader.problem));
	if (state_by_address(l->state, sym_str(shape.primary)))
		return err_set(err, ERR_FAILED, "the address %s comes twice",
			       shape.primary->text);
	resource = state_add(l->state, kind, id);
	resource->text = copy(text);
	resource->active = shape.active;
	state_name(l->state, resource, shape.primary);
	*vec_push(&l->lines[kind]) = item->line;
	return 0;
}

static int take_name(struct loading *l, struct names *names, bool lower, struct str value,
		     struct err *err)
{
	struct str text;

	if (!text_string(value, &l->arena, &text))
		return err_set(err, ERR_FAILED, "must be a text");
	names_add(names, lower ? text_lower(text, &l->arena) : text);
	return 0;
}

static int take_member(struct loading *l, const struct json_item *item, struct err *err)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (str_is(item->member, wires[kind].member))
			return take_account(l, (enum kind)kind, item, err);
	}
	for (size_t i = 0; i < NAME_LISTS; i++) {
		if (str_is(item->member, name_lists[i].member))
			return take_name(l, names_of(l->state, i), name_lists[i].lower,
					 item->text, err);
	}
	*vec_push(&l->keys) = (struct key_entry){copy(item->text), item->line};
	return 0;
}

static bool is_ours(struct str member)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (str_is(member, wires[kind].member))
			return true;
	}
	for (size_t i = 0; i < NAME_LISTS; i++) {
		if (str_is(member, name_lists[i].member))
			return true;
	}
	return str_is(member, "keys");
}

static int at_line(struct err *err, unsigned line)
{
	return err_prefix(err, "line %u", line);
}

static int take_item(void *context, const struct json_item *item, struct err *err)
{
	struct loading *l = context;

	arena_reset(&l->arena);
	if (!is_ours(item->member))
		return 0;
	if (!item->element) {
		err_set(err, ERR_FAILED, "%.*s must be a list", STR_FMT(item->member));
		return at_line(err, item->line);
	}
	if (json_check(item->text, err) || take_member(l, item, err))
		return at_line(err, item->line);
	return 0;
}

/* --- when all are there ------------------------------------------------------------------- */

static int link_account(struct loading *l, struct resource *resource, struct err *err)
{
	struct shape_reader reader = {l->state, SHAPE_STORED, resource->kind, resource,
				      &l->arena};
	struct shape shape = {.primary = NULL};
	int result = 0;

	arena_reset(&l->arena);
	if (!shape_read(&reader, resource->text, &shape))
		result = err_set(err, ERR_FAILED, "%.*s", STR_FMT(reader.problem));
	for (size_t i = 0; result == 0 && i < shape.aliases.count; i++) {
		if (state_by_address(l->state, sym_str(shape.aliases.items[i])))
			result = err_set(err, ERR_FAILED, "the address %s comes twice",
					 shape.aliases.items[i]->text);
	}
	if (result == 0)
		state_change(l->state, resource, &shape);
	shape_release(&shape);
	return result;
}

/* {"id": "…", "key": "sha256:…", "broken": true, "mended": true} */
static int take_key(struct loading *l, struct str text, struct err *err)
{
	struct str id, key;
	struct resource *user;

	arena_reset(&l->arena);
	text = text_plain_names(text, &l->arena);
	id = text_find_string(text, "id", &l->arena);
	key = text_find_string(text, "key", &l->arena);
	if (!is_id(id))
		return err_set(err, ERR_FAILED, "must be an object with an id");
	if (key.len > 0 && (key.len != SHA256_TEXT_SIZE - 1 || !str_starts(key, "sha256:")))
		return err_set(err, ERR_FAILED, "the key must be \"sha256:…\"");
	user = state_by_id(l->state, id);
	if (!user || user->kind != USER) {
		if (text_type(text_find(text, "broken")) == TEXT_TRUE)
			names_add(&l->state->broken, id);
		return 0;
	}
	user->has_key = key.len > 0;
	if (user->has_key)
		memcpy(user->key, key.ptr, key.len);
	user->broken = text_type(text_find(text, "broken")) == TEXT_TRUE;
	user->mended = text_type(text_find(text, "mended")) == TEXT_TRUE;
	return 0;
}

static int link_all(struct loading *l, struct err *err)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		const struct list *list = &l->state->lists[kind];

		for (size_t i = 0; i < list->count; i++) {
			if (link_account(l, list->items[i], err))
				return at_line(err, l->lines[kind].items[i]);
		}
	}
	for (size_t i = 0; i < l->keys.count; i++) {
		if (take_key(l, l->keys.items[i].text, err))
			return at_line(err, l->keys.items[i].line);
	}
	return 0;
}

int state_load(struct state *state, const char *path, struct err *err)
{
	struct loading l = {.state = state};
	const struct json_reader reader = {take_item, &l, ITEM_MOST};
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = -1;

	if (fd < 0)
		return err_errno(err, ERR_FAILED, "cannot open %s", path);
	if (json_read_stream(fd, &reader, err) == 0)
		result = link_all(&l, err);
	close(fd);
	loading_release(&l);
	return result ? err_prefix(err, "%s", path) : 0;
}

/* --- writing ------------------------------------------------------------------------------ */

static void begin_list(struct buf *out, const char *name, bool *first)
{
	buf_addf(out, "%s\"%s\":[", *first ? "" : ",\n", name);
	*first = true;
}

static void begin_element(struct buf *out, bool *first)
{
	buf_puts(out, *first ? "\n" : ",\n");
	*first = false;
}

static void end_list(struct buf *out, bool *first)
{
	buf_char(out, ']');
	*first = false;
}

static void write_accounts(const struct state *state, enum kind kind, struct buf *out,
			   bool *first)
{
	const struct list *list = &state->lists[kind];

	begin_list(out, wires[kind].member, first);
	for (size_t i = 0; i < list->count; i++) {
		if (!list->items[i])
			continue;
		begin_element(out, first);
		buf_add(out, list->items[i]->text);
	}
	end_list(out, first);
}

static void write_keys(const struct state *state, struct buf *out, bool *first)
{
	const struct list *list = &state->lists[USER];

	begin_list(out, "keys", first);
	for (size_t i = 0; i < list->count; i++) {
		const struct resource *user = list->items[i];

		if (!user || (!user->has_key && !user->broken))
			continue;
		begin_element(out, first);
		buf_addf(out, "{\"id\":\"%s\"", user->id->text);
		if (user->has_key)
			buf_addf(out, ",\"key\":\"%s\"", user->key);
		buf_puts(out, user->broken ? ",\"broken\":true" : "");
		buf_puts(out, user->mended ? ",\"mended\":true}" : "}");
	}
	for (size_t i = 0; i < state->broken.count; i++) {
		begin_element(out, first);
		buf_addf(out, "{\"id\":\"%s\",\"broken\":true}", state->broken.items[i]->text);
	}
	end_list(out, first);
}

static void write_names(const struct names *names, const char *member, struct buf *out,
			bool *first)
{
	if (names->count == 0)
		return;
	begin_list(out, member, first);
	for (size_t i = 0; i < names->count; i++) {
		begin_element(out, first);
		json_add_string(out, sym_str(names->items[i]));
	}
	end_list(out, first);
}

void state_write(const struct state *state, struct buf *out)
{
	bool first = true;

	buf_char(out, '{');
	for (int kind = 0; kind < KIND_COUNT; kind++)
		write_accounts(state, (enum kind)kind, out, &first);
	write_keys(state, out, &first);
	for (size_t i = 0; i < NAME_LISTS; i++) {
		const struct names *names =
			(const void *)((const char *)state + name_lists[i].offset);

		write_names(names, name_lists[i].member, out, &first);
	}
}

int state_save(const struct state *state, const char *path, struct err *err)
{
	struct buf out = BUF_INIT;
	int result;

	state_write(state, &out);
	buf_puts(&out, "}\n");
	result = os_write_file(path, buf_str(&out), 0644, err);
	buf_release(&out);
	return result;
}
