/*
 * RFC 8259 to the letter, without building anything. cJSON alone takes trailing commas apart but
 * not "01", "1.", raw control characters, "\u0000", invalid UTF-8 or duplicate keys.
 *
 * One pass, no recursion: a stack of at most 32 open containers, and beside it the keys of the
 * open objects.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32, FEW_KEYS = 16 };

struct key {
	struct str name;  /* decoded */
	const char *from; /* its opening quote */
};

struct keys {
	struct key *items;
	size_t count, capacity;
};

enum expect {
	EXPECT_VALUE,
	EXPECT_FIRST_VALUE_OR_END, /* behind '[' */
	EXPECT_KEY,
	EXPECT_FIRST_KEY_OR_END, /* behind '{' */
	EXPECT_COMMA_OR_END,
};

struct check {
	struct str text;
	const char *at, *end;
	struct keys keys;
	struct arena decoded; /* names that had escapes */
	unsigned depth;
	struct {
		bool object;
		size_t first_key;
	} open[DEPTH_MAX];
	struct err *err;
};

static int fail(struct check *c, const char *where, const char *problem)
{
	unsigned line = 1;
	const char *start = c->text.ptr;

	for (const char *p = c->text.ptr; p < where; p++) {
		if (*p == '\n') {
			line++;
			start = p + 1;
		}
	}
	return err_set(c->err, ERR_FAILED, "line %u, column %zu: %s", line,
		       (size_t)(where - start) + 1, problem);
}

/* Characters of a string that need no closer look. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The four digits at `p`; -1 when they are not. */
static int32_t hex4(const char *p, const char *end)
{
	int32_t value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value_any(p[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* `p` is at the backslash. Gives the escape's length and character; 0 when it is not allowed. */
static size_t read_escape(const char *p, const char *end, uint32_t *code)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	int32_t high, low;

	if (end - p < 2)
		return 0;
	if (p[1] != 'u') {
		letter = p[1] ? strchr(letters, p[1]) : NULL;
		if (!letter)
			return 0;
		*code = (unsigned char)meanings[letter - letters];
		return 2;
	}
	high = hex4(p + 2, end);
	if (high <= 0 || (high >= 0xDC00 && high <= 0xDFFF))
		return 0;
	*code = (uint32_t)high;
	if (high < 0xD800 || high > 0xDBFF)
		return 6;
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = hex4(p + 8, end);
	if (low < 0xDC00 || low > 0xDFFF)
		return 0;
	*code = 0x10000u + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
	return 12;
}

/* c->at is behind the opening quote; it ends behind the closing one. */
static int check_string(struct check *c, bool *escaped)
{
	const char *start = c->at - 1;

	*escaped = false;
	for (;;) {
		uint32_t code;
		size_t len;

		while (c->at < c->end && is_plain((unsigned char)*c->at))
			c->at++;
		if (c->at == c->end)
			return fail(c, start, "this string does not end");
		if (*c->at == '"') {
			c->at++;
			return 0;
		}
		if (*c->at == '\\') {
			*escaped = true;
			len = read_escape(c->at, c->end, &code);
			if (len == 0)
				return fail(c, c->at,
					    c->end - c->at >= 6 && !memcmp(c->at, "\\u0000", 6)
						    ? "\\u0000 is not allowed in text"
						    : "unknown or incomplete escape");
		} else {
			if ((unsigned char)*c->at < 0x20)
				return fail(c, c->at, "control character in a string");
			len = str_utf8_next((struct str){c->at, (size_t)(c->end - c->at)},
					    &code);
			if (len == 0)
				return fail(c, c->at, "not valid UTF-8");
		}
		c->at += len;
	}
}

static char *put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		*out++ = (char)code;
	} else if (code < 0x800) {
		*out++ = (char)(0xC0 | code >> 6);
		*out++ = (char)(0x80 | (code & 0x3F));
	} else if (code < 0x10000) {
		*out++ = (char)(0xE0 | code >> 12);
		*out++ = (char)(0x80 | (code >> 6 & 0x3F));
		*out++ = (char)(0x80 | (code & 0x3F));
	} else {
		*out++ = (char)(0xF0 | code >> 18);
		*out++ = (char)(0x80 | (code >> 12 & 0x3F));
		*out++ = (char)(0x80 | (code >> 6 & 0x3F));
		*out++ = (char)(0x80 | (code & 0x3F));
	}
	return out;
}

/* The text of a checked string; escapes are never shorter than what they mean. */
static struct str decode(struct arena *arena, struct str raw)
{
	char *text = arena_alloc_aligned(arena, raw.len + 1, 1);
	const char *p = raw.ptr, *end = raw.ptr + raw.len;
	char *out = text;

	while (p < end) {
		uint32_t code;

		if (*p == '\\') {
			p += read_escape(p, end, &code);
			out = put_utf8(out, code);
		} else {
			*out++ = *p++;
		}
	}
	return (struct str){text, (size_t)(out - text)};
}

static int fail_duplicate(struct check *c, const struct key *key)
{
	struct buf text = BUF_INIT;

	text.limit = 200;
	buf_puts(&text, "duplicate key \"");
	buf_add(&text, key->name);
	buf_puts(&text, "\"");
	fail(c, key->from, buf_str(&text).ptr);
	buf_release(&text);
	return -1;
}

static int key_order(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order ? order : (x->from > y->from) - (x->from < y->from);
}

