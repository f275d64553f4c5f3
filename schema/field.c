#include "field.h"

#include "field_value.h"

/* Tables nest less deeply than this: known when they are written, not when files are read. */
#define FRAMES_MAX 16

/* A map, list or named map that is being filled. */
struct frame {
	const struct field_table *table; /* of a map; NULL for the others */
	const struct field *variant;     /* further rows of a map */
	bool open;                       /* its variant is not known: neither are its keys */
	bool absent;                     /* not written: only defaults are filled in */
	const struct field *list;        /* the row of a list or named map */
	const struct node *node;
	const struct node *child; /* what comes next */
	const struct field *hint; /* the row after the last one found: files keep the order */
	uint64_t seen;            /* rows that were given, by number */
	size_t common;            /* how many rows the map has besides those of its variant */
	size_t finished;          /* rows that were looked at for what was not given */
	char *out;                /* the struct, or the next element */
	struct position position; /* of the map, or of what an absent one lies in */
};

struct walker {
	struct field_walk *walk;
	struct frame frames[FRAMES_MAX];
	unsigned depth;
	int result;
};

const struct field field_text_item = {.type = FIELD_TEXT, .help = "text"};

static const struct node nothing = {.type = NODE_MAP};

static struct frame *push(struct walker *w, const struct node *node, char *out)
{
	struct frame *frame;

	if (w->depth == FRAMES_MAX) {
		w->result = field_error(w->walk, node, "this is nested too deeply");
		return NULL;
	}
	frame = &w->frames[w->depth++];
	*frame = (struct frame){.node = node, .child = node->first, .out = out};
	return frame;
}

/* --- rows of tables ----------------------------------------------------------------------- */

static const struct field *row(const struct field *fields, struct str name)
{
	for (; fields && fields->name; fields++) {
		if (str_is(name, fields->name))
			return fields;
	}
	return NULL;
}

static size_t rows(const struct field *fields)
{
	size_t count = 0;

	while (fields && fields[count].name)
		count++;
	return count;
}

/* The row of `key` in a map, and its number. */
static const struct field *find(struct frame *frame, struct str key, size_t *number)
{
	const struct field *fields = frame->table->fields, *found = frame->hint;

	if (!found->name || !str_is(key, found->name))
		found = row(fields, key);
	if (found) {
		frame->hint = found + 1;
		*number = (size_t)(found - fields);
		return found;
	}
	found = row(frame->variant, key);
	if (found)
		*number = frame->common + (size_t)(found - frame->variant);
	return found;
}

/* Which rows a map has besides the common ones: its field `by` says so. */
static void choose_variant(struct frame *frame)
{
	const struct field_table *table = frame->table;
	const struct field *by;
	const struct field_word *word = NULL;
	const struct node *given;

	if (!table->by)
		return;
	by = row(table->fields, str_of(table->by));
	given = node_get(frame->node, table->by);
	if (given && given->type == NODE_SCALAR)
		word = field_word(by->words, given->text);
	else if (!given && by->otherwise)
		word = field_word(by->words, str_of(by->otherwise));
	for (size_t i = 0; i < table->variant_count && word && !word->later; i++) {
		if (table->variants[i].value == word->value)
			frame->variant = table->variants[i].fields;
	}
	frame->open = !word || word->later;
}

/* --- unknown keys ------------------------------------------------------------------------- */

static void nearest(const struct field *fields, struct str key, const struct field **best,
		    size_t *distance)
{
	for (; fields && fields->name; fields++) {
		if (!(fields->flags & FIELD_LATER) && field_near(key, fields->name, distance))
			*best = fields;
	}
}

static void add_names(struct buf *out, const struct field *fields)
{
	for (; fields && fields->name; fields++) {
		if (!(fields->flags & FIELD_LATER))
			buf_addf(out, "%s%s", out->len ? ", " : "", fields->name);
	}
}

/* The row of `key` under another word of `by`, and that word. */
static const struct field *elsewhere(const struct field_table *table, struct str key,
				     const char **word)
{
	for (size_t i = 0; i < table->variant_count; i++) {
		const struct field *found = row(table->variants[i].fields, key);
		const struct field *by = row(table->fields, str_of(table->by));

		for (const struct field_word *at = by->words; at->word && found; at++) {
			if (at->value == table->variants[i].value && !at->later) {
				*word = at->word;
				return found;
			}
		}
	}
	return NULL;
}

static void hide_secret(struct field_walk *walk, const struct field *field,
			const struct node *key)
{
	if (!field || field->type != FIELD_SECRET)
		return;
	diag_hide_line(walk->diags, key->file, key->line);
	if (key->value)
		diag_hide_line(walk->diags, key->value->file, key->value->line);
}

