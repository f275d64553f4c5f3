/* Full Access out of descriptors that are built here byte by byte. */
#include "security_descriptor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- building ----------------------------------------------------------------------------------- */

static void add16(struct buf *out, unsigned value)
{
	buf_char(out, (char)value);
	buf_char(out, (char)(value >> 8));
}

static void add32(struct buf *out, uint32_t value)
{
	add16(out, value & 0xffff);
	add16(out, value >> 16);
}

/* S-1-5-21-1-2-3-`rid`, or S-1-5-`rid` below 100. */
static void add_sid(struct buf *out, uint32_t rid)
{
	static const char authority[] = {0, 0, 0, 0, 0, 5};

	buf_char(out, 1);
	buf_char(out, rid < 100 ? 1 : 5);
	buf_add(out, (struct str){authority, 6});
	if (rid >= 100) {
		add32(out, 21);
		add32(out, 1);
		add32(out, 2);
		add32(out, 3);
	}
	add32(out, rid);
}

struct ace {
	unsigned type, flags;
	uint32_t mask, rid, object; /* object: its flags, for types 5 and 6 */
};

static void add_ace(struct buf *out, const struct ace *ace)
{
	static const char guid[16] = "0123456789abcdef";
	struct buf body = BUF_INIT;

	add32(&body, ace->mask);
	if (ace->type == 5 || ace->type == 6) {
		add32(&body, ace->object);
		if (ace->object & 1)
			buf_add(&body, (struct str){guid, 16});
		if (ace->object & 2)
			buf_add(&body, (struct str){guid, 16});
	}
	add_sid(&body, ace->rid);
	buf_char(out, (char)ace->type);
	buf_char(out, (char)ace->flags);
	add16(out, (unsigned)body.len + 4);
	buf_add(out, buf_str(&body));
	buf_release(&body);
}

/* As Exchange writes it: owner and group in front, then the list. */
static void build(struct buf *out, const struct ace *aces, size_t count)
{
	struct buf list = BUF_INIT, owner = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		add_ace(&list, &aces[i]);
	add_sid(&owner, 10);
	buf_clear(out);
	buf_char(out, 1);
	buf_char(out, 0);
	add16(out, 0x8004);
	add32(out, 20);
	add32(out, 20);
	add32(out, 0);
	add32(out, 20 + (uint32_t)owner.len);
	buf_add(out, buf_str(&owner));
	buf_char(out, 4);
	buf_char(out, 0);
	add16(out, 8 + (unsigned)list.len);
	add16(out, (unsigned)count);
	add16(out, 0);
	buf_add(out, buf_str(&list));
	buf_release(&list);
	buf_release(&owner);
}

/* "+1000 +1001 -1002" */
static void show(struct buf *out, struct trustees allowed, struct trustees denied)
{
	struct buf text = BUF_INIT;

	buf_clear(out);
	for (size_t i = 0; i < allowed.count + denied.count; i++) {
		bool allows = i < allowed.count;

		buf_clear(&text);
		sid_text(allows ? allowed.sids[i] : denied.sids[i - allowed.count], &text);
		buf_addf(out, "%s%c%s", i ? " " : "", allows ? '+' : '-',
			 strrchr(text.ptr, '-') + 1);
	}
	buf_release(&text);
}

/* --- tests -------------------------------------------------------------------------------------- */

static void full_access(void **state)
{
	static const struct {
		const char *label;
		struct ace aces[4];
		size_t count;
		const char *expected;
	} cases[] = {
		{"nobody", {{0}}, 0, ""},
		{"one", {{0, 0, 1, 1000, 0}}, 1, "+1000"},
		{"allowed and denied",
		 {{1, 0, 1, 1002, 0}, {0, 0, 1, 1000, 0}, {0, 0, 0x1f01ff, 1001, 0}},
		 3,
		 "+1000 +1001 -1002"},
		{"other rights than full access",
		 {{0, 0, 0x20000, 1000, 0}, {0, 0, 2, 1001, 0}, {0, 0, 3, 1002, 0}},
		 3,
		 "+1002"},
		{"inherited, and for what is below",
		 {{0, 0x10, 1, 1000, 0},
		  {0, 0x18, 1, 1001, 0},
		  {0, 0x0a, 1, 1002, 0},
		  {0, 0x02, 1, 1003, 0}},
		 4,
		 "+1003"},
		{"an inherited denial does not weigh against what is set here",
		 {{0, 0, 1, 1000, 0}, {1, 0x10, 1, 1000, 0}},
		 2,
		 "+1000"},
		{"oneself and the system",
		 {{0, 0, 1, 10, 0}, {0, 0, 1, 18, 0}, {0, 0, 1, 11, 0}},
		 3,
		 "+11"},
		{"object entries",
		 {{5, 0, 1, 1000, 0}, {5, 0, 1, 1001, 2}, {6, 0, 1, 1002, 0}},
		 3,
		 "+1000 +1001 -1002"},
		{"only one property",
		 {{5, 0, 1, 1000, 1}, {5, 0, 1, 1001, 3}, {6, 0, 1, 1002, 1}},
		 3,
		 "-1002"},
		{"audit and unknown kinds",
		 {{2, 0, 1, 1000, 0},
		  {9, 0, 1, 1001, 0},
		  {255, 0, 1, 1002, 0},
		  {0, 0, 1, 1003, 0}},
		 4,
		 "+1003"},
		{"twice", {{0, 0, 1, 1000, 0}, {0, 0, 1, 1000, 0}}, 2, "+1000 +1000"},
	};
	struct buf bytes = BUF_INIT, got = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(arena_release) struct arena arena = ARENA_INIT;
		struct trustees allowed, denied;

		build(&bytes, cases[i].aces, cases[i].count);
		if (descriptor_full_access(&arena, buf_str(&bytes), &allowed, &denied) !=
		    DESCRIPTOR_READ)
			fail_msg("%s: not read", cases[i].label);
		show(&got, allowed, denied);
		if (!str_is(buf_str(&got), cases[i].expected))
			fail_msg("%s: %s", cases[i].label, got.ptr);
	}
	buf_release(&bytes);
	buf_release(&got);
}

