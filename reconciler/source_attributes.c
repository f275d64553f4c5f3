/* Which attributes a source has, for those who write a mapping. */
#include "command.h"
#include "fold.h"
#include "source_view_internal.h"

#include <stdlib.h>

enum { EXAMPLES = 3, EXAMPLE_MAX = 32 };

struct seen {
	struct str name;
	size_t entries, most; /* how many have it, and how many values at most */
	struct str examples[EXAMPLES];
	size_t example_count;
	bool hidden;
};

struct attributes {
	const struct config_source *config;
	struct sym_pool names; /* folded; by number: */
	struct {
		struct seen *items;
		size_t count, capacity;
	} seen;
	struct arena arena, scratch;
};

static void note_example(struct attributes *a, struct seen *seen, struct str value)
{
	struct buf text = BUF_INIT;
	struct str shown, cut;
	size_t i = 0;

	if (seen->hidden || seen->example_count == EXAMPLES)
		return;
	if (str_is_utf8(value)) {
		buf_add_visible(&text, str_trim(value), false);
	} else {
		autofree char *encoded = view_base64(value);

		buf_addf(&text, ":: %s", encoded);
	}
	shown = buf_str(&text);
	cut = (struct str){shown.ptr, str_utf8_cut(shown, EXAMPLE_MAX)};
	if (shown.len > EXAMPLE_MAX)
		shown = arena_strf(&a->scratch, "%.*s…", STR_FMT(cut));
	while (i < seen->example_count && !str_eq(seen->examples[i], shown))
		i++;
	if (i == seen->example_count && shown.len)
		seen->examples[seen->example_count++] = arena_str(&a->arena, shown);
	buf_release(&text);
}

static int note_attributes(void *context, const struct raw_entry *raw, struct err *err)
{
	struct attributes *a = context;

	(void)err;
	for (size_t i = 0; i < raw->count; i++) {
		const struct values values = raw->values[i];
		const struct sym *name;
		struct seen *seen;

		arena_reset(&a->scratch);
		name = sym_get(&a->names, fold_text(&a->scratch, raw->names[i]));
		if (name->number == a->seen.count)
			*vec_push(&a->seen) =
				(struct seen){.name = arena_str(&a->arena, raw->names[i]),
					      .hidden = view_hides(a->config, raw->names[i])};
		seen = &a->seen.items[name->number];
		seen->entries += values.count > 0;
		if (values.count > seen->most)
			seen->most = values.count;
		for (size_t j = 0; j < values.count && j < EXAMPLES; j++)
			note_example(a, seen, values.items[j]);
	}
	return 0;
}

static bool is_among(const struct texts *texts, struct str name)
{
	size_t i = 0;

	while (i < texts->count && !fold_same(texts->items[i], name))
		i++;
	return i < texts->count;
}

static bool is_filtered_by(const struct config_section *section, struct str name)
{
	bool found = false;

	for (size_t i = 0; i < section->include_count; i++)
		found = found || fold_same(section->include[i].attribute, name);
	for (size_t i = 0; i < section->exclude_count; i++)
		found = found || fold_same(section->exclude[i].attribute, name);
	return found;
}

static bool is_id(const struct config_section *section, struct str name)
{
	const struct templates *ids = &section->map[MAP_ID];

	for (size_t i = 0; i < ids->count; i++) {
		for (size_t j = 0; j < ids->items[i].part_count; j++) {
			const struct template_part *part = &ids->items[i].parts[j];

			for (size_t k = 0; k < part->choice_count; k++) {
				if (fold_same(part->choices[k].attribute, name))
					return true;
			}
		}
	}
	return false;
}

static void add_use(struct buf *out, size_t start, const char *use)
{
	buf_addf(out, "%s%s", out->len > start ? ", " : "", use);
}

