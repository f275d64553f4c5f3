/* The client: its settings, libldap's, and the urls in turn. */
#include "directory_internal.h"

#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const directory_failure_names[22] = {
	[DIRECTORY_FINE] = "fine",
	[DIRECTORY_STOPPED] = "stopped",
	[DIRECTORY_NAME] = "name",
	[DIRECTORY_REACH] = "reach",
	[DIRECTORY_TLS] = "tls",
	[DIRECTORY_CERTIFICATE] = "certificate",
	[DIRECTORY_CREDENTIALS] = "credentials",
	[DIRECTORY_UNAVAILABLE] = "unavailable",
	[DIRECTORY_TIMEOUT] = "timeout",
	[DIRECTORY_BROKEN] = "broken",
	[DIRECTORY_TOO_LARGE] = "too large",
	[DIRECTORY_FILTER] = "filter",
	[DIRECTORY_BASE] = "base",
	[DIRECTORY_RIGHTS] = "rights",
	[DIRECTORY_REFERRAL] = "referral",
	[DIRECTORY_SIZE_LIMIT] = "size limit",
	[DIRECTORY_TIME_LIMIT] = "time limit",
	[DIRECTORY_ADMIN_LIMIT] = "admin limit",
	[DIRECTORY_PAGING] = "paging",
	[DIRECTORY_CHANGED] = "changed",
	[DIRECTORY_SINK] = "sink",
	[DIRECTORY_REFUSED] = "refused",
};

int directory_fail(struct directory *directory, enum directory_failure failure, struct err *err,
		   const char *format, ...)
{
	bool away = failure <= DIRECTORY_BROKEN && failure != DIRECTORY_CERTIFICATE &&
		    failure != DIRECTORY_CREDENTIALS;
	char text[sizeof(err->text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	directory->failure = failure;
	return err_set(err, away ? ERR_UNREACHABLE : ERR_FAILED, "%s", text);
}

/* --- libldap ---------------------------------------------------------------------------------- */

/* While credentials are sent, all that libldap frees is wiped: it copies them into its requests. */
static _Thread_local bool wiping;

static void *ldap_allocate(ber_len_t size, void *context)
{
	(void)context;
	return malloc(size);
}

static void *ldap_allocate_zeroed(ber_len_t count, ber_len_t size, void *context)
{
	(void)context;
	return calloc(count, size);
}

static void ldap_release(void *pointer, void *context)
{
	(void)context;
	if (wiping && pointer)
		sodium_memzero(pointer, malloc_usable_size(pointer));
	free(pointer);
}

static void *ldap_reallocate(void *pointer, ber_len_t size, void *context)
{
	size_t had;
	void *larger;

	if (!wiping || !pointer)
		return realloc(pointer, size);
	larger = malloc(size);
	if (!larger)
		return NULL;
	had = malloc_usable_size(pointer);
	memcpy(larger, pointer, had < size ? had : size);
	ldap_release(pointer, context);
	return larger;
}

static void start_library(void)
{
	static BerMemoryFunctions memory = {
		.bmf_malloc = ldap_allocate,
		.bmf_calloc = ldap_allocate_zeroed,
		.bmf_realloc = ldap_reallocate,
		.bmf_free = ldap_release,
	};
	bool there = getenv("LDAPNOINIT") != NULL;
	LDAP *first = NULL;

	ber_set_option(NULL, LBER_OPT_MEMORY_FNS, &memory);
	/* It reads its files and variables with the first call, unless this is there. */
	if (!there)
		setenv("LDAPNOINIT", "1", 1);
	if (ldap_create(&first) == LDAP_SUCCESS)
		ldap_unbind_ext_s(first, NULL, NULL);
	if (!there)
		unsetenv("LDAPNOINIT");
}

/* --- settings --------------------------------------------------------------------------------- */

char *directory_copy(struct str text)
{
	char *copied = mem_alloc(text.len + 1);

	if (text.len > 0)
		memcpy(copied, text.ptr, text.len);
	copied[text.len] = '\0';
	return copied;
}

static int check_keytab(const char *path, struct err *err)
{
	struct stat file;

	if (access(path, R_OK) || stat(path, &file))
		return err_errno(err, ERR_FAILED, "keytab %s cannot be read", path);
	if (!S_ISREG(file.st_mode))
		return err_set(err, ERR_FAILED, "keytab %s is no file", path);
	if (file.st_mode & 077)
		return err_set(err, ERR_FAILED,
			       "keytab %s can be read or written by others: chmod 600 it",
			       path);
	return 0;
}

static int check_bind(const struct directory_settings *settings, struct err *err)
{
	switch (settings->bind) {
	case DIRECTORY_ANONYMOUS:
		return 0;
	case DIRECTORY_SIMPLE:
		if (settings->user.len == 0)
			return err_set(err, ERR_FAILED, "there is no user to bind with");
		/* Servers take an empty password for an anonymous bind, and it succeeds. */
		if (!settings->password || settings->password->len == 0)
			return err_set(err, ERR_FAILED, "the password is empty");
		return 0;
	case DIRECTORY_GSSAPI:
		if (!settings->keytab)
			return err_set(err, ERR_FAILED, "Kerberos needs a keytab");
		return check_keytab(settings->keytab, err);
	}
	return err_set(err, ERR_FAILED, "unknown kind of bind");
}

static int check(const struct directory_settings *settings, struct err *err)
{
	if (settings->url_count == 0 || settings->url_count > DIRECTORY_URLS_MOST)
		return err_set(err, ERR_FAILED, "1 to %d urls are needed", DIRECTORY_URLS_MOST);
	if (settings->user.len > 0 && memchr(settings->user.ptr, '\0', settings->user.len))
		return err_set(err, ERR_FAILED, "the user holds a zero byte");
	return check_bind(settings, err);
}

static int fill(struct directory *directory, const struct directory_settings *settings,
		struct err *err)
{
	bool tls = false;

	directory->places = mem_calloc(settings->url_count, sizeof(*directory->places));
	for (size_t i = 0; i < settings->url_count; i++) {
		struct directory_place *place = &directory->places[i];

		if (directory_place_parse(place, settings->urls[i], settings->starttls, err))
			return -1;
		directory->place_count++;
		tls = tls || place->ldaps || settings->starttls;
	}
	directory->ca_file = directory_copy(
		str_of(settings->ca_file ? settings->ca_file : DIRECTORY_SYSTEM_CA));
	if (tls && directory_trust(directory, err))
		return -1;
	directory->starttls = settings->starttls;
	directory->bind = settings->bind;
	directory->user = directory_copy(settings->user);
	directory->keytab = directory_copy(str_of(settings->keytab));
	if (settings->password)
		secret_set(&directory->password, secret_str(settings->password));
	directory->connect_ms = settings->connect_ms ? settings->connect_ms
						     : DIRECTORY_CONNECT_MS;
	directory->answer_ms = settings->answer_ms ? settings->answer_ms : DIRECTORY_ANSWER_MS;
	return 0;
}

void directory_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_library);
}

