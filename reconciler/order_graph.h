/*
 * What has to wait for what, before requests are formed: the graph that order.c schedules.
 *
 * Every entry has up to three parts (enum step_part). A node is a part of an entry:
 * number = 3 * change + part (0 take, 1 set, 2 add). Taking away waits for nothing, setting waits
 * for taking away and for other settings, adding for both: so the graph of the nodes has no
 * cycle, unless primary addresses are swapped, which no plan does. Cycles come from sending
 * several parts of an entry in one request.
 */
#ifndef ZSCTL_ORDER_GRAPH_H
#define ZSCTL_ORDER_GRAPH_H

#include "order.h"

enum { TAKE, SET, ADD, PARTS };
#define NODE_NONE UINT32_MAX

struct edge {
	uint32_t from, to; /* nodes of different entries */
	bool hard;
	bool dropped; /* set by the scheduler, for a cycle that it cannot break otherwise */
};

struct graph {
	struct edge *items;
	size_t count, capacity;
	/* Edges by where they come from and go to: those of node n are
	 * out[out_start[n]] … out[out_start[n + 1] - 1]. */
	uint32_t *out_start, *out, *in_start, *in;
	uint8_t *parts; /* by change: which parts it has */
};

/* `parts` and the rest are of malloc; release in any case. */
void graph_init(struct graph *graph, const struct plan *plan);
void graph_release(struct graph *graph);

#endif
