/*
 * Text: views that carry their length, a bounded builder, and interned symbols.
 *
 * A `struct str` does not own its bytes and need not end in NUL; what arena_str() and buf
 * return does end in NUL (not counted in len). Text is UTF-8 once it has passed a reader;
 * readers check.
 */
#ifndef ZSCTL_STR_H
#define ZSCTL_STR_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf: printf("%.*s", STR_FMT(s)) */
#define STR_FMT(s) (int)(s).len, (s).ptr ? (s).ptr : ""

struct str str_of(const char *text); /* NULL gives the empty view */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *text);
int str_cmp(struct str a, struct str b); /* bytewise, the shorter first */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_trim(struct str s); /* ASCII blanks, tabs and line ends */
/* Splits at the first `sep`: returns what is before it, leaves the rest in *s (empty at the
 * end). False when *s was used up (ptr NULL). */
bool str_split(struct str *s, char sep, struct str *part);
/* Whole-string decimal number, digits only, without overflow. */
bool str_to_u64(struct str s, uint64_t *out);
/* 0 to 15 for a hex digit in small letters, as zsctl writes them; -1 for anything else. */
int hex_value(char c);
int hex_value_any(char c);      /* capitals too, as others write them */
bool str_is_utf8(struct str s); /* well-formed, no NUL */
/* Length of the character that `s` starts with, and its code point; 0 when `s` is empty or the
 * bytes are not well-formed UTF-8 (overlong forms and surrogates are not). */
size_t str_utf8_next(struct str s, uint32_t *code);
/* The longest length <= `len` that does not cut a character of `s` in two. */
size_t str_utf8_cut(struct str s, size_t len);
/* Levenshtein distance with ASCII case ignored, at most `cap`; for "did you mean". */
size_t str_distance(struct str a, struct str b, size_t cap);
/* Keyed per process: hostile input cannot aim for collisions. */
uint64_t str_hash(struct str s);
void str_hash_seed(const unsigned char key[16]); /* base_init() does it, before any hash */

struct str arena_str(struct arena *arena, struct str s); /* a copy that ends in NUL */
struct str arena_strf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- builder ---------------------------------------------------------------------------- */

/* Grows as needed up to `limit` (0: 1 GiB); past it the text is cut and `cut` is set. */
struct buf {
	char *ptr; /* ends in NUL once anything was added */
	size_t len;
	size_t capacity;
	size_t limit;
	bool cut;
};

#define BUF_INIT            \
	{                   \
		.ptr = NULL \
	}

void buf_add(struct buf *buf, struct str s);
void buf_puts(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str buf_str(const struct buf *buf); /* valid until the next change */
void buf_clear(struct buf *buf);           /* keeps the memory */
void buf_release(struct buf *buf);
char *buf_take(struct buf *buf); /* the text, owned by the caller (free); the buf is empty */

/* Whether a reader cannot see the character, or it moves what he sees: controls (C0, DEL, C1),
 * Unicode's default-ignorable characters, direction controls, line and paragraph separators. */
bool str_unseen(uint32_t code);

/*
 * Makes hostile text safe for a terminal or a log line: control characters (C0, DEL, C1),
 * bidirectional controls (U+061C, U+200E/F, U+202A-E, U+2066-9), line and paragraph separators,
 * zero-width characters and invalid UTF-8 become visible as <U+202E> or <0x9B>.
 * Line feeds stay only when `keep_newlines`.
 */
void buf_add_visible(struct buf *buf, struct str s, bool keep_newlines);

/* --- interned symbols ------------------------------------------------------------------- */

/*
 * A symbol is an interned string: within one pool equal text means equal pointer. Symbols are
 * numbered 0, 1, 2 … in order of creation, so side tables are plain arrays indexed by `number`.
 */
struct sym {
	uint32_t number;
	uint32_t len;
	char text[]; /* ends in NUL */
};

struct sym_pool {
	struct sym_slot *slots; /* open addressing */
	size_t slot_count;      /* a power of two, or 0 */
	uint32_t count;         /* the next number */
	/* The symbols themselves. */
	struct arena arena;
	uint32_t **chunks;
	uint32_t chunk_count;
	uint32_t next, room;   /* the free end of the newest: where, and how many units */
	struct sym_lock *lock; /* NULL: one thread uses it */
};

#define SYM_POOL_INIT         \
	{                     \
		.slots = NULL \
	}

/* Makes it when new. */
const struct sym *sym_get(struct sym_pool *pool, struct str text);
/*
 * A hint: these will be asked for next. The memory they need is then fetched all at once, not piece
 * by piece, which is most of what a look-up costs in a large pool. Looks at SYM_EXPECT_MAX texts.
 */
#define SYM_EXPECT_MAX 64
void sym_expect(const struct sym_pool *pool, const struct str *texts, size_t count);
/* NULL when unknown. */
const struct sym *sym_find(const struct sym_pool *pool, struct str text);
void sym_pool_release(struct sym_pool *pool);
/* How many there are: all numbers are below it, those of other threads' new symbols not. */
uint32_t sym_count(const struct sym_pool *pool);
/* Between these, several threads may use the functions above but for release. They nest; no other thread may
 * use the pool during the calls themselves. Which number a symbol gets then depends on chance. */
void sym_share(struct sym_pool *pool);
void sym_unshare(struct sym_pool *pool);
struct str sym_str(const struct sym *sym);             /* NULL gives the empty view */
int sym_cmp(const struct sym *a, const struct sym *b); /* by text; NULL first */

#endif
