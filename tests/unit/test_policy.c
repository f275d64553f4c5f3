#include "policy.h"

#include "signers.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "scratch.h"

/* Made for these tests; nobody has the private halves. */
#define KIM_KEY \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define PIET_KEY \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA"

static const char base_config[] =
	"zsctl: 1\n"
	"organization: example.org\n"
	"target: {provider: file, path: organization.json}\n"
	"sources:\n"
	"  - {name: declared, provider: yaml, path: accounts.yaml}\n"
	"approval:\n"
	"  method: ssh\n"
	"  allowed_signers: signers\n"
	"  required: 2\n"
	"  rules: [{when: {action: delete, kind: user}, required: 2},\n"
	"          {when: {over_limit: true}, required: 2}]\n"
	"  expires: 36h\n"
	"state: {path: state}\n";
static const char base_signers[] = "# people\nkim@example.org " KIM_KEY " kim\n"
				   "piet@example.org " PIET_KEY "\n";

/* The policy of a configuration with one text replaced by another. */
static int read_policy(struct policy *policy, struct config *config, const char *from,
		       const char *to, const char *signers, struct err *err)
{
	struct diags diags = DIAGS_INIT;
	struct buf text = BUF_INIT;
	const char *at = from ? strstr(base_config, from) : base_config;

	assert_non_null(at);
	buf_add(&text, (struct str){base_config, (size_t)(at - base_config)});
	if (from)
		buf_puts(&text, to);
	buf_puts(&text, at + (from ? strlen(from) : 0));
	write_scratch(in_scratch("zsctl.yaml"), buf_str(&text));
	write_scratch(in_scratch("signers"), str_of(signers));
	if (config_load(config, in_scratch("zsctl.yaml"), &diags) < 0) {
		buf_clear(&text);
		diags_format(&diags, &text);
		fail_msg("%s", text.ptr);
	}
	diags_release(&diags);
	buf_release(&text);
	return policy_from_config(policy, config, err);
}

static void read_base(struct policy *policy, struct config *config)
{
	struct err err = ERR_INIT;

	if (read_policy(policy, config, NULL, NULL, base_signers, &err) < 0)
		fail_msg("%s", err.text);
}

/* --- the record --------------------------------------------------------------------------- */

static void commit_policy(struct state *state, const struct policy *policy)
{
	struct state_file files[2];
	char head[COMMIT_TEXT_SIZE], out[COMMIT_TEXT_SIZE];
	struct err err = ERR_INIT;
	struct state_commit commit = {.expected_head = head,
				      .message = STR("policy"),
				      .author = STR("jane@laptop"),
				      .files = files,
				      .file_count = 2};

	policy_files(policy, &scratch_arena, files);
	assert_int_equal(state_head(state, head, &err), 0);
	if (state_commit(state, &commit, NULL, out, &err) < 0)
		fail_msg("%s", err.text);
}

static void records_what_it_reads(void **unused)
{
	struct policy policy, recorded;
	struct config config;
	struct state *state;
	struct err err = ERR_INIT;
	struct plan plan;
	char digest[SHA256_TEXT_SIZE], again[SHA256_TEXT_SIZE];

	(void)unused;
	read_base(&policy, &config);
	assert_false(policy.recorded);
	assert_int_equal(state_open(&state, config.state_path.ptr, true, &err), 0);
	assert_int_equal(policy_from_state(&recorded, state, &err), 0);
	assert_false(recorded.recorded);
	assert_int_equal(recorded.endpoint_count, 0);
	policy_release(&recorded);

	commit_policy(state, &policy);
	assert_int_equal(policy_from_state(&recorded, state, &err), 0);
	assert_true(recorded.recorded);
	policy_digest(&policy, digest);
	policy_digest(&recorded, again);
	assert_string_equal(digest, again);
	assert_true(str_is(recorded.signers, base_signers));
	assert_int_equal(recorded.method, APPROVAL_SSH);
	assert_int_equal(recorded.required, 2);
	assert_int_equal(recorded.expires, 36 * 3600);
	assert_int_equal(recorded.rule_count, 2);
	assert_int_equal(recorded.rules[0].kind, KIND_USER);
	assert_true(recorded.rules[1].over_limit);
	assert_int_equal(recorded.endpoint_count, 2);
	assert_true(str_is(recorded.endpoints[0].name, "target"));
	assert_true(str_is(recorded.endpoints[1].name, "source declared"));
	plan_init(&plan);
	policy_diff(&recorded, &policy, &plan);
	assert_int_equal(plan.policy.count, 0);
	plan_release(&plan);
	assert_int_equal(policy_check_endpoints(&recorded, &config, &err), 0);
	policy_release(&policy);
	policy_release(&recorded);
	state_free(state);
	config_release(&config);
}

