#include "zivver_list.h"

#include "json_view.h"
#include "zivver_errors.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ACCOUNTS_MOST = 16 * 1000 * 1000, WAIT_MS = 1000 };
/* Some 5,000,000 accounts; what is larger is not an organisation. */
static const size_t LIST_MOST = (size_t)4 << 30;

const char *const zivver_collections[KIND_COUNT] = {
	[KIND_USER] = "/scim/v2/Users",
	[KIND_FUNCTIONAL] = "/scim/v2/Groups",
};

/* A number that the answer may say. */
struct told {
	bool given;
	uint64_t value;
};

/* One of the two lists, as far as it has come. */
struct collection {
	struct listing *listing;
	enum account_kind kind;
	struct http_sink sink;
	struct scim_reader reader;
	struct {
		struct account *items;
		size_t count, capacity;
	} accounts;
	/* The page that is coming in. */
	size_t before; /* accounts of the pages before it */
	struct json_stream *stream;
	struct told total, start;
	/* After the first page. */
	bool paging;
	uint64_t whole; /* how many there are */
	uint64_t page_size;
};

struct listing {
	struct http *http;
	struct zivver_world *world;
	struct arena *sets; /* of the accounts */
	struct arena scratch;
	struct collection collections[KIND_COUNT];
	bool failed;
	struct err err; /* the first */
};

/* --- a page, as it comes in --------------------------------------------------------------- */

static int take_resource(struct collection *c, struct str text, struct err *err)
{
	struct account account;

	if (c->accounts.count == ACCOUNTS_MOST)
		return err_set(err, ERR_FAILED, "more than %d accounts", ACCOUNTS_MOST);
	if (scim_read(&c->reader, c->kind, text, c->listing->sets, &account, err))
		return err_prefix(err, "resource %zu", c->accounts.count + 1);
	*vec_push(&c->accounts) = account;
	zivver_world_offer(c->listing->world, account.id, text);
	return 0;
}

static int take_number(const struct json_item *item, struct told *told, struct err *err)
{
	/* An array would come as its elements. */
	told->given = !item->element && str_to_u64(item->text, &told->value);
	if (told->given)
		return 0;
	return err_set(err, ERR_FAILED, "\"%.*s\" must be a number", STR_FMT(item->member));
}

static int take_item(void *context, const struct json_item *item, struct err *err)
{
	struct collection *c = context;

	if (str_is(item->member, "Resources")) {
		if (item->element)
			return take_resource(c, item->text, err);
		if (!json_view_null(item->text))
			return err_set(err, ERR_FAILED, "\"Resources\" must be a list");
		return 0;
	}
	if (str_is(item->member, "totalResults"))
		return take_number(item, &c->total, err);
	if (str_is(item->member, "startIndex"))
		return take_number(item, &c->start, err);
	return json_check(item->text, err);
}

/* Also when the page is sent once more, from its beginning. */
static int begin_page(void *context, struct err *err)
{
	struct collection *c = context;
	const struct json_reader reader = {take_item, c, 0};

	(void)err;
	json_stream_free(c->stream);
	c->stream = json_stream_open(&reader);
	c->accounts.count = c->before;
	c->total = c->start = (struct told){.given = false};
	return 0;
}

static int take_bytes(void *context, struct str bytes, struct err *err)
{
	struct collection *c = context;

	/* The other list has failed: this one is of no use any more. */
	if (c->listing->failed)
		return err_set(err, ERR_FAILED, "given up");
	return json_stream_feed(c->stream, bytes, err);
}

/* --- a page that has come in ---------------------------------------------------------------- */

bool zivver_is_json(struct str content_type)
{
	struct str type, rest = content_type;

	if (!str_split(&rest, ';', &type))
		return true;
	type = str_trim(type);
	return type.len == 0 ||
	       (type.len == 16 && strncasecmp(type.ptr, "application/json", 16) == 0) ||
	       (type.len > 5 && strncasecmp(type.ptr + type.len - 5, "+json", 5) == 0);
}

