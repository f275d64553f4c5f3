#include "plan_example.h"

#include "diag.h"
#include "yaml_tree.h"

#include <unistd.h>

#define DIGEST "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"

/* --- what is written can be read ------------------------------------------------------------ */

/* Reads `bytes`, writes again, and compares. */
static void assert_reads(struct str bytes)
{
	struct err err = ERR_INIT;
	struct buf again = BUF_INIT;
	char digest[SHA256_TEXT_SIZE];
	struct plan plan;

	if (plan_read(&plan, bytes, "plan.yaml", &err) != 0)
		fail_msg("%s\n%.*s", err.text, STR_FMT(bytes));
	memcpy(digest, plan.digest, sizeof(digest));
	plan_write(&plan, &again);
	assert_true(str_eq(buf_str(&again), bytes));
	assert_string_equal(plan.digest, digest);
	buf_release(&again);
	plan_release(&plan);
}

/* Other YAML parsers must see the same document. */
static void assert_is_yaml(struct str bytes)
{
	struct diags diags = DIAGS_INIT;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	const struct node *root = yaml_parse(&arena, STR("plan.yaml"), bytes, &diags);

	if (!root) {
		diags_format(&diags, &out);
		fail_msg("%s", out.ptr);
	}
	assert_non_null(node_get(root, "checks"));
	diags_release(&diags);
	arena_release(&arena);
	buf_release(&out);
}

static void reads_the_worked_example(void **state)
{
	struct buf file = BUF_INIT;
	struct str bytes = example_read(&file, "worked-example.yaml");
	struct err err = ERR_INIT;
	struct plan plan;

	(void)state;
	assert_reads(bytes);
	assert_is_yaml(bytes);
	assert_int_equal(plan_read(&plan, bytes, "plan.yaml", &err), 0);
	assert_true(str_is(plan.reason, "TOPdesk W2611-0432"));
	assert_int_equal(plan.expires - plan.created, 72 * 3600);
	assert_int_equal(plan.changes.count, 4);
	assert_int_equal(plan.changes.items[1].action, ACTION_GRANT);
	assert_int_equal(plan.changes.items[1].kind, KIND_FUNCTIONAL);
	assert_true(str_is(plan.changes.items[1].delegates_add.items[0].who, "Kim Jansen"));
	assert_true(str_is(plan.changes.items[1].delegates_add.items[0].why,
			   "exo: group cardio-secr@example.org"));
	assert_true(str_is(plan.changes.items[2].name.to, "Jane Smith"));
	assert_true(str_is(plan.changes.items[3].expect, "absent"));
	assert_int_equal(plan.limits.items[0].limit.value, 10);
	assert_int_equal(plan.sources.items[1].before_delegations, 30);
	assert_int_equal(plan.sources.items[0].before_delegations, 0);
	plan_release(&plan);
	buf_release(&file);
}

static void write_and_read(struct str text)
{
	struct buf out = BUF_INIT;
	struct plan plan;

	example_plan(&plan);
	example_fill(&plan, text);
	plan_sort(&plan);
	plan_write(&plan, &out);
	assert_reads(buf_str(&out));
	if (text.len < 300)
		assert_is_yaml(buf_str(&out));
	/* Nothing invisible is in a plan: only line feeds, and those where lines end. */
	for (size_t i = 0; i < out.len; i++)
		assert_true(out.ptr[i] == '\n' || (unsigned char)out.ptr[i] >= 0x20);
	buf_release(&out);
	plan_release(&plan);
}

static void takes_hostile_text_everywhere(void **state)
{
	static const char *const texts[] = {
		"plain",
		"two words",
		"\x1b]0;title\x07\x1b[31mred",
		"evil\xe2\x80\xaegro.elpmaxe@nob",
		"line\nfeed: {a: b}",
		"line\r\nfeed",
		"\xc2\x9b[31m",
		"../../../etc/passwd",
		"\xff\xfe invalid \xc3",
		"\xef\xbf\xbd",
		"\xef\xbb\xbf bom",
		"zero\xe2\x80\x8bwidth\xf3\xa0\x81\x81tag",
		"a; b; c",
		"no name",
		"none",
		"- item",
		"? key",
		": value",
		"key: value",
		"a #comment",
		"{a: b}",
		"[a, b]",
		"a, b}",
		"&anchor",
		"*alias",
		"!!python/object:os.system",
		"<<",
		"%TAG ! x",
		"---",
		"...",
		"yes",
		"null",
		"~",
		"0x10",
		"12:30:45",
		"2026-11-20",
		"quote\"back\\slash'",
		"\"",
		"'",
		"\\u0041",
		"trailing ",
		" leading",
		"tab\there",
		"=HYPERLINK(\"http://example.org\")",
		"https://example.org/a#b",
		"user a@example.org",
		"sha256:abc",
		"lost",
		"absent",
	};
	struct arena arena = ARENA_INIT;
	char *long_text = arena_array(&arena, char, 10240);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		write_and_read(str_of(texts[i]));
	/* As long as a name can get; addresses are bounded before they come here. */
	memset(long_text, 'x', 1000);
	write_and_read((struct str){long_text, 1000});
	arena_release(&arena);
}

