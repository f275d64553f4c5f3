#include "dn.h"

#include "fold.h"

#include <stdlib.h>
#include <string.h>

struct ava {
	struct str type;  /* small letters */
	struct str value; /* unescaped, or '#' and hex digits */
	bool hex;
};

struct reader {
	struct arena *arena;
	struct str text;
	size_t at;
	struct err *err;
};

static int fail(struct reader *r, size_t at, const char *reason)
{
	r->at = at;
	return err_set(r->err, ERR_FAILED, "%s", reason);
}

static bool at_end(const struct reader *r)
{
	return r->at == r->text.len;
}

static char peek(const struct reader *r)
{
	return at_end(r) ? '\0' : r->text.ptr[r->at];
}

static void skip_blanks(struct reader *r)
{
	while (!at_end(r) && peek(r) == ' ')
		r->at++;
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 4514 §3: the types that have short names, with their numbers (RFC 4519). */
static const struct {
	const char *oid, *name;
} short_names[] = {
	{"2.5.4.3", "cn"},
	{"2.5.4.7", "l"},
	{"2.5.4.8", "st"},
	{"2.5.4.10", "o"},
	{"2.5.4.11", "ou"},
	{"2.5.4.6", "c"},
	{"2.5.4.9", "street"},
	{"0.9.2342.19200300.100.1.25", "dc"},
	{"0.9.2342.19200300.100.1.1", "uid"},
};

/* A name, or a number with an optional "OID." in front, which only older servers write. */
static int read_type(struct reader *r, struct str *out)
{
	size_t start = r->at;
	struct str type;
	bool number;

	while (is_alpha(peek(r)) || is_digit(peek(r)) || peek(r) == '-' || peek(r) == '.')
		r->at++;
	type = fold_text(r->arena, (struct str){r->text.ptr + start, r->at - start});
	if (type.len == 0)
		return fail(r, start, "the type of a part is missing: CN, OU, DC …");
	if (str_starts(type, "oid.") && type.len > 4 && is_digit(type.ptr[4]))
		type = (struct str){type.ptr + 4, type.len - 4};
	number = is_digit(type.ptr[0]);
	for (size_t i = 0; i < type.len; i++) {
		if (number ? is_alpha(type.ptr[i]) || type.ptr[i] == '-'
			   : type.ptr[i] == '.' || type.ptr[0] == '-')
			return fail(r, start, "the type of this part is no name and no number");
	}
	for (size_t i = 0; number && i < sizeof(short_names) / sizeof(short_names[0]); i++) {
		if (str_is(type, short_names[i].oid))
			type = str_of(short_names[i].name);
	}
	*out = type;
	return 0;
}

static bool ends_value(char c)
{
	return c == ',' || c == '+' || c == ';';
}

/* '#' and an even number of hex digits. */
static int read_hex(struct reader *r, struct ava *out)
{
	size_t start = r->at++;
	char *copy;

	while (!at_end(r) && hex_value_any(peek(r)) >= 0)
		r->at++;
	if (r->at - start < 3 || (r->at - start) % 2 == 0)
		return fail(r, start, "behind '#' stand pairs of hexadecimal digits");
	copy = arena_alloc_aligned(r->arena, r->at - start, 1);
	for (size_t i = start; i < r->at; i++)
		copy[i - start] = (char)(r->text.ptr[i] >= 'A' ? r->text.ptr[i] | 0x20
							       : r->text.ptr[i]);
	out->value = (struct str){copy, r->at - start};
	out->hex = true;
	return 0;
}

/* Behind the backslash: a pair of hex digits, or a character that stands for itself. */
static int read_escape(struct reader *r, char *out)
{
	char c = peek(r);
	int high = hex_value_any(c), low;

	if (high >= 0) {
		low = r->at + 1 < r->text.len ? hex_value_any(r->text.ptr[r->at + 1]) : -1;
		if (low < 0)
			return fail(r, r->at - 1, "behind '\\' stands one hexadecimal digit");
		*out = (char)(high << 4 | low);
		r->at += 2;
		return 0;
	}
	if (at_end(r) || !memchr(" \"#+,;<=>\\", c, 10))
		return fail(r, r->at - 1, "this '\\' escapes nothing");
	*out = c;
	r->at++;
	return 0;
}

static int read_value(struct reader *r, struct ava *out)
{
	char *copy = arena_alloc_aligned(r->arena, r->text.len - r->at + 1, 1);
	size_t len = 0, keep = 0;

	if (peek(r) == '#')
		return read_hex(r, out);
	while (!at_end(r) && !ends_value(peek(r))) {
		char c = peek(r);

		if (c == '\0' || c == '"' || c == '<' || c == '>')
			return fail(r, r->at,
				    "a character here needs a '\\' before it: \" < or >");
		r->at++;
		if (c == '\\') {
			if (read_escape(r, &c) < 0)
				return -1;
			copy[len++] = c;
			keep = len;
		} else {
			copy[len++] = c;
			/* Blanks before a separator are not part of the value. */
			if (c != ' ')
				keep = len;
		}
	}
	out->value = (struct str){copy, keep};
	out->hex = false;
	return 0;
}

static int read_ava(struct reader *r, struct ava *out)
{
	skip_blanks(r);
	if (read_type(r, &out->type) < 0)
		return -1;
	skip_blanks(r);
	if (peek(r) != '=')
		return fail(r, r->at, "a '=' is missing here");
	r->at++;
	skip_blanks(r);
	if (read_value(r, out) < 0)
		return -1;
	skip_blanks(r);
	if (!at_end(r) && !ends_value(peek(r)))
		return fail(r, r->at, "a ',' is missing here");
	return 0;
}

/* Blanks at the ends are no part of what is compared, and several of them are one (RFC 4518). */
static void add_value(struct buf *out, struct arena *arena, const struct ava *ava)
{
	struct str value = ava->hex ? ava->value : str_trim(fold_text(arena, ava->value));

	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c == ' ' && i > 0 && value.ptr[i - 1] == ' ')
			continue;
		if (c < 0x20 || c == 0x7F || (!ava->hex && memchr("\"#+,;<=>\\", c, 9)))
			buf_addf(out, "\\%02x", c);
		else
			buf_char(out, (char)c);
	}
}

