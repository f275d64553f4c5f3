/* What the schemas and the reference must hold whatever the tables say. */
#include "base/json.h"
#include "base/os.h"
#include "config.h"
#include "config_tables.h"
#include "declared.h"
#include "json_schema.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Every "$ref" leads somewhere, and what is required may be written. */
static void check_object(const cJSON *object, const cJSON *definitions)
{
	const cJSON *reference = json_member(object, "$ref"), *name;
	const cJSON *properties = json_member(object, "properties");

	if (cJSON_IsString(reference)) {
		assert_true(str_starts(str_of(reference->valuestring), "#/$defs/"));
		if (!json_member(definitions, reference->valuestring + 8))
			fail_msg("%s leads nowhere", reference->valuestring);
	}
	if (!properties || !json_member(object, "additionalProperties"))
		return;
	cJSON_ArrayForEach(name, json_member(object, "required"))
		assert_non_null(json_member(properties, name->valuestring));
}

static void check_schema(const struct buf *text)
{
	struct err err = ERR_INIT;
	cJSON *schema = json_parse(buf_str(text), &err);
	const cJSON *stack[4096];
	size_t depth = 0;

	if (!schema)
		fail_msg("%s", err.text);
	assert_string_equal(json_member(schema, "$schema")->valuestring,
			    "https://json-schema.org/draft/2020-12/schema");
	assert_true(cJSON_IsFalse(json_member(schema, "additionalProperties")));
	stack[depth++] = schema;
	while (depth > 0) {
		const cJSON *at = stack[--depth], *child;

		if (cJSON_IsObject(at))
			check_object(at, json_member(schema, "$defs"));
		cJSON_ArrayForEach(child, at) {
			assert_true(depth < 4096);
			stack[depth++] = child;
		}
	}
	cJSON_Delete(schema);
}

static void schemas_are_sound(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	config_json_schema(&text);
	/* json_parse() refuses two definitions of one name. */
	check_schema(&text);
	buf_clear(&text);
	declared_json_schema(&text);
	check_schema(&text);
	buf_release(&text);
}

static const cJSON *at(const cJSON *schema, const char *path)
{
	struct str rest = str_of(path), part;
	char name[64];

	while (schema && str_split(&rest, '/', &part)) {
		snprintf(name, sizeof(name), "%.*s", STR_FMT(part));
		schema = json_member(schema, name);
	}
	return schema;
}

