#include "secret.h"

#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECRET_LIMIT = 64 * 1024 };

void secret_release(struct secret *secret)
{
	if (secret->ptr)
		sodium_memzero(secret->ptr, secret->len);
	free(secret->ptr);
	*secret = (struct secret)SECRET_INIT;
}

void secret_set(struct secret *secret, struct str value)
{
	char *copy = mem_alloc(value.len + 1);

	if (value.len > 0)
		memcpy(copy, value.ptr, value.len);
	copy[value.len] = '\0';
	secret_release(secret);
	*secret = (struct secret){copy, value.len};
}

struct str secret_str(const struct secret *secret)
{
	return secret->ptr ? (struct str){secret->ptr, secret->len} : STR("");
}

/* `raw` with its subject, as it came; the caller wipes it. */
static int accept_value(struct str raw, const char *kind, struct str name, struct secret *out,
			struct err *err)
{
	if (raw.len > SECRET_LIMIT)
		return err_set(err, ERR_FAILED, "%s %.*s holds more than %d bytes", kind,
			       STR_FMT(name), SECRET_LIMIT);
	if (str_ends(raw, "\n"))
		raw.len -= str_ends(raw, "\r\n") ? 2 : 1;
	if (raw.len == 0)
		return err_set(err, ERR_FAILED, "%s %.*s is empty: put the secret there", kind,
			       STR_FMT(name));
	if (memchr(raw.ptr, '\0', raw.len))
		return err_set(err, ERR_FAILED, "%s %.*s holds a NUL byte", kind,
			       STR_FMT(name));
	secret_set(out, raw);
	return 0;
}

static int load_env(struct str name, struct secret *out, struct err *err)
{
	struct arena arena = ARENA_INIT;
	const char *value = getenv(arena_str(&arena, name).ptr);

	arena_release(&arena);
	if (!value)
		return err_set(err, ERR_FAILED,
			       "environment variable %.*s is not set: set it where zsctl runs",
			       STR_FMT(name));
	return accept_value(str_of(value), "environment variable", name, out, err);
}

static int check_file(int fd, const char *path, bool private, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status))
		return err_errno(err, ERR_FAILED, "cannot read secret file %s", path);
	if (S_ISDIR(status.st_mode))
		return err_set(err, ERR_FAILED, "secret file %s is a directory", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_FAILED, "secret file %s is not a regular file", path);
	if (private && (status.st_mode & 077))
		return err_set(err, ERR_FAILED,
			       "secret file %s can be read or written by others: chmod 600 %s",
			       path, path);
	return 0;
}

/* `private`: nobody but its owner may have access. */
static int load_file(const char *path, bool private, struct secret *out, struct err *err)
{
	/* One buffer of the full size: growing one would leave copies in freed memory. */
	enum { ROOM = SECRET_LIMIT + 2 + 1 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *bytes;
	size_t len = 0;
	int result;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_FAILED, "there is no secret file %s: %s", path,
			       private ? "write it, with mode 600, or correct its path"
				       : "name it in the service's LoadCredential=");
	if (fd < 0)
		return err_errno(err, ERR_FAILED, "cannot open secret file %s", path);
	if (check_file(fd, path, private, err)) {
		close(fd);
		return -1;
	}
	bytes = mem_alloc(ROOM);
	for (;;) {
		ssize_t got = len < ROOM ? read(fd, bytes + len, ROOM - len) : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			result = (int)got;
			break;
		}
		len += (size_t)got;
	}
	if (result)
		err_errno(err, ERR_FAILED, "cannot read secret file %s", path);
	else
		result = accept_value((struct str){bytes, len}, "secret file", str_of(path),
				      out, err);
	close(fd);
	sodium_memzero(bytes, ROOM);
	free(bytes);
	return result;
}

/* systemd's LoadCredential=: the service manager guards the directory, whatever its modes say. */
static int load_credential(struct str name, struct secret *out, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct arena arena = ARENA_INIT;
	int result;

	if (name.len == 0 || memchr(name.ptr, '/', name.len) || str_is(name, ".") ||
	    str_is(name, ".."))
		return err_set(err, ERR_FAILED, "credential name \"%.*s\" is not a file name",
			       STR_FMT(name));
	if (!dir || !dir[0])
		return err_set(
			err, ERR_FAILED,
			"credential %.*s: $CREDENTIALS_DIRECTORY is not set; it exists in "
			"systemd services with LoadCredential=",
			STR_FMT(name));
	result = load_file(os_join(&arena, str_of(dir), name).ptr, false, out, err);
	if (result)
		err_prefix(err, "credential %.*s", STR_FMT(name));
	arena_release(&arena);
	return result;
}

int secret_load(const struct secret_ref *ref, struct secret *out, struct err *err)
{
	struct arena arena = ARENA_INIT;
	int result = -1;

	switch (ref->kind) {
	case SECRET_ABSENT:
		err_set(err, ERR_FAILED, "no secret is configured");
		break;
	case SECRET_ENV:
		result = load_env(ref->name, out, err);
		break;
	case SECRET_FILE:
		result = load_file(arena_str(&arena, ref->name).ptr, true, out, err);
		break;
	case SECRET_CREDENTIAL:
		result = load_credential(ref->name, out, err);
		break;
	case SECRET_HELD:
		secret_set(out, ref->name);
		result = 0;
		break;
	}
	arena_release(&arena);
	return result;
}
