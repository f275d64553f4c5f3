#include "server_url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { URL_MOST = 512, HOST_MOST = 253 };

static bool is_loopback(struct str host)
{
	char text[HOST_MOST + 1];
	unsigned char four[4];

	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	if (inet_pton(AF_INET, text, four) == 1)
		return four[0] == 127;
	return strcasecmp(text, "localhost") == 0 || strcmp(text, "::1") == 0;
}

static bool is_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'))
			return false;
	}
	return host.len > 0 && host.len <= HOST_MOST && host.ptr[0] != '-' &&
	       host.ptr[0] != '.';
}

/* "[IPv6]" or "[IPv6]:port" */
static bool split_brackets(struct str rest, struct str *host, struct str *port)
{
	const char *end = memchr(rest.ptr, ']', rest.len);
	unsigned char sixteen[16];
	char text[INET6_ADDRSTRLEN];

	if (!end)
		return false;
	*host = (struct str){rest.ptr + 1, (size_t)(end - rest.ptr) - 1};
	rest = (struct str){end + 1, rest.len - host->len - 2};
	if (rest.len > 0 && (rest.len < 2 || rest.ptr[0] != ':'))
		return false;
	if (rest.len > 0)
		*port = (struct str){rest.ptr + 1, rest.len - 1};
	if (host->len >= sizeof(text))
		return false;
	memcpy(text, host->ptr, host->len);
	text[host->len] = '\0';
	return inet_pton(AF_INET6, text, sixteen) == 1;
}

static bool split_authority(struct str rest, struct str *host, struct str *port)
{
	*port = STR_NONE;
	if (rest.len > 0 && rest.ptr[0] == '[')
		return split_brackets(rest, host, port);
	if (!str_split(&rest, ':', host))
		return false;
	if (rest.ptr)
		*port = rest;
	return is_host(*host) && (!rest.ptr || rest.len > 0);
}

int server_url_parse(struct str text, struct server_url *out, struct err *err)
{
	struct str rest = text, host = STR_NONE, port;
	uint64_t number;
	bool ldaps;

	if (text.len > URL_MOST)
		return err_set(err, ERR_FAILED, "it is too long");
	if (text.len > 0 && memchr(text.ptr, '@', text.len))
		return err_set(err, ERR_FAILED,
			       "a url holds no user and no password: they stand under `bind`");
	ldaps = text.len > 8 && strncasecmp(text.ptr, "ldaps://", 8) == 0;
	if (!ldaps && (text.len <= 7 || strncasecmp(text.ptr, "ldap://", 7) != 0))
		return err_set(err, ERR_FAILED, "a url here begins with ldaps:// or ldap://");
	rest = (struct str){rest.ptr + (ldaps ? 8 : 7), rest.len - (ldaps ? 8 : 7)};
	if (rest.ptr[rest.len - 1] == '/')
		rest.len--;
	number = ldaps ? 636 : 389;
	if (!split_authority(rest, &host, &port) ||
	    (port.len > 0 &&
	     (!str_to_u64(port, &number) || number == 0 || number > UINT16_MAX)))
		return err_set(
			err, ERR_FAILED,
			"it must be of the form ldaps://host or ldaps://host:port; what is "
			"read has settings of its own");
	*out = (struct server_url){.host = host,
				   .port = (uint16_t)number,
				   .ldaps = ldaps,
				   .loopback = is_loopback(host)};
	return 0;
}

int server_url_check(const struct server_url *url, bool starttls, struct err *err)
{
	if (url->ldaps && starttls)
		return err_set(
			err, ERR_FAILED,
			"ldaps:// is encrypted from the start: StartTLS goes with ldap://");
	if (!url->ldaps && !starttls && !url->loopback)
		return err_set(
			err, ERR_FAILED,
			"ldap:// without StartTLS is only for this host itself "
			"(127.0.0.1, ::1, localhost): use ldaps://, or `starttls: true`");
	return 0;
}
