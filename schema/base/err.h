/*
 * Errors: a class that decides the exit status, and a message that every caller prefixes with
 * its subject, so that the outermost reader sees "zsctl.yaml: source 'ad': bind refused: …".
 *
 * Functions that can fail return 0 or -1 and take `struct err *` last; outputs are untouched on
 * failure. Messages may carry text from outside: they are escaped where they are printed, not
 * here.
 */
#ifndef ZSCTL_ERR_H
#define ZSCTL_ERR_H

/* The values are the program's exit status (design: "Exit status"). */
enum err_class {
	ERR_FAILED = 1,      /* wrong input, wrong configuration, an I/O error */
	ERR_STALE = 3,       /* planning again cures it */
	ERR_LIMIT = 4,       /* a limit refuses */
	ERR_PERSON = 5,      /* a person must act */
	ERR_PARTIAL = 6,     /* applied in part, or still open */
	ERR_UNREACHABLE = 7, /* something is unreachable and nothing happened */
	ERR_LOCKED = 8,      /* another process holds the lock */
	ERR_USAGE = 64,
};

struct err {
	enum err_class class;
	char text[4096]; /* NUL-terminated, cut at a UTF-8 boundary when too long */
};

#define ERR_INIT                    \
	{                           \
		.class = ERR_FAILED \
	}

/* Sets class and message. Always returns -1, so that `return err_set(…)` reads well. */
int err_set(struct err *err, enum err_class class, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "<formatted>: " before the message, keeping the class. Always returns -1. */
int err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As err_set, with ": strerror(errno)" behind the message. Reads errno first. */
int err_errno(struct err *err, enum err_class class, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Out of memory: says so on stderr and exits with 1. The only exit outside main(). */
_Noreturn void err_out_of_memory(void);

#endif
