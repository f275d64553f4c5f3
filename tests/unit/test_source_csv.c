#include "source_csv.h"

#include "declared_files.h"
#include "mapped.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD                                            \
	"zsctl: 1\norganization: example.org\n"         \
	"target: {provider: file, path: target.json}\n" \
	"sources:\n  - name: hr\n    provider: csv\n"
#define TWO_FILES                                                                               \
	HEAD "    users: {path: people.csv, map: {address: \"{mail}\", name: \"{name}\", "      \
	     "sso_key: \"{login}\", id: \"{nr}\"}}\n"                                           \
	     "    functional: {path: shared.csv, map: {address: \"{mail}\", name: \"{name}\", " \
	     "delegates: \"{readers:split(' ')}\"}}\n"
#define ONE_FILE                                                                                 \
	HEAD "    path: all.csv\n    kind: kind\n"                                               \
	     "    users: {map: {address: \"{mail}\", name: \"{name}\", sso_key: \"{login}\"}}\n" \
	     "    functional: {map: {address: \"{mail}\", name: \"{name}\"}}\n"

static const char people[] = "nr,mail,name,login,room\n"
			     "1,jane@example.org,Jane Doe,key-of-jane,A 1\n"
			     "2,bob@example.org,Bob Vos,,\n";
static const char shared[] = "mail,name,readers\n"
			     "info@example.org,Information,jane@example.org bob@example.org\n";
static const char all[] = "kind,mail,name,login\n"
			  "user,jane@example.org,Jane Doe,key-of-jane\n"
			  "functional,info@example.org,Information,\n";

struct fixture {
	struct config config;
	struct sym_pool names;
	struct entries entries;
	struct diags diags;
	struct source *source;
	struct source_input input;
	struct err err;
};

static void fixture_open(struct fixture *f, const char *configuration)
{
	*f = (struct fixture){.entries = ENTRIES_INIT, .diags = DIAGS_INIT, .err = ERR_INIT};
	f->input = (struct source_input){.names = &f->names, .today = TODAY};
	clear_work_dir();
	write_file("people.csv", str_of(people));
	write_file("shared.csv", str_of(shared));
	write_file("all.csv", str_of(all));
	assert_int_equal(
		config_parse(&f->config, "zsctl.yaml", str_of(configuration), &f->diags), 0);
	assert_int_equal(source_open(&f->source, &f->config, 0, &f->err), 0);
}

static int fixture_read(struct fixture *f)
{
	return f->source->ops->read(f->source, &f->input, &f->entries, &f->diags, &f->err);
}

static void fixture_close(struct fixture *f)
{
	source_free(f->source);
	entries_release(&f->entries);
	diags_release(&f->diags);
	sym_pool_release(&f->names);
	config_release(&f->config);
}

static void assert_finding(const struct fixture *f, const char *file, unsigned line,
			   const char *message)
{
	assert_int_equal(f->diags.count, 1);
	assert_string_equal(f->diags.items[0].file.ptr, file);
	assert_int_equal(f->diags.items[0].line, line);
	assert_string_equal(f->diags.items[0].message.ptr, message);
	assert_string_equal(f->err.text, "source 'hr': 1 error in its files");
}

/* --- entries ------------------------------------------------------------------------------ */

static void reads_entries(void **state)
{
	struct fixture f;
	const struct entry *jane, *info;

	(void)state;
	fixture_open(&f, TWO_FILES);
	assert_int_equal(fixture_read(&f), 0);
	assert_int_equal(f.entries.count, 3);
	jane = &f.entries.items[0];
	assert_string_equal(jane->account.address->text, "jane@example.org");
	assert_string_equal(jane->file->text, "people.csv");
	assert_int_equal(jane->line, 2);
	assert_string_equal(jane->because->text, "listed in people.csv");
	assert_int_equal(jane->account.has, ATTR_NAME | ATTR_KEY);
	assert_int_equal(jane->key->kind, SECRET_HELD);
	assert_true(str_is(jane->key->name, "key-of-jane"));
	assert_non_null(jane->id_digest);
	assert_null(f.entries.items[1].key);
	info = &f.entries.items[2];
	assert_int_equal(info->account.kind, KIND_FUNCTIONAL);
	assert_string_equal(info->file->text, "shared.csv");
	assert_int_equal(info->account.delegates.count, 2);
	/* A key is no symbol: those are never wiped. */
	assert_null(sym_find(&f.names, STR("key-of-jane")));
	fixture_close(&f);
}

