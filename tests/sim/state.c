#include "state.h"

#include "render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct wire wires[KIND_COUNT] = {
	{"Users", "User", "userName",
	 "[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"" ENTERPRISE
	 "\",\"urn:ietf:params:scim:schemas:zivver:0.1:User\"]",
	 "urn:ietf:params:scim:schemas:zivver:0.1:User", "users"},
	{"Groups", "Group", "externalId",
	 "[\"urn:ietf:params:scim:schemas:core:2.0:Group\","
	 "\"urn:ietf:params:scim:schemas:zivver:0.1:Group\",\"" ENTERPRISE "\"]",
	 "urn:ietf:params:scim:schemas:zivver:0.1:Group", "groups"},
};

/* --- names and look-ups ------------------------------------------------------------------- */

void names_add(struct names *names, struct str text)
{
	const struct sym *name = sym_get(&names->pool, text);

	if (name->number == names->count)
		*vec_push(names) = name;
}

bool names_have(const struct names *names, struct str text)
{
	return sym_find(&names->pool, text);
}

static void own(struct owners *owners, const struct sym *name, struct resource *resource)
{
	while (owners->of.count <= name->number)
		vec_push(&owners->of);
	owners->of.items[name->number].resource = resource;
}

static struct resource *owner(const struct owners *owners, struct str name)
{
	const struct sym *sym = sym_find(&owners->pool, name);

	if (!sym || sym->number >= owners->of.count)
		return NULL;
	return owners->of.items[sym->number].resource;
}

struct resource *state_by_id(const struct state *state, struct str id)
{
	return owner(&state->ids, id);
}

struct resource *state_by_address(const struct state *state, struct str address)
{
	return owner(&state->addresses, address);
}

const struct sym *state_address(struct state *state, struct str address)
{
	return sym_get(&state->addresses.pool, address);
}

struct shared *shared_take(struct buf *buf)
{
	struct shared *shared = mem_calloc(1, sizeof(*shared));

	shared->uses = 1;
	shared->text.len = buf->len;
	shared->text.ptr = buf_take(buf);
	return shared;
}

struct shared *shared_copy(struct str text)
{
	struct buf buf = BUF_INIT;

	buf_add(&buf, text);
	return shared_take(&buf);
}

void shared_release(struct shared *shared)
{
	if (!shared || --shared->uses > 0)
		return;
	free((char *)shared->text.ptr);
	free(shared);
}

void state_begin_list(struct state *state)
{
	state->round++;
}

bool state_first_user(const struct state *state, struct resource *user)
{
	bool first = user->seen != state->round;

	user->seen = state->round;
	return first;
}

bool state_first_address(struct state *state, const struct sym *address)
{
	struct owners *addresses = &state->addresses;
	bool first;

	while (addresses->of.count <= address->number)
		vec_push(&addresses->of);
	first = addresses->of.items[address->number].seen != state->round;
	addresses->of.items[address->number].seen = state->round;
	return first;
}

void shape_release(struct shape *shape)
{
	free(shape->aliases.items);
	free(shape->delegates.items);
	*shape = (struct shape){.primary = NULL};
}

/* --- changes ------------------------------------------------------------------------------ */

static void forget_list(struct state *state, enum kind kind)
{
	shared_release(state->lists[kind].served);
	state->lists[kind].served = NULL;
}

/* --- who names whom ----------------------------------------------------------------------- */

/* Each delegate knows its place in the user's named_by, and that one its place in the delegates, so
 * that nothing is ever searched for. */
static void name_users(struct resource *by)
{
	for (size_t i = 0; i < by->delegates.count; i++) {
		struct delegate *one = &by->delegates.items[i];

		one->place = one->user->named_by.count;
		*vec_push(&one->user->named_by) = (struct naming){by, i};
	}
}

static void unname_users(struct resource *by)
{
	for (size_t i = 0; i < by->delegates.count; i++) {
		const struct delegate *one = &by->delegates.items[i];
		struct resource *user = one->user;
		struct naming last = user->named_by.items[--user->named_by.count];

		if (one->place == user->named_by.count)
			continue;
		user->named_by.items[one->place] = last;
		last.by->delegates.items[last.place].place = one->place;
	}
}

static void render_anew(struct state *state, struct resource *resource)
{
	render(state, resource, resource->text);
	forget_list(state, resource->kind);
}

static void remove_delegate(struct resource *by, size_t place)
{
	struct delegates *delegates = &by->delegates;

	delegates->count--;
	for (size_t i = place; i < delegates->count; i++) {
		delegates->items[i] = delegates->items[i + 1];
		delegates->items[i].user->named_by.items[delegates->items[i].place].place = i;
	}
}

/* Takes `user` from the delegates of everybody. */
static void remove_everywhere(struct state *state, struct resource *user)
{
	for (size_t i = 0; i < user->named_by.count; i++) {
		remove_delegate(user->named_by.items[i].by, user->named_by.items[i].place);
		render_anew(state, user->named_by.items[i].by);
	}
	user->named_by.count = 0;
}

