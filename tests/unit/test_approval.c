#include "approval.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "scratch.h"

#define BYTES STR("zsctl_plan: 1\nid: x\n")
enum { CREATED = 1800000000 };

static struct plan plan;
static struct policy policy;

static const char *make_key(const char *name, const char *type)
{
	const char *path = in_scratch("%s", name);

	output_of("ssh-keygen", "-q", "-t", type, "-N", "", "-C", name, "-f", path, NULL);
	return path;
}

/* "PRINCIPAL OPTIONS KEYTYPE KEY" */
static void add_signer(struct buf *signers, const char *name, const char *options)
{
	struct buf key = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(os_read_file(in_scratch("%s.pub", name), 4096, &key, &err), 0);
	buf_addf(signers, "%s@example.org %s %s", name, options, key.ptr);
	buf_release(&key);
}

static int make_world(void **state)
{
	struct buf signers = BUF_INIT;

	if (scratch_make(state))
		return -1;
	make_key("kim", "ed25519");
	make_key("piet", "ecdsa");
	make_key("late", "ed25519");
	make_key("soon", "ed25519");
	make_key("eve", "ed25519");
	buf_puts(&signers, "# who may sign\n\n");
	add_signer(&signers, "kim", "");
	add_signer(&signers, "piet", "namespaces=\"git,zsctl-plan\"");
	add_signer(&signers, "late", "valid-before=\"20270101Z\"");
	add_signer(&signers, "soon", "valid-after=\"20280101Z\"");
	policy_init(&policy);
	policy.recorded = true;
	policy.method = APPROVAL_SSH;
	policy.required = 2;
	policy.organization = STR("example.org");
	policy.signers = arena_str(&policy.arena, buf_str(&signers));
	buf_release(&signers);
	plan_init(&plan);
	plan.created = CREATED; /* 2027-01-15 */
	sha256_text(BYTES, plan.digest);
	write_scratch(in_scratch("plan.yaml"), BYTES);
	return 0;
}

static int clear_world(void **state)
{
	plan_release(&plan);
	policy_release(&policy);
	return scratch_clear(state);
}

/* As a reviewer does it who has no zsctl. */
static void sign(const char *key, const char *purpose, struct str bytes, const char *name)
{
	mkdir(in_scratch("plan.yaml.approvals"), 0755);
	write_scratch(in_scratch("signed"), bytes);
	unlink(in_scratch("signed.sig"));
	output_of("ssh-keygen", "-q", "-Y", "sign", "-n", purpose, "-f", in_scratch("%s", key),
		  in_scratch("signed"), NULL);
	assert_int_equal(rename(in_scratch("signed.sig"),
				in_scratch("plan.yaml.approvals/%s", name)),
			 0);
}

