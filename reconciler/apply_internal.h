/*
 * What the parts of apply share. The design's steps and where they are:
 *
 *     apply.c          the way through, locking, beginning, ending, unlock
 *     apply_verify.c   1  may this plan be applied at all
 *     apply_base.c     1  what happened to the record since it was made
 *     apply_made.c     1  what it says it was made from
 *     apply_keys.c     1  account keys, read again and compared
 *     apply_world.c       who is who: changes, accounts, delegates
 *     apply_stand.c       how an account stands to its change, and what a request has to set
 *     apply_look.c     2  the target anew, `observed`, what each entry expects
 *     apply_check.c    2  what each entry says of its account
 *     apply_run.c      4  requests in order
 *     apply_end.c      4  what came of a request
 *     apply_settle.c   5  requests whose end is not known
 *     apply_record.c   6  the accounts as they are to be recorded
 *     apply_follow.c   6  accounts that nothing was done to, and whose delegates changed
 *     apply_merge.c    6  the whole record
 *     apply_commit.c   3, 6  commits
 *     apply_message.c  3, 6  what they say
 */
#ifndef ZSCTL_APPLY_INTERNAL_H
#define ZSCTL_APPLY_INTERNAL_H

#include "apply.h"
#include "base/os.h"
#include "expect.h"
#include "history.h"
#include "journal.h"
#include "order.h"

/* A number by symbol; 0 where nothing was put. */
struct sym_table {
	uint32_t *items;
	uint32_t size;
};
void sym_table_put(struct sym_table *table, const struct sym *sym, uint32_t value);
uint32_t sym_table_get(const struct sym_table *table, const struct sym *sym);
void sym_table_release(struct sym_table *table);

/* How an account stands to the change that a plan has for it. */
enum standing {
	STANDS_UNTOUCHED, /* as the plan expects; for a create: nobody has its address */
	STANDS_DONE,      /* as the plan wants */
	STANDS_HALF,      /* between the two, by this plan alone */
	STANDS_OTHER,     /* something else was done to it */
	STANDS_GONE,
};

/* What is to be done for one change of the plan, and how far it is. */
struct task {
	const struct plan_change *change;
	struct change_result *result;
	const struct sym *id;      /* the target's; of a create: once it is there */
	const struct sym *address; /* as the plan has it now; NULL for a create */
	const struct sym *goal;    /* as it will be: of a create, or renamed; else == address */
	bool there;                /* `now` is given */
	bool kept;                 /* `now` and `persons` outlive the last look */
	struct account now; /* as last listed or answered; its delegates are in `persons` */
	/* Its delegates: their target ids, because addresses change while the run goes on; of a
	 * delegate that is out of sight the address. Sorted by text. */
	struct set persons;
	enum standing standing; /* at the last look */
	bool clean;             /* nothing else was done to it since the plan was made */
	bool decided;           /* result->outcome is final */
	bool touched;           /* a request of this run is known to have been carried out */
	bool intended;          /* an earlier process was about to create it */
	bool key_sent;          /* by this process */
	bool done_before;       /* the journal says done */
	bool failed;            /* a step of it has failed */
	uint32_t steps_left;
	uint32_t tries; /* of the present step, after unknown ends */
	unsigned sent;  /* enum attribute bits of the last request */
	uint32_t named; /* requests under way that name it as a delegate */
	bool renaming;  /* its new address is under way */
	struct secret key;
};

/* A request under way; by step number. */
struct flight {
	struct account wanted;
	struct set persons; /* wanted.delegates as persons */
	unsigned set;
	enum request_op op;
};

/* The last FAILURES_SEEN ends of requests; FAILURES_MOST failures among them stop the run, because
 * what fails so often fails for a reason that no single change has. */
#define FAILURES_SEEN 40
#define FAILURES_MOST 20

/* A request is sent again after its end was not known and reading shows that it did not happen. */
#define TRIES_MOST 2

struct dispatch {
	struct schedule schedule;
	uint32_t *waits;     /* by step: how many it still waits for */
	uint32_t *broken_by; /* by step: change + 1 of a hard dependency that was not done */
	uint32_t *ready;     /* a ring of steps: room for all */
	uint32_t first, ready_count;
	struct flight **flights; /* by step; NULL: not under way */
	struct {
		uint32_t *items; /* steps whose end is not known */
		size_t count, capacity;
	} unknown;
	struct {
		struct journal_line *items; /* to be written */
		size_t count, capacity;
	} lines;
	bool recent[FAILURES_SEEN];
	unsigned recent_at, failures;
	size_t decided; /* changes, for the progress */
};

