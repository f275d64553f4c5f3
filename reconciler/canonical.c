/* Line by line through canonical YAML. */
#include "canonical.h"

#include "yaml_read.h"

#include <string.h>

struct canonical canonical_open(struct str text, const char *name, struct arena *arena)
{
	return (struct canonical){
		.text = text, .rest = text, .name = name, .arena = arena, .line = 1};
}

/* The line that `rest` starts with, without its end. */
static struct str current_line(const struct canonical *in)
{
	const char *end = in->rest.len ? memchr(in->rest.ptr, '\n', in->rest.len) : NULL;

	return (struct str){in->rest.ptr, end ? (size_t)(end - in->rest.ptr) : in->rest.len};
}

static void next_line(struct canonical *in, struct str line)
{
	size_t used = line.len < in->rest.len ? line.len + 1 : line.len;

	in->rest.ptr += used;
	in->rest.len -= used;
	in->line++;
}

/* A whole scalar. What is not canonical about it, canonical_end() finds. */
static bool scalar(struct canonical *in, struct str text, struct str *out)
{
	if (text.len > 0 && text.ptr[0] == '"')
		return yaml_quoted_length(text) == text.len &&
		       yaml_unquote(in->arena, text, out);
	*out = text;
	return true;
}

bool canonical_maybe(struct canonical *in, const char *prefix, struct str *value)
{
	struct str line = current_line(in), text;
	size_t skip = strlen(prefix);

	if (in->bad || in->rest.len == 0 || !str_starts(line, prefix))
		return false;
	text = (struct str){line.ptr + skip, line.len - skip};
	if (!scalar(in, text, value)) {
		in->bad = true;
		return false;
	}
	next_line(in, line);
	return true;
}

void canonical_take(struct canonical *in, const char *prefix, struct str *value)
{
	*value = STR("");
	if (!canonical_maybe(in, prefix, value))
		in->bad = true;
}

/* Splits "key: value" or "key:" behind the prefix. */
static bool key_at(struct canonical *in, const char *prefix, struct str *key,
		   struct str *behind)
{
	struct str line = current_line(in), text;
	size_t skip = strlen(prefix), length = 0;

	if (in->bad || in->rest.len == 0 || !str_starts(line, prefix))
		return false;
	text = (struct str){line.ptr + skip, line.len - skip};
	if (text.len > 0 && text.ptr[0] == '"') {
		length = yaml_quoted_length(text);
	} else {
		/* Plain texts hold no ": " and do not end in ':'. */
		const char *colon = text.len ? memmem(text.ptr, text.len, ": ", 2) : NULL;

		length = colon ? (size_t)(colon - text.ptr) : text.len - (text.len > 0);
	}
	if (length == 0 || length >= text.len || text.ptr[length] != ':' ||
	    !scalar(in, (struct str){text.ptr, length}, key)) {
		in->bad = true;
		return false;
	}
	*behind = (struct str){text.ptr + length + 1, text.len - length - 1};
	return true;
}

bool canonical_pair(struct canonical *in, const char *prefix, struct str *key,
		    struct str *value)
{
	struct str behind;

	if (!key_at(in, prefix, key, &behind))
		return false;
	if (behind.len < 2 || behind.ptr[0] != ' ' ||
	    !scalar(in, (struct str){behind.ptr + 1, behind.len - 1}, value)) {
		in->bad = true;
		return false;
	}
	next_line(in, current_line(in));
	return true;
}

bool canonical_key(struct canonical *in, const char *prefix, struct str *key)
{
	struct str behind;

	if (!key_at(in, prefix, key, &behind))
		return false;
	if (behind.len > 0) {
		in->bad = true;
		return false;
	}
	next_line(in, current_line(in));
	return true;
}

size_t canonical_count(const struct canonical *in, const char *prefix)
{
	struct canonical ahead = *in;
	size_t count = 0;

	while (ahead.rest.len > 0 && str_starts(ahead.rest, prefix)) {
		next_line(&ahead, current_line(&ahead));
		count++;
	}
	return count;
}

bool canonical_line(struct canonical *in, const char *line)
{
	struct str current = current_line(in);

	if (in->bad || in->rest.len == 0 || !str_is(current, line))
		return false;
	next_line(in, current);
	return true;
}

void canonical_bad(struct canonical *in, const char *problem)
{
	if (in->bad)
		return;
	in->bad = true;
	in->problem = problem;
	in->line--;
}

int canonical_end(const struct canonical *in, struct str again, struct err *err)
{
	unsigned line = 1;

	if (in->bad)
		return err_set(err, ERR_FAILED, "%s:%u: %s", in->name, in->line,
			       in->problem
				       ? in->problem
				       : "is not as zsctl wrote it: another line belongs here");
	if (str_eq(again, in->text))
		return 0;
	for (size_t i = 0; i < again.len && i < in->text.len; i++) {
		if (again.ptr[i] != in->text.ptr[i])
			break;
		line += again.ptr[i] == '\n';
	}
	return err_set(err, ERR_FAILED,
		       "%s:%u: is not as zsctl wrote it: the line is spelt otherwise", in->name,
		       line);
}
