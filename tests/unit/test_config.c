#include "base/os.h"
#include "config.h"
#include "findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define DATA ZSCTL_TESTS_DIR "/unit/data/config"
#define SMALL                                      \
	"zsctl: 1\norganization: example.org\n"    \
	"target: {provider: file, path: t.json}\n" \
	"sources:\n  - {name: a, provider: yaml, path: a.yaml}\n"

/* Loads from memory; there must be no findings. */
static void load(struct config *config, const char *text)
{
	struct diags diags = DIAGS_INIT;
	struct buf found = BUF_INIT;

	config_parse(config, "etc/zsctl.yaml", str_of(text), &diags);
	diags_format(&diags, &found);
	assert_string_equal(found.ptr ? found.ptr : "", "");
	buf_release(&found);
	diags_release(&diags);
}

static void assert_str(struct str text, const char *expected)
{
	if (!str_is(text, expected))
		fail_msg("'%.*s' is not '%s'", STR_FMT(text), expected);
}

/* --- wrong configurations ------------------------------------------------------------------ */

static bool rewriting(void)
{
	return getenv("ZSCTL_REWRITE") != NULL;
}

static void compare(const char *name, struct str found, struct str expected, int *failed)
{
	if (str_eq(found, expected) || rewriting())
		return;
	print_error("%s\n--- expected\n%.*s--- found\n%.*s", name, STR_FMT(expected),
		    STR_FMT(found));
	(*failed)++;
}

/* One case of wrong.txt: the file, then lines "=> FINDING". */
static void check_wrong(struct str name, struct str body, struct buf *rewritten, int *failed)
{
	struct config config;
	struct diags diags = DIAGS_INIT;
	struct buf yaml = BUF_INIT, expected = BUF_INIT, found = BUF_INIT;
	struct str line;

	while (str_split(&body, '\n', &line)) {
		if (str_starts(line, "=> "))
			buf_addf(&expected, "%.*s\n", (int)line.len - 3, line.ptr + 3);
		else if (line.len || body.len)
			buf_addf(&yaml, "%.*s\n", STR_FMT(line));
	}
	assert_int_equal(config_parse(&config, "case.yaml", buf_str(&yaml), &diags), -1);
	add_findings(&found, &diags, "case.yaml");
	compare(arena_str(&diags.arena, name).ptr, buf_str(&found), buf_str(&expected), failed);
	buf_addf(rewritten, "\n## %.*s\n%.*s", STR_FMT(name), STR_FMT(buf_str(&yaml)));
	for (struct str rest = buf_str(&found); str_split(&rest, '\n', &line) && line.len;)
		buf_addf(rewritten, "=> %.*s\n", STR_FMT(line));
	config_release(&config);
	diags_release(&diags);
	buf_release(&yaml);
	buf_release(&expected);
	buf_release(&found);
}

static void finds_all_that_is_wrong(void **state)
{
	struct buf file = BUF_INIT, rewritten = BUF_INIT;
	struct err err = ERR_INIT;
	const char *at;
	int failed = 0, cases = 0;

	(void)state;
	assert_int_equal(os_read_file(DATA "/wrong.txt", 1 << 20, &file, &err), 0);
	at = strstr(file.ptr, "\n## ");
	buf_add(&rewritten, (struct str){file.ptr, (size_t)(at - file.ptr)});
	while (at) {
		const char *name = at + 4, *body = strchr(name, '\n') + 1;
		const char *next = strstr(body, "\n## ");
		size_t size = next ? (size_t)(next - body) : strlen(body);

		check_wrong((struct str){name, (size_t)(body - 1 - name)},
			    (struct str){body, size}, &rewritten, &failed);
		cases++;
		at = next;
	}
	assert_true(cases > 80);
	if (rewriting())
		assert_int_equal(
			os_write_file(DATA "/wrong.txt", buf_str(&rewritten), 0644, &err), 0);
	assert_int_equal(failed, 0);
	buf_release(&file);
	buf_release(&rewritten);
}

