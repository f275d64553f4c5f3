#include "target_world.h"

#define TAKEN(what, who) "Error creating " what " is already taken for " who
#define NOT_ALLOWED "You are not allowed to add this address to your organization."

static const struct rule {
	struct asked asked;
	enum outcome_class class;
	const char *text;   /* how the refusal begins, or the answer */
	const char *before; /* a part of the file … */
	const char *after;  /* … and what stands in its place; NULL: nothing changes */
} rules[] = {
	/* updates */
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_NAME, .name = "Jane Smith"},
	 OUTCOME_DONE,
	 "u1 jane@example.org active [j.doe@example.org] [bob@example.org]",
	 "\"formatted\":\"Jane Doe\"",
	 "\"formatted\":\"Jane Smith\""},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_UNIT | ATTR_MOBILE, .unit = "ICU",
	  .mobile = "+31612345678"},
	 OUTCOME_DONE,
	 "u2 bob@example.org active [] []",
	 "\"more\":18446744073709551615}",
	 "\"more\":18446744073709551615,\"phoneNumbers\":[{\"value\":\"+31612345678\"}]," ENTERPRISE
	 ":{\"division\":\"ICU\"}}"},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_UNIT, .unit = "Oncology"},
	 OUTCOME_FAILED,
	 "Invalid division: Oncology",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u9", ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: u9",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "u1", ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: u1",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "jane@example.org", ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: jane@example.org",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u3", ATTR_ACTIVE, .active = true},
	 OUTCOME_DONE,
	 "u3 kim@example.org active [] []",
	 "kim@example.org\",\"active\":false",
	 "kim@example.org\",\"active\":true"},
	/* aliases */
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ALIASES, .aliases = "new@example.com"},
	 OUTCOME_DONE,
	 "u1 jane@example.org active [new@example.com] [bob@example.org]",
	 "\"aliases\":[\"j.doe@example.org\"]",
	 "\"aliases\":[\"new@example.com\"]"},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_ALIASES, .aliases = "bob@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user bob@example.org: bob@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "info@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "functional info@example.org: info@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "bob@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user bob@example.org: bob@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "bob@elsewhere.example"},
	 OUTCOME_FAILED,
	 NOT_ALLOWED,
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ALIASES, .aliases = "guest@example.org"},
	 OUTCOME_REFUSED,
	 "Error creating alias: Alias is a guest: guest@example.org",
	 NULL,
	 NULL},
	/* addresses */
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "jane@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("account: Address", "user jane@example.org: jane@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("account: Address", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u2", ATTR_ADDRESS, .address = "bob@elsewhere.example"},
	 OUTCOME_FAILED,
	 NOT_ALLOWED,
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ADDRESS, .address = "j.doe@example.org"},
	 OUTCOME_DONE,
	 "u1 j.doe@example.org active [] [bob@example.org]",
	 "jane@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[\"j.doe@example.org\"]",
	 "j.doe@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[]"},
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ADDRESS | ATTR_ALIASES,
	  .address = "j.doe@example.org", .aliases = "jane@example.org"},
	 OUTCOME_DONE,
	 "u1 j.doe@example.org active [jane@example.org] [bob@example.org]",
	 "jane@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[\"j.doe@example.org\"]",
	 "j.doe@example.org\",\"name\":{\"formatted\":\"Jane Doe\"},\"active\":true," USER
	 ":{\"aliases\":[\"jane@example.org\"]"},
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_ADDRESS | ATTR_ALIASES,
	  .address = "j.doe@example.org", .aliases = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("alias: Alias", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_ADDRESS, .address = "desk@example.org"},
	 OUTCOME_DONE,
	 "g1 desk@example.org active [] [bob@example.org,jane@example.org]",
	 "\"externalId\":\"info@example.org\"",
	 "\"externalId\":\"desk@example.org\""},
	/* delegates: only active users, no aliases, no functional accounts, not himself */
	{{REQUEST_UPDATE, KIND_USER, "u1", ATTR_DELEGATES,
	  .delegates = "bob@example.org info@example.org j.doe@example.org jane@example.org "
		       "kim@example.org nobody@example.org"},
	 OUTCOME_DONE,
	 "u1 jane@example.org active [j.doe@example.org] [bob@example.org]",
	 NULL,
	 NULL},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_DELEGATES,
	  .delegates = "jane@example.org kim@example.org nobody@example.org"},
	 OUTCOME_DONE,
	 "g1 info@example.org active [] [jane@example.org]",
	 "[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]",
	 "[{\"value\":\"u1\"}]"},
	{{REQUEST_UPDATE, KIND_FUNCTIONAL, "g1", ATTR_DELEGATES, .delegates = ""},
	 OUTCOME_DONE,
	 "g1 info@example.org suspended [] []",
	 "[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]",
	 "[]"},
	/* suspending */
	{{REQUEST_SUSPEND, KIND_FUNCTIONAL, .id = "g1"},
	 OUTCOME_DONE,
	 "g1 info@example.org suspended [] []",
	 "[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u2\"}]",
	 "[]"},
	{{REQUEST_SUSPEND, KIND_USER, .id = "u2"},
	 OUTCOME_DONE,
	 "u2 bob@example.org suspended [] []",
	 "\"bob@example.org\",\"active\":true",
	 "\"bob@example.org\",\"active\":false"},
	/* deleting */
	{{REQUEST_DELETE, KIND_FUNCTIONAL, .id = "g1"}, OUTCOME_DONE, "", INFO, ""},
	{{REQUEST_DELETE, KIND_USER, .id = "u3"}, OUTCOME_DONE, "", ",\n" KIM, ""},
	{{REQUEST_DELETE, KIND_USER, .id = "g1"},
	 OUTCOME_FAILED,
	 "Unknown account with uuid: g1",
	 NULL,
	 NULL},
	/* creating */
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS, .address = "j.doe@example.org"},
	 OUTCOME_FAILED,
	 TAKEN("account: Address", "user jane@example.org: j.doe@example.org"),
	 NULL,
	 NULL},
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS, .address = "x@elsewhere.example"},
	 OUTCOME_FAILED,
	 NOT_ALLOWED,
	 NULL,
	 NULL},
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_ADDRESS | ATTR_UNIT, .address = "x@example.org",
	  .unit = "/x"},
	 OUTCOME_FAILED,
	 "Invalid division: /x",
	 NULL,
	 NULL},
	{{REQUEST_CREATE, KIND_USER, NULL, ATTR_NAME, .name = "x"},
	 OUTCOME_FAILED,
	 "Error creating account: no address",
	 NULL,
	 NULL},
};

