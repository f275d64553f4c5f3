#include "template.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void add_conversion(struct buf *out, const struct conversion *conversion)
{
	buf_addf(out, ":%d", conversion->op);
	for (size_t i = 0; i < conversion->argument_count; i++)
		buf_addf(out, "%c%.*s", i ? ',' : '(', STR_FMT(conversion->arguments[i]));
	buf_puts(out, conversion->argument_count ? ")" : "");
}

/* "text" and <a:1|b> for what was understood; conversions by number. */
static void describe(struct buf *out, const struct template *template)
{
	size_t braces = 0;

	buf_clear(out);
	buf_puts(out, "");
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];

		if (part->choice_count == 0) {
			buf_addf(out, "\"%.*s\"", STR_FMT(part->text));
			continue;
		}
		braces++;
		buf_char(out, '<');
		for (size_t j = 0; j < part->choice_count; j++) {
			const struct template_choice *choice = &part->choices[j];

			buf_addf(out, "%s%.*s", j ? "|" : "", STR_FMT(choice->attribute));
			for (size_t k = 0; k < choice->conversion_count; k++)
				add_conversion(out, &choice->conversions[k]);
		}
		buf_char(out, '>');
	}
	assert_int_equal(braces, template->braces);
}

static void understood(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"", ""},
		{"Cardiology", "\"Cardiology\""},
		{"{displayName}", "<displayName>"},
		{"{ displayName }", "<displayName>"},
		{"{displayName|cn}", "<displayName|cn>"},
		{"{givenName} {sn}", "<givenName>\" \"<sn>"},
		{"{givenName} {initials|} {sn}", "<givenName>\" \"<initials|>\" \"<sn>"},
		{"{mail:lower}", "<mail:1>"},
		{"{mail : lower : trim | cn}", "<mail:1:3|cn>"},
		{"{proxyAddresses:smtp|mail}", "<proxyAddresses:9|mail>"},
		{"{a:text|b:lower}", "<a:0|b:1>"},
		{"{mobile:mobile(NL)}", "<mobile:11(NL)>"},
		{"{x:replace(a,b)}", "<x:6(a,b)>"},
		{"{x:replace( a , b )}", "<x:6(a,b)>"},
		{"{x:replace(',',' ')}", "<x:6(,, )>"},
		{"{x:replace('''','a)b}')}", "<x:6(',a)b})>"},
		{"{x:split}", "<x:5>"},
		{"{x:split(;)}", "<x:5(;)>"},
		{"{x:is(a, b,'c, d')}", "<x:20(a,b,c, d)>"},
		{"{flags:bit(63)}", "<flags:17(63)>"},
		{"{'E-mail: work'}", "<E-mail: work>"},
		{"{'it''s'|b}", "<it's|b>"},
		{"{E-Mail Adresse (geschäftlich)}", "<E-Mail Adresse (geschäftlich)>"},
		{"{userCertificate;binary:hex}", "<userCertificate;binary:15>"},
		{"{{}}", "\"{}\""},
		{"{{{a}}}", "\"{\"<a>\"}\""},
		{"a{{b}}c{d}", "\"a{b}c\"<d>"},
		{"病院 {ou}", "\"病院 \"<ou>"},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct template template;
		struct err err = ERR_INIT;
		size_t at;

		if (template_parse(&arena, str_of(cases[i].text), &template, &at, &err) < 0)
			fail_msg("'%s': %zu: %s", cases[i].text, at, err.text);
		describe(&text, &template);
		if (strcmp(buf_str(&text).len ? text.ptr : "", cases[i].expected) != 0)
			fail_msg("'%s': '%s', not '%s'", cases[i].text, text.ptr,
				 cases[i].expected);
	}
	buf_release(&text);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *reason;
	} cases[] = {
		{"{a", 0, "the '{' here has no '}'"},
		{"x {a|", 2, "the '{' here has no '}'"},
		{"a}", 1, "this '}' ends nothing; the character itself is written }}"},
		{"{a}}", 3, "this '}' ends nothing; the character itself is written }}"},
		{"{}", 1, "the name of an attribute is missing here"},
		{"{|a}", 1, "the name of an attribute is missing here"},
		{"{a||b}", 3, "the name of an attribute is missing here"},
		{"{''}", 1, "the name of an attribute is missing here"},
		{"{a|:lower}", 3, "the name of an attribute is missing here"},
		{"{a'b'}", 2,
		 "' cannot stand here; a name with one of { } | : ' in it stands in quotes: {'a:b'}"},
		{"{'a'é}", 4,
		 "é cannot stand here; a name with one of { } | : ' in it stands in quotes: "
		 "{'a:b'}"},
		{"{a{b}", 2,
		 "{ cannot stand here; a name with one of { } | : ' in it stands in quotes: {'a:b'}"},
		{"{'a}", 1, "the quote that begins here has no end"},
		{"{a:}", 3, "the name of a conversion is missing behind ':'"},
		{"{a:lowr}", 3, "there is no conversion 'lowr'; did you mean 'lower'?"},
		{"{a:Lower}", 3, "there is no conversion 'Lower'; did you mean 'lower'?"},
		{"{a:trim:sha256}", 8,
		 "there is no conversion 'sha256'; there are: text, lower, upper, trim, first, "
		 "split, replace, local, domain, smtp, smtp_aliases, mobile, guid, guid_bytes, "
		 "base64, hex, dn_rdn, bit, ad_enabled, ad_unexpired, is, not, "
		 "date"},
		{"{a:mobile}", 3, "'mobile' is written as mobile(NL)"},
		{"{a:lower()}", 3, "'lower' is written as lower"},
		{"{a:replace(x)}", 3, "'replace' is written as replace(a,b)"},
		{"{a:replace(,x)}", 3,
		 "there is nothing to look for; a comma or a blank stands in quotes: ','"},
		{"{a:split()}", 3,
		 "there is nothing to look for; a comma or a blank stands in quotes: ','"},
		{"{a:split(,)}", 3, "'split' is written as split(;), and at commas split(',')"},
		{"{a:mobile(ZZ)}", 3,
		 "mobile(…) has no rules for 'ZZ'; it knows NL, BE, DE, GB, FR, LU, IT, US, CA"},
		{"{a:bit(64)}", 3, "bit(…) takes a number from 0 to 63"},
		{"{a:bit(x)}", 3, "bit(…) takes a number from 0 to 63"},
		{"{a:date(DM)}", 3,
		 "date(…) takes the letters D, M and Y in the order of the parts"},
		{"{a:date(DDY)}", 3,
		 "date(…) takes the letters D, M and Y in the order of the parts"},
		{"{a:bit(1}", 6, "the '(' here has no ')'"},
		{"{a:is('x'y)}", 5, "the '(' here has no ')'"},
		{"{a:is('x)}", 6, "the quote that begins here has no end"},
		{"{mS-DS-ConsistencyGuid|objectGUID:base64}", 1,
		 "a conversion belongs to the name that it stands behind; write it behind "
		 "'mS-DS-ConsistencyGuid' too, or ':text' to take that as it is"},
		{"{a:lower|b|c:lower}", 9,
		 "a conversion belongs to the name that it stands behind; write it behind 'b' "
		 "too, or ':text' to take that as it is"},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct template template = {.braces = 77};
		struct err err = ERR_INIT;
		size_t at = 999;

		if (template_parse(&arena, str_of(cases[i].text), &template, &at, &err) == 0)
			fail_msg("'%s' was taken", cases[i].text);
		if (at != cases[i].at || strcmp(err.text, cases[i].reason) != 0)
			fail_msg("'%s': %zu: %s", cases[i].text, at, err.text);
		assert_int_equal(template.braces, 77);
	}
}

