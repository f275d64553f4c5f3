/* The section `target` of zsctl.yaml, and the forms that it shares with `domains`. */
#include "config_tables.h"

#include "address.h"
#include "base/os.h"

/* --- forms of their own ------------------------------------------------------------------- */

int config_parse_domain(struct field_walk *walk, const struct field *field,
			const struct node *node, void *out)
{
	struct err err = ERR_INIT;

	(void)field;
	if (domain_normalize(walk->arena, node->text, out, &err) < 0)
		return field_error(walk, node, "'%.*s' is no domain: %s",
				   STR_FMT(field_cut(node->text)), err.text);
	return 0;
}

static struct str lower(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.len + 1);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = (char)(text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? text.ptr[i] + 32
									  : text.ptr[i]);
	return (struct str){copy, text.len};
}

static bool has_wildcard(struct str text)
{
	return memchr(text.ptr, '*', text.len) || memchr(text.ptr, '?', text.len);
}

/* An address, a pattern of addresses, or "@domain" for all of a domain. */
static int parse_pattern(struct field_walk *walk, const struct field *field,
			 const struct node *node, void *out)
{
	struct str text = node->text, domain = address_domain(text);
	struct err err = ERR_INIT;

	(void)field;
	if (!memchr(text.ptr, '@', text.len) && !has_wildcard(text))
		return field_error(walk, node,
				   "'%.*s' is no address; a pattern is like *@example.org, and "
				   "a domain is written @example.org",
				   STR_FMT(field_cut(text)));
	if (!has_wildcard(text) && text.ptr[0] != '@') {
		if (address_normalize(walk->arena, text, out, &err) < 0)
			return field_error(walk, node, "'%.*s' is no address: %s",
					   STR_FMT(field_cut(text)), err.text);
		return 0;
	}
	/* The local part may be a pattern while the domain is one domain. */
	if (domain.len > 0 && domain.len < text.len && !has_wildcard(domain)) {
		struct str local = {text.ptr, text.len - domain.len - 1};

		if (domain_normalize(walk->arena, domain, &domain, &err) < 0)
			return field_error(walk, node, "'%.*s' is no pattern: %s",
					   STR_FMT(field_cut(text)), err.text);
		text = arena_strf(walk->arena, "%.*s@%.*s",
				  STR_FMT(local.len ? local : STR("*")), STR_FMT(domain));
	}
	*(struct str *)out = lower(walk->arena, text);
	return 0;
}

/* "://" and what is before it is the scheme; NONE when there is none. */
static struct str url_scheme(struct str url)
{
	const char *end = url.len ? memmem(url.ptr, url.len, "://", 3) : NULL;

	return end ? (struct str){url.ptr, (size_t)(end - url.ptr)} : STR_NONE;
}

/* "127.0.0.1", "[::1]" and "localhost", of "127.0.0.1:8443" and the like. */
static bool is_loopback(struct str authority)
{
	static const char *const hosts[] = {"localhost", "[::1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		struct str host = {authority.ptr, strlen(hosts[i])};

		if (authority.len >= host.len && str_is(host, hosts[i]) &&
		    (authority.len == host.len || authority.ptr[host.len] == ':'))
			return true;
	}
	if (!str_starts(authority, "127."))
		return false;
	for (size_t i = 0; i < authority.len && authority.ptr[i] != ':'; i++) {
		if (authority.ptr[i] != '.' &&
		    (authority.ptr[i] < '0' || authority.ptr[i] > '9'))
			return false;
	}
	return true;
}

bool config_url_is_loopback(struct str url)
{
	struct str scheme = url_scheme(url), authority;

	url = (struct str){url.ptr + scheme.len + 3, url.len - scheme.len - 3};
	return scheme.len > 0 && str_split(&url, '/', &authority) && is_loopback(authority);
}

/* What is wrong with the part between "://" and the path; NULL: nothing. */
static const char *authority_problem(struct str scheme, struct str authority)
{
	if (authority.len == 0 || authority.ptr[0] == ':')
		return "there is no host in this URL";
	for (size_t i = 0; i < authority.len; i++) {
		if (authority.ptr[i] <= ' ' || authority.ptr[i] > '~')
			return "a host is written in ASCII letters, digits, '.' and '-'; write "
			       "an internationalised one in its xn-- form";
	}
	if (str_is(scheme, "http") && !is_loopback(authority))
		return "http:// is only for this host itself (127.0.0.1, ::1, localhost): use "
		       "https://";
	return NULL;
}

/*
 * A base URL. Kept so that one place has one spelling, as it is pinned: scheme and host in small
 * letters, no '/' at the end. It is never shown, because somebody may have put a password into it.
 */
