/*
 * zsctl log ADDRESS: what happened to one account, through its renames.
 */
#include "history_internal.h"

#include <stdarg.h>

/* --- the account in a commit and its parent ------------------------------------------------------ */

/* The account's file is followed from the head back; where it begins, its target id tells whether
 * it had another name before. */
struct trail {
	struct log *log;
	struct sym_pool names; /* of the two accounts that are compared */
	struct arena arena;    /* likewise, and their differences */
	struct strs lines;     /* what happened */
	struct buf path;       /* of its file, now or as far back as we are */
	/* The commit that is compared with its parent next. */
	bool pending;
	struct state_log_entry entry;
	struct arena entry_arena;
};

static int read_account(struct trail *trail, const char *commit, const char *path,
			struct recorded_account *out, bool *found, struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;

	*found = false;
	if (!commit)
		return 0;
	if (state_file(trail->log->state, commit, path, &bytes, found, err) < 0)
		return -1;
	if (!*found)
		return 0;
	return recorded_parse(arena_str(&trail->arena, buf_str(&bytes)), path, &trail->names,
			      &trail->arena, out, err);
}

static void difference(struct trail *trail, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void difference(struct trail *trail, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	strs_add(&trail->arena, &trail->lines, str_of(text));
}

static const char *text_of(const struct sym *sym)
{
	return sym ? sym->text : "none";
}

static void compare_value(struct trail *trail, const char *what, const struct sym *before,
			  const struct sym *after)
{
	if (before != after)
		difference(trail, "~ %s: %s -> %s", what, text_of(before), text_of(after));
}

static void compare_delegates(struct trail *trail, const char *sign, struct delegates from,
			      struct delegates in)
{
	for (uint32_t i = 0; i < from.count; i++) {
		const struct delegate *delegate = &from.items[i];

		if (delegates_find(in, delegate->address))
			continue;
		difference(trail, "%s %s %s%s%s%s", sign, delegate->address->text,
			   *sign == '+' ? "may read it" : "may no longer read it",
			   delegate->why ? " (" : "", delegate->why ? delegate->why->text : "",
			   delegate->why ? ")" : "");
	}
}

static void compare_aliases(struct trail *trail, const char *sign, struct set from,
			    struct set in)
{
	for (uint32_t i = 0; i < from.count; i++) {
		if (!set_has(in, from.items[i]))
			difference(trail, "%s alias %s", sign, from.items[i]->text);
	}
}

static void compare(struct trail *trail, const struct recorded_account *before,
		    const struct recorded_account *after)
{
	compare_value(trail, "address", before->account.address, after->account.address);
	compare_value(trail, "name", before->account.name, after->account.name);
	compare_value(trail, "mobile", before->account.mobile, after->account.mobile);
	compare_value(trail, "unit", before->account.unit, after->account.unit);
	if (before->account.active != after->account.active)
		difference(trail, after->account.active ? "+ active again" : "- suspended");
	compare_aliases(trail, "-", before->account.aliases, after->account.aliases);
	compare_aliases(trail, "+", after->account.aliases, before->account.aliases);
	compare_delegates(trail, "-", before->account.delegates, after->account.delegates);
	compare_delegates(trail, "+", after->account.delegates, before->account.delegates);
	if (before->key != after->key)
		difference(trail, after->key && str_is(sym_str(after->key), "lost")
					  ? "~ account key: lost"
					  : "~ account key: sent");
	if (before->desired_since == DATE_NONE && after->desired_since != DATE_NONE)
		difference(trail, "= managed from now on");
}

/* In `commit` the account of this id that has another file than in its parent; empty: none. */
static int find_by_id(struct trail *trail, const char *commit, const char *parent,
		      const char *look_in, const struct sym *id, struct str *path,
		      struct err *err)
{
	struct strs paths = {NULL, 0, 0};

	*path = STR_NONE;
	if (!id || !parent)
		return 0;
	if (state_changed_accounts(trail->log->state, parent, commit, &trail->arena, &paths,
				   err) < 0)
		return -1;
	for (size_t i = 0; i < paths.count; i++) {
		struct recorded_account other = {.key = NULL};
		bool found;

		if (str_eq(paths.items[i], buf_str(&trail->path)))
			continue;
		if (read_account(trail, look_in, paths.items[i].ptr, &other, &found, err) < 0)
			return -1;
		if (found && other.account.id == id) {
			*path = paths.items[i];
			return 0;
		}
	}
	return 0;
}

/* What the run gave the user or took from him stands in its message, and in the other accounts'
 * files. */
static void add_access(struct trail *trail, const struct account *user)
{
	const struct sym *address = user->address;
	struct str rest = trail->entry.message, line;

	if (!address || user->kind != KIND_USER)
		return;
	while (str_split(&rest, '\n', &line)) {
		struct str words = {line.ptr + 2, line.len - 2};

		if (!str_starts(line, "+ ") && !str_starts(line, "- "))
			continue;
		if (!str_starts(words, address->text))
			continue;
		words.ptr += address->len;
		words.len -= address->len;
		if (str_starts(words, " may "))
			strs_add(&trail->arena, &trail->lines, line);
	}
}

static void show_event(struct trail *trail)
{
	struct log *log = trail->log;
	struct told told = tell(&log->arena, trail->entry.message);

	if (log->json) {
		struct json_writer json = {.out = log->out, .first = true};

		log_json_head(log, &json, &trail->entry, &told);
		json_begin_array(&json, "lines");
		for (size_t i = 0; i < trail->lines.count; i++)
			json_str(&json, NULL, trail->lines.items[i]);
		json_end_array(&json);
		log_json_end(log, &json);
	} else {
		log_head(log, &trail->entry, &told);
		for (size_t i = 0; i < trail->lines.count; i++)
			log_line(log, trail->lines.items[i]);
		log_people(log, &told);
	}
}

/* What the pending commit did to the account, now that its parent is known. */
static int step_back(struct trail *trail, const char *parent, struct err *err)
{
	const char *commit = trail->entry.commit;
	struct recorded_account before = {.key = NULL}, after = {.key = NULL};
	struct str other;
	bool was, is;

	if (read_account(trail, commit, trail->path.ptr, &after, &is, err) < 0 ||
	    read_account(trail, parent, trail->path.ptr, &before, &was, err) < 0)
		return -1;
	if (is && was) {
		compare(trail, &before, &after);
	} else if (was) {
		if (find_by_id(trail, commit, parent, commit, before.account.id, &other, err) <
		    0)
			return -1;
		difference(trail, other.len ? "- has another address from now on"
					    : "- gone from the record");
	} else if (is) {
		if (find_by_id(trail, commit, parent, parent, after.account.id, &other, err) <
		    0)
			return -1;
		if (other.len) {
			if (read_account(trail, parent, other.ptr, &before, &was, err) < 0)
				return -1;
			compare(trail, &before, &after);
			buf_clear(&trail->path);
			buf_add(&trail->path, other);
			/* What it lost, it lost under the other name. */
			add_access(trail, &before.account);
		} else {
			difference(trail, "+ recorded for the first time");
			compare_delegates(trail, "+", after.account.delegates,
					  (struct delegates){NULL, 0});
		}
	}
	add_access(trail, is ? &after.account : &before.account);
	if (trail->lines.count)
		show_event(trail);
	trail->lines = (struct strs){NULL, 0, 0};
	arena_reset(&trail->arena);
	arena_reset(&trail->log->arena);
	sym_pool_release(&trail->names);
	return 0;
}

/* A commit is looked at when the one before it is known. */
static int trail_entry(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct trail *trail = context;

	if (trail->pending && step_back(trail, entry->commit, err) < 0)
		return -1;
	arena_reset(&trail->entry_arena);
	trail->entry = *entry;
	trail->entry.author = arena_str(&trail->entry_arena, entry->author);
	trail->entry.message = arena_str(&trail->entry_arena, entry->message);
	trail->entry.run = arena_str(&trail->entry_arena, entry->run);
	trail->pending = true;
	return 0;
}

/* --- where to begin -------------------------------------------------------------------------------- */

struct search {
	struct state *state;
	struct str paths[KIND_COUNT];
	int found; /* kind, or -1 */
};

static int search_entry(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct search *search = context;
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		bool found;

		if (state_file(search->state, entry->commit, search->paths[kind].ptr, &bytes,
			       &found, err) < 0)
			return -1;
		if (!found)
			continue;
		search->found = kind;
		return 1;
	}
	return 0;
}

int log_account(struct log *log, struct str address, struct err *err)
{
	struct trail trail = {.log = log};
	struct search search = {.state = log->state, .found = -1};
	struct arena arena = ARENA_INIT;
	int failed;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		const struct account account = {.kind = (uint8_t)kind,
						.address = sym_get(&trail.names, address)};

		buf_clear(&trail.path);
		recorded_path(&account, &trail.path);
		search.paths[kind] = arena_str(&arena, buf_str(&trail.path));
	}
	failed = state_log(log->state, NULL, search_entry, &search, err);
	if (!failed && search.found < 0)
		failed = err_set(err, ERR_FAILED, "%.*s has never been recorded",
				 STR_FMT(address));
	if (!failed) {
		buf_clear(&trail.path);
		buf_add(&trail.path, search.paths[search.found]);
		failed = state_log(log->state, NULL, trail_entry, &trail, err);
	}
	if (!failed && trail.pending)
		failed = step_back(&trail, NULL, err);
	arena_release(&arena);
	arena_release(&trail.arena);
	arena_release(&trail.entry_arena);
	sym_pool_release(&trail.names);
	buf_release(&trail.path);
	return failed;
}
