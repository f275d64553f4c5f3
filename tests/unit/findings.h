/* What a test expects of findings: lines "LINE:COLUMN: message" in the order people see them. */
#ifndef ZSCTL_TESTS_FINDINGS_H
#define ZSCTL_TESTS_FINDINGS_H

#include "diag.h"

/* `file` is the file most findings are about: its name is left out. */
static inline void add_findings(struct buf *out, const struct diags *diags, const char *file)
{
	struct buf all = BUF_INIT;
	struct str rest, line;

	diags_format(diags, &all);
	rest = buf_str(&all);
	while (str_split(&rest, '\n', &line)) {
		const char *mark = memmem(line.ptr, line.len, ": error: ", 9);
		size_t name = strlen(file);

		if (!mark)
			continue;
		if (line.len > name && str_starts(line, file) && line.ptr[name] == ':') {
			line.ptr += name + 1;
			line.len -= name + 1;
		}
		/* A finding about the whole file has no position. */
		if (mark > line.ptr)
			buf_addf(out, "%.*s: ", (int)(mark - line.ptr), line.ptr);
		buf_addf(out, "%.*s\n", (int)(line.ptr + line.len - mark - 9), mark + 9);
	}
	buf_release(&all);
}

#endif
