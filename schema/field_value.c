#include "field_value.h"

#include "base/os.h"

#include <stdarg.h>

#define TEXT_MAX 1024

/* --- messages ----------------------------------------------------------------------------- */

int field_error(struct field_walk *walk, const struct node *node, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diag_error(walk->diags, node->file, node->line, node->column, "%s", text);
	return -1;
}

struct str field_cut(struct str text)
{
	if (text.len <= 60)
		return text;
	text.len = 60;
	while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

const char *field_node_what(const struct node *node)
{
	switch (node->type) {
	case NODE_SCALAR:
		return node_is_null(node) ? "nothing" : "a text";
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a map";
	}
	return "";
}

/* Those that people may write now: "skip or refuse". */
static void add_words(struct buf *out, const struct field_word *words)
{
	size_t count = 0, at = 0;

	for (const struct field_word *word = words; word->word; word++)
		count += !word->later;
	for (const struct field_word *word = words; word->word; word++) {
		if (word->later)
			continue;
		if (at > 0)
			buf_puts(out, at + 1 == count ? " or " : ", ");
		buf_puts(out, word->word);
		at++;
	}
}

void field_add_form(struct buf *out, const struct field *field)
{
	char text[32];

	if (field->form) {
		buf_puts(out, field->form);
		return;
	}
	switch (field->type) {
	case FIELD_VERSION:
		buf_addf(out, "the format's number, %u", (unsigned)field->max);
		break;
	case FIELD_TEXT:
	case FIELD_VALUE:
		buf_puts(out, "a text");
		break;
	case FIELD_BOOL:
		buf_puts(out, "true or false");
		break;
	case FIELD_NUMBER:
		buf_addf(out, "a number from %llu to %llu", (unsigned long long)field->min,
			 (unsigned long long)field->max);
		break;
	case FIELD_WORD:
		add_words(out, field->words);
		break;
	case FIELD_WORDS:
		buf_puts(out, "a list of ");
		add_words(out, field->words);
		break;
	case FIELD_DURATION:
		duration_text((int64_t)field->max, text, sizeof(text));
		buf_addf(out, "a duration like 90s, 15m, 72h or 30d, at most %s", text);
		break;
	case FIELD_DATE:
		buf_puts(out, "a date like 2026-12-31");
		break;
	case FIELD_PATH:
		buf_puts(out, "a path");
		break;
	case FIELD_SECRET:
		buf_puts(out, "{env: NAME}, {file: PATH} or {credential: NAME}");
		break;
	case FIELD_MAP:
	case FIELD_NAMED:
	case FIELD_NODE:
		buf_puts(out, "a map");
		break;
	case FIELD_LIST:
		buf_puts(out, "a list");
		break;
	}
}

int field_wrong_type(struct field_walk *walk, const struct field *field,
		     const struct node *node)
{
	struct buf form = BUF_INIT;
	bool list = field->type == FIELD_LIST || field->type == FIELD_WORDS;

	if (node_is_null(node)) {
		if (!field->name)
			return field_error(walk, node, "this item has no value");
		return field_error(walk, node,
				   "'%s' has no value; write one, or leave the line out%s",
				   field->name, list ? " ([] is the empty list)" : "");
	}
	field_add_form(&form, field);
	field_error(walk, node, "expected %s, found %s%s", form.ptr, field_node_what(node),
		    list && node->type == NODE_SCALAR ? "; put it in [ ]" : "");
	buf_release(&form);
	return -1;
}

bool field_near(struct str text, const char *word, size_t *best)
{
	struct str other = str_of(word);
	/* One slip in short words, a third of the letters in long ones. */
	size_t cap = other.len < 4 ? 1 : other.len < 8 ? 2 : 3, distance;

	if (text.len > 64)
		return false;
	distance = str_distance(text, other, cap + 1);
	if (distance > cap || distance >= *best)
		return false;
	*best = distance;
	return true;
}

/* --- distinguished names ------------------------------------------------------------------ */

bool field_lone_rdn(const struct node *node)
{
	static const char *const attributes[] = {"CN", "OU", "DC", "O", "L", "ST", "C", "UID"};
	struct str rest = node->text, name;

	if (node->type != NODE_SCALAR || !node->plain || !str_split(&rest, '=', &name) ||
	    rest.len == 0)
		return false;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		struct str attribute = str_of(attributes[i]);

		if (name.len == attribute.len && str_distance(name, attribute, 1) == 0)
			return true;
	}
	return false;
}

