#include "csv.h"

#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Bytes with NULs in them need their length. */
#define BYTES(literal)                          \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static const struct str wanted[] = {{"address", 7}, {"name", 4}};

static void add_row(struct buf *out, const struct csv_row *row)
{
	buf_addf(out, "%u:", row->line);
	for (size_t i = 0; i < row->count; i++)
		buf_addf(out, "[%.*s]", STR_FMT(row->fields[i]));
	buf_char(out, '\n');
}

/* "LINE:[FIELD][FIELD]" for each row, the header first; what is wrong as "LINE! MESSAGE". */
static void read_all(struct csv *csv, int opened, struct err *err, struct buf *out)
{
	enum csv_status status = CSV_FAILED;
	struct csv_row row;

	buf_puts(out, "");
	if (opened == 0) {
		add_row(out, &csv->header);
		while ((status = csv_next(csv, &row, err)) == CSV_ROW || status == CSV_BROKEN) {
			if (status == CSV_ROW)
				add_row(out, &row);
			else
				buf_addf(out, "%u! %s\n", csv->line, err->text);
		}
	}
	if (status == CSV_FAILED)
		buf_addf(out, "%u!! %s\n", csv->line, err->text);
	else if (csv_unchanged(csv, err) < 0)
		buf_addf(out, "!! %s\n", err->text);
	csv_close(csv);
}

static void read_text(struct str text, char delimiter, enum csv_encoding encoding,
		      struct buf *out)
{
	const struct csv_options options = {delimiter, encoding, wanted, 2};
	struct err err = ERR_INIT;
	struct csv csv;
	int opened = csv_open_text(&csv, text, &options, &err);

	buf_clear(out);
	read_all(&csv, opened, &err, out);
}

static void rows(void **state)
{
	static const struct {
		struct str text;
		const char *expected;
		char delimiter;
		enum csv_encoding encoding;
	} cases[] = {
		{BYTES("address,name\na,b\n"), "1:[address][name]\n2:[a][b]\n"},
		{BYTES("address;name\r\na;b\r\n"), "1:[address][name]\n2:[a][b]\n"},
		{BYTES("address\tname\ra\tb\rc\td"), "1:[address][name]\n2:[a][b]\n3:[c][d]\n"},
		{BYTES("address|name\na|b"), "1:[address][name]\n2:[a][b]\n"},
		{BYTES("address:name\na:b"), "1:[address][name]\n2:[a][b]\n", .delimiter = ':'},
		/* Quotes, with delimiters, line ends and quotes in them. */
		{BYTES("\"address\",\"name\"\r\n\"a,b\",\"c\r\nd\"\r\ne,\"f\"\"g\"\"\"\r\n"),
		 "1:[address][name]\n2:[a,b][c\r\nd]\n4:[e][f\"g\"]\n"},
		{BYTES("address,name\n\"\n\n\",\"x\ry\"\nz,\"\""),
		 "1:[address][name]\n2:[\n\n][x\ry]\n6:[z][]\n"},
		{BYTES("address,name\n\"\"\"\",\"\"\"\"\"\"\n"),
		 "1:[address][name]\n2:[\"][\"\"]\n"},
		{BYTES("\"address\nhere\",name\na,b\n"), "1:[address\nhere][name]\n3:[a][b]\n"},
		/* Blanks belong to a value, but for names of columns. */
		{BYTES(" address , name\n a , b \n"), "1:[address][name]\n2:[ a ][ b ]\n"},
		/* Rows without anything in them. */
		{BYTES("\n\naddress,name\n\n,\n , \na,\n,b\n\n"),
		 "3:[address][name]\n7:[a][]\n8:[][b]\n"},
		{BYTES("address\na\n\nb"), "1:[address]\n2:[a]\n4:[b]\n"},
		/* The header is as wide as it is; who reads it decides. */
		{BYTES("address,name\na\nb,c,d\n"), "1:[address][name]\n2:[a]\n3:[b][c][d]\n"},
		/* Which delimiter makes more sense of the header. */
		{BYTES("name, first;address;x\na;b;c\n"),
		 "1:[name, first][address][x]\n2:[a][b][c]\n"},
		{BYTES("\"name;x\",address\na,b\n"), "1:[name;x][address]\n2:[a][b]\n"},
		{BYTES("Name,ADDRESS;a;b;c;d;e\n1,2\n"),
		 "1:[Name][ADDRESS;a;b;c;d;e]\n2:[1][2]\n"},
		{BYTES("x,y;z;w\n1;2;3\n"), "1:[x,y][z][w]\n2:[1][2][3]\n"},
		/* What spreadsheets put in front. */
		{BYTES("sep=;\r\naddress;name\r\na;b\r\n"), "2:[address][name]\n3:[a][b]\n"},
		{BYTES("SEP=|\naddress|name\na|b"), "2:[address][name]\n3:[a][b]\n"},
		{BYTES("sep=\"\naddress,name\n"),
		 "1!! a value with a quote in it must stand in "
		 "quotes, and have it twice\n"},
		{BYTES("sep=;;\naddress;name\n"), "1:[sep=][][]\n2:[address][name]\n"},
		/* Encodings. */
		{BYTES("\xEF\xBB\xBF"
		       "address,name\na,\xC3\xA9\n"),
		 "1:[address][name]\n2:[a][é]\n"},
		{BYTES("\xEF\xBB\xBF"
		       "address,name\na,\xC3\xA9\n"),
		 "1:[address][name]\n2:[a][é]\n", .encoding = CSV_WINDOWS_1252},
		{BYTES("\xFF\xFE"
		       "a\0d\0d\0r\0e\0s\0s\0\n\0\xE9\0\n\0"),
		 "1:[address]\n2:[é]\n"},
		{BYTES("\xFE\xFF"
		       "\0a\0d\0d\0r\0e\0s\0s\0\n\0\xE9\0\n"),
		 "1:[address]\n2:[é]\n"},
		{BYTES("a\0d\0d\0r\0e\0s\0s\0\n\0\x3D\xD8\x00\xDE\n\0"), "1:[address]\n2:[😀]\n",
		 .encoding = CSV_UTF_16},
		{BYTES("address\n\xE9\x80\n"), "1:[address]\n2:[é€]\n",
		 .encoding = CSV_WINDOWS_1252},
		{BYTES("address\n\xE9\xA4\n"), "1:[address]\n2:[é€]\n",
		 .encoding = CSV_ISO_8859_15},
		{BYTES("address\n\xFE\n"), "1:[address]\n2:[ş]\n",
		 .encoding = CSV_WINDOWS_1254},
		{BYTES("address\n\xB3\n"), "1:[address]\n2:[ł]\n",
		 .encoding = CSV_WINDOWS_1250},
	};
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_text(cases[i].text, cases[i].delimiter, cases[i].encoding, &text);
		if (strcmp(text.ptr, cases[i].expected) != 0)
			fail_msg("%.*s\n--- is read as\n%s--- not\n%s", STR_FMT(cases[i].text),
				 text.ptr, cases[i].expected);
	}
	buf_release(&text);
}

