/* The target as its caller sees it: opening, what is kept and what is read, many changes at once. */
#include "target_zivver.h"

#include "zivver_people.h"

/* --- opening ------------------------------------------------------------------------------------- */

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

/* --- what is kept, and what is read ------------------------------------------------------------------ */

#define NAME(id_, name_)                                                               \
	{                                                                              \
		REQUEST_UPDATE, .id = id_, .set = ATTR_NAME, .name = name_, .key = "k" \
	}
#define JANE_NAMED(name) JANE_KEYED(name, "true", "")
#define JANE_PUT(name, ...)                                                 \
	{                                                                   \
		"PUT /Users/u1", JANE_KEYED(name, "true", KEY), __VA_ARGS__ \
	}
#define BY_HAND(name, key)                                                                   \
	JANE_AS("jane@example.org", name, "true", "[]", "By hand", "[\"hand@example.org\"]", \
		"[\"kim@example.org\"]", key)

struct sequence {
	const char *name, *kept;
	struct asked asked[3];
	struct exchange exchanges[6];
	enum outcome_class classes[3];
};

static const struct sequence sequences[] = {
	{"what is wanted is sent from the listing",
	 "u1",
	 {NAME("u1", "A")},
	 {JANE_PUT("A", 200, JANE_NAMED("A"))},
	 {OUTCOME_DONE}},
	/* With what a person did meanwhile. */
	{"what was not is read first",
	 "u2 u3",
	 {NAME("u1", "A")},
	 {{"GET /Users/u1", NULL, 200, BY_HAND("Hand", "")},
	  {"PUT /Users/u1", BY_HAND("A", KEY), 200, BY_HAND("A", "")}},
	 {OUTCOME_DONE}},
	{"a deletion needs none",
	 "",
	 {{REQUEST_DELETE, .id = "u1"}},
	 {{"DELETE /Users/u1", .status = 204}},
	 {OUTCOME_DONE}},
	{"nor does taking all delegates",
	 "",
	 {{REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"}},
	 {{"PATCH /Groups/g1", REMOVE_MEMBERS, 204}},
	 {OUTCOME_DONE}},
	{"an answer is what goes back next",
	 "u1",
	 {NAME("u1", "A"), NAME("u1", "B")},
	 {JANE_PUT("A", 200, BY_HAND("A", "")),
	  {"PUT /Users/u1", BY_HAND("B", KEY), 200, BY_HAND("B", "")}},
	 {OUTCOME_DONE, OUTCOME_DONE}},
	{"of a new account too",
	 "",
	 {{REQUEST_CREATE, KIND_FUNCTIONAL, .set = ATTR_NAME, .address = "new@example.org",
	   .name = "A"},
	  {REQUEST_UPDATE, KIND_FUNCTIONAL, .id = "g8", .set = ATTR_NAME, .name = "B"}},
	 {{"POST /Groups",
	   "{\"externalId\":\"new@example.org\",\"displayName\":\"A\",\"members\":[],\"schemas\":[\"" SCHEMAS
	   "core:2.0:Group\"," ENTERPRISE "," GROUP "]," ENTERPRISE
	   ":{\"division\":\"/\"}," GROUP ":{\"aliases\":[]}}",
	   201,
	   "{\"id\":\"g8\",\"externalId\":\"new@example.org\",\"displayName\":\"A\",\"x\":1e400}"},
	  {"PUT /Groups/g8",
	   "{\"id\":\"g8\",\"externalId\":\"new@example.org\",\"displayName\":\"B\",\"x\":1e400}",
	   200, "{\"id\":\"g8\",\"externalId\":\"new@example.org\",\"displayName\":\"B\"}"}},
	 {OUTCOME_DONE, OUTCOME_DONE}},
	{"after a refusal it is as it was",
	 "u1",
	 {NAME("u1", "A"), NAME("u1", "B")},
	 {JANE_PUT("A", 400, "no"), JANE_PUT("B", 200, JANE_NAMED("B"))},
	 {OUTCOME_FAILED, OUTCOME_DONE}},
	{"after what is not known it is read",
	 "u1",
	 {NAME("u1", "A"), NAME("u1", "B")},
	 {JANE_PUT("A", .ending = SILENT),
	  {"GET /Users/u1", NULL, 200, JANE_NAMED("A")},
	  JANE_PUT("B", 200, JANE_NAMED("B"))},
	 {OUTCOME_UNKNOWN, OUTCOME_DONE}},
	{"after an answer that does not show it, too",
	 "u1",
	 {NAME("u1", "A"), NAME("u1", "B")},
	 {JANE_PUT("A", 200, JANE),
	  {"GET /Users/u1", NULL, 200, JANE},
	  JANE_PUT("B", 200, JANE_NAMED("B"))},
	 {OUTCOME_UNKNOWN, OUTCOME_DONE}},
	{"after a 204 to a PATCH, too",
	 "g1",
	 {{REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	  {REQUEST_UPDATE, KIND_FUNCTIONAL, .id = "g1", .set = ATTR_DELEGATES,
	   .delegates = "bob@example.org"}},
	 {{"PATCH /Groups/g1", REMOVE_MEMBERS, 204},
	  {"GET /Groups/g1", NULL, 200, INFO_AS("info@example.org", "Info", "[]", "/", "[]")},
	  {"PUT /Groups/g1",
	   INFO_AS("info@example.org", "Info", "[{\"value\":\"u2\"}]", "/", "[]"), 200,
	   INFO_AS("info@example.org", "Info", "[{\"value\":\"u2\"}]", "/", "[]")}},
	 {OUTCOME_DONE, OUTCOME_DONE}},
	/* --- a reading that fails has changed nothing --- */
	{"gone",
	 "",
	 {NAME("u1", "A")},
	 {{"GET /Users/u1", NULL, 400, "Unknown account with uuid: u1"}},
	 {OUTCOME_FAILED}},
	{"not there", "", {NAME("u1", "A")}, {{"GET /Users/u1", NULL, 404}}, {OUTCOME_FAILED}},
	{"away",
	 "",
	 {NAME("u1", "A")},
	 {{"GET /Users/u1", NULL, 500}, {"GET /Users/u1", NULL, 503}},
	 {OUTCOME_FAILED}},
	{"away for a moment",
	 "",
	 {NAME("u1", "A")},
	 {{"GET /Users/u1", NULL, 500},
	  {"GET /Users/u1", NULL, 200, JANE},
	  JANE_PUT("A", 200, JANE_NAMED("A"))},
	 {OUTCOME_DONE}},
	{"somebody else",
	 "",
	 {NAME("u1", "A")},
	 {{"GET /Users/u1", NULL, 200, BOB}},
	 {OUTCOME_FAILED}},
	{"a page",
	 "",
	 {NAME("u1", "A")},
	 {{"GET /Users/u1", NULL, 200, "<html>", .type = "text/html"}},
	 {OUTCOME_FAILED}},
	{"no rights any more",
	 "",
	 {NAME("u1", "A")},
	 {{"GET /Users/u1", NULL, 401}},
	 {OUTCOME_FATAL}},
	{"elsewhere", "", {NAME("u1", "A")}, {{"GET /Users/u1", NULL, 302}}, {OUTCOME_FATAL}},
	/* --- delegates who have another address now --- */
	{"a rename, and who names him",
	 "u1 u2",
	 {{REQUEST_UPDATE, .id = "u2", .set = ATTR_ADDRESS, .address = "rob@example.org",
	   .key = "k"},
	  NAME("u1", "A")},
	 {{"PUT /Users/u2",
	   "{\"id\":\"u2\",\"userName\":\"rob@example.org\"," USER
	   ":{\"aliases\":[],\"delegates\":[]" KEY "}}",
	   200, "{\"id\":\"u2\",\"userName\":\"rob@example.org\"}"},
	  {"PUT /Users/u1",
	   JANE_AS("jane@example.org", "A", "true", JANE_PHONES, "/", JANE_ALIASES,
		   "[\"rob@example.org\"]", KEY),
	   200,
	   JANE_AS("jane@example.org", "A", "true", JANE_PHONES, "/", JANE_ALIASES,
		   "[\"rob@example.org\"]", "")}},
	 {OUTCOME_DONE, OUTCOME_DONE}},
	/* His old address is somebody else's now: that one may not read Jane's mail. */
	{"a rename to another's old address",
	 "u1 u2 u3",
	 {{REQUEST_UPDATE, .id = "u2", .set = ATTR_ADDRESS, .address = "rob@example.org",
	   .key = "k"},
	  {REQUEST_UPDATE, .id = "u3", .set = ATTR_ADDRESS, .address = "bob@example.org",
	   .key = "k"},
	  NAME("u1", "A")},
	 {{"PUT /Users/u2",
	   "{\"id\":\"u2\",\"userName\":\"rob@example.org\"," USER
	   ":{\"aliases\":[],\"delegates\":[]" KEY "}}",
	   200, "{\"id\":\"u2\",\"userName\":\"rob@example.org\"}"},
	  {"PUT /Users/u3",
	   "{\"id\":\"u3\",\"userName\":\"bob@example.org\",\"active\":false," USER
	   ":{\"aliases\":[],\"delegates\":[]" KEY "}}",
	   200, "{\"id\":\"u3\",\"userName\":\"bob@example.org\",\"active\":false}"},
	  {"PUT /Users/u1",
	   JANE_AS("jane@example.org", "A", "true", JANE_PHONES, "/", JANE_ALIASES,
		   "[\"rob@example.org\"]", KEY),
	   200,
	   JANE_AS("jane@example.org", "A", "true", JANE_PHONES, "/", JANE_ALIASES,
		   "[\"rob@example.org\"]", "")}},
	 {OUTCOME_DONE, OUTCOME_DONE, OUTCOME_DONE}},
	{"who is gone is nobody's delegate",
	 "u1 g1",
	 {{REQUEST_DELETE, .id = "u2"},
	  {REQUEST_UPDATE, .id = "u1", .set = ATTR_DELEGATES,
	   .delegates = "bob@example.org kim@example.org", .key = "k"},
	  {REQUEST_UPDATE, KIND_FUNCTIONAL, .id = "g1", .set = ATTR_DELEGATES,
	   .delegates = "bob@example.org kim@example.org"}},
	 {{"DELETE /Users/u2", .status = 204},
	  {"PUT /Users/u1",
	   JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/", JANE_ALIASES,
		   "[\"kim@example.org\"]", KEY),
	   200,
	   JANE_AS("jane@example.org", "Jane Doe", "true", JANE_PHONES, "/", JANE_ALIASES,
		   "[\"kim@example.org\"]", "")},
	  {"PUT /Groups/g1",
	   INFO_AS("info@example.org", "Info", "[{\"value\":\"u3\"}]", "/", "[]"), 200,
	   INFO_AS("info@example.org", "Info", "[{\"value\":\"u3\"}]", "/", "[]")}},
	 {OUTCOME_DONE, OUTCOME_DONE, OUTCOME_DONE}},
	/* --- a limit that somebody else has used up --- */
	{"429 is waited out",
	 "u1",
	 {NAME("u1", "A")},
	 {JANE_PUT("A", 429, "{\"emptiedBucketDetails\":{\"budget\":50,\"windowSeconds\":1}}"),
	  JANE_PUT("A", 200, JANE_NAMED("A"))},
	 {OUTCOME_DONE}},
};

static void changes_follow_one_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sequences); i++) {
		const struct sequence *sequence = &sequences[i];
		struct service s;

		open_people(&s, sequence->exchanges, COUNT(sequence->exchanges), SIGN_IN_SSO,
			    sequence->kept);
		for (size_t j = 0; j < COUNT(sequence->asked) &&
				   (sequence->asked[j].id || sequence->asked[j].address);
		     j++) {
			const struct target_outcome *outcome = carry_out(&s,
									 &sequence->asked[j]);

			if (outcome->class != sequence->classes[j])
				buf_addf(&s.problems, "change %zu: %d '%.*s'\n", j + 1,
					 (int)outcome->class, STR_FMT(outcome->text));
			assert_true(outcome->class == OUTCOME_DONE || outcome->text.len > 0);
		}
		close_service(&s, sequence->name);
	}
}

