/*
 * Requests that no client sends: random ones over a few names, so that everything meets everything,
 * and bodies with bytes changed. After each the organisation must still be in order, in memory and
 * as it is served, and nothing may crash (run it with sanitizers).
 */
#include "service_world.h"

enum { ROUNDS = 60, REQUESTS = 250, ADDRESSES = 12 };

static uint64_t seed;

static unsigned chance(unsigned of)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % of;
}

/* --- the organisation is in order ----------------------------------------------------------- */

struct count {
	size_t names, addresses;
};

static void check_extension(const struct resource *r, struct str text)
{
	struct str extension = text_find(text, wires[r->kind].extension);
	struct str rest = text_inside(text_find(extension, "aliases")), value;

	for (size_t i = 0; i < r->aliases.count; i++) {
		assert_true(text_element(&rest, &value));
		assert_true(str_eq((struct str){value.ptr + 1, value.len - 2},
				   sym_str(r->aliases.items[i])));
	}
	assert_false(text_element(&rest, &value));
	assert_null(text_find(extension, "SsoAccountKey").ptr);
}

static void check_resource(const struct state *state, const struct resource *r,
			   struct count *count)
{
	struct err err = ERR_INIT;
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct str address = text_find_string(r->text, wires[r->kind].address, &arena);

	if (json_check(r->text, &err))
		fail_msg("%s: %.*s", err.text, STR_FMT(r->text));
	assert_ptr_equal(state_by_id(state, sym_str(r->id)), r);
	assert_ptr_equal(state_by_address(state, sym_str(r->primary)), r);
	assert_true(str_eq(text_lower(address, &arena), sym_str(r->primary)));
	for (size_t i = 0; i < r->aliases.count; i++) {
		assert_ptr_equal(state_by_address(state, sym_str(r->aliases.items[i])), r);
		assert_ptr_not_equal(r->aliases.items[i], r->primary);
	}
	for (size_t i = 0; i < r->delegates.count; i++) {
		const struct delegate *one = &r->delegates.items[i];

		assert_int_equal(one->user->kind, USER);
		assert_ptr_not_equal(one->user, r);
		assert_true(one->place < one->user->named_by.count);
		assert_ptr_equal(one->user->named_by.items[one->place].by, r);
		assert_int_equal(one->user->named_by.items[one->place].place, i);
	}
	check_extension(r, r->text);
	count->names += r->delegates.count;
	count->names -= r->named_by.count;
	count->addresses += 1 + r->aliases.count;
}

static void check_state(const struct state *state)
{
	struct count count = {0, 0};
	size_t owned = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		const struct list *list = &state->lists[kind];
		size_t live = 0;

		for (size_t i = 0; i < list->count; i++) {
			if (!list->items[i])
				continue;
			assert_int_equal(list->items[i]->place, i);
			check_resource(state, list->items[i], &count);
			live++;
		}
		assert_int_equal(list->live, live);
	}
	assert_int_equal(count.names, 0);
	for (size_t i = 0; i < state->addresses.of.count; i++)
		owned += state->addresses.of.items[i].resource != NULL;
	assert_int_equal(owned, count.addresses);
}

static void check_answer(const struct world *w)
{
	struct err err = ERR_INIT;

	assert_in_range(w->answer.status, 200, 409);
	if (w->answer.body && strncmp(w->answer.content_type, "text", 4) != 0 &&
	    json_check(body_of(w), &err))
		fail_msg("%s: %.*s", err.text, STR_FMT(body_of(w)));
}

/* --- random requests ------------------------------------------------------------------------ */

static void add_address(struct buf *out)
{
	static const char *const odd[] = {"guest@example.org", "free@example.org",
					  "a@example.net", "none"};
	unsigned number = chance(ADDRESSES + 1);

	if (number == ADDRESSES)
		buf_addf(out, "\"%s\"", odd[chance(COUNT(odd))]);
	else
		buf_addf(out, "\"%c@example.org\"", 'a' + (char)number);
}

static const char *random_id(const struct state *state)
{
	const struct list *list = &state->lists[chance(KIND_COUNT)];
	const struct resource *r = list->count > 0 ? list->items[chance((unsigned)list->count)]
						   : NULL;

	return r ? r->id->text : NOBODY;
}

static void add_list(struct buf *out, const char *name, unsigned most,
		     void (*add)(struct buf *out))
{
	unsigned count = chance(most + 1);

	buf_addf(out, "\"%s\":[", name);
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			buf_char(out, ',');
		add(out);
	}
	buf_char(out, ']');
}

static const struct state *random_state;

static void add_member(struct buf *out)
{
	buf_addf(out, "{\"value\":\"%s\"}", random_id(random_state));
}

