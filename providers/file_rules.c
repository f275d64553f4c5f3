#include "file_rules.h"

#include "address.h"

/* --- refusals, in the service's words --------------------------------------------------- */

bool file_refuse(struct file_applying *a, enum outcome_class class, const char *advice,
		 struct str text)
{
	a->outcome->class = class;
	a->outcome->text = text;
	a->outcome->advice = str_of(advice);
	return false;
}

/* `what`: "alias: Alias" or "account: Address" */
static bool refuse_taken(struct file_applying *a, const char *what, const struct sym *address,
			 const struct file_resource *owner)
{
	struct str text =
		arena_strf(a->answers, "Error creating %s is already taken for %s %s: %s", what,
			   kind_names[owner->kind], owner->address->text, address->text);

	return file_refuse(
		a, OUTCOME_FAILED,
		"merge the two accounts in the Zivver portal, or drop the address from one",
		text);
}

bool file_refuse_unknown(struct file_applying *a)
{
	return file_refuse(a, OUTCOME_FAILED, "it was deleted meanwhile: plan again",
			   arena_strf(a->answers, "Unknown account with uuid: %.*s",
				      STR_FMT(sym_str(a->request->id))));
}

/* --- the rules -------------------------------------------------------------------------- */

static bool check_claimed(struct file_applying *a, const struct sym *address)
{
	const struct patterns *claimed = &a->config->claimed;
	struct str domain = address_domain(sym_str(address));

	for (size_t i = 0; i < claimed->count; i++) {
		if (str_eq(claimed->items[i], domain))
			return true;
	}
	if (claimed->count == 0)
		return true;
	return file_refuse(
		a, OUTCOME_FAILED,
		"claim the domain in the Zivver portal, or use Adopt there when an account "
		"with this address exists outside the organization",
		arena_strf(a->answers,
			   "You are not allowed to add this address to your organization. "
			   "Does the account belong to a registered domain name? (%s)",
			   address->text));
}

static bool check_primary(struct file_applying *a)
{
	const struct file_resource *owner = file_index_owner(a->index, a->next.address);

	if (a->resource && a->next.address == a->now.address)
		return true;
	if (owner && owner != a->resource)
		return refuse_taken(a, "account: Address", a->next.address, owner);
	return check_claimed(a, a->next.address);
}

static bool check_alias(struct file_applying *a, const struct sym *alias)
{
	const struct file_resource *owner = file_index_owner(a->index, alias);

	if (owner && (owner != a->resource || alias == a->next.address))
		return refuse_taken(a, "alias: Alias", alias, owner);
	if (alias == a->next.address) {
		const struct file_resource itself = {.address = alias, .kind = a->next.kind};

		return refuse_taken(a, "alias: Alias", alias, &itself);
	}
	if (owner)
		return true; /* it has it already, or had it as its primary address */
	if (!check_claimed(a, alias))
		return false;
	if (set_has(a->index->guests, alias)) {
		a->outcome->refused_attribute = arena_strf(a->answers, "alias %s", alias->text);
		return file_refuse(
			a, OUTCOME_REFUSED,
			"merge the guest account in the Zivver portal (Organization Settings, "
			"User administration, Accounts); no program can",
			arena_strf(a->answers, "Error creating alias: Alias is a guest: %s",
				   alias->text));
	}
	return true;
}

static bool check_unit(struct file_applying *a)
{
	if (!a->index->has_units || !a->next.unit || set_has(a->index->units, a->next.unit))
		return true;
	return file_refuse(
		a, OUTCOME_FAILED,
		"create this Organizational Unit in the Zivver portal, or correct the unit",
		arena_strf(a->answers, "Invalid division: %s", a->next.unit->text));
}

bool file_allowed(struct file_applying *a)
{
	if (a->set & ATTR_ADDRESS && !check_primary(a))
		return false;
	for (uint32_t i = 0; a->set & ATTR_ALIASES && i < a->next.aliases.count; i++) {
		if (!check_alias(a, a->next.aliases.items[i]))
			return false;
	}
	return !(a->set & ATTR_UNIT) || check_unit(a);
}

void file_choose_delegates(struct file_applying *a)
{
	struct delegates wanted = a->next.delegates;

	a->delegates = arena_array(&a->scratch, const struct sym *, wanted.count);
	for (uint32_t i = 0; i < wanted.count; i++) {
		const struct sym *address = wanted.items[i].address;
		const struct file_resource *user = file_index_owner(a->index, address);

		if (user && user->kind == KIND_USER && user->active &&
		    user->address == address && user != a->resource)
			a->delegates[a->delegate_count++] = a->next.kind == KIND_USER
								    ? user->address
								    : user->id;
	}
}
