/* Every source of the configuration, read completely. */
#include "pipeline.h"

/* A source and what it said. */
struct reader {
	struct source *source;
	const struct source_input *input;
	struct entries entries;
	struct diags diags;
	struct err err;
	struct thread thread;
	int result;
};

struct readers {
	struct reader *items;
	uint32_t count;
};

static void readers_release(struct readers *readers)
{
	for (uint32_t i = 0; i < readers->count; i++) {
		source_free(readers->items[i].source);
		entries_release(&readers->items[i].entries);
		diags_release(&readers->items[i].diags);
	}
	free(readers->items);
}

/* What only says who may read whose mail has no account keys. */
static bool has_keys(const struct config_source *source)
{
	const unsigned manage = config_source_manage(source, KIND_USER);

	if (source->has && !(source->has & 1u << KIND_USER))
		return false;
	return manage == 0 || manage & ATTR_KEY;
}

static int open_all(struct readers *readers, const struct config *config,
		    const struct source_input *input, struct err *err)
{
	readers->items = mem_calloc(config->source_count, sizeof(*readers->items));
	for (uint32_t i = 0; i < config->source_count; i++) {
		struct reader *reader = &readers->items[readers->count];

		if (input->keys_only && !has_keys(&config->sources[i]))
			continue;
		*reader = (struct reader){.input = input,
					  .entries = ENTRIES_INIT,
					  .diags = DIAGS_INIT,
					  .err = ERR_INIT};
		if (source_open(&reader->source, config, i, err) < 0)
			return -1;
		readers->count++;
	}
	return 0;
}

static void read_into(struct reader *reader, struct entries *entries, struct diags *diags)
{
	reader->result = reader->source->ops->read(reader->source, reader->input, entries,
						   diags, &reader->err);
}

static int read_beside(void *context)
{
	struct reader *reader = context;

	read_into(reader, &reader->entries, &reader->diags);
	return reader->result;
}

/* The first failure, in the order of the configuration. */
static int outcome(const struct readers *readers, struct err *err)
{
	for (uint32_t i = 0; i < readers->count; i++) {
		if (readers->items[i].result == 0)
			continue;
		*err = readers->items[i].err;
		return -1;
	}
	return 0;
}

/* All of them, so that every finding in files comes out in one run. */
static int read_local(struct readers *readers, struct entries *entries, struct diags *diags,
		      struct err *err)
{
	for (uint32_t i = 0; i < readers->count; i++) {
		if (readers->items[i].source->ops->local)
			read_into(&readers->items[i], entries, diags);
	}
	return outcome(readers, err);
}

/* Those that wait for somebody, all at once; the first of them here. */
static void read_remote(struct readers *readers, struct entries *entries, struct diags *diags)
{
	struct reader *here = NULL;

	for (uint32_t i = 0; i < readers->count; i++) {
		struct reader *reader = &readers->items[i];

		if (reader->source->ops->local)
			continue;
		if (!here) {
			here = reader;
			continue;
		}
		reader->thread = (struct thread){.run = read_beside, .context = reader};
		thread_start(&reader->thread);
	}
	read_into(here, entries, diags);
	for (uint32_t i = 0; i < readers->count; i++) {
		struct reader *reader = &readers->items[i];

		if (reader == here || reader->source->ops->local)
			continue;
		thread_end(&reader->thread);
		entries_join(entries, &reader->entries);
		diags_join(diags, &reader->diags);
	}
}

static bool has_remote(const struct readers *readers)
{
	uint32_t i = 0;

	while (i < readers->count && readers->items[i].source->ops->local)
		i++;
	return i < readers->count;
}

int read_entries(const struct config *config, const struct source_input *input,
		 struct thread *beside, struct entries *entries, struct diags *diags,
		 struct err *err)
{
	CLEANUP(readers_release) struct readers readers = {.count = 0};

	if (open_all(&readers, config, input, err) < 0 ||
	    read_local(&readers, entries, diags, err) < 0)
		return -1;
	if (!has_remote(&readers))
		return 0;
	sym_share(input->names);
	if (beside)
		thread_start(beside);
	read_remote(&readers, entries, diags);
	if (beside)
		thread_end(beside);
	sym_unshare(input->names);
	return outcome(&readers, err);
}