static void refuses_another_spelling_in_the_record(void **unused)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"required: 2\nexp", "required: 1 \nexp"},
		{"required: 2\nexp", "required: 02\nexp"},
		{"method: ssh", "method: git"},
		{"zsctl_policy: 1", "zsctl_policy: 2"},
		{"expires: 36h", "expires: 129600s"},
		{"    kind: user\n", "    kind: users\n"},
		{"    over_limit: true\n", "    over_limit: false\n"},
		{"endpoints:\n", "endpoints:\n\n"},
	};
	struct policy policy, recorded;
	struct config config;
	struct state_file files[2];
	struct state *state;
	struct err err = ERR_INIT;

	(void)unused;
	read_base(&policy, &config);
	policy_files(&policy, &scratch_arena, files);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = strstr(files[0].bytes.ptr, cases[i].from);
		struct state_file changed[2] = {files[0], files[1]};
		char out[COMMIT_TEXT_SIZE];
		struct state_commit commit = {.expected_head = "",
					      .message = STR("policy"),
					      .author = STR("a@b"),
					      .files = changed,
					      .file_count = 2};

		if (!at)
			fail_msg("'%s' is not in: %s", cases[i].from, files[0].bytes.ptr);
		changed[0].bytes =
			arena_strf(&scratch_arena, "%.*s%s%s", (int)(at - files[0].bytes.ptr),
				   files[0].bytes.ptr, cases[i].to, at + strlen(cases[i].from));
		assert_int_equal(state_open(&state, in_scratch("state-%zu", i), true, &err), 0);
		assert_int_equal(state_commit(state, &commit, NULL, out, &err), 0);
		assert_int_equal(policy_from_state(&recorded, state, &err), -1);
		assert_true(str_starts(str_of(err.text), "the recorded policy: "));
		policy_release(&recorded);
		state_free(state);
	}
	policy_release(&policy);
	config_release(&config);
}

/* --- differences -------------------------------------------------------------------------- */

