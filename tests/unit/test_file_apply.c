#include "target_world.h"

static void creates_and_completes(void **state)
{
	static const struct asked first[] = {
		{REQUEST_CREATE, KIND_USER, NULL,
		 ATTR_ADDRESS | ATTR_NAME | ATTR_ALIASES | ATTR_DELEGATES | ATTR_ACTIVE |
			 ATTR_KEY,
		 .address = "new@example.org", .name = "N\x1B[31m\"",
		 .aliases = "n@example.org", .delegates = "bob@example.org", .key = "secret-1"},
		{REQUEST_CREATE, KIND_FUNCTIONAL, NULL,
		 ATTR_ADDRESS | ATTR_NAME | ATTR_DELEGATES, .address = "desk@example.org",
		 .name = "Desk", .delegates = "bob@example.org"},
	};
	struct asked second[] = {
		{REQUEST_UPDATE, KIND_USER, NULL, ATTR_ALIASES | ATTR_DELEGATES | ATTR_ACTIVE,
		 .aliases = "n@example.org", .delegates = "bob@example.org", .active = true},
		{REQUEST_UPDATE, KIND_FUNCTIONAL, NULL, ATTR_DELEGATES,
		 .delegates = "new@example.org"},
	};
	char ids[2][64], file[2][4096];

	(void)state;
	setenv("ZSCTL_ID", "20261120T101500Z-7f3c2a10", 1);
	setenv("ZSCTL_NOW", "2026-11-20T10:15:00Z", 1);
	/* Twice, as the ids must be the same. */
	for (int round = 0; round < 2; round++) {
		struct world w;
		struct str text;

		open_world(&w);
		put(ORGANISATION);
		list(&w);
		for (size_t i = 0; i < 2; i++)
			submit(&w, i, &first[i]);
		wait_all(&w);
		for (size_t i = 0; i < 2; i++) {
			const struct account *answer = &w.outcomes.items[i].answer;

			assert_int_equal(w.outcomes.items[i].class, OUTCOME_DONE);
			assert_int_equal(answer->active, i == 0);
			assert_int_equal(answer->aliases.count, 0);
			assert_int_equal(answer->delegates.count, 0);
			snprintf(ids[i], sizeof(ids[i]), "%s", answer->id->text);
			assert_int_equal(answer->id->len, 36);
			assert_int_equal(ids[i][14], '4');
			second[i].id = ids[i];
		}
		for (size_t i = 0; i < 2; i++)
			submit(&w, i, &second[i]);
		wait_all(&w);
		text = get(&w.arena);
		assert_non_null(
			strstr(text.ptr, "\"name\":{\"formatted\":\"N\\u001b[31m\\\"\"}"));
		assert_non_null(strstr(text.ptr, "\"meta\":{\"created\":\"2026-11-20\""));
		assert_non_null(strstr(text.ptr, "\"keys\": [\n{\"id\":\""));
		assert_null(strstr(text.ptr, "secret-1"));
		snprintf(file[round], sizeof(file[round]), "%s", text.ptr);
		expect_listing(&w,
			       arena_strf(&w.arena,
					  "u1 jane@example.org active [j.doe@example.org] "
					  "[bob@example.org]\n"
					  "u2 bob@example.org active [] []\n"
					  "u3 kim@example.org suspended [] []\n"
					  "%s new@example.org active [n@example.org] "
					  "[bob@example.org]\n"
					  "g1 info@example.org active [] "
					  "[bob@example.org,jane@example.org]\n"
					  "%s desk@example.org active [] [new@example.org]\n",
					  ids[0], ids[1])
				       .ptr);
		close_world(&w);
	}
	assert_string_equal(file[0], file[1]);
	unsetenv("ZSCTL_ID");
	unsetenv("ZSCTL_NOW");
}

