/*
 * The whole reasoning for one account, in plain lines: what each world says, who it was taken to be,
 * which rule applied, how each attribute compares, what becomes of each delegate, and the result.
 */
#include "base/os.h"
#include "reconcile.h"

static void add_sym(struct buf *out, const struct sym *text)
{
	buf_add(out, text ? sym_str(text) : STR("none"));
}

static void add_name(const struct world *w, uint32_t s, struct buf *out)
{
	buf_addf(out, "%s ", kind_names[subject_kind(w, s)]);
	add_sym(out, subject_address(w, s));
}

static void add_date(struct buf *out, const char *before, int32_t days)
{
	char date[DATE_TEXT_SIZE];

	if (days == DATE_NONE)
		return;
	date_text(days, date);
	buf_addf(out, "%s%s", before, date);
}

static void add_set(struct buf *out, struct set set)
{
	for (uint32_t i = 0; i < set.count; i++) {
		buf_puts(out, i ? ", " : "");
		add_sym(out, set.items[i]);
	}
	if (set.count == 0)
		buf_puts(out, "none");
}

/* --- the three worlds --------------------------------------------------------------------- */

static void say_sources(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);

	buf_puts(out, "  sources: ");
	if (!desired) {
		if (!left_out_text(w, subject_kind(w, s), subject_address(w, s),
				   recorded_at(w, s), out))
			buf_puts(out, "none lists it");
		buf_char(out, '\n');
		return;
	}
	add_sym(out, desired->because);
	if (desired->account.address != subject_address(w, s)) {
		buf_puts(out, ", as ");
		add_sym(out, desired->account.address);
	}
	if (desired->held) {
		buf_puts(out, "; held: ");
		add_sym(out, desired->held);
	} else if (!desired->account.active) {
		buf_puts(out, "; inactive: ");
		add_sym(out, desired->inactive_because);
	}
	for (uint32_t i = 0; i < desired->link_count; i++)
		buf_addf(out, "%s%.*s%s", i ? ", " : "; in ",
			 STR_FMT(w->config->sources[desired->links[i].source].name),
			 desired->links[i].digest ? " with an id" : " without id");
	buf_char(out, '\n');
}

static void say_target(const struct world *w, uint32_t s, struct buf *out)
{
	const struct account *current = current_at(w, s);

	buf_puts(out, "  target:  ");
	if (!current) {
		buf_puts(out, is_out_of_scope(w, s) ? "has it outside target.scope\n"
						    : "does not have it\n");
		return;
	}
	buf_addf(out, "%s, id ", current->active ? "active" : "suspended");
	add_sym(out, current->id);
	buf_puts(out, ", aliases: ");
	add_set(out, current->aliases);
	buf_char(out, '\n');
}

static void say_record(const struct recorded_account *recorded, struct buf *out)
{
	buf_puts(out, "  record:  ");
	if (!recorded) {
		buf_puts(out, "does not know it\n");
		return;
	}
	buf_puts(out,
		 recorded->desired_since == DATE_NONE ? "never desired" : "desired since ");
	add_date(out, "", recorded->desired_since);
	if (recorded->suspended_by) {
		add_date(out, ", suspended since ", recorded->suspended_since);
		buf_puts(out, " by run ");
		add_sym(out, recorded->suspended_by);
	}
	for (uint32_t i = 0; i < recorded->link_count; i++) {
		buf_puts(out, i ? ", " : "; linked to ");
		add_sym(out, recorded->links[i].source);
		buf_puts(out, recorded->links[i].digest ? " by an id" : "");
		if (recorded->links[i].address) {
			buf_puts(out, " as ");
			add_sym(out, recorded->links[i].address);
		}
	}
	if (recorded->key)
		buf_puts(out, str_is(sym_str(recorded->key), "lost") ? "; account key lost"
								     : "; account key known");
	buf_char(out, '\n');
}

/* --- attributes --------------------------------------------------------------------------- */

static void say_scalar(struct buf *out, const char *name, bool managed, const struct sym *is,
		       const struct sym *wanted)
{
	buf_addf(out, "  %s: ", name);
	add_sym(out, is);
	if (!managed) {
		buf_puts(out, ", not managed");
	} else if (is == wanted) {
		buf_puts(out, ", as wanted");
	} else {
		buf_puts(out, " -> ");
		add_sym(out, wanted);
	}
	buf_char(out, '\n');
}