static void shows_every_difference(void **unused)
{
	static const struct {
		const char *from, *to, *signers, *expected;
	} cases[] = {
		{NULL, NULL, base_signers, ""},
		{"organization: example.org", "organization: example.com", base_signers,
		 "organization: example.org -> example.com\n"},
		{"required: 2\n", "required: 1\n", base_signers, "approval.required: 2 -> 1\n"},
		{"expires: 36h", "expires: 90m", base_signers,
		 "approval.expires: 36h -> 90m\n"},
		{"action: delete, kind: user", "action: delete", base_signers,
		 "approval.rules: 2 for delete user; 2 for any change over a limit -> 2 for "
		 "delete; 2 for any change over a limit\n"},
		{"path: organization.json", "path: other.json", base_signers,
		 "target: file organization.json -> file other.json\n"},
		{"path: accounts.yaml", "path: a/*.yaml", base_signers,
		 "source declared: yaml accounts.yaml -> yaml a/*.yaml\n"},
		{"name: declared", "name: listed", base_signers,
		 "source declared: yaml accounts.yaml -> \nsource listed:  -> yaml "
		 "accounts.yaml\n"},
		{NULL, NULL,
		 "kim@example.org " KIM_KEY
		 "\npiet@example.org valid-before=\"20270101Z\" " PIET_KEY "\n",
		 "signer piet@example.org: PIET -> PIET valid-before=\"20270101Z\"\n"
		 "allowed_signers: sha -> sha\n"},
		{NULL, NULL, "kim@example.org " PIET_KEY "\npiet@example.org " KIM_KEY "\n",
		 "signer kim@example.org: KIM -> PIET\nsigner piet@example.org: PIET -> KIM\n"
		 "allowed_signers: sha -> sha\n"},
		{NULL, NULL, "kim@example.org " KIM_KEY "\neve@example.org " PIET_KEY "\n",
		 "signer piet@example.org: PIET -> \nsigner eve@example.org:  -> PIET\n"
		 "allowed_signers: sha -> sha\n"},
		{NULL, NULL, "kim@example.org " KIM_KEY "\npiet@example.org " PIET_KEY "\n",
		 "allowed_signers: sha -> sha\n"},
	};
	struct policy base, wanted;
	struct config base_of, config;
	struct signers signers;
	struct err err = ERR_INIT;

	(void)unused;
	read_base(&base, &base_of);
	assert_int_equal(signers_parse(base.signers, "s", &scratch_arena, &signers, &err), 0);
	assert_int_equal(signers.count, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT;
		struct plan plan;

		if (read_policy(&wanted, &config, cases[i].from, cases[i].to, cases[i].signers,
				&err) < 0)
			fail_msg("%s", err.text);
		plan_init(&plan);
		policy_diff(&base, &wanted, &plan);
		for (size_t k = 0; k < plan.policy.count; k++) {
			struct str sides[2] = {plan.policy.items[k].from,
					       plan.policy.items[k].to};

			buf_addf(&text, "%.*s: ", STR_FMT(plan.policy.items[k].what));
			for (size_t side = 0; side < 2; side++) {
				const char *kim = signers.items[0].fingerprint;
				const char *piet = signers.items[1].fingerprint;
				struct str rest = sides[side];

				if (str_starts(rest, kim)) {
					buf_puts(&text, "KIM");
					buf_puts(&text, rest.ptr + strlen(kim));
				} else if (str_starts(rest, piet)) {
					buf_puts(&text, "PIET");
					buf_puts(&text, rest.ptr + strlen(piet));
				} else {
					buf_add(&text, str_starts(rest, "sha256:") ? STR("sha")
										   : rest);
				}
				buf_puts(&text, side ? "\n" : " -> ");
			}
		}
		assert_string_equal(text.ptr ? text.ptr : "", cases[i].expected);
		buf_release(&text);
		plan_release(&plan);
		policy_release(&wanted);
		config_release(&config);
	}
	policy_release(&base);
	config_release(&base_of);
}

static void pins_organisation_and_endpoints(void **unused)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"organization: example.org", "organization: example.com",
		 "is of organisation example.org, and the configuration says example.com"},
		{"path: organization.json", "path: other.json",
		 "target is configured as 'file other.json', and the record pins 'file "
		 "organization.json'"},
		{"path: accounts.yaml", "path: a/*.yaml",
		 "source declared is configured as 'yaml a/*.yaml', and the record pins 'yaml "
		 "accounts.yaml'"},
		{"name: declared", "name: listed",
		 "source listed is configured as 'yaml accounts.yaml', and the record pins none"},
	};
	struct policy base, wanted;
	struct config base_of, config;
	struct err err = ERR_INIT;

	(void)unused;
	read_base(&base, &base_of);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_policy(&wanted, &config, cases[i].from, cases[i].to,
					     base_signers, &err),
				 0);
		base.recorded = false;
		assert_int_equal(policy_check_endpoints(&base, &config, &err), 0);
		base.recorded = true;
		assert_int_equal(policy_check_endpoints(&base, &config, &err), -1);
		assert_int_equal(err.class, ERR_PERSON);
		if (!strstr(err.text, cases[i].message))
			fail_msg("'%s' is not in '%s'", cases[i].message, err.text);
		policy_release(&wanted);
		config_release(&config);
	}
	policy_release(&base);
	config_release(&base_of);
}

/* --- rules -------------------------------------------------------------------------------- */

