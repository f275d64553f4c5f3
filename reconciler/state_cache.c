/*
 * The cache of the recorded accounts: PRIVATE/accounts.cache.
 *
 *     "zsctl accounts 2\n"   20 bytes: id of the tree accounts/   8: how many accounts
 *     the accounts, in order
 *     32 bytes: SHA-256 of all before
 *
 * An account is a byte of flags, its texts, its dates, its links and its sets. Numbers are
 * written seven bits to a byte, the lowest first, the highest bit set where more follow; texts
 * are their length plus TEXT_PLAIN and their bytes, digests 32 bytes. It is made for this
 * machine's runs only: a defect of any kind, or another version, and it is made anew.
 */
#include "state_internal.h"

#include "base/os.h"
#include "base/sha256.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "zsctl accounts 2\n";

enum {
	TEXT_NONE,   /* NULL */
	TEXT_SHA256, /* "sha256:" and 64 hex digits: 32 bytes */
	TEXT_HMAC,   /* "hmac:" and 64 hex digits */
	TEXT_PLAIN,  /* and more: the length */
	TEXT_LIMIT = 64 * 1024,
	CHUNK = 256 * 1024,
	LIST_LIMIT = 1 << 24,
	WORTH_LEAST = 100,   /* differences */
	WORTH_PER_MILLE = 20 /* of all accounts */
};

enum { FLAG_FUNCTIONAL = 1, FLAG_ACTIVE = 2 };

bool state_cache_worth(size_t differences, size_t accounts)
{
	return differences > WORTH_LEAST + accounts / 1000 * WORTH_PER_MILLE;
}

static struct str cache_path(const struct state *state, struct arena *arena)
{
	return os_join(arena, str_of(state->private_dir), STR("accounts.cache"));
}

/* --- writing ------------------------------------------------------------------------------ */

struct output {
	struct os_writer writer;
	struct sha256 digest;
	struct buf chunk;
	bool failed; /* something that the format cannot hold */
};

static void flush(struct output *out)
{
	sha256_add(&out->digest, buf_str(&out->chunk));
	os_writer_add(&out->writer, buf_str(&out->chunk));
	buf_clear(&out->chunk);
}

static void put_number(struct output *out, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		buf_char(&out->chunk, (char)(number | 0x80));
	buf_char(&out->chunk, (char)number);
}

