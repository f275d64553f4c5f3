#include "faults.h"

#include "base/json.h"

#include <stddef.h>
#include <stdlib.h>

const char *const fault_names[] = {"delay",   "status", "reset",    "truncate", "drip",
				   "garbage", "huge",   "redirect", "list",     "edit"};
enum { KIND_NUMBER = sizeof(fault_names) / sizeof(fault_names[0]) };

#define LARGEST 1e12 /* of whole numbers: milliseconds fit as nanoseconds */

/* --- which requests ------------------------------------------------------------------------- */

/* '*' is any text. */
static bool matches(struct str text, struct str pattern)
{
	size_t t = 0, p = 0, star = SIZE_MAX, resume = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

static bool holds(struct str text, struct str part)
{
	return text.len > 0 && memmem(text.ptr, text.len, part.ptr, part.len);
}

static bool counts(const struct fault *fault, const struct fault_request *request)
{
	if (fault->method.ptr && !str_eq(fault->method, request->method))
		return false;
	if (fault->path.ptr &&
	    !matches(holds(fault->path, STR("?")) ? request->target : request->path,
		     fault->path))
		return false;
	return !fault->contains.ptr || holds(request->body, fault->contains);
}

/* In [0, 1), the same for the same request of the same seed (splitmix64). */
static double draw(uint64_t seed, uint64_t number)
{
	uint64_t x = (seed ^ number << 20) + number * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return (double)(x >> 11) * 0x1p-53;
}

static bool is_due(const struct fault *fault, uint64_t number)
{
	double drawn;

	if (fault->struck >= fault->times || fault->seen < fault->request ||
	    (fault->seen - fault->request) % fault->every != 0)
		return false;
	if (fault->from <= 0 && fault->to >= 1)
		return true;
	drawn = draw(fault->seed, number);
	return drawn >= fault->from && drawn < fault->to;
}

static const struct fault **place_of(struct strikes *strikes, const struct fault *fault)
{
	switch (fault->kind) {
	case FAULT_DELAY:
		return &strikes->delay[fault->after];
	case FAULT_EDIT:
		return &strikes->edit[fault->after];
	case FAULT_LIST:
		return &strikes->list;
	case FAULT_STATUS:
	case FAULT_RESET:
	case FAULT_TRUNCATE:
	case FAULT_DRIP:
	case FAULT_GARBAGE:
	case FAULT_HUGE:
	case FAULT_REDIRECT:
		break;
	}
	return &strikes->answer;
}

struct strikes faults_strike(struct faults *faults, const struct fault_request *request)
{
	struct strikes strikes = {0};

	for (struct fault *fault = faults->first; fault; fault = fault->next) {
		const struct fault **place = place_of(&strikes, fault);

		if (!counts(fault, request))
			continue;
		fault->seen++;
		if (*place || !is_due(fault, request->number))
			continue;
		fault->struck++;
		*place = fault;
	}
	return strikes;
}

/* --- the script ----------------------------------------------------------------------------- */

enum value_type {
	VALUE_TEXT,
	VALUE_NUMBER,
	VALUE_SIGNED,
	VALUE_YES,
	VALUE_WHEN,
	VALUE_TIMES,
	VALUE_EDITS
};

#define OF(kind) (1u << FAULT_##kind)
#define ANY (OF(EDIT) * 2 - 1)
#define AT(member) offsetof(struct fault, member)

static const struct {
	const char *name;
	enum value_type type;
	unsigned kinds; /* that take it */
	size_t offset;
} members[] = {
	{"when", VALUE_WHEN, ANY & ~(OF(TRUNCATE) | OF(DRIP) | OF(LIST)), AT(after)},
	{"method", VALUE_TEXT, ANY, AT(method)},
	{"path", VALUE_TEXT, ANY, AT(path)},
	{"contains", VALUE_TEXT, ANY, AT(contains)},
	{"request", VALUE_NUMBER, ANY, AT(request)},
	{"every", VALUE_NUMBER, ANY, AT(every)},
	{"times", VALUE_TIMES, ANY, AT(times)},
	{"ms", VALUE_NUMBER, OF(DELAY) | OF(DRIP), AT(ms)},
	{"status", VALUE_NUMBER, OF(STATUS) | OF(REDIRECT), AT(status)},
	{"retry_after", VALUE_NUMBER, OF(STATUS), AT(retry_after)},
	{"bytes", VALUE_NUMBER, OF(TRUNCATE) | OF(DRIP) | OF(HUGE), AT(bytes)},
	{"body", VALUE_TEXT, OF(STATUS) | OF(GARBAGE), AT(body)},
	{"location", VALUE_TEXT, OF(REDIRECT), AT(location)},
	{"framed", VALUE_YES, OF(TRUNCATE), AT(framed)},
	{"chunked", VALUE_YES, OF(HUGE), AT(chunked)},
	{"total", VALUE_SIGNED, OF(LIST), AT(list.total)},
	{"missing", VALUE_NUMBER, OF(LIST), AT(missing)},
	{"duplicate", VALUE_YES, OF(LIST), AT(list.duplicate)},
	{"maybe", VALUE_YES, OF(EDIT), AT(maybe)},
	{"edits", VALUE_EDITS, OF(EDIT), AT(edits)},
};

static int read_whole(const cJSON *value, double least, double *out, struct err *err)
{
	double number = cJSON_IsNumber(value) ? value->valuedouble : LARGEST + 1;

	if (number < least || number > LARGEST || number != (double)(int64_t)number)
		return err_set(err, ERR_USAGE, "%s: not a whole number, or out of bounds",
			       value->string);
	*out = number;
	return 0;
}

static int read_number(const cJSON *value, uint64_t *out, struct err *err)
{
	double number = 0;

	if (read_whole(value, 0, &number, err))
		return -1;
	*out = (uint64_t)number;
	return 0;
}

static int read_signed(const cJSON *value, int64_t *out, struct err *err)
{
	double number = 0;

	if (read_whole(value, -LARGEST, &number, err))
		return -1;
	*out = (int64_t)number;
	return 0;
}

static struct str text_of(const cJSON *value)
{
	return cJSON_IsString(value) ? str_of(value->valuestring) : STR_NONE;
}

static int read_edits(struct fault *fault, const cJSON *value, struct arena *arena,
		      struct err *err)
{
	const cJSON *edit;

	if (!cJSON_IsArray(value) || !value->child)
		return err_set(err, ERR_USAGE, "edits: not an array of edits");
	fault->edits = arena_array(arena, struct str, (size_t)cJSON_GetArraySize(value));
	cJSON_ArrayForEach(edit, value) {
		char *text = cJSON_PrintUnformatted(edit);

		if (!text)
			err_out_of_memory();
		fault->edits[fault->edit_count++] = arena_str(arena, str_of(text));
		cJSON_free(text);
	}
	return 0;
}

static int read_value(struct fault *fault, size_t member, const cJSON *value,
		      struct arena *arena, struct err *err)
{
	char *place = (char *)fault + members[member].offset;
	struct str text = text_of(value);

	switch (members[member].type) {
	case VALUE_TEXT:
		if (!text.ptr)
			return err_set(err, ERR_USAGE, "%s: not a string", value->string);
		*(struct str *)place = arena_str(arena, text);
		return 0;
	case VALUE_NUMBER:
		return read_number(value, (uint64_t *)place, err);
	case VALUE_SIGNED:
		return read_signed(value, (int64_t *)place, err);
	case VALUE_YES:
		if (!cJSON_IsBool(value))
			return err_set(err, ERR_USAGE, "%s: not true or false", value->string);
		*(bool *)place = cJSON_IsTrue(value);
		return 0;
	case VALUE_WHEN:
		if (!str_is(text, "before") && !str_is(text, "after"))
			return err_set(err, ERR_USAGE, "when: not \"before\" or \"after\"");
		*(bool *)place = str_is(text, "after");
		return 0;
	case VALUE_TIMES:
		if (!str_is(text, "always"))
			return read_number(value, (uint64_t *)place, err);
		*(uint64_t *)place = FAULT_ALWAYS;
		return 0;
	case VALUE_EDITS:
		break;
	}
	return read_edits(fault, value, arena, err);
}

static int read_member(struct fault *fault, const cJSON *value, struct arena *arena,
		       struct err *err)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!str_is(str_of(members[i].name), value->string))
			continue;
		if (!(members[i].kinds & 1u << fault->kind))
			return err_set(err, ERR_USAGE, "\"%s\" is not for \"%s\"",
				       value->string, fault_names[fault->kind]);
		return read_value(fault, i, value, arena, err);
	}
	return err_set(err, ERR_USAGE, "a fault has no \"%s\"", value->string);
}

