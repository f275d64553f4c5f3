/*
 * Which characters have no place where a person must be able to check what is written.
 */
#ifndef ZSCTL_CHARACTER_H
#define ZSCTL_CHARACTER_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Cannot be seen, or turn the text around them: control characters (C0, DEL, C1), direction
 * controls, zero-width characters, line and paragraph separators, fillers, variation selectors,
 * tags, and what Unicode will never assign.
 */
bool character_invisible(uint32_t code);

/* Blanks of any width; the tab counts as invisible. */
bool character_blank(uint32_t code);

/* One line of UTF-8, not empty, all of it visible: what names of people and groups are. */
bool character_visible_line(struct str text);

#endif