static int parse_url(struct field_walk *walk, const struct field *field,
		     const struct node *node, void *out)
{
	struct str url = node->text, scheme = lower(walk->arena, url_scheme(url));
	struct str authority = {url.ptr, 0}, path;
	const char *problem;

	(void)field;
	if (scheme.len > 0)
		authority.ptr += scheme.len + 3;
	while (authority.ptr + authority.len < url.ptr + url.len &&
	       !memchr("/?#", authority.ptr[authority.len], 3))
		authority.len++;
	path = (struct str){authority.ptr + authority.len,
			    (size_t)(url.ptr + url.len - authority.ptr) - authority.len};
	if (memchr(authority.ptr, '@', authority.len)) {
		diag_hide_line(walk->diags, node->file, node->line);
		return field_error(walk, node,
				   "a URL holds no user and no password: credentials have keys "
				   "of their own");
	}
	if (!str_is(scheme, "https") && !str_is(scheme, "http"))
		return field_error(walk, node, "a URL here begins with https://");
	if (memchr(path.ptr, '?', path.len) || memchr(path.ptr, '#', path.len))
		return field_error(walk, node,
				   "this URL must end with its path, before '?' or "
				   "'#'");
	authority = lower(walk->arena, authority);
	problem = authority_problem(scheme, authority);
	if (problem)
		return field_error(walk, node, "%s", problem);
	while (str_ends(path, "/"))
		path.len--;
	*(struct str *)out = arena_strf(walk->arena, "%.*s://%.*s%.*s", STR_FMT(scheme),
					STR_FMT(authority), STR_FMT(path));
	return 0;
}

/* "50/10s": requests per time. */
static int parse_rate(struct field_walk *walk, const struct field *field,
		      const struct node *node, void *out)
{
	struct str rest = node->text, count;
	struct config_rate *rate = out;
	uint64_t requests = 0;
	int64_t seconds = 0;

	if (str_is(rest, "none")) {
		*rate = (struct config_rate){0, 0};
		return 0;
	}
	if (!str_split(&rest, '/', &count) || !str_to_u64(count, &requests) || !rest.ptr ||
	    !duration_parse(rest, &seconds))
		return field_error(walk, node, "'%.*s' is no rate; write %s",
				   STR_FMT(field_cut(node->text)), field->form);
	if (requests < 1 || requests > CONFIG_RATE_MOST || seconds < 1 ||
	    seconds > CONFIG_RATE_PERIOD_MOST)
		return field_error(walk, node,
				   "a rate is 1 to %d requests in a period of 1s to 24h",
				   CONFIG_RATE_MOST);
	*rate = (struct config_rate){(unsigned)requests, (unsigned)seconds};
	return 0;
}

/* --- target ------------------------------------------------------------------------------- */

static const struct field pattern_item = {
	.type = FIELD_VALUE,
	.parse = parse_pattern,
	.form = "an address, a pattern like *@example.org, or @example.org for a domain",
	.help = "an address, a pattern or a domain"};

static const struct field part_fields[] = {
	{.name = "address",
	 .type = FIELD_VALUE,
	 .offset = offsetof(struct draft_part, address),
	 .parse = parse_pattern,
	 .form = "an address, a pattern like *@example.org, or @example.org for a domain",
	 .example = "\"*@sister.example\"",
	 .help = "an address or a pattern of them (* and ? stand for anything)"},
	{.name = "domain",
	 .type = FIELD_VALUE,
	 .offset = offsetof(struct draft_part, domain),
	 .max = 253,
	 .parse = config_parse_domain,
	 .form = "a domain",
	 .help = "all accounts whose primary address is in this domain"},
	{.name = "unit",
	 .type = FIELD_TEXT,
	 .offset = offsetof(struct draft_part, unit),
	 .help = "all accounts of this Organizational Unit"},
	{.name = NULL},
};

static const struct field_table part_table = {.what = "a part of the target",
					      .fields = part_fields,
					      .size = sizeof(struct draft_part),
					      .shorthand = "address"};

static const struct field part_item = {
	.type = FIELD_MAP, .table = &part_table, .help = "a part of the target"};

static const struct field scope_fields[] = {
	{.name = "include",
	 .type = FIELD_LIST,
	 .offset = offsetof(struct config_draft, include.items),
	 .also = FIELD_PLACE(struct config_draft, include.count),
	 .item = &part_item,
	 .item_size = sizeof(struct draft_part),
	 .form = "a list of patterns, domains and units",
	 .example = "[\"*@example.org\"]",
	 .help = "when given, only these accounts are seen"},
	{.name = "exclude",
	 .type = FIELD_LIST,
	 .offset = offsetof(struct config_draft, exclude.items),
	 .also = FIELD_PLACE(struct config_draft, exclude.count),
	 .item = &part_item,
	 .item_size = sizeof(struct draft_part),
	 .form = "a list of patterns, domains and units",
	 .example = "[\"*@sister.example\", {unit: Research}]",
	 .help = "these accounts are not seen"},
	{.name = NULL},
};