static int check_key(struct check *c)
{
	const char *from = c->at;
	size_t first = c->open[c->depth - 1].first_key;
	struct key *key;
	bool escaped;

	if (*c->at != '"')
		return fail(c, c->at, "expected a key in double quotes");
	c->at++;
	if (check_string(c, &escaped))
		return -1;
	key = vec_push(&c->keys);
	key->from = from;
	key->name = (struct str){from + 1, (size_t)(c->at - from) - 2};
	if (escaped)
		key->name = decode(&c->decoded, key->name);
	/* Of a few keys each is compared with those before; many are sorted at their end. */
	if (c->keys.count - first > FEW_KEYS)
		return 0;
	for (size_t i = first; i < c->keys.count - 1; i++)
		if (str_eq(c->keys.items[i].name, key->name))
			return fail_duplicate(c, key);
	return 0;
}

static int close_container(struct check *c)
{
	size_t first = c->open[--c->depth].first_key;
	size_t count = c->keys.count - first;

	if (count > FEW_KEYS) {
		struct key *keys = c->keys.items + first;

		qsort(keys, count, sizeof(*keys), key_order);
		for (size_t i = 1; i < count; i++)
			if (str_eq(keys[i - 1].name, keys[i].name))
				return fail_duplicate(c, &keys[i]);
	}
	c->keys.count = first;
	c->at++;
	return 0;
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static int check_number(struct check *c)
{
	const char *start = c->at, *end = c->end, *p = start, *behind;

	if (*p == '-')
		p++;
	behind = digits(p, end);
	if (behind == p || (*p == '0' && behind - p > 1))
		return fail(c, start, "this is not a number");
	p = behind;
	if (p < end && *p == '.') {
		behind = digits(p + 1, end);
		if (behind == p + 1)
			return fail(c, start, "this is not a number");
		p = behind;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		behind = digits(p, end);
		if (behind == p)
			return fail(c, start, "this is not a number");
		p = behind;
	}
	c->at = p;
	return 0;
}

static int check_scalar(struct check *c)
{
	static const struct str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
	size_t left = (size_t)(c->end - c->at);
	bool escaped;

	if (*c->at == '"') {
		c->at++;
		return check_string(c, &escaped);
	}
	if (*c->at == '-' || (*c->at >= '0' && *c->at <= '9'))
		return check_number(c);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (left >= words[i].len && !memcmp(c->at, words[i].ptr, words[i].len)) {
			c->at += words[i].len;
			return 0;
		}
	}
	return fail(c, c->at, "expected a value");
}

static void skip_blanks(struct check *c)
{
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
		c->at++;
}

/* A value, or the opening of one. */
static int check_value(struct check *c, enum expect *expect)
{
	bool object = *c->at == '{';

	if (!object && *c->at != '[') {
		*expect = EXPECT_COMMA_OR_END;
		return check_scalar(c);
	}
	if (c->depth == DEPTH_MAX)
		return fail(c, c->at, "nested too deeply: at most 32 levels");
	c->open[c->depth].object = object;
	c->open[c->depth].first_key = c->keys.count;
	c->depth++;
	c->at++;
	*expect = object ? EXPECT_FIRST_KEY_OR_END : EXPECT_FIRST_VALUE_OR_END;
	return 0;
}

/* What follows a value inside a container. */
static int check_separator(struct check *c, enum expect *expect)
{
	bool object = c->open[c->depth - 1].object;

	if (*c->at == (object ? '}' : ']'))
		return close_container(c);
	if (*c->at != ',')
		return fail(c, c->at, object ? "expected ',' or '}'" : "expected ',' or ']'");
	c->at++;
	*expect = object ? EXPECT_KEY : EXPECT_VALUE;
	return 0;
}

static int check_step(struct check *c, enum expect *expect)
{
	switch (*expect) {
	case EXPECT_FIRST_VALUE_OR_END:
		if (*c->at == ']') {
			*expect = EXPECT_COMMA_OR_END;
			return close_container(c);
		}
		return check_value(c, expect);
	case EXPECT_VALUE:
		return check_value(c, expect);
	case EXPECT_FIRST_KEY_OR_END:
		if (*c->at == '}') {
			*expect = EXPECT_COMMA_OR_END;
			return close_container(c);
		}
		__attribute__((fallthrough));
	case EXPECT_KEY:
		if (check_key(c))
			return -1;
		skip_blanks(c);
		if (c->at == c->end || *c->at != ':')
			return fail(c, c->at, "expected ':'");
		c->at++;
		*expect = EXPECT_VALUE;
		return 0;
	case EXPECT_COMMA_OR_END:
		return check_separator(c, expect);
	}
	return -1;
}

int json_check(struct str text, struct err *err)
{
	struct check c = {.text = text, .at = text.ptr, .err = err};
	enum expect expect = EXPECT_VALUE;
	int result = 0;

	if (!text.ptr)
		c.text.ptr = c.at = "";
	c.end = c.at + text.len;
	if (str_starts(text, "\xEF\xBB\xBF"))
		return err_set(err, ERR_FAILED,
			       "line 1, column 1: starts with a byte order mark: save it as "
			       "UTF-8 without one");
	for (;;) {
		skip_blanks(&c);
		if (c.depth == 0 && expect == EXPECT_COMMA_OR_END) {
			if (c.at < c.end)
				result = fail(&c, c.at, "something follows the end");
			break;
		}
		if (c.at == c.end) {
			result = fail(&c, c.at,
				      c.depth ? "ends too early"
					      : "expected a value, found nothing");
			break;
		}
		result = check_step(&c, &expect);
		if (result)
			break;
	}
	free(c.keys.items);
	arena_release(&c.decoded);
	return result;
}
