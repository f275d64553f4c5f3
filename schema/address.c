#include "address.h"

#include "character.h"

#include <idn2.h>

#define LOCAL_MAX 64   /* RFC 5321 §4.5.3.1.1 */
#define LABEL_MAX 63   /* RFC 1035 §2.3.4 */
#define INPUT_MAX 1024 /* bytes, before A-labels: bounds the work that libidn2 is given */

/* --- characters ------------------------------------------------------------------------- */

static bool is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* `what`: "the local part", or the domain in quotes. */
static int check_characters(struct str text, const char *what, struct err *err)
{
	while (text.len) {
		uint32_t c;
		size_t size = str_utf8_next(text, &c);

		if (!size || !c)
			return err_set(err, ERR_FAILED, "%s is not valid UTF-8", what);
		if (c == '\t' || character_blank(c))
			return err_set(err, ERR_FAILED, "%s has a blank", what);
		if (character_invisible(c))
			return err_set(err, ERR_FAILED,
				       "%s has an invisible or control character (U+%04X)",
				       what, (unsigned)c);
		text.ptr += size;
		text.len -= size;
	}
	return 0;
}

/* --- local parts ------------------------------------------------------------------------ */

/* RFC 5322 §3.2.3 atext beside letters and digits. */
static bool is_atext_mark(char c)
{
	return c && strchr("!#$%&'*+-/=?^_`{|}~", c);
}

static int local_error(struct str local, char c, struct err *err)
{
	static const char what[] = "the local part";

	if (check_characters(local, what, err))
		return -1;
	if (c == '@')
		return err_set(err, ERR_FAILED, "has more than one @");
	if (c == '"')
		return err_set(err, ERR_FAILED, "%s is quoted, which is not supported", what);
	if (c == '<' || c == '>')
		return err_set(err, ERR_FAILED, "has a '%c': write the address alone", c);
	return err_set(err, ERR_FAILED, "%s may not have a '%c'", what, c);
}

/* A dot-atom, copied in lower case to `out`, which has room for LOCAL_MAX bytes. */
static int local_part(struct str local, char *out, struct err *err)
{
	bool ascii = true;

	if (!local.len)
		return err_set(err, ERR_FAILED, "has nothing before the @");
	for (size_t i = 0; i < local.len; i++) {
		char c = local.ptr[i];

		if ((unsigned char)c >= 0x80)
			ascii = false;
		else if (c == '.' && (i == 0 || i + 1 == local.len || local.ptr[i - 1] == '.'))
			return err_set(
				err, ERR_FAILED,
				"the local part has a dot at its start or end, or two in a row");
		else if (c != '.' && !is_alnum((unsigned char)c) && !is_atext_mark(c))
			return local_error(local, c, err);
		if (i < LOCAL_MAX)
			out[i] = to_lower(c);
	}
	if (local.len > LOCAL_MAX)
		return err_set(err, ERR_FAILED, "the local part is longer than %d bytes",
			       LOCAL_MAX);
	return ascii ? 0 : check_characters(local, "the local part", err);
}

/* --- domains ---------------------------------------------------------------------------- */

/* The domain as messages name it: quoted, cut. */
#define SUBJECT_SIZE 96
static void domain_subject(struct str domain, char out[SUBJECT_SIZE])
{
	size_t shown = str_utf8_cut(domain, 64);

	snprintf(out, SUBJECT_SIZE, "the domain '%.*s%s'", (int)shown, domain.ptr,
		 shown < domain.len ? "…" : "");
}

static int domain_error(struct str domain, const char *reason, struct err *err)
{
	char subject[SUBJECT_SIZE];

	domain_subject(domain, subject);
	return err_set(err, ERR_FAILED, "%s %s", subject, reason);
}

static bool is_number(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return true;
}

/* One label of letters, digits and hyphens: NULL, or what is wrong with it. */
static const char *label_fault(struct str label)
{
	if (!label.len)
		return "has a dot at its start, or two in a row";
	if (label.len > LABEL_MAX)
		return "has a label of more than 63 characters";
	if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return "has a label that starts or ends with '-'";
	return NULL;
}

/*
 * Checks a domain of ASCII and copies it in lower case. `shown` is the domain as the messages
 * have it. Sets *a_labels when a label starts with "xn--": those still have to be decoded once.
 */
static int domain_ascii(struct str domain, struct str shown, char out[ADDRESS_MAX + 1],
			bool *a_labels, struct err *err)
{
	struct str rest = domain, label = STR_NONE;
	unsigned labels = 0;
	const char *fault = NULL;

	if (domain.len > ADDRESS_MAX)
		return domain_error(shown, "is longer than 253 characters", err);
	for (size_t i = 0; i < domain.len; i++) {
		char c = domain.ptr[i];

		if (c != '.' && c != '-' && !is_alnum((unsigned char)c)) {
			char reason[] = "may not have a ' '";

			reason[sizeof(reason) - 3] = c;
			return domain_error(shown, reason, err);
		}
		out[i] = to_lower(c);
	}
	*a_labels = false;
	while (!fault && str_split(&rest, '.', &label)) {
		fault = label_fault(label);
		labels++;
		if (label.len > 4 && out[label.ptr - domain.ptr] == 'x' &&
		    out[label.ptr - domain.ptr + 1] == 'n' && label.ptr[2] == '-' &&
		    label.ptr[3] == '-')
			*a_labels = true;
	}
	if (!fault && labels < 2)
		fault = "has no dot";
	if (!fault && is_number(label))
		fault = "ends in a number";
	return fault ? domain_error(shown, fault, err) : 0;
}

