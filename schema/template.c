#include "template.h"

#include <string.h>

/* --- conversions -------------------------------------------------------------------------- */

#define ANY CONVERSION_ARGUMENTS_MAX

struct conversion_row {
	const char *name;
	enum conversion_op op;
	size_t least, most; /* arguments */
	const char *form;   /* as people write it */
	const char *help;
};

static const struct conversion_row rows[] = {
	{"text", CONVERT_TEXT, 0, 0, "text", "as it is"},
	{"lower", CONVERT_LOWER, 0, 0, "lower", "in small letters"},
	{"upper", CONVERT_UPPER, 0, 0, "upper", "in capital letters"},
	{"trim", CONVERT_TRIM, 0, 0, "trim", "without blanks at both ends"},
	{"first", CONVERT_FIRST, 0, 0, "first", "the first of several values"},
	{"split", CONVERT_SPLIT, 0, 1, "split(;)",
	 "several values out of one: split where the text in brackets stands, a comma as split(','); "
	 "without brackets at ; , | and line ends"},
	{"replace", CONVERT_REPLACE, 2, 2, "replace(a,b)", "every a replaced by b"},
	{"local", CONVERT_LOCAL, 0, 0, "local", "what stands before the @"},
	{"domain", CONVERT_DOMAIN, 0, 0, "domain", "what stands behind the @"},
	{"smtp", CONVERT_SMTP, 0, 0, "smtp", "the primary one of proxyAddresses: SMTP:…"},
	{"smtp_aliases", CONVERT_SMTP_ALIASES, 0, 0, "smtp_aliases",
	 "the other mail addresses of proxyAddresses: smtp:…, or without a prefix"},
	{"mobile", CONVERT_MOBILE, 1, 1, "mobile(NL)",
	 "a mobile number in E.164 form, that country's when it says no other; what is no mobile "
	 "number is no value"},
	{"guid", CONVERT_GUID, 0, 0, "guid",
	 "16 bytes as Windows writes a GUID: 03020100-0504-0706-0809-0a0b0c0d0e0f"},
	{"guid_bytes", CONVERT_GUID_BYTES, 0, 0, "guid_bytes",
	 "the 16 bytes of a GUID that is written so"},
	{"base64", CONVERT_BASE64, 0, 0, "base64", "the bytes in Base64"},
	{"hex", CONVERT_HEX, 0, 0, "hex", "the bytes in hexadecimal digits"},
	{"dn_rdn", CONVERT_DN_RDN, 0, 0, "dn_rdn",
	 "the first name in a distinguished name: Jane of CN=Jane,OU=Staff"},
	{"bit", CONVERT_BIT, 1, 1, "bit(1)",
	 "true when that bit of a number is set; the lowest is bit 0"},
	{"ad_enabled", CONVERT_AD_ENABLED, 0, 0, "ad_enabled",
	 "of userAccountControl: false when the account is disabled"},
	{"ad_unexpired", CONVERT_AD_UNEXPIRED, 0, 0, "ad_unexpired",
	 "of accountExpires: false when that time has passed"},
	{"is", CONVERT_IS, 1, ANY, "is(a,b)",
	 "true when the value is one of these, in capital or small letters; else false"},
	{"not", CONVERT_NOT, 0, 0, "not", "false for true and true for false"},
	{"date", CONVERT_DATE, 1, 1, "date(DMY)",
	 "a day like 31-12-2026 or 31/12/2026 0:00 as 2026-12-31; the letters are the order of day, "
	 "month and year"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct conversion_row *row_of(struct str name)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (str_is(name, rows[i].name))
			return &rows[i];
	}
	return NULL;
}

/* A bar would end the cell. */
static void add_cell(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_addf(out, "%s%c", *text == '|' ? "\\" : "", *text);
}

static void add_line(struct buf *out, const char *code, const char *meaning)
{
	buf_puts(out, "| `");
	add_cell(out, code);
	buf_puts(out, "` | ");
	add_cell(out, meaning);
	buf_puts(out, " |\n");
}

