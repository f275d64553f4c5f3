/* The entries of one section: what the directory has, and what the source finds out itself. */
#include "source_ldap_internal.h"

#include "dn.h"
#include "fold.h"
#include "security_descriptor.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* More could not be held in memory, nor be what anybody means. */
	DELEGATIONS_MOST = 20000000,
};

#define DESCRIPTOR "msExchMailboxSecurityDescriptor"

/* What is asked for besides what the section maps. */
enum extra { EXTRA_SID, EXTRA_PRIMARY, EXTRA_DESCRIPTOR, EXTRAS };
static const char *const extra_names[EXTRAS] = {"objectSid", "primaryGroupID", DESCRIPTOR};

struct section {
	struct ldap_reading *reading; /* first: see source_ldap_base.c */
	const struct config_section *config;
	enum account_kind kind;
	/* The query's attributes, and by slot of the section: which of them. SIZE_MAX: none. */
	struct str *attributes;
	size_t attribute_count;
	size_t *from;
	size_t extras[EXTRAS];
	size_t members, full_access,
		name;          /* slots that are filled here; SIZE_MAX: not mapped */
	struct values *values; /* by slot */
	/* The entry at hand. */
	struct arena arena;
	uint32_t number, primary;
	struct str dn;
	size_t with_strangers; /* groups with members that are nobody here */
	struct str stranger;
};

/* --- what is asked for --------------------------------------------------------------------------- */

static size_t ask_for(struct section *s, struct str name)
{
	for (size_t i = 0; i < s->attribute_count; i++) {
		if (fold_same(s->attributes[i], name))
			return i;
	}
	s->attributes[s->attribute_count] = name;
	return s->attribute_count++;
}

static bool is_own(const struct section *s, struct str name)
{
	return (s->config->read == LDAP_READ_GROUPS && fold_same(name, STR(LDAP_MEMBERS))) ||
	       fold_same(name, STR(LDAP_FULL_ACCESS));
}

static void prepare(struct section *s)
{
	const struct config_section *config = s->config;
	struct arena *arena = &s->reading->arena;
	bool grouped = s->reading->groups != NULL;

	s->attributes = arena_array(arena, struct str, config->attribute_count + EXTRAS + 1);
	s->from = arena_array(arena, size_t, config->attribute_count + 1);
	s->values = arena_array(arena, struct values, config->attribute_count + 1);
	s->members = s->full_access = s->name = SIZE_MAX;
	for (size_t slot = 0; slot < config->attribute_count; slot++) {
		const struct str name = config->attributes[slot];

		s->from[slot] = SIZE_MAX;
		if (!is_own(s, name))
			s->from[slot] = ask_for(s, name);
		else if (fold_same(name, STR(LDAP_MEMBERS)))
			s->members = slot;
		else
			s->full_access = slot;
		/* Not every directory has it as an attribute; every entry has a name. */
		if (fold_same(name, STR("distinguishedName")))
			s->name = slot;
	}
	for (unsigned i = 0; i < EXTRAS; i++) {
		bool wanted = i == EXTRA_DESCRIPTOR ? s->full_access != SIZE_MAX : grouped;

		s->extras[i] = wanted ? ask_for(s, str_of(extra_names[i])) : SIZE_MAX;
	}
	if (s->attribute_count == 0)
		ask_for(s, STR("1.1"));
}

/* What it has of the query's attribute with that number. */
static struct values values_of(const struct section *s, const struct directory_entry *entry,
			       size_t at)
{
	if (at == SIZE_MAX)
		return (struct values){NULL, 0};
	if (!s->reading->scan->all || entry->names == s->attributes)
		return entry->values[at];
	for (size_t i = 0; i < entry->count; i++) {
		if (fold_same(entry->names[i], s->attributes[at]))
			return entry->values[i];
	}
	return (struct values){NULL, 0};
}

static struct str extra_of(const struct section *s, const struct directory_entry *entry,
			   enum extra extra)
{
	struct values values = values_of(s, entry, s->extras[extra]);

	return values.count ? values.items[0] : STR_NONE;
}

/* --- delegates ---------------------------------------------------------------------------------- */

static void add_people(struct section *s, const uint32_t *people, size_t count, size_t slot)
{
	struct str *texts = arena_array(&s->arena, struct str, count);

	for (size_t i = 0; i < count; i++)
		texts[i] = membership_text(s->reading->groups, people[i]);
	s->values[slot] = (struct values){texts, count};
	s->reading->delegations += count;
}