static int not_the_service(struct err *err)
{
	char text[sizeof(err->text)];

	memcpy(text, err->text, sizeof(text));
	return err_set(
		err, ERR_UNREACHABLE,
		"%s: this is not a complete answer of the service. Check target.url, and "
		"whether a proxy on the way changes answers; then try again",
		text);
}

/* Anything but a whole answer of 2xx. */
static int check_answer(struct collection *c, const struct http_answer *answer, struct err *err)
{
	struct zivver_refusal refusal;

	if (answer->failure == HTTP_REDIRECT)
		return err_set(err, ERR_FAILED, "%.*s", STR_FMT(answer->text));
	if (answer->failure == HTTP_SINK) {
		if (!zivver_is_json(answer->content_type))
			err_set(err, ERR_FAILED, "the answer is %.*s, not JSON",
				STR_FMT(answer->content_type));
		else
			err_set(err, ERR_FAILED, "%.*s", STR_FMT(answer->text));
		return not_the_service(err);
	}
	if (answer->failure != HTTP_FINE || answer->sent != HTTP_ANSWERED)
		return err_set(err, ERR_UNREACHABLE, "%.*s", STR_FMT(answer->text));
	if (answer->status == 200)
		return 0;
	if (answer->status < 400)
		return err_set(err, ERR_FAILED, "the service answered %u to a reading",
			       answer->status);
	refusal = zivver_refusal(&c->listing->scratch, answer->status, answer->body, STR_NONE);
	if (refusal.about != ZIVVER_ABOUT_THE_KEY)
		refusal.advice = STR("check target.url");
	return err_set(err, ERR_FAILED, "%.*s: %.*s", STR_FMT(refusal.text),
		       STR_FMT(refusal.advice));
}

static int check_body(struct collection *c, const struct http_answer *answer, struct err *err)
{
	if (!zivver_is_json(answer->content_type)) {
		err_set(err, ERR_FAILED, "the answer is %.*s, not JSON",
			STR_FMT(answer->content_type));
		return not_the_service(err);
	}
	if (!c->stream) {
		err_set(err, ERR_FAILED, "the answer is empty");
		return not_the_service(err);
	}
	if (json_stream_end(c->stream, err))
		return not_the_service(err);
	if (!c->total.given) {
		err_set(err, ERR_FAILED, "the answer has no \"totalResults\"");
		return not_the_service(err);
	}
	return 0;
}

static int wrong_count(const struct collection *c, struct err *err)
{
	return err_set(
		err, ERR_UNREACHABLE,
		"the service says that there are %llu and has sent %zu. A list that is not "
		"complete would read as if people had left, so nothing is done with it: "
		"try again",
		(unsigned long long)c->whole, c->accounts.count);
}

/* 1: there is another page; 0: this was all; -1: the counts do not add up. */
static int count_page(struct collection *c, struct err *err)
{
	const size_t came = c->accounts.count - c->before;

	if (!c->paging) {
		c->whole = c->total.value;
		c->page_size = came;
	}
	if (c->total.value != c->whole)
		return err_set(err, ERR_UNREACHABLE,
			       "there were %llu and now there are %llu: the list changed while "
			       "it was read, try again",
			       (unsigned long long)c->whole,
			       (unsigned long long)c->total.value);
	if (c->start.given && c->start.value != c->before + 1 && (came > 0 || c->before > 0))
		return err_set(err, ERR_UNREACHABLE,
			       "asked for what begins at %zu, the service sent what begins at "
			       "%llu: try again",
			       c->before + 1, (unsigned long long)c->start.value);
	if (c->accounts.count == c->whole)
		return 0;
	if (c->accounts.count > c->whole || came == 0)
		return wrong_count(c, err);
	c->paging = true;
	return 1;
}

/* --- both ------------------------------------------------------------------------------------ */

