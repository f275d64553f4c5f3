/*
 * The two kinds of provider: sources say what should be, the target holds what is.
 * Providers know nothing of plans.
 *
 * A source:
 *     struct source *source;
 *     source_open(&source, config, index, err);
 *     source->ops->read(source, &input, &entries, diags, err);
 *     source_free(source);
 *
 * Sources and the target are read at the same time, each in a thread of its own; they are opened and freed
 * where no other thread runs. What they share is input->names.
 *
 * A target, in the order apply uses it:
 *     struct target *target;
 *     target_open(&target, config, err);           no connection yet
 *     target->ops->list(target, names, &accounts, err);
 *     while (work is left) {
 *         while (target->ops->under_way(target) < target->parallel && something is ready)
 *             target->ops->submit(target, &request, err);
 *         target->ops->wait(target, timeout_ms, &outcomes, err);
 *     }
 *     target_free(target);
 */
#ifndef ZSCTL_PROVIDER_H
#define ZSCTL_PROVIDER_H

#include "account.h"
#include "config.h"
#include "declared.h"

/* --- sources ------------------------------------------------------------------------------ */

struct source;
struct source_scan; /* mapped.h */

struct source_input {
	struct sym_pool *names; /* the run's pool */
	int32_t today;          /* days since 1970, UTC */
	/* Only account keys are wanted, and whose they are: functional accounts and other attributes may be
	 * left out where that saves something. */
	bool keys_only;
};

struct source_ops {
	const char *provider; /* the word in the configuration */
	bool local; /* reads files beside the configuration and waits for nobody: `validate`
		     * may, offline */
	/*
	 * Appends all entries of the source. Either complete or -1: nothing partial may ever reach
	 * reconcile. Positioned findings go to `diags` (then *err says "N errors in …
	 * files"); anything else to *err, prefixed "source 'NAME': ".
	 */
	int (*read)(struct source *source, const struct source_input *input,
		    struct entries *entries, struct diags *diags, struct err *err);
	/*
	 * Hands out what it reads before that is mapped, for those who want to see it. NULL: there is
	 * nothing behind its entries. Errors as with read.
	 */
	int (*scan)(struct source *source, const struct source_input *input,
		    const struct source_scan *scan, struct diags *diags, struct err *err);
	/*
	 * Where it reads from, as the record pins it ("yaml accounts.yaml", "ldap
	 * ldaps://dc1…"); without credentials.
	 */
	void (*endpoint)(const struct source *source, struct buf *out);
	/* Connects and looks, changes nothing: one finding per line in `out`, "ok …" or "FAILED …:
	 * cure". */
	int (*check)(struct source *source, struct buf *out, struct err *err);
	void (*free)(struct source *source);
};

struct source {
	const struct source_ops *ops;
	const struct config_source *config;
	uint32_t index; /* in config.sources */
};

int source_open(struct source **source, const struct config *config, uint32_t index,
		struct err *err);
void source_free(struct source *source); /* NULL is fine */

/* --- target ------------------------------------------------------------------------------- */

struct target;

/* Matches Zivver's writes (reference: zivver-api.md, "Writing"). */
enum request_op {
	REQUEST_CREATE, /* address, name, unit, mobile, key; the service may drop aliases and
			  * delegates: look at the answer, complete with REQUEST_UPDATE */
	REQUEST_UPDATE, /* sets exactly the attributes in `set`; all else stays as the target has it */
	REQUEST_SUSPEND, /* a user: active off; a functional account: no delegates left */
	REQUEST_DELETE,  /* for ever */
};
extern const char *const request_op_names[4]; /* "create" … */

struct target_request {
	uint64_t number; /* the caller's; comes back with the outcome */
	enum request_op op;
	enum account_kind kind;
	const struct sym *id; /* NULL for a create */
	const struct account
		*wanted; /* valid until the outcome; delegates by primary address as
				       * they will be in the target at that moment */
	unsigned set;    /* enum attribute bits of `wanted` to send */
	/* The account key, copied; STR_NONE: there is none. ATTR_KEY says that it is new; where
	 * own_keys, every create and update of a user has it all the same, because a service that
	 * takes whole resources would forget it. A suspension may go without. */
	struct str key;
};

enum outcome_class {
	OUTCOME_DONE,
	OUTCOME_REFUSED, /* for good: sending it again will be refused again (a guest alias) */
	OUTCOME_FAILED,  /* did not happen; a later plan may try again */
	OUTCOME_UNKNOWN, /* may or may not have happened: settle by reading */
	OUTCOME_FATAL,   /* did not happen and the whole run must stop (401, 403, disk full) */
};

struct target_outcome {
	uint64_t number;
	enum outcome_class class;
	bool answered; /* `answer` is given (DONE, not DELETE) */
	struct account
		answer; /* as the service answered; text in the pool given to list, sets in
				* the target's memory, valid until the next list or free */
	struct str
		text; /* not DONE: what the service said, for people, bounded; the same lifetime */
	struct str advice;            /* what to do about it, or empty */
	struct str refused_attribute; /* REFUSED: "alias x@example.org", or empty */
};

struct target_outcomes {
	struct target_outcome *items;
	size_t count, capacity;
};

struct target_ops {
	const char *provider;
	/*
	 * The whole organisation, complete or -1. Users' and functional accounts' delegates come
	 * as primary addresses of existing user accounts; those that name no user are left out.
	 * Functional accounts are active when they have a delegate. `has` tells what the target
	 * can hold. May be called again at any time; invalidates answers given before.
	 */
	int (*list)(struct target *target, struct sym_pool *names, struct accounts *accounts,
		    struct err *err);
	/* NULL, or target_will_change(). */
	void (*will_change)(struct target *target, const struct sym *id);
	/* Takes one request; does not wait. -1 only when nothing of it can have happened. */
	int (*submit)(struct target *target, const struct target_request *request,
		      struct err *err);
	size_t (*under_way)(const struct target *target);
	/* Waits until at least one request has ended, or the time is over, and replaces
	 * `outcomes`. What it calls DONE is durable. */
	int (*wait)(struct target *target, int timeout_ms, struct target_outcomes *outcomes,
		    struct err *err);
	/* As the record pins it, without credentials ("file organisation.json"). */
	void (*endpoint)(const struct target *target, struct buf *out);
	int (*check)(struct target *target, struct buf *out, struct err *err);
	void (*free)(struct target *target);
};

struct target {
	const struct target_ops *ops;
	const struct config *config;
	unsigned parallel;        /* how many requests may be under way at once */
	unsigned reading_valid_s; /* how old a listing may be when a change is based on it */
	bool rehearsal;           /* the file target or a loopback service: ZSCTL_NOW, ZSCTL_ID
				   * and ZSCTL_APPROVER are allowed */
	bool own_keys;            /* sign_in sso: accounts need keys */
	/* Requests per period the service allows; 0: no limit. For "seconds_at_least". */
	unsigned rate_requests, rate_seconds;
};

int target_open(struct target **target, const struct config *config, struct err *err);
void target_free(struct target *target); /* NULL is fine */

/*
 * Before a listing: the account with this id (of the pool that list will be given) will be updated
 * or suspended. A hint: what must be sent back whole is kept for these only, for others it is read
 * again, which costs a request.
 */
void target_will_change(struct target *target, const struct sym *id);

/* In scope by config.target.scope: what is not is invisible to everything after the listing. */
bool target_in_scope(const struct config *config, const struct account *account);
/* Takes what is not in scope out of a listing, and puts its ids and addresses into `hidden`. */
void target_apply_scope(const struct config *config, struct accounts *accounts);

#endif