static void asks_for_as_many_as_the_strictest_rule(void **unused)
{
	static const struct {
		struct approval_rule rule;
		enum action action;
		enum account_kind kind;
		bool allow;
		unsigned expected;
	} cases[] = {
		{{{"delete", 6}, -1, false, 3}, ACTION_DELETE, KIND_USER, false, 3},
		{{{"delete", 6}, -1, false, 3}, ACTION_SUSPEND, KIND_USER, false, 2},
		{{{"delete", 6}, KIND_USER, false, 3},
		 ACTION_DELETE,
		 KIND_FUNCTIONAL,
		 false,
		 2},
		{{{"delete", 6}, KIND_FUNCTIONAL, false, 3},
		 ACTION_DELETE,
		 KIND_FUNCTIONAL,
		 false,
		 3},
		{{{NULL, 0}, KIND_USER, false, 3}, ACTION_UPDATE, KIND_USER, false, 3},
		{{{NULL, 0}, KIND_USER, false, 3}, ACTION_UPDATE, KIND_FUNCTIONAL, false, 2},
		{{{NULL, 0}, -1, true, 3}, ACTION_UPDATE, KIND_USER, false, 2},
		{{{NULL, 0}, -1, true, 3}, ACTION_UPDATE, KIND_USER, true, 3},
		{{{"grant", 5}, -1, true, 3}, ACTION_UPDATE, KIND_USER, true, 2},
		{{{"grant", 5}, -1, true, 3}, ACTION_GRANT, KIND_USER, true, 3},
		{{{NULL, 0}, -1, false, 3}, ACTION_UPDATE, KIND_USER, false, 3},
		{{{NULL, 0}, -1, false, 1}, ACTION_UPDATE, KIND_USER, false, 2},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct approval_rule rule = cases[i].rule;
		struct policy policy = {.required = 2, .rules = &rule, .rule_count = 1};
		struct buf because = BUF_INIT;
		struct plan_change *change;
		struct plan plan;

		plan_init(&plan);
		change = vec_push(&plan.changes);
		change->action = cases[i].action;
		change->kind = cases[i].kind;
		if (cases[i].allow)
			strs_add(&plan.arena, &plan.options.allow, STR("grant=5"));
		assert_int_equal(policy_required(&policy, &plan, &because), cases[i].expected);
		assert_int_equal(policy_required(&policy, &plan, NULL), cases[i].expected);
		assert_true((because.len > 0) == (cases[i].expected == 3));
		buf_release(&because);
		plan_release(&plan);
	}
}

/* An entry does what it does, whatever it is called. */
static void goes_by_what_an_entry_does(void **unused)
{
	static const struct {
		enum action action;
		bool adds, removes, changes;
		const char *does; /* besides its own action */
	} cases[] = {
		{ACTION_GRANT, true, false, false, ""},
		{ACTION_GRANT, true, true, true, "revoke update "},
		{ACTION_REACTIVATE, true, true, true, "revoke grant update "},
		{ACTION_CREATE, true, false, true, "grant "},
		{ACTION_SUSPEND, false, true, false, ""},
		{ACTION_REVOKE, false, true, true, "update "},
		{ACTION_UPDATE, false, false, true, ""},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan_change change = {.action = cases[i].action};
		struct buf does = BUF_INIT;

		change.delegates_add.count = cases[i].adds;
		change.delegates_remove.count = cases[i].removes;
		change.name.set = cases[i].changes;
		buf_puts(&does, "");
		for (int action = 0; action < ACTION_COUNT; action++) {
			struct approval_rule rule = {str_of(action_names[action]), -1, false,
						     3};
			struct policy policy = {.required = 2, .rules = &rule, .rule_count = 1};
			struct plan plan = {.changes = {&change, 1, 1}};
			bool matches = policy_required(&policy, &plan, NULL) == 3;

			assert_true(matches == change_does(&change, (enum action)action));
			if (matches && (enum action)action != change.action)
				buf_addf(&does, "%s ", action_names[action]);
		}
		assert_true(str_is(buf_str(&does), cases[i].does));
		buf_release(&does);
	}
}

/* Whoever comes back and reads again what still lists him is given access. */
static void counts_what_is_read_again_as_granted(void **unused)
{
	struct approval_rule rule = {STR("grant"), KIND_FUNCTIONAL, false, 3};
	struct policy policy = {.required = 2, .rules = &rule, .rule_count = 1};
	struct plan_change *change;
	struct plan plan;

	(void)unused;
	plan_init(&plan);
	change = vec_push(&plan.changes);
	change->action = ACTION_REACTIVATE;
	assert_int_equal(policy_required(&policy, &plan, NULL), 2);
	strs_add(&plan.arena, &change->reads, STR("info@example.org"));
	assert_int_equal(policy_required(&policy, &plan, NULL), 3);
	assert_int_equal(plan_count(&plan).granted, 1);
	plan_release(&plan);
}

/* --- allowed signers ---------------------------------------------------------------------- */

