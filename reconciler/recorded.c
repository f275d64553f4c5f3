/*
 * The recorded account as a file. Every attribute is written whether it is managed or not: the
 * record answers who had access, whoever gave it.
 */
#include "recorded.h"

#include "base/os.h"
#include "base/sha256.h"
#include "canonical.h"
#include "yaml_write.h"

#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_BYTES = 200, /* of a path component, with ".yaml" */
	NAME_KEPT = 150,      /* of a longer one, before the digest */
	NAME_DIGEST = 16,     /* bytes of it */
};

void recorded_init(struct recorded *recorded)
{
	*recorded = (struct recorded){.items = NULL};
}

void recorded_release(struct recorded *recorded)
{
	free(recorded->items);
	arena_release(&recorded->arena);
	recorded_init(recorded);
}

/* --- links -------------------------------------------------------------------------------- */

static const char listed_as[] = "listed as ";

const struct sym *recorded_listed_as(const struct recorded_account *account,
				     const struct recorded_link *link)
{
	return link->address ? link->address : account->account.address;
}

void recorded_keep_listed(struct recorded_account *account, const struct sym *before,
			  struct arena *arena)
{
	struct recorded_link *links = arena_array(arena, struct recorded_link,
						  account->link_count);

	for (uint32_t i = 0; i < account->link_count; i++) {
		links[i] = account->links[i];
		if (links[i].digest)
			continue;
		if (!links[i].address)
			links[i].address = before;
		if (links[i].address == account->account.address)
			links[i].address = NULL;
	}
	account->links = links;
}

/* --- paths -------------------------------------------------------------------------------- */

static bool safe_in_path(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '@' || c == '.' ||
	       c == '_' || c == '+' || c == '-';
}

void recorded_path(const struct account *account, struct buf *out)
{
	struct str address = sym_str(account->address);
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	struct sha256 state;
	size_t start;

	sha256_init(&state);
	sha256_add(&state, address);
	sha256_final(&state, digest);
	hex_encode(digest, sizeof(digest), hex);
	buf_addf(out, "accounts/%s/%.2s/", kind_names[account->kind], hex);
	start = out->len;
	for (size_t i = 0; i < address.len; i++) {
		char c = address.ptr[i];

		if (safe_in_path(c) && !(c == '.' && i == 0))
			buf_char(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned char)c);
	}
	/* '~' is never written as it is, so a shortened name is nobody else's. */
	if (out->len - start > NAME_MAX_BYTES - strlen(".yaml")) {
		out->len = start + NAME_KEPT;
		buf_addf(out, "~%.*s", 2 * NAME_DIGEST, hex);
	}
	buf_puts(out, ".yaml");
}

/* --- writing ------------------------------------------------------------------------------ */

static void add_line(struct buf *out, const char *key, const struct sym *value)
{
	if (!value)
		return;
	buf_puts(out, key);
	yaml_add_text(out, sym_str(value));
	buf_char(out, '\n');
}

static void add_date(struct buf *out, const char *key, int32_t days)
{
	char text[DATE_TEXT_SIZE];

	if (days == DATE_NONE)
		return;
	date_text(days, text);
	buf_addf(out, "%s%s\n", key, text);
}

static void add_links(struct buf *out, const struct recorded_account *recorded)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (recorded->link_count == 0)
		return;
	buf_puts(out, "source_ids:\n");
	for (uint32_t i = 0; i < recorded->link_count; i++) {
		const struct recorded_link *link = &recorded->links[i];

		buf_puts(out, "  ");
		yaml_add_text(out, sym_str(link->source));
		buf_puts(out, ": ");
		if (link->digest) {
			yaml_add_text(out, sym_str(link->digest));
		} else if (link->address) {
			buf_puts(&text, listed_as);
			buf_add(&text, sym_str(link->address));
			yaml_add_text(out, buf_str(&text));
			buf_clear(&text);
		} else {
			buf_puts(out, "listed");
		}
		buf_char(out, '\n');
	}
}

static void add_set(struct buf *out, const char *key, struct set set)
{
	if (set.count == 0) {
		buf_addf(out, "%s: []\n", key);
		return;
	}
	buf_addf(out, "%s:\n", key);
	for (uint32_t i = 0; i < set.count; i++)
		add_line(out, "  - ", set.items[i]);
}

static void add_delegates(struct buf *out, struct delegates delegates)
{
	bool why = false;

	buf_puts(out, delegates.count ? "delegates:\n" : "delegates: []\n");
	for (uint32_t i = 0; i < delegates.count; i++) {
		add_line(out, "  - ", delegates.items[i].address);
		why = why || delegates.items[i].why;
	}
	if (why)
		buf_puts(out, "why:\n");
	for (uint32_t i = 0; i < delegates.count; i++) {
		if (!delegates.items[i].why)
			continue;
		buf_puts(out, "  ");
		yaml_add_text(out, sym_str(delegates.items[i].address));
		add_line(out, ": ", delegates.items[i].why);
	}
}

void recorded_write(const struct recorded_account *recorded, struct buf *out)
{
	const struct account *account = &recorded->account;

	add_line(out, "address: ", account->address);
	buf_addf(out, "kind: %s\n", kind_names[account->kind]);
	add_line(out, "id: ", account->id);
	add_line(out, "name: ", account->name);
	buf_addf(out, "status: %s\n", account->active ? "active" : "suspended");
	add_line(out, "mobile: ", account->mobile);
	add_line(out, "unit: ", account->unit);
	add_date(out, "desired_since: ", recorded->desired_since);
	add_date(out, "suspended_since: ", recorded->suspended_since);
	add_line(out, "suspended_by: ", recorded->suspended_by);
	add_line(out, "key: ", recorded->key);
	add_line(out, "external_id: ", account->external_id);
	add_links(out, recorded);
	add_set(out, "aliases", account->aliases);
	add_delegates(out, account->delegates);
	if (recorded->refusals.count > 0)
		add_set(out, "refusals", recorded->refusals);
}

