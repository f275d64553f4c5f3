#include "config.h"

#include "address.h"
#include "base/os.h"
#include "config_canonical.h"
#include "config_merge.h"
#include "config_preset.h"
#include "config_tables.h"
#include "json_schema.h"

#include <errno.h>

/* People write it: this is far more than they need. */
#define CONFIG_FILE_MAX (1U << 20)

bool patterns_match(const struct patterns *patterns, struct str text)
{
	return pattern_match_any(patterns->items, patterns->count, text);
}

/* --- limits ------------------------------------------------------------------------------- */

const char *const limit_rule_names[LIMIT_RULES] = {
	"create", "update", "suspend", "reactivate",    "keys",
	"held",   "grant",  "revoke",  "source_shrink", "target_shrink",
};

void limit_text(struct limit limit, char out[LIMIT_TEXT_SIZE])
{
	switch (limit.type) {
	case LIMIT_NONE:
		snprintf(out, LIMIT_TEXT_SIZE, "none");
		break;
	case LIMIT_PERCENT:
		snprintf(out, LIMIT_TEXT_SIZE, "%u%%", limit.value);
		break;
	case LIMIT_COUNT:
		snprintf(out, LIMIT_TEXT_SIZE, "%u", limit.value);
		break;
	}
}

bool limit_parse(struct str text, struct limit *out)
{
	struct limit limit = {LIMIT_COUNT, 0};
	uint64_t value = 0;

	if (str_is(text, "none")) {
		*out = (struct limit){LIMIT_NONE, 0};
		return true;
	}
	if (str_ends(text, "%")) {
		limit.type = LIMIT_PERCENT;
		text.len--;
	}
	if (!str_to_u64(text, &value) ||
	    value > (limit.type == LIMIT_PERCENT ? 100U : 1000000000U))
		return false;
	limit.value = (unsigned)value;
	*out = limit;
	return true;
}

/* --- findings about the whole ------------------------------------------------------------- */

/* The value at a dotted path, or the nearest map above it: where a finding about it belongs. */
static const struct node *node_at(const struct node *root, const char *path)
{
	struct str rest = str_of(path), part;
	const struct node *at = root;

	while (at->type == NODE_MAP && str_split(&rest, '.', &part)) {
		const struct node *key = at->first;

		while (key && !str_eq(key->text, part))
			key = key->next;
		if (!key)
			break;
		at = key->value;
	}
	return at;
}

/* Whether one of its sections lists accounts; sources without sections do. */
static bool source_lists(const struct config_source *source)
{
	bool lists = !source->has;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		lists = lists || ((source->has & 1u << kind) && !source->sections[kind].manage);
	return lists;
}

static void check_sources(struct field_walk *walk, const struct config_draft *draft,
			  const struct node *root)
{
	const struct node *sources = node_at(root, "sources"), *item = sources->first;
	const struct config *config = &draft->config;
	bool lists = false, unknown = config->target.external_id.len > 0;

	if (sources->type != NODE_LIST)
		return;
	if (config->source_count == 0) {
		field_error(walk, sources, "there is no source; name at least one");
		return;
	}
	for (size_t i = 0; i < config->source_count; i++, item = item->next) {
		const struct config_source *source = &config->sources[i];
		const struct node *manage = node_get(item, "manage");
		const struct node *adds = node_get(item, "adds");

		lists = lists || (!manage && source_lists(source));
		if (manage && manage->type == NODE_LIST && manage->count == 0)
			field_error(walk, manage,
				    "a source that manages nothing is no source; leave the "
				    "line out when it lists accounts");
		if (manage && source->manage && adds && (source->adds & ~source->manage))
			field_error(walk, adds,
				    "'adds' names an attribute that 'manage' does not");
		config_mapping_check(walk, &config->sources[i], item);
		if (source->name.len && str_eq(source->name, config->target.external_id))
			unknown = false;
		for (size_t j = 0; j < i && source->name.len; j++) {
			if (!str_eq(config->sources[j].name, source->name))
				continue;
			field_error(walk, node_at(item, "name"),
				    "there are two sources '%.*s'; the first is in line %u",
				    STR_FMT(source->name), config->sources[j].position.line);
			break;
		}
	}
	if (!lists)
		field_error(walk, sources,
			    "no source lists accounts: each of them has 'manage'");
	if (unknown)
		field_error(walk, node_at(root, "target.external_id"),
			    "there is no source '%.*s'",
			    STR_FMT(field_cut(config->target.external_id)));
}

