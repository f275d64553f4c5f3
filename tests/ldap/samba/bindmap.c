/*
 * For LD_PRELOAD: Samba knows no ports but its own, so bind() takes others in their place.
 * BINDMAP="389:13890,636:13636": 389 becomes 13890, and getsockname() still says 389, by which Samba
 * decides whether a connection begins with TLS.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static in_port_t mapped(in_port_t port, int back)
{
	const char *at = getenv("BINDMAP");

	while (at && *at) {
		char *end;
		unsigned long from = strtoul(at, &end, 10), to;

		if (*end != ':')
			break;
		to = strtoul(end + 1, &end, 10);
		if (ntohs(port) == (back ? to : from))
			return htons((uint16_t)(back ? from : to));
		at = *end == ',' ? end + 1 : NULL;
	}
	return port;
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);
	struct sockaddr_in in;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "bind");
	if (!address || address->sa_family != AF_INET || size < sizeof(in))
		return real(fd, address, size);
	memcpy(&in, address, sizeof(in));
	in.sin_port = mapped(in.sin_port, 0);
	return real(fd, (struct sockaddr *)&in, sizeof(in));
}

int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
	static int (*real)(int, struct sockaddr *, socklen_t *);
	struct sockaddr_in in;
	int result;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getsockname");
	result = real(fd, address, size);
	if (result || !address || *size < sizeof(in) || address->sa_family != AF_INET)
		return result;
	memcpy(&in, address, sizeof(in));
	in.sin_port = mapped(in.sin_port, 1);
	memcpy(address, &in, sizeof(in));
	return 0;
}
