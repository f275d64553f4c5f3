#include "signers.h"

#include "approval.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_SIZE_MAX 8192 /* bytes of a public key; RSA with 16384 bits has 2,100 */

void blob_fingerprint(struct str blob, char out[FINGERPRINT_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	struct sha256 state;

	sha256_init(&state);
	sha256_add(&state, blob);
	sha256_final(&state, digest);
	memcpy(out, "SHA256:", 7);
	sodium_bin2base64(out + 7, FINGERPRINT_SIZE - 7, digest, sizeof(digest),
			  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

bool ssh_string(struct str *rest, struct str *out)
{
	const unsigned char *p = (const unsigned char *)rest->ptr;
	size_t length;

	if (rest->len < 4)
		return false;
	length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (length > rest->len - 4)
		return false;
	*out = (struct str){rest->ptr + 4, length};
	*rest = (struct str){rest->ptr + 4 + length, rest->len - 4 - length};
	return true;
}

bool key_fingerprint(struct str type, struct str base64, char out[FINGERPRINT_SIZE])
{
	unsigned char bytes[KEY_SIZE_MAX];
	struct str blob = {(const char *)bytes, 0}, rest, inner;

	if (!base64.len ||
	    sodium_base642bin(bytes, sizeof(bytes), base64.ptr, base64.len, NULL, &blob.len,
			      NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	/* ssh-keygen passes over a line whose words say another type than its key. */
	rest = blob;
	if (!ssh_string(&rest, &inner) || !str_eq(inner, type))
		return false;
	blob_fingerprint(blob, out);
	return true;
}

/* --- one line ----------------------------------------------------------------------------- */

struct line {
	const char *name;
	unsigned number;
	struct str rest;
};

static int bad_line(const struct line *line, struct err *err, const char *problem)
{
	return err_set(err, ERR_FAILED, "%s:%u: %s", line->name, line->number, problem);
}

/* The next word; blanks inside quotes belong to it. */
static struct str next_word(struct line *line)
{
	struct str word = str_trim(line->rest);
	bool quoted = false;
	size_t i = 0;

	for (; i < word.len && (quoted || (word.ptr[i] != ' ' && word.ptr[i] != '\t')); i++)
		if (word.ptr[i] == '"')
			quoted = !quoted;
	line->rest = (struct str){word.ptr + i, word.len - i};
	word.len = i;
	return word;
}

static bool is_key_type(struct str word)
{
	return str_starts(word, "ssh-") || str_starts(word, "ecdsa-sha2-") ||
	       str_starts(word, "sk-");
}

static bool allows_plans(struct str namespaces)
{
	struct str part;

	while (str_split(&namespaces, ',', &part))
		if (str_is(part, "zsctl-plan"))
			return true;
	return false;
}

/* YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC; else ssh-keygen knows no such
 * signer. */
static bool is_moment(struct str value)
{
	if (value.len > 0 && value.ptr[value.len - 1] == 'Z')
		value.len--;
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return false;
	return value.len == 8 || value.len == 12 || value.len == 14;
}

/* One of the options; whether it is valid at some moment is for ssh-keygen to judge. */
static int check_option(const struct line *line, struct str option, struct err *err)
{
	struct str value = option;
	struct str name;

	str_split(&value, '=', &name);
	if (str_is(name, "cert-authority"))
		return bad_line(line, err,
				"a certificate authority cannot sign plans: name each person's "
				"own key");
	if (!str_is(name, "namespaces") && !str_is(name, "valid-after") &&
	    !str_is(name, "valid-before"))
		return bad_line(line, err,
				"an option that is not understood; there are namespaces, "
				"valid-after and valid-before");
	if (value.len < 2 || value.ptr[0] != '"' || value.ptr[value.len - 1] != '"')
		return bad_line(line, err, "an option's value stands in double quotes");
	value = (struct str){value.ptr + 1, value.len - 2};
	if (!str_is(name, "namespaces"))
		return is_moment(value) ? 0
					: bad_line(line, err,
						   "a moment is written as YYYYMMDD or "
						   "YYYYMMDDHHMM[SS], with a Z for UTC");
	if (allows_plans(value))
		return 0;
	return bad_line(line, err,
			"its namespaces leave out zsctl-plan: this key could not sign");
}

static int check_options(const struct line *line, struct str options, struct err *err)
{
	size_t start = 0;
	bool quoted = false;

	for (size_t i = 0; i <= options.len; i++) {
		if (i < options.len && options.ptr[i] == '"')
			quoted = !quoted;
		if (i < options.len && (quoted || options.ptr[i] != ','))
			continue;
		if (check_option(line, (struct str){options.ptr + start, i - start}, err) < 0)
			return -1;
		start = i + 1;
	}
	return quoted ? bad_line(line, err, "a quote is not closed") : 0;
}

static int check_principal(const struct line *line, struct str principal, struct err *err)
{
	if (principal.len > 254)
		return bad_line(line, err, "a principal has at most 254 bytes");
	for (size_t i = 0; i < principal.len; i++) {
		const char c = principal.ptr[i];

		if (c == '*' || c == '?' || c == '!')
			return bad_line(
				line, err,
				"a pattern of principals: who signed could not be said; "
				"name one person");
		if (c == ',')
			return bad_line(
				line, err,
				"several principals for one key: who signed could not be "
				"said; one line and one key for each person");
		if ((unsigned char)c <= ' ' || c == 0x7f || c == '"')
			return bad_line(line, err,
					"a principal holds a character it cannot have");
	}
	return str_is_utf8(principal) ? 0
				      : bad_line(line, err, "the principal is no UTF-8 text");
}

static int parse_line(struct line *line, struct arena *arena, struct signers *out,
		      struct err *err)
{
	struct signer signer = {.line = line->number};
	struct str word;

	signer.principal = next_word(line);
	if (check_principal(line, signer.principal, err) < 0)
		return -1;
	word = next_word(line);
	if (!is_key_type(word)) {
		if (word.len && check_options(line, word, err) < 0)
			return -1;
		signer.options = word;
		word = next_word(line);
	}
	signer.key_type = word;
	signer.key = next_word(line);
	if (!is_key_type(signer.key_type) ||
	    !key_fingerprint(signer.key_type, signer.key, signer.fingerprint))
		return bad_line(line, err,
				"no public key; a line is PRINCIPAL [OPTIONS] KEYTYPE KEY");
	if (str_ends(signer.key_type, "-cert-v01@openssh.com"))
		return bad_line(line, err, "a certificate in place of a public key");
	if (out->count == out->capacity) {
		struct signer *items = out->items;

		out->capacity = out->capacity ? 2 * out->capacity : 16;
		out->items = arena_array(arena, struct signer, out->capacity);
		if (out->count)
			memcpy(out->items, items, out->count * sizeof(*items));
	}
	out->items[out->count++] = signer;
	return 0;
}

/* Two spellings of one address would count as two persons. */
static bool same_person(struct str a, struct str b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static int refuse_doubles(const struct signers *signers, const char *name, struct err *err)
{
	for (size_t i = 0; i < signers->count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct signer *a = &signers->items[k], *b = &signers->items[i];

			if (same_person(a->principal, b->principal))
				return err_set(
					err, ERR_FAILED,
					"%s:%u: %.*s has a key on line %u already; one key "
					"for each person",
					name, b->line, STR_FMT(b->principal), a->line);
			if (!strcmp(a->fingerprint, b->fingerprint))
				return err_set(
					err, ERR_FAILED,
					"%s:%u: the key of %.*s is that of %.*s on line %u; "
					"one person for each key",
					name, b->line, STR_FMT(b->principal),
					STR_FMT(a->principal), a->line);
		}
	}
	return 0;
}

#define SIGNERS_MAX 1000 /* people who may approve; the check for doubles is quadratic */

int signers_parse(struct str text, const char *name, struct arena *arena, struct signers *out,
		  struct err *err)
{
	struct line line = {.name = name};
	struct str rest = text;

	*out = (struct signers){0};
	while (str_split(&rest, '\n', &line.rest)) {
		struct str trimmed = str_trim(line.rest);

		line.number++;
		if (!trimmed.len || trimmed.ptr[0] == '#')
			continue;
		if (out->count == SIGNERS_MAX)
			return bad_line(&line, err, "more than 1000 signers");
		if (parse_line(&line, arena, out, err) < 0)
			return -1;
	}
	return refuse_doubles(out, name, err);
}

const struct signer *signers_by_key(const struct signers *signers, const char *fingerprint)
{
	for (size_t i = 0; i < signers->count; i++)
		if (!strcmp(signers->items[i].fingerprint, fingerprint))
			return &signers->items[i];
	return NULL;
}
