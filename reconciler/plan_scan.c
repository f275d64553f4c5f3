#include "plan_scan.h"

#include "plan_text.h"
#include "yaml_read.h"

#include <stdarg.h>

static void next_line(struct scan *scan)
{
	const char *end;

	if (scan->failed || scan->rest.len == 0) {
		scan->line = STR_NONE;
		scan->number++;
		return;
	}
	end = memchr(scan->rest.ptr, '\n', scan->rest.len);
	scan->number++;
	if (!end) {
		scan_fail(scan, "has no end");
		return;
	}
	scan->line = (struct str){scan->rest.ptr, (size_t)(end - scan->rest.ptr)};
	scan->rest.ptr = end + 1;
	scan->rest.len -= scan->line.len + 1;
}

void scan_init(struct scan *scan, struct str bytes, struct arena *arena)
{
	*scan = (struct scan){.arena = arena, .rest = bytes};
	next_line(scan);
}

void scan_fail(struct scan *scan, const char *format, ...)
{
	va_list args;
	int len;

	if (!scan->failed) {
		len = snprintf(scan->message, sizeof(scan->message), "line %zu ", scan->number);
		va_start(args, format);
		vsnprintf(scan->message + len, sizeof(scan->message) - (size_t)len, format,
			  args);
		va_end(args);
	}
	scan->failed = true;
	scan->line = scan->rest = STR_NONE;
}

bool scan_has(struct scan *scan, const char *text)
{
	size_t len = strlen(text);

	if (scan->failed || scan->line.len < len || memcmp(scan->line.ptr, text, len) != 0)
		return false;
	scan->line.ptr += len;
	scan->line.len -= len;
	return true;
}

void scan_need(struct scan *scan, const char *text)
{
	if (scan_has(scan, text))
		return;
	if (!scan->line.ptr)
		scan_fail(scan, "is missing: '%s' belongs there", text);
	else
		scan_fail(scan, "goes on with '%.*s' where '%s' belongs",
			  (int)str_utf8_cut(scan->line, 60), scan->line.ptr, text);
}

void scan_end(struct scan *scan)
{
	if (scan->line.len > 0)
		scan_fail(scan, "has '%.*s' behind its end", (int)str_utf8_cut(scan->line, 60),
			  scan->line.ptr);
	next_line(scan);
}

void scan_skip(struct scan *scan)
{
	next_line(scan);
}

/* --- scalars ------------------------------------------------------------------------------ */

static bool at_quote(const struct scan *scan)
{
	return scan->line.len > 0 && scan->line.ptr[0] == '"';
}

static struct str quoted(struct scan *scan)
{
	const size_t len = yaml_quoted_length(scan->line);
	struct str text = {scan->line.ptr, len};

	if (!len)
		scan_fail(scan, "has a text whose quotes do not close");
	else if (len > PLAN_TEXT_MAX)
		scan_fail(scan, "has a text that is too long");
	else if (!yaml_unquote(scan->arena, text, &text))
		scan_fail(scan, "has an escape that zsctl does not write");
	if (scan->failed)
		return STR_NONE;
	scan->line.ptr += len;
	scan->line.len -= len;
	return arena_str(scan->arena, text);
}

static struct str plain(struct scan *scan, size_t len)
{
	struct str text = {scan->line.ptr, len};

	if (len > PLAN_TEXT_MAX) {
		scan_fail(scan, "has a text that is too long");
		return STR_NONE;
	}
	scan->line.ptr += len;
	scan->line.len -= len;
	return arena_str(scan->arena, text);
}

struct str scan_text(struct scan *scan)
{
	struct str text = STR_NONE;

	if (at_quote(scan))
		text = quoted(scan);
	else if (!scan->failed)
		text = plain(scan, scan->line.len);
	scan_end(scan);
	return text;
}

struct str scan_key(struct scan *scan)
{
	struct str text = STR_NONE;
	size_t len = 0;

	if (at_quote(scan)) {
		text = quoted(scan);
	} else if (!scan->failed) {
		while (len < scan->line.len &&
		       !(scan->line.ptr[len] == ':' && len + 1 < scan->line.len &&
			 scan->line.ptr[len + 1] == ' '))
			len++;
		text = plain(scan, len);
	}
	scan_need(scan, ": ");
	if (text.len > PLAN_KEY_MAX)
		scan_fail(scan, "has a key that is too long");
	return text;
}

static bool ends_flow(char c)
{
	return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

struct str scan_flow(struct scan *scan)
{
	size_t len = 0;

	if (at_quote(scan))
		return quoted(scan);
	while (len < scan->line.len && !ends_flow(scan->line.ptr[len]))
		len++;
	return scan->failed ? STR_NONE : plain(scan, len);
}

uint64_t scan_number(struct scan *scan)
{
	uint64_t number = 0;
	size_t len = 0;

	while (len < scan->line.len && scan->line.ptr[len] >= '0' && scan->line.ptr[len] <= '9')
		len++;
	/* 15 digits are exact in every reader of JSON and YAML. */
	if (len > 15 || !str_to_u64((struct str){scan->line.ptr, len}, &number)) {
		scan_fail(scan, "has no number where one belongs");
		return 0;
	}
	scan->line.ptr += len;
	scan->line.len -= len;
	return number;
}
