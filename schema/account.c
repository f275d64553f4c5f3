#include "account.h"

#include <stdlib.h>
#include <string.h>

const char *const kind_names[KIND_COUNT] = {"user", "functional"};
const char *const attribute_names[ATTR_COUNT] = {
	"address", "name", "aliases", "delegates", "mobile", "unit", "sso_key", "active",
};

bool kind_parse(struct str text, enum account_kind *out)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (str_is(text, kind_names[kind])) {
			*out = (enum account_kind)kind;
			return true;
		}
	}
	return false;
}

void accounts_release(struct accounts *accounts)
{
	free(accounts->items);
	free(accounts->hidden.items);
	arena_release(&accounts->arena);
	*accounts = (struct accounts)ACCOUNTS_INIT;
}

/* --- sets ------------------------------------------------------------------------------- */

/* Up to here an insertion sort beats anything with a call in it; nearly all sets are smaller. */
#define SMALL 24

static int set_item_cmp(const void *a, const void *b)
{
	const struct sym *const *x = a, *const *y = b;

	return sym_cmp(*x, *y);
}

uint32_t set_sort(const struct sym **items, uint32_t count)
{
	uint32_t kept = 0;

	if (count > SMALL) {
		qsort(items, count, sizeof(*items), set_item_cmp);
	} else {
		for (uint32_t i = 1; i < count; i++) {
			const struct sym *item = items[i];
			uint32_t at = i;

			for (; at > 0 && sym_cmp(items[at - 1], item) > 0; at--)
				items[at] = items[at - 1];
			items[at] = item;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!kept || items[kept - 1] != items[i])
			items[kept++] = items[i];
	}
	return kept;
}

