#include "exchange.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { SECOND = 1000000000, MILLISECOND = 1000000 };
#define API "/api"
#define JSON "application/json"

static struct str header_of(const struct exchange *exchange, const char *name)
{
	return str_of(MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name));
}

/* What patterns and the service see. */
static struct str below_api(const struct exchange *exchange)
{
	struct str path = exchange->path;

	path.ptr += strlen(API);
	path.len -= strlen(API);
	return path;
}

/* --- arriving ------------------------------------------------------------------------------- */

void exchange_arrive(struct exchange *exchange)
{
	const struct server_settings *set = &exchange->server->set;
	struct str path = below_api(exchange);
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	exchange->wall = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000;
	exchange->monotonic = clock_now();
	exchange->number = ++exchange->server->requests;
	exchange->limited = !bucket_take(set->bucket, set->service->unknowns,
					 exchange->monotonic);
	if (exchange->limited)
		return;
	exchange->strikes = faults_strike(set->faults,
					  &(struct fault_request){
						  .number = exchange->number,
						  .method = str_of(exchange->method),
						  .path = path,
						  .target = str_of(path.ptr),
						  .body = buf_str(&exchange->body),
					  });
}

/* --- deciding ------------------------------------------------------------------------------- */

static void answer_text(struct exchange *exchange, unsigned status, struct str body)
{
	struct answer *answer = &exchange->answer;

	shared_release(answer->body);
	answer->status = status;
	answer->body = shared_copy(body);
	answer->content_type = str_starts(body, "{") || str_starts(body, "[") ? JSON
			       : str_starts(body, "<")                        ? "text/html"
									      : "text/plain";
}

/* As the service says it. Windows shorter than a second are a simulator's only. */
static void answer_limited(struct exchange *exchange)
{
	const struct bucket *bucket = exchange->server->set.bucket;
	uint64_t budget = bucket->budget ? bucket->budget : 50;
	uint64_t ms = bucket->budget ? bucket->period / MILLISECOND : 10000;
	struct buf text = BUF_INIT;
	char fraction[16] = "";

	if (ms % 1000)
		snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)(ms % 1000));
	buf_addf(&text,
		 "{\"code\":429,\"message\":\"Too Many Requests\","
		 "\"emptiedBucketDetails\":{\"limiterId\":\"cab\",\"budget\":%llu,"
		 "\"windowSeconds\":%llu%s},\"reference\":"
		 "\"https://tools.ietf.org/html/draft-polli-ratelimit-headers-02\"}",
		 (unsigned long long)budget, (unsigned long long)(ms / 1000), fraction);
	answer_text(exchange, 429, buf_str(&text));
	buf_release(&text);
}

/* What stands in front of services answers so. */
static void answer_broken(struct exchange *exchange, unsigned status)
{
	struct buf text = BUF_INIT;
	const char *title = status == 502   ? "Bad Gateway"
			    : status == 503 ? "Service Unavailable"
			    : status == 504 ? "Gateway Time-out"
					    : "Error";

	if (status == 429) {
		answer_limited(exchange);
		return;
	}
	if (status < 502 || status > 504)
		buf_addf(&text, "{\"detail\":\"%s %u\",\"status\":\"%u\"}", title, status,
			 status);
	else
		buf_addf(&text,
			 "<html>\r\n<head><title>%u %s</title></head>\r\n"
			 "<body><h1>%u %s</h1></body>\r\n</html>\r\n",
			 status, title, status, title);
	answer_text(exchange, status, buf_str(&text));
	buf_release(&text);
}

/* True when something else is answered than the service would, or nothing. */
static bool replaces(const struct fault *fault)
{
	switch (fault->kind) {
	case FAULT_STATUS:
	case FAULT_RESET:
	case FAULT_GARBAGE:
	case FAULT_HUGE:
	case FAULT_REDIRECT:
		return true;
	case FAULT_DELAY:
	case FAULT_TRUNCATE:
	case FAULT_DRIP:
	case FAULT_LIST:
	case FAULT_EDIT:
		break;
	}
	return false;
}

