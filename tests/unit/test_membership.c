/* Groups written as lines: "name: member member …"; people in small letters, groups in capitals. */
#include "membership.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS_MOST = 64 };

/* S-1-5-21-7-`number` */
static struct str sid_of(uint32_t number, char out[20])
{
	static const char begin[] = {1, 3, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 7, 0, 0, 0};

	memcpy(out, begin, sizeof(begin));
	for (unsigned i = 0; i < 4; i++)
		out[16 + i] = (char)(number >> 8 * i);
	return (struct str){out, 20};
}

/* A directory has other spellings than the members of its groups. */
static uint32_t number_of(struct membership *m, struct str word, bool as_member)
{
	char dn[128];

	snprintf(dn, sizeof(dn),
		 as_member ? "cn=%.*s, OU=All,dc=example" : "CN=%.*s,ou=all,DC=example",
		 STR_FMT(word));
	return membership_number(m, str_of(dn));
}

static size_t split_words(struct str text, struct str words[WORDS_MOST])
{
	size_t count = 0;
	struct str word;

	while (str_split(&text, ' ', &word)) {
		if (word.len)
			words[count++] = word;
	}
	return count;
}

/* The SID of a group is its first letter; "a@G" is a person whose primary group is G. */
static struct membership *build(const char *const *groups, const char *people)
{
	struct membership *m = membership_new();
	struct str words[WORDS_MOST];
	char sid[20];
	size_t count;

	for (size_t i = 0; groups[i]; i++) {
		struct str rest = str_of(groups[i]), name;
		uint32_t number;

		str_split(&rest, ':', &name);
		number = number_of(m, name, false);
		count = split_words(rest, words);
		membership_group(m, number, sid_of((unsigned char)name.ptr[0], sid));
		for (size_t j = 0; j < count; j++)
			membership_member(m, number_of(m, words[j], true));
	}
	count = split_words(str_of(people), words);
	for (size_t i = 0; i < count; i++) {
		struct str primary = words[i], name;

		str_split(&primary, '@', &name);
		membership_person(m, number_of(m, name, false), sid_of(1000 + (uint32_t)i, sid),
				  primary.len ? (unsigned char)primary.ptr[0] : 0);
	}
	return m;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ann bob": who was found, in order. */
static void show(const struct membership *m, struct buf *out)
{
	const char *names[WORDS_MOST];
	size_t count;
	const uint32_t *people = membership_people(m, &count);

	assert_true(count < WORDS_MOST);
	for (size_t i = 0; i < count; i++)
		names[i] = membership_text(m, people[i]).ptr + 3;
	qsort(names, count, sizeof(*names), by_text);
	buf_clear(out);
	buf_puts(out, "");
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%.*s", i ? " " : "", (int)strcspn(names[i], ","), names[i]);
}

static void walks(void **state)
{
	static const struct {
		const char *label, *groups[6], *people, *roots;
		bool nested;
		const char *expected;
		size_t strangers;
	} cases[] = {
		{"direct", {"G: ann bob"}, "ann bob kim", "G", false, "ann bob", 0},
		{"direct leaves groups alone",
		 {"G: ann H", "H: bob"},
		 "ann bob",
		 "G",
		 false,
		 "ann",
		 0},
		{"nested",
		 {"G: ann H", "H: bob I", "I: kim"},
		 "ann bob kim",
		 "G",
		 true,
		 "ann bob kim",
		 0},
		{"a circle",
		 {"G: ann H", "H: bob I", "I: G kim"},
		 "ann bob kim",
		 "G",
		 true,
		 "ann bob kim",
		 0},
		{"a circle of one", {"G: G ann"}, "ann", "G", true, "ann", 0},
		{"two ways to one",
		 {"G: H I", "H: ann", "I: ann bob"},
		 "ann bob",
		 "G",
		 true,
		 "ann bob",
		 0},
		{"several roots",
		 {"G: ann", "H: bob", "I: kim"},
		 "ann bob kim",
		 "G I",
		 false,
		 "ann kim",
		 0},
		{"a person as root", {"G: ann"}, "ann bob", "G bob", true, "ann bob", 0},
		{"strangers", {"G: ann printer contact"}, "ann", "G", true, "ann", 2},
		{"an empty group", {"G:"}, "ann", "G", true, "", 0},
		{"primary group", {"G: ann"}, "ann bob@G", "G", false, "ann bob", 0},
		{"primary group of a member",
		 {"G: ann H", "H:"},
		 "ann bob@H kim@G",
		 "G",
		 true,
		 "ann bob kim",
		 0},
		{"primary group of a member, direct",
		 {"G: ann H", "H:"},
		 "ann bob@H kim@G",
		 "G",
		 false,
		 "ann kim",
		 0},
		{"member and primary", {"G: ann"}, "ann@G", "G", false, "ann", 0},
		{"a primary group that is not there",
		 {"G: ann"},
		 "ann bob@X",
		 "G",
		 true,
		 "ann",
		 0},
		{"a person twice", {"G:"}, "ann@G ann@G", "G", true, "ann", 0},
	};
	struct buf got = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct membership *m = build(cases[i].groups, cases[i].people);
		struct str words[WORDS_MOST];
		uint32_t roots[WORDS_MOST], example;
		size_t count = split_words(str_of(cases[i].roots), words);

		for (size_t j = 0; j < count; j++)
			roots[j] = number_of(m, words[j], true);
		/* What a walk leaves behind is no matter to the next one. */
		for (int again = 0; again < 2; again++) {
			membership_walk(m, roots, count, !cases[i].nested);
			membership_walk(m, roots, count, cases[i].nested);
		}
		show(m, &got);
		if (!str_is(buf_str(&got), cases[i].expected))
			fail_msg("%s: %s", cases[i].label, got.ptr);
		assert_int_equal(membership_strangers(m, &example), cases[i].strangers);
		membership_free(m);
	}
	buf_release(&got);
}

