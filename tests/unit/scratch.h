/* A folder of its own for a test, and programs run in it. Include behind <cmocka.h>. */
#ifndef ZSCTL_TEST_SCRATCH_H
#define ZSCTL_TEST_SCRATCH_H

#include "base/os.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[256];
static struct arena scratch_arena;

static int scratch_remove(const char *path, const struct stat *status, int type,
			  struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* cmocka's set-up and tear-down of one test. */
static int scratch_make(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(scratch, sizeof(scratch), "%s/zsctl-test-XXXXXX", base ? base : "/tmp");
	return mkdtemp(scratch) ? 0 : -1;
}

static int scratch_clear(void **state)
{
	(void)state;
	arena_release(&scratch_arena);
	return nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in it. */
__attribute__((format(printf, 1, 2))) static inline const char *in_scratch(const char *format,
									   ...)
{
	char name[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	return arena_strf(&scratch_arena, "%s/%s", scratch, name).ptr;
}

static inline void write_scratch(const char *path, struct str bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
}

/* What a program, which must succeed, prints. `…` ends in NULL. */
static inline const char *output_of(const char *program, ...)
{
	const char *argv[32] = {program};
	struct buf out = BUF_INIT, errors = BUF_INIT;
	struct err err = ERR_INIT;
	struct str text;
	va_list args;
	int status;

	va_start(args, program);
	for (size_t i = 1; i < 31 && (argv[i] = va_arg(args, const char *)); i++)
		;
	va_end(args);
	if (os_run(argv, STR_NONE, &out, &errors, &status, &err) < 0)
		fail_msg("%s", err.text);
	if (status != 0)
		fail_msg("%s %s %s %s: status %d: %s", argv[0], argv[1], argv[2], argv[3],
			 status, errors.ptr ? errors.ptr : "");
	text = arena_str(&scratch_arena, buf_str(&out));
	buf_release(&out);
	buf_release(&errors);
	return text.ptr;
}

#endif
