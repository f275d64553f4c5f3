/*
 * The grammar of plan files: the mirror of plan_write.c, line by line.
 */
#include "base/os.h"
#include "plan_text.h"

/* "user kim@example.org" */
static bool split_account(struct str text, enum account_kind *kind, struct str *address)
{
	struct str word;

	*address = text;
	return str_split(address, ' ', &word) && kind_parse(word, kind);
}

/* "key:" alone starts a list whose items begin with `item`; "key: []" is an empty one. */
static bool list_starts(struct scan *scan, const char *key)
{
	scan_need(scan, key);
	scan_need(scan, ":");
	if (scan_has(scan, " []")) {
		scan_end(scan);
		return false;
	}
	scan_end(scan);
	return true;
}

static void read_items(struct scan *scan, const char *before, struct strs *list)
{
	while (scan_has(scan, before)) {
		/* scan_text() has copied it already. */
		struct str *item = strs_push(scan->arena, list);

		*item = scan_text(scan);
	}
}

static void read_flow_list(struct scan *scan, struct strs *list)
{
	scan_need(scan, "[");
	while (!scan->failed && !scan_has(scan, "]")) {
		struct str *item;

		if (list->count > 0)
			scan_need(scan, ", ");
		item = strs_push(scan->arena, list);
		*item = scan_flow(scan);
	}
}

/* --- the head ----------------------------------------------------------------------------- */

static int64_t read_time(struct scan *scan, const char *key)
{
	int64_t seconds = 0;

	scan_need(scan, key);
	if (!scan->failed && !time_parse(scan->line, &seconds))
		scan_fail(scan, "has no time where one belongs");
	scan_skip(scan);
	return seconds;
}

/* Steps over `key` when it comes next in a flow map that ends in "}". */
static bool flow_has(struct scan *scan, const char *key, bool *first)
{
	if (!*first && !scan_has(scan, ", "))
		return false;
	if (scan_has(scan, key)) {
		scan_need(scan, ": ");
		*first = false;
		return true;
	}
	/* The separator belongs to another key: put it back. */
	if (!*first && !scan->failed) {
		scan->line.ptr -= 2;
		scan->line.len += 2;
	}
	return false;
}

static void read_options(struct scan *scan, struct plan_options *options)
{
	const struct {
		const char *key;
		struct strs *list;
		struct str *text;
	} fields[] = {
		{"allow", &options->allow, NULL},
		{"exclude", &options->exclude, NULL},
		{"include", &options->include, NULL},
		{"only", &options->only, NULL},
		{"same_person", &options->same_person, NULL},
		{"delete", NULL, &options->delete_},
		{"suspended_for", NULL, &options->suspended_for},
		{"refresh_keys", NULL, &options->refresh_keys},
		{"undo", NULL, &options->undo},
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!flow_has(scan, fields[i].key, &first))
			continue;
		if (fields[i].list)
			read_flow_list(scan, fields[i].list);
		else
			*fields[i].text = scan_flow(scan);
	}
	if (flow_has(scan, "policy_only", &first)) {
		scan_need(scan, "true");
		options->policy_only = true;
	}
	scan_need(scan, "}");
	scan_end(scan);
}

static void read_head(struct scan *scan, struct plan *plan)
{
	scan_need(scan, "id: ");
	plan->id = scan_text(scan);
	scan_need(scan, "organization: ");
	plan->organization = scan_text(scan);
	scan_need(scan, "author: ");
	plan->author = scan_text(scan);
	if (scan_has(scan, "reason: "))
		plan->reason = scan_text(scan);
	plan->created = read_time(scan, "created: ");
	plan->expires = read_time(scan, "expires: ");
	scan_need(scan, "config: {digest: ");
	plan->config_digest = scan_flow(scan);
	scan_need(scan, ", policy: ");
	plan->policy_digest = scan_flow(scan);
	if (scan_has(scan, ", commit: "))
		plan->config_commit = scan_flow(scan);
	if (scan_has(scan, ", changed: "))
		read_flow_list(scan, &plan->config_changed);
	scan_need(scan, "}");
	scan_end(scan);
	if (scan_has(scan, "options: {"))
		read_options(scan, &plan->options);
	scan_need(scan, "base: ");
	plan->base = scan_text(scan);
	if (str_is(plan->base, "none"))
		plan->base = STR_NONE;
}

