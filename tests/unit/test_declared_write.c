/* What is written reads back as the same accounts, whatever they hold. */
#include "declared_files.h"
#include "yaml_write.h"

static const char *const hostile[] = {
	"Jane Doe",
	"yes",
	"null",
	"~",
	"4711",
	"0x1f",
	"1e3",
	"2026-11-20",
	"- a",
	"a: b",
	"a # b",
	"#x",
	"\"quoted\"",
	"it's",
	"a\\b",
	"[x]",
	"{x: y}",
	"&a",
	"*a",
	"!tag",
	"%d%s%n",
	"|",
	">",
	"@x",
	"`x`",
	"=cmd|'/c calc'!A0",
	"../../etc/passwd",
	"<script>alert(1)</script>",
	"${HOME}",
	"$(id)",
	"group:all",
	"Zoë Ünal",
	"用户",
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
	"\xe2\x80\xaetxt.exe",
	"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
	"\xef\xbb\xbfmark",
	"zero\xe2\x80\x8bwidth",
	" leading",
	"trailing ",
	"non\xc2\xa0splitting",
	"?",
	"-",
	"---",
	"...",
	"<<",
	"key:",
	"a,b",
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

/* Not one line of text: refused, and never shown raw. */
static const char *const refused[] = {
	"\x1b[31mred\x1b[0m",
	"two\nlines",
	"carriage\rreturn",
	"tab\there",
	"bell\a",
	"del\x7f",
	"c1\xc2\x9bm",
	"line\xe2\x80\xa8separator",
	"",
};

static uint32_t seed = 20261120;

static uint32_t next(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static const struct sym *text(struct sym_pool *pool)
{
	return sym_get(pool, str_of(hostile[next(HOSTILE)]));
}

/* Unlike all others with another number. */
static const struct sym *address(struct sym_pool *pool, const char *prefix, size_t number)
{
	static const char *const before[] = {"",           "+tag.",    "'",
					     "#{}|~&*!?=", "\xc3\xa9", "1e3."};
	static const char *const after[] = {"@example.org", "@example.com",
					    "@xn--mnchen-3ya.example"};
	struct buf buf = BUF_INIT;
	const struct sym *sym;

	buf_addf(&buf, "%s%s%zu%s", prefix, before[next(6)], number, after[next(3)]);
	sym = sym_get(pool, buf_str(&buf));
	buf_release(&buf);
	return sym;
}

static void add_random(struct accounts *accounts, struct sym_pool *pool, size_t i, size_t count)
{
	struct account *account = vec_push(accounts);
	bool functional = i >= count * 3 / 4;
	uint32_t aliases = next(5), delegates = next(4) ? next(4) : next(60);

	account->kind = functional ? KIND_FUNCTIONAL : KIND_USER;
	account->active = functional || next(5) > 0;
	account->has = ATTR_ADDRESS | ATTR_NAME | ATTR_ACTIVE;
	account->has |= (uint8_t)(next(8) ? ATTR_ALIASES : 0);
	account->has |= (uint8_t)(next(8) ? ATTR_DELEGATES : 0);
	account->has |= (uint8_t)(next(8) ? ATTR_UNIT : 0);
	account->address = address(pool, "u", i);
	account->name = text(pool);
	if (!functional && next(2)) {
		account->has |= ATTR_MOBILE;
		account->mobile = sym_get(pool, STR("+31612345678"));
	}
	if (account->has & ATTR_UNIT)
		account->unit = next(4) ? text(pool) : NULL;
	if (account->has & ATTR_ALIASES) {
		const struct sym **items = arena_array(&accounts->arena, const struct sym *,
						       aliases + 1);

		for (uint32_t j = 0; j < aliases; j++)
			items[j] = address(pool, "a", i * 100 + j);
		account->aliases = (struct set){items, set_sort(items, aliases)};
	}
	if (account->has & ATTR_DELEGATES) {
		struct delegate *items = arena_array(&accounts->arena, struct delegate,
						     delegates + 1);

		for (uint32_t j = 0; j < delegates; j++) {
			items[j].address = address(pool, "d", next(1000));
			items[j].why = next(3) ? NULL : text(pool);
		}
		account->delegates = (struct delegates){items,
							delegates_sort(items, delegates)};
	}
}

static bool same(const struct sym *a, const struct sym *b)
{
	return str_eq(sym_str(a), sym_str(b)) && !a == !b;
}

static void check_same(const struct account *a, const struct account *b)
{
	/* `active: true` is not written: it is what an entry without it means. */
	unsigned has = a->has & ~(a->active ? (unsigned)ATTR_ACTIVE : 0);

	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->active, b->active);
	assert_int_equal(has, b->has);
	if (!same(a->address, b->address) || !same(a->name, b->name) ||
	    !same(a->mobile, b->mobile) || !same(a->unit, b->unit))
		fail_msg("%s: %s, not %s", a->address->text, b->name->text, a->name->text);
	assert_int_equal(a->aliases.count, b->aliases.count);
	for (uint32_t i = 0; i < a->aliases.count; i++)
		assert_true(same(a->aliases.items[i], b->aliases.items[i]));
	assert_int_equal(a->delegates.count, b->delegates.count);
	for (uint32_t i = 0; i < a->delegates.count; i++) {
		assert_true(same(a->delegates.items[i].address, b->delegates.items[i].address));
		assert_true(same(a->delegates.items[i].why, b->delegates.items[i].why));
	}
}

static int by_account(const void *a, const void *b)
{
	return account_cmp(a, b);
}

static void reads_what_was_written(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct sym_pool pool = SYM_POOL_INIT;
		struct accounts accounts = ACCOUNTS_INIT;
		size_t count = next(40);
		struct read_files read;
		struct buf out = BUF_INIT, found = BUF_INIT, again = BUF_INIT;

		for (size_t i = 0; i < count; i++)
			add_random(&accounts, &pool, i, count);
		if (count)
			qsort(accounts.items, count, sizeof(*accounts.items), by_account);
		declared_write(&accounts, STR("# a comment"), &out);
		clear_work_dir();
		write_file("a.yaml", buf_str(&out));
		read_files(&read, "a.yaml");
		add_findings(&found, &read.diags);
		if (read.diags.errors)
			fail_msg("%s\n%s", found.ptr, out.ptr);
		assert_int_equal(read.entries.count, count);
		for (size_t i = 0; i < count; i++)
			check_same(&accounts.items[i], &read.entries.items[i].account);
		/* One spelling: what was read is written as the same bytes. */
		for (size_t i = 0; i < count; i++) {
			accounts.items[i] = read.entries.items[i].account;
			accounts.items[i].has |= ATTR_ACTIVE;
		}
		declared_write(&accounts, STR("# a comment"), &again);
		assert_string_equal(out.ptr, again.ptr);
		release_files(&read);
		buf_release(&out);
		buf_release(&again);
		buf_release(&found);
		accounts_release(&accounts);
		sym_pool_release(&pool);
	}
}

