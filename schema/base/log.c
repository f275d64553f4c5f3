#include "log.h"

#include "json.h"
#include "os.h"
#include "progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MESSAGE_LIMIT = 256 * 1024, REDRAW_MS = 100 };

static struct {
	enum log_level level;
	enum log_format format;
	bool color;
	bool drawn; /* a progress line stands on the terminal */
	uint64_t drawn_at;
	struct progress progress;
} state = {.level = LOG_INFO};

/* One line at a time, whoever writes it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

void log_setup(enum log_level level, enum log_format format, bool color)
{
	state.level = level;
	state.format = format;
	state.color = color;
}

bool log_level_parse(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_is(str_of(text), names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* In one piece, so that lines of several processes do not mix. */
static void put(const struct buf *text)
{
	struct str rest = buf_str(text);

	while (rest.len > 0) {
		ssize_t done = write(STDERR_FILENO, rest.ptr, rest.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* nobody is left to be told */
		rest.ptr += done;
		rest.len -= (size_t)done;
	}
}

static void add_text_line(struct buf *out, enum log_level level, struct str message)
{
	const char *color = "";
	struct str line;

	switch (level) {
	case LOG_ERROR:
		color = "\033[1;31m";
		break;
	case LOG_WARNING:
		color = "\033[1;33m";
		break;
	case LOG_INFO:
	case LOG_DEBUG:
		break;
	}
	buf_puts(out, "zsctl: ");
	if (level != LOG_INFO) {
		buf_addf(out, "%s%s:%s ", state.color ? color : "", names[level],
			 state.color && color[0] ? "\033[0m" : "");
	}
	for (bool first = true; str_split(&message, '\n', &line); first = false) {
		if (!first && line.len > 0)
			buf_puts(out, "  ");
		buf_add(out, line);
		buf_char(out, '\n');
	}
}

static void add_json_line(struct buf *out, enum log_level level, struct str message)
{
	struct json_writer writer = {.out = out};
	char now[TIME_TEXT_SIZE];

	time_text(os_now(), now);
	json_begin_object(&writer, NULL);
	json_str(&writer, "time", str_of(now));
	json_str(&writer, "level", str_of(names[level]));
	json_str(&writer, "message", message);
	json_end_object(&writer);
	buf_char(out, '\n');
}

static void end_progress(void)
{
	struct buf line = BUF_INIT;

	if (!state.drawn)
		return;
	buf_puts(&line, "\r\033[K");
	put(&line);
	buf_release(&line);
	state.drawn = false;
}

void log_print(enum log_level level, const char *format, ...)
{
	struct buf visible = {.limit = MESSAGE_LIMIT};
	struct buf out = BUF_INIT;
	struct str message;
	char *raw = NULL;
	va_list args;
	int len;

	if (level > state.level)
		return;
	va_start(args, format);
	len = vasprintf(&raw, format, args);
	va_end(args);
	if (len < 0)
		return;
	buf_add_visible(&visible, (struct str){raw, (size_t)len}, true);
	message = buf_str(&visible);
	while (str_ends(message, "\n"))
		message.len--;
	switch (state.format) {
	case LOG_TEXT:
		add_text_line(&out, level, message);
		break;
	case LOG_JSON:
		add_json_line(&out, level, message);
		break;
	}
	pthread_mutex_lock(&lock);
	end_progress();
	put(&out);
	pthread_mutex_unlock(&lock);
	buf_release(&out);
	buf_release(&visible);
	free(raw);
}

static void draw_progress(const char *what, size_t done, size_t total)
{
	struct buf line = BUF_INIT;
	uint64_t now = os_monotonic_ms();

	if (state.drawn && now - state.drawn_at < REDRAW_MS)
		return;
	buf_puts(&line, "\r\033[K");
	progress_line(&state.progress, str_of(what), done, total, now, &line);
	put(&line);
	buf_release(&line);
	state.drawn = true;
	state.drawn_at = now;
}

void log_progress(const char *what, size_t done, size_t total)
{
	if (state.format == LOG_JSON || state.level < LOG_INFO || !isatty(STDERR_FILENO))
		return;
	pthread_mutex_lock(&lock);
	draw_progress(what, done, total);
	pthread_mutex_unlock(&lock);
}

void log_progress_end(void)
{
	pthread_mutex_lock(&lock);
	end_progress();
	pthread_mutex_unlock(&lock);
}
