/* bench_read ZSCTL.YAML: reads and maps the sources of a configuration, and prints what that cost. */
#include "base/os.h"
#include "provider.h"

#include <stdlib.h>
#include <sys/resource.h>

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct config config;
	struct diags diags = DIAGS_INIT;
	struct err err = ERR_INIT;
	struct sym_pool names = SYM_POOL_INIT;
	struct entries entries = ENTRIES_INIT;
	struct source *source = NULL;
	struct rusage before, after;
	size_t delegates = 0;
	uint64_t began;

	if (argc != 2 || base_init(&err) || config_load(&config, argv[1], &diags) < 0) {
		fprintf(stderr, "usage: bench_read ZSCTL.YAML, which must be valid\n");
		return 64;
	}
	getrusage(RUSAGE_SELF, &before);
	began = os_monotonic_ms();
	for (uint32_t i = 0; i < config.source_count; i++) {
		const struct source_input input = {.names = &names, .today = date_of(os_now())};

		if (source_open(&source, &config, i, &err) < 0 ||
		    source->ops->read(source, &input, &entries, &diags, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		source_free(source);
	}
	getrusage(RUSAGE_SELF, &after);
	for (size_t i = 0; i < entries.count; i++)
		delegates += entries.items[i].account.delegates.count;
	printf("%zu entries, %zu delegations, %.2f s, %.2f s cpu, %ld MB\n", entries.count,
	       delegates, (double)(os_monotonic_ms() - began) / 1e3,
	       seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) -
		       seconds(before.ru_stime),
	       after.ru_maxrss / 1024);
	entries_release(&entries);
	sym_pool_release(&names);
	config_release(&config);
	diags_release(&diags);
	return 0;
}
