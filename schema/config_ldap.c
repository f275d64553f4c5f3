/* What may be written about directories; see config_ldap.h. */
#include "config_ldap.h"

#include "config_tables.h"
#include "dn.h"
#include "fold.h"
#include "search_filter.h"
#include "server_url.h"

#include <string.h>

/* --- forms of their own --------------------------------------------------------------------- */

/* At a byte of the text: exact where it stands in one line without escapes. */
static int error_within(struct field_walk *walk, const struct node *node, size_t at,
			const char *message)
{
	struct node place = *node;

	for (size_t i = 0; i < at && i < node->text.len; i++)
		place.column += ((unsigned char)node->text.ptr[i] & 0xC0) != 0x80;
	place.column += !node->plain;
	return field_error(walk, &place, "%s", message);
}

static int parse_url(struct field_walk *walk, const struct field *field,
		     const struct node *node, void *out)
{
	struct err err = ERR_INIT;
	struct server_url url;

	(void)field;
	if (server_url_parse(node->text, &url, &err) < 0) {
		/* Somebody may have put a password into it. */
		if (memchr(node->text.ptr, '@', node->text.len))
			diag_hide_line(walk->diags, node->file, node->line);
		return field_error(walk, node, "%s", err.text);
	}
	*(struct str *)out = node->text;
	return 0;
}

/* As written: servers show it in their messages, and so do we. */
static int parse_base(struct field_walk *walk, const struct field *field,
		      const struct node *node, void *out)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	struct err err = ERR_INIT;
	struct str normal;
	size_t at = 0;

	(void)field;
	if (dn_normalize(&scratch, node->text, &normal, &at, &err) < 0)
		return error_within(walk, node, at, err.text);
	*(struct str *)out = node->text;
	return 0;
}

int config_parse_filter(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out)
{
	struct err err = ERR_INIT;
	size_t at = 0;

	(void)field;
	if (search_filter_check(node->text, &at, &err) < 0)
		return error_within(walk, node, at, err.text);
	*(struct str *)out = node->text;
	return 0;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct field url_item = {.type = FIELD_VALUE,
				      .max = 512,
				      .parse = parse_url,
				      .form = "a url such as ldaps://dc1.corp.example.org",
				      .pattern = "^[Ll][Dd][Aa][Pp][Ss]?://[^/?#@]+/?$",
				      .help = "a server"};

const struct field config_base_item = {.type = FIELD_VALUE,
				       .max = DN_MAX,
				       .parse = parse_base,
				       .form = "a distinguished name",
				       .help = "a distinguished name"};

static const struct field bind_fields[] = {
	{.name = "user",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct config_ldap_bind, user),
	 .example = "'CORP\\svc_zsctl'",
	 .help = "who asks: DOMAIN\\user, user@domain or a distinguished name; with a keytab the "
		 "principal, when it has several"},
	{.name = "password",
	 .type = FIELD_SECRET,
	 .offset = offsetof(struct config_ldap_bind, password),
	 .help = "the user's password"},
	{.name = "keytab",
	 .type = FIELD_PATH,
	 .offset = offsetof(struct config_ldap_bind, keytab),
	 .example = "/etc/zsctl/svc_zsctl.keytab",
	 .help = "in place of a password: Kerberos, with the keys in this file"},
	{.name = NULL},
};

static const struct field_table bind_table = {
	.what = "'bind'",
	.fields = bind_fields,
	.size = sizeof(struct config_ldap_bind),
	.position = FIELD_PLACE(struct config_ldap_bind, position),
};

#define BASES(in, place)                                                               \
	.type = FIELD_LIST, .flags = FIELD_ALONE, .offset = offsetof(in, place.items), \
	.also = FIELD_PLACE(in, place.count), .item = &config_base_item,               \
	.item_size = sizeof(struct str), .most = 256,                                  \
	.form = "a distinguished name or a list of them",                              \
	.example = "[\"OU=Staff,DC=corp,DC=example,DC=org\"]"

static const struct field groups_fields[] = {
	{.name = "base_dns",
	 BASES(struct config_ldap_groups, base_dns),
	 .help = "where groups are; without this line the whole directory"},
	{.name = "filter",
	 .type = FIELD_VALUE,
	 .offset = offsetof(struct config_ldap_groups, filter),
	 .max = SEARCH_FILTER_MAX,
	 .parse = config_parse_filter,
	 .form = "an LDAP filter",
	 .otherwise = "(|(objectClass=group)(objectClass=groupOfNames))",
	 .help = "which entries are groups"},
	{.name = "member",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct config_ldap_groups, member),
	 .otherwise = "member",
	 .example = "uniqueMember",
	 .help = "the attribute that lists a group's members by their distinguished names"},
	{.name = NULL},
};

static const struct field_table groups_table = {
	.what = "'groups'",
	.fields = groups_fields,
	.size = sizeof(struct config_ldap_groups),
};

