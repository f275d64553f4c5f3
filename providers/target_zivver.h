/*
 * The Zivver service (reference: zivver-api.md), through its SCIM API over HTTPS.
 *
 * - Listing: both lists at once, complete or an error. Two requests where the service does not
 *   page.
 * - Updating a user or functional account, suspending a user: a PUT of the resource as it was
 *   last read or answered, unknown members included, with what changes. A user's PUT carries the
 *   account key: without it the service breaks that person's sign-in. So an update without a key
 *   is not sent where target.sign_in is sso; a suspension may go without.
 * - Taking all delegates from a functional account: a PATCH, because the service ignores a PUT
 *   without members.
 * - Creating: a POST. The service may drop aliases and delegates; the answer says what it took.
 *
 * A change is one request; one more when its resource is not at hand (target_will_change()), or
 * when the answer is a success that does not show what became of it. A change is only DONE when
 * an answer shows it: nothing of what was to go is left, and every value is as asked. Aliases and
 * delegates that were asked for and are not there are the caller's to see in the answer.
 */
#ifndef ZSCTL_TARGET_ZIVVER_H
#define ZSCTL_TARGET_ZIVVER_H

#include "provider.h"

/* For target_open() only. Nothing is read, and nobody is asked yet. */
int target_zivver_open(struct target **target, const struct config *config, struct err *err);

#endif