/* Folders with several files, and what people see of them: lines and carets too. */
static void shows_findings_of_all_files(void **state)
{
	static const char *const folders[] = {"carets",         "extends_missing",
					      "extends_twice",  "extends_wrong",
					      "extends_itself", "secrets",
					      "two_files"};
	struct err err = ERR_INIT;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		struct config config;
		struct diags diags = DIAGS_INIT;
		struct buf found = BUF_INIT, expected = BUF_INIT;
		char path[512];

		snprintf(path, sizeof(path), DATA "/%s", folders[i]);
		assert_int_equal(chdir(path), 0);
		assert_int_equal(config_load(&config, "zsctl.yaml", &diags), -1);
		diags_format(&diags, &found);
		if (rewriting())
			os_write_file("expected", buf_str(&found), 0644, &err);
		assert_int_equal(os_read_file("expected", 1 << 20, &expected, &err), 0);
		compare(folders[i], buf_str(&found), buf_str(&expected), &failed);
		assert_null(strstr(found.ptr, "hunter"));
		config_release(&config);
		diags_release(&diags);
		buf_release(&found);
		buf_release(&expected);
	}
	assert_int_equal(failed, 0);
}

/* --- right ones ---------------------------------------------------------------------------- */

static void fills_in_defaults(void **state)
{
	static const char *const limits[LIMIT_RULES] = {"10%", "10%", "10%", "2%",  "10%",
							"5%",  "100", "200", "10%", "5%"};
	struct config config;

	(void)state;
	load(&config, SMALL);
	assert_str(config.path, "etc/zsctl.yaml");
	assert_str(config.dir, "etc");
	assert_str(config.organization, "example.org");
	assert_int_equal(config.claimed.count, 0);
	assert_int_equal(config.ignore_aliases.count, 0);
	assert_int_equal(config.target.provider, TARGET_FILE);
	assert_int_equal(config.target.position.line, 3);
	assert_int_equal(config.target.position.column, 9);
	assert_str(config.target.path, "etc/t.json");
	assert_str(config.target.path_given, "t.json");
	assert_int_equal(config.target.sign_in, SIGN_IN_SSO);
	assert_int_equal(config.target.parallel, 0);
	assert_int_equal(config.target.external_id.len, 0);
	assert_int_equal(config.source_count, 1);
	assert_int_equal(config.sources[0].position.line, 5);
	assert_str(config.sources[0].name, "a");
	assert_str(config.sources[0].path, "etc/a.yaml");
	assert_str(config.sources[0].path_given, "a.yaml");
	assert_int_equal(config.sources[0].manage | config.sources[0].adds, 0);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		assert_true(config.actions[kind].create && config.actions[kind].update);
		assert_int_equal(config.actions[kind].suspend, SUSPEND_RECORDED);
		assert_int_equal(config.actions[kind].reactivate, SUSPEND_RECORDED);
		for (int rule = 0; rule < LIMIT_RULES; rule++) {
			char text[LIMIT_TEXT_SIZE];

			limit_text(config.limits[kind][rule], text);
			assert_string_equal(text, limits[rule]);
			assert_non_null(limit_rule_names[rule]);
		}
	}
	assert_int_equal(config.free, 5);
	assert_int_equal(config.approval.method, APPROVAL_LOCAL);
	assert_int_equal(config.approval.required, 1);
	assert_int_equal(config.approval.rule_count, 0);
	assert_int_equal(config.approval.expires, 72 * 3600);
	assert_int_equal(config.on_mismatch, MISMATCH_SKIP);
	assert_str(config.state_path, "etc/state");
	assert_int_equal(config.fingerprint_key.kind, SECRET_ABSENT);
	config_release(&config);
}

static const char full[] =
	"zsctl: 1\norganization: Example B.V.\n"
	"domains: {claimed: [Example.ORG, b\xc3\xbc"
	"cher.example], ignore_aliases: [x.example]}\n"
	"target:\n  provider: file\n  path: /srv/t.json\n  sign_in: password\n  parallel: 64\n"
	"  scope:\n    include: [\"*@Example.org\", {domain: b\xc3\xbc"
	"cher.example}, {unit: A}]\n"
	"    exclude: [\"@Sister.example\", {address: Jane@example.org}, {unit: B}, {unit: C}]\n"
	"  protect: [Admin@Example.org, \"*-svc@*\", \"x?@\xc3\xbc.example\"]\n"
	"  external_id: hr_1\n"
	"sources:\n"
	"  - {name: hr_1, provider: yaml, path: \"*.yaml\", adds: [delegates, aliases]}\n"
	"  - {name: Rest, provider: yaml, path: x, manage: [name, sso_key, active]}\n"
	"actions:\n  user: {create: false, suspend: never, reactivate: always}\n"
	"  functional: {update: false, suspend: always}\n"
	"limits: {create: none, suspend: 3, user: {suspend: 0%, held: 7}, free: 0}\n"
	"approval:\n  method: ssh\n  allowed_signers: ../signers\n  required: 2\n  expires: 90d\n"
	"  rules:\n    - {when: {action: delete, kind: functional}, required: 3}\n"
	"    - {when: {over_limit: true}, required: 4}\n"
	"apply: {on_mismatch: refuse}\n"
	"state: {path: ../record, fingerprint_key: {file: key}}\n";