static const struct field_word preset_words[] = {
	{"active-directory", 1, false, "people of a domain"},
	{"exchange-on-premises", 2, false,
	 "the same with Exchange: people and shared mailboxes"},
	{"openldap", 3, false, "inetOrgPerson and groupOfNames"},
	{NULL, 0, false, NULL},
};

#define IN_LDAP(member) offsetof(struct config_source, ldap.member)

const struct field config_ldap_fields[] = {
	{.name = "preset",
	 .type = FIELD_WORD,
	 .offset = IN_LDAP(preset),
	 .words = preset_words,
	 .help = "what such a directory needs: filters and maps, each line of which can be "
		 "written differently here"},
	{.name = "urls",
	 .type = FIELD_LIST,
	 .flags = FIELD_REQUIRED | FIELD_ALONE,
	 .offset = IN_LDAP(urls.items),
	 .also = FIELD_PLACE(struct config_source, ldap.urls.count),
	 .item = &url_item,
	 .item_size = sizeof(struct str),
	 .most = 16,
	 .form = "a url or a list of urls",
	 .example = "[ldaps://dc1.corp.example.org, ldaps://dc2.corp.example.org]",
	 .help = "the servers, tried in this order; ldaps, or ldap with starttls; plain ldap only "
		 "to this host itself"},
	{.name = "starttls",
	 .type = FIELD_BOOL,
	 .offset = IN_LDAP(starttls),
	 .otherwise = "false",
	 .help = "ldap:// is encrypted before anything is sent"},
	{.name = "ca_file",
	 .type = FIELD_PATH,
	 .offset = IN_LDAP(ca_file),
	 .example = "/etc/ssl/corp-ca.pem",
	 .help = "PEM file of the certificate authorities that are trusted, in place of the "
		 "system's"},
	{.name = "bind",
	 .type = FIELD_MAP,
	 .flags = FIELD_REQUIRED,
	 .offset = IN_LDAP(bind),
	 .table = &bind_table,
	 .help = "who asks; needs no more than to read"},
	{.name = "base_dns",
	 BASES(struct config_source, ldap.base_dns),
	 .help = "where accounts are, with all that lies below; without this line the whole "
		 "directory"},
	{.name = "page_size",
	 .type = FIELD_NUMBER,
	 .offset = IN_LDAP(page_size),
	 .min = 1,
	 .max = 100000,
	 .otherwise = "1000",
	 .help = "entries the server is asked for at a time"},
	{.name = "connect_timeout",
	 .type = FIELD_DURATION,
	 .offset = IN_LDAP(connect_timeout),
	 .min = 1,
	 .max = 300,
	 .otherwise = "10s",
	 .help = "how long a server may take to be connected to, and for each step of signing in"},
	{.name = "timeout",
	 .type = FIELD_DURATION,
	 .offset = IN_LDAP(timeout),
	 .min = 1,
	 .max = 3600,
	 .otherwise = "150s",
	 .help = "how long a server may take to go on with its answer"},
	{.name = "groups",
	 .type = FIELD_MAP,
	 .offset = IN_LDAP(groups),
	 .table = &groups_table,
	 .help = "what is a group, for `members_of` and for delegates"},
	{.name = "users",
	 .type = FIELD_MAP,
	 .offset = offsetof(struct config_source, sections[KIND_USER]),
	 .has = 1u << KIND_USER,
	 .table = &config_ldap_users_table,
	 .help = "which entries are users, and what they are made of"},
	{.name = "functional",
	 .type = FIELD_MAP,
	 .offset = offsetof(struct config_source, sections[KIND_FUNCTIONAL]),
	 .has = 1u << KIND_FUNCTIONAL,
	 .table = &config_ldap_functional_table,
	 .help = "the same for functional accounts"},
	{.name = NULL},
};

/* --- findings about the whole -------------------------------------------------------------------- */

static void check_urls(struct field_walk *walk, const struct config_ldap *ldap,
		       const struct node *urls)
{
	const struct node *at = urls && urls->type == NODE_LIST ? urls->first : urls;

	for (size_t i = 0; i < ldap->urls.count && at; i++, at = at->next) {
		struct err err = ERR_INIT;
		struct server_url url;

		if (server_url_parse(ldap->urls.items[i], &url, &err) == 0 &&
		    server_url_check(&url, ldap->starttls, &err) < 0)
			field_error(walk, at, "%s", err.text);
	}
	if (urls && urls->type == NODE_LIST && urls->count == 0)
		field_error(walk, urls, "there is no url; name at least one server");
}

