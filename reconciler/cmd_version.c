#include "command.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <yaml.h>

static int run(struct context *context)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "zsctl %s\n", ZSCTL_VERSION);
	buf_addf(&text, "libyaml %s, cJSON %s, libsodium %s\n", yaml_get_version_string(),
		 cJSON_Version(), sodium_version_string());
	int failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	return failed;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "print the version, and those of the libraries",
	.run = run,
};
