/*
 * What only a person can do, and why, in words.
 */
#include "reconcile.h"

#define PORTAL "in the Zivver portal (Organization Settings, User administration, Accounts)"

static void add_sym(struct buf *out, const struct sym *text)
{
	buf_add(out, sym_str(text));
}

static void add_account(const struct world *w, uint32_t s, struct buf *out)
{
	buf_addf(out, "%s ", kind_names[subject_kind(w, s)]);
	add_sym(out, subject_address(w, s));
}

struct str plan_text(struct world *w, struct buf *text)
{
	struct str copy = arena_str(&w->plan->arena, buf_str(text));

	buf_release(text);
	return copy;
}

/* --- obstacles ---------------------------------------------------------------------------- */

/* What is known of an account that may have another address by now. */
static const char *former_text(const struct world *w, uint32_t s)
{
	if (w->subjects[s].obstacle == OBSTACLE_RENAMED && current_at(w, s)->active)
		return ", which no source lists any more";
	return w->subjects[s].ruling == RULING_SUSPEND ? ", which this plan suspends"
						       : ", which is suspended";
}

static void say_renamed(const struct world *w, uint32_t s, struct buf *problem,
			struct buf *todo)
{
	const struct subject *subject = &w->subjects[s];

	if (current_at(w, s)->active) {
		buf_puts(problem, "it would be suspended (");
		leave_text(w, s, problem);
		buf_puts(problem, "), but ");
	} else {
		buf_puts(problem, "it would be deleted, but ");
	}
	add_account(w, subject->other, problem);
	buf_puts(problem, " may be the same one under another address: both have ");
	add_sym(problem, subject->about);
	buf_puts(todo, "decide what ");
	add_account(w, subject->other, todo);
	buf_puts(todo, " is; until then this one stays, with all that it can read");
}

static void say_identity(const struct world *w, uint32_t s, struct buf *problem,
			 struct buf *todo)
{
	const struct subject *subject = &w->subjects[s];

	switch ((enum obstacle)subject->obstacle) {
	case OBSTACLE_PREDECESSOR:
		buf_puts(problem,
			 "the address was another person's: the account that has it is "
			 "recorded under another id");
		buf_puts(todo, "if it is the same person, plan with --same-person ");
		add_sym(todo, subject_address(w, s));
		buf_puts(todo, "; if not, give the old account another address " PORTAL
			       ", so that its messages stay closed");
		break;
	case OBSTACLE_ID_LOST:
		buf_puts(
			problem,
			"it was suspended under an id that its entry does not have: by now the "
			"address may be another person's");
		buf_puts(todo, "if it is the same person, give the entry that id, or plan with "
			       "--same-person ");
		add_sym(todo, subject_address(w, s));
		buf_puts(todo, "; if not, give the old account another address " PORTAL
			       ", so that its messages stay closed");
		break;
	case OBSTACLE_TWO_ENTRIES:
		buf_puts(problem, "it was ");
		add_account(w, subject->other, problem);
		buf_puts(problem, ", which another entry is already");
		buf_puts(todo, "mend the ids or 'was' of the two entries in the sources");
		break;
	case OBSTACLE_TWO_ACCOUNTS:
		buf_puts(problem, "by the sources' ids it is one with ");
		add_account(w, subject->other, problem);
		buf_puts(todo, "merge the two accounts " PORTAL
			       ", or give them separate entries in the sources");
		break;
	case OBSTACLE_RENAME:
		buf_puts(problem, "looks like a rename of ");
		add_account(w, subject->other, problem);
		buf_puts(problem, former_text(w, subject->other));
		buf_puts(problem, ": both have ");
		add_sym(problem, subject->about);
		buf_puts(todo, "if it is the same one, say so with 'was: ");
		add_sym(todo, subject_address(w, subject->other));
		buf_puts(todo, "' in its entry or with --same-person ");
		add_sym(todo, subject_address(w, s));
		buf_puts(todo, "; if not, take ");
		add_sym(todo, subject->about);
		buf_puts(todo, " from the old account " PORTAL);
		break;
	case OBSTACLE_RENAMED:
		say_renamed(w, s, problem, todo);
		break;
	case OBSTACLE_NONE:
	case OBSTACLE_SOURCE:
	case OBSTACLE_NO_NAME:
	case OBSTACLE_NO_KEY:
	case OBSTACLE_KIND:
	case OBSTACLE_SCOPE:
	case OBSTACLE_LEFT_SCOPE:
	case OBSTACLE_OUTSIDE:
	case OBSTACLE_KEY_LOST:
	case OBSTACLE_KEY_GONE:
	case OBSTACLE_TAKEN:
	case OBSTACLE_SWAP:
		break;
	}
}

