#include "file_apply.h"
#include "file_rules.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>

/* --- changing --------------------------------------------------------------------------- */

static int read_resource(struct file_applying *a, const struct file_resource *resource,
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
static int rename_in_others(struct file_applying *a, const struct sym *old,
			    const struct sym *new)
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

static void store_key(struct file_applying *a, uint32_t number)
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
static int answer(struct file_applying *a, uint32_t number)
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
static void take_over(struct file_applying *a, uint32_t number)
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
static void drop_own_alias(struct file_applying *a)
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

static int update(struct file_applying *a)
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
	if (!file_allowed(a))
		return 0;
	if (a->set & ATTR_DELEGATES)
		file_choose_delegates(a);
	number = file_index_number(a->index, a->resource);
	change = (struct scim_change){.set = a->set,
				      .wanted = &a->next,
				      .delegates = a->delegates,
				      .delegate_count = a->delegate_count};
	scim_edit(&out, (enum account_kind)a->now.kind, a->text, &a->scratch, &change);
	if (out.len > FILE_PIECE_MAX) {
		buf_release(&out);
		file_refuse(a, OUTCOME_FAILED, "give it fewer delegates",
			    STR("This account would be larger than the file may hold"));
		return 0;
	}
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
static const struct sym *new_id(struct file_applying *a)
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
static int create(struct file_applying *a)
{
	struct file_resource resource = {.kind = (uint8_t)a->request->kind};
	char created[DATE_TEXT_SIZE];
	struct scim_change change;
	struct buf out = BUF_INIT;
	uint32_t number;

	a->next.kind = resource.kind;
	if (!a->next.address) {
		file_refuse(a, OUTCOME_FAILED, "", STR("Error creating account: no address"));
		return 0;
	}
	a->set = (a->set & (ATTR_NAME | ATTR_MOBILE | ATTR_UNIT)) | ATTR_ADDRESS | ATTR_ACTIVE;
	if (!a->next.name)
		a->set &= ~(unsigned)ATTR_NAME;
	if (!a->next.mobile)
		a->set &= ~(unsigned)ATTR_MOBILE;
	a->next.active = true;
	if (!file_allowed(a))
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

static int delete_account(struct file_applying *a)
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

static int suspend(struct file_applying *a)
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

static int dispatch(struct file_applying *a)
{
	const struct target_request *request = a->request;

	if (request->op == REQUEST_CREATE)
		return create(a);
	a->resource = file_index_owner(a->index, request->id);
	if (!a->resource || a->resource->id != request->id ||
	    a->resource->kind != request->kind) {
		file_refuse_unknown(a);
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
	struct file_applying a = {
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
