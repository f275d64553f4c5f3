#include "arena.h"

#include "err.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef ZSCTL_SANITIZE
/* Everything not handed out is poisoned, with a gap behind each piece: overruns are found. */
#include <sanitizer/asan_interface.h>
enum { GAP = 8, ALIGNMENT_MIN = 8 };
#define POISON(ptr, size) ASAN_POISON_MEMORY_REGION(ptr, size)
#define UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION(ptr, size)
#else
enum { GAP = 0, ALIGNMENT_MIN = 1 };
#define POISON(ptr, size) ((void)0)
#define UNPOISON(ptr, size) ((void)0)
#endif

enum { HUGE_PAGE = 2 << 20, SMALL_PAGE = 4096, PAGE_FIRST = 4096 - 64, ALIGNMENT_ANY = 16 };

/* The bytes behind `used` are zero. */
struct arena_page {
	struct arena_page *next;
	size_t size, used;
	size_t unused; /* keeps `bytes` at a multiple of 16 */
	unsigned char bytes[];
};

/* With its head it fills one huge page. */
#define PAGE_LARGEST (HUGE_PAGE - sizeof(struct arena_page))

/*
 * Large tables are read here and there, and in huge pages most of what that costs falls away. A
 * hint, for memory that has not been touched yet.
 */
static void prefer_huge_pages(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
	madvise(memory, size, MADV_HUGEPAGE);
#endif
}

#ifdef ZSCTL_SANITIZE
/* The sanitizer only looks for pointers in what was allocated. */
static bool is_mapped(size_t total)
{
	(void)total;
	return false;
}
#else
static bool is_mapped(size_t total)
{
	return total > HUGE_PAGE - PAGE_FIRST;
}
#endif

