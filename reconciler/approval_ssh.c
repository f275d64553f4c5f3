/*
 * SSH signatures, made and checked by ssh-keygen: what an auditor would run himself.
 */
#include "approval_internal.h"

#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what a signature says ---------------------------------------------------------------- */

/* OpenSSH's PROTOCOL.sshsig: "SSHSIG", 32-bit version, string public key, string namespace,
 * … */
static bool read_blob(struct str blob, struct signature *out)
{
	struct str key, purpose;
	size_t length = 0;

	if (blob.len < 10 || memcmp(blob.ptr, "SSHSIG\0\0\0\1", 10) != 0)
		return false;
	blob = (struct str){blob.ptr + 10, blob.len - 10};
	if (!ssh_string(&blob, &key) || !ssh_string(&blob, &purpose))
		return false;
	blob_fingerprint(key, out->fingerprint);
	for (size_t i = 0; i < purpose.len && length + 1 < sizeof(out->purpose); i++)
		if (purpose.ptr[i] > ' ' && purpose.ptr[i] <= '~')
			out->purpose[length++] = purpose.ptr[i];
	out->purpose[length] = '\0';
	return true;
}

bool signature_read(struct str armored, struct signature *out)
{
	static const char begin[] = "-----BEGIN SSH SIGNATURE-----";
	static const char end[] = "-----END SSH SIGNATURE-----";
	struct str text = str_trim(armored);
	size_t length = 0;
	bool good;

	if (!str_starts(text, begin) || !str_ends(text, end) || text.len > APPROVAL_SIZE_MAX ||
	    text.len < sizeof(begin) + sizeof(end) - 2)
		return false;
	text.ptr += sizeof(begin) - 1;
	text.len -= sizeof(begin) - 1 + sizeof(end) - 1;
	unsigned char *blob = mem_alloc(text.len + 1);
	good = sodium_base642bin(blob, text.len + 1, text.ptr, text.len, "\r\n\t ", &length,
				 NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       read_blob((struct str){(const char *)blob, length}, out);
	free(blob);
	return good;
}

/* --- a private folder --------------------------------------------------------------------- */

int workplace_open(struct workplace *work, struct err *err)
{
	const char *base = getenv("TMPDIR");

	if (!base || !*base)
		base = "/tmp";
	if (snprintf(work->dir, sizeof(work->dir), "%s/zsctl-XXXXXX", base) >=
	    (int)sizeof(work->dir)) {
		work->dir[0] = '\0';
		return err_set(err, ERR_FAILED, "TMPDIR is too long: %s", base);
	}
	if (!mkdtemp(work->dir)) {
		int saved = errno;
		work->dir[0] = '\0';
		errno = saved;
		return err_errno(err, ERR_FAILED, "cannot make a folder in %s", base);
	}
	return 0;
}

int workplace_write(const struct workplace *work, const char *name, struct str bytes,
		    char path[300], struct err *err)
{
	snprintf(path, 300, "%s/%s", work->dir, name);
	return os_write_file(path, bytes, 0600, err);
}

void workplace_release(struct workplace *work)
{
	struct dirent *entry;
	DIR *dir = work->dir[0] ? opendir(work->dir) : NULL;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(work->dir);
	work->dir[0] = '\0';
}

/* --- checking ----------------------------------------------------------------------------- */

/* "20261120101500Z", as ssh-keygen's -Overify-time takes it. */
static void verify_time(int64_t when, char out[40])
{
	char text[TIME_TEXT_SIZE];
	size_t length = 0;

	time_text(when, text);
	memcpy(out, "-Overify-time=", 14);
	for (const char *c = text; *c; c++)
		if (*c != '-' && *c != ':' && *c != 'T')
			out[14 + length++] = *c;
	out[14 + length] = '\0';
}

static int ask(const char *const argv[], struct str bytes, bool *good, struct err *err)
{
	struct buf out = BUF_INIT, errors = BUF_INIT;
	int status = -1;
	int failed = os_run(argv, bytes, &out, &errors, &status, err);

	buf_release(&out);
	buf_release(&errors);
	*good = status == 0;
	return failed;
}

int signature_verify(const struct workplace *work, const char *signers_path,
		     struct str principal, struct str signature, struct str bytes, int64_t when,
		     enum verdict *verdict, struct err *err)
{
	char path[300], time[40];
	autofree char *who = mem_alloc(principal.len + 1);
	bool good;

	memcpy(who, principal.ptr, principal.len);
	who[principal.len] = '\0';
	if (workplace_write(work, "signature", signature, path, err) < 0)
		return -1;
	verify_time(when, time);
	const char *const verify[] = {
		"ssh-keygen",        "-Y", "verify", "-f", signers_path, "-I", who, "-n",
		SIGNATURE_NAMESPACE, "-s", path,     time, NULL};
	if (ask(verify, bytes, &good, err) < 0)
		return -1;
	*verdict = SIGNATURE_GOOD;
	if (good)
		return 0;
	/* Why not: without the signers only bytes and purpose matter. */
	const char *const check[] = {
		"ssh-keygen", "-Y", "check-novalidate", "-n", SIGNATURE_NAMESPACE, "-s",
		path,         NULL};
	if (ask(check, bytes, &good, err) < 0)
		return -1;
	*verdict = good ? SIGNATURE_NOT_NOW : SIGNATURE_OTHER;
	return 0;
}

/* --- signing ------------------------------------------------------------------------------ */

/* The public half of `key`, in whichever form it lies there. */
static int public_key(const char *key, struct buf *out, struct err *err)
{
	struct str name = str_of(key);
	struct err unread = ERR_INIT;
	struct buf errors = BUF_INIT, path = BUF_INIT;
	int status = 0, failed;

	buf_addf(&path, "%s%s", key, str_ends(name, ".pub") ? "" : ".pub");
	failed = os_read_file(path.ptr, APPROVAL_SIZE_MAX, out, &unread);
	buf_release(&path);
	if (!failed)
		return 0;
	if (!os_exists(key))
		return err_set(err, ERR_FAILED, "key %s: there is no such file", key);
	const char *const argv[] = {"ssh-keygen", "-y", "-P", "", "-f", key, NULL};
	buf_clear(out);
	failed = os_run(argv, STR_NONE, out, &errors, &status, err);
	buf_release(&errors);
	if (!failed && status != 0)
		failed = err_set(err, ERR_FAILED,
				 "key %s: its public half is needed beside it as %s.pub", key,
				 key);
	return failed;
}

static int find_own_signer(const struct policy *policy, const char *key, struct arena *arena,
			   const struct signer **signer, struct err *err)
{
	struct signers signers;
	struct buf text = BUF_INIT;
	char fingerprint[FINGERPRINT_SIZE];
	struct str rest, type = STR_NONE, base64 = STR_NONE;

	if (signers_parse(policy->signers, "allowed_signers", arena, &signers, err) < 0 ||
	    public_key(key, &text, err) < 0) {
		buf_release(&text);
		return -1;
	}
	rest = str_trim(buf_str(&text));
	str_split(&rest, ' ', &type);
	str_split(&rest, ' ', &base64);
	bool good = base64.ptr && key_fingerprint(type, base64, fingerprint);
	buf_release(&text);
	if (!good)
		return err_set(err, ERR_FAILED, "key %s: holds no public key", key);
	*signer = signers_by_key(&signers, fingerprint);
	if (!*signer)
		return err_set(err, ERR_PERSON,
			       "%s is not among the %s signers: its signature would not count",
			       fingerprint, policy->recorded ? "recorded" : "configured");
	return 0;
}

int approve_ssh(const struct policy *policy, const char *plan_path, struct str bytes,
		const char *key, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct workplace work = {{0}};
	struct buf signature = BUF_INIT;
	const struct signer *signer;
	char path[300], signed_path[310];
	int status = 0;

	if (policy->method != APPROVAL_SSH)
		return err_set(err, ERR_PERSON,
			       "the policy wants typed confirmations, not signatures");
	int failed = find_own_signer(policy, key, &arena, &signer, err);

	if (!failed)
		failed = workplace_open(&work, err);
	if (!failed)
		failed = workplace_write(&work, "plan", bytes, path, err);
	if (!failed) {
		const char *const argv[] = {"ssh-keygen",        "-q", "-Y", "sign", "-n",
					    SIGNATURE_NAMESPACE, "-f", key,  path,   NULL};
		failed = os_run_interactive(argv, &status, err);
	}
	if (!failed && status != 0)
		failed = err_set(err, ERR_FAILED, "ssh-keygen did not sign with %s", key);
	if (!failed) {
		snprintf(signed_path, sizeof(signed_path), "%s.sig", path);
		failed = os_read_file(signed_path, APPROVAL_SIZE_MAX, &signature, err);
	}
	if (!failed)
		failed = approval_write(plan_path,
					approval_file_name(&arena, signer->principal, ".sig"),
					buf_str(&signature), err);
	workplace_release(&work);
	buf_release(&signature);
	arena_release(&arena);
	return failed;
}
