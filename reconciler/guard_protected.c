/*
 * What no plan may touch, whoever wrote it: protected accounts, those out of scope, what `actions:`
 * forbids, and deletes that nobody asked for.
 */
#include "pipeline.h"

bool guard_protects(const struct config *config, struct str address)
{
	return patterns_match(&config->target.protect, address);
}

/* By address; a unit is only known to the target, and apply looks there. */
static bool out_of_scope(const struct config_scope *scope, struct str address)
{
	if (patterns_match(&scope->exclude, address))
		return true;
	return scope->include.count > 0 && scope->include_units.count == 0 &&
	       !patterns_match(&scope->include, address);
}

/* `entry` is the address that the entry goes by, `address` one that it is about. */
static int check_address(const struct config *config, const char *action,
			 enum account_kind kind, struct str entry, struct str address,
			 struct err *err)
{
	if (guard_protects(config, address))
		return err_set(err, ERR_PERSON,
			       "%s %s %.*s: target.protect says that %.*s is never changed",
			       action, kind_names[kind], STR_FMT(entry), STR_FMT(address));
	if (out_of_scope(&config->target.scope, address))
		return err_set(err, ERR_PERSON, "%s %s %.*s: %.*s is outside target.scope",
			       action, kind_names[kind], STR_FMT(entry), STR_FMT(address));
	return 0;
}

/* What `actions:` never lets a plan do; who undoes a run asks for it himself. */
static int check_action(const struct config *config, const struct plan *plan,
			const struct plan_change *change, struct err *err)
{
	const struct config_actions *actions = &config->actions[change->kind];
	bool forbidden = false;

	switch (change->action) {
	case ACTION_DELETE:
		break;
	case ACTION_SUSPEND:
		forbidden = actions->suspend == SUSPEND_NEVER;
		break;
	case ACTION_REACTIVATE:
		forbidden = actions->reactivate == SUSPEND_NEVER;
		break;
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_UPDATE:
		forbidden = !actions->update;
		break;
	case ACTION_CREATE:
		forbidden = !actions->create;
		break;
	}
	if (!forbidden || plan->options.undo.len)
		return 0;
	return err_set(err, ERR_PERSON,
		       "%s %s %.*s: the configuration's actions do not let plans do that",
		       action_names[change->action], kind_names[change->kind],
		       STR_FMT(change->address));
}

static int check_delete(const struct config *config, const struct plan *plan,
			const struct plan_change *change, struct err *err)
{
	if (plan->options.delete_.len == 0)
		return err_set(err, ERR_PERSON,
			       "delete %s %.*s: nobody asked for deletes with --delete",
			       kind_names[change->kind], STR_FMT(change->address));
	if (config->target.protect.count == 0)
		return err_set(err, ERR_PERSON,
			       "delete %s %.*s: target.protect is empty, and nothing is "
			       "deleted without it",
			       kind_names[change->kind], STR_FMT(change->address));
	return 0;
}

int guard_protected(const struct config *config, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		const char *action = action_names[change->action];

		if (check_action(config, plan, change, err) != 0 ||
		    check_address(config, action, change->kind, change->address,
				  change->address, err) != 0 ||
		    (change->rename.set &&
		     check_address(config, action, change->kind, change->address,
				   change->rename.to, err) != 0))
			return -1;
		if (change->action == ACTION_DELETE &&
		    check_delete(config, plan, change, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		if (check_address(config, "adopt", adopt->kind, adopt->address, adopt->address,
				  err) != 0)
			return -1;
	}
	return 0;
}
