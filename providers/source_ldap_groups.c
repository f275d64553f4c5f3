/* Groups: all of them are read once, and what the rules name is found among them. */
#include "source_ldap_internal.h"

#include "dn.h"
#include "fold.h"

#include <stdlib.h>
#include <string.h>

static bool maps(const struct config_section *section, const char *attribute)
{
	for (size_t i = 0; i < section->attribute_count; i++) {
		if (section->attributes[i].len &&
		    fold_same(section->attributes[i], str_of(attribute)))
			return true;
	}
	return false;
}

static bool has_rule(const struct config_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].test == RULE_MEMBERS_OF)
			return true;
	}
	return false;
}

bool ldap_section_has_group_rules(const struct config_section *section)
{
	return has_rule(section->include, section->include_count) ||
	       has_rule(section->exclude, section->exclude_count);
}

bool ldap_section_needs_groups(const struct config_section *section)
{
	return ldap_section_has_group_rules(section) || maps(section, LDAP_FULL_ACCESS) ||
	       (section->read == LDAP_READ_GROUPS && maps(section, LDAP_MEMBERS));
}

/* --- what the rules name -------------------------------------------------------------------------- */

/* One text of one rule. */
struct wanted {
	struct str written, folded;
	struct str dn; /* normalised; empty when it is none */
	struct ldap_rule *rule;
	uint32_t found, other; /* MEMBERSHIP_NOBODY */
};

struct collecting {
	struct ldap_reading *reading;
	struct wanted *wanted;
	size_t wanted_count;
	struct arena scratch;
};

enum { GROUP_MEMBER, GROUP_SID, GROUP_NAMES };
/* What a group may be called by, besides its distinguished name. */
static const char *const name_attributes[] = {"cn", "sAMAccountName", "name", "mail",
					      "proxyAddresses"};
enum { NAME_ATTRIBUTES = sizeof(name_attributes) / sizeof(*name_attributes) };

static void add_rules(struct ldap_reading *r, const struct config_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ldap_rule *rule;

		if (rules[i].test != RULE_MEMBERS_OF)
			continue;
		rule = vec_push(&r->rules);
		rule->rule = &rules[i];
		rule->groups = arena_array(&r->arena, uint32_t,
					   rules[i].texts[RULE_MEMBERS_OF].count);
	}
}

static void prepare(struct collecting *c)
{
	struct ldap_reading *r = c->reading;
	size_t most = 0;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct config_section *section = &r->source->sections[kind];

		if (!(r->source->has & 1u << kind))
			continue;
		add_rules(r, section->include, section->include_count);
		add_rules(r, section->exclude, section->exclude_count);
	}
	for (size_t i = 0; i < r->rules.count; i++)
		most += r->rules.items[i].rule->texts[RULE_MEMBERS_OF].count;
	c->wanted = arena_array(&r->arena, struct wanted, most);
	for (size_t i = 0; i < r->rules.count; i++) {
		const struct texts *texts = &r->rules.items[i].rule->texts[RULE_MEMBERS_OF];

		for (size_t j = 0; j < texts->count; j++) {
			struct wanted *wanted = &c->wanted[c->wanted_count++];
			struct err err;
			size_t at;

			*wanted = (struct wanted){
				.written = texts->items[j],
				.folded = fold_text(&r->arena, str_trim(texts->items[j])),
				.rule = &r->rules.items[i],
				.found = MEMBERSHIP_NOBODY,
				.other = MEMBERSHIP_NOBODY,
			};
			if (!memchr(texts->items[j].ptr, '=', texts->items[j].len) ||
			    dn_normalize(&r->arena, texts->items[j], &wanted->dn, &at, &err) <
				    0)
				wanted->dn = STR_NONE;
		}
	}
}

static void note_found(struct wanted *wanted, uint32_t number)
{
	if (wanted->found == MEMBERSHIP_NOBODY)
		wanted->found = number;
	else if (wanted->found != number)
		wanted->other = number;
}

/* "smtp:staff@example.org", and the like of other address types. */
static struct str without_type(struct str address)
{
	struct str rest = address, type;

	return str_split(&rest, ':', &type) && rest.ptr ? rest : address;
}

static void match_names(struct collecting *c, const struct directory_entry *entry,
			uint32_t number)
{
	arena_reset(&c->scratch);
	for (size_t i = 0; i < NAME_ATTRIBUTES; i++) {
		const struct values values = entry->values[GROUP_NAMES + i];

		for (size_t j = 0; j < values.count; j++) {
			struct str value = values.items[j];

			if (i == NAME_ATTRIBUTES - 1)
				value = without_type(value);
			value = fold_text(&c->scratch, str_trim(value));
			for (size_t k = 0; k < c->wanted_count; k++) {
				if (!c->wanted[k].dn.len && str_eq(c->wanted[k].folded, value))
					note_found(&c->wanted[k], number);
			}
		}
	}
}

/* --- reading ------------------------------------------------------------------------------------ */

