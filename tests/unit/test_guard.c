#include "scenario.h"

/*
 * A plan as words: "10 suspend user, 3 create functional, grant functional +4 -2, 2 held user".
 * Then what is measured against, and limits and refusals that come out.
 */
struct guard_case {
	const char *what;
	const char *planned;
	uint64_t users, functional; /* active ones */
	const char *limits;         /* "suspend=10% grant=5": others none */
	const char *allow;
	const char *expected; /* "RULE planned/of allowed" a line, then refusals */
};

static void add_changes(struct plan *plan, uint64_t count, enum action action,
			enum account_kind kind, struct str words)
{
	for (uint64_t i = 0; i < count; i++) {
		struct plan_change *change = vec_push(&plan->changes);

		change->action = action;
		change->kind = kind;
		change->address = arena_strf(&plan->arena, "%s%zu@example.org",
					     action_names[action], plan->changes.count);
		if (str_is(words, "key"))
			change->key = STR("hmac:1");
		if (str_is(words, "lost"))
			change->key = STR("lost");
	}
}

/* "+2 -3": pairs of the last change. */
static void add_pairs_of(struct plan *plan, struct str words)
{
	struct plan_change *change = &plan->changes.items[plan->changes.count - 1];
	struct str word;

	while (str_split(&words, ' ', &word)) {
		struct plan_pairs *pairs = str_starts(word, "+") ? &change->delegates_add
								 : &change->delegates_remove;
		struct str number = {word.ptr + 1, word.len - 1};
		uint64_t count;

		if (str_is(word, "~"))
			change->name.set = true;
		if (str_starts(word, "=")) {
			pairs_add(&plan->arena, &change->delegates_remove)->address =
				arena_strf(&plan->arena, "%.*s@example.org", STR_FMT(number));
			continue;
		}
		if ((!str_starts(word, "+") && !str_starts(word, "-")) ||
		    !str_to_u64(number, &count))
			continue;
		for (uint64_t i = 0; i < count; i++)
			pairs_add(&plan->arena, pairs)->address =
				arena_strf(&plan->arena, "d%u@example.org", (unsigned)i);
	}
}

static void read_planned(struct plan *plan, const char *text)
{
	struct str rest = str_of(text), part, word;

	while (str_split(&rest, ',', &part)) {
		uint64_t count = 1;
		enum action action;
		enum account_kind kind;

		part = str_trim(part);
		str_split(&part, ' ', &word);
		if (str_to_u64(word, &count))
			str_split(&part, ' ', &word);
		if (str_is(word, "held")) {
			for (uint64_t i = 0; i < count; i++)
				vec_push(&plan->held)->account = arena_strf(
					&plan->arena, "%.*s x%u", STR_FMT(part), (unsigned)i);
			continue;
		}
		if (!action_parse(word, &action))
			continue;
		str_split(&part, ' ', &word);
		assert_true(kind_parse(word, &kind));
		add_changes(plan, count, action, kind, str_trim(part));
		add_pairs_of(plan, part);
	}
}

/* Both kinds, or "user.suspend=5%". */
static void read_limits(struct config *config, const char *text)
{
	struct str rest = str_of(text), word;

	config->free = 5;
	while (str_split(&rest, ' ', &word)) {
		struct str key, kind = STR_NONE;
		struct limit limit = {LIMIT_NONE, 0};
		uint64_t number;

		str_split(&word, '=', &key);
		if (str_is(key, "free")) {
			assert_true(str_to_u64(word, &number));
			config->free = (unsigned)number;
			continue;
		}
		if (key.len == 0)
			continue;
		assert_true(limit_parse(word, &limit));
		if (memchr(key.ptr, '.', key.len))
			str_split(&key, '.', &kind);
		for (int rule = 0; rule < LIMIT_RULES; rule++)
			for (int k = 0; k < KIND_COUNT; k++)
				if (str_is(key, limit_rule_names[rule]) &&
				    (kind.len == 0 || str_is(kind, kind_names[k])))
					config->limits[k][rule] = limit;
	}
}

static void add_result(struct buf *out, const struct plan *plan)
{
	for (size_t i = 0; i < plan->limits.count; i++) {
		const struct plan_limit *limit = &plan->limits.items[i];

		buf_addf(out, "%.*s %u/%u %u%s\n", STR_FMT(limit->rule),
			 (unsigned)limit->planned, (unsigned)limit->of,
			 (unsigned)limit->allowed, limit->overridden ? " raised" : "");
	}
	for (size_t i = 0; i < plan->refused.count; i++)
		buf_addf(out, "! %.*s\n", STR_FMT(plan->refused.items[i]));
}