static void say_aliases(const struct world *w, uint32_t s, struct buf *out)
{
	const struct account *current = current_at(w, s);
	const struct account *wanted = &desired_at(w, s)->account;

	if (!(wanted->has & ATTR_ALIASES)) {
		buf_puts(out, "  aliases: not managed\n");
		return;
	}
	for (uint32_t i = 0; i < wanted->aliases.count; i++) {
		const struct sym *alias = wanted->aliases.items[i];
		const struct dropped *dropped = w->subjects[s].dropped;

		buf_puts(out, "  alias ");
		add_sym(out, alias);
		while (dropped && dropped->alias != alias)
			dropped = dropped->next;
		if (dropped) {
			struct buf problem = BUF_INIT, todo = BUF_INIT;

			dropped_text(w, s, dropped, &problem, &todo);
			buf_puts(out, ": left out: ");
			buf_add(out, buf_str(&problem));
			buf_release(&problem);
			buf_release(&todo);
		} else {
			buf_puts(out, current && set_has(current->aliases, alias) ? ": stays"
				      : is_live(w, s)                             ? ": added"
						      : ": would be added");
		}
		buf_char(out, '\n');
	}
	for (uint32_t i = 0; current && i < current->aliases.count; i++) {
		const struct sym *alias = current->aliases.items[i];

		if (set_has(wanted->aliases, alias))
			continue;
		buf_puts(out, "  alias ");
		add_sym(out, alias);
		buf_puts(out, alias == wanted->address  ? ": becomes the address\n"
			      : alias_ignored(w, alias) ? ": ignored (domains.ignore_aliases)\n"
			      : is_live(w, s)           ? ": removed\n"
							: ": would be removed\n");
	}
}

static void say_key(const struct world *w, uint32_t s, const struct difference *difference,
		    struct buf *out)
{
	if (subject_kind(w, s) != KIND_USER || w->config->target.sign_in != SIGN_IN_SSO)
		return;
	if (!desired_at(w, s)->fingerprint)
		buf_puts(out, "  sso_key: no source has one\n");
	else if (!current_at(w, s) && !is_live(w, s))
		buf_puts(out, "  sso_key: would be sent\n");
	else if (!current_at(w, s) || (difference->attributes & ATTR_KEY))
		buf_puts(out, "  sso_key: sent\n");
	else
		buf_puts(out,
			 "  sso_key: no reason to send it by itself; goes with any change\n");
}

/* Of several sources, or of one that has other names for things: who says what. */
static void say_opinions(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);

	if (w->config->source_count == 1 &&
	    !w->config->sources[0].sections[desired->account.kind].attribute_count)
		return;
	buf_puts(out, "  by:      ");
	attributes_text(w, s, desired->account.has, NULL, out);
	buf_char(out, '\n');
}

static void say_attributes(const struct world *w, uint32_t s,
			   const struct difference *difference, struct buf *out)
{
	static const struct account none;
	const struct account *is = current_at(w, s) ? current_at(w, s) : &none;
	const struct account *wanted = &desired_at(w, s)->account;

	say_scalar(out, "address", true, is->address, wanted->address);
	say_scalar(out, "name", wanted->name != NULL, is->name, wanted->name);
	if (wanted->kind == KIND_USER)
		say_scalar(out, "mobile", wanted->has & ATTR_MOBILE, is->mobile,
			   wanted->mobile);
	say_scalar(out, "unit", wanted->has & ATTR_UNIT, is->unit, wanted->unit);
	say_aliases(w, s, out);
	say_key(w, s, difference, out);
	say_opinions(w, s, out);
}

/* --- delegates ---------------------------------------------------------------------------- */

static bool is_among(const struct delegations *list, uint32_t user)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].subject == user)
			return true;
	return false;
}

static void say_wanted_delegates(const struct world *w, uint32_t s,
				 const struct difference *difference, struct buf *out)
{
	const struct subject *subject = &w->subjects[s];

	for (uint32_t i = 0; i < subject->delegate_count; i++) {
		const struct wanted_delegate *wanted =
			&w->delegates.items[subject->first_delegate + i];

		buf_puts(out, "  delegate ");
		add_sym(out, subject_address_after(w, wanted->subject));
		if (!will_be_active(w, wanted->subject))
			buf_puts(out, ": listed, and ignored: will not be active");
		else if (is_among(&difference->add, wanted->subject))
			buf_puts(out, is_live(w, s) ? ": added" : ": would be added");
		else
			buf_puts(out, ": stays");
		if (wanted->why) {
			buf_puts(out, " (");
			add_sym(out, wanted->why);
			buf_char(out, ')');
		}
		buf_char(out, '\n');
	}
}

