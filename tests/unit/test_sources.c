/*
 * read_entries() over sources that are made here: which are read beside each other, and what comes of their
 * findings and failures.
 */
#include "base/os.h"
#include "pipeline.h"

#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SOURCES_MOST = 4, ENTRIES_EACH = 20000 };

/* What a source of this test does. */
struct plot {
	bool local;
	bool fails, finds;
	bool meets;       /* waits until all others that meet have come */
	unsigned address; /* of its first entry */
	pthread_t thread; /* that read it */
	bool read;
};

static struct {
	struct plot plots[SOURCES_MOST];
	sem_t go;
	unsigned meeting;
	bool late;
} stage;

/* A minute is for ever: whoever waits in vain ends the test, not the patience of others. */
static void wait_for(sem_t *semaphore)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 60;
	while (sem_timedwait(semaphore, &end) < 0) {
		if (errno == EINTR)
			continue;
		stage.late = true;
		return;
	}
}

/* The last one to come lets everybody go. */
static void meet(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned here;
	bool last;

	pthread_mutex_lock(&lock);
	last = ++here == stage.meeting;
	if (last)
		here = 0;
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; last && i < stage.meeting; i++)
		sem_post(&stage.go);
	wait_for(&stage.go);
}

static int read_source(struct source *source, const struct source_input *input,
		       struct entries *entries, struct diags *diags, struct err *err)
{
	struct plot *plot = &stage.plots[source->index];
	char text[64];

	plot->thread = pthread_self();
	plot->read = true;
	if (plot->meets)
		meet();
	if (plot->finds)
		diag_error(diags, STR("file"), source->index + 1, 0, "a finding");
	if (plot->fails || plot->finds)
		return err_set(err, ERR_FAILED, "source %u fails", source->index);
	for (unsigned i = 0; i < ENTRIES_EACH; i++) {
		struct entry *entry = vec_push(entries);

		snprintf(text, sizeof(text), "u%u@example.org", plot->address + i);
		entry->source = source->index;
		entry->account.address = sym_get(input->names, str_of(text));
		entry->account.aliases.items = arena_array(&entries->arena, const struct sym *,
							   1);
		entry->account.aliases.count = 1;
		snprintf(text, sizeof(text), "a%u@example.org", plot->address + i);
		entry->account.aliases.items[0] = sym_get(input->names, str_of(text));
	}
	return 0;
}

static void free_source(struct source *source)
{
	free(source);
}

static const struct source_ops local_ops = {
	.local = true, .read = read_source, .free = free_source};
static const struct source_ops remote_ops = {.read = read_source, .free = free_source};

/* In the place of the real one: see the linker's --wrap. */
int __wrap_source_open(struct source **source, const struct config *config, uint32_t index,
		       struct err *err);
int __wrap_source_open(struct source **source, const struct config *config, uint32_t index,
		       struct err *err)
{
	(void)err;
	*source = mem_calloc(1, sizeof(**source));
	(*source)->ops = stage.plots[index].local ? &local_ops : &remote_ops;
	(*source)->config = &config->sources[index];
	(*source)->index = index;
	return 0;
}

struct outcome {
	int result;
	struct sym_pool names;
	struct entries entries;
	struct diags diags;
	struct err err;
	struct thread beside;
	pthread_t beside_thread;
};

static int run_beside(void *context)
{
	struct outcome *outcome = context;

	outcome->beside_thread = pthread_self();
	meet();
	for (unsigned i = 0; i < ENTRIES_EACH; i++) {
		char text[64];

		snprintf(text, sizeof(text), "u%u@example.org", i);
		sym_get(&outcome->names, str_of(text));
	}
	return 7;
}

static void read_all(struct outcome *outcome, size_t count, bool beside)
{
	static struct config_source sources[SOURCES_MOST];
	const struct config config = {.sources = sources, .source_count = count};
	const struct source_input input = {.names = &outcome->names};

	*outcome =
		(struct outcome){.entries = ENTRIES_INIT, .diags = DIAGS_INIT, .err = ERR_INIT};
	outcome->beside = (struct thread){.run = run_beside, .context = outcome};
	outcome->result = read_entries(&config, &input, beside ? &outcome->beside : NULL,
				       &outcome->entries, &outcome->diags, &outcome->err);
	assert_false(stage.late);
	assert_null(outcome->names.lock);
}

