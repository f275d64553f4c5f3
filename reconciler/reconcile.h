/*
 * Inside reconcile (pipeline.h has its signature):
 *
 *     identity.c             who is who: desired × current × recorded
 *     reconcile_world.c      the subjects: one for each account in any of the worlds
 *     reconcile.c            the rule table: what becomes of each account
 *     reconcile_delegates.c  who may read what in the end
 *     reconcile_address.c    each address has one owner, or somebody gives way
 *     reconcile_change.c     one account's difference as a plan entry
 *     reconcile_text.c       why, and what a person must do, in words
 *     reconcile_emit.c       the plan
 *     explain.c              all of the above for one account, in words
 *
 * Everything is O(n log n): tables by symbol number, arrays by index, nothing searched.
 */
#ifndef ZSCTL_RECONCILE_H
#define ZSCTL_RECONCILE_H

#include "desired.h"
#include "expect.h"
#include "pipeline.h"

#define NOBODY UINT32_MAX
#define HIDDEN (UINT32_MAX - 1) /* as the owner of an address: somebody out of scope */

/* What the sources want of an account. */
enum want { WANT_ACTIVE, WANT_INACTIVE, WANT_ABSENT, WANT_HELD };

/* What becomes of it. */
enum ruling {
	RULING_NOTHING, /* not there, and stays away */
	RULING_SAME,    /* active, and so wanted: an update when something differs */
	RULING_KEPT,    /* the same, but actions.update is off */
	RULING_CREATE,
	RULING_REACTIVATE,
	RULING_SUSPEND,
	RULING_DELETE,
	RULING_INACTIVE,  /* suspended, and so wanted */
	RULING_UNMANAGED, /* not ours to change */
	RULING_LEFT_OUT,  /* by --only, --include or --exclude */
	RULING_PROTECTED,
	RULING_HELD,
	RULING_MANUAL,
};

/* Why an account is held or manual. `other` and `about` of the subject say who and what. */
enum obstacle {
	OBSTACLE_NONE,
	OBSTACLE_SOURCE,       /* held: the source says why */
	OBSTACLE_NO_NAME,      /* held: none for a create */
	OBSTACLE_NO_KEY,       /* held: none for a create */
	OBSTACLE_KIND,         /* manual: the target has it as the other kind */
	OBSTACLE_PREDECESSOR,  /* manual: its address was another person's */
	OBSTACLE_ID_LOST,      /* manual: suspended under an id that its entry does not have */
	OBSTACLE_TWO_ENTRIES,  /* manual: another entry is this account already */
	OBSTACLE_TWO_ACCOUNTS, /* manual: two sources say it is one with another account */
	OBSTACLE_SCOPE,        /* manual: it would leave the scope */
	OBSTACLE_LEFT_SCOPE,   /* manual: it has left the scope */
	OBSTACLE_OUTSIDE,      /* manual: suspended, and not by zsctl */
	OBSTACLE_KEY_LOST,     /* manual: cannot come back without a key */
	OBSTACLE_KEY_GONE,     /* manual: an update without its key breaks the sign-in */
	OBSTACLE_TAKEN,        /* manual: its primary address is another account's */
	OBSTACLE_RENAME,       /* manual: looks like a rename of a suspended account */
	OBSTACLE_RENAMED,      /* manual: would leave, but looks like what `other` was before */
	OBSTACLE_SWAP,         /* manual: primary addresses go round */
};

/* How a desired account was found. */
enum identity_match {
	MATCH_NEW,      /* nothing exists for it */
	MATCH_ID,       /* by recorded source id or the target's ExternalAccountId */
	MATCH_ADDRESS,  /* by primary address */
	MATCH_RECORDED, /* by the address that it is recorded under; it has another one now */
	MATCH_WAS,      /* by its declared earlier address */
	MATCH_CONFLICT, /* the account at its address is recorded under another id: another person */
};
struct identity {
	uint32_t current;  /* index in current, or NOBODY */
	uint32_t recorded; /* index in recorded, or NOBODY */
	enum identity_match match;
	bool adopt;     /* the link or the first wish is not recorded yet */
	bool confirmed; /* --same-person decided it */
	bool lost_id; /* by its address alone, and recorded under an id of the entry's sources */
	bool recreated; /* what was recorded at its address is gone; another account stands there */
};