static void say_present_delegates(const struct world *w, uint32_t s,
				  const struct difference *difference, struct buf *out)
{
	const struct account *current = current_at(w, s);

	for (uint32_t i = 0; current && i < current->delegates.count; i++) {
		const struct sym *address = current->delegates.items[i].address;
		const struct account *user = accounts_owner(&w->index, address);
		const uint32_t u = user ? (uint32_t)(user - w->in->current->items) : NOBODY;
		const struct sym *ended;
		const char *fate = NULL;

		if (!user || user->kind != KIND_USER || user->address != address)
			fate = "ignored: no user in sight";
		else if (w->subjects[u].ruling == RULING_SUSPEND)
			fate = "suspended by this plan";
		else if (delegate_waits(w, u))
			fate = "stays until it is decided who that is";
		else if (is_among(&difference->remove, u))
			fate = is_live(w, s) ? "removed: not listed"
					     : "would be removed: not listed";
		else if (!will_be_active(w, u))
			fate = "ignored: suspended";
		else if (!delegates_managed(w, s))
			fate = "stays: delegates are not managed";
		if (!fate)
			continue;
		buf_puts(out, "  delegate ");
		add_sym(out, address);
		ended = u == NOBODY ? NULL : delegate_ended(w, s, u);
		if (ended && is_live(w, s) && is_among(&difference->remove, u))
			buf_addf(out, ": removed (%s)\n", ended->text);
		else
			buf_addf(out, ": %s\n", fate);
	}
}

/* --- the result --------------------------------------------------------------------------- */

static void say_result(const struct world *w, uint32_t s, struct buf *out)
{
	const struct str address = sym_str(subject_address(w, s));
	const enum account_kind kind = subject_kind(w, s);

	for (size_t i = 0; i < w->plan->changes.count; i++) {
		const struct plan_change *change = &w->plan->changes.items[i];

		if (change->kind != kind || !str_eq(change->address, address) ||
		    (change->action == ACTION_CREATE) != !current_at(w, s))
			continue;
		buf_addf(out, "  result:  %s, because %.*s\n", action_names[change->action],
			 STR_FMT(change->because));
		return;
	}
	buf_puts(out, "  result:  no change\n");
}

static void explain_subject(const struct world *w, uint32_t s, struct buf *out)
{
	struct difference difference = {.attributes = 0};
	const struct subject *subject = &w->subjects[s];

	add_name(w, s, out);
	buf_char(out, '\n');
	say_sources(w, s, out);
	say_target(w, s, out);
	say_record(recorded_at(w, s), out);
	explain_rule(w, s, out);
	if (subject->desired != NOBODY && subject->want == WANT_ACTIVE &&
	    (current_at(w, s) || !is_out_of_scope(w, s))) {
		difference_find(w, s, &difference);
		say_attributes(w, s, &difference, out);
		say_wanted_delegates(w, s, &difference, out);
	}
	say_present_delegates(w, s, &difference, out);
	say_result(w, s, out);
	difference_release(&difference);
}

static const struct recorded_account *recorded_as(const struct world *w, enum account_kind kind,
						  const struct sym *address)
{
	for (size_t i = 0; i < w->in->recorded->count; i++) {
		const struct recorded_account *recorded = &w->in->recorded->items[i];

		if (recorded->account.kind == kind && recorded->account.address == address)
			return recorded;
	}
	return NULL;
}

/* Whom no plan looks at: neither there nor listed, but known to the record or to a source's filters. */
static bool explain_absent(const struct world *w, enum account_kind kind,
			   const struct sym *address, struct buf *out)
{
	const struct recorded_account *recorded = recorded_as(w, kind, address);
	CLEANUP(buf_release) struct buf sources = BUF_INIT;

	if (!left_out_text(w, kind, address, recorded, &sources)) {
		if (!recorded)
			return false;
		buf_puts(&sources, "none lists it");
	}
	buf_addf(out, "%s %s\n  sources: ", kind_names[kind], address->text);
	buf_add(out, buf_str(&sources));
	buf_puts(out, "\n  target:  ");
	buf_puts(out, is_hidden(w, recorded ? recorded->account.id : address)
			      ? "has it outside target.scope\n"
		      : recorded ? "does not have it any more\n"
				 : "does not have it\n");
	say_record(recorded, out);
	buf_puts(out, "  result:  no change\n");
	return true;
}

/* Everybody who has, wants or had the address, each once. */
void explain_account(const struct world *w, struct explanation *explanation)
{
	const struct sym *address = explanation->address;
	const struct account *owner = accounts_owner(&w->index, address);
	struct buf *out = &explanation->text;
	bool known = false;

	if (is_hidden(w, address))
		buf_addf(out,
			 "%s: an account outside target.scope has it: no plan sees or changes "
			 "that one\n",
			 address->text);
	for (uint32_t s = 0; s < w->count; s++) {
		const struct desired_account *desired = desired_at(w, s);
		const struct recorded_account *recorded = recorded_at(w, s);

		if (!(owner && current_at(w, s) == owner) &&
		    !(desired && (desired->account.address == address ||
				  set_has(desired->account.aliases, address))) &&
		    !(recorded && recorded->account.address == address))
			continue;
		explain_subject(w, s, out);
		known = true;
	}
	for (int kind = 0; !known && kind < KIND_COUNT; kind++)
		known = explain_absent(w, (enum account_kind)kind, address, out);
}
