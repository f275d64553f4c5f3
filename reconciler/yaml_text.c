/*
 * Text as canonical YAML scalars. Plain only where no parser in use takes the text for anything
 * else: YAML 1.1 (yaml.org/type; PyYAML, libyaml), the 1.2 core schema, and what Ruby's Psych and
 * Go's yaml.v3 add to them. Quoted text is a JSON string, except that invisible characters
 * outside the Basic Multilingual Plane are \UXXXXXXXX: YAML has no surrogate pairs.
 */
#include "plan.h"

/*
 * What a reviewer cannot see, cannot tell from a blank, or what moves the text around it:
 * controls, default-ignorable and bidirectional characters, blanks other than U+0020, separators,
 * noncharacters and private use (Unicode 15: DerivedCoreProperties.txt, PropList.txt), and
 * U+FFFD, which stands for bytes that are no text. Sorted.
 */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{0x00, 0x1F},       {0x7F, 0xA0},       {0xAD, 0xAD},        {0x034F, 0x034F},
	{0x061C, 0x061C},   {0x115F, 0x1160},   {0x1680, 0x1680},    {0x17B4, 0x17B5},
	{0x180B, 0x180F},   {0x2000, 0x200F},   {0x2028, 0x202F},    {0x205F, 0x206F},
	{0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},    {0xE000, 0xF8FF},
	{0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},    {0xFFA0, 0xFFA0},
	{0xFFF0, 0xFFFF},   {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},  {0x1FFFE, 0x1FFFF},
	{0x2FFFE, 0x2FFFF}, {0x3FFFE, 0x3FFFF}, {0x4FFFE, 0x10FFFF},
};

