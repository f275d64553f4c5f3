/* What can only be said once all files of a source are read: who the delegates are, and what
 * does not go together. */
#include "address.h"
#include "declared_parts.h"

/* Sum over all accounts; groups in many lists multiply. Bounds time and memory. */
#define DELEGATIONS_MAX 16000000
#define LOOK_ALIKES_MAX 20

struct resolver {
	struct reading *r;
	uint32_t *listed;       /* by symbol number: 1 + the last entry that lists it itself */
	struct delegate *items; /* of one entry, reused */
	size_t capacity;
	uint64_t total;
	bool too_many;
};

static struct entry *owner_entry(const struct reading *r, const struct sym *address)
{
	uint32_t owner = declared_owner(r, address);

	return owner ? &r->entries->items[owner - 1] : NULL;
}

/* What no entry here has is left as it is: it may be another source's account. */
static const struct sym *primary_of(const struct reading *r, const struct sym *address)
{
	const struct entry *entry = owner_entry(r, address);

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
	const struct entry *delegate = owner_entry(r, wish->who);
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

static void resolve_delegates(struct reading *r)
{
	struct resolver s = {.r = r};
	size_t syms = r->names.pool->count;

	if (!r->wishes.count)
		return;
	s.listed = mem_calloc(syms, sizeof(*s.listed));
	for (size_t i = 0; i < r->wishes.count;) {
		uint32_t index = r->wishes.items[i].entry, count = 0;
		struct entry *entry = &r->entries->items[index];
		struct delegate *items;

		for (; i < r->wishes.count && r->wishes.items[i].entry == index; i++) {
			const struct wish *wish = &r->wishes.items[i];

			if (str_starts(sym_str(wish->who), GROUP_PREFIX))
				add_group(&s, wish, &count);
			else
				add_address(&s, wish, &count);
		}
		count = delegates_sort(s.items, count);
		if (!count)
			continue;
		items = arena_array(&r->entries->arena, struct delegate, count);
		memcpy(items, s.items, count * sizeof(*items));
		entry->account.delegates = (struct delegates){items, count};
	}
	free(s.items);
	free(s.listed);
	free(r->wishes.items);
	r->wishes.items = NULL;
	r->wishes.count = r->wishes.capacity = 0;
}

/* --- earlier addresses ------------------------------------------------------------------- */

static int former_cmp(const void *a, const void *b)
{
	const struct former *x = a, *y = b;
	int order = sym_cmp(x->address, y->address);

	if (order)
		return order;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static void check_formers(struct reading *r)
{
	if (!r->formers.count)
		return;
	qsort(r->formers.items, r->formers.count, sizeof(*r->formers.items), former_cmp);
	for (size_t i = 0; i < r->formers.count; i++) {
		const struct former *former = &r->formers.items[i];
		const struct entry *entry = &r->entries->items[former->entry];
		const struct entry *other = owner_entry(r, former->address);
		struct str file = sym_str(entry->file);

		if (former->address == entry->account.address)
			diag_error(r->diags, file, former->line, former->column,
				   "'was' is the address that the account has; remove the line "
				   "once the change is done");
		else if (other && other->account.address == former->address)
			diag_error(r->diags, file, former->line, former->column,
				   "'was' is the address of another account (%s:%u:%u)",
				   other->file->text, other->line, other->column);
		else if (i && former[-1].address == former->address) {
			other = &r->entries->items[former[-1].entry];
			diag_error(r->diags, file, former->line, former->column,
				   "'was' is already the earlier address of %s (%s:%u:%u)",
				   other->account.address->text, other->file->text, other->line,
				   other->column);
		}
	}
}

/* --- look-alikes ------------------------------------------------------------------------- */

struct skeleton_slot {
	uint32_t hash;
	uint32_t entry; /* 1 + index */
};

/* Open addressing by the skeleton's hash; only primary addresses are kept in it. */
struct look_alikes {
	struct skeleton_slot *slots;
	size_t mask;
	/* One bit for eight times as many hashes as there are slots: most look-ups end here, in
	 * the processor's cache. */
	uint64_t *seen;
	struct arena arena; /* of two skeletons */
	unsigned found;
};

/* The entry with this skeleton, or the free slot for it. */
static size_t look_up(struct look_alikes *l, const struct reading *r, struct str skeleton,
		      uint32_t hash)
{
	size_t i = hash & l->mask;

	for (; l->slots[i].entry; i = (i + 1) & l->mask) {
		const struct sym *address;

		if (l->slots[i].hash != hash)
			continue;
		address = r->entries->items[l->slots[i].entry - 1].account.address;
		if (str_eq(address_skeleton(&l->arena, sym_str(address)), skeleton))
			break;
	}
	return i;
}

static void look_alike(struct look_alikes *l, const struct reading *r, size_t index,
		       const struct sym *address, bool keep)
{
	const struct entry *entry = &r->entries->items[index], *other;
	struct str skeleton;
	uint64_t *word, bit;
	uint32_t hash;
	size_t slot;

	arena_reset(&l->arena);
	skeleton = address_skeleton(&l->arena, sym_str(address));
	hash = (uint32_t)str_hash(skeleton);
	word = &l->seen[(hash & (l->mask << 3 | 7)) >> 6];
	bit = 1ULL << (hash & 63);
	if (!keep && !(*word & bit))
		return;
	*word |= bit;
	slot = look_up(l, r, skeleton, hash);
	if (!l->slots[slot].entry) {
		if (keep) {
			l->slots[slot].hash = hash;
			l->slots[slot].entry = (uint32_t)index + 1;
		}
		return;
	}
	other = &r->entries->items[l->slots[slot].entry - 1];
	if (other == entry || other->account.address == address || l->found == LOOK_ALIKES_MAX)
		return;
	l->found++;
	diag_warning(r->diags, sym_str(entry->file), entry->line, entry->column,
		     "%s looks like %s (%s:%u:%u); are these two accounts?%s", address->text,
		     other->account.address->text, other->file->text, other->line,
		     other->column,
		     l->found == LOOK_ALIKES_MAX ? " More of this kind are not listed." : "");
}

static void find_look_alikes(struct reading *r)
{
	size_t count = r->entries->count - r->first, slots = 16;
	struct look_alikes l = {.arena = ARENA_INIT};

	while (slots < count * 2)
		slots *= 2;
	l.mask = slots - 1;
	l.slots = mem_calloc(slots, sizeof(*l.slots));
	l.seen = mem_calloc(slots / 8, sizeof(*l.seen));
	for (size_t i = r->first; i < r->entries->count; i++)
		look_alike(&l, r, i, r->entries->items[i].account.address, true);
	for (size_t i = r->first; i < r->entries->count; i++) {
		const struct set *aliases = &r->entries->items[i].account.aliases;

		for (uint32_t j = 0; j < aliases->count; j++)
			look_alike(&l, r, i, aliases->items[j], false);
	}
	free(l.slots);
	free(l.seen);
	arena_release(&l.arena);
}

void declared_resolve(struct reading *r)
{
	for (size_t i = 0; i < r->groups.count; i++)
		resolve_group(r, &r->groups.items[i]);
	resolve_delegates(r);
	check_formers(r);
	find_look_alikes(r);
}