/* A listing forgets what came before it, but not what is wanted. */
static void a_listing_begins_anew(void **state)
{
	static const struct exchange exchanges[] = {
		JANE_PUT("A", .ending = SILENT),
		{"PUT /Users/u1", BY_HAND("B", KEY), 200, BY_HAND("B", "")},
	};
	const struct asked changes[] = {NAME("u1", "A"), NAME("u1", "B")};
	struct service s;

	(void)state;
	open_people(&s, exchanges, COUNT(exchanges), SIGN_IN_SSO, "u1");
	assert_int_equal(carry_out(&s, &changes[0])->class, OUTCOME_UNKNOWN);
	s.users.answer = LIST_OF(3, BY_HAND("Hand", "") "," BOB "," KIM);
	list(&s.w);
	assert_int_equal(carry_out(&s, &changes[1])->class, OUTCOME_DONE);
	assert_int_equal(s.lists, 4);
	close_service(&s, "anew");
}

static struct zivver_kept *kept_of(struct service *s, const char *id)
{
	struct zivver_world *world = &((struct zivver_target *)s->w.target)->world;

	for (size_t i = 0; i < world->kept.count; i++) {
		if (world->kept.items[i].id == sym(&s->w, id))
			return &world->kept.items[i];
	}
	return NULL;
}

