/*
 * What changed in the target behind zsctl's back: the record and a listing, joined by target id.
 *
 * Delegates are compared as accounts, and only those that are active users in their own world:
 * renaming or suspending a user does not change everybody whose mail he could read.
 */
#include "history.h"

#include "base/json.h"
#include "expect.h"

/* Symbol → index + 1; the record's accounts are no `struct accounts`. */
struct recorded_index {
	const struct recorded *recorded;
	uint32_t *users; /* by primary address */
	uint32_t *ids;
	uint32_t size;
};

static uint32_t largest(uint32_t size, const struct sym *sym)
{
	return sym && sym->number >= size ? sym->number + 1 : size;
}

/* What the scope leaves out is neither gone nor compared: `seen`, by index in the record. */
static void see_hidden(const struct recorded_index *index, const struct accounts *current,
		       unsigned char *seen)
{
	for (size_t i = 0; i < current->hidden.count; i++) {
		const uint32_t number = current->hidden.items[i]->number;
		const uint32_t at = number < index->size ? index->ids[number] : 0;

		if (at)
			seen[at - 1] = 1;
	}
}

static void index_recorded(struct recorded_index *index, const struct recorded *recorded,
			   const struct accounts *current, uint32_t size, unsigned char *seen)
{
	index->recorded = recorded;
	index->size = size;
	index->users = mem_calloc(size ? size : 1, sizeof(uint32_t));
	index->ids = mem_calloc(size ? size : 1, sizeof(uint32_t));
	for (size_t i = 0; i < recorded->count; i++) {
		const struct sym *id = recorded->items[i].account.id;

		if (id)
			index->ids[id->number] = (uint32_t)i + 1;
	}
	see_hidden(index, current, seen);
	for (size_t i = 0; i < recorded->count; i++) {
		const struct account *account = &recorded->items[i].account;

		if (account->kind == KIND_USER && !seen[i])
			index->users[account->address->number] = (uint32_t)i + 1;
	}
}

/* The target id of an active user at `address` in that world, or NULL. */
static const struct sym *id_in_record(const struct recorded_index *index,
				      const struct sym *address)
{
	const struct account *user;

	if (address->number >= index->size || !index->users[address->number])
		return NULL;
	user = &index->recorded->items[index->users[address->number] - 1].account;
	return user->active ? user->id : NULL;
}

static const struct sym *id_in_target(const struct accounts_index *index,
				      const struct sym *address)
{
	const struct account *user = accounts_owner(index, address);

	return user && user->kind == KIND_USER && user->address == address && user->active
		       ? user->id
		       : NULL;
}

struct comparison {
	struct accounts_index target;
	struct recorded_index record;
	const struct sym **a, **b; /* scratch */
	uint32_t room;
	struct set now, before; /* ids of delegates that count, of the accounts compared last */
};

static void make_room(struct comparison *c, uint32_t count)
{
	if (count <= c->room)
		return;
	c->room = count * 2;
	c->a = mem_realloc(c->a, c->room, sizeof(const struct sym *));
	c->b = mem_realloc(c->b, c->room, sizeof(const struct sym *));
}

/* The delegates that count on each side; true when they are the same accounts. */
static bool same_delegates(struct comparison *c, const struct account *current,
			   const struct account *recorded)
{
	make_room(c, current->delegates.count + recorded->delegates.count);
	c->now = (struct set){c->a, 0};
	c->before = (struct set){c->b, 0};
	for (uint32_t i = 0; i < current->delegates.count; i++) {
		const struct sym *id = id_in_target(&c->target,
						    current->delegates.items[i].address);

		if (id)
			c->now.items[c->now.count++] = id;
	}
	for (uint32_t i = 0; i < recorded->delegates.count; i++) {
		const struct sym *id = id_in_record(&c->record,
						    recorded->delegates.items[i].address);

		if (id)
			c->before.items[c->before.count++] = id;
	}
	c->now.count = set_sort(c->now.items, c->now.count);
	c->before.count = set_sort(c->before.items, c->before.count);
	return set_equal(c->now, c->before);
}

/* Who came and who went, of the accounts compared last. */
static void name_delegates(struct comparison *c, struct drift *drift, struct arena *arena)
{
	const struct delegates now = drift->current->delegates;
	const struct delegates before = drift->recorded->account.delegates;

	drift->added.items = arena_array(arena, const struct sym *, now.count);
	for (uint32_t i = 0; i < now.count; i++) {
		const struct sym *id = id_in_target(&c->target, now.items[i].address);

		if (id && !set_has(c->before, id))
			drift->added.items[drift->added.count++] = now.items[i].address;
	}
	drift->removed.items = arena_array(arena, const struct sym *, before.count);
	for (uint32_t i = 0; i < before.count; i++) {
		const struct sym *id = id_in_record(&c->record, before.items[i].address);

		if (id && !set_has(c->now, id))
			drift->removed.items[drift->removed.count++] = before.items[i].address;
	}
}

