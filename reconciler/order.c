/*
 * Kahn's algorithm over requests. A request is a run of parts of one entry; all parts are in one
 * request until a cycle is found, which is then broken between two parts of one of its entries.
 */
#include "order_graph.h"

/* Boundaries at which an entry is split. */
enum { SPLIT_TAKE = 1 << 0 /* take | set, add */, SPLIT_ADD = 1 << 1 /* take, set | add */ };

/* A request that waits, and the edge that it waits for. */
struct walked {
	uint32_t first;    /* node of the request */
	uint32_t from, to; /* nodes */
	uint32_t edge;     /* NODE_NONE: none, the entry's request before */
};

struct scheduler {
	struct graph graph;
	const struct plan *plan;
	uint8_t *splits;   /* by change */
	uint32_t *pending; /* by node: edges whose start is not scheduled yet */
	uint32_t *step_of; /* by node: index in steps, or NODE_NONE */
	uint32_t *cursor;  /* by node: how far its incoming edges are known to be scheduled */
	uint8_t *flags;    /* by node, for first nodes of requests */
	struct {
		uint64_t *items;
		size_t count, capacity;
	} ready; /* a heap of priorities, smallest first */
	struct {
		uint32_t *items; /* first nodes */
		size_t count, capacity;
	} order;
	struct {
		struct walked *items;
		size_t count, capacity;
	} walk;             /* looks for cycles: each element waits for the next one */
	size_t unscheduled; /* every change before this one is scheduled */
};
enum { QUEUED = 1 << 0, WALKED = 1 << 1 };

/* --- requests as runs of parts -------------------------------------------------------------- */

static bool has_part(const struct scheduler *s, uint32_t node)
{
	return s->graph.parts[node / PARTS] >> node % PARTS & 1;
}

/* Whether a request begins at `node`, given that an earlier part of the entry is there. */
static bool split_before(const struct scheduler *s, uint32_t node, uint32_t earlier)
{
	unsigned splits = s->splits[node / PARTS];

	return (splits & SPLIT_TAKE && earlier % PARTS == TAKE) ||
	       (splits & SPLIT_ADD && node % PARTS == ADD);
}

/* The first node of the request that `node` is in. */
static uint32_t first_of(const struct scheduler *s, uint32_t node)
{
	uint32_t first = node;

	for (uint32_t at = node; at % PARTS > 0;) {
		at--;
		if (!has_part(s, at))
			continue;
		if (split_before(s, first, at))
			break;
		first = at;
	}
	return first;
}

/* The first node behind the request that begins with `first`. */
static uint32_t end_of(const struct scheduler *s, uint32_t first)
{
	uint32_t end = first + 1, last = first;

	while (end % PARTS > 0) {
		if (has_part(s, end)) {
			if (split_before(s, end, last))
				break;
			last = end;
		}
		end++;
	}
	return end;
}

/* The last node of the entry's request that comes before, or NODE_NONE. */
static uint32_t node_before(const struct scheduler *s, uint32_t first)
{
	for (uint32_t at = first; at % PARTS > 0;)
		if (has_part(s, --at))
			return at;
	return NODE_NONE;
}

/* --- ready requests ------------------------------------------------------------------------- */

/* What only takes away, then the rest, then deletes; within these the order of the plan. */
static uint64_t priority(const struct scheduler *s, uint32_t first)
{
	uint64_t class = 1;
	bool takes_only = first % PARTS == TAKE;

	for (uint32_t node = first + 1; node < end_of(s, first); node++)
		takes_only &= !has_part(s, node);
	if (takes_only)
		class = 0;
	if (s->plan->changes.items[first / PARTS].action == ACTION_DELETE)
		class = 2;
	return class << 32 | first;
}

static void heap_push(struct scheduler *s, uint64_t value)
{
	size_t at = s->ready.count;

	vec_push(&s->ready);
	for (; at > 0 && s->ready.items[(at - 1) / 2] > value; at = (at - 1) / 2)
		s->ready.items[at] = s->ready.items[(at - 1) / 2];
	s->ready.items[at] = value;
}

static uint32_t heap_pop(struct scheduler *s)
{
	uint64_t *items = s->ready.items;
	uint64_t smallest = items[0], last = items[--s->ready.count];
	size_t count = s->ready.count, at = 0;

	while (2 * at + 1 < count) {
		size_t child = 2 * at + 1;

		if (child + 1 < count && items[child + 1] < items[child])
			child++;
		if (items[child] >= last)
			break;
		items[at] = items[child];
		at = child;
	}
	items[at] = last;
	return (uint32_t)smallest;
}

static bool scheduled(const struct scheduler *s, uint32_t node)
{
	return s->step_of[node] != NODE_NONE;
}

/* Queues the request that begins with `first` when nothing stands in its way any more. */
static void consider(struct scheduler *s, uint32_t first)
{
	uint32_t before = node_before(s, first);

	if (s->flags[first] & QUEUED || (before != NODE_NONE && !scheduled(s, before)))
		return;
	for (uint32_t node = first; node < end_of(s, first); node++)
		if (has_part(s, node) && s->pending[node] > 0)
			return;
	s->flags[first] |= QUEUED;
	heap_push(s, priority(s, first));
}

