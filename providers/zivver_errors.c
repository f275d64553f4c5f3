#include "zivver_errors.h"

#include "json_view.h"

#include <string.h>
#include <strings.h>

enum {
	TEXT_MOST = 300,
	SECRET_LEAST = 4, /* what is shorter is in every text, and no secret */
};

#define NEW_KEY                                                                     \
	"make a new API key in the Zivver portal, copy it whole, and put it where " \
	"target.api_key points"

static const struct {
	const char *words;
	enum outcome_class class;
	enum zivver_about about;
	bool alias_taken;
	const char *advice;
} known[] = {
	{"Alias is a guest", OUTCOME_REFUSED, ZIVVER_ABOUT_ALIAS, false,
	 "merge the guest account in the Zivver portal (Organization Settings, User "
	 "administration, Accounts); no program can"},
	{"Alias is already taken", OUTCOME_REFUSED, ZIVVER_ABOUT_ALIAS, true,
	 "merge the two accounts in the Zivver portal, or drop the address from one"},
	{"not allowed to add this address", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING, false,
	 "claim the domain in the Zivver portal, or use Adopt there when an account with this "
	 "address exists outside the organization"},
	{"Account is outside the organization", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING, false,
	 "adopt the account in the Zivver portal, or change its type there when it is the "
	 "other one"},
	{"Invalid division", OUTCOME_FAILED, ZIVVER_ABOUT_NOTHING, false,
	 "create this Organizational Unit in the Zivver portal, or correct the unit"},
	{"Unknown account with uuid", OUTCOME_FAILED, ZIVVER_ABOUT_ID, false,
	 "it was deleted meanwhile: plan again"},
};

/* --- what it says ------------------------------------------------------------------------- */

static bool member_text(struct arena *arena, struct str object, const char *member,
			struct str *out)
{
	struct str value = json_view_member(object, arena, member);

	return value.ptr && json_view_str(arena, value, out) && str_trim(*out).len > 0;
}

/* The words in the body; empty when there are none that people could read. */
static struct str words_of(struct arena *arena, struct str body)
{
	static const char *const members[] = {"detail", "message", "error_description",
					      "error"};
	struct str text = str_trim(body), words;
	struct err ignored = ERR_INIT;

	if (text.len > 0 && !json_check(text, &ignored)) {
		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			if (member_text(arena, text, members[i], &words))
				return str_trim(words);
		}
		return json_view_str(arena, text, &words) ? str_trim(words) : STR_NONE;
	}
	/* A page of somebody in between. */
	return text.len > 0 && text.ptr[0] != '<' ? text : STR_NONE;
}

/* In one line that does no harm to a terminal. */
static struct str shown(struct arena *arena, struct str words)
{
	struct buf out = BUF_INIT;
	struct str kept;

	if (words.len > TEXT_MOST)
		words.len = str_utf8_cut(words, TEXT_MOST);
	buf_add_visible(&out, words, false);
	kept = arena_str(arena, buf_str(&out));
	buf_release(&out);
	return kept;
}

static bool has_words(struct str text, struct str words)
{
	for (size_t i = 0; i + words.len <= text.len; i++) {
		if (strncasecmp(text.ptr + i, words.ptr, words.len) == 0)
			return true;
	}
	return false;
}

/* --- what it means ------------------------------------------------------------------------ */

static void by_status(struct zivver_refusal *refusal, unsigned status)
{
	switch (status) {
	case 401:
		refusal->class = OUTCOME_FATAL;
		refusal->about = ZIVVER_ABOUT_THE_KEY;
		refusal->advice = STR("the key is wrong or incomplete, or the administrator "
				      "whose it is was deleted: " NEW_KEY);
		break;
	case 403:
		refusal->class = OUTCOME_FATAL;
		refusal->about = ZIVVER_ABOUT_THE_KEY;
		refusal->advice = STR("the key may not do this: its owner must be an "
				      "administrator of this organization with the right to "
				      "manage accounts; else " NEW_KEY);
		break;
	case 404:
		refusal->about = ZIVVER_ABOUT_ID;
		refusal->advice = STR("it was deleted meanwhile: plan again");
		break;
	}
}

struct zivver_refusal zivver_refusal(struct arena *arena, unsigned status, struct str body,
				     struct str secret)
{
	struct zivver_refusal refusal = {.class = OUTCOME_FAILED};
	struct str words = words_of(arena, body), text = shown(arena, words);

	if (secret.len >= SECRET_LEAST && has_words(words, secret))
		text = STR("(words that hold the account key)");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && status != 401; i++) {
		if (!has_words(words, str_of(known[i].words)))
			continue;
		return (struct zivver_refusal){.class = known[i].class,
					       .about = known[i].about,
					       .alias_taken = known[i].alias_taken,
					       .text = text,
					       .advice = str_of(known[i].advice)};
	}
	by_status(&refusal, status);
	refusal.text = text.len ? arena_strf(arena, "the service answered %u: %.*s", status,
					     STR_FMT(text))
				: arena_strf(arena, "the service answered %u without a reason",
					     status);
	return refusal;
}
