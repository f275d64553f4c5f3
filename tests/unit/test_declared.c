/* What declared files say when they are right. */
#include "declared_files.h"

#define HEAD "zsctl_accounts: 1\n"

static void check_text(const struct sym *sym, const char *expected)
{
	if (expected)
		assert_string_equal(sym_str(sym).ptr, expected);
	else
		assert_null(sym);
}

/* Addresses with their reasons, in order: "a@x (why), b@x". */
static void check_list(const struct entry *entry, const struct delegates *list,
		       const char *expected)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, "");
	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct delegate *delegate = &list->items[i];

		buf_addf(&text, "%s%s", i ? ", " : "", delegate->address->text);
		if (delegate->why)
			buf_addf(&text, " (%s)", delegate->why->text);
	}
	if (!str_is(buf_str(&text), expected))
		fail_msg("%s: '%s', not '%s'", entry->account.address->text,
			 text.ptr ? text.ptr : "", expected);
	buf_release(&text);
}

static void check_delegates(const struct entry *entry, const char *expected)
{
	check_list(entry, &entry->account.delegates, expected);
}

static void read_good(struct read_files *read, const char *pattern)
{
	struct buf found = BUF_INIT;

	read_files(read, pattern);
	add_findings(&found, &read->diags);
	if (read->result || read->diags.count)
		fail_msg("%s", found.ptr);
	buf_release(&found);
}

/* The example of the design. */
static void reads_the_example(void **state)
{
	struct read_files read;
	const struct entry *jane, *info;
	char digest[SHA256_TEXT_SIZE];

	(void)state;
	clear_work_dir();
	assert_int_equal(mkdir("accounts", 0700), 0);
	write_file("accounts/all.yaml",
		   STR("zsctl_accounts: 1\n"
		       "users:\n"
		       "  - address: Jane@example.org\n"
		       "    id: 4711                    # optional\n"
		       "    name: Jane Doe\n"
		       "    aliases: [j.doe@example.org, a.doe@example.org]\n"
		       "    delegates: [bob@example.org]\n"
		       "    mobile: \"+31612345678\"\n"
		       "    unit: Cardiology\n"
		       "    sso_key: {file: keys/jane}\n"
		       "    active: true\n"
		       "    until: 2027-01-31\n"
		       "functional:\n"
		       "  - address: info@example.org\n"
		       "    name: Information desk\n"
		       "    delegates:\n"
		       "      - jane@example.org\n"
		       "      - group:frontdesk\n"
		       "      - {address: locum@example.org, until: 2026-12-31, why: TOPdesk "
		       "W2611-0431}\n"
		       "groups:\n"
		       "  frontdesk: [jane@example.org, kim@example.org]\n"));
	read_good(&read, "accounts/*.yaml");
	assert_int_equal(read.entries.count, 2);
	jane = &read.entries.items[0];
	assert_int_equal(jane->account.kind, KIND_USER);
	assert_true(jane->account.active);
	assert_int_equal(jane->account.has, (1 << ATTR_COUNT) - 1);
	check_text(jane->account.address, "jane@example.org");
	check_text(jane->account.name, "Jane Doe");
	check_text(jane->account.mobile, "+31612345678");
	check_text(jane->account.unit, "Cardiology");
	check_text(jane->account.id, NULL);
	assert_int_equal(jane->account.aliases.count, 2);
	check_text(jane->account.aliases.items[0], "a.doe@example.org");
	check_text(jane->account.aliases.items[1], "j.doe@example.org");
	check_delegates(jane, "bob@example.org");
	assert_int_equal(jane->source, 3);
	check_text(jane->file, "accounts/all.yaml");
	assert_int_equal(jane->line, 3);
	assert_int_equal(jane->column, 5);
	assert_int_equal(jane->until, 20849);
	source_id_digest(STR("declared"), STR("4711"), digest);
	check_text(jane->id_digest, digest);
	assert_null(jane->was);
	assert_int_equal(jane->key->kind, SECRET_FILE);
	assert_true(str_is(jane->key->name, "accounts/keys/jane"));
	check_text(jane->because, "listed in accounts/all.yaml");
	assert_null(jane->inactive_because);
	assert_null(jane->held);

	info = &read.entries.items[1];
	assert_int_equal(info->account.kind, KIND_FUNCTIONAL);
	assert_int_equal(info->account.has, ATTR_ADDRESS | ATTR_NAME | ATTR_DELEGATES);
	check_delegates(info,
			"jane@example.org (group frontdesk), kim@example.org (group "
			"frontdesk), locum@example.org (TOPdesk W2611-0431, until 2026-12-31)");
	assert_int_equal(info->line, 14);
	assert_int_equal(info->until, DATE_NONE);
	assert_null(info->key);
	assert_null(info->id_digest);
	assert_ptr_equal(info->because, jane->because);
	release_files(&read);
}

