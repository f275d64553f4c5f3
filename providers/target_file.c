#include "target_file.h"

#include "file_apply.h"

#include "base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BATCH_MIN = 1000, /* requests that are written together, when nobody says otherwise … */
	BATCH_SHARE =
		10, /* … or a tenth of the accounts: a run rewrites the file some ten times */
	READING_VALID = 60, /* seconds; what is written is always based on the newest file */
	ATTEMPTS = 5,       /* when somebody else keeps changing the file */
};

struct file_target {
	struct target target;
	struct str path; /* ends in NUL; the configuration's */
	struct file_index index;
	struct sym_pool *names; /* given to list; NULL before */
	struct {
		struct file_request *items;
		size_t count, capacity;
	} waiting;
	struct arena answers;
};

static struct file_target *self(struct target *target)
{
	return (struct file_target *)target;
}

static void choose_batch(struct file_target *t)
{
	size_t share = t->index.resources.count / BATCH_SHARE;

	if (t->target.config->target.parallel > 0)
		t->target.parallel = t->target.config->target.parallel;
	else
		t->target.parallel = share > BATCH_MIN ? (unsigned)share : BATCH_MIN;
}

static int load(struct file_target *t, struct accounts *accounts, struct err *err)
{
	if (file_index_load(&t->index, t->path.ptr, t->names, accounts, err))
		return err_prefix(err, "target");
	choose_batch(t);
	return 0;
}

static int file_list(struct target *target, struct sym_pool *names, struct accounts *accounts,
		     struct err *err)
{
	struct file_target *t = self(target);

	arena_reset(&t->answers);
	t->names = names;
	return load(t, accounts, err);
}

static int file_submit(struct target *target, const struct target_request *request,
		       struct err *err)
{
	struct file_target *t = self(target);
	struct file_request *waiting;

	if (!t->names)
		return err_set(err, ERR_FAILED, "target: nothing was listed yet");
	waiting = vec_push(&t->waiting);
	waiting->request = *request;
	waiting->request.key = STR_NONE;
	if (request->key.ptr) {
		waiting->has_key = true;
		sha256_text(request->key, waiting->key);
	}
	return 0;
}

static size_t file_under_way(const struct target *target)
{
	return ((const struct file_target *)target)->waiting.count;
}

/* Those that would be done end another way instead, because the file could not be written. */
static void end_all(struct file_target *t, struct target_outcomes *outcomes,
		    enum outcome_class class, const struct err *why, const char *advice)
{
	struct str text = arena_str(&t->answers, str_of(why->text));

	for (size_t i = 0; i < outcomes->count; i++) {
		struct target_outcome *outcome = &outcomes->items[i];

		if (outcome->class != OUTCOME_DONE)
			continue;
		*outcome = (struct target_outcome){.number = outcome->number,
						   .class = class,
						   .text = text,
						   .advice = str_of(advice)};
	}
}

/* All of it once. */
static enum file_written commit(struct file_target *t, struct target_outcomes *outcomes,
				struct err *err)
{
	enum file_written written;

	for (size_t i = 0; i < outcomes->count; i++) {
		outcomes->items[i] =
			(struct target_outcome){.number = t->waiting.items[i].request.number};
	}
	if ((t->index.stale || file_index_changed(&t->index, t->path.ptr)) &&
	    load(t, NULL, err))
		return FILE_NOT_WRITTEN;
	for (size_t i = 0; i < outcomes->count; i++) {
		if (file_apply(&t->index, t->target.config, &t->answers, &t->waiting.items[i],
			       &outcomes->items[i], err)) {
			err_prefix(err, "target");
			t->index.stale = true;
			return file_index_changed(&t->index, t->path.ptr)
				       ? FILE_CHANGED_MEANWHILE
				       : FILE_NOT_WRITTEN;
		}
	}
	if (!t->index.changed)
		return FILE_WRITTEN;
	written = file_index_write(&t->index, t->path.ptr, err);
	if (written == FILE_NOT_WRITTEN || written == FILE_IN_DOUBT)
		err_prefix(err, "target");
	return written;
}

static int file_wait(struct target *target, int timeout_ms, struct target_outcomes *outcomes,
		     struct err *err)
{
	struct file_target *t = self(target);
	enum file_written written = FILE_CHANGED_MEANWHILE;
	struct err why = ERR_INIT;

