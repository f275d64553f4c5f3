/* What plans are made from: the sources, the target, the record and the policy that judges. */
#include "planner.h"

#include "base/os.h"
#include "fingerprint.h"

#include <stdlib.h>

void worlds_init(struct worlds *worlds)
{
	*worlds = (struct worlds){
		.entries = ENTRIES_INIT, .desired = DESIRED_INIT, .current = ACCOUNTS_INIT};
	recorded_init(&worlds->recorded);
	policy_init(&worlds->policy);
	policy_init(&worlds->wanted_policy);
}

void worlds_release(struct worlds *worlds)
{
	desired_release(&worlds->desired);
	entries_release(&worlds->entries);
	accounts_release(&worlds->current);
	recorded_release(&worlds->recorded);
	policy_release(&worlds->policy);
	policy_release(&worlds->wanted_policy);
	target_free(worlds->target);
	worlds->target = NULL;
}

/* What all sources say; see read_entries() for `beside`. */
static int read_desired(struct context *context, int64_t now, struct thread *beside,
			struct worlds *worlds)
{
	const struct source_input input = {.names = &context->names, .today = date_of(now)};

	if (read_entries(&context->config, &input, beside, &worlds->entries, &context->diags,
			 &context->err) < 0)
		return -1;
	desired_merge(&context->config, &worlds->entries, &context->names, &worlds->desired);
	/* What was merged shares their sets, which are in the arena. */
	free(worlds->entries.items);
	worlds->entries.items = NULL;
	worlds->entries.count = worlds->entries.capacity = 0;
	return 0;
}

int worlds_read_desired(struct context *context, int64_t now, struct worlds *worlds)
{
	return read_desired(context, now, NULL, worlds);
}

int worlds_read_keys(struct context *context, bool renew, struct worlds *worlds)
{
	bool keys = false;
	for (size_t i = 0; i < worlds->desired.count && !keys; i++)
		keys = worlds->desired.items[i].key != NULL;
	if (!keys)
		return 0;
	CLEANUP(secret_release) struct secret key = SECRET_INIT;
	if (fingerprint_key_load(&context->config, context->state, renew, &key, &context->err) <
	    0)
		return -1;
	return desired_keys(&worlds->desired, secret_str(&key), &context->names, &context->err);
}

struct listing {
	struct context *context;
	struct worlds *worlds;
	struct err err;
};

static int list_target(void *context)
{
	struct listing *listing = context;
	struct target *target = listing->worlds->target;

	return target->ops->list(target, &listing->context->names, &listing->worlds->current,
				 &listing->err);
}

static int open_target(struct context *context, struct worlds *worlds)
{
	return worlds->target ? 0
			      : target_open(&worlds->target, &context->config, &context->err);
}

/* What is in scope, sorted. */
static int take_listing(struct context *context, struct worlds *worlds)
{
	struct accounts *current = &worlds->current;

	/* Nothing will be sent: what the target keeps of the listing for that can go. */
	target_free(worlds->target);
	worlds->target = NULL;
	if (open_target(context, worlds) < 0)
		return -1;
	target_apply_scope(&context->config, current);
	accounts_sort(current->items, current->count);
	return 0;
}

int worlds_read_current(struct context *context, struct worlds *worlds)
{
	struct listing listing = {context, worlds, ERR_INIT};

	if (open_target(context, worlds) < 0)
		return -1;
	if (list_target(&listing) < 0) {
		context->err = listing.err;
		return -1;
	}
	return take_listing(context, worlds);
}

int worlds_read_both(struct context *context, int64_t now, struct worlds *worlds)
{
	struct listing listing = {context, worlds, ERR_INIT};
	struct thread beside = {.run = list_target, .context = &listing};

	if (open_target(context, worlds) < 0 || read_desired(context, now, &beside, worlds) < 0)
		return -1;
	if (!beside.started)
		beside.result = list_target(&listing);
	if (beside.result < 0) {
		context->err = listing.err;
		return -1;
	}
	return take_listing(context, worlds);
}

struct reconcile_input worlds_input(struct context *context, const struct worlds *worlds,
				    int64_t now, const struct plan_options *options)
{
	return (struct reconcile_input){
		.config = &context->config,
		.desired = &worlds->desired,
		.current = &worlds->current,
		.recorded = &worlds->recorded,
		.options = options,
		.today = date_of(now),
		.names = &context->names,
	};
}

int worlds_read_recorded(struct context *context, struct worlds *worlds)
{
	recorded_release(&worlds->recorded);
	return state_recorded(context->state, &context->names, &worlds->recorded,
			      &context->err);
}

int worlds_read_policy(struct context *context, struct worlds *worlds, bool endpoints)
{
	if (policy_read(&worlds->policy, &worlds->wanted_policy, &context->config,
			context->state, &context->err) < 0)
		return -1;
	if (!worlds->policy.recorded)
		return 0;
	/* Another way to sign in holds once a run has recorded it. */
	context->config.target.sign_in = worlds->policy.sign_in;
	return endpoints ? policy_check_endpoints(&worlds->policy, &context->config,
						  &context->err)
			 : 0;
}