static void refused(void **state)
{
	static const struct {
		struct str text;
		const char *expected;
		enum csv_encoding encoding;
	} cases[] = {
		{BYTES(""), "0!! is empty\n"},
		{BYTES("\xEF\xBB\xBF"), "0!! has nothing but empty lines\n"},
		{BYTES("\n \n;;\n"), "0!! has nothing but empty lines\n"},
		{BYTES("address,name\na,\"b\n\nc\n"),
		 "1:[address][name]\n2!! the quote that begins here has no end\n"},
		{BYTES("address,name\n\"a\nb\",\"c\n"),
		 "1:[address][name]\n3!! the quote that begins here has no end\n"},
		{BYTES("address,name\na,5\" disk\n"),
		 "1:[address][name]\n2!! a value with a quote in it must stand in quotes, and have "
		 "it twice\n"},
		{BYTES("address,name\na,\"b\" \n"),
		 "1:[address][name]\n2!! behind a closing quote comes a delimiter or the end of the "
		 "line\n"},
		{BYTES("address,name\na,b\xE9\nc,d\n"),
		 "1:[address][name]\n2! this is not UTF-8; 'encoding' says what it is, such as "
		 "windows-1252\n3:[c][d]\n"},
		{BYTES("a\0d\0d\0r\0\n\0"),
		 "1!! there is a NUL byte here; a file in UTF-16 needs 'encoding: utf-16'\n"},
		{BYTES("address\na\x81\nb\n"),
		 "1:[address]\n2! a byte here is no character in this encoding\n3:[b]\n",
		 .encoding = CSV_WINDOWS_1252},
		/* Half a character at the end. */
		{BYTES("a\0d\0d\0r\0e\0s\0s\0\n\0a\0\n\0b"),
		 "1:[address]\n2:[a]\n3! a byte here is no character in this encoding\n",
		 .encoding = CSV_UTF_16},
	};
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_text(cases[i].text, 0, cases[i].encoding, &text);
		if (strcmp(text.ptr, cases[i].expected) != 0)
			fail_msg("%.*s\n--- is read as\n%s--- not\n%s", STR_FMT(cases[i].text),
				 text.ptr, cases[i].expected);
	}
	buf_release(&text);
}

