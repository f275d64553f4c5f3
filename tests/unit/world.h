/*
 * The three worlds in a few lines of text, for tests of everything between them:
 *
 *     cfg service sign_in=password protect=admin@example.org suspend=always source=ad
 *     opt same_person=jane only=create,suspend:user
 *     want user jane id=4711 alias=jd,j.doe delegates=bob key=k1       (source=ad; inactive; held)
 *     is   user jane id=u1 alias=jd suspended
 *     was  user jane id=u1 link=declared:4711,ad key=k1 suspended_by=run1:10 undesired
 *
 * Addresses without '@' lie in example.org. Names default to the address's local part in capitals,
 * target ids to "id-" and the local part. `was` lines are recorded accounts, desired since day 1
 * and linked to the first source without id unless they say otherwise. Today is day 100. The order
 * of lines does not matter, and scenario.h shows that.
 */
#ifndef ZSCTL_TEST_WORLD_H
#define ZSCTL_TEST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/os.h"
#include "pipeline.h"

#define TODAY 100

struct test_world {
	struct arena arena;
	struct sym_pool names;
	struct config config;
	struct config_source sources[4];
	struct entries entries;
	struct desired desired;
	struct accounts current;
	struct recorded recorded;
	struct plan_options options;
};

static inline struct str world_address(struct test_world *t, struct str text)
{
	if (memchr(text.ptr, '@', text.len))
		return text;
	return arena_strf(&t->arena, "%.*s@example.org", STR_FMT(text));
}

static inline const struct sym *world_sym(struct test_world *t, struct str text)
{
	return sym_get(&t->names, text);
}

static inline const struct sym *world_address_sym(struct test_world *t, struct str text)
{
	return world_sym(t, world_address(t, text));
}

static inline const struct sym *world_name(struct test_world *t, struct str address)
{
	struct str name = arena_str(&t->arena, address);
	char *text = (char *)(uintptr_t)name.ptr;

	for (size_t i = 0; i < name.len; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] = (char)(text[i] - 'a' + 'A');
	return world_sym(t, name);
}

static inline struct set world_set(struct test_world *t, struct str list)
{
	const struct sym **items = arena_array(&t->arena, const struct sym *, list.len + 1);
	uint32_t count = 0;
	struct str item;

	while (str_split(&list, ',', &item))
		if (item.len > 0)
			items[count++] = world_address_sym(t, item);
	return (struct set){items, set_sort(items, count)};
}

/* "kim,bob:ticket_12": delegates with reasons. */
static inline struct delegates world_delegates(struct test_world *t, struct str list)
{
	struct delegate *items = arena_array(&t->arena, struct delegate, list.len + 1);
	uint32_t count = 0;
	struct str item;

	while (str_split(&list, ',', &item)) {
		struct str address;

		str_split(&item, ':', &address);
		if (address.len > 0)
			items[count++] = (struct delegate){world_address_sym(t, address),
							   item.len ? world_sym(t, item)
								    : NULL};
	}
	return (struct delegates){items, delegates_sort(items, count)};
}

static inline const struct sym *world_hmac(struct test_world *t, struct str key)
{
	char text[HMAC_TEXT_SIZE];

	if (str_is(key, "lost") || str_starts(key, "hmac:"))
		return world_sym(t, key);
	hmac_text(STR("fingerprints"), key, text);
	return world_sym(t, str_of(text));
}

static inline const struct sym *world_digest(struct test_world *t, struct str source,
					     struct str id)
{
	char text[SHA256_TEXT_SIZE];

	if (id.len == 0)
		return NULL;
	if (str_starts(id, "sha256:"))
		return world_sym(t, id);
	source_id_digest(source, id, text);
	return world_sym(t, str_of(text));
}

static inline uint32_t world_source(struct test_world *t, struct str name)
{
	for (uint32_t i = 0; i < t->config.source_count; i++)
		if (str_eq(t->sources[i].name, name))
			return i;
	fail_msg("no source %.*s", STR_FMT(name));
	return 0;
}

/* --- lines -------------------------------------------------------------------------------- */

/* What all three worlds say of an account. */
static inline bool world_attribute(struct test_world *t, struct account *account,
				   struct str key, struct str value)
{
	if (str_is(key, "alias")) {
		account->aliases = world_set(t, value);
		account->has |= ATTR_ALIASES;
	} else if (str_is(key, "delegates")) {
		account->delegates = world_delegates(t, value);
		account->has |= ATTR_DELEGATES;
	} else if (str_is(key, "name")) {
		account->name = value.len ? world_sym(t, value) : NULL;
	} else if (str_is(key, "unit")) {
		account->unit = value.len ? world_sym(t, value) : NULL;
		account->has |= ATTR_UNIT;
	} else if (str_is(key, "mobile")) {
		account->mobile = value.len ? world_sym(t, value) : NULL;
		account->has |= ATTR_MOBILE;
	} else {
		return false;
	}
	return true;
}