static void check_rules(struct field_walk *walk, const struct config_draft *draft,
			const struct node *root)
{
	const struct node *rules = node_at(root, "approval.rules"), *rule = rules->first;

	if (rules->type != NODE_LIST || draft->rule_count != rules->count)
		return;
	for (size_t i = 0; i < draft->rule_count; i++, rule = rule->next) {
		if (rule->type != NODE_MAP)
			continue;
		if (node_get(rule, "when") && node_get(rule, "when")->type == NODE_MAP &&
		    node_get(rule, "when")->count == 0)
			field_error(walk, node_get(rule, "when"),
				    "this rule has no condition; 'required' outside the rules "
				    "is for all plans");
		if (draft->rules[i].required &&
		    draft->rules[i].required < draft->config.approval.required)
			field_error(walk, node_at(rule, "required"),
				    "a rule cannot ask for less than the %u approvals that "
				    "every plan needs",
				    draft->config.approval.required);
		if ((draft->rules[i].has & WHEN_OVER_LIMIT) && !draft->rules[i].over_limit)
			field_error(walk, node_at(rule, "when.over_limit"),
				    "a rule can only wait for over_limit: true; leave the "
				    "line out when it does not matter");
	}
}

/* One terminal cannot show that two persons sat at it. */
static void check_alone(struct field_walk *walk, const struct node *required, uint64_t count)
{
	if (required->type == NODE_SCALAR && count > 1)
		field_error(
			walk, required,
			"with method local only one person can approve; %u need method: ssh",
			(unsigned)count);
}

static void check_local(struct field_walk *walk, const struct config_draft *draft,
			const struct node *root)
{
	const struct node *signers = node_at(root, "approval.allowed_signers");
	const struct node *rules = node_at(root, "approval.rules");
	const struct node *rule = rules->type == NODE_LIST ? rules->first : NULL;

	if (signers->type == NODE_SCALAR)
		field_error(walk, signers,
			    "'allowed_signers' is only for method ssh; write method: ssh, or "
			    "leave it out");
	check_alone(walk, node_at(root, "approval.required"), draft->config.approval.required);
	if (rules->type != NODE_LIST || rules->count != draft->rule_count)
		return;
	for (size_t i = 0; rule; i++, rule = rule->next)
		if (rule->type == NODE_MAP)
			check_alone(walk, node_at(rule, "required"), draft->rules[i].required);
}

static void check_approval(struct field_walk *walk, const struct config_draft *draft,
			   const struct node *root)
{
	const struct config_approval *approval = &draft->config.approval;
	const struct node *signers = node_at(root, "approval.allowed_signers");
	const struct node *method = node_at(root, "approval.method");

	/* Only where a method was given and understood. */
	if (method->type == NODE_SCALAR && str_is(method->text, "ssh") &&
	    approval->allowed_signers.len == 0 && signers->type == NODE_MAP)
		field_error(walk, method,
			    "method ssh needs 'allowed_signers': the file with the keys of "
			    "those who may approve");
	if (approval->method == APPROVAL_LOCAL &&
	    (method->type != NODE_SCALAR || str_is(method->text, "local")))
		check_local(walk, draft, root);
	check_rules(walk, draft, root);
}

/* Each part of the scope is one address, domain or unit. */
static void check_parts(struct field_walk *walk, const struct draft_parts *parts,
			const struct node *list)
{
	if (list->type != NODE_LIST || parts->count != list->count)
		return;
	for (const struct node *item = list->first; item; item = item->next) {
		if (item->type == NODE_MAP && item->count != 1)
			field_error(walk, item,
				    "write one of address, domain or unit in each item");
	}
}

