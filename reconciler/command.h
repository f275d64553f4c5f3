/*
 * Commands: one file each (cmd_NAME.c), one row each in the table of main.c. A row declares what
 * the command takes and needs; main parses, provides it and turns the outcome into the exit
 * status. Help, completion and the README's reference come from the same rows.
 */
#ifndef ZSCTL_COMMAND_H
#define ZSCTL_COMMAND_H

#include "config.h"
#include "plan.h"
#include "state.h"

/* --- what may be written on the command line ------------------------------------------------ */

struct option {
	const char *name;  /* long name */
	char letter;       /* 0: none */
	const char *value; /* placeholder in help; NULL: a switch */
	const char *help;
	bool repeats; /* may be given more than once, and holds lists separated by commas */
	const char *words; /* values for completion and checking, separated by '|'; NULL: any */
};

#define OPTION_LIMIT 64
struct arguments {
	struct {
		const struct option *option;
		const char *value; /* NULL for a switch */
	} options[OPTION_LIMIT];
	size_t option_count;
	const char *words[OPTION_LIMIT]; /* what is not an option */
	size_t word_count;
};
bool given(const struct arguments *arguments, const char *name);
/* The last value given; NULL when there is none. */
const char *value_of(const struct arguments *arguments, const char *name);
/* All values, split at commas and trimmed, sorted, each once. */
void values_of(const struct arguments *arguments, const char *name, struct arena *arena,
	       struct strs *out);

/* --- what a command works with -------------------------------------------------------------- */

enum command_needs {
	NEEDS_CONFIG = 1 << 0, /* zsctl.yaml, valid */
	NEEDS_STATE = 1 << 1,  /* the record, which may not exist yet */
};

struct context {
	const struct command *command;
	struct arguments arguments;
	const char *config_path;
	struct config config;
	struct state *state;
	struct sym_pool names;
	struct arena arena;
	struct diags diags;
	bool color; /* of stdout */
	bool quiet;
	int status; /* of a command that returns 0: 0, or 2 for changes and drift */
	struct err err;
};

struct command {
	const char *name;
	const char *arguments;        /* "FILE", "[ADDRESS]", "RUN…" */
	const char *summary;          /* one line */
	const char *details;          /* further lines of --help, or NULL */
	const struct option *options; /* ends in a row without a name; NULL: none */
	size_t words_min, words_max;
	unsigned needs;    /* enum command_needs */
	const char *words; /* values of the first word for completion; NULL: files */
	/* 0 with context->status, or -1 with context->err. */
	int (*run)(struct context *context);
};

extern const struct command *const commands[]; /* ends in NULL */
extern const struct option global_options[];   /* ends in a row without a name */

/* Reads argv into arguments and finds the command. ERR_USAGE with a suggestion. `command` may
 * come out NULL (nothing but global options). */
int options_parse(int argc, char **argv, const struct command **command,
		  struct arguments *arguments, struct err *err);
/* The text of `zsctl --help` and `zsctl COMMAND --help`. */
void help_program(struct buf *out);
void help_command(const struct command *command, struct buf *out);

/* --- what several commands do --------------------------------------------------------------- */

/* Writes all of it to stdout; -1 with *err (a closed pipe is no error). */
int print_out(struct str text, struct err *err);

/* The configuration, as NEEDS_CONFIG provides it: -1 when there is none or it has errors (then its
 * findings are in context->diags). */
int context_config(struct context *context);

/* A variable of the environment that only rehearsals (file and loopback targets) may set; NULL
 * when it is not. ERR_USAGE when it is set for a real service. */
int context_rehearsal_variable(struct context *context, const char *name, const char **value);
/* Now, or $ZSCTL_NOW, which only rehearsals may set (ERR_USAGE otherwise). */
int context_now(struct context *context, int64_t *now);
/* $ZSCTL_APPROVER for rehearsals; NULL when not set. ERR_USAGE when set for a real service. */
int context_approver(struct context *context, const char **approver);

/*
 * Asks on the terminal (not stdin) and returns the line without its end in the arena. ERR_PERSON
 * when there is no terminal.
 */
int terminal_ask(const char *question, struct arena *arena, struct str *answer,
		 struct err *err);

/* The options that all commands which make plans share: -o, -m, --author, --expires, --allow. */
#define PLAN_MAKING_OPTIONS                                                                      \
	{"out", 'o', "FILE", "write the plan there, to be reviewed, approved and applied",       \
	 false, NULL},                                                                           \
		{"message", 'm', "REASON", "why; stands in the plan and in the record",          \
		 false,     NULL},                                                               \
		{"author",    0,                                                                 \
		 "PRINCIPAL", "who asks for it (else ZSCTL_AUTHOR, else git's user.email)",      \
		 false,       NULL},                                                             \
		{"expires", 0,   "DURATION", "valid for less than approval.expires, such as 4h", \
		 false,     NULL},                                                               \
		{"allow", 0, "RULE[:KIND]=N", "raise one limit for this plan", true, NULL},      \
		{"detailed-exitcode",                                                            \
		 0,                                                                              \
		 NULL,                                                                           \
		 "exit with 2 when there are changes",                                           \
		 false,                                                                          \
		 NULL},                                                                          \
		{"format", 0, "FORMAT", "how to print it", false, "text|json"},                  \
	{                                                                                        \
		"full", 0, NULL, "print long lists whole", false, NULL                           \
	}

#endif
