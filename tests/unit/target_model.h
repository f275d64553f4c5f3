/*
 * A target in memory that carries out a plan's schedule step by step and complains of steps that no
 * target would accept; and what it and the record hold afterwards, in the notation of world.h.
 */
#ifndef ZSCTL_TEST_TARGET_MODEL_H
#define ZSCTL_TEST_TARGET_MODEL_H

#include "order.h"
#include "world.h"

enum { MOST = 64 };

struct person {
	enum account_kind kind;
	bool active, gone;
	const struct sym *id, *address, *name;
	const struct sym *aliases[MOST], *readers[MOST]; /* readers by id */
	size_t alias_count, reader_count;
};

struct target_model {
	struct test_world *t;
	const struct plan *plan;
	struct person items[MOST];
	size_t count;
	struct buf problem;
};

static inline void model_init(struct target_model *m, struct test_world *t,
			      const struct plan *plan)
{
	*m = (struct target_model){.t = t, .plan = plan};
	for (size_t i = 0; i < t->current.count; i++) {
		const struct account *account = &t->current.items[i];
		struct person *person = &m->items[m->count++];

		*person = (struct person){.kind = account->kind,
					  .active = account->active,
					  .id = account->id,
					  .address = account->address,
					  .name = account->name};
		for (uint32_t j = 0; j < account->aliases.count; j++)
			person->aliases[person->alias_count++] = account->aliases.items[j];
		for (uint32_t j = 0; j < account->delegates.count; j++)
			for (size_t k = 0; k < t->current.count; k++)
				if (t->current.items[k].address ==
				    account->delegates.items[j].address)
					person->readers[person->reader_count++] =
						t->current.items[k].id;
	}
}

static inline void remove_sym(const struct sym **items, size_t *count, const struct sym *sym)
{
	for (size_t i = 0; i < *count; i++)
		if (items[i] == sym) {
			items[i] = items[--*count];
			return;
		}
}

static inline bool has_sym(const struct sym *const *items, size_t count, const struct sym *sym)
{
	for (size_t i = 0; i < count; i++)
		if (items[i] == sym)
			return true;
	return false;
}

static inline struct person *owner_of(struct target_model *m, const struct sym *address)
{
	for (size_t i = 0; i < m->count; i++)
		if (!m->items[i].gone &&
		    (m->items[i].address == address ||
		     has_sym(m->items[i].aliases, m->items[i].alias_count, address)))
			return &m->items[i];
	return NULL;
}

static inline struct person *by_id(struct target_model *m, const struct sym *id)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].id == id)
			return &m->items[i];
	return NULL;
}

static const struct sym *id_of_change(struct target_model *m, const struct plan_change *change)
{
	if (change->id.len > 0)
		return sym_get(&m->t->names, change->id);
	return sym_get(&m->t->names,
		       arena_strf(&m->t->arena, "new-%.*s", STR_FMT(change->address)));
}

/* The id that had this primary address when the plan was made. */
static const struct sym *id_before(struct target_model *m, struct str address)
{
	for (size_t i = 0; i < m->t->current.count; i++)
		if (str_eq(sym_str(m->t->current.items[i].address), address))
			return m->t->current.items[i].id;
	return NULL;
}

static inline void complain(struct target_model *m, const char *what, struct str which)
{
	buf_addf(&m->problem, "%s %.*s\n", what, STR_FMT(which));
}

static inline void do_take(struct target_model *m, struct person *person,
			   const struct plan_change *change)
{
	for (size_t i = 0; i < change->aliases_remove.count; i++)
		remove_sym(person->aliases, &person->alias_count,
			   sym_get(&m->t->names, change->aliases_remove.items[i]));
	for (size_t i = 0; i < change->delegates_remove.count; i++)
		remove_sym(person->readers, &person->reader_count,
			   id_before(m, change->delegates_remove.items[i].address));
	if (change->action != ACTION_SUSPEND)
		return;
	if (person->kind == KIND_FUNCTIONAL)
		person->reader_count = 0;
	else
		person->active = false;
}

static inline void claim_address(struct target_model *m, struct person *person,
				 const struct sym *address)
{
	struct person *owner = owner_of(m, address);

	if (owner && owner != person)
		complain(m, "claimed, and not free:", sym_str(address));
}

