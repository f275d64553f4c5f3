/*
 * After a request nothing of its key, body and path is left in this process, libcurl's copies
 * included. The server is a process of its own, for it would have them too.
 */
#include "http_client.h"
#include "http_server.h"

#include "base/os.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { NEEDLE = 24, WINDOW = 1 << 20 };

/* Kept with all bits turned over, so that what is looked for is nowhere else. */
struct needle {
	unsigned char turned[NEEDLE];
};

static void make_needle(struct needle *needle, char out[NEEDLE + 1])
{
	unsigned char bytes[NEEDLE / 2];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(out, NEEDLE + 1, bytes, sizeof(bytes));
	sodium_memzero(bytes, sizeof(bytes));
	for (size_t i = 0; i < NEEDLE; i++)
		needle->turned[i] = (unsigned char)~(unsigned char)out[i];
}

static bool is_at(const unsigned char *bytes, const struct needle *needle)
{
	for (size_t i = 0; i < NEEDLE; i++) {
		if ((bytes[i] ^ needle->turned[i]) != 0xff)
			return false;
	}
	return true;
}

static unsigned count_in(const unsigned char *window, size_t size, const struct needle *needle)
{
	unsigned char first = (unsigned char)~needle->turned[0];
	const unsigned char *at = window, *end = window + size;
	unsigned count = 0;

	while ((size_t)(end - at) >= NEEDLE &&
	       (at = memchr(at, first, (size_t)(end - at) - NEEDLE + 1))) {
		count += is_at(at, needle);
		at++;
	}
	return count;
}

/* Reads [from, to) of this process by the system, which skips what is not there. */
static unsigned count_range(uintptr_t from, uintptr_t to, const struct needle *needle)
{
	static unsigned char window[WINDOW];
	unsigned count = 0;

	while (to - from >= NEEDLE) {
		size_t size = to - from < WINDOW ? to - from : WINDOW;
		struct iovec local = {window, size}, remote = {(void *)from, size};
		ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

		if (got > 0)
			count += count_in(window, (size_t)got, needle);
		sodium_memzero(window, size);
		/* Windows overlap, so that nothing is cut in two. */
		from += size > NEEDLE ? size - NEEDLE + 1 : size;
	}
	return count;
}

/* In everything that can be written to, but the mappings of a sanitizer's tables. */
static unsigned copies_of(const struct needle *needle)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[512], mode[8];
	unsigned count = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' ||
		    mode[1] != 'w' || to - from > 256UL << 20)
			continue;
		count += count_range(from, to, needle);
	}
	fclose(maps);
	return count;
}

static pid_t start_server(uint16_t *port)
{
	static const struct step step = {OK_BODY};
	int pipes[2];
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		struct server server;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		server_start(&server, &step, 1);
		if (write(pipes[1], &server.port, sizeof(server.port)) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(pipes[0], port, sizeof(*port)), sizeof(*port));
	close(pipes[0]);
	close(pipes[1]);
	return child;
}

static void nothing_is_left_of_secrets(void **state)
{
	struct needle key_needle, body_needle, path_needle;
	char key_text[NEEDLE + 1], body_text[NEEDLE + 1], path_text[NEEDLE + 1];
	struct http_settings settings;
	struct secret key = SECRET_INIT;
	struct buf url = BUF_INIT, path = BUF_INIT;
	struct err err = ERR_INIT;
	struct http *http;
	uint16_t port;
	pid_t server = start_server(&port);

	(void)state;
	settings = quick(port, &url);
	http = open_client(&settings);
	make_needle(&key_needle, key_text);
	make_needle(&body_needle, body_text);
	make_needle(&path_needle, path_text);
	buf_addf(&path, "/%s", path_text);
	secret_set(&key, str_of(key_text));
	assert_int_equal(http_authorize(http, &key, &err), 0);
	/* The test sees what there is. */
	assert_true(copies_of(&key_needle) >= 3);
	assert_true(copies_of(&body_needle) >= 1);
	assert_int_equal(call(http, &(struct http_request){.method = HTTP_PUT,
							   .path = buf_str(&path),
							   .body = str_of(body_text)})
				 .status,
			 200);
	sodium_memzero(path.ptr, path.capacity);
	sodium_memzero(body_text, sizeof(body_text));
	sodium_memzero(path_text, sizeof(path_text));
	/* A later request takes the place of the last copies within libcurl's handle. */
	call(http, &(struct http_request){.method = HTTP_GET});
	assert_int_equal(copies_of(&body_needle), 0);
	assert_int_equal(copies_of(&path_needle), 0);
	assert_true(copies_of(&key_needle) >= 3);

	secret_release(&key);
	sodium_memzero(key_text, sizeof(key_text));
	http_free(http);
	assert_int_equal(copies_of(&key_needle), 0);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	buf_release(&path);
	buf_release(&url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_of_secrets),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
