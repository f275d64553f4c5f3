#include "sha256.h"

#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256), "room for the state");
_Static_assert(_Alignof(crypto_hash_sha256_state) <= _Alignof(struct sha256), "alignment");
_Static_assert(crypto_hash_sha256_BYTES == SHA256_SIZE, "size of a digest");
_Static_assert(crypto_auth_hmacsha256_BYTES == SHA256_SIZE, "size of a fingerprint");

static crypto_hash_sha256_state *inner(struct sha256 *state)
{
	return (crypto_hash_sha256_state *)(void *)state->state;
}

void sha256_init(struct sha256 *state)
{
	crypto_hash_sha256_init(inner(state));
}

void sha256_add(struct sha256 *state, struct str bytes)
{
	if (bytes.len > 0)
		crypto_hash_sha256_update(inner(state), (const unsigned char *)bytes.ptr,
					  bytes.len);
}

void sha256_add_field(struct sha256 *state, struct str bytes)
{
	char length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (char)((uint64_t)bytes.len >> (56 - 8 * i) & 0xFF);
	sha256_add(state, (struct str){length, sizeof(length)});
	sha256_add(state, bytes);
}

void sha256_final(struct sha256 *state, unsigned char out[SHA256_SIZE])
{
	crypto_hash_sha256_final(inner(state), out);
}

static void put_text(const char *prefix, size_t len, const unsigned char *digest, char *out)
{
	for (size_t i = 0; i < len; i++)
		out[i] = prefix[i];
	hex_encode(digest, SHA256_SIZE, out + len);
}

void sha256_final_text(struct sha256 *state, char out[SHA256_TEXT_SIZE])
{
	unsigned char digest[SHA256_SIZE];

	sha256_final(state, digest);
	put_text("sha256:", 7, digest, out);
}

void sha256_text(struct str bytes, char out[SHA256_TEXT_SIZE])
{
	struct sha256 state;

	sha256_init(&state);
	sha256_add(&state, bytes);
	sha256_final_text(&state, out);
}

void hmac_text(struct str key, struct str bytes, char out[HMAC_TEXT_SIZE])
{
	crypto_auth_hmacsha256_state state;
	unsigned char digest[SHA256_SIZE];

	/* A view may be empty without a pointer; libsodium wants one all the same. */
	if (!key.ptr)
		key = STR("");
	if (!bytes.ptr)
		bytes = STR("");
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.ptr, key.len);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)bytes.ptr, bytes.len);
	crypto_auth_hmacsha256_final(&state, digest);
	sodium_memzero(&state, sizeof(state));
	put_text("hmac:", 5, digest, out);
}

void random_bytes(void *out, size_t size)
{
	randombytes_buf(out, size);
}

void hex_encode(const unsigned char *bytes, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0x0F];
	}
	out[2 * size] = '\0';
}
