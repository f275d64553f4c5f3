/* Searches: page after page, until the server says that this was all. */
#include "directory_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Active Directory may give pages without entries while it goes through many. */
	EMPTY_PAGES_MOST = 10000,
	COOKIE_MOST = 1 << 20,
	PROGRESS_EVERY = 256, /* entries */
};

/* --- what is asked ------------------------------------------------------------------------------ */

/* libldap goes through a filter by calling itself. */
static int check_filter(struct directory *directory, struct str filter, struct err *err)
{
	unsigned depth = 0, deepest = 0;

	for (size_t i = 0; i < filter.len; i++) {
		if (filter.ptr[i] == '(')
			depth++;
		else if (filter.ptr[i] == ')' && depth > 0)
			depth--;
		else if (filter.ptr[i] == '\0')
			return directory_fail(directory, DIRECTORY_FILTER, err,
					      "the filter holds a zero byte");
		deepest = depth > deepest ? depth : deepest;
	}
	if (filter.len > DIRECTORY_FILTER_MOST || deepest > DIRECTORY_FILTER_DEPTH_MOST)
		return directory_fail(directory, DIRECTORY_FILTER, err,
				      "the filter is too long or too deep");
	if (depth > 0)
		return directory_fail(directory, DIRECTORY_FILTER, err,
				      "the filter is malformed: a ')' is missing at its end");
	return 0;
}

static int check_query(struct directory *directory, const struct directory_query *query,
		       struct err *err)
{
	if (!directory->ld)
		return directory_fail(directory, DIRECTORY_BROKEN, err, "not connected");
	if (query->page > DIRECTORY_PAGE_MOST ||
	    query->attribute_count > DIRECTORY_ATTRIBUTES_MOST)
		return directory_fail(directory, DIRECTORY_REFUSED, err,
				      "too large a page, or too many attributes");
	if (query->base.len > 0 && memchr(query->base.ptr, '\0', query->base.len))
		return directory_fail(directory, DIRECTORY_BASE, err,
				      "the base holds a zero byte");
	return check_filter(directory, query->filter, err);
}

static int begin(struct directory_reading *r, struct err *err)
{
	const struct directory_query *query = r->query;

	if (check_query(r->directory, query, err))
		return -1;
	r->base = directory_copy(query->base);
	r->filter = directory_copy(query->filter.len ? query->filter : STR("(objectClass=*)"));
	r->open = query->all || query->attribute_count == 0;
	if (query->attribute_count == 0)
		return 0;
	r->attributes = mem_calloc(query->attribute_count + 3, sizeof(*r->attributes));
	for (size_t i = 0; i < query->attribute_count; i++)
		r->attributes[i] = directory_copy(query->attributes[i]);
	/* Operational ones too (RFC 3673): memberOf and entryUUID are, outside Active Directory. */
	if (query->all) {
		r->attributes[query->attribute_count] = directory_copy(STR("*"));
		r->attributes[query->attribute_count + 1] = directory_copy(STR("+"));
	}
	return 0;
}

static void release(struct directory_reading *r)
{
	for (size_t i = 0; r->attributes && r->attributes[i]; i++)
		free(r->attributes[i]);
	for (size_t i = 0; i < r->waiting.count; i++)
		ldap_msgfree(r->waiting.items[i]);
	free(r->attributes);
	free(r->base);
	free(r->filter);
	free(r->waiting.items);
	free(r->names.items);
	free(r->values.items);
	free(r->spans.items);
	free(r->slots);
	ber_bvfree(r->cookie);
	buf_release(&r->first);
	arena_release(&r->ranges);
}

static int ldap_scope(enum directory_scope scope)
{
	switch (scope) {
	case DIRECTORY_SCOPE_BASE:
		return LDAP_SCOPE_BASE;
	case DIRECTORY_SCOPE_ONE:
		return LDAP_SCOPE_ONELEVEL;
	case DIRECTORY_SCOPE_SUBTREE:
		return LDAP_SCOPE_SUBTREE;
	}
	return LDAP_SCOPE_BASE;
}

int directory_send_search(struct directory_reading *r, const char *base, int scope,
			  const char *filter, char **attributes, LDAPControl **controls,
			  int *id, struct err *err)
{
	int code = ldap_search_ext(r->directory->ld, base, scope, filter, attributes, 0,
				   controls, NULL, NULL, LDAP_NO_LIMIT, id);

	if (code == LDAP_FILTER_ERROR)
		return directory_fail(r->directory, DIRECTORY_FILTER, err,
				      "the filter is malformed: %s", filter);
	return code ? directory_unsent(r->directory, code, err) : 0;
}

static int send_page(struct directory_reading *r, int *id, struct err *err)
{
	LDAPControl *controls[2] = {NULL, NULL};
	int result;

	if (r->query->page &&
	    ldap_create_page_control(r->directory->ld, (ber_int_t)r->query->page, r->cookie, 1,
				     &controls[0]))
		err_out_of_memory();
	result = directory_send_search(r, r->base, ldap_scope(r->query->scope), r->filter,
				       r->attributes, controls[0] ? controls : NULL, id, err);
	if (controls[0])
		ldap_control_free(controls[0]);
	return result;
}

/* --- the end of a page ---------------------------------------------------------------------------- */

