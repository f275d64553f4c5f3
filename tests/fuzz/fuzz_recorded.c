/*
 * The files of the record over arbitrary bytes: an account is refused, or was read to the byte; so
 * are what the sources counted. Either is safe against hostile git objects.
 */
#include "state_internal.h"

#include "base/os.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct sym_pool names = SYM_POOL_INIT;
	struct recorded_account account;
	struct recorded recorded;
	struct buf again = BUF_INIT;
	struct err err = ERR_INIT;

	if (base_init(&err))
		abort();
	recorded_init(&recorded);
	if (recorded_parse(bytes, "x", &names, &recorded.arena, &account, &err) == 0) {
		recorded_write(&account, &again);
		if (!str_eq(bytes, buf_str(&again)))
			abort();
		recorded_path(&account.account, &again);
	}
	buf_clear(&again);
	if (sources_parse(bytes, &names, &recorded, &err) == 0) {
		sources_write(&recorded, &again);
		if (!str_eq(bytes, buf_str(&again)))
			abort();
	}
	buf_release(&again);
	recorded_release(&recorded);
	sym_pool_release(&names);
	return 0;
}
