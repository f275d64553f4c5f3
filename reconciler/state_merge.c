/*
 * Each commit makes a pack, and reading looks through all of them: after some years a record
 * would be slow, and open more files than it may. So from time to time the small packs become
 * one, as `git repack --geometric` does it. Nothing is lost when it is cut off: the old packs
 * go last.
 */
#include "state_internal.h"

#include "base/os.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <git2/sys/odb_backend.h>

enum {
	SMALL_PACK = 4 << 20, /* bytes */
	MERGED_AT_LEAST = 48, /* small packs; fewer are left alone */
	MERGED_BYTES = 32 << 20,
};

struct small_pack {
	struct str path; /* without ".pack" */
	uint64_t size;
};

struct small_packs {
	struct arena arena;
	struct small_pack *items;
	size_t count, capacity;
};

static bool has_companion(struct arena *arena, struct str path)
{
	static const char *const suffixes[] = {".keep", ".bitmap", ".mtimes", ".promisor"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (os_exists(arena_strf(arena, "%.*s%s", STR_FMT(path), suffixes[i]).ptr))
			return true;
	}
	return false;
}

/* What somebody has arranged with git's own tools is left to these. */
static void find_small_packs(struct small_packs *packs, struct str folder)
{
	DIR *dir = opendir(folder.ptr);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		struct str name = str_of(entry->d_name), path;
		struct small_pack *pack;
		struct stat status;

		if (str_is(name, "multi-pack-index")) {
			packs->count = 0;
			break;
		}
		if (!str_starts(name, "pack-") || !str_ends(name, ".pack"))
			continue;
		path = os_join(&packs->arena, folder, name);
		if (stat(path.ptr, &status) < 0 || status.st_size >= SMALL_PACK)
			continue;
		path.len -= strlen(".pack");
		if (has_companion(&packs->arena, path))
			continue;
		pack = vec_push(packs);
		pack->path = path;
		pack->size = (uint64_t)status.st_size;
	}
	closedir(dir);
}

static int size_cmp(const void *a, const void *b)
{
	const struct small_pack *left = a, *right = b;

	return (left->size > right->size) - (left->size < right->size);
}

static int add_object(const git_oid *id, void *context)
{
	return git_packbuilder_insert(context, id, NULL);
}

/* All objects of one pack. */
static int add_pack(git_packbuilder *builder, const char *index)
{
	git_odb_backend *backend = NULL;
	git_odb *odb = NULL;
	int status = git_odb_new(&odb);

	if (status == 0)
		status = git_odb_backend_one_pack(&backend, index);
	if (status == 0)
		status = git_odb_add_backend(odb, backend, 1);
	if (status == 0)
		status = git_odb_foreach(odb, add_object, builder);
	git_odb_free(odb);
	return status;
}

/* The index first: without it git does not know the pack. */
static void remove_pack(struct arena *arena, struct str path)
{
	static const char *const suffixes[] = {".idx", ".rev", ".pack"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		unlink(arena_strf(arena, "%.*s%s", STR_FMT(path), suffixes[i]).ptr);
}

static void merge(struct state *state, struct small_packs *packs)
{
	struct state_pack pack = {.state = state};
	char name[STATE_PACK_NAME_SIZE];
	struct err ignored = ERR_INIT;
	int status = git_packbuilder_new(&pack.builder, state->repo);

	for (size_t i = 0; i < packs->count && status == 0; i++)
		status = add_pack(pack.builder, arena_strf(&packs->arena, "%.*s.idx",
							   STR_FMT(packs->items[i].path))
							.ptr);
	if (status == 0)
		status = state_pack_write(&pack, name, &ignored);
	state_pack_release(&pack);
	if (status < 0)
		return;
	os_fault("pack-merge");
	for (size_t i = 0; i < packs->count; i++) {
		/* One of them may have held all the others. */
		if (!str_ends(packs->items[i].path, name))
			remove_pack(&packs->arena, packs->items[i].path);
	}
	os_fault("pack-merge");
	git_odb_refresh(state->odb);
}

void state_merge_packs(struct state *state)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct small_packs packs = {.items = NULL};
	uint64_t bytes = 0;
	size_t count = 0;

	find_small_packs(&packs, os_join(&arena, str_of(state->path), STR("objects/pack")));
	if (packs.count > 1)
		qsort(packs.items, packs.count, sizeof(*packs.items), size_cmp);
	while (count < packs.count && bytes < MERGED_BYTES)
		bytes += packs.items[count++].size;
	if (packs.count >= MERGED_AT_LEAST && count > 1) {
		packs.count = count;
		merge(state, &packs);
	}
	free(packs.items);
	arena_release(&packs.arena);
}
