#include "base/os.h"
#include "show_view.h"

#include <inttypes.h>

enum { EXAMPLES = 5 }; /* adoptions of a source, when not everything is shown */

void view_tone(const struct view *v, enum tone tone)
{
	static const char *const codes[] = {"\033[0m",  "\033[31m", "\033[32m",
					    "\033[33m", "\033[1m",  "\033[1;31m"};

	if (v->options->color)
		buf_puts(v->out, codes[tone]);
}

void view_toned(const struct view *v, enum tone tone, const char *text)
{
	view_tone(v, tone);
	buf_puts(v->out, text);
	view_tone(v, TONE_NONE);
}

void view_text(const struct view *v, struct str text)
{
	buf_add_visible(v->out, text, false);
}

/* "a, b, c" */
static void add_list(const struct view *v, const struct strs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		buf_puts(v->out, i ? ", " : "");
		view_text(v, list->items[i]);
	}
}

void view_count(const struct view *v, uint64_t count, const char *one, const char *many)
{
	buf_addf(v->out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

size_t view_shown(const struct view *v, size_t count, size_t at_most)
{
	/* A line that says "1 more" is no shorter than that one. */
	return v->options->full || count <= at_most + 1 ? count : at_most;
}

void view_rest(const struct view *v, const char *indent, size_t rest)
{
	if (rest > 0)
		buf_addf(v->out, "%s… and %zu more (--full shows all)\n", indent, rest);
}

static void heading(const struct view *v, enum tone tone, const char *text)
{
	buf_char(v->out, '\n');
	view_toned(v, tone, text);
	buf_char(v->out, '\n');
}

/* --- the head ----------------------------------------------------------------------------- */

static void label(const struct view *v, const char *text)
{
	buf_addf(v->out, "  %-9s ", text);
}

static void show_times(const struct view *v)
{
	char created[TIME_TEXT_SIZE], expires[TIME_TEXT_SIZE];

	time_text(v->plan->created, created);
	time_text(v->plan->expires, expires);
	label(v, "created");
	buf_addf(v->out, "%s\n", created);
	label(v, "valid");
	buf_addf(v->out, "until %s", expires);
	if (v->options->now >= v->plan->expires && v->options->now != 0)
		view_toned(v, TONE_ALARM, " - it has expired: plan again");
	buf_char(v->out, '\n');
}

void view_accounts(const struct view *v, uint64_t users, uint64_t functional)
{
	if (users > 0 || functional == 0)
		view_count(v, users, "user", "users");
	if (functional == 0)
		return;
	buf_puts(v->out, users > 0 ? ", " : "");
	view_count(v, functional, "functional account", "functional accounts");
}

static void show_source(const struct view *v, const struct plan_source *source)
{
	label(v, "source");
	view_text(v, source->name);
	buf_puts(v->out, ": ");
	view_accounts(v, source->users, source->functional);
	if (source->delegations > 0) {
		buf_puts(v->out, ", ");
		view_count(v, source->delegations, "delegation", "delegations");
	}
	if (!source->known) {
		buf_puts(v->out, " (new to the record)");
	} else if (source->before != source->users + source->functional ||
		   source->before_delegations != source->delegations) {
		buf_puts(v->out, " (the last time: ");
		view_count(v, source->before, "account", "accounts");
		if (source->before_delegations != source->delegations) {
			buf_puts(v->out, ", ");
			view_count(v, source->before_delegations, "delegation", "delegations");
		}
		buf_char(v->out, ')');
	}
	buf_char(v->out, '\n');
}

static void show_target(const struct view *v)
{
	const struct plan *plan = v->plan;

	label(v, "target");
	view_text(v, plan->target_provider);
	buf_char(v->out, ' ');
	view_text(v, plan->target_endpoint);
	buf_puts(v->out, ": ");
	view_accounts(v, plan->target_users, plan->target_functional);
	buf_char(v->out, '\n');
}

/* Accounts that the plan leaves alone for another reason than being right. */
static void show_left_alone(const struct view *v)
{
	const struct plan_counts *counts = &v->plan->counts;
	const struct {
		uint64_t count;
		const char *what;
	} parts[] = {{counts->unmanaged, "not managed"},
		     {counts->left_out, "left out by the options"},
		     {counts->protected_, "protected"},
		     {counts->inactive, "suspended, as wanted"}};
	bool first = true;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].count == 0)
			continue;
		if (first)
			label(v, "untouched");
		buf_addf(v->out, "%s%" PRIu64 " %s", first ? "" : "; ", parts[i].count,
			 parts[i].what);
		first = false;
	}
	if (!first)
		buf_char(v->out, '\n');
}

