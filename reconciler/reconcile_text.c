/*
 * Why something happens, and what a person must do, in words.
 */
#include "base/os.h"
#include "fold.h"
#include "reconcile.h"

#include <string.h>

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

static struct str to_plan(struct world *w, struct buf *text)
{
	struct str copy = arena_str(&w->plan->arena, buf_str(text));

	buf_release(text);
	return copy;
}

struct str who_text(struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);
	struct buf who = BUF_INIT;

	if (!current->unit)
		return sym_str(current->name);
	plan_who(current, &who);
	return to_plan(w, &who);
}

/* --- because ------------------------------------------------------------------------------ */

static bool says(const uint8_t *sources, uint32_t count, uint32_t source)
{
	return sources && count && memchr(sources, (int)source, count);
}

/* Whether the source has made this attribute differ; without a difference: has a say in it. */
static bool decides(const struct world *w, uint32_t s, const struct difference *difference,
		    enum attribute attribute, uint32_t source)
{
	const struct desired_account *desired = desired_at(w, s);
	const uint32_t base = deciding_source(desired, attribute);

	if (!difference)
		return source == base ||
		       (attribute == ATTR_ALIASES &&
			says(desired->alias_sources, desired->account.aliases.count, source)) ||
		       (attribute == ATTR_DELEGATES &&
			says(desired->delegate_sources, desired->account.delegates.count,
			     source));
	if (attribute == ATTR_ALIASES && desired->alias_sources && current_at(w, s))
		return alias_differs(w, s, source);
	if (attribute != ATTR_DELEGATES)
		return source == base;
	for (size_t i = 0; i < difference->add.count; i++)
		if (difference->add.items[i].source == source)
			return true;
	return source == base && difference->remove.count > 0;
}

/* What one source says: a list of words, each once. */
struct words {
	struct str items[ATTR_COUNT * 4];
	size_t count;
};

static void add_word(struct words *words, struct str word)
{
	size_t i = 0;

	while (i < words->count && !fold_same(words->items[i], word))
		i++;
	if (i == words->count && i < sizeof(words->items) / sizeof(words->items[0]))
		words->items[words->count++] = word;
}

/* Of the attributes that this source decided: what it made them of, or their own names where it has no
 * attributes of other names. */
static void find_words(const struct world *w, uint32_t s, unsigned attributes,
		       const struct difference *difference, uint32_t source,
		       struct words *words)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct config_section *section =
		&w->config->sources[source].sections[desired->account.kind];

	words->count = 0;
	for (unsigned bit = 0; bit < ATTR_COUNT; bit++) {
		const struct texts *origins = &section->origins[bit];

		if (!(attributes & 1u << bit) ||
		    !decides(w, s, difference, (enum attribute)(1u << bit), source))
			continue;
		for (size_t i = 0; i < origins->count; i++)
			add_word(words, origins->items[i]);
		if (origins->count == 0)
			add_word(words, str_of(attribute_names[bit]));
	}
}

/* "declared: name, aliases; ad: displayName, department" */
void attributes_text(const struct world *w, uint32_t s, unsigned attributes,
		     const struct difference *difference, struct buf *out)
{
	const size_t start = out->len;
	struct words words;

	for (uint32_t source = 0; source < w->config->source_count; source++) {
		find_words(w, s, attributes, difference, source, &words);
		for (size_t i = 0; i < words.count; i++) {
			if (i == 0)
				buf_addf(out, "%s%.*s: ", out->len > start ? "; " : "",
					 STR_FMT(w->config->sources[source].name));
			buf_addf(out, "%s%.*s", i ? ", " : "", STR_FMT(words.items[i]));
		}
	}
}

static void add_confirmation(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct identity *identity = &w->identity[w->subjects[s].desired];
	const struct account *current = current_at(w, s);

	if (identity->match == MATCH_WAS && desired->was == current->address)
		buf_puts(out, "; was: ");
	else if (identity->match == MATCH_WAS)
		buf_puts(out, "; --same-person: was ");
	else if (identity->confirmed)
		buf_puts(out,
			 identity->lost_id
				 ? "; --same-person: recorded under an id until now: "
				 : "; --same-person: recorded under another id until now: ");
	else
		return;
	add_sym(out, current->address);
}

static void add_update(const struct world *w, uint32_t s, const struct difference *difference,
		       struct buf *out)
{
	const struct recorded_account *recorded = recorded_at(w, s);

	attributes_text(w, s, difference->attributes, difference, out);
	add_confirmation(w, s, out);
	if (!(difference->attributes & ATTR_KEY))
		return;
	if (!recorded || !recorded->key || recorded->key == desired_at(w, s)->fingerprint)
		buf_puts(out, "; --refresh-keys");
}

