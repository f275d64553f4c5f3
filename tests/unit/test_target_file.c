#include "target_file.h"

#include "base/os.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SCHEMAS "urn:ietf:params:scim:schemas:"
#define ENTERPRISE "\"" SCHEMAS "extension:enterprise:2.0:User\""
#define USER "\"" SCHEMAS "zivver:0.1:User\""
#define GROUP "\"" SCHEMAS "zivver:0.1:Group\""

#define JANE                                                                               \
	"{\"id\":\"u1\",\"userName\":\"jane@example.org\",\"name\":{\"formatted\":\"Jane " \
	"Doe\"},\"active\":true," USER                                                     \
	":{\"aliases\":[\"j.doe@example.org\"],\"delegates\":[\"bob@example.org\"],"       \
	"\"ExternalAccountId\":\"x1\"}}"
#define BOB \
	"{\"id\":\"u2\",\"userName\":\"bob@example.org\",\"active\":true,\"more\":18446744073709551615}"
#define KIM "{\"id\":\"u3\",\"userName\":\"kim@example.org\",\"active\":false}"
#define INFO                                                                           \
	"{\"id\":\"g1\",\"externalId\":\"info@example.org\",\"displayName\":\"Info\"," \
	"\"members\":[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]}"
#define ORGANISATION                                                               \
	"{\"users\":[\n" JANE ",\n" BOB ",\n" KIM "\n],\n\"groups\":[" INFO "],\n" \
	"\"guests\":[\"Guest@example.org\"],\"units\":[\"Cardiology\",\"ICU\"],"   \
	"\"other\": {\"n\": 1.50}}\n"

/* --- an organisation in a file -------------------------------------------------------------- */

static char folder[] = "/tmp/zsctl-test-XXXXXX";
static char path[64];

struct world {
	struct config config;
	struct sym_pool names;
	struct target *target;
	struct accounts accounts;
	struct arena arena;
	struct target_outcomes outcomes;
	struct str domains[2];
};

static void put(const char *text)
{
	struct err err = ERR_INIT;

	if (os_write_file(path, str_of(text), 0600, &err))
		fail_msg("%s", err.text);
}

static struct str get(struct arena *arena)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	struct str copy;

	if (os_read_file(path, 1 << 24, &text, &err))
		fail_msg("%s", err.text);
	copy = arena_str(arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

static void open_world(struct world *w)
{
	struct err err = ERR_INIT;

	*w = (struct world){.domains = {STR("example.org"), STR("example.com")}};
	w->config.claimed = (struct patterns){w->domains, 2};
	w->config.target.path = str_of(path);
	w->config.target.path_given = STR("organisation.json");
	assert_int_equal(target_file_open(&w->target, &w->config, &err), 0);
}

static void close_world(struct world *w)
{
	w->target->ops->free(w->target);
	accounts_release(&w->accounts);
	sym_pool_release(&w->names);
	arena_release(&w->arena);
	free(w->outcomes.items);
}

static void list(struct world *w)
{
	struct err err = ERR_INIT;

	if (w->target->ops->list(w->target, &w->names, &w->accounts, &err))
		fail_msg("%s", err.text);
}

static const struct sym *sym(struct world *w, const char *text)
{
	return text ? sym_get(&w->names, str_of(text)) : NULL;
}

/* One request as a table can say it. Lists are separated by blanks. */
struct asked {
	enum request_op op;
	enum account_kind kind;
	const char *id;
	unsigned set;
	const char *address, *name, *aliases, *delegates, *mobile, *unit, *key;
	bool active;
};

static struct account *to_account(struct world *w, const struct asked *asked)
{
	struct account *account = arena_new(&w->arena, struct account);
	struct str rest, part;

	*account = (struct account){.kind = (uint8_t)asked->kind,
				    .active = asked->active,
				    .address = sym(w, asked->address),
				    .name = sym(w, asked->name),
				    .mobile = sym(w, asked->mobile),
				    .unit = sym(w, asked->unit)};
	account->aliases.items = arena_array(&w->arena, const struct sym *, 8);
	account->delegates.items = arena_array(&w->arena, struct delegate, 8);
	rest = str_of(asked->aliases);
	while (rest.len > 0 && str_split(&rest, ' ', &part))
		account->aliases.items[account->aliases.count++] = sym_get(&w->names, part);
	rest = str_of(asked->delegates);
	while (rest.len > 0 && str_split(&rest, ' ', &part))
		account->delegates.items[account->delegates.count++].address =
			sym_get(&w->names, part);
	account->aliases.count = set_sort(account->aliases.items, account->aliases.count);
	account->delegates.count = delegates_sort(account->delegates.items,
						  account->delegates.count);
	return account;
}

static void submit(struct world *w, uint64_t number, const struct asked *asked)
{
	struct err err = ERR_INIT;
	const struct target_request request = {
		.number = number,
		.op = asked->op,
		.kind = asked->kind,
		.id = sym(w, asked->id),
		.wanted = to_account(w, asked),
		.set = asked->set,
		.key = str_of(asked->key),
	};

	assert_int_equal(w->target->ops->submit(w->target, &request, &err), 0);
}

static void wait_all(struct world *w)
{
	struct err err = ERR_INIT;

	assert_int_equal(w->target->ops->wait(w->target, 1000, &w->outcomes, &err), 0);
	assert_int_equal(w->target->ops->under_way(w->target), 0);
}

static void describe(const struct account *account, struct buf *out)
{
	buf_addf(out, "%s %s %s", account->id->text, account->address->text,
		 account->active ? "active" : "suspended");
	buf_puts(out, " [");
	for (uint32_t i = 0; i < account->aliases.count; i++)
		buf_addf(out, "%s%s", i ? "," : "", account->aliases.items[i]->text);
	buf_puts(out, "] [");
	for (uint32_t i = 0; i < account->delegates.count; i++)
		buf_addf(out, "%s%s", i ? "," : "", account->delegates.items[i].address->text);
	buf_puts(out, "]\n");
}

static void expect_listing(struct world *w, const char *expected)
{
	struct buf said = BUF_INIT;

	list(w);
	for (size_t i = 0; i < w->accounts.count; i++)
		describe(&w->accounts.items[i], &said);
	assert_string_equal(said.ptr ? said.ptr : "", expected);
	buf_release(&said);
}

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
		 "organisation.json:4: the file ends too early"},
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
				      "functional accounts\n");
	buf_clear(&said);
	w.target->ops->endpoint(w.target, &said);
	assert_string_equal(said.ptr, "file organisation.json");
	buf_release(&said);
	close_world(&w);
}

