/*
 * The configuration over arbitrary bytes: it is read, or refused with findings that are safe to
 * show; and what was read has one digest and differs from itself in nothing.
 */
#include "base/os.h"
#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void set_up(void)
{
	static bool done;
	struct err err = ERR_INIT;

	if (!done)
		must(base_init(&err) == 0);
	done = true;
}

static void check_config(const struct config *config)
{
	must(config->source_count > 0 && config->source_count <= 64);
	must(config->organization.len > 0 && config->target.path.len > 0);
	must(config->target.parallel <= 64); /* 0: not given */
	must(config->approval.required >= 1 && config->approval.expires > 0);
	must(config->approval.method == APPROVAL_LOCAL ||
	     config->approval.allowed_signers.len > 0);
	for (size_t i = 0; i < config->source_count; i++) {
		must(config->sources[i].name.len > 0 && config->sources[i].path.len > 0);
		for (size_t j = 0; j < i; j++)
			must(!str_eq(config->sources[i].name, config->sources[j].name));
	}
	must(str_is_utf8(config->canonical) && config->digest[0] == 's');
}

static void check_again(const struct config *config, struct str text)
{
	struct config again;
	struct diags diags = DIAGS_INIT;
	struct str *paths;
	size_t count;

	must(config_parse(&again, "fuzz.yaml", text, &diags) == 0);
	must(strcmp(config->digest, again.digest) == 0);
	config_changes(&again.arena, config->canonical, again.canonical, &paths, &count);
	must(count == 0);
	config_changes(&again.arena, STR_NONE, again.canonical, &paths, &count);
	must(count > 0);
	config_release(&again);
	diags_release(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct diags diags = DIAGS_INIT;
	struct buf shown = BUF_INIT;
	struct config config;
	int result;

	set_up();
	result = config_parse(&config, "fuzz.yaml", text, &diags);
	must((result < 0) == (diags.errors > 0));
	if (result == 0) {
		check_config(&config);
		check_again(&config, text);
	}
	diags_format(&diags, &shown);
	for (size_t i = 0; i < shown.len; i++) {
		unsigned char c = (unsigned char)shown.ptr[i];

		must((c >= ' ' || c == '\n') && c != 0x7F);
	}
	buf_release(&shown);
	diags_release(&diags);
	config_release(&config);
	return 0;
}
