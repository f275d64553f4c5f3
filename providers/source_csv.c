#include "source_csv.h"

#include "csv.h"
#include "fold.h"
#include "mapped_check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* One file while it is read, and what its columns mean for each kind that is in it. */
struct table {
	struct csv csv;
	struct str path; /* ends in NUL; points into the symbol `file` */
	const struct sym *file, *because;
	unsigned kinds;     /* bits 1 << enum account_kind */
	size_t kind_column; /* SIZE_MAX: all rows are of the one kind */
	/* Of each section, by slot: the column, and the row's value in it. */
	size_t *columns[KIND_COUNT];
	struct values *values[KIND_COUNT];
	struct values *all; /* by column, with scan.all */
	/* The row as it is, in the shape that `values` point to. */
	struct str *cells;
	size_t errors;
};

struct reading {
	const struct config_source *config;
	const struct source_input *input;
	const struct source_scan *scan;
	struct diags *diags;
	struct arena arena, scratch; /* of all tables; of one row */
};

static void __attribute__((format(printf, 4, 5)))
row_error(struct reading *r, struct table *t, uint32_t line, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	t->errors++;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diag_error(r->diags, t->path, line, 0, "%s", text);
	/* A row may hold account keys: findings do not repeat it. */
	if (line)
		diag_hide_line(r->diags, t->path, line);
}

/* --- columns ------------------------------------------------------------------------------ */

static size_t find_column(const struct table *t, struct str name)
{
	for (size_t i = 0; i < t->csv.header.count; i++) {
		if (fold_same(t->csv.header.fields[i], name))
			return i;
	}
	return SIZE_MAX;
}

/* Two columns of one name: nobody knows which one is meant. */
static bool is_double(const struct table *t, size_t column)
{
	for (size_t i = column + 1; i < t->csv.header.count; i++) {
		if (fold_same(t->csv.header.fields[i], t->csv.header.fields[column]))
			return true;
	}
	return false;
}

/* A first line with an address in it, which none of the wanted names is, is what remains when the header was
 * lost; it is not repeated, since it is somebody's data. */
static bool header_is_lost(const struct reading *r, const struct table *t)
{
	bool data = false;

	for (size_t i = 0; i < t->csv.header.count; i++) {
		const struct str cell = t->csv.header.fields[i];

		data = data || (cell.len && memchr(cell.ptr, '@', cell.len));
	}
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct config_section *section = &r->config->sections[kind];

		for (size_t slot = 0; t->kinds & 1u << kind && slot < section->attribute_count;
		     slot++)
			data = data && find_column(t, section->attributes[slot]) == SIZE_MAX;
	}
	return data;
}

static void add_columns(struct buf *out, const struct table *t)
{
	for (size_t i = 0; i < t->csv.header.count && i < 40; i++)
		buf_addf(out, "%s%.*s", i ? ", " : "",
			 STR_FMT(field_cut(t->csv.header.fields[i])));
}

/* The column of a name that the configuration has; what is wrong with it is a finding. */
static size_t need_column(struct reading *r, struct table *t, struct str name)
{
	size_t column = find_column(t, name);
	struct buf columns = BUF_INIT;

	if (column != SIZE_MAX && !is_double(t, column))
		return column;
	if (column != SIZE_MAX) {
		row_error(r, t, t->csv.header.line, "there are two columns '%.*s'",
			  STR_FMT(field_cut(name)));
		return 0;
	}
	add_columns(&columns, t);
	row_error(r, t, t->csv.header.line,
		  "there is no column '%.*s'; between '%s' there are: %s",
		  STR_FMT(field_cut(name)),
		  t->csv.delimiter == '\t' ? "tab" : (char[2]){t->csv.delimiter, '\0'},
		  columns.ptr);
	buf_release(&columns);
	return 0;
}

/* -1 after findings. */
static int find_columns(struct reading *r, struct table *t)
{
	if (header_is_lost(r, t)) {
		row_error(r, t, t->csv.header.line,
			  "this line looks like data: the one with the names of the columns is "
			  "missing");
		return -1;
	}
	t->cells = arena_array(&r->arena, struct str, t->csv.header.count + 1);
	t->all = arena_array(&r->arena, struct values, t->csv.header.count + 1);
	t->kind_column = SIZE_MAX;
	if (r->config->kind.column.len && !r->config->sections[KIND_USER].path.len &&
	    !r->config->sections[KIND_FUNCTIONAL].path.len)
		t->kind_column = need_column(r, t, r->config->kind.column);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct config_section *section = &r->config->sections[kind];

		if (!(t->kinds & 1u << kind))
			continue;
		t->columns[kind] = arena_array(&r->arena, size_t, section->attribute_count);
		t->values[kind] = arena_array(&r->arena, struct values,
					      section->attribute_count + 1);
		for (size_t slot = 0; slot < section->attribute_count; slot++) {
			size_t column = need_column(r, t, section->attributes[slot]);

			t->columns[kind][slot] = column;
			t->values[kind][slot].items = &t->cells[column];
		}
	}
	return t->errors ? -1 : 0;
}