static void consider_change(struct scheduler *s, uint32_t change)
{
	for (uint32_t node = change * PARTS; node < (change + 1) * PARTS; node++)
		if (has_part(s, node) && first_of(s, node) == node)
			consider(s, node);
}

static void take_next(struct scheduler *s)
{
	uint32_t first = heap_pop(s), end = end_of(s, first);
	uint32_t number = (uint32_t)s->order.count;

	*vec_push(&s->order) = first;
	for (uint32_t node = first; node < end; node++)
		s->step_of[node] = number;
	for (uint32_t i = s->graph.out_start[first]; i < s->graph.out_start[end]; i++) {
		const struct edge *edge = &s->graph.items[s->graph.out[i]];

		if (!edge->dropped && --s->pending[edge->to] == 0)
			consider(s, first_of(s, edge->to));
	}
	if (end % PARTS > 0)
		consider_change(s, first / PARTS);
}

/* --- cycles --------------------------------------------------------------------------------- */

/* What the request `first` still waits for; there is something. */
static struct walked waits_for(struct scheduler *s, uint32_t first)
{
	uint32_t before = node_before(s, first), end = end_of(s, first);

	if (before != NODE_NONE && !scheduled(s, before))
		return (struct walked){first, before, first, NODE_NONE};
	for (uint32_t node = first; node < end; node++) {
		uint32_t count = s->graph.in_start[node + 1] - s->graph.in_start[node];

		for (; s->cursor[node] < count; s->cursor[node]++) {
			uint32_t number =
				s->graph.in[s->graph.in_start[node] + s->cursor[node]];
			const struct edge *edge = &s->graph.items[number];

			if (!edge->dropped && !scheduled(s, edge->from))
				return (struct walked){first, edge->from, node, number};
		}
	}
	return (struct walked){first, NODE_NONE, NODE_NONE, NODE_NONE};
}

static void walk_back_to(struct scheduler *s, size_t count)
{
	while (s->walk.count > count)
		s->flags[s->walk.items[--s->walk.count].first] &= (uint8_t)~WALKED;
}

/*
 * Where to break the cycle of the walk's elements from `start` on: in an entry that is waited for
 * because of an earlier part than the one that waits. Best where it is what the entry takes away,
 * which can be sent at once. Returns the element; *split is the boundary, 0 when there is none.
 */
static size_t choose_split(const struct scheduler *s, size_t start, uint8_t *split)
{
	size_t chosen = start;

	*split = 0;
	for (size_t i = start; i < s->walk.count; i++) {
		size_t after = i > start ? i - 1 : s->walk.count - 1; /* who waits for it */
		uint32_t out = s->walk.items[after].from % PARTS;
		uint32_t in = s->walk.items[i].to % PARTS;
		uint8_t boundary = out >= in ? 0 : out == TAKE ? SPLIT_TAKE : SPLIT_ADD;

		if (boundary == 0 || *split == SPLIT_TAKE)
			continue;
		if (*split == 0 || boundary == SPLIT_TAKE) {
			*split = boundary;
			chosen = i;
		}
	}
	return chosen;
}

static void break_cycle(struct scheduler *s, size_t start)
{
	uint8_t split;
	size_t chosen = choose_split(s, start, &split);
	const struct walked at = s->walk.items[chosen];

	walk_back_to(s, chosen);
	if (split != 0) {
		s->splits[at.first / PARTS] |= split;
		consider_change(s, at.first / PARTS);
		return;
	}
	/* A swap of primary addresses, which reconcile does not make: let the target refuse it. */
	s->graph.items[at.edge].dropped = true;
	if (--s->pending[at.to] == 0)
		consider(s, first_of(s, at.to));
}

/* Nothing is ready and something is left: walks from request to what it waits for until it comes
 * round, and breaks that cycle. The walk is kept, so that all cycles together cost one walk. */
static void find_cycle(struct scheduler *s)
{
	/* What has been scheduled since is at its end. */
	while (s->walk.count > 0 && scheduled(s, s->walk.items[s->walk.count - 1].from))
		walk_back_to(s, s->walk.count - 1);
	for (;;) {
		struct walked step;
		uint32_t next;

		if (s->walk.count > 0) {
			next = first_of(s, s->walk.items[s->walk.count - 1].from);
		} else {
			next = (uint32_t)s->unscheduled * PARTS;
			while (!has_part(s, next) || scheduled(s, next))
				next++;
			next = first_of(s, next);
		}
		if (s->flags[next] & WALKED) {
			size_t start = s->walk.count - 1;

			while (s->walk.items[start].first != next)
				start--;
			break_cycle(s, start);
			return;
		}
		step = waits_for(s, next);
		s->flags[next] |= WALKED;
		*vec_push(&s->walk) = step;
	}
}

