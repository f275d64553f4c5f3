#include "security_descriptor.h"

#include <string.h>

/* [MS-DTYP] 2.4.6, 2.4.5, 2.4.4.1 */
enum {
	HEADER_SIZE = 20,
	CONTROL_DACL_PRESENT = 0x0004,
	ACL_SIZE = 8,
	ACE_ALLOWED = 0,
	ACE_DENIED = 1,
	ACE_ALLOWED_OBJECT = 5,
	ACE_DENIED_OBJECT = 6,
	ACE_HEADER_SIZE = 4,
	FLAG_INHERIT_ONLY = 0x08,
	FLAG_INHERITED = 0x10,
	OBJECT_TYPE = 1,
	OBJECT_INHERITED_TYPE = 2,
	GUID_SIZE = 16,
	SID_HEADER_SIZE = 8,
	SID_PARTS_MOST = 15,
	FULL_ACCESS = 0x1,
};

static uint16_t u16(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	return (uint16_t)(b[0] | b[1] << 8);
}

static uint32_t u32(const char *at)
{
	return u16(at) | (uint32_t)u16(at + 2) << 16;
}

/* --- SIDs --------------------------------------------------------------------------------------- */

/* The SID that `bytes` begin with; empty when there is none. */
static struct str sid_at(struct str bytes)
{
	size_t size;

	if (bytes.len < SID_HEADER_SIZE || bytes.ptr[0] != 1)
		return STR_NONE;
	size = (unsigned char)bytes.ptr[1];
	if (size > SID_PARTS_MOST)
		return STR_NONE;
	size = SID_HEADER_SIZE + size * 4;
	return size <= bytes.len ? (struct str){bytes.ptr, size} : STR_NONE;
}

bool sid_valid(struct str sid)
{
	return sid.len > 0 && sid_at(sid).len == sid.len;
}

void sid_text(struct str sid, struct buf *out)
{
	uint64_t authority = 0;

	if (!sid_valid(sid)) {
		buf_puts(out, "no SID");
		return;
	}
	for (int i = 2; i < 8; i++)
		authority = authority << 8 | (unsigned char)sid.ptr[i];
	buf_addf(out, "S-1-%llu", (unsigned long long)authority);
	for (size_t at = SID_HEADER_SIZE; at < sid.len; at += 4)
		buf_addf(out, "-%u", u32(sid.ptr + at));
}

struct str sid_in_domain(struct str sid, uint32_t number, char out[SID_SIZE_MOST])
{
	if (!sid_valid(sid) || sid.len == SID_HEADER_SIZE)
		return STR_NONE;
	memcpy(out, sid.ptr, sid.len);
	for (int i = 0; i < 4; i++)
		out[sid.len - 4 + (size_t)i] = (char)(number >> 8 * i);
	return (struct str){out, sid.len};
}

/* S-1-5-10, the mailbox itself, and S-1-5-18, the system. */
static bool is_nobody(struct str sid)
{
	static const char authority[] = {0, 0, 0, 0, 0, 5};
	uint32_t part;

	if (sid.len != SID_HEADER_SIZE + 4 || memcmp(sid.ptr + 2, authority, 6) != 0)
		return false;
	part = u32(sid.ptr + SID_HEADER_SIZE);
	return part == 10 || part == 18;
}

/* --- entries ------------------------------------------------------------------------------------ */

struct ace {
	unsigned type, flags;
	uint32_t mask;
	bool narrowed; /* to one property or extended right */
	struct str sid;
};

static bool is_object(unsigned type)
{
	return type == ACE_ALLOWED_OBJECT || type == ACE_DENIED_OBJECT;
}

static bool is_known(unsigned type)
{
	return type == ACE_ALLOWED || type == ACE_DENIED || is_object(type);
}

/* `bytes` are the entry, whole. False when it is broken. */
static bool read_ace(struct str bytes, struct ace *out)
{
	size_t at = ACE_HEADER_SIZE + 4;

	out->type = (unsigned char)bytes.ptr[0];
	out->flags = (unsigned char)bytes.ptr[1];
	if (!is_known(out->type))
		return true;
	if (bytes.len < at)
		return false;
	out->mask = u32(bytes.ptr + ACE_HEADER_SIZE);
	out->narrowed = false;
	if (is_object(out->type)) {
		uint32_t given;

		if (bytes.len < at + 4)
			return false;
		given = u32(bytes.ptr + at);
		out->narrowed = given & OBJECT_TYPE;
		at += 4;
		at += given & OBJECT_TYPE ? GUID_SIZE : 0;
		at += given & OBJECT_INHERITED_TYPE ? GUID_SIZE : 0;
		if (bytes.len < at)
			return false;
	}
	out->sid = sid_at((struct str){bytes.ptr + at, bytes.len - at});
	return out->sid.len > 0;
}

static void take_ace(const struct ace *ace, struct trustees *allowed, struct trustees *denied)
{
	bool allows = ace->type == ACE_ALLOWED || ace->type == ACE_ALLOWED_OBJECT;
	struct trustees *list = allows ? allowed : denied;

	if (!is_known(ace->type) || ace->flags & (FLAG_INHERIT_ONLY | FLAG_INHERITED) ||
	    !(ace->mask & FULL_ACCESS) || (allows && ace->narrowed) || is_nobody(ace->sid))
		return;
	list->sids[list->count++] = ace->sid;
}

/* `acl` begins where the list does, and goes on to the end of the descriptor. */
static bool read_list(struct arena *arena, struct str acl, struct trustees *allowed,
		      struct trustees *denied)
{
	size_t count;

	if (acl.len < ACL_SIZE || u16(acl.ptr + 2) < ACL_SIZE || u16(acl.ptr + 2) > acl.len)
		return false;
	acl.len = u16(acl.ptr + 2);
	count = u16(acl.ptr + 4);
	if (count > (acl.len - ACL_SIZE) / ACE_HEADER_SIZE)
		return false;
	allowed->sids = arena_array(arena, struct str, count);
	denied->sids = arena_array(arena, struct str, count);
	acl = (struct str){acl.ptr + ACL_SIZE, acl.len - ACL_SIZE};
	for (size_t i = 0; i < count; i++) {
		struct ace ace = {0};
		size_t size;

		if (acl.len < ACE_HEADER_SIZE)
			return false;
		size = u16(acl.ptr + 2);
		if (size < ACE_HEADER_SIZE || size > acl.len ||
		    !read_ace((struct str){acl.ptr, size}, &ace))
			return false;
		take_ace(&ace, allowed, denied);
		acl = (struct str){acl.ptr + size, acl.len - size};
	}
	return true;
}

enum descriptor_state descriptor_full_access(struct arena *arena, struct str descriptor,
					     struct trustees *allowed, struct trustees *denied)
{
	size_t offset;

	*allowed = *denied = (struct trustees){NULL, 0};
	if (descriptor.len < HEADER_SIZE || descriptor.ptr[0] != 1)
		return DESCRIPTOR_BROKEN;
	offset = u32(descriptor.ptr + 16);
	if (!(u16(descriptor.ptr + 2) & CONTROL_DACL_PRESENT) || offset == 0)
		return DESCRIPTOR_UNKNOWN;
	if (offset < HEADER_SIZE || offset > descriptor.len ||
	    !read_list(arena, (struct str){descriptor.ptr + offset, descriptor.len - offset},
		       allowed, denied)) {
		*allowed = *denied = (struct trustees){NULL, 0};
		return DESCRIPTOR_BROKEN;
	}
	return DESCRIPTOR_READ;
}
