#include "account.h"
#include "base/os.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct sym *sym(struct sym_pool *pool, const char *text)
{
	return text ? sym_get(pool, str_of(text)) : NULL;
}

static void parses_kinds(void **state)
{
	enum account_kind kind = KIND_USER;

	(void)state;
	assert_true(kind_parse(STR("functional"), &kind));
	assert_int_equal(kind, KIND_FUNCTIONAL);
	assert_true(kind_parse(STR("user"), &kind));
	assert_int_equal(kind, KIND_USER);
	assert_false(kind_parse(STR("User"), &kind));
	assert_false(kind_parse(STR_NONE, &kind));
	for (int i = 0; i < ATTR_COUNT; i++)
		assert_non_null(attribute_names[i]);
}

/* Deterministic numbers; which ones does not matter. */
static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void sorts_sets(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 23, 24, 25, 48, 49, 100, 1000, 4097};
	struct sym_pool pool = SYM_POOL_INIT;
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t size = sizes[i], kept;
		const struct sym **items = mem_calloc(size + 1, sizeof(*items));
		bool *seen = mem_calloc(size + 1, sizeof(*seen));
		uint32_t distinct = 0;

		for (uint32_t j = 0; j < size; j++) {
			uint32_t number = next(&seed) % (size / 2 + 1);
			char text[32];

			snprintf(text, sizeof(text), "%u@example.org", number);
			items[j] = sym(&pool, text);
			distinct += !seen[number];
			seen[number] = true;
		}
		kept = set_sort(items, size);
		assert_int_equal(kept, distinct);
		for (uint32_t j = 1; j < kept; j++)
			assert_true(sym_cmp(items[j - 1], items[j]) < 0);
		for (uint32_t j = 0; j < kept; j++)
			assert_true(set_has((struct set){items, kept}, items[j]));
		assert_false(set_has((struct set){items, kept}, sym(&pool, "x@example.org")));
		assert_true(set_equal((struct set){items, kept}, (struct set){items, kept}));
		if (kept)
			assert_false(set_equal((struct set){items, kept},
					       (struct set){items, kept - 1}));
		free(items);
		free(seen);
	}
	assert_true(set_equal((struct set){NULL, 0}, (struct set){NULL, 0}));
	sym_pool_release(&pool);
}

/* The first reason that is given wins, in the order of the input, at any size. */
static void sorts_delegates(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 5, 24, 25, 49, 96, 97, 1000, 5000};
	struct sym_pool pool = SYM_POOL_INIT;
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t size = sizes[i], groups = size / 3 + 1, kept, distinct = 0;
		struct delegate *items = mem_calloc(size + 1, sizeof(*items));
		struct delegate *first = mem_calloc(groups, sizeof(*first));
		struct delegates sorted;

		for (uint32_t j = 0; j < size; j++) {
			uint32_t number = next(&seed) % groups;
			char text[32];

			snprintf(text, sizeof(text), "%u@example.org", number);
			items[j].address = sym(&pool, text);
			snprintf(text, sizeof(text), "reason %u", j);
			items[j].why = next(&seed) % 2 ? sym(&pool, text) : NULL;
			distinct += !first[number].address;
			first[number].address = items[j].address;
			if (!first[number].why)
				first[number].why = items[j].why;
		}
		kept = delegates_sort(items, size);
		assert_int_equal(kept, distinct);
		sorted = (struct delegates){items, kept};
		for (uint32_t j = 1; j < kept; j++)
			assert_true(sym_cmp(items[j - 1].address, items[j].address) < 0);
		for (uint32_t j = 0; j < groups; j++) {
			const struct delegate *found = delegates_find(sorted, first[j].address);

			if (!first[j].address)
				continue;
			assert_non_null(found);
			assert_ptr_equal(found->why, first[j].why);
		}
		assert_null(delegates_find(sorted, sym(&pool, "x@example.org")));
		free(items);
		free(first);
	}
	sym_pool_release(&pool);
}

