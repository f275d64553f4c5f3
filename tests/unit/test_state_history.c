#include "state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "record_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static int try_commit(struct state *state, const char *expected, const char *message,
		      const char *author, struct err *err)
{
	char out[COMMIT_TEXT_SIZE];
	struct state_commit commit = {.expected_head = expected,
				      .message = str_of(message),
				      .author = str_of(author),
				      .time = 1800000000};

	return state_commit(state, &commit, NULL, out, err);
}

static const char *commit(struct state *state, const char *message, const char *author)
{
	struct err err = ERR_INIT;

	if (try_commit(state, head_of(state), message, author, &err) < 0)
		fail_msg("%s", err.text);
	return head_of(state);
}

/* --- the log ------------------------------------------------------------------------------ */

static int print_entry(void *context, const struct state_log_entry *entry, struct err *err)
{
	struct str message = entry->message, line;

	(void)err;
	str_split(&message, '\n', &line);
	buf_addf(context, "%d %lld %.*s [%.*s] %.*s\n", entry->kind, (long long)entry->time,
		 STR_FMT(entry->author), STR_FMT(entry->run), STR_FMT(line));
	return line.len > 0 && line.ptr[0] == 'S';
}

static void tells_commits_apart(void **unused)
{
	static const struct {
		const char *message;
		enum commit_kind kind;
		const char *run;
	} cases[] = {
		{"policy", COMMIT_POLICY, ""},
		{"policy: first", COMMIT_POLICY, ""},
		{"begin 20261120T101500Z-7f3c2a10", COMMIT_BEGIN, "20261120T101500Z-7f3c2a10"},
		{"begin", COMMIT_OTHER, ""},
		{"takeover r2\n\nmore", COMMIT_TAKEOVER, "r2"},
		{"observed 3 changes", COMMIT_OBSERVED, ""},
		{"end r3: 1 suspended", COMMIT_END, "r3"},
		{"end r4:", COMMIT_END, "r4"},
		{"end r5", COMMIT_END, "r5"},
		{"ending r5", COMMIT_OTHER, ""},
		{"Merge branch", COMMIT_OTHER, ""},
	};
	struct state *state = open_state(true);
	struct buf expected = BUF_INIT, log = BUF_INIT, line = BUF_INIT;
	struct err err = ERR_INIT;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str message = str_of(cases[i].message), first;

		commit(state, cases[i].message, "jane@laptop");
		str_split(&message, '\n', &first);
		buf_clear(&line);
		buf_addf(&line, "%d 1800000000 jane@laptop [%s] %.*s\n", cases[i].kind,
			 cases[i].run, STR_FMT(first));
		buf_add(&line, buf_str(&expected));
		buf_clear(&expected);
		buf_add(&expected, buf_str(&line));
	}
	assert_int_equal(state_log(state, NULL, print_entry, &log, &err), 0);
	assert_string_equal(log.ptr, expected.ptr);
	commit(state, "Stop here", "jane@laptop");
	buf_clear(&log);
	assert_int_equal(state_log(state, NULL, print_entry, &log, &err), 0);
	assert_string_equal(log.ptr, "6 1800000000 jane@laptop [] Stop here\n");
	assert_int_equal(state_log(state, "0000", print_entry, &log, &err), -1);
	buf_release(&expected);
	buf_release(&line);
	buf_release(&log);
	state_free(state);
}

static void writes_hostile_people_and_messages(void **unused)
{
	static const struct {
		const char *author, *shown;
	} cases[] = {
		{"jane@laptop", "jane <jane@laptop>\n"},
		{"", "unknown <unknown>\n"},
		{"@host", "@host <@host>\n"},
		{"a b<c>@h\n\x1b[m", "a_b_c_ <a_b_c_@h__[m>\n"},
		{"Zo\xc3\xab@host", "Zo\xc3\xab <Zo\xc3\xab@host>\n"},
	};
	const char *path = in_scratch("state");
	struct state *state = open_state(true);

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		commit(state, "end r: \x1b[31m\n\nparent 123\n\n\n", cases[i].author);
		assert_string_equal(output_of("git", "-C", path, "log", "-1",
					      "--format=%an <%ae>", NULL),
				    cases[i].shown);
	}
	assert_string_equal(output_of("git", "-C", path, "log", "-1", "--format=%B", NULL),
			    "end r: \x1b[31m\n\nparent 123\n\n");
	output_of("git", "-C", path, "fsck", "--strict", NULL);
	state_free(state);
}

