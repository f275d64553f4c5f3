/*
 * JSON: a strict cJSON facade, a reader that takes one array element at a time out of a large
 * document, and a writer.
 *
 * Strict means: one value, nothing behind it but blanks, valid UTF-8, no "\u0000", no duplicate
 * keys, depth at most 32 (cJSON alone accepts all of these silently).
 */
#ifndef ZSCTL_JSON_H
#define ZSCTL_JSON_H

#include "err.h"
#include "str.h"

#include <cjson/cJSON.h>

/* The same strictness without building a tree. Errors say the line and column (in bytes) within
 * `text`. */
int json_check(struct str text, struct err *err);

/* NULL on error. Free with cJSON_Delete. Errors as in json_check(). */
cJSON *json_parse(struct str text, struct err *err);

/* Case-sensitive members; NULL when absent. */
const cJSON *json_member(const cJSON *object, const char *name);

/*
 * The streaming reader. The document is an object whose members are arrays (or anything else,
 * which is handed out whole). For every element of a top-level array, and for every other
 * top-level member, the callback gets the element's text and where it lies in the file.
 */
struct json_item {
	struct str member; /* name of the top-level member, decoded */
	bool element;      /* true: one element of that member's array; false: its value */
	struct str text;   /* the JSON text of the value, valid during the call */
	uint64_t offset;   /* of text in the input */
	unsigned line;     /* 1-based, of its first byte */
};
struct json_reader {
	/* Returns -1 with *err set to stop. An array member is announced by its elements only. */
	int (*item)(void *context, const struct json_item *item, struct err *err);
	void *context;
	size_t item_limit; /* bytes of one value; 0: 4 MiB */
};
/* Reads `fd` from its current position to the end. Errors: not an object, unbalanced, truncated,
 * an element over the limit, a duplicate top-level member, bytes behind the end; each with its
 * line. The elements' insides are only balanced and string-scanned here: json_parse() checks
 * them. */
int json_read_stream(int fd, const struct json_reader *reader, struct err *err);

/*
 * The same for a text that comes in pieces of any size. An item's text may lie in the piece that is
 * being fed. The reader is copied. After an error the stream can only be freed; what is not ended
 * without one is not complete.
 */
struct json_stream;
struct json_stream *json_stream_open(const struct json_reader *reader);
int json_stream_feed(struct json_stream *stream, struct str piece, struct err *err);
int json_stream_end(struct json_stream *stream, struct err *err);
void json_stream_free(struct json_stream *stream); /* NULL is fine */

/* --- writer ----------------------------------------------------------------------------- */

/* Quoted; what nobody could see, or turns the text around it, as \u escapes (str_unseen());
 * invalid UTF-8 and NUL become U+FFFD, so that json_parse() takes every result. */
void json_add_string(struct buf *buf, struct str text);

/* Keeps track of commas, and of indentation by two blanks when `pretty`. Depth at most 32. */
struct json_writer {
	struct buf *out;
	bool pretty;
	unsigned depth;
	bool first; /* nothing written yet in the open object or array */
};
void json_begin_object(struct json_writer *w, const char *key); /* key NULL inside arrays */
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *key);
void json_end_array(struct json_writer *w);
void json_str(struct json_writer *w, const char *key, struct str value);
/* ptr NULL writes null. */
void json_str_or_null(struct json_writer *w, const char *key, struct str value);
void json_int(struct json_writer *w, const char *key, int64_t value);
void json_bool(struct json_writer *w, const char *key, bool value);
void json_raw(struct json_writer *w, const char *key, struct str json); /* trusted JSON text */

#endif
