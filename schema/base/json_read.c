/*
 * The streaming reader: a window over the input that slides along, and grows only when one value
 * is larger than it. A value in the window is handed out where it lies.
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 256 * 1024, ITEM_LIMIT_DEFAULT = 4 << 20, DEPTH_MAX = 32 };

struct stream {
	const struct json_reader *reader;
	struct err *err;
	int fd;       /* -1: everything is in the window already */
	char *memory; /* owned; NULL for bytes that are the caller's */
	size_t capacity;
	const char *window;
	size_t at, end;  /* in the window */
	uint64_t origin; /* where the window begins in the input */
	size_t limit;
	unsigned line;
	struct sym_pool members;
	struct str member;
};

static int fail_at(struct stream *s, unsigned line, const char *problem)
{
	return err_set(s->err, ERR_FAILED, "line %u: %s", line, problem);
}

/*
 * Reads more behind the window's end. What lies before `keep` is dropped, so positions shrink by
 * the return value of *shift. Returns 1 when there is more, 0 at the end of the input, -1 on error.
 */
static int fill(struct stream *s, size_t keep, size_t *shift)
{
	ssize_t got;

	*shift = 0;
	if (s->fd < 0)
		return 0;
	if (keep > 0) {
		memmove(s->memory, s->memory + keep, s->end - keep);
		s->origin += keep;
		s->at -= keep;
		s->end -= keep;
		*shift = keep;
	}
	if (s->end == s->capacity) {
		s->memory = mem_realloc(s->memory, s->capacity, 2);
		s->capacity *= 2;
		s->window = s->memory;
	}
	do {
		got = read(s->fd, s->memory + s->end, s->capacity - s->end);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(s->err, ERR_FAILED, "cannot read");
	s->end += (size_t)got;
	return got > 0;
}

/* Skips blanks and gives the next byte without taking it; -1 at the end, -2 on error. */
static int peek(struct stream *s)
{
	for (;;) {
		size_t shift;
		int more;

		for (; s->at < s->end; s->at++) {
			unsigned char c = (unsigned char)s->window[s->at];

			if (c == '\n')
				s->line++;
			else if (c != ' ' && c != '\t' && c != '\r')
				return c;
		}
		more = fill(s, s->at, &shift);
		if (more <= 0)
			return more < 0 ? -2 : -1;
	}
}

static int fail_here(struct stream *s, int c, const char *problem)
{
	if (c == -2)
		return -1;
	return fail_at(s, s->line, c == -1 ? "the file ends too early" : problem);
}

/* --- finding the end of a value --------------------------------------------------------- */

/* How far a scan has come; it goes on where it stopped when the window was at its end. */
struct scan {
	enum { IN_SCALAR, IN_STRING, IN_ESCAPE, IN_CONTAINER } in;
	unsigned depth;
	uint64_t kinds; /* one bit for each open container: 1 for an object */
};

enum scan_result { SCAN_DONE, SCAN_MORE, SCAN_UNBALANCED, SCAN_TOO_DEEP };

static bool ends_scalar(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\t' ||
	       c == '\r' || c == ':';
}

/* The bytes that mean something outside strings. */
static const bool structural[256] = {
	['"'] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true};

/* A bracket at *p. */
static enum scan_result scan_bracket(struct scan *scan, char c)
{
	bool object = c == '{' || c == '}';

	if (c == '{' || c == '[') {
		if (scan->depth == DEPTH_MAX)
			return SCAN_TOO_DEEP;
		scan->kinds = scan->kinds << 1 | object;
		scan->depth++;
		return SCAN_MORE;
	}
	if ((scan->kinds & 1) != object)
		return SCAN_UNBALANCED;
	scan->kinds >>= 1;
	scan->depth--;
	return scan->depth == 0 ? SCAN_DONE : SCAN_MORE;
}

static const char *find_structural(const char *p, const char *end)
{
	while (p < end && !structural[(unsigned char)*p])
		p++;
	return p;
}

static const char *find_quote_or_escape(const char *p, const char *end)
{
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* Goes on from *at; leaves *at behind the value, or at the end of what there is. */
static enum scan_result scan_value(struct scan *scan, const char **at, const char *end)
{
	const char *p = *at;
	enum scan_result result = SCAN_MORE;

	while (p < end && result == SCAN_MORE) {
		switch (scan->in) {
		case IN_ESCAPE:
			p++;
			scan->in = IN_STRING;
			break;
		case IN_STRING:
			p = find_quote_or_escape(p, end);
			if (p == end)
				break;
			scan->in = *p++ == '\\' ? IN_ESCAPE : IN_CONTAINER;
			if (scan->in == IN_CONTAINER && scan->depth == 0)
				result = SCAN_DONE;
			break;
		case IN_SCALAR:
			if (ends_scalar(*p))
				result = SCAN_DONE;
			else
				p++;
			break;
		case IN_CONTAINER:
			p = find_structural(p, end);
			if (p == end)
				break;
			if (*p == '"')
				scan->in = IN_STRING;
			else
				result = scan_bracket(scan, *p);
			p++;
			break;
		}
	}
	*at = p;
	return result;
}

/* Line feeds in a value, eight bytes at a time. */
static unsigned count_lines(struct str text)
{
	const uint64_t ones = 0x0101010101010101u, low = 0x7F7F7F7F7F7F7F7Fu;
	unsigned count = 0;

	for (; text.len >= 8; text.ptr += 8, text.len -= 8) {
		uint64_t word, zero;

		memcpy(&word, text.ptr, 8);
		word ^= ones * '\n';
		zero = ~(((word & low) + low) | word | low); /* 0x80 where a byte is 0 */
		count += (unsigned)(((zero >> 7) * ones) >> 56);
	}
	for (; text.len > 0; text.ptr++, text.len--)
		count += *text.ptr == '\n';
	return count;
}

/* Takes the value at the current byte, which peek() has found. */
static int take_value(struct stream *s, struct str *text, uint64_t *offset, unsigned *line)
{
	char first = s->window[s->at];
	struct scan scan = {.in = IN_SCALAR};
	size_t start = s->at, shift;
	enum scan_result result;
	int more;

	*line = s->line;
	if (ends_scalar(first))
		return fail_at(s, s->line, "expected a value");
	if (first == '"') {
		scan.in = IN_STRING;
		s->at++;
	} else if (first == '{' || first == '[') {
		scan.in = IN_CONTAINER;
	}
	for (;;) {
		const char *at = s->window + s->at;

		result = scan_value(&scan, &at, s->window + s->end);
		s->at = (size_t)(at - s->window);
		if (s->at - start > s->limit)
			return err_set(s->err, ERR_FAILED,
				       "line %u: this value is larger than %zu bytes", *line,
				       s->limit);
		if (result != SCAN_MORE)
			break;
		more = fill(s, start, &shift);
		start -= shift;
		if (more < 0)
			return -1;
		if (more == 0)
			return fail_at(s, *line, "the file ends within this value");
	}
	*text = (struct str){s->window + start, s->at - start};
	*offset = s->origin + start;
	s->line += count_lines(*text);
	if (result == SCAN_UNBALANCED)
		return fail_at(s, s->line, "this bracket closes none that is open");
	if (result == SCAN_TOO_DEEP)
		return fail_at(s, s->line, "nested too deeply: at most 32 levels");
	return 0;
}

/* --- the document ----------------------------------------------------------------------- */

static int hand_out(struct stream *s, bool element)
{
	struct json_item item = {.member = s->member, .element = element};

	if (take_value(s, &item.text, &item.offset, &item.line))
		return -1;
	if (item.text.ptr[0] != '{' && item.text.ptr[0] != '[') {
		struct err problem = ERR_INIT;

		/* What is not scanned for brackets would not be looked at by anybody. */
		if (json_check(item.text, &problem))
			return fail_at(s, item.line, "this is not a JSON value");
	}
	return s->reader->item(s->reader->context, &item, s->err);
}

static int read_array(struct stream *s)
{
	int c;

	s->at++;
	c = peek(s);
	if (c == ']') {
		s->at++;
		return 0;
	}
	for (;;) {
		if (c < 0)
			return fail_here(s, c, "");
		if (hand_out(s, true))
			return -1;
		c = peek(s);
		if (c == ']') {
			s->at++;
			return 0;
		}
		if (c != ',')
			return fail_here(s, c, "expected ',' or ']' behind an element");
		s->at++;
		c = peek(s);
	}
}

/* The member's name and the colon; names are kept, to find one that comes twice. */
static int read_name(struct stream *s)
{
	struct err problem = ERR_INIT;
	struct str text;
	uint64_t offset;
	unsigned line;
	uint32_t known = s->members.count;
	cJSON *name;
	int c;

	if (take_value(s, &text, &offset, &line))
		return -1;
	name = json_parse(text, &problem);
	if (!name)
		return fail_at(s, line, "this key is not valid JSON");
	s->member = sym_str(sym_get(&s->members, str_of(name->valuestring)));
	cJSON_Delete(name);
	if (s->members.count == known)
		return err_set(s->err, ERR_FAILED, "line %u: duplicate key \"%.200s\"", line,
			       s->member.ptr);
	c = peek(s);
	if (c != ':')
		return fail_here(s, c, "expected ':' behind a key");
	s->at++;
	return 0;
}

static int read_members(struct stream *s)
{
	int c = peek(s);

	if (c == '}') {
		s->at++;
		return 0;
	}
	for (;;) {
		if (c != '"')
			return fail_here(s, c, "expected a key in double quotes");
		if (read_name(s))
			return -1;
		c = peek(s);
		if (c < 0)
			return fail_here(s, c, "");
		if (c == '[' ? read_array(s) : hand_out(s, false))
			return -1;
		c = peek(s);
		if (c == '}') {
			s->at++;
			return 0;
		}
		if (c != ',')
			return fail_here(s, c, "expected ',' or '}' behind a member");
		s->at++;
		c = peek(s);
	}
}

static int read_document(struct stream *s)
{
	int c = peek(s);

	if (c == -1)
		return fail_at(s, s->line, "empty: expected a JSON object");
	if (c == 0xEF)
		return fail_at(s, s->line,
			       "starts with a byte order mark: save it as UTF-8 without one");
	if (c != '{')
		return fail_here(s, c, "expected a JSON object");
	s->at++;
	if (read_members(s))
		return -1;
	c = peek(s);
	return c == -1 ? 0 : fail_here(s, c, "something follows the end of the object");
}

static int run(struct stream *s)
{
	int result;

	s->line = 1;
	s->limit = s->reader->item_limit ? s->reader->item_limit : ITEM_LIMIT_DEFAULT;
	result = read_document(s);
	free(s->memory);
	sym_pool_release(&s->members);
	return result;
}

int json_read_stream(int fd, const struct json_reader *reader, struct err *err)
{
	struct stream s = {.reader = reader, .err = err, .fd = fd, .capacity = WINDOW};
	off_t origin = lseek(fd, 0, SEEK_CUR);

	/* A pipe has no position: its offsets count from where reading began. */
	s.origin = origin > 0 ? (uint64_t)origin : 0;
	s.window = s.memory = mem_alloc(s.capacity);
	return run(&s);
}

int json_read_text(struct str text, const struct json_reader *reader, struct err *err)
{
	struct stream s = {.reader = reader, .err = err, .fd = -1, .end = text.len};

	s.window = text.ptr ? text.ptr : "";
	return run(&s);
}