static void schema_says_what_the_tables_say(void **state)
{
	static const struct {
		const char *path, *json;
	} cases[] = {
		{"properties/zsctl/const", "1"},
		{"required", "[\"zsctl\",\"organization\",\"target\",\"sources\"]"},
		{"properties/sources/items/$ref", "\"#/$defs/source\""},
		{"properties/sources/maxItems", "64"},
		{"$defs/target/properties/parallel/default", NULL},
		{"$defs/target/properties/sign_in/default", "\"sso\""},
		{"$defs/source/required", "[\"name\",\"provider\"]"},
		{"$defs/source/allOf",
		 "[{\"if\":{\"properties\":{\"provider\":{\"const\":\"yaml\"}},\"require"
		 "d\":[\"provider\"]},\"then\":{\"properties\":{\"kind\":false,\"delimit"
		 "er\":false,\"encoding\":false,\"users\":false,\"functional\":false,\"p"
		 "reset\":false,\"urls\":false,\"starttls\":false,\"ca_file\":false,\"bi"
		 "nd\":false,\"base_dns\":false,\"page_size\":false,\"connect_timeout\":"
		 "false,\"timeout\":false,\"groups\":false},\"required\":[\"path\"]}},{\""
		 "if\":{\"properties\":{\"provider\":{\"const\":\"csv\"}},\"required\":["
		 "\"provider\"]},\"then\":{\"properties\":{\"preset\":false,\"urls\":fal"
		 "se,\"starttls\":false,\"ca_file\":false,\"bind\":false,\"base_dns\":fa"
		 "lse,\"page_size\":false,\"connect_timeout\":false,\"timeout\":false,\""
		 "groups\":false,\"users\":{\"description\":\"which entries are users, a"
		 "nd what they are made of\",\"$ref\":\"#/$defs/users\"},\"functional\":"
		 "{\"description\":\"the same for functional accounts\",\"$ref\":\"#/$de"
		 "fs/functional\"}}}},{\"if\":{\"properties\":{\"provider\":{\"const\":\""
		 "ldap\"}},\"required\":[\"provider\"]},\"then\":{\"properties\":{\"path"
		 "\":false,\"kind\":false,\"delimiter\":false,\"encoding\":false,\"users"
		 "\":{\"description\":\"which entries are users, and what they are made "
		 "of\",\"$ref\":\"#/$defs/users-of-a-directory\"},\"functional\":{\"desc"
		 "ription\":\"the same for functional accounts\",\"$ref\":\"#/$defs/func"
		 "tional-of-a-directory\"}},\"required\":[\"urls\",\"bind\"]}}]"},
		{"$defs/source/properties/users", "true"},
		{"$defs/map-of-users/properties/name/anyOf",
		 "[{\"type\":\"string\",\"minLength\":1,\"maxLength\":1024},{\"type\":"
		 "\"array\",\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":"
		 "1024},\"maxItems\":16}]"},
		{"$defs/source/properties/adds/items/enum", "[\"aliases\",\"delegates\"]"},
		{"$defs/actions-of-one-kind/properties/create/default", "true"},
		{"$defs/limits/properties/create/type", "[\"string\",\"integer\"]"},
		{"$defs/limits/properties/grant/default", "\"100\""},
		{"$defs/approval/properties/method/enum", "[\"local\",\"ssh\"]"},
		{"$defs/target/properties/provider/enum", "[\"zivver\",\"file\"]"},
		{"$defs/target/properties/url/default", "\"https://app.zivver.com/api\""},
		{"$defs/target/properties/rate/default", "\"50/10s\""},
		{"$defs/target/properties/api_key/$ref", "\"#/$defs/secret\""},
		{"$defs/target/allOf",
		 "[{\"if\":{\"properties\":{\"provider\":{\"const\":\"zivver\"}},\"requir"
		 "ed\":[\"provider\"]},\"then\":{\"properties\":{\"path\":false},\"requi"
		 "red\":[\"api_key\"]}},{\"if\":{\"properties\":{\"provider\":{\"const\":"
		 "\"file\"}},\"required\":[\"provider\"]},\"then\":{\"properties\":{\"url"
		 "\":false,\"api_key\":false,\"rate\":false,\"ca_file\":false},\"requi"
		 "red\":[\"path\"]}}]"},
		{"$defs/state/properties/fingerprint_key/$ref", "\"#/$defs/secret\""},
		{"$defs/part-of-the-target/anyOf/0", NULL},
		{"properties/report", NULL},
	};
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	cJSON *schema;

	(void)state;
	config_json_schema(&text);
	schema = json_parse(buf_str(&text), &err);
	assert_non_null(schema);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const cJSON *found = at(schema, cases[i].path);
		char *json = found ? cJSON_PrintUnformatted(found) : NULL;

		if (!json != !cases[i].json || (json && strcmp(json, cases[i].json) != 0))
			fail_msg("%s: %s", cases[i].path, json);
		cJSON_free(json);
	}
	cJSON_Delete(schema);
	buf_release(&text);
}

/* What a row lacks would be found only by whoever writes its key. */
static void every_table_is_sound(void **state)
{
	struct field_section sections[FIELD_SECTIONS_MAX];
	size_t count = field_sections(&config_table, sections);

	(void)state;
	assert_true(count > 10 && count < FIELD_SECTIONS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct field_table *table = sections[i].table;
		size_t rows = 0;

		for (const struct field *field = table->fields; field->name; field++, rows++) {
			assert_non_null(field->help);
			assert_false(str_ends(str_of(field->help), "."));
			assert_true(field->type != FIELD_VALUE || field->parse);
			assert_true(field->type != FIELD_LIST || (field->item && field->also));
		}
		assert_true(rows > 0 && rows <= 48);
	}
}

static void reference_has_every_key(void **state)
{
	struct field_section sections[FIELD_SECTIONS_MAX];
	size_t count = field_sections(&config_table, sections);
	struct buf text = BUF_INIT, row = BUF_INIT;

	(void)state;
	config_reference(&text);
	for (size_t i = 0; i < count; i++) {
		for (const struct field *field = sections[i].table->fields; field->name;
		     field++) {
			buf_clear(&row);
			buf_addf(&row, "| `%s` |", field->name);
			assert_int_equal(strstr(text.ptr, row.ptr) != NULL,
					 !(field->flags & FIELD_LATER));
		}
	}
	buf_release(&text);
	buf_release(&row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemas_are_sound),
		cmocka_unit_test(schema_says_what_the_tables_say),
		cmocka_unit_test(every_table_is_sound),
		cmocka_unit_test(reference_has_every_key),
	};
	struct err err = ERR_INIT;

	return base_init(&err) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
