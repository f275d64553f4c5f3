/*
 * Entries with attributes become entries of accounts: the half that all sources share which read tables,
 * directories or mail systems.
 *
 *     struct mapped mapped;
 *     mapped_begin(&mapped, config, index, input, entries, diags);
 *     while (there is another one)
 *             mapped_add(&mapped, &entry);
 *     mapped_finish(&mapped);                  or mapped_abandon(&mapped) when reading failed
 *
 * What cannot become an account is held, never an error: one bad entry must neither stop everybody nor
 * read as somebody who left. Values that are no use (broken aliases, landlines) are left out with a warning.
 */
#ifndef ZSCTL_MAPPED_H
#define ZSCTL_MAPPED_H

#include "filter.h"
#include "provider.h"

struct mapped_entry {
	enum account_kind kind;
	const struct values *values; /* by slot of this kind's section */
	/* What the source itself calls it, by which others name it as their delegate: a normalised
	 * distinguished name; or empty. */
	struct str name;
	const struct sym *file; /* where it stands; NULL: `name` says it */
	uint32_t line;
	const struct sym *because; /* NULL: listed */
	const char *held;          /* why the source itself holds it; NULL: it does not */
	bool delegates_unknown;    /* of this one: the mapping has no opinion on them */
	/* For rules with members_of, see filter.h. */
	bool (*member_of)(void *context, const struct config_rule *rule);
	void *context;
};

/* One entry as its source has it, for source_ops.scan. All of it is valid during the call only. */
struct raw_entry {
	struct mapped_entry entry;
	/* With `all`: every attribute that it has; else those of its section, by slot. */
	const struct str *names;
	const struct values *values;
	size_t count;
};

struct source_scan {
	bool all; /* ask for every attribute, not only for those that the mapping needs */
	/* -1 with *err stops. */
	int (*entry)(void *context, const struct raw_entry *entry, struct err *err);
	void *context;
};

struct mapped {
	const struct config_source *config;
	uint32_t source;
	const struct source_input *input;
	struct entries *entries;
	struct diags *diags;
	size_t first;           /* of this source's entries */
	size_t first_left_out;  /* likewise */
	size_t out[KIND_COUNT]; /* how many were filtered out */
	bool unfiltered;        /* include and exclude are not looked at */
	/* Private. */
	struct mapping_work work;
	struct buf text;
	size_t warnings;
	const struct sym *listed;
	/* By the templates of MAP_ACTIVE; NULL until one of them says so. */
	const struct sym *inactive_because[KIND_COUNT][TEMPLATES_MAX];
	/* Of the entries from `first` on; empty when none of them has one. Only those that somebody is
	 * delegated to become symbols. */
	struct {
		struct str *items;
		size_t count, capacity;
		struct arena arena;
	} names;
};

/* `config`, `input`, `entries` and `diags` are used until the end. */
void mapped_begin(struct mapped *mapped, const struct config_source *config, uint32_t source,
		  const struct source_input *input, struct entries *entries,
		  struct diags *diags);
/* False when the filters leave it out. Nothing of `entry` is needed afterwards. */
bool mapped_add(struct mapped *mapped, const struct mapped_entry *entry);
/* How a delegate is named until then: by an address or a distinguished name. */
struct str mapped_named(const struct sym *delegate);
/* Puts primary addresses in place of what delegates are named by. Entries that are named by their names
 * and are not there (filtered out, outside of what is read) are no delegates. */
void mapped_finish(struct mapped *mapped);
/* Takes back what was added. */
void mapped_abandon(struct mapped *mapped);

#endif