static void reads_everything(void **state)
{
	struct config config;
	const struct config_scope *scope = &config.target.scope;

	(void)state;
	load(&config, full);
	assert_str(config.claimed.items[0], "example.org");
	assert_str(config.claimed.items[1], "xn--bcher-kva.example");
	assert_str(config.ignore_aliases.items[0], "x.example");
	assert_str(config.target.path, "/srv/t.json");
	assert_int_equal(config.target.sign_in, SIGN_IN_PASSWORD);
	assert_int_equal(config.target.parallel, 64);
	assert_int_equal(scope->include.count, 2);
	assert_str(scope->include.items[0], "*@example.org");
	assert_str(scope->include.items[1], "*@xn--bcher-kva.example");
	assert_int_equal(scope->include_units.count, 1);
	assert_str(scope->include_units.items[0], "A");
	assert_int_equal(scope->exclude.count, 2);
	assert_str(scope->exclude.items[0], "*@sister.example");
	assert_str(scope->exclude.items[1], "jane@example.org");
	assert_int_equal(scope->exclude_units.count, 2);
	assert_str(scope->exclude_units.items[1], "C");
	assert_str(config.target.protect.items[0], "admin@example.org");
	assert_str(config.target.protect.items[1], "*-svc@*");
	assert_str(config.target.protect.items[2], "x?@xn--tda.example");
	assert_str(config.target.external_id, "hr_1");
	assert_int_equal(config.sources[0].adds, ATTR_ALIASES | ATTR_DELEGATES);
	assert_int_equal(config.sources[1].manage, ATTR_NAME | ATTR_KEY | ATTR_ACTIVE);
	assert_false(config.actions[KIND_USER].create);
	assert_true(config.actions[KIND_USER].update);
	assert_int_equal(config.actions[KIND_USER].suspend, SUSPEND_NEVER);
	assert_int_equal(config.actions[KIND_USER].reactivate, SUSPEND_ALWAYS);
	assert_false(config.actions[KIND_FUNCTIONAL].update);
	assert_int_equal(config.actions[KIND_FUNCTIONAL].suspend, SUSPEND_ALWAYS);
	assert_int_equal(config.limits[KIND_USER][LIMIT_CREATE].type, LIMIT_NONE);
	assert_int_equal(config.limits[KIND_USER][LIMIT_SUSPEND].type, LIMIT_PERCENT);
	assert_int_equal(config.limits[KIND_USER][LIMIT_SUSPEND].value, 0);
	assert_int_equal(config.limits[KIND_USER][LIMIT_HELD].value, 7);
	assert_int_equal(config.limits[KIND_FUNCTIONAL][LIMIT_SUSPEND].type, LIMIT_COUNT);
	assert_int_equal(config.limits[KIND_FUNCTIONAL][LIMIT_SUSPEND].value, 3);
	assert_int_equal(config.limits[KIND_FUNCTIONAL][LIMIT_HELD].type, LIMIT_PERCENT);
	assert_int_equal(config.free, 0);
	assert_int_equal(config.approval.method, APPROVAL_SSH);
	assert_str(config.approval.allowed_signers, "etc/../signers");
	assert_str(config.approval.allowed_signers_given, "../signers");
	assert_int_equal(config.approval.expires, 90 * 86400);
	assert_str(config.approval.rules[0].action, "delete");
	assert_int_equal(config.approval.rules[0].kind, KIND_FUNCTIONAL);
	assert_int_equal(config.approval.rules[0].required, 3);
	assert_int_equal(config.approval.rules[1].action.len, 0);
	assert_int_equal(config.approval.rules[1].kind, -1);
	assert_true(config.approval.rules[1].over_limit);
	assert_int_equal(config.on_mismatch, MISMATCH_REFUSE);
	assert_str(config.state_path, "etc/../record");
	assert_int_equal(config.fingerprint_key.kind, SECRET_FILE);
	assert_str(config.fingerprint_key.name, "etc/key");
	config_release(&config);
}

