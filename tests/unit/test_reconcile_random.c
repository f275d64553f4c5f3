/*
 * Random small organisations, as nasty as can be: addresses that move in chains and circles, ids
 * that change hands, people who leave and come back, entries held by accident. For each one:
 *
 *   - the plan does not depend on the order of anything;
 *   - its requests, one by one in the order of the schedule, are such as the target accepts;
 *   - afterwards every address has one owner, and what is protected is as it was;
 *   - nobody comes back to access that the plan takes away;
 *   - and the next plan is empty.
 *
 * A failing organisation is cut down line by line and printed. ZSCTL_RANDOM=N for more of them,
 * ZSCTL_SEED=N for another beginning.
 */
#include "order.h"
#include "scenario.h"

enum { ORGANISATIONS = 3000 };

static uint32_t seed_now;

static uint32_t random_below(uint32_t limit)
{
	seed_now = seed_now * 1664525u + 1013904223u;
	return (seed_now >> 8) % limit;
}

static bool chance(uint32_t percent)
{
	return random_below(100) < percent;
}

/* --- organisations ------------------------------------------------------------------------ */

static const char *const addresses[] = {"a", "b", "c", "d",           "e",
					"f", "g", "h", "x@o.example", "s@scope.example"};
/* The last one only in sources: the target's list holds no account that is out of scope. */
enum { ADDRESSES = sizeof(addresses) / sizeof(addresses[0]), IN_TARGET = ADDRESSES - 1 };

static const char *any_address(void)
{
	return addresses[random_below(ADDRESSES)];
}

static void add_addresses(struct buf *out, const char *key, uint32_t most)
{
	uint32_t count = random_below(most + 1);

	buf_addf(out, " %s=", key);
	for (uint32_t i = 0; i < count; i++)
		buf_addf(out, "%s%s", i ? "," : "", any_address());
}

static void make_configuration(struct buf *out, bool *second)
{
	static const char *const words[] = {
		"suspend=always",        "suspend=never",        "reactivate=always",
		"reactivate=never",      "update=off",           "create=off",
		"functional.update=off", "protect=a@*",          "claimed=example.org",
		"ignore=o.example",      "external_id=declared", "sign_in=password",
		"scope_exclude=s@*",     "protect=zz@*",
	};
	static const char *const options[] = {
		"only=user",
		"only=functional",
		"only=create,suspend",
		"only=update",
		"only=grant,create",
		"only=revoke:functional,suspend",
		"exclude=a@*",
		"include=b@*,c@*,d@*",
		"exclude=c@*,d@*",
		"same_person=a,b",
		"same_person=c,d,e,f",
		"refresh_keys=b*",
		"only=functional,reactivate",
	};

	*second = chance(40);
	if (*second)
		buf_puts(out, chance(30)   ? "cfg source=ad/adds:delegates,aliases\n"
			      : chance(30) ? "cfg source=ad/manage:delegates,aliases\n"
					   : "cfg source=ad\n");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (chance(6))
			buf_addf(out, "cfg %s\n", words[i]);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (chance(3))
			buf_addf(out, "opt %s\n", options[i]);
}

static void make_wants(struct buf *out, bool second)
{
	uint32_t count = random_below(7);

	for (uint32_t i = 0; i < count; i++) {
		bool user = chance(70);

		buf_addf(out, "want %s %s", user ? "user" : "functional", any_address());
		if (second && chance(40))
			buf_puts(out, " source=ad");
		if (chance(45))
			buf_addf(out, " id=%u", (unsigned)random_below(5));
		if (chance(60))
			add_addresses(out, "alias", 2);
		if (chance(user ? 20 : 85))
			add_addresses(out, "delegates", 3);
		if (chance(12))
			buf_addf(out, " was=%s", any_address());
		if (chance(10))
			buf_puts(out, " inactive");
		if (chance(5))
			buf_puts(out, " held=bad");
		if (chance(70))
			buf_puts(out, " name=N");
		if (user && chance(15))
			buf_addf(out, " key=%u", (unsigned)random_below(2));
		buf_char(out, '\n');
	}
}

