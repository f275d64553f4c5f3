/*
 * Whom a long plan concerns: by name where they are few, in numbers where they are many. Without it
 * the one who is suspended drowns among those who are created.
 */
#include "show_view.h"

enum { LONG_PLAN = 8, NAMED = 5 };

static void row(const struct view *v, enum tone tone, const char *what)
{
	buf_puts(v->out, "  ");
	view_tone(v, tone);
	buf_addf(v->out, "%-12s", what);
	view_tone(v, TONE_NONE);
	buf_char(v->out, ' ');
}

static void show_accounts(const struct view *v, enum tone tone, const char *what,
			  bool (*concerns)(const struct plan_change *change))
{
	const struct plan *plan = v->plan;
	uint64_t of[KIND_COUNT] = {0};
	const struct plan_change *named[NAMED];
	size_t count = 0;

	for (size_t i = 0; i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		if (!concerns(change))
			continue;
		of[change->kind]++;
		if (count < NAMED)
			named[count] = change;
		count++;
	}
	if (count == 0)
		return;
	row(v, tone, what);
	for (size_t i = 0; i < count && count <= NAMED; i++) {
		buf_puts(v->out, i ? ", " : "");
		view_text(v, named[i]->address);
	}
	if (count > NAMED)
		view_accounts(v, of[KIND_USER], of[KIND_FUNCTIONAL]);
	buf_char(v->out, '\n');
}

/* --- access ------------------------------------------------------------------------------- */

/* (reader, account) pairs. */
struct access {
	struct sym_pool readers, accounts;
	struct {
		struct str reader, account;
	} named[NAMED];
	size_t count;
};

static void add_pair(struct access *access, struct str reader, struct str account)
{
	sym_get(&access->readers, reader);
	sym_get(&access->accounts, account);
	if (access->count < NAMED) {
		access->named[access->count].reader = reader;
		access->named[access->count].account = account;
	}
	access->count++;
}

static void show_access(const struct view *v, enum tone tone, const char *what,
			struct access *access)
{
	if (access->count > 0)
		row(v, tone, what);
	for (size_t i = 0; i < access->count && access->count <= NAMED; i++) {
		buf_puts(v->out, i ? ", " : "");
		view_text(v, access->named[i].reader);
		buf_puts(v->out, " for ");
		view_text(v, access->named[i].account);
	}
	if (access->count > NAMED) {
		view_count(v, access->readers.count, "user", "users");
		buf_puts(v->out, " for ");
		view_count(v, access->accounts.count, "account", "accounts");
	}
	if (access->count > 0)
		buf_char(v->out, '\n');
	sym_pool_release(&access->readers);
	sym_pool_release(&access->accounts);
}

/* A new account has no mail yet, and a suspended one loses its readers by that. */
static bool is_about_access(const struct plan_change *change)
{
	return change->action != ACTION_CREATE && change->action != ACTION_SUSPEND &&
	       change->action != ACTION_DELETE;
}

static void show_given(const struct view *v)
{
	struct access access = {.readers = SYM_POOL_INIT, .accounts = SYM_POOL_INIT};

	for (size_t i = 0; i < v->plan->changes.count; i++) {
		const struct plan_change *change = &v->plan->changes.items[i];

		if (!is_about_access(change))
			continue;
		for (size_t j = 0; j < change->delegates_add.count; j++)
			add_pair(&access, change->delegates_add.items[j].address,
				 change->address);
		for (size_t j = 0; j < change->reads.count; j++)
			add_pair(&access, change->address, change->reads.items[j]);
	}
	show_access(v, TONE_GIVES, "access given", &access);
}

static void show_taken(const struct view *v)
{
	struct access access = {.readers = SYM_POOL_INIT, .accounts = SYM_POOL_INIT};

	for (size_t i = 0; i < v->plan->changes.count; i++) {
		const struct plan_change *change = &v->plan->changes.items[i];

		if (!is_about_access(change))
			continue;
		for (size_t j = 0; j < change->delegates_remove.count; j++)
			add_pair(&access, change->delegates_remove.items[j].address,
				 change->address);
	}
	show_access(v, TONE_TAKES, "access taken", &access);
}

/* --- all of it ---------------------------------------------------------------------------- */

static bool deletes(const struct plan_change *change)
{
	return change->action == ACTION_DELETE;
}

static bool suspends(const struct plan_change *change)
{
	return change->action == ACTION_SUSPEND;
}

static bool reactivates(const struct plan_change *change)
{
	return change->action == ACTION_REACTIVATE;
}

static bool updates(const struct plan_change *change)
{
	return change_does(change, ACTION_UPDATE);
}

static bool creates(const struct plan_change *change)
{
	return change->action == ACTION_CREATE;
}

void view_summary(const struct view *v)
{
	if (v->plan->changes.count <= LONG_PLAN)
		return;
	buf_char(v->out, '\n');
	view_toned(v, TONE_STRONG, "In short");
	buf_char(v->out, '\n');
	show_accounts(v, TONE_TAKES, "deleted", deletes);
	show_accounts(v, TONE_TAKES, "suspended", suspends);
	show_taken(v);
	show_given(v);
	show_accounts(v, TONE_GIVES, "reactivated", reactivates);
	show_accounts(v, TONE_CHANGES, "updated", updates);
	show_accounts(v, TONE_GIVES, "created", creates);
}
