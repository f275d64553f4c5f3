#include "fingerprint.h"

#include "base/os.h"
#include "base/sha256.h"

#include <errno.h>
#include <unistd.h>

#define KEY_BYTES 32

/* A new key is linked to its name whole and never over another one: two processes that need the
 * first key at the same time come to use the same. */
static int make_file(const char *path, struct str dir, struct err *err)
{
	unsigned char bytes[KEY_BYTES];
	char text[2 * KEY_BYTES + 2];
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct str fresh = arena_strf(&arena, "%s.%ld", path, (long)getpid());
	struct str own = arena_str(&arena, dir);
	int failed;

	if (os_make_dirs(own.ptr, 0700, err) < 0)
		return -1;
	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), text);
	text[2 * KEY_BYTES] = '\n';
	failed = os_write_file(fresh.ptr, (struct str){text, 2 * KEY_BYTES + 1}, 0600, err);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(bytes, sizeof(bytes));
	if (failed)
		return -1;
	if (link(fresh.ptr, path) < 0 && errno != EEXIST)
		failed = err_errno(err, ERR_FAILED, "cannot make %s", path);
	unlink(fresh.ptr);
	return failed;
}

struct str fingerprint_record(const struct secret *key, struct arena *arena)
{
	char digest[HMAC_TEXT_SIZE];

	hmac_text(secret_str(key), STR("zsctl fingerprint key 1"), digest);
	return arena_strf(arena, "key: %s\n", digest);
}

int fingerprint_key_load(const struct config *config, struct state *state, bool renew,
			 struct secret *out, struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(buf_release) struct buf recorded = BUF_INIT;
	CLEANUP(secret_release) struct secret key = SECRET_INIT;
	struct secret_ref ref = config->fingerprint_key;
	bool known;

	if (state_file(state, NULL, FINGERPRINT_FILE, &recorded, &known, err) < 0)
		return -1;
	if (ref.kind == SECRET_ABSENT) {
		struct str dir = state_private_dir(state);

		ref.kind = SECRET_FILE;
		ref.name = os_join(&arena, dir, STR("fingerprint.key"));
		if (!os_exists(ref.name.ptr)) {
			if (known && !renew)
				return err_set(
					err, ERR_FAILED,
					"the fingerprint key %s is gone: put it back from a backup, "
					"or send all account keys anew with `zsctl plan "
					"--refresh-keys`",
					ref.name.ptr);
			if (make_file(ref.name.ptr, dir, err) < 0)
				return -1;
		}
	}
	if (secret_load(&ref, &key, err) < 0)
		return err_prefix(err, "the fingerprint key");
	if (known && !renew && !str_eq(buf_str(&recorded), fingerprint_record(&key, &arena)))
		return err_set(
			err, ERR_FAILED,
			"the fingerprint key is not the one that the record was made with: "
			"bring that one back, or send all account keys anew with `zsctl plan "
			"--refresh-keys`");
	secret_release(out);
	*out = key;
	key = (struct secret)SECRET_INIT;
	return 0;
}
