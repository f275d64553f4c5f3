/*
 * The subjects of a reconciliation, and what the command line says of it.
 */
#include "base/os.h"
#include "reconcile.h"

/* "user", "create", "create:user"; none: everything. */
static void read_only(struct world *w)
{
	const struct strs *only = &w->in->options->only;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		w->only[kind] = only->count ? 0 : ONLY_ADOPT | (ONLY_ADOPT - 1);
	for (size_t i = 0; i < only->count; i++) {
		struct str rest = only->items[i], first = STR_NONE;
		enum account_kind kind = KIND_USER;
		enum action action;

		str_split(&rest, ':', &first);
		if (kind_parse(first, &kind))
			w->only[kind] = ONLY_ADOPT | (ONLY_ADOPT - 1);
		if (!action_parse(first, &action))
			continue;
		if (rest.len > 0 && !kind_parse(rest, &kind))
			continue;
		for (int k = 0; k < KIND_COUNT; k++)
			if (rest.len == 0 || k == (int)kind)
				w->only[k] |= 1u << action;
	}
}

static void read_options(struct world *w)
{
	int64_t seconds = 0;

	read_only(w);
	if (duration_parse(w->in->options->suspended_for, &seconds))
		seconds += 86399;
	w->suspended_days = (int32_t)(seconds / 86400 < INT32_MAX ? seconds / 86400
								  : INT32_MAX);
	if (w->config->target.sign_in != SIGN_IN_SSO)
		return;
	/* The service takes whole resources, and one without the key breaks the sign-in. */
	w->keys_always = w->config->target.provider == TARGET_ZIVVER;
	w->keys_required = w->keys_always;
	for (size_t i = 0; i < w->in->desired->count && !w->keys_required; i++)
		w->keys_required = has_key(&w->in->desired->items[i]);
	for (size_t i = 0; i < w->in->recorded->count && !w->keys_required; i++)
		w->keys_required = w->in->recorded->items[i].key != NULL;
}

static void make_subjects(struct world *w)
{
	const size_t desired = w->in->desired->count;

	w->current_count = (uint32_t)w->in->current->count;
	w->count = w->current_count;
	w->subject_of = mem_alloc((desired + 1) * sizeof(uint32_t));
	for (uint32_t d = 0; d < desired; d++) {
		const uint32_t c = w->identity[d].current;

		w->subject_of[d] = c != NOBODY && w->desired_of[c] == d ? c : w->count++;
	}
	w->subjects = mem_calloc(w->count + 1u, sizeof(*w->subjects));
	for (uint32_t c = 0; c < w->current_count; c++) {
		w->subjects[c].desired = w->desired_of[c];
		w->subjects[c].recorded = w->recorded_of[c];
	}
	for (uint32_t d = 0; d < desired; d++) {
		const uint32_t s = w->subject_of[d];

		if (s < w->current_count)
			continue;
		w->subjects[s].desired = d;
		w->subjects[s].recorded = w->identity[d].match == MATCH_CONFLICT
						  ? NOBODY
						  : w->identity[d].recorded;
	}
}

static void want_address(struct world *w, const struct sym *address, uint32_t s)
{
	if (!w->wanted[address->number])
		w->wanted[address->number] = s + 1;
}

/*
 * Who names a held entry as delegate means that one and not whoever has its address as an alias: who
 * reads already goes on, and nobody else is let in.
 */
static void make_named(struct world *w)
{
	for (uint32_t d = 0; d < w->in->desired->count; d++) {
		const struct desired_account *item = &w->in->desired->items[d];
		const struct sym *address = item->account.address;
		uint32_t owner;

		if (!item->held || !address)
			continue;
		owner = w->wanted[address->number] ? w->wanted[address->number] - 1 : NOBODY;
		if (owner != NOBODY && desired_at(w, owner)->account.address == address)
			continue;
		if (!w->named)
			w->named = mem_calloc(w->index.size + 1u, sizeof(*w->named));
		if (!w->named[address->number])
			w->named[address->number] = w->subject_of[d] + 1;
	}
}

/* Who will answer to which address. A held entry gets none, but its account is meant by its name. */
static void make_wanted(struct world *w)
{
	w->wanted = mem_calloc(w->index.size + 1u, sizeof(uint32_t));
	for (int held = 0; held < 2; held++) {
		for (uint32_t d = 0; d < w->in->desired->count; d++) {
			const struct desired_account *item = &w->in->desired->items[d];

			if ((item->held != NULL) != held || !item->account.address ||
			    (held && w->identity[d].current == NOBODY))
				continue;
			want_address(w, item->account.address, w->subject_of[d]);
			for (uint32_t i = 0; !held && i < item->account.aliases.count; i++)
				want_address(w, item->account.aliases.items[i],
					     w->subject_of[d]);
		}
	}
}

static void make_hidden(struct world *w)
{
	const struct accounts *current = w->in->current;

	if (current->hidden.count == 0)
		return;
	w->hidden = mem_calloc(w->index.size + 1u, sizeof(*w->hidden));
	for (size_t i = 0; i < current->hidden.count; i++)
		if (current->hidden.items[i]->number < w->index.size)
			w->hidden[current->hidden.items[i]->number] = true;
}

bool is_hidden(const struct world *w, const struct sym *address_or_id)
{
	return w->hidden && address_or_id && address_or_id->number < w->index.size &&
	       w->hidden[address_or_id->number];
}

bool is_out_of_scope(const struct world *w, uint32_t s)
{
	const struct recorded_account *recorded = recorded_at(w, s);

	return (recorded && is_hidden(w, recorded->account.id)) ||
	       is_hidden(w, subject_address(w, s));
}

void world_release(struct world *w)
{
	accounts_index_release(&w->index);
	free(w->recorded_of);
	free(w->current_of);
	free(w->desired_of);
	free(w->also_of);
	free(w->contested);
	free(w->identity);
	free(w->subjects);
	free(w->subject_of);
	free(w->wanted);
	free(w->named);
	free(w->hidden);
	free(w->delegates.items);
	free(w->reader_start);
	free(w->readers);
	free(w->gave_way.items);
	arena_release(&w->arena);
}

void world_prepare(struct world *w)
{
	accounts_index_init(&w->index, w->in->current, w->in->names);
	make_hidden(w);
	world_identify(w);
	read_options(w);
	make_subjects(w);
	make_wanted(w);
	make_named(w);
}
