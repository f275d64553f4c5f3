#include "order_graph.h"

/*
 * By address, as node + 1 (0: nobody): who frees it, who becomes able to be a delegate under it,
 * who of this present address is reactivated, and to whom something is added.
 */
struct entry {
	uint32_t frees, comes, reactivates, adds;
};

struct table {
	struct sym_pool pool;
	struct entry *items; /* by symbol number */
	size_t capacity;
};

static struct entry *table_at(struct table *table, struct str address)
{
	uint32_t number = sym_get(&table->pool, address)->number;

	if (number >= table->capacity) {
		size_t wanted = table->capacity ? table->capacity * 2 : 64;

		table->items = mem_realloc(table->items, wanted, sizeof(*table->items));
		memset(table->items + table->capacity, 0,
		       (wanted - table->capacity) * sizeof(*table->items));
		table->capacity = wanted;
	}
	return &table->items[number];
}

static const struct entry *table_find(const struct table *table, struct str address)
{
	static const struct entry nobody = {.frees = 0};
	const struct sym *sym = sym_find(&table->pool, address);

	return sym ? &table->items[sym->number] : &nobody;
}

static uint32_t node(size_t change, unsigned part)
{
	return (uint32_t)change * PARTS + part;
}

/* --- what there is ------------------------------------------------------------------------ */

static uint8_t parts_of(const struct plan_change *c)
{
	unsigned parts = 0;

	switch (c->action) {
	case ACTION_SUSPEND:
		return PART_TAKE;
	case ACTION_DELETE:
		return PART_SET;
	case ACTION_CREATE:
	case ACTION_REACTIVATE:
		parts = PART_SET;
		break;
	case ACTION_REVOKE:
	case ACTION_GRANT:
	case ACTION_UPDATE:
		break;
	}
	if (c->aliases_remove.count + c->delegates_remove.count > 0)
		parts |= PART_TAKE;
	if (c->rename.set || c->name.set || c->mobile.set || c->unit.set || c->key.len > 0)
		parts |= PART_SET;
	if (c->aliases_add.count + c->delegates_add.count > 0)
		parts |= PART_ADD;
	/* An entry that only records something still is a request. */
	return (uint8_t)(parts ? parts : PART_SET);
}

/* Of two entries that free one address only one can be right; the first counts. */
static void put(uint32_t *slot, uint32_t value)
{
	if (*slot == 0)
		*slot = value + 1;
}

static void register_change(struct table *table, const struct plan_change *c, size_t i)
{
	const uint32_t set = node(i, SET);
	const struct str later = c->rename.set ? c->rename.to : c->address;

	/* A suspended account keeps its addresses. */
	if (c->action == ACTION_SUSPEND)
		return;
	if (c->action == ACTION_DELETE) {
		put(&table_at(table, c->address)->frees, set);
		return;
	}
	for (size_t j = 0; j < c->aliases_remove.count; j++)
		put(&table_at(table, c->aliases_remove.items[j])->frees, node(i, TAKE));
	if (c->rename.set)
		put(&table_at(table, c->address)->frees, set);
	if (c->rename.set || c->action == ACTION_CREATE || c->action == ACTION_REACTIVATE)
		put(&table_at(table, later)->comes, set);
	if (c->action == ACTION_REACTIVATE)
		put(&table_at(table, c->address)->reactivates, set);
	if (c->action != ACTION_CREATE && c->aliases_add.count + c->delegates_add.count > 0)
		put(&table_at(table, c->address)->adds, node(i, ADD));
}

/* --- what waits --------------------------------------------------------------------------- */

static void wait_for(struct graph *graph, uint32_t slot, uint32_t to, bool hard)
{
	const uint32_t from = slot - 1;
	struct edge *edge;

	/* Nobody, or the entry itself: its own parts are in order anyway. */
	if (slot == 0 || from / PARTS == to / PARTS)
		return;
	edge = vec_push(graph);
	*edge = (struct edge){.from = from, .to = to, .hard = hard};
}

static void connect_change(struct graph *graph, const struct table *table,
			   const struct plan_change *c, size_t i)
{
	const uint32_t set = node(i, SET), add = node(i, ADD);

	if (c->action == ACTION_DELETE)
		return;
	/* Whoever is reactivated must not find access that this plan takes away. */
	for (size_t j = 0; j < c->delegates_remove.count; j++) {
		uint32_t back =
			table_find(table, c->delegates_remove.items[j].address)->reactivates;

		if (back > 0)
			wait_for(graph, node(i, TAKE) + 1, back - 1, true);
	}
	if (c->action == ACTION_SUSPEND)
		return;
	/* Targets drop suspended delegates that are sent: what is read again is sent afterwards. */
	for (size_t j = 0; j < c->reads.count; j++) {
		uint32_t reader = table_find(table, c->reads.items[j])->adds;

		if (reader > 0)
			wait_for(graph, set + 1, reader - 1, false);
	}
	if (c->action == ACTION_CREATE)
		wait_for(graph, table_find(table, c->address)->frees, set, true);
	if (c->rename.set)
		wait_for(graph, table_find(table, c->rename.to)->frees, set, true);
	for (size_t j = 0; j < c->aliases_add.count; j++)
		wait_for(graph, table_find(table, c->aliases_add.items[j])->frees, add, true);
	for (size_t j = 0; j < c->delegates_add.count; j++)
		wait_for(graph, table_find(table, c->delegates_add.items[j].address)->comes,
			 add, false);
}

/* Edges by one of their ends, by counting. */
static void index_edges(const struct graph *graph, uint32_t nodes, bool by_from,
			uint32_t **starts, uint32_t **edges)
{
	uint32_t *start = mem_calloc((size_t)nodes + 2, sizeof(*start));
	uint32_t *list = mem_calloc(graph->count, sizeof(*list));

	/* start[n + 2] counts, then start[n + 1] is where the next edge of n goes. */
	for (size_t i = 0; i < graph->count; i++)
		start[(by_from ? graph->items[i].from : graph->items[i].to) + 2]++;
	for (size_t n = 2; n < (size_t)nodes + 2; n++)
		start[n] += start[n - 1];
	for (size_t i = 0; i < graph->count; i++)
		list[start[(by_from ? graph->items[i].from : graph->items[i].to) + 1]++] =
			(uint32_t)i;
	*starts = start;
	*edges = list;
}

void graph_init(struct graph *graph, const struct plan *plan)
{
	const size_t count = plan->changes.count;
	struct table table = {.pool = SYM_POOL_INIT};

	memset(graph, 0, sizeof(*graph));
	graph->parts = mem_calloc(count, 1);
	for (size_t i = 0; i < count; i++) {
		graph->parts[i] = parts_of(&plan->changes.items[i]);
		register_change(&table, &plan->changes.items[i], i);
	}
	for (size_t i = 0; i < count; i++)
		connect_change(graph, &table, &plan->changes.items[i], i);
	free(table.items);
	sym_pool_release(&table.pool);
	index_edges(graph, (uint32_t)count * PARTS, true, &graph->out_start, &graph->out);
	index_edges(graph, (uint32_t)count * PARTS, false, &graph->in_start, &graph->in);
}

void graph_release(struct graph *graph)
{
	free(graph->items);
	free(graph->out_start);
	free(graph->out);
	free(graph->in_start);
	free(graph->in);
	free(graph->parts);
	memset(graph, 0, sizeof(*graph));
}