static int unknown_key(struct field_walk *walk, const struct field_table *table,
		       const struct field *variant, const struct node *key)
{
	const char *word = NULL;
	const struct field *near = elsewhere(table, key->text, &word);
	size_t distance = SIZE_MAX;
	struct buf names = BUF_INIT;

	hide_secret(walk, near, key);
	if (near)
		return field_error(walk, key, "'%.*s' is only known with %s: %s",
				   STR_FMT(field_cut(key->text)), table->by, word);
	nearest(table->fields, key->text, &near, &distance);
	nearest(variant, key->text, &near, &distance);
	hide_secret(walk, near, key);
	if (near)
		return field_error(walk, key, "'%.*s' is not known here; did you mean '%s'?",
				   STR_FMT(field_cut(key->text)), near->name);
	if (field_lone_rdn(key))
		return field_error(walk, key,
				   "'%.*s' is not known here; a distinguished name in { } or "
				   "[ ] needs quotes, or it falls apart at its commas",
				   STR_FMT(field_cut(key->text)));
	add_names(&names, table->fields);
	add_names(&names, variant);
	field_error(walk, key, "'%.*s' is not known here; %s can have: %s",
		    STR_FMT(field_cut(key->text)), table->what, names.ptr);
	buf_release(&names);
	return -1;
}

static int later_key(struct field_walk *walk, const struct field *field, const struct node *key)
{
	return field_error(walk, key, "this version of zsctl has no '%s' yet", field->name);
}

const struct field *field_find(struct field_walk *walk, const struct field_table *table,
			       const struct node *key)
{
	const struct field *found = row(table->fields, key->text);

	if (!found)
		unknown_key(walk, table, NULL, key);
	else if (found->flags & FIELD_LATER)
		later_key(walk, found, key);
	else
		return found;
	return NULL;
}

/* --- values ------------------------------------------------------------------------------- */

static void note_row(struct frame *frame, const struct field *field, size_t number)
{
	frame->seen |= 1ULL << number;
	if (frame->table->has)
		*(unsigned *)(frame->out + frame->table->has - 1) |= field->has;
}

static struct frame *push_map(struct walker *w, const struct field_table *table,
			      const struct node *node, char *out, struct position position)
{
	struct frame *frame = push(w, node, out);

	if (!frame)
		return NULL;
	frame->table = table;
	frame->hint = table->fields;
	frame->common = rows(table->fields);
	frame->position = position;
	frame->absent = node == &nothing;
	choose_variant(frame);
	if (table->position)
		*(struct position *)(out + table->position - 1) = position;
	return frame;
}

static void begin_map(struct walker *w, const struct field_table *table,
		      const struct node *node, char *out)
{
	struct position position = {node->file, node->line, node->column};

	if (node->type == NODE_MAP) {
		push_map(w, table, node, out, position);
	} else if (node_is_null(node)) {
		w->result = field_error(
			w->walk, node,
			"there is nothing here; write its keys, or leave the line out");
	} else if (node->type == NODE_SCALAR && table->shorthand) {
		/* Its other rows get their defaults; none of them is required. */
		struct frame *frame = push_map(w, table, &nothing, out, position);
		const struct field *field;
		size_t number = 0;

		if (!frame)
			return;
		field = find(frame, str_of(table->shorthand), &number);
		note_row(frame, field, number);
		if (field_scalar(w->walk, field, node, out) < 0)
			w->result = -1;
	} else {
		w->result = field_error(w->walk, node, "expected %s as a map of keys, found %s",
					table->what, field_node_what(node));
	}
}

static bool has_texts(const struct field *item)
{
	return item->type == FIELD_TEXT || item->type == FIELD_VALUE ||
	       (item->type == FIELD_MAP && item->table->shorthand);
}

/* A list, or a map whose keys are the user's. */
static void begin_elements(struct walker *w, const struct field *field, const struct node *node,
			   char *base)
{
	struct frame *frame;
	char *elements;

	if ((field->flags & FIELD_ALONE) && node->type == NODE_SCALAR && !node_is_null(node)) {
		elements = arena_alloc_array(w->walk->arena, 1, field->item_size);
		*(void **)(base + field->offset) = elements;
		*(size_t *)(base + field->also - 1) = 1;
		if (field_scalar(w->walk, field->item, node, elements) < 0)
			w->result = -1;
		return;
	}
	if (node->type != (field->type == FIELD_LIST ? NODE_LIST : NODE_MAP)) {
		w->result = field_wrong_type(w->walk, field, node);
		return;
	}
	if ((field->type == FIELD_NAMED || has_texts(field->item)) &&
	    field_dn_apart(w->walk, node)) {
		w->result = -1;
		return;
	}
	if (field->most && node->count > field->most) {
		w->result = field_error(w->walk, node, "there are %zu items here, at most %zu",
					node->count, field->most);
		return;
	}
	if (node->count == 0)
		return;
	elements = arena_alloc_array(w->walk->arena, node->count, field->item_size);
	*(void **)(base + field->offset) = elements;
	*(size_t *)(base + field->also - 1) = node->count;
	frame = push(w, node, elements);
	if (frame)
		frame->list = field;
}

