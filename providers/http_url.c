/* Addresses: what may be a base URL, a path, a header. */
#include "http_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BASE_LIMIT = 2048 };

static bool is_loopback(const char *host)
{
	unsigned char four[4];

	if (inet_pton(AF_INET, host, four) == 1)
		return four[0] == 127;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

/* A part of `url` as an owned string, NULL when it is absent. */
static char *part(CURLU *url, CURLUPart which)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0))
		return NULL;
	copy = mem_alloc(strlen(text) + 1);
	memcpy(copy, text, strlen(text) + 1);
	curl_free(text);
	return copy;
}

static bool has(CURLU *url, CURLUPart which)
{
	autofree char *text = part(url, which);

	return text != NULL;
}

/* `url` has been parsed. */
static int accept_origin(CURLU *url, struct http_origin *origin, struct err *err)
{
	autofree char *scheme = part(url, CURLUPART_SCHEME);
	autofree char *port = part(url, CURLUPART_PORT);
	uint64_t number = 0;

	origin->host = part(url, CURLUPART_HOST);
	origin->base = part(url, CURLUPART_URL);
	if (!scheme || !port || !origin->host || !origin->base ||
	    !str_to_u64(str_of(port), &number) || number == 0 || number > UINT16_MAX)
		return err_set(err, ERR_FAILED, "it is no URL of the form https://host/path");
	if (has(url, CURLUPART_USER) || has(url, CURLUPART_PASSWORD))
		return err_set(err, ERR_FAILED,
			       "it holds a user or password: credentials have settings of "
			       "their own");
	if (has(url, CURLUPART_QUERY) || has(url, CURLUPART_FRAGMENT))
		return err_set(err, ERR_FAILED,
			       "it must end with its path, before \"?\" or "
			       "\"#\"");
	origin->port = (uint16_t)number;
	origin->tls = strcmp(scheme, "https") == 0;
	origin->loopback = is_loopback(origin->host);
	if (!origin->tls && strcmp(scheme, "http") != 0)
		return err_set(err, ERR_FAILED, "it must begin with https://");
	if (!origin->tls && !origin->loopback)
		return err_set(err, ERR_FAILED,
			       "http:// is only for this host itself (127.0.0.1, ::1, "
			       "localhost): use https://");
	for (size_t len = strlen(origin->base); len > 0 && origin->base[len - 1] == '/';)
		origin->base[--len] = '\0';
	return 0;
}

int http_origin_parse(struct http_origin *origin, struct str url, struct err *err)
{
	autofree char *text = mem_alloc(url.len + 1);
	struct http_origin parsed = {0};
	CURLU *parser;
	int result;

	if (url.len > 0)
		memcpy(text, url.ptr, url.len);
	text[url.len] = '\0';
	if (url.len == 0 || url.len > BASE_LIMIT || strlen(text) != url.len)
		return err_set(err, ERR_FAILED, "the URL is empty or too long");
	parser = curl_url();
	if (!parser)
		err_out_of_memory();
	if (curl_url_set(parser, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME))
		result = err_set(err, ERR_FAILED, "it is no URL of the form https://host/path");
	else
		result = accept_origin(parser, &parsed, err);
	curl_url_cleanup(parser);
	if (result) {
		http_origin_release(&parsed);
		return err_prefix(err, "URL %s", text);
	}
	*origin = parsed;
	return 0;
}

void http_origin_release(struct http_origin *origin)
{
	free(origin->base);
	free(origin->host);
	*origin = (struct http_origin){0};
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c));
}

void http_add_encoded(struct buf *path, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_unreserved(text.ptr[i]))
			buf_char(path, text.ptr[i]);
		else
			buf_addf(path, "%%%02X", (unsigned char)text.ptr[i]);
	}
}

/* "." and ".." in all their spellings would name another resource than was meant. */
static bool is_dots(struct str segment)
{
	size_t dots = 0;

	while (segment.len > 0) {
		size_t len = segment.ptr[0] == '.' ? 1 : 3;

		if (len == 3 && (segment.len < 3 || strncasecmp(segment.ptr, "%2e", 3) != 0))
			return false;
		segment.ptr += len;
		segment.len -= len;
		dots++;
	}
	return dots == 1 || dots == 2;
}

int http_path_check(struct str path, struct err *err)
{
	struct str before_query = path, segment;

	if (path.len == 0)
		return 0;
	if (path.ptr[0] != '/')
		return err_set(err, ERR_FAILED, "a request's path must begin with \"/\"");
	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];
		bool fine = is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@/?", c));

		if (c == '%')
			fine = path.len - i > 2 && hex_value_any(path.ptr[i + 1]) >= 0 &&
			       hex_value_any(path.ptr[i + 2]) >= 0;
		if (!fine)
			return err_set(err, ERR_FAILED,
				       "a request's path holds a character that must be "
				       "percent-encoded");
	}
	str_split(&before_query, '?', &segment);
	for (before_query = segment; str_split(&before_query, '/', &segment);) {
		if (is_dots(segment))
			return err_set(err, ERR_FAILED,
				       "a request's path holds the segment \".\" or \"..\"");
	}
	return 0;
}

bool http_is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!is_unreserved(c) && (c == '\0' || !strchr("!#$%&'*+^`|", c)))
			return false;
	}
	return text.len > 0;
}

int http_header_check(const char *what, struct str value, struct err *err)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < ' ' || value.ptr[i] > '~')
			return err_set(err, ERR_FAILED,
				       "%s holds a character that cannot be in a header", what);
	}
	return 0;
}