static void writes_in_one_way(void **state)
{
	struct sym_pool pool = SYM_POOL_INIT;
	struct accounts accounts = ACCOUNTS_INIT;
	struct read_files read;
	struct buf out = BUF_INIT;
	const struct sym *alias = sym_get(&pool, STR("j.doe@example.org"));
	struct delegate delegates[] = {
		{sym_get(&pool, STR("bob@example.org")), NULL},
		{sym_get(&pool, STR("kim@example.org")), sym_get(&pool, STR("exo: group, a"))},
	};

	(void)state;
	declared_write(&accounts, STR_NONE, &out);
	assert_string_equal(out.ptr, "zsctl_accounts: 1\nusers: []\nfunctional: []\n");
	buf_clear(&out);
	*vec_push(&accounts) = (struct account){
		.kind = KIND_USER,
		.has = 0xff,
		.address = sym_get(&pool, STR("jane@example.org")),
		.name = sym_get(&pool, STR("Jane Doe")),
		.mobile = sym_get(&pool, STR("+31612345678")),
		.unit = sym_get(&pool, STR("Cardiology")),
		.aliases = {&alias, 1},
		.delegates = {delegates, 2},
	};
	/* What the target has need not be what an entry may say. */
	*vec_push(&accounts) = (struct account){
		.kind = KIND_USER,
		.active = true,
		.has = 0xff,
		.address = sym_get(&pool, STR("kim@example.org")),
		.name = sym_get(&pool, STR("Kim\n\x1b[31m")),
		.mobile = sym_get(&pool, STR("06 12345678\nx")),
	};
	*vec_push(&accounts) = (struct account){
		.kind = KIND_FUNCTIONAL,
		.has = 0xff,
		.address = sym_get(&pool, STR("info@example.org")),
		.name = sym_get(&pool, STR(" \n ")),
	};
	declared_write(&accounts, STR("# yaml-language-server: $schema=x"), &out);
	assert_string_equal(out.ptr,
			    "# yaml-language-server: $schema=x\n"
			    "zsctl_accounts: 1\n"
			    "users:\n"
			    "  - address: jane@example.org\n"
			    "    name: Jane Doe\n"
			    "    aliases:\n"
			    "      - j.doe@example.org\n"
			    "    delegates:\n"
			    "      - bob@example.org\n"
			    "      - {address: kim@example.org, why: \"exo: group, a\"}\n"
			    "    mobile: \"+31612345678\"\n"
			    "    unit: Cardiology\n"
			    "    active: false\n"
			    "  - address: kim@example.org\n"
			    "    name: \"Kim  [31m\"\n"
			    "    aliases: []\n"
			    "    delegates: []\n"
			    "    # mobile, not in E.164 form: \"06 12345678\\nx\"\n"
			    "    unit: /\n"
			    "functional:\n"
			    "  - address: info@example.org\n"
			    "    name: info@example.org\n"
			    "    aliases: []\n"
			    "    delegates: []\n"
			    "    unit: /\n");
	clear_work_dir();
	write_file("a.yaml", buf_str(&out));
	read_files(&read, "a.yaml");
	assert_int_equal(read.result, 0);
	release_files(&read);
	buf_release(&out);
	accounts_release(&accounts);
	sym_pool_release(&pool);
}