/* A wanted alias that it does not get. */
enum dropped_why {
	DROPPED_TAKEN,     /* another account has it and keeps it */
	DROPPED_REFUSED,   /* the service refused it for good */
	DROPPED_UNCLAIMED, /* outside domains.claimed, where no service gives addresses */
};
struct dropped {
	struct dropped *next;
	const struct sym *alias;
	enum dropped_why why;
	uint32_t owner; /* DROPPED_TAKEN: the subject that has it, or HIDDEN; else NOBODY */
};

/* One account as it is, as it should be and as it was. */
struct subject {
	uint32_t desired, recorded; /* NOBODY: not there */
	uint8_t want;               /* enum want */
	uint8_t ruling;             /* enum ruling */
	uint8_t obstacle;           /* enum obstacle */
	bool no_key;                /* an update would go out without the key that it needs */
	uint32_t other;
	uint32_t first_delegate, delegate_count; /* wanted ones, in world.delegates */
	uint32_t active_delegates; /* of a functional account, those that will be active */
	uint32_t unseen_delegates; /* present, but outside the scope: they stay */
	const struct sym *about;
	struct dropped *dropped;
};

/* A wanted delegate who is known. */
struct wanted_delegate {
	uint32_t subject;
	uint32_t source; /* that lists him: index in config.sources */
	const struct sym *why;
};

/* Which actions --only leaves, by kind: bits by enum action, and one for adoptions. */
#define ONLY_ADOPT (1u << ACTION_COUNT)
#define ONLY_UPDATES (1u << ACTION_UPDATE | 1u << ACTION_GRANT | 1u << ACTION_REVOKE)

/* The actions that a ruling may become, as those bits; 0: it changes nothing. */
unsigned ruling_actions(enum ruling ruling);

struct world {
	const struct reconcile_input *in;
	const struct config *config;
	struct plan *plan;
	struct arena arena; /* scratch of this reconciliation */

	/* Joins, by index in current, recorded and desired. */
	struct accounts_index index;
	uint32_t *recorded_of; /* by current */
	uint32_t *current_of;  /* by recorded */
	uint32_t *desired_of;  /* by current: whose it is */
	uint32_t *
		also_of; /* by current: the desired account that a second source's id means; NULL: none */
	bool *contested; /* by current: the ids of sources do not agree who it is; NULL: none */
	struct identity *identity;       /* by desired */
	const struct sym **source_names; /* by index in config.sources; NULL: never recorded */

	/* Subjects: those of current accounts by their index, then desired ones without. */
	struct subject *subjects;
	uint32_t count, current_count;
	uint32_t *subject_of; /* by desired */
	uint32_t *wanted;     /* by symbol number: subject that wants the address, + 1 */
	uint32_t *
		named; /* the same for delegates: a held entry is meant by its address; NULL: none */
	bool *hidden; /* by symbol number: an address or id out of scope; NULL: none */

	struct {
		struct wanted_delegate *items;
		size_t count, capacity;
	} delegates;

	/* Functional accounts by a user who is created or reactivated: those of users[s] are
	 * readers[reader_start[s]] … readers[reader_start[s + 1] - 1]. */
	uint32_t *reader_start, *readers;

	struct {
		uint32_t *items;
		size_t count, capacity;
	} gave_way; /* subjects whose ruling fell, still to be followed up */

	unsigned only[KIND_COUNT];
	bool keys_required; /* creates of users need one */
	bool keys_always;   /* every request for a user but a suspension does */
	int32_t suspended_days;
	struct strs warnings;
};

