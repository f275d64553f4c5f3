/* What may be written in a zsctl_accounts file. */
#include "address.h"
#include "declared_parts.h"
#include "json_schema.h"

/* --- parsers ------------------------------------------------------------------------------ */

struct str declared_group_name(const struct sym *group)
{
	struct str text = sym_str(group);

	return (struct str){text.ptr + strlen(GROUP_PREFIX), text.len - strlen(GROUP_PREFIX)};
}

const struct sym *declared_group_sym(struct declared_names *names, struct str name)
{
	buf_clear(&names->text);
	buf_puts(&names->text, GROUP_PREFIX);
	buf_add(&names->text, name);
	return sym_get(names->pool, buf_str(&names->text));
}

static void locate(struct located *out, const struct sym *sym, const struct node *node)
{
	*out = (struct located){sym, node->line, node->column};
}

static int parse_any_address(struct field_walk *walk, const struct node *node,
			     struct located *out)
{
	struct declared_names *names = walk->context;
	struct str address;

	arena_reset(&names->scratch);
	if (address_normalize(&names->scratch, node->text, &address, &names->err))
		return field_error(walk, node, "'%.*s' cannot be an address: %s",
				   STR_FMT(field_cut(node->text)), names->err.text);
	locate(out, sym_get(names->pool, address), node);
	return 0;
}

static int parse_address(struct field_walk *walk, const struct field *field,
			 const struct node *node, void *out)
{
	(void)field;
	if (str_starts(node->text, GROUP_PREFIX))
		return field_error(walk, node,
				   "'%.*s': a group can only stand in a list of delegates",
				   STR_FMT(field_cut(node->text)));
	return parse_any_address(walk, node, out);
}

static int parse_member(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out)
{
	(void)field;
	if (str_starts(node->text, GROUP_PREFIX))
		return field_error(walk, node,
				   "'%.*s': a group holds addresses only, no other groups",
				   STR_FMT(field_cut(node->text)));
	return parse_any_address(walk, node, out);
}

static int parse_group_name(struct field_walk *walk, const struct field *field,
			    const struct node *node, void *out)
{
	(void)field;
	if (node->text.len == 0)
		return field_error(walk, node, "the name of the group is missing");
	locate(out, declared_group_sym(walk->context, node->text), node);
	return 0;
}

static int parse_delegate(struct field_walk *walk, const struct field *field,
			  const struct node *node, void *out)
{
	struct written_delegate *delegate =
		(void *)((char *)out - offsetof(struct written_delegate, who));
	struct node name = *node;

	(void)field;
	if (!str_starts(node->text, GROUP_PREFIX))
		return parse_any_address(walk, node, &delegate->who);
	name.text.ptr += strlen(GROUP_PREFIX);
	name.text.len -= strlen(GROUP_PREFIX);
	return parse_group_name(walk, field, &name, &delegate->group);
}

static int parse_mobile(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out)
{
	struct declared_names *names = walk->context;

	(void)field;
	if (!mobile_valid(node->text))
		return field_error(
			walk, node,
			"'%.*s' is no mobile number in E.164 form: + and 7 to 15 digits, "
			"country code first, as in \"+31612345678\"",
			STR_FMT(field_cut(node->text)));
	*(const struct sym **)out = sym_get(names->pool, node->text);
	return 0;
}

/* --- tables ------------------------------------------------------------------------------- */

#define ADDRESS_FORM "an e-mail address"
#define ADDRESS_PATTERN "^[^@\\s]+@[^@\\s]+$"
#define DELEGATE_FORM "an e-mail address or group:NAME"
#define DELEGATE_PATTERN "^(group:.+|[^@\\s]+@[^@\\s]+)$"

static const struct field alias_item = {
	.type = FIELD_VALUE,
	.parse = parse_address,
	.form = ADDRESS_FORM,
	.pattern = ADDRESS_PATTERN,
	.help = "another address of the account",
};