/* Zeroed; *total grows to whole huge pages, at whose border it starts. */
static void *map_huge(size_t *total)
{
	size_t size = (*total + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
	unsigned char *memory = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (memory == MAP_FAILED)
		err_out_of_memory();
	before = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
	if (before > 0)
		munmap(memory, before);
	munmap(memory + before + size, HUGE_PAGE - before);
	prefer_huge_pages(memory + before, size);
	*total = size;
	return memory + before;
}

static struct arena_page *page_new(size_t size)
{
	size_t total = sizeof(struct arena_page) + size;
	struct arena_page *page;

	if (size > SIZE_MAX / 2)
		err_out_of_memory();
	page = is_mapped(total) ? map_huge(&total) : calloc(1, total);
	if (!page)
		err_out_of_memory();
	page->size = total - sizeof(*page);
	POISON(page->bytes, page->size);
	return page;
}

static void page_free(struct arena_page *page)
{
	size_t total = sizeof(*page) + page->size;

	UNPOISON(page->bytes, page->size);
	if (is_mapped(total))
		munmap(page, total);
	else
		free(page);
}

static void *page_take(struct arena_page *page, size_t size, size_t alignment)
{
	size_t start = (page->used + alignment - 1) & ~(alignment - 1);

	/* size + GAP cannot overflow: arena_alloc_aligned() has checked it. */
	if (start > page->size || page->size - start < size + GAP)
		return NULL;
	page->used = start + size + GAP;
	UNPOISON(page->bytes + start, size);
	return page->bytes + start;
}

void *arena_alloc_aligned(struct arena *arena, size_t size, size_t alignment)
{
	struct arena_page *head = arena->pages;
	struct arena_page *page;
	size_t next = PAGE_FIRST;
	void *piece;

	if (alignment < ALIGNMENT_MIN)
		alignment = ALIGNMENT_MIN;
	if (size == 0)
		size = 1;
	if (size > SIZE_MAX / 2)
		err_out_of_memory();
	if (head) {
		piece = page_take(head, size, alignment);
		if (piece)
			return piece;
		next = head->size < PAGE_LARGEST / 2 ? head->size * 2 : PAGE_LARGEST;
	}
	if (head && size > next / 4) {
		/* A page of its own behind the newest, which still has room for small pieces. */
		page = page_new(size + GAP);
		page->next = head->next;
		head->next = page;
	} else {
		page = page_new(size + GAP > next ? size + GAP : next);
		page->next = head;
		arena->pages = page;
	}
	return page_take(page, size, alignment);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return arena_alloc_aligned(arena, size, ALIGNMENT_ANY);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
	/* sizeof is a multiple of the alignment, so its lowest bit is enough for any type. */
	size_t alignment = size & (~size + 1);
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		err_out_of_memory();
	if (alignment == 0 || alignment > ALIGNMENT_ANY)
		alignment = ALIGNMENT_ANY;
	return arena_alloc_aligned(arena, total, alignment);
}

bool arena_extend(struct arena *arena, const void *piece, size_t had, size_t wanted)
{
	struct arena_page *page = arena->pages;
	size_t start;

	if (!page || had == 0)
		return false;
	/* In another page it is somewhere else altogether. */
	start = (uintptr_t)piece - (uintptr_t)page->bytes;
	if (start >= page->used || start + had + GAP != page->used ||
	    page->size - start - GAP < wanted)
		return false;
	page->used = start + wanted + GAP;
	UNPOISON(page->bytes + start, wanted);
	return true;
}

static void pages_free(struct arena_page *page)
{
	while (page) {
		struct arena_page *next = page->next;

		page_free(page);
		page = next;
	}
}

void arena_reset(struct arena *arena)
{
	struct arena_page *page = arena->pages;

	if (!page)
		return;
	pages_free(page->next);
	page->next = NULL;
	UNPOISON(page->bytes, page->size);
	memset(page->bytes, 0, page->used);
	POISON(page->bytes, page->size);
	page->used = 0;
}

void arena_release(struct arena *arena)
{
	pages_free(arena->pages);
	arena->pages = NULL;
}

void arena_wipe(struct arena *arena)
{
	for (struct arena_page *page = arena->pages; page; page = page->next) {
		UNPOISON(page->bytes, page->size);
		explicit_bzero(page->bytes, page->used);
	}
	arena_release(arena);
}

void arena_join(struct arena *into, struct arena *from)
{
	struct arena_page **end = &into->pages;

	/* Behind the newest page, which still has room. */
	if (*end)
		end = &(*end)->next;
	for (struct arena_page *page = from->pages; page;) {
		struct arena_page *next = page->next;

		page->next = *end;
		*end = page;
		page = next;
	}
	from->pages = NULL;
}

/* All of the mapping that malloc made for it: hinted in part, it could not grow in its place. */
static void prefer_huge_block(void *memory, size_t size)
{
	size_t head = (uintptr_t)memory % SMALL_PAGE;

	if (size >= 2 * HUGE_PAGE)
		prefer_huge_pages((unsigned char *)memory - head,
				  head + malloc_usable_size(memory));
}

void *mem_alloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		err_out_of_memory();
	return memory;
}

void *mem_calloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		err_out_of_memory();
	prefer_huge_block(memory, count * size);
	return memory;
}

void *mem_realloc(void *old, size_t count, size_t size)
{
	size_t total;
	void *memory;

	if (__builtin_mul_overflow(count, size, &total))
		err_out_of_memory();
	memory = realloc(old, total ? total : 1);
	if (!memory)
		err_out_of_memory();
	prefer_huge_block(memory, total);
	return memory;
}

void *vec_grow(void **items, size_t *count, size_t *capacity, size_t size)
{
	unsigned char *element;

	if (*count == *capacity) {
		size_t wanted = *capacity ? *capacity + *capacity / 2 + 1 : 4;

		*items = mem_realloc(*items, wanted, size);
		*capacity = wanted;
	}
	element = (unsigned char *)*items + *count * size;
	memset(element, 0, size);
	++*count;
	return element;
}

void mem_free_indirect(void *pointer)
{
	free(*(void **)pointer);
}
