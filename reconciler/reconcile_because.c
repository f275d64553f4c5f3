/*
 * Why a change happens: which source made what differ, and which date, filter or option decided.
 */
#include "base/os.h"
#include "fold.h"
#include "reconcile.h"

#include <string.h>

struct str who_text(struct world *w, uint32_t s)
{
	const struct account *current = current_at(w, s);
	struct buf who = BUF_INIT;

	if (!current->unit)
		return sym_str(current->name);
	plan_who(current, &who);
	return plan_text(w, &who);
}

/* --- because ------------------------------------------------------------------------------ */

static bool says(const uint8_t *sources, uint32_t count, uint32_t source)
{
	return sources && count && memchr(sources, (int)source, count);
}

/* Whether the source has made this attribute differ; without a difference: has a say in it. */
static bool decides(const struct world *w, uint32_t s, const struct difference *difference,
		    enum attribute attribute, uint32_t source)
{
	const struct desired_account *desired = desired_at(w, s);
	const uint32_t base = deciding_source(desired, attribute);

	if (!difference)
		return source == base ||
		       (attribute == ATTR_ALIASES &&
			says(desired->alias_sources, desired->account.aliases.count, source)) ||
		       (attribute == ATTR_DELEGATES &&
			says(desired->delegate_sources, desired->account.delegates.count,
			     source));
	if (attribute == ATTR_ALIASES && desired->alias_sources && current_at(w, s))
		return alias_differs(w, s, source);
	if (attribute != ATTR_DELEGATES)
		return source == base;
	for (size_t i = 0; i < difference->add.count; i++)
		if (difference->add.items[i].source == source)
			return true;
	return source == base && difference->remove.count > 0;
}

/* What one source says: a list of words, each once. */
struct words {
	struct str items[ATTR_COUNT * 4];
	size_t count;
};

static void add_word(struct words *words, struct str word)
{
	size_t i = 0;

	while (i < words->count && !fold_same(words->items[i], word))
		i++;
	if (i == words->count && i < sizeof(words->items) / sizeof(words->items[0]))
		words->items[words->count++] = word;
}

/* Of the attributes that this source decided: what it made them of, or their own names where it has no
 * attributes of other names. */
static void find_words(const struct world *w, uint32_t s, unsigned attributes,
		       const struct difference *difference, uint32_t source,
		       struct words *words)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct config_section *section =
		&w->config->sources[source].sections[desired->account.kind];

	words->count = 0;
	for (unsigned bit = 0; bit < ATTR_COUNT; bit++) {
		const struct texts *origins = &section->origins[bit];

		if (!(attributes & 1u << bit) ||
		    !decides(w, s, difference, (enum attribute)(1u << bit), source))
			continue;
		for (size_t i = 0; i < origins->count; i++)
			add_word(words, origins->items[i]);
		if (origins->count == 0)
			add_word(words, str_of(attribute_names[bit]));
	}
}

/* "declared: name, aliases; ad: displayName, department" */
void attributes_text(const struct world *w, uint32_t s, unsigned attributes,
		     const struct difference *difference, struct buf *out)
{
	const size_t start = out->len;
	struct words words;

	for (uint32_t source = 0; source < w->config->source_count; source++) {
		find_words(w, s, attributes, difference, source, &words);
		for (size_t i = 0; i < words.count; i++) {
			if (i == 0)
				buf_addf(out, "%s%.*s: ", out->len > start ? "; " : "",
					 STR_FMT(w->config->sources[source].name));
			buf_addf(out, "%s%.*s", i ? ", " : "", STR_FMT(words.items[i]));
		}
	}
}

static void add_confirmation(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct identity *identity = &w->identity[w->subjects[s].desired];
	const struct account *current = current_at(w, s);

	if (identity->match == MATCH_WAS && desired->was == current->address)
		buf_puts(out, "; was: ");
	else if (identity->match == MATCH_WAS)
		buf_puts(out, "; --same-person: was ");
	else if (identity->confirmed)
		buf_puts(out,
			 identity->lost_id
				 ? "; --same-person: recorded under an id until now: "
				 : "; --same-person: recorded under another id until now: ");
	else
		return;
	buf_add(out, sym_str(current->address));
}

static void add_update(const struct world *w, uint32_t s, const struct difference *difference,
		       struct buf *out)
{
	const struct recorded_account *recorded = recorded_at(w, s);

