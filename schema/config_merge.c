#include "config_merge.h"

/* Beyond it, joining two maps key by key would take long. */
#define KEYS_MAX 2000
#define SOURCES_MAX 200

/* Two maps to be merged: `over` into `base`. */
struct pair {
	struct node *base, *over;
};

struct pairs {
	struct pair *items;
	size_t count, capacity;
};

static struct node *find_key(const struct node *map, struct str key)
{
	for (struct node *at = map->first; at; at = at->next) {
		if (str_eq(at->text, key))
			return at;
	}
	return NULL;
}

static void append(struct node *container, struct node *child)
{
	struct node **tail = &container->first;

	while (*tail)
		tail = &(*tail)->next;
	*tail = child;
	child->next = NULL;
	container->count++;
}

/* Among the first `count` items. */
static struct node *same_name(const struct node *list, size_t count, const struct node *item)
{
	const struct node *name = node_get(item, "name");
	struct node *at = list->first;

	if (!name || name->type != NODE_SCALAR)
		return NULL;
	for (size_t i = 0; at && i < count; at = at->next, i++) {
		const struct node *other = node_get(at, "name");

		if (other && other->type == NODE_SCALAR && str_eq(other->text, name->text))
			return at;
	}
	return NULL;
}

static void remove_key(struct node *map, const char *key)
{
	for (struct node **at = &map->first; *at; at = &(*at)->next) {
		if (str_is((*at)->text, key)) {
			*at = (*at)->next;
			map->count--;
			return;
		}
	}
}

/* Positions are those of the file that is in charge. */
static void move(struct node *to, const struct node *from)
{
	to->file = from->file;
	to->line = from->line;
	to->column = from->column;
	to->flow = from->flow;
}

static int too_many(struct diags *diags, const struct node *node, const char *what)
{
	diag_error(diags, node->file, node->line, node->column, "there are too many %s here",
		   what);
	return -1;
}

static int merge_sources(struct pairs *pairs, struct node *base, struct node *over,
			 struct diags *diags)
{
	size_t inherited = base->count;
	struct node *next;

	if (base->count + over->count > SOURCES_MAX)
		return too_many(diags, over, "sources");
	for (struct node *item = over->first; item; item = next) {
		struct node *same = same_name(base, inherited, item);

		next = item->next;
		/* The second of one name in `over` stays a source of its own: a finding. */
		if (!same || same->type != NODE_MAP || item->type != NODE_MAP ||
		    same->file.ptr == item->file.ptr) {
			append(base, item);
		} else {
			*vec_push(pairs) = (struct pair){same, item};
			/* As merging will do; here, to tell the second of that name. */
			move(same, item);
		}
	}
	return 0;
}

static int merge_maps(struct pairs *pairs, struct pair pair, bool top, struct diags *diags)
{
	struct node *next;

	if (pair.base->count + pair.over->count > KEYS_MAX)
		return too_many(diags, pair.over, "keys");
	move(pair.base, pair.over);
	for (struct node *key = pair.over->first; key; key = next) {
		struct node *old = find_key(pair.base, key->text);

		next = key->next;
		if (!old) {
			append(pair.base, key);
			continue;
		}
		move(old, key);
		if (old->value->type == NODE_MAP && key->value->type == NODE_MAP) {
			*vec_push(pairs) = (struct pair){old->value, key->value};
		} else if (top && str_is(key->text, "sources") &&
			   old->value->type == NODE_LIST && key->value->type == NODE_LIST) {
			if (merge_sources(pairs, old->value, key->value, diags) < 0)
				return -1;
		} else {
			old->value = key->value;
		}
	}
	return 0;
}

int config_merge(struct node *base, struct node *over, struct diags *diags)
{
	struct pairs pairs = {NULL, 0, 0};
	int result;

	remove_key(over, "extends");
	result = merge_maps(&pairs, (struct pair){base, over}, true, diags);
	while (result == 0 && pairs.count > 0)
		result = merge_maps(&pairs, pairs.items[--pairs.count], false, diags);
	free(pairs.items);
	return result;
}
