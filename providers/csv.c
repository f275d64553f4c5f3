#include "csv.h"

#include "fold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PIECE = 256 * 1024, PIECE_LEAST = 64, RAW_MOST = 64 * 1024 };

/* What stands in the text for bytes that are no characters: no UTF-8 has it. */
#define NO_CHARACTER '\xFF'

/* --- bytes -------------------------------------------------------------------------------- */

/* Up to `size` bytes; -1 with *err. */
static ssize_t read_bytes(struct csv *csv, char *out, size_t size, struct err *err)
{
	ssize_t got;

	size = size < csv->piece ? size : csv->piece;
	if (csv->fd < 0) {
		got = (ssize_t)(csv->memory.len < size ? csv->memory.len : size);
		if (got) {
			memcpy(out, csv->memory.ptr, (size_t)got);
			csv->memory.ptr += got;
			csv->memory.len -= (size_t)got;
		}
	} else {
		do
			got = read(csv->fd, out, size);
		while (got < 0 && errno == EINTR);
	}
	if (got < 0) {
		csv->line = 0;
		return err_errno(err, ERR_FAILED, "cannot be read");
	}
	csv->total += (uint64_t)got;
	csv->ended = got == 0;
	if (csv->total > CSV_FILE_MAX) {
		csv->line = 0;
		return err_set(err, ERR_FAILED, "is larger than 4 GiB");
	}
	return got;
}

/* As much of `raw` as has room becomes text. */
static void decode(struct csv *csv)
{
	char *from = csv->raw, *to = csv->text + csv->len;
	size_t left = csv->raw_len, room = csv->capacity - csv->len;

	while (left > 0 && room > 0) {
		if (iconv(csv->iconv, &from, &left, &to, &room) != (size_t)-1 || errno == E2BIG)
			break;
		/* A character that is cut off waits for the rest, if there is any; and what comes
		 * before this byte may have taken all the room. */
		if ((errno == EINVAL && !csv->ended) || room == 0)
			break;
		*to++ = NO_CHARACTER;
		room--;
		from++;
		left--;
	}
	memmove(csv->raw, from, left);
	csv->raw_len = left;
	csv->len = csv->capacity - room;
}

/* Until the text is full: a row is looked at from its beginning each time there is more of it. */
static int fill_decoded(struct csv *csv, struct err *err)
{
	do {
		ssize_t got = 0;

		/* Asked for no bytes, it would call that the end. */
		if (csv->raw_len < csv->raw_size)
			got = read_bytes(csv, csv->raw + csv->raw_len,
					 csv->raw_size - csv->raw_len, err);
		if (got < 0)
			return -1;
		csv->raw_len += (size_t)got;
		decode(csv);
	} while (!csv->ended && csv->len + 8 <= csv->capacity);
	/* What has no room yet is no end. */
	csv->ended = csv->ended && csv->raw_len == 0;
	return 0;
}

/* More text behind what there is; the row that begins at `at` moves to the front. */
static int fill(struct csv *csv, struct err *err)
{
	ssize_t got;

	if (csv->at > 0) {
		memmove(csv->text, csv->text + csv->at, csv->len - csv->at);
		csv->len -= csv->at;
		csv->at = 0;
	}
	if (csv->len + 8 > csv->capacity) {
		size_t capacity = csv->capacity * 2;
		char *grown;

		if (csv->capacity >= CSV_ROW_MAX) {
			csv->line = csv->next_line;
			return err_set(err, ERR_FAILED,
				       "the row that begins here is longer than 4 MiB; is a "
				       "quote missing at the end of a value?");
		}
		/* Not realloc(): it would leave a copy behind. */
		grown = mem_alloc(capacity);
		memcpy(grown, csv->text, csv->len);
		explicit_bzero(csv->text, csv->len);
		free(csv->text);
		csv->text = grown;
		csv->capacity = capacity;
	}
	if (csv->iconv == (iconv_t)-1) {
		got = read_bytes(csv, csv->text + csv->len, csv->capacity - csv->len, err);
		if (got < 0)
			return -1;
		csv->len += (size_t)got;
		return 0;
	}
	return fill_decoded(csv, err);
}

