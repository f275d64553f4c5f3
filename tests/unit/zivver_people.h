/* The organisation of the Zivver target's tests, as the service would tell it. */
#ifndef ZSCTL_TEST_ZIVVER_PEOPLE_H
#define ZSCTL_TEST_ZIVVER_PEOPLE_H

#include "zivver_service.h"

/* With everything that must come back as it was read: numbers that no double holds, members that
 * nobody here knows, ExternalAccountId. */
#define JANE_AS(address, name, active, phones, division, aliases, delegates, key)            \
	"{\"id\":\"u1\",\"userName\":\"" address "\",\"name\":{\"formatted\":\"" name        \
	"\",\"familyName\":\"Doe\"},\"active\":" active ",\"nickName\":\"J\","               \
	"\"phoneNumbers\":" phones ",\"meta\":{\"created\":\"2024-06-13\",\"location\":"     \
	"\"/scim/v2/Users/u1\",\"resourceType\":\"User\"},\"schemas\":[\"" SCHEMAS           \
	"core:2.0:User\"]," ENTERPRISE ":{\"division\":\"" division "\",\"costCenter\":7e1}" \
	"," USER ":{\"aliases\":" aliases ",\"delegates\":" delegates                        \
	",\"ExternalAccountId\":\"x1\",\"later\":[1.50,18446744073709551616]" key            \
	"},\"future\":null}"
#define JANE_PHONES "[{\"type\":\"work\",\"value\":\"+31612345678\"},{\"value\":\"+3170\"}]"
#define JANE_ALIASES "[\"j.doe@example.org\"]"
#define JANE_DELEGATES "[\"bob@example.org\"]"
#define JANE_KEYED(name, active, key)                                             \
	JANE_AS("jane@example.org", name, active, JANE_PHONES, "/", JANE_ALIASES, \
		JANE_DELEGATES, key)
#define JANE JANE_KEYED("Jane Doe", "true", "")

/* As short as a resource can be. */
#define BOB "{\"id\":\"u2\",\"userName\":\"bob@example.org\"}"
#define KIM "{\"id\":\"u3\",\"userName\":\"kim@example.org\",\"active\":false}"

#define INFO_AS(address, name, members, division, aliases)                             \
	"{\"id\":\"g1\",\"externalId\":\"" address "\",\"displayName\":\"" name        \
	"\",\"members\":" members ",\"meta\":{\"resourceType\":\"Group\"}," ENTERPRISE \
	":{\"division\":\"" division "\"}," GROUP ":{\"aliases\":" aliases             \
	",\"ExternalAccountId\":\"x9\",\"later\":{}},\"future\":[0.10]}"
/* Two people, one of them suspended, itself, and nobody. */
#define INFO_MEMBERS                                                                     \
	"[{\"value\":\"u1\"},{\"value\":\"g1\"},{\"value\":\"u3\",\"display\":\"Kim\"}," \
	"{\"value\":\"u9\"}]"
#define INFO INFO_AS("info@example.org", "Info", INFO_MEMBERS, "/", "[]")

#define USERS LIST_OF(3, JANE "," BOB "," KIM)
#define GROUPS LIST_OF(1, INFO)

#define REMOVE_MEMBERS "{\"Operations\":[{\"op\":\"remove\",\"path\":\"members\"}]}"
#define KEY ",\"SsoAccountKey\":\"k\""

/* The service with these, listed; resources of all who have an id in `kept` are at hand. */
static inline void open_people(struct service *s, const struct exchange *exchanges,
			       size_t count, enum sign_in sign_in, const char *kept)
{
	struct str rest = str_of(kept), id;

	open_service(s, exchanges, count, sign_in);
	s->users = (struct exchange){.status = 200, .answer = USERS};
	s->groups = (struct exchange){.status = 200, .answer = GROUPS};
	while (rest.len > 0 && str_split(&rest, ' ', &id))
		target_will_change(s->w.target, sym_get(&s->w.names, id));
	list(&s->w);
}
#define EVERYBODY "u1 u2 u3 g1"

#endif