/* "FILE: counts, PRINCIPAL" or "FILE: PROBLEM", a line each. Keys are cut out of problems. */
static const char *judged(unsigned *counted)
{
	struct approvals approvals;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct str copy;

	approvals_init(&approvals);
	if (approvals_read(&approvals, &policy, &plan, in_scratch("plan.yaml"), BYTES, CREATED,
			   &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < approvals.count; i++) {
		const struct approval *item = &approvals.items[i];

		assert_true(item->counts == (item->problem.len == 0));
		if (item->counts)
			buf_addf(&text, "%.*s: counts, %.*s\n", STR_FMT(item->file),
				 STR_FMT(item->principal));
		else
			buf_addf(&text, "%.*s: %.*s\n", STR_FMT(item->file),
				 STR_FMT(item->problem));
	}
	*counted = approvals.counted;
	copy = arena_str(&scratch_arena, buf_str(&text));
	buf_release(&text);
	approvals_release(&approvals);
	return copy.ptr;
}

/* --- signatures --------------------------------------------------------------------------- */

static void counts_signatures_of_recorded_signers(void **unused)
{
	unsigned counted;

	(void)unused;
	assert_string_equal(judged(&counted), "");
	assert_int_equal(counted, 0);
	sign("kim", "zsctl-plan", BYTES, "kim.sig");
	sign("piet", "zsctl-plan", BYTES, "p.sig");
	assert_string_equal(
		judged(&counted),
		"kim.sig: counts, kim@example.org\np.sig: counts, piet@example.org\n");
	assert_int_equal(counted, 2);
	/* One person is one, however often she signs. */
	sign("kim", "zsctl-plan", BYTES, "another.sig");
	assert_string_equal(judged(&counted), "another.sig: counts, kim@example.org\n"
					      "kim.sig: kim@example.org has approved already\n"
					      "p.sig: counts, piet@example.org\n");
	assert_int_equal(counted, 2);
}

static void says_why_a_signature_does_not_count(void **unused)
{
	static const struct {
		const char *key, *purpose, *bytes, *expected;
	} cases[] = {
		{"kim", "zsctl-plan", "zsctl_plan: 1\nid: y\n",
		 "x.sig: kim@example.org signed other bytes: the plan was altered after it was "
		 "signed\n"},
		{"kim", "git", "zsctl_plan: 1\nid: x\n",
		 "x.sig: kim@example.org signed for another purpose ('git'): sign with ssh-keygen "
		 "-Y sign -n zsctl-plan\n"},
		{"late", "zsctl-plan", "zsctl_plan: 1\nid: x\n",
		 "x.sig: the key of late@example.org is not valid now (valid-after, "
		 "valid-before)\n"},
		{"soon", "zsctl-plan", "zsctl_plan: 1\nid: x\n",
		 "x.sig: the key of soon@example.org is not valid now (valid-after, "
		 "valid-before)\n"},
		{"soon", "zsctl-plan", "zsctl_plan: 1\n",
		 "x.sig: soon@example.org signed other bytes: the plan was altered after it was "
		 "signed\n"},
	};
	unsigned counted;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sign(cases[i].key, cases[i].purpose, str_of(cases[i].bytes), "x.sig");
		assert_string_equal(judged(&counted), cases[i].expected);
		assert_int_equal(counted, 0);
	}
	sign("eve", "zsctl-plan", BYTES, "x.sig");
	assert_true(str_starts(str_of(judged(&counted)), "x.sig: signed by SHA256:"));
	assert_true(str_ends(str_of(judged(&counted)),
			     ", who is not among the recorded signers\n"));
}

/* Any bit of a good signature: it never counts for somebody else, and never crashes. */
static void refuses_damaged_signatures(void **unused)
{
	struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;
	const char *path = in_scratch("plan.yaml.approvals/x.sig");
	unsigned counted;

	(void)unused;
	sign("kim", "zsctl-plan", BYTES, "x.sig");
	assert_int_equal(os_read_file(path, 4096, &whole, &err), 0);
	for (size_t i = 0; i + 1 < whole.len; i += 7) {
		write_scratch(path, (struct str){whole.ptr, i});
		judged(&counted);
		assert_int_equal(counted, 0);
	}
	for (size_t i = 40; i + 40 < whole.len; i += 5) {
		char was = whole.ptr[i];

		if (was == '\n')
			continue;
		whole.ptr[i] = was == 'A' ? 'B' : 'A';
		write_scratch(path, buf_str(&whole));
		judged(&counted);
		assert_int_equal(counted, 0);
		whole.ptr[i] = was;
	}
	buf_release(&whole);
}

