#include "order.h"

#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* --- one plan at a time --------------------------------------------------------------------- */

/*
 * Entries in a few letters: "KIND NUMBER: PARTS", parts being
 *     -a  removes alias a       +a  adds alias a        >b  renamed to address b
 *     -@u removes delegate u    +@u adds delegate u     =   sets a name
 *     !x  reads account x again
 * KIND is S(uspend), R(evoke), G(rant), A(ctivate again), U(pdate), C(reate), D(elete).
 */
static void parse_change(struct plan *plan, const char *text)
{
	static const struct {
		char letter;
		enum action action;
	} kinds[] = {{'D', ACTION_DELETE},    {'S', ACTION_SUSPEND}, {'R', ACTION_REVOKE},
		     {'G', ACTION_GRANT},     {'U', ACTION_UPDATE},  {'C', ACTION_CREATE},
		     {'A', ACTION_REACTIVATE}};
	struct plan_change *change = vec_push(&plan->changes);
	struct str rest = str_of(text + 2), word;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].letter == text[0])
			change->action = kinds[i].action;
	str_split(&rest, ' ', &change->address);
	while (str_split(&rest, ' ', &word)) {
		const bool delegate = word.len > 1 && word.ptr[1] == '@',
			   add = word.ptr[0] == '+';
		struct str name = {word.ptr + 1 + delegate, word.len - 1 - delegate};

		if (word.ptr[0] == '>')
			change->rename = (struct plan_scalar){true, change->address, name};
		else if (word.ptr[0] == '!')
			strs_add(&plan->arena, &change->reads, name);
		else if (word.ptr[0] == '=')
			change->name = (struct plan_scalar){true, STR("a"), STR("b")};
		else if (delegate)
			pairs_add(&plan->arena,
				  add ? &change->delegates_add : &change->delegates_remove)
				->address = name;
		else
			strs_add(&plan->arena,
				 add ? &change->aliases_add : &change->aliases_remove, name);
	}
}

static void describe(const struct plan *plan, const struct schedule *schedule, struct buf *out)
{
	static const char *const kinds[] = {"take",     "suspend", "create",
					    "complete", "update",  "delete"};

	for (uint32_t i = 0; i < schedule->count; i++) {
		const struct step *step = &schedule->steps[i];

		buf_addf(out, "%s%s %.*s", i ? ", " : "", kinds[step->kind],
			 STR_FMT(plan->changes.items[step->change].address));
		for (uint32_t j = 0; j < step->release_count; j++)
			buf_addf(out, "%s%u%s", j ? "," : " -> ", step->releases[j],
				 step->hard[j] ? "!" : "");
	}
}

static void orders(void **state)
{
	static const struct {
		const char *changes[4], *steps;
	} cases[] = {
		{{NULL}, ""},
		/* What takes away first, deletes last, else the plan's order. */
		{{"D a", "S b", "R c -@x", "G d +@x"},
		 "suspend b, update c, update d, delete a"},
		{{"U a =", "U b -p", "C c", "S d"}, "suspend d, update b, update a, create c"},
		/* A create has a second request when there is something to complete. */
		{{"C a", "C b +p", "C c +@x"},
		 "create a, create b -> 2!, complete b, create c -> 4!, complete c"},
		/* An address is freed before it is claimed: alias, primary, both ways. */
		{{"U a +p", "U b -p ="}, "update b -> 1!, update a"},
		{{"U a >p", "U b -p ="}, "update b -> 1!, update a"},
		{{"U a +b", "U b >p"}, "update b -> 1!, update a"},
		{{"U a >b", "U b >c", "U c >d"}, "update c -> 1!, update b -> 2!, update a"},
		{{"C a +p", "U b -p ="}, "update b -> 2!, create a -> 2!, complete a"},
		{{"C p", "U b -p ="}, "update b -> 1!, create p"},
		{{"C a", "D a"}, "delete a -> 1!, create a"},
		/* Within one entry nothing waits. */
		{{"U a >p -p +a"}, "update a"},
		/* Who is named is there before: created, active again, renamed. */
		{{"G a +@n", "C n"}, "create n -> 1, update a"},
		{{"G a +@n", "A n"}, "update n -> 1, update a"},
		{{"G a +@n", "U o >n"}, "update o -> 1, update a"},
		{{"G a +@n", "A o >n"}, "update o -> 1, update a"},
		{{"C a +@b", "C b +@a"},
		 "create a -> 2!,3, create b -> 2,3!, complete a, complete b"},
		/* Access goes before its holder comes back. */
		{{"A n", "R a -@n"}, "update a -> 1!, update n"},
		{{"A n", "S a -@n"}, "suspend a -> 1!, update n"},
		/* A target would drop who is still suspended. */
		{{"G a +@m", "A n !a"}, "update n -> 1, update a"},
		{{"G a -@n +q", "A n !b", "G b -@m +r", "A m !a"},
		 "take a -> 1!,4!, update n -> 2, update b -> 3!, update m -> 4, update a"},
		/* Cycles: aliases that go round, split where something is taken away. */
		{{"U a -p +q", "U b -q +p"}, "take a -> 1!,2!, update b -> 2!, update a"},
		{{"U a -p +q", "U b -q +r", "U c -r +p"},
		 "take a -> 1!,3!, update c -> 2!, update b -> 3!, update a"},
		{{"U a >q", "U b -q +a"}, "take b -> 1!,2!, update a -> 2!, update b"},
		{{"G a -n +@n", "C n"}, "take a -> 1!,2!, create n -> 2, update a"},
		{{"G a -@n +@m", "A n >m"}, "take a -> 1!,2!, update n -> 2, update a"},
		/* Nothing to take away: what is added comes in a request of its own. */
		{{"G a >x +@y", "G b >y +@x"}, "update a -> 1,2!, update b -> 2, complete a"},
		{{"A a +@b", "A b +@a"}, "update a -> 1,2!, update b -> 2, complete a"},
		{{"U a >b +q", "U q >z +a"}, "update a -> 1!,2!, update q -> 2!, complete a"},
		/* A swap of primaries is nobody's plan, but must end. */
		{{"U a >b", "U b >a"}, "update a -> 1!, update b"},
		{{"U a +x", "U b +x", "U c -x ="}, "update c -> 1!,2!, update a, update b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena arena = ARENA_INIT;
		struct schedule schedule;
		struct buf out = BUF_INIT;
		struct plan plan;

		plan_init(&plan);
		for (size_t j = 0; j < 4 && cases[i].changes[j]; j++)
			parse_change(&plan, cases[i].changes[j]);
		plan_sort(&plan);
		schedule_make(&arena, &plan, &schedule);
		describe(&plan, &schedule, &out);
		if (!str_is(buf_str(&out), cases[i].steps))
			fail_msg("case %zu: '%s', not '%s'", i, out.ptr ? out.ptr : "",
				 cases[i].steps);
		assert_int_equal(schedule.writes, schedule.count);
		buf_release(&out);
		arena_release(&arena);
		plan_release(&plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