static void names_and_sids(void **state)
{
	static const char *const groups[] = {"G: ann H", "H: bob", NULL};
	struct membership *m = build(groups, "ann bob kim");
	const uint32_t g = number_of(m, STR("G"), true), h = number_of(m, STR("h"), false);
	const uint32_t bob = number_of(m, STR("BOB"), true),
		       kim = number_of(m, STR("Kim"), false);
	char sid[20];

	(void)state;
	assert_int_equal(membership_number(m, STR("nothing")), MEMBERSHIP_NOBODY);
	assert_int_equal(membership_number(m, STR("CN=a\\")), MEMBERSHIP_NOBODY);
	assert_string_equal(membership_text(m, kim).ptr, "cn=kim,ou=all,dc=example");
	assert_int_equal(membership_normal(m, STR("cn=kim,ou=all,dc=example")), kim);
	assert_true(membership_is_group(m, h));
	assert_false(membership_is_group(m, bob));
	assert_int_equal(membership_by_sid(m, sid_of('H', sid)), h);
	assert_int_equal(membership_by_sid(m, sid_of(1001, sid)), bob);
	assert_int_equal(membership_by_sid(m, sid_of(4, sid)), MEMBERSHIP_NOBODY);
	assert_int_equal(membership_by_sid(m, STR_NONE), MEMBERSHIP_NOBODY);
	/* A person is no primary group. */
	assert_int_equal(membership_primary(m, sid_of(1000, sid), 'H'), h);
	assert_int_equal(membership_primary(m, sid_of(1000, sid), 1001), MEMBERSHIP_NOBODY);
	assert_int_equal(membership_primary(m, sid_of(1000, sid), 0), MEMBERSHIP_NOBODY);
	assert_false(membership_found(m, g));
	membership_walk(m, &g, 1, true);
	assert_false(membership_found(m, g));
	assert_true(membership_found(m, h));
	assert_true(membership_found(m, bob));
	assert_false(membership_found(m, kim));
	membership_walk(m, &g, 1, false);
	assert_true(membership_found(m, h));
	assert_false(membership_found(m, bob));
	membership_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(names_and_sids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
