#include "file_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void file_index_release(struct file_index *index)
{
	if (index->fd >= 0)
		close(index->fd);
	scim_reader_release(&index->reader);
	free(index->resources.items);
	free(index->keys.items);
	free(index->mentions.items);
	free(index->texts.items);
	free(index->owners);
	free(index->mentioned);
	arena_release(&index->arena);
	arena_release(&index->pending);
	*index = (struct file_index)FILE_INDEX_INIT;
}

/* --- who has what ----------------------------------------------------------------------- */

/* Room in the tables for a symbol: they grow by half, as the pool does not say how it grows. */
static void cover(struct file_index *index, const struct sym *name)
{
	size_t wanted = (size_t)name->number + 1;

	if (wanted <= index->known)
		return;
	if (wanted < index->known + index->known / 2)
		wanted = index->known + index->known / 2;
	if (wanted < 1024)
		wanted = 1024;
	index->owners = mem_realloc(index->owners, wanted, sizeof(*index->owners));
	index->mentioned = mem_realloc(index->mentioned, wanted, sizeof(*index->mentioned));
	memset(index->owners + index->known, 0,
	       (wanted - index->known) * sizeof(*index->owners));
	memset(index->mentioned + index->known, 0,
	       (wanted - index->known) * sizeof(*index->mentioned));
	index->known = wanted;
}

struct file_resource *file_index_owner(const struct file_index *index,
				       const struct sym *id_or_address)
{
	uint32_t number;

	if (!id_or_address || id_or_address->number >= index->known)
		return NULL;
	number = index->owners[id_or_address->number];
	return number ? &index->resources.items[number - 1] : NULL;
}

uint32_t file_index_number(const struct file_index *index, const struct file_resource *resource)
{
	return (uint32_t)(resource - index->resources.items);
}

void file_index_claim(struct file_index *index, const struct sym *name, uint32_t resource)
{
	cover(index, name);
	index->owners[name->number] = resource + 1;
}

void file_index_free_name(struct file_index *index, const struct sym *name)
{
	if (name->number < index->known)
		index->owners[name->number] = 0;
}

void file_index_mention(struct file_index *index, const struct sym *name, uint32_t resource)
{
	struct file_mention *mention = vec_push(&index->mentions);

	cover(index, name);
	mention->resource = resource;
	mention->next = index->mentioned[name->number];
	index->mentioned[name->number] = (uint32_t)index->mentions.count;
}

const struct sym *file_index_user(void *context, const struct sym *name, bool by_id)
{
	const struct file_resource *user = file_index_owner(context, name);

	if (!user || user->kind != KIND_USER || (by_id ? user->id : user->address) != name)
		return NULL;
	return user->address;
}

/* --- pending changes -------------------------------------------------------------------- */

int file_index_text(const struct file_index *index, const struct file_piece *piece,
		    struct arena *arena, struct str *text, struct err *err)
{
	size_t done = 0;
	char *bytes;

	if (piece->pending != 0) {
		*text = index->texts.items[piece->pending - 1];
		return 0;
	}
	bytes = arena_alloc(arena, piece->size);
	while (done < piece->size) {
		ssize_t got = pread(index->fd, bytes + done, piece->size - done,
				    (off_t)(piece->offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_FAILED, "cannot read %.*s",
					 STR_FMT(index->shown));
		if (got == 0)
			return err_set(err, ERR_FAILED, "%.*s is shorter than it was",
				       STR_FMT(index->shown));
		done += (size_t)got;
	}
	*text = (struct str){bytes, piece->size};
	return 0;
}

void file_index_replace(struct file_index *index, struct file_piece *piece, struct str text)
{
	struct str kept = arena_str(&index->pending, text);

	index->changed = true;
	if (piece->pending == 0) {
		*vec_push(&index->texts) = kept;
		piece->pending = (uint32_t)index->texts.count;
	} else {
		index->texts.items[piece->pending - 1] = kept;
	}
}

uint32_t file_index_add(struct file_index *index, const struct file_resource *resource,
			struct str text)
{
	uint32_t number = (uint32_t)index->resources.count;
	struct file_resource *new = vec_push(&index->resources);

	*new = *resource;
	new->piece = (struct file_piece){.offset = PIECE_NOWHERE};
	file_index_replace(index, &new->piece, text);
	file_index_claim(index, resource->id, number);
	file_index_claim(index, resource->address, number);
	return number;
}

void file_index_set_key(struct file_index *index, uint32_t resource, struct str text)
{
	struct file_resource *owner = &index->resources.items[resource];

	if (owner->key == 0) {
		*vec_push(&index->keys) = (struct file_key){{.offset = PIECE_NOWHERE},
							    owner->id};
		owner->key = (uint32_t)index->keys.count;
	}
	file_index_replace(index, &index->keys.items[owner->key - 1].piece, text);
}

void file_index_delete(struct file_index *index, uint32_t resource)
{
	struct file_resource *gone = &index->resources.items[resource];

	if (gone->key != 0)
		index->keys.items[gone->key - 1].piece.pending = PIECE_GONE;
	gone->piece.pending = PIECE_GONE;
	gone->active = false;
	index->changed = true;
}
