#include "command.h"
#include "provider.h"

/* Each source and the target in turn; the first failure does not hide the others. */
static int run(struct context *context)
{
	const struct config *config = &context->config;
	struct buf text = BUF_INIT;
	int failures = 0;
	for (uint32_t i = 0; i < config->source_count; i++) {
		struct source *source = NULL;
		struct err err = ERR_INIT;
		buf_addf(&text, "source %.*s:\n", STR_FMT(config->sources[i].name));
		if (source_open(&source, config, i, &err) < 0 ||
		    source->ops->check(source, &text, &err) < 0) {
			failures++;
			context->err = err;
		}
		source_free(source);
	}
	struct target *target = NULL;
	struct err err = ERR_INIT;
	buf_puts(&text, "target:\n");
	if (target_open(&target, config, &err) < 0 ||
	    target->ops->check(target, &text, &err) < 0) {
		failures++;
		context->err = err;
	}
	target_free(target);
	struct buf shown = BUF_INIT;
	buf_add_visible(&shown, buf_str(&text), true);
	int failed = print_out(buf_str(&shown), &err);
	buf_release(&shown);
	buf_release(&text);
	return failures || failed ? -1 : 0;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "connect to every source and the target, and say what works",
	.needs = NEEDS_CONFIG,
	.run = run,
};
