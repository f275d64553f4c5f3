/*
 * Kerberos: SASL GSSAPI (RFC 4752) with a keytab. Its own security layers are never used: the
 * connection is in TLS or stays on this host, and Active Directory refuses both at once.
 */
#include "directory_internal.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MOST = 16, LAYER_NONE = 1 };

struct exchange {
	struct directory *directory;
	gss_cred_id_t credentials;
	gss_name_t server;
	gss_ctx_id_t context;
	struct buf binding;
	struct str token; /* to send; owned */
	struct berval *received;
	int code; /* LDAP's, of the last answer */
};

static void add_status(struct buf *out, OM_uint32 status, int type)
{
	OM_uint32 minor, more = 0;

	do {
		gss_buffer_desc text = GSS_C_EMPTY_BUFFER;

		if (gss_display_status(&minor, status, type, GSS_C_NO_OID, &more, &text))
			break;
		buf_addf(out, "%s%.*s", out->len ? ": " : "", (int)text.length,
			 (char *)text.value);
		gss_release_buffer(&minor, &text);
	} while (more && out->len < 512);
}

static int explain(struct exchange *x, OM_uint32 major, OM_uint32 minor, const char *what,
		   struct err *err)
{
	struct directory *directory = x->directory;
	const char *host = directory->places[directory->place].host;
	struct buf text = BUF_INIT;

	/* The minor status says more, when there is one. */
	add_status(&text, minor ? minor : major, minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE);
	directory_fail(
		directory, DIRECTORY_CREDENTIALS, err,
		"Kerberos: %s (%s): check that the keytab is of this user and current, that "
		"krb5.conf knows the domain, that the clock here is right, and that the "
		"server has the service name ldap/%s",
		what, text.ptr ? text.ptr : "no reason given", host);
	buf_release(&text);
	return -1;
}

static void release(struct exchange *x)
{
	OM_uint32 minor;

	if (x->context != GSS_C_NO_CONTEXT)
		gss_delete_sec_context(&minor, &x->context, GSS_C_NO_BUFFER);
	if (x->server != GSS_C_NO_NAME)
		gss_release_name(&minor, &x->server);
	if (x->credentials != GSS_C_NO_CREDENTIAL)
		gss_release_cred(&minor, &x->credentials);
	ber_bvfree(x->received);
	buf_release(&x->binding);
	free((void *)(uintptr_t)x->token.ptr);
}

static OM_uint32 import(const char *text, gss_OID type, gss_name_t *name, OM_uint32 *minor)
{
	gss_buffer_desc buffer = {strlen(text), (void *)(uintptr_t)text};

	return gss_import_name(minor, &buffer, type, name);
}

/* Whose keys are in the keytab, with tickets in memory that nobody else sees. */
static int acquire(struct exchange *x, struct err *err)
{
	struct directory *directory = x->directory;
	char keytab[4096 + 8], tickets[64];
	gss_key_value_element_desc places[] = {{"client_keytab", keytab}, {"ccache", tickets}};
	gss_key_value_set_desc store = {2, places};
	gss_OID_set_desc kerberos = {1, (gss_OID)(uintptr_t)gss_mech_krb5};
	gss_name_t user = GSS_C_NO_NAME;
	OM_uint32 major = 0, minor = 0, ignored;

	snprintf(keytab, sizeof(keytab), "FILE:%s", directory->keytab);
	snprintf(tickets, sizeof(tickets), "MEMORY:zsctl-%p", (void *)directory);
	if (directory->user[0])
		major = import(directory->user, (gss_OID)(uintptr_t)GSS_KRB5_NT_PRINCIPAL_NAME,
			       &user, &minor);
	if (!GSS_ERROR(major))
		major = gss_acquire_cred_from(&minor, user, GSS_C_INDEFINITE, &kerberos,
					      GSS_C_INITIATE, &store, &x->credentials, NULL,
					      NULL);
	if (user != GSS_C_NO_NAME)
		gss_release_name(&ignored, &user);
	return GSS_ERROR(major) ? explain(x, major, minor, "no ticket", err) : 0;
}

/* One message there, one back. */
static int send_token(struct exchange *x, struct err *err)
{
	struct directory *directory = x->directory;
	struct berval credentials = {x->token.len,
				     x->token.len ? (char *)(uintptr_t)x->token.ptr : ""};
	struct directory_answer answer;
	LDAPMessage *message = NULL;
	int id = 0, code;

	code = ldap_sasl_bind(directory->ld, NULL, "GSSAPI", &credentials, NULL, NULL, &id);
	if (code)
		return directory_unsent(directory, code, err);
	if (directory_wait(directory, id, &message, err))
		return -1;
	ber_bvfree(x->received);
	x->received = NULL;
	code = ldap_parse_sasl_bind_result(directory->ld, message, &x->received, 0);
	if (code == LDAP_DECODING_ERROR) {
		ldap_msgfree(message);
		return directory_garbled(directory, "the answer to a bind", err);
	}
	if (directory_answer(directory, message, &answer, NULL, err))
		return -1;
	x->code = answer.code;
	if (answer.code == LDAP_SASL_BIND_IN_PROGRESS)
		return 0;
	return directory_bind_result(directory, &answer, err);
}