/* --- from the draft to the configuration -------------------------------------------------- */

static void take_parts(struct arena *arena, const struct draft_parts *parts,
		       struct patterns *addresses, struct patterns *units)
{
	*addresses = (struct patterns){arena_array(arena, struct str, parts->count), 0};
	*units = (struct patterns){arena_array(arena, struct str, parts->count), 0};
	for (size_t i = 0; i < parts->count; i++) {
		const struct draft_part *part = &parts->items[i];

		if (part->unit.len)
			units->items[units->count++] = part->unit;
		else if (part->domain.len)
			addresses->items[addresses->count++] =
				arena_strf(arena, "*@%.*s", STR_FMT(part->domain));
		else
			addresses->items[addresses->count++] = part->address;
	}
}

static void take_rules(struct arena *arena, const struct config_draft *draft,
		       struct config_approval *approval)
{
	approval->rules = arena_array(arena, struct approval_rule, draft->rule_count);
	approval->rule_count = draft->rule_count;
	for (size_t i = 0; i < draft->rule_count; i++) {
		const struct draft_rule *rule = &draft->rules[i];

		approval->rules[i] = (struct approval_rule){
			.action = rule->has & WHEN_ACTION
					  ? str_of(config_rule_actions[rule->action])
					  : STR_NONE,
			.kind = rule->has & WHEN_KIND ? rule->kind : -1,
			.over_limit = rule->over_limit,
			.required = rule->required,
		};
	}
}

/*
 * A path as plans and the pinned endpoints show it: from the folder of the configuration itself, so
 * that the same words in a file of another folder are another endpoint.
 */
static struct str path_from(struct str dir, struct str path, struct str given)
{
	const size_t skip = dir.len && !str_ends(dir, "/") ? dir.len + 1 : dir.len;

	if (str_starts(given, "/") || path.len <= skip || memcmp(path.ptr, dir.ptr, dir.len))
		return path;
	return (struct str){path.ptr + skip, path.len - skip};
}

/* `arena`, `path` and `dir` of the configuration stay. */
static void take(struct config *config, const struct config_draft *draft)
{
	struct config taken = draft->config;

	taken.path = config->path;
	taken.dir = config->dir;
	taken.arena = config->arena;
	take_parts(&taken.arena, &draft->include, &taken.target.scope.include,
		   &taken.target.scope.include_units);
	take_parts(&taken.arena, &draft->exclude, &taken.target.scope.exclude,
		   &taken.target.scope.exclude_units);
	take_rules(&taken.arena, draft, &taken.approval);
	taken.target.path_given = path_from(taken.dir, taken.target.path,
					    taken.target.path_given);
	for (uint32_t i = 0; i < taken.source_count; i++) {
		struct config_source *source = &taken.sources[i];

		source->path_given = path_from(taken.dir, source->path, source->path_given);
		for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
			struct config_section *section = &source->sections[kind];

			section->path_given = path_from(taken.dir, section->path,
							section->path_given);
		}
	}
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		for (unsigned rule = 0; rule < LIMIT_RULES; rule++) {
			bool own = draft->limits[1 + kind].has & 1U << rule;

			taken.limits[kind][rule] =
				draft->limits[own ? 1 + kind : 0].rules[rule];
		}
	}
	*config = taken;
}

/* --- files -------------------------------------------------------------------------------- */

/* What `root` extends, put under it. NULL after a finding. */
static struct node *extended(struct config *config, struct node *root, struct diags *diags)
{
	struct field_walk walk = {.arena = &config->arena, .diags = diags};
	const struct node *name = node_get(root, "extends");
	struct node *base;
	struct stat status;
	struct str path;

