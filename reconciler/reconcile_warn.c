/*
 * What nobody has to decide, and somebody should know: options that do nothing, accounts that look
 * alike, delegates who are left out.
 */
#include "reconcile.h"

#include "address.h"

void warn(struct world *w, struct str text)
{
	strs_add(&w->arena, &w->warnings, text);
}

/* --- look-alikes ---------------------------------------------------------------------------- */

static void warn_look_alike(struct world *w, uint32_t created, uint32_t other)
{
	const struct sym *address = subject_address_after(w, created);

	if (created == other || address == subject_address_after(w, other))
		return;
	warn(w, arena_strf(&w->arena, "%s %s looks like %s %s: they are different accounts",
			   kind_names[subject_kind(w, created)], address->text,
			   kind_names[subject_kind(w, other)],
			   subject_address_after(w, other)->text));
}

static bool is_new_address(const struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);

	return current ? is_live(w, s) && subject_address_after(w, s) != current->address
		       : w->subjects[s].ruling == RULING_CREATE;
}

/* New addresses that look like one another or like one that is there. */
static void warn_look_alikes(struct world *w)
{
	struct sym_pool skeletons = SYM_POOL_INIT;
	struct arena scratch = ARENA_INIT;
	struct {
		uint32_t *items;
		size_t count, capacity;
	} news = {NULL, 0, 0};

	for (uint32_t s = 0; s < w->count; s++) {
		const struct sym *skeleton;

		if (!is_new_address(w, s))
			continue;
		skeleton = sym_get(&skeletons,
				   address_skeleton(&scratch,
						    sym_str(subject_address_after(w, s))));
		arena_reset(&scratch);
		if (skeleton->number < news.count)
			warn_look_alike(w, s, news.items[skeleton->number]);
		else
			*vec_push(&news) = s;
	}
	for (uint32_t s = 0; news.count > 0 && s < w->current_count; s++) {
		const struct sym *skeleton = sym_find(
			&skeletons, address_skeleton(&scratch, sym_str(subject_address(w, s))));

		if (skeleton && !is_new_address(w, s))
			warn_look_alike(w, news.items[skeleton->number], s);
		arena_reset(&scratch);
	}
	free(news.items);
	arena_release(&scratch);
	sym_pool_release(&skeletons);
}

/* --- options -------------------------------------------------------------------------------- */

/* A confirmation that confirms nothing is a slip of the pen, or comes too late. */
static void warn_unused_confirmations(struct world *w)
{
	const struct strs *addresses = &w->in->options->same_person;

	for (size_t i = 0; i < addresses->count; i++) {
		bool used = false;

		for (size_t d = 0; d < w->in->desired->count && !used; d++) {
			const struct sym *address = w->in->desired->items[d].account.address;

			used = address && w->identity[d].confirmed &&
			       str_eq(sym_str(address), addresses->items[i]);
		}
		if (!used)
			warn(w,
			     arena_strf(
				     &w->arena,
				     "--same-person %.*s decided nothing: no entry of that address waits for it, or more than one account could be meant",
				     STR_FMT(addresses->items[i])));
	}
}

static bool has_address_like(const struct world *w, struct str pattern)
{
	for (uint32_t s = 0; s < w->count; s++) {
		const struct account *current = current_at(w, s);
		const struct desired_account *desired = desired_at(w, s);

		if ((current && pattern_match(pattern, sym_str(current->address))) ||
		    (desired && desired->account.address &&
		     pattern_match(pattern, sym_str(desired->account.address))))
			return true;
	}
	return false;
}

/* A pattern that is nobody's is a slip of the pen. */
static void warn_unused_pattern(struct world *w, const char *option, struct str pattern)
{
	if (!has_address_like(w, pattern))
		warn(w, arena_strf(&w->arena,
				   "--%s %.*s decides nothing: no account has such an address, "
				   "and no entry of a source",
				   option, STR_FMT(pattern)));
}

static bool refreshes(const struct world *w)
{
	const struct str pattern = w->in->options->refresh_keys;

	for (size_t i = 0; i < w->plan->changes.count; i++) {
		const struct plan_change *change = &w->plan->changes.items[i];

		if (str_starts(change->key, "hmac:") &&
		    (pattern_match(pattern, change->address) ||
		     (change->rename.set && pattern_match(pattern, change->rename.to))))
			return true;
	}
	return false;
}

