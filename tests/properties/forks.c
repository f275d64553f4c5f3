/*
 * zsctl many times over, without starting a program each time: a properties run calls it a million times, and
 * more than half of that time would go into the dynamic linker (and into the sanitizers' set-up).
 *
 * One request on stdin is a list of fields, each ended by a NUL, and an empty field after the last:
 *
 *     FOLDER OUT ERR NAME=VALUE… -- ARGUMENT…
 *
 * A child works in FOLDER with these variables more in its environment, its stdout and stderr in the files OUT and
 * ERR, and goes through zsctl's own main(). The answer on stdout is a line: its exit status, or the signal that
 * ended it, negative.
 */
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIELDS_MAX 256

int zsctl_main(int argc, char **argv); /* reconciler/main.c, compiled anew under this name */

struct request {
	char *fields[FIELDS_MAX];
	int count;
};

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		fail(path);
	close(fd);
}

static _Noreturn void run(struct request *request)
{
	static char program[] = "zsctl";
	char *arguments[FIELDS_MAX + 1] = {program};
	int count = 1, i;

	redirect("/dev/null", O_RDONLY, STDIN_FILENO);
	redirect(request->fields[1], O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
	redirect(request->fields[2], O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
	if (chdir(request->fields[0]))
		fail(request->fields[0]);
	for (i = 3; i < request->count && strcmp(request->fields[i], "--"); i++)
		if (putenv(request->fields[i]))
			fail(request->fields[i]);
	for (i++; i < request->count; i++)
		arguments[count++] = request->fields[i];
	exit(zsctl_main(count, arguments));
}

static int status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* False at the end of stdin. */
static int read_request(struct request *request)
{
	for (request->count = 0; request->count < FIELDS_MAX; request->count++) {
		size_t room = 0;
		char *field = NULL;

		if (getdelim(&field, &room, '\0', stdin) < 0) {
			free(field);
			return 0;
		}
		request->fields[request->count] = field;
		if (!field[0]) {
			free(field);
			return 1;
		}
	}
	fprintf(stderr, "more than %d fields\n", FIELDS_MAX);
	return 0;
}

int main(void)
{
	struct request request;

	/* It reads the system's certificates, whatever it is used for. */
	if (git_libgit2_init() < 0) {
		fputs("libgit2 does not start\n", stderr);
		return EXIT_FAILURE;
	}
	while (read_request(&request)) {
		pid_t child = request.count < 5 ? -1 : fork();

		if (child < 0)
			fail("fork");
		if (child == 0)
			run(&request);
		printf("%d\n", status_of(child));
		fflush(stdout);
		for (int i = 0; i < request.count; i++)
			free(request.fields[i]);
	}
	return EXIT_SUCCESS;
}
