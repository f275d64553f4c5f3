#include "json_schema.h"

#include "base/json.h"

#include <string.h>

/* --- which tables there are --------------------------------------------------------------- */

static const struct field_table *known(const struct field_section *sections, size_t count,
				       const struct field_table *table)
{
	for (size_t i = 0; i < count; i++) {
		if (sections[i].table == table)
			return table;
	}
	return NULL;
}

static bool path_taken(const struct field_section *sections, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(sections[i].path, path) == 0)
			return true;
	}
	return false;
}

/* `word` chose the fields; empty for those of all. */
static size_t add_sections(struct field_section *sections, size_t count, size_t from,
			   const struct field *fields, const char *word)
{
	for (const struct field *field = fields; field && field->name; field++) {
		const struct field *inner = field->item ? field->item : field;
		const char *suffix = field->type == FIELD_LIST    ? "[]"
				     : field->type == FIELD_NAMED ? ".*"
								  : "";
		struct buf path = BUF_INIT;

		if ((field->flags & FIELD_LATER) || inner->type != FIELD_MAP ||
		    known(sections, count, inner->table) || count == FIELD_SECTIONS_MAX)
			continue;
		buf_addf(&path, "%s%s%s%s", sections[from].path,
			 sections[from].path[0] ? "." : "", field->name, suffix);
		/* Two variants may have different tables under one key. */
		if (path_taken(sections, count, path.ptr))
			buf_addf(&path, " (%s)", word);
		sections[count] = (struct field_section){.table = inner->table};
		snprintf(sections[count].path, sizeof(sections[count].path), "%s", path.ptr);
		buf_release(&path);
		count++;
	}
	return count;
}

static const struct field *find(const struct field *fields, const char *name)
{
	while (fields && fields->name && strcmp(fields->name, name) != 0)
		fields++;
	return fields && fields->name ? fields : NULL;
}

/* That chooses a variant. */
static const struct field_word *word_of(const struct field_table *table, size_t variant)
{
	const struct field_word *word = find(table->fields, table->by)->words;

	while (word->later || word->value != table->variants[variant].value)
		word++;
	return word;
}

size_t field_sections(const struct field_table *root,
		      struct field_section sections[FIELD_SECTIONS_MAX])
{
	size_t count = 1;

	sections[0] = (struct field_section){.path = "", .table = root};
	for (size_t i = 0; i < count; i++) {
		const struct field_table *table = sections[i].table;

		count = add_sections(sections, count, i, table->fields, "");
		for (size_t j = 0; j < table->variant_count; j++)
			count = add_sections(sections, count, i, table->variants[j].fields,
					     word_of(table, j)->word);
	}
	return count;
}

/* "source" of "a source", "target" of "'target'": the name of the definition. */
static void add_definition_name(struct buf *out, const struct field_table *table)
{
	struct str what = str_of(table->what);

	if (str_starts(what, "a "))
		what = (struct str){what.ptr + 2, what.len - 2};
	else if (str_starts(what, "an "))
		what = (struct str){what.ptr + 3, what.len - 3};
	else if (str_starts(what, "the "))
		what = (struct str){what.ptr + 4, what.len - 4};
	for (size_t i = 0; i < what.len; i++) {
		if (what.ptr[i] != '\'')
			buf_char(out, what.ptr[i] == ' ' ? '-' : what.ptr[i]);
	}
}

static void write_reference(struct json_writer *w, const struct field_table *table)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, "#/$defs/");
	add_definition_name(&text, table);
	json_str(w, "$ref", buf_str(&text));
	buf_release(&text);
}

/* --- one value ---------------------------------------------------------------------------- */

static void write_words(struct json_writer *w, const struct field_word *words)
{
	json_begin_array(w, "enum");
	for (; words->word; words++) {
		if (!words->later)
			json_str(w, NULL, str_of(words->word));
	}
	json_end_array(w);
}

static void write_text(struct json_writer *w, const struct field *field)
{
	if (field->flags & FIELD_NUMBERS) {
		json_begin_array(w, "type");
		json_str(w, NULL, STR("string"));
		json_str(w, NULL, STR("integer"));
		json_end_array(w);
	} else {
		json_str(w, "type", STR("string"));
	}
	if (!(field->flags & FIELD_MAY_BE_EMPTY))
		json_int(w, "minLength", 1);
	json_int(w, "maxLength", field->max ? (int64_t)field->max : 1024);
	if (field->pattern)
		json_str(w, "pattern", str_of(field->pattern));
}