/* Rows that lie across the borders of what is read at once, in UTF-8 and in UTF-16. */
static void large(void **state)
{
	enum { ROWS = 20000 };
	static const enum csv_encoding encodings[] = {CSV_UTF_8, CSV_UTF_16};

	(void)state;
	for (size_t e = 0; e < 2; e++) {
		const struct csv_options options = {0, encodings[e], wanted, 2};
		struct buf text = BUF_INIT, wide = BUF_INIT, expected = BUF_INIT;
		struct err err = ERR_INIT;
		struct csv csv;
		struct csv_row row;
		size_t count = 0;

		buf_puts(&text, "address,name\r\n");
		for (int i = 0; i < ROWS; i++)
			buf_addf(&text, "u%d@example.org,\"%0*d\r\n\"\"\"\r\n", i, i % 997, i);
		for (size_t i = 0; i < text.len; i++) {
			buf_char(&wide, text.ptr[i]);
			buf_char(&wide, '\0');
		}
		assert_int_equal(
			csv_open_text(&csv, buf_str(encodings[e] == CSV_UTF_8 ? &text : &wide),
				      &options, &err),
			0);
		while (csv_next(&csv, &row, &err) == CSV_ROW) {
			assert_int_equal(row.count, 2);
			assert_int_equal(row.line, 2 + 2 * count);
			buf_clear(&expected);
			buf_addf(&expected, "%0*d\r\n\"", (int)count % 997, (int)count);
			if (!str_eq(row.fields[1], buf_str(&expected)))
				fail_msg("row %zu", count);
			count++;
		}
		assert_int_equal(count, ROWS);
		csv_close(&csv);
		buf_release(&text);
		buf_release(&wide);
		buf_release(&expected);
	}
}

static void bounds(void **state)
{
	struct buf text = BUF_INIT, said = BUF_INIT;

	(void)state;
	buf_puts(&text, "address,name\n\"");
	while (text.len < CSV_ROW_MAX + 100)
		buf_puts(&text, "0123456789");
	read_text(buf_str(&text), 0, CSV_UTF_8, &said);
	assert_string_equal(
		said.ptr,
		"1:[address][name]\n2!! the row that begins here is longer than 4 MiB; "
		"is a quote missing at the end of a value?\n");
	buf_clear(&text);
	buf_puts(&text, "address,name\n");
	for (int i = 0; i < CSV_COLUMNS_MAX; i++)
		buf_puts(&text, "x,");
	read_text(buf_str(&text), 0, CSV_UTF_8, &said);
	assert_string_equal(said.ptr,
			    "1:[address][name]\n2!! there are more than 4096 values here\n");
	buf_release(&text);
	buf_release(&said);
}

/* --- files -------------------------------------------------------------------------------- */

static void append(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void files(void **state)
{
	const struct csv_options options = {.wanted = wanted, .wanted_count = 2};
	char dir[] = "/tmp/zsctl-csv-XXXXXX";
	struct buf said = BUF_INIT;
	struct csv_row row;
	struct err err = ERR_INIT;
	struct csv csv;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	append("a.csv", "address,name\na,b\n");
	read_all(&csv, csv_open(&csv, STR("a.csv"), &options, &err), &err, &said);
	assert_string_equal(said.ptr, "1:[address][name]\n2:[a][b]\n");

	/* It grows while it is read, or another one takes its place, or it goes. */
	assert_int_equal(csv_open(&csv, STR("a.csv"), &options, &err), 0);
	assert_int_equal(csv_next(&csv, &row, &err), CSV_ROW);
	append("a.csv", "c,d\n");
	while (csv_next(&csv, &row, &err) == CSV_ROW)
		;
	assert_int_equal(csv_unchanged(&csv, &err), -1);
	assert_string_equal(err.text,
			    "changed while it was read; try again when it is complete");
	csv_close(&csv);

	assert_int_equal(csv_open(&csv, STR("a.csv"), &options, &err), 0);
	while (csv_next(&csv, &row, &err) == CSV_ROW)
		;
	assert_int_equal(csv_unchanged(&csv, &err), 0);
	append("b.csv", "address,name\na,b\nc,d\n");
	assert_int_equal(rename("b.csv", "a.csv"), 0);
	assert_int_equal(csv_unchanged(&csv, &err), -1);
	assert_int_equal(unlink("a.csv"), 0);
	assert_int_equal(csv_unchanged(&csv, &err), -1);
	csv_close(&csv);

	err = (struct err)ERR_INIT;
	assert_int_equal(csv_open(&csv, STR("a.csv"), &options, &err), -1);
	assert_string_equal(err.text, "cannot be opened: No such file or directory");
	csv_close(&csv);
	assert_int_equal(csv_open(&csv, STR("."), &options, &err), -1);
	assert_string_equal(err.text, "is not a regular file");
	csv_close(&csv);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(dir), 0);
	buf_release(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),   cmocka_unit_test(refused), cmocka_unit_test(large),
		cmocka_unit_test(bounds), cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
