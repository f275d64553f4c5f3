#include "result.h"

#include "base/os.h"
#include "canonical.h"
#include "yaml_write.h"

#include <string.h>

const char *const change_outcome_names[CHANGE_OUTCOMES] = {
	"open", "done", "already there", "partly done", "stale", "depends", "refused", "failed",
};

void run_result_init(struct run_result *result, size_t changes)
{
	*result = (struct run_result){.arena = ARENA_INIT, .count = changes};
	result->items = arena_array(&result->arena, struct change_result, changes);
}

void run_result_release(struct run_result *result)
{
	arena_release(&result->arena);
	*result = (struct run_result){.arena = ARENA_INIT};
}

bool outcome_done(enum change_outcome outcome)
{
	return outcome == CHANGE_ALREADY || outcome_own(outcome);
}

bool outcome_own(enum change_outcome outcome)
{
	return outcome == CHANGE_DONE || outcome == CHANGE_PARTLY;
}

struct result_counts result_count(const struct run_result *result)
{
	struct result_counts counts = {.left_out = result->not_adopted.count};

	for (size_t i = 0; i < result->count; i++) {
		switch (result->items[i].outcome) {
		case CHANGE_OPEN:
			counts.open++;
			break;
		case CHANGE_PARTLY:
			counts.partly++;
			counts.done++;
			break;
		case CHANGE_DONE:
		case CHANGE_ALREADY:
			counts.done++;
			break;
		case CHANGE_STALE:
		case CHANGE_DEPENDS:
			counts.left_out++;
			break;
		case CHANGE_REFUSED:
		case CHANGE_FAILED:
			counts.failed++;
			break;
		}
	}
	return counts;
}

void result_counts_text(const struct run_result *result, const char *open, struct buf *out)
{
	const struct result_counts counts = result_count(result);

	buf_addf(out, "%zu done", counts.done);
	if (counts.partly)
		buf_addf(out, " (%zu in part)", counts.partly);
	buf_addf(out, ", %zu failed", counts.failed);
	if (counts.left_out)
		buf_addf(out, ", %zu left out", counts.left_out);
	if (counts.open)
		buf_addf(out, ", %zu %s", counts.open, open);
}

/* --- the file ----------------------------------------------------------------------------- */

static void add_field(struct buf *out, const char *prefix, struct str value)
{
	buf_puts(out, prefix);
	yaml_add_text(out, value);
	buf_char(out, '\n');
}

static void add_optional(struct buf *out, const char *prefix, struct str value)
{
	if (value.len)
		add_field(out, prefix, value);
}

static void add_change(struct buf *out, const struct plan_change *change,
		       const struct change_result *result)
{
	struct buf account = BUF_INIT;

	buf_addf(&account, "%s ", kind_names[change->kind]);
	buf_add(&account, change->address);
	buf_addf(out, "  - %s: ", action_names[change->action]);
	yaml_add_text(out, buf_str(&account));
	buf_release(&account);
	buf_addf(out, "\n    outcome: %s\n", change_outcome_names[result->outcome]);
	add_optional(out, "    id: ", result->id);
	add_optional(out, "    text: ", result->text);
	add_optional(out, "    advice: ", result->advice);
	if (result->refusals.count)
		buf_puts(out, "    refusals:\n");
	for (size_t i = 0; i < result->refusals.count; i++)
		add_field(out, "      - ", result->refusals.items[i]);
}

void result_write(const struct run_result *result, const struct plan *plan, struct buf *out)
{
	struct result_counts counts = result_count(result);
	char started[TIME_TEXT_SIZE], ended[TIME_TEXT_SIZE];

	time_text(result->started, started);
	time_text(result->ended, ended);
	buf_puts(out, "zsctl_result: 1\n");
	add_field(out, "plan: ", plan->id);
	buf_addf(out, "digest: %s\n", plan->digest);
	add_field(out, "user: ", result->user);
	add_field(out, "host: ", result->host);
	buf_addf(out, "started: %s\nended: %s\n", started, ended);
	if (result->closed)
		buf_puts(out, "closed: true\n");
	if (result->stopped)
		add_field(out, "stopped: ", result->stopped_because);
	buf_addf(out, "counts: {done: %zu, failed: %zu, left_out: %zu, open: %zu}\n",
		 counts.done, counts.failed, counts.left_out, counts.open);
	if (result->not_adopted.count)
		buf_puts(out, "not_adopted:\n");
	for (size_t i = 0; i < result->not_adopted.count; i++)
		add_field(out, "  - ", result->not_adopted.items[i]);
	buf_puts(out, result->count ? "changes:\n" : "changes: []\n");
	for (size_t i = 0; i < result->count; i++)
		add_change(out, &plan->changes.items[i], &result->items[i]);
}

static void take_time(struct canonical *in, const char *prefix, int64_t *seconds)
{
	struct str text = STR_NONE;

	canonical_take(in, prefix, &text);
	if (!time_parse(text, seconds))
		canonical_bad(in, "is no time");
}

static void take_change(struct canonical *in, const struct plan_change *change,
			struct change_result *result)
{
	struct str text = STR_NONE;
	struct buf prefix = BUF_INIT;
	int outcome = -1;

	buf_addf(&prefix, "  - %s: ", action_names[change->action]);
	canonical_take(in, prefix.ptr, &text);
	buf_release(&prefix);
	canonical_take(in, "    outcome: ", &text);
	for (int i = 0; i < CHANGE_OUTCOMES; i++)
		if (str_is(text, change_outcome_names[i]))
			outcome = i;
	if (outcome < 0) {
		canonical_bad(in, "is no outcome");
		return;
	}
	result->outcome = (enum change_outcome)outcome;
	canonical_maybe(in, "    id: ", &result->id);
	canonical_maybe(in, "    text: ", &result->text);
	canonical_maybe(in, "    advice: ", &result->advice);
	if (!canonical_line(in, "    refusals:"))
		return;
	while (canonical_maybe(in, "      - ", &text))
		strs_add(in->arena, &result->refusals, text);
}

