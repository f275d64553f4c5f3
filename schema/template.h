/*
 * Mapping templates (design: "Mapping templates"): text with the values of attributes in it.
 *
 *     Cardiology                    text
 *     {displayName}                 the values of an attribute; their names know no case
 *     {givenName} {sn}              text around them; a value that is missing leaves no value at all
 *     {displayName|cn}              the first that has a value
 *     {givenName} {initials|} {sn}  … or else nothing
 *     {proxyAddresses:smtp|mail}    what stands behind a ':' is done to the values of that name
 *     {objectGUID:guid:upper}       one after the other
 *     {'E-mail: work':trim}         names with any of { } | : ' in them stand in quotes
 *     {{ and }}                     the braces themselves
 *
 * A template with one pair of braces gives a value for each value found; with several, each pair takes
 * its first one. `{a|b:hex}` is refused: it would read as if ':hex' stood for `a` as well.
 */
#ifndef ZSCTL_TEMPLATE_H
#define ZSCTL_TEMPLATE_H

#include "base/err.h"
#include "mobile.h"

enum conversion_op {
	CONVERT_TEXT,
	CONVERT_LOWER,
	CONVERT_UPPER,
	CONVERT_TRIM,
	CONVERT_FIRST,
	CONVERT_SPLIT,
	CONVERT_REPLACE,
	CONVERT_LOCAL,
	CONVERT_DOMAIN,
	CONVERT_SMTP,
	CONVERT_SMTP_ALIASES,
	CONVERT_MOBILE,
	CONVERT_GUID,
	CONVERT_GUID_BYTES,
	CONVERT_BASE64,
	CONVERT_HEX,
	CONVERT_DN_RDN,
	CONVERT_BIT,
	CONVERT_AD_ENABLED,
	CONVERT_AD_UNEXPIRED,
	CONVERT_IS,
	CONVERT_NOT,
	CONVERT_DATE,
};

#define CONVERSION_ARGUMENTS_MAX 16

struct conversion {
	enum conversion_op op;
	struct str *arguments; /* as written, quotes off */
	size_t argument_count;
	unsigned bit;                         /* CONVERT_BIT: 0 … 63 */
	char order[3];                        /* CONVERT_DATE: 'D', 'M' and 'Y' */
	const struct mobile_country *country; /* CONVERT_MOBILE */
};

struct template_choice {
	struct str attribute; /* empty: nothing at all, as a last way out */
	unsigned slot;        /* which of the attributes of its mapping: see config_mapping.h */
	struct conversion *conversions;
	size_t conversion_count;
};

struct template_part {
	struct str text;                 /* when there is no choice */
	struct template_choice *choices; /* the first that has a value */
	size_t choice_count;
};

struct template
{
	struct template_part *parts;
	size_t part_count, braces; /* how many of the parts are not text */
};

/*
 * `arena` holds what `out` points to; texts are views into `text` where they can be. -1 with the
 * reason, and where in `text` it begins, in bytes.
 */
int template_parse(struct arena *arena, struct str text, struct template *out, size_t *at,
		   struct err *err);

/* Markdown tables for the reference: how templates are written, and the conversions. */
void template_forms(struct buf *out);
void template_reference(struct buf *out);

#endif
