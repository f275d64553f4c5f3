/*
 * Who has Full Access to a mailbox, out of the bytes of msExchMailboxSecurityDescriptor: a
 * self-relative Windows security descriptor ([MS-DTYP] 2.4.6), and SIDs ([MS-DTYP] 2.4.2.2), both as
 * directories hand them out. Any bytes may come: everything is checked against the length first.
 */
#ifndef ZSCTL_SECURITY_DESCRIPTOR_H
#define ZSCTL_SECURITY_DESCRIPTOR_H

#include "base/str.h"

enum { SID_SIZE_MOST = 8 + 15 * 4 };

/* Whether it is one SID and nothing else. */
bool sid_valid(struct str sid);
/* "S-1-5-21-1004336348-1177238915-682003330-512". */
void sid_text(struct str sid, struct buf *out);
/*
 * The SID that differs from `sid` in its last part only: that of the group with this number in the
 * domain of a user. Empty when `sid` is none; else `out` holds it.
 */
struct str sid_in_domain(struct str sid, uint32_t number, char out[SID_SIZE_MOST]);

struct trustees {
	struct str *sids; /* views into the descriptor, in its order; may repeat */
	size_t count;
};

enum descriptor_state {
	DESCRIPTOR_READ,
	DESCRIPTOR_UNKNOWN, /* it has no list of who may: that says nothing, and is not "nobody" */
	DESCRIPTOR_BROKEN,
};

/*
 * Only what was set for this mailbox: what it inherits is the rights of administrators and servers.
 * SELF and SYSTEM are left out. Who is denied has no access, whatever allows it. The arrays are in
 * `arena`; both are empty unless DESCRIPTOR_READ.
 */
enum descriptor_state descriptor_full_access(struct arena *arena, struct str descriptor,
					     struct trustees *allowed, struct trustees *denied);

#endif
