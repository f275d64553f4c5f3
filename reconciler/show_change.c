/*
 * One entry of a plan as people read it.
 */
#include "show_view.h"

static const struct {
	const char *sign;
	enum tone tone;
} signs[ACTION_COUNT] = {
	[ACTION_DELETE] = {"-", TONE_TAKES},     [ACTION_SUSPEND] = {"-", TONE_TAKES},
	[ACTION_REVOKE] = {"-", TONE_TAKES},     [ACTION_GRANT] = {"+", TONE_GIVES},
	[ACTION_REACTIVATE] = {"+", TONE_GIVES}, [ACTION_UPDATE] = {"~", TONE_CHANGES},
	[ACTION_CREATE] = {"+", TONE_GIVES},
};

/* A line of its own, up to where its text begins. */
static void line_start(const struct view *v, enum tone tone, const char *sign, const char *what)
{
	buf_puts(v->out, "      ");
	view_toned(v, tone, sign);
	buf_addf(v->out, " %s", what);
}

static void scalar(const struct view *v, const char *what, const struct plan_scalar *scalar)
{
	if (!scalar->set)
		return;
	if (scalar->from.len == 0) {
		line_start(v, TONE_GIVES, "+", what);
		view_text(v, scalar->to);
	} else {
		line_start(v, scalar->to.len ? TONE_CHANGES : TONE_TAKES,
			   scalar->to.len ? "~" : "-", what);
		view_text(v, scalar->from);
	}
	if (scalar->from.len > 0 && scalar->to.len > 0) {
		buf_puts(v->out, " -> ");
		view_text(v, scalar->to);
	}
	buf_char(v->out, '\n');
}

static void items(const struct view *v, enum tone tone, const char *sign, const char *what,
		  const struct strs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		line_start(v, tone, sign, what);
		view_text(v, list->items[i]);
		buf_char(v->out, '\n');
	}
}

static void pairs(const struct view *v, enum tone tone, const char *sign,
		  const struct plan_pairs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct plan_pair *pair = &list->items[i];

		line_start(v, tone, sign, "delegate ");
		view_text(v, pair->address);
		if (pair->who.len > 0) {
			buf_puts(v->out, " (");
			view_text(v, pair->who);
			buf_char(v->out, ')');
		}
		if (pair->why.len > 0) {
			buf_puts(v->out, ": ");
			view_text(v, pair->why);
		}
		buf_char(v->out, '\n');
	}
}

static void accounts(const struct view *v, const char *what, const struct strs *list)
{
	size_t shown = view_shown(v, list->count, VIEW_LIST_SHORT);

	if (list->count == 0)
		return;
	buf_addf(v->out, "      %s\n", what);
	for (size_t i = 0; i < shown; i++) {
		buf_puts(v->out, "        ");
		view_text(v, list->items[i]);
		buf_char(v->out, '\n');
	}
	view_rest(v, "        ", list->count - shown);
}

void view_change(const struct view *v, const struct plan_change *change)
{
	const bool create = change->action == ACTION_CREATE;
	const struct str who = create ? change->name.to : change->who;

	buf_puts(v->out, "  ");
	view_tone(v, signs[change->action].tone);
	buf_addf(v->out, "%s %s %s ", signs[change->action].sign, action_names[change->action],
		 kind_names[change->kind]);
	view_text(v, change->address);
	view_tone(v, TONE_NONE);
	if (who.len > 0) {
		buf_puts(v->out, " (");
		view_text(v, who);
		buf_char(v->out, ')');
	}
	buf_char(v->out, '\n');
	if (change->because.len > 0) {
		buf_puts(v->out, "      because ");
		view_text(v, change->because);
		buf_char(v->out, '\n');
	}
	accounts(v, "loses access to", &change->loses);
	accounts(v, "reads again", &change->reads);
	pairs(v, TONE_TAKES, "-", &change->delegates_remove);
	items(v, TONE_TAKES, "-", "alias ", &change->aliases_remove);
	pairs(v, TONE_GIVES, "+", &change->delegates_add);
	scalar(v, "address ", &change->rename);
	if (!create)
		scalar(v, "name ", &change->name);
	scalar(v, "mobile ", &change->mobile);
	scalar(v, "unit ", &change->unit);
	items(v, TONE_GIVES, "+", "alias ", &change->aliases_add);
	if (str_is(change->key, "lost"))
		line_start(v, TONE_TAKES, "-",
			   "account key: no source has it any more, the record says lost\n");
	else if (change->key.len > 0)
		line_start(v, TONE_CHANGES, "~", "account key is sent\n");
}