/* IDNA 2008 with the mapping of UTS 46; A-labels are decoded and encoded again as a check. */
static int domain_idna(struct str domain, char out[ADDRESS_MAX + 1], size_t *len,
		       struct err *err)
{
	char input[INPUT_MAX + 1];
	uint8_t *looked_up = NULL;
	bool a_labels;
	int rc;

	memcpy(input, domain.ptr, domain.len);
	input[domain.len] = '\0';
	rc = idn2_lookup_u8((const uint8_t *)input, &looked_up,
			    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK) {
		char subject[SUBJECT_SIZE];

		domain_subject(domain, subject);
		return err_set(err, ERR_FAILED, "%s is no internationalised domain name: %s",
			       subject, idn2_strerror(rc));
	}
	*len = strlen((const char *)looked_up);
	rc = domain_ascii((struct str){(const char *)looked_up, *len}, domain, out, &a_labels,
			  err);
	idn2_free(looked_up);
	return rc;
}

static int domain_compared(struct str domain, char out[ADDRESS_MAX + 1], size_t *len,
			   struct err *err)
{
	char subject[SUBJECT_SIZE];
	bool a_labels = false, ascii = true;

	if (domain.len && domain.ptr[domain.len - 1] == '.')
		domain.len--;
	if (!domain.len)
		return err_set(err, ERR_FAILED, "has no domain");
	if (domain.len > INPUT_MAX)
		return domain_error(domain, "is longer than 253 characters", err);
	for (size_t i = 0; i < domain.len; i++) {
		unsigned char c = (unsigned char)domain.ptr[i];

		if (c >= 0x80) {
			ascii = false;
		} else if (c <= ' ' || c == 0x7f) {
			domain_subject(domain, subject);
			check_characters(domain, subject, err);
			return -1;
		} else if (c != '.' && c != '-' && !is_alnum(c)) {
			/* Before libidn2 sees it: what that makes of other ASCII varies. */
			char reason[] = "may not have a ' '";

			reason[sizeof(reason) - 3] = (char)c;
			return domain_error(domain, reason, err);
		}
	}
	if (!ascii) {
		domain_subject(domain, subject);
		if (check_characters(domain, subject, err))
			return -1;
		return domain_idna(domain, out, len, err);
	}
	*len = domain.len;
	if (domain_ascii(domain, domain, out, &a_labels, err))
		return -1;
	return a_labels ? domain_idna(domain, out, len, err) : 0;
}

int domain_normalize(struct arena *arena, struct str text, struct str *out, struct err *err)
{
	char domain[ADDRESS_MAX + 1];
	size_t len;

	if (domain_compared(text, domain, &len, err))
		return -1;
	*out = arena_str(arena, (struct str){domain, len});
	return 0;
}

/* --- addresses -------------------------------------------------------------------------- */

int address_normalize(struct arena *arena, struct str text, struct str *out, struct err *err)
{
	char address[LOCAL_MAX + 1 + ADDRESS_MAX + 1];
	const char *at = text.len ? memrchr(text.ptr, '@', text.len) : NULL;
	struct str local;
	size_t domain_len;

	if (!text.len)
		return err_set(err, ERR_FAILED, "is empty");
	if (!at)
		return err_set(err, ERR_FAILED, "has no @");
	local = (struct str){text.ptr, (size_t)(at - text.ptr)};
	if (local_part(local, address, err))
		return -1;
	address[local.len] = '@';
	if (domain_compared((struct str){at + 1, text.len - local.len - 1},
			    address + local.len + 1, &domain_len, err))
		return -1;
	if (local.len + 1 + domain_len > ADDRESS_MAX)
		return err_set(err, ERR_FAILED, "is longer than %d bytes", ADDRESS_MAX);
	*out = arena_str(arena, (struct str){address, local.len + 1 + domain_len});
	return 0;
}

struct str address_domain(struct str address)
{
	const char *at = address.len ? memrchr(address.ptr, '@', address.len) : NULL;

	if (!at)
		return STR_NONE;
	return (struct str){at + 1, address.len - (size_t)(at - address.ptr) - 1};
}

/* --- patterns --------------------------------------------------------------------------- */

/* Where the character after the one at `i` starts. */
static size_t next_character(struct str text, size_t i)
{
	do {
		i++;
	} while (i < text.len && ((unsigned char)text.ptr[i] & 0xc0) == 0x80);
	return i;
}

bool pattern_match(struct str pattern, struct str text)
{
	size_t p = 0, t = 0;
	size_t star = SIZE_MAX, retry = 0; /* behind the last star; where it may yet begin */

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = ++p;
			retry = t;
		} else if (p < pattern.len && pattern.ptr[p] == '?') {
			p++;
			t = next_character(text, t);
		} else if (p < pattern.len &&
			   to_lower(pattern.ptr[p]) == to_lower(text.ptr[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			/* What an earlier star matched need never change: the last one can
			 * make up for it. */
			p = star;
			t = retry = next_character(text, retry);
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

bool pattern_match_any(const struct str *patterns, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (pattern_match(patterns[i], text))
			return true;
	return false;
}
