/*
 * The one spelling of a plan. Lines are written one entry at a time, so that plan_read() can compare
 * a plan of any size with its bytes without holding it twice.
 */
#include "base/os.h"
#include "plan_text.h"

#include <inttypes.h>

struct writer {
	struct buf *out;
	struct buf scratch; /* text that is put together */
	bool comparing;
	bool differs;
	struct str expected; /* what is still to come, of the bytes compared with */
};

/* Between entries: compares what was written since the last call. False: nothing more is wanted. */
static bool entry_end(struct writer *w)
{
	struct str ours = buf_str(w->out);

	if (!w->comparing || w->differs)
		return !w->differs;
	if (ours.len > w->expected.len || memcmp(ours.ptr, w->expected.ptr, ours.len) != 0) {
		w->differs = true;
		return false;
	}
	w->expected.ptr += ours.len;
	w->expected.len -= ours.len;
	buf_clear(w->out);
	return true;
}

/* --- block context ------------------------------------------------------------------------ */

static void add_line(struct writer *w, const char *before, struct str text)
{
	buf_puts(w->out, before);
	yaml_add_text(w->out, text);
	buf_char(w->out, '\n');
}

/* Nothing when there is no text. */
static void add_given(struct writer *w, const char *before, struct str text)
{
	if (text.len > 0)
		add_line(w, before, text);
}

static void add_items(struct writer *w, const char *before, const struct strs *list)
{
	for (size_t i = 0; i < list->count; i++)
		add_line(w, before, list->items[i]);
}

/* "user kim@example.org", valid until the scratch is used again. */
static struct str join_account(struct writer *w, enum account_kind kind, struct str address)
{
	buf_clear(&w->scratch);
	buf_puts(&w->scratch, kind_names[kind]);
	buf_char(&w->scratch, ' ');
	buf_add(&w->scratch, address);
	return buf_str(&w->scratch);
}

static void add_account(struct writer *w, const char *before, enum account_kind kind,
			struct str address)
{
	add_line(w, before, join_account(w, kind, address));
}

static void add_list_start(struct writer *w, const char *key, size_t count)
{
	buf_addf(w->out, "%s:%s\n", key, count ? "" : " []");
}

/* --- flow context ------------------------------------------------------------------------- */

/* `before` holds the separator and the key: ", id: ". */
static void add_flow(struct writer *w, const char *before, struct str text)
{
	buf_puts(w->out, before);
	yaml_add_text_flow(w->out, text);
}

static void add_flow_given(struct writer *w, const char *before, struct str text)
{
	if (text.len > 0)
		add_flow(w, before, text);
}

static void add_number(struct writer *w, const char *before, uint64_t number)
{
	buf_addf(w->out, "%s%" PRIu64, before, number);
}

static void add_number_given(struct writer *w, const char *before, uint64_t number)
{
	if (number > 0)
		add_number(w, before, number);
}

static void add_flow_list(struct writer *w, const struct strs *list)
{
	buf_char(w->out, '[');
	for (size_t i = 0; i < list->count; i++)
		add_flow(w, i ? ", " : "", list->items[i]);
	buf_char(w->out, ']');
}

/* --- the head ----------------------------------------------------------------------------- */

static void write_options(struct writer *w, const struct plan_options *options)
{
	const struct {
		const char *key;
		const struct strs *list;
		struct str text;
	} fields[] = {
		{"allow", &options->allow, STR_NONE},
		{"exclude", &options->exclude, STR_NONE},
		{"include", &options->include, STR_NONE},
		{"only", &options->only, STR_NONE},
		{"same_person", &options->same_person, STR_NONE},
		{"delete", NULL, options->delete_},
		{"suspended_for", NULL, options->suspended_for},
		{"refresh_keys", NULL, options->refresh_keys},
		{"undo", NULL, options->undo},
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].list ? fields[i].list->count == 0 : fields[i].text.len == 0)
			continue;
		buf_addf(w->out, "%s%s: ", first ? "options: {" : ", ", fields[i].key);
		first = false;
		if (fields[i].list)
			add_flow_list(w, fields[i].list);
		else
			yaml_add_text_flow(w->out, fields[i].text);
	}
	if (options->policy_only) {
		buf_puts(w->out, first ? "options: {policy_only: true" : ", policy_only: true");
		first = false;
	}
	if (!first)
		buf_puts(w->out, "}\n");
}