static int text_cmp(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

#define AVAS_MAX 16

/* One RDN: parts joined by '+', whose order means nothing. */
static int add_rdn(struct reader *r, struct buf *out)
{
	struct str parts[AVAS_MAX];
	size_t start = out->len, count = 0;

	for (;; r->at++) {
		size_t part = out->len;
		struct ava ava;

		if (count == AVAS_MAX)
			return fail(r, r->at, "more than 16 parts are joined by '+'");
		if (read_ava(r, &ava) < 0)
			return -1;
		buf_add(out, ava.type);
		buf_char(out, '=');
		add_value(out, r->arena, &ava);
		if (peek(r) != '+' && count == 0)
			return 0;
		parts[count++] = arena_str(r->arena,
					   (struct str){out->ptr + part, out->len - part});
		if (peek(r) != '+')
			break;
	}
	qsort(parts, count, sizeof(parts[0]), text_cmp);
	out->len = start;
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? "+" : "");
		buf_add(out, parts[i]);
	}
	return 0;
}

/* At a separator, or the end: true when another RDN follows. ';' is what LDAP 2 wrote. */
static bool next_rdn(struct reader *r)
{
	if (peek(r) != ',' && peek(r) != ';')
		return false;
	r->at++;
	return true;
}

int dn_normalize(struct arena *arena, struct str text, struct str *out, size_t *at,
		 struct err *err)
{
	struct reader r = {.arena = arena, .text = text, .err = err};
	struct buf made = BUF_INIT;
	int result = 0;

	if (text.len > DN_MAX) {
		*at = 0;
		return err_set(err, ERR_FAILED, "it is longer than %d bytes", DN_MAX);
	}
	skip_blanks(&r);
	if (!at_end(&r)) {
		do {
			buf_puts(&made, made.len ? "," : "");
			result = add_rdn(&r, &made);
		} while (result == 0 && next_rdn(&r));
	}
	if (result == 0)
		*out = arena_str(arena, buf_str(&made));
	else
		*at = r.at;
	buf_release(&made);
	return result;
}

bool dn_under(struct str dn, struct str base)
{
	size_t above = dn.len - base.len;

	if (base.len == 0)
		return true;
	if (dn.len < base.len || memcmp(dn.ptr + above, base.ptr, base.len) != 0)
		return false;
	return above == 0 || dn.ptr[above - 1] == ',';
}

bool dn_first_value(struct arena *arena, struct str text, struct str *out)
{
	struct err err;
	struct reader r = {.arena = arena, .text = text, .err = &err};
	struct ava ava;

	if (text.len > DN_MAX || read_ava(&r, &ava) < 0 || ava.hex)
		return false;
	*out = ava.value;
	return true;
}
