/* The connection of a reading, and where in the directory it reads. */
#include "source_ldap_internal.h"

#include "base/log.h"
#include "base/os.h"

#include <stdlib.h>
#include <string.h>

/* --- the connection ----------------------------------------------------------------------------- */

static int open_directory(struct ldap_reading *r, struct err *err)
{
	const struct config_ldap *ldap = &r->source->ldap;
	struct secret password = SECRET_INIT;
	struct directory_settings settings = {
		.urls = ldap->urls.items,
		.url_count = ldap->urls.count,
		.ca_file = ldap->ca_file.len ? ldap->ca_file.ptr : NULL,
		.starttls = ldap->starttls,
		.bind = ldap->bind.keytab.len ? DIRECTORY_GSSAPI : DIRECTORY_SIMPLE,
		.user = ldap->bind.user,
		.password = &password,
		.keytab = ldap->bind.keytab.len ? ldap->bind.keytab.ptr : NULL,
		.connect_ms = (unsigned)ldap->connect_timeout * 1000,
		.answer_ms = (unsigned)ldap->timeout * 1000,
	};
	int result = 0;

	if (settings.bind == DIRECTORY_SIMPLE)
		result = secret_load(&ldap->bind.password, &password, err);
	if (result == 0)
		result = directory_open(&r->directory, &settings, err);
	secret_release(&password);
	return result;
}

int ldap_reading_connect(struct ldap_reading *r, struct err *err)
{
	if (open_directory(r, err) < 0)
		return -1;
	directory_watch(r->directory, os_signal_fd());
	return directory_connect(r->directory, err);
}

/* --- bases -------------------------------------------------------------------------------------- */

/* Of the root DSE (RFC 4512 §5.1); Active Directory names one of its contexts as the default. */
static int take_root(void *context, const struct directory_entry *entry, struct err *err)
{
	struct ldap_reading *r = context;
	struct values of = entry->values[0].count ? entry->values[0] : entry->values[1];

	if (of.count == 0)
		return err_set(err, ERR_FAILED,
			       "the directory does not say what it holds: write `base_dns`");
	if (of.count == 1) {
		r->naming_context = arena_str(&r->arena, of.items[0]);
		return 0;
	}
	return err_set(err, ERR_FAILED,
		       "the directory holds several bases, '%.*s' and '%.*s' among them: write "
		       "`base_dns`",
		       STR_FMT(of.items[0]), STR_FMT(of.items[1]));
}

static int find_naming_context(struct ldap_reading *r, struct err *err)
{
	const struct str attributes[] = {STR("defaultNamingContext"), STR("namingContexts")};
	const struct directory_query query = {
		.scope = DIRECTORY_SCOPE_BASE,
		.attributes = attributes,
		.attribute_count = 2,
		.entry = take_root,
		.context = r,
	};

	if (r->naming_context.len)
		return 0;
	return directory_search(r->directory, &query, err);
}

int ldap_bases(struct ldap_reading *r, const struct texts *own, const struct texts *common,
	       struct texts *out, struct err *err)
{
	*out = own->count ? *own : *common;
	if (out->count)
		return 0;
	if (find_naming_context(r, err) < 0)
		return -1;
	*out = (struct texts){&r->naming_context, 1};
	return 0;
}

/* --- searches ----------------------------------------------------------------------------------- */

/* What entries go to begins with the reading. */
static void show_progress(void *context, uint64_t entries)
{
	struct ldap_reading *r = *(struct ldap_reading *const *)context;

	r->entries_now = entries;
	log_progress("reading the directory", (size_t)(r->entries_before + entries), 0);
}

/* Parts that every domain refers to, and nobody is in. */
static bool is_without_people(struct str url)
{
	static const char *const parts[] = {"/CN=Configuration,", "/CN=Schema,",
					    "/DC=DomainDnsZones,", "/DC=ForestDnsZones,"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (memmem(url.ptr, url.len, parts[i], strlen(parts[i])))
			return true;
	}
	return false;
}

static void note_reference(void *context, struct str url)
{
	struct ldap_reading *r = *(struct ldap_reading *const *)context;

	if (!r->elsewhere.len && !is_without_people(url))
		r->elsewhere = arena_str(&r->arena, url);
}

int ldap_search(struct ldap_reading *r, const struct texts *bases,
		struct directory_query *query, struct err *err)
{
	query->scope = DIRECTORY_SCOPE_SUBTREE;
	query->page = r->source->ldap.page_size;
	query->progress = show_progress;
	query->reference = note_reference;
	for (size_t i = 0; i < bases->count; i++) {
		query->base = bases->items[i];
		if (directory_search(r->directory, query, err) < 0)
			return err_prefix(err, "'%.*s'", STR_FMT(query->base));
		r->entries_before += r->entries_now;
		r->entries_now = 0;
	}
	return 0;
}