static void write_head(struct writer *w, const struct plan *plan)
{
	char created[TIME_TEXT_SIZE], expires[TIME_TEXT_SIZE];

	buf_puts(w->out, "# ");
	yaml_add_text(w->out, plan->organization);
	buf_puts(w->out, ": ");
	plan_summary(plan, w->out);
	buf_addf(w->out, "\nzsctl_plan: %d\n", PLAN_VERSION);
	add_line(w, "id: ", plan->id);
	add_line(w, "organization: ", plan->organization);
	add_line(w, "author: ", plan->author);
	add_given(w, "reason: ", plan->reason);
	time_text(plan->created, created);
	time_text(plan->expires, expires);
	buf_addf(w->out, "created: %s\nexpires: %s\n", created, expires);
	add_flow(w, "config: {digest: ", plan->config_digest);
	add_flow(w, ", policy: ", plan->policy_digest);
	add_flow_given(w, ", commit: ", plan->config_commit);
	if (plan->config_changed.count > 0) {
		buf_puts(w->out, ", changed: ");
		add_flow_list(w, &plan->config_changed);
	}
	buf_puts(w->out, "}\n");
	write_options(w, &plan->options);
	add_line(w, "base: ", plan->base.len ? plan->base : STR("none"));
}

static bool has_scheme(struct str endpoint)
{
	return endpoint.len >= 3 && memmem(endpoint.ptr, endpoint.len, "://", 3) != NULL;
}

static void write_target(struct writer *w, const struct plan *plan)
{
	add_flow(w, "target: {provider: ", plan->target_provider);
	add_flow(w, has_scheme(plan->target_endpoint) ? ", url: " : ", path: ",
		 plan->target_endpoint);
	add_number(w, ", users: ", plan->target_users);
	add_number(w, ", functional: ", plan->target_functional);
	buf_puts(w->out, "}\n");
}

static void write_sources(struct writer *w, const struct plan *plan)
{
	add_list_start(w, "sources", plan->sources.count);
	for (size_t i = 0; i < plan->sources.count; i++) {
		const struct plan_source *source = &plan->sources.items[i];

		add_flow(w, "  - {name: ", source->name);
		add_number(w, ", users: ", source->users);
		add_number(w, ", functional: ", source->functional);
		add_number(w, ", delegations: ", source->delegations);
		if (source->known) {
			add_number(w, ", before: ", source->before);
			if (source->before_delegations != source->delegations)
				add_number(w, ", before_delegations: ",
					   source->before_delegations);
		}
		buf_puts(w->out, "}\n");
	}
	add_number(w, "counts: {unchanged: ", plan->counts.unchanged);
	add_number_given(w, ", unmanaged: ", plan->counts.unmanaged);
	add_number_given(w, ", left_out: ", plan->counts.left_out);
	add_number_given(w, ", protected: ", plan->counts.protected_);
	add_number_given(w, ", inactive: ", plan->counts.inactive);
	buf_puts(w->out, "}\n");
}

static void write_limits(struct writer *w, const struct plan *plan)
{
	add_list_start(w, "limits", plan->limits.count);
	for (size_t i = 0; i < plan->limits.count; i++) {
		const struct plan_limit *limit = &plan->limits.items[i];
		char text[LIMIT_TEXT_SIZE];

		limit_text(limit->limit, text);
		add_flow(w, "  - {rule: ", limit->rule);
		buf_addf(w->out, ", limit: %s", text);
		add_number(w, ", planned: ", limit->planned);
		add_number(w, ", of: ", limit->of);
		if (limit->overridden)
			add_number(w, ", allow: ", limit->allowed);
		buf_puts(w->out, "}\n");
	}
	if (plan->refused.count > 0) {
		buf_puts(w->out, "refused:\n");
		add_items(w, "  - ", &plan->refused);
	}
	add_number(w, "requests: {writes: ", plan->writes);
	add_number(w, ", seconds_at_least: ", plan->seconds_at_least);
	buf_puts(w->out, "}\n");
}

/* --- changes ------------------------------------------------------------------------------ */

/* "Kim Jansen; exo: group cardio-secr@example.org" */
static void add_pair(struct writer *w, const struct plan_pair *pair)
{
	buf_puts(w->out, "        ");
	yaml_add_text(w->out, pair->address);
	buf_clear(&w->scratch);
	buf_add(&w->scratch, pair->who.len ? pair->who : STR("no name"));
	for (size_t i = 0; i < w->scratch.len; i++)
		if (w->scratch.ptr[i] == ';')
			w->scratch.ptr[i] = ',';
	if (pair->why.len > 0) {
		buf_puts(&w->scratch, "; ");
		buf_add(&w->scratch, pair->why);
	}
	add_line(w, ": ", buf_str(&w->scratch));
}