bool field_dn_apart(struct field_walk *walk, const struct node *container)
{
	bool found = false;

	if (!container->flow)
		return false;
	for (const struct node *at = container->first, *end; at; at = end ? end->next : NULL) {
		struct buf joined = BUF_INIT;

		for (end = at; end->next && field_lone_rdn(end) && field_lone_rdn(end->next) &&
			       (!end->value || node_is_null(end->value));
		     end = end->next)
			;
		if (end == at)
			continue;
		for (const struct node *part = at; part != end->next; part = part->next) {
			buf_add(&joined, part->text);
			buf_puts(&joined, part == end ? "" : ",");
		}
		field_error(
			walk, at,
			"this distinguished name fell apart at its commas; put it in quotes: "
			"\"%.*s\"",
			STR_FMT(field_cut(buf_str(&joined))));
		buf_release(&joined);
		found = true;
	}
	return found;
}

/* --- scalars ------------------------------------------------------------------------------ */

/* The first control character or line end of any script, or 0. The text is valid UTF-8. */
static unsigned control_character(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7F)
			return c;
		if (c == 0xC2 && (unsigned char)text.ptr[i + 1] < 0xA0)
			return (unsigned char)text.ptr[i + 1];
		if (c == 0xE2 && (unsigned char)text.ptr[i + 1] == 0x80 &&
		    ((unsigned char)text.ptr[i + 2] & 0xFE) == 0xA8)
			return 0x2000 | ((unsigned char)text.ptr[i + 2] & 0x3F);
	}
	return 0;
}

int field_check_text(struct field_walk *walk, const struct field *field,
		     const struct node *node)
{
	size_t most = field->max ? field->max : TEXT_MAX;
	unsigned control = control_character(node->text);
	const char *name = field->name ? field->name : "this item";

	if (str_trim(node->text).len == 0 && !(field->flags & FIELD_MAY_BE_EMPTY))
		return field_error(walk, node, "'%s' is empty; write a value, or leave it out",
				   name);
	if (node->text.len > most)
		return field_error(walk, node, "this text is too long: %zu bytes, at most %zu",
				   node->text.len, most);
	if (control)
		return field_error(
			walk, node,
			"the text has the control character U+%04X in it; it must be "
			"one line of plain text",
			control);
	return 0;
}

static int parse_bool(struct field_walk *walk, const struct node *node, bool *out)
{
	static const char *const yes[] = {"yes", "on", "y", "1", "true"};
	static const char *const no[] = {"no", "off", "n", "0", "false"};
	const char *meant = NULL;

	if (node->plain && (str_is(node->text, "true") || str_is(node->text, "false"))) {
		*out = node->text.len == 4;
		return 0;
	}
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (node->text.len == strlen(yes[i]) &&
		    str_distance(node->text, str_of(yes[i]), 1) == 0)
			meant = "true";
		if (node->text.len == strlen(no[i]) &&
		    str_distance(node->text, str_of(no[i]), 1) == 0)
			meant = "false";
	}
	if (meant)
		return field_error(walk, node,
				   "expected true or false, found '%.*s'; write %s%s",
				   STR_FMT(node->text), meant,
				   str_is(node->text, meant) ? " without quotes" : "");
	return field_error(walk, node, "expected true or false, found '%.*s'",
			   STR_FMT(field_cut(node->text)));
}

static int parse_number(struct field_walk *walk, const struct field *field,
			const struct node *node, unsigned *out)
{
	uint64_t number;

	if (!str_to_u64(node->text, &number))
		return field_error(walk, node,
				   "expected a number from %llu to %llu, found '%.*s'",
				   (unsigned long long)field->min,
				   (unsigned long long)field->max,
				   STR_FMT(field_cut(node->text)));
	if (!node->plain)
		return field_error(walk, node, "write %.*s without quotes",
				   STR_FMT(field_cut(node->text)));
	if (number < field->min || number > field->max)
		return field_error(walk, node, "'%s' must be from %llu to %llu", field->name,
				   (unsigned long long)field->min,
				   (unsigned long long)field->max);
	*out = (unsigned)number;
	return 0;
}

static int parse_version(struct field_walk *walk, const struct field *field,
			 const struct node *node, unsigned *out)
{
	uint64_t number;

	if (str_to_u64(node->text, &number) && node->plain && number == field->max) {
		*out = (unsigned)number;
		return 0;
	}
	if (str_to_u64(node->text, &number) && number > field->max)
		return field_error(walk, node,
				   "this file has format %llu, which is newer than this zsctl "
				   "(it knows format %llu); use a newer zsctl",
				   (unsigned long long)number, (unsigned long long)field->max);
	return field_error(walk, node, "expected the format's number: write %s: %llu",
			   field->name, (unsigned long long)field->max);
}

const struct field_word *field_word(const struct field_word *words, struct str text)
{
	for (; words->word; words++) {
		if (str_is(text, words->word))
			return words;
	}
	return NULL;
}