void template_forms(struct buf *out)
{
	static const char *const forms[][2] = {
		{"Cardiology", "that text"},
		{"{displayName}", "the values of an attribute; its name knows no case"},
		{"{givenName} {sn}", "one text; nothing at all when one of them has no value"},
		{"{displayName|cn}", "the first that has a value"},
		{"{givenName} {initials|} {sn}", "or else nothing in its place"},
		{"{proxyAddresses:smtp|mail}", "with a conversion of what stands before it"},
		{"{objectGUID:guid:upper}", "one conversion after the other"},
		{"{'E-mail: work':trim}", "a name with any of { } | : ' in it"},
		{"{{ and }}", "the braces themselves"},
	};

	buf_puts(out, "| template | gives |\n| --- | --- |\n");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		add_line(out, forms[i][0], forms[i][1]);
}

void template_reference(struct buf *out)
{
	buf_puts(out, "| conversion | gives |\n| --- | --- |\n");
	for (size_t i = 0; i < ROWS; i++)
		add_line(out, rows[i].form, rows[i].help);
}

/* --- the parser --------------------------------------------------------------------------- */

struct parser {
	struct arena *arena;
	struct str text;
	size_t at;
	size_t fault; /* where a finding belongs */
	struct err *err;
};

static int fail(struct parser *p, size_t at)
{
	p->fault = at;
	return -1;
}

/* The next byte, or NUL at the end; texts of the configuration have no NUL in them. */
static char peek(const struct parser *p)
{
	return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

static struct str from(const struct parser *p, size_t start)
{
	return (struct str){p->text.ptr + start, p->at - start};
}

static void skip_blanks(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->at++;
}

/* Behind the opening quote; a quote in it is written twice. */
static int quoted(struct parser *p, struct str *out)
{
	size_t start = p->at++, len = 0;
	char *copy = arena_alloc_aligned(p->arena, p->text.len - start + 1, 1);

	for (;; p->at++) {
		if (p->at == p->text.len) {
			err_set(p->err, ERR_FAILED, "the quote that begins here has no end");
			return fail(p, start);
		}
		if (peek(p) == '\'') {
			p->at++;
			if (peek(p) != '\'')
				break;
		}
		copy[len++] = peek(p);
	}
	*out = (struct str){copy, len};
	return 0;
}

static int argument(struct parser *p, struct str *out)
{
	size_t start;

	skip_blanks(p);
	if (peek(p) == '\'') {
		if (quoted(p, out) < 0)
			return -1;
		skip_blanks(p);
		return 0;
	}
	start = p->at;
	while (p->at < p->text.len && !memchr(",)", peek(p), 2))
		p->at++;
	*out = str_trim(from(p, start));
	return 0;
}

static int arguments(struct parser *p, struct conversion *conversion)
{
	struct str items[CONVERSION_ARGUMENTS_MAX];
	size_t open = p->at++, count = 0;

	for (;;) {
		if (count == CONVERSION_ARGUMENTS_MAX) {
			err_set(p->err, ERR_FAILED, "there are more than %d words here",
				CONVERSION_ARGUMENTS_MAX);
			return fail(p, p->at);
		}
		if (argument(p, &items[count++]) < 0)
			return -1;
		if (peek(p) == ')')
			break;
		if (peek(p) != ',') {
			err_set(p->err, ERR_FAILED, "the '(' here has no ')'");
			return fail(p, open);
		}
		p->at++;
	}
	p->at++;
	conversion->arguments = arena_array(p->arena, struct str, count);
	memcpy(conversion->arguments, items, count * sizeof(*items));
	conversion->argument_count = count;
	return 0;
}

static int unknown(struct parser *p, struct str name, size_t start)
{
	const struct conversion_row *near = NULL;
	size_t best = name.len < 4 ? 2 : 3; /* what is further away was not meant */
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < ROWS && name.len <= 64; i++) {
		size_t distance = str_distance(name, str_of(rows[i].name), best);

		buf_addf(&names, "%s%s", i ? ", " : "", rows[i].name);
		if (distance < best) {
			best = distance;
			near = &rows[i];
		}
	}
	if (name.len == 0)
		err_set(p->err, ERR_FAILED, "the name of a conversion is missing behind ':'");
	else if (near)
		err_set(p->err, ERR_FAILED, "there is no conversion '%.*s'; did you mean '%s'?",
			STR_FMT(name), near->name);
	else
		err_set(p->err, ERR_FAILED, "there is no conversion '%.*s'; there are: %s",
			(int)str_utf8_cut(name, 60), name.ptr, names.len ? names.ptr : "");
	buf_release(&names);
	return fail(p, start);
}

