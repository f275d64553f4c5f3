/*
 * The Zivver target in front of a service that answers anything: the input is its answers, in
 * the order in which they are asked for. Listings never fail but with a message, and what can be
 * listed can be changed: every change ends once, with a class, and what goes back is whole.
 *
 * An answer is "STATUS KIND\n" and its body up to a line of "--": KIND j: JSON, n: of no type,
 * h: a page, a: only the second attempt is complete, s: never sent, o: too old to be sent,
 * u: nobody knows, r: a redirect. Behind the last one nobody answers.
 *
 * The HTTP client is replaced by the one below; libcurl's part has a target of its own.
 */
#include "json_view.h"
#include "target_zivver.h"
#include "zivver_internal.h"

#include "base/json.h"
#include "base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "a \"key\""
#define MUST(fact)                                                         \
	do {                                                               \
		if (!(fact)) {                                             \
			fprintf(stderr, "line %d: %s\n", __LINE__, #fact); \
			abort();                                           \
		}                                                          \
	} while (0)

static struct str script;

/* --- a client without a network ------------------------------------------------------------ */

struct asking {
	uint64_t number;
	const struct http_sink *sink;
	bool grows_old;
};

struct http {
	struct str base_url;
	struct {
		struct asking *items;
		size_t count, capacity;
	} pending;
	bool dropped;
	struct err sink_error;
};

int http_open(struct http **http, const struct http_settings *settings, struct err *err)
{
	(void)err;
	*http = mem_calloc(1, sizeof(**http));
	(*http)->base_url = settings->base_url;
	return 0;
}

void http_free(struct http *http)
{
	if (http)
		free(http->pending.items);
	free(http);
}

int http_authorize(struct http *http, const struct secret *token, struct err *err)
{
	(void)http;
	(void)token;
	(void)err;
	return 0;
}

struct str http_base_url(const struct http *http)
{
	return http->base_url;
}

size_t http_under_way(const struct http *http)
{
	return http->pending.count;
}

void http_drop(struct http *http)
{
	http->dropped = true;
}

/* What goes back is the account of that path, whole, with its key where keys are. */
static void check_body(const struct http_request *request)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct str body = request->body;
	struct err err = ERR_INIT;
	struct str id, extension, key;

	MUST(json_check(body, &err) == 0);
	if (request->method == HTTP_PUT) {
		MUST(json_view_str(&arena, json_view_member(body, &arena, "id"), &id));
		MUST(str_ends(request->path, arena_strf(&arena, "/%.*s", STR_FMT(id)).ptr));
	}
	extension = json_view_member(body, &arena, scim_wires[KIND_USER].extension);
	if (str_starts(request->path, "/scim/v2/Users"))
		MUST(json_view_str(&arena, json_view_member(extension, &arena, "SsoAccountKey"),
				   &key) &&
		     str_is(key, KEY));
	else
		MUST(!memmem(body.ptr, body.len, "a \\\"key", 8));
}

int http_submit(struct http *http, const struct http_request *request, struct err *err)
{
	/* As the real one: ids may be ".." . */
	if (str_ends(request->path, "/.") || str_ends(request->path, "/.."))
		return err_set(err, ERR_FAILED, "a path has a segment that leads elsewhere");
	if (request->method == HTTP_PUT || request->method == HTTP_POST)
		check_body(request);
	/* Only readings are sent twice, and only what was just read is sent back. */
	MUST(request->replay == (request->method == HTTP_GET));
	MUST((request->method == HTTP_PUT) == (request->fresh_ms > 0) &&
	     request->fresh_ms <= 60001);
	*vec_push(&http->pending) = (struct asking){request->number, request->sink,
						    request->fresh_ms > 0};
	return 0;
}

/* The next answer of the script; false at its end. */
static bool next_answer(unsigned *status, char *kind, struct str *body)
{
	const char *end, *line;

	if (script.len == 0)
		return false;
	end = memmem(script.ptr, script.len, "\n--\n", 4);
	*body = end ? (struct str){script.ptr, (size_t)(end - script.ptr)} : script;
	script = end ? (struct str){end + 4, script.len - body->len - 4} : STR_NONE;
	line = memchr(body->ptr, '\n', body->len);
	*status = 0;
	*kind = 'j';
	for (size_t i = 0; i < body->len && body->ptr + i != line && i < 5; i++) {
		if (body->ptr[i] >= '0' && body->ptr[i] <= '9' && i < 3)
			*status = *status * 10 + (unsigned)(body->ptr[i] - '0');
		else if (i > 3)
			*kind = body->ptr[i];
	}
	*body = line ? (struct str){line + 1, body->len - (size_t)(line + 1 - body->ptr)}
		     : STR_NONE;
	return true;
}

/* In pieces of many sizes. False when the sink has had enough. */
static bool pour(const struct http_sink *sink, struct str body, struct err *err)
{
	if (sink->begin(sink->context, err))
		return false;
	for (size_t at = 0, piece = 1; at < body.len; at += piece, piece = piece * 5 % 1021) {
		if (piece > body.len - at)
			piece = body.len - at;
		if (sink->bytes(sink->context, (struct str){body.ptr + at, piece}, err))
			return false;
	}
	return true;
}

