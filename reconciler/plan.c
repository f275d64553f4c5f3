#include "plan.h"

#include <inttypes.h>
#include <stdio.h>

const char *const action_names[ACTION_COUNT] = {
	"delete", "suspend", "revoke", "grant", "reactivate", "update", "create",
};

bool action_parse(struct str text, enum action *out)
{
	for (int action = 0; action < ACTION_COUNT; action++) {
		if (str_is(text, action_names[action])) {
			*out = (enum action)action;
			return true;
		}
	}
	return false;
}

void plan_init(struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
}

void plan_release(struct plan *plan)
{
	free(plan->sources.items);
	free(plan->limits.items);
	free(plan->changes.items);
	free(plan->manual.items);
	free(plan->held.items);
	free(plan->adopt.items);
	free(plan->policy.items);
	arena_release(&plan->arena);
	plan_init(plan);
}

bool plan_is_empty(const struct plan *plan)
{
	return plan->changes.count == 0 && plan->adopt.count == 0 && plan->policy.count == 0;
}

int plan_refused(const struct plan *plan, const char *what, struct err *err)
{
	char more[40] = "";

	if (plan->refused.count > 1)
		snprintf(more, sizeof(more), " (and %zu more)", plan->refused.count - 1);
	return err_set(err, ERR_LIMIT, "%s: %.*s%s", what, STR_FMT(plan->refused.items[0]),
		       more);
}

/* A key is no attribute: it goes with every request for the user. */
static bool changes_attributes(const struct plan_change *change)
{
	return change->rename.set || change->name.set || change->mobile.set ||
	       change->unit.set || change->aliases_add.count > 0 ||
	       change->aliases_remove.count > 0;
}

bool change_does(const struct plan_change *change, enum action action)
{
	const bool leaves = change->action == ACTION_DELETE || change->action == ACTION_SUSPEND;

	if (change->action == action)
		return true;
	switch (action) {
	case ACTION_GRANT:
		return change->delegates_add.count + change->reads.count > 0;
	case ACTION_REVOKE:
		return !leaves && change->delegates_remove.count > 0;
	case ACTION_UPDATE:
		return !leaves && change->action != ACTION_CREATE && changes_attributes(change);
	case ACTION_DELETE:
	case ACTION_SUSPEND:
	case ACTION_REACTIVATE:
	case ACTION_CREATE:
		break;
	}
	return false;
}

void plan_who(const struct account *account, struct buf *out)
{
	if (account->name)
		buf_add(out, sym_str(account->name));
	if (!account->unit)
		return;
	buf_puts(out, account->name ? ", " : "no name, ");
	buf_add(out, sym_str(account->unit));
}

/* --- lists in the arena ------------------------------------------------------------------- */

/* Room for one more; what is outgrown stays behind in the arena, unless nothing came after it. */
static void *list_room(struct arena *arena, void *items, size_t count, size_t *capacity,
		       size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 2;
	void *larger;

	if (count < *capacity)
		return items;
	if (arena_extend(arena, items, *capacity * size, wanted * size)) {
		*capacity = wanted;
		return items;
	}
	larger = arena_alloc_array(arena, wanted, size);
	if (count > 0)
		memcpy(larger, items, count * size);
	*capacity = wanted;
	return larger;
}

struct str *strs_push(struct arena *arena, struct strs *list)
{
	list->items = list_room(arena, list->items, list->count, &list->capacity,
				sizeof(*list->items));
	return &list->items[list->count++];
}

void strs_add(struct arena *arena, struct strs *list, struct str text)
{
	*strs_push(arena, list) = arena_str(arena, text);
}

bool strs_has(const struct strs *list, struct str text)
{
	for (size_t i = 0; i < list->count; i++)
		if (str_eq(list->items[i], text))
			return true;
	return false;
}

struct plan_pair *pairs_add(struct arena *arena, struct plan_pairs *pairs)
{
	pairs->items = list_room(arena, pairs->items, pairs->count, &pairs->capacity,
				 sizeof(*pairs->items));
	return &pairs->items[pairs->count++];
}

struct plan_link *links_add(struct arena *arena, struct plan_change *change)
{
	/* Full at every power of two. */
	if ((change->link_count & (change->link_count - 1)) == 0) {
		size_t wanted = change->link_count ? change->link_count * 2 : 1;
		struct plan_link *larger = arena_array(arena, struct plan_link, wanted);

		if (change->link_count > 0)
			memcpy(larger, change->links, change->link_count * sizeof(*larger));
		change->links = larger;
	}
	return &change->links[change->link_count++];
}

/* --- order -------------------------------------------------------------------------------- */

typedef int comparison(const void *, const void *);

/*
 * Sorts what is not sorted yet. Plans are read far more often than they are made, and then
 * everything is in order already. With `unique`, of equal items the first stays.
 */
static void sort_list(void *items, size_t *count, size_t size, comparison *compare, bool unique)
{
	unsigned char *bytes = items;
	size_t sorted = 1, kept = 1;

	if (*count < 2)
		return;
	while (sorted < *count &&
	       compare(bytes + (sorted - 1) * size, bytes + sorted * size) < (unique ? 0 : 1))
		sorted++;
	if (sorted == *count)
		return;
	qsort(items, *count, size, compare);
	if (!unique)
		return;
	for (size_t i = 1; i < *count; i++) {
		if (compare(bytes + (kept - 1) * size, bytes + i * size) == 0)
			continue;
		if (kept != i)
			memcpy(bytes + kept * size, bytes + i * size, size);
		kept++;
	}
	*count = kept;
}

