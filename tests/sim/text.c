#include "text.h"

#include <cjson/cJSON.h>
#include <string.h>

enum text_type text_type(struct str value)
{
	switch (value.len > 0 ? value.ptr[0] : 'n') {
	case '{':
		return TEXT_OBJECT;
	case '[':
		return TEXT_ARRAY;
	case '"':
		return TEXT_STRING;
	case 't':
		return TEXT_TRUE;
	case 'f':
		return TEXT_FALSE;
	case 'n':
		return TEXT_NULL;
	}
	return TEXT_NUMBER;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void advance(struct str *s, size_t count)
{
	s->ptr += count;
	s->len -= count;
}

/* Blanks, and the commas and colons between values. */
static void skip_between(struct str *s)
{
	while (s->len > 0 && (is_blank(*s->ptr) || *s->ptr == ',' || *s->ptr == ':'))
		advance(s, 1);
}

/* The length of the string that `s` starts with, quotes included. */
static size_t string_length(struct str s)
{
	size_t i = 1;

	while (i < s.len && s.ptr[i] != '"')
		i += s.ptr[i] == '\\' ? 2 : 1;
	return i < s.len ? i + 1 : s.len;
}

static size_t value_length(struct str s)
{
	unsigned depth = 0;

	for (size_t i = 0; i < s.len;) {
		char c = s.ptr[i];

		if (c == '"')
			i += string_length((struct str){s.ptr + i, s.len - i});
		else
			i++;
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		else if (depth == 0 && c != '"' && i < s.len && !strchr(",]} \t\r\n", s.ptr[i]))
			continue; /* within a number or a word */
		if (depth == 0)
			return i;
	}
	return s.len;
}

struct str text_inside(struct str container)
{
	container = str_trim(container);
	if (container.len < 2 || (container.ptr[0] != '{' && container.ptr[0] != '['))
		return STR("");
	return (struct str){container.ptr + 1, container.len - 2};
}

bool text_element(struct str *rest, struct str *value)
{
	skip_between(rest);
	if (rest->len == 0)
		return false;
	*value = (struct str){rest->ptr, value_length(*rest)};
	advance(rest, value->len);
	return true;
}

bool text_member(struct str *rest, struct str *name, struct str *value)
{
	if (!text_element(rest, name))
		return false;
	*name = (struct str){name->ptr + 1, name->len - 2};
	return text_element(rest, value);
}

struct str text_find(struct str object, const char *name)
{
	struct str rest = text_inside(object), found, value;

	if (str_trim(object).len == 0 || str_trim(object).ptr[0] != '{')
		return STR_NONE;
	while (text_member(&rest, &found, &value)) {
		if (str_is(found, name))
			return value;
	}
	return STR_NONE;
}

bool text_string(struct str value, struct arena *arena, struct str *out)
{
	cJSON *tree;

	if (value.len < 2 || value.ptr[0] != '"')
		return false;
	if (!memchr(value.ptr, '\\', value.len)) {
		*out = arena_str(arena, (struct str){value.ptr + 1, value.len - 2});
		return true;
	}
	tree = cJSON_ParseWithLength(value.ptr, value.len);
	if (!cJSON_IsString(tree)) {
		cJSON_Delete(tree);
		return false;
	}
	*out = arena_str(arena, str_of(tree->valuestring));
	cJSON_Delete(tree);
	return true;
}

/* Whether the string that ends before `at` is a name. */
static bool is_name(struct str text, size_t at)
{
	while (at < text.len && is_blank(text.ptr[at]))
		at++;
	return at < text.len && text.ptr[at] == ':';
}

struct str text_plain_names(struct str text, struct arena *arena)
{
	struct buf out = BUF_INIT;
	struct str name;
	size_t kept = 0, length;

	if (!text.len || !memchr(text.ptr, '\\', text.len))
		return text;
	for (size_t i = 0; i < text.len; i += length) {
		struct str rest = {text.ptr + i, text.len - i};

		length = text.ptr[i] == '"' ? string_length(rest) : 1;
		if (length == 1 || !is_name(text, i + length) ||
		    !memchr(rest.ptr, '\\', length) ||
		    !text_string((struct str){rest.ptr, length}, arena, &name))
			continue;
		buf_add(&out, (struct str){text.ptr + kept, i - kept});
		json_add_string(&out, name);
		kept = i + length;
	}
	buf_add(&out, (struct str){text.ptr + kept, text.len - kept});
	text = arena_str(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

struct str text_find_string(struct str object, const char *name, struct arena *arena)
{
	struct str text;

	return text_string(text_find(object, name), arena, &text) ? text : STR_NONE;
}

struct str text_lower(struct str s, struct arena *arena)
{
	char *copy = arena_alloc(arena, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		copy[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 32) : s.ptr[i];
	return (struct str){copy, s.len};
}

static void add_name(struct buf *out, struct str name, bool *first)
{
	if (!*first)
		buf_char(out, ',');
	*first = false;
	buf_char(out, '"');
	buf_add(out, name);
	buf_puts(out, "\":");
}

static struct str find(struct str object, struct str name)
{
	struct str rest = text_inside(object), found, value;

	while (text_member(&rest, &found, &value)) {
		if (str_eq(found, name))
			return value;
	}
	return STR_NONE;
}

/* `inner` NULL: values are replaced whole. */
static void merge(struct buf *out, struct str object, struct str patch,
		  void (*inner)(struct buf *out, struct str object, struct str patch))
{
	struct str rest = text_inside(object), name, value, other;
	bool first = true;

	buf_char(out, '{');
	while (text_member(&rest, &name, &value)) {
		other = find(patch, name);
		if (other.ptr && text_type(other) == TEXT_NULL)
			continue;
		add_name(out, name, &first);
		if (!other.ptr)
			buf_add(out, value);
		else if (inner && text_type(other) == TEXT_OBJECT &&
			 text_type(value) == TEXT_OBJECT)
			inner(out, value, other);
		else
			buf_add(out, other);
	}
	rest = text_inside(patch);
	while (text_member(&rest, &name, &value)) {
		if (text_type(value) == TEXT_NULL || find(object, name).ptr)
			continue;
		add_name(out, name, &first);
		buf_add(out, value);
	}
	buf_char(out, '}');
}

static void merge_inner(struct buf *out, struct str object, struct str patch)
{
	merge(out, object, patch, NULL);
}

void text_merge(struct buf *out, struct str object, struct str patch)
{
	merge(out, object, patch, merge_inner);
}
