#include "service_internal.h"
#include "text.h"

#include <strings.h>

/* The body as an object whose names are spelt plainly. */
static bool read_body(struct call *call, struct str *body)
{
	struct err err = ERR_INIT;

	if (json_check(call->request->body, &err))
		return refuse(call, 400, "The body is no JSON: %s", err.text);
	*body = str_trim(text_plain_names(call->request->body, &call->arena));
	return text_type(*body) == TEXT_OBJECT ||
	       refuse(call, 400, "The body is no JSON object");
}

static bool refuse_shape(struct call *call, const struct shape_reader *reader)
{
	return refuse(call, 400, "%.*s", STR_FMT(reader->problem));
}

/* STR_NONE: none was sent. */
static bool read_key(struct call *call, enum kind kind, struct str extension, struct str *key)
{
	struct str value = text_find(extension, "SsoAccountKey");

	*key = STR_NONE;
	if (kind == GROUP || text_type(value) == TEXT_NULL)
		return true;
	return text_string(value, &call->arena, key) ||
	       refuse(call, 400, "SsoAccountKey must be a text");
}

/* --- create ------------------------------------------------------------------------------- */

static bool read_new(struct call *call, struct shape_reader *reader, struct str extension,
		     struct shape *shape)
{
	enum create_drops drops = call->unknowns->create_drops;
	struct str delegates = shape_delegates_text(reader->kind, shape->text, extension);

	if (!shape_read_primary(reader, shape->text, shape))
		return refuse_shape(call, reader);
	shape->active = true;
	if ((drops == CREATE_DROPS_NONE || drops == CREATE_DROPS_DELEGATES) &&
	    !shape_read_aliases(reader, text_find(extension, "aliases"), shape))
		return refuse_shape(call, reader);
	if ((drops == CREATE_DROPS_NONE || drops == CREATE_DROPS_ALIASES) &&
	    !shape_read_delegates(reader, delegates, shape))
		return refuse_shape(call, reader);
	return rules_allow(call, reader->kind, NULL, shape);
}

static void make(struct call *call, enum kind kind, struct shape *shape, struct str key)
{
	struct resource *resource = state_add(call->state, kind, STR_NONE);
	struct buf out = BUF_INIT;

	state_change(call->state, resource, shape);
	if (key.len > 0)
		state_set_key(resource, key);
	call->answer.changed = true;
	if (call->unknowns->create_answer == CREATE_BARE)
		render_bare(resource, &out);
	else
		buf_add(&out, resource->text);
	answer_buf(call, 201, &out);
}

void service_create(struct call *call, enum kind kind)
{
	struct shape_reader reader = {call->state, SHAPE_SENT, kind, NULL, &call->arena};
	CLEANUP(shape_release) struct shape shape = {.primary = NULL};
	struct str extension, key;

	if (!read_body(call, &shape.text))
		return;
	if (!shape_extension(&reader, shape.text, &extension))
		refuse_shape(call, &reader);
	else if (read_key(call, kind, extension, &key) &&
		 read_new(call, &reader, extension, &shape))
		make(call, kind, &shape, key);
}

/* --- update ------------------------------------------------------------------------------- */

static bool read_aliases(struct call *call, struct shape_reader *reader, struct str extension,
			 struct shape *shape)
{
	if (!extension.ptr && call->unknowns->no_extension == NO_EXTENSION_KEEPS)
		shape_keep_aliases(shape, reader->resource);
	else if (!shape_read_aliases(reader, text_find(extension, "aliases"), shape))
		return refuse_shape(call, reader);
	return true;
}

static bool is_empty_list(struct str array)
{
	struct str rest = text_inside(array), value;

	return text_type(array) == TEXT_ARRAY && !text_element(&rest, &value);
}

static bool read_delegates(struct call *call, struct shape_reader *reader, struct str extension,
			   struct shape *shape)
{
	struct str array = shape_delegates_text(reader->kind, shape->text, extension);
	bool keeps;

	/* Members do not go away by a PUT that names none. */
	if (reader->kind == GROUP)
		keeps = text_type(array) == TEXT_NULL || is_empty_list(array);
	else
		keeps = !extension.ptr && call->unknowns->no_extension == NO_EXTENSION_KEEPS;
	if (keeps)
		shape_keep_delegates(shape, reader->resource);
	else if (!shape_read_delegates(reader, array, shape))
		return refuse_shape(call, reader);
	return true;
}