/* --- rows --------------------------------------------------------------------------------- */

static bool is_word(const struct texts *words, struct str folded)
{
	for (size_t i = 0; i < words->count; i++) {
		if (str_eq(words->items[i], folded))
			return true;
	}
	return false;
}

/* What a row is. A word that nobody knows must not read as somebody who left: it is held. */
static bool find_kind(struct reading *r, const struct table *t, struct mapped_entry *entry)
{
	unsigned known = 0;
	struct str word;

	if (t->kind_column == SIZE_MAX) {
		entry->kind = t->kinds & 1u << KIND_USER ? KIND_USER : KIND_FUNCTIONAL;
		return true;
	}
	arena_reset(&r->scratch);
	word = fold_text(&r->scratch, str_trim(t->cells[t->kind_column]));
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (is_word(&r->config->kind.words[kind], word)) {
			entry->kind = (enum account_kind)kind;
			known = 1u << kind;
		}
	}
	if (known)
		return t->kinds & known;
	entry->kind = t->kinds & 1u << KIND_USER ? KIND_USER : KIND_FUNCTIONAL;
	entry->held = "is neither a user nor functional by its column";
	return true;
}

static int hand_out(struct reading *r, struct table *t, const struct csv_row *row,
		    struct err *err)
{
	struct raw_entry raw = {
		.entry = {.file = t->file, .line = row->line, .because = t->because}};
	const struct config_section *section;
	enum account_kind kind;

	memcpy(t->cells, row->fields, row->count * sizeof(*t->cells));
	if (!find_kind(r, t, &raw.entry))
		return 0;
	kind = raw.entry.kind;
	section = &r->config->sections[kind];
	for (size_t slot = 0; slot < section->attribute_count; slot++)
		t->values[kind][slot].count = t->cells[t->columns[kind][slot]].len > 0;
	raw.entry.values = t->values[kind];
	raw.names = section->attributes;
	raw.values = t->values[kind];
	raw.count = section->attribute_count;
	if (r->scan->all) {
		for (size_t i = 0; i < row->count; i++)
			t->all[i] = (struct values){&t->cells[i], t->cells[i].len > 0};
		raw.names = t->csv.header.fields;
		raw.values = t->all;
		raw.count = row->count;
	}
	return r->scan->entry(r->scan->context, &raw, err);
}

/* Every row, or as many as make sense to look at. -1 with *err when `entry` stopped. */
static int read_rows(struct reading *r, struct table *t, struct err *err)
{
	struct err problem = ERR_INIT;
	enum csv_status status;
	struct csv_row row;
	size_t rows = 0;

	while ((status = csv_next(&t->csv, &row, &problem)) == CSV_ROW ||
	       status == CSV_BROKEN) {
		rows++;
		if (status == CSV_BROKEN)
			row_error(r, t, t->csv.line, "%s", problem.text);
		else if (row.count != t->csv.header.count)
			row_error(r, t, row.line,
				  "this row has %zu value%s, but the header has %zu columns",
				  row.count, row.count == 1 ? "" : "s", t->csv.header.count);
		else if (t->errors == 0 && hand_out(r, t, &row, err) < 0)
			return -1;
	}
	if (status == CSV_FAILED)
		row_error(r, t, t->csv.line, "%s", problem.text);
	else if (rows == 0)
		row_error(
			r, t, 0,
			"has no rows below its header: that would read as if everybody had left");
	return 0;
}

/* --- files -------------------------------------------------------------------------------- */

/* Which names make a delimiter the right one. */
static struct csv_options options_for(struct reading *r, const struct table *t)
{
	struct csv_options options = {r->config->delimiter, r->config->encoding, NULL, 0};
	size_t count = 1;
	struct str *wanted;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		count += r->config->sections[kind].attribute_count;
	wanted = arena_array(&r->arena, struct str, count);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct config_section *section = &r->config->sections[kind];

		if (!(t->kinds & 1u << kind) || section->attribute_count == 0)
			continue;
		memcpy(wanted + options.wanted_count, section->attributes,
		       section->attribute_count * sizeof(*wanted));
		options.wanted_count += section->attribute_count;
	}
	options.wanted = wanted;
	return options;
}

static int read_table(struct reading *r, struct table *t, struct err *err)
{
	const struct csv_options options = options_for(r, t);
	struct err problem = ERR_INIT;

	if (csv_open(&t->csv, t->path, &options, &problem) < 0) {
		row_error(r, t, t->csv.line, "%s", problem.text);
		return 0;
	}
	return find_columns(r, t) == 0 ? read_rows(r, t, err) : 0;
}