/* --- one row ------------------------------------------------------------------------------ */

enum scan { SCAN_DONE, SCAN_MORE, SCAN_BAD };
enum mark { MARK_PLAIN, MARK_QUOTED, MARK_DOUBLED };

struct scan_result {
	size_t end; /* where the next row begins */
	size_t count;
	const char *problem; /* SCAN_BAD, and `at` where it lies */
	size_t at;
};

/* Behind the opening quote at `start`; returns where it ends, or SIZE_MAX when more is needed. */
static size_t scan_quoted(const struct csv *csv, size_t start, enum mark *mark)
{
	size_t at = start;

	*mark = MARK_QUOTED;
	for (;;) {
		const char *quote = memchr(csv->text + at, '"', csv->len - at);

		if (!quote)
			return SIZE_MAX;
		at = (size_t)(quote - csv->text);
		if (at + 1 == csv->len && !csv->ended)
			return SIZE_MAX;
		if (at + 1 == csv->len || csv->text[at + 1] != '"')
			return at;
		*mark = MARK_DOUBLED;
		at += 2;
	}
}

static enum scan bad(struct scan_result *result, size_t at, const char *problem)
{
	result->at = at;
	result->problem = problem;
	return SCAN_BAD;
}

/* One field from *at on, and what follows it: a delimiter, or a line end, or nothing. */
static enum scan scan_field(struct csv *csv, char delimiter, size_t *at,
			    struct scan_result *result)
{
	enum mark mark = MARK_PLAIN;
	size_t start = *at, end;

	if (start < csv->len && csv->text[start] == '"') {
		end = scan_quoted(csv, ++start, &mark);
		if (end == SIZE_MAX && !csv->ended)
			return SCAN_MORE;
		if (end == SIZE_MAX)
			return bad(result, start - 1, "the quote that begins here has no end");
		*at = end + 1;
	} else {
		for (end = start; end < csv->len; end++) {
			char c = csv->text[end];

			if (c == delimiter || c == '\n' || c == '\r')
				break;
			if (c == '"')
				return bad(result, end,
					   "a value with a quote in it must stand in quotes, "
					   "and have it twice");
		}
		*at = end;
	}
	if (result->count == CSV_COLUMNS_MAX)
		return bad(result, start, "there are more than 4096 values here");
	csv->fields[result->count] = (struct str){csv->text + start, end - start};
	csv->marks[result->count++] = (unsigned char)mark;
	if (*at == csv->len && !csv->ended)
		return SCAN_MORE;
	if (*at < csv->len && csv->text[*at] != delimiter && csv->text[*at] != '\n' &&
	    csv->text[*at] != '\r')
		return bad(result, *at,
			   "behind a closing quote comes a delimiter or the end of "
			   "the line");
	return SCAN_DONE;
}

/* The row at csv->at. Changes nothing but fields and marks, so that another delimiter can be tried. */
static enum scan scan_row(struct csv *csv, char delimiter, struct scan_result *result)
{
	size_t at = csv->at;

	*result = (struct scan_result){.count = 0};
	for (;;) {
		enum scan scan = scan_field(csv, delimiter, &at, result);

		if (scan != SCAN_DONE)
			return scan;
		if (at == csv->len)
			break;
		if (csv->text[at++] == delimiter)
			continue;
		if (csv->text[at - 1] == '\r') {
			if (at == csv->len && !csv->ended)
				return SCAN_MORE;
			at += at < csv->len && csv->text[at] == '\n';
		}
		break;
	}
	result->end = at;
	return SCAN_DONE;
}

static uint32_t count_lines(const char *text, size_t len)
{
	uint32_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n' ||
			 (text[i] == '\r' && (i + 1 == len || text[i + 1] != '\n'));
	return lines;
}

