#include "diag.h"

#include <stdarg.h>
#include <stdio.h>

#define FINDINGS_MAX 200
#define HIDDEN_MAX 200
#define MESSAGE_MAX 2048
#define SHOWN_COLUMNS 160
/* Of a longer line the part around the caret is shown, from this far before it. */
#define SHOWN_BEFORE 100

static void __attribute__((format(printf, 6, 0)))
add(struct diags *diags, struct str file, unsigned line, unsigned column, bool warning,
    const char *format, va_list arguments)
{
	char text[MESSAGE_MAX];
	struct diag *diag;

	if (!warning)
		diags->errors++;
	if (diags->count == FINDINGS_MAX) {
		diags->dropped++;
		return;
	}
	vsnprintf(text, sizeof(text), format, arguments);
	diag = vec_push(diags);
	*diag = (struct diag){
		.file = arena_str(&diags->arena, file),
		.line = line,
		.column = column,
		.warning = warning,
		.message = arena_str(&diags->arena, str_of(text)),
	};
}

void diag_error(struct diags *diags, struct str file, unsigned line, unsigned column,
		const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diags, file, line, column, false, format, arguments);
	va_end(arguments);
}

void diag_warning(struct diags *diags, struct str file, unsigned line, unsigned column,
		  const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diags, file, line, column, true, format, arguments);
	va_end(arguments);
}

static bool is_hidden(const struct diags *diags, struct str file, unsigned line)
{
	for (size_t i = 0; i < diags->hidden.count; i++) {
		if (diags->hidden.items[i].line == line &&
		    str_eq(diags->hidden.items[i].file, file))
			return true;
	}
	return diags->hidden.all;
}

static struct str behind(struct str text, size_t bytes)
{
	return (struct str){text.ptr + bytes, text.len - bytes};
}

static bool contains(struct str text, const char *part)
{
	struct str other = str_of(part);

	for (size_t i = 0; i + other.len <= text.len; i++) {
		if (str_distance((struct str){text.ptr + i, other.len}, other, 1) == 0)
			return true;
	}
	return false;
}

/*
 * A secret may stand in a line that has some other finding, or that cannot be parsed at all:
 * `password: hunter2`. References, `password: {env: NAME}`, may be shown.
 */
static bool seems_secret(struct str line)
{
	static const char *const parts[] = {"pass",  "pasw",    "pwd",       "secret",
					    "token", "private", "credential"};
	struct str rest = line, key;

	while (str_split(&rest, ':', &key) && rest.ptr) {
		struct str value = str_trim(rest);
		bool secret = false;

		if (value.len == 0 || value.ptr[0] == '{')
			continue;
		while (key.len > 0 && strchr(" '\"", key.ptr[key.len - 1]))
			key.len--;
		if (key.len > 32)
			key = behind(key, key.len - 32);
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			secret = secret || contains(key, parts[i]);
		if (secret || (key.len >= 3 && contains(behind(key, key.len - 3), "key")))
			return true;
	}
	return false;
}

void diag_hide_line(struct diags *diags, struct str file, unsigned line)
{
	if (is_hidden(diags, file, line))
		return;
	if (diags->hidden.count == HIDDEN_MAX)
		diags->hidden.all = true;
	else
		*vec_push(&diags->hidden) = (struct diag_hidden){arena_str(&diags->arena, file),
								 line};
}

void diags_join(struct diags *into, struct diags *from)
{
	size_t listed = 0;

	for (size_t i = 0; i < from->count; i++) {
		const struct diag *diag = &from->items[i];

		listed += !diag->warning;
		(diag->warning ? diag_warning : diag_error)(into, diag->file, diag->line,
							    diag->column, "%.*s",
							    STR_FMT(diag->message));
	}
	into->errors += from->errors - listed;
	into->dropped += from->dropped;
	for (size_t i = 0; i < from->hidden.count; i++)
		diag_hide_line(into, from->hidden.items[i].file, from->hidden.items[i].line);
	into->hidden.all = into->hidden.all || from->hidden.all;
	diags_release(from);
}

/* --- source lines ------------------------------------------------------------------------- */

/* Reads lines of one file in ascending order. */
struct source {
	FILE *file;
	struct str name;
	unsigned line; /* the next one to be read */
	bool there;    /* the one read last exists */
	struct buf text;
};

static void source_close(struct source *source)
{
	if (source->file)
		fclose(source->file);
	source->file = NULL;
	source->name = STR_NONE;
}

/* False when there is no such line (any more). Lines end as YAML's do: CR, LF or both. */
static bool source_line(struct source *source, struct str name, unsigned line)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	int c = 0;

	if (!source->name.ptr || !str_eq(source->name, name)) {
		source_close(source);
		source->name = name;
		source->line = 1;
		source->file = fopen(arena_str(&arena, name).ptr, "re");
	}
	if (!source->file)
		return false;
	while (source->line <= line && c != EOF) {
		buf_clear(&source->text);
		while ((c = getc_unlocked(source->file)) != EOF && c != '\n' && c != '\r') {
			if (source->line == line && source->text.len < 65536)
				buf_char(&source->text, (char)c);
		}
		if (c == '\r' && (c = getc_unlocked(source->file)) != '\n' && c != EOF)
			ungetc(c, source->file);
		/* libyaml counts no column for a byte order mark. */
		if (source->line == 1 && str_starts(buf_str(&source->text), "\xEF\xBB\xBF")) {
			source->text.len -= 3;
			memmove(source->text.ptr, source->text.ptr + 3, source->text.len + 1);
		}
		source->line++;
		source->there = c != EOF || source->text.len > 0;
	}
	return source->line > line && source->there;
}

