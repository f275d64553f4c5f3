#include "target_world.h"

#include <signal.h>
#include <sys/resource.h>

/* --- listing -------------------------------------------------------------------------------- */

static void lists_organisations(void **state)
{
	static const struct {
		const char *file, *expected;
	} cases[] = {
		{"{}", ""},
		{"{\"users\":[],\"groups\":[]}", ""},
		{ORGANISATION,
		 "u1 jane@example.org active [j.doe@example.org] [bob@example.org]\n"
		 "u2 bob@example.org active [] []\n"
		 "u3 kim@example.org suspended [] []\n"
		 "g1 info@example.org active [] [bob@example.org,jane@example.org]\n"},
		/* Groups first, members that are nobody, groups, or inactive. */
		{"{\"groups\":[{\"id\":\"g1\",\"externalId\":\"a@example.org\",\"members\":"
		 "[{\"value\":\"u3\"},{\"value\":\"g2\"},{\"value\":\"u9\"}]},"
		 "{\"id\":\"g2\",\"externalId\":\"b@example.org\",\"members\":"
		 "[{\"value\":\"g2\"},{\"value\":\"g1\"},{\"value\":\"kim@example.org\"}]}],"
		 "\"users\":[" KIM "]}",
		 "g1 a@example.org active [] [kim@example.org]\n"
		 "g2 b@example.org suspended [] []\n"
		 "u3 kim@example.org suspended [] []\n"},
		/* Delegates by alias, of functional accounts and of nobody do not count. */
		{"{\"users\":[{\"id\":\"u9\",\"userName\":\"x@example.org\"," USER
		 ":{\"delegates\":[\"info@example.org\",\"j.doe@example.org\",\"u1\","
		 "\"nobody@example.org\",\"JANE@example.org\",\"jane@example.org\"]}}," JANE
		 "],\"groups\":[" INFO "]}",
		 "u9 x@example.org active [] [jane@example.org]\n"
		 "u1 jane@example.org active [j.doe@example.org] []\n"
		 "g1 info@example.org active [] [jane@example.org]\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world w;

		open_world(&w);
		put(cases[i].file);
		expect_listing(&w, cases[i].expected);
		expect_listing(&w, cases[i].expected);
		close_world(&w);
	}
}

static void refuses_bad_files(void **state)
{
	static const struct {
		const char *file, *expected;
	} cases[] = {
		{"", "organisation.json:1: empty"},
		{"[]", "organisation.json:1: expected a JSON object"},
		{"{\"users\":[\n" JANE ",\n" BOB "\n",
		 "organisation.json:4: the text ends too early"},
		{"{\"users\":[\n" JANE "\n\n" BOB "]}",
		 "organisation.json:4: expected ',' or ']'"},
		{"{\"users\":[\n{\"id\":\n\"u1\",\n\"id\":2}]}",
		 "organisation.json:4: duplicate key"},
		{"{\"users\":[\n{\"id\":\n\"u1\", x}]}", "organisation.json:3: "},
		{"{\"users\":{}}", "organisation.json:1: \"users\" must be a list"},
		{"{\n\"groups\":null}", "organisation.json:2: \"groups\" must be a list"},
		{"{\"keys\":\"x\"}", "organisation.json:1: \"keys\" must be a list"},
		{"{\"units\":1}", "organisation.json:1: \"units\" must be a list"},
		{"{\"users\":[],\n\"users\":[]}",
		 "organisation.json:2: duplicate key \"users\""},
		{"{\"users\":[1]}", "organisation.json:1: a resource must be an object"},
		{"{\"users\":[\n\n{\"id\":\"u1\"}]}", "organisation.json:3: this User has no"},
		{"{\"users\":[" JANE ",\n" JANE "]}",
		 "organisation.json:2: the id 'u1' is also that of user jane@example.org"},
		{"{\"users\":[" JANE ",\n{\"id\":\"u7\",\"userName\":\"J.Doe@example.org\"}]}",
		 "organisation.json:2: the address 'j.doe@example.org' is also that of user "
		 "jane@example.org"},
		{"{\"users\":[" JANE "],\n\"groups\":[{\"id\":\"g1\",\"externalId\":"
		 "\"a@example.org\"," GROUP ":{\"aliases\":[\"j.doe@example.org\"]}}]}",
		 "organisation.json:2: the alias 'j.doe@example.org' is also that of user "
		 "jane@example.org"},
		{"{\"keys\":[{}]}", "organisation.json:1: an entry of \"keys\""},
		{"{\"keys\":[\n7]}", "organisation.json:2: an entry of \"keys\""},
		{"{\"guests\":[\n\"x\"]}",
		 "organisation.json:2: \"guests\": this is no e-mail"},
		{"{\"guests\":[{}]}",
		 "organisation.json:1: \"guests\" must be a list of texts"},
		{"{\"units\":[\"a\",[]]}",
		 "organisation.json:1: \"units\" must be a list of texts"},
		{"{\"other\":[{\"a\":1},\n\n{\"a\" 1}]}", "organisation.json:3: expected ':'"},
		{"{\"other\":{\n\n\"a\":01}}", "organisation.json:3: "},
		{"{} {}", "organisation.json:1: something follows"},
		{"\xEF\xBB\xBF{}", "organisation.json:1: starts with a byte order mark"},
		{"{\"users\":[{\"id\":\"u1\",\"userName\":\"a@example.org\\u0000\"}]}",
		 "organisation.json:1: \\u0000 is not allowed"},
		{"{\"users\":[{\"id\":\"u1\",\"userName\":\"a\xFF@example.org\"}]}",
		 "organisation.json:1: not valid UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		struct buf said = BUF_INIT;
		struct world w;

		open_world(&w);
		put(cases[i].file);
		assert_int_equal(w.target->ops->list(w.target, &w.names, &w.accounts, &err),
				 -1);
		if (!str_starts(str_of(err.text), "target: ") ||
		    !str_starts(str_of(err.text + 8), cases[i].expected))
			fail_msg("'%s' instead of '%s'", err.text, cases[i].expected);
		assert_int_equal(err.class, ERR_FAILED);
		assert_int_equal(w.accounts.count, 0);
		assert_int_equal(w.target->ops->check(w.target, &said, &err), -1);
		assert_true(str_starts(buf_str(&said), "FAILED target: organisation.json"));
		buf_release(&said);
		close_world(&w);
	}
}

static void says_what_is_missing(void **state)
{
	struct err err = ERR_INIT;
	struct buf said = BUF_INIT;
	struct world w;

	(void)state;
	unlink(path);
	open_world(&w);
	assert_int_equal(w.target->ops->list(w.target, &w.names, &w.accounts, &err), -1);
	assert_string_equal(err.text, "target: organisation.json: cannot open: No such file or "
				      "directory");
	assert_int_equal(err.class, ERR_UNREACHABLE);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(w.target->ops->list(w.target, &w.names, &w.accounts, &err), -1);
	assert_string_equal(err.text, "target: organisation.json: is not a regular file");
	assert_int_equal(err.class, ERR_UNREACHABLE);
	rmdir(path);
	put(ORGANISATION);
	assert_int_equal(w.target->ops->check(w.target, &said, &err), 0);
	assert_string_equal(said.ptr, "ok target: file organisation.json holds 3 users and 1 "
				      "functional account\n");
	buf_clear(&said);
	w.target->ops->endpoint(w.target, &said);
	assert_string_equal(said.ptr, "file organisation.json");
	buf_release(&said);
	close_world(&w);
}

/* --- other hands on the file ---------------------------------------------------------------- */

static void keeps_edits_of_others(void **state)
{
	static const struct {
		const char *edited;
		struct asked asked;
		enum outcome_class class;
		const char *text;
		const char *after; /* NULL: as edited */
	} cases[] = {
		/* A name changed in an editor survives a change of something else. */
		{"{\"users\":[ {\"id\":\"u2\",\"userName\":\"bob@example.org\",\"name\":"
		 "{\"formatted\":\"Robert\"}}]}",
		 {REQUEST_UPDATE, KIND_USER, "u2", ATTR_ACTIVE, .active = false},
		 OUTCOME_DONE,
		 "",
		 "{\"users\":[ {\"id\":\"u2\",\"userName\":\"bob@example.org\",\"name\":"
		 "{\"formatted\":\"Robert\"},\"active\":false}]}"},
		/* What no longer fits is refused. */
		{"{\"users\":[]}",
		 {REQUEST_UPDATE, KIND_USER, "u2", ATTR_ACTIVE, .active = false},
		 OUTCOME_FAILED,
		 "Unknown account with uuid: u2",
		 NULL},
		{"{\"users\":[" BOB ",{\"id\":\"u8\",\"userName\":\"new@example.org\"}]}",
		 {REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "new@example.org"},
		 OUTCOME_FAILED,
		 "Error creating alias: Alias is already taken",
		 NULL},
		/* An editor that is not ready yet. */
		{"{\"users\":[" BOB ",\n{\"id\":\"u8\",",
		 {REQUEST_UPDATE, KIND_USER, "u2", ATTR_ACTIVE, .active = false},
		 OUTCOME_FATAL,
		 "target: organisation.json:2: the text ends within this value",
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct target_outcome *outcome;
		struct world w;

		open_world(&w);
		put(ORGANISATION);
		list(&w);
		submit(&w, 7, &cases[i].asked);
		put(cases[i].edited);
		wait_all(&w);
		outcome = &w.outcomes.items[0];
		if (outcome->class != cases[i].class ||
		    !str_starts(outcome->text, cases[i].text))
			fail_msg("case %zu: %d '%.*s'", i, (int)outcome->class,
				 STR_FMT(outcome->text));
		assert_string_equal(get(&w.arena).ptr,
				    cases[i].after ? cases[i].after : cases[i].edited);
		/* The next wait reads what is there then. */
		put(ORGANISATION);
		submit(&w, 8, &(struct asked){REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"});
		wait_all(&w);
		assert_int_equal(w.outcomes.items[0].class, OUTCOME_DONE);
		close_world(&w);
	}
}

static void notices_edits_in_place(void **state)
{
	struct world w;
	int fd;

	(void)state;
	open_world(&w);
	put(ORGANISATION);
	list(&w);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "{\"users\":[]}\n", 13, 0), 13);
	assert_int_equal(ftruncate(fd, 13), 0);
	close(fd);
	submit(&w, 1, &(struct asked){REQUEST_DELETE, KIND_USER, .id = "u1"});
	wait_all(&w);
	assert_int_equal(w.outcomes.items[0].class, OUTCOME_FAILED);
	assert_string_equal(get(&w.arena).ptr, "{\"users\":[]}\n");
	unlink(path);
	submit(&w, 2, &(struct asked){REQUEST_DELETE, KIND_USER, .id = "u1"});
	wait_all(&w);
	assert_int_equal(w.outcomes.items[0].class, OUTCOME_FATAL);
	assert_false(os_exists(path));
	close_world(&w);
}

static void survives_a_full_disk(void **state)
{
	struct rlimit before, small;
	struct world w;
	size_t size = strlen(ORGANISATION);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	open_world(&w);
	put(ORGANISATION);
	list(&w);
	submit(&w, 1, &(struct asked){REQUEST_UPDATE, KIND_USER, "u1", ATTR_NAME, .name = "x"});
	submit(&w, 2, &(struct asked){REQUEST_DELETE, KIND_USER, .id = "nobody"});
	submit(&w, 3, &(struct asked){REQUEST_DELETE, KIND_USER, .id = "u3"});
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = size / 2;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	wait_all(&w);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(w.outcomes.items[0].class, OUTCOME_FATAL);
	assert_non_null(strstr(w.outcomes.items[0].text.ptr, "File too large"));
	assert_int_equal(w.outcomes.items[0].answered, false);
	assert_int_equal(w.outcomes.items[1].class, OUTCOME_FAILED);
	assert_int_equal(w.outcomes.items[2].class, OUTCOME_FATAL);
	assert_string_equal(get(&w.arena).ptr, ORGANISATION);
	/* With room again, the same requests go through. */
	submit(&w, 1, &(struct asked){REQUEST_UPDATE, KIND_USER, "u1", ATTR_NAME, .name = "x"});
	submit(&w, 3, &(struct asked){REQUEST_DELETE, KIND_USER, .id = "u3"});
	wait_all(&w);
	assert_int_equal(w.outcomes.items[0].class, OUTCOME_DONE);
	assert_int_equal(w.outcomes.items[1].class, OUTCOME_DONE);
	close_world(&w);
}

/* --- the rest ------------------------------------------------------------------------------- */

static void tells_how_many_at_once(void **state)
{
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(w.target->parallel, 1000);
	assert_true(w.target->rehearsal);
	assert_true(w.target->own_keys);
	assert_int_equal(w.target->ops->submit(w.target,
					       &(struct target_request){.op = REQUEST_DELETE},
					       &err),
			 -1);
	wait_all(&w);
	assert_int_equal(w.outcomes.count, 0);
	w.target->ops->free(w.target);
	w.config.target.parallel = 7;
	w.config.target.sign_in = SIGN_IN_PASSWORD;
	assert_int_equal(target_file_open(&w.target, &w.config, &err), 0);
	assert_int_equal(w.target->parallel, 7);
	assert_false(w.target->own_keys);
	close_world(&w);
}

static void knows_what_is_in_scope(void **state)
{
	static const struct {
		const char *include, *exclude, *include_units, *exclude_units;
		const char *address, *unit;
		bool in;
	} cases[] = {
		{NULL, NULL, NULL, NULL, "a@example.org", NULL, true},
		{NULL, "*@sister.example", NULL, NULL, "a@sister.example", NULL, false},
		{NULL, "*@sister.example", NULL, NULL, "a@example.org", NULL, true},
		{"*@example.org", NULL, NULL, NULL, "a@example.org", NULL, true},
		{"*@example.org", NULL, NULL, NULL, "a@example.com", NULL, false},
		{"*@example.org", "admin@*", NULL, NULL, "admin@example.org", NULL, false},
		{NULL, NULL, "ICU", NULL, "a@example.org", "ICU", true},
		{NULL, NULL, "ICU", NULL, "a@example.org", NULL, false},
		{NULL, NULL, "/", NULL, "a@example.org", NULL, true},
		{NULL, NULL, NULL, "ICU", "a@example.org", "ICU", false},
		{"*@example.org", NULL, "ICU", NULL, "a@example.com", "ICU", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str texts[4] = {str_of(cases[i].include), str_of(cases[i].exclude),
				       str_of(cases[i].include_units),
				       str_of(cases[i].exclude_units)};
		struct config config = {0};
		struct config_scope *scope = &config.target.scope;
		struct patterns *const patterns[4] = {&scope->include, &scope->exclude,
						      &scope->include_units,
						      &scope->exclude_units};
		struct sym_pool names = SYM_POOL_INIT;
		struct account account = {.address = sym_get(&names, str_of(cases[i].address))};

		for (size_t j = 0; j < 4; j++)
			*patterns[j] = (struct patterns){&texts[j], texts[j].len > 0};
		if (cases[i].unit)
			account.unit = sym_get(&names, str_of(cases[i].unit));
		assert_int_equal(target_in_scope(&config, &account), cases[i].in);
		sym_pool_release(&names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_organisations),
		cmocka_unit_test(refuses_bad_files),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(keeps_edits_of_others),
		cmocka_unit_test(notices_edits_in_place),
		cmocka_unit_test(survives_a_full_disk),
		cmocka_unit_test(tells_how_many_at_once),
		cmocka_unit_test(knows_what_is_in_scope),
	};

	return run_in_folder(tests, COUNT(tests));
}