/* Doubled quotes become one. */
static void undouble(struct str *field)
{
	char *text = (char *)field->ptr;
	size_t len = 0;

	for (size_t i = 0; i < field->len; i++) {
		text[len++] = text[i];
		i += text[i] == '"';
	}
	field->len = len;
}

static enum csv_status take_row(struct csv *csv, const struct scan_result *scan,
				struct csv_row *row, struct err *err)
{
	struct str all = {csv->text + csv->at, scan->end - csv->at};
	bool good = str_is_utf8(all), nul = !good && memchr(all.ptr, '\0', all.len);

	*row = (struct csv_row){csv->fields, scan->count, csv->next_line};
	csv->line = csv->next_line;
	/* Line ends within values are the exception. */
	csv->next_line++;
	for (size_t i = 0; i < scan->count; i++) {
		if (csv->marks[i] != MARK_PLAIN)
			csv->next_line += count_lines(csv->fields[i].ptr, csv->fields[i].len);
		if (csv->marks[i] == MARK_DOUBLED)
			undouble(&csv->fields[i]);
	}
	csv->at = scan->end;
	if (good)
		return CSV_ROW;
	if (nul)
		err_set(err, ERR_FAILED,
			"there is a NUL byte here; a file in UTF-16 needs 'encoding: utf-16'");
	else if (csv->iconv != (iconv_t)-1)
		err_set(err, ERR_FAILED, "a byte here is no character in this encoding");
	else
		err_set(err, ERR_FAILED,
			"this is not UTF-8; 'encoding' says what it is, such as windows-1252");
	return CSV_BROKEN;
}

static bool is_blank(const struct csv_row *row)
{
	size_t i = 0;

	while (i < row->count && str_trim(row->fields[i]).len == 0)
		i++;
	return i == row->count;
}

enum csv_status csv_next(struct csv *csv, struct csv_row *row, struct err *err)
{
	struct scan_result result;

	for (;;) {
		enum csv_status status;
		enum scan scan;

		if (csv->at == csv->len && csv->ended)
			return CSV_END;
		scan = scan_row(csv, csv->delimiter, &result);
		if (scan == SCAN_MORE) {
			if (fill(csv, err) < 0)
				return CSV_FAILED;
			continue;
		}
		if (scan == SCAN_BAD) {
			csv->line = csv->next_line +
				    count_lines(csv->text + csv->at, result.at - csv->at);
			err_set(err, ERR_FAILED, "%s", result.problem);
			return CSV_FAILED;
		}
		status = take_row(csv, &result, row, err);
		if (status == CSV_BROKEN || !is_blank(row))
			return status;
	}
}

/* --- the header --------------------------------------------------------------------------- */

/* How well a delimiter suits the header: wanted columns first, then any. -1: not at all. */
static int64_t score(struct csv *csv, char delimiter, const struct csv_options *options)
{
	struct scan_result result;
	int64_t found = 0;

	if (scan_row(csv, delimiter, &result) != SCAN_DONE)
		return -1;
	for (size_t i = 0; i < options->wanted_count; i++) {
		for (size_t j = 0; j < result.count; j++) {
			if (fold_same(str_trim(csv->fields[j]), options->wanted[i])) {
				found++;
				break;
			}
		}
	}
	return found * (CSV_COLUMNS_MAX + 1) + (int64_t)result.count;
}

/* As soon as the first line is there: a quote in it may hold others. */
static int first_line(struct csv *csv, char delimiter, struct err *err)
{
	struct scan_result result;

	while (scan_row(csv, delimiter, &result) == SCAN_MORE) {
		if (fill(csv, err) < 0)
			return -1;
	}
	return 0;
}