static void answer_fault(struct exchange *exchange, const struct fault *fault)
{
	unsigned status = (unsigned)fault->status;

	if (fault->kind == FAULT_RESET)
		answer_text(exchange, 0, STR(""));
	else if (fault->kind == FAULT_HUGE)
		answer_text(exchange, 200, STR("{}"));
	else if (fault->kind == FAULT_REDIRECT)
		answer_text(exchange, status, STR("Moved.\n"));
	else if (fault->kind == FAULT_GARBAGE)
		answer_text(exchange, 200,
			    fault->body.ptr ? fault->body : STR("{\"Resources\":[{\"id\":\""));
	else if (fault->body.ptr)
		answer_text(exchange, status, fault->body);
	else
		answer_broken(exchange, status);
}

static void ask_service(struct exchange *exchange, bool *changed)
{
	const struct fault *list = exchange->strikes.list;
	struct service_request request = {.method = str_of(exchange->method),
					  .path = below_api(exchange),
					  .query = exchange->query,
					  .authorization = header_of(exchange, "Authorization"),
					  .accept = header_of(exchange, "Accept"),
					  .content_type = header_of(exchange, "Content-Type"),
					  .body = buf_str(&exchange->body)};
	struct service_answer answer;

	if (exchange->too_large) {
		answer_text(exchange, 413, STR("Too large.\n"));
		return;
	}
	answer = service_answer(exchange->server->set.service, &request,
				list ? &list->list : NULL);
	exchange->answer = (struct answer){.status = answer.status,
					   .content_type = answer.content_type,
					   .body = answer.body};
	*changed = answer.changed;
}

static void fail(struct server *server, const struct err *err)
{
	server->err = *err;
	server->failed = true;
}

static void edit(struct exchange *exchange, const struct fault *fault)
{
	struct err err;

	for (size_t i = 0; fault && i < fault->edit_count; i++) {
		if (!service_portal(exchange->server->set.service, fault->edits[i], &err) ||
		    fault->maybe)
			continue;
		err_prefix(&err, "the edit %.*s", STR_FMT(fault->edits[i]));
		fail(exchange->server, &err);
	}
}

static void log_request(struct exchange *exchange, bool changed)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct request_line line = {
		.number = exchange->number,
		.connection = (uint64_t)(uintptr_t)info->socket_context,
		.wall = exchange->wall,
		.monotonic = exchange->monotonic,
		.method = str_of(exchange->method),
		.path = below_api(exchange),
		.query = exchange->query,
		.user_agent = header_of(exchange, "User-Agent"),
		.status = exchange->answer.status,
		.strikes = &exchange->strikes,
		.limited = exchange->limited,
		.changed = changed,
		.received = exchange->body.len,
		.sent = response_bytes(&exchange->answer, exchange->strikes.answer),
	};
	struct err err;

	if (requests_add(exchange->server->set.requests, &line, &err))
		fail(exchange->server, &err);
}

void exchange_decide(struct exchange *exchange)
{
	const struct fault *fault = exchange->strikes.answer;
	bool changed = false;

	edit(exchange, exchange->strikes.edit[BEFORE]);
	if (exchange->limited)
		answer_limited(exchange);
	else if (!fault || !replaces(fault) || fault->after)
		ask_service(exchange, &changed);
	if (fault && replaces(fault))
		answer_fault(exchange, fault);
	edit(exchange, exchange->strikes.edit[AFTER]);
	log_request(exchange, changed);
}

/* --- sending -------------------------------------------------------------------------------- */

/* Disconnecting a connected TCP socket sends RST at once; closing it as libmicrohttpd does would
 * say goodbye first, in TLS or TCP. */