static void read_sources(struct scan *scan, struct plan *plan)
{
	scan_need(scan, "target: {provider: ");
	plan->target_provider = scan_flow(scan);
	if (!scan_has(scan, ", url: "))
		scan_need(scan, ", path: ");
	plan->target_endpoint = scan_flow(scan);
	scan_need(scan, ", users: ");
	plan->target_users = scan_number(scan);
	scan_need(scan, ", functional: ");
	plan->target_functional = scan_number(scan);
	scan_need(scan, "}");
	scan_end(scan);
	list_starts(scan, "sources");
	while (scan_has(scan, "  - {name: ")) {
		struct plan_source *source = vec_push(&plan->sources);

		source->name = scan_flow(scan);
		scan_need(scan, ", users: ");
		source->users = scan_number(scan);
		scan_need(scan, ", functional: ");
		source->functional = scan_number(scan);
		scan_need(scan, ", delegations: ");
		source->delegations = scan_number(scan);
		source->known = scan_has(scan, ", before: ");
		if (source->known) {
			source->before = scan_number(scan);
			source->before_delegations = scan_has(scan, ", before_delegations: ")
							     ? scan_number(scan)
							     : source->delegations;
		}
		scan_need(scan, "}");
		scan_end(scan);
	}
	scan_need(scan, "counts: {unchanged: ");
	plan->counts.unchanged = scan_number(scan);
	if (scan_has(scan, ", unmanaged: "))
		plan->counts.unmanaged = scan_number(scan);
	if (scan_has(scan, ", left_out: "))
		plan->counts.left_out = scan_number(scan);
	if (scan_has(scan, ", protected: "))
		plan->counts.protected_ = scan_number(scan);
	if (scan_has(scan, ", inactive: "))
		plan->counts.inactive = scan_number(scan);
	scan_need(scan, "}");
	scan_end(scan);
}

static void read_limits(struct scan *scan, struct plan *plan)
{
	list_starts(scan, "limits");
	while (scan_has(scan, "  - {rule: ")) {
		struct plan_limit *limit = vec_push(&plan->limits);

		limit->rule = scan_flow(scan);
		scan_need(scan, ", limit: ");
		if (!limit_parse(scan_flow(scan), &limit->limit))
			scan_fail(scan, "has no limit where one belongs");
		scan_need(scan, ", planned: ");
		limit->planned = scan_number(scan);
		scan_need(scan, ", of: ");
		limit->of = scan_number(scan);
		limit->overridden = scan_has(scan, ", allow: ");
		if (limit->overridden)
			limit->allowed = scan_number(scan);
		scan_need(scan, "}");
		scan_end(scan);
	}
	if (scan_has(scan, "refused:")) {
		scan_end(scan);
		read_items(scan, "  - ", &plan->refused);
	}
	scan_need(scan, "requests: {writes: ");
	plan->writes = scan_number(scan);
	scan_need(scan, ", seconds_at_least: ");
	plan->seconds_at_least = scan_number(scan);
	scan_need(scan, "}");
	scan_end(scan);
}

/* --- changes ------------------------------------------------------------------------------ */

static void read_pairs(struct scan *scan, struct plan_pairs *pairs)
{
	while (scan_has(scan, "        ")) {
		struct plan_pair *pair = pairs_add(scan->arena, pairs);
		struct str rest;
		const char *end;

		pair->address = scan_key(scan);
		pair->who = rest = scan_text(scan);
		end = rest.len ? memmem(rest.ptr, rest.len, "; ", 2) : NULL;
		if (end) {
			pair->who.len = (size_t)(end - rest.ptr);
			pair->why = (struct str){end + 2, rest.len - pair->who.len - 2};
		}
		if (str_is(pair->who, "no name"))
			pair->who = STR_NONE;
	}
}

