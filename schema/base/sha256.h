/*
 * SHA-256 digests and keyed fingerprints, on libsodium. base_init() must have run.
 */
#ifndef ZSCTL_SHA256_H
#define ZSCTL_SHA256_H

#include "str.h"

#define SHA256_SIZE 32
#define SHA256_TEXT_SIZE (7 + 64 + 1) /* "sha256:" + hex + NUL */
#define HMAC_TEXT_SIZE (5 + 64 + 1)   /* "hmac:" + hex + NUL */

struct sha256 {
	/* libsodium's state; its size is checked in the .c */
	_Alignas(8) unsigned char state[128];
};

void sha256_init(struct sha256 *state);
void sha256_add(struct sha256 *state, struct str bytes);
/* Adds the length as 8 bytes big-endian, then the bytes: fields cannot run into each other. */
void sha256_add_field(struct sha256 *state, struct str bytes);
void sha256_final(struct sha256 *state, unsigned char out[SHA256_SIZE]);
/* "sha256:<64 lower-case hex digits>" */
void sha256_final_text(struct sha256 *state, char out[SHA256_TEXT_SIZE]);
void sha256_text(struct str bytes, char out[SHA256_TEXT_SIZE]);

/* HMAC-SHA-256 under a key of any length, as "hmac:<hex>". */
void hmac_text(struct str key, struct str bytes, char out[HMAC_TEXT_SIZE]);

void random_bytes(void *out, size_t size);
void hex_encode(const unsigned char *bytes, size_t size, char *out /* 2 * size + 1 */);

#endif
