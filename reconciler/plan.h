/*
 * The plan: what a run would do, as people review it and as apply executes it.
 *
 * In memory all text is in the plan's arena. On disk a plan is canonical YAML (plan_write.c):
 * fixed order of keys; text plain only where no YAML version gives it a type, else quoted as in
 * JSON; fields that are numbers, dates or times plain; sets one item per line; machines' matters in
 * one-line flow maps at the end. plan_read() writes again what it read and compares the bytes, so
 * there is one spelling, and the SHA-256 of the bytes is the plan's identity.
 *
 *     # example.org: 1 suspended, 1 access granted, 1 removed, 1 updated, 1 created; 1 needs a person; 105 unchanged
 *     zsctl_plan: 1
 *     id: 20261120T101500Z-7f3c2a10
 *     organization: example.org
 *     author: jane@example.org
 *     reason: TOPdesk W2611-0432                     only when given
 *     created: 2026-11-20T10:15:00Z
 *     expires: 2026-11-23T10:15:00Z
 *     config: {digest: sha256:…, policy: sha256:…, commit: 4be1c0d…, changed: [sources.ad.users.include]}
 *     options: {allow: [suspend:user=12], only: [user]}     only when given
 *     base: 9a8b7c…                                  the recorded head, or none
 *     target: {provider: zivver, url: "https://app.zivver.com/api", users: 97, functional: 12}
 *     sources:
 *       - {name: ad, users: 96, functional: 0, delegations: 0, before: 97}
 *     counts: {unchanged: 105}                       others only when not 0
 *     limits:
 *       - {rule: suspend user, limit: 10%, planned: 1, of: 90}
 *     refused:                                       only when a limit refuses
 *       - "suspend user: 12 planned, 9 allowed (10% of 90); to allow it: --allow suspend:user=12"
 *     requests: {writes: 5, seconds_at_least: 1}
 *     changes:                                       by action (enum action), then kind, then address
 *       - suspend: user bob@example.org
 *         …                                          see design.md, "The plan file"
 *     manual: …
 *     held: …                                        only when there are any
 *     warnings: …                                    only when there are any
 *     adopt:
 *       - {account: user kim@example.org, id: 5ee9…, source: ad, link: sha256:…}
 *     policy:
 *       - {what: approval.required, from: "2", to: "1"}
 *     checks:                                        one per change, in the same order
 *       - {account: bob@example.org, id: 5ee9…, expect: sha256:…, links: {ad: sha256:…}}
 *       - {account: cardio@example.org, id: 8c21…, expect: sha256:…, delegates: {kim@example.org: 9d3c…}}
 */
#ifndef ZSCTL_PLAN_H
#define ZSCTL_PLAN_H

#include "account.h"
#include "config.h"
#include "yaml_write.h" /* scalars as plans and the recorded state write them */

/* In the order plans list them: what takes away, what gives access, the rest. */
enum action {
	ACTION_DELETE,
	ACTION_SUSPEND,
	ACTION_REVOKE, /* an update that removes delegates and adds none */
	ACTION_GRANT,  /* an update that adds delegates */
	ACTION_REACTIVATE,
	ACTION_UPDATE,
	ACTION_CREATE,
};
#define ACTION_COUNT 7
extern const char *const action_names[ACTION_COUNT]; /* "delete", "suspend", … */
bool action_parse(struct str text, enum action *out);

/* Grows by strs_add() only, in the arena given there: nothing to free. */
struct strs {
	struct str *items;
	size_t count, capacity;
};

/* A delegate added or removed: "Kim Jansen; exo: group cardio-secr@example.org" behind its
 * address. A ';' in a name is written as ','. */
struct plan_pair {
	struct str address; /* as it will be after the plan (added), as it is now (removed) */
	struct str who;     /* the delegate's name, or empty: written as "no name" */
	struct str why;     /* "exo: group …", "suspended by this plan" */
	/* Added: the target id of the account that the address means, for machines. Empty when an
	 * entry of this plan is about that account: expect_fill(). */
	struct str id;
};
/* Grows by pairs_add() only. */
struct plan_pairs {
	struct plan_pair *items; /* sorted by address */
	size_t count, capacity;
};

