/*
 * The service's rules: what a request may make of an account (reference: "Errors seen").
 */
#ifndef ZSCTL_FILE_RULES_H
#define ZSCTL_FILE_RULES_H

#include "file_apply.h"

/* One request on its way. */
struct file_applying {
	struct file_index *index;
	const struct config *config;
	struct arena *answers;
	const struct file_request *file_request;
	const struct target_request *request;
	struct target_outcome *outcome;
	struct err *err;
	struct arena scratch; /* released by file_apply() */

	struct file_resource *resource; /* NULL for a create */
	struct str text;                /* of the resource, as it is */
	struct account now;             /* the same, delegates not linked */
	struct account next;            /* what it will be, as far as `set` says */
	unsigned set;
	/* ATTR_DELEGATES: addresses for a user, ids for a functional account. */
	const struct sym **delegates;
	size_t delegate_count;
};

/* Ends the request with the service's words. Always false, so that `return file_refuse(…)` reads
 * well: nothing was changed. */
bool file_refuse(struct file_applying *a, enum outcome_class class, const char *advice,
		 struct str text);
bool file_refuse_unknown(struct file_applying *a);

/* Judges the attributes in a->set; false after a refusal. */
bool file_allowed(struct file_applying *a);

/* Fills a->delegates with those wanted who are active users, and not the account itself; the
 * service drops others without a word. */
void file_choose_delegates(struct file_applying *a);

#endif