static void add_resource(struct buf *out, enum kind kind)
{
	buf_addf(out, "{\"%s\":", wires[kind].address);
	add_address(out);
	if (chance(2))
		buf_addf(out, ",\"active\":%s", chance(2) ? "true" : "false");
	if (chance(4) == 0)
		buf_puts(out, ",\"name\":{\"formatted\":\"\\u00e9\\\"\\\\\"},\"x\\u0079\":1e5");
	if (chance(6) == 0)
		buf_puts(out, ",\"" ENTERPRISE "\":{\"division\":\"Cardiology\"}");
	if (chance(6) > 0) {
		buf_addf(out, ",\"%s\":{", wires[kind].extension);
		add_list(out, "aliases", 2, add_address);
		if (chance(6) > 0) {
			buf_char(out, ',');
			add_list(out, "delegates", 3, add_address);
		}
		if (chance(3) == 0)
			buf_puts(out, ",\"\\u0053soAccountKey\":\"K\"");
		buf_char(out, '}');
	}
	if (chance(6) > 0) {
		buf_char(out, ',');
		add_list(out, "members", 3, add_member);
	}
	buf_char(out, '}');
}

static void add_patch(struct buf *out)
{
	buf_puts(out, "{\"Operations\":[");
	if (chance(2)) {
		buf_puts(out, "{\"op\":\"remove\",\"path\":\"members\"}");
	} else {
		buf_puts(out, "{\"op\":\"replace\",\"path\":\"members\",");
		add_list(out, "value", 3, add_member);
		buf_char(out, '}');
	}
	buf_puts(out, "]}");
}

static void add_portal(struct buf *out)
{
	unsigned what = chance(4);
	enum kind kind = (enum kind)chance(KIND_COUNT);

	if (what == 0) {
		buf_puts(out, "{\"delete\":");
		add_address(out);
	} else if (what == 1) {
		buf_addf(out,
			 "{\"create\":\"%s\",\"resource\":", kind == USER ? "user" : "group");
		add_resource(out, kind);
	} else {
		buf_puts(out, "{\"edit\":");
		add_address(out);
		buf_puts(out, ",\"merge\":");
		add_resource(out, kind);
	}
	buf_char(out, '}');
}

/* Changes, inserts, takes away or doubles some bytes. */
static void spoil(struct buf *body)
{
	static const char bytes[] = "{}[]\",:\\u0eE-+. \n\x01\x80\xff/@";

	for (unsigned times = 1 + chance(3); times > 0 && body->len > 0; times--) {
		unsigned at = chance((unsigned)body->len), length = 1 + chance(8);
		struct buf out = BUF_INIT;

		if (length > body->len - at)
			length = (unsigned)body->len - at;
		buf_add(&out, (struct str){body->ptr, at});
		switch (chance(4)) {
		case 0:
			buf_char(&out, bytes[chance(sizeof(bytes) - 1)]);
			length = 1;
			break;
		case 1:
			buf_char(&out, bytes[chance(sizeof(bytes) - 1)]);
			length = 0;
			break;
		case 2:
			break;
		case 3:
			buf_add(&out, (struct str){body->ptr + at, length});
			length = 0;
			break;
		}
		buf_add(&out, (struct str){body->ptr + at + length, body->len - at - length});
		buf_release(body);
		*body = out;
	}
}

static void ask_something(struct world *w)
{
	static const char *const methods[] = {"POST",  "PUT",    "PUT", "PUT",
					      "PATCH", "DELETE", "GET"};
	enum kind kind = (enum kind)chance(KIND_COUNT);
	const char *method = methods[chance(chance(3) ? 4 : COUNT(methods))];
	struct buf body = BUF_INIT, target = BUF_INIT;
	bool portal = chance(8) == 0;

	random_state = &w->state;
	buf_addf(&target, "/scim/v2/%s", wires[kind].collection);
	if (strcmp(method, "POST") != 0 && (strcmp(method, "GET") != 0 || chance(2)))
		buf_addf(&target, "/%s", random_id(&w->state));
	if (portal)
		add_portal(&body);
	else if (strcmp(method, "PATCH") == 0)
		add_patch(&body);
	else
		add_resource(&body, kind);
	if (chance(5) == 0)
		spoil(&body);
	if (chance(40) == 0)
		spoil(&target);
	if (portal) {
		act_in_portal(w, buf_str(&body));
	} else {
		ask(w, method, buf_str(&target), buf_str(&body));
		check_answer(w);
	}
	buf_release(&body);
	buf_release(&target);
}

static void add_switches(struct buf *out)
{
	static const char *const settings[] = {
		"suspended-delegate=removed", "suspended-delegate=hidden",
		"renamed-delegate=removed",   "renamed-delegate=stale",
		"suspended-member=dropped",   "suspended-member=refused",
		"old-primary=alias",          "swap=refused",
		"keyless-suspend=breaks",     "create-drops=none",
		"create-drops=aliases",       "create-drops=delegates",
		"create-answer=bare",         "no-extension=keeps",
		"empty-members=rest",         "own-member=shown",
		"patch-answer=empty",         "unknown-id=404",
		"error-body=plain",           "paging=3",
	};

	buf_puts(out, "swap=allowed");
	for (size_t i = 0; i < COUNT(settings); i++) {
		if (chance(3) == 0)
			buf_addf(out, " %s", settings[i]);
	}
}