/* "name, aliases, filter": of either kind. */
static void add_uses(const struct config_source *config, struct str name, struct buf *out)
{
	const struct config_section *sections = config->sections;
	const size_t start = out->len;

	for (unsigned bit = 0; bit < ATTR_COUNT; bit++) {
		if (is_among(&sections[KIND_USER].origins[bit], name) ||
		    is_among(&sections[KIND_FUNCTIONAL].origins[bit], name))
			add_use(out, start, attribute_names[bit]);
	}
	if (is_id(&sections[KIND_USER], name) || is_id(&sections[KIND_FUNCTIONAL], name))
		add_use(out, start, "id");
	if (is_filtered_by(&sections[KIND_USER], name) ||
	    is_filtered_by(&sections[KIND_FUNCTIONAL], name))
		add_use(out, start, "filter");
	if (config->kind.column.len && fold_same(config->kind.column, name))
		add_use(out, start, "kind");
}

static void write_attributes(const struct attributes *a, struct json_writer *w)
{
	json_begin_array(w, NULL);
	for (size_t i = 0; i < a->seen.count; i++) {
		const struct seen *seen = &a->seen.items[i];
		struct buf uses = BUF_INIT;

		add_uses(a->config, seen->name, &uses);
		json_begin_object(w, NULL);
		json_str(w, "attribute", seen->name);
		json_int(w, "entries", (int64_t)seen->entries);
		json_int(w, "most_values", (int64_t)seen->most);
		json_str(w, "used_for", buf_str(&uses));
		json_begin_array(w, "examples");
		for (size_t j = 0; j < seen->example_count; j++)
			json_str(w, NULL, seen->examples[j]);
		json_end_array(w);
		json_end_object(w);
		buf_release(&uses);
	}
	json_end_array(w);
	buf_char(w->out, '\n');
}

/* In characters; what no terminal has room for is not waited for. */
static void pad(struct buf *out, size_t start, size_t width)
{
	size_t shown = 0;

	for (size_t i = start; i < out->len; i++)
		shown += ((unsigned char)out->ptr[i] & 0xC0) != 0x80;
	for (; shown < width; shown++)
		buf_char(out, ' ');
	buf_puts(out, "  ");
}

static void add_row(const struct attributes *a, const struct seen *seen, struct buf *out)
{
	enum { NAME_WIDTH = 24, USE_WIDTH = 16 };
	size_t start = out->len;

	buf_add_visible(out, seen->name, false);
	pad(out, start, NAME_WIDTH);
	buf_addf(out, "%7zu  %6zu  ", seen->entries, seen->most);
	start = out->len;
	add_uses(a->config, seen->name, out);
	pad(out, start, USE_WIDTH);
	for (size_t j = 0; j < seen->example_count; j++)
		buf_addf(out, "%s%.*s", j ? " | " : "", STR_FMT(seen->examples[j]));
	if (seen->hidden && seen->entries)
		buf_puts(out, VIEW_HIDDEN);
	buf_char(out, '\n');
}

static void add_attributes(const struct attributes *a, struct buf *out)
{
	buf_puts(out,
		 "ATTRIBUTE                 ENTRIES  VALUES  USED FOR          EXAMPLES\n");
	for (size_t i = 0; i < a->seen.count; i++)
		add_row(a, &a->seen.items[i], out);
}

int source_view_attributes(struct source *source, const struct source_input *input, bool json,
			   struct diags *diags, struct err *err)
{
	struct attributes a = {.config = source->config};
	const struct source_scan scan = {.all = true, .entry = note_attributes, .context = &a};
	struct buf out = BUF_INIT;
	struct json_writer w = {.out = &out, .pretty = true, .first = true};
	int failed = view_scan(source, input, &scan, diags, err);

	if (!failed) {
		if (json)
			write_attributes(&a, &w);
		else
			add_attributes(&a, &out);
		failed = print_out(buf_str(&out), err);
	}
	buf_release(&out);
	sym_pool_release(&a.names);
	free(a.seen.items);
	arena_release(&a.arena);
	arena_release(&a.scratch);
	return failed;
}
