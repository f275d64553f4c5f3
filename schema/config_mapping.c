/* What rows of tables cannot say about mappings, and the slots of attributes. */
#include "address.h"
#include "config_tables.h"
#include "dn.h"
#include "fold.h"

#include <string.h>

bool config_source_readable(const struct config_source *source)
{
	return source->name.len &&
	       (source->provider == SOURCE_YAML ? source->path.len > 0 : source->mapped);
}

unsigned config_source_manage(const struct config_source *source, enum account_kind kind)
{
	return source->manage ? source->manage : source->sections[kind].manage;
}

/* --- slots -------------------------------------------------------------------------------- */

static unsigned slot_of(struct config_section *section, struct str attribute)
{
	size_t slot = 0;

	while (slot < section->attribute_count &&
	       !fold_same(section->attributes[slot], attribute))
		slot++;
	if (slot == section->attribute_count)
		section->attributes[section->attribute_count++] = attribute;
	return (unsigned)slot;
}

static size_t count_names(const struct template *template)
{
	size_t count = 0;

	for (size_t i = 0; i < template->part_count; i++)
		count += template->parts[i].choice_count;
	return count;
}

static void number_template(struct config_section *section, struct template *template)
{
	for (size_t i = 0; i < template->part_count; i++) {
		for (size_t j = 0; j < template->parts[i].choice_count; j++) {
			struct template_choice *choice = &template->parts[i].choices[j];

			if (choice->attribute.len)
				choice->slot = slot_of(section, choice->attribute);
		}
	}
}

static void number_rules(struct config_section *section, struct config_rule *rules,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].test != RULE_MEMBERS_OF)
			rules[i].slot = slot_of(section, rules[i].attribute);
	}
}

static void number_attributes(struct arena *arena, struct config_section *section)
{
	size_t most = section->include_count + section->exclude_count + 1 +
		      count_names(&section->unit.value);

	for (unsigned key = 0; key < MAP_KEYS; key++) {
		for (size_t i = 0; i < section->map[key].count; i++)
			most += count_names(&section->map[key].items[i]);
	}
	section->attributes = arena_array(arena, struct str, most);
	section->attribute_count = 0;
	for (unsigned key = 0; key < MAP_KEYS; key++) {
		for (size_t i = 0; i < section->map[key].count; i++)
			number_template(section, &section->map[key].items[i]);
	}
	number_rules(section, section->include, section->include_count);
	number_rules(section, section->exclude, section->exclude_count);
	number_template(section, &section->unit.value);
	if (section->unit.attribute.len)
		section->unit.slot = slot_of(section, section->unit.attribute);
}

/* --- what an attribute of an account is made of -------------------------------------------- */

static void add_origin(struct texts *origins, struct str attribute)
{
	if (!attribute.len)
		return;
	for (size_t i = 0; i < origins->count; i++) {
		if (fold_same(origins->items[i], attribute))
			return;
	}
	origins->items[origins->count++] = attribute;
}

static void add_origins(struct texts *origins, const struct template *template)
{
	for (size_t i = 0; i < template->part_count; i++) {
		for (size_t j = 0; j < template->parts[i].choice_count; j++)
			add_origin(origins, template->parts[i].choices[j].attribute);
	}
}

static const enum attribute made_of[MAP_KEYS] = {
	[MAP_ADDRESS] = ATTR_ADDRESS, [MAP_NAME] = ATTR_NAME,
	[MAP_ALIASES] = ATTR_ALIASES, [MAP_DELEGATES] = ATTR_DELEGATES,
	[MAP_MOBILE] = ATTR_MOBILE,   [MAP_SSO_KEY] = ATTR_KEY,
	[MAP_ACTIVE] = ATTR_ACTIVE,   [MAP_UNTIL] = ATTR_ACTIVE,
};