/* --- the service's rules -------------------------------------------------------------------- */

#define TAKEN(what, who) "Error creating " what " is already taken for " who
#define NOT_ALLOWED "You are not allowed to add this address to your organization."

static const struct rule {
	struct asked asked;
	enum outcome_class class;
	const char *text;   /* how the refusal begins, or the answer */
	const char *before; /* a part of the file … */
	const char *after;  /* … and what stands in its place; NULL: nothing changes */
} rules[] = {
	/* updates */
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_NAME, .name = "Jane Smith"},
	 OUTCOME_DONE,
	 "u1 jane@example.org active [j.doe@example.org] [bob@example.org]",
	 "\"formatted\":\"Jane Doe\"",
	 "\"formatted\":\"Jane Smith\""},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_UNIT | ATTR_MOBILE, .unit = "ICU",
	  .mobile = "+31612345678"},
	 OUTCOME_DONE,
	 "u2 bob@example.org active [] []",
	 "\"more\":18446744073709551615}",
	 "\"more\":18446744073709551615,\"phoneNumbers\":[{\"value\":\"+31612345678\"}]," ENTERPRISE
	 ":{\"division\":\"ICU\"}}"},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_UNIT, .unit = "Oncology"},
	 OUTCOME_FAILED,
	 "Invalid division: Oncology",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u9", ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: u9",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "u1", ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: u1",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "jane@example.org", ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: jane@example.org",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u3", ATTR_ACTIVE, .active = true},
	 OUTCOME_DONE,
	 "u3 kim@example.org active [] []",
	 "kim@example.org\",\"active\":false",
	 "kim@example.org\",\"active\":true"},
	/* aliases */
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ALIASES, .aliases = "new@example.com"},
	 OUTCOME_DONE,
	 "u1 jane@example.org active [new@example.com] [bob@example.org]",
	 "\"aliases\":[\"j.doe@example.org\"]",
	 "\"aliases\":[\"new@example.com\"]"},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_ALIASES, .aliases = "bob@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user bob@example.org: bob@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "info@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "functional info@example.org: info@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "bob@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user bob@example.org: bob@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "bob@elsewhere.example"},
	 OUTCOME_FAILED,
	 NOT_ALLOWED,
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "guest@example.org"},
	 OUTCOME_REFUSED,
	 "Error creating alias: Alias is a guest: guest@example.org",
	 NULL,
	 NULL},
	/* addresses */
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "jane@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("account: Address", "user jane@example.org: jane@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("account: Address", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "bob@elsewhere.example"},
	 OUTCOME_FAILED,
	 NOT_ALLOWED,
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ADDRESS, .address = "j.doe@example.org"},
	 OUTCOME_DONE,
	 "u1 j.doe@example.org active [] [bob@example.org]",
	 "jane@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[\"j.doe@example.org\"]",
	 "j.doe@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[]"},
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ADDRESS | ATTR_ALIASES,
	  .address = "j.doe@example.org", .aliases = "jane@example.org"},
	 OUTCOME_DONE,
	 "u1 j.doe@example.org active [jane@example.org] [bob@example.org]",
	 "jane@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[\"j.doe@example.org\"]",
	 "j.doe@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[\"jane@example.org\"]"},
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ADDRESS | ATTR_ALIASES,
	  .address = "j.doe@example.org", .aliases = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_ADDRESS, .address = "desk@example.org"},
	 OUTCOME_DONE,
	 "g1 desk@example.org active [] [bob@example.org,jane@example.org]",
	 "\"externalId\":\"info@example.org\"",
	 "\"externalId\":\"desk@example.org\""},
	/* delegates: only active users, no aliases, no functional accounts, not himself */
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_DELEGATES,
	  .delegates = "bob@example.org info@example.org j.doe@example.org jane@example.org "
		       "kim@example.org nobody@example.org"},
	 OUTCOME_DONE,
	 "u1 jane@example.org active [j.doe@example.org] [bob@example.org]",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_DELEGATES,
	  .delegates = "jane@example.org kim@example.org nobody@example.org"},
	 OUTCOME_DONE,
	 "g1 info@example.org active [] [jane@example.org]",
	 "[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]",
	 "[{\"value\":\"u1\"}]"},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_DELEGATES, .delegates = ""},
	 OUTCOME_DONE,
	 "g1 info@example.org suspended [] []",
	 "[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]",
	 "[]"},
	/* suspending */
	{{REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 OUTCOME_DONE,
	 "g1 info@example.org suspended [] []",
	 "[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]",
	 "[]"},
	{{REQUEST_SUSPEND, KIND_USER, .id = "u2"},
	 OUTCOME_DONE,
	 "u2 bob@example.org suspended [] []",
	 "\"bob@example.org\",\"active\":true",
	 "\"bob@example.org\",\"active\":false"},
	/* deleting */
	{{REQUEST_DELETE, KIND_FUNCTIONAL, .id = "g1"}, OUTCOME_DONE, "", INFO, ""},
	{{REQUEST_DELETE, KIND_USER, .id = "u3"}, OUTCOME_DONE, "", ",\n" KIM, ""},
	{{REQUEST_DELETE, KIND_USER, .id = "g1"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: g1",
	 NULL,
	 NULL},
	/* creating */
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS, .address = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("account: Address", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS, .address = "x@elsewhere.example"},
	 OUTCOME_FAILED,
	 NOT_ALLOWED,
	 NULL,
	 NULL},
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS | ATTR_UNIT, .address = "x@example.org",
	  .unit = "/x"},
	 OUTCOME_FAILED,
	 "Invalid division: /x",
	 NULL,
	 NULL},
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Error creating account: no address",
	 NULL,
	 NULL},
};

