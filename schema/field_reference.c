/* The tables of fields as Markdown. */
#include "json_schema.h"

/* '|' would end a cell. */
static void add_cell(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '|')
			buf_char(out, '\\');
		buf_char(out, text.ptr[i]);
	}
}

static const char *path_of(const struct field_section *sections, size_t count,
			   const struct field_table *table)
{
	for (size_t i = 0; i < count; i++) {
		if (sections[i].table == table)
			return sections[i].path;
	}
	return "";
}

static void add_row(struct buf *out, const struct field *field,
		    const struct field_section *sections, size_t count, struct str only)
{
	const struct field *inner = field->item ? field->item : field;
	struct buf form = BUF_INIT;

	if (field->flags & FIELD_LATER)
		return;
	field_add_form(&form, field);
	buf_addf(out, "| `%s` | ", field->name);
	add_cell(out, buf_str(&form));
	if (inner->type == FIELD_MAP)
		buf_addf(out, ": see `%s`", path_of(sections, count, inner->table));
	buf_puts(out, " | ");
	if (field->otherwise) {
		buf_char(out, '`');
		add_cell(out, str_of(field->otherwise));
		buf_char(out, '`');
	} else if (field->flags & FIELD_REQUIRED) {
		buf_puts(out, "required");
	}
	buf_puts(out, " | ");
	add_cell(out, str_of(field->help));
	if (field->type == FIELD_WORD) {
		const char *between = ": ";

		for (const struct field_word *word = field->words; word->word; word++) {
			if (word->later || !word->help)
				continue;
			buf_addf(out, "%s`%s` ", between, word->word);
			add_cell(out, str_of(word->help));
			between = "; ";
		}
	}
	if (only.len)
		buf_addf(out, " (only with `%.*s`)", STR_FMT(only));
	buf_puts(out, " |\n");
	buf_release(&form);
}

static void add_variant(struct buf *out, const struct field_table *table, size_t number,
			const struct field_section *sections, size_t count)
{
	const struct field *by = table->fields;
	const struct field_word *word;
	struct buf only = BUF_INIT;

	while (strcmp(by->name, table->by) != 0)
		by++;
	word = by->words;
	while (word->later || word->value != table->variants[number].value)
		word++;
	buf_addf(&only, "%s: %s", table->by, word->word);
	for (const struct field *field = table->variants[number].fields; field->name; field++)
		add_row(out, field, sections, count, buf_str(&only));
	buf_release(&only);
}

void field_reference(struct buf *out, const struct field_table *root)
{
	struct field_section *sections = mem_calloc(FIELD_SECTIONS_MAX, sizeof(*sections));
	size_t count = field_sections(root, sections);

	for (size_t i = 0; i < count; i++) {
		const struct field_table *table = sections[i].table;

		if (i > 0)
			buf_addf(out, "\n#### `%s`\n\n", sections[i].path);
		if (table->help)
			buf_addf(out, "%s\n\n", table->help);
		if (table->shorthand)
			buf_addf(out, "A text alone stands for `{%s: …}`.\n\n",
				 table->shorthand);
		buf_puts(out, "| key | expected | default | meaning |\n"
			      "| --- | --- | --- | --- |\n");
		for (const struct field *field = table->fields; field->name; field++)
			add_row(out, field, sections, count, STR_NONE);
		for (size_t j = 0; j < table->variant_count; j++)
			add_variant(out, table, j, sections, count);
	}
	free(sections);
}