/* Apply reads account keys again, and needs nothing else to be there. */
static void reads_keys_only(void **state)
{
	static const char *const configurations[] = {TWO_FILES, ONE_FILE};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fixture f;

		fixture_open(&f, configurations[i]);
		f.input.keys_only = true;
		assert_int_equal(unlink("shared.csv"), 0);
		assert_int_equal(fixture_read(&f), 0);
		assert_int_equal(f.entries.count, i == 0 ? 2 : 1);
		assert_non_null(f.entries.items[0].key);
		fixture_close(&f);
	}
}

static void describes_itself(void **state)
{
	struct buf out = BUF_INIT;
	struct fixture f;

	(void)state;
	fixture_open(&f, TWO_FILES);
	f.source->ops->endpoint(f.source, &out);
	assert_string_equal(out.ptr, "csv people.csv, shared.csv");
	buf_clear(&out);
	assert_int_equal(f.source->ops->check(f.source, &out, &f.err), 0);
	assert_string_equal(out.ptr, "ok source 'hr': 2 users and 1 functional account, in csv "
				     "people.csv, shared.csv\n");
	fixture_close(&f);
	fixture_open(&f, ONE_FILE);
	buf_clear(&out);
	f.source->ops->endpoint(f.source, &out);
	assert_string_equal(out.ptr, "csv all.csv");
	fixture_close(&f);
	buf_release(&out);
}

/* --- what lies behind them ---------------------------------------------------------------- */

static int add_raw(void *context, const struct raw_entry *raw, struct err *err)
{
	struct buf *out = context;

	(void)err;
	buf_addf(out, "%s %s:%u", kind_names[raw->entry.kind], raw->entry.file->text,
		 raw->entry.line);
	for (size_t i = 0; i < raw->count; i++) {
		if (raw->values[i].count)
			buf_addf(out, " %.*s=%.*s", STR_FMT(raw->names[i]),
				 STR_FMT(raw->values[i].items[0]));
	}
	buf_char(out, '\n');
	return 0;
}

static void shows_what_it_reads(void **state)
{
	static const struct {
		bool all;
		const char *expected;
	} cases[] = {
		{false,
		 "user people.csv:2 mail=jane@example.org name=Jane Doe login=key-of-jane "
		 "nr=1\n"
		 "user people.csv:3 mail=bob@example.org name=Bob Vos nr=2\n"
		 "functional shared.csv:2 mail=info@example.org name=Information "
		 "readers=jane@example.org bob@example.org\n"},
		{true, "user people.csv:2 nr=1 mail=jane@example.org name=Jane Doe "
		       "login=key-of-jane room=A 1\n"
		       "user people.csv:3 nr=2 mail=bob@example.org name=Bob Vos\n"
		       "functional shared.csv:2 mail=info@example.org name=Information "
		       "readers=jane@example.org bob@example.org\n"},
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT;
		const struct source_scan scan = {cases[i].all, add_raw, &out};
		struct fixture f;

		fixture_open(&f, TWO_FILES);
		assert_int_equal(
			f.source->ops->scan(f.source, &f.input, &scan, &f.diags, &f.err), 0);
		assert_string_equal(out.ptr, cases[i].expected);
		fixture_close(&f);
		buf_release(&out);
	}
}

static int stop(void *context, const struct raw_entry *raw, struct err *err)
{
	size_t *entries = context;

	(void)raw;
	if (++*entries < 2)
		return 0;
	return err_set(err, ERR_FAILED, "enough");
}

static void stops_when_told(void **state)
{
	size_t entries = 0;
	const struct source_scan scan = {.entry = stop, .context = &entries};
	struct fixture f;

	(void)state;
	fixture_open(&f, TWO_FILES);
	assert_int_equal(f.source->ops->scan(f.source, &f.input, &scan, &f.diags, &f.err), -1);
	assert_int_equal(entries, 2);
	assert_string_equal(f.err.text, "enough");
	fixture_close(&f);
}

/* --- files that change --------------------------------------------------------------------- */

/* What somebody does to the files when the last entry, of shared.csv, has been read. */
enum meddling { APPENDS, REWRITES, REPLACES, REMOVES, TRUNCATES, LETS_BE };