static void orders_accounts(void **state)
{
	struct sym_pool pool = SYM_POOL_INIT;
	struct account accounts[] = {
		{.kind = KIND_USER, .address = sym(&pool, "a@example.org")},
		{.kind = KIND_USER, .address = sym(&pool, "b@example.org")},
		{.kind = KIND_FUNCTIONAL, .address = sym(&pool, "a@example.org")},
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++) {
			int order = account_cmp(&accounts[i], &accounts[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
	sym_pool_release(&pool);
}

/* In any order to begin with, also where the first 24 bytes are the same; doubles stay as they came. */
static void sorts_accounts(void **state)
{
	static const struct {
		enum account_kind kind;
		const char *address;
	} cases[] = {
		{KIND_USER, "a@example.org"},
		{KIND_USER, "a@example.orga"},
		{KIND_USER, "anna.van.den.berg.smit.12@example.org"},
		{KIND_USER, "anna.van.den.berg.smit.1a@example.org"},
		{KIND_USER, "anna.van.den.berg.smit.@example.org"},
		{KIND_USER, "anna.van.den.berg.smits@example.org"},
		{KIND_USER, "b@example.org"},
		{KIND_USER, "b\303\251@example.org"},
		{KIND_FUNCTIONAL, "a@example.org"},
		{KIND_FUNCTIONAL, "a@example.org"},
	};
	enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
	struct sym_pool pool = SYM_POOL_INIT;
	struct account items[COUNT];
	char number[COUNT][12];
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < COUNT; i++)
			items[i] = (struct account){.kind = (uint8_t)cases[i].kind,
						    .address = sym(&pool, cases[i].address)};
		for (uint32_t i = COUNT - 1; i > 0; i--) {
			seed = seed * 1664525u + 1013904223u;
			const uint32_t other = (seed >> 8) % (i + 1);
			const struct account moved = items[i];

			items[i] = items[other];
			items[other] = moved;
		}
		for (int i = 0; i < COUNT; i++) {
			snprintf(number[i], sizeof(number[i]), "%d", i);
			items[i].id = sym(&pool, number[i]);
		}
		accounts_sort(items, COUNT);
		for (int i = 1; i < COUNT; i++) {
			const int order = account_cmp(&items[i - 1], &items[i]);

			assert_true(order < 0 ||
				    (order == 0 && sym_cmp(items[i - 1].id, items[i].id) < 0));
		}
	}
	accounts_sort(NULL, 0);
	sym_pool_release(&pool);
}

/* Each line differs from the first in one respect; `same` says whether the digest may. */
static void digests_expectations(void **state)
{
	static const struct variant {
		const char *address, *id, *alias1, *alias2, *name, *mobile, *unit, *id1, *id2;
		bool suspended, functional;
		unsigned attributes;
		bool same;
	} variants[] = {
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", false, false, 0, true},
		{"d@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", false, false, 0, false},
		{"a@x", "2", "b@x", "c@x", "N", "+1", "U", "7", "8", false, false, 0, false},
		{"a@x", NULL, "b@x", "c@x", "N", "+1", "U", "7", "8", false, false, 0, false},
		{"a@x", "1", "b@x", NULL, "N", "+1", "U", "7", "8", false, false, 0, false},
		{"a@x", "1", "b@xc", "@x", "N", "+1", "U", "7", "8", false, false, 0, false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", NULL, false, false, 0, false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "78", "", false, false, 0, false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", true, false, 0, false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", false, true, 0, false},
		/* Attributes count when they are asked for. */
		{"a@x", "1", "b@x", "c@x", "M", "+2", "V", "7", "8", false, false, 0, true},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", false, false, ATTR_NAME,
		 false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", false, false, ATTR_UNIT,
		 false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", NULL, "7", "8", false, false, ATTR_UNIT,
		 false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "", "7", "8", false, false, ATTR_UNIT,
		 false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", false, false, ATTR_MOBILE,
		 false},
		{"a@x", "1", "b@x", "c@x", "N", "+1", "U", "7", "8", false, false,
		 ATTR_ADDRESS | ATTR_KEY | ATTR_ACTIVE, true},
	};
	enum { COUNT = sizeof(variants) / sizeof(variants[0]) };
	struct sym_pool pool = SYM_POOL_INIT;
	char digests[COUNT][SHA256_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		const struct variant *v = &variants[i];
		const struct sym *aliases[] = {sym(&pool, v->alias1), sym(&pool, v->alias2)};
		const struct sym *ids[] = {sym(&pool, v->id1), sym(&pool, v->id2)};
		struct account account = {
			.kind = v->functional ? KIND_FUNCTIONAL : KIND_USER,
			.active = !v->suspended,
			.address = sym(&pool, v->address),
			.id = sym(&pool, v->id),
			.name = sym(&pool, v->name),
			.mobile = sym(&pool, v->mobile),
			.unit = sym(&pool, v->unit),
			.aliases = {aliases, v->alias2 ? 2 : 1},
		};

		account_expect(&account, v->attributes, ids, v->id2 ? 2 : 1, digests[i]);
		assert_true(str_starts(str_of(digests[i]), "sha256:"));
		assert_int_equal(strlen(digests[i]), SHA256_TEXT_SIZE - 1);
		for (size_t j = 0; j < i; j++) {
			bool same = variants[j].same && v->same;

			if ((strcmp(digests[i], digests[j]) == 0) != same)
				fail_msg("variants %zu and %zu", j, i);
		}
	}
	sym_pool_release(&pool);
}

static void digests_source_ids(void **state)
{
	char a[SHA256_TEXT_SIZE], b[SHA256_TEXT_SIZE];

	(void)state;
	source_id_digest(STR("ad"), STR("4711"), a);
	source_id_digest(STR("ad"), STR("4711"), b);
	assert_string_equal(a, b);
	source_id_digest(STR("ad4"), STR("711"), b);
	assert_string_not_equal(a, b);
	source_id_digest(STR("ad"), STR("4712"), b);
	assert_string_not_equal(a, b);
}

static void checks_mobiles(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{"+31612345678", true},
		{"+1234567", true},
		{"+123456789012345", true},
		{"+123456", false},
		{"+1234567890123456", false},
		{"31612345678", false},
		{"+01612345678", false},
		{"+31 612345678", false},
		{"+3161234567a", false},
		{"+", false},
		{"", false},
		{"0031612345678", false},
		{"++1612345678", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (mobile_valid(str_of(cases[i].text)) != cases[i].valid)
			fail_msg("%s", cases[i].text);
	}
	assert_false(mobile_valid((struct str){"+316\0"
					       "12345678",
					       13}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_kinds),         cmocka_unit_test(sorts_sets),
		cmocka_unit_test(sorts_delegates),      cmocka_unit_test(orders_accounts),
		cmocka_unit_test(digests_expectations), cmocka_unit_test(digests_source_ids),
		cmocka_unit_test(checks_mobiles),       cmocka_unit_test(sorts_accounts),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
