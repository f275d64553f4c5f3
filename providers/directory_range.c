/*
 * Values in ranges ([MS-ADTS] 3.1.1.3.1.3.3): of an attribute with many values Active Directory gives
 * 1,500 at a time, under a name of its own (member;range=0-1499), and the rest when asked
 * (member;range=1500-*). They are read from the first on in one go, and once more when the entry
 * changed meanwhile: a value that moved from one range to another would be missed.
 */
#include "directory_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ATTEMPTS = 4 };

bool directory_range_parse(struct str description, struct str *name, uint64_t *first,
			   uint64_t *last)
{
	static const char option[] = "range=";
	struct str rest = description, plain, bound;

	if (!description.ptr || !memchr(description.ptr, ';', description.len))
		return false;
	str_split(&rest, ';', &plain);
	if (rest.len < sizeof(option) || strncasecmp(rest.ptr, option, sizeof(option) - 1) != 0)
		return false;
	rest.ptr += sizeof(option) - 1;
	rest.len -= sizeof(option) - 1;
	if (!str_split(&rest, '-', &bound) || !str_to_u64(bound, first))
		return false;
	*last = UINT64_MAX;
	if (!str_is(rest, "*") && (!str_to_u64(rest, last) || *last < *first))
		return false;
	*name = plain;
	return true;
}

/* One attribute while its ranges come. */
struct ranged {
	struct directory_reading *reading;
	struct str name, dn;
	struct directory_texts values; /* in the arena of the reading */
	uint64_t next;                 /* the first that is not there yet */
	bool ended, seen, changed;
	char usn[32];
};

/* The entry's, so that a change is seen; servers without it give none. */
static const char change_number[] = "uSNChanged";

static int take_range(struct ranged *x, struct str description, const struct berval *values,
		      struct err *err)
{
	struct str name = description;
	uint64_t first = 0, last = UINT64_MAX;
	bool is_range = directory_range_parse(description, &name, &first, &last);
	size_t count = 0;

	if (name.len != x->name.len || strncasecmp(name.ptr, x->name.ptr, name.len) != 0)
		return 0;
	while (values && values[count].bv_val)
		count++;
	/* The plain attribute stands beside it, empty. */
	if (!is_range && count == 0)
		return 0;
	if (first != x->next || (last != UINT64_MAX && last - first + 1 != count)) {
		x->changed = true;
		return 0;
	}
	if (x->values.count + count > DIRECTORY_VALUES_MOST)
		return directory_fail(x->reading->directory, DIRECTORY_TOO_LARGE, err,
				      "%.*s has more than %d values of %.*s", STR_FMT(x->dn),
				      DIRECTORY_VALUES_MOST, STR_FMT(x->name));
	for (size_t i = 0; i < count; i++)
		*vec_push(&x->values) = arena_str(
			&x->reading->ranges, (struct str){values[i].bv_val, values[i].bv_len});
	x->next += count;
	x->seen = true;
	x->ended = last == UINT64_MAX;
	return 0;
}

static void take_change_number(struct ranged *x, const struct berval *values)
{
	char usn[sizeof(x->usn)] = "";

	if (!values || !values[0].bv_val)
		return;
	if (values[0].bv_len < sizeof(usn))
		memcpy(usn, values[0].bv_val, values[0].bv_len);
	if (x->next > 0 && strcmp(usn, x->usn) != 0)
		x->changed = true;
	memcpy(x->usn, usn, sizeof(usn));
}

