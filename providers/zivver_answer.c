/*
 * What came of a request. Done is what an answer shows to be done; what no complete answer came
 * for is not known, and the caller reads.
 */
#include "zivver_errors.h"
#include "zivver_internal.h"

#include <string.h>
#include <strings.h>

/* An answer while it is looked at. */
struct looking {
	struct zivver_target *t;
	struct zivver_job *job;
	const struct http_answer *answer;
	struct target_outcome *outcome;
};

static bool end(struct looking *l, enum outcome_class class, struct str text, struct str advice)
{
	l->outcome->class = class;
	l->outcome->text = arena_str(&l->t->answers, text);
	l->outcome->advice = advice;
	return true;
}

static bool unknown(struct looking *l, struct str text)
{
	if (l->job->request.id)
		zivver_world_doubt(&l->t->world, l->job->request.id);
	return end(l, OUTCOME_UNKNOWN, text, STR_NONE);
}

/* Nothing was changed yet: a failure says so, and needs no reading. */
static bool changed_nothing(const struct zivver_job *job)
{
	switch (job->stage) {
	case ZIVVER_FETCH:
	case ZIVVER_WRITE:
		return true;
	case ZIVVER_EMPTY:
		/* What a PUT could do is done. */
		return job->set == 0;
	case ZIVVER_CONFIRM:
		break;
	}
	return false;
}

static bool next(struct looking *l, enum zivver_stage stage)
{
	l->job->stage = stage;
	return false;
}

/* --- resources in answers ------------------------------------------------------------------- */

/* The resource that an answer holds; false: none, or another one. */
static bool read_resource(struct looking *l, struct account *account)
{
	const struct target_request *request = &l->job->request;
	struct err ignored = ERR_INIT;

	if (!zivver_is_json(l->answer->content_type) ||
	    scim_read(&l->t->reader, request->kind, l->answer->body, &l->t->answers, account,
		      &ignored))
		return false;
	if (request->op == REQUEST_CREATE && !request->id)
		return account->address == request->wanted->address;
	return account->id == request->id;
}

/* Of single values: what was asked for is there. */
static bool shows_values(const struct zivver_job *job, const struct account *now)
{
	const struct target_request *request = &job->request;
	const struct account *wanted = request->wanted;
	unsigned set = request->set;

	if (request->op == REQUEST_SUSPEND)
		return request->kind == KIND_FUNCTIONAL || !now->active;
	if (set & ATTR_ADDRESS && now->address != wanted->address)
		return false;
	if (set & ATTR_NAME && now->name != wanted->name)
		return false;
	if (set & ATTR_UNIT && now->unit != wanted->unit)
		return false;
	if (request->kind == KIND_FUNCTIONAL)
		return true;
	if (set & ATTR_MOBILE && now->mobile != wanted->mobile)
		return false;
	/* New ones are active, whatever was sent; the caller sees it. */
	return !(set & ATTR_ACTIVE) || request->op == REQUEST_CREATE ||
	       now->active == wanted->active;
}

/* Of sets: nothing is left that was to go. `old`: the primary address before, which the service
 * may keep as an alias. */
static bool shows_removals(const struct zivver_job *job, const struct account *now,
			   const struct sym *old)
{
	const struct account *wanted = job->request.wanted;

	for (uint32_t i = 0; job->request.set & ATTR_ALIASES && i < now->aliases.count; i++) {
		const struct sym *alias = now->aliases.items[i];

		if (alias != old && !set_has(wanted->aliases, alias))
			return false;
	}
	for (uint32_t i = 0; job->request.set & ATTR_DELEGATES && i < now->delegates.count;
	     i++) {
		if (!delegates_find(wanted->delegates, now->delegates.items[i].address))
			return false;
	}
	return true;
}

static bool done(struct looking *l, const struct account *account)
{
	l->outcome->class = OUTCOME_DONE;
	if (account) {
		l->outcome->answered = true;
		l->outcome->answer = *account;
	}
	return true;
}

/* The answer to a POST, or the reading after it. */
static bool created(struct looking *l, struct account *account)
{
	if (l->job->stage == ZIVVER_WRITE && !shows_values(l->job, account)) {
		/* Just who it is; what it has, and what would be sent back, must be read. */
		l->job->request.id = account->id;
		return next(l, ZIVVER_CONFIRM);
	}
	zivver_world_answer(&l->t->world, account, l->answer->body);
	return done(l, account);
}

