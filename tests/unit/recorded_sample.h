/* Recorded accounts of every shape, the same for the same seed. */
#ifndef ZSCTL_TEST_RECORDED_SAMPLE_H
#define ZSCTL_TEST_RECORDED_SAMPLE_H

#include "recorded.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
	struct sym_pool names;
	uint64_t seed;
};

static uint32_t sample_next(struct sample *sample, uint32_t below)
{
	sample->seed = sample->seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(sample->seed >> 33) % below;
}

__attribute__((format(printf, 2, 3))) static const struct sym *sample_sym(struct sample *sample,
									  const char *format,
									  ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return sym_get(&sample->names, str_of(text));
}

/* Texts that a YAML file could misread, or a terminal. */
static const char *const sample_texts[] = {
	"Jane Doe",
	"yes",
	"null",
	"0123",
	"2026-01-01",
	"- item",
	"a: b",
	"key:",
	"# no comment",
	"\"quoted\" \\ back",
	" blanks around ",
	"line\nbreak\ttab",
	"\x1b[31mred\x1b[0m",
	"\xe2\x80\xaegnp.exe",
	"Zo\xc3\xab M\xc3\xbcller",
	"\xf0\x9f\x98\x80",
	"\xf3\xa0\x80\x81tag",
	"../../etc/passwd",
	"{a: 1}",
	"[]",
	"{}",
	"~",
	"listed",
	"*alias",
	"&anchor",
	"!tag",
	"|",
	"%2e",
	"why:",
	"aliases: []",
};
#define SAMPLE_TEXTS (sizeof(sample_texts) / sizeof(sample_texts[0]))

static inline const struct sym *sample_text(struct sample *sample)
{
	return sample_sym(sample, "%s", sample_texts[sample_next(sample, SAMPLE_TEXTS)]);
}

static const struct sym *sample_or_none(struct sample *sample, const struct sym *sym)
{
	return sample_next(sample, 2) ? sym : NULL;
}

static struct set sample_set(struct sample *sample, struct arena *arena, const char *prefix)
{
	struct set set = {arena_array(arena, const struct sym *, 8), sample_next(sample, 6)};

	for (uint32_t i = 0; i < set.count; i++)
		set.items[i] = sample_next(sample, 4)
				       ? sample_sym(sample, "%s%u@example.org", prefix,
						    sample_next(sample, 1000))
				       : sample_text(sample);
	set.count = set_sort(set.items, set.count);
	return set;
}

/* The account number `number` in one of its many states. */
static struct recorded_account sample_account(struct sample *sample, struct arena *arena,
					      uint32_t number)
{
	static const char *const sources[] = {"ad", "declared", "exo", "on", "x: y"};
	struct recorded_account recorded = {.desired_since = DATE_NONE,
					    .suspended_since = DATE_NONE};
	struct account *account = &recorded.account;
	struct set delegates = sample_set(sample, arena, "delegate");

	account->kind = number % 4 == 3 ? KIND_FUNCTIONAL : KIND_USER;
	account->has = (uint8_t)RECORDED_HAS;
	account->address = number % 16 == 7
				   ? sample_sym(sample, "%s-%u@example.org",
						sample_texts[number % SAMPLE_TEXTS], number)
				   : sample_sym(sample, "user%u@example.org", number);
	account->active = sample_next(sample, 2);
	account->id = sample_or_none(sample, sample_sym(sample, "id-%u", number));
	account->name = sample_or_none(sample, sample_text(sample));
	account->mobile = sample_or_none(sample, sample_sym(sample, "+316%08u", number));
	account->unit = sample_or_none(sample, sample_text(sample));
	account->external_id = sample_or_none(sample, sample_text(sample));
	account->aliases = sample_set(sample, arena, "alias");
	account->delegates.items = arena_array(arena, struct delegate, 8);
	account->delegates.count = delegates.count;
	for (uint32_t i = 0; i < delegates.count; i++) {
		account->delegates.items[i].address = delegates.items[i];
		account->delegates.items[i].why = sample_or_none(sample, sample_text(sample));
	}
	if (sample_next(sample, 2))
		recorded.desired_since = (int32_t)sample_next(sample, 40000);
	if (sample_next(sample, 2))
		recorded.suspended_since = (int32_t)sample_next(sample, 40000);
	recorded.suspended_by = sample_or_none(sample, sample_sym(sample, "run-%u", number));
	recorded.key = sample_or_none(sample, sample_sym(sample, "hmac:%064x", number));
	recorded.links = arena_array(arena, struct recorded_link, 5);
	for (size_t i = 0; i < 5; i++) {
		struct recorded_link *link = &recorded.links[recorded.link_count];

		if (sample_next(sample, 2))
			continue;
		link->source = sample_sym(sample, "%s", sources[i]);
		link->digest = sample_or_none(sample,
					      sample_sym(sample, "sha256:%064x", number));
		if (!link->digest)
			link->address = sample_or_none(sample, sample_text(sample));
		recorded.link_count++;
	}
	recorded.refusals = sample_set(sample, arena, "alias refused");
	return recorded;
}

/* As files: equal text is equal accounts. */
static inline void sample_print(const struct recorded *recorded, struct buf *out)
{
	for (size_t i = 0; i < recorded->count; i++) {
		recorded_path(&recorded->items[i].account, out);
		buf_char(out, '\n');
		recorded_write(&recorded->items[i], out);
	}
	for (size_t i = 0; i < recorded->source_count; i++)
		buf_addf(out, "%s %llu %llu %llu\n", recorded->sources[i].name->text,
			 (unsigned long long)recorded->sources[i].users,
			 (unsigned long long)recorded->sources[i].functional,
			 (unsigned long long)recorded->sources[i].delegations);
}

#endif
