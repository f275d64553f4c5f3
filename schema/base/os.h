/*
 * The operating system: files, locks, time, signals, child processes. Paths are NUL-terminated.
 * Every durable write passes os_fault(), where test builds can kill the process.
 */
#ifndef ZSCTL_OS_H
#define ZSCTL_OS_H

#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * Once, first in main(): libsodium, SIGPIPE and SIGXFSZ ignored, core dumps off. Returns -1
 * when the host cannot give random numbers.
 */
int base_init(struct err *err);

/* --- files ------------------------------------------------------------------------------ */

/* Reads a whole regular file of at most `limit` bytes; buf is replaced. Missing: ERR_FAILED
 * with "cannot open PATH: No such file or directory". */
int os_read_file(const char *path, size_t limit, struct buf *out, struct err *err);
bool os_exists(const char *path);
/* Whether nobody has replaced or written the file between the two. */
bool os_same_file(const struct stat *before, const struct stat *after);
int os_make_dirs(const char *path, mode_t mode, struct err *err); /* like mkdir -p */
/* Makes a new or renamed entry of the directory that holds `path` durable (fsync). */
int os_sync_parent(const char *path, struct err *err);
/* "DIR/NAME", or NAME when it is absolute or DIR is empty; in the arena. */
struct str os_join(struct arena *arena, struct str dir, struct str name);
struct str os_dirname(struct arena *arena, struct str path);
/* Sorted paths that match a shell pattern (glob(3), no tilde, no braces); none is no error. */
int os_glob(struct arena *arena, const char *pattern, struct str **paths, size_t *count,
	    struct err *err);

/*
 * Atomic replacement: everything goes to a new file beside `path` (O_EXCL, same directory), is
 * fsynced, renamed over `path`, and the directory is fsynced. Until commit the old file is
 * untouched; a crash leaves old or new, never half. ENOSPC and EFBIG are ordinary errors.
 * `mode` is for a file that is new (umask applies); one that exists keeps its mode and owner. A
 * symbolic link is followed: what it points to is replaced. What a killed process left beside
 * `path` is removed by the next os_writer_open() for it.
 */
struct os_writer {
	int fd;
	char *path, *temporary;
	struct buf buffer;
	int failed; /* errno of the first failure; later writes do nothing */
	bool synced;
};
#define OS_WRITER_INIT   \
	{                \
		.fd = -1 \
	}
/* Refuses a symbolic link at `path`. */
int os_writer_open(struct os_writer *writer, const char *path, mode_t mode, struct err *err);
/* Replaces what a symbolic link at `path` leads to: for files that people place themselves. */
int os_writer_follow(struct os_writer *writer, const char *path, mode_t mode, struct err *err);
void os_writer_add(struct os_writer *writer, struct str bytes); /* errors surface at commit */
/* Copies `size` bytes at `offset` of `fd`. */
void os_writer_copy(struct os_writer *writer, int fd, uint64_t offset, uint64_t size);
/* Makes what was added durable, still beside `path`; so that little is left between a last look at
 * `path` and the commit. Errors surface at commit. */
void os_writer_sync(struct os_writer *writer);
int os_writer_commit(struct os_writer *writer, struct err *err); /* releases in any case */
/* Abandons: removes the temporary file. */
void os_writer_release(struct os_writer *writer);
/* All of the above in one call. */
int os_write_file(const char *path, struct str bytes, mode_t mode, struct err *err);

/* --- durable append-only file (the journal) ----------------------------------------------- */

/* Appends to the file's end, and with `durable` fdatasyncs it whole. A short write is an error and is
 * cut off again. */
int os_append(int fd, const char *path, struct str bytes, bool durable, struct err *err);

/* --- lock ------------------------------------------------------------------------------- */

/*
 * An exclusive flock(2) on `path`, which holds a line of text about its holder. Taken by
 * another process: ERR_LOCKED, the message ends in that line. The lock goes with the process.
 */
struct os_lock {
	int fd;
};
#define OS_LOCK_INIT     \
	{                \
		.fd = -1 \
	}
int os_lock(struct os_lock *lock, const char *path, struct str holder, struct err *err);
void os_unlock(struct os_lock *lock);

/* --- time ------------------------------------------------------------------------------- */

int64_t os_now(void); /* seconds since 1970, UTC */
uint64_t os_monotonic_ms(void);
/* "2026-11-20T10:15:00Z"; out has room for 21 bytes */
#define TIME_TEXT_SIZE 21
void time_text(int64_t seconds, char out[TIME_TEXT_SIZE]);
bool time_parse(struct str text, int64_t *seconds); /* that form only */
/* Days since 1970-01-01 in the proleptic Gregorian calendar; "2026-11-20". */
#define DATE_TEXT_SIZE 11
void date_text(int32_t days, char out[DATE_TEXT_SIZE]);
bool date_parse(struct str text, int32_t *days); /* that form only, real dates only */
int32_t date_of(int64_t seconds);
/* "72h", "30d", "15m", "90s": a positive number and one unit. */
bool duration_parse(struct str text, int64_t *seconds);
void duration_text(int64_t seconds, char *out, size_t size); /* shortest exact form */

/* --- signals ---------------------------------------------------------------------------- */

/* From here on SIGINT and SIGTERM write to a self-pipe: the first asks to drain, the second
 * leaves at once with status 130. */
void os_signals_watch(void);
bool os_interrupted(void); /* true after the first */
int os_signal_fd(void);    /* readable after the first, for poll(2) */

/* --- processes -------------------------------------------------------------------------- */

/*
 * Runs a program (PATH look-up, no shell) with `input` on its stdin and collects stdout and
 * stderr (each bounded to 1 MiB). *status is its exit status (128+N after signal N). A program
 * that cannot be started is an error that names it. Of our environment it sees PATH, HOME, LANG,
 * LC_ALL, TERM, TZ and SSH_AUTH_SOCK.
 */
int os_run(const char *const argv[], struct str input, struct buf *out, struct buf *errors,
	   int *status, struct err *err);
/* As os_run, but the child keeps our terminal on all three descriptors (ssh-keygen asks for a
 * passphrase). */
int os_run_interactive(const char *const argv[], int *status, struct err *err);

/* "user" and "host" for records; fall back to "unknown". In the arena. */
struct str os_user(struct arena *arena);
struct str os_host(struct arena *arena);

/* --- fault points ----------------------------------------------------------------------- */

/*
 * Called before and after every durable step with its name ("journal", "rename", "ref", …).
 * Built with ZSCTL_FAULTS: counts the calls, appends the names to the file $ZSCTL_FAULT_LOG when
 * set, and raises SIGKILL, or the signal with the number $ZSCTL_FAULT_SIGNAL, at call number
 * $ZSCTL_FAULT_AT (1-based). Otherwise compiled to nothing.
 */
#ifdef ZSCTL_FAULTS
void os_fault(const char *name);
#else
#define os_fault(name) ((void)0)
#endif

#endif
