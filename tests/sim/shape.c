#include "shape.h"

#include "text.h"

#include <string.h>

enum { ADDRESS_MOST = 320 };

static bool fail(struct shape_reader *reader, struct str problem)
{
	reader->problem = problem;
	return false;
}

/* What zsctl's rules for addresses are is none of the service's business: something@something. */
static bool is_address(struct str text)
{
	const char *at = text.len > 0 ? memchr(text.ptr, '@', text.len) : NULL;

	if (!at || at == text.ptr || at + 1 == text.ptr + text.len || text.len > ADDRESS_MOST)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] <= ' ')
			return false;
	}
	return !memchr(at + 1, '@', text.len - (size_t)(at + 1 - text.ptr));
}

static bool read_address(struct shape_reader *reader, struct str value, struct str *address)
{
	struct str text;

	if (!text_string(value, reader->arena, &text) || !is_address(text))
		return false;
	*address = text_lower(text, reader->arena);
	return true;
}

bool shape_read_primary(struct shape_reader *reader, struct str text, struct shape *shape)
{
	const char *name = wires[reader->kind].address;
	struct str address;

	if (!read_address(reader, text_find(text, name), &address))
		return fail(reader,
			    arena_strf(reader->arena, "%s must be an e-mail address", name));
	shape->primary = state_address(reader->state, address);
	return true;
}

bool shape_read_active(struct shape_reader *reader, struct str text, struct shape *shape)
{
	struct str active = text_find(text, "active");

	shape->active = reader->resource ? reader->resource->active : true;
	if (reader->kind == GROUP || !active.ptr || text_type(active) == TEXT_NULL)
		return true;
	shape->active = text_type(active) == TEXT_TRUE;
	if (!shape->active && text_type(active) != TEXT_FALSE)
		return fail(reader, STR("active must be true or false"));
	return true;
}

static bool is_list(struct str array)
{
	return !array.ptr || text_type(array) == TEXT_ARRAY || text_type(array) == TEXT_NULL;
}

bool shape_read_aliases(struct shape_reader *reader, struct str array, struct shape *shape)
{
	struct str rest = text_inside(array), value, address;

	if (!is_list(array))
		return fail(reader, STR("aliases must be a list"));
	state_begin_list(reader->state);
	while (text_element(&rest, &value)) {
		const struct sym *alias;

		if (!read_address(reader, value, &address))
			return fail(reader, STR("aliases must be e-mail addresses"));
		alias = state_address(reader->state, address);
		if (state_first_address(reader->state, alias))
			*vec_push(&shape->aliases) = alias;
	}
	return true;
}

static struct resource *as_user(struct resource *resource)
{
	return resource && resource->kind == USER ? resource : NULL;
}

/* *user NULL: nobody who counts. */
static bool find_delegate(struct shape_reader *reader, struct str value, struct resource **user)
{
	struct str address;

	*user = NULL;
	if (text_type(value) != TEXT_STRING)
		return fail(reader, STR("delegates must be e-mail addresses"));
	if (!read_address(reader, value, &address))
		return true;
	*user = as_user(state_by_address(reader->state, address));
	if (*user && !str_eq(sym_str((*user)->primary), address))
		*user = NULL;
	if (*user && reader->way == SHAPE_SENT && !(*user)->active)
		*user = NULL;
	return true;
}

static bool find_member(struct shape_reader *reader, struct str value, struct resource **user)
{
	enum suspended_member suspended = reader->state->unknowns->suspended_member;
	struct str id;

	*user = NULL;
	if (!text_string(text_find(value, "value"), reader->arena, &id))
		return fail(reader, STR("members must be objects with a value"));
	if (reader->resource && str_eq(id, sym_str(reader->resource->id)))
		return true;
	*user = as_user(state_by_id(reader->state, id));
	if (reader->way == SHAPE_STORED)
		return true;
	if (!*user || (!(*user)->active && suspended == MEMBER_REFUSED))
		return fail(reader, arena_strf(reader->arena, "Unknown account with uuid: %.*s",
					       STR_FMT(id)));
	if (!(*user)->active && suspended == MEMBER_DROPPED)
		*user = NULL;
	return true;
}

bool shape_read_delegates(struct shape_reader *reader, struct str array, struct shape *shape)
{
	struct str rest = text_inside(array), value;

	if (!is_list(array))
		return fail(reader, STR("delegates and members must be lists"));
	state_begin_list(reader->state);
	while (text_element(&rest, &value)) {
		struct resource *user;

		if (!(reader->kind == USER ? find_delegate(reader, value, &user)
					   : find_member(reader, value, &user)))
			return false;
		if (user && user != reader->resource && state_first_user(reader->state, user))
			*vec_push(&shape->delegates) = (struct delegate){.user = user};
	}
	return true;
}

bool shape_extension(struct shape_reader *reader, struct str text, struct str *extension)
{
	const char *name = wires[reader->kind].extension;

	*extension = text_find(text, name);
	if (extension->ptr && text_type(*extension) != TEXT_OBJECT)
		return fail(reader, arena_strf(reader->arena, "%s must be an object", name));
	return true;
}

struct str shape_delegates_text(enum kind kind, struct str text, struct str extension)
{
	return kind == USER ? text_find(extension, "delegates") : text_find(text, "members");
}

bool shape_read(struct shape_reader *reader, struct str text, struct shape *shape)
{
	struct str extension;

	shape->text = text;
	return shape_read_primary(reader, text, shape) &&
	       shape_read_active(reader, text, shape) &&
	       shape_extension(reader, text, &extension) &&
	       shape_read_aliases(reader, text_find(extension, "aliases"), shape) &&
	       shape_read_delegates(reader, shape_delegates_text(reader->kind, text, extension),
				    shape);
}

void shape_keep_aliases(struct shape *shape, const struct resource *resource)
{
	for (size_t i = 0; i < resource->aliases.count; i++)
		*vec_push(&shape->aliases) = resource->aliases.items[i];
}

void shape_keep_delegates(struct shape *shape, const struct resource *resource)
{
	for (size_t i = 0; i < resource->delegates.count; i++)
		*vec_push(&shape->delegates) = resource->delegates.items[i];
}

bool aliases_have(const struct aliases *aliases, const struct sym *one)
{
	for (size_t i = 0; i < aliases->count; i++) {
		if (aliases->items[i] == one)
			return true;
	}
	return false;
}
