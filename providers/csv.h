/*
 * Tables as text (RFC 4180), read in pieces: rows of fields, each field a view into a buffer.
 *
 *     struct csv csv;
 *     struct csv_row row;
 *     if (csv_open(&csv, "people.csv", &options, err) == 0) {
 *             while ((status = csv_next(&csv, &row, err)) == CSV_ROW || status == CSV_BROKEN)
 *                     …
 *             if (status == CSV_END)
 *                     csv_unchanged(&csv, err);
 *     }
 *     csv_close(&csv);
 *
 * Fields may stand in quotes, with delimiters, line ends and doubled quotes in them. Lines end in LF, CRLF or
 * CR. Rows whose fields are all empty are passed over. A byte order mark is recognised, and a first line
 * "sep=;" as spreadsheets write it. Everything read is wiped from memory: account keys may be in it.
 */
#ifndef ZSCTL_CSV_H
#define ZSCTL_CSV_H

#include "base/err.h"
#include "config.h"

#include <iconv.h>
#include <sys/stat.h>

#define CSV_COLUMNS_MAX 4096
#define CSV_ROW_MAX (4U << 20) /* bytes */
#define CSV_FILE_MAX (4ULL << 30)

struct csv_options {
	char delimiter; /* 0: the one that makes most of `wanted` appear in the header */
	enum csv_encoding encoding;
	const struct str *wanted; /* names of columns, in any case */
	size_t wanted_count;
	size_t piece; /* read so many bytes at once; 0: many. Makes no difference but to speed */
};

enum csv_status {
	CSV_ROW,
	CSV_END,
	CSV_BROKEN, /* this row cannot be read: *err says why; there may be others */
	CSV_FAILED, /* the rest cannot be read */
};

struct csv_row {
	const struct str *fields; /* one for each field there is; valid until the next call */
	size_t count;
	uint32_t line; /* 1-based, where it begins */
};

struct csv {
	/* After csv_open(): */
	struct csv_row header; /* valid until the end; names as written, blanks trimmed */
	char delimiter;
	uint32_t line; /* of what *err is about */
	/* Private. */
	struct arena arena; /* the header */
	struct str path;
	int fd;             /* -1: memory */
	struct str memory;  /* what is left of it */
	struct stat opened; /* the file as it was */
	uint64_t total;     /* bytes read */
	bool ended;         /* the file has no more */
	size_t piece;
	iconv_t iconv; /* (iconv_t)-1: UTF-8 already */
	char *raw;     /* before it is UTF-8 */
	size_t raw_len, raw_size;
	char *text; /* UTF-8; what lies from `at` to `len` is still to be read */
	size_t at, len, capacity;
	uint32_t next_line; /* of `at` */
	struct str *fields;
	unsigned char *marks; /* by field: enum in csv.c */
};

/* Reads the header. -1 with *err ("is empty", "cannot open …") and csv->line, 0 when it is about the file
 * as a whole. csv_close() is due in any case. `path` is kept. */
int csv_open(struct csv *csv, struct str path, const struct csv_options *options,
	     struct err *err);
/* The same from memory, which must outlive it. */
int csv_open_text(struct csv *csv, struct str text, const struct csv_options *options,
		  struct err *err);
enum csv_status csv_next(struct csv *csv, struct csv_row *row, struct err *err);
/* Once all is read: -1 when the file is not what it was when it was opened. */
int csv_unchanged(const struct csv *csv, struct err *err);
void csv_close(struct csv *csv);

#endif
