/*
 * JSON Schema (2020-12) and Markdown from the tables of fields: what an editor checks, and what
 * the README lists, is what the program accepts.
 */
#ifndef ZSCTL_JSON_SCHEMA_H
#define ZSCTL_JSON_SCHEMA_H

#include "field.h"

#define FIELD_SECTIONS_MAX 64

/* A table with the first path that leads to it: "", "limits.user", "sources[]", "groups.*",
 * "sources[].users (ldap)". */
struct field_section {
	char path[128];
	const struct field_table *table;
};

/* All tables under `root`, each once, outer ones first. Returns how many. */
size_t field_sections(const struct field_table *root,
		      struct field_section sections[FIELD_SECTIONS_MAX]);

/*
 * The schema of a file whose top is `root`, indented, with a line feed at its end. Every other
 * table becomes a definition named by its `what` ("a source" is #/$defs/source), so these must
 * differ.
 */
void json_schema_write(struct buf *out, const struct field_table *root, const char *title);

/* One Markdown table of keys per section: key, what is expected, default, meaning. */
void field_reference(struct buf *out, const struct field_table *root);

#endif
