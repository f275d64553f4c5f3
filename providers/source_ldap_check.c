/* `check`: connects, reads everything, and says what does not look as it should. */
#include "source_ldap_internal.h"

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
};

static int count_entry(void *context, const struct raw_entry *raw, struct err *err)
{
	struct checking *c = context;
	struct tally *tally = &c->tallies[raw->entry.kind];

	(void)err;
	tally->entries++;
	for (size_t slot = 0; slot < c->source->sections[raw->entry.kind].attribute_count;
	     slot++)
		tally->with[slot] += raw->entry.values[slot].count > 0;
	return 0;
}

static void report_section(const struct checking *c, enum account_kind kind, struct buf *out)
{
	static const char *const what[KIND_COUNT] = {"users", "functional accounts"};
	const struct config_section *section = &c->source->sections[kind];
	const struct tally *tally = &c->tallies[kind];

	if (tally->entries == 0) {
		buf_addf(
			out,
			"FAILED source '%.*s': the filter of %s, %.*s, matches nothing: check it "
			"and the base, and that the user may read there\n",
			STR_FMT(c->source->name), what[kind], STR_FMT(section->filter));
		return;
	}
	for (size_t slot = 0; slot < section->attribute_count; slot++) {
		if (tally->with[slot] == 0)
			buf_addf(
				out,
				"FAILED source '%.*s': none of %llu %s has the attribute %.*s: "
				"check its name, and that the user may read it; or do not map "
				"it\n",
				STR_FMT(c->source->name), (unsigned long long)tally->entries,
				what[kind], STR_FMT(section->attributes[slot]));
	}
}

int source_ldap_check(struct source *source, struct buf *out, struct err *err)
{
	CLEANUP(sym_pool_release) struct sym_pool names = SYM_POOL_INIT;
	CLEANUP(diags_release) struct diags diags = DIAGS_INIT;
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct source_input input = {.names = &names};
	struct checking c = {.source = source->config};
	const struct source_scan scan = {.entry = count_entry, .context = &c};
	size_t before = out->len;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		c.tallies[kind].with = arena_array(
			&arena, uint64_t, source->config->sections[kind].attribute_count + 1);
	if (source->ops->scan(source, &input, &scan, &diags, err) < 0) {
		buf_addf(out, "FAILED %s\n", err->text);
		return -1;
	}
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (source->config->has & 1u << kind)
			report_section(&c, (enum account_kind)kind, out);
	}
	if (out->len > before)
		return err_set(err, ERR_FAILED, "source '%.*s' is not as it should be",
			       STR_FMT(source->config->name));
	buf_addf(out, "ok source '%.*s': %llu users and %llu functional accounts in ",
		 STR_FMT(source->config->name),
		 (unsigned long long)c.tallies[KIND_USER].entries,
		 (unsigned long long)c.tallies[KIND_FUNCTIONAL].entries);
	source->ops->endpoint(source, out);
	buf_char(out, '\n');
	return 0;
}