/* Not given, empty and given are three things. */
static void tells_absent_from_empty(void **state)
{
	static const struct {
		const char *text;
		unsigned has;
	} cases[] = {
		{"", 0},
		{"aliases: []", ATTR_ALIASES},
		{"delegates: []", ATTR_DELEGATES},
		{"aliases: [x@example.org]", ATTR_ALIASES},
		{"mobile: +31612345678", ATTR_MOBILE},
		{"unit: /", ATTR_UNIT},
		{"unit: Legal", ATTR_UNIT},
		{"active: false", ATTR_ACTIVE},
		{"active: true", ATTR_ACTIVE},
		{"until: 2030-01-01", ATTR_ACTIVE},
		{"sso_key: {env: KEY}", ATTR_KEY},
		{"was: old@example.org", 0},
		{"id: x", 0},
	};
	struct read_files read;
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct account *account;

		buf_clear(&text);
		buf_addf(&text,
			 HEAD "users:\n  - address: jane@example.org\n    name: Jane\n    %s\n",
			 cases[i].text);
		clear_work_dir();
		write_file("a.yaml", buf_str(&text));
		read_good(&read, "a.yaml");
		account = &read.entries.items[0].account;
		assert_int_equal(account->has, ATTR_ADDRESS | ATTR_NAME | cases[i].has);
		check_text(account->unit,
			   str_is(str_of(cases[i].text), "unit: Legal") ? "Legal" : NULL);
		release_files(&read);
	}
	buf_release(&text);
}

static void applies_dates(void **state)
{
	struct read_files read;
	const struct entry *entry;

	(void)state;
	clear_work_dir();
	write_file("a.yaml",
		   STR(HEAD "users:\n"
			    "  - {address: past@example.org, name: P, until: 2026-11-19}\n"
			    "  - {address: last@example.org, name: L, until: 2026-11-20}\n"
			    "  - {address: off@example.org, name: O, active: false}\n"
			    "  - {address: both@example.org, name: B, active: false, until: "
			    "1999-01-01}\n"
			    "functional:\n"
			    "  - address: info@example.org\n"
			    "    name: Info\n"
			    "    delegates:\n"
			    "      - {address: a@example.org, until: 2026-11-19}\n"
			    "      - {address: b@example.org, until: 2026-11-20}\n"
			    "      - {address: c@example.org, until: 2026-11-19, why: over}\n"
			    "      - {address: c@example.org, until: 2026-11-21, why: again}\n"
			    "      - {group: old, until: 2000-01-01}\n"
			    "  - address: gone@example.org\n"
			    "    name: Gone\n"
			    "    delegates: [{address: a@example.org, until: 2026-11-19}]\n"));
	read_good(&read, "a.yaml");
	entry = entry_of(&read, "past@example.org");
	assert_false(entry->account.active);
	check_text(entry->inactive_because, "until 2026-11-19 has passed");
	entry = entry_of(&read, "last@example.org");
	assert_true(entry->account.active);
	assert_null(entry->inactive_because);
	assert_int_equal(entry->until, TODAY);
	entry = entry_of(&read, "off@example.org");
	assert_false(entry->account.active);
	check_text(entry->inactive_because, "active: false in a.yaml");
	entry = entry_of(&read, "both@example.org");
	check_text(entry->inactive_because, "active: false in a.yaml");
	check_delegates(entry_of(&read, "info@example.org"),
			"b@example.org (listed until 2026-11-20), c@example.org (again, until "
			"2026-11-21)");
	/* Who has more than one day, and one of them still lasts, is among both. */
	check_list(
		entry_of(&read, "info@example.org"), entry_of(&read, "info@example.org")->ended,
		"a@example.org (until 2026-11-19 has passed), c@example.org (until 2026-11-19 "
		"has passed)");
	assert_null(entry_of(&read, "past@example.org")->ended);
	entry = entry_of(&read, "gone@example.org");
	assert_true(entry->account.has & ATTR_DELEGATES);
	check_delegates(entry, "");
	release_files(&read);
}