static bool updated(struct looking *l, struct account *account)
{
	const struct target_request *request = &l->job->request;
	const struct zivver_account *owner = zivver_world_owner(&l->t->world, request->id);
	const struct sym *old = owner ? owner->address : NULL;
	/* Before those go who are nobody that is known here: they are still somebody. */
	const bool anybody = account->delegates.count > 0;

	zivver_world_answer(&l->t->world, account, l->answer->body);
	if (!shows_values(l->job, account))
		return unknown(l, STR("the service's answer does not show the change"));
	if (zivver_empties(request)) {
		if (!l->job->emptied)
			return next(l, ZIVVER_EMPTY);
		if (anybody)
			return unknown(l, STR("the service's answer still shows delegates"));
	}
	if (!shows_removals(l->job, account, old))
		return unknown(l, STR("the service's answer still shows what was to go"));
	return done(l, account);
}

/* --- success -------------------------------------------------------------------------------- */

static bool succeeded(struct looking *l)
{
	const struct target_request *request = &l->job->request;
	struct err ignored = ERR_INIT;
	struct account account;
	bool readable;

	if (request->op == REQUEST_DELETE) {
		/* A page of something on the way is no answer of the service. */
		if (l->answer->body.len > 0 && (!zivver_is_json(l->answer->content_type) ||
						json_check(l->answer->body, &ignored) < 0))
			return unknown(l, STR("the answer is not one of the service"));
		zivver_world_delete(&l->t->world, request->id);
		return done(l, NULL);
	}
	if (l->job->stage == ZIVVER_EMPTY && l->answer->status == 204) {
		zivver_world_doubt(&l->t->world, request->id);
		return done(l, NULL);
	}
	readable = read_resource(l, &account);
	switch (l->job->stage) {
	case ZIVVER_FETCH:
		if (!readable)
			return end(l, OUTCOME_FAILED,
				   STR("the service's answer is not the account"),
				   STR("plan again"));
		zivver_world_answer(&l->t->world, &account, l->answer->body);
		return next(l, ZIVVER_WRITE);
	case ZIVVER_WRITE:
	case ZIVVER_EMPTY:
		if (readable)
			break;
		/* It is there, and a listing tells under which id. */
		if (request->op == REQUEST_CREATE)
			return done(l, NULL);
		return next(l, ZIVVER_CONFIRM);
	case ZIVVER_CONFIRM:
		if (!readable)
			return unknown(l, STR("the service's answer is not the account"));
		break;
	}
	return request->op == REQUEST_CREATE ? created(l, &account) : updated(l, &account);
}

/* --- refusals ------------------------------------------------------------------------------- */

/* Of a longer address, or of a longer id. */
static bool goes_on(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '-' || c == '_' || c == '&' || c >= 0x80;
}

/* As a word: jane@example.org does not mention e@example.org. */
static bool mentions(struct str text, const struct sym *name)
{
	const size_t len = name ? name->len : 0;

	for (size_t i = 0; len && i + len <= text.len; i++) {
		const char *at = text.ptr + i, *end = at + len;
		const size_t left = text.len - i - len;

		if (strncasecmp(at, name->text, len) != 0 ||
		    (i > 0 && (at[-1] == '.' || goes_on((unsigned char)at[-1]))) ||
		    (left > 0 && goes_on((unsigned char)end[0])) ||
		    (left > 1 && end[0] == '.' && goes_on((unsigned char)end[1])))
			continue;
		return true;
	}
	return false;
}

/* The aliases that the account has, as last read; none when that is not known. */
static struct set aliases_now(struct looking *l)
{
	const struct sym *id = l->job->request.id;
	const struct zivver_kept *kept = id ? zivver_world_kept(&l->t->world, id) : NULL;
	struct account account = {.kind = KIND_USER};
	struct err ignored = ERR_INIT;

	if (kept)
		scim_read(&l->t->reader, l->job->request.kind,
			  (struct str){kept->text, kept->len}, &l->t->answers, &account,
			  &ignored);
	return account.aliases;
}