int result_read(struct run_result *result, const struct plan *plan, struct str bytes,
		const char *name, struct err *err)
{
	struct run_result read;
	struct str text = STR_NONE;
	struct buf again = BUF_INIT;
	int failed;

	run_result_init(&read, plan->changes.count);
	/* The reader's texts are views: the result keeps bytes of its own. */
	struct canonical in = canonical_open(arena_str(&read.arena, bytes), name, &read.arena);
	canonical_take(&in, "zsctl_result: ", &text);
	if (!str_is(text, "1"))
		canonical_bad(&in, "is a format that this version of zsctl does not know");
	canonical_take(&in, "plan: ", &text);
	canonical_take(&in, "digest: ", &text);
	canonical_take(&in, "user: ", &read.user);
	canonical_take(&in, "host: ", &read.host);
	take_time(&in, "started: ", &read.started);
	take_time(&in, "ended: ", &read.ended);
	read.closed = canonical_line(&in, "closed: true");
	read.stopped = canonical_maybe(&in, "stopped: ", &read.stopped_because);
	canonical_take(&in, "counts: ", &text);
	if (canonical_line(&in, "not_adopted:"))
		while (canonical_maybe(&in, "  - ", &text))
			strs_add(&read.arena, &read.not_adopted, text);
	canonical_line(&in, read.count ? "changes:" : "changes: []");
	for (size_t i = 0; i < read.count && !in.bad; i++)
		take_change(&in, &plan->changes.items[i], &read.items[i]);
	result_write(&read, plan, &again);
	failed = canonical_end(&in, buf_str(&again), err);
	buf_release(&again);
	if (failed) {
		run_result_release(&read);
		return -1;
	}
	run_result_release(result);
	*result = read;
	return 0;
}

/* --- for people --------------------------------------------------------------------------- */

static const char *outcome_words(enum change_outcome outcome)
{
	switch (outcome) {
	case CHANGE_OPEN:
		return "not tried";
	case CHANGE_DONE:
		return "done";
	case CHANGE_ALREADY:
		return "was so already";
	case CHANGE_PARTLY:
		return "done in part";
	case CHANGE_STALE:
		return "left out";
	case CHANGE_DEPENDS:
		return "left out";
	case CHANGE_REFUSED:
		return "refused for good";
	case CHANGE_FAILED:
		return "failed";
	}
	return "";
}

static const char *outcome_color(enum change_outcome outcome)
{
	switch (outcome) {
	case CHANGE_DONE:
	case CHANGE_ALREADY:
		return "\033[32m";
	case CHANGE_OPEN:
	case CHANGE_PARTLY:
	case CHANGE_STALE:
	case CHANGE_DEPENDS:
		return "\033[33m";
	case CHANGE_REFUSED:
	case CHANGE_FAILED:
		return "\033[31m";
	}
	return "";
}

/* So many of those that are done are named; a run of thousands is counted. */
#define SHOWN_DONE 50

static void show_not_adopted(const struct run_result *result, bool color, struct buf *out)
{
	for (size_t i = 0; i < result->not_adopted.count; i++) {
		buf_puts(out, "  adopt ");
		buf_add_visible(out, result->not_adopted.items[i], false);
		buf_addf(out, ": %s%s%s: " RESULT_NOT_ADOPTED "\n      → plan again\n",
			 color ? outcome_color(CHANGE_STALE) : "", outcome_words(CHANGE_STALE),
			 color ? "\033[0m" : "");
	}
}

void result_show(const struct run_result *result, const struct plan *plan, bool color,
		 struct buf *out)
{
	size_t done = 0, foretold_count = 0;

	for (size_t i = 0; i < result->count; i++) {
		const struct plan_change *change = &plan->changes.items[i];
		const struct change_result *item = &result->items[i];
		bool plain = item->outcome == CHANGE_DONE || item->outcome == CHANGE_ALREADY;

		if (plain && ++done > SHOWN_DONE)
			continue;
		buf_addf(out, "  %s %s ", action_names[change->action],
			 kind_names[change->kind]);
		buf_add_visible(out, change->address, false);
		/* A dry run says what would become of what it did not try. */
		bool foretold = item->outcome == CHANGE_OPEN && item->text.len;
		foretold_count += foretold && !result->closed;
		buf_addf(out, ": %s%s%s", color ? outcome_color(item->outcome) : "",
			 foretold ? "" : outcome_words(item->outcome), color ? "\033[0m" : "");
		if (item->text.len) {
			buf_puts(out, foretold ? "" : ": ");
			buf_add_visible(out, item->text, false);
		}
		buf_char(out, '\n');
		if (item->advice.len) {
			buf_puts(out, "      → ");
			buf_add_visible(out, item->advice, false);
			buf_char(out, '\n');
		}
	}
	show_not_adopted(result, color, out);
	if (done > SHOWN_DONE)
		buf_addf(out, "  … and %zu more that are done\n", done - SHOWN_DONE);
	if (result->stopped) {
		buf_puts(out, "stopped: ");
		buf_add_visible(out, result->stopped_because, false);
		buf_char(out, '\n');
	}
	if (foretold_count) {
		buf_addf(out, "%zu of %zu would go through\n", foretold_count, result->count);
		return;
	}
	result_counts_text(result, "not tried", out);
	buf_char(out, '\n');
}
