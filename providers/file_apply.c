#include "file_apply.h"

#include "json_view.h"

#include "address.h"
#include "base/os.h"

#include <stdlib.h>
#include <string.h>

/* One request on its way. */
struct applying {
	struct file_index *index;
	const struct config *config;
	struct arena *answers;
	const struct file_request *file_request;
	const struct target_request *request;
	struct target_outcome *outcome;
	struct err *err;
	struct arena scratch; /* released by file_apply() */

	struct file_resource *resource; /* NULL for a create */
	struct str text;                /* of the resource, as it is */
	struct account now;             /* the same, delegates not linked */
	struct account next;            /* what it will be, as far as `set` says */
	unsigned set;
	/* ATTR_DELEGATES: addresses for a user, ids for a functional account. */
	const struct sym **delegates;
	size_t delegate_count;
};

/* --- refusals, in the service's words --------------------------------------------------- */

/* Always false, so that `return refuse(…)` reads well: nothing was changed. */
static bool refuse(struct applying *a, enum outcome_class class, const char *advice,
		   struct str text)
{
	a->outcome->class = class;
	a->outcome->text = text;
	a->outcome->advice = str_of(advice);
	return false;
}

/* `what`: "alias: Alias" or "account: Address" */
static bool refuse_taken(struct applying *a, const char *what, const struct sym *address,
			 const struct file_resource *owner)
{
	struct str text =
		arena_strf(a->answers, "Error creating %s is already taken for %s %s: %s", what,
			   kind_names[owner->kind], owner->address->text, address->text);

	return refuse(
		a, OUTCOME_FAILED,
		"merge the two accounts in the Zivver portal, or drop the address from one",
		text);
}

static bool refuse_unknown(struct applying *a)
{
	return refuse(a, OUTCOME_FAILED, "it was deleted meanwhile: plan again",
		      arena_strf(a->answers, "Unknown account with uuid: %.*s",
				 STR_FMT(sym_str(a->request->id))));
}

/* --- the rules -------------------------------------------------------------------------- */

static bool check_claimed(struct applying *a, const struct sym *address)
{
	const struct patterns *claimed = &a->config->claimed;
	struct str domain = address_domain(sym_str(address));

	for (size_t i = 0; i < claimed->count; i++) {
		if (str_eq(claimed->items[i], domain))
			return true;
	}
	if (claimed->count == 0)
		return true;
	return refuse(
		a, OUTCOME_FAILED,
		"claim the domain in the Zivver portal, or use Adopt there when an account "
		"with this address exists outside the organization",
		arena_strf(a->answers,
			   "You are not allowed to add this address to your organization. "
			   "Does the account belong to a registered domain name? (%s)",
			   address->text));
}

static bool check_primary(struct applying *a)
{
	const struct file_resource *owner = file_index_owner(a->index, a->next.address);

	if (a->resource && a->next.address == a->now.address)
		return true;
	if (owner && owner != a->resource)
		return refuse_taken(a, "account: Address", a->next.address, owner);
	return check_claimed(a, a->next.address);
}

static bool check_alias(struct applying *a, const struct sym *alias)
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
		return refuse(
			a, OUTCOME_REFUSED,
			"merge the guest account in the Zivver portal (Organization Settings, "
			"User administration, Accounts); no program can",
			arena_strf(a->answers, "Error creating alias: Alias is a guest: %s",
				   alias->text));
	}
	return true;
}

static bool check_unit(struct applying *a)
{
	if (!a->index->has_units || !a->next.unit || set_has(a->index->units, a->next.unit))
		return true;
	return refuse(
		a, OUTCOME_FAILED,
		"create this Organizational Unit in the Zivver portal, or correct the unit",
		arena_strf(a->answers, "Invalid division: %s", a->next.unit->text));
}

static bool check_all(struct applying *a)
{
	if (a->set & ATTR_ADDRESS && !check_primary(a))
		return false;
	for (uint32_t i = 0; a->set & ATTR_ALIASES && i < a->next.aliases.count; i++) {
		if (!check_alias(a, a->next.aliases.items[i]))
			return false;
	}
	return !(a->set & ATTR_UNIT) || check_unit(a);
}