static void write_pairs(struct writer *w, const char *before, const struct plan_pairs *pairs)
{
	if (pairs->count > 0)
		buf_puts(w->out, before);
	for (size_t i = 0; i < pairs->count; i++)
		add_pair(w, &pairs->items[i]);
}

static void write_scalar(struct writer *w, const struct plan_change *change, const char *key,
			 const struct plan_scalar *scalar)
{
	if (!scalar->set)
		return;
	if (change->action == ACTION_CREATE) {
		if (scalar->to.len > 0) {
			buf_addf(w->out, "    %s", key);
			add_line(w, ": ", scalar->to);
		}
		return;
	}
	buf_addf(w->out, "    %s: {", key);
	add_flow_given(w, "from: ", scalar->from);
	add_flow_given(w, scalar->from.len ? ", to: " : "to: ", scalar->to);
	buf_puts(w->out, "}\n");
}

/* A create lists; the others say what comes and goes. */
static void write_create_sets(struct writer *w, const struct plan_change *change)
{
	const struct plan_pairs *delegates = &change->delegates_add;
	const char *why = "    why:\n";

	if (change->aliases_add.count > 0)
		buf_puts(w->out, "    aliases:\n");
	add_items(w, "      - ", &change->aliases_add);
	if (delegates->count > 0)
		buf_puts(w->out, "    delegates:\n");
	for (size_t i = 0; i < delegates->count; i++)
		add_line(w, "      - ", delegates->items[i].address);
	for (size_t i = 0; i < delegates->count; i++) {
		if (delegates->items[i].why.len == 0)
			continue;
		buf_puts(w->out, why);
		why = "";
		buf_puts(w->out, "      ");
		yaml_add_text(w->out, delegates->items[i].address);
		add_line(w, ": ", delegates->items[i].why);
	}
}

static void write_sets(struct writer *w, const struct plan_change *change)
{
	if (change->action == ACTION_CREATE) {
		write_create_sets(w, change);
		return;
	}
	if (change->aliases_add.count + change->aliases_remove.count > 0)
		buf_puts(w->out, "    aliases:\n");
	if (change->aliases_add.count > 0)
		buf_puts(w->out, "      add:\n");
	add_items(w, "        - ", &change->aliases_add);
	if (change->aliases_remove.count > 0)
		buf_puts(w->out, "      remove:\n");
	add_items(w, "        - ", &change->aliases_remove);
	if (change->delegates_add.count + change->delegates_remove.count > 0)
		buf_puts(w->out, "    delegates:\n");
	write_pairs(w, "      add:\n", &change->delegates_add);
	write_pairs(w, "      remove:\n", &change->delegates_remove);
}

static void write_change(struct writer *w, const struct plan_change *change)
{
	buf_addf(w->out, "  - %s", action_names[change->action]);
	add_account(w, ": ", change->kind, change->address);
	add_given(w, "    who: ", change->who);
	if (change->loses.count > 0)
		buf_puts(w->out, "    loses:\n");
	add_items(w, "      - ", &change->loses);
	if (change->reads.count > 0)
		buf_puts(w->out, "    reads:\n");
	add_items(w, "      - ", &change->reads);
	write_scalar(w, change, "address", &change->rename);
	write_scalar(w, change, "name", &change->name);
	write_scalar(w, change, "mobile", &change->mobile);
	write_scalar(w, change, "unit", &change->unit);
	write_sets(w, change);
	if (str_is(change->key, "lost")) {
		buf_puts(w->out, "    sso_key: lost\n");
	} else if (change->key.len > 0) {
		add_flow(w, "    sso_key: {sent: ", change->key);
		buf_puts(w->out, "}\n");
	}
	add_given(w, "    because: ", change->because);
}

/* --- the rest ----------------------------------------------------------------------------- */

static void write_people(struct writer *w, const struct plan *plan)
{
	add_list_start(w, "manual", plan->manual.count);
	for (size_t i = 0; i < plan->manual.count && entry_end(w); i++) {
		const struct plan_manual *manual = &plan->manual.items[i];

		add_line(w, "  - account: ", manual->account);
		add_line(w, "    problem: ", manual->problem);
		add_line(w, "    do: ", manual->todo);
	}
	if (plan->held.count > 0)
		buf_puts(w->out, "held:\n");
	for (size_t i = 0; i < plan->held.count && entry_end(w); i++) {
		const struct plan_held *held = &plan->held.items[i];

		add_line(w, "  - account: ", held->account);
		add_line(w, "    source: ", held->source);
		add_line(w, "    problem: ", held->problem);
	}
	if (plan->warnings.count > 0)
		buf_puts(w->out, "warnings:\n");
	add_items(w, "  - ", &plan->warnings);
}

