/*
 * With a million accounts there are some ten million symbols, and what a look-up costs is cache
 * misses. So a slot holds the whole hash, which tells nearly all other symbols apart without
 * looking at them, and a reference of four bytes: where the text lies, in units of four, in chunks
 * that never move. A slot is as small as a pointer, and growing the table touches no symbol.
 */
#include "str.h"

#include "err.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOTS_FIRST = 64,
	SLOTS_FAR = 1 << 14,   /* a table of fewer is in the processor's cache anyway */
	UNIT = 4,              /* bytes; the alignment of a symbol */
	CHUNK_BITS = 19,       /* units in a chunk: 2 MiB … */
	CHUNK_FIRST = 1 << 14, /* … but for the first */
	CHUNK_ROOM = (1 << CHUNK_BITS) - 64, /* with an arena's own words, no more than that */
	CHUNKS_MOST = 1 << (32 - CHUNK_BITS),
};

struct sym_slot {
	uint32_t hash;
	uint32_t ref; /* chunk and unit, plus 1; 0: empty */
};

static const struct sym *sym_at(const struct sym_pool *pool, uint32_t ref)
{
	uint32_t *chunk = pool->chunks[(ref - 1) >> CHUNK_BITS];

	return (const void *)(chunk + ((ref - 1) & ((1u << CHUNK_BITS) - 1)));
}

/* The slot that holds `text`, or the empty one where it belongs. */
static size_t find_slot(const struct sym_pool *pool, struct str text, uint32_t hash)
{
	size_t mask = pool->slot_count - 1;
	size_t i = hash & mask;

	for (;; i = (i + 1) & mask) {
		const struct sym_slot *slot = &pool->slots[i];

		if (!slot->ref ||
		    (slot->hash == hash && str_eq(sym_str(sym_at(pool, slot->ref)), text)))
			return i;
	}
}

static void grow(struct sym_pool *pool)
{
	size_t old_count = pool->slot_count;
	struct sym_slot *old = pool->slots;
	size_t mask;

	pool->slot_count = old_count ? old_count * 2 : SLOTS_FIRST;
	pool->slots = mem_calloc(pool->slot_count, sizeof(*pool->slots));
	mask = pool->slot_count - 1;
	for (size_t i = 0; i < old_count; i++) {
		size_t at = old[i].hash & mask;

		if (!old[i].ref)
			continue;
		while (pool->slots[at].ref)
			at = (at + 1) & mask;
		pool->slots[at] = old[i];
	}
	free(old);
}

static void add_chunk(struct sym_pool *pool, size_t units)
{
	if (pool->chunk_count % 64 == 0)
		pool->chunks = mem_realloc(pool->chunks, pool->chunk_count + 64,
					   sizeof(*pool->chunks));
	pool->chunks[pool->chunk_count++] = arena_alloc_aligned(&pool->arena, units * UNIT,
								UNIT);
}

/* Room for a symbol, zeroed, as a reference. */
static uint32_t take_units(struct sym_pool *pool, size_t units)
{
	uint32_t at;

	if (pool->chunk_count >= CHUNKS_MOST)
		err_out_of_memory();
	if (units > (1 << CHUNK_BITS) / 4) {
		/* A chunk of its own: nothing else is ever put into it. */
		add_chunk(pool, units);
		return ((pool->chunk_count - 1) << CHUNK_BITS) + 1;
	}
	if (units > pool->room) {
		pool->room = pool->chunk_count ? CHUNK_ROOM : CHUNK_FIRST;
		pool->room = pool->room < units ? (uint32_t)units : pool->room;
		pool->next = pool->chunk_count << CHUNK_BITS;
		add_chunk(pool, pool->room);
	}
	at = pool->next;
	pool->next += (uint32_t)units;
	pool->room -= (uint32_t)units;
	return at + 1;
}

/* --- several threads ---------------------------------------------------------------------- */

struct sym_lock {
	pthread_mutex_t mutex;
	unsigned users;
};

