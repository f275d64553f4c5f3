#include "mapping_parts.h"

#include <string.h>

void mapping_add(struct mapping_work *work, struct mapping_list *list, struct str value)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 4;
		struct str *items = arena_array(&work->arena, struct str, capacity);

		if (list->count)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = value;
}

static bool is_blank(struct str value)
{
	return str_trim(value).len == 0;
}

static struct values convert_all(struct mapping_work *work, const struct conversion *conversion,
				 struct values values)
{
	struct mapping_list list = {NULL, 0, 0};

	for (size_t i = 0; i < values.count; i++) {
		if (!is_blank(values.items[i]))
			mapping_convert(work, conversion, values.items[i], &list);
		if (conversion->op == CONVERT_FIRST && list.count)
			break;
	}
	return (struct values){list.items, list.count};
}

/* As they came, when all of them are something. */
static struct values without_blanks(struct mapping_work *work, struct values values)
{
	static const struct conversion as_it_is = {.op = CONVERT_TEXT};

	for (size_t i = 0; i < values.count; i++) {
		if (is_blank(values.items[i]))
			return convert_all(work, &as_it_is, values);
	}
	return values;
}

/* False when none of the names has a value; nothing at all may be one. */
static bool choose(struct mapping_work *work, const struct template_part *part,
		   const struct values *entry, struct values *out)
{
	static const struct str nothing = {"", 0};

	for (size_t i = 0; i < part->choice_count; i++) {
		const struct template_choice *choice = &part->choices[i];
		struct values values;

		if (choice->attribute.len == 0) {
			*out = (struct values){&nothing, 1};
			return true;
		}
		values = entry[choice->slot];
		for (size_t j = 0; j < choice->conversion_count && values.count; j++)
			values = convert_all(work, &choice->conversions[j], values);
		if (choice->conversion_count == 0)
			values = without_blanks(work, values);
		if (values.count) {
			*out = values;
			return true;
		}
	}
	return false;
}

/* One value of a template with text in it; `parts` are what its braces gave. */
static struct str compose(struct mapping_work *work, const struct template *template,
			  const struct values *parts, size_t which)
{
	size_t len = 0;
	char *text = NULL;

	for (int writing = 0; writing < 2; writing++) {
		size_t brace = 0, at = 0;

		if (writing)
			text = arena_alloc_aligned(&work->arena, len + 1, 1);
		for (size_t i = 0; i < template->part_count; i++) {
			struct str piece = template->parts[i].text;

			if (template->parts[i].choice_count)
				piece = parts[brace++].items[which];
			if (writing && piece.len)
				memcpy(text + at, piece.ptr, piece.len);
			at += piece.len;
		}
		len = at;
	}
	return (struct str){text, len};
}

struct values mapping_values(struct mapping_work *work, const struct template *template,
			     const struct values *entry)
{
	struct values *parts = arena_array(&work->arena, struct values, template->braces + 1);
	struct mapping_list list = {NULL, 0, 0};
	size_t brace = 0, count = 1;

	for (size_t i = 0; i < template->part_count; i++) {
		if (template->parts[i].choice_count == 0)
			continue;
		if (!choose(work, &template->parts[i], entry, &parts[brace++]))
			return (struct values){NULL, 0};
	}
	if (template->part_count == 1 && brace == 1)
		return is_blank(parts[0].items[0]) ? (struct values){NULL, 0} : parts[0];
	if (template->braces == 1)
		count = parts[0].count;
	for (size_t i = 0; i < count; i++) {
		struct str value = compose(work, template, parts, i);

		if (!is_blank(value))
			mapping_add(work, &list, value);
	}
	return (struct values){list.items, list.count};
}