/* A person may have changed it since. */
static void an_old_reading_is_not_sent_back(void **state)
{
	static const struct exchange exchanges[] = {
		{"GET /Users/u1", NULL, 200, BY_HAND("Hand", "")},
		{"PUT /Users/u1", BY_HAND("A", KEY), 200, BY_HAND("A", "")},
		{"PUT /Users/u1", BY_HAND("B", KEY), 200, BY_HAND("B", "")},
		{"GET /Users/u1", NULL, 200, BY_HAND("Hand", "")},
		{"PUT /Users/u1", BY_HAND("A", KEY), 200, BY_HAND("A", "")},
	};
	const struct asked changes[] = {NAME("u1", "A"), NAME("u1", "B")};
	struct service s;

	(void)state;
	open_people(&s, exchanges, COUNT(exchanges), SIGN_IN_SSO, "u1");
	kept_of(&s, "u1")->read_at -= 60000;
	assert_int_equal(carry_out(&s, &changes[0])->class, OUTCOME_DONE);
	/* What was just answered is as good as read. */
	assert_int_equal(carry_out(&s, &changes[1])->class, OUTCOME_DONE);
	kept_of(&s, "u1")->read_at -= 60000;
	assert_int_equal(carry_out(&s, &changes[0])->class, OUTCOME_DONE);
	close_service(&s, "old");
}