/* --- reading ------------------------------------------------------------------------------ */

static void read_sym(struct canonical *in, const char *prefix, struct sym_pool *names,
		     const struct sym **out)
{
	struct str value;

	if (canonical_maybe(in, prefix, &value))
		*out = sym_get(names, value);
}

static void read_date(struct canonical *in, const char *prefix, int32_t *days)
{
	struct str value;

	*days = DATE_NONE;
	if (canonical_maybe(in, prefix, &value) && !date_parse(value, days))
		canonical_bad(in, "is no date");
}

static void read_links(struct canonical *in, struct sym_pool *names, struct arena *arena,
		       struct recorded_account *out)
{
	struct str key, value;

	if (!canonical_line(in, "source_ids:"))
		return;
	out->links = arena_array(arena, struct recorded_link, canonical_count(in, "  "));
	while (canonical_pair(in, "  ", &key, &value)) {
		struct recorded_link *link = &out->links[out->link_count];

		link->source = sym_get(names, key);
		if (str_starts(value, listed_as)) {
			value.ptr += strlen(listed_as);
			value.len -= strlen(listed_as);
			link->address = sym_get(names, value);
			if (value.len == 0)
				canonical_bad(in, "names no address");
		} else if (!str_is(value, "listed")) {
			link->digest = sym_get(names, value);
		}
		if (out->link_count > 0 && sym_cmp(link[-1].source, link->source) >= 0)
			canonical_bad(in, "is out of order");
		out->link_count++;
	}
}

/* The items behind "KEY:". */
static void read_set(struct canonical *in, struct sym_pool *names, struct arena *arena,
		     struct set *out)
{
	struct str value;

	out->items = arena_array(arena, const struct sym *, canonical_count(in, "  - "));
	while (canonical_maybe(in, "  - ", &value)) {
		out->items[out->count] = sym_get(names, value);
		if (out->count > 0 &&
		    sym_cmp(out->items[out->count - 1], out->items[out->count]) >= 0)
			canonical_bad(in, "is out of order");
		out->count++;
	}
}

static void read_delegates(struct canonical *in, struct sym_pool *names, struct arena *arena,
			   struct delegates *out)
{
	struct set set = {NULL, 0};
	struct str key, value;

	read_set(in, names, arena, &set);
	out->items = arena_array(arena, struct delegate, set.count);
	out->count = set.count;
	for (uint32_t i = 0; i < set.count; i++)
		out->items[i].address = set.items[i];
	if (!canonical_line(in, "why:"))
		return;
	/* Both are sorted. */
	for (uint32_t i = 0; canonical_pair(in, "  ", &key, &value); i++) {
		while (i < out->count && !str_eq(sym_str(out->items[i].address), key))
			i++;
		if (i == out->count) {
			canonical_bad(in, "names no delegate, or is out of order");
			return;
		}
		out->items[i].why = sym_get(names, value);
	}
}

static void read_account(struct canonical *in, struct sym_pool *names, struct arena *arena,
			 struct recorded_account *out)
{
	struct account *account = &out->account;
	enum account_kind kind = KIND_USER;
	struct str value;

	canonical_take(in, "address: ", &value);
	if (value.len == 0)
		canonical_bad(in, "has no address");
	account->address = sym_get(names, value);
	canonical_take(in, "kind: ", &value);
	if (!in->bad && !kind_parse(value, &kind))
		canonical_bad(in, "is no kind of account");
	account->kind = (uint8_t)kind;
	read_sym(in, "id: ", names, &account->id);
	read_sym(in, "name: ", names, &account->name);
	canonical_take(in, "status: ", &value);
	account->active = str_is(value, "active");
	read_sym(in, "mobile: ", names, &account->mobile);
	read_sym(in, "unit: ", names, &account->unit);
	read_date(in, "desired_since: ", &out->desired_since);
	read_date(in, "suspended_since: ", &out->suspended_since);
	read_sym(in, "suspended_by: ", names, &out->suspended_by);
	read_sym(in, "key: ", names, &out->key);
	read_sym(in, "external_id: ", names, &account->external_id);
	read_links(in, names, arena, out);
	if (canonical_line(in, "aliases:"))
		read_set(in, names, arena, &account->aliases);
	else
		canonical_line(in, "aliases: []");
	if (canonical_line(in, "delegates:"))
		read_delegates(in, names, arena, &account->delegates);
	else
		canonical_line(in, "delegates: []");
	if (canonical_line(in, "refusals:"))
		read_set(in, names, arena, &out->refusals);
	account->has = (uint8_t)RECORDED_HAS;
}

int recorded_parse(struct str bytes, const char *name, struct sym_pool *names,
		   struct arena *arena, struct recorded_account *out, struct err *err)
{
	CLEANUP(buf_release) struct buf again = BUF_INIT;
	struct recorded_account account = {.key = NULL};
	struct canonical in = canonical_open(bytes, name, arena);

	if (!str_is_utf8(bytes))
		return err_set(err, ERR_FAILED, "%s: is not UTF-8", name);
	read_account(&in, names, arena, &account);
	if (!in.bad)
		recorded_write(&account, &again);
	if (canonical_end(&in, buf_str(&again), err) < 0)
		return -1;
	*out = account;
	return 0;
}
