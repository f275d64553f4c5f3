/*
 * A server of scripted answers on loopback, for the tests of the HTTP client: a thread a
 * connection, requests numbered in the order in which they were read, each with its step of the
 * script. What is behind the script's end repeats its last step.
 */
#ifndef ZSCTL_TEST_HTTP_SERVER_H
#define ZSCTL_TEST_HTTP_SERVER_H

#include "base/str.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum after {
	KEEP,  /* the connection stays */
	CLOSE, /* the ordinary end of a connection */
	RESET, /* RST */
	HANG,  /* nothing more until the client goes away */
};

struct step {
	const char *answer; /* raw bytes, NULL: none */
	enum after after;
	size_t filler; /* so many bytes 'x' behind the answer */
};

enum { SERVER_CONNECTIONS = 64 };

struct server {
	const struct step *steps;
	size_t step_count;
	/* In place of the script: what this request gets. Called under the lock. */
	const struct step *(*choose)(struct server *server, struct str request);
	int fd;
	uint16_t port;
	pthread_t acceptor;
	pthread_mutex_t lock;
	/* under the lock */
	unsigned requests, connections;
	bool stopping;
	struct buf log; /* heads and bodies as they came */
	int peers[SERVER_CONNECTIONS];
	pthread_t threads[SERVER_CONNECTIONS];
};

struct server_peer {
	struct server *server;
	int fd;
};

static bool server_send(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = send(fd, bytes, len, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		bytes += done;
		len -= (size_t)done;
	}
	return true;
}

/* Reads one request, head and body, to `out`; false at the connection's end. */
static bool server_read(int fd, struct buf *out)
{
	const char *end, *length;
	size_t wanted = 0;

	buf_clear(out);
	for (;;) {
		char bytes[16384];
		ssize_t got;

		end = out->ptr ? strstr(out->ptr, "\r\n\r\n") : NULL;
		if (end) {
			length = strstr(out->ptr, "Content-Length: ");
			wanted = (size_t)(end - out->ptr) + 4;
			if (length && length < end)
				wanted += strtoul(length + 16, NULL, 10);
			if (out->len >= wanted)
				return true;
		}
		got = recv(fd, bytes, sizeof(bytes), 0);
		if (got <= 0)
			return false;
		buf_add(out, (struct str){bytes, (size_t)got});
	}
}

/* False when the connection is over. */
static bool server_answer(int fd, const struct step *step)
{
	char filler[8192];
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	char byte;

	memset(filler, 'x', sizeof(filler));
	if (step->answer && !server_send(fd, step->answer, strlen(step->answer)))
		return false;
	for (size_t left = step->filler; left > 0;) {
		size_t part = left < sizeof(filler) ? left : sizeof(filler);

		if (!server_send(fd, filler, part))
			return false;
		left -= part;
	}
	if (step->after == RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	while (step->after == HANG && recv(fd, &byte, 1, 0) > 0)
		;
	return step->after == KEEP;
}

static void *server_talk(void *context)
{
	struct server_peer *peer = context;
	struct server *server = peer->server;
	struct buf request = BUF_INIT;

	while (server_read(peer->fd, &request)) {
		const struct step *step;
		size_t number;

		pthread_mutex_lock(&server->lock);
		number = server->requests++;
		buf_add(&server->log, buf_str(&request));
		if (number >= server->step_count)
			number = server->step_count - 1;
		step = server->choose ? server->choose(server, buf_str(&request))
				      : &server->steps[number];
		pthread_mutex_unlock(&server->lock);
		if (!server_answer(peer->fd, step))
			break;
	}
	buf_release(&request);
	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		if (server->peers[i] == peer->fd)
			server->peers[i] = -1;
	}
	close(peer->fd);
	pthread_mutex_unlock(&server->lock);
	free(peer);
	return NULL;
}

static void *server_accept(void *context)
{
	struct server *server = context;

	for (;;) {
		int fd = accept(server->fd, NULL, NULL);
		struct server_peer *peer;

		if (fd < 0)
			return NULL;
		peer = mem_calloc(1, sizeof(*peer));
		*peer = (struct server_peer){server, fd};
		pthread_mutex_lock(&server->lock);
		if (server->stopping || server->connections == SERVER_CONNECTIONS ||
		    pthread_create(&server->threads[server->connections], NULL, server_talk,
				   peer)) {
			close(fd);
			free(peer);
		} else {
			server->peers[server->connections++] = fd;
		}
		pthread_mutex_unlock(&server->lock);
	}
}

static inline void server_start(struct server *server, const struct step *steps, size_t count)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	memset(server, 0, sizeof(*server));
	server->steps = steps;
	server->step_count = count;
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		server->peers[i] = -1;
	pthread_mutex_init(&server->lock, NULL);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, size) ||
	    listen(server->fd, 64) ||
	    getsockname(server->fd, (struct sockaddr *)&address, &size) ||
	    pthread_create(&server->acceptor, NULL, server_accept, server))
		abort();
	server->port = ntohs(address.sin_port);
}

/* Ends all connections and waits for the threads; the log is left. */
static inline void server_stop(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		if (server->peers[i] >= 0)
			shutdown(server->peers[i], SHUT_RDWR);
	}
	pthread_mutex_unlock(&server->lock);
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->acceptor, NULL);
	close(server->fd);
	for (unsigned i = 0; i < server->connections; i++)
		pthread_join(server->threads[i], NULL);
	pthread_mutex_destroy(&server->lock);
}

#endif
