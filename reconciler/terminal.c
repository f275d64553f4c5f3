#include "base/log.h"
#include "base/os.h"
#include "command.h"
#include "provider.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int print_out(struct str text, struct err *err)
{
	size_t done = 0;
	while (done < text.len) {
		ssize_t n = write(STDOUT_FILENO, text.ptr + done, text.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			return 0;
		if (n < 0)
			return err_errno(err, ERR_FAILED, "standard output");
		done += (size_t)n;
	}
	return 0;
}

/* A real service never sees another clock, id or approver than the true ones. */
int context_rehearsal_variable(struct context *context, const char *name, const char **value)
{
	*value = getenv(name);
	if (*value && !**value)
		*value = NULL;
	if (!*value)
		return 0;
	struct target *target;
	if (target_open(&target, &context->config, &context->err) < 0)
		return -1;
	bool rehearsal = target->rehearsal;
	target_free(target);
	if (rehearsal)
		return 0;
	return err_set(&context->err, ERR_USAGE,
		       "%s is for file and loopback targets only: unset it", name);
}

int context_now(struct context *context, int64_t *now)
{
	const char *text;
	if (context_rehearsal_variable(context, "ZSCTL_NOW", &text) < 0)
		return -1;
	if (!text) {
		*now = os_now();
		return 0;
	}
	if (!time_parse(str_of(text), now))
		return err_set(&context->err, ERR_USAGE,
			       "ZSCTL_NOW is '%s'; it is written like 2026-11-20T10:15:00Z",
			       text);
	return 0;
}

int context_approver(struct context *context, const char **approver)
{
	return context_rehearsal_variable(context, "ZSCTL_APPROVER", approver);
}

int terminal_ask(const char *question, struct arena *arena, struct str *answer, struct err *err)
{
	FILE *terminal = fopen("/dev/tty", "r+e");
	if (!terminal)
		return err_set(err, ERR_PERSON,
			       "this asks a person, and there is no terminal to ask at");
	char line[512];
	fputs(question, terminal);
	fflush(terminal);
	bool got = fgets(line, sizeof(line), terminal) != NULL;
	fclose(terminal);
	if (!got)
		return err_set(err, ERR_PERSON, "nothing was typed");
	*answer = arena_str(arena, str_trim(str_of(line)));
	return 0;
}
