/*
 * A target under test, with requests as tables can say them, and accounts as text.
 */
#ifndef ZSCTL_TARGET_ASKED_H
#define ZSCTL_TARGET_ASKED_H

#include "provider.h"

#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SCHEMAS "urn:ietf:params:scim:schemas:"
#define ENTERPRISE "\"" SCHEMAS "extension:enterprise:2.0:User\""
#define USER "\"" SCHEMAS "zivver:0.1:User\""
#define GROUP "\"" SCHEMAS "zivver:0.1:Group\""

struct world {
	struct config config;
	struct sym_pool names;
	struct target *target;
	struct accounts accounts;
	struct arena arena;
	struct target_outcomes outcomes;
	struct str domains[2];
};

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
	const char *address, *name, *aliases, *delegates, *mobile, *unit, *key, *external_id;
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
				    .unit = sym(w, asked->unit),
				    .external_id = sym(w, asked->external_id)};
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

/* All outcomes, in the order in which they came. */
static inline void wait_all(struct world *w)
{
	struct target_outcomes some = {NULL, 0, 0};
	struct err err = ERR_INIT;

	w->outcomes.count = 0;
	do {
		if (w->target->ops->wait(w->target, 1000, &some, &err))
			fail_msg("%s", err.text);
		for (size_t i = 0; i < some.count; i++)
			*vec_push(&w->outcomes) = some.items[i];
	} while (w->target->ops->under_way(w->target) > 0);
	free(some.items);
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

#endif
