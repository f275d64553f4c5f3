/*
 * Views of a plan. Everything from outside is made safe for where it goes: terminals get it
 * through buf_add_visible(), JSON as escaped strings.
 */
#ifndef ZSCTL_SHOW_H
#define ZSCTL_SHOW_H

#include "plan.h"

struct show_options {
	bool color; /* the caller knows about terminals, --no-color and NO_COLOR */
	bool full; /* every list whole; else what changes nothing in an account is counted, with
		     * examples */
	int64_t now; /* to say that it has expired; 0: leave that to others */
};

/*
 * As people read it: who asks for what and why, what is refused, changes of the policy, whom it
 * concerns when it is long, then the changes in the plan's order with a sign before each (- takes
 * away, + gives, ~ changes), the work for people, what is held, warnings, adoptions, limits, and once
 * more what is refused. The plan must be sorted. What to do next is for the caller to add.
 */
void show_text(const struct plan *plan, const struct show_options *options, struct buf *out);

/*
 * For programs: one pretty-printed object and a line feed. The shape is stable: members are added,
 * never changed or left out; what is not there is null or an empty list. plan->digest is taken as
 * it is: null before plan_write() or plan_read().
 */
void show_json(const struct plan *plan, struct buf *out);
/* JSON Schema (2020-12) of that object: `zsctl schema plan`. */
void show_json_schema(struct buf *out);

#endif
