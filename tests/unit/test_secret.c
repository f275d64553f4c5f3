#include "base/os.h"
#include "base/secret.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void write_secret(const char *path, struct str bytes, mode_t mode)
{
	struct err err = ERR_INIT;

	unlink(path);
	if (os_write_file(path, bytes, 0600, &err))
		fail_msg("%s", err.text);
	assert_int_equal(chmod(path, mode), 0);
}

static void check(enum secret_kind kind, const char *name, const char *expected,
		  const char *message)
{
	struct secret_ref ref = {kind, str_of(name)};
	struct secret secret = SECRET_INIT;
	struct err err = ERR_INIT;

	if (secret_load(&ref, &secret, &err)) {
		assert_string_equal(err.text, message);
		assert_null(secret.ptr);
	} else {
		assert_string_equal(secret.ptr, expected);
		assert_int_equal(secret.len, strlen(expected));
		assert_true(str_is(secret_str(&secret), expected));
	}
	secret_release(&secret);
	assert_null(secret.ptr);
	assert_int_equal(secret_str(&secret).len, 0);
}

static void loads_from_the_environment(void **state)
{
	(void)state;
	setenv("ZSCTL_TEST_SECRET", " p w\n\n", 1);
	check(SECRET_ENV, "ZSCTL_TEST_SECRET", " p w\n", "");
	setenv("ZSCTL_TEST_SECRET", "\n", 1);
	check(SECRET_ENV, "ZSCTL_TEST_SECRET", "",
	      "environment variable ZSCTL_TEST_SECRET is empty: put the secret there");
	unsetenv("ZSCTL_TEST_SECRET");
	check(SECRET_ENV, "ZSCTL_TEST_SECRET", "",
	      "environment variable ZSCTL_TEST_SECRET is not set: set it where zsctl runs");
	check(SECRET_ABSENT, "", "", "no secret is configured");
}

static void loads_from_files(void **state)
{
	static char large[64 * 1024 + 2];

	(void)state;
	write_secret("key", STR("s3cret\r\n"), 0600);
	check(SECRET_FILE, "key", "s3cret", "");
	write_secret("key", STR("s3cret\r"), 0400);
	check(SECRET_FILE, "key", "s3cret\r", "");
	for (unsigned mode = 1; mode < 0100; mode <<= 1) {
		if (mode & 011)
			continue; /* tried together with another bit */
		write_secret("key", STR("s3cret"), 0600 | mode);
		check(SECRET_FILE, "key", "",
		      "secret file key can be read or written by others: chmod 600 key");
	}
	write_secret("key", STR(""), 0600);
	check(SECRET_FILE, "key", "", "secret file key is empty: put the secret there");
	write_secret("key", STR("a\0b"), 0600);
	check(SECRET_FILE, "key", "", "secret file key holds a NUL byte");
	memset(large, 'x', sizeof(large) - 1);
	write_secret("key", str_of(large), 0600);
	check(SECRET_FILE, "key", "", "secret file key holds more than 65536 bytes");
	large[64 * 1024] = '\0';
	write_secret("key", str_of(large), 0600);
	check(SECRET_FILE, "key", large, "");
	check(SECRET_FILE, "absent", "",
	      "there is no secret file absent: write it, with mode 600, or correct its path");
	check(SECRET_FILE, ".", "", "secret file . is a directory");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	check(SECRET_FILE, "fifo", "", "secret file fifo is not a regular file");
}

static void loads_credentials(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	check(SECRET_CREDENTIAL, "key", "",
	      "credential key: $CREDENTIALS_DIRECTORY is not set; it exists in systemd services "
	      "with LoadCredential=");
	assert_int_equal(mkdir("credentials", 0700), 0);
	setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
	write_secret("credentials/key", STR("s3cret"), 0440);
	check(SECRET_CREDENTIAL, "key", "s3cret", "");
	check(SECRET_CREDENTIAL, "absent", "",
	      "credential absent: there is no secret file credentials/absent: name it in the "
	      "service's LoadCredential=");
	if (geteuid() != 0) {
		write_secret("closed", STR("s3cret"), 0);
		check(SECRET_FILE, "closed", "",
		      "cannot open secret file closed: Permission denied");
	}
	check(SECRET_CREDENTIAL, "../key", "", "credential name \"../key\" is not a file name");
	check(SECRET_CREDENTIAL, "..", "", "credential name \"..\" is not a file name");
	check(SECRET_CREDENTIAL, "", "", "credential name \"\" is not a file name");
}

static void replaces(void **state)
{
	struct secret secret = SECRET_INIT;

	(void)state;
	secret_set(&secret, STR("one"));
	secret_set(&secret, STR("another"));
	assert_string_equal(secret.ptr, "another");
	secret_set(&secret, STR_NONE);
	assert_string_equal(secret.ptr, "");
	secret_release(&secret);
}

static int in_a_new_folder(void **state)
{
	static char folder[] = "secret-test-XXXXXX";

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"key", "fifo", "credentials/key"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("credentials");
	return chdir("..") || rmdir(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_from_the_environment),
		cmocka_unit_test(loads_from_files),
		cmocka_unit_test(loads_credentials),
		cmocka_unit_test(replaces),
	};
	struct err err;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, in_a_new_folder, remove_folder);
}
