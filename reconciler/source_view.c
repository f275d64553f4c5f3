#include "command.h"
#include "fold.h"
#include "source_view_internal.h"

#include <sodium.h>

/* --- what is never shown ------------------------------------------------------------------ */

bool view_hides(const struct config_source *config, struct str attribute)
{
	const struct texts *origins =
		&config->sections[KIND_USER].origins[__builtin_ctz(ATTR_KEY)];

	for (size_t i = 0; i < origins->count; i++) {
		if (fold_same(origins->items[i], attribute))
			return true;
	}
	return false;
}

/* --- one entry ---------------------------------------------------------------------------- */

int view_flush(struct view *view, size_t least, struct err *err)
{
	if (view->out.len < least)
		return 0;
	if (print_out(buf_str(&view->out), err) < 0)
		return -1;
	buf_clear(&view->out);
	return 0;
}

char *view_base64(struct str bytes)
{
	size_t size = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL);

	return sodium_bin2base64(mem_alloc(size), size, (const unsigned char *)bytes.ptr,
				 bytes.len, sodium_base64_VARIANT_ORIGINAL);
}

/* "NAME: TEXT", and as in LDIF "NAME:: BASE64". */
static void add_value(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, "  ");
	buf_add_visible(out, name, false);
	if (str_is_utf8(value)) {
		buf_puts(out, ": ");
		buf_add_visible(out, value, false);
	} else {
		autofree char *text = view_base64(value);

		buf_addf(out, ":: %s", text);
	}
	buf_char(out, '\n');
}

static void add_place(struct buf *out, const struct mapped_entry *entry)
{
	if (entry->file)
		buf_addf(out, "%s:%u", entry->file->text, entry->line);
	else
		buf_add_visible(out, entry->name, false);
}

void view_add_entry(struct view *view, const struct raw_entry *raw)
{
	buf_addf(&view->out, "%s ", kind_names[raw->entry.kind]);
	add_place(&view->out, &raw->entry);
	buf_char(&view->out, '\n');
	for (size_t i = 0; i < raw->count; i++) {
		const struct values values = raw->values[i];
		const bool hidden = values.count && view_hides(view->config, raw->names[i]);

		if (hidden)
			add_value(&view->out, raw->names[i], STR(VIEW_HIDDEN));
		for (size_t j = 0; j < values.count && !hidden; j++)
			add_value(&view->out, raw->names[i], values.items[j]);
	}
}

static void write_values(struct json_writer *w, struct values values)
{
	for (size_t i = 0; i < values.count; i++) {
		autofree char *text = NULL;

		if (str_is_utf8(values.items[i])) {
			json_str(w, NULL, values.items[i]);
			continue;
		}
		text = view_base64(values.items[i]);
		json_begin_object(w, NULL);
		json_str(w, "base64", str_of(text));
		json_end_object(w);
	}
}

static void write_entry(struct view *view, const struct raw_entry *raw)
{
	struct json_writer *w = &view->json;
	struct buf place = BUF_INIT;
	struct arena scratch = ARENA_INIT;

	add_place(&place, &raw->entry);
	json_begin_object(w, NULL);
	json_str(w, "kind", str_of(kind_names[raw->entry.kind]));
	json_str(w, "entry", buf_str(&place));
	json_begin_object(w, "attributes");
	for (size_t i = 0; i < raw->count; i++) {
		if (!raw->values[i].count)
			continue;
		json_begin_array(w, arena_str(&scratch, raw->names[i]).ptr);
		if (view_hides(view->config, raw->names[i]))
			json_str_or_null(w, NULL, STR_NONE);
		else
			write_values(w, raw->values[i]);
		json_end_array(w);
	}
	json_end_object(w);
	json_end_object(w);
	arena_release(&scratch);
	buf_release(&place);
}

/* --- reading ------------------------------------------------------------------------------ */

int view_scan(struct source *source, const struct source_input *input,
	      const struct source_scan *scan, struct diags *diags, struct err *err)
{
	if (source->ops->scan)
		return source->ops->scan(source, input, scan, diags, err);
	return err_set(err, ERR_USAGE,
		       "source '%.*s' has accounts, not attributes: there is nothing behind "
		       "what 'zsctl list source %.*s' prints",
		       STR_FMT(source->config->name), STR_FMT(source->config->name));
}

static int show_raw(void *context, const struct raw_entry *raw, struct err *err)
{
	struct view *view = context;

	if (view->as_json)
		write_entry(view, raw);
	else
		view_add_entry(view, raw);
	return view_flush(view, VIEW_FLUSH_AT, err);
}

int source_view_raw(struct source *source, const struct source_input *input, bool json,
		    struct diags *diags, struct err *err)
{
	struct view view = {.config = source->config, .as_json = json};
	const struct source_scan scan = {.entry = show_raw, .context = &view};
	int failed;

	view.json = (struct json_writer){.out = &view.out, .pretty = true, .first = true};
	if (json)
		json_begin_array(&view.json, NULL);
	failed = view_scan(source, input, &scan, diags, err);
	if (!failed && json) {
		json_end_array(&view.json);
		buf_char(&view.out, '\n');
	}
	if (!failed)
		failed = view_flush(&view, 1, err);
	buf_release(&view.out);
	return failed;
}