	(void)timeout_ms; /* a file is never waited for */
	(void)err;
	outcomes->count = 0;
	for (size_t i = 0; i < t->waiting.count; i++)
		vec_push(outcomes);
	if (outcomes->count == 0)
		return 0;
	for (int i = 0; i < ATTEMPTS && written == FILE_CHANGED_MEANWHILE; i++)
		written = commit(t, outcomes, &why);
	switch (written) {
	case FILE_WRITTEN:
		choose_batch(t);
		break;
	case FILE_CHANGED_MEANWHILE:
		err_set(&why, ERR_FAILED, "target: %.*s is written to again and again",
			STR_FMT(t->index.shown));
		end_all(t, outcomes, OUTCOME_FAILED, &why,
			"find out which other program changes the file, and plan again");
		break;
	case FILE_NOT_WRITTEN:
		end_all(t, outcomes, OUTCOME_FATAL, &why,
			"the file is as it was: mend the cause and continue");
		break;
	case FILE_IN_DOUBT:
		end_all(t, outcomes, OUTCOME_UNKNOWN, &why, "");
		break;
	}
	t->waiting.count = 0;
	return 0;
}

static void file_endpoint(const struct target *target, struct buf *out)
{
	buf_puts(out, "file ");
	buf_add(out, target->config->target.path_given);
}

/* Replacing the file needs a writable folder; a read-only file says that nobody should. */
static int check_writable(const struct file_target *t, struct err *err)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	struct str dir = os_dirname(&scratch, t->path);

	if (access(t->path.ptr, W_OK))
		return err_errno(err, ERR_FAILED, "%.*s: cannot be written to",
				 STR_FMT(t->index.shown));
	if (access(dir.ptr, W_OK | X_OK))
		return err_errno(err, ERR_FAILED,
				 "%.*s: its folder cannot be written to, so the file cannot be "
				 "replaced",
				 STR_FMT(t->index.shown));
	return 0;
}

static int file_check(struct target *target, struct buf *out, struct err *err)
{
	struct file_target *t = self(target);
	CLEANUP(sym_pool_release) struct sym_pool names = SYM_POOL_INIT;
	CLEANUP(file_index_release) struct file_index index = FILE_INDEX_INIT;
	size_t counts[KIND_COUNT] = {0};

	index.shown = t->index.shown;
	if (file_index_load(&index, t->path.ptr, &names, NULL, err) || check_writable(t, err)) {
		buf_addf(out, "FAILED target: %s\n", err->text);
		return err_prefix(err, "target");
	}
	for (size_t i = 0; i < index.resources.count; i++)
		counts[index.resources.items[i].kind]++;
	buf_addf(out, "ok target: file %.*s holds %zu user%s and %zu functional account%s\n",
		 STR_FMT(t->index.shown), counts[KIND_USER], counts[KIND_USER] == 1 ? "" : "s",
		 counts[KIND_FUNCTIONAL], counts[KIND_FUNCTIONAL] == 1 ? "" : "s");
	return 0;
}

static void file_free(struct target *target)
{
	struct file_target *t = self(target);

	file_index_release(&t->index);
	free(t->waiting.items);
	arena_release(&t->answers);
	free(t);
}

static const struct target_ops file_ops = {
	.provider = "file",
	.list = file_list,
	.submit = file_submit,
	.under_way = file_under_way,
	.wait = file_wait,
	.endpoint = file_endpoint,
	.check = file_check,
	.free = file_free,
};

int target_file_open(struct target **target, const struct config *config, struct err *err)
{
	struct file_target *t;

	if (config->target.path.len == 0)
		return err_set(err, ERR_FAILED, "target: no path");
	t = mem_calloc(1, sizeof(*t));
	t->target = (struct target){
		.ops = &file_ops,
		.config = config,
		.reading_valid_s = READING_VALID,
		.rehearsal = true,
		.own_keys = config->target.sign_in == SIGN_IN_SSO,
	};
	t->path = config->target.path;
	t->index = (struct file_index)FILE_INDEX_INIT;
	t->index.shown = config->target.path_given;
	choose_batch(t);
	*target = &t->target;
	return 0;
}
