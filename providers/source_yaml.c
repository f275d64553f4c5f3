#include "source_yaml.h"

#include "base/os.h"

static int source_yaml_read(struct source *source, const struct source_input *input,
			    struct entries *entries, struct diags *diags, struct err *err)
{
	const struct config_source *config = source->config;
	size_t errors = diags->errors;

	if ((config->manage || config->adds ? declared_read_overlay : declared_read)(
		    config->path, config->name, source->index, input->today, input->names,
		    entries, diags) == 0)
		return 0;
	errors = diags->errors - errors;
	return err_set(err, ERR_FAILED, "source '%.*s': %zu error%s in declared files",
		       STR_FMT(config->name), errors, errors == 1 ? "" : "s");
}

static void source_yaml_endpoint(const struct source *source, struct buf *out)
{
	buf_puts(out, "yaml ");
	buf_add(out, source->config->path_given);
}

static int source_yaml_check(struct source *source, struct buf *out, struct err *err)
{
	CLEANUP(sym_pool_release) struct sym_pool names = SYM_POOL_INIT;
	CLEANUP(entries_release) struct entries entries = ENTRIES_INIT;
	CLEANUP(diags_release) struct diags diags = DIAGS_INIT;
	const struct source_input input = {.names = &names, .today = date_of(os_now())};
	size_t counts[KIND_COUNT] = {0};

	if (source_yaml_read(source, &input, &entries, &diags, err)) {
		buf_addf(out, "FAILED %s: ", err->text);
		diags_summary(&diags, out);
		buf_char(out, '\n');
		return -1;
	}
	for (size_t i = 0; i < entries.count; i++)
		counts[entries.items[i].account.kind]++;
	buf_addf(out, "ok source '%.*s': %zu user%s and %zu functional account%s in %.*s\n",
		 STR_FMT(source->config->name), counts[KIND_USER],
		 counts[KIND_USER] == 1 ? "" : "s", counts[KIND_FUNCTIONAL],
		 counts[KIND_FUNCTIONAL] == 1 ? "" : "s", STR_FMT(source->config->path_given));
	return 0;
}

static void source_yaml_free(struct source *source)
{
	free(source);
}

static const struct source_ops source_yaml_ops = {
	.provider = "yaml",
	.local = true,
	.read = source_yaml_read,
	.endpoint = source_yaml_endpoint,
	.check = source_yaml_check,
	.free = source_yaml_free,
};

int source_yaml_open(struct source **source, const struct config *config, uint32_t index,
		     struct err *err)
{
	struct source *opened = mem_calloc(1, sizeof(*opened));

	(void)err;
	opened->ops = &source_yaml_ops;
	opened->config = &config->sources[index];
	opened->index = index;
	*source = opened;
	return 0;
}
