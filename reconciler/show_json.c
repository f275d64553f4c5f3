/*
 * The schema of what is written here is in show_json_schema.c; a test holds them together.
 */
#include "show.h"

#include "base/json.h"
#include "base/os.h"

static void text(struct json_writer *w, const char *key, struct str value)
{
	json_str(w, key, value);
}

/* null when there is none. */
static void given(struct json_writer *w, const char *key, struct str value)
{
	json_str_or_null(w, key, value.len ? value : STR_NONE);
}

static void number(struct json_writer *w, const char *key, uint64_t value)
{
	json_int(w, key, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void list(struct json_writer *w, const char *key, const struct strs *items)
{
	json_begin_array(w, key);
	for (size_t i = 0; i < items->count; i++)
		json_str(w, NULL, items->items[i]);
	json_end_array(w);
}

static void time_member(struct json_writer *w, const char *key, int64_t seconds)
{
	char out[TIME_TEXT_SIZE];

	time_text(seconds, out);
	json_str(w, key, str_of(out));
}

static void null(struct json_writer *w, const char *key)
{
	json_str_or_null(w, key, STR_NONE);
}

/* --- the head ----------------------------------------------------------------------------- */

static void add_head(struct json_writer *w, const struct plan *plan)
{
	struct buf summary = BUF_INIT;

	plan_summary(plan, &summary);
	json_int(w, "zsctl_plan", 1);
	given(w, "digest", str_of(plan->digest));
	text(w, "id", plan->id);
	text(w, "organization", plan->organization);
	text(w, "summary", buf_str(&summary));
	text(w, "author", plan->author);
	given(w, "reason", plan->reason);
	time_member(w, "created", plan->created);
	time_member(w, "expires", plan->expires);
	json_begin_object(w, "config");
	text(w, "digest", plan->config_digest);
	text(w, "policy", plan->policy_digest);
	given(w, "commit", plan->config_commit);
	list(w, "changed", &plan->config_changed);
	json_end_object(w);
	buf_release(&summary);
}

static void add_options(struct json_writer *w, const struct plan_options *options)
{
	json_begin_object(w, "options");
	list(w, "allow", &options->allow);
	list(w, "exclude", &options->exclude);
	list(w, "include", &options->include);
	list(w, "only", &options->only);
	list(w, "same_person", &options->same_person);
	given(w, "delete", options->delete_);
	given(w, "suspended_for", options->suspended_for);
	given(w, "refresh_keys", options->refresh_keys);
	given(w, "undo", options->undo);
	json_bool(w, "policy_only", options->policy_only);
	json_end_object(w);
}

static void add_sources(struct json_writer *w, const struct plan *plan)
{
	given(w, "base", plan->base);
	json_begin_object(w, "target");
	text(w, "provider", plan->target_provider);
	text(w, "endpoint", plan->target_endpoint);
	number(w, "users", plan->target_users);
	number(w, "functional", plan->target_functional);
	json_end_object(w);
	json_begin_array(w, "sources");
	for (size_t i = 0; i < plan->sources.count; i++) {
		const struct plan_source *source = &plan->sources.items[i];

		json_begin_object(w, NULL);
		text(w, "name", source->name);
		number(w, "users", source->users);
		number(w, "functional", source->functional);
		number(w, "delegations", source->delegations);
		if (source->known) {
			json_begin_object(w, "before");
			number(w, "accounts", source->before);
			number(w, "delegations", source->before_delegations);
			json_end_object(w);
		} else {
			null(w, "before");
		}
		json_end_object(w);
	}
	json_end_array(w);
}

static void add_counts(struct json_writer *w, const struct plan *plan)
{
	const struct plan_tally tally = plan_count(plan);

	json_begin_object(w, "counts");
	for (int action = 0; action < ACTION_COUNT; action++)
		number(w, action_names[action], tally.of[action]);
	number(w, "access_granted", tally.granted);
	number(w, "access_removed", tally.removed);
	number(w, "adopted", plan->adopt.count);
	number(w, "manual", plan->manual.count);
	number(w, "held", plan->held.count);
	number(w, "unchanged", plan->counts.unchanged);
	number(w, "unmanaged", plan->counts.unmanaged);
	number(w, "left_out", plan->counts.left_out);
	number(w, "protected", plan->counts.protected_);
	number(w, "inactive", plan->counts.inactive);
	json_end_object(w);
}

static void add_limits(struct json_writer *w, const struct plan *plan)
{
	json_begin_array(w, "limits");
	for (size_t i = 0; i < plan->limits.count; i++) {
		const struct plan_limit *limit = &plan->limits.items[i];
		char out[LIMIT_TEXT_SIZE];

		limit_text(limit->limit, out);
		json_begin_object(w, NULL);
		text(w, "rule", limit->rule);
		text(w, "limit", str_of(out));
		number(w, "planned", limit->planned);
		number(w, "of", limit->of);
		if (limit->overridden)
			number(w, "allow", limit->allowed);
		else
			null(w, "allow");
		json_end_object(w);
	}
	json_end_array(w);
	list(w, "refused", &plan->refused);
	json_begin_object(w, "requests");
	number(w, "writes", plan->writes);
	number(w, "seconds_at_least", plan->seconds_at_least);
	json_end_object(w);
}

/* --- changes ------------------------------------------------------------------------------ */

static void add_scalar(struct json_writer *w, const char *key, const struct plan_scalar *scalar)
{
	if (!scalar->set) {
		null(w, key);
		return;
	}
	json_begin_object(w, key);
	given(w, "from", scalar->from);
	given(w, "to", scalar->to);
	json_end_object(w);
}

static void add_pairs(struct json_writer *w, const char *key, const struct plan_pairs *pairs)
{
	json_begin_array(w, key);
	for (size_t i = 0; i < pairs->count; i++) {
		json_begin_object(w, NULL);
		text(w, "address", pairs->items[i].address);
		given(w, "name", pairs->items[i].who);
		given(w, "why", pairs->items[i].why);
		given(w, "id", pairs->items[i].id);
		json_end_object(w);
	}
	json_end_array(w);
}

static void add_change(struct json_writer *w, const struct plan_change *change)
{
	json_begin_object(w, NULL);
	text(w, "action", str_of(action_names[change->action]));
	text(w, "kind", str_of(kind_names[change->kind]));
	text(w, "address", change->address);
	given(w, "who", change->who);
	given(w, "because", change->because);
	list(w, "loses", &change->loses);
	list(w, "reads", &change->reads);
	add_scalar(w, "new_address", &change->rename);
	add_scalar(w, "name", &change->name);
	add_scalar(w, "mobile", &change->mobile);
	add_scalar(w, "unit", &change->unit);
	json_begin_object(w, "aliases");
	list(w, "add", &change->aliases_add);
	list(w, "remove", &change->aliases_remove);
	json_end_object(w);
	json_begin_object(w, "delegates");
	add_pairs(w, "add", &change->delegates_add);
	add_pairs(w, "remove", &change->delegates_remove);
	json_end_object(w);
	given(w, "sso_key", change->key);
	given(w, "id", change->id);
	text(w, "expect", change->expect);
	json_begin_array(w, "links");
	for (size_t i = 0; i < change->link_count; i++) {
		json_begin_object(w, NULL);
		text(w, "source", change->links[i].source);
		given(w, "digest", change->links[i].digest);
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}

static void add_changes(struct json_writer *w, const struct plan *plan)
{
	json_begin_array(w, "changes");
	for (size_t i = 0; i < plan->changes.count; i++)
		add_change(w, &plan->changes.items[i]);
	json_end_array(w);
}

/* --- the rest ----------------------------------------------------------------------------- */

static void add_people(struct json_writer *w, const struct plan *plan)
{
	json_begin_array(w, "manual");
	for (size_t i = 0; i < plan->manual.count; i++) {
		json_begin_object(w, NULL);
		text(w, "account", plan->manual.items[i].account);
		text(w, "problem", plan->manual.items[i].problem);
		text(w, "do", plan->manual.items[i].todo);
		json_end_object(w);
	}
	json_end_array(w);
	json_begin_array(w, "held");
	for (size_t i = 0; i < plan->held.count; i++) {
		json_begin_object(w, NULL);
		text(w, "account", plan->held.items[i].account);
		text(w, "source", plan->held.items[i].source);
		text(w, "problem", plan->held.items[i].problem);
		json_end_object(w);
	}
	json_end_array(w);
	list(w, "warnings", &plan->warnings);
}

static void add_records(struct json_writer *w, const struct plan *plan)
{
	json_begin_array(w, "adopt");
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		json_begin_object(w, NULL);
		text(w, "kind", str_of(kind_names[adopt->kind]));
		text(w, "address", adopt->address);
		text(w, "id", adopt->id);
		text(w, "source", adopt->source);
		given(w, "link", adopt->link);
		json_end_object(w);
	}
	json_end_array(w);
	json_begin_array(w, "policy");
	for (size_t i = 0; i < plan->policy.count; i++) {
		json_begin_object(w, NULL);
		text(w, "what", plan->policy.items[i].what);
		given(w, "from", plan->policy.items[i].from);
		given(w, "to", plan->policy.items[i].to);
		json_end_object(w);
	}
	json_end_array(w);
}

void show_json(const struct plan *plan, struct buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_begin_object(&w, NULL);
	add_head(&w, plan);
	add_options(&w, &plan->options);
	add_sources(&w, plan);
	add_counts(&w, plan);
	add_limits(&w, plan);
	add_changes(&w, plan);
	add_people(&w, plan);
	add_records(&w, plan);
	json_end_object(&w);
	buf_char(out, '\n');
}
