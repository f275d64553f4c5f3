#include "render.h"

#include "text.h"

#include <stdlib.h>

/* Of accounts that come without. */
#define CREATED "2024-06-13"

static void add_names(struct buf *out, const struct aliases *aliases)
{
	buf_puts(out, "\"aliases\":[");
	for (size_t i = 0; i < aliases->count; i++) {
		if (i > 0)
			buf_char(out, ',');
		json_add_string(out, sym_str(aliases->items[i]));
	}
	buf_char(out, ']');
}

static bool is_shown(const struct state *state, const struct delegate *one)
{
	return one->user->active || state->unknowns->suspended_delegate != SUSPENDED_HIDDEN;
}

static void add_delegates(const struct state *state, const struct resource *resource,
			  struct buf *out)
{
	bool first = true;

	buf_puts(out, ",\"delegates\":[");
	for (size_t i = 0; i < resource->delegates.count; i++) {
		const struct delegate *one = &resource->delegates.items[i];

		if (!is_shown(state, one))
			continue;
		if (!first)
			buf_char(out, ',');
		first = false;
		json_add_string(out, sym_str(one->stale ? one->stale : one->user->primary));
	}
	buf_char(out, ']');
}

static void add_members(const struct state *state, const struct resource *resource,
			struct buf *out)
{
	bool first = true;

	buf_puts(out, ",\"members\":[");
	if (state->unknowns->own_member == OWN_MEMBER_SHOWN) {
		buf_addf(out, "{\"value\":\"%s\"}", resource->id->text);
		first = false;
	}
	for (size_t i = 0; i < resource->delegates.count; i++) {
		const struct delegate *one = &resource->delegates.items[i];

		if (!is_shown(state, one))
			continue;
		buf_addf(out, "%s{\"value\":\"%s\"}", first ? "" : ",", one->user->id->text);
		first = false;
	}
	buf_char(out, ']');
}

static void add_member(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, ",\"");
	buf_add(out, name);
	buf_puts(out, "\":");
	buf_add(out, value);
}

static void add_extension(const struct state *state, const struct resource *resource,
			  struct str source, struct buf *out)
{
	struct str rest = text_inside(source), name, value;

	buf_addf(out, ",\"%s\":{", wires[resource->kind].extension);
	add_names(out, &resource->aliases);
	if (resource->kind == USER)
		add_delegates(state, resource, out);
	while (text_member(&rest, &name, &value)) {
		if (!str_is(name, "aliases") && !str_is(name, "delegates") &&
		    !str_is(name, "SsoAccountKey"))
			add_member(out, name, value);
	}
	buf_char(out, '}');
}

/* Not copied with the others, but written where it belongs. */
static bool has_its_place(enum kind kind, struct str name)
{
	return str_is(name, "id") || str_is(name, "meta") || str_is(name, "schemas") ||
	       str_is(name, ENTERPRISE) || str_is(name, wires[kind].extension) ||
	       str_is(name, kind == USER ? "active" : "members");
}

static void add_meta(const struct resource *resource, struct str meta, struct buf *out)
{
	const struct wire *wire = &wires[resource->kind];

	if (meta.ptr)
		add_member(out, STR("meta"), meta);
	else
		buf_addf(out,
			 ",\"meta\":{\"created\":\"" CREATED
			 "\",\"location\":\"/scim/v2/%s/%s\",\"resourceType\":\"%s\"}",
			 wire->collection, resource->id->text, wire->type);
}

void render(const struct state *state, struct resource *resource, struct str source)
{
	struct buf out = BUF_INIT;
	struct str enterprise = text_find(source, ENTERPRISE);
	struct str rest = text_inside(source), name, value;

	buf_addf(&out, "{\"id\":\"%s\"", resource->id->text);
	while (text_member(&rest, &name, &value)) {
		if (!has_its_place(resource->kind, name))
			add_member(&out, name, value);
	}
	if (resource->kind == USER)
		buf_puts(&out, resource->active ? ",\"active\":true" : ",\"active\":false");
	else
		add_members(state, resource, &out);
	add_member(&out, STR(ENTERPRISE),
		   enterprise.ptr ? enterprise : STR("{\"division\":\"/\"}"));
	add_extension(state, resource, text_find(source, wires[resource->kind].extension),
		      &out);
	add_meta(resource, text_find(resource->text, "meta"), &out);
	add_member(&out, STR("schemas"), str_of(wires[resource->kind].schemas));
	buf_char(&out, '}');
	free((char *)resource->text.ptr);
	resource->text.len = out.len;
	resource->text.ptr = buf_take(&out);
}

void render_bare(const struct resource *resource, struct buf *out)
{
	const struct wire *wire = &wires[resource->kind];

	buf_addf(out, "{\"id\":\"%s\",\"%s\":", resource->id->text, wire->address);
	json_add_string(out, sym_str(resource->primary));
	add_member(out, STR("meta"), text_find(resource->text, "meta"));
	add_member(out, STR("schemas"), str_of(wire->schemas));
	buf_char(out, '}');
}

/* --- lists -------------------------------------------------------------------------------- */

static const struct list_faults no_faults;

static uint64_t left_out(const struct list *list, const struct list_faults *faults)
{
	return faults->missing < list->live ? faults->missing : list->live;
}

static bool is_whole(const struct page *page, const struct list_faults *faults)
{
	return !page && faults->total == 0 && faults->missing == 0 && !faults->duplicate;
}

static void add_resource(struct buf *out, const struct resource *resource, uint64_t *count)
{
	if ((*count)++ > 0)
		buf_char(out, ',');
	buf_add(out, resource->text);
}

static void add_resources(const struct list *list, const struct page *page,
			  const struct list_faults *faults, struct buf *out, uint64_t *count)
{
	uint64_t start = page ? page->start : 1;
	uint64_t most = page ? page->count : UINT64_MAX;
	uint64_t last = list->live - left_out(list, faults);
	uint64_t seen = 0;

	for (size_t i = 0; i < list->count && *count < most; i++) {
		const struct resource *resource = list->items[i];

		if (!resource || ++seen < start || seen > last)
			continue;
		add_resource(out, resource, count);
		if (faults->duplicate && *count == 1)
			add_resource(out, resource, count);
	}
}

static int64_t total_of(const struct list *list, const struct list_faults *faults)
{
	int64_t total = (int64_t)(list->live - left_out(list, faults));

	if (total > 0 && faults->duplicate)
		total++;
	return total + faults->total;
}

struct shared *render_list(struct state *state, enum kind kind, const struct page *page,
			   const struct list_faults *faults)
{
	struct list *list = &state->lists[kind];
	struct buf out = BUF_INIT;
	struct shared *shared;
	uint64_t count = 0;

	if (!faults)
		faults = &no_faults;
	if (list->served && is_whole(page, faults)) {
		list->served->uses++;
		return list->served;
	}
	buf_puts(&out, "{\"Resources\":[");
	add_resources(list, page, faults, &out, &count);
	buf_addf(&out, "],\"totalResults\":%lld", (long long)total_of(list, faults));
	if (page)
		buf_addf(&out, ",\"startIndex\":%llu,\"itemsPerPage\":%llu",
			 (unsigned long long)page->start, (unsigned long long)count);
	buf_char(&out, '}');
	shared = shared_take(&out);
	if (is_whole(page, faults)) {
		list->served = shared;
		shared->uses++;
	}
	return shared;
}

void render_found(const struct resource *resource, struct buf *out)
{
	buf_puts(out, "{\"Resources\":[");
	if (resource)
		buf_add(out, resource->text);
	buf_addf(out, "],\"totalResults\":%d}", resource ? 1 : 0);
}
