#include "plan_scan.h"

#include "plan_text.h"

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

void scan_release(struct scan *scan)
{
	buf_release(&scan->text);
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

static void add_utf8(struct buf *out, uint32_t code)
{
	char bytes[4];
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3F));
	bytes[0] = (char)(len == 1 ? code : (0xF00u >> len & 0xFFu) | code);
	buf_add(out, (struct str){bytes, len});
}

/* Behind "\u" or "\U": `digits` of hex, as a character that text may hold. */
static bool unescape_code(struct scan *scan, size_t digits)
{
	uint32_t code = 0;

	if (scan->line.len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		char c = scan->line.ptr[i];
		uint32_t value = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
				 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
							: 16;

		if (value == 16)
			return false;
		code = code << 4 | value;
	}
	if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return false;
	add_utf8(&scan->text, code);
	scan->line.ptr += digits;
	scan->line.len -= digits;
	return true;
}

static bool unescape(struct scan *scan)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *name;
	char c;

	if (scan->line.len == 0)
		return false;
	c = scan->line.ptr[0];
	scan->line.ptr++;
	scan->line.len--;
	if (c == 'u' || c == 'U')
		return unescape_code(scan, c == 'u' ? 4 : 8);
	name = c ? strchr(names, c) : NULL;
	if (!name)
		return false;
	buf_char(&scan->text, meanings[name - names]);
	return true;
}

/* The opening quote is behind us. */
static struct str quoted(struct scan *scan)
{
	buf_clear(&scan->text);
	for (;;) {
		size_t run = 0;

		while (run < scan->line.len && scan->line.ptr[run] != '"' &&
		       scan->line.ptr[run] != '\\')
			run++;
		buf_add(&scan->text, (struct str){scan->line.ptr, run});
		if (run == scan->line.len || scan->text.len > PLAN_TEXT_MAX)
			break;
		scan->line.ptr += run;
		scan->line.len -= run;
		if (scan_has(scan, "\""))
			return arena_str(scan->arena, buf_str(&scan->text));
		scan_has(scan, "\\");
		if (!unescape(scan)) {
			scan_fail(scan, "has an escape that zsctl does not write");
			return STR_NONE;
		}
	}
	scan_fail(scan, scan->text.len > PLAN_TEXT_MAX
				? "has a text that is too long"
				: "has a text whose quotes do not close");
	return STR_NONE;
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

	if (scan_has(scan, "\""))
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

	if (scan_has(scan, "\"")) {
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

	if (scan_has(scan, "\""))
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
