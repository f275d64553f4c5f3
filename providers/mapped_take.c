/* What an account is made of, out of the values of one entry. */
#include "mapped_parts.h"

#include "address.h"
#include "base/os.h"
#include "character.h"
#include "dn.h"
#include "fold.h"

#include <string.h>

#define NAME_MAX_BYTES 1024
#define KEY_MAX_BYTES 1024
#define DELEGATES_MAX 100000 /* of one entry */
#define ALIASES_MAX 10000
#define RULES_NAMED 3

/* --- values ------------------------------------------------------------------------------- */

/* Whether the configuration has an opinion on it at all. */
static bool is_mapped(const struct config_section *section, enum map_key key)
{
	return section->map[key].count && section->map[key].items[0].part_count;
}

/* The first template that has a value; notes are there to be looked at. */
static struct values first_with_notes(struct mapped *m, const struct mapped_entry *entry,
				      enum map_key key)
{
	const struct templates *templates = &m->config->sections[entry->kind].map[key];
	struct values values = {NULL, 0};

	for (size_t i = 0; i < templates->count && !values.count; i++)
		values = mapping_values(&m->work, &templates->items[i], entry->values);
	return values;
}

static struct values first_of(struct mapped *m, const struct mapped_entry *entry,
			      enum map_key key)
{
	struct values values = first_with_notes(m, entry, key);

	mapped_warn_notes(m, entry, key);
	return values;
}

/* The same where a value that nothing can be made of holds the entry. */
static struct values first_or_held(struct mapped *m, const struct mapped_entry *from,
				   struct entry *entry, enum map_key key)
{
	struct values values = first_with_notes(m, from, key);

	if (values.count)
		m->work.note_count = 0;
	mapped_hold_notes(m, from, entry, key);
	return values;
}

/* Blanks of any width as one, none at the ends, and nothing that cannot be seen: texts come by copy and
 * paste. False when it is no UTF-8. */
static bool tidy(struct mapped *m, struct str text, struct str *out)
{
	bool blank = false;

	buf_clear(&m->text);
	while (text.len) {
		uint32_t code;
		size_t len = str_utf8_next(text, &code);

		if (len == 0)
			return false;
		if (character_blank(code) || (code >= '\t' && code <= '\r')) {
			blank = m->text.len > 0;
		} else if (!character_invisible(code)) {
			if (blank)
				buf_char(&m->text, ' ');
			blank = false;
			buf_add(&m->text, (struct str){text.ptr, len});
		}
		text = (struct str){text.ptr + len, text.len - len};
	}
	*out = buf_str(&m->text);
	return true;
}

const struct sym *mapped_text(struct mapped *m, const struct mapped_entry *from,
			      struct entry *entry, const char *what, struct str value)
{
	struct str text;

	if (!tidy(m, value, &text)) {
		mapped_hold(m, from, entry, what, STR_NONE, "is no text");
		return NULL;
	}
	if (text.len > NAME_MAX_BYTES) {
		mapped_hold(m, from, entry, what, STR_NONE, "is longer than 1024 bytes");
		return NULL;
	}
	return text.len ? sym_get(m->input->names, text) : NULL;
}

static const struct sym *address_of(struct mapped *m, struct str value, struct err *err)
{
	struct str address;

	if (!str_is_utf8(value)) {
		err_set(err, ERR_FAILED, "is no text");
		return NULL;
	}
	if (address_normalize(&m->work.arena, str_trim(value), &address, err) < 0) {
		err_prefix(err, "is no address");
		return NULL;
	}
	return sym_get(m->input->names, address);
}

/* What is only managed is not listed among what is held: nobody knows whose it would be. */
static void warn_nobody(struct mapped *m, const struct mapped_entry *from)
{
	if (config_source_manage(m->config, from->kind))
		mapped_warn(m, from, "it", STR_NONE, "has no valid address");
}

