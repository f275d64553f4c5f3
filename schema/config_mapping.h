/*
 * What sources with attributes of their own (tables, directories, mail systems) have in the
 * configuration: which of their entries are accounts, and what these are made of.
 *
 *     users:
 *       include: [{attribute: Department, values: [Care, Cure]}]
 *       exclude: [{attribute: Login, prefix: [test-]}]
 *       map: {address: "{Mail}", name: "{Name}", aliases: ["{Old mail}", "{Login}@example.org"]}
 *       unit: {attribute: Department, values: {Care: Nursing}, otherwise: /}
 *
 * An attribute is looked up by its slot: the place of its name in the section's `attributes`, which lists
 * every one that the section needs, once, in whatever case it was first written.
 */
#ifndef ZSCTL_CONFIG_MAPPING_H
#define ZSCTL_CONFIG_MAPPING_H

#include "account.h"
#include "field.h"
#include "template.h"

/* What an account can be made of, besides its unit. */
enum map_key {
	MAP_ADDRESS,
	MAP_NAME,
	MAP_ALIASES,
	MAP_DELEGATES,
	MAP_MOBILE,
	MAP_SSO_KEY,
	MAP_ACTIVE,
	MAP_UNTIL,
	MAP_ID,
	MAP_KEYS, /* how many */
};
extern const char *const map_key_names[MAP_KEYS];

#define TEMPLATES_MAX 16

/* Several: the first that has a value counts, of a set all, and every one of MAP_ACTIVE must hold. */
struct templates {
	struct template *items; /* without parts: `none`, no opinion, whatever a preset says */
	size_t count;
};

struct texts {
	struct str *items;
	size_t count;
};

/*
 * Holds when one of the texts of its one test does. Texts are folded (fold.h), those of `under`
 * normalised (dn.h).
 */
enum rule_test {
	RULE_VALUES,
	RULE_PREFIX,
	RULE_UNDER,
	RULE_MATCHES,
	RULE_MEMBERS_OF,
	RULE_TESTS
};
extern const char *const rule_test_names[RULE_TESTS]; /* "values" … */
struct config_rule {
	struct position position;
	unsigned has;         /* bits 1 << enum rule_test, and RULE_HAS_… */
	enum rule_test test;  /* the one that is given */
	struct str attribute; /* empty for RULE_MEMBERS_OF */
	unsigned slot;
	struct texts texts[RULE_TESTS]; /* groups as written: the source resolves them */
	bool nested;                    /* RULE_MEMBERS_OF: members of member groups too */
};

struct config_unit_row {
	struct str key;
	struct str unit; /* "/": none */
};

struct config_unit_rows {
	struct config_unit_row *items;
	size_t count;
};

/* The first of these that gives one: template, table, `otherwise`. */
enum unit_table { UNIT_VALUES, UNIT_UNDER, UNIT_DOMAINS, UNIT_TABLES };
struct config_unit {
	bool given;
	struct template value; /* without parts: not given */
	struct str attribute;  /* of UNIT_VALUES and UNIT_UNDER */
	unsigned slot;
	struct config_unit_rows tables[UNIT_TABLES]; /* keys folded, normalised or domains; at
						      * most one of them has rows */
	struct str otherwise;                        /* empty: no opinion */
};

/* What functional accounts are made of, and how deep their members are looked for. */
enum ldap_read { LDAP_READ_USERS, LDAP_READ_GROUPS };
enum ldap_members { LDAP_MEMBERS_NESTED, LDAP_MEMBERS_DIRECT };

/* One kind of account of one source. */
struct config_section {
	struct position position;
	unsigned has;                /* SECTION_HAS_… */
	struct str path, path_given; /* provider csv: a file of its own */
	/* provider ldap */
	struct str filter;
	struct texts base_dns; /* none: as the source, or its groups */
	enum ldap_read read;
	enum ldap_members members;
	unsigned manage; /* as that of the source, for this kind */
	struct config_rule *include, *exclude;
	size_t include_count, exclude_count;
	struct templates map[MAP_KEYS];
	struct config_unit unit;
	struct str *attributes; /* by slot */
	size_t attribute_count;
	/* By the bit number of enum attribute: which of them it is made of, each once. */
	struct texts origins[ATTR_COUNT];
};
enum { SECTION_HAS_MANAGE = 1, SECTION_HAS_UNIT = 2 };

/* provider csv: the column that says what a row is. */
struct config_kind {
	struct str column; /* empty: none */
	struct texts words[KIND_COUNT];
};

extern const struct field_table config_users_table, config_functional_table, config_kind_table,
	config_ldap_users_table, config_ldap_functional_table;

#endif
