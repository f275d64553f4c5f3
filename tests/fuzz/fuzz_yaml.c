/*
 * YAML over arbitrary bytes, as a tree and streamed: both agree whether it may be read, a tree
 * keeps its promises, and findings are safe to show.
 */
#include "base/os.h"
#include "yaml_tree.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODES_MAX 4096

static char path[64];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void remove_file(void)
{
	unlink(path);
}

static void set_up(void)
{
	struct err err = ERR_INIT;

	if (path[0])
		return;
	must(base_init(&err) == 0);
	snprintf(path, sizeof(path), "%s/zsctl-fuzz-yaml-%d.yaml",
		 os_exists("/dev/shm") ? "/dev/shm" : "/tmp", (int)getpid());
	atexit(remove_file);
}

/* Not os_write_file(): durability would make the search slow. */
static void write_file(struct str text)
{
	FILE *file = fopen(path, "w");

	must(file && fwrite(text.ptr ? text.ptr : "", 1, text.len, file) == text.len &&
	     fclose(file) == 0);
}

/* Shallow checks of up to NODES_MAX nodes, without recursion. */
static void check_tree(const struct node *root)
{
	static const struct node *stack[NODES_MAX];
	size_t depth = 0;

	stack[depth++] = root;
	while (depth > 0) {
		const struct node *node = stack[--depth];
		size_t children = 0;

		must(node->line > 0 && node->column > 0 && node->file.len > 0);
		if (node->type == NODE_SCALAR) {
			must(node->first == NULL && node->text.ptr && str_is_utf8(node->text));
			continue;
		}
		for (const struct node *at = node->first; at; at = at->next, children++) {
			const struct node *value = node->type == NODE_MAP ? at->value : at;

			if (node->type == NODE_MAP) {
				must(at->type == NODE_SCALAR && value);
				must(at->text.len <= YAML_KEY_MAX);
			}
			if (depth < NODES_MAX)
				stack[depth++] = value;
		}
		must(children == node->count);
	}
}

static void check_findings(const struct diags *diags)
{
	struct buf shown = BUF_INIT;

	diags_format(diags, &shown);
	must(shown.len == 0 || str_is_utf8(buf_str(&shown)));
	for (size_t i = 0; i < shown.len; i++) {
		unsigned char c = (unsigned char)shown.ptr[i];

		must((c >= ' ' || c == '\n') && c != 0x7F);
	}
	buf_release(&shown);
}

static int value(void *context, const struct node *key, const struct node *given, bool element)
{
	size_t *values = context;

	must(key->type == NODE_SCALAR);
	must(!element || str_is(key->text, "users"));
	check_tree(given);
	(*values)++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const stream[] = {"users", NULL};
	struct str text = {(const char *)data, size};
	struct arena arena = ARENA_INIT;
	struct diags tree_findings = DIAGS_INIT, stream_findings = DIAGS_INIT;
	struct node *root;
	size_t values = 0;
	const struct yaml_reader reader = {stream, value, &values};
	int result;

	set_up();
	write_file(text);
	root = yaml_parse(&arena, str_of(path), text, &tree_findings);
	must(!root == (tree_findings.errors > 0));
	if (root)
		check_tree(root);
	result = yaml_read_file(str_of(path), &reader, &stream_findings);
	must((result < 0) == (stream_findings.errors > 0));
	if (root && root->type == NODE_MAP)
		must(result == 0);
	if (result == 0)
		must(root != NULL);
	check_findings(&tree_findings);
	check_findings(&stream_findings);
	diags_release(&tree_findings);
	diags_release(&stream_findings);
	arena_release(&arena);
	return 0;
}
