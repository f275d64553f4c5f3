/*
 * The other way round of yaml_write.h: quoted scalars as every canonical file has them.
 */
#ifndef ZSCTL_YAML_READ_H
#define ZSCTL_YAML_READ_H

#include "base/str.h"

/* Length of the quoted text that `s` starts with, both quotes counted; 0 when it has no end. */
size_t yaml_quoted_length(struct str s);
/*
 * Takes a quoted text, with its quotes, apart: a view into it, or a copy in the arena where it has
 * escapes. False for escapes that yaml_write.h never makes (anything but \" \\ \n \t \uXXXX
 * \UXXXXXXXX with lower-case digits of a character other than NUL).
 */
bool yaml_unquote(struct arena *arena, struct str quoted, struct str *out);

#endif