static void takes_long_names(void **state)
{
	struct arena arena = ARENA_INIT;
	char *text = arena_array(&arena, char, 65537);
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct plan plan;

	(void)state;
	memset(text, '\x1b', 65537);
	example_plan(&plan);
	plan_sort(&plan);
	plan.changes.items[0].who = (struct str){text, 10240};
	plan_write(&plan, &out);
	assert_reads(buf_str(&out));
	plan.changes.items[0].who = (struct str){text, 65537};
	buf_clear(&out);
	plan_write(&plan, &out);
	plan_release(&plan);
	assert_int_equal(plan_read(&plan, buf_str(&out), "plan.yaml", &err), -1);
	assert_string_equal(
		err.text, "plan.yaml is not as zsctl wrote it: line 21 has a text that is too "
			  "long; a plan cannot be edited, only made anew with 'zsctl plan'");
	plan_release(&plan);
	buf_release(&out);
	arena_release(&arena);
}

static void reads_an_empty_plan(void **state)
{
	struct buf out = BUF_INIT;
	struct plan plan;

	(void)state;
	example_plan(&plan);
	plan.reason = plan.config_commit = plan.base = STR_NONE;
	plan.config_changed.count = plan.sources.count = plan.limits.count = 0;
	plan.changes.count = plan.manual.count = 0;
	plan_sort(&plan);
	plan_write(&plan, &out);
	assert_reads(buf_str(&out));
	assert_is_yaml(buf_str(&out));
	plan_release(&plan);
	buf_release(&out);
}

static void assert_edit_refused(struct str bytes, const char *from, const char *to,
				const char *wanted);

/* What a returning user reads again, and who the new delegates are. */
static void reads_what_access_is_about(void **state)
{
	struct plan_change *change;
	struct buf out = BUF_INIT;
	struct plan plan;

	(void)state;
	example_plan(&plan);
	example_pair(&plan, &plan.changes.items[2].delegates_add, STR("alf@example.org"),
		     STR("Alf"), STR("exo: listed"));
	for (size_t i = 0; i < 2; i++)
		plan.changes.items[2].delegates_add.items[i].id = i ? STR("{a:b},c")
								    : STR("9d3c");
	change = example_change(&plan, ACTION_REACTIVATE, KIND_USER, STR("zoe@example.org"));
	strs_add(&plan.arena, &change->reads, STR("info@example.org"));
	strs_add(&plan.arena, &change->reads, STR("cardio@example.org"));
	change->id = STR("5ee9");
	change->expect = STR(DIGEST);
	plan_sort(&plan);
	plan_write(&plan, &out);
	assert_is_yaml(buf_str(&out));
	assert_non_null(strstr(out.ptr, "\n  - reactivate: user zoe@example.org\n"
					"    reads:\n"
					"      - cardio@example.org\n"
					"      - info@example.org\n"));
	assert_non_null(strstr(out.ptr, ", delegates: {alf@example.org: \"{a:b},c\", "
					"kim@example.org: 9d3c}, links: {"));
	assert_edit_refused(buf_str(&out), "\"{a:b},c\"", "\"no id\"", NULL);
	assert_edit_refused(buf_str(&out), "{alf@example.org: ", "{zoe@example.org: ", NULL);
	assert_edit_refused(buf_str(&out), "      - cardio@example.org\n      - info",
			    "      - cardio@example.org\n      - Info", NULL);
	assert_edit_refused(buf_str(&out), "  - reactivate: user zoe", "  - update: user zoe",
			    NULL);
	buf_release(&out);
	plan_release(&plan);
}

