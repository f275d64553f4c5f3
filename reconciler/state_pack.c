/*
 * New objects go into packs: a first record of 100,000 accounts as loose files would take
 * several times as long and 400 MB. libgit2 keeps the objects in memory (mempack) until a
 * packbuilder that was given exactly these has compressed them and an indexer has written pack
 * and index.
 */
#include "state_internal.h"

#include "base/os.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>

enum {
	WAITING_MAX = 200 * 1000, /* objects … */
	WAITING_BYTES = 96 << 20, /* … and their bytes: bounds the memory of a large record */
	PIECE = 4096,
};

int state_pack_add(struct state_pack *pack, git_object_t type, struct str bytes,
		   const git_oid *before, git_oid *id, struct err *err)
{
	struct state *state = pack->state;
	git_odb_backend *memory = state->memory;

	if (git_odb_hash(id, bytes.ptr, bytes.len, type) < 0)
		return state_git_error(err, "%s: cannot add an object", state->path);
	if (before && git_oid_equal(id, before))
		return 0;
	/* Not git_odb_write(): it looks for the object in all packs anew each time. */
	if ((!pack->builder && git_packbuilder_new(&pack->builder, state->repo) < 0) ||
	    memory->write(memory, id, bytes.ptr, bytes.len, type) < 0 ||
	    git_packbuilder_insert(pack->builder, id, NULL) < 0)
		return state_git_error(err, "%s: cannot add an object", state->path);
	pack->count++;
	pack->bytes += bytes.len;
	if (pack->count >= WAITING_MAX || pack->bytes >= WAITING_BYTES)
		return state_pack_flush(pack, err);
	return 0;
}

struct pieces {
	git_indexer *indexer;
	git_indexer_progress progress;
	size_t used;
	char bytes[PIECE];
};

static int append(struct pieces *pieces)
{
	int status = 0;

	if (pieces->used > 0)
		status = git_indexer_append(pieces->indexer, pieces->bytes, pieces->used,
					    &pieces->progress);
	pieces->used = 0;
	return status;
}

/*
 * The indexer writes through a mapping of the file and has the disk's consent for the last page
 * of each piece only; on a full disk a larger piece would end in SIGBUS. It is also quicker
 * than one call for each object.
 */
static int add_piece(void *data, size_t size, void *context)
{
	struct pieces *pieces = context;
	const char *from = data;

	while (size > 0) {
		size_t part = PIECE - pieces->used;

		if (part > size)
			part = size;
		memcpy(pieces->bytes + pieces->used, from, part);
		pieces->used += part;
		from += part;
		size -= part;
		if (pieces->used == PIECE && append(pieces) < 0)
			return -1;
	}
	return 0;
}

/* What a process that was killed has left: nobody else writes while we hold the lock. */
static void remove_leftovers(struct arena *arena, struct str folder)
{
	struct err ignored = ERR_INIT;
	struct str *paths;
	size_t count;

	if (os_glob(arena, os_join(arena, folder, STR("pack_git2_*")).ptr, &paths, &count,
		    &ignored) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		unlink(paths[i].ptr);
}

/* `name` is the pack's: "pack-NAME.pack". */
static int write_pack(struct state_pack *pack, const char *folder,
		      char name[STATE_PACK_NAME_SIZE])
{
	git_indexer_options options = {.version = GIT_INDEXER_OPTIONS_VERSION};
	struct pieces pieces = {.used = 0};
	int status = git_indexer_new(&pieces.indexer, folder, 0, pack->state->odb, &options);

	if (status == 0)
		status = git_packbuilder_foreach(pack->builder, add_piece, &pieces);
	if (status == 0)
		status = append(&pieces);
	if (status == 0)
		status = git_indexer_commit(pieces.indexer, &pieces.progress);
	if (status == 0)
		snprintf(name, STATE_PACK_NAME_SIZE, "%s", git_indexer_name(pieces.indexer));
	/* Without the commit this also removes the file. */
	git_indexer_free(pieces.indexer);
	return status;
}

int state_pack_write(struct state_pack *pack, char name[STATE_PACK_NAME_SIZE], struct err *err)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct state *state = pack->state;
	struct str folder = os_join(&arena, str_of(state->path), STR("objects/pack"));
	int status = 0;

	remove_leftovers(&arena, folder);
	os_fault("pack");
	if (write_pack(pack, folder.ptr, name) < 0)
		status = state_git_error(err, "%s: cannot write a pack", state->path);
	os_fault("pack");
	state_pack_release(pack);
	return status;
}

int state_pack_flush(struct state_pack *pack, struct err *err)
{
	char name[STATE_PACK_NAME_SIZE];

	return pack->builder ? state_pack_write(pack, name, err) : 0;
}

void state_pack_release(struct state_pack *pack)
{
	git_packbuilder_free(pack->builder);
	git_mempack_reset(pack->state->memory);
	*pack = (struct state_pack){.state = pack->state};
}
