/* Bodies that are streamed to a sink. */
#include "http_fixture.h"

#include "base/os.h"

struct stream {
	unsigned begun;
	size_t bytes, stop_after;
};

static int on_begin(void *context, struct err *err)
{
	struct stream *stream = context;

	(void)err;
	stream->begun++;
	stream->bytes = 0;
	return 0;
}

static int on_bytes(void *context, struct str bytes, struct err *err)
{
	struct stream *stream = context;

	stream->bytes += bytes.len;
	if (stream->stop_after && stream->bytes > stream->stop_after)
		return err_set(err, ERR_FAILED, "resource 7 is not fit");
	return 0;
}

static void bodies_are_streamed(void **state)
{
	enum { LARGE = 20 << 20 };
	static const struct {
		struct step steps[2];
		size_t body_limit, stop_after;
		/* expected */
		enum http_failure failure;
		enum http_sent sent;
		unsigned status, begun;
		size_t bytes; /* 0: not known */
		const char *text, *body;
	} cases[] = {
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n", KEEP, LARGE}},
		 LARGE,
		 0,
		 HTTP_FINE,
		 HTTP_ANSWERED,
		 200,
		 1,
		 LARGE,
		 "",
		 ""},
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", CLOSE, 50}, {OK_BODY}},
		 0,
		 0,
		 HTTP_FINE,
		 HTTP_ANSWERED,
		 200,
		 2,
		 5,
		 "",
		 ""},
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n", KEEP, LARGE}},
		 LARGE - 1,
		 0,
		 HTTP_TOO_LARGE,
		 HTTP_UNKNOWN,
		 200,
		 1,
		 0,
		 "larger than",
		 ""},
		{{{"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n", KEEP, LARGE}},
		 LARGE,
		 100000,
		 HTTP_SINK,
		 HTTP_UNKNOWN,
		 200,
		 1,
		 0,
		 "resource 7 is not fit",
		 ""},
		/* What is no success is for people, not for the parser. */
		{{{"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad"}},
		 0,
		 0,
		 HTTP_FINE,
		 HTTP_ANSWERED,
		 400,
		 0,
		 0,
		 "",
		 "bad"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stream stream = {.stop_after = cases[i].stop_after};
		const struct http_sink sink = {on_begin, on_bytes, &stream};
		const struct http_request request = {
			.sink = &sink, .body_limit = cases[i].body_limit, .replay = true};
		struct http_answer answer;
		struct fixture f;

		begin(&f, cases[i].steps, COUNT(cases[i].steps));
		f.http = open_client(&f.settings);
		answer = call(f.http, &request);
		if (answer.failure != cases[i].failure || answer.sent != cases[i].sent ||
		    answer.status != cases[i].status || stream.begun != cases[i].begun ||
		    (cases[i].bytes && stream.bytes != cases[i].bytes) ||
		    !str_is(answer.body, cases[i].body) ||
		    !strstr(answer.text.ptr ? answer.text.ptr : "", cases[i].text))
			fail_msg("case %zu: %s, sent %d, status %u, begun %u, %zu bytes: %.*s",
				 i, http_failure_names[answer.failure], answer.sent,
				 answer.status, stream.begun, stream.bytes,
				 STR_FMT(answer.text));
		end(&f);
		finish(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_streamed),
	};
	struct err err = ERR_INIT;

	if (base_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