static int read_kind(struct fault *fault, const cJSON *object, struct err *err)
{
	struct str name = text_of(json_member(object, "fault"));

	for (size_t i = 0; i < KIND_NUMBER; i++) {
		if (!str_is(name, fault_names[i]))
			continue;
		fault->kind = (enum fault_kind)i;
		return 0;
	}
	return err_set(err, ERR_USAGE, "no \"fault\", or none that is known");
}

/* Defaults, and what the members have to do with each other. */
static int finish(struct fault *fault, bool random, struct err *err)
{
	bool repeats = fault->every != FAULT_UNSET || random;

	if (fault->request == FAULT_UNSET)
		fault->request = fault->every == FAULT_UNSET ? 1 : fault->every;
	if (fault->every == FAULT_UNSET)
		fault->every = 1;
	if (fault->times == FAULT_UNSET)
		fault->times = repeats ? FAULT_ALWAYS : 1;
	if (fault->request == 0 || fault->every == 0)
		return err_set(err, ERR_USAGE, "requests count from 1");
	if (fault->kind == FAULT_REDIRECT && fault->status == FAULT_UNSET)
		fault->status = 302;
	if ((fault->kind == FAULT_STATUS || fault->kind == FAULT_REDIRECT) &&
	    (fault->status < 200 || fault->status > 599))
		return err_set(err, ERR_USAGE, "status: not 200 to 599");
	if (fault->kind == FAULT_DELAY && fault->ms == FAULT_UNSET)
		return err_set(err, ERR_USAGE, "a delay needs \"ms\"");
	if (fault->kind == FAULT_HUGE && fault->bytes == FAULT_UNSET)
		return err_set(err, ERR_USAGE, "a huge answer needs \"bytes\"");
	if (fault->kind == FAULT_EDIT && !fault->edits)
		return err_set(err, ERR_USAGE, "an edit needs \"edits\"");
	fault->list.missing = fault->missing < UINT32_MAX ? (unsigned)fault->missing
							  : UINT32_MAX;
	return 0;
}

