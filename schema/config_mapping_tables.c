/* What may be written about entries with attributes; see config_mapping.h. */
#include "config_tables.h"
#include "dn.h"
#include "fold.h"
#include "search_filter.h"

#include <string.h>

const char *const map_key_names[MAP_KEYS] = {
	"address", "name", "aliases", "delegates", "mobile", "sso_key", "active", "until", "id",
};

const char *const rule_test_names[RULE_TESTS] = {
	"values", "prefix", "under", "matches", "members_of",
};

/* --- forms of their own ------------------------------------------------------------------- */

/* A finding at a byte of the text: exact where the text stands in one line without escapes. */
static int error_within(struct field_walk *walk, const struct node *node, size_t at,
			const char *message)
{
	struct node place = *node;

	place.column += !node->plain;
	for (size_t i = 0; i < at && i < node->text.len; i++)
		place.column += ((unsigned char)node->text.ptr[i] & 0xC0) != 0x80;
	return field_error(walk, &place, "%s", message);
}

static int parse_template(struct field_walk *walk, const struct field *field,
			  const struct node *node, void *out)
{
	struct err err = ERR_INIT;
	size_t at = 0;

	(void)field;
	if (str_is(node->text, "none"))
		return 0; /* without parts */
	if (template_parse(walk->arena, node->text, out, &at, &err) < 0)
		return error_within(walk, node, at, err.text);
	return 0;
}

static int parse_folded(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out)
{
	(void)field;
	*(struct str *)out = fold_text(walk->arena, node->text);
	return 0;
}

static int parse_dn(struct field_walk *walk, const struct field *field, const struct node *node,
		    void *out)
{
	struct err err = ERR_INIT;
	size_t at = 0;

	(void)field;
	if (dn_normalize(walk->arena, node->text, out, &at, &err) < 0)
		return error_within(walk, node, at, err.text);
	return 0;
}

/* --- include and exclude ------------------------------------------------------------------ */

static const struct field folded_item = {.type = FIELD_VALUE,
					 .flags = FIELD_NUMBERS,
					 .parse = parse_folded,
					 .form = "a text",
					 .help = "a text"};
static const struct field dn_item = {.type = FIELD_VALUE,
				     .max = DN_MAX,
				     .parse = parse_dn,
				     .form = "a distinguished name",
				     .help = "a distinguished name"};
static const struct field group_item = {.type = FIELD_TEXT, .max = DN_MAX, .help = "a group"};

#define TEST(test, texts_item, texts_form)                                                 \
	.type = FIELD_LIST, .flags = FIELD_ALONE, .has = 1u << (test),                     \
	.offset = offsetof(struct config_rule, texts[test].items),                         \
	.also = FIELD_PLACE(struct config_rule, texts[test].count), .item = &(texts_item), \
	.item_size = sizeof(struct str), .form = (texts_form)

static const struct field rule_fields[] = {
	{.name = "attribute",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct config_rule, attribute),
	 .example = "department",
	 .help = "what is looked at; an entry has to pass with one of its values"},
	{.name = "values",
	 TEST(RULE_VALUES, folded_item, "a text or a list of texts"),
	 .help = "it is one of these, in capital or small letters"},
	{.name = "prefix",
	 TEST(RULE_PREFIX, folded_item, "a text or a list of texts"),
	 .help = "it begins with one of these, in capital or small letters"},
	{.name = "under",
	 TEST(RULE_UNDER, dn_item, "a distinguished name or a list of them"),
	 .help = "it is one of these distinguished names, or lies below it"},
	{.name = "matches",
	 TEST(RULE_MATCHES, folded_item, "a pattern or a list of patterns"),
	 .help = "it is like one of these patterns; `*` and `?` stand for anything"},
	{.name = "members_of",
	 TEST(RULE_MEMBERS_OF, group_item, "a group or a list of groups"),
	 .help = "it is a member of one of these groups, named by DN, name or address; in place "
		 "of an attribute, and only where there are groups"},
	{.name = "nested",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct config_rule, nested),
	 .otherwise = "false",
	 .help = "members of groups that are members count too"},
	{.name = NULL},
};

static const struct field_table rule_table = {
	.what = "an entry rule",
	.fields = rule_fields,
	.size = sizeof(struct config_rule),
	.position = FIELD_PLACE(struct config_rule, position),
	.has = FIELD_PLACE(struct config_rule, has),
	.help = "One attribute and one test of it, or `members_of`.",
};