/* --- what nobody wrote is refused ----------------------------------------------------------- */

static void assert_refused(struct str bytes, const char *wanted)
{
	static const char behind[] =
		"; a plan cannot be edited, only made anew with 'zsctl plan'";
	struct err err = ERR_INIT;
	struct plan plan;
	struct str text;

	if (plan_read(&plan, bytes, "p", &err) == 0)
		fail_msg("not refused:\n%.*s", STR_FMT(bytes));
	assert_int_equal(err.class, ERR_PERSON);
	plan_release(&plan);
	text = str_of(err.text);
	if (str_ends(text, behind))
		text.len -= sizeof(behind) - 1;
	if (wanted && !str_is(text, wanted))
		fail_msg("'%.*s', not '%s'", STR_FMT(text), wanted);
}

/* The worked example with one thing replaced. */
static void assert_edit_refused(struct str bytes, const char *from, const char *to,
				const char *wanted)
{
	const char *at = memmem(bytes.ptr, bytes.len, from, strlen(from));
	struct buf out = BUF_INIT;

	if (!at)
		fail_msg("'%s' is not in the example", from);
	buf_add(&out, (struct str){bytes.ptr, (size_t)(at - bytes.ptr)});
	buf_puts(&out, to);
	at += strlen(from);
	buf_add(&out, (struct str){at, (size_t)(bytes.ptr + bytes.len - at)});
	assert_refused(buf_str(&out), wanted);
	buf_release(&out);
}

