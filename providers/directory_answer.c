/* Waiting for answers, and results in words. */
#include "directory_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { LOOK_EVERY = 256 }; /* messages, for who watches while many are there already */

/* --- waiting ---------------------------------------------------------------------------------- */

/* Why the connection is of no use any more. */
static int explain_lost(struct directory *directory, int code, bool refused, struct err *err)
{
	const struct directory_stream *stream = &directory->stream;

	if (stream->stopped)
		directory_fail(directory, DIRECTORY_STOPPED, err, "interrupted");
	else if (stream->late)
		directory_fail(directory, DIRECTORY_TIMEOUT, err,
			       "the server takes no request within %u ms",
			       directory->connecting ? directory->connect_ms
						     : directory->answer_ms);
	else if (refused)
		directory_fail(
			directory, DIRECTORY_BROKEN, err,
			"what the server sends is no LDAP, or one message of more than %u "
			"MiB: check the url",
			DIRECTORY_MESSAGE_MOST >> 20);
	else if (stream->tls_failed)
		directory_fail(
			directory, DIRECTORY_BROKEN, err,
			"the connection broke off (%s): the server or something on the way "
			"ended it; try again",
			gnutls_strerror(stream->tls_failed));
	else if (code != LDAP_SERVER_DOWN)
		directory_fail(directory, DIRECTORY_BROKEN, err,
			       "what the server sends is no LDAP (%s)", ldap_err2string(code));
	else
		directory_fail(
			directory, DIRECTORY_BROKEN, err,
			"the connection broke off (%s): the server or something on the way "
			"ended it; try again",
			stream->failed ? strerror(stream->failed) : "closed by the server");
	directory_close(directory);
	return -1;
}

static int last_code(const struct directory *directory)
{
	int code = LDAP_SERVER_DOWN;

	ldap_get_option(directory->ld, LDAP_OPT_RESULT_CODE, &code);
	return code;
}

int directory_unsent(struct directory *directory, int code, struct err *err)
{
	return explain_lost(directory, code == LDAP_SERVER_DOWN ? code : LDAP_SERVER_DOWN,
			    false, err);
}

int directory_garbled(struct directory *directory, const char *what, struct err *err)
{
	directory_close(directory);
	return directory_fail(directory, DIRECTORY_BROKEN, err,
			      "what the server sends is no proper LDAP: %s", what);
}

int directory_wait(struct directory *directory, int id, LDAPMessage **message, struct err *err)
{
	unsigned wait_ms = directory->connecting ? directory->connect_ms : directory->answer_ms;
	struct directory_stream *stream = &directory->stream;
	uint64_t until = 0;

	if (stream->messages++ % LOOK_EVERY == 0) {
		struct pollfd watched = {.fd = directory->watched, .events = POLLIN};

		stream->stopped = poll(&watched, 1, 0) > 0;
		if (stream->stopped)
			return explain_lost(directory, LDAP_SERVER_DOWN, false, err);
	}
	for (;;) {
		struct timeval none = {0};
		int type;

		errno = 0;
		type = ldap_result(directory->ld, id, LDAP_MSG_ONE, &none, message);
		/* ERANGE: from liblber, of a message that is above the bound or has no end. */
		if (type < 0)
			return explain_lost(directory, last_code(directory), errno == ERANGE,
					    err);
		if (type > 0)
			return 0;
		/* It has read a part of a message, and the rest is here already: poll() would wait
		 * for what comes after it. */
		if (!directory_stream_is_empty(directory))
			continue;
		if (until == 0)
			until = os_monotonic_ms() + wait_ms;
		if (directory_poll(directory, stream->fd, POLLIN, until, &stream->stopped))
			continue;
		if (stream->stopped)
			return explain_lost(directory, LDAP_SERVER_DOWN, false, err);
		directory_close(directory);
		return directory_fail(
			directory, DIRECTORY_TIMEOUT, err,
			"no answer within %u ms: the server is overloaded, or what is "
			"asked for is too much for it",
			wait_ms);
	}
}

/* --- answers ---------------------------------------------------------------------------------- */

static void keep(char *out, size_t size, const char *text)
{
	struct str cut = str_of(text);

	/* Active Directory ends them with a zero byte, and some with a line. */
	cut = str_trim(cut);
	cut.len = str_utf8_cut(cut, cut.len < size ? cut.len : size - 1);
	if (cut.len > 0)
		memcpy(out, cut.ptr, cut.len);
	out[cut.len] = '\0';
}

int directory_answer(struct directory *directory, LDAPMessage *message,
		     struct directory_answer *answer, LDAPControl ***controls, struct err *err)
{
	char **referrals = NULL, *text = NULL;
	int code;

