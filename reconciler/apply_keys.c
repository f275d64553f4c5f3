/*
 * Account keys. A plan holds fingerprints only, so the sources are read again for the keys
 * themselves, and each must be the one that was planned and approved.
 */
#include "apply_internal.h"

#include "fingerprint.h"

static bool sends_keys(const struct plan *plan)
{
	for (size_t i = 0; i < plan->changes.count; i++) {
		if (str_starts(plan->changes.items[i].key, "hmac:"))
			return true;
	}
	return false;
}

static int desired_cmp(const void *a, const void *b)
{
	const struct desired_account *x = a, *y = b;

	return account_cmp(&x->account, &y->account);
}

static const struct desired_account *find(const struct desired *desired, enum account_kind kind,
					  const struct sym *address)
{
	struct desired_account key = {.account = {.kind = (uint8_t)kind, .address = address}};

	return desired->count ? bsearch(&key, desired->items, desired->count,
					sizeof(*desired->items), desired_cmp)
			      : NULL;
}

/* Entries by the fingerprints of their keys; made when the first one is looked for. */
struct by_key {
	struct desired *desired;
	struct sym_table entries; /* by symbol number of the fingerprint: index + 1 */
	bool made;
};

/*
 * A suspended account keeps its address, also when its entry has another one now, and that of the
 * account may be somebody else's by then: the key that was planned tells which entry it is.
 */
static const struct desired_account *find_by_key(struct apply_run *run, struct by_key *by_key,
						 struct str fingerprint)
{
	const struct desired *desired = by_key->desired;
	struct err unreadable = ERR_INIT; /* then it is not found, which says enough */
	uint32_t found;

	if (!by_key->made && !desired_keys(by_key->desired, secret_str(&run->fingerprint_key),
					   &run->names, &unreadable)) {
		for (size_t i = 0; i < desired->count; i++)
			if (desired->items[i].key)
				sym_table_put(&by_key->entries, desired->items[i].fingerprint,
					      (uint32_t)i + 1);
	}
	by_key->made = true;
	found = sym_table_get(&by_key->entries, sym_get(&run->names, fingerprint));
	return found ? &desired->items[found - 1] : NULL;
}

static int load_wanted(struct apply_run *run, const struct desired_account *wanted,
		       struct task *task, struct err *err)
{
	char fingerprint[HMAC_TEXT_SIZE];

	if (!wanted || !wanted->key)
		return err_set(err, ERR_STALE,
			       "the sources have no account key for %s any more: plan again",
			       task->goal->text);
	secret_release(&task->key);
	if (secret_load(wanted->key, &task->key, err) < 0)
		return err_prefix(err, "the account key of %s", task->goal->text);
	hmac_text(secret_str(&run->fingerprint_key), secret_str(&task->key), fingerprint);
	if (!str_is(task->change->key, fingerprint))
		return err_set(
			err, ERR_STALE,
			"the account key of %s is not the one that was planned: plan again",
			task->goal->text);
	return 0;
}

static int load_key(struct apply_run *run, struct by_key *by_key, struct task *task,
		    struct err *err)
{
	const struct plan_change *change = task->change;
	const struct desired_account *other;
	struct err at_address = ERR_INIT;

	if (!load_wanted(run, find(by_key->desired, change->kind, task->goal), task,
			 &at_address))
		return 0;
	other = change->action == ACTION_SUSPEND ? find_by_key(run, by_key, change->key) : NULL;
	if (other)
		return load_wanted(run, other, task, err);
	*err = at_address;
	return -1;
}

static void by_key_release(struct by_key *by_key)
{
	sym_table_release(&by_key->entries);
}

static int load_keys(struct apply_run *run, struct desired *desired, struct err *err)
{
	CLEANUP(by_key_release) struct by_key by_key = {.desired = desired};

	for (size_t i = 0; i < run->plan->changes.count; i++) {
		struct task *task = &run->tasks[i];

		if (str_starts(task->change->key, "hmac:") &&
		    load_key(run, &by_key, task, err) < 0)
			return -1;
	}
	return 0;
}

/* The first finding goes into the message; `zsctl validate` shows all of them. */
static void explain(const struct diags *diags, struct err *err)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];

		if (diag->warning)
			continue;
		err_prefix(err, "%.*s:%u: %.*s (`zsctl validate` shows all findings)",
			   STR_FMT(diag->file), diag->line, STR_FMT(diag->message));
		return;
	}
}

int keys_load(struct apply_run *run, struct err *err)
{
	struct entries entries = ENTRIES_INIT;
	struct desired desired = DESIRED_INIT;
	struct diags diags = DIAGS_INIT;
	const struct source_input input = {
		.names = &run->names, .today = date_of(run->input->now), .keys_only = true};
	bool renew = str_is(run->plan->options.refresh_keys, "*");
	int failed;

	if (!sends_keys(run->plan))
		return 0;
	if (fingerprint_key_load(run->config, run->state, renew, &run->fingerprint_key, err) <
	    0)
		return -1;
	failed = read_entries(run->config, &input, NULL, &entries, &diags, err);
	if (failed) {
		explain(&diags, err);
	} else {
		desired_merge(run->config, &entries, &run->names, &desired);
		failed = load_keys(run, &desired, err);
	}
	if (failed && run->continuing)
		err_prefix(err, "the open run cannot go on (or end it with --close)");
	diags_release(&diags);
	desired_release(&desired);
	entries_release(&entries);
	return failed;
}
