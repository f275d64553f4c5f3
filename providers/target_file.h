/*
 * The embedded target: an organisation in one JSON file in the shape of the service's SCIM
 * resources, under the service's rules, so that a snapshot of the real one can be rehearsed on.
 *
 *     {"users":  [SCIM User, …],
 *      "groups": [SCIM Group, …],
 *      "keys":   [{"id": "UUID of a user", "key": "sha256:…"}, …],
 *      "guests": ["x@example.org", …],
 *      "units":  ["Cardiology", …],
 *      …}
 *
 * All members are optional. `keys` says who was given an account key, as a digest that is never
 * compared nor returned. An alias of `guests` is refused for good. With `units` every other unit
 * is refused. Other members, and resources that nothing changes, stay as they are, to the byte; a
 * resource that changes keeps members that are not known here, with numbers and text as they were
 * spelt, and loses the blanks between them. Resources keep their order; new ones go to the end of
 * their array.
 *
 * Where the service's behaviour is not known (or not possible in a file), this target does so:
 * - a functional account is suspended when none of its members is an existing user, active or not;
 * - renaming a user renames him in the `delegates` of others; the old address does not stay as an
 *   alias; an address may move between primary and aliases of one account in one request;
 * - suspending a user leaves him in the lists of others, but he can no longer be added anywhere;
 * - deleting a user removes him from the lists of others, and his entry of `keys`;
 * - an update without a key leaves the key as it is;
 * - creating makes a user active and an account without aliases and delegates.
 *
 * All requests submitted since the last wait() are written together in one atomic replacement of
 * the file. It is read again when somebody else has changed it meanwhile, and the requests are
 * applied to the newest contents. A lost race with a program that replaces the file in the
 * milliseconds between the last look and the renaming cannot be seen.
 */
#ifndef ZSCTL_TARGET_FILE_H
#define ZSCTL_TARGET_FILE_H

#include "provider.h"

/* For target_open() only. Nothing is read yet. */
int target_file_open(struct target **target, const struct config *config, struct err *err);

#endif