static const struct field_table scope_table = {
	.what = "'scope'", .fields = scope_fields, .size = sizeof(struct config_draft)};

static const struct field_word target_providers[] = {
	{"zivver", TARGET_ZIVVER, false, "the Zivver service"},
	{"file", TARGET_FILE, false,
	 "an organisation in one JSON file, to try out and rehearse"},
	{NULL, 0, false, NULL},
};

const char *const sign_in_names[] = {"sso", "password"};

static const struct field_word sign_in_words[] = {
	{"sso", SIGN_IN_SSO, false, "single sign-on: accounts need an account key"},
	{"password", SIGN_IN_PASSWORD, false,
	 "no account keys; the service hands out temporary passwords"},
	{NULL, 0, false, NULL},
};

static const struct field target_fields[] = {
	{.name = "provider",
	 .type = FIELD_WORD,
	 .flags = FIELD_REQUIRED,
	 .offset = IN_CONFIG(target.provider),
	 .words = target_providers,
	 .help = "what holds the accounts"},
	{.name = "sign_in",
	 .type = FIELD_WORD,
	 .offset = IN_CONFIG(target.sign_in),
	 .words = sign_in_words,
	 .otherwise = "sso",
	 .help = "how people sign in"},
	{.name = "parallel",
	 .type = FIELD_NUMBER,
	 .offset = IN_CONFIG(target.parallel),
	 .min = 1,
	 .max = 64,
	 .help = "requests under way at once; not given: 4 for the service, many for a file"},
	{.name = "scope",
	 .type = FIELD_MAP,
	 .table = &scope_table,
	 .help = "which accounts of the target zsctl sees at all"},
	{.name = "protect",
	 .type = FIELD_LIST,
	 .offset = IN_CONFIG(target.protect.items),
	 .also = CONFIG_PLACE(target.protect.count),
	 .item = &pattern_item,
	 .item_size = sizeof(struct str),
	 .form = "a list of addresses and patterns",
	 .example = "[admin@example.org]",
	 .help = "accounts that are visible and never changed"},
	{.name = "external_id",
	 .type = FIELD_TEXT,
	 .offset = IN_CONFIG(target.external_id),
	 .help = "the source whose ids the target's ExternalAccountIds are"},
	{.name = NULL},
};

static const struct field target_file_fields[] = {
	{.name = "path",
	 .type = FIELD_PATH,
	 .flags = FIELD_REQUIRED,
	 .offset = IN_CONFIG(target.path),
	 .also = CONFIG_PLACE(target.path_given),
	 .example = "target.json",
	 .help = "the file"},
	{.name = NULL},
};

static const struct field target_zivver_fields[] = {
	{.name = "url",
	 .type = FIELD_VALUE,
	 .offset = IN_CONFIG(target.url),
	 .parse = parse_url,
	 .form = "a URL",
	 .pattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+(/[^?#]*)?$",
	 .otherwise = "https://app.zivver.com/api",
	 .help = "where the service is, before /scim/v2; https, and http only to this host "
		 "itself"},
	{.name = "api_key",
	 .type = FIELD_SECRET,
	 .flags = FIELD_REQUIRED,
	 .offset = IN_CONFIG(target.api_key),
	 .help = "the API key of an administrator of the organisation"},
	{.name = "rate",
	 .type = FIELD_VALUE,
	 .offset = IN_CONFIG(target.rate),
	 .parse = parse_rate,
	 .max = 20,
	 .form = "requests per time like 50/10s, or none",
	 .pattern = "^([1-9][0-9]*/[1-9][0-9]*[smhd]|none)$",
	 .otherwise = "50/10s",
	 .help = "how many requests the service allows for the key; less when other programs "
		 "use the same key; none: as many as the service takes"},
	{.name = "ca_file",
	 .type = FIELD_PATH,
	 .offset = IN_CONFIG(target.ca_file),
	 .example = "/etc/ssl/corp-ca.pem",
	 .help = "PEM file of certificate authorities that are trusted besides the system's, for "
		 "a proxy that opens TLS"},
	{.name = NULL},
};

static const struct field_variant target_variants[] = {
	{TARGET_ZIVVER, target_zivver_fields},
	{TARGET_FILE, target_file_fields},
};

const struct field_table config_target_table = {
	.what = "'target'",
	.fields = target_fields,
	.size = sizeof(struct config_draft),
	.position = CONFIG_PLACE(target.position),
	.by = "provider",
	.variants = target_variants,
	.variant_count = sizeof(target_variants) / sizeof(*target_variants),
};
