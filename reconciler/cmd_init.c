/*
 * init: a small organisation to try on. Every file it writes is one that validate, plan and apply
 * take as they are.
 */
#include "base/os.h"
#include "command.h"

static const char zsctl_yaml[] =
	"# yaml-language-server: $schema=zsctl.schema.json\n"
	"# 'zsctl schema > zsctl.schema.json' writes that file; 'zsctl schema reference' explains all keys.\n"
	"zsctl: 1\n"
	"organization: example.org\n"
	"domains:\n"
	"  claimed: [example.org]\n"
	"target:\n"
	"  provider: file              # an organisation in a file, to try on and to rehearse with\n"
	"  path: organization.json\n"
	"  protect: [admin@example.org]\n"
	"sources:\n"
	"  - {name: declared, provider: yaml, path: accounts/*.yaml}\n"
	"approval:\n"
	"  method: local               # a typed confirmation; ssh for signatures by several people\n"
	"  required: 1\n"
	"state:\n"
	"  path: state                 # a git repository, made by the first apply\n";

static const char users_yaml[] = "# yaml-language-server: $schema=../accounts.schema.json\n"
				 "zsctl_accounts: 1\n"
				 "users:\n"
				 "  - address: jane@example.org\n"
				 "    name: Jane Doe\n"
				 "    aliases: [j.doe@example.org]\n"
				 "  - address: kim@example.org\n"
				 "    name: Kim Jansen\n";

static const char functional_yaml[] =
	"# yaml-language-server: $schema=../accounts.schema.json\n"
	"zsctl_accounts: 1\n"
	"functional:\n"
	"  - address: info@example.org\n"
	"    name: Information desk\n"
	"    delegates:\n"
	"      - group:frontdesk\n"
	"groups:\n"
	"  frontdesk: [jane@example.org, kim@example.org]\n";

static const char organization_json[] =
	"{\"users\":[\n"
	"{\"id\":\"11111111-0000-4000-8000-000000000001\",\"userName\":\"admin@example.org\","
	"\"name\":{\"formatted\":\"Administrator\"},\"active\":true},\n"
	"{\"id\":\"11111111-0000-4000-8000-000000000002\",\"userName\":\"jane@example.org\","
	"\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true}\n"
	"],\"groups\":[\n"
	"{\"id\":\"22222222-0000-4000-8000-000000000001\",\"externalId\":\"info@example.org\","
	"\"displayName\":\"Information desk\","
	"\"members\":[{\"value\":\"11111111-0000-4000-8000-000000000002\"}]}\n"
	"]}\n";

static const char gitignore[] =
	"# The record is a repository of its own.\n"
	"/state/\n"
	"# Plans and what became of them; remove this line to review plans in pull "
	"requests.\n"
	"/*.plan.yaml\n"
	"/*.plan.yaml.approvals/\n"
	"/*.result.yaml\n";

static const char gitattributes[] = "# A plan is its bytes: no line-end conversion.\n"
				    "*.yaml -text\n"
				    "*.sig -text\n";

static const struct {
	const char *path;
	const char *text;
} files[] = {
	{"zsctl.yaml", zsctl_yaml},
	{"accounts/users.yaml", users_yaml},
	{"accounts/functional.yaml", functional_yaml},
	{"organization.json", organization_json},
	{".gitignore", gitignore},
	{".gitattributes", gitattributes},
};
#define FILE_COUNT (sizeof(files) / sizeof(*files))

static int run(struct context *context)
{
	struct err *err = &context->err;
	struct arena *arena = &context->arena;
	const char *dir = context->arguments.word_count ? context->arguments.words[0] : ".";
	struct str paths[FILE_COUNT];
	for (size_t i = 0; i < FILE_COUNT; i++) {
		paths[i] = os_join(arena, str_of(dir), str_of(files[i].path));
		if (os_exists(paths[i].ptr))
			return err_set(err, ERR_FAILED, "%s exists: nothing was written",
				       paths[i].ptr);
	}
	struct buf text = BUF_INIT;
	int failed = 0;
	for (size_t i = 0; i < FILE_COUNT && !failed; i++) {
		failed = os_make_dirs(os_dirname(arena, paths[i]).ptr, 0755, err);
		if (!failed)
			failed = os_write_file(paths[i].ptr, str_of(files[i].text), 0644, err);
		buf_addf(&text, "wrote %s\n", paths[i].ptr);
	}
	if (!failed) {
		buf_puts(&text, "\nNext: zsctl validate, then zsctl plan -o first.plan.yaml\n");
		failed = print_out(buf_str(&text), err);
	}
	buf_release(&text);
	return failed;
}

const struct command cmd_init = {
	.name = "init",
	.arguments = "[DIR]",
	.summary = "write a configuration, declared accounts and an embedded target to try on",
	.details = "Overwrites nothing.",
	.words_max = 1,
	.run = run,
};