static void take_address(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	struct values values = first_of(m, from, MAP_ADDRESS);
	struct err err = ERR_INIT;

	if (values.count == 0) {
		mapped_hold(m, from, entry, "it", STR_NONE, "has no address");
		warn_nobody(m, from);
		return;
	}
	entry->account.address = address_of(m, values.items[0], &err);
	if (entry->account.address)
		return;
	mapped_hold(m, from, entry, "its address",
		    str_is_utf8(values.items[0]) ? values.items[0] : STR_NONE, err.text);
	warn_nobody(m, from);
}

/* "left out by exclude: Status is 'Left'"; `rule` NULL: none of include holds. */
static void add_rule(const struct config_section *section, const struct config_rule *rule,
		     struct buf *out)
{
	buf_puts(out, rule ? "left out by exclude: " : "left out by include, which wants: ");
	if (rule) {
		filter_describe(rule, out);
		return;
	}
	for (size_t i = 0; i < section->include_count && i < RULES_NAMED; i++) {
		buf_puts(out, i ? "; or " : "");
		filter_describe(&section->include[i], out);
	}
	if (section->include_count > RULES_NAMED)
		buf_addf(out, "; or one of %zu more", section->include_count - RULES_NAMED);
}

/* The digest of an id; NULL: there is none. */
static const struct sym *digest_of(struct mapped *m, struct values id)
{
	char digest[SHA256_TEXT_SIZE];

	if (id.count == 0)
		return NULL;
	source_id_digest(m->config->name, id.items[0], digest);
	return sym_get(m->input->names, str_of(digest));
}

void mapped_leave_out(struct mapped *m, const struct mapped_entry *from,
		      const struct config_rule *rule)
{
	const struct config_section *section = &m->config->sections[from->kind];
	struct err unusable = ERR_INIT; /* then nobody can be meant */
	const struct sym *who[2], *because;
	struct values values;

	if (config_source_manage(m->config, from->kind))
		return;
	values = first_of(m, from, MAP_ADDRESS);
	who[0] = values.count ? address_of(m, values.items[0], &unusable) : NULL;
	who[1] = digest_of(m, first_of(m, from, MAP_ID));
	if (!who[0] && !who[1])
		return;
	buf_clear(&m->text);
	add_rule(section, rule, &m->text);
	because = sym_get(m->input->names, buf_str(&m->text));
	for (size_t i = 0; i < 2; i++)
		if (who[i])
			*vec_push(&m->entries->left_out) =
				(struct left_out){who[i], because, m->source, from->kind};
}

static void take_name(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	const struct config_section *section = &m->config->sections[from->kind];
	struct values values = first_of(m, from, MAP_NAME);
	struct account *account = &entry->account;

	if (values.count)
		account->name = mapped_text(m, from, entry, "its name", values.items[0]);
	if (account->name)
		account->has |= ATTR_NAME;
	else if (!section->manage && !m->config->manage && !m->config->adds)
		mapped_hold(m, from, entry, "it", STR_NONE, "has no name");
}

/* All values of all templates, as addresses; broken ones are left out. */
static void take_aliases(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	const struct templates *templates = &m->config->sections[from->kind].map[MAP_ALIASES];
	const struct sym **items = NULL;
	uint32_t count = 0;

	if (!is_mapped(&m->config->sections[from->kind], MAP_ALIASES))
		return;
	entry->account.has |= ATTR_ALIASES;
	for (size_t i = 0; i < templates->count; i++) {
		struct values values = mapping_values(&m->work, &templates->items[i],
						      from->values);
		const struct sym **grown;

		mapped_warn_notes(m, from, MAP_ALIASES);
		if (values.count == 0)
			continue;
		if (values.count > ALIASES_MAX - count)
			values.count = ALIASES_MAX - count;
		grown = arena_array(&m->entries->arena, const struct sym *,
				    count + values.count);
		if (count)
			memcpy(grown, items, count * sizeof(*items));
		items = grown;
		for (size_t j = 0; j < values.count; j++) {
			struct err err = ERR_INIT;
			const struct sym *alias = address_of(m, values.items[j], &err);

			if (!alias)
				mapped_warn(m, from, "alias", values.items[j], err.text);
			else if (alias != entry->account.address)
				items[count++] = alias;
		}
	}
	entry->account.aliases = (struct set){items, set_sort(items, count)};
}