/* Access that the plan takes away must be gone when somebody comes back. */
static inline void check_return(struct target_model *m, const struct person *person)
{
	for (size_t i = 0; i < m->plan->changes.count; i++) {
		const struct plan_change *change = &m->plan->changes.items[i];

		for (size_t j = 0; j < change->delegates_remove.count; j++) {
			const struct person *read = by_id(m, id_of_change(m, change));

			if (id_before(m, change->delegates_remove.items[j].address) ==
				    person->id &&
			    has_sym(read->readers, read->reader_count, person->id))
				complain(m, "comes back too early:", sym_str(person->id));
		}
	}
}

static inline void do_set(struct target_model *m, struct person *person,
			  const struct plan_change *change)
{
	const struct sym *address = sym_get(&m->t->names, change->rename.set ? change->rename.to
									     : change->address);

	if (change->action == ACTION_DELETE) {
		person->gone = true;
		return;
	}
	if (change->rename.set || change->action == ACTION_CREATE) {
		claim_address(m, person, address);
		person->address = address;
		remove_sym(person->aliases, &person->alias_count, address);
	}
	if (change->name.set)
		person->name = sym_get(&m->t->names, change->name.to);
	if (change->action == ACTION_REACTIVATE && person->kind == KIND_USER) {
		check_return(m, person);
		person->active = true;
	}
}

static inline void do_add(struct target_model *m, struct person *person,
			  const struct plan_change *change)
{
	for (size_t i = 0; i < change->aliases_add.count; i++) {
		const struct sym *alias = sym_get(&m->t->names, change->aliases_add.items[i]);

		claim_address(m, person, alias);
		if (owner_of(m, alias) == person)
			complain(m, "added, and there already:", sym_str(alias));
		person->aliases[person->alias_count++] = alias;
	}
	for (size_t i = 0; i < change->delegates_add.count; i++) {
		const struct sym *address = sym_get(&m->t->names,
						    change->delegates_add.items[i].address);
		struct person *reader = owner_of(m, address);

		if (!reader || reader->address != address || reader->kind != KIND_USER ||
		    !reader->active) {
			complain(m, "a delegate who is no active user:", sym_str(address));
			continue;
		}
		if (has_sym(person->readers, person->reader_count, reader->id))
			complain(m, "granted, and granted already:", sym_str(address));
		person->readers[person->reader_count++] = reader->id;
	}
}

static inline void execute(struct target_model *m)
{
	struct arena arena = ARENA_INIT;
	struct schedule schedule;

	schedule_make(&arena, m->plan, &schedule);
	for (uint32_t i = 0; i < schedule.count; i++) {
		const struct step *step = &schedule.steps[i];
		const struct plan_change *change = &m->plan->changes.items[step->change];
		const struct sym *id = id_of_change(m, change);
		struct person *person = by_id(m, id);

		if (!person) {
			person = &m->items[m->count++];
			*person =
				(struct person){.kind = change->kind, .active = true, .id = id};
		}
		if (step->parts & PART_TAKE)
			do_take(m, person, change);
		if (step->parts & PART_SET)
			do_set(m, person, change);
		if (step->parts & PART_ADD)
			do_add(m, person, change);
	}
	arena_release(&arena);
}

/* --- the organisation afterwards, as text again ---------------------------------------------------- */

static inline void write_person(struct target_model *m, const struct person *person,
				struct buf *out)
{
	buf_addf(out, "is %s %s id=%s name=%s alias=", kind_names[person->kind],
		 person->address->text, person->id->text,
		 person->name ? person->name->text : "");
	for (size_t i = 0; i < person->alias_count; i++)
		buf_addf(out, ",%s", person->aliases[i]->text);
	buf_puts(out, " delegates=");
	for (size_t i = 0; i < person->reader_count; i++)
		if (!by_id(m, person->readers[i])->gone)
			buf_addf(out, ",%s", by_id(m, person->readers[i])->address->text);
	for (size_t i = 0; i < m->t->current.count; i++)
		if (m->t->current.items[i].id == person->id &&
		    m->t->current.items[i].external_id)
			buf_addf(out, " external=%s", m->t->current.items[i].external_id->text);
	buf_puts(out,
		 person->active || person->kind == KIND_FUNCTIONAL ? "\n" : " suspended\n");
}

struct memory {
	bool desired;
	const struct sym *suspended_by;
	int32_t suspended_since;
	struct str key;
	struct plan_link links[8];
	size_t link_count;
};

