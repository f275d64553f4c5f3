#include "check_key.h"

#include "base/os.h"
#include "desired.h"
#include "mapped.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { KEY_MOST = 1024 };

/* What identity providers make of an attribute: Entra and AD FS send the bytes of a GUID in base64,
 * others its text or the bytes in hex. */
static const char *const conversions[] = {
	"text",
	"lower",
	"upper",
	"base64",
	"guid",
	"guid:upper",
	"hex",
	"hex:upper",
	"guid_bytes:base64",
	"guid_bytes:hex",
	"local",
	"local:lower",
	"local:upper",
};
enum { CONVERSIONS = sizeof(conversions) / sizeof(*conversions) };

struct finding {
	struct mapped mapped;
	struct entries entries; /* of one entry at a time */
	struct diags warnings;
	struct arena arena;
	struct mapping_work work;
	struct str address, key; /* that the identity provider sends */
	const struct config_source *source;
	struct buf *out;
	size_t found; /* entries with that address */
	bool mapped_right;
	size_t ways; /* attributes and conversions that give the key */
};

/* --- asking ------------------------------------------------------------------------------------- */

static int read_line(char out[KEY_MOST], struct err *err)
{
	struct termios before, hidden;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	bool got;

	if (terminal) {
		fputs("What the identity provider sends for this account (it is not shown): ",
		      stderr);
		hidden = before;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	got = fgets(out, KEY_MOST, stdin) != NULL;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (got && str_trim(str_of(out)).len > 0)
		return 0;
	return err_set(err, ERR_USAGE,
		       "there is no value to compare with: type it, or give it on "
		       "standard input");
}

/* --- comparing ---------------------------------------------------------------------------------- */

static bool same_key(struct str a, struct str b)
{
	return a.len == b.len && sodium_memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* {'mS-DS-ConsistencyGuid':base64}, without quotes where none are needed. */
static void add_template(struct buf *out, struct str attribute, const char *conversion)
{
	bool plain = true;

	for (size_t i = 0; i < attribute.len; i++)
		plain = plain && !memchr("{}|:'", attribute.ptr[i], 5);
	buf_puts(out, plain ? "{" : "{'");
	for (size_t i = 0; i < attribute.len; i++) {
		buf_char(out, attribute.ptr[i]);
		if (attribute.ptr[i] == '\'')
			buf_char(out, '\'');
	}
	buf_puts(out, plain ? "" : "'");
	if (strcmp(conversion, "text") != 0)
		buf_addf(out, ":%s", conversion);
	buf_puts(out, "}");
}

static void try_conversion(struct finding *f, struct str attribute, const struct values *values,
			   const char *conversion)
{
	struct buf text = BUF_INIT;
	struct template template;
	struct values made;
	struct err err;
	size_t at;

	add_template(&text, attribute, conversion);
	arena_reset(&f->work.arena);
	f->work.note_count = 0;
	if (template_parse(&f->arena, buf_str(&text), &template, &at, &err) == 0) {
		/* It has one attribute, in slot 0. */
		made = mapping_values(&f->work, &template, values);
		if (made.count && same_key(str_trim(made.items[0]), f->key)) {
			buf_addf(f->out, "%s%s", f->ways++ ? ", " : "", text.ptr);
		}
	}
	buf_release(&text);
}

static void try_all(struct finding *f, const struct raw_entry *raw)
{
	for (size_t i = 0; i < raw->count; i++) {
		for (size_t j = 0; j < CONVERSIONS && raw->values[i].count; j++)
			try_conversion(f, raw->names[i], &raw->values[i], conversions[j]);
	}
}

static void report(struct finding *f, const struct raw_entry *raw, const struct entry *entry)
{
	struct buf ways = BUF_INIT, *out = f->out;

	f->mapped_right = entry->key && same_key(entry->key->name, f->key);
	f->out = &ways;
	try_all(f, raw);
	f->out = out;
	buf_addf(out, "%s source '%.*s': ", f->mapped_right ? "ok" : "FAILED",
		 STR_FMT(f->source->name));
	if (f->mapped_right)
		buf_puts(out, "sso_key gives what the identity provider sends\n");
	else if (f->ways)
		buf_addf(out,
			 "sso_key gives %s; what the identity provider sends is %s: write that "
			 "as users.map.sso_key\n",
			 entry->key ? "another value" : "none", ways.ptr);
	else
		buf_addf(
			out,
			"no attribute gives what the identity provider sends, as it is or by any "
			"of the usual conversions; %zu attributes were compared\n",
			raw->count);
	buf_release(&ways);
}

static bool is_about(const struct finding *f, const struct account *account)
{
	if (account->kind == KIND_USER && str_eq(sym_str(account->address), f->address))
		return true;
	for (uint32_t i = 0; i < account->aliases.count; i++) {
		if (account->kind == KIND_USER &&
		    str_eq(sym_str(account->aliases.items[i]), f->address))
			return true;
	}
	return false;
}

static int look_at(void *context, const struct raw_entry *raw, struct err *err)
{
	struct finding *f = context;
	const struct entry *entry;

	(void)err;
	mapped_add(&f->mapped, &raw->entry);
	entry = &f->entries.items[f->entries.count - 1];
	if (is_about(f, &entry->account) && f->found++ == 0)
		report(f, raw, entry);
	diags_release(&f->warnings);
	f->mapped.warnings = 0;
	f->entries.count--;
	arena_reset(&f->entries.arena);
	arena_wipe(&f->entries.keys);
	return 0;
}

/* --- sources -------------------------------------------------------------------------------------- */

static int look_in(struct context *context, struct finding *f, uint32_t index, struct err *err)
{
	const struct source_input input = {.names = &context->names,
					   .today = date_of(os_now())};
	const struct source_scan scan = {.all = true, .entry = look_at, .context = f};
	struct source *source = NULL;
	int failed = source_open(&source, &context->config, index, err);

	f->source = &context->config.sources[index];
	if (failed || !source->ops->scan) {
		source_free(source);
		return failed;
	}
	f->entries = (struct entries)ENTRIES_INIT;
	f->warnings = (struct diags)DIAGS_INIT;
	mapped_begin(&f->mapped, f->source, index, &input, &f->entries, &f->warnings);
	f->mapped.unfiltered = true;
	failed = source->ops->scan(source, &input, &scan, &context->diags, err);
	mapped_abandon(&f->mapped);
	entries_release(&f->entries);
	diags_release(&f->warnings);
	source_free(source);
	return failed;
}

int check_key(struct context *context, struct str address, struct buf *out)
{
	struct finding f = {.address = address, .out = out};
	char key[KEY_MOST];
	int failed = read_line(key, &context->err);
	struct err err = ERR_INIT;

	f.key = failed ? STR_NONE : str_trim(str_of(key));
	for (uint32_t i = 0; i < context->config.source_count && !failed && !f.found; i++) {
		failed = look_in(context, &f, i, &err);
		if (failed)
			buf_addf(out, "FAILED %s\n", err.text);
	}
	if (!failed && !f.found)
		buf_addf(out,
			 "FAILED accounts: no source whose attributes can be looked at lists "
			 "%.*s\n",
			 STR_FMT(address));
	if (!failed && !f.mapped_right)
		failed = err_set(&context->err, ERR_FAILED,
				 "the account key of %.*s would be a wrong one",
				 STR_FMT(address));
	else if (failed && err.text[0])
		context->err = err;
	arena_wipe(&f.arena);
	arena_wipe(&f.work.arena);
	sodium_memzero(key, sizeof(key));
	return failed;
}