	*answer = (struct directory_answer){0};
	code = ldap_parse_result(directory->ld, message, &answer->code, NULL, &text, &referrals,
				 controls, 1);
	if (code)
		return directory_garbled(directory, ldap_err2string(code), err);
	keep(answer->text, sizeof(answer->text), text);
	keep(answer->referral, sizeof(answer->referral), referrals ? referrals[0] : NULL);
	ldap_memfree(text);
	ldap_memvfree((void **)referrals);
	return 0;
}

int directory_single_answer(struct directory *directory, int code, int id,
			    struct directory_answer *answer, struct err *err)
{
	LDAPMessage *message = NULL;

	if (code)
		return directory_unsent(directory, code, err);
	if (directory_wait(directory, id, &message, err))
		return -1;
	return directory_answer(directory, message, answer, NULL, err);
}

void directory_quote(struct buf *out, const struct directory_answer *answer)
{
	if (answer->text[0])
		buf_addf(out, " (the server says: \"%s\")", answer->text);
}

/* --- results in words --------------------------------------------------------------------------- */

struct meaning {
	int code;
	enum directory_failure failure;
	const char *text;
};

static const struct meaning meanings[] = {
	{LDAP_BUSY, DIRECTORY_UNAVAILABLE, "the server is busy: try again later"},
	{LDAP_UNAVAILABLE, DIRECTORY_UNAVAILABLE,
	 "the server is unavailable or shutting down: try again later"},
	{LDAP_NO_SUCH_OBJECT, DIRECTORY_BASE,
	 "there is no such entry: its name is written differently in the directory, or the user "
	 "may not see it"},
	{LDAP_INVALID_DN_SYNTAX, DIRECTORY_BASE,
	 "that is no distinguished name, as in \"OU=Staff,DC=example,DC=org\""},
	{LDAP_INSUFFICIENT_ACCESS, DIRECTORY_RIGHTS,
	 "the user may not read that: give it the right to read"},
	{LDAP_REFERRAL, DIRECTORY_REFERRAL, "another server has it"},
	{LDAP_SIZELIMIT_EXCEEDED, DIRECTORY_SIZE_LIMIT,
	 "the server gives no more entries than so many: make `page_size` smaller, or have its "
	 "limit for this user raised"},
	{LDAP_TIMELIMIT_EXCEEDED, DIRECTORY_TIME_LIMIT,
	 "the server gives up after so long: make `page_size` smaller, the filter simpler, or "
	 "read parts of the directory one by one (`base_dns`)"},
	{LDAP_ADMINLIMIT_EXCEEDED, DIRECTORY_ADMIN_LIMIT,
	 "the server finds it too costly: make `page_size` smaller or the filter simpler (of "
	 "attributes that it has an index for)"},
	{LDAP_UNAVAILABLE_CRITICAL_EXTENSION, DIRECTORY_PAGING,
	 "the server cannot give its answer in pages"},
	{LDAP_INAPPROPRIATE_MATCHING, DIRECTORY_FILTER,
	 "the filter has a comparison that the server does not know"},
	{LDAP_STRONG_AUTH_REQUIRED, DIRECTORY_RIGHTS, "the server asks for TLS"},
	{LDAP_CONFIDENTIALITY_REQUIRED, DIRECTORY_RIGHTS, "the server asks for TLS"},
};

/* Active Directory answers so to those who did not bind: ERROR_DS_... 0x4DC, "not authenticated". */
static bool is_not_bound(const struct directory_answer *answer)
{
	return answer->code == LDAP_OPERATIONS_ERROR && strstr(answer->text, "000004DC");
}

int directory_refused(struct directory *directory, const struct directory_answer *answer,
		      struct err *err)
{
	enum directory_failure failure = DIRECTORY_REFUSED;
	struct buf out = BUF_INIT;

	if (is_not_bound(answer)) {
		failure = DIRECTORY_RIGHTS;
		buf_puts(&out, "nobody may read there without credentials: give `bind` a user");
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings) && out.len == 0; i++) {
		if (meanings[i].code != answer->code)
			continue;
		failure = meanings[i].failure;
		buf_puts(&out, meanings[i].text);
	}
	if (out.len == 0)
		buf_addf(&out, "the server refuses: %s (%d)", ldap_err2string(answer->code),
			 answer->code);
	if (failure == DIRECTORY_REFERRAL && answer->referral[0])
		buf_addf(&out, " (%s): name that one as url, if it is one of yours",
			 answer->referral);
	directory_quote(&out, answer);
	directory_fail(directory, failure, err, "%s", out.ptr);
	buf_release(&out);
	return -1;
}
