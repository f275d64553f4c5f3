/*
 * The commits of a run, and what they say to somebody who reads the record with git alone. Text from
 * outside is made visible: a name must not look like a trailer.
 */
#include "apply_internal.h"

#include "fingerprint.h"

#include <malloc.h>

#define MANY 10000
#define OBSERVED_LINES 50
#define END_LINES 200

struct str run_author(struct apply_run *run)
{
	return arena_strf(&run->arena, "%.*s@%.*s", STR_FMT(run->result->user),
			  STR_FMT(run->result->host));
}

static int commit(struct apply_run *run, struct state_commit *commit,
		  const struct recorded *recorded, struct err *err)
{
	char head[COMMIT_TEXT_SIZE];

	commit->expected_head = run->head;
	commit->author = run_author(run);
	commit->time = run->input->now;
	if (state_commit(run->state, commit, recorded, head, err) < 0)
		return -1;
	memcpy(run->head, head, sizeof(run->head));
	/* Compressing many small files leaves the heap full of holes. */
	if (commit->write_count > MANY)
		malloc_trim(0);
	return 0;
}

/* The changed record is the record from now on. What it points to lives as long as the run. */
static void take_over(struct apply_run *run, struct record_change *change)
{
	free(run->recorded.items);
	run->recorded.items = change->after.items;
	run->recorded.count = change->after.count;
	run->recorded.capacity = change->after.capacity;
	run->recorded.sources = change->after.sources;
	run->recorded.source_count = change->after.source_count;
	change->after.items = NULL;
	sym_table_release(&run->recorded_at);
	for (size_t i = 0; i < run->recorded.count; i++) {
		const struct sym *id = run->recorded.items[i].account.id;

		if (id)
			sym_table_put(&run->recorded_at, id, (uint32_t)i + 1);
	}
}

static int commit_record(struct apply_run *run, struct state_commit *made,
			 struct record_change *change, struct err *err)
{
	int failed;

	made->write = change->write;
	made->write_count = change->write_count;
	made->remove = change->remove;
	made->remove_count = change->remove_count;
	failed = commit(run, made, &change->after, err);
	if (!failed)
		take_over(run, change);
	record_change_release(change);
	return failed;
}

/* --- messages --------------------------------------------------------------------------------- */

static void add_trailer(struct buf *out, const char *key, struct str value)
{
	if (!value.len)
		return;
	buf_addf(out, "%s: ", key);
	buf_add_visible(out, value, false);
	buf_char(out, '\n');
}

static void add_trailers(struct apply_run *run, struct buf *out)
{
	const struct plan *plan = run->plan;

	buf_char(out, '\n');
	add_trailer(out, "Reason", plan->reason);
	add_trailer(out, "Requested-by", plan->author);
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

int commit_policy(struct apply_run *run, struct str approver, struct err *err)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	struct state_file files[2];
	struct state_commit made = {.files = files, .file_count = 2};

	policy_files(&run->policy, &run->arena, files);
	buf_puts(&message, "policy: how plans are approved from now on\n\n"
			   "Recorded by the first run, before anything else.\n\n");
	add_trailer(&message, "Confirmed-by", approver);
	add_trailer(&message, "Applied-by", run_author(run));
	made.message = buf_str(&message);
	return commit(run, &made, NULL, err);
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

int commit_observed(struct apply_run *run, const struct drifts *drifts, struct err *err)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	struct lines lines = {&message, 0, OBSERVED_LINES};
	struct state_commit made = {.expected_head = NULL};
	struct record_change change;
	size_t counts[3] = {0, 0, 0};

	for (size_t i = 0; i < drifts->count; i++)
		counts[drifts->items[i].kind]++;
	buf_addf(&message, "observed %zu changed, %zu appeared, %zu gone\n\n",
		 counts[DRIFT_CHANGED], counts[DRIFT_APPEARED], counts[DRIFT_GONE]);
	buf_puts(&message, run->recorded.count
				   ? "Changed in the target since the last run. Without "
				     "approvals.\n\n"
				   : "What the target held before the first run. Without "
				     "approvals.\n\n");
	for (size_t i = 0; i < drifts->count; i++)
		observed_line(&lines, &drifts->items[i]);
	lines_end(&lines);
	buf_char(&message, '\n');
	add_trailer(&message, "Applied-by", run_author(run));
	record_observed(run, drifts, &change);
	made.message = buf_str(&message);
	return commit_record(run, &made, &change, err);
}

/* --- begin ---------------------------------------------------------------------------------------- */

static struct str run_file(struct apply_run *run, const char *folder, struct str name)
{
	return arena_strf(&run->arena, "runs/%.*s/%s%.*s", STR_FMT(run->plan->id), folder,
			  STR_FMT(name));
}

int commit_begin(struct apply_run *run, struct err *err)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	const struct approvals *approvals = &run->approvals;
	struct state_commit made = {.expected_head = NULL};
	struct state_file *files = arena_array(&run->arena, struct state_file,
					       approvals->count + 2);

	files[made.file_count++] = (struct state_file){run_file(run, "", STR("plan.yaml")),
						       buf_str(&run->bytes)};
	for (size_t i = 0; i < approvals->count; i++) {
		const struct approval *approval = &approvals->items[i];

		if (approval->counts)
			files[made.file_count++] = (struct state_file){
				run_file(run, "approvals/", approval->file), approval->bytes};
	}
	if (run->fingerprint_key.ptr)
		files[made.file_count++] = (struct state_file){
			STR(FINGERPRINT_FILE),
			fingerprint_record(&run->fingerprint_key, &run->arena)};
	buf_addf(&message, "begin %.*s\n", STR_FMT(run->plan->id));
	add_trailers(run, &message);
	made.message = buf_str(&message);
	made.files = files;
	return commit(run, &made, NULL, err);
}

/* --- end ------------------------------------------------------------------------------------------ */

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

static void end_message(struct apply_run *run, struct buf *out)
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

int commit_end(struct apply_run *run, struct err *err)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	CLEANUP(buf_release) struct buf result = BUF_INIT;
	struct state_file files[4];
	struct state_commit made = {.files = files, .file_count = 2};
	struct record_change change;

	run->result->ended = run->input->now;
	result_write(run->result, run->plan, &result);
	files[0] = (struct state_file){run_file(run, "", STR("result.yaml")), buf_str(&result)};
	/* So that the next plan can say what changed in the configuration. */
	files[1] = (struct state_file){STR(STATE_CONFIG), run->config->canonical};
	if (run->plan->policy.count && !run->result->closed) {
		policy_files(&run->wanted_policy, &run->arena, &files[2]);
		made.file_count = 4;
	}
	end_message(run, &message);
	made.message = buf_str(&message);
	record_run(run, &change);
	return commit_record(run, &made, &change, err);
}
