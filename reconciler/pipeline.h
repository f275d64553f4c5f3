/*
 * The way through the house, as signatures in the order data flows:
 *
 *     read_entries      config → sources                         → entries        (I/O)
 *     desired_merge     entries of all sources                   → desired        (pure)
 *     desired_keys      account keys behind references           → fingerprints   (I/O)
 *     target list       target                                   → current        (I/O, provider.h)
 *     state_recorded    git                                      → recorded       (I/O, state.h)
 *     reconcile         desired × current × recorded × policy    → plan entries   (pure)
 *     guard_limits      plan entries × policy × counts           → limits, refused (pure)
 *     schedule_make     plan entries                             → requests in order (pure, order.h)
 *     plan_write        plan                                     → bytes          (pure, plan.h)
 *     approve           bytes                                    → signatures     (approval.h)
 *     apply             bytes, signatures                        → target, record (apply.h)
 *
 * Pure means: no I/O, no clock, no randomness; the same input gives the same bytes.
 */
#ifndef ZSCTL_PIPELINE_H
#define ZSCTL_PIPELINE_H

#include "base/thread.h"
#include "declared.h"
#include "plan.h"
#include "provider.h"
#include "recorded.h"

/* --- sources → desired -------------------------------------------------------------------- */

/*
 * Reads every source completely, or with input->keys_only those that can have keys. Sources that lie beside the
 * configuration come first, and their findings end it before anybody is waited for. `beside` (or NULL) is
 * started when there is somebody to wait for, and has ended on return. `entries` are in no order.
 */
int read_entries(const struct config *config, const struct source_input *input,
		 struct thread *beside, struct entries *entries, struct diags *diags,
		 struct err *err);

/* For `check`: attributes that two sources map for one kind, a line "note sources: …" for each pair. */
void sources_overlap(const struct config *config, struct buf *out);

struct desired_link {
	uint32_t source;          /* index in config.sources */
	const struct sym *digest; /* NULL: listed by that source, which has no ids */
};

struct desired_account {
	struct account
		account; /* `has`: managed attributes; `active`: with `until` applied, and for
				 * functional accounts still without regard to delegates; a
				 * delegate's `why` holds the source too ("declared: ticket 12"),
				 * NULL: the winning source lists it. No address: held */
	struct desired_link *links; /* the sources that list it, in configured order */
	uint32_t link_count;
	uint32_t held_source; /* whose entry is held, when `held` */
	uint8_t source_of
		[ATTR_COUNT]; /* which source's opinion won, by bit number; UINT8_MAX: none */
	const struct sym *was;
	const struct secret_ref *key;  /* NULL: no source has one */
	const struct sym *fingerprint; /* "hmac:…"; NULL until desired_keys, or without key */
	const struct sym *because;     /* "declared: listed in accounts/users.yaml:12" */
	const struct sym *inactive_because; /* when not active; else NULL */
	const struct sym *held;             /* why it cannot become an account; NULL: it can */
	/* Delegates whose last day has passed, with the source and the day: "declared: until
	 * 2026-12-31 has passed". NULL: none. */
	const struct delegates *ended;
	/* Where sets were united (`adds:`): who says so, for each alias and delegate. NULL: all of
	 * it comes from the source in source_of. */
	const uint8_t *alias_sources, *delegate_sources;
};

struct desired_source {
	uint64_t users, functional, delegations;
};

struct desired {
	struct desired_account
		*items; /* sorted by kind, then address; held entries among them */
	size_t count;
	struct desired_source *sources; /* by index in config.sources */
	struct left_out *left_out;      /* for desired_left_out() */
	size_t left_out_count;
	struct arena arena;
};
#define DESIRED_INIT                               \
	{                                          \
		NULL, 0, NULL, NULL, 0, ARENA_INIT \
	}
void desired_release(struct desired *desired);
/* Why that source, which has the address or the id (its digest), does not list an account of it; NULL:
 * it does not have it. */
const struct sym *desired_left_out(const struct desired *desired, uint32_t source,
				   enum account_kind kind, const struct sym *who);

/*
 * Joins entries by primary address: for each attribute the first source that has an opinion wins;
 * `adds:` unites sets; `manage:` contributes only to accounts that others list. Sources that disagree on the
 * kind, and addresses or ids that two entries of different sources claim, make the later entry held. An alias in
 * domains.ignore_aliases is dropped here. Sets and key references of `entries` are shared: these must
 * outlive `out`, which must be DESIRED_INIT.
 */
void desired_merge(const struct config *config, const struct entries *entries,
		   struct sym_pool *names, struct desired *out);

/*
 * Loads each account key behind a reference, fingerprints it (HMAC-SHA-256 under `fingerprint_key`)
 * and wipes it. A key that cannot be loaded is an error that names the account and the reference.
 */
int desired_keys(struct desired *desired, struct str fingerprint_key, struct sym_pool *names,
		 struct err *err);

/* --- desired × current × recorded → changes ------------------------------------------------ */

struct reconcile_input {
	const struct config *config;
	const struct desired *desired;
	const struct accounts *current; /* in scope only, sorted by account_cmp */
	const struct recorded *recorded;
	const struct plan_options *options;
	int32_t today;
	struct sym_pool *names;
};

/* For --explain ADDRESS: filled when `explain` is given to reconcile. */
struct explanation {
	const struct sym *address; /* in: whose reasoning is wanted (any world's address) */
	struct buf text; /* out: lines for people; empty when nobody knows the address */
};

/*
 * Fills plan->changes, manual, held, adopt, warnings and counts. Everything a person decides on
 * is in there with its reason. Does not judge limits. The plan's texts may lie in input->names and
 * input->config, which must outlive it.
 */
void reconcile(const struct reconcile_input *input, struct plan *plan,
	       struct explanation *explain /* or NULL */);

/* The options that only make sense together, and with this configuration: ERR_USAGE. Before anything
 * is read. */
int reconcile_check(const struct config *config, const struct plan_options *options,
		    struct err *err);

/* --- limits -------------------------------------------------------------------------------- */

/* Whom a refusal is about it says as long as they are no more than this. */
#define GUARD_NAMED 5

/* What limits are measured against. */
struct guard_facts {
	uint64_t active[KIND_COUNT];  /* active accounts in the target, in scope */
	uint64_t desired[KIND_COUNT]; /* entries of all sources */
	uint64_t recorded_ids;        /* accounts of the record that had an id … */
	uint64_t recorded_missing; /* … and those of them the target does not have any more */
	const struct sym *missing[GUARD_NAMED]; /* the first of these */
	uint64_t protected_;                    /* accounts that target.protect names */
	const struct recorded *recorded;        /* which keys are known; NULL: none */
};

/*
 * Counts the plan's entries anew, fills plan->limits (rules with something planned), and
 * plan->refused with the exact --allow to add. Called by plan and again by apply, which compares
 * with what the plan says: a hand-written plan gains nothing.
 */
void guard_limits(const struct config *config, const struct guard_facts *facts,
		  struct plan *plan);
struct guard_facts guard_measure(const struct config *config, const struct accounts *current,
				 const struct desired *desired /* or NULL */,
				 const struct recorded *recorded);
bool guard_protects(const struct config *config, struct str address);
/* Changes of protected or out-of-scope accounts, foreign deletes: -1 with ERR_PERSON. */
int guard_protected(const struct config *config, const struct plan *plan, struct err *err);

#endif