static void find_origins(struct arena *arena, struct config_section *section)
{
	struct texts *origins = section->origins;

	for (unsigned bit = 0; bit < ATTR_COUNT; bit++)
		origins[bit].items = arena_array(arena, struct str, section->attribute_count);
	for (unsigned key = 0; key < MAP_KEYS; key++) {
		for (size_t i = 0; made_of[key] && i < section->map[key].count; i++)
			add_origins(&origins[__builtin_ctz(made_of[key])],
				    &section->map[key].items[i]);
	}
	origins = &section->origins[__builtin_ctz(ATTR_UNIT)];
	add_origins(origins, &section->unit.value);
	add_origin(origins, section->unit.attribute);
}

void config_origins(const struct config_source *source, enum account_kind kind,
		    enum attribute attribute, const char *otherwise, struct buf *out)
{
	const struct texts *origins = &source->sections[kind].origins[__builtin_ctz(attribute)];

	for (size_t i = 0; i < origins->count; i++)
		buf_addf(out, "%s%.*s", i ? ", " : "", STR_FMT(origins->items[i]));
	if (origins->count == 0)
		buf_puts(out, otherwise);
}

unsigned config_source_maps(const struct config_source *source, enum account_kind kind)
{
	const struct config_section *section = &source->sections[kind];
	const unsigned manage = config_source_manage(source, kind);
	unsigned maps = section->unit.given ? ATTR_UNIT : 0;

	for (unsigned key = 0; key < MAP_KEYS; key++) {
		const struct templates *templates = &section->map[key];

		/* Without parts: none. */
		if (templates->count && templates->items[0].part_count)
			maps |= made_of[key];
	}
	return manage ? maps & (manage | ATTR_ADDRESS) : maps;
}

/* --- rules -------------------------------------------------------------------------------- */

static void check_rule(struct field_walk *walk, struct config_rule *rule,
		       const struct node *node, bool groups)
{
	unsigned tests = rule->has & ((1u << RULE_TESTS) - 1);

	if (!tests || tests & (tests - 1)) {
		field_error(walk, node, "a rule has one test: values, prefix, under, matches%s",
			    groups ? " or members_of" : "");
		return;
	}
	rule->test = (enum rule_test)__builtin_ctz(tests);
	if (rule->test == RULE_MEMBERS_OF && !groups)
		field_error(walk, node,
			    "a table has no groups: 'members_of' is for directories");
	else if (rule->test == RULE_MEMBERS_OF && rule->attribute.len)
		field_error(walk, node_get(node, "attribute"),
			    "'members_of' looks at groups, not at an attribute");
	else if (rule->test != RULE_MEMBERS_OF && !node_get(node, "attribute"))
		field_error(walk, node, "'attribute' is missing: what should be looked at");
	else if (rule->nested && rule->test != RULE_MEMBERS_OF)
		field_error(walk, node_get(node, "nested"),
			    "'nested' is only for 'members_of'");
	else if (rule->texts[rule->test].count == 0)
		field_error(walk, node_get(node, rule_test_names[rule->test]),
			    "an empty list holds for nothing; leave the rule out");
}

static void check_rules(struct field_walk *walk, struct config_rule *rules, size_t count,
			const struct node *list, bool groups)
{
	const struct node *node = list && list->type == NODE_LIST ? list->first : NULL;

	for (size_t i = 0; i < count && node; i++, node = node->next) {
		if (node->type == NODE_MAP)
			check_rule(walk, &rules[i], node, groups);
	}
}

/* --- units -------------------------------------------------------------------------------- */

static int unit_key(struct field_walk *walk, enum unit_table table, const struct node *key,
		    struct str *out)
{
	struct err err = ERR_INIT;
	struct node place = *key;
	size_t at = 0;

