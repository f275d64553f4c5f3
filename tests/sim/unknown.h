/*
 * What nobody outside Zivver knows about the service, as switches (--unknown NAME=VALUE). The
 * first value of each is what a simulator started without switches does.
 */
#ifndef ZIVVER_SIM_UNKNOWN_H
#define ZIVVER_SIM_UNKNOWN_H

#include "base/err.h"
#include "base/str.h"

enum suspended_delegate { SUSPENDED_STAYS, SUSPENDED_REMOVED, SUSPENDED_HIDDEN };
enum renamed_delegate { RENAMED_FOLLOWS, RENAMED_REMOVED, RENAMED_STALE };
enum suspended_member { MEMBER_TAKEN, MEMBER_DROPPED, MEMBER_REFUSED };
enum old_primary { OLD_PRIMARY_GONE, OLD_PRIMARY_ALIAS };
enum swap { SWAP_ALLOWED, SWAP_REFUSED };
enum keyless_suspend { KEYLESS_HARMLESS, KEYLESS_BREAKS };
enum create_drops {
	CREATE_DROPS_BOTH,
	CREATE_DROPS_ALIASES,
	CREATE_DROPS_DELEGATES,
	CREATE_DROPS_NONE
};
enum create_answer { CREATE_TAKEN, CREATE_BARE };
enum no_extension { NO_EXTENSION_ERASES, NO_EXTENSION_KEEPS };
enum empty_members { EMPTY_MEMBERS_NOTHING, EMPTY_MEMBERS_REST };
enum own_member { OWN_MEMBER_ABSENT, OWN_MEMBER_SHOWN };
enum patch_answer { PATCH_RESOURCE, PATCH_EMPTY };
enum unknown_id { UNKNOWN_ID_400, UNKNOWN_ID_404 };
enum error_body { ERROR_SCIM, ERROR_PLAIN };
enum window { WINDOW_SLIDING, WINDOW_FIXED };
enum refused_count { REFUSED_FREE, REFUSED_COUNTED };
enum rate_headers { RATE_HEADERS_NONE, RATE_HEADERS_PLAIN, RATE_HEADERS_POLICY };
enum retry_after { RETRY_AFTER_NONE, RETRY_AFTER_GIVEN };
enum organization { ORGANIZATION_KNOWN, ORGANIZATION_ABSENT };

struct unknowns {
	/* What a suspended or renamed user becomes in others' delegates and members. Stale: the
	 * old address stays in `delegates`, where it names nobody. */
	unsigned char suspended_delegate, renamed_delegate;
	/* Members of a functional account's PUT or PATCH that are suspended users. */
	unsigned char suspended_member;
	unsigned char old_primary;
	/* Whether one PUT may make a primary address of an alias of the same account, or the
	 * reverse. */
	unsigned char swap;
	/* Whether a suspend without key breaks the sign-in. */
	unsigned char keyless_suspend;
	unsigned char create_drops, create_answer;
	/* What a PUT without the zivver object does with aliases and delegates. */
	unsigned char no_extension;
	/* Whether a PUT with empty members does the rest of what it says. */
	unsigned char empty_members;
	unsigned char own_member, patch_answer, unknown_id, error_body;
	unsigned char window, refused_count, rate_headers, retry_after;
	unsigned char organization;
	unsigned page; /* resources in one answer; 0: the service does not page */
};

/* "NAME=VALUE"; ERR_USAGE for what is no switch. */
int unknown_set(struct unknowns *unknowns, struct str text, struct err *err);
/* One line a switch. */
void unknown_help(struct buf *out);

#endif
