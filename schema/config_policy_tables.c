/* The tables of what plans may do, who approves them, and how they are applied and recorded. */
#include "config_tables.h"

#define DAY (24 * 60 * 60)

/* --- actions ------------------------------------------------------------------------------ */

static const struct field_word suspend_words[] = {
	{"never", SUSPEND_NEVER, false, "not by zsctl"},
	{"recorded", SUSPEND_RECORDED, false, "only what some run had as desired"},
	{"always", SUSPEND_ALWAYS, false, "every account that no source lists"},
	{NULL, 0, false, NULL},
};

static const struct field_word reactivate_words[] = {
	{"never", SUSPEND_NEVER, false, "not by zsctl"},
	{"recorded", SUSPEND_RECORDED, false, "only what a run of zsctl suspended"},
	{"always", SUSPEND_ALWAYS, false, "also what was suspended in another way"},
	{NULL, 0, false, NULL},
};

static const struct field kind_actions_fields[] = {
	{.name = "create",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct config_actions, create),
	 .otherwise = "true",
	 .help = "create accounts that are missing"},
	{.name = "update",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct config_actions, update),
	 .otherwise = "true",
	 .help = "change accounts that differ"},
	{.name = "suspend",
	 .type = FIELD_WORD,
	 .offset = offsetof(struct config_actions, suspend),
	 .words = suspend_words,
	 .otherwise = "recorded",
	 .help = "suspend accounts that no source lists any more"},
	{.name = "reactivate",
	 .type = FIELD_WORD,
	 .offset = offsetof(struct config_actions, reactivate),
	 .words = reactivate_words,
	 .otherwise = "recorded",
	 .help = "reactivate suspended accounts that a source lists again"},
	{.name = NULL},
};

static const struct field_table kind_actions_table = {.what = "actions of one kind",
						      .fields = kind_actions_fields,
						      .size = sizeof(struct config_actions)};

static const struct field actions_fields[] = {
	{.name = "user",
	 .type = FIELD_MAP,
	 .offset = IN_CONFIG(actions[KIND_USER]),
	 .table = &kind_actions_table,
	 .help = "for accounts of people"},
	{.name = "functional",
	 .type = FIELD_MAP,
	 .offset = IN_CONFIG(actions[KIND_FUNCTIONAL]),
	 .table = &kind_actions_table,
	 .help = "for functional accounts"},
	{.name = NULL},
};

const struct field_table config_actions_table = {
	.what = "'actions'",
	.fields = actions_fields,
	.size = sizeof(struct config_draft),
	.help = "What plans may do. Deleting is never configured, only asked for by a person."};

/* --- limits ------------------------------------------------------------------------------- */

static int parse_limit(struct field_walk *walk, const struct field *field,
		       const struct node *node, void *out)
{
	(void)field;
	if (!limit_parse(node->text, out))
		return field_error(walk, node,
				   "expected a limit: a number, N%% (at most 100%%) or none; "
				   "found '%.*s'",
				   STR_FMT(field_cut(node->text)));
	return 0;
}

/* Rows at the top, with their defaults, and per kind, without. */
#define LIMIT_ROW(word, rule, place, usual, text)                                         \
	{                                                                                 \
		.name = word, .type = FIELD_VALUE, .flags = FIELD_NUMBERS,                \
		.offset = (place) + sizeof(struct limit) * (rule), .has = 1U << (rule),   \
		.parse = parse_limit, .otherwise = usual, .form = "a number, N% or none", \
		.pattern = "^([0-9]+|[0-9]{1,2}%|100%|none)$", .help = text               \
	}
#define KIND_LIMIT_ROWS(place, d1, d2, d3, d4, d5, d6, d7)                                    \
	LIMIT_ROW("create", LIMIT_CREATE, place, d1, "accounts created"),                     \
		LIMIT_ROW("update", LIMIT_UPDATE, place, d2, "accounts changed"),             \
		LIMIT_ROW("suspend", LIMIT_SUSPEND, place, d3, "accounts suspended"),         \
		LIMIT_ROW("reactivate", LIMIT_REACTIVATE, place, d4, "accounts reactivated"), \
		LIMIT_ROW("held", LIMIT_HELD, place, d5,                                      \
			  "entries of sources that cannot become accounts"),                  \
		LIMIT_ROW("grant", LIMIT_GRANT, place, d6, "delegates added"),                \
		LIMIT_ROW("revoke", LIMIT_REVOKE, place, d7, "delegates removed")