static void bounds(void **state)
{
	static const struct {
		const char *begin, *again, *end;
		size_t most;
		const char *reason;
	} cases[] = {
		{"", "{a}", "", 32, "a template has at most 32 parts"},
		{"{a", "|b", "}", 15, "more than 16 names"},
		{"{a", ":trim", "}", 16, "more than 16 conversions"},
		{"{a:is(x", ",x", ")}", 15, "there are more than 16 words here"},
	};
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct template template;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t more = 0; more < 2; more++) {
			struct err err = ERR_INIT;
			struct buf text = BUF_INIT;
			int result;

			buf_puts(&text, cases[i].begin);
			for (size_t j = 0; j < cases[i].most + more; j++)
				buf_puts(&text, cases[i].again);
			buf_puts(&text, cases[i].end);
			result = template_parse(&arena, buf_str(&text), &template, &at, &err);
			assert_int_equal(result, more ? -1 : 0);
			assert_string_equal(err.text, more ? cases[i].reason : "");
			buf_release(&text);
		}
	}
}

/* Each of them can be written as the reference says. */
/* The examples of the reference are templates. */
static void forms(void **state)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct buf table = BUF_INIT;
	struct str rest, line;
	size_t count = 0;

	(void)state;
	template_forms(&table);
	rest = buf_str(&table);
	while (str_split(&rest, '\n', &line)) {
		struct buf text = BUF_INIT;
		struct template template;
		struct err err = ERR_INIT;
		struct str form;
		size_t at;

		if (!str_starts(line, "| `"))
			continue;
		line = (struct str){line.ptr + 3, line.len - 3};
		str_split(&line, '`', &form);
		for (size_t i = 0; i < form.len; i++) {
			if (form.ptr[i] != '\\')
				buf_char(&text, form.ptr[i]);
		}
		if (template_parse(&arena, buf_str(&text), &template, &at, &err) < 0)
			fail_msg("%s: %s", text.ptr, err.text);
		buf_release(&text);
		count++;
	}
	assert_int_equal(count, 9);
	buf_release(&table);
}

static void documented(void **state)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct buf table = BUF_INIT;
	struct str rest, line;
	size_t count = 0;

	(void)state;
	template_reference(&table);
	rest = buf_str(&table);
	while (str_split(&rest, '\n', &line)) {
		struct template template;
		struct err err = ERR_INIT;
		struct str form;
		size_t at;

		if (!str_starts(line, "| `"))
			continue;
		line = (struct str){line.ptr + 3, line.len - 3};
		str_split(&line, '`', &form);
		line = arena_strf(&arena, "{x:%.*s}", STR_FMT(form));
		if (template_parse(&arena, line, &template, &at, &err) < 0)
			fail_msg("%s: %s", line.ptr, err.text);
		assert_int_equal(template.parts[0].choices[0].conversions[0].op, count);
		count++;
	}
	assert_int_equal(count, CONVERT_DATE + 1);
	buf_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understood), cmocka_unit_test(refused),
		cmocka_unit_test(bounds),     cmocka_unit_test(forms),
		cmocka_unit_test(documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