/* A scalar that changes. `from` empty: it had none. */
struct plan_scalar {
	bool set;
	struct str from, to;
};

struct plan_link {
	struct str source; /* its name */
	struct str
		digest; /* "sha256:…" of source_id_digest(); empty, written as none: it has no ids */
};

struct plan_change {
	enum action action;
	enum account_kind kind;
	struct str address; /* its primary address now; for a create the wanted one */
	struct str who;     /* "Bob Vos, Cardiology": name and unit now; empty for a create */
	struct strs loses;  /* suspend, delete: accounts this user could read */
	/* Reactivate: accounts that still list this user as their delegate, and that this plan
	 * neither gives nor takes: expect_fill(). */
	struct strs reads;
	/* address.from is `address`, .to the new one; for a create `name`, `mobile` and `unit` have
	 * only .to. A unit of "/" is none. */
	struct plan_scalar rename, name, mobile, unit;
	struct strs aliases_add, aliases_remove; /* a create's aliases are in aliases_add */
	/* A create's delegates are in delegates_add; it lists addresses, with `why:` behind for
	 * those that have one. */
	struct plan_pairs delegates_add, delegates_remove;
	struct str key; /* "hmac:…": the key that goes with it; "lost": goes without one that
			     * was known; empty: none */
	struct str because; /* "ad: no longer in ZivverUsers" */
	/* For machines: */
	struct str id;     /* target id; empty for a create */
	struct str expect; /* account_expect() of the current account; "absent" for a create */
	struct plan_link
		*links; /* what the record shall know about it from now on: links_add() */
	size_t link_count;
};

struct plan_manual {
	struct str account; /* "user kim@example.org" */
	struct str problem;
	struct str todo; /* written as `do:` */
};

struct plan_held {
	struct str account; /* "user x@example.org", or what the source calls it */
	struct str source;
	struct str problem;
};

struct plan_adopt {
	enum account_kind kind;
	struct str address, id;
	struct str source;
	struct str link; /* digest, or empty: the source has no ids */
};

struct plan_policy {
	struct str
		what; /* "approval.required", "signer kim@example.org", "target", "source ad" */
	struct str from, to; /* empty: was not there, is not there any more */
};

struct plan_source {
	struct str name;
	uint64_t users, functional, delegations;
	uint64_t before;             /* accounts at the last run; 0 with known false */
	uint64_t before_delegations; /* written only when not the same as delegations */
	bool known;                  /* some run has recorded this source */
};

struct plan_limit {
	struct str rule; /* "suspend user", "grant", "source_shrink ad" */
	struct limit limit;
	uint64_t planned, of;
	uint64_t allowed; /* what passes, after `free` and --allow */
	bool overridden;  /* --allow raised it: written as `allow: N` */
};

/* What the command line asked for, in canonical spelling and sorted; empty lists are left out. */
struct plan_options {
	struct strs allow, exclude, include, only, same_person;
	struct str delete_;       /* "suspended", "suspended-and-missing" or empty */
	struct str suspended_for; /* "30d" */
	struct str refresh_keys;  /* a pattern, "*" for all, or empty */
	struct str undo; /* "revert RUN…" or "rollback COMMIT": where the plan comes from */
	bool policy_only;
};

struct plan_counts {
	uint64_t unchanged, unmanaged, left_out /* by the options */, protected_,
		inactive /* suspended and so wanted */;
};

/*
 * Text, and lists inside of entries, are in the arena. The lists of entries (sources, limits,
 * changes, manual, held, adopt, policy) grow by vec_push(); plan_release() frees them.
 */