static void takes_names_and_files_as_hostile(void **unused)
{
	const char *dir = in_scratch("plan.yaml.approvals");
	char *noise = mem_calloc(1, 70000);
	unsigned counted;
	struct err err = ERR_INIT;
	struct approvals approvals;

	(void)unused;
	sign("kim", "zsctl-plan", BYTES, "a\n\x1b[31m'\"$(id) .sig");
	write_scratch(in_scratch("plan.yaml.approvals/empty.sig"), STR(""));
	write_scratch(in_scratch("plan.yaml.approvals/large.sig"), (struct str){noise, 70000});
	write_scratch(in_scratch("plan.yaml.approvals/README"), STR("not looked at"));
	assert_int_equal(mkdir(in_scratch("plan.yaml.approvals/folder.sig"), 0700), 0);
	assert_int_equal(mkfifo(in_scratch("plan.yaml.approvals/pipe.sig"), 0600), 0);
	free(noise);
	assert_non_null(
		strstr(judged(&counted), "a%0A%1B%5B31m%27%22%24%28id%29%20.sig: counts, kim"));
	assert_non_null(strstr(judged(&counted), "empty.sig: is no SSH signature\n"));
	assert_non_null(strstr(judged(&counted), "is larger than 65536 bytes\n"));
	assert_non_null(strstr(judged(&counted), "is a directory, not a file\n"));
	assert_non_null(strstr(judged(&counted), "is not a regular file\n"));
	assert_null(strstr(judged(&counted), "README"));
	assert_int_equal(counted, 1);
	for (int i = 0; i < 60; i++)
		write_scratch(arena_strf(&scratch_arena, "%s/%d.sig", dir, i).ptr, STR("x"));
	approvals_init(&approvals);
	assert_int_equal(approvals_read(&approvals, &policy, &plan, in_scratch("plan.yaml"),
					BYTES, CREATED, &err),
			 -1);
	assert_int_equal(err.class, ERR_PERSON);
	assert_non_null(strstr(err.text, "holds more than 64 approvals"));
	approvals_release(&approvals);
}

/* Two approvals never become one file of the record, and a signature stays one. */
static void keeps_long_names_apart(void **unused)
{
	char names[3][120];
	unsigned counted;
	const char *text;
	struct approvals approvals;
	struct err err = ERR_INIT;

	(void)unused;
	for (int i = 0; i < 3; i++) {
		size_t len = i < 2 ? 95 : 110;

		memset(names[i], i < 2 ? '~' : 'x', len);
		snprintf(names[i] + len, sizeof(names[i]) - len, "%d.sig", i);
		sign(i ? "piet" : "kim", "zsctl-plan", BYTES, names[i]);
	}
	text = judged(&counted);
	assert_int_equal(counted, 2);
	assert_non_null(strstr(text, "its name is longer than 100 bytes"));
	approvals_init(&approvals);
	assert_int_equal(approvals_read(&approvals, &policy, &plan, in_scratch("plan.yaml"),
					BYTES, CREATED, &err),
			 0);
	assert_int_equal(approvals.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(str_ends(approvals.items[i].file, ".sig"));
		assert_true(approvals.items[i].file.len <= 100);
		assert_false(
			str_eq(approvals.items[i].file, approvals.items[(i + 1) % 3].file));
	}
	approvals_release(&approvals);
}

static void signs_for_recorded_signers_only(void **unused)
{
	const char *path = in_scratch("plan.yaml");
	struct err err = ERR_INIT;
	unsigned counted;

	(void)unused;
	assert_int_equal(approve_ssh(&policy, path, BYTES, in_scratch("kim"), &err), 0);
	assert_int_equal(approve_ssh(&policy, path, BYTES, in_scratch("piet"), &err), 0);
	assert_string_equal(judged(&counted),
			    "kim@example.org.sig: counts, kim@example.org\n"
			    "piet@example.org.sig: counts, piet@example.org\n");
	assert_false(os_exists(in_scratch("plan.yaml.sig")));
	assert_int_equal(approve_ssh(&policy, path, BYTES, in_scratch("eve"), &err), -1);
	assert_int_equal(err.class, ERR_PERSON);
	assert_non_null(strstr(err.text, "is not among the recorded signers"));
	assert_int_equal(approve_ssh(&policy, path, BYTES, in_scratch("nobody"), &err), -1);
	assert_int_equal(err.class, ERR_FAILED);
	policy.method = APPROVAL_LOCAL;
	assert_int_equal(approve_ssh(&policy, path, BYTES, in_scratch("kim"), &err), -1);
	assert_int_equal(err.class, ERR_PERSON);
	assert_non_null(strstr(judged(&counted),
			       ": a signature, and the policy wants typed confirmations"));
	assert_int_equal(counted, 0);
}

/* --- typed confirmations ------------------------------------------------------------------ */

