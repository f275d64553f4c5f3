/*
 * Reading what the JSON text of an account says it is to be. Two ways: as the service takes what a
 * client sends, and as it stands in a state file or is wanted by a person in the portal.
 */
#ifndef ZIVVER_SIM_SHAPE_H
#define ZIVVER_SIM_SHAPE_H

#include "state.h"

enum shape_way {
	/* Delegates who are not active users are dropped; members who are no users refused. */
	SHAPE_SENT,
	/* Both may be any user; others are dropped. */
	SHAPE_STORED
};

struct shape_reader {
	struct state *state;
	enum shape_way way;
	enum kind kind;
	const struct resource *resource; /* whose it is to be; NULL: a new one's */
	struct arena *arena;
	struct str problem; /* after a false; in the arena */
};

/* Each reads one part; false with the problem when it cannot be that. `array` is the list's own
 * text; STR_NONE and null are an empty list. */
bool shape_read_primary(struct shape_reader *reader, struct str text, struct shape *shape);
bool shape_read_active(struct shape_reader *reader, struct str text, struct shape *shape);
bool shape_read_aliases(struct shape_reader *reader, struct str array, struct shape *shape);
bool shape_read_delegates(struct shape_reader *reader, struct str array, struct shape *shape);

/* The extension object of the service; STR_NONE when there is none. False: it is something else. */
bool shape_extension(struct shape_reader *reader, struct str text, struct str *extension);
/* Where the delegates or members stand. */
struct str shape_delegates_text(enum kind kind, struct str text, struct str extension);

/* All of it. */
bool shape_read(struct shape_reader *reader, struct str text, struct shape *shape);

/* What the account has. */
void shape_keep_aliases(struct shape *shape, const struct resource *resource);
void shape_keep_delegates(struct shape *shape, const struct resource *resource);

bool aliases_have(const struct aliases *aliases, const struct sym *one);

#endif
