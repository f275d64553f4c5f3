/*
 * Writing: a new file out of ranges of the old one and pending texts. Neighbours that nobody
 * touched are copied with what stands between them, so the layout that a person gave the file
 * stays.
 */
#include "file_index.h"

#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct output {
	struct os_writer writer;
	int fd;            /* the old file */
	uint64_t from, to; /* a range of it that is yet to be copied */
	uint64_t at;       /* how long the new file is */
};

static void flush(struct output *out)
{
	if (out->to > out->from)
		os_writer_copy(&out->writer, out->fd, out->from, out->to - out->from);
	out->from = out->to = 0;
}

static void put_range(struct output *out, uint64_t offset, uint64_t size)
{
	if (offset != out->to || out->to == out->from) {
		flush(out);
		out->from = out->to = offset;
	}
	out->to += size;
	out->at += size;
}

static void put_text(struct output *out, struct str text)
{
	flush(out);
	os_writer_add(&out->writer, text);
	out->at += text.len;
}

/* The next piece of a part in the order of the file; NULL at the end. */
static struct file_piece *next_piece(struct file_index *index, int part, size_t *cursor)
{
	if (part == PART_KEYS)
		return *cursor < index->keys.count ? &index->keys.items[(*cursor)++].piece
						   : NULL;
	while (*cursor < index->resources.count) {
		struct file_resource *resource = &index->resources.items[(*cursor)++];

		if (resource->kind == part)
			return &resource->piece;
	}
	return NULL;
}

/* Writes one piece; it then lies where it has been written. */
static void put_piece(struct output *out, struct file_index *index, struct file_piece *piece)
{
	uint64_t at = out->at;

	if (piece->pending) {
		struct str text = index->texts.items[piece->pending - 1];

		put_text(out, text);
		piece->size = (uint32_t)text.len;
		piece->pending = 0;
	} else {
		put_range(out, piece->offset, piece->size);
	}
	piece->offset = at;
}

/*
 * The elements of one array; everything before them is written. Returns where the old file goes
 * on, behind the last element that it has.
 */
static uint64_t put_part(struct output *out, struct file_index *index, int part)
{
	uint64_t open = index->parts[part].open;
	uint64_t end = open;         /* behind the last piece in the old file */
	bool any = false;            /* one is written */
	bool old = false;            /* the old file has one */
	bool previous_stays = false; /* what follows `end` separates two pieces that stay */
	struct file_piece *piece;
	size_t cursor = 0;

	index->parts[part].open = out->at;
	while ((piece = next_piece(index, part, &cursor))) {
		bool in_file = piece->offset != PIECE_NOWHERE;
		uint64_t offset = piece->offset, size = piece->size;
		bool gone = piece->pending == PIECE_GONE;

		if (in_file && !old)
			put_range(out, open, offset - open);
		old |= in_file;
		if (gone) {
			piece->offset = PIECE_NOWHERE;
			previous_stays = false;
		} else {
			if (any && in_file && previous_stays)
				put_range(out, end, offset - end);
			else if (any)
				put_text(out, STR(",\n"));
			else if (!old)
				put_text(out, STR("\n"));
			put_piece(out, index, piece);
			any = true;
			previous_stays = in_file;
		}
		if (in_file)
			end = offset + size;
	}
	if (any && !old)
		put_text(out, STR("\n"));
	return end;
}

/* The parts that the old file has, by their place in it; returns how many. */
static int sort_parts(const struct file_index *index, int order[PART_COUNT])
{
	int count = 0;

	for (int part = 0; part < PART_COUNT; part++) {
		int at = count;

		if (!index->parts[part].there)
			continue;
		for (; at > 0 && index->parts[order[at - 1]].open > index->parts[part].open;
		     at--)
			order[at] = order[at - 1];
		order[at] = part;
		count++;
	}
	return count;
}

static bool has_pieces(struct file_index *index, int part)
{
	size_t cursor = 0;
	struct file_piece *piece;

	while ((piece = next_piece(index, part, &cursor))) {
		if (piece->pending != PIECE_GONE)
			return true;
	}
	return false;
}

static void put_file(struct output *out, struct file_index *index)
{
	static const char *const begin[PART_COUNT] = {"\n\"users\": [", "\n\"groups\": [",
						      "\n\"keys\": ["};
	int order[PART_COUNT], count = sort_parts(index, order);
	uint64_t from = 0, end;

	for (int i = 0; i < count; i++) {
		put_range(out, from, index->parts[order[i]].open - from);
		from = put_part(out, index, order[i]);
	}
	put_range(out, from, index->end - from);
	for (int part = 0; part < PART_COUNT; part++) {
		if (index->parts[part].there || !has_pieces(index, part))
			continue;
		if (index->has_members)
			put_text(out, STR(","));
		put_text(out, str_of(begin[part]));
		index->parts[part].there = true;
		put_part(out, index, part);
		put_text(out, STR("]\n"));
		index->has_members = true;
	}
	end = out->at;
	put_range(out, index->end, (uint64_t)index->status.st_size - index->end);
	index->end = end;
	flush(out);
}

enum file_written file_index_write(struct file_index *index, const char *path, struct err *err)
{
	struct output out = {.writer = OS_WRITER_INIT, .fd = index->fd};
	enum file_written result = FILE_NOT_WRITTEN;
	struct stat now;
	int fd;

	index->stale = true;
	/* A file can be replaced although it is read-only; who made it so does not want that. */
	if (access(path, W_OK) && errno != ENOENT) {
		err_errno(err, ERR_FAILED, "cannot write %s", path);
		return result;
	}
	if (os_writer_follow(&out.writer, path, 0600, err))
		return result;
	put_file(&out, index);
	/* Opened under its own name: no file that somebody else puts in place can be taken for it. */
	fd = open(out.writer.temporary, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_errno(err, ERR_FAILED, "cannot write %s", path);
		os_writer_release(&out.writer);
		return result;
	}
	os_writer_sync(&out.writer);
	if (file_index_changed(index, path)) {
		os_writer_release(&out.writer);
		close(fd);
		return FILE_CHANGED_MEANWHILE;
	}
	if (os_writer_commit(&out.writer, err) == 0)
		result = FILE_WRITTEN;
	if (fstat(fd, &index->status)) {
		result = result == FILE_WRITTEN ? FILE_IN_DOUBT : result;
		close(fd);
		return result;
	}
	if (result != FILE_WRITTEN && stat(path, &now) == 0 &&
	    now.st_ino == index->status.st_ino && now.st_dev == index->status.st_dev)
		result = FILE_IN_DOUBT;
	close(index->fd);
	index->fd = fd;
	index->stale = result != FILE_WRITTEN;
	index->changed = false;
	index->texts.count = 0;
	arena_reset(&index->pending);
	return result;
}
