/*
 * Who may read what in the end. A delegate is an account, so both sides are compared as subjects;
 * one counts when it is a user that will be active.
 */
#include "reconcile.h"

/* --- who is meant ------------------------------------------------------------------------- */

bool delegates_managed(const struct world *w, uint32_t s)
{
	const struct desired_account *desired = desired_at(w, s);

	return desired && (desired->account.has & ATTR_DELEGATES);
}

/*
 * The sources' words first: an address may change hands in this plan. Then whoever has the
 * address, unless this plan takes it away: the next one would find nobody.
 */
static uint32_t meant(const struct world *w, const struct sym *address)
{
	const struct account *owner;
	uint32_t s;

	if (address->number < w->index.size && w->named && w->named[address->number])
		return w->named[address->number] - 1;
	if (address->number < w->index.size && w->wanted[address->number])
		return w->wanted[address->number] - 1;
	owner = accounts_owner(&w->index, address);
	if (!owner)
		return NOBODY;
	s = (uint32_t)(owner - w->in->current->items);
	return is_live(w, s) && !keeps_address(w, s, address) ? NOBODY : s;
}

/* Nothing is there for it, and nothing will be. */
static bool is_nobody(const struct world *w, uint32_t s)
{
	return s == NOBODY ||
	       (!current_at(w, s) && (w->subjects[s].want == WANT_ABSENT ||
				      (w->subjects[s].want == WANT_ACTIVE &&
				       w->subjects[s].ruling == RULING_NOTHING)));
}

static bool is_wanted_here(const struct world *w, uint32_t s)
{
	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_SAME:
	case RULING_CREATE:
	case RULING_REACTIVATE:
		return true;
	case RULING_NOTHING:
	case RULING_KEPT:
	case RULING_SUSPEND:
	case RULING_DELETE:
	case RULING_INACTIVE:
	case RULING_UNMANAGED:
	case RULING_LEFT_OUT:
	case RULING_PROTECTED:
	case RULING_HELD:
	case RULING_MANUAL:
		break;
	}
	return false;
}

static int wanted_cmp(const void *a, const void *b)
{
	const struct wanted_delegate *x = a, *y = b;

	return x->subject < y->subject ? -1 : x->subject > y->subject;
}

/* Sorts by subject; of two addresses that mean one user the first stays. */
static uint32_t sort_wanted(struct wanted_delegate *items, uint32_t count)
{
	uint32_t kept = 0;
	bool sorted = true;

	for (uint32_t i = 1; i < count && sorted; i++)
		sorted = items[i - 1].subject < items[i].subject;
	if (sorted)
		return count;
	qsort(items, count, sizeof(*items), wanted_cmp);
	for (uint32_t i = 0; i < count; i++) {
		if (kept && items[kept - 1].subject == items[i].subject) {
			if (!items[kept - 1].why)
				items[kept - 1].why = items[i].why;
			continue;
		}
		items[kept++] = items[i];
	}
	return kept;
}

/* The target has that delegate, but the scope leaves the user out: nothing is known of the two, and
 * nothing is done. */
static bool is_unseen(const struct world *w, uint32_t s, const struct sym *address)
{
	const struct account *current = current_at(w, s);

	return current && !accounts_owner(&w->index, address) &&
	       delegates_find(current->delegates, address);
}

static void warn_left_out(struct world *w, uint32_t s, const struct sym *delegate,
			  uint32_t source, const char *why)
{
	warn(w, arena_strf(&w->arena, "%s %s: delegate %s (%.*s) is left out: %s",
			   kind_names[subject_kind(w, s)], subject_address(w, s)->text,
			   delegate->text, STR_FMT(w->config->sources[source].name), why));
}

static bool is_present(const struct world *w, uint32_t s, uint32_t user)
{
	const struct account *current = current_at(w, s), *delegate = current_at(w, user);

	return current && delegate && delegates_find(current->delegates, delegate->address);
}

/*
 * Why the one who is meant gets no access; NULL: he does. As long as sources and target do not agree who
 * or what it is, nobody can tell who would read: what is there stays, nothing is added.
 */
static const char *unfit(const struct world *w, uint32_t s, uint32_t user)
{
	const struct desired_account *desired;

	if (is_nobody(w, user))
		return "no such active account";
	desired = desired_at(w, user);
	if (subject_kind(w, user) == KIND_USER && is_present(w, s, user))
		return NULL;
	if (subject_kind(w, user) != KIND_USER ||
	    (desired && desired->account.kind != KIND_USER))
		return "it is a functional account, and only users can be delegates";
	return desired && desired->held ? "its own entry is held" : NULL;
}

