/*
 * What the parts of `zsctl log` share: commits told in words.
 */
#ifndef ZSCTL_HISTORY_INTERNAL_H
#define ZSCTL_HISTORY_INTERNAL_H

#include "base/json.h"
#include "history.h"

struct told {
	struct str subject, body; /* body: what stands between subject and trailers */
	struct str reason, requested_by, applied_by, confirmed_by, taken_from, result;
	struct strs approved_by;
};

struct log {
	struct state *state;
	struct buf *out;
	struct arena arena; /* of one commit */
	bool json, color;
	struct sym_pool ended; /* runs whose end was seen */
	size_t shown;
};

/* What a commit's message says; views into it. */
struct told tell(struct arena *arena, struct str message);
/* Time, commit, run and summary; who asked, approved and applied. */
void log_head(struct log *log, const struct state_log_entry *entry, const struct told *told);
void log_people(struct log *log, const struct told *told);
/* "    TEXT\n", made safe for terminals. */
void log_line(struct log *log, struct str text);
/* One object with the same; the caller adds members and ends it with log_json_end(). */
void log_json_head(struct log *log, struct json_writer *json,
		   const struct state_log_entry *entry, const struct told *told);
void log_json_end(struct log *log, struct json_writer *json);

/* history_account.c */
int log_account(struct log *log, struct str address, struct err *err);

#endif
