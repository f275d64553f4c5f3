/*
 * Scalars as every canonical file has them (plans, the recorded state, exports): plain only where
 * no YAML version gives the text a type or a meaning, else quoted as in JSON. One text has one
 * spelling.
 */
#ifndef ZSCTL_YAML_WRITE_H
#define ZSCTL_YAML_WRITE_H

#include "base/str.h"

/*
 * Adds a value or a key. Quoted text has its control, direction and other invisible characters as
 * \uXXXX (\UXXXXXXXX past U+FFFF, which YAML knows and JSON does not), so that a reviewer sees
 * them; bytes that are no UTF-8 become U+FFFD.
 */
void yaml_add_text(struct buf *out, struct str text);      /* in block context */
void yaml_add_text_flow(struct buf *out, struct str text); /* inside {} or [] */

#endif