	attributes_text(w, s, difference->attributes, difference, out);
	add_confirmation(w, s, out);
	if (!(difference->attributes & ATTR_KEY))
		return;
	if (!recorded || !recorded->key || recorded->key == desired_at(w, s)->fingerprint)
		buf_puts(out, "; --refresh-keys");
}

static void add_suspension(const struct recorded_account *recorded, struct buf *out)
{
	char date[DATE_TEXT_SIZE];

	if (!recorded || !recorded->suspended_by) {
		buf_puts(out, "suspended outside zsctl");
		return;
	}
	buf_puts(out, "suspended");
	if (recorded->suspended_since != DATE_NONE) {
		date_text(recorded->suspended_since, date);
		buf_addf(out, " since %s", date);
	}
	buf_puts(out, " by run ");
	buf_add(out, sym_str(recorded->suspended_by));
}

bool left_out_text(const struct world *w, enum account_kind kind, const struct sym *address,
		   const struct recorded_account *recorded, struct buf *out)
{
	const size_t start = out->len;

	for (uint32_t source = 0; source < w->config->source_count; source++) {
		const struct recorded_link *link =
			recorded ? recorded_link_of(w, recorded, source) : NULL;
		const struct sym *because = desired_left_out(w->in->desired, source, kind,
							     address);

		/* Who was given another address is still the same by his id. */
		if (!because && link && link->digest)
			because = desired_left_out(w->in->desired, source, kind, link->digest);
		if (because)
			buf_addf(out, "%s%.*s: %s", out->len > start ? "; " : "",
				 STR_FMT(w->config->sources[source].name), because->text);
	}
	return out->len > start;
}

static void add_absence(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);
	const struct recorded_account *recorded = recorded_at(w, s);

	if (desired) {
		buf_addf(out, "%.*s: ",
			 STR_FMT(w->config->sources[deciding_source(desired, ATTR_ADDRESS)]
					 .name));
		buf_add(out, sym_str(desired->account.address));
		buf_puts(out, " is outside domains.claimed");
		return;
	}
	if (left_out_text(w, subject_kind(w, s), subject_address(w, s), recorded, out))
		return;
	for (uint32_t i = 0; recorded && i < recorded->link_count; i++) {
		buf_puts(out, i ? ", " : "");
		buf_add(out, sym_str(recorded->links[i].source));
	}
	buf_puts(out, recorded && recorded->link_count ? ": no longer listed"
						       : "no source lists it");
}

void leave_text(const struct world *w, uint32_t s, struct buf *out)
{
	const struct desired_account *desired = desired_at(w, s);

	if (w->subjects[s].want == WANT_ABSENT)
		add_absence(w, s, out);
	else if (!desired->account.active)
		buf_add(out, sym_str(desired->inactive_because));
	else
		buf_addf(out, "%.*s: no delegate of it will be active",
			 STR_FMT(w->config->sources[deciding_source(desired, ATTR_DELEGATES)]
					 .name));
}

struct str because_text(struct world *w, uint32_t s, const struct difference *difference)
{
	struct buf text = BUF_INIT;

	switch ((enum ruling)w->subjects[s].ruling) {
	case RULING_CREATE:
		buf_add(&text, sym_str(desired_at(w, s)->because));
		if (w->subjects[s].recorded != NOBODY)
			buf_puts(&text, "; it had been deleted in the target");
		break;
	case RULING_REACTIVATE:
		buf_add(&text, sym_str(desired_at(w, s)->because));
		buf_puts(&text, "; ");
		add_suspension(recorded_at(w, s), &text);
		if (difference->attributes)
			buf_puts(&text, "; ");
		attributes_text(w, s, difference->attributes, difference, &text);
		add_confirmation(w, s, &text);
		break;
	case RULING_SUSPEND:
		leave_text(w, s, &text);
		break;
	case RULING_DELETE:
		leave_text(w, s, &text);
		buf_puts(&text, "; ");
		add_suspension(recorded_at(w, s), &text);
		buf_addf(
			&text,
			"; --delete %.*s, --suspended-for %.*s; its messages are lost for ever",
			STR_FMT(w->in->options->delete_),
			STR_FMT(w->in->options->suspended_for));
		break;
	case RULING_SAME:
	case RULING_KEPT:
		add_update(w, s, difference, &text);
		break;
	case RULING_NOTHING:
	case RULING_INACTIVE:
	case RULING_UNMANAGED:
	case RULING_LEFT_OUT:
	case RULING_PROTECTED:
	case RULING_HELD:
	case RULING_MANUAL:
		break;
	}
	return plan_text(w, &text);
}
