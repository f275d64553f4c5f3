#include "server_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void urls(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		bool ldaps, loopback, starttls;
		const char *refused; /* part of the reason; NULL: fine */
	} cases[] = {
		{"ldaps://dc1.corp.example.org", "dc1.corp.example.org", 636, true},
		{"LDAPS://DC1/", "DC1", 636, true},
		{"ldaps://dc1:3269", "dc1", 3269, true},
		{"ldap://dc1", "dc1", 389, false, false, true},
		{"ldap://127.0.0.1:3890", "127.0.0.1", 3890, false, true},
		{"ldap://127.4.5.6/", "127.4.5.6", 389, false, true},
		{"ldap://LocalHost", "LocalHost", 389, false, true},
		{"ldap://[::1]:389", "::1", 389, false, true},
		{"ldaps://[2001:db8::1]", "2001:db8::1", 636, true},
		{"ldaps://[2001:db8::1]:1636/", "2001:db8::1", 1636, true},
		{"ldap://dc1", .refused = "only for this host itself"},
		{"ldap://127.0.0.1.example.org", .refused = "only for this host itself"},
		{"ldap://localhost.example.org", .refused = "only for this host itself"},
		{"ldap://[2001:db8::1]", .refused = "only for this host itself"},
		{"ldaps://dc1", .starttls = true, .refused = "encrypted from the start"},
		{"", .refused = "begins with"},
		{"ldaps://", .refused = "begins with"},
		{"ldapi:///", .refused = "begins with"},
		{"https://dc1", .refused = "begins with"},
		{"dc1.corp.example.org", .refused = "begins with"},
		{"ldaps:///", .refused = "of the form"},
		{"ldaps://dc1:", .refused = "of the form"},
		{"ldaps://dc1:0", .refused = "of the form"},
		{"ldaps://dc1:65536", .refused = "of the form"},
		{"ldaps://dc1:x", .refused = "of the form"},
		{"ldaps://:636", .refused = "of the form"},
		{"ldaps://dc 1", .refused = "of the form"},
		{"ldaps://-dc1", .refused = "of the form"},
		{"ldaps://dc1,dc2", .refused = "of the form"},
		{"ldaps://dc1/DC=example?sub", .refused = "of the form"},
		{"ldaps://[::1", .refused = "of the form"},
		{"ldaps://[::1]636", .refused = "of the form"},
		{"ldaps://[::1]:", .refused = "of the form"},
		{"ldaps://[dc1]", .refused = "of the form"},
		{"ldaps://user:secret@dc1", .refused = "no user and no password"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct server_url url;
		int result = server_url_parse(str_of(cases[i].text), &url, &err);

		if (result == 0)
			result = server_url_check(&url, cases[i].starttls, &err);
		if (cases[i].refused) {
			if (result == 0 || !strstr(err.text, cases[i].refused))
				fail_msg("%s: %s", cases[i].text, err.text);
			continue;
		}
		if (result)
			fail_msg("%s: %s", cases[i].text, err.text);
		if (!str_is(url.host, cases[i].host) || url.port != cases[i].port ||
		    url.ldaps != cases[i].ldaps || url.loopback != cases[i].loopback)
			fail_msg("%s: %.*s %u", cases[i].text, STR_FMT(url.host), url.port);
	}
}

static void long_ones(void **state)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct server_url url;

	(void)state;
	for (size_t len = 253; len <= 600; len += len == 253 ? 1 : 346) {
		buf_clear(&text);
		buf_puts(&text, "ldaps://");
		while (text.len < 8 + len)
			buf_char(&text, 'x');
		assert_int_equal(server_url_parse(buf_str(&text), &url, &err),
				 len == 253 ? 0 : -1);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(urls), cmocka_unit_test(long_ones)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
