/* Between the parts of the service: one request under way. */
#ifndef ZIVVER_SIM_SERVICE_INTERNAL_H
#define ZIVVER_SIM_SERVICE_INTERNAL_H

#include "service.h"
#include "shape.h"

struct call {
	struct state *state;
	const struct unknowns *unknowns;
	const struct service_request *request;
	struct arena arena;
	struct service_answer answer;
};

/* --- answers ------------------------------------------------------------------------------ */

/* Always false, so that `return refuse(…)` reads well. */
bool refuse(struct call *call, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool refuse_unknown(struct call *call, struct str id);
void answer_buf(struct call *call, unsigned status, struct buf *buf); /* leaves it empty */
void answer_text(struct call *call, unsigned status, struct str text);

/* --- what changes ------------------------------------------------------------------------- */

void service_create(struct call *call, enum kind kind);
void service_put(struct call *call, struct resource *resource);
void service_patch(struct call *call, struct resource *resource);
void service_delete(struct call *call, struct resource *resource);

/* Whether the service takes the addresses and the unit. `resource` NULL: for a new account. */
bool rules_allow(struct call *call, enum kind kind, const struct resource *resource,
		 const struct shape *shape);

#endif