static int find_delimiter(struct csv *csv, const struct csv_options *options, struct err *err)
{
	static const char candidates[] = {';', ',', '\t', '|'};
	int64_t best = -1;

	csv->delimiter = options->delimiter ? options->delimiter : ';';
	for (size_t i = 0; i < sizeof(candidates) && !options->delimiter; i++) {
		int64_t suits;

		if (first_line(csv, candidates[i], err) < 0)
			return -1;
		suits = score(csv, candidates[i], options);
		if (suits > best) {
			best = suits;
			csv->delimiter = candidates[i];
		}
	}
	return 0;
}

/* Spreadsheets write "sep=;" into a line of its own, and mean it. */
static int skip_separator_line(struct csv *csv, struct csv_options *options, struct err *err)
{
	const char *text;

	while (csv->len - csv->at < 7 && !csv->ended) {
		if (fill(csv, err) < 0)
			return -1;
	}
	text = csv->text + csv->at;
	if (csv->len - csv->at < 6 || strncasecmp(text, "sep=", 4) != 0 ||
	    (text[5] != '\r' && text[5] != '\n') || !config_csv_delimiter(text[4]))
		return 0;
	if (!options->delimiter)
		options->delimiter = text[4];
	csv->at += 6;
	if (text[5] == '\r' && csv->at < csv->len && text[6] == '\n')
		csv->at++;
	csv->next_line++;
	return 0;
}

/* Lines with nothing in them before the header, by any delimiter. */
static int skip_empty_lines(struct csv *csv, struct err *err)
{
	size_t end = csv->at;

	for (;;) {
		if (end == csv->len) {
			size_t seen = end - csv->at;

			if (csv->ended)
				return 0;
			if (fill(csv, err) < 0)
				return -1;
			end = csv->at + seen;
			continue;
		}
		if (!memchr(";,|\t \r\n", csv->text[end], 7))
			return 0;
		if (csv->text[end++] != '\n')
			continue;
		csv->next_line += count_lines(csv->text + csv->at, end - csv->at);
		csv->at = end;
	}
}

static int read_header(struct csv *csv, const struct csv_options *options, struct err *err)
{
	struct csv_options found = *options;
	struct csv_row row;
	struct str *names;
	enum csv_status status;

	if (skip_separator_line(csv, &found, err) < 0)
		return -1;
	csv->line = 0;
	if (csv->total == 0)
		return err_set(err, ERR_FAILED, "is empty");
	if (skip_empty_lines(csv, err) < 0 || find_delimiter(csv, &found, err) < 0)
		return -1;
	status = csv_next(csv, &row, err);
	if (status == CSV_END) {
		csv->line = 0;
		return err_set(err, ERR_FAILED, "has nothing but empty lines");
	}
	if (status != CSV_ROW)
		return -1;
	names = arena_array(&csv->arena, struct str, row.count);
	for (size_t i = 0; i < row.count; i++)
		names[i] = arena_str(&csv->arena, str_trim(row.fields[i]));
	csv->header = (struct csv_row){names, row.count, row.line};
	return 0;
}

/* --- opening and closing -------------------------------------------------------------------- */

static int set_encoding(struct csv *csv, const char *name, struct err *err)
{
	csv->iconv = iconv_open("UTF-8", name);
	if (csv->iconv != (iconv_t)-1)
		return 0;
	return err_errno(err, ERR_FAILED, "the encoding %s is not known on this machine", name);
}

