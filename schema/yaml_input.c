#include "yaml_input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void yaml_input_text(struct yaml_input *input, struct str file, struct str text)
{
	*input = (struct yaml_input){.file = file, .text = text, .fd = -1, .limit = UINT64_MAX};
}

int yaml_input_open(struct yaml_input *input, struct str file, uint64_t limit,
		    struct diags *diags)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct stat status;

	*input = (struct yaml_input){.file = file, .fd = -1, .limit = limit};
	/* Not blocking: a FIFO in place of the file must not hang the program. */
	input->fd = open(arena_str(&arena, file).ptr,
			 O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (input->fd < 0 || fstat(input->fd, &status) < 0) {
		diag_error(diags, file, 0, 0, "cannot be read: %s", strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		diag_error(diags, file, 0, 0, "is not a regular file");
	} else if ((uint64_t)status.st_size > limit) {
		input->too_large = true;
		yaml_input_findings(input, diags);
	} else {
		return 0;
	}
	yaml_input_close(input);
	return -1;
}

void yaml_input_close(struct yaml_input *input)
{
	if (input->fd >= 0)
		close(input->fd);
	input->fd = -1;
}

/* Up to `size` bytes at `offset`; fewer only at the end; -1 with errno. */
static ssize_t input_bytes(const struct yaml_input *input, uint64_t offset, unsigned char *out,
			   size_t size)
{
	size_t done = 0;

	if (input->fd < 0) {
		if (offset >= input->text.len)
			return 0;
		if (size > input->text.len - offset)
			size = (size_t)(input->text.len - offset);
		memcpy(out, input->text.ptr + offset, size);
		return (ssize_t)size;
	}
	while (done < size) {
		ssize_t got = pread(input->fd, out + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* --- characters that hide something ------------------------------------------------------- */

/* U+0085, U+2028 and U+2029 (line ends nobody sees), U+202A-E and U+2066-9 (bidirectional
 * controls), from their first three bytes. */
static unsigned hidden_character(const unsigned char *bytes)
{
	if (bytes[0] == 0xC2 && bytes[1] == 0x85)
		return 0x85;
	if (bytes[0] == 0xE2 && bytes[1] == 0x80 && bytes[2] >= 0xA8 && bytes[2] <= 0xAE)
		return 0x2000U | (bytes[2] & 0x3F);
	if (bytes[0] == 0xE2 && bytes[1] == 0x81 && bytes[2] >= 0xA6 && bytes[2] <= 0xA9)
		return 0x2040U | (bytes[2] & 0x3F);
	return 0;
}

static void note_hidden(struct yaml_input *input, uint64_t offset)
{
	if (input->hidden_count == YAML_HIDDEN_MAX ||
	    (input->hidden_count > 0 && input->hidden[input->hidden_count - 1] == offset))
		return;
	input->hidden[input->hidden_count++] = offset;
}

static void find_hidden(struct yaml_input *input, const unsigned char *piece, size_t size)
{
	static const unsigned char first[] = {0xC2, 0xE2};
	const unsigned char *end = piece + size;
	unsigned char around[4] = {input->edge[0], input->edge[1], 0, 0};

	/* A character may lie across the edge of two pieces. */
	for (size_t i = 0; i < 2 && i < size; i++)
		around[2 + i] = piece[i];
	for (size_t i = 0; i < 2; i++) {
		if (hidden_character(around + i))
			note_hidden(input, input->offset + i - 2);
	}
	for (size_t i = 0; i < sizeof(first); i++) {
		for (const unsigned char *at = piece;
		     end - at >= 3 && (at = memchr(at, first[i], (size_t)(end - at) - 2));
		     at++) {
			if (hidden_character(at))
				note_hidden(input, input->offset + (uint64_t)(at - piece));
		}
	}
	for (size_t i = size < 2 ? size : 2; i > 0; i--) {
		input->edge[0] = input->edge[1];
		input->edge[1] = end[-(ptrdiff_t)i];
	}
}

int yaml_input_read(void *data, unsigned char *out, size_t size, size_t *read)
{
	struct yaml_input *input = data;
	ssize_t got = input_bytes(input, input->offset, out, size);

	*read = 0;
	if (got < 0) {
		input->failed = errno;
		return 0;
	}
	find_hidden(input, out, (size_t)got);
	/* The byte order mark is cut off here: libyaml would count it as a column. */
	if (input->offset == 0 && got >= 3 && memcmp(out, "\xEF\xBB\xBF", 3) == 0) {
		input->skipped = 3;
		memmove(out, out + 3, (size_t)got - 3);
	}
	*read = (size_t)got - (input->offset == 0 ? (size_t)input->skipped : 0);
	input->offset += (uint64_t)got;
	if (input->offset > input->limit) {
		input->too_large = true;
		return 0;
	}
	return 1;
}

/* --- positions ---------------------------------------------------------------------------- */

struct place {
	unsigned line, column; /* 1-based */
};

/* Reads again from the start: only for findings. */
static struct place locate(const struct yaml_input *input, uint64_t offset)
{
	struct place place = {1, 1};
	unsigned char piece[16384];
	uint64_t at = input->skipped;
	bool after_cr = false;

	while (at < offset) {
		size_t size = offset - at < sizeof(piece) ? (size_t)(offset - at)
							  : sizeof(piece);
		ssize_t got = input_bytes(input, at, piece, size);

		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++) {
			if (piece[i] == '\r' || (piece[i] == '\n' && !after_cr))
				place = (struct place){place.line + 1, 1};
			else if (piece[i] != '\n' && (piece[i] & 0xC0) != 0x80)
				place.column++;
			after_cr = piece[i] == '\r';
		}
		at += (uint64_t)got;
	}
	return place;
}

void yaml_input_findings(struct yaml_input *input, struct diags *diags)
{
	if (input->too_large)
		diag_error(diags, input->file, 0, 0,
			   "is larger than %llu MiB; split it into several files",
			   (unsigned long long)input->limit >> 20);
	for (size_t i = 0; i < input->hidden_count; i++) {
		unsigned char bytes[3] = {0};
		struct place place = locate(input, input->hidden[i]);
		unsigned character;

		input_bytes(input, input->hidden[i], bytes, sizeof(bytes));
		character = hidden_character(bytes);
		diag_error(
			diags, input->file, place.line, place.column,
			"the invisible character U+%04X makes the text read differently from "
			"what it says; remove it, or write it in double quotes as \\u%04X",
			character, character);
	}
}

/* --- libyaml's complaints ----------------------------------------------------------------- */

/* libyaml 0.2.5: the problems of scanner.c and parser.c that people meet. */
static const struct {
	const char *problem;
	const char *context; /* how the context begins; NULL: any */
	bool at_context;     /* the finding stands where the context began */
	const char *message;
} complaints[] = {
	{"did not find expected alphabetic or numeric character", "while scanning an alias",
	 true, "text that begins with '*' needs quotes"},
	{"did not find expected alphabetic or numeric character", "while scanning an anchor",
	 true, "text that begins with '&' needs quotes"},
	{"could not find expected ':'", NULL, true,
	 "a ':' is missing behind this key (or the key is longer than 1024 characters)"},
	{"mapping values are not allowed in this context", NULL, false,
	 "a ':' cannot stand here: text that has ': ' in it needs quotes, and a key must be "
	 "indented like the keys beside it"},
	{"found unexpected ':'", NULL, false,
	 "a ':' cannot stand here: within [ ] and { } a blank follows the ':' of a key, and text "
	 "with a ':' at its end needs quotes"},
	{"block sequence entries are not allowed in this context", NULL, false,
	 "a '- ' cannot stand here: list items go on lines of their own, indented alike"},
	{"did not find expected key", NULL, false,
	 "a key is expected here: is this line indented like the keys above it?"},
	{"did not find expected '-' indicator", NULL, false,
	 "a list item ('- ') is expected here: is this line indented like the items above it?"},
	{"did not find expected ',' or ']'", NULL, true,
	 "this list is not closed properly: a ',' or ']' is missing in it"},
	{"did not find expected ',' or '}'", NULL, true,
	 "this map is not closed properly: a ',' or '}' is missing in it"},
	{"did not find expected node content", NULL, false,
	 "a value is expected here, in front of the ',', ']' or '}'"},
	{"found unexpected end of stream", "while scanning a quoted scalar", true,
	 "the quoted text that begins here is not closed"},
	{"found unexpected document indicator", "while scanning a quoted scalar", true,
	 "the quoted text that begins here is not closed"},
	{"found unknown escape character", NULL, false,
	 "this backslash means nothing in double quotes; use single quotes for text with "
	 "backslashes"},
	{"found a tab character that violates indentation", NULL, false,
	 "a tab cannot indent here; use blanks"},
	{"found a tab character where an indentation space is expected", NULL, false,
	 "a tab cannot indent here; use blanks"},
	{"did not find expected <document start>", NULL, false,
	 "nothing may follow the document; is this line indented like the keys above it?"},
	{"found unknown directive name", NULL, true, "directives ('%') are not used here"},
	{"found undefined tag handle", NULL, false,
	 "tags ('!') are not used here; text that begins with '!' needs quotes"},
	{"found incompatible YAML document", NULL, false, "directives ('%') are not used here"},
	{"found duplicate %YAML directive", NULL, false, "directives ('%') are not used here"},
	{"found duplicate %TAG directive", NULL, false, "directives ('%') are not used here"},
};

static bool begins(const char *text, const char *with)
{
	return text && strncmp(text, with, strlen(with)) == 0;
}

static void reader_error(struct yaml_input *input, const yaml_parser_t *parser,
			 struct diags *diags)
{
	struct place place;
	unsigned char start[2] = {0}, byte = 0;

	if (input->too_large)
		return; /* yaml_input_findings() says so */
	if (input->failed) {
		diag_error(diags, input->file, 0, 0, "cannot be read: %s",
			   strerror(input->failed));
		return;
	}
	input_bytes(input, 0, start, 2);
	if ((start[0] == 0xFF && start[1] == 0xFE) || (start[0] == 0xFE && start[1] == 0xFF)) {
		diag_error(diags, input->file, 1, 1, "this is UTF-16; save it as UTF-8");
		return;
	}
	place = locate(input, parser->problem_offset + input->skipped);
	if (begins(parser->problem, "control characters"))
		diag_error(diags, input->file, place.line, place.column,
			   "the control character U+%04X cannot stand in YAML",
			   (unsigned)parser->problem_value);
	else if (input_bytes(input, parser->problem_offset + input->skipped, &byte, 1) == 1)
		diag_error(diags, input->file, place.line, place.column,
			   "this is not UTF-8 (byte 0x%02X)", byte);
	else
		diag_error(diags, input->file, place.line, place.column, "this is not UTF-8");
}

/* "found character that cannot start any token": which one tells what to do. */
static void start_error(struct yaml_input *input, const yaml_parser_t *parser,
			struct diags *diags)
{
	unsigned line = (unsigned)parser->problem_mark.line + 1;
	unsigned column = (unsigned)parser->problem_mark.column + 1;
	unsigned char c = *parser->buffer.pointer;

	if (c == '\t')
		diag_error(diags, input->file, line, column,
			   "a tab cannot indent here; use blanks");
	else if (c > ' ' && c < 0x7F)
		diag_error(diags, input->file, line, column,
			   "text that begins with '%c' needs quotes", c);
	else
		diag_error(diags, input->file, line, column,
			   "this character cannot begin a text");
}

void yaml_input_error(struct yaml_input *input, const yaml_parser_t *parser,
		      struct diags *diags)
{
	yaml_mark_t mark = parser->problem_mark;
	const char *message = NULL;

	if (parser->error == YAML_MEMORY_ERROR)
		err_out_of_memory();
	if (parser->error == YAML_READER_ERROR) {
		reader_error(input, parser, diags);
		return;
	}
	if (begins(parser->problem, "found character that cannot start any token")) {
		start_error(input, parser, diags);
		return;
	}
	for (size_t i = 0; i < sizeof(complaints) / sizeof(*complaints) && !message; i++) {
		if (!begins(parser->problem, complaints[i].problem) ||
		    (complaints[i].context && !begins(parser->context, complaints[i].context)))
			continue;
		message = complaints[i].message;
		if (complaints[i].at_context && parser->context)
			mark = parser->context_mark;
	}
	if (message)
		diag_error(diags, input->file, (unsigned)mark.line + 1,
			   (unsigned)mark.column + 1, "%s", message);
	else
		diag_error(diags, input->file, (unsigned)mark.line + 1,
			   (unsigned)mark.column + 1, "this is not YAML: %s",
			   parser->problem ? parser->problem : "the parser gave up");
}
