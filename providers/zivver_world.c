#include "zivver_world.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>

void zivver_world_release(struct zivver_world *world)
{
	zivver_world_clear(world);
	free(world->accounts.items);
	free(world->kept.items);
	free(world->owners);
	free(world->kept_at);
	*world = (struct zivver_world)ZIVVER_WORLD_INIT;
}

/* --- tables ----------------------------------------------------------------------------- */

/* Room for a symbol: they grow by half, as the pool does not say how it grows. */
static void cover(struct zivver_world *world, const struct sym *name)
{
	size_t wanted = (size_t)name->number + 1, old = world->known;

	if (wanted <= old)
		return;
	if (wanted < old + old / 2)
		wanted = old + old / 2;
	if (wanted < 1024)
		wanted = 1024;
	world->owners = mem_realloc(world->owners, wanted, sizeof(*world->owners));
	world->kept_at = mem_realloc(world->kept_at, wanted, sizeof(*world->kept_at));
	memset(world->owners + old, 0, (wanted - old) * sizeof(*world->owners));
	memset(world->kept_at + old, 0, (wanted - old) * sizeof(*world->kept_at));
	world->known = wanted;
}

struct zivver_account *zivver_world_owner(const struct zivver_world *world,
					  const struct sym *id_or_address)
{
	uint32_t at = 0;

	if (id_or_address && id_or_address->number < world->known)
		at = world->owners[id_or_address->number];
	return at ? &world->accounts.items[at - 1] : NULL;
}

static struct zivver_kept *slot(const struct zivver_world *world, const struct sym *id)
{
	uint32_t at = id->number < world->known ? world->kept_at[id->number] : 0;

	return at ? &world->kept.items[at - 1] : NULL;
}

static void own(struct zivver_world *world, const struct sym *name, size_t account)
{
	cover(world, name);
	world->owners[name->number] = (uint32_t)account + 1;
}

static void disown(struct zivver_world *world, const struct sym *name,
		   const struct zivver_account *account)
{
	if (zivver_world_owner(world, name) == account)
		world->owners[name->number] = 0;
}

/* --- resources -------------------------------------------------------------------------- */

static void drop(struct zivver_kept *kept)
{
	free(kept->text);
	free(kept->delegates);
	*kept = (struct zivver_kept){.id = kept->id};
}

static void keep(struct zivver_kept *kept, struct str text, uint64_t read_at)
{
	drop(kept);
	kept->read_at = read_at;
	kept->text = mem_alloc(text.len + 1);
	memcpy(kept->text, text.ptr, text.len);
	kept->text[text.len] = '\0';
	kept->len = text.len;
}

void zivver_world_want(struct zivver_world *world, const struct sym *id)
{
	cover(world, id);
	if (world->kept_at[id->number])
		return;
	vec_push(&world->kept)->id = id;
	world->kept_at[id->number] = (uint32_t)world->kept.count;
}

const struct zivver_kept *zivver_world_kept(const struct zivver_world *world,
					    const struct sym *id)
{
	const struct zivver_kept *kept = slot(world, id);

	return kept && kept->text ? kept : NULL;
}

void zivver_world_clear(struct zivver_world *world)
{
	for (size_t i = 0; i < world->kept.count; i++)
		drop(&world->kept.items[i]);
	world->accounts.count = 0;
	if (world->known)
		memset(world->owners, 0, world->known * sizeof(*world->owners));
	world->renamed = false;
	world->listed_at = os_monotonic_ms();
}

void zivver_world_offer(struct zivver_world *world, const struct sym *id, struct str text)
{
	struct zivver_kept *kept = slot(world, id);

	if (kept)
		keep(kept, text, world->listed_at);
}

/* --- who is who ------------------------------------------------------------------------- */

/* A scim_find_user. */
static const struct sym *find_user(void *context, const struct sym *name, bool by_id)
{
	const struct zivver_account *owner = zivver_world_owner(context, name);

	if (!owner || owner->kind != KIND_USER || (by_id ? owner->id : owner->address) != name)
		return NULL;
	return owner->address;
}

