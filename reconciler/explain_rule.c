/*
 * Who an account was taken to be, and which row of the table decided, in plain lines.
 */
#include "base/os.h"
#include "reconcile.h"

static void say_match(const struct world *w, uint32_t s, struct buf *out)
{
	const uint32_t d = w->subjects[s].desired;
	const struct account *current = current_at(w, s);

	if (d == NOBODY)
		return;
	buf_puts(out, "  who:     ");
	switch (w->identity[d].match) {
	case MATCH_NEW:
		buf_puts(out, is_out_of_scope(w, s) ? "somebody outside target.scope"
			      : w->subjects[s].recorded == NOBODY
				      ? "nobody yet: no id and no address leads to an account"
				      : "known to the record, and gone from the target");
		break;
	case MATCH_ID:
		buf_puts(out, "matched by its id");
		break;
	case MATCH_ADDRESS:
		buf_puts(out, "matched by its address");
		break;
	case MATCH_RECORDED:
		buf_puts(out, "recorded as ");
		buf_add(out, sym_str(desired_at(w, s)->account.address));
		buf_puts(out, "; the target has it under another address now");
		break;
	case MATCH_WAS:
		buf_puts(out, "said to be the account that was ");
		buf_add(out, sym_str(current->address));
		break;
	case MATCH_CONFLICT:
		buf_puts(out, "in conflict over ");
		buf_addf(out, "%s %s", kind_names[subject_kind(w, w->identity[d].current)],
			 subject_address(w, w->identity[d].current)->text);
		break;
	}
	buf_puts(out, w->identity[d].adopt ? "; the record does not know that yet\n" : "\n");
}

/* Why nothing comes of an entry that has no account. */
static const char *nothing_text(const struct world *w, uint32_t s)
{
	const struct desired_account *desired = desired_at(w, s);

	switch ((enum want)w->subjects[s].want) {
	case WANT_ACTIVE:
		return desired && !w->config->actions[desired->account.kind].create
			       ? "not there, and actions.create is off: nothing"
			       : "not there, and outside target.scope: nothing";
	case WANT_INACTIVE:
		return desired && desired->account.active
			       ? "not there, and no delegate of it will be active: nothing"
			       : "not there, and listed as inactive: nothing";
	case WANT_ABSENT:
		if (desired)
			return "not there, and outside domains.claimed: nothing";
		break;
	case WANT_HELD:
		break;
	}
	return "not there, and not to be there";
}

/* Nobody asked for it, or nobody may: with the setting that says so. */
static void unmanaged_text(const struct world *w, uint32_t s, struct buf *out)
{
	const enum account_kind kind = subject_kind(w, s);
	const struct config_actions *actions = &w->config->actions[kind];

	if (!current_at(w, s)->active && w->subjects[s].want == WANT_ACTIVE)
		buf_addf(
			out,
			"wanted active and suspended, but actions.%s.reactivate is never: nothing",
			kind_names[kind]);
	else if (!current_at(w, s)->active)
		buf_puts(out, "suspended, and no run ever had it as desired: nothing");
	else if (actions->suspend == SUSPEND_NEVER)
		buf_addf(out, "active and not wanted, but actions.%s.suspend is never: nothing",
			 kind_names[kind]);
	else
		buf_addf(out,
			 "active and not wanted, but no run ever had it as desired, and "
			 "actions.%s.suspend is recorded: nothing",
			 kind_names[kind]);
}

/* What keeps a suspended account from being deleted. */
static void spared_text(const struct world *w, uint32_t s, struct buf *out)
{
	const struct recorded_account *recorded = recorded_at(w, s);
	const struct plan_options *options = w->in->options;
	char date[DATE_TEXT_SIZE];

	if (!options->delete_.len || !current_at(w, s) || current_at(w, s)->active)
		return;
	buf_addf(out, "; not deleted by --delete %.*s: ", STR_FMT(options->delete_));
	if (str_is(options->delete_, "suspended-and-missing") &&
	    w->subjects[s].want != WANT_ABSENT) {
		buf_puts(out, "a source still lists it");
	} else if (!recorded || !recorded->suspended_by ||
		   recorded->suspended_since == DATE_NONE) {
		buf_puts(out, "no run has suspended it");
	} else {
		date_text(recorded->suspended_since, date);
		buf_addf(out, "suspended since %s, and not for %.*s yet", date,
			 STR_FMT(options->suspended_for));
	}
}

static void rule_text(const struct world *w, uint32_t s, struct buf *out)
{
	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_NOTHING:
		buf_puts(out, nothing_text(w, s));
		break;
	case RULING_SAME:
		buf_puts(out, "wanted active and active: an update when something differs");
		break;
	case RULING_KEPT:
		buf_puts(out, "wanted active and active, but actions.update is off");
		break;
	case RULING_CREATE:
		buf_puts(out, "wanted active and not there: create");
		break;
	case RULING_REACTIVATE:
		buf_puts(out, "wanted active and suspended: reactivate");
		break;
	case RULING_SUSPEND:
		buf_puts(out, "active and not wanted: suspend");
		break;
	case RULING_DELETE:
		buf_puts(out, "suspended and not wanted, long enough for --delete: delete");
		break;
	case RULING_INACTIVE:
		buf_puts(out, "suspended, and so wanted: nothing");
		spared_text(w, s, out);
		break;
	case RULING_UNMANAGED:
		unmanaged_text(w, s, out);
		spared_text(w, s, out);
		break;
	case RULING_LEFT_OUT:
		buf_addf(out, "left out by %s: as if not managed", left_out_by(w, s));
		break;
	case RULING_PROTECTED:
		buf_puts(out, "protected by target.protect: nothing");
		break;
	case RULING_HELD:
		buf_puts(out, "held: whatever exists for it stays as it is");
		break;
	case RULING_MANUAL:
		buf_puts(out, "manual: only a person can do this");
		break;
	}
}

static void say_rule(const struct world *w, uint32_t s, struct buf *out)
{
	const struct subject *subject = &w->subjects[s];
	struct buf problem = BUF_INIT, todo = BUF_INIT;

	buf_puts(out, "  rule:    ");
	rule_text(w, s, out);
	buf_char(out, '\n');
	if (subject->obstacle == OBSTACLE_NONE)
		return;
	obstacle_text(w, s, &problem, &todo);
	buf_puts(out, "  problem: ");
	buf_add(out, buf_str(&problem));
	if (todo.len > 0)
		buf_puts(out, "\n  do:      ");
	buf_add(out, buf_str(&todo));
	buf_char(out, '\n');
	buf_release(&problem);
	buf_release(&todo);
}

void explain_rule(const struct world *w, uint32_t s, struct buf *out)
{
	say_match(w, s, out);
	say_rule(w, s, out);
}