static bool put_digest(struct output *out, struct str text, const char *prefix, unsigned tag)
{
	unsigned char bytes[SHA256_SIZE];
	size_t skip = strlen(prefix);

	if (text.len != skip + 2 * sizeof(bytes) || !str_starts(text, prefix))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		int high = hex_value(text.ptr[skip + 2 * i]);
		int low = hex_value(text.ptr[skip + 2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	put_number(out, tag);
	buf_add(&out->chunk, (struct str){(const char *)bytes, sizeof(bytes)});
	return true;
}

static void put_sym(struct output *out, const struct sym *sym)
{
	struct str text = sym_str(sym);

	if (!sym) {
		put_number(out, TEXT_NONE);
	} else if (!put_digest(out, text, "sha256:", TEXT_SHA256) &&
		   !put_digest(out, text, "hmac:", TEXT_HMAC)) {
		out->failed = out->failed || text.len > TEXT_LIMIT;
		put_number(out, TEXT_PLAIN + text.len);
		buf_add(&out->chunk, text);
	}
}

static void put_set(struct output *out, struct set set)
{
	out->failed = out->failed || set.count > LIST_LIMIT;
	put_number(out, set.count);
	for (uint32_t i = 0; i < set.count; i++)
		put_sym(out, set.items[i]);
}

static void put_account(struct output *out, const struct recorded_account *recorded)
{
	const struct account *account = &recorded->account;

	put_number(out, (account->kind == KIND_FUNCTIONAL ? FLAG_FUNCTIONAL : 0U) |
				(account->active ? FLAG_ACTIVE : 0U));
	put_sym(out, account->address);
	put_sym(out, account->id);
	put_sym(out, account->name);
	put_sym(out, account->mobile);
	put_sym(out, account->unit);
	put_sym(out, account->external_id);
	put_number(out, (uint32_t)recorded->desired_since);
	put_number(out, (uint32_t)recorded->suspended_since);
	put_sym(out, recorded->suspended_by);
	put_sym(out, recorded->key);
	out->failed = out->failed || recorded->link_count > LIST_LIMIT ||
		      account->delegates.count > LIST_LIMIT;
	put_number(out, recorded->link_count);
	for (uint32_t i = 0; i < recorded->link_count; i++) {
		put_sym(out, recorded->links[i].source);
		put_sym(out, recorded->links[i].digest);
		put_sym(out, recorded->links[i].address);
	}
	put_set(out, account->aliases);
	put_number(out, account->delegates.count);
	for (uint32_t i = 0; i < account->delegates.count; i++) {
		put_sym(out, account->delegates.items[i].address);
		put_sym(out, account->delegates.items[i].why);
	}
	put_set(out, recorded->refusals);
}

void state_cache_write(struct state *state, const git_oid *tree,
		       const struct recorded *recorded)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct output out = {.writer = OS_WRITER_INIT, .chunk = BUF_INIT};
	struct err ignored = ERR_INIT;
	unsigned char digest[SHA256_SIZE];
	unsigned char count[8];

	/* A run that only reads does not make the folder. */
	if (!os_exists(state->private_dir) ||
	    os_writer_open(&out.writer, cache_path(state, &arena).ptr, 0600, &ignored) < 0)
		return;
	sha256_init(&out.digest);
	for (size_t i = 0; i < sizeof(count); i++)
		count[i] = (unsigned char)((uint64_t)recorded->count >> 8 * i);
	buf_add(&out.chunk, (struct str){magic, sizeof(magic) - 1});
	buf_add(&out.chunk, (struct str){(const char *)tree->id, sizeof(tree->id)});
	buf_add(&out.chunk, (struct str){(const char *)count, sizeof(count)});
	for (size_t i = 0; i < recorded->count && !out.failed; i++) {
		put_account(&out, &recorded->items[i]);
		if (out.chunk.len >= CHUNK)
			flush(&out);
	}
	flush(&out);
	sha256_final(&out.digest, digest);
	os_writer_add(&out.writer, (struct str){(const char *)digest, sizeof(digest)});
	buf_release(&out.chunk);
	if (out.failed)
		os_writer_release(&out.writer);
	else
		os_writer_commit(&out.writer, &ignored);
}

/* --- reading ------------------------------------------------------------------------------ */

struct input {
	int fd;
	char *chunk;
	size_t at, end; /* within the chunk: what is not taken yet */
	uint64_t left;  /* bytes of the file before the digest that are not in the chunk yet */
	struct sha256 digest;
	bool failed;
	struct sym_pool *names;
	struct arena *arena;
};

/* `size` bytes in one piece (at most TEXT_LIMIT); NULL when there are not so many. */
static const char *take(struct input *in, size_t size)
{
	const char *taken;

	while (in->end - in->at < size && in->left > 0 && !in->failed) {
		size_t room;
		ssize_t got;

		memmove(in->chunk, in->chunk + in->at, in->end - in->at);
		in->end -= in->at;
		in->at = 0;
		room = CHUNK - in->end;
		got = read(in->fd, in->chunk + in->end, room < in->left ? room : in->left);
		if (got <= 0) {
			in->failed = true;
			break;
		}
		sha256_add(&in->digest, (struct str){in->chunk + in->end, (size_t)got});
		in->end += (size_t)got;
		in->left -= (uint64_t)got;
	}
	if (in->failed || in->end - in->at < size) {
		in->failed = true;
		return NULL;
	}
	taken = in->chunk + in->at;
	in->at += size;
	return taken;
}

static uint64_t get_number(struct input *in)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		const char *byte = take(in, 1);

		if (!byte)
			return 0;
		number |= (uint64_t)(*byte & 0x7f) << shift;
		if (!(*byte & 0x80))
			return number;
	}
	in->failed = true;
	return 0;
}

static uint32_t get_count(struct input *in)
{
	uint64_t count = get_number(in);

	if (count > LIST_LIMIT)
		in->failed = true;
	return in->failed ? 0 : (uint32_t)count;
}

static const struct sym *get_digest(struct input *in, const char *prefix)
{
	const char *bytes = take(in, SHA256_SIZE);
	char text[SHA256_TEXT_SIZE];
	size_t skip = strlen(prefix);

	if (!bytes)
		return NULL;
	memcpy(text, prefix, skip);
	hex_encode((const unsigned char *)bytes, SHA256_SIZE, text + skip);
	return sym_get(in->names, (struct str){text, skip + 2 * (size_t)SHA256_SIZE});
}

static const struct sym *get_sym(struct input *in)
{
	uint64_t tag = get_number(in);
	const char *text;

	if (in->failed || tag == TEXT_NONE)
		return NULL;
	if (tag == TEXT_SHA256)
		return get_digest(in, "sha256:");
	if (tag == TEXT_HMAC)
		return get_digest(in, "hmac:");
	if (tag - TEXT_PLAIN > TEXT_LIMIT) {
		in->failed = true;
		return NULL;
	}
	text = take(in, (size_t)tag - TEXT_PLAIN);
	return text ? sym_get(in->names, (struct str){text, (size_t)tag - TEXT_PLAIN}) : NULL;
}

