#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], 0);
}

static void gives_zeroed_aligned_memory(void **state)
{
	static const size_t sizes[] = {0,   1,    7,       8,       15,          16,
				       100, 4031, 4032,    5000,    300000,      1,
				       3,   17,   1048576, 2097152, 1048576 / 4, 9};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unsigned char *piece = arena_alloc(&arena, sizes[i]);

			assert_int_equal((uintptr_t)piece % 16, 0);
			assert_zero(piece, sizes[i]);
			memset(piece, 0xAA, sizes[i]);
		}
		/* What was written before must not come back. */
		arena_reset(&arena);
	}
}

static void keeps_pieces_apart(void **state)
{
	enum { COUNT = 5000 };
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	static unsigned char *pieces[COUNT];
	static size_t sizes[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		sizes[i] = i % 97 == 0 ? i * 7 : i % 41;
		pieces[i] = arena_alloc_aligned(&arena, sizes[i], (size_t)1 << i % 5);
		assert_int_equal((uintptr_t)pieces[i] % ((size_t)1 << i % 5), 0);
		memset(pieces[i], (int)(i & 0xFF), sizes[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], i & 0xFF);
}

static void aligns_arrays_by_their_type(void **state)
{
	struct pair {
		char name;
		uint64_t value;
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (int i = 0; i < 100; i++) {
		arena_alloc_aligned(&arena, 1, 1);
		assert_int_equal((uintptr_t)arena_array(&arena, struct pair, 3) %
					 _Alignof(struct pair),
				 0);
		arena_alloc_aligned(&arena, 1, 1);
		assert_int_equal(
			(uintptr_t)arena_new(&arena, long double) % _Alignof(long double), 0);
	}
}

static void extends_the_newest_piece(void **state)
{
	struct arena arena = ARENA_INIT;
	unsigned char *first, *second, *alone;

	(void)state;
	first = arena_alloc(&arena, 32);
	memset(first, 7, 32);
	assert_false(arena_extend(&arena, NULL, 0, 32));
	assert_true(arena_extend(&arena, first, 32, 96));
	assert_zero(first + 32, 64);
	assert_int_equal(first[31], 7);
	memset(first + 32, 7, 64);
	/* Not what it had, and then not the newest. */
	assert_false(arena_extend(&arena, first, 32, 128));
	second = arena_alloc(&arena, 16);
	assert_zero(second, 16);
	assert_true(second >= first + 96);
	assert_false(arena_extend(&arena, first, 96, 128));
	assert_true(arena_extend(&arena, second, 16, 24));
	/* No page has that room. */
	assert_false(arena_extend(&arena, second, 24, (size_t)64 << 20));
	assert_false(arena_extend(&arena, second, 24, SIZE_MAX));
	/* One in a page of its own is not in the newest. */
	alone = arena_alloc(&arena, (size_t)4 << 20);
	assert_false(arena_extend(&arena, alone, (size_t)4 << 20, (size_t)8 << 20));
	assert_true(arena_extend(&arena, second, 24, 32));
	assert_int_equal(first[95], 7);
	arena_release(&arena);
}

static void grows_vectors(void **state)
{
	struct {
		int *items;
		size_t count, capacity;
	} numbers = {NULL, 0, 0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int *last = vec_push(&numbers);

		assert_int_equal(*last, 0);
		*last = i;
	}
	assert_int_equal(numbers.count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers.items[i], i);
	free(numbers.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory),
		cmocka_unit_test(keeps_pieces_apart),
		cmocka_unit_test(aligns_arrays_by_their_type),
		cmocka_unit_test(extends_the_newest_piece),
		cmocka_unit_test(grows_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
