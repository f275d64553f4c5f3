/* Line by line through canonical YAML. */
#include "canonical.h"

#include <string.h>

struct canonical canonical_open(struct str text, const char *name, struct arena *arena)
{
	return (struct canonical){
		.text = text, .rest = text, .name = name, .arena = arena, .line = 1};
}

/* The line that `rest` starts with, without its end. */
static struct str current_line(const struct canonical *in)
{
	const char *end = in->rest.len ? memchr(in->rest.ptr, '\n', in->rest.len) : NULL;

	return (struct str){in->rest.ptr, end ? (size_t)(end - in->rest.ptr) : in->rest.len};
}

static void next_line(struct canonical *in, struct str line)
{
	size_t used = line.len < in->rest.len ? line.len + 1 : line.len;

	in->rest.ptr += used;
	in->rest.len -= used;
	in->line++;
}

/* Length of the quoted text at the start of `s`, with its quotes; 0 when it has no end. */
static size_t quoted_length(struct str s)
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
		char c = s.ptr[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

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

/* The escapes that yaml_write.c makes; decoded text is never longer. */
static bool unquote(struct canonical *in, struct str quoted, struct str *out)
{
	struct str s = {quoted.ptr + 1, quoted.len - 2};
	size_t used = 0;
	char *text;

	if (s.len == 0 || !memchr(s.ptr, '\\', s.len)) {
		*out = s;
		return true;
	}
	text = arena_alloc_aligned(in->arena, s.len + 1, 1);
	for (size_t i = 0; i < s.len; i++) {
		char kind;
		uint32_t code;
		size_t digits;

		if (s.ptr[i] != '\\') {
			text[used++] = s.ptr[i];
			continue;
		}
		/* quoted_length() has seen to it that something follows. */
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

/* A whole scalar. What is not canonical about it, canonical_end() finds. */
static bool scalar(struct canonical *in, struct str text, struct str *out)
{
	if (text.len > 0 && text.ptr[0] == '"')
		return quoted_length(text) == text.len && unquote(in, text, out);
	*out = text;
	return true;
}

bool canonical_maybe(struct canonical *in, const char *prefix, struct str *value)
{
	struct str line = current_line(in), text;
	size_t skip = strlen(prefix);

	if (in->bad || in->rest.len == 0 || !str_starts(line, prefix))
		return false;
	text = (struct str){line.ptr + skip, line.len - skip};
	if (!scalar(in, text, value)) {
		in->bad = true;
		return false;
	}
	next_line(in, line);
	return true;
}

void canonical_take(struct canonical *in, const char *prefix, struct str *value)
{
	*value = STR("");
	if (!canonical_maybe(in, prefix, value))
		in->bad = true;
}

/* Splits "key: value" or "key:" behind the prefix. */
static bool key_at(struct canonical *in, const char *prefix, struct str *key,
		   struct str *behind)
{
	struct str line = current_line(in), text;
	size_t skip = strlen(prefix), length = 0;

	if (in->bad || in->rest.len == 0 || !str_starts(line, prefix))
		return false;
	text = (struct str){line.ptr + skip, line.len - skip};
	if (text.len > 0 && text.ptr[0] == '"') {
		length = quoted_length(text);
	} else {
		/* Plain texts hold no ": " and do not end in ':'. */
		const char *colon = text.len ? memmem(text.ptr, text.len, ": ", 2) : NULL;

		length = colon ? (size_t)(colon - text.ptr) : text.len - (text.len > 0);
	}
	if (length == 0 || length >= text.len || text.ptr[length] != ':' ||
	    !scalar(in, (struct str){text.ptr, length}, key)) {
		in->bad = true;
		return false;
	}
	*behind = (struct str){text.ptr + length + 1, text.len - length - 1};
	return true;
}

bool canonical_pair(struct canonical *in, const char *prefix, struct str *key,
		    struct str *value)
{
	struct str behind;

	if (!key_at(in, prefix, key, &behind))
		return false;
	if (behind.len < 2 || behind.ptr[0] != ' ' ||
	    !scalar(in, (struct str){behind.ptr + 1, behind.len - 1}, value)) {
		in->bad = true;
		return false;
	}
	next_line(in, current_line(in));
	return true;
}

bool canonical_key(struct canonical *in, const char *prefix, struct str *key)
{
	struct str behind;

	if (!key_at(in, prefix, key, &behind))
		return false;
	if (behind.len > 0) {
		in->bad = true;
		return false;
	}
	next_line(in, current_line(in));
	return true;
}

size_t canonical_count(const struct canonical *in, const char *prefix)
{
	struct canonical ahead = *in;
	size_t count = 0;

	while (ahead.rest.len > 0 && str_starts(ahead.rest, prefix)) {
		next_line(&ahead, current_line(&ahead));
		count++;
	}
	return count;
}

bool canonical_line(struct canonical *in, const char *line)
{
	struct str current = current_line(in);

	if (in->bad || in->rest.len == 0 || !str_is(current, line))
		return false;
	next_line(in, current);
	return true;
}

void canonical_bad(struct canonical *in, const char *problem)
{
	if (in->bad)
		return;
	in->bad = true;
	in->problem = problem;
	in->line--;
}

int canonical_end(const struct canonical *in, struct str again, struct err *err)
{
	unsigned line = 1;

	if (in->bad)
		return err_set(err, ERR_FAILED, "%s:%u: %s", in->name, in->line,
			       in->problem
				       ? in->problem
				       : "is not as zsctl wrote it: another line belongs here");
	if (str_eq(again, in->text))
		return 0;
	for (size_t i = 0; i < again.len && i < in->text.len; i++) {
		if (again.ptr[i] != in->text.ptr[i])
			break;
		line += again.ptr[i] == '\n';
	}
	return err_set(err, ERR_FAILED,
		       "%s:%u: is not as zsctl wrote it: the line is spelt otherwise", in->name,
		       line);
}
