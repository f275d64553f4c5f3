#include "search_filter.h"

#include <string.h>

struct reader {
	struct str text;
	size_t at;
	struct err *err;
};

static char peek(const struct reader *r)
{
	return r->at < r->text.len ? r->text.ptr[r->at] : '\0';
}

static int fail(struct reader *r, size_t at, const char *reason)
{
	r->at = at;
	return err_set(r->err, ERR_FAILED, "%s", reason);
}

static bool is_attribute(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == ';' || c == '_' || c == ':';
}

/* "name=value", "name>=value", "name~=v*l*e", "name:1.2.840.113556.1.4.1941:=value" */
static int read_item(struct reader *r)
{
	size_t start = r->at;

	while (is_attribute(peek(r)))
		r->at++;
	if (r->at == start)
		return fail(r, start, "the name of an attribute is missing here");
	if (peek(r) == '>' || peek(r) == '<' || peek(r) == '~')
		r->at++;
	if (peek(r) != '=')
		return fail(r, r->at, "a '=' is missing here");
	r->at++;
	for (start = r->at; peek(r) != ')'; r->at++) {
		if (r->at == r->text.len)
			return fail(r, r->at, "a ')' is missing here");
		if (peek(r) == '(')
			return fail(r, r->at,
				    "a '(' in a value is written \\28, and a ')' is missing "
				    "where none is meant");
		if (peek(r) == '\\' &&
		    !(r->at + 2 < r->text.len && hex_value_any(r->text.ptr[r->at + 1]) >= 0 &&
		      hex_value_any(r->text.ptr[r->at + 2]) >= 0))
			return fail(r, r->at,
				    "behind '\\' stand two hexadecimal digits: \\2a is '*', "
				    "\\5c is '\\'");
	}
	if (r->at == start)
		return fail(r, start, "the value is missing; * stands for any");
	return 0;
}

/* Operators that are open: '&', '|' or '!', and whether they have something in them. */
struct open {
	char operator;
	unsigned parts;
};

static int end_operator(struct reader *r, const struct open *open)
{
	if (open->parts == 0)
		return fail(r, r->at, "there is nothing in this pair of brackets");
	if (open->operator== '!' && open->parts> 1)
		return fail(r, r->at, "'!' stands before one filter");
	return 0;
}

static int check(struct reader *r)
{
	struct open stack[SEARCH_FILTER_DEPTH_MAX];
	size_t depth = 0;

	do {
		if (depth > 0 && peek(r) == ')') {
			if (end_operator(r, &stack[--depth]) < 0)
				return -1;
			r->at++;
			continue;
		}
		if (peek(r) != '(')
			return fail(r, r->at,
				    depth == 0
					    ? "a filter stands in brackets: (objectClass=user)"
				    : r->at == r->text.len ? "a ')' is missing here"
							   : "a '(' or ')' is missing here");
		r->at++;
		if (depth > 0)
			stack[depth - 1].parts++;
		if (peek(r) == '&' || peek(r) == '|' || peek(r) == '!') {
			if (depth == SEARCH_FILTER_DEPTH_MAX)
				return fail(r, r->at, "this filter is too deep");
			stack[depth++] = (struct open){.operator= peek(r)};
			r->at++;
			continue;
		}
		if (read_item(r) < 0)
			return -1;
		r->at++;
	} while (depth > 0);
	if (r->at < r->text.len)
		return fail(r, r->at,
			    "the filter ends before this: several of them are written "
			    "(&(…)(…)) or (|(…)(…))");
	return 0;
}

int search_filter_check(struct str text, size_t *at, struct err *err)
{
	struct reader r = {.text = text, .err = err};
	int result = text.len > SEARCH_FILTER_MAX ? fail(&r, 0, "this filter is too long")
						  : check(&r);

	if (result < 0)
		*at = r.at;
	return result;
}
