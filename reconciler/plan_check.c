/*
 * What no spelling shows: the canonical bytes of a plan that zsctl would never make. Whoever holds
 * the approvals of such a file still must not get further with it than with one of ours.
 */
#include "plan_text.h"

#include "address.h"
#include "base/os.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(struct str text, size_t len)
{
	for (size_t i = 0; i < text.len; i++)
		if (hex_value(text.ptr[i]) < 0)
			return false;
	return text.len == len;
}

/* "20261120T101500Z-7f3c2a10": it becomes the name of a folder. */
static bool is_plan_id(struct str id)
{
	static const char shape[] = "ddddddddTddddddZ-hhhhhhhh";

	if (id.len != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (shape[i] == 'd'   ? !is_digit(id.ptr[i])
		    : shape[i] == 'h' ? hex_value(id.ptr[i]) < 0
				      : id.ptr[i] != shape[i])
			return false;
	return true;
}

static bool is_digest(struct str text, const char *scheme)
{
	size_t len = strlen(scheme);

	return str_starts(text, scheme) &&
	       is_hex((struct str){text.ptr + len, text.len - len}, 64);
}

/* Nothing that a target could have as an id is longer or not printable ASCII. */
static bool is_target_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] <= ' ' || id.ptr[i] > '~')
			return false;
	return id.len > 0 && id.len <= 256;
}

/* What checking one entry after the other needs. */
struct checking {
	struct sym_pool seen;
	struct buf text;
	struct arena scratch;
};

/*
 * In the compared form, as every address is that zsctl reads: another spelling of an address would
 * pass for another one.
 */
static bool is_address(struct checking *checking, struct str address)
{
	struct err ignored = ERR_INIT;
	struct str normal;

	arena_reset(&checking->scratch);
	return address.len > 0 && address.len <= PLAN_KEY_MAX &&
	       address_normalize(&checking->scratch, address, &normal, &ignored) == 0 &&
	       str_eq(normal, address);
}

static bool are_addresses(struct checking *checking, const struct strs *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!is_address(checking, list->items[i]))
			return false;
	return true;
}

static bool are_delegates(struct checking *checking, const struct plan_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (!is_address(checking, pairs->items[i].address) ||
		    (pairs->items[i].id.len > 0 && !is_target_id(pairs->items[i].id)))
			return false;
	return true;
}

static bool is_commit(struct str text)
{
	return text.len == 0 || is_hex(text, 40) || is_hex(text, 64);
}

/* --- the head ----------------------------------------------------------------------------- */

/* What --delete may say, and never without --suspended-for. */
static bool are_delete_options(const struct plan_options *options)
{
	int64_t seconds;

	if (options->delete_.len == 0)
		return options->suspended_for.len == 0;
	return (str_is(options->delete_, "suspended") ||
		str_is(options->delete_, "suspended-and-missing")) &&
	       duration_parse(options->suspended_for, &seconds);
}

static int check_head(const struct plan *plan, struct err *err)
{
	if (!is_plan_id(plan->id))
		return err_set(err, ERR_PERSON, "the plan's id '%.*s' is none that zsctl makes",
			       (int)str_utf8_cut(plan->id, 60), plan->id.ptr);
	if (plan->organization.len == 0 || plan->organization.len > PLAN_KEY_MAX)
		return err_set(err, ERR_PERSON, "the plan names no organisation");
	if (plan->created < 0 || plan->expires <= plan->created)
		return err_set(err, ERR_PERSON, "the plan expires before it was made");
	if (!is_digest(plan->config_digest, "sha256:") ||
	    !is_digest(plan->policy_digest, "sha256:"))
		return err_set(err, ERR_PERSON,
			       "the plan's configuration digests are none that zsctl makes");
	struct str config_commit = plan->config_commit;
	if (str_ends(config_commit, "-dirty"))
		config_commit.len -= strlen("-dirty");
	if (!is_commit(config_commit) || !is_commit(plan->base))
		return err_set(err, ERR_PERSON, "the plan names a commit that cannot be one");
	if (!are_delete_options(&plan->options))
		return err_set(
			err, ERR_PERSON,
			"the plan's options delete and suspended_for are none that zsctl "
			"takes");
	if (plan->changes.count >= UINT32_MAX / 8)
		return err_set(err, ERR_PERSON,
			       "the plan has more changes than can be applied");
	return 0;
}

/* --- changes ------------------------------------------------------------------------------ */