#define LIMITS_AT(index) offsetof(struct config_draft, limits[index].rules)

static const struct field kind_limits_fields[] = {
	KIND_LIMIT_ROWS(offsetof(struct draft_limits, rules), NULL, NULL, NULL, NULL, NULL,
			NULL, NULL),
	{.name = NULL},
};

static const struct field_table kind_limits_table = {
	.what = "limits of one kind",
	.fields = kind_limits_fields,
	.size = sizeof(struct draft_limits),
	.has = FIELD_PLACE(struct draft_limits, has),
	.help = "What is not given here is as for both kinds."};

static const struct field limits_fields[] = {
	KIND_LIMIT_ROWS(LIMITS_AT(0), "10%", "10%", "10%", "2%", "5%", "100", "200"),
	LIMIT_ROW(
		"keys", LIMIT_KEYS, LIMITS_AT(0), "10%",
		"account keys sent for the first time, or because they are other ones than before"),
	LIMIT_ROW(
		"source_shrink", LIMIT_SOURCE_SHRINK, LIMITS_AT(0), "10%",
		"how much less a source lists than in the last run, of accounts and of delegations"),
	LIMIT_ROW("target_shrink", LIMIT_TARGET_SHRINK, LIMITS_AT(0), "5%",
		  "how many recorded accounts the target does not have any more"),
	{.name = "free",
	 .type = FIELD_NUMBER,
	 .offset = IN_CONFIG(free),
	 .max = 1000000,
	 .otherwise = "5",
	 .help = "so many changes of a sort always pass a limit in percent, up to half of the kind"},
	{.name = "user",
	 .type = FIELD_MAP,
	 .offset = offsetof(struct config_draft, limits[1 + KIND_USER]),
	 .table = &kind_limits_table,
	 .help = "other limits for accounts of people"},
	{.name = "functional",
	 .type = FIELD_MAP,
	 .offset = offsetof(struct config_draft, limits[1 + KIND_FUNCTIONAL]),
	 .table = &kind_limits_table,
	 .help = "other limits for functional accounts"},
	{.name = NULL},
};

const struct field_table config_limits_table = {
	.what = "'limits'",
	.fields = limits_fields,
	.size = sizeof(struct config_draft),
	.help = "How much one plan may do, as a number or in percent of the active accounts of "
		"that kind. A plan over a limit is refused until someone allows it."};

/* --- approval ----------------------------------------------------------------------------- */

static const struct field_word method_words[] = {
	{"local", APPROVAL_LOCAL, false, "a typed confirmation, for one-person organisations"},
	{"ssh", APPROVAL_SSH, false, "SSH signatures on the plan"},
	{"git", -1, true, NULL},
	{"attested", -1, true, NULL},
	{NULL, 0, false, NULL},
};

/* As in plans (plan.h); the order is that of plans, too. */
const char *const config_rule_actions[] = {"delete",     "suspend", "revoke", "grant",
					   "reactivate", "update",  "create"};

static const struct field_word rule_action_words[] = {
	{"delete", 0, false, NULL}, {"suspend", 1, false, NULL},    {"revoke", 2, false, NULL},
	{"grant", 3, false, NULL},  {"reactivate", 4, false, NULL}, {"update", 5, false, NULL},
	{"create", 6, false, NULL}, {NULL, 0, false, NULL},
};

static const struct field_word kind_words[] = {
	{"user", KIND_USER, false, NULL},
	{"functional", KIND_FUNCTIONAL, false, NULL},
	{NULL, 0, false, NULL},
};

static const struct field when_fields[] = {
	{.name = "action",
	 .type = FIELD_WORD,
	 .offset = offsetof(struct draft_rule, action),
	 .has = WHEN_ACTION,
	 .words = rule_action_words,
	 .help = "plans with such a change"},
	{.name = "kind",
	 .type = FIELD_WORD,
	 .offset = offsetof(struct draft_rule, kind),
	 .has = WHEN_KIND,
	 .words = kind_words,
	 .help = "plans that change accounts of this kind"},
	{.name = "over_limit",
	 .type = FIELD_BOOL,
	 .offset = offsetof(struct draft_rule, over_limit),
	 .has = WHEN_OVER_LIMIT,
	 .help = "plans for which a limit was raised"},
	{.name = NULL},
};

