/* Reading files, directories and paths; appending to the journal. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, const char *path, size_t limit, struct buf *out, struct err *err)
{
	struct stat status;
	size_t room;

	if (fstat(fd, &status))
		return err_errno(err, ERR_FAILED, "cannot read %s", path);
	if (S_ISDIR(status.st_mode))
		return err_set(err, ERR_FAILED, "%s is a directory, not a file", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_FAILED, "%s is not a regular file", path);
	/* One byte more than the file has, to see its end in the first read. */
	room = status.st_size > 0 && (uint64_t)status.st_size < limit
		       ? (size_t)status.st_size + 1
		       : 4096;
	for (;;) {
		ssize_t got;

		if (out->capacity - out->len < room + 1) {
			out->capacity = out->len + (out->len > room ? out->len : room) + 1;
			out->ptr = mem_realloc(out->ptr, out->capacity, 1);
		}
		got = read(fd, out->ptr + out->len, out->capacity - out->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_FAILED, "cannot read %s", path);
		if (got == 0)
			break;
		out->len += (size_t)got;
		if (out->len > limit)
			return err_set(err, ERR_FAILED, "%s is larger than %zu bytes", path,
				       limit);
		room = 4096;
	}
	out->ptr[out->len] = '\0';
	return 0;
}

int os_read_file(const char *path, size_t limit, struct buf *out, struct err *err)
{
	/* O_NONBLOCK: a named pipe is refused below instead of waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct buf content = BUF_INIT;
	int result;

	if (fd < 0)
		return err_errno(err, ERR_FAILED, "cannot open %s", path);
	result = read_all(fd, path, limit, &content, err);
	close(fd);
	if (result) {
		buf_release(&content);
		return result;
	}
	content.limit = out->limit;
	buf_release(out);
	*out = content;
	return 0;
}

bool os_same_file(const struct stat *before, const struct stat *after)
{
	return before->st_dev == after->st_dev && before->st_ino == after->st_ino &&
	       before->st_size == after->st_size &&
	       before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
	       before->st_mtim.tv_nsec == after->st_mtim.tv_nsec &&
	       before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
	       before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

bool os_exists(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0;
}

static int make_dir(const char *path, mode_t mode)
{
	struct stat status;
	int reason;

	if (mkdir(path, mode) == 0)
		return 0;
	reason = errno;
	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return 0;
		reason = ENOTDIR;
	}
	errno = reason;
	return -1;
}

int os_make_dirs(const char *path, mode_t mode, struct err *err)
{
	autofree char *copy = mem_alloc(strlen(path) + 1);
	char *slash;

	memcpy(copy, path, strlen(path) + 1);
	for (slash = copy; (slash = strchr(slash + 1, '/'));) {
		int result;

		*slash = '\0';
		result = make_dir(copy, mode);
		if (result)
			return err_errno(err, ERR_FAILED, "cannot make the directory %s", copy);
		*slash = '/';
	}
	if (make_dir(copy, mode))
		return err_errno(err, ERR_FAILED, "cannot make the directory %s", copy);
	return 0;
}

struct str os_join(struct arena *arena, struct str dir, struct str name)
{
	if (dir.len == 0 || str_starts(name, "/"))
		return arena_str(arena, name);
	return arena_strf(arena, "%.*s%s%.*s", STR_FMT(dir), str_ends(dir, "/") ? "" : "/",
			  STR_FMT(name));
}

struct str os_dirname(struct arena *arena, struct str path)
{
	size_t len = path.len;

	while (len > 1 && path.ptr[len - 1] == '/')
		len--;
	while (len > 0 && path.ptr[len - 1] != '/')
		len--;
	while (len > 1 && path.ptr[len - 1] == '/')
		len--;
	return len ? arena_str(arena, (struct str){path.ptr, len}) : STR(".");
}

int os_glob(struct arena *arena, const char *pattern, struct str **paths, size_t *count,
	    struct err *err)
{
	glob_t found;
	struct str *list;
	int result;

	/* GLOB_ERR: a directory that cannot be read must not look like one without files. */
	errno = 0;
	result = glob(pattern, GLOB_ERR, NULL, &found);
	if (result == GLOB_NOMATCH || (result == GLOB_ABORTED && errno == ENOENT)) {
		globfree(&found);
		*paths = NULL;
		*count = 0;
		return 0;
	}
	if (result == GLOB_NOSPACE)
		err_out_of_memory();
	if (result != 0) {
		globfree(&found);
		return err_errno(err, ERR_FAILED, "cannot look for %s", pattern);
	}
	list = arena_array(arena, struct str, found.gl_pathc);
	for (size_t i = 0; i < found.gl_pathc; i++)
		list[i] = arena_str(arena, str_of(found.gl_pathv[i]));
	*paths = list;
	*count = found.gl_pathc;
	globfree(&found);
	return 0;
}

int os_sync_parent(const char *path, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct str dir = os_dirname(&arena, str_of(path));
	int fd = open(dir.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	/* Some file systems have no fsync for directories; theirs are durable in another way. */
	if (result && errno != EINVAL)
		err_errno(err, ERR_FAILED, "cannot make %s durable", path);
	else
		result = 0;
	if (fd >= 0)
		close(fd);
	arena_release(&arena);
	return result;
}

int os_append(int fd, const char *path, struct str bytes, bool durable, struct err *err)
{
	off_t start = lseek(fd, 0, SEEK_END);
	size_t done = 0;

	if (start < 0)
		return err_errno(err, ERR_FAILED, "cannot append to %s", path);
	os_fault("append");
	while (done < bytes.len) {
		ssize_t put = write(fd, bytes.ptr + done, bytes.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			if (put == 0)
				errno = ENOSPC;
			goto cut_off;
		}
		done += (size_t)put;
	}
	if (durable && fdatasync(fd))
		goto cut_off;
	os_fault("append");
	return 0;

cut_off:
	err_errno(err, ERR_FAILED, "cannot append to %s", path);
	/* Half a record at the end would make the next one unreadable. */
	if (ftruncate(fd, start))
		err_prefix(err, "%s now ends in an incomplete line", path);
	return -1;
}
