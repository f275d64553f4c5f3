/*
 * What the files that merge sources share; see pipeline.h for what they do together.
 */
#ifndef ZSCTL_DESIRED_H
#define ZSCTL_DESIRED_H

#include "pipeline.h"

/* The last "NAME: TEXT" that was put together. */
struct said {
	const struct sym *text;
	uint32_t source;
	const struct sym *result;
};

struct merge {
	const struct config *config;
	struct sym_pool *names;
	struct desired *out;
	struct {
		struct desired_account *items;
		size_t count, capacity;
	} kinds[KIND_COUNT];
	/* The entries of one kind at one address, in the order of sources; `united` is scratch. */
	const struct entry **group, **united;
	size_t group_count, group_capacity;
	struct said because, inactive, delegate, ended;
	const struct sym *listed, *not_active;
	struct buf scratch;
};

/* "NAME: TEXT". Neighbours mostly say the same: `last` remembers it. */
const struct sym *desired_say(struct merge *m, struct said *last, uint32_t source,
			      const struct sym *text);

/* The sets of the first `count` of m->united, less what is ignored; `base` is whose opinion won. */
void desired_unite_aliases(struct merge *m, struct desired_account *item,
			   const struct entry *base, size_t count);
void desired_unite_delegates(struct merge *m, struct desired_account *item,
			     const struct entry *base, size_t count);

/* Holds accounts whose addresses or ids another one claims too: that of the later source, or
 * both when one source says so. */
void desired_hold_duplicates(struct merge *m);

/* Whether the domain of `address` is one of `domains`. */
bool in_domains(const struct patterns *domains, const struct sym *address);

#endif
