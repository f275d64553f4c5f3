/* Atomic replacement of files. */
#include "os.h"
#include "sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, NAME_KEPT = 200, RANDOM = 4, TRIES = 100 };

/*
 * The path itself, or what a symbolic link points to; NULL with errno set. A link where none is
 * expected may be somebody's who cannot write the file that it leads to.
 */
static char *resolve(const char *path, bool follow)
{
	struct stat status;
	char *copy;

	if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode)) {
		if (follow)
			return realpath(path, NULL);
		errno = ELOOP;
		return NULL;
	}
	copy = mem_alloc(strlen(path) + 1);
	memcpy(copy, path, strlen(path) + 1);
	return copy;
}

/* ".NAME." of the temporary files that belong to `path`. */
static struct str temporary_prefix(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str name = str_of(slash ? slash + 1 : path);

	name.len = str_utf8_cut(name, NAME_KEPT);
	return arena_strf(arena, ".%.*s.", STR_FMT(name));
}

static bool is_temporary(struct str name, struct str prefix)
{
	return name.len == prefix.len + 2 * (size_t)RANDOM + 4 && str_ends(name, ".tmp") &&
	       str_starts(name, prefix.ptr);
}

/*
 * A writer holds a lock on its temporary file, so one that nobody holds was left by a process that
 * was killed. On a full disk it would stand in the way of trying again.
 */
static void remove_leftovers(struct str dir, struct str prefix)
{
	DIR *stream = opendir(dir.ptr);
	const struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		int fd;

		if (!is_temporary(str_of(entry->d_name), prefix))
			continue;
		fd = openat(dirfd(stream), entry->d_name,
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(stream), entry->d_name, 0);
		close(fd);
	}
	closedir(stream);
}

static int open_temporary(struct os_writer *writer, struct str dir, struct str prefix,
			  mode_t mode)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned char random[RANDOM];
		char hex[2 * RANDOM + 1];
		struct buf path = BUF_INIT;

		random_bytes(random, sizeof(random));
		hex_encode(random, sizeof(random), hex);
		buf_addf(&path, "%s/%s%s.tmp", dir.ptr, prefix.ptr, hex);
		writer->temporary = buf_take(&path);
		writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				  mode);
		if (writer->fd >= 0)
			return flock(writer->fd, LOCK_EX | LOCK_NB);
		free(writer->temporary);
		writer->temporary = NULL;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* The new file gets the old one's mode and, as far as we may, its owner. */
static int copy_status(const struct os_writer *writer)
{
	struct stat old, new;

	if (stat(writer->path, &old) || fstat(writer->fd, &new))
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(old.st_mode)) {
		errno = S_ISDIR(old.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
	    fchown(writer->fd, old.st_uid, old.st_gid)) {
		/* Only root may give files away; ours is readable to us, which is what counts. */
	}
	return fchmod(writer->fd, old.st_mode & 0777);
}

static int open_writer(struct os_writer *writer, const char *path, mode_t mode, bool follow,
		       struct err *err)
{
	struct os_writer new = OS_WRITER_INIT;
	struct arena arena = ARENA_INIT;
	struct str dir, prefix;
	int result = -1;

	new.path = resolve(path, follow);
	if (new.path) {
		dir = os_dirname(&arena, str_of(new.path));
		prefix = temporary_prefix(&arena, new.path);
		remove_leftovers(dir, prefix);
		result = open_temporary(&new, dir, prefix, mode);
		if (result == 0)
			result = copy_status(&new);
	}
	if (result && errno == ELOOP && !follow) {
		err_set(err, ERR_FAILED,
			"cannot write %s: it is a symbolic link, and nothing is written through "
			"one",
			path);
		os_writer_release(&new);
	} else if (result) {
		err_errno(err, ERR_FAILED, "cannot write %s", path);
		os_writer_release(&new);
	} else {
		*writer = new;
	}
	arena_release(&arena);
	return result;
}

int os_writer_open(struct os_writer *writer, const char *path, mode_t mode, struct err *err)
{
	return open_writer(writer, path, mode, false, err);
}

int os_writer_follow(struct os_writer *writer, const char *path, mode_t mode, struct err *err)
{
	return open_writer(writer, path, mode, true, err);
}

static void put(struct os_writer *writer, struct str bytes)
{
	while (bytes.len > 0 && !writer->failed) {
		ssize_t done = write(writer->fd, bytes.ptr, bytes.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			writer->failed = done < 0 ? errno : ENOSPC;
			return;
		}
		bytes.ptr += done;
		bytes.len -= (size_t)done;
	}
}

static void flush(struct os_writer *writer)
{
	put(writer, buf_str(&writer->buffer));
	buf_clear(&writer->buffer);
}

void os_writer_add(struct os_writer *writer, struct str bytes)
{
	if (writer->failed)
		return;
	writer->synced = false;
	if (writer->buffer.len + bytes.len > BUFFER)
		flush(writer);
	if (bytes.len >= BUFFER)
		put(writer, bytes);
	else
		buf_add(&writer->buffer, bytes);
}

void os_writer_copy(struct os_writer *writer, int fd, uint64_t offset, uint64_t size)
{
	autofree char *chunk = mem_alloc(BUFFER);

	while (size > 0 && !writer->failed) {
		size_t wanted = size < BUFFER ? (size_t)size : BUFFER;
		ssize_t got = pread(fd, chunk, wanted, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* The other file is shorter than it was. */
			writer->failed = got < 0 ? errno : EIO;
			return;
		}
		os_writer_add(writer, (struct str){chunk, (size_t)got});
		offset += (uint64_t)got;
		size -= (uint64_t)got;
	}
}

void os_writer_release(struct os_writer *writer)
{
	int saved = errno;

	if (writer->temporary)
		unlink(writer->temporary);
	if (writer->fd >= 0)
		close(writer->fd);
	free(writer->temporary);
	free(writer->path);
	buf_release(&writer->buffer);
	*writer = (struct os_writer)OS_WRITER_INIT;
	errno = saved;
}

void os_writer_sync(struct os_writer *writer)
{
	os_fault("temporary");
	flush(writer);
	if (!writer->failed && fsync(writer->fd))
		writer->failed = errno;
	writer->synced = true;
	os_fault("temporary");
}

int os_writer_commit(struct os_writer *writer, struct err *err)
{
	int result = 0;

	if (!writer->synced)
		os_writer_sync(writer);
	if (!writer->failed) {
		os_fault("rename");
		if (rename(writer->temporary, writer->path))
			writer->failed = errno;
	}
	if (writer->failed) {
		errno = writer->failed;
		result = err_errno(err, ERR_FAILED, "cannot write %s", writer->path);
	} else {
		free(writer->temporary);
		writer->temporary = NULL;
		result = os_sync_parent(writer->path, err);
		os_fault("rename");
	}
	os_writer_release(writer);
	return result;
}

int os_write_file(const char *path, struct str bytes, mode_t mode, struct err *err)
{
	struct os_writer writer = OS_WRITER_INIT;

	if (os_writer_open(&writer, path, mode, err))
		return -1;
	os_writer_add(&writer, bytes);
	return os_writer_commit(&writer, err);
}
