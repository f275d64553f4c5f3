/* `check`: connects, reads everything, and says what does not look as it should. */
#include "source_ldap_internal.h"

#include "base/os.h"
#include "fold.h"

#include <stdlib.h>

/* How often each attribute of a section had a value. */
struct tally {
	uint64_t entries;
	uint64_t *with; /* by slot */
};

struct checking {
	const struct config_source *source;
	struct tally tallies[KIND_COUNT];
	struct mapped mapped;
	struct buf *out;
	bool failed;
};

static int take_entry(void *context, const struct raw_entry *raw, struct err *err)
{
	struct checking *c = context;
	struct tally *tally = &c->tallies[raw->entry.kind];

	(void)err;
	tally->entries++;
	for (size_t slot = 0; slot < c->source->sections[raw->entry.kind].attribute_count;
	     slot++)
		tally->with[slot] += raw->entry.values[slot].count > 0;
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

static bool has_value(const struct checking *c, enum account_kind kind, struct str attribute)
{
	const struct config_section *section = &c->source->sections[kind];

	for (size_t slot = 0; slot < section->attribute_count; slot++) {
		if (fold_same(section->attributes[slot], attribute))
			return c->tallies[kind].with[slot] > 0;
	}
	return false;
}

/* What an attribute of accounts is made of is with nobody: an empty set is an opinion. */
static void report_set(struct checking *c, enum account_kind kind, enum attribute attribute)
{
	const struct texts *origins =
		&c->source->sections[kind].origins[__builtin_ctz(attribute)];
	const char *name = attribute_names[__builtin_ctz(attribute)];

	for (size_t i = 0; i < origins->count; i++) {
		/* What the source finds out itself may well be nobody. */
		if (has_value(c, kind, origins->items[i]) ||
		    fold_same(origins->items[i], STR(LDAP_MEMBERS)) ||
		    fold_same(origins->items[i], STR(LDAP_FULL_ACCESS)))
			return;
	}
	if (origins->count == 0)
		return;
	begin_line(c, "note");
	buf_addf(c->out,
		 "no %s has %.*s, so all %s count as having no %s; where these are not to "
		 "be touched, write %s: none under map\n",
		 kind == KIND_USER ? "user" : "functional account", STR_FMT(origins->items[0]),
		 kind == KIND_USER ? "of them" : "these", name, name);
}

/* Sets have a note of their own. */
static bool is_of_a_set(const struct config_section *section, struct str attribute)
{
	static const enum attribute sets[] = {ATTR_ALIASES, ATTR_DELEGATES};

	for (size_t i = 0; i < 2; i++) {
		const struct texts *origins = &section->origins[__builtin_ctz(sets[i])];

		for (size_t j = 0; j < origins->count; j++) {
			if (fold_same(origins->items[j], attribute))
				return true;
		}
	}
	return false;
}

static void report_attributes(struct checking *c, enum account_kind kind)
{
	const struct config_section *section = &c->source->sections[kind];
	const struct tally *tally = &c->tallies[kind];

	for (size_t slot = 0; slot < section->attribute_count; slot++) {
		if (tally->with[slot] || is_of_a_set(section, section->attributes[slot]))
			continue;
		begin_line(c, "note");
		buf_addf(c->out,
			 "none of %llu %s has the attribute %.*s: check its name, and that the "
			 "user may read it\n",
			 (unsigned long long)tally->entries,
			 kind == KIND_USER ? "users" : "functional accounts",
			 STR_FMT(section->attributes[slot]));
	}
	report_set(c, kind, ATTR_ALIASES);
	report_set(c, kind, ATTR_DELEGATES);
}

static void report_section(struct checking *c, enum account_kind kind)
{
	const struct config_section *section = &c->source->sections[kind];
	const char *what = kind == KIND_USER ? "users" : "functional accounts";

	if (c->tallies[kind].entries > 0) {
		report_attributes(c, kind);
		return;
	}
	begin_line(c, "FAILED");
	buf_addf(c->out,
		 "the filter of %s, %.*s, matches nothing: check it and the base, and that the "
		 "user may read there\n",
		 what, STR_FMT(section->filter));
}

/* --- accounts ------------------------------------------------------------------------------------ */

static void report_accounts(struct checking *c, const struct entries *entries)
{
	size_t counts[KIND_COUNT] = {0}, held = 0;
	const struct sym *why = NULL;

	for (size_t i = 0; i < entries->count; i++) {
		counts[entries->items[i].account.kind]++;
		held += entries->items[i].held != NULL;
		why = why ? why : entries->items[i].held;
	}
	if (held && held == entries->count) {
		begin_line(c, "FAILED");
		buf_addf(c->out, "none of %zu entries can become an account: %s\n", held,
			 why->text);
		return;
	}
	if (held) {
		begin_line(c, "note");
		buf_addf(c->out, "%zu of the entries cannot become accounts, like: %s\n", held,
			 why->text);
	}
	if (c->failed)
		return;
	begin_line(c, "ok");
	buf_addf(c->out, "%zu user%s and %zu functional account%s", counts[KIND_USER],
		 counts[KIND_USER] == 1 ? "" : "s", counts[KIND_FUNCTIONAL],
		 counts[KIND_FUNCTIONAL] == 1 ? "" : "s");
	if (c->mapped.out[KIND_USER] + c->mapped.out[KIND_FUNCTIONAL])
		buf_addf(c->out, ", %zu left out by include and exclude",
			 c->mapped.out[KIND_USER] + c->mapped.out[KIND_FUNCTIONAL]);
	buf_puts(c->out, ", in ");
}

static int check(struct checking *c, struct source *source, const struct source_input *input,
		 struct entries *entries, struct diags *diags, struct err *err)
{
	const struct source_scan scan = {.entry = take_entry, .context = c};

	mapped_begin(&c->mapped, source->config, source->index, input, entries, diags);
	if (source->ops->scan(source, input, &scan, diags, err) < 0) {
		mapped_abandon(&c->mapped);
		buf_addf(c->out, "FAILED %s\n", err->text);
		return -1;
	}
	mapped_finish(&c->mapped);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (source->config->has & 1u << kind)
			report_section(c, (enum account_kind)kind);
	}
	for (size_t i = 0; i < diags->count && i < 5; i++) {
		begin_line(c, "note");
		buf_addf(c->out, "%.*s\n", STR_FMT(diags->items[i].message));
	}
	report_accounts(c, entries);
	if (c->failed)
		return err_set(err, ERR_FAILED, "source '%.*s' is not as it should be",
			       STR_FMT(source->config->name));
	source->ops->endpoint(source, c->out);
	buf_char(c->out, '\n');
	return 0;
}

int source_ldap_check(struct source *source, struct buf *out, struct err *err)
{
	CLEANUP(sym_pool_release) struct sym_pool names = SYM_POOL_INIT;
	CLEANUP(entries_release) struct entries entries = ENTRIES_INIT;
	CLEANUP(diags_release) struct diags diags = DIAGS_INIT;
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct source_input input = {.names = &names, .today = date_of(os_now())};
	struct checking c = {.source = source->config, .out = out};

	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		c.tallies[kind].with = arena_array(
			&arena, uint64_t, source->config->sections[kind].attribute_count + 1);
	return check(&c, source, &input, &entries, &diags, err);
}