/* Names of entries are symbols that no address can be. */
static const struct sym *name_symbol(struct mapped *m, struct str name)
{
	buf_clear(&m->text);
	buf_puts(&m->text, MAPPED_NAME);
	buf_add(&m->text, name);
	return sym_get(m->input->names, buf_str(&m->text));
}

struct str mapped_named(const struct sym *delegate)
{
	struct str text = sym_str(delegate);

	if (!str_starts(text, MAPPED_NAME))
		return text;
	return (struct str){text.ptr + sizeof(MAPPED_NAME) - 1,
			    text.len - (sizeof(MAPPED_NAME) - 1)};
}

static const struct sym *delegate_of(struct mapped *m, struct str value, struct err *err)
{
	/* Few names have an '@' in them, and no address is without. */
	bool maybe = memchr(value.ptr, '@', value.len) || !memchr(value.ptr, '=', value.len);
	const struct sym *address = maybe ? address_of(m, value, err) : NULL;
	struct str name;
	struct err other;
	size_t at;

	if (address)
		return address;
	if (!memchr(value.ptr, '=', value.len) ||
	    dn_normalize(&m->work.arena, value, &name, &at, &other) < 0)
		return maybe ? NULL : address_of(m, value, err);
	return name_symbol(m, name);
}

/* As they are named; mapped_finish() finds out whose accounts these are. */
static void take_delegates(struct mapped *m, const struct mapped_entry *from,
			   struct entry *entry)
{
	const struct templates *templates = &m->config->sections[from->kind].map[MAP_DELEGATES];
	struct delegates *delegates = &entry->account.delegates;

	if (!is_mapped(&m->config->sections[from->kind], MAP_DELEGATES))
		return;
	entry->account.has |= ATTR_DELEGATES;
	for (size_t i = 0; i < templates->count; i++) {
		struct values values = mapping_values(&m->work, &templates->items[i],
						      from->values);
		struct delegate *grown;

		/* Leaving it out would take access away for a slip of the pen. */
		mapped_hold_notes(m, from, entry, MAP_DELEGATES);
		if (values.count == 0)
			continue;
		if (values.count > DELEGATES_MAX - delegates->count) {
			mapped_hold(m, from, entry, "it", STR_NONE,
				    "has more than 100000 delegates");
			return;
		}
		grown = arena_array(&m->entries->arena, struct delegate,
				    delegates->count + values.count);
		if (delegates->count)
			memcpy(grown, delegates->items, delegates->count * sizeof(*grown));
		delegates->items = grown;
		for (size_t j = 0; j < values.count; j++) {
			struct err err = ERR_INIT;
			const struct sym *who = delegate_of(m, values.items[j], &err);

			if (who)
				grown[delegates->count++] = (struct delegate){who, NULL};
			else
				mapped_hold(m, from, entry, "its delegate",
					    str_is_utf8(values.items[j]) ? values.items[j]
									 : STR_NONE,
					    err.text);
		}
	}
}

static void take_mobile(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	struct values values = first_of(m, from, MAP_MOBILE);

	if (values.count == 0)
		return;
	if (!mobile_valid(values.items[0])) {
		mapped_warn(m, from, "mobile", values.items[0],
			    "is not in E.164 form, which mobile(…) brings numbers into");
		return;
	}
	entry->account.mobile = sym_get(m->input->names, values.items[0]);
	entry->account.has |= ATTR_MOBILE;
}