static void gives_random_ids(void **state)
{
	static const struct asked asked[] = {
		{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS, .address = "a@example.org"},
		{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS, .address = "b@example.org"},
	};
	struct world w;
	char first[64];

	(void)state;
	unlink(path);
	open_world(&w);
	put("{}");
	list(&w);
	submit(&w, 0, &asked[0]);
	submit(&w, 1, &asked[1]);
	wait_all(&w);
	snprintf(first, sizeof(first), "%s", w.outcomes.items[0].answer.id->text);
	assert_string_not_equal(first, w.outcomes.items[1].answer.id->text);
	put("{}");
	submit(&w, 0, &asked[0]);
	wait_all(&w);
	assert_string_not_equal(first, w.outcomes.items[0].answer.id->text);
	close_world(&w);
}

struct batch {
	const char *before;
	struct asked asked[6]; /* up to the first without attributes, id and address */
	const char *classes;   /* D done, R refused, F failed */
	const char *after;
};

static const struct batch batches[] = {
	/* Each request sees those before it: addresses are freed, then claimed. */
	{ORGANISATION,
	 {{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ALIASES, .aliases = ""},
	  {REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "j.doe@example.org"},
	  {REQUEST_UPDATE, KIND_USER, "u3", ATTR_ALIASES, .aliases = "j.doe@example.org"},
	  {REQUEST_UPDATE, KIND_USER, "u3", ATTR_NAME, .name = "Kim"}},
	 "DDFD",
	 "{\"users\":[\n"
	 "{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},"
	 "\"active\":true," USER ":{\"aliases\":[],\"delegates\":[\"bob@example.org\"],"
	 "\"ExternalAccountId\":\"x1\"}},\n"
	 "{\"id\":\"u2\",\"userName\":\"bob@example.org\",\"active\":true,\"more\":"
	 "18446744073709551615," USER ":{\"aliases\":[\"j.doe@example.org\"]}},\n"
	 "{\"id\":\"u3\",\"userName\":\"kim@example.org\",\"active\":false,"
	 "\"name\":{\"formatted\":\"Kim\"}}\n"
	 "],\n\"groups\":[" INFO "],\n\"guests\":[\"Guest@example.org\"],\"units\":"
	 "[\"Cardiology\",\"ICU\"],\"other\": {\"n\": 1.50}}\n"},
	/* A renamed user is renamed in the lists of others, twice, and freed addresses can be
	 * another's. */
	{"{\"users\":[" JANE "," BOB "," KIM "]}",
	 {{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "rob@example.org"},
	  {REQUEST_UPDATE, KIND_USER, "u3", ATTR_ADDRESS, .address = "bob@example.org"},
	  {REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "robert@example.org"}},
	 "DDD",
	 "{\"users\":[{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":"
	 "\"Jane Doe\"},\"active\":true," USER ":{\"aliases\":[\"j.doe@example.org\"],"
	 "\"delegates\":[\"robert@example.org\"],\"ExternalAccountId\":\"x1\"}},"
	 "{\"id\":\"u2\",\"userName\":\"robert@example.org\",\"active\":true,\"more\":"
	 "18446744073709551615},"
	 "{\"id\":\"u3\",\"userName\":\"bob@example.org\",\"active\":false}]}"},
	/* A deleted user is gone from all lists; his address can be somebody else's. */
	{"{\"users\":[" JANE "," BOB "," KIM "],\"groups\":[" INFO "]}",
	 {{REQUEST_DELETE, KIND_USER, .id = "u2"},
	  {REQUEST_UPDATE, KIND_USER, "u3", ATTR_ADDRESS, .address = "bob@example.org"}},
	 "DD",
	 "{\"users\":[{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":"
	 "\"Jane Doe\"},\"active\":true," USER ":{\"aliases\":[\"j.doe@example.org\"],"
	 "\"delegates\":[],\"ExternalAccountId\":\"x1\"}},\n"
	 "{\"id\":\"u3\",\"userName\":\"bob@example.org\",\"active\":false}],\"groups\":["
	 "{\"id\":\"g1\",\"externalId\":\"info@example.org\",\"displayName\":\"Info\","
	 "\"members\":[{\"value\":\"u1\"}]}]}"},
	/* Suspended users can no longer be added, reactivated ones can. */
	{"{\"users\":[" BOB "," KIM "],\"groups\":[{\"id\":\"g1\",\"externalId\":"
	 "\"info@example.org\"}]}",
	 {{REQUEST_SUSPEND, KIND_USER, .id = "u2"},
	  {REQUEST_UPDATE, KIND_USER, "u3", ATTR_ACTIVE, .active = true},
	  {REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_DELEGATES,
	   .delegates = "bob@example.org kim@example.org"}},
	 "DDD",
	 "{\"users\":[{\"id\":\"u2\",\"userName\":\"bob@example.org\",\"active\":false,\"more\":"
	 "18446744073709551615},{\"id\":\"u3\",\"userName\":\"kim@example.org\",\"active\":true}],"
	 "\"groups\":[{\"id\":\"g1\",\"externalId\":\"info@example.org\","
	 "\"members\":[{\"value\":\"u3\"}]}]}"},
	/* What is deleted is gone for the requests behind. */
	{"{\"users\":[" KIM "], \"groups\":[ ] }",
	 {{REQUEST_DELETE, KIND_USER, .id = "u3"},
	  {REQUEST_UPDATE, KIND_USER, "u3", ATTR_NAME, .name = "x"},
	  {REQUEST_DELETE, KIND_USER, .id = "u3"}},
	 "DFF",
	 "{\"users\":[], \"groups\":[ ] }"},
	/* Layout: neighbours keep what stands between them. */
	{"{ \"users\" : [\n  " JANE " ,\n\n  " BOB "\t,\n  " KIM "\n] }",
	 {{REQUEST_DELETE, KIND_USER, .id = "u1"},
	  {REQUEST_UPDATE, KIND_USER, "u3", ATTR_ACTIVE, .active = true}},
	 "DD",
	 "{ \"users\" : [\n  " BOB
	 "\t,\n  {\"id\":\"u3\",\"userName\":\"kim@example.org\",\"active\":true}\n] }"},
	/* Keys: an entry for each user, replaced and removed with him. */
	{"{\"users\":[" BOB "," KIM "],\"keys\":[{\"id\":\"u3\",\"key\":\"sha256:old\"},"
	 "{\"id\":\"gone\"}, {\"id\":\"u2\"}]}",
	 {{REQUEST_DELETE, KIND_USER, .id = "u3"},
	  {REQUEST_UPDATE, KIND_USER, "u2", ATTR_KEY, .key = "secret"}},
	 "DD",
	 "{\"users\":[" BOB "],\"keys\":[{\"id\":\"gone\"}, {\"id\":\"u2\",\"key\":"
	 "\"sha256:"
	 "f7a1374aa4f746faa45cad8602d6451b038a637aff21dbdd97e8baa9611e2062\"}]}"},
};

