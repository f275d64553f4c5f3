/*
 * The rule table of the design: what the sources want × what the target has → what becomes of it.
 */
#include "reconcile.h"

#include "address.h"
#include "base/os.h"

#include <stdarg.h>

/* --- one subject -------------------------------------------------------------------------- */

enum account_kind subject_kind(const struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);

	return current ? current->kind : desired_at(w, s)->account.kind;
}

const struct sym *subject_address(const struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);

	return current ? current->address : desired_at(w, s)->account.address;
}

const struct sym *subject_address_after(const struct world *w, uint32_t s)
{
	return is_live(w, s) ? desired_at(w, s)->account.address : subject_address(w, s);
}

bool is_live(const struct world *w, uint32_t s)
{
	const struct subject *subject = &w->subjects[s];

	return subject->ruling == RULING_CREATE || subject->ruling == RULING_REACTIVATE ||
	       (subject->ruling == RULING_SAME && !subject->no_key);
}

bool will_be_active(const struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);

	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_CREATE:
	case RULING_REACTIVATE:
		return true;
	case RULING_NOTHING:
	case RULING_SUSPEND:
	case RULING_DELETE:
		return false;
	case RULING_SAME:
	case RULING_KEPT:
	case RULING_INACTIVE:
	case RULING_UNMANAGED:
	case RULING_LEFT_OUT:
	case RULING_PROTECTED:
	case RULING_HELD:
	case RULING_MANUAL:
		break;
	}
	return current && current->active;
}

static bool in_strs(const struct strs *patterns, const struct sym *text)
{
	return text && pattern_match_any(patterns->items, patterns->count, sym_str(text));
}

/* --- what narrows and protects -------------------------------------------------------------- */

static const struct sym *desired_address(const struct world *w, uint32_t s)
{
	const struct desired_account *desired = desired_at(w, s);

	return desired ? desired->account.address : NULL;
}

static const struct sym *current_address(const struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);

	return current ? current->address : NULL;
}

/* NULL: nothing leaves the account out, whatever becomes of it. */
static const char *is_left_out(const struct world *w, uint32_t s)
{
	const struct plan_options *options = w->in->options;
	const struct sym *is = current_address(w, s), *wanted = desired_address(w, s);

	if (w->only[subject_kind(w, s)] == 0)
		return "--only";
	if (options->include.count > 0 && !in_strs(&options->include, is) &&
	    !in_strs(&options->include, wanted))
		return "--include";
	return in_strs(&options->exclude, is) || in_strs(&options->exclude, wanted)
		       ? "--exclude"
		       : NULL;
}

const char *left_out_by(const struct world *w, uint32_t s)
{
	const char *option = is_left_out(w, s);

	return option ? option : "--only";
}

static bool is_protected(const struct world *w, uint32_t s)
{
	const struct sym *is = current_address(w, s), *wanted = desired_address(w, s);

	return (is && guard_protects(w->config, sym_str(is))) ||
	       (wanted && guard_protects(w->config, sym_str(wanted)));
}

/* As it would be after the plan. */
static bool stays_in_scope(const struct world *w, uint32_t s)
{
	const struct config_scope *scope = &w->config->target.scope;
	const struct desired_account *desired = desired_at(w, s);
	struct account after = desired->account;

	if (scope->include.count + scope->exclude.count + scope->include_units.count +
		    scope->exclude_units.count ==
	    0)
		return true;
	if (!after.address)
		return true;
	if (!(after.has & ATTR_UNIT) && current_at(w, s))
		after.unit = current_at(w, s)->unit;
	return target_in_scope(w->config, &after);
}

unsigned ruling_actions(enum ruling ruling)
{
	switch (ruling) {
	case RULING_CREATE:
		return 1u << ACTION_CREATE;
	case RULING_REACTIVATE:
		return 1u << ACTION_REACTIVATE;
	case RULING_SUSPEND:
		return 1u << ACTION_SUSPEND;
	case RULING_DELETE:
		return 1u << ACTION_DELETE;
	case RULING_SAME:
	case RULING_KEPT:
		return ONLY_UPDATES | ONLY_ADOPT;
	case RULING_NOTHING:
	case RULING_INACTIVE:
	case RULING_UNMANAGED:
	case RULING_LEFT_OUT:
	case RULING_PROTECTED:
	case RULING_HELD:
	case RULING_MANUAL:
		break;
	}
	return 0;
}