int directory_open(struct directory **directory, const struct directory_settings *settings,
		   struct err *err)
{
	struct directory *opened;

	directory_begin();
	if (check(settings, err))
		return -1;
	opened = mem_calloc(1, sizeof(*opened));
	opened->watched = opened->stream.fd = -1;
	if (fill(opened, settings, err)) {
		directory_free(opened);
		return -1;
	}
	*directory = opened;
	return 0;
}

void directory_free(struct directory *directory)
{
	if (!directory)
		return;
	directory_close(directory);
	for (size_t i = 0; i < directory->place_count; i++)
		directory_place_release(&directory->places[i]);
	secret_release(&directory->password);
	if (directory->trusted)
		gnutls_certificate_free_credentials(directory->trusted);
	free(directory->places);
	free(directory->ca_file);
	free(directory->user);
	free(directory->keytab);
	free(directory);
}

void directory_watch(struct directory *directory, int fd)
{
	directory->watched = fd;
}

struct str directory_url(const struct directory *directory)
{
	return str_of(directory->places[directory->place].text);
}

enum directory_failure directory_failure(const struct directory *directory)
{
	return directory->failure;
}

/* --- connecting ------------------------------------------------------------------------------- */

void directory_close(struct directory *directory)
{
	directory_stream_close(directory);
}

static int set_options(struct directory *directory, struct err *err)
{
	const int version = LDAP_VERSION3;
	ber_len_t most = DIRECTORY_MESSAGE_MOST;
	Sockbuf *socket = NULL;
	LDAP *ld = directory->ld;

	if (ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version) ||
	    ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) ||
	    ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON) ||
	    ldap_get_option(ld, LDAP_OPT_SOCKBUF, &socket) || !socket ||
	    ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most) < 0)
		return directory_fail(directory, DIRECTORY_REFUSED, err,
				      "libldap refuses its options");
	return 0;
}

static int ask_for_tls(struct directory *directory, struct err *err)
{
	struct directory_answer answer;
	int id = 0, code = ldap_extended_operation(directory->ld, LDAP_EXOP_START_TLS, NULL,
						   NULL, NULL, &id);

	if (directory_single_answer(directory, code, id, &answer, err))
		return -1;
	if (answer.code == LDAP_SUCCESS)
		return 0;
	return directory_fail(directory, DIRECTORY_TLS, err,
			      "the server refuses StartTLS (%s%s%s): it has no certificate, or "
			      "does not know StartTLS; use ldaps:// when it has that",
			      ldap_err2string(answer.code), answer.text[0] ? "; " : "",
			      answer.text);
}

static int connect_place(struct directory *directory, struct err *err)
{
	const struct directory_place *place = &directory->places[directory->place];
	int fd = directory_reach(directory, place, err);

	if (fd < 0 || directory_stream_open(directory, fd, err) || set_options(directory, err))
		return -1;
	if (directory->starttls && ask_for_tls(directory, err))
		return -1;
	if ((place->ldaps || directory->starttls) && directory_start_tls(directory, err))
		return -1;
	return directory_authenticate(directory, err);
}

/* Whether another server might do better. */
static bool is_of_the_server(enum directory_failure failure)
{
	return failure == DIRECTORY_NAME || failure == DIRECTORY_REACH ||
	       failure == DIRECTORY_TLS || failure == DIRECTORY_CERTIFICATE ||
	       failure == DIRECTORY_UNAVAILABLE || failure == DIRECTORY_TIMEOUT ||
	       failure == DIRECTORY_BROKEN;
}

int directory_connect(struct directory *directory, struct err *err)
{
	struct err tried = ERR_INIT;
	struct buf texts = BUF_INIT;
	int result = -1;

	directory_close(directory);
	wiping = directory->connecting = true;
	for (directory->place = 0; directory->place < directory->place_count;
	     directory->place++) {
		directory->failure = DIRECTORY_FINE;
		result = connect_place(directory, &tried);
		if (result == 0)
			break;
		directory_close(directory);
		buf_addf(&texts, "%s%s: %s", texts.len ? "; " : "",
			 directory->places[directory->place].text, tried.text);
		if (!is_of_the_server(directory->failure))
			break;
	}
	wiping = directory->connecting = false;
	if (result) {
		if (directory->place == directory->place_count)
			directory->place--;
		err_set(err, tried.class, "%s", texts.ptr);
	}
	buf_release(&texts);
	return result;
}
