/* What conversions make of a value. */
#include "mapping_parts.h"

#include "base/os.h"
#include "dn.h"
#include "fold.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void note(struct mapping_work *work, struct str value, const char *problem)
{
	if (work->note_count < MAPPING_NOTES_MAX)
		work->notes[work->note_count++] = (struct mapping_note){value, problem};
}

/* --- truth -------------------------------------------------------------------------------- */

static const struct str truths[2] = {{"false", 5}, {"true", 4}};

bool mapping_bool(struct str text, bool *out)
{
	static const char *const words[2][8] = {
		{"false", "no", "0", "off", "inactive", "disabled", "n", NULL},
		{"true", "yes", "1", "on", "active", "enabled", "y", NULL},
	};

	text = str_trim(text);
	for (int truth = 0; truth < 2; truth++) {
		for (size_t i = 0; words[truth][i]; i++) {
			if (fold_same(text, str_of(words[truth][i]))) {
				*out = truth;
				return true;
			}
		}
	}
	return false;
}

/* Decimal, and negative as directories write 32-bit flags: as the bits of the number. */
static bool number_of(struct str text, uint64_t *out)
{
	bool negative = str_starts(text, "-");

	if (negative)
		text = (struct str){text.ptr + 1, text.len - 1};
	if (!str_to_u64(text, out) || (negative && *out > (uint64_t)INT64_MAX))
		return false;
	if (negative)
		*out = ~*out + 1;
	return true;
}

static bool has_bit(struct mapping_work *work, struct str value, unsigned bit, bool *out)
{
	uint64_t number;

	if (!number_of(str_trim(value), &number)) {
		note(work, value, "is no whole number");
		return false;
	}
	*out = number >> bit & 1;
	return true;
}

/* Windows counts in 100 ns since 1601. Never is 0, or the largest number. */
static bool unexpired(struct mapping_work *work, struct str value, bool *out)
{
	const uint64_t per_second = 10000000, epoch = 11644473600;
	uint64_t number;

	if (!str_to_u64(str_trim(value), &number)) {
		note(work, value, "is no time as Active Directory writes it");
		return false;
	}
	*out = number == 0 || number >= (uint64_t)INT64_MAX || work->now < 0 ||
	       number / per_second > (uint64_t)work->now + epoch;
	return true;
}

/* The conversions that answer with true or false. */
static bool judge(struct mapping_work *work, const struct conversion *conversion,
		  struct str value, bool *out)
{
	if (conversion->op == CONVERT_BIT)
		return has_bit(work, value, conversion->bit, out);
	if (conversion->op == CONVERT_AD_UNEXPIRED)
		return unexpired(work, value, out);
	if (conversion->op == CONVERT_AD_ENABLED) {
		enum { DISABLED = 1 }; /* ACCOUNTDISABLE is 0x2 */

		if (!has_bit(work, value, DISABLED, out))
			return false;
		*out = !*out;
		return true;
	}
	if (conversion->op == CONVERT_NOT) {
		if (!mapping_bool(value, out)) {
			note(work, value, "is neither true nor false");
			return false;
		}
		*out = !*out;
		return true;
	}
	*out = false;
	for (size_t i = 0; i < conversion->argument_count && !*out; i++)
		*out = fold_same(str_trim(value), conversion->arguments[i]);
	return true;
}

/* --- text --------------------------------------------------------------------------------- */

static size_t find(struct str text, struct str what, size_t from)
{
	const char *found = text.len - from < what.len
				    ? NULL
				    : memmem(text.ptr + from, text.len - from, what.ptr,
					     what.len);

	return found ? (size_t)(found - text.ptr) : text.len;
}

static struct str replace(struct mapping_work *work, struct str value, struct str what,
			  struct str by)
{
	size_t times = 0, len = 0;
	char *copy;

	for (size_t at = find(value, what, 0); at < value.len;
	     at = find(value, what, at + what.len))
		times++;
	if (times == 0)
		return value;
	copy = arena_alloc_aligned(&work->arena, value.len + times * by.len + 1, 1);
	for (size_t from = 0; from < value.len;) {
		size_t at = find(value, what, from);

		memcpy(copy + len, value.ptr + from, at - from);
		len += at - from;
		if (at == value.len)
			break;
		if (by.len)
			memcpy(copy + len, by.ptr, by.len);
		len += by.len;
		from = at + what.len;
	}
	return (struct str){copy, len};
}

