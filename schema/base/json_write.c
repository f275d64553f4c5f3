#include "json.h"

#include <assert.h>
#include <inttypes.h>

enum { DEPTH_MAX = 32 };

static void add_escape(struct buf *buf, uint32_t code)
{
	static const char names[] = {
		['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
		['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
	};

	if (code < sizeof(names) && names[code]) {
		buf_char(buf, '\\');
		buf_char(buf, names[code]);
	} else if (code < 0x10000) {
		buf_addf(buf, "\\u%04x", (unsigned)code);
	} else {
		buf_addf(buf, "\\u%04x\\u%04x", 0xD800 + (unsigned)((code - 0x10000) >> 10),
			 0xDC00 + (unsigned)(code & 0x3FF));
	}
}

void json_add_string(struct buf *buf, struct str text)
{
	buf_char(buf, '"');
	while (text.len > 0) {
		size_t run = 0, len = 0;
		uint32_t code = 0;

		/* Everything up to the next offender goes in one piece. */
		while (run < text.len) {
			len = str_utf8_next((struct str){text.ptr + run, text.len - run},
					    &code);
			if (len == 0 || code == '"' || code == '\\' || str_unseen(code))
				break;
			run += len;
		}
		buf_add(buf, (struct str){text.ptr, run});
		text.ptr += run;
		text.len -= run;
		if (text.len == 0)
			break;
		if (len == 0 || code == 0)
			buf_puts(buf, "\xEF\xBF\xBD");
		else
			add_escape(buf, code);
		len = len ? len : 1;
		text.ptr += len;
		text.len -= len;
	}
	buf_char(buf, '"');
}

static void line(struct json_writer *w)
{
	if (!w->pretty)
		return;
	buf_char(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_puts(w->out, "  ");
}

/* What stands before a value: comma, line, key. */
static void start(struct json_writer *w, const char *key)
{
	if (w->depth > 0) {
		if (!w->first)
			buf_char(w->out, ',');
		line(w);
	}
	w->first = false;
	if (key) {
		json_add_string(w->out, str_of(key));
		buf_puts(w->out, w->pretty ? ": " : ":");
	}
}

static void begin(struct json_writer *w, const char *key, char bracket)
{
	start(w, key);
	buf_char(w->out, bracket);
	assert(w->depth < DEPTH_MAX);
	w->depth++;
	w->first = true;
}

static void end(struct json_writer *w, char bracket)
{
	assert(w->depth > 0);
	w->depth--;
	if (!w->first)
		line(w);
	buf_char(w->out, bracket);
	w->first = false;
}

void json_begin_object(struct json_writer *w, const char *key)
{
	begin(w, key, '{');
}

void json_end_object(struct json_writer *w)
{
	end(w, '}');
}

void json_begin_array(struct json_writer *w, const char *key)
{
	begin(w, key, '[');
}

void json_end_array(struct json_writer *w)
{
	end(w, ']');
}

void json_str(struct json_writer *w, const char *key, struct str value)
{
	start(w, key);
	json_add_string(w->out, value);
}

void json_str_or_null(struct json_writer *w, const char *key, struct str value)
{
	if (value.ptr)
		json_str(w, key, value);
	else
		json_raw(w, key, STR("null"));
}

void json_int(struct json_writer *w, const char *key, int64_t value)
{
	start(w, key);
	buf_addf(w->out, "%" PRId64, value);
}

void json_bool(struct json_writer *w, const char *key, bool value)
{
	json_raw(w, key, value ? STR("true") : STR("false"));
}

void json_raw(struct json_writer *w, const char *key, struct str json)
{
	start(w, key);
	buf_add(w->out, json);
}
