/* allowed_signers files and SSH signatures over arbitrary bytes. */
#include "approval_internal.h"

#include "base/os.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct arena arena = ARENA_INIT;
	struct signature signature;
	struct signers signers;
	struct err err = ERR_INIT;

	if (base_init(&err))
		abort();
	if (signers_parse(bytes, "x", &arena, &signers, &err) == 0) {
		/* Whoever is in it can be found by his key, and is nobody else. */
		for (size_t i = 0; i < signers.count; i++)
			if (signers_by_key(&signers, signers.items[i].fingerprint) !=
			    &signers.items[i])
				abort();
	}
	signature_read(bytes, &signature);
	arena_release(&arena);
	return 0;
}
