#include "mobile.h"

#include "account.h"

#include <string.h>

/*
 * The national numbering plans, as the ITU publishes them (Communication of national numbering
 * plans, E.129). Mobile numbers begin with one of `prefixes` and have least … most digits behind the
 * country code; without prefixes a country does not tell mobile numbers from others.
 */
struct mobile_country {
	const char *code, *calling;
	const char *trunk; /* dropped before the country code is put there; NULL: none */
	const char *const *prefixes;
	unsigned char least, most;
};

static const char *const nl[] = {"61", "62", "63", "64", "65", "68", NULL};
static const char *const be[] = {"45", "46", "47", "48", "49", NULL};
static const char *const de[] = {"15", "16", "17", NULL};
/* 70 are personal numbers; 76 pagers, but for the Isle of Man. */
static const char *const gb[] = {"71", "72", "73", "74", "75", "7624", "77", "78", "79", NULL};
static const char *const fr[] = {"6", "73", "74", "75", "76", "77", "78", "79", NULL};
static const char *const lu[] = {"6", NULL};
static const char *const it[] = {"3", NULL};

static const struct mobile_country countries[] = {
	{"NL", "31", "0", nl, 9, 9},    {"BE", "32", "0", be, 9, 9},
	{"DE", "49", "0", de, 10, 11},  {"GB", "44", "0", gb, 10, 10},
	{"FR", "33", "0", fr, 9, 9},    {"LU", "352", NULL, lu, 9, 9},
	{"IT", "39", NULL, it, 9, 10},  {"US", "1", "1", NULL, 10, 10},
	{"CA", "1", "1", NULL, 10, 10},
};
#define COUNTRIES (sizeof(countries) / sizeof(countries[0]))

const struct mobile_country *mobile_country(struct str code)
{
	for (size_t i = 0; i < COUNTRIES; i++) {
		if (str_is(code, countries[i].code))
			return &countries[i];
	}
	return NULL;
}

void mobile_countries(struct buf *out)
{
	for (size_t i = 0; i < COUNTRIES; i++)
		buf_addf(out, "%s%s", i ? ", " : "", countries[i].code);
}

/* Far more than a number has, with all that people put between its digits. */
#define WRITTEN_MAX 64

/* Digits, behind a '+' when it has one. Nothing else may be in it but what separates digits. */
static bool bare(struct str text, char out[WRITTEN_MAX + 1], size_t *len)
{
	*len = 0;
	if (text.len > WRITTEN_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		/* The trunk digit that is only dialled at home: +31 (0)6 … */
		if (i + 3 <= text.len && *len > 0 && !memcmp(text.ptr + i, "(0)", 3)) {
			i += 2;
			continue;
		}
		/* A no-break space, as web pages have it. */
		if (i + 2 <= text.len && !memcmp(text.ptr + i, "\xC2\xA0", 2)) {
			i++;
			continue;
		}
		if (memchr(" -./()\t", c, 7))
			continue;
		if (!(c >= '0' && c <= '9') && !(c == '+' && *len == 0))
			return false;
		out[(*len)++] = c;
	}
	out[*len] = '\0';
	return *len > 0;
}

/* Whose rules hold for an international number: the longest calling code, and `home` of those who
 * share it. NULL: nobody's. */
static const struct mobile_country *country_of(struct str number,
					       const struct mobile_country *home)
{
	const struct mobile_country *found = NULL;

	for (size_t i = 0; i < COUNTRIES; i++) {
		const struct mobile_country *country = &countries[i];

		if (str_starts(number, country->calling) &&
		    (!found || strlen(country->calling) > strlen(found->calling) ||
		     country == home))
			found = country;
	}
	return found;
}

static const char *fault(const struct mobile_country *country, struct str national)
{
	const char *const *prefix = country->prefixes;

	if (national.len < country->least)
		return "is too short for a mobile number";
	if (national.len > country->most)
		return "is too long for a mobile number";
	while (prefix && *prefix && !str_starts(national, *prefix))
		prefix++;
	return prefix && !*prefix ? "is no mobile number, which a code could be sent to" : NULL;
}

static struct str without(struct str text, const char *start)
{
	size_t len = strlen(start);

	return (struct str){text.ptr + len, text.len - len};
}

bool mobile_normalize(const struct mobile_country *country, struct str text,
		      char out[MOBILE_TEXT_SIZE], const char **why)
{
	char digits[WRITTEN_MAX + 1];
	struct str number = {digits, 0}, national;
	const struct mobile_country *owner;
	int written;

	*why = "has something in it that is no digit";
	if (!bare(text, digits, &number.len))
		return false;
	if (str_starts(number, "+") || str_starts(number, "00")) {
		number = without(number, str_starts(number, "+") ? "+" : "00");
		owner = country_of(number, country);
		national = number;
		if (owner)
			national = without(number, owner->calling);
	} else {
		owner = country;
		national = number;
	}
	/* At home, or by mistake behind the country code too: +31 06 … */
	if (owner && owner->trunk && str_starts(national, owner->trunk))
		national = (struct str){national.ptr + 1, national.len - 1};
	else if (owner && fault(owner, national) && str_starts(national, owner->calling))
		/* The plus got lost: spreadsheets take it for a number's sign. */
		national = without(national, owner->calling);
	*why = owner ? fault(owner, national) : NULL;
	if (*why)
		return false;
	written = snprintf(out, MOBILE_TEXT_SIZE, "+%s%.*s", owner ? owner->calling : "",
			   STR_FMT(national));
	if (written >= MOBILE_TEXT_SIZE || !mobile_valid(str_of(out))) {
		*why = "is no telephone number with its country code";
		return false;
	}
	return true;
}