static const struct guard_case cases[] = {
	{"nothing planned", "", 100, 10, "suspend=10%", "", ""},
	{"at the limit", "10 suspend user", 100, 0, "suspend=10%", "",
	 "suspend user 10/100 10\n"},
	{"one more", "11 suspend user", 100, 0, "suspend=10%", "",
	 "suspend user 11/100 10\n"
	 "! suspend user: 11 planned, 10 allowed (10% of 100); to allow it: --allow "
	 "suspend:user=11\n"},
	{"a percentage is rounded down", "10 suspend user", 99, 0, "suspend=10% free=0", "",
	 "suspend user 10/99 9\n"
	 "! suspend user: 10 planned, 9 allowed (10% of 99); to allow it: --allow "
	 "suspend:user=10\n"},
	{"a few always pass", "5 suspend user", 20, 0, "suspend=10%", "",
	 "suspend user 5/20 5\n"},
	{"but not more than half", "3 suspend user", 5, 0, "suspend=10%", "",
	 "suspend user 3/5 2\n"
	 "! suspend user: 3 planned (suspend1@example.org, suspend2@example.org, "
	 "suspend3@example.org), 2 allowed (10% of 5, or limits.free up to half); to allow it: --allow "
	 "suspend:user=3\n"},
	{"the first run into an empty organisation", "3 create user, create functional +2", 0,
	 0, "create=10% grant=1", "",
	 "create user 3/0 0\ncreate functional 1/0 0\n"
	 "! create user: 3 planned (create1@example.org, create2@example.org, "
	 "create3@example.org), 0 allowed (10% of 0); to allow it: --allow create:user=3\n"
	 "! create functional: 1 planned (create4@example.org), 0 allowed (10% of 0); to allow it: --allow "
	 "create:functional=1\n"},
	{"allowed", "3 create user", 0, 0, "create=10%", "create:user=3",
	 "create user 3/0 3 raised\n"},
	{"allowed for both kinds", "3 create user, create functional", 0, 0, "create=10%",
	 "create=3", "create user 3/0 3 raised\ncreate functional 1/0 3 raised\n"},
	{"the kind's own counts", "3 create user", 0, 0, "create=10%", "create=9,create:user=2",
	 "create user 3/0 2 raised\n"
	 "! create user: 3 planned (create1@example.org, create2@example.org, "
	 "create3@example.org), 2 allowed (--allow); to allow it: --allow create:user=3\n"},
	{"of several for the same the largest counts", "3 create user", 0, 0, "create=10%",
	 "create:user=2,create:user=3,create:user=1", "create user 3/0 3 raised\n"},
	{"one for both kinds is no reason to forget the kind's own", "3 create user", 0, 0,
	 "create=10%", "create:user=2,create=9",
	 "create user 3/0 2 raised\n"
	 "! create user: 3 planned (create1@example.org, create2@example.org, "
	 "create3@example.org), 2 allowed (--allow); to allow it: --allow create:user=3\n"},
	{"allowing less than the limit changes nothing", "3 create user", 100, 0, "create=10%",
	 "create:user=1", "create user 3/100 10\n"},
	{"absolute", "3 update user", 100, 0, "update=2", "",
	 "update user 3/100 2\n"
	 "! update user: 3 planned (update1@example.org, update2@example.org, "
	 "update3@example.org), 2 allowed; to allow it: --allow update:user=3\n"},
	{"none", "90 update user", 100, 0, "update=none", "", "update user 90/100 90\n"},
	{"kinds have their own", "2 suspend user, 2 suspend functional", 100, 100,
	 "user.suspend=1 functional.suspend=2", "",
	 "suspend user 2/100 1\nsuspend functional 2/100 2\n"
	 "! suspend user: 2 planned (suspend1@example.org, suspend2@example.org), 1 allowed; to allow it: --allow suspend:user=2\n"},
	{"reactivations", "3 reactivate user", 200, 0, "reactivate=2% free=0", "",
	 "reactivate user 3/200 4\n"},
	{"pairs of both kinds together, too many to name",
	 "grant functional +4 -1, grant user +2", 50, 50, "grant=4 revoke=200", "",
	 "grant 6/100 4\nrevoke 1/100 200\n"
	 "! grant: 6 planned, 4 allowed; to allow it: --allow grant=6\n"},
	{"pairs by kind, where the kinds differ", "grant functional +3, grant user +2", 50, 50,
	 "user.grant=1 functional.grant=5", "",
	 "grant user 2/50 1\ngrant functional 3/50 5\n"
	 "! grant user: 2 planned (d0@example.org for grant2@example.org, d1@example.org for "
	 "grant2@example.org), 1 allowed; to allow it: --allow grant:user=2\n"},
	{"a new account's delegates are no grants, a returning one's are",
	 "create functional +9, reactivate functional +2", 50, 50, "grant=1", "",
	 "create functional 1/50 1\nreactivate functional 1/50 1\ngrant 2/100 1\n"
	 "! grant: 2 planned (d0@example.org for reactivate2@example.org, d1@example.org for "
	 "reactivate2@example.org), 1 allowed; to allow it: --allow grant=2\n"},
	{"who is suspended by the plan is no revoke, whatever the plan says of others",
	 "suspend user, revoke functional -1 =suspend1 =other", 50, 50, "revoke=1", "",
	 "suspend user 1/50 1\nrevoke 2/100 1\n"
	 "! revoke: 2 planned (d0@example.org for revoke2@example.org, other@example.org for "
	 "revoke2@example.org), 1 allowed; to allow it: --allow revoke=2\n"},
	{"a suspended account's delegates are no revokes", "suspend functional -9", 50, 50,
	 "revoke=1", "", "suspend functional 1/50 1\n"},
	{"what a grant changes besides, whatever it is called",
	 "grant user +1 ~, grant user +1 ~", 50, 50, "update=1", "",
	 "update user 2/50 1\ngrant 2/100 2\n"
	 "! update user: 2 planned (grant1@example.org, grant2@example.org), 1 allowed; to allow it: --allow update:user=2\n"},
	{"keys", "3 update user key, suspend user key, suspend user lost, create user key", 10,
	 0, "keys=2", "",
	 "create user 1/10 1\nupdate user 3/10 3\nsuspend user 2/10 2\nkeys 3/10 2\n"
	 "! keys: 3 planned (update1@example.org, update2@example.org, "
	 "update3@example.org), 2 allowed; to allow it: --allow keys=3\n"},
	{"held", "2 held user, 1 held functional", 40, 40, "held=1", "",
	 "held user 2/40 1\nheld functional 1/40 1\n"
	 "! held user: 2 held (x0, x1), 1 allowed; to allow it: --allow held:user=2\n"},
	{"deletes have no limit: a person asked for each", "30 delete user", 40, 0, "suspend=1",
	 "", ""},
};