	switch (table) {
	case UNIT_VALUES:
		*out = fold_text(walk->arena, str_trim(key->text));
		return 0;
	case UNIT_UNDER:
		if (dn_normalize(walk->arena, key->text, out, &at, &err) == 0)
			return 0;
		place.column += (unsigned)at + !key->plain;
		return field_error(walk, &place, "%s", err.text);
	case UNIT_DOMAINS:
		if (domain_normalize(walk->arena, key->text, out, &err) == 0)
			return 0;
		break;
	case UNIT_TABLES:
		break;
	}
	return field_error(walk, key, "'%.*s' is no domain: %s", STR_FMT(field_cut(key->text)),
			   err.text);
}

static void check_unit(struct field_walk *walk, struct config_unit *unit,
		       const struct node *node)
{
	static const char *const names[UNIT_TABLES] = {"values", "under", "domains"};
	unsigned tables = 0, by_attribute = 0;

	unit->given = true;
	if (node->type != NODE_MAP)
		return;
	for (unsigned i = 0; i < UNIT_TABLES; i++) {
		const struct node *table = node_get(node, names[i]);
		const struct node *key = table && table->type == NODE_MAP ? table->first : NULL;
		struct config_unit_row *row = unit->tables[i].items;

		tables += table != NULL;
		by_attribute += table && i != UNIT_DOMAINS;
		for (size_t j = 0; j < unit->tables[i].count && key; j++, key = key->next)
			unit_key(walk, (enum unit_table)i, key, &row[j].key);
	}
	if (tables > 1)
		field_error(walk, node, "'unit' has one table: values, under or domains");
	else if (by_attribute && !node_get(node, "attribute"))
		field_error(walk, node, "'attribute' is missing: what the table looks at");
	else if (!by_attribute && node_get(node, "attribute"))
		field_error(walk, node_get(node, "attribute"),
			    "an attribute needs a table: values or under; its value itself is "
			    "written value: \"{name}\"");
	else if (tables && node_get(node, "value"))
		field_error(walk, node_get(node, "value"),
			    "'unit' has either a value or a table");
	else if (!tables && !node_get(node, "value"))
		field_error(walk, node, "'unit' needs a value or a table");
}

/* --- sections ----------------------------------------------------------------------------- */

/* `none` among other templates says nothing. */
static void check_map(struct field_walk *walk, const struct config_section *section,
		      const struct node *map)
{
	for (unsigned key = 0; key < MAP_KEYS; key++) {
		const struct templates *templates = &section->map[key];
		const struct node *node = map ? node_get(map, map_key_names[key]) : NULL;
		const struct node *item = node && node->type == NODE_LIST ? node->first : NULL;

		if (item == NULL && node && node->type == NODE_LIST)
			field_error(walk, node,
				    "there is no template here; write none for no opinion");
		for (size_t i = 0; i < templates->count && item; i++, item = item->next) {
			if (str_is(item->text, "none") && templates->count > 1)
				field_error(walk, item, "'none' stands alone");
		}
	}
}

static bool is_mapped(const struct config_section *section, enum map_key key)
{
	/* What has a finding counts as well. */
	return section->map[key].count > 0;
}

static void check_section(struct field_walk *walk, struct config_source *source,
			  enum account_kind kind, const struct node *node, bool groups)
{
	struct config_section *section = &source->sections[kind];
	const struct node *map = node_get(node, "map"), *manage = node_get(node, "manage");
	const unsigned managed = config_source_manage(source, kind);

	check_rules(walk, section->include, section->include_count, node_get(node, "include"),
		    groups);
	check_rules(walk, section->exclude, section->exclude_count, node_get(node, "exclude"),
		    groups);
	if (section->has & SECTION_HAS_UNIT)
		check_unit(walk, &section->unit, node_get(node, "unit"));
	check_map(walk, section, map);
	if (manage && source->manage)
		field_error(walk, manage, "'manage' stands in the source already");
	else if (manage && manage->type == NODE_LIST && manage->count == 0)
		field_error(
			walk, manage,
			"a section that manages nothing is none; leave the line out when it "
			"lists accounts");
	if (!is_mapped(section, MAP_ADDRESS))
		field_error(walk, map ? map : node,
			    "'%s' is missing: it says whose account it is",
			    map ? "address" : "map");
	else if (!is_mapped(section, MAP_NAME) && !managed && !source->adds)
		field_error(walk, map ? map : node,
			    "'name' is missing: no account can be created without one");
}