static int take_ranges(struct ranged *x, LDAPMessage *message, struct err *err)
{
	LDAP *ld = x->reading->directory->ld;
	struct berval dn, description = {0, NULL}, *values = NULL;
	BerElement *ber = NULL;
	int code, result = 0;

	/* The change number first, wherever it stands. */
	for (int pass = 0; pass < 2 && result == 0; pass++) {
		code = ldap_get_dn_ber(ld, message, &ber, &dn);
		while (code == LDAP_SUCCESS && result == 0) {
			code = ldap_get_attribute_ber(ld, message, ber, &description, &values);
			if (code || !description.bv_val)
				break;
			if (pass == 0 && description.bv_len == sizeof(change_number) - 1 &&
			    strncasecmp(description.bv_val, change_number,
					description.bv_len) == 0)
				take_change_number(x, values);
			else if (pass == 1)
				result = take_range(
					x, (struct str){description.bv_val, description.bv_len},
					values, err);
			ber_memfree(values);
			values = NULL;
		}
		if (ber)
			ber_free(ber, 0);
		ber = NULL;
		if (code)
			return directory_garbled(x->reading->directory, "an entry", err);
	}
	return result;
}

/* The next range. */
static int ask(struct ranged *x, struct err *err)
{
	struct directory_reading *r = x->reading;
	struct directory_answer answer;
	char *base = directory_copy(x->dn);
	struct buf wanted = BUF_INIT;
	LDAPMessage *message = NULL;
	char *attributes[3] = {NULL, (char *)(uintptr_t)change_number, NULL};
	int id = 0, result;

	buf_addf(&wanted, "%.*s;range=%llu-*", STR_FMT(x->name), (unsigned long long)x->next);
	attributes[0] = wanted.ptr;
	result = directory_send_search(r, base, LDAP_SCOPE_BASE, "(objectClass=*)", attributes,
				       NULL, &id, err);
	buf_release(&wanted);
	free(base);
	while (result == 0) {
		result = directory_wait(r->directory, id, &message, err);
		if (result || ldap_msgtype(message) == LDAP_RES_SEARCH_RESULT)
			break;
		if (ldap_msgtype(message) == LDAP_RES_SEARCH_ENTRY)
			result = take_ranges(x, message, err);
		ldap_msgfree(message);
	}
	if (result || directory_answer(r->directory, message, &answer, NULL, err))
		return -1;
	if (answer.code == LDAP_NO_SUCH_OBJECT) {
		x->changed = true;
		return 0;
	}
	return answer.code ? directory_refused(r->directory, &answer, err) : 0;
}

/* All ranges, from the first on; x->changed: it has to begin again. */
static int read_all(struct ranged *x, struct err *err)
{
	x->values.count = 0;
	x->next = 0;
	x->ended = x->changed = false;
	while (!x->ended && !x->changed) {
		x->seen = false;
		if (ask(x, err))
			return -1;
		/* The values that were there are gone, or it does not know ranges after all. */
		if (!x->seen)
			x->changed = true;
	}
	return 0;
}

static int complete_one(struct directory_reading *r, size_t place, struct str dn,
			struct err *err)
{
	struct directory_span *span = &r->spans.items[place];
	struct ranged x = {.reading = r, .dn = dn};
	int result = -1;

	x.name = r->open ? r->names.items[place] : r->query->attributes[place];
	for (int i = 0; i < ATTEMPTS; i++) {
		result = read_all(&x, err);
		if (result || !x.changed)
			break;
	}
	if (result == 0 && x.changed)
		result = directory_fail(r->directory, DIRECTORY_CHANGED, err,
					"%.*s keeps changing while its %.*s is read: try again",
					STR_FMT(dn), STR_FMT(x.name));
	if (result == 0) {
		*span = (struct directory_span){.first = r->values.count};
		for (size_t i = 0; i < x.values.count; i++)
			*vec_push(&r->values) = x.values.items[i];
		directory_order_values(&r->values, span->first);
		span->count = r->values.count - span->first;
	}
	free(x.values.items);
	return result;
}

int directory_complete(struct directory_reading *r, struct str dn, struct err *err)
{
	for (size_t i = 0; i < r->spans.count; i++) {
		if (r->spans.items[i].ranged && complete_one(r, i, dn, err))
			return -1;
	}
	return 0;
}
