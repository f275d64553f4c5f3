/*
 * The plan reader over arbitrary bytes: a plan is refused, or it is written again byte for byte, and
 * then it can be shown and its requests ordered.
 */
#include "base/os.h"
#include "order.h"
#include "plan.h"
#include "show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void set_up(void)
{
	static bool done;
	struct err err = ERR_INIT;

	if (!done)
		must(base_init(&err) == 0);
	done = true;
}

static void check_text(const struct plan *plan)
{
	const struct show_options options = {
		.color = false, .full = true, .now = plan->expires};
	struct buf out = BUF_INIT, visible = BUF_INIT;

	show_text(plan, &options, &out);
	buf_add_visible(&visible, buf_str(&out), true);
	must(str_eq(buf_str(&out), buf_str(&visible)));
	buf_clear(&out);
	show_json(plan, &out);
	must(str_is_utf8(buf_str(&out)));
	buf_release(&out);
	buf_release(&visible);
}

/* Every step is released by steps before it, and by as many as it waits for. */
static void check_order(const struct plan *plan)
{
	struct arena arena = ARENA_INIT;
	struct schedule schedule;
	uint32_t *released;

	schedule_make(&arena, plan, &schedule);
	must(schedule.count >= plan->changes.count &&
	     schedule.count <= 3 * plan->changes.count);
	released = arena_array(&arena, uint32_t, schedule.count);
	for (uint32_t i = 0; i < schedule.count; i++) {
		const struct step *step = &schedule.steps[i];

		must(released[i] == step->waits_for);
		for (uint32_t j = 0; j < step->release_count; j++) {
			must(step->releases[j] > i && step->releases[j] < schedule.count);
			released[step->releases[j]]++;
		}
	}
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str bytes = {(const char *)data, size};
	struct err err = ERR_INIT;
	struct plan plan;

	set_up();
	if (plan_read(&plan, bytes, "fuzz.yaml", &err) == 0) {
		struct buf again = BUF_INIT;
		char digest[SHA256_TEXT_SIZE];

		memcpy(digest, plan.digest, sizeof(digest));
		plan_write(&plan, &again);
		must(str_eq(buf_str(&again), bytes));
		must(strcmp(digest, plan.digest) == 0);
		check_text(&plan);
		check_order(&plan);
		buf_release(&again);
	} else {
		must(err.class == ERR_PERSON && err.text[0] != '\0');
	}
	plan_release(&plan);
	return 0;
}