static bool date_order(struct conversion *conversion)
{
	struct str order = conversion->arguments[0];

	if (order.len != 3 || !memchr(order.ptr, 'D', 3) || !memchr(order.ptr, 'M', 3) ||
	    !memchr(order.ptr, 'Y', 3))
		return false;
	memcpy(conversion->order, order.ptr, 3);
	return true;
}

/* What the conversion's own arguments must be. */
static int check_arguments(struct parser *p, struct conversion *conversion, size_t start)
{
	struct buf known = BUF_INIT;
	uint64_t number;

	if (conversion->op == CONVERT_BIT) {
		if (!str_to_u64(conversion->arguments[0], &number) || number > 63) {
			err_set(p->err, ERR_FAILED, "bit(…) takes a number from 0 to 63");
			return fail(p, start);
		}
		conversion->bit = (unsigned)number;
	}
	if (conversion->op == CONVERT_MOBILE) {
		conversion->country = mobile_country(conversion->arguments[0]);
		if (!conversion->country) {
			mobile_countries(&known);
			err_set(p->err, ERR_FAILED,
				"mobile(…) has no rules for '%.*s'; it knows %s",
				(int)str_utf8_cut(conversion->arguments[0], 20),
				conversion->arguments[0].ptr, known.ptr);
			buf_release(&known);
			return fail(p, start);
		}
	}
	if (conversion->op == CONVERT_DATE && !date_order(conversion)) {
		err_set(p->err, ERR_FAILED,
			"date(…) takes the letters D, M and Y in the order of the parts");
		return fail(p, start);
	}
	if ((conversion->op == CONVERT_REPLACE || conversion->op == CONVERT_SPLIT) &&
	    conversion->argument_count && conversion->arguments[0].len == 0) {
		err_set(p->err, ERR_FAILED,
			"there is nothing to look for; a comma or a blank stands in quotes: "
			"','");
		return fail(p, start);
	}
	return 0;
}

/* Behind the ':'. */
static int convert(struct parser *p, struct conversion *conversion)
{
	const struct conversion_row *row;
	struct str name;
	size_t start;

	skip_blanks(p);
	start = p->at;
	while (p->at < p->text.len && !memchr("(:|{}", peek(p), 5))
		p->at++;
	name = str_trim(from(p, start));
	row = row_of(name);
	if (!row)
		return unknown(p, name, start);
	conversion->op = row->op;
	if (peek(p) == '(' && arguments(p, conversion) < 0)
		return -1;
	skip_blanks(p);
	if (conversion->argument_count < row->least || conversion->argument_count > row->most) {
		err_set(p->err, ERR_FAILED, "'%s' is written as %s%s", row->name, row->form,
			row->op == CONVERT_SPLIT ? ", and at commas split(',')" : "");
		return fail(p, start);
	}
	return check_arguments(p, conversion, start);
}

#define CHOICES_MAX 16
#define CONVERSIONS_MAX 16

static int conversions(struct parser *p, struct template_choice *choice)
{
	struct conversion items[CONVERSIONS_MAX] = {0};
	size_t count = 0;

	while (peek(p) == ':') {
		if (count == CONVERSIONS_MAX) {
			err_set(p->err, ERR_FAILED, "more than %d conversions",
				CONVERSIONS_MAX);
			return fail(p, p->at);
		}
		p->at++;
		if (convert(p, &items[count++]) < 0)
			return -1;
	}
	choice->conversions = arena_array(p->arena, struct conversion, count);
	memcpy(choice->conversions, items, count * sizeof(*items));
	choice->conversion_count = count;
	return 0;
}

static int choice(struct parser *p, struct template_choice *out)
{
	size_t start;

	skip_blanks(p);
	start = p->at;
	if (peek(p) == '\'') {
		if (quoted(p, &out->attribute) < 0)
			return -1;
		skip_blanks(p);
		if (out->attribute.len == 0) {
			err_set(p->err, ERR_FAILED, "the name of an attribute is missing here");
			return fail(p, start);
		}
	} else {
		while (p->at < p->text.len && !memchr("{}|:'", peek(p), 5))
			p->at++;
		out->attribute = str_trim(from(p, start));
	}
	return conversions(p, out);
}

