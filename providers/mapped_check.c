#include "mapped_check.h"

#include "base/os.h"
#include "fold.h"

enum { FINDINGS_SHOWN = 5 };

/* How often each attribute of a section had a value. */
struct tally {
	uint64_t entries;
	uint64_t *with; /* by slot */
};

struct checking {
	const struct mapped_check *check;
	const struct config_source *source;
	struct tally tallies[KIND_COUNT];
	struct mapped mapped;
	struct buf *out;
	bool failed;
};

static const char *const nouns[KIND_COUNT] = {"user", "functional account"};

static bool is_blank(const struct values *values)
{
	size_t i = 0;

	while (i < values->count && str_trim(values->items[i]).len == 0)
		i++;
	return i == values->count;
}

static int take_entry(void *context, const struct raw_entry *raw, struct err *err)
{
	struct checking *c = context;
	struct tally *tally = &c->tallies[raw->entry.kind];

	(void)err;
	tally->entries++;
	for (size_t slot = 0; slot < c->source->sections[raw->entry.kind].attribute_count;
	     slot++)
		tally->with[slot] += !is_blank(&raw->entry.values[slot]);
	mapped_add(&c->mapped, &raw->entry);
	return 0;
}

/* "note source 'ad': ", or FAILED. */
static void begin_line(struct checking *c, const char *word)
{
	buf_addf(c->out, "%s source '%.*s': ", word, STR_FMT(c->source->name));
	c->failed = c->failed || word[0] == 'F';
}

/* --- attributes that are not there ------------------------------------------------------------- */

static bool is_among(const struct texts *texts, struct str attribute)
{
	size_t i = 0;

	while (i < texts->count && !fold_same(texts->items[i], attribute))
		i++;
	return i < texts->count;
}

static bool has_value(const struct checking *c, enum account_kind kind, struct str attribute)
{
	const struct config_section *section = &c->source->sections[kind];

	for (size_t slot = 0; slot < section->attribute_count; slot++) {
		if (fold_same(section->attributes[slot], attribute))
			return c->tallies[kind].with[slot] > 0;
	}
	return false;
}

static bool is_own(const struct checking *c, const struct config_section *section,
		   struct str attribute)
{
	return c->check->is_own && c->check->is_own(section, attribute);
}

/* What an attribute of accounts is made of is with nobody: an empty set is an opinion. */
static void report_set(struct checking *c, enum account_kind kind, enum attribute attribute)
{
	const struct config_section *section = &c->source->sections[kind];
	const struct texts *origins = &section->origins[__builtin_ctz(attribute)];
	const char *name = attribute_names[__builtin_ctz(attribute)];

	if (origins->count == 0 || !(config_source_maps(c->source, kind) & attribute))
		return;
	for (size_t i = 0; i < origins->count; i++) {
		if (has_value(c, kind, origins->items[i]) ||
		    is_own(c, section, origins->items[i]))
			return;
	}
	begin_line(c, "note");
	buf_addf(c->out, "no %s has ", nouns[kind]);
	for (size_t i = 0; i < origins->count; i++)
		buf_addf(c->out, "%s%.*s", i ? " or " : "", STR_FMT(origins->items[i]));
	buf_addf(c->out,
		 ", so all of them count as having no %s; where these are not to be touched, "
		 "write %s: none under map\n",
		 name, name);
}

/* What is only for attributes that this source does not decide is no matter here; sets have a note of their
 * own. What is for no attribute is for rules, or an id. */
static bool is_reported(const struct checking *c, enum account_kind kind, struct str attribute)
{
	const struct config_section *section = &c->source->sections[kind];
	const unsigned maps = config_source_maps(c->source, kind);
	unsigned is_for = 0;

	for (unsigned bit = 0; bit < ATTR_COUNT; bit++)
		is_for |= is_among(&section->origins[bit], attribute) ? 1u << bit : 0;
	if (is_for & (ATTR_ALIASES | ATTR_DELEGATES))
		return false;
	return is_for == 0 || is_for & maps;
}

static void report_attributes(struct checking *c, enum account_kind kind)
{
	const struct config_section *section = &c->source->sections[kind];
	const struct tally *tally = &c->tallies[kind];

	for (size_t slot = 0; slot < section->attribute_count; slot++) {
		if (tally->with[slot] || !is_reported(c, kind, section->attributes[slot]))
			continue;
		begin_line(c, "note");
		buf_addf(c->out, "no %s of %llu has %s %.*s: %s\n", nouns[kind],
			 (unsigned long long)tally->entries, c->check->named,
			 STR_FMT(section->attributes[slot]), c->check->cure);
	}
	report_set(c, kind, ATTR_ALIASES);
	report_set(c, kind, ATTR_DELEGATES);
}