static void resolve_one(struct world *w, uint32_t s)
{
	struct subject *subject = &w->subjects[s];
	const struct delegates wanted = desired_at(w, s)->account.delegates;
	const bool heard = is_wanted_here(w, s);
	const uint8_t *sources = desired_at(w, s)->delegate_sources;
	const uint32_t base = deciding_source(desired_at(w, s), ATTR_DELEGATES);

	subject->first_delegate = (uint32_t)w->delegates.count;
	for (uint32_t i = 0; i < wanted.count; i++) {
		const struct sym *address = wanted.items[i].address;
		const uint32_t user = meant(w, address), source = sources ? sources[i] : base;
		const char *why_not;

		if (user == s)
			continue;
		if (is_nobody(w, user) && is_unseen(w, s, address))
			continue;
		why_not = unfit(w, s, user);
		if (why_not) {
			if (heard)
				warn_left_out(w, s, address, source, why_not);
			continue;
		}
		*vec_push(&w->delegates) = (struct wanted_delegate){user, source,
								    wanted.items[i].why};
	}
	subject->delegate_count =
		sort_wanted(w->delegates.items + subject->first_delegate,
			    (uint32_t)w->delegates.count - subject->first_delegate);
	w->delegates.count = subject->first_delegate + subject->delegate_count;
}

void delegates_resolve(struct world *w)
{
	for (uint32_t s = 0; s < w->count; s++) {
		if (w->subjects[s].want == WANT_HELD)
			continue;
		if (delegates_managed(w, s) && desired_at(w, s)->account.delegates.count > 0)
			resolve_one(w, s);
	}
}

/* A present delegate as subject; NOBODY for those that are no users in scope. */
static uint32_t present(const struct world *w, const struct delegate *delegate)
{
	const struct account *user = accounts_owner(&w->index, delegate->address);

	if (!user || user->kind != KIND_USER || user->address != delegate->address)
		return NOBODY;
	return (uint32_t)(user - w->in->current->items);
}

/* --- functional accounts live by their delegates --------------------------------------------- */

/* Calls `each` for every present delegate, as `user` of the account `s`, that is a user. */
static void each_present(struct world *w, uint32_t s,
			 void (*each)(struct world *w, uint32_t s, uint32_t user))
{
	const struct account *current = current_at(w, s);

	for (uint32_t i = 0; current && i < current->delegates.count; i++) {
		const uint32_t user = present(w, &current->delegates.items[i]);

		if (user != NOBODY)
			each(w, s, user);
	}
}

/* Calls `each` for the delegates that the account will have, as far as they are known. */
static void each_delegate(struct world *w, uint32_t s,
			  void (*each)(struct world *w, uint32_t s, uint32_t user))
{
	const struct subject *subject = &w->subjects[s];

	if (!delegates_managed(w, s)) {
		each_present(w, s, each);
		return;
	}
	for (uint32_t i = 0; i < subject->delegate_count; i++)
		each(w, s, w->delegates.items[subject->first_delegate + i].subject);
}

bool delegate_waits(const struct world *w, uint32_t user)
{
	return w->subjects[user].ruling == RULING_MANUAL &&
	       w->subjects[user].obstacle == OBSTACLE_RENAMED;
}

static bool is_listed(const struct world *w, uint32_t s, uint32_t user)
{
	const struct subject *subject = &w->subjects[s];
	const struct wanted_delegate key = {.subject = user};

	return subject->delegate_count > 0 &&
	       bsearch(&key, w->delegates.items + subject->first_delegate,
		       subject->delegate_count, sizeof(key), wanted_cmp) != NULL;
}

static void count_waiting(struct world *w, uint32_t s, uint32_t user)
{
	w->subjects[s].active_delegates += delegate_waits(w, user) && !is_listed(w, s, user);
}

static void count_active(struct world *w, uint32_t s, uint32_t user)
{
	w->subjects[s].active_delegates += will_be_active(w, user);
}

/* Present delegates whom the scope leaves out stay, whatever the sources say of the others. */
static uint32_t count_unseen(const struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);
	uint32_t count = 0;

	for (uint32_t i = 0; current && i < current->delegates.count; i++)
		count += !accounts_owner(&w->index, current->delegates.items[i].address);
	return count;
}

