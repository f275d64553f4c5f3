/* The bytes of a connection, plain or in TLS, below libldap. */
#include "directory_internal.h"

#include <errno.h>
#include <openldap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_AHEAD = 64 << 10,
	/* Of a TLS record. There is room for a whole one, so that nothing readable stays behind where
	 * poll() does not see it. */
	RECORD_MOST = 16 << 10,
};

/* Where libldap goes when it has lost its connection: nowhere. It would come back without TLS and
 * without credentials, and an anonymous user is shown less. */
static const char nowhere[] = "ldapi://%2Fdev%2Fnull";

static bool is_broken(const struct directory_stream *stream)
{
	return stream->fd < 0 || stream->stopped || stream->late || stream->failed ||
	       stream->tls_failed;
}

/* --- reading ---------------------------------------------------------------------------------- */

static ssize_t receive_plain(struct directory_stream *stream, char *out, size_t size)
{
	ssize_t got;

	do {
		got = recv(stream->fd, out, size, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno != EAGAIN)
		stream->failed = errno;
	return got;
}

ssize_t directory_stream_pull(void *context, void *out, size_t size)
{
	struct directory_stream *stream = context;
	size_t there = stream->raw_filled - stream->raw_used;

	if (there == 0) {
		ssize_t got = receive_plain(stream, stream->raw, READ_AHEAD);

		if (got < 0)
			gnutls_transport_set_errno(stream->tls, errno);
		if (got <= 0)
			return got;
		stream->raw_used = 0;
		stream->raw_filled = there = (size_t)got;
	}
	if (there > size)
		there = size;
	memcpy(out, stream->raw + stream->raw_used, there);
	stream->raw_used += there;
	return (ssize_t)there;
}

/* As many records as are there. */
static ssize_t receive_tls(struct directory_stream *stream, char *out)
{
	size_t done = 0;
	ssize_t got;

	do {
		got = gnutls_record_recv(stream->tls, out + done, RECORD_MOST);
		if (got > 0)
			done += (size_t)got;
		/* A record that is not for us (a ticket for the next session) is no reason to wait. */
	} while (got == GNUTLS_E_INTERRUPTED ||
		 (got != 0 && !gnutls_error_is_fatal((int)got) &&
		  stream->raw_used < stream->raw_filled && done + RECORD_MOST <= READ_AHEAD));
	/* What is wrong, or the end, comes again next time. */
	if (done > 0 || got == 0)
		return (ssize_t)done;
	/* What the server wants besides (a new handshake of TLS 1.2, which is not had) is no end. */
	if (gnutls_error_is_fatal((int)got)) {
		stream->tls_failed = (int)got;
		errno = ECONNRESET;
	} else {
		errno = EAGAIN;
	}
	return -1;
}

/* As recv(2). */
static ssize_t receive(struct directory_stream *stream)
{
	return stream->tls ? receive_tls(stream, stream->buffer)
			   : receive_plain(stream, stream->buffer, READ_AHEAD);
}

static ber_slen_t stream_read(Sockbuf_IO_Desc *io, void *out, ber_len_t size)
{
	struct directory_stream *stream = &((struct directory *)io->sbiod_pvt)->stream;
	size_t there = stream->filled - stream->used;

	if (is_broken(stream)) {
		errno = ECONNRESET;
		return -1;
	}
	if (there == 0) {
		ssize_t got = receive(stream);

		if (got <= 0)
			return got;
		stream->used = 0;
		stream->filled = there = (size_t)got;
	}
	if (there > size)
		there = size;
	memcpy(out, stream->buffer + stream->used, there);
	stream->used += there;
	return (ber_slen_t)there;
}

/* --- writing ---------------------------------------------------------------------------------- */

static ssize_t transmit(struct directory_stream *stream, const char *bytes, size_t size)
{
	ssize_t put;

	do {
		put = stream->tls ? gnutls_record_send(stream->tls, bytes, size)
				  : send(stream->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (stream->tls ? put == GNUTLS_E_INTERRUPTED : put < 0 && errno == EINTR);
	if (put >= 0)
		return put;
	if (stream->tls && put == GNUTLS_E_AGAIN)
		errno = EAGAIN;
	else if (stream->tls)
		stream->tls_failed = (int)put;
	else if (errno != EAGAIN)
		stream->failed = errno;
	return stream->tls_failed || stream->failed ? -1 : 0;
}

/* Requests are small and sent one at a time: it waits until all of it is gone. */
static ber_slen_t stream_write(Sockbuf_IO_Desc *io, void *bytes, ber_len_t size)
{
	struct directory *directory = io->sbiod_pvt;
	struct directory_stream *stream = &directory->stream;
	uint64_t until = os_monotonic_ms() +
			 (directory->connecting ? directory->connect_ms : directory->answer_ms);
	size_t done = 0;

	while (done < size && !is_broken(stream)) {
		ssize_t put = transmit(stream, (const char *)bytes + done, size - done);

		if (put > 0)
			done += (size_t)put;
		else if (put == 0 &&
			 (stream->closing || !directory_poll(directory, stream->fd, POLLOUT,
							     until, &stream->stopped)))
			stream->late = !stream->stopped;
	}
	if (done == size)
		return (ber_slen_t)size;
	errno = ECONNRESET;
	return -1;
}

/* --- what libldap asks ------------------------------------------------------------------------ */

static int stream_setup(Sockbuf_IO_Desc *io, void *directory)
{
	io->sbiod_pvt = directory;
	return 0;
}

static int stream_remove(Sockbuf_IO_Desc *io)
{
	io->sbiod_pvt = NULL;
	return 0;
}

static int stream_control(Sockbuf_IO_Desc *io, int option, void *argument)
{
	struct directory *directory = io->sbiod_pvt;

	(void)argument;
	if (option == LBER_SB_OPT_DATA_READY)
		return !directory_stream_is_empty(directory);
	return 0;
}

/* It may come more than once. */
static int stream_end(Sockbuf_IO_Desc *io)
{
	struct directory_stream *stream = &((struct directory *)io->sbiod_pvt)->stream;

	if (stream->fd < 0)
		return 0;
	if (stream->tls && !is_broken(stream))
		gnutls_bye(stream->tls, GNUTLS_SHUT_WR);
	close(stream->fd);
	stream->fd = -1;
	return 0;
}

bool directory_stream_is_empty(const struct directory *directory)
{
	const struct directory_stream *stream = &directory->stream;

	return stream->used == stream->filled && stream->raw_used == stream->raw_filled;
}

int directory_stream_open(struct directory *directory, int fd, struct err *err)
{
	static Sockbuf_IO functions = {
		.sbi_setup = stream_setup,
		.sbi_remove = stream_remove,
		.sbi_ctrl = stream_control,
		.sbi_read = stream_read,
		.sbi_write = stream_write,
		.sbi_close = stream_end,
	};
	struct directory_stream *stream = &directory->stream;
	Sockbuf *socket = NULL;
	int code;

	*stream = (struct directory_stream){
		.fd = fd, .buffer = mem_alloc(READ_AHEAD), .raw = mem_alloc(READ_AHEAD)};
	code = ldap_init_fd(fd, LDAP_PROTO_EXT, nowhere, &directory->ld);
	if (code) {
		directory->ld = NULL;
		close(fd);
		directory_stream_close(directory);
		return directory_fail(directory, DIRECTORY_REFUSED, err, "libldap: %s",
				      ldap_err2string(code));
	}
	if (ldap_get_option(directory->ld, LDAP_OPT_SOCKBUF, &socket) || !socket ||
	    ber_sockbuf_add_io(socket, &functions, LBER_SBIOD_LEVEL_PROVIDER, directory))
		err_out_of_memory();
	return 0;
}

void directory_stream_close(struct directory *directory)
{
	struct directory_stream *stream = &directory->stream;

	if (directory->ld) {
		stream->closing = true;
		ldap_unbind_ext(directory->ld, NULL, NULL);
		directory->ld = NULL;
	}
	if (stream->tls)
		gnutls_deinit(stream->tls);
	free(stream->buffer);
	free(stream->raw);
	*stream = (struct directory_stream){.fd = -1};
}
