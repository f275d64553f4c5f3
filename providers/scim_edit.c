/*
 * Making resources. New values are JSON texts in the scratch arena; the edits then go over the old
 * text once, innermost objects first.
 */
#include "scim.h"

#include "json_view.h"

enum { EDITS_MAX = 10 };

struct editing {
	enum account_kind kind;
	struct str resource;
	struct arena *scratch;
	const struct scim_change *change;
	struct json_edit edits[EDITS_MAX];
	size_t count;
};

static void add_edit(struct editing *e, const char *key, struct str value)
{
	e->edits[e->count++] = (struct json_edit){key, value};
}

static struct str keep(struct editing *e, struct buf *buf)
{
	struct str kept = arena_str(e->scratch, buf_str(buf));

	buf_release(buf);
	return kept;
}

static struct str text_value(struct editing *e, struct str text)
{
	struct buf out = BUF_INIT;

	json_add_string(&out, text);
	return keep(e, &out);
}

static struct str list_value(struct editing *e, const struct sym *const *items, size_t count)
{
	struct buf out = BUF_INIT;

	buf_char(&out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(&out, ',');
		json_add_string(&out, sym_str(items[i]));
	}
	buf_char(&out, ']');
	return keep(e, &out);
}

static struct str members_value(struct editing *e)
{
	struct buf out = BUF_INIT;

	buf_char(&out, '[');
	for (size_t i = 0; i < e->change->delegate_count; i++) {
		buf_puts(&out, i > 0 ? ",{\"value\":" : "{\"value\":");
		json_add_string(&out, sym_str(e->change->delegates[i]));
		buf_char(&out, '}');
	}
	buf_char(&out, ']');
	return keep(e, &out);
}

/* The object under `key` of the resource, with members of its own edited. */
static struct str inner_value(struct editing *e, const char *key, const struct json_edit *edits,
			      size_t count)
{
	struct str object = json_view_member(e->resource, e->scratch, key);
	struct buf out = BUF_INIT;

	json_edit_object(&out, object, e->scratch, edits, count);
	return keep(e, &out);
}

/* The first number is the account's; others, and what else is said of it, stay. */
static struct str phones_value(struct editing *e, const struct sym *mobile)
{
	struct str old = json_view_member(e->resource, e->scratch, "phoneNumbers");
	struct str element = STR_NONE;
	struct json_edit edit = {"value", STR_NONE};
	struct buf out = BUF_INIT;
	struct json_walk walk;

	if (!mobile)
		return STR("[]");
	edit.value = text_value(e, sym_str(mobile));
	buf_char(&out, '[');
	if (!json_walk_array(&walk, old) || !json_walk_element(&walk, &element))
		walk.at = walk.end = NULL;
	json_edit_object(&out, element, e->scratch, &edit, 1);
	while (walk.at && json_walk_element(&walk, &element)) {
		buf_char(&out, ',');
		json_add_compact(&out, element);
	}
	buf_char(&out, ']');
	return keep(e, &out);
}

static void edit_extension(struct editing *e)
{
	const struct scim_change *change = e->change;
	const char *key = scim_wires[e->kind].extension;
	struct json_edit edits[4];
	size_t count = 0;

	if (change->set & ATTR_ALIASES)
		edits[count++] = (struct json_edit){"aliases",
						    list_value(e, change->wanted->aliases.items,
							       change->wanted->aliases.count)};
	else if (change->create)
		edits[count++] = (struct json_edit){"aliases", STR("[]")};
	if (e->kind == KIND_USER && (change->set & ATTR_DELEGATES || change->create))
		edits[count++] = (struct json_edit){
			"delegates",
			list_value(e, change->delegates,
				   change->set & ATTR_DELEGATES ? change->delegate_count : 0)};
	if (change->create && change->wanted->external_id)
		edits[count++] =
			(struct json_edit){"ExternalAccountId",
					   text_value(e, sym_str(change->wanted->external_id))};
	if (count > 0)
		add_edit(e, key, inner_value(e, key, edits, count));
}

static void edit_unit(struct editing *e)
{
	const struct sym *unit = e->change->set & ATTR_UNIT ? e->change->wanted->unit : NULL;
	struct json_edit edit = {"division", text_value(e, unit ? sym_str(unit) : STR("/"))};

	add_edit(e, SCIM_ENTERPRISE, inner_value(e, SCIM_ENTERPRISE, &edit, 1));
}

static void edit_name(struct editing *e)
{
	struct json_edit edit = {"formatted", text_value(e, sym_str(e->change->wanted->name))};

	if (e->kind == KIND_USER)
		add_edit(e, "name", inner_value(e, "name", &edit, 1));
	else
		add_edit(e, "displayName", edit.value);
}

static void add_meta(struct editing *e)
{
	const struct scim_change *change = e->change;
	const struct scim_wire *wire = &scim_wires[e->kind];
	struct buf out = BUF_INIT;
	struct json_writer w = {.out = &out};

	if (change->id.len > 0) {
		struct str location = arena_strf(e->scratch, "/scim/v2/%ss/%.*s",
						 wire->resource, STR_FMT(change->id));

		json_begin_object(&w, NULL);
		json_str(&w, "created", change->created);
		json_str(&w, "location", location);
		json_str(&w, "resourceType", str_of(wire->resource));
		json_end_object(&w);
		add_edit(e, "meta", keep(e, &out));
	}
	w = (struct json_writer){.out = &out};
	json_begin_array(&w, NULL);
	json_str(&w, NULL, str_of(wire->schema));
	json_str(&w, NULL, STR(SCIM_ENTERPRISE));
	json_str(&w, NULL, str_of(wire->extension));
	json_end_array(&w);
	add_edit(e, "schemas", keep(e, &out));
}

void scim_edit(struct buf *out, enum account_kind kind, struct str resource,
	       struct arena *scratch, const struct scim_change *change)
{
	const struct account *wanted = change->wanted;
	struct editing e = {kind, resource, scratch, change, {{NULL, STR_NONE}}, 0};

	if (change->create && change->id.len > 0)
		add_edit(&e, "id", text_value(&e, change->id));
	if (change->set & ATTR_ADDRESS)
		add_edit(&e, scim_wires[kind].address,
			 text_value(&e, sym_str(wanted->address)));
	if (change->set & ATTR_NAME)
		edit_name(&e);
	if (kind == KIND_USER && change->set & ATTR_ACTIVE)
		add_edit(&e, "active", wanted->active ? STR("true") : STR("false"));
	if (kind == KIND_USER && change->set & ATTR_MOBILE)
		add_edit(&e, "phoneNumbers", phones_value(&e, wanted->mobile));
	if (kind == KIND_FUNCTIONAL && (change->set & ATTR_DELEGATES || change->create))
		add_edit(&e, "members",
			 change->set & ATTR_DELEGATES ? members_value(&e) : STR("[]"));
	if (change->create)
		add_meta(&e);
	if (change->set & ATTR_UNIT || change->create)
		edit_unit(&e);
	edit_extension(&e);
	json_edit_object(out, resource, scratch, e.edits, e.count);
}