static int take_name(struct zivver_world *world, const char *what, const struct sym *name,
		     struct err *err)
{
	const size_t number = world->accounts.count - 1;
	const struct zivver_account *account = &world->accounts.items[number];
	const struct zivver_account *owner = zivver_world_owner(world, name);

	if (!owner) {
		own(world, name, number);
		return 0;
	}
	if (owner->id == account->id && owner->kind == account->kind)
		return err_set(err, ERR_UNREACHABLE,
			       "%s %s is listed twice: the list changed while it was read, or "
			       "is wrong; try again",
			       kind_names[account->kind], account->address->text);
	return err_set(
		err, ERR_FAILED,
		"the %s %s of %s %s is also that of %s %s: somebody may have changed it "
		"while it was read, try again. When it stays so, take it away from one of "
		"the two in the Zivver portal",
		what, name->text, kind_names[account->kind], account->address->text,
		kind_names[owner->kind], owner->address->text);
}

static int take_account(struct zivver_world *world, const struct account *account,
			struct err *err)
{
	*vec_push(&world->accounts) = (struct zivver_account){
		.id = account->id,
		.address = account->address,
		.kind = account->kind,
		.active = account->kind == KIND_USER && account->active,
	};
	if (take_name(world, "id", account->id, err) ||
	    take_name(world, "address", account->address, err))
		return -1;
	for (uint32_t i = 0; i < account->aliases.count; i++) {
		if (take_name(world, "alias", account->aliases.items[i], err))
			return -1;
	}
	return 0;
}

/* After scim_link(): whose addresses its delegates are. */
static void note_delegates(struct zivver_world *world, const struct account *account)
{
	struct zivver_kept *kept = slot(world, account->id);

	if (!kept || !kept->text || account->kind != KIND_USER)
		return;
	free(kept->delegates);
	kept->delegates = mem_calloc(account->delegates.count + 1, sizeof(*kept->delegates));
	kept->delegate_count = account->delegates.count;
	for (uint32_t i = 0; i < kept->delegate_count; i++)
		kept->delegates[i] =
			zivver_world_owner(world, account->delegates.items[i].address)->id;
}

int zivver_world_take(struct zivver_world *world, struct accounts *accounts, struct err *err)
{
	for (size_t i = 0; i < accounts->count; i++) {
		if (take_account(world, &accounts->items[i], err))
			return -1;
	}
	for (size_t i = 0; i < accounts->count; i++) {
		scim_link(&accounts->items[i], find_user, world);
		note_delegates(world, &accounts->items[i]);
	}
	return 0;
}

/* --- answers ---------------------------------------------------------------------------- */

void zivver_world_answer(struct zivver_world *world, struct account *account, struct str text)
{
	struct zivver_account *known = zivver_world_owner(world, account->id);

	if (!known || known->id != account->id) {
		*vec_push(&world->accounts) = (struct zivver_account){.id = account->id};
		own(world, account->id, world->accounts.count - 1);
		known = zivver_world_owner(world, account->id);
	}
	if (known->address != account->address) {
		if (known->address) {
			disown(world, known->address, known);
			world->renamed = true;
		}
		own(world, account->address, (size_t)(known - world->accounts.items));
	}
	known->address = account->address;
	known->kind = account->kind;
	known->active = account->kind == KIND_USER && account->active;
	zivver_world_want(world, account->id);
	keep(slot(world, account->id), text, os_monotonic_ms());
	scim_link(account, find_user, world);
	note_delegates(world, account);
}

void zivver_world_doubt(struct zivver_world *world, const struct sym *id)
{
	struct zivver_kept *kept = slot(world, id);

	if (kept)
		drop(kept);
}

void zivver_world_delete(struct zivver_world *world, const struct sym *id)
{
	struct zivver_account *known = zivver_world_owner(world, id);

	zivver_world_doubt(world, id);
	if (!known || known->id != id)
		return;
	disown(world, known->address, known);
	disown(world, id, known);
}