/* Stable, because of equal addresses the first decides. */
static void delegates_insertion(struct delegate *items, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct delegate item = items[i];
		uint32_t at = i;

		for (; at > 0 && sym_cmp(items[at - 1].address, item.address) > 0; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

/* A bottom-up merge sort over runs of SMALL: stable, no recursion. */
static void delegates_merge(struct delegate *items, uint32_t count)
{
	autofree struct delegate *other = mem_calloc(count, sizeof(*items));
	struct delegate *from = items, *to = other;

	for (size_t run = 0; run < count; run += SMALL)
		delegates_insertion(items + run,
				    (uint32_t)(count - run < SMALL ? count - run : SMALL));
	for (size_t width = SMALL; width < count; width *= 2) {
		struct delegate *swapped = from;

		for (size_t start = 0; start < count; start += 2 * width) {
			size_t middle = start + width < count ? start + width : count;
			size_t end = middle + width < count ? middle + width : count;
			size_t a = start, b = middle;

			for (size_t at = start; at < end; at++) {
				bool left = b == end ||
					    (a < middle &&
					     sym_cmp(from[a].address, from[b].address) <= 0);

				to[at] = from[left ? a++ : b++];
			}
		}
		from = to;
		to = swapped;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}

uint32_t delegates_sort(struct delegate *items, uint32_t count)
{
	uint32_t kept = 0;

	if (count > SMALL)
		delegates_merge(items, count);
	else
		delegates_insertion(items, count);
	for (uint32_t i = 0; i < count; i++) {
		if (!kept || items[kept - 1].address != items[i].address)
			items[kept++] = items[i];
		else if (!items[kept - 1].why)
			items[kept - 1].why = items[i].why;
	}
	return kept;
}

bool set_has(struct set set, const struct sym *address)
{
	uint32_t low = 0, high = set.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = sym_cmp(set.items[middle], address);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

const struct delegate *delegates_find(struct delegates delegates, const struct sym *address)
{
	uint32_t low = 0, high = delegates.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = sym_cmp(delegates.items[middle].address, address);

		if (order == 0)
			return &delegates.items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool set_equal(struct set a, struct set b)
{
	return a.count == b.count &&
	       (a.count == 0 || memcmp(a.items, b.items, a.count * sizeof(*a.items)) == 0);
}

int account_cmp(const struct account *a, const struct account *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return sym_cmp(a->address, b->address);
}

struct address_key address_key(uint32_t rank, const struct sym *address, size_t index)
{
	struct address_key key = {.rank = rank, .index = (uint32_t)index};
	unsigned char bytes[sizeof(key.bytes)] = {0};

	if (address)
		memcpy(bytes, address->text,
		       address->len < sizeof(bytes) ? address->len : sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		key.bytes[i / 8] = key.bytes[i / 8] << 8 | bytes[i];
	return key;
}

int address_key_cmp(const struct address_key *a, const struct address_key *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	for (size_t i = 0; i < sizeof(a->bytes) / sizeof(a->bytes[0]); i++) {
		if (a->bytes[i] != b->bytes[i])
			return a->bytes[i] < b->bytes[i] ? -1 : 1;
	}
	return 0;
}

static int key_cmp(const void *a, const void *b, void *context)
{
	const struct address_key *x = a, *y = b;
	const struct account *items = context;
	int order = address_key_cmp(x, y);

	if (order == 0)
		order = sym_cmp(items[x->index].address, items[y->index].address);
	if (order == 0)
		order = x->index < y->index ? -1 : x->index > y->index;
	return order;
}

/* Puts each item where its key stands, round by round. */
static void arrange(struct account *items, struct address_key *keys, size_t count)
{
	for (size_t first = 0; first < count; first++) {
		const struct account moved = items[first];
		size_t to = first;

		if (keys[first].index == first)
			continue;
		while (keys[to].index != first) {
			const size_t from = keys[to].index;

			items[to] = items[from];
			keys[to].index = (uint32_t)to;
			to = from;
		}
		items[to] = moved;
		keys[to].index = (uint32_t)to;
	}
}

void accounts_sort(struct account *items, size_t count)
{
	autofree struct address_key *keys = NULL;
	bool sorted = true;

	for (size_t i = 1; i < count && sorted; i++)
		sorted = account_cmp(&items[i - 1], &items[i]) <= 0;
	if (sorted)
		return;
	keys = mem_alloc(count * sizeof(*keys));
	for (size_t i = 0; i < count; i++)
		keys[i] = address_key(items[i].kind, items[i].address, i);
	qsort_r(keys, count, sizeof(*keys), key_cmp, items);
	arrange(items, keys, count);
}

/* --- digests ---------------------------------------------------------------------------- */

static void add_count(struct sha256 *state, uint32_t count)
{
	const unsigned char bytes[4] = {
		(unsigned char)(count >> 24),
		(unsigned char)(count >> 16),
		(unsigned char)(count >> 8),
		(unsigned char)count,
	};

	sha256_add(state, (struct str){(const char *)bytes, sizeof(bytes)});
}

/* "Not there" and "there, but empty" are two things. */
static void add_sym(struct sha256 *state, const struct sym *sym)
{
	add_count(state, sym != NULL);
	sha256_add_field(state, sym_str(sym));
}

void account_expect(const struct account *account, unsigned attributes,
		    const struct sym *const *delegate_ids, uint32_t delegate_count,
		    char out[SHA256_TEXT_SIZE])
{
	struct sha256 state;

	attributes &= ATTR_NAME | ATTR_MOBILE | ATTR_UNIT;
	sha256_init(&state);
	sha256_add_field(&state, STR("zsctl expect 1"));
	add_count(&state, account->kind);
	add_count(&state, account->active);
	add_count(&state, attributes);
	add_sym(&state, account->id);
	add_sym(&state, account->address);
	add_count(&state, account->aliases.count);
	for (uint32_t i = 0; i < account->aliases.count; i++)
		add_sym(&state, account->aliases.items[i]);
	add_count(&state, delegate_count);
	for (uint32_t i = 0; i < delegate_count; i++)
		add_sym(&state, delegate_ids[i]);
	if (attributes & ATTR_NAME)
		add_sym(&state, account->name);
	if (attributes & ATTR_MOBILE)
		add_sym(&state, account->mobile);
	if (attributes & ATTR_UNIT)
		add_sym(&state, account->unit);
	sha256_final_text(&state, out);
}

void source_id_digest(struct str source, struct str id, char out[SHA256_TEXT_SIZE])
{
	struct sha256 state;

	sha256_init(&state);
	sha256_add_field(&state, STR("zsctl source id 1"));
	sha256_add_field(&state, source);
	sha256_add_field(&state, id);
	sha256_final_text(&state, out);
}

/* --- values ----------------------------------------------------------------------------- */

bool mobile_valid(struct str text)
{
	if (text.len < 8 || text.len > 16 || text.ptr[0] != '+' || text.ptr[1] == '0')
		return false;
	for (size_t i = 1; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return true;
}
