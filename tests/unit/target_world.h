/*
 * An organisation in a file of its own folder, for the tests of the file target: requests as
 * tables can say them, answers and listings as text.
 */
#ifndef ZSCTL_TARGET_WORLD_H
#define ZSCTL_TARGET_WORLD_H

#include "target_file.h"

#include "base/os.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
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

static inline void put(const char *text)
{
	struct err err = ERR_INIT;

	if (os_write_file(path, str_of(text), 0600, &err))
		fail_msg("%s", err.text);
}

static inline struct str get(struct arena *arena)
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

static inline void open_world(struct world *w)
{
	struct err err = ERR_INIT;

	*w = (struct world){.domains = {STR("example.org"), STR("example.com")}};
	w->config.claimed = (struct patterns){w->domains, 2};
	w->config.target.path = str_of(path);
	w->config.target.path_given = STR("organisation.json");
	assert_int_equal(target_file_open(&w->target, &w->config, &err), 0);
}

static inline void close_world(struct world *w)
{
	w->target->ops->free(w->target);
	accounts_release(&w->accounts);
	sym_pool_release(&w->names);
	arena_release(&w->arena);
	free(w->outcomes.items);
}

static inline void list(struct world *w)
{
	struct err err = ERR_INIT;

	if (w->target->ops->list(w->target, &w->names, &w->accounts, &err))
		fail_msg("%s", err.text);
}

static inline const struct sym *sym(struct world *w, const char *text)
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

static inline struct account *to_account(struct world *w, const struct asked *asked)
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

static inline void submit(struct world *w, uint64_t number, const struct asked *asked)
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

static inline void wait_all(struct world *w)
{
	struct err err = ERR_INIT;

	assert_int_equal(w->target->ops->wait(w->target, 1000, &w->outcomes, &err), 0);
	assert_int_equal(w->target->ops->under_way(w->target), 0);
}

static inline void describe(const struct account *account, struct buf *out)
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

static inline void expect_listing(struct world *w, const char *expected)
{
	struct buf said = BUF_INIT;

	list(w);
	for (size_t i = 0; i < w->accounts.count; i++)
		describe(&w->accounts.items[i], &said);
	assert_string_equal(said.ptr ? said.ptr : "", expected);
	buf_release(&said);
}

static inline int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/organisation.json", folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	/* Fails when a temporary file was left behind. */
	return rmdir(folder);
}

static inline int run_in_folder(const struct CMUnitTest *tests, size_t count)
{
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return _cmocka_run_group_tests("tests", tests, count, make_folder, remove_folder);
}

#endif
