/*
 * The file: journal-ID in the state's private folder.
 *
 *     3fa91c02 journal 1 20261120T101500Z-7f3c2a10
 *     91bb07d4 intent 12
 *     0c5e77a1 outcome 12 done 5ee9…
 *
 * A line begins with the first eight hex digits of the SHA-256 of what follows them. Texts are
 * written as in all canonical files, so they stay on their line.
 */
#include "journal.h"

#include "base/sha256.h"
#include "canonical.h"
#include "yaml_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECK_DIGITS = 8, JOURNAL_LIMIT = 1 << 30 };

static bool id_is_safe(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return id.len > 0 && id.len <= 128;
}

static struct str journal_path(struct arena *arena, struct str dir, struct str id)
{
	return os_join(arena, dir, arena_strf(arena, "journal-%.*s", STR_FMT(id)));
}

/* --- lines -------------------------------------------------------------------------------------- */

static void check_of(struct str line, char out[CHECK_DIGITS + 1])
{
	char digest[SHA256_TEXT_SIZE];

	sha256_text(line, digest);
	memcpy(out, digest + strlen("sha256:"), CHECK_DIGITS);
	out[CHECK_DIGITS] = '\0';
}

static void add_line(struct buf *out, struct str line)
{
	char check[CHECK_DIGITS + 1];

	check_of(line, check);
	buf_addf(out, "%s ", check);
	buf_add(out, line);
	buf_char(out, '\n');
}

static void add_first_line(struct buf *out, struct str id)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_addf(&line, "journal 1 %.*s", STR_FMT(id));
	add_line(out, buf_str(&line));
}

/* Takes a whole line with the right checksum off `rest`; false at the end or before a bad one. */
static bool next_line(struct str *rest, struct str *line)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	char check[CHECK_DIGITS + 1];
	size_t size = end ? (size_t)(end - rest->ptr) : 0;

	if (size <= CHECK_DIGITS || rest->ptr[CHECK_DIGITS] != ' ')
		return false;
	*line = (struct str){rest->ptr + CHECK_DIGITS + 1, size - CHECK_DIGITS - 1};
	check_of(*line, check);
	if (memcmp(check, rest->ptr, CHECK_DIGITS) != 0)
		return false;
	*rest = (struct str){end + 1, rest->len - size - 1};
	return true;
}

/* What is left is a torn end: one line, whole or not. */
static bool is_torn_end(struct str rest)
{
	return rest.len == 0 || !memchr(rest.ptr, '\n', rest.len - 1);
}

/* Reads the lines behind the first one. `used` is how many bytes are whole. */
static int read_lines(struct str text, const char *path, struct str id,
		      int (*line)(void *context, struct str line, struct err *err),
		      void *context, size_t *used, struct err *err)
{
	CLEANUP(buf_release) struct buf first = BUF_INIT;
	struct str rest = text, one;
	size_t number = 1;

	add_first_line(&first, id);
	*used = 0;
	if (!next_line(&rest, &one)) {
		if (is_torn_end(text))
			return 0;
		return err_set(err, ERR_FAILED, "%s:1: is no journal of a run", path);
	}
	if (!str_eq((struct str){text.ptr, text.len - rest.len}, buf_str(&first)))
		return err_set(err, ERR_FAILED,
			       "%s:1: is the journal of another run, or of another zsctl",
			       path);
	while (next_line(&rest, &one)) {
		number++;
		if (line && line(context, one, err) < 0)
			return err_prefix(err, "%s:%zu", path, number);
	}
	if (!is_torn_end(rest))
		return err_set(err, ERR_FAILED,
			       "%s:%zu: is damaged: the checksum is wrong, and more follows; "
			       "close the run with apply --close",
			       path, number + 1);
	*used = text.len - rest.len;
	return 0;
}

/* --- writing ------------------------------------------------------------------------------------ */