/* Those who are not (yet) active users are dropped without a word. */
static void choose_delegates(struct applying *a)
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

/* --- changing --------------------------------------------------------------------------- */

static int read_resource(struct applying *a, const struct file_resource *resource,
			 struct str *text, struct account *account)
{
	if (file_index_text(a->index, &resource->piece, &a->scratch, text, a->err))
		return -1;
	return scim_read(&a->index->reader, (enum account_kind)resource->kind, *text,
			 &a->scratch, account, a->err);
}

/*
 * Everybody who names `old` as delegate or member names `new` from now on, or nobody when it is
 * NULL.
 */
static int rename_in_others(struct applying *a, const struct sym *old, const struct sym *new)
{
	struct file_index *index = a->index;
	uint32_t next = old->number < index->known ? index->mentioned[old->number] : 0;

	while (next) {
		struct file_mention mention = index->mentions.items[next - 1];
		struct file_resource *other = &index->resources.items[mention.resource];
		struct account account;
		struct str text;
		const struct sym **kept;
		size_t count = 0;
		bool found = false;

		next = mention.next;
		if (other->piece.pending == PIECE_GONE)
			continue;
		if (read_resource(a, other, &text, &account))
			return -1;
		kept = arena_array(&a->scratch, const struct sym *, account.delegates.count);
		for (uint32_t i = 0; i < account.delegates.count; i++) {
			const struct sym *name = account.delegates.items[i].address;

			found |= name == old;
			if (name != old)
				kept[count++] = name;
			else if (new)
				kept[count++] = new;
		}
		if (found) {
			struct scim_change change = {.set = ATTR_DELEGATES,
						     .wanted = &account,
						     .delegates = kept,
						     .delegate_count = count};
			struct buf out = BUF_INIT;

			scim_edit(&out, (enum account_kind)other->kind, text, &a->scratch,
				  &change);
			file_index_replace(index, &other->piece, buf_str(&out));
			buf_release(&out);
			if (new)
				file_index_mention(index, new, mention.resource);
		}
	}
	if (old->number < index->known)
		index->mentioned[old->number] = 0;
	return 0;
}

static void store_key(struct applying *a, uint32_t number)
{
	struct buf entry = BUF_INIT;
	struct json_writer w = {.out = &entry};
	char digest[SHA256_TEXT_SIZE];
	struct sha256 state;

	if (!(a->request->set & ATTR_KEY) || !a->file_request->has_key ||
	    a->request->kind != KIND_USER)
		return;
	/* With the id in it, equal keys are not seen to be equal. */
	sha256_init(&state);
	sha256_add_field(&state, STR("zsctl file target key"));
	sha256_add_field(&state, sym_str(a->index->resources.items[number].id));
	sha256_add_field(&state, str_of(a->file_request->key));
	sha256_final_text(&state, digest);
	json_begin_object(&w, NULL);
	json_str(&w, "id", sym_str(a->index->resources.items[number].id));
	json_str(&w, "key", str_of(digest));
	json_end_object(&w);
	file_index_set_key(a->index, number, buf_str(&entry));
	buf_release(&entry);
}

/* What the service would answer: the resource as it is now. */
static int answer(struct applying *a, uint32_t number)
{
	const struct file_resource *resource = &a->index->resources.items[number];
	struct account *account = &a->outcome->answer;
	struct str text;

	if (file_index_text(a->index, &resource->piece, &a->scratch, &text, a->err) ||
	    scim_read(&a->index->reader, (enum account_kind)resource->kind, text, a->answers,
		      account, a->err))
		return -1;
	scim_link(account, file_index_user, a->index);
	a->outcome->class = OUTCOME_DONE;
	a->outcome->answered = true;
	return 0;
}