/* The members that say what a value must be, lists and named values apart. */
static void write_type(struct json_writer *w, const struct field *field)
{
	switch (field->type) {
	case FIELD_VERSION:
		json_int(w, "const", (int64_t)field->max);
		break;
	case FIELD_TEXT:
	case FIELD_VALUE:
		write_text(w, field);
		break;
	case FIELD_BOOL:
		json_str(w, "type", STR("boolean"));
		break;
	case FIELD_NUMBER:
		json_str(w, "type", STR("integer"));
		json_int(w, "minimum", (int64_t)field->min);
		json_int(w, "maximum", (int64_t)field->max);
		break;
	case FIELD_WORD:
		write_words(w, field->words);
		break;
	case FIELD_WORDS:
		json_str(w, "type", STR("array"));
		json_begin_object(w, "items");
		write_words(w, field->words);
		json_end_object(w);
		json_bool(w, "uniqueItems", true);
		break;
	case FIELD_DURATION:
		json_str(w, "type", STR("string"));
		json_str(w, "pattern", STR("^[1-9][0-9]*[smhd]$"));
		break;
	case FIELD_DATE:
		json_str(w, "type", STR("string"));
		json_str(w, "pattern", STR("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"));
		break;
	case FIELD_PATH:
		json_str(w, "type", STR("string"));
		json_int(w, "minLength", 1);
		break;
	case FIELD_SECRET:
		json_str(w, "$ref", STR("#/$defs/secret"));
		break;
	case FIELD_MAP:
		write_reference(w, field->table);
		break;
	case FIELD_LIST:
		json_str(w, "type", STR("array"));
		break;
	case FIELD_NAMED:
	case FIELD_NODE:
		json_str(w, "type", STR("object"));
		break;
	}
}

/* The help, and what each word means. */
static void write_description(struct json_writer *w, const struct field *field)
{
	struct buf text = BUF_INIT;
	const char *between = ". ";

	buf_puts(&text, field->help ? field->help : "");
	if (field->type == FIELD_WORD) {
		for (const struct field_word *word = field->words; word->word; word++) {
			if (word->later || !word->help)
				continue;
			buf_addf(&text, "%s%s: %s", between, word->word, word->help);
			between = "; ";
		}
	}
	if (text.len)
		json_str(w, "description", buf_str(&text));
	buf_release(&text);
}

static void write_default(struct json_writer *w, const struct field *field)
{
	if (!field->otherwise)
		return;
	if (field->type == FIELD_BOOL || field->type == FIELD_NUMBER)
		json_raw(w, "default", str_of(field->otherwise));
	else
		json_str(w, "default", str_of(field->otherwise));
}

/* Examples are written as in a file; only those of texts are also JSON's, less their quotes. */
static void write_example(struct json_writer *w, const struct field *field)
{
	struct str example = str_of(field->example);

	if (!field->example || (field->type != FIELD_TEXT && field->type != FIELD_VALUE &&
				field->type != FIELD_PATH))
		return;
	if (str_starts(example, "\"") && str_ends(example, "\"") && example.len > 2)
		example = (struct str){example.ptr + 1, example.len - 2};
	json_begin_array(w, "examples");
	json_str(w, NULL, example);
	json_end_array(w);
}

/* A text, or a list of them. */
static void write_alone(struct json_writer *w, const struct field *field)
{
	json_begin_array(w, "anyOf");
	json_begin_object(w, NULL);
	write_type(w, field->item);
	json_end_object(w);
	json_begin_object(w, NULL);
	json_str(w, "type", STR("array"));
	json_begin_object(w, "items");
	write_type(w, field->item);
	json_end_object(w);
	if (field->most)
		json_int(w, "maxItems", (int64_t)field->most);
	json_end_object(w);
	json_end_array(w);
}

static void write_field(struct json_writer *w, const struct field *field)
{
	json_begin_object(w, field->name);
	write_description(w, field);
	if (field->flags & FIELD_ALONE) {
		write_alone(w, field);
		json_end_object(w);
		return;
	}
	write_type(w, field);
	write_default(w, field);
	write_example(w, field);
	/* Lists of lists, or of named values, are nothing anybody should have to write. */
	if (field->type == FIELD_LIST) {
		json_begin_object(w, "items");
		write_type(w, field->item);
		json_end_object(w);
		if (field->most)
			json_int(w, "maxItems", (int64_t)field->most);
	} else if (field->type == FIELD_NAMED) {
		json_begin_object(w, "additionalProperties");
		write_type(w, field->item);
		if (field->item->type == FIELD_LIST) {
			json_begin_object(w, "items");
			write_type(w, field->item->item);
			json_end_object(w);
		}
		json_end_object(w);
	}
	json_end_object(w);
}

/* --- one table ---------------------------------------------------------------------------- */

static void write_properties(struct json_writer *w, const struct field *fields)
{
	for (; fields && fields->name; fields++) {
		if (!(fields->flags & FIELD_LATER))
			write_field(w, fields);
	}
}

static void write_required(struct json_writer *w, const struct field *fields)
{
	bool any = false;

	for (const struct field *field = fields; field && field->name; field++)
		any = any || (field->flags & FIELD_REQUIRED);
	if (!any)
		return;
	json_begin_array(w, "required");
	for (const struct field *field = fields; field && field->name; field++) {
		if (field->flags & FIELD_REQUIRED)
			json_str(w, NULL, str_of(field->name));
	}
	json_end_array(w);
}