static inline void world_account(struct test_world *t, struct account *account, struct str kind,
				 struct str address)
{
	enum account_kind parsed = KIND_USER;

	assert_true(kind_parse(kind, &parsed));
	account->kind = (uint8_t)parsed;
	account->active = true;
	account->has = ATTR_ADDRESS | ATTR_NAME;
	if (!str_is(address, "-"))
		account->address = world_address_sym(t, address);
	account->name = world_name(t, address);
}

static inline void world_want(struct test_world *t, struct str kind, struct str address,
			      struct str words)
{
	struct entry *entry = vec_push(&t->entries);
	struct str word, key, id = STR_NONE;

	*entry = (struct entry){.until = DATE_NONE};
	world_account(t, &entry->account, kind, address);
	while (str_split(&words, ' ', &word)) {
		str_split(&word, '=', &key);
		if (str_is(key, "source"))
			entry->source = world_source(t, word);
		else if (str_is(key, "id"))
			id = word;
		else if (str_is(key, "was"))
			entry->was = world_address_sym(t, word);
		else if (str_is(key, "inactive"))
			entry->account.active = false;
		else if (str_is(key, "active"))
			entry->account.has |= ATTR_ACTIVE;
		else if (str_is(key, "until"))
			entry->inactive_because = world_sym(t, word);
		else if (str_is(key, "held"))
			entry->held = world_sym(t, word);
		else if (str_is(key, "key")) {
			struct secret_ref *ref = arena_new(&t->arena, struct secret_ref);

			*ref = (struct secret_ref){SECRET_ENV, word};
			entry->key = ref;
		} else if (key.len > 0 && !world_attribute(t, &entry->account, key, word)) {
			fail_msg("want: what is '%.*s'?", STR_FMT(key));
		}
	}
	entry->id_digest = world_digest(t, t->sources[entry->source].name, id);
	entry->because = world_sym(t, STR("listed in a.yaml"));
}

static inline struct str world_default_id(struct test_world *t, struct str address)
{
	return arena_strf(&t->arena, "id-%.*s", STR_FMT(address));
}

static inline void world_is(struct test_world *t, struct str kind, struct str address,
			    struct str words)
{
	struct account *account = vec_push(&t->current);
	struct str word, key;

	world_account(t, account, kind, address);
	account->id = world_sym(t, world_default_id(t, address));
	while (str_split(&words, ' ', &word)) {
		str_split(&word, '=', &key);
		if (str_is(key, "id"))
			account->id = world_sym(t, word);
		else if (str_is(key, "external"))
			account->external_id = world_sym(t, word);
		else if (str_is(key, "suspended"))
			account->active = false;
		else if (key.len > 0 && !world_attribute(t, account, key, word))
			fail_msg("is: what is '%.*s'?", STR_FMT(key));
	}
	if (account->kind == KIND_FUNCTIONAL)
		account->active = account->delegates.count > 0;
	account->has = UINT8_MAX;
}

static inline int world_link_cmp(const void *a, const void *b)
{
	const struct recorded_link *x = a, *y = b;

	return sym_cmp(x->source, y->source);
}

static inline void world_links(struct test_world *t, struct recorded_account *account,
			       struct str list)
{
	struct str item;

	account->links = arena_array(&t->arena, struct recorded_link, list.len + 1);
	account->link_count = 0;
	while (str_split(&list, ',', &item)) {
		struct str source;

		str_split(&item, ':', &source);
		if (source.len > 0)
			account->links[account->link_count++] = (struct recorded_link){
				world_sym(t, source), world_digest(t, source, item)};
	}
	if (account->link_count > 1)
		qsort(account->links, account->link_count, sizeof(*account->links),
		      world_link_cmp);
}

static inline void world_was(struct test_world *t, struct str kind, struct str address,
			     struct str words)
{
	struct recorded_account *account = vec_push(&t->recorded);
	struct str word, key, name;
	uint64_t day;

