/*
 * The key under which account keys are fingerprinted. Account keys cannot be read back from the
 * target, so plans and the record carry a keyed digest of each ("hmac:…").
 *
 * It comes from state.fingerprint_key, or else from the 0600 file `fingerprint.key` in the state's
 * private folder, which is made when it is first needed. The record holds a digest of it in the file
 * `fingerprint`: with another key every account key would look changed, so another key is an error
 * with a cure, never 9,000 changes.
 */
#ifndef ZSCTL_FINGERPRINT_H
#define ZSCTL_FINGERPRINT_H

#include "config.h"
#include "state.h"

#define FINGERPRINT_FILE "fingerprint" /* in the record */

/*
 * ERR_FAILED when it cannot be had, or is not the recorded one. With `renew` (the plan sends all
 * account keys anew: --refresh-keys) any key will do, and a lost file is made again.
 */
int fingerprint_key_load(const struct config *config, struct state *state, bool renew,
			 struct secret *out, struct err *err);
/* What the record says about the key, as the contents of its file; in the arena. */
struct str fingerprint_record(const struct secret *key, struct arena *arena);

#endif
