#include "recorded_sample.h"

#include "base/os.h"

#include <setjmp.h>

#include <cmocka.h>

static const char example[] = "address: cardio@example.org\n"
			      "kind: functional\n"
			      "id: 8c21\n"
			      "name: Outpatient Cardiology\n"
			      "status: active\n"
			      "desired_since: 2026-03-02\n"
			      "source_ids:\n"
			      "  declared: listed\n"
			      "  exo: sha256:aa\n"
			      "aliases: []\n"
			      "delegates:\n"
			      "  - jane@example.org\n"
			      "  - kim@example.org\n"
			      "why:\n"
			      "  kim@example.org: \"exo: group cardio-secr@example.org\"\n";

static void reads_the_design_example(void **state)
{
	struct sym_pool names = SYM_POOL_INIT;
	struct arena arena = ARENA_INIT;
	struct recorded_account a;
	struct err err = ERR_INIT;
	struct buf again = BUF_INIT;
	char date[DATE_TEXT_SIZE];

	(void)state;
	assert_int_equal(recorded_parse(str_of(example), "cardio", &names, &arena, &a, &err),
			 0);
	assert_string_equal(a.account.address->text, "cardio@example.org");
	assert_int_equal(a.account.kind, KIND_FUNCTIONAL);
	assert_true(a.account.active);
	assert_int_equal(a.account.has, RECORDED_HAS);
	assert_null(a.account.mobile);
	date_text(a.desired_since, date);
	assert_string_equal(date, "2026-03-02");
	assert_int_equal(a.suspended_since, DATE_NONE);
	assert_int_equal(a.link_count, 2);
	assert_null(a.links[0].digest);
	assert_string_equal(a.links[1].digest->text, "sha256:aa");
	assert_int_equal(a.account.delegates.count, 2);
	assert_null(a.account.delegates.items[0].why);
	assert_string_equal(a.account.delegates.items[1].why->text,
			    "exo: group cardio-secr@example.org");
	recorded_write(&a, &again);
	assert_string_equal(again.ptr, example);
	buf_release(&again);
	arena_release(&arena);
	sym_pool_release(&names);
}

static void reads_what_it_writes(void **state)
{
	struct sample sample = {SYM_POOL_INIT, 1};
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT, again = BUF_INIT;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		struct recorded_account account = sample_account(&sample, &arena, i), back;
		struct err err = ERR_INIT;

		buf_clear(&text);
		buf_clear(&again);
		recorded_write(&account, &text);
		if (recorded_parse(buf_str(&text), "x", &sample.names, &arena, &back, &err) < 0)
			fail_msg("%s in:\n%s", err.text, text.ptr);
		recorded_write(&back, &again);
		assert_string_equal(text.ptr, again.ptr);
		assert_ptr_equal(account.account.name, back.account.name);
		assert_true(set_equal(account.account.aliases, back.account.aliases));
		assert_true(set_equal(account.refusals, back.refusals));
		assert_int_equal(account.link_count, back.link_count);
		for (uint32_t k = 0; k < back.link_count; k++) {
			assert_ptr_equal(account.links[k].digest, back.links[k].digest);
			assert_ptr_equal(account.links[k].address, back.links[k].address);
		}
		assert_int_equal(account.suspended_since, back.suspended_since);
		assert_int_equal(account.account.active, back.account.active);
		for (uint32_t k = 0; k < back.account.delegates.count; k++) {
			assert_ptr_equal(account.account.delegates.items[k].address,
					 back.account.delegates.items[k].address);
			assert_ptr_equal(account.account.delegates.items[k].why,
					 back.account.delegates.items[k].why);
		}
	}
	buf_release(&text);
	buf_release(&again);
	arena_release(&arena);
	sym_pool_release(&sample.names);
}

