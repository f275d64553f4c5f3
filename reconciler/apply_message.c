/*
 * What the commits of a run say to somebody who reads the record with git alone. Text from outside is made
 * visible: a name must not look like a trailer.
 */
#include "apply_internal.h"

#include <inttypes.h>

#define OBSERVED_LINES 50
#define END_LINES 200

static void add_trailer(struct buf *out, const char *key, struct str value)
{
	if (!value.len)
		return;
	buf_addf(out, "%s: ", key);
	buf_add_visible(out, value, false);
	buf_char(out, '\n');
}

/* "suspend user from 10% of 90 to 12": what --allow let pass. */
static void add_raised(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->limits.count; i++) {
		const struct plan_limit *limit = &plan->limits.items[i];
		char text[LIMIT_TEXT_SIZE];

		if (!limit->overridden)
			continue;
		limit_text(limit->limit, text);
		buf_puts(out, "Limit-Raised: ");
		buf_add_visible(out, limit->rule, false);
		buf_addf(out, " from %s", text);
		if (limit->limit.type == LIMIT_PERCENT)
			buf_addf(out, " of %" PRIu64, limit->of);
		buf_addf(out, " to %" PRIu64 "\n", limit->allowed);
	}
}

static void add_trailers(struct apply_run *run, struct buf *out)
{
	const struct plan *plan = run->plan;

	buf_char(out, '\n');
	add_trailer(out, "Reason", plan->reason);
	add_trailer(out, "Requested-by", plan->author);
	add_raised(plan, out);
	for (size_t i = 0; i < run->approved_by.count; i++)
		add_trailer(out, "Approved-by", run->approved_by.items[i]);
	add_trailer(out, "Applied-by", run_author(run));
	add_trailer(out, "Plan-Digest", str_of(plan->digest));
	add_trailer(out, "Config-Commit", plan->config_commit);
}

/* Lines up to a bound, the rest as a number. */
struct lines {
	struct buf *out;
	size_t count, most;
};

static bool line_begin(struct lines *lines, const char *sign)
{
	if (lines->count++ >= lines->most)
		return false;
	buf_addf(lines->out, "%s ", sign);
	return true;
}

/* "user bob@example.org" */
static void add_account(struct buf *out, enum account_kind kind, struct str address)
{
	buf_addf(out, "%s ", kind_names[kind]);
	buf_add_visible(out, address, false);
}

static void add_reason(struct buf *out, const char *before, struct str text, const char *after)
{
	if (text.len) {
		buf_puts(out, before);
		buf_add_visible(out, text, false);
		buf_puts(out, after);
	}
	buf_char(out, '\n');
}

static void lines_end(const struct lines *lines)
{
	if (lines->count > lines->most)
		buf_addf(lines->out, "and %zu more\n", lines->count - lines->most);
}

/* --- policy and observed ------------------------------------------------------------------------ */

void message_policy(struct apply_run *run, struct str approver, struct buf *out)
{
	buf_puts(out, "policy: how plans are approved from now on\n\n"
		      "Recorded by the first run, before anything else.\n\n");
	add_trailer(out, "Confirmed-by", approver);
	add_trailer(out, "Applied-by", run_author(run));
}

/* In the words of the end of a run, so that who looks for them finds both. */
static void observed_access(struct lines *lines, const struct drift *drift,
			    const struct set *delegates, const char *sign, const char *may)
{
	for (uint32_t i = 0; i < delegates->count; i++) {
		if (!line_begin(lines, sign))
			continue;
		buf_add_visible(lines->out, sym_str(delegates->items[i]), false);
		buf_addf(lines->out, " %s ", may);
		buf_add_visible(lines->out, sym_str(drift->current->address), false);
		buf_char(lines->out, '\n');
	}
}

static void observed_line(struct lines *lines, const struct drift *drift)
{
	static const char *const signs[] = {"+", "-", "~"};
	static const char *const words[] = {"appeared", "gone"};
	const struct account *account = drift->current ? drift->current
						       : &drift->recorded->account;
	const char *separator = ": ";

	if (!line_begin(lines, signs[drift->kind]))
		return;
	add_account(lines->out, (enum account_kind)account->kind, sym_str(account->address));
	if (drift->kind != DRIFT_CHANGED) {
		buf_addf(lines->out, " %s\n", words[drift->kind]);
		return;
	}
	for (unsigned bit = 0; bit < ATTR_COUNT; bit++) {
		if (!(drift->attributes & 1U << bit))
			continue;
		if (1U << bit == ATTR_ACTIVE)
			buf_addf(lines->out, "%s%s", separator,
				 drift->recorded->account.active ? "suspended"
								 : "active again");
		else
			buf_addf(lines->out, "%s%s", separator, attribute_names[bit]);
		separator = ", ";
	}
	buf_char(lines->out, '\n');
	observed_access(lines, drift, &drift->removed, "-", "may no longer read");
	observed_access(lines, drift, &drift->added, "+", "may read");
}

