/* Where directories are: urls, and sockets to there. */
#include "directory_internal.h"

#include "server_url.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int directory_place_parse(struct directory_place *place, struct str url, bool starttls,
			  struct err *err)
{
	struct server_url parsed;

	if (server_url_parse(url, &parsed, err) || server_url_check(&parsed, starttls, err))
		return err_prefix(err, "url \"%.*s\"", STR_FMT(url));
	*place = (struct directory_place){
		.text = directory_copy(url),
		.host = directory_copy(parsed.host),
		.port = parsed.port,
		.ldaps = parsed.ldaps,
	};
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
