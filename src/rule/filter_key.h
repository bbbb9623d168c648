#pragma once
#include "rule/filter_value.h"

/*
 * Hashes and canonical bytes of constants, part of the index of filters. Equal
 * values have equal keys: 8, 8.0 and 8e0 meet. Hashes are keyed by the seed
 * of an index.
 */
static inline uint64_t
filter_key_mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = a;

	product *= b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
filter_key_load8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, 8);
	return word;
}

static inline uint64_t
filter_key_load4(const char *at)
{
	uint32_t word;

	memcpy(&word, at, 4);
	return word;
}

/** Up to 8 bytes as a word. */
static inline uint64_t
filter_key_word(const char *at, size_t len)
{
	if (len == 8)
		return filter_key_load8(at);
	if (len >= 4)
		return filter_key_load4(at) | filter_key_load4(at + len - 4)
						      << (len * 8 - 32);
	if (len == 0)
		return 0;
	return (uint64_t)(unsigned char)at[0] |
	       (uint64_t)(unsigned char)at[len / 2] << (len / 2 * 8) |
	       (uint64_t)(unsigned char)at[len - 1] << (len * 8 - 8);
}

static inline uint64_t
filter_key_hash(uint64_t seed, struct str bytes)
{
	uint64_t hash = seed ^ bytes.len * 0x9E3779B97F4A7C15u;
	const char *at = bytes.ptr;
	size_t left = bytes.len;

	while (left > 16) {
		hash = filter_key_mix(
			filter_key_load8(at) ^ 0xA0761D6478BD642Fu,
			filter_key_load8(at + 8) ^ hash);
		at += 16;
		left -= 16;
	}
	if (left > 8)
		hash = filter_key_mix(
			filter_key_load8(at) ^ 0xA0761D6478BD642Fu,
			filter_key_load8(at + left - 8) ^ hash);
	else
		hash = filter_key_mix(
			filter_key_word(at, left) ^ 0xA0761D6478BD642Fu, hash);
	return filter_key_mix(hash, 0xE7037ED1A0B428DBu);
}

/** Up to 8 bytes, quickly; for windows that slide over a text. */
static inline uint64_t
filter_key_window(uint64_t seed, uint64_t word)
{
	return filter_key_mix(word ^ seed, 0xE7037ED1A0B428DBu);
}

/**
 * What `eq` compares, without the kind's variety: a tag and bytes. Tag 0: not
 * a value that is found by its key (null, NaN, times, arrays, objects).
 */
struct filter_scalar {
	char tag;
	struct str bytes; /* of a string its own, else `space` */
	char space[8];
};

void filter_scalar_set(
	struct filter_scalar *scalar, const struct filter_value *value);

static inline uint64_t
filter_scalar_hash(uint64_t seed, const struct filter_scalar *scalar)
{
	return filter_key_hash(
		seed + (unsigned char)scalar->tag, scalar->bytes);
}

/** Tag, length, bytes. */
void filter_scalar_append(const struct filter_scalar *scalar, struct buf *out);
