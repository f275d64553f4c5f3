#include "yaml_tree.h"

#include "yaml_input.h"

/* A map or list that is still open. */
struct frame {
	struct node *node;
	struct node **tail; /* where the next child goes */
	struct node *key;   /* of a map: the key whose value comes next */
	bool handed_out;    /* a list whose items the reader gets */
};

struct builder {
	struct arena *arena; /* nodes of the tree, or of the value that is being read */
	struct diags *diags;
	struct str file;
	struct frame frames[YAML_DEPTH_MAX];
	unsigned depth;
	struct node *root;
	size_t nodes;  /* in the arena */
	size_t errors; /* of diags before the value that is being read */
	bool stopped;
	const struct node **order; /* scratch for finding duplicate keys */
	size_t order_capacity;
	/* Only while streaming: */
	const struct yaml_reader *reader;
	struct arena scratch; /* `arena` then points here */
	struct arena kept;    /* the document's keys */
};

static void finding(struct builder *b, const yaml_mark_t *mark, const char *message)
{
	diag_error(b->diags, b->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1,
		   "%s", message);
}

static void stop(struct builder *b, const yaml_mark_t *mark, const char *message)
{
	finding(b, mark, message);
	b->stopped = true;
}

static struct frame *top(struct builder *b)
{
	return b->depth ? &b->frames[b->depth - 1] : NULL;
}

/* --- duplicate keys ----------------------------------------------------------------------- */

static bool same_key(const struct node *a, const struct node *b)
{
	return a->text.len == b->text.len && memcmp(a->text.ptr, b->text.ptr, a->text.len) == 0;
}