static void pour_all(struct http *http, const struct asking *asking, char kind, struct str body,
		     struct http_answer *answer)
{
	struct err *err = &http->sink_error;

	*err = (struct err)ERR_INIT;
	if ((kind != 'a' || pour(asking->sink, (struct str){body.ptr, body.len / 2}, err)) &&
	    pour(asking->sink, body, err))
		return;
	answer->sent = HTTP_UNKNOWN;
	answer->failure = HTTP_SINK;
	answer->text = str_of(err->text);
}

/* As the header says of an answer. */
static struct http_answer give(struct http *http, const struct asking *asking)
{
	struct http_answer answer = {.number = asking->number, .sent = HTTP_ANSWERED};
	struct str body = STR_NONE;
	char kind = 's';

	if (http->dropped || !next_answer(&answer.status, &kind, &body))
		kind = 's';
	if (kind == 's' || kind == 'o') {
		answer.sent = HTTP_NOT_SENT;
		answer.failure = kind == 'o' && asking->grows_old ? HTTP_STALE : HTTP_STOPPED;
		answer.status = 0;
		answer.text = STR("it was never sent");
		return answer;
	}
	answer.content_type = kind == 'h'   ? STR("text/html")
			      : kind == 'n' ? STR_NONE
					    : STR("application/json; charset=utf-8");
	if (kind == 'u' || answer.status < 200 || answer.status >= 500) {
		answer.sent = HTTP_UNKNOWN;
		answer.failure = answer.status >= 500 ? HTTP_FINE : HTTP_TIMEOUT;
		answer.text = STR("nobody knows");
	} else if (kind == 'r' || answer.status / 100 == 3) {
		answer.status = 302;
		answer.failure = HTTP_REDIRECT;
		answer.text = STR("it points elsewhere");
	} else if (asking->sink && answer.status / 100 == 2) {
		pour_all(http, asking, kind, body, &answer);
	} else {
		answer.body = body;
	}
	return answer;
}

int http_wait(struct http *http, int timeout_ms, struct http_answers *answers, struct err *err)
{
	struct asking asking;

	(void)timeout_ms;
	(void)err;
	answers->count = 0;
	if (http->pending.count == 0)
		return 0;
	asking = http->pending.items[0];
	memmove(http->pending.items, http->pending.items + 1,
		--http->pending.count * sizeof(asking));
	*vec_push(answers) = give(http, &asking);
	if (http->pending.count == 0)
		http->dropped = false;
	return 0;
}

int http_call(struct http *http, const struct http_request *request, struct http_answer *answer,
	      struct err *err)
{
	(void)err;
	(void)request;
	*answer = give(http, &(struct asking){.number = 0});
	return 0;
}

/* --- what must hold ------------------------------------------------------------------------ */

static void check_text(struct str text, size_t most)
{
	MUST(text.len <= most && str_is_utf8(text));
	for (size_t i = 0; i < text.len; i++)
		MUST((unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7F);
}

/* Every delegate is a user of the list, every name somebody's once. */
static void check_listing(struct sym_pool *names, const struct accounts *accounts)
{
	const struct account **owners = mem_calloc(names->count,
						   sizeof(const struct account *));

	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->items[i];

		MUST(scim_id_valid(sym_str(account->id)) && account->address);
		MUST(!owners[account->id->number] && !owners[account->address->number]);
		owners[account->id->number] = owners[account->address->number] = account;
		for (uint32_t j = 0; j < account->aliases.count; j++) {
			MUST(!owners[account->aliases.items[j]->number]);
			owners[account->aliases.items[j]->number] = account;
		}
	}
	for (size_t i = 0; i < accounts->count; i++) {
		const struct delegates delegates = accounts->items[i].delegates;

		for (uint32_t j = 0; j < delegates.count; j++) {
			const struct sym *address = delegates.items[j].address;

			MUST(owners[address->number] &&
			     owners[address->number]->address == address &&
			     owners[address->number]->kind == KIND_USER);
			MUST(j == 0 || sym_cmp(delegates.items[j - 1].address, address) < 0);
		}
		if (accounts->items[i].kind == KIND_FUNCTIONAL)
			MUST(accounts->items[i].active == (delegates.count > 0));
	}
	free(owners);
}

static void check_outcome(const struct target_outcome *outcome, const struct account *wanted)
{
	check_text(outcome->text, 2500); /* 300 bytes, each shown as <U+0000> */
	check_text(outcome->advice, 500);
	MUST(outcome->class == OUTCOME_DONE || outcome->text.len > 0);
	/* Whose request held the key, and an answer repeats it. */
	MUST(wanted->kind != KIND_USER || !outcome->text.len ||
	     !memmem(outcome->text.ptr, outcome->text.len, KEY, strlen(KEY)));
	MUST(!outcome->answered ||
	     (outcome->class == OUTCOME_DONE && outcome->answer.id && outcome->answer.address));
	MUST((outcome->class == OUTCOME_REFUSED) ==
	     str_starts(outcome->refused_attribute, "alias "));
}

