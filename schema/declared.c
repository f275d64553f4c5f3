#include "declared.h"

#include "base/os.h"
#include "character.h"
#include "declared_parts.h"

void entries_release(struct entries *entries)
{
	free(entries->items);
	free(entries->left_out.items);
	arena_release(&entries->arena);
	arena_wipe(&entries->keys);
	*entries = (struct entries)ENTRIES_INIT;
}

void entries_join(struct entries *into, struct entries *from)
{
	if (from->count) {
		into->capacity = into->count + from->count;
		into->items = mem_realloc(into->items, into->capacity, sizeof(*into->items));
		memcpy(into->items + into->count, from->items,
		       from->count * sizeof(*into->items));
		into->count = into->capacity;
	}
	for (size_t i = 0; i < from->left_out.count; i++)
		*vec_push(&into->left_out) = from->left_out.items[i];
	arena_join(&into->arena, &from->arena);
	arena_join(&into->keys, &from->keys);
	entries_release(from);
}

/* --- whose address is it ----------------------------------------------------------------- */

uint32_t declared_owner(const struct reading *reading, const struct sym *sym)
{
	return sym->number < reading->owner_count ? reading->owner[sym->number] : 0;
}

static void own(struct reading *reading, const struct sym *sym, size_t index)
{
	if (sym->number >= reading->owner_count) {
		size_t count = reading->owner_count + reading->owner_count / 2;

		if (count < sym_count(reading->names.pool))
			count = sym_count(reading->names.pool);
		reading->owner = mem_realloc(reading->owner, count, sizeof(*reading->owner));
		memset(reading->owner + reading->owner_count, 0,
		       (count - reading->owner_count) * sizeof(*reading->owner));
		reading->owner_count = count;
	}
	reading->owner[sym->number] = (uint32_t)index + 1;
}

/* "accounts/a.yaml:12:5" */
#define PLACE "%s:%u:%u"
#define PLACE_OF(thing) (thing)->file->text, (thing)->line, (thing)->column

/* True when the address is new; else a finding at `at` names both places. */
static bool claim_primary(struct reading *r, const struct entry *entry,
			  const struct located *at)
{
	uint32_t owner = declared_owner(r, at->address);
	const struct entry *other = owner ? &r->entries->items[owner - 1] : NULL;
	struct str file = sym_str(r->file);

	if (!other)
		return true;
	if (other->account.address != at->address)
		diag_error(r->diags, file, at->line, at->column,
			   "%s is already an alias of %s (" PLACE
			   "); an address belongs to one account",
			   at->address->text, other->account.address->text, PLACE_OF(other));
	else if (other->account.kind != entry->account.kind)
		diag_error(r->diags, file, at->line, at->column,
			   "%s is already a %s (" PLACE
			   "); an account is either a user or functional",
			   at->address->text,
			   other->account.kind == KIND_USER ? "user" : "functional account",
			   PLACE_OF(other));
	else
		diag_error(r->diags, file, at->line, at->column,
			   "%s is already listed (" PLACE "); one account is one entry",
			   at->address->text, PLACE_OF(other));
	return false;
}

static bool claim_alias(struct reading *r, const struct entry *entry, size_t index,
			const struct located *at)
{
	uint32_t owner = declared_owner(r, at->address);
	const struct entry *other = owner ? &r->entries->items[owner - 1] : NULL;
	struct str file = sym_str(r->file);

	if (at->address == entry->account.address) {
		diag_warning(r->diags, file, at->line, at->column,
			     "%s is the account's own address and needs no alias",
			     at->address->text);
	} else if (!other) {
		own(r, at->address, index);
		return true;
	} else if (owner == index + 1) {
		diag_warning(r->diags, file, at->line, at->column, "%s is listed twice",
			     at->address->text);
	} else if (other->account.address == at->address) {
		diag_error(r->diags, file, at->line, at->column,
			   "%s is an account of its own (" PLACE
			   "); an address belongs to one account",
			   at->address->text, PLACE_OF(other));
	} else {
		diag_error(r->diags, file, at->line, at->column,
			   "%s is already an alias of %s (" PLACE
			   "); an address belongs to one account",
			   at->address->text, other->account.address->text, PLACE_OF(other));
	}
	return false;
}

