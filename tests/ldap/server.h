/*
 * What tests of the directory client share: where the server is that with-slapd or with-samba has started,
 * and what was read.
 */
#ifndef ZSCTL_TEST_LDAP_SERVER_H
#define ZSCTL_TEST_LDAP_SERVER_H

#include "directory.h"

#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set: run it by tests/ldap/with-slapd", name);
	return value;
}

static struct secret password;

/* Simple bind over ldaps as the reader; `url` NULL: that of slapd. */
static struct directory_settings settings_for(struct str *url)
{
	if (!url->ptr)
		*url = str_of(setting("LDAP_TEST_LDAPS"));
	secret_set(&password, str_of(setting("LDAP_TEST_PASSWORD")));
	return (struct directory_settings){
		.urls = url,
		.url_count = 1,
		.ca_file = setting("LDAP_TEST_CA"),
		.bind = DIRECTORY_SIMPLE,
		.user = str_of(setting("LDAP_TEST_USER")),
		.password = &password,
		.connect_ms = 5000,
		.answer_ms = 20000,
	};
}

__attribute__((unused)) static struct directory *open_connected(void)
{
	struct err err = ERR_INIT;
	struct str url = STR_NONE;
	const struct directory_settings settings = settings_for(&url);
	struct directory *directory;

	assert_int_equal(directory_open(&directory, &settings, &err), 0);
	if (directory_connect(directory, &err))
		fail_msg("%s", err.text);
	return directory;
}

/* --- what was read, as lines "attribute=value" ------------------------------------------------- */

struct seen {
	struct buf text;
	uint64_t entries, progress;
	unsigned refuse_at; /* 0: never */
};

static int see(void *context, const struct directory_entry *entry, struct err *err)
{
	struct seen *seen = context;

	if (++seen->entries == seen->refuse_at)
		return err_set(err, ERR_FAILED, "enough");
	if (seen->entries > 20)
		return 0;
	buf_addf(&seen->text, "%.*s\n", STR_FMT(entry->dn));
	for (size_t i = 0; i < entry->count; i++) {
		for (size_t j = 0; j < entry->values[i].count; j++) {
			buf_addf(&seen->text, "%.*s=", STR_FMT(entry->names[i]));
			buf_add_visible(&seen->text, entry->values[i].items[j], false);
			buf_char(&seen->text, '\n');
		}
	}
	return 0;
}

__attribute__((unused)) static void see_progress(void *context, uint64_t entries)
{
	struct seen *seen = context;

	assert_true(entries >= seen->progress);
	seen->progress = entries;
}

__attribute__((unused)) static struct str below(const char *rdn)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s%s", rdn, setting("LDAP_TEST_BASE"));
	return str_of(text);
}

#endif
