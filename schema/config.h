/*
 * zsctl.yaml: one file, one organisation (design: "Configuration"). What may be written are the
 * tables in config_tables.c; validation, defaults, the reference in the README and the JSON
 * Schema come from them.
 */
#ifndef ZSCTL_CONFIG_H
#define ZSCTL_CONFIG_H

#include "account.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "config_ldap.h"
#include "config_mapping.h"
#include "diag.h"
#include "field.h"

/* Address patterns: `*` and `?` match anything but nothing else is special; compared in lower
 * case (see pattern_match in address.h). */
struct patterns {
	struct str *items;
	size_t count;
};
bool patterns_match(const struct patterns *patterns, struct str text); /* one of them does */

/* Which accounts of the target zsctl sees at all. An account is in scope when it matches no
 * exclude, and an include where there is one. */
struct config_scope {
	struct patterns include,
		exclude; /* addresses, "@domain" forms included as "*@domain" */
	struct patterns include_units, exclude_units;
};

enum target_provider { TARGET_FILE, TARGET_ZIVVER };
enum sign_in { SIGN_IN_SSO, SIGN_IN_PASSWORD };
extern const char *const sign_in_names[]; /* "sso", "password" */

/* A URL as config_target has it, of this host itself. */
bool config_url_is_loopback(struct str url);

/* So many requests in any so long a period; 0/0: no limit until the service tells one. */
struct config_rate {
	unsigned requests, seconds;
};
#define CONFIG_RATE_MOST 1000000
#define CONFIG_RATE_PERIOD_MOST 86400

struct config_target {
	struct position position;
	enum target_provider provider;
	/* provider zivver */
	struct str url; /* "https://app.zivver.com/api": small letters but in its path, no '/'
			 * at its end */
	struct secret_ref api_key;
	struct config_rate rate;
	struct str ca_file; /* resolved, ends in NUL; or empty */
	struct str path;    /* provider file: resolved */
	struct str
		path_given; /* from config.dir, or absolute: in plans and the pinned endpoint */
	enum sign_in sign_in;
	unsigned parallel; /* requests under way at once, 1..64; 0: not given, the provider
				 * decides (4 for a service, many for a file) */
	struct config_scope scope;
	struct patterns protect; /* visible, never changed */
	struct str external_id;  /* name of a source, or empty */
};

enum source_provider { SOURCE_YAML, SOURCE_CSV, SOURCE_LDAP };

enum csv_encoding {
	CSV_UTF_8, /* UTF-16 too, when it begins with its mark */
	CSV_UTF_16,
	CSV_WINDOWS_1250,
	CSV_WINDOWS_1252,
	CSV_WINDOWS_1254,
	CSV_ISO_8859_15,
};

/* What can stand between values: a visible ASCII character that no word or address has in it, or a tab. */
bool config_csv_delimiter(char c);

struct config_source {
	struct position position;
	struct str name;
	enum source_provider provider;
	struct str path;       /* provider yaml: a glob, resolved; csv: a file, or empty */
	struct str path_given; /* likewise */
	unsigned manage;       /* enum attribute bits; 0: lists accounts (no `manage:` given) */
	unsigned adds; /* enum attribute bits whose sets are united with what others say */
	/* Sources with attributes. */
	unsigned has; /* bits 1 << enum account_kind: which sections are given */
	struct config_section sections[KIND_COUNT];
	bool mapped; /* the sections have no errors and can be read with */
	/* provider csv */
	char delimiter; /* 0: seen from the header */
	enum csv_encoding encoding;
	struct config_kind kind;
	struct config_ldap ldap; /* provider ldap */
};
/* Whether so much of it is there that its files can be read: of configurations with errors. */
bool config_source_readable(const struct config_source *source);
/* What an entry of this kind may manage; 0: it lists the account. */
unsigned config_source_manage(const struct config_source *source, enum account_kind kind);
/* The attributes (bits) that its mapping may give to accounts of this kind; 0 for sources without one. */
unsigned config_source_maps(const struct config_source *source, enum account_kind kind);
/* "displayName, cn": what it makes an attribute of, or `otherwise` when of nothing that has a name. */
void config_origins(const struct config_source *source, enum account_kind kind,
		    enum attribute attribute, const char *otherwise, struct buf *out);