static int str_order(const void *a, const void *b)
{
	const struct str *x = a, *y = b;

	return str_cmp(*x, *y);
}

static int pair_order(const void *a, const void *b)
{
	const struct plan_pair *x = a, *y = b;

	return str_cmp(x->address, y->address);
}

static int link_order(const void *a, const void *b)
{
	const struct plan_link *x = a, *y = b;

	return str_cmp(x->source, y->source);
}

static int change_order(const void *a, const void *b)
{
	const struct plan_change *x = a, *y = b;

	if (x->action != y->action)
		return x->action < y->action ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return str_cmp(x->address, y->address);
}

static int adopt_order(const void *a, const void *b)
{
	const struct plan_adopt *x = a, *y = b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = str_cmp(x->address, y->address);
	return order ? order : str_cmp(x->source, y->source);
}

static int manual_order(const void *a, const void *b)
{
	const struct plan_manual *x = a, *y = b;
	int order = str_cmp(x->account, y->account);

	if (order == 0)
		order = str_cmp(x->problem, y->problem);
	return order ? order : str_cmp(x->todo, y->todo);
}

static int held_order(const void *a, const void *b)
{
	const struct plan_held *x = a, *y = b;
	int order = str_cmp(x->account, y->account);

	if (order == 0)
		order = str_cmp(x->source, y->source);
	return order ? order : str_cmp(x->problem, y->problem);
}

static int policy_order(const void *a, const void *b)
{
	const struct plan_policy *x = a, *y = b;
	int order = str_cmp(x->what, y->what);

	if (order == 0)
		order = str_cmp(x->from, y->from);
	return order ? order : str_cmp(x->to, y->to);
}

#define SORT(list, compare, unique) \
	sort_list((list)->items, &(list)->count, sizeof(*(list)->items), compare, unique)

void strs_sort(struct strs *list)
{
	SORT(list, str_order, true);
}

bool strs_has_sorted(const struct strs *list, struct str text)
{
	return list->count > 0 && bsearch(&text, list->items, list->count, sizeof(*list->items),
					  str_order) != NULL;
}

void plan_sort(struct plan *plan)
{
	struct plan_options *options = &plan->options;
	struct strs *const sets[] = {&plan->config_changed, &options->allow,
				     &options->exclude,     &options->include,
				     &options->only,        &options->same_person};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		SORT(sets[i], str_order, true);
	for (size_t i = 0; i < plan->changes.count; i++) {
		struct plan_change *change = &plan->changes.items[i];

		SORT(&change->loses, str_order, true);
		SORT(&change->reads, str_order, true);
		SORT(&change->aliases_add, str_order, true);
		SORT(&change->aliases_remove, str_order, true);
		SORT(&change->delegates_add, pair_order, true);
		SORT(&change->delegates_remove, pair_order, true);
		sort_list(change->links, &change->link_count, sizeof(*change->links),
			  link_order, true);
	}
	SORT(&plan->changes, change_order, false);
	SORT(&plan->manual, manual_order, true);
	SORT(&plan->held, held_order, true);
	SORT(&plan->adopt, adopt_order, true);
	SORT(&plan->policy, policy_order, true);
}

/* --- counts ------------------------------------------------------------------------------- */

struct plan_tally plan_count(const struct plan *plan)
{
	struct plan_tally tally = {.granted = 0};

	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		tally.of[change->action]++;
		/* Who may read a new account, or no more a suspended one, is part of the account. */
		if (change->action == ACTION_CREATE || change->action == ACTION_SUSPEND)
			continue;
		tally.granted += change->delegates_add.count + change->reads.count;
		tally.removed += change->delegates_remove.count;
	}
	return tally;
}

/* "2 suspended", with ", " before all but the first. */
static void add_count(struct buf *out, bool *first, uint64_t count, const char *words)
{
	if (count == 0)
		return;
	buf_addf(out, "%s%" PRIu64 " %s", *first ? "" : ", ", count, words);
	*first = false;
}

void plan_summary_changes(const struct plan *plan, struct buf *out)
{
	const struct plan_tally tally = plan_count(plan);
	bool first = true;

	add_count(out, &first, tally.of[ACTION_DELETE], "deleted");
	add_count(out, &first, tally.of[ACTION_SUSPEND], "suspended");
	add_count(out, &first, tally.granted, "access granted");
	add_count(out, &first, tally.removed, tally.granted ? "removed" : "access removed");
	add_count(out, &first, tally.of[ACTION_REACTIVATE], "reactivated");
	add_count(out, &first, tally.of[ACTION_UPDATE], "updated");
	add_count(out, &first, tally.of[ACTION_CREATE], "created");
	add_count(out, &first, plan->adopt.count, "adopted");
	add_count(out, &first, plan->policy.count,
		  plan->policy.count == 1 ? "policy change" : "policy changes");
	if (first)
		buf_puts(out, "no changes");
}

void plan_summary(const struct plan *plan, struct buf *out)
{
	plan_summary_changes(plan, out);
	if (plan->manual.count > 0)
		buf_addf(out, "; %zu %s a person", plan->manual.count,
			 plan->manual.count == 1 ? "needs" : "need");
	if (plan->held.count > 0)
		buf_addf(out, "; %zu held", plan->held.count);
	if (plan->counts.unchanged > 0)
		buf_addf(out, "; %" PRIu64 " unchanged", plan->counts.unchanged);
}
