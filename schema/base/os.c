/* The process itself: start-up, the lock, signals, who and where we are, fault points. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * What libgit2 takes and gives back for each object, 1 MiB, stays in the heap; an arena's largest
 * pages do not.
 */
enum { MMAP_THRESHOLD = 3 << 19, TRIM_THRESHOLD = 4 << 20 };

int base_init(struct err *err)
{
	const struct rlimit none = {0, 0};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	unsigned char key[16];

	if (sodium_init() < 0)
		return err_set(err, ERR_FAILED, "the system gives no random numbers");
#ifdef M_MMAP_THRESHOLD
	/* Left alone, glibc raises it after the first large free(), and what is freed later stays:
	 * a quarter of the memory of a large plan. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
#endif
	randombytes_buf(key, sizeof(key));
	str_hash_seed(key);
	/* Broken pipes and full file sizes are errors of a write, not ends of the process. */
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	/* A core dump would hold secrets. */
	setrlimit(RLIMIT_CORE, &none);
#ifndef ZSCTL_SANITIZE
	/* LeakSanitizer needs ptrace, which this forbids. */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	return 0;
}

/* --- lock ------------------------------------------------------------------------------- */

static int fail_locked(int fd, const char *path, struct err *err)
{
	char line[512];
	ssize_t got = pread(fd, line, sizeof(line), 0);
	struct str rest = {line, got > 0 ? (size_t)got : 0};
	struct str holder = STR("another process");

	str_split(&rest, '\n', &holder);
	if (holder.len == 0)
		holder = STR("another process");
	return err_set(err, ERR_LOCKED, "%s is locked by %.*s", path, STR_FMT(holder));
}

int os_lock(struct os_lock *lock, const char *path, struct str holder, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct buf line = BUF_INIT;
	int result;

	if (fd < 0)
		return err_errno(err, ERR_FAILED, "cannot open the lock %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			fail_locked(fd, path, err);
		else
			err_errno(err, ERR_FAILED, "cannot lock %s", path);
		close(fd);
		return -1;
	}
	/* The line only informs: a full disk must not stop what the lock protects. */
	buf_add(&line, holder);
	buf_char(&line, '\n');
	result = ftruncate(fd, 0);
	if (result == 0 && pwrite(fd, line.ptr, line.len, 0) < 0)
		result = ftruncate(fd, 0);
	buf_release(&line);
	lock->fd = fd;
	return 0;
}

void os_unlock(struct os_lock *lock)
{
	if (lock->fd < 0)
		return;
	/* The file stays: removing it would let two processes hold two files of one name. */
	if (ftruncate(lock->fd, 0)) {
		/* A stale holder line harms nobody who gets the lock. */
	}
	close(lock->fd);
	lock->fd = -1;
}

/* --- signals ---------------------------------------------------------------------------- */

static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t interrupts;

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (interrupts++ > 0)
		_exit(130);
	if (write(signal_pipe[1], "", 1) < 0) {
		/* The pipe is full or absent; os_interrupted() tells it all the same. */
	}
	errno = saved;
}

void os_signals_watch(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		signal_pipe[0] = signal_pipe[1] = -1;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool os_interrupted(void)
{
	return interrupts > 0;
}

int os_signal_fd(void)
{
	return signal_pipe[0];
}

/* --- who and where ---------------------------------------------------------------------- */

struct str os_user(struct arena *arena)
{
	const struct passwd *entry = getpwuid(geteuid());

	return entry && entry->pw_name[0] ? arena_str(arena, str_of(entry->pw_name))
					  : STR("unknown");
}

struct str os_host(struct arena *arena)
{
	char name[256];

	if (gethostname(name, sizeof(name)))
		return STR("unknown");
	name[sizeof(name) - 1] = '\0';
	return name[0] ? arena_str(arena, str_of(name)) : STR("unknown");
}

/* --- fault points ----------------------------------------------------------------------- */

#ifdef ZSCTL_FAULTS
void os_fault(const char *name)
{
	static uint64_t calls;
	const char *log = getenv("ZSCTL_FAULT_LOG");
	const char *at = getenv("ZSCTL_FAULT_AT");
	const char *with = getenv("ZSCTL_FAULT_SIGNAL");
	uint64_t wanted, number;

	calls++;
	if (log && log[0]) {
		FILE *file = fopen(log, "ae");

		if (file) {
			fprintf(file, "%s\n", name);
			fclose(file);
		}
	}
	if (!at || !str_to_u64(str_of(at), &wanted) || wanted != calls)
		return;
	if (!with || !str_to_u64(str_of(with), &number) || number > 64)
		number = SIGKILL;
	raise((int)number);
}
#endif