static void add_option(struct buf *out, const char *name, struct str value)
{
	buf_addf(out, "%s--%s ", out->len ? " " : "", name);
	buf_add(out, value);
}

static void add_options(struct buf *out, const char *name, const struct strs *values)
{
	for (size_t i = 0; i < values->count; i++)
		add_option(out, name, values->items[i]);
}

static void show_options_given(const struct view *v)
{
	const struct plan_options *options = &v->plan->options;
	struct buf text = BUF_INIT;

	add_options(&text, "allow", &options->allow);
	add_options(&text, "only", &options->only);
	add_options(&text, "include", &options->include);
	add_options(&text, "exclude", &options->exclude);
	add_options(&text, "same-person", &options->same_person);
	if (options->delete_.len > 0)
		add_option(&text, "delete", options->delete_);
	if (options->suspended_for.len > 0)
		add_option(&text, "suspended-for", options->suspended_for);
	/* Its value stands behind "=" only. */
	if (options->refresh_keys.len > 0) {
		buf_puts(&text, text.len ? " --refresh-keys" : "--refresh-keys");
		if (!str_is(options->refresh_keys, "*"))
			buf_addf(&text, "=%.*s", STR_FMT(options->refresh_keys));
	}
	if (options->policy_only)
		buf_puts(&text, text.len ? " --policy-only" : "--policy-only");
	if (text.len > 0) {
		label(v, "options");
		view_text(v, buf_str(&text));
		buf_char(v->out, '\n');
	}
	buf_release(&text);
	if (options->undo.len > 0) {
		label(v, "undoes");
		view_text(v, options->undo);
		buf_char(v->out, '\n');
	}
}

static void show_config(const struct view *v)
{
	const struct plan *plan = v->plan;

	if (plan->config_commit.len == 0 && plan->config_changed.count == 0)
		return;
	label(v, "config");
	if (plan->config_commit.len > 0) {
		buf_puts(v->out, "commit ");
		view_text(v, (struct str){plan->config_commit.ptr,
					  str_utf8_cut(plan->config_commit, 12)});
	}
	if (plan->config_changed.count > 0) {
		buf_puts(v->out, plan->config_commit.len ? "; changed: " : "changed: ");
		add_list(v, &plan->config_changed);
	}
	buf_char(v->out, '\n');
}

static void show_head(const struct view *v)
{
	const struct plan *plan = v->plan;

	view_tone(v, TONE_STRONG);
	buf_puts(v->out, "Plan ");
	view_text(v, plan->id);
	buf_puts(v->out, " for ");
	view_text(v, plan->organization);
	view_tone(v, TONE_NONE);
	buf_puts(v->out, "\n  ");
	plan_summary(plan, v->out);
	buf_puts(v->out, "\n\n");
	if (plan->reason.len > 0) {
		label(v, "reason");
		view_text(v, plan->reason);
		buf_char(v->out, '\n');
	}
	label(v, "author");
	view_text(v, plan->author);
	buf_char(v->out, '\n');
	show_times(v);
	show_target(v);
	for (size_t i = 0; i < plan->sources.count; i++)
		show_source(v, &plan->sources.items[i]);
	show_left_alone(v);
	show_config(v);
	show_options_given(v);
}

/* --- what must not be overlooked ------------------------------------------------------------ */

