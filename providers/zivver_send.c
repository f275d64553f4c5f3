/*
 * Requests as the service wants them (reference: "Writing"). A PUT replaces the resource, so the
 * whole one goes back as it was read, with what is to change; only the account key, which is never
 * read, is put in at the end, in memory that is wiped.
 */
#include "zivver_internal.h"

#include "json_view.h"

#include "base/os.h"

#include <stdlib.h>
#include <string.h>

#define SCIM_JSON "application/scim+json"
#define REMOVE_MEMBERS "{\"Operations\":[{\"op\":\"remove\",\"path\":\"members\"}]}"

/* --- the stages --------------------------------------------------------------------------- */

bool zivver_empties(const struct target_request *request)
{
	if (request->kind != KIND_FUNCTIONAL)
		return false;
	return request->op == REQUEST_SUSPEND ||
	       (request->op == REQUEST_UPDATE && request->set & ATTR_DELEGATES &&
		request->wanted->delegates.count == 0);
}

/* How many milliseconds its resource may still be sent back; 0: it is too old, or not at hand. */
static unsigned fresh_ms(const struct zivver_target *t, const struct sym *id)
{
	const struct zivver_kept *kept = zivver_world_kept(&t->world, id);
	const uint64_t valid = t->target.reading_valid_s * UINT64_C(1000);
	const uint64_t age = kept ? os_monotonic_ms() - kept->read_at : valid;

	return age < valid ? (unsigned)(valid - age) : 0;
}

void zivver_begin(struct zivver_target *t, struct zivver_job *job)
{
	const struct target_request *request = &job->request;

	job->stage = ZIVVER_WRITE;
	job->set = request->op == REQUEST_SUSPEND ? ATTR_ACTIVE
						  : request->set & ~(unsigned)ATTR_KEY;
	if (zivver_empties(request)) {
		job->set = request->op == REQUEST_SUSPEND
				   ? 0
				   : job->set & ~(unsigned)ATTR_DELEGATES;
		if (job->set == 0)
			job->stage = ZIVVER_EMPTY;
	}
	if (job->stage == ZIVVER_WRITE &&
	    (request->op == REQUEST_UPDATE || request->op == REQUEST_SUSPEND) &&
	    fresh_ms(t, request->id) == 0)
		job->stage = ZIVVER_FETCH;
}

/* --- bodies ------------------------------------------------------------------------------- */

struct writing {
	struct zivver_target *t;
	const struct zivver_job *job;
	const struct zivver_kept *kept; /* NULL: of a new account */
	struct arena scratch;
	struct account wanted;
	struct scim_change change;
	const struct sym **delegates;
	size_t delegate_count;
};

static void add_delegate(struct writing *w, const struct sym *id_or_address)
{
	const struct zivver_account *user = zivver_world_owner(&w->t->world, id_or_address);

	if (!user || user->kind != KIND_USER ||
	    (user->id != id_or_address && user->address != id_or_address) ||
	    (w->job->active_only && !user->active))
		return;
	w->delegates[w->delegate_count++] = w->job->request.kind == KIND_USER ? user->address
									      : user->id;
}

static void wanted_delegates(struct writing *w)
{
	const struct delegates *delegates = &w->job->request.wanted->delegates;

	w->delegates = arena_array(&w->scratch, const struct sym *, delegates->count);
	for (uint32_t i = 0; i < delegates->count; i++)
		add_delegate(w, delegates->items[i].address);
}

/* A user's delegates as they are, under the addresses that they have now: the ones that were read
 * would name nobody, or somebody else, and that person's access would be lost. */
static void renamed_delegates(struct writing *w)
{
	w->delegates = arena_array(&w->scratch, const struct sym *, w->kept->delegate_count);
	for (uint32_t i = 0; i < w->kept->delegate_count; i++)
		add_delegate(w, w->kept->delegates[i]);
	w->change.set |= ATTR_DELEGATES;
}

/* A functional account's members as they are, without those who are suspended. */
static int active_delegates(struct writing *w, struct err *err)
{
	struct account now;
	struct str text = {w->kept->text, w->kept->len};

	if (scim_read(&w->t->reader, KIND_FUNCTIONAL, text, &w->scratch, &now, err))
		return -1;
	w->delegates = arena_array(&w->scratch, const struct sym *, now.delegates.count);
	for (uint32_t i = 0; i < now.delegates.count; i++)
		add_delegate(w, now.delegates.items[i].address);
	w->change.set |= ATTR_DELEGATES;
	return 0;
}

