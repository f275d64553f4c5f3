/*
 * A target that fails as the test says: answers that get lost, requests that never arrive, an end of
 * everything. Underneath is the file target, so what it then holds is real.
 */
#ifndef ZSCTL_TEST_FAILING_TARGET_H
#define ZSCTL_TEST_FAILING_TARGET_H

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "provider.h"
#include "scratch.h"

enum fate { FATE_LOST, FATE_DROPPED, FATE_FAILED, FATE_FATAL, FATE_EDIT };
static const char *const fates[] = {"lost", "dropped", "failed", "fatal", "edit"};

/* "create sam dropped 2": the first two requests of that sort for that account. */
struct fault {
	struct str op, account;
	enum fate fate;
	uint64_t times;
};

struct failing {
	struct target target;
	struct target *inner;
	struct fault faults[8];
	size_t fault_count;
	struct {
		struct target_outcome *items;
		size_t count, capacity;
	} made_up;
	struct {
		uint64_t *items;
		size_t count, capacity;
	} lost;
	size_t submitted;
};

static struct failing failing;

static int failing_list(struct target *target, struct sym_pool *names,
			struct accounts *accounts, struct err *err)
{
	(void)target;
	return failing.inner->ops->list(failing.inner, names, accounts, err);
}

static struct fault *fault_of(const struct target_request *request)
{
	struct str address = sym_str(request->wanted->address), local;

	str_split(&address, '@', &local);
	for (size_t i = 0; i < failing.fault_count; i++) {
		struct fault *fault = &failing.faults[i];

		if (fault->times && str_is(fault->op, request_op_names[request->op]) &&
		    (str_eq(fault->account, local) || str_is(fault->account, "*"))) {
			fault->times--;
			return fault;
		}
	}
	return NULL;
}

/* What somebody does to the organisation meanwhile; the test's. */
static void edit_organization(const char *from, const char *to);

static void make_up(uint64_t number, enum outcome_class class, const char *text)
{
	struct target_outcome *outcome = vec_push(&failing.made_up);

	outcome->number = number;
	outcome->class = class;
	outcome->text = str_of(text);
}

static int failing_submit(struct target *target, const struct target_request *request,
			  struct err *err)
{
	const struct fault *fault = fault_of(request);

	(void)target;
	failing.submitted++;
	if (!fault)
		return failing.inner->ops->submit(failing.inner, request, err);
	switch (fault->fate) {
	case FATE_LOST:
		*vec_push(&failing.lost) = request->number;
		return failing.inner->ops->submit(failing.inner, request, err);
	case FATE_DROPPED:
		make_up(request->number, OUTCOME_UNKNOWN, "timed out");
		return 0;
	case FATE_FAILED:
		make_up(request->number, OUTCOME_FAILED, "out of order");
		return 0;
	case FATE_FATAL:
		make_up(request->number, OUTCOME_FATAL, "401");
		return 0;
	case FATE_EDIT:
		edit_organization("Jane Doe", "Jane Jones");
		make_up(request->number, OUTCOME_UNKNOWN, "timed out");
		return 0;
	}
	return 0;
}

static size_t failing_under_way(const struct target *target)
{
	(void)target;
	return failing.inner->ops->under_way(failing.inner) + failing.made_up.count;
}

static bool is_lost(uint64_t number)
{
	for (size_t i = 0; i < failing.lost.count; i++) {
		if (failing.lost.items[i] == number)
			return true;
	}
	return false;
}

static int failing_wait(struct target *target, int timeout_ms, struct target_outcomes *outcomes,
			struct err *err)
{
	(void)target;
	if (failing.inner->ops->wait(failing.inner, timeout_ms, outcomes, err) < 0)
		return -1;
	for (size_t i = 0; i < outcomes->count; i++) {
		struct target_outcome *outcome = &outcomes->items[i];

		if (is_lost(outcome->number))
			*outcome = (struct target_outcome){.number = outcome->number,
							   .class = OUTCOME_UNKNOWN,
							   .text = STR("reset")};
	}
	for (size_t i = 0; i < failing.made_up.count; i++)
		*vec_push(outcomes) = failing.made_up.items[i];
	failing.made_up.count = failing.lost.count = 0;
	return 0;
}

static void failing_endpoint(const struct target *target, struct buf *out)
{
	(void)target;
	failing.inner->ops->endpoint(failing.inner, out);
}

static const struct target_ops failing_ops = {
	.provider = "failing",
	.list = failing_list,
	.submit = failing_submit,
	.under_way = failing_under_way,
	.wait = failing_wait,
	.endpoint = failing_endpoint,
};

static inline void failing_open(const struct config *config, const char *script)
{
	struct err err = ERR_INIT;
	struct str rest = str_of(script), line, word;

	memset(&failing, 0, sizeof(failing));
	assert_int_equal(target_open(&failing.inner, config, &err), 0);
	failing.target = *failing.inner;
	failing.target.ops = &failing_ops;
	while (rest.len && str_split(&rest, ';', &line)) {
		struct fault *fault = &failing.faults[failing.fault_count++];

		line = str_trim(line);
		str_split(&line, ' ', &fault->op);
		str_split(&line, ' ', &fault->account);
		str_split(&line, ' ', &word);
		while (!str_is(word, fates[fault->fate]))
			fault->fate++;
		fault->times = 1;
		if (line.len)
			assert_true(str_to_u64(line, &fault->times));
	}
}

static inline void failing_close(void)
{
	target_free(failing.inner);
	free(failing.made_up.items);
	free(failing.lost.items);
}

#endif
