/* The directory client against slapd, which with-slapd has started. */
#include "server.h"

#include <unistd.h>

/* --- connecting --------------------------------------------------------------------------------- */

struct connecting {
	const char *label;
	const char *url; /* NULL: ldaps; "ldap": plain */
	const char *user, *password, *ca_file;
	bool starttls, anonymous;
	enum directory_failure failure;
	const char *text; /* part of the message */
};

static void test_connecting(void **state)
{
	static const struct connecting cases[] = {
		{"ldaps"},
		{"plain, loopback", "ldap"},
		{"starttls", "ldap", .starttls = true},
		{"anonymous", .anonymous = true},
		{"wrong password", .password = "wrong", .failure = DIRECTORY_CREDENTIALS,
		 .text = "the user or the password is wrong"},
		{"unknown user", .user = "CN=nobody,DC=corp,DC=example,DC=org",
		 .failure = DIRECTORY_CREDENTIALS, .text = "bind refused for CN=nobody"},
		{"no DN", .user = "CORP\\reader", .failure = DIRECTORY_CREDENTIALS,
		 .text = "distinguished names only"},
		{"unknown authority", .ca_file = "/etc/ssl/certs/ca-certificates.crt",
		 .failure = DIRECTORY_CERTIFICATE, .text = "CN=Test authority"},
		{"unknown authority by StartTLS", "ldap", .starttls = true,
		 .ca_file = "/etc/ssl/certs/ca-certificates.crt",
		 .failure = DIRECTORY_CERTIFICATE, .text = "that is not trusted here"},
		{"nothing there", "ldaps://127.0.0.1:1", .failure = DIRECTORY_REACH,
		 .text = "nothing listens there"},
		{"no such name", "ldaps://dc1.invalid", .failure = DIRECTORY_NAME,
		 .text = "the name dc1.invalid cannot be resolved"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct connecting *c = &cases[i];
		struct err err = ERR_INIT;
		struct str url = c->url && strcmp(c->url, "ldap") == 0
					 ? str_of(setting("LDAP_TEST_LDAP"))
					 : str_of(c->url);
		struct directory_settings settings = settings_for(&url);
		struct directory *directory;
		int result;

		settings.starttls = c->starttls;
		if (c->anonymous)
			settings.bind = DIRECTORY_ANONYMOUS;
		if (c->user)
			settings.user = str_of(c->user);
		if (c->password)
			secret_set(&password, str_of(c->password));
		if (c->ca_file)
			settings.ca_file = c->ca_file;
		if (directory_open(&directory, &settings, &err))
			fail_msg("%s: %s", c->label, err.text);
		result = directory_connect(directory, &err);
		if (directory_failure(directory) != c->failure)
			fail_msg("%s: %s, %s", c->label,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		assert_int_equal(result, c->failure == DIRECTORY_FINE ? 0 : -1);
		if (c->text && !strstr(err.text, c->text))
			fail_msg("%s: %s", c->label, err.text);
		if (result && !str_starts(str_of(err.text), settings.urls[0].ptr))
			fail_msg("%s does not say where: %s", c->label, err.text);
		directory_free(directory);
	}
}

/* The certificate is for 127.0.0.1 and localhost, not for other addresses of this host. */
static void test_wrong_name(void **state)
{
	static const struct {
		const char *host, *text;
	} cases[] = {
		{"localhost", NULL},
		{"127.0.0.2", "not for 127.0.0.2 but for: dc1.corp.example.org, localhost, "
			      "127.0.0.1. Write one of its names"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct str url;
		struct directory_settings settings;
		struct directory *directory;
		int result;

		snprintf(text, sizeof(text), "ldaps://%s%s/", cases[i].host,
			 strrchr(setting("LDAP_TEST_LDAPS"), ':'));
		url = str_of(text);
		settings = settings_for(&url);
		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		result = directory_connect(directory, &err);
		if (cases[i].text) {
			assert_int_equal(result, -1);
			assert_int_equal(directory_failure(directory), DIRECTORY_CERTIFICATE);
			if (!strstr(err.text, cases[i].text))
				fail_msg("%s", err.text);
		} else if (result) {
			fail_msg("%s", err.text);
		}
		directory_free(directory);
	}
}

static void test_several_urls(void **state)
{
	struct err err = ERR_INIT;
	struct str none = STR_NONE;
	struct directory_settings settings = settings_for(&none);
	const struct str urls[] = {STR("ldaps://dc1.invalid"), STR("ldap://127.0.0.1:1"), none,
				   STR("ldaps://dc3.invalid")};
	struct directory *directory;

	(void)state;
	settings.urls = urls;
	settings.url_count = 4;
	assert_int_equal(directory_open(&directory, &settings, &err), 0);
	assert_int_equal(directory_connect(directory, &err), 0);
	assert_true(str_eq(directory_url(directory), none));
	directory_free(directory);

	settings.url_count = 2;
	assert_int_equal(directory_open(&directory, &settings, &err), 0);
	assert_int_equal(directory_connect(directory, &err), -1);
	assert_int_equal(err.class, ERR_UNREACHABLE);
	assert_non_null(strstr(err.text, "ldaps://dc1.invalid: the name"));
	assert_non_null(strstr(err.text, "; ldap://127.0.0.1:1: cannot connect"));
	directory_free(directory);

	/* Refused credentials are not tried elsewhere: accounts get locked by that. */
	settings.urls = (const struct str[]){none, STR("ldaps://dc1.invalid")};
	settings.url_count = 2;
	secret_set(&password, STR("wrong"));
	assert_int_equal(directory_open(&directory, &settings, &err), 0);
	assert_int_equal(directory_connect(directory, &err), -1);
	assert_int_equal(err.class, ERR_FAILED);
	assert_null(strstr(err.text, "dc1.invalid"));
	directory_free(directory);
}

/* --- reading ------------------------------------------------------------------------------------ */

static void test_pages(void **state)
{
	static const unsigned sizes[] = {1000, 1, 7, 999, 100};
	struct directory *directory = open_connected();
	const struct str attributes[] = {STR("mail"), STR("1.1")};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct err err = ERR_INIT;
		struct seen seen = {.entries = 0};
		const struct directory_query query = {
			.base = below("OU=People,"),
			.scope = DIRECTORY_SCOPE_SUBTREE,
			.filter = sizes[i] == 1 ? STR("(cn=p000*)") : STR("(objectClass=user)"),
			.attributes = attributes,
			.attribute_count = 1,
			.page = sizes[i],
			.entry = see,
			.progress = see_progress,
			.context = &seen,
		};

		if (directory_search(directory, &query, &err))
			fail_msg("%s", err.text);
		assert_int_equal(seen.entries, sizes[i] == 1 ? 10 : 2500);
		assert_int_equal(seen.progress, seen.entries);
		buf_release(&seen.text);
	}
	directory_free(directory);
}

static void test_values(void **state)
{
	const struct str attributes[] = {STR("DESCRIPTION"), STR("objectGUID"),
					 STR("displayName"), STR("telephoneNumber")};
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	struct seen seen = {.entries = 0};
	struct directory_query query = {
		.base = below("OU=Odd,"),
		.scope = DIRECTORY_SCOPE_ONE,
		.attributes = attributes,
		.attribute_count = 4,
		.page = 100,
		.entry = see,
		.context = &seen,
	};

	(void)state;
	assert_int_equal(directory_search(directory, &query, &err), 0);
	assert_string_equal(
		seen.text.ptr,
		"cn=Doe\\2C Jane \\22JD\\22 #1,ou=Odd,dc=corp,dc=example,dc=org\n"
		"DESCRIPTION=a\nDESCRIPTION=b\nDESCRIPTION=c\n"
		"objectGUID=<U+0000><U+0001><U+0002><U+0003><U+0004><U+0005><U+0006><U+0007><U+0008><U+0009>"
		"<U+000A><U+000B><U+000C><U+000D><U+000E><U+000F>\n"
		"displayName=Jörg Çelik 山田\n"
		"cn=nul,ou=Odd,dc=corp,dc=example,dc=org\n"
		"objectGUID=<U+0000><U+0000><U+0000><U+0000><U+0000><U+0000><U+0000><U+0000><U+0000><U+0000>"
		"<U+0000><U+0000><U+0000><U+0000><U+0000><U+0000>\n");
	/* All that it gives. */
	buf_clear(&seen.text);
	query.attribute_count = 0;
	query.filter = STR("(cn=nul)");
	assert_int_equal(directory_search(directory, &query, &err), 0);
	assert_non_null(strstr(seen.text.ptr, "objectClass=user\n"));
	assert_non_null(strstr(seen.text.ptr, "cn=nul\n"));
	buf_release(&seen.text);
	directory_free(directory);
}

static void test_binary_filter(void **state)
{
	const struct str none[] = {STR("1.1")};
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	struct seen seen = {.entries = 0};
	struct directory_query query = {
		.base = below(""),
		.scope = DIRECTORY_SCOPE_SUBTREE,
		.filter = STR(
			"(objectGUID=\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00)"),
		.attributes = none,
		.attribute_count = 1,
		.entry = see,
		.context = &seen,
	};

	(void)state;
	assert_int_equal(directory_search(directory, &query, &err), 0);
	assert_string_equal(seen.text.ptr, "cn=nul,ou=Odd,dc=corp,dc=example,dc=org\n");
	query.filter = STR("(cn=Doe, Jane \"JD\" #1)");
	assert_int_equal(directory_search(directory, &query, &err), 0);
	assert_int_equal(seen.entries, 2);
	buf_release(&seen.text);
	directory_free(directory);
}

struct refused {
	const char *label, *base, *filter;
	unsigned page;
	uint64_t most;
	unsigned refuse_at;
	enum directory_failure failure;
	const char *text;
	bool usable; /* the connection afterwards */
};

static void test_refused(void **state)
{
	static const struct refused cases[] = {
		{"size limit", "OU=People,", NULL, 0, .failure = DIRECTORY_SIZE_LIMIT,
		 .text = "no more entries than so many", .usable = true},
		{"larger pages than allowed", "OU=People,", NULL, 2000,
		 .failure = DIRECTORY_ADMIN_LIMIT, .text = "page_size", .usable = true},
		{"no base", "OU=Nowhere,", NULL, 100, .failure = DIRECTORY_BASE,
		 .text = "there is no such entry", .usable = true},
		{"no DN", "nothing", NULL, 100, .failure = DIRECTORY_BASE,
		 .text = "no distinguished name", .usable = true},
		{"no rights", "OU=Secret,", NULL, 100, .failure = DIRECTORY_BASE,
		 .text = "the user may not see it", .usable = true},
		{"open filter", "", "(&(cn=a)", 100, .failure = DIRECTORY_FILTER,
		 .text = "a ')' is missing", .usable = true},
		{"no filter", "", "(cn", 100, .failure = DIRECTORY_FILTER, .text = "malformed",
		 .usable = true},
		{"not quite a filter", "", "(|(cn=a))b)", 100, .failure = DIRECTORY_FILTER,
		 .text = "malformed", .usable = true},
		{"bound", "OU=People,", NULL, 100, .most = 2499, .failure = DIRECTORY_TOO_LARGE,
		 .text = "more than 2499 entries"},
		{"the caller's own", "OU=People,", NULL, 100, .refuse_at = 150,
		 .failure = DIRECTORY_SINK, .text = "enough"},
	};
	struct directory *directory = open_connected();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct refused *c = &cases[i];
		struct err err = ERR_INIT;
		struct seen seen = {.refuse_at = c->refuse_at};
		const struct directory_query root = {
			.scope = DIRECTORY_SCOPE_BASE, .entry = see, .context = &seen};
		struct directory_query query = {
			.base = below(c->base),
			.scope = DIRECTORY_SCOPE_SUBTREE,
			.filter = str_of(c->filter),
			.page = c->page,
			.entries_most = c->most,
			.entry = see,
			.context = &seen,
		};

		assert_int_equal(directory_search(directory, &query, &err), -1);
		if (directory_failure(directory) != c->failure || !strstr(err.text, c->text))
			fail_msg("%s: %s, %s", c->label,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		assert_true(str_starts(str_of(err.text), setting("LDAP_TEST_LDAPS")));
		seen.refuse_at = 0;
		assert_int_equal(directory_search(directory, &root, &err), c->usable ? 0 : -1);
		if (!c->usable)
			assert_int_equal(directory_connect(directory, &err), 0);
		buf_release(&seen.text);
	}
	directory_free(directory);
}

/* libldap goes through filters by calling itself. */
static void test_deep_filter(void **state)
{
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	struct buf filter = BUF_INIT;
	struct seen seen = {.entries = 0};
	struct directory_query query = {.base = below(""), .entry = see, .context = &seen};

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_puts(&filter, "(!");
	buf_puts(&filter, "(cn=a)");
	for (int i = 0; i < 10000; i++)
		buf_puts(&filter, ")");
	query.filter = buf_str(&filter);
	assert_int_equal(directory_search(directory, &query, &err), -1);
	assert_int_equal(directory_failure(directory), DIRECTORY_FILTER);
	buf_release(&filter);
	directory_free(directory);
}

/* --- bad days: proxy.py ------------------------------------------------------------------------- */

struct bad_day {
	const char *server;
	enum directory_failure failure;
	const char *text;
};

static void test_bad_days(void **state)
{
	static const struct bad_day cases[] = {
		{"LDAP_TEST_CUT", DIRECTORY_BROKEN, "the connection broke off"},
		{"LDAP_TEST_COOKIE", DIRECTORY_PAGING, "does not go on after page 1"},
		{"LDAP_TEST_FORGETS", DIRECTORY_PAGING, "does not go on after page 2"},
		{"LDAP_TEST_LIMIT", DIRECTORY_SIZE_LIMIT, "no more entries than so many"},
		{"LDAP_TEST_UNPAGED", DIRECTORY_PAGING, "ignores the request for pages"},
		{"LDAP_TEST_ENDLESS", DIRECTORY_PAGING, "does not go on after page 3"},
		{"LDAP_TEST_AGAIN", DIRECTORY_PAGING, "begins anew with page 2"},
		{"LDAP_TEST_GARBAGE", DIRECTORY_BROKEN, "sends is no LDAP"},
		{"LDAP_TEST_HUGE", DIRECTORY_BROKEN, "more than 256 MiB"},
		{"LDAP_TEST_SILENT", DIRECTORY_TIMEOUT, "no answer within 500 ms"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct str url = str_of(setting(cases[i].server));
		struct directory_settings settings = settings_for(&url);
		struct seen seen = {.entries = 0};
		const struct directory_query query = {.base = below("OU=People,"),
						      .scope = DIRECTORY_SCOPE_SUBTREE,
						      .page = 1000,
						      .entry = see,
						      .context = &seen};
		struct directory *directory;

		/* Long enough for a page, and the test is to end. */
		settings.answer_ms = cases[i].failure == DIRECTORY_TIMEOUT ? 500 : 20000;
		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		if (directory_connect(directory, &err))
			fail_msg("%s: %s", cases[i].server, err.text);
		assert_int_equal(directory_search(directory, &query, &err), -1);
		if (directory_failure(directory) != cases[i].failure ||
		    !strstr(err.text, cases[i].text))
			fail_msg("%s: %s: %s", cases[i].server,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		/* Nothing comes back by itself: it would be without credentials. */
		if (cases[i].failure != DIRECTORY_SIZE_LIMIT) {
			assert_int_equal(directory_search(directory, &query, &err), -1);
			assert_non_null(strstr(err.text, "not connected"));
		}
		buf_release(&seen.text);
		directory_free(directory);
	}
}

static int add_counts(void *context, const struct directory_entry *entry, struct err *err)
{
	(void)err;
	for (size_t i = 1; i < entry->values[0].count; i++)
		assert_true(str_cmp(entry->values[0].items[i - 1], entry->values[0].items[i]) <
			    0);
	buf_addf(context, " %zu", entry->values[0].count);
	return 0;
}

static void test_ranges(void **state)
{
	static const struct {
		const char *server, *counts; /* NULL: fails */
	} cases[] = {
		/* In the order in which they are complete. */
		{"LDAP_TEST_LDAP", " 3 200 1234"},
		{"LDAP_TEST_RANGES", " 3 200 1234"},
		{"LDAP_TEST_CHANGING", " 3 200 1234"},
		{"LDAP_TEST_CHANGED", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct str attributes[] = {STR("MEMBER")};
		struct err err = ERR_INIT;
		struct str url = str_of(setting(cases[i].server));
		struct directory_settings settings = settings_for(&url);
		struct buf counts = BUF_INIT;
		const struct directory_query query = {.base = below("OU=Groups,"),
						      .scope = DIRECTORY_SCOPE_ONE,
						      .attributes = attributes,
						      .attribute_count = 1,
						      .page = 2,
						      .entry = add_counts,
						      .context = &counts};
		struct directory *directory;

		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		assert_int_equal(directory_connect(directory, &err), 0);
		if (cases[i].counts) {
			if (directory_search(directory, &query, &err))
				fail_msg("%s: %s", cases[i].server, err.text);
			assert_string_equal(counts.ptr, cases[i].counts);
		} else {
			assert_int_equal(directory_search(directory, &query, &err), -1);
			assert_int_equal(directory_failure(directory), DIRECTORY_CHANGED);
		}
		buf_release(&counts);
		directory_free(directory);
	}
}

/* Messages of many records, with the last ones here before the first ones are used up. */
static void test_large_entries(void **state)
{
	const struct str attributes[] = {STR("member")};
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	struct buf counts = BUF_INIT;
	const struct directory_query query = {.base = below("CN=huge,CN=Users,"),
					      .attributes = attributes,
					      .attribute_count = 1,
					      .entry = add_counts,
					      .context = &counts};

	(void)state;
	for (int i = 0; i < 30; i++) {
		if (directory_search(directory, &query, &err))
			fail_msg("%s", err.text);
		assert_string_equal(counts.ptr, " 20000");
		buf_clear(&counts);
	}
	buf_release(&counts);
	directory_free(directory);
}

static void test_stopped(void **state)
{
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	struct seen seen = {.entries = 0};
	const struct directory_query query = {.base = below("OU=People,"),
					      .scope = DIRECTORY_SCOPE_SUBTREE,
					      .page = 100,
					      .entry = see,
					      .context = &seen};
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	directory_watch(directory, pair[0]);
	assert_int_equal(directory_search(directory, &query, &err), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(directory_search(directory, &query, &err), -1);
	assert_int_equal(directory_failure(directory), DIRECTORY_STOPPED);
	close(pair[0]);
	close(pair[1]);
	buf_release(&seen.text);
	directory_free(directory);
}

/* What this host says of LDAP does not count. */
static void test_environment(void **state)
{
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	struct seen seen = {.entries = 0};
	const struct directory_query query = {.base = below("OU=People,"),
					      .scope = DIRECTORY_SCOPE_SUBTREE,
					      .page = 1000,
					      .entry = see,
					      .context = &seen};

	(void)state;
	assert_null(getenv("LDAPNOINIT"));
	if (directory_search(directory, &query, &err))
		fail_msg("%s", err.text);
	assert_int_equal(seen.entries, 2501);
	buf_release(&seen.text);
	directory_free(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),   cmocka_unit_test(test_connecting),
		cmocka_unit_test(test_wrong_name),    cmocka_unit_test(test_several_urls),
		cmocka_unit_test(test_pages),         cmocka_unit_test(test_values),
		cmocka_unit_test(test_binary_filter), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_deep_filter),   cmocka_unit_test(test_bad_days),
		cmocka_unit_test(test_ranges),        cmocka_unit_test(test_large_entries),
		cmocka_unit_test(test_stopped),
	};
	struct err err = ERR_INIT;
	int failed;

	/* Would make every search end at ten entries, and trust anybody. */
	setenv("LDAPSIZELIMIT", "10", 1);
	setenv("LDAPTLS_REQCERT", "never", 1);
	if (base_init(&err))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	secret_release(&password);
	return failed;
}