/* The context, until both sides know each other. */
static int establish(struct exchange *x, struct err *err)
{
	struct gss_channel_bindings_struct binding = {
		.application_data = {x->binding.len, x->binding.ptr}};
	OM_uint32 major = GSS_S_CONTINUE_NEEDED, minor = 0, flags = 0;

	for (int i = 0; i < ROUNDS_MOST; i++) {
		gss_buffer_desc in = {x->received ? x->received->bv_len : 0,
				      x->received ? x->received->bv_val : NULL};
		gss_buffer_desc out = GSS_C_EMPTY_BUFFER;

		major = gss_init_sec_context(&minor, x->credentials, &x->context, x->server,
					     (gss_OID)(uintptr_t)gss_mech_krb5,
					     GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG, 0,
					     x->binding.len ? &binding
							    : GSS_C_NO_CHANNEL_BINDINGS,
					     &in, NULL, &out, &flags, NULL);
		if (GSS_ERROR(major))
			return explain(x, major, minor,
				       "no ticket for this server, or it is not "
				       "the one it should be",
				       err);
		free((void *)(uintptr_t)x->token.ptr);
		x->token = (struct str){directory_copy((struct str){out.value, out.length}),
					out.length};
		gss_release_buffer(&minor, &out);
		if (send_token(x, err))
			return -1;
		if (x->code == LDAP_SUCCESS)
			return directory_fail(x->directory, DIRECTORY_CREDENTIALS, err,
					      "the server ends the exchange early, unproven");
		if (major == GSS_S_COMPLETE)
			return flags & GSS_C_MUTUAL_FLAG
				       ? 0
				       : directory_fail(x->directory, DIRECTORY_CREDENTIALS,
							err,
							"the server has not proven who it is");
	}
	return directory_garbled(x->directory, "a bind that does not end", err);
}

/* The server offers security layers (a bit mask and a size, wrapped); the answer is: none. */
static int refuse_layers(struct exchange *x, struct err *err)
{
	unsigned char none[4] = {LAYER_NONE};
	gss_buffer_desc in = {x->received ? x->received->bv_len : 0,
			      x->received ? x->received->bv_val : NULL};
	gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
	OM_uint32 major, minor;
	bool offered;

	major = gss_unwrap(&minor, x->context, &in, &out, NULL, NULL);
	if (GSS_ERROR(major))
		return explain(x, major, minor, "the server's offer is not its own", err);
	offered = out.length == 4 && ((unsigned char *)out.value)[0] & LAYER_NONE;
	gss_release_buffer(&minor, &out);
	if (!offered)
		return directory_fail(
			x->directory, DIRECTORY_CREDENTIALS, err,
			"the server insists on Kerberos' own encryption: use ldaps://, or StartTLS");
	in = (gss_buffer_desc){sizeof(none), none};
	major = gss_wrap(&minor, x->context, 0, GSS_C_QOP_DEFAULT, &in, NULL, &out);
	if (GSS_ERROR(major))
		return explain(x, major, minor, "the last message cannot be made", err);
	free((void *)(uintptr_t)x->token.ptr);
	x->token = (struct str){directory_copy((struct str){out.value, out.length}),
				out.length};
	gss_release_buffer(&minor, &out);
	if (send_token(x, err))
		return -1;
	if (x->code != LDAP_SUCCESS)
		return directory_garbled(x->directory, "a bind that does not end", err);
	return 0;
}

static int run(struct exchange *x, struct err *err)
{
	const struct directory *directory = x->directory;
	struct buf service = BUF_INIT;
	OM_uint32 major, minor = 0;

	buf_addf(&service, "ldap@%s", directory->places[directory->place].host);
	major = import(service.ptr, (gss_OID)(uintptr_t)GSS_C_NT_HOSTBASED_SERVICE, &x->server,
		       &minor);
	buf_release(&service);
	if (GSS_ERROR(major))
		return explain(x, major, minor, "no name for the server", err);
	directory_tls_binding(directory, &x->binding);
	if (acquire(x, err) || establish(x, err))
		return -1;
	return refuse_layers(x, err);
}

int directory_authenticate_gssapi(struct directory *directory, struct err *err)
{
	struct exchange x = {.directory = directory,
			     .credentials = GSS_C_NO_CREDENTIAL,
			     .server = GSS_C_NO_NAME,
			     .context = GSS_C_NO_CONTEXT};
	int result = run(&x, err);

	release(&x);
	return result;
}
