#include "target_zivver.h"

#include "zivver_internal.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>

enum {
	PARALLEL = 4,
	READING_VALID = 60, /* seconds: so old may be what is sent back (design: "Apply") */
};

static struct zivver_target *self(struct target *target)
{
	return (struct zivver_target *)target;
}

/* --- the connection ------------------------------------------------------------------------ */

/* Says where the key lies; never what it is. */
static int wrong_key(const struct secret_ref *ref, struct err *err)
{
	const char *place = ref->kind == SECRET_ENV    ? "environment variable"
			    : ref->kind == SECRET_FILE ? "secret file"
						       : "credential";

	return err_prefix(err, "api_key: %s %.*s", place, STR_FMT(ref->name));
}

int zivver_connect(const struct config *config, enum zivver_patience patience,
		   struct http **http, struct err *err)
{
	const struct config_target *target = &config->target;
	const struct http_settings settings = {
		.base_url = target->url,
		.ca_file = target->ca_file.len ? target->ca_file.ptr : NULL,
		.parallel = target->parallel ? target->parallel : PARALLEL,
		.rate_requests = target->rate.requests,
		.rate_period_ms = target->rate.seconds * 1000,
		.attempts = patience == ZIVVER_SOON ? 1 : 0,
		/* Another program with the same key may just have used up the limit. */
		.refused_attempts = patience == ZIVVER_SOON ? 3 : 0,
	};
	CLEANUP(secret_release) struct secret key = SECRET_INIT;

	if (secret_load(&target->api_key, &key, err))
		return err_prefix(err, "api_key");
	if (http_open(http, &settings, err))
		return -1;
	if (http_authorize(*http, &key, err)) {
		http_free(*http);
		*http = NULL;
		return wrong_key(&target->api_key, err);
	}
	return 0;
}

static void disconnect(struct zivver_target *t)
{
	http_free(t->http);
	t->http = NULL;
}

/* --- changes under way --------------------------------------------------------------------- */

static void release_job(struct zivver_target *t, struct zivver_job *job)
{
	if (job->used)
		t->busy--;
	secret_release(&job->key);
	*job = (struct zivver_job){.used = false};
}

/* The number of one that is free. */
static uint64_t free_job(struct zivver_target *t)
{
	uint64_t number = 0;

	while (number < t->jobs.count && t->jobs.items[number]->used)
		number++;
	if (number == t->jobs.count)
		*vec_push(&t->jobs) = mem_calloc(1, sizeof(struct zivver_job));
	t->jobs.items[number]->used = true;
	t->busy++;
	return number;
}

/* It did not happen, and will not. */
static void ended_early(struct zivver_target *t, const struct target_request *request,
			struct str text, const char *advice)
{
	*vec_push(&t->ended) = (struct target_outcome){.number = request->number,
						       .class = OUTCOME_FAILED,
						       .text = arena_str(&t->answers, text),
						       .advice = str_of(advice)};
}

static bool lacks_key(const struct zivver_target *t, const struct target_request *request)
{
	return t->target.own_keys && request->kind == KIND_USER && !request->key.len &&
	       (request->op == REQUEST_CREATE || request->op == REQUEST_UPDATE);
}

static void begin(struct zivver_target *t, const struct target_request *request)
{
	uint64_t number = free_job(t);
	struct zivver_job *job = t->jobs.items[number];
	struct err err = ERR_INIT;

	job->request = *request;
	/* Functional accounts have none: their resource is not to be touched for one. */
	if (request->key.len && request->kind == KIND_USER)
		secret_set(&job->key, request->key);
	job->request.key = secret_str(&job->key);
	zivver_begin(t, job);
	if (zivver_send(t, job, number, &err) == 0)
		return;
	ended_early(t, request, str_of(err.text), "plan again");
	release_job(t, job);
}

/* False: another request went out for the same change. */
static bool ends(struct zivver_target *t, const struct http_answer *answer,
		 struct target_outcome *outcome)
{
	struct zivver_job *job = t->jobs.items[answer->number];
	struct err err = ERR_INIT;

	if (!zivver_answered(t, job, answer, outcome)) {
		if (zivver_send(t, job, answer->number, &err) == 0)
			return false;
		*outcome = (struct target_outcome){
			.number = job->request.number,
			/* Something may have been done before it. */
			.class = job->stage == ZIVVER_WRITE ? OUTCOME_FAILED : OUTCOME_UNKNOWN,
			.text = arena_str(&t->answers, str_of(err.text)),
			.advice = STR("plan again"),
		};
	}
	release_job(t, job);
	return true;
}

