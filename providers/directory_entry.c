/* Entries: taken apart in place, their values in an order of their own. */
#include "directory_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- taking apart ------------------------------------------------------------------------------- */

static bool same_name(struct str a, struct str b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* Its place in the query. Servers give attributes in the same order each time: `hint` is looked at
 * first. SIZE_MAX: nobody asked for it. */
static size_t find_attribute(const struct directory_query *query, struct str name, size_t hint)
{
	if (hint < query->attribute_count && same_name(query->attributes[hint], name))
		return hint;
	for (size_t i = 0; i < query->attribute_count; i++) {
		if (same_name(query->attributes[i], name))
			return i;
	}
	return SIZE_MAX;
}

static int compare(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t shorter = x->len < y->len ? x->len : y->len;
	int order = shorter ? memcmp(x->ptr, y->ptr, shorter) : 0;

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

void directory_order_values(struct directory_texts *values, size_t first)
{
	size_t kept = first;

	if (values->count - first < 2)
		return;
	qsort(values->items + first, values->count - first, sizeof(*values->items), compare);
	for (size_t i = first + 1; i < values->count; i++) {
		if (!str_eq(values->items[i], values->items[kept]))
			values->items[++kept] = values->items[i];
	}
	values->count = kept + 1;
}

static void add_values(struct directory_reading *r, size_t place, const struct berval *values,
		       bool ranged)
{
	struct directory_span *span = &r->spans.items[place];
	size_t first = r->values.count;

	for (size_t i = 0; values && values[i].bv_val; i++)
		*vec_push(&r->values) = (struct str){values[i].bv_val, values[i].bv_len};
	directory_order_values(&r->values, first);
	/* Twice the same attribute is no LDAP (RFC 4511 §4.1.7); a range beside the empty plain
	 * attribute is Active Directory's. */
	if (span->count > 0)
		return;
	*span = (struct directory_span){first, r->values.count - first, span->ranged || ranged};
}

/* One attribute of the entry at hand. *hint: where the next one of the query is likely. */
static void take_attribute(struct directory_reading *r, struct str description,
			   const struct berval *values, size_t *hint)
{
	const struct directory_query *query = r->query;
	struct str name = description;
	uint64_t first, last;
	bool ranged = directory_range_parse(description, &name, &first, &last);
	size_t place;

	if (!r->open) {
		place = find_attribute(query, name, *hint);
		if (place == SIZE_MAX)
			return;
		*hint = place + 1;
	} else {
		for (place = 0; place < r->names.count; place++) {
			if (same_name(r->names.items[place], name))
				break;
		}
		if (place == r->names.count) {
			*vec_push(&r->names) = name;
			(void)vec_push(&r->spans);
		}
	}
	add_values(r, place, values, ranged && !(first == 0 && last == UINT64_MAX));
}

static void reset(struct directory_reading *r)
{
	r->names.count = r->values.count = 0;
	r->spans.count = 0;
	arena_reset(&r->ranges);
	for (size_t i = 0; !r->open && i < r->query->attribute_count; i++)
		(void)vec_push(&r->spans);
}

int directory_parse_entry(struct directory_reading *r, LDAPMessage *message, struct str *dn,
			  bool *ranged, struct err *err)
{
	LDAP *ld = r->directory->ld;
	struct berval name = {0, NULL}, description = {0, NULL}, *values = NULL;
	BerElement *ber = NULL;
	size_t hint = 0;
	int code = ldap_get_dn_ber(ld, message, &ber, &name);

	reset(r);
	while (code == LDAP_SUCCESS) {
		code = ldap_get_attribute_ber(ld, message, ber, &description, &values);
		if (code || !description.bv_val)
			break;
		take_attribute(r, (struct str){description.bv_val, description.bv_len}, values,
			       &hint);
		ber_memfree(values);
		values = NULL;
	}
	if (ber)
		ber_free(ber, 0);
	if (code)
		return directory_garbled(r->directory, "an entry", err);
	*dn = (struct str){name.bv_val, name.bv_len};
	*ranged = false;
	for (size_t i = 0; i < r->spans.count; i++)
		*ranged = *ranged || r->spans.items[i].ranged;
	return 0;
}

/* --- handing out -------------------------------------------------------------------------------- */

int directory_hand_out(struct directory_reading *r, struct str dn, struct err *err)
{
	const struct directory_query *query = r->query;
	struct directory_entry entry = {.dn = dn, .count = r->spans.count};

	if (r->slot_capacity < r->spans.count) {
		r->slot_capacity = r->spans.capacity;
		r->slots = mem_realloc(r->slots, r->slot_capacity, sizeof(*r->slots));
	}
	for (size_t i = 0; i < r->spans.count; i++) {
		const struct directory_span *span = &r->spans.items[i];

		r->slots[i] = (struct values){r->values.items + span->first, span->count};
	}
	entry.names = r->open ? r->names.items : query->attributes;
	entry.values = r->slots;
	if (query->entry(query->context, &entry, err) == 0)
		return 0;
	r->directory->failure = DIRECTORY_SINK;
	return -1;
}

/* A server that has no idea of pages but says it has begins anew with each. */
static int check_progress(struct directory_reading *r, struct str dn, bool first_of_page,
			  struct err *err)
{
	uint64_t most = r->query->entries_most ? r->query->entries_most
					       : DIRECTORY_ENTRIES_MOST;

	if (r->entries == 0)
		buf_add(&r->first, dn);
	else if (first_of_page && str_eq(buf_str(&r->first), dn))
		return directory_fail(r->directory, DIRECTORY_PAGING, err,
				      "the server begins anew with page %u", r->pages + 1);
	if (r->entries++ < most)
		return 0;
	return directory_fail(r->directory, DIRECTORY_TOO_LARGE, err,
			      "there are more than %llu entries", (unsigned long long)most);
}

int directory_take_entry(struct directory_reading *r, LDAPMessage *message, struct err *err)
{
	bool ranged = false, first_of_page = r->entries == r->entries_before;
	struct str dn;
	int result = directory_parse_entry(r, message, &dn, &ranged, err);

	if (result == 0)
		result = check_progress(r, dn, first_of_page, err);
	if (result == 0 && !ranged)
		result = directory_hand_out(r, dn, err);
	if (result || !ranged) {
		ldap_msgfree(message);
		return result;
	}
	for (size_t i = 0; i < r->values.count; i++)
		r->waiting_bytes += r->values.items[i].len;
	*vec_push(&r->waiting) = message;
	if (r->waiting_bytes > DIRECTORY_WAITING_MOST)
		return directory_fail(
			r->directory, DIRECTORY_TOO_LARGE, err,
			"one page has too many entries with long lists of values: "
			"make `page_size` smaller");
	return 0;
}

int directory_take_waiting(struct directory_reading *r, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < r->waiting.count && result == 0; i++) {
		bool ranged = false;
		struct str dn;

		result = directory_parse_entry(r, r->waiting.items[i], &dn, &ranged, err);
		if (result == 0)
			result = directory_complete(r, dn, err);
		if (result == 0)
			result = directory_hand_out(r, dn, err);
		ldap_msgfree(r->waiting.items[i]);
		r->waiting.items[i] = NULL;
	}
	if (result == 0) {
		r->waiting.count = 0;
		r->waiting_bytes = 0;
	}
	return result;
}