/* A plan deletes nothing while target.protect names nobody who is there. */
static void test_deletes_unprotected(void **state)
{
	const struct config config = {.free = 5};
	struct guard_facts facts = {.active = {40, 4}};
	struct plan plan;

	(void)state;
	plan_init(&plan);
	read_planned(&plan, "2 delete user,1 delete functional");
	guard_limits(&config, &facts, &plan);
	assert_int_equal(plan.refused.count, 1);
	assert_true(str_starts(plan.refused.items[0], "delete: 3 planned, and target.protect"));
	facts.protected_ = 1;
	guard_limits(&config, &facts, &plan);
	assert_int_equal(plan.refused.count, 0);
	plan_release(&plan);
}

static void test_limits(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config = {.free = 5};
		struct guard_facts facts = {.active = {cases[i].users, cases[i].functional},
					    .protected_ = 1};
		struct plan plan;
		struct buf out = BUF_INIT;
		struct str allow = str_of(cases[i].allow), item;

		plan_init(&plan);
		read_limits(&config, cases[i].limits);
		read_planned(&plan, cases[i].planned);
		while (str_split(&allow, ',', &item))
			strs_add(&plan.arena, &plan.options.allow, item);
		/* Twice: what an earlier call left does not count. */
		guard_limits(&config, &facts, &plan);
		guard_limits(&config, &facts, &plan);
		add_result(&out, &plan);
		if (!str_is(buf_str(&out), cases[i].expected)) {
			failed++;
			print_error("%s:\n--- expected\n%s--- got\n%s", cases[i].what,
				    cases[i].expected, out.ptr ? out.ptr : "");
		}
		buf_release(&out);
		plan_release(&plan);
	}
	assert_int_equal(failed, 0);
}