/* The cookie for the next page; none when the server has no more, or no pages. */
static int take_cookie(struct directory_reading *r, LDAPControl **controls, struct err *err)
{
	struct berval cookie = {0, NULL};
	LDAPControl *control;
	ber_int_t estimate = 0;

	ber_bvfree(r->cookie);
	r->cookie = NULL;
	if (!r->query->page)
		return 0;
	control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	if (!control)
		return directory_fail(
			r->directory, DIRECTORY_PAGING, err,
			"the server ignores the request for pages: what it gave may "
			"not be all");
	if (ldap_parse_pageresponse_control(r->directory->ld, control, &estimate, &cookie) ||
	    cookie.bv_len > COOKIE_MOST) {
		ber_memfree(cookie.bv_val);
		return directory_fail(r->directory, DIRECTORY_PAGING, err,
				      "what the server says of the next page is no use");
	}
	if (cookie.bv_len > 0)
		r->cookie = ber_bvdup(&cookie);
	ber_memfree(cookie.bv_val);
	return 0;
}

/* A cookie of its own that the server takes for wrong: it has forgotten it, or is another server. */
static int explain_result(struct directory_reading *r, const struct directory_answer *answer,
			  struct err *err)
{
	if (r->pages == 0 ||
	    (answer->code != LDAP_PROTOCOL_ERROR && answer->code != LDAP_UNWILLING_TO_PERFORM &&
	     answer->code != LDAP_OPERATIONS_ERROR &&
	     answer->code != LDAP_UNAVAILABLE_CRITICAL_EXTENSION))
		return directory_refused(r->directory, answer, err);
	return directory_fail(
		r->directory, DIRECTORY_PAGING, err,
		"the server does not go on after page %u (%s%s%s): try again, and when "
		"it stays so with a larger `page_size`",
		r->pages, ldap_err2string(answer->code), answer->text[0] ? "; " : "",
		answer->text);
}

static int end_page(struct directory_reading *r, LDAPMessage *message, struct err *err)
{
	struct directory_answer answer;
	LDAPControl **controls = NULL;
	int result;

	if (directory_answer(r->directory, message, &answer, &controls, err))
		return -1;
	if (answer.code == LDAP_SUCCESS)
		result = take_cookie(r, controls, err);
	else
		result = explain_result(r, &answer, err);
	ldap_controls_free(controls);
	if (result || directory_take_waiting(r, err))
		return -1;
	r->pages++;
	r->empty_pages = r->entries == r->entries_before ? r->empty_pages + 1 : 0;
	if (r->empty_pages > EMPTY_PAGES_MOST)
		return directory_fail(
			r->directory, DIRECTORY_PAGING, err,
			"the server gives one page without entries after the other");
	if (r->query->progress)
		r->query->progress(r->query->context, r->entries);
	return 0;
}

/* --- pages -------------------------------------------------------------------------------------- */

static int take_reference(struct directory_reading *r, LDAPMessage *message, struct err *err)
{
	char **urls = NULL;
	int code = ldap_parse_reference(r->directory->ld, message, &urls, NULL, 1);

	if (code)
		return directory_garbled(r->directory, "a reference", err);
	if (r->query->reference && urls && urls[0])
		r->query->reference(r->query->context, str_of(urls[0]));
	ldap_memvfree((void **)urls);
	return 0;
}

/* *more: this was not the last page. */
static int read_page(struct directory_reading *r, bool *more, struct err *err)
{
	LDAPMessage *message;
	int id = 0;

	r->entries_before = r->entries;
	if (send_page(r, &id, err))
		return -1;
	for (;;) {
		if (directory_wait(r->directory, id, &message, err))
			return -1;
		switch (ldap_msgtype(message)) {
		case LDAP_RES_SEARCH_ENTRY:
			if (directory_take_entry(r, message, err))
				return -1;
			if (r->query->progress && r->entries % PROGRESS_EVERY == 0)
				r->query->progress(r->query->context, r->entries);
			break;
		case LDAP_RES_SEARCH_REFERENCE:
			if (take_reference(r, message, err))
				return -1;
			break;
		case LDAP_RES_SEARCH_RESULT:
			if (end_page(r, message, err))
				return -1;
			*more = r->cookie != NULL;
			return 0;
		default: /* any other of LDAP's */
			ldap_msgfree(message);
			return directory_garbled(r->directory, "an answer to something else",
						 err);
		}
	}
}

/* After these the server has nothing under way, and the next request is understood. */
static bool is_usable(enum directory_failure failure)
{
	return failure >= DIRECTORY_FILTER && failure != DIRECTORY_PAGING &&
	       failure != DIRECTORY_CHANGED && failure != DIRECTORY_SINK;
}

int directory_search(struct directory *directory, const struct directory_query *query,
		     struct err *err)
{
	struct directory_reading reading = {.directory = directory, .query = query};
	bool more = true;
	int result;

	directory->failure = DIRECTORY_FINE;
	result = begin(&reading, err);
	while (result == 0 && more)
		result = read_page(&reading, &more, err);
	release(&reading);
	if (result == 0)
		return 0;
	if (!is_usable(directory->failure))
		directory_close(directory);
	return err_prefix(err, "%.*s", STR_FMT(directory_url(directory)));
}
