/* The JSON text of accounts and lists of them. */
#ifndef ZIVVER_SIM_RENDER_H
#define ZIVVER_SIM_RENDER_H

#include "state.h"

/*
 * Makes the text of an account anew: what the service keeps by itself (id, meta, schemas, active,
 * aliases, delegates or members) as it stands in the account, everything else from `source`: as it
 * was sent, or as it was. The key is left out. `source` may be the account's own text.
 */
void render(const struct state *state, struct resource *resource, struct str source);

/* Id, schemas, address and meta. */
void render_bare(const struct resource *resource, struct buf *out);

/* How a list is to be wrong. */
struct list_faults {
	int64_t total;    /* added to totalResults */
	unsigned missing; /* resources left out; totalResults follows */
	bool duplicate;   /* the first one comes twice; totalResults follows */
};

/* One page, or all: {"Resources":[…],"totalResults":N}. `start` counts from 1. */
struct page {
	uint64_t start, count;
};
struct shared *render_list(struct state *state, enum kind kind, const struct page *page,
			   const struct list_faults *faults);
/* The list of the one account, or of none. */
void render_found(const struct resource *resource, struct buf *out);

#endif
