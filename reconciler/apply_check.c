/*
 * Step 2: what an entry says of the accounts it is about, held against those accounts. `expect` is a
 * digest, which no reviewer can read: without this a plan could show one person and change another.
 */
#include "apply_internal.h"

static bool untrue(struct apply_run *run, struct task *task, const char *what, struct str says,
		   struct str is)
{
	task_decide(run, task, CHANGE_STALE);
	task_note(run, task, "%s is %s%.*s%s, and the plan says %s%.*s%s", what,
		  is.len ? "'" : "", STR_FMT(is.len ? is : STR("none")), is.len ? "'" : "",
		  says.len ? "'" : "", STR_FMT(says.len ? says : STR("none")),
		  says.len ? "'" : "");
	task->result->advice = STR("plan again");
	return true;
}

/* Before ';' the plan writes ',' in names of delegates. */
static bool is_called(struct str who, struct str name)
{
	for (size_t i = 0; i < who.len && who.len == name.len; i++) {
		if (who.ptr[i] != (name.ptr[i] == ';' ? ',' : name.ptr[i]))
			return false;
	}
	return who.len == name.len;
}

/* The name of somebody whom the plan lets in: as it is now, or as this plan creates the account. */
static bool name_of(struct apply_run *run, const struct plan_pair *pair, struct str *name)
{
	const struct sym *person = person_added(run, pair);
	const struct account *account = person ? person_now(run, person) : NULL;
	const struct task *task = task_of(run, &run->by_goal,
					  sym_get(&run->names, pair->address));

	if (account)
		*name = sym_str(account->name);
	else if (task && task->change->action == ACTION_CREATE)
		*name = task->change->name.to;
	else
		return false;
	return true;
}

static bool delegates_untrue(struct apply_run *run, struct task *task)
{
	const struct plan_change *change = task->change;

	/* A create lists its delegates by address only. */
	for (size_t i = 0; i < change->delegates_add.count; i++) {
		const struct plan_pair *pair = &change->delegates_add.items[i];
		struct str name;

		if (change->action == ACTION_CREATE || !name_of(run, pair, &name) ||
		    is_called(pair->who, name))
			continue;
		return untrue(
			run, task,
			arena_strf(&run->look, "the name of %.*s", STR_FMT(pair->address)).ptr,
			pair->who, name);
	}
	return false;
}

bool entry_untrue(struct apply_run *run, struct task *task)
{
	const struct plan_change *change = task->change;
	const struct account *now = &task->now;
	const struct {
		const char *name;
		const struct plan_scalar *says;
		const struct sym *is;
	} scalars[] = {
		{"the name", &change->name, now->name},
		{"the mobile number", &change->mobile, now->mobile},
		{"the unit", &change->unit, now->unit},
	};
	CLEANUP(buf_release) struct buf who = BUF_INIT;

	if (change->action == ACTION_CREATE)
		return false;
	plan_who(now, &who);
	if (!str_eq(change->who, buf_str(&who)))
		return untrue(run, task, "the account", change->who, buf_str(&who));
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		const struct plan_scalar *says = scalars[i].says;
		struct str is = sym_str(scalars[i].is);

		if (says->set && !str_eq(plan_value(says->from), plan_value(is)))
			return untrue(run, task, scalars[i].name, plan_value(says->from), is);
	}
	return delegates_untrue(run, task);
}

/* --- source ids ----------------------------------------------------------------------------- */

/* The account that has this id by the record and is still in the target; NULL: it is free. */
static const struct recorded_account *holder(const struct apply_run *run,
					     const struct sym_table *by_digest,
					     struct str digest)
{
	uint32_t at = sym_table_get(by_digest, sym_find(&run->names, digest));

	return at ? &run->recorded.items[at - 1] : NULL;
}

static bool has_link(const struct apply_run *run, struct str id, struct str digest)
{
	uint32_t at = sym_table_get(&run->recorded_at, sym_find(&run->names, id));
	const struct recorded_account *account = at ? &run->recorded.items[at - 1] : NULL;

	for (uint32_t l = 0; account && l < account->link_count; l++) {
		if (str_eq(sym_str(account->links[l].digest), digest))
			return true;
	}
	return false;
}

static int check_link(const struct apply_run *run, const struct sym_table *by_digest,
		      enum account_kind kind, struct str address, struct str id,
		      struct str digest, struct err *err)
{
	const struct recorded_account *other;

	if (!digest.len)
		return 0;
	other = holder(run, by_digest, digest);
	if (!other || has_link(run, id, digest))
		return 0;
	return err_set(
		err, ERR_PERSON,
		"the plan gives %s %.*s the source id that is recorded for %s %s, which "
		"is another account: that one came back meanwhile, or the plan was not made by "
		"this zsctl; plan again",
		kind_names[kind], STR_FMT(address), kind_names[other->account.kind],
		other->account.address->text);
}

/* --same-person names the address that the account has or is to have. */
static bool confirmed(const struct plan *plan, struct str address, struct str goal)
{
	return strs_has(&plan->options.same_person, address) ||
	       (goal.len && strs_has(&plan->options.same_person, goal));
}

static int check_links(const struct apply_run *run, const struct sym_table *by_digest,
		       struct err *err)
{
	const struct plan *plan = run->plan;

	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		if (run->tasks[i].decided ||
		    confirmed(plan, change->address, change->rename.to))
			continue;
		for (size_t l = 0; l < change->link_count; l++) {
			if (check_link(run, by_digest, change->kind, change->address,
				       change->id, change->links[l].digest, err) < 0)
				return -1;
		}
	}
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		if (!confirmed(plan, adopt->address, STR_NONE) &&
		    check_link(run, by_digest, adopt->kind, adopt->address, adopt->id,
			       adopt->link, err) < 0)
			return -1;
	}
	return 0;
}

int look_links(struct apply_run *run, struct err *err)
{
	struct sym_table by_digest = {NULL, 0}, hidden = {NULL, 0};
	int failed;

	for (size_t i = 0; i < run->current.hidden.count; i++)
		sym_table_put(&hidden, run->current.hidden.items[i], 1);
	for (size_t i = 0; i < run->recorded.count; i++) {
		const struct recorded_account *account = &run->recorded.items[i];
		const struct sym *id = account->account.id;

		if (!id || (!accounts_by_id(&run->index, id) && !sym_table_get(&hidden, id)))
			continue;
		for (uint32_t l = 0; l < account->link_count; l++) {
			if (account->links[l].digest)
				sym_table_put(&by_digest, account->links[l].digest,
					      (uint32_t)i + 1);
		}
	}
	sym_table_release(&hidden);
	failed = check_links(run, &by_digest, err);
	sym_table_release(&by_digest);
	return failed;
}
