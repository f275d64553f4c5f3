#include "json.h"

cJSON *json_parse(struct str text, struct err *err)
{
	const char *end = NULL;
	cJSON *tree;

	if (json_check(text, err))
		return NULL;
	tree = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
	if (!tree)
		err_set(err, ERR_FAILED, "byte %zu: this value cannot be read",
			end ? (size_t)(end - text.ptr) : 0);
	return tree;
}

const cJSON *json_member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}
