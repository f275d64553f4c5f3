/*
 * What a plan expects of the accounts it changes: computed when it is made, and again by apply.
 *
 * The digest of an account must be the same at both times when nobody else touched it, and while
 * the plan is being carried out too: what the plan does to *other* accounts (a delegate that it
 * suspends, renames, creates or reactivates) must not read as a change of this one.
 *
 *   - Delegates count by target id, so a rename of theirs is none of ours.
 *   - They count when they are active users or become active by this plan, and not when this plan
 *     suspends or deletes them: services differ in whether those stay listed.
 *   - A functional account is active when a delegate counts.
 *   - Of a user who is reactivated the accounts that he then reads again count too, by target id:
 *     those that list him, without those where this plan gives or takes him. One that the plan's
 *     `reads:` does not name fits no digest.
 */
#ifndef ZSCTL_EXPECT_H
#define ZSCTL_EXPECT_H

#include "plan.h"

/*
 * Who is where in one listing: by target id, and by any address of theirs (a user's primary
 * address before a functional account's, primaries before aliases). O(1) by symbol number; symbols
 * younger than the index are unknown to it. Valid as long as the accounts and the pool.
 */
struct accounts_index {
	const struct accounts *accounts;
	uint32_t *by_address, *by_id; /* index + 1; 0: nobody */
	uint32_t size;                /* symbols */
};
void accounts_index_init(struct accounts_index *index, const struct accounts *accounts,
			 const struct sym_pool *names);
void accounts_index_release(struct accounts_index *index);
/* NULL: nobody. */
const struct account *accounts_owner(const struct accounts_index *index,
				     const struct sym *address);
const struct account *accounts_by_id(const struct accounts_index *index, const struct sym *id);

/* A listing seen through a plan. */
struct expect_world {
	const struct accounts_index *index;
	const struct sym_pool *names;
	const struct plan *plan;
	uint32_t *entry; /* change + 1 by index in the accounts; 0: none */
	/* Only when somebody comes back: change + 1 by symbol number of an account's address; and
	 * for change i the accounts listed[listed_start[i]] … listed[listed_start[i + 1] - 1]. */
	uint32_t *entry_at, *listed_start, *listed;
};
/* `created`: by change the target id of what this plan has created so far, or NULL; the array may
 * be NULL. The index, the pool and the plan must outlive the world. */
void expect_init(struct expect_world *world, const struct accounts_index *index,
		 const struct sym_pool *names, const struct plan *plan,
		 const struct sym *const *created);
void expect_release(struct expect_world *world);

/* An account that the user of a reactivation would read again without the plan saying so; NULL:
 * there is none. */
const struct account *expect_unreviewed(const struct expect_world *world,
					const struct plan_change *change);

/* The digest of one account of the listing, for a change of the world's plan that touches its
 * attributes. Empty, and so never the expected one, when expect_unreviewed(). */
void expect_of(const struct expect_world *world, const struct account *account,
	       const struct plan_change *change, char out[SHA256_TEXT_SIZE]);

/*
 * Fills `reads`, `expect` and the ids of added delegates of every change: reconcile's last step. Changes
 * are found by their target id; those without one are creates ("absent").
 */
void expect_fill(struct plan *plan, const struct accounts *current, struct sym_pool *names);

#endif