/* By text, then in the order of the file. */
static int compare_keys(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left;
	const struct node *b = *(const struct node *const *)right;
	int order = str_cmp(a->text, b->text);

	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

static void duplicate(struct builder *b, const struct node *first, const struct node *again)
{
	int shown = again->text.len > 60 ? 60 : (int)again->text.len;

	diag_error(b->diags, b->file, again->line, again->column,
		   "'%.*s' is given twice; the first is in line %u", shown, again->text.ptr,
		   first->line);
}

static void check_keys(struct builder *b, const struct node *map)
{
	size_t count = 0;

	if (map->count <= 12) {
		for (const struct node *key = map->first; key; key = key->next) {
			const struct node *other = map->first;

			while (other != key && !same_key(other, key))
				other = other->next;
			if (other != key)
				duplicate(b, other, key);
		}
		return;
	}
	if (map->count > b->order_capacity) {
		b->order = mem_realloc(b->order, map->count, sizeof(*b->order));
		b->order_capacity = map->count;
	}
	for (const struct node *key = map->first; key; key = key->next)
		b->order[count++] = key;
	qsort(b->order, count, sizeof(*b->order), compare_keys);
	for (size_t i = 1; i < count; i++) {
		if (same_key(b->order[i - 1], b->order[i]))
			duplicate(b, b->order[i - 1], b->order[i]);
	}
}

/* --- nodes -------------------------------------------------------------------------------- */

/* The document's keys and its lists that are handed out stay; all else is for one value. */
static struct arena *arena_for(struct builder *b, enum node_type type)
{
	const struct frame *frame = top(b);
	const char *const *name;

	if (!b->reader)
		return b->arena;
	if (b->depth == 0 || (b->depth == 1 && !frame->key))
		return &b->kept;
	if (b->depth == 1 && type == NODE_LIST) {
		for (name = b->reader->stream; *name; name++) {
			if (str_is(frame->key->text, *name))
				return &b->kept;
		}
	}
	return b->arena;
}

static struct node *new_node(struct builder *b, const yaml_event_t *event, enum node_type type)
{
	struct node *node;

	if (++b->nodes > YAML_NODES_MAX) {
		stop(b, &event->start_mark, "there is too much in here; split the file");
		return NULL;
	}
	node = arena_new(arena_for(b, type), struct node);
	node->type = type;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	node->file = b->file;
	return node;
}

static void check_key(struct builder *b, const yaml_event_t *event, struct node *key)
{
	if (key->type != NODE_SCALAR) {
		diag_error(b->diags, b->file, key->line, key->column,
			   "a key must be a text; text that begins with '%c' needs quotes",
			   key->type == NODE_MAP ? '{' : '[');
		key->text = STR("");
	} else if (key->plain && key->text.len == 0) {
		finding(b, &event->start_mark, "a key is missing in front of the ':'");
	} else if (key->plain && str_is(key->text, "<<")) {
		finding(b, &event->start_mark, "merge keys ('<<') are not used here");
	} else if (key->text.len > YAML_KEY_MAX) {
		finding(b, &event->start_mark, "this key is longer than 1024 bytes");
	}
}

/* Hands a finished value to the reader, and forgets it. */
static void hand_out(struct builder *b, const struct node *key, const struct node *value,
		     bool element)
{
	if (b->diags->errors == b->errors && key->type == NODE_SCALAR &&
	    b->reader->value(b->reader->context, key, value, element) < 0)
		b->stopped = true;
	b->errors = b->diags->errors;
	b->nodes = 0;
	arena_reset(b->arena);
}

/* Puts a finished node where it belongs. */
static void complete(struct builder *b, const yaml_event_t *event, struct node *node,
		     bool handed_out)
{
	struct frame *frame = top(b);

	if (!frame) {
		b->root = node;
		return;
	}
	if (frame->handed_out) {
		hand_out(b, b->frames[0].key, node, true);
		return;
	}
	if (frame->node->type == NODE_MAP && frame->key) {
		frame->key->value = node;
		if (b->reader && b->depth == 1) {
			if (!handed_out)
				hand_out(b, frame->key, node, false);
			frame->key->value = NULL;
		}
		frame->key = NULL;
		return;
	}
	if (frame->node->type == NODE_MAP) {
		check_key(b, event, node);
		frame->key = node;
	}
	*frame->tail = node;
	frame->tail = &node->next;
	frame->node->count++;
	if (b->reader && frame->node->count > YAML_TOP_KEYS_MAX && b->depth == 1)
		stop(b, &event->start_mark, "there are too many keys here");
}

/* --- events ------------------------------------------------------------------------------- */

static void check_properties(struct builder *b, const yaml_event_t *event,
			     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		finding(b, &event->start_mark,
			"anchors ('&') are not used here; text that begins with '&' needs quotes");
	if (tag)
		finding(b, &event->start_mark,
			"tags ('!') are not used here; text that begins with '!' needs quotes");
}

static void on_scalar(struct builder *b, const yaml_event_t *event)
{
	struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
	struct node *node = new_node(b, event, NODE_SCALAR);

	if (!node)
		return;
	check_properties(b, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (text.len > YAML_SCALAR_MAX) {
		finding(b, &event->start_mark, "this text is longer than 1 MiB");
		text = STR("");
	} else if (memchr(text.ptr, '\0', text.len)) {
		finding(b, &event->start_mark, "the text has a NUL character (\\0) in it");
		text = STR("");
	}
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_str(arena_for(b, NODE_SCALAR), text);
	complete(b, event, node, false);
}

static void on_start(struct builder *b, const yaml_event_t *event, enum node_type type)
{
	struct arena *arena = arena_for(b, type);
	struct node *node;

	if (b->depth == YAML_DEPTH_MAX) {
		stop(b, &event->start_mark, "this is nested deeper than 32 levels");
		return;
	}
	if (b->reader && b->depth == 0 && type != NODE_MAP) {
		stop(b, &event->start_mark,
		     "expected keys at the top of the file, found a list");
		return;
	}
	node = new_node(b, event, type);
	if (!node)
		return;
	if (type == NODE_MAP) {
		node->flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
		check_properties(b, event, event->data.mapping_start.anchor,
				 event->data.mapping_start.tag);
	} else {
		node->flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
		check_properties(b, event, event->data.sequence_start.anchor,
				 event->data.sequence_start.tag);
	}
	b->frames[b->depth] = (struct frame){
		.node = node,
		.tail = &node->first,
		.handed_out = b->reader && b->depth == 1 && b->frames[0].key &&
			      arena == &b->kept,
	};
	b->depth++;
}

static void on_end(struct builder *b, const yaml_event_t *event)
{
	struct frame frame = b->frames[--b->depth];

	if (frame.node->type == NODE_MAP)
		check_keys(b, frame.node);
	complete(b, event, frame.node, frame.handed_out);
}

static void on_alias(struct builder *b, const yaml_event_t *event)
{
	struct node *node = new_node(b, event, NODE_SCALAR);

	if (!node)
		return;
	finding(b, &event->start_mark,
		"aliases ('*') are not used here; text that begins with '*' needs quotes");
	node->text = STR("");
	complete(b, event, node, false);
}

static void on_document(struct builder *b, const yaml_event_t *event, unsigned number)
{
	if (number > 1)
		stop(b, &event->start_mark,
		     "a second document begins here; one file is one document");
	else if (event->data.document_start.version_directive ||
		 event->data.document_start.tag_directives.start !=
			 event->data.document_start.tag_directives.end)
		finding(b, &event->start_mark, "directives ('%') are not used here");
}

static void build(struct builder *b, struct yaml_input *input)
{
	yaml_parser_t parser;
	unsigned documents = 0;
	bool done = false;

	if (!yaml_parser_initialize(&parser))
		err_out_of_memory();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&parser, yaml_input_read, input);
	while (!done && !b->stopped) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			yaml_input_error(input, &parser, b->diags);
			break;
		}
		switch (event.type) {
		case YAML_DOCUMENT_START_EVENT:
			on_document(b, &event, ++documents);
			break;
		case YAML_SCALAR_EVENT:
			on_scalar(b, &event);
			break;
		case YAML_MAPPING_START_EVENT:
			on_start(b, &event, NODE_MAP);
			break;
		case YAML_SEQUENCE_START_EVENT:
			on_start(b, &event, NODE_LIST);
			break;
		case YAML_MAPPING_END_EVENT:
		case YAML_SEQUENCE_END_EVENT:
			on_end(b, &event);
			break;
		case YAML_ALIAS_EVENT:
			on_alias(b, &event);
			break;
		case YAML_STREAM_END_EVENT:
			done = true;
			break;
		case YAML_NO_EVENT:
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		}
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	yaml_input_findings(input, b->diags);
	free(b->order);
	b->order = NULL;
}

