/*
 * The streaming reader takes the document as it comes, in pieces of any size. A value that lies
 * within one piece is handed out where it lies; one that goes on in the next is put together in a
 * buffer of its own.
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 256 * 1024, ITEM_LIMIT_DEFAULT = 4 << 20, DEPTH_MAX = 32 };

/* How far a scan for a value's end has come; it goes on where it stopped when a piece ended. */
struct scan {
	enum { IN_SCALAR, IN_STRING, IN_ESCAPE, IN_CONTAINER } in;
	unsigned depth;
	uint64_t kinds; /* one bit for each open container: 1 for an object */
};

/* What comes next, blanks aside. */
enum expected {
	EXPECT_OBJECT,
	EXPECT_FIRST_KEY, /* or the object's end */
	EXPECT_KEY,
	EXPECT_COLON,
	EXPECT_MEMBER,        /* its value, which may be an array */
	EXPECT_MEMBER_END,    /* ',' or the object's end */
	EXPECT_FIRST_ELEMENT, /* or the array's end */
	EXPECT_ELEMENT,
	EXPECT_ELEMENT_END, /* ',' or the array's end */
	EXPECT_NOTHING,
};

struct json_stream {
	struct json_reader reader;
	size_t limit;
	enum expected expected;
	/* The value that is being scanned. */
	bool in_value;
	struct scan scan;
	struct buf begun;  /* what earlier pieces held of it */
	uint64_t offset;   /* where it begins in the input */
	unsigned at_line;  /* of its first byte */
	uint64_t position; /* of the present piece in the input */
	unsigned line;
	struct sym_pool members; /* to find one that comes twice */
	struct str member;
};

static int fail_at(unsigned line, const char *problem, struct err *err)
{
	return err_set(err, ERR_FAILED, "line %u: %s", line, problem);
}

/* --- finding the end of a value --------------------------------------------------------- */

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

/* --- what a value is -------------------------------------------------------------------- */

static int take_name(struct json_stream *s, struct str text, struct err *err)
{
	struct err problem = ERR_INIT;
	uint32_t known = s->members.count;
	cJSON *name = json_parse(text, &problem);

	if (!name)
		return fail_at(s->at_line, "this key is not valid JSON", err);
	s->member = sym_str(sym_get(&s->members, str_of(name->valuestring)));
	cJSON_Delete(name);
	if (s->members.count == known)
		return err_set(err, ERR_FAILED, "line %u: duplicate key \"%.200s\"", s->at_line,
			       s->member.ptr);
	s->expected = EXPECT_COLON;
	return 0;
}

static int take_item(struct json_stream *s, struct str text, bool element, struct err *err)
{
	const struct json_item item = {.member = s->member,
				       .element = element,
				       .text = text,
				       .offset = s->offset,
				       .line = s->at_line};
	struct err problem = ERR_INIT;

	/* What is not scanned for brackets would not be looked at by anybody. */
	if (text.ptr[0] != '{' && text.ptr[0] != '[' && json_check(text, &problem))
		return fail_at(s->at_line, "this is not a JSON value", err);
	s->expected = element ? EXPECT_ELEMENT_END : EXPECT_MEMBER_END;
	return s->reader.item(s->reader.context, &item, err);
}

/* The scan has come to the value's end. */
static int take_value(struct json_stream *s, struct str text, enum scan_result result,
		      struct err *err)
{
	s->in_value = false;
	s->line += count_lines(text);
	switch (result) {
	case SCAN_UNBALANCED:
		return fail_at(s->line, "this bracket closes none that is open", err);
	case SCAN_TOO_DEEP:
		return fail_at(s->line, "nested too deeply: at most 32 levels", err);
	case SCAN_MORE:
	case SCAN_DONE:
		break;
	}
	if (s->expected == EXPECT_KEY)
		return take_name(s, text, err);
	return take_item(s, text, s->expected == EXPECT_ELEMENT, err);
}

/* Goes on with the value at *at, of which `skip` bytes are scanned. */
static int scan_piece(struct json_stream *s, struct str piece, size_t *at, size_t skip,
		      struct err *err)
{
	const char *from = piece.ptr + *at, *to = from + skip;
	enum scan_result result = scan_value(&s->scan, &to, piece.ptr + piece.len);
	struct str text = {from, (size_t)(to - from)};

	*at += text.len;
	if (s->begun.len + text.len > s->limit)
		return err_set(err, ERR_FAILED, "line %u: this value is larger than %zu bytes",
			       s->at_line, s->limit);
	if (result == SCAN_MORE) {
		buf_add(&s->begun, text);
		return 0;
	}
	if (s->begun.len > 0) {
		buf_add(&s->begun, text);
		text = buf_str(&s->begun);
	}
	if (take_value(s, text, result, err))
		return -1;
	buf_clear(&s->begun);
	return 0;
}

/* --- the document ----------------------------------------------------------------------- */

/* A value begins at *at, for `next` (EXPECT_KEY, EXPECT_MEMBER or EXPECT_ELEMENT). */
static int begin_value(struct json_stream *s, enum expected next, struct str piece, size_t *at,
		       struct err *err)
{
	char first = piece.ptr[*at];