	world_account(t, &account->account, kind, address);
	account->account.id = world_sym(t, world_default_id(t, address));
	account->desired_since = 1;
	account->suspended_since = DATE_NONE;
	world_links(t, account, STR("declared"));
	while (str_split(&words, ' ', &word)) {
		str_split(&word, '=', &key);
		if (str_is(key, "id")) {
			account->account.id = world_sym(t, word);
		} else if (str_is(key, "link")) {
			world_links(t, account, word);
		} else if (str_is(key, "undesired")) {
			account->desired_since = DATE_NONE;
		} else if (str_is(key, "suspended_by")) {
			str_split(&word, ':', &name);
			account->suspended_by = world_sym(t, name);
			assert_true(str_to_u64(word, &day));
			account->suspended_since = (int32_t)day;
			account->account.active = false;
		} else if (str_is(key, "key")) {
			account->key = world_hmac(t, word);
		} else if (str_is(key, "refused")) {
			const struct sym **item = arena_new(&t->arena, const struct sym *);

			*item = world_sym(t, arena_strf(&t->arena, "alias %s",
							world_address(t, word).ptr));
			account->refusals = (struct set){item, 1};
		} else if (key.len > 0 && !world_attribute(t, &account->account, key, word)) {
			fail_msg("was: what is '%.*s'?", STR_FMT(key));
		}
	}
}

static inline enum suspend_mode world_mode(struct str word)
{
	if (str_is(word, "never"))
		return SUSPEND_NEVER;
	if (str_is(word, "always"))
		return SUSPEND_ALWAYS;
	assert_true(str_is(word, "recorded"));
	return SUSPEND_RECORDED;
}

static inline struct patterns world_patterns(struct test_world *t, struct str list)
{
	struct patterns patterns = {arena_array(&t->arena, struct str, list.len + 1), 0};
	struct str item;

	while (str_split(&list, ',', &item))
		if (item.len > 0)
			patterns.items[patterns.count++] = item;
	return patterns;
}

static inline unsigned world_attributes(struct str list)
{
	unsigned bits = 0;
	struct str item;

	while (str_split(&list, ',', &item))
		for (unsigned bit = 0; bit < ATTR_COUNT; bit++)
			if (str_is(item, attribute_names[bit]))
				bits |= 1u << bit;
	return bits;
}

/* source=ad[/manage:delegates][/functional.manage:delegates][/adds:delegates] */
static inline void world_new_source(struct test_world *t, struct str text)
{
	struct config_source *source = &t->sources[t->config.source_count++];
	struct str part, key;

	str_split(&text, '/', &source->name);
	while (str_split(&text, '/', &part)) {
		str_split(&part, ':', &key);
		if (str_is(key, "manage"))
			source->manage = world_attributes(part);
		else if (str_is(key, "functional.manage"))
			source->sections[KIND_FUNCTIONAL].manage = world_attributes(part);
		else
			source->adds = world_attributes(part);
	}
}

static inline void world_cfg(struct test_world *t, struct str words)
{
	struct config_target *target = &t->config.target;
	struct str word, key;

	while (str_split(&words, ' ', &word)) {
		int first = 0, last = KIND_COUNT - 1;

		str_split(&word, '=', &key);
		if (str_starts(key, "user.") || str_starts(key, "functional.")) {
			struct str kind;

			str_split(&key, '.', &kind);
			first = last = str_is(kind, "user") ? KIND_USER : KIND_FUNCTIONAL;
		}
		for (int k = first; k <= last; k++) {
			struct config_actions *actions = &t->config.actions[k];

			if (str_is(key, "suspend"))
				actions->suspend = world_mode(word);
			else if (str_is(key, "reactivate"))
				actions->reactivate = world_mode(word);
			else if (str_is(key, "update"))
				actions->update = str_is(word, "on");
			else if (str_is(key, "create"))
				actions->create = str_is(word, "on");
		}
		if (str_is(key, "service"))
			target->provider = TARGET_ZIVVER;
		else if (str_is(key, "sign_in"))
			target->sign_in = str_is(word, "sso") ? SIGN_IN_SSO : SIGN_IN_PASSWORD;
		else if (str_is(key, "protect"))
			target->protect = world_patterns(t, word);
		else if (str_is(key, "scope"))
			target->scope.include = world_patterns(t, word);
		else if (str_is(key, "scope_exclude"))
			target->scope.exclude = world_patterns(t, word);
		else if (str_is(key, "units"))
			target->scope.include_units = world_patterns(t, word);
		else if (str_is(key, "claimed"))
			t->config.claimed = world_patterns(t, word);
		else if (str_is(key, "ignore"))
			t->config.ignore_aliases = world_patterns(t, word);
		else if (str_is(key, "external_id"))
			target->external_id = word;
		else if (str_is(key, "source"))
			world_new_source(t, word);
	}
}

