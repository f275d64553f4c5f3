/*
 * The scalar half of field.c: one value from one node. Private to field*.c.
 */
#ifndef ZSCTL_FIELD_VALUE_H
#define ZSCTL_FIELD_VALUE_H

#include "field.h"

/* Every type but FIELD_MAP, FIELD_LIST and FIELD_NAMED. `base` is the struct. */
int field_scalar(struct field_walk *walk, const struct field *field, const struct node *node,
		 char *base);
int field_secret(struct field_walk *walk, const struct field *field, const struct node *node,
		 struct secret_ref *out);
/* What FIELD_TEXT promises. */
int field_check_text(struct field_walk *walk, const struct field *field,
		     const struct node *node);
/* "'name' has no value; …", "expected a list of addresses, found a text". */
int field_wrong_type(struct field_walk *walk, const struct field *field,
		     const struct node *node);
/* The entry of the table, or NULL. */
const struct field_word *field_word(const struct field_word *words, struct str text);

/* How near a word must be to be suggested. */
bool field_near(struct str text, const char *word, size_t *best);

/* `XX=…` with one of the attributes that distinguished names are made of, not quoted. */
bool field_lone_rdn(const struct node *node);
/* Finds a distinguished name in a flow list (or among the keys of a flow map) that fell apart at
 * its commas, and says so. */
bool field_dn_apart(struct field_walk *walk, const struct node *container);

#endif
