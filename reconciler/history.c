/*
 * zsctl log: the record's commits, newest first, for people and programs.
 */
#include "history_internal.h"

#include "base/os.h"

#define BODY_LINES 12
#define SHORT_COMMIT 12

/* --- what a commit's message says ------------------------------------------------------------ */

static bool trailer(struct str line, const char *key, struct str *value)
{
	size_t skip = strlen(key);

	if (!str_starts(line, key))
		return false;
	*value = (struct str){line.ptr + skip, line.len - skip};
	return true;
}

/* The last paragraph holds the trailers: "Key: value" lines. */
struct told tell(struct arena *arena, struct str message)
{
	struct told told = {.subject = STR_NONE};
	struct str rest = str_trim(message), line, approver;
	size_t trailers = rest.len;

	for (size_t i = rest.len; i > 1; i--) {
		if (rest.ptr[i - 1] == '\n' && rest.ptr[i - 2] == '\n') {
			trailers = i;
			break;
		}
	}
	if (trailers < rest.len) {
		struct str last = {rest.ptr + trailers, rest.len - trailers};

		rest.len = trailers;
		while (str_split(&last, '\n', &line)) {
			if (trailer(line, "Approved-by: ", &approver))
				strs_add(arena, &told.approved_by, approver);
			else if (!trailer(line, "Reason: ", &told.reason) &&
				 !trailer(line, "Requested-by: ", &told.requested_by) &&
				 !trailer(line, "Applied-by: ", &told.applied_by) &&
				 !trailer(line, "Confirmed-by: ", &told.confirmed_by) &&
				 !trailer(line, "Taken-from: ", &told.taken_from))
				trailer(line, "Result: ", &told.result);
		}
	}
	str_split(&rest, '\n', &told.subject);
	told.body = str_trim(rest);
	return told;
}

/* "1 suspended, 1 created" of "end ID: 1 suspended, 1 created". */
static struct str headline(const struct state_log_entry *entry, struct str subject)
{
	struct str rest = subject, part;

	if (entry->kind == COMMIT_END && str_split(&rest, ':', &part) && rest.ptr)
		return str_trim(rest);
	return subject;
}

/* --- one commit as text ------------------------------------------------------------------------ */

static void paint(const struct log *log, const char *escape)
{
	if (log->color)
		buf_puts(log->out, escape);
}

static void add_visible(struct log *log, struct str text)
{
	buf_add_visible(log->out, text, false);
}

void log_people(struct log *log, const struct told *told)
{
	struct buf *out = log->out;

	if (told->requested_by.len) {
		buf_puts(out, "    asked for by ");
		add_visible(log, told->requested_by);
		if (told->reason.len) {
			buf_puts(out, ": ");
			add_visible(log, told->reason);
		}
		buf_char(out, '\n');
	}
	for (size_t i = 0; i < told->approved_by.count; i++) {
		buf_puts(out, "    approved by ");
		add_visible(log, told->approved_by.items[i]);
		buf_char(out, '\n');
	}
	if (told->confirmed_by.len) {
		buf_puts(out, "    confirmed by ");
		add_visible(log, told->confirmed_by);
		buf_char(out, '\n');
	}
	if (told->taken_from.len) {
		buf_puts(out, "    taken from ");
		add_visible(log, told->taken_from);
		buf_char(out, '\n');
	}
	if (told->result.len) {
		buf_puts(out, "    ");
		add_visible(log, told->result);
		buf_puts(out, "; applied by ");
		add_visible(log, told->applied_by);
		buf_char(out, '\n');
	}
}

void log_line(struct log *log, struct str text)
{
	buf_puts(log->out, "    ");
	add_visible(log, text);
	buf_char(log->out, '\n');
}

static void show_body(struct log *log, struct str body)
{
	struct str line;
	size_t count = 0;

	while (str_split(&body, '\n', &line)) {
		if (count++ >= BODY_LINES || !line.len)
			continue;
		log_line(log, line);
	}
	if (count > BODY_LINES)
		buf_addf(log->out, "    and %zu more lines\n", count - BODY_LINES);
}

