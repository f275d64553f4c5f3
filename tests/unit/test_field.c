/* The walker with tables of its own: every type, variants, shorthands, lists and named values. */
#include "base/os.h"
#include "field.h"
#include "findings.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum shape { SHAPE_BOX, SHAPE_BALL };
enum { HAS_NAME = 1, HAS_COUNT = 2, HAS_PARTS = 4 };

struct part {
	struct str name;
	unsigned count;
	unsigned has;
};

struct group {
	struct str key;
	struct str *members;
	size_t count;
};

struct thing {
	struct position position;
	unsigned has;
	struct str name, title, path, path_given;
	int shape;
	unsigned edges;
	struct str color;
	unsigned flags, count;
	bool solid;
	int64_t age;
	int32_t day;
	struct secret_ref secret;
	struct part main, *parts;
	size_t part_count;
	struct group *groups;
	size_t group_count;
	const struct node *rest;
	size_t length; /* of what `parse` got */
};

static int parse_length(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out)
{
	assert_string_equal(field->name, "length");
	if (str_is(node->text, "bad"))
		return field_error(walk, node, "this is bad");
	*(size_t *)out = node->text.len + *(size_t *)walk->context;
	return 0;
}

static const struct field part_fields[] = {
	{.name = "name",
	 .type = FIELD_TEXT,
	 .flags = FIELD_REQUIRED,
	 .offset = offsetof(struct part, name),
	 .max = 8,
	 .has = HAS_NAME,
	 .help = "its name"},
	{.name = "count",
	 .type = FIELD_NUMBER,
	 .offset = offsetof(struct part, count),
	 .min = 1,
	 .max = 9,
	 .otherwise = "7",
	 .has = HAS_COUNT,
	 .help = "how many"},
	{.name = NULL},
};
static const struct field_table part_table = {.what = "a part",
					      .fields = part_fields,
					      .size = sizeof(struct part),
					      .has = FIELD_PLACE(struct part, has),
					      .shorthand = "name"};
static const struct field part_item = {.type = FIELD_MAP, .table = &part_table};
static const struct field group_item = {.type = FIELD_LIST,
					.offset = offsetof(struct group, members),
					.also = FIELD_PLACE(struct group, count),
					.item = &field_text_item,
					.item_size = sizeof(struct str),
					.form = "a list of members"};
static const struct field_word shapes[] = {{"box", SHAPE_BOX, false, "with edges"},
					   {"ball", SHAPE_BALL, false, "without"},
					   {"cone", -1, true, NULL},
					   {NULL, 0, false, NULL}};
static const struct field_word flags[] = {
	{"red", 1, false, NULL}, {"green", 2, false, NULL}, {NULL, 0, false, NULL}};

#define AT(member) .offset = offsetof(struct thing, member)
static const struct field thing_fields[] = {
	{.name = "name", .type = FIELD_TEXT, AT(name), .has = HAS_NAME, .help = "h"},
	{.name = "title",
	 .type = FIELD_TEXT,
	 .flags = FIELD_MAY_BE_EMPTY,
	 AT(title),
	 .help = "h"},
	{.name = "path",
	 .type = FIELD_PATH,
	 AT(path),
	 .also = FIELD_PLACE(struct thing, path_given),
	 .otherwise = "here",
	 .help = "h"},
	{.name = "shape", .type = FIELD_WORD, AT(shape), .words = shapes, .otherwise = "ball"},
	{.name = "flags", .type = FIELD_WORDS, AT(flags), .words = flags, .help = "h"},
	{.name = "count", .type = FIELD_NUMBER, AT(count), .max = 10, .has = HAS_COUNT},
	{.name = "solid", .type = FIELD_BOOL, AT(solid), .otherwise = "true", .help = "h"},
	{.name = "age", .type = FIELD_DURATION, AT(age), .min = 60, .max = 3600, .help = "h"},
	{.name = "day", .type = FIELD_DATE, AT(day), .help = "h"},
	{.name = "secret", .type = FIELD_SECRET, AT(secret), .help = "h"},
	{.name = "main", .type = FIELD_MAP, AT(main), .table = &part_table, .help = "h"},
	{.name = "parts",
	 .type = FIELD_LIST,
	 AT(parts),
	 .also = FIELD_PLACE(struct thing, part_count),
	 .item = &part_item,
	 .item_size = sizeof(struct part),
	 .has = HAS_PARTS,
	 .most = 3,
	 .form = "a list of parts",
	 .help = "h"},
	{.name = "groups",
	 .type = FIELD_NAMED,
	 AT(groups),
	 .also = FIELD_PLACE(struct thing, group_count),
	 .item = &group_item,
	 .item_size = sizeof(struct group),
	 .key_offset = offsetof(struct group, key),
	 .help = "h"},
	{.name = "rest", .type = FIELD_NODE, AT(rest), .help = "h"},
	{.name = "length", .type = FIELD_VALUE, AT(length), .parse = parse_length, .help = "h"},
	{.name = "later", .type = FIELD_NODE, .flags = FIELD_LATER},
	{.name = NULL},
};
static const struct field box_fields[] = {
	{.name = "edges", .type = FIELD_NUMBER, .flags = FIELD_REQUIRED, AT(edges), .max = 99},
	{.name = "color", .type = FIELD_TEXT, AT(color), .otherwise = "brown"},
	{.name = NULL}};
