#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "os-test-XXXXXX";

static void write_file(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	if (os_write_file(path, str_of(text), 0644, &err))
		fail_msg("%s", err.text);
}

static void assert_content(const char *path, const char *expected)
{
	struct buf buf = BUF_INIT;
	struct err err = ERR_INIT;

	if (os_read_file(path, 1 << 24, &buf, &err))
		fail_msg("%s", err.text);
	assert_string_equal(buf.ptr, expected);
	assert_int_equal(buf.len, strlen(expected));
	buf_release(&buf);
}

static size_t count_files(const char *pattern)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct str *paths;
	size_t count;

	assert_int_equal(os_glob(&arena, pattern, &paths, &count, &err), 0);
	arena_release(&arena);
	return count;
}

/* --- files ------------------------------------------------------------------------------ */

static void reads_files(void **state)
{
	static const struct {
		const char *path;
		size_t limit;
		const char *message; /* NULL: it can be read */
	} cases[] = {{"ten", 10, NULL},
		     {"ten", 11, NULL},
		     {"ten", 9, "ten is larger than 9 bytes"},
		     {"empty", 0, NULL},
		     {"absent", 10, "cannot open absent: No such file or directory"},
		     {".", 10, ". is a directory, not a file"},
		     {"pipe", 10, "pipe is not a regular file"},
		     /* Its size reads as 0. */
		     {"/proc/self/status", 1 << 20, NULL},
		     {"/proc/self/status", 10, "/proc/self/status is larger than 10 bytes"}};

	(void)state;
	write_file("ten", "0123456789");
	write_file("empty", "");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf buf = BUF_INIT;
		struct err err = ERR_INIT;

		buf_puts(&buf, "before");
		if (os_read_file(cases[i].path, cases[i].limit, &buf, &err)) {
			assert_string_equal(err.text, cases[i].message);
			assert_string_equal(buf.ptr, "before");
		} else {
			assert_null(cases[i].message);
			assert_int_equal(strlen(buf.ptr), buf.len);
		}
		buf_release(&buf);
	}
	assert_content("ten", "0123456789");
	assert_true(os_exists("ten"));
	assert_false(os_exists("absent"));
}

static void makes_directories(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(os_make_dirs("d/e//f", 0755, &err), 0);
	assert_int_equal(os_make_dirs("d/e/f/", 0755, &err), 0);
	write_file("d/file", "");
	assert_int_equal(os_make_dirs("d/file/g", 0755, &err), -1);
	assert_string_equal(err.text, "cannot make the directory d/file: Not a directory");
	assert_int_equal(os_make_dirs("d/file", 0755, &err), -1);
	assert_true(os_exists("d/e/f"));
}

static void joins_paths(void **state)
{
	static const struct {
		const char *dir, *name, *joined;
	} joins[] = {{"a", "b", "a/b"},  {"", "b", "b"},   {"a", "/b", "/b"},
		     {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"../a", "./b", "../a/./b"}};
	static const struct {
		const char *path, *dir;
	} dirs[] = {{"a/b", "a"}, {"b", "."},    {"/b", "/"},   {"/", "/"},
		    {"", "."},    {"a/b/", "a"}, {"a//b", "a"}, {"/a/b", "/a"}};
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++)
		assert_string_equal(
			os_join(&arena, str_of(joins[i].dir), str_of(joins[i].name)).ptr,
			joins[i].joined);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_string_equal(os_dirname(&arena, str_of(dirs[i].path)).ptr, dirs[i].dir);
	arena_release(&arena);
}

