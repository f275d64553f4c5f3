/*
 * Delegates of declared accounts: what is written of them, and, once all files of a source are read, who
 * they are.
 */
#include "base/os.h"
#include "declared_parts.h"

/* Sum over all accounts; groups in many lists multiply. Bounds time and memory. */
#define DELEGATIONS_MAX 16000000

struct resolver {
	struct reading *r;
	uint32_t *listed;       /* by symbol number: 1 + the last entry that lists it itself */
	struct delegate *items; /* of one entry, reused */
	size_t capacity;
	uint64_t total;
	bool too_many;
};

struct entry *declared_owner_entry(const struct reading *r, const struct sym *address)
{
	uint32_t owner = declared_owner(r, address);

	return owner ? &r->entries->items[owner - 1] : NULL;
}

/* --- what is written --------------------------------------------------------------------- */

/* "until 2026-12-31 has passed" */
const struct sym *declared_passed(struct reading *r, int32_t until)
{
	char date[DATE_TEXT_SIZE];

	date_text(until, date);
	buf_clear(&r->names.text);
	buf_addf(&r->names.text, "until %s has passed", date);
	return sym_get(r->names.pool, buf_str(&r->names.text));
}

/* "locum, until 2026-12-31": who gives access should see when it ends. */
static const struct sym *wish_why(struct reading *r, const struct written_delegate *delegate)
{
	char date[DATE_TEXT_SIZE];

	if (!(delegate->has & HAS_UNTIL))
		return delegate->why.len ? sym_get(r->names.pool, delegate->why) : NULL;
	date_text(delegate->until, date);
	buf_clear(&r->names.text);
	buf_addf(&r->names.text, "%.*s%suntil %s", STR_FMT(delegate->why),
		 delegate->why.len ? ", " : "listed ", date);
	return sym_get(r->names.pool, buf_str(&r->names.text));
}

void declared_wishes(struct reading *r, size_t index, const struct written_account *written)
{
	for (size_t i = 0; i < written->delegate_count; i++) {
		const struct written_delegate *delegate = &written->delegates[i];
		const struct located *who = delegate->who.address ? &delegate->who
								  : &delegate->group;
		bool ended;

		if (!delegate->position.line)
			continue; /* no map and no text: a finding says so */
		if ((delegate->who.address && delegate->group.address) ||
		    !(delegate->has & (ATTR_ADDRESS | HAS_GROUP))) {
			diag_error(r->diags, sym_str(r->file), delegate->position.line,
				   delegate->position.column,
				   "a delegate needs either 'address' or 'group'");
			continue;
		}
		if (!who->address)
			continue;
		ended = (delegate->has & HAS_UNTIL) && delegate->until < r->today;
		*vec_push(&r->wishes) = (struct wish){
			.who = who->address,
			.why = ended ? declared_passed(r, delegate->until)
				     : wish_why(r, delegate),
			.entry = (uint32_t)index,
			.line = who->line,
			.column = who->column,
			.ended = ended,
		};
	}
}

/* What no entry here has is left as it is: it may be another source's account. */
static const struct sym *primary_of(const struct reading *r, const struct sym *address)
{
	const struct entry *entry = declared_owner_entry(r, address);

	return entry ? entry->account.address : address;
}

/* --- groups ------------------------------------------------------------------------------ */

static int located_cmp(const void *a, const void *b)
{
	const struct located *x = a, *y = b;
	int order = sym_cmp(x->address, y->address);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

static void resolve_group(struct reading *r, struct group *group)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		struct located member = group->members[i];

		if (!member.address)
			continue; /* a finding says why */
		member.address = primary_of(r, member.address);
		group->members[kept++] = member;
	}
	if (kept)
		qsort(group->members, kept, sizeof(*group->members), located_cmp);
	group->count = 0;
	for (uint32_t i = 0; i < kept; i++) {
		const struct located *member = &group->members[i];

		if (group->count && group->members[group->count - 1].address == member->address)
			diag_warning(r->diags, sym_str(group->file), member->line,
				     member->column, "%s is in the group '%s' twice",
				     member->address->text,
				     declared_group_name(group->name).ptr);
		else
			group->members[group->count++] = *member;
	}
	buf_clear(&r->names.text);
	buf_addf(&r->names.text, "group %s", declared_group_name(group->name).ptr);
	group->why = sym_get(r->names.pool, buf_str(&r->names.text));
}

