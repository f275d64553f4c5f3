#include "yaml_write.h"

#include "character.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* --- what YAML gives a type -------------------------------------------------------------- */

/* Words of the YAML 1.1 and 1.2 type registries, in any case. */
static bool is_word(struct str text)
{
	static const char *const words[] = {"y",   "n",    "yes",   "no",  "on",
					    "off", "true", "false", "null"};

	for (size_t i = 0; text.len <= 5 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (text.len == strlen(words[i]) &&
		    strncasecmp(text.ptr, words[i], text.len) == 0)
			return true;
	}
	return false;
}

/* Begins with a digit: might any version take it for a number, a time of day or a date? */
static bool is_number_like(struct str text)
{
	if (text.len > 1 && text.ptr[0] == '0' && memchr("xXoObB", text.ptr[1], 6))
		return true;
	if (text.len >= 8 && text.ptr[4] == '-' && is_digit(text.ptr[1]) &&
	    is_digit(text.ptr[2]) && is_digit(text.ptr[3]) && is_digit(text.ptr[5]))
		return true;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.ptr[i]) && !memchr("_.,:+-eE", text.ptr[i], 8))
			return false;
	}
	return true;
}

/* --- what YAML gives a meaning ----------------------------------------------------------- */

/*
 * By ASCII code: x stands anywhere in plain text, b in block context only, s and c (blank and
 * colon) where they mean nothing, and a point never.
 */
static const char inside[128 + 1] = "................................"
				    "sx...xxxxx.xbxxxxxxxxxxxxxcx.x.b"
				    "xxxxxxxxxxxxxxxxxxxxxxxxxxx....x"
				    ".xxxxxxxxxxxxxxxxxxxxxxxxxx.....";

static bool plain_inside(struct str text, size_t i, bool flow)
{
	char next = i + 1 < text.len ? text.ptr[i + 1] : ' ';

	switch (inside[(unsigned char)text.ptr[i]]) {
	case 'x':
		return true;
	case 'b':
		/* To PyYAML any question mark in a flow collection ends the text. */
		return !flow;
	case 's':
		return i > 0 && i + 1 < text.len;
	case 'c':
		return is_letter(next) || is_digit(next) || (!flow && next == '/');
	}
	return false;
}

static bool plain(struct str text, bool flow)
{
	if (!text.len || is_word(text))
		return false;
	if (is_digit(text.ptr[0])
		    ? is_number_like(text)
		    : (unsigned char)text.ptr[0] < 0x80 && !is_letter(text.ptr[0]) &&
			      text.ptr[0] != '/' && text.ptr[0] != '(')
		return false;
	for (size_t i = 0; i < text.len;) {
		uint32_t code;
		size_t len = 1;

		if ((unsigned char)text.ptr[i] < 0x80) {
			if (!plain_inside(text, i, flow))
				return false;
		} else {
			len = str_utf8_next((struct str){text.ptr + i, text.len - i}, &code);
			if (!len || code == 0xfffd || character_invisible(code) ||
			    character_blank(code))
				return false;
		}
		i += len;
	}
	return true;
}

/* --- writing ----------------------------------------------------------------------------- */

static void add_quoted(struct buf *out, struct str text)
{
	size_t done = 0;

	buf_char(out, '"');
	for (size_t i = 0; i < text.len;) {
		uint32_t code;
		size_t len = str_utf8_next((struct str){text.ptr + i, text.len - i}, &code);

		if (len && code != '"' && code != '\\' && !character_invisible(code) &&
		    (code < 0x80 || !character_blank(code))) {
			i += len;
			continue;
		}
		buf_add(out, (struct str){text.ptr + done, i - done});
		if (!len)
			buf_puts(out, "\xef\xbf\xbd");
		else if (code == '"' || code == '\\')
			buf_addf(out, "\\%c", (char)code);
		else if (code == '\n')
			buf_puts(out, "\\n");
		else if (code == '\t')
			buf_puts(out, "\\t");
		else if (code <= 0xffff)
			buf_addf(out, "\\u%04x", (unsigned)code);
		else
			buf_addf(out, "\\U%08x", (unsigned)code);
		i += len ? len : 1;
		done = i;
	}
	buf_add(out, (struct str){text.ptr + done, text.len - done});
	buf_char(out, '"');
}

static void add_text(struct buf *out, struct str text, bool flow)
{
	if (plain(text, flow))
		buf_add(out, text);
	else
		add_quoted(out, text);
}

void yaml_add_text(struct buf *out, struct str text)
{
	add_text(out, text, false);
}

void yaml_add_text_flow(struct buf *out, struct str text)
{
	add_text(out, text, true);
}