/* The first bytes are in `raw`: they may say what the file is, whatever the configuration says. */
static int begin_text(struct csv *csv, enum csv_encoding encoding, struct err *err)
{
	static const char *const names[] = {
		[CSV_UTF_8] = NULL,
		[CSV_UTF_16] = "UTF-16LE",
		[CSV_WINDOWS_1250] = "WINDOWS-1250",
		[CSV_WINDOWS_1252] = "WINDOWS-1252",
		[CSV_WINDOWS_1254] = "WINDOWS-1254",
		[CSV_ISO_8859_15] = "ISO-8859-15",
	};
	const struct str start = {csv->raw, csv->raw_len};
	const char *name = names[encoding];
	size_t mark = 0;

	if (str_starts(start, "\xEF\xBB\xBF")) {
		mark = 3;
		name = NULL;
	} else if (str_starts(start, "\xFF\xFE")) {
		mark = 2;
		name = "UTF-16LE";
	} else if (str_starts(start, "\xFE\xFF")) {
		mark = 2;
		name = "UTF-16BE";
	}
	csv->raw_len -= mark;
	memmove(csv->raw, csv->raw + mark, csv->raw_len);
	if (name && set_encoding(csv, name, err) < 0)
		return -1;
	if (name) {
		decode(csv);
		return 0;
	}
	memcpy(csv->text, csv->raw, csv->raw_len);
	csv->len = csv->raw_len;
	csv->raw_len = 0;
	return 0;
}

static int begin(struct csv *csv, const struct csv_options *options, struct err *err)
{
	csv->piece = options->piece ? options->piece : PIECE;
	csv->capacity = csv->piece > PIECE_LEAST ? csv->piece : PIECE_LEAST;
	csv->text = mem_alloc(csv->capacity);
	csv->raw_size = csv->capacity < RAW_MOST ? csv->capacity : RAW_MOST;
	csv->raw = mem_alloc(csv->raw_size);
	csv->fields = mem_calloc(CSV_COLUMNS_MAX, sizeof(*csv->fields));
	csv->marks = mem_calloc(CSV_COLUMNS_MAX, sizeof(*csv->marks));
	csv->next_line = 1;
	/* A short read must not hide a mark. */
	while (csv->raw_len < 4 && !csv->ended) {
		ssize_t got = read_bytes(csv, csv->raw + csv->raw_len,
					 csv->raw_size - csv->raw_len, err);

		if (got < 0)
			return -1;
		csv->raw_len += (size_t)got;
	}
	csv->ended = false;
	if (begin_text(csv, options->encoding, err) < 0)
		return -1;
	return read_header(csv, options, err);
}

int csv_open_text(struct csv *csv, struct str text, const struct csv_options *options,
		  struct err *err)
{
	*csv = (struct csv){.fd = -1, .memory = text, .iconv = (iconv_t)-1};
	return begin(csv, options, err);
}

int csv_open(struct csv *csv, struct str path, const struct csv_options *options,
	     struct err *err)
{
	*csv = (struct csv){.fd = -1, .path = path, .iconv = (iconv_t)-1};
	/* O_NONBLOCK: a named pipe is refused below instead of waited for. */
	csv->fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (csv->fd < 0)
		return err_errno(err, ERR_FAILED, "cannot be opened");
	if (fstat(csv->fd, &csv->opened) < 0)
		return err_errno(err, ERR_FAILED, "cannot be read");
	if (!S_ISREG(csv->opened.st_mode))
		return err_set(err, ERR_FAILED, "is not a regular file");
	return begin(csv, options, err);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int csv_unchanged(const struct csv *csv, struct err *err)
{
	struct stat now;

	if (csv->fd < 0)
		return 0;
	/* By its path: replacing a file is changing it too. */
	if (stat(csv->path.ptr, &now) < 0 || !same_file(&csv->opened, &now) ||
	    csv->total != (uint64_t)csv->opened.st_size)
		return err_set(err, ERR_FAILED,
			       "changed while it was read; try again when it is complete");
	return 0;
}

void csv_close(struct csv *csv)
{
	if (csv->text)
		explicit_bzero(csv->text, csv->capacity);
	if (csv->raw)
		explicit_bzero(csv->raw, csv->raw_size);
	free(csv->text);
	free(csv->raw);
	free(csv->fields);
	free(csv->marks);
	if (csv->iconv != (iconv_t)-1)
		iconv_close(csv->iconv);
	if (csv->fd >= 0)
		close(csv->fd);
	arena_release(&csv->arena);
	*csv = (struct csv){.fd = -1, .iconv = (iconv_t)-1};
}
