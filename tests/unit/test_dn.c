#include "dn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void normal_forms(void **state)
{
	static const struct {
		const char *written, *expected;
	} cases[] = {
		{"", ""},
		{"  ", ""},
		{"CN=Jane,OU=Users,DC=example,DC=org", "cn=jane,ou=users,dc=example,dc=org"},
		{"cn=JANE, ou = Users ;DC=EXAMPLE , dc=org",
		 "cn=jane,ou=users,dc=example,dc=org"},
		/* The examples of RFC 4514 §4. */
		{"UID=jsmith,DC=example,DC=net", "uid=jsmith,dc=example,dc=net"},
		{"OU=Sales+CN=J.  Smith,DC=example,DC=net",
		 "cn=j. smith+ou=sales,dc=example,dc=net"},
		{"CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net",
		 "cn=james \\22jim\\22 smith\\2c iii,dc=example,dc=net"},
		{"CN=Before\\0dAfter,DC=example,DC=net",
		 "cn=before\\0dafter,dc=example,dc=net"},
		{"1.3.6.1.4.1.1466.0=#04024869", "1.3.6.1.4.1.1466.0=#04024869"},
		{"CN=Lu\\C4\\8Di\\C4\\87", "cn=lučić"},
		/* The same by other spellings. */
		{"CN=LuČIĆ", "cn=lučić"},
		{"2.5.4.3=Jane,OID.2.5.4.11=Users", "cn=jane,ou=users"},
		{"CN=Doe\\, Jane", "cn=doe\\2c jane"},
		{"CN=Doe\\2C Jane", "cn=doe\\2c jane"},
		{"CN=Doe\\2c\\20Jane", "cn=doe\\2c jane"},
		{"CN=a=b", "cn=a\\3db"},
		{"CN=\\#1", "cn=\\231"},
		{"CN=C#", "cn=c\\23"},
		{"CN=\\ x\\ ", "cn=x"},
		{"CN=x  ,OU=y", "cn=x,ou=y"},
		{"CN=a\\\\b", "cn=a\\5cb"},
		{"CN=", "cn="},
		{"CN=a+OU=b,DC=c", "cn=a+ou=b,dc=c"},
		{"OU=b+CN=a,DC=c", "cn=a+ou=b,dc=c"},
		{"CN=#0A1b", "cn=#0a1b"},
		{"CN=Müller,OU=Ärzte", "cn=müller,ou=ärzte"},
		{"CN=MÜLLER,OU=ÄRZTE", "cn=müller,ou=ärzte"},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct str got, again;
		size_t at;

		if (dn_normalize(&arena, str_of(cases[i].written), &got, &at, &err) < 0)
			fail_msg("'%s': %s at %zu", cases[i].written, err.text, at);
		if (!str_is(got, cases[i].expected))
			fail_msg("'%s': '%s'", cases[i].written, got.ptr);
		/* What is normal stays as it is. */
		assert_int_equal(dn_normalize(&arena, got, &again, &at, &err), 0);
		if (!str_eq(got, again))
			fail_msg("'%s' became '%s'", got.ptr, again.ptr);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *written;
		size_t at;
		const char *reason;
	} cases[] = {
		{"Jane", 4, "a '=' is missing here"},
		{"CN=Jane,", 8, "the type of a part is missing: CN, OU, DC …"},
		{",CN=Jane", 0, "the type of a part is missing: CN, OU, DC …"},
		{"=Jane", 0, "the type of a part is missing: CN, OU, DC …"},
		{"CN=Jane+", 8, "the type of a part is missing: CN, OU, DC …"},
		{"CN=Doe, Jane,OU=Users", 12, "a '=' is missing here"},
		{"CN.x=1", 0, "the type of this part is no name and no number"},
		{"2.5.a=1", 0, "the type of this part is no name and no number"},
		{"-a=1", 0, "the type of this part is no name and no number"},
		{"CN=\"Jane\"", 3, "a character here needs a '\\' before it: \" < or >"},
		{"CN=a<b", 4, "a character here needs a '\\' before it: \" < or >"},
		{"CN=a\\", 4, "this '\\' escapes nothing"},
		{"CN=a\\x", 4, "this '\\' escapes nothing"},
		{"CN=a\\2", 4, "behind '\\' stands one hexadecimal digit"},
		{"CN=a\\2g", 4, "behind '\\' stands one hexadecimal digit"},
		{"CN=#", 3, "behind '#' stand pairs of hexadecimal digits"},
		{"CN=#123", 3, "behind '#' stand pairs of hexadecimal digits"},
		{"CN=#12x", 6, "a ',' is missing here"},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct str out = STR("untouched");
		size_t at = 0;

		if (dn_normalize(&arena, str_of(cases[i].written), &out, &at, &err) == 0)
			fail_msg("'%s' is taken for '%s'", cases[i].written, out.ptr);
		assert_true(str_is(out, "untouched"));
		if (at != cases[i].at || strcmp(err.text, cases[i].reason) != 0)
			fail_msg("'%s': %s at %zu", cases[i].written, err.text, at);
	}
}

