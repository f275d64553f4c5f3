/*
 * The tables of zsctl.yaml, and what they fill before config.c makes a struct config of it.
 * Private to config*.c.
 */
#ifndef ZSCTL_CONFIG_TABLES_H
#define ZSCTL_CONFIG_TABLES_H

#include "config.h"

#define CONFIG_SOURCES_MAX 64

/* One item of scope.include or scope.exclude: exactly one of them. */
struct draft_part {
	struct str address; /* a pattern */
	struct str domain;
	struct str unit;
};

struct draft_parts {
	struct draft_part *items;
	size_t count;
};

struct draft_limits {
	struct limit rules[LIMIT_RULES];
	unsigned has; /* bits 1 << enum limit_rule */
};

enum { WHEN_ACTION = 1, WHEN_KIND = 2, WHEN_OVER_LIMIT = 4 };

struct draft_rule {
	struct position position;
	int action;
	int kind;
	bool over_limit;
	unsigned has; /* WHEN_… */
	unsigned required;
};

struct config_draft {
	struct config config; /* filled directly where the forms agree */
	unsigned version;
	struct str extends;
	struct draft_parts include, exclude;
	struct draft_limits limits[1 + KIND_COUNT]; /* at the top, then per kind */
	struct draft_rule *rules;
	size_t rule_count;
};

/* Rows fill the draft's configuration where the forms agree. */
#define IN_CONFIG(member) offsetof(struct config_draft, config.member)
#define CONFIG_PLACE(member) (1 + offsetof(struct config_draft, config.member))

extern const struct field_table config_table;
/* Its section in config_target_tables.c, and a form it shares. */
extern const struct field_table config_target_table;
int config_parse_domain(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out);
/* What sources share with their sections; those are in config_mapping_tables.c. */
extern const struct field_word config_manage_words[];
/* Findings about a source with attributes beyond its rows, and the slots of its attributes. When there
 * are none, and filling it had none, source->mapped is set. */
void config_mapping_check(struct field_walk *walk, struct config_source *source,
			  const struct node *item);
/* Of provider ldap in config_ldap.c, and forms it shares with its sections. */
extern const struct field config_ldap_fields[], config_base_item;
int config_parse_filter(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out);
/* Findings beyond its rows. `sections` are NULL where they are not written. */
void config_ldap_check(struct field_walk *walk, const struct config_source *source,
		       const struct node *item, const struct node *const sections[KIND_COUNT]);
/* Its sections in config_policy_tables.c. */
extern const struct field_table config_actions_table, config_limits_table,
	config_approval_table, config_apply_table, config_state_table;
extern const char *const config_rule_actions[]; /* by draft_rule.action */

#endif
