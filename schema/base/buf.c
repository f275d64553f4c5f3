#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 1 << 30 };

static size_t room(const struct buf *buf)
{
	size_t limit = buf->limit ? buf->limit : LIMIT_DEFAULT;

	return buf->len < limit ? limit - buf->len : 0;
}

/* Room for `more` bytes and the NUL; the caller has kept `more` below the limit. */
static void reserve(struct buf *buf, size_t more)
{
	size_t wanted = buf->len + more + 1;

	if (wanted <= buf->capacity)
		return;
	if (wanted < buf->capacity * 2)
		wanted = buf->capacity * 2;
	if (wanted < 64)
		wanted = 64;
	buf->ptr = mem_realloc(buf->ptr, wanted, 1);
	buf->capacity = wanted;
}

void buf_add(struct buf *buf, struct str s)
{
	if (buf->cut)
		return;
	if (s.len > room(buf)) {
		s.len = str_utf8_cut(s, room(buf));
		buf->cut = true;
	}
	reserve(buf, s.len);
	if (s.len > 0)
		memcpy(buf->ptr + buf->len, s.ptr, s.len);
	buf->len += s.len;
	buf->ptr[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, str_of(text));
}

void buf_char(struct buf *buf, char c)
{
	if (!buf->cut && room(buf) > 0 && buf->len + 1 < buf->capacity) {
		buf->ptr[buf->len++] = c;
		buf->ptr[buf->len] = '\0';
		return;
	}
	buf_add(buf, (struct str){&c, 1});
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;
	size_t spare, allowed;
	int len;

	if (buf->cut)
		return;
	reserve(buf, 1);
	spare = buf->capacity - buf->len;
	va_start(args, format);
	len = vsnprintf(buf->ptr + buf->len, spare, format, args);
	va_end(args);
	if (len < 0) {
		buf->ptr[buf->len] = '\0';
		return;
	}
	allowed = room(buf);
	if ((size_t)len >= spare) {
		reserve(buf, (size_t)len);
		va_start(args, format);
		vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
		va_end(args);
	}
	if ((size_t)len > allowed) {
		struct str text = {buf->ptr + buf->len, (size_t)len};

		buf->len += str_utf8_cut(text, allowed);
		buf->cut = true;
	} else {
		buf->len += (size_t)len;
	}
	buf->ptr[buf->len] = '\0';
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->ptr ? buf->ptr : "", buf->len};
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->cut = false;
	if (buf->ptr)
		buf->ptr[0] = '\0';
}

void buf_release(struct buf *buf)
{
	free(buf->ptr);
	*buf = (struct buf){.limit = buf->limit};
}

char *buf_take(struct buf *buf)
{
	char *text;

	reserve(buf, 0);
	text = buf->ptr;
	text[buf->len] = '\0';
	*buf = (struct buf){.limit = buf->limit};
	return text;
}

/*
 * What a reader of a terminal cannot see or what moves what he sees: controls, and Unicode's
 * default-ignorable characters, bidirectional controls and separators (DerivedCoreProperties.txt,
 * PropList.txt). Sorted.
 */
static const struct {
	uint32_t first, last;
} unseen[] = {{0x00, 0x1F},     {0x7F, 0x9F},       {0xAD, 0xAD},       {0x034F, 0x034F},
	      {0x061C, 0x061C}, {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
	      {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
	      {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
	      {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};

bool str_unseen(uint32_t code)
{
	if (code < 0x7F)
		return code < 0x20;
	for (size_t i = 1; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (code <= unseen[i].last)
			return code >= unseen[i].first;
	return false;
}

void buf_add_visible(struct buf *buf, struct str s, bool keep_newlines)
{
	while (s.len > 0) {
		uint32_t code = 0;
		size_t run = 0, len;

		/* Everything up to the next offender goes in one piece. */
		do {
			len = str_utf8_next((struct str){s.ptr + run, s.len - run}, &code);
			if (len == 0 || (str_unseen(code) && !(code == '\n' && keep_newlines)))
				break;
			run += len;
		} while (run < s.len);
		buf_add(buf, (struct str){s.ptr, run});
		s.ptr += run;
		s.len -= run;
		if (s.len == 0)
			break;
		if (len == 0) {
			buf_addf(buf, "<0x%02X>", (unsigned char)s.ptr[0]);
			len = 1;
		} else {
			buf_addf(buf, "<U+%04X>", (unsigned)code);
		}
		s.ptr += len;
		s.len -= len;
	}
}
