/*
 * The Zivver service as canned answers on loopback, and the target in front of it: for each request
 * a test says what must come, to the byte, and what is answered.
 */
#ifndef ZSCTL_TEST_ZIVVER_SERVICE_H
#define ZSCTL_TEST_ZIVVER_SERVICE_H

#include "http_server.h"
#include "target_asked.h"
#include "zivver_internal.h"

#define SCIM_JSON "application/scim+json"
#define API_KEY "an-api-key"
#define LIST_OF(total, resources) "{\"Resources\":[" resources "],\"totalResults\":" #total "}"

/* How much of the answer comes. */
enum ending {
	WHOLE,
	CUT,    /* the connection ends within the body */
	SILENT, /* the connection ends in place of an answer */
};

struct exchange {
	const char *request; /* "PUT /Users/u1", below /api/scim/v2 */
	const char *sent;    /* the body that must come; NULL: none */
	unsigned status;
	const char *answer; /* its body; NULL: none */
	enum ending ending;
	const char *type; /* NULL: JSON; "": none is said */
};

enum { EXCHANGES_MOST = 12 };

struct service {
	struct server server; /* first */
	struct world w;
	struct buf url;
	/* What is expected, in any order when `loose`. */
	const struct exchange *exchanges;
	size_t count;
	bool loose;
	bool used[EXCHANGES_MOST];
	/* What a reading of all gets, when nothing else is said; not counted. */
	struct exchange users, groups;
	/* Under the server's lock: */
	unsigned lists, changes;
	struct buf problems;
	struct arena arena;
};

/* --- what is answered ---------------------------------------------------------------------- */

static inline const struct step *render(struct service *s, const struct exchange *exchange)
{
	const size_t length = exchange->answer ? strlen(exchange->answer) : 0;
	const char *type = exchange->type ? exchange->type : "application/json";
	struct step *step = arena_new(&s->arena, struct step);
	struct buf out = BUF_INIT;

	*step = (struct step){.after = exchange->ending == WHOLE ? KEEP : CLOSE};
	if (exchange->ending == SILENT)
		return step;
	buf_addf(&out, "HTTP/1.1 %u Said\r\n", exchange->status);
	if (*type && length)
		buf_addf(&out, "Content-Type: %s\r\n", type);
	if (exchange->status / 100 == 3)
		buf_puts(&out, "Location: https://example.net/\r\n");
	if (exchange->status != 204)
		buf_addf(&out, "Content-Length: %zu\r\n",
			 exchange->ending == CUT ? length + 1 : length);
	buf_addf(&out, "\r\n%s", exchange->answer ? exchange->answer : "");
	step->answer = arena_str(&s->arena, buf_str(&out)).ptr;
	buf_release(&out);
	return step;
}

/* --- what comes ---------------------------------------------------------------------------- */

struct came {
	struct str method, path, body;
	struct str head;
};

static inline struct came take_apart(struct str request)
{
	const char *blank = memmem(request.ptr, request.len, "\r\n\r\n", 4);
	struct came came = {.head = {request.ptr, (size_t)(blank - request.ptr) + 2}};
	struct str rest = request;

	came.body = (struct str){blank + 4, request.len - (size_t)(blank + 4 - request.ptr)};
	str_split(&rest, ' ', &came.method);
	str_split(&rest, ' ', &came.path);
	if (str_starts(came.path, "/api/scim/v2")) {
		came.path.ptr += strlen("/api/scim/v2");
		came.path.len -= strlen("/api/scim/v2");
	}
	return came;
}

static inline bool has_line(const struct came *came, const char *line)
{
	return memmem(came->head.ptr, came->head.len, line, strlen(line)) != NULL;
}

/* The reference's words on headers, for every request alike. */
static inline void check_head(struct service *s, const struct came *came)
{
	const bool patch = str_is(came->method, "PATCH");
	const char *accept = patch ? "\r\nAccept: " SCIM_JSON "\r\n"
				   : "\r\nAccept: application/json\r\n";
	const char *type = patch ? "\r\nContent-Type: " SCIM_JSON "\r\n"
				 : "\r\nContent-Type: application/json\r\n";

	if (!has_line(came, "\r\nAuthorization: Bearer " API_KEY "\r\n"))
		buf_puts(&s->problems, "not authorized\n");
	if (!has_line(came, "\r\nUser-Agent: zsctl/" ZSCTL_VERSION "\r\n"))
		buf_puts(&s->problems, "nobody's request\n");
	if (!has_line(came, accept))
		buf_puts(&s->problems, "not accepted\n");
	if (has_line(came, came->body.len ? type : "\r\nContent-Type:") != (came->body.len > 0))
		buf_puts(&s->problems, "wrong type\n");
}