static const struct field rule_item = {
	.type = FIELD_MAP, .table = &rule_table, .help = "a rule"};

/* --- map ---------------------------------------------------------------------------------- */

#define TEMPLATE_FORM "a template or a list of templates"

static const struct field template_item = {.type = FIELD_VALUE,
					   .parse = parse_template,
					   .form = "a template",
					   .help = "a template"};

#define MAPPED(key)                                                                         \
	.type = FIELD_LIST, .flags = FIELD_ALONE,                                           \
	.offset = offsetof(struct config_section, map[key].items),                          \
	.also = FIELD_PLACE(struct config_section, map[key].count), .item = &template_item, \
	.item_size = sizeof(struct template), .most = TEMPLATES_MAX, .form = TEMPLATE_FORM

#define MAP_ROWS                                                                              \
	{.name = "address",                                                                   \
	 MAPPED(MAP_ADDRESS),                                                                 \
	 .example = "\"{mail}\"",                                                             \
	 .help = "the primary address"},                                                      \
		{.name = "name",                                                              \
		 MAPPED(MAP_NAME),                                                            \
		 .example = "\"{displayName|cn}\"",                                           \
		 .help = "the name that people see"},                                         \
		{.name = "aliases",                                                           \
		 MAPPED(MAP_ALIASES),                                                         \
		 .example = "\"{proxyAddresses:smtp_aliases}\"",                              \
		 .help = "other addresses"},                                                  \
		{.name = "delegates",                                                         \
		 MAPPED(MAP_DELEGATES),                                                       \
		 .example = "\"{Delegates:split(;)}\"",                                       \
		 .help = "who may open the account: addresses, or what the source calls its " \
			 "entries by"},                                                       \
		{.name = "active",                                                            \
		 MAPPED(MAP_ACTIVE),                                                          \
		 .example = "\"{Status:is(active)}\"",                                        \
		 .help = "true or false; of several templates none may say false"},           \
		{.name = "until",                                                             \
		 MAPPED(MAP_UNTIL),                                                           \
		 .example = "\"{Ends:date(DMY)}\"",                                           \
		 .help = "the last day as 2026-12-31, in UTC; then it counts as inactive"},   \
	{                                                                                     \
		.name = "id", MAPPED(MAP_ID), .example = "\"{objectGUID:guid}\"",             \
		.help = "what never changes about the entry, so that its address may"         \
	}

static const struct field user_map_fields[] = {
	MAP_ROWS,
	{.name = "mobile",
	 MAPPED(MAP_MOBILE),
	 .example = "\"{mobile:mobile(NL)}\"",
	 .help = "for the second factor"},
	{.name = "sso_key",
	 MAPPED(MAP_SSO_KEY),
	 .example = "\"{objectGUID:base64}\"",
	 .help = "the account key: what single sign-on sends"},
	{.name = NULL},
};
static const struct field functional_map_fields[] = {MAP_ROWS, {.name = NULL}};

#define MAP_HELP                                                                              \
	"Each is a template or a list of them: of an address or a name the first that has a " \
	"value counts, of sets all. `none`: nothing, whatever a preset says."
static const struct field_table user_map_table = {.what = "the map of users",
						  .fields = user_map_fields,
						  .size = sizeof(struct config_section),
						  .help = MAP_HELP};
static const struct field_table functional_map_table = {
	.what = "the map of functional accounts",
	.fields = functional_map_fields,
	.size = sizeof(struct config_section),
	.help = MAP_HELP};

/* --- unit --------------------------------------------------------------------------------- */

static const struct field unit_item = {.type = FIELD_TEXT,
				       .flags = FIELD_NUMBERS,
				       .offset = offsetof(struct config_unit_row, unit),
				       .help = "a unit"};

#define UNIT_ROWS(table)                                                                  \
	.type = FIELD_NAMED, .offset = offsetof(struct config_unit, tables[table].items), \
	.also = FIELD_PLACE(struct config_unit, tables[table].count), .item = &unit_item, \
	.item_size = sizeof(struct config_unit_row),                                      \
	.key_offset = offsetof(struct config_unit_row, key)

