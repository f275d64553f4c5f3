/*
 * `check --sso-key ADDRESS`: what an identity provider sends, held beside what a source has. A wrong
 * account key locks its owner out, so it is found before it is sent.
 */
#ifndef ZSCTL_CHECK_KEY_H
#define ZSCTL_CHECK_KEY_H

#include "command.h"
#include "provider.h"

/*
 * Asks for the value (standard input, or the terminal, which does not show it) and adds lines like those
 * of `check` to `out`: which attribute and conversion of which source give it. -1 when what is mapped
 * does not. `address` is normalised. The value itself is in no line.
 */
int check_key(struct context *context, struct str address, struct buf *out);

#endif
