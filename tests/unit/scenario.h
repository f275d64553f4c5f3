/*
 * Scenarios for reconcile: three worlds (world.h) and what the plan says, in several orders of lines.
 */
#ifndef ZSCTL_TEST_SCENARIO_H
#define ZSCTL_TEST_SCENARIO_H

#include "world.h"

/* --- what comes out --------------------------------------------------------------------------- */

/* Drops "@example.org". */
static inline void add_short(struct buf *out, struct str text)
{
	static const char domain[] = "@example.org";

	while (text.len > 0) {
		const char *at = memmem(text.ptr, text.len, domain, sizeof(domain) - 1);
		size_t len = at ? (size_t)(at - text.ptr) : text.len;

		buf_add(out, (struct str){text.ptr, len});
		len += at ? sizeof(domain) - 1 : 0;
		text.ptr += len;
		text.len -= len;
	}
}

static inline void add_list(struct buf *out, const char *before, const struct strs *list)
{
	for (size_t i = 0; i < list->count; i++) {
		buf_puts(out, before);
		add_short(out, list->items[i]);
	}
}

static inline void add_pairs(struct buf *out, const char *before,
			     const struct plan_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		buf_puts(out, before);
		add_short(out, pairs->items[i].address);
	}
}

static inline void add_scalar(struct buf *out, const char *name,
			      const struct plan_scalar *scalar)
{
	if (!scalar->set)
		return;
	buf_addf(out, " %s=", name);
	add_short(out, scalar->to);
}

/* "grant functional info +kim -bob alias+x alias-y name=Z; because" */
static inline void render_change(struct buf *out, const struct plan_change *change,
				 bool because)
{
	buf_addf(out, "%s %s ", action_names[change->action], kind_names[change->kind]);
	add_short(out, change->address);
	add_scalar(out, "address", &change->rename);
	if (change->action != ACTION_CREATE)
		add_scalar(out, "name", &change->name);
	add_scalar(out, "mobile", &change->mobile);
	add_scalar(out, "unit", &change->unit);
	add_list(out, " alias+", &change->aliases_add);
	add_list(out, " alias-", &change->aliases_remove);
	add_pairs(out, " +", &change->delegates_add);
	add_pairs(out, " -", &change->delegates_remove);
	add_list(out, " loses ", &change->loses);
	add_list(out, " reads ", &change->reads);
	if (change->key.len > 0)
		buf_puts(out, str_is(change->key, "lost") ? " key:lost" : " key");
	if (because) {
		buf_puts(out, "; ");
		add_short(out, change->because);
	}
	buf_char(out, '\n');
}

/* Without who wants it, which is said of each in the same way: golden cases have it. */
static inline struct str without_evidence(struct str problem)
{
	static const char ends[] = ": listed in a.yaml)";

	if (!str_ends(problem, ends))
		return problem;
	problem.len -= sizeof(ends) - 1;
	while (problem.ptr[problem.len] != '(')
		problem.len--;
	return (struct str){problem.ptr, problem.len - 1};
}

/* Changes, then manual, held, adopted accounts and warnings, a line each. */
static inline void render(struct buf *out, const struct plan *plan, bool because)
{
	for (size_t i = 0; i < plan->changes.count; i++)
		render_change(out, &plan->changes.items[i], because);
	for (size_t i = 0; i < plan->manual.count; i++) {
		buf_puts(out, "manual ");
		add_short(out, plan->manual.items[i].account);
		buf_puts(out, ": ");
		add_short(out, without_evidence(plan->manual.items[i].problem));
		buf_char(out, '\n');
	}
	for (size_t i = 0; i < plan->held.count; i++) {
		buf_puts(out, "held ");
		add_short(out, plan->held.items[i].account);
		buf_addf(out, " (%.*s): ", STR_FMT(plan->held.items[i].source));
		add_short(out, plan->held.items[i].problem);
		buf_char(out, '\n');
	}
	for (size_t i = 0; i < plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &plan->adopt.items[i];

		buf_addf(out, "adopt %s ", kind_names[adopt->kind]);
		add_short(out, adopt->address);
		buf_addf(out, " %.*s%s\n", STR_FMT(adopt->source),
			 adopt->link.len ? " id" : "");
	}
	for (size_t i = 0; i < plan->warnings.count; i++) {
		buf_puts(out, "warning ");
		add_short(out, plan->warnings.items[i]);
		buf_char(out, '\n');
	}
}

/* --- scenarios --------------------------------------------------------------------------- */

struct scenario {
	const char *what;
	const char *worlds;
	const char *expected;
	/* unchanged, unmanaged or left out, protected, inactive: "1 0 0 0"; NULL: not looked at */
	const char *counts;
	bool because;
};

static inline void plan_of(const struct scenario *scenario, uint32_t seed, struct buf *out,
			   char *counts)
{
	struct test_world t;
	struct reconcile_input input;
	struct plan plan;

	world_read(&t, scenario->worlds, seed);
	input = world_input(&t);
	plan_init(&plan);
	reconcile(&input, &plan, NULL);
	plan_sort(&plan);
	render(out, &plan, scenario->because);
	snprintf(counts, 64, "%u %u %u %u", (unsigned)plan.counts.unchanged,
		 (unsigned)(plan.counts.unmanaged + plan.counts.left_out),
		 (unsigned)plan.counts.protected_, (unsigned)plan.counts.inactive);
	plan_release(&plan);
	world_free(&t);
}

/* Every scenario, with its lines in several orders: the same plan. */
static inline void run(const struct scenario *scenarios, size_t count)
{
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		for (uint32_t seed = 0; seed < 4; seed++) {
			struct buf out = BUF_INIT;
			char counts[64];
			bool same;

			plan_of(&scenarios[i], seed, &out, counts);
			same = str_is(buf_str(&out), scenarios[i].expected) &&
			       (!scenarios[i].counts ||
				strcmp(counts, scenarios[i].counts) == 0);
			failed += !same;
			if (!same)
				print_error(
					"%s (order %u):\n--- expected (counts %s)\n%s--- got "
					"(counts %s)\n%s",
					scenarios[i].what, seed,
					scenarios[i].counts ? scenarios[i].counts : "any",
					scenarios[i].expected, counts, out.ptr ? out.ptr : "");
			buf_release(&out);
			if (!same)
				break;
		}
	}
	assert_int_equal(failed, 0);
}
#define RUN(scenarios) run(scenarios, sizeof(scenarios) / sizeof((scenarios)[0]))

#endif