static const struct field_table when_table = {
	.what = "a condition",
	.fields = when_fields,
	.size = sizeof(struct draft_rule),
	.has = FIELD_PLACE(struct draft_rule, has),
	.help = "Of several conditions in one rule all must hold."};

static const struct field rule_fields[] = {
	{.name = "when",
	 .type = FIELD_MAP,
	 .flags = FIELD_REQUIRED,
	 .table = &when_table,
	 .help = "which plans the rule is for"},
	{.name = "required",
	 .type = FIELD_NUMBER,
	 .flags = FIELD_REQUIRED,
	 .offset = offsetof(struct draft_rule, required),
	 .min = 1,
	 .max = 20,
	 .help = "how many persons must approve them"},
	{.name = NULL},
};

static const struct field_table rule_table = {.what = "a rule",
					      .fields = rule_fields,
					      .size = sizeof(struct draft_rule),
					      .position = FIELD_PLACE(struct draft_rule,
								      position)};

static const struct field rule_item = {
	.type = FIELD_MAP, .table = &rule_table, .help = "a rule"};

static const struct field approval_fields[] = {
	{.name = "method",
	 .type = FIELD_WORD,
	 .offset = IN_CONFIG(approval.method),
	 .words = method_words,
	 .otherwise = "local",
	 .help = "how plans are approved"},
	{.name = "allowed_signers",
	 .type = FIELD_PATH,
	 .offset = IN_CONFIG(approval.allowed_signers),
	 .also = CONFIG_PLACE(approval.allowed_signers_given),
	 .example = "allowed_signers",
	 .help = "with method ssh: who may sign, in the file format of ssh-keygen(1)"},
	{.name = "required",
	 .type = FIELD_NUMBER,
	 .offset = IN_CONFIG(approval.required),
	 .min = 1,
	 .max = 20,
	 .otherwise = "1",
	 .help = "how many persons must approve; the author may be one of them"},
	{.name = "rules",
	 .type = FIELD_LIST,
	 .offset = offsetof(struct config_draft, rules),
	 .also = FIELD_PLACE(struct config_draft, rule_count),
	 .item = &rule_item,
	 .item_size = sizeof(struct draft_rule),
	 .most = 100,
	 .form = "a list of rules",
	 .help = "plans that need more approvals; the strictest rule counts"},
	{.name = "expires",
	 .type = FIELD_DURATION,
	 .offset = IN_CONFIG(approval.expires),
	 .min = 60,
	 .max = 90 * DAY,
	 .otherwise = "72h",
	 .help = "how long a plan can be applied after it was made"},
	{.name = NULL},
};

const struct field_table config_approval_table = {.what = "'approval'",
						  .fields = approval_fields,
						  .size = sizeof(struct config_draft),
						  .position = CONFIG_PLACE(approval.position)};

/* --- apply, state ------------------------------------------------------------------------- */

static const struct field_word mismatch_words[] = {
	{"skip", MISMATCH_SKIP, false, "leave it out, with what depends on it"},
	{"refuse", MISMATCH_REFUSE, false, "all or nothing"},
	{NULL, 0, false, NULL},
};

static const struct field apply_fields[] = {
	{.name = "on_mismatch",
	 .type = FIELD_WORD,
	 .offset = IN_CONFIG(on_mismatch),
	 .words = mismatch_words,
	 .otherwise = "skip",
	 .help = "what to do with a change whose account is not as the plan expects"},
	{.name = NULL},
};

const struct field_table config_apply_table = {
	.what = "'apply'", .fields = apply_fields, .size = sizeof(struct config_draft)};

static const struct field state_fields[] = {
	{.name = "path",
	 .type = FIELD_PATH,
	 .offset = IN_CONFIG(state_path),
	 .otherwise = "state",
	 .help = "the git repository of the recorded state, made on first use"},
	{.name = "fingerprint_key",
	 .type = FIELD_SECRET,
	 .offset = IN_CONFIG(fingerprint_key),
	 .help = "the secret under which account keys are fingerprinted; without this line a "
		 "file beside the repository"},
	{.name = "remote",
	 .type = FIELD_NODE,
	 .flags = FIELD_LATER,
	 .help = "where the record is pushed to"},
	{.name = NULL},
};

const struct field_table config_state_table = {
	.what = "'state'", .fields = state_fields, .size = sizeof(struct config_draft)};