static void say_address(const struct world *w, uint32_t s, struct buf *problem,
			struct buf *todo)
{
	const struct subject *subject = &w->subjects[s];

	buf_puts(problem, "its address ");
	add_sym(problem, subject->about);
	if (subject->obstacle == OBSTACLE_SWAP) {
		buf_puts(problem, " is still that of ");
		add_account(w, subject->other, problem);
		buf_puts(problem, ", and in the end each waits for the other");
		buf_puts(todo, "give one of them a spare address " PORTAL ", then plan again");
		return;
	}
	buf_puts(problem, " belongs to ");
	if (subject->other == HIDDEN) {
		buf_puts(problem, "an account outside target.scope");
		buf_puts(todo,
			 "free the address " PORTAL ", or correct its entry or the scope");
		return;
	}
	add_account(w, subject->other, problem);
	buf_puts(problem, ", which keeps it");
	buf_puts(todo, "merge the two accounts " PORTAL ", or free the address first");
}

static void say_key(const struct world *w, uint32_t s, struct buf *problem, struct buf *todo)
{
	const struct recorded_account *recorded = recorded_at(w, s);
	struct difference difference = {.attributes = 0};
	const bool known = recorded && recorded->key;
	const char *any_more = known ? " any more" : "";

	if (w->subjects[s].obstacle == OBSTACLE_KEY_LOST && key_is_lost(recorded)) {
		buf_puts(problem, "its account key was lost when it was suspended; without one "
				  "nobody could sign in");
	} else if (w->subjects[s].obstacle == OBSTACLE_KEY_LOST) {
		buf_addf(problem,
			 "no source has its account key%s; without one nobody could sign in",
			 any_more);
	} else {
		buf_puts(problem, "it differs (");
		difference_find(w, s, &difference);
		attributes_text(w, s, difference.attributes, &difference, problem);
		difference_release(&difference);
		buf_addf(
			problem,
			"), but no source has its account key%s, and a change without it would "
			"break the sign-in",
			known ? " any more" : "");
	}
	buf_puts(todo, "give its entry an sso_key in a source, then plan again");
	if (!known)
		buf_puts(todo, "; where nobody signs in by single sign-on, write "
			       "target.sign_in: password");
}

static void say_outside(const struct world *w, uint32_t s, struct buf *problem,
			struct buf *todo)
{
	const enum account_kind kind = subject_kind(w, s);

	buf_puts(problem,
		 kind == KIND_USER
			 ? "it should be active, but was suspended outside zsctl"
			 : "it should be active, but lost its delegates outside zsctl");
	buf_addf(todo, "find out why; then %s " PORTAL ", or set actions.%s.reactivate: always",
		 kind == KIND_USER ? "reactivate it" : "give it a delegate", kind_names[kind]);
}

void obstacle_text(const struct world *w, uint32_t s, struct buf *problem, struct buf *todo)
{
	switch ((enum obstacle)w->subjects[s].obstacle) {
	case OBSTACLE_NONE:
		break;
	case OBSTACLE_SOURCE:
		add_sym(problem, desired_at(w, s)->held);
		break;
	case OBSTACLE_NO_NAME:
		buf_puts(problem, "no name, and no account can be created without one");
		break;
	case OBSTACLE_NO_KEY:
		buf_puts(problem, "no account key (sso_key), and nobody can sign in to a new "
				  "account without one");
		break;
	case OBSTACLE_KIND:
		buf_addf(problem,
			 "it is a %s account in the target, and a %s account in the sources",
			 kind_names[subject_kind(w, s)],
			 kind_names[desired_at(w, s)->account.kind]);
		buf_puts(todo, "change its type " PORTAL ", or correct the sources");
		break;
	case OBSTACLE_LEFT_SCOPE:
		buf_puts(problem, "its account is outside target.scope by now");
		buf_puts(todo, "change it back " PORTAL ", or widen target.scope");
		break;
	case OBSTACLE_SCOPE:
		buf_puts(problem, "the change would take it out of target.scope");
		buf_puts(todo, "make the change " PORTAL ", or widen target.scope");
		break;
	case OBSTACLE_OUTSIDE:
		say_outside(w, s, problem, todo);
		break;
	case OBSTACLE_KEY_LOST:
	case OBSTACLE_KEY_GONE:
		say_key(w, s, problem, todo);
		break;
	case OBSTACLE_PREDECESSOR:
	case OBSTACLE_ID_LOST:
	case OBSTACLE_TWO_ENTRIES:
	case OBSTACLE_TWO_ACCOUNTS:
	case OBSTACLE_RENAME:
	case OBSTACLE_RENAMED:
		say_identity(w, s, problem, todo);
		break;
	case OBSTACLE_TAKEN:
	case OBSTACLE_SWAP:
		say_address(w, s, problem, todo);
		break;
	}
}

