#include "unknown.h"

#include <stddef.h>

static const struct {
	const char *name, *values; /* by number, the first is the default */
	size_t offset;
	const char *meaning;
} switches[] = {
	{"suspended-delegate", "stays|removed|hidden",
	 offsetof(struct unknowns, suspended_delegate),
	 "a suspended user in others' delegates"},
	{"renamed-delegate", "follows|removed|stale",
	 offsetof(struct unknowns, renamed_delegate), "a renamed user in others' delegates"},
	{"suspended-member", "taken|dropped|refused",
	 offsetof(struct unknowns, suspended_member),
	 "a suspended user among the members of a PUT or PATCH"},
	{"old-primary", "gone|alias", offsetof(struct unknowns, old_primary),
	 "the old address of a renamed account"},
	{"swap", "allowed|refused", offsetof(struct unknowns, swap),
	 "an alias becoming primary of the same account in one PUT, or the reverse"},
	{"keyless-suspend", "harmless|breaks", offsetof(struct unknowns, keyless_suspend),
	 "a suspend without the account key"},
	{"create-drops", "both|aliases|delegates|none", offsetof(struct unknowns, create_drops),
	 "what a create leaves out"},
	{"create-answer", "taken|bare", offsetof(struct unknowns, create_answer),
	 "what the answer to a create shows: the resource, or just id and address"},
	{"no-extension", "erases|keeps", offsetof(struct unknowns, no_extension),
	 "a PUT without the zivver object: aliases and delegates"},
	{"empty-members", "nothing|rest", offsetof(struct unknowns, empty_members),
	 "a PUT with empty members: does nothing, or all but that"},
	{"own-member", "absent|shown", offsetof(struct unknowns, own_member),
	 "a functional account's own id among its members"},
	{"patch-answer", "resource|empty", offsetof(struct unknowns, patch_answer),
	 "a PATCH answers 200 with the resource, or 204"},
	{"unknown-id", "400|404", offsetof(struct unknowns, unknown_id), "status"},
	{"error-body", "scim|plain", offsetof(struct unknowns, error_body),
	 "a SCIM error object, or just the text"},
	{"window", "sliding|fixed", offsetof(struct unknowns, window), "how the bucket counts"},
	{"refused-count", "no|yes", offsetof(struct unknowns, refused_count),
	 "whether a request that is refused with 429 counts"},
	{"ratelimit-headers", "none|plain|policy", offsetof(struct unknowns, rate_headers),
	 "RateLimit-Limit, -Remaining, -Reset; policy: \"50, 50;window=10\""},
	{"retry-after", "none|given", offsetof(struct unknowns, retry_after), "with 429"},
	{"organization", "known|absent", offsetof(struct unknowns, organization),
	 "GET /scim/v2/Organization"},
};

enum { SWITCH_COUNT = sizeof(switches) / sizeof(switches[0]), PAGE_MOST = 1000000 };

static int set_value(struct unknowns *unknowns, size_t number, struct str value,
		     struct err *err)
{
	struct str values = str_of(switches[number].values), one;
	unsigned char at = 0;

	for (; str_split(&values, '|', &one); at++) {
		if (str_eq(one, value)) {
			((unsigned char *)unknowns)[switches[number].offset] = at;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "%s: not %.*s, but %s", switches[number].name,
		       STR_FMT(value), switches[number].values);
}

static int set_page(struct unknowns *unknowns, struct str value, struct err *err)
{
	uint64_t page = 0;

	if (!str_is(value, "off") &&
	    (!str_to_u64(value, &page) || page == 0 || page > PAGE_MOST))
		return err_set(err, ERR_USAGE, "paging: not %.*s, but off or a number",
			       STR_FMT(value));
	unknowns->page = (unsigned)page;
	return 0;
}

int unknown_set(struct unknowns *unknowns, struct str text, struct err *err)
{
	struct str name, value = text;

	str_split(&value, '=', &name);
	if (str_is(name, "paging"))
		return set_page(unknowns, value, err);
	for (size_t i = 0; i < SWITCH_COUNT; i++) {
		if (str_is(name, switches[i].name))
			return set_value(unknowns, i, value, err);
	}
	return err_set(err, ERR_USAGE, "there is no switch \"%.*s\"", STR_FMT(name));
}

void unknown_help(struct buf *out)
{
	for (size_t i = 0; i < SWITCH_COUNT; i++)
		buf_addf(out, "  %-18s %-28s %s\n", switches[i].name, switches[i].values,
			 switches[i].meaning);
	buf_addf(out, "  %-18s %-28s %s\n", "paging", "off|N",
		 "resources in one answer to a list");
}