/* ORGANISATION with the first `before` replaced. */
static struct str expected_file(struct arena *arena, const char *before, const char *after)
{
	const char *text = ORGANISATION;
	const char *at = before ? strstr(text, before) : NULL;

	if (!before)
		return str_of(text);
	assert_non_null(at);
	return arena_strf(arena, "%.*s%s%s", (int)(at - text), text, after,
			  at + strlen(before));
}

static void obeys_the_service(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		const struct rule *rule = &rules[i];
		const struct target_outcome *outcome;
		struct buf said = BUF_INIT;
		struct world w;

		open_world(&w);
		put(ORGANISATION);
		list(&w);
		submit(&w, 40 + i, &rule->asked);
		wait_all(&w);
		assert_int_equal(w.outcomes.count, 1);
		outcome = &w.outcomes.items[0];
		assert_int_equal(outcome->number, 40 + i);
		if (outcome->answered)
			describe(&outcome->answer, &said);
		else
			buf_add(&said, outcome->text);
		if (outcome->class != rule->class || !str_starts(buf_str(&said), rule->text))
			fail_msg("rule %zu: %d '%s' instead of '%s'", i, (int)outcome->class,
				 said.ptr ? said.ptr : "", rule->text);
		assert_int_equal(outcome->class == OUTCOME_DONE &&
					 rule->asked.op != REQUEST_DELETE,
				 outcome->answered);
		assert_true(str_is(outcome->refused_attribute,
				   rule->class == OUTCOME_REFUSED ? "alias guest@example.org"
								  : ""));
		assert_string_equal(get(&w.arena).ptr,
				    expected_file(&w.arena, rule->before, rule->after).ptr);
		buf_release(&said);
		close_world(&w);
	}
}

/* --- several requests at once --------------------------------------------------------------- */

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
		 "target: organisation.json:2: the file ends within this value",
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

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/organisation.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	/* Fails when a temporary file was left behind. */
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_organisations),
		cmocka_unit_test(refuses_bad_files),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(obeys_the_service),
		cmocka_unit_test(creates_and_completes),
		cmocka_unit_test(gives_random_ids),
		cmocka_unit_test(applies_batches),
		cmocka_unit_test(keeps_edits_of_others),
		cmocka_unit_test(notices_edits_in_place),
		cmocka_unit_test(survives_a_full_disk),
		cmocka_unit_test(tells_how_many_at_once),
		cmocka_unit_test(knows_what_is_in_scope),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
