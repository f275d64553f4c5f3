/* Why one entry of a source is an account, or is not. */
#include "fold.h"
#include "source_view_internal.h"

struct explaining {
	struct view view;
	struct mapped mapped;
	struct entries entries; /* of one entry at a time */
	struct diags warnings;  /* likewise */
	struct arena scratch;
	struct str address;
	size_t found;
};

static bool is_about(const struct explaining *e, const struct raw_entry *raw,
		     const struct entry *entry)
{
	if (str_eq(sym_str(entry->account.address), e->address))
		return true;
	for (uint32_t i = 0; i < entry->account.aliases.count; i++) {
		if (str_eq(sym_str(entry->account.aliases.items[i]), e->address))
			return true;
	}
	for (size_t i = 0; i < raw->count; i++) {
		for (size_t j = 0; j < raw->values[i].count; j++) {
			if (fold_same(str_trim(raw->values[i].items[j]), e->address))
				return true;
		}
	}
	return false;
}

/* "Department is 'care' or 'cure'" for each rule. */
static void add_rules(const struct config_rule *rules, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? "; " : "");
		filter_describe(&rules[i], out);
	}
}

/* True when it is in. */
static bool add_verdict(struct explaining *e, const struct mapped_entry *entry)
{
	const struct config_section *section = &e->view.config->sections[entry->kind];
	const struct filter_entry filtered = {entry->values, entry->member_of, entry->context};
	const struct filter_verdict verdict = filter_judge(section, &filtered, &e->scratch);
	struct buf *out = &e->view.out;

	buf_puts(out, verdict.in ? "  in: " : "  out: ");
	if (verdict.rule) {
		buf_puts(out, verdict.in ? "by include, " : "by exclude, ");
		filter_describe(verdict.rule, out);
	} else if (verdict.in) {
		buf_puts(out, section->exclude_count ? "no rule of exclude holds"
						     : "there are no rules");
	} else {
		buf_puts(out, "none of include holds: ");
		add_rules(section->include, section->include_count, out);
	}
	buf_char(out, '\n');
	return verdict.in;
}

static void add_str(struct buf *out, const char *name, struct str text)
{
	buf_puts(out, name);
	buf_add_visible(out, text, false);
}

static void add_text(struct buf *out, const char *name, const struct sym *text)
{
	if (text)
		add_str(out, name, sym_str(text));
}

static void add_account(const struct entry *entry, struct buf *out)
{
	const struct account *account = &entry->account;

	buf_addf(out, "  is: %s ", kind_names[account->kind]);
	add_text(out, "", account->address);
	add_text(out, ", name ", account->name);
	add_text(out, ", mobile ", account->mobile);
	add_text(out, ", unit ", account->unit);
	for (uint32_t i = 0; i < account->aliases.count; i++)
		add_text(out, ", alias ", account->aliases.items[i]);
	for (uint32_t i = 0; i < account->delegates.count; i++)
		add_str(out, ", delegate ", mapped_named(account->delegates.items[i].address));
	buf_puts(out, entry->key ? ", an account key" : "");
	buf_puts(out, entry->id_digest ? ", an id" : "");
	if (!account->active)
		add_text(out, "; inactive: ", entry->inactive_because);
	buf_char(out, '\n');
	if (!entry->held)
		return;
	add_text(out, "  held: ", entry->held);
	buf_char(out, '\n');
}

static void add_warnings(const struct diags *warnings, struct buf *out)
{
	for (size_t i = 0; i < warnings->count; i++) {
		buf_puts(out, "  warning: ");
		buf_add_visible(out, warnings->items[i].message, false);
		buf_char(out, '\n');
	}
}

static int explain_entry(void *context, const struct raw_entry *raw, struct err *err)
{
	struct explaining *e = context;
	const struct entry *entry;

	/* Whether it is in is asked only of those that are looked for. */
	mapped_add(&e->mapped, &raw->entry);
	entry = &e->entries.items[e->entries.count - 1];
	if (is_about(e, raw, entry)) {
		e->found++;
		view_add_entry(&e->view, raw);
		if (add_verdict(e, &raw->entry)) {
			add_account(entry, &e->view.out);
			add_warnings(&e->warnings, &e->view.out);
		}
	}
	diags_release(&e->warnings);
	e->mapped.warnings = 0;
	e->entries.count--;
	arena_reset(&e->entries.arena);
	arena_wipe(&e->entries.keys);
	arena_reset(&e->scratch);
	return view_flush(&e->view, VIEW_FLUSH_AT, err);
}

int source_view_explain(struct source *source, const struct source_input *input,
			struct str address, struct diags *diags, struct err *err)
{
	struct explaining e = {.view = {.config = source->config},
			       .entries = ENTRIES_INIT,
			       .warnings = DIAGS_INIT,
			       .address = address};
	const struct source_scan scan = {.entry = explain_entry, .context = &e};
	int failed;

	mapped_begin(&e.mapped, source->config, source->index, input, &e.entries, &e.warnings);
	e.mapped.unfiltered = true;
	failed = view_scan(source, input, &scan, diags, err);
	mapped_abandon(&e.mapped);
	if (!failed && !e.found)
		buf_addf(
			&e.view.out,
			"no entry of source '%.*s' has %.*s, neither as its address or an alias "
			"nor in an attribute that is read\n",
			STR_FMT(source->config->name), STR_FMT(address));
	if (!failed)
		failed = view_flush(&e.view, 1, err);
	buf_release(&e.view.out);
	entries_release(&e.entries);
	arena_release(&e.scratch);
	return failed;
}
