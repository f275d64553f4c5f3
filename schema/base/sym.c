/*
 * The table holds pointers only: with a million accounts there are some ten million symbols, and
 * an entry that repeats hash and length would cost more memory than it saves time.
 */
#include "str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 64, AHEAD = 8 };

/* The slot that holds `text`, or the empty one where it belongs. */
static size_t find_slot(const struct sym_pool *pool, struct str text, uint32_t hash)
{
	size_t mask = pool->slot_count - 1;
	size_t i = hash & mask;

	for (;; i = (i + 1) & mask) {
		const struct sym *sym = pool->slots[i];

		if (!sym || (sym->hash == hash && str_eq(sym_str(sym), text)))
			return i;
	}
}

static void grow(struct sym_pool *pool)
{
	size_t old_count = pool->slot_count;
	const struct sym **old = pool->slots;
	size_t mask;

	pool->slot_count = old_count ? old_count * 2 : SLOTS_FIRST;
	pool->slots = mem_calloc(pool->slot_count, sizeof(*pool->slots));
	mask = pool->slot_count - 1;
	for (size_t i = 0; i < old_count; i++) {
		/* Symbols lie in order of creation, not of hash: each is a cache miss. */
		if (i + AHEAD < old_count && old[i + AHEAD])
			__builtin_prefetch(old[i + AHEAD]);
		if (old[i]) {
			size_t at = old[i]->hash & mask;

			while (pool->slots[at])
				at = (at + 1) & mask;
			pool->slots[at] = old[i];
		}
	}
	free(old);
}

const struct sym *sym_get(struct sym_pool *pool, struct str text)
{
	uint32_t hash = (uint32_t)str_hash(text);
	struct sym *sym;
	size_t slot;

	assert(text.len < UINT32_MAX && pool->count < UINT32_MAX);
	/* At most three quarters full. */
	if (pool->count >= pool->slot_count - pool->slot_count / 4)
		grow(pool);
	slot = find_slot(pool, text, hash);
	if (pool->slots[slot])
		return pool->slots[slot];
	sym = arena_alloc_aligned(&pool->arena, offsetof(struct sym, text) + text.len + 1,
				  _Alignof(struct sym));
	sym->number = pool->count++;
	sym->hash = hash;
	sym->len = (uint32_t)text.len;
	if (text.len > 0)
		memcpy(sym->text, text.ptr, text.len);
	pool->slots[slot] = sym;
	return sym;
}

const struct sym *sym_find(const struct sym_pool *pool, struct str text)
{
	if (pool->slot_count == 0)
		return NULL;
	return pool->slots[find_slot(pool, text, (uint32_t)str_hash(text))];
}

void sym_pool_release(struct sym_pool *pool)
{
	free(pool->slots);
	arena_release(&pool->arena);
	*pool = (struct sym_pool){.slots = NULL};
}

struct str sym_str(const struct sym *sym)
{
	return sym ? (struct str){sym->text, sym->len} : STR_NONE;
}

int sym_cmp(const struct sym *a, const struct sym *b)
{
	if (a == b)
		return 0;
	if (!a || !b)
		return a ? 1 : -1;
	return str_cmp(sym_str(a), sym_str(b));
}
