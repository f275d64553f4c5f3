/* "Looks like": kept apart from address.c because it is mostly a table. */
#include "address.h"

#include <idn2.h>

/*
 * Characters that people take for ASCII ones, in order: a small part of Unicode's
 * confusables.txt (UTS 39), plus the Latin letters with marks, whose bare letter counts.
 */
static const struct look_alike {
	uint16_t character;
	char plain[3];
} look_alikes[] = {
	/* Latin-1 and Latin Extended-A */
	{0xe0, "a"},
	{0xe1, "a"},
	{0xe2, "a"},
	{0xe3, "a"},
	{0xe4, "a"},
	{0xe5, "a"},
	{0xe6, "ae"},
	{0xe7, "c"},
	{0xe8, "e"},
	{0xe9, "e"},
	{0xea, "e"},
	{0xeb, "e"},
	{0xec, "l"},
	{0xed, "l"},
	{0xee, "l"},
	{0xef, "l"},
	{0xf1, "n"},
	{0xf2, "o"},
	{0xf3, "o"},
	{0xf4, "o"},
	{0xf5, "o"},
	{0xf6, "o"},
	{0xf8, "o"},
	{0xf9, "u"},
	{0xfa, "u"},
	{0xfb, "u"},
	{0xfc, "u"},
	{0xfd, "y"},
	{0xff, "y"},
	{0x101, "a"},
	{0x103, "a"},
	{0x105, "a"},
	{0x107, "c"},
	{0x10d, "c"},
	{0x10f, "d"},
	{0x113, "e"},
	{0x117, "e"},
	{0x119, "e"},
	{0x11b, "e"},
	{0x11f, "g"},
	{0x12b, "l"},
	{0x12f, "l"},
	{0x131, "l"},
	{0x142, "l"},
	{0x144, "n"},
	{0x148, "n"},
	{0x14d, "o"},
	{0x151, "o"},
	{0x153, "oe"},
	{0x155, "r"},
	{0x159, "r"},
	{0x15b, "s"},
	{0x15f, "s"},
	{0x161, "s"},
	{0x165, "t"},
	{0x16b, "u"},
	{0x16f, "u"},
	{0x171, "u"},
	{0x173, "u"},
	{0x17a, "z"},
	{0x17c, "z"},
	{0x17e, "z"},
	{0x237, "j"},
	{0x251, "a"},
	{0x261, "g"},
	{0x269, "l"},
	/* Greek */
	{0x391, "a"},
	{0x392, "b"},
	{0x395, "e"},
	{0x396, "z"},
	{0x397, "h"},
	{0x399, "l"},
	{0x39a, "k"},
	{0x39c, "m"},
	{0x39d, "n"},
	{0x39f, "o"},
	{0x3a1, "p"},
	{0x3a4, "t"},
	{0x3a5, "y"},
	{0x3a7, "x"},
	{0x3b1, "a"},
	{0x3b3, "y"},
	{0x3b5, "e"},
	{0x3b7, "n"},
	{0x3b9, "l"},
	{0x3ba, "k"},
	{0x3bd, "v"},
	{0x3bf, "o"},
	{0x3c1, "p"},
	{0x3c3, "o"},
	{0x3c4, "t"},
	{0x3c5, "u"},
	{0x3c7, "x"},
	{0x3c9, "w"},
	{0x3f2, "c"},
	{0x3f3, "j"},
	/* Cyrillic */
	{0x405, "s"},
	{0x406, "l"},
	{0x408, "j"},
	{0x410, "a"},
	{0x412, "b"},
	{0x415, "e"},
	{0x41a, "k"},
	{0x41c, "m"},
	{0x41d, "h"},
	{0x41e, "o"},
	{0x420, "p"},
	{0x421, "c"},
	{0x422, "t"},
	{0x423, "y"},
	{0x425, "x"},
	{0x430, "a"},
	{0x432, "b"},
	{0x435, "e"},
	{0x43a, "k"},
	{0x43c, "m"},
	{0x43d, "h"},
	{0x43e, "o"},
	{0x43f, "n"},
	{0x440, "p"},
	{0x441, "c"},
	{0x442, "t"},
	{0x443, "y"},
	{0x445, "x"},
	{0x450, "e"},
	{0x451, "e"},
	{0x455, "s"},
	{0x456, "l"},
	{0x457, "l"},
	{0x458, "j"},
	{0x461, "w"},
	{0x475, "v"},
	{0x4af, "y"},
	{0x4bb, "h"},
	{0x4cf, "l"},
	{0x501, "d"},
	{0x51b, "q"},
	{0x51d, "w"},
	/* Armenian, dashes, dots */
	{0x578, "n"},
	{0x57d, "u"},
	{0x581, "g"},
	{0x585, "o"},
	{0x2010, "-"},
	{0x2011, "-"},
	{0x2012, "-"},
	{0x2013, "-"},
	{0x2014, "-"},
	{0x2212, "-"},
	{0x2024, "."},
	{0x3002, "."},
};

