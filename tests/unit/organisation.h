/*
 * Random small organisations in the notation of world.h, the same for the same seed.
 */
#ifndef ZSCTL_TEST_ORGANISATION_H
#define ZSCTL_TEST_ORGANISATION_H

#include "world.h"

static uint32_t seed_now;

static inline uint32_t random_below(uint32_t limit)
{
	seed_now = seed_now * 1664525u + 1013904223u;
	return (seed_now >> 8) % limit;
}

static inline bool chance(uint32_t percent)
{
	return random_below(100) < percent;
}

/* --- organisations ------------------------------------------------------------------------ */

static const char *const addresses[] = {"a", "b", "c", "d",           "e",
					"f", "g", "h", "x@o.example", "s@scope.example"};
/* The last one only in sources: the target's list holds no account that is out of scope. */
enum { ADDRESSES = sizeof(addresses) / sizeof(addresses[0]), IN_TARGET = ADDRESSES - 1 };

static const char *any_address(void)
{
	return addresses[random_below(ADDRESSES)];
}

static inline void add_addresses(struct buf *out, const char *key, uint32_t most)
{
	uint32_t count = random_below(most + 1);

	buf_addf(out, " %s=", key);
	for (uint32_t i = 0; i < count; i++)
		buf_addf(out, "%s%s", i ? "," : "", any_address());
}

static inline void make_configuration(struct buf *out, bool *second)
{
	static const char *const words[] = {
		"suspend=always",        "suspend=never",        "reactivate=always",
		"reactivate=never",      "update=off",           "create=off",
		"functional.update=off", "protect=a@*",          "claimed=example.org",
		"ignore=o.example",      "external_id=declared", "sign_in=password",
		"scope_exclude=s@*",     "protect=zz@*",
	};
	static const char *const options[] = {
		"only=user",
		"only=functional",
		"only=create,suspend",
		"only=update",
		"only=grant,create",
		"only=revoke:functional,suspend",
		"exclude=a@*",
		"include=b@*,c@*,d@*",
		"exclude=c@*,d@*",
		"same_person=a,b",
		"same_person=c,d,e,f",
		"refresh_keys=b*",
		"only=functional,reactivate",
	};

	*second = chance(40);
	if (*second)
		buf_puts(out, chance(30)   ? "cfg source=ad/adds:delegates,aliases\n"
			      : chance(30) ? "cfg source=ad/manage:delegates,aliases\n"
					   : "cfg source=ad\n");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (chance(6))
			buf_addf(out, "cfg %s\n", words[i]);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (chance(3))
			buf_addf(out, "opt %s\n", options[i]);
}

static inline void make_wants(struct buf *out, bool second)
{
	uint32_t count = random_below(7);

	for (uint32_t i = 0; i < count; i++) {
		bool user = chance(70);

		buf_addf(out, "want %s %s", user ? "user" : "functional", any_address());
		if (second && chance(40))
			buf_puts(out, " source=ad");
		if (chance(45))
			buf_addf(out, " id=%u", (unsigned)random_below(5));
		if (chance(60))
			add_addresses(out, "alias", 2);
		if (chance(user ? 20 : 85))
			add_addresses(out, "delegates", 3);
		if (chance(12))
			buf_addf(out, " was=%s", any_address());
		if (chance(10))
			buf_puts(out, " inactive");
		if (chance(5))
			buf_puts(out, " held=bad");
		if (chance(70))
			buf_puts(out, " name=N");
		if (user && chance(15))
			buf_addf(out, " key=%u", (unsigned)random_below(2));
		buf_char(out, '\n');
	}
}

/* The target has each address once; that much is true of any. */
static inline void make_target(struct buf *out)
{
	bool taken[ADDRESSES] = {false}, users[ADDRESSES] = {false};
	uint32_t count = random_below(7);
	struct buf rest = BUF_INIT;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = random_below(IN_TARGET);
		bool user = chance(70), suspended = user && chance(25);

		if (taken[at])
			continue;
		taken[at] = true;
		users[at] = user;
		buf_addf(&rest, "is %s %s id=u%u", user ? "user" : "functional", addresses[at],
			 (unsigned)at);
		if (suspended)
			buf_puts(&rest, " suspended");
		if (chance(10))
			buf_addf(&rest, " external=%u", (unsigned)random_below(5));
		if (chance(70))
			buf_puts(&rest, " name=N");
		buf_puts(&rest, " alias=");
		for (uint32_t j = 0; j < 2; j++) {
			uint32_t alias = random_below(IN_TARGET);

			if (taken[alias] || chance(50))
				continue;
			taken[alias] = true;
			buf_addf(&rest, ",%s", addresses[alias]);
		}
		buf_puts(&rest, " delegates=");
		for (uint32_t j = 0; j < ADDRESSES; j++)
			if (users[j] && j != at && chance(user ? 15 : 50))
				buf_addf(&rest, ",%s", addresses[j]);
		buf_char(&rest, '\n');
		if (chance(25))
			continue;
		buf_addf(&rest, "was %s %s id=u%u", user ? "user" : "functional", addresses[at],
			 (unsigned)at);
		if (chance(15))
			buf_puts(&rest, " undesired");
		if (suspended ? chance(70) : (!user && chance(20)))
			buf_puts(&rest, " suspended_by=r1:20");
		if (user && chance(15))
			buf_addf(&rest, " key=%s",
				 chance(30)   ? "lost"
				 : chance(50) ? "0"
					      : "1");
		buf_puts(&rest, " link=");
		if (chance(80))
			buf_addf(&rest, "declared:%s",
				 chance(50) ? ""
					    : (const char *[]){"0", "1", "2", "3", "4"}[i % 5]);
		if (chance(20))
			buf_addf(&rest, ",ad:%s",
				 (const char *[]){"0", "1", "2", "3", "4"}[i % 5]);
		buf_char(&rest, '\n');
	}
	/* Some that are gone. */
	for (uint32_t at = 0; at < ADDRESSES; at++)
		if (!taken[at] && chance(8))
			buf_addf(&rest, "was user %s id=gone%u link=declared:%s\n",
				 addresses[at], (unsigned)at, chance(50) ? "9" : "");
	buf_add(out, buf_str(&rest));
	buf_release(&rest);
}

static inline void make_organisation(uint32_t seed, struct buf *out)
{
	bool second;

	seed_now = seed * 2654435761u + 12345;
	make_configuration(out, &second);
	make_wants(out, second);
	make_target(out);
}

#endif
