/*
 * JSON as text: walking over the members of an object and the elements of an array without
 * building a tree, so that what a client sent is kept as it was spelt. Everything here expects
 * text that json_check() has passed.
 */
#ifndef ZIVVER_SIM_TEXT_H
#define ZIVVER_SIM_TEXT_H

#include "base/json.h"
#include "base/str.h"

/*
 * The text with every name that has escapes spelt anew in the one way of json_add_string(), so that
 * names can be compared as they are spelt. A copy in the arena, or `text` itself.
 */
struct str text_plain_names(struct str text, struct arena *arena);

enum text_type {
	TEXT_OBJECT,
	TEXT_ARRAY,
	TEXT_STRING,
	TEXT_TRUE,
	TEXT_FALSE,
	TEXT_NULL,
	TEXT_NUMBER
};
enum text_type text_type(struct str value);

/* Begins a walk: what is between the outer brackets of an object or array; empty for others. */
struct str text_inside(struct str container);
/* The next one of *rest, or false at the end. `name` is as spelt, without its quotes. */
bool text_member(struct str *rest, struct str *name, struct str *value);
bool text_element(struct str *rest, struct str *value);

/* The value of a member; STR_NONE when there is none, or when `object` is no object. */
struct str text_find(struct str object, const char *name);
/* The decoded string, in the arena; false when it is no string. */
bool text_string(struct str value, struct arena *arena, struct str *out);
/* Both: an empty view when there is no such member or it is no string. */
struct str text_find_string(struct str object, const char *name, struct arena *arena);

/* ASCII letters in lower case, as addresses are compared; in the arena. */
struct str text_lower(struct str s, struct arena *arena);

/*
 * Merges `patch` into `object` (RFC 7396, two levels deep: the members of the object and of the
 * objects in it): null takes a member away, everything else takes its place.
 */
void text_merge(struct buf *out, struct str object, struct str patch);

#endif