static void split(struct mapping_work *work, const struct conversion *conversion,
		  struct str value, struct mapping_list *out)
{
	for (size_t from = 0; from <= value.len;) {
		size_t at = from, skip = 1;
		struct str part;

		if (conversion->argument_count) {
			at = find(value, conversion->arguments[0], from);
			skip = conversion->arguments[0].len;
		} else {
			while (at < value.len && !memchr(";,|\r\n", value.ptr[at], 5))
				at++;
		}
		part = str_trim((struct str){value.ptr + from, at - from});
		if (part.len)
			mapping_add(work, out, part);
		from = at + skip;
	}
}

/* What stands before the last @, or behind it. */
static struct str side(struct str value, bool behind)
{
	const char *at = value.len ? memrchr(value.ptr, '@', value.len) : NULL;
	size_t before;

	if (!at)
		return STR_NONE;
	before = (size_t)(at - value.ptr);
	return behind ? (struct str){at + 1, value.len - before - 1}
		      : (struct str){value.ptr, before};
}

/* One of proxyAddresses. SMTP: in capitals marks the primary one; other mail addresses have it in
 * small letters, or no prefix; X500:, SIP: … are none. */
static struct str proxy(struct str value, bool primary)
{
	struct str rest = value, prefix;

	if (!memchr(value.ptr, ':', value.len))
		return primary ? STR_NONE : str_trim(value);
	str_split(&rest, ':', &prefix);
	if (str_is(prefix, "SMTP"))
		return primary ? str_trim(rest) : STR_NONE;
	return !primary && fold_same(prefix, STR("smtp")) ? str_trim(rest) : STR_NONE;
}

static struct str mobile(struct mapping_work *work, const struct conversion *conversion,
			 struct str value)
{
	char number[MOBILE_TEXT_SIZE];
	const char *why;

	if (mobile_normalize(conversion->country, str_trim(value), number, &why))
		return arena_str(&work->arena, str_of(number));
	note(work, value, why);
	return STR_NONE;
}

/* The first three numbers of a text, or the parts of eight digits in a row. */
static struct str date(struct mapping_work *work, const struct conversion *conversion,
		       struct str value)
{
	unsigned parts[3] = {0}, year = 0, month = 0, day = 0;
	size_t lengths[3] = {0}, part = 0, at = 0;
	struct str text = str_trim(value);
	char out[DATE_TEXT_SIZE + 32];
	int32_t days;

	for (; at < text.len && part < 3; at++) {
		char c = text.ptr[at];
		size_t most = conversion->order[part] == 'Y' ? 4 : 2;

		if (c < '0' || c > '9') {
			part += lengths[part] > 0;
			continue;
		}
		if (lengths[part] == most && ++part == 3)
			break;
		parts[part] = parts[part] * 10 + (unsigned)(c - '0');
		lengths[part]++;
	}
	for (size_t i = 0; i < 3; i++) {
		if (conversion->order[i] == 'Y')
			year = lengths[i] == 4 ? parts[i] : 0;
		else
			*(conversion->order[i] == 'M' ? &month : &day) = parts[i];
	}
	snprintf(out, sizeof(out), "%04u-%02u-%02u", year, month, day);
	if (year && date_parse(str_of(out), &days))
		return arena_str(&work->arena, str_of(out));
	note(work, value, "is no date that can be read");
	return STR_NONE;
}

/* --- bytes -------------------------------------------------------------------------------- */

#define GUID_SIZE 16
#define GUID_TEXT 36

/* Byte number of each digit pair in the text: Windows stores the first three fields little-endian. */
static const unsigned char guid_order[GUID_SIZE] = {3, 2, 1,  0,  5,  4,  7,  6,
						    8, 9, 10, 11, 12, 13, 14, 15};

/* The text's bytes; braces around it, and capital letters, are as good. */
static bool guid_read(struct str text, unsigned char out[GUID_SIZE])
{
	size_t at = 0;

	text = str_trim(text);
	if (str_starts(text, "{") && str_ends(text, "}"))
		text = (struct str){text.ptr + 1, text.len - 2};
	if (text.len != GUID_TEXT)
		return false;
	for (size_t i = 0; i < GUID_SIZE; i++) {
		int pair = 0;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && text.ptr[at++] != '-')
			return false;
		for (int digit = 0; digit < 2; digit++) {
			int value = hex_value_any(text.ptr[at++]);

			if (value < 0)
				return false;
			pair = pair << 4 | value;
		}
		out[guid_order[i]] = (unsigned char)pair;
	}
	return true;
}

