/*
 * What the directory client takes for settings, and servers of scripted bytes: those that hold still, go on in
 * the clear or answer what was not asked.
 */
#include "directory_internal.h"

#include "base/os.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct secret password;

static struct directory_settings settings_for(const struct str *url)
{
	return (struct directory_settings){
		.urls = url,
		.url_count = 1,
		.bind = DIRECTORY_SIMPLE,
		.user = STR("reader"),
		.password = &password,
		.connect_ms = 10000,
	};
}

/* --- settings ----------------------------------------------------------------------------------- */

static void refuses_settings(void **state)
{
	static const char loopback[] = "ldap://127.0.0.1:1", secure[] = "ldaps://127.0.0.1:1";
	struct secret empty = SECRET_INIT;
	char keytab[] = "/tmp/zsctl-test-keytab-XXXXXX",
	     nothing[] = "/tmp/zsctl-test-ca-XXXXXX";
	const int fds[] = {mkstemp(keytab), mkstemp(nothing)};
	const struct {
		const char *label, *url, *user, *ca_file, *keytab;
		const struct secret *password;
		enum directory_bind bind;
		bool starttls;
		const char *text;
	} cases[] = {
		{"no url", "", "u", NULL, NULL, &password, DIRECTORY_SIMPLE, false,
		 "begins with"},
		{"plain", "ldap://dc1", "u", NULL, NULL, &password, DIRECTORY_SIMPLE, false,
		 "only for this host itself"},
		{"twice", secure, "u", NULL, NULL, &password, DIRECTORY_SIMPLE, true,
		 "StartTLS goes with ldap://"},
		{"no user", loopback, "", NULL, NULL, &password, DIRECTORY_SIMPLE, false,
		 "no user to bind with"},
		{"no password", loopback, "u", NULL, NULL, NULL, DIRECTORY_SIMPLE, false,
		 "the password is empty"},
		{"empty password", loopback, "u", NULL, NULL, &empty, DIRECTORY_SIMPLE, false,
		 "the password is empty"},
		{"no authorities", secure, "u", "/nonexistent", NULL, &password,
		 DIRECTORY_SIMPLE, false, "/nonexistent cannot be read"},
		{"empty authorities", secure, "u", nothing, NULL, &password, DIRECTORY_SIMPLE,
		 false, "there is no certificate"},
		{"no keytab", loopback, "", NULL, NULL, NULL, DIRECTORY_GSSAPI, false,
		 "needs a keytab"},
		{"missing keytab", loopback, "", NULL, "/nonexistent", NULL, DIRECTORY_GSSAPI,
		 false, "/nonexistent cannot be read"},
		{"open keytab", loopback, "", NULL, keytab, NULL, DIRECTORY_GSSAPI, false,
		 "chmod 600"},
		{"folder", loopback, "", NULL, "/tmp", NULL, DIRECTORY_GSSAPI, false,
		 "is no file"},
	};

	(void)state;
	assert_true(fds[0] >= 0 && fds[1] >= 0 && fchmod(fds[0], 0640) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct str url = str_of(cases[i].url);
		struct directory_settings settings = settings_for(&url);
		struct directory *directory = NULL;
		struct err err = ERR_INIT;

		settings.user = str_of(cases[i].user);
		settings.ca_file = cases[i].ca_file;
		settings.keytab = cases[i].keytab;
		settings.password = cases[i].password;
		settings.bind = cases[i].bind;
		settings.starttls = cases[i].starttls;
		if (directory_open(&directory, &settings, &err) == 0 ||
		    !strstr(err.text, cases[i].text))
			fail_msg("%s: %s", cases[i].label, err.text);
		assert_null(directory);
	}
	for (size_t i = 0; i < 2; i++)
		close(fds[i]);
	unlink(keytab);
	unlink(nothing);
}

/* --- servers of scripted bytes -------------------------------------------------------------------- */

struct script {
	const char *bytes; /* sent after the first request */
	size_t size;
	int fd;
	uint16_t port;
	pthread_t thread;
};