struct plan {
	struct arena arena;
	struct str id, organization, author, reason;
	int64_t created, expires; /* seconds since 1970 */
	struct str config_digest, policy_digest, config_commit /* empty: not in git */;
	struct strs config_changed;
	struct plan_options options;
	struct str base; /* hex, or empty: nothing is recorded yet (written as none) */
	struct str target_provider,
		target_endpoint; /* written as url: when it holds "://", else path: */
	uint64_t target_users, target_functional;
	struct {
		struct plan_source *items;
		size_t count, capacity;
	} sources;
	struct plan_counts counts;
	struct {
		struct plan_limit *items;
		size_t count, capacity;
	} limits;
	struct strs refused;
	uint64_t writes, seconds_at_least;
	struct {
		struct plan_change *items;
		size_t count, capacity;
	} changes;
	struct {
		struct plan_manual *items;
		size_t count, capacity;
	} manual;
	struct {
		struct plan_held *items;
		size_t count, capacity;
	} held;
	struct strs warnings;
	struct {
		struct plan_adopt *items;
		size_t count, capacity;
	} adopt;
	struct {
		struct plan_policy *items;
		size_t count, capacity;
	} policy;
	char digest
		[SHA256_TEXT_SIZE]; /* of the canonical bytes; set by plan_write and plan_read */
};

void plan_init(struct plan *plan);
void plan_release(struct plan *plan);

/* Sorts changes, lists and sets into canonical order, each item once. Sources, limits, warnings
 * and refusals stay in the order given. Needed before plan_write. */
void plan_sort(struct plan *plan);
/* Nothing to do and nothing to record: no changes, adoptions or policy entries. */
bool plan_is_empty(const struct plan *plan);
/* ERR_LIMIT: "`what`: the first refusal (and 2 more)". */
int plan_refused(const struct plan *plan, const char *what, struct err *err);
struct plan_tally {
	uint64_t of[ACTION_COUNT];
	uint64_t granted, removed; /* pairs, but for creates and suspends */
};
struct plan_tally plan_count(const struct plan *plan);
/* "1 suspended, 1 access granted, …; 105 unchanged": the first line without the organisation. */
void plan_summary(const struct plan *plan, struct buf *out);
/* The same counts of what was done: "1 suspended, 1 created", without what follows the ';'. */
void plan_summary_changes(const struct plan *plan, struct buf *out);

/*
 * Whether an entry does what this action stands for, besides its own: somebody gets access, an
 * account that stays active loses a delegate, an attribute of an existing account changes. What an entry is
 * called is the choice of whoever wrote the plan.
 */
bool change_does(const struct plan_change *change, enum action action);

/* "Bob Vos, Cardiology": how entries call an account, by its name and unit now. */
void plan_who(const struct account *account, struct buf *out);

/* Canonical bytes; sets plan->digest. */
void plan_write(struct plan *plan, struct buf *out);

/*
 * Reads a plan. `name` is for messages. Anything but the canonical spelling of a plan is an error
 * (ERR_PERSON): "PLAN is not as zsctl wrote it: line 12 differs …"; a later format version says to
 * use a newer zsctl. No larger than 1 GiB, no text longer than 64 KiB. Initialises `plan`; release it in any case.
 */
int plan_read(struct plan *plan, struct str bytes, const char *name, struct err *err);
int plan_read_file(struct plan *plan, const char *path,
		   struct buf *bytes /* NULL: not wanted */, struct err *err);

/* Pushes a copy in the arena. */
void strs_add(struct arena *arena, struct strs *list, struct str text);
bool strs_has(const struct strs *list, struct str text);
void strs_sort(struct strs *list);                              /* each once */
bool strs_has_sorted(const struct strs *list, struct str text); /* of a sorted list */
/* The new last element, zeroed; its text must be in the arena too. */
struct str *strs_push(struct arena *arena, struct strs *list);
struct plan_pair *pairs_add(struct arena *arena, struct plan_pairs *pairs);
struct plan_link *links_add(struct arena *arena, struct plan_change *change);

#endif
