/* History: what commits say of themselves. */
#include "state_internal.h"

#include <string.h>

/* --- one commit --------------------------------------------------------------------------- */

/* What the first line of a message says, and the run it names. */
static enum commit_kind kind_of(struct str message, struct str *run)
{
	static const struct {
		const char *word;
		enum commit_kind kind;
		bool run; /* its id follows */
	} kinds[] = {
		{"policy", COMMIT_POLICY, false},    {"begin", COMMIT_BEGIN, true},
		{"takeover", COMMIT_TAKEOVER, true}, {"observed", COMMIT_OBSERVED, false},
		{"end", COMMIT_END, true},
	};
	struct str line, word;

	*run = STR_NONE;
	str_split(&message, '\n', &line);
	str_split(&line, ' ', &word);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (str_eq(word, STR("policy:")) && kinds[i].kind == COMMIT_POLICY)
			return COMMIT_POLICY;
		if (!str_is(word, kinds[i].word))
			continue;
		if (!kinds[i].run)
			return kinds[i].kind;
		if (!str_split(&line, ' ', &word))
			return COMMIT_OTHER;
		if (word.len > 0 && word.ptr[word.len - 1] == ':')
			word.len--;
		if (word.len == 0)
			return COMMIT_OTHER;
		*run = word;
		return kinds[i].kind;
	}
	return COMMIT_OTHER;
}

/* Views into the commit, which must outlive the entry. */
static void fill_entry(const git_commit *commit, struct state_log_entry *entry)
{
	const git_signature *author = git_commit_author(commit);

	*entry = (struct state_log_entry){.time = author->when.time};
	git_oid_tostr(entry->commit, sizeof(entry->commit), git_commit_id(commit));
	entry->author = str_of(author->email);
	entry->message = str_of(git_commit_message(commit));
	entry->kind = kind_of(entry->message, &entry->run);
}

/* --- walking ------------------------------------------------------------------------------ */

/* Replaces a commit by its first parent, NULL when it has none. */
static int to_parent(struct state *state, git_commit **commit, struct err *err)
{
	git_commit *parent = NULL;

	if (git_commit_parentcount(*commit) > 0 && git_commit_parent(&parent, *commit, 0) < 0)
		return state_git_error(err, "%s: cannot read the commit before %s", state->path,
				       git_oid_tostr_s(git_commit_id(*commit)));
	git_commit_free(*commit);
	*commit = parent;
	return 0;
}

int state_log(struct state *state, const char *from,
	      int (*entry)(void *context, const struct state_log_entry *entry, struct err *err),
	      void *context, struct err *err)
{
	git_commit *commit = NULL;
	git_oid id;
	bool empty;
	int status;

	if (state_head_id(state, &id, &empty, err) < 0)
		return -1;
	if (empty)
		return 0;
	if (from && state_parse_id(from, &id, err) < 0)
		return -1;
	if (git_commit_lookup(&commit, state->repo, &id) < 0)
		return state_git_error(err, "%s: cannot read commit %s", state->path,
				       git_oid_tostr_s(&id));
	do {
		struct state_log_entry one;

		fill_entry(commit, &one);
		status = entry(context, &one, err);
		if (status == 0)
			status = to_parent(state, &commit, err);
	} while (status == 0 && commit);
	git_commit_free(commit);
	return status < 0 ? -1 : 0;
}

/* --- the open run ------------------------------------------------------------------------- */

struct open_run_search {
	struct arena *arena;
	struct state_open_run *run;
};

static int look_for_open_run(void *context, const struct state_log_entry *entry,
			     struct err *err)
{
	struct open_run_search *search = context;
	struct state_open_run *run = search->run;
	struct str host = entry->author, user;

	(void)err;
	if (entry->kind == COMMIT_OBSERVED)
		return 0;
	if (entry->kind != COMMIT_BEGIN && entry->kind != COMMIT_TAKEOVER)
		return 1;
	str_split(&host, '@', &user);
	run->id = arena_str(search->arena, entry->run);
	memcpy(run->commit, entry->commit, sizeof(run->commit));
	run->kind = entry->kind;
	run->user = arena_str(search->arena, user);
	run->host = arena_str(search->arena, host);
	return 1;
}

int state_open_run(struct state *state, struct arena *arena, struct state_open_run *run,
		   struct err *err)
{
	struct open_run_search search = {arena, run};

	*run = (struct state_open_run){.kind = COMMIT_NONE};
	return state_log(state, NULL, look_for_open_run, &search, err);
}

/* --- names of commits --------------------------------------------------------------------- */

int state_is_ancestor(struct state *state, const char *ancestor, const char *of,
		      struct err *err)
{
	git_oid old, new;
	int status;

	if (ancestor[0] == '\0')
		return 1;
	if (of[0] == '\0')
		return 0;
	if (state_parse_id(ancestor, &old, err) < 0 || state_parse_id(of, &new, err) < 0)
		return -1;
	if (git_oid_equal(&old, &new))
		return 1;
	if (!state->repo || !git_odb_exists(state->odb, &old) ||
	    !git_odb_exists(state->odb, &new))
		return 0; /* of another repository */
	status = git_graph_descendant_of(state->repo, &new, &old);
	if (status < 0)
		return state_git_error(err, "%s: cannot compare commits", state->path);
	return status;
}

struct run_search {
	struct str run;
	char *out;
};

static int look_for_end(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct run_search *search = context;

	(void)err;
	if (entry->kind != COMMIT_END || !str_eq(entry->run, search->run))
		return 0;
	memcpy(search->out, entry->commit, sizeof(entry->commit));
	return 1;
}

static bool is_hex(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (hex_value(text.ptr[i]) < 0)
			return false;
	}
	return true;
}

/* A commit by the start of its id. */
static int resolve_short(struct state *state, struct str name, char out[COMMIT_TEXT_SIZE],
			 struct err *err)
{
	git_object *object = NULL;
	git_oid id;
	int status = git_oid_fromstrn(&id, name.ptr, name.len);

	if (status == 0)
		status = git_object_lookup_prefix(&object, state->repo, &id, name.len,
						  GIT_OBJECT_COMMIT);
	if (status == 0)
		git_oid_tostr(out, COMMIT_TEXT_SIZE, git_object_id(object));
	git_object_free(object);
	if (status == GIT_EAMBIGUOUS)
		return err_set(err, ERR_FAILED, "%s begins more than one id: give more of it",
			       name.ptr);
	return status == 0 ? 0
			   : err_set(err, ERR_FAILED, "the record has no commit %s", name.ptr);
}

int state_resolve(struct state *state, const char *name, char out[COMMIT_TEXT_SIZE],
		  struct err *err)
{
	char found[COMMIT_TEXT_SIZE] = "";
	struct run_search search = {str_of(name), found};
	git_oid id;
	bool empty;

	if (state_head_id(state, &id, &empty, err) < 0)
		return -1;
	if (empty)
		return err_set(err, ERR_FAILED, "nothing is recorded yet");
	if (search.run.len >= GIT_OID_MINPREFIXLEN && search.run.len <= GIT_OID_HEXSZ &&
	    is_hex(search.run))
		return resolve_short(state, search.run, out, err);
	if (state_log(state, NULL, look_for_end, &search, err) < 0)
		return -1;
	if (!found[0])
		return err_set(err, ERR_FAILED,
			       "'%.100s' is neither a commit of the record nor a run that has "
			       "ended",
			       name);
	memcpy(out, found, sizeof(found));
	return 0;
}
