#include "csv_parts.h"

#include "fold.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

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
			if (csv_fill(csv, err) < 0)
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
		if (csv_fill(csv, err) < 0)
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
		if (csv_fill(csv, err) < 0)
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
			if (csv_fill(csv, err) < 0)
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

/* --- opening ------------------------------------------------------------------------------ */

static int begin(struct csv *csv, const struct csv_options *options, struct err *err)
{
	return csv_begin(csv, options, err) < 0 ? -1 : read_header(csv, options, err);
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