static inline bool is_request(const struct came *came, const char *request)
{
	const size_t method = came->method.len;

	return strncmp(request, came->method.ptr, method) == 0 && request[method] == ' ' &&
	       str_is(came->path, request + method + 1);
}

static inline const struct exchange *expected(struct service *s, const struct came *came)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->used[i])
			continue;
		if (is_request(came, s->exchanges[i].request)) {
			s->used[i] = true;
			return &s->exchanges[i];
		}
		if (!s->loose)
			break;
	}
	return NULL;
}

static inline const struct step *answer_to(struct server *server, struct str request)
{
	struct service *s = (struct service *)server;
	const struct came came = take_apart(request);
	const struct exchange *exchange = expected(s, &came);
	const bool users = is_request(&came, "GET /Users");

	check_head(s, &came);
	if (!exchange && (users || is_request(&came, "GET /Groups"))) {
		s->lists++;
		return render(s, users ? &s->users : &s->groups);
	}
	s->changes += !str_is(came.method, "GET");
	if (!exchange) {
		buf_addf(&s->problems, "nobody expects %.*s %.*s %.*s\n", STR_FMT(came.method),
			 STR_FMT(came.path), STR_FMT(came.body));
		return render(s, &(struct exchange){.status = 418, .answer = "unexpected"});
	}
	if (!str_eq(came.body, str_of(exchange->sent)))
		buf_addf(&s->problems, "%s\nsent     %.*s\nexpected %s\n", exchange->request,
			 STR_FMT(came.body), exchange->sent ? exchange->sent : "(nothing)");
	return render(s, exchange);
}

/* --- life ---------------------------------------------------------------------------------- */

/* A client that loses no time over what fails. */
static inline void connect_quickly(struct service *s)
{
	const struct http_settings settings = {.base_url = s->w.config.target.url,
					       .backoff_ms = 1,
					       .backoff_most_ms = 2,
					       .attempts = 2,
					       .breaker_window = 1,
					       .seed = 7};
	struct zivver_target *t = (struct zivver_target *)s->w.target;
	struct secret key = SECRET_INIT;
	struct err err = ERR_INIT;

	secret_set(&key, STR(API_KEY));
	if (http_open(&t->http, &settings, &err) || http_authorize(t->http, &key, &err))
		fail_msg("%s", err.text);
	secret_release(&key);
}

static inline void open_service(struct service *s, const struct exchange *exchanges,
				size_t count, enum sign_in sign_in)
{
	struct err err = ERR_INIT;

	*s = (struct service){.exchanges = exchanges};
	server_start(&s->server, NULL, 0);
	s->server.choose = answer_to;
	while (s->count < count && exchanges[s->count].request)
		s->count++;
	buf_addf(&s->url, "http://127.0.0.1:%u/api", s->server.port);
	setenv("ZSCTL_TEST_API_KEY", API_KEY, 1);
	s->w.config.target = (struct config_target){
		.provider = TARGET_ZIVVER,
		.url = buf_str(&s->url),
		.api_key = {SECRET_ENV, STR("ZSCTL_TEST_API_KEY")},
		.sign_in = sign_in,
	};
	if (target_open(&s->w.target, &s->w.config, &err))
		fail_msg("%s", err.text);
	connect_quickly(s);
}

/* Ends it; fails when anything else came than what was expected, or less. */
static inline void close_service(struct service *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!s->used[i])
			buf_addf(&s->problems, "%s never came\n", s->exchanges[i].request);
	}
	close_world(&s->w);
	server_stop(&s->server);
	if (s->problems.len)
		fail_msg("%s: %s", name, s->problems.ptr);
	buf_release(&s->server.log);
	buf_release(&s->problems);
	buf_release(&s->url);
	arena_release(&s->arena);
}

/* One request, and what became of it. */
static inline const struct target_outcome *carry_out(struct service *s,
						     const struct asked *asked)
{
	submit(&s->w, 7, asked);
	wait_all(&s->w);
	assert_int_equal(s->w.outcomes.count, 1);
	assert_int_equal(s->w.outcomes.items[0].number, 7);
	return &s->w.outcomes.items[0];
}

#endif