static unsigned compare(struct comparison *c, const struct account *current,
			const struct account *recorded)
{
	unsigned differ = 0;
	bool active[2] = {current->active, recorded->active};

	if (current->address != recorded->address || current->kind != recorded->kind)
		differ |= ATTR_ADDRESS;
	if (current->name != recorded->name)
		differ |= ATTR_NAME;
	if (current->mobile != recorded->mobile)
		differ |= ATTR_MOBILE;
	if (current->unit != recorded->unit)
		differ |= ATTR_UNIT;
	if (!set_equal(current->aliases, recorded->aliases))
		differ |= ATTR_ALIASES;
	if (!same_delegates(c, current, recorded))
		differ |= ATTR_DELEGATES;
	if (current->kind == KIND_FUNCTIONAL) {
		active[0] = c->now.count > 0;
		active[1] = c->before.count > 0;
	}
	if (active[0] != active[1])
		differ |= ATTR_ACTIVE;
	/* What one side cannot tell is no difference. */
	return differ & (current->has | ATTR_ADDRESS | ATTR_ACTIVE);
}

static const struct account *account_of(const struct drift *drift)
{
	return drift->current ? drift->current : &drift->recorded->account;
}

static int drift_cmp(const void *a, const void *b)
{
	int order = account_cmp(account_of(a), account_of(b));

	/* Deleted and made again: gone first. */
	return order ? order
		     : (((const struct drift *)a)->kind != DRIFT_GONE) -
			       (((const struct drift *)b)->kind != DRIFT_GONE);
}

/* Tables are as large as the youngest symbol of either side asks for. */
static uint32_t table_size(const struct accounts *current, const struct recorded *recorded)
{
	uint32_t size = 0;

	for (size_t i = 0; i < current->count; i++) {
		const struct account *account = &current->items[i];

		size = largest(largest(size, account->address), account->id);
		for (uint32_t a = 0; a < account->aliases.count; a++)
			size = largest(size, account->aliases.items[a]);
	}
	for (size_t i = 0; i < recorded->count; i++) {
		const struct account *account = &recorded->items[i].account;

		size = largest(largest(size, account->address), account->id);
	}
	return size;
}

void drifts_release(struct drifts *drifts)
{
	free(drifts->items);
	arena_release(&drifts->arena);
	*drifts = (struct drifts){.arena = ARENA_INIT};
}

void drift_find(const struct accounts *current, const struct recorded *recorded,
		struct drifts *drifts)
{
	struct comparison c = {.room = 0};
	const struct sym_pool sizes = {.count = table_size(current, recorded)};
	unsigned char *seen = mem_calloc(recorded->count + 1, 1);

	*drifts = (struct drifts){.arena = ARENA_INIT};
	accounts_index_init(&c.target, current, &sizes);
	index_recorded(&c.record, recorded, current, sizes.count, seen);
	for (size_t i = 0; i < current->count; i++) {
		const struct account *account = &current->items[i];
		uint32_t at = account->id ? c.record.ids[account->id->number] : 0;
		struct drift drift = {.kind = DRIFT_APPEARED, .current = account};

		if (at) {
			drift.kind = DRIFT_CHANGED;
			drift.recorded = &recorded->items[at - 1];
			drift.attributes = compare(&c, account, &drift.recorded->account);
			seen[at - 1] = 1;
			if (drift.attributes & ATTR_DELEGATES)
				name_delegates(&c, &drift, &drifts->arena);
		}
		if (!at || drift.attributes)
			*vec_push(drifts) = drift;
	}
	for (size_t i = 0; i < recorded->count; i++) {
		if (!seen[i])
			*vec_push(drifts) = (struct drift){.kind = DRIFT_GONE,
							   .recorded = &recorded->items[i]};
	}
	if (drifts->count)
		qsort(drifts->items, drifts->count, sizeof(*drifts->items), drift_cmp);
	free(seen);
	free(c.a);
	free(c.b);
	free(c.record.users);
	free(c.record.ids);
	accounts_index_release(&c.target);
}

/* --- for people and programs --------------------------------------------------------------- */

static const char *const drift_names[] = {"appeared", "gone", "changed"};

static void show(struct buf *out, const struct sym *value)
{
	if (value)
		buf_add_visible(out, sym_str(value), false);
	else
		buf_puts(out, "none");
}

static void show_value(struct buf *out, const char *what, const struct sym *before,
		       const struct sym *now)
{
	buf_addf(out, "      %s: ", what);
	show(out, before);
	buf_puts(out, " -> ");
	show(out, now);
	buf_char(out, '\n');
}

static void show_item(struct buf *out, const char *sign, const char *what,
		      const struct sym *address)
{
	buf_addf(out, "      %s %s ", sign, what);
	show(out, address);
	buf_char(out, '\n');
}