static bool all_scheduled(struct scheduler *s)
{
	for (; s->unscheduled < s->plan->changes.count; s->unscheduled++)
		for (uint32_t part = 0; part < PARTS; part++) {
			uint32_t node = (uint32_t)s->unscheduled * PARTS + part;

			if (has_part(s, node) && !scheduled(s, node))
				return false;
		}
	return true;
}

/* --- the outcome ---------------------------------------------------------------------------- */

static enum step_kind kind_of(const struct scheduler *s, uint32_t first, unsigned parts)
{
	switch (s->plan->changes.items[first / PARTS].action) {
	case ACTION_DELETE:
		return STEP_DELETE;
	case ACTION_SUSPEND:
		return STEP_SUSPEND;
	case ACTION_CREATE:
		return parts & PART_SET ? STEP_CREATE : STEP_COMPLETE;
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_REACTIVATE:
	case ACTION_UPDATE:
		break;
	}
	if (parts != s->graph.parts[first / PARTS]) {
		if (parts == PART_TAKE)
			return STEP_TAKE;
		if (parts == PART_ADD && s->splits[first / PARTS] & SPLIT_ADD)
			return STEP_COMPLETE;
	}
	return STEP_UPDATE;
}

static int release_order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct releases {
	uint64_t
		*items; /* step << 1 | soft: of two to the same step the hard one comes first */
	size_t count, capacity;
};

static void release_steps(struct arena *arena, struct schedule *out, struct step *step,
			  struct releases *list)
{
	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), release_order);
	step->releases = arena_array(arena, uint32_t, list->count);
	step->hard = arena_array(arena, uint8_t, list->count);
	for (size_t i = 0; i < list->count; i++) {
		uint32_t number = (uint32_t)(list->items[i] >> 1);

		if (step->release_count > 0 &&
		    step->releases[step->release_count - 1] == number)
			continue;
		step->hard[step->release_count] = !(list->items[i] & 1);
		step->releases[step->release_count++] = number;
		out->steps[number].waits_for++;
	}
}

static void make_steps(struct scheduler *s, struct arena *arena, struct schedule *out)
{
	struct releases list = {.items = NULL};

	out->count = (uint32_t)s->order.count;
	out->writes = out->count;
	out->steps = arena_array(arena, struct step, out->count);
	for (uint32_t i = 0; i < out->count; i++) {
		uint32_t first = s->order.items[i], end = end_of(s, first);
		struct step *step = &out->steps[i];

		for (uint32_t node = first; node < end; node++)
			if (has_part(s, node))
				step->parts |= 1u << node % PARTS;
		step->kind = kind_of(s, first, step->parts);
		step->change = first / PARTS;
		list.count = 0;
		for (uint32_t j = s->graph.out_start[first]; j < s->graph.out_start[end]; j++) {
			const struct edge *edge = &s->graph.items[s->graph.out[j]];

			if (!edge->dropped)
				*vec_push(&list) = (uint64_t)s->step_of[edge->to] << 1 |
						   !edge->hard;
		}
		for (uint32_t node = end; node % PARTS > 0; node++) {
			if (has_part(s, node)) {
				*vec_push(&list) = (uint64_t)s->step_of[node] << 1;
				break;
			}
		}
		release_steps(arena, out, step, &list);
	}
	free(list.items);
}

void schedule_make(struct arena *arena, const struct plan *plan, struct schedule *out)
{
	const uint32_t changes = (uint32_t)plan->changes.count, nodes = changes * PARTS;
	struct scheduler s = {.plan = plan};

	memset(out, 0, sizeof(*out));
	graph_init(&s.graph, plan);
	s.splits = mem_calloc(changes, sizeof(*s.splits));
	s.pending = mem_calloc(nodes, sizeof(*s.pending));
	s.step_of = mem_calloc(nodes, sizeof(*s.step_of));
	s.cursor = mem_calloc(nodes, sizeof(*s.cursor));
	s.flags = mem_calloc(nodes, sizeof(*s.flags));
	for (size_t i = 0; i < s.graph.count; i++)
		s.pending[s.graph.items[i].to]++;
	for (uint32_t node = 0; node < nodes; node++)
		s.step_of[node] = NODE_NONE;
	/* What a create adds is always a request of its own. */
	for (uint32_t i = 0; i < changes; i++)
		if (plan->changes.items[i].action == ACTION_CREATE)
			s.splits[i] = SPLIT_ADD;
	for (uint32_t i = 0; i < changes; i++)
		consider_change(&s, i);
	do {
		while (s.ready.count > 0)
			take_next(&s);
		if (!all_scheduled(&s))
			find_cycle(&s);
	} while (s.ready.count > 0 || !all_scheduled(&s));
	make_steps(&s, arena, out);
	graph_release(&s.graph);
	free(s.splits);
	free(s.pending);
	free(s.step_of);
	free(s.cursor);
	free(s.flags);
	free(s.ready.items);
	free(s.order.items);
	free(s.walk.items);
}