/* One edit of the example each. */
static void refuses_other_spellings(void **state)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"kind: functional", "kind: robot", "x:2: is no kind of account"},
		{"kind: functional", "kind:  functional", "x:2: is no kind of account"},
		{"kind: functional\n", "", "x:2: "},
		{"id: 8c21", "id: \"8c21\"", "x:3: "},
		{"id: 8c21\n", "id: 8c21\r\n", "x:3: "},
		{"id: 8c21\n", "id: 8c21\n\n", "x:4: "},
		{"id: 8c21\n", "id: 8c21\nid: 8c21\n", "x:4: "},
		{"id: 8c21", "id: 8c21 # mine", "x:3: "},
		{"name: Outpatient", "name: \"Outpatient", "x:4: "},
		{"name: Outpatient", "nickname: Outpatient", "x:4: "},
		{"status: active", "status: sleeping", "x:5: "},
		{"2026-03-02", "2026-02-30", "x:6: is no date"},
		{"  declared: listed\n", "  zz: listed\n", "x:9: is out of order"},
		{"  declared: listed\n", "  exo: listed\n", "x:9: is out of order"},
		{"declared: listed\n", "declared: \"listed as \"\n", "x:8: names no address"},
		{"aliases: []", "aliases:", "x:10: "},
		{"aliases: []\n", "", "x:10: "},
		{"  - jane@example.org\n", "  - zoe@example.org\n", "x:13: is out of order"},
		{"  - jane@example.org\n", "  - kim@example.org\n", "x:13: is out of order"},
		{"  kim@example.org:", "  zoe@example.org:", "x:15: names no delegate"},
		{"\"exo: group", "\"exo: \\x67roup", "x:15: "},
		{"\"exo: group", "\"exo: \\u0067roup", "x:15: "},
		{"\"exo: group", "\"exo: \\u0000", "x:15: "},
		{"\"exo: group", "\"exo: \\ud83d", "x:15: "},
		{"\"exo: group", "\"exo: \\u12", "x:15: "},
		{"secr@example.org\"\n", "secr@example.org\"", "x:15: "},
		{"secr@example.org\"\n", "secr@example.org", "x:15: "},
		{"secr@example.org\"\n", "secr@example.org\"\nmore: x\n", "x:16: "},
		{"address: cardio@example.org", "address: \"\"", "x:1: has no address"},
		{"address: ",
		 "\xef\xbb\xbf"
		 "address: ",
		 "x:1: "},
		{"Outpatient", "Out\xff", "x: is not UTF-8"},
		{example, "", "x:1: "},
	};
	struct sym_pool names = SYM_POOL_INIT;
	struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT;
		const char *at = strstr(example, cases[i].from);
		struct recorded_account out = {.link_count = 77};
		struct err err = ERR_INIT;

		assert_non_null(at);
		buf_add(&text, (struct str){example, (size_t)(at - example)});
		buf_puts(&text, cases[i].to);
		buf_puts(&text, at + strlen(cases[i].from));
		assert_int_equal(
			recorded_parse(buf_str(&text), "x", &names, &arena, &out, &err), -1);
		if (!str_starts(str_of(err.text), cases[i].message))
			fail_msg("'%s', not '%s'", err.text, cases[i].message);
		assert_int_equal(out.link_count, 77);
		buf_release(&text);
	}
	arena_release(&arena);
	sym_pool_release(&names);
}

static void makes_paths(void **state)
{
	static const struct {
		const char *address, *path;
	} cases[] = {
		{"jane@example.org", "accounts/user/13/jane@example.org.yaml"},
		{"a+b_c-d.e@example.org", "accounts/user/9b/a+b_c-d.e@example.org.yaml"},
		{"../x@example.org", "accounts/user/0e/%2E.%2Fx@example.org.yaml"},
		{".git", "accounts/user/4d/%2Egit.yaml"},
		{"a/b\n\x1b%@example.org", "accounts/user/fc/a%2Fb%0A%1B%25@example.org.yaml"},
		{"Z\xc3\xab~@example.org", "accounts/user/d6/%5A%C3%AB%7E@example.org.yaml"},
	};
	struct sym_pool names = SYM_POOL_INIT;
	struct buf path = BUF_INIT;
	struct account account = {.kind = KIND_USER};
	char longest[10000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		account.address = sym_get(&names, str_of(cases[i].address));
		buf_clear(&path);
		recorded_path(&account, &path);
		assert_string_equal(path.ptr, cases[i].path);
	}
	memset(longest, 'a', sizeof(longest));
	for (size_t length = 1; length < sizeof(longest); length += 37) {
		const char *name;

		account.address = sym_get(&names, (struct str){longest, length});
		buf_clear(&path);
		recorded_path(&account, &path);
		name = strrchr(path.ptr, '/') + 1;
		assert_true(strlen(name) <= 200);
		assert_true(length > 195 || strlen(name) == length + 5);
		assert_true((length > 195) == (strchr(name, '~') != NULL));
	}
	buf_release(&path);
	sym_pool_release(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_design_example),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses_other_spellings),
		cmocka_unit_test(makes_paths),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
