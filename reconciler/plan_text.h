/*
 * What the writer and the reader of plan files share.
 */
#ifndef ZSCTL_PLAN_TEXT_H
#define ZSCTL_PLAN_TEXT_H

#include "plan.h"
#include "plan_scan.h"

#define PLAN_VERSION 1
#define PLAN_SIZE_MAX (1u << 30)
/* Of one text in a plan: far more than any name, little enough for a line. */
#define PLAN_TEXT_MAX (64u << 10)
/* Longer keys are not YAML (1.2, 7.4.2: 1024 characters); no address comes near it. */
#define PLAN_KEY_MAX 1000u

/* Takes everything behind the version line; failures stick to the scan. */
void plan_parse(struct scan *scan, struct plan *plan);

/*
 * Writes the plan against `bytes` without keeping it: true when every byte is the same. Else *line
 * is the first line that differs (from 1) and `ours` holds it as zsctl writes it.
 */
bool plan_spells(const struct plan *plan, struct str bytes, size_t *line, struct buf *ours);

/* What no spelling can show: ids, times, which fields go with which action, entries that appear
 * twice. -1 with ERR_PERSON. */
int plan_check(const struct plan *plan, struct err *err);

#endif