static int take_group(void *context, const struct directory_entry *entry, struct err *err)
{
	struct collecting *c = context;
	struct membership *groups = c->reading->groups;
	const struct values members = entry->values[GROUP_MEMBER];
	const struct values sid = entry->values[GROUP_SID];
	uint32_t number = membership_number(groups, entry->dn);

	if (number == MEMBERSHIP_NOBODY)
		return err_set(err, ERR_FAILED, "the name of a group is no name: '%.*s'",
			       STR_FMT(entry->dn));
	/* Twice, when it was on its way from one page to another. */
	if (membership_is_group(groups, number))
		return 0;
	membership_group(groups, number, sid.count ? sid.items[0] : STR_NONE);
	for (size_t i = 0; i < members.count; i++) {
		uint32_t member = membership_number(groups, members.items[i]);

		/* Leaving it out would take somebody's access away. */
		if (member == MEMBERSHIP_NOBODY)
			return err_set(err, ERR_FAILED,
				       "a member of '%.*s' is no distinguished name: '%.*s'",
				       STR_FMT(entry->dn), STR_FMT(members.items[i]));
		membership_member(groups, member);
	}
	for (size_t i = 0; i < c->wanted_count; i++) {
		if (c->wanted[i].dn.len &&
		    str_eq(c->wanted[i].dn, membership_text(groups, number)))
			note_found(&c->wanted[i], number);
	}
	match_names(c, entry, number);
	return 0;
}

static int judge(const struct collecting *c, struct err *err)
{
	for (size_t i = 0; i < c->wanted_count; i++) {
		const struct wanted *wanted = &c->wanted[i];

		if (wanted->found == MEMBERSHIP_NOBODY)
			return err_set(err, ERR_FAILED,
				       "there is no group '%.*s' (%.*s:%u): check its name and "
				       "`groups.base_dns`, and that the user may read it",
				       STR_FMT(wanted->written),
				       STR_FMT(wanted->rule->rule->position.file),
				       wanted->rule->rule->position.line);
		if (wanted->other != MEMBERSHIP_NOBODY)
			return err_set(
				err, ERR_FAILED,
				"there are several groups '%.*s', '%s' and '%s' (%.*s:%u): write "
				"the distinguished name of the one that is meant",
				STR_FMT(wanted->written),
				membership_text(c->reading->groups, wanted->found).ptr,
				membership_text(c->reading->groups, wanted->other).ptr,
				STR_FMT(wanted->rule->rule->position.file),
				wanted->rule->rule->position.line);
		wanted->rule->groups[wanted->rule->group_count++] = wanted->found;
	}
	return 0;
}

/* Who is in, once: people come by the hundred thousand. */
static void mark_members(struct ldap_reading *r, struct ldap_rule *rule)
{
	membership_walk(r->groups, rule->groups, rule->group_count, rule->rule->nested);
	rule->known = membership_count(r->groups);
	rule->members = mem_calloc(rule->known / 8 + 1, 1);
	for (uint32_t number = 0; number < rule->known; number++) {
		if (membership_found(r->groups, number))
			rule->members[number / 8] |= (unsigned char)(1u << number % 8);
	}
}

int ldap_read_groups(struct ldap_reading *r, struct err *err)
{
	const struct config_ldap_groups *config = &r->source->ldap.groups;
	struct str attributes[GROUP_NAMES + NAME_ATTRIBUTES] = {config->member,
								STR("objectSid")};
	struct collecting c = {.reading = r};
	struct directory_query query = {.filter = config->filter,
					.attributes = attributes,
					.attribute_count = GROUP_NAMES + NAME_ATTRIBUTES,
					.entry = take_group,
					.context = &c};
	struct texts bases;
	int result;

	for (size_t i = 0; i < NAME_ATTRIBUTES; i++)
		attributes[GROUP_NAMES + i] = str_of(name_attributes[i]);
	r->groups = membership_new();
	prepare(&c);
	result = ldap_bases(r, &config->base_dns, &(struct texts){NULL, 0}, &bases, err);
	if (result == 0)
		result = ldap_search(r, &bases, &query, err);
	if (result == 0)
		result = judge(&c, err);
	for (size_t i = 0; i < r->rules.count && result == 0; i++)
		mark_members(r, &r->rules.items[i]);
	arena_release(&c.scratch);
	return result;
}

/* --- asking ------------------------------------------------------------------------------------- */

static bool has_bit(const struct ldap_rule *rule, uint32_t number)
{
	return number < rule->known && rule->members[number / 8] >> number % 8 & 1;
}

bool ldap_is_member(const struct ldap_reading *r, const struct config_rule *config,
		    uint32_t number, uint32_t primary)
{
	const struct ldap_rule *rule = r->rules.items;

	while (rule->rule != config)
		rule++;
	if (has_bit(rule, number))
		return true;
	if (primary == MEMBERSHIP_NOBODY)
		return false;
	for (size_t i = 0; i < rule->group_count; i++) {
		if (rule->groups[i] == primary)
			return true;
	}
	return config->nested && has_bit(rule, primary);
}

void ldap_rules_release(struct ldap_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		free(rules->items[i].members);
	free(rules->items);
}
