#include "show.h"

#include "base/json.h"

/* Keywords of a member's schema, without the braces around them. */
#define TEXT "\"type\": \"string\""
#define TEXT_OR_NULL "\"type\": [\"string\", \"null\"]"
#define TEXTS "\"type\": \"array\", \"items\": {" TEXT "}"
#define COUNT "\"type\": \"integer\", \"minimum\": 0"
#define COUNT_OR_NULL "\"type\": [\"integer\", \"null\"], \"minimum\": 0"
#define TIME "\"type\": \"string\", \"format\": \"date-time\""
#define DIGEST "\"type\": \"string\", \"pattern\": \"^sha256:[0-9a-f]{64}$\""
#define DIGEST_OR_NULL \
	"\"type\": [\"string\", \"null\"], \"pattern\": \"^sha256:[0-9a-f]{64}$\""
#define KIND "\"enum\": [\"user\", \"functional\"]"
#define ONE(name) "\"$ref\": \"#/$defs/" name "\""
#define ONE_OR_NULL(name) "\"anyOf\": [{" ONE(name) "}, {\"type\": \"null\"}]"
#define MANY(name) "\"type\": \"array\", \"items\": {" ONE(name) "}"

struct member {
	const char *name, *keywords, *description;
};

static const struct member plan_members[] = {
	{"zsctl_plan", "\"const\": 1", "version of the plan format"},
	{"digest", DIGEST_OR_NULL, "of the plan file's bytes; null when it is not written yet"},
	{"id", TEXT, NULL},
	{"organization", TEXT, NULL},
	{"summary", TEXT, "the counts in words"},
	{"author", TEXT, NULL},
	{"reason", TEXT_OR_NULL, NULL},
	{"created", TIME, NULL},
	{"expires", TIME, NULL},
	{"config", ONE("config"), NULL},
	{"options", ONE("options"), "what the command line asked for"},
	{"base", TEXT_OR_NULL, "the recorded commit that it was made on"},
	{"target", ONE("target"), NULL},
	{"sources", MANY("source"), NULL},
	{"counts", ONE("counts"), NULL},
	{"limits", MANY("limit"), "rules with something planned"},
	{"refused", TEXTS, "not empty: the plan can be neither approved nor applied"},
	{"requests", ONE("requests"), NULL},
	{"changes", MANY("change"), "by action, kind and address"},
	{"manual", MANY("manual"), "work that only a person can do"},
	{"held", MANY("held"), "entries that cannot become accounts"},
	{"warnings", TEXTS, NULL},
	{"adopt", MANY("adoption"), "accounts that are linked to a source and not changed"},
	{"policy", MANY("policy"), "changes of the approval policy, signers and endpoints"},
	{NULL, NULL, NULL},
};

static const struct member config_members[] = {
	{"digest", DIGEST, NULL},
	{"policy", DIGEST, "of what decides who may approve"},
	{"commit", TEXT_OR_NULL, NULL},
	{"changed", TEXTS, "settings that differ from the last run's"},
	{NULL, NULL, NULL},
};

static const struct member options_members[] = {
	{"allow", TEXTS, "limits raised for this plan"},
	{"exclude", TEXTS, NULL},
	{"include", TEXTS, NULL},
	{"only", TEXTS, NULL},
	{"same_person", TEXTS, NULL},
	{"delete", TEXT_OR_NULL, NULL},
	{"suspended_for", TEXT_OR_NULL, NULL},
	{"refresh_keys", TEXT_OR_NULL, NULL},
	{"undo", TEXT_OR_NULL, "the run or commit that the plan undoes"},
	{"policy_only", "\"type\": \"boolean\"", NULL},
	{NULL, NULL, NULL},
};

static const struct member target_members[] = {
	{"provider", TEXT, NULL}, {"endpoint", TEXT, "URL or path"},
	{"users", COUNT, NULL},   {"functional", COUNT, NULL},
	{NULL, NULL, NULL},
};

static const struct member source_members[] = {
	{"name", TEXT, NULL},
	{"users", COUNT, NULL},
	{"functional", COUNT, NULL},
	{"delegations", COUNT, NULL},
	{"before", ONE_OR_NULL("before"), "at the last run; null when none has recorded it"},
	{NULL, NULL, NULL},
};

static const struct member before_members[] = {
	{"accounts", COUNT, NULL},
	{"delegations", COUNT, NULL},
	{NULL, NULL, NULL},
};

static const struct member counts_members[] = {
	{"delete", COUNT, "entries with this action; so for the other actions"},
	{"suspend", COUNT, NULL},
	{"revoke", COUNT, NULL},
	{"grant", COUNT, NULL},
	{"reactivate", COUNT, NULL},
	{"update", COUNT, NULL},
	{"create", COUNT, NULL},
	{"access_granted", COUNT,
	 "pairs of account and delegate, without creates and suspends"},
	{"access_removed", COUNT, NULL},
	{"adopted", COUNT, NULL},
	{"manual", COUNT, NULL},
	{"held", COUNT, NULL},
	{"unchanged", COUNT, NULL},
	{"unmanaged", COUNT, "accounts that no source lists"},
	{"left_out", COUNT, "by --only, --include or --exclude"},
	{"protected", COUNT, NULL},
	{"inactive", COUNT, "suspended, as wanted"},
	{NULL, NULL, NULL},
};

static const struct member limit_members[] = {
	{"rule", TEXT, NULL},
	{"limit", "\"type\": \"string\", \"pattern\": \"^(none|[0-9]+%?)$\"", NULL},
	{"planned", COUNT, NULL},
	{"of", COUNT, NULL},
	{"allow", COUNT_OR_NULL, "what --allow raised it to"},
	{NULL, NULL, NULL},
};