void delegates_count(struct world *w)
{
	for (uint32_t s = 0; s < w->count; s++) {
		struct subject *subject = &w->subjects[s];

		if (subject_kind(w, s) != KIND_FUNCTIONAL || subject->desired == NOBODY)
			continue;
		subject->unseen_delegates = count_unseen(w, s);
		subject->active_delegates = subject->unseen_delegates;
		each_delegate(w, s, count_active);
		if (delegates_managed(w, s))
			each_present(w, s, count_waiting);
	}
}

/* Users who are not active yet but will be: only their coming can still fail. */
static bool is_coming(const struct world *w, uint32_t user)
{
	return w->subjects[user].ruling == RULING_CREATE ||
	       w->subjects[user].ruling == RULING_REACTIVATE;
}

static void count_reader(struct world *w, uint32_t s, uint32_t user)
{
	(void)s;
	if (is_coming(w, user))
		w->reader_start[user + 2]++;
}

static void add_reader(struct world *w, uint32_t s, uint32_t user)
{
	if (is_coming(w, user))
		w->readers[w->reader_start[user + 1]++] = s;
}

void delegates_readers(struct world *w)
{
	w->reader_start = mem_calloc((size_t)w->count + 2, sizeof(uint32_t));
	for (uint32_t s = 0; s < w->count; s++)
		if (subject_kind(w, s) == KIND_FUNCTIONAL && w->subjects[s].desired != NOBODY)
			each_delegate(w, s, count_reader);
	/* Counts stand two places on, so that filling leaves each start in its place. */
	for (size_t i = 2; i < (size_t)w->count + 2; i++)
		w->reader_start[i] += w->reader_start[i - 1];
	w->readers = mem_alloc((w->reader_start[w->count + 1] + 1) * sizeof(uint32_t));
	for (uint32_t s = 0; s < w->count; s++)
		if (subject_kind(w, s) == KIND_FUNCTIONAL && w->subjects[s].desired != NOBODY)
			each_delegate(w, s, add_reader);
}

void delegates_lose(struct world *w, uint32_t user)
{
	for (uint32_t i = w->reader_start[user]; i < w->reader_start[user + 1]; i++) {
		const uint32_t s = w->readers[i];

		if (--w->subjects[s].active_delegates == 0)
			rule_functional(w, s);
	}
}

/* --- the difference ----------------------------------------------------------------------- */

static void put(struct delegations *list, uint32_t subject)
{
	*vec_push(list) = (struct delegation){.subject = subject};
}

static void put_wanted(struct delegations *list, const struct wanted_delegate *wanted)
{
	*vec_push(list) = (struct delegation){wanted->subject, wanted->source, wanted->why};
}

/*
 * Targets drop suspended delegates from a list that they are sent: who is listed and comes back with
 * this plan has to be added when it changes the list, or his access is lost without a word.
 */
static void add_again(const struct world *w, uint32_t s, struct delegations *add)
{
	const struct account *current = current_at(w, s);
	const struct subject *subject = &w->subjects[s];
	const struct wanted_delegate *wanted = w->delegates.items + subject->first_delegate;

	for (uint32_t i = 0; current && i < subject->delegate_count; i++)
		if (w->subjects[wanted[i].subject].ruling == RULING_REACTIVATE &&
		    is_present(w, s, wanted[i].subject))
			put_wanted(add, &wanted[i]);
}

/*
 * Both sides are sorted by subject: current users are sorted by address, and so are an account's
 * delegates.
 */
void delegates_compare(const struct world *w, uint32_t s, struct delegations *add,
		       struct delegations *remove, struct delegations *leaving)
{
	const struct account *current = current_at(w, s);
	const struct subject *subject = &w->subjects[s];
	const struct wanted_delegate *wanted = w->delegates.items + subject->first_delegate;
	const struct wanted_delegate *end = wanted + subject->delegate_count;
	const uint32_t count = current ? current->delegates.count : 0;

	add->count = remove->count = leaving->count = 0;
	if (!delegates_managed(w, s))
		return;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t user = present(w, &current->delegates.items[i]);

		if (user == NOBODY)
			continue;
		for (; wanted < end && wanted->subject < user; wanted++)
			if (will_be_active(w, wanted->subject))
				put_wanted(add, wanted);
		if (wanted < end && wanted->subject == user)
			wanted++;
		else if (will_be_active(w, user) && !delegate_waits(w, user))
			put(remove, user);
		if (w->subjects[user].ruling == RULING_SUSPEND)
			put(leaving, user);
	}
	for (; wanted < end; wanted++)
		if (will_be_active(w, wanted->subject))
			put_wanted(add, wanted);
	if (add->count + remove->count > 0)
		add_again(w, s, add);
}
