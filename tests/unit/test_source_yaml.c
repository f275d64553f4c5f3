#include "source_yaml.h"

#include "declared_files.h"

/* A source of one file, opened and read. */
static int read_source(unsigned manage, unsigned adds, const char *text,
		       struct entries *entries, struct err *err)
{
	CLEANUP(sym_pool_release) struct sym_pool names = SYM_POOL_INIT;
	CLEANUP(diags_release) struct diags diags = DIAGS_INIT;
	struct config_source sources[] = {
		{.name = STR("other")},
		{.name = STR("declared"),
		 .path = STR("a.yaml"),
		 .path_given = STR("a.yaml"),
		 .manage = manage,
		 .adds = adds},
	};
	const struct config config = {.sources = sources, .source_count = 2};
	const struct source_input input = {.names = &names, .today = TODAY};
	struct source *source;
	int rc;

	clear_work_dir();
	write_file("a.yaml", str_of(text));
	assert_int_equal(source_open(&source, &config, 1, err), 0);
	rc = source->ops->read(source, &input, entries, &diags, err);
	source_free(source);
	return rc;
}

static void reads_entries(void **state)
{
	static const char named[] =
		"zsctl_accounts: 1\nusers: [{address: jane@example.org, name: Jane}]\n";
	static const char nameless[] =
		"zsctl_accounts: 1\nusers: [{address: jane@example.org}]\n";
	static const struct {
		const char *text;
		unsigned manage, adds;
		int result;
	} cases[] = {
		{named, 0, 0, 0},
		{named, ATTR_NAME, 0, 0},
		{nameless, 0, 0, -1},
		{nameless, ATTR_DELEGATES, 0, 0},
		{nameless, 0, ATTR_DELEGATES, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entries entries = ENTRIES_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(read_source(cases[i].manage, cases[i].adds, cases[i].text,
					     &entries, &err),
				 cases[i].result);
		if (cases[i].result)
			assert_string_equal(err.text,
					    "source 'declared': 1 error in declared files");
		else
			assert_int_equal(entries.items[0].source, 1);
		entries_release(&entries);
	}
}

static void describes_itself(void **state)
{
	struct config_source declared = {.name = STR("declared"),
					 .path = STR("a.yaml"),
					 .path_given = STR("accounts/a.yaml")};
	const struct config config = {.sources = &declared, .source_count = 1};
	struct err err = ERR_INIT;
	struct source *source;
	struct buf out = BUF_INIT;

	(void)state;
	clear_work_dir();
	assert_int_equal(source_open(&source, &config, 0, &err), 0);
	source->ops->endpoint(source, &out);
	assert_string_equal(out.ptr, "yaml accounts/a.yaml");
	buf_clear(&out);
	assert_int_equal(source->ops->check(source, &out, &err), -1);
	assert_string_equal(out.ptr, "FAILED source 'declared': 1 error in declared files: "
				     "a.yaml: there is no such file: without declared "
				     "accounts it would look as if everybody had left\n");
	write_file("a.yaml",
		   STR("zsctl_accounts: 1\nusers: [{address: j@example.org, name: J}]\n"));
	buf_clear(&out);
	assert_int_equal(source->ops->check(source, &out, &err), 0);
	assert_string_equal(out.ptr,
			    "ok source 'declared': 1 user and 0 functional accounts in "
			    "accounts/a.yaml\n");
	source_free(source);
	source_free(NULL);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_entries),
		cmocka_unit_test(describes_itself),
	};

	return cmocka_run_group_tests(tests, enter_work_dir, leave_work_dir);
}
