#include "json_view.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/*
 * `at` is behind the opening quote; the end is behind the closing one: the first that has an even
 * number of backslashes before it.
 */
static const char *skip_string(const char *at, const char *end)
{
	const char *start = at;

	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at)), *before = quote;

		if (!quote)
			return end;
		while (before > start && before[-1] == '\\')
			before--;
		at = quote + 1;
		if ((quote - before) % 2 == 0)
			return at;
	}
	return end;
}

/* Bytes that matter when a container's end is looked for. */
static const bool structural[256] = {
	['"'] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true};

/* Strings are skipped whole, so that brackets in them do not count. */
static const char *skip_container(const char *at, const char *end)
{
	unsigned depth = 0;

	while (at < end) {
		char c = *at++;

		if (!structural[(unsigned char)c])
			continue;
		if (c == '"')
			at = skip_string(at, end);
		else if (c == '{' || c == '[')
			depth++;
		else if (--depth == 0)
			return at;
	}
	return end;
}

static const char *skip_value(const char *at, const char *end)
{
	if (at == end)
		return end;
	if (*at == '"')
		return skip_string(at + 1, end);
	if (*at == '{' || *at == '[')
		return skip_container(at, end);
	while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' &&
	       *at != '\t' && *at != '\n' && *at != '\r')
		at++;
	return at;
}

static bool walk_open(struct json_walk *walk, struct str value, char bracket)
{
	if (value.len < 2 || value.ptr[0] != bracket)
		return false;
	walk->at = value.ptr + 1;
	walk->end = value.ptr + value.len - 1;
	return true;
}

bool json_walk_object(struct json_walk *walk, struct str value)
{
	return walk_open(walk, value, '{');
}

bool json_walk_array(struct json_walk *walk, struct str value)
{
	return walk_open(walk, value, '[');
}

static bool take_value(struct json_walk *walk, struct str *value)
{
	const char *start = skip_blanks(walk->at, walk->end);

	if (start == walk->end)
		return false;
	walk->at = skip_value(start, walk->end);
	*value = (struct str){start, (size_t)(walk->at - start)};
	/* Behind a value stands a comma or a colon, or the end. */
	walk->at = skip_blanks(walk->at, walk->end);
	if (walk->at < walk->end)
		walk->at++;
	return true;
}

bool json_walk_member(struct json_walk *walk, struct arena *scratch, struct str *key,
		      struct str *value)
{
	struct str name;

	return take_value(walk, &name) && json_view_str(scratch, name, key) &&
	       take_value(walk, value);
}

bool json_walk_element(struct json_walk *walk, struct str *value)
{
	return take_value(walk, value);
}

bool json_view_null(struct str value)
{
	return str_is(value, "null");
}

/* Apart, because a struct err costs more than looking at most strings. */
static __attribute__((noinline)) bool decode(struct arena *scratch, struct str value,
					     struct str *out)
{
	struct err ignored = ERR_INIT;
	cJSON *text = json_parse(value, &ignored);

	if (!text)
		return false;
	*out = arena_str(scratch, str_of(text->valuestring));
	cJSON_Delete(text);
	return true;
}

bool json_view_str(struct arena *scratch, struct str value, struct str *out)
{
	if (value.len < 2 || value.ptr[0] != '"')
		return false;
	if (memchr(value.ptr, '\\', value.len))
		return decode(scratch, value, out);
	*out = (struct str){value.ptr + 1, value.len - 2};
	return true;
}

bool json_view_bool(struct str value, bool *out)
{
	bool is_true = str_is(value, "true");

	if (!is_true && !str_is(value, "false"))
		return false;
	*out = is_true;
	return true;
}

struct str json_view_member(struct str object, struct arena *scratch, const char *key)
{
	struct json_walk walk;
	struct str name, value;

	if (json_walk_object(&walk, object)) {
		while (json_walk_member(&walk, scratch, &name, &value)) {
			if (str_is(name, key))
				return value;
		}
	}
	return STR_NONE;
}

void json_add_compact(struct buf *out, struct str value)
{
	const char *end = value.ptr + value.len;

	for (const char *at = value.ptr; at < end;) {
		const char *start = at = skip_blanks(at, end);

		while (at < end && *at != ' ' && *at != '\t' && *at != '\n' && *at != '\r')
			at = *at == '"' ? skip_string(at + 1, end) : at + 1;
		buf_add(out, (struct str){start, (size_t)(at - start)});
	}
}

static void add_member(struct buf *out, bool *first, struct str key, struct str value)
{
	if (!*first)
		buf_char(out, ',');
	*first = false;
	json_add_string(out, key);
	buf_char(out, ':');
	json_add_compact(out, value);
}

void json_edit_object(struct buf *out, struct str object, struct arena *scratch,
		      const struct json_edit *edits, size_t count)
{
	uint64_t found = 0; /* one bit for each edit: callers have a handful */
	struct json_walk walk;
	struct str key, value;
	bool first = true;

	buf_char(out, '{');
	if (json_walk_object(&walk, object)) {
		while (json_walk_member(&walk, scratch, &key, &value)) {
			size_t i = 0;

			while (i < count && !str_is(key, edits[i].key))
				i++;
			if (i < count) {
				found |= (uint64_t)1 << i;
				value = edits[i].value;
			}
			if (value.ptr)
				add_member(out, &first, key, value);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (!(found >> i & 1) && edits[i].value.ptr)
			add_member(out, &first, str_of(edits[i].key), edits[i].value);
	}
	buf_char(out, '}');
}