static const struct field unit_fields[] = {
	{.name = "value",
	 .type = FIELD_VALUE,
	 .offset = offsetof(struct config_unit, value),
	 .parse = parse_template,
	 .form = "a template",
	 .example = "\"{department}\"",
	 .help = "the same for all, or what an attribute says"},
	{.name = "attribute",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct config_unit, attribute),
	 .example = "distinguishedName",
	 .help = "what `values` and `under` look at"},
	{.name = "values",
	 UNIT_ROWS(UNIT_VALUES),
	 .form = "a map of values and their units",
	 .example = "{Care: Nursing}",
	 .help = "by the attribute's value, in capital or small letters"},
	{.name = "under",
	 UNIT_ROWS(UNIT_UNDER),
	 .form = "a map of distinguished names and their units",
	 .example = "{\"OU=Cardio,DC=example,DC=org\": Cardiology}",
	 .help = "by the distinguished name that the attribute's lies below; the longest counts"},
	{.name = "domains",
	 UNIT_ROWS(UNIT_DOMAINS),
	 .form = "a map of domains and their units",
	 .example = "{example.org: Main, example.com: Subsidiary}",
	 .help = "by the domain of the primary address"},
	{.name = "otherwise",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct config_unit, otherwise),
	 .example = "/",
	 .help = "when none of them says one; without it the unit stays as it is, and / means "
		 "none"},
	{.name = NULL},
};

static const struct field_table unit_table = {
	.what = "'unit'",
	.fields = unit_fields,
	.size = sizeof(struct config_unit),
	.shorthand = "value",
	.help = "A template, or one of the tables.",
};

/* --- users and functional accounts --------------------------------------------------------- */

#define PATH_ROW                                                          \
	{                                                                 \
		.name = "path", .type = FIELD_PATH,                       \
		.offset = offsetof(struct config_section, path),          \
		.also = FIELD_PLACE(struct config_section, path_given),   \
		.example = "people.csv",                                  \
		.help = "a file of its own, where the source reads files" \
	}

#define SECTION_ROWS(map_table)                                                        \
	{.name = "manage",                                                             \
	 .type = FIELD_WORDS,                                                          \
	 .offset = offsetof(struct config_section, manage),                            \
	 .has = SECTION_HAS_MANAGE,                                                    \
	 .words = config_manage_words,                                                 \
	 .example = "[delegates]",                                                     \
	 .help = "as `manage` of the source, for this kind"},                          \
		{.name = "include",                                                    \
		 .type = FIELD_LIST,                                                   \
		 .offset = offsetof(struct config_section, include),                   \
		 .also = FIELD_PLACE(struct config_section, include_count),            \
		 .item = &rule_item,                                                   \
		 .item_size = sizeof(struct config_rule),                              \
		 .form = "a list of rules",                                            \
		 .example = "[{attribute: department, values: [Care]}]",               \
		 .help = "when given, only entries for which one of these holds"},     \
		{.name = "exclude",                                                    \
		 .type = FIELD_LIST,                                                   \
		 .offset = offsetof(struct config_section, exclude),                   \
		 .also = FIELD_PLACE(struct config_section, exclude_count),            \
		 .item = &rule_item,                                                   \
		 .item_size = sizeof(struct config_rule),                              \
		 .form = "a list of rules",                                            \
		 .example = "[{attribute: cn, matches: [\"test-*\"]}]",                \
		 .help = "no entry for which one of these holds"},                     \
		{.name = "map",                                                        \
		 .type = FIELD_MAP,                                                    \
		 .table = &(map_table),                                                \
		 .help = "what an account is made of"},                                \
	{                                                                              \
		.name = "unit", .type = FIELD_MAP, .has = SECTION_HAS_UNIT,            \
		.offset = offsetof(struct config_section, unit), .table = &unit_table, \
		.help = "its Organizational Unit"                                      \
	}

static const struct field users_fields[] = {
	PATH_ROW, SECTION_ROWS(user_map_table), {.name = NULL}};
static const struct field functional_fields[] = {
	PATH_ROW, SECTION_ROWS(functional_map_table), {.name = NULL}};

const struct field_table config_users_table = {
	.what = "'users'",
	.fields = users_fields,
	.size = sizeof(struct config_section),
	.position = FIELD_PLACE(struct config_section, position),
	.has = FIELD_PLACE(struct config_section, has),
};
const struct field_table config_functional_table = {
	.what = "'functional'",
	.fields = functional_fields,
	.size = sizeof(struct config_section),
	.position = FIELD_PLACE(struct config_section, position),
	.has = FIELD_PLACE(struct config_section, has),
};