/* NULL, or what is wrong with the fields that go with its action. */
static const char *wrong_fields(const struct plan_change *c)
{
	const bool attributes = c->rename.set || c->name.set || c->mobile.set || c->unit.set ||
				c->aliases_add.count > 0 || c->aliases_remove.count > 0;

	switch (c->action) {
	case ACTION_DELETE:
	case ACTION_SUSPEND:
		if (attributes || c->delegates_add.count > 0)
			return "takes an account away and changes it too";
		break;
	case ACTION_REVOKE:
		if (c->delegates_add.count > 0 || c->delegates_remove.count == 0)
			return "is called a revoke and is none";
		break;
	case ACTION_GRANT:
		if (c->delegates_add.count == 0)
			return "is called a grant and gives nobody access";
		break;
	case ACTION_UPDATE:
		if (c->delegates_add.count > 0 || c->delegates_remove.count > 0)
			return "is called an update and changes who has access";
		break;
	case ACTION_REACTIVATE:
		break;
	case ACTION_CREATE:
		if (c->id.len > 0 || !str_is(c->expect, "absent"))
			return "creates an account that exists";
		if (c->rename.set || c->name.from.len > 0)
			return "creates an account and renames it";
		break;
	}
	if (c->loses.count > 0 && c->action != ACTION_DELETE && c->action != ACTION_SUSPEND)
		return "says what is lost where nothing is";
	if (c->reads.count > 0 && (c->action != ACTION_REACTIVATE || c->kind != KIND_USER))
		return "says what is read again where nobody comes back";
	if (c->rename.set && !str_eq(c->rename.from, c->address))
		return "renames another account than it names";
	return NULL;
}

static const char *wrong_values(struct checking *checking, const struct plan_change *c)
{
	if (!is_address(checking, c->address))
		return "has no address as zsctl writes them";
	if (c->rename.set && !is_address(checking, c->rename.to))
		return "gives an address that zsctl does not write so";
	if (c->action != ACTION_CREATE &&
	    (!is_target_id(c->id) || !is_digest(c->expect, "sha256:")))
		return "does not say what the account must look like before";
	if (c->key.len > 0 && !str_is(c->key, "lost") && !is_digest(c->key, "hmac:"))
		return "has a fingerprint that zsctl does not make";
	for (size_t i = 0; i < c->link_count; i++)
		if (c->links[i].source.len == 0 ||
		    (c->links[i].digest.len > 0 && !is_digest(c->links[i].digest, "sha256:")))
			return "has a link that zsctl does not make";
	if (!are_addresses(checking, &c->aliases_add) ||
	    !are_addresses(checking, &c->aliases_remove))
		return "has an alias that zsctl does not write so";
	if (!are_delegates(checking, &c->delegates_add) ||
	    !are_delegates(checking, &c->delegates_remove))
		return "has a delegate whose address zsctl does not write so";
	if (!are_addresses(checking, &c->reads))
		return "gives access to an address that zsctl does not write so";
	return NULL;
}

/* True when `text` was there before. `mark` keeps addresses, wanted addresses and ids apart. */
static bool seen(struct checking *checking, char mark, struct str text)
{
	uint32_t before = checking->seen.count;

	buf_clear(&checking->text);
	buf_char(&checking->text, mark);
	buf_add(&checking->text, text);
	sym_get(&checking->seen, buf_str(&checking->text));
	return checking->seen.count == before;
}

static const char *twice(struct checking *checking, const struct plan_change *change)
{
	const bool create = change->action == ACTION_CREATE;

	/* An address can be that of an account that is renamed and of one that is created. */
	if (seen(checking, create ? 'c' : 'a', change->address))
		return "is there twice";
	if (!create && seen(checking, 'i', change->id))
		return "is there twice, by its id";
	return NULL;
}

static int check_changes(struct checking *checking, const struct plan *plan, struct err *err)
{
	const char *wrong = NULL;

	for (size_t i = 0; !wrong && i < plan->changes.count; i++) {
		const struct plan_change *change = &plan->changes.items[i];

		wrong = wrong_values(checking, change);
		if (!wrong)
			wrong = wrong_fields(change);
		if (!wrong)
			wrong = twice(checking, change);
		if (wrong)
			err_set(err, ERR_PERSON,
				"no zsctl made this plan: its change %zu, %s %s %.*s, %s",
				i + 1, action_names[change->action], kind_names[change->kind],
				(int)str_utf8_cut(change->address, 256),
				change->address.ptr ? change->address.ptr : "", wrong);
	}
	return wrong ? -1 : 0;
}

static int check_adoptions(struct checking *checking, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		if (!is_address(checking, adopt->address) || !is_target_id(adopt->id) ||
		    adopt->source.len == 0 ||
		    (adopt->link.len > 0 && !is_digest(adopt->link, "sha256:")))
			return err_set(err, ERR_PERSON,
				       "no zsctl made this plan: its adoption %zu is none",
				       i + 1);
	}
	return 0;
}

int plan_check(const struct plan *plan, struct err *err)
{
	struct checking checking = {SYM_POOL_INIT, BUF_INIT, ARENA_INIT};
	int failed = check_head(plan, err);

	if (!failed)
		failed = check_changes(&checking, plan, err);
	if (!failed)
		failed = check_adoptions(&checking, plan, err);
	sym_pool_release(&checking.seen);
	buf_release(&checking.text);
	arena_release(&checking.scratch);
	return failed;
}
