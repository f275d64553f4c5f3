/* Where directories are: urls, and sockets to there. */
#include "directory_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { URL_MOST = 512 };

static bool is_loopback(const char *host)
{
	unsigned char four[4];

	if (inet_pton(AF_INET, host, four) == 1)
		return four[0] == 127;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

static bool is_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'))
			return false;
	}
	return host.len > 0 && host.len < 254 && host.ptr[0] != '-' && host.ptr[0] != '.';
}

/* "host", "host:port", "[IPv6]", "[IPv6]:port" */
static bool split_authority(struct str rest, struct str *host, struct str *port)
{
	unsigned char sixteen[16];
	char six[INET6_ADDRSTRLEN];
	const char *end;

	*port = STR_NONE;
	if (rest.len == 0 || rest.ptr[0] != '[') {
		str_split(&rest, ':', host);
		if (rest.ptr)
			*port = rest;
		return is_host(*host) && (!rest.ptr || rest.len > 0);
	}
	end = memchr(rest.ptr, ']', rest.len);
	if (!end)
		return false;
	*host = (struct str){rest.ptr + 1, (size_t)(end - rest.ptr) - 1};
	rest.len -= host->len + 2;
	rest.ptr = end + 1;
	if (rest.len > 0 && (rest.len < 2 || rest.ptr[0] != ':'))
		return false;
	if (rest.len > 0)
		*port = (struct str){rest.ptr + 1, rest.len - 1};
	if (host->len >= sizeof(six))
		return false;
	memcpy(six, host->ptr, host->len);
	six[host->len] = '\0';
	return inet_pton(AF_INET6, six, sixteen) == 1;
}

static int parse(struct directory_place *place, struct str url, bool starttls, struct err *err)
{
	struct str rest = url, host, port;
	uint64_t number;

	if (url.len == 0 || url.len > URL_MOST)
		return err_set(err, ERR_FAILED, "it is empty or too long");
	place->ldaps = url.len > 8 && strncasecmp(url.ptr, "ldaps://", 8) == 0;
	if (!place->ldaps && (url.len <= 7 || strncasecmp(url.ptr, "ldap://", 7) != 0))
		return err_set(err, ERR_FAILED, "it must begin with ldaps:// or ldap://");
	rest.ptr += place->ldaps ? 8 : 7;
	rest.len -= place->ldaps ? 8 : 7;
	if (rest.ptr[rest.len - 1] == '/')
		rest.len--;
	number = place->ldaps ? 636 : 389;
	if (!split_authority(rest, &host, &port) ||
	    (port.len > 0 &&
	     (!str_to_u64(port, &number) || number == 0 || number > UINT16_MAX)))
		return err_set(err, ERR_FAILED,
			       "it must be of the form ldaps://host or ldaps://host:port; what "
			       "is read has settings of its own");
	place->port = (uint16_t)number;
	place->host = directory_copy(host);
	place->loopback = is_loopback(place->host);
	if (place->ldaps && starttls)
		return err_set(
			err, ERR_FAILED,
			"ldaps:// is encrypted from the start: StartTLS goes with ldap://");
	if (!place->ldaps && !starttls && !place->loopback)
		return err_set(err, ERR_FAILED,
			       "ldap:// without StartTLS is only for this host itself "
			       "(127.0.0.1, ::1, localhost): use ldaps://, or StartTLS");
	return 0;
}

int directory_place_parse(struct directory_place *place, struct str url, bool starttls,
			  struct err *err)
{
	struct directory_place parsed = {0};

	if (parse(&parsed, url, starttls, err)) {
		free(parsed.host);
		return err_prefix(err, "url \"%.*s\"", STR_FMT(url));
	}
	parsed.text = directory_copy(url);
	*place = parsed;
	return 0;
}

void directory_place_release(struct directory_place *place)
{
	free(place->text);
	free(place->host);
	*place = (struct directory_place){0};
}

bool directory_poll(const struct directory *directory, int fd, short events, uint64_t until,
		    bool *stopped)
{
	struct pollfd polled[2] = {{.fd = fd, .events = events},
				   {.fd = directory->watched, .events = POLLIN}};

	*stopped = false;
	for (;;) {
		uint64_t now = os_monotonic_ms();
		uint64_t left = now < until ? until - now : 0;
		int ready = poll(polled, 2, left > INT32_MAX ? INT32_MAX : (int)left);

		if (ready < 0 && errno == EINTR)
			continue;
		*stopped = ready > 0 && polled[1].revents != 0;
		if (*stopped || ready <= 0)
			return false;
		return true;
	}
}

/* One address. Returns the socket, or -1 with errno; ECANCELED when the watched descriptor came. */
static int reach_address(const struct directory *directory, const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int failed = 0, one = 1;
	socklen_t size = sizeof(failed);
	bool stopped = false;

	if (fd < 0)
		return -1;
	/* A request is one write, and the next waits for its answer. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return fd;
	if (errno != EINPROGRESS)
		failed = errno;
	else if (!directory_poll(directory, fd, POLLOUT,
				 os_monotonic_ms() + directory->connect_ms, &stopped))
		failed = stopped ? ECANCELED : ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size))
		failed = errno;
	if (!failed)
		return fd;
	close(fd);
	errno = failed;
	return -1;
}

static int explain_unreached(struct directory *directory, const struct directory_place *place,
			     int why, struct err *err)
{
	if (why == ECANCELED)
		return directory_fail(directory, DIRECTORY_STOPPED, err, "interrupted");
	if (why == ETIMEDOUT)
		return directory_fail(
			directory, DIRECTORY_REACH, err,
			"no answer from port %u within %u ms: a firewall drops it on "
			"the way, or the server is down. Allow outgoing TCP to %s "
			"port %u",
			place->port, directory->connect_ms, place->host, place->port);
	return directory_fail(
		directory, DIRECTORY_REACH, err,
		"cannot connect to port %u (%s): nothing listens there, or a firewall "
		"refuses. Check the url, and that this host may reach %s port %u",
		place->port, strerror(why), place->host, place->port);
}

int directory_reach(struct directory *directory, const struct directory_place *place,
		    struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char port[8];
	int code, fd = -1, why = 0;

	snprintf(port, sizeof(port), "%u", place->port);
	code = getaddrinfo(place->host, port, &hints, &found);
	if (code)
		return directory_fail(
			directory, DIRECTORY_NAME, err,
			"the name %s cannot be resolved (%s): check the url, and that "
			"this host asks the name servers that know it (those of the "
			"domain)",
			place->host, code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
	for (const struct addrinfo *each = found; each && fd < 0; each = each->ai_next) {
		fd = reach_address(directory, each);
		why = errno;
		if (fd < 0 && why == ECANCELED)
			break;
	}
	freeaddrinfo(found);
	return fd < 0 ? explain_unreached(directory, place, why, err) : fd;
}
