/*
 * Templates at work: what an entry of a source has, turned into what an account has.
 *
 * An entry is what every source with attributes hands over: for each attribute that its mapping needs
 * (config_mapping.h numbers them) the values as bytes, in an order that is the same with every reading.
 * Values that are empty, or nothing but blanks, count as missing everywhere.
 */
#ifndef ZSCTL_MAPPING_H
#define ZSCTL_MAPPING_H

#include "template.h"

struct values {
	const struct str *items;
	size_t count;
};

/* A value that a conversion could make nothing of. */
struct mapping_note {
	struct str value;
	const char *problem; /* reads on after the value: "is no GUID" */
};
#define MAPPING_NOTES_MAX 8

/* What is worked with for one entry, and then reused for the next one. */
struct mapping_work {
	struct arena arena; /* reset it before each entry; holds the results */
	int64_t now;        /* seconds since 1970 */
	struct mapping_note notes[MAPPING_NOTES_MAX];
	size_t note_count; /* set to 0 before what they shall be about */
};

/*
 * All values of a template, valid until the arena is reset or the entry is gone; possibly none, never
 * empty ones. `entry` has the values by slot.
 */
struct values mapping_values(struct mapping_work *work, const struct template *template,
			     const struct values *entry);

/* Words for true (true, yes, 1, on, active, enabled, …) and false, in any case; false for other words. */
bool mapping_bool(struct str text, bool *out);

#endif
