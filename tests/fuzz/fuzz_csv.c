/*
 * Tables over arbitrary bytes. The first byte says how to read: every row that comes out is text, reading in small
 * pieces makes no difference, and what was read reads the same when it is written out again.
 */
#include "base/os.h"
#include "csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void add_row(struct buf *out, const struct csv_row *row)
{
	buf_addf(out, "%u %zu\n", row->line, row->count);
	for (size_t i = 0; i < row->count; i++) {
		must(str_is_utf8(row->fields[i]));
		buf_addf(out, "%zu:", row->fields[i].len);
		buf_add(out, row->fields[i]);
	}
	buf_char(out, '\n');
}

/* Each value in quotes. */
static void write_row(struct buf *out, const struct csv_row *row, char delimiter)
{
	for (size_t i = 0; i < row->count; i++) {
		if (i)
			buf_char(out, delimiter);
		buf_char(out, '"');
		for (size_t j = 0; j < row->fields[i].len; j++) {
			if (row->fields[i].ptr[j] == '"')
				buf_char(out, '"');
			buf_char(out, row->fields[i].ptr[j]);
		}
		buf_char(out, '"');
	}
	buf_char(out, '\n');
}

struct result {
	struct buf all;   /* everything that came out */
	struct buf rows;  /* the rows alone, without their lines */
	struct buf again; /* written out */
	char delimiter;
	bool whole; /* to its end */
};

static void read_text(struct str text, const struct csv_options *options, struct result *result)
{
	struct err err = ERR_INIT;
	struct csv_row row;
	enum csv_status status;
	struct csv csv;
	uint32_t line = 0;

	*result = (struct result){.whole = false};
	if (csv_open_text(&csv, text, options, &err) < 0) {
		buf_addf(&result->all, "%u %s", csv.line, err.text);
		csv_close(&csv);
		return;
	}
	result->delimiter = csv.delimiter;
	must(config_csv_delimiter(csv.delimiter) && csv.header.count > 0);
	add_row(&result->all, &csv.header);
	write_row(&result->again, &csv.header, csv.delimiter);
	while ((status = csv_next(&csv, &row, &err)) == CSV_ROW || status == CSV_BROKEN) {
		must(csv.line > line);
		line = csv.line;
		if (status == CSV_BROKEN) {
			must(err.text[0] != '\0');
			buf_addf(&result->all, "%u %s\n", csv.line, err.text);
			continue;
		}
		must(row.count > 0 && row.count <= CSV_COLUMNS_MAX && row.line == csv.line);
		add_row(&result->all, &row);
		row.line = 0;
		add_row(&result->rows, &row);
		write_row(&result->again, &row, csv.delimiter);
	}
	if (status == CSV_FAILED)
		buf_addf(&result->all, "%u %s", csv.line, err.text);
	result->whole = status == CSV_END;
	csv_close(&csv);
}

static void result_release(struct result *result)
{
	buf_release(&result->all);
	buf_release(&result->rows);
	buf_release(&result->again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = {0, ';', ',', '\t'};
	static const struct str wanted[] = {{"mail", 4}, {"name", 4}};
	const uint8_t how = size ? data[0] : 0;
	struct csv_options options = {.delimiter = delimiters[how & 3],
				      .encoding = (enum csv_encoding)((how >> 2 & 7) % 6),
				      .wanted = wanted,
				      .wanted_count = 2,
				      .piece = size + 1};
	struct str text = size ? (struct str){(const char *)data + 1, size - 1} : STR_NONE;
	struct result at_once, in_pieces, again;

	read_text(text, &options, &at_once);
	options.piece = (size_t)(how >> 5) + 1;
	read_text(text, &options, &in_pieces);
	must(str_eq(buf_str(&at_once.all), buf_str(&in_pieces.all)));
	if (at_once.again.len > 0) {
		options = (struct csv_options){.delimiter = at_once.delimiter,
					       .encoding = CSV_UTF_8};
		read_text(buf_str(&at_once.again), &options, &again);
		must(again.whole && str_eq(buf_str(&again.rows), buf_str(&at_once.rows)));
		result_release(&again);
	}
	result_release(&at_once);
	result_release(&in_pieces);
	return 0;
}
