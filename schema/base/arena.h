/*
 * Arenas: one per stage. Everything in an arena lives until the arena is reset or released;
 * nothing in it is freed alone. Running out of memory ends the program (err_out_of_memory).
 */
#ifndef ZSCTL_ARENA_H
#define ZSCTL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_page;

struct arena {
	struct arena_page *pages; /* newest first */
};

#define ARENA_INIT            \
	{                     \
		.pages = NULL \
	}

/* Zeroed memory, aligned for any type. `size` 0 gives a unique pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* `count` zeroed elements; ends the program when the product overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
/* As arena_alloc, for objects of one alignment (a power of two): packs text without gaps. */
void *arena_alloc_aligned(struct arena *arena, size_t size, size_t alignment);
#define arena_new(arena, type) ((type *)arena_alloc_array((arena), 1, sizeof(type)))
#define arena_array(arena, type, count) \
	((type *)arena_alloc_array((arena), (count), sizeof(type)))

/* Makes the newest piece larger where it lies, zeroed behind what it had; false when it is not the newest, or its
 * page has no room. */
bool arena_extend(struct arena *arena, const void *piece, size_t had, size_t wanted);

/* Forgets all contents and keeps one page for reuse: for loops that need scratch per item. */
void arena_reset(struct arena *arena);
/* Frees everything; the arena is empty and usable again. */
void arena_release(struct arena *arena);
/* The same for an arena that held secrets: overwritten first. */
void arena_wipe(struct arena *arena);

/* What `from` holds belongs to `into` from now on; `from` is empty. */
void arena_join(struct arena *into, struct arena *from);

/* malloc family that ends the program instead of returning NULL. */
void *mem_alloc(size_t size);
void *mem_calloc(size_t count, size_t size);
void *mem_realloc(void *old, size_t count, size_t size);

/*
 * Growable arrays in one line: `vec` is a struct with members `items`, `count` and `capacity`
 * (size_t). The new last element is zeroed and returned. Free `items` with free().
 */
void *vec_grow(void **items, size_t *count, size_t *capacity, size_t size);
#define vec_push(vec)                                                              \
	((__typeof__((vec)->items))vec_grow((void **)&(vec)->items, &(vec)->count, \
					    &(vec)->capacity, sizeof(*(vec)->items)))

/* Scoped clean-up: `autofree char *text = …;` and `CLEANUP(arena_release) struct arena a = …`. */
#define CLEANUP(function) __attribute__((cleanup(function)))
void mem_free_indirect(void *pointer); /* frees *(void **)pointer */
#define autofree CLEANUP(mem_free_indirect)

#endif