static void check_bind(struct field_walk *walk, const struct node *bind)
{
	const struct node *password, *keytab;

	if (!bind || bind->type != NODE_MAP)
		return;
	password = node_get(bind, "password");
	keytab = node_get(bind, "keytab");
	if (password && keytab)
		field_error(walk, keytab, "either a password or a keytab, not both");
	else if (!password && !keytab)
		field_error(walk, bind,
			    "'password' is missing; or 'keytab', for Kerberos. Anonymous users "
			    "are shown less than there is");
	else if (password && !node_get(bind, "user"))
		field_error(walk, bind, "'user' is missing: whose password it is");
}

/* What lies in two of them would be read twice. */
static void check_bases(struct field_walk *walk, const struct texts *bases,
			const struct node *node)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	const struct node *at = node && node->type == NODE_LIST ? node->first : NULL;
	struct str *normal = arena_array(&scratch, struct str, bases->count);
	struct err err;
	size_t where;

	for (size_t i = 0; i < bases->count && at; i++, at = at->next) {
		/* Broken ones have their finding. */
		if (dn_normalize(&scratch, bases->items[i], &normal[i], &where, &err) < 0 ||
		    bases->items[i].len == 0)
			return;
		for (size_t j = 0; j < i; j++) {
			if (!dn_under(normal[i], normal[j]) && !dn_under(normal[j], normal[i]))
				continue;
			field_error(walk, at,
				    "this base and '%.*s' overlap: what lies in both would be "
				    "read twice",
				    STR_FMT(field_cut(bases->items[j])));
			return;
		}
	}
}

/* NULL: it is something else, or may stand there. */
static const char *misplaced(const struct config_section *section, enum account_kind kind,
			     enum map_key key, struct str attribute)
{
	const bool groups = kind == KIND_FUNCTIONAL && section->read == LDAP_READ_GROUPS;

	if (fold_same(attribute, STR(LDAP_MEMBERS)) && (!groups || key != MAP_DELEGATES))
		return "{members} stands for the members of groups: only for delegates, with "
		       "`read: groups`";
	if (fold_same(attribute, STR(LDAP_FULL_ACCESS)) && (groups || key != MAP_DELEGATES))
		return "{fullAccess} stands for those who may open a mailbox: only for "
		       "delegates, and not with `read: groups`";
	return NULL;
}

/* What no directory has would read as an empty list: as if nobody were a delegate. */
static void check_template(struct field_walk *walk, const struct config_section *section,
			   enum account_kind kind, enum map_key key,
			   const struct template *template, const struct node *at)
{
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];

		for (size_t j = 0; j < part->choice_count; j++) {
			const char *problem = misplaced(section, kind, key,
							part->choices[j].attribute);

			if (problem) {
				field_error(walk, at, "%s", problem);
				return;
			}
		}
	}
}

static void check_own(struct field_walk *walk, const struct config_section *section,
		      enum account_kind kind, const struct node *map)
{
	for (unsigned key = 0; map && key < MAP_KEYS; key++) {
		const struct node *at = node_get(map, map_key_names[key]);

		if (at && at->type == NODE_LIST)
			at = at->first;
		for (size_t i = 0; at && i < section->map[key].count; i++, at = at->next)
			check_template(walk, section, kind, (enum map_key)key,
				       &section->map[key].items[i], at);
	}
}

static void check_section(struct field_walk *walk, const struct config_section *section,
			  enum account_kind kind, const struct node *node)
{
	const struct node *members = node_get(node, "members");

	check_bases(walk, &section->base_dns, node_get(node, "base_dns"));
	if (section->filter.len == 0 && !node_get(node, "filter"))
		field_error(walk, node, "'filter' is missing: which entries are %s",
			    kind == KIND_USER ? "users, as in (objectClass=person)"
					      : "functional accounts, as in (mail=info@*)");
	check_own(walk, section, kind, node_get(node, "map"));
	if (members && section->read != LDAP_READ_GROUPS)
		field_error(walk, members, "'members' is only for `read: groups`");
}

void config_ldap_check(struct field_walk *walk, const struct config_source *source,
		       const struct node *item, const struct node *const sections[KIND_COUNT])
{
	const struct config_ldap *ldap = &source->ldap;
	const struct node *groups = node_get(item, "groups");

	check_urls(walk, ldap, node_get(item, "urls"));
	check_bind(walk, node_get(item, "bind"));
	check_bases(walk, &ldap->base_dns, node_get(item, "base_dns"));
	if (groups)
		check_bases(walk, &ldap->groups.base_dns, node_get(groups, "base_dns"));
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (sections[kind])
			check_section(walk, &source->sections[kind], (enum account_kind)kind,
				      sections[kind]);
	}
	/* Members and trustees are distinguished names and SIDs: somebody must say whose. */
	if (sections[KIND_FUNCTIONAL] && !sections[KIND_USER])
		field_error(
			walk, sections[KIND_FUNCTIONAL],
			"'users' is missing: it says who the delegates of functional accounts "
			"are; where another source lists the people, write users: {manage: "
			"[delegates], map: {delegates: none}}");
}