/* --- provider ldap ------------------------------------------------------------------------ */

#define LDAP_ROWS(what)                                                                  \
	{.name = "filter",                                                               \
	 .type = FIELD_VALUE,                                                            \
	 .offset = offsetof(struct config_section, filter),                              \
	 .max = SEARCH_FILTER_MAX,                                                       \
	 .parse = config_parse_filter,                                                   \
	 .form = "an LDAP filter",                                                       \
	 .example = "\"(objectClass=person)\"",                                          \
	 .help = "which entries the directory is asked for as " what},                   \
	{                                                                                \
		.name = "base_dns", .type = FIELD_LIST, .flags = FIELD_ALONE,            \
		.offset = offsetof(struct config_section, base_dns.items),               \
		.also = FIELD_PLACE(struct config_section, base_dns.count),              \
		.item = &config_base_item, .item_size = sizeof(struct str), .most = 256, \
		.form = "a distinguished name or a list of them",                        \
		.help = "where " what " are, in place of what the source says"           \
	}

static const struct field_word read_words[] = {
	{"users", LDAP_READ_USERS, false,
	 "users, among them disabled ones, by `filter`; they are then none of the users, unless "
	 "`manage` says that others list them"},
	{"groups", LDAP_READ_GROUPS, false, "groups, whose members are the delegates"},
	{NULL, 0, false, NULL},
};

static const struct field_word members_words[] = {
	{"nested", LDAP_MEMBERS_NESTED, false, "members of member groups are delegates, too"},
	{"direct", LDAP_MEMBERS_DIRECT, false, "only a group's own members"},
	{NULL, 0, false, NULL},
};

static const struct field ldap_users_fields[] = {
	LDAP_ROWS("users"), SECTION_ROWS(user_map_table), {.name = NULL}};
static const struct field ldap_functional_fields[] = {
	{.name = "read",
	 .type = FIELD_WORD,
	 .offset = offsetof(struct config_section, read),
	 .words = read_words,
	 .otherwise = "users",
	 .help = "what functional accounts are in the directory"},
	{.name = "members",
	 .type = FIELD_WORD,
	 .offset = offsetof(struct config_section, members),
	 .words = members_words,
	 .otherwise = "nested",
	 .help = "of groups: who stands for \"{members}\""},
	LDAP_ROWS("functional accounts"),
	SECTION_ROWS(functional_map_table),
	{.name = NULL}};

const struct field_table config_ldap_users_table = {
	.what = "'users' of a directory",
	.fields = ldap_users_fields,
	.size = sizeof(struct config_section),
	.position = FIELD_PLACE(struct config_section, position),
	.has = FIELD_PLACE(struct config_section, has),
};
const struct field_table config_ldap_functional_table = {
	.what = "'functional' of a directory",
	.fields = ldap_functional_fields,
	.size = sizeof(struct config_section),
	.position = FIELD_PLACE(struct config_section, position),
	.has = FIELD_PLACE(struct config_section, has),
};

/* --- provider csv ------------------------------------------------------------------------- */

#define KIND_WORDS(k)                                                                  \
	.type = FIELD_LIST, .flags = FIELD_ALONE,                                      \
	.offset = offsetof(struct config_kind, words[k].items),                        \
	.also = FIELD_PLACE(struct config_kind, words[k].count), .item = &folded_item, \
	.item_size = sizeof(struct str), .form = "a text or a list of texts"

static const struct field kind_fields[] = {
	{.name = "column",
	 .type = FIELD_TEXT,
	 .flags = FIELD_REQUIRED,
	 .offset = offsetof(struct config_kind, column),
	 .example = "type",
	 .help = "its name in the header"},
	{.name = "users",
	 KIND_WORDS(KIND_USER),
	 .example = "[person, employee]",
	 .help = "what it says for users, in capital or small letters; without this line: user"},
	{.name = "functional",
	 KIND_WORDS(KIND_FUNCTIONAL),
	 .example = "[mailbox]",
	 .help = "what it says for functional accounts; without this line: functional"},
	{.name = NULL},
};

const struct field_table config_kind_table = {
	.what = "'kind'",
	.fields = kind_fields,
	.size = sizeof(struct config_kind),
	.shorthand = "column",
};
