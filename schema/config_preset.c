#include "config_preset.h"

#include "config_merge.h"

#include <string.h>

struct preset {
	const char *name;
	const char *source; /* lines of the source itself */
	const char *users;
	/* Functional accounts by what is read; the first one is what `read` is when not written. */
	struct {
		const char *read, *lines;
	} functional[2];
};

/*
 * The addresses of people, groups and mailboxes alike (reference: "The Synctool's default mapping").
 * People without any address (administrators, services) are none of the accounts. A GUID of its own for
 * Entra goes before the object's.
 */
#define AD_MAP                                                 \
	"  id: \"{objectGUID:guid}\"\n"                        \
	"  address: [\"{proxyAddresses:smtp}\", \"{mail}\"]\n" \
	"  aliases: \"{proxyAddresses:smtp_aliases}\"\n"
#define AD_PERSON                                                           \
	"  name: \"{name}\"\n"                                              \
	"  mobile: \"{mobile:mobile(NL)}\"\n"                               \
	"  sso_key: \"{mS-DS-ConsistencyGuid:base64|objectGUID:base64}\"\n" \
	"  active: [\"{userAccountControl:ad_enabled}\", \"{accountExpires:ad_unexpired}\"]\n"
#define AD_SOURCE "groups: {filter: \"(objectClass=group)\", member: member}\n"
#define AD_GROUPS                                                           \
	"filter: \"(&(objectClass=group)(|(mail=*)(proxyAddresses=*)))\"\n" \
	"map:\n" AD_MAP "  name: \"{displayName|name}\"\n  delegates: \"{members}\"\n"
#define WITH_ADDRESS "(|(mail=*)(proxyAddresses=*))"

static const struct preset presets[] = {
	{
		.name = "active-directory",
		.source = AD_SOURCE,
		.users = "filter: \"(&(objectCategory=person)(objectClass=user)" WITH_ADDRESS
			 ")\"\n"
			 "map:\n" AD_MAP AD_PERSON
			 "  delegates: \"{msExchDelegateListLink}\"\n",
		.functional = {{"groups", AD_GROUPS},
			       {"users", "map:\n" AD_MAP "  name: \"{displayName|name}\"\n"
					 "  delegates: \"{msExchDelegateListLink}\"\n"}},
	},
	{
		/* msExchRecipientTypeDetails: 1 user, 2147483648 remote user; 4 shared, 34359738368
		 * remote shared. */
		.name = "exchange-on-premises",
		.source = AD_SOURCE,
		.users = "filter: \"(&(objectCategory=person)(objectClass=user)"
			 "(|(msExchRecipientTypeDetails=1)"
			 "(msExchRecipientTypeDetails=2147483648)))\"\n"
			 "map:\n" AD_MAP AD_PERSON "  delegates: \"{fullAccess}\"\n",
		.functional = {{"users", "filter: \"(|(msExchRecipientTypeDetails=4)"
					 "(msExchRecipientTypeDetails=34359738368))\"\n"
					 "map:\n" AD_MAP "  name: \"{displayName|name}\"\n"
					 "  delegates: \"{fullAccess}\"\n"},
			       {"groups", AD_GROUPS}},
	},
	{
		.name = "openldap",
		.source = "groups: {filter: \"(objectClass=groupOfNames)\", member: member}\n",
		.users = "filter: \"(&(objectClass=inetOrgPerson)(mail=*))\"\n"
			 "map:\n"
			 "  id: \"{entryUUID}\"\n"
			 "  address: \"{mail}\"\n"
			 "  aliases: \"{mail}\"\n"
			 "  name: \"{displayName|cn}\"\n"
			 "  mobile: \"{mobile:mobile(NL)}\"\n",
		.functional = {{"groups", "filter: \"(&(objectClass=groupOfNames)(mail=*))\"\n"
					  "map:\n"
					  "  id: \"{entryUUID}\"\n"
					  "  address: \"{mail}\"\n"
					  "  name: \"{displayName|description|cn}\"\n"
					  "  delegates: \"{members}\"\n"},
			       {"users", "map:\n"
					 "  id: \"{entryUUID}\"\n"
					 "  address: \"{mail}\"\n"
					 "  aliases: \"{mail}\"\n"
					 "  name: \"{displayName|cn}\"\n"}},
	},
};

static const struct preset *preset_of(const struct node *source)
{
	const struct node *name = node_get(source, "preset");

	for (size_t i = 0;
	     name && name->type == NODE_SCALAR && i < sizeof(presets) / sizeof(*presets); i++) {
		if (str_is(name->text, presets[i].name))
			return &presets[i];
	}
	return NULL;
}

/* Which functional accounts. A word that is none has its finding. */
static const char *functional_lines(const struct preset *preset, const struct node *functional)
{
	const struct node *read = node_get(functional, "read");

	if (!read)
		return preset->functional[0].lines;
	for (size_t i = 0; i < 2 && read->type == NODE_SCALAR; i++) {
		if (str_is(read->text, preset->functional[i].read))
			return preset->functional[i].lines;
	}
	return preset->functional[0].lines;
}

/* "KEY:" with the lines below it; `read` may be NULL. */
static void add_section(struct buf *out, const char *key, const char *read, const char *lines)
{
	buf_addf(out, "%s:\n", key);
	if (read)
		buf_addf(out, "  read: %s\n", read);
	for (const char *end; *lines; lines = end + 1) {
		end = strchr(lines, '\n');
		buf_addf(out, "  %.*s\n", (int)(end - lines), lines);
	}
}

static int apply(struct arena *arena, const struct preset *preset, struct node *source,
		 struct diags *diags)
{
	const struct node *users = node_get(source, "users");
	const struct node *functional = node_get(source, "functional");
	const char *lines = functional ? functional_lines(preset, functional) : NULL;
	struct buf text = BUF_INIT;
	struct node *base;

	buf_puts(&text, preset->source);
	if (users || !functional)
		add_section(&text, "users", NULL, preset->users);
	if (lines)
		add_section(&text, "functional",
			    node_get(functional, "read") ? NULL : preset->functional[0].read,
			    lines);
	base = yaml_parse(arena, arena_strf(arena, "preset %s", preset->name),
			  arena_str(arena, buf_str(&text)), diags);
	buf_release(&text);
	if (!base || config_merge(base, source, diags) < 0)
		return -1;
	source->first = base->first;
	source->count = base->count;
	return 0;
}

int config_presets(struct arena *arena, struct node *root, struct diags *diags)
{
	const struct node *sources = node_get(root, "sources");

	if (!sources || sources->type != NODE_LIST)
		return 0;
	for (struct node *source = sources->first; source; source = source->next) {
		const struct preset *preset = source->type == NODE_MAP ? preset_of(source)
								       : NULL;

		if (preset && apply(arena, preset, source, diags) < 0)
			return -1;
	}
	return 0;
}

/* --- for people --------------------------------------------------------------------------------- */

void config_presets_reference(struct buf *out)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++) {
		const struct preset *preset = &presets[i];

		buf_addf(out, "\n`preset: %s`:\n\n```yaml\n%s", preset->name, preset->source);
		add_section(out, "users", NULL, preset->users);
		for (size_t j = 0; j < 2; j++)
			add_section(out, j ? "# or:\nfunctional" : "functional",
				    preset->functional[j].read, preset->functional[j].lines);
		buf_puts(out, "```\n");
	}
}
