#include "scim.h"

#include "json_view.h"

#include "address.h"

#include <stdlib.h>
#include <string.h>

const struct scim_wire scim_wires[KIND_COUNT] = {
	[KIND_USER] = {"User", "userName", "urn:ietf:params:scim:schemas:core:2.0:User",
		       "urn:ietf:params:scim:schemas:zivver:0.1:User"},
	[KIND_FUNCTIONAL] = {"Group", "externalId",
			     "urn:ietf:params:scim:schemas:core:2.0:Group",
			     "urn:ietf:params:scim:schemas:zivver:0.1:Group"},
};

void scim_reader_release(struct scim_reader *reader)
{
	arena_release(&reader->scratch);
	free(reader->list.items);
	*reader = (struct scim_reader){.names = NULL};
}

unsigned scim_attributes(enum account_kind kind)
{
	unsigned attributes = ATTR_ADDRESS | ATTR_NAME | ATTR_ALIASES | ATTR_DELEGATES |
			      ATTR_UNIT | ATTR_ACTIVE;

	return kind == KIND_USER ? attributes | ATTR_MOBILE : attributes;
}

bool scim_id_valid(struct str id)
{
	if (id.len == 0 || id.len > 64)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'))
			return false;
	}
	return true;
}

/* --- reading ---------------------------------------------------------------------------- */

struct reading {
	struct scim_reader *reader;
	struct arena *sets;
	struct account *account;
	struct err *err;
};

static int wrong_type(struct reading *r, const char *member, const char *wanted)
{
	return err_set(r->err, ERR_FAILED, "\"%s\" must be %s", member, wanted);
}

/* A text, or nothing: null and "" leave *out as it is. */
static int read_text(struct reading *r, const char *member, struct str value,
		     const struct sym **out)
{
	struct str text;

	if (json_view_null(value))
		return 0;
	if (!json_view_str(&r->reader->scratch, value, &text))
		return wrong_type(r, member, "a text");
	if (text.len > 0)
		*out = sym_get(r->reader->names, text);
	return 0;
}

static int read_id(struct reading *r, struct str value)
{
	struct str id;

	if (!json_view_str(&r->reader->scratch, value, &id) || !scim_id_valid(id))
		return wrong_type(r, "id",
				  "1 to 64 letters, digits, dots, dashes and underscores");
	r->account->id = sym_get(r->reader->names, id);
	return 0;
}

/* NULL with the reason in reader->problem. */
static const struct sym *to_address(struct reading *r, struct str text)
{
	struct str address;

	if (address_normalize(&r->reader->scratch, text, &address, &r->reader->problem))
		return NULL;
	return sym_get(r->reader->names, address);
}

static int read_address(struct reading *r, const char *member, struct str value)
{
	struct str text;

	if (!json_view_str(&r->reader->scratch, value, &text))
		return wrong_type(r, member, "a text");
	r->account->address = to_address(r, text);
	if (!r->account->address)
		return err_set(r->err, ERR_FAILED, "\"%s\" is no e-mail address: %s", member,
			       r->reader->problem.text);
	return 0;
}

static int read_unit(struct reading *r, struct str extension)
{
	struct str value = json_view_member(extension, &r->reader->scratch, "division");
	const struct sym *unit = NULL;

	if (!json_view_null(extension) && extension.ptr[0] != '{')
		return wrong_type(r, SCIM_ENTERPRISE, "an object");
	if (value.ptr && read_text(r, "division", value, &unit))
		return -1;
	if (unit && !str_is(sym_str(unit), "/"))
		r->account->unit = unit;
	return 0;
}

/* {"formatted": "Jane Doe"} */
static int read_name(struct reading *r, struct str value)
{
	struct str formatted;

	if (json_view_null(value))
		return 0;
	if (value.ptr[0] != '{')
		return wrong_type(r, "name", "an object");
	formatted = json_view_member(value, &r->reader->scratch, "formatted");
	if (!formatted.ptr)
		return 0;
	return read_text(r, "name.formatted", formatted, &r->account->name);
}

