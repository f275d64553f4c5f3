/*
 * Inside approvals: approval.c judges, approval_ssh.c talks to ssh-keygen.
 */
#ifndef ZSCTL_APPROVAL_INTERNAL_H
#define ZSCTL_APPROVAL_INTERNAL_H

#include "approval.h"
#include "signers.h"

#define APPROVALS_MAX 64
#define APPROVAL_SIZE_MAX (64u << 10)
#define SIGNATURE_NAMESPACE "zsctl-plan"

/* What a signature file says of itself, before anything is believed. */
struct signature {
	char fingerprint[FINGERPRINT_SIZE];
	char purpose[64]; /* its namespace; what cannot be shown or is too long is left out */
};
bool signature_read(struct str armored, struct signature *out);

/* A private folder with what ssh-keygen must read as files. */
struct workplace {
	char dir[256];
};
int workplace_open(struct workplace *work, struct err *err);
int workplace_write(const struct workplace *work, const char *name, struct str bytes,
		    char path[300], struct err *err);
void workplace_release(struct workplace *work);

enum verdict {
	SIGNATURE_GOOD,
	SIGNATURE_NOT_NOW, /* right, but the key is not valid at that moment */
	SIGNATURE_OTHER,   /* of other bytes, or for another purpose */
};

/*
 * Asks ssh-keygen whether `principal` made this signature of `bytes`, with the key that
 * `signers_path` has for him, valid at `when`. -1 when it cannot be asked.
 */
int signature_verify(const struct workplace *work, const char *signers_path,
		     struct str principal, struct str signature, struct str bytes, int64_t when,
		     enum verdict *verdict, struct err *err);

/* A file name in PLAN.approvals: what is unsafe in a path as %XX. In the arena. */
struct str approval_file_name(struct arena *arena, struct str who, const char *suffix);

/* Writes one approval into PLAN.approvals. */
int approval_write(const char *plan_path, struct str name, struct str bytes, struct err *err);

#endif
