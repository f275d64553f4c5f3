/*
 * Functions that must not be used here, because they cannot be used safely: the compiler is told
 * to include this header before every source file (CMakeLists.txt) and then refuses the names.
 *
 * Poisoned names are refused in system headers too, so every header that mentions one is included
 * here first.
 */
#ifndef ZSCTL_BANNED_H
#define ZSCTL_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Some are macros with some libc and compiler options. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat stpcpy strncat sprintf vsprintf gets
#pragma GCC poison strtok atoi atol atoll
#pragma GCC poison system popen mktemp tmpnam tempnam

#endif
