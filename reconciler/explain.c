#include "reconcile.h"

void explain_account(const struct world *w, struct explanation *explanation)
{
	(void)w;
	(void)explanation;
}
