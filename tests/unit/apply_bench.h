/*
 * An organisation with a configuration and a plan in a folder of its own, to be applied on a target that
 * fails (failing_target.h).
 */
#ifndef ZSCTL_TEST_APPLY_BENCH_H
#define ZSCTL_TEST_APPLY_BENCH_H

#include "failing_target.h"

#include "apply.h"

#define NOW 1795169700 /* 2026-11-20T10:15:00Z */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_clear)

/* --- an organisation, its configuration and a plan --------------------------------------------------- */

static const char organization[] =
	"{\"users\":[\n"
	"{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true},\n"
	"{\"id\":\"u2\",\"userName\":\"bob@example.org\",\"name\":{\"formatted\":\"Bob Vos\"},\"active\":true,"
	"\"urn:ietf:params:scim:schemas:zivver:0.1:User\":{\"aliases\":[\"desk@example.org\"],\"delegates\":[]}},\n"
	"{\"id\":\"u3\",\"userName\":\"kim@example.org\",\"name\":{\"formatted\":\"Kim Jansen\"},\"active\":true}\n"
	"],\"groups\":[\n"
	"{\"id\":\"g1\",\"externalId\":\"info@example.org\",\"displayName\":\"Information\","
	"\"members\":[{\"value\":\"u2\"}]}\n"
	"],\"guests\":[\"guest@example.org\"]}\n";

static const char configuration[] =
	"zsctl: 1\n"
	"organization: example.org\n"
	"target: {provider: file, path: organization.json, sign_in: password, parallel: 4}\n"
	"sources:\n"
	"  - {name: declared, provider: yaml, path: accounts.yaml}\n"
	"actions:\n"
	"  user: {suspend: always}\n"
	"limits: {create: none, update: none, suspend: none, reactivate: none, grant: none, "
	"revoke: none}\n"
	"approval: {method: local}\n"
	"apply: {on_mismatch: skip}\n"
	"state: {path: state}\n";

/* The alias desk@ goes from bob, who has another name, to the new functional account. */
static const char declared_accounts[] =
	"zsctl_accounts: 1\n"
	"users:\n"
	"  - {address: jane@example.org, name: Jane Smith, aliases: [j.smith@example.org]}\n"
	"  - {address: bob@example.org, name: Robert Vos, aliases: []}\n"
	"  - {address: sam@example.org, name: Sam New, aliases: [s.new@example.org]}\n"
	"functional:\n"
	"  - {address: info@example.org, name: Information, delegates: [bob@example.org, sam@example.org]}\n"
	"  - {address: front@example.org, name: Front, aliases: [desk@example.org], delegates: [bob@example.org]}\n";

struct bench {
	struct config config;
	struct sym_pool names; /* the plan's texts */
	struct entries entries;
	struct diags diags;
	struct plan plan;
	struct run_result result;
	struct err err;
};

static inline void edit_organization(const char *from, const char *to)
{
	struct buf text = BUF_INIT, edited = BUF_INIT;
	struct err err = ERR_INIT;
	const char *at;

	assert_int_equal(os_read_file(in_scratch("organization.json"), 1 << 20, &text, &err),
			 0);
	at = strstr(text.ptr, from);
	assert_non_null(at);
	buf_add(&edited, (struct str){text.ptr, (size_t)(at - text.ptr)});
	buf_puts(&edited, to);
	buf_puts(&edited, at + strlen(from));
	write_scratch(in_scratch("organization.json"), buf_str(&edited));
	buf_release(&text);
	buf_release(&edited);
}

static inline void bench_configure(struct bench *bench)
{
	if (config_load(&bench->config, "zsctl.yaml", &bench->diags) == 0)
		return;
	struct buf text = BUF_INIT;

	diags_format(&bench->diags, &text);
	fail_msg("%s", text.ptr);
}

static inline void bench_open(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	bench->err = (struct err)ERR_INIT;
	/* Paths are recorded; they must be the same every time. */
	assert_int_equal(chdir(scratch), 0);
	write_scratch(in_scratch("zsctl.yaml"), str_of(configuration));
	write_scratch(in_scratch("accounts.yaml"), str_of(declared_accounts));
	write_scratch(in_scratch("organization.json"), str_of(organization));
	plan_init(&bench->plan);
	run_result_init(&bench->result, 0);
	bench_configure(bench);
}

static inline void bench_close(struct bench *bench)
{
	plan_release(&bench->plan);
	entries_release(&bench->entries);
	sym_pool_release(&bench->names);
	run_result_release(&bench->result);
	config_release(&bench->config);
	diags_release(&bench->diags);
}

static inline void must(int failed, const struct err *err)
{
	if (failed)
		fail_msg("%s", err->text);
}

static inline void plan_head(struct bench *bench, struct state *state, const char *id)
{
	struct plan *plan = &bench->plan;
	char head[COMMIT_TEXT_SIZE];
	char digest[SHA256_TEXT_SIZE];
	struct policy policy;

	policy_init(&policy);
	must(policy_from_config(&policy, &bench->config, &bench->err), &bench->err);
	policy_digest(&policy, digest);
	policy_release(&policy);
	must(state_head(state, head, &bench->err), &bench->err);
	plan->id = str_of(id);
	plan->organization = STR("example.org");
	plan->author = STR("jane@example.org");
	plan->created = NOW;
	plan->expires = NOW + 3600;
	plan->config_digest = arena_str(&plan->arena, str_of(bench->config.digest));
	plan->policy_digest = arena_str(&plan->arena, str_of(digest));
	plan->base = arena_str(&plan->arena, str_of(head));
	plan->target_provider = STR("file");
	plan->target_endpoint = STR("organization.json");
}