void message_observed(struct apply_run *run, const struct drifts *drifts, struct buf *out)
{
	struct lines lines = {out, 0, OBSERVED_LINES};
	size_t counts[3] = {0, 0, 0};

	for (size_t i = 0; i < drifts->count; i++)
		counts[drifts->items[i].kind]++;
	buf_addf(out, "observed %zu changed, %zu appeared, %zu gone\n\n", counts[DRIFT_CHANGED],
		 counts[DRIFT_APPEARED], counts[DRIFT_GONE]);
	buf_puts(out, run->recorded.count
			      ? "Changed in the target since the last run. Without "
				"approvals.\n\n"
			      : "What the target held before the first run. Without "
				"approvals.\n\n");
	for (size_t i = 0; i < drifts->count; i++)
		observed_line(&lines, &drifts->items[i]);
	lines_end(&lines);
	buf_char(out, '\n');
	add_trailer(out, "Applied-by", run_author(run));
}

/* --- begin and end ---------------------------------------------------------------------------- */

void message_begin(struct apply_run *run, struct buf *out)
{
	buf_addf(out, "begin %.*s\n", STR_FMT(run->plan->id));
	add_trailers(run, out);
}

static void pair_line(struct lines *lines, struct str who, const char *may, struct str account,
		      struct str why)
{
	buf_add_visible(lines->out, who, false);
	buf_addf(lines->out, " %s ", may);
	buf_add_visible(lines->out, account, false);
	add_reason(lines->out, " (", why, ")");
}

/* A plan names who gets access by the address that it gives him. */
static struct str added_address(struct apply_run *run, struct str planned)
{
	const struct sym *address = sym_get(&run->names, planned);
	const struct task *task = task_of(run, &run->by_goal, address);

	return task && task->address && !task_done(task) ? sym_str(task->address) : planned;
}

static void access_lines(struct apply_run *run, struct lines *lines, const struct task *task)
{
	const struct plan_change *change = task->change;
	bool partly = task->result->outcome == CHANGE_PARTLY;
	struct str account = sym_str(partly && task->there ? task->now.address : task->goal);

	for (size_t i = 0; i < change->delegates_remove.count; i++) {
		const struct plan_pair *pair = &change->delegates_remove.items[i];

		if (partly && set_has(task->persons, person_removed(run, pair->address)))
			continue;
		if (line_begin(lines, "-"))
			pair_line(lines, pair->address, "may no longer read", account,
				  pair->why);
	}
	for (size_t i = 0; i < change->delegates_add.count; i++) {
		const struct plan_pair *pair = &change->delegates_add.items[i];
		const struct sym *person = partly ? person_added(run, pair) : NULL;

		if (partly && !(person && set_has(task->persons, person)))
			continue;
		if (line_begin(lines, "+"))
			pair_line(lines, added_address(run, pair->address), "may read", account,
				  pair->why);
	}
}

/* Who came back reads again what still lists him: as reviewed, and as far as it does. */
static void again_lines(struct apply_run *run, struct lines *lines, const struct task *task)
{
	const struct strs *reads = &task->change->reads;

	if (task->result->outcome == CHANGE_ALREADY || !task->there || !task->now.active)
		return;
	for (size_t i = 0; i < reads->count; i++) {
		if (!task_reads(run, task, reads->items[i]) || !line_begin(lines, "+"))
			continue;
		buf_add_visible(lines->out, sym_str(task->now.address), false);
		buf_puts(lines->out, " may read ");
		buf_add_visible(lines->out, reads->items[i], false);
		buf_puts(lines->out, " again (reactivated)\n");
	}
}

/* "name, aliases" of an entry that changes them. */
static void attribute_line(struct lines *lines, const struct plan_change *change)
{
	const struct {
		const char *name;
		bool changes;
	} attributes[] = {
		{"name", change->name.set},
		{"aliases", change->aliases_add.count + change->aliases_remove.count > 0},
		{"mobile", change->mobile.set},
		{"unit", change->unit.set},
		{"account key", str_starts(change->key, "hmac:")},
	};
	const char *separator = ": ";
	bool any = change->rename.set;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		any = any || attributes[i].changes;
	if (!any || !line_begin(lines, "~"))
		return;
	add_account(lines->out, change->kind, change->address);
	if (change->rename.set) {
		buf_puts(lines->out, " is ");
		buf_add_visible(lines->out, change->rename.to, false);
		buf_puts(lines->out, " now");
	}
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (!attributes[i].changes)
			continue;
		buf_addf(lines->out, "%s%s", separator, attributes[i].name);
		separator = ", ";
	}
	add_reason(lines->out, " (", change->because, ")");
}

