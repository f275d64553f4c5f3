#include "fold.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>

static unsigned char ascii_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

static unsigned char ascii_upper(unsigned char c)
{
	return c >= 'a' && c <= 'z' ? (unsigned char)(c - 32) : c;
}

static bool is_ascii(struct str text)
{
	unsigned char all = 0;

	for (size_t i = 0; i < text.len; i++)
		all |= (unsigned char)text.ptr[i];
	return all < 0x80;
}

/* Copies only from the first letter on that changes. */
static struct str ascii_map(struct arena *arena, struct str text,
			    unsigned char map(unsigned char))
{
	size_t i = 0;
	char *copy;

	while (i < text.len && map((unsigned char)text.ptr[i]) == (unsigned char)text.ptr[i])
		i++;
	if (i == text.len)
		return text;
	copy = arena_alloc_aligned(arena, text.len, 1);
	memcpy(copy, text.ptr, i);
	for (; i < text.len; i++)
		copy[i] = (char)map((unsigned char)text.ptr[i]);
	return (struct str){copy, text.len};
}

/* Takes what libunistring allocated; NULL means that memory is out or that it is no UTF-8, which
 * has been ruled out. */
static struct str take(struct arena *arena, uint8_t *made, size_t len)
{
	struct str text = {(char *)made, len};

	if (!made)
		err_out_of_memory();
	text = arena_str(arena, text);
	free(made);
	return text;
}

struct str fold_text(struct arena *arena, struct str text)
{
	size_t len = 0;
	uint8_t *made;

	if (is_ascii(text))
		return ascii_map(arena, text, ascii_lower);
	if (!str_is_utf8(text))
		return text;
	made = u8_casefold((const uint8_t *)text.ptr, text.len, NULL, UNINORM_NFC, NULL, &len);
	return take(arena, made, len);
}

struct str fold_lower(struct arena *arena, struct str text)
{
	size_t len = 0;
	uint8_t *made;

	if (is_ascii(text))
		return ascii_map(arena, text, ascii_lower);
	if (!str_is_utf8(text))
		return text;
	made = u8_tolower((const uint8_t *)text.ptr, text.len, NULL, NULL, NULL, &len);
	return take(arena, made, len);
}

struct str fold_upper(struct arena *arena, struct str text)
{
	size_t len = 0;
	uint8_t *made;

	if (is_ascii(text))
		return ascii_map(arena, text, ascii_upper);
	if (!str_is_utf8(text))
		return text;
	made = u8_toupper((const uint8_t *)text.ptr, text.len, NULL, NULL, NULL, &len);
	return take(arena, made, len);
}

bool fold_same(struct str a, struct str b)
{
	struct arena arena = ARENA_INIT;
	bool same;

	for (size_t i = 0;; i++) {
		unsigned char x, y;

		if (i == a.len || i == b.len) {
			if (a.len == b.len)
				return true;
			break;
		}
		x = (unsigned char)a.ptr[i];
		y = (unsigned char)b.ptr[i];
		if (x >= 0x80 || y >= 0x80)
			break;
		if (ascii_lower(x) != ascii_lower(y))
			return false;
	}
	/* Some letters are longer in one case than in the other. */
	if (is_ascii(a) && is_ascii(b))
		return false;
	same = str_eq(fold_text(&arena, a), fold_text(&arena, b));
	arena_release(&arena);
	return same;
}