static const struct {
	const char *what;
	uint64_t users, functional, delegations, before, before_delegations;
	bool known;
	const char *allow, *expected;
} source_cases[] = {
	{"grows", 90, 10, 50, 95, 50, true, "", ""},
	{"shrinks a little", 80, 10, 50, 99, 50, true, "", "source_shrink ad 9/99 9\n"},
	{"shrinks", 80, 9, 50, 99, 50, true, "",
	 "source_shrink ad 10/99 9\n"
	 "! source_shrink ad: 10 fewer than at the last run, 9 allowed (10% of 99); to allow it: --allow "
	 "source_shrink:ad=10\n"},
	{"shrinks, allowed", 80, 9, 50, 99, 50, true, "source_shrink:ad=10",
	 "source_shrink ad 10/99 10 raised\n"},
	{"loses delegations", 80, 10, 50, 90, 100, true, "",
	 "source_shrink ad delegations 50/100 10\n"
	 "! source_shrink ad delegations: 50 fewer than at the last run, 10 allowed (10% of 100); to allow it: "
	 "--allow source_shrink:ad:delegations=50\n"},
	{"loses both, and only accounts are allowed", 50, 0, 50, 90, 100, true,
	 "source_shrink:ad=40",
	 "source_shrink ad 40/90 40 raised\nsource_shrink ad delegations 50/100 10\n"
	 "! source_shrink ad delegations: 50 fewer than at the last run, 10 allowed (10% of 100); to allow it: "
	 "--allow source_shrink:ad:delegations=50\n"},
	{"loses both, and both are allowed", 50, 0, 5, 90, 100, true,
	 "source_shrink:ad=40,source_shrink:ad:delegations=95",
	 "source_shrink ad 40/90 40 raised\nsource_shrink ad delegations 95/100 95 raised\n"},
	{"loses both, and everything of that sort is allowed", 50, 0, 5, 90, 100, true,
	 "source_shrink=95",
	 "source_shrink ad 40/90 95 raised\nsource_shrink ad delegations 95/100 95 raised\n"},
	{"is empty, and never was known", 0, 0, 0, 0, 0, false, "",
	 "! source_shrink ad: the source lists no account at all; mend it, or what its filters leave "
	 "out, or take it out of the configuration; to allow it: --allow source_shrink:ad=0\n"},
	{"is empty, and was not", 0, 0, 0, 3, 0, true, "",
	 "source_shrink ad 3/3 1\n"
	 "! source_shrink ad: the source lists no account at all, at the last run it listed 3; mend it, "
	 "or what its filters leave out, or take it out of the configuration; to allow it: --allow source_shrink:ad=3\n"},
	{"is empty, allowed", 0, 0, 0, 3, 0, true, "source_shrink:ad=3",
	 "source_shrink ad 3/3 3 raised\n"},
	{"allowed for another source", 0, 0, 0, 0, 0, true, "source_shrink:exo=3",
	 "! source_shrink ad: the source lists no account at all; mend it, or what its filters leave "
	 "out, or take it out of the configuration; to allow it: --allow source_shrink:ad=0\n"},
};

static void test_source_limits(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(source_cases) / sizeof(source_cases[0]); i++) {
		struct config config = {.free = 5};
		struct guard_facts facts = {.active = {100, 10}};
		struct plan plan;
		struct buf out = BUF_INIT;
		struct str allow = str_of(source_cases[i].allow), item;

		plan_init(&plan);
		read_limits(&config, "source_shrink=10%");
		*vec_push(&plan.sources) = (struct plan_source){
			STR("ad"),
			source_cases[i].users,
			source_cases[i].functional,
			source_cases[i].delegations,
			source_cases[i].before,
			source_cases[i].before_delegations,
			source_cases[i].known,
		};
		while (str_split(&allow, ',', &item))
			strs_add(&plan.arena, &plan.options.allow, item);
		guard_limits(&config, &facts, &plan);
		add_result(&out, &plan);
		if (!str_is(buf_str(&out), source_cases[i].expected)) {
			failed++;
			print_error("%s:\n--- expected\n%s--- got\n%s", source_cases[i].what,
				    source_cases[i].expected, out.ptr ? out.ptr : "");
		}
		buf_release(&out);
		plan_release(&plan);
	}
	assert_int_equal(failed, 0);
}