static uint32_t alias_source(const struct desired_account *desired, const struct sym *alias)
{
	const struct set wanted = desired->account.aliases;

	for (uint32_t i = 0; desired->alias_sources && i < wanted.count; i++)
		if (wanted.items[i] == alias)
			return desired->alias_sources[i];
	return deciding_source(desired, ATTR_ALIASES);
}

void dropped_text(const struct world *w, uint32_t s, const struct dropped *dropped,
		  struct buf *problem, struct buf *todo)
{
	const struct str source =
		w->config->sources[alias_source(desired_at(w, s), dropped->alias)].name;

	buf_puts(problem, "alias ");
	buf_addf(problem, "%s (%.*s)", dropped->alias->text, STR_FMT(source));
	switch (dropped->why) {
	case DROPPED_REFUSED:
		buf_puts(problem, " was refused by the service for good");
		buf_puts(todo, "merge the guest account of that address " PORTAL
			       ", or drop the alias");
		return;
	case DROPPED_UNCLAIMED:
		buf_puts(problem, " is outside domains.claimed, where the service gives no "
				  "addresses");
		buf_puts(todo, "claim the domain in the Zivver portal and in domains.claimed, "
			       "drop the alias, or name its domain in domains.ignore_aliases");
		return;
	case DROPPED_TAKEN:
		break;
	}
	if (dropped->owner == HIDDEN) {
		buf_puts(problem, " belongs to an account outside target.scope");
		buf_puts(todo, "take it from that account " PORTAL ", or drop the alias");
		return;
	}
	if (subject_address(w, dropped->owner) == dropped->alias) {
		buf_puts(problem, " is an account of its own");
	} else {
		buf_puts(problem, " is an alias of ");
		add_account(w, dropped->owner, problem);
		buf_puts(problem, ", which keeps it");
	}
	buf_puts(todo, "merge them " PORTAL ", or drop the alias");
}

/* --- entries ------------------------------------------------------------------------------ */

static void push_manual(struct world *w, uint32_t s, struct buf *problem, struct buf *todo)
{
	struct plan_manual *manual = vec_push(&w->plan->manual);
	struct buf account = BUF_INIT;

	add_account(w, s, &account);
	manual->account = plan_text(w, &account);
	manual->problem = plan_text(w, problem);
	manual->todo = plan_text(w, todo);
}

void emit_manual(struct world *w, uint32_t s)
{
	struct buf problem = BUF_INIT, todo = BUF_INIT;

	obstacle_text(w, s, &problem, &todo);
	/* Who wants it; a difference says so itself. */
	if (desired_at(w, s) && w->subjects[s].obstacle != OBSTACLE_KEY_GONE)
		buf_addf(&problem, " (%s)", desired_at(w, s)->because->text);
	push_manual(w, s, &problem, &todo);
}

void emit_dropped(struct world *w, uint32_t s)
{
	for (const struct dropped *at = w->subjects[s].dropped; at; at = at->next) {
		struct buf problem = BUF_INIT, todo = BUF_INIT;

		dropped_text(w, s, at, &problem, &todo);
		push_manual(w, s, &problem, &todo);
	}
}

void emit_held(struct world *w, uint32_t s)
{
	const struct desired_account *desired = desired_at(w, s);
	struct plan_held *held = vec_push(&w->plan->held);
	struct buf account = BUF_INIT, problem = BUF_INIT, todo = BUF_INIT;
	const uint32_t source = desired->held ? desired->held_source
					      : deciding_source(desired, ATTR_ADDRESS);

	buf_addf(&account, "%s ", kind_names[desired->account.kind]);
	add_sym(&account,
		desired->account.address ? desired->account.address : desired->because);
	obstacle_text(w, s, &problem, &todo);
	held->account = plan_text(w, &account);
	held->source = arena_str(&w->plan->arena, w->config->sources[source].name);
	held->problem = plan_text(w, &problem);
	buf_release(&todo);
}
