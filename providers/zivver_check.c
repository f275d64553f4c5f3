/*
 * The steps on the way to the service, each as a line of its own: the first that fails says what to
 * do, and what lies behind it cannot be known.
 */
#include "json_view.h"
#include "zivver_errors.h"
#include "zivver_internal.h"

#include <stdlib.h>

/* In the order in which one gets there. */
enum step { STEP_NAME, STEP_CONNECTION, STEP_TLS, STEP_KEY, STEP_USERS, STEP_GROUPS };

static const char *const step_names[] = {
	[STEP_NAME] = "the name is known",
	[STEP_CONNECTION] = "the connection stands",
	[STEP_TLS] = "TLS 1.2 or newer, with a certificate that is trusted",
	[STEP_KEY] = "the API key is accepted",
	[STEP_USERS] = "the key may read users",
	[STEP_GROUPS] = "the key may read functional accounts",
};

struct checking {
	const struct config *config;
	struct http *http;
	struct arena arena;
	struct buf *out;
	enum step next; /* all before it are known to be fine */
	bool failed;
	struct err *err;
};

static enum account_kind kind_of(enum step step)
{
	return step == STEP_GROUPS ? KIND_FUNCTIONAL : KIND_USER;
}

static bool is_tls(const struct checking *c)
{
	return str_starts(c->config->target.url, "https:");
}

/* All steps before this one are fine. */
static void reached(struct checking *c, enum step step)
{
	for (; c->next < step; c->next++) {
		if (c->next != STEP_TLS || is_tls(c))
			buf_addf(c->out, "ok target: %s\n", step_names[c->next]);
	}
}

/* `text` says where, too. */
static void failed(struct checking *c, enum err_class class, struct str text)
{
	c->failed = true;
	err_set(c->err, class, "target: %.*s", STR_FMT(text));
	buf_addf(c->out, "FAILED %s\n", c->err->text);
}

/* An answer that is complete, but not what was hoped for. */
static void wrong_answer(struct checking *c, enum step step, struct str text, struct str advice)
{
	failed(c, ERR_FAILED,
	       arena_strf(&c->arena, "%.*s%s: %.*s: %.*s", STR_FMT(http_base_url(c->http)),
			  zivver_collections[kind_of(step)], STR_FMT(text), STR_FMT(advice)));
}

/* No complete answer: how far it came. */
static void no_answer(struct checking *c, const struct http_answer *answer)
{
	enum err_class class = ERR_UNREACHABLE;

	switch (answer->failure) {
	case HTTP_RESOLVE:
	case HTTP_PROXY: /* who resolves and connects is the proxy */
	case HTTP_STOPPED:
	case HTTP_BREAKER:
	case HTTP_STALE:
		break;
	case HTTP_CONNECT:
		reached(c, STEP_CONNECTION);
		break;
	case HTTP_TLS:
	case HTTP_CERTIFICATE:
		reached(c, STEP_TLS);
		break;
	case HTTP_FINE: /* 429 and 5xx */
	case HTTP_TIMEOUT:
	case HTTP_BROKEN:
		reached(c, STEP_KEY);
		break;
	case HTTP_TOO_LARGE:
	case HTTP_SINK:
	case HTTP_REDIRECT:
		/* Somebody answers, who is not the service. */
		reached(c, STEP_KEY);
		class = ERR_FAILED;
		break;
	}
	failed(c, class, answer->text);
}

/* A complete answer of 4xx. */
static void was_refused(struct checking *c, enum step step, const struct http_answer *answer)
{
	struct zivver_refusal refusal = zivver_refusal(&c->arena, answer->status, answer->body,
						       STR_NONE);

	/* Who is told that he may not has been recognised. */
	reached(c, answer->status == 403 ? step : STEP_KEY);
	if (refusal.about != ZIVVER_ABOUT_THE_KEY)
		refusal.advice = STR("this is not what the service answers, check target.url");
	wrong_answer(c, step, refusal.text, refusal.advice);
}

static bool is_list(struct checking *c, struct str body)
{
	struct err ignored = ERR_INIT;

	return json_check(body, &ignored) == 0 &&
	       json_view_member(body, &c->arena, "totalResults").len > 0;
}

/* A complete answer of 2xx. */
static void answered(struct checking *c, enum step step, const struct http_answer *answer)
{
	struct str problem = STR_NONE;

	if (!zivver_is_json(answer->content_type))
		problem = arena_strf(&c->arena, "the answer is %.*s, not JSON",
				     STR_FMT(answer->content_type));
	else if (!is_list(c, answer->body))
		problem = STR("the answer is not a list of accounts in JSON");
	reached(c, problem.len ? STEP_KEY : (enum step)(step + 1));
	if (problem.len)
		wrong_answer(c, step, problem,
			     STR("it is not the service's: check target.url, and whether a "
				 "proxy on the way answers in its place"));
}

static void look(struct checking *c, enum step step, const struct http_answer *answer)
{
	if (answer->sent != HTTP_ANSWERED || answer->failure != HTTP_FINE ||
	    answer->status == 429)
		no_answer(c, answer);
	else if (answer->status / 100 == 2)
		answered(c, step, answer);
	else if (step == STEP_USERS || answer->status != 400)
		was_refused(c, step, answer);
	/* Else: whether the service can look for a functional account is not known. */
}

/* Looks for an account that nobody has: the cheapest question that needs the right to read. */
static void ask(struct checking *c, enum step step)
{
	const enum account_kind kind = kind_of(step);
	struct http_request request = {
		.method = HTTP_GET, .accept = STR(ZIVVER_JSON), .replay = true};
	struct buf path = BUF_INIT;
	struct http_answer answer;
	struct err err = ERR_INIT;

	buf_addf(&path, "%s?filter=", zivver_collections[kind]);
	http_add_encoded(&path, arena_strf(&c->arena, "%s eq \"nobody@zsctl.invalid\"",
					   scim_wires[kind].address));
	request.path = buf_str(&path);
	if (http_call(c->http, &request, &answer, &err))
		failed(c, ERR_FAILED, str_of(err.text));
	else
		look(c, step, &answer);
	buf_release(&path);
}

int zivver_check(struct target *target, struct buf *out, struct err *err)
{
	struct checking c = {.config = target->config, .out = out, .err = err};
	struct err problem = ERR_INIT;

	if (zivver_connect(target->config, ZIVVER_SOON, &c.http, &problem)) {
		failed(&c, problem.class, str_of(problem.text));
		return -1;
	}
	ask(&c, STEP_USERS);
	if (!c.failed)
		ask(&c, STEP_GROUPS);
	http_free(c.http);
	arena_release(&c.arena);
	return c.failed ? -1 : 0;
}
