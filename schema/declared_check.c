/* What can only be said once all files of a source are read: what does not go together. */
#include "address.h"
#include "declared_parts.h"

#define LOOK_ALIKES_MAX 20

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
		const struct entry *other = declared_owner_entry(r, former->address);
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

void declared_check(struct reading *r)
{
	check_formers(r);
	find_look_alikes(r);
}
