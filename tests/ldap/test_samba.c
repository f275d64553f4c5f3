/* The directory client against a domain controller, which with-samba has started. */
#include "server.h"

struct binding {
	const char *label, *user, *password, *url; /* NULL: right, and ldaps */
	bool starttls;
	enum directory_failure failure;
	const char *text;
};

static void test_binds(void **state)
{
	static const struct binding cases[] = {
		{"domain", "CORP\\reader"},
		{"principal name", "reader@corp.example.org"},
		{"distinguished name", "CN=reader,CN=Users,DC=corp,DC=example,DC=org"},
		{"StartTLS", "CORP\\reader", NULL, "ldap", true},
		{"no TLS", "CORP\\reader", NULL, "ldap", false, DIRECTORY_CREDENTIALS,
		 "takes credentials over TLS only: use ldaps://"},
		{"wrong password", "CORP\\reader", "wrong", .failure = DIRECTORY_CREDENTIALS,
		 .text = "the user or the password is wrong"},
		{"nobody", "CORP\\nobody", .failure = DIRECTORY_CREDENTIALS,
		 .text = "the user or the password is wrong"},
		{"530", "CORP\\u_530", .failure = DIRECTORY_CREDENTIALS,
		 .text = "not log on at this hour"},
		{"531", "CORP\\u_531", .failure = DIRECTORY_CREDENTIALS,
		 .text = "not log on from this machine"},
		{"532", "CORP\\u_532", .failure = DIRECTORY_CREDENTIALS,
		 .text = "password has expired"},
		{"533", "CORP\\u_533", .failure = DIRECTORY_CREDENTIALS, .text = "is disabled"},
		{"701", "CORP\\u_701", .failure = DIRECTORY_CREDENTIALS,
		 .text = "account has expired"},
		{"773", "CORP\\u_773", .failure = DIRECTORY_CREDENTIALS,
		 .text = "must change the password"},
		{"775", "CORP\\u_775", .failure = DIRECTORY_CREDENTIALS,
		 .text = "is locked out"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct binding *c = &cases[i];
		struct err err = ERR_INIT;
		struct str url = c->url ? str_of(setting("LDAP_TEST_LDAP")) : STR_NONE;
		struct directory_settings settings = settings_for(&url);
		struct directory *directory;
		int result;

		settings.starttls = c->starttls;
		settings.user = str_of(c->user);
		if (c->password)
			secret_set(&password, str_of(c->password));
		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		result = directory_connect(directory, &err);
		if (directory_failure(directory) != c->failure ||
		    (c->text && !strstr(err.text, c->text)))
			fail_msg("%s: %s: %s", c->label,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		assert_int_equal(result, c->failure ? -1 : 0);
		/* The code stays to be looked up. */
		if (c->label[0] >= '5' && c->label[0] <= '7' && !strstr(err.text, c->label))
			fail_msg("%s: %s", c->label, err.text);
		assert_null(strstr(err.text, setting("LDAP_TEST_PASSWORD")));
		directory_free(directory);
	}
}

static void test_kerberos(void **state)
{
	static const struct {
		const char *label, *user;
		bool plain, starttls;
		const char *text;
	} cases[] = {
		{"ldaps", ""},
		{"named", "reader@CORP.EXAMPLE.ORG"},
		{"StartTLS", "", true, true},
		{"not in the keytab", "other@CORP.EXAMPLE.ORG", .text = "Kerberos: no ticket"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct seen seen = {.entries = 0};
		char text[64];
		struct str url;
		struct directory_settings settings;
		struct directory *directory;
		const struct directory_query query = {
			.base = below("CN=reader,CN=Users,"), .entry = see, .context = &seen};

		/* Tickets are for names, not for addresses. */
		snprintf(text, sizeof(text), "%s://localhost%s",
			 cases[i].plain ? "ldap" : "ldaps",
			 strrchr(setting(cases[i].plain ? "LDAP_TEST_LDAP" : "LDAP_TEST_LDAPS"),
				 ':'));
		url = str_of(text);
		settings = settings_for(&url);
		settings.bind = DIRECTORY_GSSAPI;
		settings.user = str_of(cases[i].user);
		settings.keytab = setting("LDAP_TEST_KEYTAB");
		settings.password = NULL;
		settings.starttls = cases[i].starttls;
		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		if (cases[i].text) {
			assert_int_equal(directory_connect(directory, &err), -1);
			if (!strstr(err.text, cases[i].text))
				fail_msg("%s: %s", cases[i].label, err.text);
			assert_int_equal(directory_failure(directory), DIRECTORY_CREDENTIALS);
		} else if (directory_connect(directory, &err) ||
			   directory_search(directory, &query, &err)) {
			fail_msg("%s: %s", cases[i].label, err.text);
		} else {
			assert_int_equal(seen.entries, 1);
		}
		buf_release(&seen.text);
		directory_free(directory);
	}
}

/* References to the other parts of the forest are not followed, and no failure. */
static void count_reference(void *context, struct str url)
{
	struct seen *seen = context;

	assert_true(str_starts(url, "ldap"));
	seen->progress++;
}

static void test_pages(void **state)
{
	const struct str none[] = {STR("1.1")};
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	struct seen seen = {.entries = 0};
	const struct directory_query query = {
		.base = below(""),
		.scope = DIRECTORY_SCOPE_SUBTREE,
		.filter = STR("(objectClass=contact)"),
		.attributes = none,
		.attribute_count = 1,
		.page = 1000,
		.entry = see,
		.reference = count_reference,
		.context = &seen,
	};

	(void)state;
	if (directory_search(directory, &query, &err))
		fail_msg("%s", err.text);
	assert_int_equal(seen.entries, 3200);
	assert_true(seen.progress > 0);
	buf_release(&seen.text);
	directory_free(directory);
}

static int count_members(void *context, const struct directory_entry *entry, struct err *err)
{
	size_t *count = context;

	(void)err;
	for (size_t i = 1; i < entry->values[0].count; i++)
		assert_true(str_cmp(entry->values[0].items[i - 1], entry->values[0].items[i]) <
			    0);
	*count = entry->values[0].count;
	return 0;
}

static void test_many_members(void **state)
{
	const struct str attribute = STR("member");
	struct directory *directory = open_connected();
	struct err err = ERR_INIT;
	size_t count = 0;
	const struct directory_query query = {
		.base = below(""),
		.scope = DIRECTORY_SCOPE_SUBTREE,
		.filter = STR("(sAMAccountName=Everyone)"),
		.attributes = &attribute,
		.attribute_count = 1,
		.page = 10,
		.entry = count_members,
		.context = &count,
	};

	(void)state;
	if (directory_search(directory, &query, &err))
		fail_msg("%s", err.text);
	assert_int_equal(count, 3200);
	directory_free(directory);
}

static void test_refused(void **state)
{
	static const struct {
		const char *label, *base, *filter;
		enum directory_failure failure;
	} cases[] = {
		{"no base", "OU=Nowhere,", NULL, DIRECTORY_BASE},
		{"another domain", "DC=other,", NULL, DIRECTORY_BASE},
		{"no DN", "nothing", NULL, DIRECTORY_BASE},
	};
	struct directory *directory = open_connected();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct seen seen = {.entries = 0};
		const struct directory_query query = {
			.base = below(cases[i].base),
			.scope = DIRECTORY_SCOPE_SUBTREE,
			.filter = str_of(cases[i].filter),
			.page = 100,
			.entry = see,
			.context = &seen,
		};

		assert_int_equal(directory_search(directory, &query, &err), -1);
		if (directory_failure(directory) != cases[i].failure)
			fail_msg("%s: %s: %s", cases[i].label,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		buf_release(&seen.text);
	}
	directory_free(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binds),   cmocka_unit_test(test_kerberos),
		cmocka_unit_test(test_pages),   cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_refused),
	};
	struct err err = ERR_INIT;
	int failed;

	if (base_init(&err))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	secret_release(&password);
	return failed;
}
