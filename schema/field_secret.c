/* References to secrets: what field.h calls FIELD_SECRET. */
#include "field_value.h"

/* What was written may be the secret itself: it is not repeated, nor are its lines. */
static int secret_literal(struct field_walk *walk, const struct node *node)
{
	diag_hide_line(walk->diags, node->file, node->line);
	for (const struct node *at = node->first; at; at = at->next) {
		diag_hide_line(walk->diags, at->file, at->line);
		if (at->value)
			diag_hide_line(walk->diags, at->value->file, at->value->line);
	}
	return field_error(walk, node,
			   "a secret is never written here: use {env: NAME}, {file: PATH} or "
			   "{credential: NAME}");
}

static bool is_variable(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
		      (c >= '0' && c <= '9' && i > 0)))
			return false;
	}
	return name.len > 0;
}

int field_secret(struct field_walk *walk, const struct field *field, const struct node *node,
		 struct secret_ref *out)
{
	struct field text = {.type = FIELD_TEXT};
	const struct node *value;

	if (node_is_null(node))
		return field_wrong_type(walk, field, node);
	if (node->type != NODE_MAP || node->count != 1 ||
	    node->first->value->type != NODE_SCALAR)
		return secret_literal(walk, node);
	value = node->first->value;
	if (node_is_null(value))
		return field_wrong_type(walk, field, value);
	text.name = node->first->text.ptr;
	if (field_check_text(walk, &text, value) < 0) {
		diag_hide_line(walk->diags, value->file, value->line);
		return -1;
	}
	if (str_is(node->first->text, "env") && is_variable(value->text))
		*out = (struct secret_ref){SECRET_ENV, value->text};
	else if (str_is(node->first->text, "file"))
		*out = (struct secret_ref){SECRET_FILE, field_resolve(walk->arena, value->file,
								      value->text)};
	else if (str_is(node->first->text, "credential") &&
		 !memchr(value->text.ptr, '/', value->text.len))
		*out = (struct secret_ref){SECRET_CREDENTIAL, value->text};
	else
		return secret_literal(walk, node);
	return 0;
}