static void applies_batches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(batches); i++) {
		const struct batch *batch = &batches[i];
		size_t count = strlen(batch->classes);
		char classes[8] = "";
		struct buf listed = BUF_INIT, again = BUF_INIT;
		struct world w, other;

		open_world(&w);
		put(batch->before);
		list(&w);
		for (size_t j = 0; j < count; j++)
			submit(&w, j, &batch->asked[j]);
		wait_all(&w);
		assert_int_equal(w.outcomes.count, count);
		for (size_t j = 0; j < count; j++) {
			assert_int_equal(w.outcomes.items[j].number, j);
			classes[j] = "DRFUX"[w.outcomes.items[j].class];
		}
		assert_string_equal(classes, batch->classes);
		assert_string_equal(get(&w.arena).ptr, batch->after);
		/* Nothing to do is nothing written: the index fits the new file. */
		submit(&w, 0, &(struct asked){REQUEST_DELETE, KIND_USER, .id = "nobody"});
		wait_all(&w);
		assert_string_equal(get(&w.arena).ptr, batch->after);
		/* A second batch on the offsets that the first has left. */
		submit(&w, 0,
		       &(struct asked){REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS,
				       .address = "last@example.org"});
		wait_all(&w);
		assert_int_equal(w.outcomes.items[0].class, OUTCOME_DONE);
		list(&w);
		for (size_t j = 0; j < w.accounts.count; j++)
			describe(&w.accounts.items[j], &listed);
		open_world(&other);
		list(&other);
		for (size_t j = 0; j < other.accounts.count; j++)
			describe(&other.accounts.items[j], &again);
		assert_string_equal(listed.ptr, again.ptr);
		buf_release(&listed);
		buf_release(&again);
		close_world(&other);
		close_world(&w);
	}
}

