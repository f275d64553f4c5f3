/*
 * A line: eight hex digits of the SHA-256 of what follows, "intent N", "part N TEXT" or
 * "outcome N WORD TEXT", where TEXT is a JSON string.
 */
#include "journal.h"

#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECKSUM_SIZE 8
#define JOURNAL_SIZE_MAX (1u << 30)

static void file_path(struct str dir, struct str id, struct buf *out)
{
	buf_addf(out, "%.*s%sjournal-%.*s", STR_FMT(dir), str_ends(dir, "/") ? "" : "/",
		 STR_FMT(id));
}

/* What a process that was killed wrote only half must not stand before whole lines. */
static int cut_torn_line(struct journal *journal, struct err *err)
{
	struct buf bytes = BUF_INIT;
	int failed = os_read_file(journal->path, JOURNAL_SIZE_MAX, &bytes, err);

	if (!failed && bytes.len && bytes.ptr[bytes.len - 1] != '\n') {
		size_t whole = bytes.len;

		while (whole && bytes.ptr[whole - 1] != '\n')
			whole--;
		if (ftruncate(journal->fd, (off_t)whole) < 0)
			failed = err_errno(err, ERR_FAILED, "%s", journal->path);
	}
	buf_release(&bytes);
	return failed;
}

int journal_open(struct journal *journal, struct str dir, struct str id, struct err *err)
{
	struct buf path = BUF_INIT;

	file_path(dir, id, &path);
	journal->path = buf_take(&path);
	os_fault("journal");
	journal->fd = open(journal->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (journal->fd < 0) {
		err_errno(err, ERR_FAILED, "%s", journal->path);
		journal_close(journal);
		return -1;
	}
	if (cut_torn_line(journal, err) < 0 || os_sync_parent(journal->path, err) < 0) {
		journal_close(journal);
		return -1;
	}
	os_fault("journal");
	return 0;
}

void journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal->path);
	*journal = (struct journal)JOURNAL_INIT;
}

void journal_remove(struct str dir, struct str id)
{
	struct buf path = BUF_INIT;

	file_path(dir, id, &path);
	os_fault("journal-remove");
	unlink(path.ptr);
	os_fault("journal-remove");
	buf_release(&path);
}

/* --- writing ------------------------------------------------------------------------------ */

static void checksum(struct str text, char out[CHECKSUM_SIZE + 1])
{
	char digest[SHA256_TEXT_SIZE];

	sha256_text(text, digest);
	memcpy(out, digest + strlen("sha256:"), CHECKSUM_SIZE);
	out[CHECKSUM_SIZE] = '\0';
}

static void add_line(struct buf *out, const struct journal_line *line)
{
	struct buf text = BUF_INIT;
	char sum[CHECKSUM_SIZE + 1];

	switch (line->type) {
	case JOURNAL_INTENT:
		buf_addf(&text, "intent %u", line->change);
		break;
	case JOURNAL_PART:
		buf_addf(&text, "part %u ", line->change);
		json_add_string(&text, line->text);
		break;
	case JOURNAL_OUTCOME:
		buf_addf(&text, "outcome %u %u ", line->change, (unsigned)line->outcome);
		json_add_string(&text, line->text);
		break;
	}
	checksum(buf_str(&text), sum);
	buf_addf(out, "%s %.*s\n", sum, STR_FMT(buf_str(&text)));
	buf_release(&text);
}

int journal_add(struct journal *journal, const struct journal_line *lines, size_t count,
		bool durable, struct err *err)
{
	struct buf text = BUF_INIT;

	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++)
		add_line(&text, &lines[i]);
	int failed = os_append(journal->fd, journal->path, buf_str(&text), durable, err);
	buf_release(&text);
	return failed;
}

/* --- reading ------------------------------------------------------------------------------ */

static bool take_number(struct str *rest, uint64_t limit, uint64_t *out)
{
	struct str word;

	return str_split(rest, ' ', &word) && str_to_u64(word, out) && *out < limit;
}

/* False when the line is none of ours. *decoded owns the text of an outcome. */
static bool parse_line(struct str line, struct journal_line *out, cJSON **decoded)
{
	struct str rest = line, word;
	struct err err = ERR_INIT;
	char sum[CHECKSUM_SIZE + 1];
	uint64_t change, outcome;

	if (!str_split(&rest, ' ', &word) || !rest.ptr)
		return false;
	checksum(rest, sum);
	if (!str_is(word, sum) || !str_split(&rest, ' ', &word))
		return false;
	*out = (struct journal_line){.type = JOURNAL_INTENT};
	if (!take_number(&rest, UINT32_MAX, &change))
		return false;
	out->change = (uint32_t)change;
	if (str_is(word, "intent"))
		return true;
	if (str_is(word, "part")) {
		out->type = JOURNAL_PART;
	} else {
		if (!str_is(word, "outcome") || !take_number(&rest, CHANGE_OUTCOMES, &outcome))
			return false;
		out->type = JOURNAL_OUTCOME;
		out->outcome = (enum change_outcome)outcome;
	}
	*decoded = json_parse(rest, &err);
	if (!cJSON_IsString(*decoded))
		return false;
	out->text = str_of((*decoded)->valuestring);
	return true;
}

int journal_read(struct str dir, struct str id,
		 int (*line)(void *context, const struct journal_line *line, struct err *err),
		 void *context, struct err *err)
{
	struct buf path = BUF_INIT, bytes = BUF_INIT;
	unsigned number = 0;
	int failed = 0;

	file_path(dir, id, &path);
	if (os_exists(path.ptr))
		failed = os_read_file(path.ptr, JOURNAL_SIZE_MAX, &bytes, err);
	struct str rest = buf_str(&bytes);
	while (!failed && rest.len) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		struct journal_line parsed = {.type = JOURNAL_INTENT};
		cJSON *decoded = NULL;

		if (!end)
			break; /* torn: its process was killed before it counted */
		struct str text = {rest.ptr, (size_t)(end - rest.ptr)};
		rest = (struct str){end + 1, rest.len - text.len - 1};
		number++;
		if (parse_line(text, &parsed, &decoded))
			failed = line(context, &parsed, err);
		else
			failed = err_set(
				err, ERR_FAILED,
				"%s:%u: is damaged; what the run did cannot be told from "
				"it: end the run with 'zsctl apply --close'",
				path.ptr, number);
		cJSON_Delete(decoded);
	}
	buf_release(&bytes);
	buf_release(&path);
	return failed;
}
