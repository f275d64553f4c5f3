/* What is wrong in declared files: each with its exact place and words. */
#include "declared_files.h"

#define HEAD "zsctl_accounts: 1\n"
#define JANE "  - address: jane@example.org\n    name: Jane Doe\n"
#define KIM "  - address: kim@example.org\n    name: Kim Jansen\n"
#define INFO "  - address: info@example.org\n    name: Information desk\n"

static const struct {
	const char *a, *b; /* a.yaml and, when given, b.yaml */
	const char *findings;
} cases[] = {
	/* --- the file as a whole --- */
	{"", NULL,
	 "a.yaml:1:1: error: 'zsctl_accounts: 1' is missing: a file of declared accounts begins "
	 "with it\n"},
	{"# nothing yet\n", NULL,
	 "a.yaml:1:1: error: 'zsctl_accounts: 1' is missing: a file of declared accounts begins "
	 "with it\n"},
	{"users:\n" JANE, NULL,
	 "a.yaml:1:1: error: 'zsctl_accounts: 1' is missing: a file of declared accounts begins "
	 "with it\n"},
	{"zsctl_accounts: 2\n", NULL,
	 "a.yaml:1:17: error: this file has format 2, which is newer than this zsctl (it knows "
	 "format 1); use a newer zsctl\n"},
	{"zsctl_accounts: one\n", NULL,
	 "a.yaml:1:17: error: expected the format's number: write zsctl_accounts: 1\n"},
	{HEAD "user:\n" JANE, NULL,
	 "a.yaml:2:1: error: 'user' is not known here; did you mean 'users'?\n"},
	{HEAD "people: []\n", NULL,
	 "a.yaml:2:1: error: 'people' is not known here; a file of declared accounts can have: "
	 "zsctl_accounts, users, functional, groups\n"},
	{HEAD "users:\n", NULL,
	 "a.yaml:2:7: error: 'users' has no value; write one, or leave the line out ([] is the "
	 "empty list)\n"},
	{HEAD "users: jane@example.org\n", NULL,
	 "a.yaml:2:8: error: expected a list of users, found a text; put it in [ ]\n"},
	{HEAD "users: {address: jane@example.org}\n", NULL,
	 "a.yaml:2:8: error: expected a list of users, found a map\n"},
	{HEAD "users:\n" JANE "users:\n" KIM, NULL,
	 "a.yaml:5:1: error: 'users' is given twice; the first is in line 2\n"},
	{"- address: jane@example.org\n", NULL,
	 "a.yaml:1:1: error: expected keys at the top of the file, found a list\n"},

	/* --- entries --- */
	{HEAD "users:\n  - jane@example.org\n", NULL,
	 "a.yaml:3:5: error: expected a user as a map of keys, found a text\n"},
	{HEAD "users:\n  -\n", NULL,
	 "a.yaml:3:4: error: there is nothing here; write its keys, or leave the line out\n"},
	{HEAD "users:\n  - name: Jane Doe\n", NULL,
	 "a.yaml:3:5: error: 'address' is missing: a user needs it\n"},
	{HEAD "users:\n  - address: jane@example.org\n", NULL,
	 "a.yaml:3:5: error: 'name' is missing: no account can be created without one\n"},
	{HEAD "users:\n  - address: jane@example.org\n    name:\n", NULL,
	 "a.yaml:4:10: error: 'name' has no value; write one, or leave the line out\n"},
	{HEAD "users:\n  - address: jane@example.org\n    name: \"Jane\\nDoe\"\n", NULL,
	 "a.yaml:4:11: error: the text has the control character U+000A in it; it must be one "
	 "line of plain text\n"},
	{HEAD "users:\n" JANE "    delegatse: [kim@example.org]\n", NULL,
	 "a.yaml:5:5: error: 'delegatse' is not known here; did you mean 'delegates'?\n"},
	{HEAD "users:\n" JANE "    colour: red\n", NULL,
	 "a.yaml:5:5: error: 'colour' is not known here; a user can have: address, id, was, name, "
	 "aliases, delegates, mobile, unit, sso_key, active, until\n"},
	{HEAD "users:\n" JANE "    name: Jane Smith\n", NULL,
	 "a.yaml:5:5: error: 'name' is given twice; the first is in line 4\n"},
	{HEAD "users:\n  - address: jane\n    name: Jane Doe\n", NULL,
	 "a.yaml:3:14: error: 'jane' cannot be an address: has no @\n"},
	{HEAD "users:\n  - address: jane@exam ple.org\n    name: Jane Doe\n", NULL,
	 "a.yaml:3:14: error: 'jane@exam ple.org' cannot be an address: the domain 'exam ple.org' "
	 "has a blank\n"},
	{HEAD "users:\n  - address: [jane@example.org]\n    name: Jane Doe\n", NULL,
	 "a.yaml:3:14: error: expected an e-mail address, found a list\n"},
	{HEAD "users:\n  - address: group:frontdesk\n    name: Jane Doe\n", NULL,
	 "a.yaml:3:14: error: 'group:frontdesk': a group can only stand in a list of delegates\n"},
	{HEAD "users:\n" JANE "    mobile: 0612345678\n", NULL,
	 "a.yaml:5:13: error: '0612345678' is no mobile number in E.164 form: + and 7 to 15 "
	 "digits, country code first, as in \"+31612345678\"\n"},
	{HEAD "users:\n" JANE "    mobile: \"+31 6 12345678\"\n", NULL,
	 "a.yaml:5:13: error: '+31 6 12345678' is no mobile number in E.164 form: + and 7 to 15 "
	 "digits, country code first, as in \"+31612345678\"\n"},
	{HEAD "users:\n" JANE "    active: yes\n", NULL,
	 "a.yaml:5:13: error: expected true or false, found 'yes'; write true\n"},
	{HEAD "users:\n" JANE "    until: 31-01-2027\n", NULL,
	 "a.yaml:5:12: error: expected a date like 2026-12-31, found '31-01-2027'\n"},
	{HEAD "users:\n" JANE "    until: 2027-02-29\n", NULL,
	 "a.yaml:5:12: error: expected a date like 2026-12-31, found '2027-02-29'\n"},
	{HEAD "users:\n" JANE "    sso_key: hunter2\n", NULL,
	 "a.yaml:5:14: error: a secret is never written here: use {env: NAME}, {file: PATH} or "
	 "{credential: NAME}\n"},
	{HEAD "users:\n" JANE "    unit: \"\"\n", NULL,
	 "a.yaml:5:11: error: 'unit' is empty; write a value, or leave it out\n"},
	{HEAD "users:\n" JANE "    id: [4711]\n", NULL,
	 "a.yaml:5:9: error: expected a text, found a list\n"},
	{HEAD "functional:\n" INFO "    mobile: \"+31612345678\"\n    sso_key: {env: KEY}\n",
	 NULL,
	 "a.yaml:5:5: error: a functional account does not sign in: it has no 'mobile'\n"
	 "a.yaml:6:5: error: a functional account does not sign in: it has no 'sso_key'\n"},

	/* --- addresses that clash --- */
	{HEAD "users:\n" JANE JANE, NULL,
	 "a.yaml:5:14: error: jane@example.org is already listed (a.yaml:3:5); one account is one "
	 "entry\n"},
	{HEAD "users:\n" JANE, HEAD "users:\n  - address: JANE@Example.org\n    name: Jane\n",
	 "b.yaml:3:14: error: jane@example.org is already listed (a.yaml:3:5); one account is one "
	 "entry\n"},
	{HEAD "users:\n" JANE
	      "functional:\n  - address: jane@example.org\n    name: Information desk\n",
	 NULL,
	 "a.yaml:6:14: error: jane@example.org is already a user (a.yaml:3:5); an account is "
	 "either a user or functional\n"},
	{HEAD "functional:\n" INFO "users:\n  - address: info@example.org\n    name: Info\n",
	 NULL,
	 "a.yaml:6:14: error: info@example.org is already a functional account (a.yaml:3:5); an "
	 "account is either a user or functional\n"},
	{HEAD "users:\n" JANE KIM "    aliases: [k@example.org, jane@example.org]\n", NULL,
	 "a.yaml:7:30: error: jane@example.org is an account of its own (a.yaml:3:5); an address "
	 "belongs to one account\n"},
	{HEAD "users:\n" JANE "    aliases:\n      - kim@example.org\n", HEAD "users:\n" KIM,
	 "b.yaml:3:14: error: kim@example.org is already an alias of jane@example.org "
	 "(a.yaml:3:5); an address belongs to one account\n"},
	{HEAD "users:\n" JANE "    aliases: [x@example.org]\n" KIM
	      "    aliases: [x@example.org]\n",
	 NULL,
	 "a.yaml:8:15: error: x@example.org is already an alias of jane@example.org "
	 "(a.yaml:3:5); an address belongs to one account\n"},
	{HEAD "users:\n" JANE "    aliases: jane.doe@example.org\n", NULL,
	 "a.yaml:5:14: error: expected a list of addresses, found a text; put it in [ ]\n"},
	{HEAD "users:\n" JANE "    aliases: [jane.doe, {x: y}, ]\n", NULL,
	 "a.yaml:5:15: error: 'jane.doe' cannot be an address: has no @\n"
	 "a.yaml:5:25: error: expected an e-mail address, found a map\n"},
	{HEAD "users:\n" JANE "    aliases: [jane@example.org]\n", NULL,
	 "a.yaml:5:15: warning: jane@example.org is the account's own address and needs no "
	 "alias\n"},
	{HEAD "users:\n" JANE "    aliases: [j@example.org, J@EXAMPLE.ORG]\n", NULL,
	 "a.yaml:5:30: warning: j@example.org is listed twice\n"},
	{HEAD "users:\n" JANE "  - address: jаne@example.org\n    name: Jane Doe\n", NULL,
	 "a.yaml:5:5: warning: jаne@example.org looks like jane@example.org (a.yaml:3:5); are "
	 "these two accounts?\n"},
	{HEAD "users:\n" JANE "    aliases: [k1m@example.org]\n" KIM, NULL,
	 "a.yaml:3:5: warning: k1m@example.org looks like kim@example.org (a.yaml:6:5); are these "
	 "two accounts?\n"},

	/* --- ids and earlier addresses --- */
	{HEAD "users:\n" JANE "    id: 4711\n" KIM "    id: \"4711\"\n", NULL,
	 "a.yaml:8:9: error: the id '4711' is already that of jane@example.org (a.yaml:3:5)\n"},
	{HEAD "users:\n" JANE "    was: jane@example.org\n", NULL,
	 "a.yaml:5:10: error: 'was' is the address that the account has; remove the line once the "
	 "change is done\n"},
	{HEAD "users:\n" JANE "    was: kim@example.org\n" KIM, NULL,
	 "a.yaml:5:10: error: 'was' is the address of another account (a.yaml:6:5)\n"},
	{HEAD "users:\n" JANE "    was: x@example.org\n",
	 HEAD "users:\n" KIM "    was: x@example.org\n",
	 "b.yaml:5:10: error: 'was' is already the earlier address of jane@example.org "
	 "(a.yaml:3:5)\n"},

	/* --- delegates and groups --- */
	{HEAD "functional:\n" INFO "    delegates: [jane]\n", NULL,
	 "a.yaml:5:17: error: 'jane' cannot be an address: has no @\n"},
	{HEAD "functional:\n" INFO
	      "    delegates:\n      - {address: jane@example.org, till: x}\n",
	 NULL,
	 "a.yaml:6:37: error: 'till' is not known here; a delegate can have: address, group, "
	 "until, why\n"},
	{HEAD "functional:\n" INFO "    delegates:\n      - {until: 2026-12-31}\n", NULL,
	 "a.yaml:6:9: error: a delegate needs either 'address' or 'group'\n"},
	{HEAD
	 "functional:\n" INFO
	 "    delegates:\n      - {address: jane@example.org, group: x}\ngroups: {x: []}\n",
	 NULL, "a.yaml:6:9: error: a delegate needs either 'address' or 'group'\n"},
	{HEAD "functional:\n" INFO "    delegates: [info@example.org]\n", NULL,
	 "a.yaml:5:17: error: info@example.org is the account itself, which cannot be its own "
	 "delegate\n"},
	{HEAD "users:\n" JANE "    aliases: [j@example.org]\n    delegates: [j@example.org]\n",
	 NULL,
	 "a.yaml:6:17: error: j@example.org is the account itself, which cannot be its own "
	 "delegate\n"},
	{HEAD "users:\n" JANE "    aliases: [j@example.org]\nfunctional:\n" INFO
	      "    delegates: [jane@example.org, j@example.org]\n",
	 NULL, "a.yaml:9:35: warning: jane@example.org is listed twice\n"},
	{HEAD "users:\n" JANE "    delegates: [info@example.org]\nfunctional:\n" INFO, NULL,
	 "a.yaml:5:17: warning: info@example.org is a functional account (a.yaml:7:5): only users "
	 "can be delegates, so this has no effect\n"},
	{HEAD "functional:\n" INFO "    delegates: [group:frontdesc]\n",
	 HEAD "groups:\n  frontdesk: [jane@example.org]\n",
	 "a.yaml:5:17: error: there is no group 'frontdesc'; did you mean 'frontdesk'?\n"},
	{HEAD "functional:\n" INFO "    delegates: [{group: surgeons}]\n",
	 HEAD "groups:\n  frontdesk: [jane@example.org]\n",
	 "a.yaml:5:25: error: there is no group 'surgeons': no file of this source defines it "
	 "under 'groups:'\n"},
	{HEAD "functional:\n" INFO "    delegates: [\"group:\"]\n", NULL,
	 "a.yaml:5:17: error: the name of the group is missing\n"},
	{HEAD "functional:\n" INFO "    delegates: [group:x, group:x]\ngroups: {x: []}\n", NULL,
	 "a.yaml:5:26: warning: the group 'x' is listed twice\n"},
	{HEAD "groups:\n  a: [group:b]\n  b: []\n", NULL,
	 "a.yaml:3:7: error: 'group:b': a group holds addresses only, no other groups\n"},
	{HEAD "groups:\n  a: [jane@example.org, JANE@example.org]\n", NULL,
	 "a.yaml:3:25: warning: jane@example.org is in the group 'a' twice\n"},
	{HEAD "groups:\n  a: []\n", HEAD "groups:\n  a: []\n",
	 "b.yaml:3:3: error: the group 'a' is already defined (a.yaml:3:3)\n"},
	{HEAD "groups:\n  a: jane@example.org\n", NULL,
	 "a.yaml:3:6: error: expected a list of addresses, found a text; put it in [ ]\n"},
	{HEAD "groups: [a]\n", NULL,
	 "a.yaml:2:9: error: expected a map of groups, found a list\n"},
	{HEAD "groups:\n  \"a\\e[31m\": []\n", NULL,
	 "a.yaml:3:3: error: the name of a group must be one line of visible characters\n"},

	/* --- all at once, in all files --- */
	{HEAD "users:\n  - address: jane\n    mobile: 1\n" JANE JANE,
	 HEAD "users:\n" KIM "    unti: 2026-12-31\n" KIM,
	 "a.yaml:3:14: error: 'jane' cannot be an address: has no @\n"
	 "a.yaml:4:13: error: '1' is no mobile number in E.164 form: + and 7 to 15 digits, "
	 "country code first, as in \"+31612345678\"\n"
	 "a.yaml:7:14: error: jane@example.org is already listed (a.yaml:5:5); one account is one "
	 "entry\n"
	 "b.yaml:5:5: error: 'unti' is not known here; did you mean 'until'?\n"
	 "b.yaml:6:14: error: kim@example.org is already listed (b.yaml:3:5); one account is one "
	 "entry\n"},
};