static const struct sym *get_sym_there(struct input *in)
{
	const struct sym *sym = get_sym(in);

	if (!sym)
		in->failed = true;
	return sym;
}

/*
 * A list's memory is had before its items are read. Each takes a byte at least, so what is left
 * of the file bounds it.
 */
static void *get_list(struct input *in, uint32_t *count, size_t size)
{
	*count = get_count(in);
	if (*count > in->end - in->at + in->left) {
		in->failed = true;
		*count = 0;
	}
	return *count ? arena_alloc_array(in->arena, *count, size) : NULL;
}

static void get_set(struct input *in, struct set *set)
{
	set->items = get_list(in, &set->count, sizeof(struct sym *));
	for (uint32_t i = 0; i < set->count; i++)
		set->items[i] = get_sym_there(in);
}

static void get_account(struct input *in, struct recorded_account *recorded)
{
	struct account *account = &recorded->account;
	uint64_t flags = get_number(in);

	account->kind = flags & FLAG_FUNCTIONAL ? KIND_FUNCTIONAL : KIND_USER;
	account->active = (flags & FLAG_ACTIVE) != 0;
	account->has = (uint8_t)RECORDED_HAS;
	account->address = get_sym_there(in);
	account->id = get_sym(in);
	account->name = get_sym(in);
	account->mobile = get_sym(in);
	account->unit = get_sym(in);
	account->external_id = get_sym(in);
	recorded->desired_since = (int32_t)(uint32_t)get_number(in);
	recorded->suspended_since = (int32_t)(uint32_t)get_number(in);
	recorded->suspended_by = get_sym(in);
	recorded->key = get_sym(in);
	recorded->links = get_list(in, &recorded->link_count, sizeof(*recorded->links));
	for (uint32_t i = 0; i < recorded->link_count; i++) {
		recorded->links[i].source = get_sym_there(in);
		recorded->links[i].digest = get_sym(in);
		recorded->links[i].address = get_sym(in);
	}
	get_set(in, &account->aliases);
	account->delegates.items = get_list(in, &account->delegates.count,
					    sizeof(*account->delegates.items));
	for (uint32_t i = 0; i < account->delegates.count; i++) {
		account->delegates.items[i].address = get_sym_there(in);
		account->delegates.items[i].why = get_sym(in);
	}
	get_set(in, &recorded->refusals);
}

static void get_accounts(struct input *in, struct recorded *recorded, git_oid *tree)
{
	const char *bytes = take(in, sizeof(magic) - 1);
	uint64_t count = 0;

	if (!bytes || memcmp(bytes, magic, sizeof(magic) - 1) != 0) {
		in->failed = true;
		return;
	}
	bytes = take(in, sizeof(tree->id));
	if (bytes)
		memcpy(tree->id, bytes, sizeof(tree->id));
	bytes = take(in, 8);
	for (size_t i = 0; bytes && i < 8; i++)
		count |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
	/* Each takes more than ten bytes. */
	if (!bytes || count > (in->end - in->at + in->left) / 10) {
		in->failed = true;
		return;
	}
	recorded->items = mem_calloc(count ? (size_t)count : 1, sizeof(*recorded->items));
	recorded->capacity = (size_t)count;
	for (size_t i = 0; i < count && !in->failed; i++) {
		get_account(in, &recorded->items[i]);
		recorded->count++;
	}
	if (in->at != in->end || in->left > 0)
		in->failed = true;
}

/* The digest stands behind what it is over. */
static bool digest_matches(struct input *in)
{
	unsigned char digest[SHA256_SIZE], stored[SHA256_SIZE];

	sha256_final(&in->digest, digest);
	return read(in->fd, stored, sizeof(stored)) == (ssize_t)sizeof(stored) &&
	       memcmp(stored, digest, sizeof(digest)) == 0;
}

bool state_cache_read(struct state *state, struct sym_pool *names, struct recorded *recorded,
		      git_oid *tree)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	struct input in = {.names = names, .arena = &recorded->arena};
	struct stat status;

	in.fd = open(cache_path(state, &arena).ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in.fd < 0)
		return false;
	if (fstat(in.fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_size < SHA256_SIZE) {
		close(in.fd);
		return false;
	}
	in.left = (uint64_t)status.st_size - SHA256_SIZE;
	in.chunk = mem_alloc(CHUNK);
	sha256_init(&in.digest);
	get_accounts(&in, recorded, tree);
	if (in.failed || !digest_matches(&in)) {
		recorded_release(recorded);
		in.failed = true;
	}
	free(in.chunk);
	close(in.fd);
	return !in.failed;
}
