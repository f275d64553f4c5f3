/*
 * Messages for people on stderr, as text or one JSON object a line. Set up once by main().
 * Text from outside is escaped here (buf_add_visible), so callers pass it as it is. Any thread may call what is
 * here, but for log_setup().
 */
#ifndef ZSCTL_LOG_H
#define ZSCTL_LOG_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

void log_setup(enum log_level level, enum log_format format, bool color);
bool log_level_parse(const char *text, enum log_level *out);
/* Text form: "zsctl: warning: …"; info has no level word. Newlines inside stay, indented. */
void log_print(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/*
 * Progress on stderr, only on a terminal and not in JSON or quiet mode. Redrawn at most ten
 * times a second; `total` 0 when unknown; `what` stays valid (a literal). See progress.h for the
 * line. log_progress_end() clears it.
 */
void log_progress(const char *what, size_t done, size_t total);
void log_progress_end(void);

#endif