static void warn_unused_patterns(struct world *w)
{
	const struct plan_options *options = w->in->options;

	for (size_t i = 0; i < options->include.count; i++)
		warn_unused_pattern(w, "include", options->include.items[i]);
	for (size_t i = 0; i < options->exclude.count; i++)
		warn_unused_pattern(w, "exclude", options->exclude.items[i]);
	if (!options->refresh_keys.len || refreshes(w))
		return;
	if (str_is(options->refresh_keys, "*"))
		warn(w,
		     STR("--refresh-keys sends nothing: no account that this plan may change "
			 "is active and has a key in a source"));
	else
		warn(w,
		     arena_strf(&w->arena,
				"--refresh-keys=%.*s sends nothing: no account of such an "
				"address that this plan may change is active and has a key in "
				"a source",
				STR_FMT(options->refresh_keys)));
}

/* --- delegates ------------------------------------------------------------------------------ */

/* Whoever is to be let in must be there, and what narrows the plan may keep that from happening. */
static void warn_narrowed_delegates(struct world *w, uint32_t s)
{
	const struct subject *subject = &w->subjects[s];

	for (uint32_t i = 0; i < subject->delegate_count; i++) {
		const struct wanted_delegate *wanted =
			&w->delegates.items[subject->first_delegate + i];
		const uint32_t user = wanted->subject;

		if (w->subjects[user].ruling != RULING_LEFT_OUT ||
		    w->subjects[user].want != WANT_ACTIVE || will_be_active(w, user))
			continue;
		warn(w, arena_strf(&w->arena,
				   "%s %s: delegate %s (%.*s) is left out: the account is not "
				   "active, and %s leaves out the change that would make it so",
				   kind_names[subject_kind(w, s)],
				   subject_address_after(w, s)->text,
				   subject_address_after(w, user)->text,
				   STR_FMT(w->config->sources[wanted->source].name),
				   left_out_by(w, user)));
	}
}

static bool listens(const struct world *w, uint32_t s)
{
	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_SAME:
	case RULING_CREATE:
	case RULING_REACTIVATE:
	case RULING_SUSPEND:
	case RULING_NOTHING:
	case RULING_INACTIVE:
		return true;
	case RULING_KEPT:
	case RULING_DELETE:
	case RULING_UNMANAGED:
	case RULING_LEFT_OUT:
	case RULING_PROTECTED:
	case RULING_HELD:
	case RULING_MANUAL:
		break;
	}
	return false;
}

static void warn_narrowed(struct world *w)
{
	const struct plan_options *options = w->in->options;

	if (!options->include.count && !options->exclude.count && !options->only.count)
		return;
	for (uint32_t s = 0; s < w->count; s++)
		if (w->subjects[s].delegate_count && listens(w, s))
			warn_narrowed_delegates(w, s);
}

/* --- the target ----------------------------------------------------------------------------- */

static void warn_keys(struct world *w)
{
	if (w->config->target.sign_in != SIGN_IN_PASSWORD)
		return;
	for (size_t i = 0; i < w->in->desired->count; i++) {
		if (!w->in->desired->items[i].key)
			continue;
		warn(w,
		     arena_strf(
			     &w->arena,
			     "target.sign_in is password: the sources' account keys (sso_key) are not sent"));
		return;
	}
}

static void warn_recreated(struct world *w, uint32_t s)
{
	const uint32_t d = w->subjects[s].desired;

	if (d == NOBODY || !w->identity[d].recreated || !current_at(w, s) ||
	    w->subjects[s].ruling == RULING_LEFT_OUT)
		return;
	warn(w,
	     arena_strf(&w->arena,
			"%s %s: the account that was recorded is gone from the target; another "
			"one stands at its address, made outside zsctl",
			kind_names[subject_kind(w, s)], subject_address(w, s)->text));
}

static int warning_cmp(const void *a, const void *b)
{
	const struct str *x = a, *y = b;

	return str_cmp(*x, *y);
}

void emit_warnings(struct world *w)
{
	for (uint32_t s = 0; s < w->current_count; s++)
		warn_recreated(w, s);
	warn_look_alikes(w);
	warn_keys(w);
	warn_unused_confirmations(w);
	warn_unused_patterns(w);
	warn_narrowed(w);
	if (w->warnings.count > 0)
		qsort(w->warnings.items, w->warnings.count, sizeof(*w->warnings.items),
		      warning_cmp);
	for (size_t i = 0; i < w->warnings.count; i++)
		if (i == 0 || !str_eq(w->warnings.items[i - 1], w->warnings.items[i]))
			strs_add(&w->plan->arena, &w->plan->warnings, w->warnings.items[i]);
}