/* The items of one set that the other has not. */
static void show_missing(struct buf *out, const char *sign, struct set from, struct set in)
{
	for (uint32_t i = 0; i < from.count; i++) {
		if (!set_has(in, from.items[i]))
			show_item(out, sign, "alias", from.items[i]);
	}
}

static void show_changes(struct buf *out, const struct drift *drift)
{
	const struct account *now = drift->current, *before = &drift->recorded->account;

	if (drift->attributes & ATTR_ADDRESS)
		show_value(out, "address", before->address, now->address);
	if (drift->attributes & ATTR_NAME)
		show_value(out, "name", before->name, now->name);
	if (drift->attributes & ATTR_MOBILE)
		show_value(out, "mobile", before->mobile, now->mobile);
	if (drift->attributes & ATTR_UNIT)
		show_value(out, "unit", before->unit, now->unit);
	if (drift->attributes & ATTR_ACTIVE)
		buf_puts(out, before->active ? "      suspended\n" : "      active again\n");
	if (drift->attributes & ATTR_ALIASES) {
		show_missing(out, "-", before->aliases, now->aliases);
		show_missing(out, "+", now->aliases, before->aliases);
	}
	for (uint32_t i = 0; i < drift->removed.count; i++)
		show_item(out, "-", "delegate", drift->removed.items[i]);
	for (uint32_t i = 0; i < drift->added.count; i++)
		show_item(out, "+", "delegate", drift->added.items[i]);
}

static void show_text(const struct drifts *drifts, bool color, struct buf *out)
{
	static const char *const signs[] = {"+", "-", "~"};
	static const char *const colors[] = {"\033[32m", "\033[31m", "\033[33m"};
	size_t counts[3] = {0, 0, 0};

	for (size_t i = 0; i < drifts->count; i++) {
		const struct drift *drift = &drifts->items[i];
		const struct account *account = account_of(drift);

		counts[drift->kind]++;
		buf_addf(out, "%s  %s%s %s ", color ? colors[drift->kind] : "",
			 signs[drift->kind], color ? "\033[0m" : "", kind_names[account->kind]);
		show(out, account->address);
		buf_addf(out, " %s\n", drift_names[drift->kind]);
		if (drift->kind == DRIFT_CHANGED)
			show_changes(out, drift);
	}
	if (drifts->count)
		buf_addf(out, "%zu changed, %zu appeared, %zu gone since the record.\n",
			 counts[DRIFT_CHANGED], counts[DRIFT_APPEARED], counts[DRIFT_GONE]);
	else
		buf_puts(out, "The target is as it was recorded.\n");
}

static void json_set(struct json_writer *json, const char *key, struct set from, struct set in)
{
	json_begin_array(json, key);
	for (uint32_t i = 0; i < from.count; i++) {
		if (!set_has(in, from.items[i]))
			json_str(json, NULL, sym_str(from.items[i]));
	}
	json_end_array(json);
}

static void json_change(struct json_writer *json, const char *key, const struct sym *before,
			const struct sym *now)
{
	json_begin_object(json, key);
	json_str_or_null(json, "from", sym_str(before));
	json_str_or_null(json, "to", sym_str(now));
	json_end_object(json);
}

static void show_json(const struct drift *drift, struct buf *out)
{
	const struct account *account = account_of(drift);
	const struct set nobody = {.count = 0};
	struct json_writer json = {.out = out, .first = true};

	json_begin_object(&json, NULL);
	json_str(&json, "drift", str_of(drift_names[drift->kind]));
	json_str(&json, "kind", str_of(kind_names[account->kind]));
	json_str(&json, "address", sym_str(account->address));
	json_str(&json, "id", sym_str(account->id));
	if (drift->kind == DRIFT_CHANGED) {
		const struct account *before = &drift->recorded->account;

		if (drift->attributes & ATTR_ADDRESS)
			json_change(&json, "address_changed", before->address,
				    account->address);
		if (drift->attributes & ATTR_NAME)
			json_change(&json, "name", before->name, account->name);
		if (drift->attributes & ATTR_MOBILE)
			json_change(&json, "mobile", before->mobile, account->mobile);
		if (drift->attributes & ATTR_UNIT)
			json_change(&json, "unit", before->unit, account->unit);
		if (drift->attributes & ATTR_ACTIVE)
			json_bool(&json, "active", !before->active);
		if (drift->attributes & ATTR_ALIASES) {
			json_set(&json, "aliases_added", account->aliases, before->aliases);
			json_set(&json, "aliases_removed", before->aliases, account->aliases);
		}
		if (drift->attributes & ATTR_DELEGATES) {
			json_set(&json, "delegates_added", drift->added, nobody);
			json_set(&json, "delegates_removed", drift->removed, nobody);
		}
	}
	json_end_object(&json);
	buf_char(out, '\n');
}

void drift_show(const struct drifts *drifts, bool json, bool color, struct buf *out)
{
	if (!json) {
		show_text(drifts, color, out);
		return;
	}
	for (size_t i = 0; i < drifts->count; i++)
		show_json(&drifts->items[i], out);
}