/* Which alias was refused: the one that is named, or the only one that was added. */
static const struct sym *refused_alias(struct looking *l, struct str text)
{
	const struct target_request *request = &l->job->request;
	const struct set now = aliases_now(l);
	const struct sym *only = NULL;
	size_t added = 0;

	if (!(request->set & ATTR_ALIASES))
		return NULL;
	for (uint32_t i = 0; i < request->wanted->aliases.count; i++) {
		const struct sym *alias = request->wanted->aliases.items[i];

		if (set_has(now, alias))
			continue;
		if (mentions(text, alias))
			return alias;
		only = alias;
		added++;
	}
	if (request->set & ATTR_ADDRESS && mentions(text, request->wanted->address))
		return NULL;
	return added == 1 ? only : NULL;
}

/*
 * An alias that an account of this listing has may be free another day, and the next plan sees whose
 * it is. One that nobody has who can be seen stays refused until a person does something.
 */
static bool refused_for_alias(struct looking *l, struct zivver_refusal *refusal)
{
	const struct sym *alias = refused_alias(l, refusal->text);
	const struct zivver_account *owner = zivver_world_owner(&l->t->world, alias);

	if (!alias || (refusal->alias_taken && owner && owner->id != l->job->request.id))
		return end(l, OUTCOME_FAILED, refusal->text, refusal->advice);
	end(l, OUTCOME_REFUSED, refusal->text, refusal->advice);
	l->outcome->refused_attribute = arena_strf(&l->t->answers, "alias %s", alias->text);
	return true;
}

static bool refused(struct looking *l)
{
	const struct target_request *request = &l->job->request;
	struct zivver_refusal refusal = zivver_refusal(&l->t->answers, l->answer->status,
						       l->answer->body, request->key);

	if (!changed_nothing(l->job))
		return unknown(l, refusal.text);
	switch (refusal.about) {
	case ZIVVER_ABOUT_ALIAS:
		return refused_for_alias(l, &refusal);
	case ZIVVER_ABOUT_ID:
		/* One of its delegates, then; the service may not take those who are suspended. */
		if (request->kind == KIND_FUNCTIONAL && l->job->stage == ZIVVER_WRITE &&
		    !l->job->active_only && l->answer->status != 404 &&
		    !mentions(refusal.text, request->id)) {
			l->job->active_only = true;
			return false;
		}
		break;
	case ZIVVER_ABOUT_NOTHING:
	case ZIVVER_ABOUT_THE_KEY:
		break;
	}
	return end(l, refusal.class, refusal.text, refusal.advice);
}

/* Its resource grew old while it waited for the rate limit, and a person may have changed it. */
static bool outdated(struct looking *l)
{
	if (l->job->outdated)
		return end(l, OUTCOME_FAILED, l->answer->text,
			   STR("raise target.rate or lower target.parallel, and see what else "
			       "uses the same key"));
	l->job->outdated = true;
	zivver_world_doubt(&l->t->world, l->job->request.id);
	return next(l, ZIVVER_FETCH);
}

/* --- the whole ------------------------------------------------------------------------------ */

bool zivver_answered(struct zivver_target *t, struct zivver_job *job,
		     const struct http_answer *answer, struct target_outcome *outcome)
{
	struct looking l = {t, job, answer, outcome};

	*outcome = (struct target_outcome){.number = job->request.number};
	switch (answer->sent) {
	case HTTP_NOT_SENT:
		if (answer->failure == HTTP_STALE)
			return outdated(&l);
		/* The network, the rate or the breaker: the next one would end the same way. */
		return changed_nothing(job) ? end(&l, OUTCOME_FATAL, answer->text, STR_NONE)
					    : unknown(&l, answer->text);
	case HTTP_UNKNOWN:
		return job->stage == ZIVVER_FETCH
			       ? end(&l, OUTCOME_FAILED, answer->text, STR("plan again"))
			       : unknown(&l, answer->text);
	case HTTP_ANSWERED:
		break;
	}
	if (answer->failure == HTTP_REDIRECT)
		return changed_nothing(job) ? end(&l, OUTCOME_FATAL, answer->text, STR_NONE)
					    : unknown(&l, answer->text);
	if (answer->status / 100 == 2)
		return succeeded(&l);
	return refused(&l);
}
