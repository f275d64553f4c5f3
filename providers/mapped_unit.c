/* The unit of an account: by a template, or by one of the tables. */
#include "mapped_parts.h"

#include "address.h"
#include "dn.h"
#include "fold.h"

static struct str row_of(const struct config_unit_rows *rows, struct str key)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (str_eq(rows->items[i].key, key))
			return rows->items[i].unit;
	}
	return STR_NONE;
}

/* The longest name that it lies under. */
static struct str row_above(struct mapped *m, const struct config_unit_rows *rows,
			    struct str value)
{
	const struct config_unit_row *found = NULL;
	struct err err;
	size_t at;

	if (dn_normalize(&m->work.arena, value, &value, &at, &err) < 0)
		return STR_NONE;
	for (size_t i = 0; i < rows->count; i++) {
		if (dn_under(value, rows->items[i].key) &&
		    (!found || rows->items[i].key.len > found->key.len))
			found = &rows->items[i];
	}
	return found ? found->unit : STR_NONE;
}

static struct str unit_of(struct mapped *m, const struct mapped_entry *from,
			  const struct entry *entry)
{
	const struct config_unit *unit = &m->config->sections[from->kind].unit;
	struct values values = mapping_values(&m->work, &unit->value, from->values);
	struct str found = values.count ? values.items[0] : STR_NONE;

	if (unit->tables[UNIT_DOMAINS].count && entry->account.address)
		found = row_of(&unit->tables[UNIT_DOMAINS],
			       address_domain(sym_str(entry->account.address)));
	values = unit->attribute.len ? from->values[unit->slot] : (struct values){NULL, 0};
	for (size_t i = 0; i < values.count && !found.len; i++) {
		struct str folded = fold_text(&m->work.arena, str_trim(values.items[i]));

		found = unit->tables[UNIT_VALUES].count
				? row_of(&unit->tables[UNIT_VALUES], folded)
				: row_above(m, &unit->tables[UNIT_UNDER], values.items[i]);
	}
	return found.len ? found : unit->otherwise;
}

void mapped_take_unit(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	struct str unit;

	if (!m->config->sections[from->kind].unit.given)
		return;
	unit = unit_of(m, from, entry);
	m->work.note_count = 0;
	if (unit.len == 0)
		return;
	entry->account.has |= ATTR_UNIT;
	if (!str_is(unit, "/"))
		entry->account.unit = mapped_text(m, from, entry, "its unit", unit);
}
