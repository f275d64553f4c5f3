#include "filter.h"

#include "address.h"
#include "dn.h"
#include "fold.h"

#include <string.h>

/* Whether one value passes one test, whose text is folded or normalised already. */
static bool passes(enum rule_test test, struct str value, struct str text)
{
	switch (test) {
	case RULE_VALUES:
		return str_eq(value, text);
	case RULE_PREFIX:
		return value.len >= text.len && memcmp(value.ptr, text.ptr, text.len) == 0;
	case RULE_UNDER:
		return dn_under(value, text);
	case RULE_MATCHES:
		return pattern_match(text, value);
	case RULE_MEMBERS_OF:
	case RULE_TESTS:
		break;
	}
	return false;
}

/* What is compared of a value; false when it cannot pass at all. */
static bool prepare(enum rule_test test, struct arena *arena, struct str *value)
{
	struct err err;
	size_t at;

	if (test == RULE_UNDER)
		return dn_normalize(arena, *value, value, &at, &err) == 0;
	*value = fold_text(arena, str_trim(*value));
	return true;
}

static bool holds(const struct config_rule *rule, const struct filter_entry *entry,
		  struct arena *arena, struct str *which)
{
	const struct texts *texts = &rule->texts[rule->test];
	struct values values;

	if (rule->test == RULE_MEMBERS_OF) {
		*which = STR_NONE;
		return entry->member_of && entry->member_of(entry->context, rule);
	}
	values = entry->values[rule->slot];
	for (size_t i = 0; i < values.count; i++) {
		struct str value = values.items[i];

		if (!prepare(rule->test, arena, &value))
			continue;
		for (size_t j = 0; j < texts->count; j++) {
			if (passes(rule->test, value, texts->items[j])) {
				*which = texts->items[j];
				return true;
			}
		}
	}
	return false;
}

struct filter_verdict filter_judge(const struct config_section *section,
				   const struct filter_entry *entry, struct arena *arena)
{
	struct filter_verdict verdict = {.in = section->include_count == 0};
	struct str which;

	/* What is excluded is out, whatever includes it. */
	for (size_t i = 0; i < section->exclude_count; i++) {
		if (holds(&section->exclude[i], entry, arena, &which))
			return (struct filter_verdict){false, &section->exclude[i], which};
	}
	for (size_t i = 0; i < section->include_count; i++) {
		if (holds(&section->include[i], entry, arena, &which))
			return (struct filter_verdict){true, &section->include[i], which};
	}
	return verdict;
}

void filter_describe(const struct config_rule *rule, struct buf *out)
{
	static const char *const words[RULE_TESTS] = {" is ", " begins with ", " lies under ",
						      " is like ", "member of "};
	const struct texts *texts = &rule->texts[rule->test];

	buf_add(out, rule->attribute);
	buf_puts(out, words[rule->test]);
	for (size_t i = 0; i < texts->count && i < 3; i++)
		buf_addf(out, "%s'%.*s'", i ? " or " : "", STR_FMT(texts->items[i]));
	if (texts->count > 3)
		buf_addf(out, " or one of %zu more", texts->count - 3);
}
