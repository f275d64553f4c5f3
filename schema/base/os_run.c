/* Child processes. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_LIMIT = 1 << 20 };

/* What a child is told: secrets lie in the environment too. TZ says what dates without a zone mean. */
static const char *const passed_on[] = {
	"PATH=", "HOME=", "LANG=", "LC_ALL=", "TERM=", "SSH_AUTH_SOCK=", "TZ="};
#define PASSED_ON (sizeof(passed_on) / sizeof(passed_on[0]))

/* The strings stay those of our own environment. */
static void environment_of_child(char *out[PASSED_ON + 1])
{
	size_t count = 0;

	for (size_t i = 0; i < PASSED_ON; i++)
		for (char **at = environ; at && *at; at++)
			if (!strncmp(*at, passed_on[i], strlen(passed_on[i]))) {
				out[count++] = *at;
				break;
			}
	out[count] = NULL;
}

/* Ends of pipes, by the child's descriptor; -1 when closed. */
struct pipes {
	int ours[3], theirs[3];
};

static void close_all(int fds[3])
{
	for (int i = 0; i < 3; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static int open_pipes(struct pipes *pipes)
{
	*pipes = (struct pipes){{-1, -1, -1}, {-1, -1, -1}};
	for (int i = 0; i < 3; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC)) {
			close_all(pipes->ours);
			close_all(pipes->theirs);
			return -1;
		}
		pipes->ours[i] = i == 0 ? ends[1] : ends[0];
		pipes->theirs[i] = i == 0 ? ends[0] : ends[1];
	}
	/* A child that does not read must not stop us from reading what it writes. */
	return fcntl(pipes->ours[0], F_SETFL, O_NONBLOCK);
}

/* `theirs` NULL: the child shares our descriptors. Returns an errno. */
static int spawn(pid_t *child, const char *const argv[], const int *theirs)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	char *environment[PASSED_ON + 1];
	int result;

	environment_of_child(environment);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	for (int i = 0; theirs && i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
	/* Ignored signals would stay ignored in the child. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGXFSZ);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	/* The prototype lacks a const that the function honours. */
	result = posix_spawnp(child, argv[0], &actions, &attributes,
			      (char *const *)(uintptr_t)argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return result;
}

static int wait_for(pid_t child, int *status, const char *name, struct err *err)
{
	int raw;

	while (waitpid(child, &raw, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, ERR_FAILED, "cannot wait for %s", name);
	}
	*status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	return 0;
}

/* True when the descriptor is finished with. */
static bool write_some(int fd, struct str *input)
{
	ssize_t put = write(fd, input->ptr, input->len);

	/* A child that closes its stdin wants no more; its exit status tells what it thinks. */
	if (put < 0)
		return errno != EINTR && errno != EAGAIN;
	input->ptr += put;
	input->len -= (size_t)put;
	return input->len == 0;
}

static bool read_some(int fd, struct buf *out)
{
	char chunk[16384];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	if (got < 0)
		return errno != EINTR && errno != EAGAIN;
	buf_add(out, (struct str){chunk, (size_t)got});
	return got == 0;
}

static int converse(struct pipes *pipes, struct str input, struct buf *outputs[3])
{
	if (input.len == 0) {
		close(pipes->ours[0]);
		pipes->ours[0] = -1;
	}
	while (pipes->ours[0] >= 0 || pipes->ours[1] >= 0 || pipes->ours[2] >= 0) {
		struct pollfd polled[3];

		for (int i = 0; i < 3; i++)
			polled[i] = (struct pollfd){pipes->ours[i], i == 0 ? POLLOUT : POLLIN,
						    0};
		if (poll(polled, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		for (int i = 0; i < 3; i++) {
			if (!polled[i].revents)
				continue;
			if (i == 0 ? write_some(pipes->ours[0], &input)
				   : read_some(pipes->ours[i], outputs[i])) {
				close(pipes->ours[i]);
				pipes->ours[i] = -1;
			}
		}
	}
	return 0;
}

int os_run(const char *const argv[], struct str input, struct buf *out, struct buf *errors,
	   int *status, struct err *err)
{
	struct buf collected[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
	struct buf *outputs[3] = {&collected[0], &collected[1], &collected[2]};
	struct pipes pipes;
	pid_t child;
	int result;

	collected[1].limit = collected[2].limit = OUTPUT_LIMIT;
	if (open_pipes(&pipes))
		return err_errno(err, ERR_FAILED, "cannot start %s", argv[0]);
	errno = spawn(&child, argv, pipes.theirs);
	close_all(pipes.theirs);
	if (errno) {
		err_errno(err, ERR_FAILED, "cannot start %s", argv[0]);
		close_all(pipes.ours);
		return -1;
	}
	result = converse(&pipes, input, outputs);
	if (result)
		err_errno(err, ERR_FAILED, "cannot talk to %s", argv[0]);
	close_all(pipes.ours);
	if (wait_for(child, status, argv[0], err))
		result = -1;
	if (result) {
		buf_release(&collected[1]);
		buf_release(&collected[2]);
		return -1;
	}
	buf_release(out);
	buf_release(errors);
	*out = collected[1];
	*errors = collected[2];
	return 0;
}

int os_run_interactive(const char *const argv[], int *status, struct err *err)
{
	pid_t child;

	errno = spawn(&child, argv, NULL);
	if (errno)
		return err_errno(err, ERR_FAILED, "cannot start %s", argv[0]);
	return wait_for(child, status, argv[0], err);
}