static const struct ace some[] = {{0, 0, 1, 1000, 0}, {5, 0, 1, 1001, 3}, {1, 0, 1, 1002, 0}};

/* However much of it is missing, nothing beyond its end is looked at (the sanitizer sees to that). */
static void cut_off(void **state)
{
	struct buf whole = BUF_INIT;

	(void)state;
	build(&whole, some, 3);
	for (size_t len = 0; len < whole.len; len++) {
		CLEANUP(arena_release) struct arena arena = ARENA_INIT;
		struct trustees allowed, denied;
		char *exact = mem_alloc(len);

		memcpy(exact, whole.ptr, len);
		assert_int_equal(descriptor_full_access(&arena, (struct str){exact, len},
							&allowed, &denied),
				 DESCRIPTOR_BROKEN);
		assert_int_equal(allowed.count + denied.count, 0);
		free(exact);
	}
	buf_release(&whole);
}

static void broken(void **state)
{
	/* The list begins at 32: revision, 0, size, size, count, count, 0, 0; entries at 40. */
	static const struct {
		const char *label;
		size_t at;
		unsigned char byte;
		enum descriptor_state expected;
	} cases[] = {
		{"another revision", 0, 2, DESCRIPTOR_BROKEN},
		{"no list", 2, 0, DESCRIPTOR_UNKNOWN},
		{"a list at 0", 16, 0, DESCRIPTOR_UNKNOWN},
		{"a list in the header", 16, 4, DESCRIPTOR_BROKEN},
		{"a list beyond the end", 17, 0xff, DESCRIPTOR_BROKEN},
		{"a list far beyond", 19, 0xff, DESCRIPTOR_BROKEN},
		{"a list smaller than itself", 34, 4, DESCRIPTOR_BROKEN},
		{"a larger list", 35, 0xff, DESCRIPTOR_BROKEN},
		{"more entries", 36, 4, DESCRIPTOR_BROKEN},
		{"many more entries", 37, 0xff, DESCRIPTOR_BROKEN},
		{"fewer entries", 36, 2, DESCRIPTOR_READ},
		{"an entry without an end", 42, 0, DESCRIPTOR_BROKEN},
		{"an entry of three bytes", 42, 3, DESCRIPTOR_BROKEN},
		{"an entry without a SID", 42, 12, DESCRIPTOR_BROKEN},
		{"an entry beyond the list", 43, 0xff, DESCRIPTOR_BROKEN},
		{"a SID of another revision", 48, 2, DESCRIPTOR_BROKEN},
		{"a SID of too many parts", 49, 16, DESCRIPTOR_BROKEN},
		{"a SID that is longer than its entry", 49, 6, DESCRIPTOR_BROKEN},
	};
	struct buf bytes = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(arena_release) struct arena arena = ARENA_INIT;
		struct trustees allowed, denied;

		build(&bytes, some, 3);
		assert_int_equal(descriptor_full_access(&arena, buf_str(&bytes), &allowed,
							&denied),
				 DESCRIPTOR_READ);
		bytes.ptr[cases[i].at] = (char)cases[i].byte;
		if (descriptor_full_access(&arena, buf_str(&bytes), &allowed, &denied) !=
		    cases[i].expected)
			fail_msg("%s", cases[i].label);
	}
	buf_release(&bytes);
}

static void sids(void **state)
{
	struct buf bytes = BUF_INIT, text = BUF_INIT;
	char made[SID_SIZE_MOST];
	struct str other;

	(void)state;
	add_sid(&bytes, 4294967295u);
	assert_true(sid_valid(buf_str(&bytes)));
	sid_text(buf_str(&bytes), &text);
	assert_string_equal(text.ptr, "S-1-5-21-1-2-3-4294967295");
	other = sid_in_domain(buf_str(&bytes), 513, made);
	buf_clear(&text);
	sid_text(other, &text);
	assert_string_equal(text.ptr, "S-1-5-21-1-2-3-513");
	assert_false(sid_valid((struct str){bytes.ptr, bytes.len - 1}));
	buf_char(&bytes, 0);
	assert_false(sid_valid(buf_str(&bytes)));
	assert_int_equal(sid_in_domain(buf_str(&bytes), 513, made).len, 0);
	assert_int_equal(sid_in_domain(STR_NONE, 513, made).len, 0);
	assert_int_equal(sid_in_domain((struct str){"\1\0\0\0\0\0\0\5", 8}, 513, made).len, 0);
	buf_release(&bytes);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_access),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(broken),
		cmocka_unit_test(sids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
