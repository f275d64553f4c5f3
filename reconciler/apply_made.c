/*
 * Step 1, what the plan says it was made from: the configuration's changes and the sources' numbers,
 * computed again from the record at its base.
 */
#include "apply_internal.h"

static const char *base_of(const struct plan *plan, struct arena *arena)
{
	return plan->base.len ? arena_str(arena, plan->base).ptr : NULL;
}

static int check_changed(const struct config *config, struct state *state,
			 const struct plan *plan, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(buf_release) struct buf before = BUF_INIT;
	const char *base = base_of(plan, &arena);
	struct str *paths = NULL;
	struct strs changed = {NULL, 0, 0};
	size_t count = 0;
	bool found = false, same;

	if (base && state_file(state, base, STATE_CONFIG, &before, &found, err) < 0)
		return -1;
	if (found)
		config_changes(&arena, buf_str(&before), config->canonical, &paths, &count);
	for (size_t i = 0; i < count; i++) {
		if (!strs_has(&changed, paths[i]))
			strs_add(&arena, &changed, paths[i]);
	}
	same = changed.count == plan->config_changed.count;
	for (size_t i = 0; same && i < changed.count; i++)
		same = strs_has(&plan->config_changed, changed.items[i]);
	if (same)
		return 0;
	return err_set(err, ERR_PERSON,
		       "the plan does not say what changed in the configuration since the last "
		       "run (%s%.*s): it was not made by this zsctl, plan again",
		       changed.count ? "it is at least " : "nothing did",
		       STR_FMT(changed.count ? changed.items[0] : STR_NONE));
}

static const struct recorded_source *recorded_source(const struct recorded *recorded,
						     struct str name)
{
	for (size_t i = 0; i < recorded->source_count; i++)
		if (str_eq(sym_str(recorded->sources[i].name), name))
			return &recorded->sources[i];
	return NULL;
}

static bool same_source(const struct plan_source *says, struct str name,
			const struct recorded_source *last)
{
	if (!str_eq(says->name, name) || says->known != (last != NULL))
		return false;
	return !last || (says->before == last->users + last->functional &&
			 says->before_delegations == last->delegations);
}

/* A source that a plan leaves out would not be held against the last run. */
static int check_sources(const struct config *config, struct state *state,
			 const struct plan *plan, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(sym_pool_release) struct sym_pool names = SYM_POOL_INIT;
	CLEANUP(recorded_release) struct recorded recorded;
	const char *base = base_of(plan, &arena);
	const bool may_lack = plan->options.policy_only || plan->options.undo.len;
	bool same = plan->sources.count == config->source_count;

	recorded_init(&recorded);
	/* These are made without the sources, or although they cannot be read. */
	if (may_lack && !plan->sources.count)
		return 0;
	if (base && state_sources_at(state, base, &names, &recorded, err) < 0)
		return -1;
	for (size_t i = 0; same && i < plan->sources.count; i++)
		same = same_source(&plan->sources.items[i], config->sources[i].name,
				   recorded_source(&recorded, config->sources[i].name));
	if (same)
		return 0;
	return err_set(err, ERR_PERSON,
		       "the plan's sources are not those of the configuration with what the "
		       "last run counted: it was not made by this zsctl, plan again");
}

int verify_made(const struct config *config, struct state *state, const struct plan *plan,
		struct err *err)
{
	if (check_changed(config, state, plan, err) < 0)
		return -1;
	return check_sources(config, state, plan, err);
}