static void meddle(enum meddling how)
{
	FILE *file;

	switch (how) {
	case APPENDS:
		file = fopen("people.csv", "a");
		assert_non_null(file);
		assert_true(fputs("3,kim@example.org,Kim Jansen,,\n", file) >= 0);
		assert_int_equal(fclose(file), 0);
		break;
	case REWRITES:
		write_file("people.csv", str_of(people));
		break;
	case REPLACES:
		write_file("new.csv", str_of(people));
		assert_int_equal(rename("new.csv", "people.csv"), 0);
		break;
	case REMOVES:
		assert_int_equal(unlink("people.csv"), 0);
		break;
	case TRUNCATES:
		assert_int_equal(truncate("people.csv", 10), 0);
		break;
	case LETS_BE:
		break;
	}
}

static int meddle_at_the_end(void *context, const struct raw_entry *raw, struct err *err)
{
	const enum meddling *how = context;

	(void)err;
	if (raw->entry.kind == KIND_FUNCTIONAL)
		meddle(*how);
	return 0;
}

/* Both files are looked at again when both are read: they belong together. */
static void refuses_files_that_change(void **state)
{
	(void)state;
	for (enum meddling how = APPENDS; how <= LETS_BE; how++) {
		const struct source_scan scan = {.entry = meddle_at_the_end, .context = &how};
		struct fixture f;
		int result;

		fixture_open(&f, TWO_FILES);
		/* Within one tick of the clock a file may be rewritten unseen: this one is old. */
		assert_int_equal(utimensat(AT_FDCWD, "people.csv",
					   (const struct timespec[2]){{1000, 0}, {1000, 0}}, 0),
				 0);
		result = f.source->ops->scan(f.source, &f.input, &scan, &f.diags, &f.err);
		assert_int_equal(result, how == LETS_BE ? 0 : -1);
		if (how != LETS_BE)
			assert_finding(
				&f, "people.csv", 0,
				"changed while it was read; try again when it is complete");
		fixture_close(&f);
	}
}

/* Nothing partial: neither of this file nor of the other one. */
static void gives_all_or_nothing(void **state)
{
	static const struct {
		const char *file, *text;
		unsigned line;
		const char *message;
	} cases[] = {
		{"people.csv", "", 0, "is empty"},
		{"shared.csv", "mail,name,readers\n", 0,
		 "has no rows below its header: that would read as if everybody had left"},
		{"shared.csv", "mail,name,readers\na@example.org,A,\nb@example.org,B\n", 3,
		 "this row has 2 values, but the header has 3 columns"},
		{"people.csv",
		 "nr,mail,name,login\n1,jane@example.org,Jane Doe,x\n\"2,bob@example.org,Bob,\n",
		 3, "the quote that begins here has no end"},
		{"shared.csv", "mail,name\ninfo@example.org,Information\n", 1,
		 "there is no column 'readers'; between ',' there are: mail, name"},
		{"shared.csv", "mail,name,readers,Mail\ninfo@example.org,Information,,\n", 1,
		 "there are two columns 'mail'"},
		{"people.csv", "1,jane@example.org,Jane Doe,key-of-jane\n", 1,
		 "this line looks like data: the one with the names of the columns is missing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		fixture_open(&f, TWO_FILES);
		write_file(cases[i].file, str_of(cases[i].text));
		assert_int_equal(fixture_read(&f), -1);
		assert_int_equal(f.entries.count, 0);
		assert_finding(&f, cases[i].file, cases[i].line, cases[i].message);
		fixture_close(&f);
	}
}

/* A broken row may hold account keys, and so may a line that only has a warning. */
static void repeats_no_lines(void **state)
{
	struct buf shown = BUF_INIT;
	struct fixture f;

	(void)state;
	fixture_open(&f, TWO_FILES);
	write_file("people.csv", STR("nr,mail,name,login\n1,jane@example.org,key-of-jane\n"));
	assert_int_equal(fixture_read(&f), -1);
	diags_format(&f.diags, &shown);
	assert_null(strstr(shown.ptr, "key-of-jane"));
	assert_non_null(strstr(shown.ptr, "people.csv:2: error: this row has 3 values"));
	buf_release(&shown);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_entries),
		cmocka_unit_test(reads_keys_only),
		cmocka_unit_test(describes_itself),
		cmocka_unit_test(shows_what_it_reads),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(refuses_files_that_change),
		cmocka_unit_test(gives_all_or_nothing),
		cmocka_unit_test(repeats_no_lines),
	};

	return cmocka_run_group_tests(tests, enter_work_dir, leave_work_dir);
}