static void test_measure(void **state)
{
	struct test_world t;
	struct guard_facts facts;
	struct config config = {.free = 5};
	struct plan plan;
	struct buf out = BUF_INIT;

	(void)state;
	world_read(
		&t,
		"want user a\nwant user b\nwant functional c delegates=a\nis user a\n"
		"is user x suspended\nis functional c delegates=a\nis functional d\nwas user a\n"
		"was user gone\nwas functional c",
		0);
	facts = guard_measure(&t.config, &t.current, &t.desired, &t.recorded);
	assert_int_equal(facts.active[KIND_USER], 1);
	assert_int_equal(facts.active[KIND_FUNCTIONAL], 1);
	assert_int_equal(facts.desired[KIND_USER], 2);
	assert_int_equal(facts.desired[KIND_FUNCTIONAL], 1);
	assert_int_equal(facts.recorded_ids, 3);
	assert_int_equal(facts.recorded_missing, 1);
	facts = guard_measure(&t.config, &t.current, NULL, &t.recorded);
	assert_int_equal(facts.desired[KIND_USER], 0);

	plan_init(&plan);
	read_limits(&config, "target_shrink=5% free=0");
	guard_limits(&config, &facts, &plan);
	add_result(&out, &plan);
	assert_string_equal(
		out.ptr,
		"target_shrink 1/3 0\n"
		"! target_shrink: 1 recorded account gone from the target (gone@example.org), 0 allowed (5% of 3); to allow "
		"it: --allow target_shrink=1\n");
	buf_release(&out);
	plan_release(&plan);
	world_free(&t);
}

static void test_protected(void **state)
{
	static const struct {
		const char *config, *change, *rename, *expected;
	} protected_cases[] = {
		{"protect=admin@*", "suspend user", NULL, NULL},
		{"protect=suspend1@*", "suspend user", NULL,
		 "suspend user suspend1@example.org: target.protect says that "
		 "suspend1@example.org is never changed"},
		{"protect=admin@*", "update user", "admin@example.org",
		 "update user update1@example.org: target.protect says that admin@example.org is "
		 "never changed"},
		{"scope_exclude=*@example.org", "update user", NULL,
		 "update user update1@example.org: update1@example.org is outside target.scope"},
		{"scope=*@example.com", "update user", NULL,
		 "update user update1@example.org: update1@example.org is outside target.scope"},
		{"scope=*@example.com units=Law", "update user", NULL, NULL},
		{"protect=adopted@*", "adopt", NULL,
		 "adopt user adopted@example.org: target.protect says that adopted@example.org is "
		 "never changed"},
		{"protect=admin@* update=off", "grant user +1", NULL,
		 "grant user grant1@example.org: the configuration's actions do not let plans do "
		 "that"},
		{"protect=admin@* create=off", "create user", NULL,
		 "create user create1@example.org: the configuration's actions do not let plans do "
		 "that"},
		{"protect=admin@* suspend=never", "suspend functional", NULL,
		 "suspend functional suspend1@example.org: the configuration's actions do not let "
		 "plans do that"},
		{"protect=admin@* reactivate=never", "reactivate user", NULL,
		 "reactivate user reactivate1@example.org: the configuration's actions do not let "
		 "plans do that"},
		{"protect=admin@*", "delete user", NULL,
		 "delete user delete1@example.org: nobody asked for deletes with --delete"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(protected_cases) / sizeof(protected_cases[0]); i++) {
		struct test_world t;
		struct plan plan;
		struct err err = ERR_INIT;
		struct buf text = BUF_INIT;

		buf_addf(&text, "cfg %s", protected_cases[i].config);
		world_read(&t, text.ptr, 0);
		plan_init(&plan);
		read_planned(&plan, protected_cases[i].change);
		if (!strcmp(protected_cases[i].change, "adopt"))
			vec_push(&plan.adopt)->address = STR("adopted@example.org");
		if (protected_cases[i].rename)
			plan.changes.items[0].rename = (struct plan_scalar){
				true, STR_NONE, str_of(protected_cases[i].rename)};
		assert_int_equal(guard_protected(&t.config, &plan, &err),
				 protected_cases[i].expected ? -1 : 0);
		if (protected_cases[i].expected) {
			assert_string_equal(err.text, protected_cases[i].expected);
			assert_int_equal(err.class, ERR_PERSON);
		}
		buf_release(&text);
		plan_release(&plan);
		world_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_deletes_unprotected),
		cmocka_unit_test(test_source_limits),
		cmocka_unit_test(test_measure),
		cmocka_unit_test(test_protected),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