static void report_section(struct checking *c, enum account_kind kind)
{
	struct buf why = BUF_INIT;

	if (c->tallies[kind].entries > 0) {
		report_attributes(c, kind);
		return;
	}
	begin_line(c, c->check->explain_nothing(c->source, kind, &why) ? "FAILED" : "note");
	buf_addf(c->out, "%s\n", why.ptr);
	buf_release(&why);
}

/* --- accounts ------------------------------------------------------------------------------------ */

static void report_findings(struct checking *c, const struct diags *diags)
{
	for (size_t i = 0; i < diags->count && i < FINDINGS_SHOWN; i++) {
		const struct diag *diag = &diags->items[i];

		begin_line(c, "note");
		if (diag->line)
			buf_addf(c->out, "%.*s:%u: ", STR_FMT(diag->file), diag->line);
		buf_addf(c->out, "%.*s\n", STR_FMT(diag->message));
	}
	if (diags->count <= FINDINGS_SHOWN)
		return;
	begin_line(c, "note");
	buf_addf(c->out, "%zu more of these; 'zsctl list source %.*s' shows them\n",
		 diags->count - FINDINGS_SHOWN, STR_FMT(c->source->name));
}

static void report_counts(struct checking *c, const size_t counts[KIND_COUNT])
{
	const size_t out = c->mapped.out[KIND_USER] + c->mapped.out[KIND_FUNCTIONAL];

	begin_line(c, "ok");
	buf_addf(c->out, "%zu user%s and %zu functional account%s", counts[KIND_USER],
		 counts[KIND_USER] == 1 ? "" : "s", counts[KIND_FUNCTIONAL],
		 counts[KIND_FUNCTIONAL] == 1 ? "" : "s");
	if (out)
		buf_addf(c->out, ", %zu left out by include and exclude", out);
	buf_puts(c->out, ", in ");
}

/* False when none of them can be one. */
static bool report_held(struct checking *c, const struct entries *entries)
{
	const struct sym *why = NULL;
	size_t held = 0;

	for (size_t i = 0; i < entries->count; i++) {
		held += entries->items[i].held != NULL;
		why = why ? why : entries->items[i].held;
	}
	if (!held)
		return true;
	begin_line(c, held == entries->count ? "FAILED" : "note");
	if (held == entries->count)
		buf_addf(c->out, "none of %zu %s can become an account: %s\n", held,
			 held == 1 ? "entry" : "entries", why->text);
	else
		buf_addf(c->out, "%zu of the entries cannot become %s, like: %s\n", held,
			 held == 1 ? "an account" : "accounts", why->text);
	return held < entries->count;
}

static int run(struct checking *c, struct source *source, const struct source_input *input,
	       struct entries *entries, struct diags *diags, struct err *err)
{
	const struct source_scan scan = {.entry = take_entry, .context = c};
	size_t counts[KIND_COUNT] = {0};

	mapped_begin(&c->mapped, source->config, source->index, input, entries, diags);
	if (source->ops->scan(source, input, &scan, diags, err) < 0) {
		mapped_abandon(&c->mapped);
		buf_addf(c->out, "FAILED %s", err->text);
		if (diags->errors) {
			buf_puts(c->out, ": ");
			diags_summary(diags, c->out);
		}
		buf_char(c->out, '\n');
		return -1;
	}
	mapped_finish(&c->mapped);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (source->config->has & 1u << kind)
			report_section(c, (enum account_kind)kind);
	}
	report_findings(c, diags);
	if (c->check->remark)
		c->check->remark(c->source, c->out);
	if (!report_held(c, entries) || c->failed)
		return err_set(err, ERR_FAILED, "source '%.*s' is not as it should be",
			       STR_FMT(source->config->name));
	for (size_t i = 0; i < entries->count; i++)
		counts[entries->items[i].account.kind]++;
	report_counts(c, counts);
	source->ops->endpoint(source, c->out);
	buf_char(c->out, '\n');
	return 0;
}

int mapped_check(struct source *source, const struct mapped_check *check, struct buf *out,
		 struct err *err)
{
	CLEANUP(sym_pool_release) struct sym_pool names = SYM_POOL_INIT;
	CLEANUP(entries_release) struct entries entries = ENTRIES_INIT;
	CLEANUP(diags_release) struct diags diags = DIAGS_INIT;
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct source_input input = {.names = &names, .today = date_of(os_now())};
	struct checking c = {.check = check, .source = source->config, .out = out};

	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		c.tallies[kind].with = arena_array(
			&arena, uint64_t, source->config->sections[kind].attribute_count + 1);
	return run(&c, source, &input, &entries, &diags, err);
}