static void unknown_group(struct reading *r, const struct wish *wish, const struct entry *entry)
{
	struct str name = declared_group_name(wish->who), near = STR_NONE;
	size_t best = name.len < 4 ? 2 : 3; /* what is further away was not meant */

	/* Nobody will see a suggestion past the bound of findings. */
	for (size_t i = 0; i < r->groups.count && !r->diags->dropped; i++) {
		struct str known = declared_group_name(r->groups.items[i].name);
		size_t distance = str_distance(name, known, best);

		if (distance < best) {
			best = distance;
			near = known;
		}
	}
	if (near.ptr)
		diag_error(r->diags, sym_str(entry->file), wish->line, wish->column,
			   "there is no group '%.*s'; did you mean '%s'?",
			   STR_FMT(field_cut(name)), near.ptr);
	else
		diag_error(r->diags, sym_str(entry->file), wish->line, wish->column,
			   "there is no group '%.*s': no file of this source defines it under "
			   "'groups:'",
			   STR_FMT(field_cut(name)));
}

/* --- delegates --------------------------------------------------------------------------- */

static void note_listed(struct resolver *s, const struct wish *wish, const struct sym *who)
{
	const struct entry *entry = &s->r->entries->items[wish->entry];
	uint32_t *listed = &s->listed[who->number];
	bool group = str_starts(sym_str(who), GROUP_PREFIX);

	if (*listed == wish->entry + 1) {
		diag_warning(s->r->diags, sym_str(entry->file), wish->line, wish->column,
			     "%s%s%s is listed twice", group ? "the group '" : "",
			     group ? declared_group_name(who).ptr : who->text,
			     group ? "'" : "");
	}
	*listed = wish->entry + 1;
}

static void add_delegate(struct resolver *s, uint32_t *count, const struct sym *address,
			 const struct sym *why)
{
	if (*count == s->capacity) {
		s->capacity = s->capacity ? s->capacity * 2 : 64;
		s->items = mem_realloc(s->items, s->capacity, sizeof(*s->items));
	}
	s->items[(*count)++] = (struct delegate){address, why};
}

static void add_group(struct resolver *s, const struct wish *wish, uint32_t *count)
{
	struct reading *r = s->r;
	const struct entry *entry = &r->entries->items[wish->entry];
	uint32_t owner = declared_owner(r, wish->who);
	const struct group *group = owner ? &r->groups.items[owner - 1] : NULL;
	const struct sym *why;

	if (!group) {
		unknown_group(r, wish, entry);
		return;
	}
	note_listed(s, wish, wish->who);
	s->total += group->count;
	if (s->total > DELEGATIONS_MAX && !s->too_many) {
		s->too_many = true;
		diag_error(r->diags, sym_str(entry->file), wish->line, wish->column,
			   "with this group there are more than %d delegations",
			   DELEGATIONS_MAX);
	}
	if (s->too_many)
		return;
	why = group->why;
	if (wish->why) {
		buf_clear(&r->names.text);
		buf_addf(&r->names.text, "%s: %s", group->why->text, wish->why->text);
		why = sym_get(r->names.pool, buf_str(&r->names.text));
	}
	for (uint32_t i = 0; i < group->count; i++) {
		/* A member needs no access to what is her own. */
		if (group->members[i].address != entry->account.address)
			add_delegate(s, count, group->members[i].address, why);
	}
}