static const char *look_alike(uint32_t c)
{
	size_t low = 0, high = sizeof(look_alikes) / sizeof(look_alikes[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (look_alikes[middle].character == c)
			return look_alikes[middle].plain;
		if (look_alikes[middle].character < c)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Combining marks that go on Latin, Greek and Cyrillic letters. */
static bool is_mark(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x483 && c <= 0x489) ||
	       (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x1dc0 && c <= 0x1dff) ||
	       (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe20 && c <= 0xfe2f);
}

/* What ' ' to '~' are taken for. */
static const char folded[] = " !\"#$%&'()*+,-./ol23456789:;<=>?"
			     "@abcdefghljklmnopqrstuvwxyz[\\]^_"
			     "`abcdefghljklmnopqrstuvwxyz{l}~";

/* Adds ASCII; pairs that read as one letter are joined. */
static size_t add_plain(char *out, size_t len, char c)
{
	if (c >= ' ' && c <= '~')
		c = folded[c - ' '];
	if (c == 'n' && len && out[len - 1] == 'r')
		out[len - 1] = 'm';
	else if (c == 'v' && len && out[len - 1] == 'v')
		out[len - 1] = 'w';
	else
		out[len++] = c;
	return len;
}

/* Tolerates bytes that are no UTF-8: they stand for themselves. `out` has room for text.len. */
static size_t skeleton(struct str text, char *out)
{
	const unsigned char *p = (const unsigned char *)text.ptr, *end = p + text.len;
	size_t len = 0;

	while (p < end) {
		size_t size = *p < 0xc0 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
		uint32_t c = size == 1 ? *p : *p & (0x7fu >> size);
		const char *plain;

		if (*p < 0x80) {
			len = add_plain(out, len, (char)*p++);
			continue;
		}
		if (size > (size_t)(end - p))
			size = (size_t)(end - p);
		for (size_t i = 1; i < size; i++)
			c = c << 6 | (p[i] & 0x3f);
		if (c >= 0xff01 && c <= 0xff5e) /* full-width forms of ASCII */
			c -= 0xff01 - '!';
		plain = c >= 0x80 ? look_alike(c) : NULL;
		if (c < 0x80) {
			len = add_plain(out, len, (char)c);
		} else if (plain) {
			for (; *plain; plain++)
				len = add_plain(out, len, *plain);
		} else if (!is_mark(c)) {
			memcpy(out + len, p, size);
			len += size;
		}
		p += size;
	}
	return len;
}

struct str address_skeleton(struct arena *arena, struct str address)
{
	autofree char *decoded = NULL;
	char *text;
	struct str out, shown = address;

	/* What people see of an A-label is its decoded form. */
	if (address.len && memmem(address.ptr, address.len, "xn--", 4)) {
		struct str domain = address_domain(address);
		struct str copy = arena_str(arena, domain);
		char *wide = NULL;

		if (domain.len && idn2_to_unicode_8z8z(copy.ptr, &wide, 0) == IDN2_OK) {
			size_t local = address.len - domain.len, wide_len = strlen(wide);

			decoded = mem_alloc(local + wide_len + 1);
			memcpy(decoded, address.ptr, local);
			memcpy(decoded + local, wide, wide_len);
			shown = (struct str){decoded, local + wide_len};
		}
		idn2_free(wide);
	}
	text = arena_alloc(arena, shown.len + 1);
	out = (struct str){text, skeleton(shown, text)};
	text[out.len] = '\0';
	return out;
}