/* One file for both kinds, or one for each. */
static size_t find_tables(const struct config_source *config, const struct source_input *input,
			  struct table tables[KIND_COUNT])
{
	const unsigned wanted = input->keys_only ? config->has & 1u << KIND_USER : config->has;
	struct buf because = BUF_INIT;
	size_t count = 0;

	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		const struct config_section *section = &config->sections[kind];
		struct str path = section->path.len ? section->path : config->path;
		struct table *t = &tables[count];

		if (!(wanted & 1u << kind))
			continue;
		if (count && !section->path.len && !config->sections[KIND_USER].path.len) {
			tables[0].kinds |= 1u << kind;
			continue;
		}
		*t = (struct table){.kinds = 1u << kind, .file = sym_get(input->names, path)};
		t->path = sym_str(t->file);
		t->csv = (struct csv){.fd = -1, .iconv = (iconv_t)-1};
		buf_clear(&because);
		buf_addf(&because, "listed in %s", t->path.ptr);
		t->because = sym_get(input->names, buf_str(&because));
		count++;
	}
	buf_release(&because);
	return count;
}

static int source_csv_scan(struct source *source, const struct source_input *input,
			   const struct source_scan *scan, struct diags *diags, struct err *err)
{
	struct reading r = {source->config, input, scan, diags, ARENA_INIT, ARENA_INIT};
	size_t errors = diags->errors, count;
	struct table tables[KIND_COUNT];
	int result = 0;

	count = find_tables(source->config, input, tables);
	for (size_t i = 0; i < count && result == 0; i++)
		result = read_table(&r, &tables[i], err);
	/* Both of them, once both are read: they belong together. */
	for (size_t i = 0; i < count; i++) {
		struct err problem = ERR_INIT;

		if (tables[i].errors == 0 && csv_unchanged(&tables[i].csv, &problem) < 0)
			row_error(&r, &tables[i], 0, "%s", problem.text);
		csv_close(&tables[i].csv);
	}
	arena_release(&r.arena);
	arena_release(&r.scratch);
	errors = diags->errors - errors;
	if (result == 0 && errors)
		result = err_set(err, ERR_FAILED, "source '%.*s': %zu error%s in its files",
				 STR_FMT(source->config->name), errors, errors == 1 ? "" : "s");
	return result;
}

/* --- the source --------------------------------------------------------------------------- */

static int add_entry(void *context, const struct raw_entry *raw, struct err *err)
{
	(void)err;
	mapped_add(context, &raw->entry);
	return 0;
}

static int source_csv_read(struct source *source, const struct source_input *input,
			   struct entries *entries, struct diags *diags, struct err *err)
{
	struct mapped mapped;
	const struct source_scan scan = {.entry = add_entry, .context = &mapped};

	mapped_begin(&mapped, source->config, source->index, input, entries, diags);
	if (source_csv_scan(source, input, &scan, diags, err) < 0) {
		mapped_abandon(&mapped);
		return -1;
	}
	mapped_finish(&mapped);
	return 0;
}

static void source_csv_endpoint(const struct source *source, struct buf *out)
{
	const struct config_source *config = source->config;
	const char *between = "csv ";

	if (config->path_given.len) {
		buf_puts(out, between);
		buf_add(out, config->path_given);
		between = ", ";
	}
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		if (!config->sections[kind].path_given.len)
			continue;
		buf_puts(out, between);
		buf_add(out, config->sections[kind].path_given);
		between = ", ";
	}
}

static bool explain_nothing(const struct config_source *config, enum account_kind kind,
			    struct buf *out)
{
	buf_addf(out, "the column '%.*s' says of no row that it is a %s",
		 STR_FMT(config->kind.column),
		 kind == KIND_USER ? "user" : "functional account");
	return false;
}

static int source_csv_check(struct source *source, struct buf *out, struct err *err)
{
	static const struct mapped_check check = {
		.named = "a value in the column",
		.cure = "check whether the export still fills it",
		.explain_nothing = explain_nothing,
	};

	return mapped_check(source, &check, out, err);
}

static void source_csv_free(struct source *source)
{
	free(source);
}

static const struct source_ops source_csv_ops = {
	.provider = "csv",
	.local = true,
	.read = source_csv_read,
	.scan = source_csv_scan,
	.endpoint = source_csv_endpoint,
	.check = source_csv_check,
	.free = source_csv_free,
};

int source_csv_open(struct source **source, const struct config *config, uint32_t index,
		    struct err *err)
{
	struct source *opened = mem_calloc(1, sizeof(*opened));

	(void)err;
	opened->ops = &source_csv_ops;
	opened->config = &config->sources[index];
	opened->index = index;
	*source = opened;
	return 0;
}