/* An address that becomes the primary one is no alias any more. */
static int drop_own_alias(struct writing *w, struct err *err)
{
	struct str text = {w->kept->text, w->kept->len};
	struct account now;
	uint32_t kept = 0;

	if (!(w->change.set & ATTR_ADDRESS) || w->change.set & ATTR_ALIASES)
		return 0;
	if (scim_read(&w->t->reader, w->job->request.kind, text, &w->scratch, &now, err))
		return -1;
	if (!set_has(now.aliases, w->wanted.address))
		return 0;
	for (uint32_t i = 0; i < now.aliases.count; i++) {
		if (now.aliases.items[i] != w->wanted.address)
			now.aliases.items[kept++] = now.aliases.items[i];
	}
	w->wanted.aliases = (struct set){now.aliases.items, kept};
	w->change.set |= ATTR_ALIASES;
	return 0;
}

static int choose_delegates(struct writing *w, struct err *err)
{
	const struct target_request *request = &w->job->request;

	if (w->change.set & ATTR_DELEGATES)
		wanted_delegates(w);
	else if (w->kept && request->kind == KIND_USER && w->t->world.renamed)
		renamed_delegates(w);
	else if (w->kept && request->kind == KIND_FUNCTIONAL && w->job->active_only)
		return active_delegates(w, err);
	if (request->kind == KIND_FUNCTIONAL && request->op == REQUEST_UPDATE &&
	    w->change.set & ATTR_DELEGATES && w->delegate_count == 0)
		return err_set(err, ERR_FAILED,
			       "none of its delegates is an account of the service now");
	return 0;
}

/* The object for the key, and with it what it would erase by being there with the key alone. */
static void complete_extension(struct writing *w)
{
	const char *name = scim_wires[KIND_USER].extension;
	struct str text = {w->kept->text, w->kept->len};
	struct str extension = json_view_member(text, &w->scratch, name);

	if (extension.ptr && extension.ptr[0] == '{')
		return;
	if (!(w->change.set & ATTR_ALIASES))
		w->wanted.aliases.count = 0;
	w->change.set |= ATTR_ALIASES | ATTR_DELEGATES;
}

/* The resource as it is to be, without the key. */
static int write_resource(struct writing *w, struct buf *out, struct err *err)
{
	const struct target_request *request = &w->job->request;

	w->change.set = w->job->set;
	if (request->wanted)
		w->wanted = *request->wanted;
	if (request->op == REQUEST_SUSPEND)
		w->wanted.active = false;
	if (request->op == REQUEST_CREATE) {
		w->change.create = true;
		w->change.set |= ATTR_ADDRESS | (request->kind == KIND_USER ? ATTR_ACTIVE : 0);
	} else if (drop_own_alias(w, err)) {
		return -1;
	}
	if (choose_delegates(w, err))
		return -1;
	if (w->kept && w->job->key.ptr)
		complete_extension(w);
	w->change.wanted = &w->wanted;
	w->change.delegates = w->delegates;
	w->change.delegate_count = w->delegate_count;
	scim_edit(out, request->kind,
		  w->kept ? (struct str){w->kept->text, w->kept->len} : STR_NONE, &w->scratch,
		  &w->change);
	return 0;
}

/* --- the account key ---------------------------------------------------------------------- */

/* Bytes that are wiped: a secret, and how far it is written. */
struct spot {
	char *at;
};

static void put(struct spot *spot, struct str text)
{
	if (text.len)
		memcpy(spot->at, text.ptr, text.len);
	spot->at += text.len;
}

static void put_escaped(struct spot *spot, struct str text)
{
	static const char hex[] = "0123456789abcdef";

	put(spot, STR("\""));
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20) {
			put(spot, STR("\\u00"));
			*spot->at++ = hex[c >> 4];
			*spot->at++ = hex[c & 15];
			continue;
		}
		if (c == '"' || c == '\\')
			*spot->at++ = '\\';
		*spot->at++ = text.ptr[i];
	}
	put(spot, STR("\""));
}

/* The resource's text with the key in the service's own object. */
static int add_key(struct str text, struct str key, struct arena *scratch, struct secret *body,
		   struct err *err)
{
	static const struct str member = {"\"SsoAccountKey\":", 16};
	const char *name = scim_wires[KIND_USER].extension;
	struct str extension = json_view_member(text, scratch, name);
	struct str old = json_view_member(extension, scratch, "SsoAccountKey");
	const char *end = text.ptr + text.len;
	struct spot spot;

