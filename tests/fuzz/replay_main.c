/*
 * Runs a fuzz target over every file of the folders in its arguments, and over each file cut
 * short: what a fuzzer once found stays found. A folder that does not exist has no files.
 */
#include "base/os.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CUTS 16

/* A copy of its own for every call: the sanitizer then sees a read past the end. */
static void feed(struct str bytes)
{
	uint8_t *copy = mem_alloc(bytes.len);

	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	LLVMFuzzerTestOneInput(copy, bytes.len);
	free(copy);
}

static int replay(const char *folder, size_t *files)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct str pattern = arena_strf(&arena, "%s/*", folder), *paths;
	struct err err = ERR_INIT;
	size_t count;

	if (os_glob(&arena, pattern.ptr, &paths, &count, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		struct buf bytes = BUF_INIT;

		if (os_read_file(paths[i].ptr, 16 << 20, &bytes, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			return -1;
		}
		for (size_t cut = 1; cut <= CUTS; cut++)
			feed((struct str){bytes.ptr, bytes.len * cut / CUTS});
		buf_release(&bytes);
		(*files)++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t files = 0;

	feed(STR(""));
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i], &files) < 0)
			return 1;
	}
	printf("%zu files replayed\n", files);
	return 0;
}