static struct str guid(struct mapping_work *work, struct str value)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[GUID_SIZE];
	char *text;
	size_t at = 0;

	if (value.len == GUID_SIZE) {
		memcpy(bytes, value.ptr, GUID_SIZE);
	} else if (!guid_read(value, bytes)) {
		note(work, value, "is no GUID");
		return STR_NONE;
	}
	text = arena_alloc_aligned(&work->arena, GUID_TEXT, 1);
	for (size_t i = 0; i < GUID_SIZE; i++) {
		unsigned char byte = bytes[guid_order[i]];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = digits[byte >> 4];
		text[at++] = digits[byte & 15];
	}
	sodium_memzero(bytes, sizeof(bytes));
	return (struct str){text, GUID_TEXT};
}

static struct str guid_bytes(struct mapping_work *work, struct str value)
{
	unsigned char *bytes = arena_alloc_aligned(&work->arena, GUID_SIZE, 1);

	if (guid_read(value, bytes))
		return (struct str){(char *)bytes, GUID_SIZE};
	note(work, value, "is no GUID");
	return STR_NONE;
}

static struct str base64(struct mapping_work *work, struct str value)
{
	size_t size = sodium_base64_ENCODED_LEN(value.len, sodium_base64_VARIANT_ORIGINAL);
	char *text = arena_alloc_aligned(&work->arena, size, 1);

	sodium_bin2base64(text, size, (const unsigned char *)value.ptr, value.len,
			  sodium_base64_VARIANT_ORIGINAL);
	return (struct str){text, size - 1};
}

static struct str hex(struct mapping_work *work, struct str value)
{
	size_t size = 2 * value.len + 1;
	char *text = arena_alloc_aligned(&work->arena, size, 1);

	sodium_bin2hex(text, size, (const unsigned char *)value.ptr, value.len);
	return (struct str){text, size - 1};
}

static struct str first_name(struct mapping_work *work, struct str value)
{
	struct str name;

	if (dn_first_value(&work->arena, value, &name))
		return name;
	note(work, value, "is no distinguished name");
	return STR_NONE;
}

/* --- all of them -------------------------------------------------------------------------- */

/* What becomes of one value: STR_NONE when it is nothing. */
static struct str convert_one(struct mapping_work *work, const struct conversion *conversion,
			      struct str value)
{
	bool truth;

	switch (conversion->op) {
	case CONVERT_TEXT:
	case CONVERT_FIRST:
	case CONVERT_SPLIT:
		return value;
	case CONVERT_LOWER:
		return fold_lower(&work->arena, value);
	case CONVERT_UPPER:
		return fold_upper(&work->arena, value);
	case CONVERT_TRIM:
		return str_trim(value);
	case CONVERT_REPLACE:
		return replace(work, value, conversion->arguments[0], conversion->arguments[1]);
	case CONVERT_LOCAL:
	case CONVERT_DOMAIN:
		return side(value, conversion->op == CONVERT_DOMAIN);
	case CONVERT_SMTP:
	case CONVERT_SMTP_ALIASES:
		return proxy(value, conversion->op == CONVERT_SMTP);
	case CONVERT_MOBILE:
		return mobile(work, conversion, value);
	case CONVERT_GUID:
		return guid(work, value);
	case CONVERT_GUID_BYTES:
		return guid_bytes(work, value);
	case CONVERT_BASE64:
		return base64(work, value);
	case CONVERT_HEX:
		return hex(work, value);
	case CONVERT_DN_RDN:
		return first_name(work, value);
	case CONVERT_DATE:
		return date(work, conversion, value);
	case CONVERT_BIT:
	case CONVERT_AD_ENABLED:
	case CONVERT_AD_UNEXPIRED:
	case CONVERT_IS:
	case CONVERT_NOT:
		return judge(work, conversion, value, &truth) ? truths[truth] : STR_NONE;
	}
	return STR_NONE;
}

void mapping_convert(struct mapping_work *work, const struct conversion *conversion,
		     struct str value, struct mapping_list *out)
{
	if (conversion->op == CONVERT_SPLIT) {
		split(work, conversion, value, out);
		return;
	}
	value = convert_one(work, conversion, value);
	if (str_trim(value).len)
		mapping_add(work, out, value);
}