/* Nor when it grew old while it waited for the rate limit: it is read once more. */
static void waiting_makes_a_reading_old(void **state)
{
	const struct http_answer answer = {.number = 0,
					   .sent = HTTP_NOT_SENT,
					   .failure = HTTP_STALE,
					   .text = STR("it waited too long")};
	struct target_outcome outcome;
	struct zivver_job job;
	struct zivver_target *t;
	struct service s;

	(void)state;
	open_people(&s, NULL, 0, SIGN_IN_SSO, "u1");
	t = (struct zivver_target *)s.w.target;
	job = (struct zivver_job){
		.stage = ZIVVER_WRITE,
		.request = {.number = 7, .op = REQUEST_UPDATE, .id = sym(&s.w, "u1")}};
	assert_false(zivver_answered(t, &job, &answer, &outcome));
	assert_int_equal(job.stage, ZIVVER_FETCH);
	assert_null(zivver_world_kept(&t->world, job.request.id));
	/* But not for ever. */
	job.stage = ZIVVER_WRITE;
	assert_true(zivver_answered(t, &job, &answer, &outcome));
	assert_int_equal(outcome.class, OUTCOME_FAILED);
	assert_int_equal(outcome.number, 7);
	assert_true(outcome.text.len > 0 && outcome.advice.len > 0);
	close_service(&s, "waiting");
}

/* --- many at once -------------------------------------------------------------------------------- */

static void many_are_under_way(void **state)
{
	static const struct exchange exchanges[] = {
		JANE_PUT("A", 200, JANE_NAMED("A")),
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
		cmocka_unit_test(changes_follow_one_another),
		cmocka_unit_test(a_listing_begins_anew),
		cmocka_unit_test(an_old_reading_is_not_sent_back),
		cmocka_unit_test(waiting_makes_a_reading_old),
		cmocka_unit_test(many_are_under_way),
		cmocka_unit_test(a_service_that_is_away_stops_all),
		cmocka_unit_test(it_can_be_left_at_any_moment),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
