/* What a client logs of its requests, and what it keeps to itself. */
#include "http_fixture.h"

#include "base/log.h"
#include "base/os.h"

#include <unistd.h>

static void the_log_has_no_secrets(void **state)
{
	static const struct step steps[] = {
		{BUSY("X-Request-Id: r-4711\r\n")},
		{"HTTP/1.1 200 OK\r\nRequest-Id: r-4712\r\nContent-Length: 6\r\n\r\nanswer"},
		{NULL, RESET}};
	static const char *const hidden[] = {"topsecret", "jane", "private", "answer", "busy"};
	static const char *const shown[] = {"PUT http://127.0.0.1:", "/api/Users/7: 503 in ",
					    ", request id r-4711\n", "/api/Users/7: 200 in ",
					    ", request id r-4712\n", "broken after "};
	char name[] = "/tmp/zsctl-test-log-XXXXXX";
	int file = mkstemp(name), saved = dup(STDERR_FILENO);
	struct http_request request = {.method = HTTP_PUT,
				       .path = STR("/Users/7?filter=jane"),
				       .body = STR("private"),
				       .replay = true};
	struct secret key = SECRET_INIT;
	struct buf log = BUF_INIT;
	struct err err = ERR_INIT;
	struct fixture f;

	(void)state;
	assert_true(file >= 0 && saved >= 0);
	begin(&f, steps, COUNT(steps));
	f.http = open_client(&f.settings);
	secret_set(&key, STR("topsecret"));
	assert_int_equal(http_authorize(f.http, &key, &err), 0);
	secret_release(&key);
	log_setup(LOG_DEBUG, LOG_TEXT, false);
	dup2(file, STDERR_FILENO);
	call(f.http, &request);
	request.replay = false;
	call(f.http, &request);
	dup2(saved, STDERR_FILENO);
	log_setup(LOG_INFO, LOG_TEXT, false);
	end(&f);
	assert_int_equal(os_read_file(name, 65536, &log, &err), 0);
	for (size_t i = 0; i < COUNT(shown); i++) {
		if (!strstr(log.ptr, shown[i]))
			fail_msg("no \"%s\" in:\n%s", shown[i], log.ptr);
	}
	for (size_t i = 0; i < COUNT(hidden); i++) {
		if (strstr(log.ptr, hidden[i]))
			fail_msg("\"%s\" in:\n%s", hidden[i], log.ptr);
	}
	finish(&f);
	buf_release(&log);
	unlink(name);
	close(file);
	close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_has_no_secrets),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