static int check_choice(struct parser *p, const struct template_choice *choices, size_t count,
			const size_t *starts)
{
	const struct template_choice *last = &choices[count - 1];

	for (size_t i = 0; i < count; i++) {
		bool end = i + 1 == count;

		if (choices[i].attribute.len == 0 &&
		    (!end || count == 1 || last->conversion_count)) {
			err_set(p->err, ERR_FAILED, "the name of an attribute is missing here");
			return fail(p, starts[i]);
		}
	}
	for (size_t i = 0; i + 1 < count; i++) {
		if (!choices[i].conversion_count && last->conversion_count) {
			err_set(p->err, ERR_FAILED,
				"a conversion belongs to the name that it stands behind; write "
				"it behind '%.*s' too, or ':text' to take that as it is",
				(int)str_utf8_cut(choices[i].attribute, 60),
				choices[i].attribute.ptr);
			return fail(p, starts[i]);
		}
	}
	return 0;
}

/* Something that is no part of what began at `open`, or the end. */
static int stray(struct parser *p, size_t open)
{
	struct str rest = {p->text.ptr + p->at, p->text.len - p->at};
	uint32_t code;

	if (rest.len == 0) {
		err_set(p->err, ERR_FAILED, "the '{' here has no '}'");
		return fail(p, open);
	}
	rest.len = str_utf8_next(rest, &code);
	err_set(p->err, ERR_FAILED,
		"%.*s cannot stand here; a name with one of { } | : ' in it stands in quotes: "
		"{'a:b'}",
		STR_FMT(rest));
	return fail(p, p->at);
}

/* Behind the '{'. */
static int brace(struct parser *p, struct template_part *part)
{
	struct template_choice items[CHOICES_MAX] = {0};
	size_t starts[CHOICES_MAX], open = p->at++, count = 0;

	for (;;) {
		if (count == CHOICES_MAX) {
			err_set(p->err, ERR_FAILED, "more than %d names", CHOICES_MAX);
			return fail(p, p->at);
		}
		skip_blanks(p);
		starts[count] = p->at;
		if (choice(p, &items[count++]) < 0)
			return -1;
		if (peek(p) == '}')
			break;
		if (peek(p) != '|') {
			return stray(p, open);
		}
		p->at++;
	}
	p->at++;
	if (check_choice(p, items, count, starts) < 0)
		return -1;
	part->choices = arena_array(p->arena, struct template_choice, count);
	memcpy(part->choices, items, count * sizeof(*items));
	part->choice_count = count;
	return 0;
}

/* Text up to a brace that is one. */
static int plain(struct parser *p, struct template_part *part)
{
	char *copy = arena_alloc_aligned(p->arena, p->text.len - p->at + 1, 1);
	size_t len = 0;

	for (; p->at < p->text.len; p->at++) {
		char c = peek(p);

		if (c == '{' || c == '}') {
			bool twice = p->at + 1 < p->text.len && p->text.ptr[p->at + 1] == c;

			if (c == '{' && !twice)
				break;
			if (!twice) {
				err_set(p->err, ERR_FAILED,
					"this '}' ends nothing; the character itself is "
					"written }}");
				return fail(p, p->at);
			}
			p->at++;
		}
		copy[len++] = c;
	}
	part->text = (struct str){copy, len};
	return 0;
}

#define PARTS_MAX 32

int template_parse(struct arena *arena, struct str text, struct template *out, size_t *at,
		   struct err *err)
{
	struct parser p = {.arena = arena, .text = text, .err = err};
	struct template_part parts[PARTS_MAX] = {0};
	struct template made = {.part_count = 0};
	int result = 0;

	while (p.at < text.len && result == 0) {
		bool opens = peek(&p) == '{' &&
			     !(p.at + 1 < text.len && text.ptr[p.at + 1] == '{');

		if (made.part_count == PARTS_MAX) {
			err_set(err, ERR_FAILED, "a template has at most %d parts", PARTS_MAX);
			result = fail(&p, p.at);
			break;
		}
		made.braces += opens;
		result = (opens ? brace : plain)(&p, &parts[made.part_count++]);
	}
	if (result < 0) {
		*at = p.fault;
		return -1;
	}
	made.parts = arena_array(arena, struct template_part, made.part_count);
	memcpy(made.parts, parts, made.part_count * sizeof(*parts));
	*out = made;
	return 0;
}
