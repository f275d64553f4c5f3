/* The commits of a run: what is in them. */
#include "apply_internal.h"

#include "fingerprint.h"

#include <malloc.h>

#define MANY 10000

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

int commit_policy(struct apply_run *run, struct str approver, struct err *err)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	struct state_file files[2];
	struct state_commit made = {.files = files, .file_count = 2};

	policy_files(&run->policy, &run->arena, files);
	message_policy(run, approver, &message);
	made.message = buf_str(&message);
	return commit(run, &made, NULL, err);
}

int commit_observed(struct apply_run *run, const struct drifts *drifts, struct err *err)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT;
	struct state_commit made = {.expected_head = NULL};
	struct record_change change;

	message_observed(run, drifts, &message);
	record_observed(run, drifts, &change);
	made.message = buf_str(&message);
	return commit_record(run, &made, &change, err);
}

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
	message_begin(run, &message);
	made.message = buf_str(&message);
	made.files = files;
	return commit(run, &made, NULL, err);
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
	message_end(run, &message);
	made.message = buf_str(&message);
	record_run(run, &change);
	return commit_record(run, &made, &change, err);
}