/* The target has each address once; that much is true of any. */
static void make_target(struct buf *out)
{
	bool taken[ADDRESSES] = {false}, users[ADDRESSES] = {false};
	uint32_t count = random_below(7);
	struct buf rest = BUF_INIT;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = random_below(IN_TARGET);
		bool user = chance(70), suspended = user && chance(25);

		if (taken[at])
			continue;
		taken[at] = true;
		users[at] = user;
		buf_addf(&rest, "is %s %s id=u%u", user ? "user" : "functional", addresses[at],
			 (unsigned)at);
		if (suspended)
			buf_puts(&rest, " suspended");
		if (chance(10))
			buf_addf(&rest, " external=%u", (unsigned)random_below(5));
		if (chance(70))
			buf_puts(&rest, " name=N");
		buf_puts(&rest, " alias=");
		for (uint32_t j = 0; j < 2; j++) {
			uint32_t alias = random_below(IN_TARGET);

			if (taken[alias] || chance(50))
				continue;
			taken[alias] = true;
			buf_addf(&rest, ",%s", addresses[alias]);
		}
		buf_puts(&rest, " delegates=");
		for (uint32_t j = 0; j < ADDRESSES; j++)
			if (users[j] && j != at && chance(user ? 15 : 50))
				buf_addf(&rest, ",%s", addresses[j]);
		buf_char(&rest, '\n');
		if (chance(25))
			continue;
		buf_addf(&rest, "was %s %s id=u%u", user ? "user" : "functional", addresses[at],
			 (unsigned)at);
		if (chance(15))
			buf_puts(&rest, " undesired");
		if (suspended ? chance(70) : (!user && chance(20)))
			buf_puts(&rest, " suspended_by=r1:20");
		if (user && chance(15))
			buf_addf(&rest, " key=%s",
				 chance(30)   ? "lost"
				 : chance(50) ? "0"
					      : "1");
		buf_puts(&rest, " link=");
		if (chance(80))
			buf_addf(&rest, "declared:%s",
				 chance(50) ? ""
					    : (const char *[]){"0", "1", "2", "3", "4"}[i % 5]);
		if (chance(20))
			buf_addf(&rest, ",ad:%s",
				 (const char *[]){"0", "1", "2", "3", "4"}[i % 5]);
		buf_char(&rest, '\n');
	}
	/* Some that are gone. */
	for (uint32_t at = 0; at < ADDRESSES; at++)
		if (!taken[at] && chance(8))
			buf_addf(&rest, "was user %s id=gone%u link=declared:%s\n",
				 addresses[at], (unsigned)at, chance(50) ? "9" : "");
	buf_add(out, buf_str(&rest));
	buf_release(&rest);
}

static void make_organisation(uint32_t seed, struct buf *out)
{
	bool second;

	seed_now = seed * 2654435761u + 12345;
	make_configuration(out, &second);
	make_wants(out, second);
	make_target(out);
}

/* --- a target that does what it is told, and says when it cannot --------------------------------- */

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

static void model_init(struct target_model *m, struct test_world *t, const struct plan *plan)
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

static void remove_sym(const struct sym **items, size_t *count, const struct sym *sym)
{
	for (size_t i = 0; i < *count; i++)
		if (items[i] == sym) {
			items[i] = items[--*count];
			return;
		}
}

static bool has_sym(const struct sym *const *items, size_t count, const struct sym *sym)
{
	for (size_t i = 0; i < count; i++)
		if (items[i] == sym)
			return true;
	return false;
}

static struct person *owner_of(struct target_model *m, const struct sym *address)
{
	for (size_t i = 0; i < m->count; i++)
		if (!m->items[i].gone &&
		    (m->items[i].address == address ||
		     has_sym(m->items[i].aliases, m->items[i].alias_count, address)))
			return &m->items[i];
	return NULL;
}

static struct person *by_id(struct target_model *m, const struct sym *id)
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

static void complain(struct target_model *m, const char *what, struct str which)
{
	buf_addf(&m->problem, "%s %.*s\n", what, STR_FMT(which));
}