static void claim_id(struct reading *r, struct entry *entry, size_t index,
		     const struct written_account *written, const struct node *node)
{
	char digest[SHA256_TEXT_SIZE];
	const struct node *id = node_get(node, "id");
	uint32_t owner;

	source_id_digest(r->source_name, written->id, digest);
	entry->id_digest = sym_get(r->names.pool, str_of(digest));
	owner = declared_owner(r, entry->id_digest);
	if (owner)
		diag_error(r->diags, sym_str(r->file), id->line, id->column,
			   "the id '%.*s' is already that of %s (" PLACE ")",
			   STR_FMT(field_cut(written->id)),
			   r->entries->items[owner - 1].account.address->text,
			   PLACE_OF(&r->entries->items[owner - 1]));
	else
		own(r, entry->id_digest, index);
}

/* --- one entry --------------------------------------------------------------------------- */

static void add_aliases(struct reading *r, struct entry *entry, size_t index,
			const struct written_account *written)
{
	const struct sym **items;
	uint32_t count = 0;

	if (!written->alias_count)
		return;
	items = arena_array(&r->entries->arena, const struct sym *, written->alias_count);
	for (size_t i = 0; i < written->alias_count; i++) {
		const struct located *alias = &written->aliases[i];

		if (alias->address && claim_alias(r, entry, index, alias))
			items[count++] = alias->address;
	}
	entry->account.aliases = (struct set){items, set_sort(items, count)};
}

static void add_activity(struct reading *r, struct entry *entry,
			 const struct written_account *written)
{
	struct account *account = &entry->account;

	account->active = written->active;
	entry->until = DATE_NONE;
	if (!written->active)
		entry->inactive_because = r->inactive_because;
	if (!(written->has & HAS_UNTIL))
		return;
	account->has |= ATTR_ACTIVE;
	entry->until = written->until;
	if (account->active && entry->until < r->today) {
		account->active = false;
		entry->inactive_because = declared_passed(r, entry->until);
	}
}

static void add_entry(struct reading *r, enum account_kind kind,
		      const struct written_account *written, const struct node *node)
{
	size_t index = r->entries->count;
	struct sym_pool *pool = r->names.pool;
	struct entry *entry;
	struct account *account;

	if (!written->address.address)
		return; /* a finding says why */
	entry = vec_push(r->entries);
	account = &entry->account;
	account->kind = (uint8_t)kind;
	account->has = (uint8_t)(written->has & HAS_ATTRIBUTES);
	account->address = written->address.address;
	entry->source = r->source;
	entry->file = r->file;
	entry->line = written->position.line;
	entry->column = written->position.column;
	entry->because = r->because;
	if (claim_primary(r, entry, &written->address))
		own(r, account->address, index);
	if (written->name.len)
		account->name = sym_get(pool, written->name);
	else if (!r->overlay && !(written->has & ATTR_NAME))
		diag_error(r->diags, sym_str(r->file), entry->line, entry->column,
			   "'name' is missing: no account can be created without one");
	if (written->unit.len && !str_is(written->unit, "/"))
		account->unit = sym_get(pool, written->unit);
	account->mobile = written->mobile;
	if (written->key.kind != SECRET_ABSENT) {
		struct secret_ref *key = arena_new(&r->entries->arena, struct secret_ref);

		key->kind = written->key.kind;
		key->name = arena_str(&r->entries->arena, written->key.name);
		entry->key = key;
	}
	if (written->was.address) {
		entry->was = written->was.address;
		*vec_push(&r->formers) = (struct former){
			entry->was, (uint32_t)index, written->was.line, written->was.column};
	}
	if (written->id.len)
		claim_id(r, entry, index, written, node);
	add_activity(r, entry, written);
	add_aliases(r, entry, index, written);
	declared_wishes(r, index, written);
}

