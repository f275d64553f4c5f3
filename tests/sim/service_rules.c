#include "service_internal.h"
#include "text.h"

static bool refuse_taken(struct call *call, const struct sym *address)
{
	return refuse(call, 409, "Error creating alias: Alias is already taken for %s",
		      address->text);
}

static bool refuse_address(struct call *call)
{
	return refuse(call, 403,
		      "You are not allowed to add this address to your organization. Does the "
		      "account belong to a registered domain name?");
}

static bool refuse_outside(struct call *call)
{
	return refuse(call, 409, "Account is outside the organization");
}

static bool is_claimed(const struct state *state, const struct sym *address)
{
	struct str domain = sym_str(address), local;

	str_split(&domain, '@', &local);
	return state->domains.count == 0 || names_have(&state->domains, domain);
}

static bool allow_primary(struct call *call, enum kind kind, const struct resource *resource,
			  const struct sym *primary)
{
	const struct resource *owner = state_by_address(call->state, sym_str(primary));

	if (owner && owner == resource) {
		if (primary != resource->primary && call->unknowns->swap == SWAP_REFUSED)
			return refuse_taken(call, primary);
		return true;
	}
	if (owner && owner->kind != kind && owner->primary == primary)
		return refuse_outside(call);
	if (owner)
		return refuse_taken(call, primary);
	if (names_have(&call->state->outside, sym_str(primary)))
		return refuse_outside(call);
	return is_claimed(call->state, primary) || refuse_address(call);
}

static bool allow_alias(struct call *call, const struct resource *resource,
			const struct shape *shape, const struct sym *alias)
{
	const struct resource *owner = state_by_address(call->state, sym_str(alias));

	if (alias == shape->primary || (owner && owner != resource))
		return refuse_taken(call, alias);
	if (owner) {
		if (alias == resource->primary && call->unknowns->swap == SWAP_REFUSED)
			return refuse_taken(call, alias);
		return true;
	}
	if (names_have(&call->state->guests, sym_str(alias)))
		return refuse(call, 409, "Error creating alias: Alias is a guest: %s",
			      alias->text);
	if (names_have(&call->state->outside, sym_str(alias)))
		return refuse_address(call);
	return is_claimed(call->state, alias) || refuse_address(call);
}

static bool allow_unit(struct call *call, struct str text)
{
	struct str object = text_find(text, ENTERPRISE), division, unit;

	if (!object.ptr)
		return true;
	if (text_type(object) != TEXT_OBJECT)
		return refuse(call, 400, ENTERPRISE " must be an object");
	division = text_find(object, "division");
	if (text_type(division) == TEXT_NULL)
		return true;
	if (!text_string(division, &call->arena, &unit))
		return refuse(call, 400, "division must be a text");
	if (unit.len == 0 || str_is(unit, "/") || call->state->units.count == 0 ||
	    names_have(&call->state->units, unit))
		return true;
	return refuse(call, 400, "Invalid division: %.*s", STR_FMT(unit));
}

bool rules_allow(struct call *call, enum kind kind, const struct resource *resource,
		 const struct shape *shape)
{
	if (!allow_primary(call, kind, resource, shape->primary))
		return false;
	for (size_t i = 0; i < shape->aliases.count; i++) {
		if (!allow_alias(call, resource, shape, shape->aliases.items[i]))
			return false;
	}
	return allow_unit(call, shape->text);
}
