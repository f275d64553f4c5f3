/*
 * Templates and distinguished names over arbitrary bytes: the first line is a template, the others are values of its
 * attributes. What is refused says where; what is not gives values that are never empty, the same ones each time.
 */
#include "base/os.h"
#include "dn.h"
#include "mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VALUES_MOST = 64 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Every name has all of the values. */
static size_t number(const struct template *template)
{
	size_t slots = 0;

	for (size_t i = 0; i < template->part_count; i++) {
		for (size_t j = 0; j < template->parts[i].choice_count; j++) {
			struct template_choice *choice = &template->parts[i].choices[j];

			must(choice->attribute.len == 0 || str_is_utf8(choice->attribute));
			choice->slot = (unsigned)slots++;
		}
	}
	return slots;
}

static void add_values(struct buf *out, const struct mapping_work *work, struct values values)
{
	for (size_t i = 0; i < values.count; i++) {
		bool truth;

		must(str_trim(values.items[i]).len > 0);
		mapping_bool(values.items[i], &truth);
		buf_add(out, values.items[i]);
		buf_char(out, '\n');
	}
	must(work->note_count <= MAPPING_NOTES_MAX);
	for (size_t i = 0; i < work->note_count; i++)
		buf_puts(out, work->notes[i].problem);
}

static void use(const struct template *template, const struct str *items, size_t count)
{
	struct mapping_work work = {.now = 1800000000};
	struct arena arena = ARENA_INIT;
	const size_t slots = number(template);
	struct values *entry = arena_array(&arena, struct values, slots + 1);
	struct buf first = BUF_INIT, second = BUF_INIT;

	for (size_t i = 0; i < slots; i++)
		entry[i] = (struct values){items, count};
	add_values(&first, &work, mapping_values(&work, template, entry));
	arena_reset(&work.arena);
	work.note_count = 0;
	add_values(&second, &work, mapping_values(&work, template, entry));
	must(str_eq(buf_str(&first), buf_str(&second)));
	buf_release(&first);
	buf_release(&second);
	arena_release(&work.arena);
	arena_release(&arena);
}

/* A normalised name is its own normal form, and lies under itself. */
static void check_dn(struct str text)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct str once, twice;
	size_t at = 0;

	if (dn_normalize(&arena, text, &once, &at, &err) < 0) {
		must(err.text[0] != '\0' && at <= text.len);
	} else {
		must(dn_normalize(&arena, once, &twice, &at, &err) == 0 && str_eq(once, twice));
		must(dn_under(once, once));
	}
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, line, text, values[VALUES_MOST];
	struct arena arena = ARENA_INIT;
	struct template template;
	struct err err = ERR_INIT;
	size_t count = 0, at = 0;

	if (!str_split(&rest, '\n', &text))
		text = STR_NONE;
	check_dn(text);
	while (count < VALUES_MOST && str_split(&rest, '\n', &line)) {
		values[count++] = line;
		check_dn(line);
	}
	/* As the configuration's reader hands them over. */
	if (text.len && text.len <= 1024 && str_is_utf8(text)) {
		if (template_parse(&arena, text, &template, &at, &err) < 0)
			must(err.text[0] != '\0' && at <= text.len);
		else
			use(&template, values, count);
	}
	arena_release(&arena);
	return 0;
}