static int parse_word(struct field_walk *walk, const struct field *field,
		      const struct node *node, int *out)
{
	const struct field_word *word = field_word(field->words, node->text);
	const char *near = NULL;
	size_t best = SIZE_MAX;
	struct buf words = BUF_INIT;

	if (word && !word->later) {
		*out = word->value;
		return 0;
	}
	for (const struct field_word *at = field->words; at->word && !word; at++) {
		if (!at->later && field_near(node->text, at->word, &best))
			near = at->word;
	}
	add_words(&words, field->words);
	if (word)
		field_error(walk, node, "this version has no %s '%s'; it has: %s",
			    field->name ? field->name : "word", word->word, words.ptr);
	else if (near)
		field_error(walk, node, "'%.*s' is not known here; did you mean '%s'?",
			    STR_FMT(field_cut(node->text)), near);
	else
		field_error(walk, node, "'%.*s' is not known here; expected %s",
			    STR_FMT(field_cut(node->text)), words.ptr);
	buf_release(&words);
	return -1;
}

static int parse_words(struct field_walk *walk, const struct field *field,
		       const struct node *node, unsigned *out)
{
	struct field item = {.type = FIELD_WORD, .words = field->words};
	int result = 0;

	if (node->type != NODE_LIST)
		return field_wrong_type(walk, field, node);
	for (const struct node *at = node->first; at; at = at->next) {
		int value = 0;

		if (at->type != NODE_SCALAR || node_is_null(at))
			result = field_wrong_type(walk, &item, at);
		else if (parse_word(walk, &item, at, &value) < 0)
			result = -1;
		else if (*out & (unsigned)value)
			result = field_error(walk, at, "'%.*s' is listed twice",
					     STR_FMT(at->text));
		else
			*out |= (unsigned)value;
	}
	return result;
}

static int parse_duration(struct field_walk *walk, const struct field *field,
			  const struct node *node, int64_t *out)
{
	int64_t seconds;
	char text[32];

	if (!duration_parse(node->text, &seconds))
		return field_error(
			walk, node,
			"expected a duration like 90s, 15m, 72h or 30d, found '%.*s'",
			STR_FMT(field_cut(node->text)));
	if (field->max && (uint64_t)seconds > field->max) {
		duration_text((int64_t)field->max, text, sizeof(text));
		return field_error(walk, node, "'%s' must be at most %s", field->name, text);
	}
	if ((uint64_t)seconds < field->min) {
		duration_text((int64_t)field->min, text, sizeof(text));
		return field_error(walk, node, "'%s' must be at least %s", field->name, text);
	}
	*out = seconds;
	return 0;
}

struct str field_resolve(struct arena *arena, struct str file, struct str path)
{
	/* Not "./state": people see these paths. */
	bool here = !file.ptr || !memchr(file.ptr, '/', file.len);

	return os_join(arena, here ? STR_NONE : os_dirname(arena, file), path);
}

/* --- all of them -------------------------------------------------------------------------- */

static int parse_path(struct field_walk *walk, const struct field *field,
		      const struct node *node, char *base)
{
	if (field_check_text(walk, field, node) < 0)
		return -1;
	*(struct str *)(base + field->offset) = field_resolve(walk->arena, node->file,
							      node->text);
	if (field->also)
		*(struct str *)(base + field->also - 1) = node->text;
	return 0;
}

int field_scalar(struct field_walk *walk, const struct field *field, const struct node *node,
		 char *base)
{
	void *out = base + field->offset;

	if (field->type == FIELD_NODE) {
		*(const struct node **)out = node;
		return 0;
	}
	if (field->type == FIELD_SECRET)
		return field_secret(walk, field, node, out);
	if (field->type == FIELD_WORDS)
		return parse_words(walk, field, node, out);
	if (node->type != NODE_SCALAR || node_is_null(node))
		return field_wrong_type(walk, field, node);
	switch (field->type) {
	case FIELD_VERSION:
		return parse_version(walk, field, node, out);
	case FIELD_TEXT:
		if (field_check_text(walk, field, node) < 0)
			return -1;
		*(struct str *)out = node->text;
		return 0;
	case FIELD_VALUE:
		if (field_check_text(walk, field, node) < 0)
			return -1;
		return field->parse(walk, field, node, out);
	case FIELD_BOOL:
		return parse_bool(walk, node, out);
	case FIELD_NUMBER:
		return parse_number(walk, field, node, out);
	case FIELD_WORD:
		return parse_word(walk, field, node, out);
	case FIELD_DURATION:
		return parse_duration(walk, field, node, out);
	case FIELD_DATE:
		if (!date_parse(node->text, out))
			return field_error(walk, node,
					   "expected a date like 2026-12-31, found '%.*s'",
					   STR_FMT(field_cut(node->text)));
		return 0;
	case FIELD_PATH:
		return parse_path(walk, field, node, base);
	case FIELD_WORDS:
	case FIELD_SECRET:
	case FIELD_MAP:
	case FIELD_LIST:
	case FIELD_NAMED:
	case FIELD_NODE:
		break;
	}
	return 0;
}