	if (!name)
		return root;
	if (name->type != NODE_SCALAR || name->text.len == 0 || node_is_null(name)) {
		field_error(&walk, name, "expected the path of the file that this one extends");
		return NULL;
	}
	path = field_resolve(&config->arena, name->file, name->text);
	if (stat(path.ptr, &status) < 0) {
		field_error(&walk, name, "%s cannot be read: %s", path.ptr, strerror(errno));
		return NULL;
	}
	if (status.st_size > CONFIG_FILE_MAX) {
		diag_error(diags, path, 0, 0, "is larger than 1 MiB: that is no configuration");
		return NULL;
	}
	base = yaml_parse_file(&config->arena, path, diags);
	if (!base)
		return NULL;
	if (base->type != NODE_MAP) {
		field_error(&walk, base, "expected a map of keys, found %s",
			    field_node_what(base));
		return NULL;
	}
	name = node_get(base, "extends");
	if (name) {
		field_error(&walk, name,
			    "this file is extended by %.*s; it cannot extend another one",
			    STR_FMT(root->file));
		return NULL;
	}
	return config_merge(base, root, diags) < 0 ? NULL : base;
}

/* A file of a newer format says nothing reliable about its other keys. */
static int check_version(struct diags *diags, const struct node *root)
{
	struct field_walk walk = {.diags = diags};
	const struct node *version = node_get(root, "zsctl");
	struct config_draft draft;

	if (!version)
		return 0;
	return field_fill_one(&walk, &config_table.fields[0], version, &draft);
}

static int validate(struct config *config, struct node *root, struct diags *diags)
{
	struct field_walk walk = {.arena = &config->arena, .diags = diags};
	struct config_draft *draft = arena_new(&config->arena, struct config_draft);
	size_t errors = diags->errors;

	if (root->type == NODE_MAP && check_version(diags, root) < 0)
		return -1;
	root = root->type == NODE_MAP ? extended(config, root, diags) : root;
	if (!root ||
	    (root->type == NODE_MAP && config_presets(&config->arena, root, diags) < 0))
		return -1;
	field_fill(&walk, &config_table, root, draft);
	if (root->type == NODE_MAP) {
		check_sources(&walk, draft, root);
		check_approval(&walk, draft, root);
		check_parts(&walk, &draft->include, node_at(root, "target.scope.include"));
		check_parts(&walk, &draft->exclude, node_at(root, "target.scope.exclude"));
	}
	if (diags->errors > errors) {
		config->sources = draft->config.sources;
		config->source_count = draft->config.source_count;
		return -1;
	}
	take(config, draft);
	config->canonical = config_canonical(&config->arena, root);
	sha256_text(config->canonical, config->digest);
	return 0;
}

static void begin(struct config *config, const char *path)
{
	*config = (struct config){.arena = ARENA_INIT};
	config->path = arena_str(&config->arena, str_of(path));
	config->dir = os_dirname(&config->arena, config->path);
}

int config_parse(struct config *config, const char *path, struct str text, struct diags *diags)
{
	struct node *root;

	begin(config, path);
	root = yaml_parse(&config->arena, config->path, text, diags);
	return root ? validate(config, root, diags) : -1;
}

int config_load(struct config *config, const char *path, struct diags *diags)
{
	struct stat status;
	struct node *root;

	begin(config, path);
	if (stat(path, &status) == 0 && status.st_size > CONFIG_FILE_MAX) {
		diag_error(diags, config->path, 0, 0,
			   "is larger than 1 MiB: that is no configuration");
		return -1;
	}
	root = yaml_parse_file(&config->arena, config->path, diags);
	return root ? validate(config, root, diags) : -1;
}

void config_release(struct config *config)
{
	arena_release(&config->arena);
	*config = (struct config){.arena = ARENA_INIT};
}

/* --- what may be written ------------------------------------------------------------------ */

void config_reference(struct buf *out)
{
	field_reference(out, &config_table);
	buf_puts(out, "\n#### Templates\n\nWhat stands in `map`, `unit` and the like.\n\n");
	template_forms(out);
	buf_char(out, '\n');
	template_reference(out);
	buf_puts(
		out,
		"\n#### Presets\n\nWhat a preset puts below the lines of a source. Each line can be "
		"written differently. Of the two `functional` the first one holds unless `read` is "
		"written.\n");
	config_presets_reference(out);
}

void config_json_schema(struct buf *out)
{
	json_schema_write(out, &config_table, "zsctl.yaml, the configuration of zsctl");
}