/* What is a struct or an array is put on the stack and filled from there. */
static void fill(struct walker *w, const struct field *field, const struct node *node,
		 char *base)
{
	switch (field->type) {
	case FIELD_MAP:
		begin_map(w, field->table, node, base + field->offset);
		break;
	case FIELD_LIST:
	case FIELD_NAMED:
		begin_elements(w, field, node, base);
		break;
	case FIELD_VERSION:
	case FIELD_TEXT:
	case FIELD_VALUE:
	case FIELD_BOOL:
	case FIELD_NUMBER:
	case FIELD_WORD:
	case FIELD_WORDS:
	case FIELD_DURATION:
	case FIELD_DATE:
	case FIELD_PATH:
	case FIELD_SECRET:
	case FIELD_NODE:
		if (field_scalar(w->walk, field, node, base) < 0)
			w->result = -1;
		break;
	}
}

static void next_element(struct walker *w, struct frame *frame)
{
	const struct field *field = frame->list;
	const struct node *child = frame->child;
	char *element = frame->out;

	frame->child = child->next;
	frame->out += field->item_size;
	if (field->type == FIELD_NAMED) {
		*(struct str *)(element + field->key_offset) = child->text;
		child = child->value;
	}
	fill(w, field->item, child, element);
}

static void next_key(struct walker *w, struct frame *frame)
{
	const struct node *key = frame->child;
	size_t number = 0;
	const struct field *field = find(frame, key->text, &number);

	frame->child = key->next;
	if (!field) {
		if (!frame->open)
			w->result = unknown_key(w->walk, frame->table, frame->variant, key);
		return;
	}
	if (field->flags & FIELD_LATER) {
		w->result = later_key(w->walk, field, key);
		return;
	}
	note_row(frame, field, number);
	fill(w, field, key->value, frame->out);
}

/* A row that the map did not give. */
static void finish_row(struct walker *w, struct frame *frame, const struct field *field)
{
	struct position at = frame->position;

	if ((field->flags & FIELD_REQUIRED) && !frame->absent) {
		w->result = field_error(w->walk, frame->node, "'%s' is missing: %s needs it",
					field->name, frame->table->what);
	} else if (field->type == FIELD_MAP) {
		push_map(w, field->table, &nothing, frame->out + field->offset, at);
	} else if (field->otherwise) {
		struct node text = {.type = NODE_SCALAR,
				    .plain = true,
				    .line = at.line,
				    .column = at.column,
				    .file = at.file,
				    .text = str_of(field->otherwise)};

		if (field_scalar(w->walk, field, &text, frame->out) < 0)
			w->result = -1;
	}
}

/* Looks at the next row; false when all were. One at a time, since a row may be a map. */
static bool finish_next(struct walker *w, struct frame *frame)
{
	size_t number = frame->finished++;
	const struct field *field;

	if (number < frame->common)
		field = &frame->table->fields[number];
	else if (frame->variant && frame->variant[number - frame->common].name)
		field = &frame->variant[number - frame->common];
	else
		return false;
	if (!(frame->seen & 1ULL << number))
		finish_row(w, frame, field);
	return true;
}

static int run(struct walker *w)
{
	while (w->depth > 0) {
		struct frame *frame = &w->frames[w->depth - 1];

		if (frame->child && frame->table)
			next_key(w, frame);
		else if (frame->child)
			next_element(w, frame);
		else if (!frame->table || !finish_next(w, frame))
			w->depth--;
	}
	return w->result;
}

int field_fill(struct field_walk *walk, const struct field_table *table,
	       const struct node *node, void *out)
{
	struct walker w;

	w.walk = walk;
	w.depth = 0;
	w.result = 0;
	begin_map(&w, table, node, out);
	return run(&w);
}

int field_fill_one(struct field_walk *walk, const struct field *field, const struct node *node,
		   void *base)
{
	struct walker w;

	w.walk = walk;
	w.depth = 0;
	w.result = 0;
	fill(&w, field, node, base);
	return run(&w);
}
