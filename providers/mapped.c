#include "mapped_parts.h"

#include <stdlib.h>

/* Most of what is mapped is looked up as it is written. */
static void expect_symbols(struct mapped *m, const struct mapped_entry *entry)
{
	const struct config_section *section = &m->config->sections[entry->kind];
	struct str texts[SYM_EXPECT_MAX];
	size_t count = 0;

	for (size_t slot = 0; slot < section->attribute_count; slot++) {
		const struct values values = entry->values[slot];

		for (size_t i = 0; i < values.count && count < SYM_EXPECT_MAX; i++)
			texts[count++] = values.items[i];
	}
	sym_expect(m->input->names, texts, count);
}

static void note_name(struct mapped *m, const struct mapped_entry *entry)
{
	size_t before = m->entries->count - 1 - m->first;

	if (entry->name.len == 0 && m->names.count == 0)
		return;
	/* Those before the first one with a name have none. */
	while (m->names.count < before)
		*vec_push(&m->names) = STR_NONE;
	*vec_push(&m->names) = entry->name.len ? arena_str(&m->names.arena, entry->name)
					       : STR_NONE;
}

bool mapped_add(struct mapped *m, const struct mapped_entry *from)
{
	const struct config_section *section = &m->config->sections[from->kind];
	const struct filter_entry filtered = {from->values, from->member_of, from->context};
	struct filter_verdict verdict = {.in = true};
	struct entry *entry;

	arena_reset(&m->work.arena);
	m->work.note_count = 0;
	if (!m->unfiltered && (section->include_count || section->exclude_count))
		verdict = filter_judge(section, &filtered, &m->work.arena);
	if (!verdict.in) {
		m->out[from->kind]++;
		mapped_leave_out(m, from, verdict.rule);
		return false;
	}
	expect_symbols(m, from);
	entry = vec_push(m->entries);
	entry->account.kind = (uint8_t)from->kind;
	entry->account.active = true;
	entry->source = m->source;
	entry->file = from->file;
	entry->line = from->line;
	entry->until = DATE_NONE;
	entry->because = from->because ? from->because : m->listed;
	if (from->held)
		mapped_hold(m, from, entry, "it", STR_NONE, from->held);
	mapped_take(m, from, entry);
	note_name(m, from);
	return true;
}

void mapped_begin(struct mapped *m, const struct config_source *config, uint32_t source,
		  const struct source_input *input, struct entries *entries,
		  struct diags *diags)
{
	*m = (struct mapped){
		.config = config,
		.source = source,
		.input = input,
		.entries = entries,
		.diags = diags,
		.first = entries->count,
		.first_left_out = entries->left_out.count,
		/* An account that expires today does so when the day is over. */
		.work = {.arena = ARENA_INIT, .now = (int64_t)input->today * 86400},
	};
	m->listed = sym_get(input->names, STR("listed"));
}

static void release(struct mapped *m)
{
	/* Account keys were made in it. */
	arena_wipe(&m->work.arena);
	free(m->names.items);
	arena_release(&m->names.arena);
	buf_release(&m->text);
}

/* --- delegates ---------------------------------------------------------------------------- */

/* Its name's symbol, when some delegate is named so. */
static const struct sym *find_name(struct mapped *m, size_t entry)
{
	if (entry >= m->names.count || m->names.items[entry].len == 0)
		return NULL;
	buf_clear(&m->text);
	buf_puts(&m->text, MAPPED_NAME);
	buf_add(&m->text, m->names.items[entry]);
	return sym_find(m->input->names, buf_str(&m->text));
}

/* By symbol number: 1 + the entry that has this address, alias or name. The first one that says so. */
static uint32_t *find_owners(struct mapped *m)
{
	/* What another thread adds meanwhile is nobody's delegate here. */
	const uint32_t known = sym_count(m->input->names);
	uint32_t *owner = mem_calloc(known + 1u, sizeof(*owner));

	for (size_t i = m->first; i < m->entries->count; i++) {
		const struct account *account = &m->entries->items[i].account;
		const struct sym *name = find_name(m, i - m->first);

		if (account->address)
			owner[account->address->number] = (uint32_t)i + 1;
		if (name && name->number < known && !owner[name->number])
			owner[name->number] = (uint32_t)i + 1;
	}
	for (size_t i = m->first; i < m->entries->count; i++) {
		const struct set aliases = m->entries->items[i].account.aliases;

		for (uint32_t j = 0; j < aliases.count; j++) {
			if (!owner[aliases.items[j]->number])
				owner[aliases.items[j]->number] = (uint32_t)i + 1;
		}
	}
	return owner;
}

/* A delegate that has no address. */
static void hold_with(struct mapped *m, struct entry *entry, const struct entry *delegate)
{
	if (entry->held)
		return;
	buf_clear(&m->text);
	buf_addf(&m->text, "one of its delegates is held: %s",
		 delegate->held ? delegate->held->text : "it has no address");
	entry->held = sym_get(m->input->names, buf_str(&m->text));
}

static void resolve(struct mapped *m, const uint32_t *owner, struct entry *entry)
{
	struct account *account = &entry->account;
	struct delegates *delegates = &account->delegates;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < delegates->count; i++) {
		const struct sym *who = delegates->items[i].address;
		const uint32_t index = owner[who->number];

		if (index) {
			const struct entry *found = &m->entries->items[index - 1];

			/* Nobody knows who that is in the target: nothing is taken away. */
			if (!found->account.address)
				hold_with(m, entry, found);
			who = found->account.address;
		} else if (str_starts(sym_str(who), MAPPED_NAME)) {
			continue;
		}
		/* Nobody needs access to what is her own. */
		if (who && who != account->address)
			delegates->items[kept++] = (struct delegate){who, NULL};
	}
	delegates->count = delegates_sort(delegates->items, kept);
}

void mapped_finish(struct mapped *m)
{
	uint32_t *owner = NULL;

	for (size_t i = m->first; i < m->entries->count; i++) {
		struct entry *entry = &m->entries->items[i];

		if (entry->account.delegates.count == 0)
			continue;
		if (!owner)
			owner = find_owners(m);
		resolve(m, owner, entry);
	}
	free(owner);
	if (m->warnings > MAPPED_WARNINGS_MAX)
		diag_warning(m->diags, m->config->name, 0, 0,
			     "%zu more values were left out that are not listed",
			     m->warnings - MAPPED_WARNINGS_MAX);
	release(m);
}

void mapped_abandon(struct mapped *m)
{
	m->entries->count = m->first;
	m->entries->left_out.count = m->first_left_out;
	release(m);
}