static void whole_line(struct lines *lines, const char *sign, const char *what,
		       const struct plan_change *change)
{
	if (!line_begin(lines, sign))
		return;
	add_account(lines->out, change->kind, change->address);
	buf_addf(lines->out, " %s", what);
	add_reason(lines->out, ": ", change->because, "");
}

static void task_lines(struct apply_run *run, struct lines *lines, const struct task *task)
{
	const struct plan_change *change = task->change;

	switch (change->action) {
	case ACTION_DELETE:
		whole_line(lines, "-", "deleted", change);
		break;
	case ACTION_SUSPEND:
		whole_line(lines, "-", "suspended", change);
		break;
	case ACTION_CREATE:
		whole_line(lines, "+", "created", change);
		break;
	case ACTION_REACTIVATE:
		whole_line(lines, "+", "active again", change);
		again_lines(run, lines, task);
		attribute_line(lines, change);
		break;
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_UPDATE:
		attribute_line(lines, change);
		break;
	}
	access_lines(run, lines, task);
}

static void undone_line(struct lines *lines, const struct task *task)
{
	const struct plan_change *change = task->change;

	if (!line_begin(lines, "!"))
		return;
	buf_addf(lines->out, "%s of ", action_names[change->action]);
	add_account(lines->out, change->kind, change->address);
	buf_addf(lines->out, ": %s", change_outcome_names[task->result->outcome]);
	add_reason(lines->out, ": ", task->result->text, "");
}

static void end_lines(struct apply_run *run, struct buf *out)
{
	const struct plan *plan = run->plan;
	struct lines lines = {out, 0, END_LINES};

	for (size_t i = 0; i < plan->policy.count && !run->result->closed; i++) {
		const struct plan_policy *entry = &plan->policy.items[i];

		if (!line_begin(&lines, "*"))
			continue;
		buf_add_visible(out, entry->what, false);
		buf_puts(out, ": ");
		buf_add_visible(out, entry->from.len ? entry->from : STR("none"), false);
		buf_puts(out, " -> ");
		buf_add_visible(out, entry->to.len ? entry->to : STR("none"), false);
		buf_char(out, '\n');
	}
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct task *task = &run->tasks[i];

		if (task_done(task))
			task_lines(run, &lines, task);
		if (!task_done(task) || task->result->outcome == CHANGE_PARTLY)
			undone_line(&lines, task);
	}
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		if (!adoption_stands(run, adopt) || !line_begin(&lines, "="))
			continue;
		add_account(out, adopt->kind, adopt->address);
		add_reason(out, " adopted (", adopt->source, ")");
	}
	for (size_t i = 0; i < run->result->not_adopted.count; i++) {
		if (!line_begin(&lines, "!"))
			continue;
		buf_puts(out, "adoption of ");
		buf_add_visible(out, run->result->not_adopted.items[i], false);
		buf_puts(out, ": left out: " RESULT_NOT_ADOPTED "\n");
	}
	lines_end(&lines);
}

/* The counts of what was done: those of the plan, without what was not. */
static void add_summary(struct apply_run *run, struct buf *out)
{
	struct plan done = *run->plan;
	size_t count = 0;

	done.changes.items = mem_alloc((done.changes.count + 1) * sizeof(*done.changes.items));
	for (size_t i = 0; i < run->plan->changes.count; i++) {
		if (task_done(&run->tasks[i]))
			done.changes.items[count++] = run->plan->changes.items[i];
	}
	done.changes.count = count;
	done.adopt.count = run->adopted;
	if (run->result->closed)
		done.policy.count = 0;
	plan_summary_changes(&done, out);
	free(done.changes.items);
}

void message_end(struct apply_run *run, struct buf *out)
{
	buf_addf(out, "end %.*s: ", STR_FMT(run->plan->id));
	add_summary(run, out);
	buf_puts(out, "\n\n");
	if (run->result->closed)
		buf_puts(out, "Closed before everything was done.\n\n");
	end_lines(run, out);
	add_trailers(run, out);
	buf_puts(out, "Result: ");
	result_counts_text(run->result, "open", out);
	buf_char(out, '\n');
}