static const struct field delegate_fields[] = {
	{.name = "address",
	 .type = FIELD_VALUE,
	 .offset = offsetof(struct written_delegate, who),
	 .has = ATTR_ADDRESS,
	 .parse = parse_delegate,
	 .form = DELEGATE_FORM,
	 .pattern = DELEGATE_PATTERN,
	 .example = "jane@example.org",
	 .help = "who may open the account"},
	{.name = "group",
	 .type = FIELD_VALUE,
	 .offset = offsetof(struct written_delegate, group),
	 .has = HAS_GROUP,
	 .parse = parse_group_name,
	 .form = "the name of a group",
	 .example = "frontdesk",
	 .help = "all members of this group, in place of one address"},
	{.name = "until",
	 .type = FIELD_DATE,
	 .offset = offsetof(struct written_delegate, until),
	 .has = HAS_UNTIL,
	 .example = "2026-12-31",
	 .help = "last day of the access, UTC"},
	{.name = "why",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct written_delegate, why),
	 .example = "TOPdesk W2611-0431",
	 .help = "the reason, as plans and the record show it"},
	{.name = NULL},
};
static const struct field_table delegate_table = {
	.what = "a delegate",
	.fields = delegate_fields,
	.size = sizeof(struct written_delegate),
	.position = FIELD_PLACE(struct written_delegate, position),
	.has = FIELD_PLACE(struct written_delegate, has),
	.shorthand = "address",
};
static const struct field delegate_item = {
	.type = FIELD_MAP,
	.table = &delegate_table,
	.help = "an account with full access, or a group of them",
};

/* The rows that both kinds have; the order is that of the files zsctl writes. */
#define ROW_ADDRESS                                                                           \
	{                                                                                     \
		.name = "address", .type = FIELD_VALUE,                                       \
		.offset = offsetof(struct written_account, address), .flags = FIELD_REQUIRED, \
		.has = ATTR_ADDRESS, .parse = parse_address, .form = ADDRESS_FORM,            \
		.pattern = ADDRESS_PATTERN, .example = "jane@example.org",                    \
		.help = "the primary address"                                                 \
	}
#define ROW_ID                                                                            \
	{                                                                                 \
		.name = "id", .type = FIELD_TEXT, .flags = FIELD_NUMBERS,                 \
		.offset = offsetof(struct written_account, id), .has = HAS_ID,            \
		.example = "4711",                                                        \
		.help = "an identifier that never changes: lets the address change later" \
	}
#define ROW_WAS                                                                           \
	{                                                                                 \
		.name = "was", .type = FIELD_VALUE,                                       \
		.offset = offsetof(struct written_account, was), .has = HAS_WAS,          \
		.parse = parse_address, .form = ADDRESS_FORM, .pattern = ADDRESS_PATTERN, \
		.example = "j.smith@example.org",                                         \
		.help = "the address before this change, for an account without id"       \
	}
#define ROW_NAME                                                                           \
	{                                                                                  \
		.name = "name", .type = FIELD_TEXT,                                        \
		.offset = offsetof(struct written_account, name), .has = ATTR_NAME,        \
		.example = "Jane Doe",                                                     \
		.help = "the display name; needed where no other source lists the account" \
	}
#define ROW_ALIASES                                                                            \
	{                                                                                      \
		.name = "aliases", .type = FIELD_LIST,                                         \
		.offset = offsetof(struct written_account, aliases),                           \
		.also = FIELD_PLACE(struct written_account, alias_count), .has = ATTR_ALIASES, \
		.item = &alias_item, .item_size = sizeof(struct located),                      \
		.form = "a list of addresses", .example = "[j.doe@example.org]",               \
		.help = "its other addresses; absent: not managed, []: none"                   \
	}
#define ROW_DELEGATES                                                                        \
	{                                                                                    \
		.name = "delegates", .type = FIELD_LIST,                                     \
		.offset = offsetof(struct written_account, delegates),                       \
		.also = FIELD_PLACE(struct written_account, delegate_count),                 \
		.has = ATTR_DELEGATES, .item = &delegate_item,                               \
		.item_size = sizeof(struct written_delegate), .form = "a list of delegates", \
		.example = "[bob@example.org]",                                              \
		.help = "who may open the account; absent: not managed, []: nobody"          \
	}
#define ROW_UNIT                                                                    \
	{                                                                           \
		.name = "unit", .type = FIELD_TEXT,                                 \
		.offset = offsetof(struct written_account, unit), .has = ATTR_UNIT, \
		.example = "Cardiology",                                            \
		.help = "the organisational unit's identifier; /: none"             \
	}
#define ROW_ACTIVE                                                                      \
	{                                                                               \
		.name = "active", .type = FIELD_BOOL,                                   \
		.offset = offsetof(struct written_account, active), .has = ATTR_ACTIVE, \
		.otherwise = "true", .help = "false: suspended, but still listed"       \
	}
#define ROW_UNTIL                                                                    \
	{                                                                            \
		.name = "until", .type = FIELD_DATE,                                 \
		.offset = offsetof(struct written_account, until), .has = HAS_UNTIL, \
		.example = "2027-01-31",                                             \
		.help = "the last day, UTC; then it counts as inactive"              \
	}