/* --- operations ---------------------------------------------------------------------------- */

static int list(struct target *target, struct sym_pool *names, struct accounts *accounts,
		struct err *err)
{
	struct zivver_target *t = self(target);

	if (t->busy + t->ended.count > 0)
		return err_set(err, ERR_FAILED, "target: changes are under way");
	arena_reset(&t->answers);
	t->names = NULL;
	t->reader.names = names;
	if (!t->http && zivver_connect(target->config, ZIVVER_LONG, &t->http, err))
		return err_prefix(err, "target");
	if (zivver_list(t->http, &t->world, names, accounts, err)) {
		zivver_world_clear(&t->world);
		if (http_under_way(t->http))
			disconnect(t);
		return err_prefix(err, "target");
	}
	t->names = names;
	return 0;
}

static void will_change(struct target *target, const struct sym *id)
{
	zivver_world_want(&self(target)->world, id);
}

static int submit(struct target *target, const struct target_request *request, struct err *err)
{
	struct zivver_target *t = self(target);

	if (!t->names)
		return err_set(err, ERR_FAILED, "target: nothing was listed yet");
	if (lacks_key(t, request))
		ended_early(t, request,
			    STR("no account key is at hand, and without it the change would "
				"break the sign-in"),
			    "give its entry an sso_key in a source; where nobody signs in by "
			    "single sign-on, write target.sign_in: password");
	else
		begin(t, request);
	return 0;
}

static size_t under_way(const struct target *target)
{
	const struct zivver_target *t = (const struct zivver_target *)target;

	return t->busy + t->ended.count;
}

static void hand_out_early(struct zivver_target *t, struct target_outcomes *outcomes)
{
	for (size_t i = 0; i < t->ended.count; i++)
		*vec_push(outcomes) = t->ended.items[i];
	t->ended.count = 0;
}

static int wait_for(struct target *target, int timeout_ms, struct target_outcomes *outcomes,
		    struct err *err)
{
	struct zivver_target *t = self(target);
	const uint64_t until = os_monotonic_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
	uint64_t now;

	outcomes->count = 0;
	hand_out_early(t, outcomes);
	do {
		struct target_outcome outcome;

		now = os_monotonic_ms();
		if (t->busy == 0)
			return 0;
		if (http_wait(t->http,
			      outcomes->count ? 0 : (int)(now < until ? until - now : 0),
			      &t->received, err))
			return err_prefix(err, "target");
		for (size_t i = 0; i < t->received.count; i++) {
			if (ends(t, &t->received.items[i], &outcome))
				*vec_push(outcomes) = outcome;
		}
	} while (outcomes->count == 0 && now < until);
	return 0;
}

static void endpoint(const struct target *target, struct buf *out)
{
	buf_puts(out, "zivver ");
	buf_add(out, target->config->target.url);
}

static void free_target(struct target *target)
{
	struct zivver_target *t = self(target);

	disconnect(t);
	for (size_t i = 0; i < t->jobs.count; i++) {
		release_job(t, t->jobs.items[i]);
		free(t->jobs.items[i]);
	}
	free(t->jobs.items);
	free(t->ended.items);
	free(t->received.items);
	zivver_world_release(&t->world);
	scim_reader_release(&t->reader);
	arena_release(&t->answers);
	free(t);
}

static const struct target_ops ops = {
	.provider = "zivver",
	.list = list,
	.will_change = will_change,
	.submit = submit,
	.under_way = under_way,
	.wait = wait_for,
	.endpoint = endpoint,
	.check = zivver_check,
	.free = free_target,
};

int target_zivver_open(struct target **target, const struct config *config, struct err *err)
{
	const struct config_target *given = &config->target;
	struct zivver_target *t;

	if (given->url.len == 0)
		return err_set(err, ERR_FAILED, "target: no url");
	t = mem_calloc(1, sizeof(*t));
	t->target = (struct target){
		.ops = &ops,
		.config = config,
		.parallel = given->parallel ? given->parallel : PARALLEL,
		.reading_valid_s = READING_VALID,
		.rehearsal = config_url_is_loopback(given->url),
		.own_keys = given->sign_in == SIGN_IN_SSO,
		.rate_requests = given->rate.requests,
		.rate_seconds = given->rate.seconds,
	};
	*target = &t->target;
	return 0;
}
