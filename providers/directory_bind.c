/* Credentials: who one is to the server. */
#include "directory_internal.h"

#include <string.h>

/*
 * Active Directory hides behind result 49 why it refused, and says so only in the text: "80090308:
 * LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839". The codes are
 * those of Windows (System Error Codes, winerror.h), in hex.
 */
static const struct {
	const char *data, *text;
} refusals[] = {
	{"525", "there is no such user: check `bind.user`"},
	{"52e", "the user or the password is wrong"},
	{"52f", "restrictions of this account forbid it (an empty password, hours, a policy)"},
	{"530", "the user may not log on at this hour: change its logon hours"},
	{"531", "the user may not log on from this machine: change its list of workstations"},
	{"532",
	 "the user's password has expired: set a new one, and for a service one that does "
	 "not expire"},
	{"533", "the user is disabled"},
	{"534", "the user may not log on in this way"},
	{"568", "the user is a member of too many groups"},
	{"701", "the user's account has expired"},
	{"773", "the user must change the password first: set one without that"},
	{"775",
	 "the user is locked out after wrong passwords: unlock it, and check the password "
	 "before the next attempt"},
	{"80090346", "the server wants channel binding, which this kind of bind has not: use "
		     "Kerberos (`keytab`), or let the server accept simple binds over TLS"},
};

/* What comes behind ", data ", or the code at the beginning of the text. */
static const char *find_refusal(const char *text)
{
	const char *data = strstr(text, "data ");
	struct str word;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		size_t size = strlen(refusals[i].data);

		word = str_of(data ? data + 5 : text);
		if (str_starts(word, refusals[i].data) &&
		    strspn(word.ptr, "0123456789abcdef") == size)
			return refusals[i].text;
		if (str_starts(str_of(text), refusals[i].data) && text[size] == ':')
			return refusals[i].text;
	}
	return NULL;
}

static int explain_refusal(struct directory *directory, const struct directory_answer *answer,
			   struct err *err)
{
	const char *why = find_refusal(answer->text);
	struct buf out = BUF_INIT;

	buf_addf(&out, "bind refused for %s: ",
		 directory->user[0] ? directory->user : "the anonymous user");
	if (why)
		buf_puts(&out, why);
	else if (answer->code == LDAP_INVALID_CREDENTIALS)
		buf_puts(&out, "the user or the password is wrong");
	else if (answer->code == LDAP_INAPPROPRIATE_AUTH)
		buf_puts(&out, "the server takes no such credentials of this user");
	else if (answer->code == LDAP_INVALID_DN_SYNTAX)
		buf_puts(&out, "the server knows users by their distinguished names only");
	else if (answer->code == LDAP_AUTH_METHOD_NOT_SUPPORTED)
		buf_puts(&out, "the server does not know this kind of bind");
	else
		buf_addf(&out, "%s (%d)", ldap_err2string(answer->code), answer->code);
	directory_quote(&out, answer);
	directory_fail(directory, DIRECTORY_CREDENTIALS, err, "%s", out.ptr);
	buf_release(&out);
	return -1;
}

int directory_bind_result(struct directory *directory, const struct directory_answer *answer,
			  struct err *err)
{
	switch (answer->code) {
	case LDAP_SUCCESS:
		return 0;
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
		return directory_refused(directory, answer, err);
	case LDAP_STRONG_AUTH_REQUIRED:
	case LDAP_CONFIDENTIALITY_REQUIRED:
		return directory_fail(
			directory, DIRECTORY_CREDENTIALS, err,
			"the server takes credentials over TLS only: use ldaps://, "
			"or StartTLS (the server says: \"%s\")",
			answer->text);
	default: /* any other of LDAP's, or of nobody's */
		return explain_refusal(directory, answer, err);
	}
}

static int bind_simple(struct directory *directory, struct err *err)
{
	bool anonymous = directory->bind == DIRECTORY_ANONYMOUS;
	struct berval password = {anonymous ? 0 : directory->password.len,
				  anonymous ? NULL : directory->password.ptr};
	struct directory_answer answer;
	int id = 0;
	int code = ldap_sasl_bind(directory->ld, anonymous ? "" : directory->user,
				  LDAP_SASL_SIMPLE, &password, NULL, NULL, &id);

	if (directory_single_answer(directory, code, id, &answer, err))
		return -1;
	return directory_bind_result(directory, &answer, err);
}

int directory_authenticate(struct directory *directory, struct err *err)
{
	if (directory->bind == DIRECTORY_GSSAPI)
		return directory_authenticate_gssapi(directory, err);
	return bind_simple(directory, err);
}
