#include "service_internal.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define JSON_TYPE "application/json"
#define SCIM_TYPE "application/scim+json"
#define SCIM_ROOT "/scim/v2/"

/* --- answers ------------------------------------------------------------------------------ */

static const char *json_type(const struct call *call)
{
	return str_is(call->request->method, "PATCH") ? SCIM_TYPE : JSON_TYPE;
}

void answer_buf(struct call *call, unsigned status, struct buf *buf)
{
	call->answer.status = status;
	call->answer.content_type = json_type(call);
	call->answer.body = shared_take(buf);
}

void answer_text(struct call *call, unsigned status, struct str text)
{
	struct buf out = BUF_INIT;

	buf_add(&out, text);
	answer_buf(call, status, &out);
}

static bool refuse_with(struct call *call, unsigned status, struct str detail)
{
	struct buf out = BUF_INIT;

	if (call->unknowns->error_body == ERROR_PLAIN) {
		answer_text(call, status, detail);
		call->answer.content_type = "text/plain; charset=utf-8";
		return false;
	}
	buf_puts(&out, "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],"
		       "\"detail\":");
	json_add_string(&out, detail);
	buf_addf(&out, ",\"status\":\"%u\"}", status);
	answer_buf(call, status, &out);
	return false;
}

bool refuse(struct call *call, unsigned status, const char *format, ...)
{
	struct buf detail = BUF_INIT;
	char *text;
	va_list list;
	int length;

	va_start(list, format);
	length = vasprintf(&text, format, list);
	va_end(list);
	if (length < 0)
		err_out_of_memory();
	buf_add(&detail, (struct str){text, (size_t)length});
	free(text);
	refuse_with(call, status, buf_str(&detail));
	buf_release(&detail);
	return false;
}

bool refuse_unknown(struct call *call, struct str id)
{
	unsigned status = call->unknowns->unknown_id == UNKNOWN_ID_404 ? 404 : 400;

	return refuse(call, status, "Unknown account with uuid: %.*s", STR_FMT(id));
}

static void refuse_path(struct call *call)
{
	refuse(call, 404, "There is nothing here");
}

static void refuse_method(struct call *call)
{
	refuse(call, 405, "This method is not allowed here");
}

/* --- what a request says ------------------------------------------------------------------ */

/* Of a path, or of a value in a query, where + is a blank. */
static struct str decode(struct str text, bool query, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t length = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int high = c == '%' && i + 2 < text.len ? hex_value_any(text.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_value_any(text.ptr[i + 2]) : -1;

		if (low >= 0) {
			c = (char)(high * 16 + low);
			i += 2;
		} else if (query && c == '+') {
			c = ' ';
		}
		out[length++] = c;
	}
	return (struct str){out, length};
}

/* STR_NONE: the query does not have it. */
static struct str parameter(struct call *call, const char *name)
{
	struct str rest = call->request->query, pair, key;

	while (str_split(&rest, '&', &pair)) {
		if (str_split(&pair, '=', &key) && str_is(key, name))
			return decode(pair, true, &call->arena);
	}
	return STR_NONE;
}

