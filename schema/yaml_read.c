#include "yaml_read.h"

#include <string.h>

size_t yaml_quoted_length(struct str s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '\\')
			i++;
		else if (s.ptr[i] == '"')
			return i + 1;
	}
	return 0;
}

/* Reads `digits` hex digits into a code point. */
static bool hex_code(struct str s, size_t digits, uint32_t *code)
{
	*code = 0;
	if (s.len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		int digit = hex_value(s.ptr[i]);

		if (digit < 0)
			return false;
		*code = *code << 4 | (uint32_t)digit;
	}
	return *code != 0 && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
}

static size_t add_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Decoded text is never longer. */
bool yaml_unquote(struct arena *arena, struct str quoted, struct str *out)
{
	struct str s = {quoted.ptr + 1, quoted.len - 2};
	size_t used = 0;
	char *text;

	if (s.len == 0 || !memchr(s.ptr, '\\', s.len)) {
		*out = s;
		return true;
	}
	text = arena_alloc_aligned(arena, s.len + 1, 1);
	for (size_t i = 0; i < s.len; i++) {
		char kind;
		uint32_t code;
		size_t digits;

		if (s.ptr[i] != '\\') {
			text[used++] = s.ptr[i];
			continue;
		}
		/* yaml_quoted_length() has seen to it that something follows. */
		kind = s.ptr[++i];
		digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
		if (digits > 0) {
			if (!hex_code((struct str){s.ptr + i + 1, s.len - i - 1}, digits,
				      &code))
				return false;
			used += add_utf8(text + used, code);
			i += digits;
		} else if (kind == 'n' || kind == 't' || kind == '"' || kind == '\\') {
			text[used++] = (char)(kind == 'n' ? '\n' : kind == 't' ? '\t' : kind);
		} else {
			return false;
		}
	}
	text[used] = '\0';
	*out = (struct str){text, used};
	return true;
}