/* The keys that only make sense for people get their own words; the rest is left to the table. */
static const struct node *without_sign_in(struct reading *r, const struct node *node)
{
	static const char *const keys[] = {"mobile", "sso_key"};
	struct node *copy, **tail;

	if (!node_get(node, keys[0]) && !node_get(node, keys[1]))
		return node;
	copy = arena_new(&r->scratch, struct node);
	*copy = *node;
	tail = &copy->first;
	copy->count = 0;
	for (const struct node *key = node->first; key; key = key->next) {
		if (str_is(key->text, keys[0]) || str_is(key->text, keys[1])) {
			field_error(&r->walk, key,
				    "a functional account does not sign in: it has no '%.*s'",
				    STR_FMT(key->text));
			diag_hide_line(r->diags, key->file, key->line);
			diag_hide_line(r->diags, key->value->file, key->value->line);
			continue;
		}
		*tail = arena_new(&r->scratch, struct node);
		**tail = *key;
		tail = &(*tail)->next;
		copy->count++;
	}
	*tail = NULL;
	return copy;
}

/* Names and addresses of the entry, as they will be looked up when they are written properly. */
static void expect_symbols(struct reading *r, const struct node *entry)
{
	struct str texts[SYM_EXPECT_MAX];
	size_t count = 0;

	for (const struct node *key = entry->first; key; key = key->next) {
		const struct node *text = key->value;

		if (text && text->type == NODE_LIST)
			text = text->first;
		for (; text && count < SYM_EXPECT_MAX; text = text->next) {
			if (text->type == NODE_SCALAR)
				texts[count++] = text->text;
		}
	}
	sym_expect(r->names.pool, texts, count);
}

static void read_account(struct reading *r, enum account_kind kind, const struct node *node)
{
	struct written_account written = {.active = true};

	if (node->type == NODE_MAP)
		expect_symbols(r, node);
	if (kind == KIND_FUNCTIONAL)
		node = without_sign_in(r, node);
	/* What is right in an entry with findings still takes part in the checks. */
	field_fill_one(&r->walk, declared_items[kind], node, &written);
	add_entry(r, kind, &written, node);
	arena_reset(&r->scratch);
}

/* --- groups ------------------------------------------------------------------------------ */

static bool group_name_valid(struct reading *r, const struct node *key)
{
	if (character_visible_line(key->text))
		return true;
	field_error(&r->walk, key,
		    "the name of a group must be one line of visible characters");
	return false;
}

static void read_group(struct reading *r, const struct node *key)
{
	struct written_group written = {.name = key->text};
	const struct sym *name;
	struct group *group;
	uint32_t owner;

	if (!group_name_valid(r, key))
		return;
	r->walk.arena = &r->kept;
	field_fill_one(&r->walk, declared_group, key->value, &written);
	r->walk.arena = &r->scratch;
	name = declared_group_sym(&r->names, key->text);
	owner = declared_owner(r, name);
	if (owner) {
		group = &r->groups.items[owner - 1];
		field_error(&r->walk, key, "the group '%.*s' is already defined (" PLACE ")",
			    STR_FMT(field_cut(key->text)), PLACE_OF(group));
		return;
	}
	group = vec_push(&r->groups);
	own(r, name, r->groups.count - 1);
	group->name = name;
	group->file = r->file;
	group->line = key->line;
	group->column = key->column;
	group->members = written.members;
	group->count = (uint32_t)written.member_count;
}

/* --- files ------------------------------------------------------------------------------- */

static int on_value(void *context, const struct node *key, const struct node *value,
		    bool element)
{
	struct reading *r = context;
	struct written_file file = {0};
	const struct field *field;

	if (element) {
		read_account(r, str_is(key->text, "users") ? KIND_USER : KIND_FUNCTIONAL,
			     value);
		return 0;
	}
	field = field_find(&r->walk, &declared_file_table, key);
	if (!field)
		return 0;
	if (field->type == FIELD_VERSION)
		r->version_seen = true;
	if (field->type == FIELD_NAMED && value->type == NODE_MAP) {
		for (const struct node *group = value->first; group; group = group->next)
			read_group(r, group);
	} else {
		/* The lists of accounts come as elements: what arrives here is no list. */
		field_fill_one(&r->walk, field, value, &file);
	}
	arena_reset(&r->scratch);
	return 0;
}

