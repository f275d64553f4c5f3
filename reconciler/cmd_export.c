#include "base/log.h"
#include "base/os.h"
#include "listing.h"
#include "planner.h"

#include <string.h>

static const struct option options[] = {
	{"out", 'o', "DIR", "write users.yaml and functional.yaml there (else to stdout)",
	 false, NULL},
	{NULL, 0, NULL, NULL, false, NULL},
};

/* Never over a file that people may have edited. */
static int export_kind(struct context *context, const struct accounts *current,
		       enum account_kind kind, const char *dir)
{
	struct arena *arena = &context->arena;
	struct str path = os_join(arena, str_of(dir),
				  arena_strf(arena, "%s%s", kind_names[kind],
					     kind == KIND_USER ? "s.yaml" : ".yaml"));
	if (os_exists(path.ptr))
		return err_set(&context->err, ERR_FAILED,
			       "%s exists: export to another folder, or move it away",
			       path.ptr);
	struct accounts part = ACCOUNTS_INIT;
	for (size_t i = 0; i < current->count; i++) {
		if (current->items[i].kind == kind)
			*vec_push(&part) = current->items[i];
	}
	struct buf text = BUF_INIT;
	listing_write(&part, LISTING_YAML, &text);
	int failed = os_write_file(path.ptr, buf_str(&text), 0644, &context->err);
	buf_clear(&text);
	buf_addf(&text, "%s: %zu account%s\n", path.ptr, part.count,
		 part.count == 1 ? "" : "s");
	if (!failed)
		failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	accounts_release(&part);
	return failed;
}

static bool is_read(const struct config *config, const char *dir)
{
	const size_t len = strlen(dir);

	for (uint32_t i = 0; i < config->source_count; i++) {
		const struct config_source *source = &config->sources[i];

		if (source->provider == SOURCE_YAML && source->path_given.len > len &&
		    str_starts(source->path_given, dir) && source->path_given.ptr[len] == '/')
			return true;
	}
	return false;
}

static void say_next(const struct context *context, const char *dir)
{
	if (is_read(&context->config, dir))
		log_info("next: zsctl plan, which adopts these accounts");
	else
		log_info("next: let a source read it, {name: declared, provider: yaml, path: "
			 "%s/*.yaml}; its first plan adopts these accounts",
			 dir);
	if (context->config.target.sign_in == SIGN_IN_SSO)
		log_info(
			"account keys cannot be exported: a user needs an sso_key there before "
			"anything of it is changed");
}

static int export_all(struct context *context, const struct worlds *worlds)
{
	const char *dir = value_of(&context->arguments, "out");
	if (dir) {
		if (os_make_dirs(dir, 0755, &context->err) < 0 ||
		    export_kind(context, &worlds->current, KIND_USER, dir) < 0 ||
		    export_kind(context, &worlds->current, KIND_FUNCTIONAL, dir) < 0)
			return -1;
		say_next(context, dir);
		return 0;
	}
	struct buf text = BUF_INIT;
	listing_write(&worlds->current, LISTING_YAML, &text);
	int failed = print_out(buf_str(&text), &context->err);
	buf_release(&text);
	return failed;
}

static int run(struct context *context)
{
	struct worlds worlds;
	worlds_init(&worlds);
	int failed = worlds_read_policy(context, &worlds, true);
	if (!failed)
		failed = worlds_read_current(context, &worlds);
	if (!failed)
		failed = export_all(context, &worlds);
	worlds_release(&worlds);
	return failed;
}

const struct command cmd_export = {
	.name = "export",
	.summary = "write the target's accounts as declared YAML: adopt what exists",
	.options = options,
	.needs = NEEDS_CONFIG | NEEDS_STATE,
	.run = run,
};
