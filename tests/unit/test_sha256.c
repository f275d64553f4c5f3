#include "base/os.h"
#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* FIPS 180-2, appendix B. */
static void digests(void **state)
{
	static const struct {
		const char *text, *digest;
	} cases[] = {
		{"", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc",
		 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
	char text[SHA256_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sha256 pieces;

		sha256_text(str_of(cases[i].text), text);
		assert_string_equal(text, cases[i].digest);
		sha256_init(&pieces);
		sha256_add(&pieces, STR_NONE);
		for (size_t j = 0; cases[i].text[j]; j++)
			sha256_add(&pieces, (struct str){cases[i].text + j, 1});
		sha256_final_text(&pieces, text);
		assert_string_equal(text, cases[i].digest);
	}
}

static void keeps_fields_apart(void **state)
{
	static const struct str parts[][2] = {{{"ab", 2}, {"c", 1}},
					      {{"a", 1}, {"bc", 2}},
					      {{"abc", 3}, {"", 0}},
					      {{"", 0}, {"abc", 3}}};
	enum { COUNT = sizeof(parts) / sizeof(parts[0]) };
	unsigned char digests[COUNT][SHA256_SIZE];
	char as_field[SHA256_TEXT_SIZE], by_hand[SHA256_TEXT_SIZE];
	struct sha256 sha;

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		sha256_init(&sha);
		sha256_add_field(&sha, parts[i][0]);
		sha256_add_field(&sha, parts[i][1]);
		sha256_final(&sha, digests[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(digests[i], digests[j], SHA256_SIZE);
	}
	sha256_init(&sha);
	sha256_add_field(&sha, STR("abc"));
	sha256_final_text(&sha, as_field);
	sha256_text(STR("\0\0\0\0\0\0\0\3abc"), by_hand);
	assert_string_equal(as_field, by_hand);
}

/* RFC 4231, test cases 2 and 6. */
static void makes_fingerprints(void **state)
{
	char key[131], text[HMAC_TEXT_SIZE];

	(void)state;
	hmac_text(STR("Jefe"), STR("what do ya want for nothing?"), text);
	assert_string_equal(
		text, "hmac:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xAA, sizeof(key));
	hmac_text((struct str){key, sizeof(key)},
		  STR("Test Using Larger Than Block-Size Key - Hash Key First"), text);
	assert_string_equal(
		text, "hmac:60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_text(STR_NONE, STR_NONE, text);
	assert_string_equal(
		text, "hmac:b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void makes_random_bytes(void **state)
{
	unsigned char a[32] = {0}, b[32] = {0};
	char hex[2 * sizeof(a) + 1];

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	hex_encode((const unsigned char *)"\x00\x7F\xFF\xA5", 4, hex);
	assert_string_equal(hex, "007fffa5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests),
		cmocka_unit_test(keeps_fields_apart),
		cmocka_unit_test(makes_fingerprints),
		cmocka_unit_test(makes_random_bytes),
	};
	struct err err;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