static void make_stale(struct resource *user, const struct sym *address)
{
	for (size_t i = 0; i < user->named_by.count; i++) {
		const struct naming *naming = &user->named_by.items[i];
		struct delegate *one = &naming->by->delegates.items[naming->place];

		if (naming->by->kind == USER && !one->stale)
			one->stale = address;
	}
}

static void follow_others(struct state *state, struct resource *user,
			  const struct sym *old_primary, bool was_active)
{
	const struct unknowns *unknowns = state->unknowns;
	bool renamed = old_primary && old_primary != user->primary;
	bool suspended = was_active && !user->active;

	if ((renamed && unknowns->renamed_delegate == RENAMED_REMOVED) ||
	    (suspended && unknowns->suspended_delegate == SUSPENDED_REMOVED)) {
		remove_everywhere(state, user);
		return;
	}
	if (renamed && unknowns->renamed_delegate == RENAMED_STALE)
		make_stale(user, old_primary);
	if (!renamed &&
	    (was_active == user->active || unknowns->suspended_delegate != SUSPENDED_HIDDEN))
		return;
	for (size_t i = 0; i < user->named_by.count; i++)
		render_anew(state, user->named_by.items[i].by);
}

void state_change(struct state *state, struct resource *resource, struct shape *shape)
{
	const struct sym *old_primary = resource->primary;
	bool was_active = resource->active;
	struct shape old = {.aliases = resource->aliases, .delegates = resource->delegates};

	if (resource->primary)
		own(&state->addresses, resource->primary, NULL);
	for (size_t i = 0; i < old.aliases.count; i++)
		own(&state->addresses, old.aliases.items[i], NULL);
	unname_users(resource);
	resource->primary = shape->primary;
	resource->active = shape->active;
	resource->aliases = shape->aliases;
	resource->delegates = shape->delegates;
	own(&state->addresses, resource->primary, resource);
	for (size_t i = 0; i < resource->aliases.count; i++)
		own(&state->addresses, resource->aliases.items[i], resource);
	name_users(resource);
	render(state, resource, shape->text);
	forget_list(state, resource->kind);
	if (resource->kind == USER)
		follow_others(state, resource, old_primary, was_active);
	shape_release(&old);
	*shape = (struct shape){.primary = NULL};
}

void state_name(struct state *state, struct resource *resource, const struct sym *primary)
{
	resource->primary = primary;
	own(&state->addresses, primary, resource);
}

static void make_id(struct state *state, char out[37])
{
	char hex[33];

	do {
		unsigned char digest[SHA256_SIZE];
		struct sha256 sha;
		uint64_t number = ++state->made;

		/* The same requests give the same ids. */
		sha256_init(&sha);
		sha256_add(&sha, (struct str){(const char *)&number, sizeof(number)});
		sha256_final(&sha, digest);
		hex_encode(digest, 16, hex);
		snprintf(out, 37, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13,
			 hex + 17, hex + 20);
	} while (state_by_id(state, str_of(out)));
}

struct resource *state_add(struct state *state, enum kind kind, struct str id)
{
	struct list *list = &state->lists[kind];
	struct resource *resource = mem_calloc(1, sizeof(*resource));
	char made[37];

	if (id.len == 0) {
		make_id(state, made);
		id = str_of(made);
	}
	resource->kind = kind;
	resource->id = sym_get(&state->ids.pool, id);
	own(&state->ids, resource->id, resource);
	resource->place = list->count;
	*vec_push(list) = resource;
	list->live++;
	return resource;
}

static void resource_free(struct resource *resource)
{
	free((char *)resource->text.ptr);
	free(resource->aliases.items);
	free(resource->delegates.items);
	free(resource->named_by.items);
	free(resource);
}

void state_delete(struct state *state, struct resource *resource)
{
	struct list *list = &state->lists[resource->kind];

	remove_everywhere(state, resource);
	unname_users(resource);
	if (resource->broken)
		names_add(&state->broken, sym_str(resource->id));
	own(&state->ids, resource->id, NULL);
	if (resource->primary)
		own(&state->addresses, resource->primary, NULL);
	for (size_t i = 0; i < resource->aliases.count; i++)
		own(&state->addresses, resource->aliases.items[i], NULL);
	list->items[resource->place] = NULL;
	list->live--;
	forget_list(state, resource->kind);
	resource_free(resource);
}

void state_set_key(struct resource *resource, struct str key)
{
	resource->has_key = true;
	resource->mended = resource->broken;
	sha256_text(key, resource->key);
}

void state_break(struct resource *resource)
{
	resource->broken = true;
	resource->mended = false;
}

static void names_release(struct names *names)
{
	sym_pool_release(&names->pool);
	free(names->items);
}

static void owners_release(struct owners *owners)
{
	sym_pool_release(&owners->pool);
	free(owners->of.items);
}

void state_release(struct state *state)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		struct list *list = &state->lists[kind];

		for (size_t i = 0; i < list->count; i++) {
			if (list->items[i])
				resource_free(list->items[i]);
		}
		forget_list(state, (enum kind)kind);
		free(list->items);
	}
	owners_release(&state->ids);
	owners_release(&state->addresses);
	names_release(&state->guests);
	names_release(&state->units);
	names_release(&state->domains);
	names_release(&state->outside);
	names_release(&state->broken);
	*state = (struct state){.unknowns = NULL};
}
