/*
 * Random small organisations, as nasty as can be: addresses that move in chains and circles, ids
 * that change hands, people who leave and come back, entries held by accident. For each one:
 *
 *   - the plan does not depend on the order of anything;
 *   - its requests, one by one in the order of the schedule, are such as the target accepts;
 *   - afterwards every address has one owner, and what is protected is as it was;
 *   - nobody comes back to access that the plan takes away;
 *   - and the next plan is empty.
 *
 * A failing organisation is cut down line by line and printed. ZSCTL_RANDOM=N for more of them,
 * ZSCTL_SEED=N for another beginning.
 */
#include "organisation.h"
#include "scenario.h"
#include "target_model.h"

enum { ORGANISATIONS = 3000 };

/* --- properties --------------------------------------------------------------------------- */

static void check_owners(struct target_model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct person *person = &m->items[i];

		if (person->gone)
			continue;
		if (owner_of(m, person->address) != person)
			complain(m, "two have", sym_str(person->address));
		for (size_t j = 0; j < person->alias_count; j++)
			if (owner_of(m, person->aliases[j]) != person ||
			    person->aliases[j] == person->address)
				complain(m, "two have", sym_str(person->aliases[j]));
	}
}

static void check_text(struct target_model *m)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < m->plan->changes.count; i++) {
		const struct plan_change *change = &m->plan->changes.items[i];

		if (change->because.len == 0)
			complain(m, "no because:", change->address);
		if (change->expect.len == 0)
			complain(m, "no expect:", change->address);
	}
	for (size_t i = 0; i < m->plan->manual.count; i++)
		if (m->plan->manual.items[i].problem.len == 0 ||
		    m->plan->manual.items[i].todo.len == 0)
			complain(m, "manual without words:", m->plan->manual.items[i].account);
	if (guard_protected(&m->t->config, m->plan, &err) != 0)
		complain(m, "guarded:", str_of(err.text));
	buf_release(&text);
}

static void plan_lines(const char *text, uint32_t seed, struct buf *out)
{
	const struct scenario scenario = {"", text, "", NULL, true};
	char counts[64];

	plan_of(&scenario, seed, out, counts);
	buf_puts(out, counts);
}

static bool is_line_of_plan(struct str line)
{
	return line.len > 0 && !str_starts(line, "manual ") && !str_starts(line, "held ") &&
	       !str_starts(line, "warning ");
}

static void check_next(struct target_model *m, const struct buf *after)
{
	struct buf next = BUF_INIT;
	const struct scenario scenario = {"", after->ptr, "", NULL, true};
	struct str rest, line;
	char counts[64];

	plan_of(&scenario, 0, &next, counts);
	rest = buf_str(&next);
	while (str_split(&rest, '\n', &line))
		if (is_line_of_plan(line))
			complain(m, "the next plan is not empty:", line);
	buf_release(&next);
}

/* What is wrong with this organisation; false: nothing. */
static bool find_problem(const char *text, struct buf *problem)
{
	struct test_world t;
	struct reconcile_input input;
	struct plan plan;
	static struct target_model m;
	struct buf first = BUF_INIT, other = BUF_INIT, after = BUF_INIT;

	world_read(&t, text, 0);
	input = world_input(&t);
	plan_init(&plan);
	reconcile(&input, &plan, NULL);
	plan_sort(&plan);
	model_init(&m, &t, &plan);
	check_text(&m);
	execute(&m);
	check_owners(&m);
	plan_lines(text, 0, &first);
	plan_lines(text, 77, &other);
	if (!str_eq(buf_str(&first), buf_str(&other)))
		complain(&m, "the order of lines matters:", buf_str(&other));
	write_after(&m, text, &after);
	/* Without updates a suspended account may come back with what it could not become while it
	 * was active: that takes two plans. */
	if (m.problem.len == 0 && !strstr(text, "update=off"))
		check_next(&m, &after);
	if (m.problem.len > 0)
		buf_addf(problem, "%.*s--- plan\n%.*s\n--- afterwards\n%.*s",
			 STR_FMT(buf_str(&m.problem)), STR_FMT(buf_str(&first)),
			 STR_FMT(buf_str(&after)));
	buf_release(&m.problem);
	buf_release(&first);
	buf_release(&other);
	buf_release(&after);
	plan_release(&plan);
	world_free(&t);
	return problem->len > 0;
}

