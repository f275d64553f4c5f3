/* Commits: the changed files, the trees above them, and the branch moved from where it is
 * expected. */
#include "state_internal.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int collect(struct state_writing *w, const struct state_commit *commit,
		   const struct recorded *recorded, struct err *err)
{
	for (size_t i = 0; i < commit->remove_count; i++)
		state_remove_account(w, commit->remove[i]);
	for (size_t i = 0; i < commit->write_count; i++)
		state_change_account(w, commit->write[i]);
	for (size_t i = 0; i < commit->file_count; i++) {
		if (state_change_file(w, commit->files[i].path, commit->files[i].bytes, err) <
		    0)
			return -1;
	}
	if (!w->base || !git_tree_entry_byname(w->base, "format"))
		state_change_file(w, STR("format"), STR(STATE_FORMAT "\n"), err);
	if (recorded && (recorded->source_count > 0 ||
			 (w->base && git_tree_entry_byname(w->base, "sources.yaml")))) {
		buf_clear(&w->bytes);
		sources_write(recorded, &w->bytes);
		state_change_file(w, STR("sources.yaml"),
				  arena_str(&w->arena, buf_str(&w->bytes)), err);
	}
	return 0;
}

/* --- the commit --------------------------------------------------------------------------- */

static void add_person(struct buf *out, const char *role, struct str author, int64_t time)
{
	CLEANUP(buf_release) struct buf email = BUF_INIT;
	struct str rest, name;

	for (size_t i = 0; i < author.len; i++) {
		unsigned char c = (unsigned char)author.ptr[i];

		buf_char(&email,
			 c <= 0x20 || c == 0x7f || c == '<' || c == '>' ? '_' : (char)c);
	}
	if (email.len == 0)
		buf_puts(&email, "unknown");
	rest = buf_str(&email);
	str_split(&rest, '@', &name);
	buf_addf(out, "%s %.*s <%s> %lld +0000\n", role,
		 STR_FMT(name.len ? name : buf_str(&email)), email.ptr,
		 (long long)(time > 0 ? time : 0));
}

static int write_commit(struct state_writing *w, const struct state_commit *commit,
			const git_oid *root, git_oid *id, struct err *err)
{
	struct buf *out = &w->bytes;
	struct str message = str_trim(commit->message);

	buf_clear(out);
	buf_addf(out, "tree %s\n", git_oid_tostr_s(root));
	if (commit->expected_head[0])
		buf_addf(out, "parent %s\n", commit->expected_head);
	add_person(out, "author", commit->author, commit->time);
	add_person(out, "committer", commit->author, commit->time);
	buf_char(out, '\n');
	for (size_t i = 0; i < message.len; i++)
		buf_char(out, message.ptr[i] ? message.ptr[i] : ' ');
	buf_char(out, '\n');
	return state_pack_add(&w->pack, GIT_OBJECT_COMMIT, buf_str(out), NULL, id, err);
}

/* --- the branch --------------------------------------------------------------------------- */

static int head_moved(const struct state *state, struct err *err)
{
	return err_set(
		err, ERR_LOCKED,
		"%s: somebody else has committed in the meantime; nothing was overwritten: "
		"try again",
		state->path);
}

static int set_branch(struct state *state, const git_oid *old, const git_oid *new)
{
	git_reference *reference = NULL;
	int status;

	status = old ? git_reference_create_matching(&reference, state->repo, STATE_BRANCH, new,
						     1, old, NULL)
		     : git_reference_create(&reference, state->repo, STATE_BRANCH, new, 0,
					    NULL);
	git_reference_free(reference);
	return status;
}

/*
 * A process that was killed while it moved the branch has left main.lock behind. git holds it
 * for moments only, and no other zsctl writes while we hold the record's lock.
 */
static int break_branch_lock(struct state *state, const git_oid *old, const git_oid *new)
{
	static const struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	int status = GIT_ELOCKED;

	for (int i = 0; i < 20 && status == GIT_ELOCKED; i++) {
		nanosleep(&moment, NULL);
		status = set_branch(state, old, new);
	}
	if (status == GIT_ELOCKED) {
		unlink(os_join(&arena, str_of(state->path), STR(STATE_BRANCH ".lock")).ptr);
		status = set_branch(state, old, new);
	}
	return status;
}

static int move_branch(struct state *state, const git_oid *old, const git_oid *new,
		       struct err *err)
{
	int status;

	os_fault("ref");
	status = set_branch(state, old, new);
	if (status == GIT_ELOCKED)
		status = break_branch_lock(state, old, new);
	os_fault("ref");
	if (status == GIT_EMODIFIED || status == GIT_EEXISTS || status == GIT_ENOTFOUND)
		return head_moved(state, err);
	return status < 0 ? state_git_error(err, "%s: cannot move the branch main", state->path)
			  : 0;
}

static int make_commit(struct state_writing *w, const struct state_commit *commit,
		       const struct recorded *recorded, const git_oid *expected, git_oid *id,
		       struct err *err)
{
	git_oid root = {{0}};

	if (state_tree(w->state, commit->expected_head, &w->base, err) < 0 ||
	    collect(w, commit, recorded, err) < 0 || state_write_trees(w, &root, err) < 0 ||
	    write_commit(w, commit, &root, id, err) < 0 || state_pack_flush(&w->pack, err) < 0)
		return -1;
	return move_branch(w->state, expected, id, err);
}

static void write_cache(struct state *state, const char *commit,
			const struct recorded *recorded)
{
	struct err ignored = ERR_INIT;
	git_tree *root, *accounts = NULL;

	if (state_tree(state, commit, &root, &ignored) < 0)
		return;
	if (state_subtree(state, root, "accounts", &accounts, &ignored) == 0 && accounts)
		state_cache_write(state, git_tree_id(accounts), recorded);
	git_tree_free(accounts);
	git_tree_free(root);
}

/* From now on a record without its branch is a damaged one; when this fails, the next commit does it. */
static void mark_recorded(const struct state *state)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct str path = state_marker(state, &arena);
	struct err ignored = ERR_INIT;

	if (!os_exists(path.ptr))
		os_write_file(path.ptr, STR("something has been recorded here\n"), 0600,
			      &ignored);
}

int state_commit(struct state *state, const struct state_commit *commit,
		 const struct recorded *recorded, char out[COMMIT_TEXT_SIZE], struct err *err)
{
	struct state_writing w;
	git_oid expected, head, id;
	bool first = commit->expected_head[0] == '\0', empty;
	int status;

	if (state_head_id(state, &head, &empty, err) < 0)
		return -1;
	if (!state->repo)
		return err_set(err, ERR_FAILED, "%s: there is no record yet", state->path);
	if (!first && state_parse_id(commit->expected_head, &expected, err) < 0)
		return -1;
	if (first != empty || (!first && !git_oid_equal(&head, &expected)))
		return head_moved(state, err);
	state_writing_init(&w, state);
	status = make_commit(&w, commit, recorded, first ? NULL : &expected, &id, err);
	state_writing_release(&w);
	if (status < 0)
		return -1;
	git_oid_tostr(out, COMMIT_TEXT_SIZE, &id);
	mark_recorded(state);
	if (recorded &&
	    state_cache_worth(commit->write_count + commit->remove_count, recorded->count))
		write_cache(state, out, recorded);
	state_merge_packs(state);
	return 0;
}
