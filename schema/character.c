#include "character.h"

#include <stddef.h>

struct range {
	uint32_t first, last;
};

/* Sorted (Unicode 15: Default_Ignorable_Code_Point, Cc, Bidi_Control, Zl, Zp, noncharacters
 * of plane 0). */
static const struct range invisible[] = {
	{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x34f, 0x34f},
	{0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},
	{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},
	{0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
	{0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
};
static const struct range blank[] = {
	{' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
	{0x202f, 0x202f}, {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000},
};

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count && ranges[i].first <= code; i++) {
		if (code <= ranges[i].last)
			return true;
	}
	return false;
}

bool character_invisible(uint32_t code)
{
	return in_ranges(code, invisible, sizeof(invisible) / sizeof(invisible[0]));
}

bool character_blank(uint32_t code)
{
	return in_ranges(code, blank, sizeof(blank) / sizeof(blank[0]));
}

bool character_visible_line(struct str text)
{
	bool good = text.len > 0;

	while (good && text.len) {
		uint32_t code;
		size_t len = str_utf8_next(text, &code);

		good = len && !character_invisible(code);
		text.ptr += len;
		text.len -= len;
	}
	return good;
}
