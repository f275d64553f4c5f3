/*
 * Declared accounts over arbitrary bytes: they are read, or refused with findings that are safe to
 * show; and what was read can be written and read again.
 */
#include "declared.h"

#include "base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void remove_file(void)
{
	unlink(path);
}

static void set_up(void)
{
	struct err err = ERR_INIT;

	if (path[0])
		return;
	if (base_init(&err))
		abort();
	snprintf(path, sizeof(path), "%s/zsctl-fuzz-declared-%d.yaml",
		 os_exists("/dev/shm") ? "/dev/shm" : "/tmp", (int)getpid());
	atexit(remove_file);
}

static int read_bytes(const char *bytes, size_t size, struct sym_pool *names,
		      struct entries *entries)
{
	struct diags diags = DIAGS_INIT;
	struct buf shown = BUF_INIT;
	FILE *file = fopen(path, "w");
	int rc;

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file))
		abort();
	rc = declared_read_overlay(str_of(path), STR("fuzz"), 0, 20777, names, entries, &diags);
	if (rc != (diags.errors ? -1 : 0))
		abort();
	diags_format(&diags, &shown);
	for (size_t i = 0; i < shown.len; i++) {
		unsigned char c = (unsigned char)shown.ptr[i];

		if ((c < ' ' && c != '\n') || c == 0x7f)
			abort();
	}
	buf_release(&shown);
	diags_release(&diags);
	return rc;
}

static int by_account(const void *a, const void *b)
{
	return account_cmp(a, b);
}

static void write_and_read(struct sym_pool *names, const struct entries *entries)
{
	struct accounts accounts = ACCOUNTS_INIT;
	struct entries again = ENTRIES_INIT;
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < entries->count; i++) {
		struct account *account = vec_push(&accounts);

		*account = entries->items[i].account;
		/* Reasons with a group's name in front may be too long for a file. */
		for (uint32_t j = 0; j < account->delegates.count; j++)
			account->delegates.items[j].why = NULL;
	}
	if (accounts.count)
		qsort(accounts.items, accounts.count, sizeof(*accounts.items), by_account);
	declared_write(&accounts, STR_NONE, &out);
	if (read_bytes(out.ptr, out.len, names, &again) || again.count != accounts.count)
		abort();
	for (size_t i = 0; i < again.count; i++) {
		const struct account *a = &accounts.items[i], *b = &again.items[i].account;

		if (a->kind != b->kind || a->address != b->address || a->mobile != b->mobile ||
		    a->unit != b->unit || !set_equal(a->aliases, b->aliases) ||
		    a->delegates.count != b->delegates.count)
			abort();
	}
	buf_release(&out);
	entries_release(&again);
	accounts_release(&accounts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sym_pool names = SYM_POOL_INIT;
	struct entries entries = ENTRIES_INIT;

	set_up();
	if (read_bytes((const char *)data, size, &names, &entries) == 0)
		write_and_read(&names, &entries);
	entries_release(&entries);
	sym_pool_release(&names);
	return 0;
}