static void release(struct outcome *outcome)
{
	entries_release(&outcome->entries);
	diags_release(&outcome->diags);
	sym_pool_release(&outcome->names);
}

static void set_stage(unsigned meeting, const struct plot plots[SOURCES_MOST])
{
	memcpy(stage.plots, plots, sizeof(stage.plots));
	sem_init(&stage.go, 0, 0);
	stage.meeting = meeting;
}

/* Three sources and the target: none of them ends before all have begun. */
static void reads_remote_ones_at_once(void **state)
{
	struct outcome outcome;
	size_t counts[SOURCES_MOST] = {0};

	(void)state;
	set_stage(4, (const struct plot[SOURCES_MOST]){
			     {.meets = true, .address = 0},
			     {.local = true, .address = 5000},
			     {.meets = true, .address = 10000},
			     {.meets = true, .address = 15000},
		     });
	read_all(&outcome, 4, true);
	assert_int_equal(outcome.result, 0);
	assert_true(outcome.beside.started);
	assert_int_equal(outcome.beside.result, 7);
	assert_int_equal(outcome.entries.count, 4 * ENTRIES_EACH);
	/* Equal text is one symbol, whichever threads came first. */
	assert_int_equal(outcome.names.count, 2 * (15000 + ENTRIES_EACH));
	for (size_t i = 0; i < outcome.entries.count; i++) {
		const struct entry *entry = &outcome.entries.items[i];

		assert_ptr_equal(entry->account.address,
				 sym_find(&outcome.names, sym_str(entry->account.address)));
		assert_string_equal(entry->account.aliases.items[0]->text + 1,
				    entry->account.address->text + 1);
		counts[entry->source]++;
	}
	for (size_t i = 0; i < SOURCES_MOST; i++)
		assert_int_equal(counts[i], ENTRIES_EACH);
	/* One of them, and what lies beside the configuration, are read here. */
	assert_true(pthread_equal(stage.plots[0].thread, pthread_self()));
	assert_true(pthread_equal(stage.plots[1].thread, pthread_self()));
	assert_false(pthread_equal(stage.plots[2].thread, pthread_self()));
	assert_false(pthread_equal(stage.plots[3].thread, stage.plots[2].thread));
	assert_false(pthread_equal(outcome.beside_thread, pthread_self()));
	release(&outcome);
}

/* There is nobody to wait for. */
static void starts_nothing_for_local_ones(void **state)
{
	struct outcome outcome;

	(void)state;
	set_stage(0, (const struct plot[SOURCES_MOST]){{.local = true}, {.local = true}});
	read_all(&outcome, 2, true);
	assert_int_equal(outcome.result, 0);
	assert_false(outcome.beside.started);
	assert_int_equal(outcome.entries.count, 2 * ENTRIES_EACH);
	release(&outcome);
}

/* Findings cost no waiting; all local sources have theirs. */
static void asks_nobody_when_files_are_wrong(void **state)
{
	struct outcome outcome;

	(void)state;
	set_stage(0, (const struct plot[SOURCES_MOST]){
			     {.local = false},
			     {.local = true, .finds = true},
			     {.local = true},
			     {.local = true, .finds = true},
		     });
	read_all(&outcome, 4, true);
	assert_int_equal(outcome.result, -1);
	assert_string_equal(outcome.err.text, "source 1 fails");
	assert_int_equal(outcome.diags.errors, 2);
	assert_false(stage.plots[0].read);
	assert_true(stage.plots[3].read);
	assert_false(outcome.beside.started);
	release(&outcome);
}

/* Whoever fails first by the clock: the configuration's order decides what is said. */
static void says_the_first_failure(void **state)
{
	struct outcome outcome;

	(void)state;
	set_stage(0, (const struct plot[SOURCES_MOST]){
			     {.local = false},
			     {.local = false, .fails = true, .finds = true},
			     {.local = true},
			     {.local = false, .fails = true},
		     });
	read_all(&outcome, 4, false);
	assert_int_equal(outcome.result, -1);
	assert_string_equal(outcome.err.text, "source 1 fails");
	assert_int_equal(outcome.diags.errors, 1);
	assert_string_equal(outcome.diags.items[0].message.ptr, "a finding");
	release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_remote_ones_at_once),
		cmocka_unit_test(starts_nothing_for_local_ones),
		cmocka_unit_test(asks_nobody_when_files_are_wrong),
		cmocka_unit_test(says_the_first_failure),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
