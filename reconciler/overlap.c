/* What two sources both say of the same accounts. */
#include "pipeline.h"

/* A name that two sources map is either meant so or a slip: of each account the first one counts. */
static void compare(struct buf *out, const struct config_source *first,
		    const struct config_source *second, enum account_kind kind)
{
	unsigned both = config_source_maps(first, kind) & config_source_maps(second, kind) &
			~(first->adds | second->adds | ATTR_ADDRESS);
	bool some = false;

	for (unsigned bit = 0; bit < ATTR_COUNT; bit++) {
		if (!(both & 1u << bit))
			continue;
		if (!some)
			buf_addf(out,
				 "note sources: '%.*s' and '%.*s' both map, for %s accounts: ",
				 STR_FMT(first->name), STR_FMT(second->name), kind_names[kind]);
		buf_addf(out, "%s%s", some ? ", " : "", attribute_names[bit]);
		some = true;
	}
	if (some)
		buf_addf(out,
			 "; where both have a value, that of '%.*s' counts. If that is not "
			 "meant, take it out of one map, or say what a source may 'manage'\n",
			 STR_FMT(first->name));
}

void sources_overlap(const struct config *config, struct buf *out)
{
	for (size_t i = 0; i < config->source_count; i++) {
		for (size_t j = i + 1; j < config->source_count; j++) {
			for (unsigned kind = 0; kind < KIND_COUNT; kind++)
				compare(out, &config->sources[i], &config->sources[j],
					(enum account_kind)kind);
		}
	}
}
