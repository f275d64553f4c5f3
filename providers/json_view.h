/*
 * JSON text read and edited where it lies. What is not touched stays as it is to the byte: numbers
 * that no double can hold, members nobody here knows, their order.
 *
 * All text must have passed json_check(): nothing is checked again, and no depth can hurt.
 */
#ifndef ZSCTL_JSON_VIEW_H
#define ZSCTL_JSON_VIEW_H

#include "base/json.h"

/*
 * Over the members of an object or the elements of an array:
 *     struct json_walk walk;
 *     if (!json_walk_object(&walk, text))
 *             return …;                          it is something else
 *     while (json_walk_member(&walk, scratch, &key, &value))
 *             …
 */
struct json_walk {
	const char *at, *end;
};
bool json_walk_object(struct json_walk *walk, struct str value);
bool json_walk_array(struct json_walk *walk, struct str value);
/* The key is decoded (into `scratch` when it has escapes), the value is raw. */
bool json_walk_member(struct json_walk *walk, struct arena *scratch, struct str *key,
		      struct str *value);
bool json_walk_element(struct json_walk *walk, struct str *value);

bool json_view_null(struct str value);
/* A string's text, in `scratch` when it has escapes. False: it is something else. */
bool json_view_str(struct arena *scratch, struct str value, struct str *out);
bool json_view_bool(struct str value, bool *out);
/* The raw value under `key`; STR_NONE when there is none or `object` is no object. */
struct str json_view_member(struct str object, struct arena *scratch, const char *key);

/* Adds `value` without the blanks outside its strings. */
void json_add_compact(struct buf *out, struct str value);

struct json_edit {
	const char *key;
	struct str value; /* JSON text; STR_NONE removes the member */
};
/*
 * Adds `object` with some members replaced where they stand, removed, or put at its end. An
 * `object` that is none (or STR_NONE) counts as empty.
 */
void json_edit_object(struct buf *out, struct str object, struct arena *scratch,
		      const struct json_edit *edits, size_t count);

#endif
