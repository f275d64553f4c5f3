/* Ways in which a service is not reached, without TLS: each is told from the others. */
#include "http_client.h"
#include "http_server.h"

#include "base/os.h"

#include <netinet/in.h>

static struct http_answer try_once(const char *url, struct http **http)
{
	const struct http_settings settings = {
		.base_url = str_of(url), .connect_ms = 200, .attempts = 1};

	*http = open_client(&settings);
	return call(*http, &(struct http_request){.method = HTTP_POST, .path = STR("/x")});
}

static void expect(const char *what, struct http_answer answer, enum http_failure failure,
		   const char *text)
{
	if (answer.failure != failure || answer.sent != HTTP_NOT_SENT || answer.status != 0 ||
	    !strstr(answer.text.ptr, text) || strstr(answer.text.ptr, "hidden"))
		fail_msg("%s: %s, sent %d, status %u: %.*s", what,
			 http_failure_names[answer.failure], answer.sent, answer.status,
			 STR_FMT(answer.text));
}

/* A listening socket whose queue is full: further connections get no answer. */
static uint16_t full_queue(int fds[4])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	for (unsigned i = 0; i < 4; i++)
		fds[i] = socket(AF_INET, SOCK_STREAM | (i ? SOCK_NONBLOCK : 0), 0);
	if (bind(fds[0], (struct sockaddr *)&address, size) || listen(fds[0], 0) ||
	    getsockname(fds[0], (struct sockaddr *)&address, &size))
		abort();
	for (unsigned i = 1; i < 4; i++) {
		if (connect(fds[i], (struct sockaddr *)&address, size) == 0)
			continue;
	}
	return ntohs(address.sin_port);
}

static uint16_t closed_port(void)
{
	struct server server;

	server_start(&server, &(struct step){OK_BODY}, 1);
	server_stop(&server);
	return server.port;
}

static void connections_fail_in_their_ways(void **state)
{
	struct buf url = BUF_INIT;
	struct http *http;
	int fds[4];

	(void)state;
	buf_addf(&url, "http://127.0.0.1:%u", closed_port());
	expect("closed", try_once(url.ptr, &http), HTTP_CONNECT, "nothing listens there");
	assert_int_equal(http_counts(http).attempts, 0);
	http_free(http);

	buf_clear(&url);
	buf_addf(&url, "http://127.0.0.1:%u", full_queue(fds));
	expect("blocked", try_once(url.ptr, &http), HTTP_CONNECT, "a firewall drops it");
	http_free(http);
	for (unsigned i = 0; i < 4; i++)
		close(fds[i]);

	/* RFC 6761: never resolves; or, where no name server answers, not in time. */
	expect("no such name", try_once("https://zivver.invalid", &http), HTTP_RESOLVE,
	       "zivver.invalid: the name cannot be resolved");
	http_free(http);
	buf_release(&url);
}

/* What was never sent may be sent again, whatever it is. */
static void the_unsent_is_tried_again(void **state)
{
	struct http_answer answer;
	struct http_settings settings;
	struct buf url = BUF_INIT;
	struct http *http;

	(void)state;
	settings = quick(closed_port(), &url);
	settings.attempts = 4;
	http = open_client(&settings);
	answer = call(http, &(struct http_request){.method = HTTP_POST});
	expect("closed", answer, HTTP_CONNECT, "nothing listens there");
	assert_int_equal(answer.attempts, 4);
	assert_int_equal(http_counts(http).retried, 3);
	http_free(http);
	buf_release(&url);
}

/* --- proxies ------------------------------------------------------------------------------------ */

static void proxies_fail_in_their_ways(void **state)
{
	static const struct {
		struct step step;
		const char *text;
	} cases[] = {
		{{"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
		  "Content-Length: 0\r\n\r\n",
		  CLOSE},
		 "wants a user name and password"},
		{{"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", CLOSE},
		 "refuses to connect to port 443 (403)"},
		{{"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", CLOSE},
		 "refuses to connect to port 443 (502)"},
		{{NULL, CLOSE}, "cannot be used"},
		{{NULL, RESET}, "cannot be used"},
	};
	struct buf proxy = BUF_INIT;
	struct http_answer answer;
	struct server server;
	struct http *http;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		server_start(&server, &cases[i].step, 1);
		buf_clear(&proxy);
		buf_addf(&proxy, "http://jane:hidden@127.0.0.1:%u", server.port);
		setenv("https_proxy", proxy.ptr, 1);
		expect(cases[i].text, try_once("https://zivver.invalid", &http), HTTP_PROXY,
		       cases[i].text);
		http_free(http);
		server_stop(&server);
		assert_int_equal(server.requests, 1);
		assert_non_null(strstr(server.log.ptr, "CONNECT zivver.invalid:443 HTTP/1.1"));
		assert_non_null(strstr(server.log.ptr, "\r\nUser-Agent: zsctl/"));
		buf_release(&server.log);
	}
	buf_clear(&proxy);
	buf_addf(&proxy, "http://jane:hidden@127.0.0.1:%u", closed_port());
	setenv("https_proxy", proxy.ptr, 1);
	expect("closed", try_once("https://zivver.invalid", &http), HTTP_PROXY,
	       "the proxy of $https_proxy cannot be used");
	http_free(http);
	setenv("https_proxy", "http://jane:hidden@proxy.invalid:1", 1);
	/* Where no name server answers in time, whose name it was is not known. */
	answer = try_once("https://zivver.invalid", &http);
	expect("no such name", answer,
	       answer.failure == HTTP_RESOLVE ? HTTP_RESOLVE : HTTP_PROXY,
	       "the proxy of $https_proxy");
	http_free(http);
	/* Not for this host. */
	setenv("no_proxy", "example.org,zivver.invalid", 1);
	expect("no proxy", try_once("https://zivver.invalid", &http), HTTP_RESOLVE,
	       "cannot be resolved");
	http_free(http);
	unsetenv("no_proxy");
	unsetenv("https_proxy");
	buf_release(&proxy);
}

static void loopback_goes_around_proxies(void **state)
{
	static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "all_proxy",
						"ALL_PROXY"};
	static const struct step step = {OK_BODY};
	struct http_settings settings;
	struct buf url = BUF_INIT;
	struct server server;
	struct http *http;

	(void)state;
	server_start(&server, &step, 1);
	for (size_t i = 0; i < COUNT(variables); i++) {
		setenv(variables[i], "http://proxy.invalid:1", 1);
		settings = quick(server.port, &url);
		http = open_client(&settings);
		assert_int_equal(call(http, &(struct http_request){.method = HTTP_GET}).status,
				 200);
		http_free(http);
		unsetenv(variables[i]);
	}
	server_stop(&server);
	buf_release(&server.log);
	buf_release(&url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_fail_in_their_ways),
		cmocka_unit_test(the_unsent_is_tried_again),
		cmocka_unit_test(proxies_fail_in_their_ways),
		cmocka_unit_test(loopback_goes_around_proxies),
	};
	static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY",
					      "all_proxy",  "ALL_PROXY",   "no_proxy",
					      "NO_PROXY"};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT(proxies); i++)
		unsetenv(proxies[i]);
	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