static void read_scalar(struct scan *scan, const struct plan_change *change, const char *key,
			struct plan_scalar *scalar)
{
	if (!scan_has(scan, key))
		return;
	scalar->set = true;
	if (change->action == ACTION_CREATE) {
		scalar->to = scan_text(scan);
		return;
	}
	scan_need(scan, "{");
	if (scan_has(scan, "from: "))
		scalar->from = scan_flow(scan);
	if (scan_has(scan, scalar->from.ptr ? ", to: " : "to: "))
		scalar->to = scan_flow(scan);
	scan_need(scan, "}");
	scan_end(scan);
}

/* Reasons stand behind the list, sorted like it. */
static void read_create_whys(struct scan *scan, struct plan_pairs *delegates)
{
	size_t at = 0;

	while (scan_has(scan, "      ")) {
		struct str address = scan_key(scan);

		while (at < delegates->count && !str_eq(delegates->items[at].address, address))
			at++;
		if (at == delegates->count)
			scan_fail(scan, "gives a reason for somebody who is no delegate");
		else
			delegates->items[at].why = scan_text(scan);
	}
}

static void read_create_sets(struct scan *scan, struct plan_change *change)
{
	if (scan_has(scan, "    aliases:")) {
		scan_end(scan);
		read_items(scan, "      - ", &change->aliases_add);
	}
	if (scan_has(scan, "    delegates:")) {
		scan_end(scan);
		while (scan_has(scan, "      - "))
			pairs_add(scan->arena, &change->delegates_add)->address =
				scan_text(scan);
	}
	if (scan_has(scan, "    why:")) {
		scan_end(scan);
		read_create_whys(scan, &change->delegates_add);
	}
}

/* Steps over a line of its own. */
static bool heading(struct scan *scan, const char *text)
{
	if (!scan_has(scan, text))
		return false;
	scan_end(scan);
	return true;
}

static void read_sets(struct scan *scan, struct plan_change *change)
{
	if (change->action == ACTION_CREATE) {
		read_create_sets(scan, change);
		return;
	}
	if (heading(scan, "    aliases:")) {
		if (heading(scan, "      add:"))
			read_items(scan, "        - ", &change->aliases_add);
		if (heading(scan, "      remove:"))
			read_items(scan, "        - ", &change->aliases_remove);
	}
	if (heading(scan, "    delegates:")) {
		if (heading(scan, "      add:"))
			read_pairs(scan, &change->delegates_add);
		if (heading(scan, "      remove:"))
			read_pairs(scan, &change->delegates_remove);
	}
}

static void read_change(struct scan *scan, struct plan_change *change)
{
	if (!action_parse(scan_key(scan), &change->action))
		scan_fail(scan, "names no action");
	if (!split_account(scan_text(scan), &change->kind, &change->address)) {
		scan->number--; /* scan_text() has gone on */
		scan_fail(scan, "names no account where one belongs");
	}
	if (scan_has(scan, "    who: "))
		change->who = scan_text(scan);
	if (heading(scan, "    loses:"))
		read_items(scan, "      - ", &change->loses);
	if (heading(scan, "    reads:"))
		read_items(scan, "      - ", &change->reads);
	read_scalar(scan, change, "    address: ", &change->rename);
	read_scalar(scan, change, "    name: ", &change->name);
	read_scalar(scan, change, "    mobile: ", &change->mobile);
	read_scalar(scan, change, "    unit: ", &change->unit);
	read_sets(scan, change);
	if (scan_has(scan, "    sso_key: {sent: ")) {
		change->key = scan_flow(scan);
		scan_need(scan, "}");
		scan_end(scan);
	} else if (scan_has(scan, "    sso_key: ")) {
		change->key = scan_text(scan);
	}
	if (scan_has(scan, "    because: "))
		change->because = scan_text(scan);
}

/* --- the rest ----------------------------------------------------------------------------- */