/* Durable before anything is said in it. */
static int begin_file(struct journal *journal, struct str dir, struct str id, struct err *err)
{
	CLEANUP(buf_release) struct buf first = BUF_INIT;
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	int folder, status;

	add_first_line(&first, id);
	if (os_append(journal->fd, journal->path, buf_str(&first), err) < 0)
		return -1;
	folder = open(arena_str(&arena, dir).ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	status = folder < 0 ? -1 : fsync(folder);
	if (status < 0)
		err_errno(err, ERR_FAILED, "cannot make %s durable", journal->path);
	if (folder >= 0)
		close(folder);
	return status;
}

int journal_open(struct journal *journal, struct str dir, struct str id, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct journal opened = JOURNAL_INIT;
	struct str path = journal_path(&arena, dir, id);
	size_t used;

	if (!id_is_safe(id))
		return err_set(err, ERR_FAILED, "'%.*s' is no id of a run", STR_FMT(id));
	opened.fd = open(path.ptr, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (opened.fd < 0)
		return err_errno(err, ERR_FAILED, "cannot open %s", path.ptr);
	opened.path = mem_alloc(path.len + 1);
	memcpy(opened.path, path.ptr, path.len + 1);
	if (os_read_file(path.ptr, JOURNAL_LIMIT, &text, err) < 0 ||
	    read_lines(buf_str(&text), path.ptr, id, NULL, NULL, &used, err) < 0)
		goto failed;
	/* Else the next line would go on where a torn one ends. */
	if (used < text.len && ftruncate(opened.fd, (off_t)used) < 0) {
		err_errno(err, ERR_FAILED, "cannot cut the torn end off %s", path.ptr);
		goto failed;
	}
	if (used == 0 && begin_file(&opened, dir, id, err) < 0)
		goto failed;
	*journal = opened;
	return 0;
failed:
	journal_close(&opened);
	return -1;
}

int journal_add(struct journal *journal, const struct journal_line *lines, size_t count,
		struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		buf_clear(&line);
		switch (lines[i].type) {
		case JOURNAL_INTENT:
			buf_addf(&line, "intent %u", lines[i].change);
			break;
		case JOURNAL_OUTCOME:
			buf_addf(&line, "outcome %u ", lines[i].change);
			yaml_add_text(&line, str_of(change_outcome_names[lines[i].outcome]));
			buf_puts(&line, ": ");
			yaml_add_text(&line, lines[i].text);
			break;
		}
		add_line(&text, buf_str(&line));
	}
	return text.len ? os_append(journal->fd, journal->path, buf_str(&text), err) : 0;
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
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	if (!id_is_safe(id))
		return;
	os_fault("journal-remove");
	unlink(journal_path(&arena, dir, id).ptr);
	os_fault("journal-remove");
}

/* --- reading ------------------------------------------------------------------------------------ */

struct reading {
	struct arena arena; /* of one line */
	int (*line)(void *context, const struct journal_line *line, struct err *err);
	void *context;
};

static bool take_number(struct str *text, uint32_t *number)
{
	struct str word;
	uint64_t value;

	if (!str_split(text, ' ', &word) || !str_to_u64(word, &value) || value > UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool parse_outcome(struct reading *reading, struct str text, struct journal_line *out)
{
	struct canonical in = canonical_open(text, "", &reading->arena);
	struct str name;

	if (!canonical_pair(&in, "", &name, &out->text))
		return false;
	for (size_t i = 0; i < CHANGE_OUTCOMES; i++) {
		if (str_is(name, change_outcome_names[i])) {
			out->outcome = (enum change_outcome)i;
			return true;
		}
	}
	return false;
}

static int read_line(void *context, struct str text, struct err *err)
{
	struct reading *reading = context;
	struct journal_line line = {.type = JOURNAL_INTENT, .text = STR_NONE};
	struct str word;
	bool good = str_split(&text, ' ', &word);

	if (good && str_is(word, "outcome")) {
		line.type = JOURNAL_OUTCOME;
		good = take_number(&text, &line.change) && parse_outcome(reading, text, &line);
	} else {
		good = good && str_is(word, "intent") && take_number(&text, &line.change);
	}
	if (!good)
		return err_set(err, ERR_FAILED, "is no line of a journal");
	if (reading->line(reading->context, &line, err) < 0)
		return -1;
	arena_reset(&reading->arena);
	return 0;
}

int journal_read(struct str dir, struct str id,
		 int (*line)(void *context, const struct journal_line *line, struct err *err),
		 void *context, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct reading reading = {.line = line, .context = context};
	struct str path = journal_path(&arena, dir, id);
	size_t used;
	int status;

	if (!id_is_safe(id))
		return err_set(err, ERR_FAILED, "'%.*s' is no id of a run", STR_FMT(id));
	if (!os_exists(path.ptr))
		return 0;
	if (os_read_file(path.ptr, JOURNAL_LIMIT, &text, err) < 0)
		return -1;
	status = read_lines(buf_str(&text), path.ptr, id, read_line, &reading, &used, err);
	arena_release(&reading.arena);
	return status;
}