static void show_refused(const struct view *v)
{
	if (v->plan->refused.count == 0)
		return;
	heading(v, TONE_ALARM, "REFUSED: this plan cannot be approved or applied");
	for (size_t i = 0; i < v->plan->refused.count; i++) {
		buf_puts(v->out, "  ");
		view_toned(v, TONE_ALARM, "!");
		buf_char(v->out, ' ');
		view_text(v, v->plan->refused.items[i]);
		buf_char(v->out, '\n');
	}
}

static void show_policy(const struct view *v)
{
	if (v->plan->policy.count == 0)
		return;
	heading(v, TONE_ALARM,
		"CHANGES OF THE POLICY: who may approve, what zsctl connects to, how people sign in");
	for (size_t i = 0; i < v->plan->policy.count; i++) {
		const struct plan_policy *policy = &v->plan->policy.items[i];

		buf_puts(v->out, "  ");
		view_toned(v, TONE_ALARM, "!");
		buf_char(v->out, ' ');
		view_text(v, policy->what);
		buf_puts(v->out, ": ");
		if (policy->from.len == 0) {
			buf_puts(v->out, "new: ");
		} else {
			view_text(v, policy->from);
			buf_puts(v->out, policy->to.len ? " -> " : " is taken out");
		}
		view_text(v, policy->to);
		buf_char(v->out, '\n');
	}
}

/* --- the rest ----------------------------------------------------------------------------- */

static void show_changes(const struct view *v)
{
	if (v->plan->changes.count == 0)
		return;
	heading(v, TONE_STRONG, "Changes");
	for (size_t i = 0; i < v->plan->changes.count; i++)
		view_change(v, &v->plan->changes.items[i]);
}

static void show_manual(const struct view *v)
{
	if (v->plan->manual.count == 0)
		return;
	heading(v, TONE_STRONG, "Needs a person");
	for (size_t i = 0; i < v->plan->manual.count; i++) {
		const struct plan_manual *manual = &v->plan->manual.items[i];

		buf_puts(v->out, "  ");
		view_toned(v, TONE_CHANGES, "!");
		buf_char(v->out, ' ');
		view_text(v, manual->account);
		buf_puts(v->out, ": ");
		view_text(v, manual->problem);
		buf_puts(v->out, "\n      to do: ");
		view_text(v, manual->todo);
		buf_char(v->out, '\n');
	}
}

static void show_held(const struct view *v)
{
	size_t shown = view_shown(v, v->plan->held.count, VIEW_LIST_SHORT);

	if (v->plan->held.count == 0)
		return;
	heading(v, TONE_STRONG, "Held: listed, but cannot become accounts; nothing is done");
	for (size_t i = 0; i < shown; i++) {
		const struct plan_held *held = &v->plan->held.items[i];

		buf_puts(v->out, "  ");
		view_toned(v, TONE_CHANGES, "!");
		buf_char(v->out, ' ');
		view_text(v, held->account);
		buf_puts(v->out, " (");
		view_text(v, held->source);
		buf_puts(v->out, "): ");
		view_text(v, held->problem);
		buf_char(v->out, '\n');
	}
	view_rest(v, "    ", v->plan->held.count - shown);
}

static void show_warnings(const struct view *v)
{
	size_t shown = view_shown(v, v->plan->warnings.count, VIEW_LIST_SHORT);

	if (v->plan->warnings.count == 0)
		return;
	heading(v, TONE_STRONG, "Warnings");
	for (size_t i = 0; i < shown; i++) {
		buf_puts(v->out, "  ");
		view_toned(v, TONE_CHANGES, "!");
		buf_char(v->out, ' ');
		view_text(v, v->plan->warnings.items[i]);
		buf_char(v->out, '\n');
	}
	view_rest(v, "    ", v->plan->warnings.count - shown);
}

struct adopted {
	struct str source;
	size_t count;
	const struct plan_adopt *examples[EXAMPLES];
};