static bool only_allows(const struct world *w, uint32_t s, enum ruling ruling)
{
	const unsigned actions = ruling_actions(ruling);

	return actions == 0 || w->only[subject_kind(w, s)] & actions;
}

/* --- the table ---------------------------------------------------------------------------- */

static enum ruling obstruct(struct world *w, uint32_t s, enum ruling ruling,
			    enum obstacle obstacle, uint32_t other, const struct sym *about)
{
	struct subject *subject = &w->subjects[s];

	subject->obstacle = (uint8_t)obstacle;
	subject->other = other;
	subject->about = about;
	return ruling;
}

static bool signs_in(const struct world *w, uint32_t s)
{
	return w->config->target.sign_in == SIGN_IN_SSO && subject_kind(w, s) == KIND_USER;
}

bool has_key(const struct desired_account *desired)
{
	return desired && (desired->key || desired->fingerprint);
}

bool key_is_lost(const struct recorded_account *recorded)
{
	return recorded && recorded->key && str_is(sym_str(recorded->key), "lost");
}

static enum ruling rule_create(struct world *w, uint32_t s)
{
	const struct desired_account *desired = desired_at(w, s);

	if (!w->config->actions[desired->account.kind].create)
		return RULING_NOTHING;
	if (!desired->account.name)
		return obstruct(w, s, RULING_HELD, OBSTACLE_NO_NAME, NOBODY, NULL);
	if (w->keys_required && signs_in(w, s) && !has_key(desired))
		return obstruct(w, s, RULING_HELD, OBSTACLE_NO_KEY, NOBODY, NULL);
	return RULING_CREATE;
}

static enum ruling rule_return(struct world *w, uint32_t s)
{
	const struct recorded_account *recorded = recorded_at(w, s);
	const struct identity *identity = &w->identity[w->subjects[s].desired];

	switch (w->config->actions[subject_kind(w, s)].reactivate) {
	case SUSPEND_NEVER:
		return RULING_UNMANAGED;
	case SUSPEND_RECORDED:
		if (!recorded || !recorded->suspended_by)
			return obstruct(w, s, RULING_MANUAL, OBSTACLE_OUTSIDE, NOBODY, NULL);
		break;
	case SUSPEND_ALWAYS:
		break;
	}
	/* Whose mail it opens, the address alone does not tell. */
	if (identity->lost_id && !identity->confirmed)
		return obstruct(w, s, RULING_MANUAL, OBSTACLE_ID_LOST, NOBODY, NULL);
	if (signs_in(w, s) && (w->keys_always || (recorded && recorded->key)) &&
	    !has_key(desired_at(w, s)))
		return obstruct(w, s, RULING_MANUAL, OBSTACLE_KEY_LOST, NOBODY, NULL);
	return RULING_REACTIVATE;
}

static enum ruling rule_same(struct world *w, uint32_t s)
{
	const struct recorded_account *recorded = recorded_at(w, s);

	if (!w->config->actions[subject_kind(w, s)].update)
		return RULING_KEPT;
	w->subjects[s].no_key = signs_in(w, s) && !has_key(desired_at(w, s)) &&
				(w->keys_always ||
				 (recorded && recorded->key && !key_is_lost(recorded)));
	return RULING_SAME;
}

static enum ruling rule_leave(const struct world *w, uint32_t s, enum want want)
{
	const struct recorded_account *recorded = recorded_at(w, s);

	switch (w->config->actions[subject_kind(w, s)].suspend) {
	case SUSPEND_NEVER:
		return RULING_UNMANAGED;
	case SUSPEND_RECORDED:
		if (want == WANT_ABSENT && (!recorded || recorded->desired_since == DATE_NONE))
			return RULING_UNMANAGED;
		break;
	case SUSPEND_ALWAYS:
		break;
	}
	return RULING_SUSPEND;
}