static const struct field ball_fields[] = {
	{.name = "color", .type = FIELD_TEXT, AT(color), .otherwise = "blue"}, {.name = NULL}};
static const struct field_variant variants[] = {{SHAPE_BOX, box_fields},
						{SHAPE_BALL, ball_fields}};
static const struct field_table thing_table = {
	.what = "a thing",
	.fields = thing_fields,
	.size = sizeof(struct thing),
	.position = FIELD_PLACE(struct thing, position),
	.has = FIELD_PLACE(struct thing, has),
	.by = "shape",
	.variants = variants,
	.variant_count = 2,
};

struct filled {
	struct arena arena;
	struct diags diags;
	struct buf found;
	struct thing thing;
	size_t context;
	int result;
};

static void fill(struct filled *filled, const char *yaml)
{
	struct field_walk walk = {&filled->arena, &filled->diags, &filled->context};
	struct node *root;

	*filled = (struct filled){.context = 100};
	root = yaml_parse(&filled->arena, STR("dir/t"), str_of(yaml), &filled->diags);
	assert_non_null(root);
	filled->result = field_fill(&walk, &thing_table, root, &filled->thing);
	add_findings(&filled->found, &filled->diags, "dir/t");
	assert_int_equal(filled->result, filled->diags.errors ? -1 : 0);
}

static void release(struct filled *filled)
{
	buf_release(&filled->found);
	diags_release(&filled->diags);
	arena_release(&filled->arena);
}

static void assert_str(struct str text, const char *expected)
{
	if (!str_is(text, expected))
		fail_msg("'%.*s' is not '%s'", STR_FMT(text), expected);
}

static void fills_every_type(void **state)
{
	struct filled filled;
	const struct thing *thing = &filled.thing;

	(void)state;
	fill(&filled,
	     "name: 12\ntitle: ''\npath: ../x\nshape: box\nedges: 12\nflags: [green, red]\n"
	     "count: 0\nsolid: false\nage: 15m\nday: 2026-12-31\nsecret: {env: HOME_1}\n"
	     "main: {name: m}\nparts: [a, {name: b, count: 2}, '3']\n"
	     "groups: {x: [p, q], y: []}\nrest: [1, {a: b}]\nlength: abc\n");
	assert_null(filled.found.ptr);
	assert_str(thing->name, "12");
	assert_int_equal(thing->position.line, 1);
	assert_true(thing->title.ptr && thing->title.len == 0);
	assert_str(thing->path, "dir/../x");
	assert_str(thing->path_given, "../x");
	assert_int_equal(thing->shape, SHAPE_BOX);
	assert_int_equal(thing->edges, 12);
	assert_str(thing->color, "brown");
	assert_int_equal(thing->flags, 3);
	assert_int_equal(thing->has, HAS_NAME | HAS_COUNT | HAS_PARTS);
	assert_false(thing->solid);
	assert_int_equal(thing->age, 900);
	assert_int_equal(thing->day, 20818);
	assert_int_equal(thing->secret.kind, SECRET_ENV);
	assert_str(thing->secret.name, "HOME_1");
	assert_str(thing->main.name, "m");
	assert_int_equal(thing->main.count, 7);
	assert_int_equal(thing->main.has, HAS_NAME);
	assert_int_equal(thing->part_count, 3);
	assert_str(thing->parts[0].name, "a");
	assert_int_equal(thing->parts[0].count, 7);
	assert_int_equal(thing->parts[0].has, HAS_NAME);
	assert_int_equal(thing->parts[1].count, 2);
	assert_int_equal(thing->parts[1].has, HAS_NAME | HAS_COUNT);
	assert_str(thing->parts[2].name, "3");
	assert_int_equal(thing->group_count, 2);
	assert_str(thing->groups[0].key, "x");
	assert_str(thing->groups[0].members[1], "q");
	assert_int_equal(thing->groups[1].count, 0);
	assert_int_equal(thing->rest->count, 2);
	assert_int_equal(thing->length, 103);
	release(&filled);
}

