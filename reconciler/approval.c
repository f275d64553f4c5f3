#include "approval_internal.h"

#include "base/os.h"
#include "canonical.h"
#include "character.h"
#include "yaml_write.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void approvals_init(struct approvals *approvals)
{
	*approvals = (struct approvals){.arena = ARENA_INIT, .required_because = BUF_INIT};
}

void approvals_release(struct approvals *approvals)
{
	free(approvals->items);
	buf_release(&approvals->required_because);
	arena_release(&approvals->arena);
	approvals_init(approvals);
}

struct str approvals_dir(struct arena *arena, const char *plan_path)
{
	return arena_strf(arena, "%s.approvals", plan_path);
}

/* No longer than this, so that two long names cannot become one: the rest goes into a digest. */
#define NAME_KEPT 64
#define NAME_MOST 100

struct str approval_file_name(struct arena *arena, struct str who, const char *suffix)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789@_+-.";
	char digest[SHA256_TEXT_SIZE];
	struct buf name = BUF_INIT;
	struct str copy;

	for (size_t i = 0; i < who.len; i++) {
		const char c = who.ptr[i];
		bool plain = c && strchr(safe, c) && (i > 0 || c != '.');

		if (plain)
			buf_char(&name, c);
		else
			buf_addf(&name, "%%%02X", (unsigned)(unsigned char)c);
	}
	copy = buf_str(&name);
	sha256_text(who, digest);
	if (copy.len > NAME_MOST - strlen(".local"))
		copy = arena_strf(arena, "%.*s-%.16s%s", NAME_KEPT, name.ptr,
				  digest + strlen("sha256:"), suffix);
	else
		copy = arena_strf(arena, "%.*s%s", STR_FMT(copy), suffix);
	buf_release(&name);
	return copy;
}

int approval_write(const char *plan_path, struct str name, struct str bytes, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct str dir = approvals_dir(&arena, plan_path);
	struct stat status;
	int failed = 0;

	if (lstat(dir.ptr, &status) == 0 && S_ISLNK(status.st_mode))
		failed = err_set(err, ERR_FAILED,
				 "%s is a symbolic link: approvals lie beside their plan",
				 dir.ptr);
	if (!failed)
		failed = os_make_dirs(dir.ptr, 0755, err);
	if (!failed)
		failed = os_write_file(os_join(&arena, dir, name).ptr, bytes, 0644, err);
	arena_release(&arena);
	return failed;
}

/* --- typed confirmations ------------------------------------------------------------------ */

struct typed {
	struct str approver, user, host, plan, policy;
	int64_t at;
};

static void typed_line(struct buf *out, const char *key, struct str value)
{
	buf_addf(out, "%s: ", key);
	yaml_add_text(out, value);
	buf_char(out, '\n');
}

static void typed_write(const struct typed *typed, struct buf *out)
{
	char at[TIME_TEXT_SIZE];

	time_text(typed->at, at);
	buf_puts(out, "zsctl_approval: 1\n");
	typed_line(out, "approver", typed->approver);
	typed_line(out, "user", typed->user);
	typed_line(out, "host", typed->host);
	buf_addf(out, "at: %s\n", at);
	typed_line(out, "plan", typed->plan);
	typed_line(out, "policy", typed->policy);
}

static int typed_read(struct str bytes, const char *name, struct arena *arena,
		      struct typed *typed, struct err *err)
{
	struct canonical in = canonical_open(bytes, name, arena);
	struct buf again = BUF_INIT;
	struct str text = STR_NONE;

	canonical_take(&in, "zsctl_approval: ", &text);
	canonical_take(&in, "approver: ", &typed->approver);
	canonical_take(&in, "user: ", &typed->user);
	canonical_take(&in, "host: ", &typed->host);
	canonical_take(&in, "at: ", &text);
	if (!time_parse(text, &typed->at))
		canonical_bad(&in, "is no time");
	canonical_take(&in, "plan: ", &typed->plan);
	canonical_take(&in, "policy: ", &typed->policy);
	typed_write(typed, &again);
	int failed = canonical_end(&in, buf_str(&again), err);
	buf_release(&again);
	return failed;
}

