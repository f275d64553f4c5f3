#include "err.h"

#include "str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message that was cut by vsnprintf must not end in half a character. */
static void trim_to_character(char *text, size_t size, int needed)
{
	if (needed < 0)
		text[0] = '\0';
	else if ((size_t)needed >= size)
		text[str_utf8_cut((struct str){text, size - 1}, size - 1)] = '\0';
}

/* Formats beside the old text first: it may be one of the arguments. */
__attribute__((format(printf, 2, 0))) static void put(struct err *err, const char *format,
						      va_list args, const char *separator,
						      const char *tail)
{
	char text[sizeof(err->text)];
	char joined[sizeof(err->text)];

	trim_to_character(text, sizeof(text), vsnprintf(text, sizeof(text), format, args));
	trim_to_character(joined, sizeof(joined),
			  snprintf(joined, sizeof(joined), "%s%s%s", text, separator, tail));
	memcpy(err->text, joined, sizeof(err->text));
}

int err_set(struct err *err, enum err_class class, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(err, format, args, "", "");
	va_end(args);
	err->class = class;
	return -1;
}

int err_prefix(struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(err, format, args, ": ", err->text);
	va_end(args);
	return -1;
}

int err_errno(struct err *err, enum err_class class, const char *format, ...)
{
	const char *reason = strerror(errno);
	va_list args;

	va_start(args, format);
	put(err, format, args, ": ", reason);
	va_end(args);
	err->class = class;
	return -1;
}

_Noreturn void err_out_of_memory(void)
{
	static const char message[] = "zsctl: error: out of memory\n";

	/* fputs and not log_error: that would ask for memory. */
	fputs(message, stderr);
	_Exit(ERR_FAILED);
}
