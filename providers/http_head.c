/* What answers say in their heads, and a 429 in its body, about the service's limit. */
#include "http_internal.h"

#include "base/json.h"
#include "base/os.h"

#include <string.h>
#include <strings.h>

/* A copy that ends in NUL, cut to its room. */
static void keep(char *out, size_t size, struct str value)
{
	size_t len = value.len < size ? value.len : size - 1;

	memcpy(out, value.ptr, len);
	out[len] = '\0';
}

/* The number that `text` begins with; what follows is not looked at. */
static bool leading_number(struct str text, uint64_t *out)
{
	struct str digits = str_trim(text);
	size_t len = 0;

	while (len < digits.len && digits.ptr[len] >= '0' && digits.ptr[len] <= '9')
		len++;
	return str_to_u64((struct str){digits.ptr, len}, out);
}

/*
 * draft-polli-ratelimit-headers-02 §3.1: "limit, quota;window=seconds;comment=…, …". Of several
 * quotas the one that the first number repeats is nearest to its end.
 */
static void read_limit(struct str value, struct rate_hint *hint)
{
	uint64_t limit, quota, window;
	struct str item, parameter;

	if (!str_split(&value, ',', &item) || !leading_number(item, &limit))
		return;
	while (str_split(&value, ',', &item)) {
		str_split(&item, ';', &parameter);
		if (!leading_number(parameter, &quota) || quota != limit)
			continue;
		while (str_split(&item, ';', &parameter)) {
			parameter = str_trim(parameter);
			if (!str_starts(parameter, "window="))
				continue;
			parameter.ptr += strlen("window=");
			parameter.len -= strlen("window=");
			if (leading_number(parameter, &window)) {
				hint->requests = quota;
				hint->window_s = window;
				return;
			}
		}
	}
}

static int64_t read_date(struct str value)
{
	char text[64];
	time_t date;

	if (value.len >= sizeof(text))
		return 0;
	keep(text, sizeof(text), value);
	date = curl_getdate(text, NULL);
	return date > 0 ? (int64_t)date : 0;
}

static void read_header(struct http_head *head, struct str name, struct str value)
{
	static const char *const ids[] = {"x-request-id", "request-id", "x-correlation-id",
					  "x-amzn-requestid"};
	struct rate_hint *hint = &head->hint;
	char key[32];

	if (name.len >= sizeof(key))
		return;
	keep(key, sizeof(key), name);
	if (strcasecmp(key, "content-type") == 0)
		keep(head->content_type, sizeof(head->content_type), value);
	else if (strcasecmp(key, "location") == 0)
		keep(head->location, sizeof(head->location), value);
	else if (strcasecmp(key, "date") == 0)
		head->date = read_date(value);
	else if (strcasecmp(key, "ratelimit-limit") == 0)
		read_limit(value, hint);
	else if (strcasecmp(key, "ratelimit-remaining") == 0)
		hint->has_remaining = leading_number(value, &hint->remaining);
	else if (strcasecmp(key, "ratelimit-reset") == 0)
		head->has_reset = leading_number(value, &hint->reset_s);
	else if (strcasecmp(key, "retry-after") == 0) {
		hint->has_retry = str_to_u64(value, &hint->retry_s);
		head->retry_date = hint->has_retry ? 0 : read_date(value);
	}
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (strcasecmp(key, ids[i]) == 0 && !head->request_id[0])
			keep(head->request_id, sizeof(head->request_id), value);
	}
}

int http_head_line(struct http_head *head, struct str line)
{
	struct str name, status;
	uint64_t number;
	size_t size = head->size + line.len;

	if (size > HTTP_HEADERS_LIMIT)
		return -1;
	head->size = size;
	line = str_trim(line);
	if (str_starts(line, "HTTP/")) {
		/* Also after a 100 (Continue): what came before it is void. */
		*head = (struct http_head){.size = size};
		str_split(&line, ' ', &name);
		if (line.ptr && str_split(&line, ' ', &status) && str_to_u64(status, &number) &&
		    number < 1000)
			head->status = (unsigned)number;
		return 0;
	}
	if (str_split(&line, ':', &name) && line.ptr)
		read_header(head, name, str_trim(line));
	return 0;
}

/* reference: zivver-api.md, "Rate limit". */
static void read_refusal(struct str body, struct rate_hint *hint)
{
	struct err err = ERR_INIT;
	cJSON *tree = body.len > 0 ? json_parse(body, &err) : NULL;
	const cJSON *details = tree ? json_member(tree, "emptiedBucketDetails") : NULL;
	const cJSON *budget = details ? json_member(details, "budget") : NULL;
	const cJSON *window = details ? json_member(details, "windowSeconds") : NULL;

	if (cJSON_IsNumber(budget) && cJSON_IsNumber(window) && budget->valuedouble >= 1 &&
	    budget->valuedouble <= RATE_REQUESTS_MOST && window->valuedouble > 0 &&
	    window->valuedouble <= RATE_WINDOW_MOST_S) {
		hint->requests = (uint64_t)budget->valuedouble;
		hint->window_s = (uint64_t)window->valuedouble;
		/* Part of a second counts as a whole one: rather too slow. */
		if ((double)hint->window_s < window->valuedouble)
			hint->window_s++;
	}
	cJSON_Delete(tree);
}

struct rate_hint http_head_hint(const struct http_head *head, struct str body)
{
	struct rate_hint hint = head->hint;
	/* By the service's own clock where it says what that is. */
	int64_t now = head->date ? head->date : os_now();

	if (head->retry_date) {
		hint.has_retry = true;
		hint.retry_s = head->retry_date > now ? (uint64_t)(head->retry_date - now) : 0;
	}
	hint.has_remaining = hint.has_remaining && head->has_reset;
	if (head->status == 429)
		read_refusal(body, &hint);
	return hint;
}
