/* Accounts as a file of declared accounts, in one spelling. */
#include "character.h"
#include "declared.h"
#include "yaml_write.h"

static void add_row(struct buf *out, const char *key, struct str value)
{
	buf_addf(out, "    %s: ", key);
	yaml_add_text(out, value);
	buf_char(out, '\n');
}

/*
 * Every entry needs a name of one visible line. What the target has may be less: then the address
 * stands in, or blanks do, and the next plan shows the difference.
 */
static void add_name(struct buf *out, const struct account *account)
{
	struct str name = sym_str(account->name);
	struct buf clean = BUF_INIT;
	bool visible = false;

	for (size_t i = 0; i < name.len;) {
		uint32_t code;
		size_t len = str_utf8_next((struct str){name.ptr + i, name.len - i}, &code);
		bool control = !len || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
			       code == 0x2028 || code == 0x2029;

		if (control)
			buf_char(&clean, ' ');
		else
			buf_add(&clean, (struct str){name.ptr + i, len});
		visible |= !control && !character_blank(code) && !character_invisible(code);
		i += len ? len : 1;
	}
	add_row(out, "name", visible ? buf_str(&clean) : sym_str(account->address));
	buf_release(&clean);
}

static void add_set(struct buf *out, const struct account *account)
{
	buf_puts(out, account->aliases.count ? "    aliases:\n" : "    aliases: []\n");
	for (uint32_t i = 0; i < account->aliases.count; i++) {
		buf_puts(out, "      - ");
		yaml_add_text(out, sym_str(account->aliases.items[i]));
		buf_char(out, '\n');
	}
}

static void add_delegates(struct buf *out, const struct account *account)
{
	buf_puts(out, account->delegates.count ? "    delegates:\n" : "    delegates: []\n");
	for (uint32_t i = 0; i < account->delegates.count; i++) {
		const struct delegate *delegate = &account->delegates.items[i];

		if (!delegate->why) {
			buf_puts(out, "      - ");
			yaml_add_text(out, sym_str(delegate->address));
			buf_char(out, '\n');
			continue;
		}
		buf_puts(out, "      - {address: ");
		yaml_add_text_flow(out, sym_str(delegate->address));
		buf_puts(out, ", why: ");
		yaml_add_text_flow(out, sym_str(delegate->why));
		buf_puts(out, "}\n");
	}
}

static void add_mobile(struct buf *out, const struct account *account)
{
	if (!account->mobile)
		return;
	if (mobile_valid(sym_str(account->mobile))) {
		add_row(out, "mobile", sym_str(account->mobile));
		return;
	}
	/* Not managed then: it stays as the target has it. */
	buf_puts(out, "    # mobile, not in E.164 form: ");
	yaml_add_text(out, sym_str(account->mobile));
	buf_char(out, '\n');
}

static void add_account(struct buf *out, const struct account *account)
{
	buf_puts(out, "  - address: ");
	yaml_add_text(out, sym_str(account->address));
	buf_char(out, '\n');
	add_name(out, account);
	if (account->has & ATTR_ALIASES)
		add_set(out, account);
	if (account->has & ATTR_DELEGATES)
		add_delegates(out, account);
	if ((account->has & ATTR_MOBILE) && account->kind == KIND_USER)
		add_mobile(out, account);
	if (account->has & ATTR_UNIT)
		add_row(out, "unit", account->unit ? sym_str(account->unit) : STR("/"));
	/* A functional account is active when it has delegates: that needs no saying. */
	if ((account->has & ATTR_ACTIVE) && !account->active && account->kind == KIND_USER)
		buf_puts(out, "    active: false\n");
}

void declared_write(const struct accounts *accounts, struct str schema_comment, struct buf *out)
{
	static const char *const keys[KIND_COUNT] = {"users", "functional"};

	if (schema_comment.len) {
		buf_add(out, schema_comment);
		buf_char(out, '\n');
	}
	buf_puts(out, "zsctl_accounts: 1\n");
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		bool any = false;

		for (size_t i = 0; i < accounts->count; i++) {
			if (accounts->items[i].kind != kind)
				continue;
			if (!any)
				buf_addf(out, "%s:\n", keys[kind]);
			any = true;
			add_account(out, &accounts->items[i]);
		}
		/* People add to the end of a file. */
		if (!accounts->count)
			buf_addf(out, "%s: []\n", keys[kind]);
	}
}