static bool same_word(struct str a, struct str b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* Whether one of the types of the header is `type`, whatever its parameters. */
static bool has_type(struct str header, const char *type)
{
	struct str one, name;

	while (str_split(&header, ',', &one)) {
		if (str_split(&one, ';', &name) && same_word(str_trim(name), str_of(type)))
			return true;
	}
	return false;
}

static bool is_authorized(const struct service *service, struct str authorization)
{
	struct str scheme;

	return str_split(&authorization, ' ', &scheme) && same_word(scheme, STR("Bearer")) &&
	       service->api_key.len > 0 && str_eq(authorization, service->api_key);
}

/* --- reading ------------------------------------------------------------------------------ */

/* ADDRESS-MEMBER eq "x" */
static bool read_filter(struct call *call, enum kind kind, struct str filter,
			struct str *address)
{
	struct str rest = str_trim(filter), name, op;
	struct err err = ERR_INIT;

	if (str_split(&rest, ' ', &name) && str_is(name, wires[kind].address) &&
	    str_split(&rest, ' ', &op) && same_word(op, STR("eq")) && !json_check(rest, &err) &&
	    text_string(str_trim(rest), &call->arena, address))
		return true;
	return refuse(call, 400, "The filter must be %s eq \"…\"", wires[kind].address);
}

static void find_one(struct call *call, enum kind kind, struct str filter)
{
	struct buf out = BUF_INIT;
	struct resource *resource;
	struct str address;

	if (!read_filter(call, kind, filter, &address))
		return;
	address = text_lower(address, &call->arena);
	resource = state_by_address(call->state, address);
	if (resource &&
	    (resource->kind != kind || !str_eq(sym_str(resource->primary), address)))
		resource = NULL;
	render_found(resource, &out);
	answer_buf(call, 200, &out);
}

/* Absent, or no number: `otherwise` (RFC 7644, section 3.4.2.4). */
static uint64_t number_parameter(struct call *call, const char *name, uint64_t otherwise)
{
	struct str text = parameter(call, name);
	uint64_t value;

	if (str_starts(text, "-"))
		return 0;
	return text.ptr && str_to_u64(text, &value) ? value : otherwise;
}

static void get_list(struct call *call, enum kind kind, const struct list_faults *faults)
{
	struct str filter = parameter(call, "filter");
	uint64_t most = call->unknowns->page;
	struct page page = {.start = 1};

	if (filter.ptr) {
		find_one(call, kind, filter);
		return;
	}
	if (most > 0) {
		page.start = number_parameter(call, "startIndex", 1);
		page.count = number_parameter(call, "count", most);
		if (page.start == 0)
			page.start = 1;
		if (page.count > most)
			page.count = most;
	}
	call->answer.status = 200;
	call->answer.content_type = JSON_TYPE;
	call->answer.body = render_list(call->state, kind, most > 0 ? &page : NULL, faults);
}

/* --- dispatch ----------------------------------------------------------------------------- */

static void on_collection(struct call *call, enum kind kind, const struct list_faults *faults)
{
	if (str_is(call->request->method, "GET"))
		get_list(call, kind, faults);
	else if (str_is(call->request->method, "POST"))
		service_create(call, kind);
	else
		refuse_method(call);
}

static void on_resource(struct call *call, enum kind kind, struct str id)
{
	struct resource *resource = state_by_id(call->state, id);
	struct str method = call->request->method;

	if (!resource || resource->kind != kind)
		refuse_unknown(call, id);
	else if (str_is(method, "GET"))
		answer_text(call, 200, resource->text);
	else if (str_is(method, "PUT"))
		service_put(call, resource);
	else if (str_is(method, "PATCH") && kind == GROUP)
		service_patch(call, resource);
	else if (str_is(method, "DELETE"))
		service_delete(call, resource);
	else
		refuse_method(call);
}

/* Nobody outside knows what it answers: an object. */
static void on_organization(struct call *call)
{
	if (call->unknowns->organization == ORGANIZATION_ABSENT)
		refuse_path(call);
	else if (!str_is(call->request->method, "GET"))
		refuse_method(call);
	else
		answer_text(call, 200,
			    STR("{\"id\":\"00000000-0000-4000-a000-000000000000\","
				"\"meta\":{\"location\":\"/scim/v2/Organization\","
				"\"resourceType\":\"Organization\"}}"));
}

static void dispatch(struct call *call, const struct list_faults *faults)
{
	struct str rest = call->request->path, collection;

	if (!str_starts(rest, SCIM_ROOT)) {
		refuse_path(call);
		return;
	}
	rest.ptr += sizeof(SCIM_ROOT) - 1;
	rest.len -= sizeof(SCIM_ROOT) - 1;
	if (str_is(rest, "Organization")) {
		on_organization(call);
		return;
	}
	str_split(&rest, '/', &collection);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (!str_is(collection, wires[kind].collection))
			continue;
		if (rest.len > 0)
			on_resource(call, (enum kind)kind, decode(rest, false, &call->arena));
		else
			on_collection(call, (enum kind)kind, faults);
		return;
	}
	refuse_path(call);
}

static bool allow_types(struct call *call)
{
	if (!str_is(call->request->method, "PATCH"))
		return true;
	if (!has_type(call->request->accept, SCIM_TYPE))
		return refuse(call, 406, "Accept must be " SCIM_TYPE);
	if (!has_type(call->request->content_type, SCIM_TYPE))
		return refuse(call, 415, "Content-Type must be " SCIM_TYPE);
	return true;
}

struct service_answer service_answer(struct service *service,
				     const struct service_request *request,
				     const struct list_faults *faults)
{
	struct call call = {
		.state = service->state, .unknowns = service->unknowns, .request = request};

	if (!is_authorized(service, request->authorization))
		refuse(&call, 401, "Unauthorized");
	else if (allow_types(&call))
		dispatch(&call, faults);
	arena_release(&call.arena);
	return call.answer;
}
