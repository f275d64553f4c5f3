/*
 * What the parts of the text view share. Functions that add text from outside make it visible.
 */
#ifndef ZSCTL_SHOW_VIEW_H
#define ZSCTL_SHOW_VIEW_H

#include "show.h"

/* Red, green, yellow, bold, red and bold: only when colour is on. */
enum tone { TONE_NONE, TONE_TAKES, TONE_GIVES, TONE_CHANGES, TONE_STRONG, TONE_ALARM };

struct view {
	struct buf *out;
	const struct plan *plan;
	const struct show_options *options;
};

void view_tone(const struct view *view, enum tone tone);
void view_toned(const struct view *view, enum tone tone, const char *text);
void view_text(const struct view *view, struct str text);
/* "1 user", "97 users" */
void view_count(const struct view *view, uint64_t count, const char *one, const char *many);
/* "96 users, 12 functional accounts", without what is none of. */
void view_accounts(const struct view *view, uint64_t users, uint64_t functional);
/* How many of `count` are shown when `at_most` are enough, and a line for the rest. */
size_t view_shown(const struct view *view, size_t count, size_t at_most);
void view_rest(const struct view *view, const char *indent, size_t rest);

#define VIEW_LIST_SHORT 20

/* Nothing for a plan that shows at a glance whom it concerns. */
void view_summary(const struct view *view);
void view_change(const struct view *view, const struct plan_change *change);

#endif