static void reads_the_service(void **state)
{
	static const struct {
		const char *keys, *url;
		unsigned requests, seconds;
	} cases[] = {
		{"", "https://app.zivver.com/api", 50, 10},
		{", url: https://app.zivver.com/api, rate: 50/10s",
		 "https://app.zivver.com/api", 50, 10},
		{", url: HTTPS://App.Zivver.COM/Api//, rate: 1/1h",
		 "https://app.zivver.com/Api", 1, 3600},
		{", url: https://zivver.example.org, rate: 1000000/24h",
		 "https://zivver.example.org", 1000000, 86400},
		{", url: https://zivver.example.org:8443/, rate: none",
		 "https://zivver.example.org:8443", 0, 0},
		{", url: \"https://[2001:db8::1]:443/a:b@c\"",
		 "https://[2001:db8::1]:443/a:b@c", 50, 10},
		{", url: http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api", 50, 10},
		{", url: http://localhost", "http://localhost", 50, 10},
		{", url: \"http://[::1]:1\"", "http://[::1]:1", 50, 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf text = BUF_INIT;
		struct config config;

		buf_addf(
			&text,
			"zsctl: 1\norganization: example.org\n"
			"target: {provider: zivver, api_key: {file: key}%s, ca_file: ../ca.pem}\n"
			"sources:\n  - {name: a, provider: yaml, path: a.yaml}\n",
			cases[i].keys);
		load(&config, text.ptr);
		assert_int_equal(config.target.provider, TARGET_ZIVVER);
		assert_str(config.target.url, cases[i].url);
		assert_int_equal(config.target.rate.requests, cases[i].requests);
		assert_int_equal(config.target.rate.seconds, cases[i].seconds);
		assert_int_equal(config.target.api_key.kind, SECRET_FILE);
		assert_str(config.target.api_key.name, "etc/key");
		assert_string_equal(config.target.ca_file.ptr, "etc/../ca.pem");
		assert_int_equal(config.target.parallel, 0);
		assert_int_equal(config.target.path.len, 0);
		config_release(&config);
		buf_release(&text);
	}
}

static void parses_limits(void **state)
{
	static const char *const good[] = {"none", "0", "10", "1000000000", "0%", "100%"};
	static const char *const bad[] = {
		"",     "%",   "-1",   "1.5",        "101%",
		"10 %", "all", "None", "1000000001", "99999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct limit limit;
		char text[LIMIT_TEXT_SIZE];

		assert_true(limit_parse(str_of(good[i]), &limit));
		limit_text(limit, text);
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct limit limit;

		if (limit_parse(str_of(bad[i]), &limit))
			fail_msg("'%s' is no limit", bad[i]);
	}
}

/* --- extends ------------------------------------------------------------------------------- */

static void merges_what_it_extends(void **state)
{
	struct config config;
	struct diags diags = DIAGS_INIT;
	struct buf expected = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(chdir(DATA "/extends"), 0);
	assert_int_equal(config_load(&config, "site/zsctl.yaml", &diags), 0);
	assert_int_equal(diags.count, 0);
	if (rewriting())
		os_write_file("canonical", config.canonical, 0644, &err);
	assert_int_equal(os_read_file("canonical", 1 << 20, &expected, &err), 0);
	assert_str(config.canonical, expected.ptr);
	/* Paths are relative to the file that names them. */
	assert_str(config.target.path, "site/target.json");
	assert_str(config.approval.allowed_signers, "site/../common/signers");
	assert_str(config.state_path, "site/state");
	assert_int_equal(config.source_count, 3);
	assert_str(config.sources[0].name, "hr");
	assert_str(config.sources[0].path, "site/hr.yaml");
	assert_int_equal(config.sources[0].adds, ATTR_DELEGATES);
	assert_str(config.sources[1].path, "site/../common/all.yaml");
	/* And shown from the folder of the configuration, whichever file names them. */
	assert_str(config.target.path_given, "target.json");
	assert_str(config.sources[0].path_given, "hr.yaml");
	assert_str(config.sources[1].path_given, "../common/all.yaml");
	assert_str(config.sources[2].path_given, "*.yaml");
	assert_str(config.sources[2].name, "local");
	assert_int_equal(config.claimed.count, 1);
	buf_release(&expected);
	diags_release(&diags);
	config_release(&config);
}

/* --- digests and changes ------------------------------------------------------------------- */

static void digests_what_is_said(void **state)
{
	static const struct {
		const char *text;
		bool same;
	} cases[] = {
		{SMALL, true},
		{"# comment\n" SMALL "\n\n", true},
		{"sources: [{path: 'a.yaml', name: \"a\", provider: yaml}]\n"
		 "target:\n    path: t.json\n    provider: file\n"
		 "organization: >-\n  example.org\nzsctl: 1\n",
		 true},
		{SMALL "approval: {required: 1}\n", false},
		{SMALL "actions: {}\n", false},
		{SMALL "  - {name: b, provider: yaml, path: b.yaml}\n", false},
	};
	struct config first;

	(void)state;
	load(&first, SMALL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct config config;

		load(&config, cases[i].text);
		assert_int_equal(strcmp(config.digest, first.digest) == 0, cases[i].same);
		config_release(&config);
	}
	config_release(&first);
}

static void names_what_changed(void **state)
{
	static const char two[] = SMALL "  - {name: b, provider: yaml, path: b.yaml}\n";
	static const struct {
		const char *before, *after, *paths;
	} cases[] = {
		{SMALL, SMALL, ""},
		{SMALL, SMALL "apply: {on_mismatch: skip}\n", "apply.on_mismatch "},
		{SMALL "limits: {create: 1}\n", SMALL "limits: {create: 2}\n",
		 "limits.create "},
		{SMALL "limits: {user: {create: 1}}\n", SMALL, "limits.user.create "},
		{SMALL, two, "sources sources.b.name sources.b.path sources.b.provider "},
		{SMALL "domains: {claimed: [a.example, b.example]}\n",
		 SMALL "domains: {claimed: [b.example, a.example]}\n", "domains.claimed "},
		{SMALL
		 "approval: {method: ssh, allowed_signers: s, rules: [{when: {action: delete}, "
		 "required: 2}]}\n",
		 SMALL
		 "approval: {method: ssh, allowed_signers: s, rules: [{when: {action: delete}, "
		 "required: 3},\n"
		 "  {when: {kind: user}, required: 2}]}\n",
		 "approval.rules approval.rules.1.required approval.rules.2.required "
		 "approval.rules.2.when "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct config before, after;
		struct buf found = BUF_INIT;
		struct str *paths;
		size_t count;

		load(&before, cases[i].before);
		load(&after, cases[i].after);
		config_changes(&after.arena, before.canonical, after.canonical, &paths, &count);
		for (size_t j = 0; j < count; j++)
			buf_addf(&found, "%.*s ", STR_FMT(paths[j]));
		assert_string_equal(found.ptr ? found.ptr : "", cases[i].paths);
		config_changes(&after.arena, after.canonical, before.canonical, &paths, &count);
		buf_clear(&found);
		for (size_t j = 0; j < count; j++)
			buf_addf(&found, "%.*s ", STR_FMT(paths[j]));
		assert_string_equal(found.ptr ? found.ptr : "", cases[i].paths);
		buf_release(&found);
		config_release(&before);
		config_release(&after);
	}
}

static void survives_hostile_files(void **state)
{
	static const char *const hostile[] = {
		SMALL "\"\\u202e\\u0007\\x1b[2J\": 1\n",
		SMALL "approval: {rules: [[], {}, 1, null, {when: 1}, {when: {action: []}}]}\n",
		SMALL "target: 1\nlimits: []\nstate: {fingerprint_key: [[[]]]}\n",
		"zsctl: 1\nsources: [[], 1, {name: [], provider: {}}, {name: {}}]\ntarget: []\n",
		"zsctl: 1\nextends: .\n",
		"zsctl: 1\nextends: {}\n",
		"zsctl: 1\nextends: /dev/zero\n",
		"zsctl: {}\n",
		"{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		struct config config;
		struct diags diags = DIAGS_INIT;
		struct buf found = BUF_INIT;

		assert_int_equal(config_parse(&config, "t", str_of(hostile[i]), &diags), -1);
		assert_true(diags.errors > 0);
		diags_format(&diags, &found);
		for (size_t j = 0; j < found.len; j++)
			assert_true((unsigned char)found.ptr[j] >= 0x20 ||
				    found.ptr[j] == '\n');
		assert_null(strstr(found.ptr, "\xe2\x80\xae"));
		buf_release(&found);
		diags_release(&diags);
		config_release(&config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_all_that_is_wrong),
		cmocka_unit_test(shows_findings_of_all_files),
		cmocka_unit_test(fills_in_defaults),
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(reads_the_service),
		cmocka_unit_test(parses_limits),
		cmocka_unit_test(merges_what_it_extends),
		cmocka_unit_test(digests_what_is_said),
		cmocka_unit_test(names_what_changed),
		cmocka_unit_test(survives_hostile_files),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