static void take_members(struct section *s, struct mapped_entry *out)
{
	struct membership *groups = s->reading->groups;
	const uint32_t *people;
	uint32_t stranger;
	size_t count;

	s->values[s->members] = (struct values){NULL, 0};
	if (!membership_is_group(groups, s->number)) {
		out->held =
			"is none of the groups by `groups.filter` and `groups.base_dns`, so "
			"its members are not known";
		return;
	}
	membership_walk(groups, &s->number, 1, s->config->members == LDAP_MEMBERS_NESTED);
	people = membership_people(groups, &count);
	if (membership_strangers(groups, &stranger) > 0 && s->with_strangers++ == 0)
		s->stranger = membership_text(groups, stranger);
	add_people(s, people, count, s->members);
}

/* Who is known by these SIDs. Those of other domains and of the system are nobody here. */
static size_t find_trustees(struct section *s, const struct trustees *trustees,
			    uint32_t **numbers)
{
	size_t count = 0;

	*numbers = arena_array(&s->arena, uint32_t, trustees->count);
	for (size_t i = 0; i < trustees->count; i++) {
		uint32_t number = membership_by_sid(s->reading->groups, trustees->sids[i]);

		if (number != MEMBERSHIP_NOBODY)
			(*numbers)[count++] = number;
	}
	return count;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Those who are allowed, by themselves or through groups, without those who are denied. */
static void take_allowed(struct section *s, const struct trustees *allowed,
			 const struct trustees *denied)
{
	struct membership *groups = s->reading->groups;
	uint32_t *roots, *without, *kept;
	const uint32_t *people;
	size_t count, without_count, kept_count = 0;

	count = find_trustees(s, denied, &roots);
	membership_walk(groups, roots, count, true);
	people = membership_people(groups, &without_count);
	without = arena_array(&s->arena, uint32_t, without_count);
	if (without_count)
		memcpy(without, people, without_count * sizeof(*without));
	qsort(without, without_count, sizeof(*without), by_number);
	count = find_trustees(s, allowed, &roots);
	membership_walk(groups, roots, count, true);
	people = membership_people(groups, &count);
	kept = arena_array(&s->arena, uint32_t, count);
	for (size_t i = 0; i < count; i++) {
		if (!bsearch(&people[i], without, without_count, sizeof(*without), by_number))
			kept[kept_count++] = people[i];
	}
	add_people(s, kept, kept_count, s->full_access);
}

static void take_full_access(struct section *s, const struct directory_entry *entry,
			     struct mapped_entry *out)
{
	struct str bytes = extra_of(s, entry, EXTRA_DESCRIPTOR);
	struct trustees allowed, denied;

	s->values[s->full_access] = (struct values){NULL, 0};
	/* A mailbox that is elsewhere has none here: nothing is known about it. */
	if (bytes.len == 0) {
		out->delegates_unknown = true;
		return;
	}
	switch (descriptor_full_access(&s->arena, bytes, &allowed, &denied)) {
	case DESCRIPTOR_READ:
		take_allowed(s, &allowed, &denied);
		break;
	case DESCRIPTOR_UNKNOWN:
		out->delegates_unknown = true;
		break;
	case DESCRIPTOR_BROKEN:
		out->held = "has a " DESCRIPTOR " that cannot be read";
		break;
	}
}

/* --- entries ------------------------------------------------------------------------------------ */

static bool is_member(void *context, const struct config_rule *rule)
{
	const struct section *s = context;

	return ldap_is_member(s->reading, rule, s->number, s->primary);
}

/* A user that is a functional account is no user. */
static bool is_claimed(const struct section *s)
{
	return s->kind == KIND_USER && sym_find(&s->reading->claimed, s->dn) != NULL;
}

/* Its name, and what it is to groups. */
static int place_entry(struct section *s, const struct directory_entry *entry, struct err *err)
{
	struct membership *groups = s->reading->groups;
	struct str sid = extra_of(s, entry, EXTRA_SID);
	uint64_t primary = 0;
	size_t at;

	if (!groups && dn_normalize(&s->arena, entry->dn, &s->dn, &at, err) < 0)
		return err_prefix(err, "the name of an entry is no name, '%.*s'",
				  STR_FMT(entry->dn));
	if (!groups)
		return 0;
	s->number = membership_number(groups, entry->dn);
	if (s->number == MEMBERSHIP_NOBODY)
		return err_set(err, ERR_FAILED, "the name of an entry is no name: '%.*s'",
			       STR_FMT(entry->dn));
	s->dn = membership_text(groups, s->number);
	if (!str_to_u64(extra_of(s, entry, EXTRA_PRIMARY), &primary) || primary > UINT32_MAX)
		primary = 0;
	s->primary = membership_primary(groups, sid, (uint32_t)primary);
	if (s->kind == KIND_USER && !is_claimed(s))
		membership_person(groups, s->number, sid, (uint32_t)primary);
	return 0;
}

static void take_values(struct section *s, const struct directory_entry *entry)
{
	for (size_t slot = 0; slot < s->config->attribute_count; slot++) {
		if (s->from[slot] != SIZE_MAX)
			s->values[slot] = values_of(s, entry, s->from[slot]);
	}
	if (s->name != SIZE_MAX && s->values[s->name].count == 0) {
		struct str *dn = arena_new(&s->arena, struct str);

		*dn = entry->dn;
		s->values[s->name] = (struct values){dn, 1};
	}
}

static int take_entry(void *context, const struct directory_entry *entry, struct err *err)
{
	struct section *s = context;
	struct raw_entry raw = {.entry = {.kind = s->kind,
					  .values = s->values,
					  .member_of = is_member,
					  .context = s},
				.names = s->config->attributes,
				.values = s->values,
				.count = s->config->attribute_count};

	arena_reset(&s->arena);
	if (place_entry(s, entry, err) < 0)
		return -1;
	if (is_claimed(s))
		return 0;
	take_values(s, entry);
	if (s->members != SIZE_MAX)
		take_members(s, &raw.entry);
	if (s->full_access != SIZE_MAX)
		take_full_access(s, entry, &raw.entry);
	if (s->reading->delegations > DELEGATIONS_MOST)
		return err_set(
			err, ERR_FAILED,
			"groups give more than %d delegations: a group of all is a member "
			"of many",
			DELEGATIONS_MOST);
	raw.entry.name = s->dn;
	if (s->reading->scan->all) {
		raw.names = entry->names;
		raw.values = entry->values;
		raw.count = entry->count;
	}
	return s->reading->scan->entry(s->reading->scan->context, &raw, err);
}

static int take_claim(void *context, const struct directory_entry *entry, struct err *err)
{
	struct section *s = context;
	const struct filter_entry filtered = {s->values, is_member, s};

	arena_reset(&s->arena);
	if (place_entry(s, entry, err) < 0)
		return -1;
	take_values(s, entry);
	if (filter_judge(s->config, &filtered, &s->arena).in)
		sym_get(&s->reading->claimed, s->dn);
	return 0;
}

static int take_person(void *context, const struct directory_entry *entry, struct err *err)
{
	struct section *s = context;

	arena_reset(&s->arena);
	return place_entry(s, entry, err);
}

/* Its entries, one after the other to `entry`. */
static int search(struct section *s,
		  int (*entry)(void *context, const struct directory_entry *entry,
			       struct err *err),
		  struct err *err)
{
	const struct config_ldap *ldap = &s->reading->source->ldap;
	struct directory_query query = {.filter = s->config->filter,
					.attributes = s->attributes,
					.attribute_count = s->attribute_count,
					.all = s->reading->scan->all && entry == take_entry,
					.entry = entry,
					.context = s};
	struct texts bases;

	/* Groups are seldom where people are. */
	if (ldap_bases(s->reading, &s->config->base_dns,
		       s->config->read == LDAP_READ_GROUPS ? &ldap->groups.base_dns
							   : &ldap->base_dns,
		       &bases, err) < 0)
		return -1;
	return ldap_search(s->reading, &bases, &query, err);
}

/* A section that only adds to accounts that others list says of nobody what he is. */
bool ldap_claims_users(const struct config_source *source)
{
	return source->has & 1u << KIND_FUNCTIONAL &&
	       source->sections[KIND_FUNCTIONAL].read == LDAP_READ_USERS &&
	       !config_source_manage(source, KIND_FUNCTIONAL);
}

/* Which users are functional accounts: by filter and rules of those. */
static int claim(struct ldap_reading *reading, struct err *err)
{
	struct section s = {.reading = reading,
			    .config = &reading->source->sections[KIND_FUNCTIONAL],
			    .kind = KIND_FUNCTIONAL,
			    .primary = MEMBERSHIP_NOBODY};
	int result;

	if (!ldap_claims_users(reading->source))
		return 0;
	prepare(&s);
	result = search(&s, take_claim, err);
	arena_release(&s.arena);
	return result;
}

static int read_all(struct section *s, struct err *err)
{
	if (s->kind == KIND_USER && claim(s->reading, err) < 0)
		return -1;
	/* Whom others name by a SID must be known before. */
	if (s->kind == KIND_USER && s->full_access != SIZE_MAX &&
	    search(s, take_person, err) < 0)
		return -1;
	return search(s, take_entry, err);
}

int ldap_read_section(struct ldap_reading *reading, enum account_kind kind, struct err *err)
{
	struct section s = {.reading = reading,
			    .config = &reading->source->sections[kind],
			    .kind = kind,
			    .primary = MEMBERSHIP_NOBODY};
	int result;

	prepare(&s);
	result = read_all(&s, err);
	if (result == 0 && s.with_strangers)
		diag_warning(reading->diags, reading->source->name, 0, 0,
			     "%zu group%s members that are none of its users, like '%s': they "
			     "are no delegates",
			     s.with_strangers, s.with_strangers == 1 ? " has" : "s have",
			     s.stranger.ptr);
	arena_release(&s.arena);
	return result;
}