static void show_adopted(const struct view *v, const struct adopted *adopted)
{
	size_t shown = adopted->count < EXAMPLES ? adopted->count : EXAMPLES;

	buf_puts(v->out, "  = ");
	view_text(v, adopted->source);
	buf_puts(v->out, ": ");
	view_count(v, adopted->count, "account", "accounts");
	for (size_t i = 0; i < shown && !v->options->full; i++) {
		buf_puts(v->out, i ? ", " : ": ");
		view_text(v, adopted->examples[i]->address);
	}
	buf_puts(v->out, shown < adopted->count && !v->options->full
				 ? ", … (--full shows all)\n"
				 : "\n");
}

/* Counted by source, in the order in which sources first appear. */
static void show_adoptions(const struct view *v)
{
	const struct plan *plan = v->plan;
	struct sym_pool sources = SYM_POOL_INIT;
	struct {
		struct adopted *items;
		size_t count, capacity;
	} groups = {.items = NULL};

	if (plan->adopt.count == 0)
		return;
	heading(v, TONE_STRONG, "Adopted: recorded as the accounts of a source, not changed");
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];
		const struct sym *source = sym_get(&sources, adopt->source);
		struct adopted *group;

		if (source->number == groups.count)
			vec_push(&groups)->source = adopt->source;
		group = &groups.items[source->number];
		if (group->count < EXAMPLES)
			group->examples[group->count] = adopt;
		group->count++;
	}
	for (size_t i = 0; i < groups.count; i++)
		show_adopted(v, &groups.items[i]);
	for (size_t i = 0; v->options->full && i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		buf_addf(v->out, "      %s ", kind_names[adopt->kind]);
		view_text(v, adopt->address);
		buf_puts(v->out, " (");
		view_text(v, adopt->source);
		buf_puts(v->out, ")\n");
	}
	free(groups.items);
	sym_pool_release(&sources);
}

static void show_limits(const struct view *v)
{
	if (v->plan->limits.count > 0)
		heading(v, TONE_STRONG, "Limits");
	for (size_t i = 0; i < v->plan->limits.count; i++) {
		const struct plan_limit *limit = &v->plan->limits.items[i];
		char text[LIMIT_TEXT_SIZE];

		limit_text(limit->limit, text);
		buf_puts(v->out, "    ");
		view_text(v, limit->rule);
		buf_addf(v->out, ": %" PRIu64 " of %" PRIu64 ", limit %s", limit->planned,
			 limit->of, text);
		if (limit->overridden) {
			buf_puts(v->out, ", ");
			view_tone(v, TONE_ALARM);
			buf_addf(v->out, "raised to %" PRIu64 " by --allow", limit->allowed);
			view_tone(v, TONE_NONE);
		}
		buf_char(v->out, '\n');
	}
}

static void show_requests(const struct view *v)
{
	uint64_t seconds = v->plan->seconds_at_least;

	if (v->plan->writes == 0)
		return;
	buf_char(v->out, '\n');
	view_count(v, v->plan->writes, "request", "requests");
	buf_puts(v->out, " to the target");
	if (seconds >= 2 * 3600)
		buf_addf(v->out, ", at least %" PRIu64 ".%" PRIu64 " hours", seconds / 3600,
			 seconds % 3600 / 360);
	else if (seconds >= 120)
		buf_addf(v->out, ", at least %" PRIu64 " minutes", seconds / 60);
	else if (seconds > 1)
		buf_addf(v->out, ", at least %" PRIu64 " seconds", seconds);
	buf_puts(v->out, ".\n");
}

void show_text(const struct plan *plan, const struct show_options *options, struct buf *out)
{
	const struct view view = {out, plan, options};

	show_head(&view);
	show_refused(&view);
	show_policy(&view);
	view_summary(&view);
	show_changes(&view);
	show_manual(&view);
	show_held(&view);
	show_warnings(&view);
	show_adoptions(&view);
	show_limits(&view);
	show_requests(&view);
	/* Again, because the head has scrolled away. */
	show_refused(&view);
}