enum suspend_mode { SUSPEND_NEVER, SUSPEND_RECORDED, SUSPEND_ALWAYS }; /* also reactivate */
struct config_actions {
	bool create, update;
	enum suspend_mode suspend, reactivate;
};

enum limit_rule {
	LIMIT_CREATE,
	LIMIT_UPDATE,
	LIMIT_SUSPEND,
	LIMIT_REACTIVATE,
	LIMIT_KEYS,
	LIMIT_HELD,
	LIMIT_GRANT,
	LIMIT_REVOKE,
	LIMIT_SOURCE_SHRINK,
	LIMIT_TARGET_SHRINK,
	LIMIT_RULES, /* how many */
};
extern const char *const limit_rule_names[LIMIT_RULES]; /* "create" … "target_shrink" */

enum limit_type { LIMIT_NONE, LIMIT_PERCENT, LIMIT_COUNT };
struct limit {
	enum limit_type type;
	unsigned value;
};
/* "none", "10%" or "100", as in the configuration and in plans. */
#define LIMIT_TEXT_SIZE 16
void limit_text(struct limit limit, char out[LIMIT_TEXT_SIZE]);
bool limit_parse(struct str text, struct limit *out);

enum approval_method { APPROVAL_LOCAL, APPROVAL_SSH };
struct approval_rule {
	/* What the rule waits for; several given: all must hold. */
	struct str action; /* a word of action_names in plan.h, or empty: any */
	int kind;          /* enum account_kind, or -1: any */
	bool over_limit;   /* only plans with an --allow */
	unsigned required;
};
struct config_approval {
	struct position position;
	enum approval_method method;
	struct str allowed_signers;       /* resolved path, or empty */
	struct str allowed_signers_given; /* as written */
	unsigned required;                /* default 1 */
	struct approval_rule *rules;
	size_t rule_count;
	int64_t expires; /* seconds, default 72h */
};

enum on_mismatch { MISMATCH_SKIP, MISMATCH_REFUSE };

struct config {
	struct arena arena;
	struct str path; /* zsctl.yaml as given */
	struct str dir;  /* its folder; "." when none */
	struct str organization;
	struct patterns claimed; /* domains, A-labels, lower case; empty: all are claimed */
	struct patterns ignore_aliases; /* domains, likewise */
	struct config_target target;
	struct config_source *sources; /* in the order that decides opinions */
	size_t source_count;
	struct config_actions actions[KIND_COUNT];
	struct limit limits[KIND_COUNT][LIMIT_RULES];
	unsigned free; /* changes of a sort that always pass */
	struct config_approval approval;
	enum on_mismatch on_mismatch;
	struct str state_path; /* resolved */
	struct secret_ref fingerprint_key;
	/* Over the merged tree, key order and layout left out, defaults not filled in. */
	char digest[SHA256_TEXT_SIZE];
	/* The merged tree as sorted lines "limits.suspend = 10%"; from two of them
	 * config_changes() finds what a plan shows as `changed`. Secrets are references: there
	 * are none in it. */
	struct str canonical;
};

/*
 * Reads `path` and what it extends, merges, validates. All findings of all files go to `diags`;
 * -1 when one is an error. Secrets are not loaded, files that it names are not opened (except
 * `extends`). `config` must be released even after -1; then `sources` is what was understood of
 * them (texts may be missing), so that `validate` can read their files in the same run.
 */
int config_load(struct config *config, const char *path, struct diags *diags);
/* The same from memory; what it extends is read from disk. `path` is only its name. */
int config_parse(struct config *config, const char *path, struct str text, struct diags *diags);
void config_release(struct config *config);

/* Dotted paths that differ between two canonical texts, sorted; list items of sources and rules
 * are named by their name or number ("sources.ad.users.include"), cut at depth 4. */
void config_changes(struct arena *arena, struct str before, struct str after,
		    struct str **paths, size_t *count);

/* The configuration reference as Markdown tables: for the README and its test. */
void config_reference(struct buf *out);

/* JSON Schema (2020-12) of zsctl.yaml. The one for declared accounts is in declared.h. */
void config_json_schema(struct buf *out);

#endif
