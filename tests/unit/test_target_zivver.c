/* The target as its caller sees it: opening, the order of calls, many changes at once. */
#include "target_zivver.h"

#include "zivver_people.h"

/* --- opening ------------------------------------------------------------------------------- */

static void settings_come_from_the_configuration(void **state)
{
	static const struct {
		struct config_target given;
		unsigned parallel, requests, seconds;
		bool rehearsal, own_keys;
	} cases[] = {
		{{.url = {"https://app.zivver.com/api", 26}, .rate = {50, 10}},
		 4,
		 50,
		 10,
		 false,
		 true},
		{{.url = {"http://127.0.0.1:1/api", 22},
		  .parallel = 16,
		  .sign_in = SIGN_IN_PASSWORD},
		 16,
		 0,
		 0,
		 true,
		 false},
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct config config = {.target = cases[i].given};
		struct buf said = BUF_INIT;
		struct target *target;

		assert_int_equal(target_zivver_open(&target, &config, &err), 0);
		assert_string_equal(target->ops->provider, "zivver");
		assert_int_equal(target->parallel, cases[i].parallel);
		assert_int_equal(target->rate_requests, cases[i].requests);
		assert_int_equal(target->rate_seconds, cases[i].seconds);
		assert_int_equal(target->rehearsal, cases[i].rehearsal);
		assert_int_equal(target->own_keys, cases[i].own_keys);
		assert_int_equal(target->reading_valid_s, 60);
		target->ops->endpoint(target, &said);
		assert_true(str_starts(buf_str(&said), "zivver http"));
		assert_true(str_ends(buf_str(&said), cases[i].given.url.ptr));
		buf_release(&said);
		target_free(target);
	}
	assert_int_equal(target_zivver_open(&(struct target *){NULL},
					    &(struct config){.target = {.parallel = 1}}, &err),
			 -1);
	assert_string_equal(err.text, "target: no url");
}