/* Written by an earlier variant. */
static bool written(const struct field_table *table, size_t variant, const char *name)
{
	for (size_t i = 0; i < variant; i++) {
		if (find(table->variants[i].fields, name))
			return true;
	}
	return false;
}

/* Variants have it, but not with the same table. */
static bool differs(const struct field_table *table, const char *name)
{
	const struct field *first = NULL;

	for (size_t i = 0; i < table->variant_count; i++) {
		const struct field *field = find(table->variants[i].fields, name);

		if (field && first && field->table != first->table)
			return true;
		first = first ? first : field;
	}
	return false;
}

/* With that word chosen: what is required, and what other variants have is not allowed. */
static void write_variant(struct json_writer *w, const struct field_table *table, size_t number)
{
	const struct field_variant *variant = &table->variants[number];

	json_begin_object(w, NULL);
	json_begin_object(w, "if");
	json_begin_object(w, "properties");
	json_begin_object(w, table->by);
	json_str(w, "const", str_of(word_of(table, number)->word));
	json_end_object(w);
	json_end_object(w);
	json_begin_array(w, "required");
	json_str(w, NULL, str_of(table->by));
	json_end_array(w);
	json_end_object(w);
	json_begin_object(w, "then");
	json_begin_object(w, "properties");
	for (size_t i = 0; i < table->variant_count; i++) {
		for (const struct field *field = table->variants[i].fields; field->name;
		     field++) {
			if (!find(variant->fields, field->name) &&
			    !written(table, i, field->name))
				json_bool(w, field->name, false);
		}
	}
	for (const struct field *field = variant->fields; field->name; field++) {
		if (differs(table, field->name))
			write_field(w, field);
	}
	json_end_object(w);
	write_required(w, variant->fields);
	json_end_object(w);
	json_end_object(w);
}

static void write_object(struct json_writer *w, const struct field_table *table)
{
	json_str(w, "type", STR("object"));
	json_begin_object(w, "properties");
	write_properties(w, table->fields);
	for (size_t i = 0; i < table->variant_count; i++) {
		for (const struct field *field = table->variants[i].fields; field->name;
		     field++) {
			if (written(table, i, field->name) || field->flags & FIELD_LATER)
				continue;
			if (differs(table, field->name))
				json_bool(w, field->name, true);
			else
				write_field(w, field);
		}
	}
	json_end_object(w);
	write_required(w, table->fields);
	json_bool(w, "additionalProperties", false);
	if (table->variant_count) {
		json_begin_array(w, "allOf");
		for (size_t i = 0; i < table->variant_count; i++)
			write_variant(w, table, i);
		json_end_array(w);
	}
}

static void write_definition(struct json_writer *w, const struct field_table *table)
{
	struct buf name = BUF_INIT;

	add_definition_name(&name, table);
	json_begin_object(w, name.ptr);
	if (table->help)
		json_str(w, "description", str_of(table->help));
	if (table->shorthand) {
		json_begin_array(w, "anyOf");
		json_begin_object(w, NULL);
		write_type(w, find(table->fields, table->shorthand));
		json_end_object(w);
		json_begin_object(w, NULL);
		write_object(w, table);
		json_end_object(w);
		json_end_array(w);
	} else {
		write_object(w, table);
	}
	json_end_object(w);
	buf_release(&name);
}

static void write_secret(struct json_writer *w)
{
	static const char *const words[][2] = {
		{"env", "name of an environment variable"},
		{"file", "path of a file that only its owner can read"},
		{"credential", "name of a file in systemd's $CREDENTIALS_DIRECTORY"}};

	json_begin_object(w, "secret");
	json_str(w, "description",
		 STR("where a secret lies; the secret itself is never written"));
	json_str(w, "type", STR("object"));
	json_begin_object(w, "properties");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		json_begin_object(w, words[i][0]);
		json_str(w, "description", str_of(words[i][1]));
		json_str(w, "type", STR("string"));
		json_int(w, "minLength", 1);
		json_end_object(w);
	}
	json_end_object(w);
	json_int(w, "minProperties", 1);
	json_int(w, "maxProperties", 1);
	json_bool(w, "additionalProperties", false);
	json_end_object(w);
}

void json_schema_write(struct buf *out, const struct field_table *root, const char *title)
{
	struct field_section *sections = mem_calloc(FIELD_SECTIONS_MAX, sizeof(*sections));
	size_t count = field_sections(root, sections);
	struct json_writer w = {.out = out, .pretty = true};

	json_begin_object(&w, NULL);
	json_str(&w, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
	json_str(&w, "title", str_of(title));
	write_object(&w, root);
	json_begin_object(&w, "$defs");
	write_secret(&w);
	for (size_t i = 1; i < count; i++)
		write_definition(&w, sections[i].table);
	json_end_object(&w);
	json_end_object(&w);
	buf_char(out, '\n');
	free(sections);
}