static void do_take(struct target_model *m, struct person *person,
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

static void claim_address(struct target_model *m, struct person *person,
			  const struct sym *address)
{
	struct person *owner = owner_of(m, address);

	if (owner && owner != person)
		complain(m, "claimed, and not free:", sym_str(address));
}

/* Access that the plan takes away must be gone when somebody comes back. */
static void check_return(struct target_model *m, const struct person *person)
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

static void do_set(struct target_model *m, struct person *person,
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

static void do_add(struct target_model *m, struct person *person,
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

static void execute(struct target_model *m)
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

static void write_person(struct target_model *m, const struct person *person, struct buf *out)
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

static void remember_link(struct memory *memory, struct str source, struct str digest)
{
	for (size_t i = 0; i < memory->link_count; i++)
		if (str_eq(memory->links[i].source, source)) {
			memory->links[i].digest = digest;
			return;
		}
	memory->links[memory->link_count++] = (struct plan_link){source, digest};
}

static bool remember_recorded(const struct target_model *m, const struct person *person,
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

static bool remember_change(struct target_model *m, const struct person *person,
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

static void write_memory(const struct person *person, const struct memory *memory,
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
static bool is_of_gone(struct target_model *m, struct str line)
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

static void write_after(struct target_model *m, const char *before, struct buf *out)
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

/* --- properties --------------------------------------------------------------------------- */

static void check_owners(struct target_model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct person *person = &m->items[i];

		if (person->gone)
			continue;
		if (owner_of(m, person->address) != person)
			complain(m, "two have", sym_str(person->address));
		for (size_t j = 0; j < person->alias_count; j++)
			if (owner_of(m, person->aliases[j]) != person ||
			    person->aliases[j] == person->address)
				complain(m, "two have", sym_str(person->aliases[j]));
	}
}

static void check_text(struct target_model *m)
{
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < m->plan->changes.count; i++) {
		const struct plan_change *change = &m->plan->changes.items[i];

		if (change->because.len == 0)
			complain(m, "no because:", change->address);
		if (change->expect.len == 0)
			complain(m, "no expect:", change->address);
	}
	for (size_t i = 0; i < m->plan->manual.count; i++)
		if (m->plan->manual.items[i].problem.len == 0 ||
		    m->plan->manual.items[i].todo.len == 0)
			complain(m, "manual without words:", m->plan->manual.items[i].account);
	if (guard_protected(&m->t->config, m->plan, &err) != 0)
		complain(m, "guarded:", str_of(err.text));
	buf_release(&text);
}

static void plan_lines(const char *text, uint32_t seed, struct buf *out)
{
	const struct scenario scenario = {"", text, "", NULL, true};
	char counts[64];

	plan_of(&scenario, seed, out, counts);
	buf_puts(out, counts);
}

static bool is_line_of_plan(struct str line)
{
	return line.len > 0 && !str_starts(line, "manual ") && !str_starts(line, "held ") &&
	       !str_starts(line, "warning ");
}

static void check_next(struct target_model *m, const struct buf *after)
{
	struct buf next = BUF_INIT;
	const struct scenario scenario = {"", after->ptr, "", NULL, true};
	struct str rest, line;
	char counts[64];

	plan_of(&scenario, 0, &next, counts);
	rest = buf_str(&next);
	while (str_split(&rest, '\n', &line))
		if (is_line_of_plan(line))
			complain(m, "the next plan is not empty:", line);
	buf_release(&next);
}

/* What is wrong with this organisation; false: nothing. */
static bool find_problem(const char *text, struct buf *problem)
{
	struct test_world t;
	struct reconcile_input input;
	struct plan plan;
	static struct target_model m;
	struct buf first = BUF_INIT, other = BUF_INIT, after = BUF_INIT;

	world_read(&t, text, 0);
	input = world_input(&t);
	plan_init(&plan);
	reconcile(&input, &plan, NULL);
	plan_sort(&plan);
	model_init(&m, &t, &plan);
	check_text(&m);
	execute(&m);
	check_owners(&m);
	plan_lines(text, 0, &first);
	plan_lines(text, 77, &other);
	if (!str_eq(buf_str(&first), buf_str(&other)))
		complain(&m, "the order of lines matters:", buf_str(&other));
	write_after(&m, text, &after);
	if (m.problem.len == 0)
		check_next(&m, &after);
	if (m.problem.len > 0)
		buf_addf(problem, "%.*s--- plan\n%.*s\n--- afterwards\n%.*s",
			 STR_FMT(buf_str(&m.problem)), STR_FMT(buf_str(&first)),
			 STR_FMT(buf_str(&after)));
	buf_release(&m.problem);
	buf_release(&first);
	buf_release(&other);
	buf_release(&after);
	plan_release(&plan);
	world_free(&t);
	return problem->len > 0;
}

/* The text without its line number `line`; false when it has no such line. */
static bool without_line(const char *text, size_t line, struct buf *out)
{
	struct str rest = str_of(text), part;
	size_t number = 0;
	bool found = false;

	while (str_split(&rest, '\n', &part)) {
		if (number++ == line)
			found = part.len > 0;
		else if (part.len > 0)
			buf_addf(out, "%.*s\n", STR_FMT(part));
	}
	return found;
}

static void shrink(struct buf *text)
{
	for (size_t line = 0;;) {
		struct buf smaller = BUF_INIT, problem = BUF_INIT;

		if (!without_line(text->ptr, line, &smaller)) {
			buf_release(&smaller);
			return;
		}
		/* Entries name their source. */
		if (smaller.ptr &&
		    (!strstr(text->ptr, "cfg source") || strstr(smaller.ptr, "cfg source")) &&
		    find_problem(smaller.ptr, &problem)) {
			buf_release(text);
			*text = smaller;
			line = 0;
		} else {
			buf_release(&smaller);
			line++;
		}
		buf_release(&problem);
	}
}

static uint32_t number_from(const char *name, uint32_t otherwise)
{
	const char *text = getenv(name);
	uint64_t number;

	return text && str_to_u64(str_of(text), &number) ? (uint32_t)number : otherwise;
}

static void test_random(void **state)
{
	const uint32_t first = number_from("ZSCTL_SEED", 1);
	const uint32_t count = number_from("ZSCTL_RANDOM", ORGANISATIONS);

	(void)state;
	for (uint32_t seed = first; seed < first + count; seed++) {
		struct buf text = BUF_INIT, problem = BUF_INIT;

		make_organisation(seed, &text);
		if (text.ptr && find_problem(text.ptr, &problem)) {
			shrink(&text);
			buf_clear(&problem);
			find_problem(text.ptr, &problem);
			print_error("seed %u:\n%s%s", (unsigned)seed, text.ptr, problem.ptr);
			buf_release(&text);
			buf_release(&problem);
			fail();
		}
		buf_release(&text);
		buf_release(&problem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};
	struct err err = ERR_INIT;

	if (base_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
