#include "server.h"

#include "exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BODY_MOST = 16 << 20, CONNECTIONS_MOST = 4096, SECOND = 1000000000 };

uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* --- waiting -------------------------------------------------------------------------------- */

static void enqueue(struct exchange *exchange, uint64_t nanoseconds)
{
	struct exchange **place = &exchange->server->waiting;

	exchange->due = clock_now() + nanoseconds;
	while (*place && (*place)->due <= exchange->due)
		place = &(*place)->next;
	exchange->next = *place;
	*place = exchange;
}

static struct exchange *dequeue(struct server *server)
{
	struct exchange *exchange = server->waiting;

	server->waiting = exchange->next;
	exchange->next = NULL;
	return exchange;
}

void exchange_wait(struct exchange *exchange, uint64_t nanoseconds)
{
	enqueue(exchange, nanoseconds);
	MHD_suspend_connection(exchange->connection);
}

/* False: it goes on at once. */
static bool is_delayed(struct exchange *exchange, int moment)
{
	const struct fault *delay = exchange->strikes.delay[moment];

	if (delay)
		enqueue(exchange, delay->ms * 1000000);
	return delay;
}

/*
 * Takes effect here and not when libmicrohttpd calls again, which it does not once the client is
 * gone: a change that somebody has given up waiting for comes all the same.
 */
static void resume_due(struct server *server)
{
	uint64_t now = clock_now();

	while (server->waiting && server->waiting->due <= now) {
		struct exchange *exchange = dequeue(server);

		if (exchange->phase == PHASE_ARRIVED) {
			exchange_decide(exchange);
			exchange->phase = PHASE_DECIDED;
			if (is_delayed(exchange, AFTER))
				continue;
		}
		MHD_resume_connection(exchange->connection);
	}
}

/* --- what libmicrohttpd calls --------------------------------------------------------------- */

/* The first line: the only moment at which the target is there as it was sent. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct exchange *exchange = mem_calloc(1, sizeof(*exchange));
	struct str query;

	exchange->server = cls;
	exchange->connection = connection;
	exchange->target = strdup(target);
	if (!exchange->target)
		err_out_of_memory();
	query = str_of(exchange->target);
	str_split(&query, '?', &exchange->path);
	exchange->query = query;
	return exchange;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *context;

	(void)cls;
	(void)connection;
	(void)code;
	if (!exchange)
		return;
	shared_release(exchange->answer.body);
	buf_release(&exchange->body);
	free(exchange->target);
	free(exchange);
	*context = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *server = cls;

	(void)connection;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = (void *)(uintptr_t)++server->connections;
}

static void take_body(struct exchange *exchange, const char *bytes, size_t *size)
{
	if (exchange->body.len + *size > BODY_MOST)
		exchange->too_large = true;
	else
		buf_add(&exchange->body, (struct str){bytes, *size});
	*size = 0;
}

static enum MHD_Result suspend(struct exchange *exchange)
{
	MHD_suspend_connection(exchange->connection);
	return MHD_YES;
}

/* Called with the head, with each part of the body, at its end, and after each wait. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *bytes,
				  size_t *size, void **context)
{
	struct exchange *exchange = *context;

	(void)cls;
	(void)connection;
	(void)url;
	(void)version;
	if (exchange->phase == PHASE_HEAD) {
		exchange->method = method;
		exchange->phase = PHASE_BODY;
		return MHD_YES;
	}
	if (*size > 0) {
		take_body(exchange, bytes, size);
		return MHD_YES;
	}
	if (exchange->phase == PHASE_BODY) {
		if (!str_starts(exchange->path, "/api/"))
			return exchange_control(exchange);
		exchange_arrive(exchange);
		exchange->phase = PHASE_ARRIVED;
		if (is_delayed(exchange, BEFORE))
			return suspend(exchange);
		exchange_decide(exchange);
		exchange->phase = PHASE_DECIDED;
		if (is_delayed(exchange, AFTER))
			return suspend(exchange);
	}
	return exchange_send(exchange);
}

/* Clients that go away are what tests are about. */
static void be_silent(void *cls, const char *format, va_list arguments)
{
	(void)cls;
	(void)format;
	(void)arguments;
}

/* --- life ----------------------------------------------------------------------------------- */

struct server *server_start(const struct server_settings *settings, struct err *err)
{
	struct server *server = mem_calloc(1, sizeof(*server));
	bool tls = settings->certificate;
	struct MHD_OptionItem options[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)settings->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)settings->key},
		{MHD_OPTION_END, 0, NULL}};

	server->set = *settings;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			(tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, be_silent, NULL,
		MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&server->set.address,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST, MHD_OPTION_ARRAY,
		tls ? options : options + 2, MHD_OPTION_END);
	if (!server->daemon) {
		err_set(err, ERR_FAILED, "cannot listen: %s%s", strerror(errno),
			tls ? ", or the certificate or its key is not usable" : "");
		free(server);
		return NULL;
	}
	return server;
}

uint16_t server_port(const struct server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static struct timespec time_left(const struct server *server)
{
	uint64_t left = UINT64_C(3600) * SECOND, now = clock_now();
	MHD_UNSIGNED_LONG_LONG asked;

	if (MHD_get_timeout(server->daemon, &asked) == MHD_YES && asked < left / 1000000)
		left = asked * 1000000;
	if (server->waiting && server->waiting->due < now + left)
		left = server->waiting->due > now ? server->waiting->due - now : 0;
	return (struct timespec){.tv_sec = (time_t)(left / SECOND),
				 .tv_nsec = (long)(left % SECOND)};
}

int server_run(struct server *server, int fd, struct err *err)
{
	struct pollfd fds[2] = {
		{.fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
		 .events = POLLIN},
		{.fd = fd, .events = POLLIN}};

	for (;;) {
		struct timespec left = time_left(server);

		if (ppoll(fds, 2, &left, NULL) < 0 && errno != EINTR)
			return err_errno(err, ERR_FAILED, "cannot wait for requests");
		if (fds[1].revents)
			return 0;
		resume_due(server);
		if (MHD_run(server->daemon) != MHD_YES)
			return err_set(err, ERR_FAILED, "libmicrohttpd failed");
		if (server->failed) {
			*err = server->err;
			return -1;
		}
	}
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	/* It may not be stopped while connections are suspended. */
	while (server->waiting)
		MHD_resume_connection(dequeue(server)->connection);
	MHD_stop_daemon(server->daemon);
	free(server);
}
