#include "config_canonical.h"

#include "config.h"
#include "yaml_write.h"

#define CHANGE_DEPTH 4

/* A map or list on the way down. */
struct level {
	const struct node *node;
	const struct node *child;
	size_t number; /* of the child, in a list */
	size_t prefix; /* length of the path that leads here */
};

struct lines {
	struct str *items;
	size_t count, capacity;
};

/* A part of a path; dots of its own would read as two parts. */
static void add_part(struct buf *path, struct str part)
{
	size_t start = path->len;

	yaml_add_text_flow(path, part);
	if (!memchr(part.ptr, '.', part.len) || path->ptr[start] == '"')
		return;
	path->len = start;
	buf_char(path, '"');
	buf_add(path, part);
	buf_char(path, '"');
}

static struct str item_name(const struct node *item)
{
	const struct node *name = node_get(item, "name");

	return name && name->type == NODE_SCALAR ? name->text : STR_NONE;
}

static bool all_scalars(const struct node *list)
{
	const struct node *item = list->first;

	while (item && item->type == NODE_SCALAR)
		item = item->next;
	return !item;
}

static void add_scalar(struct buf *out, const struct node *node)
{
	if (node_is_null(node))
		buf_puts(out, "null");
	else
		yaml_add_text_flow(out, node->text);
}

static void add_line(struct arena *arena, struct lines *lines, const struct buf *path,
		     const struct buf *value)
{
	*vec_push(lines) = arena_strf(arena, "%.*s = %.*s", STR_FMT(buf_str(path)),
				      STR_FMT(buf_str(value)));
}

/* The node's own line: a scalar, an empty map, or a list with its texts or its items' names. */
static void own_line(struct arena *arena, struct lines *lines, const struct buf *path,
		     const struct node *node)
{
	struct buf value = BUF_INIT;
	size_t number = 1;

	switch (node->type) {
	case NODE_SCALAR:
		add_scalar(&value, node);
		break;
	case NODE_LIST:
		buf_char(&value, '[');
		for (const struct node *item = node->first; item; item = item->next, number++) {
			buf_puts(&value, item == node->first ? "" : ", ");
			if (item->type == NODE_SCALAR)
				add_scalar(&value, item);
			else if (item_name(item).len)
				add_part(&value, item_name(item));
			else
				buf_addf(&value, "{%zu}", number);
		}
		buf_char(&value, ']');
		break;
	case NODE_MAP:
		if (node->count > 0)
			return;
		buf_puts(&value, "{}");
		break;
	}
	add_line(arena, lines, path, &value);
	buf_release(&value);
}

static int compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str config_canonical(struct arena *arena, const struct node *root)
{
	struct level levels[YAML_DEPTH_MAX + 1];
	struct lines lines = {NULL, 0, 0};
	struct buf path = BUF_INIT, text = BUF_INIT;
	unsigned depth = 1;
	struct str result;

	levels[0] = (struct level){root, root->first, 1, 0};
	while (depth > 0) {
		struct level *level = &levels[depth - 1];
		const struct node *child = level->child, *value;

		if (!child) {
			depth--;
			continue;
		}
		level->child = child->next;
		value = level->node->type == NODE_MAP ? child->value : child;
		path.len = level->prefix;
		if (level->prefix)
			buf_char(&path, '.');
		if (level->node->type == NODE_MAP)
			add_part(&path, child->text);
		else if (item_name(child).len)
			add_part(&path, item_name(child));
		else
			buf_addf(&path, "%zu", level->number);
		level->number++;
		/* Scalars of a mixed list are in the list's own line already. */
		if (level->node->type == NODE_MAP || value->type != NODE_SCALAR)
			own_line(arena, &lines, &path, value);
		if (value->type != NODE_SCALAR &&
		    !(value->type == NODE_LIST && all_scalars(value)))
			levels[depth++] = (struct level){value, value->first, 1, path.len};
	}
	qsort(lines.items, lines.count, sizeof(*lines.items), compare);
	for (size_t i = 0; i < lines.count; i++) {
		buf_add(&text, lines.items[i]);
		buf_char(&text, '\n');
	}
	result = arena_str(arena, buf_str(&text));
	free(lines.items);
	buf_release(&path);
	buf_release(&text);
	return result;
}

/* --- changes ------------------------------------------------------------------------------ */

/* "sources.ad.users.include" of "sources.ad.users.include.1 = …": at most four parts. */
static struct str line_path(struct str line)
{
	bool quoted = false;
	unsigned parts = 1;
	size_t i;

	for (i = 0; i < line.len; i++) {
		char c = line.ptr[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ' ' || (c == '.' && parts++ == CHANGE_DEPTH)))
			break;
	}
	return (struct str){line.ptr, i < line.len ? i : line.len};
}

void config_changes(struct arena *arena, struct str before, struct str after,
		    struct str **paths, size_t *count)
{
	struct str old, new;
	bool has_old = str_split(&before, '\n', &old), has_new = str_split(&after, '\n', &new);
	struct lines found = {NULL, 0, 0};
	size_t kept = 0;

	while (has_old || has_new) {
		int order = !has_old ? 1 : !has_new ? -1 : str_cmp(old, new);
		struct str path = line_path(order > 0 ? new : old);

		if (order != 0 && path.len > 0)
			*vec_push(&found) = path;
		if (order <= 0)
			has_old = str_split(&before, '\n', &old);
		if (order >= 0)
			has_new = str_split(&after, '\n', &new);
	}
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), compare);
	*paths = arena_array(arena, struct str, found.count);
	for (size_t i = 0; i < found.count; i++) {
		if (kept == 0 || !str_eq(found.items[i], (*paths)[kept - 1]))
			(*paths)[kept++] = arena_str(arena, found.items[i]);
	}
	*count = kept;
	free(found.items);
}