static void add_suspension(const struct recorded_account *recorded, struct buf *out)
{
	char date[DATE_TEXT_SIZE];

	if (!recorded || !recorded->suspended_by) {
		buf_puts(out, "suspended outside zsctl");
		return;
	}
	buf_puts(out, "suspended");
	if (recorded->suspended_since != DATE_NONE) {
		date_text(recorded->suspended_since, date);
		buf_addf(out, " since %s", date);
	}
	buf_puts(out, " by run ");
	add_sym(out, recorded->suspended_by);
}

bool left_out_text(const struct world *w, uint32_t s, struct buf *out)
{
	const size_t start = out->len;

	for (uint32_t source = 0; source < w->config->source_count; source++) {
		const struct sym *because = desired_left_out(
			w->in->desired, source, subject_kind(w, s), subject_address(w, s));

		if (because)
			buf_addf(out, "%s%.*s: %s", out->len > start ? "; " : "",
				 STR_FMT(w->config->sources[source].name), because->text);
	}
	return out->len > start;
}

static void add_absence(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct recorded_account *recorded = recorded_at(w, s);

	if (desired) {
		buf_addf(out, "%.*s: ",
			 STR_FMT(w->config->sources[deciding_source(desired, ATTR_ADDRESS)]
					 .name));
		add_sym(out, desired->account.address);
		buf_puts(out, " is outside domains.claimed");
		return;
	}
	if (left_out_text(w, s, out))
		return;
	for (uint32_t i = 0; recorded && i < recorded->link_count; i++) {
		buf_puts(out, i ? ", " : "");
		add_sym(out, recorded->links[i].source);
	}
	buf_puts(out, recorded && recorded->link_count ? ": no longer listed"
						       : "no source lists it");
}

static void add_leave(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);

	if (w->subjects[s].want == WANT_ABSENT)
		add_absence(w, s, out);
	else if (!desired->account.active)
		add_sym(out, desired->inactive_because);
	else
		buf_addf(out, "%.*s: no delegate of it will be active",
			 STR_FMT(w->config->sources[deciding_source(desired, ATTR_DELEGATES)]
					 .name));
}

struct str because_text(struct world *w, uint32_t s, const struct difference *difference)
{
	struct buf text = BUF_INIT;

	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_CREATE:
		add_sym(&text, desired_at(w, s)->because);
		if (w->subjects[s].recorded != NOBODY)
			buf_puts(&text, "; it had been deleted in the target");
		break;
	case RULING_REACTIVATE:
		add_sym(&text, desired_at(w, s)->because);
		buf_puts(&text, "; ");
		add_suspension(recorded_at(w, s), &text);
		if (difference->attributes)
			buf_puts(&text, "; ");
		attributes_text(w, s, difference->attributes, difference, &text);
		add_confirmation(w, s, &text);
		break;
	case RULING_SUSPEND:
		add_leave(w, s, &text);
		break;
	case RULING_DELETE:
		add_leave(w, s, &text);
		buf_puts(&text, "; ");
		add_suspension(recorded_at(w, s), &text);
		buf_addf(
			&text,
			"; --delete %.*s, --suspended-for %.*s; its messages are lost for ever",
			STR_FMT(w->in->options->delete_),
			STR_FMT(w->in->options->suspended_for));
		break;
	case RULING_SAME:
	case RULING_KEPT:
		add_update(w, s, difference, &text);
		break;
	case RULING_NOTHING:
	case RULING_INACTIVE:
	case RULING_UNMANAGED:
	case RULING_LEFT_OUT:
	case RULING_PROTECTED:
	case RULING_HELD:
	case RULING_MANUAL:
		break;
	}
	return to_plan(w, &text);
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
		add_leave(w, s, problem);
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
	add_sym(problem, dropped->alias);
	switch (dropped->why) {
	case DROPPED_REFUSED:
		buf_puts(problem, " was refused by the service for good");
		buf_puts(todo, "merge the guest account of that address " PORTAL
			       ", or drop the alias");
		return;
	case DROPPED_UNCLAIMED:
		buf_addf(
			problem,
			" (%.*s) is outside domains.claimed, where the service gives no addresses",
			STR_FMT(source));
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
	manual->account = to_plan(w, &account);
	manual->problem = to_plan(w, problem);
	manual->todo = to_plan(w, todo);
}

void emit_manual(struct world *w, uint32_t s)
{
	struct buf problem = BUF_INIT, todo = BUF_INIT;

	obstacle_text(w, s, &problem, &todo);
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
	held->account = to_plan(w, &account);
	held->source = arena_str(&w->plan->arena, w->config->sources[source].name);
	held->problem = to_plan(w, &problem);
	buf_release(&todo);
}