/* --- provider csv ------------------------------------------------------------------------- */

static void check_paths(struct field_walk *walk, const struct config_source *source,
			const struct node *const sections[KIND_COUNT], const struct node *item)
{
	const struct node *path = node_get(item, "path"), *kind = node_get(item, "kind");
	unsigned shared = 0;

	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (!sections[i] || node_get(sections[i], "path"))
			continue;
		shared++;
		if (!path)
			field_error(walk, sections[i],
				    "'path' is missing: name the file here, or in the source "
				    "when it has all accounts");
	}
	if (path && !shared && source->has)
		field_error(walk, path,
			    "nothing is read from this file: each section has its "
			    "own");
	else if (kind && !shared && source->has)
		field_error(
			walk, kind,
			"'kind' tells the rows of one file apart; here each section has its "
			"own file");
	else if (path && shared == KIND_COUNT && !kind)
		field_error(walk, item,
			    "users and functional accounts are in one file: 'kind' must name "
			    "the column that tells them apart");
}

static void check_kind(struct field_walk *walk, struct config_kind *kind,
		       const struct node *node)
{
	static const char *const words[KIND_COUNT] = {"user", "functional"};

	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (kind->words[i].count)
			continue;
		kind->words[i].items = arena_new(walk->arena, struct str);
		kind->words[i].items[0] = str_of(words[i]);
		kind->words[i].count = 1;
	}
	for (size_t i = 0; i < kind->words[0].count; i++) {
		for (size_t j = 0; j < kind->words[1].count; j++) {
			if (kind->words[0].items[i].len &&
			    str_eq(kind->words[0].items[i], kind->words[1].items[j])) {
				field_error(walk, node,
					    "'%.*s' cannot be both a user and functional",
					    STR_FMT(field_cut(kind->words[0].items[i])));
				return;
			}
		}
	}
}

/* Filling the source has left findings in its lines. */
static bool has_findings(const struct diags *diags, const struct node *item)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];

		if (!diag->warning && str_eq(diag->file, item->file) &&
		    diag->line >= item->line && (!item->next || diag->line < item->next->line))
			return true;
	}
	return diags->dropped > 0;
}

/* --- all of a source ------------------------------------------------------------------------ */

void config_mapping_check(struct field_walk *walk, struct config_source *source,
			  const struct node *item)
{
	static const char *const names[KIND_COUNT] = {"users", "functional"};
	const struct node *sections[KIND_COUNT] = {NULL};

	const bool directory = source->provider == SOURCE_LDAP;

	if (source->provider == SOURCE_YAML || item->type != NODE_MAP)
		return;
	/* What an unknown preset would have said is not missing. */
	if (directory && node_get(item, "preset") && !source->ldap.preset)
		return;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		const struct node *node = node_get(item, names[i]);

		if (!node || node->type != NODE_MAP)
			continue;
		sections[i] = node;
		check_section(walk, source, (enum account_kind)i, node, directory);
	}
	if (!source->has)
		field_error(walk, item,
			    "there is nothing to read: write 'users', 'functional' or both");
	if (directory)
		config_ldap_check(walk, source, item, sections);
	else
		check_paths(walk, source, sections, item);
	if (!directory && node_get(item, "kind"))
		check_kind(walk, &source->kind, node_get(item, "kind"));
	if (has_findings(walk->diags, item))
		return;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (!sections[i])
			continue;
		number_attributes(walk->arena, &source->sections[i]);
		find_origins(walk->arena, &source->sections[i]);
	}
	source->mapped = true;
}