static void counts_typed_confirmations(void **unused)
{
	const char *path = in_scratch("plan.yaml");
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	unsigned counted;

	(void)unused;
	assert_int_equal(approve_local(&policy, &plan, path, STR("jane"), CREATED, &err), -1);
	assert_int_equal(err.class, ERR_PERSON);
	policy.method = APPROVAL_LOCAL;
	assert_int_equal(approve_local(&policy, &plan, path, STR(""), CREATED, &err), -1);
	assert_int_equal(
		approve_local(&policy, &plan, path, STR("../j\xc3\xa9"), CREATED, &err), 0);
	assert_string_equal(judged(&counted),
			    "%252E.%252Fj%25C3%25A9.local: counts, ../j\xc3\xa9\n");
	assert_int_equal(approve_local(&policy, &plan, path, STR("jane"), CREATED, &err), 0);
	assert_int_equal(os_read_file(in_scratch("plan.yaml.approvals/jane.local"), 4096, &text,
				      &err),
			 0);
	assert_non_null(strstr(text.ptr, "approver: jane\n"));
	assert_non_null(strstr(text.ptr, "2027-01-15T08:00:00Z\n"));
	assert_non_null(strstr(text.ptr, plan.digest));
	/* The same confirmation under another name is no second person. */
	write_scratch(in_scratch("plan.yaml.approvals/kim.local"), buf_str(&text));
	assert_non_null(strstr(judged(&counted), "kim.local: jane has approved already\n"));
	assert_int_equal(counted, 2);
	buf_char(&text, '\n');
	write_scratch(in_scratch("plan.yaml.approvals/kim.local"), buf_str(&text));
	assert_non_null(strstr(judged(&counted), "kim.local: is no approval: kim.local:"));
	policy.required = 3;
	assert_non_null(strstr(judged(&counted),
			       "jane.local: was given under another policy; approve"));
	policy.required = 2;
	plan.digest[10] ^= 1;
	assert_non_null(strstr(judged(&counted),
			       "jane.local: approves another plan, or this one "
			       "before it was altered\n"));
	assert_int_equal(counted, 0);
	plan.digest[10] ^= 1;
	policy.method = APPROVAL_SSH;
	assert_non_null(strstr(judged(&counted),
			       "jane.local: a typed confirmation, and the policy wants "
			       "signatures\n"));
	buf_release(&text);
}

static void says_what_is_missing(void **unused)
{
	struct approval_rule rule = {STR("delete"), -1, false, 3};
	struct approvals approvals;
	struct err err = ERR_INIT;

	(void)unused;
	sign("kim", "zsctl-plan", BYTES, "kim.sig");
	sign("late", "zsctl-plan", BYTES, "late.sig");
	policy.rules = &rule;
	policy.rule_count = 1;
	vec_push(&plan.changes)->action = ACTION_DELETE;
	approvals_init(&approvals);
	assert_int_equal(approvals_read(&approvals, &policy, &plan, in_scratch("plan.yaml"),
					BYTES, CREATED, &err),
			 0);
	assert_int_equal(approvals.required, 3);
	assert_int_equal(approvals_enough(&approvals, &err), -1);
	assert_int_equal(err.class, ERR_PERSON);
	assert_string_equal(err.text,
			    "not approved: 1 of 3 approvals (the rule for delete); by "
			    "kim@example.org; late.sig does not count: the key of "
			    "late@example.org is not valid now (valid-after, valid-before); "
			    "'zsctl approve' adds one");
	approvals.counted = 3;
	assert_int_equal(approvals_enough(&approvals, &err), 0);
	approvals_release(&approvals);
}

int main(void)
{
#define HERE(test) cmocka_unit_test_setup_teardown(test, make_world, clear_world)
	const struct CMUnitTest tests[] = {
		HERE(counts_signatures_of_recorded_signers),
		HERE(says_why_a_signature_does_not_count),
		HERE(refuses_damaged_signatures),
		HERE(takes_names_and_files_as_hostile),
		HERE(keeps_long_names_apart),
		HERE(signs_for_recorded_signers_only),
		HERE(counts_typed_confirmations),
		HERE(says_what_is_missing),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
