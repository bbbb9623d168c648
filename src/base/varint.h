#pragma once
#include "base/str.h"

/*
 * Numbers in as few bytes as they need: seven bits a byte, the lowest first
 * (LEB128). Small ones take one.
 */
enum { VARINT_MAX = 10 }; /* bytes of a number, at most */

/** Writes at most VARINT_MAX bytes; returns where they end. */
static inline char *
varint_put(char *at, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*at++ = (char)(number | 0x80);
	*at++ = (char)number;
	return at;
}

/** The number that `text` begins with, and `text` behind it. False, with
    nothing changed, at the end or where there is none of 64 bits. */
bool varint_take(struct str *text, uint64_t *ret);

/** Numbers near zero as small ones, whatever their sign; and back. */
static inline uint64_t
varint_fold(int64_t number)
{
	return ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0);
}

static inline int64_t
varint_unfold(uint64_t folded)
{
	return (int64_t)((folded >> 1) ^ (folded & 1 ? UINT64_MAX : 0));
}