static enum MHD_Result reset(struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	connect(info->connect_fd, &nobody, sizeof(nobody));
	return MHD_NO;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		err_out_of_memory();
}

static void add_number(struct MHD_Response *response, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add_header(response, name, text);
}

static uint64_t up_to_seconds(uint64_t nanoseconds)
{
	return (nanoseconds + SECOND - 1) / SECOND;
}

static void add_limits(struct exchange *exchange, struct MHD_Response *response)
{
	const struct bucket *bucket = exchange->server->set.bucket;
	const struct unknowns *unknowns = exchange->server->set.service->unknowns;
	uint64_t reset_s;
	char text[80];

	if (bucket->budget == 0)
		return;
	reset_s = up_to_seconds(bucket_reset(bucket, unknowns, clock_now()));
	if (exchange->limited && unknowns->retry_after == RETRY_AFTER_GIVEN)
		add_number(response, "Retry-After", reset_s);
	if (unknowns->rate_headers == RATE_HEADERS_NONE)
		return;
	if (unknowns->rate_headers == RATE_HEADERS_PLAIN)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)bucket->budget);
	else
		snprintf(text, sizeof(text), "%llu, %llu;window=%llu",
			 (unsigned long long)bucket->budget, (unsigned long long)bucket->budget,
			 (unsigned long long)up_to_seconds(bucket->period));
	add_header(response, "RateLimit-Limit", text);
	add_number(response, "RateLimit-Remaining", bucket_remaining(bucket));
	add_number(response, "RateLimit-Reset", reset_s);
}

static void add_fault_headers(const struct fault *fault, struct MHD_Response *response)
{
	if (fault->kind == FAULT_STATUS && fault->retry_after != FAULT_UNSET)
		add_number(response, "Retry-After", fault->retry_after);
	if (fault->kind == FAULT_REDIRECT)
		add_header(response, "Location",
			   fault->location.ptr ? fault->location.ptr : API "/elsewhere");
}

static enum MHD_Result queue(struct exchange *exchange, struct MHD_Response *response)
{
	const struct answer *answer = &exchange->answer;
	enum MHD_Result result;

	if (answer->content_type && answer->body)
		add_header(response, "Content-Type", answer->content_type);
	result = MHD_queue_response(exchange->connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
	const struct fault *fault = exchange->strikes.answer;
	struct MHD_Response *response;

	if (fault && fault->kind == FAULT_RESET)
		return reset(exchange);
	response = response_make(exchange, fault);
	add_limits(exchange, response);
	if (fault)
		add_fault_headers(fault, response);
	return queue(exchange, response);
}

/* --- beside the service --------------------------------------------------------------------- */

static bool is_request(const struct exchange *exchange, const char *method, const char *path)
{
	return !strcmp(exchange->method, method) && str_is(exchange->path, path);
}

static void answer_state(struct exchange *exchange)
{
	struct buf text = BUF_INIT;

	state_write(exchange->server->set.service->state, &text);
	buf_puts(&text, "}\n");
	exchange->answer = (struct answer){200, JSON, shared_take(&text)};
}

enum MHD_Result exchange_control(struct exchange *exchange)
{
	const struct server_settings *set = &exchange->server->set;
	struct str body = buf_str(&exchange->body);
	struct err err = ERR_INIT;
	int status = 0;

	if (is_request(exchange, "GET", "/sim/state"))
		answer_state(exchange);
	else if (is_request(exchange, "POST", "/sim/portal"))
		status = service_portal(set->service, body, &err);
	else if (is_request(exchange, "PUT", "/sim/faults"))
		status = faults_parse(set->faults, body, &err);
	else
		answer_text(exchange, 404, STR("There is nothing here.\n"));
	if (status)
		answer_text(exchange, 400, str_of(err.text));
	else if (exchange->answer.status == 0)
		answer_text(exchange, 200, STR("Done.\n"));
	return queue(exchange, response_make(exchange, NULL));
}