static void refuses_edits(void **state)
{
	static const struct {
		const char *from, *to, *wanted;
	} cases[] = {
		{"# example.org: 1 suspended", "# example.org: 2 suspended",
		 "p is not as zsctl wrote it: line 1 differs, zsctl writes '# example.org: 1 "
		 "suspended, 1 access granted, 1 removed, 1 updated, 1 created; 1 needs a "
		 "person; 105 unchanged' there"},
		{"# example.org", "#  example.org", NULL},
		{"zsctl_plan: 1\n", "zsctl_plan: 2\n",
		 "p has plan format 2, which a later zsctl writes and this one does not know: use "
		 "that version"},
		{"zsctl_plan: 1\n", "zsctl_plan: 1 # one\n",
		 "p is no plan of zsctl: its second line is not 'zsctl_plan: 1'"},
		{"zsctl_plan: 1\n", "zsctl_plan: 0\n", NULL},
		{"zsctl_plan: 1\n", "\nzsctl_plan: 1\n", NULL},
		{"# example.org", "zsctl: 1\n# example.org",
		 "p is no plan of zsctl: its second line is not 'zsctl_plan: 1'"},
		{"author: jane@example.org\n", "author: \"jane@example.org\"\n",
		 "p is not as zsctl wrote it: line 5 differs, zsctl writes 'author: "
		 "jane@example.org' there"},
		{"author: jane@example.org\n", "",
		 "p is not as zsctl wrote it: line 5 goes on with 'reason: TOPdesk W2611-0432' "
		 "where 'author: ' belongs"},
		{"author: jane@example.org\n", "author: 'jane@example.org'\n", NULL},
		{"author: jane@example.org\n", "author:  jane@example.org\n", NULL},
		{"author: jane@example.org\n", "author: jane@example.org \n", NULL},
		{"author: jane@example.org\n", "author: jane@example.org\r\n", NULL},
		{"author: jane@example.org\n", "author: jane@example.org\n\n",
		 "p is not as zsctl wrote it: line 6 goes on with '' where 'created: ' belongs"},
		{"author: jane@example.org\n", "author: \"jane@example.org\n", NULL},
		{"author: jane@example.org\n", "author: \"\\x6aane@example.org\"\n", NULL},
		{"author: jane@example.org\n", "author: \"\\u0000\"\n",
		 "p is not as zsctl wrote it: line 5 has an escape that zsctl does not write"},
		{"author: jane@example.org\n", "author: \"\\ud83d\\ude00\"\n", NULL},
		{"author: jane@example.org\n", "author: \"\\u00\"\n", NULL},
		{"author: jane@example.org\n", "author: \"\\", NULL},
		{"author: jane@example.org\n", "author: \"\\U00110000\"\n", NULL},
		{"author: jane@example.org\n", "author: \"\\u006a\"\n", NULL},
		{"2026-11-20T10:15:00Z", "2026-11-20 10:15:00", NULL},
		{"created: 2026-11-20T10:15:00Z", "created: 2026-02-30T10:15:00Z",
		 "p is not as zsctl wrote it: line 7 has no time where one belongs"},
		{"2026-11-23T10:15:00Z", "2026-11-20T10:15:00Z",
		 "p: the plan expires before it was made"},
		{"id: 20261120T101500Z-7f3c2a10", "id: \"../../7f3c2a10\"",
		 "p: the plan's id '../../7f3c2a10' is none that zsctl makes"},
		{"id: 20261120T101500Z-7f3c2a10", "id: 20261120T101500Z-7F3C2A10", NULL},
		{"id: 20261120T101500Z-7f3c2a10", "id: \"20261120\"", NULL},
		{"users: 97", "users: 097", NULL},
		{"users: 97", "users: +97", NULL},
		{"users: 97", "users: 9999999999999999", NULL},
		{"users: 97", "users: 1e2", NULL},
		{"limit: 10%", "limit: 10 %", NULL},
		{"base: 9a8b7c5e", "base: 9a8b7c5g",
		 "p: the plan names a commit that cannot be one"},
		{"writes: 5", "writes: 5, more: 1", NULL},
		{"counts: {unchanged: 105}", "counts: {unchanged: 105, unmanaged: 0}", NULL},
		{"counts: {unchanged: 105}", "counts: {unchanged: 105, left_out: 0}", NULL},
		{"  - suspend: user bob", "  - explode: user bob",
		 "p is not as zsctl wrote it: line 20 names no action"},
		{"  - suspend: user bob", "  - suspend: robot bob",
		 "p is not as zsctl wrote it: line 20 names no account where one belongs"},
		{"  - suspend: user bob", "  - delete: user bob", NULL},
		{"  - suspend: user bob", "  - update: user bob", NULL},
		{"  - grant: functional", "  - revoke: functional",
		 "p: no zsctl made this plan: its change 2, revoke functional cardio@example.org, "
		 "is called a revoke and is none"},
		{"  - update: user jane@", "  - update: user zoe@",
		 "p is not as zsctl wrote it: line 54 checks another account than the change at "
		 "its place"},
		{"    because: \"exo: SharedMailbox\"\n", "    because: exo: SharedMailbox\n",
		 NULL},
		{"      - jane@example.org\n",
		 "      - jane@example.org\n      - jane@example.org\n", NULL},
		{"      - jane@example.org\n",
		 "      - jane@example.org\n      - alf@example.org\n", NULL},
		{"manual:\n", "manual:\n  - account: a\n    problem: b\n    do: c\n", NULL},
		{"adopt: []\n", "adopt: [ ]\n", NULL},
		{"adopt: []\n", "adopt:\n", NULL},
		{"adopt: []\n", "", NULL},
		{"policy: []\n", "policy: []\nextra: []\n", NULL},
		{"expect: absent", "id: a, expect: absent", NULL},
		{"expect: absent", "expect: " DIGEST,
		 "p: no zsctl made this plan: its change 4, create functional desk@example.org, "
		 "creates an account that exists"},
		{"expect: " DIGEST, "expect: absent",
		 "p: no zsctl made this plan: its change 1, suspend user bob@example.org, does not "
		 "say what the account must look like before"},
		{"id: 1f0a7e55-90b1-4a6e-8a52-7f1a9f0f3c44",
		 "id: 5ee9b0b0-3f50-4bfb-8f0c-5d9ac52a8b6e",
		 "p: no zsctl made this plan: its change 3, update user jane@example.org, is there "
		 "twice, by its id"},
		{"id: 1f0a7e55-90b1-4a6e-8a52-7f1a9f0f3c44", "id: \"1f0a \\u200b\"", NULL},
		/* Addresses in another spelling than the one they are compared in. */
		{"        - jane.doe@example.org", "        - jane.Doe@example.org",
		 "p: no zsctl made this plan: its change 3, update user jane@example.org, has an "
		 "alias that zsctl does not write so"},
		{"        kim@example.org: ", "        kim@EXAMPLE.org: ",
		 "p: no zsctl made this plan: its change 2, grant functional cardio@example.org, has "
		 "a delegate whose address zsctl does not write so"},
		{"        bob@example.org: ", "        \"bob @example.org\": ", NULL},
		{"      - jane@example.org\n", "      - jane\n",
		 "p: no zsctl made this plan: its change 4, create functional desk@example.org, has "
		 "a delegate whose address zsctl does not write so"},
		/* Deletes that nobody asked for in a way that zsctl takes. */
		{"base: ", "options: {delete: everybody, suspended_for: 30d}\nbase: ",
		 "p: the plan's options delete and suspended_for are none that zsctl takes"},
		{"base: ", "options: {delete: suspended}\nbase: ",
		 "p: the plan's options delete and suspended_for are none that zsctl takes"},
		{"base: ", "options: {delete: suspended, suspended_for: soon}\nbase: ",
		 "p: the plan's options delete and suspended_for are none that zsctl takes"},
		{"base: ", "options: {suspended_for: 30d}\nbase: ",
		 "p: the plan's options delete and suspended_for are none that zsctl takes"},
		{"hmac:2c70", "hmac:XXXX", NULL},
		{"sso_key: {sent", "sso_key: {found", NULL},
	};
	struct buf file = BUF_INIT;
	struct str bytes = example_read(&file, "worked-example.yaml");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_edit_refused(bytes, cases[i].from, cases[i].to, cases[i].wanted);
	buf_release(&file);
}

