/*
 * What people may write, as tables: one row per key with its type, place in a struct, bounds,
 * default and a line of help. One walker fills structs from trees (field_fill), the JSON Schema
 * (json_schema.h) and the configuration reference come from the same rows.
 *
 * A new section, or the keys of a new provider, is a new table:
 *
 *     struct mailer { struct str host; unsigned port; };
 *     static const struct field mailer_fields[] = {
 *             {.name = "host", .type = FIELD_TEXT, .offset = offsetof(struct mailer, host),
 *              .flags = FIELD_REQUIRED, .help = "name of the mail server"},
 *             {.name = "port", .type = FIELD_NUMBER, .offset = offsetof(struct mailer, port),
 *              .min = 1, .max = 65535, .otherwise = "25", .help = "its port"},
 *             {.name = NULL},
 *     };
 *     static const struct field_table mailer_table = {
 *             .what = "a mailer", .fields = mailer_fields, .size = sizeof(struct mailer)};
 *
 * Filling allocates nothing but the arrays of lists (and resolved paths) in the walk's arena;
 * texts are views into the nodes and live as long as these. It costs one pass over the keys.
 */
#ifndef ZSCTL_FIELD_H
#define ZSCTL_FIELD_H

#include "base/arena.h"
#include "base/secret.h"
#include "yaml_tree.h"

enum field_type {
	FIELD_VERSION,  /* unsigned: the format's number; must equal `max`; newer ones say so */
	FIELD_TEXT,     /* struct str: one line, not empty, no control characters */
	FIELD_VALUE,    /* a FIELD_TEXT that `parse` turns into what it likes */
	FIELD_BOOL,     /* bool: true or false, nothing else */
	FIELD_NUMBER,   /* unsigned: min … max */
	FIELD_WORD,     /* int (or an enum): the value of one of `words` */
	FIELD_WORDS,    /* unsigned: a list of `words`, their values or-ed */
	FIELD_DURATION, /* int64_t: seconds, min … max ("72h") */
	FIELD_DATE,     /* int32_t: days since 1970-01-01 ("2026-12-31") */
	FIELD_PATH,     /* struct str: resolved against the folder of the file that says it;
			 * as written in the struct str at `also` */
	FIELD_SECRET,   /* struct secret_ref: {env: …}, {file: …} or {credential: …} */
	FIELD_MAP,      /* a struct inside this one, by `table` */
	FIELD_LIST,     /* pointer to an array of `item`; size_t count at `also` */
	FIELD_NAMED,    /* the same from a map whose keys the user chooses: each element has its
			 * key as struct str at `key_offset` */
	FIELD_NODE,     /* const struct node *: looked into by the caller */
};

enum field_flags {
	FIELD_REQUIRED = 1 << 0,
	FIELD_MAY_BE_EMPTY = 1 << 1, /* FIELD_TEXT: "" is a value */
	FIELD_NUMBERS = 1 << 2,      /* a text that may look like a number: for the schema */
	FIELD_LATER = 1 << 3,        /* not in this version: an error that says so */
	FIELD_ALONE = 1 << 4,        /* a list of one text may be that text */
};

/* One choice of FIELD_WORD and FIELD_WORDS. */
struct field_word {
	const char *word; /* NULL ends the table */
	int value;
	bool later; /* known, but not in this version: an error that says so */
	const char *help;
};

struct field;
struct field_table;
struct field_walk;

/*
 * Turns a scalar into the value at `out` (the struct's address plus the field's offset). The text
 * has passed the checks of FIELD_TEXT. On failure it adds a finding (field_error) and returns -1.
 */
typedef int field_parse(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out);

/* Optional places in a struct: 0 means none. */
#define FIELD_PLACE(type, member) (1 + offsetof(type, member))

struct field {
	const char *name; /* NULL ends the table; lists' items have none */
	enum field_type type;
	unsigned flags;    /* enum field_flags */
	size_t offset;     /* of the value in the struct */
	size_t also;       /* FIELD_PLACE: see the types */
	unsigned has;      /* bit(s) that are set at the table's `has` when the key is given */
	uint64_t min, max; /* numbers, seconds; texts: longest in bytes (0: 1024) */
	const char *otherwise; /* default, written as in the file; NULL: the zero value */
	const struct field_word *words;
	const struct field_table *table;
	const struct field
		*item; /* of lists and named values; its offset is within the element */
	size_t item_size;
	size_t key_offset; /* FIELD_NAMED */
	size_t most;       /* longest list, 0: any */
	field_parse *parse;
	const char *form; /* FIELD_VALUE: what is expected, with article: "an e-mail address" */
	const char *pattern; /* FIELD_VALUE: regular expression for the schema, or NULL */
	const char *example; /* for the schema, as it would be written; NULL: none */
	const char *help;    /* one line, no full stop */
};

/* Keys that only exist with one value of the field `by`. */
struct field_variant {
	int value;
	const struct field *fields;
};

struct field_table {
	const char *what; /* with article: "a source"; also names it in the schema's $defs */
	const struct field *fields; /* at most 48 with those of any one variant */
	size_t size;                /* of the struct */
	size_t position; /* FIELD_PLACE of a struct position that gets where the map stands */
	size_t has;      /* FIELD_PLACE of an unsigned that collects the `has` bits */
	const char *by;  /* the FIELD_WORD that chooses the variant, or NULL */
	const struct field_variant *variants;
	size_t variant_count;
	const char *shorthand; /* a scalar in place of the map is the value of this field */
	const char *help;      /* a sentence for the reference; NULL: none */
};

struct position {
	struct str file;
	unsigned line, column;
};

struct field_walk {
	struct arena *arena;
	struct diags *diags;
	void *context; /* for the parsers */
};

/*
 * Fills `out` (a struct of table->size bytes, zeroed by the caller) from a map. All findings are
 * collected; -1 when one of them was an error. Keys that are not given get their defaults.
 */
int field_fill(struct field_walk *walk, const struct field_table *table,
	       const struct node *node, void *out);
/* One field alone: `base` is the struct. For top-level keys that are streamed, and their items
 * (with field->item, and the element as base). */
int field_fill_one(struct field_walk *walk, const struct field *field, const struct node *node,
		   void *base);

/* The row of `key`, or NULL after a finding that suggests what may have been meant. */
const struct field *field_find(struct field_walk *walk, const struct field_table *table,
			       const struct node *key);

/* Ready-made items: lists of plain texts (struct str). */
extern const struct field field_text_item;

/* Adds an error at the node's position; returns -1. */
int field_error(struct field_walk *walk, const struct node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A path as a file writes it: relative to the folder of that file. In the arena. */
struct str field_resolve(struct arena *arena, struct str file, struct str path);
/* Text from a file for a message: cut at 60 bytes, between characters. */
struct str field_cut(struct str text);
/* What the node is, for messages: "a text", "a list", "a map", "nothing". */
const char *field_node_what(const struct node *node);
/* "a text", "true or false", "a list of texts": for messages and the reference. */
void field_add_form(struct buf *out, const struct field *field);

#endif