static inline const struct account *current_at(const struct world *w, uint32_t s)
{
	return s < w->current_count ? &w->in->current->items[s] : NULL;
}

static inline const struct desired_account *desired_at(const struct world *w, uint32_t s)
{
	const uint32_t d = w->subjects[s].desired;

	return d == NOBODY ? NULL : &w->in->desired->items[d];
}

static inline const struct recorded_account *recorded_at(const struct world *w, uint32_t s)
{
	const uint32_t r = w->subjects[s].recorded;

	return r == NOBODY ? NULL : &w->in->recorded->items[r];
}

/* --- identity.c --- */

/* Fills the joins of `w`; `in`, `config`, `index` and `hidden` are set before. */
void world_identify(struct world *w);
/* Whether the record does not have this link of the entry's for current account `c`, and should. */
bool is_new_link(const struct world *w, const struct desired_account *item, uint32_t c,
		 const struct desired_link *link);
/* The recorded link of that source (index in config), or NULL. */
const struct recorded_link *recorded_link_of(const struct world *w,
					     const struct recorded_account *recorded,
					     uint32_t source);

/* Recorded account `r` (or NOBODY) is one that a source of the entry has listed. */
bool was_listed(const struct world *w, const struct desired_account *item, uint32_t r);
/* So it is, and the scope leaves it out by now. */
bool has_left_scope(const struct world *w, const struct desired_account *item, uint32_t r);

/* --- reconcile_world.c --- */

/* Identity, options, subjects and the addresses they want; `in`, `config`, `plan` are set before. */
void world_prepare(struct world *w);
void world_release(struct world *w);

bool is_hidden(const struct world *w, const struct sym *address_or_id);
/* Whether the subject's account, or the one at its address, is there out of target.scope. */
bool is_out_of_scope(const struct world *w, uint32_t s);

/* --- reconcile.c --- */

bool has_key(const struct desired_account *desired);       /* NULL has none */
bool key_is_lost(const struct recorded_account *recorded); /* NULL has lost none */

enum account_kind subject_kind(const struct world *w, uint32_t s);
const struct sym *subject_address(const struct world *w, uint32_t s); /* now; else wanted */
const struct sym *subject_address_after(const struct world *w, uint32_t s);
/* Whether the plan writes its attributes: an update, create or reactivation. */
bool is_live(const struct world *w, uint32_t s);
/* Whether a user will be active after the plan, as far as is ruled now. */
bool will_be_active(const struct world *w, uint32_t s);
/* From RULING_SAME or a coming account to RULING_MANUAL; followed up by address_settle(). */
void give_way(struct world *w, uint32_t s, enum obstacle obstacle, uint32_t other,
	      const struct sym *about);
/* The ruling of a functional account once its delegates are counted, or counted anew. */
void rule_functional(struct world *w, uint32_t s);
/* The option that leaves it out; of a subject whose ruling says so. */
const char *left_out_by(const struct world *w, uint32_t s);

/* --- reconcile_delegates.c --- */

/* Finds the wanted delegates of all subjects; warns of those that are nobody. */
void delegates_resolve(struct world *w);
void delegates_count(struct world *w);   /* active ones of functional accounts */
void delegates_readers(struct world *w); /* fills reader_start and readers */
/* A user will not be active after all: takes it off the counts; falls are added to gave_way. */
void delegates_lose(struct world *w, uint32_t user);

struct delegation {
	uint32_t subject;
	uint32_t source;       /* of a wanted one: that lists it */
	const struct sym *why; /* of a wanted one: its own reason, or NULL */
};
struct delegations {
	struct delegation *items;
	size_t count, capacity;
};
/* The difference that the plan makes: both ends will be active. `leaving`: present ones whom this plan
 * suspends. The lists are cleared first; free their items. */
void delegates_compare(const struct world *w, uint32_t s, struct delegations *add,
		       struct delegations *remove, struct delegations *leaving);
