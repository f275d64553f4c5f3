#include "listing.h"

#include "base/json.h"
#include "declared.h"

#include <string.h>

bool listing_format_parse(const char *text, enum listing_format *out)
{
	static const char *const names[] = {"table", "json", "csv", "yaml"};
	for (int i = 0; i < 4; i++) {
		if (!strcmp(text, names[i])) {
			*out = (enum listing_format)i;
			return true;
		}
	}
	return false;
}

/* --- table -------------------------------------------------------------------------------- */

#define COLUMNS 5
static const char *const headings[COLUMNS] = {"KIND", "ADDRESS", "NAME", "STATUS", "UNIT"};

static struct str cell(const struct account *account, int column)
{
	switch (column) {
	case 0:
		return str_of(kind_names[account->kind]);
	case 1:
		return sym_str(account->address);
	case 2:
		return sym_str(account->name);
	case 3:
		return account->active ? STR("active") : STR("suspended");
	default:
		return sym_str(account->unit);
	}
}

/* Width in characters: continuation bytes do not count. */
static size_t width_of(struct str text)
{
	size_t width = 0;
	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}

static void add_cell(struct buf *out, struct str text, size_t width)
{
	size_t start = out->len;
	buf_add_visible(out, text, false);
	size_t shown = width_of((struct str){out->ptr + start, out->len - start});
	for (size_t i = shown; i < width; i++)
		buf_char(out, ' ');
	buf_puts(out, "  ");
}

static void write_table(const struct accounts *accounts, struct buf *out)
{
	size_t widths[COLUMNS];
	for (int c = 0; c < COLUMNS; c++) {
		widths[c] = strlen(headings[c]);
		for (size_t i = 0; i < accounts->count; i++) {
			size_t width = width_of(cell(&accounts->items[i], c));
			if (width > widths[c])
				widths[c] = width > 40 ? 40 : width;
		}
		add_cell(out, str_of(headings[c]), widths[c]);
	}
	buf_puts(out, "ALIASES  DELEGATES\n");
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->items[i];
		for (int c = 0; c < COLUMNS; c++)
			add_cell(out, cell(account, c), widths[c]);
		buf_addf(out, "%7u  %9u\n", account->aliases.count, account->delegates.count);
	}
}

/* --- JSON --------------------------------------------------------------------------------- */

static void optional(struct json_writer *w, const char *key, const struct sym *value)
{
	if (value)
		json_str(w, key, sym_str(value));
}

static void write_json(const struct accounts *accounts, struct buf *out)
{
	struct json_writer w = {.out = out, .pretty = true, .first = true};
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->items[i];
		json_begin_object(&w, NULL);
		json_str(&w, "kind", str_of(kind_names[account->kind]));
		json_str(&w, "address", sym_str(account->address));
		optional(&w, "id", account->id);
		optional(&w, "name", account->name);
		json_bool(&w, "active", account->active);
		optional(&w, "mobile", account->mobile);
		optional(&w, "unit", account->unit);
		json_begin_array(&w, "aliases");
		for (uint32_t k = 0; k < account->aliases.count; k++)
			json_str(&w, NULL, sym_str(account->aliases.items[k]));
		json_end_array(&w);
		json_begin_array(&w, "delegates");
		for (uint32_t k = 0; k < account->delegates.count; k++)
			json_str(&w, NULL, sym_str(account->delegates.items[k].address));
		json_end_array(&w);
		json_end_object(&w);
	}
	json_end_array(&w);
	buf_char(out, '\n');
}

/* --- CSV ---------------------------------------------------------------------------------- */

static void csv_cell(struct buf *out, struct str text, bool last)
{
	struct buf safe = BUF_INIT;

	buf_add_visible(&safe, text, false);
	buf_char(out, '"');
	/* OWASP "CSV injection": a cell that starts like a formula is made text. */
	if (text.len && memchr("=+-@\t\r", text.ptr[0], 6))
		buf_char(out, '\'');
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.ptr[i] == '"')
			buf_char(out, '"');
		buf_char(out, safe.ptr[i]);
	}
	buf_puts(out, last ? "\"\r\n" : "\",");
	buf_release(&safe);
}

static void write_csv(const struct accounts *accounts, struct buf *out)
{
	buf_puts(out, "kind,address,id,name,status,mobile,unit,aliases,delegates\r\n");
	struct buf list = BUF_INIT;
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->items[i];
		csv_cell(out, cell(account, 0), false);
		csv_cell(out, cell(account, 1), false);
		csv_cell(out, sym_str(account->id), false);
		csv_cell(out, sym_str(account->name), false);
		csv_cell(out, cell(account, 3), false);
		csv_cell(out, sym_str(account->mobile), false);
		csv_cell(out, sym_str(account->unit), false);
		for (uint32_t k = 0; k < account->aliases.count; k++)
			buf_addf(&list, "%s%s", k ? " " : "", account->aliases.items[k]->text);
		csv_cell(out, buf_str(&list), false);
		buf_clear(&list);
		for (uint32_t k = 0; k < account->delegates.count; k++)
			buf_addf(&list, "%s%s", k ? " " : "",
				 account->delegates.items[k].address->text);
		csv_cell(out, buf_str(&list), true);
		buf_clear(&list);
	}
	buf_release(&list);
}

void listing_write(const struct accounts *accounts, enum listing_format format, struct buf *out)
{
	switch (format) {
	case LISTING_TABLE:
		write_table(accounts, out);
		break;
	case LISTING_JSON:
		write_json(accounts, out);
		break;
	case LISTING_CSV:
		write_csv(accounts, out);
		break;
	case LISTING_YAML:
		declared_write(accounts, STR_NONE, out);
		break;
	}
}