/* --delete, by what the record knows of the suspension. */
static bool is_to_delete(const struct world *w, uint32_t s, enum want want)
{
	const struct recorded_account *recorded = recorded_at(w, s);
	const struct str asked = w->in->options->delete_;

	if (asked.len == 0 || w->config->target.protect.count == 0)
		return false;
	if (str_is(asked, "suspended-and-missing") && want != WANT_ABSENT)
		return false;
	return recorded && recorded->suspended_by && recorded->suspended_since != DATE_NONE &&
	       (int64_t)recorded->suspended_since + w->suspended_days <= w->in->today;
}

static enum ruling rule_stay_away(const struct world *w, uint32_t s, enum want want)
{
	const struct recorded_account *recorded = recorded_at(w, s);

	if (is_to_delete(w, s, want))
		return RULING_DELETE;
	if (want == WANT_INACTIVE ||
	    (recorded && (recorded->suspended_by || recorded->desired_since != DATE_NONE)))
		return RULING_INACTIVE;
	return RULING_UNMANAGED;
}

/* Before what is wanted comes into play. NOTHING: the table decides. */
static enum ruling rule_exceptions(struct world *w, uint32_t s, enum want want, bool *decided)
{
	const struct account *current = current_at(w, s);
	const uint32_t d = w->subjects[s].desired;
	const struct identity *identity = d == NOBODY ? NULL : &w->identity[d];

	*decided = true;
	if (is_left_out(w, s))
		return RULING_LEFT_OUT;
	if (is_protected(w, s))
		return RULING_PROTECTED;
	if (identity && !current && !stays_in_scope(w, s))
		return RULING_NOTHING;
	if (want == WANT_HELD)
		return obstruct(w, s, RULING_HELD, OBSTACLE_SOURCE, NOBODY, NULL);
	if (current && d == NOBODY && w->also_of && w->also_of[s] != NOBODY)
		return obstruct(w, s, RULING_MANUAL, OBSTACLE_TWO_ACCOUNTS,
				w->subject_of[w->also_of[s]], NULL);
	if (identity && identity->match == MATCH_CONFLICT) {
		const bool two = w->desired_of[identity->current] != NOBODY;

		if (want != WANT_ACTIVE || !(w->only[subject_kind(w, s)] & 1u << ACTION_CREATE))
			return RULING_NOTHING;
		return obstruct(w, s, RULING_MANUAL,
				two ? OBSTACLE_TWO_ENTRIES : OBSTACLE_PREDECESSOR,
				identity->current, NULL);
	}
	if (identity && !current && want == WANT_ACTIVE &&
	    has_left_scope(w, desired_at(w, s), identity->recorded))
		return obstruct(w, s, RULING_MANUAL, OBSTACLE_LEFT_SCOPE, NOBODY, NULL);
	if (identity && current && want != WANT_ABSENT) {
		if (current->kind != desired_at(w, s)->account.kind)
			return obstruct(w, s, RULING_MANUAL, OBSTACLE_KIND, NOBODY, NULL);
		if (want == WANT_ACTIVE && !stays_in_scope(w, s))
			return obstruct(w, s, RULING_MANUAL, OBSTACLE_SCOPE, NOBODY, NULL);
	}
	*decided = false;
	return RULING_NOTHING;
}

static void rule(struct world *w, uint32_t s, enum want want)
{
	struct subject *subject = &w->subjects[s];
	const struct account *current = current_at(w, s);
	enum ruling ruling;
	bool decided;

	subject->want = (uint8_t)want;
	subject->no_key = false;
	obstruct(w, s, RULING_NOTHING, OBSTACLE_NONE, NOBODY, NULL);
	ruling = rule_exceptions(w, s, want, &decided);
	if (!decided && !current)
		ruling = want == WANT_ACTIVE ? rule_create(w, s) : RULING_NOTHING;
	else if (!decided && want == WANT_ACTIVE)
		ruling = current->active ? rule_same(w, s) : rule_return(w, s);
	else if (!decided)
		ruling = current->active ? rule_leave(w, s, want) : rule_stay_away(w, s, want);
	if (subject->obstacle == OBSTACLE_OUTSIDE || subject->obstacle == OBSTACLE_ID_LOST ||
	    subject->obstacle == OBSTACLE_KEY_LOST)
		decided = !only_allows(w, s, RULING_REACTIVATE);
	else if (subject->obstacle == OBSTACLE_NO_NAME ||
		 subject->obstacle == OBSTACLE_NO_KEY ||
		 subject->obstacle == OBSTACLE_LEFT_SCOPE)
		decided = !only_allows(w, s, RULING_CREATE);
	else
		decided = !only_allows(w, s, ruling);
	subject->ruling = (uint8_t)(decided ? RULING_LEFT_OUT : ruling);
}