/* Whether a present delegate stays whatever is listed: who he is, is still to be decided. */
bool delegate_waits(const struct world *w, uint32_t user);
/* Whether delegates are managed, and so part of the difference. */
bool delegates_managed(const struct world *w, uint32_t s);

/* --- reconcile_address.c --- */

/* Creates that share an address with a leaver of their kind: both wait for a person. */
void hold_renames(struct world *w, enum account_kind kind);
/* Gives each address one owner: drops aliases, makes accounts manual, until all fits. */
void address_settle(struct world *w);
bool is_dropped(const struct subject *subject, const struct sym *alias);
/* Whether the account has the address after the plan; of one that is live. */
bool keeps_address(const struct world *w, uint32_t s, const struct sym *address);
bool alias_ignored(const struct world *w, const struct sym *alias);

/* --- reconcile_change.c --- */

/* The source whose opinion on the attribute won; else the first that lists the account. */
uint32_t deciding_source(const struct desired_account *desired, enum attribute attribute);
/* What differs: attribute bits, and the delegates of it. Reusable; `delegations_free` its lists. */
struct difference {
	unsigned attributes;
	struct delegations add, remove, leaving;
};
/* Whether what that source says of aliases makes a difference, where several say something. */
bool alias_differs(const struct world *w, uint32_t s, uint32_t source);
void difference_find(const struct world *w, uint32_t s, struct difference *difference);
void difference_release(struct difference *difference);
/* Whether it is his last day that makes the sources not list the user any more; else NULL. */
const struct sym *delegate_ended(const struct world *w, uint32_t s, uint32_t user);
/* Whether an account that is and stays active differs, and as what action. */
bool update_action(const struct world *w, uint32_t s, enum action *out);
/* The entry of a subject whose ruling is an action; `losses` are accounts a user could read. */
struct plan_change *emit_change(struct world *w, uint32_t s,
				const struct difference *difference);

/* --- reconcile_because.c --- */

/* What sources have it and leave it out, and why: "hr: left out by exclude: …". False: none. */
bool left_out_text(const struct world *w, enum account_kind kind, const struct sym *address,
		   const struct recorded_account *recorded, struct buf *out);
/* Why it is not to be active: by source, setting or date. */
void leave_text(const struct world *w, uint32_t s, struct buf *out);
/* "Bob Vos, Cardiology" */
struct str who_text(struct world *w, uint32_t s);
struct str because_text(struct world *w, uint32_t s, const struct difference *difference);
/* Which source made these attributes (bits) differ, by what it makes them of; without a difference:
 * which ones have a say in them. */
void attributes_text(const struct world *w, uint32_t s, unsigned attributes,
		     const struct difference *difference, struct buf *out);

/* --- reconcile_text.c --- */

/* Keeps the text in the plan, and releases the buffer. */
struct str plan_text(struct world *w, struct buf *text);
void emit_manual(struct world *w, uint32_t s); /* by its obstacle */
void emit_held(struct world *w, uint32_t s);
void emit_dropped(struct world *w, uint32_t s); /* aliases that it does not get */
void obstacle_text(const struct world *w, uint32_t s, struct buf *problem, struct buf *todo);
void dropped_text(const struct world *w, uint32_t s, const struct dropped *dropped,
		  struct buf *problem, struct buf *todo);

/* --- reconcile_emit.c --- */

/* Changes, manual, held, adoptions, warnings and counts, by the rulings. */
void emit_plan(struct world *w);

/* --- reconcile_warn.c --- */

void warn(struct world *w, struct str text); /* made with arena_strf(&w->arena, …) */
/* Finds what else there is to warn of, and puts all warnings into the plan. */
void emit_warnings(struct world *w);

/* --- explain.c --- */

void explain_account(const struct world *w, struct explanation *explanation);

/* --- explain_rule.c --- */

/* "  who:     …", "  rule:    …", and what stands in the way. */
void explain_rule(const struct world *w, uint32_t s, struct buf *out);

#endif
