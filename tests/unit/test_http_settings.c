/* What a client accepts: addresses, certificates, keys, requests; and how any text gets into a path. */
#include "http_client.h"

#include "base/os.h"

static const struct {
	const char *url;
	const char *error; /* NULL: fine */
} urls[] = {
	{"https://app.zivver.com/api", NULL},
	{"https://app.zivver.com:8443", NULL},
	{"http://127.0.0.1:8080/api/", NULL},
	{"http://127.9.9.9", NULL},
	{"http://localhost:1", NULL},
	{"http://[::1]:1/x", NULL},
	{"http://app.zivver.com/api", "use https://"},
	{"http://127.0.0.1.example.org/", "use https://"},
	{"http://localhost.example.org/", "use https://"},
	{"http://128.0.0.1/", "use https://"},
	{"ftp://127.0.0.1/", "must begin with https://"},
	{"file:///etc/passwd", "no URL"},
	{"app.zivver.com", "no URL"},
	{"", "empty"},
	{"https://", "no URL"},
	{"https://jane:secret@example.org/", "credentials"},
	{"https://example.org/?a=b", "must end with its path"},
	{"https://example.org/#a", "must end with its path"},
	{"https://exa mple.org/", "no URL"},
	{"https://example.org:99999/", "no URL"},
};

static void only_safe_addresses_are_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct http_settings settings = {.base_url = str_of(urls[i].url)};
		struct err err = ERR_INIT;
		struct http *http = NULL;
		int result = http_open(&http, &settings, &err);

		if (!urls[i].error != (result == 0) ||
		    (urls[i].error && !strstr(err.text, urls[i].error)))
			fail_msg("%s: %d, %s", urls[i].url, result, err.text);
		if (result == 0)
			assert_false(str_ends(http_base_url(http), "/"));
		http_free(http);
	}
}

static void certificates_must_be_some(void **state)
{
	static const struct {
		const char *path, *error;
	} cases[] = {
		{"/nonexistent.pem", "cannot open"},
		{"/dev/null", "ca_file"},
		{ZSCTL_TESTS_DIR "/CMakeLists.txt", "holds no certificate"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_settings settings = {.base_url = STR("https://example.org"),
						 .ca_file = cases[i].path};
		struct err err = ERR_INIT;
		struct http *http = NULL;

		assert_int_equal(http_open(&http, &settings, &err), -1);
		if (!strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].path, err.text);
	}
}

static const struct {
	const char *key, *error;
} keys[] = {
	{"abc.DEF-123_~+/=", NULL},
	{" abc", "white space"},
	{"abc ", "white space"},
	{"abc\n", "white space"},
	{"\tabc", "white space"},
	{"ab c", "a space at byte 3"},
	{"ab\r\nX: y", "a control character at byte 3"},
	{"ab\x7f", "a control character at byte 3"},
	{"ab\xc3\xa9", "not ASCII at byte 3"},
};

static void keys_are_checked_and_not_shown(void **state)
{
	struct http_settings settings = {.base_url = STR("https://example.org")};
	struct http *http = open_client(&settings);

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct secret key = SECRET_INIT;
		struct err err = ERR_INIT;
		int result;

		secret_set(&key, str_of(keys[i].key));
		result = http_authorize(http, &key, &err);
		if (!keys[i].error != (result == 0) ||
		    (keys[i].error && !strstr(err.text, keys[i].error)))
			fail_msg("key %zu: %d, %s", i, result, err.text);
		assert_null(strstr(err.text, "ab"));
		secret_release(&key);
	}
	http_free(http);
}

#define PATH(text) .path = {"" text, sizeof(text) - 1}

static const struct {
	struct http_request request;
	struct http_header header;
	const char *error; /* NULL: fine */
} requests[] = {
	{{PATH("")}},
	{{PATH("/scim/v2/Users?filter=userName%20eq%20%22a%22&b=(c)")}},
	{{PATH("/...")}},
	{{PATH("/a?x=/../")}},
	{{PATH("Users")}, .error = "must begin with"},
	{{PATH("/a b")}, .error = "percent-encoded"},
	{{PATH("/a\r\nb")}, .error = "percent-encoded"},
	{{PATH("/a#b")}, .error = "percent-encoded"},
	{{PATH("/a\xc3\xa9")}, .error = "percent-encoded"},
	{{PATH("/a%2")}, .error = "percent-encoded"},
	{{PATH("/a%zz")}, .error = "percent-encoded"},
	{{PATH("/a\0b")}, .error = "percent-encoded"},
	{{PATH("/a/../b")}, .error = "segment"},
	{{PATH("/a/.")}, .error = "segment"},
	{{PATH("/%2e%2E/b")}, .error = "segment"},
	{{PATH("/.%2e?x")}, .error = "segment"},
	{{PATH("/"), .accept = {"a\r\nX: y", 7}}, .error = "header"},
	{{PATH("/"), .content_type = {"a\nb", 3}}, .error = "header"},
	{{PATH("/")}, {{"X-A", 3}, {"b c", 3}}},
	{{PATH("/")}, {{"X A", 3}, {"b", 1}}, "no name"},
	{{PATH("/")}, {{"X-A", 3}, {NULL, 0}}, "no name or no value"},
	{{PATH("/")}, {{"X-A", 3}, {"b\nc", 3}}, "header"},
	{{PATH("/"), .header_count = 9}, .error = "headers"},
};

static void requests_are_checked(void **state)
{
	struct http_settings settings = {.base_url = STR("https://example.org")};
	struct http *http = open_client(&settings);
	size_t fine = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct http_request request = requests[i].request;
		struct err err = ERR_INIT;
		int result;

		if (requests[i].header.name.ptr) {
			request.headers = &requests[i].header;
			request.header_count = 1;
		}
		result = http_submit(http, &request, &err);

		if (!requests[i].error != (result == 0) ||
		    (requests[i].error && !strstr(err.text, requests[i].error)))
			fail_msg("request %zu: %d, %s", i, result, err.text);
		fine += result == 0;
		assert_int_equal(http_under_way(http), fine);
	}
	http_free(http);
}

static void anything_can_be_encoded(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	http_add_encoded(&out, STR("aZ09-._~/?#% \"\0\xc3\xa9"));
	assert_string_equal(out.ptr, "aZ09-._~%2F%3F%23%25%20%22%00%C3%A9");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_safe_addresses_are_accepted),
		cmocka_unit_test(certificates_must_be_some),
		cmocka_unit_test(keys_are_checked_and_not_shown),
		cmocka_unit_test(requests_are_checked),
		cmocka_unit_test(anything_can_be_encoded),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