/* How many bytes the first `count` characters have. */
static size_t prefix_bytes(struct str text, size_t count)
{
	size_t at = 0;

	while (at < text.len && count > 0) {
		at++;
		while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0) == 0x80)
			at++;
		count--;
	}
	return at;
}

static size_t characters(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
	return count;
}

/* The line, escaped, with a caret under `column`. */
static void add_source(struct buf *out, struct str text, unsigned line, unsigned column)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	size_t split = prefix_bytes(text, column ? column - 1 : 0), skip = 0, room;
	struct str left, right;

	/* Tabs would move the caret; both sides are escaped by themselves to measure them. */
	for (size_t i = 0; i < text.len; i++) {
		struct buf *side = i < split ? &before : &after;

		if (text.ptr[i] == '\t')
			buf_char(side, ' ');
		else
			buf_char(side, text.ptr[i]);
	}
	{
		struct buf shown = BUF_INIT;

		buf_add_visible(&shown, buf_str(&before), false);
		buf_release(&before);
		before = shown;
		shown = (struct buf)BUF_INIT;
		buf_add_visible(&shown, buf_str(&after), false);
		buf_release(&after);
		after = shown;
	}
	left = buf_str(&before);
	right = buf_str(&after);
	if (characters(left) > SHOWN_BEFORE) {
		skip = prefix_bytes(left, characters(left) - SHOWN_BEFORE + 1);
		left = behind(left, skip);
	}
	room = SHOWN_COLUMNS - characters(left) - (skip ? 1 : 0);
	buf_addf(out, "%7u | %s", line, skip ? "…" : "");
	buf_add(out, left);
	if (characters(right) > room) {
		buf_add(out, (struct str){right.ptr, prefix_bytes(right, room - 1)});
		buf_puts(out, "…");
	} else {
		buf_add(out, right);
	}
	buf_char(out, '\n');
	if (column)
		buf_addf(out, "        | %*s^\n", (int)(characters(left) + (skip ? 1 : 0)), "");
	buf_release(&before);
	buf_release(&after);
}

/* --- the list ----------------------------------------------------------------------------- */

/* By position; findings at the same place stay in the order they were made. */
static int compare(const void *left, const void *right)
{
	const struct diag *a = *(const struct diag *const *)left;
	const struct diag *b = *(const struct diag *const *)right;
	int order = str_cmp(a->file, b->file);

	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void add_place(struct buf *out, const struct diag *diag)
{
	buf_add_visible(out, diag->file, false);
	if (diag->line)
		buf_addf(out, ":%u", diag->line);
	if (diag->line && diag->column)
		buf_addf(out, ":%u", diag->column);
}

static void add_finding(struct buf *out, const struct diag *diag)
{
	add_place(out, diag);
	buf_puts(out, diag->warning ? ": warning: " : ": error: ");
	buf_add_visible(out, diag->message, false);
	buf_char(out, '\n');
}

static void add_count(struct buf *out, size_t count, const char *what)
{
	buf_addf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

void diags_format(const struct diags *diags, struct buf *out)
{
	const struct diag **order = mem_calloc(diags->count + 1, sizeof(*order));
	struct source source = {.text = BUF_INIT};
	size_t warnings = 0;

	for (size_t i = 0; i < diags->count; i++) {
		order[i] = &diags->items[i];
		warnings += diags->items[i].warning;
	}
	qsort(order, diags->count, sizeof(*order), compare);
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = order[i];

		add_finding(out, diag);
		if (diag->line && !is_hidden(diags, diag->file, diag->line) &&
		    source_line(&source, diag->file, diag->line) &&
		    !seems_secret(buf_str(&source.text)))
			add_source(out, buf_str(&source.text), diag->line, diag->column);
	}
	if (diags->dropped)
		buf_addf(out, "… and %zu more\n", diags->dropped);
	if (diags->count) {
		add_count(out, diags->errors, "error");
		if (warnings) {
			buf_puts(out, ", ");
			add_count(out, warnings, "warning");
		}
		buf_char(out, '\n');
	}
	source_close(&source);
	buf_release(&source.text);
	free(order);
}

void diags_release(struct diags *diags)
{
	free(diags->items);
	free(diags->hidden.items);
	arena_release(&diags->arena);
	*diags = (struct diags)DIAGS_INIT;
}

void diags_summary(const struct diags *diags, struct buf *out)
{
	for (size_t i = 0; diags->errors == 1 && i < diags->count; i++) {
		if (diags->items[i].warning)
			continue;
		add_place(out, &diags->items[i]);
		buf_puts(out, ": ");
		buf_add_visible(out, diags->items[i].message, false);
		return;
	}
	buf_puts(out, "'zsctl validate' shows them");
}
