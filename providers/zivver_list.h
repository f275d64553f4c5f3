/*
 * Reading the whole organisation: the lists of users and of functional accounts at the same time,
 * resource by resource as they come in, page after page where the service pages (RFC 7644,
 * 3.4.2.4). A list that is not complete without any doubt is none.
 */
#ifndef ZSCTL_ZIVVER_LIST_H
#define ZSCTL_ZIVVER_LIST_H

#include "http.h"
#include "zivver_world.h"

#define ZIVVER_JSON "application/json"

/* "/scim/v2/Users", "/scim/v2/Groups" */
extern const char *const zivver_collections[KIND_COUNT];
/* Whether an answer's content type is JSON, or absent. */
bool zivver_is_json(struct str content_type);

/*
 * Nothing may be under way. On success `accounts` (replaced) has all accounts with their delegates
 * linked, users first, each in the order of the service, and `world` knows them. Errors name the
 * list and the cure; ERR_UNREACHABLE when the service gave no answer.
 */
int zivver_list(struct http *http, struct zivver_world *world, struct sym_pool *names,
		struct accounts *accounts, struct err *err);

#endif
