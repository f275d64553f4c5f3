#include "command.h"
#include "declared.h"
#include "show.h"

#include <string.h>

static void reference(struct buf *out)
{
	buf_puts(out, "### zsctl.yaml\n\n");
	config_reference(out);
	buf_puts(out, "\n### Declared accounts\n\n");
	declared_reference(out);
}

static int run(struct context *context)
{
	const char *which = context->arguments.word_count ? context->arguments.words[0]
							  : "config";
	struct buf text = BUF_INIT;
	if (!strcmp(which, "config"))
		config_json_schema(&text);
	else if (!strcmp(which, "accounts"))
		declared_json_schema(&text);
	else if (!strcmp(which, "plan"))
		show_json_schema(&text);
	else if (!strcmp(which, "reference"))
		reference(&text);
	else
		return err_set(
			&context->err, ERR_USAGE,
			"'%s' has no schema; there are config, accounts, plan and reference",
			which);
	int failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	return failed;
}

const struct command cmd_schema = {
	.name = "schema",
	.arguments = "[config|accounts|plan|reference]",
	.summary = "print a JSON Schema, or the configuration reference",
	.details =
		"config (the default): zsctl.yaml; accounts: declared accounts; plan: what "
		"'show --format json'\nprints; reference: every key of both files as Markdown tables. "
		"Editors with a YAML language server\nuse the first two for completion and checks:\n"
		"    # yaml-language-server: $schema=zsctl.schema.json",
	.words_max = 1,
	.words = "config|accounts|plan|reference",
	.run = run,
};