static void finds_patterns(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct str *paths;
	size_t count = 7;

	(void)state;
	assert_int_equal(mkdir("glob", 0755), 0);
	write_file("glob/b.yaml", "");
	write_file("glob/a.yaml", "");
	write_file("glob/c.txt", "");
	assert_int_equal(os_glob(&arena, "glob/*.yaml", &paths, &count, &err), 0);
	assert_int_equal(count, 2);
	assert_string_equal(paths[0].ptr, "glob/a.yaml");
	assert_string_equal(paths[1].ptr, "glob/b.yaml");
	assert_int_equal(os_glob(&arena, "glob/*.json", &paths, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(os_glob(&arena, "no/folder/*.json", &paths, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(os_glob(&arena, "glob/c.txt/*", &paths, &count, &err), 0);
	assert_int_equal(count, 0);
	arena_release(&arena);
}

/* --- replacement ------------------------------------------------------------------------ */

static void replaces_files(void **state)
{
	struct os_writer writer = OS_WRITER_INIT;
	struct err err = ERR_INIT;
	struct stat status;
	struct buf large = BUF_INIT;
	int fd;

	(void)state;
	write_file("target", "old");
	assert_int_equal(chmod("target", 0640), 0);
	assert_int_equal(os_writer_open(&writer, "target", 0644, &err), 0);
	for (int i = 0; i < 40000; i++)
		buf_addf(&large, "%07d\n", i);
	fd = open("source", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, large.ptr, large.len), (ssize_t)large.len);
	os_writer_add(&writer, (struct str){large.ptr, 8});
	os_writer_copy(&writer, fd, 8, 80000);
	os_writer_add(&writer, (struct str){large.ptr + 80008, large.len - 80008});
	assert_content("target", "old");
	assert_int_equal(count_files(".target.*.tmp"), 1);
	assert_int_equal(os_writer_commit(&writer, &err), 0);
	assert_content("target", large.ptr);
	assert_int_equal(count_files(".target.*.tmp"), 0);
	/* The mode stays as it was. */
	assert_int_equal(stat("target", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);

	/* A source that ends too early. */
	assert_int_equal(os_writer_open(&writer, "target", 0644, &err), 0);
	os_writer_copy(&writer, fd, large.len - 5, 6);
	assert_int_equal(os_writer_commit(&writer, &err), -1);
	assert_string_equal(err.text, "cannot write target: Input/output error");
	assert_content("target", large.ptr);
	close(fd);
	buf_release(&large);
}

static void leaves_nothing_behind(void **state)
{
	struct os_writer writer = OS_WRITER_INIT, other = OS_WRITER_INIT;
	struct err err = ERR_INIT;

	(void)state;
	write_file("kept", "old");
	assert_int_equal(os_writer_open(&writer, "kept", 0644, &err), 0);
	os_writer_add(&writer, STR("new"));
	os_writer_release(&writer);
	os_writer_release(&writer);
	assert_content("kept", "old");
	assert_int_equal(count_files(".kept.*"), 0);

	/* Those of killed writers go with the next one, others and those in use stay. */
	write_file(".kept.0123abcd.tmp", "");
	write_file(".kept.more.0123abcd.tmp", "");
	assert_int_equal(os_writer_open(&writer, "kept", 0644, &err), 0);
	assert_int_equal(count_files(".kept.????????.tmp"), 1);
	assert_int_equal(os_writer_open(&other, "kept", 0644, &err), 0);
	assert_int_equal(count_files(".kept.????????.tmp"), 2);
	os_writer_release(&other);
	os_writer_add(&writer, STR("new"));
	assert_int_equal(os_writer_commit(&writer, &err), 0);
	assert_content("kept", "new");
	assert_int_equal(count_files(".kept.*"), 1);
}

static void follows_links(void **state)
{
	struct os_writer writer = OS_WRITER_INIT;
	struct err err = ERR_INIT;
	struct stat status;

	(void)state;
	assert_int_equal(mkdir("linked", 0755), 0);
	write_file("linked/real", "old");
	assert_int_equal(symlink("linked/real", "link"), 0);
	assert_int_equal(os_writer_follow(&writer, "link", 0644, &err), 0);
	os_writer_add(&writer, STR("new"));
	assert_int_equal(os_writer_commit(&writer, &err), 0);
	assert_content("linked/real", "new");
	assert_int_equal(lstat("link", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(os_writer_follow(&writer, "dangling", 0644, &err), -1);
	assert_string_equal(err.text, "cannot write dangling: No such file or directory");
	/* Only where it is asked for. */
	err = (struct err)ERR_INIT;
	assert_int_equal(os_write_file("link", STR("x"), 0644, &err), -1);
	assert_string_equal(err.text,
			    "cannot write link: it is a symbolic link, and nothing is "
			    "written through one");
	assert_content("linked/real", "new");
}

static void refuses_wrong_places(void **state)
{
	static const struct {
		const char *path, *message;
	} cases[] = {{"absent/x", "cannot write absent/x: No such file or directory"},
		     {"busy", "cannot write busy: Is a directory"},
		     {"pipe", "cannot write pipe: Invalid argument"}};

	(void)state;
	assert_int_equal(mkdir("busy", 0755), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(os_write_file(cases[i].path, STR("x"), 0644, &err), -1);
		assert_string_equal(err.text, cases[i].message);
	}
	assert_int_equal(count_files(".busy.*") + count_files(".pipe.*"), 0);
}

/* Runs `body` in a child that may write files of at most `size` bytes. */
static void with_file_limit(rlim_t size, void (*body)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct rlimit limit = {size, size};

		setrlimit(RLIMIT_FSIZE, &limit);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void fill_disk(void)
{
	static char large[200000];
	struct err err = ERR_INIT;
	int fd;

	memset(large, 'x', sizeof(large) - 1);
	if (os_write_file("full", str_of(large), 0644, &err) != -1 ||
	    strcmp(err.text, "cannot write full: File too large") != 0)
		_exit(1);
	fd = open("journal", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (os_append(fd, "journal", str_of(large), true, &err) != -1 ||
	    strcmp(err.text, "cannot append to journal: File too large") != 0)
		_exit(2);
	if (os_append(fd, "journal", STR("two\n"), true, &err))
		_exit(3);
}

static void survives_a_full_disk(void **state)
{
	struct err err = ERR_INIT;
	int fd = open("journal", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)state;
	write_file("full", "old");
	assert_int_equal(os_append(fd, "journal", STR("one\n"), true, &err), 0);
	with_file_limit(100000, fill_disk);
	assert_content("full", "old");
	assert_int_equal(count_files(".full.*"), 0);
	assert_content("journal", "one\ntwo\n");
	close(fd);
	assert_int_equal(os_append(fd, "journal", STR("x"), true, &err), -1);
	assert_string_equal(err.text, "cannot append to journal: Bad file descriptor");
}

/* --- lock ------------------------------------------------------------------------------- */

static void locks(void **state)
{
	struct os_lock lock = OS_LOCK_INIT, second = OS_LOCK_INIT;
	struct err err = ERR_INIT;

	(void)state;
	os_unlock(&lock);
	assert_int_equal(os_lock(&lock, "lock", STR("ci@runner7, process 12"), &err), 0);
	assert_content("lock", "ci@runner7, process 12\n");
	/* Another open file is as good as another process. */
	assert_int_equal(os_lock(&second, "lock", STR("x"), &err), -1);
	assert_int_equal(err.class, ERR_LOCKED);
	assert_string_equal(err.text, "lock is locked by ci@runner7, process 12");
	assert_int_equal(second.fd, -1);
	os_unlock(&lock);
	assert_int_equal(os_lock(&second, "lock", STR("y"), &err), 0);
	assert_content("lock", "y\n");
	assert_int_equal(ftruncate(second.fd, 0), 0);
	assert_int_equal(os_lock(&lock, "lock", STR("x"), &err), -1);
	assert_string_equal(err.text, "lock is locked by another process");
	os_unlock(&second);
	assert_int_equal(os_lock(&lock, "absent/lock", STR("x"), &err), -1);
	assert_int_equal(err.class, ERR_FAILED);
}

/* --- processes and signals -------------------------------------------------------------- */

static void runs_programs(void **state)
{
	static const struct {
		const char *script, *input, *out, *errors;
		int status;
	} cases[] = {{"cat; echo bad >&2; exit 3", "in\n", "in\n", "bad\n", 3},
		     {"exec cat", "", "", "", 0},
		     {"kill -TERM $$", "", "", "", 143},
		     /* SIGPIPE is not ignored in the child. */
		     {"trap - PIPE; kill -PIPE $$; exit 9", "", "", "", 141},
		     {"printf '\\0'", "", "", "", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const argv[] = {"sh", "-c", cases[i].script, NULL};
		struct buf out = BUF_INIT, errors = BUF_INIT;
		struct err err = ERR_INIT;
		int status = -1;

		buf_puts(&out, "before");
		assert_int_equal(
			os_run(argv, str_of(cases[i].input), &out, &errors, &status, &err), 0);
		assert_int_equal(status, cases[i].status);
		assert_string_equal(buf_str(&out).ptr, cases[i].out);
		assert_string_equal(buf_str(&errors).ptr, cases[i].errors);
		buf_release(&out);
		buf_release(&errors);
	}
}

static void bounds_output(void **state)
{
	/* More than any pipe holds, in both directions, and a reader that goes away. */
	static const char *const scripts[] = {"tr a b; head -c 3000000 /dev/zero >&2", "exit 0",
					      "cat >/dev/null; head -c 3000000 /dev/zero"};
	static char large[2000000];

	(void)state;
	memset(large, 'a', sizeof(large) - 1);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		const char *const argv[] = {"sh", "-c", scripts[i], NULL};
		struct buf out = BUF_INIT, errors = BUF_INIT;
		struct err err = ERR_INIT;
		int status = -1;

		assert_int_equal(os_run(argv, str_of(large), &out, &errors, &status, &err), 0);
		assert_int_equal(status, 0);
		assert_int_equal(out.len, i == 1 ? 0 : 1 << 20);
		assert_int_equal(errors.len, i == 0 ? 1 << 20 : 0);
		assert_int_equal(out.cut, i != 1);
		buf_release(&out);
		buf_release(&errors);
	}
}

static void names_what_cannot_start(void **state)
{
	const char *const argv[] = {"zsctl-no-such-program", NULL};
	const char *const quiet[] = {"sh", "-c", "exit 5", NULL};
	struct buf out = BUF_INIT, errors = BUF_INIT;
	struct err err = ERR_INIT;
	int status = 7;

	(void)state;
	assert_int_equal(os_run(argv, STR(""), &out, &errors, &status, &err), -1);
	assert_string_equal(err.text,
			    "cannot start zsctl-no-such-program: No such file or directory");
	assert_int_equal(os_run_interactive(argv, &status, &err), -1);
	assert_int_equal(status, 7);
	assert_int_equal(os_run_interactive(quiet, &status, &err), 0);
	assert_int_equal(status, 5);
}

/* Secrets of ours are none of its business. */
static void tells_a_child_little(void **state)
{
	const char *const argv[] = {"env", NULL};
	struct buf out = BUF_INIT, errors = BUF_INIT;
	struct err err = ERR_INIT;
	int status = -1;

	(void)state;
	assert_int_equal(setenv("ZIVVER_API_KEY", "secret", 1), 0);
	assert_int_equal(setenv("LD_PRELOAD_NOT", "secret", 1), 0);
	assert_int_equal(setenv("TERMINAL", "secret", 1), 0);
	assert_int_equal(setenv("TERM", "vt100", 1), 0);
	assert_int_equal(setenv("SSH_AUTH_SOCK", "/nowhere", 1), 0);
	assert_int_equal(os_run(argv, STR_NONE, &out, &errors, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_null(strstr(out.ptr, "secret"));
	assert_non_null(strstr(out.ptr, "TERM=vt100\n"));
	assert_non_null(strstr(out.ptr, "SSH_AUTH_SOCK=/nowhere\n"));
	assert_non_null(strstr(out.ptr, "PATH="));
	buf_release(&out);
	buf_release(&errors);
}

static void drains_at_the_first_signal(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		struct pollfd polled;

		os_signals_watch();
		polled = (struct pollfd){os_signal_fd(), POLLIN, 0};
		if (os_interrupted() || poll(&polled, 1, 0) != 0)
			_exit(1);
		raise(SIGINT);
		if (!os_interrupted() || poll(&polled, 1, 0) != 1)
			_exit(2);
		raise(SIGTERM);
		_exit(3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 130);
}

static void knows_who_and_where(void **state)
{
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_true(os_user(&arena).len > 0);
	assert_true(os_host(&arena).len > 0);
	assert_true(os_now() > 1700000000);
	assert_true(os_monotonic_ms() <= os_monotonic_ms());
	arena_release(&arena);
}

/* --- fault points ----------------------------------------------------------------------- */

#ifdef ZSCTL_FAULTS
static void kills_at_fault_points(void **state)
{
	static const char *const names[] = {"append",    "append", "temporary",
					    "temporary", "rename", "rename"};
	static const char *const contents[] = {"old", "old", "old", "old", "old", "new"};

	/* This test is the first; each write_file() here makes four calls that count too. */
	size_t calls = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char at[16];
		struct buf log = BUF_INIT;
		struct err err = ERR_INIT;
		pid_t child;
		int status;

		write_file("faulty", "old");
		calls += 4;
		unlink("faults");
		child = fork();
		if (child == 0) {
			int fd = open("appended", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				      0600);

			snprintf(at, sizeof(at), "%zu", calls + i + 1);
			setenv("ZSCTL_FAULT_LOG", "faults", 1);
			setenv("ZSCTL_FAULT_AT", at, 1);
			os_append(fd, "appended", STR("x\n"), true, &err);
			os_write_file("faulty", STR("new"), 0644, &err);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
		assert_content("faulty", contents[i]);
		assert_int_equal(os_read_file("faults", 1000, &log, &err), 0);
		for (size_t j = 0; j <= i; j++) {
			assert_true(str_starts(buf_str(&log), names[j]));
			memmove(log.ptr, log.ptr + strlen(names[j]) + 1,
				log.len - strlen(names[j]));
			log.len -= strlen(names[j]) + 1;
		}
		assert_int_equal(log.len, 0);
		buf_release(&log);
	}
	unlink("faults");
}
#endif

static int in_a_new_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	const char *const argv[] = {"rm", "-r", folder, NULL};
	struct err err = ERR_INIT;
	int status = 1;

	(void)state;
	return chdir("..") || os_run_interactive(argv, &status, &err) || status;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef ZSCTL_FAULTS
		cmocka_unit_test(kills_at_fault_points),
#endif
		cmocka_unit_test(reads_files),
		cmocka_unit_test(makes_directories),
		cmocka_unit_test(joins_paths),
		cmocka_unit_test(finds_patterns),
		cmocka_unit_test(replaces_files),
		cmocka_unit_test(leaves_nothing_behind),
		cmocka_unit_test(follows_links),
		cmocka_unit_test(refuses_wrong_places),
		cmocka_unit_test(survives_a_full_disk),
		cmocka_unit_test(locks),
		cmocka_unit_test(runs_programs),
		cmocka_unit_test(bounds_output),
		cmocka_unit_test(names_what_cannot_start),
		cmocka_unit_test(tells_a_child_little),
		cmocka_unit_test(drains_at_the_first_signal),
		cmocka_unit_test(knows_who_and_where),
	};
	struct err err;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, in_a_new_folder, remove_folder);
}
