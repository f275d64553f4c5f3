/* The bytes of a table as text in UTF-8. */
#include "csv_parts.h"

#include "base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 256 * 1024, PIECE_LEAST = 64, RAW_MOST = 64 * 1024 };

/* What stands in the text for bytes that are no characters: no UTF-8 has it. */
#define NO_CHARACTER '\xFF'

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

int csv_fill(struct csv *csv, struct err *err)
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

/* --- the beginning and the end -------------------------------------------------------------- */

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

int csv_begin(struct csv *csv, const struct csv_options *options, struct err *err)
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
	return begin_text(csv, options->encoding, err);
}

int csv_unchanged(const struct csv *csv, struct err *err)
{
	struct stat now;

	if (csv->fd < 0)
		return 0;
	/* By its path: replacing a file is changing it too. */
	if (stat(csv->path.ptr, &now) < 0 || !os_same_file(&csv->opened, &now) ||
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