struct apply_run {
	const struct apply_input *input;
	const struct config *config;
	struct plan *plan;
	struct run_result *result;
	struct arena arena;   /* of the run */
	struct arena look;    /* of the last look at the target: persons */
	struct arena flights; /* of the requests under way */
	struct sym_pool names;

	struct buf bytes; /* the plan's */
	struct state *state;
	struct os_lock lock;
	char head[COMMIT_TEXT_SIZE];
	struct policy policy;        /* what judges: recorded, or the configuration's */
	struct policy wanted_policy; /* the configuration's */
	struct approvals approvals;
	struct strs approved_by; /* "kim@example.org SHA256:…", for messages */
	bool begun;              /* the head is this run's begin */
	bool continuing;         /* the run was begun by an earlier process */

	struct target *target;
	struct recorded recorded;     /* at the head */
	struct sym_table recorded_at; /* index + 1 by target id */
	struct accounts current;      /* as last listed, in scope */
	struct accounts first; /* the first listing: what is recorded may point into it */
	struct accounts_index index;
	struct expect_world world;
	uint64_t looked_at; /* os_monotonic_ms() at the end of the last listing */

	struct task *tasks; /* one for each change of the plan */
	/* Task + 1; by_claim: by every address that the change gives its account. */
	struct sym_table by_address, by_goal, by_id, by_claim;
	bool renames;                  /* the plan has some */
	struct secret fingerprint_key; /* only when the plan sends account keys */

	struct journal journal;
	struct dispatch dispatch;
	size_t adopted; /* of the plan's adoptions, by adoptions_count() */
	bool stopped;   /* no more requests; result->stopped_because says why */
	bool lost; /* somebody else has taken the run over: theirs is to say what became of it */
};

/* --- apply_world.c ------------------------------------------------------------------------ */

/* Makes the tasks; once, when the plan is known to be good. */
void tasks_prepare(struct apply_run *run);
void tasks_release(struct apply_run *run);
/* Takes over a listing: each task's account and delegates. */
void tasks_take(struct apply_run *run);
/* An answer of the target: the task's account from now on. */
void task_answered(struct apply_run *run, struct task *task, const struct account *answer);
/* A part of the change has been done, `now` shows it: kept whatever is listed later. */
void task_keep(struct apply_run *run, struct task *task);
/* Whether an account that had this address lists the task's user as delegate, as last seen. */
bool task_reads(struct apply_run *run, const struct task *task, struct str account);
/* The account's delegates as they are sent or recorded: sorted addresses, in `arena`. */
struct delegates persons_addresses(struct apply_run *run, struct set persons,
				   struct arena *arena);

struct task *task_of(struct apply_run *run, const struct sym_table *table,
		     const struct sym *sym);
/* A person's account now, or NULL: out of sight or gone. */
const struct account *person_now(struct apply_run *run, const struct sym *person);
/* Who has this primary address now: a target id, or the address itself. */
const struct sym *person_at(struct apply_run *run, const struct sym *address);
/* The persons that a plan names: added delegates by their address after it (NULL: that account is
 * not there yet, or another one is), removed ones by their address before it. */
const struct sym *person_added(struct apply_run *run, const struct plan_pair *pair);
/* Why nobody can be let in for the pair now, in words; NULL: somebody can. */
const char *person_missing(struct apply_run *run, const struct plan_pair *pair);
const struct sym *person_removed(struct apply_run *run, struct str address);

/* --- apply_stand.c ------------------------------------------------------------------------ */

/* The text of a scalar as plans have it: "/" is none. */
struct str plan_value(struct str text);
/* How the task's account stands, right after a look. */
enum standing task_stand(struct apply_run *run, struct task *task);
/* What the step's request has to set, on top of `now`; false when nothing is left to do. Sets
 * are allocated in `arena`. */
bool step_wanted(struct apply_run *run, struct task *task, const struct step *step,
		 struct arena *arena, struct flight *flight);
/*
 * Whether the renamed account still has its old address, now as an alias, which some services leave
 * behind, while the plan gives that address to another one.
 */