/* Lists of objects with a "value": the first phone number counts, every member does. */
static int read_values(struct reading *r, const char *member, struct str value,
		       void (*each)(struct reading *r, const struct sym *text))
{
	struct json_walk walk;
	struct str element;

	if (json_view_null(value))
		return 0;
	if (!json_walk_array(&walk, value))
		return wrong_type(r, member, "a list");
	while (json_walk_element(&walk, &element)) {
		const struct sym *text = NULL;
		struct str inner;

		if (element.ptr[0] != '{')
			return wrong_type(r, member, "a list of objects");
		inner = json_view_member(element, &r->reader->scratch, "value");
		if (inner.ptr && read_text(r, "value", inner, &text))
			return -1;
		if (text)
			each(r, text);
	}
	return 0;
}

static void take_mobile(struct reading *r, const struct sym *text)
{
	if (!r->account->mobile)
		r->account->mobile = text;
}

static void take_in_list(struct reading *r, const struct sym *text)
{
	*vec_push(&r->reader->list) = text;
}

/* The addresses of a list, in r->reader->list; what is none is left out when `lenient`. */
static int read_addresses(struct reading *r, const char *member, struct str value, bool lenient)
{
	struct json_walk walk;
	struct str element, text;

	r->reader->list.count = 0;
	if (json_view_null(value))
		return 0;
	if (!json_walk_array(&walk, value))
		return wrong_type(r, member, "a list");
	while (json_walk_element(&walk, &element)) {
		const struct sym *address;

		if (!json_view_str(&r->reader->scratch, element, &text))
			return wrong_type(r, member, "a list of texts");
		address = to_address(r, text);
		if (address)
			take_in_list(r, address);
		else if (!lenient)
			return err_set(r->err, ERR_FAILED,
				       "\"%s\": '%.*s' is no e-mail address: %s", member,
				       text.len > 80 ? 80 : (int)text.len, text.ptr,
				       r->reader->problem.text);
	}
	return 0;
}

static void keep_aliases(struct reading *r)
{
	struct set *aliases = &r->account->aliases;
	size_t count = r->reader->list.count;

	if (count == 0)
		return;
	aliases->items = arena_array(r->sets, const struct sym *, count);
	for (size_t i = 0; i < count; i++)
		aliases->items[i] = r->reader->list.items[i];
	aliases->count = set_sort(aliases->items, (uint32_t)count);
}

static void keep_delegates(struct reading *r)
{
	struct delegates *delegates = &r->account->delegates;
	size_t count = r->reader->list.count;

	if (count == 0)
		return;
	delegates->items = arena_array(r->sets, struct delegate, count);
	for (size_t i = 0; i < count; i++)
		delegates->items[i].address = r->reader->list.items[i];
	delegates->count = (uint32_t)count;
}

static int read_extension(struct reading *r, enum account_kind kind, struct str extension)
{
	struct json_walk walk;
	struct str key, value;

	if (json_view_null(extension))
		return 0;
	if (!json_walk_object(&walk, extension))
		return wrong_type(r, scim_wires[kind].extension, "an object");
	while (json_walk_member(&walk, &r->reader->scratch, &key, &value)) {
		if (str_eq(key, STR("aliases"))) {
			if (read_addresses(r, "aliases", value, false))
				return -1;
			keep_aliases(r);
		} else if (kind == KIND_USER && str_eq(key, STR("delegates"))) {
			if (read_addresses(r, "delegates", value, true))
				return -1;
			keep_delegates(r);
		} else if (str_eq(key, STR("ExternalAccountId"))) {
			if (read_text(r, "ExternalAccountId", value, &r->account->external_id))
				return -1;
		}
	}
	return 0;
}

static int read_member(struct reading *r, enum account_kind kind, struct str key,
		       struct str value)
{
	bool user = kind == KIND_USER;