/* No terminal is told anything by a file. */
static void check_visible(struct str shown)
{
	for (size_t i = 0; i < shown.len; i++) {
		unsigned char c = (unsigned char)shown.ptr[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			fail_msg("a raw 0x%02x in: %.*s", c, STR_FMT(shown));
	}
	assert_null(memmem(shown.ptr, shown.len, "\xe2\x80\xae", 3));
	assert_null(memmem(shown.ptr, shown.len, "\xc2\x9b", 2));
}

/* Every text in every place: taken as it is, or refused in words that are safe to print. */
static void takes_or_refuses_hostile_text(void **state)
{
	static const char *const places[] = {
		"users:\n  - {name: J, address: %s}\n",
		"users:\n  - {address: j@example.org, name: %s}\n",
		"users:\n  - {address: j@example.org, name: J, id: %s}\n",
		"users:\n  - {address: j@example.org, name: J, was: %s}\n",
		"users:\n  - {address: j@example.org, name: J, unit: %s}\n",
		"users:\n  - {address: j@example.org, name: J, mobile: %s}\n",
		"users:\n  - {address: j@example.org, name: J, active: %s}\n",
		"users:\n  - {address: j@example.org, name: J, until: %s}\n",
		"users:\n  - {address: j@example.org, name: J, aliases: [%s]}\n",
		"users:\n  - {address: j@example.org, name: J, delegates: [%s]}\n",
		"users:\n  - {address: j@example.org, name: J, delegates: [{group: %s}]}\n",
		("users:\n  - {address: j@example.org, name: J, delegates: [{address: k@example.org, "
		 "why: %s}]}\n"),
		"users:\n  - {address: j@example.org, name: J, sso_key: %s}\n",
		"users:\n  - {address: j@example.org, name: J, sso_key: {env: %s}}\n",
		"users:\n  - {address: j@example.org, name: J, sso_key: {file: %s}}\n",
		"users:\n  - {address: j@example.org, name: J, %s: x}\n",
		"users:\n  - {address: j@example.org, name: J}\n  - %s\n",
		"groups: {%s: [j@example.org]}\n",
		"groups: {g: [%s]}\n",
		"%s: []\n",
	};
	struct buf value = BUF_INIT, file = BUF_INIT, shown = BUF_INIT;
	size_t count = HOSTILE + sizeof(refused) / sizeof(refused[0]) + 2;

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) * count; i++) {
		const char *place = places[i / count];
		const char *hole = strstr(place, "%s");
		size_t which = i % count;
		struct read_files read;

		buf_clear(&value);
		buf_clear(&file);
		if (which < HOSTILE)
			yaml_add_text_flow(&value, str_of(hostile[which]));
		else if (which < count - 2)
			yaml_add_text_flow(&value, str_of(refused[which - HOSTILE]));
		else if (which == count - 2)
			for (unsigned j = 0; j < 10240; j++)
				buf_char(&value, 'x');
		else
			buf_puts(&value, "\"\xff\xfe\"");
		buf_puts(&file, "zsctl_accounts: 1\n");
		buf_add(&file, (struct str){place, (size_t)(hole - place)});
		buf_add(&file, buf_str(&value));
		buf_puts(&file, hole + 2);
		write_file("a.yaml", buf_str(&file));
		read_files(&read, "a.yaml");
		buf_clear(&shown);
		diags_format(&read.diags, &shown);
		check_visible(buf_str(&shown));
		if (read.result != (read.diags.errors ? -1 : 0) ||
		    (which >= HOSTILE && read.result == 0))
			fail_msg("taken: %s", file.ptr);
		if (read.result == 0 && i / count == 1)
			assert_string_equal(read.entries.items[0].account.name->text,
					    hostile[which]);
		release_files(&read);
	}
	buf_release(&value);
	buf_release(&file);
	buf_release(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(writes_in_one_way),
		cmocka_unit_test(takes_or_refuses_hostile_text),
	};

	return cmocka_run_group_tests(tests, enter_work_dir, leave_work_dir);
}