static void finds_the_open_run(void **unused)
{
	static const struct {
		const char *message, *author;
		enum commit_kind kind;
		const char *run, *user, *host;
	} cases[] = {
		{"policy", "a@b", COMMIT_NONE, "", "", ""},
		{"begin r1", "ci@runner7", COMMIT_BEGIN, "r1", "ci", "runner7"},
		{"observed 2 changes", "a@b", COMMIT_BEGIN, "r1", "ci", "runner7"},
		{"takeover r1", "jane@laptop", COMMIT_TAKEOVER, "r1", "jane", "laptop"},
		{"end r1: 1 created", "a@b", COMMIT_NONE, "", "", ""},
		{"observed 1 change", "a@b", COMMIT_NONE, "", "", ""},
		{"begin r2", "ci", COMMIT_BEGIN, "r2", "ci", ""},
	};
	struct state *state = open_state(true);
	struct state_open_run run;
	struct err err = ERR_INIT;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		commit(state, cases[i].message, cases[i].author);
		assert_int_equal(state_open_run(state, &scratch_arena, &run, &err), 0);
		assert_int_equal(run.kind, cases[i].kind);
		assert_true(str_is(run.id, cases[i].run));
		assert_true(str_is(run.user, cases[i].user));
		assert_true(str_is(run.host, cases[i].host));
	}
	state_free(state);
}

static void resolves_names(void **unused)
{
	struct state *state = open_state(true);
	char out[COMMIT_TEXT_SIZE], part[41];
	struct err err = ERR_INIT;
	const char *begin, *end;

	(void)unused;
	assert_int_equal(state_resolve(state, "abcd", out, &err), -1);
	assert_string_equal(err.text, "nothing is recorded yet");
	begin = commit(state, "begin 20261120T101500Z-7f3c2a10", "a@b");
	end = commit(state, "end 20261120T101500Z-7f3c2a10: 1 created", "a@b");
	assert_int_equal(state_resolve(state, "20261120T101500Z-7f3c2a10", out, &err), 0);
	assert_string_equal(out, end);
	assert_int_equal(state_resolve(state, begin, out, &err), 0);
	assert_string_equal(out, begin);
	snprintf(part, sizeof(part), "%.12s", begin);
	assert_int_equal(state_resolve(state, part, out, &err), 0);
	assert_string_equal(out, begin);
	for (const char *const *name = (const char *const[]){"", "abc", "r2", "HEAD", "../x",
							     "ffffffffffff", NULL};
	     *name; name++) {
		assert_int_equal(state_resolve(state, *name, out, &err), -1);
		assert_string_equal(out, begin);
	}
	assert_int_equal(state_is_ancestor(state, "", begin, &err), 1);
	assert_int_equal(state_is_ancestor(state, begin, "", &err), 0);
	assert_int_equal(state_is_ancestor(state, begin, begin, &err), 1);
	assert_int_equal(state_is_ancestor(state, begin, end, &err), 1);
	assert_int_equal(state_is_ancestor(state, end, begin, &err), 0);
	assert_int_equal(state_is_ancestor(state, "ffffffffffffffffffffffffffffffffffffffff",
					   end, &err),
			 0);
	state_free(state);
}

/* --- what goes wrong ---------------------------------------------------------------------- */

static void never_overwrites_a_commit(void **unused)
{
	struct state *state = open_state(true), *other = open_state(true);
	struct err err = ERR_INIT;
	const char *first, *second;

	(void)unused;
	first = commit(other, "policy", "a@b");
	assert_int_equal(try_commit(state, "", "mine", "a@b", &err), -1);
	assert_int_equal(err.class, ERR_LOCKED);
	second = commit(other, "begin r1", "a@b");
	assert_int_equal(try_commit(state, first, "mine", "a@b", &err), -1);
	assert_int_equal(err.class, ERR_LOCKED);
	assert_string_equal(head_of(state), second);
	assert_int_equal(try_commit(state, second, "mine", "a@b", &err), 0);
	assert_string_equal(output_of("git", "-C", in_scratch("state"), "rev-list", "--count",
				      "main", NULL),
			    "3\n");
	state_free(state);
	state_free(other);
}

static void goes_on_after_a_kill(void **unused)
{
	struct state *state = open_state(true);
	const char *left = in_scratch("state/objects/pack/pack_git2_0123456789abcdef");

	(void)unused;
	commit(state, "policy", "a@b");
	/* As a process leaves them that is killed while it writes. */
	write_scratch(left, STR("PACK"));
	write_scratch(in_scratch("state/refs/heads/main.lock"), STR("0123"));
	commit(state, "begin r1", "a@b");
	assert_false(os_exists(left));
	output_of("git", "-C", in_scratch("state"), "fsck", "--strict", NULL);
	state_free(state);
}

