/*
 * The worked example of the design ("The plan file") as a struct, and a plan that uses every field.
 */
#ifndef TESTS_PLAN_EXAMPLE_H
#define TESTS_PLAN_EXAMPLE_H

#include "base/os.h"
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static inline struct plan_change *example_change(struct plan *plan, enum action action,
						 enum account_kind kind, struct str address)
{
	struct plan_change *change = vec_push(&plan->changes);

	change->action = action;
	change->kind = kind;
	change->address = address;
	return change;
}

static inline void example_link(struct plan *plan, struct plan_change *change,
				struct str source, struct str digest)
{
	*links_add(&plan->arena, change) = (struct plan_link){.source = source,
							      .digest = digest};
}

static inline void example_pair(struct plan *plan, struct plan_pairs *pairs, struct str address,
				struct str who, struct str why)
{
	*pairs_add(&plan->arena,
		   pairs) = (struct plan_pair){.address = address, .who = who, .why = why};
}

static inline void example_changes(struct plan *plan)
{
	struct plan_change *change;

	change = example_change(plan, ACTION_CREATE, KIND_FUNCTIONAL, STR("desk@example.org"));
	change->name = (struct plan_scalar){true, STR_NONE, STR("Front desk")};
	example_pair(plan, &change->delegates_add, STR("jane@example.org"), STR("Jane Doe"),
		     STR_NONE);
	change->because = STR("exo: SharedMailbox");
	change->expect = STR("absent");
	example_link(
		plan, change, STR("exo"),
		STR("sha256:101836589da5b37a1061b718b5287f4896d368ea723bbd4f50551e69dbdb81fb"));

	change = example_change(plan, ACTION_UPDATE, KIND_USER, STR("jane@example.org"));
	change->who = STR("Jane Doe");
	change->name = (struct plan_scalar){true, STR("Jane Doe"), STR("Jane Smith")};
	strs_add(&plan->arena, &change->aliases_add, STR("jane.doe@example.org"));
	change->key =
		STR("hmac:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683");
	change->because = STR("ad: displayName, proxyAddresses");
	change->id = STR("1f0a7e55-90b1-4a6e-8a52-7f1a9f0f3c44");
	change->expect =
		STR("sha256:81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2");
	example_link(
		plan, change, STR("ad"),
		STR("sha256:c59f40f0a798cefa3f7380729f2538867fe11d518b57bef4677be391e9f0b1f1"));

	change = example_change(plan, ACTION_GRANT, KIND_FUNCTIONAL, STR("cardio@example.org"));
	change->who = STR("Outpatient Cardiology");
	example_pair(plan, &change->delegates_add, STR("kim@example.org"), STR("Kim Jansen"),
		     STR("exo: group cardio-secr@example.org"));
	example_pair(plan, &change->delegates_remove, STR("bob@example.org"), STR("Bob Vos"),
		     STR("suspended by this plan"));
	change->id = STR("8c21e0aa-6f0c-4e12-9f5b-0b8a4b8d8e21");
	change->expect =
		STR("sha256:6296827a596392adf9de1f92ddf4bf12c378991758bcb21a76434a31d3ac8c78");
	example_link(
		plan, change, STR("exo"),
		STR("sha256:58a2718d3b2c1a994b19e0256efb128580082d1448fe46206d8b37e2f07c89c8"));

	change = example_change(plan, ACTION_SUSPEND, KIND_USER, STR("bob@example.org"));
	change->who = STR("Bob Vos, Cardiology");
	strs_add(&plan->arena, &change->loses, STR("cardio@example.org"));
	change->because = STR("ad: no longer in ZivverUsers");
	change->id = STR("5ee9b0b0-3f50-4bfb-8f0c-5d9ac52a8b6e");
	change->expect =
		STR("sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9");
	example_link(
		plan, change, STR("ad"),
		STR("sha256:d9f40af6fbd7d731ad8b726c9c4278d010d3c6e1b7731361087ca92df95412a0"));
}