static void finds_what_is_wrong(void **state)
{
	struct buf found = BUF_INIT;
	unsigned failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct read_files read;

		clear_work_dir();
		write_file("a.yaml", str_of(cases[i].a));
		if (cases[i].b)
			write_file("b.yaml", str_of(cases[i].b));
		read_files(&read, "*.yaml");
		buf_clear(&found);
		add_findings(&found, &read.diags);
		if (!str_is(buf_str(&found), cases[i].findings)) {
			failures++;
			print_error("--- case %zu\n%s%s--- found\n%s--- expected\n%s", i,
				    cases[i].a, cases[i].b ? cases[i].b : "",
				    found.len ? found.ptr : "", cases[i].findings);
		}
		assert_int_equal(read.result, read.diags.errors ? -1 : 0);
		if (read.result)
			assert_int_equal(read.entries.count, 0);
		release_files(&read);
	}
	buf_release(&found);
	assert_int_equal(failures, 0);
}

static void needs_files(void **state)
{
	static const char *const patterns[] = {"*.yaml", "accounts.yaml", ".*.yaml"};
	struct buf found = BUF_INIT, expected = BUF_INIT;

	(void)state;
	clear_work_dir();
	write_file(".hidden.yaml", STR("not even YAML: ["));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct read_files read;

		read_files(&read, patterns[i]);
		buf_clear(&found);
		buf_clear(&expected);
		add_findings(&found, &read.diags);
		buf_addf(&expected,
			 "%s:0:0: error: there is no such file: without declared accounts it "
			 "would look as if everybody had left\n",
			 patterns[i]);
		assert_string_equal(found.ptr, expected.ptr);
		assert_int_equal(read.result, -1);
		release_files(&read);
	}
	buf_release(&found);
	buf_release(&expected);
}

/* Groups in many lists multiply; a few kilobytes must not become gigabytes. */
static void bounds_delegations(void **state)
{
	struct buf text = BUF_INIT;
	struct read_files read;

	(void)state;
	clear_work_dir();
	buf_puts(&text, HEAD "groups:\n  all:\n");
	for (unsigned i = 0; i < 5000; i++)
		buf_addf(&text, "    - u%u@example.org\n", i);
	buf_puts(&text, "functional:\n");
	for (unsigned i = 0; i < 4000; i++)
		buf_addf(&text,
			 "  - {address: f%u@example.org, name: F, delegates: [group:all]}\n",
			 i);
	write_file("a.yaml", buf_str(&text));
	read_files(&read, "a.yaml");
	assert_int_equal(read.result, -1);
	assert_int_equal(read.diags.errors, 1);
	buf_clear(&text);
	add_findings(&text, &read.diags);
	assert_string_equal(text.ptr,
			    "a.yaml:8205:55: error: with this group there are more than "
			    "16000000 delegations\n");
	release_files(&read);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_wrong),
		cmocka_unit_test(needs_files),
		cmocka_unit_test(bounds_delegations),
	};

	return cmocka_run_group_tests(tests, enter_work_dir, leave_work_dir);
}
