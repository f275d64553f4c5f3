/*
 * The plan, from the rulings: one pass over the subjects.
 */
#include "reconcile.h"

/* --- who could read what -------------------------------------------------------------------- */

/* Accounts by a user who goes: those of user u are items[start[u]] … items[start[u + 1] - 1]. */
struct losses {
	uint32_t *start, *items;
};

static bool goes(const struct world *w, uint32_t user)
{
	return w->subjects[user].ruling == RULING_SUSPEND ||
	       w->subjects[user].ruling == RULING_DELETE;
}

static void losses_find(struct world *w, struct losses *losses)
{
	losses->start = mem_calloc((size_t)w->current_count + 2, sizeof(uint32_t));
	for (int filling = 0; filling < 2; filling++) {
		for (uint32_t s = 0; s < w->current_count; s++) {
			const struct delegates all = current_at(w, s)->delegates;

			for (uint32_t i = 0; i < all.count; i++) {
				const struct account *user =
					accounts_owner(&w->index, all.items[i].address);
				uint32_t u;

				if (!user || user->address != all.items[i].address)
					continue;
				u = (uint32_t)(user - w->in->current->items);
				if (!goes(w, u))
					continue;
				if (filling)
					losses->items[losses->start[u + 1]++] = s;
				else
					losses->start[u + 2]++;
			}
		}
		if (filling)
			break;
		for (size_t i = 2; i < (size_t)w->current_count + 2; i++)
			losses->start[i] += losses->start[i - 1];
		losses->items = mem_alloc(((size_t)losses->start[w->current_count + 1] + 1) *
					  sizeof(uint32_t));
	}
}

static void add_losses(struct world *w, uint32_t user, const struct losses *losses,
		       struct plan_change *change)
{
	for (uint32_t i = losses->start[user]; i < losses->start[user + 1]; i++)
		strs_add(&w->plan->arena, &change->loses,
			 sym_str(current_at(w, losses->items[i])->address));
}

/* --- adoption ----------------------------------------------------------------------------- */

static void adopt_link(struct world *w, uint32_t s, const struct desired_link *link)
{
	struct plan_adopt *adopt = vec_push(&w->plan->adopt);

	adopt->kind = subject_kind(w, s);
	adopt->address = sym_str(subject_address(w, s));
	adopt->id = sym_str(current_at(w, s)->id);
	adopt->source = w->config->sources[link->source].name;
	adopt->link = sym_str(link->digest);
}

/*
 * What is matched and not recorded. Of an account that stays suspended only ids: they tell whoever gets its
 * address later from its owner.
 */
static void emit_adoption(struct world *w, uint32_t s)
{
	const struct subject *subject = &w->subjects[s];
	const struct desired_account *desired = desired_at(w, s);
	const struct recorded_account *recorded = recorded_at(w, s);
	const bool active = subject->ruling != RULING_INACTIVE;
	bool any = false;

	if (subject->desired == NOBODY || !w->identity[subject->desired].adopt ||
	    !(w->only[subject_kind(w, s)] & ONLY_ADOPT))
		return;
	for (uint32_t i = 0; i < desired->link_count; i++) {
		const struct desired_link *link = &desired->links[i];

		if (!is_new_link(w, desired, s, link) || (!link->digest && !active))
			continue;
		adopt_link(w, s, link);
		any = true;
	}
	if (!any && active && desired->link_count > 0 &&
	    (!recorded || recorded->desired_since == DATE_NONE))
		adopt_link(w, s, &desired->links[0]);
}

/* --- one subject ---------------------------------------------------------------------------- */

static void emit_same(struct world *w, uint32_t s, struct difference *difference)
{
	struct subject *subject = &w->subjects[s];
	const bool kept = subject->ruling == RULING_KEPT;

	difference_find(w, s, difference);
	if (difference->attributes == 0) {
		emit_adoption(w, s);
		emit_dropped(w, s);
		w->plan->counts.unchanged += subject->dropped == NULL;
	} else if (kept) {
		emit_adoption(w, s);
		w->plan->counts.unmanaged++;
	} else if (subject->no_key) {
		subject->obstacle = OBSTACLE_KEY_GONE;
		subject->ruling = RULING_MANUAL;
		emit_manual(w, s);
	} else {
		emit_change(w, s, difference);
		emit_dropped(w, s);
	}
}

static void emit_subject(struct world *w, uint32_t s, struct difference *difference,
			 const struct losses *losses)
{
	struct plan_counts *counts = &w->plan->counts;
	struct plan_change *change;

	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_NOTHING:
		break;
	case RULING_SAME:
	case RULING_KEPT:
		emit_same(w, s, difference);
		break;
	case RULING_REACTIVATE:
	case RULING_CREATE:
		difference_find(w, s, difference);
		emit_change(w, s, difference);
		emit_dropped(w, s);
		break;
	case RULING_SUSPEND:
	case RULING_DELETE:
		change = emit_change(w, s, difference);
		if (change->kind == KIND_USER)
			add_losses(w, s, losses, change);
		break;
	case RULING_INACTIVE:
		counts->inactive++;
		emit_adoption(w, s);
		break;
	case RULING_UNMANAGED:
		counts->unmanaged += s < w->current_count;
		break;
	case RULING_LEFT_OUT:
		counts->left_out += s < w->current_count;
		break;
	case RULING_PROTECTED:
		counts->protected_ += s < w->current_count;
		break;
	case RULING_HELD:
		emit_held(w, s);
		break;
	case RULING_MANUAL:
		emit_manual(w, s);
		break;
	}
}

void emit_plan(struct world *w)
{
	struct difference difference = {.attributes = 0};
	struct losses losses = {NULL, NULL};

	losses_find(w, &losses);
	for (uint32_t s = 0; s < w->count; s++)
		emit_subject(w, s, &difference, &losses);
	emit_warnings(w);
	difference_release(&difference);
	free(losses.start);
	free(losses.items);
}
