#include "requests.h"

#include "base/json.h"
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int requests_open(struct requests *requests, const char *path, struct err *err)
{
	requests->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (requests->fd < 0)
		return err_errno(err, ERR_FAILED, "cannot open %s", path);
	return 0;
}

void requests_release(struct requests *requests)
{
	if (requests->fd >= 0)
		close(requests->fd);
	buf_release(&requests->line);
	requests->fd = -1;
}

static void add_fault(struct json_writer *out, const struct fault *fault)
{
	char name[32];

	if (!fault)
		return;
	snprintf(name, sizeof(name), "%s%s", fault_names[fault->kind],
		 fault->after ? " after" : "");
	json_str(out, NULL, str_of(name));
}

static void add_strikes(struct json_writer *out, const struct strikes *strikes)
{
	json_begin_array(out, "faults");
	for (int moment = 0; moment < MOMENT_COUNT; moment++) {
		add_fault(out, strikes->delay[moment]);
		add_fault(out, strikes->edit[moment]);
	}
	add_fault(out, strikes->list);
	add_fault(out, strikes->answer);
	json_end_array(out);
}

static void add_times(struct json_writer *out, const struct request_line *line)
{
	char seconds[TIME_TEXT_SIZE], text[64];

	time_text(line->wall / 1000000, seconds);
	snprintf(text, sizeof(text), "%.19s.%06dZ", seconds, (int)(line->wall % 1000000));
	json_str(out, "wall", str_of(text));
	snprintf(text, sizeof(text), "%llu.%09llu",
		 (unsigned long long)(line->monotonic / 1000000000),
		 (unsigned long long)(line->monotonic % 1000000000));
	json_raw(out, "monotonic", str_of(text));
}

static void add_line(struct buf *buf, const struct request_line *line)
{
	struct json_writer out = {.out = buf};

	json_begin_object(&out, NULL);
	json_int(&out, "number", (int64_t)line->number);
	json_int(&out, "connection", (int64_t)line->connection);
	add_times(&out, line);
	json_str(&out, "method", line->method);
	json_str(&out, "path", line->path);
	json_str(&out, "query", line->query);
	json_str(&out, "user_agent", line->user_agent);
	json_int(&out, "status", line->status);
	add_strikes(&out, line->strikes);
	json_bool(&out, "limited", line->limited);
	json_bool(&out, "changed", line->changed);
	json_int(&out, "received", (int64_t)line->received);
	json_int(&out, "bytes", (int64_t)line->sent);
	json_end_object(&out);
	buf_char(buf, '\n');
}

int requests_add(struct requests *requests, const struct request_line *line, struct err *err)
{
	struct str rest;

	if (requests->fd < 0)
		return 0;
	buf_clear(&requests->line);
	add_line(&requests->line, line);
	rest = buf_str(&requests->line);
	while (rest.len > 0) {
		ssize_t written = write(requests->fd, rest.ptr, rest.len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return err_errno(err, ERR_FAILED, "cannot write the log");
		rest.ptr += written;
		rest.len -= (size_t)written;
	}
	return 0;
}
