/*
 * Between the parts of csv*.c; not for others.
 */
#ifndef ZSCTL_CSV_PARTS_H
#define ZSCTL_CSV_PARTS_H

#include "csv.h"

/* Memory, and the first of the text, behind its mark. */
int csv_begin(struct csv *csv, const struct csv_options *options, struct err *err);
/* More text behind what there is; the row that begins at `at` moves to the front. */
int csv_fill(struct csv *csv, struct err *err);

#endif
