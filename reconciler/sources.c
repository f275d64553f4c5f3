/* Every source of the configuration, read completely. */
#include "pipeline.h"

int read_entries(const struct config *config, int32_t today, struct sym_pool *names,
		 struct entries *entries, struct diags *diags, struct err *err)
{
	const struct source_input input = {.names = names, .today = today};
	int failed = 0;

	/* All of them, so that every finding in declared files comes out in one run. */
	for (uint32_t i = 0; i < config->source_count; i++) {
		struct source *source = NULL;
		struct err problem = ERR_INIT;
		int bad = source_open(&source, config, i, &problem);

		if (!bad)
			bad = source->ops->read(source, &input, entries, diags, &problem);
		source_free(source);
		if (bad && !failed)
			*err = problem;
		failed = failed || bad;
	}
	return failed ? -1 : 0;
}
