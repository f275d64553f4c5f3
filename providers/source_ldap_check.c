/* `check`: connects, reads everything, and says what does not look as it should. */
#include "source_ldap_internal.h"

#include "fold.h"
#include "mapped_check.h"
#include "server_url.h"

static bool is_own(const struct config_section *section, struct str attribute)
{
	return fold_same(attribute, STR(LDAP_FULL_ACCESS)) ||
	       (section->read == LDAP_READ_GROUPS && fold_same(attribute, STR(LDAP_MEMBERS)));
}

static bool explain_nothing(const struct config_source *config, enum account_kind kind,
			    struct buf *out)
{
	buf_addf(out,
		 "the filter of %s, %.*s, matches nothing: check it and the base, and that the "
		 "user may read there",
		 kind == KIND_USER ? "users" : "functional accounts",
		 STR_FMT(config->sections[kind].filter));
	return true;
}

/* It has no members but those of universal groups, and not every attribute. */
static void remark(const struct config_source *config, struct buf *out)
{
	enum { CATALOG = 3268, CATALOG_TLS = 3269 };

	for (size_t i = 0; i < config->ldap.urls.count; i++) {
		struct err err = ERR_INIT;
		struct server_url url;

		if (server_url_parse(config->ldap.urls.items[i], &url, &err) < 0 ||
		    (url.port != CATALOG && url.port != CATALOG_TLS))
			continue;
		buf_addf(
			out,
			"note source '%.*s': %.*s is a global catalog, which lists the members "
			"of universal groups only, and has a part of the attributes: where "
			"these matter, name a domain controller's port 636\n",
			STR_FMT(config->name), STR_FMT(config->ldap.urls.items[i]));
		return;
	}
}

int source_ldap_check(struct source *source, struct buf *out, struct err *err)
{
	static const struct mapped_check check = {
		.named = "the attribute",
		.cure = "check its name, and that the user may read it",
		.is_own = is_own,
		.explain_nothing = explain_nothing,
		.remark = remark,
	};

	return mapped_check(source, &check, out, err);
}