/* Addresses and delegates of a change that was accepted go into the tables. */
static void take_over(struct applying *a, uint32_t number)
{
	struct file_resource *resource = &a->index->resources.items[number];

	if (a->set & ATTR_ALIASES) {
		for (uint32_t i = 0; i < a->now.aliases.count; i++)
			file_index_free_name(a->index, a->now.aliases.items[i]);
	}
	if (a->set & ATTR_ADDRESS) {
		if (a->now.address)
			file_index_free_name(a->index, a->now.address);
		file_index_claim(a->index, a->next.address, number);
		resource->address = a->next.address;
	}
	for (uint32_t i = 0; a->set & ATTR_ALIASES && i < a->next.aliases.count; i++)
		file_index_claim(a->index, a->next.aliases.items[i], number);
	for (size_t i = 0; i < a->delegate_count; i++)
		file_index_mention(a->index, a->delegates[i], number);
	if (a->set & ATTR_ACTIVE)
		resource->active = resource->kind == KIND_USER && a->next.active;
}

/* --- requests --------------------------------------------------------------------------- */

/* An address that becomes the primary one is no alias any more. */
static void drop_own_alias(struct applying *a)
{
	struct set aliases = a->now.aliases;
	uint32_t kept = 0;

	if (!(a->set & ATTR_ADDRESS) || a->set & ATTR_ALIASES ||
	    !set_has(aliases, a->next.address))
		return;
	a->next.aliases.items = arena_array(&a->scratch, const struct sym *, aliases.count);
	for (uint32_t i = 0; i < aliases.count; i++) {
		if (aliases.items[i] != a->next.address)
			a->next.aliases.items[kept++] = aliases.items[i];
	}
	a->next.aliases.count = kept;
	a->set |= ATTR_ALIASES;
}

static int update(struct applying *a)
{
	struct scim_change change;
	struct buf out = BUF_INIT;
	uint32_t number;
	int result = 0;

	if (read_resource(a, a->resource, &a->text, &a->now))
		return -1;
	a->next.kind = a->now.kind;
	if (!(a->set & ATTR_ADDRESS))
		a->next.address = a->now.address;
	drop_own_alias(a);
	if (!check_all(a))
		return 0;
	if (a->set & ATTR_DELEGATES)
		choose_delegates(a);
	number = file_index_number(a->index, a->resource);
	change = (struct scim_change){.set = a->set,
				      .wanted = &a->next,
				      .delegates = a->delegates,
				      .delegate_count = a->delegate_count};
	scim_edit(&out, (enum account_kind)a->now.kind, a->text, &a->scratch, &change);
	file_index_replace(a->index, &a->resource->piece, buf_str(&out));
	buf_release(&out);
	take_over(a, number);
	store_key(a, number);
	if (a->now.kind == KIND_USER && a->next.address != a->now.address)
		result = rename_in_others(a, a->now.address, a->next.address);
	return result ? result : answer(a, number);
}

/*
 * A UUID of version 4 (RFC 9562 §5.4). With ZSCTL_ID it follows from the address and how many
 * such ids are taken, so that tests see the same file every time.
 */
static const struct sym *new_id(struct applying *a)
{
	bool fixed = getenv("ZSCTL_ID") != NULL;
	const struct sym *id;
	uint64_t attempt = 0;

	do {
		unsigned char bytes[SHA256_SIZE];
		char hex[2 * 16 + 1], text[36 + 1];
		struct sha256 state;

		if (fixed) {
			sha256_init(&state);
			sha256_add_field(&state, STR("zsctl file target id"));
			sha256_add_field(&state, sym_str(a->next.address));
			sha256_add_field(&state, (struct str){(char *)&attempt, 1});
			sha256_final(&state, bytes);
		} else {
			random_bytes(bytes, 16);
		}
		bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x40);
		bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
		hex_encode(bytes, 16, hex);
		snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
			 hex + 12, hex + 16, hex + 20);
		id = sym_get(a->index->names, str_of(text));
		attempt++;
	} while (file_index_owner(a->index, id));
	return id;
}

