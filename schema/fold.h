/*
 * Letters in either case, of any script (Unicode's default case folding, through libunistring).
 * Plain ASCII takes a short way. Bytes that are no UTF-8 are compared as they are.
 */
#ifndef ZSCTL_FOLD_H
#define ZSCTL_FOLD_H

#include "base/str.h"

/* Whether two texts differ in nothing but the case of letters. */
bool fold_same(struct str a, struct str b);
/* Equal for texts that are the same; in the arena, or `text` itself when nothing changes. */
struct str fold_text(struct arena *arena, struct str text);

/* In small and in capital letters; likewise. */
struct str fold_lower(struct arena *arena, struct str text);
struct str fold_upper(struct arena *arena, struct str text);

#endif
