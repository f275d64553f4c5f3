/*
 * One request under the service's rules, on what the index says and with pending texts.
 */
#ifndef ZSCTL_FILE_APPLY_H
#define ZSCTL_FILE_APPLY_H

#include "file_index.h"
#include "provider.h"

struct file_request {
	struct target_request request; /* its key is not kept */
	bool has_key;
	char key[SHA256_TEXT_SIZE]; /* digest of the account key */
};

/*
 * Fills *outcome (except its number), text and answer in `answers`. DONE means pending: only
 * writing makes it true. -1 when the file cannot be read; the index is then of no more use.
 */
int file_apply(struct file_index *index, const struct config *config, struct arena *answers,
	       const struct file_request *request, struct target_outcome *outcome,
	       struct err *err);

#endif