static const struct field user_fields[] = {
	ROW_ADDRESS,
	ROW_ID,
	ROW_WAS,
	ROW_NAME,
	ROW_ALIASES,
	ROW_DELEGATES,
	{.name = "mobile",
	 .type = FIELD_VALUE,
	 .flags = FIELD_NUMBERS,
	 .offset = offsetof(struct written_account, mobile),
	 .has = ATTR_MOBILE,
	 .parse = parse_mobile,
	 .form = "a mobile number like \"+31612345678\"",
	 .pattern = "^\\+[1-9][0-9]{6,14}$",
	 .example = "\"+31612345678\"",
	 .help = "the mobile number in E.164 form"},
	ROW_UNIT,
	{.name = "sso_key",
	 .type = FIELD_SECRET,
	 .offset = offsetof(struct written_account, key),
	 .has = ATTR_KEY,
	 .example = "{file: keys/jane}",
	 .help = "where the account key for single sign-on lies"},
	ROW_ACTIVE,
	ROW_UNTIL,
	{.name = NULL},
};
static const struct field_table user_table = {
	.what = "a user",
	.fields = user_fields,
	.size = sizeof(struct written_account),
	.position = FIELD_PLACE(struct written_account, position),
	.has = FIELD_PLACE(struct written_account, has),
	.help = "A person who signs in.",
};
static const struct field user_item = {
	.type = FIELD_MAP,
	.table = &user_table,
	.help = "a person who signs in",
};

static const struct field functional_fields[] = {
	ROW_ADDRESS,   ROW_ID,   ROW_WAS,    ROW_NAME,  ROW_ALIASES,
	ROW_DELEGATES, ROW_UNIT, ROW_ACTIVE, ROW_UNTIL, {.name = NULL},
};
static const struct field_table functional_table = {
	.what = "a functional account",
	.fields = functional_fields,
	.size = sizeof(struct written_account),
	.position = FIELD_PLACE(struct written_account, position),
	.has = FIELD_PLACE(struct written_account, has),
	.help = "A shared account, open to its delegates only.",
};
static const struct field functional_item = {
	.type = FIELD_MAP,
	.table = &functional_table,
	.help = "a shared account",
};

static const struct field member_item = {
	.type = FIELD_VALUE,
	.parse = parse_member,
	.form = ADDRESS_FORM,
	.pattern = ADDRESS_PATTERN,
	.help = "a member",
};
static const struct field group_item = {
	.type = FIELD_LIST,
	.offset = offsetof(struct written_group, members),
	.also = FIELD_PLACE(struct written_group, member_count),
	.item = &member_item,
	.item_size = sizeof(struct located),
	.form = "a list of addresses",
	.help = "the members' addresses",
};

static const struct field file_fields[] = {
	{.name = "zsctl_accounts",
	 .type = FIELD_VERSION,
	 .offset = offsetof(struct written_file, version),
	 .flags = FIELD_REQUIRED,
	 .max = 1,
	 .help = "the format's number"},
	{.name = "users",
	 .type = FIELD_LIST,
	 .offset = offsetof(struct written_file, users),
	 .also = FIELD_PLACE(struct written_file, user_count),
	 .item = &user_item,
	 .item_size = sizeof(struct written_account),
	 .form = "a list of users",
	 .help = "people"},
	{.name = "functional",
	 .type = FIELD_LIST,
	 .offset = offsetof(struct written_file, functional),
	 .also = FIELD_PLACE(struct written_file, functional_count),
	 .item = &functional_item,
	 .item_size = sizeof(struct written_account),
	 .form = "a list of functional accounts",
	 .help = "shared accounts"},
	{.name = "groups",
	 .type = FIELD_NAMED,
	 .offset = offsetof(struct written_file, groups),
	 .also = FIELD_PLACE(struct written_file, group_count),
	 .item = &group_item,
	 .item_size = sizeof(struct written_group),
	 .key_offset = offsetof(struct written_group, name),
	 .form = "a map of groups",
	 .example = "{frontdesk: [jane@example.org, kim@example.org]}",
	 .help = "lists of addresses that delegates can name as group:NAME, in any file of the "
		 "source"},
	{.name = NULL},
};
const struct field_table declared_file_table = {
	.what = "a file of declared accounts",
	.fields = file_fields,
	.size = sizeof(struct written_file),
};
const struct field *const declared_items[KIND_COUNT] = {&user_item, &functional_item};
const struct field *const declared_group = &group_item;

void declared_json_schema(struct buf *out)
{
	json_schema_write(out, &declared_file_table, "zsctl: declared accounts");
}

void declared_reference(struct buf *out)
{
	field_reference(out, &declared_file_table);
}
