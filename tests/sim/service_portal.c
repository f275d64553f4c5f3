#include "service.h"
#include "shape.h"
#include "text.h"

static int refuse_text(struct err *err, struct str text)
{
	return err_set(err, ERR_FAILED, "%.*s", STR_FMT(text));
}

static struct resource *find(struct state *state, struct str address, struct arena *arena)
{
	return state_by_address(state, text_lower(address, arena));
}

/* Even the portal gives an address to one account only. */
static int check_free(const struct state *state, const struct resource *resource,
		      const struct sym *address, struct err *err)
{
	const struct resource *owner = state_by_address(state, sym_str(address));

	if (!owner || owner == resource)
		return 0;
	return err_set(err, ERR_FAILED, "%s belongs to %s", address->text,
		       owner->primary->text);
}

static int check_addresses(const struct state *state, const struct resource *resource,
			   const struct shape *shape, struct err *err)
{
	if (check_free(state, resource, shape->primary, err))
		return -1;
	for (size_t i = 0; i < shape->aliases.count; i++) {
		if (shape->aliases.items[i] == shape->primary)
			return err_set(err, ERR_FAILED, "%s is both primary address and alias",
				       shape->primary->text);
		if (check_free(state, resource, shape->aliases.items[i], err))
			return -1;
	}
	return 0;
}

static void take_key(struct resource *resource, struct str text, struct arena *arena)
{
	struct str extension = text_find(text, wires[resource->kind].extension);
	struct str key = text_find_string(extension, "SsoAccountKey", arena);

	if (resource->kind == USER && key.len > 0)
		state_set_key(resource, key);
}

/* --- the three ---------------------------------------------------------------------------- */

/* Whether the edit says who the delegates are, if only by taking away where they stand. */
static bool has_delegates(enum kind kind, struct str merge)
{
	struct str extension = text_find(merge, wires[kind].extension);

	if (kind == USER && extension.ptr && text_type(extension) != TEXT_OBJECT)
		return true;
	return shape_delegates_text(kind, merge, extension).ptr;
}

/* Those that the edit does not mention stay, also those that are not shown. */
static int read_edited(struct shape_reader *reader, struct str merge, struct str text,
		       struct shape *shape, struct err *err)
{
	if (!shape_read(reader, text, shape))
		return refuse_text(err, reader->problem);
	if (has_delegates(reader->kind, merge))
		return 0;
	shape->delegates.count = 0;
	shape_keep_delegates(shape, reader->resource);
	return 0;
}

static int edit(struct state *state, struct resource *resource, struct str merge,
		struct arena *arena, struct err *err)
{
	struct shape_reader reader = {state, SHAPE_STORED, resource->kind, resource, arena};
	CLEANUP(shape_release) struct shape shape = {.primary = NULL};
	CLEANUP(buf_release) struct buf merged = BUF_INIT;

	if (text_type(merge) != TEXT_OBJECT)
		return refuse_text(err, STR("merge must be an object"));
	text_merge(&merged, resource->text, merge);
	if (read_edited(&reader, merge, buf_str(&merged), &shape, err) ||
	    check_addresses(state, resource, &shape, err))
		return -1;
	take_key(resource, merge, arena);
	state_change(state, resource, &shape);
	return 0;
}

static int create(struct state *state, enum kind kind, struct str text, struct arena *arena,
		  struct err *err)
{
	struct shape_reader reader = {state, SHAPE_STORED, kind, NULL, arena};
	CLEANUP(shape_release) struct shape shape = {.primary = NULL};
	struct resource *resource;

	if (!shape_read(&reader, text, &shape))
		return refuse_text(err, reader.problem);
	if (check_addresses(state, NULL, &shape, err))
		return -1;
	resource = state_add(state, kind, STR_NONE);
	take_key(resource, text, arena);
	state_change(state, resource, &shape);
	return 0;
}

static int perform(struct state *state, struct str text, struct arena *arena, struct err *err)
{
	struct str edited = text_find_string(text, "edit", arena);
	struct str created = text_find_string(text, "create", arena);
	struct str deleted = text_find_string(text, "delete", arena);
	struct str address = edited.ptr ? edited : deleted;
	struct resource *resource;

	if (str_is(created, "user") || str_is(created, "group"))
		return create(state, str_is(created, "user") ? USER : GROUP,
			      text_find(text, "resource"), arena, err);
	if (!address.ptr)
		return refuse_text(err, STR("must be an edit, a create or a delete"));
	resource = find(state, address, arena);
	if (!resource)
		return err_set(err, ERR_FAILED, "nobody is at %.*s", STR_FMT(address));
	if (edited.ptr)
		return edit(state, resource, text_find(text, "merge"), arena, err);
	state_delete(state, resource);
	return 0;
}

int service_portal(struct service *service, struct str text, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	if (json_check(text, err))
		return -1;
	text = str_trim(text_plain_names(text, &arena));
	return perform(service->state, text, &arena, err);
}
