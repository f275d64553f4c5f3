/*
 * YAML files as trees of positioned nodes, built from libyaml's events without recursion.
 *
 * The subset people need: one document of maps, lists and scalars. Aliases, anchors, tags,
 * directives, merge keys, duplicate keys, keys that are not scalars, a second document, invalid
 * UTF-8, characters that make a line read differently from what it says (bidirectional controls,
 * Unicode line ends) and whatever passes the bounds below are findings. Scalars are untyped text:
 * the field tables decide what `yes` or `0123` means.
 */
#ifndef ZSCTL_YAML_TREE_H
#define ZSCTL_YAML_TREE_H

#include "diag.h"

#define YAML_DEPTH_MAX 32
#define YAML_FILE_MAX (64U << 20)     /* bytes of a file that becomes one tree */
#define YAML_STREAM_MAX (1024U << 20) /* bytes of a file that is streamed */
#define YAML_NODES_MAX 2000000        /* in one tree, or in one value of a streamed file */
#define YAML_TOP_KEYS_MAX 100000      /* at the top of a streamed file */
#define YAML_KEY_MAX 1024             /* bytes */
#define YAML_SCALAR_MAX (1U << 20)    /* bytes */

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_type type;
	bool plain;         /* a scalar without quotes */
	bool flow;          /* a list or map in [] or {} */
	unsigned line;      /* 1-based */
	unsigned column;    /* 1-based, in characters */
	struct str file;    /* shared by all nodes of a file */
	struct str text;    /* scalars */
	size_t count;       /* children of a list, keys of a map */
	struct node *first; /* a list's first item, or a map's first key */
	struct node *next;  /* the next item, or the next key */
	struct node *value; /* of a key */
};

/* Nothing written, `~` or `null`, plain. */
bool node_is_null(const struct node *node);
/* The value under `key`; NULL when the map has no such key or `map` is no map. */
const struct node *node_get(const struct node *map, const char *key);

/*
 * Parses bytes. NULL when there are errors (all that libyaml allows to find are reported; it stops
 * at the first syntax error). An empty document is an empty map at 1:1. Nodes
 * live in `arena`; `file` must outlive them.
 */
struct node *yaml_parse(struct arena *arena, struct str file, struct str text,
			struct diags *diags);
/* The same from a file; a file that cannot be read is a finding. */
struct node *yaml_parse_file(struct arena *arena, struct str file, struct diags *diags);

/*
 * Large files: the document is a map; the list items under the keys named in `stream` are handed
 * out one at a time (and their memory is reused), every other value whole. A value under a stream
 * key that is no list is handed out whole too. Values with findings of their own are left out.
 * The file is read in pieces.
 */
struct yaml_reader {
	const char *const *stream; /* ends in NULL */
	/* `element`: one item of the list under `key`. Nodes are valid during the call, keys until
	 * the end. -1 stops (after adding a finding). */
	int (*value)(void *context, const struct node *key, const struct node *value,
		     bool element);
	void *context;
};
/* -1 when there were errors, or `value` stopped. */
int yaml_read_file(struct str file, const struct yaml_reader *reader, struct diags *diags);

#endif