static void survives_a_full_disk(void **unused)
{
	struct state *state = open_state(true);
	struct rlimit before, limit;
	char *noise = mem_alloc(1 << 20);
	struct state_file file = {STR("runs/r1/plan.yaml"), {noise, 1 << 20}};
	char head[COMMIT_TEXT_SIZE], out[COMMIT_TEXT_SIZE];
	struct err err = ERR_INIT;
	struct state_commit big = {.expected_head = head,
				   .message = STR("begin r1"),
				   .author = STR("a@b"),
				   .files = &file,
				   .file_count = 1};

	(void)unused;
	commit(state, "policy", "a@b");
	assert_int_equal(state_head(state, head, &err), 0);
	random_bytes(noise, 1 << 20);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (rlim_t size = 0; size < (1 << 20); size += size < 8192 ? 1111 : 300000) {
		limit = (struct rlimit){size, before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(state_commit(state, &big, NULL, out, &err), -1);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_string_equal(head_of(state), head);
		assert_string_equal(output_of("sh", "-c",
					      "ls \"$1\" | grep -c pack_git2 || true", "sh",
					      in_scratch("state/objects/pack"), NULL),
				    "0\n");
	}
	assert_int_equal(state_commit(state, &big, NULL, out, &err), 0);
	assert_string_equal(head_of(state), out);
	output_of("git", "-C", in_scratch("state"), "fsck", "--strict", NULL);
	free(noise);
	state_free(state);
}

/* --- the user's repository ---------------------------------------------------------------- */

static void knows_the_work_tree(void **unused)
{
	const char *dir = in_scratch("work"), *deep = in_scratch("work/deep");
	const char *file = in_scratch("work/deep/zsctl.yaml");
	char out[COMMIT_TEXT_SIZE + 8];
	const char *id;

	(void)unused;
	setenv("HOME", scratch, 1);
	unsetenv("XDG_CONFIG_HOME");
	output_of("git", "init", "-q", dir, NULL);
	assert_int_equal(mkdir(deep, 0700), 0);
	write_scratch(file, STR("zsctl: 1\n"));
	git_commit_of(deep, file, out);
	assert_string_equal(out, "");
	assert_int_equal(git_user_email(&scratch_arena, dir).len, 0);

	write_scratch(in_scratch(".gitconfig"), STR("[user]\n\temail = jane@example.org\n"
						    "\tname = Jane\n"));
	assert_string_equal(git_user_email(&scratch_arena, dir).ptr, "jane@example.org");
	assert_string_equal(git_user_email(&scratch_arena, scratch).ptr, "jane@example.org");
	output_of("git", "-C", dir, "config", "user.email", "kim@example.org", NULL);
	assert_string_equal(git_user_email(&scratch_arena, deep).ptr, "kim@example.org");

	output_of("git", "-C", dir, "add", "deep/zsctl.yaml", NULL);
	output_of("git", "-C", dir, "commit", "-q", "-m", "x", NULL);
	id = arena_str(&scratch_arena,
		       str_trim(str_of(output_of("git", "-C", dir, "rev-parse", "HEAD", NULL))))
		     .ptr;
	git_commit_of(deep, file, out);
	assert_string_equal(out, id);
	write_scratch(file, STR("zsctl: 1\n# changed\n"));
	git_commit_of(deep, file, out);
	assert_string_equal(out, arena_strf(&scratch_arena, "%s-dirty", id).ptr);
	/* The commit says nothing of a file that is not in it. */
	git_commit_of(deep, in_scratch(".gitconfig"), out);
	assert_string_equal(out, "");
	git_commit_of(scratch, file, out);
	assert_string_equal(out, "");
}

/* Hooks and settings of the host change nothing about the record. */
static void ignores_the_hosts_git(void **unused)
{
	struct state *state;

	(void)unused;
	setenv("HOME", scratch, 1);
	write_scratch(in_scratch(".gitconfig"),
		      STR("[core]\n\tfsync = none\n\tlogAllRefUpdates = always\n[init]\n"
			  "\tdefaultBranch = trunk\n\ttemplateDir = /nowhere\n[user]\n"
			  "\temail = x@example.org\n"));
	state = open_state(true);
	commit(state, "policy", "a@b");
	assert_string_equal(output_of("git", "-C", in_scratch("state"), "log", "--format=%ae",
				      "main", NULL),
			    "a@b\n");
	assert_false(os_exists(in_scratch("state/logs")));
	state_free(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HERE(tells_commits_apart),       HERE(writes_hostile_people_and_messages),
		HERE(finds_the_open_run),        HERE(resolves_names),
		HERE(never_overwrites_a_commit), HERE(goes_on_after_a_kill),
		HERE(survives_a_full_disk),      HERE(knows_the_work_tree),
		HERE(ignores_the_hosts_git),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
