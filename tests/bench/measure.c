/*
 * Times single stages that no command isolates:
 *
 *     bench_measure record CONFIG STATE    records every account of the target in a new repository
 *                                          at STATE, then a run of 100 changes on top
 *     bench_measure read PLAN              reads a plan file
 *
 * Prints one line per stage: name, wall seconds, CPU seconds, peak memory in MiB.
 */
#include "base/os.h"
#include "planner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct clock {
	uint64_t wall;
	double cpu;
};

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static struct clock start(void)
{
	return (struct clock){os_monotonic_ms(), cpu_seconds()};
}

static void stop(const char *name, struct clock since)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("%s %.3f %.3f %.0f\n", name, (double)(os_monotonic_ms() - since.wall) / 1e3,
	       cpu_seconds() - since.cpu, (double)usage.ru_maxrss / 1024);
	fflush(stdout);
}

static int fail(const struct err *err)
{
	fprintf(stderr, "bench_measure: %s\n", err->text);
	return 1;
}

static int by_account(const void *a, const void *b)
{
	return account_cmp(&((const struct recorded_account *)a)->account,
			   &((const struct recorded_account *)b)->account);
}

static void record_of(const struct accounts *accounts, struct recorded *recorded)
{
	recorded->items = mem_calloc(accounts->count, sizeof(*recorded->items));
	recorded->count = recorded->capacity = accounts->count;
	for (size_t i = 0; i < accounts->count; i++) {
		recorded->items[i] = (struct recorded_account){.account = accounts->items[i],
							       .desired_since = 20000,
							       .suspended_since = DATE_NONE};
	}
	qsort(recorded->items, recorded->count, sizeof(*recorded->items), by_account);
}

static int commit(struct state *state, const struct recorded *recorded,
		  const struct recorded_account *const *write, size_t count,
		  const char *message, char head[COMMIT_TEXT_SIZE], struct err *err)
{
	struct state_commit making = {.expected_head = head,
				      .message = str_of(message),
				      .author = STR("bench@example.org"),
				      .time = 1800000000,
				      .write = write,
				      .write_count = count};
	char next[COMMIT_TEXT_SIZE];
	if (state_commit(state, &making, recorded, next, err) < 0)
		return -1;
	memcpy(head, next, sizeof(next));
	return 0;
}

static int record_all(struct state *state, struct recorded *recorded, struct sym_pool *names,
		      struct err *err)
{
	const struct recorded_account **write = mem_calloc(recorded->count + 1, sizeof(*write));
	for (size_t i = 0; i < recorded->count; i++)
		write[i] = &recorded->items[i];
	char head[COMMIT_TEXT_SIZE] = "";
	struct clock since = start();
	int failed = commit(state, recorded, write, recorded->count, "observed all", head, err);
	stop("first_record", since);

	/* A run of 100 changes: begin, and end with 100 accounts that are spread over the folders. */
	size_t changed = 0;
	for (size_t i = 0; changed < 100 && changed < recorded->count; changed++) {
		recorded->items[i].account.name = sym_get(names, STR("Changed Name"));
		write[changed] = &recorded->items[i];
		i = (i + recorded->count / 100 + 1) % recorded->count;
	}
	since = start();
	if (!failed)
		failed = commit(state, NULL, NULL, 0, "begin bench", head, err);
	if (!failed)
		failed = commit(state, recorded, write, changed, "end bench: 100 updated", head,
				err);
	stop("record_100", since);
	free(write);
	return failed;
}

static int measure_record(const char *config_path, const char *state_path)
{
	struct err err = ERR_INIT;
	struct config config;
	struct diags diags = DIAGS_INIT;
	struct target *target = NULL;
	struct state *state = NULL;
	struct sym_pool names = SYM_POOL_INIT;
	struct accounts accounts = ACCOUNTS_INIT;
	struct recorded recorded;
	recorded_init(&recorded);
	int failed = 0;
	if (config_load(&config, config_path, &diags) < 0)
		failed = err_set(&err, ERR_FAILED, "%s has errors", config_path);
	if (!failed)
		failed = target_open(&target, &config, &err);
	if (!failed)
		failed = target->ops->list(target, &names, &accounts, &err);
	if (!failed)
		failed = state_open(&state, state_path, true, &err);
	if (!failed) {
		record_of(&accounts, &recorded);
		failed = record_all(state, &recorded, &names, &err);
	}
	state_free(state);
	target_free(target);
	recorded_release(&recorded);
	accounts_release(&accounts);
	sym_pool_release(&names);
	config_release(&config);
	diags_release(&diags);
	return failed ? fail(&err) : 0;
}

static int measure_read(const char *path)
{
	struct err err = ERR_INIT;
	struct plan plan;
	plan_init(&plan);
	struct clock since = start();
	int failed = plan_read_file(&plan, path, NULL, &err);
	stop("plan_read", since);
	plan_release(&plan);
	return failed ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	if (base_init(&err) < 0)
		return fail(&err);
	if (argc == 4 && !strcmp(argv[1], "record"))
		return measure_record(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "read"))
		return measure_read(argv[2]);
	fputs("usage: bench_measure record CONFIG STATE | read PLAN\n", stderr);
	return ERR_USAGE;
}