int approve_local(const struct policy *policy, const struct plan *plan, const char *plan_path,
		  struct str approver, int64_t now, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct buf bytes = BUF_INIT;
	char digest[SHA256_TEXT_SIZE];

	if (policy->method != APPROVAL_LOCAL)
		return err_set(err, ERR_PERSON,
			       "the policy wants signatures, not typed confirmations");
	if (!approver.len || approver.len > 254 || !character_visible_line(approver))
		return err_set(
			err, ERR_USAGE,
			"an approver has a name of one line, at most 254 bytes and all of it "
			"visible");
	policy_digest(policy, digest);
	struct typed typed = {.approver = approver,
			      .user = os_user(&arena),
			      .host = os_host(&arena),
			      .plan = str_of(plan->digest),
			      .policy = str_of(digest),
			      .at = now};
	typed_write(&typed, &bytes);
	int failed = approval_write(plan_path, approval_file_name(&arena, approver, ".local"),
				    buf_str(&bytes), err);
	buf_release(&bytes);
	arena_release(&arena);
	return failed;
}

/* --- judging ------------------------------------------------------------------------------ */

struct judging {
	struct approvals *approvals;
	const struct policy *policy;
	const struct plan *plan;
	struct str bytes;
	int64_t when;
	struct signers signers;
	struct workplace work;
	char signers_path[300];
};

/* Counts when everything about it is right and its person is a new one. */
static void count(struct judging *j, struct approval *approval)
{
	for (size_t i = 0; i < j->approvals->count; i++) {
		const struct approval *other = &j->approvals->items[i];

		if (other != approval && other->counts &&
		    str_eq(other->principal, approval->principal)) {
			approval->problem = arena_strf(&j->approvals->arena,
						       "%.*s has approved already",
						       STR_FMT(approval->principal));
			return;
		}
	}
	approval->counts = true;
	j->approvals->counted++;
}

static void judge_typed(struct judging *j, struct approval *approval)
{
	struct arena *arena = &j->approvals->arena;
	struct typed typed = {.at = 0};
	struct err err = ERR_INIT;
	char digest[SHA256_TEXT_SIZE];

	if (j->policy->method != APPROVAL_LOCAL) {
		approval->problem =
			STR("a typed confirmation, and the policy wants signatures");
		return;
	}
	if (typed_read(approval->bytes, approval->file.ptr, arena, &typed, &err) < 0) {
		approval->problem = arena_strf(arena, "is no approval: %s", err.text);
		return;
	}
	approval->principal = typed.approver;
	policy_digest(j->policy, digest);
	if (!str_is(typed.plan, j->plan->digest))
		approval->problem =
			STR("approves another plan, or this one before it was altered");
	else if (!str_is(typed.policy, digest))
		approval->problem = STR("was given under another policy; approve anew");
	else
		count(j, approval);
}

/* Why a signature of a known signer does not count. */
static struct str signature_problem(struct judging *j, struct str who,
				    const struct signature *signature, enum verdict verdict)
{
	struct arena *arena = &j->approvals->arena;

	if (verdict == SIGNATURE_NOT_NOW)
		return arena_strf(
			arena, "the key of %.*s is not valid now (valid-after, valid-before)",
			STR_FMT(who));
	if (strcmp(signature->purpose, SIGNATURE_NAMESPACE) != 0)
		return arena_strf(
			arena,
			"%.*s signed for another purpose ('%s'): sign with ssh-keygen "
			"-Y sign -n " SIGNATURE_NAMESPACE,
			STR_FMT(who), signature->purpose);
	return arena_strf(arena,
			  "%.*s signed other bytes: the plan was altered after it was signed",
			  STR_FMT(who));
}

static int judge_signature(struct judging *j, struct approval *approval, struct err *err)
{
	struct arena *arena = &j->approvals->arena;
	enum verdict verdict = SIGNATURE_OTHER;
	const struct signer *signer;
	struct signature signature;

	if (j->policy->method != APPROVAL_SSH) {
		approval->problem =
			STR("a signature, and the policy wants typed confirmations");
		return 0;
	}
	if (!signature_read(approval->bytes, &signature)) {
		approval->problem = STR("is no SSH signature");
		return 0;
	}
	approval->key = arena_str(arena, str_of(signature.fingerprint));
	signer = signers_by_key(&j->signers, signature.fingerprint);
	if (!signer) {
		approval->problem = arena_strf(arena,
					       "signed by %s, who is not among the %s signers",
					       signature.fingerprint,
					       j->policy->recorded ? "recorded" : "configured");
		return 0;
	}
	approval->principal = arena_str(arena, signer->principal);
	if (signature_verify(&j->work, j->signers_path, signer->principal, approval->bytes,
			     j->bytes, j->when, &verdict, err) < 0)
		return -1;
	if (verdict == SIGNATURE_GOOD)
		count(j, approval);
	else
		approval->problem = signature_problem(j, approval->principal, &signature,
						      verdict);
	return 0;
}