static void read_people(struct scan *scan, struct plan *plan)
{
	list_starts(scan, "manual");
	while (scan_has(scan, "  - account: ")) {
		struct plan_manual *manual = vec_push(&plan->manual);

		manual->account = scan_text(scan);
		scan_need(scan, "    problem: ");
		manual->problem = scan_text(scan);
		scan_need(scan, "    do: ");
		manual->todo = scan_text(scan);
	}
	if (heading(scan, "held:")) {
		while (scan_has(scan, "  - account: ")) {
			struct plan_held *held = vec_push(&plan->held);

			held->account = scan_text(scan);
			scan_need(scan, "    source: ");
			held->source = scan_text(scan);
			scan_need(scan, "    problem: ");
			held->problem = scan_text(scan);
		}
	}
	if (heading(scan, "warnings:"))
		read_items(scan, "  - ", &plan->warnings);
}

static void read_records(struct scan *scan, struct plan *plan)
{
	list_starts(scan, "adopt");
	while (scan_has(scan, "  - {account: ")) {
		struct plan_adopt *adopt = vec_push(&plan->adopt);

		if (!split_account(scan_flow(scan), &adopt->kind, &adopt->address))
			scan_fail(scan, "names no account where one belongs");
		scan_need(scan, ", id: ");
		adopt->id = scan_flow(scan);
		scan_need(scan, ", source: ");
		adopt->source = scan_flow(scan);
		if (scan_has(scan, ", link: "))
			adopt->link = scan_flow(scan);
		scan_need(scan, "}");
		scan_end(scan);
	}
	list_starts(scan, "policy");
	while (scan_has(scan, "  - {what: ")) {
		struct plan_policy *policy = vec_push(&plan->policy);

		policy->what = scan_flow(scan);
		if (scan_has(scan, ", from: "))
			policy->from = scan_flow(scan);
		if (scan_has(scan, ", to: "))
			policy->to = scan_flow(scan);
		scan_need(scan, "}");
		scan_end(scan);
	}
}

static void read_pins(struct scan *scan, struct plan_pairs *pairs)
{
	size_t at = 0;

	do {
		struct str address = scan_key(scan);

		while (at < pairs->count && !str_eq(pairs->items[at].address, address))
			at++;
		if (at == pairs->count)
			scan_fail(scan, "says who somebody is who gets no access");
		else
			pairs->items[at].id = scan_flow(scan);
	} while (scan_has(scan, ", "));
	scan_need(scan, "}");
}

static void read_check(struct scan *scan, struct plan_change *change)
{
	if (!str_eq(scan_flow(scan), change->address))
		scan_fail(scan, "checks another account than the change at its place");
	if (scan_has(scan, ", id: "))
		change->id = scan_flow(scan);
	scan_need(scan, ", expect: ");
	change->expect = scan_flow(scan);
	if (scan_has(scan, ", delegates: {"))
		read_pins(scan, &change->delegates_add);
	if (scan_has(scan, ", links: {")) {
		do {
			struct plan_link *link = links_add(scan->arena, change);

			link->source = scan_key(scan);
			link->digest = scan_flow(scan);
			if (str_is(link->digest, "none"))
				link->digest = STR_NONE;
		} while (scan_has(scan, ", "));
		scan_need(scan, "}");
	}
	scan_need(scan, "}");
	scan_end(scan);
}

void plan_parse(struct scan *scan, struct plan *plan)
{
	read_head(scan, plan);
	read_sources(scan, plan);
	read_limits(scan, plan);
	list_starts(scan, "changes");
	while (scan_has(scan, "  - "))
		read_change(scan, vec_push(&plan->changes));
	read_people(scan, plan);
	read_records(scan, plan);
	list_starts(scan, "checks");
	for (size_t i = 0; i < plan->changes.count; i++) {
		scan_need(scan, "  - {account: ");
		read_check(scan, &plan->changes.items[i]);
	}
	if (!scan->failed && scan->line.ptr)
		scan_fail(scan, "stands behind the end of the plan");
}