/* Random requests on accounts that exist, do not, or were deleted. */
static struct asked any_request(uint32_t *seed, char ids[][64], size_t count, char texts[4][64])
{
	uint32_t draw[6];
	struct asked asked = {.active = true, .name = "Name", .key = "key"};

	for (size_t i = 0; i < 6; i++) {
		*seed = *seed * 1664525u + 1013904223u;
		draw[i] = *seed >> 8;
	}
	snprintf(texts[0], 64, "a%u@example.org", draw[0] % 40);
	snprintf(texts[1], 64, "a%u@example.org", draw[1] % 40);
	snprintf(texts[2], 64, "a%u@example.org a%u@example.org", draw[2] % 40, draw[3] % 40);
	asked.address = texts[0];
	asked.aliases = texts[1];
	asked.delegates = texts[2];
	asked.kind = draw[4] % 3 ? KIND_USER : KIND_FUNCTIONAL;
	asked.op = draw[5] % 8 < 3   ? REQUEST_CREATE
		   : draw[5] % 8 < 6 ? REQUEST_UPDATE
		   : draw[5] % 8 < 7 ? REQUEST_SUSPEND
				     : REQUEST_DELETE;
	asked.set = draw[3] % 256;
	if (asked.op == REQUEST_CREATE)
		asked.set |= ATTR_ADDRESS;
	else
		asked.id = count ? ids[draw[1] % count] : "none";
	return asked;
}

/* Many batches; what the target knows of its file between them must be what the file says. */
static struct str many_batches(struct world *w, bool list_again)
{
	static char ids[4096][64];
	size_t count = 0;
	uint32_t seed = 7;

	put("{\"x\":[], \"groups\" : [ ] }\n");
	list(w);
	for (int round = 0; round < 60; round++) {
		char texts[20][4][64];

		for (size_t i = 0; i < 20; i++) {
			struct asked asked = any_request(&seed, ids, count, texts[i]);

			submit(w, i, &asked);
		}
		wait_all(w);
		for (size_t i = 0; i < w->outcomes.count; i++) {
			const struct target_outcome *outcome = &w->outcomes.items[i];

			assert_int_not_equal(outcome->class, OUTCOME_FATAL);
			if (outcome->answered)
				snprintf(ids[count++], 64, "%s", outcome->answer.id->text);
		}
		if (list_again)
			list(w);
	}
	list(w);
	assert_true(w->accounts.count > 10);
	return get(&w->arena);
}

static void knows_its_file_between_batches(void **state)
{
	struct world w, other;

	(void)state;
	setenv("ZSCTL_ID", "x", 1);
	open_world(&w);
	open_world(&other);
	assert_string_equal(many_batches(&w, false).ptr, many_batches(&other, true).ptr);
	close_world(&w);
	close_world(&other);
	unsetenv("ZSCTL_ID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_and_completes),
		cmocka_unit_test(gives_random_ids),
		cmocka_unit_test(applies_batches),
		cmocka_unit_test(knows_its_file_between_batches),
	};

	return run_in_folder(tests, COUNT(tests));
}