/* --- the interface ------------------------------------------------------------------------ */

bool node_is_null(const struct node *node)
{
	return node->type == NODE_SCALAR && node->plain &&
	       (node->text.len == 0 || str_is(node->text, "~") || str_is(node->text, "null"));
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->type != NODE_MAP)
		return NULL;
	for (const struct node *at = map->first; at; at = at->next) {
		if (str_is(at->text, key))
			return at->value;
	}
	return NULL;
}

static struct node *build_tree(struct arena *arena, struct yaml_input *input,
			       struct diags *diags)
{
	struct builder b = {.arena = arena, .diags = diags, .file = input->file};
	size_t errors = diags->errors;

	build(&b, input);
	if (diags->errors > errors)
		return NULL;
	if (!b.root || node_is_null(b.root)) {
		b.root = arena_new(arena, struct node);
		*b.root = (struct node){
			.type = NODE_MAP, .line = 1, .column = 1, .file = input->file};
	}
	return b.root;
}

struct node *yaml_parse(struct arena *arena, struct str file, struct str text,
			struct diags *diags)
{
	struct yaml_input input;

	yaml_input_text(&input, file, text);
	input.limit = YAML_FILE_MAX;
	return build_tree(arena, &input, diags);
}

struct node *yaml_parse_file(struct arena *arena, struct str file, struct diags *diags)
{
	struct yaml_input input;
	struct node *root;

	if (yaml_input_open(&input, file, YAML_FILE_MAX, diags) < 0)
		return NULL;
	root = build_tree(arena, &input, diags);
	yaml_input_close(&input);
	return root;
}

int yaml_read_file(struct str file, const struct yaml_reader *reader, struct diags *diags)
{
	struct builder b = {.diags = diags, .file = file, .reader = reader};
	struct yaml_input input;
	size_t errors = diags->errors;

	b.arena = &b.scratch;
	b.errors = errors;
	if (yaml_input_open(&input, file, YAML_STREAM_MAX, diags) < 0)
		return -1;
	build(&b, &input);
	yaml_input_close(&input);
	if (b.root && b.root->type == NODE_SCALAR && !node_is_null(b.root))
		diag_error(diags, file, b.root->line, b.root->column,
			   "expected keys at the top of the file, found a text");
	arena_release(&b.scratch);
	arena_release(&b.kept);
	return diags->errors > errors || b.stopped ? -1 : 0;
}