static void refuses_every_cut(void **state)
{
	struct buf file = BUF_INIT;
	struct str bytes = example_read(&file, "worked-example.yaml");

	(void)state;
	for (size_t len = 0; len < bytes.len; len++)
		assert_refused((struct str){bytes.ptr, len}, NULL);
	assert_edit_refused(bytes, "absent, links: {exo", "absent\n", NULL);
	assert_refused(STR(""),
		       "p is no plan of zsctl: its second line is not 'zsctl_plan: 1'");
	assert_refused(STR("\xff\xfe"), "p is no plan of zsctl: it is not text in UTF-8");
	assert_refused((struct str){"# a\0\n", 5},
		       "p is no plan of zsctl: it is not text in UTF-8");
	buf_release(&file);
}

/* Whatever byte is changed, the plan is another one or none at all: its digest never stays. */
static void notices_every_changed_byte(void **state)
{
	static const char others[] = "\n \"-:x0\\";
	struct buf file = BUF_INIT;
	struct str bytes = example_read(&file, "worked-example.yaml");
	char digest[SHA256_TEXT_SIZE];

	(void)state;
	sha256_text(bytes, digest);
	for (size_t i = 0; i < bytes.len; i++) {
		char kept = file.ptr[i];

		for (size_t j = 0; j < sizeof(others) - 1; j++) {
			struct err err = ERR_INIT;
			struct plan plan;

			if (others[j] == kept)
				continue;
			file.ptr[i] = others[j];
			if (plan_read(&plan, bytes, "p", &err) == 0) {
				struct buf again = BUF_INIT;

				assert_string_not_equal(plan.digest, digest);
				plan_write(&plan, &again);
				assert_true(str_eq(buf_str(&again), bytes));
				buf_release(&again);
			}
			plan_release(&plan);
		}
		file.ptr[i] = kept;
	}
	buf_release(&file);
}

static void reads_files(void **state)
{
	char path[] = "/tmp/zsctl-plan-XXXXXX";
	struct buf file = BUF_INIT, bytes = BUF_INIT;
	struct str text = example_read(&file, "worked-example.yaml");
	struct err err = ERR_INIT;
	struct plan plan;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.ptr, text.len), text.len);
	close(fd);
	assert_int_equal(plan_read_file(&plan, path, NULL, &err), 0);
	plan_release(&plan);
	assert_int_equal(plan_read_file(&plan, path, &bytes, &err), 0);
	assert_true(str_eq(buf_str(&bytes), text));
	plan_release(&plan);
	unlink(path);
	assert_int_equal(plan_read_file(&plan, path, NULL, &err), -1);
	assert_int_equal(err.class, ERR_FAILED);
	plan_release(&plan);
	buf_release(&file);
	buf_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_worked_example),
		cmocka_unit_test(takes_hostile_text_everywhere),
		cmocka_unit_test(takes_long_names),
		cmocka_unit_test(reads_an_empty_plan),
		cmocka_unit_test(reads_what_access_is_about),
		cmocka_unit_test(refuses_edits),
		cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(notices_every_changed_byte),
		cmocka_unit_test(reads_files),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
