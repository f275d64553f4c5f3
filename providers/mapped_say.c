/* What people are told of an entry: warnings, and why it is held. */
#include "mapped_parts.h"

/* "people.csv:12" or the entry's name. */
static void add_place(struct buf *out, const struct mapped_entry *entry)
{
	if (entry->file)
		buf_addf(out, "%s:%u", entry->file->text, entry->line);
	else
		buf_add(out, entry->name);
}

void mapped_warn(struct mapped *m, const struct mapped_entry *entry, const char *what,
		 struct str value, const char *problem)
{
	if (m->warnings++ >= MAPPED_WARNINGS_MAX)
		return;
	buf_clear(&m->text);
	if (!entry->file)
		buf_addf(&m->text, "%.*s: ", STR_FMT(field_cut(entry->name)));
	buf_puts(&m->text, what);
	if (value.len)
		buf_addf(&m->text, " '%.*s'", STR_FMT(field_cut(value)));
	buf_addf(&m->text, " %s: left out", problem);
	/* An account key may stand in the same line. */
	if (entry->file)
		diag_hide_line(m->diags, sym_str(entry->file), entry->line);
	diag_warning(m->diags, entry->file ? sym_str(entry->file) : m->config->name,
		     entry->file ? entry->line : 0, 0, "%.*s", STR_FMT(buf_str(&m->text)));
}

void mapped_warn_notes(struct mapped *m, const struct mapped_entry *entry, enum map_key key)
{
	/* The value may be most of a key. */
	for (size_t i = 0; i < m->work.note_count; i++)
		mapped_warn(m, entry, map_key_names[key],
			    key == MAP_SSO_KEY ? STR("…") : m->work.notes[i].value,
			    m->work.notes[i].problem);
	m->work.note_count = 0;
}

void mapped_hold(struct mapped *m, const struct mapped_entry *from, struct entry *entry,
		 const char *what, struct str value, const char *problem)
{
	if (entry->held)
		return;
	buf_clear(&m->text);
	buf_puts(&m->text, what);
	if (value.len)
		buf_addf(&m->text, " '%.*s'", STR_FMT(field_cut(value)));
	buf_addf(&m->text, " %s (", problem);
	add_place(&m->text, from);
	buf_char(&m->text, ')');
	entry->held = sym_get(m->input->names, buf_str(&m->text));
}

void mapped_hold_notes(struct mapped *m, const struct mapped_entry *from, struct entry *entry,
		       enum map_key key)
{
	static const char *const what[MAP_KEYS] = {[MAP_DELEGATES] = "its delegate",
						   [MAP_ACTIVE] = "'active'",
						   [MAP_UNTIL] = "'until'",
						   [MAP_ID] = "its id"};
	const struct mapping_note *note = &m->work.notes[0];

	if (m->work.note_count)
		mapped_hold(m, from, entry, what[key],
			    str_is_utf8(note->value) ? note->value : STR_NONE, note->problem);
	m->work.note_count = 0;
}
