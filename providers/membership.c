#include "membership.h"

#include "dn.h"
#include "security_descriptor.h"

#include <stdlib.h>
#include <string.h>

/* Of one name, by its number. */
struct node {
	const struct sym *name;
	uint32_t group;   /* 1 + its place in groups; 0: none */
	uint32_t visited; /* the walk that came by last */
	bool person;
};

struct group {
	size_t first, count; /* in members */
	/* People whose primary group it is: a list through `people`. 1 + the newest; 0: none. */
	uint32_t primary;
};

struct person {
	uint32_t number;
	uint32_t next; /* of the same primary group; 0: the last */
};

struct numbers {
	uint32_t *items;
	size_t count, capacity;
};

struct membership {
	struct sym_pool names, sids;
	struct arena scratch;
	struct {
		struct node *items;
		size_t count, capacity;
	} nodes;
	struct {
		struct group *items;
		size_t count, capacity;
	} groups;
	struct {
		struct person *items;
		size_t count, capacity;
	} people;
	struct numbers members; /* of all groups, one after the other */
	struct numbers owners;  /* by number of the SID: whose it is */
	/* The last walk. */
	uint32_t walk;
	struct numbers found; /* people */
	struct numbers queue; /* groups to go through */
	size_t strangers;
	uint32_t stranger;
};

struct membership *membership_new(void)
{
	return mem_calloc(1, sizeof(struct membership));
}

void membership_free(struct membership *m)
{
	if (!m)
		return;
	sym_pool_release(&m->names);
	sym_pool_release(&m->sids);
	arena_release(&m->scratch);
	free(m->nodes.items);
	free(m->groups.items);
	free(m->people.items);
	free(m->members.items);
	free(m->owners.items);
	free(m->found.items);
	free(m->queue.items);
	free(m);
}

/* --- names -------------------------------------------------------------------------------------- */

uint32_t membership_normal(struct membership *m, struct str dn)
{
	const struct sym *name = sym_get(&m->names, dn);

	if (name->number == m->nodes.count)
		vec_push(&m->nodes)->name = name;
	return name->number;
}

uint32_t membership_number(struct membership *m, struct str dn)
{
	struct str normal;
	struct err err;
	size_t at;

	arena_reset(&m->scratch);
	if (dn_normalize(&m->scratch, dn, &normal, &at, &err) < 0)
		return MEMBERSHIP_NOBODY;
	return membership_normal(m, normal);
}

struct str membership_text(const struct membership *m, uint32_t number)
{
	return sym_str(m->nodes.items[number].name);
}

uint32_t membership_count(const struct membership *m)
{
	return (uint32_t)m->nodes.count;
}

static void note_sid(struct membership *m, struct str sid, uint32_t owner)
{
	const struct sym *sym;

	if (!sid_valid(sid))
		return;
	sym = sym_get(&m->sids, sid);
	if (sym->number == m->owners.count)
		*vec_push(&m->owners) = owner;
}

uint32_t membership_by_sid(const struct membership *m, struct str sid)
{
	const struct sym *sym = sym_find(&m->sids, sid);

	return sym ? m->owners.items[sym->number] : MEMBERSHIP_NOBODY;
}

/* --- groups and people -------------------------------------------------------------------------- */

void membership_group(struct membership *m, uint32_t number, struct str sid)
{
	struct group *group = vec_push(&m->groups);

	group->first = m->members.count;
	m->nodes.items[number].group = (uint32_t)m->groups.count;
	note_sid(m, sid, number);
}

void membership_member(struct membership *m, uint32_t member)
{
	*vec_push(&m->members) = member;
	m->groups.items[m->groups.count - 1].count++;
}

bool membership_is_group(const struct membership *m, uint32_t number)
{
	return m->nodes.items[number].group != 0;
}

uint32_t membership_primary(const struct membership *m, struct str sid, uint32_t primary)
{
	char made[SID_SIZE_MOST];
	uint32_t number;

	if (primary == 0)
		return MEMBERSHIP_NOBODY;
	sid = sid_in_domain(sid, primary, made);
	if (sid.len == 0)
		return MEMBERSHIP_NOBODY;
	number = membership_by_sid(m, sid);
	if (number == MEMBERSHIP_NOBODY || !membership_is_group(m, number))
		return MEMBERSHIP_NOBODY;
	return number;
}

void membership_person(struct membership *m, uint32_t number, struct str sid, uint32_t primary)
{
	uint32_t group = membership_primary(m, sid, primary);

	/* An entry that came twice, on its way from one page to another. */
	if (m->nodes.items[number].person)
		return;
	m->nodes.items[number].person = true;
	note_sid(m, sid, number);
	if (group == MEMBERSHIP_NOBODY)
		return;
	*vec_push(&m->people) = (struct person){
		number, m->groups.items[m->nodes.items[group].group - 1].primary};
	m->groups.items[m->nodes.items[group].group - 1].primary = (uint32_t)m->people.count;
}

/* --- walks -------------------------------------------------------------------------------------- */

/* Groups are gone through when `into`. */
static void meet(struct membership *m, uint32_t number, bool into)
{
	struct node *node = &m->nodes.items[number];

	if (node->visited == m->walk)
		return;
	node->visited = m->walk;
	if (node->person)
		*vec_push(&m->found) = number;
	else if (node->group && into)
		*vec_push(&m->queue) = number;
	else if (!node->group && m->strangers++ == 0)
		m->stranger = number;
}

static void go_through(struct membership *m, uint32_t number, bool nested)
{
	const struct group *group = &m->groups.items[m->nodes.items[number].group - 1];

	for (size_t i = 0; i < group->count; i++)
		meet(m, m->members.items[group->first + i], nested);
	for (uint32_t i = group->primary; i; i = m->people.items[i - 1].next)
		meet(m, m->people.items[i - 1].number, nested);
}

void membership_walk(struct membership *m, const uint32_t *roots, size_t count, bool nested)
{
	if (++m->walk == 0) {
		/* After four thousand million walks the numbers begin anew. */
		for (size_t i = 0; i < m->nodes.count; i++)
			m->nodes.items[i].visited = 0;
		m->walk = 1;
	}
	m->found.count = m->queue.count = m->strangers = 0;
	/* One that turns out to be a member of another is gone through again: no harm. */
	for (size_t i = 0; i < count; i++) {
		if (m->nodes.items[roots[i]].group)
			*vec_push(&m->queue) = roots[i];
		else
			meet(m, roots[i], true);
	}
	for (size_t i = 0; i < m->queue.count; i++)
		go_through(m, m->queue.items[i], nested);
}

const uint32_t *membership_people(const struct membership *m, size_t *count)
{
	*count = m->found.count;
	return m->found.items;
}

bool membership_found(const struct membership *m, uint32_t number)
{
	return m->walk && m->nodes.items[number].visited == m->walk;
}

size_t membership_strangers(const struct membership *m, uint32_t *example)
{
	*example = m->stranger;
	return m->strangers;
}