static int ask(struct collection *c, struct err *err)
{
	struct buf path = BUF_INIT;
	struct http_request request = {
		.number = c->kind,
		.method = HTTP_GET,
		.accept = STR(ZIVVER_JSON),
		.body_limit = LIST_MOST,
		.sink = &c->sink,
		.replay = true,
	};
	int result;

	json_stream_free(c->stream);
	c->stream = NULL;
	c->before = c->accounts.count;
	buf_puts(&path, zivver_collections[c->kind]);
	if (c->paging)
		buf_addf(&path, "?startIndex=%zu&count=%llu", c->before + 1,
			 (unsigned long long)c->page_size);
	request.path = buf_str(&path);
	result = http_submit(c->listing->http, &request, err);
	buf_release(&path);
	return result;
}

static int take_page(struct collection *c, const struct http_answer *answer, struct err *err)
{
	int more;

	if (check_answer(c, answer, err) || check_body(c, answer, err))
		return -1;
	more = count_page(c, err);
	return more > 0 ? ask(c, err) : more;
}

/* What is under way is of no use any more. */
static void fail(struct listing *l, const struct err *err)
{
	if (!l->failed)
		l->err = *err;
	l->failed = true;
	http_drop(l->http);
}

static void take_answer(struct listing *l, const struct http_answer *answer)
{
	struct collection *c = &l->collections[answer->number];
	struct err err = ERR_INIT;

	if (l->failed || take_page(c, answer, &err) == 0)
		return;
	err_prefix(&err, "%.*s%s", STR_FMT(http_base_url(l->http)),
		   zivver_collections[c->kind]);
	fail(l, &err);
}

static void read_all(struct listing *l)
{
	struct http_answers answers = {.items = NULL};
	struct err err = ERR_INIT;

	for (int kind = 0; kind < KIND_COUNT && !l->failed; kind++) {
		if (ask(&l->collections[kind], &err))
			fail(l, &err);
	}
	while (http_under_way(l->http) > 0) {
		if (http_wait(l->http, WAIT_MS, &answers, &err)) {
			fail(l, &err);
			break;
		}
		for (size_t i = 0; i < answers.count; i++)
			take_answer(l, &answers.items[i]);
		if (os_interrupted() && !l->failed) {
			err_set(&err, ERR_FAILED, "interrupted");
			fail(l, &err);
		}
	}
	free(answers.items);
}

static void join(struct listing *l, struct accounts *accounts)
{
	struct collection *users = &l->collections[KIND_USER];
	struct collection *groups = &l->collections[KIND_FUNCTIONAL];

	accounts->items = users->accounts.items;
	accounts->count = users->accounts.count;
	accounts->capacity = users->accounts.capacity;
	users->accounts.items = NULL;
	for (size_t i = 0; i < groups->accounts.count; i++)
		*vec_push(accounts) = groups->accounts.items[i];
}

int zivver_list(struct http *http, struct zivver_world *world, struct sym_pool *names,
		struct accounts *accounts, struct err *err)
{
	struct accounts fresh = ACCOUNTS_INIT;
	struct listing l = {.http = http, .world = world, .sets = &fresh.arena};
	int result = -1;

	zivver_world_clear(world);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		struct collection *c = &l.collections[kind];

		c->listing = &l;
		c->kind = (enum account_kind)kind;
		c->sink = (struct http_sink){begin_page, take_bytes, c};
		c->reader.names = names;
	}
	read_all(&l);
	if (l.failed) {
		*err = l.err;
	} else {
		join(&l, &fresh);
		result = zivver_world_take(world, &fresh, err);
	}
	if (result == 0) {
		accounts_release(accounts);
		*accounts = fresh;
	} else {
		accounts_release(&fresh);
	}
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		struct collection *c = &l.collections[kind];

		json_stream_free(c->stream);
		scim_reader_release(&c->reader);
		free(c->accounts.items);
	}
	arena_release(&l.scratch);
	return result;
}