static void refuses_signers_that_cannot_be_counted(void **unused)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{base_signers, NULL},
		{"", NULL},
		{"kim@example.org namespaces=\"zsctl-plan\",valid-after=\"20260101\" " KIM_KEY,
		 NULL},
		{"kim@example.org valid-before=\"202601011200Z\" " KIM_KEY "\r\n", NULL},
		{"*@example.org " KIM_KEY "\n", "s:1: a pattern of principals"},
		{"kim?@example.org " KIM_KEY "\n", "s:1: a pattern of principals"},
		{"!kim@example.org " KIM_KEY "\n", "s:1: a pattern of principals"},
		{"kim@example.org,piet@example.org " KIM_KEY "\n", "s:1: several principals"},
		{"\"kim@example.org\" " KIM_KEY "\n", "s:1: a principal holds a character"},
		{"kim\x1b@example.org " KIM_KEY "\n", "s:1: a principal holds a character"},
		{"kim\xff@example.org " KIM_KEY "\n", "s:1: the principal is no UTF-8"},
		{"kim@example.org " KIM_KEY "\nkim@example.org " PIET_KEY "\n",
		 "s:2: kim@example.org has a key on line 1 already"},
		{"kim@example.org " KIM_KEY "\nKim@Example.org " PIET_KEY "\n",
		 "s:2: Kim@Example.org has a key on line 1 already"},
		{"kim@example.org " KIM_KEY "\n\npiet@example.org " KIM_KEY "\n",
		 "s:3: the key of piet@example.org is that of kim@example.org on line 1"},
		{"kim@example.org cert-authority " KIM_KEY "\n",
		 "s:1: a certificate authority"},
		{"kim@example.org namespaces=\"git\" " KIM_KEY "\n",
		 "s:1: its namespaces leave"},
		{"kim@example.org namespaces=\"zsctl-*\" " KIM_KEY "\n",
		 "s:1: its namespaces leave"},
		{"kim@example.org namespaces=zsctl-plan " KIM_KEY "\n",
		 "s:1: an option's value"},
		{"kim@example.org valid-before=\"2026\" " KIM_KEY "\n",
		 "s:1: a moment is written"},
		{"kim@example.org valid-before=\"2026-01-01\" " KIM_KEY "\n",
		 "s:1: a moment is written"},
		{"kim@example.org touch-required=\"1\" " KIM_KEY "\n",
		 "s:1: an option that is not"},
		{"kim@example.org namespaces=\"zsctl-plan " KIM_KEY "\n", "s:1: "},
		{"kim@example.org\n", "s:1: no public key"},
		{"kim@example.org ssh-ed25519\n", "s:1: no public key"},
		{"kim@example.org ssh-ed25519 AAAA\n", "s:1: no public key"},
		{"kim@example.org ssh-rsa "
		 "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n",
		 "s:1: no public key"},
		{KIM_KEY "\n", "s:1: "},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct signers signers;
		int status = signers_parse(str_of(cases[i].text), "s", &scratch_arena, &signers,
					   &err);

		if ((status == 0) != (cases[i].message == NULL) ||
		    (cases[i].message && !str_starts(str_of(err.text), cases[i].message)))
			fail_msg("case %zu: %s", i, err.text);
	}
}

static void refuses_a_policy_nobody_could_satisfy(void **unused)
{
	struct policy policy;
	struct config config;
	struct err err = ERR_INIT;

	(void)unused;
	assert_int_equal(read_policy(&policy, &config, NULL, NULL,
				     "kim@example.org " KIM_KEY "\n", &err),
			 -1);
	assert_non_null(strstr(err.text, "names 1 signer, and the policy asks for 2"));
	policy_release(&policy);
	config_release(&config);
}

int main(void)
{
#define HERE(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_clear)
	const struct CMUnitTest tests[] = {
		HERE(records_what_it_reads),
		HERE(refuses_another_spelling_in_the_record),
		HERE(shows_every_difference),
		HERE(pins_organisation_and_endpoints),
		HERE(asks_for_as_many_as_the_strictest_rule),
		HERE(goes_by_what_an_entry_does),
		HERE(counts_what_is_read_again_as_granted),
		HERE(refuses_signers_that_cannot_be_counted),
		HERE(refuses_a_policy_nobody_could_satisfy),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