static void bounds(void **state)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct str out;
	size_t at;

	(void)state;
	for (int i = 0; i < 17; i++)
		buf_addf(&text, "%sCN=%d", i ? "+" : "", i);
	assert_int_equal(dn_normalize(&arena, buf_str(&text), &out, &at, &err), -1);
	assert_string_equal(err.text, "more than 16 parts are joined by '+'");
	buf_clear(&text);
	buf_puts(&text, "CN=");
	while (text.len < DN_MAX)
		buf_char(&text, 'x');
	assert_int_equal(dn_normalize(&arena, buf_str(&text), &out, &at, &err), 0);
	buf_char(&text, 'x');
	assert_int_equal(dn_normalize(&arena, buf_str(&text), &out, &at, &err), -1);
	assert_string_equal(err.text, "it is longer than 8192 bytes");
	buf_release(&text);
}

static void lies_under(void **state)
{
	static const struct {
		const char *dn, *base;
		bool under;
	} cases[] = {
		{"CN=Jane,OU=Users,DC=example,DC=org", "ou=users,dc=EXAMPLE,dc=org", true},
		{"OU=Users,DC=example,DC=org", "OU=Users,DC=example,DC=org", true},
		{"DC=example,DC=org", "OU=Users,DC=example,DC=org", false},
		{"OU=xOU=Users,DC=example,DC=org", "OU=Users,DC=example,DC=org", false},
		/* A name that looks like the end of another one. */
		{"CN=a\\,OU=Users,DC=example,DC=org", "OU=Users,DC=example,DC=org", false},
		{"CN=a\\,b,OU=Users", "OU=Users", true},
		{"CN=b+OU=Users", "OU=Users", false},
		{"CN=Jane", "", true},
		{"", "", true},
		{"", "CN=Jane", false},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct str dn, base;
		size_t at;

		assert_int_equal(dn_normalize(&arena, str_of(cases[i].dn), &dn, &at, &err), 0);
		assert_int_equal(dn_normalize(&arena, str_of(cases[i].base), &base, &at, &err),
				 0);
		if (dn_under(dn, base) != cases[i].under)
			fail_msg("'%s' under '%s'", cases[i].dn, cases[i].base);
	}
}

static void first_values(void **state)
{
	static const struct {
		const char *dn, *value; /* NULL: none */
	} cases[] = {
		{"CN=Doe\\, Jane,OU=Staff", "Doe, Jane"},
		{" cn = Jane  Doe ,OU=Staff", "Jane  Doe"},
		{"OU=Ärzte+CN=x,DC=org", "Ärzte"},
		{"CN=\\e7\\97\\85\\e9\\99\\a2", "病院"},
		{"CN=", ""},
		{"CN=#0402", NULL},
		{"Jane", NULL},
		{"", NULL},
		{"CN=a\"", NULL},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str value;
		bool has = dn_first_value(&arena, str_of(cases[i].dn), &value);

		assert_int_equal(has, cases[i].value != NULL);
		if (has && !str_is(value, cases[i].value))
			fail_msg("'%s': '%.*s'", cases[i].dn, STR_FMT(value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms), cmocka_unit_test(refusals),
		cmocka_unit_test(bounds),       cmocka_unit_test(lies_under),
		cmocka_unit_test(first_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