static bool read_update(struct call *call, struct shape_reader *reader, struct str extension,
			struct shape *shape)
{
	const struct resource *resource = reader->resource;

	if (!shape_read_primary(reader, shape->text, shape) ||
	    !shape_read_active(reader, shape->text, shape))
		return refuse_shape(call, reader);
	if (!read_aliases(call, reader, extension, shape) ||
	    !read_delegates(call, reader, extension, shape) ||
	    !rules_allow(call, reader->kind, resource, shape))
		return false;
	if (shape->primary != resource->primary &&
	    call->unknowns->old_primary == OLD_PRIMARY_ALIAS &&
	    !aliases_have(&shape->aliases, resource->primary))
		*vec_push(&shape->aliases) = resource->primary;
	return true;
}

static void change(struct call *call, struct resource *resource, struct shape *shape,
		   struct str key)
{
	bool keyless_harms = shape->active || call->unknowns->keyless_suspend == KEYLESS_BREAKS;

	if (key.len > 0)
		state_set_key(resource, key);
	else if (resource->has_key && keyless_harms)
		state_break(resource);
	state_change(call->state, resource, shape);
	call->answer.changed = true;
}

void service_put(struct call *call, struct resource *resource)
{
	struct shape_reader reader = {call->state, SHAPE_SENT, resource->kind, resource,
				      &call->arena};
	CLEANUP(shape_release) struct shape shape = {.primary = NULL};
	struct str extension, key;

	if (!read_body(call, &shape.text))
		return;
	if (resource->kind == GROUP && is_empty_list(text_find(shape.text, "members")) &&
	    call->unknowns->empty_members == EMPTY_MEMBERS_NOTHING) {
		answer_text(call, 200, resource->text);
		return;
	}
	if (!shape_extension(&reader, shape.text, &extension)) {
		refuse_shape(call, &reader);
		return;
	}
	if (!read_key(call, resource->kind, extension, &key) ||
	    !read_update(call, &reader, extension, &shape))
		return;
	change(call, resource, &shape, key);
	answer_text(call, 200, resource->text);
}

/* --- members ------------------------------------------------------------------------------ */

static bool is_operation(struct str op, const char *name)
{
	return op.len == str_of(name).len && strncasecmp(op.ptr, name, op.len) == 0;
}

/* What the members are after this operation. */
static bool operate(struct call *call, struct shape_reader *reader, struct str operation,
		    struct shape *shape)
{
	struct str op = text_find_string(operation, "op", &call->arena);
	struct str path = text_find_string(operation, "path", &call->arena);
	struct str value = text_find(operation, "value");

	if (!str_is(path, "members"))
		return refuse(call, 400, "The path of an operation must be members");
	shape->delegates.count = 0;
	if (is_operation(op, "remove") && !value.ptr)
		return true;
	if (!is_operation(op, "replace") || text_type(value) != TEXT_ARRAY)
		return refuse(call, 400,
			      "An operation must be remove, or replace with a list as value");
	return shape_read_delegates(reader, value, shape) || refuse_shape(call, reader);
}

void service_patch(struct call *call, struct resource *resource)
{
	struct shape_reader reader = {call->state, SHAPE_SENT, resource->kind, resource,
				      &call->arena};
	CLEANUP(shape_release) struct shape shape = {.primary = resource->primary};
	struct str body, operations, rest, operation;

	if (!read_body(call, &body))
		return;
	operations = text_find(body, "Operations");
	if (text_type(operations) != TEXT_ARRAY || is_empty_list(operations)) {
		refuse(call, 400, "Operations must be a list of them");
		return;
	}
	rest = text_inside(operations);
	while (text_element(&rest, &operation)) {
		if (!operate(call, &reader, operation, &shape))
			return;
	}
	shape.text = resource->text;
	shape_keep_aliases(&shape, resource);
	state_change(call->state, resource, &shape);
	call->answer.changed = true;
	if (call->unknowns->patch_answer == PATCH_EMPTY)
		call->answer.status = 204;
	else
		answer_text(call, 200, resource->text);
}

void service_delete(struct call *call, struct resource *resource)
{
	state_delete(call->state, resource);
	call->answer.changed = true;
	call->answer.status = 204;
}
