/*
 * YAML files as trees of positioned nodes, built from libyaml's events without recursion.
 *
 * The subset people need: one document of maps, lists and scalars. Aliases, anchors, tags,
 * directives, merge keys, duplicate keys, keys that are not scalars, a second document, invalid UTF-8,
 * depth over 32 and files over 64 MiB are findings. Scalars are untyped text: the field tables
 * decide what `yes` or `0123` means.
 */
#ifndef ZSCTL_YAML_TREE_H
#define ZSCTL_YAML_TREE_H

#include "diag.h"

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_type type;
	bool plain;        /* a scalar without quotes */
	bool flow;         /* a list or map in [] or {} */
	unsigned line;     /* 1-based */
	unsigned column;   /* 1-based, in characters */
	struct str file;   /* shared by all nodes of a file */
	struct str text;   /* scalars */
	size_t count;      /* children of a list, keys of a map */
	struct node *first; /* a list's first item, or a map's first key */
	struct node *next;  /* the next item, or the next key */
	struct node *value; /* of a key */
};

/* Nothing written, `~` or `null`, plain. */
bool node_is_null(const struct node *node);
/* The value under `key`; NULL when the map has no such key or `map` is no map. */
const struct node *node_get(const struct node *map, const char *key);

/*
 * Parses bytes. NULL when there are findings of class error (all that libyaml allows to find are
 * reported; it stops at the first syntax error). An empty document is an empty map at 1:1. Nodes
 * live in `arena`; `file` must outlive them.
 */
struct node *yaml_parse(struct arena *arena, struct str file, struct str text, struct diags *diags);
/* The same from a file; a file that cannot be read is a finding. */
struct node *yaml_parse_file(struct arena *arena, struct str file, struct diags *diags);

/*
 * Large files: the document is a map; the list items under the keys named in `stream` are handed
 * out one at a time (and their memory is reused), every other value whole. A value under a stream
 * key that is no list is handed out whole too. The file is read in pieces.
 */
struct yaml_reader {
	const char *const *stream; /* ends in NULL */
	/* `element`: one item of the list under `key`. Nodes are valid during the call. -1 stops
	 * (after adding a finding). */
	int (*value)(void *context, const struct node *key, const struct node *value, bool element);
	void *context;
};
int yaml_read_file(struct str file, const struct yaml_reader *reader, struct diags *diags);

#endif