static void wrong_keys_are_not_sent(void **state)
{
	static const struct {
		const char *key; /* NULL: there is none */
		const char *error;
	} cases[] = {
		{NULL, "target: api_key: "},     {"", "target: api_key: "},
		{" an-api-key", "white space"},  {"an-api-key ", "white space"},
		{"an-api\xc3\xa9", "not ASCII"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		struct service s;

		open_service(&s, NULL, 0, SIGN_IN_SSO);
		target_free(s.w.target);
		assert_int_equal(target_open(&s.w.target, &s.w.config, &err), 0);
		if (cases[i].key)
			setenv("ZSCTL_TEST_API_KEY", cases[i].key, 1);
		else
			unsetenv("ZSCTL_TEST_API_KEY");
		assert_int_equal(
			s.w.target->ops->list(s.w.target, &s.w.names, &s.w.accounts, &err), -1);
		assert_int_equal(err.class, ERR_FAILED);
		if (!strstr(err.text, cases[i].error) ||
		    !strstr(err.text, "ZSCTL_TEST_API_KEY") || strstr(err.text, "an-api"))
			fail_msg("%s", err.text);
		assert_int_equal(s.server.connections, 0);
		close_service(&s, "keys");
	}
}

static void nothing_is_changed_unseen(void **state)
{
	static const struct exchange exchanges[] = {{"DELETE /Users/u2", .status = 204}};
	const struct asked deletion = {REQUEST_DELETE, .id = "u2"};
	struct target_request request = {.op = REQUEST_DELETE};
	struct err err = ERR_INIT;
	struct service s;

	(void)state;
	open_service(&s, exchanges, 1, SIGN_IN_SSO);
	request.id = sym(&s.w, "u2");
	assert_int_equal(s.w.target->ops->submit(s.w.target, &request, &err), -1);
	assert_string_equal(err.text, "target: nothing was listed yet");
	/* Nor after a listing that failed. */
	s.users = (struct exchange){.status = 401};
	s.groups = (struct exchange){.status = 200, .answer = LIST_OF(0, "")};
	assert_int_equal(s.w.target->ops->list(s.w.target, &s.w.names, &s.w.accounts, &err),
			 -1);
	assert_int_equal(s.w.target->ops->submit(s.w.target, &request, &err), -1);
	/* And no listing comes between changes. */
	s.users = (struct exchange){.status = 200, .answer = USERS};
	list(&s.w);
	submit(&s.w, 1, &deletion);
	assert_int_equal(s.w.target->ops->under_way(s.w.target), 1);
	assert_int_equal(s.w.target->ops->list(s.w.target, &s.w.names, &s.w.accounts, &err),
			 -1);
	assert_string_equal(err.text, "target: changes are under way");
	wait_all(&s.w);
	assert_int_equal(s.w.outcomes.items[0].class, OUTCOME_DONE);
	/* Nothing is waited for when there is nothing. */
	wait_all(&s.w);
	assert_int_equal(s.w.outcomes.count, 0);
	/* What was seen before a listing that failed does not count. */
	s.users = (struct exchange){.status = 403};
	assert_int_equal(s.w.target->ops->list(s.w.target, &s.w.names, &s.w.accounts, &err),
			 -1);
	assert_int_equal(s.w.target->ops->submit(s.w.target, &request, &err), -1);
	close_service(&s, "unseen");
}

/* --- many at once -------------------------------------------------------------------------- */

#define NAME(id_, name_)                                                               \
	{                                                                              \
		REQUEST_UPDATE, .id = id_, .set = ATTR_NAME, .name = name_, .key = "k" \
	}
#define JANE_NAMED(name, key) JANE_KEYED(name, "true", key)

static void many_are_under_way(void **state)
{
	static const struct exchange exchanges[] = {
		{"PUT /Users/u1", JANE_NAMED("A", KEY), 200, JANE_NAMED("A", "")},
		{"DELETE /Users/u2", .status = 204},
		{"PATCH /Groups/g1", REMOVE_MEMBERS, 400, "no"},
	};
	const struct asked changes[] = {NAME("u1", "A"),
					{REQUEST_UPDATE, .id = "u3", .set = ATTR_NAME,
					 .name = "No key"},
					{REQUEST_DELETE, .id = "u2"},
					{REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"}};
	static const enum outcome_class classes[] = {OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_DONE,
						     OUTCOME_FAILED};
	unsigned seen = 0;
	struct service s;

	(void)state;
	open_people(&s, exchanges, COUNT(exchanges), SIGN_IN_SSO, EVERYBODY);
	s.loose = true;
	for (size_t round = 0; round < COUNT(changes); round++)
		submit(&s.w, 100 + round, &changes[round]);
	assert_int_equal(s.w.target->ops->under_way(s.w.target), COUNT(changes));
	wait_all(&s.w);
	assert_int_equal(s.w.outcomes.count, COUNT(changes));
	for (size_t i = 0; i < s.w.outcomes.count; i++) {
		const size_t number = s.w.outcomes.items[i].number - 100;

		assert_in_range(number, 0, COUNT(changes) - 1);
		assert_int_equal(s.w.outcomes.items[i].class, classes[number]);
		seen |= 1U << number;
	}
	assert_int_equal(seen, 15);
	assert_in_range(s.server.connections, 1, 4);
	close_service(&s, "many");
}

/* The whole run must stop: nothing of it left this host, and the next would not either. */
static void a_service_that_is_away_stops_all(void **state)
{
	const struct asked change = NAME("u1", "A");
	const struct target_outcome *outcome;
	struct service s;

	(void)state;
	open_people(&s, NULL, 0, SIGN_IN_SSO, EVERYBODY);
	server_stop(&s.server);
	outcome = carry_out(&s, &change);
	assert_int_equal(outcome->class, OUTCOME_FATAL);
	assert_true(outcome->text.len > 0);
	close_world(&s.w);
	buf_release(&s.server.log);
	buf_release(&s.url);
	arena_release(&s.arena);
}

/* Also then everything is given back, the account key wiped. */
static void it_can_be_left_at_any_moment(void **state)
{
	const struct asked change = NAME("u1", "A");
	const struct asked early = {REQUEST_UPDATE, .id = "u3", .set = ATTR_NAME,
				    .name = "No key"};
	struct service s;

	(void)state;
	open_people(&s, NULL, 0, SIGN_IN_SSO, EVERYBODY);
	submit(&s.w, 1, &change);
	submit(&s.w, 2, &early);
	close_world(&s.w);
	server_stop(&s.server);
	buf_release(&s.server.log);
	buf_release(&s.problems);
	buf_release(&s.url);
	arena_release(&s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_come_from_the_configuration),
		cmocka_unit_test(wrong_keys_are_not_sent),
		cmocka_unit_test(nothing_is_changed_unseen),
		cmocka_unit_test(many_are_under_way),
		cmocka_unit_test(a_service_that_is_away_stops_all),
		cmocka_unit_test(it_can_be_left_at_any_moment),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