static inline void plan_sources(struct bench *bench, const struct desired *desired,
				const struct recorded *recorded)
{
	for (uint32_t i = 0; i < bench->config.source_count; i++) {
		struct plan_source *source = vec_push(&bench->plan.sources);

		source->name = arena_str(&bench->plan.arena, bench->config.sources[i].name);
		source->users = desired->sources[i].users;
		source->functional = desired->sources[i].functional;
		source->delegations = desired->sources[i].delegations;
		for (size_t r = 0; r < recorded->source_count; r++) {
			const struct recorded_source *last = &recorded->sources[r];

			if (!str_eq(sym_str(last->name), source->name))
				continue;
			source->known = true;
			source->before = last->users + last->functional;
			source->before_delegations = last->delegations;
		}
	}
}

/* The plan as the commands make it, written and approved. */
static inline void make_plan(struct bench *bench, const char *id)
{
	struct plan_options options = {.policy_only = false};
	struct desired desired = DESIRED_INIT;
	struct accounts current = ACCOUNTS_INIT;
	struct recorded recorded;
	struct reconcile_input input = {.config = &bench->config,
					.desired = &desired,
					.current = &current,
					.recorded = &recorded,
					.options = &options,
					.today = date_of(NOW),
					.names = &bench->names};
	struct guard_facts facts;
	const struct source_input sources = {.names = &bench->names, .today = date_of(NOW)};
	struct buf bytes = BUF_INIT;
	struct target *target;
	struct state *state;
	struct policy policy;

	plan_release(&bench->plan);
	entries_release(&bench->entries);
	must(state_open(&state, "state", true, &bench->err), &bench->err);
	must(state_recorded(state, &bench->names, &recorded, &bench->err), &bench->err);
	must(read_entries(&bench->config, &sources, NULL, &bench->entries, &bench->diags,
			  &bench->err),
	     &bench->err);
	desired_merge(&bench->config, &bench->entries, &bench->names, &desired);
	must(target_open(&target, &bench->config, &bench->err), &bench->err);
	must(target->ops->list(target, &bench->names, &current, &bench->err), &bench->err);
	plan_head(bench, state, id);
	plan_sources(bench, &desired, &recorded);
	reconcile(&input, &bench->plan, NULL);
	plan_sort(&bench->plan);
	facts = guard_measure(&bench->config, &current, &desired, &recorded);
	guard_limits(&bench->config, &facts, &bench->plan);
	plan_write(&bench->plan, &bytes);
	write_scratch(in_scratch("plan.yaml"), buf_str(&bytes));
	policy_init(&policy);
	must(policy_from_config(&policy, &bench->config, &bench->err), &bench->err);
	must(approve_local(&policy, &bench->plan, in_scratch("plan.yaml"),
			   STR("kim@example.org"), NOW, &bench->err),
	     &bench->err);
	policy_release(&policy);
	target_free(target);
	state_free(state);
	recorded_release(&recorded);
	accounts_release(&current);
	desired_release(&desired);
	buf_release(&bytes);
}

static int confirm(void *context, struct str text, struct arena *arena, struct str *approver,
		   struct err *err)
{
	(void)context;
	(void)text;
	(void)arena;
	(void)err;
	*approver = STR("kim@example.org");
	return 0;
}

static inline int apply_plan(struct bench *bench, enum apply_mode mode, const char *script)
{
	struct apply_input input = {.config = &bench->config,
				    .plan_path = in_scratch("plan.yaml"),
				    .mode = mode,
				    .now = NOW + 60,
				    .confirm_policy = confirm,
				    .target = &failing.target};
	int failed;

	failing_open(&bench->config, script);
	failed = apply(&input, &bench->plan, &bench->result, &bench->err);
	failing_close();
	return failed;
}

/* "update user jane: done; …", without the domain. */
static inline const char *outcomes(const struct bench *bench)
{
	struct buf out = BUF_INIT;
	struct str text;

	for (size_t i = 0; i < bench->result.count; i++) {
		const struct plan_change *change = &bench->plan.changes.items[i];
		const struct change_result *result = &bench->result.items[i];
		struct str address = change->address, local;

		str_split(&address, '@', &local);
		buf_addf(&out, "%s %.*s: %s%s%.*s\n", action_names[change->action],
			 STR_FMT(local), change_outcome_names[result->outcome],
			 result->text.len ? ": " : "", STR_FMT(result->text));
	}
	text = arena_str(&scratch_arena, buf_str(&out));
	buf_release(&out);
	return text.ptr;
}

static inline const char *record_tree(void)
{
	return output_of("git", "-C", in_scratch("state"), "rev-parse", "HEAD^{tree}", NULL);
}

static inline const char *organization_now(void)
{
	return output_of("cat", in_scratch("organization.json"), NULL);
}

/* A new place with a plan. */
static inline void bench_plan(struct bench *bench)
{
	bench_open(bench);
	make_plan(bench, "20261120T101500Z-00000001");
}

/* Applies and expects the class (0: done) and a part of the message. */
static inline void expect_apply(struct bench *bench, enum apply_mode mode, const char *script,
				int class, const char *message)
{
	int failed = apply_plan(bench, mode, script);

	if ((failed ? (int)bench->err.class : 0) != class ||
	    (failed && !strstr(bench->err.text, message)))
		fail_msg("'%s' expected, but %d: %s", message,
			 failed ? (int)bench->err.class : 0, failed ? bench->err.text : "done");
}

/* Ids and times that are the same in every run. */
static inline int bench_init(void)
{
	struct err err = ERR_INIT;

	setenv("ZSCTL_ID", "7f3c2a10", 1);
	setenv("ZSCTL_NOW", "2026-11-20T10:15:00Z", 1);
	return base_init(&err);
}

#endif
