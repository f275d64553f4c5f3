#include "config_tables.h"

/* --- forms of their own ------------------------------------------------------------------- */

/* Names of sources stand in plans, in messages and in the record. */
static int parse_name(struct field_walk *walk, const struct field *field,
		      const struct node *node, void *out)
{
	(void)field;
	for (size_t i = 0; i < node->text.len; i++) {
		char c = node->text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || (i > 0 && (c == '-' || c == '_'))))
			return field_error(
				walk, node,
				"a source's name is made of letters, digits, '-' and "
				"'_'");
	}
	*(struct str *)out = node->text;
	return 0;
}

/* --- domains ------------------------------------------------------------------------------ */

static const struct field domain_item = {.type = FIELD_VALUE,
					 .max = 253,
					 .parse = config_parse_domain,
					 .form = "a domain",
					 .help = "a domain"};

static const struct field domains_fields[] = {
	{.name = "claimed",
	 .type = FIELD_LIST,
	 .offset = IN_CONFIG(claimed.items),
	 .also = CONFIG_PLACE(claimed.count),
	 .item = &domain_item,
	 .item_size = sizeof(struct str),
	 .form = "a list of domains",
	 .example = "[example.org]",
	 .help = "the organisation's domains: an account whose primary address lies elsewhere "
		 "counts as absent, and no alias elsewhere is added; without this line every domain is "
		 "claimed"},
	{.name = "ignore_aliases",
	 .type = FIELD_LIST,
	 .offset = IN_CONFIG(ignore_aliases.items),
	 .also = CONFIG_PLACE(ignore_aliases.count),
	 .item = &domain_item,
	 .item_size = sizeof(struct str),
	 .form = "a list of domains",
	 .example = "[example.mail.onmicrosoft.com]",
	 .help = "aliases in these domains are ignored, in sources and in the target"},
	{.name = NULL},
};

static const struct field_table domains_table = {
	.what = "'domains'", .fields = domains_fields, .size = sizeof(struct config_draft)};

/* --- sources ------------------------------------------------------------------------------ */

static const struct field_word source_providers[] = {
	{"yaml", SOURCE_YAML, false, "files of declared accounts"},
	{"ldap", SOURCE_LDAP, false, "Active Directory and other directories"},
	{"exchange-online", -1, true, "mailboxes of Exchange Online"},
	{"csv", SOURCE_CSV, false, "tables as text"},
	{"xlsx", -1, true, "Excel workbooks"},
	{NULL, 0, false, NULL},
};

const struct field_word config_manage_words[] = {
	{"name", ATTR_NAME, false, NULL},           {"aliases", ATTR_ALIASES, false, NULL},
	{"delegates", ATTR_DELEGATES, false, NULL}, {"mobile", ATTR_MOBILE, false, NULL},
	{"unit", ATTR_UNIT, false, NULL},           {"sso_key", ATTR_KEY, false, NULL},
	{"active", ATTR_ACTIVE, false, NULL},       {NULL, 0, false, NULL},
};

static const struct field_word adds_words[] = {
	{"aliases", ATTR_ALIASES, false, NULL},
	{"delegates", ATTR_DELEGATES, false, NULL},
	{NULL, 0, false, NULL},
};

static const struct field source_fields[] = {
	{.name = "name",
	 .type = FIELD_VALUE,
	 .flags = FIELD_REQUIRED,
	 .offset = offsetof(struct config_source, name),
	 .max = 40,
	 .parse = parse_name,
	 .pattern = "^[A-Za-z0-9][A-Za-z0-9_-]*$",
	 .example = "declared",
	 .help = "its name in plans, messages and the record"},
	{.name = "provider",
	 .type = FIELD_WORD,
	 .flags = FIELD_REQUIRED,
	 .offset = offsetof(struct config_source, provider),
	 .words = source_providers,
	 .help = "what kind of source it is"},
	{.name = "manage",
	 .type = FIELD_WORDS,
	 .offset = offsetof(struct config_source, manage),
	 .words = config_manage_words,
	 .example = "[delegates]",
	 .help = "only these attributes, and only for accounts that another source lists"},
	{.name = "adds",
	 .type = FIELD_WORDS,
	 .offset = offsetof(struct config_source, adds),
	 .words = adds_words,
	 .form = "a list of sets (aliases, delegates)",
	 .example = "[delegates]",
	 .help = "sets that are united with what other sources say, instead of the first one's "
		 "opinion alone"},
	{.name = NULL},
};

static const struct field source_yaml_fields[] = {
	{.name = "path",
	 .type = FIELD_PATH,
	 .flags = FIELD_REQUIRED,
	 .offset = offsetof(struct config_source, path),
	 .also = FIELD_PLACE(struct config_source, path_given),
	 .example = "accounts/*.yaml",
	 .help = "the files; * and ? stand for anything within a name"},
	{.name = NULL},
};

bool config_csv_delimiter(char c)
{
	const char small = (char)(c | 0x20);

	if (c == '\t')
		return true;
	return c > ' ' && c < 0x7F && !strchr("\"@.-", c) && !(c >= '0' && c <= '9') &&
	       !(small >= 'a' && small <= 'z');
}

/* A character of its own, or its name where it could not be seen. */
static int parse_delimiter(struct field_walk *walk, const struct field *field,
			   const struct node *node, void *out)
{
	char c = node->text.ptr[0];

	(void)field;
	if (str_is(node->text, "tab"))
		c = '\t';
	else if (node->text.len != 1 || !config_csv_delimiter(c))
		return field_error(walk, node,
				   "expected one character such as ';' or ',', or "
				   "the word tab");
	*(char *)out = c;
	return 0;
}