bool task_left_behind(struct apply_run *run, const struct task *task);
/* Adds to result->text, with "; " between. */
void task_note(struct apply_run *run, struct task *task, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The whole change applied to any account: what it comes to when the target takes all of it. */
void change_apply(struct apply_run *run, struct task *task, struct account *account,
		  struct set *persons, struct arena *arena);

/* --- apply_verify.c ----------------------------------------------------------------------- */

int verify_open_run(struct apply_run *run, struct err *err);
int verify_new(struct apply_run *run, struct err *err);
int verify_continued(struct apply_run *run, struct err *err);

/* --- apply_base.c ------------------------------------------------------------------------- */

/* "runs/ID/FILE" */
struct str verify_run_path(struct arena *arena, const struct plan *plan, const char *file);
int verify_not_applied(struct state *state, const struct plan *plan, struct err *err);
int verify_base(struct state *state, const struct plan *plan, struct err *err);

/* --- apply_made.c ------------------------------------------------------------------------- */

/* The base must be in the record: after verify_base. */
int verify_made(const struct config *config, struct state *state, const struct plan *plan,
		struct err *err);

/* --- apply_keys.c ------------------------------------------------------------------------- */

/* Loads the account keys that the plan sends and compares them with it. */
int keys_load(struct apply_run *run, struct err *err);

/* --- apply_look.c ------------------------------------------------------------------------- */

/* Lists the target and takes it over. */
int look_now(struct apply_run *run, struct err *err);
/* Before a run begins: commits what differs from the record, recomputes limits. */
int look_observe(struct apply_run *run, struct err *err);
int look_limits(struct apply_run *run, struct err *err);
/* Before a run begins: decides which entries are left out. */
int look_first(struct apply_run *run, struct err *err);
/* After that, at every look: an entry that somebody else touched meanwhile is left out. */
void look_again(struct apply_run *run);
/* Reads what an earlier process left. */
int look_journal(struct apply_run *run, struct err *err);

/* --- apply_check.c ------------------------------------------------------------------------ */

/* An entry that calls its account or a new delegate otherwise than it is called, or names other
 * values to be replaced: makes it stale. */
bool entry_untrue(struct apply_run *run, struct task *task);
/* After look_first: of what is left, source ids that the plan would record for one account while another one, which is still there, has
 * them by the record: whoever the source lists would be taken for somebody else ever after. */
int look_links(struct apply_run *run, struct err *err);

/* --- apply_run.c, apply_end.c, apply_settle.c --------------------------------------------- */

/* Carries the plan out. -1: the run is still open. */
int run_execute(struct apply_run *run, struct err *err);
/* Only says what would happen: dependants of what is left out are left out too. Returns how many
 * changes would go through but for a delegate. */
size_t run_execute_nothing(struct apply_run *run);

/* The step has ended; `ok`: what waits for it can go on. */
void step_end(struct apply_run *run, uint32_t number, bool ok);
void step_ready(struct apply_run *run, uint32_t number);
/* No more requests. The first reason stays. */
void run_stop(struct apply_run *run, struct str because);
/* Done, as a whole or in part, now or before. */
bool task_done(const struct task *task);
/* Gives the change its outcome and a line in the journal. */
void task_decide(struct apply_run *run, struct task *task, enum change_outcome outcome);
/* Writes the lines that wait to the journal. */
int lines_write(struct apply_run *run, bool durable, struct err *err);
/* An answer of the target to the request of that step. */
void outcome_take(struct apply_run *run, const struct target_outcome *outcome);
/* Whether the target refused this alias for good. */
bool task_refused(const struct task *task, const struct sym *alias);
/* Looks what became of the steps whose end is not known; nothing may be under way. */
int run_settle(struct apply_run *run, struct err *err);

/* --- apply_merge.c, apply_commit.c -------------------------------------------------------- */

/* The recorded state after the run, and the accounts that differ from the state before it. */
struct record_change {
	struct recorded after;
	const struct recorded_account **write;
	size_t write_count;
	const struct account **remove; /* whose paths go, in the record before */
	size_t remove_count;
};
void record_change_release(struct record_change *change);
/* What the target holds differently from the record, as it is there. */
void record_observed(struct apply_run *run, const struct drifts *drifts,
		     struct record_change *out);
void record_run(struct apply_run *run, struct record_change *out);

/* Whether the account that the plan adopts is still the one that it was, by the record. */
bool adoption_stands(struct apply_run *run, const struct plan_adopt *adopt);
/* Sets run->adopted and result->not_adopted; once, at the end. */
void adoptions_count(struct apply_run *run);

int commit_policy(struct apply_run *run, struct str approver, struct err *err);
int commit_observed(struct apply_run *run, const struct drifts *drifts, struct err *err);
int commit_begin(struct apply_run *run, struct err *err);
int commit_end(struct apply_run *run, struct err *err);
/* "user@host". */
struct str run_author(struct apply_run *run);

/* --- apply_message.c ---------------------------------------------------------------------- */

void message_policy(struct apply_run *run, struct str approver, struct buf *out);
void message_observed(struct apply_run *run, const struct drifts *drifts, struct buf *out);
void message_begin(struct apply_run *run, struct buf *out);
void message_end(struct apply_run *run, struct buf *out);

#endif
