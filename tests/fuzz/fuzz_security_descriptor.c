/* Security descriptors of mailboxes over arbitrary bytes. */
#include "security_descriptor.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str descriptor, const struct trustees *list)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < list->count; i++) {
		const struct str sid = list->sids[i];
		char made[SID_SIZE_MOST];

		if (sid.ptr < descriptor.ptr ||
		    sid.ptr + sid.len > descriptor.ptr + descriptor.len || !sid_valid(sid))
			abort();
		sid_text(sid, &text);
		if (sid_in_domain(sid, 513, made).len &&
		    !sid_valid((struct str){made, sid.len}))
			abort();
	}
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str descriptor = {(const char *)data, size};
	struct arena arena = ARENA_INIT;
	struct trustees allowed, denied;

	if (descriptor_full_access(&arena, descriptor, &allowed, &denied) != DESCRIPTOR_READ &&
	    allowed.count + denied.count > 0)
		abort();
	check(descriptor, &allowed);
	check(descriptor, &denied);
	sid_valid(descriptor);
	arena_release(&arena);
	return 0;
}