static const struct field_word encoding_words[] = {
	{"utf-8", CSV_UTF_8, false, "Unicode"},
	{"utf-16", CSV_UTF_16, false, "little-endian without a mark"},
	{"windows-1250", CSV_WINDOWS_1250, false, "Central Europe"},
	{"windows-1252", CSV_WINDOWS_1252, false, "Western Europe"},
	{"windows-1254", CSV_WINDOWS_1254, false, "Turkey"},
	{"iso-8859-15", CSV_ISO_8859_15, false, "Western Europe, with the euro sign"},
	{NULL, 0, false, NULL},
};

static const struct field source_csv_fields[] = {
	{.name = "path",
	 .type = FIELD_PATH,
	 .offset = offsetof(struct config_source, path),
	 .also = FIELD_PLACE(struct config_source, path_given),
	 .example = "export/people.csv",
	 .help = "the file, when users and functional accounts are not in two"},
	{.name = "kind",
	 .type = FIELD_MAP,
	 .offset = offsetof(struct config_source, kind),
	 .table = &config_kind_table,
	 .help = "the column that tells users and functional accounts in one file apart"},
	{.name = "delimiter",
	 .type = FIELD_VALUE,
	 .offset = offsetof(struct config_source, delimiter),
	 .max = 3,
	 .parse = parse_delimiter,
	 .form = "a character or the word tab",
	 .example = "\";\"",
	 .help = "what stands between values; without this line it is seen from the header"},
	{.name = "encoding",
	 .type = FIELD_WORD,
	 .offset = offsetof(struct config_source, encoding),
	 .words = encoding_words,
	 .otherwise = "utf-8",
	 .help = "how characters are stored; a byte order mark is recognised"},
	{.name = "users",
	 .type = FIELD_MAP,
	 .offset = offsetof(struct config_source, sections[KIND_USER]),
	 .has = 1u << KIND_USER,
	 .table = &config_users_table,
	 .help = "which entries are users, and what they are made of"},
	{.name = "functional",
	 .type = FIELD_MAP,
	 .offset = offsetof(struct config_source, sections[KIND_FUNCTIONAL]),
	 .has = 1u << KIND_FUNCTIONAL,
	 .table = &config_functional_table,
	 .help = "the same for functional accounts"},
	{.name = NULL},
};

static const struct field_variant source_variants[] = {{SOURCE_YAML, source_yaml_fields},
						       {SOURCE_CSV, source_csv_fields},
						       {SOURCE_LDAP, config_ldap_fields}};

static const struct field_table source_table = {
	.what = "a source",
	.fields = source_fields,
	.size = sizeof(struct config_source),
	.position = FIELD_PLACE(struct config_source, position),
	.has = FIELD_PLACE(struct config_source, has),
	.by = "provider",
	.variants = source_variants,
	.variant_count = sizeof(source_variants) / sizeof(*source_variants),
	.help = "For each attribute of an account the first source that has an opinion wins.",
};

static const struct field source_item = {
	.type = FIELD_MAP, .table = &source_table, .help = "a source"};

/* --- the file ----------------------------------------------------------------------------- */

static const struct field config_fields[] = {
	{.name = "zsctl",
	 .type = FIELD_VERSION,
	 .flags = FIELD_REQUIRED,
	 .offset = offsetof(struct config_draft, version),
	 .max = 1,
	 .help = "the format of this file"},
	{.name = "extends",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct config_draft, extends),
	 .example = "../common.yaml",
	 .help = "a file that this one adds to: maps merge, sources merge by name, other lists "
		 "replace"},
	{.name = "organization",
	 .type = FIELD_TEXT,
	 .flags = FIELD_REQUIRED,
	 .offset = IN_CONFIG(organization),
	 .max = 253,
	 .example = "example.org",
	 .help = "the organisation's name, in every plan and record"},
	{.name = "domains",
	 .type = FIELD_MAP,
	 .table = &domains_table,
	 .help = "which domains are the organisation's"},
	{.name = "target",
	 .type = FIELD_MAP,
	 .flags = FIELD_REQUIRED,
	 .table = &config_target_table,
	 .help = "what is changed"},
	{.name = "sources",
	 .type = FIELD_LIST,
	 .flags = FIELD_REQUIRED,
	 .offset = IN_CONFIG(sources),
	 .also = CONFIG_PLACE(source_count),
	 .item = &source_item,
	 .item_size = sizeof(struct config_source),
	 .most = CONFIG_SOURCES_MAX,
	 .form = "a list of sources",
	 .help = "where desired accounts come from, the most important first"},
	{.name = "actions",
	 .type = FIELD_MAP,
	 .table = &config_actions_table,
	 .help = "what plans may do"},
	{.name = "limits",
	 .type = FIELD_MAP,
	 .table = &config_limits_table,
	 .help = "how much one plan may do"},
	{.name = "approval",
	 .type = FIELD_MAP,
	 .table = &config_approval_table,
	 .help = "who must approve plans, and how"},
	{.name = "apply",
	 .type = FIELD_MAP,
	 .table = &config_apply_table,
	 .help = "how plans are applied"},
	{.name = "state",
	 .type = FIELD_MAP,
	 .table = &config_state_table,
	 .help = "the recorded state"},
	{.name = "report",
	 .type = FIELD_NODE,
	 .flags = FIELD_LATER,
	 .help = "reports by e-mail"},
	{.name = "log", .type = FIELD_NODE, .flags = FIELD_LATER, .help = "where logs go"},
	{.name = NULL},
};

const struct field_table config_table = {.what = "the configuration",
					 .fields = config_fields,
					 .size = sizeof(struct config_draft)};