/* ORGANISATION with the first `before` replaced. */
static struct str expected_file(struct arena *arena, const char *before, const char *after)
{
	const char *text = ORGANISATION;
	const char *at = before ? strstr(text, before) : NULL;

	if (!before)
		return str_of(text);
	assert_non_null(at);
	return arena_strf(arena, "%.*s%s%s", (int)(at - text), text, after,
			  at + strlen(before));
}

static void obeys_the_service(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		const struct rule *rule = &rules[i];
		const struct target_outcome *outcome;
		struct buf said = BUF_INIT;
		struct world w;

		open_world(&w);
		put(ORGANISATION);
		list(&w);
		submit(&w, 40 + i, &rule->asked);
		wait_all(&w);
		assert_int_equal(w.outcomes.count, 1);
		outcome = &w.outcomes.items[0];
		assert_int_equal(outcome->number, 40 + i);
		if (outcome->answered)
			describe(&outcome->answer, &said);
		else
			buf_add(&said, outcome->text);
		if (outcome->class != rule->class || !str_starts(buf_str(&said), rule->text))
			fail_msg("rule %zu: %d '%s' instead of '%s'", i, (int)outcome->class,
				 said.ptr ? said.ptr : "", rule->text);
		assert_int_equal(outcome->class == OUTCOME_DONE &&
					 rule->asked.op != REQUEST_DELETE,
				 outcome->answered);
		assert_true(str_is(outcome->refused_attribute,
				   rule->class == OUTCOME_REFUSED ? "alias guest@example.org"
								  : ""));
		assert_string_equal(get(&w.arena).ptr,
				    expected_file(&w.arena, rule->before, rule->after).ptr);
		buf_release(&said);
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(obeys_the_service),
	};

	return run_in_folder(tests, COUNT(tests));
}