static const struct member requests_members[] = {
	{"writes", COUNT, NULL},
	{"seconds_at_least", COUNT, NULL},
	{NULL, NULL, NULL},
};

static const struct member change_members[] = {
	{"action",
	 "\"enum\": [\"delete\", \"suspend\", \"revoke\", \"grant\", \"reactivate\", \"update\", "
	 "\"create\"]",
	 NULL},
	{"kind", KIND, NULL},
	{"address", TEXT, "primary address now; for a create the wanted one"},
	{"who", TEXT_OR_NULL, "name and unit now"},
	{"because", TEXT_OR_NULL, NULL},
	{"loses", TEXTS, "accounts that this user can read no more"},
	{"reads", TEXTS, "accounts that this user can read again, because they still list him"},
	{"new_address", ONE_OR_NULL("scalar"), NULL},
	{"name", ONE_OR_NULL("scalar"), NULL},
	{"mobile", ONE_OR_NULL("scalar"), NULL},
	{"unit", ONE_OR_NULL("scalar"), NULL},
	{"aliases", ONE("aliases"), NULL},
	{"delegates", ONE("delegates"), NULL},
	{"sso_key",
	 "\"type\": [\"string\", \"null\"], \"pattern\": \"^(lost|hmac:[0-9a-f]{64})$\"",
	 "fingerprint of the account key that is sent"},
	{"id", TEXT_OR_NULL, "in the target; null for a create"},
	{"expect", "\"type\": \"string\", \"pattern\": \"^(absent|sha256:[0-9a-f]{64}|)$\"",
	 "what the account must be like when the plan is applied"},
	{"links", MANY("link"), NULL},
	{NULL, NULL, NULL},
};

static const struct member scalar_members[] = {
	{"from", TEXT_OR_NULL, NULL},
	{"to", TEXT_OR_NULL, NULL},
	{NULL, NULL, NULL},
};

static const struct member aliases_members[] = {
	{"add", TEXTS, NULL},
	{"remove", TEXTS, NULL},
	{NULL, NULL, NULL},
};

static const struct member delegates_members[] = {
	{"add", MANY("delegate"), NULL},
	{"remove", MANY("delegate"), NULL},
	{NULL, NULL, NULL},
};

static const struct member delegate_members[] = {
	{"address", TEXT, NULL},
	{"name", TEXT_OR_NULL, NULL},
	{"why", TEXT_OR_NULL, NULL},
	{"id", TEXT_OR_NULL,
	 "of an added one; null when an entry of this plan is about that account"},
	{NULL, NULL, NULL},
};

static const struct member link_members[] = {
	{"source", TEXT, NULL},
	{"digest", DIGEST_OR_NULL, "of the source id; null when the source has none"},
	{NULL, NULL, NULL},
};

static const struct member manual_members[] = {
	{"account", TEXT, "kind and address"},
	{"problem", TEXT, NULL},
	{"do", TEXT, "the steps"},
	{NULL, NULL, NULL},
};

static const struct member held_members[] = {
	{"account", TEXT, NULL},
	{"source", TEXT, NULL},
	{"problem", TEXT, NULL},
	{NULL, NULL, NULL},
};

static const struct member adoption_members[] = {
	{"kind", KIND, NULL},   {"address", TEXT, NULL},        {"id", TEXT, NULL},
	{"source", TEXT, NULL}, {"link", DIGEST_OR_NULL, NULL}, {NULL, NULL, NULL},
};

static const struct member policy_members[] = {
	{"what", TEXT, NULL},
	{"from", TEXT_OR_NULL, "null: it is new"},
	{"to", TEXT_OR_NULL, "null: it is taken out"},
	{NULL, NULL, NULL},
};

static const struct {
	const char *name;
	const struct member *members;
} definitions[] = {
	{"config", config_members},     {"options", options_members},
	{"target", target_members},     {"source", source_members},
	{"before", before_members},     {"counts", counts_members},
	{"limit", limit_members},       {"requests", requests_members},
	{"change", change_members},     {"scalar", scalar_members},
	{"aliases", aliases_members},   {"delegates", delegates_members},
	{"delegate", delegate_members}, {"link", link_members},
	{"manual", manual_members},     {"held", held_members},
	{"adoption", adoption_members}, {"policy", policy_members},
};

static void add_member(struct json_writer *w, const struct member *member)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "{%s", member->keywords);
	if (member->description) {
		buf_puts(&text, ", \"description\": ");
		json_add_string(&text, str_of(member->description));
	}
	buf_char(&text, '}');
	json_raw(w, member->name, buf_str(&text));
	buf_release(&text);
}

/* Everything is always there; what a later version adds must be ignored. */
static void add_object(struct json_writer *w, const struct member *members)
{
	json_str(w, "type", STR("object"));
	json_begin_object(w, "properties");
	for (const struct member *member = members; member->name; member++)
		add_member(w, member);
	json_end_object(w);
	json_begin_array(w, "required");
	for (const struct member *member = members; member->name; member++)
		json_str(w, NULL, str_of(member->name));
	json_end_array(w);
}

void show_json_schema(struct buf *out)
{
	struct json_writer w = {.out = out, .pretty = true};

	json_begin_object(&w, NULL);
	json_str(&w, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
	json_str(&w, "title", STR("A plan as 'zsctl show --format json' prints it"));
	add_object(&w, plan_members);
	json_begin_object(&w, "$defs");
	for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++) {
		json_begin_object(&w, definitions[i].name);
		add_object(&w, definitions[i].members);
		json_end_object(&w);
	}
	json_end_object(&w);
	json_end_object(&w);
	buf_char(out, '\n');
}