/* Aliases become primary addresses and groups their members, wherever they are defined. */
static void resolves_across_files(void **state)
{
	struct read_files read;

	(void)state;
	clear_work_dir();
	write_file("1.yaml", STR(HEAD "functional:\n"
				      "  - address: info@example.org\n"
				      "    name: Info\n"
				      "    delegates:\n"
				      "      - j@example.org\n"
				      "      - {group: desk, why: W-1}\n"
				      "      - other@example.com\n"
				      "      - group:empty\n"
				      "      - group:night shift\n"
				      "groups:\n"
				      "  empty: []\n"));
	write_file("2.yaml", STR(HEAD "groups:\n"
				      "  desk: [J@example.org, k@example.org, X@Example.net]\n"
				      "  night shift: [kim@example.org]\n"));
	write_file("3.yaml",
		   STR(HEAD
		       "users:\n"
		       "  - {address: jane@example.org, name: Jane, aliases: [j@example.org]}\n"
		       "  - address: kim@example.org\n"
		       "    name: Kim\n"
		       "    aliases: [k@example.org]\n"
		       "    was: kim.jansen@example.org\n"
		       "    delegates: [group:desk]\n"));
	write_file(".4.yaml", STR("[broken"));
	assert_int_equal(symlink("3.yaml", "5.yaml"), 0);
	read_good(&read, "*.yaml");
	assert_int_equal(read.entries.count, 3);
	check_delegates(
		entry_of(&read, "info@example.org"),
		"jane@example.org (group desk: W-1), kim@example.org (group desk: W-1), "
		"other@example.com, x@example.net (group desk: W-1)");
	/* Kim is in the group herself. */
	check_delegates(entry_of(&read, "kim@example.org"),
			"jane@example.org (group desk), x@example.net (group desk)");
	check_text(entry_of(&read, "kim@example.org")->was, "kim.jansen@example.org");
	check_text(entry_of(&read, "kim@example.org")->because, "listed in 3.yaml");
	release_files(&read);
}

/* Sources share one list of entries, and one pool. */
static void appends_to_other_sources(void **state)
{
	struct read_files read;

	(void)state;
	clear_work_dir();
	write_file("a.yaml", STR(HEAD "users:\n  - {address: jane@example.org, name: Jane}\n"));
	write_file(
		"b.yaml",
		STR(HEAD
		    "users:\n  - {address: jane@example.org, delegates: [kim@example.org]}\n"));
	read_good(&read, "a.yaml");
	assert_int_equal(declared_read_overlay(STR("b.yaml"), STR("more"), 4, TODAY,
					       &read.names, &read.entries, &read.diags),
			 0);
	assert_int_equal(read.entries.count, 2);
	assert_int_equal(read.entries.items[1].source, 4);
	assert_int_equal(read.entries.items[1].account.has, ATTR_ADDRESS | ATTR_DELEGATES);
	assert_ptr_equal(read.entries.items[0].account.address,
			 read.entries.items[1].account.address);
	/* A source that fails leaves the others alone. */
	assert_int_equal(declared_read(STR("b.yaml"), STR("more"), 5, TODAY, &read.names,
				       &read.entries, &read.diags),
			 -1);
	assert_int_equal(read.entries.count, 2);
	release_files(&read);
}

static void describes_itself(void **state)
{
	struct buf schema = BUF_INIT;

	(void)state;
	declared_json_schema(&schema);
	assert_non_null(strstr(schema.ptr, "\"sso_key\""));
	buf_clear(&schema);
	declared_reference(&schema);
	assert_non_null(strstr(schema.ptr, "sso_key"));
	buf_release(&schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_example),
		cmocka_unit_test(tells_absent_from_empty),
		cmocka_unit_test(applies_dates),
		cmocka_unit_test(resolves_across_files),
		cmocka_unit_test(appends_to_other_sources),
		cmocka_unit_test(describes_itself),
	};

	return cmocka_run_group_tests(tests, enter_work_dir, leave_work_dir);
}