static struct fault *read_fault(const cJSON *object, bool random, struct arena *arena,
				struct err *err)
{
	struct fault *fault = arena_new(arena, struct fault);
	const cJSON *value;

	*fault = (struct fault){.request = FAULT_UNSET,
				.every = FAULT_UNSET,
				.times = FAULT_UNSET,
				.to = 1,
				.ms = FAULT_UNSET,
				.status = FAULT_UNSET,
				.retry_after = FAULT_UNSET,
				.bytes = FAULT_UNSET};
	if (read_kind(fault, object, err))
		return NULL;
	cJSON_ArrayForEach(value, object) {
		if (!str_is(str_of(value->string), "fault") &&
		    read_member(fault, value, arena, err))
			return NULL;
	}
	return finish(fault, random, err) ? NULL : fault;
}

/* Where the next fault goes. */
struct script {
	struct fault *first, **end;
	struct arena *arena;
};

static int add_fault(struct script *script, const cJSON *object, struct err *err)
{
	struct fault *fault = read_fault(object, false, script->arena, err);

	if (!fault)
		return -1;
	*script->end = fault;
	script->end = &fault->next;
	return 0;
}

/* Each kind gets its part of the probability: at most one of them strikes. */
static int add_random(struct script *script, const cJSON *random, struct err *err)
{
	const cJSON *kinds = json_member(random, "kinds"), *kind;
	const cJSON *probability = json_member(random, "probability");
	int count = cJSON_IsArray(kinds) ? cJSON_GetArraySize(kinds) : 0;
	double share = cJSON_IsNumber(probability) ? probability->valuedouble / count : -1;
	uint64_t seed = 0;
	int i = 0;

	if (count == 0 || cJSON_GetArraySize(random) != 3 ||
	    !(share >= 0 && share * count <= 1))
		return err_set(err, ERR_USAGE,
			       "random: needs \"seed\", \"probability\" and \"kinds\"");
	if (!json_member(random, "seed") ||
	    read_number(json_member(random, "seed"), &seed, err))
		return err_prefix(err, "random");
	cJSON_ArrayForEach(kind, kinds) {
		struct fault *fault = read_fault(kind, true, script->arena, err);

		if (!fault)
			return err_prefix(err, "random");
		fault->seed = seed;
		fault->from = share * i++;
		fault->to = share * i;
		*script->end = fault;
		script->end = &fault->next;
	}
	return 0;
}

static int add_entry(struct script *script, const cJSON *entry, struct err *err)
{
	const cJSON *random = cJSON_IsObject(entry) ? json_member(entry, "random") : NULL;

	return random ? add_random(script, random, err) : add_fault(script, entry, err);
}

static int read_array(struct script *script, struct str text, struct err *err)
{
	cJSON *tree = json_parse(text, err);
	const cJSON *entry;
	int status = tree ? 0 : -1;
	unsigned number = 0;

	cJSON_ArrayForEach(entry, tree) {
		number++;
		status = add_entry(script, entry, err);
		if (status) {
			err_prefix(err, "entry %u", number);
			break;
		}
	}
	cJSON_Delete(tree);
	return status;
}

static int read_lines(struct script *script, struct str text, struct err *err)
{
	struct str line;

	for (unsigned number = 1; str_split(&text, '\n', &line); number++) {
		cJSON *tree;
		int status;

		if (str_trim(line).len == 0)
			continue;
		tree = json_parse(line, err);
		status = tree ? add_entry(script, tree, err) : -1;
		cJSON_Delete(tree);
		if (status)
			return err_prefix(err, "line %u", number);
	}
	return 0;
}

int faults_parse(struct faults *faults, struct str text, struct err *err)
{
	struct script script = {.arena = &faults->arena};

	script.end = &script.first;
	if (str_starts(str_trim(text), "[") ? read_array(&script, text, err)
					    : read_lines(&script, text, err))
		return -1;
	faults->first = script.first;
	return 0;
}

void faults_release(struct faults *faults)
{
	arena_release(&faults->arena);
	*faults = (struct faults){0};
}