/* --- changes ------------------------------------------------------------------------------- */

enum { CHANGES_MOST = 8 };

static void submit(struct target *target, uint64_t number, enum request_op op,
		   const struct account *wanted, const struct sym *id, unsigned set)
{
	const struct target_request request = {
		.number = number,
		.op = op,
		.kind = (enum account_kind)wanted->kind,
		.id = id,
		.wanted = wanted,
		.set = set,
		.key = STR(KEY),
	};
	struct err err = ERR_INIT;

	MUST(target->ops->submit(target, &request, &err) == 0);
}

/* Something of everything; all of an account that can be, or one thing at a time. */
static size_t change(struct target *target, struct sym_pool *names, struct accounts *accounts,
		     struct account *wanted)
{
	static const unsigned sets[] = {0xFF, ATTR_NAME, ATTR_DELEGATES,
					ATTR_ALIASES | ATTR_ADDRESS,
					ATTR_DELEGATES | ATTR_NAME};
	size_t count = 0;

	for (; count < accounts->count && count < CHANGES_MOST; count++) {
		const struct account *account = &accounts->items[count];
		char address[32];

		snprintf(address, sizeof(address), "new%zu@example.org", count);
		wanted[count] = *account;
		wanted[count].name = sym_get(names, str_of(address));
		if (count % 2)
			wanted[count].address = wanted[count].name;
		if (count % 3)
			wanted[count].delegates.count = 0;
		if (count % 5 == 4)
			submit(target, count, REQUEST_DELETE, &wanted[count], account->id, 0);
		else if (count % 5 == 3)
			submit(target, count, REQUEST_SUSPEND, &wanted[count], account->id, 0);
		else
			submit(target, count, REQUEST_UPDATE, &wanted[count], account->id,
			       sets[count % (sizeof(sets) / sizeof(sets[0]))]);
	}
	if (count > 0) {
		wanted[count] = wanted[count - 1];
		wanted[count].address = sym_get(names, STR("u9@example.org"));
		submit(target, count, REQUEST_CREATE, &wanted[count], NULL, 0xFF);
		count++;
	}
	return count;
}

static void change_all(struct target *target, struct sym_pool *names, struct accounts *accounts)
{
	struct account wanted[CHANGES_MOST + 1];
	struct target_outcomes outcomes = {NULL, 0, 0};
	struct err err = ERR_INIT;
	size_t left = change(target, names, accounts, wanted);
	unsigned seen = 0;

	MUST(target->ops->under_way(target) == left);
	while (left > 0) {
		MUST(target->ops->wait(target, 0, &outcomes, &err) == 0);
		for (size_t i = 0; i < outcomes.count; i++) {
			const unsigned bit = 1U << outcomes.items[i].number;

			MUST(!(seen & bit));
			seen |= bit;
			check_outcome(&outcomes.items[i], &wanted[outcomes.items[i].number]);
		}
		MUST(outcomes.count <= left);
		left -= outcomes.count;
		MUST(target->ops->under_way(target) == left);
	}
	free(outcomes.items);
}

/* --- the whole ----------------------------------------------------------------------------- */

static void set_up(void)
{
	static bool done;
	struct err err = ERR_INIT;

	if (!done && base_init(&err))
		abort();
	done = true;
	setenv("ZSCTL_FUZZ_KEY", "an-api-key", 1);
}

static void list(struct target *target, struct sym_pool *names, struct accounts *accounts)
{
	struct err err = ERR_INIT;

	if (target->ops->list(target, names, accounts, &err)) {
		MUST(str_starts(str_of(err.text), "target: "));
		return;
	}
	check_listing(names, accounts);
	change_all(target, names, accounts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kept[] = {"u1", "u2", "g1"};
	const struct config config = {
		.target = {.url = STR("https://app.example.org/api"),
			   .api_key = {SECRET_ENV, STR("ZSCTL_FUZZ_KEY")}}};
	struct sym_pool names = SYM_POOL_INIT;
	struct accounts accounts = ACCOUNTS_INIT;
	struct err err = ERR_INIT;
	struct buf said = BUF_INIT;
	struct target *target;

	set_up();
	script = (struct str){(const char *)data, size};
	MUST(target_zivver_open(&target, &config, &err) == 0);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		target->ops->will_change(target, sym_get(&names, str_of(kept[i])));
	list(target, &names, &accounts);
	list(target, &names, &accounts);
	if (target->ops->check(target, &said, &err) == 0)
		MUST(!memmem(said.ptr, said.len, "FAILED", 6));
	else
		MUST(memmem(said.ptr, said.len, "FAILED ", 7));
	buf_release(&said);
	target->ops->free(target);
	accounts_release(&accounts);
	sym_pool_release(&names);
	return 0;
}