/* What is saved is read again as the same, but for what is not shown. */
static void check_saved(struct world *w)
{
	struct world again = {.answer = {.status = 0}};
	struct err err = ERR_INIT;
	struct str saved;

	save(w);
	saved = arena_strf(&w->arena, "%.*s}", STR_FMT(body_of(w)));
	again.unknowns = w->unknowns;
	again.state.unknowns = &again.unknowns;
	if (load_text(&again.state, saved, &err))
		fail_msg("%s", err.text);
	check_state(&again.state);
	save(&again);
	if (w->unknowns.renamed_delegate != RENAMED_STALE)
		assert_true(str_eq(body_of(&again), body_of(w)));
	world_close(&again);
}

static void test_random(void **context)
{
	unsigned changed = 0;

	(void)context;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		struct buf switches = BUF_INIT;
		struct world w;

		seed = round;
		if (round > ROUNDS / 4)
			add_switches(&switches);
		world_open(&w, switches.ptr, ORGANIZATION);
		for (unsigned i = 0; i < REQUESTS; i++) {
			ask_something(&w);
			changed += w.answer.changed;
			check_state(&w.state);
			if (i % 50 == 0)
				check_saved(&w);
		}
		world_close(&w);
		buf_release(&switches);
	}
	/* Else it has tested refusals only. */
	assert_true(changed > ROUNDS * REQUESTS / 20);
}

/* --- by hand -------------------------------------------------------------------------------- */

static void test_bodies(void **context)
{
	static const char *const bodies[] = {
		"",
		" ",
		"null",
		"5",
		"[]",
		"'x'",
		"{",
		"{}{}",
		"{'userName'}",
		"{'userName':'a@example.org'",
		"{'userName':'a@example.org','userName':'b@example.org'}",
		"{'userName':'a@example.org','user\\u004eame':'b@example.org'}",
		"{'userName':'a\\u0000@example.org'}",
		"{'userName':'\\ud800@example.org'}",
		"{'userName':'\xff@example.org'}",
		"\xef\xbb\xbf{'userName':'a@example.org'}",
		"{'userName':['a@example.org']}",
		"{'userName':'a@example.org'," U_EXT ":{'SsoAccountKey':{}}}",
		"{'a':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	};
	struct world w;

	(void)context;
	world_open(&w, "create-drops=none", ORGANIZATION);
	for (size_t i = 0; i < COUNT(bodies); i++) {
		take_step(&w, &(struct step){"POST", USERS, bodies[i], 400}, bodies[i]);
		take_step(&w, &(struct step){"PUT", USERS "/" JANE, bodies[i], 400}, bodies[i]);
		take_step(&w, &(struct step){"PATCH", GROUPS "/" INFO, bodies[i], 400},
			  bodies[i]);
	}
	check_state(&w.state);
	world_close(&w);
}

/* Names with escapes are the same names. */
static void test_escaped_names(void **context)
{
	struct world w;

	(void)context;
	world_open(&w, "", ORGANIZATION);
	take_step(&w,
		  &(struct step){
			  "PUT", USERS "/" JANE,
			  " {'\\u0075serName' : 'Jane@example.org', '\\u0069d':'1', "
			  "'m\\u0065ta':5, '\\u0041\\'b':'\\u0041', "
			  "'urn:ietf:params:scim:schemas:zivver:0\\u002e1:User':"
			  "{'\\u0053soAccountKey':'K','a\\u006ciases':['\\u0061@example.org'"
			  "]}} ",
			  200, "'aliases':['a@example.org']", "K"},
		  "escapes");
	check_state(&w.state);
	take_step(&w,
		  &(struct step){"GET", USERS "/" JANE, "", 200,
				 "'userName':'Jane@example.org'"},
		  "escapes");
	take_step(&w, &(struct step){"SAVE", "", "", 200, NULL, "broken"}, "escapes");
	world_close(&w);
}

/* Much of everything costs what it is long, not more. */
static void test_long_lists(void **context)
{
	enum { MANY = 30000 };
	struct buf body = BUF_INIT;
	struct world w;

	(void)context;
	world_open(&w, "", ORGANIZATION);
	buf_puts(&body,
		 "{\"userName\":\"jane@example.org\",\"urn:ietf:params:scim:schemas:zivver:"
		 "0.1:User\":{\"aliases\":[\"x@example.org\"");
	for (int i = 0; i < MANY; i++)
		buf_addf(&body, ",\"x%d@example.org\",\"x%d@EXAMPLE.org\"", i, i / 2);
	buf_puts(&body, "],\"delegates\":[\"bob@example.org\"");
	for (int i = 0; i < MANY; i++)
		buf_puts(&body, ",\"bob@example.org\",\"info@example.org\"");
	buf_puts(&body, "]}}");
	ask(&w, "PUT", STR(USERS "/" JANE), buf_str(&body));
	assert_int_equal(w.answer.status, 200);
	assert_int_equal(state_by_id(&w.state, STR(JANE))->aliases.count, MANY + 1);
	assert_int_equal(state_by_id(&w.state, STR(JANE))->delegates.count, 1);
	check_state(&w.state);
	buf_release(&body);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_escaped_names),
		cmocka_unit_test(test_long_lists),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