static void write_adoptions(struct writer *w, const struct plan *plan)
{
	add_list_start(w, "adopt", plan->adopt.count);
	for (size_t i = 0; i < plan->adopt.count && entry_end(w); i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		add_flow(w, "  - {account: ", join_account(w, adopt->kind, adopt->address));
		add_flow(w, ", id: ", adopt->id);
		add_flow(w, ", source: ", adopt->source);
		add_flow_given(w, ", link: ", adopt->link);
		buf_puts(w->out, "}\n");
	}
}

static void write_policy(struct writer *w, const struct plan *plan)
{
	add_list_start(w, "policy", plan->policy.count);
	for (size_t i = 0; i < plan->policy.count && entry_end(w); i++) {
		const struct plan_policy *policy = &plan->policy.items[i];

		add_flow(w, "  - {what: ", policy->what);
		add_flow_given(w, ", from: ", policy->from);
		add_flow_given(w, ", to: ", policy->to);
		buf_puts(w->out, "}\n");
	}
}

/* Who the added delegates are. */
static void write_pins(struct writer *w, const struct plan_pairs *pairs)
{
	const char *before = ", delegates: {";

	for (size_t i = 0; i < pairs->count; i++) {
		if (pairs->items[i].id.len == 0)
			continue;
		add_flow(w, before, pairs->items[i].address);
		add_flow(w, ": ", pairs->items[i].id);
		before = ", ";
	}
	if (before[2] == '\0')
		buf_char(w->out, '}');
}

static void write_checks(struct writer *w, const struct plan *plan)
{
	add_list_start(w, "checks", plan->changes.count);
	for (size_t i = 0; i < plan->changes.count && entry_end(w); i++) {
		const struct plan_change *change = &plan->changes.items[i];

		add_flow(w, "  - {account: ", change->address);
		add_flow_given(w, ", id: ", change->id);
		add_flow(w, ", expect: ", change->expect);
		write_pins(w, &change->delegates_add);
		for (size_t j = 0; j < change->link_count; j++) {
			add_flow(w, j ? ", " : ", links: {", change->links[j].source);
			add_flow(w, ": ",
				 change->links[j].digest.len ? change->links[j].digest
							     : STR("none"));
		}
		buf_puts(w->out, change->link_count ? "}}\n" : "}\n");
	}
}

static void write_all(struct writer *w, const struct plan *plan)
{
	write_head(w, plan);
	write_target(w, plan);
	write_sources(w, plan);
	write_limits(w, plan);
	add_list_start(w, "changes", plan->changes.count);
	for (size_t i = 0; i < plan->changes.count && entry_end(w); i++)
		write_change(w, &plan->changes.items[i]);
	write_people(w, plan);
	write_adoptions(w, plan);
	write_policy(w, plan);
	write_checks(w, plan);
	entry_end(w);
	buf_release(&w->scratch);
}

void plan_write(struct plan *plan, struct buf *out)
{
	struct writer w = {.out = out, .scratch = BUF_INIT};
	size_t start = out->len;
	struct str bytes;

	write_all(&w, plan);
	bytes = buf_str(out);
	sha256_text((struct str){bytes.ptr + start, bytes.len - start}, plan->digest);
}

bool plan_spells(const struct plan *plan, struct str bytes, size_t *line, struct buf *ours)
{
	struct buf piece = BUF_INIT;
	struct writer w = {
		.out = &piece, .scratch = BUF_INIT, .comparing = true, .expected = bytes};
	struct str rest, got, wanted;

	write_all(&w, plan);
	if (w.differs || w.expected.len > 0) {
		/* The difference is in `piece`, which begins where a line does. */
		*line = 1;
		for (const char *at = bytes.ptr; at < w.expected.ptr; at++)
			*line += *at == '\n';
		rest = buf_str(&piece);
		while (str_split(&rest, '\n', &wanted) && str_split(&w.expected, '\n', &got) &&
		       str_eq(wanted, got))
			++*line;
		buf_add(ours, wanted);
		buf_release(&piece);
		return false;
	}
	buf_release(&piece);
	return true;
}