static inline void remember_link(struct memory *memory, struct str source, struct str digest)
{
	for (size_t i = 0; i < memory->link_count; i++)
		if (str_eq(memory->links[i].source, source)) {
			memory->links[i].digest = digest;
			return;
		}
	memory->links[memory->link_count++] = (struct plan_link){source, digest};
}

static inline bool remember_recorded(const struct target_model *m, const struct person *person,
				     struct memory *memory)
{
	for (size_t i = 0; i < m->t->recorded.count; i++) {
		const struct recorded_account *r = &m->t->recorded.items[i];

		if (r->account.id != person->id)
			continue;
		*memory = (struct memory){.desired = r->desired_since != DATE_NONE,
					  .suspended_by = r->suspended_by,
					  .suspended_since = r->suspended_since,
					  .key = sym_str(r->key)};
		for (uint32_t j = 0; j < r->link_count; j++)
			remember_link(memory, sym_str(r->links[j].source),
				      sym_str(r->links[j].digest));
		return true;
	}
	return false;
}

static inline bool remember_change(struct target_model *m, const struct person *person,
				   struct memory *memory)
{
	bool known = false;

	for (size_t i = 0; i < m->plan->changes.count; i++) {
		const struct plan_change *change = &m->plan->changes.items[i];

		if (id_of_change(m, change) != person->id)
			continue;
		known = true;
		memory->link_count = 0;
		for (size_t j = 0; j < change->link_count; j++)
			remember_link(memory, change->links[j].source, change->links[j].digest);
		if (change->key.len > 0)
			memory->key = change->key;
		if (change->action == ACTION_SUSPEND) {
			memory->suspended_by = sym_get(&m->t->names, STR("r2"));
			memory->suspended_since = TODAY;
		} else {
			memory->suspended_by = NULL;
			memory->desired = true;
		}
	}
	for (size_t i = 0; i < m->plan->adopt.count; i++) {
		const struct plan_adopt *adopt = &m->plan->adopt.items[i];

		if (!str_eq(adopt->id, sym_str(person->id)))
			continue;
		known = true;
		memory->desired = true;
		remember_link(memory, adopt->source, adopt->link);
	}
	return known;
}

static inline void write_memory(const struct person *person, const struct memory *memory,
				struct buf *out)
{
	buf_addf(out, "was %s %s id=%s", kind_names[person->kind], person->address->text,
		 person->id->text);
	if (!memory->desired)
		buf_puts(out, " undesired");
	if (memory->suspended_by)
		buf_addf(out, " suspended_by=%s:%d", memory->suspended_by->text,
			 (int)memory->suspended_since);
	if (memory->key.len > 0)
		buf_addf(out, " key=%.*s", STR_FMT(memory->key));
	buf_puts(out, " link=");
	for (size_t i = 0; i < memory->link_count; i++)
		buf_addf(out, "%s%.*s:%.*s", i ? "," : "", STR_FMT(memory->links[i].source),
			 STR_FMT(memory->links[i].digest));
	buf_char(out, '\n');
}

/* A recorded account that the target does not have any more. */
static inline bool is_of_gone(struct target_model *m, struct str line)
{
	struct str word;

	if (!str_starts(line, "was "))
		return false;
	while (str_split(&line, ' ', &word))
		if (str_starts(word, "id="))
			return !by_id(m, sym_get(&m->t->names,
						 (struct str){word.ptr + 3, word.len - 3}));
	return false;
}

static inline void write_after(struct target_model *m, const char *before, struct buf *out)
{
	struct str rest = str_of(before), line;

	/* What is asked for once is not asked for again. */
	while (str_split(&rest, '\n', &line))
		if (str_starts(line, "cfg ") ||
		    (str_starts(line, "opt ") && !str_starts(line, "opt refresh")) ||
		    str_starts(line, "want ") || is_of_gone(m, line))
			buf_addf(out, "%.*s\n", STR_FMT(line));
	for (size_t i = 0; i < m->count; i++) {
		struct memory memory = {.desired = false};
		bool known;

		if (m->items[i].gone)
			continue;
		write_person(m, &m->items[i], out);
		known = remember_recorded(m, &m->items[i], &memory);
		known |= remember_change(m, &m->items[i], &memory);
		if (known)
			write_memory(&m->items[i], &memory, out);
	}
}

#endif