static enum want want_of(const struct world *w, uint32_t d)
{
	const struct desired_account *item = &w->in->desired->items[d];

	if (item->held)
		return WANT_HELD;
	if (w->config->claimed.count > 0 &&
	    !in_domains(&w->config->claimed, item->account.address))
		return WANT_ABSENT;
	return item->account.active ? WANT_ACTIVE : WANT_INACTIVE;
}

void rule_functional(struct world *w, uint32_t s)
{
	struct subject *subject = &w->subjects[s];
	const enum ruling before = (enum ruling)subject->ruling;
	enum want want = subject->desired == NOBODY ? WANT_ABSENT
						    : want_of(w, subject->desired);

	if (want == WANT_ACTIVE && subject->active_delegates == 0)
		want = WANT_INACTIVE;
	rule(w, s, want);
	if (subject->ruling != before)
		*vec_push(&w->gave_way) = s;
}

void give_way(struct world *w, uint32_t s, enum obstacle obstacle, uint32_t other,
	      const struct sym *about)
{
	w->subjects[s].ruling = (uint8_t)obstruct(w, s, RULING_MANUAL, obstacle, other, about);
	*vec_push(&w->gave_way) = s;
}

/* --- all of them -------------------------------------------------------------------------- */

void reconcile(const struct reconcile_input *input, struct plan *plan,
	       struct explanation *explain)
{
	struct world w = {.in = input, .config = input->config, .plan = plan};

	world_prepare(&w);
	for (uint32_t s = 0; s < w.count; s++)
		rule(&w, s,
		     w.subjects[s].desired == NOBODY ? WANT_ABSENT
						     : want_of(&w, w.subjects[s].desired));
	hold_renames(&w, KIND_USER);
	delegates_resolve(&w);
	delegates_count(&w);
	for (uint32_t s = 0; s < w.count; s++)
		if (subject_kind(&w, s) == KIND_FUNCTIONAL)
			rule_functional(&w, s);
	hold_renames(&w, KIND_FUNCTIONAL);
	w.gave_way.count = 0; /* nobody has counted on anything yet */
	delegates_readers(&w);
	address_settle(&w);
	emit_plan(&w);
	if (explain)
		explain_account(&w, explain);
	/* The tables of a large organisation are not needed twice at once. */
	world_release(&w);
	expect_fill(plan, input->current, input->names);
}

#define DAY 86400

int reconcile_check(const struct config *config, const struct plan_options *options,
		    struct err *err)
{
	int64_t seconds;

	if (options->delete_.len == 0)
		return options->suspended_for.len == 0
			       ? 0
			       : err_set(err, ERR_USAGE, "--suspended-for needs --delete");
	if (!str_is(options->delete_, "suspended") &&
	    !str_is(options->delete_, "suspended-and-missing"))
		return err_set(err, ERR_USAGE,
			       "--delete %.*s: 'suspended' or 'suspended-and-missing' is "
			       "expected",
			       STR_FMT(options->delete_));
	if (options->suspended_for.len == 0)
		return err_set(err, ERR_USAGE,
			       "--delete needs --suspended-for with a duration such as 30d: "
			       "deleted messages are lost for ever");
	/* The record keeps the day of a suspension, not the hour. */
	if (!duration_parse(options->suspended_for, &seconds) || seconds % DAY)
		return err_set(err, ERR_USAGE,
			       "--suspended-for %.*s: whole days such as 30d are expected",
			       STR_FMT(options->suspended_for));
	if (config->target.protect.count == 0)
		return err_set(err, ERR_USAGE,
			       "--delete needs target.protect: name the accounts that must "
			       "never be deleted, such as the administrators'");
	return 0;
}
