#include "source_ldap_internal.h"

#include "base/log.h"

#include <stdlib.h>

/* --- reading ------------------------------------------------------------------------------------ */

/* The sections that are asked for. */
static unsigned sections_of(const struct ldap_reading *r)
{
	return r->input->keys_only ? r->source->has & 1u << KIND_USER : r->source->has;
}

static bool needs_groups(const struct ldap_reading *r)
{
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct config_section *section = &r->source->sections[kind];

		if (sections_of(r) & 1u << kind && ldap_section_needs_groups(section))
			return true;
	}
	/* Which users are functional accounts is asked in any case. */
	return ldap_claims_users(r->source) &&
	       ldap_section_has_group_rules(&r->source->sections[KIND_FUNCTIONAL]);
}

static int read_all(struct ldap_reading *r, struct err *err)
{
	if (ldap_reading_connect(r, err) < 0 ||
	    (needs_groups(r) && ldap_read_groups(r, err) < 0))
		return -1;
	/* Users first: they are whom groups have as members. */
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (sections_of(r) & 1u << kind &&
		    ldap_read_section(r, (enum account_kind)kind, err) < 0)
			return -1;
	}
	return 0;
}

static int source_ldap_scan(struct source *source, const struct source_input *input,
			    const struct source_scan *scan, struct diags *diags,
			    struct err *err)
{
	struct ldap_reading reading = {
		.source = source->config,
		.input = input,
		.scan = scan,
		.diags = diags,
		.arena = ARENA_INIT,
	};
	int result = read_all(&reading, err);

	if (result == 0 && reading.elsewhere.len)
		diag_warning(diags, source->config->name, 0, 0,
			     "a part of the directory is on another server and was not read, "
			     "%.*s: where people are in it, it needs a source of its own",
			     STR_FMT(reading.elsewhere));

	log_progress_end();
	directory_free(reading.directory);
	membership_free(reading.groups);
	ldap_rules_release(&reading.rules);
	sym_pool_release(&reading.claimed);
	arena_release(&reading.arena);
	return result ? err_prefix(err, "source '%.*s'", STR_FMT(source->config->name)) : 0;
}

static int add_entry(void *context, const struct raw_entry *raw, struct err *err)
{
	(void)err;
	mapped_add(context, &raw->entry);
	return 0;
}

static int source_ldap_read(struct source *source, const struct source_input *input,
			    struct entries *entries, struct diags *diags, struct err *err)
{
	struct mapped mapped;
	const struct source_scan scan = {.entry = add_entry, .context = &mapped};

	mapped_begin(&mapped, source->config, source->index, input, entries, diags);
	if (source_ldap_scan(source, input, &scan, diags, err) < 0) {
		mapped_abandon(&mapped);
		return -1;
	}
	mapped_finish(&mapped);
	return 0;
}

/* --- the source --------------------------------------------------------------------------------- */

static void source_ldap_endpoint(const struct source *source, struct buf *out)
{
	const struct texts *urls = &source->config->ldap.urls;

	buf_puts(out, "ldap");
	for (size_t i = 0; i < urls->count; i++)
		buf_addf(out, "%s%.*s", i ? ", " : " ", STR_FMT(urls->items[i]));
}

static void source_ldap_free(struct source *source)
{
	free(source);
}

static const struct source_ops source_ldap_ops = {
	.provider = "ldap",
	.read = source_ldap_read,
	.scan = source_ldap_scan,
	.endpoint = source_ldap_endpoint,
	.check = source_ldap_check,
	.free = source_ldap_free,
};

int source_ldap_open(struct source **source, const struct config *config, uint32_t index,
		     struct err *err)
{
	struct source *opened = mem_calloc(1, sizeof(*opened));

	(void)err;
	directory_begin();
	opened->ops = &source_ldap_ops;
	opened->config = &config->sources[index];
	opened->index = index;
	*source = opened;
	return 0;
}