	if (str_eq(key, STR("id")))
		return read_id(r, value);
	if (str_is(key, scim_wires[kind].address))
		return read_address(r, scim_wires[kind].address, value);
	if (str_is(key, scim_wires[kind].extension))
		return read_extension(r, kind, value);
	if (str_eq(key, STR(SCIM_ENTERPRISE)))
		return read_unit(r, value);
	if (user && str_eq(key, STR("name")))
		return read_name(r, value);
	if (user && str_eq(key, STR("active")))
		return json_view_bool(value, &r->account->active)
			       ? 0
			       : wrong_type(r, "active", "true or false");
	if (user && str_eq(key, STR("phoneNumbers")))
		return read_values(r, "phoneNumbers", value, take_mobile);
	if (!user && str_eq(key, STR("displayName")))
		return read_text(r, "displayName", value, &r->account->name);
	if (!user && str_eq(key, STR("members"))) {
		r->reader->list.count = 0;
		if (read_values(r, "members", value, take_in_list))
			return -1;
		keep_delegates(r);
	}
	return 0;
}

/* What can only be said once the whole resource is read. */
static void leave_out_itself(struct account *account)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < account->aliases.count; i++) {
		if (account->aliases.items[i] != account->address)
			account->aliases.items[kept++] = account->aliases.items[i];
	}
	account->aliases.count = kept;
	kept = 0;
	for (uint32_t i = 0; i < account->delegates.count; i++) {
		if (account->delegates.items[i].address != account->id)
			account->delegates.items[kept++] = account->delegates.items[i];
	}
	account->delegates.count = kept;
}

/* Every text that is no key may be looked up. */
static void expect_symbols(const struct scim_reader *reader, struct str resource)
{
	const char *at = resource.ptr, *end = at + resource.len;
	struct str texts[SYM_EXPECT_MAX];
	size_t count = 0;

	while (count < SYM_EXPECT_MAX && (at = memchr(at, '"', (size_t)(end - at)))) {
		const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));

		if (!close || close[-1] == '\\')
			break;
		if (close + 1 < end && close[1] != ':')
			texts[count++] = (struct str){at + 1, (size_t)(close - at) - 1};
		at = close + 1;
	}
	sym_expect(reader->names, texts, count);
}

int scim_read(struct scim_reader *reader, enum account_kind kind, struct str resource,
	      struct arena *sets, struct account *account, struct err *err)
{
	struct account read = {.kind = (uint8_t)kind, .active = kind == KIND_USER};
	struct reading r = {reader, sets, &read, err};
	struct json_walk walk;
	struct str key, value;

	arena_reset(&reader->scratch);
	if (json_check(resource, err))
		return -1;
	if (!json_walk_object(&walk, resource))
		return err_set(err, ERR_FAILED, "a resource must be an object");
	expect_symbols(reader, resource);
	while (json_walk_member(&walk, &reader->scratch, &key, &value)) {
		if (read_member(&r, kind, key, value))
			return -1;
	}
	if (!read.id)
		return err_set(err, ERR_FAILED, "this %s has no \"id\"",
			       scim_wires[kind].resource);
	if (!read.address)
		return err_set(err, ERR_FAILED, "this %s has no \"%s\"",
			       scim_wires[kind].resource, scim_wires[kind].address);
	leave_out_itself(&read);
	read.has = (uint8_t)scim_attributes(kind);
	*account = read;
	return 0;
}

void scim_link(struct account *account, scim_find_user *find, void *context)
{
	struct delegates *delegates = &account->delegates;
	bool by_id = account->kind == KIND_FUNCTIONAL;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < delegates->count; i++) {
		const struct sym *user = find(context, delegates->items[i].address, by_id);

		if (user)
			delegates->items[kept++] = (struct delegate){.address = user};
	}
	delegates->count = delegates_sort(delegates->items, kept);
	if (by_id)
		account->active = delegates->count > 0;
}