void log_head(struct log *log, const struct state_log_entry *entry, const struct told *told)
{
	char time[TIME_TEXT_SIZE];

	time_text(entry->time, time);
	if (log->shown++)
		buf_char(log->out, '\n');
	buf_addf(log->out, "%s  ", time);
	paint(log, "\033[33m");
	buf_addf(log->out, "%.*s", SHORT_COMMIT, entry->commit);
	paint(log, "\033[0m");
	if (entry->run.len) {
		buf_puts(log->out, "  run ");
		add_visible(log, entry->run);
	}
	buf_puts(log->out, "\n    ");
	paint(log, "\033[1m");
	add_visible(log, headline(entry, told->subject));
	paint(log, "\033[0m");
	buf_char(log->out, '\n');
}

static const char *kind_text(enum commit_kind kind)
{
	switch (kind) {
	case COMMIT_NONE:
		break;
	case COMMIT_POLICY:
		return "policy";
	case COMMIT_BEGIN:
		return "begin";
	case COMMIT_TAKEOVER:
		return "takeover";
	case COMMIT_OBSERVED:
		return "observed";
	case COMMIT_END:
		return "end";
	case COMMIT_OTHER:
		return "other";
	}
	return "none";
}

void log_json_head(struct log *log, struct json_writer *json,
		   const struct state_log_entry *entry, const struct told *told)
{
	char time[TIME_TEXT_SIZE];

	time_text(entry->time, time);
	json_begin_object(json, NULL);
	json_str(json, "commit", str_of(entry->commit));
	json_str(json, "time", str_of(time));
	json_str(json, "kind", str_of(kind_text(entry->kind)));
	json_str_or_null(json, "run", entry->run.len ? entry->run : STR_NONE);
	json_str(json, "author", entry->author);
	json_str(json, "summary", headline(entry, told->subject));
	json_str_or_null(json, "reason", told->reason);
	json_str_or_null(json, "requested_by", told->requested_by);
	json_begin_array(json, "approved_by");
	for (size_t i = 0; i < told->approved_by.count; i++)
		json_str(json, NULL, told->approved_by.items[i]);
	json_end_array(json);
	json_str_or_null(json, "applied_by", told->applied_by);
	json_str_or_null(json, "result", told->result);
	log->shown++;
}

void log_json_end(struct log *log, struct json_writer *json)
{
	json_end_object(json);
	buf_char(log->out, '\n');
}

static void json_lines(struct json_writer *json, const char *key, struct str text)
{
	struct str line;

	json_begin_array(json, key);
	while (text.len && str_split(&text, '\n', &line)) {
		if (line.len)
			json_str(json, NULL, line);
	}
	json_end_array(json);
}

static void show_commit(struct log *log, const struct state_log_entry *entry)
{
	struct told told = tell(&log->arena, entry->message);

	if (log->json) {
		struct json_writer json = {.out = log->out, .first = true};

		log_json_head(log, &json, entry, &told);
		json_lines(&json, "lines", told.body);
		log_json_end(log, &json);
		return;
	}
	log_head(log, entry, &told);
	log_people(log, &told);
	show_body(log, told.body);
}

/* --- all runs ------------------------------------------------------------------------------------ */

/* A begin or takeover speaks only while its run is open; after that `end` says everything. */
static bool is_over(struct log *log, const struct state_log_entry *entry)
{
	switch (entry->kind) {
	case COMMIT_END:
		sym_get(&log->ended, entry->run);
		break;
	case COMMIT_BEGIN:
	case COMMIT_TAKEOVER:
		return sym_find(&log->ended, entry->run) != NULL;
	case COMMIT_NONE:
	case COMMIT_POLICY:
	case COMMIT_OBSERVED:
	case COMMIT_OTHER:
		break;
	}
	return false;
}

static int log_entry(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct log *log = context;

	(void)err;
	if (!is_over(log, entry))
		show_commit(log, entry);
	arena_reset(&log->arena);
	return 0;
}

int history_log(struct state *state, struct str address, bool json, bool color, struct buf *out,
		struct err *err)
{
	struct log log = {.state = state, .out = out, .json = json, .color = color};
	int failed = address.len ? log_account(&log, address, err)
				 : state_log(state, NULL, log_entry, &log, err);

	if (!failed && !log.shown && !json)
		buf_puts(out, "Nothing is recorded yet.\n");
	arena_release(&log.arena);
	sym_pool_release(&log.ended);
	return failed;
}