static void add_address(struct resolver *s, const struct wish *wish, uint32_t *count)
{
	const struct reading *r = s->r;
	const struct entry *entry = &r->entries->items[wish->entry];
	const struct entry *delegate = declared_owner_entry(r, wish->who);
	const struct sym *address = delegate ? delegate->account.address : wish->who;

	if (address == entry->account.address) {
		diag_error(r->diags, sym_str(entry->file), wish->line, wish->column,
			   "%s is the account itself, which cannot be its own delegate",
			   wish->who->text);
		return;
	}
	if (delegate && delegate->account.kind == KIND_FUNCTIONAL)
		diag_warning(
			r->diags, sym_str(entry->file), wish->line, wish->column,
			"%s is a functional account (%s:%u:%u): only users can be delegates, "
			"so this has no effect",
			address->text, delegate->file->text, delegate->line, delegate->column);
	note_listed(s, wish, address);
	add_delegate(s, count, address, wish->why);
	s->total++;
}

/* Whoever is not known any more has nothing that could end. */
static void add_ended(struct resolver *s, const struct wish *wish, uint32_t *count)
{
	struct reading *r = s->r;
	const struct entry *delegate;
	uint32_t owner;

	if (!str_starts(sym_str(wish->who), GROUP_PREFIX)) {
		delegate = declared_owner_entry(r, wish->who);
		add_delegate(s, count, delegate ? delegate->account.address : wish->who,
			     wish->why);
		return;
	}
	owner = declared_owner(r, wish->who);
	for (uint32_t i = 0; owner && i < r->groups.items[owner - 1].count; i++) {
		if (s->total++ >= DELEGATIONS_MAX)
			return;
		add_delegate(s, count, r->groups.items[owner - 1].members[i].address,
			     wish->why);
	}
}

static struct delegates keep_delegates(struct resolver *s, uint32_t count)
{
	struct delegate *items;

	count = delegates_sort(s->items, count);
	if (!count)
		return (struct delegates){NULL, 0};
	items = arena_array(&s->r->entries->arena, struct delegate, count);
	memcpy(items, s->items, count * sizeof(*items));
	return (struct delegates){items, count};
}

/* `from` … `to` are the wishes of one entry. */
static void resolve_ended(struct resolver *s, struct entry *entry, size_t from, size_t to)
{
	struct delegates *ended;
	uint32_t count = 0;

	for (size_t i = from; i < to; i++)
		if (s->r->wishes.items[i].ended)
			add_ended(s, &s->r->wishes.items[i], &count);
	if (!count)
		return;
	ended = arena_new(&s->r->entries->arena, struct delegates);
	*ended = keep_delegates(s, count);
	entry->ended = ended;
}

static void resolve_wishes(struct reading *r)
{
	struct resolver s = {.r = r};
	size_t syms = sym_count(r->names.pool);

	if (!r->wishes.count)
		return;
	s.listed = mem_calloc(syms, sizeof(*s.listed));
	for (size_t i = 0; i < r->wishes.count;) {
		const size_t first = i;
		uint32_t index = r->wishes.items[i].entry, count = 0;
		struct entry *entry = &r->entries->items[index];
		bool ended = false;

		for (; i < r->wishes.count && r->wishes.items[i].entry == index; i++) {
			const struct wish *wish = &r->wishes.items[i];

			if (wish->ended)
				ended = true;
			else if (str_starts(sym_str(wish->who), GROUP_PREFIX))
				add_group(&s, wish, &count);
			else
				add_address(&s, wish, &count);
		}
		entry->account.delegates = keep_delegates(&s, count);
		if (ended)
			resolve_ended(&s, entry, first, i);
	}
	free(s.items);
	free(s.listed);
	free(r->wishes.items);
	r->wishes.items = NULL;
	r->wishes.count = r->wishes.capacity = 0;
}

void declared_delegates(struct reading *r)
{
	for (size_t i = 0; i < r->groups.count; i++)
		resolve_group(r, &r->groups.items[i]);
	resolve_wishes(r);
}