static void take_key(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	struct values values = first_of(m, from, MAP_SSO_KEY);
	struct secret_ref *key;
	struct str text;

	if (values.count == 0)
		return;
	text = str_trim(values.items[0]);
	if (!character_visible_line(text) || text.len > KEY_MAX_BYTES) {
		mapped_hold(m, from, entry, "its account key", STR_NONE,
			    "is no text; a conversion like base64 makes text of bytes");
		return;
	}
	key = arena_new(&m->entries->arena, struct secret_ref);
	key->kind = SECRET_HELD;
	key->name = arena_str(&m->entries->keys, text);
	entry->key = key;
	entry->account.has |= ATTR_KEY;
}

/* "not active by Status": what the template that says so looks at. NULL: nothing. */
static const struct sym *inactive_words(struct mapped *m, enum account_kind kind, size_t which)
{
	const struct template *template =
		&m->config->sections[kind].map[MAP_ACTIVE].items[which];
	const struct sym **words = &m->inactive_because[kind][which];
	size_t names = 0;

	if (*words)
		return *words;
	buf_clear(&m->text);
	buf_puts(&m->text, "not active by ");
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];

		for (size_t j = 0; j < part->choice_count; j++)
			buf_addf(&m->text, "%s%.*s", names++ ? ", " : "",
				 STR_FMT(part->choices[j].attribute));
	}
	if (names)
		*words = sym_get(m->input->names, buf_str(&m->text));
	return *words;
}

/* No template may say false. */
static void take_active(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	const struct templates *templates = &m->config->sections[from->kind].map[MAP_ACTIVE];

	for (size_t i = 0; i < templates->count; i++) {
		struct values values = mapping_values(&m->work, &templates->items[i],
						      from->values);
		bool active = true;

		if (values.count == 0) {
			mapped_hold_notes(m, from, entry, MAP_ACTIVE);
			continue;
		}
		m->work.note_count = 0;
		if (!mapping_bool(values.items[0], &active)) {
			mapped_hold(m, from, entry, "'active' is",
				    str_is_utf8(values.items[0]) ? values.items[0] : STR_NONE,
				    "and neither true nor false");
			continue;
		}
		entry->account.has |= ATTR_ACTIVE;
		if (active || !entry->account.active)
			continue;
		entry->account.active = false;
		entry->inactive_because = inactive_words(m, from->kind, i);
	}
}

static void take_until(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	struct values values = first_or_held(m, from, entry, MAP_UNTIL);
	char date[DATE_TEXT_SIZE];

	if (values.count == 0)
		return;
	if (!date_parse(str_trim(values.items[0]), &entry->until)) {
		mapped_hold(m, from, entry, "'until' is",
			    str_is_utf8(values.items[0]) ? values.items[0] : STR_NONE,
			    "and no date like 2026-12-31, which date(…) brings days into");
		return;
	}
	entry->account.has |= ATTR_ACTIVE;
	if (entry->until >= m->input->today || !entry->account.active)
		return;
	entry->account.active = false;
	date_text(entry->until, date);
	buf_clear(&m->text);
	buf_addf(&m->text, "until %s has passed", date);
	entry->inactive_because = sym_get(m->input->names, buf_str(&m->text));
}

static void take_id(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	entry->id_digest = digest_of(m, first_or_held(m, from, entry, MAP_ID));
}

/* --- all of it --------------------------------------------------------------------------- */

void mapped_take(struct mapped *m, const struct mapped_entry *from, struct entry *entry)
{
	take_address(m, from, entry);
	take_name(m, from, entry);
	take_aliases(m, from, entry);
	if (!from->delegates_unknown)
		take_delegates(m, from, entry);
	take_mobile(m, from, entry);
	take_key(m, from, entry);
	take_active(m, from, entry);
	take_until(m, from, entry);
	take_id(m, from, entry);
	mapped_take_unit(m, from, entry);
}