static void read_file(struct reading *r, struct str path)
{
	static const char *const stream[] = {"users", "functional", NULL};
	const struct yaml_reader reader = {stream, on_value, r};
	struct sym_pool *pool = r->names.pool;
	size_t errors = r->diags->errors;

	r->file = sym_get(pool, path);
	path = sym_str(r->file);
	buf_clear(&r->names.text);
	buf_addf(&r->names.text, "listed in %s", path.ptr);
	r->because = sym_get(pool, buf_str(&r->names.text));
	buf_clear(&r->names.text);
	buf_addf(&r->names.text, "active: false in %s", path.ptr);
	r->inactive_because = sym_get(pool, buf_str(&r->names.text));
	r->version_seen = false;
	if (yaml_read_file(path, &reader, r->diags) && r->diags->errors > errors)
		return;
	if (!r->version_seen)
		diag_error(r->diags, path, 1, 1,
			   "'zsctl_accounts: 1' is missing: a file of declared accounts begins "
			   "with it");
}

struct seen_file {
	dev_t device;
	ino_t inode;
};
struct seen_files {
	struct seen_file *items;
	size_t count, capacity;
};

/* The same file by another name (a link) is read once. What cannot be looked at is left to the
 * reader, which says why. */
static bool seen_before(struct seen_files *seen, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	for (size_t i = 0; i < seen->count; i++) {
		if (seen->items[i].device == st.st_dev && seen->items[i].inode == st.st_ino)
			return true;
	}
	*vec_push(seen) = (struct seen_file){st.st_dev, st.st_ino};
	return false;
}

static void read_files(struct reading *r, struct str pattern)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct seen_files seen = {NULL, 0, 0};
	struct str *paths = NULL;
	size_t count = 0, files = 0;

	if (os_glob(&arena, arena_str(&arena, pattern).ptr, &paths, &count, &r->names.err)) {
		diag_error(r->diags, pattern, 0, 0, "%s", r->names.err.text);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(paths[i].ptr, '/');

		if ((slash ? slash[1] : paths[i].ptr[0]) == '.')
			continue;
		files++;
		if (!seen_before(&seen, paths[i].ptr))
			read_file(r, paths[i]);
	}
	free(seen.items);
	if (!files)
		diag_error(
			r->diags, pattern, 0, 0,
			"there is no such file: without declared accounts it would look as if "
			"everybody had left");
}

static int read_source(struct reading *r, struct str pattern)
{
	size_t errors = r->diags->errors;

	r->first = r->entries->count;
	r->walk = (struct field_walk){&r->scratch, r->diags, &r->names};
	read_files(r, pattern);
	declared_delegates(r);
	declared_check(r);
	free(r->owner);
	free(r->wishes.items);
	free(r->groups.items);
	free(r->formers.items);
	buf_release(&r->names.text);
	arena_release(&r->names.scratch);
	arena_release(&r->scratch);
	arena_release(&r->kept);
	if (r->diags->errors == errors)
		return 0;
	r->entries->count = r->first;
	return -1;
}

int declared_read(struct str pattern, struct str source_name, uint32_t source, int32_t today,
		  struct sym_pool *names, struct entries *out, struct diags *diags)
{
	struct reading reading = {
		.source_name = source_name,
		.source = source,
		.today = today,
		.entries = out,
		.diags = diags,
		.names = {.pool = names},
	};

	return read_source(&reading, pattern);
}

int declared_read_overlay(struct str pattern, struct str source_name, uint32_t source,
			  int32_t today, struct sym_pool *names, struct entries *out,
			  struct diags *diags)
{
	struct reading reading = {
		.source_name = source_name,
		.source = source,
		.overlay = true,
		.today = today,
		.entries = out,
		.diags = diags,
		.names = {.pool = names},
	};

	return read_source(&reading, pattern);
}