	if (ends_scalar(first))
		return fail_at(s->line, "expected a value", err);
	s->expected = next;
	s->in_value = true;
	s->offset = s->position + *at;
	s->at_line = s->line;
	s->scan = (struct scan){.in = IN_SCALAR};
	if (first == '"')
		s->scan.in = IN_STRING;
	else if (first == '{' || first == '[')
		s->scan.in = IN_CONTAINER;
	return scan_piece(s, piece, at, first == '"', err);
}

/* A bracket or a separator at *at. */
static int step_over(struct json_stream *s, enum expected next, size_t *at)
{
	s->expected = next;
	++*at;
	return 0;
}

/* The byte at *at is no blank and lies in no value. */
static int step(struct json_stream *s, struct str piece, size_t *at, struct err *err)
{
	const char c = piece.ptr[*at];

	switch (s->expected) {
	case EXPECT_OBJECT:
		if (c == '{')
			return step_over(s, EXPECT_FIRST_KEY, at);
		return fail_at(s->line,
			       (unsigned char)c == 0xEF ? "starts with a byte order mark: save "
							  "it as UTF-8 without one"
							: "expected a JSON object",
			       err);
	case EXPECT_FIRST_KEY:
		if (c == '}')
			return step_over(s, EXPECT_NOTHING, at);
		/* fall through */
	case EXPECT_KEY:
		if (c == '"')
			return begin_value(s, EXPECT_KEY, piece, at, err);
		return fail_at(s->line, "expected a key in double quotes", err);
	case EXPECT_COLON:
		if (c == ':')
			return step_over(s, EXPECT_MEMBER, at);
		return fail_at(s->line, "expected ':' behind a key", err);
	case EXPECT_MEMBER:
		if (c == '[')
			return step_over(s, EXPECT_FIRST_ELEMENT, at);
		return begin_value(s, EXPECT_MEMBER, piece, at, err);
	case EXPECT_MEMBER_END:
		if (c == ',' || c == '}')
			return step_over(s, c == ',' ? EXPECT_KEY : EXPECT_NOTHING, at);
		return fail_at(s->line, "expected ',' or '}' behind a member", err);
	case EXPECT_FIRST_ELEMENT:
		if (c == ']')
			return step_over(s, EXPECT_MEMBER_END, at);
		/* fall through */
	case EXPECT_ELEMENT:
		return begin_value(s, EXPECT_ELEMENT, piece, at, err);
	case EXPECT_ELEMENT_END:
		if (c == ',' || c == ']')
			return step_over(s, c == ',' ? EXPECT_ELEMENT : EXPECT_MEMBER_END, at);
		return fail_at(s->line, "expected ',' or ']' behind an element", err);
	case EXPECT_NOTHING:
		break;
	}
	return fail_at(s->line, "something follows the end of the object", err);
}

static void skip_blanks(struct json_stream *s, struct str piece, size_t *at)
{
	for (; *at < piece.len; ++*at) {
		char c = piece.ptr[*at];

		if (c == '\n')
			s->line++;
		else if (c != ' ' && c != '\t' && c != '\r')
			return;
	}
}

/* --- in pieces -------------------------------------------------------------------------- */

struct json_stream *json_stream_open(const struct json_reader *reader)
{
	struct json_stream *s = mem_calloc(1, sizeof(*s));

	s->reader = *reader;
	s->limit = reader->item_limit ? reader->item_limit : ITEM_LIMIT_DEFAULT;
	s->line = 1;
	return s;
}

void json_stream_free(struct json_stream *s)
{
	if (!s)
		return;
	buf_release(&s->begun);
	sym_pool_release(&s->members);
	free(s);
}

int json_stream_feed(struct json_stream *s, struct str piece, struct err *err)
{
	size_t at = 0;

	while (at < piece.len) {
		if (s->in_value) {
			if (scan_piece(s, piece, &at, 0, err))
				return -1;
			continue;
		}
		skip_blanks(s, piece, &at);
		if (at < piece.len && step(s, piece, &at, err))
			return -1;
	}
	s->position += piece.len;
	return 0;
}

int json_stream_end(struct json_stream *s, struct err *err)
{
	if (s->in_value)
		return fail_at(s->at_line, "the text ends within this value", err);
	if (s->expected == EXPECT_OBJECT)
		return fail_at(s->line, "empty: expected a JSON object", err);
	if (s->expected != EXPECT_NOTHING)
		return fail_at(s->line, "the text ends too early", err);
	return 0;
}

/* --- at once ---------------------------------------------------------------------------- */

static int read_all(struct json_stream *s, int fd, struct err *err)
{
	autofree char *bytes = mem_alloc(PIECE);

	for (;;) {
		ssize_t got = read(fd, bytes, PIECE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_FAILED, "cannot read");
		if (got == 0)
			return json_stream_end(s, err);
		if (json_stream_feed(s, (struct str){bytes, (size_t)got}, err))
			return -1;
	}
}

int json_read_stream(int fd, const struct json_reader *reader, struct err *err)
{
	struct json_stream *s = json_stream_open(reader);
	off_t origin = lseek(fd, 0, SEEK_CUR);
	int result;

	/* A pipe has no position: its offsets count from where reading began. */
	s->position = origin > 0 ? (uint64_t)origin : 0;
	result = read_all(s, fd, err);
	json_stream_free(s);
	return result;
}