static bool is_unseen(uint32_t code)
{
	size_t low = 0, high = sizeof(unseen) / sizeof(unseen[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code > unseen[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof(unseen) / sizeof(unseen[0]) && code >= unseen[low].first;
}

/* Length of the first character, 0 when it has to be escaped (code U+FFFD for what is no text). */
static size_t visible_char(struct str text, uint32_t *code)
{
	size_t len = str_utf8_next(text, code);

	if (len == 0 || *code == 0)
		*code = 0xFFFD;
	return is_unseen(*code) ? 0 : len;
}

static bool all_visible(struct str text)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len;

		if ((unsigned char)text.ptr[0] - 0x20u < 0x5Fu)
			len = 1;
		else
			len = visible_char(text, &code);
		if (len == 0)
			return false;
		text.ptr += len;
		text.len -= len;
	}
	return true;
}

/* --- what has a type ---------------------------------------------------------------------- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_any_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Booleans, nulls, merge and value keys, infinity and not-a-number without their signs. */
static bool is_typed_word(struct str text)
{
	static const char *const words[] = {"~",    "n",     "y",    "=",   "<<",
					    "no",   "on",    "yes",  "off", "null",
					    "true", "false", ".inf", ".nan"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t at = 0;

		while (at < text.len && words[i][at] && lower(text.ptr[at]) == words[i][at])
			at++;
		if (at == text.len && words[i][at] == '\0')
			return true;
	}
	return false;
}

/* "2026-11-20", alone or with anything behind a T or a blank. */
static bool is_timestamp(struct str text)
{
	size_t at = 0;

	for (int part = 0; part < 3; part++) {
		size_t start = at;

		if (part > 0) {
			if (at == text.len || text.ptr[at] != '-')
				return false;
			start = ++at;
		}
		while (at < text.len && is_digit(text.ptr[at]))
			at++;
		if (at == start || at - start > 4)
			return false;
	}
	return at == text.len || is_any_of(text.ptr[at], "Tt \t");
}

/*
 * Integers, floats, sexagesimals (12:30), Ruby's 1,000, and everything else made of the same
 * characters: telephone numbers and IP addresses gain quotes that they could do without.
 */
static bool is_number(struct str text)
{
	size_t at = 0;

	if (is_any_of(text.ptr[0], "+-"))
		at++;
	if (at + 1 < text.len && text.ptr[at] == '0' &&
	    is_any_of(lower(text.ptr[at + 1]), "xob"))
		return true;
	while (at < text.len && (is_digit(text.ptr[at]) || is_any_of(text.ptr[at], "_,.:+-")))
		at++;
	if (at == text.len)
		return true;
	if (at == 0 || lower(text.ptr[at]) != 'e')
		return false;
	if (++at < text.len && is_any_of(text.ptr[at], "+-"))
		at++;
	while (at < text.len && (is_digit(text.ptr[at]) || text.ptr[at] == '_'))
		at++;
	return at == text.len;
}

static bool has_type(struct str text)
{
	struct str unsigned_text = text;

	/* Most text starts with a letter that starts no typed word. */
	if (!is_digit(text.ptr[0]) && !is_any_of(lower(text.ptr[0]), "~+-.=<nyotf"))
		return false;
	if (is_any_of(text.ptr[0], "+-")) {
		unsigned_text.ptr++;
		unsigned_text.len--;
	}
	return is_typed_word(unsigned_text) || is_number(text) || is_timestamp(text);
}

/* --- what breaks the syntax --------------------------------------------------------------- */

/* "sha256:" or "hmac:" with hex digits: the only text with a colon that is plain inside {}. */
static bool is_digest(struct str text)
{
	size_t at = str_starts(text, "sha256:") ? 7 : str_starts(text, "hmac:") ? 5 : 0;

	if (at == 0 || at == text.len)
		return false;
	while (at < text.len &&
	       (is_digit(text.ptr[at]) || (text.ptr[at] >= 'a' && text.ptr[at] <= 'f')))
		at++;
	return at == text.len;
}

static bool breaks_syntax(struct str text, bool flow)
{
	if (is_any_of(text.ptr[0], "-?:,[]{}#&*!|>'\"%@` ") || text.ptr[text.len - 1] == ' ')
		return true;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == ':' && (i + 1 == text.len || text.ptr[i + 1] == ' '))
			return true;
		if (c == '#' && text.ptr[i - 1] == ' ')
			return true;
		/* Older parsers take any colon inside of braces for the end of a key. */
		if (flow && (is_any_of(c, ",[]{}") || (c == ':' && !is_digest(text))))
			return true;
	}
	return false;
}

/* --- writing ------------------------------------------------------------------------------ */

static void add_escaped(struct buf *out, uint32_t code)
{
	static const char letters[] = "btn?fr"; /* U+0008 to U+000D */

	if (code >= 0x08 && code <= 0x0D && code != 0x0B)
		buf_addf(out, "\\%c", letters[code - 0x08]);
	else if (code > 0xFFFF)
		buf_addf(out, "\\U%08x", (unsigned)code);
	else
		buf_addf(out, "\\u%04x", (unsigned)code);
}

static void add_quoted(struct buf *out, struct str text)
{
	buf_char(out, '"');
	while (text.len > 0) {
		uint32_t code = 0;
		size_t len = visible_char(text, &code);

		if (len == 0) {
			add_escaped(out, code);
			len = str_utf8_next(text, &code);
			len = len ? len : 1;
		} else {
			if (code == '"' || code == '\\')
				buf_char(out, '\\');
			buf_add(out, (struct str){text.ptr, len});
		}
		text.ptr += len;
		text.len -= len;
	}
	buf_char(out, '"');
}

static void add_text(struct buf *out, struct str text, bool flow)
{
	if (text.len == 0 || has_type(text) || breaks_syntax(text, flow) || !all_visible(text))
		add_quoted(out, text);
	else
		buf_add(out, text);
}

void yaml_add_text(struct buf *out, struct str text)
{
	add_text(out, text, false);
}

void yaml_add_text_flow(struct buf *out, struct str text)
{
	add_text(out, text, true);
}