/* The text without its line number `line`; false when it has no such line. */
static bool without_line(const char *text, size_t line, struct buf *out)
{
	struct str rest = str_of(text), part;
	size_t number = 0;
	bool found = false;

	while (str_split(&rest, '\n', &part)) {
		if (number++ == line)
			found = part.len > 0;
		else if (part.len > 0)
			buf_addf(out, "%.*s\n", STR_FMT(part));
	}
	return found;
}

static void shrink(struct buf *text)
{
	for (size_t line = 0;;) {
		struct buf smaller = BUF_INIT, problem = BUF_INIT;

		if (!without_line(text->ptr, line, &smaller)) {
			buf_release(&smaller);
			return;
		}
		/* Entries name their source. */
		if (smaller.ptr &&
		    (!strstr(text->ptr, "cfg source") || strstr(smaller.ptr, "cfg source")) &&
		    find_problem(smaller.ptr, &problem)) {
			buf_release(text);
			*text = smaller;
			line = 0;
		} else {
			buf_release(&smaller);
			line++;
		}
		buf_release(&problem);
	}
}

static uint32_t number_from(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);
	uint64_t number;

	return text && str_to_u64(str_of(text), &number) ? (uint32_t)number : otherwise;
}

static void test_random(void **state)
{
	const uint32_t first = number_from("ZSCTL_SEED", 1);
	const uint32_t count = number_from("ZSCTL_RANDOM", ORGANISATIONS);

	(void)state;
	for (uint32_t seed = first; seed < first + count; seed++) {
		struct buf text = BUF_INIT, problem = BUF_INIT;

		make_organisation(seed, &text);
		if (text.ptr && find_problem(text.ptr, &problem)) {
			shrink(&text);
			buf_clear(&problem);
			find_problem(text.ptr, &problem);
			print_error("seed %u:\n%s%s", (unsigned)seed, text.ptr, problem.ptr);
			buf_release(&text);
			buf_release(&problem);
			fail();
		}
		buf_release(&text);
		buf_release(&problem);
	}
}

/* --- a large one -------------------------------------------------------------------------- */

enum { LARGE = 20000 };

/* Each tenth account is functional; one in fifty differs somehow. */
static void make_large(struct buf *out)
{
	buf_puts(out, "cfg source=ad ignore=o.example\n");
	for (unsigned i = 0; i < LARGE; i++) {
		const char *kind = i % 10 ? "user" : "functional";
		const bool differs = random_below(50) == 0;
		const uint32_t how = random_below(6);

		buf_addf(out, "want %s n%u id=%u name=N alias=a%u,b%u", kind, i, i,
			 differs && how == 0 ? i + LARGE : i, i);
		if (i % 10 == 0)
			buf_addf(out, " delegates=n%u,n%u", i + 1, i + 2 + differs);
		buf_puts(out, differs && how == 1 ? " inactive\n" : "\n");
		if (differs && how == 2)
			continue;
		buf_addf(out, "is %s n%u%s name=N alias=a%u,b%u,c@o.example", kind, i,
			 differs && how == 3 ? "x" : "", i, i);
		if (i % 10 == 0)
			buf_addf(out, " delegates=n%u,n%u", i + 1, i + 2);
		buf_addf(out, " id=t%u\n", i);
		if (!differs || how < 5)
			buf_addf(out, "was %s n%u id=t%u link=declared:%u\n", kind, i, i, i);
	}
}

static void test_large(void **state)
{
	struct buf text = BUF_INIT, plans[2] = {BUF_INIT, BUF_INIT};

	(void)state;
	seed_now = 7;
	make_large(&text);
	for (uint32_t seed = 0; seed < 2; seed++) {
		struct test_world t;
		struct reconcile_input input;
		struct plan plan;

		world_read(&t, text.ptr, seed);
		input = world_input(&t);
		plan_init(&plan);
		reconcile(&input, &plan, NULL);
		plan_sort(&plan);
		assert_true(plan.changes.count > LARGE / 100);
		plan_write(&plan, &plans[seed]);
		plan_release(&plan);
		world_free(&t);
	}
	assert_true(str_eq(buf_str(&plans[0]), buf_str(&plans[1])));
	buf_release(&plans[0]);
	buf_release(&plans[1]);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_large),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