static inline void world_opt(struct test_world *t, struct str words)
{
	struct plan_options *options = &t->options;
	struct str word, key, item;

	while (str_split(&words, ' ', &word)) {
		struct strs *list = NULL;

		str_split(&word, '=', &key);
		if (str_is(key, "delete"))
			options->delete_ = word;
		else if (str_is(key, "for"))
			options->suspended_for = word;
		else if (str_is(key, "refresh_keys"))
			options->refresh_keys = word;
		else
			list = str_is(key, "only")      ? &options->only
			       : str_is(key, "include") ? &options->include
			       : str_is(key, "exclude") ? &options->exclude
			       : str_is(key, "allow")   ? &options->allow
							: &options->same_person;
		while (list && str_split(&word, ',', &item))
			strs_add(&t->arena, list,
				 list == &options->only || list == &options->allow
					 ? item
					 : world_address(t, item));
	}
}

static inline void world_line(struct test_world *t, struct str line, bool configuration)
{
	struct str verb, kind, address;

	line = str_trim(line);
	if (line.len == 0)
		return;
	str_split(&line, ' ', &verb);
	line = str_trim(line);
	if (str_is(verb, "cfg") || str_is(verb, "opt")) {
		if (configuration)
			str_is(verb, "cfg") ? world_cfg(t, line) : world_opt(t, line);
		return;
	}
	if (configuration)
		return;
	str_split(&line, ' ', &kind);
	str_split(&line, ' ', &address);
	if (str_is(verb, "want"))
		world_want(t, kind, address, line);
	else if (str_is(verb, "is"))
		world_is(t, kind, address, line);
	else if (str_is(verb, "was"))
		world_was(t, kind, address, line);
	else
		fail_msg("what is '%.*s'?", STR_FMT(verb));
}

/* --- the worlds ------------------------------------------------------------------------------- */

static inline int world_account_cmp(const void *a, const void *b)
{
	return account_cmp(a, b);
}

static inline void world_init(struct test_world *t)
{
	*t = (struct test_world){.entries = ENTRIES_INIT, .desired = DESIRED_INIT};
	t->config.sources = t->sources;
	t->config.source_count = 1;
	t->sources[0].name = STR("declared");
	t->config.free = 5;
	for (int k = 0; k < KIND_COUNT; k++)
		t->config.actions[k] = (struct config_actions){true, true, SUSPEND_RECORDED,
							       SUSPEND_RECORDED};
}

/* The lists sorted, the sources merged, keys fingerprinted. */
static inline void world_finish(struct test_world *t)
{
	if (t->current.count > 0)
		qsort(t->current.items, t->current.count, sizeof(*t->current.items),
		      world_account_cmp);
	if (t->recorded.count > 0)
		qsort(t->recorded.items, t->recorded.count, sizeof(*t->recorded.items),
		      world_account_cmp);
	desired_merge(&t->config, &t->entries, &t->names, &t->desired);
	for (size_t i = 0; i < t->desired.count; i++)
		if (t->desired.items[i].key)
			t->desired.items[i].fingerprint =
				world_hmac(t, t->desired.items[i].key->name);
}

/* Lines are taken in the order of `seed`: 0 as written. */
static inline void world_read(struct test_world *t, const char *text, uint32_t seed)
{
	struct str rest = str_of(text), line;
	struct {
		struct str *items;
		size_t count, capacity;
	} lines = {NULL, 0, 0};

	world_init(t);
	while (str_split(&rest, '\n', &line))
		*vec_push(&lines) = arena_str(&t->arena, line);
	for (size_t i = 0; i < lines.count; i++)
		world_line(t, lines.items[i], true);
	for (size_t i = lines.count; seed && i > 1; i--) {
		size_t j;

		seed = seed * 1664525u + 1013904223u;
		j = (seed >> 8) % i;
		line = lines.items[i - 1];
		lines.items[i - 1] = lines.items[j];
		lines.items[j] = line;
	}
	for (size_t i = 0; i < lines.count; i++)
		world_line(t, lines.items[i], false);
	free(lines.items);
	world_finish(t);
}

static inline void world_free(struct test_world *t)
{
	desired_release(&t->desired);
	free(t->entries.items);
	arena_release(&t->entries.arena);
	accounts_release(&t->current);
	free(t->recorded.items);
	arena_release(&t->recorded.arena);
	sym_pool_release(&t->names);
	arena_release(&t->arena);
}

static inline struct reconcile_input world_input(struct test_world *t)
{
	return (struct reconcile_input){.config = &t->config,
					.desired = &t->desired,
					.current = &t->current,
					.recorded = &t->recorded,
					.options = &t->options,
					.today = TODAY,
					.names = &t->names};
}

#endif