static int judge(struct judging *j, struct err *err)
{
	for (size_t i = 0; i < j->approvals->count; i++) {
		struct approval *approval = &j->approvals->items[i];

		if (approval->problem.len)
			continue;
		if (str_ends(approval->file, ".local"))
			judge_typed(j, approval);
		else if (judge_signature(j, approval, err) < 0)
			return -1;
	}
	return 0;
}

/* --- reading ------------------------------------------------------------------------------ */

static int by_file(const void *a, const void *b)
{
	return str_cmp(((const struct approval *)a)->file, ((const struct approval *)b)->file);
}

static void read_one(struct approvals *approvals, struct str dir, const char *name)
{
	struct arena *arena = &approvals->arena;
	struct approval *approval = vec_push(approvals);
	struct err err = ERR_INIT;
	struct buf bytes = BUF_INIT;

	const char *suffix = str_ends(str_of(name), ".local") ? ".local" : ".sig";

	approval->file = approval_file_name(
		arena, (struct str){name, strlen(name) - strlen(suffix)}, suffix);
	if (strlen(name) > NAME_MOST)
		approval->problem =
			STR("its name is longer than 100 bytes: give it a shorter one");
	else if (os_read_file(os_join(arena, dir, str_of(name)).ptr, APPROVAL_SIZE_MAX, &bytes,
			      &err) < 0)
		approval->problem = arena_str(arena, str_of(err.text));
	else
		approval->bytes = arena_str(arena, buf_str(&bytes));
	buf_release(&bytes);
}

static int read_all(struct approvals *approvals, const char *plan_path, struct err *err)
{
	struct str dir_path = approvals_dir(&approvals->arena, plan_path);
	DIR *dir = opendir(dir_path.ptr);
	struct dirent *entry;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_errno(err, ERR_FAILED, "%s", dir_path.ptr);
	while ((entry = readdir(dir))) {
		struct str name = str_of(entry->d_name);

		if (!str_ends(name, ".sig") && !str_ends(name, ".local"))
			continue;
		if (approvals->count == APPROVALS_MAX) {
			closedir(dir);
			return err_set(err, ERR_PERSON, "%s holds more than %d approvals",
				       dir_path.ptr, APPROVALS_MAX);
		}
		read_one(approvals, dir_path, entry->d_name);
	}
	closedir(dir);
	if (approvals->count)
		qsort(approvals->items, approvals->count, sizeof(*approvals->items), by_file);
	return 0;
}

int approvals_read(struct approvals *approvals, const struct policy *policy,
		   const struct plan *plan, const char *plan_path, struct str bytes,
		   int64_t now, struct err *err)
{
	struct judging j = {.approvals = approvals,
			    .policy = policy,
			    .plan = plan,
			    .bytes = bytes,
			    .when = now > plan->created ? now : plan->created};

	if (read_all(approvals, plan_path, err) < 0)
		return -1;
	approvals->required = policy_required(policy, plan, &approvals->required_because);
	if (policy->method == APPROVAL_SSH &&
	    signers_parse(policy->signers, "allowed_signers", &approvals->arena, &j.signers,
			  err) < 0)
		return -1;
	int failed = 0;
	if (policy->method == APPROVAL_SSH && approvals->count) {
		failed = workplace_open(&j.work, err);
		if (!failed)
			failed = workplace_write(&j.work, "signers", policy->signers,
						 j.signers_path, err);
	}
	if (!failed)
		failed = judge(&j, err);
	workplace_release(&j.work);
	return failed;
}

int approvals_enough(const struct approvals *approvals, struct err *err)
{
	struct buf text = BUF_INIT;

	if (approvals->counted >= approvals->required)
		return 0;
	buf_addf(&text, "not approved: %u of %u approvals", approvals->counted,
		 approvals->required);
	if (approvals->required_because.len)
		buf_addf(&text, " (%.*s)", STR_FMT(buf_str(&approvals->required_because)));
	for (size_t i = 0; i < approvals->count; i++)
		if (approvals->items[i].counts)
			buf_addf(&text, "; by %.*s", STR_FMT(approvals->items[i].principal));
	for (size_t i = 0; i < approvals->count; i++)
		if (!approvals->items[i].counts)
			buf_addf(&text, "; %.*s does not count: %.*s",
				 STR_FMT(approvals->items[i].file),
				 STR_FMT(approvals->items[i].problem));
	buf_puts(&text, "; 'zsctl approve' adds one");
	err_set(err, ERR_PERSON, "%.*s", STR_FMT(buf_str(&text)));
	buf_release(&text);
	return -1;
}
