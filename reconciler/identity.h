/*
 * What the passes of identity.c look up (identity_known.c fills it).
 */
#ifndef ZSCTL_IDENTITY_H
#define ZSCTL_IDENTITY_H

#include "reconcile.h"

struct passes {
	struct world *w;
	const struct desired_account *items;
	uint32_t *by_digest; /* symbol number → recorded + 1 */
	uint32_t *gone_of;   /* by recorded: desired + 1 that it is by an id, when it is gone */
	uint32_t *gone;      /* symbol number → recorded + 1, by address */
	uint32_t *moved;     /* the same of those that are there under another address now */
	bool *asked;         /* symbol number → an entry has this primary address */
	uint32_t *external;  /* symbol number → current + 1, by ExternalAccountId; or NULL */
	uint32_t external_source;
};

/* The tables, from the worlds; and who was recorded as whom. Release in any case. */
void passes_init(struct passes *passes, struct world *w);
void passes_release(struct passes *passes);

/* The account that a source's id means; NOBODY. */
uint32_t by_link(const struct passes *p, const struct desired_link *link);
/* The account whose primary address this is; NOBODY. */
uint32_t primary(const struct world *w, const struct sym *address);
/* Recorded account `r` (or NOBODY) is under another id of one of the entry's sources: another
 * person. */
bool is_predecessor(const struct world *w, const struct desired_account *item, uint32_t r);
/* Recorded account `r` (or NOBODY) is under an id of a source that lists the entry without one. */
bool has_lost_id(const struct world *w, const struct desired_account *item, uint32_t r);
/* The target's own note says that it is another one's, and the record does not say otherwise. */
bool is_noted_otherwise(const struct passes *p, const struct desired_account *item, uint32_t c);
/* The recorded account, gone by now, that the entry was, by its address; NOBODY. */
uint32_t gone_account(const struct passes *p, uint32_t d);
/* The recorded account, gone or out of sight by now, that the entry was, by its ids or its address; NOBODY. */
uint32_t absent_account(const struct passes *p, uint32_t d);
/* The account that was recorded for the entry, which has no id, under its address, and has another one
 * by now that no entry wants; NOBODY. */
uint32_t moved_account(const struct passes *p, uint32_t d);
bool has_new_link(const struct world *w, const struct desired_account *item, uint32_t c);

#endif