static void *serve(void *context)
{
	struct script *script = context;
	char request[4096];
	int fd = accept(script->fd, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (recv(fd, request, sizeof(request), 0) > 0 && script->size)
		send(fd, script->bytes, script->size, MSG_NOSIGNAL);
	while (recv(fd, request, sizeof(request), 0) > 0)
		;
	close(fd);
	return NULL;
}

static void listen_on(struct script *script, int backlog)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	script->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(script->fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(script->fd, backlog), 0);
	assert_int_equal(getsockname(script->fd, (struct sockaddr *)&address, &size), 0);
	script->port = ntohs(address.sin_port);
}

#define BYTES(text) (text), sizeof(text) - 1

/* An answer to request 1 (RFC 4511 §4.1.9): tag, result, matched name, text. */
#define STARTTLS_FINE "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
#define STARTTLS_NOT "\x30\x10\x02\x01\x01\x78\x0b\x0a\x01\x34\x04\x00\x04\x04none"
#define BIND_BUSY "\x30\x10\x02\x01\x01\x61\x0b\x0a\x01\x33\x04\x00\x04\x04soon"
#define BIND_ENTRY "\x30\x0c\x02\x01\x01\x64\x07\x04\x01x\x30\x00\x04\x00"

static void odd_servers(void **state)
{
	static const struct {
		const char *label, *bytes;
		size_t size;
		bool starttls;
		unsigned wait_ms;
		enum directory_failure failure;
		const char *text;
	} cases[] = {
		{"silent", BYTES(""), false, 200, DIRECTORY_TIMEOUT, "no answer within 200 ms"},
		{"silent to StartTLS", BYTES(""), true, 200, DIRECTORY_TIMEOUT,
		 "no answer within 200 ms"},
		{"StartTLS refused", BYTES(STARTTLS_NOT), true, 10000, DIRECTORY_TLS,
		 "refuses StartTLS (Server is unavailable; none)"},
		{"in the clear after StartTLS", BYTES(STARTTLS_FINE STARTTLS_FINE), true, 10000,
		 DIRECTORY_TLS, "goes on in the clear after StartTLS"},
		{"half a handshake", BYTES(STARTTLS_FINE), true, 200, DIRECTORY_TLS,
		 "no TLS handshake within 200 ms"},
		{"busy", BYTES(BIND_BUSY), false, 10000, DIRECTORY_UNAVAILABLE,
		 "busy: try again later (the server says: \"soon\")"},
		{"half a message", BYTES("\x30\x0c\x02\x01"), false, 200, DIRECTORY_TIMEOUT,
		 "no answer within 200 ms"},
		{"an entry for a bind", BYTES(BIND_ENTRY), false, 10000, DIRECTORY_BROKEN,
		 "no proper LDAP"},
		{"another protocol", BYTES("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), false, 200,
		 DIRECTORY_TIMEOUT, "no answer"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct script script = {.bytes = cases[i].bytes, .size = cases[i].size};
		struct directory *directory;
		struct err err = ERR_INIT;
		char text[64];
		struct str url;
		struct directory_settings settings;

		listen_on(&script, 4);
		assert_int_equal(pthread_create(&script.thread, NULL, serve, &script), 0);
		snprintf(text, sizeof(text), "ldap://127.0.0.1:%u", script.port);
		url = str_of(text);
		settings = settings_for(&url);
		settings.starttls = cases[i].starttls;
		settings.connect_ms = cases[i].wait_ms;
		assert_int_equal(directory_open(&directory, &settings, &err), 0);
		assert_int_equal(directory_connect(directory, &err), -1);
		if (directory_failure(directory) != cases[i].failure ||
		    !strstr(err.text, cases[i].text))
			fail_msg("%s: %s: %s", cases[i].label,
				 directory_failure_names[directory_failure(directory)],
				 err.text);
		directory_free(directory);
		shutdown(script.fd, SHUT_RDWR);
		pthread_join(script.thread, NULL);
		close(script.fd);
	}
}

/* A firewall that drops what comes looks so: the queue of the server is full. */
static void no_answer_to_connecting(void **state)
{
	struct script script = {.size = 0};
	struct directory *directory;
	struct err err = ERR_INIT;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char text[64];
	struct str url;
	struct directory_settings settings;
	int waiting[8];

	(void)state;
	listen_on(&script, 0);
	address.sin_port = htons(script.port);
	for (size_t i = 0; i < 8; i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (struct sockaddr *)&address, sizeof(address));
	}
	snprintf(text, sizeof(text), "ldap://127.0.0.1:%u", script.port);
	url = str_of(text);
	settings = settings_for(&url);
	settings.connect_ms = 200;
	assert_int_equal(directory_open(&directory, &settings, &err), 0);
	assert_int_equal(directory_connect(directory, &err), -1);
	assert_int_equal(directory_failure(directory), DIRECTORY_REACH);
	assert_int_equal(err.class, ERR_UNREACHABLE);
	if (!strstr(err.text, "a firewall drops it on the way"))
		fail_msg("%s", err.text);
	directory_free(directory);
	for (size_t i = 0; i < 8; i++)
		close(waiting[i]);
	close(script.fd);
}

/* Whoever asks to stop does not wait for a server. */
static void stops(void **state)
{
	struct script script = {.size = 0};
	struct directory *directory;
	struct err err = ERR_INIT;
	char text[64];
	struct str url;
	struct directory_settings settings;
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	listen_on(&script, 4);
	assert_int_equal(pthread_create(&script.thread, NULL, serve, &script), 0);
	snprintf(text, sizeof(text), "ldap://127.0.0.1:%u", script.port);
	url = str_of(text);
	settings = settings_for(&url);
	settings.connect_ms = 600000;
	assert_int_equal(directory_open(&directory, &settings, &err), 0);
	directory_watch(directory, pair[0]);
	assert_int_equal(directory_connect(directory, &err), -1);
	assert_int_equal(directory_failure(directory), DIRECTORY_STOPPED);
	directory_free(directory);
	shutdown(script.fd, SHUT_RDWR);
	pthread_join(script.thread, NULL);
	close(script.fd);
	close(pair[0]);
	close(pair[1]);
}

/* --- texts -------------------------------------------------------------------------------------- */

static void ranges(void **state)
{
	static const struct {
		const char *text, *name; /* NULL: no range */
		uint64_t first, last;
	} cases[] = {
		{"member;range=0-1499", "member", 0, 1499},
		{"member;RANGE=1500-*", "member", 1500, UINT64_MAX},
		{"member;range=0-0", "member", 0, 0},
		{"m;range=18446744073709551615-*", "m", UINT64_MAX, UINT64_MAX},
		{"member", NULL, 0, 0},
		{"member;binary", NULL, 0, 0},
		{"member;range", NULL, 0, 0},
		{"member;range=", NULL, 0, 0},
		{"member;range=0", NULL, 0, 0},
		{"member;range=-1", NULL, 0, 0},
		{"member;range=0-", NULL, 0, 0},
		{"member;range=5-4", NULL, 0, 0},
		{"member;range=0-1;x", NULL, 0, 0},
		{"member;range=0-99999999999999999999", NULL, 0, 0},
		{"", NULL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str name = STR_NONE;
		uint64_t first = 0, last = 0;
		bool found = directory_range_parse(str_of(cases[i].text), &name, &first, &last);

		if (found != (cases[i].name != NULL) ||
		    (found && (!str_is(name, cases[i].name) || first != cases[i].first ||
			       last != cases[i].last)))
			fail_msg("%s", cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_settings),
		cmocka_unit_test(odd_servers),
		cmocka_unit_test(no_answer_to_connecting),
		cmocka_unit_test(stops),
		cmocka_unit_test(ranges),
	};
	struct err err = ERR_INIT;
	int failed;

	if (base_init(&err))
		return 1;
	secret_set(&password, STR("hunter2"));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	secret_release(&password);
	return failed;
}