	if (!str_is_utf8(key))
		return err_set(err, ERR_FAILED, "its account key is not UTF-8 text");
	body->ptr = mem_alloc(text.len + 6 * key.len + strlen(name) + 128);
	spot.at = body->ptr;
	if (old.ptr) {
		put(&spot, (struct str){text.ptr, (size_t)(old.ptr - text.ptr)});
		put_escaped(&spot, key);
		put(&spot, (struct str){old.ptr + old.len, (size_t)(end - old.ptr) - old.len});
	} else {
		/* Before its closing brace: complete_extension() has seen to it. */
		const char *close = extension.ptr + extension.len - 1;

		put(&spot, (struct str){text.ptr, (size_t)(close - text.ptr)});
		put(&spot, extension.len > 2 ? STR(",") : STR(""));
		put(&spot, member);
		put_escaped(&spot, key);
		put(&spot, (struct str){close, (size_t)(end - close)});
	}
	body->len = (size_t)(spot.at - body->ptr);
	body->ptr[body->len] = '\0';
	return 0;
}

static int write_body(struct zivver_target *t, const struct zivver_job *job,
		      struct secret *body, struct err *err)
{
	struct writing w = {.t = t, .job = job};
	struct buf text = BUF_INIT;
	int result;

	if (job->request.op != REQUEST_CREATE)
		w.kept = zivver_world_kept(&t->world, job->request.id);
	result = write_resource(&w, &text, err);
	if (result == 0 && job->key.ptr)
		result = add_key(buf_str(&text), secret_str(&job->key), &w.scratch, body, err);
	else if (result == 0)
		secret_set(body, buf_str(&text));
	buf_release(&text);
	arena_release(&w.scratch);
	return result;
}

/* --- sending ------------------------------------------------------------------------------ */

static void add_path(struct buf *out, const struct target_request *request)
{
	buf_puts(out, zivver_collections[request->kind]);
	/* Of a create: once it is known. */
	if (!request->id)
		return;
	buf_char(out, '/');
	http_add_encoded(out, sym_str(request->id));
}

/*
 * Only readings are sent again by themselves (`replay`). A PUT could be: twice is the same as once,
 * unless a person changes the account in the portal between the two, and then the second one undoes
 * that without anybody noticing. When its end is not known, the caller reads and sees both.
 */
static void choose(const struct zivver_job *job, struct http_request *request)
{
	static const enum http_method methods[] = {
		[REQUEST_CREATE] = HTTP_POST,
		[REQUEST_UPDATE] = HTTP_PUT,
		[REQUEST_SUSPEND] = HTTP_PUT,
		[REQUEST_DELETE] = HTTP_DELETE,
	};

	switch (job->stage) {
	case ZIVVER_FETCH:
	case ZIVVER_CONFIRM:
		request->method = HTTP_GET;
		request->accept = STR(ZIVVER_JSON);
		request->replay = true;
		break;
	case ZIVVER_WRITE:
		request->method = methods[job->request.op];
		request->accept = STR(ZIVVER_JSON);
		if (request->method != HTTP_DELETE)
			request->content_type = STR(ZIVVER_JSON);
		break;
	case ZIVVER_EMPTY:
		request->method = HTTP_PATCH;
		request->accept = STR(SCIM_JSON);
		request->content_type = STR(SCIM_JSON);
		request->body = STR(REMOVE_MEMBERS);
		break;
	}
}

int zivver_send(struct zivver_target *t, struct zivver_job *job, uint64_t number,
		struct err *err)
{
	struct http_request request = {.number = number};
	CLEANUP(secret_release) struct secret body = SECRET_INIT;
	struct buf path = BUF_INIT;
	int result = 0;

	choose(job, &request);
	if (request.method == HTTP_PUT)
		request.fresh_ms = fresh_ms(t, job->request.id) + 1;
	if (request.method == HTTP_PUT || request.method == HTTP_POST) {
		result = write_body(t, job, &body, err);
		request.body = secret_str(&body);
	}
	job->emptied = job->emptied || job->stage == ZIVVER_EMPTY;
	add_path(&path, &job->request);
	request.path = buf_str(&path);
	if (result == 0)
		result = http_submit(t->http, &request, err);
	buf_release(&path);
	return result;
}
