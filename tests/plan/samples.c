/*
 * Writes what the Python checks beside this file read. Texts come on stdin, each ended by NUL.
 *
 *     samples scalars     YAML with each text as a block item, a flow item, a block key and a
 *                         flow key
 *     samples plan        for each text the plan file with it in every field, ended by NUL
 *     samples json        the same as `zsctl show --format json` prints it
 *     samples schema      what `zsctl schema plan` prints
 */
#include "plan_example.h"

#include "show.h"

static void add_each(struct buf *out, struct str texts, const char *before, bool flow,
		     const char *after)
{
	struct str text;

	while (texts.len > 0 && str_split(&texts, '\0', &text)) {
		buf_puts(out, before);
		if (flow)
			yaml_add_text_flow(out, text);
		else
			yaml_add_text(out, text);
		buf_puts(out, after);
	}
}

static void write_scalars(struct buf *out, struct str texts)
{
	buf_puts(out, "block:\n");
	add_each(out, texts, "  - ", false, "\n");
	buf_puts(out, "flow:\n");
	add_each(out, texts, "  - {before: [a, ", true, ", b], behind: c}\n");
	buf_puts(out, "values:\n");
	add_each(out, texts, "  - key: ", false, "\n    next: key\n");
	buf_puts(out, "keys:\n");
	add_each(out, texts, "  - ", false, ": value\n");
	buf_puts(out, "flow_keys:\n");
	add_each(out, texts, "  - {a: b, ", true, ": value}\n");
}

static void read_all(struct buf *in)
{
	char piece[65536];
	size_t len;

	while ((len = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_add(in, (struct str){piece, len});
}

static void write_plans(struct buf *out, struct str texts, bool json)
{
	struct buf bytes = BUF_INIT;
	struct plan plan;
	struct str text;

	while (texts.len > 0 && str_split(&texts, '\0', &text)) {
		example_plan(&plan);
		example_fill(&plan, text);
		example_fill_addresses(&plan, text);
		plan_sort(&plan);
		buf_clear(&bytes);
		plan_write(&plan, &bytes);
		if (json)
			show_json(&plan, out);
		else
			buf_add(out, buf_str(&bytes));
		buf_char(out, '\0');
		plan_release(&plan);
	}
	buf_release(&bytes);
}

int main(int argc, char **argv)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	const char *what = argc == 2 ? argv[1] : "";

	if (base_init(&err) != 0)
		return 1;
	if (strcmp(what, "schema") == 0) {
		show_json_schema(&out);
	} else {
		read_all(&in);
		if (strcmp(what, "scalars") == 0)
			write_scalars(&out, buf_str(&in));
		else
			write_plans(&out, buf_str(&in), strcmp(what, "json") == 0);
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&in);
	buf_release(&out);
	return 0;
}