/* The day of meta.created; ZSCTL_NOW decides it as everywhere. */
static void today(char out[DATE_TEXT_SIZE])
{
	const char *fixed = getenv("ZSCTL_NOW");
	int64_t now;

	if (!fixed || !time_parse(str_of(fixed), &now))
		now = os_now();
	date_text(date_of(now), out);
}

/* As the service's POST: active, and aliases and delegates are dropped. */
static int create(struct applying *a)
{
	struct file_resource resource = {.kind = (uint8_t)a->request->kind};
	char created[DATE_TEXT_SIZE];
	struct scim_change change;
	struct buf out = BUF_INIT;
	uint32_t number;

	a->next.kind = resource.kind;
	if (!a->next.address) {
		refuse(a, OUTCOME_FAILED, "", STR("Error creating account: no address"));
		return 0;
	}
	a->set = (a->set & (ATTR_NAME | ATTR_MOBILE | ATTR_UNIT)) | ATTR_ADDRESS | ATTR_ACTIVE;
	if (!a->next.name)
		a->set &= ~(unsigned)ATTR_NAME;
	if (!a->next.mobile)
		a->set &= ~(unsigned)ATTR_MOBILE;
	a->next.active = true;
	if (!check_all(a))
		return 0;
	resource.id = new_id(a);
	resource.address = a->next.address;
	resource.active = resource.kind == KIND_USER;
	today(created);
	change = (struct scim_change){.set = a->set,
				      .wanted = &a->next,
				      .create = true,
				      .id = sym_str(resource.id),
				      .created = str_of(created)};
	scim_edit(&out, a->request->kind, STR_NONE, &a->scratch, &change);
	number = file_index_add(a->index, &resource, buf_str(&out));
	buf_release(&out);
	store_key(a, number);
	return answer(a, number);
}

static int delete_account(struct applying *a)
{
	const struct sym *name;
	uint32_t number = file_index_number(a->index, a->resource);

	if (read_resource(a, a->resource, &a->text, &a->now))
		return -1;
	file_index_delete(a->index, number);
	file_index_free_name(a->index, a->now.id);
	file_index_free_name(a->index, a->now.address);
	for (uint32_t i = 0; i < a->now.aliases.count; i++)
		file_index_free_name(a->index, a->now.aliases.items[i]);
	a->outcome->class = OUTCOME_DONE;
	/* Functional accounts name him by id, users by address. */
	name = a->now.id;
	if (a->now.kind == KIND_USER &&
	    (rename_in_others(a, name, NULL) || rename_in_others(a, a->now.address, NULL)))
		return -1;
	return 0;
}

static int suspend(struct applying *a)
{
	if (a->resource->kind == KIND_USER) {
		a->set |= ATTR_ACTIVE;
		a->next.active = false;
	} else {
		a->set |= ATTR_DELEGATES;
		a->next.delegates = (struct delegates){NULL, 0};
	}
	return update(a);
}

static int dispatch(struct applying *a)
{
	const struct target_request *request = a->request;

	if (request->op == REQUEST_CREATE)
		return create(a);
	a->resource = file_index_owner(a->index, request->id);
	if (!a->resource || a->resource->id != request->id ||
	    a->resource->kind != request->kind) {
		refuse_unknown(a);
		return 0;
	}
	switch (request->op) {
	case REQUEST_CREATE:
		break;
	case REQUEST_UPDATE:
		return update(a);
	case REQUEST_SUSPEND:
		return suspend(a);
	case REQUEST_DELETE:
		return delete_account(a);
	}
	return 0;
}

int file_apply(struct file_index *index, const struct config *config, struct arena *answers,
	       const struct file_request *request, struct target_outcome *outcome,
	       struct err *err)
{
	struct applying a = {
		.index = index,
		.config = config,
		.answers = answers,
		.file_request = request,
		.request = &request->request,
		.outcome = outcome,
		.err = err,
		.set = request->request.set & ~(unsigned)ATTR_KEY,
	};
	int result;

	if (request->request.wanted)
		a.next = *request->request.wanted;
	else
		a.set = 0;
	result = dispatch(&a);
	arena_release(&a.scratch);
	return result;
}
