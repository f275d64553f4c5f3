/*
 * For tests of declared accounts: a folder of its own as the current directory, files from
 * literals, and what reading them finds.
 */
#ifndef ZSCTL_TEST_DECLARED_FILES_H
#define ZSCTL_TEST_DECLARED_FILES_H

#include "base/os.h"
#include "declared.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define TODAY 20777 /* 2026-11-20 */

struct read_files {
	struct sym_pool names;
	struct entries entries;
	struct diags diags;
	int result;
};

static char work_dir[] = "/tmp/zsctl-declared-XXXXXX";

static inline int enter_work_dir(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (base_init(&err) || !mkdtemp(work_dir) || chdir(work_dir))
		return -1;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

static inline void clear_work_dir(void)
{
	assert_int_equal(nftw(".", remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline int leave_work_dir(void **state)
{
	(void)state;
	clear_work_dir();
	return chdir("/") || rmdir(work_dir);
}

/* Not os_write_file(): nothing here needs to survive a crash, and fsync takes its time. */
static inline void write_file(const char *path, struct str text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
}

static inline void read_files(struct read_files *read, const char *pattern)
{
	*read = (struct read_files){SYM_POOL_INIT, ENTRIES_INIT, DIAGS_INIT, 0};
	read->result = declared_read(str_of(pattern), STR("declared"), 3, TODAY, &read->names,
				     &read->entries, &read->diags);
}

static inline void release_files(struct read_files *read)
{
	entries_release(&read->entries);
	diags_release(&read->diags);
	sym_pool_release(&read->names);
}

/* "a.yaml:2:5: error: …", one a line, in the order found. */
static inline void add_findings(struct buf *out, const struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];

		buf_addf(out, "%.*s:%u:%u: %s: %.*s\n", STR_FMT(diag->file), diag->line,
			 diag->column, diag->warning ? "warning" : "error",
			 STR_FMT(diag->message));
	}
}

static inline const struct entry *entry_of(const struct read_files *read, const char *address)
{
	for (size_t i = 0; i < read->entries.count; i++) {
		const struct entry *entry = &read->entries.items[i];

		if (str_is(sym_str(entry->account.address), address))
			return entry;
	}
	fail_msg("no entry %s", address);
	return NULL;
}

#endif