void sym_share(struct sym_pool *pool)
{
	pthread_mutexattr_t attributes;

	if (!pool->lock) {
		pool->lock = mem_calloc(1, sizeof(*pool->lock));
		pthread_mutexattr_init(&attributes);
		/* A look-up is over before a thread could be put to sleep and woken. */
		pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
		pthread_mutex_init(&pool->lock->mutex, &attributes);
		pthread_mutexattr_destroy(&attributes);
	}
	pool->lock->users++;
}

void sym_unshare(struct sym_pool *pool)
{
	if (--pool->lock->users)
		return;
	pthread_mutex_destroy(&pool->lock->mutex);
	free(pool->lock);
	pool->lock = NULL;
}

static void lock(const struct sym_pool *pool)
{
	if (pool->lock)
		pthread_mutex_lock(&pool->lock->mutex);
}

static void unlock(const struct sym_pool *pool)
{
	if (pool->lock)
		pthread_mutex_unlock(&pool->lock->mutex);
}

uint32_t sym_count(const struct sym_pool *pool)
{
	uint32_t count;

	lock(pool);
	count = pool->count;
	unlock(pool);
	return count;
}

/* --- looking up --------------------------------------------------------------------------- */

static const struct sym *get(struct sym_pool *pool, struct str text, uint32_t hash)
{
	struct sym_slot *slot;
	struct sym *sym;

	assert(text.len < UINT32_MAX && pool->count < UINT32_MAX);
	/* At most three quarters full. */
	if (pool->count >= pool->slot_count - pool->slot_count / 4)
		grow(pool);
	slot = &pool->slots[find_slot(pool, text, hash)];
	if (slot->ref)
		return sym_at(pool, slot->ref);
	slot->hash = hash;
	slot->ref = take_units(pool, (offsetof(struct sym, text) + text.len + UNIT) / UNIT);
	sym = (struct sym *)sym_at(pool, slot->ref);
	sym->number = pool->count++;
	sym->len = (uint32_t)text.len;
	if (text.len > 0)
		memcpy(sym->text, text.ptr, text.len);
	return sym;
}

const struct sym *sym_get(struct sym_pool *pool, struct str text)
{
	const uint32_t hash = (uint32_t)str_hash(text);
	const struct sym *sym;

	lock(pool);
	sym = get(pool, text, hash);
	unlock(pool);
	return sym;
}

static void expect(const struct sym_pool *pool, const uint32_t *hashes, size_t count)
{
	const size_t mask = pool->slot_count - 1;

	if (pool->slot_count < SLOTS_FAR)
		return;
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(&pool->slots[hashes[i] & mask]);
	for (size_t i = 0; i < count; i++) {
		size_t at = hashes[i] & mask;

		while (pool->slots[at].ref && pool->slots[at].hash != hashes[i])
			at = (at + 1) & mask;
		if (pool->slots[at].ref)
			__builtin_prefetch(sym_at(pool, pool->slots[at].ref));
	}
}

void sym_expect(const struct sym_pool *pool, const struct str *texts, size_t count)
{
	uint32_t hashes[SYM_EXPECT_MAX];

	if (!pool->lock && pool->slot_count < SLOTS_FAR)
		return;
	if (count > SYM_EXPECT_MAX)
		count = SYM_EXPECT_MAX;
	for (size_t i = 0; i < count; i++)
		hashes[i] = (uint32_t)str_hash(texts[i]);
	lock(pool);
	expect(pool, hashes, count);
	unlock(pool);
}

const struct sym *sym_find(const struct sym_pool *pool, struct str text)
{
	const uint32_t hash = (uint32_t)str_hash(text);
	const struct sym *sym = NULL;
	uint32_t ref;

	lock(pool);
	ref = pool->slot_count ? pool->slots[find_slot(pool, text, hash)].ref : 0;
	if (ref)
		sym = sym_at(pool, ref);
	unlock(pool);
	return sym;
}

void sym_pool_release(struct sym_pool *pool)
{
	free(pool->slots);
	free(pool->chunks);
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