/* tests/unit/data/plan/worked-example.yaml; not sorted yet. */
static inline void example_plan(struct plan *plan)
{
	plan_init(plan);
	plan->id = STR("20261120T101500Z-7f3c2a10");
	plan->organization = STR("example.org");
	plan->author = STR("jane@example.org");
	plan->reason = STR("TOPdesk W2611-0432");
	assert_true(time_parse(STR("2026-11-20T10:15:00Z"), &plan->created));
	plan->expires = plan->created + (int64_t)72 * 3600;
	plan->config_digest =
		STR("sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910");
	plan->policy_digest =
		STR("sha256:823412d1eacb67956220e532959f0104603057c88704863ca38e7cd188fda812");
	plan->config_commit = STR("4be1c0d41ba77a5b4648de2cd0dfcb30ea46dbb4");
	strs_add(&plan->arena, &plan->config_changed, STR("sources.ad.users.include"));
	plan->base = STR("9a8b7c5ee7c92d6dc9e92ffdad17b8bd49418f98");
	plan->target_provider = STR("zivver");
	plan->target_endpoint = STR("https://app.zivver.com/api");
	plan->target_users = 97;
	plan->target_functional = 12;
	*vec_push(&plan->sources) = (struct plan_source){
		.name = STR("ad"), .users = 96, .before = 97, .known = true};
	*vec_push(&plan->sources) = (struct plan_source){.name = STR("exo"),
							 .functional = 13,
							 .delegations = 31,
							 .before = 12,
							 .before_delegations = 30,
							 .known = true};
	plan->counts.unchanged = 105;
	*vec_push(&plan->limits) = (struct plan_limit){.rule = STR("suspend user"),
						       .limit = {LIMIT_PERCENT, 10},
						       .planned = 1,
						       .of = 90,
						       .allowed = 9};
	plan->writes = 5;
	plan->seconds_at_least = 1;
	example_changes(plan);
	*vec_push(&plan->manual) = (struct plan_manual){
		.account = STR("user kim@example.org"),
		.problem = STR("alias k@example.org is an account of its own"),
		.todo = STR("merge them in the Zivver portal (Organization Settings, User "
			    "administration, Accounts), or drop the alias"),
	};
}

/* Puts `text` into every field that holds text from outside, and two entries into each list. */
static inline void example_fill(struct plan *plan, struct str text)
{
	struct plan_change *change = &plan->changes.items[0];

	plan->organization = plan->author = plan->reason = text;
	plan->target_provider = plan->target_endpoint = text;
	for (size_t i = 0; i < 2; i++) {
		struct plan_options *options = &plan->options;
		struct str item = i ? STR("a@example.org") : text;

		strs_add(&plan->arena, &options->allow, item);
		strs_add(&plan->arena, &options->exclude, item);
		strs_add(&plan->arena, &options->include, item);
		strs_add(&plan->arena, &options->only, item);
		strs_add(&plan->arena, &options->same_person, item);
		strs_add(&plan->arena, &plan->config_changed, item);
		strs_add(&plan->arena, &plan->warnings, item);
		strs_add(&plan->arena, &plan->refused, item);
		*vec_push(&plan->manual) = (struct plan_manual){item, text, item};
		*vec_push(&plan->held) = (struct plan_held){item, text, item};
		*vec_push(&plan->policy) = (struct plan_policy){item, i ? text : STR_NONE,
								i ? STR_NONE : text};
	}
	plan->options.refresh_keys = plan->options.undo = text;
	plan->options.policy_only = true;
	plan->sources.items[0].name = text;
	plan->limits.items[0].rule = text;
	plan->limits.items[0].overridden = true;
	*vec_push(&plan->adopt) = (struct plan_adopt){KIND_USER, STR("kim@example.org"),
						      STR("4711"), text, STR_NONE};
	change->name.to = change->because = text;
	change->mobile.set = change->unit.set = true;
	change->unit.to = text;
	example_pair(plan, &change->delegates_add, STR("alf@example.org"), text, text);
	change = &plan->changes.items[1];
	change->who = change->because = text;
	change->name.from = change->name.to = text;
	change->mobile = (struct plan_scalar){true, text, STR_NONE};
	change->unit = (struct plan_scalar){true, STR_NONE, text};
	change->rename = (struct plan_scalar){true, change->address, STR("j@example.org")};
	strs_add(&plan->arena, &change->aliases_remove, STR("jd@example.org"));
	example_link(plan, change, text, STR_NONE);
	change = &plan->changes.items[2];
	example_pair(plan, &change->delegates_add, STR("alf@example.org"), text, text);
	example_pair(plan, &change->delegates_remove, STR("zoe@example.org"), STR_NONE, text);
	strs_add(&plan->arena, &plan->changes.items[3].loses, text);
	plan->changes.items[3].key = STR("lost");
}

/* And where only addresses belong: such a plan can be shown, but not read back. */
static inline void example_fill_addresses(struct plan *plan, struct str text)
{
	struct plan_change *change = &plan->changes.items[1];

	plan->options.delete_ = plan->options.suspended_for = text;
	plan->adopt.items[0].address = text;
	example_pair(plan, &plan->changes.items[0].delegates_add, text, text, text);
	change->rename.to = text;
	strs_add(&plan->arena, &change->aliases_add, text);
	strs_add(&plan->arena, &change->aliases_remove, text);
	example_pair(plan, &plan->changes.items[2].delegates_add, text, text, text);
	example_pair(plan, &plan->changes.items[2].delegates_remove, text, STR_NONE, text);
}

static inline struct str example_read(struct buf *out, const char *name)
{
	struct err err = ERR_INIT;
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/unit/data/plan/%s", ZSCTL_TESTS_DIR, name);
	if (os_read_file(path.ptr, 1 << 24, out, &err) != 0)
		fail_msg("%s", err.text);
	buf_release(&path);
	return buf_str(out);
}

#endif
