/* What is kept and what is read again, when changes follow one another. */
#include "zivver_people.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_follow_one_another),
		cmocka_unit_test(a_listing_begins_anew),
		cmocka_unit_test(an_old_reading_is_not_sent_back),
		cmocka_unit_test(waiting_makes_a_reading_old),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
