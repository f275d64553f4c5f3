/* A client and the scripted server it talks to, for the tests of the HTTP client. */
#ifndef ZSCTL_TEST_HTTP_FIXTURE_H
#define ZSCTL_TEST_HTTP_FIXTURE_H

#include "http_client.h"
#include "http_server.h"

struct fixture {
	struct server server;
	struct http_settings settings;
	struct buf url;
	struct http *http;
	struct http_answers answers;
};

/* Starts the server; the test opens the client when its settings are as it needs them. */
static inline void begin(struct fixture *f, const struct step *steps, size_t count)
{
	*f = (struct fixture){.http = NULL};
	server_start(&f->server, steps, count);
	f->settings = quick(f->server.port, &f->url);
}

/* Stops the server; its log can be read until finish(). */
static inline void end(struct fixture *f)
{
	http_free(f->http);
	f->http = NULL;
	server_stop(&f->server);
}

static inline void finish(struct fixture *f)
{
	buf_release(&f->server.log);
	buf_release(&f->url);
	free(f->answers.items);
}

#endif