static void fills_in_what_is_not_given(void **state)
{
	struct filled filled;

	(void)state;
	fill(&filled, "{}");
	assert_int_equal(filled.result, 0);
	assert_int_equal(filled.thing.has, 0);
	assert_int_equal(filled.thing.shape, SHAPE_BALL);
	assert_str(filled.thing.color, "blue");
	assert_str(filled.thing.path, "dir/here");
	assert_true(filled.thing.solid);
	assert_int_equal(filled.thing.main.count, 7);
	assert_int_equal(filled.thing.main.has, 0);
	assert_null(filled.thing.parts);
	release(&filled);
}

static void finds_what_is_wrong(void **state)
{
	static const struct {
		const char *yaml, *findings;
	} cases[] = {
		{"[]", "1:1: expected a thing as a map of keys, found a list\n"},
		{"naem: x", "1:1: 'naem' is not known here; did you mean 'name'?\n"},
		{"zzz: x", "1:1: 'zzz' is not known here; a thing can have: name, title, path, "
			   "shape, flags, count, solid, age, day, secret, main, parts, groups, "
			   "rest, length, color\n"},
		{"later: x", "1:1: this version of zsctl has no 'later' yet\n"},
		{"edges: 3", "1:1: 'edges' is only known with shape: box\n"},
		{"shape: box", "1:1: 'edges' is missing: a thing needs it\n"},
		{"shape: cone\nanything: 1",
		 "1:8: this version has no shape 'cone'; it has: box or ball\n"},
		{"shape: bax\nanything: 1",
		 "1:8: 'bax' is not known here; did you mean 'box'?\n"},
		{"shape: [box]", "1:8: expected box or ball, found a list\n"},
		{"flags: [red, blue, red, [], ~]",
		 "1:14: 'blue' is not known here; expected red or green\n"
		 "1:20: 'red' is listed twice\n"
		 "1:25: expected red or green, found a list\n"
		 "1:29: this item has no value\n"},
		{"name: ''", "1:7: 'name' is empty; write a value, or leave it out\n"},
		{"name: \"a\\tb\"",
		 "1:7: the text has the control character U+0009 in it; it must "
		 "be one line of plain text\n"},
		{"name: \"a\\u0085b\"",
		 "1:7: the text has the control character U+0085 in it; it "
		 "must be one line of plain text\n"},
		{"name: \"a\\u2029b\"",
		 "1:7: the text has the control character U+2029 in it; it "
		 "must be one line of plain text\n"},
		{"main: {name: 123456789}",
		 "1:14: this text is too long: 9 bytes, at most 8\n"},
		{"main: {}", "1:7: 'name' is missing: a part needs it\n"},
		{"main:",
		 "1:6: there is nothing here; write its keys, or leave the line out\n"},
		{"main: []", "1:7: expected a part as a map of keys, found a list\n"},
		{"parts: [a, {}, 123456789, ~]", "1:8: there are 4 items here, at most 3\n"},
		{"parts: [{}, 123456789, ~]",
		 "1:9: 'name' is missing: a part needs it\n"
		 "1:13: this text is too long: 9 bytes, at most 8\n"
		 "1:24: there is nothing here; write its keys, or leave the line out\n"},
		{"parts: a", "1:8: expected a list of parts, found a text; put it in [ ]\n"},
		{"parts:", "1:7: 'parts' has no value; write one, or leave the line out ([] is "
			   "the empty list)\n"},
		{"groups: [a]", "1:9: expected a map, found a list\n"},
		{"groups: {x: y, z: [[]]}",
		 "1:13: expected a list of members, found a text; put it in [ ]\n"
		 "1:20: expected a text, found a list\n"},
		{"groups: {OU=Users,DC=example: [a]}",
		 "1:10: this distinguished name fell apart at its commas; put it in quotes: "
		 "\"OU=Users,DC=example\"\n"},
		{"groups:\n  x: [OU=A,DC=x,DC=y, \"OU=B,DC=x\", cn=C, dc=z]",
		 "2:7: this distinguished name fell apart at its commas; put it in quotes: "
		 "\"OU=A,DC=x,DC=y\"\n"
		 "2:36: this distinguished name fell apart at its commas; put it in quotes: "
		 "\"cn=C,dc=z\"\n"},
		{"groups:\n  x:\n    - OU=A\n    - DC=x\n", ""},
		{"groups: {x: [a=b, e=d, OU=A]}", ""},
		{"{main: {name: OU=A,DC=x}}",
		 "1:20: 'DC=x' is not known here; a distinguished name in { } or [ ] needs quotes, "
		 "or it falls apart at its commas\n"},
		{"day: 2026-02-30",
		 "1:6: expected a date like 2026-12-31, found '2026-02-30'\n"},
		{"age: 59s", "1:6: 'age' must be at least 1m\n"},
		{"age: 2h", "1:6: 'age' must be at most 1h\n"},
		{"age: soon",
		 "1:6: expected a duration like 90s, 15m, 72h or 30d, found 'soon'\n"},
		{"solid: True", "1:8: expected true or false, found 'True'; write true\n"},
		{"solid: off", "1:8: expected true or false, found 'off'; write false\n"},
		{"solid: {}", "1:8: expected true or false, found a map\n"},
		{"count: 11", "1:8: 'count' must be from 0 to 10\n"},
		{"count: -1", "1:8: expected a number from 0 to 10, found '-1'\n"},
		{"count: 0x1", "1:8: expected a number from 0 to 10, found '0x1'\n"},
		{"length: bad", "1:9: this is bad\n"},
		{"length: ~", "1:9: 'length' has no value; write one, or leave the line out\n"},
		{"secret: x",
		 "1:9: a secret is never written here: use {env: NAME}, {file: PATH} "
		 "or {credential: NAME}\n"},
		{"secret: {env: []}", "1:9: a secret is never written here: use {env: NAME}, "
				      "{file: PATH} or {credential: NAME}\n"},
		{"secret: {env: 1A}", "1:9: a secret is never written here: use {env: NAME}, "
				      "{file: PATH} or {credential: NAME}\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct filled filled;

		fill(&filled, cases[i].yaml);
		if (strcmp(filled.found.ptr ? filled.found.ptr : "", cases[i].findings) != 0)
			fail_msg("%s:\n%s", cases[i].yaml, filled.found.ptr);
		release(&filled);
	}
}

static void finds_rows_for_streaming(void **state)
{
	struct filled filled;
	struct field_walk walk = {&filled.arena, &filled.diags, NULL};
	struct node key = {.file = STR("dir/t"), .line = 3, .column = 4};
	struct part part = {.count = 0};
	struct node scalar = {.text = STR("x"), .plain = true};

	(void)state;
	fill(&filled, "{}");
	key.text = STR("parts");
	assert_ptr_equal(field_find(&walk, &thing_table, &key), &thing_fields[11]);
	key.text = STR("part");
	assert_null(field_find(&walk, &thing_table, &key));
	key.text = STR("later");
	assert_null(field_find(&walk, &thing_table, &key));
	assert_int_equal(filled.diags.errors, 2);
	assert_int_equal(field_fill_one(&walk, thing_fields[11].item, &scalar, &part), 0);
	assert_str(part.name, "x");
	release(&filled);
}

static void cuts_between_characters(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(field_cut(STR("abc")).len, 3);
	for (int i = 0; i < 100; i++)
		buf_puts(&text, "\xe2\x82\xac");
	assert_int_equal(field_cut(buf_str(&text)).len, 60);
	assert_int_equal(field_cut((struct str){text.ptr + 1, 100}).len, 59);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_every_type),
		cmocka_unit_test(fills_in_what_is_not_given),
		cmocka_unit_test(finds_what_is_wrong),
		cmocka_unit_test(finds_rows_for_streaming),
		cmocka_unit_test(cuts_between_characters),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
