#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal)                           \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static void accepts(void **state)
{
	static const struct str cases[] = {
		TEXT("null"),
		TEXT(" true "),
		TEXT("false"),
		TEXT("0"),
		TEXT("-0"),
		TEXT("10"),
		TEXT("-1.25e+10"),
		TEXT("1E5"),
		TEXT("\"\""),
		TEXT("[]"),
		TEXT("{}"),
		TEXT("[1,[2,{}],\"\"]"),
		TEXT("\t{\r\n\"a\" : [ ] , \"b\" : { } }\n"),
		TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\""),
		TEXT("\"caf\u00E9 \u20AC \U0001F600 \x7F\""),
		TEXT("{\"a\":1,\"A\":2,\"\":3}"),
		TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		cJSON *tree = json_parse(cases[i], &err);

		if (!tree)
			fail_msg("%.*s: %s", STR_FMT(cases[i]), err.text);
		cJSON_Delete(tree);
	}
}

static void refuses(void **state)
{
	static const struct {
		struct str text;
		const char *message;
	} cases[] = {
		{TEXT(""), "line 1, column 1: expected a value, found nothing"},
		{TEXT("\n  "), "line 2, column 3: expected a value, found nothing"},
		{TEXT("\xEF\xBB\xBF{}"),
		 "line 1, column 1: starts with a byte order mark: save "
		 "it as UTF-8 without one"},
		{TEXT("tru"), "line 1, column 1: expected a value"},
		{TEXT("nul\0"), "line 1, column 1: expected a value"},
		{TEXT("{} x"), "line 1, column 4: something follows the end"},
		{TEXT("truefalse"), "line 1, column 5: something follows the end"},
		{TEXT("{}{}"), "line 1, column 3: something follows the end"},
		{TEXT("1\0"), "line 1, column 2: something follows the end"},
		{TEXT("[1,]"), "line 1, column 4: expected a value"},
		{TEXT("[,1]"), "line 1, column 2: expected a value"},
		{TEXT("[1 2]"), "line 1, column 4: expected ',' or ']'"},
		{TEXT("[1}"), "line 1, column 3: expected ',' or ']'"},
		{TEXT("{\"a\":1]"), "line 1, column 7: expected ',' or '}'"},
		{TEXT("{\"a\":1,}"), "line 1, column 8: expected a key in double quotes"},
		{TEXT("{a:1}"), "line 1, column 2: expected a key in double quotes"},
		{TEXT("{\"a\" 1}"), "line 1, column 6: expected ':'"},
		{TEXT("{\"a\""), "line 1, column 5: expected ':'"},
		{TEXT("{\"a\":}"), "line 1, column 6: expected a value"},
		{TEXT("{\"a\":"), "line 1, column 6: ends too early"},
		{TEXT("["), "line 1, column 2: ends too early"},
		{TEXT("]"), "line 1, column 1: expected a value"},
		{TEXT("[\n \"ab"), "line 2, column 2: this string does not end"},
		{TEXT("\"a\\\""), "line 1, column 1: this string does not end"},
		{TEXT("\"a\nb\""), "line 1, column 3: control character in a string"},
		{TEXT("\"a\0b\""), "line 1, column 3: control character in a string"},
		{TEXT("\"\\x\""), "line 1, column 2: unknown or incomplete escape"},
		{TEXT("\"\\"), "line 1, column 2: unknown or incomplete escape"},
		{TEXT("\"\\u12\""), "line 1, column 2: unknown or incomplete escape"},
		{TEXT("\"\\u12g4\""), "line 1, column 2: unknown or incomplete escape"},
		{TEXT("\"admin\\u0000x\""), "line 1, column 7: \\u0000 is not allowed in text"},
		{TEXT("\"\\uD83D\""), "line 1, column 2: unknown or incomplete escape"},
		{TEXT("\"\\uDE00\""), "line 1, column 2: unknown or incomplete escape"},
		{TEXT("\"\\uD83D\\u0041\""), "line 1, column 2: unknown or incomplete escape"},
		{TEXT("\"\xC0\x80\""), "line 1, column 2: not valid UTF-8"},
		{TEXT("\"caf\xE9\""), "line 1, column 5: not valid UTF-8"},
		{TEXT("\"\xE2\x82\""), "line 1, column 2: not valid UTF-8"},
		{TEXT("01"), "line 1, column 1: this is not a number"},
		{TEXT("-"), "line 1, column 1: this is not a number"},
		{TEXT("1."), "line 1, column 1: this is not a number"},
		{TEXT("-.5"), "line 1, column 1: this is not a number"},
		{TEXT("1e"), "line 1, column 1: this is not a number"},
		{TEXT("1e+"), "line 1, column 1: this is not a number"},
		{TEXT("+1"), "line 1, column 1: expected a value"},
		{TEXT("NaN"), "line 1, column 1: expected a value"},
		{TEXT("{\"a\":1,\n\"b\":{\"a\":1},\n \"a\":2}"),
		 "line 3, column 2: duplicate key \"a\""},
		{TEXT("[{\"a\":1,\"\\u0061\":2}]"), "line 1, column 9: duplicate key \"a\""},
		{TEXT("{\"\\uD83D\\uDE00\":1,\"\U0001F600\":2}"),
		 "line 1, column 19: duplicate key \"\U0001F600\""},
		{TEXT("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"),
		 "line 1, column 33: nested too deeply: at most 32 levels"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		/* A copy of the exact size: ASan sees reads behind its end. */
		char *copy = mem_alloc(cases[i].text.len);

		memcpy(copy, cases[i].text.ptr, cases[i].text.len);
		assert_null(json_parse((struct str){copy, cases[i].text.len}, &err));
		assert_string_equal(err.text, cases[i].message);
		free(copy);
	}
	assert_int_equal(json_check(STR_NONE, &(struct err)ERR_INIT), -1);
}

static void finds_duplicates_among_many(void **state)
{
	(void)state;
	for (unsigned twice = 0; twice < 3; twice++) {
		struct buf text = BUF_INIT;
		struct err err = ERR_INIT;

		buf_char(&text, '{');
		for (unsigned i = 0; i < 5000; i++)
			buf_addf(&text, "%s\"key%u\":{\"key1\":%u}", i ? "," : "", i, i);
		if (twice)
			buf_addf(&text, ",\n\"key%s\":0", twice == 1 ? "0" : "\\u00319");
		buf_char(&text, '}');
		assert_int_equal(json_check(buf_str(&text), &err), twice ? -1 : 0);
		if (twice)
			assert_string_equal(err.text,
					    twice == 1
						    ? "line 2, column 1: duplicate key \"key0\""
						    : "line 2, column 1: duplicate key "
						      "\"key19\"");
		buf_release(&text);
	}
}

static void finds_members(void **state)
{
	struct err err = ERR_INIT;
	cJSON *tree = json_parse(
		STR("{\"Name\":\"x\",\"name\":\"J\\u00e9\",\"on\":true,\"none\":null,\"n\":1}"),
		&err);

	(void)state;
	assert_non_null(tree);
	assert_string_equal(json_member(tree, "name")->valuestring, "Jé");
	assert_string_equal(json_member(tree, "Name")->valuestring, "x");
	assert_true(cJSON_IsNull(json_member(tree, "none")));
	assert_null(json_member(tree, "NAME"));
	assert_null(json_member(tree, "absent"));
	cJSON_Delete(tree);
}

static void writes_strings(void **state)
{
	static const struct {
		struct str text;
		const char *json;
	} cases[] = {{TEXT(""), "\"\""},
		     {TEXT("a\"b\\c/"), "\"a\\\"b\\\\c/\""},
		     {TEXT("\b\f\n\r\t\x01\x1F\x7F"),
		      "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
		     {TEXT("a\u202Eb\u200B\uFEFF\xC2\x85\U000E0041z"),
		      "\"a\\u202eb\\u200b\\ufeff\\u0085\\udb40\\udc41z\""},
		     {TEXT("caf\u00E9 \U0001F600"), "\"caf\u00E9 \U0001F600\""},
		     {TEXT("a\xE9z\xE2\x82\0"), "\"a\uFFFDz\uFFFD\uFFFD\uFFFD\""}};
	struct buf buf = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		buf_clear(&buf);
		json_add_string(&buf, cases[i].text);
		assert_string_equal(buf.ptr, cases[i].json);
		assert_int_equal(json_check(buf_str(&buf), &err), 0);
	}
	buf_release(&buf);
}

static void write_document(struct json_writer *w)
{
	json_begin_object(w, NULL);
	json_str(w, "name", STR("a\"b"));
	json_str_or_null(w, "none", STR_NONE);
	json_str_or_null(w, "empty", STR(""));
	json_begin_array(w, "list");
	json_int(w, NULL, -5);
	json_bool(w, NULL, true);
	json_begin_object(w, NULL);
	json_end_object(w);
	json_begin_array(w, NULL);
	json_end_array(w);
	json_end_array(w);
	json_raw(w, "raw", STR("{\"x\":1}"));
	json_end_object(w);
}

static void writes_documents(void **state)
{
	struct buf buf = BUF_INIT;
	struct json_writer compact = {.out = &buf};
	struct json_writer pretty = {.out = &buf, .pretty = true};

	(void)state;
	write_document(&compact);
	assert_string_equal(buf.ptr, "{\"name\":\"a\\\"b\",\"none\":null,\"empty\":\"\","
				     "\"list\":[-5,true,{},[]],\"raw\":{\"x\":1}}");
	assert_int_equal(compact.depth, 0);
	buf_clear(&buf);
	write_document(&pretty);
	assert_string_equal(buf.ptr, "{\n"
				     "  \"name\": \"a\\\"b\",\n"
				     "  \"none\": null,\n"
				     "  \"empty\": \"\",\n"
				     "  \"list\": [\n"
				     "    -5,\n"
				     "    true,\n"
				     "    {},\n"
				     "    []\n"
				     "  ],\n"
				     "  \"raw\": {\"x\":1}\n"
				     "}");
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(finds_duplicates_among_many),
		cmocka_unit_test(finds_members),
		cmocka_unit_test(writes_strings),
		cmocka_unit_test(writes_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
