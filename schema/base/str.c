#include "str.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *text)
{
	return text ? (struct str){text, strlen(text)} : STR_NONE;
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_of(text));
}

int str_cmp(struct str a, struct str b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && str_eq((struct str){s.ptr, len}, (struct str){prefix, len});
}

bool str_ends(struct str s, const char *suffix)
{
	size_t len = strlen(suffix);

	if (len == 0)
		return true;
	return s.len >= len &&
	       str_eq((struct str){s.ptr + s.len - len, len}, (struct str){suffix, len});
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool str_split(struct str *s, char sep, struct str *part)
{
	const char *end;

	if (!s->ptr)
		return false;
	end = memchr(s->ptr, sep, s->len);
	if (!end) {
		*part = *s;
		*s = STR_NONE;
		return true;
	}
	*part = (struct str){s->ptr, (size_t)(end - s->ptr)};
	*s = (struct str){end + 1, s->len - part->len - 1};
	return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9' ||
		    __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (unsigned)(s.ptr[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

/* Well-formed sequences: the Unicode standard, table 3-7. */
size_t str_utf8_next(struct str s, uint32_t *code)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
	uint32_t value;
	size_t len;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	if (p[0] < 0xE0) {
		len = 2;
		value = p[0] & 0x1Fu;
	} else if (p[0] < 0xF0) {
		len = 3;
		value = p[0] & 0x0Fu;
		low = p[0] == 0xE0 ? 0xA0 : 0x80;
		high = p[0] == 0xED ? 0x9F : 0xBF;
	} else {
		len = 4;
		value = p[0] & 0x07u;
		low = p[0] == 0xF0 ? 0x90 : 0x80;
		high = p[0] == 0xF4 ? 0x8F : 0xBF;
	}
	if (s.len < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3Fu);
	}
	*code = value;
	return len;
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_value_any(char c)
{
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : hex_value(c);
}

bool str_is_utf8(struct str s)
{
	while (s.len > 0) {
		uint32_t code;
		uint64_t word;
		size_t len;

		if (s.len >= 8) {
			/* Eight bytes of ASCII at once; a byte below 1 borrows into its top bit. */
			memcpy(&word, s.ptr, 8);
			if (((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) ==
			    0) {
				s.ptr += 8;
				s.len -= 8;
				continue;
			}
		}
		len = str_utf8_next(s, &code);
		if (len == 0 || code == 0)
			return false;
		s.ptr += len;
		s.len -= len;
	}
	return true;
}

size_t str_utf8_cut(struct str s, size_t len)
{
	size_t start, back;
	uint32_t code;

	if (len >= s.len)
		len = s.len;
	/* The last character starts at most three bytes before the cut. */
	for (back = 1; back <= 4 && back <= len; back++) {
		unsigned char c = (unsigned char)s.ptr[len - back];

		if ((c & 0xC0) == 0x80)
			continue;
		start = len - back;
		if (c < 0xC0 || str_utf8_next((struct str){s.ptr + start, back}, &code) == back)
			return len;
		return start;
	}
	return len;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t str_distance(struct str a, struct str b, size_t cap)
{
	enum { LONGEST = 127 };
	size_t row[LONGEST + 1];
	size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;

	if (apart >= cap || a.len > LONGEST || b.len > LONGEST)
		return cap;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = diagonal +
				      (lower(a.ptr[i - 1]) == lower(b.ptr[j - 1]) ? 0 : 1);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.len] < cap ? row[b.len] : cap;
}

static unsigned char hash_key[16];
_Static_assert(sizeof(hash_key) == crypto_shorthash_KEYBYTES, "the key is SipHash's");

void str_hash_seed(const unsigned char key[16])
{
	memcpy(hash_key, key, sizeof(hash_key));
}

uint64_t str_hash(struct str s)
{
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t hash;

	crypto_shorthash(out, (const unsigned char *)s.ptr, s.len, hash_key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

struct str arena_str(struct arena *arena, struct str s)
{
	/* SIZE_MAX cannot be the length of anything that exists. */
	char *copy = arena_alloc_aligned(arena, s.len + 1, 1);

	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return (struct str){copy, s.len};
}

struct str arena_strf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return STR("");
	text = arena_alloc_aligned(arena, (size_t)len + 1, 1);
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return (struct str){text, (size_t)len};
}
